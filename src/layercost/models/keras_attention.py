"""Keras's attention layers as graphs: their projections, and the products of the values that these give."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from layercost import layers as ours
from layercost.layer import Layer
from layercost.models.keras_call import Called, Drawing, Found, Sizes, as_in_keras, must, named, weights
from layercost.models.leaves import Applied, Unknown

_ORDER = ("query", "value", "key", "query_mask", "value_mask", "key_mask", "attention_mask")


def _drawn(called: Called) -> tuple[Drawing, str]:
    """The graph as it begins, with all values under their names, and the name of the key.

    Without a key of its own, the value is the key.
    """
    names = _arrived(called)
    must(len(names) == len(called.taken) and {"query", "value"} <= set(names) <= set(_ORDER))
    draw = Drawing(**dict(zip(names, called.taken, strict=True)))
    return draw, "key" if "key" in names else "value"


def _arrived(called: Called) -> list[str]:
    """The names of the values in Keras's own order, which sorts what is given by name."""
    tensor = called.keras.KerasTensor
    placed = [
        name for name, value in zip(_ORDER, called.arguments, strict=False) if isinstance(value, tensor)
    ]
    by_name = {name: name for name, value in called.keywords.items() if isinstance(value, tensor)}
    return list(called.keras.tree.flatten((placed, by_name)))


def _weights_of(draw: Drawing, scores: str, axes: int, dropout: float) -> str:
    """The softmax of scores over their last axes together, and the dropout behind it."""
    sizes = draw.sizes(scores)
    if axes > 1:
        scores = draw.move("keys_in_a_row", scores, (*sizes[:-axes], prod(sizes[-axes:])))
    scores = draw.add("softmax", ours.Softmax(-1), scores)
    if axes > 1:
        scores = draw.move("weights", scores, sizes)
    return draw.add("dropout", ours.Dropout(dropout), scores) if dropout else scores


def _projected(draw: Drawing, name: str, dense: Any, value: str, heads: Sizes) -> str:
    """A value projected into heads: ``(..., features)`` to ``(..., heads, size)``."""
    sizes = draw.sizes(value)
    linear = ours.Linear(sizes[-1], heads[0] * heads[1], bias=dense.bias is not None)
    flat = draw.add(name, linear, value)
    return draw.move(f"{name}_heads", flat, (*sizes[:-1], *heads))


def _closed(draw: Drawing, layer: Any, context: str, given: Sizes, gate: str | None) -> str:
    """The heads put together again and projected to the output."""
    sizes = draw.sizes(context)
    if gate is not None:
        context = draw.add("gated", ours.Multiply(2), context, gate)
    features = sizes[-1] * sizes[-2]
    rows = draw.move("rows", context, (*sizes[:-2], features))
    dense = layer._output_dense  # noqa: SLF001 - where Keras keeps the last projection
    wide = prod(given[len(sizes) - 2 :])
    output = draw.add("output", ours.Linear(features, wide, bias=dense.bias is not None), rows)
    return output if draw.sizes(output) == given else draw.move("output_shape", output, given)


def _gate(draw: Drawing, layer: Any, heads: Sizes) -> str | None:
    if not getattr(layer, "use_gate", getattr(layer, "_use_gate", False)):
        return None
    gate = _projected(draw, "gate", layer._gate_dense, "query", heads)  # noqa: SLF001 - as above
    return draw.add("gate_sigmoid", ours.Sigmoid(), gate)


def _masked(draw: Drawing, called: Called, scores: str, window: Any) -> str:
    """Scores with a constant mask added where attention is causal; how another mask is made is not known."""
    causal = called.keywords.get("use_causal_mask", False)
    masks = [name for name in draw.inputs if name.endswith("_mask")]
    if masks or window is not None or called.masked:
        sizes = draw.sizes(scores)
        taken = tuple(draw.sizes(name) for name in (scores, *masks))
        return draw.add("mask", Unknown("mask of attention", taken, sizes), scores, *masks)
    return draw.add("mask", ours.Elementwise("add"), scores) if causal else scores


def _multi_head(called: Called) -> Found:
    """``MultiHeadAttention``: four projections, the products of queries and keys, of scores and values."""
    layer = called.original
    draw, own_key = _drawn(called)
    heads, size, wide = layer.num_heads, layer.key_dim, layer.value_dim
    gate = _gate(draw, layer, (heads, wide))
    query = _projected(draw, "query_dense", layer.query_dense, "query", (heads, size))
    key = _projected(draw, "key_dense", layer.key_dense, own_key, (heads, size))
    value = _projected(draw, "value_dense", layer.value_dense, "value", (heads, wide))
    scaled = draw.add("scale", ours.Elementwise("multiply"), query)
    equations = layer._dot_product_equation, layer._combine_equation  # noqa: SLF001 - what Keras computes
    first, second = map(_plain_equation, equations)
    scores = draw.einsum("scores", first, key, scaled)
    scores = _masked(draw, called, scores, getattr(layer, "_sliding_window", None))
    scores = _weights_of(draw, scores, len(layer.attention_axes), layer.dropout)
    context = draw.einsum("context", second, scores, value)
    output = _closed(draw, layer, context, called.given, gate)
    return Found(draw.graph(output), *(as_in_keras(len(one)) for one in (called.sizes, called.given)))


