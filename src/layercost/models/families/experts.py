"""Models of many experts: Mixtral, Phi-3.5-MoE, Qwen's, OLMoE, gpt-oss. Each token passes a few of them.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.feed_forward import FeedForward, MixtureOfExperts
from layercost.layers.graph import Graph
from layercost.layers.normalization import LayerNorm, RMSNorm
from layercost.message import Message
from layercost.models.families.blocks import (
    HEAD_SIZE,
    activation,
    even_head_size,
    head_size,
    kv_heads,
    pre_norm,
    stacked,
)
from layercost.models.families.family import Asked, Built, family
from layercost.models.families.fields import Derived, Fields
from layercost.models.families.llama import Core, Joining, core, decoder, olmo_attention, rotary, windowed
from layercost.models.families.windows import Windows, every, none, switched_window, windows


class Experts(NamedTuple):
    """How many experts there are, how many a token passes, and how wide each is."""

    total: int
    chosen: int
    inner: int


def experts(
    fields: Fields, *names: str, count: int, chosen: int | None, inner: int | None = None, width: int = 0
) -> Experts:
    """The experts of a model; without `inner`, the default of ``moe_intermediate_size``, they are `width`."""
    if inner is not None:
        width = fields.whole("moe_intermediate_size", default=inner)
    total = fields.size(*names, default=count)
    every = Derived(total, Message("the class has none; here all of them"))
    passed = fields.whole("num_experts_per_tok", default=every if chosen is None else chosen)
    found = Experts(total, passed, width)
    if found.chosen > found.total:
        fields.refuse(
            "num_experts_per_tok",
            Message("{chosen} contradicts {field}, {total}",
                    chosen=found.chosen, field=names[0], total=found.total),
            Message("a token cannot pass more experts than there are"),
        )  # fmt: skip
    return found


_NAMES = ("num_experts", "num_local_experts", "n_routed_experts")


@family("phimoe", config="PhimoeConfig", model="PhimoeForCausalLM")
def phimoe(fields: Fields, asked: Asked) -> Built:
    """Abdin et al. 2024 (Phi-3.5-MoE): Mixtral with LayerNorm, and biases of attention and head.

    Its router chooses one expert after the other, with a softmax each; here one softmax is priced.
    """
    sizes = core(fields, 32064, 4096, 6400, 32, 32)
    groups = kv_heads(fields, sizes.heads, default=8)
    size = head_size(fields, sizes.width, sizes.heads)
    window = fields.whole_or_none("sliding_window", default=None)
    bias = fields.flag("attention_bias", default=False)
    attention = rotary(fields, sizes, groups, size, bias=bias)
    fields.only(2, "num_experts_per_tok", why=Message("the router of this class chooses two"))
    found = experts(fields, "num_local_experts", "num_experts", count=16, chosen=2, width=sizes.inner)
    return mixed(
        fields, asked, sizes, attention, _mixture(fields, sizes, found), each=[window] * sizes.depth,
        norm=LayerNorm(sizes.width), head_bias=fields.flag("lm_head_bias", default=False),
    )  # fmt: skip


@family("mixtral", config="MixtralConfig", model="MixtralForCausalLM")
def mixtral(fields: Fields, asked: Asked) -> Built:
    """Jiang et al. 2024: eight experts in place of a feed-forward, of which a token passes two."""
    sizes = core(fields, 32000, 4096, 14336, 32, 32)
    groups = kv_heads(fields, sizes.heads, default=8)
    size = head_size(fields, sizes.width, sizes.heads)
    window = fields.whole_or_none("sliding_window", default=None)
    attention = rotary(fields, sizes, groups, size, bias=False)
    found = experts(fields, "num_local_experts", "num_experts", count=8, chosen=2, width=sizes.inner)
    mlp = _mixture(fields, sizes, found, router="chosen")
    return mixed(fields, asked, sizes, attention, mlp, each=[window] * sizes.depth)


def _mixture(fields: Fields, sizes: Core, found: Experts, **more: Any) -> MixtureOfExperts:
    function = activation(fields, "hidden_act", default="silu")
    return MixtureOfExperts(sizes.width, found.inner, found.total, found.chosen, activation=function, **more)


def mixed(
    fields: Fields, asked: Asked, sizes: Core, attention: Layer, mlp: Layer, *,
    each: Windows | None = None, dense: Sequence[bool] = (), plain: Layer | None = None,
    joined: Joining = pre_norm, norm: Layer | None = None, head_bias: bool = False,
) -> Built:  # fmt: skip
    """Blocks whose second half is `mlp`, or, in the layers that are `dense`, `plain`."""
    norm = RMSNorm(sizes.width) if norm is None else norm
    kinds = list(zip(each or [None] * sizes.depth, dense or [False] * sizes.depth, strict=True))

    def block(kind: tuple[int | None, bool]) -> Graph:
        window, is_dense = kind
        looks = attention if window is None else windowed(cast(Attention, attention), window)
        return joined(norm, looks, cast(Layer, plain) if is_dense else mlp)

    blocks = stacked(kinds, block)
    return decoder(fields, asked, sizes, blocks, norm, tied=False, head_bias=head_bias)


@family("granitemoe", config="GraniteMoeConfig", model="GraniteMoeForCausalLM")
def granite_moe(fields: Fields, asked: Asked) -> Built:
    """IBM 2024 (Granite 3.0 MoE): Mixtral, with biases in attention where the file says so."""
    sizes = core(fields, 32000, 4096, 11008, 32, 32)
    groups = kv_heads(fields, sizes.heads)
    size = head_size(fields, sizes.width, sizes.heads)
    attention = rotary(fields, sizes, groups, size, bias=fields.flag("attention_bias", default=False))
    found = experts(fields, "num_local_experts", "num_experts", count=8, chosen=2, width=sizes.inner)
    return mixed(fields, asked, sizes, attention, _mixture(fields, sizes, found, router="chosen"))


@family("minimax_m2", config="MiniMaxM2Config", model="MiniMaxM2ForCausalLM")
def minimax_m2(fields: Fields, asked: Asked) -> Built:
    """MiniMax 2025 (MiniMax-M2): 256 experts scored by sigmoids, one norm over the queries of all heads."""
    sizes = core(fields, 200064, 3072, 1536, 62, 48)
    groups = kv_heads(fields, sizes.heads, default=8)
    size = fields.whole("head_dim", default=128)
    turned = fields.values.get("rotary_dim")
    share = fields.whole("rotary_dim", default=size) / size if turned is not None else 1.0
    attention = rotary(fields, sizes, groups, size, share=share, bias=False, qk_norm="all")
    found = experts(fields, "num_local_experts", "num_experts", count=256, chosen=8, width=sizes.inner)
    return mixed(fields, asked, sizes, attention, _mixture(fields, sizes, found, router="sigmoid"))


# ---- Qwen ----------------------------------------------------------------------------------------


@family("qwen2_moe", config="Qwen2MoeConfig", model="Qwen2MoeForCausalLM")
def qwen2_moe(fields: Fields, asked: Asked) -> Built:
    """Qwen Team 2024: small experts, and a wide one that every token passes, with a gate of its own."""
    sizes = core(fields, 151936, 2048, 5632, 24, 16)
    groups = kv_heads(fields, sizes.heads, default=16)
    size = head_size(fields, sizes.width, sizes.heads)
    bias = fields.flag("qkv_bias", default=True)
    attention = rotary(fields, sizes, groups, size, bias=bias, out_bias=False)
    found = experts(fields, *_NAMES, count=60, chosen=4, inner=1408)
    shared = fields.whole("shared_expert_intermediate_size", default=5632)
    mlp = _mixture(fields, sizes, found, shared_dim=shared, shared_gate=True)
    each = _early_windows(fields, sizes.depth)
    return _sparse(fields, asked, sizes, attention, mlp, each)


def _early_windows(fields: Fields, depth: int) -> Windows:
    """The rule of this class: where windows are switched on, every other one of the first layers has one."""
    window = switched_window(fields, default=4096)
    if window is None:
        return windows(fields, depth, None, none)
    first = fields.whole("max_window_layers", default=28, least=0)
    return windows(fields, depth, window, lambda place: place % 2 == 0 and place < first)


def _sparse(
    fields: Fields, asked: Asked, sizes: Core, attention: Attention, mlp: MixtureOfExperts, each: Windows
) -> Built:
    """Experts in each ``decoder_sparse_step``-th layer, but for ``mlp_only_layers``."""
    step = fields.whole("decoder_sparse_step", default=1)
    only = set(fields.whole_numbers("mlp_only_layers", default=()))
    outside = [place for place in only if place >= sizes.depth]
    if outside:
        fields.refuse(
            "mlp_only_layers",
            Message("layer {place} contradicts num_hidden_layers, {depth}",
                    place=outside[0], depth=sizes.depth),
        )  # fmt: skip
    dense = [place in only or (place + 1) % step != 0 for place in range(sizes.depth)]
    plain = FeedForward(sizes.width, sizes.inner, gated=True, bias=False, activation=mlp.activation)
    return mixed(fields, asked, sizes, attention, mlp, each=each, dense=dense, plain=plain)


@family("qwen3_moe", config="Qwen3MoeConfig", model="Qwen3MoeForCausalLM")
def qwen3_moe(fields: Fields, asked: Asked) -> Built:
    """Yang et al. 2025: Qwen 3 with 128 small experts and none that is shared."""
    sizes = core(fields, 151936, 2048, 6144, 24, 32)
    groups = kv_heads(fields, sizes.heads, default=4)
    size = head_size(fields, sizes.width, sizes.heads)
    bias = fields.flag("attention_bias", default=False)
    attention = rotary(fields, sizes, groups, size, bias=bias, qk_norm="head")
    found = experts(fields, *_NAMES, count=128, chosen=8, inner=768)
    window = switched_window(fields, default=4096)
    return _sparse(fields, asked, sizes, attention, _mixture(fields, sizes, found), [window] * sizes.depth)


@family("qwen3_vl_moe_text", config="Qwen3VLMoeTextConfig", model="Qwen3VLMoeForConditionalGeneration")
def qwen3_vl_moe(fields: Fields, asked: Asked) -> Built:
    """Qwen Team 2025 (Qwen3-VL): the part that reads text is Qwen 3 with experts, without windows."""
    sizes = core(fields, 151936, 2048, 5632, 24, 16)
    groups = kv_heads(fields, sizes.heads, default=16)
    size = fields.whole("head_dim", default=Derived(sizes.width // sizes.heads, HEAD_SIZE))
    bias = fields.flag("attention_bias", default=False)
    attention = rotary(fields, sizes, groups, size, bias=bias, qk_norm="head")
    found = experts(fields, *_NAMES, count=60, chosen=4, inner=1408)
    return _sparse(fields, asked, sizes, attention, _mixture(fields, sizes, found), [None] * sizes.depth)


# ---- OLMoE and gpt-oss ---------------------------------------------------------------------------


@family("olmoe", config="OlmoeConfig", model="OlmoeForCausalLM")
def olmoe(fields: Fields, asked: Asked) -> Built:
    """Muennighoff et al. 2024: 64 small experts, queries and keys normalized over all heads."""
    sizes = core(fields, 50304, 2048, 2048, 16, 16)
    even_head_size(fields, sizes.width, sizes.heads)  # the norms know no other size
    attention = olmo_attention(fields, sizes)
    found = experts(fields, *_NAMES, count=64, chosen=8, width=sizes.inner)
    return mixed(fields, asked, sizes, attention, _mixture(fields, sizes, found))


@family("gpt_oss", config="GptOssConfig", model="GptOssForCausalLM")
def gpt_oss(fields: Fields, asked: Asked) -> Built:
    """OpenAI 2025: biases on maps and experts, a sink for each head, a window in every other layer."""
    sizes = core(fields, 201088, 2880, 2880, 36, 64)
    groups = kv_heads(fields, sizes.heads, default=8)
    size = fields.whole("head_dim", default=64, null=Derived(sizes.width // sizes.heads, HEAD_SIZE))
    bias = fields.flag("attention_bias", default=True)
    window = fields.whole_or_none("sliding_window", default=128)
    each = windows(fields, sizes.depth, window, every(2))
    attention = rotary(fields, sizes, groups, size, bias=bias, sinks=True)
    found = experts(fields, "num_local_experts", "num_experts", count=128, chosen=4, width=sizes.inner)
    mlp = _mixture(fields, sizes, found, bias=True, router="chosen")
    return mixed(fields, asked, sizes, attention, mlp, each=each)
