"""Answers in, marks and diagnoses out: pure functions, with a kind sentence for whatever came back.

No message repeats a hidden input, or what a call on a hidden input returned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TypeAlias

from grader.protocol import Mark
from grader.values import Answer, Failure, Value
from layercost.convention import DTYPE_BITS, Quantity
from layercost.message import Joined, Message, Words, listing
from layercost.questions import (
    MALFORMED,
    RIGHT,
    SOME_RIGHT,
    Diagnosis,
    Item,
    Malformed,
    Posed,
    Variant,
    explain,
)  # fmt: skip
from layercost.questions.distance import MAGNITUDE, WRONG_FACTOR, WRONG_POWER
from layercost.questions.explain import REEXPRESSED, UNKNOWN

UNEXPLAINED = (UNKNOWN, MAGNITUDE, WRONG_FACTOR, WRONG_POWER, REEXPRESSED)
NO_ANSWER, CARRIED, MANUAL = "no-answer", "carried-forward", "manual"
NOT_WRITTEN = Message("There is no answer here yet.")
NOTHING = Fraction(0)
OF_ENTRIES = Message("{names}: {message}")  # what is said of some of a cell's numbers


def by_hand(points: float) -> Mark:
    """The mark of what a person reads."""
    return Mark(0.0, points, MANUAL, Message("A person reads and marks this answer."), needs_manual=True)


def marked(points: float, share: Fraction, diagnosis: str, message: Words) -> Mark:
    """A share of the points, in hundredths, never more than all of them and never less than none."""
    earned = round(float(Fraction(str(points)) * min(max(share, NOTHING), Fraction(1))), 2)
    return Mark(min(max(earned, 0.0), points), points, diagnosis, message)


def not_answered(failure: Failure) -> Diagnosis:
    """What a failure shows: not written yet, or what went wrong."""
    if failure.kind == "missing":
        return Diagnosis(NO_ANSWER, failure.text, NOTHING)
    if failure.kind == "error" and "NotImplementedError" in str(failure.text):  # as the release has it
        return Diagnosis(NO_ANSWER, NOT_WRITTEN, NOTHING)
    return Diagnosis(failure.kind, failure.text, NOTHING)


def malformed(why: Malformed) -> Diagnosis:
    """What something that is no number shows."""
    return Diagnosis(NO_ANSWER if why.is_empty else MALFORMED, why.message, NOTHING)


# ---- functions ----------------------------------------------------------------------------------


def score_function(points: float, name: str, variants: Sequence[Variant], answers: Sequence[Answer]) -> Mark:
    """The mark of a function that was tried on the inputs of `variants`."""
    if len(answers) != len(variants):
        return marked(
            points, NOTHING, NO_ANSWER, Message("There is no `{name}` in your notebook.", name=name)
        )
    read = [_returned(name, variant, answer) for variant, answer in zip(variants, answers, strict=True)]
    numbers = [value for value in read if isinstance(value, Fraction)]
    if len(numbers) == len(read):
        found = explain([variant.item() for variant in variants], numbers)
    else:
        found = _partly_answered(variants, read)
    return marked(points, found.credit, found.id, found.message)


def _returned(name: str, variant: Variant, answer: Answer) -> Fraction | Diagnosis:
    """One returned number, or why it is none."""
    if isinstance(answer, Failure):
        return not_answered(answer)
    if answer.value is None:
        return Diagnosis(
            NO_ANSWER, Message("`{name}` gave back nothing; let it end with `return`.", name=name), NOTHING
        )
    if isinstance(answer.value, str):
        return Diagnosis(
            MALFORMED, Message("`{name}` gave back a text; return the number itself.", name=name), NOTHING
        )
    value = variant.item().parse(answer.value)
    if isinstance(value, Malformed):
        return Diagnosis(
            MALFORMED, Message("`{name}` gave back something other than a whole number.", name=name), NOTHING
        )
    return value.value


def _partly_answered(variants: Sequence[Variant], read: Sequence[Fraction | Diagnosis]) -> Diagnosis:
    """Why some calls gave no number; those that were right still earn their share."""
    failures = [value for value in read if isinstance(value, Diagnosis)]
    first = next((failure for failure in failures if failure.id != "not-run"), failures[0])
    items = [variant.item() for variant in variants]
    right = sum(value == item.answer for item, value in zip(items, read, strict=True))
    if not right:
        return first
    also = Message(
        "It was right for {right} of the {count} inputs that it was tried on.", right=right, count=len(items)
    )
    message = Joined([first.message, also])
    return Diagnosis(first.id, message, items[0].credit_of(SOME_RIGHT) * Fraction(right, len(items)))


# ---- numbers ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Carried:
    """A number that follows from others: their sum, in its own unit. From wrong ones it earns `credit`."""

    sources: tuple[str, ...]
    credit: float


@dataclass(frozen=True)
class Entry:
    """One number that a student gave for an item: the number, or why there is none."""

    item: Item
    value: Fraction | Diagnosis

    @classmethod
    def read_all(
        cls, variant: Variant, name: str, asks: Sequence[str], answer: Answer | None
    ) -> dict[str, Entry]:
        """What the variable `name` holds for each of `asks`: it is one number, or a dictionary of numbers."""
        return {
            ask: cls(variant.item(ask), _given(name, variant.item(ask), len(asks), answer)) for ask in asks
        }

    @property
    def diagnosis(self) -> Diagnosis:
        """What this number shows by itself."""
        return self.value if isinstance(self.value, Diagnosis) else explain([self.item], [self.value])


def _given(name: str, item: Item, asked: int, answer: Answer | None) -> Fraction | Diagnosis:
    if answer is None:
        return Diagnosis(NO_ANSWER, Message("There is no `{name}` in your notebook.", name=name), NOTHING)
    if isinstance(answer, Failure):
        return not_answered(answer)
    return _number(item, answer.value) if asked == 1 else _entry(name, item, answer)


def _entry(name: str, item: Item, answer: Value) -> Fraction | Diagnosis:
    if not isinstance(answer.value, dict):
        return Diagnosis(MALFORMED, _no_dictionary(name), NOTHING)
    if item.id not in answer.value:
        return Diagnosis(NO_ANSWER, Message("`{name}` has no entry {id!r}.", name=name, id=item.id), NOTHING)
    return _number(item, answer.value[item.id])


def _number(item: Item, raw: object) -> Fraction | Diagnosis:
    parsed = item.parse(raw)
    return malformed(parsed) if isinstance(parsed, Malformed) else parsed.value


Elsewhere: TypeAlias = Callable[[Mapping[str, "Entry"]], Diagnosis | None]


def score_numbers(
    points: float,
    given: Mapping[str, Entry],
    others: Mapping[str, Entry],
    carried: Mapping[str, Carried],
    elsewhere: Elsewhere = lambda _: None,
) -> Mark:
    """The mark of a cell with one number or several; each earns the same share of the points.

    `given` are the numbers of this cell, which alone earn its points; `others` are those that the student
    gave in other cells of the same question, from which these may follow. `elsewhere` says for whom numbers
    are right that nothing else explains.
    """
    known = {**others, **given}
    found = {ask: _with_carried(known, ask, carried.get(ask)) for ask in given}
    unexplained = {ask: known[ask] for ask, one in found.items() if one.id in UNEXPLAINED}
    if unexplained and (there := elsewhere(unexplained)) is not None:
        found |= {ask: replace(there, credit=found[ask].credit) for ask in unexplained}
    share = sum((one.credit for one in found.values()), NOTHING) / len(given)
    return marked(points, share, _ids(found), _messages(found))


def _with_carried(own: Mapping[str, Entry], ask: str, rule: Carried | None) -> Diagnosis:
    """What a number shows, where it may also follow from the student's own earlier numbers."""
    found = own[ask].diagnosis
    if rule is None or found.id == RIGHT or not _follows(own, ask, rule):
        return found
    credit = Fraction(str(rule.credit))
    if credit <= found.credit:
        return found
    return Diagnosis(
        CARRIED, Message("This follows from your own numbers, so it costs nothing more."), credit
    )


