"""What a wrong answer says about the one who gave it: the first explanation that fits, from right to unknown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import TypeAlias

from layercost.misconception import MISCONCEPTIONS, Misconception, Task
from layercost.questions.item import Item
from layercost.questions.task import believed, number, other_conventions, pair, stated

Numbers: TypeAlias = tuple[Fraction, ...]

RIGHT, UNKNOWN, MALFORMED = "right", "unknown", "malformed"
OTHER_CONVENTION, SOME_RIGHT, MAGNITUDE = "other-convention", "right-on-some", "right-magnitude"
OUTCOMES = (
    OTHER_CONVENTION,
    SOME_RIGHT,
    MAGNITUDE,
)  # besides misconceptions, what a question may give credit for


@dataclass(frozen=True)
class Diagnosis:
    """What an answer shows: a stable id, one kind sentence, and the share of the points that it earns."""

    id: str
    message: str
    credit: Fraction


def explain(items: Sequence[Item], answers: Sequence[Fraction]) -> Diagnosis:
    """The diagnosis of one answer, or of a function's answers on several inputs.

    A misconception is named only where it explains every answer, a pair of them only where no other pair does.
    """
    given = tuple(answers)
    right = tuple(item.answer for item in items)
    if _same(items, given, right):
        return Diagnosis(RIGHT, "Right.", Fraction(1))
    explanations = (_misconception, _convention, _pair, _some_right, _magnitude)
    found = (explanation(items, given, right) for explanation in explanations)
    message = "This is not right, and fits no mistake that we know; work through the formula once more."
    unknown = Diagnosis(UNKNOWN, message, Fraction(0))
    return next((diagnosis for diagnosis in found if diagnosis is not None), unknown)


def beliefs(items: Sequence[Item]) -> dict[str, Numbers]:
    """What each misconception answers, where it has a part in at least one of the answers."""
    return {
        misconception.id: answers
        for misconception in MISCONCEPTIONS.values()
        if misconception.id not in items[0].without
        and (answers := _answers(items, lambda task, held=misconception: believed(task, held))) is not None
    }


def _answers(items: Sequence[Item], distort: Callable[[Task], Task | None]) -> Numbers | None:
    """The answers of somebody who sees each task so; right where it changes nothing, None where it never does."""
    seen = [distort(item.task) for item in items]
    if all(task is None for task in seen):
        return None
    return tuple(
        item.answer if task is None else number(task) for item, task in zip(items, seen, strict=True)
    )


def _same(items: Sequence[Item], given: Numbers, expected: Numbers) -> bool:
    return all(item.accepts(one, other) for item, one, other in zip(items, given, expected, strict=True))


def _misconception(items: Sequence[Item], given: Numbers, right: Numbers) -> Diagnosis | None:
    for name, answers in beliefs(items).items():
        if _same(items, given, answers):
            return Diagnosis(name, MISCONCEPTIONS[name].message, items[0].credit_of(name))
    return None


def _convention(items: Sequence[Item], given: Numbers, right: Numbers) -> Diagnosis | None:
    each = [other_conventions(item.task) for item in items]
    for others in zip(*each, strict=True):
        if _same(items, given, tuple(number(task) for _, task in others)):
            message = (
                f"This is right by the convention {others[0][0].name}; the question asks by another. "
                f"{stated(items[0].task).convention}"
            )
            return Diagnosis(OTHER_CONVENTION, message, items[0].credit_of(OTHER_CONVENTION))
    return None


def _pair(items: Sequence[Item], given: Numbers, right: Numbers) -> Diagnosis | None:
    """Two misconceptions together, where just one pair explains all answers."""
    singles = [right, *beliefs(items).values()]
    found = [
        both
        for both in combinations(_held(items), 2)
        if (answers := _answers(items, lambda task, both=both: pair(task, *both))) is not None
        and _same(items, given, answers)
        and answers not in singles
    ]
    if len(found) != 1:
        return None
    first, second = found[0]
    credit = items[0].credit_of(first.id) * items[0].credit_of(second.id)
    return Diagnosis(f"{first.id}+{second.id}", f"{first.message} And: {second.message}", credit)


def _held(items: Sequence[Item]) -> Iterator[Misconception]:
    return (MISCONCEPTIONS[name] for name in beliefs(items))


def _some_right(items: Sequence[Item], given: Numbers, right: Numbers) -> Diagnosis | None:
    good = sum(item.accepts(one, other) for item, one, other in zip(items, given, right, strict=True))
    if not good:
        return None
    message = f"Right for {good} of the {len(items)} inputs that it was tried on, and not for the others."
    return Diagnosis(SOME_RIGHT, message, items[0].credit_of(SOME_RIGHT) * Fraction(good, len(items)))


def _magnitude(items: Sequence[Item], given: Numbers, right: Numbers) -> Diagnosis | None:
    if not all(one < 3 * other and other < 3 * one for one, other in zip(given, right, strict=True)):
        return None
    message = "This has the right order of magnitude, but is not the number itself; look for what is missing."
    return Diagnosis(MAGNITUDE, message, items[0].credit_of(MAGNITUDE))
