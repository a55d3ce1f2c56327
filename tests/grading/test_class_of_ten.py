"""The first assignment in a class of ten: from files to marks, diagnoses, gradebook and feedback."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from grader import clerks
from grader.batch import mark_class
from grader.command import main
from grader.course import Course
from grader.desk import Ending, Orders
from layercost.misconception import MISCONCEPTIONS

from .conftest import copy_of_course
from .ten_students import (
    EXERCISE,
    NAME,
    STUDENTS,
    hand_in,
    hand_in_all,
    written,
)

pytestmark = pytest.mark.bubblewrap

QUICK = ["--cell-seconds=3", "--total-seconds=60"]

CELLS = (
    "check-linear-parameters", "check-linear-flops", "check-conv2d-output-size", "check-conv2d-parameters",
    "check-lenet-parameters", "check-lenet-memory", "explanation",
)  # fmt: skip
RIGHT = {cell: ("right", points) for cell, points in zip(CELLS, (2, 2, 2, 2, 6, 1), strict=False)} | {
    "explanation": ("manual", 0)
}
# Who builds the table of LeNet-5 on a wrong function has wrong rows, and a total that follows from them.
EXPECTED: dict[str, dict[str, tuple[str, float]]] = {
    "perfect": RIGHT,
    "blank": dict.fromkeys(CELLS, ("no-answer", 0)),
    "forgot_bias": RIGHT
    | {
        "check-linear-parameters": ("forgot-bias", 1),  # half of 2
        "check-lenet-parameters": ("forgot-bias", 4.5),  # three rows by half
        "check-lenet-memory": ("carried-forward", 1),
    },
    "counted_macs": RIGHT | {"check-linear-flops": ("macs-for-flops", 1)},  # half of 2
    "rounded_up": RIGHT | {"check-conv2d-output-size": ("rounded-up", 1.2)},  # 0.6 of 2; LeNet strides by 1
    "kernel_not_squared": RIGHT
    | {
        "check-conv2d-parameters": ("kernel-not-squared", 0.5),  # a quarter of 2
        "check-lenet-parameters": ("kernel-not-squared", 4.5),  # two rows by a quarter
        "check-lenet-memory": ("carried-forward", 1),
    },
    "syntax_error": RIGHT
    | {
        "check-conv2d-output-size": ("error", 0),
        "check-lenet-parameters": ("model-stood-in", 4.5),  # its cell needs the function
        "check-lenet-memory": ("model-stood-in", 0.75),
    },
    "endless_loop": RIGHT | {"check-linear-flops": ("timeout", 0)},
    "deleted_cell": RIGHT | {"check-lenet-memory": ("no-answer", 0)},
    "no_notebook": dict.fromkeys(CELLS, ("unreadable", 0)),
}


@pytest.fixture(autouse=True)
def _specification_of_the_tests() -> None:
    """Here the project's own specification is read, not that of the other tests."""


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """The whole way: a new course, the assignment built, ten submissions, marks, feedback."""
    root = tmp_path_factory.mktemp("class") / "course"
    here = ["--course", str(root)]
    assert main(["new", str(root)]) == 0
    assert main(["build", str(EXERCISE), *here]) == 0
    course = Course(root)
    hand_in_all(course)
    assert main(["autograde", NAME, *here, *QUICK]) == 0
    assert main(["feedback", NAME, *here]) == 0
    return course


def feedback(course: Course, student: str) -> str:
    """The page, with code as it stands in a message."""
    page = course.feedback(student, NAME, NAME).read_text(encoding="utf-8")
    return re.sub(r"</?code>", "`", page)


def comment(course: Course, student: str, cell: str) -> str:
    with Gradebook(course.database) as gradebook:
        text: str = gradebook.find_comment(cell, NAME, NAME, student).comment
    return text


