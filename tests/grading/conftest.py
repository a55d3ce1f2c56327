"""A course on disk for the tests, with an assignment of the tests' own, and submissions for it."""

from __future__ import annotations

import copy
import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grader import build as building
from grader import course as courses
from grader import draws
from grader.box import Limits, Sandbox
from grader.command import main
from grader.course import Assignment, Course

from .counting import Counting

ROOT = Path(__file__).resolve().parents[2]
ASSIGNMENT = Path(__file__).parent / "assignment"
STUB = """
import sys, types
from tests.grading.counting import Counting
module = types.ModuleType("grader.specification")
module.load = lambda path: Counting()
sys.modules["grader.specification"] = module
module = types.ModuleType("grader.manuscript")
module.check_folder = lambda folder: None
sys.modules["grader.manuscript"] = module
"""
RIGHT = {
    "q1": "answer_q1 = channels * 148",
    "q2": "def conv_params(cin, cout, k, bias=True):\n    return cout * (cin * k * k + int(bias))",
    "q3": "def conv_flops(cin, cout, k, n, s=1, p=0):\n"
    "    out = (n + 2 * p - k) // s + 1\n    return 2 * out * out * cout * cin * k * k",
    "q4": "The kernel is the same everywhere.",
}
QUICK = Limits(step_seconds=5.0, total_seconds=60.0)


def use_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the grader find the tests' specification where it would read specification.toml."""
    for module in (courses, building):
        monkeypatch.setattr(module, "load_specification", lambda path: Counting())
        monkeypatch.setattr(module, "check_manuscript", lambda folder: None)


@pytest.fixture(scope="session", autouse=True)
def _secret_of_the_tests() -> Iterator[None]:
    """Every course draws by the same secret: what is drawn for a student is so on every day, or on none."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(courses, "secrets", SimpleNamespace(token_hex=lambda size: "5e" * size))
        yield


@pytest.fixture(autouse=True)
def _specification_of_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    use_counting(monkeypatch)


@pytest.fixture(scope="session")
def built_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the assignment released; tests work on copies of it."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_counting(monkeypatch)
        course = courses.make_course(tmp_path_factory.mktemp("built") / "course")
        building.build(course, ASSIGNMENT, QUICK)
    return course.root


@contextmanager
def no_thread_left() -> Iterator[None]:
    """What begins here ends its threads: where any is left, no clerk is forked, as tests after it need it."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        thread.join(300)
    assert not set(threading.enumerate()) - before


def few_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let builds draw twenty rows of numbers and four sets of inputs, where they draw a thousand."""
    monkeypatch.setattr(draws, "ROWS", 20)
    monkeypatch.setattr(draws, "SETS", 4)


def copy_of_course(original: Path, root: Path) -> Course:
    """The same course in another place."""
    shutil.copytree(original, root)
    return Course(root)


@pytest.fixture
def course(built_course: Path, tmp_path: Path) -> Course:
    """A fresh course with the assignment released and nothing submitted."""
    return copy_of_course(built_course, tmp_path / "course")


@pytest.fixture(scope="session")
def assignment(built_course: Path) -> Assignment:
    """The released assignment; for tests that need no gradebook."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_counting(monkeypatch)
        return Course(built_course).assignment("counting")


@pytest.fixture(scope="session")
def sandbox(assignment: Assignment) -> Iterator[Sandbox]:
    """Boxes with short time limits, which show what was released."""
    with assignment.sandbox(QUICK) as sandbox:
        yield sandbox


class Submissions:
    """Writes submissions as students make them: the release with answers in it."""

    def __init__(self, course: Course) -> None:
        self.course = course
        release = course.release("counting") / "convolution.ipynb"
        self.release: dict[str, Any] = json.loads(release.read_text())

    def notebook(self, answers: Mapping[str, str]) -> dict[str, Any]:
        """The released notebook with these answers."""
        notebook = copy.deepcopy(self.release)
        for cell in notebook["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id")
            if grade_id in answers:
                cell["source"] = answers[grade_id]
        return notebook

    def path(self, student: str) -> Path:
        path = self.course.submitted / student / "counting" / "convolution.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def add(self, student: str, answers: Mapping[str, str]) -> Path:
        """Submits the release with these answers."""
        return self.add_notebook(student, self.notebook(answers))

    def add_notebook(self, student: str, notebook: object) -> Path:
        """Submits anything that is JSON."""
        path = self.path(student)
        path.write_text(json.dumps(notebook))
        return path


@pytest.fixture
def submissions(course: Course) -> Submissions:
    return Submissions(course)


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """That of a teacher's terminal, in which every Python finds the tests' specification."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "sitecustomize.py").write_text(STUB)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}", "HOME": str(folder)}


@pytest.fixture(scope="session")
def marked_counting(built_course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course in which three students are marked, one of whom handed in no notebook; tests copy it."""
    course = copy_of_course(built_course, tmp_path_factory.mktemp("marked") / "course")
    submissions = Submissions(course)
    submissions.add("ada", RIGHT)
    submissions.add("emmy", RIGHT | {"q2": "def conv_params(cin, cout, k, bias=True): return cout*cin*k*k"})
    submissions.path("grace").write_text("I am no notebook.")
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_counting(monkeypatch)
        assert main(["autograde", "counting", "--course", str(course.root)]) == 0
    return course.root
