"""Which size gives this count? The kernel, the channels, the stride, the hidden units are what is asked for.

`unknown` is the drawn name that stays open; `{count}` in the wording is what the layer comes to with it, and
`{layer}` shows the layer with the unknown by its name. Any whole number that gives the same count is right:
it is tried, not compared. `range` says within which numbers one looks for it (by default those that are
drawn, and twice as far); a misconception is known where a whole number in that range satisfies its believer.

    kind = "inverse"
    wording.en = "`{layer}` on {input} has {count} parameters. How large is the kernel?"
    layer = "Conv2d(3, 16, kernel_size=kernel)"
    input = [3, 32, 32]
    draw.kernel = { from = 2, to = 11 }
    unknown = "kernel"
    quantity = "parameters"
    credit.forgot-bias = 0.5
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from layercost.convention import unknown
from layercost.layer import LayerError
from layercost.message import Joined, Message, Words
from layercost.misconception import MISCONCEPTIONS, Misconception
from layercost.questions.draw import Between, Drawn, OneOf, QuestionError
from layercost.questions.explain import Diagnosis
from layercost.questions.item import Item
from layercost.questions.kind import Field, Line, Wrong, kind
from layercost.questions.kinds.compute import Question
from layercost.questions.kinds.shared import (
    RIGHT_ANSWER,
    SUBJECT,
    DrawnTemplate,
    Kept,
    amount,
    derived,
    inner,
    opening,
    unseen,
    values_of,
    whole_answer,
    written,
)
from layercost.questions.task import believed, derivation, number
from layercost.questions.template import shown_layer
from layercost.shape import ShapeError

NO_LAYER, OTHER_COUNT = "no-layer", "other-count"
FEW = 16  # so many values are all tried; among more, one is looked for by halving
LARGEST = 100_000  # no size of a layer that is asked for is larger


@dataclass(frozen=True)
class Inverse(DrawnTemplate):
    """A count, and the question which size gives it."""

    kind: ClassVar[str] = "inverse"
    subject: Question
    unknown: str
    first: int
    last: int

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The question with these numbers."""
        return Sought(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layer as it is written, what is given and what is sought."""
        asked = f"{self.unknown} from {self.subject.asks[0].measure.value}"
        return ((written(self.subject), asked, self.kind),)


@dataclass(frozen=True)
class Sought(Kept):
    """The question with its numbers."""

    drawn: Inverse

    @cached_property
    def item(self) -> Item:
        """What is counted, with the size that was drawn."""
        return self.drawn.subject.variant(self.numbers).item()

    @property
    def size(self) -> int:
        """The size that was drawn."""
        return int(self.numbers[self.drawn.unknown])

    @property
    def sought(self) -> frozenset[str]:
        """The size."""
        return frozenset({self.drawn.unknown})

    def with_size(self, size: int) -> Item:
        """What is counted, with another size; raises QuestionError where that makes no layer."""
        if size not in self._tried:
            self._tried[size] = self.drawn.subject.variant({**self.numbers, self.drawn.unknown: size}).item()
        item = self._tried[size]
        try:
            _ = item.answer
        except (LayerError, ShapeError) as error:
            raise QuestionError(str(error)) from None
        return item

    @cached_property
    def _tried(self) -> dict[int, Item]:
        """What was counted with each size that was tried; many believers try the same."""
        return {}

    @property
    def fields(self) -> tuple[Field, ...]:
        """The size."""
        return (Field(self.drawn.unknown, "number"),)

    @property
    def count(self) -> Words:
        """The number that is given, with its unit."""
        return amount(self.item.answer, self.item.stated.unit)

    def known(self) -> dict[str, object]:
        """What is drawn but for the unknown, and the count."""
        rest = {name: value for name, value in self.numbers.items() if name != self.drawn.unknown}
        layers = "; ".join(shown_layer(text, rest) for text in self.drawn.subject.layers.values())
        shape = self.drawn.subject.variant(self.numbers).input_shape
        return {**rest, "layer": layers, "input": shape, "count": int(self.item.answer)}

    def besides(self) -> Sequence[Words]:
        """The convention of the count."""
        return (self.item.stated.convention,)

    @cached_property
    def believers(self) -> dict[str, int]:
        """The size that each believer finds, where there is a whole one that is not right."""
        found: dict[str, int] = {}
        for name, one in MISCONCEPTIONS.items():
            size = None if name in self.drawn.subject.without else self._found_by(one)
            if size is not None and size not in found.values() and not self._satisfies(size):
                found[name] = size
        return found

    def clashes(self) -> list[str]:
        """Beliefs that come to the same count with the size that was drawn."""
        return unseen([self.item])

    def _found_by(self, one: Misconception) -> int | None:
        """A size with which a believer comes to the count."""
        if believed(self.item.task, one) is None:
            return None

        def seen(size: int) -> Fraction | None:
            try:
                task = one.distort(self.with_size(size).task)
                return None if task is None else number(task)
            except (QuestionError, LayerError, ShapeError):
                return None

        return _looked_for(seen, self.item.answer, self.drawn.first, self.drawn.last)

    def _satisfies(self, size: int) -> bool:
        try:
            return self.with_size(size).answer == self.item.answer
        except QuestionError:
            return False

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """Whether the size gives the count: it is tried."""
        self.field(field)
        size = whole_answer(raw)
        if isinstance(size, Diagnosis):
            return size
        try:
            if not 0 <= size <= LARGEST:
                raise QuestionError(str(Message("no layer has a size of {size}", size=amount(size))))
            item = self.with_size(size)
        except QuestionError:
            message = Message(
                "With {name} = {size} there is no such layer.", name=self.drawn.unknown, size=amount(size)
            )
            return self.judged(NO_LAYER, message)
        return RIGHT_ANSWER if item.answer == self.item.answer else self._misses(size, item)

    def _misses(self, size: int, item: Item) -> Diagnosis:
        gives = Message(
            "With {name} = {size} it is {given}, not {count}.",
            name=self.drawn.unknown,
            size=amount(size),
            given=amount(item.answer, item.stated.unit),
            count=self.count,
        )
        for name, found in self.believers.items():
            if found == size:
                return self.judged(name, Joined([gives, MISCONCEPTIONS[name].message]))
        return self.judged(OTHER_COUNT, Joined([gives, item.stated.convention]))

    def answers(self) -> dict[str, str]:
        """The size that was drawn."""
        return {self.drawn.unknown: str(self.size)}

    def wrong(self) -> list[Wrong]:
        """What believers find."""
        name = self.drawn.unknown
        return [Wrong(name, str(size), self.diagnose(str(size))) for size in self.believers.values()]

    def hint(self) -> Words:
        """Where to begin."""
        return Message(
            "Write the count with the unknown as a letter, put in all other numbers, and solve for it."
        )

    def solution(self) -> list[Line]:
        """The count with the size that was drawn."""
        said = Message("With {name} = {size}", name=self.drawn.unknown, size=amount(self.size))
        return derived([(said, derivation(self.item.task), self.item.stated.unit)])


def _looked_for(seen: Callable[[int], Fraction | None], count: Fraction, first: int, last: int) -> int | None:
    """A number from `first` to `last` for which `seen` gives the count; None where there is none.

    Few are all tried. Among many, the count is taken to grow or to fall with the number.
    """
    if last - first < FEW:
        return next((size for size in range(first, last + 1) if seen(size) == count), None)
    for size in _halving(seen, count, first, last):
        if seen(size) == count:
            return size
    return None


def _halving(seen: Callable[[int], Fraction | None], count: Fraction, first: int, last: int) -> Iterator[int]:
    """The numbers that are met on the way to where the count would stand."""
    low, high = seen(first), seen(last)
    grows = low is None or high is None or low <= high
    while first <= last:
        middle = (first + last) // 2
        yield middle
        here = seen(middle)
        if here is None:
            return
        if (here < count) is grows:
            first = middle + 1
        else:
            last = middle - 1


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("inverse")
def read(owner: str, data: Mapping[str, Any]) -> Inverse:
    """Reads a question which size gives a count."""
    keys = (*SUBJECT, "convention", "without", "quantity", "unknown", "range")
    kept = opening(
        owner, data, keys, ("quantity", "unknown"), ("layer", "input", "count"), (NO_LAYER, OTHER_COUNT)
    )
    name = data["unknown"]
    if not isinstance(name, str) or name not in kept["names"]:
        raise QuestionError(
            f"{owner}: {unknown(Message('drawn name'), name, kept['names'])} It is `unknown`."
        )
    for text in kept["wording"].values():
        if f"{{{name}}}" in text or "{count}" not in text:
            raise QuestionError(
                f"{owner}: the wording tells {{count}} and not {{{name}}}, which is sought, but got {text!r}"
            )
    first, last = _range(owner, data.get("range"), name, kept["names"][name])
    subject = inner(owner, data, [{"quantity": data["quantity"]}])
    return Inverse(**kept, subject=subject, unknown=name, first=first, last=last)


def _range(owner: str, data: object, name: str, drawn: OneOf | Between) -> tuple[int, int]:
    """Within which numbers the unknown is looked for."""
    numbers = values_of(owner, name, drawn)
    if data is None:
        return min(1, *numbers), 2 * max(numbers)
    if not isinstance(data, list) or len(data) != 2 or not all(type(one) is int for one in data):
        raise QuestionError(f"{owner}: `range` is a list of two whole numbers, but got {data!r}")
    if not 0 <= data[0] <= min(numbers) <= max(numbers) <= data[1] <= LARGEST:
        raise QuestionError(f"{owner}: `range` holds what {name!r} is drawn from, but got {data!r}")
    return data[0], data[1]
