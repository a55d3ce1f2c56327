"""The attacks of `attacks.py` in one class with a victim and a control, judged from the outside only."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from nbgrader.apps.api import NbGraderAPI
from nbgrader.coursedir import CourseDirectory
from traitlets.config import Config

from grader.command import main
from grader.course import Course

from .attacks import ATTACKS, LAZY
from .conftest import RIGHT, Submissions, copy_of_course, use_counting

pytestmark = pytest.mark.bubblewrap

VICTIM, CONTROL = "a_victim", "z_control"
VICTIM_CANARY, HOME_CANARY, ENVIRONMENT_CANARY = "VICTIM_CANARY", "HOME_CANARY", "ENVIRONMENT_CANARY"
SOLUTION_CANARY = "cout * (cin * k * k + bool(bias))"
CANARIES = (VICTIM_CANARY, HOME_CANARY, ENVIRONMENT_CANARY, SOLUTION_CANARY)
MAX_BYTES_OF_ONE_STUDENT = 500_000


@dataclass
class Battle:
    """A course after the class was marked, and what could be seen around it."""

    course: Course
    drop: Path
    received: list[bytes]
    before: dict[str, str]

    def submission_of(self, student: str) -> list[Path]:
        """What was written for this student, except the records, which are the teacher's."""
        return [path for path in self.course.root.glob(f"*/{student}/**/*") if "submitted" not in path.parts]


def hashes(course: Course) -> dict[str, str]:
    """Every file that marking has no business to change."""
    kept = ["secret", "nbgrader_config.py", "source", "release", "submitted", "specifications"]
    files = [path for name in kept for path in (course.root / name, *(course.root / name).rglob("*"))]
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file() and not path.is_symlink()
    }


def fill_in(text: str, places: dict[str, str]) -> str:
    for name, place in places.items():
        text = text.replace(name, place)
    return text


def submit(submissions: Submissions, student: str, places: dict[str, str]) -> None:
    attack = ATTACKS[student]
    answers = {name: fill_in(source, places) for name, source in {**LAZY, **attack.answers}.items()}
    notebook = submissions.notebook(answers)
    attack.changes(notebook)
    path = submissions.add_notebook(student, notebook)
    for name, text in attack.files.items():
        (path.parent / name).write_text(text)
    for name, target in attack.links.items():
        (path.parent / name).symlink_to(fill_in(target, places))


@pytest.fixture(scope="module")
def battle(built_course: Path, tmp_path_factory: pytest.TempPathFactory) -> Battle:
    """All attackers, the victim and the control, marked in one batch; then feedback, ours and nbgrader's."""
    folder = tmp_path_factory.mktemp("battle")
    course = copy_of_course(built_course, folder / "course")
    drop, home = folder / "drop", folder / "home"
    drop.mkdir()
    drop.chmod(0o1777)
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_canary").write_text(HOME_CANARY)
    submissions = Submissions(course)
    submissions.add(VICTIM, {**RIGHT, "q4": VICTIM_CANARY})
    submissions.add(CONTROL, {**LAZY, "q1": RIGHT["q1"]})
    with (
        pytest.MonkeyPatch.context() as monkeypatch,
        closing(socket.create_server(("127.0.0.1", 0))) as listener,
        closing(socket.socket(socket.AF_UNIX)) as abstract,
    ):
        port = listener.getsockname()[1]
        abstract.bind(f"\0grader-test-{port}")
        abstract.listen()
        places = {"@PORT@": str(port), "@DROP@": str(drop), "@COURSE@": str(course.root), "@HOME@": str(home)}
        for student in ATTACKS:
            submit(submissions, student, places)
        before = hashes(course)
        monkeypatch.setenv("GRADER_TEST", ENVIRONMENT_CANARY)
        use_counting(monkeypatch)
        where = ["--course", str(course.root)]
        assert (
            main(["autograde", "counting", *where, "--cell-seconds=5", "--total-seconds=60", "--jobs=4"]) == 0
        )
        assert main(["feedback", "counting", *where]) == 0
        received = [*accepted(listener), *accepted(abstract)]
    return Battle(course, drop, received, before)


def accepted(listener: socket.socket) -> list[bytes]:
    """What anyone sent to this listener."""
    listener.setblocking(False)
    received = []
    while True:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return received
        with connection:
            connection.settimeout(1)
            received.append(connection.recv(1000))


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in ATTACKS])
def test_an_attack_gains_nothing_and_costs_nothing(battle: Battle, name: str) -> None:
    """The attacker gets what the honest parts are worth: no more, and no less."""
    with Gradebook(battle.course.database) as gradebook:
        submission = gradebook.find_submission("counting", name)
        assert submission.score == ATTACKS[name].points
        assert all(
            grade.manual_score is None for notebook in submission.notebooks for grade in notebook.grades
        )


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in ATTACKS])
def test_an_attack_shows_its_student_nothing_hidden(battle: Battle, name: str) -> None:
    """Neither another student's work, nor the solution, the keys, the environment, nor a hidden input."""
    own_text = "\n".join(ATTACKS[name].answers.values())
    for path in battle.submission_of(name):
        assert not path.is_symlink()
        if path.is_file():
            text = path.read_text()
            assert not [canary for canary in CANARIES if canary in text]
            if (
                "SEEN_CANARY" in own_text
            ):  # the student's own source may hold the word, with the code around it
                outputs = printed_texts(path)
                assert "SEEN_CANARY" not in outputs
            assert "FOUND_CANARY" not in printed_texts(path)


