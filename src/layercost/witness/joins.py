"""Layers that read several values: the loops get one tensor for each."""

# ruff: noqa: ARG001 - each layer's loops are given the layer, the input and the run, needed or not

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

from layercost.witness.numbers import Number, Tensor, dot, expect, largest, shape, total
from layercost.witness.recording import Run, loops

Merge = Callable[[list[Number]], Number]


def alike(merge: Merge, parts: list[Tensor]) -> Tensor:
    """The numbers in each place merged into one; where a value has one row along an axis, it repeats."""
    deepest = max(len(shape(part)) for part in parts)
    return _alike(merge, [_deepened(part, deepest) for part in parts])


def _deepened(part: Tensor, axes: int) -> Tensor:
    """The same with axes of one row in front."""
    return _deepened([part], axes) if len(shape(part)) < axes else part


def _alike(merge: Merge, parts: list[Tensor]) -> Tensor:
    if not isinstance(parts[0], list):
        return merge(parts)
    length = max(map(len, parts))
    for part in parts:
        if len(part) != 1:
            expect("values along an axis", length, len(part))
    rows = ([part[place if len(part) > 1 else 0] for part in parts] for place in range(length))
    return [_alike(merge, row) for row in rows]


def added(numbers: list[Number]) -> Number:
    """Each number after the first is added."""
    return total(numbers)


def multiplied(numbers: list[Number]) -> Number:
    """Each number after the first is multiplied with what there is so far."""
    return reduce(lambda so_far, number: so_far * number, numbers)


def appended(parts: list[Tensor], axis: int) -> Tensor:
    """Tensors one after the other along an axis."""
    if axis == 0:
        for part in parts:
            if shape(part)[1:] != shape(parts[0])[1:]:
                raise ValueError(f"expected {shape(parts[0])[1:]}, but {shape(part)[1:]} arrived")
        return [row for part in parts for row in part]
    for part in parts:
        expect("values along an axis", len(parts[0]), len(part))
    return [appended(list(row), axis - 1) for row in zip(*parts, strict=True)]


_AXES = {1: ("F",), 2: ("TF", "CL"), 3: ("CHW",), 4: ("CDHW",)}  # by how many there are


def axis_of(name: str | None, axes: int, has_channels: bool = False) -> int:
    """The place of the axis of that name; without a name, of the channels or of the features."""
    if name is None:
        return 0 if axes > 2 or has_channels else axes - 1
    places = [names.index(name) for names in _AXES[axes] if name in names]
    if not places:
        raise ValueError(f"there is no axis {name} among {axes}")
    return places[0]


@loops("Add")
def _add(layer: Any, parts: list[Tensor], this: Run) -> Tensor:
    return alike(added, parts)


@loops("Multiply")
def _multiply(layer: Any, parts: list[Tensor], this: Run) -> Tensor:
    return alike(multiplied, parts)


@loops("Concatenate")
def _concatenate(layer: Any, parts: list[Tensor], this: Run) -> Tensor:
    return appended(parts, axis_of(layer.axis, len(shape(parts[0]))))


@loops("MatMul")
def _matmul(layer: Any, parts: list[Tensor], this: Run) -> Tensor:
    """Every row of the first value meets every column of the second."""
    first, second = parts
    if len(shape(first)) == 1:
        return _without_its_row(_matmul(layer, [[first], second], this))
    deepest = max(len(shape(first)), len(shape(second)))
    return _products(layer, _deepened(first, deepest), _deepened(second, deepest))


def _without_its_row(products: Tensor) -> Tensor:
    """A single row, at the last place but one, as what it holds."""
    if len(shape(products)) == 2:
        return products[0]
    return [_without_its_row(part) for part in products]


def _products(layer: Any, first: Tensor, second: Tensor) -> Tensor:
    if len(shape(first)) > 2:
        length = max(len(first), len(second))
        stacks = [stack if len(stack) > 1 else stack * length for stack in (first, second)]
        return [_products(layer, *pair) for pair in zip(*stacks, strict=True)]
    columns = second if layer.transpose else [list(column) for column in zip(*second, strict=True)]
    for column in columns:
        expect("values in a column", len(first[0]), len(column))
    return [[dot(zip(row, column, strict=True)) for column in columns] for row in first]


def _quotient(above: float, below: float) -> float:
    """As floating-point numbers divide: by 0 it is infinite, or no number at all."""
    if below:
        return above / below
    return math.copysign(math.inf, above) if above else math.nan


_OPERATIONS: dict[str, Callable[[list[Number]], Number]] = {
    "add": total,
    "subtract": lambda numbers: numbers[0] - numbers[-1],
    "multiply": multiplied,
    "divide": lambda numbers: numbers[0].noting("divisions", _quotient(numbers[0].value, numbers[-1].value)),
    "compare": largest,
    "exponential": lambda numbers: numbers[0].exponential(),
    "square root": lambda numbers: numbers[0].square_root(),
    "power": lambda numbers: numbers[0].noting("powers", numbers[0].value ** 2),
    "maximum": largest,
    "minimum": lambda numbers: numbers[1] if numbers[0] > numbers[1] else numbers[0],
    "logarithm": lambda numbers: numbers[0].logarithm(),
    "sine": lambda numbers: numbers[0].noting("sines", math.sin(numbers[0].value)),
    "cosine": lambda numbers: numbers[0].noting("cosines", math.cos(numbers[0].value)),
    "absolute": lambda numbers: numbers[0].absolute(),
    "negate": lambda numbers: numbers[0].noting("negations", -numbers[0].value),
    "round": lambda numbers: numbers[0].noting("roundings", round(numbers[0].value)),
    "sigmoid": lambda numbers: numbers[0].sigmoid(),
    "tanh": lambda numbers: numbers[0].tanh(),
    "relu": lambda numbers: numbers[0].relu(),
    "error function": lambda numbers: numbers[0].noting("error_functions", math.erf(numbers[0].value)),
}
_WITH_A_CONSTANT = ("add", "subtract", "multiply", "divide", "compare", "maximum", "minimum")


@loops("Elementwise")
def _elementwise(layer: Any, parts: list[Tensor], this: Run) -> Tensor:
    """With one value, the other operand is a constant of the code."""
    merge = _OPERATIONS[layer.operation]
    if layer.reads > 1:
        return alike(merge, parts)
    constant = this.number(2.0)
    alone = layer.operation not in _WITH_A_CONSTANT
    return alike(lambda numbers: merge(numbers if alone else [*numbers, constant]), parts)
