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


@computes("ZeroPaddedShortcut")
def zero_padded_shortcut(layer: Any, values: Array, call: Call) -> Array:
    """Every stride-th cell, and channels of zeros behind the others."""
    kept = values[:, :, :: layer.stride, :: layer.stride]
    return np.pad(kept, ((0, 0), (0, layer.out_channels - layer.in_channels), (0, 0), (0, 0)))
