"""BART: an encoder and a decoder of texts, with biases, learned positions and norms after each part.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from typing import NamedTuple

from layercost.layer import Layer
from layercost.layers.attention import Attention, CrossAttention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.graph import Graph
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm
from layercost.layers.positions import LearnedPositions
from layercost.message import Message
from layercost.models.families.beside import across_post_norm, beside, copied
from layercost.models.families.blocks import activation, post_norm, scores, stacked
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Fields
from layercost.models.families.heads import architecture, labels, of_last_token

CLASSES = (
    "BartForConditionalGeneration", "BartModel", "BartForSequenceClassification", "BartForQuestionAnswering",
)  # fmt: skip
THREE_LABELS = 3  # of its class, where the file says nothing
SPARE = 2  # rows of positions that belong to no place
_TABLES = Message("encoder, decoder and head would each have a table of their own")


class Side(NamedTuple):
    """The sizes of an encoder or a decoder: its width, layers and heads, and its feed-forward."""

    width: int
    depth: int
    heads: int
    mlp: FeedForward


def side(
    fields: Fields, name: str, width: int, acts: str, *, depth: int, heads: int, inner: int
) -> Side:  # fmt: skip
    """The sizes of the ``encoder`` or the ``decoder``; given are the defaults of its class."""
    several = f"{name}_attention_heads"
    layers = fields.layers(f"{name}_layers", default=depth)
    many = fields.size(several, default=heads)
    if width % many:
        fields.refuse(
            several,
            Message("{heads} heads do not divide a width of {width}", heads=many, width=width),
            Message("expected a divisor of the width"),
        )
    wide = fields.size(f"{name}_ffn_dim", default=inner)
    return Side(width, layers, many, FeedForward(width, wide, activation=acts))


@family("bart", config="BartConfig", model="BartForConditionalGeneration")
def bart(fields: Fields, asked: Asked) -> Built:
    """Lewis et al. 2019: norms after each part and behind the tables, positions with two rows more."""
    name, _ = architecture(fields, dict.fromkeys(CLASSES), "BartForConditionalGeneration")
    width = fields.size("d_model", "hidden_size", default=1024)
    acts = activation(fields, "activation_function", default="gelu")
    reads = side(fields, "encoder", width, acts, depth=12, heads=16, inner=4096)
    writes = side(fields, "decoder", width, acts, depth=12, heads=16, inner=4096)
    vocabulary = fields.size("vocab_size", default=50265)
    places = fields.whole("max_position_embeddings", default=1024)
    fields.only(True, "tie_word_embeddings", why=_TABLES)
    table = Embedding(vocabulary, width)
    layers = beside(
        _encoder(reads, _embedded(table, places, width)),
        {"embedding": _embedded(table, places, width)},
        [copied(_block(writes)) for _ in range(writes.depth)],
        {},
    )
    layers |= _head(fields, asked, name, width, vocabulary)
    return Built(layers, (text_input(places), text_input(places)), name)


def _embedded(table: Embedding, places: int, width: int) -> Sequential:
    """Tokens from the table of both sides, with positions of a side's own."""
    return Sequential({
        "token": table, "position": LearnedPositions(places, width, SPARE), "norm": LayerNorm(width),
    })  # fmt: skip


def _encoder(sizes: Side, embedded: Sequential) -> Sequential:
    norm, attention = LayerNorm(sizes.width), Attention(sizes.width, sizes.heads)
    blocks = stacked(["block"] * sizes.depth, lambda _: post_norm(norm, attention, sizes.mlp))
    return Sequential({"embedding": embedded, "layers": blocks})


def _block(sizes: Side) -> Graph:
    """A block of the decoder."""
    looks_back = Attention(sizes.width, sizes.heads, causal=True)
    across = CrossAttention(sizes.width, sizes.heads)
    return across_post_norm(LayerNorm(sizes.width), looks_back, across, sizes.mlp)


def _head(fields: Fields, asked: Asked, name: str, width: int, vocabulary: int) -> dict[str, Layer]:
    """What stands behind the decoder; a class is read off its last token."""
    if name == "BartForConditionalGeneration":
        fields.flag("tie_word_embeddings", default=True)
        return scores(fields, asked, width, vocabulary, tied=True)
    if name == "BartForSequenceClassification":
        return of_last_token(width, labels(fields, THREE_LABELS))
    return {"head": Linear(width, 2)} if name == "BartForQuestionAnswering" else {}
