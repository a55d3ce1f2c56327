"""Small random configurations of decoders: every field that changes a count, in and out of the file."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

Fields = dict[str, Any]
Draw = Callable[[Random], Fields]


def _sizes(random: Random) -> tuple[int, int]:
    """Heads, and the size of each."""
    return random.choice([2, 4, 6, 8]), random.choice([4, 8, 12])


def _some(random: Random, **fields: Any) -> Fields:
    """Each of these fields, or none of it."""
    return {name: value for name, value in fields.items() if random.random() < 0.5}


def _like_llama(random: Random, model_type: str, **more: Any) -> Fields:
    heads, size = _sizes(random)
    groups = random.choice([one for one in range(1, heads + 1) if heads % one == 0])
    return {
        "model_type": model_type, "vocab_size": random.choice([31, 50, 101]), "hidden_size": heads * size,
        "intermediate_size": random.choice([20, 36, 52]), "num_hidden_layers": random.randint(1, 4),
        "num_attention_heads": heads, "num_key_value_heads": groups, "pad_token_id": 0, "bos_token_id": 1,
        "eos_token_id": 2, "tie_word_embeddings": random.choice([True, False]), **more,
    }  # fmt: skip


def _like_gpt2(random: Random, model_type: str, **more: Any) -> Fields:
    heads, size = _sizes(random)
    return {
        "model_type": model_type, "vocab_size": random.choice([31, 50]), "n_embd": heads * size,
        "n_layer": random.randint(1, 3), "n_head": heads, "n_positions": random.choice([32, 40]),
        "tie_word_embeddings": random.choice([True, False]), **more,
    }  # fmt: skip


def _experts(random: Random, name: str) -> Fields:
    return {name: random.choice([4, 6, 8]), "num_experts_per_tok": random.randint(1, 3)}


def _head_dim(random: Random) -> Fields:
    return _some(random, head_dim=random.choice([4, 8, 16]))


def llama(random: Random) -> Fields:
    more = _some(random, attention_bias=True, mlp_bias=True)
    return _like_llama(random, random.choice(["llama", "granite"]), **_head_dim(random), **more)


def mistral(random: Random) -> Fields:
    window = _some(random, sliding_window=random.choice([None, 4]))
    kind = random.choice(["mistral", "ministral3"])
    return _like_llama(random, kind, **_head_dim(random), **window)


def mixtral(random: Random) -> Fields:
    found = _experts(random, "num_local_experts")
    return _like_llama(random, "mixtral", **_head_dim(random), **found, **_some(random, sliding_window=4))


def phimoe(random: Random) -> Fields:
    biases = _some(random, attention_bias=True, lm_head_bias=True)
    found = {**_experts(random, "num_local_experts"), "num_experts_per_tok": 2}  # its router takes two
    return _like_llama(random, "phimoe", **found, **biases, **_some(random, sliding_window=4))


def phi3(random: Random) -> Fields:
    return _like_llama(random, "phi3", **_some(random, sliding_window=4))


def smollm3(random: Random) -> Fields:
    return _like_llama(random, "smollm3", **_some(random, attention_bias=True, mlp_bias=True))


def qwen2(random: Random) -> Fields:
    more = _some(random, use_sliding_window=True, sliding_window=4, max_window_layers=1)
    return _like_llama(random, "qwen2", **more)


def qwen3(random: Random) -> Fields:
    more = _some(random, head_dim=8, attention_bias=True, use_sliding_window=True, max_window_layers=1)
    return _like_llama(random, "qwen3", **more)


def _sparse(random: Random, model_type: str, **more: Any) -> Fields:
    layers = _some(random, decoder_sparse_step=random.randint(1, 3), mlp_only_layers=[0])
    return _like_llama(random, model_type, **_experts(random, "num_experts"), **layers,
                       moe_intermediate_size=random.choice([8, 12]), **more)  # fmt: skip


def qwen2_moe(random: Random) -> Fields:
    bias = _some(random, qkv_bias=False)
    return _sparse(random, "qwen2_moe", shared_expert_intermediate_size=random.choice([8, 20]), **bias)


def qwen3_moe(random: Random) -> Fields:
    return _sparse(random, "qwen3_moe", **_head_dim(random), **_some(random, attention_bias=True))


def olmoe(random: Random) -> Fields:
    more = _some(random, attention_bias=True)
    return _like_llama(random, "olmoe", **_experts(random, "num_experts"), **more)


def gpt_oss(random: Random) -> Fields:
    more = _some(random, attention_bias=False)
    return _like_llama(random, "gpt_oss", **_experts(random, "num_local_experts"), head_dim=8,
                       sliding_window=4, **more)  # fmt: skip


def gemma(random: Random) -> Fields:
    return _like_llama(random, "gemma", head_dim=8, **_some(random, attention_bias=True))


def gemma2(random: Random) -> Fields:
    bias = _some(random, attention_bias=True)
    return _like_llama(random, "gemma2", head_dim=8, sliding_window=4, **bias)


def gemma3(random: Random) -> Fields:
    more = _some(random, attention_bias=True, sliding_window_pattern=2)
    return _like_llama(random, "gemma3_text", head_dim=8, sliding_window=4, **more)


def olmo(random: Random) -> Fields:
    kind = random.choice(["olmo", "olmo2", "olmo3"])
    return _like_llama(random, kind, **_some(random, attention_bias=True))


def stablelm(random: Random) -> Fields:
    more = _some(random, use_qkv_bias=True, qk_layernorm=True, use_parallel_residual=True)
    return _like_llama(random, "stablelm", partial_rotary_factor=0.5, **more)


def cohere(random: Random) -> Fields:
    return _like_llama(random, "cohere", **_some(random, attention_bias=True, use_qk_norm=True))


def cohere2(random: Random) -> Fields:
    more = _some(random, attention_bias=True, sliding_window_pattern=2)
    return _like_llama(random, "cohere2", sliding_window=4, **more)


def exaone4(random: Random) -> Fields:
    config = _like_llama(random, "exaone4", **_head_dim(random), **_some(random, sliding_window_pattern=2))
    full = {"sliding_window": None, "layer_types": ["full_attention"] * config["num_hidden_layers"]}
    return {**config, **random.choice([{"sliding_window": 4}, full])}


def ernie(random: Random) -> Fields:
    return _like_llama(random, "ernie4_5", head_dim=8, **_some(random, use_bias=True))


def seed_oss(random: Random) -> Fields:
    more = _some(random, attention_bias=False, attention_out_bias=True, mlp_bias=True)
    return _like_llama(random, "seed_oss", head_dim=8, **more)


def hunyuan(random: Random) -> Fields:
    return _like_llama(random, "hunyuan_v1_dense", head_dim=8, **_some(random, attention_bias=True))


def glm(random: Random) -> Fields:
    more = _some(random, attention_bias=False, partial_rotary_factor=0.25)
    return _like_llama(random, random.choice(["glm", "glm4"]), head_dim=random.choice([8, 16]), **more)


def glm4_moe(random: Random) -> Fields:
    more = _some(random, attention_bias=True, use_qk_norm=True, head_dim=16)
    return _like_llama(
        random, "glm4_moe", **_experts(random, "n_routed_experts"), moe_intermediate_size=8,
        n_shared_experts=random.randint(1, 2), first_k_dense_replace=random.randint(0, 2), **more,
    )  # fmt: skip


def granite_moe(random: Random) -> Fields:
    more = _some(random, attention_bias=True)
    return _like_llama(random, "granitemoe", **_experts(random, "num_local_experts"), **more)


def minimax_m2(random: Random) -> Fields:
    more = _some(random, rotary_dim=4)
    return _like_llama(random, "minimax_m2", head_dim=8, **_experts(random, "num_local_experts"), **more)


def phi(random: Random) -> Fields:
    return _like_llama(random, "phi", **_some(random, qk_layernorm=True))


def starcoder2(random: Random) -> Fields:
    return _like_llama(random, "starcoder2", **_some(random, use_bias=False, sliding_window=4))


def gpt2(random: Random) -> Fields:
    return _with_or_without_inner(random, "gpt2")


def _with_or_without_inner(random: Random, model_type: str, **more: Any) -> Fields:
    return _like_gpt2(random, model_type, **_some(random, n_inner=20), **more)


def gpt_bigcode(random: Random) -> Fields:
    return _with_or_without_inner(random, "gpt_bigcode", **_some(random, multi_query=False))


def gptj(random: Random) -> Fields:
    return _with_or_without_inner(random, "gptj", rotary_dim=random.choice([2, 4]))


def gpt1(random: Random) -> Fields:
    return _like_gpt2(random, "openai-gpt")


def gpt_neo(random: Random) -> Fields:
    heads, size = _sizes(random)
    pairs = random.randint(1, 2)
    return {
        "model_type": "gpt_neo", "vocab_size": 31, "hidden_size": heads * size, "num_layers": 2 * pairs,
        "num_heads": heads, "max_position_embeddings": 32, "window_size": 4,
        "attention_types": [[["global", "local"], pairs]], **_some(random, intermediate_size=20),
    }  # fmt: skip


def gpt_neox(random: Random) -> Fields:
    more = _some(random, attention_bias=False, use_parallel_residual=False, rotary_pct=0.5)
    return _without(_like_llama(random, "gpt_neox", **more), "num_key_value_heads")


def opt(random: Random) -> Fields:
    more = _some(random, do_layer_norm_before=False, enable_bias=False, layer_norm_elementwise_affine=False,
                 word_embed_proj_dim=random.choice([8, 10]), _remove_final_layer_norm=True)  # fmt: skip
    config = _like_llama(random, "opt", ffn_dim=random.choice([20, 36]), max_position_embeddings=32, **more)
    return _without(config, "num_key_value_heads", "intermediate_size")


def bloom(random: Random) -> Fields:
    config = _like_gpt2(random, "bloom")
    return _without({**config, "hidden_size": config["n_embd"]}, "n_embd", "n_positions")


def falcon(random: Random) -> Fields:
    heads, size = _sizes(random)
    later = random.choice([True, False])
    more = _some(random, alibi=True, bias=True, ffn_hidden_size=20)
    if later:
        more |= {"num_kv_heads": 2} | _some(random, num_ln_in_parallel_attn=1)
    else:
        more |= _some(random, multi_query=False, parallel_attn=False)
    return {
        "model_type": "falcon", "vocab_size": 31, "hidden_size": heads * size, "num_hidden_layers": 2,
        "num_attention_heads": heads, "new_decoder_architecture": later, **more,
    }  # fmt: skip


def deepseek(random: Random) -> Fields:
    config = _like_llama(
        random, random.choice(["deepseek_v2", "deepseek_v3"]), **_experts(random, "n_routed_experts"),
        kv_lora_rank=random.choice([6, 10]), q_lora_rank=random.choice([None, 8]), qk_nope_head_dim=6,
        qk_rope_head_dim=4, v_head_dim=random.choice([3, 5]), moe_intermediate_size=8,
        n_shared_experts=random.randint(1, 2), first_k_dense_replace=random.randint(0, 2), n_group=1,
        topk_group=1, **_some(random, attention_bias=True),
    )  # fmt: skip
    return {**config, "num_key_value_heads": config["num_attention_heads"]}


def qwen2_vl(random: Random) -> Fields:
    kind = random.choice(["qwen2_vl", "qwen2_5_vl"])
    windows = _some(random, use_sliding_window=True, sliding_window=4, max_window_layers=1)
    text = _like_llama(random, f"{kind}_text", **windows)
    pairs = text["hidden_size"] // text["num_attention_heads"] // 2  # of values that are turned together
    turned = {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [pairs, 0, 0]}
    return _beside_images(kind, {**text, "rope_parameters": turned})


def qwen3_vl(random: Random) -> Fields:
    more = _some(random, attention_bias=True, head_dim=8)
    return _beside_images("qwen3_vl", _like_llama(random, "qwen3_vl_text", **more))


def qwen3_vl_moe(random: Random) -> Fields:
    text = _sparse(random, "qwen3_vl_moe_text", **_head_dim(random), **_some(random, attention_bias=True))
    return _beside_images("qwen3_vl_moe", text)


def _beside_images(model_type: str, text: Fields) -> Fields:
    """A text part in a whole, beside a part that reads images."""
    vision = {"depth": 1, "hidden_size": 8, "num_heads": 2}
    tied = {"tie_word_embeddings": text["tie_word_embeddings"]}
    return {"model_type": model_type, "text_config": text, "vision_config": vision, **tied}


def _without(config: Fields, *names: str) -> Fields:
    return {name: value for name, value in config.items() if name not in names}


DRAWN: dict[str, Draw] = {
    draw.__name__: draw
    for draw in (
        bloom, cohere, cohere2, deepseek, ernie, exaone4, falcon, gemma, gemma2, gemma3, glm, glm4_moe, gpt1,
        gpt2, gpt_bigcode, gpt_neo, gpt_neox, gpt_oss, gptj, granite_moe, hunyuan, llama, minimax_m2, mistral,
        mixtral, olmo, olmoe, opt, phi, phi3, phimoe, qwen2, qwen2_moe, qwen2_vl, qwen3, qwen3_moe, qwen3_vl,
        qwen3_vl_moe, seed_oss, smollm3, stablelm, starcoder2,
    )
}  # fmt: skip
