"""How a wrong answer came about: the first explanation that fits, from right to unknown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache, partial
from typing import TypeAlias

from layercost.convention import unit_in_words
from layercost.message import Joined, Message, Words, sentence
from layercost.misconception import MISCONCEPTIONS, Misconception, Task
from layercost.questions.distance import (
    MAGNITUDE,
    WRONG_FACTOR,
    WRONG_POWER,
    earned_by,
    how_far,
    is_close,
    off,
)
from layercost.questions.item import Item
from layercost.questions.parting import parting
from layercost.questions.reading import Malformed, Parsed, read_quantity
from layercost.questions.reexpression import reexpress_answer
from layercost.questions.rounding import NEARLY, ROUNDED, Stands, nearly, rounded
from layercost.questions.task import (
    answered,
    believed,
    derivation,
    number,
    other_conventions,
    printed_by_tools,
)

Numbers: TypeAlias = tuple[Fraction, ...]
Answers: TypeAlias = Mapping[str, Fraction]
Two: TypeAlias = tuple[Misconception, Misconception]

RIGHT, UNKNOWN, MALFORMED = "right", "unknown", "malformed"
OTHER_CONVENTION, SOME_RIGHT = "other-convention", "right-on-some"
WRONG_UNIT, REEXPRESSED = "wrong-unit", "re-expressed"
# Besides misconceptions, what a question may give credit for.
OUTCOMES = (
    OTHER_CONVENTION, WRONG_UNIT, SOME_RIGHT, ROUNDED, REEXPRESSED, NEARLY, WRONG_POWER, WRONG_FACTOR,
    MAGNITUDE,
)  # fmt: skip

KEPT = 1024  # questions with their numbers whose wrong answers are held in memory
BYTES_IN = {"bytes": 1} | {
    f"{prefix}{binary}B": base**power
    for binary, base, prefixes in (("", 1000, "kMGT"), ("i", 1024, "KMGT"))
    for power, prefix in enumerate(prefixes, start=1)
}


@dataclass(frozen=True)
class Diagnosis:
    """What an answer shows: a stable id, one kind sentence, and the share of the points that it earns.

    `parting` says where the derivation of such a number leaves the right one, if that can be said. `key` is
    the same for all whose wrong numbers came about alike, though no belief has a name for it.
    """

    id: str
    message: Words
    credit: Fraction
    parting: Words = field(default="", compare=False)
    key: str = field(default="", compare=False)


def explain(items: Sequence[Item], answers: Sequence[Fraction]) -> Diagnosis:
    """The diagnosis of one answer, or of a function's answers on several inputs.

    A misconception is named only where it explains every answer, a pair only where no other pair does.
    """
    given = tuple(answers)
    if _same(items, given, _right(items)):
        return Diagnosis(RIGHT, Message("Right."), Fraction(1))
    found = (
        explanation(items, given)
        for explanation in (
            _misconception, _convention, _tool, _pair, _some, _rounded, _reexpressed, _roughly, _off,
            _all_close,
        )
    )  # fmt: skip
    return next((diagnosis for diagnosis in found if diagnosis is not None), _unknown(items, given))


def verdict(item: Item, raw: object) -> Diagnosis:
    """What one answer shows, as a value or as text; what is no number is malformed, and not wrong.

    A unit may stand behind the number: another unit of bytes is converted, any other says that the unit is
    wrong where the digits are right.
    """
    parsed = item.parse(raw)
    if isinstance(parsed, Parsed):
        return explain([item], [parsed.value])
    other = read_quantity(raw, item.stated.unit)
    found = in_another_unit(other, item.stated.unit, lambda given: item.accepts(given, item.answer))
    if found is None:
        return Diagnosis(MALFORMED, parsed.message, Fraction(0))
    return found if found.id == RIGHT else replace(found, credit=item.credit_of(found.id))


def in_another_unit(
    given: Parsed | Malformed, asked: str, is_right: Callable[[Fraction], bool]
) -> Diagnosis | None:
    """A number in another unit than the one asked for: right in other bytes, or right but for the unit."""
    if isinstance(given, Malformed) or given.unit in ("", asked):
        return None
    of_bytes = asked in BYTES_IN and given.unit in BYTES_IN
    if of_bytes and is_right(given.value * BYTES_IN[given.unit] / BYTES_IN[asked]):
        return Diagnosis(RIGHT, Message("Right."), Fraction(1))
    if is_right(given.value):
        message = Message(
            "The digits are right, but the unit is not: it is asked for in {asked}, not in {written}.",
            asked=unit_in_words(asked), written=unit_in_words(given.unit),
        )  # fmt: skip
        return Diagnosis(WRONG_UNIT, message, Fraction(0))
    return None


def known_wrong(item: Item) -> list[tuple[Fraction, Diagnosis]]:
    """The wrong numbers that a misconception or another convention gives, each with its diagnosis."""
    held = beliefs([item])
    numbers = [answer for (answer,) in held.values()]
    numbers += [number(other) for _convention, other in other_conventions(item.task)]
    wrong = [one for one in dict.fromkeys(numbers) if not item.accepts(one, item.answer)]
    return [(one, _explained(item, one, held)) for one in wrong]


def _explained(item: Item, wrong: Fraction, held: Mapping[str, Numbers]) -> Diagnosis:
    """As `explain`, with what is believed already known."""
    name = next((name for name, (answer,) in held.items() if item.accepts(wrong, answer)), "")
    return _of_belief(item, name) if name else explain([item], [wrong])


def beliefs(items: Sequence[Item]) -> Mapping[str, Numbers]:
    """What each misconception answers, where it has a part in at least one of the answers."""
    return _beliefs_about(tuple(map(_One, items)))


class _One:
    """A dictionary's key for this very item, which several answers are held against."""

    __slots__ = ("item",)

    def __init__(self, item: Item) -> None:
        self.item = item

    def __hash__(self) -> int:
        return id(self.item)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _One) and self.item is other.item


