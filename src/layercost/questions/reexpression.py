"""Re-expression: a wrong number that no misconception gives, as the nearest expression that gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from layercost.expression import TEXT, Definition, Expression, defining, definitions, render
from layercost.message import Message, both
from layercost.questions.search import nearest
from layercost.questions.slip import Slip


@dataclass(frozen=True)
class Reexpressed:
    """An expression that gives the answer, and its slips: what differs from the right derivation."""

    expression: Expression
    slips: tuple[Slip, ...]

    @property
    def key(self) -> str:
        """The slips in letters, the same for students whose numbers differ."""
        return ";".join(sorted(slip.key for slip in self.slips))

    @property
    def message(self) -> Message:
        """One sentence: the answer, the expression, the definitions that differ, and in what it differs."""
        differences = both(slip.message for slip in self.slips)
        return Message("{derivation}: {differences}.", derivation=self._derivation, differences=differences)

    @property
    def _derivation(self) -> Message:
        value = f"{self.expression.value:,}"
        written = _written(self.expression)
        changed = {name for slip in self.slips for name in slip.within}
        shown = [one for one in definitions(self.expression) if one.name in changed]
        if isinstance(self.expression, Definition):
            return Message("{value} is {formula}", value=value, formula=_written(self.expression.meaning))
        if not shown:
            return Message("{value} is {formula}", value=value, formula=written)
        meanings = both(defining(one, TEXT) for one in shown)
        return Message(
            "{value} is {formula} with {meanings}", value=value, formula=written, meanings=meanings
        )


def _written(formula: Expression) -> str:
    """A formula with its letters, and with the numbers in their place."""
    letters, numbers = render(formula, TEXT), render(formula, TEXT, numbers=True)
    return letters if numbers in (letters, f"{formula.value:,}") else f"{letters} = {numbers}"


def reexpress(
    right: Expression, given: Fraction | int, further: Mapping[str, int] | None = None
) -> Reexpressed | None:
    """The nearest expression to `right` that gives a wrong answer; None where none is near enough.

    `further` are letters of the question that the derivation does not use, with their numbers. The answer is
    in the derivation's own unit: bytes, where the question asks for KiB.

    >>> from layercost import PARAMETERS, Linear
    >>> from layercost.questions.task import Task, derivation
    >>> found = reexpress(derivation(Task(Linear(300, 100), PARAMETERS)), 300 * 300 + 300)
    >>> str(found.message)
    '90,300 is d_in·d_in + d_in = 300·300 + 300: d_in (300) stands wherever d_out (100) belongs.'
    >>> found.key
    'd_out->d_in@all'
    """
    answer = Fraction(given)
    if answer.denominator != 1 or answer <= 0 or answer == right.value:
        return None
    found = nearest(right, int(answer), further or {})
    return None if found is None else Reexpressed(*found)
