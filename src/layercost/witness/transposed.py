"""Transposed convolutions as loops: each input value times each weight, added where it falls."""

from __future__ import annotations

import itertools
from typing import Any, cast

from layercost.witness.numbers import Number, Tensor, expect, shape, shaped
from layercost.witness.recording import Place, Run, loops


@loops("ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")
def conv_transpose(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """A canvas on which products fall; its border is cropped, and each cell that is left gets its bias."""
    expect("input channels", layer.in_channels, len(tensor))
    sizes = [
        (n - 1) * s + d * (k - 1) + 1 - 2 * p + more
        for n, s, d, k, p, more in zip(
            shape(tensor)[1:], layer.stride, layer.dilation, layer.kernel_size, layer.padding,
            layer.output_padding, strict=True,
        )
    ]  # fmt: skip
    if min(sizes) < 1:
        raise ValueError("nothing is left of the output")
    return [_map(layer, tensor, o, tuple(sizes), this) for o in range(layer.out_channels)]


def _map(layer: Any, tensor: Tensor, o: int, sizes: Place, this: Run) -> Tensor:
    canvas, bias = _canvas(layer, tensor, o, this), this.trained(layer, "bias")
    places = itertools.product(
        *(range(first, first + n) for first, n in zip(layer.padding, sizes, strict=True))
    )
    cells = (canvas.get(place) or this.number(0) for place in places)
    return shaped((cell.plus_bias(bias[o,]) if layer.bias else cell for cell in cells), sizes)


def _canvas(layer: Any, tensor: Tensor, o: int, this: Run) -> dict[Place, Number]:
    """The cells on which anything falls, before cropping."""
    weight, canvas = this.trained(layer, "weight"), dict[Place, Number]()
    inputs, outputs = layer.in_channels // layer.groups, layer.out_channels // layer.groups
    channels = range(o // outputs * inputs, (o // outputs + 1) * inputs)
    positions = list(itertools.product(*map(range, shape(tensor)[1:])))
    for c, position in itertools.product(channels, positions):
        for place in itertools.product(*map(range, layer.kernel_size)):
            cell = _falls_on(layer, position, place)
            product = _at(tensor[c], position) * weight[c, o % outputs, *place]
            this.log["macs"] += 1
            if cell in canvas:
                this.log["accumulations"] += 1
                product = canvas[cell] + product
            canvas[cell] = product
    return canvas


def _falls_on(layer: Any, position: Place, place: Place) -> Place:
    return tuple(
        at * stride + step * dilation
        for at, stride, step, dilation in zip(position, layer.stride, place, layer.dilation, strict=True)
    )


def _at(tensor: Tensor, position: Place) -> Number:
    found: Any = tensor
    for index in position:
        found = found[index]
    return cast(Number, found)
