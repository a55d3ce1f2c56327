"""Pooling: the maximum or the mean of the cells under each window."""

# ruff: noqa: ARG001 - each layer's computation is given the layer, the values and the call, needed or not

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, computes
from layercost.forward.windows import output_of, sides_of, windows_of
from layercost.shape import adaptive_windows

_KERNEL = (-2, -1)


@computes("MaxPool2d")
def max_pool2d(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, H, W)``: the largest real cell of each window."""
    largest: Array = windows_of(layer, values, output_of(layer, values), fill=-inf).max(axis=_KERNEL)
    return largest


def _sums(layer: Any, values: Array) -> Array:
    summed: Array = windows_of(layer, values, output_of(layer, values)).sum(axis=_KERNEL)
    return summed


@computes("AvgPool2d")
def avg_pool2d(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, H, W)``: the sum of each window's cells over how many they are, or the window has."""
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
    cells: Array = np.outer(*along).astype(values.dtype)
    return cells


@computes("Subsampling2d", keeps=lambda layer: dict.fromkeys(("coefficient", "bias"), (layer.channels,)))
def subsampling2d(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, H, W)``: the sum of each window, scaled and shifted by channel."""
    coefficient, bias = (call[name].reshape(-1, 1, 1) for name in ("coefficient", "bias"))
    return _sums(layer, values) * coefficient + bias


@computes("AdaptiveAvgPool2d")
def adaptive_avg_pool2d(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, H, W)``: the mean of each of the windows spread over the map."""
    rows, columns = (_shares(n, m) for n, m in zip(values.shape[2:], output_of(layer, values), strict=True))
    means: Array = rows @ values @ columns.T
    return means.astype(values.dtype)


def _shares(n: int, windows: int) -> Array:
    """``(windows, n)``: the share of each cell in the mean of each window."""
    shares = np.zeros((windows, n))
    for row, (first, past) in zip(shares, adaptive_windows(n, windows), strict=True):
        row[first:past] = 1 / (past - first)
    return shares
