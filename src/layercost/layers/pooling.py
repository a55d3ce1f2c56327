"""Pooling: a window slides over each channel alone and keeps its maximum or its mean. No weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product as pairs

from layercost.expression import Number, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.layer import Layer, LayerError, keep, keep_flags, keep_sizes, keep_whole, register
from layercost.layers.convolution import Sizes, slide
from layercost.shape import CEIL, FLOOR, Image, Shape, ShapeError, values, window_cells


@dataclass(frozen=True, repr=False)
class _Pooling(Layer):
    """What pooling layers share: a window of real cells; padding is never a cell."""

    kernel_size: Sizes
    stride: Sizes | None = None
    padding: Sizes = 0

    takes = Image
    letters = {"kernel_size": "k", "stride": "s", "padding": "p", "dilation": "d"}

    def __post_init__(self) -> None:
        keep_sizes(self, 2, 1, "kernel_size")
        if self.stride is None:  # as in PyTorch: windows stand side by side
            keep(self, stride=self.kernel_size)
        keep_sizes(self, 2, 1, "stride")
        keep_sizes(self, 2, 0, "padding")
        keep_flags(self, "ceil_mode")
        for kernel, padding in zip(self.kernel_size, self.padding, strict=True):  # type: ignore[arg-type]
            if 2 * padding > kernel:
                raise LayerError(
                    f"{type(self).__name__}: padding must be at most half of the kernel, "
                    f"but got padding {padding} for a kernel of {kernel}"
                )

    # MaxPool2d has a field of this name; the others do not dilate
    dilation = (1, 1)
    ceil_mode = False

    def _default(self, field: object) -> object:
        return self.kernel_size if getattr(field, "name", "") == "stride" else super()._default(field)  # type: ignore[arg-type]

    def transform(self, shape: Shape) -> Shape:
        return slide(self, shape[0], shape, CEIL if self.ceil_mode else FLOOR)

    def _windows(self, shape: Shape, output: Shape, batch: Number) -> Iterator[tuple[Number, Number]]:
        """Pairs of (real cells in a window, how many windows have so many) over the whole batch."""
        names = ("kernel_size", "stride", "padding", "dilation")
        settings = zip(*(getattr(self, name) for name in names), strict=True)
        rows, columns = (
            window_cells(n, kernel, stride, padding, dilation, windows)
            for n, (kernel, stride, padding, dilation), windows in zip(shape[1:], settings, output[1:], strict=True)
        )
        for (height, down), (width, across) in pairs(rows, columns):
            yield height * width, times(batch, output[0] * down * across)


@register
@dataclass(frozen=True, repr=False)
class MaxPool2d(_Pooling):
    """``(C, H, W)`` to ``(C, H_out, W_out)``: the largest real cell of each window; no parameters.

    `stride` is the kernel's size unless given; `ceil_mode` rounds the output size up.
    Source: documents 001 to 004; arguments as torch.nn.MaxPool2d.
    """

    dilation: Sizes = 1
    ceil_mode: bool = False

    def __post_init__(self) -> None:
        keep_sizes(self, 2, 1, "dilation")
        super().__post_init__()

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        return tuple(
            Operation(Kind.MAXIMUM, Role.POOLING, count, cells)
            for cells, count in self._windows(shape, output, batch)
        )


@register
@dataclass(frozen=True, repr=False)
class AvgPool2d(_Pooling):
    """``(C, H, W)`` to ``(C, H_out, W_out)``: the sum of each window's real cells and one division; no parameters.

    `stride` is the kernel's size unless given; `ceil_mode` rounds the output size up;
    `count_include_pad` changes what is divided by, never how often.
    Source: documents 002 and 003; arguments as torch.nn.AvgPool2d.
    """

    ceil_mode: bool = False
    count_include_pad: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_flags(self, "count_include_pad")

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        sums = (
            Operation(Kind.SUM, Role.POOLING, count, cells) for cells, count in self._windows(shape, output, batch)
        )
        return (*sums, Operation(Kind.DIVIDE, Role.POOLING, times(batch, values(output))))


@register
@dataclass(frozen=True, repr=False)
class Subsampling2d(_Pooling):
    """``(channels, H, W)`` to ``(channels, H_out, W_out)``: each window's sum, times a coefficient, plus a bias.

    One trained coefficient and one trained bias a channel.
    Source: LeCun et al. 1998, LeNet-5's layers S2 (12 parameters) and S4 (32).
    """

    channels: int = field(kw_only=True)

    letters = {"kernel_size": "k", "stride": "s", "padding": "p", "channels": "C"}

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_whole(self, 1, "channels")

    def check(self, shape: Shape) -> None:
        if shape[0] != self.channels:
            raise ShapeError(f"Subsampling2d expects {self.channels} channels but got shape {shape}")

    def parameters(self) -> tuple[Held, ...]:
        return (Held("coefficient", self.channels), Held("bias", self.channels))

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        each = times(batch, values(output))
        sums = (
            Operation(Kind.SUM, Role.POOLING, count, cells) for cells, count in self._windows(shape, output, batch)
        )
        multiply, add = (Operation(kind, Role.POOLING, each) for kind in (Kind.MULTIPLY, Kind.ADD))
        return (*sums, multiply, add)
