"""An example for the feedback: a call of the student's function that shows what was found.

Its inputs come from the ranges that the question publishes, by a seed that holds no secret, and never are
those that the function was tried on. Nothing is run for it: whoever made a known mistake gives the number
that the mistake gives.
"""

from __future__ import annotations

from fractions import Fraction

from grader.cells import FunctionCell, Sitting, normalized
from grader.values import Get, Probe
from layercost.message import Message, Words
from layercost.questions import QuestionError, Variant
from layercost.questions.explain import beliefs
from layercost.questions.kinds.compute import typed

TRIES = 8  # a draw may happen to hide the mistake, as a layer without bias hides a forgotten one


def failing_example(cell: FunctionCell, sitting: Sitting, diagnosis: str) -> Words:
    """One sentence with a call that a known mistake gets wrong; empty where there is none."""
    tried = [variant.numbers for variant in cell.hidden(sitting)]
    for number in range(TRIES):
        try:
            variant = cell.question.draw(f"example/{cell.grade_id}/{normalized(sitting.student)}/{number}")
        except QuestionError:
            return ""
        if variant.numbers not in tried and (said := _said(cell, variant, diagnosis)):
            return said
    return ""


def _said(cell: FunctionCell, variant: Variant, diagnosis: str) -> Words:
    item = variant.item()
    believed = beliefs([item]).get(diagnosis)
    if believed is None or item.accepts(believed[0], item.answer):
        return ""
    return Message(
        "For example, `{call}` is {right}; this mistake makes it {wrong}.",
        call=as_typed(cell.probe(variant)),
        right=as_said(item.answer, item.decimals),
        wrong=as_said(believed[0], item.decimals),
    )


def as_said(number: Fraction, decimals: int | None = None) -> str:
    """A number with its digits in groups, and the decimals that are asked for."""
    return f"{int(number):,}" if number.denominator == 1 else typed(number, decimals)


def as_typed(probe: Probe) -> str:
    """A variable, or a call as one would type it: ``linear_parameters(300, 100, bias=False)``."""
    if isinstance(probe, Get):
        return probe.name
    given = [*map(repr, probe.args), *(f"{name}={value!r}" for name, value in probe.kwargs.items())]
    return f"{probe.name}({', '.join(given)})"
