"""Find the mistake in a published derivation: the line where it is, and the number that is right.

The derivation is the layer's own, with one line of somebody who holds a misconception. Of a single layer the
lines are readings that `lines` names, the last one being what is asked; of a network they are its layers, and
the total below them. Which misconception it is, and in which layer, is drawn among those that change exactly
one line on its own; `mistakes` may name those that are wanted.

    kind = "mistake"
    wording.en = "A blog post counts the MACs of `{layer}` on an input of {input}:"
    layer = "Conv2d(3, maps, kernel_size=5)"
    input = [3, 32, 32]
    draw.maps = { from = 8, to = 64 }
    lines = ["output_height", "dot_length", "dot_count", "macs"]
    mistakes = ["kernel-not-squared", "one-filter"]
    number = true
    credit.carried-on = 0.5
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from layercost.convention import Quantity
from layercost.expression import TEXT, Constant, Definition, Expression, Sum, defining, equation
from layercost.layers import Sequential
from layercost.message import Joined, Message, Words
from layercost.misconception import MISCONCEPTIONS, Task
from layercost.questions.draw import Drawn, QuestionError, chance
from layercost.questions.explain import Diagnosis
from layercost.questions.item import Item
from layercost.questions.kind import Field, Line, Option, Wrong, derived, kind
from layercost.questions.kinds.compute import Question, Variant
from layercost.questions.kinds.readings import Reading, check_reading
from layercost.questions.kinds.shared import (
    SUBJECT,
    DrawnTemplate,
    Kept,
    amount,
    chosen,
    inner,
    known_misconceptions,
    number_diagnosis,
    opening,
    right,
    unseen,
    whole_answer,
    written,
    wrong_numbers,
)
from layercost.questions.task import MEASURES, believed, derivation, number
from layercost.shape import Shape

RIGHT_LINE, CARRIED_ON = "right-line", "carried-on"
LINE, NUMBER = "line", "number"


class Written(NamedTuple):
    """A line of a derivation: what it counts, how, and what it comes to."""

    words: Words
    formula: Expression
    unit: str

    @property
    def text(self) -> str:
        """The formula with its numbers and its total."""
        if isinstance(self.formula, Definition):
            return defining(self.formula, TEXT)
        return equation(self.formula, TEXT)


class Slip(NamedTuple):
    """A misconception, the line in which it first shows, and the derivation as it was published."""

    misconception: str
    line: int
    lines: tuple[Written, ...]


@dataclass(frozen=True)
class Mistaken(DrawnTemplate):
    """A derivation with a mistake in it."""

    kind: ClassVar[str] = "mistake"
    subject: Question
    lines: tuple[str, ...]
    mistakes: tuple[str, ...]
    asks_number: bool

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The derivation with these numbers."""
        return Published(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layers as they are written, and what is derived."""
        asked = " ".join((*self.lines, self.subject.asks[0].measure.value))
        return ((written(self.subject), asked, self.kind),)


@dataclass(frozen=True)
class Published(Kept):
    """The derivation with its numbers and its mistake."""

    drawn: Mistaken

    @cached_property
    def variant(self) -> Variant:
        """The layer and its input."""
        return self.drawn.subject.variant(self.numbers)

    @cached_property
    def item(self) -> Item:
        """What the derivation counts."""
        return replace(self.variant.item(), credit=self.drawn.credit)

    @cached_property
    def right_lines(self) -> tuple[Written, ...]:
        """The derivation as it should be."""
        return self._of_network({}) if self._is_network else self._of_layer("")

    @property
    def _is_network(self) -> bool:
        return isinstance(self.variant.layer, Sequential)

    @cached_property
    def slips(self) -> tuple[Slip, ...]:
        """The mistakes that can be made here, each of which first shows in one line."""
        found = self._slips_of_network() if self._is_network else self._slips_of_layer()
        return tuple(
            slip for slip in found if slip.lines[-1].formula.value != self.right_lines[-1].formula.value
        )

    # ---- of one layer: readings, of which the last is what is asked

    def _of_layer(self, misconception: str) -> tuple[Written, ...]:
        lines = []
        for name in self.drawn.lines:
            plain = Reading(name, self.item.task)
            seen = plain.seen(misconception) if misconception else None
            lines.append(Written(plain.words, (seen or plain).formula, plain.unit))
        return tuple(lines)

    def _slips_of_layer(self) -> Iterator[Slip]:
        for name in self.drawn.mistakes:
            lines = self._of_layer(name)
            changed = _changed(self.right_lines, lines)
            if changed and changed[0] < len(lines):
                yield Slip(name, changed[0], lines)

    # ---- of a network: its layers, and the total

    @cached_property
    def _parts(self) -> dict[str, Task]:
        """What each layer is asked that has a part in the total."""
        task = self.item.task
        found = {
            call.path: replace(task, layer=call.layer, input_shape=call.input_shape)
            for call in self.variant.layer.calls(self.variant.input_shape)
        }
        return {path: part for path, part in found.items() if number(part)}

    def _of_network(self, seen: Mapping[str, Task]) -> tuple[Written, ...]:
        unit = self.item.stated.unit
        parts = {**self._parts, **seen}
        lines = [Written(path, derivation(part), unit) for path, part in parts.items()]
        numbers = [Constant(line.formula.value) for line in lines]
        total = Sum(tuple(numbers)) if len(numbers) > 1 else numbers[0]
        return (*lines, Written(Message("the total"), total, unit))

    def _slips_of_network(self) -> Iterator[Slip]:
        for place, (path, part) in enumerate(self._parts.items()):
            for name in self.drawn.mistakes:
                seen = believed(part, MISCONCEPTIONS[name])
                if seen is None or seen.measure is not part.measure or not _gives_the_same(part, seen):
                    continue
                lines = self._of_network({path: seen})
                if _changed(self.right_lines, lines)[:1] == [place]:
                    yield Slip(name, place, lines)

    # ---- the question

    @cached_property
    def slip(self) -> Slip:
        """The mistake that was drawn."""
        if not self.slips:
            raise QuestionError("none of the misconceptions changes one line of this derivation")
        names = list(dict.fromkeys(slip.misconception for slip in self.slips))
        name = names[chance(self.pick, "misconception", len(names))]
        among = [slip for slip in self.slips if slip.misconception == name]
        return among[chance(self.pick, "place", len(among))]

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The line, and the number where it is asked for."""
        options = tuple(
            Option(str(place), Message("line {number}", number=place)) for place in self._places()
        )
        line = Field(LINE, "choice", Message("In which line is the mistake?"), options=options)
        if not self.drawn.asks_number:
            return (line,)
        asked = Message("What is right in the last line?")
        return (line, Field(NUMBER, "number", asked, self.item.stated.unit))

    def _places(self) -> range:
        return range(1, len(self.slip.lines) + 1)

    def known(self) -> dict[str, object]:
        """What is drawn, the layer and its input."""
        return {**self.numbers, "layer": self.variant.layer, "input": self.variant.input_shape}

    def besides(self) -> Sequence[Words]:
        """The convention of the count."""
        return (self.item.stated.convention,)

    def also_told(self) -> Sequence[Words]:
        """What each line counts."""
        return [line.words for line in self.slip.lines]

    def put_together(self, asked: str, besides: Sequence[Words]) -> str:
        """The question, the derivation line by line, and its convention."""
        lines = [f"{place}. {line.words}: `{line.text}`" for place, line in enumerate(self.slip.lines, 1)]
        return "\n\n".join([asked, "\n".join(lines), str(Joined(besides))])

    def clashes(self) -> list[str]:
        """No line that is wrong by itself, or a belief that would give the right number."""
        _ = self.slip
        return unseen([self.item]) if self.drawn.asks_number else []

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """Whether this is the line, or the number."""
        if self.field(field).id == NUMBER:
            given = whole_answer(raw, self.item.stated.unit)
            return given if isinstance(given, Diagnosis) else self._judged(given)
        name = chosen(raw, self.field(LINE).options)
        return name if isinstance(name, Diagnosis) else self._of_line(int(name) - 1)

    def _of_line(self, place: int) -> Diagnosis:
        if place == self.slip.line:
            return right(self._told_to_its_author)
        if place in _changed(self.right_lines, self.slip.lines):
            message = Message(
                "Line {number} is not right, but it only goes on with what an earlier line says.",
                number=place + 1,
            )
            return self.judged(CARRIED_ON, message)
        message = Message("Line {number} is right; work it out and compare.", number=place + 1)
        return self.judged(RIGHT_LINE, message)

    @cached_property
    def _known_wrong(self) -> list[Wrong]:
        """What misconceptions give in the last line."""
        return wrong_numbers(NUMBER, self.item)

    @property
    def _told_to_its_author(self) -> Message:
        """The misconception's own sentence speaks to the one who holds it."""
        told = MISCONCEPTIONS[self.slip.misconception].message
        return Message("To its author one would say: {told}", told=told)

    def _judged(self, given: int) -> Diagnosis:
        if given == self.slip.lines[-1].formula.value:
            message = Message("This is the number as it was published, with its mistake.")
            return self.judged(self.slip.misconception, Joined([message, self._told_to_its_author]))
        return number_diagnosis(self.item, self._known_wrong, given)

    def answers(self) -> dict[str, str]:
        """The line, and the right number."""
        found = {LINE: str(self.slip.line + 1)}
        if self.drawn.asks_number:
            found[NUMBER] = str(int(self.item.answer))
        return found

    def wrong(self) -> list[Wrong]:
        """All other lines, the published number, and what misconceptions give."""
        places = [place for place in range(len(self.slip.lines)) if place != self.slip.line]
        found = [Wrong(LINE, str(place + 1), self._of_line(place)) for place in places]
        if not self.drawn.asks_number:
            return found
        published = self.slip.lines[-1].formula.value
        others = [one for one in self._known_wrong if one.answer != str(published)]
        return [*found, Wrong(NUMBER, str(published), self._judged(published)), *others]

    def hint(self) -> Words:
        """Where to begin."""
        return Message("Check each line from the top; the first one that is wrong is the one.")

    def solution(self) -> list[Line]:
        """The mistake in words, and the derivation as it should be."""
        said = Message(
            "The mistake is in line {number}: {words}, which comes to {right} and not to {wrong}.",
            number=self.slip.line + 1,
            words=self.slip.lines[self.slip.line].words,
            right=amount(self.right_lines[self.slip.line].formula.value),
            wrong=amount(self.slip.lines[self.slip.line].formula.value),
        )
        worked = derived((one.words, one.formula, one.unit) for one in self.right_lines)
        return [Line(said), Line(self._told_to_its_author), *worked]


def _changed(right_lines: Sequence[Written], lines: Sequence[Written]) -> list[int]:
    """The lines that come to another number."""
    pairs = enumerate(zip(right_lines, lines, strict=True))
    return [place for place, (one, other) in pairs if one.formula.value != other.formula.value]


def _gives_the_same(part: Task, seen: Task) -> bool:
    """Whether the layer as it is seen gives an output of the same shape, so that what follows stays right."""
    shape = part.input_shape
    return isinstance(shape, Shape) and seen.layer.output_shape(shape) == part.layer.output_shape(shape)


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("mistake")
def read(owner: str, data: Mapping[str, Any]) -> Mistaken:
    """Reads a derivation in which a mistake is to be found."""
    keys = (*SUBJECT, "convention", "without", "quantity", "lines", "mistakes", "number")
    kept = opening(owner, data, keys, (), ("layer", "input"), (RIGHT_LINE, CARRIED_ON))
    lines = _lines(owner, data)
    mistakes = known_misconceptions(owner, data.get("mistakes", list(MISCONCEPTIONS)))
    asks = data.get("number", True)
    if not isinstance(asks, bool):
        raise QuestionError(f"{owner}: `number` is true or false, but got {asks!r}")
    asked = {"quantity": lines[-1] if lines else data.get("quantity", "")}
    return Mistaken(**kept, subject=inner(owner, data, [asked]), lines=lines, mistakes=mistakes,
                    asks_number=asks)  # fmt: skip


def _lines(owner: str, data: Mapping[str, Any]) -> tuple[str, ...]:
    """The readings of a single layer; none of a network, whose lines are its layers."""
    if "layer" not in data:
        if "lines" in data or "quantity" not in data:
            raise QuestionError(
                f"{owner}: the lines of a network are its layers; give `quantity`, and no `lines`"
            )
        return ()
    lines = data.get("lines")
    if not isinstance(lines, list) or len(lines) < 3 or "quantity" in data:
        raise QuestionError(
            f"{owner}: `lines` names three readings of the layer or more, the last of which is counted, "
            f"but got {lines!r}"
        )
    checked = tuple(check_reading(owner, name) for name in lines)
    if checked[-1] not in MEASURES or not isinstance(MEASURES[checked[-1]], Quantity):
        raise QuestionError(f"{owner}: the last line is a quantity such as 'macs', but got {checked[-1]!r}")
    return checked
