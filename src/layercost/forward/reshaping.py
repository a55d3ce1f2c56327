"""Layers that pass values on."""

# ruff: noqa: ARG001 - each layer's computation is given the layer, the values and the call, needed or not

from __future__ import annotations

from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, computes


@computes("Flatten")
def flatten(layer: Any, values: Array, call: Call) -> Array:
    """``(N, ...)`` to ``(N, F)``."""
    return values.reshape(len(values), -1)


@computes("Identity", "Unused")
def identity(layer: Any, values: Array, call: Call) -> Array:
    """The same values."""
    return values


@computes("ZeroPad2d")
def zero_pad2d(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, H, W)``: zeros around each map."""
    left, right, top, bottom = layer.padding
    return np.pad(values, ((0, 0), (0, 0), (top, bottom), (left, right)))


@computes("PixelShuffle")
def pixel_shuffle(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C r^2, H, W)`` to ``(N, C, H r, W r)``."""
    (batch, channels, height, width), r = values.shape, layer.upscale_factor
    apart = values.reshape(batch, channels // (r * r), r, r, height, width)
    return apart.transpose(0, 1, 4, 2, 5, 3).reshape(batch, -1, height * r, width * r)


@computes("PixelUnshuffle")
def pixel_unshuffle(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, H r, W r)`` to ``(N, C r^2, H, W)``."""
    (batch, channels, height, width), r = values.shape, layer.downscale_factor
    apart = values.reshape(batch, channels, height // r, r, width // r, r)
    return apart.transpose(0, 1, 3, 5, 2, 4).reshape(batch, -1, height // r, width // r)


@computes("Upsample")
def upsample(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, *sizes)``: copies of the nearest cells, or values between two, axis by axis."""
    given = layer.scale_factor
    for axis, many in enumerate(layer.output_shape(values.shape[1:])[1:], start=2):
        factor = given[axis - 2] if isinstance(given, tuple) else given
        places = _places(layer, values.shape[axis], int(many), factor)
        if "nearest" in layer.mode:
            values = values.take(places.astype(int), axis=axis)
            continue
        first = places.astype(int)
        near, far = (
            values.take(np.minimum(first + more, values.shape[axis] - 1), axis=axis) for more in (0, 1)
        )
        weight = (places - first).reshape(-1, *(1,) * (values.ndim - 1 - axis))
        values = (near * (1 - weight) + far * weight).astype(values.dtype)
    return values


def _places(layer: Any, n: int, many: int, factor: float | None) -> Array:
    """Where each cell of the output lies among the `n` cells of the input."""
    out: Array = np.arange(many, dtype=np.float64)
    step = n / many if factor is None else 1 / factor
    if layer.align_corners:
        return out * (n - 1) / (many - 1) if many > 1 else np.zeros(many)
    if layer.mode == "nearest":
        found = out * step
    else:
        found = (out + 0.5) * step - (0 if layer.mode == "nearest-exact" else 0.5)
    return np.clip(found, 0, n - 1)


@computes("ZeroPaddedShortcut")
def zero_padded_shortcut(layer: Any, values: Array, call: Call) -> Array:
    """Every stride-th cell, and channels of zeros behind the others."""
    kept = values[:, :, :: layer.stride, :: layer.stride]
    return np.pad(kept, ((0, 0), (0, layer.out_channels - layer.in_channels), (0, 0), (0, 0)))
