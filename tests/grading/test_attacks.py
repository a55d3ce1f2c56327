"""The attacks of `attacks.py` in one class with a victim and a control, judged from the outside only."""

from __future__ import annotations

import stat
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
from .judging import (
    ENVIRONMENT_CANARY,
    HOME_CANARY,
    VICTIM_CANARY,
    boxes_left,
    bytes_written,
    hashes,
    leaks,
    listening,
    submit_attack,
)

pytestmark = pytest.mark.bubblewrap

VICTIM, CONTROL = "a_victim", "z_control"
MAX_BYTES_OF_ONE_STUDENT = 500_000


@dataclass
class Battle:
    """A course after the class was marked, and what could be seen around it."""

    course: Course
    drop: Path
    received: list[bytes]
    before: dict[str, str]
    boxes_before: set[int]  # those of other tests, which keep theirs


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
        listening(course, drop, home) as (places, received),
    ):
        for student in ATTACKS:
            submit_attack(submissions, student, places)
        before, boxes_before = hashes(course), set(boxes_left())
        monkeypatch.setenv("GRADER_TEST", ENVIRONMENT_CANARY)
        use_counting(monkeypatch)
        where = ["--course", str(course.root)]
        limits = ["--cell-seconds=5", "--total-seconds=60", "--jobs=4"]
        assert main(["autograde", "counting", *where, *limits]) == 0
        assert main(["feedback", "counting", *where]) == 0
    return Battle(course, drop, received, before, boxes_before)


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
    assert leaks(battle.course, name, name) == []


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in ATTACKS])
def test_an_attack_takes_little_disk(battle: Battle, name: str) -> None:
    """What is written for one student stays small, whatever the student prints."""
    assert bytes_written(battle.course, name, "counting") < MAX_BYTES_OF_ONE_STUDENT


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
    assert set(boxes_left()) - battle.boxes_before == set()


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
