"""Transposed convolutions: each input value spreads a kernel over the output; where they meet they add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product as pairs
from math import gcd
from typing import ClassVar

from layercost.expression import Number, define, exact_div, product, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, LayerError, keep_divided, keep_flags, keep_sizes, keep_whole, register
from layercost.layers.sliding import Sizes, check_channels, per_axis
from layercost.message import Message
from layercost.misconception import PRICED, STORED, WRITTEN, Size, belief, having
from layercost.setting import Setting
from layercost.shape import TRANSPOSED, Image, Shape, ShapeError, Signal, TransposedSizeRule, Volume, values


@frozen
class TransposedConvolution(Layer):
    """What transposed convolutions over one, two and three axes share."""

    in_channels: int
    out_channels: int
    kernel_size: Sizes
    stride: Sizes = 1
    padding: Sizes = 0
    output_padding: Sizes = 0
    groups: int = 1
    bias: bool = True
    dilation: Sizes = 1

    axes: ClassVar[int]
    uncounted = ("padding_mode", "device", "dtype")
    letters: ClassVar[Mapping[str, str]] = {
        "in_channels": "C_in", "out_channels": "C_out", "kernel_size": "k", "stride": "s", "padding": "p",
        "output_padding": "o", "dilation": "d", "groups": "g",
    }  # fmt: skip
    axis_letters: ClassVar[Mapping[str, str]] = {"C": "C_in"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_channels", "out_channels", "groups")
        keep_sizes(self, self.axes, 1, "kernel_size", "stride", "dilation")
        keep_sizes(self, self.axes, 0, "padding", "output_padding")
        keep_flags(self, "bias")
        keep_divided(self, "groups", "in_channels", "out_channels")
        steps = zip(*map(per_axis, (self.output_padding, self.stride, self.dilation)), strict=True)
        if any(int(more) >= max(int(stride), int(dilation)) for more, stride, dilation in steps):
            raise LayerError(
                Message(
                    "{layer}: output_padding must be smaller than the stride or the dilation, but got "
                    "{value}",
                    layer=type(self).__name__,
                    value=self._written(self.output_padding),
                )
            )

    @property
    def size_rule(self) -> TransposedSizeRule:
        """The rule that gives the output's size."""
        return TRANSPOSED

    def check(self, shape: Shape) -> None:
        check_channels(self, self.in_channels, shape)

    def parameters(self) -> tuple[Held, ...]:
        filters = exact_div(self.out_channels, self.groups) * product(per_axis(self.kernel_size))
        weight = Held("weight", self.in_channels * filters)
        return (weight, Held("bias", self.out_channels)) if self.bias else (weight,)

    def transform(self, shape: Shape) -> Shape:
        settings = (self.kernel_size, self.stride, self.padding, self.dilation, self.output_padding)
        sizes = []
        for axis, n, *along in zip(shape.axes[1:], shape[1:], *map(per_axis, settings), strict=True):
            try:
                sizes.append(define(f"{axis}_out", TRANSPOSED.size(n, *along)))
            except ShapeError as error:
                raise ShapeError(
                    Message("along {axis}, {message}", axis=axis, message=error.message)
                ) from None
        return type(shape)((self.out_channels, *sizes))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        maps = times(setting.batch, self.out_channels)
        channels = exact_div(self.in_channels, self.groups)
        dots = tuple(self._dots(shape, maps, channels))
        bias = Operation(Kind.ADD, Role.BIAS, times(setting.batch, values(output)))
        return (*dots, bias) if self.bias else dots

    def _dots(self, shape: Shape, maps: Number, channels: Number) -> Iterator[Operation]:
        for each in pairs(*self._meetings(shape)):
            products, cells = zip(*each, strict=True)
            yield Operation(Kind.DOT, Role.WEIGHTS, maps * product(cells), times(product(products), channels))

    def _meetings(self, shape: Shape) -> tuple[list[tuple[int, int]], ...]:
        """Along each axis, pairs of (products on a cell, cells with so many), before cropping."""
        settings = (self.kernel_size, self.stride, self.dilation)
        return tuple(
            _overlaps(int(n), *map(int, along))
            for n, *along in zip(shape[1:], *map(per_axis, settings), strict=True)
        )

    def taught(self, shape: Shape, output: Shape) -> Mapping[str, Number]:
        weights = exact_div(self.out_channels, self.groups) * product(per_axis(self.kernel_size))
        return {"macs": values(shape) * weights}


@register
@frozen
class ConvTranspose1d(TransposedConvolution):
    """``(in_channels, L)`` to ``(out_channels, L_out)``, as `ConvTranspose2d` along one axis.

    Source: Dumoulin, Visin 2016, chapter 4; arguments as torch.nn.ConvTranspose1d.
    """

    axes = 1
    takes = Signal


