"""Feed-forward layers and mixtures of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from layercost.forward.activation import exact_gelu, sigmoid, softmax_over
from layercost.forward.attention import linear, sizes_of_linear
from layercost.forward.weights import Array, Call, Sizes, computes

ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "GELU": exact_gelu,
    "ReLU": lambda values: np.maximum(values, 0),
    "SiLU": lambda values: values * sigmoid(values),
    "Tanh": np.tanh,
    "Sigmoid": sigmoid,
    "Identity": lambda values: values,
}


def _keeps(layer: Any, before: str = "", width: int = 0) -> dict[str, Sizes]:
    d, f = layer.embed_dim, width or layer.hidden_dim
    up, down = (d, f, layer.bias), (f, d, layer.bias)
    gate = sizes_of_linear(f"{before}gate", *up) if layer.gated else {}
    return {**gate, **sizes_of_linear(f"{before}up", *up), **sizes_of_linear(f"{before}down", *down)}


def _passed(layer: Any, before: str, values: Array, call: Call) -> Array:
    """Up, the activation, down: by the arrays whose names begin with `before`."""
    activation, inner = ACTIVATIONS[layer.activation], linear(call, f"{before}up", values)
    gated = activation(linear(call, f"{before}gate", values)) * inner if layer.gated else activation(inner)
    return linear(call, f"{before}down", gated)


@computes("FeedForward", keeps=_keeps)
def feed_forward(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d)`` to the same shape."""
    return _passed(layer, "", values, call)


def _keeps_experts(layer: Any) -> dict[str, Sizes]:
    shapes = {f"experts.{name}": (layer.num_experts, *size) for name, size in _keeps(layer).items()}
    shapes |= sizes_of_linear("router", layer.embed_dim, layer.num_experts, layer.bias)
    if layer.shared_dim:
        shapes |= _keeps(layer, "shared_expert.", layer.shared_dim)
    if layer.shared_gate:
        shapes["shared_expert.gate_scalar.weight"] = (1, layer.embed_dim)
    return shapes


@computes("MixtureOfExperts", keeps=_keeps_experts)
def mixture_of_experts(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d)`` to the same shape: every expert on the tokens that chose it."""
    weights = _weights(layer, linear(call, "router", values))
    output = np.zeros_like(values)
    for expert in range(layer.num_experts):
        chose = weights[..., expert] != 0
        found = _passed(layer, "", values[chose], _of_expert(call, expert))
        output[chose] += weights[chose][:, expert, None] * found
    if not layer.shared_dim:
        return output
    shared = _passed(layer, "shared_expert.", values, call)
    if layer.shared_gate:
        shared = shared * sigmoid(linear(call, "shared_expert.gate_scalar", values))
    return output + shared


def _of_expert(call: Call, expert: int) -> Call:
    """The arrays of one expert, under the names of a feed-forward."""
    before = "experts."
    stacked = {name: array for name, array in call.arrays.items() if name.startswith(before)}
    one = {name.removeprefix(before): array[expert] for name, array in stacked.items()}
    return Call(one, call.training, call.random)


def _weights(layer: Any, scores: Array) -> Array:
    """Of each expert its weight for each token; 0 for those that are not chosen."""
    if layer.router == "sigmoid":
        scores = sigmoid(scores)
    if layer.router == "softmax":
        scores = softmax_over(scores)
    order = np.argsort(-scores, axis=-1, kind="stable")  # of equal scores the first is taken
    chosen = np.zeros(scores.shape, dtype=bool)
    np.put_along_axis(chosen, order[..., : layer.top_k], True, axis=-1)
    if layer.router == "chosen":
        return softmax_over(np.where(chosen, scores, -np.inf))
    return np.where(chosen, scores, 0.0)
