"""Recurrent layers: at each step, gates read the input and the last hidden state together.

One step of one direction of one layer reads x values of input and r of hidden state. Where a gate adds
``W x`` and ``R h``, that is one dot product of length x + r.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import ClassVar, NamedTuple

from layercost.convention import Quantity
from layercost.expression import Number, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, LayerError, keep_flags, keep_real, keep_whole, register
from layercost.message import Message
from layercost.misconception import PRICED, STORED, WRITTEN, belief, having
from layercost.setting import Setting
from layercost.shape import Features, Sequence, Shape, ShapeError


class Cell(NamedTuple):
    """One direction of one layer: how its parameters' names end, and the inputs that it reads at a step."""

    suffix: str
    inputs: Number


@frozen
class Recurrent(Layer):
    """What LSTM, GRU and RNN share: steps, layers, directions, and one bias vector a gate or two."""

    input_size: int
    hidden_size: int
    num_layers: int = 1
    bias: bool = True
    batch_first: bool = False
    dropout: float = 0.0
    bidirectional: bool = False
    bias_vectors: int = field(default=2, kw_only=True)
    return_sequences: bool = field(default=True, kw_only=True)

    takes = Sequence
    gates: ClassVar[int]
    letters: ClassVar[Mapping[str, str]] = {"input_size": "d_x", "hidden_size": "d_h"}
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "d_x"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "input_size", "hidden_size", "num_layers", "bias_vectors")
        keep_flags(self, "bias", "batch_first", "bidirectional", "return_sequences")
        keep_real(self, "dropout", 0, 1)
        if self.bias_vectors not in (1, 2):
            raise LayerError(
                Message(
                    "{layer}: bias_vectors must be 2 (PyTorch, cuDNN, ONNX) or 1 (Keras), but got "
                    "{bias_vectors!r}",
                    layer=type(self).__name__,
                    bias_vectors=self.bias_vectors,
                )
            )

    def check(self, shape: Shape) -> None:
        if shape[-1] != self.input_size:
            raise ShapeError(
                Message(
                    "{layer} expects {input_size} features a step but got {features} in shape {shape}",
                    layer=type(self).__name__,
                    input_size=self.input_size,
                    features=shape[-1],
                    shape=shape,
                )
            )

    @property
    def directions(self) -> int:
        """2 if the layer also reads backwards, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def state_size(self) -> Number:
        """The values of the hidden state that the next step reads."""
        return self.hidden_size

    def cells(self) -> Iterator[Cell]:
        """Every direction of every layer; a later layer reads both directions of the one before."""
        inputs: Number = self.input_size
        for layer in range(self.num_layers):
            yield Cell(f"_l{layer}", inputs)
            if self.bidirectional:
                yield Cell(f"_l{layer}_reverse", inputs)
            inputs = times(self.directions, self.state_size)

    def parameters(self) -> tuple[Held, ...]:
        return tuple(held for cell in self.cells() for held in self._held(cell))

    def _held(self, cell: Cell) -> Iterator[Held]:
        rows = times(self.gates, self.hidden_size)
        yield Held(f"weight_ih{cell.suffix}", rows * cell.inputs)
        yield Held(f"weight_hh{cell.suffix}", rows * self.state_size)
        for vector in self._bias_names():
            yield Held(f"bias_{vector}{cell.suffix}", rows)

    def _bias_names(self) -> tuple[str, ...]:
        return ("ih", "hh")[: self.bias_vectors] if self.bias else ()

    def transform(self, shape: Shape) -> Shape:
        features = times(self.directions, self.state_size)
        return Sequence((shape[0], features)) if self.return_sequences else Features((features,))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        steps = times(setting.batch, shape[0])
        performed = [
            operation._replace(amount=times(steps, operation.amount))
            for cell in self.cells()
            for operation in self._step(cell)
        ]
        if setting.training and self.dropout and self.num_layers > 1:  # between layers
            dropped = (self.num_layers - 1) * self.directions * self.state_size
            performed.append(Operation(Kind.MULTIPLY, Role.ELEMENTWISE, times(steps, dropped)))
        return tuple(performed)

    def _step(self, cell: Cell) -> Iterator[Operation]:
        """What one step of one direction performs."""
        raise NotImplementedError

    def kept(self, shape: Shape, setting: Setting) -> tuple[Held, ...]:
        """The states of all layers; a step that also reads backwards waits for all that come."""
        if self.bidirectional:
            return ()
        state = [*self._state()]
        return tuple(
            [
                Held(f"{name}{cell.suffix}", times(setting.batch, size))
                for cell in self.cells()
                for name, size in state
            ]
        )

    def _state(self) -> Iterator[tuple[str, Number]]:
        """What one layer leaves for its next step."""
        yield "hidden", self.state_size

    def _gate_sums(self, cell: Cell) -> Iterator[Operation]:
        """Every gate before its activation: one dot product of input and state together, and its biases."""
        rows = times(self.gates, self.hidden_size)
        yield Operation(Kind.DOT, Role.WEIGHTS, rows, cell.inputs + self.state_size)
        yield from self._biases(rows)

    def _biases(self, rows: Number) -> Iterator[Operation]:
        for _ in self._bias_names():
            yield Operation(Kind.ADD, Role.BIAS, rows)

    def taught(self, shape: Shape, output: Shape) -> Mapping[str, Number]:
        if (
            self.num_layers > 1
            or self.bidirectional
            or not self.bias
            or self.state_size is not self.hidden_size
        ):
            return {}
        n, rows, h = self.input_size + self.hidden_size, times(self.gates, self.hidden_size), self.hidden_size
        forms = {"parameters": times(self.gates, n * h + times(self.bias_vectors, h))}
        if not getattr(self, "reset_after", False):  # each gate reads input and state in one dot product
            steps = times(rows, shape[0])
            forms |= {"macs": n * steps, "flops": (n + (n - 1) + self.bias_vectors) * steps}
        return forms


@register
@frozen
class LSTM(Recurrent):
    """``(T, input_size)`` to ``(T, directions * hidden_size)``, or to the last step alone.

    Four gates of `hidden_size` rows, each reading ``input_size + hidden_size`` values. `bias_vectors` is 2 in
    PyTorch and 1 in Keras; `proj_size` projects the hidden state; without `return_sequences` the last step is
    given. `batch_first` changes nothing that is counted.
    Source: documents 000 and 001; Hochreiter, Schmidhuber 1997; arguments as torch.nn.LSTM.
    """

    proj_size: int = 0

    gates = 4
    letters: ClassVar[Mapping[str, str]] = {"input_size": "d_x", "hidden_size": "d_h", "proj_size": "d_r"}

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_whole(self, 0, "proj_size")
        if self.proj_size >= self.hidden_size:
            raise LayerError(
                Message(
                    "LSTM: proj_size must be smaller than hidden_size ({hidden_size}), but got {proj_size}",
                    hidden_size=self.hidden_size,
                    proj_size=self.proj_size,
                )
            )

    @property
    def projects(self) -> bool:
        """Whether the hidden state is projected before it is shown."""
        return int(self.proj_size) > 0

    @property
    def state_size(self) -> Number:
        return self.proj_size if self.projects else self.hidden_size

    def _held(self, cell: Cell) -> Iterator[Held]:
        yield from super()._held(cell)
        if self.projects:
            yield Held(f"weight_hr{cell.suffix}", self.proj_size * self.hidden_size)

    def _state(self) -> Iterator[tuple[str, Number]]:
        yield from super()._state()
        yield "cell", self.hidden_size

    def _step(self, cell: Cell) -> Iterator[Operation]:
        h = self.hidden_size
        yield from self._gate_sums(cell)
        yield Operation(Kind.SIGMOID, Role.ACTIVATION, 3 * h)
        yield Operation(Kind.TANH, Role.ACTIVATION, 2 * h)
        yield Operation(Kind.MULTIPLY, Role.ELEMENTWISE, 3 * h)  # f * c, i * g, o * tanh(c)
        yield Operation(Kind.ADD, Role.ELEMENTWISE, h)
        if self.projects:
            yield Operation(Kind.DOT, Role.WEIGHTS, self.proj_size, h)


@register
@frozen
class GRU(Recurrent):
    """``(T, input_size)`` to ``(T, directions * hidden_size)``, or to the last step alone.

    Three gates. With `reset_after` (PyTorch, Keras's default) the reset gate multiplies ``R h + b`` of the
    candidate, whose two products stay apart; without it the reset gate multiplies h before.
    Source: Cho et al. 2014, equations 5 to 8 (reset before); arguments as torch.nn.GRU.
    """

    reset_after: bool = field(default=True, kw_only=True)

    gates = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_flags(self, "reset_after")

    def _step(self, cell: Cell) -> Iterator[Operation]:
        h = self.hidden_size
        if self.reset_after:
            yield Operation(Kind.DOT, Role.WEIGHTS, 2 * h, cell.inputs + h)
            yield Operation(Kind.DOT, Role.WEIGHTS, h, cell.inputs)
            yield Operation(Kind.DOT, Role.WEIGHTS, h, h)
            yield Operation(Kind.ADD, Role.ELEMENTWISE, h)  # the candidate's two products
            yield from self._biases(3 * h)
        else:
            yield from self._gate_sums(cell)
        yield Operation(Kind.SIGMOID, Role.ACTIVATION, 2 * h)
        yield Operation(Kind.TANH, Role.ACTIVATION, h)
        yield Operation(Kind.MULTIPLY, Role.ELEMENTWISE, 3 * h)  # r * ..., (1 - z) * n, z * h
        yield Operation(Kind.SUBTRACT, Role.ELEMENTWISE, h)
        yield Operation(Kind.ADD, Role.ELEMENTWISE, h)


@register
@frozen
class RNN(Recurrent):
    """``(T, input_size)`` to ``(T, directions * hidden_size)``, or to the last step: ``tanh(W x + R h + b)``.

    Source: Elman 1990; arguments as torch.nn.RNN, `nonlinearity` by name.
    """

    nonlinearity: str = field(default="tanh", kw_only=True)

    gates = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.nonlinearity not in ("tanh", "relu"):
            raise LayerError(
                Message(
                    "RNN: nonlinearity must be 'tanh' or 'relu', but got {nonlinearity!r}",
                    nonlinearity=self.nonlinearity,
                )
            )

    def _step(self, cell: Cell) -> Iterator[Operation]:
        yield from self._gate_sums(cell)
        function = Kind.TANH if self.nonlinearity == "tanh" else Kind.RELU
        yield Operation(function, Role.ACTIVATION, self.hidden_size)


# ---- What people believe instead ---------------------------------------------------------------


@belief(
    "one-gate",
    Message(
        "You counted a single gate: each of the four reads the input and the state through weights of "
        "its own."
    ),
    LSTM, STORED | {Quantity.MACS},
)  # fmt: skip
class _OneGate(LSTM):
    gates = 1


@belief(
    "forgot-candidate",
    Message("You counted three gates: the candidate is a fourth, with weights and biases of its own."),
    LSTM, STORED | PRICED,
)  # fmt: skip
class _ForgotCandidate(LSTM):
    gates = 3


@belief(
    "fourth-gate",
    Message("You counted four gates, as an LSTM has them: a GRU has three."),
    GRU, STORED,
)  # fmt: skip
class _FourthGate(GRU):
    gates = 4


belief(
    "one-direction",
    Message("You counted one direction: the other reads the sequence backwards, with weights of its own."),
    Recurrent, STORED | PRICED, lambda layer: layer.bidirectional,  # type: ignore[attr-defined]
)(having(bidirectional=False))  # fmt: skip


belief(
    "one-layer",
    Message("You counted the first layer alone: each of the others has weights of its own, too."),
    Recurrent, STORED | PRICED, lambda layer: layer.num_layers > 1,  # type: ignore[attr-defined]
)(having(num_layers=1))  # fmt: skip


@belief(
    "forgot-state",
    Message("You left out the weights on the state: each gate also reads what the step before has left."),
    LSTM, STORED | PRICED,
)  # fmt: skip
class _ForgotState(LSTM):
    def parameters(self) -> tuple[Held, ...]:
        return tuple(held for held in super().parameters() if not held.name.startswith("weight_hh"))

    def _gate_sums(self, cell: Cell) -> Iterator[Operation]:
        dots, *biases = super()._gate_sums(cell)
        return iter((dots._replace(length=cell.inputs), *biases))


belief(
    "one-bias-vector",
    Message("You counted one bias vector: this layer keeps two, as PyTorch does."),
    Recurrent, STORED | {Quantity.FLOPS}, lambda layer: layer.bias and layer.bias_vectors == 2,  # type: ignore[attr-defined]
)(having(bias_vectors=1))  # fmt: skip


belief(
    "two-bias-vectors",
    Message("You counted two bias vectors: this layer keeps one, as Keras does."),
    Recurrent, STORED | {Quantity.FLOPS}, lambda layer: layer.bias and layer.bias_vectors == 1,  # type: ignore[attr-defined]
)(having(bias_vectors=2))  # fmt: skip


@belief(
    "one-step",
    Message("You counted a single step: the layer does the same work at every step of the sequence."),
    Recurrent, PRICED,
)  # fmt: skip
class _OneStep(Recurrent):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return super().operations(type(shape)((1, *shape[1:])), output, setting)


def _has_layers(layer: Layer) -> bool:
    return isinstance(layer, Recurrent) and layer.num_layers > 1


def _reads_both_ways(layer: Layer) -> bool:
    return isinstance(layer, Recurrent) and layer.bidirectional


def _is_gated(layer: Layer) -> bool:
    return isinstance(layer, LSTM | GRU)


def _has_bias(layer: Layer) -> bool:
    return isinstance(layer, Recurrent) and layer.bias


def _projects(layer: Layer) -> bool:
    return isinstance(layer, LSTM) and layer.projects


@belief(
    "one-step-written",
    Message("You counted a single step: the layer gives its state at every step of the sequence."),
    Recurrent, WRITTEN, lambda layer: isinstance(layer, Recurrent) and layer.return_sequences,
)  # fmt: skip
class _OneStepWritten(Recurrent):
    def transform(self, shape: Shape) -> Shape:
        return type(shape)((1, *super().transform(shape)[1:]))


belief(
    "every-step-written",
    Message("You counted every step: this layer gives the state of the last step alone."),
    Recurrent, WRITTEN, lambda layer: isinstance(layer, Recurrent) and not layer.return_sequences,
)(having(return_sequences=True))  # fmt: skip


belief(
    "one-direction-written",
    Message("You counted one direction: the states of both are given side by side."),
    Recurrent, WRITTEN, _reads_both_ways,
)(having(bidirectional=False))  # fmt: skip


@belief(
    "inputs-given-back",
    Message("You took the size of the input: what the layer gives at a step is its hidden state."),
    Recurrent, WRITTEN,
)  # fmt: skip
class _InputsGivenBack(Recurrent):
    def transform(self, shape: Shape) -> Shape:
        given = super().transform(shape)
        return type(given)((*given[:-1], self.input_size))


@belief(
    "gates-written",
    Message("You counted the gates: they are used inside, and the hidden state alone is given."),
    LSTM, WRITTEN,
)  # fmt: skip
class _GatesWritten(LSTM):
    def transform(self, shape: Shape) -> Shape:
        given = super().transform(shape)
        return type(given)((*given[:-1], times(self.gates, given[-1])))


@belief(
    "forgot-recurrent-weights",
    Message("You left out the weights on the state: a step also reads what the step before has left."),
    Recurrent, STORED, lambda layer: isinstance(layer, GRU | RNN),
)  # fmt: skip
class _ForgotRecurrentWeights(Recurrent):
    def _held(self, cell: Cell) -> Iterator[Held]:
        return (held for held in super()._held(cell) if not held.name.startswith("weight_hh"))


@belief(
    "one-gate-of-three",
    Message(
        "You counted a single gate: each of the three reads the input and the state through weights of "
        "its own."
    ),
    GRU, STORED,
)  # fmt: skip
class _OneGateOfThree(GRU):
    gates = 1


@belief(
    "gates-of-an-lstm",
    Message("You counted four gates, as an LSTM has them: a plain recurrent layer has none."),
    RNN, STORED | PRICED,
)  # fmt: skip
class _GatesOfAnLSTM(RNN):
    gates = 4


@belief(
    "state-matrix-once",
    Message("You counted one matrix for the state: each gate multiplies the state with a matrix of its own."),
    Recurrent, STORED, _is_gated,
)  # fmt: skip
class _StateMatrixOnce(Recurrent):
    def _held(self, cell: Cell) -> Iterator[Held]:
        for held in super()._held(cell):
            once = held.name.startswith("weight_hh")
            yield held._replace(size=held.size // self.gates) if once else held


@belief(
    "one-bias-a-gate",
    Message("You counted one bias a gate: a gate is a vector, with a bias for each hidden value."),
    Recurrent, STORED, _has_bias,
)  # fmt: skip
class _OneBiasAGate(Recurrent):
    def _held(self, cell: Cell) -> Iterator[Held]:
        for held in super()._held(cell):
            yield held._replace(size=self.gates) if held.name.startswith("bias") else held


@belief(
    "bias-for-inputs",
    Message("You gave the inputs biases, too: a bias belongs to what is computed, the hidden values."),
    RNN, STORED, _has_bias,
)  # fmt: skip
class _BiasForInputs(RNN):
    def _held(self, cell: Cell) -> Iterator[Held]:
        for held in super()._held(cell):
            if not held.name.startswith("bias"):
                yield held
        yield Held(f"bias{cell.suffix}", cell.inputs + self.hidden_size)


@belief(
    "layers-all-alike",
    Message(
        "You gave every layer the sizes of the first: a later layer reads the states of the one before, "
        "not the input."
    ),
    Recurrent, STORED | PRICED, _has_layers,
)  # fmt: skip
class _LayersAllAlike(Recurrent):
    def cells(self) -> Iterator[Cell]:
        return (cell._replace(inputs=self.input_size) for cell in super().cells())


@belief(
    "one-direction-read",
    Message("You let the second layer read one direction: the states of both arrive side by side."),
    Recurrent, STORED | PRICED, lambda layer: _has_layers(layer) and _reads_both_ways(layer),
)  # fmt: skip
class _OneDirectionRead(Recurrent):
    def cells(self) -> Iterator[Cell]:
        for place, cell in enumerate(super().cells()):
            yield cell if place < self.directions else cell._replace(inputs=self.state_size)


@belief(
    "both-states-read",
    Message("You let each direction read the states of both: it reads its own, so nothing is doubled."),
    Recurrent, STORED, _reads_both_ways,
)  # fmt: skip
class _BothStatesRead(Recurrent):
    def _held(self, cell: Cell) -> Iterator[Held]:
        for held in super()._held(cell):
            yield held._replace(size=2 * held.size) if held.name.startswith("weight_hh") else held


belief(
    "forgot-projection",
    Message("You left out the projection: it shortens what the gates read, by a matrix of its own."),
    LSTM, STORED | PRICED | WRITTEN, _projects,
)(having(proj_size=0))  # fmt: skip


@belief(
    "projection-without-matrix",
    Message("You left out the matrix of the projection: it has weights of its own."),
    LSTM, STORED, _projects,
)  # fmt: skip
class _ProjectionWithoutMatrix(LSTM):
    def _held(self, cell: Cell) -> Iterator[Held]:
        return (held for held in super()._held(cell) if not held.name.startswith("weight_hr"))


@belief(
    "unprojected-state-read",
    Message("You let the gates read the whole state: with a projection they read the shorter one."),
    LSTM, STORED, _projects,
)  # fmt: skip
class _UnprojectedStateRead(LSTM):
    def _held(self, cell: Cell) -> Iterator[Held]:
        for held in super()._held(cell):
            on_state = held.name.startswith("weight_hh")
            yield held._replace(size=self.gates * self.hidden_size**2) if on_state else held


@belief(
    "state-squared-once",
    Message(
        "You counted one operation for two hidden values: four gates multiply and add them, which is eight, "
        "and a tanh and products follow."
    ),
    LSTM, {Quantity.FLOPS},
)  # fmt: skip
class _StateSquaredOnce(LSTM):
    def _step(self, cell: Cell) -> Iterator[Operation]:
        h = self.hidden_size
        yield Operation(Kind.DOT, Role.WEIGHTS, 4 * h, cell.inputs)
        yield from self._biases(4 * h)
        yield Operation(Kind.ADD, Role.ELEMENTWISE, h * self.state_size)
        yield Operation(Kind.SIGMOID, Role.ACTIVATION, 3 * h)
        yield Operation(Kind.TANH, Role.ACTIVATION, h)


@belief(
    "gates-alone",
    Message("You counted the products of the gates alone: activations and element-wise products follow."),
    Recurrent, {Quantity.FLOPS}, _is_gated,
)  # fmt: skip
class _GatesAlone(Recurrent):
    def _step(self, cell: Cell) -> Iterator[Operation]:
        return (one for one in super()._step(cell) if one.kind is Kind.DOT or one.role is Role.BIAS)
