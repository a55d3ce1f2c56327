"""Activations: a function of each value alone; softmax: of each row."""

# ruff: noqa: ARG001 - each layer's computation is given the layer, the values and the call, needed or not

from __future__ import annotations

import math
from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, computes


def sigmoid(values: Array) -> Array:
    """``1 / (1 + exp(-x))`` without overflow, by way of the tangent."""
    return 0.5 * (1 + np.tanh(0.5 * values))


def softmax_over(values: Array, axis: int = -1) -> Array:
    """Each row along `axis` positive and of sum 1; what is minus infinity gets 0."""
    powers = np.exp(values - values.max(axis=axis, keepdims=True))
    share: Array = powers / powers.sum(axis=axis, keepdims=True)
    return share


@computes("ReLU")
def relu(layer: Any, values: Array, call: Call) -> Array:
    """``max(x, 0)``."""
    return np.maximum(values, 0)


@computes("ReLU6")
def relu6(layer: Any, values: Array, call: Call) -> Array:
    """``min(max(x, 0), 6)``."""
    return np.clip(values, 0, 6)


@computes("Sigmoid")
def logistic(layer: Any, values: Array, call: Call) -> Array:
    """``1 / (1 + exp(-x))``."""
    return sigmoid(values)


@computes("SiLU")
def silu(layer: Any, values: Array, call: Call) -> Array:
    """``x sigmoid(x)``."""
    return values * sigmoid(values)


@computes("Tanh")
def tanh(layer: Any, values: Array, call: Call) -> Array:
    """The hyperbolic tangent."""
    return np.tanh(values)


@computes("ScaledTanh")
def scaled_tanh(layer: Any, values: Array, call: Call) -> Array:
    """``1.7159 tanh(2/3 x)``."""
    return 1.7159 * np.tanh(2 / 3 * values)


@computes("LeakyReLU")
def leaky_relu(layer: Any, values: Array, call: Call) -> Array:
    """x where it is positive, ``negative_slope x`` elsewhere."""
    return np.where(values > 0, values, layer.negative_slope * values)


@computes("PReLU", keeps=lambda layer: {"weight": (layer.num_parameters,)})
def prelu(layer: Any, values: Array, call: Call) -> Array:
    """The same with trained slopes: one for all, one a channel, or one a value."""
    slopes = call["weight"]
    if layer.num_parameters == values[0].size:
        slopes = slopes.reshape(values.shape[1:])
    elif layer.num_parameters > 1:
        slopes = slopes.reshape(-1, *(1,) * (values.ndim - 2))
    return np.where(values > 0, values, slopes * values)


error_function = np.vectorize(math.erf, otypes=[np.float64])  # numpy has none of its own


def exact_gelu(values: Array) -> Array:
    """``x Phi(x)``, by the error function."""
    twice_the_chance: Array = 1 + error_function(values / math.sqrt(2))
    product: Array = values * (twice_the_chance / 2).astype(values.dtype)
    return product


@computes("GELU")
def gelu(layer: Any, values: Array, call: Call) -> Array:
    """``x Phi(x)``, exact or by way of the tangent."""
    if layer.approximate == "tanh":
        inner: Array = math.sqrt(2 / math.pi) * (values + 0.044715 * values**3)
        tangent: Array = np.tanh(inner)
        by_tangent: Array = 0.5 * values * (1 + tangent)
        return by_tangent
    return exact_gelu(values)


@computes("Hardsigmoid")
def hardsigmoid(layer: Any, values: Array, call: Call) -> Array:
    """``ReLU6(x + 3) / 6``."""
    sixth: Array = np.clip(values + 3, 0, 6) / 6
    return sixth


@computes("Hardswish")
def hardswish(layer: Any, values: Array, call: Call) -> Array:
    """``x ReLU6(x + 3) / 6``."""
    product: Array = values * np.clip(values + 3, 0, 6) / 6
    return product


@computes("Hardtanh")
def hardtanh(layer: Any, values: Array, call: Call) -> Array:
    """``min(max(x, min_val), max_val)``."""
    return np.clip(values, layer.min_val, layer.max_val)


def _curved(values: Array, inner: Array, alpha: float) -> Array:
    return np.where(values > 0, values, alpha * np.expm1(np.minimum(inner, 0)))


@computes("ELU")
def elu(layer: Any, values: Array, call: Call) -> Array:
    """x where it is positive, ``alpha (exp(x) - 1)`` elsewhere."""
    return _curved(values, values, layer.alpha)


@computes("CELU")
def celu(layer: Any, values: Array, call: Call) -> Array:
    """x where it is positive, ``alpha (exp(x / alpha) - 1)`` elsewhere."""
    return _curved(values, values / layer.alpha, layer.alpha)


@computes("SELU")
def selu(layer: Any, values: Array, call: Call) -> Array:
    """``1.0507 ELU(x)`` with alpha 1.6733."""
    return 1.0507009873554804934193349852946 * _curved(values, values, 1.6732632423543772848170429916717)


@computes("Softplus")
def softplus(layer: Any, values: Array, call: Call) -> Array:
    """``log(1 + exp(beta x)) / beta``, or x above the threshold."""
    steep = layer.beta * values
    return np.where(steep > layer.threshold, values, np.logaddexp(0, steep) / layer.beta)


@computes("Mish")
def mish(layer: Any, values: Array, call: Call) -> Array:
    """``x tanh(log(1 + exp(x)))``."""
    product: Array = values * np.tanh(np.logaddexp(0, values))
    return product


@computes("Softsign")
def softsign(layer: Any, values: Array, call: Call) -> Array:
    """``x / (1 + |x|)``."""
    quotient: Array = values / (1 + np.abs(values))
    return quotient


@computes("LogSigmoid")
def log_sigmoid(layer: Any, values: Array, call: Call) -> Array:
    """``log(1 / (1 + exp(-x)))``, without overflow."""
    return -np.logaddexp(0, -values)


@computes("LogSoftmax")
def log_softmax(layer: Any, values: Array, call: Call) -> Array:
    """``x - log(sum(exp(x)))`` of each row along `dim`."""
    off = values - values.max(axis=layer.dim, keepdims=True)
    logarithms: Array = off - np.log(np.exp(off).sum(axis=layer.dim, keepdims=True))
    return logarithms


@computes("GLU")
def glu(layer: Any, values: Array, call: Call) -> Array:
    """The first half along `dim` times the sigmoid of the second."""
    first, second = np.split(values, 2, axis=layer.dim)
    return first * sigmoid(second)


@computes("Softmax")
def softmax(layer: Any, values: Array, call: Call) -> Array:
    """Each row along `dim` positive and of sum 1."""
    return softmax_over(values, layer.dim)


@computes("Dropout")
def dropout(layer: Any, values: Array, call: Call) -> Array:
    """At inference the same values; in training some are 0."""
    return call.dropped(values, layer.p)
