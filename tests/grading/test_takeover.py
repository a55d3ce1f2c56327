"""nbgrader's own commands and pages in a course of ours: they show our marks, and cannot undo them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from grader.course import Course

from .conftest import copy_of_course
from .server import Server, nbgrader

pytestmark = pytest.mark.bubblewrap


@pytest.fixture(scope="module")
def marked_course(marked_counting: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A course in which three students are marked, one of whom submitted no notebook."""
    return copy_of_course(marked_counting, tmp_path_factory.mktemp("takeover") / "course")


def totals(course: Course) -> dict[str, float]:
    with Gradebook(course.database) as gradebook:
        return {each.student.id: each.score for each in gradebook.assignment_submissions("counting")}


OURS = {"ada": 12.0, "emmy": 10.0, "grace": 0.0}


@pytest.mark.parametrize("words", [("--force",), ("--student", "emmy", "--force")])
def test_nbgraders_autograde_marks_as_we_do(
    marked_course: Course, environment: dict[str, str], words: tuple[str, ...]
) -> None:
    """`nbgrader autograde` runs `grader autograde`: the partial credit stays, and the log says who marks."""
    done = nbgrader(marked_course.root, environment, "autograde", "counting", *words)
    assert done.returncode == 0, done.stderr
    assert "grader autograde counting" in done.stderr
    assert totals(marked_course) == OURS


def test_nbgraders_autograde_refuses_where_grader_is_not(
    marked_course: Course, environment: dict[str, str], tmp_path: Path
) -> None:
    """Where `grader` cannot run, nothing is marked at all, and the message gives the command to type."""
    course = copy_of_course(marked_course.root, tmp_path / "course")
    configuration = course.root / "nbgrader_config.py"
    configuration.write_text(configuration.read_text().replace(repr(sys.executable), "'no-such-python'"))
    done = nbgrader(course.root, environment, "autograde", "counting", "--force")
    assert done.returncode != 0
    assert f"In {course.root} type: grader autograde counting" in done.stderr
    assert totals(course) == OURS


def test_nbgraders_feedback_is_ours(marked_course: Course, environment: dict[str, str]) -> None:
    """`nbgrader generate_feedback` writes our page, whose policy lets no script run."""
    done = nbgrader(marked_course.root, environment, "generate_feedback", "counting", "--force")
    assert done.returncode == 0, done.stderr
    page = marked_course.feedback("emmy", "counting", "convolution").read_text()
    assert "Content-Security-Policy" in page
    assert "forgot-bias" in page


def test_nbgraders_generate_assignment_checks_the_solution(
    marked_course: Course, environment: dict[str, str]
) -> None:
    """`nbgrader generate_assignment` runs `grader build`, which keeps prefilled cells and the marks."""
    done = nbgrader(marked_course.root, environment, "generate_assignment", "counting", "--force")
    assert done.returncode == 0, done.stderr
    release = (marked_course.release("counting") / "convolution.ipynb").read_text()
    assert "JUPYTERHUB_USER" in release
    assert "cout * (cin * k * k + bool(bias))" not in release
    assert totals(marked_course) == OURS


@pytest.fixture(scope="module")
def server(
    marked_course: Course, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    log = tmp_path_factory.mktemp("log") / "server.txt"
    server = Server(marked_course, environment, log)
    try:
        server.wait()
        yield server
    finally:
        server.close()


def test_the_formgrader_opens_on_our_marks(server: Server) -> None:
    """Its list shows our totals; its page of a submission shows our comment, and asks for the manual mark."""
    rows = {row["student"]: row for row in server.json("/formgrader/api/submissions/counting")}
    assert {student: row["score"] for student, row in rows.items()} == OURS
    assert rows["ada"]["needs_manual_grade"]
    submitted = {
        row["student"]: row for row in server.json("/formgrader/api/submitted_notebooks/counting/convolution")
    }
    identity = submitted["emmy"]["id"]
    comments = server.json(f"/formgrader/api/comments?submission_id={identity}")
    assert any("forgot-bias" in (each["auto_comment"] or "") for each in comments)
    page = server.read(f"/formgrader/submissions/{identity}/")
    assert "conv_params" in page
    unreadable = server.read(f"/formgrader/submissions/{submitted['grace']['id']}/")
    assert "is not JSON, so it is no notebook" in unreadable
    assert server.read("/formgrader/gradebook/counting/convolution/")


def test_the_formgraders_button_marks_as_we_do(server: Server, marked_course: Course) -> None:
    """The Autograde button runs `grader autograde` for this student, and leaves our marks."""
    answer = server.json("/formgrader/api/submission/counting/emmy/autograde", data=b"")
    assert answer["success"], answer
    assert "grader autograde counting" in answer["log"]
    assert totals(marked_course) == OURS
