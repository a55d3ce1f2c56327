"""All windows of an array at once, as a view: nothing is copied until they are computed with."""

from __future__ import annotations

from typing import Any

import numpy as np

from layercost.forward.weights import Array


def sides_of(layer: Any, sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """The cells of padding before and after each axis, as the layer's output-size rule places them."""
    sides = (layer.size_rule.sides(n, k, s, p, d) for n, k, s, p, d in zip(sizes, *layer.window, strict=True))
    return [(int(before), int(after)) for before, after in sides]


def windows_of(layer: Any, values: Array, output: tuple[int, ...], fill: float = 0.0) -> Array:
    """``(N, C, *sizes)`` to ``(N, C, *output, *kernel)``: the cells under windows, `fill` off the edge."""
    kernel, stride, _, dilation = (tuple(map(_first, along)) for along in layer.window)
    sizes = values.shape[2:]
    spans = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    ends = [(many - 1) * s + span for many, s, span in zip(output, stride, spans, strict=True)]
    sides = [
        (before, max(end - before - n, after))  # a last window may hang over the padding
        for n, end, (before, after) in zip(sizes, ends, sides_of(layer, sizes), strict=True)
    ]
    padded = np.pad(values, [(0, 0), (0, 0), *sides], constant_values=fill)
    axes = tuple(range(2, values.ndim))
    every = np.lib.stride_tricks.sliding_window_view(padded, spans, axis=axes)
    places = (slice(0, end - span + 1, s) for end, span, s in zip(ends, spans, stride, strict=True))
    within = (slice(None, None, d) for d in dilation)
    picked: Array = every[(slice(None), slice(None), *places, *within)]
    return picked


def _first(size: Any) -> int:
    """A size along an axis; of a pair (before, after), which is not used here, the first."""
    return int(size[0] if isinstance(size, tuple) else size)


def output_of(layer: Any, values: Array) -> tuple[int, ...]:
    """How many windows stand along each axis."""
    return tuple(int(size) for size in layer.output_shape(values.shape[1:])[1:])
