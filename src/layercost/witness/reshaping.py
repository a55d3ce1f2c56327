"""Layers that pass values on, as loops."""

# ruff: noqa: ARG001 - each layer's loops are given the layer, the input and the run, needed or not

from __future__ import annotations

from typing import Any

from layercost.witness.numbers import Tensor, expect, flat
from layercost.witness.recording import Run, loops


@loops("Flatten")
def flatten(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """All values in one row."""
    return flat(tensor)


@loops("Identity")
def identity(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The same values."""
    return tensor


@loops("ZeroPaddedShortcut")
def zero_padded_shortcut(layer: Any, image: Tensor, this: Run) -> Tensor:
    """Some cells of each channel, then channels of zeros."""
    expect("input channels", layer.in_channels, len(image))
    kept = [[row[:: layer.stride] for row in plane[:: layer.stride]] for plane in image]
    zeros = [[this.number(0) for _ in row] for row in kept[0]]
    return [*kept, *(zeros for _ in range(layer.out_channels - layer.in_channels))]
