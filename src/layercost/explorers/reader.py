"""LeNet-5 with weights of our own, which reads a drawn digit in whole numbers and without numpy.

``benchmarks/teach_digits.py`` has taught it. A weight is a byte from -127 to 127. Between two layers ReLU and
pooling are applied and the values divided, so that they stay small: maxima are not changed by that.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from operator import mul
from pkgutil import get_data

from layercost.layer import LayerError
from layercost.message import Message

WEIGHTS = "reader.weights"
SIDE = 28  # of the field to draw on; the image has a margin around it
MARGIN = 2
IMAGE = SIDE + 2 * MARGIN
_KERNEL = 5
_DIGITS_OF_ROW = SIDE // 4
SPELLED = SIDE * _DIGITS_OF_ROW

# What enters each layer with weights, as channels and side of its maps, or as values in a row.
_ENTERS: tuple[tuple[int, ...], ...] = ((1, IMAGE), (6, 14), (400,), (120,), (84,))
_OUTPUTS = (6, 16, 120, 84, 10)
LAYERS = len(_OUTPUTS)

# Read when the module is imported: in a page the file itself may never be downloaded.
_PACKED = get_data(__package__, WEIGHTS) if __package__ else None

Values = Sequence[int]


# ---- the drawing as text ------------------------------------------------------------------------


def spelled(cells: Sequence[int]) -> str:
    """28 rows of 28 cells, each 0 or 1, as 28 times 7 hexadecimal digits."""
    rows = (cells[start : start + SIDE] for start in range(0, SIDE * SIDE, SIDE))
    return "".join(f"{int(''.join(map(str, row)), 2):0{_DIGITS_OF_ROW}x}" for row in rows)


def cells_of(text: str) -> list[int]:
    """The cells that `spelled` has spelled; raises LayerError for any other text."""
    if len(text) != SPELLED or set(text) - set("0123456789abcdef"):
        raise LayerError(Message(
            "a drawing is {rows} rows of {digits} digits, 0 to 9 and a to f, but got {length} characters",
            rows=SIDE, digits=_DIGITS_OF_ROW, length=len(text),
        ))  # fmt: skip
    return [int(cell) for cell in f"{int(text, 16):0{SIDE * SIDE}b}"]


def image_of(text: str) -> list[int]:
    """``(32, 32)`` in one row: the drawing with its margin."""
    cells = cells_of(text)
    above, beside = [0] * (MARGIN * IMAGE), [0] * MARGIN
    rows = (beside + cells[start : start + SIDE] + beside for start in range(0, SIDE * SIDE, SIDE))
    return [*above, *(cell for row in rows for cell in row), *above]


# ---- weights ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Layer:
    """A row of weights for each output, its biases, and by how much its outputs are divided."""

    weights: Sequence[Values]
    biases: Values
    divisor: int


@dataclass(frozen=True, slots=True)
class Weights:
    """The layers with weights, in order, and an example of each digit.

    Of `tested` digits that a program drew, none of which it was taught, it reads `right` rightly.
    """

    layers: tuple[Layer, ...]
    right: int = 0
    tested: int = 0
    examples: tuple[str, ...] = ()


def packed(weights: Weights) -> bytes:
    """All of it as bytes: what was measured, divisor, biases and weights of each layer, the examples."""
    parts = [_whole([weights.right, weights.tested])]
    for layer in weights.layers:
        parts.append(_whole([layer.divisor, *layer.biases]))
        parts.extend(bytes(weight & 255 for weight in row) for row in layer.weights)
    return b"".join([*parts, *map(bytes.fromhex, weights.examples)])


def _whole(values: Iterable[int]) -> bytes:
    return b"".join(value.to_bytes(4, "little", signed=True) for value in values)


@cache
def weights() -> Weights:
    """The weights that the course brings."""
    if _PACKED is None:
        raise FileNotFoundError(WEIGHTS)
    data = memoryview(_PACKED)
    right, tested = _numbers(data[:8])
    place, layers = 8, []
    for outputs, enters in zip(_OUTPUTS, _ENTERS, strict=True):
        inputs = enters[0] * _KERNEL**2 if len(enters) == 2 else enters[0]
        divisor, *biases = _numbers(data[place : place + 4 * (1 + outputs)])
        place += 4 * (1 + outputs)
        ends = range(place, place + outputs * inputs, inputs)
        layers.append(Layer([data[end : end + inputs].cast("b") for end in ends], biases, divisor))
        place += outputs * inputs
    drawings = range(place, len(data), SPELLED // 2)
    examples = tuple(data[start : start + SPELLED // 2].hex() for start in drawings)
    return Weights(tuple(layers), right, tested, examples)


def _numbers(data: memoryview) -> list[int]:
    return [
        int.from_bytes(data[place : place + 4], "little", signed=True) for place in range(0, len(data), 4)
    ]


# ---- reading ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reading:
    """The image and what each of the seven layers of the paper makes of it, maps row by row."""

    image: Values
    stages: tuple[Values, ...]

    @property
    def answers(self) -> Values:
        """One number for each digit; the largest is what it says."""
        return self.stages[-1]

    @property
    def says(self) -> int:
        """The digit that it reads."""
        return max(range(len(self.answers)), key=self.answers.__getitem__)


def read(text: str, using: Weights | None = None) -> Reading:
    """What the network makes of a drawing; raises LayerError if it is none."""
    image = image_of(text)
    return Reading(image, tuple(_stages(image, using or weights())))


def _stages(values: Values, using: Weights) -> Iterator[Values]:
    for place, layer in enumerate(using.layers):
        raw = applied(layer, place, values)
        if place == LAYERS - 1:
            yield raw
            return
        passed = passed_on(layer, place, raw)
        if len(_ENTERS[place]) == 2:
            yield [max(value, 0) // layer.divisor for value in raw]
        yield passed
        values = passed


def applied(layer: Layer, place: int, values: Values) -> list[int]:
    """The dot products of a layer, with their biases."""
    enters = _ENTERS[place]
    if len(enters) == 2:
        return _convolved(layer, values, *enters)
    return [sum(map(mul, row, values)) + bias for row, bias in zip(layer.weights, layer.biases, strict=True)]


def passed_on(layer: Layer, place: int, raw: Values) -> list[int]:
    """ReLU, the largest of each 2 by 2 after a convolution, and the division."""
    if len(_ENTERS[place]) == 2:
        raw = _pooled(raw, _ENTERS[place][1] - _KERNEL + 1)
    return [value // layer.divisor if value > 0 else 0 for value in raw]


def _pooled(maps: Values, side: int) -> list[int]:
    pooled: list[int] = []
    for row in range(0, len(maps), 2 * side):
        above, below = maps[row : row + side], maps[row + side : row + 2 * side]
        pooled += map(max, above[::2], above[1::2], below[::2], below[1::2])
    return pooled


_LANE = 32  # bits for each value
_MIDDLE = 1 << (_LANE - 1)


def _convolved(layer: Layer, values: Values, channels: int, side: int) -> list[int]:
    """All places of a kernel at once: a map is one long number with a lane for each value.

    A long number times a weight, plus the same for the next cell of the kernel, is what a loop over the
    places does. A sum may be below zero, so half of the lane is added before its bytes are taken.
    """
    shifts = [_LANE * (row * side + column) for row in range(_KERNEL) for column in range(_KERNEL)]
    lanes = [
        _in_lanes(values[start : start + side * side])
        for start in range(0, channels * side * side, side * side)
    ]
    seen = [lane >> shift for lane in lanes for shift in shifts]
    middle = _in_lanes([_MIDDLE] * (side * side))
    gives = side - _KERNEL + 1
    maps: list[int] = []
    for row, bias in zip(layer.weights, layer.biases, strict=True):
        total = sum(map(mul, row, seen)) + middle
        sums = array("I", total.to_bytes(side * side * _LANE // 8 + 8, "little")[: side * side * _LANE // 8])
        for start in range(0, gives * side, side):
            maps += [value - _MIDDLE + bias for value in sums[start : start + gives]]
    return maps


def _in_lanes(values: Values) -> int:
    return int.from_bytes(array("I", values).tobytes(), "little")
