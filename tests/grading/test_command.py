"""The command `grader`: what it makes, what it refuses, and what it says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook

from grader import course as courses
from grader import marking
from grader.batch import mark_class
from grader.box import Sandbox, SandboxUnavailable
from grader.bubblewrap import Bubblewrap
from grader.build import build
from grader.command import main
from grader.course import REPOSITORY, Assignment, Course, CourseError, make_course
from grader.desk import Orders
from grader.examination import SandboxExaminer
from grader.marking import SpecificationError
from grader.protocol import Mark
from grader.record import read_record
from grader.values import Answer, Call, Probe

from .conftest import ASSIGNMENT, QUICK, RIGHT, ROOT, Submissions
from .counting import NOTHING, Counting

WHERE = "--course"


def run(course: Course, *words: str) -> int:
    return main([*words, WHERE, str(course.root)])


def test_new_makes_a_private_course(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All folders, and a secret that only its owner reads; the next command is said."""
    assert main(["new", str(tmp_path / "course")]) == 0
    root = tmp_path / "course"
    assert {path.name for path in root.iterdir()} == {
        *courses.FOLDERS,
        "secret",
        "nbgrader_config.py",
        "course.toml",
    }
    assert (root / "secret").stat().st_mode & 0o777 == 0o600
    assert root.stat().st_mode & 0o777 == 0o700
    assert len(Course(root).secret()) == 32
    assert "grader build" in capsys.readouterr().out


def test_new_refuses_the_repository_and_full_folders(tmp_path: Path) -> None:
    """Submissions and secrets never lie where they could be committed, and nothing is overwritten."""
    with pytest.raises(CourseError, match=r"lies in the repository; .* Name a folder outside"):
        make_course(REPOSITORY / "course")
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(CourseError, match="exists and is not empty; name a new folder"):
        make_course(tmp_path)


