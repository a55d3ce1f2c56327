"""Attention: queries ask, keys answer how much each place matters, values are what is then added up.

Every query meets every key: a score is a dot product over the size of a head, and a result one over all keys.
What a mask hides is computed all the same by the plain code, and is noted beside as masked. Keys and values
of earlier tokens are kept, so that a new token brings its own alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, NamedTuple

from layercost.expression import Number, Symbol, add, define, exact_div, minimum, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, LayerError, Shapes, keep_flags, keep_whole, register
from layercost.layers.joins import Join
from layercost.layers.normalization import by_root_mean_square, centred
from layercost.layers.parted import FIRST, SECOND, Does, Holds, Maps, Parted, Sources, matrix, products
from layercost.message import Message, listing
from layercost.setting import Setting
from layercost.shape import Sequence, Shape, ShapeError, fit, shown

POSITIONS = ("rotary", "alibi", "relative")
NORMS = ("head", "all", "layer")


class Pairs(NamedTuple):
    """The pairs of a query and a key that one head of one sample looks at: all of them, and those hidden.

    `hidden` is None where there is no mask.
    """

    queries: Number
    keys: Number
    hidden: Number | None


def pairs(tokens: Number, cached: Number, causal: bool, window: Number | None) -> Pairs:
    """The pairs of `tokens` new tokens with what is cached and with each other.

    With a window of w, a query sees itself and the w - 1 tokens before it; older ones are not kept.
    """
    if window is None:
        hidden = exact_div(times(tokens, tokens - 1), 2) if causal else None
        return Pairs(tokens, define("S", add(cached, tokens)), hidden)
    cached = define("c", minimum(cached, window - 1)) if int(cached) else 0
    keys = define("S", add(cached, tokens))
    first = minimum(tokens, window - cached if int(cached) else window)
    growing = define("a", first)  # queries that do not yet see a whole window
    seen = add(
        add(times(growing, cached), exact_div(times(growing, growing + 1), 2)),
        times(tokens - growing, window),
    )
    return Pairs(tokens, keys, times(tokens, keys) - seen)


@frozen
class Heads(Parted):
    """What attention of all kinds shares: heads of queries, and as many or fewer of keys and values."""

    embed_dim: int
    num_heads: int
    num_kv_heads: int | None = None
    head_dim: int | None = None
    v_head_dim: int | None = None
    bias: bool = True
    q_bias: bool | None = None
    k_bias: bool | None = None
    v_bias: bool | None = None
    out_bias: bool | None = None

    letters: ClassVar[Mapping[str, str]] = {
        "embed_dim": "d", "num_heads": "h", "num_kv_heads": "g", "head_dim": "k", "v_head_dim": "v",
    }  # fmt: skip
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "d"}

    def __post_init__(self) -> None:
        name = type(self).__name__
        keep_whole(self, 1, "embed_dim", "num_heads")
        keep_whole(self, 1, *(one for one in self._sizes_or_none() if getattr(self, one) is not None))
        keep_flags(self, "bias")
        keep_flags(self, *(one for one in _BIASES if getattr(self, one) is not None))
        if self.head_dim is None and self.embed_dim % self.num_heads:
            raise LayerError(
                Message(
                    "{layer}: num_heads must divide embed_dim where head_dim is not given, but {heads} heads "
                    "do not divide {width}",
                    layer=name, heads=self.num_heads, width=self.embed_dim,
                )
            )  # fmt: skip
        if self.num_kv_heads is not None and self.num_heads % self.num_kv_heads:
            raise LayerError(
                Message(
                    "{layer}: num_kv_heads must divide num_heads, since equally many queries share each key, "
                    "but {kv_heads} do not divide {heads}",
                    layer=name, kv_heads=self.num_kv_heads, heads=self.num_heads,
                )
            )  # fmt: skip

    def _sizes_or_none(self) -> tuple[str, ...]:
        return ("num_kv_heads", "head_dim", "v_head_dim")

    # ---- sizes

    @property
    def kv_heads(self) -> Number:
        """How many heads have keys and values of their own."""
        return self.num_heads if self.num_kv_heads is None else self.num_kv_heads

    @property
    def key_size(self) -> Number:
        """The size of a head's queries and keys."""
        if self.head_dim is not None:
            return self.head_dim
        return define("k", exact_div(self.embed_dim, self.num_heads))

    @property
    def value_size(self) -> Number:
        """The size of a head's values."""
        return self.key_size if self.v_head_dim is None else self.v_head_dim

    @property
    def query_width(self) -> Number:
        """The queries of all heads together."""
        return self.embed_dim if self.head_dim is None else times(self.num_heads, self.head_dim)

    @property
    def key_width(self) -> Number:
        """The keys of all heads together."""
        return self.query_width if self.num_kv_heads is None else times(self.kv_heads, self.key_size)

    @property
    def value_width(self) -> Number:
        """The values of all heads together."""
        return self.key_width if self.v_head_dim is None else times(self.kv_heads, self.v_head_dim)

    @property
    def context_width(self) -> Number:
        """What all heads of queries give together."""
        return self.query_width if self.v_head_dim is None else times(self.num_heads, self.v_head_dim)

    def has_bias(self, of: str) -> bool:
        """Whether the map ``q``, ``k``, ``v`` or ``out`` has a bias."""
        own = getattr(self, f"{of}_bias")
        return self.bias if own is None else bool(own)

    # ---- the linear maps, and what reads what

    def maps(self) -> Maps:
        d, source, bias = self.embed_dim, self.source_width, self.has_bias
        return {
            "q": (d, self.query_width, bias("q")),
            "k": (source, self.key_width, bias("k")),
            "v": (source, self.value_width, bias("v")),
            "o": (self.context_width, d, bias("out")),
        }

    @property
    def source_width(self) -> Number:
        """The width of what keys and values are made from."""
        return self.embed_dim

    def sources(self) -> Sources:
        keys = SECOND if isinstance(self, Join) else FIRST
        made = {"q": (FIRST,), "k": (keys,), "v": (keys,)}
        return {**made, "scores": ("q", "k"), "context": ("scores", "v"), "o": ("context",)}

    # ---- the products of queries, keys and values

    def _looked(self, batch: Number, looked: Pairs) -> Iterator[tuple[str, tuple[Operation, ...]]]:
        """Scores, their softmax and the context."""
        rows = times(times(batch, self.num_heads), looked.queries)
        scores = times(rows, looked.keys)
        yield (
            "scores",
            (
                *self._dots(batch, scores, self.key_size, looked, self.key_size),
                *self._on_scores(scores),
            ),
        )
        yield "softmax", self._softmax(rows, looked.keys)
        yield "context", self._dots(batch, times(rows, self.value_size), looked.keys, looked, self.value_size)

    def _dots(
        self, batch: Number, amount: Number, length: Number, looked: Pairs, size: Number
    ) -> tuple[Operation, ...]:
        """Dot products, and how many multiply-accumulates among them belong to hidden pairs."""
        dots = Operation(Kind.DOT, Role.PRODUCT, amount, length)
        if looked.hidden is None:
            return (dots,)
        hidden = times(times(batch, self.num_heads), looked.hidden)
        return dots, Operation(Kind.MASKED, Role.PRODUCT, hidden, size)

    def _on_scores(self, scores: Number) -> tuple[Operation, ...]:
        """What is done to each score: it is scaled."""
        return (Operation(Kind.MULTIPLY, Role.ELEMENTWISE, scores),)

    def _softmax(self, rows: Number, keys: Number) -> tuple[Operation, ...]:
        return (Operation(Kind.SOFTMAX, Role.ACTIVATION, rows, keys),)

    def _cache(self, batch: Number, tokens: Number) -> tuple[Held, ...]:
        return (
            Held("keys", times(batch, times(tokens, self.key_width))),
            Held("values", times(batch, times(tokens, self.value_width))),
        )


