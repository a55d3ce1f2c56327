"""What the chapter on training says, worked out apart from it."""

from __future__ import annotations

from math import isclose

import pytest

import layercost as lc
from layercost.analysis.training import training_step
from tests.course.pages import names_of

NAMES = names_of("training")


def test_a_step_is_three_forward_passes_and_the_first_map_of_data_has_one_product_fewer() -> None:
    """784 · 128 and 128 · 10 MACs; the first has no gradient of its input."""
    first, second = 784 * 128, 128 * 10
    assert NAMES["step_flops"](NAMES["digits"], (784,)).total == 2 * (2 * first + 3 * second)
    assert NAMES["one_text"].model == 3 * NAMES["one_text"].forward


def test_recomputing_gpt2_leaves_its_head_as_it_is() -> None:
    """Twelve blocks: 12 d^2 weights and the pairs; the head has V d."""
    head = 2 * 1024 * 50257 * 768
    one, again = NAMES["one_text"], NAMES["again"]
    assert again.total == 4 * one.forward - head
    pairs = 12 * 2 * 2 * 1024 * 1024 * 768
    assert NAMES["scores_again"].total == one.total + pairs


@pytest.mark.parametrize(
    ("model", "layers", "heads", "size", "looked_up"),
    [("llama-2-7b", 32, 32, 128, 32_000 * 4096), ("llama-3-8b", 32, 32, 128, 128_256 * 4096),
     ("llama-3.1-405b", 126, 128, 128, 128_256 * 16_384)],
)  # fmt: skip
@pytest.mark.parametrize("tokens", [2048, 8192])
def test_the_true_factor_is_six_less_the_table_and_more_the_pairs(
    model: str, layers: int, heads: int, size: int, looked_up: int, tokens: int
) -> None:
    """Norms are weights that multiply no matrix; they are too few to see."""
    held = NAMES["size_of"](model)
    work = 6 * (held - looked_up) + 12 * layers * heads * size * tokens
    assert isclose(float(NAMES["factor"](model, tokens)), work / held, abs_tol=0.006)


def test_gpt3_and_chinchilla_are_six_n_d() -> None:
    """3.14e23 FLOPs and 3.64e3 days; 5.88e23."""
    assert NAMES["power"](NAMES["gpt3_rule"]) == "3.14 · 10²³"
    assert isclose(NAMES["petaflop_days"](NAMES["gpt3_rule"]), 3640, rel_tol=0.001)
    assert isclose(NAMES["gpt3_all"] / NAMES["gpt3_rule"], 1.0275, rel_tol=1e-4)
    assert NAMES["chinchilla"] == 588 * 10**21


def test_palms_utilisation_is_the_printed_one() -> None:
    """Chowdhery et al. 2022: 46.2 %, and 45.7 % without attention."""
    palm, each, pairs = NAMES["palm"], NAMES["palm_each"], NAMES["palm_pairs"]
    assert [palm(work) for work in (each + pairs, each, each + pairs / 2)] == ["46.2", "45.7", "46.0"]


def test_zero_shares_out_as_its_figure_says() -> None:
    """Rajbhandari et al. 2019, figure 1."""
    assert [NAMES["shared"](stage) for stage in range(4)] == ["120.0", "31.4", "16.6", "1.9"]


def test_the_table_of_what_a_block_keeps_adds_up_to_thirty_four() -> None:
    """Bytes for each value of the width, and five for each score."""
    assert 4 + 2 + 6 + 2 + (2 + 8 + 8) + 2 == 34
    row, square = NAMES["gpt3_row"], NAMES["gpt3_square"]
    assert NAMES["kept_bytes"](2048, 1, 12_288, 96).total == 34 * row + square
    assert square == 80 * row


def test_what_llama_keeps_shrinks_from_recomputation_to_recomputation() -> None:
    """A fused attention keeps no scores, but a statistic of each row of them."""
    held = NAMES["held"]
    every, some, fused, full = (
        held(**how).bytes
        for how in ({}, {"recompute": "selective"}, {"attention": "fused"}, {"recompute": "full"})
    )
    assert every > fused > some > full
    assert fused - some == 32 * 4 * 32 * 4096  # 32 bits for each head and token of 32 layers


def test_adapters_are_few_and_take_two_thirds_of_the_work() -> None:
    """Two maps of 32 layers, rank 8: 2 · 32 · 8 · (4096 + 4096)."""
    assert NAMES["adapters"] == 2 * 32 * 8 * 2 * 4096
    assert NAMES["lora_step"] / NAMES["full_step"] == pytest.approx(2 / 3, abs=0.002)
    assert NAMES["training_bytes"](NAMES["adapters"], frozen=NAMES["llama"]).total == (
        2 * 6_738_415_616 + 16 * 4_194_304
    )


def test_the_worked_example_adds_up() -> None:
    """6 N and the pairs, less the table; norms have no products."""
    llama = NAMES["llama"]
    norms = 65 * 4096
    each = 6 * (llama - 32_000 * 4096 - norms) + 12 * 32 * 4096 * 2048
    step = training_step(lc.model_named("llama-2-7b"), (2048,))
    assert step.model == 2048 * each
