"""The first two chapters say what a word means before they ask about it."""

from __future__ import annotations

import re

import pytest

from tests.course.pages import names_of, text_of

FOLDED = re.compile(r"^(:{3,}|`{3,})\{dropdown\}.*?^\1 *$", re.M | re.S)


def body(chapter: str, until: str) -> str:
    """What a chapter says up to a line, without what is folded away."""
    return FOLDED.sub("", text_of(chapter).partition(until)[0])


@pytest.mark.parametrize("chapter", ["units_and_conventions", "fully_connected"])
def test_a_layer_written_as_code_is_explained_before_a_drill_asks_about_one(chapter: str):
    said = body(chapter, "## Practice")
    assert re.search(r"`Linear\(\d+, \d+\)`[^\n]* the inputs", said)
    assert "`bias=False`" in said


@pytest.mark.parametrize(
    ("chapter", "first"), [("units_and_conventions", "\n1. Change"), ("fully_connected", "\n1. Double")]
)
def test_the_batch_is_explained_before_the_explorers_questions_ask_about_it(chapter: str, first: str):
    assert re.search(r"\*\*batch\*\*[^\n]* is ", body(chapter, first))


def test_the_question_on_a_faster_machine_starts_where_the_arithmetic_decides():
    """With the setting at which the passport begins the memory decides, and the time never falls."""
    names = names_of("units_and_conventions")
    card, enough = names["card"], names["enough"]
    (told,) = re.findall(r"^3\. Choose LeNet-5,.* (\d+) GFLOP/s\.", text_of("units_and_conventions"), re.M)
    start, at, faster = (card("lenet5", gflops=speed) for speed in (int(told), enough, 2 * enough))
    assert start.takes("textbook") > at.takes("textbook")
    assert float(at.takes("textbook")) == pytest.approx(float(at.transfers), rel=0.001)
    assert faster.takes("textbook") == at.transfers