_BIASES = ("q_bias", "k_bias", "v_bias", "out_bias")


@register
@frozen
class Attention(Heads):
    """``(T, embed_dim)`` to ``(T, embed_dim)``: self-attention, in the form that all current models share.

    `num_kv_heads` heads of keys and values serve `num_heads` heads of queries (one: multi-query); heads have
    `head_dim` values (without it ``embed_dim / num_heads``), those of values `v_head_dim`. `bias` is that of
    all four maps, `q_bias`, `k_bias`, `v_bias` and `out_bias` of one. `causal`: a token sees itself and what
    stands before it, no more than `window` tokens in all. `sinks` are a trained score for each head that
    joins each softmax. `qk_norm` normalizes queries and keys by root mean square, "head" with one vector for
    all heads, "all" over all heads together, or, "layer", each head by a `LayerNorm` with its bias.
    `positions` are "rotary" (the first `rotary_dim` values of each head are turned), "alibi" (a number is
    added to each score) or "relative" (the same, from a table of `buckets` a head; 0 where another layer has
    the table). With ``cached=`` tokens in the cache, the new ones look at them too.
    Source: Vaswani et al. 2017, section 3.2; Shazeer 2019; Ainslie et al. 2023; arguments as
    torch.nn.MultiheadAttention where it has them.

    >>> from layercost import KV_CACHE, count
    >>> count(Attention(4096, 32, 8, bias=False, causal=True), KV_CACHE, (1024, 4096)).total
    2097152
    """

    causal: bool = False
    window: int | None = None
    sinks: bool = False
    qk_norm: str | None = None
    positions: str | None = None
    rotary_dim: int | None = None
    buckets: int = 0

    takes = Sequence
    kind = "attention"
    letters: ClassVar[Mapping[str, str]] = {
        **Heads.letters,
        "window": "w",
        "rotary_dim": "r",
        "buckets": "b",
    }

    def __post_init__(self) -> None:
        super().__post_init__()
        keep_flags(self, "causal", "sinks")
        keep_whole(self, 0, "buckets")
        for name, known in (("qk_norm", NORMS), ("positions", POSITIONS)):
            value = getattr(self, name)
            if value is not None and value not in known:
                raise LayerError(
                    Message(
                        "Attention: {name} must be None or one of {known}, but got {value}",
                        name=name, known=listing(map(repr, known)), value=shown(value),
                    )
                )  # fmt: skip
        self._check_what_goes_together()

    def _check_what_goes_together(self) -> None:
        """Raise LayerError for a field that means nothing without another."""
        needs = (
            (self.window is not None and not self.causal, "window", "causal=True"),
            (self.rotary_dim is not None and self.positions != "rotary", "rotary_dim", "positions='rotary'"),
            (self.buckets > 0 and self.positions != "relative", "buckets", "positions='relative'"),
        )
        for wrong, name, other in needs:
            if wrong:
                raise LayerError(
                    Message("Attention: {name} is for {other}; give both or neither", name=name, other=other)
                )
        if self.positions == "rotary":
            self._check_rotation(int(self.key_size))

    def _check_rotation(self, size: int) -> None:
        """Raise LayerError where more values are turned than a head has, or not two and two."""
        turned = size if self.rotary_dim is None else self.rotary_dim
        if turned > size:
            raise LayerError(
                Message(
                    "Attention: rotary_dim must be at most the size of a head ({size}), but got {value}",
                    size=size, value=turned,
                )
            )  # fmt: skip
        if turned % 2:
            raise LayerError(
                Message(
                    "Attention: {name} must be even, since values are turned two and two, but got {value}",
                    name="rotary_dim" if self.rotary_dim is not None else Message("the size of a head"),
                    value=turned,
                )
            )

    def _sizes_or_none(self) -> tuple[str, ...]:
        return (*super()._sizes_or_none(), "window", "rotary_dim")

    def check(self, shape: Shape) -> None:
        check_width(self, shape, self.embed_dim)

    def holds(self) -> Holds:
        held = {name: matrix(*sizes) for name, sizes in self.maps().items()}
        if self.qk_norm is not None:
            held["norm"] = tuple(
                [
                    Held(f"{which}_{name}", self._normed(which[0]))
                    for which in ("q", "k")
                    for name in self._scales()
                ]
            )
        if self.sinks:
            held["sinks"] = (Held("weight", self.num_heads),)
        if int(self.buckets):
            held["relative_bias"] = (Held("weight", times(self.buckets, self.num_heads)),)
        return held

    def _normed(self, which: str) -> Number:
        """How many values are normalized together."""
        return self._width(which) if self.qk_norm == "all" else self.key_size

    def _scales(self) -> tuple[str, ...]:
        """What is trained of a norm."""
        return ("weight", "bias") if self.qk_norm == "layer" else ("weight",)

    def _width(self, which: str) -> Number:
        return self.query_width if which == "q" else self.key_width

    def looked(self, tokens: Number, setting: Setting) -> Pairs:
        """The pairs of queries and keys of one head of one sample."""
        return pairs(tokens, setting.cached, self.causal, self.window)

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        rows, d, bias = times(setting.batch, shape[0]), self.embed_dim, self.has_bias
        return {
            "q": products(rows, d, self.query_width, bias("q")),
            "k": products(rows, d, self.key_width, bias("k")),
            "v": products(rows, d, self.value_width, bias("v")),
            **({"norm": tuple(self._norms(rows))} if self.qk_norm else {}),
            **({"rotation": self._rotation(rows)} if self.positions == "rotary" else {}),
            **dict(self._looked(setting.batch, self.looked(shape[0], setting))),
            "o": products(rows, self.context_width, d, bias("out")),
        }

    def _norms(self, rows: Number) -> Iterator[Operation]:
        for which in ("q", "k"):
            heads = self.num_heads if which == "q" else self.kv_heads
            vectors = rows if self.qk_norm == "all" else times(rows, heads)
            by = centred if self.qk_norm == "layer" else by_root_mean_square
            yield from by(vectors, self._normed(which))

    def _rotation(self, rows: Number) -> tuple[Operation, ...]:
        """Each value that is turned takes two products and their sum."""
        turned = self.key_size if self.rotary_dim is None else self.rotary_dim
        amount = times(rows, times(add(self.num_heads, self.kv_heads), turned))
        return (
            Operation(Kind.MULTIPLY, Role.ELEMENTWISE, times(2, amount)),
            Operation(Kind.ADD, Role.ELEMENTWISE, amount),
        )

    def _on_scores(self, scores: Number) -> tuple[Operation, ...]:
        added = int(self.causal) + int(self.positions in ("alibi", "relative"))
        more = (Operation(Kind.ADD, Role.ELEMENTWISE, times(added, scores)),) if added else ()
        return (*super()._on_scores(scores), *more)

    def _softmax(self, rows: Number, keys: Number) -> tuple[Operation, ...]:
        return super()._softmax(rows, add(keys, 1) if self.sinks else keys)

    def kept(self, shape: Shape, setting: Setting) -> tuple[Held, ...]:
        """Keys and values of all tokens, or of a window's; without a mask there is no next token."""
        if not self.causal:
            return ()
        tokens = add(setting.cached, shape[0])
        return self._cache(setting.batch, tokens if self.window is None else minimum(tokens, self.window))


