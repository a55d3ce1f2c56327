"""A check word shows at once that an id was mistyped."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import jupytext
import pytest

from grader.command import main
from grader.specification import load
from grader.starter import write_starter


@pytest.fixture(autouse=True)
def _specification_of_the_tests() -> None:
    """Here the real one is read."""


def run_setup(folder: Path, student: str) -> None:
    """Runs the setup cell of the notebook, which prints the word."""
    cells = jupytext.read(folder / "assignment.md").cells
    (setup,) = (one for one in cells if one.metadata.get("nbgrader", {}).get("grade_id") == "setup")
    exec(setup.source, {"student_id": student})  # noqa: S102  (our own notebook's cell)


@pytest.mark.parametrize("student", ["ada", " ADA ", "Åsa Öberg", "李明"])
def test_the_notebook_and_the_roster_say_the_same_word(
    student: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However the id is written."""
    folder = tmp_path / "m"
    write_starter(folder)
    assignment = load(folder / "specification.toml")
    monkeypatch.chdir(tmp_path)
    variants = {"salt": assignment.salt, "convolution": [{"maps": 3}]}
    Path("variants.json").write_text(json.dumps(variants))
    run_setup(folder, student)
    word = assignment.check_word(student)
    assert f"is {word}: if yours is another" in capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{student}\n"))
    assert main(["words", str(folder), "-"]) == 0
    assert capsys.readouterr().out.splitlines() == ["id,word", f"{student.strip()},{word}"]


def test_a_typing_mistake_has_another_word(tmp_path: Path) -> None:
    """One letter changes it; a thousand ids have nearly a thousand words."""
    write_starter(tmp_path / "m")
    assignment = load(tmp_path / "m" / "specification.toml")
    assert assignment.check_word("2021-0457") != assignment.check_word("2021-0475")
    assert len({assignment.check_word(f"2021-{number:04}") for number in range(1000)}) > 990
