"""Attention: scores of all queries with all keys at once, a softmax over the keys, values added up.

Nothing is cached here: all tokens are new.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from layercost.forward.activation import softmax_over
from layercost.forward.normalization import standard
from layercost.forward.weights import Array, Call, Sizes, computes

_EPS = 1e-6


def linear(call: Call, name: str, values: Array) -> Array:
    """``(..., d_in)`` to ``(..., d_out)``, by the arrays of that name."""
    products: Array = values @ call[f"{name}.weight"].T
    return products + call[f"{name}.bias"] if f"{name}.bias" in call else products


def sizes_of_linear(name: str, inputs: Any, outputs: Any, bias: bool) -> dict[str, Sizes]:
    """The arrays of a linear map."""
    weight: dict[str, Sizes] = {f"{name}.weight": (int(outputs), int(inputs))}
    return {**weight, f"{name}.bias": (int(outputs),)} if bias else weight


def _in_heads(values: Array, size: Any) -> Array:
    """``(N, T, h k)`` to ``(N, h, T, k)``."""
    return values.reshape(*values.shape[:2], -1, int(size)).swapaxes(1, 2)


def _as_rows(heads: Array) -> Array:
    """``(N, h, T, k)`` to ``(N, T, h k)``."""
    rows = heads.swapaxes(1, 2)
    return rows.reshape(*rows.shape[:2], -1)


def _over_root_mean_square(values: Array, weight: Array) -> Array:
    normal: Array = values / np.sqrt(np.square(values).mean(axis=-1, keepdims=True) + _EPS)
    return normal * weight


def turned(heads: Array, size: int) -> Array:
    """The first `size` values of each head turned two and two, the first half with the second.

    Source: Su et al. 2021 (RoFormer), section 3.4.2; halves as in GPT-NeoX and Llama.
    """
    half = size // 2
    angles = np.arange(heads.shape[2])[:, None] / 10_000 ** (np.arange(half) / half)
    cosine, sine = np.cos(angles), np.sin(angles)
    first, second, rest = heads[..., :half], heads[..., half:size], heads[..., size:]
    return np.concatenate([first * cosine - second * sine, second * cosine + first * sine, rest], axis=-1)


def _distances(queries: int, keys: int) -> Array:
    """Of each query and each key, how far the key stands behind the query; before it, below 0."""
    return np.arange(keys)[None, :] - np.arange(queries)[:, None]


def _hidden(distances: Array, causal: bool, window: int | None) -> Array:
    later = distances > 0 if causal else np.zeros_like(distances, dtype=bool)
    return later if window is None else later | (distances <= -window)


def _shares(scores: Array, hidden: Array | None) -> Array:
    return softmax_over(scores if hidden is None else np.where(hidden, -np.inf, scores))


# ---- attention ---------------------------------------------------------------------------------


def _keeps_maps(layer: Any, source: Any) -> dict[str, Sizes]:
    d, bias = layer.embed_dim, layer.has_bias
    return {
        **sizes_of_linear("q", d, layer.query_width, bias("q")),
        **sizes_of_linear("k", source, layer.key_width, bias("k")),
        **sizes_of_linear("v", source, layer.value_width, bias("v")),
        **sizes_of_linear("o", layer.context_width, d, bias("out")),
    }


def _keeps(layer: Any) -> dict[str, Sizes]:
    shapes = _keeps_maps(layer, layer.embed_dim)
    if layer.qk_norm is not None:
        of_all = layer.qk_norm == "all"
        shapes["norm.q_weight"] = (layer.query_width if of_all else layer.key_size,)
        shapes["norm.k_weight"] = (layer.key_width if of_all else layer.key_size,)
    if layer.qk_norm == "layer":
        shapes["norm.q_bias"] = shapes["norm.k_bias"] = (layer.key_size,)
    if layer.sinks:
        shapes["sinks.weight"] = (layer.num_heads,)
    if layer.buckets:
        shapes["relative_bias.weight"] = (layer.buckets, layer.num_heads)
    return shapes


def _normed(layer: Any, which: str, rows: Array, call: Call) -> Array:
    """Queries or keys as heads, normalized one by one or all together."""
    weight = call.arrays.get(f"norm.{which}_weight")
    if layer.qk_norm == "all":
        rows = _over_root_mean_square(rows, np.asarray(weight))
    heads = _in_heads(rows, layer.key_size)
    if layer.qk_norm == "layer":
        scaled: Array = standard(heads, (-1,), _EPS) * np.asarray(weight)
        return scaled + call[f"norm.{which}_bias"]
    return _over_root_mean_square(heads, np.asarray(weight)) if layer.qk_norm == "head" else heads


def _placed(layer: Any, heads: Array) -> Array:
    if layer.positions != "rotary":
        return heads
    return turned(heads, int(layer.key_size if layer.rotary_dim is None else layer.rotary_dim))


def _scores(layer: Any, queries: Array, keys: Array) -> Array:
    """``(N, h, T, S)``: each head of keys serves as many heads of queries."""
    shared = np.repeat(keys, layer.num_heads // int(layer.kv_heads), axis=1)
    scores: Array = queries @ shared.swapaxes(-1, -2) / np.sqrt(int(layer.key_size))
    return scores


def _added_up(layer: Any, shares: Array, values: Array) -> Array:
    heads: Array = shares @ np.repeat(values, layer.num_heads // int(layer.kv_heads), axis=1)
    return _as_rows(heads)


@computes("Attention", keeps=_keeps)
def attention(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d)`` to the same shape; raises TypeError where positions are in another layer's table."""
    queries = _placed(layer, _normed(layer, "q", linear(call, "q", values), call))
    keys = _placed(layer, _normed(layer, "k", linear(call, "k", values), call))
    distances = _distances(values.shape[1], values.shape[1])
    scores = _scores(layer, queries, keys) + _by_distance(layer, distances, call)
    hidden = _hidden(distances, layer.causal, layer.window)
    if layer.sinks:
        sinks = np.broadcast_to(call["sinks.weight"][:, None, None], (*scores.shape[:-1], 1))
        scores, hidden = np.concatenate([scores, sinks], axis=-1), np.pad(hidden, ((0, 0), (0, 1)))
    shares = _shares(scores, hidden)[..., : len(distances)]
    context = _added_up(layer, shares, _in_heads(linear(call, "v", values), layer.value_size))
    return linear(call, "o", context)


