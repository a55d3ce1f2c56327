"""Normalization as loops."""

from __future__ import annotations

import math
from typing import Any

from layercost.witness.numbers import Number, Tensor, each, expect, flat, shape, shaped, total
from layercost.witness.recording import Run, batch_loops, loops


def _moments(numbers: list[Number], this: Run) -> tuple[Number, list[Number], Number]:
    """The mean, each number's deviation from it, and the sum of the deviations' squares."""
    mean = total(numbers) / this.number(len(numbers))
    deviations = [number - mean for number in numbers]
    return mean, deviations, total(deviation * deviation for deviation in deviations)


def _standard(deviations: list[Number], squares: Number, eps: float, this: Run) -> list[Number]:
    """Deviations over the standard deviation."""
    variance = squares / this.number(len(deviations))
    spread = (variance + this.number(eps)).square_root()
    return [deviation / spread for deviation in deviations]


@batch_loops("BatchNorm1d", "BatchNorm2d", "BatchNorm3d")
def batch_norm(layer: Any, samples: list[Tensor], this: Run) -> list[Tensor]:
    """Each channel of the whole batch, by its statistics or by those that training kept."""
    expect("input channels", layer.num_features, len(samples[0]))
    sizes = shape(samples[0])[1:]
    outputs: list[list[Tensor]] = [[] for _ in samples]
    for c in range(layer.num_features):
        numbers = [number for sample in samples for number in flat(sample[c])]
        row = iter(_scaled(layer, c, _centred(layer, c, numbers, this), this))
        for output in outputs:
            output.append(shaped(row, sizes))
    return outputs


def _centred(layer: Any, c: int, numbers: list[Number], this: Run) -> list[Number]:
    mean, variance = this.fixed(layer, "running_mean"), this.fixed(layer, "running_var")
    if layer.track_running_stats and not this.training:
        spread = this.number(math.sqrt(abs(variance[c,].value) + layer.eps))  # a constant once it is trained
        return [(number - mean[c,]) / spread for number in numbers]
    if len(numbers) < 2:
        raise ValueError("expected two values a channel or more for statistics of the batch")
    new_mean, deviations, squares = _moments(numbers, this)
    if this.training and layer.track_running_stats:
        share = this.number(0.1 if layer.momentum is None else layer.momentum)
        unbiased = squares / this.number(len(numbers) - 1)
        mean[c,] = mean[c,] + share * (new_mean - mean[c,])
        variance[c,] = variance[c,] + share * (unbiased - variance[c,])
    return _standard(deviations, squares, layer.eps, this)


def _scaled(layer: Any, c: int, numbers: list[Number], this: Run) -> list[Number]:
    """The trained scale and shift of channel `c`."""
    if not layer.affine:
        return numbers
    weight, bias = this.trained(layer, "weight"), this.trained(layer, "bias")
    numbers = [weight[c,] * number for number in numbers]
    return [number + bias[c,] for number in numbers] if layer.bias else numbers


@batch_loops("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")
def instance_norm(layer: Any, samples: list[Tensor], this: Run) -> list[Tensor]:
    """Each channel of each sample alone; what runs becomes the mean of what each sample would make of it."""
    if layer.track_running_stats and not this.training:
        return batch_norm(layer, samples, this)
    expect("input channels", layer.num_features, len(samples[0]))
    outputs: list[list[Tensor]] = [[] for _ in samples]
    for c in range(layer.num_features):
        seen = [_moments(flat(sample[c]), this) for sample in samples]
        if len(seen[0][1]) < 2:
            raise ValueError("expected two values a channel or more of each sample")
        for output, sample, (_, deviations, squares) in zip(outputs, samples, seen, strict=True):
            numbers = _standard(deviations, squares, layer.eps, this)
            output.append(shaped(_scaled(layer, c, numbers, this), shape(sample[c])))
        if layer.track_running_stats:
            _average(layer, c, seen, this)
    return outputs


