"""Ten synthetic students, from their files to the gradebook, the feedback and the export."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from grader.command import main
from grader.course import Course
from tests.conftest import interruptible

from .conftest import RIGHT, Submissions, copy_of_course, use_counting
from .judging import boxes_left, boxes_of

pytestmark = pytest.mark.bubblewrap

FORGOT_BIAS = "def conv_params(cin, cout, k, bias=True):\n    return cout * cin * k * k"
MACS = "def conv_flops(cin, cout, k, n, s=1, p=0):\n    return ((n + 2*p - k)//s + 1)**2 * cout*cin*k*k"
ROUNDED_UP = (
    "import math\ndef conv_flops(cin, cout, k, n, s=1, p=0):\n"
    "    return 2 * (math.ceil((n + 2*p - k) / s) + 1)**2 * cout*cin*k*k"
)
STUDENTS: dict[str, Any] = {
    "perfect": RIGHT,
    "blank": {},
    "forgot_bias_number": RIGHT | {"q1": "answer_q1 = channels * 147"},
    "forgot_bias_function": RIGHT | {"q2": FORGOT_BIAS},
    "counted_macs": RIGHT | {"q3": MACS},
    "rounded_up": RIGHT | {"q3": ROUNDED_UP},
    "syntax_error": RIGHT | {"q2": "def conv_params(cin, cout, k, bias=True)\n    return 1"},
    "endless_loop": RIGHT | {"q3": "while True:\n    pass"},
    "deleted_cell": RIGHT,
    "no_notebook": None,
}
# by hand is q4, 5 points: a person has yet to mark it, unless it was left empty
EXPECTED = {
    "perfect": ("right", "right", "right", "manual", 12.0),
    "blank": ("missing", "missing", "missing", "no-answer", 0.0),
    "forgot_bias_number": ("forgot-bias", "right", "right", "manual", 10.5),
    "forgot_bias_function": ("right", "forgot-bias", "right", "manual", 10.0),
    "counted_macs": ("right", "right", "macs-for-flops", "manual", 10.0),
    "rounded_up": ("right", "right", "rounded-up", "manual", 9.0),
    "syntax_error": ("right", "error", "right", "manual", 8.0),
    "endless_loop": ("right", "right", "timeout", "manual", 7.0),
    "deleted_cell": ("right", "missing", "right", "manual", 8.0),
    "no_notebook": ("unreadable", "unreadable", "unreadable", "unreadable", 0.0),
}
QUICK = ["--cell-seconds=5", "--total-seconds=60"]


ENDLESS = ["--cell-seconds=5000", "--total-seconds=5000"]  # for what nobody waits for


def submit_all(submissions: Submissions) -> None:
    for student, answers in STUDENTS.items():
        if answers is None:
            submissions.path(student).write_text("I am no notebook.")
            continue
        notebook = submissions.notebook(answers)
        if student == "deleted_cell":
            kept = [
                cell
                for cell in notebook["cells"]
                if cell["metadata"].get("nbgrader", {}).get("grade_id") != "q2"
            ]
            notebook["cells"] = kept
        submissions.add_notebook(student, notebook)


@pytest.fixture(scope="module")
def graded_once(built_course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The ten students, marked; tests work on copies."""
    course = copy_of_course(built_course, tmp_path_factory.mktemp("graded") / "course")
    submit_all(Submissions(course))
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_counting(monkeypatch)
        assert main(["autograde", "counting", "--course", str(course.root), *QUICK]) == 0
    return course.root


@pytest.fixture
def graded(graded_once: Path, tmp_path: Path) -> Course:
    return copy_of_course(graded_once, tmp_path / "course")


def exported(course: Course, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, str]]:
    capsys.readouterr()
    assert main(["export", "counting", "--course", str(course.root)]) == 0
    return {row["student"]: row for row in csv.DictReader(io.StringIO(capsys.readouterr().out))}


