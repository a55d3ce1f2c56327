"""Re-expression: a wrong number that no misconception gives, as the nearest expression that gives it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from layercost.expression import TEXT, Definition, Expression, defining, definitions, render
from layercost.layer import Layer
from layercost.message import Message, Words, both
from layercost.misconception import Task
from layercost.questions.search import nearest
from layercost.questions.slip import Slip
from layercost.questions.task import derivation
from layercost.shape import Shape

LONG = 240  # characters of a formula that nobody reads in a sentence
SIDES = frozenset("HWDTL")  # the letters of an input's axes that are neither channels nor features


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
        """One sentence: the answer, the expression, the definitions that differ, and in what it differs.

        A formula that is too long to be read is left out.
        """
        differences = both(slip.message for slip in self.slips)
        return Message("{derivation}: {differences}.", derivation=self._derivation, differences=differences)

    @property
    def _derivation(self) -> Words:
        value = f"{self.expression.value:,}"
        written = _written(self.expression)
        changed = {name for slip in self.slips for name in slip.within}
        shown = [one for one in definitions(self.expression) if one.name in changed]
        if len(written) > LONG:
            return value
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
    return _reexpressed(right, Fraction(given), Fraction(0), further or {})


def reexpress_answer(task: Task, given: Fraction | int, tolerance: Fraction | int = 0) -> Reexpressed | None:
    """The nearest expression that gives a wrong answer to a task, in the task's unit.

    With a tolerance, as of answers in KiB to two decimals, the expression's value lies within it.
    """
    right, size = derivation(task), task.unit.size
    return _reexpressed(right, Fraction(given) * size, Fraction(tolerance) * size, further_letters(task))


def further_letters(task: Task) -> dict[str, int]:
    """The letters of a question that its derivation may not use: sides of the input, settings, the batch."""
    shape = task.input_shape
    found = dict(zip(shape.letters, shape, strict=True)) if isinstance(shape, Shape) else {}
    sides = {letter: int(size) for letter, size in found.items() if letter in SIDES}
    settings = {} if task.part else _settings(task.layer)
    return {letter: size for letter, size in {**sides, **settings, "N": task.batch}.items() if size > 1}


def _settings(layer: Layer) -> dict[str, int]:
    """The letters of a layer's fields, where one whole number stands for all axes."""
    found = {}
    for name, letter in layer.letters.items():
        value = getattr(layer, name, None)
        sizes = set(value) if isinstance(value, tuple) else {value}
        if len(sizes) == 1 and type(size := sizes.pop()) is int:
            found[letter] = size
    return found


def _reexpressed(
    right: Expression, given: Fraction, tolerance: Fraction, further: Mapping[str, int]
) -> Reexpressed | None:
    answers = range(ceil(given - tolerance), floor(given + tolerance) + 1)
    if not answers or answers[0] <= 0 or right.value in answers:
        return None
    found = nearest(right, answers, further)
    return None if found is None else Reexpressed(*found)
