"""The same exam as an assignment: a notebook that asks for the same, and that the grader releases."""

from __future__ import annotations

from pathlib import Path

import jupytext
import pytest

from grader.command import main
from grader.papers.assignment import Numbered, wording, write_assignment
from grader.papers.exam import Exam
from grader.specification import load
from layercost.questions import Question
from tests.papers.exams import EXAM, HEAD, OWN

PARTIAL = f"partial = 0.25\n{EXAM.replace('credit.rounded-up = 0.6', '')}"


def assignment(folder: Path, text: str = EXAM) -> Path:
    """The assignment of an exam."""
    write_assignment(Exam("exam.toml", text, "3"), folder / "exam")
    return folder / "exam"


def plain(text: str) -> str:
    """A text without the commas between digits."""
    return text.replace(",", "")


@pytest.mark.parametrize("number", [0, 1])
def test_a_question_in_the_notebook_says_what_the_paper_says(number: int) -> None:
    place = Exam("exam.toml", EXAM, "3").places[number]
    question = place.template
    assert isinstance(question, Question)
    for seed in range(4):
        posed = question.draw(seed)
        said = wording(Numbered(place, question, {})).format(**posed.numbers)
        assert plain(said) == plain(posed.told())


def test_braces_of_a_text_are_no_places_for_numbers() -> None:
    text = EXAM.replace("How many parameters has `{layer}`?", "Of {0} and {}: how many has `{layer}`?")
    text = text.replace("{0} and {}", "[{inputs}] and { }")
    place = Exam("exam.toml", text, "3").places[0]
    assert isinstance(place.template, Question)
    said = wording(Numbered(place, place.template, {})).format(inputs=5, outputs=7)
    assert said.startswith("Of [5] and { }: how many has `Linear(5, 7)`?")


def test_the_specification_asks_for_the_same_questions_and_points(tmp_path: Path) -> None:
    specification = load(assignment(tmp_path) / "specification.toml")
    assert [cell.points for cell in specification.cells] == [3.0, 3.0, 3.0]
    places = Exam("exam.toml", EXAM, "3").places
    assert [cell.question for cell in specification.cells] == [place.template for place in places]  # type: ignore[union-attr]


def test_slips_earn_there_what_the_blueprint_gives_them(tmp_path: Path) -> None:
    specification = load(assignment(tmp_path, PARTIAL) / "specification.toml")
    size = next(cell.question for cell in specification.cells if cell.grade_id == "check-2")  # type: ignore[union-attr]
    posed = size.draw(1)
    assert {float(wrong.diagnosis.credit) for wrong in posed.wrong()} == {0.25}


def test_no_answer_stands_outside_of_the_solution(tmp_path: Path) -> None:
    notebook = jupytext.read(assignment(tmp_path) / "assignment.md")
    ids = [cell.metadata["nbgrader"]["grade_id"] for cell in notebook.cells if "nbgrader" in cell.metadata]
    assert ids == [
        "student-id",
        "setup",
        *(f"{part}-{n}" for n in (1, 2, 3) for part in ("question", "answer", "check")),
    ]
    for cell in notebook.cells:
        assert ("get(row)" in cell.source) == ("### BEGIN SOLUTION" in cell.source)


def test_what_asks_for_no_number_is_left_out_by_name(tmp_path: Path) -> None:
    written = EXAM.replace(
        'questions = ["own-linear", "own-size", "own-network"]', 'questions = ["own-linear"]'
    )
    assert write_assignment(Exam("exam.toml", written, "3"), tmp_path / "one") == []


def test_a_folder_with_files_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "exam.toml").write_text(EXAM)
    assert main(["exam", str(tmp_path / "exam.toml"), "--seed", "3", "--assignment", str(tmp_path)]) == 2
    assert "is not empty" in capsys.readouterr().err


@pytest.mark.bubblewrap
def test_the_grader_releases_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    section = '[[section]]\ntitle = "A"\npoints = 2\nquestions = ["own-linear"]\n'
    (tmp_path / "exam.toml").write_text(HEAD + section + OWN)
    folder, course = tmp_path / "small_exam", tmp_path / "course"
    assert main(["exam", str(tmp_path / "exam.toml"), "--seed", "3", "--assignment", str(folder)]) == 0
    assert main(["new", str(course)]) == 0
    assert main(["build", str(folder), "--course", str(course)]) == 0
    assert "Released small_exam, version 1: 2 points" in capsys.readouterr().out
    assert "Show how you got there." in (course / "release" / "small_exam" / "small_exam.ipynb").read_text()