def test_a_secret_that_others_can_read_is_refused(course: Course) -> None:
    """The message gives the command that mends it; a lost secret is explained."""
    (course.root / "secret").chmod(0o644)
    with pytest.raises(CourseError, match="type: chmod 600"):
        course.secret()
    (course.root / "secret").unlink()
    with pytest.raises(CourseError, match="Put the old one back: without it hidden inputs change"):
        course.secret()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["autograde", "ps9"], "There is no assignment 'ps9' here. There are: counting."),
        (["autograde", "counting"], "There is no submission of counting; expected"),
        (["autograde", "counting", "--student", "x*"], "no submission of counting by x*"),
        (["feedback", "counting"], "There is no submission of counting"),
        (["build", "nowhere"], "assignment.md is missing; an assignment is a folder with"),
    ],
)
def test_errors_say_what_to_do(
    course: Course, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    """One message on standard error, exit status 2, no traceback."""
    assert run(course, *words) == 2
    assert said in capsys.readouterr().err


def test_outside_a_course_the_way_in_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A teacher in the wrong folder reads how to name the right one."""
    assert main(["export", "counting", WHERE, str(tmp_path)]) == 2
    assert "is no course folder: expected nbgrader_config.py" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--workers", "0"], "expected a number of processes, 1 or more, but got '0'"),
        (["--cell-seconds", "-1"], "expected a time, more than 0 and less than 86400, but got '-1'"),
        (["--total-seconds", "soon"], "but got 'soon'"),
    ],
)
def test_odd_options_are_explained(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What was expected, and what came."""
    with pytest.raises(SystemExit):
        main(["autograde", "counting", *words])
    assert said in capsys.readouterr().err


@pytest.mark.bubblewrap
def test_a_terminal_is_told_first_in_what_submissions_run(
    course: Course,
    submissions: Submissions,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With what bounds them; a file or a pipe is told only where it asks."""
    submissions.add("ada", RIGHT)
    assert run(course, "autograde", "counting", "--verbose") == 0
    first, second = capsys.readouterr().out.splitlines()[:2]
    assert first.startswith("Submissions run in bubblewrap: ")
    assert "control group" in first
    assert run(course, "autograde", "counting") == 0
    again = capsys.readouterr().out
    assert again.splitlines()[0] == second.replace("(ran)", "(from the record)")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert run(course, "autograde", "counting") == 0
    assert first in capsys.readouterr().out


@pytest.mark.parametrize("words", [("schema",), ("new", "course")], ids=["long", "short"])
def test_output_that_nobody_reads_to_its_end_is_no_error_of_ours(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    """As with `| head`: whether it is seen in the middle of a long text or at the end of a short one."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "grader", *words[:1], *(str(tmp_path / word) for word in words[1:])]
    done = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


def test_feedback_before_marking_names_the_command(
    course: Course, submissions: Submissions, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody is marked yet."""
    submissions.add("ada", RIGHT)
    assert run(course, "feedback", "counting") == 2
    assert "Nobody is marked yet; type: grader autograde counting" in capsys.readouterr().err


def test_without_a_sandbox_nothing_is_marked(
    course: Course,
    submissions: Submissions,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Submissions are refused with the reason, unless the teacher says that she wrote them herself."""
    submissions.add("ada", RIGHT)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert run(course, "autograde", "counting") == 2
    said = capsys.readouterr().err
    assert "bubblewrap is not here" in said
    assert "--no-sandbox-i-trust-these-files" in said
    assert run(course, "autograde", "counting", "--no-sandbox-i-trust-these-files") == 0
    assert "ada: 12 of 17, 5 by hand" in capsys.readouterr().out


def test_a_sandbox_that_does_not_work_is_not_used(
    course: Course, submissions: Submissions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Probing it is part of every batch."""
    submissions.add("ada", RIGHT)

    def fail(self: Sandbox) -> None:
        raise SandboxUnavailable("no namespaces")

    monkeypatch.setattr(Bubblewrap, "probe", fail)
    assert run(course, "autograde", "counting") == 2
    assert not list(course.root.glob("autograded/*"))


@pytest.mark.bubblewrap
def test_an_error_of_ours_stops_nobody_else(
    course: Course,
    submissions: Submissions,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The one is named, its earlier marks stay, the others are marked, and the exit status tells."""
    submissions.add("ada", RIGHT)
    submissions.add("emmy", RIGHT)
    assert run(course, "autograde", "counting") == 0
    submissions.add("grace", RIGHT)
    score = Counting.score

    def fail_for_ada(self: Counting, student: str, *rest: object) -> Mapping[str, Mark]:
        if student == "ada":
            raise RuntimeError("a bug of ours")
        return score(self, student, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Counting, "score", fail_for_ada)
    capsys.readouterr()
    assert run(course, "autograde", "counting") == 1
    said = capsys.readouterr()
    assert "ada: NOT MARKED, earlier marks are kept: RuntimeError: a bug of ours" in said.out
    assert "grace: 12 of 17" in said.out
    assert "1 of 3 submissions could not be marked" in said.err
    with Gradebook(course.database) as gradebook:
        assert gradebook.find_submission("counting", "ada").score == 12.0


@pytest.mark.bubblewrap
def test_a_changed_specification_asks_only_what_is_new(
    course: Course,
    submissions: Submissions,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where a question was never asked the submission runs again, for it alone, and says so."""
    submissions.add("ada", RIGHT)
    assert run(course, "autograde", "counting") == 0
    probes = Counting.probes

    def one_more(self: Counting, student: str, secret: bytes) -> dict[str, tuple[Probe, ...]]:
        asked = probes(self, student, secret)
        return {**asked, "q2": (*asked["q2"], Call("conv_params", (1, 1, 1)))}

    def score(
        self: Counting,
        student: str,
        secret: bytes,
        answers: Mapping[str, tuple[Answer, ...]],
        again: Mapping[str, tuple[Answer, ...]] = NOTHING,
    ) -> dict[str, Mark]:
        shorter = {**answers, "q2": answers["q2"][:-1]}
        return marks(self, student, secret, shorter)

    marks = Counting.score
    monkeypatch.setattr(Counting, "probes", one_more)
    monkeypatch.setattr(Counting, "score", score)
    capsys.readouterr()
    assert run(course, "autograde", "counting") == 0
    assert "ran again for 1 questions that were not recorded" in capsys.readouterr().out
    record = read_record(course.record("ada", "counting"))
    assert record is not None
    assert len(record.asked["q2"]) == 5
    assert run(course, "autograde", "counting") == 0
    assert "from the record" in capsys.readouterr().out


@pytest.mark.bubblewrap
def test_a_new_file_is_run_again(
    course: Course, submissions: Submissions, capsys: pytest.CaptureFixture[str]
) -> None:
    """A record belongs to one file; --run-again sets it aside too."""
    submissions.add("ada", {})
    assert run(course, "autograde", "counting") == 0
    submissions.add("ada", RIGHT)
    capsys.readouterr()
    assert run(course, "autograde", "counting") == 0
    assert "ada: 12 of 17, 5 by hand (ran)" in capsys.readouterr().out
    assert run(course, "autograde", "counting", "--run-again") == 0
    assert "(ran)" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 99}', '{"format": 1}', '{"format": 1, "student": 5}']
)
def test_a_damaged_record_is_none(tmp_path: Path, text: str) -> None:
    """Then the submission runs again."""
    path = tmp_path / "record.json"
    path.write_text(text)
    assert read_record(path) is None
    assert read_record(tmp_path / "nothing.json") is None


@pytest.mark.bubblewrap
def test_a_wrong_id_is_named(course: Course, submissions: Submissions) -> None:
    """The roster's id counts; the feedback says that the id cell gives another, and what follows."""
    submissions.add("ada", RIGHT | {"student-id": "student_id = 'emmy'"})
    assert run(course, "autograde", "counting") == 0
    assert run(course, "feedback", "counting") == 0
    page = course.feedback("ada", "counting", "convolution").read_text()
    assert "The id cell does not give your id: <code>student_id</code> should be &#39;ada&#39;" in page
    with Gradebook(course.database) as gradebook:
        assert gradebook.find_grade("q1", "convolution", "counting", "ada").score == 0.0
        assert gradebook.find_grade("q2", "convolution", "counting", "ada").score == 4.0


@pytest.mark.bubblewrap
def test_strange_students_and_timestamps(
    course: Course, submissions: Submissions, capsys: pytest.CaptureFixture[str]
) -> None:
    """Odd folder names, and timestamps that are none, stop nothing and fool no terminal."""
    for student in ("--help", "a\nb", "\x1b[31mred", "Zoë"):
        path = submissions.add(student, RIGHT)
        (path.parent / "timestamp.txt").write_text("yesterday, I think")
    path = submissions.add("ada", RIGHT)
    (path.parent / "timestamp.txt").write_text("2030-01-02 03:04:05 UTC")
    os.mkfifo(submissions.add("fifo", RIGHT).parent / "timestamp.txt")
    # conv numbers belong to the last character of the id, and not every character has some
    run(course, "autograde", "counting")
    printed = capsys.readouterr().out
    assert printed.count("\n") == 6 + 1  # the summary
    assert "\x1b" not in printed
    with Gradebook(course.database) as gradebook:
        assert gradebook.find_submission("counting", "ada").timestamp.year == 2030
        assert gradebook.find_submission("counting", "fifo").timestamp is None


class Wrong(Counting):
    """A specification that does not fit."""

    def __init__(
        self, marks: Mapping[str, Mark] | None = None, asked: Mapping[str, tuple[Probe, ...]] | None = None
    ):
        self.marks, self.asked = marks or {}, asked or {}

    def probes(self, student: str, secret: bytes) -> dict[str, tuple[Probe, ...]]:
        return {**super().probes(student, secret), **self.asked}

    def score(
        self,
        student: str,
        secret: bytes,
        answers: Mapping[str, tuple[Answer, ...]],
        again: Mapping[str, tuple[Answer, ...]] = NOTHING,
    ) -> dict[str, Mark]:
        return {**super().score(student, secret, answers), **self.marks}


@pytest.mark.bubblewrap
@pytest.mark.parametrize(
    ("specification", "said"),
    [
        (Wrong({"q1": Mark(5.0, 5.0, "right", "Right.")}), "at most 5.0 points for q1, the notebook 3.0"),
        (Wrong({"q1": Mark(4.0, 3.0, "right", "Right.")}), "gave 4.0 of 3.0 points for q1"),
        (Wrong({"q1": Mark(float("nan"), 3.0, "right", "Right.")}), "gave nan of 3.0 points for q1"),
        (Wrong({"q1": Mark(-1.0, 3.0, "right", "Right.")}), "gave -1.0 of 3.0 points for q1"),
        (Wrong(asked={"q9": ()}), "asks about cells that earn no points: q9"),
    ],
)
def test_impossible_marks_are_refused(
    assignment: Assignment, sandbox: Sandbox, specification: Counting, said: str
) -> None:
    """Neither NaN nor more than the maximum reaches a gradebook."""
    wrong = replace(assignment, specification=specification)
    with pytest.raises(SpecificationError, match=said):
        marking.mark_cells((), "ada", wrong, SandboxExaminer(sandbox))


@pytest.mark.bubblewrap
def test_build_refuses_a_solution_that_does_not_earn_all(tmp_path: Path, course: Course) -> None:
    """The message says as which student, for which cell, and with which diagnosis; the release stays."""
    folder = tmp_path / "assignment"
    shutil.copytree(ASSIGNMENT, folder)
    text = (folder / "assignment.md").read_text()
    (folder / "assignment.md").write_text(text.replace("(cin * k * k + bool(bias))", "(cin * k * k)"))
    with pytest.raises(
        CourseError, match=r"as student 'ada', the model solution .*\n  q2: 2 of 4 \(forgot-bias"
    ):
        build(course, folder, QUICK)
    assert (course.release("counting") / "convolution.ipynb").exists()


@pytest.mark.bubblewrap
def test_build_refuses_a_release_that_holds_its_solution(tmp_path: Path, course: Course) -> None:
    """A forgotten marker would give the points away."""
    folder = tmp_path / "assignment"
    shutil.copytree(ASSIGNMENT, folder)
    text = (folder / "assignment.md").read_text()
    settings = "grade_id: q1, locked: false, points: 3, solution: true}"
    text = text.replace(settings, f"{settings}\ntags: [prefilled]")
    text = text.replace("### BEGIN SOLUTION\nanswer_q1", "answer_q1")
    (folder / "assignment.md").write_text(text.replace("7 + 1)\n### END SOLUTION", "7 + 1)"))
    with pytest.raises(CourseError, match=r"the release without any answer .*\n  q1: 3 points"):
        build(course, folder, QUICK)


@pytest.mark.bubblewrap
def test_the_release_holds_no_solution_and_keeps_what_is_prefilled(course: Course) -> None:
    """Students get the numbers and the id cell; not the solution, not the specification."""
    folder = course.release("counting")
    assert {path.name for path in folder.iterdir()} == {"convolution.ipynb", "variants.json"}
    text = (folder / "convolution.ipynb").read_text()
    assert "JUPYTERHUB_USER" in text
    assert "YOUR CODE HERE" in text
    assert "SOLUTION" not in text
    assert "The same kernel is moved" not in text
    assert json.loads((folder / "variants.json").read_text()) == Counting().variants()


@pytest.mark.bubblewrap
def test_interrupted_marking_goes_on(course: Course, submissions: Submissions) -> None:
    """What was written stays written; the same command completes the rest."""
    for student in ("ada", "emmy", "grace"):
        submissions.add(student, RIGHT)
    orders = Orders(course.root, "counting", QUICK).with_opened(course, course.assignment("counting"))
    lines = mark_class(orders, ["ada", "emmy", "grace"], workers=1)
    next(lines)
    lines.close()  # type: ignore[attr-defined]
    assert run(course, "autograde", "counting") == 0
    with Gradebook(course.database) as gradebook:
        assert [each.score for each in gradebook.assignment_submissions("counting")] == [12.0] * 3