def _follows(own: Mapping[str, Entry], ask: str, rule: Carried) -> bool:
    """Whether a number is what the student's own numbers give, and these are no blanks or nonsense."""
    entry = own[ask]
    sources = [own[name].value for name in rule.sources if name in own]
    values = [value for value in sources if isinstance(value, Fraction)]
    if isinstance(entry.value, Diagnosis) or len(values) < len(rule.sources):
        return False
    follows = sum(values, NOTHING) * _in_its_unit(entry.item)
    near = follows < 3 * entry.item.answer and entry.item.answer < 3 * follows
    return near and entry.item.accepts(entry.value, follows)


def _in_its_unit(item: Item) -> Fraction:
    """How much one value that is stored or written is in the unit that is asked for."""
    if item.task.measure not in (Quantity.PARAMETER_BYTES, Quantity.ACTIVATION_BYTES):
        return Fraction(1)
    return Fraction(DTYPE_BITS[item.task.dtype], 8 * item.task.unit.size)


# ---- blanks -------------------------------------------------------------------------------------


def score_blanks(points: float, name: str, posed: Posed, answer: Answer | None) -> Mark:
    """The mark of the blanks of a question; each earns the same share of the points."""
    given = filled_in(name, posed, answer)
    if isinstance(given, Diagnosis):
        return marked(points, given.credit, given.id, given.message)
    found = diagnoses(name, posed, given)
    share = sum((one.credit for one in found.values()), NOTHING) / len(found)
    return marked(points, share, _ids(found), _messages(found))


