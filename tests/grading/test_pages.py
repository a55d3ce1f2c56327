"""Feedback pages of a class: the same whoever writes them, and each by one writer."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from grader import pages
from grader.command import main
from grader.course import Course
from grader.feedback import Pages, Written
from grader.results import Result

from .conftest import copy_of_course

EVERY = frozenset({"ada", "emmy", "grace"})


@pytest.fixture
def marked(marked_counting: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """Three marked students, for whom a second process is worth its start."""
    monkeypatch.setattr(pages, "FEWEST", 1)
    return copy_of_course(marked_counting, tmp_path / "course")


def written(course: Course, workers: int) -> tuple[list[Written], dict[str, str]]:
    """What was said of each page, and the pages."""
    said = list(pages.write_feedback(course, course.assignment("counting"), EVERY, workers))
    found = {path.parts[-3]: path.read_text() for path in (course.root / "feedback").glob("*/*/*.html")}
    return said, found


def test_several_processes_write_what_one_writes(marked: Course) -> None:
    alone, together = written(marked, 1), written(marked, 2)
    assert alone == together
    assert len(alone[1]) == len(alone[0]) > 1


def test_pages_are_written_elsewhere_only_with_several_workers(
    marked: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Pages, "write", lambda self, result: Written(result.student, str(os.getpid())))
    assert {one.trouble for one in written(marked, 1)[0]} == {str(os.getpid())}
    assert str(os.getpid()) not in {one.trouble for one in written(marked, 2)[0]}


def test_a_writer_that_is_killed_is_told_and_the_command_can_be_repeated(
    marked: Course, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def write(self: Pages, result: Result) -> Written:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    with monkeypatch.context() as context:
        context.setattr(Pages, "write", write)
        assert main(["feedback", "counting", "--workers", "2", "--course", str(marked.root)]) == 1
    assert "NO PAGE for ada: a process that writes pages ended" in capsys.readouterr().err
    assert main(["feedback", "counting", "--workers", "2", "--course", str(marked.root)]) == 0
