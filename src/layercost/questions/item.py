"""One thing that is asked, with its numbers drawn: what is right, and what each wrong turn earns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from layercost.misconception import Task
from layercost.questions.reading import Malformed, Parsed, read_number
from layercost.questions.task import Stated, number, stated


@dataclass(frozen=True)
class Item:
    """A task with its rules: how many decimals are asked for (None: whole numbers), and what earns credit.

    Misconceptions that stand in `without` are not looked for.
    """

    id: str
    task: Task
    decimals: int | None = None
    credit: Mapping[str, Fraction] = field(default_factory=dict)
    without: tuple[str, ...] = ()

    @cached_property
    def answer(self) -> Fraction:
        """The right answer, exactly."""
        return number(self.task)

    @cached_property
    def stated(self) -> Stated:
        """The unit and the convention."""
        return stated(self.task)

    @property
    def tolerance(self) -> Fraction:
        """How far an answer may be from the exact number: one unit of the last decimal that is asked for."""
        return Fraction(0) if self.decimals is None else Fraction(1, 10**self.decimals)

    def accepts(self, given: Fraction, expected: Fraction) -> bool:
        """Whether `given` stands for `expected`, rounded or cut off as the question allows."""
        return abs(given - expected) <= self.tolerance

    def credit_of(self, *names: str) -> Fraction:
        """The share of the points that a diagnosis earns; the largest, where it goes by several names."""
        return max(self.credit.get(name, Fraction(0)) for name in names)

    def parse(self, raw: object) -> Parsed | Malformed:
        """Reads an answer, as a value or as text."""
        return read_number(raw, self.stated.unit, whole=self.decimals is None)
