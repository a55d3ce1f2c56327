"""Attention as loops: every query meets every key, and what a mask hides is computed all the same."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, NamedTuple, TypeAlias

from layercost.witness.normalization import centred
from layercost.witness.numbers import Number, Tensor, dot, expect, total
from layercost.witness.recording import Run, loops

Row: TypeAlias = list[Number]


class Token(NamedTuple):
    """What a token leaves for those that come later: a key and a value for each head, and its place."""

    keys: list[Row]
    values: list[Row]
    place: int


def mapped(layer: Any, name: str, row: Row, outputs: int, bias: bool, this: Run) -> Row:
    """A linear map: one dot product for each output, and its bias."""
    weight, shift = this.trained(layer, f"{name}.weight"), this.trained(layer, f"{name}.bias")
    sums = [dot((weight[o, i], x) for i, x in enumerate(row)) for o in range(outputs)]
    return [x.plus_bias(shift[o,]) for o, x in enumerate(sums)] if bias else sums


def _has_bias(layer: Any, name: str) -> bool:
    own = getattr(layer, f"{name}_bias")
    return bool(layer.bias if own is None else own)


def _sizes(layer: Any) -> tuple[int, int, int]:
    """How many heads have keys of their own; the sizes of a head's keys and of its values."""
    key = layer.embed_dim // layer.num_heads if layer.head_dim is None else layer.head_dim
    heads = layer.num_heads if layer.num_kv_heads is None else layer.num_kv_heads
    return heads, key, key if layer.v_head_dim is None else layer.v_head_dim


def in_pieces(row: Row, size: int) -> list[Row]:
    """A row in pieces of one size, one for each head."""
    return [row[first : first + size] for first in range(0, len(row), size)]


# ---- what is done to queries and keys -----------------------------------------------------------


def _over_root_mean_square(layer: Any, name: str, row: Row, this: Run) -> Row:
    weight = this.trained(layer, name)
    mean = total(x * x for x in row) / this.number(len(row))
    root = (mean + this.number(1e-6)).square_root()
    return [weight[place,] * (x / root) for place, x in enumerate(row)]


def _by_layer_norm(layer: Any, which: str, row: Row, this: Run) -> Row:
    weight, bias = (this.trained(layer, f"norm.{which}_{name}") for name in ("weight", "bias"))
    scaled = [weight[place,] * x for place, x in enumerate(centred(row, 1e-6, this))]
    return [x + bias[place,] for place, x in enumerate(scaled)]


def _normed(layer: Any, which: str, heads: list[Row], this: Run) -> list[Row]:
    """Each head alone with one vector for all, or all heads together."""
    name = f"norm.{which}_weight"
    if layer.qk_norm == "layer":
        return [_by_layer_norm(layer, which, head, this) for head in heads]
    if layer.qk_norm == "head":
        return [_over_root_mean_square(layer, name, head, this) for head in heads]
    if layer.qk_norm == "all":
        together = [x for head in heads for x in head]
        return in_pieces(_over_root_mean_square(layer, name, together, this), len(heads[0]))
    return heads


def _turned(head: Row, size: int, place: int, this: Run) -> Row:
    """The first `size` values turned two and two, the first half with the second, by angles of the place."""
    half = size // 2
    angles = [place / 10_000 ** (i % half / half) for i in range(size)]
    found = []
    for i, angle in enumerate(angles):
        partner, sign = (head[i + half], -1) if i < half else (head[i - half], 1)
        found.append(head[i] * this.number(math.cos(angle)) + partner * this.number(sign * math.sin(angle)))
    return [*found, *head[size:]]


def _placed(layer: Any, heads: list[Row], place: int, this: Run) -> list[Row]:
    if layer.positions != "rotary":
        return heads
    size = len(heads[0]) if layer.rotary_dim is None else layer.rotary_dim
    return [_turned(head, size, place, this) for head in heads]


# ---- the pairs ---------------------------------------------------------------------------------


def shared_out(scores: Row) -> Row:
    """A softmax: exponentials over their sum."""
    powers = [score.exponential() for score in scores]
    sum_of_powers = total(powers)
    return [power / sum_of_powers for power in powers]


def _seen(query: Row, keys: list[Row], hidden: list[bool], this: Run) -> Row:
    """A score for each key."""
    scores = [dot(zip(query, key, strict=True)) for key in keys]
    this.log["masked_macs"] += sum(hidden) * len(query)
    return scores


def _added_up(shares: Row, values: list[Row], hidden: list[bool], this: Run) -> Row:
    """Each value times its share, added up."""
    this.log["masked_macs"] += sum(hidden) * len(values[0])
    return [dot(zip(shares, column, strict=True)) for column in zip(*values, strict=True)]


def scaled_down(scores: Row, size: int, this: Run) -> Row:
    """Each score over the root of the size of a head."""
    scale = this.number(1 / math.sqrt(size))
    return [score * scale for score in scores]


