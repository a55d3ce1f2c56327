"""Folding: at inference a batch normalization disappears into the layer before it.

``W' = W weight / sqrt(var + eps)`` and ``b' = (b - mean) weight / sqrt(var + eps) + bias``: the layer before
has a bias afterwards, and the four operations an element of the normalization are gone.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from layercost.layer import Layer, keep
from layercost.layers.activation import Dropout
from layercost.layers.composite import AtFirst, Auxiliary, Parallel, Sequential
from layercost.layers.convolution import Convolution
from layercost.layers.graph import Graph
from layercost.layers.linear import Linear
from layercost.layers.normalization import BatchNorm
from layercost.layers.reshaping import Identity
from layercost.layers.transposed import TransposedConvolution


def fold(layer: Layer, into: type[Layer] = Layer) -> Layer:
    """`layer` as it runs at inference: batch normalizations folded into the layers before, where that works.

    It works directly after a convolution or a Linear whose output nothing else reads, for statistics that
    were kept in training, and where neither of the two is called in a second place. Elsewhere it stays.
    `into` folds into layers of that type alone.
    Source: documents 001 and 002; Jacob et al. 2018, section 3.2.

    >>> from layercost import BatchNorm2d, Conv2d, ReLU
    >>> fold(Sequential(Conv2d(3, 6, 3, bias=False), BatchNorm2d(6), ReLU()))
    Sequential({'0': Conv2d(3, 6, kernel_size=3), '2': ReLU()})
    """
    instead: dict[int, Layer | None] = {}
    for before, after in folded_pairs(layer):
        if not isinstance(before, into):
            continue
        instead[id(before)] = replace(before, bias=True)  # type: ignore[call-arg]  # all that fold have it
        instead[id(after)] = None
    return _rewritten(layer, instead) or layer


def folded_pairs(layer: Layer) -> tuple[tuple[Layer, Layer], ...]:
    """Each layer of `layer` into which a normalization is folded, with that normalization, in order."""
    pairs: list[tuple[Layer, Layer]] = []
    _find(layer, None, Counter(id(leaf) for _, leaf in layer.leaves()), pairs)
    return tuple(pairs)


def _find(
    layer: Layer, before: Layer | None, places: Counter[int], pairs: list[tuple[Layer, Layer]]
) -> Layer | None:
    """Note in `pairs` what is folded into what; the leaf that gives `layer`'s output, if one does."""
    match layer:
        case Sequential():
            for _, child in layer.children:
                before = _find(child, before, places, pairs)
            return before
        case Parallel():
            for _, child in layer.children:
                _find(child, None, places, pairs)
            return None
        case Auxiliary():
            _find(layer.layer, None, places, pairs)
            return None
        case AtFirst():
            return _find(layer.layer, before, places, pairs)
        case Graph():
            return _find_in_graph(layer, before, places, pairs)
        case Identity() | Dropout():
            return before
    if before is None or places[id(before)] > 1 or places[id(layer)] > 1 or not _folds(before, layer):
        return layer
    pairs.append((before, layer))
    return before


def _find_in_graph(
    graph: Graph, before: Layer | None, places: Counter[int], pairs: list[tuple[Layer, Layer]]
) -> Layer | None:
    """The same through a graph, where a value that is read twice, or comes out, is nobody's alone."""
    readers = Counter(key for node in graph.nodes for key in node.inputs)
    readers[graph.output] += 1
    ends: dict[str, Layer | None] = dict.fromkeys(graph.inputs, before if len(graph.inputs) == 1 else None)
    for name, inner, inputs, _ in graph.nodes:
        alone = len(inputs) == 1 and readers[inputs[0]] == 1
        ends[name] = _find(inner, ends[inputs[0]] if alone else None, places, pairs)
    return ends[graph.output] if readers[graph.output] == 1 else None


def _folds(before: Layer, after: Layer) -> bool:
    """Whether `after` is a normalization by kept statistics, of just what `before` gives."""
    if not isinstance(after, BatchNorm) or not after.track_running_stats:
        return False
    match before:
        case Convolution() | TransposedConvolution():
            return before.out_channels == after.num_features
        case Linear():
            return before.out_features == after.num_features
    return False


def _rewritten(layer: Layer, instead: dict[int, Layer | None]) -> Layer | None:
    """`layer` with its leaves replaced; None for a leaf that disappears."""
    match layer:
        case Sequential() | Parallel():
            rewritten = ((name, _rewritten(child, instead)) for name, child in layer.children)
            return _with(layer, children=tuple((name, child) for name, child in rewritten if child))
        case Graph():
            nodes = (
                node._replace(layer=_rewritten(node.layer, instead) or Identity()) for node in layer.nodes
            )
            return Graph(tuple(nodes), layer.output, layer.inputs)
        case Auxiliary() | AtFirst():
            return replace(layer, layer=_rewritten(layer.layer, instead) or Identity())
    return instead.get(id(layer), layer)


def _with(layer: Sequential | Parallel, **values: object) -> Layer:
    """The same kind of layer, with other children; the version of a network says that it is folded."""
    twin: Layer = object.__new__(type(layer))
    twin.__dict__.update(layer.__dict__)
    if hasattr(layer, "version"):
        values["version"] = f"{layer.version}, batch normalization folded"
    keep(twin, **values)
    return twin
