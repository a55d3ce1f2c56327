"""Blanks of a question of any kind: what a variable may hold, what it earns, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from grader.cells import BlanksCell, Cell, Sitting, SpecificationError, read_cell
from grader.draws import FreshDraws
from grader.protocol import Mark
from grader.specification import released
from grader.values import Answer, Failure, Value
from layercost.questions import Posed, read_question

from .test_kinds_examples import AUDIT, CONVENTION, INVERSE, MISTAKE, ORDER, STEPS, TABLE

DRAWS = FreshDraws("seed")
CELL: dict[str, Any] = {"grade_id": "check", "points": 4, "question": "q", "fill": "blanks"}
RIGHT_STEPS = {"height": 28, "dots": 4704, "macs": 352800}


def posed(data: dict[str, Any]) -> Posed:
    return DRAWS.own(read_question(data), 0)


def mark(data: dict[str, Any], answer: Answer | None) -> Mark:
    """What an answer earns in a cell of four points."""
    cell = read_cell(CELL, {"q": read_question(data)})
    assert isinstance(cell, BlanksCell)
    sitting = Sitting("ada", b"secret", 0, DRAWS, {} if answer is None else {"check": (answer,)})
    return cell.mark(sitting, {"q": {}})


def earned(found: Mark) -> tuple[str, float]:
    return found.diagnosis, found.points


@pytest.mark.parametrize("data", [STEPS, TABLE, MISTAKE, CONVENTION, AUDIT], ids=lambda data: data["kind"])
def test_the_right_answers_of_a_question_of_any_kind_earn_all_points(data: dict[str, Any]):
    assert earned(mark(data, Value(posed(data).answers()))) == ("right", 4.0)


def test_each_blank_earns_the_same_share():
    """352,801 is one too many, and fits no mistake."""
    assert earned(mark(STEPS, Value({**RIGHT_STEPS, "macs": 352801}))) == ("right-magnitude", 2.67)


def test_what_follows_from_an_own_blank_earns_its_share():
    """30 for 28 rows: 6·30·30 = 5,400 dots and 75·5,400 = 405,000 MACs follow."""
    found = mark(STEPS, Value({"height": 30, "dots": 5400, "macs": 405000}))
    assert earned(found) == ("right-magnitude", 2.67)
    assert "macs: This follows rightly from your own results (the dots)" in str(found.message)


def test_a_choice_stands_alone_and_a_wrong_one_says_what_it_comes_to():
    assert earned(mark(AUDIT, Value("macs"))) == ("right", 4.0)
    found = mark(AUDIT, Value("flops"))
    assert earned(found) == ("other-convention", 0.0)
    assert "that is 60,000 FLOPs" in str(found.message)
    assert earned(mark(AUDIT, Value("parameters"))) == ("counted-parameters", 2.0)


def test_shapes_are_read_as_tuples_lists_and_texts():
    cells = {"fc1/parameters": 5050, "fc2/parameters": 510, "total/parameters": 5560}
    for shape in ((50,), [50], 50, "50"):
        assert earned(mark(TABLE, Value({"fc1/output": shape, **cells}))) == ("right", 4.0)


NOTHING: dict[str, tuple[Answer | None, str, str]] = {
    "no variable": (None, "no-answer", "There is no `blanks` in your notebook."),
    "a failure": (Failure("error", "It raised NameError."), "error", "It raised NameError."),
    "None": (Value(None), "no-answer", "There is no answer here yet."),
    "no dictionary": (Value(28), "malformed", "`blanks` is no dictionary; keep the form that it came in."),
    "empty blanks": (Value(dict.fromkeys(RIGHT_STEPS)), "no-answer", "There is no answer here yet."),
    "no entries": (Value({}), "no-answer", "height: `blanks` has no entry 'height'."),
    "texts": (Value(dict.fromkeys(RIGHT_STEPS, "many")), "malformed", "“many” is not read as a number"),
}


@pytest.mark.parametrize(("answer", "diagnosis", "message"), NOTHING.values(), ids=NOTHING)
def test_what_is_no_answer_earns_nothing_and_a_sentence(answer: Answer | None, diagnosis: str, message: str):
    found = mark(STEPS, answer)
    assert earned(found) == (diagnosis, 0.0)
    assert message in str(found.message)


values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.tuples(inner, inner)
        | some.dictionaries(some.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("data", [STEPS, TABLE, MISTAKE, AUDIT], ids=lambda data: data["kind"])
@settings(max_examples=40)
@given(value=values, blanks=some.lists(values, min_size=4, max_size=4))
def test_whatever_a_variable_holds_there_is_a_mark(data: dict[str, Any], value: object, blanks: list[object]):
    names = [field.id for field in posed(data).fields]
    for answer in (value, dict(zip(names, blanks, strict=False))):
        assert 0 <= mark(data, Value(answer)).points <= 4


def test_a_release_shows_the_numbers_and_the_text_but_not_what_else_was_drawn():
    """`pick` says which line is wrong, and stays in the classroom."""
    shown = released(posed(MISTAKE))
    assert set(shown) == {"maps", "told"}
    assert shown["told"] == posed(MISTAKE).told()


def test_a_release_does_not_show_the_size_that_is_sought():
    """Of `kernel=kernel`, 4 is the answer: the numbers of the release are printed to the student."""
    assert posed(INVERSE).answers() == {"kernel": "4"}
    assert set(released(posed(INVERSE))) == {"told"}


def test_a_release_lists_each_word_to_choose_from_once():
    """An order tells its options in what it asks, a choice does not."""
    told = str(released(posed(ORDER))["told"])
    assert [told.count(f"{one}: ") for one in ("big", "mid", "small")] == [1, 1, 1]


def test_a_release_shows_the_words_to_choose_from():
    told = str(released(posed(AUDIT))["told"])
    assert "\nmacs: MACs\n" in f"{told}\n"
    shown = str(released(posed(CONVENTION))["told"])
    assert all(f"\n{option.id}\n" in f"{shown}\n" for option in posed(CONVENTION).fields[0].options)


def test_a_cell_for_numbers_refuses_a_question_of_another_kind():
    data = {"grade_id": "check", "points": 4, "question": "q", "get": "numbers"}
    with pytest.raises(SpecificationError, match=r"question 'q' is of the kind 'steps'; a cell with `fill`"):
        read_cell(data, {"q": read_question(STEPS)})


def test_only_numbers_of_ones_own_are_released():
    cell: Cell = read_cell(CELL, {"q": read_question(STEPS)})
    assert cell.own is not None
    assert cell.own.id == "q"