@register
@frozen
class ConvTranspose2d(TransposedConvolution):
    """``(in_channels, H, W)`` to ``(out_channels, H_out, W_out)``.

    Output size: ``H_out = (H - 1) s - 2p + d (k - 1) + output_padding + 1``.
    MACs: one for each input value and each weight that it meets, those included that fall into the border
    which `padding` crops. A cell on which n products fall takes n - 1 additions; each output has a
    bias added. An output without cells is refused, as by PyTorch's own kernels (oneDNN lets it
    pass).
    Source: Dumoulin, Visin 2016, chapter 4; arguments as torch.nn.ConvTranspose2d.
    """

    axes = 2
    takes = Image


@register
@frozen
class ConvTranspose3d(TransposedConvolution):
    """``(in_channels, D, H, W)`` to ``(out_channels, D_out, H_out, W_out)``, as `ConvTranspose2d`.

    Source: Dumoulin, Visin 2016, chapter 4; arguments as torch.nn.ConvTranspose3d.
    """

    axes = 3
    takes = Volume


def _overlaps(n: int, kernel: int, stride: int, dilation: int) -> list[tuple[int, int]]:
    """Pairs of (products on a cell, cells with so many) along one axis, the most products first.

    Input i and weight j meet on the cell ``i s + j d``, and so do all pairs (i + a t, j - b t), where
    ``a = d / gcd(s, d)`` and ``b = s / gcd(s, d)``. Of them m follow each other from ``(n - (m - 1) a)
    (k - (m - 1) b)`` pairs on; second differences of that are the cells with exactly m.
    """
    shared = gcd(stride, dilation)
    steps, weights = dilation // shared, stride // shared

    def runs(many: int) -> int:
        return max(0, n - (many - 1) * steps) * max(0, kernel - (many - 1) * weights)

    most = min(-(-n // steps), -(-kernel // weights))
    counts = ((many, runs(many) - 2 * runs(many + 1) + runs(many + 2)) for many in range(most, 0, -1))
    return [(many, cells) for many, cells in counts if cells]


# ---- What people believe instead ---------------------------------------------------------------


GIVEN = WRITTEN | {Size.OUTPUT_SIZE}


def _resized(layer: TransposedConvolution, shape: Shape, *sizes: int) -> Shape:
    if min(sizes) < 1:
        raise ShapeError(Message("nothing would be left"))
    return type(shape)((layer.out_channels, *sizes))


@belief(
    "transposed-as-convolution",
    Message(
        "You took the size that a convolution gives: a transposed one turns the formula round, so that the "
        "map grows with the stride."
    ),
    TransposedConvolution, GIVEN,
)  # fmt: skip
class _TransposedAsConvolution(TransposedConvolution):
    def transform(self, shape: Shape) -> Shape:
        sliding = zip(shape[1:], *map(per_axis, (self.kernel_size, self.stride, self.padding)), strict=True)
        return _resized(
            self, shape, *((int(n) + 2 * int(p) - int(k)) // int(s) + 1 for n, k, s, p in sliding)
        )


@belief(
    "transposed-stride-only",
    Message("You multiplied with the stride alone: the kernel, the padding and the first cell count, too."),
    TransposedConvolution, GIVEN,
)  # fmt: skip
class _TransposedStrideOnly(TransposedConvolution):
    def transform(self, shape: Shape) -> Shape:
        return _resized(
            self, shape, *(int(n) * int(s) for n, s in zip(shape[1:], per_axis(self.stride), strict=True))
        )


@belief(
    "transposed-padding-once",
    Message("You took the padding off once: a transposed convolution crops it on both sides, so twice."),
    TransposedConvolution, GIVEN, lambda layer: _has(layer, "padding"),
)  # fmt: skip
class _TransposedPaddingOnce(TransposedConvolution):
    def transform(self, shape: Shape) -> Shape:
        sides = zip(super().transform(shape)[1:], per_axis(self.padding), strict=True)
        return _resized(self, shape, *(int(size) + int(padding) for size, padding in sides))


@belief(
    "transposed-padding-added",
    Message("You added the padding: in a transposed convolution it crops the output on both sides."),
    TransposedConvolution, GIVEN, lambda layer: _has(layer, "padding"),
)  # fmt: skip
class _TransposedPaddingAdded(TransposedConvolution):
    def transform(self, shape: Shape) -> Shape:
        sides = zip(super().transform(shape)[1:], per_axis(self.padding), strict=True)
        return _resized(self, shape, *(int(size) + 4 * int(padding) for size, padding in sides))


belief(
    "forgot-output-padding",
    Message("You left out output_padding: it adds so many cells at one end of the output."),
    TransposedConvolution, GIVEN, lambda layer: _has(layer, "output_padding"),
)(having(output_padding=0))  # fmt: skip


def _has(layer: Layer, name: str) -> bool:
    return any(map(int, per_axis(getattr(layer, name, ()))))


@belief(
    "transposed-bias-per-input",
    Message("You gave each input channel a bias: a bias belongs to each output channel."),
    TransposedConvolution, STORED, lambda layer: getattr(layer, "bias", False),
)  # fmt: skip
class _TransposedBiasPerInput(TransposedConvolution):
    def parameters(self) -> tuple[Held, ...]:
        weight, *_ = super().parameters()
        return (weight, Held("bias", self.in_channels))


@belief(
    "transposed-forgot-input-channels",
    Message("You counted one input channel: each of them spreads a kernel of its own into every output map."),
    TransposedConvolution, STORED | PRICED,
)  # fmt: skip
class _TransposedForgotInputChannels(TransposedConvolution):
    def parameters(self) -> tuple[Held, ...]:
        weight, *bias = super().parameters()
        return (weight._replace(size=weight.size // self.in_channels), *bias)

    def _dots(self, shape: Shape, maps: Number, channels: Number) -> Iterator[Operation]:
        return super()._dots(shape, maps, 1)


@belief(
    "transposed-kernel-not-squared",
    Message("You counted k weights where the kernel has k times k: it is as high as it is wide."),
    TransposedConvolution, STORED, lambda layer: isinstance(layer, ConvTranspose2d),
)  # fmt: skip
class _TransposedKernelNotSquared(TransposedConvolution):
    def parameters(self) -> tuple[Held, ...]:
        weight, *bias = super().parameters()
        return (weight._replace(size=weight.size // int(per_axis(self.kernel_size)[0])), *bias)


@belief(
    "stride-multiplies-weights",
    Message("You let the stride change the weights: it moves the kernel, whose size stays what it is."),
    TransposedConvolution, STORED, lambda layer: max(map(int, per_axis(getattr(layer, "stride", 1)))) > 1,
)  # fmt: skip
class _StrideMultipliesWeights(TransposedConvolution):
    def parameters(self) -> tuple[Held, ...]:
        weight, *bias = super().parameters()
        return (weight._replace(size=weight.size * product(per_axis(self.stride))), *bias)


@belief(
    "transposed-counted-at-output",
    Message(
        "You counted a whole kernel at each cell of the output: the kernel is spread from each cell of the "
        "input, of which there are fewer."
    ),
    TransposedConvolution, PRICED,
)  # fmt: skip
class _TransposedCountedAtOutput(TransposedConvolution):
    def _dots(self, shape: Shape, maps: Number, channels: Number) -> Iterator[Operation]:
        length = times(channels, product(per_axis(self.kernel_size)))
        yield Operation(Kind.DOT, Role.WEIGHTS, times(maps, product(self.transform(shape)[1:])), length)


@belief(
    "transposed-one-cell",
    Message("You counted a single cell: the kernel is spread from every cell of the input."),
    TransposedConvolution, PRICED,
)  # fmt: skip
class _TransposedOneCell(TransposedConvolution):
    def _dots(self, shape: Shape, maps: Number, channels: Number) -> Iterator[Operation]:
        yield Operation(Kind.DOT, Role.WEIGHTS, maps * product(per_axis(self.kernel_size)), channels)


@belief(
    "transposed-one-map-written",
    Message("You counted one map: each output channel is a map of its own."),
    TransposedConvolution, WRITTEN,
)  # fmt: skip
class _TransposedOneMapWritten(TransposedConvolution):
    def transform(self, shape: Shape) -> Shape:
        return type(shape)((1, *super().transform(shape)[1:]))


@belief(
    "transposed-step-too-many",
    Message("You let every cell make a step: n cells make n - 1 steps, and the kernel comes on top."),
    TransposedConvolution, GIVEN,
)  # fmt: skip
class _TransposedStepTooMany(TransposedConvolution):
    def transform(self, shape: Shape) -> Shape:
        steps = zip(super().transform(shape)[1:], per_axis(self.stride), strict=True)
        return _resized(self, shape, *(int(size) + int(step) for size, step in steps))


@belief(
    "transposed-kernel-forgotten",
    Message("You counted the steps alone: the last cell spreads a whole kernel, not one value."),
    TransposedConvolution, GIVEN, lambda layer: not _has(layer, "padding"),
)  # fmt: skip
class _TransposedKernelForgotten(TransposedConvolution):
    def transform(self, shape: Shape) -> Shape:
        steps = zip(shape[1:], per_axis(self.stride), strict=True)
        return _resized(self, shape, *((int(n) - 1) * int(step) + 1 for n, step in steps))
