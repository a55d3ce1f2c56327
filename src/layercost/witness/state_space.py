"""State-space models as loops: a state that each token changes and reads."""

from __future__ import annotations

from typing import Any, NamedTuple

from layercost.witness.attention import Row, mapped
from layercost.witness.feed_forward import ACTIVATIONS
from layercost.witness.numbers import Number, Tensor, dot, expect
from layercost.witness.recording import Run, batch_loops


class _Left(NamedTuple):
    """What a sequence leaves for its next token: a state for each channel, and the convolution's inputs."""

    states: list[Row]
    inputs: list[Row]


@batch_loops("MambaBlock")
def mamba_block(layer: Any, samples: list[Tensor], this: Run) -> list[Tensor]:
    """Token after token; how fast states decay is worked out once for all sequences."""
    decay = _decay(layer, this)
    return [_sequence(layer, tokens, decay, this) for tokens in samples]


def _decay(layer: Any, this: Run) -> list[Row]:
    weight = this.trained(layer, "A_log.weight")
    powers = [
        [weight[c, n].exponential() for n in range(layer.state_size)]
        for c in range(layer.expand * layer.embed_dim)
    ]
    return [[power.noting("negations", -power.value) for power in row] for row in powers]


def _sequence(layer: Any, tokens: Tensor, decay: list[Row], this: Run) -> Tensor:
    for row in tokens:
        expect("features a token", layer.embed_dim, len(row))
    channels, left = range(layer.expand * layer.embed_dim), None
    if this.cached:
        with this.at_hand():
            before = _Left([[this.number(0)] * layer.state_size for _ in channels], [])
            _, left = _read(layer, this.earlier(layer.embed_dim), decay, before, this)
    start = left or _Left([[this.number(0)] * layer.state_size for _ in channels], [])
    outputs, after = _read(layer, tokens, decay, start, this)
    this.leave(after.states, after.inputs)
    return outputs


def _read(layer: Any, tokens: Tensor, decay: list[Row], left: _Left, this: Run) -> tuple[list[Row], _Left]:
    """What comes of the tokens, and what they leave."""
    inner = layer.expand * layer.embed_dim
    both = [mapped(layer, "in_proj", row, 2 * inner, layer.bias, this) for row in tokens]
    inputs, gates = [row[:inner] for row in both], [row[inner:] for row in both]
    activation, states, outputs = ACTIVATIONS[layer.activation], left.states, []
    for row, gate in zip(_convolved(layer, inputs, left.inputs, this), gates, strict=True):
        values = [activation(x) for x in row]
        states, read = _step(layer, values, decay, states, this)
        skip = this.trained(layer, "D.weight")
        read = [y + x * skip[c,] for c, (y, x) in enumerate(zip(read, values, strict=True))]
        gated = [y * activation(z) for y, z in zip(read, gate, strict=True)]
        outputs.append(mapped(layer, "out_proj", gated, layer.embed_dim, layer.bias, this))
    kernel, nothing = layer.conv_kernel, [[this.number(0)] * inner] * layer.conv_kernel
    return outputs, _Left(states, [*nothing, *left.inputs, *inputs][-kernel:])


def _convolved(layer: Any, inputs: list[Row], before: list[Row], this: Run) -> list[Row]:
    """Each channel alone over its last tokens: behind the tokens, or where some are cached before them, at
    places that nobody reads."""
    kernel, zeros = layer.conv_kernel, [[this.number(0)] * len(inputs[0])]
    padding = zeros * (kernel - 1)
    canvas = [*before, *inputs] if before else [*padding, *inputs, *padding]
    weight, bias = this.trained(layer, "conv.weight"), this.trained(layer, "conv.bias")
    found = []
    for first in range(len(canvas) - kernel + 1):
        window = canvas[first : first + kernel]
        sums = [dot((weight[c, k], row[c]) for k, row in enumerate(window)) for c in range(len(inputs[0]))]
        found.append([x.plus_bias(bias[c,]) for c, x in enumerate(sums)] if layer.conv_bias else sums)
    this.log["masked_macs"] += (len(found) - len(inputs)) * len(inputs[0]) * kernel
    return found[-len(inputs) :] if before else found[: len(inputs)]


def _step(layer: Any, values: Row, decay: list[Row], states: list[Row], this: Run) -> tuple[list[Row], Row]:
    """The states after one token, and what each channel reads of its own."""
    size = layer.state_size
    rank = -(-layer.embed_dim // 16) if layer.time_step_rank is None else layer.time_step_rank
    made = mapped(layer, "x_proj", values, rank + 2 * size, bias=False, this=this)
    short, enters, reads = made[:rank], made[rank : rank + size], made[rank + size :]
    steps = [_softplus(x, this) for x in mapped(layer, "dt_proj", short, len(values), bias=True, this=this)]
    new = [
        [
            (rate * step).exponential() * state + step * enter * x
            for rate, enter, state in zip(rates, enters, own, strict=True)
        ]
        for x, step, rates, own in zip(values, steps, decay, states, strict=True)
    ]
    return new, [dot(zip(reads, own, strict=True)) for own in new]


def _softplus(x: Number, this: Run) -> Number:
    one = this.number(1)
    steep = one * x
    soft = (one + steep.exponential()).logarithm() / one
    return x if steep > this.number(20) else soft
