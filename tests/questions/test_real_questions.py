"""Questions that people are really asked have a template of ours, and published mistakes get a name."""

from __future__ import annotations

import pytest

from layercost.questions import Posed, templates

from .real_questions import REAL, Real

each = pytest.mark.parametrize("real", REAL, ids=[real.name for real in REAL])


def posed(real: Real) -> Posed:
    """The template with the question's own numbers."""
    return templates()[real.template].posed({"numbers": real.numbers})


@each
def test_our_answer_is_the_computed_one(real: Real):
    answers = posed(real).answers()
    assert {ask: answers[ask] for ask in real.right} == real.right


@each
def test_every_published_mistake_gets_its_name(real: Real):
    question = posed(real)
    found = {
        (ask, answer): question.diagnose(answer, ask).id
        for ask, wrong in real.wrong.items()
        for answer in wrong
    }
    expected = {(ask, answer): name for ask, wrong in real.wrong.items() for answer, name in wrong.items()}
    assert found == expected
    assert "unknown" not in found.values()


@each
def test_the_template_draws_numbers_like_those_of_the_question(real: Real):
    """Each number lies in the range that the template draws from."""
    names = templates()[real.template].names  # type: ignore[attr-defined]
    for name, value in real.numbers.items():
        drawn = names[name]
        allowed = getattr(drawn, "values", None) or range(drawn.first, drawn.last + 1, drawn.step)
        assert value in allowed, (name, value)


def test_no_question_stands_twice():
    assert len({real.name for real in REAL}) == len(REAL)
