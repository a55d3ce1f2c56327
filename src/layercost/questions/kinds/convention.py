"""Which convention, or which tool, gives this number? A choice among those that print different numbers.

`among` names conventions and tools; one of them is drawn, its number is `{count}` in the wording, and the
others are offered where their numbers differ from it. Those that give the same number are never offered, nor
a tool that stops at the layer.

    kind = "convention"
    wording.en = "Somebody says that `{layer}` costs {count} on an input of {input}. Who counts so?"
    layer = "Conv2d(3, maps, kernel_size=3)"
    input = [3, 32, 32]
    draw.maps = { from = 8, to = 64 }
    among = ["textbook", "macs", "everything", "fvcore", "thop"]
    credit.other-convention = 0
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from layercost.convention import Convention, Quantity, UnknownNameError
from layercost.counters import count, counter_named
from layercost.counting import CounterError
from layercost.message import Message, Words
from layercost.misconception import Task
from layercost.questions.draw import Drawn, QuestionError, chance
from layercost.questions.explain import OTHER_CONVENTION, Diagnosis
from layercost.questions.kind import Field, Line, Option, Wrong, kind
from layercost.questions.kinds.compute import Question, Variant
from layercost.questions.kinds.shared import (
    SUBJECT,
    DrawnTemplate,
    Kept,
    amount,
    chosen,
    inner,
    opening,
    options_in_order,
    right,
    written,
)
from layercost.questions.task import derivation

AT_LEAST = 3  # options, the right one among them


class Printed(NamedTuple):
    """What one convention or tool gives."""

    name: str
    number: int
    unit: str
    counts: Words

    @property
    def said(self) -> Message:
        """The number with its source."""
        return Message(
            "{name} gives {number}: {counts}.", name=self.name, number=amount(self.number), counts=self.counts
        )


@dataclass(frozen=True)
class WhoCounts(DrawnTemplate):
    """A number, and the question who counts so."""

    kind: ClassVar[str] = "convention"
    subject: Question
    among: tuple[str, ...]

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The question with these numbers."""
        return Who(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layer as it is written, and who is offered."""
        return ((written(self.subject), ", ".join(self.among), self.kind),)


@dataclass(frozen=True)
class Who(Kept):
    """The question with its layer, and with one who counts."""

    drawn: WhoCounts

    @cached_property
    def variant(self) -> Variant:
        """The layer and its input."""
        return self.drawn.subject.variant(self.numbers)

    @cached_property
    def printed(self) -> dict[str, Printed]:
        """What each gives, without those that give no number here."""
        found = (self._printed(name) for name in self.drawn.among)
        return {one.name: one for one in found if one is not None}

    def _printed(self, name: str) -> Printed | None:
        counter = counter_named(name)
        variant = self.variant
        try:
            counted = count(variant.layer, Quantity.FLOPS, variant.input_shape, counter, batch=variant.batch)
        except CounterError:
            return None
        if counted.at_least:
            return None
        return Printed(counter.name, counted.total, counter.unit, counter.counts)

    @cached_property
    def answer(self) -> Printed:
        """Who counts so: the drawn one."""
        if not self.printed:
            raise QuestionError(f"none of {', '.join(self.drawn.among)} gives a number here")
        names = list(self.printed)
        return self.printed[names[chance(self.pick, "who counts", len(names))]]

    @cached_property
    def others(self) -> tuple[Printed, ...]:
        """Those who give another number."""
        return tuple(one for one in self.printed.values() if one.number != self.answer.number)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """A choice among them."""
        options = [Option(one.name, one.name) for one in (self.answer, *self.others)]
        return (Field("who", "choice", options=options_in_order(options, self.pick)),)

    def known(self) -> dict[str, object]:
        """The number besides what is drawn."""
        layer = {"layer": self.variant.layer, "input": self.variant.input_shape}
        return {**self.numbers, **layer, "count": self.answer.number}

    def besides(self) -> Sequence[Words]:
        """The batch, where it is not one input."""
        if self.variant.batch == 1:
            return ()
        return (Message("The batch is {batch} inputs.", batch=self.variant.batch),)

    def clashes(self) -> list[str]:
        """Too few who give another number."""
        if len(self.others) + 1 < AT_LEAST:
            return [f"fewer than {AT_LEAST} of {', '.join(self.drawn.among)} give different numbers"]
        return []

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """Whether the one chosen gives the number, and what it gives otherwise."""
        given = chosen(raw, self.field(field).options)
        if isinstance(given, Diagnosis):
            return given
        one = self.printed[given]
        if one.number == self.answer.number:
            return right(one.said)
        return self.judged(OTHER_CONVENTION, one.said)

    def answers(self) -> dict[str, str]:
        """The one that was drawn."""
        return {"who": self.answer.name}

    def wrong(self) -> list[Wrong]:
        """All others, each with its own number."""
        return [Wrong("who", one.name, self.diagnose(one.name)) for one in self.others]

    def hint(self) -> Words:
        """Where to begin."""
        return Message("Count the multiply-accumulates first, then ask what each adds or leaves out.")

    def solution(self) -> list[Line]:
        """The derivation of conventions, and what each tool gives."""
        return [self._line(one) for one in (self.answer, *self.others)]

    def _line(self, one: Printed) -> Line:
        counter = counter_named(one.name)
        if not isinstance(counter, Convention):
            return Line(one.said)
        variant = self.variant
        task = Task(variant.layer, Quantity.FLOPS, variant.input_shape, counter, batch=variant.batch)
        return Line(one.said, derivation(task), one.unit)


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("convention")
def read(owner: str, data: Mapping[str, Any]) -> WhoCounts:
    """Reads a question who counts so."""
    keys = (*SUBJECT, "among")
    kept = opening(owner, data, keys, ("among",), ("layer", "input", "count"))
    among = data["among"]
    if not isinstance(among, list) or len(among) < AT_LEAST:
        raise QuestionError(
            f"{owner}: `among` is a list of {AT_LEAST} conventions and tools or more, but got {among!r}"
        )
    for text in kept["wording"].values():
        if "{count}" not in text:
            raise QuestionError(f"{owner}: the wording tells the number as {{count}}, but got {text!r}")
    try:
        names = tuple(counter_named(name).name for name in among)
    except UnknownNameError as error:
        raise QuestionError(f"{owner}: {error}") from None
    return WhoCounts(**kept, subject=inner(owner, data, [{"quantity": "flops"}]), among=names)
