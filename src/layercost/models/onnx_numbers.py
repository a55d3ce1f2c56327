"""Small constants of an ONNX file computed with, as far as sizes follow from them; in plain Python.

A constant is a flat row of numbers with the sizes of its tensor. What an operator gives is computed only when
somebody asks for it; an operator that is not here, or numbers that do not suit it, give no constant.
"""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from itertools import accumulate, chain
from math import prod
from typing import Any, NamedTuple, TypeAlias

from layercost.models.onnx_file import Node, Sizes
from layercost.models.tree import ModelError

FLOAT, INT64, BOOL, HALF, DOUBLE = 1, 7, 9, 10, 11


class Numbers(NamedTuple):
    """A constant: the kind of its elements, its sizes, and its numbers in a row."""

    kind: int
    sizes: Sizes
    values: tuple[Any, ...]


class Given(NamedTuple):
    """A node whose inputs are known: None for one that is left out. `sizes` are those of its outputs."""

    node: Node
    inputs: Sequence[Numbers | None]
    sizes: Sequence[Sizes]
    opset: int

    def get(self, name: str, usual: Any) -> Any:
        """An attribute, or what it is where the file does not say."""
        return self.node.attributes.get(name, usual)

    def at(self, place: int) -> Numbers:
        """An input; raises IndexError where there is none."""
        found = self.inputs[place] if place < len(self.inputs) else None
        if found is None:
            raise IndexError(place)
        return found

    def has(self, place: int) -> bool:
        """Whether there is an input at that place."""
        return place < len(self.inputs) and self.inputs[place] is not None

    def made(self, values: Iterable[Any], kind: int | None = None) -> list[Numbers]:
        """The first output, of the kind of the first input unless told another."""
        kind = self.at(0).kind if kind is None else kind
        return [Numbers(kind, self.sizes[0], tuple(as_kind(kind, value) for value in values))]


Evaluator: TypeAlias = Callable[[Given], "list[Numbers]"]

CANNOT = (ArithmeticError, ValueError, IndexError, TypeError, KeyError, struct.error)
"""What an operator raises on numbers that do not suit it."""


def evaluated(given: Given) -> list[Numbers]:
    """What a node gives; nothing where its operator is not here, or the numbers do not suit it."""
    evaluator = EVALUATORS.get(given.node.op_type)
    try:
        found = evaluator(given) if evaluator is not None else []
    except ModelError:
        raise
    except CANNOT:
        return []
    return found if all(len(one.values) == prod(one.sizes) for one in found) else []


def as_kind(kind: int, value: Any) -> Any:
    """A number as elements of a kind hold it: floats are rounded, whole numbers wrap."""
    if kind == BOOL:
        return bool(value)
    if kind in _FORMATS:
        return struct.unpack(_FORMATS[kind], struct.pack(_FORMATS[kind], value))[0]
    if kind in _WIDTHS:
        bits = _WIDTHS[kind]
        wrapped = int(value) % (1 << bits)
        return wrapped - (1 << bits) if kind in _SIGNED and wrapped >> (bits - 1) else wrapped
    return value


_FORMATS: Mapping[int, str] = {FLOAT: "<f", HALF: "<e", DOUBLE: "<d"}
_WIDTHS: Mapping[int, int] = {2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 12: 32, 13: 64}
_SIGNED = frozenset({3, 5, 6, 7})


# ---- places in a row ---------------------------------------------------------------------------------


def strides(sizes: Sizes) -> tuple[int, ...]:
    """How far apart neighbours along each axis stand in a row."""
    return tuple(prod(sizes[axis + 1 :]) for axis in range(len(sizes)))


def walked(sizes: Sizes, steps: Sequence[int], start: int = 0) -> list[int]:
    """The places in a row that one comes by, with a step along each axis."""
    if not all(sizes):
        return []
    places = [start]
    for size, step in zip(sizes, steps, strict=True):
        places = [place + index * step for place in places for index in range(size)]
    return places


