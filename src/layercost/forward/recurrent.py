"""Recurrent layers: one step after the other, each for the whole batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from layercost.forward.activation import sigmoid
from layercost.forward.weights import Array, Call, Sizes, computes

State: TypeAlias = tuple[Array, ...]  # what is shown comes first


class _Cell:
    """One direction of one layer: its matrices and its biases."""

    def __init__(self, layer: Any, suffix: str, call: Call) -> None:
        self.layer, self.call, self.suffix = layer, call, suffix
        self.of_input, self.of_state = call[f"weight_ih{suffix}"], call[f"weight_hh{suffix}"]
        self.input_bias, self.state_bias = self._bias("ih"), self._bias("hh")

    def _bias(self, vector: str) -> Array | float:
        name = f"bias_{vector}{self.suffix}"
        return self.call.arrays.get(name, 0.0)

    def from_input(self, inputs: Array) -> Array:
        """``W x + b``, for every step at once."""
        products: Array = inputs @ self.of_input.T + self.input_bias
        return products

    def from_state(self, shown: Array) -> Array:
        """``R h + b``."""
        products: Array = shown @ self.of_state.T + self.state_bias
        return products


Step: TypeAlias = Callable[[_Cell, Array, State], State]  # (cell, W x + b of this step, state)


def _lstm_step(cell: _Cell, of_input: Array, state: State) -> State:
    shown, inside = state
    enter, forget, candidate, leave = np.split(of_input + cell.from_state(shown), 4, axis=-1)
    inside = sigmoid(forget) * inside + sigmoid(enter) * np.tanh(candidate)
    shown = sigmoid(leave) * np.tanh(inside)
    if cell.layer.projects:
        shown = shown @ cell.call[f"weight_hr{cell.suffix}"].T
    return shown, inside


def _gru_step(cell: _Cell, of_input: Array, state: State) -> State:
    (shown,) = state
    of_state = np.split(cell.from_state(shown), 3, axis=-1)
    now = np.split(of_input, 3, axis=-1)
    reset, update = (sigmoid(x + h) for x, h in zip(now[:2], of_state[:2], strict=True))
    past = reset * of_state[2] if cell.layer.reset_after else _through_reset(cell, reset * shown)
    candidate = np.tanh(now[2] + past)
    return ((1 - update) * candidate + update * shown,)


def _through_reset(cell: _Cell, shown: Array) -> Array:
    """The candidate's part of the state, where the reset gate stands before the product."""
    return np.split(cell.from_state(shown), 3, axis=-1)[2]


def _rnn_step(cell: _Cell, of_input: Array, state: State) -> State:
    summed = of_input + cell.from_state(state[0])
    return (np.maximum(summed, 0) if cell.layer.nonlinearity == "relu" else np.tanh(summed),)


def _keeps(layer: Any) -> dict[str, Sizes]:
    rows, shapes = layer.gates * layer.hidden_size, dict[str, Sizes]()
    vectors = ("ih", "hh")[: layer.bias_vectors] if layer.bias else ()
    for cell in layer.cells():
        shapes[f"weight_ih{cell.suffix}"] = (rows, cell.inputs)
        shapes[f"weight_hh{cell.suffix}"] = (rows, layer.state_size)
        shapes.update({f"bias_{vector}{cell.suffix}": (rows,) for vector in vectors})
        if getattr(layer, "projects", False):
            shapes[f"weight_hr{cell.suffix}"] = (layer.proj_size, layer.hidden_size)
    return shapes


@computes("LSTM", keeps=_keeps)
def lstm(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d_x)`` to ``(N, T, directions d_h)``, or to the last step."""
    return _layers(layer, values, call, _lstm_step)


@computes("GRU", keeps=_keeps)
def gru(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d_x)`` to ``(N, T, directions d_h)``, or to the last step."""
    return _layers(layer, values, call, _gru_step)


@computes("RNN", keeps=_keeps)
def rnn(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d_x)`` to ``(N, T, directions d_h)``, or to the last step."""
    return _layers(layer, values, call, _rnn_step)


def _layers(layer: Any, values: Array, call: Call, step: Step) -> Array:
    for number in range(layer.num_layers):
        ways = [_one_way(_Cell(layer, f"_l{number}", call), values, step)]
        if layer.bidirectional:
            backward = _one_way(_Cell(layer, f"_l{number}_reverse", call), values[:, ::-1], step)
            ways.append(backward[:, ::-1])
        values = np.concatenate(ways, axis=-1)
        if number < layer.num_layers - 1:
            values = call.dropped(values, layer.dropout)
    if layer.return_sequences:
        return values
    return np.concatenate([ways[0][:, -1], *(way[:, 0] for way in ways[1:])], axis=-1)


def _one_way(cell: _Cell, values: Array, step: Step) -> Array:
    """What is shown after each step."""
    of_inputs, layer = cell.from_input(values), cell.layer
    state: State = (np.zeros((len(values), layer.state_size), dtype=of_inputs.dtype),)
    if step is _lstm_step:
        state = (*state, np.zeros((len(values), layer.hidden_size), dtype=of_inputs.dtype))
    shown = []
    for time in range(values.shape[1]):
        state = step(cell, of_inputs[:, time], state)
        shown.append(state[0])
    return np.stack(shown, axis=1)
