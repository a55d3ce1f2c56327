"""State-space models: token after token, for the whole batch."""

from __future__ import annotations

from typing import Any

import numpy as np

from layercost.forward.attention import linear
from layercost.forward.feed_forward import ACTIVATIONS
from layercost.forward.weights import Array, Call, Sizes, computes


def _rank(layer: Any) -> int:
    return -(-layer.embed_dim // 16) if layer.time_step_rank is None else int(layer.time_step_rank)


def _keeps(layer: Any) -> dict[str, Sizes]:
    d, inner, size, rank = layer.embed_dim, layer.expand * layer.embed_dim, layer.state_size, _rank(layer)
    biases: dict[str, Sizes] = {"in_proj.bias": (2 * inner,), "out_proj.bias": (d,)} if layer.bias else {}
    if layer.conv_bias:
        biases["conv.bias"] = (inner,)
    return {
        "in_proj.weight": (2 * inner, d), "conv.weight": (inner, layer.conv_kernel),
        "x_proj.weight": (rank + 2 * size, inner), "dt_proj.weight": (inner, rank), "dt_proj.bias": (inner,),
        "A_log.weight": (inner, size), "D.weight": (inner,), "out_proj.weight": (d, inner), **biases,
    }  # fmt: skip


@computes("MambaBlock", keeps=_keeps)
def mamba_block(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d)`` to ``(N, T, d)``."""
    activation, size, rank = ACTIVATIONS[layer.activation], layer.state_size, _rank(layer)
    inputs, gates = np.split(linear(call, "in_proj", values), 2, axis=-1)
    inputs = activation(_convolved(layer, inputs, call))
    made = linear(call, "x_proj", inputs)
    short, enters, reads = np.split(made, [rank, rank + size], axis=-1)
    steps = np.logaddexp(0, linear(call, "dt_proj", short))
    decay = np.exp(-np.exp(call["A_log.weight"]) * steps[..., None])  # (N, T, D, states)
    entering = (steps * inputs)[..., None] * enters[:, :, None]
    state, read = np.zeros_like(decay[:, 0]), []
    for token in range(values.shape[1]):
        state = decay[:, token] * state + entering[:, token]
        read.append((state * reads[:, token, None]).sum(axis=-1))
    output = np.stack(read, axis=1) + inputs * call["D.weight"]
    return linear(call, "out_proj", output * activation(gates))


def _convolved(layer: Any, inputs: Array, call: Call) -> Array:
    """Each channel over its last tokens, zeros before the first."""
    padded = np.pad(inputs, ((0, 0), (layer.conv_kernel - 1, 0), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, layer.conv_kernel, axis=1)
    convolved: Array = (windows * call["conv.weight"]).sum(axis=-1)
    return convolved + call["conv.bias"] if layer.conv_bias else convolved
