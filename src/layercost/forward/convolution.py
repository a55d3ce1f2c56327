"""Convolutions as products of matrices: one row for each position of the kernel (im2col)."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, Sizes, computes
from layercost.forward.windows import output_of, windows_of


def _keeps(layer: Any) -> dict[str, Sizes]:
    weight = (layer.out_channels, layer.in_channels // layer.groups, *layer.kernel_size)
    return {"weight": weight, "bias": (layer.out_channels,)} if layer.bias else {"weight": weight}


@computes("Conv1d", "Conv2d", "Conv3d", keeps=_keeps)
def convolution(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C_in, *sizes)`` to ``(N, C_out, *output)``, for any groups, stride, dilation and padding."""
    output, groups, batch = output_of(layer, values), layer.groups, len(values)
    windows = windows_of(layer, values, output)
    by_group = windows.reshape(batch, groups, -1, *windows.shape[2:])
    axes = len(output)
    places_first = (0, 1, *range(3, 3 + axes), 2, *range(3 + axes, 3 + 2 * axes))
    rows = by_group.transpose(places_first).reshape(batch, groups, prod(output), -1)
    filters = call["weight"].reshape(groups, layer.out_channels // groups, -1)
    products = filters @ rows.swapaxes(-1, -2)
    maps = products.reshape(batch, layer.out_channels, *output)
    return maps + _per_channel(call["bias"], axes) if layer.bias else maps


def _per_channel(array: Array, axes: int) -> Array:
    return array.reshape(-1, *(1,) * axes)


def _keeps_connected(layer: Any) -> dict[str, Sizes]:
    kernels = sum(map(len, layer.connections))
    return {"weight": (kernels, *layer.kernel_size), "bias": (len(layer.connections),)}


@computes("ConnectedConv2d", keeps=_keeps_connected)
def connected_conv2d(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C_in, H, W)`` to ``(N, maps, H_out, W_out)``; `weight` has one kernel for each connection."""
    windows = np.lib.stride_tricks.sliding_window_view(values, layer.kernel_size, axis=(2, 3))
    maps, first = [], 0
    for inputs, bias in zip(layer.connections, call["bias"], strict=True):
        kernels = call["weight"][first : first + len(inputs)]
        maps.append(np.tensordot(windows[:, list(inputs)], kernels, axes=((1, 4, 5), (0, 1, 2))) + bias)
        first += len(inputs)
    return np.stack(maps, axis=1)
