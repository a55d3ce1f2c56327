"""Activations and dropout as loops."""

# ruff: noqa: ARG001 - each layer's loops are given the layer, the input and the run, needed or not

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

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


def _hard_sigmoid(x: Number, this: Run) -> Number:
    """ReLU of x + 3, cut at 6, over 6."""
    six = this.number(6)
    positive = (x + this.number(3)).relu()
    return (six if positive > six else positive) / six


@loops("Hardsigmoid")
def hardsigmoid(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """A sigmoid made of straight lines."""
    return each(lambda x: _hard_sigmoid(x, this), tensor)


@loops("Hardswish")
def hardswish(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """Each value times its hard sigmoid."""
    return each(lambda x: x * _hard_sigmoid(x, this), tensor)


@loops("Hardtanh")
def hardtanh(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """Each value, but no less than one bound and no more than the other."""
    low, high = this.number(layer.min_val), this.number(layer.max_val)

    def cut(x: Number) -> Number:
        raised = low if low > x else x
        return high if raised > high else raised

    return each(cut, tensor)


def _curved(x: Number, inner: Number, alpha: float, this: Run) -> Number:
    """x where it is positive, else alpha times one less than e to the power of `inner`."""
    below = this.number(alpha) * (inner.exponential() - this.number(1))
    return x if x > this.number(0) else below


@loops("ELU")
def elu(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """Each value where it is positive, a curve elsewhere."""
    return each(lambda x: _curved(x, x, layer.alpha, this), tensor)


@loops("CELU")
def celu(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The same with a curve that is as steep at 0 whatever alpha is."""
    return each(lambda x: _curved(x, x / this.number(layer.alpha), layer.alpha, this), tensor)


@loops("SELU")
def selu(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """A scaled ELU of which values of mean 0 and variance 1 come out as such."""
    scale = this.number(1.0507009873554804934193349852946)
    return each(lambda x: scale * _curved(x, x, 1.6732632423543772848170429916717, this), tensor)


@loops("Softplus")
def softplus(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """A smooth ReLU; above the threshold the value itself."""
    beta, threshold, one = this.number(layer.beta), this.number(layer.threshold), this.number(1)

    def smooth(x: Number) -> Number:
        steep = beta * x
        soft = (one + steep.exponential()).logarithm() / beta
        return x if steep > threshold else soft

    return each(smooth, tensor)


@loops("Mish")
def mish(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """Each value times the tanh of its softplus."""
    one = this.number(1)
    return each(lambda x: x * (one + x.exponential()).logarithm().tanh(), tensor)


@loops("Softsign")
def softsign(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """Each value over 1 more than its absolute value."""
    one = this.number(1)
    return each(lambda x: x / (one + x.absolute()), tensor)


@loops("LogSigmoid")
def log_sigmoid(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The logarithm of the sigmoid of each value."""
    return each(lambda x: x.sigmoid().logarithm(), tensor)


Down: TypeAlias = Callable[[Tensor], Tensor]  # of a tensor, along its first axis


def _along(dim: int, tensor: Tensor, down: Down) -> Tensor:
    """`down` along an axis that is counted from the last."""
    axes = len(shape(tensor))
    if axes < -dim:
        raise ValueError(f"expected {-dim} axes or more, but {axes} arrived")
    return down(tensor) if axes == -dim else [_along(dim, part, down) for part in tensor]


def _by_column(tensor: Tensor, of_row: Callable[[list[Number]], list[Number]]) -> Tensor:
    """A function of each row of numbers along the first axis."""
    if not isinstance(tensor[0], list):
        return of_row(tensor)
    columns = [_by_column(list(column), of_row) for column in zip(*tensor, strict=True)]
    return [list(row) for row in zip(*columns, strict=True)]


@loops("LogSoftmax")
def log_softmax(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The logarithm of the sum of exponentials is taken off each value, along one axis."""

    def of_row(row: list[Number]) -> list[Number]:
        level = total([x.exponential() for x in row]).logarithm()
        return [x - level for x in row]

    return _along(layer.dim, tensor, lambda part: _by_column(part, of_row))


@loops("GLU")
def glu(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """The first half along one axis times the sigmoid of the second."""

    def gated(row: list[Number]) -> list[Number]:
        half, left_over = divmod(len(row), 2)
        if left_over:
            raise ValueError(f"{len(row)} values cannot be halved")
        return [x * gate.sigmoid() for x, gate in zip(row[:half], row[half:], strict=True)]

    return _along(layer.dim, tensor, lambda part: _by_column(part, gated))


@loops("Softmax")
def softmax(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """Exponentials divided by their sum, along one axis."""

    def shares(row: list[Number]) -> list[Number]:
        powers = [x.exponential() for x in row]
        sum_of_powers = total(powers)
        return [power / sum_of_powers for power in powers]

    return _along(layer.dim, tensor, lambda part: _by_column(part, shares))


@loops("Dropout")
def dropout(layer: Any, tensor: Tensor, this: Run) -> Tensor:
    """In training each value times 0 or a scale; at inference the same values."""
    if not this.training:
        return tensor
    kept = this.number(0 if layer.p == 1 else 1 / (1 - layer.p))
    return each(lambda x: x * kept, tensor)
