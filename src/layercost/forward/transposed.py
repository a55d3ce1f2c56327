"""Transposed convolutions: for each cell of the kernel, all inputs at once fall on a canvas."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, Sizes, computes


def _keeps(layer: Any) -> dict[str, Sizes]:
    weight = (layer.in_channels, layer.out_channels // layer.groups, *layer.kernel_size)
    return {"weight": weight, "bias": (layer.out_channels,)} if layer.bias else {"weight": weight}


@computes("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d", keeps=_keeps)
def conv_transpose(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C_in, *sizes)`` to ``(N, C_out, *output)``."""
    _, *output = (int(size) for size in layer.output_shape(values.shape[1:]))
    canvas = _canvas(layer, values, call["weight"])
    kept = (slice(first, first + size) for first, size in zip(layer.padding, output, strict=True))
    cropped = canvas[(slice(None), slice(None), *kept)]
    return cropped + call["bias"].reshape(-1, *(1,) * len(output)) if layer.bias else cropped


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
        cells = (
            slice(at * d, at * d + (n - 1) * s + 1, s)
            for at, d, n, s in zip(place, layer.dilation, sizes, layer.stride, strict=True)
        )
        at: Any = (slice(None), slice(None), slice(None), *place)
        under: Any = (..., *cells)
        canvas[under] += np.einsum("ngc...,gco->ngo...", inputs, filters[at])
    return canvas.reshape(batch, layer.out_channels, *room)