def test_ten_students_get_exactly_the_expected_marks(
    graded: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each student gets the diagnoses and the total of the table, and no other."""
    rows = exported(graded, capsys)
    names = ("q1", "q2", "q3-test", "q4")
    found = {
        student: (*(row[f"{name} diagnosis"] for name in names), float(row["total"]))
        for student, row in rows.items()
    }
    assert found == EXPECTED


def test_the_gradebook_holds_the_points_and_the_diagnosis(graded: Course) -> None:
    """nbgrader's own gradebook gives the partial score, the misconception's name and its sentence."""
    with Gradebook(graded.database) as gradebook:
        grade = gradebook.find_grade("q2", "convolution", "counting", "forgot_bias_function")
        assert (grade.score, grade.max_score, grade.needs_manual_grade) == (2.0, 4.0, False)
        comment = gradebook.find_comment("q2", "convolution", "counting", "forgot_bias_function").comment
        assert "You left out the bias" in comment
        assert "forgot-bias" in comment
        test_cell = gradebook.find_comment("q3", "convolution", "counting", "counted_macs").comment
        assert "macs-for-flops" in test_cell
        assert gradebook.find_grade("q4", "convolution", "counting", "perfect").needs_manual_grade
        assert not gradebook.find_grade("q4", "convolution", "counting", "blank").needs_manual_grade


def test_marking_again_scores_from_the_record(graded: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """The second run starts no box for a file that has not changed, and gives the same marks."""
    before = exported(graded, capsys)
    assert main(["autograde", "counting", "--course", str(graded.root), *QUICK]) == 0
    assert capsys.readouterr().out.count("(from the record)") == len(STUDENTS) - 1
    assert exported(graded, capsys) == before


def test_what_a_person_gave_stays(graded: Course, capsys: pytest.CaptureFixture[str]) -> None:
    """Manual marks and comments survive marking again; where ours has changed, nbgrader's flag says so."""
    with Gradebook(graded.database) as gradebook:
        for name, cell in (("perfect", "q4"), ("perfect", "q1"), ("counted_macs", "q3-test")):
            grade = gradebook.find_grade(cell, "convolution", "counting", name)
            grade.manual_score, grade.needs_manual_grade = 1.5, False
        gradebook.find_comment("q4", "convolution", "counting", "perfect").manual_comment = "Say why."
        gradebook.db.commit()
    path = graded.submitted / "counted_macs" / "counting" / "convolution.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "q3":
            cell["source"] = RIGHT["q3"]
    path.write_text(json.dumps(notebook))
    assert main(["autograde", "counting", "--course", str(graded.root), *QUICK]) == 0
    with Gradebook(graded.database) as gradebook:
        grades = {
            (name, cell): gradebook.find_grade(cell, "convolution", "counting", name)
            for name, cell in (("perfect", "q4"), ("perfect", "q1"), ("counted_macs", "q3-test"))
        }
        assert [grade.score for grade in grades.values()] == [1.5, 1.5, 1.5]
        assert [grade.needs_manual_grade for grade in grades.values()] == [False, False, True]
        assert grades["counted_macs", "q3-test"].auto_score == 5.0
        assert gradebook.find_comment("q4", "convolution", "counting", "perfect").comment == "Say why."


def test_feedback_says_what_was_found_to_each_student(graded: Course) -> None:
    """Each of the ten gets a page: marks, the sentence of the diagnosis, and what was wrong with the file."""
    assert main(["feedback", "counting", "--course", str(graded.root)]) == 0

    def page(student: str) -> str:
        return graded.feedback(student, "counting", "convolution").read_text()

    assert len(list(graded.root.glob("feedback/*/counting/convolution.html"))) == len(STUDENTS)
    assert "You left out the bias, one for each output channel." in page("forgot_bias_function")
    assert "is not JSON, so it is no notebook" in page("no_notebook")
    assert "The answer cell <code>q2</code> is missing" in page("deleted_cell")
    assert "did not finish in time" in page("endless_loop")
    assert "SyntaxError in line 1" in page("syntax_error")


def test_stock_nbgrader_still_exports(graded: Course, tmp_path: Path) -> None:
    """nbgrader's own exporter reads the gradebook that we wrote."""
    from nbgrader.plugins import CsvExportPlugin

    with Gradebook(graded.database) as gradebook:
        plugin = CsvExportPlugin()
        plugin.to = str(tmp_path / "grades.csv")
        plugin.export(gradebook)
    with (tmp_path / "grades.csv").open() as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    assert float(rows["counted_macs"]["score"]) == 10.0
    assert float(rows["no_notebook"]["max_score"]) == 17.0


def wait_until(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_killed_at_any_moment_it_leaves_no_process_and_goes_on(
    course: Course, submissions: Submissions, environment: dict[str, str]
) -> None:
    """After SIGKILL the boxes die too, what was written stays, and the same command finishes."""
    submissions.add("ada", RIGHT)
    submissions.add("zoe", {"q1": "while True: pass"})
    others = set(boxes_left())
    command = [sys.executable, "-m", "grader", "autograde", "counting", "--workers=1", *ENDLESS]
    process = subprocess.Popen(command, cwd=course.root, env=environment, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "[1/2] ada: 12 of 17, 5 by hand (ran)\n"
        wait_until(lambda: bool(boxes_of(process.pid)))
        process.kill()
    wait_until(lambda: not set(boxes_left()) - others)
    assert main(["autograde", "counting", "--course", str(course.root), *QUICK]) == 0
    with Gradebook(course.database) as gradebook:
        marks = {each.student.id: each.score for each in gradebook.assignment_submissions("counting")}
    assert marks == {"ada": 12.0, "zoe": 0.0}


def test_ctrl_c_ends_at_once_and_what_was_written_stays(
    course: Course, submissions: Submissions, environment: dict[str, str]
) -> None:
    """It reaches the clerks too, as in a terminal; nobody waits for the box that runs."""
    submissions.add("ada", RIGHT)
    submissions.add("zoe", {"q1": "while True: pass"})
    others = set(boxes_left())
    command = [sys.executable, "-m", "grader", "autograde", "counting", "--workers=2", *ENDLESS]
    with subprocess.Popen(
        command, cwd=course.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=interruptible,  # noqa: PLW1509 - it only sets a signal
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline().startswith("[1/2] ada: 12 of 17")
        wait_until(lambda: bool(boxes_of(process.pid)))
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=300)
    assert (process.returncode, said) == (
        1, "grader: stopped; what was written stays, and the same command goes on from here\n"
    )  # fmt: skip
    wait_until(lambda: not set(boxes_left()) - others)
    with Gradebook(course.database) as gradebook:
        assert [each.student.id for each in gradebook.assignment_submissions("counting")] == ["ada"]


def test_two_batches_at_a_time_do_not_disturb_each_other(
    course: Course, submissions: Submissions, environment: dict[str, str]
) -> None:
    """Two writers of one gradebook wait for each other, and no row is written twice."""
    for number in range(6):
        submissions.add(f"s{number}", RIGHT)
    command = [sys.executable, "-m", "grader", "autograde", "counting", "--workers=2", "--run-again"]
    batches = [subprocess.Popen(command, cwd=course.root, env=environment) for _ in range(2)]
    assert [batch.wait(600) for batch in batches] == [0, 0]
    with Gradebook(course.database) as gradebook:
        assert [each.score for each in gradebook.assignment_submissions("counting")] == [12.0] * 6
