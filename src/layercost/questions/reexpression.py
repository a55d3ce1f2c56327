"""Re-expression: a wrong number that no misconception gives, as the nearest expression that gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from layercost.expression import TEXT, Expression, render
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
        """One sentence: the answer, the expression, and in what it differs."""
        letters, numbers = render(self.expression, TEXT), render(self.expression, TEXT, numbers=True)
        value = f"{self.expression.value:,}"
        differences = both(slip.message for slip in self.slips)
        if numbers in (letters, value):
            return Message("{value} is {letters}: {differences}.", value=value, letters=letters,
                           differences=differences)  # fmt: skip
        return Message("{value} is {letters} = {numbers}: {differences}.", value=value, letters=letters,
                       numbers=numbers, differences=differences)  # fmt: skip


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