def _masked(scores: Row, hidden: Iterable[bool], this: Run) -> Row:
    """Minus infinity is added to what is hidden, and 0 to the others."""
    added = (this.number(-math.inf if hides else 0) for hides in hidden)
    return [score + mask for score, mask in zip(scores, added, strict=True)]


# ---- attention ---------------------------------------------------------------------------------


@loops("Attention")
def attention(layer: Any, tokens: Tensor, this: Run) -> Tensor:
    """Each token asks all tokens, those before it too, of which keys and values are at hand."""
    expect("features a token", layer.embed_dim, len(tokens[0]))
    first = this.cached
    with this.at_hand():
        old = [_token(layer, row, place, this) for place, row in enumerate(this.earlier(layer.embed_dim))]
    new = [_token(layer, row, first + place, this) for place, row in enumerate(tokens)]
    if layer.causal:
        left = [*old, *new][-(layer.window or len(old) + len(new)) :]
        this.leave(*([token.keys, token.values] for token in left))
    reach = [one for one in old if layer.window is None or one.place > first - layer.window]
    return [_asked(layer, row, first + place, [*reach, *new], this) for place, row in enumerate(tokens)]


def _token(layer: Any, row: Row, place: int, this: Run) -> Token:
    """The keys and values of a token, ready for any query."""
    heads, key, value = _sizes(layer)
    keys = in_pieces(mapped(layer, "k", row, heads * key, _has_bias(layer, "k"), this), key)
    values = in_pieces(mapped(layer, "v", row, heads * value, _has_bias(layer, "v"), this), value)
    return Token(_placed(layer, _normed(layer, "k", keys, this), place, this), values, place)


def _asked(layer: Any, row: Row, place: int, seen: list[Token], this: Run) -> Row:
    """What one token takes from all that it meets, head by head."""
    heads, key, _ = _sizes(layer)
    queries = in_pieces(mapped(layer, "q", row, layer.num_heads * key, _has_bias(layer, "q"), this), key)
    queries = _placed(layer, _normed(layer, "q", queries, this), place, this)
    hidden = [_hides(layer, place, token.place) for token in seen]
    context = []
    for head, query in enumerate(queries):
        shared = head * heads // layer.num_heads
        scores = scaled_down(_seen(query, [token.keys[shared] for token in seen], hidden, this), key, this)
        scores = _biased(layer, head, scores, [token.place - place for token in seen], this)
        scores = _masked(scores, hidden, this) if layer.causal else scores
        sink = [this.trained(layer, "sinks.weight")[head,]] if layer.sinks else []
        shares = shared_out([*scores, *sink])[: len(seen)]
        context += _added_up(shares, [token.values[shared] for token in seen], hidden, this)
    return mapped(layer, "o", context, layer.embed_dim, _has_bias(layer, "out"), this)


def _hides(layer: Any, query: int, key: int) -> bool:
    """Whether a token at one place must not see one at another: it comes later, or too long before."""
    return layer.causal and (key > query or (layer.window is not None and key <= query - layer.window))


def _biased(layer: Any, head: int, scores: Row, distances: list[int], this: Run) -> Row:
    """What is added to scores for how far apart the two tokens are."""
    if layer.positions == "alibi":
        slope = 2 ** (-8 * (head + 1) / layer.num_heads)
        return [s + this.number(-slope * abs(far)) for s, far in zip(scores, distances, strict=True)]
    if layer.positions != "relative":
        return scores
    if not layer.buckets:  # the table of another layer, of which nothing is known here
        return [score + this.number(0) for score in scores]
    weight = this.trained(layer, "relative_bias.weight")
    table = [[weight[bucket, h] for h in range(layer.num_heads)] for bucket in range(layer.buckets)]
    rows = (min(abs(far), layer.buckets - 1) for far in distances)
    return [score + table[row][head] for score, row in zip(scores, rows, strict=True)]


@loops("CrossAttention")
def cross_attention(layer: Any, parts: list[Tensor], this: Run) -> Tensor:
    """Each token asks all tokens of another text, whose keys and values are made once and kept."""
    tokens, source = parts
    width = layer.embed_dim if layer.kv_dim is None else layer.kv_dim
    expect("features a token", layer.embed_dim, len(tokens[0]))
    expect("features of what is asked", width, len(source[0]))
    if this.cached:
        with this.at_hand():
            seen = [_source(layer, row, this) for row in source]
    else:
        seen = [_source(layer, row, this) for row in source]
    this.leave(*([token.keys, token.values] for token in seen))
    return [_asked_across(layer, row, seen, this) for row in tokens]


def _source(layer: Any, row: Row, this: Run) -> Token:
    heads, key, value = _sizes(layer)
    keys = in_pieces(mapped(layer, "k", row, heads * key, _has_bias(layer, "k"), this), key)
    values = in_pieces(mapped(layer, "v", row, heads * value, _has_bias(layer, "v"), this), value)
    return Token(keys, values, 0)


