"""Looks at a marked course from the outside: what an attacker gained, saw, changed and left behind."""

from __future__ import annotations

import hashlib
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from grader.course import Course

from .attacks import ATTACKS, LAZY
from .conftest import Submissions

HOME_CANARY, ENVIRONMENT_CANARY, VICTIM_CANARY = "HOME_CANARY", "ENVIRONMENT_CANARY", "VICTIM_CANARY"
SOLUTION_CANARY = "cout * (cin * k * k + bool(bias))"
CANARIES = (VICTIM_CANARY, HOME_CANARY, ENVIRONMENT_CANARY, SOLUTION_CANARY)
RUNNER = "/box/grader/nursery.py"
UNTOUCHED = (
    "secret",
    "nbgrader_config.py",
    "course.toml",
    "source",
    "release",
    "submitted",
    "specifications",
)


# ---- handing in ---------------------------------------------------------------------------------


def submit_attack(submissions: Submissions, student: str, places: Mapping[str, str], name: str = "") -> None:
    """Hands in an attack under a student's name, with its placeholders filled in."""
    attack = ATTACKS[name or student]
    answers = {key: _filled(source, places) for key, source in {**LAZY, **attack.answers}.items()}
    notebook = submissions.notebook(answers)
    attack.changes(notebook)
    path = submissions.add_notebook(student, notebook)
    for file, text in attack.files.items():
        (path.parent / file).write_text(text)
    for link, target in attack.links.items():
        (path.parent / link).symlink_to(_filled(target, places))


def _filled(text: str, places: Mapping[str, str]) -> str:
    for name, place in places.items():
        text = text.replace(name, place)
    return text


# ---- looking ------------------------------------------------------------------------------------


def hashes(course: Course) -> dict[str, str]:
    """Every file that marking has no business to change."""
    files = [path for name in UNTOUCHED for path in (course.root / name, *(course.root / name).rglob("*"))]
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if path.is_file() and not path.is_symlink()
    }


def written_for(course: Course, student: str) -> list[Path]:
    """What was written for this student, except the records, which are the teacher's."""
    return [path for path in course.root.glob(f"*/{student}/**/*") if "submitted" not in path.parts]


def bytes_written(course: Course, student: str, assignment: str) -> int:
    """How much lies on the disk for one submission, its record included."""
    files = [*written_for(course, student), course.record(student, assignment)]
    return sum(path.stat().st_size for path in files if path.is_file())


def leaks(course: Course, student: str, attack: str) -> list[str]:
    """What this student can read and must not."""
    own_text = "\n".join(ATTACKS[attack].answers.values())
    found = []
    for path in written_for(course, student):
        if path.is_symlink():
            found.append(f"{path.name} is a link")
        elif path.is_file():
            text, printed = path.read_text(), printed_texts(path)
            found += [canary for canary in CANARIES if canary in text]
            # the student's own source may hold the word, with the code around it
            found += ["SEEN_CANARY"] if "SEEN_CANARY" in own_text and "SEEN_CANARY" in printed else []
            found += ["FOUND_CANARY"] if "FOUND_CANARY" in printed else []
    return found


def printed_texts(path: Path) -> str:
    """What cells printed, in an autograded notebook; nothing for other files."""
    if path.suffix != ".ipynb":
        return ""
    cells = json.loads(path.read_text())["cells"]
    return "".join(output["text"] for cell in cells for output in cell.get("outputs", ()))


@contextmanager
def listening(course: Course, drop: Path, home: Path) -> Iterator[tuple[dict[str, str], list[bytes]]]:
    """Listens on a port and a socket; gives what stands for all places in attacks, and later what came in."""
    received: list[bytes] = []
    with (
        closing(socket.create_server(("127.0.0.1", 0))) as listener,
        closing(socket.socket(socket.AF_UNIX)) as abstract,
    ):
        port = listener.getsockname()[1]
        abstract.bind(f"\0grader-test-{port}")
        abstract.listen()
        places = {"@PORT@": str(port), "@DROP@": str(drop), "@COURSE@": str(course.root), "@HOME@": str(home)}
        yield places, received
        received += [*_accepted(listener), *_accepted(abstract)]


def _accepted(listener: socket.socket) -> list[bytes]:
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


# ---- processes ----------------------------------------------------------------------------------


def boxes_left() -> list[int]:
    """Processes of boxes whose grader is gone, or is this process; those of other graders are theirs."""
    boxes = [pid for pid, command in command_lines() if RUNNER in command]
    return [pid for pid in boxes if not _is_anothers(pid)]


def boxes_of(grader: int) -> list[int]:
    """Processes of boxes that are open for this grader."""
    return [pid for pid, command in command_lines() if RUNNER in command and grader in _ancestors(pid)]


def command_lines() -> Iterator[tuple[int, str]]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError):
                yield int(folder.name), (folder / "cmdline").read_text()


def _is_anothers(pid: int) -> bool:
    """Whether a box is open for another grader on this machine, which is alive and not this process."""
    commands, above = dict(command_lines()), list(_ancestors(pid))
    graders = [up for up in above if "python" in commands.get(up, "") and RUNNER not in commands[up]]
    gone = not Path(f"/proc/{pid}").exists()  # since it was listed: only another's box opens and closes now
    return gone or (bool(graders) and os.getpid() not in above)


def _ancestors(pid: int) -> Iterator[int]:
    with suppress(OSError):
        while pid > 1:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            pid = int(fields[1])
            yield pid