def _average(layer: Any, c: int, seen: list[tuple[Number, list[Number], Number]], this: Run) -> None:
    """The running statistics of channel `c`, updated by each sample, and averaged."""
    share = this.number(0.1 if layer.momentum is None else layer.momentum)
    running = (this.fixed(layer, "running_mean"), this.fixed(layer, "running_var"))
    new = ([], [])  # type: tuple[list[Number], list[Number]]
    for mean, deviations, squares in seen:
        unbiased = squares / this.number(len(deviations) - 1)
        for copies, old, now in zip(new, running, (mean, unbiased), strict=True):
            copies.append(old[c,] + share * (now - old[c,]))
    for copies, old in zip(new, running, strict=True):
        old[c,] = total(copies) / this.number(len(copies))


@loops("RMSNorm")
def rms_norm(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The last axes together, over the root of their mean square."""
    sizes = tuple(layer.normalized_shape)
    if len(shape(tensor)) > len(sizes):
        return [rms_norm(layer, part, this) for part in tensor]
    if shape(tensor) != sizes:
        raise ValueError(f"expected {sizes}, but {shape(tensor)} arrived")
    numbers, weight = flat(tensor), this.trained(layer, "weight")
    mean = total(number * number for number in numbers) / this.number(len(numbers))
    smallest = 2.0**-52 if layer.eps is None else layer.eps
    root = (mean + this.number(smallest)).square_root()
    numbers = [number / root for number in numbers]
    if layer.elementwise_affine:
        numbers = [weight[place,] * number for place, number in enumerate(numbers)]
    return shaped(numbers, sizes)


def centred(numbers: list[Number], eps: float, this: Run) -> list[Number]:
    """Numbers less their mean, over the root of their variance."""
    _, deviations, squares = _moments(numbers, this)
    return _standard(deviations, squares, eps, this)


@loops("LayerNorm")
def layer_norm(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The last axes together, at each leading position."""
    sizes = tuple(layer.normalized_shape)
    if len(shape(tensor)) > len(sizes):
        return [layer_norm(layer, part, this) for part in tensor]
    if shape(tensor) != sizes:
        raise ValueError(f"expected {sizes}, but {shape(tensor)} arrived")
    numbers = centred(flat(tensor), layer.eps, this)
    weight, bias = this.trained(layer, "weight"), this.trained(layer, "bias")
    if layer.elementwise_affine:
        numbers = [weight[place,] * number for place, number in enumerate(numbers)]
        numbers = [number + bias[place,] for place, number in enumerate(numbers)] if layer.bias else numbers
    return shaped(numbers, sizes)


@loops("GroupNorm")
def group_norm(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The channels of each group together."""
    expect("input channels", layer.num_channels, len(tensor))
    size, output = layer.num_channels // layer.num_groups, []
    for first in range(0, layer.num_channels, size):
        group = tensor[first : first + size]
        _, deviations, squares = _moments(flat(group), this)
        planes = shaped(_standard(deviations, squares, layer.eps, this), shape(group))
        for c, plane in enumerate(planes, start=first):
            output.append(shaped(_scaled(layer, c, flat(plane), this), shape(plane)))
    return output


@loops("LocalResponseNorm")
def local_response_norm(layer: Any, image: Tensor, this: Run) -> Tensor:
    """Each value over a power of the squares at its place in the channels around it."""
    squares = each(lambda x: x * x, image)
    scale, least = this.number(layer.alpha / layer.size), this.number(layer.k)

    def normal(c: int, row: int, column: int) -> Number:
        around = range(c - layer.size // 2, c - layer.size // 2 + layer.size)
        near = total(squares[other][row][column] for other in around if 0 <= other < len(image))
        power = least + scale * near
        value: Number = image[c][row][column]
        return value / power.noting("powers", power.value**layer.beta or 1)

    channels, height, width = shape(image)
    return [[[normal(c, i, j) for j in range(width)] for i in range(height)] for c in range(channels)]