def _asked_across(layer: Any, row: Row, seen: list[Token], this: Run) -> Row:
    heads, key, _ = _sizes(layer)
    queries = in_pieces(mapped(layer, "q", row, layer.num_heads * key, _has_bias(layer, "q"), this), key)
    nothing, context = [False] * len(seen), []
    for head, query in enumerate(queries):
        shared = head * heads // layer.num_heads
        scores = scaled_down(_seen(query, [token.keys[shared] for token in seen], nothing, this), key, this)
        context += _added_up(shared_out(scores), [token.values[shared] for token in seen], nothing, this)
    return mapped(layer, "o", context, layer.embed_dim, _has_bias(layer, "out"), this)


# ---- latent attention --------------------------------------------------------------------------


class Latent(NamedTuple):
    """What a token leaves: a short vector, a turned key that all heads share, and its place."""

    short: Row
    shared: Row
    place: int


@loops("LatentAttention")
def latent_attention(layer: Any, tokens: Tensor, this: Run) -> Tensor:
    """Of each token a short vector is kept, from which keys and values are made, or which queries meet."""
    expect("features a token", layer.embed_dim, len(tokens[0]))
    with this.at_hand():
        old = [_latent(layer, row, place, this) for place, row in enumerate(this.earlier(layer.embed_dim))]
    new = [_latent(layer, row, this.cached + place, this) for place, row in enumerate(tokens)]
    seen = [*old, *new]
    this.leave(*([token.short, token.shared] for token in seen))
    asking = [(row, this.cached + place) for place, row in enumerate(tokens)]
    if layer.absorbed:
        return [_asked_absorbed(layer, row, place, seen, this) for row, place in asking]
    made = [_rebuilt(layer, token, this) for token in seen]
    return [_asked_rebuilt(layer, row, place, made, this) for row, place in asking]


def _latent(layer: Any, row: Row, place: int, this: Run) -> Latent:
    c, r = layer.kv_lora_rank, layer.qk_rope_head_dim
    down = mapped(layer, "kv_down", row, c + r, layer.bias, this)
    short = _over_root_mean_square(layer, "norm.kv_weight", down[:c], this)
    return Latent(short, _turned(down[c:], r, place, this) if r else [], place)


def _rebuilt(layer: Any, token: Latent, this: Run) -> Token:
    """Keys and values of all heads, made from the short vector; each key ends in the one that is shared."""
    n, v = layer.qk_nope_head_dim, layer.v_head_dim
    up = in_pieces(mapped(layer, "kv_up", token.short, layer.num_heads * (n + v), False, this), n + v)
    return Token([[*head[:n], *token.shared] for head in up], [head[n:] for head in up], token.place)


def _latent_queries(layer: Any, row: Row, place: int, this: Run) -> list[tuple[Row, Row]]:
    """The query of each head: what is not turned, and what is."""
    n, r, h = layer.qk_nope_head_dim, layer.qk_rope_head_dim, layer.num_heads
    if layer.q_lora_rank is None:
        flat = mapped(layer, "q", row, h * (n + r), False, this)
    else:
        down = mapped(layer, "q_down", row, layer.q_lora_rank, layer.bias, this)
        short = _over_root_mean_square(layer, "norm.q_weight", down, this)
        flat = mapped(layer, "q_up", short, h * (n + r), False, this)
    return [(q[:n], _turned(q[n:], r, place, this) if r else []) for q in in_pieces(flat, n + r)]


def _asked_rebuilt(layer: Any, row: Row, place: int, seen: list[Token], this: Run) -> Row:
    hidden, context = [token.place > place for token in seen], []
    for head, (plain, turned) in enumerate(_latent_queries(layer, row, place, this)):
        query = [*plain, *turned]
        scores = scaled_down(
            _seen(query, [token.keys[head] for token in seen], hidden, this), len(query), this
        )
        shares = shared_out(_masked(scores, hidden, this))
        context += _added_up(shares, [token.values[head] for token in seen], hidden, this)
    return mapped(layer, "o", context, layer.embed_dim, layer.bias, this)


def _asked_absorbed(layer: Any, row: Row, place: int, seen: list[Latent], this: Run) -> Row:
    """A query goes through the map up of the keys, backwards, and meets the short vectors themselves."""
    n, v, c = layer.qk_nope_head_dim, layer.v_head_dim, layer.kv_lora_rank
    hidden, context = [token.place > place for token in seen], []
    weight = this.trained(layer, "kv_up.weight")
    for head, (plain, turned) in enumerate(_latent_queries(layer, row, place, this)):
        first = head * (n + v)  # the rows of this head: n of keys, then v of values
        short = [dot((weight[first + i, j], x) for i, x in enumerate(plain)) for j in range(c)]
        keys = [[*token.short, *token.shared] for token in seen]
        scores = scaled_down(_seen([*short, *turned], keys, hidden, this), n + len(turned), this)
        shares = shared_out(_masked(scores, hidden, this))
        mixed = _added_up(shares, [token.short for token in seen], hidden, this)
        context += [dot((weight[first + n + i, j], x) for j, x in enumerate(mixed)) for i in range(v)]
    return mapped(layer, "o", context, layer.embed_dim, layer.bias, this)
