"""Pooling: the maximum or the mean of the cells under each window."""

# ruff: noqa: ARG001 - each layer's computation is given the layer, the values and the call, needed or not

from __future__ import annotations

from functools import reduce
from math import inf
from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, computes
from layercost.forward.windows import output_of, sides_of, windows_of
from layercost.shape import adaptive_windows


def _kernel(layer: Any) -> tuple[int, ...]:
    """The axes of an array of windows along which their cells lie: the last ones."""
    return tuple(range(-layer.axes, 0))


@computes("MaxPool1d", "MaxPool2d", "MaxPool3d")
def max_pool(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, *sizes)``: the largest real cell of each window."""
    largest: Array = windows_of(layer, values, output_of(layer, values), fill=-inf).max(axis=_kernel(layer))
    return largest


def _sums(layer: Any, values: Array) -> Array:
    summed: Array = windows_of(layer, values, output_of(layer, values)).sum(axis=_kernel(layer))
    return summed


@computes("AvgPool1d", "AvgPool2d", "AvgPool3d")
def avg_pool(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, *sizes)``: the sum of each window's cells over how many they are, or the window has."""
    cells = np.ones((1, 1, *values.shape[2:]), dtype=values.dtype)
    if not layer.count_include_pad:
        return _sums(layer, values) / np.maximum(_sums(layer, cells), 1)
    return _sums(layer, values) / np.maximum(_padded_cells(layer, values), 1)


def _padded_cells(layer: Any, values: Array) -> Array:
    """How many cells each window covers, those of the padding included, those beyond it not."""
    sizes, output = values.shape[2:], output_of(layer, values)
    along = []
    for n, k, s, many, (before, after) in zip(
        sizes, layer.kernel_size, layer.stride, output, sides_of(layer, sizes), strict=True
    ):
        starts = np.arange(many) * s
        along.append(np.clip(before + n + after - starts, 0, k))
    cells: Array = reduce(np.multiply.outer, along).astype(values.dtype)
    return cells


@computes("Subsampling2d", keeps=lambda layer: dict.fromkeys(("coefficient", "bias"), (layer.channels,)))
def subsampling2d(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, H, W)``: the sum of each window, scaled and shifted by channel."""
    coefficient, bias = (call[name].reshape(-1, 1, 1) for name in ("coefficient", "bias"))
    return _sums(layer, values) * coefficient + bias


@computes("AdaptiveAvgPool1d", "AdaptiveAvgPool2d", "AdaptiveAvgPool3d")
def adaptive_avg_pool(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, *sizes)``: the mean of each of the windows spread over the axes."""
    means = values
    for axis, windows in enumerate(output_of(layer, values), start=2):
        shares = _shares(values.shape[axis], windows)
        means = np.moveaxis(np.tensordot(means, shares, axes=(axis, 1)), -1, axis)
    return means.astype(values.dtype)


@computes("AdaptiveMaxPool1d", "AdaptiveMaxPool2d", "AdaptiveMaxPool3d")
def adaptive_max_pool(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, *sizes)``: the largest cell of each of the windows spread over the axes."""
    found = values
    for axis, many in enumerate(output_of(layer, values), start=2):
        windows = adaptive_windows(values.shape[axis], many)
        cut = [found.take(range(*window), axis=axis).max(axis=axis) for window in windows]
        found = np.stack(cut, axis=axis)
    return found


@computes("Reduce")
def reduce_axes(layer: Any, values: Array, call: Call) -> Array:
    """The sum, the mean or the largest over axes counted from the last."""
    found: Array = getattr(values, layer.operation)(axis=layer.dims, keepdims=layer.keepdim)
    return found


def _shares(n: int, windows: int) -> Array:
    """``(windows, n)``: the share of each cell in the mean of each window."""
    shares = np.zeros((windows, n))
    for row, (first, past) in zip(shares, adaptive_windows(n, windows), strict=True):
        row[first:past] = 1 / (past - first)
    return shares
