"""Activations: a function of each value alone (softmax: of each row), and dropout. No MACs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from layercost.expression import Number, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, LayerError, keep_real, keep_whole, register
from layercost.setting import Setting
from layercost.shape import Shape, ShapeError, values


@frozen
class _Elementwise(Layer):
    """Any shape to the same shape: one function of each element."""

    uncounted = ("inplace",)

    kind: ClassVar[Kind]

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return (Operation(self.kind, Role.ACTIVATION, times(setting.batch, values(output))),)


@register
@frozen
class ReLU(_Elementwise):
    """Any shape to the same shape: ``max(x, 0)`` of each element. Source: document 001; torch.nn.ReLU."""

    kind = Kind.RELU


@register
@frozen
class Sigmoid(_Elementwise):
    """Any shape to the same shape: ``1 / (1 + exp(-x))`` of each element.

    Source: document 001; torch.nn.Sigmoid.
    """

    kind = Kind.SIGMOID


@register
@frozen
class Tanh(_Elementwise):
    """Any shape to the same shape: the hyperbolic tangent of each element.

    Source: document 001; torch.nn.Tanh.
    """

    kind = Kind.TANH


@register
@frozen
class ReLU6(_Elementwise):
    """Any shape to the same shape: ``min(max(x, 0), 6)`` of each element, a ReLU and a comparison.

    Source: Howard et al. 2017 (MobileNet); torch.nn.ReLU6.
    """

    kind = Kind.RELU

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        compare = Operation(Kind.COMPARE, Role.ACTIVATION, times(setting.batch, values(output)))
        return (*super().operations(shape, output, setting), compare)


def _leaky(amount: Number) -> tuple[Operation, ...]:
    """``max(x, slope x)`` of each element: a multiplication and a comparison, whatever the sign."""
    return tuple(Operation(kind, Role.ACTIVATION, amount) for kind in (Kind.MULTIPLY, Kind.COMPARE))


@register
@frozen
class LeakyReLU(Layer):
    """Any shape to the same shape: ``max(x, negative_slope x)`` of each element.

    A multiplication and a comparison each. Source: Maas, Hannun, Ng 2013, section 2; torch.nn.LeakyReLU.
    """

    negative_slope: float = 0.01

    uncounted = ("inplace",)

    def __post_init__(self) -> None:
        keep_real(self, "negative_slope", 0)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _leaky(times(setting.batch, values(output)))


@register
@frozen
class PReLU(Layer):
    """Any shape to the same shape: ``max(x, slope x)`` with trained slopes, `num_parameters` of them.

    1 is shared by all; as many as there are channels (the first axis) gives each its own; as many as the
    input has values is Keras's default. A multiplication and a comparison an element.
    Source: He et al. 2015 (Delving deep into rectifiers), equation 1; torch.nn.PReLU, keras.layers.PReLU.
    """

    num_parameters: int = 1

    letters: ClassVar[Mapping[str, str]] = {"num_parameters": "n"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "num_parameters")

    def check(self, shape: Shape) -> None:
        if self.num_parameters not in (1, shape[0], values(shape)):
            raise ShapeError(
                f"PReLU has one slope for all values, for each of {shape[0]} channels, or for each of "
                f"{values(shape)} values, but {self.num_parameters} do not fit shape {shape}"
            )

    def parameters(self) -> tuple[Held, ...]:
        return (Held("weight", self.num_parameters),)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _leaky(times(setting.batch, values(output)))


@register
@frozen
class GELU(Layer):
    """Any shape to the same shape: ``x Phi(x)`` of each element, one whole function.

    ``approximate="tanh"`` is ``0.5 x (1 + tanh(0.798 (x + 0.0447 x x x)))``: 6 multiplications, 2 additions
    and a tanh. Source: Hendrycks, Gimpel 2016, section 2; torch.nn.GELU.
    """

    approximate: str = "none"

    def __post_init__(self) -> None:
        if self.approximate not in ("none", "tanh"):
            raise LayerError(f"GELU: approximate must be 'none' or 'tanh', but got {self.approximate!r}")

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        if self.approximate == "none":
            return (Operation(Kind.GELU, Role.ACTIVATION, amount),)
        return (
            Operation(Kind.MULTIPLY, Role.ACTIVATION, 6 * amount),
            Operation(Kind.ADD, Role.ACTIVATION, 2 * amount),
            Operation(Kind.TANH, Role.ACTIVATION, amount),
        )


@register
@frozen
class SiLU(_Elementwise):
    """Any shape to the same shape: ``x sigmoid(x)`` of each element, a sigmoid and a multiplication.

    Source: Ramachandran, Zoph, Le 2017 (as Swish); torch.nn.SiLU.
    """

    kind = Kind.SIGMOID

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        multiply = Operation(Kind.MULTIPLY, Role.ACTIVATION, times(setting.batch, values(output)))
        return (*super().operations(shape, output, setting), multiply)


@register
@frozen
class Dropout(Layer):
    """Any shape to the same shape. At inference it does and writes nothing.

    In training each element is multiplied by 0 or by ``1 / (1 - p)``: one multiplication (drawing the zeros
    is not an operation on values). Source: Srivastava et al. 2014; torch.nn.Dropout.
    """

    p: float = 0.5

    uncounted = ("inplace",)

    def __post_init__(self) -> None:
        keep_real(self, "p", 0, 1)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        if not setting.training:
            return ()
        return (Operation(Kind.MULTIPLY, Role.ELEMENTWISE, times(setting.batch, values(output))),)

    def written(self, output: Shape, setting: Setting) -> Number:
        return super().written(output, setting) if setting.training else 0


@register
@frozen
class ScaledTanh(_Elementwise):
    """Any shape to the same shape: ``1.7159 tanh(2/3 x)``, two multiplications and a tanh for each element.

    Source: LeCun et al. 1998, section II.B, the squashing function of LeNet-5.
    """

    kind = Kind.TANH

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        multiply = Operation(Kind.MULTIPLY, Role.ACTIVATION, 2 * amount)
        return (multiply, *super().operations(shape, output, setting))


@register
@frozen
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

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        rows: Number = 1
        for size in (*shape[: self.dim], *(shape[self.dim + 1 :] if self.dim < -1 else ())):
            rows = times(rows, size)
        return (Operation(Kind.SOFTMAX, Role.ACTIVATION, times(setting.batch, rows), shape[self.dim]),)
