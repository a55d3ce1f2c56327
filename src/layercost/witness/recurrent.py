"""Recurrent layers as loops: one step after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from layercost.witness.numbers import Number, Tensor, dot, expect
from layercost.witness.recording import Run, loops

Row: TypeAlias = list[Number]
Step: TypeAlias = Callable[["Cell", Row, list[Row]], list[Row]]  # (cell, input, state) to the new state


class Cell:
    """One direction of one layer: its weights, and dot products with them."""

    def __init__(self, layer: Any, suffix: str, this: Run) -> None:
        self.layer, self.suffix, self.this = layer, suffix, this
        self.hidden = layer.hidden_size

    def products(self, gate: int, inputs: Row, state: Row) -> Row:
        """For each unit of a gate one dot product of what is read: the input, the state, or both."""
        of_input = self.this.trained(self.layer, f"weight_ih{self.suffix}")
        of_state = self.this.trained(self.layer, f"weight_hh{self.suffix}")
        rows = range(gate * self.hidden, (gate + 1) * self.hidden)
        return [
            dot([
                *((of_input[row, i], x) for i, x in enumerate(inputs)),
                *((of_state[row, i], h) for i, h in enumerate(state)),
            ])
            for row in rows
        ]  # fmt: skip

    def biased(self, gate: int, row: Row, *vectors: str) -> Row:
        """The same with the biases of those vectors that the layer keeps."""
        kept = ("ih", "hh")[: self.layer.bias_vectors] if self.layer.bias else ()
        for vector in vectors:
            if vector in kept:
                bias = self.this.trained(self.layer, f"bias_{vector}{self.suffix}")
                row = [value.plus_bias(bias[gate * self.hidden + i,]) for i, value in enumerate(row)]
        return row

    def gate(self, gate: int, inputs: Row, state: Row) -> Row:
        """A gate before its activation: products of input and state, and all its biases."""
        return self.biased(gate, self.products(gate, inputs, state), "ih", "hh")


def _times(left: Row, right: Row) -> Row:
    return [a * b for a, b in zip(left, right, strict=True)]


def _plus(left: Row, right: Row) -> Row:
    return [a + b for a, b in zip(left, right, strict=True)]


def _lstm_step(cell: Cell, inputs: Row, state: list[Row]) -> list[Row]:
    """Input, forget and output gate and a candidate; the state is what is shown, and what is kept inside."""
    shown, inside = state
    enter, forget = ([v.sigmoid() for v in cell.gate(gate, inputs, shown)] for gate in (0, 1))
    candidate = [v.tanh() for v in cell.gate(2, inputs, shown)]
    leave = [v.sigmoid() for v in cell.gate(3, inputs, shown)]
    inside = _plus(_times(forget, inside), _times(enter, candidate))
    shown = _times(leave, [v.tanh() for v in inside])
    if cell.layer.proj_size:
        weight = cell.this.trained(cell.layer, f"weight_hr{cell.suffix}")
        rows = range(cell.layer.proj_size)
        shown = [dot((weight[row, i], v) for i, v in enumerate(shown)) for row in rows]
    return [shown, inside]


def _gru_step(cell: Cell, inputs: Row, state: list[Row]) -> list[Row]:
    """Reset and update gate and a candidate, which sees the state through the reset gate."""
    (shown,) = state
    reset, update = ([v.sigmoid() for v in cell.gate(gate, inputs, shown)] for gate in (0, 1))
    if cell.layer.reset_after:
        past = cell.biased(2, cell.products(2, [], shown), "hh")
        now = cell.biased(2, cell.products(2, inputs, []), "ih")
        candidate = _plus(now, _times(reset, past))
    else:
        candidate = cell.gate(2, inputs, _times(reset, shown))
    candidate = [v.tanh() for v in candidate]
    one = cell.this.number(1)
    new = _times([one - v for v in update], candidate)
    return [_plus(new, _times(update, shown))]


def _rnn_step(cell: Cell, inputs: Row, state: list[Row]) -> list[Row]:
    (shown,) = state
    function = Number.relu if cell.layer.nonlinearity == "relu" else Number.tanh
    return [[function(v) for v in cell.gate(0, inputs, shown)]]


_STEPS: dict[str, tuple[Step, int]] = {"LSTM": (_lstm_step, 2), "GRU": (_gru_step, 1), "RNN": (_rnn_step, 1)}


def _name(layer: object) -> str:
    return next(kind.__name__ for kind in type(layer).__mro__ if kind.__name__ in _STEPS)


@loops(*_STEPS)
def recurrent(layer: Any, sequence: Tensor, this: Run) -> Tensor:
    """Layer after layer, each in one direction or both, step after step."""
    for number in range(layer.num_layers):
        ways = [_one_way(layer, sequence, Cell(layer, f"_l{number}", this))]
        if layer.bidirectional:
            backward = _one_way(layer, sequence[::-1], Cell(layer, f"_l{number}_reverse", this))
            ways.append(backward[::-1])
        sequence = [[v for part in parts for v in part] for parts in zip(*ways, strict=True)]
        if this.training and layer.dropout and number < layer.num_layers - 1:
            kept = this.number(0.5)
            sequence = [[v * kept for v in row] for row in sequence]
    if layer.return_sequences:
        return sequence
    return [*ways[0][-1], *(ways[1][0] if layer.bidirectional else [])]


def _one_way(layer: Any, sequence: Tensor, cell: Cell) -> list[Row]:
    """What is shown after each step."""
    step, states = _STEPS[_name(layer)]
    sizes = [getattr(layer, "proj_size", 0) or layer.hidden_size, layer.hidden_size][:states]
    state = [[cell.this.number(0) for _ in range(size)] for size in sizes]
    expected, outputs = layer.input_size if cell.suffix.startswith("_l0") else len(sequence[0]), []
    for inputs in sequence:
        expect("features a step", expected, len(inputs))
        state = step(cell, inputs, state)
        outputs.append(state[0])
    if not cell.layer.bidirectional:
        cell.this.leave(*state)
    return outputs
