"""Where wrong numbers come from: worked out from what is asked, each with the sentence that is true of it.

For a count of a layer these are the library's misconceptions, with the batch; the count of something else;
and, where nothing is to be counted, what somebody counts who takes the layer for one that holds weights.
In a calculation, besides, a mistake in one part, a part left out, and one operation taken for another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from course_calculation import OPERATIONS, Arithmetic, Calculated, Costed, Given, OutputSize, Part, total_of
from course_text import Asked
from course_working import NAMES, named, said, unit_of

import layercost as lc
from layercost.message import Message
from layercost.misconception import MISCONCEPTIONS, PRICED, STORED
from layercost.questions import diagnoses
from layercost.questions.task import diagnoses_of
from layercost.view import number


class Wrong(NamedTuple):
    """A wrong number, a name for what leads to it, and the sentence that says so.

    `in_a_part` is the sentence where the mistake is made on the way, and the number is not what was taken.
    """

    answer: int
    id: str
    message: Message | str
    in_a_part: Message | None = None


def wrong_answers(value: Part) -> list[Wrong]:
    """The distinct wrong numbers that something known leads to; the right one is never among them."""
    taken, found = {total_of(value)}, []
    for wrong in _mistakes(value):
        if wrong.answer not in taken and wrong.answer >= 0:
            taken.add(wrong.answer)
            found.append(wrong)
    return found


def _mistakes(value: Part) -> Iterator[Wrong]:
    match value:
        case Asked():
            yield from _in_count(value)
        case OutputSize(layer=layer, shape=shape):
            yield from _known(diagnoses(layer, "output_size", shape))
            yield from _of_size(value)
        case Costed(task=task):
            yield from _known(diagnoses_of(task))
        case Calculated():
            yield from _in_calculation(value)


def _known(found: Iterable[tuple[int, str, str]]) -> Iterator[Wrong]:
    return (Wrong(*wrong) for wrong in found)


# ---- a count of one layer ----------------------------------------------------------------------------


def _in_count(asked: Asked) -> Iterator[Wrong]:
    layer, quantity, shape = asked.layer, asked.quantity, asked.shape
    how: Any = {"batch": asked.batch, "cached": asked.cached, "dtype": asked.dtype}
    yield from _known(diagnoses(layer, quantity, shape, asked.convention, **how))
    if asked.batch > 1 and quantity in STORED:
        text = Message("You multiplied by the batch: what a layer stores is stored once, for all inputs.")
        yield Wrong(asked.total * asked.batch, "batch-on-parameters", text)
    if asked.total == 0 and quantity in STORED and shape:
        yield from _of_nothing(asked, shape)
    if asked.total == 0 and quantity in PRICED:
        every = replace(asked, quantity=lc.FLOPS, convention="everything")
        text = Message(
            "That is what the convention everything counts: here only the {asked} are asked for.",
            asked=NAMES[quantity],
        )
        yield Wrong(every.total, "everything-instead", text, _taken_for(lc.FLOPS, asked))
    yield from _of_a_part(asked)
    yield from _of_something_else(asked)


def _of_a_part(asked: Asked) -> Iterator[Wrong]:
    """The work on a part of the input, for layers that take any shape: a single channel, a single cell."""
    if asked.quantity not in PRICED or not asked.shape or len(asked.shape) != 3:
        return
    channels, *sides = asked.shape
    cells = math.prod(sides)
    parts = {
        "one-channel": (
            (1, *sides),
            Message("You counted a single channel: the input has {amount}.", amount=number(channels)),
        ),
        "one-cell": (
            (channels, 1, 1),
            Message("You counted a single cell of each map: it has {amount}.", amount=number(cells)),
        ),
    }
    for name, (shape, text) in parts.items():
        with suppress(lc.ShapeError, lc.LayerError):
            yield Wrong(replace(asked, shape=shape).total, name, text)


def _of_nothing(asked: Asked, shape: tuple[int, ...]) -> Iterator[Wrong]:
    """What somebody counts who believes that a layer without parameters holds some."""
    layer, (channels, *_), window = named(asked.layer), shape, _window(asked.layer)
    if window:
        yield Wrong(
            window,
            "window-of-weights",
            Message(
                "You took the {cells} cells of the window for weights: {layer} holds none.",
                cells=number(window),
                layer=layer,
            ),
        )
        yield Wrong(
            window * channels,
            "windows-of-weights",
            Message("You gave each channel a window of weights: {layer} holds none.", layer=layer),
        )
    yield Wrong(
        channels,
        "weight-a-channel",
        Message("You gave each channel a parameter of its own: {layer} holds none.", layer=layer),
    )
    yield Wrong(
        math.prod(shape),
        "weight-a-value",
        Message("You gave each value of the input a parameter of its own: {layer} holds none.", layer=layer),
    )


def _window(layer: lc.Layer) -> int:
    """How many cells a layer's window has; 0 where it has none."""
    size = getattr(layer, "kernel_size", 0)
    return math.prod(size) if isinstance(size, tuple) else size**2


