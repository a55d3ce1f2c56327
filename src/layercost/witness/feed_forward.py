"""Feed-forward layers as loops: up, an activation, down; and a router that chooses who does so."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from layercost.witness.attention import Row
from layercost.witness.numbers import Number, Tensor, dot, expect, total
from layercost.witness.recording import Run, loops

ACTIVATIONS: dict[str, Callable[[Number], Number]] = {
    "GELU": lambda x: x.noting("gelus", x.value * (1 + math.erf(x.value / math.sqrt(2))) / 2),
    "ReLU": Number.relu,
    "SiLU": lambda x: x * x.sigmoid(),
    "Tanh": Number.tanh,
    "Sigmoid": Number.sigmoid,
    "Identity": lambda x: x,
}


def _mapped(layer: Any, name: str, at: tuple[int, ...], row: Row, outputs: int, this: Run) -> Row:
    """A linear map; `at` is the expert's place, where the matrices of all stand together."""
    weight, bias = this.trained(layer, f"{name}.weight"), this.trained(layer, f"{name}.bias")
    sums = [dot((weight[*at, o, i], x) for i, x in enumerate(row)) for o in range(outputs)]
    return [x.plus_bias(bias[*at, o]) for o, x in enumerate(sums)] if layer.bias else sums


def _passed(layer: Any, before: str, at: tuple[int, ...], row: Row, width: int, this: Run) -> Row:
    """One token through a feed-forward of that width, whose values have names that begin with `before`."""
    activation = ACTIVATIONS[layer.activation]
    inner = _mapped(layer, f"{before}up", at, row, width, this)
    if layer.gated:
        gate = _mapped(layer, f"{before}gate", at, row, width, this)
        inner = [activation(g) * x for g, x in zip(gate, inner, strict=True)]
    else:
        inner = [activation(x) for x in inner]
    return _mapped(layer, f"{before}down", at, inner, layer.embed_dim, this)


@loops("FeedForward")
def feed_forward(layer: Any, tokens: Tensor, this: Run) -> Tensor:
    """Each token alone."""
    expect("features a token", layer.embed_dim, len(tokens[0]))
    return [_passed(layer, "", (), row, layer.hidden_dim, this) for row in tokens]


@loops("MixtureOfExperts")
def mixture_of_experts(layer: Any, tokens: Tensor, this: Run) -> Tensor:
    """Each token through the experts that its router prefers; all experts are held."""
    expect("features a token", layer.embed_dim, len(tokens[0]))
    with this.at_hand():
        for expert in range(layer.num_experts):
            _expert(layer, expert, tokens[0], this)
    return [_routed(layer, row, this) for row in tokens]


def _expert(layer: Any, expert: int, row: Row, this: Run) -> Row:
    return _passed(layer, "experts.", (expert,), row, layer.hidden_dim, this)


def _routed(layer: Any, row: Row, this: Run) -> Row:
    """What the chosen experts give, each times its weight, and the shared one, added up."""
    scores = _mapped(layer, "router", (), row, layer.num_experts, this)
    given = []
    for expert, weight in _chosen(layer, scores):
        given.append([weight * x for x in _expert(layer, expert, row, this)])
    if layer.shared_dim:
        given.append(_shared(layer, row, this))
    return [total(column) for column in zip(*given, strict=True)]


def _chosen(layer: Any, scores: Row) -> list[tuple[int, Number]]:
    """The experts of the largest scores with their weights: the largest is found and left out, each time.

    Weights are made of all scores before experts are chosen, or of the chosen ones behind.
    """
    behind = layer.router == "chosen"
    weights = scores if behind else _weights(layer, scores)
    left, found = list(range(len(scores))), list[int]()
    for _ in range(layer.top_k):
        best = left[0]
        for expert in left[1:]:
            if weights[expert] > weights[best]:
                best = expert
        left.remove(best)
        found.append(best)
    chosen = [weights[expert] for expert in found]
    return list(zip(found, _weights(layer, chosen) if behind else chosen, strict=True))


def _weights(layer: Any, scores: Row) -> Row:
    """A sigmoid of each score, or a softmax of all."""
    if layer.router == "sigmoid":
        return [score.sigmoid() for score in scores]
    powers = [score.exponential() for score in scores]
    sum_of_powers = total(powers)
    return [power / sum_of_powers for power in powers]


def _shared(layer: Any, row: Row, this: Run) -> Row:
    """The expert that every token passes, weighed by a gate of its own or not."""
    found = _passed(layer, "shared_expert.", (), row, layer.shared_dim, this)
    if not layer.shared_gate:
        return found
    weight = this.trained(layer, "shared_expert.gate_scalar.weight")
    gate = dot((weight[0, i], x) for i, x in enumerate(row)).sigmoid()
    return [gate * x for x in found]
