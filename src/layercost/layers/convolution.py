"""Convolutions: a kernel slides over the input and takes one dot product at each position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import ClassVar

from layercost.convention import Quantity
from layercost.expression import Number, exact_div, product, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import (
    Layer,
    LayerError,
    keep,
    keep_divided,
    keep_flags,
    keep_padding,
    keep_rule,
    keep_sizes,
    keep_whole,
    register,
)
from layercost.layers.linear import unshared
from layercost.layers.sliding import (
    Paddings,
    Sizes,
    Window,
    check_channels,
    padding_per_axis,
    per_axis,
    slide,
)
from layercost.message import Message
from layercost.misconception import PRICED, SIZED, STORED, WRITTEN, Size, belief, declare, having
from layercost.setting import Setting
from layercost.shape import (
    FLOOR,
    TF_SAME,
    TF_VALID,
    Image,
    OutputSizeRule,
    Shape,
    Signal,
    Volume,
    both,
    extent,
    shown,
    values,
    whole,
)


@frozen
class Convolution(Layer):
    """What convolutions over one, two and three axes share."""

    in_channels: int
    out_channels: int
    kernel_size: Sizes
    stride: Sizes = 1
    padding: Paddings | str = 0
    dilation: Sizes = 1
    groups: int = 1
    bias: bool = True
    rule: OutputSizeRule | str | None = field(default=None, kw_only=True)

    uncounted: ClassVar[tuple[str, ...]] = ("padding_mode", "device", "dtype")
    axes: ClassVar[int]
    letters: ClassVar[Mapping[str, str]] = {
        "in_channels": "C_in", "out_channels": "C_out", "kernel_size": "k", "stride": "s", "padding": "p",
        "dilation": "d", "groups": "g",
    }  # fmt: skip
    axis_letters: ClassVar[Mapping[str, str]] = {"C": "C_in"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_channels", "out_channels", "groups")
        keep_sizes(self, self.axes, 1, "kernel_size", "stride", "dilation")
        keep_flags(self, "bias")
        self._keep_padding()
        keep_divided(self, "groups", "in_channels", "out_channels")

    def _keep_padding(self) -> None:
        name, named = type(self).__name__, isinstance(self.padding, str)
        if named and self.padding not in ("same", "valid"):
            raise LayerError(
                Message(
                    "{name}: padding must be 'same', 'valid' or whole numbers, but got {padding!r}",
                    name=name,
                    padding=self.padding,
                )
            )
        if named and self.rule is not None:
            raise LayerError(
                Message(
                    "{name}: give padding={padding!r} or a rule, not both", name=name, padding=self.padding
                )
            )
        if self.padding == "same" and set(per_axis(self.stride)) != {1}:
            raise LayerError(
                Message(
                    "{name}: padding='same' needs stride 1, as in PyTorch; for other strides take "
                    "rule='tensorflow-same'",
                    name=name,
                )
            )
        if not named:
            keep_padding(self, self.axes)
        keep_rule(self)

    @property
    def window(self) -> Window:
        """How the kernel slides."""
        padding = (0,) * self.axes if isinstance(self.padding, str) else padding_per_axis(self.padding)
        return Window(per_axis(self.kernel_size), per_axis(self.stride), padding, per_axis(self.dilation))

    @property
    def size_rule(self) -> OutputSizeRule:
        """The rule that gives the output's size: PyTorch's unless another is given."""
        if isinstance(self.rule, OutputSizeRule):
            return self.rule
        return TF_SAME if self.padding == "same" else FLOOR

    def check(self, shape: Shape) -> None:
        check_channels(self, self.in_channels, shape)

    def parameters(self) -> tuple[Held, ...]:
        weight = Held("weight", self.out_channels * self._length())
        return (weight, Held("bias", self.out_channels)) if self.bias else (weight,)

    def transform(self, shape: Shape) -> Shape:
        return slide(self.window, self.out_channels, shape, self.size_rule)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        dots = Operation(Kind.DOT, Role.WEIGHTS, amount, self._length())
        return (dots, Operation(Kind.ADD, Role.BIAS, amount)) if self.bias else (dots,)

    def taught(self, shape: Shape, output: Shape) -> Mapping[str, Number]:
        n, amount = self._length(), values(output)
        if self.bias:
            return {"parameters": (n + 1) * self.out_channels, "flops": (n + (n - 1) + 1) * amount}
        return {"flops": (n + (n - 1)) * amount}

    def _length(self) -> Number:
        """The length of each dot product: the cells under the kernel at one position.

        Padding is multiplied like any other cell.
        """
        return exact_div(self.in_channels, self.groups) * product(per_axis(self.kernel_size))


@register
@frozen
class Conv1d(Convolution):
    """``(in_channels, L)`` to ``(out_channels, L_out)``.

    Output size: ``L_out = floor((L + 2p - d(k-1) - 1) / s) + 1``; padding and rule as in `Conv2d`.
    Source: arguments as torch.nn.Conv1d.
    """

    axes = 1
    takes = Signal


@register
@frozen
class Conv2d(Convolution):
    """``(in_channels, H, W)`` to ``(out_channels, H_out, W_out)``.

    Output size: ``H_out = floor((H + 2p - d(k-1) - 1) / s) + 1``.
    Parameters: ``out_channels * in_channels / groups * k * k`` weights, ``out_channels`` biases with `bias`.
    `padding` may be 'same' (stride 1), 'valid', or a pair (before, after) for each axis; another output-size
    `rule` may be given, as ``rule="tensorflow-same"``.
    Source: documents 000 to 004; arguments as torch.nn.Conv2d.
    """

    axes = 2
    takes = Image


@register
@frozen
class Conv3d(Convolution):
    """``(in_channels, D, H, W)`` to ``(out_channels, D_out, H_out, W_out)``, each axis as in `Conv2d`.

    Source: arguments as torch.nn.Conv3d.
    """

    axes = 3
    takes = Volume


@register
@frozen
class ConnectedConv2d(Layer):
    """``(in_channels, H, W)`` to ``(len(connections), H_out, W_out)``: each map reads its own inputs.

    `connections` holds one tuple of input channels for each output map. Stride 1, no padding, one bias a map.
    Source: LeCun et al. 1998, table I, LeNet-5's layer C3: 60 kernels of 5x5 and 16 biases, 1,516 parameters.
    """

    in_channels: int
    connections: tuple[tuple[int, ...], ...]
    kernel_size: Sizes

    takes = Image
    letters: ClassVar[Mapping[str, str]] = {"in_channels": "C_in", "kernel_size": "k"}
    axis_letters: ClassVar[Mapping[str, str]] = {"C": "C_in"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_channels")
        keep_sizes(self, 2, 1, "kernel_size")
        if not isinstance(self.connections, (tuple, list)) or not self.connections:
            raise LayerError(
                Message(
                    "ConnectedConv2d: connections must list the input channels of each map, but got "
                    "{connections}",
                    connections=shown(self.connections),
                )
            )
        for position, inputs in enumerate(self.connections):
            self._check_map(position, inputs)
        keep(self, connections=tuple(map(tuple, self.connections)))

    def _check_map(self, position: int, inputs: object) -> None:
        if not isinstance(inputs, (tuple, list)) or not inputs or not self._are_channels(inputs):
            raise LayerError(
                Message(
                    "ConnectedConv2d: connections[{position}] must list different input channels from 0 "
                    "to {last}, but got {inputs}",
                    position=position,
                    last=self.in_channels - 1,
                    inputs=shown(inputs),
                )
            )

    def _are_channels(self, inputs: tuple[object, ...] | list[object]) -> bool:
        known = all(type(c) is int and 0 <= c < self.in_channels for c in inputs)
        return known and len(set(inputs)) == len(inputs)

    @property
    def window(self) -> Window:
        """How the kernel slides: by one cell, without padding."""
        return Window(per_axis(self.kernel_size), (1, 1), (0, 0), (1, 1))

    def check(self, shape: Shape) -> None:
        check_channels(self, self.in_channels, shape)

    def parameters(self) -> tuple[Held, ...]:
        kernels = sum(map(len, self.connections))
        return (Held("weight", kernels * self.window.area), Held("bias", len(self.connections)))

    def transform(self, shape: Shape) -> Shape:
        return slide(self.window, len(self.connections), shape, FLOOR)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        positions, area = times(setting.batch, output[1] * output[2]), self.window.area
        lengths = sorted({len(inputs) for inputs in self.connections})
        dots = tuple(
            Operation(Kind.DOT, Role.WEIGHTS, self._maps_that_read(length) * positions, length * area)
            for length in lengths
        )
        return (*dots, Operation(Kind.ADD, Role.BIAS, len(self.connections) * positions))

    def _maps_that_read(self, length: int) -> int:
        return sum(len(inputs) == length for inputs in self.connections)


# ---- What people believe instead: about the weights ---------------------------------------------

WEIGHED = STORED | PRICED


@belief(
    "kernel-not-squared",
    Message("You counted k weights where the kernel has k times k: it is as high as it is wide."),
    Convolution, WEIGHED, lambda layer: isinstance(layer, Conv2d) and len(set(layer.window.kernel)) == 1,
)  # fmt: skip
class _KernelNotSquared(Convolution):
    def _length(self) -> Number:
        return exact_div(self.in_channels, self.groups) * self.window.kernel[0]


@belief(
    "operations-for-weights",
    Message("You counted two for each weight: it is one stored value, though it is multiplied and added."),
    Convolution, STORED,
)  # fmt: skip
class _OperationsForWeights(Convolution):
    def parameters(self) -> tuple[Held, ...]:
        weight, *others = super().parameters()
        return (weight._replace(size=2 * weight.size), *others)


declare(
    "no-weight-sharing",
    Message(
        "You gave each position weights of its own: the kernel is the same at all positions, so that the "
        "size of the image does not matter."
    ),
    lambda task: unshared(task, Convolution),
    {Quantity.PARAMETERS, Quantity.WEIGHTS},
    Convolution,
)


@belief(
    "forgot-input-channels",
    Message("You counted one input channel: each filter reaches through all of them, or all of its group."),
    Convolution, WEIGHED,
)  # fmt: skip
class _ForgotInputChannels(Convolution):
    def _length(self) -> Number:
        return self.window.area


@belief(
    "kernel-sides-added",
    Message("You added the sides of the kernel: it covers k times k cells, not k and k."),
    Convolution, WEIGHED, lambda layer: isinstance(layer, Conv2d) and min(map(int, layer.window.kernel)) > 2,
)  # fmt: skip
class _KernelSidesAdded(Convolution):
    def _length(self) -> Number:
        return exact_div(self.in_channels, self.groups) * sum(self.window.kernel)


@belief(
    "one-filter",
    Message("You counted a single filter: there is one for each output channel."),
    Convolution, WEIGHED,
)  # fmt: skip
class _OneFilter(Convolution):
    def parameters(self) -> tuple[Held, ...]:
        return tuple(held._replace(size=held.size // self.out_channels) for held in super().parameters())

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _shared_out(super().operations(shape, output, setting), self.out_channels)


@belief(
    "bias-per-input-channel",
    Message("You gave each input channel a bias: a bias belongs to each output channel."),
    Convolution, STORED, lambda layer: getattr(layer, "bias", False),
)  # fmt: skip
class _BiasPerInputChannel(Convolution):
    def parameters(self) -> tuple[Held, ...]:
        weight, *_ = super().parameters()
        return (weight, Held("bias", self.in_channels))


@belief(
    "one-position",
    Message(
        "You counted a single position of the kernel: it takes a dot product at every cell of the output "
        "map."
    ),
    Convolution, PRICED,
)  # fmt: skip
class _OnePosition(Convolution):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        positions = values(output) // output[0]
        return _shared_out(super().operations(shape, output, setting), positions)


def _in_groups(layer: Layer) -> bool:
    return int(getattr(layer, "groups", 1)) > 1


@belief(
    "forgot-groups",
    Message("You let every kernel read all channels: in groups, a kernel reads only those of its own."),
    Convolution, WEIGHED, _in_groups,
)  # fmt: skip
class _ForgotGroups(Convolution):
    def _length(self) -> Number:
        return self.in_channels * self.window.area


@belief(
    "groups-divide-kernels",
    Message("You divided by the groups twice: a kernel reads fewer channels, but there are as many kernels."),
    Convolution, WEIGHED, _in_groups,
)  # fmt: skip
class _GroupsDivideKernels(Convolution):
    def parameters(self) -> tuple[Held, ...]:
        weight, *others = super().parameters()
        return (weight._replace(size=weight.size // self.groups), *others)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _shared_out(super().operations(shape, output, setting), self.groups)


@belief(
    "gaps-of-dilation",
    Message("You counted the gaps of the dilated kernel: it has only k times k weights, however far apart."),
    Convolution, WEIGHED, lambda layer: max(map(int, per_axis(getattr(layer, "dilation", 1)))) > 1,
)  # fmt: skip
class _GapsOfDilation(Convolution):
    def _length(self) -> Number:
        spans = map(extent, self.window.kernel, self.window.dilation)
        return exact_div(self.in_channels, self.groups) * product(tuple(spans))


@belief(
    "kernel-of-one-group",
    Message("You counted one group: each of the groups has kernels of its own."),
    Convolution, STORED, lambda layer: 1 < int(getattr(layer, "groups", 1)) < int(layer.in_channels),  # type: ignore[attr-defined]
)  # fmt: skip
class _KernelOfOneGroup(Convolution):
    def parameters(self) -> tuple[Held, ...]:
        return tuple(held._replace(size=held.size // self.groups) for held in super().parameters())


def _shared_out(operations: tuple[Operation, ...], parts: Number) -> tuple[Operation, ...]:
    return tuple(operation._replace(amount=operation.amount // parts) for operation in operations)


# ---- What people believe instead: about the size of the output ----------------------------------


def _strides(layer: Layer) -> bool:
    return max(map(int, per_axis(getattr(layer, "stride", 1)))) > 1


def _pads(layer: Layer) -> bool:
    return isinstance(layer, Convolution) and any(int(both(padding)) for padding in layer.window.padding)


def _as_if(shape: Shape, *longer: int) -> Shape:
    """`shape` with so many cells more (or, below 0, fewer) along each axis but the channels."""
    sizes = (int(size) + more for size, more in zip(shape[1:], longer, strict=True))
    return type(shape)((shape[0], *(whole("a convolution", "the size of its input", size) for size in sizes)))


@belief(
    "input-size",
    Message(
        "You took the size of the input for that of the output: a kernel fits fewer times than there are "
        "cells, unless padding makes up for it."
    ),
    Convolution, SIZED | STORED,
)  # fmt: skip
class _InputSize(Convolution):
    def transform(self, shape: Shape) -> Shape:
        return type(shape)((self.out_channels, *shape[1:]))


@belief(
    "rounded-up",
    Message(
        "You rounded up: where the stride does not divide, the last cells are left out, as PyTorch does."
    ),
    Convolution, SIZED | STORED, lambda layer: _strides(layer) and getattr(layer, "size_rule", None) is FLOOR,
)  # fmt: skip
class _RoundedUp(Convolution):
    def transform(self, shape: Shape) -> Shape:
        return super().transform(_as_if(shape, *(int(stride) - 1 for stride in per_axis(self.stride))))


belief(
    "forgot-padding",
    Message("You left out the padding: it is added on both sides before the kernel slides."),
    Convolution, SIZED | STORED, _pads,
)(having(padding=0))  # fmt: skip


@belief(
    "padding-once",
    Message("You added the padding once: it is added on both sides, so twice."),
    Convolution, SIZED | STORED, _pads,
)  # fmt: skip
class _PaddingOnce(Convolution):
    def transform(self, shape: Shape) -> Shape:
        return super().transform(
            _as_if(shape, *(-(int(both(padding)) // 2) for padding in self.window.padding))
        )


belief(
    "forgot-stride",
    Message("You let the kernel move by one cell: it moves by the stride, so there are fewer positions."),
    Convolution, SIZED | STORED, _strides,
)(having(stride=1))  # fmt: skip


@belief(
    "forgot-first-position",
    Message("You counted the steps of the kernel: the position where it starts is one more."),
    Convolution, SIZED | STORED,
)  # fmt: skip
class _ForgotFirstPosition(Convolution):
    def transform(self, shape: Shape) -> Shape:
        return super().transform(_as_if(shape, *(-int(stride) for stride in per_axis(self.stride))))


def _dilates(layer: Layer) -> bool:
    return max(map(int, per_axis(getattr(layer, "dilation", 1)))) > 1


belief(
    "forgot-dilation",
    Message("You left out the dilation: the cells that the kernel reads stand apart, so it spans more."),
    Convolution, SIZED, _dilates,
)(having(dilation=1))  # fmt: skip


@belief(
    "dilation-times-kernel",
    Message(
        "You took d times k cells for the dilated kernel: between k cells are k - 1 gaps, so it spans "
        "d(k - 1) + 1."
    ),
    Convolution, WRITTEN | {Size.OUTPUT_SIZE}, _dilates,
)  # fmt: skip
class _DilationTimesKernel(Convolution):
    def transform(self, shape: Shape) -> Shape:
        return super().transform(_as_if(shape, *(1 - int(step) for step in per_axis(self.dilation))))


@belief(
    "kept-input-channels",
    Message("You kept the channels of the input: each filter gives one map, so the output has one for each."),
    Convolution, WRITTEN | {Size.OUTPUT_CHANNELS},
)  # fmt: skip
class _KeptInputChannels(Convolution):
    def transform(self, shape: Shape) -> Shape:
        return type(shape)((self.in_channels, *super().transform(shape)[1:]))


@belief(
    "maps-for-each-channel",
    Message("You let each filter give a map for each input channel: it adds up over them to one map."),
    Convolution, WRITTEN | {Size.OUTPUT_CHANNELS}, lambda layer: int(getattr(layer, "groups", 1)) == 1,
)  # fmt: skip
class _MapsForEachChannel(Convolution):
    def transform(self, shape: Shape) -> Shape:
        return type(shape)((self.in_channels * self.out_channels, *super().transform(shape)[1:]))


@belief(
    "one-map-written",
    Message("You counted one map: each filter writes a map of its own."),
    Convolution, WRITTEN | {Size.OUTPUT_CHANNELS},
)  # fmt: skip
class _OneMapWritten(Convolution):
    def transform(self, shape: Shape) -> Shape:
        return type(shape)((1, *super().transform(shape)[1:]))


def _moves_by_one(layer: Layer) -> bool:
    return isinstance(layer, Convolution) and not _strides(layer) and not _dilates(layer)


@belief(
    "kernel-off-both-sides",
    Message("You took the kernel off at both ends: k cells side by side lose k - 1 positions in all."),
    Convolution, WRITTEN | {Size.OUTPUT_SIZE}, _moves_by_one,
)  # fmt: skip
class _KernelOffBothSides(Convolution):
    def transform(self, shape: Shape) -> Shape:
        return super().transform(_as_if(shape, *(1 - int(k) for k in self.window.kernel)))


# ---- What people believe instead: about the padding names of TensorFlow --------------------------


def _same(layer: Layer) -> bool:
    return getattr(layer, "rule", None) is TF_SAME


def _valid(layer: Layer) -> bool:
    return getattr(layer, "rule", None) is TF_VALID


@belief(
    "same-divides-by-kernel",
    Message(
        "You divided by the size of the kernel: with SAME the output is the input over the stride, rounded "
        "up."
    ),
    Convolution, SIZED, _same,
)  # fmt: skip
class _SameDividesByKernel(Convolution):
    def transform(self, shape: Shape) -> Shape:
        sizes = (-(-int(n) // int(k)) for n, k in zip(shape[1:], self.window.kernel, strict=True))
        return type(shape)((self.out_channels, *sizes))


@belief(
    "same-rounded-down",
    Message("You rounded down: SAME adds as much padding as the last cells need, so it rounds up."),
    Convolution, SIZED, lambda layer: _same(layer) and _strides(layer),
)  # fmt: skip
class _SameRoundedDown(Convolution):
    def transform(self, shape: Shape) -> Shape:
        sizes = (n // s for n, s in zip(shape[1:], self.window.stride, strict=True))
        return type(shape)((self.out_channels, *sizes))


belief(
    "valid-for-same",
    Message("You added no padding: SAME adds as much as is needed to read every cell."),
    Convolution, SIZED, _same,
)(having(rule=TF_VALID))  # fmt: skip


belief(
    "same-for-valid",
    Message("You let padding be added: VALID adds none, and keeps only windows that lie inside."),
    Convolution, SIZED, _valid,
)(having(rule=TF_SAME))  # fmt: skip


# ---- What people believe instead: about a table of connections ----------------------------------


def _every(layer: ConnectedConv2d) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(range(int(layer.in_channels))) for _ in layer.connections)


@belief(
    "every-map-connected",
    Message("You let every map read all inputs: here each map reads those that the table names."),
    ConnectedConv2d, WEIGHED,
)  # fmt: skip
def _all_connected(layer: Layer) -> Layer:
    assert isinstance(layer, ConnectedConv2d)
    return replace(layer, connections=_every(layer))


@belief(
    "one-input-a-map",
    Message("You counted one kernel a map: a map has a kernel for each input that it reads."),
    ConnectedConv2d, WEIGHED,
)  # fmt: skip
def _one_connected(layer: Layer) -> Layer:
    assert isinstance(layer, ConnectedConv2d)
    return replace(layer, connections=tuple(inputs[:1] for inputs in layer.connections))


@belief(
    "connected-maps-without-bias",
    Message("You left out the biases: each map has one."),
    ConnectedConv2d, STORED,
)  # fmt: skip
class _ConnectedMapsWithoutBias(ConnectedConv2d):
    def parameters(self) -> tuple[Held, ...]:
        return super().parameters()[:1]


@belief(
    "bias-for-each-kernel",
    Message("You gave each kernel a bias: the kernels of a map add up, and share one."),
    ConnectedConv2d, STORED,
)  # fmt: skip
class _BiasForEachKernel(ConnectedConv2d):
    def parameters(self) -> tuple[Held, ...]:
        weight, *_ = super().parameters()
        return (weight, Held("bias", sum(map(len, self.connections))))
