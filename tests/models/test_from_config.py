"""A configuration file turned into our tree: fields, defaults, what they change, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import layercost as lc
from layercost.by_type import macs_by_type, parameters_by_type
from layercost.caches import kv_cache
from layercost.convention import UnknownNameError
from layercost.models import ModelError
from layercost.models.from_config import from_config
from layercost.models.known import KNOWN, model_named

# Small models in which no two sizes are alike, so that a wrong one shows.
LLAMA = {
    "model_type": "llama", "vocab_size": 101, "hidden_size": 48, "intermediate_size": 80,
    "num_hidden_layers": 3, "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 10,
}  # fmt: skip
QWEN = {**LLAMA, "model_type": "qwen2_moe", "num_experts": 7, "num_experts_per_tok": 2,
        "moe_intermediate_size": 20, "shared_expert_intermediate_size": 30}  # fmt: skip
DEEPSEEK = {
    "model_type": "deepseek_v3", "vocab_size": 101, "hidden_size": 48, "intermediate_size": 80,
    "num_hidden_layers": 5, "num_attention_heads": 6, "q_lora_rank": 22, "kv_lora_rank": 14,
    "qk_nope_head_dim": 8, "qk_rope_head_dim": 4, "v_head_dim": 9, "n_routed_experts": 7,
    "num_experts_per_tok": 2, "moe_intermediate_size": 20, "n_shared_experts": 3, "first_k_dense_replace": 1,
}  # fmt: skip
FALCON = {"model_type": "falcon", "vocab_size": 101, "hidden_size": 48, "num_hidden_layers": 3,
          "num_attention_heads": 6}  # fmt: skip
GEMMA3 = {**LLAMA, "model_type": "gemma3_text", "num_hidden_layers": 14, "sliding_window": 4}
NEOX = {"model_type": "gpt_neox", "vocab_size": 101, "hidden_size": 48, "intermediate_size": 80,
        "num_hidden_layers": 3, "num_attention_heads": 6}  # fmt: skip
STABLELM = {**NEOX, "model_type": "stablelm", "num_key_value_heads": 2}
PHI = {**NEOX, "model_type": "phi"}
GPT2 = {"model_type": "gpt2", "vocab_size": 101, "n_embd": 48, "n_layer": 3, "n_head": 6, "n_positions": 16}
OPT = {"model_type": "opt", "vocab_size": 101, "hidden_size": 48, "ffn_dim": 80, "num_hidden_layers": 3,
       "num_attention_heads": 6, "max_position_embeddings": 16}  # fmt: skip


def parameters(config: dict[str, Any], **changes: Any) -> int:
    """The parameters of a model, with some fields changed."""
    return lc.count(from_config({**config, **changes}), lc.PARAMETERS).total


def windows(config: dict[str, Any], **changes: Any) -> list[int | None]:
    """The window of each layer."""
    return [kept.window for kept in kv_cache(from_config({**config, **changes}), (3,)).layers]


# ---- what fields change ----------------------------------------------------------------------------

MORE_PARAMETERS = [
    pytest.param(LLAMA, {"attention_bias": True}, 3 * (60 + 20 + 20 + 48), id="biases of q, k, v and o"),
    pytest.param(LLAMA, {"mlp_bias": True}, 3 * (80 + 80 + 48), id="biases of a gated feed-forward"),
    pytest.param(LLAMA, {"tie_word_embeddings": True}, -101 * 48, id="a head that is tied holds nothing"),
    pytest.param(LLAMA, {"head_dim": None}, -3 * 2 * (60 - 48 + 20 - 16) * 48, id="heads of width / heads"),
    pytest.param(LLAMA, {"num_key_value_heads": None}, 3 * 2 * 40 * 48, id="as many keys as queries"),
    pytest.param(LLAMA, {"rope_scaling": {"factor": 8.0, "rope_type": "llama3"}}, 0, id="other angles"),
    pytest.param(LLAMA, {"architectures": ["LlamaModel"]}, -101 * 48, id="a class without a head"),
    pytest.param(LLAMA, {"architectures": ["LlamaForSequenceClassification"], "num_labels": 7},
                 (7 - 101) * 48, id="a score for each label"),
    pytest.param(LLAMA, {"architectures": ["LlamaForTokenClassification"], "id2label": {"0": "a", "1": "b"}},
                 (2 - 101) * 48 + 2, id="a score for each label of each token"),
    pytest.param(GPT2, {"architectures": ["GPT2ForQuestionAnswering"], "num_labels": 7},
                 2 * 48 + 2, id="both ends of an answer"),
    pytest.param(QWEN, {"mlp_only_layers": [1]},
                 3 * 48 * 80 - 48 * 7 - 3 * 48 * (7 * 20 + 30) - 48, id="one layer without experts"),
    pytest.param(QWEN, {"decoder_sparse_step": 2},
                 2 * (3 * 48 * 80 - 48 * 7 - 3 * 48 * (7 * 20 + 30) - 48), id="experts in each second layer"),
    pytest.param(QWEN, {"qkv_bias": False}, -3 * (60 + 20 + 20), id="no biases of q, k and v"),
    pytest.param(QWEN, {"norm_topk_prob": True}, 0, id="shares that add up to 1"),
    pytest.param(DEEPSEEK, {"q_lora_rank": None},
                 5 * (48 * 6 * 12 - 48 * 22 - 22 * 6 * 12 - 22), id="queries from the token itself"),
    pytest.param(DEEPSEEK, {"first_k_dense_replace": 3},
                 2 * (3 * 48 * 80 - 48 * 7 - 3 * 48 * 20 * (7 + 3)), id="three plain layers"),
    pytest.param(DEEPSEEK, {"n_shared_experts": 1}, -4 * 3 * 48 * 20 * 2, id="one shared expert"),
    pytest.param(DEEPSEEK, {"n_shared_experts": None}, -4 * 3 * 48 * 20 * 3, id="none that is shared"),
    pytest.param(DEEPSEEK, {"n_group": 1, "topk_group": 1}, 0, id="experts in groups"),
    pytest.param(DEEPSEEK, {"attention_bias": True}, 5 * (22 + 14 + 4 + 48), id="biases of the maps down"),
    pytest.param(DEEPSEEK, {"moe_layer_freq": 2},
                 2 * (3 * 48 * 80 - 48 * 7 - 3 * 48 * 20 * (7 + 3)), id="experts in each second one"),
    pytest.param(FALCON, {"multi_query": False}, 3 * 2 * 5 * 8 * 48, id="all heads have keys"),
    pytest.param(FALCON, {"num_kv_heads": 6}, 0, id="heads of keys that this architecture does not read"),
    pytest.param(FALCON, {"new_decoder_architecture": True, "num_kv_heads": 2},
                 3 * (2 * 8 * 48 + 2 * 48), id="two heads of keys, and a norm for each half"),
    pytest.param(FALCON, {"new_decoder_architecture": True, "num_kv_heads": 2, "num_ln_in_parallel_attn": 1},
                 3 * 2 * 8 * 48, id="one norm for both halves"),
    pytest.param(FALCON, {"parallel_attn": False}, 3 * 2 * 48, id="one after the other, each with a norm"),
    pytest.param(FALCON, {"alibi": True}, 0, id="slopes in place of angles"),
    pytest.param(FALCON, {"bias": True}, 3 * (48 + 8 + 8 + 48 + 4 * 48 + 48), id="biases of all maps"),
    pytest.param(FALCON, {"ffn_hidden_size": 100}, -3 * 2 * 48 * 92, id="a narrower feed-forward"),
    pytest.param(NEOX, {"use_parallel_residual": False}, 0, id="one after the other, with the same norms"),
    pytest.param(NEOX, {"attention_bias": False}, -3 * 4 * 48, id="attention without biases"),
    pytest.param(STABLELM, {"qk_layernorm": True}, 3 * (48 + 16), id="a vector of norms for each head"),
    pytest.param(STABLELM, {"use_parallel_residual": True}, -3 * 2 * 48, id="one norm for both"),
    pytest.param(STABLELM, {"use_qkv_bias": True}, 3 * (48 + 16 + 16), id="biases of q, k and v"),
    pytest.param(PHI, {"qk_layernorm": True}, 3 * 4 * 8, id="LayerNorm on queries and keys"),
    pytest.param(PHI, {"tie_word_embeddings": True}, -101 * 48, id="a tied head keeps its bias"),
    pytest.param(GPT2, {"n_inner": 100}, -3 * (2 * 48 + 1) * 92, id="a narrower feed-forward with biases"),
    pytest.param(GPT2, {"tie_word_embeddings": False}, 101 * 48, id="a head of its own"),
    pytest.param(OPT, {"word_embed_proj_dim": 20},
                 -101 * 28 + 2 * 20 * 48, id="a narrower table, and a map there and back"),
    pytest.param(OPT, {"do_layer_norm_before": False}, -2 * 48, id="norms after, and none at the end"),
    pytest.param(OPT, {"enable_bias": False}, -3 * (4 * 48 + 80 + 48), id="no biases"),
    pytest.param(OPT, {"layer_norm_elementwise_affine": False}, -7 * 2 * 48, id="norms that are not trained"),
]  # fmt: skip


@pytest.mark.parametrize(("config", "changes", "more"), MORE_PARAMETERS)
def test_a_field_changes_as_many_parameters(
    config: dict[str, Any], changes: dict[str, Any], more: int
) -> None:
    assert parameters(config, **changes) - parameters(config) == more


@pytest.mark.parametrize(
    ("config", "changes", "expected"),
    [
        pytest.param(GEMMA3, {}, [4] * 5 + [None] + [4] * 5 + [None] + [4] * 2, id="five of six"),
        pytest.param(GEMMA3, {"sliding_window_pattern": 7}, ([4] * 6 + [None]) * 2, id="six of seven"),
        pytest.param(GEMMA3, {"sliding_window": None}, [None] * 14, id="none without a window"),
        pytest.param(
            GEMMA3, {"layer_types": ["full_attention"] * 13 + ["sliding_attention"]}, [None] * 13 + [4],
            id="a name for each layer",
        ),
        pytest.param(
            GEMMA3, {"layer_types": {"sliding_attention": 12, "full_attention": 2}},
            [4] * 5 + [None] + [4] * 5 + [None] + [4] * 2, id="how many of each, as the class has them",
        ),
        pytest.param({**LLAMA, "model_type": "mistral"}, {}, [4096] * 3, id="a window in every layer"),
        pytest.param(
            {**LLAMA, "model_type": "mistral"}, {"sliding_window": None}, [None] * 3, id="a null is none"
        ),
        pytest.param(
            {**LLAMA, "model_type": "qwen2"}, {"sliding_window": 4}, [None] * 3, id="not switched on"
        ),
        pytest.param(
            {**LLAMA, "model_type": "qwen2"},
            {"sliding_window": 4, "use_sliding_window": True, "max_window_layers": 2}, [None, None, 4],
            id="from a layer on",
        ),
        pytest.param(
            {**LLAMA, "model_type": "gemma2"}, {"sliding_window": 4}, [4, None, 4], id="every other layer"
        ),
    ],
)  # fmt: skip
def test_layers_have_their_windows(
    config: dict[str, Any], changes: dict[str, Any], expected: list[int | None]
) -> None:
    assert windows(config, **changes) == expected


def test_a_tied_head_holds_nothing_and_computes() -> None:
    tied = from_config({**LLAMA, "tie_word_embeddings": True})
    assert "head" not in parameters_by_type(tied)
    assert macs_by_type(tied, (5,))["head"] == 5 * 48 * 101


def test_logits_of_the_last_position_cost_one_row_of_the_head() -> None:
    every, last = from_config(LLAMA), from_config(LLAMA, logits="last")
    of_every, of_last = macs_by_type(every, (5,)), macs_by_type(last, (5,))
    assert (of_every.pop("head"), of_last.pop("head")) == (5 * 48 * 101, 48 * 101)
    assert of_every == of_last


def test_the_paths_of_layers_read_well() -> None:
    paths = [call.path for call in from_config(GPT2).calls((4,))]
    assert paths[:4] == [
        "embedding.token", "embedding.position", "layers.0.attention_norm", "layers.0.attention"
    ]  # fmt: skip
    assert paths[-2:] == ["norm", "head"]


def test_more_tokens_than_there_are_positions_for_are_refused() -> None:
    with pytest.raises(lc.ShapeError, match="16 positions but got 17 tokens"):
        lc.table(from_config(GPT2), (17,))


# ---- defaults --------------------------------------------------------------------------------------


def test_each_default_that_is_taken_is_listed_with_its_source() -> None:
    listed = {default.field: default for default in from_config(GPT2).defaults}
    assert listed["n_inner"].value == 192
    assert str(listed["n_inner"].source) == "4 x the width"
    assert listed["tie_word_embeddings"].value is True
    assert str(listed["tie_word_embeddings"].source) == "GPT2Config of transformers 5.24.0"
    assert not {"n_embd", "n_layer", "vocab_size"} & set(listed)


def test_a_field_has_several_names() -> None:
    one = {"model_type": "gpt2", "vocab_size": 101, "hidden_size": 48, "num_hidden_layers": 3}
    two = {"num_attention_heads": 6, "max_position_embeddings": 16}
    assert parameters({**one, **two}) == parameters(GPT2)


def test_each_spelling_of_gelu_is_gelu() -> None:
    spelled = {**GPT2, "activation_function": "gelu_python_tanh"}
    assert lc.table(from_config(spelled), (4,)).total.flops == lc.table(from_config(GPT2), (4,)).total.flops


def test_of_two_names_a_null_says_nothing_and_gemmas_newer_one_counts() -> None:
    gemma = {**LLAMA, "model_type": "gemma", "hidden_act": "gelu"}
    assert parameters(gemma, hidden_activation=None) == parameters(
        gemma, hidden_activation="gelu_pytorch_tanh"
    )
    assert parameters(GPT2, hidden_size=None) == parameters(GPT2)


def test_a_part_within_another_file_may_leave_sizes_out() -> None:
    text = {"model_type": "gemma3_text", "hidden_size": 2560, "intermediate_size": 10240,
            "num_hidden_layers": 34, "sliding_window": 1024}  # fmt: skip
    model = from_config({"model_type": "gemma3", "text_config": text, "vision_config": {}})
    assert lc.count(model, lc.PARAMETERS).total == 3_880_263_168  # as the text part of Gemma 3 4B
    assert "Counted is the text part of a gemma3 model" in str(model.notes[0])
    assert "text_config.vocab_size" in {default.field for default in model.defaults}


QWEN_VL = {
    "vocab_size": 152064, "hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28,
    "num_attention_heads": 28, "num_key_value_heads": 4, "tie_word_embeddings": False,
}  # fmt: skip


def test_a_text_part_may_stand_flat_in_its_file() -> None:
    """As Qwen2.5-VL was published; the file that is saved today has it apart, and both are one model."""
    flat = {"model_type": "qwen2_5_vl", "architectures": ["Qwen2_5_VLForConditionalGeneration"], **QWEN_VL}
    apart = {"model_type": "qwen2_5_vl", "text_config": QWEN_VL, "vision_config": {}}
    one, other = from_config({**flat, "vision_config": {}}), from_config(apart)
    assert lc.count(one, lc.PARAMETERS).total == lc.count(other, lc.PARAMETERS).total == 7_615_616_512
    for model in (one, other):
        assert "Counted is the text part of a qwen2_5_vl model alone" in str(model.notes[0])


@pytest.mark.parametrize("kind", ["qwen2_vl", "qwen2_5_vl"])
@pytest.mark.parametrize(("whole", "part"), [(False, True), (True, False), (True, True), (False, False)])
def test_of_these_either_may_say_that_the_head_is_tied(kind: str, whole: bool, part: bool) -> None:
    """Files that older versions saved say it in the part alone: so transformers 5.24.0 reads both."""
    text = {**QWEN_VL, "tie_word_embeddings": part}
    model = from_config({"model_type": kind, "text_config": text, "tie_word_embeddings": whole})
    assert ("head" not in parameters_by_type(model)) is (whole or part)


@pytest.mark.parametrize(
    ("whole", "part", "tied"),
    [
        pytest.param({"tie_word_embeddings": False}, {"tie_word_embeddings": True}, False, id="the whole's"),
        pytest.param(
            {"tie_word_embeddings": True}, {"tie_word_embeddings": False}, True, id="the same, tied"
        ),
        pytest.param({"tie_word_embeddings": None}, {"tie_word_embeddings": False}, False, id="null"),
        pytest.param({}, {"tie_word_embeddings": False}, False, id="the part's alone"),
        pytest.param({"tie_word_embeddings": False}, {}, False, id="the whole's alone"),
    ],
)
def test_the_head_of_a_part_is_tied_as_the_whole_says(
    whole: dict[str, Any], part: dict[str, Any], tied: bool
) -> None:
    """The head stands beside the part: Gemma3ForConditionalGeneration of transformers 5.24.0 built so."""
    model = from_config({"model_type": "gemma3", **whole, "text_config": {**GEMMA3, **part}})
    assert ("head" in parameters_by_type(model)) is not tied
    differs = None not in (whole.get("tie_word_embeddings"), part.get("tie_word_embeddings"))
    assert any("text_config.tie_word_embeddings" in str(note) for note in model.notes) is differs


def test_heads_that_do_not_make_the_width_are_told() -> None:
    assert any("6 x 10 = 60, and the width is 48" in str(note) for note in from_config(LLAMA).notes)
    assert not from_config({**LLAMA, "head_dim": 8}).notes


def test_the_number_format_is_that_of_the_file() -> None:
    assert from_config({**LLAMA, "torch_dtype": "float16"}).dtype == "float16"
    assert from_config(LLAMA).dtype == "bfloat16"
    assert "dtype" in {default.field for default in from_config(LLAMA).defaults}


def test_a_null_for_the_size_of_a_head_is_a_default_that_is_listed() -> None:
    listed = {default.field: default for default in from_config({**LLAMA, "head_dim": None}).defaults}
    assert (listed["head_dim"].value, str(listed["head_dim"].source)) == (
        8, "hidden_size / num_attention_heads",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("name", "value", "near"),
    [("num_kv_heads", 2, "num_key_value_heads"), ("tie_word_embedding", True, "tie_word_embeddings"),
     ("attn_bias", True, "attention_bias")],
)  # fmt: skip
def test_a_field_that_nobody_reads_is_noted_where_one_like_it_is_missing(
    name: str, value: object, near: str
) -> None:
    without = {key: kept for key, kept in LLAMA.items() if key != near}
    told = f"The file's {name} is not read; was {near} meant, which the file does not have?"
    assert told in map(str, from_config({**without, name: value}).notes)
    assert told not in map(str, from_config({**without, name: None}).notes)
    part = {"model_type": "nobody_knows", "text_config": {**without, name: value}}
    assert any(f"text_config.{near} meant" in str(note) for note in from_config(part).notes)


def test_a_field_that_nobody_reads_is_no_matter_where_the_one_like_it_is_there() -> None:
    there = {**LLAMA, "tie_word_embeddings": False, "num_kv_heads": 2, "tie_word_embedding": True,
             "rms_norm_eps": 1e-6, "use_cache": True, "attention_dropout": 0.0}  # fmt: skip
    assert from_config(there).notes == from_config({**LLAMA, "tie_word_embeddings": False}).notes


def test_ministral_3_is_mistral_with_heads_of_128_and_no_window() -> None:
    """Ministral3Config of transformers 5.24.0."""
    new = {**LLAMA, "model_type": "ministral3"}
    assert parameters(new) == parameters(new, model_type="mistral")
    assert windows(new) == [None] * 3
    del new["head_dim"]
    assert parameters(new) == parameters(new, model_type="mistral", head_dim=128)


def test_phi_3_5_moe_is_mixtral_with_layer_norm_and_biases() -> None:
    """41.9 billion on its card; PhimoeForCausalLM of transformers 5.24.0 holds as many."""
    model = from_config({
        "model_type": "phimoe", "architectures": ["PhiMoEForCausalLM"], "attention_bias": True,
        "hidden_act": "silu", "hidden_size": 4096, "intermediate_size": 6400, "lm_head_bias": True,
        "num_attention_heads": 32, "num_experts_per_tok": 2, "num_hidden_layers": 32,
        "num_key_value_heads": 8, "num_local_experts": 16, "sliding_window": 131072,
        "tie_word_embeddings": False, "vocab_size": 32064,
    })  # fmt: skip
    assert lc.count(model, lc.PARAMETERS).total == 41_873_153_344
    assert not [note for note in model.notes if "names the class" in str(note)]


# As first published, with the code of their authors: the totals are those of the files of today.
OLDER = [
    pytest.param(
        {"model_type": "RefinedWebModel", "architectures": ["RWForCausalLM"], "alibi": False, "bias": False,
         "hidden_size": 4544, "multi_query": True, "n_head": 71, "n_layer": 32, "parallel_attn": True,
         "vocab_size": 65024}, 6_921_720_704, id="Falcon 7B",
    ),
    pytest.param(
        {"model_type": "RefinedWeb", "architectures": ["RWForCausalLM"], "alibi": False, "bias": False,
         "hidden_size": 8192, "n_head": 128, "n_head_kv": 8, "n_layer": 60, "parallel_attn": True,
         "vocab_size": 65024}, 41_303_293_952, id="Falcon 40B",
    ),
    pytest.param(
        {"model_type": "stablelm_epoch", "architectures": ["StableLMEpochForCausalLM"], "hidden_act": "silu",
         "hidden_size": 2560, "intermediate_size": 6912, "num_attention_heads": 32, "num_heads": 32,
         "num_hidden_layers": 32, "num_key_value_heads": 32, "rope_pct": 0.25, "tie_word_embeddings": False,
         "vocab_size": 50304}, 2_795_443_200, id="StableLM 3B",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("config", "published"), OLDER)
def test_a_family_is_known_by_its_older_name_too(config: dict[str, Any], published: int) -> None:
    assert parameters(config) == published


def test_kimi_k2_is_built_as_deepseek_v3_is() -> None:
    assert parameters({**DEEPSEEK, "model_type": "kimi_k2"}) == parameters(DEEPSEEK)


# A model that reads images as well, whose text part has fields of its own.
WHOLE = {"model_type": "nobody_knows", "text_config": {**LLAMA, "dtype": "float16"}}


@pytest.mark.parametrize(
    ("config", "dtype"),
    [
        pytest.param({**LLAMA, "dtype": None, "torch_dtype": "float16"}, "float16", id="null is missing"),
        pytest.param({**LLAMA, "dtype": "auto", "torch_dtype": "float16"}, "float16", id="auto is missing"),
        pytest.param({**LLAMA, "dtype": "half", "torch_dtype": "torch.float16"}, "float16", id="one format"),
        pytest.param({**LLAMA, "dtype": "fp16"}, "float16", id="fp16"),
        pytest.param({**LLAMA, "dtype": "float"}, "float32", id="float"),
        pytest.param({**LLAMA, "dtype": "double"}, "float64", id="double"),
        pytest.param(WHOLE, "float16", id="of the part"),
        pytest.param({**WHOLE, "dtype": "float32"}, "float16", id="of the part first"),
        pytest.param({**WHOLE, "text_config": LLAMA, "dtype": "float32"}, "float32", id="then of the whole"),
    ],
)
def test_the_number_format_is_found_under_each_of_its_names(config: dict[str, Any], dtype: str) -> None:
    model = from_config(config)
    assert model.dtype == dtype
    assert not [default for default in model.defaults if default.field.endswith("dtype")]


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "bfloat61"])
def test_a_number_format_that_is_not_known_is_noted_and_not_called_missing(dtype: str) -> None:
    model = from_config({**LLAMA, "torch_dtype": dtype})
    assert model.dtype == "bfloat16"
    assert f'torch_dtype is "{dtype}", a number format that is not known here' in str(model.notes[-1])
    assert "dtype" not in {default.field for default in model.defaults}


def test_weights_that_are_quantised_are_noted_of_a_part_too() -> None:
    whole = {**WHOLE, "text_config": {**LLAMA, "quantization_config": {"quant_method": "fp8"}}}
    assert any("quantised" in str(note) for note in from_config(whole).notes)


@pytest.mark.parametrize(
    ("config", "name", "counted"),
    [
        (LLAMA, "LlamaModel", "LlamaModel"),
        (GPT2, "GPT2ForTokenClassification", "GPT2ForTokenClassification"),
        (LLAMA, "LlamaForCausalLM", "LlamaForCausalLM"),
        (GPT2, "GPT2Model", "GPT2Model"),
        (GPT2, "GPT2LMHeadModel", "GPT2LMHeadModel"),
        (GEMMA3, "Gemma3TextModel", "Gemma3TextModel"),
        (GEMMA3, "Gemma3ForCausalLM", "Gemma3ForCausalLM"),
    ],
)
def test_the_class_that_is_counted_is_the_one_that_the_file_names(
    config: dict[str, Any], name: str, counted: str
) -> None:
    model = from_config({**config, "architectures": [name]})
    assert model.architecture == counted
    assert not [note for note in model.notes if "names the class" in str(note)]
    has_head = any(path == "head" for path, _ in model.leaves())
    assert has_head == (not counted.endswith("Model") or "LMHead" in counted)


@pytest.mark.parametrize(
    ("name", "counted"),
    [("MistralForCausalLM", "LlamaForCausalLM"), ("FooForCausalLM", "LlamaForCausalLM"),
     ("LlamaRewardModel", "LlamaModel")],
)  # fmt: skip
def test_a_class_of_another_family_is_noted(name: str, counted: str) -> None:
    model = from_config({**LLAMA, "architectures": [name]})
    assert model.architecture == counted
    assert str(model.notes[-1]) == (
        f"The file names the class {name}, but its model_type is llama: counted is {counted}."
    )


def test_layers_that_predict_further_tokens_are_named_and_not_counted() -> None:
    announced = from_config({**DEEPSEEK, "num_nextn_predict_layers": 1})
    assert any("num_nextn_predict_layers" in str(note) for note in announced.notes)
    assert lc.count(announced, lc.PARAMETERS).total == parameters(DEEPSEEK)


# ---- what is refused -------------------------------------------------------------------------------

REFUSED = [
    pytest.param(
        {"model_type": "llamma"},
        "model_type: no family is called 'llamma'; did you mean 'llama'",
        id="family",
    ),
    pytest.param({"hidden_size": 4}, "model_type is missing", id="no family"),
    pytest.param(
        {**LLAMA, "vocab_size": "101"},
        'vocab_size: expected a whole number of at least 1, but got "101"',
        id="text",
    ),
    pytest.param({**LLAMA, "hidden_size": float("nan")}, "hidden_size: .*but got NaN", id="no number"),
    pytest.param({**LLAMA, "hidden_size": True}, "hidden_size: .*but got true", id="true"),
    pytest.param({**LLAMA, "hidden_size": None}, "hidden_size: .*but got null", id="null"),
    pytest.param({**LLAMA, "hidden_size": -48}, "hidden_size: .*but got -48", id="negative"),
    pytest.param({**LLAMA, "hidden_size": 10**30}, "hidden_size: .*of at most", id="too large"),
    pytest.param(
        {**LLAMA, "num_hidden_layers": 10**9}, "num_hidden_layers: expected at most 10,000", id="layers"
    ),
    pytest.param(
        {**LLAMA, "head_dim": None, "num_attention_heads": 10},
        "num_attention_heads: 10 heads do not divide",
        id="heads",
    ),
    pytest.param(
        {**LLAMA, "num_key_value_heads": 12},
        "num_key_value_heads: 12 heads of keys",
        id="more keys than queries",
    ),
    pytest.param(
        {**LLAMA, "num_key_value_heads": 4},
        "num_key_value_heads: 4 heads of keys",
        id="keys that do not divide",
    ),
    pytest.param(
        {
            **{name: value for name, value in LLAMA.items() if name != "num_key_value_heads"},
            "model_type": "mistral",
        },
        "num_key_value_heads: it is missing; MistralConfig has 8, which do not divide 6 heads of queries",
        id="keys that are missing",
    ),
    pytest.param(
        {**GPT2, "n_head": 5}, "n_head: 5 heads do not divide a width of 48", id="as the file has it"
    ),
    pytest.param({**LLAMA, "head_dim": 7}, "head_dim: heads of 7 values .*two and two", id="odd heads"),
    pytest.param(
        {**FALCON, "num_attention_heads": 16}, "num_attention_heads: heads of 3 values", id="odd by the heads"
    ),
    pytest.param(
        {**LLAMA, "tie_word_embeddings": "no"}, "tie_word_embeddings: expected true or false", id="no flag"
    ),
    pytest.param(
        {**LLAMA, "hidden_act": "swiglu"},
        "hidden_act: no activation known here is called 'swiglu'",
        id="activation",
    ),
    pytest.param(
        {**GPT2, "architectures": ["GPT2DoubleHeadsModel"]}, "architectures: the head of", id="two heads"
    ),
    pytest.param(
        {**LLAMA, "model_type": "qwen2", "architectures": ["Qwen2ForRewardModel"]},
        "architectures: the head of Qwen2ForRewardModel is not counted here",
        id="head of a reward",
    ),
    pytest.param(
        {**LLAMA, "model_type": "qwen2", "architectures": ["Qwen2ForProcessRewardModel"]},
        "architectures: the head of Qwen2ForProcessRewardModel is not counted here",
        id="head of a reward for each step",
    ),
    pytest.param(
        {**LLAMA, "pruned_heads": {"0": [1]}}, "pruned_heads: .*is not counted here", id="pruned heads"
    ),
    pytest.param({**LLAMA, "dtype": 16}, "dtype: expected the name of a number format", id="format"),
    pytest.param(
        {**LLAMA, "dtype": "float32", "torch_dtype": "float16"},
        'dtype: "float32" contradicts torch_dtype: "float16"',
        id="two formats",
    ),
    pytest.param({**GPT2, "hidden_size": 50}, "n_embd: 48 contradicts hidden_size: 50", id="two names"),
    pytest.param(
        {**GPT2, "head_dim": 9}, "head_dim: 9 is not counted here", id="a size that the class has not"
    ),
    pytest.param(
        {**LLAMA, "model_type": "olmoe", "num_experts": 7, "num_experts_per_tok": 2},
        "head_dim: 10 is not counted here: this class divides the width by the heads",
        id="heads whose norms have another size",
    ),
    pytest.param({**GPT2, "add_cross_attention": True}, "add_cross_attention: true", id="cross attention"),
    pytest.param(
        {**GEMMA3, "layer_types": ["full_attention"]},
        "layer_types: expected a name for each of 14",
        id="few types",
    ),
    pytest.param(
        {**GEMMA3, "layer_types": {"full_attention": 3}},
        "layer_types: 3 layers in all contradict",
        id="few layers",
    ),
    pytest.param(
        {**GEMMA3, "layer_types": ["linear_attention"] * 14},
        'layer_types: layers of "linear_attention"',
        id="other types",
    ),
    pytest.param(
        {**GEMMA3, "use_bidirectional_attention": True}, "use_bidirectional_attention: true", id="no mask"
    ),
    pytest.param(
        {**QWEN, "num_experts_per_tok": 8}, "num_experts_per_tok: 8 contradicts num_experts, 7", id="experts"
    ),
    pytest.param(
        {**QWEN, "mlp_only_layers": [3]}, "mlp_only_layers: layer 3 contradicts", id="no such layer"
    ),
    pytest.param(
        {**DEEPSEEK, "kv_lora_rank": 0}, "kv_lora_rank: expected a whole number of at least 1", id="no latent"
    ),
    pytest.param(
        {"model_type": "gpt_neo", "vocab_size": 101, "hidden_size": 48, "num_layers": 12, "num_heads": 6},
        "attention_types: it is missing; the pattern of GPTNeoConfig has 24 layers, and num_layers is 12",
        id="a pattern that is not there",
    ),
    pytest.param(
        {"model_type": "swin", "mlp_ratio": 0.0001},
        "mlp_ratio: 0.0001 times a width of 96 is less than one value",
        id="no feed-forward",
    ),
    pytest.param(
        {**LLAMA, "hidden_act": None},
        "hidden_act: expected the name of the activation known here, but got null; leave the field out",
        id="null of an activation",
    ),
    pytest.param(
        {**LLAMA, "model_type": "qwen3", "head_dim": None},
        "head_dim: expected a whole number of at least 1, but got null; leave the field out",
        id="null of a head",
    ),
    pytest.param({"model_type": None}, "model_type is missing", id="null of a family"),
    pytest.param(
        {"model_type": "gpt_neo", "attention_types": [[["global"], 10**12]]},
        "attention_types: 25 layers contradict",
        id="patterns",
    ),
    pytest.param(
        {"model_type": "llama4", "text_config": {"model_type": "llama4_text"}},
        "text_config.model_type: no family",
        id="part",
    ),
]


@pytest.mark.parametrize(("config", "message"), REFUSED)
def test_what_cannot_be_is_refused_by_name(config: dict[str, Any], message: str) -> None:
    with pytest.raises(ModelError, match=f"the configuration: {message}"):
        from_config(config)


@pytest.mark.parametrize(
    "name", [name for name in LLAMA if name not in ("model_type", "head_dim", "num_key_value_heads")]
)
def test_a_size_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(ModelError, match=f"{name}: it is missing; LlamaConfig has"):
        from_config({key: value for key, value in LLAMA.items() if key != name})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"[" * 100_000, "nested too deep", id="deep"),
        pytest.param(b'{"a":' * 100_000, "nested too deep", id="deep objects"),
        pytest.param(b"", "expected JSON", id="empty"),
        pytest.param(b"model_type: llama", "expected JSON", id="no JSON"),
        pytest.param(b"[1, 2]", "expected an object", id="a list"),
        pytest.param(b"null", "expected an object .*but got null", id="null"),
        pytest.param(b"\xff\xfe\x00", "expected text in UTF-8", id="no text"),
        pytest.param(b" " * 5_000_000, "at most 4,194,304 bytes", id="large"),
        pytest.param(
            b'{"model_type": "llama", "hidden_size": 1, "hidden_size": 2}', "hidden_size: .*twice", id="twice"
        ),
        pytest.param(b'{"vocab_size": ' + b"9" * 5000 + b"}", "expected JSON", id="digits"),
    ],
)
def test_a_file_that_is_no_configuration_says_so(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "config.json"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=message) as caught:
        from_config(file)
    assert str(file) in str(caught.value)


def test_a_file_is_read_as_its_fields_are(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    file.write_text(json.dumps(LLAMA), encoding="utf-8-sig")
    assert lc.count(from_config(file), lc.PARAMETERS).total == parameters(LLAMA)
    assert from_config(tmp_path) == from_config(file, name=tmp_path.name)
    assert lc.count(from_config(file.read_text("utf-8-sig")), lc.PARAMETERS).total == parameters(LLAMA)
    with pytest.raises(ModelError, match="No such file"):
        from_config(tmp_path / "none.json")


def test_a_choice_of_logits_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ModelError, match="no choice of logits is called 'first'"):
        from_config(LLAMA, logits="first")


# ---- models by name --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", KNOWN)
def test_a_model_by_name_says_where_its_configuration_is_from(name: str) -> None:
    assert KNOWN[name].source
    assert lc.count(model_named(name), lc.PARAMETERS).total > 10**7


def test_a_model_that_nobody_knows_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'llama-2-7b'"):
        model_named("llama-2-7")
