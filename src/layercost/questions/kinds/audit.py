"""Audit a published figure: which reading, or which mistake, gives the number that was printed?

Each option is a count: of the question's own layers or of others, of a quantity by a convention, in a unit,
or as somebody with a misconception counts. `published` is the figure as it was printed, with its decimals,
in units of `scale`; one option must give it, rounded or cut off, and no other. Without `published` the right
option is drawn, and its number is told.

    kind = "audit"
    wording.en = "A lecture gives {count} for `{layer}` on an input of {input}. What does it count?"
    layer = "Linear(300, 100)"
    input = [300]
    published = "30000"
    option = [
        { id = "macs", quantity = "macs", wording.en = "its MACs" },
        { id = "flops", quantity = "flops", wording.en = "its FLOPs by the convention textbook" },
        { id = "no-bias", quantity = "parameters", misconception = "one-bias",
          wording.en = "its parameters, with one bias for all outputs" },
    ]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from layercost.message import Joined, Message, Words
from layercost.misconception import MISCONCEPTIONS, Task
from layercost.questions.draw import Drawn, QuestionError, chance, known_keys
from layercost.questions.explain import OTHER_CONVENTION, Diagnosis
from layercost.questions.item import Item
from layercost.questions.kind import Field, Line, Option, Wrong, kind
from layercost.questions.kinds.compute import Question, Variant
from layercost.questions.kinds.shared import (
    SUBJECT,
    DrawnTemplate,
    Kept,
    amount,
    chosen,
    inner,
    known_misconceptions,
    needs_text,
    opening,
    options_in_order,
    right,
    tables,
    worded,
    written,
)
from layercost.questions.task import believed, derivation, number

FIELD = "reading"
_ASKED = ("quantity", "unit", "dtype")
_OPTION = ("id", "wording", "convention", "misconception", *_ASKED, *SUBJECT)


@dataclass(frozen=True)
class Choice:
    """A way to come by the number: what is counted of what, and with which mistake, if any."""

    id: str
    wording: Mapping[str, str]
    subject: Question
    misconception: str


@dataclass(frozen=True)
class Counted:
    """A choice with its numbers drawn."""

    choice: Choice
    variant: Variant
    words: str

    @cached_property
    def item(self) -> Item:
        """What would be counted without a mistake."""
        return self.variant.item()

    @cached_property
    def task(self) -> Task:
        """What is counted; raises QuestionError for a mistake that nobody can make here."""
        if not self.choice.misconception:
            return self.item.task
        seen = believed(self.item.task, MISCONCEPTIONS[self.choice.misconception])
        if seen is None:
            raise QuestionError(f"{self.choice.misconception!r} changes nothing in option {self.choice.id!r}")
        return seen

    @cached_property
    def number(self) -> Fraction:
        """What it comes to, in its unit."""
        return number(self.task)

    @property
    def said(self) -> Words:
        """What it comes to and how it is counted, or what is believed."""
        name = self.choice.misconception
        why = MISCONCEPTIONS[name].message if name else self.item.stated.convention
        comes = Message(
            "{what}: that is {number}.", what=self.words, number=amount(self.number, self.item.stated.unit)
        )
        return Joined([comes, why])


@dataclass(frozen=True)
class Audit(DrawnTemplate):
    """A published figure, and the ways to come by it."""

    kind: ClassVar[str] = "audit"
    subject: Question
    options: tuple[Choice, ...]
    published: str
    scale: int

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The figure with these numbers."""
        return Audited(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layers as they are written, the figure and the options."""
        asked = ", ".join((self.published, *(one.id for one in self.options)))
        return ((written(self.subject), asked, self.kind),)

    def prints(self, found: Fraction) -> bool:
        """Whether a number is the published one, rounded or cut off after its last decimal."""
        unit = Fraction(1, 10 ** len(self.published.partition(".")[2]))
        return -unit / 2 <= found / self.scale - Fraction(self.published) < unit


@dataclass(frozen=True)
class Audited(Kept):
    """The figure with its numbers."""

    drawn: Audit

    @cached_property
    def variant(self) -> Variant:
        """The layers of the question and their input."""
        return self.drawn.subject.variant(self.numbers)

    @cached_property
    def counted(self) -> dict[str, Counted]:
        """Every option with its number."""
        found = ((one, one.subject.variant(self.numbers)) for one in self.drawn.options)
        return {
            one.id: Counted(one, variant, worded(one.wording, self.known_of(variant)))
            for one, variant in found
        }

    def known_of(self, variant: Variant) -> dict[str, object]:
        """The drawn numbers, and the layers and the input of an option."""
        return {**self.numbers, "layer": variant.layer, "input": variant.input_shape}

    @cached_property
    def answer(self) -> Counted:
        """The option that gives the figure."""
        if not self.drawn.published:
            names = list(self.counted)
            return self.counted[names[chance(self.pick, "who is right", len(names))]]
        for one in self.counted.values():
            if self.drawn.prints(one.number):
                return one
        given = ", ".join(f"{name} {amount(one.number)}" for name, one in self.counted.items())
        raise QuestionError(f"no option gives the published {self.drawn.published}; there are {given}")

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """A choice among the options."""
        options = [Option(name, one.words) for name, one in self.counted.items()]
        return (Field(FIELD, "choice", options=options_in_order(options, self.pick)),)

    def known(self) -> dict[str, object]:
        """The figure besides what is drawn."""
        count: object = self.drawn.published or str(amount(self.answer.number))
        if str(count).isdecimal():
            count = int(str(count))  # which is told with its digits in groups
        return {**self.known_of(self.variant), "count": count}

    def clashes(self) -> list[str]:
        """Options that give the figure as well."""
        answer = self.answer
        others = [one for one in self.counted.values() if one is not answer]
        return [
            f"{answer.choice.id!r} and {one.choice.id!r} both give the figure"
            for one in others
            if one.number == answer.number or (self.drawn.published and self.drawn.prints(one.number))
        ]

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """Whether the option gives the figure, and what it comes to otherwise."""
        given = chosen(raw, self.field(field).options)
        if isinstance(given, Diagnosis):
            return given
        one = self.counted[given]
        if one is self.answer:
            return right(one.said)
        return self.judged(one.choice.misconception or OTHER_CONVENTION, one.said)

    def answers(self) -> dict[str, str]:
        """The option that gives the figure."""
        return {FIELD: self.answer.choice.id}

    def wrong(self) -> list[Wrong]:
        """All others, each with its own number."""
        others = [name for name, one in self.counted.items() if one is not self.answer]
        return [Wrong(FIELD, name, self.diagnose(name)) for name in others]

    def hint(self) -> Words:
        """Where to begin."""
        return Message("Work out what each option comes to, and compare it with the figure.")

    def solution(self) -> list[Line]:
        """What each option comes to, the right one first."""
        others = [one for one in self.counted.values() if one is not self.answer]
        return [Line(one.said, derivation(one.task)) for one in (self.answer, *others)]


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("audit")
def read(owner: str, data: Mapping[str, Any]) -> Audit:
    """Reads a published figure and its options."""
    keys = (*SUBJECT, "option", "published", "scale")
    kept = opening(owner, data, keys, ("option",), ("layer", "input", "count"))
    for text in kept["wording"].values():
        if "{count}" not in text:
            raise QuestionError(f"{owner}: the wording tells the figure as {{count}}, but got {text!r}")
    options = tuple(_option(owner, data, one) for one in tables(owner, data, "option", 3, 8))
    if len({one.id for one in options}) < len(options):
        raise QuestionError(f"{owner}: each option needs an `id` of its own")
    subject = inner(owner, data, [{"quantity": "parameters"}])
    return Audit(**kept, subject=subject, options=options, published=_published(owner, data),
                 scale=_scale(owner, data))  # fmt: skip


def _option(owner: str, data: Mapping[str, Any], option: Mapping[str, Any]) -> Choice:
    known_keys(owner, option, _OPTION)
    name = option.get("id")
    if not isinstance(name, str) or not name:
        raise QuestionError(f"{owner}: an option needs an `id`, which is what one answers, but got {name!r}")
    things = ("layer", "layers", "network")
    hidden = things if any(thing in option for thing in things) else ()
    seen = {key: value for key, value in data.items() if key not in hidden}
    told = {key: value for key, value in option.items() if key in (*SUBJECT, "convention")}
    ask = {key: option[key] for key in _ASKED if key in option}
    mistake = option.get("misconception", "")
    if mistake:
        known_misconceptions(owner, [mistake])
    wording = needs_text(owner, option.get("wording"), dict(data.get("draw", {})), ("layer", "input"))
    return Choice(name, wording, inner(owner, {**seen, **told}, [ask]), mistake)


def _published(owner: str, data: Mapping[str, Any]) -> str:
    """The figure as it was printed; empty where it is drawn."""
    published = data.get("published", "")
    try:
        if isinstance(published, str) and (not published or Fraction(published) > 0):
            return published
    except (ValueError, ZeroDivisionError):
        pass
    raise QuestionError(
        f"{owner}: `published` is the figure as it was printed, such as '61.7', but got {published!r}"
    )


def _scale(owner: str, data: Mapping[str, Any]) -> int:
    """What one of the published figure stands for: 1000000 where millions were printed."""
    scale = data.get("scale", 1)
    if isinstance(scale, bool) or not isinstance(scale, int) or scale < 1:
        raise QuestionError(f"{owner}: `scale` is a whole number, such as 1000000, but got {scale!r}")
    return scale