def spread(numbers: Numbers, sizes: Sizes) -> list[Any]:
    """The numbers repeated along axes on which others have more."""
    own = (1,) * (len(sizes) - len(numbers.sizes)) + numbers.sizes
    if any(one not in (1, size) for one, size in zip(own, sizes, strict=True)):
        raise ValueError(own)
    steps = [0 if one == 1 else step for one, step in zip(own, strides(own), strict=True)]
    return [numbers.values[place] for place in walked(sizes, steps)]


def axis_of(axis: int, rank: int) -> int:
    """An axis counted from the first; raises IndexError where there is none."""
    if not -rank <= axis < rank:
        raise IndexError(axis)
    return axis % rank


# ---- element by element --------------------------------------------------------------------------------


def _each(function: Callable[..., Any], kind: int | None = None) -> Evaluator:
    """A function of one element of each input."""

    def evaluate(given: Given) -> list[Numbers]:
        rows = [spread(one, given.sizes[0]) for one in given.inputs if one is not None]
        return given.made(map(function, *rows), kind)

    return evaluate


def _together(function: Callable[[Any, Any], Any]) -> Evaluator:
    """A function of two that goes over as many inputs as there are."""
    return _each(lambda *values: reduce(function, values))


def _divided(given: Given) -> list[Numbers]:
    """Whole numbers are divided towards zero."""
    whole = given.at(0).kind not in _FORMATS
    return _each(_towards_zero if whole else operator.truediv)(given)


def _towards_zero(first: int, second: int) -> int:
    quotient = abs(first) // abs(second)
    return quotient if (first < 0) == (second < 0) else -quotient


def _power(base: Any, exponent: Any) -> Any:
    """A power that fits into 64 bits; raises OverflowError for one that would take for ever."""
    if isinstance(base, int) and abs(base) > 1 and exponent > _MOST_BITS:
        raise OverflowError(exponent)
    return base**exponent


_MOST_BITS = 64


def _product(values: list[Any]) -> Any:
    """A product of as many numbers as a shape has sizes."""
    if len(values) > _MOST_BITS * _MOST_BITS:
        raise OverflowError(len(values))
    return prod(values)


def _remainder(given: Given) -> list[Numbers]:
    return _each(math.fmod if given.get("fmod", 0) else operator.mod)(given)


def _clipped(given: Given) -> list[Numbers]:
    low = given.at(1).values[0] if given.has(1) else given.get("min", -math.inf)
    high = given.at(2).values[0] if given.has(2) else given.get("max", math.inf)
    return given.made(min(max(value, low), high) for value in given.at(0).values)


def _cast(given: Given) -> list[Numbers]:
    kind = given.at(1).kind if given.node.op_type == "CastLike" else given.get("to", 0)
    if kind not in _FORMATS and kind not in _WIDTHS and kind != BOOL:
        raise ValueError(kind)
    return given.made(given.at(0).values, kind)


def _chosen(given: Given) -> list[Numbers]:
    rows = [spread(given.at(place), given.sizes[0]) for place in range(3)]
    return given.made((b if a else c for a, b, c in zip(*rows, strict=True)), given.at(1).kind)


# ---- made from sizes -----------------------------------------------------------------------------------


def _filled(given: Given) -> list[Numbers]:
    """ConstantOfShape: so many of one number, or of zeros."""
    value = given.get("value", None)
    if value is None:
        return given.made([0.0] * prod(given.sizes[0]), FLOAT)
    numbers = value.content()
    if not numbers:
        raise ValueError(value)
    return given.made([numbers[0]] * prod(given.sizes[0]), value.data_type)


def _range(given: Given) -> list[Numbers]:
    start, _, step = (given.at(place).values[0] for place in range(3))
    return given.made(start + index * step for index in range(given.sizes[0][0]))


