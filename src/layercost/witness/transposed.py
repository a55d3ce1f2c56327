"""Transposed convolutions as loops: each input value times each weight, added where it falls."""

from __future__ import annotations

import itertools
from typing import Any

from layercost.witness.numbers import Number, Tensor, expect, shape
from layercost.witness.recording import Run, loops


@loops("ConvTranspose2d")
def conv_transpose2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    """A canvas on which products fall; its border is cropped, and each cell that is left gets its bias."""
    expect("input channels", layer.in_channels, len(image))
    sizes = [
        (n - 1) * s + d * (k - 1) + 1 - 2 * p + more
        for n, s, d, k, p, more in zip(
            shape(image)[1:], layer.stride, layer.dilation, layer.kernel_size, layer.padding,
            layer.output_padding, strict=True,
        )
    ]  # fmt: skip
    if min(sizes) < 1:
        raise ValueError("nothing is left of the output")
    return [_map(layer, image, o, sizes, this) for o in range(layer.out_channels)]


def _map(layer: Any, image: Tensor, o: int, sizes: list[int], this: Run) -> list[list[Number]]:
    canvas, bias = _canvas(layer, image, o, this), this.trained(layer, "bias")
    top, left = layer.padding
    rows = [
        [canvas.get((row + top, column + left)) or this.number(0) for column in range(sizes[1])]
        for row in range(sizes[0])
    ]
    return [[cell.plus_bias(bias[o,]) for cell in row] for row in rows] if layer.bias else rows


def _canvas(layer: Any, image: Tensor, o: int, this: Run) -> dict[tuple[int, int], Number]:
    """The cells on which anything falls, before cropping."""
    weight, canvas = this.trained(layer, "weight"), dict[tuple[int, int], Number]()
    inputs, outputs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    channels = range(o // outputs * inputs, (o // outputs + 1) * inputs)
    _, height, width = shape(image)
    for c, i, j in itertools.product(channels, range(height), range(width)):
        for place in itertools.product(*map(range, layer.kernel_size)):
            cell = _falls_on(layer, (i, j), place)
            product = image[c][i][j] * weight[c, o % outputs, *place]
            this.log["macs"] += 1
            if cell in canvas:
                this.log["accumulations"] += 1
                product = canvas[cell] + product
            canvas[cell] = product
    return canvas


def _falls_on(layer: Any, position: tuple[int, int], place: tuple[int, ...]) -> tuple[int, int]:
    row, column = (
        at * stride + step * dilation
        for at, stride, step, dilation in zip(position, layer.stride, place, layer.dilation, strict=True)
    )
    return row, column
