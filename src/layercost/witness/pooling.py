"""Pooling as loops: padding is no cell."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

from layercost.witness.numbers import Number, Tensor, expect, largest, shape, shaped, total
from layercost.witness.recording import Run, loops
from layercost.witness.windows import Slide, sliding, value_at


def _pooled(
    layer: Any, image: Tensor, of_window: Callable[[int, list[Number], tuple[int, ...], Slide], Number]
) -> Tensor:
    """Each channel alone: a function of the real cells under each window."""
    slide, numbers = sliding(layer, image), []
    for channel, plane in enumerate(image):
        for start in slide.over():
            under = (value_at(plane, cell) for _, cell in slide.cells(start))
            numbers.append(of_window(channel, [cell for cell in under if cell is not None], start, slide))
    return shaped(numbers, (len(image), *slide.sizes))


@loops("MaxPool1d", "MaxPool2d", "MaxPool3d")
def max_pool(layer: Any, image: Tensor, this: Run) -> Tensor:
    """The largest cell of each window."""
    nothing = this.number(-math.inf)  # the largest of no cells
    return _pooled(layer, image, lambda _, cells, *__: largest(cells) if cells else nothing)


@loops("AvgPool1d", "AvgPool2d", "AvgPool3d")
def avg_pool(layer: Any, image: Tensor, this: Run) -> Tensor:
    """The cells of each window added up, and divided by how many they are, or the window has."""

    def mean(_: int, cells: list[Number], start: tuple[int, ...], slide: Slide) -> Number:
        divisor = _padded_cells(image, start, slide) if layer.count_include_pad else len(cells)
        added = total(cells) if cells else this.number(0)
        return added / this.number(divisor or 1)

    return _pooled(layer, image, mean)


def _padded_cells(image: Tensor, start: tuple[int, ...], slide: Slide) -> int:
    """The cells under a window, those of the padding included, those beyond it not."""
    ends = [size + after for size, after in zip(shape(image)[1:], slide.after, strict=True)]
    cells = (cell for _, cell in slide.cells(start))
    return sum(all(index < end for index, end in zip(cell, ends, strict=True)) for cell in cells)


@loops("Subsampling2d")
def subsampling2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    """The cells of each window added up, scaled and shifted."""
    expect("input channels", layer.channels, len(image))
    coefficient, bias = this.trained(layer, "coefficient"), this.trained(layer, "bias")
    return _pooled(layer, image, lambda c, cells, *_: total(cells) * coefficient[c,] + bias[c,])


@loops("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d")
def adaptive_avg_pool(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The cells of each window added up, and divided by how many they are."""
    return _spread(layer, tensor, lambda cells: total(cells) / this.number(len(cells)))


@loops("AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d")
def adaptive_max_pool(layer: Any, tensor: Tensor, this: Run) -> Tensor:  # noqa: ARG001 - no constants
    """The largest cell of each window."""
    return _spread(layer, tensor, largest)


def _spread(layer: Any, tensor: Tensor, of_window: Callable[[list[Number]], Number]) -> Tensor:
    """Window j of m: the cells that lie, with any part of them, from j/m to (j + 1)/m of the way."""
    sizes = tuple(wanted or n for wanted, n in zip(layer.output_size, shape(tensor)[1:], strict=True))
    along = [_shares(n, m) for n, m in zip(shape(tensor)[1:], sizes, strict=True)]
    numbers = []
    for plane in tensor:
        for window in itertools.product(*along):
            cells = (value_at(plane, cell) for cell in itertools.product(*window))
            numbers.append(of_window([cell for cell in cells if cell is not None]))
    return shaped(numbers, (len(tensor), *sizes))


def _shares(n: int, m: int) -> list[list[int]]:
    """For each of m windows, the cells that it touches; cell i lies from i/n to (i+1)/n of the way."""
    return [[i for i in range(n) if (i + 1) * m > j * n and i * m < (j + 1) * n] for j in range(m)]


@loops("Reduce")
def reduce_axes(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """All values that differ in the axes to reduce alone become one."""
    sizes = shape(tensor)
    if len(sizes) < -layer.dims[0]:
        raise ValueError(f"expected {-layer.dims[0]} axes or more, but {len(sizes)} arrived")
    gone = {len(sizes) + dim for dim in layer.dims}
    left = [range(1) if place in gone else range(n) for place, n in enumerate(sizes)]
    within = [range(n) if place in gone else range(1) for place, n in enumerate(sizes)]
    numbers = []
    for first in itertools.product(*left):
        places = (tuple(map(sum, zip(first, step, strict=True))) for step in itertools.product(*within))
        numbers.append(_reduced(layer, [n for p in places if (n := value_at(tensor, p)) is not None], this))
    kept = [1 if place in gone else n for place, n in enumerate(sizes) if layer.keepdim or place not in gone]
    return shaped(numbers, tuple(kept))


def _reduced(layer: Any, numbers: list[Number], this: Run) -> Number:
    if layer.operation == "max":
        return largest(numbers)
    added = total(numbers)
    return added / this.number(len(numbers)) if layer.operation == "mean" else added
