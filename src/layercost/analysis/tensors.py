"""Which tensors a call keeps for its backward pass, by the type of its layer: torch's rules, in eager mode.

A product keeps both of its factors, as far as somebody wants a gradient of the other; a norm its input and
its statistics; a softmax its result; GELU and SiLU what they read; a dropout its mask; a sum nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from layercost.analysis.flow import Place, Reading
from layercost.analysis.training import SELECTED
from layercost.facts import Kind
from layercost.layer import Call, Layer
from layercost.layers.adapters import Adapted, Fixed
from layercost.layers.attention import Attention, CrossAttention
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward, MixtureOfExperts
from layercost.layers.joins import Add, Concatenate
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm, RMSNorm
from layercost.layers.parted import Parted
from layercost.setting import Setting
from layercost.shape import Shape, values

STATISTIC = 4  # bytes
SCORES = ("scores", "mask of scores", "dropped scores")


class Rules(NamedTuple):
    """What one call keeps, by the type of its layer."""

    call: Call
    place: Place
    setting: Setting
    attention: str
    dropout: bool

    def kept(self) -> Iterator[tuple[object, str, int]]:
        """Each tensor: by which it is known, as what it is kept, and its bytes."""
        layer = self.call.layer.layer if isinstance(self.call.layer, Fixed) else self.call.layer
        if not self.place.output.needs:
            return  # no gradient comes this far back
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
                yield from self.inputs("input of a map", "gate", "up")
                yield from self.of_feed_forward(mlp, self.rows(self.call.input_shape), "")
                yield from self.beside()
                yield from self.masked()
            case MixtureOfExperts() as mixture:
                yield from self.of_mixture(mixture)
            case Parted() as parted:
                yield from self.of_parts(parted)
            case Linear():
                yield from self.inputs("input of a map", "")
            case _:
                yield from self.of_another(layer)

    def of_another(self, layer: Layer) -> Iterator[tuple[object, str, int]]:
        """What a function of each value gives; what any other layer reads; nothing where nothing is done."""
        if layer.keeps_places and not layer.parameters():
            yield self.own("result of a function", self.size(self.call.output_shape))
        elif self.call.work(self.setting)[0]:
            yield from self.inputs("input of a map" if layer.parameters() else "input of a function")

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

    def trains(self, *parts: str) -> bool:
        """Whether one of these maps is trained, or has an adapter: a frozen one needs no input again."""
        return not parts or any(Reading(self.call.layer, self.place).trains(part) for part in parts)

    def inputs(self, what: str, *maps: str) -> Iterator[tuple[object, str, int]]:
        """What is read, once for all that read it, unless it is read by frozen `maps` alone."""
        if not self.trains(*maps):
            return
        for value, shape in zip(self.place.inputs, self.call.inputs, strict=False):
            yield value.name, what, self.size(shape)

    def masked(self) -> Iterator[tuple[object, str, int]]:
        """The mask of the dropout behind a half of a block."""
        if self.dropout:
            yield self.own("mask", self.size(self.call.output_shape))

    def of_attention(self, layer: Attention | CrossAttention) -> Iterator[tuple[object, str, int]]:
        """Queries, keys and values; the softmax's result, or a statistic a row of it; the context."""
        yield from self.inputs("input of a map", "q", "k", "v")
        queries, keys = self.rows(self.call.inputs[0]), self.rows(self.call.inputs[-1])
        repeated = int(layer.num_heads) // int(layer.kv_heads) if self.attention == "eager" else 1
        yield self.own("queries", self.bytes(queries * int(layer.query_width)))
        yield self.own("keys", self.bytes(keys * int(layer.key_width) * repeated))
        yield self.own("values", self.bytes(keys * int(layer.value_width) * repeated))
        if self.attention == "fused":
            yield self.own("statistics", queries * int(layer.num_heads) * STATISTIC)
        else:
            yield from self.of_scores(queries * int(layer.num_heads) * int(self.call.inputs[-1][0]))
        if self.trains("o") or self.attention == "fused":  # the fused kernel reads its result again
            yield self.own("context", self.bytes(queries * int(layer.context_width)))
        yield from self.beside()
        yield from self.masked()

    def beside(self) -> Iterator[tuple[object, str, int]]:
        """What each adapter's second matrix reads."""
        layer = self.call.layer
        if not isinstance(layer, Adapted):
            return
        for target in layer.targets:
            rank = self.rows(self.call.input_shape) * layer.rank
            yield self.own(f"inside of the adapter of {target}", self.bytes(rank))

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
        down = f"{name}down" if isinstance(layer, FeedForward) else "experts"
        if layer.gated or layer.activation == "ReLU" or self.trains(down):
            yield self.own(f"{name}activated", inner)
        if layer.gated and self.trains(down):
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