def _by_distance(layer: Any, distances: Array, call: Call) -> Array | float:
    """What is added to the scores of each head for the distance.

    Source: Press et al. 2021 (ALiBi), section 3. Of a table each row is one distance, the last one that of
    all that are farther; T5 widens its rows, which costs the same.
    """
    if layer.positions == "alibi":
        slopes = 2.0 ** (-8 * np.arange(1, layer.num_heads + 1) / layer.num_heads)
        alibi: Array = -slopes[:, None, None] * np.abs(distances)
        return alibi
    if layer.positions != "relative":
        return 0.0
    if not layer.buckets:
        raise TypeError(f"{layer!r} cannot be computed: the table of its positions is in another layer")
    rows = np.minimum(np.abs(distances), layer.buckets - 1)
    added: Array = np.moveaxis(call["relative_bias.weight"][rows], -1, 0)
    return added


@computes("CrossAttention", keeps=lambda layer: _keeps_maps(layer, layer.source_width))
def cross_attention(layer: Any, values: Sequence[Array], call: Call) -> Array:
    """``(N, T, d)`` and ``(N, S, d_e)`` to ``(N, T, d)``."""
    tokens, source = values
    queries = _in_heads(linear(call, "q", tokens), layer.key_size)
    keys = _in_heads(linear(call, "k", source), layer.key_size)
    shares = _shares(_scores(layer, queries, keys), None)
    return linear(call, "o", _added_up(layer, shares, _in_heads(linear(call, "v", source), layer.value_size)))


# ---- latent attention --------------------------------------------------------------------------


def _keeps_latent(layer: Any) -> dict[str, Sizes]:
    d, h, bias, rank = layer.embed_dim, layer.num_heads, layer.bias, layer.q_lora_rank
    c, queries = layer.kv_lora_rank, layer.num_heads * (layer.qk_nope_head_dim + layer.qk_rope_head_dim)
    if rank is None:
        shapes = sizes_of_linear("q", d, queries, False)
    else:
        shapes = {**sizes_of_linear("q_down", d, rank, bias), **sizes_of_linear("q_up", rank, queries, False)}
        shapes["norm.q_weight"] = (rank,)
    return {
        **shapes,
        **sizes_of_linear("kv_down", d, c + layer.qk_rope_head_dim, bias),
        **sizes_of_linear("kv_up", c, h * (layer.qk_nope_head_dim + layer.v_head_dim), False),
        **sizes_of_linear("o", h * layer.v_head_dim, d, bias),
        "norm.kv_weight": (c,),
    }


@computes("LatentAttention", keeps=_keeps_latent)
def latent_attention(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d)`` to the same shape: absorbed or not, the same numbers."""
    n, r, c = layer.qk_nope_head_dim, layer.qk_rope_head_dim, layer.kv_lora_rank
    queries = _in_heads(_latent_queries(layer, values, call), n + r)
    queries = np.concatenate([queries[..., :n], turned(queries[..., n:], r)], axis=-1) if r else queries
    down = linear(call, "kv_down", values)
    short = _over_root_mean_square(down[..., :c], call["norm.kv_weight"])
    shared = down[:, None, :, c:]
    shared = turned(shared, r) if r else shared
    up = _in_heads(linear(call, "kv_up", short), n + layer.v_head_dim)
    keys = np.concatenate([up[..., :n], np.repeat(shared, layer.num_heads, axis=1)], axis=-1)
    scores = queries @ keys.swapaxes(-1, -2) / np.sqrt(n + r)
    shares = _shares(scores, _hidden(_distances(*scores.shape[-2:]), True, None))
    return linear(call, "o", _as_rows(shares @ up[..., n:]))


def _latent_queries(layer: Any, values: Array, call: Call) -> Array:
    if layer.q_lora_rank is None:
        return linear(call, "q", values)
    down = _over_root_mean_square(linear(call, "q_down", values), call["norm.q_weight"])
    return linear(call, "q_up", down)