def _diagonal(given: Given) -> list[Numbers]:
    """EyeLike."""
    rows, columns = given.sizes[0]
    shift, kind = given.get("k", 0), given.get("dtype", given.at(0).kind)
    return given.made((column - row == shift for row in range(rows) for column in range(columns)), kind)


def _one_hot(given: Given) -> list[Numbers]:
    off, on = given.at(2).values
    depth, sizes = int(given.at(1).values[0]), given.sizes[0]
    axis = axis_of(given.get("axis", -1), len(sizes))
    after = prod(sizes[axis + 1 :])
    indices = [int(index) % depth if -depth <= index < depth else -1 for index in given.at(0).values]
    places = range(0, len(indices), after) if after else ()
    return given.made(
        (on if index == at else off
         for place in places for at in range(depth) for index in indices[place : place + after]),
        given.at(2).kind,
    )  # fmt: skip


# ---- values that only move -----------------------------------------------------------------------------


def _same(given: Given) -> list[Numbers]:
    """The same row in another shape."""
    return given.made(given.at(0).values)


def _expanded(given: Given) -> list[Numbers]:
    return given.made(spread(given.at(0), given.sizes[0]))


def _transposed(given: Given) -> list[Numbers]:
    data, rank = given.at(0), len(given.at(0).sizes)
    order = given.get("perm", tuple(range(rank))[::-1])
    steps = strides(data.sizes)
    places = walked(given.sizes[0], [steps[axis] for axis in order])
    return given.made(data.values[place] for place in places)


def _tiled(given: Given) -> list[Numbers]:
    data = given.at(0)
    if not all(given.sizes[0]):
        return given.made(())
    places = [0]
    for size, wide, step in zip(data.sizes, given.sizes[0], strides(data.sizes), strict=True):
        places = [place + index % size * step for place in places for index in range(wide)]
    return given.made(data.values[place] for place in places)


def _concatenated(given: Given) -> list[Numbers]:
    parts = [one for one in given.inputs if one is not None]
    axis = axis_of(given.get("axis", 1), len(parts[0].sizes))
    widths = [prod(one.sizes[axis:]) for one in parts]
    rows = prod(parts[0].sizes[:axis])
    return given.made(
        chain.from_iterable(
            one.values[row * width : (row + 1) * width]
            for row in range(rows) for one, width in zip(parts, widths, strict=True)
        )
    )  # fmt: skip


def cut(
    sizes: Sizes,
    starts: Sequence[int],
    ends: Sequence[int],
    axes: Sequence[int] | None,
    steps: Sequence[int] | None,
) -> list[range]:
    """The places along each axis that a Slice takes."""
    taken = [range(size) for size in sizes]
    axes = range(len(starts)) if axes is None else axes
    steps = [1] * len(starts) if steps is None else steps
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        place = axis_of(axis, len(sizes))
        taken[place] = range(*slice(start, end, step).indices(sizes[place]))
    return taken


def _cut(given: Given) -> list[Numbers]:
    data = given.at(0)
    if given.has(1):
        start, end, axes, step = (given.at(at).values if given.has(at) else None for at in range(1, 5))
        taken = cut(data.sizes, start or (), end or (), axes, step)
    else:  # attributes in old files
        taken = cut(data.sizes, given.get("starts", ()), given.get("ends", ()), given.get("axes", None), None)
    steps = list(zip(taken, strides(data.sizes), strict=True))
    start_of_all = sum(places.start * step for places, step in steps)
    found = walked(given.sizes[0], [places.step * step for places, step in steps], start_of_all)
    return given.made(data.values[place] for place in found)


def _split(given: Given) -> list[Numbers]:
    data = given.at(0)
    axis = axis_of(given.get("axis", 0), len(data.sizes))
    steps, start, parts = strides(data.sizes), 0, list[Numbers]()
    for sizes in given.sizes:
        places = walked(sizes, steps, start * steps[axis])
        parts.append(Numbers(data.kind, sizes, tuple(data.values[place] for place in places)))
        start += sizes[axis]
    return parts


