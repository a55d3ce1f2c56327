"""BART and Whisper: an encoder and a decoder with biases, of text or of sound.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from typing import NamedTuple

from layercost.layer import Layer
from layercost.layers.activation import GELU
from layercost.layers.attention import Attention, CrossAttention
from layercost.layers.composite import Sequential
from layercost.layers.convolution import Conv1d
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm
from layercost.layers.patches import ToTokens
from layercost.layers.positions import LearnedPositions, SinusoidalPositions
from layercost.message import Message
from layercost.models.families.beside import across_post_norm, across_pre_norm, beside, copied
from layercost.models.families.blocks import activation, post_norm, pre_norm, scores, stacked
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Fields
from layercost.models.families.heads import architecture, function, labels
from layercost.models.leaves import AtPlace

_TABLES = Message("encoder, decoder and head would each have a table of their own")
SPARE = 2  # rows of positions that belong to no place


class Side(NamedTuple):
    """The sizes of one side: its layers, heads and feed-forward."""

    depth: int
    heads: int
    inner: int


def side(fields: Fields, name: str, *, depth: int, heads: int, inner: int, width: int) -> Side:
    """The sizes of the ``encoder`` or the ``decoder``; given are the defaults of its class."""
    also = {"encoder": ("num_hidden_layers", "num_attention_heads")}.get(name, (None, None))
    layers, many = ((f"{name}_{own}", *([other] if other else [])) for own, other in zip(
        ("layers", "attention_heads"), also, strict=True
    ))  # fmt: skip
    found = Side(
        fields.layers(*layers, default=depth),
        fields.size(*many, default=heads),
        fields.size(f"{name}_ffn_dim", default=inner),
    )
    if width % found.heads:
        fields.refuse(
            many[0],
            Message("{heads} heads do not divide a width of {width}", heads=found.heads, width=width),
            Message("expected a divisor of the width"),
        )
    return found


# ---- BART ----------------------------------------------------------------------------------------

BART = (
    "BartForConditionalGeneration", "BartModel", "BartForSequenceClassification", "BartForQuestionAnswering",
)  # fmt: skip
THREE_LABELS = 3  # of its class, where the file says nothing


@family("bart", config="BartConfig", model="BartForConditionalGeneration")
def bart(fields: Fields, asked: Asked) -> Built:
    """Lewis et al. 2019: norms after each part and behind the tables, positions with two rows more."""
    name, _ = architecture(fields, dict.fromkeys(BART), "BartForConditionalGeneration")
    width = fields.size("d_model", "hidden_size", default=1024)
    reading = side(fields, "encoder", depth=12, heads=16, inner=4096, width=width)
    writing = side(fields, "decoder", depth=12, heads=16, inner=4096, width=width)
    vocabulary = fields.size("vocab_size", default=50265)
    places = fields.whole("max_position_embeddings", default=1024)
    acts = activation(fields, "activation_function", default="gelu")
    fields.only(True, "tie_word_embeddings", why=_TABLES)
    table, norm = Embedding(vocabulary, width), LayerNorm(width)

    def embedded() -> Sequential:
        positions = LearnedPositions(places, width, SPARE)
        return Sequential({"token": table, "position": positions, "norm": LayerNorm(width)})

    read, write = _mlp(width, reading, acts), _mlp(width, writing, acts)
    encoder = Sequential({
        "embedding": embedded(),
        "layers": stacked(
            ["block"] * reading.depth, lambda _: post_norm(norm, Attention(width, reading.heads), read)
        ),
    })  # fmt: skip
    block = across_post_norm(
        norm, Attention(width, writing.heads, causal=True), CrossAttention(width, writing.heads), write
    )
    layers = beside(encoder, {"embedding": embedded()}, [copied(block) for _ in range(writing.depth)], {})
    input_shape = text_input(places)
    return Built(
        layers | _bart_head(fields, asked, name, width, vocabulary), (input_shape, input_shape), name
    )


def _bart_head(fields: Fields, asked: Asked, name: str, width: int, vocabulary: int) -> dict[str, Layer]:
    """What stands behind the decoder; a class is read off one token, here the first."""
    if name == "BartForConditionalGeneration":
        fields.took("tie_word_embeddings", True) if "tie_word_embeddings" not in fields.values else None
        return scores(fields, asked, width, vocabulary, tied=True)
    if name == "BartForSequenceClassification":
        count = labels(fields, THREE_LABELS)
        return {
            "last": AtPlace(-1), "head_transform": Linear(width, width), "head_activation": function("Tanh"),
            "head": Linear(width, count),
        }  # fmt: skip
    return {"head": Linear(width, 2)} if name == "BartForQuestionAnswering" else {}


def _mlp(width: int, sizes: Side, acts: str) -> FeedForward:
    return FeedForward(width, sizes.inner, activation=acts)


# ---- Whisper -------------------------------------------------------------------------------------

WHISPER = ("WhisperForConditionalGeneration", "WhisperModel")
FRAMES_A_POSITION = 2  # the second convolution moves by so many


@family("whisper", config="WhisperConfig", model="WhisperForConditionalGeneration")
def whisper(fields: Fields, asked: Asked) -> Built:
    """Radford et al. 2022: two convolutions over frames of sound, a table of waves, keys without bias."""
    name, _ = architecture(fields, dict.fromkeys(WHISPER), "WhisperForConditionalGeneration")
    width = fields.size("d_model", "hidden_size", default=384)
    reading = side(fields, "encoder", depth=4, heads=6, inner=1536, width=width)
    writing = side(fields, "decoder", depth=4, heads=6, inner=1536, width=width)
    vocabulary = fields.size("vocab_size", default=51865)
    bands = fields.whole("num_mel_bins", default=80)
    heard = fields.whole("max_source_positions", default=1500)
    places = fields.whole("max_target_positions", default=448)
    acts = activation(fields, "activation_function", default="gelu")
    norm = LayerNorm(width)
    read, write = _mlp(width, reading, acts), _mlp(width, writing, acts)
    attends = Attention(width, reading.heads, k_bias=False)
    encoder = Sequential({
        "sound": _convolutions(bands, width),
        "embedding": Sequential({"position": SinusoidalPositions(heard, width)}),
        "layers": stacked(["block"] * reading.depth, lambda _: pre_norm(norm, attends, read)),
        "norm": LayerNorm(width),
    })  # fmt: skip
    block = across_pre_norm(
        norm,
        Attention(width, writing.heads, k_bias=False, causal=True),
        CrossAttention(width, writing.heads, k_bias=False),
        write,
    )
    positions = LearnedPositions(places, width)
    layers = beside(
        encoder,
        {"embedding": Sequential({"token": Embedding(vocabulary, width), "position": positions})},
        [copied(block) for _ in range(writing.depth)],
        {"norm": LayerNorm(width)},
    )
    if name == "WhisperForConditionalGeneration":
        layers |= scores(
            fields, asked, width, vocabulary, tied=fields.flag("tie_word_embeddings", default=True)
        )
    return Built(layers, ((bands, FRAMES_A_POSITION * heard), text_input(places)), name)


def _convolutions(bands: int, width: int) -> Sequential:
    """Two convolutions over time, the second of which halves it; then each place is a token."""
    return Sequential({
        "first": Sequential({"conv": Conv1d(bands, width, 3, padding=1), "activation": GELU()}),
        "second": Sequential({
            "conv": Conv1d(width, width, 3, stride=FRAMES_A_POSITION, padding=1), "activation": GELU(),
        }),
        "tokens": ToTokens(),
    })  # fmt: skip
