"""Each challenge of the chapters can be met within the ranges of its explorer, and is not met at first."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations, product
from typing import Any

import course_challenges
import pytest
from course_challenges import Asked, Goal, asked_in, goals_of

from layercost.explorers import EXPLORERS
from layercost.explorers.controls import Choice, Size, Tick
from layercost.layer import LayerError
from layercost.shape import ShapeError
from tests.course.pages import chapters, text_of


def _declared() -> Iterator[pytest.ParameterSet]:
    for chapter in chapters():
        for name, body in re.findall(
            r"^`{3,}\{challenge\} (\S+)\n(.*?)^`{3,}$", text_of(chapter), re.M | re.S
        ):
            options = dict(re.findall(r"^:(\w+): (.*)$", body, re.M))
            yield pytest.param(chapter, options, id=name)


CHALLENGES = list(_declared())


def _tried(asked: Asked) -> Iterator[dict[str, Any]]:
    """Settings near the start: two controls moved, sizes halved, doubled, made small or large."""
    controls = [one for one in EXPLORERS[asked.name].controls if not one.looks]
    values = {one.field: _values(one, asked.start.get(one.field, one.value)) for one in controls}
    for moved in combinations(values, 2):
        for chosen in product(*(values[field] for field in moved)):
            yield dict(zip(moved, chosen, strict=True))


def _values(control: Any, start: Any) -> list[Any]:
    if isinstance(control, Size):
        near = {
            control.low,
            start // 2,
            start * 2 // 3,
            start - 12,
            start,
            start * 2,
            start * 16,
            control.high,
        }
        return sorted(value for value in near if control.low <= value <= control.high)
    assert isinstance(control, Tick | Choice)
    return list(control.samples())


def _is_met(asked: Asked, settings: Mapping[str, Any]) -> bool:
    try:
        return asked.meets(settings)
    except (LayerError, ShapeError):
        return False


@pytest.mark.parametrize(("chapter", "options"), CHALLENGES)
def test_a_search_meets_the_challenge(chapter: str, options: dict[str, str]) -> None:
    """Without knowing the answer, moving two controls at most."""
    asked = asked_in(options)
    assert not asked.meets({})
    assert any(_is_met(asked, settings) for settings in _tried(asked))


@pytest.mark.parametrize(("chapter", "options"), CHALLENGES)
def test_its_answer_meets_it(chapter: str, options: dict[str, str]) -> None:
    """The build checks the same."""
    asked_in(options).check()


@pytest.mark.parametrize(("chapter", "options"), CHALLENGES)
def test_its_explorer_stands_on_its_page(chapter: str, options: dict[str, str]) -> None:
    """A challenge watches an explorer that its reader can move."""
    assert f'explorer("{options["explorer"]}"' in text_of(chapter)


def test_goals_are_compared_with_numbers() -> None:
    """Half of an odd number is rounded so that nothing less is asked."""
    start = {"parameters": 31, "macs": 8, "flops": 16}
    assert goals_of("macs == 2 * start.macs and parameters <= start.parameters / 2", start) == [
        Goal("macs", "==", 16),
        Goal("parameters", "<=", 15),
    ]
    assert goals_of("flops >= start.parameters / 2", start) == [Goal("flops", ">=", 16)]
    with pytest.raises(ValueError, match="a goal compares parameters, macs, flops"):
        goals_of("2 * macs == 4", start)
    with pytest.raises(ValueError, match="a goal compares parameters, macs, flops"):
        goals_of("bytes <= 4", start)
    with pytest.raises(ValueError, match="which no count can be"):
        goals_of("macs == start.parameters / 2", start)


def test_a_challenge_that_is_none_is_refused() -> None:
    """One that is met at its start, and one whose answer is none."""
    options = {"explorer": "linear", "start": "in_features=4", "goal": "macs >= 1", "answer": "batch=2"}
    with pytest.raises(ValueError, match="met at its start"):
        asked_in(options).check()
    with pytest.raises(ValueError, match="does not meet"):
        asked_in({**options, "goal": "macs >= 10 ** 9"}).check()


def test_the_page_is_told_the_goal_as_data() -> None:
    """An amount, a sign and a value for each comparison, and the start as an address says it."""
    asked = asked_in(
        {"explorer": "linear", "start": "bias=False", "goal": "macs >= 60000", "answer": "batch=2"}
    )
    html = course_challenges.goals_html(asked.goals)
    assert 'data-amount="macs" data-sign="&gt;=" data-value="60000"' in html
    assert "MACs: at least 60,000" in html
    assert "&quot;bias&quot;: &quot;false&quot;" in course_challenges.opening("id", asked)