def _gathered(given: Given) -> list[Numbers]:
    data, indices = given.at(0), given.at(1)
    axis = axis_of(given.get("axis", 0), len(data.sizes))
    size, width = data.sizes[axis], prod(data.sizes[axis + 1 :])
    places = [
        (row * size + axis_of(index, size)) * width
        for row in range(prod(data.sizes[:axis])) for index in indices.values
    ]  # fmt: skip
    return given.made(chain.from_iterable(data.values[place : place + width] for place in places))


def _gathered_elements(given: Given) -> list[Numbers]:
    data, indices = given.at(0), given.at(1)
    axis = axis_of(given.get("axis", 0), len(data.sizes))
    steps = strides(data.sizes)
    without = [0 if place == axis else step for place, step in enumerate(steps)]
    found = zip(walked(indices.sizes, without), indices.values, strict=True)
    return given.made(data.values[at + axis_of(index, data.sizes[axis]) * steps[axis]] for at, index in found)


def _points(indices: Numbers, sizes: Sizes) -> list[int]:
    """Where the rows stand that indices of several axes name."""
    count = indices.sizes[-1]
    steps = strides(sizes)[:count]
    rows = (indices.values[at : at + count] for at in range(0, len(indices.values), count))
    return [
        sum(axis_of(index, size) * step for index, size, step in zip(row, sizes, steps, strict=False))
        for row in rows
    ]


def _gathered_nd(given: Given) -> list[Numbers]:
    data, indices = given.at(0), given.at(1)
    if given.get("batch_dims", 0):
        raise ValueError("batch_dims")
    width = prod(data.sizes[indices.sizes[-1] :])
    starts = _points(indices, data.sizes)
    return given.made(chain.from_iterable(data.values[at : at + width] for at in starts))


def _scattered_nd(given: Given) -> list[Numbers]:
    data, indices, updates = (given.at(place) for place in range(3))
    _must_write(given)
    width, values = prod(data.sizes[indices.sizes[-1] :]), list(data.values)
    for place, start in enumerate(_points(indices, data.sizes)):
        values[start : start + width] = updates.values[place * width : (place + 1) * width]
    return given.made(values)


def _scattered_elements(given: Given) -> list[Numbers]:
    data, indices, updates = (given.at(place) for place in range(3))
    _must_write(given)
    axis = axis_of(given.get("axis", 0), len(data.sizes))
    steps, values = strides(data.sizes), list(data.values)
    without = [0 if place == axis else step for place, step in enumerate(steps)]
    starts = walked(indices.sizes, without)
    for start, index, value in zip(starts, indices.values, updates.values, strict=True):
        values[start + axis_of(index, data.sizes[axis]) * steps[axis]] = value
    return given.made(values)


def _must_write(given: Given) -> None:
    if given.get("reduction", b"none") != b"none":
        raise ValueError("reduction")


# ---- over axes -----------------------------------------------------------------------------------------


def reduced_axes(given: Given) -> list[int]:
    """The axes that a reduction goes over: an attribute in old files, a constant in new ones; else all."""
    rank = len(given.at(0).sizes)
    axes = given.get("axes", None)
    if axes is None and given.has(1):
        axes = given.at(1).values
    if not axes:
        axes = () if given.get("noop_with_empty_axes", 0) else range(rank)
    return [axis_of(axis, rank) for axis in axes]


def _reduced(function: Callable[[list[Any]], Any]) -> Evaluator:
    def evaluate(given: Given) -> list[Numbers]:
        data, axes = given.at(0), set(reduced_axes(given))
        steps = list(zip(data.sizes, strides(data.sizes), strict=True))
        inner = [steps[axis] for axis in range(len(steps)) if axis in axes]
        outer = [steps[axis] for axis in range(len(steps)) if axis not in axes]
        places = walked(tuple(size for size, _ in inner), [step for _, step in inner])
        starts = walked(tuple(size for size, _ in outer), [step for _, step in outer])
        return given.made(function([data.values[start + place] for place in places]) for start in starts)

    return evaluate


