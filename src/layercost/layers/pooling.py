"""Pooling: a window slides over each channel alone and keeps its maximum or its mean. No weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import Field, field
from itertools import product as pairs
from typing import Any, ClassVar, Self, cast

from layercost.expression import Number, Symbol, times
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
from layercost.misconception import SIZED, STORED, belief
from layercost.setting import Setting
from layercost.shape import (
    CEIL,
    FLOOR,
    Image,
    OutputSizeRule,
    Shape,
    adaptive_cells,
    each_side,
    extent,
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

    takes = Image
    letters: ClassVar[Mapping[str, str]] = {
        "kernel_size": "k", "stride": "s", "padding": "p", "dilation": "d", "channels": "C",
    }  # fmt: skip

    def __post_init__(self) -> None:
        keep_sizes(self, 2, 1, "kernel_size")
        if self.stride is None:  # as in PyTorch: windows stand side by side
            keep(self, stride=self.kernel_size)
        keep_sizes(self, 2, 1, "stride")
        keep_padding(self, 2)
        keep_rule(self)
        if self.rule is not None and getattr(self, "ceil_mode", False):
            raise LayerError(f"{type(self).__name__}: give ceil_mode=True or a rule, not both")

    def _check_padding(self) -> None:
        """Each window must hold a real cell; PyTorch allows less than that, padding of half a window."""
        kernel, _, padding, dilation = self.window
        torch = self.rule is None
        for size, sides, step in zip(kernel, padding, dilation, strict=True):
            span = int(extent(size, step))
            if max(map(int, each_side(sides))) > (span // 2 if torch else span - 1):
                most = "half of the kernel" if torch else "one less than the kernel"
                raise LayerError(
                    f"{type(self).__name__}: padding must be at most {most}, "
                    f"but got padding {shown(sides)} for a kernel of {span}"
                )

    @property
    def window(self) -> Window:
        """How the window slides; the dilation is 1 but for layers that have the field."""
        padding = padding_per_axis(self.padding)
        return Window(per_axis(self.kernel_size), per_axis(self.stride), padding, (1, 1))

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
        rows, columns = (
            window_cells(n, k, s, self.size_rule.sides(n, k, s, p, d)[0], d, windows)
            for n, k, s, p, d, windows in zip(shape[1:], *self.window, output[1:], strict=True)
        )
        for (height, down), (width, across) in pairs(rows, columns):
            yield height * width, times(batch, output[0] * down * across)

    def _sums(self, shape: Shape, output: Shape, batch: Number) -> tuple[Operation, ...]:
        windows = self._windows(shape, output, batch)
        return tuple(Operation(Kind.SUM, Role.POOLING, amount, cells) for cells, amount in windows)

    def _default(self, field: Field[Any]) -> object:
        return self.kernel_size if field.name == "stride" else super()._default(field)


@register
@frozen
class MaxPool2d(Pooling):
    """``(C, H, W)`` to ``(C, H_out, W_out)``: the largest real cell of each window; no parameters.

    `stride` is the kernel's size unless given; `ceil_mode` rounds the output size up.
    Source: documents 001 to 004; arguments as torch.nn.MaxPool2d.
    """

    dilation: Sizes = 1
    ceil_mode: bool = False

    uncounted = ("return_indices",)

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_sizes(self, 2, 1, "dilation")
        keep_flags(self, "ceil_mode")
        self._check_padding()

    @property
    def window(self) -> Window:
        """How the window slides."""
        return super().window._replace(dilation=per_axis(self.dilation))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        windows = self._windows(shape, output, setting.batch)
        return tuple(Operation(Kind.MAXIMUM, Role.POOLING, amount, cells) for cells, amount in windows)


@register
@frozen
class AvgPool2d(Pooling):
    """``(C, H, W)`` to ``(C, H_out, W_out)``: the sum of each window's real cells, divided; no parameters.

    `stride` is the kernel's size unless given; `ceil_mode` rounds the output size up;
    `count_include_pad` changes what is divided by, never how often.
    Source: documents 002 and 003; arguments as torch.nn.AvgPool2d.
    """

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
class AdaptiveAvgPool2d(Layer):
    """``(C, H, W)`` to ``(C, *output_size)``: windows spread over the map, each summed and divided.

    No parameters. Window j along an axis covers the cells from ``floor(j H / H_out)`` up to
    ``ceil((j + 1) H / H_out)``. None keeps the size of an axis.
    Source: arguments as torch.nn.AdaptiveAvgPool2d.
    """

    output_size: Sizes | tuple[int | None, int | None] | None

    takes = Image

    def __post_init__(self) -> None:
        keep_sizes(self, 2, 1, "output_size", or_none=True)

    def lettered(self) -> Self:
        twin = super().lettered()
        named = zip(("H_out", "W_out"), self._sizes, strict=True)
        keep(
            twin, output_size=tuple(None if size is None else Symbol(name, int(size)) for name, size in named)
        )
        return twin

    @property
    def _sizes(self) -> tuple[Number | None, ...]:
        return cast("tuple[Number | None, ...]", self.output_size)

    def transform(self, shape: Shape) -> Shape:
        sizes = (n if size is None else size for n, size in zip(shape[1:], self._sizes, strict=True))
        return Image((shape[0], *sizes))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        rows, columns = map(adaptive_cells, shape[1:], output[1:])
        sums = (
            Operation(Kind.SUM, Role.POOLING, times(setting.batch, output[0] * down * across), height * width)
            for (height, down), (width, across) in pairs(rows, columns)
        )
        return (*sums, Operation(Kind.DIVIDE, Role.POOLING, times(setting.batch, values(output))))


@register
@frozen
class Subsampling2d(Pooling):
    """``(channels, H, W)`` to ``(channels, H_out, W_out)``: each window's sum, scaled, plus a bias.

    One trained coefficient and one trained bias a channel.
    Source: LeCun et al. 1998, LeNet-5's layers S2 (12 parameters) and S4 (32).
    """

    channels: int = field(kw_only=True)

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


@belief(
    "pooling-keeps-size",
    "You let the map keep its size through the pooling: "
    "a window that moves by its own size leaves fewer cells.",
    Pooling, SIZED | STORED,
)  # fmt: skip
class _PoolingKeepsSize(Pooling):
    def transform(self, shape: Shape) -> Shape:
        return shape
