"""Lines of an explorer's own, as data with which its page answers before Python is there.

They stand beside those of `layercost.explorers.answers`, which are found from a layer or network by
themselves. A line holds for the settings in `when` and none of those in `unless`, and where each number in
`needs` is not negative; `fields` says which control gives which letter, `follows` how a letter comes from the
controls, `chosen` which number it has for each option of a choice. Of several that hold, the page takes the
first. web/src/explorers/answer.mjs fills what is in sight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from layercost.compiled import derivation, program
from layercost.convention import CONVENTIONS, Quantity, unit_in_words
from layercost.counting import Count
from layercost.explorers.answers import SAID, total_alone
from layercost.explorers.polynomial import Polynomial, tree_of
from layercost.expression import Expression, tree

Settings = Mapping[str, Any]


def told(
    headlines: Sequence[str], lines: Iterable[Mapping[str, Any]], *, heard: bool = True
) -> dict[str, Any]:
    """What a page needs: its headlines in their order, the lines, and whether its totals are heard too."""
    said = [quantity.value for quantity in SAID] if heard else []
    return {"axes": [], "headlines": [*headlines], "said": said, "lines": [*lines]}


def held(
    quantity: str,
    fields: Mapping[str, str],
    when: Settings | None = None,
    unless: Settings | None = None,
    **more: Any,
) -> dict[str, Any]:
    """What every line says: of what it is, for which settings it holds, and where its letters come from."""
    holds = {"when": {**(when or {})}, "unless": {**(unless or {})}}
    return {"quantity": quantity, **holds, "fields": {**fields}, "axes": [], **more}


def of(counted: Count, quantity: Quantity, *, most: int, seen: bool = True) -> dict[str, Any]:
    """A count as letters = numbers = total, or as its total alone where that has more than `most` letters.

    What is only heard needs neither.
    """
    by = {"convention": counted.convention} if quantity is Quantity.FLOPS else {}
    if not seen:
        return {**by, **program(counted.expression), "unit": str(unit_in_words(counted.unit))}
    line = {**by, **derivation(counted.expression, counted.unit, by.get("convention", ""))}
    return {**line, "most": most, "alone": total_alone(counted.total, line)}


def derived(
    quantity: str, formula: Expression, unit: str, fields: Mapping[str, str], when: Settings
) -> dict[str, Any]:
    """A formula as letters = numbers = total."""
    return held(quantity, fields, when, **derivation(formula, unit))


def totals(
    total: Callable[[Quantity, str], Polynomial],
    sizes: Iterable[str],
    when: Settings | None = None,
    unless: Settings | None = None,
    *,
    alone: bool = False,
) -> Iterator[dict[str, Any]]:
    """What the live region says, where the totals of a quantity by a convention follow these controls.

    With `alone` they also stand in sight, without how they come about.
    """
    fields = {name: name for name in sizes}
    for quantity in SAID:
        for convention in CONVENTIONS if quantity is Quantity.FLOPS else ("textbook",):
            by = {"convention": convention} if quantity is Quantity.FLOPS else {}
            unit = CONVENTIONS[convention].unit if by else quantity.value
            number = follows(total(quantity, convention))
            line = held(quantity.value, fields, when, unless, **by, unit=str(unit_in_words(unit)), **number)
            yield {**line, **(total_alone(0, line) if alone else {})}


def needed(*numbers: Expression) -> list[Any]:
    """What may not be negative, as a page computes it."""
    return [tree(number) for number in numbers]


def follows(total: Polynomial) -> dict[str, Any]:
    """A number that follows controls, each by its own name."""
    return {"letters": {}, "definitions": [], "tree": tree_of(total)}
