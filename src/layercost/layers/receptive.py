"""Receptive fields: the cells of the input that one value of the output can see, and how far the next are.

Source: Araujo, Norris, Sim 2019 (Computing receptive fields of convolutional neural networks).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from layercost.convention import UnknownNameError
from layercost.layer import Call, Layer
from layercost.layers.activation import GLU, LogSoftmax, Softmax
from layercost.layers.attention import Attention
from layercost.layers.composite import AtFirst, Auxiliary, Parallel, Sequential
from layercost.layers.convolution import ConnectedConv2d, Convolution
from layercost.layers.feed_forward import FeedForward, MixtureOfExperts
from layercost.layers.graph import Graph
from layercost.layers.linear import EuclideanRBF, Linear
from layercost.layers.normalization import GroupNorm, InstanceNorm, LayerNorm, RMSNorm
from layercost.layers.patches import EachCell, PatchMerging
from layercost.layers.pooling import AdaptivePooling, Pooling, Reduce
from layercost.layers.reshaping import PixelShuffle, PixelUnshuffle, Upsample, ZeroPad2d, ZeroPaddedShortcut
from layercost.message import Message, listing
from layercost.misconception import Size, Task, belief, declare, distorted, having
from layercost.shape import FLOOR, Shape, ShapeError, extent, inputs_of


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
    """What one value of the output can see, along each axis of the input but the channels or features.

    Padding is counted as cells. Where every value sees the whole input (as after Linear), `size` is the
    input's and `stride` is None.
    """

    size: tuple[int, ...]
    stride: tuple[int, ...] | None


Seen: TypeAlias = "tuple[Reach, ...] | None"  # along each axis; None: everything


def receptive_field(
    layer: Layer, input_shape: Iterable[object], *, upto: str | None = None
) -> ReceptiveField:
    """The receptive field of a layer's or network's output, and its stride; at inference.

    With `upto`, that of the values that the layer at this path gives, as ``"conv2"`` or ``"layer1.0.conv1"``.
    Raises ShapeError where the input does not fit, or where the values see different sizes (adaptive pooling
    that does not divide evenly, transposed convolutions, branches of different strides) or what they see is
    not known, and UnknownNameError with the nearest paths for a path that leads to no layer.

    >>> from layercost import Conv2d, MaxPool2d
    >>> net = Sequential(Conv2d(1, 6, 5), MaxPool2d(2), Conv2d(6, 16, 5))
    >>> receptive_field(net, (1, 32, 32))
    ReceptiveField(size=(14, 14), stride=(2, 2))
    >>> receptive_field(net, (1, 32, 32), upto="0")
    ReceptiveField(size=(5, 5), stride=(1, 1))
    """
    shape = inputs_of(input_shape)
    if not isinstance(shape, Shape):
        raise ShapeError(
            Message("a receptive field is seen in one input, but got {count} shapes", count=len(shape))
        )
    walk = _Walk(layer, shape, upto)
    sizes = walk.input_sizes
    reaches = walk.seen_behind(upto or "", tuple(Reach(0, 0, 1) for _ in sizes))
    if reaches is None:
        return ReceptiveField(sizes, None)
    return ReceptiveField(tuple(r.size for r in reaches), tuple(r.stride for r in reaches))


class _Walk:
    """What the values behind each layer see, noted on the way from the input to the output."""

    def __init__(self, layer: Layer, shape: Shape, upto: str | None) -> None:
        self.layer, self.upto = layer, upto
        calls = tuple(layer.calls(shape))
        self.paths = [call.path for call in calls if call.path]
        self.calls_of: dict[int, list[Call]] = {}  # the calls of each layer, the last first
        for call in reversed(calls):
            self.calls_of.setdefault(id(call.layer), []).append(call)
        self.known: dict[str, Seen] = {}
        first = calls[0].input_shape if calls else shape
        named = first if first == shape else shape  # a layer's own names for the axes, as (C, L) for (T, F)
        axes = zip(named, named.axes, strict=True)
        self.input_sizes = tuple(int(size) for size, axis in axes if axis not in ("C", "F"))

    def seen_behind(self, path: str, reaches: Seen) -> Seen:
        """What a value behind the layer at `path` sees; what comes after that layer may be anything."""
        if path and path not in (paths := self._every_path()):
            raise UnknownNameError(Message("layer of the network"), path, paths)
        try:
            self.known[""] = self._after(self.layer, "", [reaches])
        except ShapeError:
            if path not in self.known:
                raise
        return self.known[path]

    def _every_path(self) -> list[str]:
        """The paths of all layers, and of those that they stand in."""
        parts = (path.split(".") for path in self.paths)
        each = (".".join(names[:length]) for names in parts for length in range(1, len(names) + 1))
        return list(dict.fromkeys(each))

    def _after(self, layer: Layer, path: str, given: list[Seen]) -> Seen:
        """What is seen behind `layer`, which reads values that see `given`."""
        match layer:
            case Sequential():
                for name, child in layer.children:
                    given = [self._after_child(child, path, name, given)]
                return given[0]
            case Parallel():
                branches = [self._after_child(child, path, name, given) for name, child in layer.children]
                return self._after_child(layer.end, path, layer.join, branches)
            case Auxiliary():
                if self.upto and self.upto.startswith(path):
                    self._after(layer.layer, path, given)
                return given[0]
            case AtFirst():
                return self._after(layer.layer, path, given)
            case EachCell():
                return self._after_cells(layer, path, given[0])
            case Graph():
                return self._after_graph(layer, path, given)
        call = self.calls_of[id(layer)].pop()
        try:
            return _through_leaf(layer.at_work, call.input_shape, given)
        except ShapeError as error:
            raise ShapeError(error.message, call.path) from None

    def _after_child(self, child: Layer, path: str, name: str, given: list[Seen]) -> Seen:
        """What is seen behind a layer of this name inside the layer at `path`."""
        if name.startswith("~"):  # a graph inside of a model, which has no name of its own
            return self._after(child, path, given)
        inside = f"{path}.{name}" if path else name
        self.known[inside] = self._after(child, inside, given)
        return self.known[inside]

    def _after_cells(self, layer: EachCell, path: str, given: Seen) -> Seen:
        """Behind what reads each cell alone the same is seen; what mixes cells is not followed."""
        alone: Seen = (Reach(0, 0, 1),)
        before = set(self.known)
        if self._after(layer.layer, path, [alone]) != alone:
            raise _unclear(layer)
        self.known.update(dict.fromkeys(set(self.known) - before, given))
        return given

    def _after_graph(self, graph: Graph, path: str, given: list[Seen]) -> Seen:
        """A value that does not depend on the input sees nothing of it, and is left out."""
        known = dict(zip(graph.inputs, given, strict=True))
        for name, layer, inputs, once in graph.nodes:
            arriving = [known[key] for key in inputs if key in known]
            if arriving and not once:
                known[name] = self._after_child(layer, path, name, arriving)
        if graph.output not in known:
            raise ShapeError(Message("its output does not depend on the input"))
        return known[graph.output]


def _together(branches: list[Seen]) -> Seen:
    """What all branches together see."""
    known = [branch for branch in branches if branch is not None]
    if len(known) < len(branches):
        return None
    return tuple(_union(along) for along in zip(*known, strict=True))


def _union(reaches: tuple[Reach, ...]) -> Reach:
    strides = {reach.stride for reach in reaches}
    if len(strides) > 1:
        raise ShapeError(
            Message(
                "its branches have no common stride: {strides}", strides=listing(map(str, sorted(strides)))
            )
        )
    first, last = min(reach.first for reach in reaches), max(reach.last for reach in reaches)
    return Reach(first, last, strides.pop())


def _through_leaf(layer: Layer, shape: Shape, given: list[Seen]) -> Seen:
    """What is seen behind a single layer; raises ShapeError where that is not one size for all values."""
    reaches = _together(given)
    if layer.keeps_places:
        return reaches
    if reaches is None:  # a value that sees everything: so do all that are made of it
        return None
    match layer:
        case Convolution() | Pooling() | ConnectedConv2d():
            rule = FLOOR if isinstance(layer, ConnectedConv2d) else layer.size_rule
            return tuple(
                reach.through(int(extent(k, d)), int(s), int(rule.sides(n, k, s, p, d)[0]))
                for reach, n, k, s, p, d in zip(reaches, shape[1:], *layer.window, strict=True)
            )
        case ZeroPaddedShortcut():
            return tuple(reach.through(1, layer.stride, 0) for reach in reaches)
        case PixelUnshuffle(downscale_factor=r) | PatchMerging(downscale_factor=r):
            return tuple(reach.through(r, r, 0) for reach in reaches)
        case PixelShuffle() | Upsample():
            raise ShapeError(Message("several values behind {layer!r} see the same cells", layer=layer))
        case ZeroPad2d():
            left, _, top, _ = map(int, layer.sides)
            return tuple(
                reach.through(1, 1, before) for reach, before in zip(reaches, (top, left), strict=True)
            )
        case AdaptivePooling():
            return _through_shares(layer, shape, reaches)
    mixed = _mixed(layer, shape)
    if mixed is None:
        raise _unclear(layer)
    return _through_mixing(layer, shape, mixed, reaches)


def _unclear(layer: Layer) -> ShapeError:
    return ShapeError(
        Message(
            "the values behind {layer!r} see different numbers of cells, or how many is not known; ask "
            "for a layer before it, as upto='conv1'",
            layer=layer,
        )
    )


def _mixed(layer: Layer, shape: Shape) -> Iterable[int] | None:
    """The axes along which each value is made of all; None for a layer that does something else."""
    match layer:
        case Linear() | EuclideanRBF() | FeedForward() | MixtureOfExperts():
            return (-1,)
        case Attention() if not layer.causal:
            return range(len(shape))
        case LayerNorm() | RMSNorm():
            return range(-len(layer.sizes), 0)
        case Softmax() | LogSoftmax():
            return (layer.dim,)
        case Reduce():
            return layer.dims if isinstance(layer.dims, tuple) else (layer.dims,)
        case GLU() if len(shape) > 1 and not _is_place(shape)[layer.dim]:
            return (layer.dim,)
        case InstanceNorm() if layer.track_running_stats:
            return ()
        case GroupNorm() | InstanceNorm():
            return range(len(shape))
    return None


def _is_place(shape: Shape) -> list[bool]:
    """Of each axis, whether it counts places and not channels or features."""
    return [axis not in ("C", "F") for axis in shape.axes]


def _through_mixing(layer: Layer, shape: Shape, mixed: Iterable[int], reaches: tuple[Reach, ...]) -> Seen:
    """Behind a layer that mixes the values along some axes: of features alone, or of all places too."""
    axes, places = list(mixed), _is_place(shape)
    if axes and not any(places):  # in one row of features all places stand side by side
        return None
    touched = {axis % len(shape) for axis in axes if places[axis]}
    if not touched:
        return reaches
    if len(touched) < sum(places):
        raise _unclear(layer)
    return None


def _through_shares(
    layer: AdaptivePooling, shape: Shape, reaches: tuple[Reach, ...]
) -> tuple[Reach, ...] | None:
    sizes = layer.output_shape(shape)[1:]
    if all(int(size) == 1 for size in sizes):
        return None
    for n, size in zip(shape[1:], sizes, strict=True):
        if int(n) % int(size):
            raise ShapeError(
                Message(
                    "{layer!r} spreads {size} windows of different sizes over {n} cells",
                    layer=layer,
                    size=int(size),
                    n=int(n),
                )
            )
    windows = (int(n) // int(size) for n, size in zip(shape[1:], sizes, strict=True))
    return tuple(reach.through(w, w, 0) for reach, w in zip(reaches, windows, strict=True))


# ---- misconceptions ----------------------------------------------------------------------------


def _strides(layer: Layer) -> bool:
    window = layer.window if isinstance(layer, Convolution | Pooling) else None
    return window is not None and any(int(step) > 1 for step in window.stride)


belief(
    "strides-do-not-reach",
    Message(
        "You took every stride for 1: behind a layer that moves by s cells, one step is s cells of the input."
    ),
    Layer, {Size.RECEPTIVE_FIELD}, _strides,
)(having(stride=1))  # fmt: skip

belief(
    "dilation-does-not-reach",
    Message("You counted the cells of the kernel: with gaps between them it spans d (k - 1) + 1 cells."),
    Convolution, {Size.RECEPTIVE_FIELD}, lambda layer: getattr(layer, "dilation", 1) not in (1, (1, 1)),
)(having(dilation=1))  # fmt: skip


@belief(
    "pooling-does-not-reach",
    Message("You left out the windows of pooling: a window of k cells sees k - 1 cells more."),
    Pooling, {Size.RECEPTIVE_FIELD},
)  # fmt: skip
def _one_cell(layer: Layer) -> Layer:
    assert isinstance(layer, Pooling)
    return replace(layer, kernel_size=1, stride=tuple(map(int, layer.window.stride)), padding=0)


@belief(
    "strides-of-pooling-do-not-reach",
    Message("You took the strides of pooling for 1: behind it, one step is that many cells of the input."),
    Pooling, {Size.RECEPTIVE_FIELD}, _strides,
)  # fmt: skip
def _steps_of_one(layer: Layer) -> Layer:
    assert isinstance(layer, Pooling)
    return replace(layer, stride=1)


@belief(
    "own-stride-too",
    Message("You took a layer's own stride for its window: only the strides before it widen what it sees."),
    Layer, {Size.RECEPTIVE_FIELD}, _strides,
)  # fmt: skip
def _wider_by_own_stride(layer: Layer) -> Layer:
    assert isinstance(layer, Convolution | Pooling)
    spans = zip(layer.window.kernel, layer.window.stride, strict=True)
    return replace(layer, kernel_size=tuple((int(k) - 1) * int(step) + 1 for k, step in spans))


def _windows(network: Layer) -> list[Layer]:
    """The layers of a network that slide, the first one first."""
    return [leaf for _, leaf in network.leaves() if isinstance(leaf, Convolution | Pooling)]


def _of_several(change: Callable[[Layer, list[Layer]], Layer]) -> Callable[[Task], Task | None]:
    """A belief about the layers that slide, of which there must be two or more."""

    def distort(task: Task) -> Task | None:
        windows = _windows(task.layer)
        if len(windows) < 2:
            return None
        return distorted(task, lambda leaf: change(leaf, windows) if leaf in windows else leaf)

    return distort


def _touching(leaf: Layer, windows: list[Layer]) -> Layer:
    """Windows that stand side by side instead of over each other, from the second on."""
    assert isinstance(leaf, Convolution | Pooling)
    wider = tuple(int(size) + 1 for size in leaf.window.kernel)
    return leaf if leaf is windows[0] else replace(leaf, kernel_size=wider)


def _last_alone(leaf: Layer, windows: list[Layer]) -> Layer:
    assert isinstance(leaf, Convolution | Pooling)
    return leaf if leaf is windows[-1] else replace(leaf, kernel_size=1, stride=1, padding=0)


def _without_the_start(leaf: Layer, windows: list[Layer]) -> Layer:
    assert isinstance(leaf, Convolution | Pooling)
    shorter = tuple(int(size) - 1 for size in leaf.window.kernel)
    return replace(leaf, kernel_size=shorter) if leaf is windows[0] else leaf


declare(
    "start-forgotten",
    Message("You added up what each kernel adds, its size less one: the cell where it starts is one more."),
    _of_several(_without_the_start),
    {Size.RECEPTIVE_FIELD},
)
declare(
    "kernels-added",
    Message("You added up the kernels: windows overlap, so each one after the first adds its size less one."),
    _of_several(_touching),
    {Size.RECEPTIVE_FIELD},
)
declare(
    "last-window-alone",
    Message("You took the last kernel alone: what it reads has seen more than one cell already."),
    _of_several(_last_alone),
    {Size.RECEPTIVE_FIELD},
)
