"""Layers that pass values on, as loops."""

# ruff: noqa: ARG001 - each layer's loops are given the layer, the input and the run, needed or not

from __future__ import annotations

from typing import Any

from layercost.witness.numbers import Number, Tensor, expect, flat, shape
from layercost.witness.recording import Run, loops
from layercost.witness.windows import value_at


@loops("Flatten")
def flatten(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """All values in one row."""
    return flat(tensor)


@loops("Identity")
def identity(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The same values."""
    return tensor


@loops("ZeroPad2d")
def zero_pad2d(layer: Any, image: Tensor, this: Run) -> Tensor:
    """Zeros to the left, to the right, above and below."""
    left, right, top, bottom = layer.padding
    rows, columns = shape(image)[1:]
    wide = range(-left, columns + right)
    return [
        [[value_at(plane, (i, j)) or this.number(0) for j in wide] for i in range(-top, rows + bottom)]
        for plane in image
    ]


@loops("PixelShuffle")
def pixel_shuffle(layer: Any, image: Tensor, this: Run) -> Tensor:
    """Each cell of the output comes from one of r r channels."""
    r = layer.upscale_factor
    channels, rows, columns = shape(image)
    expect("channels left over", 0, channels % (r * r))
    return [
        [
            [image[(c * r + i % r) * r + j % r][i // r][j // r] for j in range(columns * r)]
            for i in range(rows * r)
        ]
        for c in range(channels // (r * r))
    ]


@loops("PixelUnshuffle")
def pixel_unshuffle(layer: Any, image: Tensor, this: Run) -> Tensor:
    """Each channel of the output has every r-th cell of one."""
    r = layer.downscale_factor
    channels, rows, columns = shape(image)
    expect("cells left over", 0, rows % r + columns % r)
    return [
        [row[across::r] for row in image[c][down::r]]
        for c in range(channels)
        for down in range(r)
        for across in range(r)
    ]


@loops("Upsample")
def upsample(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """Each channel along its first axis, and what that gives along the next."""
    axes = len(shape(tensor)) - 1
    wanted = {"linear": 1, "bilinear": 2, "trilinear": 3}.get(layer.mode, axes)
    expect("axes after the channels", wanted, axes)
    sizes, factors = (
        list(given) if isinstance(given, tuple) else [given] * axes
        for given in (layer.size, layer.scale_factor)
    )
    expect("sizes", axes, len(sizes))
    expect("factors", axes, len(factors))
    return [_finer(layer, plane, sizes, factors, this) for plane in tensor]


def _finer(layer: Any, plane: Tensor, sizes: list[Any], factors: list[Any], this: Run) -> Tensor:
    """Along the last axes first: what lies between two rows is made of their finished cells."""
    n = len(plane)
    many = int(sizes[0] or n * float(factors[0]))
    if many < 1:
        raise ValueError("nothing is left of the output")
    step = n / many if factors[0] is None else 1 / factors[0]
    found = []
    for place in range(many):
        if "nearest" in layer.mode:
            at = (place + 0.5) * step if layer.mode == "nearest-exact" else place * step
            found.append(_inner(layer, plane[min(int(at), n - 1)], sizes, factors, this))
            continue
        if layer.align_corners:
            at = place * (n - 1) / (many - 1) if many > 1 else 0.0
        else:
            at = max((place + 0.5) * step - 0.5, 0.0)
        first = min(int(at), n - 1)
        rows = [_inner(layer, plane[row], sizes, factors, this) for row in (first, min(first + 1, n - 1))]
        found.append(_between(rows[0], rows[1], this.number(1 - (at - first)), this.number(at - first)))
    return found


def _inner(layer: Any, row: Tensor, sizes: list[Any], factors: list[Any], this: Run) -> Tensor:
    return _finer(layer, row, sizes[1:], factors[1:], this) if isinstance(row, list) else row


def _between(first: Tensor, second: Tensor, near: Number, far: Number) -> Tensor:
    """Each value of the one and of the other, weighed and added."""
    if isinstance(first, list):
        return [_between(one, other, near, far) for one, other in zip(first, second, strict=True)]
    return near * first + far * second


@loops("ZeroPaddedShortcut")
def zero_padded_shortcut(layer: Any, image: Tensor, this: Run) -> Tensor:
    """Some cells of each channel, then channels of zeros."""
    expect("input channels", layer.in_channels, len(image))
    kept = [[row[:: layer.stride] for row in plane[:: layer.stride]] for plane in image]
    zeros = [[this.number(0) for _ in row] for row in kept[0]]
    return [*kept, *(zeros for _ in range(layer.out_channels - layer.in_channels))]
