"""Adapters of low rank, held against what peft and torch were measured to hold and run."""

from __future__ import annotations

from typing import Any

import pytest

import layercost as lc
from layercost.analysis.shortcuts import shortcuts
from layercost.analysis.training import training_step
from layercost.layers.adapters import Adapted, without_lora
from tests.analysis.models import built, known, named, shape


def adapted(row: dict[str, Any]) -> lc.Layer:
    return lc.with_lora(built(row), row["rank"], row["targets"])


@pytest.mark.parametrize("row", named("lora.json"))
def test_what_is_trained_and_what_is_held_is_what_peft_has(row: dict[str, Any]) -> None:
    model = adapted(row)
    assert lc.count(model, lc.PARAMETERS).total == row["trained"]
    assert lc.count(model, lc.STORED_VALUES).total == row["held"]
    assert sum(len(leaf.parameters()) for _, leaf in model.leaves()) == row["tensors"]


@pytest.mark.parametrize("row", named("lora.json"))
def test_a_step_runs_what_torch_runs(row: dict[str, Any]) -> None:
    """Frozen maps have a gradient of their input alone, and none of it before the first adapter."""
    one = training_step(adapted(row), shape(row))
    assert one.forward == row["forward"]
    assert one.model == row["step"]


def test_what_stays_of_a_full_step() -> None:
    """Two thirds: forward and gradients of values, without gradients of weights."""
    full, some = known("llama2-7b"), lc.with_lora(known("llama2-7b"), 8, ["q", "v"])
    part = training_step(some, (128,)).model / training_step(full, (128,)).model
    assert round(100 * part, 1) == 66.6


def test_one_map_of_three_shares_its_first_matrix() -> None:
    """GPT-2's c_attn is one map d x 3d: r (d + 3d), where q, k and v alone would take 3 r 2d."""
    model, d = known("gpt2"), 768
    fused, apart = (lc.with_lora(model, 4, names) for names in (["c_attn"], ["q", "k", "v"]))
    assert lc.count(fused, lc.PARAMETERS).total == 12 * 4 * (d + 3 * d)
    assert lc.count(apart, lc.PARAMETERS).total == 12 * 4 * 3 * 2 * d


def test_a_map_can_be_named_by_its_path() -> None:
    net = lc.Sequential({"up": lc.Linear(8, 16), "act": lc.ReLU(), "down": lc.Linear(16, 2)})
    model = lc.with_lora(net, 2, ["down"])
    assert lc.count(model, lc.PARAMETERS).total == 2 * (16 + 2)
    assert lc.count(model, lc.BUFFERS).total == lc.count(net, lc.PARAMETERS).total


def test_a_table_that_the_head_shares_is_frozen_once() -> None:
    model = lc.with_lora(known("gpt2"), 4, ["c_attn"])
    assert lc.count(model, lc.BUFFERS).total == 124_439_808


def test_a_layer_in_two_places_gets_one_adapter() -> None:
    shared = lc.Linear(4, 4)
    model = lc.with_lora(lc.Sequential({"a": lc.Sequential({"map": shared}), "map": shared}), 2, ["map"])
    assert lc.count(model, lc.PARAMETERS).total == 2 * (4 + 4)


def test_the_model_keeps_its_name() -> None:
    model: Any = lc.with_lora(known("gpt2"), 4, ["q", "v"])
    assert (model.name, model.version) == ("gpt2", "as configured, LoRA of rank 4 on q, v")


def test_without_adapters_the_model_is_as_it_was() -> None:
    model = known("gpt2")
    assert list(without_lora(lc.with_lora(model, 4, ["q", "v"])).leaves()) == list(model.leaves())


def test_a_cache_is_as_large_with_adapters() -> None:
    model = known("llama3-8b")
    some = lc.with_lora(model, 8, ["q", "v"])
    assert lc.count(some, lc.KV_CACHE, (7,)).total == lc.count(model, lc.KV_CACHE, (7,)).total


def test_an_unknown_map_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(lc.LayerError, match=r"no linear map is called 'qq'"):
        lc.with_lora(known("gpt2"), 4, ["qq"])


SMALL: dict[str, dict[str, Any]] = {
    "bert": {"model_type": "bert", "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12,
             "num_attention_heads": 12, "vocab_size": 30522,
             "architectures": ["BertForSequenceClassification"]},
    "roberta": {"model_type": "roberta", "hidden_size": 1024, "intermediate_size": 4096,
                "num_hidden_layers": 24, "num_attention_heads": 16, "vocab_size": 50265, "type_vocab_size": 1,
                "max_position_embeddings": 514, "architectures": ["RobertaForSequenceClassification"]},
    "distilbert": {"model_type": "distilbert", "dim": 768, "hidden_dim": 3072, "n_layers": 6, "n_heads": 12,
                   "vocab_size": 30522, "architectures": ["DistilBertForSequenceClassification"]},
    "neox": {"model_type": "gpt_neox", "hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2,
             "num_attention_heads": 4, "vocab_size": 50},
    "gpt_neo": {"model_type": "gpt_neo", "hidden_size": 64, "num_layers": 2, "num_heads": 4, "vocab_size": 50,
                "attention_types": [[["global", "local"], 1]]},
    "mamba": {"model_type": "mamba", "hidden_size": 64, "num_hidden_layers": 2, "vocab_size": 50},
    "qwen2_moe": {"model_type": "qwen2_moe", "hidden_size": 64, "intermediate_size": 96,
                  "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4,
                  "vocab_size": 50, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 24,
                  "shared_expert_intermediate_size": 48},
}  # fmt: skip