@register
@frozen
class CrossAttention(Heads, Join):
    """``(T, embed_dim)`` and ``(S, kv_dim)`` to ``(T, embed_dim)``: queries of one text, keys of another.

    The second value is what an encoder gave. Its keys and values are made once and kept: where tokens are
    cached, they are at hand. `kv_dim` is the width of the second value, without it `embed_dim`.
    Source: Vaswani et al. 2017, section 3.2.3; arguments as `Attention`, `kv_dim` as kdim and vdim of
    torch.nn.MultiheadAttention.
    """

    kv_dim: int | None = None

    kind = "cross_attention"
    reads = 2
    letters: ClassVar[Mapping[str, str]] = {**Heads.letters, "kv_dim": "d_e"}

    def _sizes_or_none(self) -> tuple[str, ...]:
        return (*super()._sizes_or_none(), "kv_dim")

    @property
    def source_width(self) -> Number:
        """The width of what keys and values are made from."""
        return self.embed_dim if self.kv_dim is None else self.kv_dim

    def _taken(self, input_shapes: tuple[Iterable[object], ...]) -> Shapes:
        name = type(self).__name__
        return tuple([fit(name, shape, Sequence) for shape in super()._taken(input_shapes)])

    def check(self, *shapes: Shape) -> None:
        check_width(self, shapes[0], self.embed_dim)
        check_width(self, shapes[1], self.source_width)

    def transform(self, *shapes: Shape) -> Shape:
        return shapes[0]

    def _lettered_shapes(self, shapes: Shapes, known: dict[str, int]) -> Shapes:
        """The second value's tokens are S, its width is that of the keys' maps."""
        tokens, width = map(int, shapes[1])
        letter = "d" if self.kv_dim is None else "d_e"
        source = type(shapes[1])((Symbol("S", tokens), Symbol(letter, width)))
        return self._lettered_shape(shapes[0], known), source

    def holds(self) -> Holds:
        return {name: matrix(*sizes) for name, sizes in self.maps().items()}

    def does(self, *shapes: Shape, output: Shape, setting: Setting) -> Does:
        rows, d, bias = times(setting.batch, shapes[0][0]), self.embed_dim, self.has_bias
        return {
            "q": products(rows, d, self.query_width, bias("q")),
            **({} if int(setting.cached) else self._made_once(times(setting.batch, shapes[1][0]))),
            **dict(self._looked(setting.batch, Pairs(shapes[0][0], shapes[1][0], None))),
            "o": products(rows, self.context_width, d, bias("out")),
        }

    def _made_once(self, rows: Number) -> Does:
        return {
            "k": products(rows, self.source_width, self.key_width, self.has_bias("k")),
            "v": products(rows, self.source_width, self.value_width, self.has_bias("v")),
        }

    def kept(self, *shapes: Shape, setting: Setting) -> tuple[Held, ...]:
        return self._cache(setting.batch, shapes[1][0])


