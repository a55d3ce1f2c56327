"""What a teacher meets in a year, and is no error of the code: one clear line, and the class goes on."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from grader import gradebook
from grader.command import main
from grader.course import Course
from grader.names import unusable
from grader.record import read_record, record_trouble

from .conftest import ASSIGNMENT, RIGHT, Submissions, copy_of_course, use_counting

pytestmark = pytest.mark.bubblewrap


@pytest.fixture(scope="module")
def marked_once(built_course: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two students, marked, with their pages."""
    course = copy_of_course(built_course, tmp_path_factory.mktemp("marked") / "course")
    for student in ("ada", "emmy"):
        Submissions(course).add(student, RIGHT)
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_counting(monkeypatch)
        assert main(["autograde", "counting", "--course", str(course.root)]) == 0
    return course.root


@pytest.fixture
def marked(marked_once: Path, tmp_path: Path) -> Course:
    return copy_of_course(marked_once, tmp_path / "course")


def lock(course: Course) -> sqlite3.Connection:
    connection = sqlite3.connect(course.root / "gradebook.db", isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    return connection


def garble(*parts: str, text: str = "{ garbled") -> Callable[[Course], None]:
    return lambda course: course.root.joinpath(*parts).write_text(text) and None


def bad_header(course: Course) -> None:
    folder = course.root / "mine"
    folder.mkdir()
    text = (ASSIGNMENT / "assignment.md").read_text()
    (folder / "assignment.md").write_text(text.replace("---\n", "---\nkernel: [1, \n", 1))
    (folder / "specification.toml").write_text("")


TROUBLES: dict[str, tuple[Callable[[Course], object], list[str], str]] = {
    "locked gradebook": (
        lock,
        ["export", "counting"],
        "the gradebook is in use by another program; close it",
    ),
    "garbled gradebook": (
        garble("gradebook.db", text="no database" * 1000),
        ["export", "counting"],
        "the gradebook is damaged; put a copy back",
    ),
    "garbled secret": (
        garble("secret", text="zz"),
        ["autograde", "counting"],
        "secret is damaged: expected 64 hexadecimal digits. Put the copy back that you kept",
    ),
    "short secret": (
        garble("secret", text="ab12"),
        ["feedback", "counting"],
        "expected 64 hexadecimal digits",
    ),
    "secret in another alphabet": (
        garble("secret", text="é" * 64),
        ["export", "counting"],
        "expected 64 hexadecimal digits",
    ),
    "garbled release": (
        garble("release", "counting", "convolution.ipynb"),
        ["autograde", "counting"],
        "convolution.ipynb is damaged (Expecting property name",
    ),
    "another release": (
        garble("release", "counting", "convolution.ipynb", text='{"cells": [], "metadata": {}}'),
        ["export", "counting"],
        "convolution.ipynb is damaged (no cell in it earns points); release the assignment again",
    ),
    "garbled settings": (garble("course.toml", text="[sandbox\n"), ["export", "counting"], "course.toml: "),
    "a folder to export to": (
        lambda course: None,
        ["export", "counting", "--to", "{root}"],
        "{root}: it is a folder, and a file was expected",
    ),
    "nowhere to export to": (
        lambda course: None,
        ["export", "counting", "--to", "{root}/no/marks.csv"],
        "{root}/no/marks.csv: there is no such file or folder",
    ),
    "a slip in a header": (bad_header, ["build", "{root}/mine"], "the header in YAML, line "),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_trouble_is_one_line(
    name: str, marked: Course, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard error, with exit status 2; no traceback."""
    cause, words, said = TROUBLES[name]
    monkeypatch.setattr(gradebook, "BUSY_SECONDS", 0.1)
    held = cause(marked)
    words = [word.format(root=marked.root) for word in words]
    assert main([*words, "--course", str(marked.root)]) == 2
    printed = capsys.readouterr().err
    assert said.format(root=marked.root) in printed
    assert printed.startswith("grader: ")
    assert printed.count("\n") == 1
    del held


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"format": 1}',
        '{"format": 7}',
        '{"format": 1, "student": 5, "marks": []}',
        "[" * 100_000,
        "\0" * 50,
    ],
)
def test_a_damaged_record_stops_neither_export_nor_feedback(
    text: str, marked: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """All points are there, the record is named, and so is the command that makes it again."""
    marked.record("ada", "counting").write_text(text)
    for command in ("export", "feedback"):
        assert main([command, "counting", "--course", str(marked.root)]) == 1
        printed = capsys.readouterr()
        assert "ada: " in printed.err
        assert "cannot be read" in printed.err
        assert "grader autograde counting --student ada" in printed.err
        if command == "export":
            assert [line[:4] for line in printed.out.splitlines()[1:]] == ["ada,", "emmy"]
    assert main(["autograde", "counting", "--course", str(marked.root)]) == 0
    assert main(["export", "counting", "--course", str(marked.root)]) == 0


def test_a_record_whose_message_lost_its_values_is_damaged(marked: Course) -> None:
    """It would be found out only where somebody reads it."""
    path = marked.record("ada", "counting")
    tree = json.loads(path.read_text())
    tree["remarks"] = [{"key": "There is no `{name}`.", "values": {"other": 1}}]
    path.write_text(json.dumps(tree))
    assert read_record(path) is None
    assert "it is damaged (KeyError" in record_trouble(path)
    assert record_trouble(path.with_name("nobody.json")) == ""


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (b"\xff\xfe", "its name is not UTF-8; rename the folder in submitted/ to the student's id"),
        (b"x" * 240, "its name is 240 bytes long, and at most 200 can be used; rename the folder"),
    ],
)
def test_a_folder_that_cannot_be_marked_under_its_name_is_told_and_the_class_goes_on(
    name: bytes, said: str, course: Course, submissions: Submissions, capsys: pytest.CaptureFixture[str]
) -> None:
    path = submissions.add("ada", RIGHT)
    folder = course.submitted / os.fsdecode(name) / "counting"
    folder.mkdir(parents=True)
    (folder / "convolution.ipynb").write_bytes(path.read_bytes())
    assert main(["autograde", "counting", "--course", str(course.root)]) == 1
    printed = capsys.readouterr().out
    assert said in printed
    assert "ada: 12 of 17" in printed
    for command in ("feedback", "export"):
        assert main([command, "counting", "--course", str(course.root)]) == 0


def test_names_of_usual_length_can_be_used() -> None:
    assert unusable("Zoë" * 40) == ""
    assert unusable("Zoë" * 60).startswith("its name is 240 bytes long")


def test_a_terminal_gets_no_escape_sequences_and_a_file_gets_the_names(
    course: Course, submissions: Submissions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A folder may be named so as to write over what a teacher reads."""
    name = "\x1b[2J\x07a"
    submissions.add(name, RIGHT)
    here = ["--course", str(course.root)]
    assert main(["autograde", "counting", *here]) == 0
    terminal = io.StringIO()
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    assert main(["export", "counting", *here]) == 0
    assert "?[2J?a," in terminal.getvalue()
    assert "\x1b" not in terminal.getvalue()
    assert main(["export", "counting", "--to", str(tmp_path / "marks.csv"), *here]) == 0
    assert name in (tmp_path / "marks.csv").read_text()