def test_ten_students_get_exactly_the_expected_marks_and_diagnoses(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """What `grader export` writes is the table above, and nothing else."""
    assert main(["export", NAME, "--course", str(course.root)]) == 0
    rows = {row["student"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    found = {
        student: {cell: (row[f"{cell} diagnosis"], float(row[cell] or 0)) for cell in CELLS}
        for student, row in rows.items()
    }
    assert found == EXPECTED
    assert {student: float(row["total"]) for student, row in rows.items()} == {
        student: pytest.approx(sum(points for _, points in marks.values()))
        for student, marks in EXPECTED.items()
    }


def test_the_gradebook_holds_the_same_points(course: Course) -> None:
    """nbgrader's own database, as its formgrader reads it."""
    with Gradebook(course.database) as gradebook:
        for student, marks in EXPECTED.items():
            for cell, (diagnosis, points) in marks.items():
                grade = gradebook.find_grade(cell, NAME, NAME, student)
                assert (grade.auto_score or 0) == pytest.approx(points), (student, cell)
                assert grade.needs_manual_grade == (diagnosis == "manual"), (student, cell)


@pytest.mark.parametrize(
    ("student", "cell", "misconception"),
    [
        ("forgot_bias", "linear-parameters", "forgot-bias"),
        ("counted_macs", "linear-flops", "macs-for-flops"),
        ("rounded_up", "conv2d-output-size", "rounded-up"),
        ("kernel_not_squared", "conv2d-parameters", "kernel-not-squared"),
    ],
)
def test_a_misconceptions_name_and_sentence_stand_in_the_comment_and_in_the_feedback(
    student: str, cell: str, misconception: str, course: Course
) -> None:
    said = comment(course, student, cell)
    assert misconception in said
    assert str(MISCONCEPTIONS[misconception].message) in said
    assert str(MISCONCEPTIONS[misconception].message) in feedback(course, student)


def test_rows_that_rest_on_a_wrong_function_are_named_and_what_follows_costs_nothing(course: Course) -> None:
    said = comment(course, "forgot_bias", "lenet-parameters")
    assert "fc1, fc2, fc3: The biases are missing" in said
    assert "total: This follows from your own numbers" in said


@pytest.mark.parametrize(
    ("student", "sentence"),
    [
        ("syntax_error", "SyntaxError in line 1"),
        ("endless_loop", "did not finish in time"),
        ("deleted_cell", "The answer cell `lenet-memory` is missing"),
        ("no_notebook", "The file is not JSON, so it is no notebook"),
        ("blank", "There is no answer here yet."),
    ],
)
def test_what_went_wrong_is_said_to_the_student(student: str, sentence: str, course: Course) -> None:
    assert sentence in feedback(course, student)


def test_no_student_was_taken_for_another(course: Course) -> None:
    """The id cell is prefilled with the student's own id, in the box too."""
    for student in STUDENTS:
        assert "does not give your id" not in feedback(course, student)


def test_a_wrong_id_is_named_and_the_roster_counts(course: Course, tmp_path: Path) -> None:
    """Who types a friend's id sees the friend's numbers; marks are for the numbers of one's own."""
    course = copy_of_course(course.root, tmp_path / "course")
    hand_in(course, "stranger", written(course, "stranger", {"student-id": 'student_id = "perfect"'}))
    here = ["--course", str(course.root)]
    assert main(["autograde", NAME, *here, *QUICK, "--student", "stranger"]) == 0
    with Gradebook(course.database) as gradebook:
        table = gradebook.find_grade("check-lenet-parameters", NAME, NAME, "stranger")
        assert table.auto_score < 6
    assert main(["feedback", NAME, *here, "--student", "stranger"]) == 0
    assert "`student_id` should be &#39;stranger&#39;" in feedback(course, "stranger")


def test_clerks_that_are_started_afresh_give_the_same_marks(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a process cannot be forked: each opens the assignment for itself."""
    course = copy_of_course(course.root, tmp_path / "course")
    monkeypatch.setattr(clerks.threading, "active_count", lambda: 2)
    orders = Orders(course.root, NAME, run_again=True)
    students = ["blank", "forgot_bias", "perfect"]
    lines = list(mark_class(orders, students, workers=2))
    assert {line.student: line.ending for line in lines} == dict.fromkeys(students, Ending.RAN)
    with Gradebook(course.database) as gradebook:
        for student in students:
            for cell, (_, points) in EXPECTED[student].items():
                grade = gradebook.find_grade(cell, NAME, NAME, student)
                assert (grade.auto_score or 0) == pytest.approx(points), (student, cell)
