"""Every sentence of the course is true under each convention that its reader can choose."""

from __future__ import annotations

from pathlib import Path

import pytest

import layercost as lc
from tests.prose.pages import COUNT, PAGES, Line, course_text, following, lines_of, names_of, one_line

LAYER = lc.Linear(300, 100)
ASKED = names_of("")["flops"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
@pytest.mark.parametrize("convention", lc.CONVENTIONS)
def test_the_text_of_a_page_holds_under_every_convention(page: Path, convention: str) -> None:
    """Beside a count that follows stands nothing that is true of one convention only."""
    for line in lines_of(page):
        wrong = list(following.falsehoods(line.said, convention))
        assert not wrong, f"{line.place}: {line.under(convention)}"


@pytest.mark.parametrize(
    "said",
    [
        "FLOPs: {n}`flops(layer)`, and the rest is free.",
        "It costs {n}`flops(layer)`, two for each weight.",
        "It is twice as much: {n}`flops(layer)`.",
        "{n}`flops(layer)` = 30,000 + 30,000",
        "| fvcore | {n}`flops(layer)` |",
        "Under `textbook` it is {n}`flops(layer)`.",
    ],
)
def test_a_sentence_that_is_true_of_one_convention_is_found(said: str) -> None:
    """These all read wrongly as soon as the number becomes 30,000 MACs."""
    line = one_line(said, names_of("```{let}\nlayer = lc.Linear(300, 100)\n```"))
    assert COUNT in line.said
    assert list(following.falsehoods(line.said, "macs"))


def test_a_count_that_names_its_convention_is_pinned_and_may_say_so() -> None:
    """The sentence and the number stay together."""
    line = one_line(
        'Two for each weight: {n}`flops(layer, convention="textbook")`.',
        names_of("```{let}\nlayer = lc.Linear(300, 100)\n```"),
    )
    assert line.counts == ()
    assert "60,000" in line.said


def test_the_text_under_a_convention_shows_its_number_and_unit() -> None:
    """What is checked is what a reader reads."""
    line = Line("", f"It costs {COUNT}.", (ASKED(LAYER),))
    assert line.under("macs") == "It costs 30,000 MACs · macs."
    assert following.UNITS.search(line.under("macs"))


def test_a_pinned_count_carries_no_other_values() -> None:
    """The page cannot switch what it does not have."""
    shown = following.pinned_count(ASKED(LAYER, convention="macs").count)
    assert "lc-count-pinned" in shown
    assert "data-values" not in shown
    assert "data-values" in following.following_count(lambda name: ASKED(LAYER).under(name).count)


def test_a_derivation_stands_in_the_page_under_each_convention_and_one_is_in_sight() -> None:
    """Without scripts the reader sees the one that the text is written for."""
    forms = following.under_each(lambda name: following.derivation(ASKED(LAYER).under(name).count))
    assert forms.count("lc-derivation") == len(lc.CONVENTIONS)
    assert forms.count('hidden=""') == len(lc.CONVENTIONS) - 1
    assert 'data-under="textbook"><div' in forms


def test_what_no_convention_touches_stands_once() -> None:
    """Parameters are the same for everybody."""
    parameters = names_of("")["parameters"](LAYER)
    assert not parameters.follows
    assert course_text.Asked(LAYER, lc.PARAMETERS, (300,)).follows is False
