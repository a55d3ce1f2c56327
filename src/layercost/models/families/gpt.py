"""GPT-2 and its relatives: positions in a table or turned, plain feed-forward, LayerNorm, biases.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from layercost.layers.attention import Attention
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.normalization import LayerNorm
from layercost.message import Message
from layercost.models.families.blocks import (
    activation,
    even_head_size,
    head,
    pre_norm,
    stacked,
    with_positions,
)
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Derived, Fields


@family("gpt2", config="GPT2Config", model="GPT2LMHeadModel")
def gpt2(fields: Fields, asked: Asked) -> Built:
    """Radford et al. 2019: learned positions, norms before each half, the head tied."""
    vocabulary = fields.size("vocab_size", default=50257)
    width = fields.size("n_embd", "hidden_size", default=768)
    heads = fields.size("n_head", "num_attention_heads", default=12)
    depth = fields.layers("n_layer", "num_hidden_layers", default=12)
    positions = fields.whole("n_positions", "max_position_embeddings", default=1024)
    inner = fields.whole("n_inner", default=four_times(width))
    even_head_size(fields, width, heads)
    fields.only(False, "add_cross_attention", why=Message("a decoder beside an encoder has more layers"))
    function = activation(fields, "activation_function", default="gelu_new")
    tied = fields.flag("tie_word_embeddings", default=True)
    blocks = stacked(
        ["block"] * depth,
        lambda _: pre_norm(
            LayerNorm(width),
            Attention(width, heads, causal=True),
            FeedForward(width, inner, activation=function),
        ),
    )
    layers = {
        "embedding": with_positions(Embedding(vocabulary, width), positions, width),
        "layers": blocks,
        "norm": LayerNorm(width),
        **head(fields, asked, width, vocabulary, tied=tied),
    }
    return Built(layers, text_input(positions))


def four_times(width: int) -> Derived:
    """The usual width of a feed-forward."""
    return Derived(4 * width, Message("4 x the width"))
