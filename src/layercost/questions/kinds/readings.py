"""What can be read off a layer on the way to a count: a side of its output, the dot products behind it.

A reading is a number with its derivation, and it has its believers, as a count has: they see another layer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

from layercost.convention import Quantity, quantity_in_words, unknown
from layercost.expression import Expression, Number, expression
from layercost.facts import Kind, Operation
from layercost.layer import Layer
from layercost.message import Message, Words
from layercost.misconception import MISCONCEPTIONS, Cost, Size, Task
from layercost.questions.costs import COSTS
from layercost.questions.draw import QuestionError
from layercost.questions.item import Item
from layercost.questions.task import MEASURES, believed, derivation, number, other_conventions
from layercost.shape import FLOOR, Shape


def _dots(layer: Layer, shape: Shape) -> Operation:
    """The dot products of one call, in letters; raises QuestionError unless they are of one sort."""
    found = [one for one in layer.derive(shape).operations if one.kind is Kind.DOT]
    if len(found) != 1:
        raise QuestionError(f"{layer!r} has no dot products of one length, so there is none to ask for")
    return found[0]


def _axis(name: str) -> Callable[[Layer, Shape], Number]:
    """The size of the output along the axis of this name."""

    def size(layer: Layer, shape: Shape) -> Number:
        output = layer.symbolic(shape)[2]
        if name not in output.axes:
            axes = ", ".join(output.axes)
            raise QuestionError(f"{layer!r} gives an output with the axes {axes}, without {name}")
        found: Number = output[output.axes.index(name)]
        return found

    return size


# Each with the measure whose misconceptions distort it.
READINGS: dict[str, tuple[Size | Quantity, Callable[[Layer, Shape], Number], Message]] = {
    "output_features": (Size.OUTPUT_SIZE, _axis("F"), Message("the features of the output")),
    "output_height": (Size.OUTPUT_SIZE, _axis("H"), Message("the height of the output")),
    "output_width": (Size.OUTPUT_SIZE, _axis("W"), Message("the width of the output")),
    "dot_length": (
        Quantity.MACS,
        lambda layer, shape: _dots(layer, shape).length,
        Message("the length of one dot product"),
    ),
    "dot_count": (
        Quantity.MACS, lambda layer, shape: _dots(layer, shape).amount, Message("the number of dot products"),
    ),
}  # fmt: skip
SIZES_IN_WORDS: dict[Size, Words] = {
    Size.OUTPUT_SIZE: Message("the side of the output"),
    Size.OUTPUT_CHANNELS: Message("the channels of the output"),
    Size.RECEPTIVE_FIELD: Message("the receptive field"),
    Size.ACTIVE: Message("the active parameters"),
    Size.ACTIVE_WITHOUT_INPUT: Message("the active parameters without the input's table"),
    Size.ACTIVE_WITHOUT_TABLES: Message("the active parameters without table and head"),
}
NAMES = (*READINGS, *MEASURES)


def check_reading(owner: str, name: object) -> str:
    """The name of a reading; raises QuestionError with the nearest names."""
    if not isinstance(name, str) or name not in NAMES:
        raise QuestionError(f"{owner}: {unknown(Message('quantity'), name, NAMES)}")
    return name


@dataclass(frozen=True)
class Reading:
    """A number about one layer: a count, or what is read off it on the way there."""

    name: str
    task: Task

    @property
    def asked(self) -> Task:
        """The task whose misconceptions distort this reading."""
        measure = READINGS[self.name][0] if self.name in READINGS else MEASURES[self.name]
        return replace(self.task, measure=measure)

    @cached_property
    def formula(self) -> Expression:
        """How the number comes about."""
        return self._of(self.asked)

    @cached_property
    def value(self) -> int:
        """The number."""
        return self.formula.value if self.name in READINGS else int(number(self.asked))

    def seen(self, misconception: str) -> Reading | None:
        """The reading of somebody who holds a belief; None where it changes nothing."""
        seen = believed(self.asked, MISCONCEPTIONS[misconception])
        if seen is None:
            return None
        if self.name in READINGS:
            return Reading(self.name, seen)
        return Seen(self.name, seen)

    def believed_value(self, misconception: str) -> int:
        """What somebody with a belief gets; the number itself where the belief has no part in it."""
        seen = MISCONCEPTIONS[misconception].distort(self.asked)
        if seen is None:
            return self.value
        return (Reading if self.name in READINGS else Seen)(self.name, seen).value

    @cached_property
    def beliefs(self) -> dict[str, int]:
        """What each misconception gives that has a part in the number, even where it gives the same."""
        seen = {name: self.seen(name) for name in MISCONCEPTIONS}
        return {
            name: one.value for name, one in seen.items() if one is not None and one.formula != self.formula
        }

    @cached_property
    def others(self) -> dict[str, int]:
        """What other conventions give, where they give another number."""
        if self.name in READINGS:
            return {}
        given = {one.name: int(number(task)) for one, task in other_conventions(self.asked)}
        return {name: value for name, value in given.items() if value != self.value}

    @property
    def unit(self) -> str:
        """The unit of the number; empty for a size."""
        return "" if self.name in READINGS else Item("", self.asked).stated.unit

    @property
    def convention(self) -> Words:
        """What is said of how it is counted; empty where there is nothing to say."""
        if self.name not in READINGS:
            return Item("", self.asked).stated.convention
        if READINGS[self.name][0] is Size.OUTPUT_SIZE:
            return Message("Sizes follow {source}.", source=FLOOR.source)
        return Message("Each value of the output is one dot product.")

    @property
    def words(self) -> Words:
        """What it is, in words."""
        if self.name in READINGS:
            return READINGS[self.name][2]
        measure = MEASURES[self.name]
        if isinstance(measure, Cost):
            return COSTS[measure].words
        return quantity_in_words(measure) if isinstance(measure, Quantity) else SIZES_IN_WORDS[measure]

    def _of(self, task: Task) -> Expression:
        if self.name not in READINGS:
            return derivation(task)
        if not isinstance(task.input_shape, Shape):
            raise QuestionError(f"{task.layer!r} needs one input, so that {self.name!r} can be read off it")
        return expression(READINGS[self.name][1](task.layer, task.input_shape))


class Seen(Reading):
    """A count as a believer sees it: what is asked may be another measure."""

    @property
    def asked(self) -> Task:
        """The task as it is seen."""
        return self.task