def _mean(values: list[Any]) -> Any:
    total = sum(values)
    return total / len(values) if isinstance(total, float) else total // len(values)


def _summed_on(given: Given) -> list[Numbers]:
    """CumSum."""
    data = given.at(0)
    axis = axis_of(given.at(1).values[0], len(data.sizes))
    size, step, values = data.sizes[axis], strides(data.sizes)[axis], list(data.values)
    others = tuple(1 if place == axis else one for place, one in enumerate(data.sizes))
    for start in walked(others, strides(data.sizes)):
        places = [start + index * step for index in range(size)]
        places = places[::-1] if given.get("reverse", 0) else places
        totals = list(accumulate((data.values[place] for place in places), initial=0))
        sums = totals[:-1] if given.get("exclusive", 0) else totals[1:]
        for place, total in zip(places, sums, strict=True):
            values[place] = total
    return given.made(values)


def nonzero(numbers: Numbers) -> list[int]:
    """The places in the row of numbers that are not zero."""
    return [place for place, value in enumerate(numbers.values) if value]


def _not_zero(given: Given) -> list[Numbers]:
    data = given.at(0)
    places = nonzero(data)
    axes = zip(data.sizes, strides(data.sizes), strict=True)
    return given.made(
        chain.from_iterable((place // step % size for place in places) for size, step in axes), INT64
    )


_UNARY: Mapping[str, Callable[[Any], Any]] = {
    "Neg": operator.neg, "Abs": abs, "Sqrt": math.sqrt, "Floor": math.floor, "Ceil": math.ceil,
    "Round": round, "Reciprocal": lambda value: 1 / value, "Sign": lambda value: (value > 0) - (value < 0),
    "Exp": math.exp, "Log": math.log, "Relu": lambda value: max(value, 0),
}  # fmt: skip
_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "Sub": operator.sub, "Pow": _power,
    "Add": operator.add, "Mul": operator.mul, "Sum": operator.add, "Max": max, "Min": min,
}  # fmt: skip
_COMPARING: Mapping[str, Callable[..., Any]] = {
    "Equal": operator.eq, "Greater": operator.gt, "GreaterOrEqual": operator.ge, "Less": operator.lt,
    "LessOrEqual": operator.le, "And": lambda a, b: a and b, "Or": lambda a, b: a or b,
    "Xor": operator.ne, "Not": operator.not_,
}  # fmt: skip
_REDUCED: Mapping[str, Callable[[list[Any]], Any]] = {
    "ReduceSum": sum,
    "ReduceProd": _product,
    "ReduceMax": max,
    "ReduceMin": min,
    "ReduceMean": _mean,
}

EVALUATORS: Mapping[str, Evaluator] = {
    **{name: _each(function) for name, function in _UNARY.items()},
    **{name: _together(function) for name, function in _BINARY.items()},
    **{name: _each(function, BOOL) for name, function in _COMPARING.items()},
    **{name: _reduced(function) for name, function in _REDUCED.items()},
    **dict.fromkeys(("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze"), _same),
    **dict.fromkeys(("Cast", "CastLike"), _cast),
    "Div": _divided,
    "Mod": _remainder,
    "Clip": _clipped,
    "Where": _chosen,
    "ConstantOfShape": _filled,
    "Range": _range,
    "EyeLike": _diagonal,
    "OneHot": _one_hot,
    "Expand": _expanded,
    "Transpose": _transposed,
    "Tile": _tiled,
    "Concat": _concatenated,
    "Slice": _cut,
    "Split": _split,
    "Gather": _gathered,
    "GatherElements": _gathered_elements,
    "GatherND": _gathered_nd,
    "ScatterND": _scattered_nd,
    "ScatterElements": _scattered_elements,
    "CumSum": _summed_on,
    "NonZero": _not_zero,
}
"""What each operator gives where all that it reads is a constant."""
