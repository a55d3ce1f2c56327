"""What convolution and pooling share: a window that slides over the axes after the channels."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from layercost.expression import Number, define, product
from layercost.layer import Layer
from layercost.message import Message
from layercost.shape import OutputSizeRule, Padding, Shape, ShapeError

Sizes: TypeAlias = int | tuple[int, ...]
Paddings: TypeAlias = Sizes | tuple[tuple[int, int], ...]


class Window(NamedTuple):
    """How a window slides: one size for each axis, each a plain integer or a letter."""

    kernel: tuple[Number, ...]
    stride: tuple[Number, ...]
    padding: tuple[Padding, ...]
    dilation: tuple[Number, ...]

    @property
    def area(self) -> Number:
        """The cells of one channel under the window."""
        return product(self.kernel)


def per_axis(sizes: Sizes | None) -> tuple[Number, ...]:
    """A field that its layer keeps as one size for each axis (`layercost.layer.keep_sizes` saw to it)."""
    return sizes  # type: ignore[return-value]


def padding_per_axis(paddings: Paddings) -> tuple[Padding, ...]:
    """The field `padding`, kept as one size or one pair for each axis (`layercost.layer.keep_padding`)."""
    return paddings  # type: ignore[return-value]


def slide(window: Window, channels: Number, shape: Shape, rule: OutputSizeRule) -> Shape:
    """``(C, *sizes)`` to ``(channels, *sizes)`` of a window that slides by `rule`; raises ShapeError."""
    sizes = [channels]
    kernel, stride, padding, dilation = window
    for place, n in enumerate(shape[1:]):
        try:
            size = rule.size(n, kernel[place], stride[place], padding[place], dilation[place])
        except ShapeError as error:
            raise ShapeError(
                Message("along {axis}, {message}", axis=shape.axes[place + 1], message=error.message)
            ) from None
        sizes.append(size if isinstance(size, int) else define(f"{shape.axes[place + 1]}_out", size))
    return type(shape)(sizes)


def check_channels(layer: Layer, expected: int, shape: Shape) -> None:
    """Raise ShapeError where the first axis of `shape` is not what `layer` expects."""
    if shape[0] != expected:
        raise ShapeError(
            Message(
                "{layer} expects {expected} input channels but got {channels} in shape {shape}",
                layer=type(layer).__name__,
                expected=expected,
                channels=shape[0],
                shape=shape,
            )
        )