def diagnoses(name: str, posed: Posed, given: Mapping[str, object]) -> dict[str, Diagnosis]:
    """What each blank shows, by itself and by what follows from the others."""
    return {
        field: _blank(name, field) if field not in given else NOT_FILLED if _is_empty(given[field]) else one
        for field, one in posed.mark(given).items()
    }


NOT_FILLED = Diagnosis(NO_ANSWER, NOT_WRITTEN, NOTHING)


def _blank(name: str, field: str) -> Diagnosis:
    return Diagnosis(NO_ANSWER, Message("`{name}` has no entry {id!r}.", name=name, id=field), NOTHING)


def _is_empty(raw: object) -> bool:
    return raw is None or (isinstance(raw, str) and not raw.strip())


def filled_in(name: str, posed: Posed, answer: Answer | None) -> dict[str, object] | Diagnosis:
    """What stands in each blank that was filled, or why nothing does."""
    if answer is None:
        return Diagnosis(NO_ANSWER, Message("There is no `{name}` in your notebook.", name=name), NOTHING)
    if isinstance(answer, Failure):
        return not_answered(answer)
    if len(posed.fields) == 1 and not isinstance(answer.value, dict):
        return {posed.fields[0].id: answer.value}
    if answer.value is None:
        return NOT_FILLED
    if not isinstance(answer.value, dict):
        return Diagnosis(MALFORMED, _no_dictionary(name), NOTHING)
    return answer.value


def _no_dictionary(name: str) -> Message:
    return Message("`{name}` is no dictionary; keep the form that it came in.", name=name)


# ---- what is said of several numbers -------------------------------------------------------------


def _ids(found: Mapping[str, Diagnosis]) -> str:
    """One id for the cell: what went wrong, each once; what only follows from it is not named again."""
    ids = dict.fromkeys(one.id for one in found.values() if one.id != RIGHT)
    wrong = [name for name in ids if name != CARRIED]
    return " ".join(wrong or ids) or RIGHT


def _messages(found: Mapping[str, Diagnosis]) -> Words:
    """One sentence for each thing to say, with the names of the entries that it is about."""
    if len(found) == 1 or len({one.message for one in found.values()}) == 1:
        return next(iter(found.values())).message
    said: dict[Words, list[str]] = {}
    for ask, one in found.items():
        said.setdefault(one.message, []).append(ask)
    return Joined(OF_ENTRIES.filled(names=listing(asks), message=message) for message, asks in said.items())
