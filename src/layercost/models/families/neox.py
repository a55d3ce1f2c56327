"""GPT-NeoX and those like it: positions that are turned, a plain feed-forward, often side by side.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from layercost.layers.attention import Attention
from layercost.layers.normalization import LayerNorm
from layercost.message import Message
from layercost.models.families.blocks import (
    even_head_size,
    head_size,
    kv_heads,
    pre_norm,
    rotated,
    side_by_side,
    side_by_side_each,
)
from layercost.models.families.family import FUSED, Asked, Built, family
from layercost.models.families.fields import Fields
from layercost.models.families.gpt import gpt_core, plain
from layercost.models.families.llama import core, decoder, rotary
from layercost.models.families.windows import Windows

_ACT = ("hidden_act",)


@family("gpt_neox", config="GPTNeoXConfig", model="GPTNeoXForCausalLM", modules=FUSED)
def gpt_neox(fields: Fields, asked: Asked) -> Built:
    """Black et al. 2022, and Pythia: attention and feed-forward side by side, each with its norm."""
    sizes = core(fields, 50432, 6144, 24576, 44, 64)
    size = even_head_size(fields, sizes.width, sizes.heads)
    turned = rotated(fields, size, "rotary_pct", default=0.25)
    bias = fields.flag("attention_bias", default=True)
    attention = Attention(sizes.width, sizes.heads, bias=bias, causal=True, **turned)
    parallel = fields.flag("use_parallel_residual", default=True)
    blocks = plain(
        fields, attention, sizes, acts="gelu", names=_ACT, joined=side_by_side_each if parallel else pre_norm
    )
    return decoder(fields, asked, sizes, blocks, LayerNorm(sizes.width), tied=False)


@family("gptj", config="GPTJConfig", model="GPTJForCausalLM")
def gptj(fields: Fields, asked: Asked) -> Built:
    """Wang, Komatsuzaki 2021: side by side with one norm, attention without biases, the head with one."""
    sizes = gpt_core(fields, 50400, 4096, 28, 16)
    size = even_head_size(fields, sizes.width, sizes.heads)
    turned = fields.whole_or_none("rotary_dim", default=64)
    if turned is not None and turned > size:
        fields.refuse(
            "rotary_dim", Message("{turned} values contradict heads of {size}", turned=turned, size=size)
        )
    attention = Attention(
        sizes.width, sizes.heads, bias=False, causal=True, positions="rotary", rotary_dim=turned
    )
    blocks = plain(fields, attention, sizes, acts="gelu_new", joined=side_by_side)
    return decoder(fields, asked, sizes, blocks, LayerNorm(sizes.width), tied=False, head_bias=True)


@family("phi", config="PhiConfig", model="PhiForCausalLM")
def phi(fields: Fields, asked: Asked) -> Built:
    """Li et al. 2023 (Phi-1 to Phi-2): side by side with one norm, biases everywhere, the head's too."""
    sizes = core(fields, 51200, 2048, 8192, 24, 32)
    groups = kv_heads(fields, sizes.heads)
    norms = "layer" if fields.flag("qk_layernorm", default=False) else None
    size_of = head_size if norms is None else even_head_size  # the norms know no other size
    size = size_of(fields, sizes.width, sizes.heads)
    attention = rotary(fields, sizes, groups, size, share=0.5, qk_norm=norms)
    blocks = plain(fields, attention, sizes, acts="gelu_new", names=_ACT, joined=side_by_side)
    return decoder(fields, asked, sizes, blocks, LayerNorm(sizes.width), tied=False, head_bias=True)


@family("starcoder2", config="Starcoder2Config", model="Starcoder2ForCausalLM")
def starcoder2(fields: Fields, asked: Asked) -> Built:
    """Lozhkov et al. 2024: grouped keys and values, a plain feed-forward, the head tied."""
    sizes = core(fields, 49152, 3072, 12288, 30, 24)
    groups = kv_heads(fields, sizes.heads, default=2)
    size = head_size(fields, sizes.width, sizes.heads)
    bias = fields.flag("use_bias", default=True)
    window = fields.whole_or_none("sliding_window", default=None)
    attention = rotary(fields, sizes, groups, size, bias=bias)
    each: Windows = [window] * sizes.depth
    blocks = plain(fields, attention, sizes, acts="gelu_pytorch_tanh", names=_ACT, each=each, bias=bias)
    return decoder(fields, asked, sizes, blocks, LayerNorm(sizes.width), tied=True)
