"""Lines of an explorer's own, as data with which its page answers before Python is there.

They stand beside those of `layercost.explorers.answers`, which are found from a layer or network by themselves.
A line holds for the settings in `when`, and where each number in `needs` is not negative; `fields` says which
control gives which letter. Of several that hold, the page takes the first.
web/src/explorers/answer.mjs fills what stands in sight.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from layercost.compiled import derivation, program
from layercost.expression import Expression, tree


def told(
    headlines: Sequence[str], lines: Iterable[Mapping[str, Any]], said: Sequence[str] = ()
) -> dict[str, Any]:
    """What a page needs: its headlines in their order, what its live region says, and all of the lines."""
    return {"axes": [], "headlines": [*headlines], "said": [*said], "lines": [*lines]}


def held(
    quantity: str, fields: Mapping[str, str], when: Mapping[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    """What every line says: of what it is, for which settings it holds, and where its letters come from."""
    return {
        "quantity": quantity,
        "when": {**(when or {})},
        "unless": {},
        "fields": {**fields},
        "axes": [],
        **more,
    }


def derived(
    quantity: str, formula: Expression, unit: str, fields: Mapping[str, str], when: Mapping[str, Any]
) -> dict[str, Any]:
    """A formula as letters = numbers = total."""
    return held(quantity, fields, when, **derivation(formula, unit))


def needed(*numbers: Expression) -> list[Any]:
    """What may not be negative, as a page computes it."""
    return [tree(number) for number in numbers]


def counted(formulas: Iterable[Expression]) -> list[dict[str, Any]]:
    """Numbers that a page writes into a text."""
    return [program(formula) for formula in formulas]
