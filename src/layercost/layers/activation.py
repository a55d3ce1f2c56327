"""Activations: a function of each value alone (softmax: of each row). No parameters, no MACs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from layercost.expression import Number, times
from layercost.facts import Kind, Operation, Role
from layercost.layer import Layer, LayerError, register
from layercost.shape import Shape, ShapeError, values


@dataclass(frozen=True, repr=False)
class _Elementwise(Layer):
    """Any shape to the same shape: one function of each element."""

    kind: ClassVar[Kind]

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        return (Operation(self.kind, Role.ACTIVATION, times(batch, values(output))),)


@register
@dataclass(frozen=True, repr=False)
class ReLU(_Elementwise):
    """Any shape to the same shape: ``max(x, 0)`` of each element. Source: document 001; torch.nn.ReLU."""

    kind = Kind.RELU


@register
@dataclass(frozen=True, repr=False)
class Sigmoid(_Elementwise):
    """Any shape to the same shape: ``1 / (1 + exp(-x))`` of each element.

    Source: document 001; torch.nn.Sigmoid.
    """

    kind = Kind.SIGMOID


@register
@dataclass(frozen=True, repr=False)
class Tanh(_Elementwise):
    """Any shape to the same shape: the hyperbolic tangent of each element.

    Source: document 001; torch.nn.Tanh.
    """

    kind = Kind.TANH


@register
@dataclass(frozen=True, repr=False)
class ScaledTanh(_Elementwise):
    """Any shape to the same shape: ``1.7159 tanh(2/3 x)``, two multiplications and a tanh for each element.

    Source: LeCun et al. 1998, section II.B, the squashing function of LeNet-5.
    """

    kind = Kind.TANH

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        amount = times(batch, values(output))
        multiply = Operation(Kind.MULTIPLY, Role.ACTIVATION, 2 * amount)
        return (multiply, *super().operations(shape, output, batch, training))


@register
@dataclass(frozen=True, repr=False)
class Softmax(Layer):
    """Any shape to the same shape: each row along `dim` becomes positive and sums to 1.

    `dim` counts from the last axis: -1 is the features of (F,), -3 the channels of (C, H, W).
    Source: document 003; torch.nn.Softmax, whose `dim` may also count the batch: here it may not.
    """

    dim: int = -1

    def __post_init__(self) -> None:
        if isinstance(self.dim, bool) or not isinstance(self.dim, int) or self.dim >= 0:
            raise LayerError(
                f"Softmax: dim must count from the last axis, as -1 or -3 (shapes leave the batch out), "
                f"but got {self.dim!r}"
            )

    def check(self, shape: Shape) -> None:
        if -self.dim > len(shape):
            raise ShapeError(f"Softmax(dim={self.dim}) needs {-self.dim} axes but got shape {shape}")

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        rows: Number = 1
        for size in (*shape[: self.dim], *(shape[self.dim + 1 :] if self.dim < -1 else ())):
            rows = times(rows, size)
        return (Operation(Kind.SOFTMAX, Role.ACTIVATION, times(batch, rows), shape[self.dim]),)