def trained(name: str, targets: str, whole: str = "") -> int:
    """What adapters of rank 8 train, with the layers `whole`."""
    model = lc.with_lora(
        lc.from_config(SMALL[name]), 8, targets.split(","), whole.split(",") if whole else ()
    )
    return int(lc.count(model, lc.PARAMETERS).total)


@pytest.mark.parametrize(
    ("name", "targets", "published"),
    [
        pytest.param("bert", "query,value", 294_912 + 768 * 2 + 2, id="BERT base, as peft prints it"),
        pytest.param("roberta", "query,value", 1_838_082, id="RoBERTa large, as peft prints it"),
    ],
)
def test_a_classifier_is_trained_whole_beside_its_adapters(name: str, targets: str, published: int) -> None:
    assert trained(name, targets, "classifier") == published


def test_a_module_of_one_model_is_other_maps_in_another() -> None:
    """NeoX calls one map dense, BERT three and its pooler; c_proj are two maps in GPT-2, one in GPT-Neo."""
    d, r = 64, 8
    assert trained("neox", "dense") == 2 * r * (d + d)
    assert trained("bert", "dense") == 12 * r * (2 * 768 + 2 * (768 + 3072)) + r * 2 * 768
    assert trained("gpt_neo", "c_proj") == 2 * r * (4 * d + d)
    gpt2 = lc.with_lora(known("gpt2"), r, ["c_attn", "c_proj", "c_fc"])
    assert lc.count(gpt2, lc.PARAMETERS).total == 1_179_648


def test_a_map_of_the_models_own_comes_before_what_others_call_so() -> None:
    assert trained("mamba", "out_proj") == 2 * 8 * (128 + 64)


def test_a_shared_expert_has_adapters_and_the_others_none() -> None:
    assert trained("qwen2_moe", "gate_proj,up_proj,down_proj") == 2 * 3 * 8 * (64 + 48)


def test_parts_of_a_classifier_may_be_named_one_by_one() -> None:
    head = 768 * 768 + 768 + 768 * 2 + 2
    assert trained("distilbert", "q_lin", "pre_classifier,classifier") == 6 * 8 * 2 * 768 + head


PUBLISHED = {
    "Qwen2.5 0.5B": (4_399_104, 8, {
        "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    }),
    "Falcon 7B": (130_547_712, 64, {
        "model_type": "falcon", "vocab_size": 65024, "hidden_size": 4544, "num_hidden_layers": 32,
        "num_attention_heads": 71, "multi_query": True, "parallel_attn": True, "bias": False,
    }),
    "Phi-3 mini": (25_165_824, 16, {
        "model_type": "phi3", "vocab_size": 32064, "hidden_size": 3072, "intermediate_size": 8192,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 32,
    }),
}  # fmt: skip


@pytest.mark.parametrize("name", PUBLISHED)
def test_adapters_of_all_linear_maps_know_which_are_one_matrix(name: str) -> None:
    """As peft printed it for target_modules="all-linear": one A for what is one matrix in the code."""
    published, rank, config = PUBLISHED[name]
    model = lc.with_lora(lc.from_config(config), rank, ["all-linear"])
    assert lc.count(model, lc.PARAMETERS).total == published


def test_all_maps_of_an_encoder_are_all_but_its_classifier() -> None:
    assert trained("bert", "all-linear") == trained("bert", "query,key,value,dense")
    assert trained("neox", "all-linear") == trained(
        "neox", "query_key_value,dense,dense_h_to_4h,dense_4h_to_h"
    )


def test_all_maps_of_a_mixture_are_to_be_named() -> None:
    with pytest.raises(lc.LayerError, match="name them in place of all-linear: q, k, v, o, router, shared"):
        trained("qwen2_moe", "all-linear")


def test_a_table_that_is_trained_whole_takes_its_tied_head_along() -> None:
    some = lc.with_lora(known("gpt2"), 8, ["c_attn"], ["wte"])
    assert lc.count(some, lc.PARAMETERS).total == 294_912 + 50_257 * 768
    table = lc.with_lora(known("gpt2"), 8, ["c_attn"])
    assert training_step(some, (16,)).model > training_step(table, (16,)).model


@pytest.mark.parametrize(
    ("whole", "message"),
    [
        ("lm_head", "'lm_head' has nothing of its own to train"),
        ("top", "no layer is called 'top'; did you mean"),
    ],
)
def test_what_cannot_be_trained_whole_says_why(whole: str, message: str) -> None:
    with pytest.raises(lc.LayerError, match=message):
        lc.with_lora(known("gpt2"), 4, ["q"], [whole])


def test_a_layer_without_the_map_is_refused() -> None:
    with pytest.raises(lc.LayerError, match="FeedForward: no linear map is called 'gate'"):
        Adapted(lc.FeedForward(8, 32), 2, ("gate",))


def test_the_shortcut_for_adapters_is_four_n_d() -> None:
    model = lc.with_lora(known("llama2-7b"), 8, ["q", "v"])
    first, second = shortcuts(model, training_step(model, (128,)))
    assert (first.name, first.flops) == ("4ND", 4 * 6_738_415_616 * 128)
    assert abs(first.error) < 0.02 < second.error


def test_a_derivation_names_the_rank() -> None:
    assert lc.count(lc.LoRA(4096, 4096, 8), lc.PARAMETERS).text() == (
        "r·d_in + d_out·r = 8·4,096 + 4,096·8 = 65,536"
    )
