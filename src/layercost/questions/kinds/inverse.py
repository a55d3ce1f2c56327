"""Which size gives this count? The kernel, the channels, the stride, the hidden units are what is asked for.

`unknown` is the drawn name that stays open; `{count}` in the wording is what the layer comes to with it, and
`{layer}` shows the layer with the unknown by its name. Any whole number that gives the same count is right:
it is tried, not compared. `range` says within which numbers one looks for it (by default those that are
drawn, and twice as far); a misconception is known where a whole number in that range satisfies its believer.
With `most = true` the size is asked for that just fits, and a believer takes the largest that does.

    kind = "inverse"
    wording.en = "`{layer}` on {input} has {count} parameters. How large is the kernel?"
    layer = "Conv2d(3, 16, kernel_size=kernel)"
    input = [3, 32, 32]
    draw.kernel = { from = 2, to = 11 }
    unknown = "kernel"
    quantity = "parameters"
    credit.forgot-bias = 0.5

With `as_much_as` no count is told: the size is sought at which a `part` of the layer comes to as much as that
other part. What is drawn for the unknown only says where it is looked for.

    wording.en = "For how many tokens do the products of `{layer}` cost as many MACs as its maps?"
    layer = "Attention(width, 8)"
    input = ["tokens", "width"]
    draw.width = [256, 512]
    draw.tokens = { from = 100, to = 2000 }
    unknown = "tokens"
    quantity = "macs"
    part = "scores+context"
    as_much_as = "q+k+v+o"
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
from layercost.questions.kind import Field, Line, Wrong, derived, kind
from layercost.questions.kinds.compute import Question
from layercost.questions.kinds.shared import (
    RIGHT_ANSWER,
    SUBJECT,
    DrawnTemplate,
    Kept,
    amount,
    inner,
    opening,
    unseen,
    values_of,
    whole_answer,
    written,
)
from layercost.questions.rounding import nearly
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
    most: bool = False  # what just fits is asked for
    other: Question | None = None  # what the count is to be as much as, where no number is told

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The question with these numbers."""
        return Sought(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layer as it is written, what is given and what is sought."""
        ask = self.subject.asks[0]
        asked = f"{self.unknown} from {ask.measure.value} {ask.part}".strip()
        return ((written(self.subject), asked, self.kind),)


@dataclass(frozen=True)
class Sought(Kept):
    """The question with its numbers."""

    drawn: Inverse

    @cached_property
    def item(self) -> Item:
        """What is counted, with the size that is right."""
        return self.with_size(self.size)

    @cached_property
    def size(self) -> int:
        """The size that was drawn, or that makes both parts come to as much; raises QuestionError."""
        if self.drawn.other is None:
            return int(self.numbers[self.drawn.unknown])
        size = _looked_for(self._difference, Fraction(0), self.drawn.first, self.drawn.last)
        if size is None:
            raise QuestionError(f"question {self.drawn.id!r}: no {self.drawn.unknown} makes both as much")
        return size

    def _difference(self, size: int) -> Fraction:
        """By how much the count is more than what it is to be as much as."""
        return self.with_size(size).answer - self.beside(size).answer

    def beside(self, size: int) -> Item:
        """What the count is to be as much as, with a size."""
        assert self.drawn.other is not None
        if size not in self._tried_beside:
            numbers = {**self.numbers, self.drawn.unknown: size}
            self._tried_beside[size] = self.drawn.other.variant(numbers).item()
        return self._tried_beside[size]

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

    @cached_property
    def _tried_beside(self) -> dict[int, Item]:
        """The same of what it is to be as much as."""
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
        if self.drawn.other is not None:
            return {**rest, "layer": layers}
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
        items = [self.item] if self.drawn.other is None else [self.item, self.beside(self.size)]
        if all(believed(item.task, one) is None for item in items):
            return None

        def seen(size: int) -> Fraction | None:
            try:
                found = _seen(one, self.with_size(size))
                if found is None or self.drawn.other is None:
                    return found
                beside = self.beside(size)
                other = _seen(one, beside)
                return found - (beside.answer if other is None else other)
            except (QuestionError, LayerError, ShapeError):
                return None

        size = _looked_for(seen, self._sought_for, self.drawn.first, self.drawn.last, most=self.drawn.most)
        if self.drawn.other is not None and size is not None and seen(size + 1) == seen(size):
            return None  # who takes both for the same finds them equal at every size
        return size

    @property
    def _sought_for(self) -> Fraction:
        """The count, or the difference, that the right size gives."""
        return Fraction(0) if self.drawn.other is not None else self.item.answer

    def _satisfies(self, size: int) -> bool:
        try:
            given = self.with_size(size).answer if self.drawn.other is None else self._difference(size)
        except QuestionError:
            return False
        return given == self._sought_for

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
        return RIGHT_ANSWER if self._satisfies(size) else self._misses(size, item)

    def _gives(self, size: int, item: Item) -> Message:
        """What a wrong size comes to."""
        said = {
            "name": self.drawn.unknown, "size": amount(size),
            "given": amount(item.answer, item.stated.unit),
        }  # fmt: skip
        if self.drawn.other is not None:
            beside = self.beside(size)
            other = amount(beside.answer, beside.stated.unit)
            return Message("With {name} = {size} it is {given} against {other}.", **said, other=other)
        return Message("With {name} = {size} it is {given}, not {count}.", **said, count=self.count)

    def _misses(self, size: int, item: Item) -> Diagnosis:
        gives = self._gives(size, item)
        for name, found in self.believers.items():
            if found == size:
                return self.judged(name, Joined([gives, MISCONCEPTIONS[name].message]))
        sizes = {name: Fraction(found) for name, found in self.believers.items()}
        near = nearly(Fraction(size), Fraction(self.size), sizes)
        if near is not None and near.of in sizes and self.drawn.last - self.drawn.first >= FEW:
            return self.judged(near.of, Joined([gives, near.says(MISCONCEPTIONS[near.of].message)]))
        return self.judged(OTHER_COUNT, Joined([gives, item.stated.convention]))

    def answers(self) -> dict[str, str]:
        """The size that is right."""
        return {self.drawn.unknown: str(self.size)}

    def wrong(self) -> list[Wrong]:
        """What believers find."""
        name = self.drawn.unknown
        return [Wrong(name, str(size), self.diagnose(str(size))) for size in self.believers.values()]

    def hint(self) -> Words:
        """Where to begin."""
        if self.drawn.other is not None:
            return Message("Write both with the unknown as a letter, set them equal, and solve for it.")
        return Message(
            "Write the count with the unknown as a letter, put in all other numbers, and solve for it."
        )

    def solution(self) -> list[Line]:
        """The count with the size that is right, and what it is as much as."""
        said = Message("With {name} = {size}", name=self.drawn.unknown, size=amount(self.size))
        items = [self.item] if self.drawn.other is None else [self.item, self.beside(self.size)]
        return derived([(said, derivation(item.task), item.stated.unit) for item in items])


def _seen(one: Misconception, item: Item) -> Fraction | None:
    """What a believer counts; None where the belief has nothing to say."""
    task = one.distort(item.task)
    return None if task is None else number(task)


def _looked_for(
    seen: Callable[[int], Fraction | None], count: Fraction, first: int, last: int, *, most: bool = False
) -> int | None:
    """A number from `first` to `last` for which `seen` gives the count; None where there is none.

    Few are all tried. Among many, the count is taken to grow or to fall with the number. With `most`, the
    largest for which it gives no more will do, if the next one does not fit.
    """
    fits = None
    if last - first < FEW:
        return next((size for size in range(first, last + 1) if seen(size) == count), None)
    for size, here in _halving(seen, count, first, last):
        if here == count:
            return size
        if most and here < count and size < last:
            fits = size
    return fits


def _halving(
    seen: Callable[[int], Fraction | None], count: Fraction, first: int, last: int
) -> Iterator[tuple[int, Fraction]]:
    """The numbers that are met on the way to where the count would stand, and what they give."""
    low, high = seen(first), seen(last)
    grows = low is None or high is None or low <= high
    while first <= last:
        middle = (first + last) // 2
        here = seen(middle)
        if here is None:
            return
        yield middle, here
        if (here < count) is grows:
            first = middle + 1
        else:
            last = middle - 1


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("inverse")
def read(owner: str, data: Mapping[str, Any]) -> Inverse:
    """Reads a question which size gives a count."""
    keys = (
        *SUBJECT,
        "convention",
        "without",
        "quantity",
        "part",
        "dtype",
        "as_much_as",
        "unknown",
        "range",
        "most",
    )
    kept = opening(
        owner, data, keys, ("quantity", "unknown"), ("layer", "input", "count"), (NO_LAYER, OTHER_COUNT)
    )
    name = data["unknown"]
    if not isinstance(name, str) or name not in kept["names"]:
        raise QuestionError(
            f"{owner}: {unknown(Message('drawn name'), name, kept['names'])} It is `unknown`."
        )
    _check_wording(owner, kept["wording"], name, even="as_much_as" in data)
    first, last = _range(owner, data.get("range"), name, kept["names"][name])
    stored = {"dtype": data["dtype"]} if "dtype" in data else {}
    subject, other = (
        inner(owner, data, [{"quantity": data["quantity"], "part": data.get(part, ""), **stored}])
        for part in ("part", "as_much_as")
    )
    most = data.get("most", False)
    if not isinstance(most, bool) or (most and last - first < FEW):
        raise QuestionError(
            f"{owner}: `most` is true or false, true where more than {FEW} sizes are tried, but got {most!r}"
        )
    even = other if "as_much_as" in data else None
    return Inverse(**kept, subject=subject, unknown=name, first=first, last=last, most=most, other=even)


def _check_wording(owner: str, wording: Mapping[str, str], name: str, *, even: bool) -> None:
    """Raise QuestionError for a text that tells what is sought, or not what is known."""
    for text in wording.values():
        if f"{{{name}}}" in text or ("{count}" in text) is even:
            told = f"no count and not {{{name}}}" if even else f"{{count}} and not {{{name}}}"
            raise QuestionError(f"{owner}: the wording tells {told}, which is sought, but got {text!r}")


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
