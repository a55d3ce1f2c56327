"""What the build writes into the pages that pose questions: first questions, and exams."""

from __future__ import annotations

from pathlib import Path

import course_practice
import pytest

from layercost.questions import SKILLS, QuestionError, templates
from layercost.questions.service import mark

EXAMS = course_practice.ROOT / "practice" / "exams"
EXAM = """
title = "A quiz"
words = "Two questions."
minutes = 5
mode = "calculator"

[[part]]
skills = ["parameters"]
count = 2
"""


def exam(folder: Path, text: str) -> dict[str, object]:
    """The exam that a file with this text declares."""
    path = folder / "quiz.toml"
    path.write_text(text, encoding="utf-8")
    return course_practice.exam_of(path)


def test_an_exam_is_what_its_file_declares(tmp_path: Path) -> None:
    declared = exam(tmp_path, EXAM)
    assert declared["id"] == "quiz"
    assert declared["factor"] == 1
    assert declared["part"] == [{"skills": ["parameters"], "count": 2}]


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        pytest.param('"parameters"', '"counting"', "counting", id="an unknown skill"),
        pytest.param('"calculator"', '"abacus"', "abacus", id="an unknown mode"),
        pytest.param("minutes", "minuets", "minuets", id="an unknown key"),
    ],
)
def test_a_slip_in_an_exam_is_told(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    with pytest.raises(QuestionError, match=said):
        exam(tmp_path, EXAM.replace(wrong, right))


def test_the_courses_exams_ask_for_skills_that_there_are_in_both_modes() -> None:
    """The shortest comes first."""
    every = course_practice.exams(EXAMS)
    assert [one["minutes"] for one in every] == sorted(one["minutes"] for one in every)
    assert {one["mode"] for one in every} == set(course_practice.MODES)
    assert all(skill in SKILLS for one in every for part in one["part"] for skill in part["skills"])


def test_the_first_questions_are_marked_alike_by_page_and_python() -> None:
    """Right answers earn all, known mistakes what Python gives them."""
    for question in course_practice.first_questions():
        known = question["known"]
        assert mark(question["state"], known["answers"])["share"] == 1
        for wrong in known["wrong"]:
            marked = mark(question["state"], {**known["answers"], wrong["field"]: wrong["answer"]})
            one = next(one for one in marked["fields"] if one["field"] == wrong["field"])
            assert (one["id"], one["credit"]) == (wrong["id"], wrong["credit"])
            assert not one["right"]


def test_the_first_questions_are_mixed_and_not_too_many() -> None:
    mixed = list(course_practice._mixed({"a": ("macs",), "b": ("macs",), "c": ("flops",)}, 2))
    assert mixed == ["a", "c"]
    assert len(course_practice.first_questions(most=1)) == 1
    assert len(course_practice.first_questions()) <= min(course_practice.FIRST, len(templates()))