OTHERS = (
    lc.PARAMETERS, lc.WEIGHTS, lc.STORED_VALUES, lc.PARAMETER_BYTES,
    lc.MACS, lc.FLOPS, lc.COMPARISONS, lc.ACTIVATIONS,
)  # fmt: skip


def _of_something_else(asked: Asked) -> Iterator[Wrong]:
    """The count of another quantity of the same layer."""
    for quantity in OTHERS:
        try:
            answer = replace(asked, quantity=quantity).total
        except (lc.ShapeError, lc.LayerError):
            continue
        if answer and quantity is not asked.quantity:
            text = Message(
                "That is the number of {counted}: the question asks for the {asked}.",
                counted=NAMES[quantity],
                asked=NAMES[asked.quantity],
            )
            yield Wrong(answer, f"{quantity.value}-instead", text, _taken_for(quantity, asked))


def _taken_for(taken: lc.Quantity, asked: Asked) -> Message:
    return Message("You took the {taken} for the {asked}.", taken=NAMES[taken], asked=NAMES[asked.quantity])


def _of_size(asked: OutputSize) -> Iterator[Wrong]:
    yield Wrong(
        asked.total - 1,
        "forgot-first-position",
        Message("You counted the steps: the place where the window starts is one more."),
    )
    yield Wrong(
        asked.total + 1,
        "one-position-too-many",
        Message("You counted one place too many: where the window would hang over the edge, there is none."),
    )
    yield Wrong(asked.shape[-1], "size-of-the-input", Message("You took the side of the input."))
    if hasattr(asked.layer, "stride"):
        yield Wrong(
            OutputSize(replace(asked.layer, stride=1), asked.shape).total,
            "moved-by-one",
            Message(
                "You let the window move by one cell: it moves by its stride, so there are fewer places."
            ),
        )


# ---- a calculation -----------------------------------------------------------------------------------


def _in_calculation(whole: Calculated) -> Iterator[Wrong]:
    yield from _of_units(whole)
    numbers = [total_of(part) for part in whole.parts]
    mistakes = [list(_mistakes(part)) for part in whole.parts]
    for place, part in enumerate(whole.parts):
        for wrong in mistakes[place]:
            changed = [*numbers[:place], wrong.answer, *numbers[place + 1 :]]
            if _possible(whole.sign, changed):
                text = _in_part(part, whole, wrong.in_a_part or wrong.message)
                yield Wrong(whole.having(changed), wrong.id, text)
    yield from _everywhere(whole, mistakes)
    yield from _left_out(whole, numbers)
    yield from _another_operation(whole, numbers)


BYTES_A_VALUE = {
    1: "one-byte-a-value", 2: "two-bytes-a-value", 4: "four-bytes-a-value", 8: "eight-bytes-a-value",
}  # fmt: skip
BINARY = {1000**power: 1024**power for power in (1, 2, 3)}


