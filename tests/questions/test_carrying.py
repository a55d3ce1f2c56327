"""An error is paid for once: later parts follow from the student's own earlier numbers."""

from __future__ import annotations

from typing import Any

import pytest

from layercost.questions import QuestionError, read_question

TWO_LAYERS: dict[str, Any] = {
    "id": "two-layers", "level": 1, "skills": ["parameters"], "wording": {"en": "Two layers."},
    "layers": {"first": "Linear(_, hidden)", "second": "Linear(_, 10)"}, "input": [100],
    "draw": {"hidden": {"from": 20, "to": 90}},
    "ask": [
        {"id": "first", "part": "first", "quantity": "parameters", "wording": {"en": "Of the first?"}},
        {"id": "second", "part": "second", "quantity": "parameters", "wording": {"en": "Of the second?"}},
        {"id": "total", "quantity": "parameters", "wording": {"en": "In all?"}, "follows": "first + second"},
    ],
}  # fmt: skip
POSED = read_question(TWO_LAYERS).draw(1)
RIGHT = {name: int(answer) for name, answer in POSED.answers().items()}


def marks(first: int | str, total: int | str) -> dict[str, str]:
    given = {"first": str(first), "second": str(RIGHT["second"]), "total": str(total)}
    return {name: one.id for name, one in POSED.mark(given).items()}


def test_what_follows_from_an_own_error_is_marked_as_right():
    wrong = RIGHT["first"] - 7
    assert marks(wrong, wrong + RIGHT["second"])["total"] == "carried-forward"
    given = {"first": str(wrong), "second": str(RIGHT["second"]), "total": str(wrong + RIGHT["second"])}
    found = POSED.mark(given)["total"]
    assert found.credit == 1
    assert "follows rightly from your own results (Of the first?)" in str(found.message)


def test_the_right_total_is_right_whatever_came_before():
    assert marks(RIGHT["first"] - 7, RIGHT["total"])["total"] == "right"
    assert set(marks(RIGHT["first"], RIGHT["total"]).values()) == {"right"}


@pytest.mark.parametrize("first", [1, 0, 4 * RIGHT["first"]])
def test_an_own_result_that_makes_the_rest_trivial_or_impossible_is_not_carried(first: int):
    given = {"first": str(first), "second": str(RIGHT["second"]), "total": str(first + RIGHT["second"])}
    found = POSED.mark(given)["total"]
    assert found.id not in ("right", "carried-forward")
    assert "is not carried on" in str(found.message)


def test_without_an_own_number_nothing_is_carried():
    assert marks("", 5)["total"] == "unknown"


def changed(follows: str, **more: Any) -> dict[str, Any]:
    *asks, last = TWO_LAYERS["ask"]
    return {**TWO_LAYERS, "ask": [*asks, {**last, "follows": follows, **more}]}


def test_what_follows_is_arithmetic_on_what_was_asked_before():
    with pytest.raises(QuestionError, match="no earlier step is called 'first_one'; did you mean 'first'"):
        read_question(changed("first_one + second"))
    with pytest.raises(QuestionError, match="`follows` is arithmetic"):
        read_question(changed("first +"))


def test_what_does_not_follow_is_found_when_it_is_drawn():
    with pytest.raises(QuestionError, match="'total' does not come from 'first - second'"):
        read_question(changed("first - second")).draw(1)
