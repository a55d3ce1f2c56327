"""Layers that read several values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

import numpy as np

from layercost.forward.weights import Array
from layercost.layers.joins import Add, Concatenate, Elementwise, Join, MatMul, Multiply
from layercost.shape import Shape

_TWO: dict[str, Callable[[Any, Any], Array]] = {
    "add": np.add,
    "subtract": np.subtract,
    "multiply": np.multiply,
    "divide": np.divide,
    "compare": np.maximum,
    "power": np.power,
}
_ONE: dict[str, Callable[[Any], Array]] = {"exponential": np.exp, "square root": np.sqrt}


def together(join: Join, values: Sequence[Array], shapes: Sequence[Shape]) -> Array:
    """What a join gives for `values`, each with the batch first; raises TypeError where nobody computes it."""
    match join:
        case Add():
            return reduce(np.add, _aligned(values))
        case Multiply():
            return reduce(np.multiply, _aligned(values))
        case Concatenate():
            return np.concatenate(values, axis=1 + join.place(shapes[0]))
        case MatMul():
            first, second = _aligned(values)
            return first @ (np.swapaxes(second, -1, -2) if join.transpose else second)
        case Elementwise(operation=name) if name in _ONE and len(values) == 1:
            return _ONE[name](values[0])
        case Elementwise(operation=name) if name in _TWO and len(values) > 1:
            return reduce(_TWO[name], _aligned(values))
    raise TypeError(f"expected a join that can be computed, but got {join!r}: its constant is not kept")


def _aligned(values: Sequence[Array]) -> list[Array]:
    """The values with as many axes each, those that are missing put behind the batch."""
    most = max(value.ndim for value in values)
    return [value.reshape(len(value), *(1,) * (most - value.ndim), *value.shape[1:]) for value in values]
