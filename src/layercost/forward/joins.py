"""Layers that read several values: each is computed from one array for each value, with the batch first."""

# ruff: noqa: ARG001 - each join's computation is given the layer, the values and the shapes, needed or not

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, TypeAlias

import numpy as np

from layercost.forward.activation import error_function, sigmoid
from layercost.forward.weights import Array
from layercost.layers.joins import Join
from layercost.shape import Shape

Compute: TypeAlias = Callable[[Any, Sequence[Array], Sequence[Shape]], Array]

JOINED: dict[str, Compute] = {}


def joins(name: str) -> Callable[[Compute], Compute]:
    """Make a function known as what joins of that name compute."""

    def known(compute: Compute) -> Compute:
        JOINED[name] = compute
        return compute

    return known


def together(join: Join, values: Sequence[Array], shapes: Sequence[Shape]) -> Array:
    """What a join gives for `values`, each with the batch first; raises TypeError for an unknown one."""
    for kind in type(join).__mro__:
        if kind.__name__ in JOINED:
            return JOINED[kind.__name__](join, values, shapes)
    raise TypeError(f"expected a join that can be computed ({', '.join(sorted(JOINED))}), but got {join!r}")


def _aligned(values: Sequence[Array]) -> list[Array]:
    """The values with as many axes each, those that are missing put behind the batch."""
    most = max(value.ndim for value in values)
    return [value.reshape(len(value), *(1,) * (most - value.ndim), *value.shape[1:]) for value in values]


@joins("Add")
def add(layer: Any, values: Sequence[Array], shapes: Sequence[Shape]) -> Array:
    """The sum, element by element."""
    return reduce(np.add, _aligned(values))


@joins("Multiply")
def multiply(layer: Any, values: Sequence[Array], shapes: Sequence[Shape]) -> Array:
    """The product, element by element."""
    return reduce(np.multiply, _aligned(values))


@joins("Concatenate")
def concatenate(layer: Any, values: Sequence[Array], shapes: Sequence[Shape]) -> Array:
    """The values one after the other, along an axis behind the batch."""
    return np.concatenate(values, axis=1 + layer.place(shapes[0]))


@joins("MatMul")
def matmul(layer: Any, values: Sequence[Array], shapes: Sequence[Shape]) -> Array:
    """The product of two matrices, or of each with each along the axes in front."""
    row = values[0].ndim == 2  # with the batch first
    first, second = _aligned([values[0][:, None], values[1]] if row else values)
    product: Array = first @ (np.swapaxes(second, -1, -2) if layer.transpose else second)
    return product[..., 0, :] if row else product


_TWO: dict[str, Callable[[Any, Any], Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "compare": np.maximum,
    "power": np.power,
    "maximum": np.maximum,
    "minimum": np.minimum,
}
_ONE: dict[str, Callable[[Any], Array]] = {
    "exponential": np.exp,
    "square root": np.sqrt,
    "logarithm": np.log,
    "sine": np.sin,
    "cosine": np.cos,
    "absolute": np.abs,
    "negate": np.negative,
    "round": np.round,
    "sigmoid": sigmoid,
    "tanh": np.tanh,
    "relu": lambda values: np.maximum(values, 0),
    "error function": error_function,
}


@joins("Elementwise")
def elementwise(layer: Any, values: Sequence[Array], shapes: Sequence[Shape]) -> Array:
    """One operation an element; raises TypeError where the other operand is a constant of the code."""
    if layer.operation in _ONE and len(values) == 1:
        return _ONE[layer.operation](values[0])
    if layer.operation in _TWO and len(values) > 1:
        return reduce(_TWO[layer.operation], _aligned(values))
    raise TypeError(f"{layer!r} cannot be computed: the constant of its other operand is not kept")
