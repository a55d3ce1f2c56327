"""Normalization: values are centred and scaled, by channel, by sample, by group, or by neighbours.

A deviation from the mean is computed once and used twice, for the variance and for the result.
At inference batch normalization uses its running statistics; the standard deviation of each channel is a
constant of the trained layer and is not computed again at each call: four operations an element remain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import field, replace
from typing import ClassVar, Self, cast

from layercost.convention import Convention, Price, Quantity
from layercost.expression import Number, Symbol, exact_div, product, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import (
    Layer,
    LayerError,
    keep,
    keep_divided,
    keep_flags,
    keep_real,
    keep_sizes,
    keep_whole,
    register,
)
from layercost.layers.sliding import Sizes, check_channels
from layercost.message import Message
from layercost.misconception import STORED, WRITTEN, Task, belief, declare
from layercost.setting import Setting
from layercost.shape import Features, Image, Shape, ShapeError, Signal, Volume, values

_NORM = Role.NORMALIZATION


def _each(amount: Number, *kinds: Kind) -> tuple[Operation, ...]:
    """One operation of each kind for each of `amount` values."""
    return tuple([Operation(kind, _NORM, amount) for kind in kinds])


def _normalized(groups: Number, length: Number) -> tuple[Operation, ...]:
    """`groups` groups of `length` values each, centred and divided by their standard deviation."""
    elements = times(groups, length)
    mean = (Operation(Kind.SUM, _NORM, groups, length), *_each(groups, Kind.DIVIDE))
    return (
        *mean,
        *_each(elements, Kind.SUBTRACT, Kind.MULTIPLY),  # the deviations and their squares
        *mean,  # of the squares
        *_each(groups, Kind.ADD, Kind.SQUARE_ROOT),  # eps keeps the variance from zero
        *_each(elements, Kind.DIVIDE),
    )


def _weight_and_bias(layer: _ByChannel | GroupNorm, channels: Number) -> tuple[Held, ...]:
    """What is trained for each channel: nothing, a weight, or a weight and a bias."""
    held = (Held("weight", channels), Held("bias", channels))
    return held[: 1 + layer.bias] if layer.affine else ()


def _scaling(layer: _ByChannel | GroupNorm) -> tuple[Kind, ...]:
    """What the trained weight and bias do to each value."""
    return (Kind.MULTIPLY, Kind.ADD)[: 1 + layer.bias] if layer.affine else ()


# Mean and deviation are kept: each value is centred and divided, and where it is trained, scaled and shifted.
_BY_KEPT_STATISTICS = (Kind.SUBTRACT, Kind.DIVIDE, Kind.MULTIPLY, Kind.ADD)


# ---- by channel, over the batch ----------------------------------------------------------------


@frozen
class _ByChannel(Layer):
    """What batch and instance normalization share: statistics a channel, which training may keep."""

    keeps_places = True

    num_features: int
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = True
    track_running_stats: bool = True
    bias: bool = field(default=True, kw_only=True)

    letters: ClassVar[Mapping[str, str]] = {"num_features": "C"}
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "C"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "num_features")
        keep_flags(self, "affine", "track_running_stats", "bias")
        if not self.affine:
            keep(self, bias=True)  # there is none either way
        keep_real(self, "eps", 0)
        if self.momentum is not None:
            keep_real(self, "momentum", 0, 1)

    def check(self, shape: Shape) -> None:
        check_channels(self, self.num_features, shape)

    def parameters(self) -> tuple[Held, ...]:
        return _weight_and_bias(self, self.num_features)

    def buffers(self) -> tuple[Held, ...]:
        if not self.track_running_stats:
            return ()
        return (Held("running_mean", self.num_features), Held("running_var", self.num_features))

    @staticmethod
    def _update(channels: Number) -> tuple[Operation, ...]:
        """``running += momentum (new - running)`` of mean and variance, which here divides by n - 1."""
        return (
            *_each(channels, Kind.DIVIDE),
            *_each(2 * channels, Kind.SUBTRACT, Kind.MULTIPLY, Kind.ADD),
        )


@frozen
class BatchNorm(_ByChannel):
    """What batch normalization over vectors, signals, images and volumes shares: statistics of the batch."""

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        elements = times(setting.batch, values(shape))
        if self.track_running_stats and not setting.training:
            return _each(elements, *_BY_KEPT_STATISTICS[: 2 + self.affine * (1 + self.bias)])
        scale = _each(elements, *_scaling(self))
        length = times(setting.batch, product(shape[1:]))
        if int(length) < 2:
            when = Message("in training") if setting.training else Message("for statistics of its own")
            raise ShapeError(
                Message(
                    "{layer} needs two values a channel or more {when}, but a batch of {batch} of shape "
                    "{shape} has one; use a larger batch",
                    layer=type(self).__name__,
                    when=when,
                    batch=int(setting.batch),
                    shape=shape,
                )
            )
        update = self._update(shape[0]) if setting.training and self.track_running_stats else ()
        return (*_normalized(shape[0], length), *scale, *update)


@register
@frozen
class BatchNorm1d(BatchNorm):
    """``(C,)`` or ``(C, L)`` to the same shape: each channel centred and scaled.

    Trained with `affine`: weight and, with `bias`, bias, 2 C. Stored: running mean and variance, 2 C
    (PyTorch's counter of steps is left out). Inference: 4 operations an element. Training: statistics over
    the batch, so that the cost is not proportional to it, and an update of the running statistics.
    Source: Ioffe, Szegedy 2015, algorithm 1; documents 001 and 002; arguments as torch.nn.BatchNorm1d.
    """

    takes = (Features, Signal)


@register
@frozen
class BatchNorm2d(BatchNorm):
    """``(C, H, W)`` to the same shape: each channel centred and scaled.

    Trained with `affine`: weight and, with `bias`, bias, 2 C. Stored: running mean and variance, 2 C
    (PyTorch's counter of steps is left out). Inference: 4 operations an element. Training: statistics over
    the batch, so that the cost is not proportional to it, and an update of the running statistics.
    Source: Ioffe, Szegedy 2015, algorithm 2; documents 001 and 002; arguments as torch.nn.BatchNorm2d.
    """

    takes = Image


@register
@frozen
class BatchNorm3d(BatchNorm):
    """``(C, D, H, W)`` to the same shape: each channel centred and scaled, as `BatchNorm2d`.

    Source: Ioffe, Szegedy 2015, algorithm 2; arguments as torch.nn.BatchNorm3d.
    """

    takes = Volume


# ---- by channel of each sample -----------------------------------------------------------------


@frozen
class InstanceNorm(_ByChannel):
    """What instance normalization shares: statistics of each channel of each sample."""

    keeps_places = False

    affine: bool = False
    track_running_stats: bool = False

    def check(self, shape: Shape) -> None:
        super().check(shape)
        if not self.track_running_stats and int(product(shape[1:])) < 2:
            raise ShapeError(_needs_two(self, 1, shape))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        elements, length = times(setting.batch, values(shape)), product(shape[1:])
        if self.track_running_stats and not setting.training:
            return _each(elements, Kind.SUBTRACT, Kind.DIVIDE, *_scaling(self))
        if int(length) < 2:
            raise ShapeError(_needs_two(self, setting.batch, shape))
        scale = _each(elements, *_scaling(self))
        rows = times(setting.batch, shape[0])
        update = self._update_by_sample(shape[0], setting.batch) if self.track_running_stats else ()
        return (*_normalized(rows, length), *scale, *update)

    def _update_by_sample(self, channels: Number, batch: Number) -> tuple[Operation, ...]:
        """Each sample's statistics update a copy of what runs, and the copies' mean is kept."""
        mean = (Operation(Kind.SUM, _NORM, 2 * channels, batch), *_each(2 * channels, Kind.DIVIDE))
        return (*self._update(times(batch, channels)), *mean)


def _needs_two(layer: Layer, batch: Number, shape: Shape) -> str:
    return (
        f"{type(layer).__name__} needs two values a channel or more of each sample, but a batch of "
        f"{int(batch)} of shape {shape} has one"
    )


@register
@frozen
class InstanceNorm1d(InstanceNorm):
    """``(C, L)`` to the same shape: each channel of each sample centred and scaled, as `InstanceNorm2d`.

    Source: Ulyanov, Vedaldi, Lempitsky 2016, equation 2; arguments as torch.nn.InstanceNorm1d.
    """

    takes = Signal


@register
@frozen
class InstanceNorm2d(InstanceNorm):
    """``(C, H, W)`` to the same shape: each channel of each sample centred and scaled.

    Trained with `affine`: weight and bias, 2 C. With `track_running_stats` it stores mean and variance, 2 C,
    and uses them at inference, as batch normalization does; in training each sample updates a copy of them.
    Source: Ulyanov, Vedaldi, Lempitsky 2016, equation 2; arguments as torch.nn.InstanceNorm2d.
    """

    takes = Image


@register
@frozen
class InstanceNorm3d(InstanceNorm):
    """``(C, D, H, W)`` to the same shape: each channel of each sample centred and scaled.

    Source: Ulyanov, Vedaldi, Lempitsky 2016, equation 2; arguments as torch.nn.InstanceNorm3d.
    """

    takes = Volume


# ---- by sample ---------------------------------------------------------------------------------


@frozen
class _OverLastAxes(Layer):
    """What normalizes the last axes together: their sizes, as one or as several."""

    normalized_shape: Sizes

    def __post_init__(self) -> None:
        given = self.normalized_shape
        if isinstance(given, (tuple, list)) and not given:
            raise LayerError(
                Message(
                    "{layer}: normalized_shape must name one size or more, but got ()",
                    layer=type(self).__name__,
                )
            )
        keep_sizes(self, len(given) if isinstance(given, (tuple, list)) else 1, 1, "normalized_shape")
        keep_flags(self, "elementwise_affine")

    def lettered(self) -> Self:
        twin = super().lettered()
        if len(self.sizes) == 1:
            keep(twin, normalized_shape=(Symbol("F", self.sizes[0]),))
        return twin

    @staticmethod
    def _written(value: object) -> str:
        return repr(value[0] if isinstance(value, tuple) and len(value) == 1 else value)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The sizes of the axes that are normalized together, the last ones of the input."""
        return cast("tuple[int, ...]", self.normalized_shape)

    def check(self, shape: Shape) -> None:
        if shape[-len(self.sizes) :] != self.sizes:
            sizes = ", ".join(map(str, self.sizes))
            raise ShapeError(
                Message(
                    "{layer} expects last axes of {sizes} values but got shape {shape}",
                    layer=type(self).__name__,
                    sizes=sizes,
                    shape=shape,
                )
            )

    def _rows(self, shape: Shape, setting: Setting) -> tuple[Number, Number]:
        """How many groups are normalized, and how many values each has."""
        axes = len(self.sizes)
        return times(setting.batch, product(shape[:-axes])), product(shape[-axes:])


@register
@frozen
class LayerNorm(_OverLastAxes):
    """Any shape to the same shape: the last axes, of sizes `normalized_shape`, centred and scaled together.

    Trained with `elementwise_affine`: a weight and, with `bias`, a bias for each value of `normalized_shape`.
    Source: Ba, Kiros, Hinton 2016, equation 4; arguments as torch.nn.LayerNorm.
    """

    eps: float = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_flags(self, "bias")
        keep_real(self, "eps", 0)

    def parameters(self) -> tuple[Held, ...]:
        if not self.elementwise_affine:
            return ()
        weight = Held("weight", product(self.sizes))
        return (weight, Held("bias", product(self.sizes))) if self.bias else (weight,)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        rows, length = self._rows(shape, setting)
        return centred(rows, length, scaled=self.elementwise_affine, shifted=self.bias)


def centred(
    rows: Number, length: Number, *, scaled: bool = True, shifted: bool = True
) -> tuple[Operation, ...]:
    """What `LayerNorm` does to `rows` rows of `length` values each, with or without what is trained."""
    scale = (Kind.MULTIPLY, Kind.ADD) if shifted else (Kind.MULTIPLY,)
    return (*_normalized(rows, length), *(_each(times(rows, length), *scale) if scaled else ()))


@register
@frozen
class RMSNorm(_OverLastAxes):
    """Any shape to the same shape: the last axes, over the root of their mean square.

    ``x / sqrt(mean(x^2) + eps)``, times a trained weight for each value of `normalized_shape` with
    `elementwise_affine`; nothing is centred. An `eps` of None is the smallest step of the number format.
    Source: Zhang, Sennrich 2019, equation 4; arguments as torch.nn.RMSNorm.
    """

    eps: float | None = None
    elementwise_affine: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.eps is not None:
            keep_real(self, "eps", 0)

    def parameters(self) -> tuple[Held, ...]:
        return (Held("weight", product(self.sizes)),) if self.elementwise_affine else ()

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return by_root_mean_square(*self._rows(shape, setting), scaled=self.elementwise_affine)


def by_root_mean_square(rows: Number, length: Number, *, scaled: bool = True) -> tuple[Operation, ...]:
    """What `RMSNorm` does to `rows` rows of `length` values each, with or without trained scales."""
    elements = times(rows, length)
    return (
        *_each(elements, Kind.MULTIPLY),  # the squares
        Operation(Kind.SUM, _NORM, rows, length),
        *_each(rows, Kind.DIVIDE, Kind.ADD, Kind.SQUARE_ROOT),
        *_each(elements, Kind.DIVIDE, *((Kind.MULTIPLY,) if scaled else ())),
    )


@register
@frozen
class GroupNorm(Layer):
    """``(C, ...)`` to the same shape: the channels in `num_groups` groups, each centred and scaled alone.

    Trained with `affine`: a weight and, with `bias`, a bias a channel, 2 C.
    Source: Wu, He 2018, equation 7; arguments as torch.nn.GroupNorm.
    """

    num_groups: int
    num_channels: int
    eps: float = 1e-5
    affine: bool = True
    bias: bool = field(default=True, kw_only=True)

    letters: ClassVar[Mapping[str, str]] = {"num_groups": "G", "num_channels": "C"}
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "C"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "num_groups", "num_channels")
        keep_flags(self, "affine", "bias")
        if not self.affine:
            keep(self, bias=True)  # there is none either way
        keep_real(self, "eps", 0)
        keep_divided(self, "num_groups", "num_channels")

    def check(self, shape: Shape) -> None:
        check_channels(self, self.num_channels, shape)

    def parameters(self) -> tuple[Held, ...]:
        return _weight_and_bias(self, self.num_channels)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        elements = times(setting.batch, values(shape))
        length = exact_div(shape[0], self.num_groups) * product(shape[1:])
        scale = _each(elements, *_scaling(self))
        return (*_normalized(times(setting.batch, self.num_groups), length), *scale)


# ---- by neighbours -----------------------------------------------------------------------------


@register
@frozen
class LocalResponseNorm(Layer):
    """``(C, H, W)`` to the same shape: each value divided by a power of the squares in `size` channels.

    ``x / (k + alpha / size * sum x^2) ** beta``; the first and the last channels have fewer neighbours, and
    ``alpha / size`` is a constant. No parameters.
    Source: Krizhevsky et al. 2012, section 3.3 (which does not divide alpha); arguments as
    torch.nn.LocalResponseNorm.
    """

    keeps_places = True

    size: int
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    takes = Image

    def __post_init__(self) -> None:
        keep_whole(self, 1, "size")
        for name in ("alpha", "beta", "k"):
            keep_real(self, name, 0)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        elements = times(setting.batch, values(shape))
        plane = times(setting.batch, shape[1] * shape[2])
        neighbours = self._neighbours(shape[0])
        sums = (Operation(Kind.SUM, _NORM, times(many, plane), cells) for cells, many in neighbours)
        scaled = _each(elements, Kind.MULTIPLY, Kind.ADD, Kind.POWER, Kind.DIVIDE)
        return (*_each(elements, Kind.MULTIPLY), *sums, *scaled)

    def _neighbours(self, channels: Number) -> list[tuple[int, int]]:
        """Pairs of (channels in a sum, channels that have so many): size // 2 before, the others after."""
        before, after, last = self.size // 2, (self.size - 1) // 2, int(channels) - 1
        found = Counter(min(last, c + after) - max(0, c - before) + 1 for c in range(last + 1))
        return sorted(found.items(), reverse=True)


# ---- What people believe instead ---------------------------------------------------------------


def _has_groups(layer: Layer) -> bool:
    return isinstance(layer, GroupNorm) and 1 < layer.num_groups < layer.num_channels


def _keeps(layer: Layer) -> bool:
    return isinstance(layer, BatchNorm) and layer.track_running_stats


@belief(
    "statistics-trained",
    Message(
        "You counted the running mean and variance too: they are recorded while training runs, and no "
        "gradient changes them."
    ),
    BatchNorm, {Quantity.PARAMETERS, Quantity.PARAMETER_BYTES}, _keeps,
)  # fmt: skip
class _StatisticsTrained(BatchNorm):
    def parameters(self) -> tuple[Held, ...]:
        return (*super().parameters(), *self.buffers())


@belief(
    "one-statistic",
    Message("You counted one value a channel: a mean and a variance are kept for each."),
    BatchNorm, {Quantity.BUFFERS, Quantity.STORED_VALUES}, _keeps,
)  # fmt: skip
class _OneStatistic(BatchNorm):
    def buffers(self) -> tuple[Held, ...]:
        mean, _variance = super().buffers()
        return (mean,)


@belief(
    "scaled-and-shifted-only",
    Message(
        "You counted the scale and the shift: before them the mean is subtracted and the deviation divided "
        "by, which makes four operations a value."
    ),
    BatchNorm, {Quantity.FLOPS}, lambda layer: getattr(layer, "affine", False),
)  # fmt: skip
class _ScaledAndShiftedOnly(BatchNorm):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _each(times(setting.batch, values(shape)), *_scaling(self))


@belief(
    "normalized-one-channel",
    Message(
        "You counted the operations of one channel: each channel has as many values, and all are "
        "normalized."
    ),
    BatchNorm, {Quantity.FLOPS},
)  # fmt: skip
class _NormalizedOneChannel(BatchNorm):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        one = type(shape)((1, *shape[1:]))
        return super().operations(one, one, setting)


@belief(
    "statistics-forgotten",
    Message("You counted what is trained: the running mean and variance are stored, too."),
    BatchNorm, {Quantity.STORED_VALUES}, _keeps,
)  # fmt: skip
class _StatisticsForgotten(BatchNorm):
    def buffers(self) -> tuple[Held, ...]:
        return ()


declare(
    "all-stored-for-buffers",
    Message("You counted scale and shift too: they are trained, and what is asked for is stored only."),
    lambda task: replace(task, measure=Quantity.STORED_VALUES),
    {Quantity.BUFFERS},
)


# The scale and the shift as if each value had its own: one multiplication and one addition a value.
_AT_EACH_VALUE = Convention(
    name="at-each-value",
    unit="parameters",
    counts=Message("a scale and a shift for each value"),
    source=Message("the operations of batch normalization at inference"),
    prices={(Kind.MULTIPLY, _NORM): Price(0, 1), (Kind.ADD, _NORM): Price(0, 1)},
)


def _normalized_at_each_value(task: Task) -> Task | None:
    layer, shape = task.layer, task.input_shape
    if not isinstance(shape, Shape) or len(shape) < 2:
        return None
    if isinstance(layer, RMSNorm) and task.measure is Quantity.PARAMETERS:
        return replace(task, measure=Quantity.ACTIVATIONS)
    kept = isinstance(layer, BatchNorm) and layer.affine and layer.track_running_stats
    if not kept:
        return None
    return replace(task, measure=Quantity.FLOPS, convention=_AT_EACH_VALUE)


declare(
    "normalized-at-each-value",
    Message("You counted at each place: all places of a channel, or of a sequence, share what is stored."),
    _normalized_at_each_value,
    {Quantity.PARAMETERS, Quantity.BUFFERS},
)


@belief(
    "two-a-group",
    Message("You counted two values a group: a group shares its statistics, not its scale and shift."),
    GroupNorm, STORED, _has_groups,
)  # fmt: skip
class _TwoAGroup(GroupNorm):
    def parameters(self) -> tuple[Held, ...]:
        return _weight_and_bias(self, self.num_groups)


@belief(
    "sample-statistics-stored",
    Message(
        "You counted mean and variance too: this normalization computes them anew for each sample and "
        "stores none."
    ),
    Layer, STORED, lambda layer: isinstance(layer, GroupNorm | LayerNorm | InstanceNorm),
)  # fmt: skip
class _SampleStatisticsStored(Layer):
    def parameters(self) -> tuple[Held, ...]:
        every = super().parameters()
        return (*every, *every)


@belief(
    "one-scale-for-all",
    Message("You counted one value for all: each value that is normalized has a scale of its own."),
    _OverLastAxes, STORED,
)  # fmt: skip
class _OneScaleForAll(_OverLastAxes):
    def parameters(self) -> tuple[Held, ...]:
        return tuple(held._replace(size=1) for held in super().parameters())


@belief(
    "root-mean-square-shifted",
    Message("You counted a shift: RMSNorm does not centre, and has a scale alone."),
    RMSNorm, STORED,
)  # fmt: skip
class _RootMeanSquareShifted(RMSNorm):
    def parameters(self) -> tuple[Held, ...]:
        every = super().parameters()
        return (*every, *every)


@belief(
    "normalized-one-value",
    Message(
        "You counted one operation a value: the mean is subtracted and the deviation divided by, and where "
        "there are a scale and a shift, these are two more."
    ),
    BatchNorm, {Quantity.FLOPS}, _keeps,
)  # fmt: skip
class _NormalizedOneValue(BatchNorm):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _each(times(setting.batch, values(shape)), Kind.MULTIPLY)


@belief(
    "normalized-map-written",
    Message("You counted one map: every channel is normalized and written."),
    BatchNorm, WRITTEN,
)  # fmt: skip
class _NormalizedMapWritten(BatchNorm):
    def transform(self, shape: Shape) -> Shape:
        return type(shape)((1, *shape[1:]))
