"""A worked example with steps left out: later steps follow from the student's own earlier ones.

The steps are read off one layer, each by name: a measure such as ``weights`` or ``macs``, or one of
``output_height``, ``output_width``, ``output_features``, ``dot_length``, ``dot_count``. A measure may be of a
`part` of the layer, as ``scores+context`` of an attention.
A step that is `given` stands in the text with its number; the others are blank fields. `follows` says how a
step comes from earlier ones, as arithmetic on their ids and on drawn names; it is checked against the count.

    kind = "steps"
    layer = "Conv2d(3, maps, kernel_size=k)"
    input = [3, 32, 32]
    draw.maps = { from = 8, to = 64 }
    draw.k = [3, 5]
    step = [
        { id = "height", read = "output_height", wording.en = "the height of the output" },
        { id = "length", read = "dot_length", wording.en = "the length of one dot product", given = true },
        { id = "dots", read = "dot_count", wording.en = "the dot products",
          follows = "maps*height*height" },
        { id = "macs", read = "macs", wording.en = "the MACs", follows = "length*dots" },
    ]
    credit.forgot-padding = 0.5
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from layercost.arithmetic import Unworkable
from layercost.message import Joined, Message, Words
from layercost.misconception import MISCONCEPTIONS, Size, Task
from layercost.questions.carrying import Own, check_follows, follows, names_in, with_carried
from layercost.questions.draw import Drawn, QuestionError, known_keys
from layercost.questions.explain import OTHER_CONVENTION, Diagnosis
from layercost.questions.kind import Field, Line, Wrong, derived, kind
from layercost.questions.kinds.compute import Question, Variant
from layercost.questions.kinds.readings import Reading, check_reading
from layercost.questions.kinds.shared import (
    RIGHT_ANSWER,
    SUBJECT,
    DrawnTemplate,
    Kept,
    amount,
    inner,
    needs_text,
    opening,
    tables,
    whole_answer,
    worded,
    written,
)

BLANK = "…"


@dataclass(frozen=True)
class Step:
    """One line of the example: what is read off the layer, and how it follows from earlier lines."""

    id: str
    read: str
    wording: Mapping[str, str]
    given: bool
    follows: str
    part: str = ""


@dataclass(frozen=True)
class Steps(DrawnTemplate):
    """A worked example of one layer, with steps left out."""

    kind: ClassVar[str] = "steps"
    subject: Question
    steps: tuple[Step, ...]

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The example with these numbers."""
        return Worked(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layer as it is written, and what is left out."""
        blank = ", ".join(step.read for step in self.steps if not step.given)
        return ((written(self.subject), blank, self.kind),)


@dataclass(frozen=True)
class Worked(Kept):
    """The example with its numbers."""

    drawn: Steps

    @cached_property
    def variant(self) -> Variant:
        """The layer and its input."""
        return self.drawn.subject.variant(self.numbers)

    @cached_property
    def readings(self) -> dict[str, Reading]:
        """What is right in each step."""
        variant = self.variant
        task = Task(
            variant.layer,
            Size.OUTPUT_SIZE,
            variant.input_shape,
            self.drawn.subject.convention,
            batch=variant.batch,
            cached=variant.cached,
        )
        return {step.id: Reading(step.read, replace(task, part=step.part)) for step in self.drawn.steps}

    @property
    def blanks(self) -> tuple[Step, ...]:
        """The steps that are left out."""
        return tuple(step for step in self.drawn.steps if not step.given)

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """A number for each step that is left out."""
        return tuple(
            Field(step.id, "number", self._words(step), self.readings[step.id].unit) for step in self.blanks
        )

    def known(self) -> dict[str, object]:
        """The drawn numbers, the layer and its input."""
        return {**self.numbers, "layer": self.variant.layer, "input": self.variant.input_shape}

    def besides(self) -> Sequence[Words]:
        """How each step is counted."""
        return list(dict.fromkeys(one.convention for one in self.readings.values()))

    def speaks(self, language: str) -> bool:
        """English alone, as the steps are told in their author's English."""
        return language == "en"

    def put_together(self, asked: str, besides: Sequence[Words]) -> str:
        """The question, the example line by line with blanks, and the conventions."""
        lines = [f"{place}. {self._line(step)}" for place, step in enumerate(self.drawn.steps, 1)]
        return "\n\n".join([asked, "\n".join(lines), str(Joined(besides))])

    def clashes(self) -> list[str]:
        """Formulas that do not give the count, and beliefs that give the right number."""
        right = {name: one.value for name, one in self.readings.items()}
        changes: dict[str, bool] = {}
        for reading in (self.readings[step.id] for step in self.blanks):
            for name, value in self._believed(reading).items():
                changes[name] = changes.get(name, False) or value != reading.value
        unseen = [f"{name!r} gives the right number" for name, seen in changes.items() if not seen]
        return unseen + [
            f"{step.id!r} does not come from {step.follows!r}: it is {right[step.id]}"
            for step in self.drawn.steps
            if step.follows and self._follows(step, right) != right[step.id]
        ]

    def _words(self, step: Step) -> str:
        return worded(step.wording, self.known())

    def _line(self, step: Step) -> Words:
        number = amount(self.readings[step.id].value) if step.given else BLANK
        return Message("{what}: {number}", what=self._words(step), number=number)

    def _step(self, name: str) -> Step:
        field = self.field(name)
        return next(step for step in self.drawn.steps if step.id == field.id)

    def _follows(self, step: Step, values: Mapping[str, int]) -> int:
        drawn = {name: int(one) for name, one in self.numbers.items() if not isinstance(one, str)}
        try:
            return follows(step.follows, {**drawn, **values})
        except Unworkable as error:
            raise QuestionError(f"question {self.drawn.id!r}, step {step.id!r}: {error}") from None

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """What a number in one step shows, by itself."""
        reading = self.readings[self._step(field).id]
        given = whole_answer(raw, reading.unit)
        return given if isinstance(given, Diagnosis) else self._judged(reading, given)

    def _judged(self, reading: Reading, given: int) -> Diagnosis:
        if given == reading.value:
            return RIGHT_ANSWER
        for name, value in self._believed(reading).items():
            if given == value:
                return self.judged(name, MISCONCEPTIONS[name].message)
        for convention, value in reading.others.items():
            if given == value:
                message = Message(
                    "This is right by the convention {convention}, but another is asked for.",
                    convention=convention,
                )
                return self.judged(OTHER_CONVENTION, Joined([message, reading.convention]))
        return self.off(Fraction(given), Fraction(reading.value), Message("go back one step"))

    def _believed(self, reading: Reading) -> dict[str, int]:
        without = self.drawn.subject.without
        return {name: one for name, one in reading.beliefs.items() if name not in without}

    def mark(self, answers: Mapping[str, object]) -> dict[str, Diagnosis]:
        """Each step by itself, and against what follows from the student's own earlier steps."""
        marks: dict[str, Diagnosis] = {}
        own: dict[str, Own] = {}
        for step in self.drawn.steps:
            reading = self.readings[step.id]
            if step.given:
                own[step.id] = Own(reading.value, reading.value, self._words(step))
                continue
            marks[step.id] = self.diagnose(answers.get(step.id), step.id)
            read = whole_answer(answers.get(step.id), reading.unit)
            if isinstance(read, Diagnosis):
                continue
            used = {name: one for name, one in own.items() if name in names_in(step.follows)}
            if step.follows and len(used) == len(names_in(step.follows) & set(self.readings)):
                marks[step.id] = self._carried(step, marks[step.id], read, used)
            own[step.id] = Own(read, reading.value, self._words(step))
        return marks

    def _carried(self, step: Step, alone: Diagnosis, given: int, own: Mapping[str, Own]) -> Diagnosis:
        drawn = {name: int(one) for name, one in self.numbers.items() if not isinstance(one, str)}
        return with_carried(alone, given, own, lambda values: follows(step.follows, {**drawn, **values}))

    def answers(self) -> dict[str, str]:
        """The right number of each step that is left out."""
        return {step.id: str(self.readings[step.id].value) for step in self.blanks}

    def wrong(self) -> list[Wrong]:
        """What misconceptions and other conventions give in each step, each number once."""
        found: list[Wrong] = []
        for step in self.blanks:
            reading = self.readings[step.id]
            numbers = dict.fromkeys([*self._believed(reading).values(), *reading.others.values()])
            numbers.pop(reading.value, None)
            found += [Wrong(step.id, str(one), self._judged(reading, one)) for one in numbers]
        return found

    def hint(self) -> Words:
        """Where to begin."""
        return Message("Go line by line: each line uses what stands above it.")

    def solution(self) -> list[Line]:
        """Every step: what it is, and letters = numbers = total."""
        found = ((step, self.readings[step.id]) for step in self.drawn.steps)
        return derived((self._words(step), one.formula, one.unit) for step, one in found)


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("steps")
def read(owner: str, data: Mapping[str, Any]) -> Steps:
    """Reads a worked example with steps left out."""
    keys = (*SUBJECT, "convention", "without", "step")
    kept = opening(owner, data, keys, ("layer", "input", "step"), ("layer", "input"))
    subject = inner(owner, data, [{"quantity": "output_size"}])
    steps: list[Step] = []
    for one in tables(owner, data, "step", 2, 8):
        steps.append(_step(owner, one, kept["names"], [step.id for step in steps]))
    if all(step.given for step in steps):
        raise QuestionError(f"{owner}: every step is given; leave at least one out")
    return Steps(**kept, subject=subject, steps=tuple(steps))


def _step(owner: str, data: Mapping[str, Any], names: Mapping[str, object], earlier: list[str]) -> Step:
    known_keys(owner, data, ("id", "read", "part", "wording", "given", "follows"))
    name = data.get("id")
    if not isinstance(name, str) or not name.isidentifier() or name in earlier or name in names:
        raise QuestionError(
            f"{owner}: a step needs an `id` of its own that is a plain name, but got {name!r}"
        )
    given = data.get("given", False)
    if not isinstance(given, bool):
        raise QuestionError(f"{owner}: `given` of step {name!r} is true or false, but got {given!r}")
    text = data.get("follows", "")
    if text:
        check_follows(owner, text, [*earlier, *names])
    wording = needs_text(owner, data.get("wording"), names, ("layer", "input"))
    return Step(name, check_reading(owner, data.get("read")), wording, given, text, data.get("part", ""))
