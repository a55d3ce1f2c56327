"""Transposed convolutions: for each cell of the kernel, all inputs at once fall on a canvas."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, Sizes, computes


def _keeps(layer: Any) -> dict[str, Sizes]:
    weight = (layer.in_channels, layer.out_channels // layer.groups, *layer.kernel_size)
    return {"weight": weight, "bias": (layer.out_channels,)} if layer.bias else {"weight": weight}


@computes("ConvTranspose2d", keeps=_keeps)
def conv_transpose2d(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C_in, H, W)`` to ``(N, C_out, H_out, W_out)``."""
    _, *output = (int(size) for size in layer.output_shape(values.shape[1:]))
    canvas = _canvas(layer, values, call["weight"])
    top, left = layer.padding
    cropped = canvas[:, :, top : top + output[0], left : left + output[1]]
    return cropped + call["bias"].reshape(-1, 1, 1) if layer.bias else cropped


def _canvas(layer: Any, values: Array, weight: Array) -> Array:
    """The cells on which products fall, and `output_padding` more at the end."""
    batch, _, *sizes = values.shape
    along = zip(
        sizes, layer.stride, layer.dilation, layer.kernel_size, layer.output_padding, strict=True
    )  # fmt: skip
    room = [(n - 1) * s + d * (k - 1) + 1 + more for n, s, d, k, more in along]
    groups, outputs = layer.groups, layer.out_channels // layer.groups
    inputs = values.reshape(batch, groups, -1, *sizes)
    filters = weight.reshape(groups, -1, outputs, *layer.kernel_size)
    canvas = np.zeros((batch, groups, outputs, *room), dtype=np.result_type(values, weight))
    for place in product(*map(range, layer.kernel_size)):
        rows, columns = (
            slice(at * d, at * d + (n - 1) * s + 1, s)
            for at, d, n, s in zip(place, layer.dilation, sizes, layer.stride, strict=True)
        )
        canvas[..., rows, columns] += np.einsum(
            "ngchw,gco->ngohw", inputs, filters[:, :, :, place[0], place[1]]
        )
    return canvas.reshape(batch, layer.out_channels, *room)
