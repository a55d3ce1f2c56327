"""Llama and its relatives: RMSNorm, turned positions, grouped keys and values, a gated feed-forward.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.normalization import RMSNorm
from layercost.models.families.blocks import activation, head, head_size, kv_heads, pre_norm, stacked
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Fields


@family("llama", config="LlamaConfig", model="LlamaForCausalLM")
def llama(fields: Fields, asked: Asked) -> Built:
    """Touvron et al. 2023: RMSNorm before each half, SwiGLU, rotary positions."""
    vocabulary = fields.size("vocab_size", default=32000)
    width = fields.size("hidden_size", default=4096)
    inner = fields.size("intermediate_size", default=11008)
    depth = fields.layers("num_hidden_layers", default=32)
    heads = fields.size("num_attention_heads", default=32)
    groups = kv_heads(fields, heads)
    size = head_size(fields, width, heads)
    bias = fields.flag("attention_bias", default=False)
    mlp_bias = fields.flag("mlp_bias", default=False)
    function = activation(fields, "hidden_act", default="silu")
    tied = fields.flag("tie_word_embeddings", default=False)
    blocks = stacked(
        ["block"] * depth,
        lambda _: pre_norm(
            RMSNorm(width),
            Attention(width, heads, groups, size, bias=bias, causal=True, positions="rotary"),
            FeedForward(width, inner, gated=True, bias=mlp_bias, activation=function),
        ),
    )
    return decoder(fields, asked, blocks, RMSNorm(width), width, vocabulary, tied)


def decoder(
    fields: Fields, asked: Asked, blocks: Sequential, norm: Layer, width: int, vocabulary: int, tied: bool
) -> Built:
    """Tokens, blocks, a norm and a head."""
    layers: dict[str, Layer] = {
        "embedding": Sequential({"token": Embedding(vocabulary, width)}),
        "layers": blocks,
        "norm": norm,
        **head(fields, asked, width, vocabulary, tied=tied),
    }
    return Built(layers, text_input())
