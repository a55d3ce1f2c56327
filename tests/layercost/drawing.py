"""Random small layers with an input that fits them: one recipe for each registered layer.

A layer that is registered and has no recipe here fails the contract tests by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from hypothesis import strategies as st

import layercost as lc

Drawn: TypeAlias = tuple[lc.Layer, tuple[int, ...]]
Draw: TypeAlias = Callable[[st.SearchStrategy[Any]], Any]


def small(low: int, high: int) -> st.SearchStrategy[int]:
    return st.integers(low, high)


def sizes(low: int, high: int) -> st.SearchStrategy[int | tuple[int, int]]:
    """One size for both axes, or one for each."""
    return small(low, high) | st.tuples(small(low, high), small(low, high))


def pair(size: int | tuple[int, int]) -> tuple[int, int]:
    return size if isinstance(size, tuple) else (size, size)


any_shape = st.one_of(
    st.tuples(small(1, 6)),
    st.tuples(small(1, 4), small(1, 5)),
    st.tuples(small(1, 3), small(1, 4), small(1, 4)),
    st.tuples(small(1, 2), small(1, 2), small(1, 3), small(1, 3)),
)


def room_for(draw: Draw, kernel: Any, padding: Any = 0, dilation: Any = 1) -> tuple[int, int]:
    """A height and a width in which the window fits at least once, some way from the edge or not."""
    settings = zip(pair(kernel), pair(padding), pair(dilation), strict=True)
    least = (max(1, d * (k - 1) + 1 - 2 * p) for k, p, d in settings)
    height, width = (low + draw(small(0, 4)) for low in least)
    return height, width


def _window(draw: Draw, most_padding: Callable[[Any], Any]) -> dict[str, Any]:
    kernel = draw(sizes(1, 3))
    return {
        "kernel_size": kernel,
        "stride": draw(sizes(1, 3)),
        "padding": most_padding(kernel),
    }


def _pool_padding(draw: Draw) -> Callable[[Any], tuple[int, int]]:
    """At most half of the kernel, as PyTorch wants it."""

    def padding(kernel: Any) -> tuple[int, int]:
        height, width = (draw(small(0, k // 2)) for k in pair(kernel))
        return height, width

    return padding


def conv2d(draw: Draw) -> Drawn:
    groups, window = draw(small(1, 3)), _window(draw, lambda _: draw(sizes(0, 2)))
    window["dilation"] = draw(sizes(1, 2))
    channels = groups * draw(small(1, 2))
    layer = lc.Conv2d(channels, groups * draw(small(1, 3)), groups=groups, bias=draw(st.booleans()), **window)
    return layer, (channels, *room_for(draw, window["kernel_size"], window["padding"], window["dilation"]))


def connected_conv2d(draw: Draw) -> Drawn:
    channels, kernel = draw(small(1, 4)), draw(sizes(1, 3))
    inputs = st.lists(small(0, channels - 1), min_size=1, unique=True).map(tuple)
    connections = tuple(draw(st.lists(inputs, min_size=1, max_size=4)))
    return lc.ConnectedConv2d(channels, connections, kernel), (channels, *room_for(draw, kernel))


def linear(draw: Draw) -> Drawn:
    leading = draw(st.sampled_from([(), (2,), (2, 3)]))
    layer = lc.Linear(draw(small(1, 8)), draw(small(1, 8)), bias=draw(st.booleans()))
    return layer, (*leading, layer.in_features)


def euclidean_rbf(draw: Draw) -> Drawn:
    layer = lc.EuclideanRBF(draw(small(1, 8)), draw(small(1, 8)))
    return layer, (layer.in_features,)


def max_pool2d(draw: Draw) -> Drawn:
    window = _window(draw, _pool_padding(draw))
    dilation = draw(sizes(1, 2))
    layer = lc.MaxPool2d(**window, dilation=dilation, ceil_mode=draw(st.booleans()))
    return layer, (draw(small(1, 3)), *room_for(draw, window["kernel_size"], window["padding"], dilation))


def avg_pool2d(draw: Draw) -> Drawn:
    window = _window(draw, _pool_padding(draw))
    layer = lc.AvgPool2d(**window, ceil_mode=draw(st.booleans()), count_include_pad=draw(st.booleans()))
    return layer, (draw(small(1, 3)), *room_for(draw, window["kernel_size"], window["padding"]))


def subsampling2d(draw: Draw) -> Drawn:
    window, channels = _window(draw, _pool_padding(draw)), draw(small(1, 3))
    layer = lc.Subsampling2d(**window, channels=channels)
    return layer, (channels, *room_for(draw, window["kernel_size"], window["padding"]))


def softmax(draw: Draw) -> Drawn:
    shape = draw(any_shape)
    return lc.Softmax(dim=-draw(small(1, len(shape)))), shape


def of_any_shape(layer: type[lc.Layer]) -> Callable[[Draw], Drawn]:
    return lambda draw: (layer(), draw(any_shape))


def sequential(draw: Draw) -> Drawn:
    """A convolution, perhaps a pooling, and one Linear object that is called twice."""
    conv, shape = conv2d(draw)
    pool = draw(st.sampled_from([(), (lc.MaxPool2d(2, ceil_mode=True),), (lc.AvgPool2d(1, 2), lc.ReLU())]))
    front = lc.Sequential(conv, lc.ReLU(), lc.Sequential(*pool, lc.Flatten()))
    (features,) = front.output_shape(shape)
    square = lc.Linear(3, 3, bias=draw(st.booleans()))
    head = {"front": front, "fit": lc.Linear(int(features), 3), "first": square, "again": square}
    return lc.Sequential({**head, "softmax": lc.Softmax()}), shape


RECIPES: dict[str, Callable[[Draw], Drawn]] = {
    "AvgPool2d": avg_pool2d,
    "ConnectedConv2d": connected_conv2d,
    "Conv2d": conv2d,
    "EuclideanRBF": euclidean_rbf,
    "Flatten": of_any_shape(lc.Flatten),
    "Linear": linear,
    "MaxPool2d": max_pool2d,
    "ReLU": of_any_shape(lc.ReLU),
    "ScaledTanh": of_any_shape(lc.ScaledTanh),
    "Sequential": sequential,
    "Sigmoid": of_any_shape(lc.Sigmoid),
    "Softmax": softmax,
    "Subsampling2d": subsampling2d,
    "Tanh": of_any_shape(lc.Tanh),
}


def layer_and_shape(name: str) -> st.SearchStrategy[Drawn]:
    """A random layer of that name, with an input shape that fits it."""
    if name not in RECIPES:
        raise LookupError(f"{name} is registered but has no recipe in tests/layercost/drawing.py")
    return st.composite(RECIPES[name])()