def _plain_equation(equation: str) -> str:
    """An equation without the batch, which stands first in all of its values."""
    left, result = equation.split("->")
    first, second = left.split(",")
    must(first[0] == second[0] == result[0])
    return f"{first[1:]},{second[1:]}->{result[1:]}"


def _grouped_query(called: Called) -> Found:
    """``GroupedQueryAttention``: fewer keys and values than queries, each repeated for several heads."""
    layer = called.original
    draw, own_key = _drawn(called)
    heads, few, size = layer.num_query_heads, layer.num_key_value_heads, layer.head_dim
    gate = _gate(draw, layer, (heads, size))
    denses = layer._query_dense, layer._key_dense, layer._value_dense  # noqa: SLF001 - where Keras keeps them
    query = _projected(draw, "query_dense", denses[0], "query", (heads, size))
    key = _projected(draw, "key_dense", denses[1], own_key, (few, size))
    value = _projected(draw, "value_dense", denses[2], "value", (few, size))
    if heads != few:
        steps = draw.sizes(key)[0]
        key, value = (draw.move(f"{one}_repeated", one, (steps, heads, size)) for one in (key, value))
    scaled = draw.add("scale", ours.Elementwise("multiply"), query)
    scores = draw.einsum("scores", "quh,kuh->uqk", scaled, key)
    scores = _masked(draw, called, scores, layer.sliding_window)
    scores = _weights_of(draw, scores, 1, layer.dropout)
    context = draw.einsum("context", "uqk,kuh->quh", scores, value)
    output = _closed(draw, layer, context, called.given, gate)
    return Found(draw.graph(output), as_in_keras(2), as_in_keras(2))


# ---- attention without projections -------------------------------------------------------------------


def _three(called: Called) -> tuple[Drawing, str]:
    """The graph of a layer that takes query, value and perhaps a key in a list; and which is the key."""
    must(not called.masked and not isinstance(called.arguments[0], called.keras.KerasTensor))
    names = ("query", "value", "key")[: len(called.taken)]
    must(len(called.arguments[0]) == len(called.taken) and all(len(sizes) == 2 for sizes in called.taken))
    return Drawing(**dict(zip(names, called.taken, strict=True))), names[-1] if len(names) == 3 else "value"


def _weighed(draw: Drawing, called: Called, scores: str) -> Found:
    """Scores with a causal mask, as weights of the values."""
    layer = called.original
    if called.keywords.get("use_causal_mask", False):
        scores = draw.add("mask", ours.Elementwise("subtract"), scores)
    scores = _weights_of(draw, scores, 1, layer.dropout)
    return Found(draw.graph(draw.add("context", ours.MatMul(), scores, "value")), as_in_keras(2))


def _attention(called: Called) -> Found:
    """``Attention``: products of queries and keys, or a sum of tanh over their sums."""
    layer = called.original
    draw, key = _three(called)
    if layer.score_mode == "concat":
        return _weighed(draw, called, _concatenated(draw, key, layer))
    scores = draw.add("scores", ours.MatMul(transpose=True), "query", key)
    if layer.scale is not None:
        scores = draw.add("scale", Applied(ours.Elementwise("multiply"), weights(layer.scale)), scores)
    return _weighed(draw, called, scores)


def _sums(draw: Drawing, key: str) -> tuple[str, Sizes]:
    """Every query plus every key."""
    (queries, size), (keys, _) = draw.sizes("query"), draw.sizes(key)
    rows = draw.move("query_rows", "query", (queries, 1, size))
    columns = draw.move("key_columns", key, (1, keys, size))
    return draw.add("sums", ours.Add(2), rows, columns), (queries, keys, size)


def _concatenated(draw: Drawing, key: str, layer: Any) -> str:
    value, _ = _sums(draw, key)
    if layer.scale is not None:
        value = draw.add("scale", Applied(ours.Elementwise("multiply"), weights(layer.scale)), value)
    total = draw.add("sum", named("Reduce", "sum", (-1,)), draw.add("tanh", ours.Tanh(), value))
    weight = Applied(ours.Elementwise("multiply"), weights(layer.concat_score_weight))
    return draw.add("score_weight", weight, total)


def _additive(called: Called) -> Found:
    """``AdditiveAttention``: a weighted sum of tanh over the sums of queries and keys."""
    layer = called.original
    draw, key = _three(called)
    value, _ = _sums(draw, key)
    value = draw.add("tanh", ours.Tanh(), value)
    scale: Layer = ours.Elementwise("multiply")
    scale = Applied(scale, weights(layer.scale)) if layer.scale is not None else scale
    value = draw.add("scale", scale, value)
    return _weighed(draw, called, draw.add("sum", named("Reduce", "sum", (-1,)), value))


ATTENTION: dict[str, Callable[[Called], Found]] = {
    "MultiHeadAttention": _multi_head,
    "GroupedQueryAttention": _grouped_query,
    "GroupQueryAttention": _grouped_query,
    "Attention": _attention,
    "AdditiveAttention": _additive,
}
