"""Pooling: a window slides over each channel alone and keeps its maximum or its mean. No weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, field
from itertools import product as pairs
from typing import Any, ClassVar, Self, cast

from layercost.convention import Quantity
from layercost.expression import Number, Symbol, product, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import (
    Layer,
    LayerError,
    keep,
    keep_flags,
    keep_padding,
    keep_rule,
    keep_sizes,
    keep_whole,
    register,
)
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
from layercost.misconception import SIZED, STORED, WRITTEN, Size, belief, having
from layercost.setting import Setting
from layercost.shape import (
    CAFFE_POOLING,
    CEIL,
    FLOOR,
    TF_SAME,
    TF_VALID,
    Image,
    OutputSizeRule,
    Shape,
    ShapeError,
    Signal,
    Volume,
    adaptive_cells,
    each_side,
    extent,
    seen_shape,
    shown,
    values,
    window_cells,
)


@frozen
class Pooling(Layer):
    """What pooling layers share: a window of real cells; padding is never a cell."""

    kernel_size: Sizes
    stride: Sizes | None = None
    padding: Paddings = 0
    rule: OutputSizeRule | str | None = field(default=None, kw_only=True)

    axes: ClassVar[int]
    letters: ClassVar[Mapping[str, str]] = {
        "kernel_size": "k", "stride": "s", "padding": "p", "dilation": "d", "channels": "C",
    }  # fmt: skip

    def __post_init__(self) -> None:
        keep_sizes(self, self.axes, 1, "kernel_size")
        if self.stride is None:  # as in PyTorch: windows stand side by side
            keep(self, stride=self.kernel_size)
        keep_sizes(self, self.axes, 1, "stride")
        keep_padding(self, self.axes)
        keep_rule(self)
        if self.rule is not None and getattr(self, "ceil_mode", False):
            raise LayerError(
                Message("{layer}: give ceil_mode=True or a rule, not both", layer=type(self).__name__)
            )

    def _check_padding(self) -> None:
        """PyTorch allows padding of half of the kernel, whatever the dilation; others need a real cell."""
        kernel, _, padding, dilation = self.window
        for size, sides, step in zip(kernel, padding, dilation, strict=True):
            widest = max(map(int, each_side(sides)))
            if self.rule is None and widest > int(size) // 2:
                most, of = Message("half of the kernel"), int(size)
            elif widest >= (of := int(extent(size, step))):
                most = Message("one less than the kernel")
            else:
                continue
            raise LayerError(
                Message(
                    "{layer}: padding must be at most {most}, but got padding {sides} for a "
                    "kernel of {kernel}",
                    layer=type(self).__name__,
                    most=most,
                    sides=shown(sides),
                    kernel=of,
                )
            )

    @property
    def window(self) -> Window:
        """How the window slides; the dilation is 1 but for layers that have the field."""
        padding = padding_per_axis(self.padding)
        return Window(per_axis(self.kernel_size), per_axis(self.stride), padding, (1,) * self.axes)

    @property
    def size_rule(self) -> OutputSizeRule:
        """The rule that gives the output's size: PyTorch's unless another is given."""
        if isinstance(self.rule, OutputSizeRule):
            return self.rule
        return CEIL if getattr(self, "ceil_mode", False) else FLOOR

    def transform(self, shape: Shape) -> Shape:
        return slide(self.window, shape[0], shape, self.size_rule)

    def _windows(self, shape: Shape, output: Shape, batch: Number) -> Iterator[tuple[Number, Number]]:
        """Pairs of (real cells in a window, how many windows have so many) over the whole batch."""
        along = [
            window_cells(n, k, s, self.size_rule.sides(n, k, s, p, d)[0], d, windows)
            for n, k, s, p, d, windows in zip(shape[1:], *self.window, output[1:], strict=True)
        ]
        return _together(along, output[0], batch)

    def _sums(self, shape: Shape, output: Shape, batch: Number) -> tuple[Operation, ...]:
        return _over(Kind.SUM, self._windows(shape, output, batch))

    def _default(self, field: Field[Any]) -> object:
        return self.kernel_size if field.name == "stride" else super()._default(field)


def _together(
    along: list[tuple[tuple[Number, Number], ...]], channels: Number, batch: Number
) -> Iterator[tuple[Number, Number]]:
    """Of pairs (cells, windows with so many) along each axis: the same over the axes together."""
    for each in pairs(*along):
        cells, many = zip(*each, strict=True)
        yield product(cells), times(batch, product((channels, *many)))


def _over(kind: Kind, windows: Iterator[tuple[Number, Number]]) -> tuple[Operation, ...]:
    """One operation over the cells of each window."""
    return tuple([Operation(kind, Role.POOLING, amount, cells) for cells, amount in windows])


@frozen
class MaxPool(Pooling):
    """What max pooling over one, two and three axes shares."""

    dilation: Sizes = 1
    ceil_mode: bool = False

    uncounted = ("return_indices",)

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_sizes(self, self.axes, 1, "dilation")
        keep_flags(self, "ceil_mode")
        self._check_padding()

    @property
    def window(self) -> Window:
        """How the window slides."""
        return super().window._replace(dilation=per_axis(self.dilation))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _over(Kind.MAXIMUM, self._windows(shape, output, setting.batch))


@register
@frozen
class MaxPool1d(MaxPool):
    """``(C, L)`` to ``(C, L_out)``: the largest real cell of each window, as `MaxPool2d`; no parameters.

    Source: arguments as torch.nn.MaxPool1d.
    """

    axes = 1
    takes = Signal


@register
@frozen
class MaxPool2d(MaxPool):
    """``(C, H, W)`` to ``(C, H_out, W_out)``: the largest real cell of each window; no parameters.

    `stride` is the kernel's size unless given; `ceil_mode` rounds the output size up.
    Source: documents 001 to 004; arguments as torch.nn.MaxPool2d.
    """

    axes = 2
    takes = Image


@register
@frozen
class MaxPool3d(MaxPool):
    """``(C, D, H, W)`` to ``(C, D_out, H_out, W_out)``: the largest real cell of each window; no parameters.

    Source: arguments as torch.nn.MaxPool3d.
    """

    axes = 3
    takes = Volume


@frozen
class AvgPool(Pooling):
    """What average pooling over one, two and three axes shares."""

    ceil_mode: bool = False
    count_include_pad: bool = True

    uncounted = ("divisor_override",)

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_flags(self, "ceil_mode", "count_include_pad")
        self._check_padding()

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        divide = Operation(Kind.DIVIDE, Role.POOLING, times(setting.batch, values(output)))
        return (*self._sums(shape, output, setting.batch), divide)


@register
@frozen
class AvgPool1d(AvgPool):
    """``(C, L)`` to ``(C, L_out)``: the sum of each window's real cells, divided, as `AvgPool2d`.

    No parameters. Source: arguments as torch.nn.AvgPool1d.
    """

    axes = 1
    takes = Signal


@register
@frozen
class AvgPool2d(AvgPool):
    """``(C, H, W)`` to ``(C, H_out, W_out)``: the sum of each window's real cells, divided; no parameters.

    `stride` is the kernel's size unless given; `ceil_mode` rounds the output size up;
    `count_include_pad` changes what is divided by, never how often.
    Source: documents 002 and 003; arguments as torch.nn.AvgPool2d.
    """

    axes = 2
    takes = Image


@register
@frozen
class AvgPool3d(AvgPool):
    """``(C, D, H, W)`` to ``(C, D_out, H_out, W_out)``: the sum of each window's real cells, divided.

    No parameters. Source: arguments as torch.nn.AvgPool3d.
    """

    axes = 3
    takes = Volume


@frozen
class AdaptivePooling(Layer):
    """What adaptive pooling shares: windows spread over the input, as many as the output has cells."""

    output_size: Sizes | tuple[int | None, ...]

    axes: ClassVar[int]

    def __post_init__(self) -> None:
        keep_sizes(self, self.axes, 1, "output_size", or_none=self.axes > 1)

    def lettered(self) -> Self:
        twin = super().lettered()
        axes = cast("type[Shape]", self.takes).axes[1:]
        named = zip(axes, self._sizes, strict=True)
        sizes = tuple([None if size is None else Symbol(f"{axis}_out", int(size)) for axis, size in named])
        keep(twin, output_size=sizes)
        return twin

    @property
    def _sizes(self) -> tuple[Number | None, ...]:
        return cast("tuple[Number | None, ...]", self.output_size)

    def transform(self, shape: Shape) -> Shape:
        sizes = (n if size is None else size for n, size in zip(shape[1:], self._sizes, strict=True))
        return type(shape)((shape[0], *sizes))

    def _windows(self, shape: Shape, output: Shape, batch: Number) -> Iterator[tuple[Number, Number]]:
        """Pairs of (cells in a window, how many windows have so many) over the whole batch."""
        return _together(list(map(adaptive_cells, shape[1:], output[1:])), output[0], batch)


@frozen
class AdaptiveAvgPool(AdaptivePooling):
    """What adaptive average pooling over one, two and three axes shares."""

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        sums = _over(Kind.SUM, self._windows(shape, output, setting.batch))
        return (*sums, Operation(Kind.DIVIDE, Role.POOLING, times(setting.batch, values(output))))


@register
@frozen
class AdaptiveAvgPool1d(AdaptiveAvgPool):
    """``(C, L)`` to ``(C, output_size)``: windows spread over the signal, each summed and divided.

    No parameters. Windows as in `AdaptiveAvgPool2d`. Source: arguments as torch.nn.AdaptiveAvgPool1d.
    """

    axes = 1
    takes = Signal


@register
@frozen
class AdaptiveAvgPool2d(AdaptiveAvgPool):
    """``(C, H, W)`` to ``(C, *output_size)``: windows spread over the map, each summed and divided.

    No parameters. Window j along an axis covers the cells from ``floor(j H / H_out)`` up to
    ``ceil((j + 1) H / H_out)``. None in a pair keeps the size of that axis.
    Source: arguments as torch.nn.AdaptiveAvgPool2d.
    """

    axes = 2
    takes = Image


@register
@frozen
class AdaptiveAvgPool3d(AdaptiveAvgPool):
    """``(C, D, H, W)`` to ``(C, *output_size)``: windows spread over the volume, each summed and divided.

    No parameters. Windows as in `AdaptiveAvgPool2d`. Source: arguments as torch.nn.AdaptiveAvgPool3d.
    """

    axes = 3
    takes = Volume


@frozen
class AdaptiveMaxPool(AdaptivePooling):
    """What adaptive max pooling over one, two and three axes shares."""

    uncounted = ("return_indices",)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return _over(Kind.MAXIMUM, self._windows(shape, output, setting.batch))


@register
@frozen
class AdaptiveMaxPool1d(AdaptiveMaxPool):
    """``(C, L)`` to ``(C, output_size)``: the largest cell of windows that are spread over the signal.

    No parameters. Windows as in `AdaptiveAvgPool2d`. Source: arguments as torch.nn.AdaptiveMaxPool1d.
    """

    axes = 1
    takes = Signal


@register
@frozen
class AdaptiveMaxPool2d(AdaptiveMaxPool):
    """``(C, H, W)`` to ``(C, *output_size)``: the largest cell of windows that are spread over the map.

    No parameters. Windows as in `AdaptiveAvgPool2d`. Source: arguments as torch.nn.AdaptiveMaxPool2d.
    """

    axes = 2
    takes = Image


@register
@frozen
class AdaptiveMaxPool3d(AdaptiveMaxPool):
    """``(C, D, H, W)`` to ``(C, *output_size)``: the largest cell of windows spread over the volume.

    No parameters. Windows as in `AdaptiveAvgPool2d`. Source: arguments as torch.nn.AdaptiveMaxPool3d.
    """

    axes = 3
    takes = Volume


@register
@frozen
class Reduce(Layer):
    """Any shape to the shape without the axes `dims`: the sum, the mean or the largest over them together.

    `operation` is "sum", "mean" (a sum and a division) or "max"; `dims` count from the last axis, as -1 or
    (-2, -1), which is global pooling of (C, H, W). With `keepdim` those axes stay, of size 1.
    Source: torch.sum, torch.mean and torch.amax, whose axes may also be the batch: here they may not.
    """

    operation: str
    dims: Sizes
    keepdim: bool = False

    def __post_init__(self) -> None:
        if self.operation not in ("sum", "mean", "max"):
            raise LayerError(
                Message(
                    "Reduce: operation must be 'sum', 'mean' or 'max', but got {operation}",
                    operation=shown(self.operation),
                )
            )
        keep_flags(self, "keepdim")
        dims = self.dims if isinstance(self.dims, (tuple, list)) else (self.dims,)
        if not dims or not all(type(dim) is int and dim < 0 for dim in dims) or len(set(dims)) < len(dims):
            raise LayerError(
                Message(
                    "Reduce: dims must count different axes from the last, as -1 or (-2, -1) (shapes "
                    "leave the batch out), but got {dims}",
                    dims=shown(self.dims),
                )
            )
        keep(self, dims=tuple(sorted(dims)))

    def check(self, shape: Shape) -> None:
        if -self._dims[0] > len(shape):
            raise ShapeError(
                Message(
                    "{layer!r} needs {axes} axes but got shape {shape}",
                    layer=self,
                    axes=-self._dims[0],
                    shape=shape,
                )
            )

    @property
    def _dims(self) -> tuple[int, ...]:
        return cast("tuple[int, ...]", self.dims)

    def _parted(self, shape: Shape) -> tuple[list[Number], list[Number]]:
        """The sizes that are reduced, and those that are left."""
        places = {dim % len(shape) for dim in self._dims}
        inside = [size for place, size in enumerate(shape) if place in places]
        return inside, [size for place, size in enumerate(shape) if place not in places]

    def transform(self, shape: Shape) -> Shape:
        if self.keepdim:
            sizes = list(shape)
            for dim in self._dims:
                sizes[dim] = 1
            return type(shape)(sizes)
        _, left = self._parted(shape)
        return type(seen_shape(tuple(map(int, left)), "Reduce"))(left)

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        inside, left = self._parted(shape)
        rows = times(setting.batch, product(tuple(left)))
        kind = Kind.MAXIMUM if self.operation == "max" else Kind.SUM
        over = Operation(kind, Role.POOLING, rows, product(tuple(inside)))
        return (over, Operation(Kind.DIVIDE, Role.POOLING, rows)) if self.operation == "mean" else (over,)


@register
@frozen
class Subsampling2d(Pooling):
    """``(channels, H, W)`` to ``(channels, H_out, W_out)``: each window's sum, scaled, plus a bias.

    One trained coefficient and one trained bias a channel.
    Source: LeCun et al. 1998, LeNet-5's layers S2 (12 parameters) and S4 (32).
    """

    channels: int = field(kw_only=True)

    axes = 2
    takes = Image

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_whole(self, 1, "channels")
        self._check_padding()

    def check(self, shape: Shape) -> None:
        check_channels(self, self.channels, shape)

    def parameters(self) -> tuple[Held, ...]:
        return (Held("coefficient", self.channels), Held("bias", self.channels))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        each = times(setting.batch, values(output))
        multiply, add = (Operation(kind, Role.POOLING, each) for kind in (Kind.MULTIPLY, Kind.ADD))
        return (*self._sums(shape, output, setting.batch), multiply, add)


# ---- What people believe instead ---------------------------------------------------------------


COMPARED = frozenset({Quantity.COMPARISONS, Quantity.ADDITIONS})  # what is done with the cells of a window
WORKED = COMPARED | {Quantity.FLOPS}
GIVEN = WRITTEN | {Size.OUTPUT_SIZE}  # what depends on the size of the output alone
_OVER_CELLS = (Kind.MAXIMUM, Kind.SUM)


def _has_square_windows(layer: Layer) -> bool:
    return isinstance(layer, Pooling) and len(set(per_axis(layer.kernel_size))) == 1 and layer.axes == 2


def _pools(layer: Layer) -> bool:
    return isinstance(layer, Pooling | AdaptivePooling) and not isinstance(layer, Subsampling2d)


def _strides(layer: Layer) -> bool:
    return isinstance(layer, Pooling) and max(map(int, per_axis(layer.stride))) > 1


def _is_padded(layer: Layer) -> bool:
    return isinstance(layer, Pooling) and layer.padding != (0,) * layer.axes


@belief(
    "pooling-keeps-size",
    Message(
        "You let the map keep its size through the pooling: one cell is left for each place where the "
        "window stops."
    ),
    Pooling, SIZED | STORED,
)  # fmt: skip
class _PoolingKeepsSize(Pooling):
    def transform(self, shape: Shape) -> Shape:
        return shape


@belief(
    "first-cell-compared",
    Message(
        "You took as many steps as a window has cells: the first cell has nothing to be compared with or "
        "added to, so n cells take n - 1."
    ),
    Layer, COMPARED, _pools,
)  # fmt: skip
class _FirstCellCompared(Layer):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        every = super().operations(shape, output, setting)
        return tuple([_longer(one) if one.kind in _OVER_CELLS else one for one in every])


def _longer(operation: Operation) -> Operation:
    return operation._replace(length=operation.length + 1)


@belief(
    "pooled-one-channel",
    Message("You counted one channel: each channel is pooled alone, and all take the same work."),
    Layer, WORKED, _pools,
)  # fmt: skip
class _PooledOneChannel(Layer):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        one, alone = (type(sizes)((1, *sizes[1:])) for sizes in (shape, output))
        return super().operations(one, alone, setting)


@belief(
    "window-not-squared",
    Message("You took a window of k cells: it is as high as it is wide, so it has k times k."),
    Pooling, WORKED, _has_square_windows,
)  # fmt: skip
class _WindowNotSquared(Pooling):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        every = super().operations(shape, output, setting)
        side = per_axis(self.kernel_size)[0]
        return tuple([one._replace(length=side) if one.kind in _OVER_CELLS else one for one in every])


belief(
    "pooling-forgot-stride",
    Message("You let the window move by one cell: it moves by its stride, so there are fewer windows."),
    Pooling, WORKED | GIVEN, _strides,
)(having(stride=1))  # fmt: skip


@belief(
    "padding-compared",
    Message(
        "You counted the padding among the cells: a window at the border has fewer cells, and only those "
        "are compared or added."
    ),
    Pooling, WORKED, _is_padded,
)  # fmt: skip
class _PaddingCompared(Pooling):
    def _windows(self, shape: Shape, output: Shape, batch: Number) -> Iterator[tuple[Number, Number]]:
        yield product(per_axis(self.kernel_size)), times(batch, values(output))


@belief(
    "forgot-division",
    Message("You left out the division: the mean of n cells takes n - 1 additions and one division."),
    AvgPool, {Quantity.FLOPS},
)  # fmt: skip
class _ForgotDivision(AvgPool):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return self._sums(shape, output, setting.batch)


# ---- What people believe instead: about the size of the output ----------------------------------


def _by(*rules: OutputSizeRule) -> Callable[[Layer], bool]:
    return lambda layer: isinstance(layer, Pooling) and layer.size_rule in rules


def _stepping(layer: Pooling, shape: Shape, rule: OutputSizeRule) -> Shape:
    return slide(layer.window, shape[0], shape, rule)


@belief(
    "pooling-rounded-up",
    Message("You rounded up: without ceil_mode a last window that would hang over the end is left out."),
    Pooling, GIVEN, _by(FLOOR),
)  # fmt: skip
class _PoolingRoundedUp(Pooling):
    def transform(self, shape: Shape) -> Shape:
        return _stepping(self, shape, CEIL)


@belief(
    "pooling-rounded-down",
    Message("You rounded down: this pooling keeps a last window that hangs over the end."),
    Pooling, GIVEN, _by(CEIL, CAFFE_POOLING),
)  # fmt: skip
class _PoolingRoundedDown(Pooling):
    def transform(self, shape: Shape) -> Shape:
        return _stepping(self, shape, FLOOR)


@belief(
    "windows-side-by-side",
    Message(
        "You divided by the window: how many windows there are depends on the stride, by which they move."
    ),
    Pooling, GIVEN, lambda layer: isinstance(layer, Pooling) and layer.stride != layer.kernel_size,
)  # fmt: skip
class _WindowsSideBySide(Pooling):
    def transform(self, shape: Shape) -> Shape:
        sizes = (int(n) // int(k) for n, k in zip(shape[1:], self.window.kernel, strict=True))
        return type(shape)((shape[0], *sizes))


@belief(
    "pooling-forgot-first-window",
    Message("You counted the steps of the window: the place where it starts is one more."),
    Pooling, GIVEN, _by(FLOOR),
)  # fmt: skip
class _PoolingForgotFirstWindow(Pooling):
    def transform(self, shape: Shape) -> Shape:
        every = super().transform(shape)
        return type(shape)((every[0], *(int(size) - 1 for size in every[1:])))


belief(
    "pooling-forgot-padding",
    Message("You left out the padding: it is added on both sides before the window slides."),
    Pooling, GIVEN, _is_padded,
)(having(padding=0))  # fmt: skip


@belief(
    "pooling-padding-once",
    Message("You added the padding once: it is added on both sides, so twice."),
    Pooling, GIVEN, _is_padded,
)  # fmt: skip
class _PoolingPaddingOnce(Pooling):
    @property
    def window(self) -> Window:
        """How the window slides, with padding at one end alone."""
        once = tuple((0, each_side(padding)[1]) for padding in super().window.padding)
        return super().window._replace(padding=once)


belief(
    "pooling-valid-for-same",
    Message("You added no padding: SAME adds as much as is needed to read every cell."),
    Pooling, GIVEN, _by(TF_SAME),
)(having(rule=TF_VALID))  # fmt: skip


@belief(
    "pooling-same-rounded-down",
    Message("You rounded down: SAME rounds the size over the stride up, so that every cell is read."),
    Pooling, GIVEN, _by(TF_SAME),
)  # fmt: skip
class _PoolingSameRoundedDown(Pooling):
    def transform(self, shape: Shape) -> Shape:
        return type(shape)((shape[0], *(n // s for n, s in zip(shape[1:], self.window.stride, strict=True))))


belief(
    "pooling-same-for-valid",
    Message("You let padding be added: VALID adds none, and keeps only windows that lie inside."),
    Pooling, GIVEN, _by(TF_VALID),
)(having(rule=TF_SAME))  # fmt: skip


@belief(
    "pooled-one-map-written",
    Message("You counted one map: pooling treats each channel alone, and gives as many as it takes."),
    Layer, WRITTEN, _pools,
)  # fmt: skip
class _PooledOneMapWritten(Layer):
    def transform(self, shape: Shape) -> Shape:
        return type(shape)((1, *super().transform(shape)[1:]))


@belief(
    "one-side-pooled",
    Message("You shortened one side: the window moves down as well as across, so both sides become shorter."),
    Pooling, WRITTEN, _has_square_windows,
)  # fmt: skip
class _OneSidePooled(Pooling):
    def transform(self, shape: Shape) -> Shape:
        return type(shape)((*shape[:-1], super().transform(shape)[-1]))


@belief(
    "adaptive-size-as-window",
    Message("You took the given size for the window: it is the size of the output, whatever arrives."),
    AdaptivePooling, GIVEN,
)  # fmt: skip
class _AdaptiveSizeAsWindow(AdaptivePooling):
    def transform(self, shape: Shape) -> Shape:
        steps = (1 if size is None else int(size) for size in self._sizes)
        return type(shape)(
            (shape[0], *(max(int(n) // step, 1) for n, step in zip(shape[1:], steps, strict=True)))
        )


@belief(
    "adaptive-keeps-size",
    Message("You let the map keep its size: adaptive pooling gives the size that it names."),
    AdaptivePooling, GIVEN,
)  # fmt: skip
class _AdaptiveKeepsSize(AdaptivePooling):
    def transform(self, shape: Shape) -> Shape:
        return shape


@belief(
    "pooling-has-weights",
    Message("You gave the pooling weights: it compares or averages what is there, and learns nothing."),
    Pooling, STORED, _pools,
)  # fmt: skip
class _PoolingHasWeights(Pooling):
    def parameters(self) -> tuple[Held, ...]:
        return (Held("weight", self.window.area),)


@belief(
    "two-for-each-cell",
    Message("You counted two operations for each cell: a mean adds the cells and divides once."),
    AvgPool, {Quantity.FLOPS},
)  # fmt: skip
class _TwoForEachCell(AvgPool):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        cells = times(setting.batch, values(output)) * self.window.area
        return (Operation(Kind.ADD, Role.POOLING, 2 * cells),)


@belief(
    "subsampling-has-none",
    Message("You gave the subsampling no parameters: here each map has a trained coefficient and a bias."),
    Subsampling2d, STORED,
)  # fmt: skip
class _SubsamplingHasNone(Subsampling2d):
    def parameters(self) -> tuple[Held, ...]:
        return ()


@belief(
    "subsampling-window-of-weights",
    Message("You gave each cell of the window a weight: the four are added up and share one coefficient."),
    Subsampling2d, STORED,
)  # fmt: skip
class _SubsamplingWindowOfWeights(Subsampling2d):
    def parameters(self) -> tuple[Held, ...]:
        return (Held("coefficient", self.channels * self.window.area), Held("bias", self.channels))


@belief(
    "subsampling-shared",
    Message("You counted one coefficient and one bias: each map has its own."),
    Subsampling2d, STORED,
)  # fmt: skip
class _SubsamplingShared(Subsampling2d):
    def parameters(self) -> tuple[Held, ...]:
        return (Held("coefficient", 1), Held("bias", 1))
