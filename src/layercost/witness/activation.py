"""Activations and dropout as loops."""

# ruff: noqa: ARG001 - each layer's loops are given the layer, the input and the run, needed or not

from __future__ import annotations

import math
from typing import Any

from layercost.witness.numbers import Number, Tensor, each, flat, shape, shaped, total
from layercost.witness.recording import Run, loops


@loops("ReLU")
def relu(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """ReLU of each value."""
    return each(Number.relu, tensor)


@loops("ReLU6")
def relu6(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """ReLU of each value, cut at 6."""
    six = this.number(6)
    return each(lambda x: six if (positive := x.relu()) > six else positive, tensor)


def _leaky(x: Number, slope: Number) -> Number:
    """The larger of x and slope x."""
    scaled = slope * x
    return scaled if scaled > x else x


@loops("LeakyReLU")
def leaky_relu(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The larger of each value and the same scaled."""
    slope = this.number(layer.negative_slope)
    return each(lambda x: _leaky(x, slope), tensor)


@loops("PReLU")
def prelu(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The same with trained slopes: one for all, one a channel, or one a value."""
    weight, numbers = this.trained(layer, "weight"), flat(tensor)
    shared, left_over = divmod(len(numbers), layer.num_parameters)
    if left_over or layer.num_parameters not in (1, len(tensor), len(numbers)):
        raise ValueError(f"{layer.num_parameters} slopes do not fit {len(numbers)} values")
    return shaped((_leaky(x, weight[place // shared,]) for place, x in enumerate(numbers)), shape(tensor))


@loops("Sigmoid")
def sigmoid(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The logistic function of each value."""
    return each(Number.sigmoid, tensor)


@loops("SiLU")
def silu(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """Each value times its sigmoid."""
    return each(lambda x: x * x.sigmoid(), tensor)


@loops("Tanh")
def tanh(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The hyperbolic tangent of each value."""
    return each(Number.tanh, tensor)


@loops("ScaledTanh")
def scaled_tanh(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """A tanh, scaled before and after."""
    amplitude, slope = this.number(1.7159), this.number(2 / 3)
    return each(lambda x: amplitude * (slope * x).tanh(), tensor)


@loops("GELU")
def gelu(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """Each value times the chance that a normal variable is smaller; or what stands for it with a tanh."""
    if layer.approximate == "none":
        return each(lambda x: x.noting("gelus", x.value * (1 + math.erf(x.value / math.sqrt(2))) / 2), tensor)
    half, one = this.number(0.5), this.number(1)
    cubic, scale = this.number(0.044715), this.number(math.sqrt(2 / math.pi))
    return each(lambda x: half * x * (one + (scale * (x + cubic * (x * x * x))).tanh()), tensor)


@loops("Softmax")
def softmax(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """Exponentials divided by their sum, along one axis."""
    axes = len(shape(tensor))
    if axes < -layer.dim:
        raise ValueError(f"expected {-layer.dim} axes or more, but {axes} arrived")
    if axes > -layer.dim:
        return [softmax(layer, part, this) for part in tensor]
    return _softmax_down(tensor)


def _softmax_down(tensor: Tensor) -> Tensor:
    """Softmax along the first axis."""
    if isinstance(tensor[0], list):
        columns = [_softmax_down(list(column)) for column in zip(*tensor, strict=True)]
        return [list(row) for row in zip(*columns, strict=True)]
    powers = [x.exponential() for x in tensor]
    sum_of_powers = total(powers)
    return [power / sum_of_powers for power in powers]


@loops("Dropout")
def dropout(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """In training each value times 0 or a scale; at inference the same values."""
    if not this.training:
        return tensor
    kept = this.number(0 if layer.p == 1 else 1 / (1 - layer.p))
    return each(lambda x: x * kept, tensor)
