"""Llama and its relatives: RMSNorm, turned positions, grouped keys and values, a gated feed-forward.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.graph import Graph
from layercost.layers.normalization import LayerNorm, RMSNorm
from layercost.message import Message
from layercost.models.families.blocks import (
    HEAD_SIZE,
    activation,
    even_head_size,
    head_size,
    kv_heads,
    norm_around,
    norm_within,
    pre_norm,
    rotated,
    side_by_side,
    stacked,
)
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Derived, Fields
from layercost.models.families.heads import head
from layercost.models.families.windows import (
    Windows,
    all_of_them,
    every,
    late_rule,
    none,
    pattern,
    switched_window,
    windows,
)

Joining = Callable[[Layer, Layer, Layer], Graph]
Looking = Callable[[Attention, int | None], Attention]
_PHI3 = {"all-linear": ("q+k+v", "o", "gate+up", "down")}  # qkv_proj and gate_up_proj are one matrix each
BIDIRECTIONAL = Message("without a causal mask nothing is cached, and no text is continued")
_GELU, _ACTS = "gelu_pytorch_tanh", ("hidden_activation", "hidden_act")


class Core(NamedTuple):
    """The sizes that every decoder has."""

    vocabulary: int
    width: int
    inner: int
    depth: int
    heads: int


def core(fields: Fields, vocabulary: int, width: int, inner: int, depth: int, heads: int) -> Core:
    """The sizes that every decoder has; given are the defaults of its class."""
    return Core(
        fields.size("vocab_size", default=vocabulary),
        fields.size("hidden_size", default=width),
        fields.size("intermediate_size", default=inner),
        fields.layers("num_hidden_layers", default=depth),
        fields.size("num_attention_heads", default=heads),
    )


def decoder(
    fields: Fields, asked: Asked, sizes: Core, blocks: Sequential, norm: Layer, *, tied: bool,
    head_bias: bool = False,
) -> Built:  # fmt: skip
    """Tokens, blocks, a norm and a head; `tied` is the default of the class."""
    shares = fields.flag("tie_word_embeddings", default=tied)
    layers: dict[str, Layer] = {
        "embedding": Sequential({"token": Embedding(sizes.vocabulary, sizes.width)}),
        "layers": blocks,
        "norm": norm,
        **head(fields, asked, sizes.width, sizes.vocabulary, tied=shares, bias=head_bias),
    }
    return Built(layers, text_input())


def gated(
    fields: Fields, asked: Asked, sizes: Core, attention: Attention, *,
    each: Windows | None = None, joined: Joining = pre_norm, norm: Layer | None = None,
    looks: Looking | None = None, mlp_bias: bool = False, acts: str = "silu",
    names: tuple[str, ...] = ("hidden_act",), tied: bool = False,
) -> Built:  # fmt: skip
    """Blocks of attention and a gated feed-forward, RMSNorm around them; `each` has a window for each.

    `looks` says what becomes of the attention in a layer with its window, where it is more than a window.
    """
    norm = RMSNorm(sizes.width) if norm is None else norm
    function = activation(fields, *names, default=acts)
    mlp = FeedForward(sizes.width, sizes.inner, gated=True, bias=mlp_bias, activation=function)
    kinds = each or [None] * sizes.depth
    looks = looks or windowed
    blocks = stacked(kinds, lambda window: joined(norm, looks(attention, window), mlp))
    return decoder(fields, asked, sizes, blocks, norm, tied=tied)


def windowed(attention: Attention, window: int | None) -> Attention:
    """The same attention with a window."""
    return attention if window is None else replace(attention, window=window)


def turned_within_windows(attention: Attention, window: int | None) -> Attention:
    """The same attention with a window; without one, queries and keys are not turned either."""
    if window is None:
        return replace(attention, positions=None, rotary_dim=None)
    return windowed(attention, window)


def rotary(
    fields: Fields, sizes: Core, groups: int, size: int, *, share: float | None = None, **more: Any
) -> Attention:
    """Causal attention whose queries and keys are turned, in whole or in part (`share` of the class)."""
    turned = rotated(fields, size, default=share)
    return Attention(sizes.width, sizes.heads, groups, size, causal=True, **turned, **more)


# ---- Llama, Mistral and those that differ by a field ---------------------------------------------


@family("llama", config="LlamaConfig", model="LlamaForCausalLM")
@family("granite", config="GraniteConfig", model="GraniteForCausalLM")
def llama(fields: Fields, asked: Asked) -> Built:
    """Touvron et al. 2023: RMSNorm before each half, SwiGLU; Granite scales its values here and there."""
    sizes = core(fields, 32000, 4096, 11008, 32, 32)
    groups = kv_heads(fields, sizes.heads)
    size = head_size(fields, sizes.width, sizes.heads)
    bias = fields.flag("attention_bias", default=False)
    mlp_bias = fields.flag("mlp_bias", default=False)
    attention = rotary(fields, sizes, groups, size, bias=bias)
    return gated(fields, asked, sizes, attention, mlp_bias=mlp_bias)


@family("mistral", config="MistralConfig", model="MistralForCausalLM")
def mistral(fields: Fields, asked: Asked) -> Built:
    """Jiang et al. 2023: Llama with a window in every layer."""
    sizes = core(fields, 32000, 4096, 14336, 32, 32)
    groups = kv_heads(fields, sizes.heads, default=8)
    size = head_size(fields, sizes.width, sizes.heads)
    window = fields.whole_or_none("sliding_window", default=4096)
    attention = rotary(fields, sizes, groups, size, bias=False)
    return gated(fields, asked, sizes, attention, each=[window] * sizes.depth)


@family("ministral3", config="Ministral3Config", model="Ministral3ForCausalLM")
def ministral3(fields: Fields, asked: Asked) -> Built:
    """Ministral 3, after its class in transformers: heads of their own size, and no window."""
    sizes = core(fields, 131072, 4096, 14336, 34, 32)
    groups = kv_heads(fields, sizes.heads, default=8)
    size = fields.whole("head_dim", default=128, null=Derived(sizes.width // sizes.heads, HEAD_SIZE))
    window = fields.whole_or_none("sliding_window", default=None)
    attention = rotary(fields, sizes, groups, size, bias=False)
    return gated(fields, asked, sizes, attention, each=[window] * sizes.depth)


@family("ministral", config="MinistralConfig", model="MinistralForCausalLM")
def ministral(fields: Fields, asked: Asked) -> Built:
    """Mistral AI 2024: Mistral whose layers may differ in their window."""
    sizes = core(fields, 32000, 4096, 14336, 32, 32)
    groups = kv_heads(fields, sizes.heads, default=8)
    size = head_size(fields, sizes.width, sizes.heads)
    window = fields.whole_or_none("sliding_window", default=4096)
    each = windows(fields, sizes.depth, window, all_of_them)
    attention = rotary(fields, sizes, groups, size, bias=False)
    return gated(fields, asked, sizes, attention, each=each)


@family("phi3", config="Phi3Config", model="Phi3ForCausalLM", modules=_PHI3)
def phi3(fields: Fields, asked: Asked) -> Built:
    """Abdin et al. 2024: Llama whose maps are fused, with a window in every layer or none."""
    sizes = core(fields, 32064, 3072, 8192, 32, 32)
    groups = kv_heads(fields, sizes.heads)
    size = head_size(fields, sizes.width, sizes.heads)
    window = fields.whole_or_none("sliding_window", default=None)
    attention = rotary(fields, sizes, groups, size, bias=False)
    return gated(fields, asked, sizes, attention, each=[window] * sizes.depth)


@family("smollm3", config="SmolLM3Config", model="SmolLM3ForCausalLM")
def smollm3(fields: Fields, asked: Asked) -> Built:
    """Hugging Face 2025: Llama that turns no positions in some of its layers."""
    sizes = core(fields, 128256, 2048, 11008, 36, 16)
    groups = kv_heads(fields, sizes.heads, default=4)
    size = head_size(fields, sizes.width, sizes.heads)
    bias = fields.flag("attention_bias", default=False)
    mlp_bias = fields.flag("mlp_bias", default=False)
    fields.only(False, "use_sliding_window", why=Message("which layers have the window is not known here"))
    attention = rotary(fields, sizes, groups, size, bias=bias)
    return gated(fields, asked, sizes, attention, mlp_bias=mlp_bias, tied=True)


# ---- Qwen ----------------------------------------------------------------------------------------


@family("qwen2", config="Qwen2Config", model="Qwen2ForCausalLM")
def qwen2(fields: Fields, asked: Asked) -> Built:
    """Yang et al. 2024: Llama with biases on queries, keys and values alone."""
    sizes = core(fields, 151936, 4096, 22016, 32, 32)
    return _qwen2(fields, asked, sizes, groups=32, first=28)


@family("qwen2_vl_text", config="Qwen2VLTextConfig", model="Qwen2VLForConditionalGeneration")
@family("qwen2_5_vl_text", config="Qwen2_5_VLTextConfig", model="Qwen2_5_VLForConditionalGeneration")
def qwen2_vl(fields: Fields, asked: Asked) -> Built:
    """Wang et al. 2024 (Qwen2-VL), Bai et al. 2025 (Qwen2.5-VL): the part that reads text is Qwen 2."""
    sizes = core(fields, 152064, 8192, 29568, 80, 64)
    return _qwen2(fields, asked, sizes, groups=8, first=80)


def _qwen2(fields: Fields, asked: Asked, sizes: Core, *, groups: int, first: int) -> Built:
    groups = kv_heads(fields, sizes.heads, default=groups)
    size = head_size(fields, sizes.width, sizes.heads)
    attention = rotary(fields, sizes, groups, size, bias=True, out_bias=False)
    return gated(fields, asked, sizes, attention, each=_qwen_windows(fields, sizes.depth, first))


def _qwen_windows(fields: Fields, depth: int, first: int) -> Windows:
    """The window of each layer of Qwen 2 and 3: none, unless it is switched on."""
    window = switched_window(fields, default=4096)
    return windows(fields, depth, window, late_rule(fields, window, default=first))


@family("qwen3", config="Qwen3Config", model="Qwen3ForCausalLM")
def qwen3(fields: Fields, asked: Asked) -> Built:
    """Yang et al. 2025: heads of their own size, queries and keys normalized head by head."""
    sizes = core(fields, 151936, 4096, 22016, 32, 32)
    attention = _qwen3_attention(fields, sizes)
    return gated(fields, asked, sizes, attention, each=_qwen_windows(fields, sizes.depth, 28))


@family("qwen3_vl_text", config="Qwen3VLTextConfig", model="Qwen3VLForConditionalGeneration")
def qwen3_vl(fields: Fields, asked: Asked) -> Built:
    """Qwen Team 2025 (Qwen3-VL): the part that reads text is Qwen 3, without windows."""
    sizes = core(fields, 151936, 4096, 22016, 32, 32)
    return gated(fields, asked, sizes, _qwen3_attention(fields, sizes))


def _qwen3_attention(fields: Fields, sizes: Core) -> Attention:
    groups = kv_heads(fields, sizes.heads, default=32)
    size = fields.whole("head_dim", default=128)
    bias = fields.flag("attention_bias", default=False)
    return rotary(fields, sizes, groups, size, bias=bias, qk_norm="head")


# ---- Gemma ---------------------------------------------------------------------------------------


@family("gemma", config="GemmaConfig", model="GemmaForCausalLM")
def gemma(fields: Fields, asked: Asked) -> Built:
    """Gemma Team 2024: heads of 256, GeGLU, the head tied."""
    sizes = core(fields, 256000, 3072, 24576, 28, 16)
    groups = kv_heads(fields, sizes.heads, default=16)
    attention = _gemma_attention(fields, sizes, groups)
    return gated(fields, asked, sizes, attention, acts=_GELU, names=_ACTS, tied=True)


def _gemma_attention(fields: Fields, sizes: Core, groups: int, **more: Any) -> Attention:
    fields.only(False, "use_bidirectional_attention", why=BIDIRECTIONAL)
    size = fields.whole("head_dim", default=256)
    return rotary(fields, sizes, groups, size, bias=fields.flag("attention_bias", default=False), **more)


@family("gemma2", config="Gemma2Config", model="Gemma2ForCausalLM")
def gemma2(fields: Fields, asked: Asked) -> Built:
    """Gemma Team 2024 (Gemma 2): norms before and after each half, a window in every other layer."""
    sizes = core(fields, 256000, 2304, 9216, 26, 8)
    groups = kv_heads(fields, sizes.heads, default=4)
    window = fields.whole_or_none("sliding_window", default=4096)
    each = windows(fields, sizes.depth, window, every(2))
    attention = _gemma_attention(fields, sizes, groups)
    return gated(
        fields, asked, sizes, attention, each=each, joined=norm_around, acts=_GELU, names=_ACTS, tied=True
    )


@family("gemma3_text", config="Gemma3TextConfig", model="Gemma3ForCausalLM")
def gemma3(fields: Fields, asked: Asked) -> Built:
    """Gemma Team 2025 (Gemma 3): a window in five of six layers, queries and keys normalized."""
    sizes = core(fields, 262208, 2304, 9216, 26, 8)
    groups = kv_heads(fields, sizes.heads, default=4)
    window = fields.whole_or_none("sliding_window", default=4096)
    each = windows(fields, sizes.depth, window, pattern(fields, default=6))
    attention = _gemma_attention(fields, sizes, groups, qk_norm="head")
    return gated(
        fields, asked, sizes, attention, each=each, joined=norm_around, acts=_GELU, names=_ACTS, tied=True
    )


# ---- OLMo, StableLM, Cohere, EXAONE ----------------------------------------------------------------------


@family("olmo", config="OlmoConfig", model="OlmoForCausalLM")
def olmo(fields: Fields, asked: Asked) -> Built:
    """Groeneveld et al. 2024: Llama whose LayerNorm has nothing to train."""
    sizes = core(fields, 50304, 4096, 11008, 32, 32)
    groups = kv_heads(fields, sizes.heads)
    size = head_size(fields, sizes.width, sizes.heads)
    attention = rotary(fields, sizes, groups, size, bias=fields.flag("attention_bias", default=False))
    return gated(fields, asked, sizes, attention, norm=LayerNorm(sizes.width, elementwise_affine=False))


@family("olmo2", config="Olmo2Config", model="Olmo2ForCausalLM")
def olmo2(fields: Fields, asked: Asked) -> Built:
    """OLMo Team 2025: norms after each half, queries and keys normalized over all heads."""
    sizes = core(fields, 50304, 4096, 11008, 32, 32)
    return gated(fields, asked, sizes, olmo_attention(fields, sizes), joined=norm_within)


@family("olmo3", config="Olmo3Config", model="Olmo3ForCausalLM")
def olmo3(fields: Fields, asked: Asked) -> Built:
    """OLMo Team 2025 (OLMo 3): OLMo 2 with a window in three of four layers."""
    sizes = core(fields, 50304, 4096, 11008, 32, 32)
    window = fields.whole_or_none("sliding_window", default=4096)
    each = windows(fields, sizes.depth, window, every(4))
    return gated(fields, asked, sizes, olmo_attention(fields, sizes), each=each, joined=norm_within)


def olmo_attention(fields: Fields, sizes: Core) -> Attention:
    """Attention with one norm over the queries of all heads, and one over their keys."""
    groups = kv_heads(fields, sizes.heads)
    size = head_size(fields, sizes.width, sizes.heads)
    bias = fields.flag("attention_bias", default=False)
    return rotary(fields, sizes, groups, size, bias=bias, qk_norm="all")


@family("stablelm_epoch", config="StableLmConfig", model="StableLmForCausalLM")  # as first published
@family("stablelm", config="StableLmConfig", model="StableLmForCausalLM")
def stablelm(fields: Fields, asked: Asked) -> Built:
    """Stability AI 2023: Llama with LayerNorm, a quarter of each head turned."""
    sizes = core(fields, 50304, 2560, 6912, 32, 32)
    groups = kv_heads(fields, sizes.heads, default=32)
    size = even_head_size(fields, sizes.width, sizes.heads)
    bias = fields.flag("use_qkv_bias", default=False)
    norms = "all" if fields.flag("qk_layernorm", default=False) else None  # a vector for each head
    attention = rotary(fields, sizes, groups, size, share=0.25, bias=bias, out_bias=False, qk_norm=norms)
    parallel = fields.flag("use_parallel_residual", default=False)
    joined: Joining = side_by_side if parallel else pre_norm
    return gated(fields, asked, sizes, attention, joined=joined, norm=LayerNorm(sizes.width))


@family("cohere", config="CohereConfig", model="CohereForCausalLM")
def cohere(fields: Fields, asked: Asked) -> Built:
    """Cohere 2024 (Command R): attention and feed-forward side by side, LayerNorm without biases."""
    sizes = core(fields, 256000, 8192, 22528, 40, 64)
    groups = kv_heads(fields, sizes.heads)
    size = head_size(fields, sizes.width, sizes.heads)
    norms = "all" if fields.flag("use_qk_norm", default=False) else None  # a vector for each head
    bias = fields.flag("attention_bias", default=False)
    attention = rotary(fields, sizes, groups, size, bias=bias, qk_norm=norms)
    norm = LayerNorm(sizes.width, bias=False)
    return gated(fields, asked, sizes, attention, joined=side_by_side, norm=norm, tied=True)


@family("cohere2", config="Cohere2Config", model="Cohere2ForCausalLM")
def cohere2(fields: Fields, asked: Asked) -> Built:
    """Cohere 2024 (Command R7B): Cohere with a window in three of four layers, which alone turn positions."""
    sizes = core(fields, 256000, 8192, 22528, 40, 64)
    groups = kv_heads(fields, sizes.heads)
    size = even_head_size(fields, sizes.width, sizes.heads)
    attention = rotary(fields, sizes, groups, size, bias=fields.flag("attention_bias", default=False))
    window = fields.whole("sliding_window", default=4096)
    each = windows(fields, sizes.depth, window, pattern(fields, default=4))
    return gated(
        fields, asked, sizes, attention, each=each, joined=side_by_side, looks=turned_within_windows,
        norm=LayerNorm(sizes.width, bias=False), tied=True,
    )  # fmt: skip


@family("exaone4", config="Exaone4Config", model="Exaone4ForCausalLM")
def exaone4(fields: Fields, asked: Asked) -> Built:
    """LG AI Research 2025 (EXAONE 4.0): norms after each half, a window in three of four layers."""
    sizes = core(fields, 102400, 4096, 16384, 32, 32)
    groups = kv_heads(fields, sizes.heads, default=32)
    size = head_size(fields, sizes.width, sizes.heads)
    attention = rotary(fields, sizes, groups, size, bias=False, qk_norm="head")
    window = fields.whole_or_none("sliding_window", default=4096)
    each = windows(fields, sizes.depth, window, pattern(fields, default=4) if window else none)
    looks = turned_within_windows if window else windowed
    return gated(fields, asked, sizes, attention, each=each, joined=norm_within, looks=looks)


# ---- Ernie, Seed-OSS, Hunyuan ------------------------------------------------------------------------


@family("ernie4_5", config="Ernie4_5Config", model="Ernie4_5ForCausalLM")
def ernie(fields: Fields, asked: Asked) -> Built:
    """Baidu 2025 (ERNIE 4.5): Llama with biases everywhere or nowhere, heads of their own size, tied."""
    sizes = core(fields, 103424, 1024, 3072, 18, 16)
    groups = kv_heads(fields, sizes.heads, default=2)
    size = fields.whole("head_dim", default=128, null=Derived(sizes.width // sizes.heads, HEAD_SIZE))
    bias = fields.flag("use_bias", default=False)
    attention = rotary(fields, sizes, groups, size, bias=bias)
    return gated(fields, asked, sizes, attention, mlp_bias=bias, tied=True)


@family("seed_oss", config="SeedOssConfig", model="SeedOssForCausalLM")
def seed_oss(fields: Fields, asked: Asked) -> Built:
    """ByteDance 2025 (Seed-OSS): Llama with heads of their own size, biases on queries, keys and values."""
    sizes = core(fields, 155136, 4096, 27648, 64, 80)
    groups = kv_heads(fields, sizes.heads, default=8)
    size = fields.whole("head_dim", default=128)
    bias = fields.flag("attention_bias", default=True)
    out_bias = fields.flag("attention_out_bias", default=False)
    mlp_bias = fields.flag("mlp_bias", default=False)
    attention = rotary(fields, sizes, groups, size, bias=bias, out_bias=out_bias)
    return gated(fields, asked, sizes, attention, mlp_bias=mlp_bias)


@family("hunyuan_v1_dense", config="HunYuanDenseV1Config", model="HunYuanDenseV1ForCausalLM")
def hunyuan(fields: Fields, asked: Asked) -> Built:
    """Tencent 2025 (Hunyuan): Llama whose queries and keys are normalized head by head."""
    sizes = core(fields, 290943, 4096, 11008, 32, 32)
    groups = kv_heads(fields, sizes.heads)
    size = head_size(fields, sizes.width, sizes.heads)
    bias = fields.flag("attention_bias", default=False)
    attention = rotary(fields, sizes, groups, size, bias=bias, qk_norm="head")
    return gated(fields, asked, sizes, attention)


# ---- GLM ---------------------------------------------------------------------------------------------

_GLM = {"all-linear": ("q", "k", "v", "o", "gate+up", "down")}  # gate_up_proj is one matrix


@family("glm", config="GlmConfig", model="GlmForCausalLM", modules=_GLM)
def glm(fields: Fields, asked: Asked) -> Built:
    """GLM Team 2024: Llama with biases on queries, keys and values, half of each head turned."""
    return _glm(fields, asked, pre_norm)


@family("glm4", config="Glm4Config", model="Glm4ForCausalLM", modules=_GLM)
def glm4(fields: Fields, asked: Asked) -> Built:
    """GLM Team 2025 (GLM-4-0414): GLM with norms before and after each half."""
    return _glm(fields, asked, norm_around)


def _glm(fields: Fields, asked: Asked, joined: Joining) -> Built:
    sizes = core(fields, 151552, 4096, 13696, 40, 32)
    groups = kv_heads(fields, sizes.heads, default=2)
    size = fields.whole("head_dim", default=128)
    bias = fields.flag("attention_bias", default=True)
    return gated(fields, asked, sizes, glm_attention(fields, sizes, groups, size, bias=bias), joined=joined)


def glm_attention(fields: Fields, sizes: Core, groups: int, size: int, **more: Any) -> Attention:
    """Attention of which half of each head is turned, and whose last map has no bias."""
    return rotary(fields, sizes, groups, size, share=0.5, out_bias=False, **more)
