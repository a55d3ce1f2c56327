"""What the chapter on the Transformer block says, worked out apart from it."""

from __future__ import annotations

from math import isclose

import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from tests.course.pages import names_of
from tests.explorers.reading import move

NAMES = names_of("transformer_block")


def test_linear_layers_are_99_percent_up_to_249_tokens() -> None:
    """LLaMA 7B: 4 · 4,096² + 3 · 4,096 · 11,008 weights against 2 · 4,096 for a pair of tokens."""
    maps = 4 * 4096**2 + 3 * 4096 * 11_008

    def linear(tokens: int) -> float:
        return maps * tokens / (maps * tokens + 2 * 4096 * tokens**2)

    assert NAMES["llama_even"] // 99 == 249
    assert linear(249) > 0.99 > linear(250)
    assert NAMES["share"](4096, NAMES["llama_even"]) == f"{100 * (1 - linear(4096)):.1f}" == "14.2"


def test_norms_and_additions_are_a_five_hundredth_of_the_maps() -> None:
    """7 d + 2 for each token in a LayerNorm, d in an addition, two of each."""
    assert NAMES["beside"] == 2 * 1024 * (7 * 768 + 2) + 2 * 1024 * 768
    assert NAMES["gpt_maps"] == 1024 * 12 * 768**2
    assert NAMES["gpt_maps"] // NAMES["beside"] == 575
    rms = lc.count(NAMES["rms"], lc.FLOPS, NAMES["rows"], "everything").total
    assert rms == 1024 * (4 * 768 + 2)


@pytest.mark.parametrize(
    ("width", "inner"), [(4096, 11_008), (5120, 13_824), (6656, 17_920), (8192, 22_016), (2560, 6912)]
)
def test_two_thirds_of_four_widths_are_rounded_up_to_a_multiple_of_256(width: int, inner: int) -> None:
    """The inner widths of LLaMA 7B, 13B, 33B and 65B, and of StableLM 3B."""
    assert NAMES["rounded"](width) == inner
    assert 0 <= inner - 8 * width / 3 < 256


@pytest.mark.parametrize(
    ("model", "held", "error"),
    [("gpt2", 12 * 768**2 + 13 * 768, -0.14), ("llama-7b", 202_383_360, -0.52),
     ("llama-3-8b", 218_112_000, -7.70), ("falcon-7b", 207_070_080, 19.66),
     ("qwen2.5-7b", 233_057_792, -33.86), ("gemma-2b", 110_104_576, -54.29)],
)  # fmt: skip
def test_twelve_squares_are_wrong_by_as_much(model: str, held: int, error: float) -> None:
    """Against all that the first block holds."""
    assert NAMES["held"](model) == held
    off = 100 * (12 * NAMES["width"](model) ** 2 / held - 1)
    assert isclose(off, error, abs_tol=0.005)
    assert NAMES["off"](model).replace("−", "-") == f"{off:+.1f}"


@pytest.mark.parametrize(
    ("model", "even"),
    [("gpt2", 4608), ("gpt-3", 73_728), ("llama-7b", 24_704), ("llama-3-8b", 26_624), ("falcon-7b", 22_784),
     ("gemma-2b", 26_880)],
)  # fmt: skip
def test_pairs_and_maps_are_even_where_the_table_says(model: str, even: int) -> None:
    """Counted on such a text: all products against all maps, full square; then by the causal half."""
    attention, feed = (NAMES["one"](model, kind) for kind in (lc.Attention, lc.FeedForward))
    maps = lc.count(attention, lc.WEIGHTS).total + lc.count(feed, lc.WEIGHTS).total
    own = lc.count(attention, lc.WEIGHTS).total
    assert NAMES["even"](model) == even
    text = (even, attention.embed_dim)
    assert lc.count(attention, lc.MACS, text).total - own * even == maps * even
    seen = 2 * even - 1
    text = (seen, attention.embed_dim)
    assert lc.count(attention, lc.FLOPS, text, "causal-half").total - 2 * own * seen == 2 * maps * seen


