"""Whisper: an encoder of sound and a decoder of text.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from layercost.layer import Layer
from layercost.layers.activation import GELU
from layercost.layers.attention import Attention, CrossAttention
from layercost.layers.composite import Sequential
from layercost.layers.convolution import Conv1d
from layercost.layers.embedding import Embedding
from layercost.layers.graph import Graph
from layercost.layers.normalization import LayerNorm
from layercost.layers.patches import ToTokens
from layercost.layers.positions import LearnedPositions, SinusoidalPositions
from layercost.models.families.bart import Side, side
from layercost.models.families.beside import across_pre_norm, beside, copied
from layercost.models.families.blocks import activation, pre_norm, scores, stacked
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Fields
from layercost.models.families.heads import architecture

CLASSES = ("WhisperForConditionalGeneration", "WhisperModel")
FRAMES_A_PLACE = 2  # the second convolution moves by so many


@family("whisper", config="WhisperConfig", model="WhisperForConditionalGeneration")
def whisper(fields: Fields, asked: Asked) -> Built:
    """Radford et al. 2022: two convolutions over frames of sound, a table of waves, keys without bias."""
    name, _ = architecture(fields, dict.fromkeys(CLASSES), "WhisperForConditionalGeneration")
    width = fields.size("d_model", "hidden_size", default=384)
    acts = activation(fields, "activation_function", default="gelu")
    hears = side(fields, "encoder", width, acts, depth=4, heads=6, inner=1536)
    writes = side(fields, "decoder", width, acts, depth=4, heads=6, inner=1536)
    vocabulary = fields.size("vocab_size", default=51865)
    bands = fields.whole("num_mel_bins", default=80)
    heard = fields.whole("max_source_positions", default=1500)
    places = fields.whole("max_target_positions", default=448)
    tables: dict[str, Layer] = {
        "token": Embedding(vocabulary, width), "position": LearnedPositions(places, width),
    }  # fmt: skip
    layers = beside(
        _encoder(hears, bands, heard),
        {"embedding": Sequential(tables)},
        [copied(_block(writes)) for _ in range(writes.depth)],
        {"norm": LayerNorm(width)},
    )
    if name == "WhisperForConditionalGeneration":
        tied = fields.flag("tie_word_embeddings", default=True)
        layers |= scores(fields, asked, width, vocabulary, tied=tied)
    return Built(layers, ((bands, FRAMES_A_PLACE * heard), text_input(places)), name)


def _encoder(sizes: Side, bands: int, heard: int) -> Sequential:
    """Sound to tokens, with a stored table of waves, and blocks that look to both sides."""
    norm, attention = LayerNorm(sizes.width), Attention(sizes.width, sizes.heads, k_bias=False)
    return Sequential({
        "sound": _convolutions(bands, sizes.width),
        "embedding": Sequential({"position": SinusoidalPositions(heard, sizes.width)}),
        "layers": stacked(["block"] * sizes.depth, lambda _: pre_norm(norm, attention, sizes.mlp)),
        "norm": LayerNorm(sizes.width),
    })  # fmt: skip


def _convolutions(bands: int, width: int) -> Sequential:
    """Two convolutions over time, the second of which halves it; then each place is a token."""
    halving = Conv1d(width, width, 3, stride=FRAMES_A_PLACE, padding=1)
    return Sequential({
        "first": Sequential({"conv": Conv1d(bands, width, 3, padding=1), "activation": GELU()}),
        "second": Sequential({"conv": halving, "activation": GELU()}),
        "tokens": ToTokens(),
    })  # fmt: skip


def _block(sizes: Side) -> Graph:
    """A block of the decoder."""
    looks_back = Attention(sizes.width, sizes.heads, k_bias=False, causal=True)
    across = CrossAttention(sizes.width, sizes.heads, k_bias=False)
    return across_pre_norm(LayerNorm(sizes.width), looks_back, across, sizes.mlp)
