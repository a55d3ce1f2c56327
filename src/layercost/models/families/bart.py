"""BART and its relatives: an encoder and a decoder of texts, with biases everywhere and one table of tokens.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from layercost.layer import Layer
from layercost.layers.attention import Attention, CrossAttention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.graph import Graph
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm
from layercost.layers.positions import LearnedPositions, SinusoidalPositions
from layercost.message import Message
from layercost.models.families.beside import across_post_norm, across_pre_norm, beside, copied
from layercost.models.families.blocks import activation, post_norm, pre_norm, scores, stacked
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Fields
from layercost.models.families.heads import architecture, labels, of_last_token

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


class Form(NamedTuple):
    """How either side is made: its positions, and where it has norms."""

    positions: Callable[[int, int], Layer]
    norm_of_tables: bool
    norms_before: bool
    norm_at_end: bool


def _learned(places: int, width: int) -> Layer:
    return LearnedPositions(places, width, SPARE)


def _worked_out(places: int, width: int) -> Layer:
    return SinusoidalPositions(places, width, stored=False)


BART = Form(_learned, norm_of_tables=True, norms_before=False, norm_at_end=False)
MBART = Form(_learned, norm_of_tables=True, norms_before=True, norm_at_end=True)
M2M = Form(_worked_out, norm_of_tables=False, norms_before=True, norm_at_end=True)
MARIAN = Form(SinusoidalPositions, norm_of_tables=False, norms_before=False, norm_at_end=False)
PEGASUS = Form(SinusoidalPositions, norm_of_tables=False, norms_before=True, norm_at_end=True)


@family("bart", config="BartConfig", model="BartForConditionalGeneration")
def bart(fields: Fields, asked: Asked) -> Built:
    """Lewis et al. 2019: norms after each part and behind the tables, positions with two rows more."""
    return _two_sides(fields, asked, "Bart", BART, ("ForSequenceClassification", "ForQuestionAnswering"))


@family("mbart", config="MBartConfig", model="MBartForConditionalGeneration")
def mbart(fields: Fields, asked: Asked) -> Built:
    """Liu et al. 2020 (mBART): BART with norms before each part, and one at the end of either side."""
    return _two_sides(fields, asked, "MBart", MBART, ("ForSequenceClassification", "ForQuestionAnswering"))


@family("m2m_100", config="M2M100Config", model="M2M100ForConditionalGeneration")
def m2m_100(fields: Fields, asked: Asked) -> Built:
    """Fan et al. 2020 (M2M-100), NLLB Team 2022: mBART with positions that are worked out."""
    return _two_sides(fields, asked, "M2M100", M2M, vocabulary=128112, acts="relu")


@family("pegasus", config="PegasusConfig", model="PegasusForConditionalGeneration")
def pegasus(fields: Fields, asked: Asked) -> Built:
    """Zhang et al. 2019: norms before each part, a frozen table of sines and cosines."""
    return _two_sides(fields, asked, "Pegasus", PEGASUS)


@family("marian", config="MarianConfig", model="MarianMTModel")
def marian(fields: Fields, asked: Asked) -> Built:
    """Tiedemann and Thottingal 2020 (OPUS-MT): norms after each part, a frozen table of sines and cosines."""
    fields.only(True, "share_encoder_decoder_embeddings", why=_TABLES)
    size = fields.values.get("vocab_size")
    fields.only(size, "decoder_vocab_size", why=Message("the decoder would have a table of its own"))
    return _two_sides(fields, asked, "Marian", MARIAN, vocabulary=58101, with_head="MTModel")


def _two_sides(
    fields: Fields, asked: Asked, stem: str, form: Form, others: tuple[str, ...] = (), *,
    vocabulary: int = 50265, acts: str = "gelu", with_head: str = "ForConditionalGeneration",
) -> Built:  # fmt: skip
    """An encoder and a decoder that share a table of tokens, and behind them what the class has."""
    endings = dict.fromkeys((with_head, "Model", *others))
    name, ending = architecture(fields, {f"{stem}{one}": one for one in endings}, f"{stem}{with_head}")
    width = fields.size("d_model", "hidden_size", default=1024)
    acts = activation(fields, "activation_function", default=acts)
    reads = side(fields, "encoder", width, acts, depth=12, heads=16, inner=4096)
    writes = side(fields, "decoder", width, acts, depth=12, heads=16, inner=4096)
    vocabulary = fields.size("vocab_size", default=vocabulary)
    places = fields.whole("max_position_embeddings", default=1024)
    fields.only(True, "tie_word_embeddings", why=_TABLES)
    table = Embedding(vocabulary, width)
    at_end: dict[str, Layer] = {"norm": LayerNorm(width)} if form.norm_at_end else {}
    encoder = {"embedding": _embedded(table, places, width, form), "layers": _encoder(reads, form)}
    layers = beside(
        Sequential({**encoder, **at_end}),
        {"embedding": _embedded(table, places, width, form)},
        [copied(_block(writes, form)) for _ in range(writes.depth)],
        {"norm": LayerNorm(width)} if form.norm_at_end else {},
    )
    if ending == with_head:
        fields.flag("tie_word_embeddings", default=True)
        layers |= scores(fields, asked, width, vocabulary, tied=True)
    else:
        layers |= _HEADS[ending](fields, width)
    return Built(layers, (text_input(places), text_input(places)), name)


def _embedded(table: Embedding, places: int, width: int, form: Form) -> Sequential:
    """Tokens from the table of both sides, with positions of a side's own."""
    norm: dict[str, Layer] = {"norm": LayerNorm(width)} if form.norm_of_tables else {}
    return Sequential({"token": table, "position": form.positions(places, width), **norm})


def _encoder(sizes: Side, form: Form) -> Sequential:
    norm, attention = LayerNorm(sizes.width), Attention(sizes.width, sizes.heads)
    joined = pre_norm if form.norms_before else post_norm
    return stacked(["block"] * sizes.depth, lambda _: joined(norm, attention, sizes.mlp))


def _block(sizes: Side, form: Form) -> Graph:
    """A block of the decoder."""
    looks_back = Attention(sizes.width, sizes.heads, causal=True)
    across = CrossAttention(sizes.width, sizes.heads)
    joined = across_pre_norm if form.norms_before else across_post_norm
    return joined(LayerNorm(sizes.width), looks_back, across, sizes.mlp)


_HEADS: dict[str, Callable[[Fields, int], dict[str, Layer]]] = {
    "Model": lambda _fields, _width: {},
    "ForSequenceClassification": lambda fields, width: of_last_token(width, labels(fields, THREE_LABELS)),
    "ForQuestionAnswering": lambda _fields, width: {"head": Linear(width, 2)},
}
