"""What people believe of attention instead: of its heads, its maps, its pairs, and of what is cached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar

from layercost.convention import CAUSAL_HALF, TWO_A_MAC, Convention, Price, Quantity
from layercost.expression import Number, add, exact_div, minimum, times
from layercost.facts import Held, Kind, Operation
from layercost.layer import Layer
from layercost.layers.attention import Attention, CrossAttention, Heads, LatentAttention, Pairs
from layercost.layers.parted import Does, Holds, Maps, Parted, matrix, products
from layercost.message import Message
from layercost.misconception import (
    CACHED,
    PRICED,
    STORED,
    WRITTEN,
    Task,
    belief,
    declare,
    distorted,
    having,
    leaves_of,
    seen_as,
)
from layercost.setting import Setting
from layercost.shape import Sequence, Shape, Tokens

ANY = STORED | PRICED | CACHED
_SOFTMAX = {Quantity.EXPONENTIALS}
T = TypeVar("T")


def without(parts: Mapping[str, T], *names: str) -> dict[str, T]:
    """Parts of a layer without some of them."""
    return {name: part for name, part in parts.items() if name not in names}


def _attends(layer: Layer) -> bool:
    return isinstance(layer, (Heads, LatentAttention))


# ---- heads -------------------------------------------------------------------------------------


def _is_grouped(layer: Layer) -> bool:
    return isinstance(layer, Heads) and int(layer.kv_heads) != layer.num_heads


def _has_several(layer: Layer) -> bool:
    return isinstance(layer, Heads) and layer.num_heads > 1


def _has_sizes_of_its_own(layer: Layer) -> bool:
    """Whether the heads together are wider or narrower than the tokens."""
    return isinstance(layer, Heads) and int(layer.query_width) != layer.embed_dim


belief(
    "grouped-heads-ignored",
    Message(
        "You gave each head of queries keys and values of its own: here several heads share those of one."
    ),
    Heads, ANY, _is_grouped,
)(having(num_kv_heads=None))  # fmt: skip

belief(
    "one-head-of-keys",
    Message("You let all heads share one head of keys and values: here there are several, one for a group."),
    Heads, ANY, lambda layer: _is_grouped(layer) and layer.kv_heads > 1,  # type: ignore[attr-defined]
)(having(num_kv_heads=1))  # fmt: skip

belief(
    "heads-divide-the-width",
    Message(
        "You divided the width by the heads: here the size of a head is given, and all heads together may be "
        "wider or narrower."
    ),
    Heads, ANY, _has_sizes_of_its_own,
)(having(head_dim=None))  # fmt: skip


@belief(
    "whole-width-for-each-head",
    Message("You gave each head the whole width: the heads divide it among them."),
    Heads, ANY, lambda layer: _has_several(layer) and layer.head_dim is None,  # type: ignore[attr-defined]
)  # fmt: skip
def _whole_width_for_each_head(layer: Layer) -> Layer:
    assert isinstance(layer, Heads)
    return replace(layer, head_dim=layer.embed_dim)


@belief(
    "one-head",
    Message("You counted a single head: each head has queries of its own, and pairs of its own."),
    Heads, ANY | _SOFTMAX, _has_several,
)  # fmt: skip
def _one_head(layer: Layer) -> Layer:
    assert isinstance(layer, Heads)
    return replace(layer, num_heads=1, num_kv_heads=None, head_dim=int(layer.key_size))


# ---- maps --------------------------------------------------------------------------------------


@belief(
    "output-map-forgotten",
    Message("You left out the output map: what the heads give goes through a matrix of its own."),
    Parted, STORED | PRICED, _attends,
)  # fmt: skip
class _OutputMapForgotten(Parted):
    def holds(self) -> Holds:
        return without(super().holds(), "o")

    def does(self, *shapes: Any, **call: Any) -> Does:
        return without(super().does(*shapes, **call), "o")


@belief(
    "keys-and-values-one-map",
    Message("You counted one matrix for keys and values: each has one of its own."),
    Heads, STORED | PRICED, _is_grouped,
)  # fmt: skip
class _KeysAndValuesOneMap(Heads):
    def holds(self) -> Holds:
        return without(super().holds(), "v")

    def does(self, *shapes: Any, **call: Any) -> Does:
        return without(super().does(*shapes, **call), "v")


_NO_BIAS = {"bias": False, "q_bias": None, "k_bias": None, "v_bias": None, "out_bias": None}
_MAPS = ("q", "k", "v", "out")


def _biases(layer: Layer) -> int:
    """How many of the four maps have a bias."""
    return sum(map(layer.has_bias, _MAPS)) if isinstance(layer, Heads) else 0


belief(
    "biases-of-some-maps-forgotten",
    Message("You left out the biases: some of the four maps have one, and it is stored and added."),
    Heads, STORED | {Quantity.FLOPS, Quantity.ADDITIONS},
    lambda layer: _biases(layer) > 0 and not layer.bias,  # type: ignore[attr-defined]
)(having(**_NO_BIAS))  # fmt: skip

belief(
    "bias-on-every-map",
    Message("You gave each of the four maps a bias: here only some of them have one."),
    Heads, STORED | {Quantity.FLOPS, Quantity.ADDITIONS}, lambda layer: 0 < _biases(layer) < 4,
)(having(**_NO_BIAS | {"bias": True}))  # fmt: skip

belief(
    "output-bias-forgotten",
    Message("You left out the bias of the output map: it has one, as the maps of queries, keys and values."),
    Heads, STORED | {Quantity.FLOPS, Quantity.ADDITIONS}, lambda layer: _biases(layer) == 4,
)(having(out_bias=False))  # fmt: skip

belief(
    "norms-of-queries-and-keys-forgotten",
    Message("You left out the norms of queries and keys: each has trained scales."),
    Attention, STORED, lambda layer: getattr(layer, "qk_norm", None) is not None,
)(having(qk_norm=None))  # fmt: skip

belief(
    "norm-for-each-head",
    Message("You gave each head scales of its own: all heads are normalized with one vector."),
    Attention, STORED, lambda layer: getattr(layer, "qk_norm", None) == "head",
)(having(qk_norm="all"))  # fmt: skip

belief(
    "norm-of-one-head",
    Message("You counted scales for one head: all heads are normalized together, each value with its own."),
    Attention, STORED, lambda layer: getattr(layer, "qk_norm", None) == "all",
)(having(qk_norm="head"))  # fmt: skip

belief(
    "sinks-forgotten",
    Message("You left out the sinks: each head has one trained score that joins its softmax."),
    Attention, STORED | _SOFTMAX, lambda layer: getattr(layer, "sinks", False),
)(having(sinks=False))  # fmt: skip


def _has_table(layer: Layer) -> bool:
    return int(getattr(layer, "buckets", 0)) > 0


belief(
    "relative-table-forgotten",
    Message("You left out the table of relative positions: it has a number for each bucket and head."),
    Attention, STORED, _has_table,
)(having(buckets=0))  # fmt: skip


@belief(
    "vector-for-each-bucket",
    Message("You gave each bucket of distances a vector: what is added to a score is one number a head."),
    Attention, STORED, _has_table,
)  # fmt: skip
class _VectorForEachBucket(Attention):
    def holds(self) -> Holds:
        table = Held("weight", times(self.buckets, self.query_width))
        return {**super().holds(), "relative_bias": (table,)}


# ---- softmax -----------------------------------------------------------------------------------


@belief(
    "exponential-for-each-product",
    Message("You took an exponential for each product: a softmax takes one for each score, which is a sum."),
    Heads, _SOFTMAX,
)  # fmt: skip
class _ExponentialForEachProduct(Heads):
    def _softmax(self, rows: Number, keys: Number) -> tuple[Operation, ...]:
        return tuple(
            [one._replace(amount=times(rows, self.key_size)) for one in super()._softmax(rows, keys)]
        )


@belief(
    "exponential-for-each-row",
    Message("You took an exponential for each token: a softmax takes one for each key that the token meets."),
    Heads, _SOFTMAX,
)  # fmt: skip
class _ExponentialForEachRow(Heads):
    def _softmax(self, rows: Number, keys: Number) -> tuple[Operation, ...]:
        return tuple([one._replace(length=1) for one in super()._softmax(rows, keys)])


# ---- pairs -------------------------------------------------------------------------------------


@belief(
    "one-attention-product",
    Message("You counted the scores alone: a second product of the same size adds up the values."),
    Parted, PRICED, _attends,
)  # fmt: skip
class _OneAttentionProduct(Parted):
    def does(self, *shapes: Any, **call: Any) -> Does:
        return without(super().does(*shapes, **call), "context")


@belief(
    "pairs-forgotten",
    Message("You counted the maps alone: every query also meets every key, in two products."),
    Parted, PRICED, _attends,
)  # fmt: skip
class _PairsForgotten(Parted):
    def does(self, *shapes: Any, **call: Any) -> Does:
        return without(super().does(*shapes, **call), "scores", "context")


@belief(
    "queries-and-keys-alone",
    Message("You counted two maps: values and what comes out have maps beside those of queries and keys."),
    Attention, PRICED, lambda layer: not _is_grouped(layer),
)  # fmt: skip
class _QueriesAndKeysAlone(Attention):
    def does(self, *shapes: Any, **call: Any) -> Does:
        return without(super().does(*shapes, **call), "v", "o")


@belief(
    "feed-forward-not-asked-for",
    Message("You counted the feed-forward layer behind it, too: attention alone is asked about."),
    Attention, PRICED, lambda layer: not _is_grouped(layer) and not _has_sizes_of_its_own(layer),
)  # fmt: skip
class _FeedForwardToo(Attention):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        attends, inner = super().does(shape, output, setting), times(4, self.embed_dim)
        rows = times(setting.batch, shape[0])
        behind = (
            *products(rows, self.embed_dim, inner, bias=False),
            *products(rows, inner, self.embed_dim, bias=False),
        )
        return {**attends, "o": (*attends.get("o", ()), *behind)}


@belief(
    "pairs-alone",
    Message("You counted the pairs alone: queries, keys, values and the output take maps with weights."),
    Heads, PRICED,
)  # fmt: skip
class _PairsAlone(Heads):
    def does(self, *shapes: Any, **call: Any) -> Does:
        return without(super().does(*shapes, **call), "q", "k", "v", "o")


@belief(
    "sharing-lowers-products",
    Message("You counted pairs for the heads of keys: sharing keys saves memory, and each query meets all."),
    Heads, PRICED, _is_grouped,
)  # fmt: skip
class _SharingLowersProducts(Heads):
    def does(self, *shapes: Any, **call: Any) -> Does:
        done = super().does(*shapes, **call)
        return {**done, **{name: self._fewer(done[name]) for name in ("scores", "context") if name in done}}

    def _fewer(self, operations: tuple[Operation, ...]) -> tuple[Operation, ...]:
        every = ((one, times(one.amount, self.kv_heads)) for one in operations)
        return tuple([one._replace(amount=exact_div(shared, self.num_heads)) for one, shared in every])


@belief(
    "one-query",
    Message("You let one token ask: each token of the text does, so the pairs grow with its square."),
    Attention, PRICED,
)  # fmt: skip
class _OneQuery(Attention):
    def looked(self, tokens: Number, setting: Setting) -> Pairs:
        return super().looked(tokens, setting)._replace(queries=1, hidden=0)


def _looks_back(layer: Layer) -> bool:
    return isinstance(layer, LatentAttention) or (isinstance(layer, Attention) and layer.causal)


def _any_looks_back(task: Task) -> bool:
    return any(map(_looks_back, leaves_of(task.layer)))


_SEEN_MACS = Convention(
    name="macs of pairs that are seen",
    unit="MACs",
    counts=Message("n for a dot product of length n, without the pairs of tokens that a mask hides"),
    source=CAUSAL_HALF.source,
    prices={Kind.DOT: Price(1), Kind.MASKED: Price(-1)},
)

declare(
    "hidden-pairs-left-out",
    Message("You counted the pairs that a mask leaves: the plain code computes all of them, and hides some."),
    lambda task: (
        replace(task, measure=Quantity.FLOPS, convention=_SEEN_MACS) if _any_looks_back(task) else None
    ),
    {Quantity.MACS},
)
declare(
    "hidden-pairs-counted",
    Message("You counted the full square: here only the pairs that a mask leaves are asked for."),
    lambda task: (
        replace(task, convention=TWO_A_MAC)
        if task.convention.name == CAUSAL_HALF.name and _any_looks_back(task)
        else None
    ),
    {Quantity.FLOPS},
)


@belief(
    "diagonal-halved",
    Message("You halved the square: each token also sees itself, so T (T + 1) / 2 pairs are left."),
    Attention, {Quantity.FLOPS}, lambda layer: _looks_back(layer) and layer.window is None,  # type: ignore[attr-defined]
)  # fmt: skip
class _DiagonalHalved(Attention):
    def looked(self, tokens: Number, setting: Setting) -> Pairs:
        return super().looked(tokens, setting)._replace(hidden=times(tokens, tokens) // 2)


def _has_window(layer: Layer) -> bool:
    return getattr(layer, "window", None) is not None


belief(
    "window-ignored",
    Message("You ignored the window: a token meets no more than those in it, and no more are kept."),
    Attention, PRICED | CACHED, _has_window,
)(having(window=None))  # fmt: skip


@belief(
    "window-lowers-the-square",
    Message("You let each token meet its window alone: the plain code takes the square and masks it."),
    Attention, PRICED, _has_window,
)  # fmt: skip
class _WindowLowersTheSquare(Attention):
    def looked(self, tokens: Number, setting: Setting) -> Pairs:
        looked = super().looked(tokens, setting)
        if self.window is None:
            return looked
        return looked._replace(keys=minimum(looked.keys, self.window), hidden=0)


@belief(
    "window-full-from-the-start",
    Message("You gave every token a whole window: the first ones have fewer tokens before them."),
    Attention, {Quantity.FLOPS}, _has_window,
)  # fmt: skip
class _WindowFullFromTheStart(Attention):
    def looked(self, tokens: Number, setting: Setting) -> Pairs:
        looked = super().looked(tokens, setting)
        if self.window is None:
            return looked
        seen = times(tokens, minimum(looked.keys, self.window))
        return looked._replace(hidden=times(tokens, looked.keys) - seen)


# ---- tokens in the cache -----------------------------------------------------------------------


def _in_one_pass(task: Task) -> Task | None:
    """All tokens run, none is cached."""
    shape = task.input_shape
    if not task.cached or not isinstance(shape, (Sequence, Tokens)):
        return None
    return replace(task, input_shape=type(shape)((shape[0] + task.cached, *shape[1:])), cached=0)


declare(
    "cached-tokens-forgotten",
    Message("You forgot the tokens in the cache: the new ones meet them, too, and they stay there."),
    lambda task: replace(task, cached=0) if task.cached else None,
    PRICED | CACHED,
)
declare(
    "cached-tokens-run-again",
    Message("You ran all tokens again: keys and values of the earlier ones are at hand, and new ones run."),
    _in_one_pass,
    PRICED,
)
declare(
    "one-token-not-met",
    Message("You counted one token too few: a new token meets those in the cache, and itself."),
    lambda task: replace(task, cached=task.cached - 1) if task.cached else None,
    PRICED | CACHED,
)
declare(
    "one-sample-cached",
    Message("You counted the cache of one sample: each sample of the batch has its own."),
    lambda task: replace(task, batch=1) if task.batch > 1 else None,
    CACHED,
)


@belief(
    "keys-or-values-alone",
    Message("You counted keys or values alone: both are kept for the next tokens."),
    Heads, CACHED,
)  # fmt: skip
class _KeysOrValuesAlone(Heads):
    def kept(self, *shapes: Any, **call: Any) -> tuple[Held, ...]:
        return super().kept(*shapes, **call)[:1]


@belief(
    "queries-cached",
    Message("You kept the queries, too: nobody asks again, and the next tokens read keys and values."),
    Heads, CACHED,
)  # fmt: skip
class _QueriesCached(Heads):
    def kept(self, *shapes: Any, **call: Any) -> tuple[Held, ...]:
        kept = super().kept(*shapes, **call)
        return (*kept, *(self._as_queries(keys) for keys in kept[:1]))

    def _as_queries(self, keys: Held) -> Held:
        heads = exact_div(times(keys.size, self.num_heads), self.kv_heads)
        return Held("queries", heads)


@belief(
    "width-cached",
    Message("You kept vectors of the model's width: keys and values have the size of their heads, together."),
    Attention, CACHED, _has_sizes_of_its_own,
)  # fmt: skip
class _WidthCached(Attention):
    @property
    def key_width(self) -> Number:
        return self.embed_dim

    @property
    def value_width(self) -> Number:
        return self.embed_dim


@belief(
    "one-token-cached",
    Message("You counted one token: every token so far has left keys and values."),
    Parted, CACHED, _attends,
)  # fmt: skip
class _OneTokenCached(Parted):
    def kept(self, *shapes: Any, setting: Setting) -> tuple[Held, ...]:
        one = tuple([type(shape)((1, *shape[1:])) for shape in shapes])
        return super().kept(*one, setting=replace(setting, cached=0))


# ---- what is written ---------------------------------------------------------------------------


@belief(
    "scores-written",
    Message("You counted the scores: they are used inside, and what is given is a row for each token."),
    Attention, WRITTEN,
)  # fmt: skip
class _ScoresWritten(Attention):
    def written(self, output: Shape, setting: Setting) -> Number:
        looked = self.looked(output[0], setting)
        return times(times(setting.batch, self.num_heads), times(looked.queries, looked.keys))


@belief(
    "maps-written",
    Message("You counted queries, keys and values: they are used inside, and one row a token is given."),
    Heads, WRITTEN,
)  # fmt: skip
class _MapsWritten(Heads):
    def written(self, output: Shape, setting: Setting) -> Number:
        row = add(add(self.query_width, self.key_width), self.value_width)
        return times(times(setting.batch, output[0]), row)


@belief(
    "rows-of-all-heads-written",
    Message("You counted a whole row for each head: the heads' results are joined and mapped to one row."),
    Parted, WRITTEN, _attends,
)  # fmt: skip
class _RowsOfAllHeadsWritten(Parted):
    def written(self, output: Shape, setting: Setting) -> Number:
        return times(self.num_heads, super().written(output, setting))  # type: ignore[attr-defined]


@belief(
    "one-token-written",
    Message("You counted one token: each token of the text is given a row."),
    Parted, WRITTEN, lambda layer: layer.takes is Sequence or isinstance(layer, CrossAttention),
)  # fmt: skip
class _OneTokenWritten(Parted):
    def transform(self, *shapes: Shape) -> Shape:
        given = super().transform(*shapes)
        return type(given)((1, *given[1:]))


# ---- attention across two texts ----------------------------------------------------------------


@belief(
    "source-as-wide",
    Message("You took the other text to be as wide: keys and values are made from its own width."),
    CrossAttention, STORED | PRICED, lambda layer: getattr(layer, "kv_dim", None) is not None,
)  # fmt: skip
class _SourceAsWide(CrossAttention):
    @property
    def source_width(self) -> Number:
        return self.embed_dim

    def check(self, *shapes: Shape) -> None:
        """Whatever arrives is taken."""


class _CrossAttentionForgotten(CrossAttention):
    def holds(self) -> Holds:
        return {}

    def does(self, *shapes: Any, **call: Any) -> Does:
        return {}


def _forget_cross_attention(task: Task) -> Task | None:
    """Of a model that has it beside other layers; whoever is asked about it alone cannot forget it."""
    forgotten = any(isinstance(leaf, CrossAttention) for leaf in leaves_of(task.layer))
    if not forgotten or isinstance(task.layer, CrossAttention):
        return None
    return distorted(
        task,
        lambda leaf: seen_as(_CrossAttentionForgotten, leaf) if isinstance(leaf, CrossAttention) else leaf,
    )


declare(
    "cross-attention-forgotten",
    Message("You left out the attention over the encoder: each block of the decoder has one beside its own."),
    _forget_cross_attention, STORED | PRICED, CrossAttention,
)  # fmt: skip


@belief(
    "cross-keys-at-each-step",
    Message("You made keys and values of the other text again: they are made once, and kept."),
    CrossAttention, PRICED,
)  # fmt: skip
class _CrossKeysAtEachStep(CrossAttention):
    def does(self, *shapes: Shape, output: Shape, setting: Setting) -> Does:
        return super().does(*shapes, output=output, setting=replace(setting, cached=0))


@belief(
    "cross-keys-of-new-tokens",
    Message("You made keys and values of the new tokens: they are those of the other text."),
    CrossAttention, PRICED,
)  # fmt: skip
class _CrossKeysOfNewTokens(CrossAttention):
    def does(self, *shapes: Shape, output: Shape, setting: Setting) -> Does:
        own = self._made_once(times(setting.batch, shapes[0][0]))
        return {**super().does(*shapes, output=output, setting=setting), **own}


@belief(
    "text-asks-itself",
    Message("You let the text ask itself: keys and values come from the other text, with its own length."),
    CrossAttention, PRICED | CACHED,
)  # fmt: skip
class _TextAsksItself(CrossAttention):
    def does(self, *shapes: Shape, output: Shape, setting: Setting) -> Does:
        own = Sequence((add(setting.cached, shapes[0][0]), shapes[1][1]))
        return super().does(shapes[0], own, output=output, setting=setting)

    def kept(self, *shapes: Shape, setting: Setting) -> tuple[Held, ...]:
        own = Sequence((add(setting.cached, shapes[0][0]), shapes[1][1]))
        return super().kept(shapes[0], own, setting=setting)


# ---- latent attention --------------------------------------------------------------------------


@belief(
    "latents-ignored",
    Message("You counted four maps of all heads: keys and values come from a short vector, in two steps."),
    LatentAttention, STORED | PRICED,
)  # fmt: skip
class _LatentsIgnored(LatentAttention):
    def _plain(self) -> dict[str, tuple[Number, Number]]:
        d, keys = self.embed_dim, times(self.num_heads, self.qk_nope_head_dim)
        values = times(self.num_heads, self.v_head_dim)
        return {"q": (d, keys), "k": (d, keys), "v": (d, values), "o": (values, d)}

    def holds(self) -> Holds:
        return {name: matrix(*sizes, bias=False) for name, sizes in self._plain().items()}

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        done, rows = super().does(shape, output, setting), times(setting.batch, shape[0])
        maps = {name: products(rows, *sizes, bias=False) for name, sizes in self._plain().items()}
        return {**maps, **{name: done[name] for name in ("scores", "context") if name in done}}


def _turns(layer: Layer) -> bool:
    return int(getattr(layer, "qk_rope_head_dim", 0)) > 0


@belief(
    "shared-key-forgotten",
    Message("You left out the key that is turned: all heads share it, and it is made and kept beside."),
    LatentAttention, ANY, _turns,
)  # fmt: skip
class _SharedKeyForgotten(LatentAttention):
    def _maps(self) -> Maps:
        down = (self.embed_dim, self.kv_lora_rank, self.bias)
        return {**super()._maps(), "kv_down": down}

    def kept(self, shape: Shape, setting: Setting) -> tuple[Held, ...]:
        return super().kept(shape, setting=setting)[:1]


@belief(
    "shared-key-for-each-head",
    Message("You gave each head a turned key of its own: all heads share a single one."),
    LatentAttention, ANY, lambda layer: _turns(layer) and layer.num_heads > 1,  # type: ignore[attr-defined]
)  # fmt: skip
class _SharedKeyForEachHead(LatentAttention):
    def _maps(self) -> Maps:
        wide = add(self.kv_lora_rank, times(self.num_heads, self.qk_rope_head_dim))
        return {**super()._maps(), "kv_down": (self.embed_dim, wide, self.bias)}

    def kept(self, shape: Shape, setting: Setting) -> tuple[Held, ...]:
        latents, *shared = super().kept(shape, setting=setting)
        return (latents, *(one._replace(size=times(self.num_heads, one.size)) for one in shared))


belief(
    "query-latent-ignored",
    Message("You made queries from the token itself: here they come from a short vector, by two maps."),
    LatentAttention, STORED | PRICED, lambda layer: getattr(layer, "q_lora_rank", None) is not None,
)(having(q_lora_rank=None))  # fmt: skip


@belief(
    "norms-of-latents-forgotten",
    Message("You left out the norms of the short vectors: they have trained scales."),
    LatentAttention, STORED,
)  # fmt: skip
class _NormsOfLatentsForgotten(LatentAttention):
    def holds(self) -> Holds:
        return without(super().holds(), "norm")


@belief(
    "values-not-made",
    Message("You made keys alone from the short vectors: the values of all heads are made from them, too."),
    LatentAttention, STORED | PRICED, lambda layer: not getattr(layer, "absorbed", True),
)  # fmt: skip
class _ValuesNotMade(LatentAttention):
    def _maps(self) -> Maps:
        keys = times(self.num_heads, self.qk_nope_head_dim)
        return {**super()._maps(), "kv_up": (self.kv_lora_rank, keys, False)}


@belief(
    "new-latents-alone",
    Message("You made keys and values of the new tokens: the cache holds short vectors, so of all tokens."),
    LatentAttention, PRICED, lambda layer: not getattr(layer, "absorbed", True),
)  # fmt: skip
class _NewLatentsAlone(LatentAttention):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        up = products(times(setting.batch, shape[0]), *self._maps()["kv_up"])
        return {**super().does(shape, output, setting), "kv_up": up}


@belief(
    "latents-not-expanded",
    Message("You took keys and values from the cache: it holds short vectors, from which they are made."),
    LatentAttention, PRICED, lambda layer: not getattr(layer, "absorbed", True),
)  # fmt: skip
class _LatentsNotExpanded(LatentAttention):
    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        return without(super().does(shape, output, setting), "kv_up")


belief(
    "maps-absorbed",
    Message("You let queries meet the short vectors: here keys and values are made from them first."),
    LatentAttention, PRICED, lambda layer: not getattr(layer, "absorbed", True),
)(having(absorbed=True))  # fmt: skip

belief(
    "maps-not-absorbed",
    Message("You made keys and values of all tokens: here queries meet the short vectors themselves."),
    LatentAttention, PRICED, lambda layer: getattr(layer, "absorbed", False),
)(having(absorbed=False))  # fmt: skip


@belief(
    "expanded-heads-cached",
    Message("You kept keys and values of all heads: kept are the short vector and one key that is shared."),
    LatentAttention, CACHED,
)  # fmt: skip
class _ExpandedHeadsCached(LatentAttention):
    def kept(self, shape: Shape, setting: Setting) -> tuple[Held, ...]:
        heads = times(times(setting.batch, add(setting.cached, shape[0])), self.num_heads)
        return Held("keys", times(heads, self.key_size)), Held("values", times(heads, self.v_head_dim))


@belief(
    "latents-kept-twice",
    Message("You counted the short vectors twice: keys and values are made from the same ones."),
    LatentAttention, CACHED,
)  # fmt: skip
class _LatentsKeptTwice(LatentAttention):
    def kept(self, shape: Shape, setting: Setting) -> tuple[Held, ...]:
        return tuple([one._replace(size=times(2, one.size)) for one in super().kept(shape, setting=setting)])


@belief(
    "values-of-heads-written",
    Message("You counted what all heads give: it is mapped, and what is written has the tokens' width."),
    LatentAttention, WRITTEN,
)  # fmt: skip
class _ValuesOfHeadsWritten(LatentAttention):
    def written(self, output: Shape, setting: Setting) -> Number:
        return times(times(setting.batch, output[0]), times(self.num_heads, self.v_head_dim))


@belief(
    "latents-written",
    Message("You counted the short vectors: they are kept, and what is written has the tokens' width."),
    LatentAttention, WRITTEN,
)  # fmt: skip
class _LatentsWritten(LatentAttention):
    def written(self, output: Shape, setting: Setting) -> Number:
        return times(times(setting.batch, output[0]), self.latent)
