"""The questions of the audit lab ask well: each choice has its answer, and one is right."""

from __future__ import annotations

import re

import pytest
from course_suspects import Choice, choices

from tests.course.pages import chapters, text_of


def asked(chapter: str) -> list[tuple[str, list[str]]]:
    """The questions of a chapter: the name of each, and its lines before the verdict."""
    bodies = re.findall(r"^`{3,}\{suspects\}\n(.*?)^`{3,}$", text_of(chapter), re.M | re.S)
    return [(re.findall(r":id: (\S+)", body)[0], body.split("\n---\n")[0].splitlines()) for body in bodies]


ASKED = [pytest.param(lines, id=name) for chapter in chapters() for name, lines in asked(chapter)]


@pytest.mark.parametrize("lines", ASKED)
def test_a_question_has_one_right_choice_and_an_answer_for_each(lines: list[str]) -> None:
    made = choices(lines)
    assert sum(choice.right for choice in made) == 1
    assert all(choice.said.endswith(".") for choice in made)
    assert len({choice.said for choice in made}) == len(made)


@pytest.mark.parametrize("chapter", ["audit_lab", "audit_lab_two"])
def test_the_right_choice_does_not_always_stand_in_one_place(chapter: str) -> None:
    places = [[choice.right for choice in choices(lines)].index(True) for _name, lines in asked(chapter)]
    assert set(places) == {0, 1, 2}


def test_a_choice_says_what_it_is_and_what_is_answered() -> None:
    lines = ["- [x] MACs :: One each.", "- [ ] FLOPs :: Twice as many.", "- [ ] Bytes :: Four each."]
    assert choices(lines)[0] == Choice(True, "MACs", "One each.")


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        pytest.param(["- [x] MACs"], "write `- \\[x\\] what it is", id="no answer"),
        pytest.param(["- [x] MACs :: Yes."] * 2, "three choices or more", id="too few"),
        pytest.param(["- [x] MACs :: Yes."] * 3, "one that is right", id="more than one is right"),
        pytest.param(["- [ ] MACs :: No."] * 3, "one that is right", id="none is right"),
    ],
)
def test_a_question_that_asks_badly_is_refused(lines: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        choices(lines)