def _of_units(whole: Calculated) -> Iterator[Wrong]:
    """Bytes of another number format, and megabytes of the other kind; the beliefs are the library's."""
    match whole:
        case Calculated("*", (1 | 2 | 4 | 8 as size, Given() as held)) if _is(held, "parameters"):
            yield from _of_formats(size, lambda other: Calculated("*", (other, held)).total)
            yield _believed("bits-for-bytes", 8 * whole.total)
        case Calculated("//", (Given() as held, 4)) if _is(held, "bytes"):
            yield from _of_formats(4, lambda other: Calculated("//", (held, other)).total)
        case Calculated("//", (held, int(size))) if size in BINARY and _is(held, "bytes"):
            in_units = Fraction(total_of(held), BINARY[size])
            yield _believed("1024-for-thousand", math.floor(in_units))
            yield _believed("1024-for-thousand", round(in_units))


def _is(part: Part, unit: str) -> bool:
    """Whether a part is an amount in this unit; bytes that were divided by a plain number still are bytes."""
    match part:
        case Calculated("//", (held, int())):
            return _is(held, unit)
    return unit_of(part) == unit


def _of_formats(size: int, taking: Callable[[int], int]) -> Iterator[Wrong]:
    return (_believed(name, taking(other)) for other, name in BYTES_A_VALUE.items() if other != size)


def _believed(name: str, answer: int) -> Wrong:
    return Wrong(answer, name, MISCONCEPTIONS[name].message)


def _in_part(part: Part, whole: Calculated, message: Message | str) -> Message | str:
    """The sentence about one part; where there are several of its kind, it says which."""
    kin = [one for one in whole.parts if isinstance(one, Arithmetic)]
    if len(kin) < 2 or isinstance(part, Calculated):
        return message
    return Message("In {part}: {message}", part=said(part), message=message)


def _everywhere(whole: Calculated, mistakes: list[list[Wrong]]) -> Iterator[Wrong]:
    """The same mistake in each part: whoever forgets one bias forgets them all."""
    first, *others = [{str(wrong.in_a_part or wrong.message): wrong for wrong in found} for found in mistakes]
    for said_of_it, wrong in first.items():
        if all(said_of_it in other for other in others):
            changed = [wrong.answer, *(other[said_of_it].answer for other in others)]
            text = Message("In each part: {message}", message=wrong.in_a_part or wrong.message)
            if _possible(whole.sign, changed):
                yield Wrong(whole.having(changed), wrong.id, text)


def _left_out(whole: Calculated, numbers: list[int]) -> Iterator[Wrong]:
    for place in range(len(numbers) if whole.sign in "+*" else 1, 0, -1):
        gone = len(numbers) - 1 if whole.sign not in "+*" else place - 1
        rest, part = [*numbers[:gone], *numbers[gone + 1 :]], said(whole.parts[gone])
        text = {
            "+": Message("You left out what is to be added: {part}.", part=part),
            "-": Message("You left out what is to be taken away: {part}.", part=part),
            "*": Message("You left out a factor: {part}.", part=part),
            "//": Message("You left out the division by {part}.", part=part),
        }[whole.sign]
        yield Wrong(whole.having(rest), "left-out", text)


INSTEAD = {
    "+": {
        "-": Message("You took away what is to be added."),
        "*": Message("You multiplied: these are added."),
    },
    "-": {"+": Message("You added what is to be taken away.")},
    "*": {"+": Message("You added: these are multiplied.")},
    "//": {
        "*": Message("You multiplied: these are divided."),
        "-": Message("You took away: these are divided."),
    },
}


def _another_operation(whole: Calculated, numbers: list[int]) -> Iterator[Wrong]:
    for sign, text in INSTEAD[whole.sign].items():
        yield Wrong(Calculated(sign, tuple(numbers)).total, f"{sign}-for-{whole.sign}", text)


def _possible(sign: str, numbers: list[int]) -> bool:
    return sign in OPERATIONS and not (sign == "//" and 0 in numbers[1:])