@register
@frozen
class LatentAttention(Parted):
    """``(T, embed_dim)`` to ``(T, embed_dim)``: keys and values are made from one short vector a token.

    Of each token `kv_lora_rank` values and a key of `qk_rope_head_dim` that all heads share are kept; every
    head's keys (`qk_nope_head_dim` without rotation) and values (`v_head_dim`) are made from them, for all
    tokens again at each step. Queries come from a vector of `q_lora_rank`, without it from the token itself.
    `absorbed`: the maps up are multiplied into those of queries and output, so that queries meet the short
    vectors themselves, as serving systems do. A token sees itself and what stands before it.
    Source: DeepSeek-AI 2024 (DeepSeek-V2), section 2.1; arguments as its configuration.
    """

    embed_dim: int
    num_heads: int
    kv_lora_rank: int
    qk_nope_head_dim: int
    qk_rope_head_dim: int
    v_head_dim: int
    q_lora_rank: int | None = None
    bias: bool = False
    absorbed: bool = False

    takes = Sequence
    kind = "attention"
    letters: ClassVar[Mapping[str, str]] = {
        "embed_dim": "d", "num_heads": "h", "kv_lora_rank": "c", "qk_nope_head_dim": "n",
        "qk_rope_head_dim": "r", "v_head_dim": "v", "q_lora_rank": "q",
    }  # fmt: skip
    axis_letters: ClassVar[Mapping[str, str]] = {"F": "d"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "embed_dim", "num_heads", "kv_lora_rank", "qk_nope_head_dim", "v_head_dim")
        keep_whole(self, 0, "qk_rope_head_dim")
        if self.qk_rope_head_dim % 2:
            raise LayerError(
                Message(
                    "LatentAttention: qk_rope_head_dim must be even, since values are turned two and two, "
                    "but got {value}",
                    value=self.qk_rope_head_dim,
                )
            )
        if self.q_lora_rank is not None:
            keep_whole(self, 1, "q_lora_rank")
        keep_flags(self, "bias", "absorbed")

    def check(self, shape: Shape) -> None:
        check_width(self, shape, self.embed_dim)

    @property
    def latent(self) -> Number:
        """What is kept of a token: the short vector, and the key that all heads share."""
        return add(self.kv_lora_rank, self.qk_rope_head_dim)

    @property
    def key_size(self) -> Number:
        """The size of a head's queries and keys."""
        return add(self.qk_nope_head_dim, self.qk_rope_head_dim)

    def sources(self) -> Sources:
        queries = "q" if self.q_lora_rank is None else "q_up"
        keys = "kv_down" if self.absorbed else "kv_up"
        made = {"q": (FIRST,), "q_down": (FIRST,), "q_up": ("q_down",), "kv_down": (FIRST,)}
        read = {"kv_up": ("kv_down",), "absorbed": (queries,), "scores": (queries, keys)}
        return {**made, **read, "context": ("scores", keys), "o": ("context",)}

    def maps(self) -> Maps:
        return self._maps()

    def _maps(self) -> Maps:
        """Inputs, outputs and whether there is a bias, of each linear map."""
        d, h, rank = self.embed_dim, self.num_heads, self.q_lora_rank
        up = times(h, add(self.qk_nope_head_dim, self.v_head_dim))
        queries = times(h, self.key_size)
        from_token: Maps = {"q": (d, queries, False)}
        if rank is not None:
            from_token = {"q_down": (d, rank, self.bias), "q_up": (rank, queries, False)}
        return {
            **from_token,
            "kv_down": (d, self.latent, self.bias),
            "kv_up": (self.kv_lora_rank, up, False),
            "o": (times(h, self.v_head_dim), d, self.bias),
        }

    def holds(self) -> Holds:
        norms: tuple[Held, ...] = (Held("kv_weight", self.kv_lora_rank),)
        if self.q_lora_rank is not None:
            norms = (Held("q_weight", self.q_lora_rank), *norms)
        return {**{name: matrix(*sizes) for name, sizes in self._maps().items()}, "norm": norms}

    def does(self, shape: Shape, output: Shape, setting: Setting) -> Does:
        rows, looked = times(setting.batch, shape[0]), pairs(shape[0], setting.cached, True, None)
        rebuilt = times(setting.batch, looked.keys)  # latents from which keys and values are made again
        done = {
            name: products(rebuilt if name == "kv_up" else rows, *sizes)
            for name, sizes in self._maps().items()
            if not (name == "kv_up" and self.absorbed)
        }
        output_map = done.pop("o")
        return {
            **done,
            **({"absorbed": self._absorbed(rows)} if self.absorbed else {}),
            "norm": tuple(self._norms(rows)),
            **({"rotation": self._rotation(rows)} if int(self.qk_rope_head_dim) else {}),
            **self._looked(setting.batch, looked),
            "o": output_map,
        }

    def _absorbed(self, rows: Number) -> tuple[Operation, ...]:
        """Each query to the latents, and each result from them: a product a head."""
        c, n, v = self.kv_lora_rank, self.qk_nope_head_dim, self.v_head_dim
        heads = times(rows, self.num_heads)
        return (
            Operation(Kind.DOT, Role.WEIGHTS, times(heads, c), n),
            Operation(Kind.DOT, Role.WEIGHTS, times(heads, v), c),
        )

    def _norms(self, rows: Number) -> Iterator[Operation]:
        for size in (self.q_lora_rank, self.kv_lora_rank):
            if size is not None:
                yield from by_root_mean_square(rows, size)

    def _rotation(self, rows: Number) -> tuple[Operation, ...]:
        amount = times(rows, times(add(self.num_heads, 1), self.qk_rope_head_dim))
        return (
            Operation(Kind.MULTIPLY, Role.ELEMENTWISE, times(2, amount)),
            Operation(Kind.ADD, Role.ELEMENTWISE, amount),
        )

    def _looked(self, batch: Number, looked: Pairs) -> Does:
        heads = times(batch, self.num_heads)
        assert looked.hidden is not None  # it always looks back
        rows, hidden = times(heads, looked.queries), times(heads, looked.hidden)
        scores = times(rows, looked.keys)
        over, given = (self.latent, self.kv_lora_rank) if self.absorbed else (self.key_size, self.v_head_dim)
        return {
            "scores": (
                Operation(Kind.DOT, Role.PRODUCT, scores, over),
                Operation(Kind.MASKED, Role.PRODUCT, hidden, over),
                Operation(Kind.MULTIPLY, Role.ELEMENTWISE, scores),
                Operation(Kind.ADD, Role.ELEMENTWISE, scores),
            ),
            "softmax": (Operation(Kind.SOFTMAX, Role.ACTIVATION, rows, looked.keys),),
            "context": (
                Operation(Kind.DOT, Role.PRODUCT, times(rows, given), looked.keys),
                Operation(Kind.MASKED, Role.PRODUCT, hidden, given),
            ),
        }

    def kept(self, shape: Shape, setting: Setting) -> tuple[Held, ...]:
        tokens = times(setting.batch, add(setting.cached, shape[0]))
        return (
            Held("latents", times(tokens, self.kv_lora_rank)),
            Held("shared_key", times(tokens, self.qk_rope_head_dim)),
        )


def check_width(layer: Layer, shape: Shape, width: Number) -> None:
    """Raise ShapeError where the features of a token are not as many as `layer` expects."""
    if int(shape[-1]) != int(width):
        raise ShapeError(
            Message(
                "{layer} expects {width} features a token but got {features} in shape {shape}",
                layer=type(layer).__name__, width=width, features=shape[-1], shape=shape,
            )
        )  # fmt: skip
