"""Receptive fields: the cells of the input that one value of the output can see, and how far the next are.

Source: Araujo, Norris, Sim 2019 (Computing receptive fields of convolutional neural networks).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from layercost.layer import Layer
from layercost.layers.activation import GELU, AlongDim, Composed, Dropout, LeakyReLU, OfEach, PReLU
from layercost.layers.composite import Auxiliary, Parallel, Sequential
from layercost.layers.convolution import ConnectedConv2d, Convolution
from layercost.layers.graph import Graph, as_samples
from layercost.layers.joins import Add, Concatenate, Elementwise, Join, Multiply
from layercost.layers.normalization import BatchNorm, InstanceNorm, LocalResponseNorm
from layercost.layers.pooling import AdaptivePooling, Pooling, Reduce
from layercost.layers.reshaping import (
    Identity,
    PixelShuffle,
    PixelUnshuffle,
    Upsample,
    ZeroPad2d,
    ZeroPaddedShortcut,
)
from layercost.layers.transposed import TransposedConvolution
from layercost.shape import FLOOR, Shape, ShapeError, extent, shape_of

_EACH_ALONE = (BatchNorm, Composed, Dropout, GELU, Identity, LeakyReLU, LocalResponseNorm, OfEach, PReLU)


class Reach(NamedTuple):
    """Along one axis: the first value of the output sees the cells of the input from `first` to `last`.

    Cells below 0 are padding. The next value sees what lies `stride` cells further on.
    """

    first: int
    last: int
    stride: int

    @property
    def size(self) -> int:
        """How many cells from the first to the last."""
        return self.last - self.first + 1

    def through(self, span: int, stride: int, before: int) -> Reach:
        """The reach behind a window of `span` cells, `before` of them padding, that moves by `stride`."""
        first = self.first - before * self.stride
        return Reach(first, first + self.size - 1 + (span - 1) * self.stride, self.stride * stride)


class ReceptiveField(NamedTuple):
    """What one value of the output can see, along each axis after the channels; padding is counted as cells.

    Where every value sees the whole input (as after Linear), `size` is the input's and `stride` is None.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...] | None


def receptive_field(layer: Layer, input_shape: Iterable[object]) -> ReceptiveField:
    """The receptive field of a layer's or network's output, and its stride; at inference.

    Raises ShapeError where the input does not fit, or where the values of the output see different sizes
    (adaptive pooling that does not divide evenly, transposed convolutions, branches of different strides).

    >>> from layercost import Conv2d, MaxPool2d
    >>> receptive_field(Sequential(Conv2d(1, 6, 5), MaxPool2d(2), Conv2d(6, 16, 5)), (1, 32, 32))
    ReceptiveField(size=(14, 14), stride=(2, 2))
    """
    shape = shape_of(input_shape)
    layer.output_shape(shape)
    reaches = _after(layer, shape, tuple(Reach(0, 0, 1) for _ in shape[1:]))
    if reaches is None:
        return ReceptiveField(tuple(map(int, shape[1:])), None)
    return ReceptiveField(tuple(r.size for r in reaches), tuple(r.stride for r in reaches))


def _after(layer: Layer, shape: Shape, reaches: tuple[Reach, ...] | None) -> tuple[Reach, ...] | None:
    """The reaches behind `layer`; None where each value sees everything."""
    match layer:
        case Sequential():
            for name, child in layer.children:
                try:
                    reaches = _after(child, shape, reaches)
                except ShapeError as error:
                    raise error.within(name) from None
                shape = child.output_shape(shape)
            return reaches
        case Parallel():
            return _together([_after(child, shape, reaches) for _, child in layer.children])
        case Auxiliary():
            return reaches
        case Graph():
            return _through_graph(layer, shape, reaches)
    return None if reaches is None else _through_leaf(layer, shape, reaches)


def _together(branches: list[tuple[Reach, ...] | None]) -> tuple[Reach, ...] | None:
    """What all branches together see."""
    known = [branch for branch in branches if branch is not None]
    if len(known) < len(branches):
        return None
    return tuple(_union(along) for along in zip(*known, strict=True))


def _union(reaches: tuple[Reach, ...]) -> Reach:
    strides = {reach.stride for reach in reaches}
    if len(strides) > 1:
        raise ShapeError(f"its branches have no common stride: {', '.join(map(str, sorted(strides)))}")
    first, last = min(reach.first for reach in reaches), max(reach.last for reach in reaches)
    return Reach(first, last, strides.pop())


