"""Layers that hold no weights and compute nothing: they pass values on, in another shape or in the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from layercost.expression import Number, ceil_div, define
from layercost.frozen import frozen
from layercost.layer import Layer, LayerError, keep_whole, register
from layercost.layers.sliding import check_channels
from layercost.misconception import PRICED, STORED, belief
from layercost.setting import Setting
from layercost.shape import Features, Image, Shape, values


@register
@frozen
class Flatten(Layer):
    """Any shape to ``(F,)``: the same values in one row. A view: it writes nothing. As torch.nn.Flatten."""

    def transform(self, shape: Shape) -> Shape:
        return Features((values(shape),))

    def written(self, output: Shape, setting: Setting) -> Number:
        return 0


@register
@frozen
class Identity(Layer):
    """Any shape to the same shape, and the same values: it does and writes nothing. As torch.nn.Identity."""

    def written(self, output: Shape, setting: Setting) -> Number:
        return 0


@register
@frozen
class ZeroPaddedShortcut(Layer):
    """``(in_channels, H, W)`` to ``(out_channels, ceil(H / stride), ceil(W / stride))``, without weights.

    A shortcut that takes every `stride`-th cell and appends channels of zeros; it computes nothing.
    Source: He et al. 2015 (Deep residual learning), section 3.3, option A.
    """

    in_channels: int
    out_channels: int
    stride: int = 1

    takes = Image
    letters: ClassVar[Mapping[str, str]] = {"in_channels": "C_in", "out_channels": "C_out", "stride": "s"}
    axis_letters: ClassVar[Mapping[str, str]] = {"C": "C_in"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_channels", "out_channels", "stride")
        if self.out_channels < self.in_channels:
            raise LayerError(
                f"ZeroPaddedShortcut: out_channels must be at least in_channels ({self.in_channels}), "
                f"but got {self.out_channels}"
            )

    def check(self, shape: Shape) -> None:
        check_channels(self, self.in_channels, shape)

    def transform(self, shape: Shape) -> Shape:
        sizes = zip(shape.axes[1:], shape[1:], strict=True)
        kept = (define(f"{axis}_out", ceil_div(size, self.stride)) for axis, size in sizes)
        return Image((self.out_channels, *kept))


# ---- What people believe instead ---------------------------------------------------------------


@belief(
    "flattened-one-map",
    "You flattened a single map: the values of all channels stand in the row.",
    Flatten, STORED | PRICED,
)  # fmt: skip
class _FlattenedOneMap(Flatten):
    def transform(self, shape: Shape) -> Shape:
        return Features((values(shape) // shape[0],)) if len(shape) > 2 else super().transform(shape)


@belief(
    "flattened-one-side",
    "You flattened one side of the map: height and width are both multiplied with the channels.",
    Flatten, STORED | PRICED,
)  # fmt: skip
class _FlattenedOneSide(Flatten):
    def transform(self, shape: Shape) -> Shape:
        return Features((values(shape) // shape[-1],)) if len(shape) > 2 else super().transform(shape)
