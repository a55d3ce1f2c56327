"""The operations of training, held against what torch was measured to run."""

from __future__ import annotations

from typing import Any

import pytest

import layercost as lc
from layercost.analysis.shortcuts import shortcuts
from layercost.analysis.training import block_of, training_step
from tests.analysis.models import built, known, named, shape

# The measured loss reads every token of these encoders, and not what the pooler makes of the first.
UNUSED = {"bert-base": ("pooler",)}
# Their blocks end with a dropout, whose mask is needed, so that the last map runs again.
DROPS = ("gpt2", "bert-base", "t5-small", "opt-125m")
# Swin's library recomputes stages, and inside of them blocks once more: no rule of arithmetic.
TWICE = ("swin-tiny",)


def step(row: dict[str, Any], recompute: str = "none") -> Any:
    unused = UNUSED.get(row["name"], ())
    return training_step(built(row), shape(row), recompute=recompute, unused=unused)


@pytest.mark.parametrize("row", named("training.json"))
def test_forward_and_backward_are_what_torch_runs(row: dict[str, Any]) -> None:
    """All 16 models, images and audio too: their first map has no gradient of its input."""
    assert step(row).forward == row["forward"]
    assert step(row).model == row["step"]


@pytest.mark.parametrize("row", named("training.json", "reentrant"))
def test_recomputing_each_block_runs_it_forward_again(row: dict[str, Any]) -> None:
    """The head is not recomputed."""
    assert step(row, "full").total == row["reentrant"]


@pytest.mark.parametrize("row", named("training.json", "stopping", but=TWICE))
def test_recomputation_stops_before_a_last_map_that_nobody_needs(row: dict[str, Any]) -> None:
    recompute = "full" if row["name"] in DROPS else "until-needed"
    assert step(row, recompute).total == row["stopping"]


def test_a_first_map_fed_with_data_has_one_product_less() -> None:
    net = lc.Sequential(lc.Linear(10, 20), lc.ReLU(), lc.Linear(20, 5))
    one = training_step(net, (10,), "macs")
    assert one.forward == 10 * 20 + 20 * 5
    assert one.backward == 10 * 20 + 2 * 20 * 5


def test_what_the_output_does_not_depend_on_has_no_backward_pass() -> None:
    nodes = (
        lc.layers.graph.Node("used", lc.Linear(4, 4), ("",)),
        lc.layers.graph.Node("left", lc.Linear(4, 9), ("used",)),
    )
    one = training_step(lc.Graph(nodes, "used"), (4,), "macs")
    assert (one.forward, one.backward) == (4 * 4 + 4 * 9, 4 * 4)


def test_a_product_of_two_values_has_a_gradient_for_each() -> None:
    """Scores of attention: for queries and for keys, though no weights are in them."""
    attention = lc.Attention(8, 2, bias=False)
    one = training_step(lc.Sequential(lc.Embedding(11, 8), attention), (6,), "macs")
    assert one.backward == 2 * one.forward


def test_half_of_the_square_costs_half_in_the_backward_pass_too() -> None:
    model = known("gpt2")
    full, half = (training_step(model, (64,), name) for name in ("two-a-mac", "causal-half"))
    hidden = 2 * 2 * 12 * 12 * 64 * (64 * 63 // 2)  # 2 products, 12 blocks, 12 heads of 64 values
    assert full.forward - half.forward == hidden
    assert full.backward - half.backward == 2 * hidden


def test_a_fused_attention_computes_the_scores_once_more() -> None:
    model = known("gpt2")
    assert (
        training_step(model, (128,), recompute="fused-attention").recomputed == 2 * 12 * 12 * 128 * 128 * 64
    )


def test_selective_recomputation_runs_both_products_again() -> None:
    model = known("gpt2")
    assert training_step(model, (128,), recompute="selective").recomputed == 2 * 2 * 12 * 12 * 128 * 128 * 64


def test_a_convention_that_prices_more_than_products_is_refused() -> None:
    with pytest.raises(lc.ShapeError, match=r"prices products alone.*but got everything"):
        training_step(known("gpt2"), (8,), "everything")


def test_tokens_in_the_cache_are_refused() -> None:
    with pytest.raises(lc.ShapeError, match="no cached tokens"):
        training_step(known("gpt2"), (8,), cached=4)


@pytest.mark.parametrize(("path", "block"), [
    ("layers.3.attention", "layers.3"), ("encoder.layers.0.mlp", "encoder.layers.0"), ("head", ""),
    ("layers.1.blocks.0.mlp", "layers.1.blocks.0"), ("0", ""),
])  # fmt: skip
def test_a_block_is_named_by_the_last_number_of_a_path(path: str, block: str) -> None:
    assert block_of(path) == block


# ---- shortcuts -----------------------------------------------------------------------------------


# Forward and backward over 6 N D at 2,048 tokens, from our own counts; the true factor in place of 6.
FACTORS = [("gpt2", 7.776), ("llama2-7b", 6.361), ("llama3-8b", 6.008), ("pythia-160m", 5.963)]


@pytest.mark.parametrize(("name", "factor"), FACTORS)
def test_the_true_factor_of_six_n_d(name: str, factor: float) -> None:
    model = known(name)
    if name == "gpt2":  # it has positions for 1,024 tokens; a longer table changes its parameters alone
        model = lc.from_config({"model_type": "gpt2", "n_positions": 2048})
    one = training_step(model, (2048,))
    parameters = lc.count(known(name), lc.PARAMETERS).total
    assert round(one.model / one.tokens / parameters, 3) == factor


def test_megatrons_formula_is_exact_for_blocks_of_gpt() -> None:
    one = training_step(known("gpt2"), (1024,), batch=3)
    exact = [short for short in shortcuts(known("gpt2"), one) if short.name.startswith("Megatron")]
    assert [short.error for short in exact] == [0.0, 0.0]
    assert exact[0].flops == 3 * 874_944_921_600  # nanoGPT's own count of one sequence


def test_megatrons_formula_with_recomputation_is_the_published_one() -> None:
    """96 B s L d^2 (1 + s / 6d + V / 16 L d), Narayanan et al. 2021, equation 3."""
    b, s, layers, d, vocabulary = 3, 1024, 12, 768, 50257
    one = training_step(known("gpt2"), (s,), batch=b, recompute="full")
    published = 96 * b * s * layers * d * d * (1 + s / (6 * d) + vocabulary / (16 * layers * d))
    assert one.total == round(published)


def test_palms_formula_names_every_head_and_its_size() -> None:
    one = training_step(known("llama2-7b"), (2048,))
    palm = next(short for short in shortcuts(known("llama2-7b"), one) if short.name == "PaLM")
    assert palm.flops == 2048 * (6 * 6_738_415_616 + 12 * 32 * 32 * 128 * 2048)


def test_six_n_d_has_an_error_for_each_n() -> None:
    one = training_step(known("mixtral-8x7b"), (2048,))
    found = {short.name: short for short in shortcuts(known("mixtral-8x7b"), one)}
    assert found["6ND (all)"].flops == 6 * 46_702_792_704 * 2048
    assert found["6ND (active)"].flops == 6 * 12_879_925_248 * 2048
    assert abs(found["6ND (active)"].error) < 0.06 < 2 < found["6ND (all)"].error
