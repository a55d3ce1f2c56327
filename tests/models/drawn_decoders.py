"""Small random configurations of decoders, drawn as those of `drawn_configurations`."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from tests.models.drawn_configurations import Draw, Drawn

Choices = dict[str, Callable[[Random], Any]]


def _flag(random: Random) -> bool:
    return random.choice([True, False])


def _small(low: int, high: int) -> Callable[[Random], int]:
    return lambda random: random.randint(low, high)


def _one_of(*values: Any) -> Callable[[Random], Any]:
    return lambda random: random.choice(values)


def decoder(model_type: str, **choices: Callable[[Random], Any]) -> Draw:
    """Llama and what is like it: grouped keys, a head size where `choices` draw one."""

    def draw(random: Random) -> Drawn:
        heads = random.choice([2, 4, 8])
        config = {
            "model_type": model_type, "vocab_size": random.randint(20, 60), "hidden_size": heads * 8,
            "intermediate_size": random.randint(5, 40), "num_hidden_layers": random.randint(1, 4),
            "num_attention_heads": heads, "max_position_embeddings": 64, "pad_token_id": 0,
            "num_key_value_heads": random.choice([some for some in (1, 2, 4, 8) if heads % some == 0]),
            "tie_word_embeddings": _flag(random),
        }  # fmt: skip
        return _asked({**config, **{name: chosen(random) for name, chosen in choices.items()}}, random)

    return draw


def _asked(config: dict[str, Any], random: Random) -> Drawn:
    tokens = random.randint(2, 12)
    return Drawn(config, ((tokens,),), {"input_ids": (tokens,)})


def older(model_type: str, names: dict[str, str], **choices: Callable[[Random], Any]) -> Draw:
    """GPT-2 and others, whose fields have `names` of their own."""

    def draw(random: Random) -> Drawn:
        heads = random.choice([1, 2, 4])
        sizes = {"heads": heads, "width": 8 * heads, "depth": random.randint(1, 4)}
        config: dict[str, Any] = {"model_type": model_type, "vocab_size": random.randint(20, 60)}
        config |= {name: sizes[what] for what, name in names.items()}
        return _asked({**config, **{name: chosen(random) for name, chosen in choices.items()}}, random)

    return draw


def latent(model_type: str) -> Draw:
    """DeepSeek: keys and values from a short vector, queries from one or from the token."""
    base = decoder(
        model_type, q_lora_rank=_one_of(None, 6), kv_lora_rank=_small(3, 7), qk_nope_head_dim=_one_of(4, 6),
        qk_rope_head_dim=_one_of(2, 4), v_head_dim=_small(3, 7), n_routed_experts=_one_of(4, 8),
        num_experts_per_tok=_one_of(2), n_shared_experts=_small(1, 2), moe_intermediate_size=_small(3, 9),
        first_k_dense_replace=_small(0, 1), n_group=_one_of(2), topk_group=_one_of(1), attention_bias=_flag,
    )  # fmt: skip

    def draw(random: Random) -> Drawn:
        drawn = base(random)
        drawn.config["num_key_value_heads"] = drawn.config["num_attention_heads"]
        return drawn

    return draw


_GPT = {"heads": "n_head", "width": "n_embd", "depth": "n_layer"}
_USUAL = {"heads": "num_attention_heads", "width": "hidden_size", "depth": "num_hidden_layers"}
_BLOOM = {"heads": "n_head", "width": "hidden_size", "depth": "n_layer"}
_HEAD: Choices = {"head_dim": _one_of(4, 6, 8)}
_ROUTED: Choices = {"num_experts": _one_of(4, 8), "num_experts_per_tok": _small(1, 3)}
_SPARSE: Choices = {"moe_intermediate_size": _small(3, 9), "decoder_sparse_step": _small(1, 2)}
_WINDOW: Choices = {"sliding_window": _small(2, 6)}

DENSE: dict[str, Draw] = {
    "LlamaForCausalLM": decoder("llama", attention_bias=_flag, mlp_bias=_flag, **_HEAD),
    "LlamaModel": decoder("llama"),
    "MistralForCausalLM": decoder("mistral", **_WINDOW, **_HEAD),
    "Qwen2ForCausalLM": decoder("qwen2"),
    "Qwen3ForCausalLM": decoder("qwen3", attention_bias=_flag, **_HEAD),
    "GemmaForCausalLM": decoder("gemma", **_HEAD),
    "Gemma2ForCausalLM": decoder("gemma2", **_WINDOW, **_HEAD),
    "Gemma3ForCausalLM": decoder("gemma3_text", **_WINDOW, **_HEAD),
    "OlmoForCausalLM": decoder("olmo", attention_bias=_flag),
    "Olmo2ForCausalLM": decoder("olmo2", attention_bias=_flag),
    "StableLmForCausalLM": decoder(
        "stablelm", use_qkv_bias=_flag, use_parallel_residual=_flag, qk_layernorm=_flag
    ),
    "PhiForCausalLM": decoder("phi", qk_layernorm=_flag),
    "Phi3ForCausalLM": decoder("phi3"),
    "GPT2LMHeadModel": older("gpt2", _GPT, n_positions=_one_of(20), n_inner=_one_of(None, 13)),
    "OpenAIGPTLMHeadModel": older("openai-gpt", _GPT, n_positions=_one_of(20)),
    "GPTJForCausalLM": older("gptj", _GPT, rotary_dim=_one_of(2, 4), n_inner=_one_of(None, 13)),
    "GPTNeoXForCausalLM": older(
        "gpt_neox", _USUAL, intermediate_size=_small(5, 30), use_parallel_residual=_flag, attention_bias=_flag
    ),
    "OPTForCausalLM": older(
        "opt", _USUAL, ffn_dim=_small(5, 30), max_position_embeddings=_one_of(20), enable_bias=_flag,
        do_layer_norm_before=_flag, word_embed_proj_dim=_one_of(5, 8), layer_norm_elementwise_affine=_flag,
    ),
    "BloomForCausalLM": older("bloom", _BLOOM),
    "FalconForCausalLM": older("falcon", _USUAL, bias=_flag, alibi=_flag, multi_query=_flag),
}  # fmt: skip
# Experts run in an operation that no counter reads, or not at all without weights: parameters alone.
WITH_EXPERTS: dict[str, Draw] = {
    "MixtralForCausalLM": decoder(
        "mixtral", num_local_experts=_one_of(4, 8), num_experts_per_tok=_small(1, 3)
    ),
    "Qwen2MoeForCausalLM": decoder(
        "qwen2_moe", shared_expert_intermediate_size=_small(3, 9), **_ROUTED, **_SPARSE
    ),
    "Qwen3MoeForCausalLM": decoder("qwen3_moe", **_ROUTED, **_SPARSE, **_HEAD),
    "OlmoeForCausalLM": decoder("olmoe", **_ROUTED),
    "GptOssForCausalLM": decoder(
        "gpt_oss", num_local_experts=_one_of(4, 8), num_experts_per_tok=_small(1, 3), **_HEAD, **_WINDOW
    ),
    "DeepseekV2ForCausalLM": latent("deepseek_v2"),
    "DeepseekV3ForCausalLM": latent("deepseek_v3"),
}
