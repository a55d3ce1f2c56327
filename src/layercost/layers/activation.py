"""Activations: a function of each value alone (softmax: of each row), and dropout. No MACs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf
from typing import ClassVar

from layercost.convention import Quantity
from layercost.expression import Number, exact_div, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, LayerError, keep_real, keep_whole, register
from layercost.message import Message
from layercost.misconception import STORED, WRITTEN, Task, belief, declare
from layercost.setting import Setting
from layercost.shape import Shape, ShapeError, values


@frozen
class OfEach(Layer):
    """Any shape to the same shape: one function of each element."""

    keeps_places = True

    uncounted = ("inplace",)

    kind: ClassVar[Kind]

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return (Operation(self.kind, Role.ACTIVATION, times(setting.batch, values(output))),)


@register
@frozen
class ReLU(OfEach):
    """Any shape to the same shape: ``max(x, 0)`` of each element. Source: document 001; torch.nn.ReLU."""

    kind = Kind.RELU


@register
@frozen
class Sigmoid(OfEach):
    """Any shape to the same shape: ``1 / (1 + exp(-x))`` of each element.

    Source: document 001; torch.nn.Sigmoid.
    """

    kind = Kind.SIGMOID


@register
@frozen
class Tanh(OfEach):
    """Any shape to the same shape: the hyperbolic tangent of each element.

    Source: document 001; torch.nn.Tanh.
    """

    kind = Kind.TANH


@register
@frozen
class ReLU6(OfEach):
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

    keeps_places = True

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

    keeps_places = True

    num_parameters: int = 1

    letters: ClassVar[Mapping[str, str]] = {"num_parameters": "n"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "num_parameters")

    def check(self, shape: Shape) -> None:
        if self.num_parameters not in (1, shape[0], values(shape)):
            raise ShapeError(
                Message(
                    "PReLU has one slope for all values, for each of {channels} channels, or for each of "
                    "{values} values, but {num_parameters} do not fit shape {shape}",
                    channels=shape[0],
                    values=values(shape),
                    num_parameters=self.num_parameters,
                    shape=shape,
                )
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

    keeps_places = True

    approximate: str = "none"

    def __post_init__(self) -> None:
        if self.approximate not in ("none", "tanh"):
            raise LayerError(
                Message(
                    "GELU: approximate must be 'none' or 'tanh', but got {approximate!r}",
                    approximate=self.approximate,
                )
            )

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        if self.approximate == "none":
            return (Operation(Kind.GELU, Role.ACTIVATION, amount),)
        return (
            Operation(Kind.MULTIPLY, Role.ACTIVATION, 6 * amount),
            Operation(Kind.ADD, Role.ACTIVATION, 2 * amount),
            Operation(Kind.TANH, Role.ACTIVATION, amount),
        )


def _of_each(amount: Number, *kinds: Kind) -> tuple[Operation, ...]:
    """One operation of each kind for each of `amount` values."""
    return tuple([Operation(kind, Role.ACTIVATION, amount) for kind in kinds])


@frozen
class Composed(Layer):
    """Any shape to the same shape: a few operations on each element, whatever its sign."""

    keeps_places = True

    uncounted: ClassVar[tuple[str, ...]] = ("inplace",)

    kinds: ClassVar[tuple[Kind, ...]]

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _of_each(times(setting.batch, values(output)), *self.kinds)


@register
@frozen
class Hardsigmoid(Composed):
    """Any shape to the same shape: ``ReLU6(x + 3) / 6`` of each element.

    An addition, a ReLU with its comparison, a division.
    Source: Howard et al. 2019 (MobileNetV3), section 5.2; torch.nn.Hardsigmoid.
    """

    kinds = (Kind.ADD, Kind.RELU, Kind.COMPARE, Kind.DIVIDE)


@register
@frozen
class Hardswish(Composed):
    """Any shape to the same shape: ``x ReLU6(x + 3) / 6`` of each element.

    A hard sigmoid (4 operations) and a multiplication.
    Source: Howard et al. 2019 (MobileNetV3), section 5.2; torch.nn.Hardswish.
    """

    kinds = (*Hardsigmoid.kinds, Kind.MULTIPLY)


@register
@frozen
class Hardtanh(Composed):
    """Any shape to the same shape: ``min(max(x, min_val), max_val)`` of each element, two comparisons.

    Source: Collobert 2004 (Large scale machine learning); torch.nn.Hardtanh.
    """

    min_val: float = -1.0
    max_val: float = 1.0

    kinds = (Kind.COMPARE, Kind.COMPARE)

    def __post_init__(self) -> None:
        keep_real(self, "min_val", -inf)
        keep_real(self, "max_val", -inf)
        if self.min_val > self.max_val:
            raise LayerError(
                Message(
                    "Hardtanh: min_val must not be above max_val ({max_val}), but got {min_val}",
                    max_val=self.max_val,
                    min_val=self.min_val,
                )
            )

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _of_each(2 * times(setting.batch, values(output)), Kind.COMPARE)


_CURVED = (Kind.EXPONENTIAL, Kind.SUBTRACT, Kind.MULTIPLY, Kind.COMPARE)  # alpha (exp(x) - 1), or x


@register
@frozen
class ELU(Composed):
    """Any shape to the same shape: x where it is positive, ``alpha (exp(x) - 1)`` elsewhere.

    An exponential, a subtraction, a multiplication and a comparison each.
    Source: Clevert, Unterthiner, Hochreiter 2016, equation 15; torch.nn.ELU.
    """

    alpha: float = 1.0

    kinds = _CURVED

    def __post_init__(self) -> None:
        keep_real(self, "alpha", 0)


@register
@frozen
class CELU(Composed):
    """Any shape to the same shape: x where it is positive, ``alpha (exp(x / alpha) - 1)`` elsewhere.

    An ELU (4 operations) and a division. Source: Barron 2017, equation 1; torch.nn.CELU.
    """

    alpha: float = 1.0

    kinds = (Kind.DIVIDE, *_CURVED)

    def __post_init__(self) -> None:
        keep_real(self, "alpha", 0)
        if self.alpha == 0:
            raise LayerError(Message("CELU: alpha must not be 0, by which it divides"))


@register
@frozen
class SELU(Composed):
    """Any shape to the same shape: an ELU of fixed alpha (1.6733), scaled by 1.0507.

    An ELU (4 operations) and a multiplication: 2 multiplications. Source: Klambauer et al. 2017, equation 2;
    torch.nn.SELU.
    """

    kinds = (*_CURVED, Kind.MULTIPLY)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        multiply = Operation(Kind.MULTIPLY, Role.ACTIVATION, 2 * amount)
        return (*_of_each(amount, Kind.EXPONENTIAL, Kind.SUBTRACT, Kind.COMPARE), multiply)


@register
@frozen
class Softplus(Composed):
    """Any shape to the same shape: ``log(1 + exp(beta x)) / beta``, or x above a threshold.

    A multiplication, a comparison (of ``beta x`` with `threshold`), an exponential, an addition, a logarithm
    and a division each, whichever of the two comes out.
    Source: Dugas et al. 2001, equation 3; torch.nn.Softplus.
    """

    beta: float = 1.0
    threshold: float = 20.0

    uncounted = ()
    kinds = (Kind.MULTIPLY, Kind.COMPARE, Kind.EXPONENTIAL, Kind.ADD, Kind.LOGARITHM, Kind.DIVIDE)

    def __post_init__(self) -> None:
        keep_real(self, "beta", 0)
        keep_real(self, "threshold", -inf)
        if self.beta == 0:
            raise LayerError(Message("Softplus: beta must not be 0, by which it divides"))


@register
@frozen
class Mish(Composed):
    """Any shape to the same shape: ``x tanh(log(1 + exp(x)))`` of each element.

    An exponential, an addition, a logarithm, a tanh and a multiplication. Source: Misra 2019, equation 1;
    torch.nn.Mish.
    """

    kinds = (Kind.EXPONENTIAL, Kind.ADD, Kind.LOGARITHM, Kind.TANH, Kind.MULTIPLY)


@register
@frozen
class Softsign(Composed):
    """Any shape to the same shape: ``x / (1 + |x|)``: an absolute value, an addition and a division each.

    Source: Bergstra et al. 2009, section 2; torch.nn.Softsign.
    """

    uncounted = ()
    kinds = (Kind.ABSOLUTE, Kind.ADD, Kind.DIVIDE)


@register
@frozen
class LogSigmoid(Composed):
    """Any shape to the same shape: the logarithm of the sigmoid of each element.

    Source: torch.nn.LogSigmoid.
    """

    uncounted = ()
    kinds = (Kind.SIGMOID, Kind.LOGARITHM)


@register
@frozen
class SiLU(OfEach):
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

    keeps_places = True

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
class ScaledTanh(OfEach):
    """Any shape to the same shape: ``1.7159 tanh(2/3 x)``, two multiplications and a tanh for each element.

    Source: LeCun et al. 1998, section II.B, the squashing function of LeNet-5.
    """

    kind = Kind.TANH

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        multiply = Operation(Kind.MULTIPLY, Role.ACTIVATION, 2 * amount)
        return (multiply, *super().operations(shape, output, setting))


@frozen
class AlongDim(Layer):
    """What works on each row along one axis, counted from the last."""

    dim: int = -1

    def __post_init__(self) -> None:
        if isinstance(self.dim, bool) or not isinstance(self.dim, int) or self.dim >= 0:
            raise LayerError(
                Message(
                    "{layer}: dim must count from the last axis, as -1 or -3 (shapes leave the batch "
                    "out), but got {dim!r}",
                    layer=type(self).__name__,
                    dim=self.dim,
                )
            )

    def check(self, shape: Shape) -> None:
        if -self.dim > len(shape):
            raise ShapeError(
                Message(
                    "{layer}(dim={dim}) needs {axes} axes but got shape {shape}",
                    layer=type(self).__name__,
                    dim=self.dim,
                    axes=-self.dim,
                    shape=shape,
                )
            )

    def _rows(self, shape: Shape, setting: Setting) -> Number:
        """How many rows there are along the axis, over the whole batch."""
        rows: Number = 1
        for size in (*shape[: self.dim], *(shape[self.dim + 1 :] if self.dim < -1 else ())):
            rows = times(rows, size)
        return times(setting.batch, rows)


@register
@frozen
class Softmax(AlongDim):
    """Any shape to the same shape: each row along `dim` becomes positive and sums to 1.

    `dim` counts from the last axis: -1 is the features of (F,), -3 the channels of (C, H, W).
    Source: document 003; torch.nn.Softmax, whose `dim` may also count the batch: here it may not.
    """

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return (Operation(Kind.SOFTMAX, Role.ACTIVATION, self._rows(shape, setting), shape[self.dim]),)


@register
@frozen
class LogSoftmax(AlongDim):
    """Any shape to the same shape: ``x - log(sum(exp(x)))`` of each row along `dim`, as `Softmax.dim`.

    For a row of n: n exponentials, a sum, a logarithm and n subtractions. Source: torch.nn.LogSoftmax.
    """

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        rows, elements = self._rows(shape, setting), times(setting.batch, values(shape))
        return (
            *_of_each(elements, Kind.EXPONENTIAL, Kind.SUBTRACT),
            Operation(Kind.SUM, Role.ACTIVATION, rows, shape[self.dim]),
            *_of_each(rows, Kind.LOGARITHM),
        )


@register
@frozen
class GLU(AlongDim):
    """Any shape to one of half the size along `dim`: the first half times the sigmoid of the second.

    `dim` counts from the last axis, as `Softmax.dim`. Source: Dauphin et al. 2017, equation 1; torch.nn.GLU.
    """

    def check(self, shape: Shape) -> None:
        super().check(shape)
        if int(shape[self.dim]) % 2:
            raise ShapeError(
                Message(
                    "GLU(dim={dim}) needs an axis of even size to halve, but got shape {shape}",
                    dim=self.dim,
                    shape=shape,
                )
            )

    def transform(self, shape: Shape) -> Shape:
        sizes = list(shape)
        sizes[self.dim] = exact_div(shape[self.dim], 2)
        return type(shape)(sizes)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _of_each(times(setting.batch, values(output)), Kind.SIGMOID, Kind.MULTIPLY)


# ---- What people believe instead ---------------------------------------------------------------


@belief(
    "one-for-each-value",
    Message("You counted one operation for each value, as for a ReLU: this function takes several."),
    OfEach, {Quantity.FLOPS}, lambda layer: not isinstance(layer, ReLU | ReLU6),
)  # fmt: skip
class _OneForEach(OfEach):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return (Operation(Kind.RELU, Role.ACTIVATION, times(setting.batch, values(output))),)


@belief(
    "sigmoid-without-sign",
    Message("You counted exponential, addition and division: the change of sign in exp(-x) counts, too."),
    Sigmoid, {Quantity.FLOPS},
)  # fmt: skip
class _SigmoidWithoutSign(Sigmoid):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        return _of_each(amount, Kind.EXPONENTIAL, Kind.ADD, Kind.DIVIDE)


@belief(
    "tanh-as-written",
    Message("You counted all nine operations of the formula as it is written: the convention says 8."),
    Tanh, {Quantity.FLOPS},
)  # fmt: skip
class _TanhAsWritten(Tanh):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        powers = _of_each(4 * amount, Kind.EXPONENTIAL) + _of_each(2 * amount, Kind.NEGATE)
        return powers + _of_each(amount, Kind.SUBTRACT, Kind.ADD, Kind.DIVIDE)


@belief(
    "exponentials-alone",
    Message("You counted the exponentials: they are also added up, and each is divided by the sum."),
    Softmax, {Quantity.FLOPS},
)  # fmt: skip
class _ExponentialsAlone(Softmax):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _of_each(times(setting.batch, values(output)), Kind.EXPONENTIAL)


@belief(
    "softmax-without-sum",
    Message("You counted exponentials and divisions: the sum in between takes n - 1 additions."),
    Softmax, {Quantity.FLOPS},
)  # fmt: skip
class _SoftmaxWithoutSum(Softmax):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _of_each(times(setting.batch, values(output)), Kind.EXPONENTIAL, Kind.DIVIDE)


@belief(
    "activated-one-map",
    Message("You counted one map: the function is applied to every value of every channel."),
    OfEach, {Quantity.FLOPS, *WRITTEN},
)  # fmt: skip
class _ActivatedOneMap(OfEach):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        first = type(output)((1, *output[1:])) if len(output) > 1 else output
        return super().operations(first, first, setting)

    def transform(self, shape: Shape) -> Shape:
        return type(shape)((1, *shape[1:])) if len(shape) > 1 else shape


@belief(
    "compared-and-chosen",
    Message("You counted two operations for each value: a ReLU is priced as one."),
    ReLU, {Quantity.FLOPS},
)  # fmt: skip
class _ComparedAndChosen(ReLU):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return (Operation(Kind.RELU, Role.ACTIVATION, 2 * times(setting.batch, values(output))),)


@belief(
    "exponentials-twice",
    Message("You computed each exponential twice: the sum takes those that are there."),
    Softmax, {Quantity.EXPONENTIALS},
)  # fmt: skip
class _ExponentialsTwice(Softmax):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _of_each(2 * times(setting.batch, values(output)), Kind.EXPONENTIAL)


@belief(
    "softmax-of-one-row",
    Message("You counted one row: each row has a softmax of its own."),
    Softmax, {Quantity.EXPONENTIALS},
)  # fmt: skip
class _SoftmaxOfOneRow(Softmax):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _of_each(times(setting.batch, output[self.dim]), Kind.EXPONENTIAL)


@belief(
    "one-exponential-a-row",
    Message("You counted one exponential a row: each value of the row has its own."),
    Softmax, {Quantity.EXPONENTIALS},
)  # fmt: skip
class _OneExponentialARow(Softmax):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _of_each(times(setting.batch, values(output) // output[self.dim]), Kind.EXPONENTIAL)


@belief(
    "sum-of-n-additions",
    Message("You counted n additions: adding up n values takes n - 1."),
    Softmax, {Quantity.ADDITIONS},
)  # fmt: skip
class _SumOfNAdditions(Softmax):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _of_each(times(setting.batch, values(output)), Kind.ADD)


@belief(
    "one-slope",
    Message("You counted one slope: this layer learns one for each channel."),
    PReLU, STORED, lambda layer: isinstance(layer, PReLU) and layer.num_parameters > 1,
)  # fmt: skip
class _OneSlope(PReLU):
    def parameters(self) -> tuple[Held, ...]:
        return (Held("weight", 1),)


@belief(
    "slope-and-bias",
    Message("You added biases: the slope is all that this layer learns."),
    PReLU, STORED,
)  # fmt: skip
class _SlopeAndBias(PReLU):
    def parameters(self) -> tuple[Held, ...]:
        return (*super().parameters(), Held("bias", self.num_parameters))


def _slope_for_each_value(task: Task) -> Task | None:
    learns = isinstance(task.layer, PReLU) and task.input_shape
    return replace(task, measure=Quantity.ACTIVATIONS) if learns else None


declare(
    "slope-for-each-value",
    Message("You counted a slope for each value: all values of a channel share one."),
    _slope_for_each_value,
    {Quantity.PARAMETERS},
    PReLU,
)
