"""OPT: two rows of positions more than places, biases, ReLU, in one model a narrower embedding.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm
from layercost.layers.positions import LearnedPositions
from layercost.message import Message
from layercost.models.families.blocks import (
    activation,
    even_head_size,
    post_norm,
    pre_norm,
    stacked,
)
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Derived, Fields
from layercost.models.families.heads import head
from layercost.models.families.llama import Core


@family("opt", config="OPTConfig", model="OPTForCausalLM")
def opt(fields: Fields, asked: Asked) -> Built:
    """Zhang et al. 2022: two rows of positions more than places, in one model a narrower embedding."""
    sizes = Core(
        fields.size("vocab_size", default=50272),
        fields.size("hidden_size", default=768),
        fields.size("ffn_dim", default=3072),
        fields.layers("num_hidden_layers", default=12),
        fields.size("num_attention_heads", default=12),
    )
    positions = fields.whole("max_position_embeddings", default=2048)
    even_head_size(fields, sizes.width, sizes.heads)
    before = fields.flag("do_layer_norm_before", default=True)
    bias = fields.flag("enable_bias", default=True)
    scaled = fields.flag("layer_norm_elementwise_affine", default=True)
    narrow = fields.whole("word_embed_proj_dim", default=Derived(sizes.width, Message("as hidden_size")))
    ends = before and not fields.flag("_remove_final_layer_norm", default=False)
    function = activation(fields, "activation_function", default="relu")
    attention = Attention(sizes.width, sizes.heads, bias=bias, causal=True)
    mlp = FeedForward(sizes.width, sizes.inner, bias=bias, activation=function)
    norm = LayerNorm(sizes.width, elementwise_affine=scaled)
    joined = pre_norm if before else post_norm
    tied = fields.flag("tie_word_embeddings", default=True)
    embedding: dict[str, Layer] = {"token": Embedding(sizes.vocabulary, narrow)}
    if narrow != sizes.width:
        embedding["projection"] = Linear(narrow, sizes.width, bias=False)
    embedding["position"] = LearnedPositions(positions, sizes.width, spare_rows=2)
    layers: dict[str, Layer] = {
        "embedding": Sequential(embedding),
        "layers": stacked(["block"] * sizes.depth, lambda _: joined(norm, attention, mlp)),
    }
    if ends:
        layers["norm"] = norm
    if narrow != sizes.width:
        layers["projection_out"] = Linear(sizes.width, narrow, bias=False)
    layers |= head(fields, asked, narrow, sizes.vocabulary, tied=tied)
    return Built(layers, text_input(positions))
