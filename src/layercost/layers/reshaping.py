"""Layers that hold no weights and pass values on: as they are, in another shape, or on a finer grid."""

from __future__ import annotations

from collections.abc import Mapping
from math import floor, inf
from typing import ClassVar, Self

from layercost.expression import Number, Symbol, ceil_div, define, exact_div, times
from layercost.facts import Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, LayerError, keep, keep_flags, keep_sizes, keep_whole, register
from layercost.layers.sliding import Sizes, check_channels
from layercost.message import Message, listing
from layercost.misconception import PRICED, STORED, WRITTEN, belief
from layercost.setting import Setting
from layercost.shape import LARGEST, Features, Image, Shape, ShapeError, Signal, Volume, shown, values


@register
@frozen
class Flatten(Layer):
    """Any shape to ``(F,)``: the same values in one row. A view: it writes nothing. As torch.nn.Flatten."""

    keeps_places = True

    def transform(self, shape: Shape) -> Shape:
        return Features((values(shape),))

    def written(self, output: Shape, setting: Setting) -> Number:
        return 0


@register
@frozen
class Identity(Layer):
    """Any shape to the same shape, and the same values: it does and writes nothing. As torch.nn.Identity."""

    keeps_places = True

    def written(self, output: Shape, setting: Setting) -> Number:
        return 0


@register
@frozen
class ZeroPad2d(Layer):
    """``(C, H, W)`` to ``(C, top + H + bottom, left + W + right)``: zeros around each map.

    `padding` is one number for all sides, or (left, right, top, bottom). It copies and computes nothing.
    PyTorch's negative padding, which crops, is refused. Source: arguments as torch.nn.ZeroPad2d.
    """

    padding: Sizes

    takes = Image

    def __post_init__(self) -> None:
        keep_sizes(self, 4, 0, "padding", each=Message("side"))

    @property
    def sides(self) -> tuple[Number, Number, Number, Number]:
        """The zeros to the left, to the right, above and below."""
        return self.padding  # type: ignore[return-value]

    def lettered(self) -> Self:
        twin, sides = super().lettered(), self.sides
        names = ("p",) * 4 if len(set(sides)) == 1 else ("p_left", "p_right", "p_top", "p_bottom")
        keep(twin, padding=tuple(Symbol(name, int(size)) for name, size in zip(names, sides, strict=True)))
        return twin

    def transform(self, shape: Shape) -> Shape:
        left, right, top, bottom = self.sides
        return Image((shape[0], shape[1] + top + bottom, shape[2] + left + right))


@register
@frozen
class PixelShuffle(Layer):
    """``(C r^2, H, W)`` to ``(C, H r, W r)``: r by r channels become the cells of one.

    `upscale_factor` is r. It copies and computes nothing. Source: Shi et al. 2016, equation 4; arguments as
    torch.nn.PixelShuffle.
    """

    upscale_factor: int

    takes = Image
    letters: ClassVar[Mapping[str, str]] = {"upscale_factor": "r"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "upscale_factor")

    def check(self, shape: Shape) -> None:
        if int(shape[0]) % self.upscale_factor**2:
            raise ShapeError(
                Message(
                    "{layer!r} needs channels in groups of {group}, but got {channels} in shape {shape}",
                    layer=self,
                    group=self.upscale_factor**2,
                    channels=shape[0],
                    shape=shape,
                )
            )

    def transform(self, shape: Shape) -> Shape:
        r = self.upscale_factor
        return Image((exact_div(shape[0], r * r), shape[1] * r, shape[2] * r))


@register
@frozen
class PixelUnshuffle(Layer):
    """``(C, H r, W r)`` to ``(C r^2, H, W)``: the inverse of `PixelShuffle`, r is `downscale_factor`.

    It copies and computes nothing. Source: Shi et al. 2016, equation 4; arguments as torch.nn.PixelUnshuffle.
    """

    downscale_factor: int

    takes = Image
    letters: ClassVar[Mapping[str, str]] = {"downscale_factor": "r"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "downscale_factor")

    def check(self, shape: Shape) -> None:
        if any(int(size) % self.downscale_factor for size in shape[1:]):
            raise ShapeError(
                Message(
                    "{layer!r} needs sides that it divides, but got shape {shape}", layer=self, shape=shape
                )
            )

    def transform(self, shape: Shape) -> Shape:
        r = self.downscale_factor
        return Image((shape[0] * r * r, exact_div(shape[1], r), exact_div(shape[2], r)))


_MODES = {
    "nearest": None,
    "nearest-exact": None,
    "linear": 1,
    "bilinear": 2,
    "trilinear": 3,
}  # axes it is for


