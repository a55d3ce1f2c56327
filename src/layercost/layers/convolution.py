"""Convolutions: a kernel slides over the input and takes one dot product at each position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from layercost.expression import Number, define, exact_div, product, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.layer import Layer, LayerError, keep, keep_flags, keep_sizes, keep_whole, register
from layercost.shape import FLOOR, Image, Shape, ShapeError, values

Sizes = int | tuple[int, ...]


def slide(layer: Layer, channels: Number, shape: Shape, rule: object = FLOOR) -> Shape:
    """``(channels, *sizes)`` of what slides over `shape` with the layer's kernel, stride, padding and dilation."""
    fields = (getattr(layer, name) for name in ("kernel_size", "stride", "padding", "dilation"))
    sizes = []
    for axis, n, kernel, stride, padding, dilation in zip(shape.axes[1:], shape[1:], *fields, strict=True):
        try:
            size = rule.size(n, kernel, stride, padding, dilation)  # type: ignore[attr-defined]
        except ShapeError as error:
            raise ShapeError(f"along {axis}, {error.message}") from None
        sizes.append(define(f"{axis}_out", size))
    return type(shape)((channels, *sizes))


@dataclass(frozen=True, repr=False)
class _Convolution(Layer):
    """What convolutions over one, two and three axes share."""

    in_channels: int
    out_channels: int
    kernel_size: Sizes
    stride: Sizes = 1
    padding: Sizes = 0
    dilation: Sizes = 1
    groups: int = 1
    bias: bool = True

    axes: ClassVar[int]
    letters = {
        "in_channels": "C_in", "out_channels": "C_out", "kernel_size": "k", "stride": "s", "padding": "p",
        "dilation": "d", "groups": "g",
    }  # fmt: skip
    axis_letters = {"C": "C_in"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_channels", "out_channels", "groups")
        keep_sizes(self, self.axes, 1, "kernel_size", "stride", "dilation")
        keep_sizes(self, self.axes, 0, "padding")
        keep_flags(self, "bias")
        for name in ("in_channels", "out_channels"):
            if getattr(self, name) % self.groups:
                raise LayerError(
                    f"{type(self).__name__}: groups must divide {name}, but {self.groups} groups do not divide "
                    f"{getattr(self, name)} channels"
                )

    def check(self, shape: Shape) -> None:
        if shape[0] != self.in_channels:
            raise ShapeError(
                f"{type(self).__name__} expects {self.in_channels} input channels but got {shape[0]} in shape {shape}"
            )

    def parameters(self) -> tuple[Held, ...]:
        weight = Held("weight", self.out_channels * self._window())
        return (weight, Held("bias", self.out_channels)) if self.bias else (weight,)

    def transform(self, shape: Shape) -> Shape:
        return slide(self, self.out_channels, shape)

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        count = times(batch, values(output))
        dots = Operation(Kind.DOT, Role.WEIGHTS, count, self._window())
        return (dots, Operation(Kind.ADD, Role.BIAS, count)) if self.bias else (dots,)

    def taught(self, shape: Shape, output: Shape) -> Mapping[str, Number]:
        n, count = self._window(), values(output)
        if self.bias:
            return {"parameters": (n + 1) * self.out_channels, "flops": (n + (n - 1) + 1) * count}
        return {"flops": (n + (n - 1)) * count}

    def _window(self) -> Number:
        """The cells under the kernel at one position: the length of each dot product.

        Padding is multiplied like any other cell.
        """
        return exact_div(self.in_channels, self.groups) * product(self.kernel_size)  # type: ignore[arg-type]


@register
@dataclass(frozen=True, repr=False)
class Conv2d(_Convolution):
    """``(in_channels, H, W)`` to ``(out_channels, H_out, W_out)``, ``H_out = floor((H + 2p - d(k-1) - 1) / s) + 1``.

    Parameters: ``out_channels * in_channels / groups * k * k`` weights and, with `bias`, ``out_channels`` biases.
    Source: documents 000 to 004; arguments as torch.nn.Conv2d.
    """

    axes = 2
    takes = Image


@register
@dataclass(frozen=True, repr=False)
class ConnectedConv2d(Layer):
    """``(in_channels, H, W)`` to ``(len(connections), H_out, W_out)``: each output map reads the inputs listed for it.

    `connections` holds one tuple of input channels for each output channel. Stride 1, no padding, one bias a map.
    Source: LeCun et al. 1998, table I, LeNet-5's layer C3: 60 kernels of 5x5 and 16 biases, 1,516 parameters.
    """

    in_channels: int
    connections: tuple[tuple[int, ...], ...]
    kernel_size: Sizes

    takes = Image
    letters = {"in_channels": "C_in", "kernel_size": "k"}
    axis_letters = {"C": "C_in"}
    stride, padding, dilation = (1, 1), (0, 0), (1, 1)

    def __post_init__(self) -> None:
        keep_whole(self, 1, "in_channels")
        keep_sizes(self, 2, 1, "kernel_size")
        if not isinstance(self.connections, (tuple, list)) or not self.connections:
            raise LayerError(f"ConnectedConv2d: connections must list inputs for each map, but got {self.connections!r}")
        for position, inputs in enumerate(self.connections):
            self._check_map(position, inputs)
        keep(self, connections=tuple(map(tuple, self.connections)))

    def _check_map(self, position: int, inputs: object) -> None:
        good = (
            isinstance(inputs, (tuple, list))
            and len(inputs) > 0
            and all(type(c) is int and 0 <= c < self.in_channels for c in inputs)
            and len(set(inputs)) == len(inputs)
        )
        if not good:
            raise LayerError(
                f"ConnectedConv2d: connections[{position}] must list different input channels from 0 to "
                f"{self.in_channels - 1}, but got {inputs!r}"
            )

    def check(self, shape: Shape) -> None:
        if shape[0] != self.in_channels:
            raise ShapeError(f"ConnectedConv2d expects {self.in_channels} input channels but got shape {shape}")

    def parameters(self) -> tuple[Held, ...]:
        kernels = sum(map(len, self.connections))
        return (Held("weight", kernels * product(self.kernel_size)), Held("bias", len(self.connections)))  # type: ignore[arg-type]

    def transform(self, shape: Shape) -> Shape:
        return slide(self, len(self.connections), shape)

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        positions = times(batch, output[1] * output[2])
        area = product(self.kernel_size)  # type: ignore[arg-type]
        lengths = sorted({len(inputs) for inputs in self.connections})
        dots = tuple(
            Operation(Kind.DOT, Role.WEIGHTS, self._maps_that_read(length) * positions, length * area)
            for length in lengths
        )
        return (*dots, Operation(Kind.ADD, Role.BIAS, len(self.connections) * positions))

    def _maps_that_read(self, length: int) -> int:
        return sum(len(inputs) == length for inputs in self.connections)
