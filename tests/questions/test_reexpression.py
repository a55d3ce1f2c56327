"""A wrong number that no misconception gives is told as the nearest expression that gives it, or not at all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from random import Random

import pytest

import layercost as lc
from layercost.expression import HTML, LATEX, TEXT, Expression, Symbol, render
from layercost.misconception import Task
from layercost.questions import diagnoses
from layercost.questions.reexpression import Reexpressed, reexpress
from layercost.questions.neighbours import VISITS, Neighbours
from layercost.questions.slip import Kind
from layercost.questions.task import derivation, measure_named
from layercost.shape import shape_of
from tests.questions.slipping import Question, Slipped, as_tree, questions, same_for_all_numbers, slipped

MANY = 2000


def right(layer: lc.Layer, quantity: str, shape: tuple[int, ...], batch: int = 1) -> Expression:
    """The right derivation of one count."""
    return derivation(Task(layer, measure_named(quantity), shape_of(shape), batch=batch))


LINEAR = right(lc.Linear(300, 100), "parameters", (300,))
CONV = right(lc.Conv2d(27, 64, 5, padding=2), "parameters", (27, 112, 112))
MACS = right(lc.Conv2d(48, 96, 5, stride=2, padding=2), "macs", (48, 112, 100))
FLOPS = right(lc.Linear(300, 100), "flops", (300,), batch=32)
LENET = derivation(Task(lc.networks.lenet5(), lc.PARAMETERS, shape_of((1, 32, 32))))


def explained(formula: Expression, answer: int, further: Mapping[str, int] | None = None) -> Reexpressed:
    found = reexpress(formula, answer, further)
    assert found is not None
    return found


# ---- many slips, and many random numbers ---------------------------------------------------------


@cache
def slips() -> tuple[Slipped, ...]:
    """Random questions with one slip or two that no misconception names."""
    random, found = Random(2718), []
    for question in questions(random):
        wrong = slipped(random, question, random.choice([1, 2]))
        if wrong is not None and wrong.answer not in known(question):
            found.append(wrong)
        if len(found) == MANY:
            return tuple(found)
    raise AssertionError("questions do not end")


def known(question: Question) -> set[Fraction | int]:
    """The right answer, and what misconceptions answer to the whole layer."""
    task = question.task
    wrong = [] if task.part else diagnoses(
        task.layer, task.measure, task.input_shape, task.convention, batch=task.batch
    )  # fmt: skip
    return {question.right.value, *(one.answer for one in wrong)}


def test_most_slips_are_explained_by_what_was_done() -> None:
    """The expression agrees with the slip for other numbers of the letters too."""
    found = [(one, reexpress(one.question.right, one.answer, one.question.further)) for one in slips()]
    agreeing = sum(
        explanation is not None
        and same_for_all_numbers(Random(1), one.question, as_tree(explanation.expression), one.wrong)
        for one, explanation in found
    )
    assert agreeing >= 0.70 * MANY


def test_an_explanation_gives_the_answer_and_is_not_the_right_derivation() -> None:
    for one in slips()[:500]:
        found = reexpress(one.question.right, one.answer, one.question.further)
        if found is not None:
            assert found.expression.value == one.answer != one.question.right.value
            assert 1 <= len(found.slips) <= 2


def test_random_numbers_are_hardly_ever_explained() -> None:
    """Numbers up to ten times smaller or larger than the right answers."""
    random, explanations = Random(3141), 0
    for one in slips():
        size = one.question.right.value * math.exp(random.uniform(-math.log(10), math.log(10)))
        given = random.randint(max(1, int(size / 2)), max(2, int(2 * size)))
        explanations += reexpress(one.question.right, given, one.question.further) is not None
    assert explanations < 0.02 * MANY