def test_queries_wider_than_the_model_bring_the_pairs_sooner() -> None:
    """Qwen3 0.6B: 16 heads of 128 at width 1,024: 3.75 widths."""
    maps = NAMES["small_qwen_maps"]
    assert maps == 1024 * (2 * 2048 + 2 * 1024) + 3 * 1024 * 3072
    assert maps / (2 * 2048) == 3840 == 3.75 * 1024


def test_a_gated_block_with_four_widths_is_even_at_eight() -> None:
    """How to Scale Your Model: attention over the matrices of F = 4 D is T / (8 D); the causal half, half."""
    width = 512
    attention = lc.Attention(width, 8, bias=False, causal=True)
    feed = lc.FeedForward(width, 4 * width, gated=True, bias=False)
    maps = lc.count(attention, lc.WEIGHTS).total + lc.count(feed, lc.WEIGHTS).total
    assert maps == 16 * width**2
    assert maps / (2 * width) == 8 * width


def test_a_parallel_block_saves_one_norm_and_no_mac() -> None:
    """GPT-J: 12 d², biases of the feed-forward layer, one LayerNorm."""
    assert NAMES["held"]("gpt-j-6b") == 12 * 4096**2 + 5 * 4096 + 2 * 4096


def test_a_calculator_counts_the_norms_of_the_blocks_twice() -> None:
    """GPT-NeoX 20B: 44 blocks, two norms each, one at the end; 13 d are the norms and biases of a block."""
    assert NAMES["neox_norms"] == 1_093_632 == 44 * 4 * 6144 + 2 * 6144
    assert 8 * 44 * 6144 + 2 * 6144 - NAMES["neox_norms"] == 44 * 4 * 6144
    block = [NAMES[name] for name in ("neox", "neox_feed", "neox_norm", "neox_norm")]
    beside = sum(lc.count(layer, lc.PARAMETERS).total for layer in block) - 12 * 6144**2
    assert beside == 13 * 6144


# ---- what "Try it" says --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moves", "sizes"),
    [({}, {}), ({"feed": "gated"}, {"m": 3}), ({"feed": "gated", "hidden_dim": 2048}, {"m": 3, "f": 2048}),
     ({"num_kv_heads": 1}, {"g": 1})],
    ids=["plain", "gated", "narrower", "one head of keys"],
)  # fmt: skip
def test_the_crossings_of_try_it_are_those_of_the_explorer(
    moves: dict[str, object], sizes: dict[str, int]
) -> None:
    explorer = explorer_named("transformer_block")
    move(explorer, **moves)
    assert explorer._good.costs("textbook").even == NAMES["moved"](**sizes)


def test_at_a_99th_of_the_crossing_the_pairs_have_one_percent() -> None:
    explorer = explorer_named("transformer_block")
    share = explorer._good.costs("textbook").share
    assert f"{100 * share(NAMES['moved']() // 99):.1f}" == "1.0"


def test_arrangements_change_parameters_and_nothing_else() -> None:
    explorer = explorer_named("transformer_block")
    seen = {}
    for joined in ("pre-norm", "post-norm", "four norms", "parallel", "parallel, two norms"):
        move(explorer, joined=joined)
        built = explorer._good
        seen[joined] = built.parameters, built.cost("textbook"), built.costs("textbook").even
    parameters, costs, evens = map(set, zip(*seen.values(), strict=True))
    assert parameters == {7_087_872 + norms * 2 * 768 for norms in (-1, 0, 2)}
    assert len(costs) == len(evens) == 1


def test_under_the_causal_half_llama_crosses_twice_as_far_but_for_one() -> None:
    explorer = explorer_named("transformer_block", model="Llama-3-8B")
    costs = explorer._good.costs
    assert costs("causal-half").even == 2 * costs("textbook").even - 1 == 53_247