@lru_cache(maxsize=KEPT)
def _beliefs_about(ones: tuple[_One, ...]) -> Mapping[str, Numbers]:
    items = [one.item for one in ones]
    asked = {item.task.measure for item in items}
    about = (one for one in MISCONCEPTIONS.values() if asked & one.measures)
    held = (one for one in about if one.id not in items[0].without)
    found = ((one.id, _answers(items, (one,))) for one in held)
    return {name: answers for name, answers in found if answers is not None}


@lru_cache(maxsize=KEPT)
def _pairs_about(
    one: _One, names: tuple[str, ...]
) -> list[tuple[tuple[Misconception, Misconception], Fraction]]:
    """What every two of these beliefs answer together."""
    held = [MISCONCEPTIONS[name] for name in names]
    found = []
    for place, first in enumerate(held):
        seen = _seen(one.item.task, (first,))
        found += [((first, second), answered(seen, second)) for second in held[place + 1 :]]
    return found


def _answers(items: Sequence[Item], held: Sequence[Misconception]) -> Numbers | None:
    """The answers of somebody who holds these beliefs; None where they change none of the tasks."""
    seen = [_seen(item.task, held) for item in items]
    if all(task is item.task for task, item in zip(seen, items, strict=True)):
        return None
    return tuple(number(task) for task in seen)


def _seen(task: Task, held: Sequence[Misconception]) -> Task:
    """The task through the eyes of a believer; a belief that has no part in it changes nothing."""
    for misconception in held:
        task = believed(task, misconception) or task
    return task


def _right(items: Sequence[Item]) -> Numbers:
    return tuple(item.answer for item in items)


def _same(items: Sequence[Item], given: Numbers, expected: Numbers) -> bool:
    return all(item.accepts(one, other) for item, one, other in zip(items, given, expected, strict=True))


def _misconception(items: Sequence[Item], given: Numbers) -> Diagnosis | None:
    for name, answers in beliefs(items).items():
        if _same(items, given, answers):
            return _of_belief(items[0], name)
    return None


def _of_belief(item: Item, name: str) -> Diagnosis:
    return Diagnosis(name, MISCONCEPTIONS[name].message, item.credit_of(name), _parting(item, name))


def _parting(item: Item, name: str) -> Words:
    """Where the derivation of somebody who holds a belief leaves the right one."""
    seen = believed(item.task, MISCONCEPTIONS[name])
    return "" if seen is None else parting(derivation(item.task), derivation(seen))


def _convention(items: Sequence[Item], given: Numbers) -> Diagnosis | None:
    for others in zip(*(other_conventions(item.task) for item in items), strict=True):
        if _same(items, given, tuple(number(task) for _, task in others)):
            convention, _ = others[0]
            message = Message(
                "This is right by the convention {convention}, but another is asked for.",
                convention=convention.name,
            )
            said = Joined([message, items[0].stated.convention])
            return Diagnosis(OTHER_CONVENTION, said, items[0].credit_of(OTHER_CONVENTION))
    return None


