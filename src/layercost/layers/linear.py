"""Fully connected layers: each output is a dot product of all inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from layercost.convention import Convention, Price, Quantity
from layercost.expression import Number, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, keep_flags, keep_whole, register
from layercost.message import Message, clauses
from layercost.misconception import PRICED, STORED, WRITTEN, Task, belief, declare
from layercost.setting import Setting
from layercost.shape import Features, Shape, ShapeError, values


@register
@frozen
class Linear(Layer):
    """``(..., in_features)`` to ``(..., out_features)``: ``y = W x + b``, for every leading position.

    Parameters: ``in_features * out_features`` weights and, with `bias`, ``out_features`` biases.
    Source: documents 000 to 003; arguments as torch.nn.Linear.
    """

    in_features: int
    out_features: int
    bias: bool = True

    letters: ClassVar[Mapping[str, str]] = {"in_features": "d_in", "out_features": "d_out"}
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "d_in"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_features", "out_features")
        keep_flags(self, "bias")

    def check(self, shape: Shape) -> None:
        if shape[-1] != self.in_features:
            flatten = len(shape) > 1 and values(shape) == self.in_features
            raise ShapeError(
                clauses(
                    [
                        Message(
                            "Linear expects {in_features} input features but got shape {shape}",
                            in_features=self.in_features,
                            shape=shape,
                        ),
                        Message("put Flatten() before it?") if flatten else "",
                    ]
                )
            )

    def parameters(self) -> tuple[Held, ...]:
        weight = Held("weight", self.out_features * self.in_features)
        return (weight, Held("bias", self.out_features)) if self.bias else (weight,)

    def transform(self, shape: Shape) -> Shape:
        if len(shape) == 1:
            return Features((self.out_features,))
        return type(shape)((*shape[:-1], self.out_features))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        dots = Operation(Kind.DOT, Role.WEIGHTS, amount, self.in_features)
        return (dots, Operation(Kind.ADD, Role.BIAS, amount)) if self.bias else (dots,)

    def taught(self, shape: Shape, output: Shape) -> Mapping[str, Number]:
        n, amount = self.in_features, values(output)
        if self.bias:
            return {"parameters": (n + 1) * self.out_features, "flops": (n + (n - 1) + 1) * amount}
        return {"flops": (n + (n - 1)) * amount}


@register
@frozen
class EuclideanRBF(Layer):
    """``(in_features,)`` to ``(out_features,)``: squared distances to fixed codes.

    ``y_i = sum_j (x_j - w_ij)^2``. The codes are stored and not trained.
    Source: LeCun et al. 1998, section II.B, LeNet-5's output layer.
    """

    in_features: int
    out_features: int

    takes = Features
    letters: ClassVar[Mapping[str, str]] = {"in_features": "d_in", "out_features": "d_out"}
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "d_in"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_features", "out_features")

    def check(self, shape: Shape) -> None:
        if shape[-1] != self.in_features:
            raise ShapeError(
                Message(
                    "EuclideanRBF expects {in_features} input features but got shape {shape}",
                    in_features=self.in_features,
                    shape=shape,
                )
            )

    def buffers(self) -> tuple[Held, ...]:
        return (Held("codes", self.out_features * self.in_features),)

    def transform(self, shape: Shape) -> Shape:
        return Features((self.out_features,))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        distances = times(setting.batch, self.out_features)
        return (
            Operation(Kind.SUBTRACT, Role.ELEMENTWISE, distances * self.in_features),
            Operation(Kind.MULTIPLY, Role.ELEMENTWISE, distances * self.in_features),
            Operation(Kind.SUM, Role.ELEMENTWISE, distances, self.in_features),
        )


# ---- What people believe instead ---------------------------------------------------------------


@belief(
    "bias-per-input",
    Message("You gave each input a bias: a bias belongs to each output."),
    Linear, STORED, lambda layer: getattr(layer, "bias", False),
)  # fmt: skip
class _BiasPerInput(Linear):
    def parameters(self) -> tuple[Held, ...]:
        weight, *_ = super().parameters()
        return (weight, Held("bias", self.in_features))


@belief(
    "sizes-added",
    Message(
        "You added inputs and outputs: each output has a weight for each input, so the two are "
        "multiplied."
    ),
    Linear, STORED | PRICED,
)  # fmt: skip
class _SizesAdded(Linear):
    def parameters(self) -> tuple[Held, ...]:
        _, *bias = super().parameters()
        return (Held("weight", self.in_features + self.out_features), *bias)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        dots, *bias = super().operations(shape, output, setting)
        return (dots._replace(amount=1, length=self.in_features + self.out_features), *bias)


@belief(
    "one-output",
    Message(
        "You counted a single output: each of the outputs takes a dot product of its own with all inputs."
    ),
    Linear, STORED | PRICED,
)  # fmt: skip
class _OneOutput(Linear):
    def parameters(self) -> tuple[Held, ...]:
        _, *bias = super().parameters()
        return (Held("weight", self.in_features), *(Held("bias", 1) for _ in bias))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        every = super().operations(shape, output, setting)
        return tuple(operation._replace(amount=1) for operation in every)


@belief(
    "one-place",
    Message(
        "You counted one row of the input: the same weights are applied to every row, so each takes the "
        "operations again."
    ),
    Linear, PRICED,
)  # fmt: skip
class _OnePlace(Linear):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return super().operations(Features(shape[-1:]), Features(output[-1:]), setting)


@belief(
    "one-row-written",
    Message("You counted one row of the output: each row of the input gives one."),
    Linear, WRITTEN,
)  # fmt: skip
class _OneRowWritten(Linear):
    def transform(self, shape: Shape) -> Shape:
        return super().transform(Features(shape[-1:]))


@belief(
    "features-kept",
    Message("You counted what arrives: the layer writes as many features as it has outputs."),
    Linear, WRITTEN,
)  # fmt: skip
class _FeaturesKept(Linear):
    def transform(self, shape: Shape) -> Shape:
        return shape


# One value for each weight at each place, and one for each bias: what would be stored if nothing were shared.
UNSHARED = Convention(
    name="unshared",
    unit="parameters",
    counts=Message("weights and biases as if each place had its own"),
    source=Message("the number of connections"),
    prices={Kind.DOT: Price(1), (Kind.ADD, Role.BIAS): Price(0, 1)},
)


def unshared(task: Task, of: type[Layer]) -> Task | None:
    """The parameters of a layer whose places share no weights; None where there is but one place."""
    shape = task.input_shape
    if not isinstance(task.layer, of) or not isinstance(shape, Shape) or len(shape) < 2:
        return None
    if task.measure is Quantity.WEIGHTS:
        return replace(task, measure=Quantity.MACS)
    return replace(task, measure=Quantity.FLOPS, convention=UNSHARED)


declare(
    "weights-for-each-row",
    Message("You gave each row of the input weights of its own: all rows share one matrix and one bias."),
    lambda task: unshared(task, Linear),
    {Quantity.PARAMETERS, Quantity.WEIGHTS},
    Linear,
)


@belief(
    "codes-trained",
    Message("You counted the codes as trained: they are fixed, and no gradient changes them."),
    EuclideanRBF, STORED,
)  # fmt: skip
class _CodesTrained(EuclideanRBF):
    def parameters(self) -> tuple[Held, ...]:
        return self.buffers()


@belief(
    "codes-as-connected",
    Message("You counted a fully connected layer: this one compares its inputs with fixed codes."),
    EuclideanRBF, STORED,
)  # fmt: skip
class _CodesAsConnected(EuclideanRBF):
    def parameters(self) -> tuple[Held, ...]:
        return (*self.buffers(), Held("bias", self.out_features))
