"""Well-known models by name: their configurations, each with its source.

Only fields that change a count are kept; layers of several kinds are given by how many there are of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from layercost.convention import UnknownNameError
from layercost.message import Message
from layercost.models.from_config import NAME, ConfiguredModel, from_config


class Known(NamedTuple):
    """A model whose configuration is known here: name, title, source, and the fields that change a count."""

    name: str
    title: str
    source: str
    config: Mapping[str, Any]


KNOWN: dict[str, Known] = {}


def model_named(name: str, *, logits: str = "all", size: tuple[int, int] | None = None) -> ConfiguredModel:
    """The model of that name, from the configuration that is known here; raises UnknownNameError.

    >>> model_named("deepseek-v3").architecture
    'DeepseekV3ForCausalLM'
    """
    if name not in KNOWN:
        raise UnknownNameError(Message("model"), name, KNOWN)
    return from_config(KNOWN[name].config, logits=logits, size=size, name=name)


def is_configured(name: str) -> bool:
    """Whether this is the file of a configuration, its folder, or the name of a model that has one."""
    return name.lower().endswith(".json") or name in KNOWN or is_there(name, NAME)


def is_there(*names: str) -> bool:
    """Whether there is a file or folder of this path; a name that can be no path is none."""
    try:
        return Path(*names).exists()
    except (OSError, ValueError):  # too long, or with a null in it
        return False


def configured_model(
    name: str, *, logits: str = "all", size: tuple[int, int] | None = None
) -> ConfiguredModel:
    """The model of a name that is known here, of a file, or of its folder.

    Raises ModelError for a file that cannot be read.
    """
    if name in KNOWN:
        return model_named(name, logits=logits, size=size)
    return from_config(name, logits=logits, size=size)


def _known(name: str, title: str, source: str, **config: Any) -> None:
    KNOWN[name] = Known(name, title, source, config)


_NANO_GPT = (
    "github:karpathy/nanoGPT@0bb96d3 transformer_sizing.ipynb (layers, heads, width); class "
    "default for the rest"
)
_PYTHIA = "github:EleutherAI/pythia@a19eecb README.md table; litgpt/config.py"
_FROM_MEMORY = "hub config.json, typed from memory"
_LITGPT = (
    "github:Lightning-AI/litgpt@2685705 litgpt/config.py (values typed by its authors from the "
    "config.json of the hub)"
)
_CLASS = "class default of transformers 5.24.0"
_GEMMA = "github:google/gemma_pytorch@014acb7 gemma/config.py"
_DEEPSEEK = (
    "github:deepseek-ai/DeepSeek-V3@9b4e978 inference/configs/config_16B.json, "
    "config_236B.json, config_671B.json"
)
_BERT = "arXiv:1810.04805 section 3; vocabulary 30522 as in the released vocab.txt"
_T5 = "arXiv:1910.10683 section 3.7"
_VIT = "arXiv:2010.11929 Table 1"

_known(
    "gpt2", "GPT-2 small", _NANO_GPT,
    model_type="gpt2", vocab_size=50257, n_embd=768, n_layer=12, n_head=12, n_positions=1024,
    tie_word_embeddings=True,
)  # fmt: skip
_known(
    "gpt2-medium", "GPT-2 medium", _NANO_GPT,
    model_type="gpt2", vocab_size=50257, n_embd=1024, n_layer=24, n_head=16, n_positions=1024,
    tie_word_embeddings=True,
)  # fmt: skip
_known(
    "gpt2-large", "GPT-2 large", _NANO_GPT,
    model_type="gpt2", vocab_size=50257, n_embd=1280, n_layer=36, n_head=20, n_positions=1024,
    tie_word_embeddings=True,
)  # fmt: skip
_known(
    "gpt-3", "GPT-3 175b",
    "arXiv:2005.14165 Table 2.1 (layers, width, heads); built with the GPT-2 class as a "
    "stand-in (dense attention, learned positions, tied head), vocabulary 50257, context 2048",
    model_type="gpt2", vocab_size=50257, n_embd=12288, n_layer=96, n_head=96, n_positions=2048,
    tie_word_embeddings=True,
)  # fmt: skip
_known(
    "gpt-j-6b", "GPT-J 6B",
    "github:kingoflolz/mesh-transformer-jax@02850c4 README.md table; vocabulary padded to "
    "50400 as in the class default",
    model_type="gptj", vocab_size=50400, n_embd=4096, n_layer=28, n_head=16, n_positions=2048,
    tie_word_embeddings=False, rotary_dim=64,
)  # fmt: skip
_known(
    "gpt-neox-20b", "GPT-NeoX 20B",
    "github:EleutherAI/gpt-neox@252ddc5 configs/20B.yml",
    model_type="gpt_neox", vocab_size=50432, hidden_size=6144, intermediate_size=24576,
    num_hidden_layers=44, num_attention_heads=64, max_position_embeddings=2048, tie_word_embeddings=False,
    attention_bias=True,
)  # fmt: skip
_known(
    "pythia-160m", "Pythia 160M", _PYTHIA,
    model_type="gpt_neox", vocab_size=50304, hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
    num_attention_heads=12, max_position_embeddings=2048, tie_word_embeddings=False, attention_bias=True,
)  # fmt: skip
_known(
    "pythia-12b", "Pythia 12B", _PYTHIA,
    model_type="gpt_neox", vocab_size=50688, hidden_size=5120, intermediate_size=20480,
    num_hidden_layers=36, num_attention_heads=40, max_position_embeddings=2048, tie_word_embeddings=False,
    attention_bias=True,
)  # fmt: skip
_known(
    "opt-6.7b", "OPT-6.7B",
    "github:facebookresearch/metaseq@0580bd7 metaseq/launcher/opt_job_constants.py (sizes); "
    "vocabulary 50272 and 2048+2 positions as in the class default",
    model_type="opt", vocab_size=50272, hidden_size=4096, ffn_dim=16384, num_hidden_layers=32,
    num_attention_heads=32, max_position_embeddings=2048, word_embed_proj_dim=4096,
    do_layer_norm_before=True, tie_word_embeddings=True,
)  # fmt: skip
_known(
    "bloom", "BLOOM 176b", _FROM_MEMORY,
    model_type="bloom", vocab_size=250880, hidden_size=14336, n_layer=70, n_head=112,
    tie_word_embeddings=True,
)  # fmt: skip
_known(
    "falcon-7b", "Falcon 7B", _LITGPT,
    model_type="falcon", vocab_size=65024, hidden_size=4544, ffn_hidden_size=18176, num_hidden_layers=32,
    num_attention_heads=71, num_kv_heads=71, multi_query=True, new_decoder_architecture=False,
    parallel_attn=True, max_position_embeddings=2048, tie_word_embeddings=True, alibi=False,
)  # fmt: skip
_known(
    "falcon-40b", "Falcon 40B", _LITGPT,
    model_type="falcon", vocab_size=65024, hidden_size=8192, ffn_hidden_size=32768, num_hidden_layers=60,
    num_attention_heads=128, num_kv_heads=8, multi_query=True, new_decoder_architecture=True,
    parallel_attn=True, max_position_embeddings=2048, tie_word_embeddings=True, alibi=False,
)  # fmt: skip
_known(
    "llama-7b", "LLaMA 7B", _CLASS,
    model_type="llama", vocab_size=32000, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32,
    num_attention_heads=32, num_key_value_heads=32, head_dim=128, max_position_embeddings=2048,
    tie_word_embeddings=False, attention_bias=False, mlp_bias=False,
)  # fmt: skip
_known(
    "llama-2-7b", "Llama 2 7B", _LITGPT,
    model_type="llama", vocab_size=32000, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32,
    num_attention_heads=32, num_key_value_heads=32, head_dim=128, max_position_embeddings=2048,
    tie_word_embeddings=False, attention_bias=False, mlp_bias=False,
)  # fmt: skip
_known(
    "llama-2-70b", "Llama 2 70B", _LITGPT,
    model_type="llama", vocab_size=32000, hidden_size=8192, intermediate_size=28672, num_hidden_layers=80,
    num_attention_heads=64, num_key_value_heads=8, head_dim=128, max_position_embeddings=2048,
    tie_word_embeddings=False, attention_bias=False, mlp_bias=False,
)  # fmt: skip
_known(
    "llama-3-8b", "Llama 3 / 3.1 8B", _LITGPT,
    model_type="llama", vocab_size=128256, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32,
    num_attention_heads=32, num_key_value_heads=8, head_dim=128, max_position_embeddings=2048,
    tie_word_embeddings=False, attention_bias=False, mlp_bias=False,
)  # fmt: skip
_known(
    "llama-3-70b", "Llama 3 / 3.1 70B", _LITGPT,
    model_type="llama", vocab_size=128256, hidden_size=8192, intermediate_size=28672, num_hidden_layers=80,
    num_attention_heads=64, num_key_value_heads=8, head_dim=128, max_position_embeddings=2048,
    tie_word_embeddings=False, attention_bias=False, mlp_bias=False,
)  # fmt: skip
_known(
    "llama-3.1-405b", "Llama 3.1 405B", _LITGPT,
    model_type="llama", vocab_size=128256, hidden_size=16384, intermediate_size=53248,
    num_hidden_layers=126, num_attention_heads=128, num_key_value_heads=8, head_dim=128,
    max_position_embeddings=2048, tie_word_embeddings=False, attention_bias=False, mlp_bias=False,
)  # fmt: skip
_known(
    "llama-3.2-3b", "Llama 3.2 3B", _LITGPT,
    model_type="llama", vocab_size=128256, hidden_size=3072, intermediate_size=8192, num_hidden_layers=28,
    num_attention_heads=24, num_key_value_heads=8, head_dim=128, max_position_embeddings=2048,
    tie_word_embeddings=True, attention_bias=False, mlp_bias=False,
)  # fmt: skip
_known(
    "tinyllama-1.1b", "TinyLlama 1.1B", _FROM_MEMORY,
    model_type="llama", vocab_size=32000, hidden_size=2048, intermediate_size=5632, num_hidden_layers=22,
    num_attention_heads=32, num_key_value_heads=4, head_dim=64, max_position_embeddings=2048,
    tie_word_embeddings=False, attention_bias=False, mlp_bias=False,
)  # fmt: skip
_known(
    "mistral-7b", "Mistral 7B v0.1", _LITGPT,
    model_type="mistral", vocab_size=32000, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32,
    num_attention_heads=32, num_key_value_heads=8, head_dim=128, max_position_embeddings=32768,
    tie_word_embeddings=False, sliding_window=4096,
)  # fmt: skip
_known(
    "mixtral-8x7b", "Mixtral 8x7B", _LITGPT,
    model_type="mixtral", vocab_size=32000, hidden_size=4096, intermediate_size=14336, num_hidden_layers=32,
    num_attention_heads=32, num_key_value_heads=8, max_position_embeddings=131072,
    tie_word_embeddings=False, num_local_experts=8, num_experts_per_tok=2,
)  # fmt: skip
_known(
    "mixtral-8x22b", "Mixtral 8x22B", _LITGPT,
    model_type="mixtral", vocab_size=32768, hidden_size=6144, intermediate_size=16384, num_hidden_layers=56,
    num_attention_heads=48, num_key_value_heads=8, max_position_embeddings=65536,
    tie_word_embeddings=False, num_local_experts=8, num_experts_per_tok=2,
)  # fmt: skip
_known(
    "qwen1.5-moe-a2.7b", "Qwen1.5-MoE-A2.7B", _CLASS,
    model_type="qwen2_moe", vocab_size=151936, hidden_size=2048, intermediate_size=5632,
    num_hidden_layers=24, num_attention_heads=16, num_key_value_heads=16, max_position_embeddings=8192,
    tie_word_embeddings=False, num_experts=60, num_experts_per_tok=4, moe_intermediate_size=1408,
    shared_expert_intermediate_size=5632,
)  # fmt: skip
_known(
    "qwen2.5-7b", "Qwen2 / Qwen2.5 7B", _LITGPT,
    model_type="qwen2", vocab_size=152064, hidden_size=3584, intermediate_size=18944, num_hidden_layers=28,
    num_attention_heads=28, num_key_value_heads=4, max_position_embeddings=32768, tie_word_embeddings=False,
    layer_types={'full_attention': 28},
)  # fmt: skip
_known(
    "qwen2.5-72b", "Qwen2 / Qwen2.5 72B", _LITGPT,
    model_type="qwen2", vocab_size=152064, hidden_size=8192, intermediate_size=29568, num_hidden_layers=80,
    num_attention_heads=64, num_key_value_heads=8, max_position_embeddings=32768, tie_word_embeddings=False,
    layer_types={'full_attention': 80},
)  # fmt: skip
_known(
    "qwen3-8b", "Qwen3 8B", _LITGPT,
    model_type="qwen3", vocab_size=151936, hidden_size=4096, intermediate_size=12288, num_hidden_layers=36,
    num_attention_heads=32, num_key_value_heads=8, head_dim=128, max_position_embeddings=32768,
    tie_word_embeddings=False, attention_bias=False, layer_types={'full_attention': 36},
)  # fmt: skip
_known(
    "qwen3-30b-a3b", "Qwen3-30B-A3B", _LITGPT,
    model_type="qwen3_moe", vocab_size=151936, hidden_size=2048, intermediate_size=6144,
    num_hidden_layers=48, num_attention_heads=32, num_key_value_heads=4, head_dim=128,
    max_position_embeddings=32768, tie_word_embeddings=False, attention_bias=False, num_local_experts=128,
    num_experts_per_tok=8, moe_intermediate_size=768,
)  # fmt: skip
_known(
    "gemma-2b", "Gemma 2B", _GEMMA,
    model_type="gemma", vocab_size=256000, hidden_size=2048, intermediate_size=16384, num_hidden_layers=18,
    num_attention_heads=8, num_key_value_heads=1, head_dim=256, max_position_embeddings=8192,
    tie_word_embeddings=True, attention_bias=False,
)  # fmt: skip
_known(
    "gemma-2-9b", "Gemma 2 9B", _GEMMA,
    model_type="gemma2", vocab_size=256000, hidden_size=3584, intermediate_size=14336, num_hidden_layers=42,
    num_attention_heads=16, num_key_value_heads=8, head_dim=256, max_position_embeddings=8192,
    tie_word_embeddings=True, attention_bias=False, sliding_window=4096, layer_types={'full_attention': 21,
    'sliding_attention': 21},
)  # fmt: skip
_known(
    "gemma-3-27b", "Gemma 3 27B, text model only", _GEMMA,
    model_type="gemma3_text", vocab_size=262144, hidden_size=5376, intermediate_size=21504,
    num_hidden_layers=62, num_attention_heads=32, num_key_value_heads=16, head_dim=128,
    max_position_embeddings=131072, tie_word_embeddings=True, attention_bias=False, sliding_window=1024,
    layer_types={'full_attention': 10, 'sliding_attention': 52},
)  # fmt: skip
_known(
    "phi-1.5", "Phi-1.5", _LITGPT,
    model_type="phi", vocab_size=51200, hidden_size=2048, intermediate_size=8192, num_hidden_layers=24,
    num_attention_heads=32, num_key_value_heads=32, max_position_embeddings=2048, tie_word_embeddings=False,
    qk_layernorm=False,
)  # fmt: skip
_known(
    "phi-3-mini", "Phi-3-mini", _LITGPT,
    model_type="phi3", vocab_size=32064, hidden_size=3072, intermediate_size=8192, num_hidden_layers=32,
    num_attention_heads=32, num_key_value_heads=32, max_position_embeddings=4096, tie_word_embeddings=False,
)  # fmt: skip
_known(
    "olmo-2-7b", "OLMo 2 7B", _LITGPT,
    model_type="olmo2", vocab_size=100352, hidden_size=4096, intermediate_size=11008, num_hidden_layers=32,
    num_attention_heads=32, num_key_value_heads=32, max_position_embeddings=2048, tie_word_embeddings=False,
    attention_bias=False,
)  # fmt: skip
_known(
    "olmoe-1b-7b", "OLMoE-1B-7B",
    "arXiv:2409.02060 section 2 and appendix B (layers, width, experts); vocabulary 50304 as in the class "
    "default",
    model_type="olmoe", vocab_size=50304, hidden_size=2048, intermediate_size=1024, num_hidden_layers=16,
    num_attention_heads=16, num_key_value_heads=16, max_position_embeddings=4096, tie_word_embeddings=False,
    attention_bias=False, num_experts=64, num_experts_per_tok=8,
)  # fmt: skip
_known(
    "stablelm-3b", "StableLM-3B-4E1T", _LITGPT,
    model_type="stablelm", vocab_size=50304, hidden_size=2560, intermediate_size=6912, num_hidden_layers=32,
    num_attention_heads=32, num_key_value_heads=32, max_position_embeddings=4096, tie_word_embeddings=False,
    use_qkv_bias=False, qk_layernorm=False,
)  # fmt: skip
_known(
    "deepseek-v2-lite", "DeepSeek-V2-Lite", _DEEPSEEK,
    model_type="deepseek_v2", vocab_size=102400, hidden_size=2048, intermediate_size=10944,
    num_hidden_layers=27, num_attention_heads=16, num_key_value_heads=16, head_dim=64,
    max_position_embeddings=2048, tie_word_embeddings=False, attention_bias=False, mlp_bias=False,
    n_routed_experts=64, n_shared_experts=2, num_experts_per_tok=6, moe_intermediate_size=1408,
    first_k_dense_replace=1, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128,
    q_lora_rank=None,
)  # fmt: skip
_known(
    "deepseek-v3", "DeepSeek-V3 / R1, main model without the MTP module", _DEEPSEEK,
    model_type="deepseek_v3", vocab_size=129280, hidden_size=7168, intermediate_size=18432,
    num_hidden_layers=61, num_attention_heads=128, num_key_value_heads=128, head_dim=64,
    max_position_embeddings=4096, tie_word_embeddings=False, attention_bias=False, n_routed_experts=256,
    n_shared_experts=1, num_experts_per_tok=8, moe_intermediate_size=2048, first_k_dense_replace=3,
    q_lora_rank=1536, kv_lora_rank=512, qk_nope_head_dim=128, qk_rope_head_dim=64, v_head_dim=128,
)  # fmt: skip
_known(
    "gpt-oss-120b", "gpt-oss-120b",
    "github:openai/gpt-oss@7b58334 gpt_oss/torch/model.py (the 20b: 24 layers and 32 experts "
    "from its model card, from memory; its exact count seen)",
    model_type="gpt_oss", vocab_size=201088, hidden_size=2880, intermediate_size=2880, num_hidden_layers=36,
    num_attention_heads=64, num_key_value_heads=8, head_dim=64, max_position_embeddings=131072,
    tie_word_embeddings=False, attention_bias=True, sliding_window=128, layer_types={'full_attention': 18,
    'sliding_attention': 18}, num_local_experts=128, num_experts_per_tok=4,
)  # fmt: skip
_known(
    "gpt-oss-20b", "gpt-oss-20b",
    "gpt-oss model card, table 1 (layers and experts; parameters agree); the rest as gpt-oss-120b",
    model_type="gpt_oss", vocab_size=201088, hidden_size=2880, intermediate_size=2880, num_hidden_layers=24,
    num_attention_heads=64, num_key_value_heads=8, head_dim=64, max_position_embeddings=131072,
    tie_word_embeddings=False, attention_bias=True, sliding_window=128, layer_types={'full_attention': 12,
    'sliding_attention': 12}, num_local_experts=32, num_experts_per_tok=4,
)  # fmt: skip
_known(
    "bert-base", "BERT base uncased, encoder with pooler", _BERT,
    model_type="bert", vocab_size=30522, hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
    num_attention_heads=12, max_position_embeddings=512, type_vocab_size=2, tie_word_embeddings=True,
    architectures=['BertModel'],
)  # fmt: skip
_known(
    "bert-large", "BERT large uncased, encoder with pooler", _BERT,
    model_type="bert", vocab_size=30522, hidden_size=1024, intermediate_size=4096, num_hidden_layers=24,
    num_attention_heads=16, max_position_embeddings=512, type_vocab_size=2, tie_word_embeddings=True,
    architectures=['BertModel'],
)  # fmt: skip
_known(
    "roberta-large", "RoBERTa large, masked-LM head",
    "arXiv:1907.11692 Table 9; vocabulary 50265, 514 positions as in the hub config.json, "
    "from memory",
    model_type="roberta", vocab_size=50265, hidden_size=1024, intermediate_size=4096, num_hidden_layers=24,
    num_attention_heads=16, max_position_embeddings=514, type_vocab_size=1, tie_word_embeddings=True,
    architectures=['RobertaForMaskedLM'],
)  # fmt: skip
_known(
    "distilbert-base", "DistilBERT base uncased", _CLASS,
    model_type="distilbert", vocab_size=30522, dim=768, hidden_dim=3072, n_layers=6, n_heads=12,
    max_position_embeddings=512, tie_word_embeddings=True, architectures=['DistilBertModel'],
)  # fmt: skip
_known(
    "albert-base", "ALBERT base",
    "arXiv:1909.11942 Table 1",
    model_type="albert", vocab_size=30000, hidden_size=768, intermediate_size=3072, num_hidden_layers=12,
    num_attention_heads=12, max_position_embeddings=512, type_vocab_size=2, embedding_size=128,
    tie_word_embeddings=True, architectures=['AlbertModel'],
)  # fmt: skip
_known(
    "electra-small", "ELECTRA small discriminator body",
    "github:google-research/electra@0c406a1 README.md table (layers, width); arXiv:2003.10555 "
    "Table 6 (heads, embedding size)",
    model_type="electra", vocab_size=30522, hidden_size=256, intermediate_size=1024, num_hidden_layers=12,
    num_attention_heads=4, max_position_embeddings=512, type_vocab_size=2, embedding_size=128,
    tie_word_embeddings=True, architectures=['ElectraModel'],
)  # fmt: skip
_known(
    "t5-small", "T5 small", _T5,
    model_type="t5", vocab_size=32128, d_model=512, d_ff=2048, num_layers=6, num_decoder_layers=6,
    num_heads=8, d_kv=64, is_gated_act=False, relative_attention_num_buckets=32, tie_word_embeddings=True,
    scale_decoder_outputs=True, architectures=['T5ForConditionalGeneration'],
)  # fmt: skip
_known(
    "t5-3b", "T5 3b", _T5,
    model_type="t5", vocab_size=32128, d_model=1024, d_ff=16384, num_layers=24, num_decoder_layers=24,
    num_heads=32, d_kv=128, is_gated_act=False, relative_attention_num_buckets=32, tie_word_embeddings=True,
    scale_decoder_outputs=True, architectures=['T5ForConditionalGeneration'],
)  # fmt: skip
_known(
    "flan-t5-xxl", "FLAN-T5 / T5 v1.1 xxl",
    "github:google-research/text-to-text-transfer-transformer@368700f released_checkpoints.md "
    "(what changed); shapes as in the hub config.json of t5-v1_1 and flan-t5, from memory",
    model_type="t5", vocab_size=32128, d_model=4096, d_ff=10240, num_layers=24, num_decoder_layers=24,
    num_heads=64, d_kv=64, is_gated_act=True, relative_attention_num_buckets=32, tie_word_embeddings=True,
    scale_decoder_outputs=False, architectures=['T5ForConditionalGeneration'],
)  # fmt: skip
_known(
    "bart-base", "BART base", _FROM_MEMORY,
    model_type="bart", vocab_size=50265, d_model=768, encoder_layers=6, decoder_layers=6,
    encoder_attention_heads=12, decoder_attention_heads=12, encoder_ffn_dim=3072, decoder_ffn_dim=3072,
    max_position_embeddings=1024, tie_word_embeddings=True, architectures=['BartForConditionalGeneration'],
)  # fmt: skip
_known(
    "whisper-tiny", "Whisper tiny (multilingual)",
    "arXiv:2212.04356 Table 1 (layers, width, heads); vocabulary 51865 as in the class "
    "default",
    model_type="whisper", vocab_size=51865, d_model=384, encoder_layers=4, decoder_layers=4,
    encoder_attention_heads=6, decoder_attention_heads=6, encoder_ffn_dim=1536, decoder_ffn_dim=1536,
    max_source_positions=1500, max_target_positions=448, num_mel_bins=80, tie_word_embeddings=True,
    architectures=['WhisperForConditionalGeneration'],
)  # fmt: skip
_known(
    "whisper-large-v3", "Whisper large-v3", _FROM_MEMORY,
    model_type="whisper", vocab_size=51866, d_model=1280, encoder_layers=32, decoder_layers=32,
    encoder_attention_heads=20, decoder_attention_heads=20, encoder_ffn_dim=5120, decoder_ffn_dim=5120,
    max_source_positions=1500, max_target_positions=448, num_mel_bins=128, tie_word_embeddings=True,
    architectures=['WhisperForConditionalGeneration'],
)  # fmt: skip
_known(
    "vit-b16", "ViT-B/16 at 224, 1000 classes", _VIT,
    model_type="vit", hidden_size=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12,
    image_size=224, patch_size=16, num_channels=3, architectures=['ViTForImageClassification'],
)  # fmt: skip
_known(
    "vit-l16", "ViT-L/16 at 224, 1000 classes", _VIT,
    model_type="vit", hidden_size=1024, intermediate_size=4096, num_hidden_layers=24,
    num_attention_heads=16, image_size=224, patch_size=16, num_channels=3,
    architectures=['ViTForImageClassification'],
)  # fmt: skip
_known(
    "swin-tiny", "Swin-T at 224, 1000 classes",
    "arXiv:2103.14030 section 3.3",
    model_type="swin", hidden_size=768, num_layers=4, num_heads=[3, 6, 12, 24], image_size=224,
    patch_size=4, num_channels=3, embed_dim=96, depths=[2, 2, 6, 2], window_size=7, mlp_ratio=4.0,
    architectures=['SwinForImageClassification'],
)  # fmt: skip
_known(
    "clip-b32", "CLIP ViT-B/32",
    "arXiv:2103.00020 Table 20 and appendix; github:mlfoundations/open_clip@3b37473 "
    "docs/model_profile.csv (sizes agree)",
    model_type="clip", projection_dim=512, text_config={'model_type': 'clip_text_model', 'vocab_size':
    49408, 'hidden_size': 512, 'intermediate_size': 2048, 'num_hidden_layers': 12, 'num_attention_heads': 8,
    'max_position_embeddings': 77, 'projection_dim': 512}, vision_config={'model_type': 'clip_vision_model',
    'hidden_size': 768, 'intermediate_size': 3072, 'num_hidden_layers': 12, 'num_attention_heads': 12,
    'image_size': 224, 'patch_size': 32, 'num_channels': 3, 'projection_dim': 512},
    architectures=['CLIPModel'],
)  # fmt: skip
_known(
    "mamba-1.4b", "Mamba 1.4b",
    "github:state-spaces/mamba@03a38fb README.md table; expand 2, state 16, conv 4 as in the "
    "paper",
    model_type="mamba", vocab_size=50280, hidden_size=2048, intermediate_size=4096, num_hidden_layers=48,
    tie_word_embeddings=True, state_size=16, conv_kernel=4, expand=2, time_step_rank=128,
    architectures=['MambaForCausalLM'],
)  # fmt: skip
