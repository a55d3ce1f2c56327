"""Convolutions as loops."""

from __future__ import annotations

from typing import Any

from layercost.witness.numbers import Number, Tensor, dot, expect, shaped
from layercost.witness.recording import Run, loops
from layercost.witness.windows import Slide, sliding, value_at


@loops("Conv1d", "Conv2d", "Conv3d")
def convolution(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """One dot product for each output channel at each place of the window; padding is multiplied."""
    expect("input channels", layer.in_channels, len(tensor))
    slide, inputs = sliding(layer, tensor), layer.in_channels // layer.groups
    outputs = layer.out_channels // layer.groups
    groups = [tensor[first : first + inputs] for first in range(0, layer.in_channels, inputs)]
    numbers = (
        _unit(layer, o, groups[o // outputs], slide, start, this)
        for o in range(layer.out_channels)
        for start in slide.over()
    )
    return shaped(numbers, (layer.out_channels, *slide.sizes))


def _unit(layer: Any, o: int, group: Tensor, slide: Slide, start: tuple[int, ...], this: Run) -> Number:
    weight, zero = this.trained(layer, "weight"), this.number(0)
    products = dot(
        (weight[o, c, *place], value_at(plane, cell) or zero)
        for c, plane in enumerate(group)
        for place, cell in slide.cells(start)
    )
    return products.plus_bias(this.trained(layer, "bias")[o,]) if layer.bias else products


@loops("ConnectedConv2d")
def connected_conv2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    """The same, where each map reads inputs of its own."""
    expect("input channels", layer.in_channels, len(image))
    weight, bias, slide = this.trained(layer, "weight"), this.trained(layer, "bias"), sliding(layer, image)

    def unit(o: int, start: tuple[int, ...]) -> Number:
        pairs = (
            (weight[o, c, *place], image[c][row][column])
            for c in layer.connections[o]
            for place, (row, column) in slide.cells(start)
        )
        return dot(pairs).plus_bias(bias[o,])

    maps = range(len(layer.connections))
    return shaped((unit(o, start) for o in maps for start in slide.over()), (len(maps), *slide.sizes))
