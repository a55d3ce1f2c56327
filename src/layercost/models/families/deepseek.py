"""DeepSeek V2 and V3: attention over one short vector a token, small experts and shared ones.

GLM-4.5 has experts of this kind, and attention with keys and values.

Facts: the classes of transformers 5.24.0, each with its defaults; which layers have experts also from the
code that DeepSeek published with its models (``moe_layer_freq``).
"""

from __future__ import annotations

from layercost.layer import Layer
from layercost.layers.attention import LatentAttention
from layercost.layers.feed_forward import FeedForward, MixtureOfExperts
from layercost.message import Message
from layercost.models.families.blocks import activation, head_size, kv_heads
from layercost.models.families.experts import Experts, experts, mixed
from layercost.models.families.family import Asked, Built, family
from layercost.models.families.fields import Derived, Fields
from layercost.models.families.llama import Core, core, glm_attention


@family("deepseek_v2", config="DeepseekV2Config", model="DeepseekV2ForCausalLM")
def deepseek_v2(fields: Fields, asked: Asked) -> Built:
    """DeepSeek-AI 2024: latent attention, experts after the first layers."""
    sizes = core(fields, 102400, 4096, 11008, 32, 32)
    fields.only(False, "mlp_bias", why=Message("biases of shared experts alone are not known here"))
    attention = _latent(fields, sizes)
    found = experts(fields, *_NAMES, count=64, chosen=None, inner=1407)
    return _after_the_first(fields, asked, sizes, attention, found, shared=2, first=0, router="softmax")


@family("kimi_k2", config="DeepseekV3Config", model="DeepseekV3ForCausalLM")  # the same fields
@family("deepseek_v3", config="DeepseekV3Config", model="DeepseekV3ForCausalLM")
def deepseek_v3(fields: Fields, asked: Asked) -> Built:
    """DeepSeek-AI 2024 (DeepSeek-V3, and R1), Kimi Team 2025 (Kimi K2): 256 experts, scored by sigmoids."""
    sizes = core(fields, 129280, 7168, 18432, 61, 128)
    attention = _latent(fields, sizes)
    found = experts(fields, *_NAMES, count=256, chosen=8, inner=2048)
    _note_what_is_ahead(fields)
    return _after_the_first(fields, asked, sizes, attention, found, shared=1, first=3, router="sigmoid")


@family("glm4_moe", config="Glm4MoeConfig", model="Glm4MoeForCausalLM")
def glm4_moe(fields: Fields, asked: Asked) -> Built:
    """GLM Team 2025 (GLM-4.5 and later): GLM's attention, DeepSeek's experts."""
    sizes = core(fields, 151552, 4096, 10944, 46, 96)
    groups = kv_heads(fields, sizes.heads, default=8)
    size = head_size(fields, sizes.width, sizes.heads)
    bias = fields.flag("attention_bias", default=False)
    norms = "head" if fields.flag("use_qk_norm", default=False) else None
    attention = glm_attention(fields, sizes, groups, size, bias=bias, qk_norm=norms)
    found = experts(fields, *_NAMES, count=128, chosen=8, inner=1408)
    _note_what_is_ahead(fields)
    return _after_the_first(fields, asked, sizes, attention, found, shared=1, first=1, router="sigmoid")


def _note_what_is_ahead(fields: Fields) -> None:
    ahead = fields.announced("num_nextn_predict_layers", "num_mtp_layers")
    if ahead:
        fields.note(
            Message("Beside the model the file announces {count} layer of another kind, which predicts "
                    "further tokens (num_nextn_predict_layers); it is not counted.", count=ahead)
        )  # fmt: skip


_NAMES = ("n_routed_experts", "num_local_experts", "num_experts")


def _latent(fields: Fields, sizes: Core) -> LatentAttention:
    return LatentAttention(
        sizes.width,
        sizes.heads,
        fields.whole("kv_lora_rank", default=512),
        fields.whole("qk_nope_head_dim", default=128),
        fields.whole("qk_rope_head_dim", default=64, least=0),
        fields.whole("v_head_dim", default=128),
        _query_rank(fields),
        bias=fields.flag("attention_bias", default=False),
    )


def _query_rank(fields: Fields) -> int | None:
    """The short vector of queries; a file with that of keys and values alone means that there is none."""
    if "q_lora_rank" not in fields.values and "kv_lora_rank" in fields.values:
        none = Derived(None, Message("the file has kv_lora_rank and no q_lora_rank"))
        return fields.whole_or_none("q_lora_rank", default=none)
    return fields.whole_or_none("q_lora_rank", default=1536)


def _after_the_first(
    fields: Fields, asked: Asked, sizes: Core, attention: Layer, found: Experts, *,
    shared: int, first: int, router: str,
) -> Built:  # fmt: skip
    """Plain feed-forwards in the first layers, experts in those after, or in each ``moe_layer_freq``-th."""
    plain_first = fields.whole("first_k_dense_replace", default=first, null=0, least=0)
    step = fields.whole("moe_layer_freq", default=Derived(1, Message("every layer after the first ones")))
    count = fields.whole("n_shared_experts", default=shared, null=0, least=0)
    function = activation(fields, "hidden_act", default="silu")
    mlp = MixtureOfExperts(
        sizes.width, found.inner, found.total, found.chosen,
        shared_dim=count * found.inner, activation=function, router=router,
    )  # fmt: skip
    plain = FeedForward(sizes.width, sizes.inner, gated=True, bias=False, activation=function)
    dense = [place < plain_first or place % step != 0 for place in range(sizes.depth)]
    return mixed(fields, asked, sizes, attention, mlp, dense=dense, plain=plain)
