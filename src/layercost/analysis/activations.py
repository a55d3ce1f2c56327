"""What the backward pass needs and the forward pass therefore keeps: the activations of training.

Two ways to count them. The formula of Korthikanti et al. 2022, section 4.1, is for a block of GPT in 16 bits:
masks of dropout take one byte, the statistics of norms nothing. And what torch keeps in eager mode, each
tensor once: the input of each map and of each norm, what is multiplied, the result of a softmax, masks in 16
bits, two statistics of a LayerNorm in 32. With flash attention (Dao et al. 2022) scores are never kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Unpack

from layercost.analysis.flow import Place, places
from layercost.analysis.training import RECOMPUTE, SELECTED, block_of
from layercost.convention import UnknownNameError
from layercost.counting import usual_input
from layercost.expression import Expression, Symbol, add, ceil_div, expression, times
from layercost.facts import Kind
from layercost.layer import Call, Layer
from layercost.layers.adapters import Fixed
from layercost.layers.attention import Attention, CrossAttention
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward, MixtureOfExperts
from layercost.layers.joins import Add, Concatenate
from layercost.layers.normalization import LayerNorm, RMSNorm
from layercost.layers.parted import Parted
from layercost.message import Message
from layercost.setting import Given, Setting, setting_of
from layercost.shape import Shape, values

ATTENTION = {
    "eager": Message("scores are written down, and keys and values repeated for each head of queries"),
    "fused": Message("scores are never written down; one statistic of 32 bits a row of them is kept"),
}
STATISTIC = 4  # bytes

# ---- one block of GPT, by formula ----------------------------------------------------------------


def korthikanti(
    tokens: int, batch: int, width: int, heads: int, *, recompute: str = "none", tensor: int = 1,
    sequence: bool = True,
) -> Expression:  # fmt: skip
    """The bytes that a block of GPT keeps in 16 bits: ``s b d (34 + 5 h s / d)``, written ``34sbd + 5hssb``.

    On `tensor` devices that share out each product, with `sequence` all else too (equation 4; without it
    10 sbd stay on each, equation 2). "selective" keeps no scores, "full" the input alone.

    >>> korthikanti(2048, 1, 12288, 96).value
    2868903936
    """
    if recompute not in RECOMPUTE:
        raise UnknownNameError(Message("recomputation"), recompute, RECOMPUTE)
    s, b, d = Symbol("s", tokens), Symbol("b", batch), Symbol("d", width)
    row = times(s, times(b, d))
    if recompute == "full":
        return expression(times(2, row))
    alone, shared = (0, 34) if sequence else (10, 24)
    if tensor == 1:
        alone, shared = 0, 34
    part = times(shared, row)
    if recompute == "none":
        part = add(part, times(5, times(Symbol("h", heads), times(s, times(s, b)))))
    if tensor > 1:
        part = ceil_div(part, Symbol("t", tensor))
    return expression(add(times(alone, row), part) if alone else part)


def eager_block(tokens: int, batch: int, width: int, heads: int, *, dropout: bool = True) -> Expression:
    """The bytes that torch keeps of a plain block in eager mode: ``36sbd + 6hssb + 16sb``, with dropout.

    Without it ``32sbd + 2hssb + 16sb``. Measured with torch 2.13 on blocks of six shapes.

    >>> eager_block(1024, 8, 768, 12).value
    830603264
    """
    s, b, d = Symbol("s", tokens), Symbol("b", batch), Symbol("d", width)
    rows, scores = (36, 6) if dropout else (32, 2)
    squares = times(scores, times(Symbol("h", heads), times(s, times(s, b))))
    return expression(add(add(times(rows, times(s, times(b, d))), squares), times(16, times(s, b))))


# ---- any model, tensor by tensor -----------------------------------------------------------------


class Kept(NamedTuple):
    """One tensor that is kept: in which call, as what, and its bytes."""

    path: str
    block: str
    what: str
    bytes: int


class Activations(NamedTuple):
    """What the forward pass keeps, tensor by tensor; each once, however often it is read."""

    tensors: tuple[Kept, ...]
    recompute: str
    attention: str
    dropout: bool
    largest_block: int

    @property
    def bytes(self) -> int:
        """Everything that is kept from the forward to the backward pass."""
        return sum(one.bytes for one in self.tensors)

    @property
    def peak(self) -> int:
        """The same, and where blocks are recomputed what one of them keeps while it is worked on."""
        return self.bytes + (self.largest_block if self.recompute == "full" else 0)

    @property
    def by_what(self) -> dict[str, int]:
        """The bytes by what is kept, the largest first."""
        found: dict[str, int] = {}
        for one in self.tensors:
            found[one.what] = found.get(one.what, 0) + one.bytes
        return dict(sorted(found.items(), key=lambda pair: -pair[1]))

    @property
    def by_block(self) -> dict[str, int]:
        """The bytes of each block; what stands outside of blocks under an empty name."""
        found: dict[str, int] = {}
        for one in self.tensors:
            found[one.block] = found.get(one.block, 0) + one.bytes
        return found


def activations(
    model: Layer,
    input_shape: Iterable[object] | None = None,
    *,
    recompute: str = "none",
    attention: str = "eager",
    dropout: bool = False,
    **setting: Unpack[Given],
) -> Activations:
    """What torch keeps for the backward pass, each value in the setting's number format (16 bits by default).

    `attention` is "eager" or "fused"; with `dropout` there are masks after attention's softmax and after each
    half of a block. `recompute` is "none", "selective" (no scores) or "full" (of a block its input alone).
    The loss and the scores of tokens that it reads are not counted. Raises ShapeError, UnknownNameError.
    """
    for name, value, known in (
        ("recomputation", recompute, RECOMPUTE), ("attention", attention, ATTENTION),
    ):  # fmt: skip
        if value not in known:
            raise UnknownNameError(Message(name), value, known)
    given: Given = {"dtype": "bfloat16", **setting} if "setting" not in setting else setting
    plain = setting_of(given)
    shapes = usual_input(model, input_shape, Message("activations"))
    kept = dict[object, Kept]()
    for call, place in zip(model.calls(*shapes), places(model, len(shapes)), strict=True):
        if place.reaches and call.runs(plain):
            for key, what, size in _Rules(call, place, plain, attention, dropout).kept():
                kept.setdefault(key, Kept(call.path, block_of(call.path), what, size))
    every = tuple(kept.values())
    blocks: dict[str, int] = {}
    for one in every:
        blocks[one.block] = blocks.get(one.block, 0) + one.bytes * bool(one.block)
    return Activations(
        tuple(_left(every, recompute)), recompute, attention, dropout, max(blocks.values(), default=0)
    )


def _left(tensors: tuple[Kept, ...], recompute: str) -> Iterator[Kept]:
    """What is still kept where the rest is computed again."""
    begun = set[str]()
    for one in tensors:
        if recompute == "selective" and one.what in SCORES:
            continue
        if recompute == "full" and one.block:
            if one.block in begun:
                continue
            begun.add(one.block)  # the first tensor of a block is what comes in
        yield one


SCORES = ("scores", "mask of scores", "dropped scores")


class _Rules(NamedTuple):
    """What one call keeps, by the type of its layer."""

    call: Call
    place: Place
    setting: Setting
    attention: str
    dropout: bool

    def kept(self) -> Iterator[tuple[object, str, int]]:
        """Each tensor: by which it is known, as what it is kept, and its bytes."""
        layer = self.call.layer.layer if isinstance(self.call.layer, Fixed) else self.call.layer
        match layer.at_work:
            case Add() | Concatenate() | Embedding():
                return  # a sum needs nothing of what it added
            case LayerNorm() | RMSNorm() as norm:
                yield from self.inputs("input of a norm")
                count = 2 if isinstance(norm, LayerNorm) else 1
                rows = self.rows(self.call.input_shape)
                yield self.own("statistics", rows * count * STATISTIC)
            case Attention() | CrossAttention() as attention:
                yield from self.of_attention(attention)
            case FeedForward() as mlp:
                yield from self.inputs("input of a map")
                yield from self.of_feed_forward(mlp, self.rows(self.call.input_shape), "")
                yield from self.masked()
            case MixtureOfExperts() as mixture:
                yield from self.of_mixture(mixture)
            case Parted() as parted:
                yield from self.of_parts(parted)
            case _ if layer.keeps_places and not layer.parameters():
                yield self.own("result of a function", self.size(self.call.output_shape))
            case _ if self.does_anything():
                yield from self.inputs("input of a map" if layer.parameters() else "input of a function")

    def does_anything(self) -> bool:
        """Whether the call computes; what only moves values keeps nothing."""
        return bool(self.call.work(self.setting)[0])

    def size(self, shape: Shape) -> int:
        """The bytes of a value."""
        return self.bytes(int(values(shape)) * int(self.setting.batch))

    def rows(self, shape: Shape) -> int:
        """How many tokens all samples have."""
        return int(self.setting.batch) * int(values(shape)) // int(shape[-1])

    def bytes(self, count: int) -> int:
        return self.setting.bytes(count)

    def own(self, what: str, count: int) -> tuple[object, str, int]:
        """A tensor that nobody else reads, of `count` bytes."""
        return (self.call.path, what), what, count

    def inputs(self, what: str) -> Iterator[tuple[object, str, int]]:
        """What is read; a value that several layers read is kept once."""
        for value, shape in zip(self.place.inputs, self.call.inputs, strict=False):
            yield value.name, what, self.size(shape)

    def masked(self) -> Iterator[tuple[object, str, int]]:
        """The mask of the dropout behind a half of a block."""
        if self.dropout:
            yield self.own("mask", self.size(self.call.output_shape))

    def of_attention(self, layer: Attention | CrossAttention) -> Iterator[tuple[object, str, int]]:
        """Queries, keys and values; the softmax's result, or a statistic a row of it; the context."""
        yield from self.inputs("input of a map")
        queries, keys = self.rows(self.call.inputs[0]), self.rows(self.call.inputs[-1])
        repeated = int(layer.num_heads) // int(layer.kv_heads) if self.attention == "eager" else 1
        yield self.own("queries", self.bytes(queries * int(layer.query_width)))
        yield self.own("keys", self.bytes(keys * int(layer.key_width) * repeated))
        yield self.own("values", self.bytes(keys * int(layer.value_width) * repeated))
        if self.attention == "fused":
            yield self.own("statistics", queries * int(layer.num_heads) * STATISTIC)
        else:
            yield from self.of_scores(queries * int(layer.num_heads) * int(self.call.inputs[-1][0]))
        yield self.own("context", self.bytes(queries * int(layer.context_width)))
        yield from self.masked()

    def of_scores(self, count: int) -> Iterator[tuple[object, str, int]]:
        yield self.own("scores", self.bytes(count))
        if self.dropout:
            yield self.own("mask of scores", self.bytes(count))
            yield self.own("dropped scores", self.bytes(count))

    def of_feed_forward(
        self, layer: FeedForward | MixtureOfExperts, rows: int, name: str, width: int | None = None
    ) -> Iterator[tuple[object, str, int]]:
        """What goes into the activation, and what comes out; with a gate also what it is multiplied with."""
        inner = self.bytes(rows * (int(layer.hidden_dim) if width is None else width))
        if layer.gated:
            yield self.own(f"{name}gate", inner)
        if layer.activation != "ReLU" or layer.gated:  # ReLU needs its result alone
            yield self.own(f"{name}hidden", inner)
        yield self.own(f"{name}activated", inner)
        if layer.gated:
            yield self.own(f"{name}gated", inner)

    def of_mixture(self, layer: MixtureOfExperts) -> Iterator[tuple[object, str, int]]:
        """The router's weights; for each token and each of its experts what that reads, keeps and gives."""
        yield from self.inputs("input of a map")
        rows = self.rows(self.call.input_shape)
        passed, width = rows * int(layer.top_k), int(layer.embed_dim)
        yield self.own("router", self.bytes(rows * int(layer.num_experts)))
        yield self.own("input of experts", self.bytes(passed * width))
        yield from self.of_feed_forward(layer, passed, "experts: ")
        yield self.own("results of experts", self.bytes(passed * width))
        if int(layer.shared_dim):
            yield from self.of_feed_forward(layer, rows, "shared expert: ", int(layer.shared_dim))

    def of_parts(self, layer: Parted) -> Iterator[tuple[object, str, int]]:
        """Of other layers of parts: what comes in, and the result of each product but the last."""
        yield from self.inputs("input of a map")
        parts = layer.does(*self.call.inputs, output=self.call.output_shape, setting=self.setting)
        found = [(part, [one for one in done if one.kind is Kind.DOT]) for part, done in parts.items()]
        multiplied = [(part, dots) for part, dots in found if dots]
        for part, dots in multiplied[:-1]:
            if part in SELECTED and self.attention == "fused":
                continue
            yield self.own(part, self.bytes(sum(int(one.amount) for one in dots)))