def _through_graph(layer: Graph, shape: Shape, reaches: tuple[Reach, ...] | None) -> tuple[Reach, ...] | None:
    """Each node after those that it reads; what does not depend on the input sees nothing of it."""
    if len(layer.inputs) != 1:
        raise ShapeError(f"{layer!r} reads {len(layer.inputs)} inputs, and a receptive field is of one")
    shapes, seen, once = {layer.inputs[0]: shape}, {layer.inputs[0]: reaches}, set[str]()
    for name, inner, inputs, happens_once in layer.nodes:
        given = as_samples([(shapes[key], key in once) for key in inputs], happens_once)
        shapes[name] = inner.output_shape(*given)
        if happens_once:
            once.add(name)
            continue
        of_input = [(seen[key], one) for key, one in zip(inputs, given, strict=True) if key not in once]
        try:
            seen[name] = _after_node(inner, of_input)
        except ShapeError as error:
            raise error.within(name) from None
    return seen[layer.output]


def _after_node(inner: Layer, read: list[tuple[tuple[Reach, ...] | None, Shape]]) -> tuple[Reach, ...] | None:
    if isinstance(inner, (Add, Multiply, Elementwise, Concatenate)):
        return _together([reaches for reaches, _ in read])
    if isinstance(inner, Join) or len(read) != 1:
        raise ShapeError(f"what the values behind {inner!r} see is not known here")
    ((reaches, shape),) = read
    return _after(inner, shape, reaches)


def _through_leaf(layer: Layer, shape: Shape, reaches: tuple[Reach, ...]) -> tuple[Reach, ...] | None:
    match layer:
        case Convolution() | Pooling() | ConnectedConv2d():
            rule = FLOOR if isinstance(layer, ConnectedConv2d) else layer.size_rule
            return tuple(
                reach.through(int(extent(k, d)), int(s), int(rule.sides(n, k, s, p, d)[0]))
                for reach, n, k, s, p, d in zip(reaches, shape[1:], *layer.window, strict=True)
            )
        case ZeroPaddedShortcut():
            return tuple(reach.through(1, layer.stride, 0) for reach in reaches)
        case PixelUnshuffle(downscale_factor=r):
            return tuple(reach.through(r, r, 0) for reach in reaches)
        case ZeroPad2d():
            left, _, top, _ = map(int, layer.sides)
            return tuple(reach.through(1, 1, n) for reach, n in zip(reaches, (top, left), strict=True))
        case AdaptivePooling():
            return _through_shares(layer, shape, reaches)
    _refuse_unknown(layer, shape)
    return reaches if _each_alone(layer, shape) else None


def _each_alone(layer: Layer, shape: Shape) -> bool:
    """Whether a value sees what the value at its place sees; statistics of its own see everything."""
    match layer:
        case InstanceNorm():
            return layer.track_running_stats
        case AlongDim():
            return -layer.dim == len(shape)  # along the channels
    return isinstance(layer, _EACH_ALONE)


def _refuse_unknown(layer: Layer, shape: Shape) -> None:
    """Raise ShapeError where values see different cells, or nobody has said which."""
    match layer:
        case TransposedConvolution():
            raise ShapeError("the values behind a transposed convolution see different numbers of cells")
        case Reduce(dims=tuple(dims)) if not {*range(1 - len(shape), 0)} <= {*dims}:
            raise ShapeError(f"the values behind {layer!r} see the whole of some axes alone")
        case PixelShuffle() | Upsample():
            raise ShapeError(f"several values behind {layer!r} see the same cells")
        case Join():
            raise ShapeError(f"what the values behind {layer!r} see is not known here")


def _through_shares(
    layer: AdaptivePooling, shape: Shape, reaches: tuple[Reach, ...]
) -> tuple[Reach, ...] | None:
    sizes = layer.output_shape(shape)[1:]
    if all(int(size) == 1 for size in sizes):
        return None
    for n, size in zip(shape[1:], sizes, strict=True):
        if int(n) % int(size):
            raise ShapeError(f"{layer!r} spreads {int(size)} windows of different sizes over {int(n)} cells")
    windows = (int(n) // int(size) for n, size in zip(shape[1:], sizes, strict=True))
    return tuple(reach.through(w, w, 0) for reach, w in zip(reaches, windows, strict=True))