def printed_texts(path: Path) -> str:
    """What cells printed, in an autograded notebook; nothing for other files."""
    if path.suffix != ".ipynb":
        return ""
    cells = json.loads(path.read_text())["cells"]
    return "".join(output["text"] for cell in cells for output in cell.get("outputs", ()))


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in ATTACKS])
def test_an_attack_takes_little_disk(battle: Battle, name: str) -> None:
    """What is written for one student stays small, whatever the student prints."""
    files = [path for path in battle.submission_of(name) if path.is_file()]
    files.append(battle.course.record(name, "counting"))
    assert sum(path.stat().st_size for path in files) < MAX_BYTES_OF_ONE_STUDENT


def test_victim_and_control_get_their_marks(battle: Battle) -> None:
    """Who is marked among attackers gets the same marks as alone."""
    with Gradebook(battle.course.database) as gradebook:
        assert gradebook.find_submission("counting", VICTIM).score == 12.0
        assert gradebook.find_submission("counting", CONTROL).score == 3.0


def test_nothing_left_the_boxes(battle: Battle) -> None:
    """The drop folder is empty, nobody called the listeners, and no file of the course was changed."""
    assert list(battle.drop.iterdir()) == []
    assert battle.received == []
    assert hashes(battle.course) == battle.before


def test_no_process_is_left(battle: Battle) -> None:
    """When a batch is over, every process that it started is gone, orphans included."""
    boxes = [pid for pid, command in command_lines() if RUNNER in command]
    assert [pid for pid in boxes if not is_anothers(pid)] == []


RUNNER = "/box/grader/runner.py"


def command_lines() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                yield int(folder.name), (folder / "cmdline").read_text()


def is_anothers(pid: int) -> bool:
    """Whether a box is open for another grader on this machine, which is alive and not this process."""
    commands, above = dict(command_lines()), list(ancestors(pid))
    graders = [up for up in above if "python" in commands.get(up, "") and RUNNER not in commands[up]]
    gone = not Path(f"/proc/{pid}").exists()  # since it was listed: only another's box opens and closes now
    return gone or (bool(graders) and os.getpid() not in above)


def ancestors(pid: int) -> Iterator[int]:
    with suppress(OSError):
        while pid > 1:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            pid = int(fields[1])
            yield pid


class ScriptFinder(HTMLParser):
    """Looks for the canary where a browser would run it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.in_script = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.in_script = tag == "script"
        for name, value in attrs:
            if "SCRIPT_CANARY" in f"{name} {value}" and name not in ("title", "alt", "data-x"):
                self.found.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        if self.in_script and "SCRIPT_CANARY" in data:
            self.found.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.in_script = False


def scripts_in(html: str) -> list[str]:
    finder = ScriptFinder()
    finder.feed(html)
    return finder.found


def test_the_script_finder_finds_scripts() -> None:
    """The judge of the next tests is not blind."""
    assert scripts_in("<script>SCRIPT_CANARY</script>")
    assert scripts_in("<img onerror='SCRIPT_CANARY'>")
    assert scripts_in("<a href='javascript:SCRIPT_CANARY'>x</a>")
    assert not scripts_in("<p>&lt;script>SCRIPT_CANARY</p>")


@pytest.mark.parametrize("name", [name for name, attack in ATTACKS.items() if name.startswith("script")])
def test_no_script_of_a_student_is_in_a_page(battle: Battle, name: str) -> None:
    """Neither our feedback page nor nbgrader's own templates, with our notebooks, hold what could run."""
    page = battle.course.feedback(name, "counting", "convolution").read_text()
    assert "SCRIPT_CANARY" in page
    assert scripts_in(page) == []
    assert scripts_in(stock_feedback(battle.course, name)) == []


def stock_feedback(course: Course, student: str) -> str:
    """The page that nbgrader's own converter makes, without our configuration."""
    config = Config()
    config.CourseDirectory.root = str(course.root)
    config.CourseDirectory.feedback_directory = "stock"
    config.Exchange.root = str(course.root)
    result = NbGraderAPI(CourseDirectory(config=config), config=config).generate_feedback("counting", student)
    assert result["success"], result
    return (course.root / "stock" / student / "counting" / "convolution.html").read_text()


def test_the_course_is_private(course: Course) -> None:
    """Other users of the machine can read neither the course nor its secret."""
    assert stat.S_IMODE((course.root / "secret").stat().st_mode) == 0o600
    assert stat.S_IMODE(course.root.stat().st_mode) == 0o700
