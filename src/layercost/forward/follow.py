"""A batch through a layer, or through a tree of layers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from layercost.forward.joins import together
from layercost.forward.weights import Array, Call, arrays_of, computed, draw_weights, leaves_that_keep
from layercost.layer import Layer
from layercost.layers.composite import Auxiliary, Parallel, Sequential
from layercost.layers.graph import Graph
from layercost.layers.joins import Join
from layercost.shape import Shape, ShapeError, shape_of

_TAKE_WHOLE_NUMBERS = ("Embedding", "Flatten", "Identity", "Dropout")  # tokens pass through them as they are


@dataclass(frozen=True)
class _Run:
    """One run: every leaf's arrays, whether it trains, and where chance comes from."""

    arrays: Mapping[int, Mapping[str, Array]]
    training: bool
    random: np.random.Generator

    def call(self, layer: Layer) -> Call:
        return Call(self.arrays.get(id(layer), {}), self.training, self.random)


def run(
    layer: Layer,
    values: Any,
    weights: Mapping[str, Any] | None = None,
    *,
    seed: int = 0,
    training: bool = False,
) -> Array:
    """The output of `layer`, of shape ``(N, ...)``, for a batch of `values` of shape ``(N, ...)``.

    `weights` are arrays under PyTorch's names, as ``conv1.weight``; without them they are drawn from `seed`
    (`draw_weights`). Embedding takes whole numbers; everything else computes in the floating-point format of
    `values`, and in float64 for whole numbers. In training, normalizations use the batch's own statistics and
    dropouts draw from `seed`; nothing is updated.
    Raises ShapeError for values that do not fit and WeightError for weights that do not.

    >>> from layercost import Linear
    >>> run(Linear(2, 1), [[1.0, 10.0]], {"weight": [[2.0, 3.0]], "bias": [0.5]}).tolist()
    [[32.5]]
    """
    batch = np.asarray(values)
    if batch.ndim < 2 or not batch.size:
        raise ShapeError(
            f"run takes a batch of inputs of shape (N, ...), but got values of shape {batch.shape}"
        )
    if not np.issubdtype(batch.dtype, np.number):
        raise ShapeError(f"run takes numbers, but got values of type {batch.dtype}")
    layer.output_shape(batch.shape[1:])  # says where inside a network something does not fit
    given = draw_weights(layer, seed) if weights is None else weights
    this = _Run(_by_leaf(layer, given), training, np.random.default_rng(seed))
    return _follow(layer, batch, shape_of(batch.shape[1:], "run"), this)


def _by_leaf(layer: Layer, weights: Mapping[str, Any]) -> dict[int, dict[str, Array]]:
    paths: defaultdict[int, list[str]] = defaultdict(list)
    leaves, places = list(leaves_that_keep(layer)), getattr(layer, "places", {})
    for path, leaf in leaves:
        paths[id(leaf)].append(path)
        if path in places:  # what the model that `layer` was read from calls it
            paths[id(leaf)].append(places[path])
    return {id(leaf): arrays_of(leaf, tuple(paths[id(leaf)]), weights) for _, leaf in leaves}


def _follow(layer: Layer, values: Array, shape: Shape, this: _Run) -> Array:
    match layer:
        case Sequential():
            for _, child in layer.children:
                values = _follow(child, values, shape, this)
                shape = child.output_shape(shape)
            return values
        case Parallel():
            return _joined(layer, values, shape, this)
        case Graph():
            return _through_graph(layer, values, shape, this)
        case Auxiliary():  # what the head on the side gives is not part of the output
            return values
    if type(layer).__name__ not in _TAKE_WHOLE_NUMBERS and not np.issubdtype(values.dtype, np.inexact):
        values = values.astype(np.float64)
    return computed(layer).compute(layer, values, this.call(layer))


def _through_graph(layer: Graph, values: Array, shape: Shape, this: _Run) -> Array:
    found, shapes = {layer.inputs[0]: values}, {layer.inputs[0]: shape}
    for name, inner, inputs, _ in layer.nodes:
        parts, sizes = [found[key] for key in inputs], [shapes[key] for key in inputs]
        shapes[name] = inner.output_shape(*sizes)
        if isinstance(inner, Join):
            found[name] = together(inner, parts, sizes)
        else:
            found[name] = _follow(inner, parts[0], sizes[0], this)
    return found[layer.output]


def _joined(layer: Parallel, values: Array, shape: Shape, this: _Run) -> Array:
    outputs = [_follow(child, values, shape, this) for _, child in layer.children]
    return together(layer.end, outputs, [child.output_shape(shape) for _, child in layer.children])
