"""Pooling as loops: padding is no cell."""

from __future__ import annotations

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


@loops("MaxPool2d")
def max_pool2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    """The largest cell of each window."""
    nothing = this.number(-math.inf)  # the largest of no cells
    return _pooled(layer, image, lambda _, cells, *__: largest(cells) if cells else nothing)


@loops("AvgPool2d")
def avg_pool2d(layer: Any, image: Tensor, this: Run) -> Tensor:
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


@loops("AdaptiveAvgPool2d")
def adaptive_avg_pool2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    """Window j of m: the cells that lie, with any part of them, from j/m to (j + 1)/m of the way."""
    sizes = [wanted or size for wanted, size in zip(layer.output_size, shape(image)[1:], strict=True)]
    rows, columns = (_shares(n, m) for n, m in zip(shape(image)[1:], sizes, strict=True))

    def mean(plane: Tensor, down: list[int], across: list[int]) -> Number:
        cells = [plane[row][column] for row in down for column in across]
        return total(cells) / this.number(len(cells))

    return [[[mean(plane, down, across) for across in columns] for down in rows] for plane in image]


def _shares(n: int, m: int) -> list[list[int]]:
    """For each of m windows, the cells that it touches; cell i lies from i/n to (i+1)/n of the way."""
    return [[i for i in range(n) if (i + 1) * m > j * n and i * m < (j + 1) * n] for j in range(m)]