def _tool(items: Sequence[Item], given: Numbers) -> Diagnosis | None:
    """What a counting tool prints for the layer, under whatever name."""
    if len(items) != 1:
        return None
    item = items[0]
    for tool, printed in printed_by_tools(item.task):
        if item.accepts(given[0], Fraction(printed, item.task.unit.size)):
            message = Message("This is what {tool} prints. {says}", tool=tool.name, says=sentence(tool.says))
            said = Joined([message, item.stated.convention])
            return Diagnosis(OTHER_CONVENTION, said, item.credit_of(OTHER_CONVENTION))
    return None


def _pair(items: Sequence[Item], given: Numbers) -> Diagnosis | None:
    """Two misconceptions together, where just one pair explains all answers."""
    pairs = _pairs_about(_One(items[0]), tuple(beliefs(items)))
    fit = (
        both for both, answer in pairs if items[0].accepts(given[0], answer)
    )  # few do, so the rest is quick
    found = [both for both in fit if (answers := _answers(items, both)) and _same(items, given, answers)]
    if len(found) != 1:
        return None
    first, second = found[0]
    credit = items[0].credit_of(first.id) * items[0].credit_of(second.id)
    message = Message("{first} And: {second}", first=first.message, second=second.message)
    return Diagnosis(f"{first.id}+{second.id}", message, credit)


def _some(items: Sequence[Item], given: Numbers) -> Diagnosis | None:
    right = sum(item.accepts(one, item.answer) for item, one in zip(items, given, strict=True))
    if not right:
        return None
    message = Message(
        "Right for {right} of the {count} inputs that it was tried on, and not for the others.",
        right=right,
        count=len(items),
    )
    return Diagnosis(SOME_RIGHT, message, items[0].credit_of(SOME_RIGHT) * Fraction(right, len(items)))


def _rounded(items: Sequence[Item], given: Numbers) -> Diagnosis | None:
    """A number of which only the first digits are given."""
    return _stands(items, given, partial(rounded, tolerance=items[0].tolerance))


def _roughly(items: Sequence[Item], given: Numbers) -> Diagnosis | None:
    """A number near one that is known."""
    return _stands(items, given, nearly)


def _stands(
    items: Sequence[Item], given: Numbers, find: Callable[[Fraction, Fraction, Answers], Stands | None]
) -> Diagnosis | None:
    """What a single answer stands for: the right one earns no less than what is close to it."""
    if len(items) != 1:
        return None
    held = {name: seen for name, (seen,) in beliefs(items).items()}
    found = find(given[0], items[0].answer, held)
    if found is None:
        return None
    if found.of in held:
        belief = _of_belief(items[0], found.of)
        return replace(belief, message=found.says(belief.message))
    return Diagnosis(found.of, found.says(""), _no_less_than_close(found.of, items[0], given[0]))


def _no_less_than_close(name: str, item: Item, given: Fraction) -> Fraction:
    """The credit of an outcome, or of a number that is as close as this one."""
    return item.credit_of(*earned_by(name, given, item.answer))


def _reexpressed(items: Sequence[Item], given: Numbers) -> Diagnosis | None:
    """The nearest expression in the question's own letters that gives the number; close ones stay close."""
    if len(items) != 1:
        return None
    item = items[0]
    found = reexpress_answer(item.task, given[0], item.tolerance)
    if found is None:
        return None
    credit = _no_less_than_close(REEXPRESSED, item, given[0])
    return Diagnosis(REEXPRESSED, found.message, credit, key=found.key)


def _off(items: Sequence[Item], given: Numbers) -> Diagnosis | None:
    """A single number that is off by a power of ten, by a factor, or by not much."""
    if len(items) != 1:
        return None
    found = off(given[0], items[0].answer)
    return found and Diagnosis(found.of, found.says, _no_less_than_close(found.of, items[0], given[0]))


def _all_close(items: Sequence[Item], given: Numbers) -> Diagnosis | None:
    if not all(map(is_close, given, _right(items))):
        return None
    message = Message(
        "These have the right order of magnitude, but are not the numbers; look for what is missing."
    )
    return Diagnosis(MAGNITUDE, message, items[0].credit_of(MAGNITUDE))


def _unknown(items: Sequence[Item], given: Numbers) -> Diagnosis:
    message = Message(
        "This is not right, and fits no mistake that we know; work through the formula once more."
    )
    far = how_far(given[0], items[0].answer) if len(items) == 1 else ""
    return Diagnosis(UNKNOWN, Joined([message, far]), Fraction(0))
