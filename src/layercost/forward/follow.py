"""A batch through a layer, or through a tree of layers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from layercost.forward.joins import together
from layercost.forward.weights import (
    COMPUTED,
    Array,
    Call,
    arrays_of,
    computed,
    draw_weights,
    leaves_that_keep,
)
from layercost.layer import Layer, Shapes
from layercost.layers.composite import AtFirst, Auxiliary, Parallel, Sequential
from layercost.layers.graph import Graph
from layercost.layers.joins import Join
from layercost.layers.patches import EachCell
from layercost.shape import ShapeError, shape_of

Arrays: TypeAlias = tuple[Array, ...]  # one, or of a join one for each value that it reads

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

    What reads several values takes one array for each, as ``run(MatMul(), [queries, keys])``.
    `weights` are arrays under PyTorch's names, as ``conv1.weight``; without them they are drawn from `seed`
    (`draw_weights`). Embedding takes whole numbers; everything else computes in the floating-point format of
    `values`, and in float64 for whole numbers. In training, normalizations use the batch's own statistics and
    dropouts draw from `seed`; nothing is updated.
    Raises ShapeError for values that do not fit and WeightError for weights that do not.

    >>> from layercost import Linear
    >>> run(Linear(2, 1), [[1.0, 10.0]], {"weight": [[2.0, 3.0]], "bias": [0.5]}).tolist()
    [[32.5]]
    """
    given = values if _reads_several(layer) else [values]
    arrays = tuple([_checked(np.asarray(one)) for one in given])
    if len({len(array) for array in arrays}) > 1:
        raise ShapeError(
            f"run takes batches of one size, but got {' and '.join(str(len(a)) for a in arrays)}"
        )
    shapes = tuple([shape_of(array.shape[1:], "run") for array in arrays])
    layer.output_shape(*shapes)  # says where inside a network something does not fit
    kept = draw_weights(layer, seed) if weights is None else weights
    this = _Run(_by_leaf(layer, kept), training, np.random.default_rng(seed))
    return _follow(layer, arrays, shapes, this)


def _reads_several(layer: Layer) -> bool:
    """Whether `layer` takes a list of arrays: so for a join, and for what begins with one."""
    match layer:
        case Sequential(children=((_, first), *_)):
            return _reads_several(first)
        case Graph():
            return len(layer.inputs) > 1
    return isinstance(layer, Join) and layer.reads != 1


def _checked(batch: Array) -> Array:
    """A batch of numbers; raises ShapeError for what is none."""
    if batch.ndim < 2 or not batch.size:
        raise ShapeError(
            f"run takes a batch of inputs of shape (N, ...), but got values of shape {batch.shape}"
        )
    if not np.issubdtype(batch.dtype, np.number):
        raise ShapeError(f"run takes numbers, but got values of type {batch.dtype}")
    return batch


def _by_leaf(layer: Layer, weights: Mapping[str, Any]) -> dict[int, dict[str, Array]]:
    paths: defaultdict[int, list[str]] = defaultdict(list)
    leaves, places = list(leaves_that_keep(layer)), getattr(layer, "places", {})
    for path, leaf in leaves:
        paths[id(leaf)].append(path)
        if path in places:  # what the model that `layer` was read from calls it
            paths[id(leaf)].append(places[path])
    return {id(leaf): arrays_of(leaf, tuple(paths[id(leaf)]), weights) for _, leaf in leaves}


def _follow(layer: Layer, values: Arrays, shapes: Shapes, this: _Run) -> Array:
    match layer:
        case Sequential():
            for _, child in layer.children:
                values = (_follow(child, values, shapes, this),)
                shapes = (child.output_shape(*shapes),)
            return values[0]
        case Parallel():
            return _joined(layer, values, shapes, this)
        case Graph():
            return _through_graph(layer, values, shapes, this)
        case Auxiliary():  # what the head on the side gives is not part of the output
            return values[0]
        case AtFirst():
            return _follow(layer.layer, values, shapes, this)
        case EachCell():
            return _each_cell(layer, values[0], this)
    if type(layer).__name__ not in _TAKE_WHOLE_NUMBERS:
        values = tuple([v if np.issubdtype(v.dtype, np.inexact) else v.astype(np.float64) for v in values])
    if isinstance(layer, Join) and type(layer).__name__ not in COMPUTED:
        return together(layer, values, shapes)
    several = isinstance(layer, Join) and layer.reads > 1
    return computed(layer).compute(layer, values if several else values[0], this.call(layer))


def _each_cell(layer: EachCell, image: Array, this: _Run) -> Array:
    """The cells as tokens, row after row, and back."""
    batch, channels, height, width = image.shape
    tokens = image.reshape(batch, channels, -1).swapaxes(1, 2)
    output = _follow(layer.layer, (tokens,), (shape_of(tokens.shape[1:]),), this)
    return output.swapaxes(1, 2).reshape(batch, -1, height, width)


def _through_graph(layer: Graph, values: Arrays, shapes: Shapes, this: _Run) -> Array:
    found = dict(zip(layer.inputs, values, strict=True))
    sizes = dict(zip(layer.inputs, shapes, strict=True))
    for name, inner, inputs, _ in layer.nodes:
        arriving = tuple([sizes[key] for key in inputs])
        found[name] = _follow(inner, tuple([found[key] for key in inputs]), arriving, this)
        sizes[name] = inner.output_shape(*arriving)
    return found[layer.output]


def _joined(layer: Parallel, values: Arrays, shapes: Shapes, this: _Run) -> Array:
    outputs = [_follow(child, values, shapes, this) for _, child in layer.children]
    return together(layer.end, outputs, [child.output_shape(*shapes) for _, child in layer.children])
