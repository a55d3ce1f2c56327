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
