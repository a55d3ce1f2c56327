"""Falcon and BLOOM: fused maps, plain feed-forward, in some models slopes on the scores.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from collections.abc import Callable

from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.graph import Graph
from layercost.layers.normalization import LayerNorm
from layercost.message import Message
from layercost.models.families.blocks import (
    even_head_size,
    kv_heads,
    pre_norm,
    rotated,
    side_by_side,
    side_by_side_each,
)
from layercost.models.families.family import FUSED, Asked, Built, family
from layercost.models.families.fields import Derived, Fields
from layercost.models.families.gpt import four_times, plain
from layercost.models.families.llama import Core, decoder


@family("bloom", config="BloomConfig", model="BloomForCausalLM", modules=FUSED)
def bloom(fields: Fields, asked: Asked) -> Built:
    """BigScience 2022: slopes on the scores in place of positions, a norm on the embedding."""
    width = fields.size("hidden_size", "n_embed", default=64)
    sizes = Core(
        fields.size("vocab_size", default=250880), width, 4 * width,
        fields.layers("n_layer", "num_hidden_layers", default=2),
        fields.size("n_head", "num_attention_heads", default=8),
    )  # fmt: skip
    even_head_size(fields, width, sizes.heads)
    attention = Attention(width, sizes.heads, causal=True, positions="alibi")
    blocks = plain(fields, attention, sizes, acts="gelu_new")
    built = decoder(fields, asked, sizes, blocks, LayerNorm(width), tied=True)
    built.layers["embedding"] = Sequential(
        {"token": Embedding(sizes.vocabulary, width), "norm": LayerNorm(width)}
    )
    return built


@family(
    "RefinedWebModel", config="FalconConfig", model="FalconForCausalLM", modules=FUSED
)  # as first published
@family("RefinedWeb", config="FalconConfig", model="FalconForCausalLM", modules=FUSED)
@family("falcon", config="FalconConfig", model="FalconForCausalLM", modules=FUSED)
def falcon(fields: Fields, asked: Asked) -> Built:
    """Almazrouei et al. 2023: one head of keys and values, or in the later models a few."""
    sizes = _falcon_core(fields)
    later = fields.flag("new_decoder_architecture", default=_later(fields))
    groups = _falcon_groups(fields, sizes.heads, later)
    size = even_head_size(fields, sizes.width, sizes.heads)
    alibi = fields.flag("alibi", default=False)
    bias = fields.flag("bias", default=False)
    places = {"positions": "alibi"} if alibi else rotated(fields, size)
    attention = Attention(sizes.width, sizes.heads, groups, size, bias=bias, causal=True, **places)
    blocks = plain(
        fields,
        attention,
        sizes,
        acts="gelu",
        names=("activation",),
        joined=_falcon_joined(fields, later),
        bias=bias,
    )
    return decoder(fields, asked, sizes, blocks, LayerNorm(sizes.width), tied=True)


def _later(fields: Fields) -> bool | Derived:
    """The architecture of a file that does not say: the code first published with the 40B knew the later."""
    first = fields.values.get("model_type") == "RefinedWeb"
    return Derived(True, Message("the code that was published with RefinedWeb")) if first else False


def _falcon_core(fields: Fields) -> Core:
    width = fields.size("hidden_size", "n_embed", default=4544)
    return Core(
        fields.size("vocab_size", default=65024),
        width,
        fields.whole("ffn_hidden_size", default=four_times(width)),
        fields.layers("num_hidden_layers", "n_layer", default=32),
        fields.size("num_attention_heads", "n_head", default=71),
    )


def _falcon_groups(fields: Fields, heads: int, later: bool) -> int:
    """How many heads have keys and values: in the later models as told, else one or all."""
    if later:
        return kv_heads(fields, heads, "num_kv_heads", "n_head_kv")
    return 1 if fields.flag("multi_query", default=True) else heads


def _falcon_joined(fields: Fields, later: bool) -> Callable[[Layer, Layer, Layer], Graph]:
    """How the halves of a block are joined, with one norm or two."""
    parallel = fields.flag("parallel_attn", default=True)
    if not parallel:
        return side_by_side_each if later else pre_norm
    usual = Derived(2 if later else 1, Message("2 with new_decoder_architecture, else 1"))
    norms = fields.whole("num_ln_in_parallel_attn", default=usual)
    if norms not in (1, 2):
        fields.expected("num_ln_in_parallel_attn", Message("1 or 2"), norms)
    return side_by_side_each if norms == 2 else side_by_side