@register
@frozen
class Upsample(Layer):
    """``(C, L)``, ``(C, H, W)`` or ``(C, D, H, W)`` to the same axes, of another `size` or scaled.

    "nearest" and "nearest-exact" copy cells and compute nothing. "linear", "bilinear" and "trilinear" go
    along one axis after the other: a value between two neighbours is the sum of both, each times its weight.
    That is 2 multiplications and an addition along one axis, 6 and 3 along two, 14 and 7 along three, for
    each value of the output, those included that fall on a cell. The weights depend on places and not on
    values: they are not counted. With `scale_factor` the size is ``floor(H * scale_factor)``.
    Source: torch.nn.Upsample and its kernels (UpSampleKernel.cpp); "bicubic" is not known here.
    """

    size: Sizes | None = None
    scale_factor: float | tuple[float, ...] | None = None
    mode: str = "nearest"
    align_corners: bool | None = None

    takes = (Signal, Image, Volume)
    uncounted = ("recompute_scale_factor",)

    def __post_init__(self) -> None:
        if not isinstance(self.mode, str) or self.mode not in _MODES:
            raise LayerError(
                Message(
                    "Upsample: mode must be one of {names}, but got {mode}",
                    names=listing(map(repr, _MODES)),
                    mode=shown(self.mode),
                )
            )
        if (self.size is None) == (self.scale_factor is None):
            raise LayerError(Message("Upsample: give a size or a scale_factor, and not both"))
        if isinstance(self.size, (tuple, list)):
            keep_sizes(self, len(self.size), 1, "size")
        elif self.size is not None:
            keep_whole(self, 1, "size")
        self._keep_factors()
        if self.align_corners is not None:
            keep_flags(self, "align_corners")
            if _MODES[self.mode] is None:
                raise LayerError(
                    Message(
                        "Upsample: align_corners is for linear modes, but got mode={mode!r}", mode=self.mode
                    )
                )

    def _keep_factors(self) -> None:
        factors = self.scale_factor
        if isinstance(factors, (tuple, list)):
            keep(self, scale_factor=tuple(factors))
        for one in () if factors is None else factors if isinstance(factors, (tuple, list)) else (factors,):
            if isinstance(one, bool) or not isinstance(one, (int, float)) or not 0 < one < inf:
                raise LayerError(
                    Message(
                        "Upsample: scale_factor must be a number above 0, or one for each axis, but got "
                        "{value}",
                        value=shown(one),
                    )
                )

    @staticmethod
    def _written(value: object) -> str:
        return repr(value)  # one size for all axes fits any input, one for each axis just inputs of so many

    def check(self, shape: Shape) -> None:
        axes, wanted = len(shape) - 1, _MODES[self.mode]
        if wanted not in (None, axes):
            raise ShapeError(
                Message(
                    "{layer!r} is for {wanted} axes after the channels, but got shape {shape}",
                    layer=self,
                    wanted=wanted,
                    shape=shape,
                )
            )
        given = self.size if self.scale_factor is None else self.scale_factor
        if isinstance(given, tuple) and len(given) != axes:
            raise ShapeError(
                Message(
                    "{layer!r} has sizes for {count} axes, but got shape {shape}",
                    layer=self,
                    count=len(given),
                    shape=shape,
                )
            )

    def sizes(self, shape: Shape) -> tuple[int, ...]:
        """The sizes of the output after the channels; raises ShapeError where nothing would be left."""
        cells = [int(n) for n in shape[1:]]
        if self.size is not None:
            return self.size if isinstance(self.size, tuple) else (self.size,) * len(cells)
        given = self.scale_factor
        factors = given if isinstance(given, tuple) else (given,) * len(cells)
        found = tuple([floor(n * float(factor or 0)) for n, factor in zip(cells, factors, strict=True)])
        if min(found) < 1 or max(found) > LARGEST:
            raise ShapeError(
                Message("{layer!r} leaves nothing of shape {shape}, or too much", layer=self, shape=shape)
            )
        return found

    def transform(self, shape: Shape) -> Shape:
        named = zip(shape.axes[1:], shape[1:], self.sizes(shape), strict=True)
        sizes = (size if isinstance(n, int) else Symbol(f"{axis}_out", size) for axis, n, size in named)
        return type(shape)((shape[0], *sizes))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        axes = _MODES[self.mode]
        if axes is None:
            return ()
        amount = times(setting.batch, values(output))
        return (
            Operation(Kind.MULTIPLY, Role.ELEMENTWISE, (2 ** (axes + 1) - 2) * amount),
            Operation(Kind.ADD, Role.ELEMENTWISE, times(2**axes - 1, amount)),
        )


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
                Message(
                    "ZeroPaddedShortcut: out_channels must be at least in_channels ({in_channels}), but "
                    "got {out_channels}",
                    in_channels=self.in_channels,
                    out_channels=self.out_channels,
                )
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
    Message("You flattened a single map: the values of all channels stand in the row."),
    Flatten, STORED | PRICED | WRITTEN,
)  # fmt: skip
class _FlattenedOneMap(Flatten):
    def transform(self, shape: Shape) -> Shape:
        return Features((values(shape) // shape[0],)) if len(shape) > 2 else super().transform(shape)


@belief(
    "flattened-one-side",
    Message("You flattened one side of the map: height and width are both multiplied with the channels."),
    Flatten, STORED | PRICED | WRITTEN,
)  # fmt: skip
class _FlattenedOneSide(Flatten):
    def transform(self, shape: Shape) -> Shape:
        return Features((values(shape) // shape[-1],)) if len(shape) > 2 else super().transform(shape)


@belief(
    "grey-as-colour",
    Message("You counted three channels: a grey image has one."),
    Flatten, STORED | PRICED | WRITTEN,
)  # fmt: skip
class _GreyAsColour(Flatten):
    def transform(self, shape: Shape) -> Shape:
        grey = len(shape) > 2 and int(shape[0]) == 1
        return Features((3 * values(shape),)) if grey else super().transform(shape)
