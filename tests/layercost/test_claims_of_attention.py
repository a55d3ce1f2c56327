"""Numbers that others published, or that a definition fixes, for attention and what stands beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layercost as lc
from layercost import forward
from layercost.witness.follow import _follow, _input
from layercost.witness.numbers import Number, each
from layercost.witness.recording import Run


def parameters(layer: lc.Layer) -> int:
    return lc.count(layer, lc.PARAMETERS).total


def flops(layer: lc.Layer, *shapes: tuple[int, ...], **setting: Any) -> int:
    return lc.count(layer, lc.FLOPS, shapes, "two-a-mac", **setting).total


def cache(layer: lc.Layer, *shapes: tuple[int, ...], **setting: Any) -> int:
    return lc.count(layer, lc.KV_CACHE, shapes, **setting).total


def of_part(layer: Any, part: str, shape: tuple[int, ...], **setting: Any) -> int:
    """The multiply-accumulates of one part."""
    given = lc.Sequence(shape)
    done = layer.does(given, given, lc.Setting(**setting))[part]
    return sum(one.amount * one.length for one in done if one.kind is lc.facts.Kind.DOT)


# ---- parameters --------------------------------------------------------------------------------


def test_a_block_of_gpt_2_has_7087872_parameters() -> None:
    """12 d^2 + 13 d, of which attention 4 d^2 + 4 d, the feed-forward 8 d^2 + 5 d, two norms 4 d."""
    parts = (
        lc.Attention(768, 12, causal=True),
        lc.FeedForward(768, 3072),
        lc.LayerNorm(768),
        lc.LayerNorm(768),
    )
    assert list(map(parameters, parts)) == [2_362_368, 4_722_432, 1536, 1536]
    assert sum(map(parameters, parts)) == 7_087_872 == 12 * 768**2 + 13 * 768


def test_the_layers_of_llama_3_8b_are_those_of_its_total() -> None:
    """Grattafiori et al. 2024, table 3: 32 heads, 8 of keys, 14,336 inside: 8,030,261,248 in all."""
    attention = lc.Attention(4096, 32, 8, bias=False, causal=True, positions="rotary")
    gated = lc.FeedForward(4096, 14336, gated=True, bias=False, activation="SiLU")
    norm, table = lc.RMSNorm(4096), lc.Embedding(128256, 4096)
    assert parameters(attention) == 2 * 4096**2 + 2 * 4096 * 1024 == 41_943_040
    block = parameters(attention) + parameters(gated) + 2 * parameters(norm)
    assert 32 * block + 2 * parameters(table) + parameters(norm) == 8_030_261_248


def test_latent_attention_of_deepseek_v3_holds_what_its_sizes_say() -> None:
    """DeepSeek-AI 2024 (DeepSeek-V3), section 4.2; norms of 1,536 and 512 beside 187,105,280 weights."""
    latent = lc.LatentAttention(7168, 128, 512, 128, 64, 128, q_lora_rank=1536)
    assert parameters(latent) == 187_105_280 + 1536 + 512


def test_the_experts_of_mixtral_and_of_gpt_oss_hold_what_is_published() -> None:
    """Jiang et al. 2024: 46,702,792,704 in all; the card of gpt-oss-20b: 19,116,933,120 in experts."""
    mixtral = lc.MixtureOfExperts(4096, 14336, 8, 2)
    attention = lc.Attention(4096, 32, 8, bias=False, causal=True, positions="rotary")
    block = parameters(mixtral) + parameters(attention) + 2 * 4096
    assert 32 * block + 2 * 32000 * 4096 + 4096 == 46_702_792_704
    gpt_oss = lc.MixtureOfExperts(2880, 2880, 32, 4, bias=True, router="chosen")
    router = 2880 * 32 + 32
    assert 24 * (parameters(gpt_oss) - router) == 19_116_933_120


def test_a_relative_bias_is_one_number_a_bucket_and_head() -> None:
    """Raffel et al. 2020, section 2.1: 32 buckets, 8 heads; T5-small has a table in each of two stacks."""
    with_table = lc.Attention(512, 8, bias=False, positions="relative", buckets=32)
    without = lc.Attention(512, 8, bias=False, positions="relative")
    assert parameters(with_table) - parameters(without) == 256


# ---- products ----------------------------------------------------------------------------------


def test_both_products_cost_four_operations_for_each_pair_and_value_of_the_width() -> None:
    """4 T^2 d over the full square; T (T + 1) / 2 pairs under a mask. T = 2,048, d = 4,096."""
    attention, shape = lc.Attention(4096, 32, bias=False, causal=True), (2048, 4096)
    maps = 2 * 4 * 2048 * 4096**2
    assert flops(attention, shape) - maps == 68_719_476_736 == 4 * 2048**2 * 4096
    half = lc.count(attention, lc.FLOPS, shape, "causal-half").total - maps
    assert half == 34_376_515_584 == 4 * (2048 * 2049 // 2) * 4096


def test_pairs_cost_as_much_as_the_maps_at_twice_the_width() -> None:
    attention = lc.Attention(64, 4, bias=False)
    assert flops(attention, (128, 64)) == 2 * (4 * 128 * 64**2) * 2


def test_shared_keys_do_not_lower_the_products() -> None:
    """Llama 3 8B, one token over 1,024 keys, 32 layers: 536,870,912 FLOPs for scores and context."""
    grouped = lc.Attention(4096, 32, 8, bias=False, causal=True)
    pairs = sum(of_part(grouped, part, (1, 4096), cached=1023) for part in ("scores", "context"))
    assert 32 * 2 * pairs == 536_870_912


@pytest.mark.parametrize(("cached", "keys"), [(0, 1), (3, 4), (4, 5), (5, 5), (100, 5)])
def test_a_step_in_a_window_meets_no_more_than_it(cached: int, keys: int) -> None:
    windowed = lc.Attention(8, 2, causal=True, window=5)
    assert of_part(windowed, "scores", (1, 8), cached=cached) == keys * 8
    assert cache(windowed, (1, 8), cached=cached) == keys * 2 * 8


def test_the_pairs_of_a_window_are_those_that_one_counts() -> None:
    """w (w + 1) / 2 + (T - w) w pairs: 5 tokens in a window of 3 see 1 + 2 + 3 + 3 + 3."""
    windowed = lc.Attention(1, 1, bias=False, causal=True, window=3)
    seen = lc.count(windowed, lc.FLOPS, (5, 1), "causal-half").total
    assert (seen - 2 * 4 * 5) // 4 == 1 + 2 + 3 + 3 + 3 == 3 * 4 // 2 + (5 - 3) * 3


def test_keys_of_an_encoder_are_made_once() -> None:
    """T5-small: a step against 128 positions takes no product for keys and values, the first pass does."""
    cross, shapes = lc.CrossAttention(512, 8, bias=False), ((1, 512), (128, 512))
    made = flops(cross, *shapes) - flops(cross, *shapes, cached=1)
    assert made == 2 * 2 * 128 * 512**2
    assert cache(cross, *shapes) == cache(cross, *shapes, cached=7) == 2 * 128 * 512


def test_latents_are_expanded_for_all_cached_tokens() -> None:
    """DeepSeek-V3, 61 layers, 1,024 tokens: 2,095,944,040,448 FLOPs, which absorbing the maps avoids."""
    plain, absorbed = (
        lc.LatentAttention(7168, 128, 512, 128, 64, 128, 1536, absorbed=each) for each in (False, True)
    )
    assert 61 * 2 * of_part(plain, "kv_up", (1, 7168), cached=1023) == 2_095_944_040_448
    assert of_part(absorbed, "scores", (1, 7168), cached=1023) == 128 * 1024 * (512 + 64)
    assert of_part(absorbed, "absorbed", (1, 7168), cached=1023) == 128 * (128 * 512 + 512 * 128)


def test_the_experts_that_run_are_those_that_are_chosen() -> None:
    """Mixtral: of each token two experts of 3 d f, and the router d E."""
    mixtral = lc.MixtureOfExperts(4096, 14336, 8, 2)
    assert flops(mixtral, (1, 4096)) == 2 * (2 * 3 * 4096 * 14336 + 4096 * 8)


def test_the_softmaxes_of_gpt_2_take_150994944_exponentials() -> None:
    """12 layers, 12 heads, 1,024 tokens: 12 · 12 · 1,024^2."""
    attention = lc.Attention(768, 12, causal=True)
    assert 12 * lc.count(attention, lc.EXPONENTIALS, (1024, 768)).total == 150_994_944


# ---- the cache ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layer", "values"),
    [
        pytest.param(lc.Attention(4096, 32, causal=True), 8192, id="Llama 2 7B: 2 · 32 · 128"),
        pytest.param(lc.Attention(4096, 32, 8, causal=True), 2048, id="Llama 3 8B: 2 · 8 · 128"),
        pytest.param(lc.Attention(4544, 71, 1, causal=True), 128, id="Falcon 7B: 2 · 64"),
        pytest.param(lc.Attention(3072, 16, 16, 256, causal=True), 8192, id="Gemma 7B: 2 · 16 · 256"),
        pytest.param(lc.LatentAttention(7168, 128, 512, 128, 64, 128), 576, id="DeepSeek-V3: 512 + 64"),
    ],
)
def test_a_token_leaves_in_a_layer_what_its_keys_and_values_hold(layer: lc.Layer, values: int) -> None:
    width = layer.embed_dim  # type: ignore[attr-defined]
    assert cache(layer, (1, width)) == values
    assert cache(layer, (3, width), cached=7, batch=2) == 2 * 10 * values


def test_layers_that_look_at_a_window_stop_growing() -> None:
    """Gemma 3 27B: 10 layers see all of 131,072 tokens, 52 the last 1,024; 11,173,625,856 bytes in bf16."""
    whole, near = (
        lc.Attention(5376, 32, 16, 128, bias=False, causal=True, window=window) for window in (None, 1024)
    )
    held = [
        lc.count(layer, lc.KV_CACHE_BYTES, (1, 5376), cached=131_071, dtype="bfloat16").total
        for layer in (whole, near)
    ]
    assert 10 * held[0] + 52 * held[1] == 11_173_625_856


def test_nothing_is_kept_without_a_mask_and_nothing_in_training() -> None:
    """An encoder has no next token; in training all tokens are there at once."""
    assert cache(lc.Attention(8, 2), (5, 8)) == 0
    assert cache(lc.Attention(8, 2, causal=True), (5, 8), training=True) == 0
    assert cache(lc.AtFirst(lc.Attention(8, 2)), (5, 8), cached=3) == 0


def test_a_recurrence_keeps_its_state_however_long_the_text() -> None:
    """An LSTM keeps what it shows and what stays inside, a GRU what it shows; backwards nothing is kept."""
    assert cache(lc.LSTM(3, 5, num_layers=2), (7, 3)) == 2 * (5 + 5)
    assert cache(lc.GRU(3, 5), (7, 3), cached=100, batch=4) == 4 * 5
    assert cache(lc.LSTM(3, 5, bidirectional=True), (7, 3)) == 0


def test_a_layer_that_runs_twice_has_a_cache_for_each_time() -> None:
    shared = lc.Attention(8, 2, causal=True)
    net = lc.Sequential(shared, shared)
    assert parameters(net) == parameters(shared)
    assert cache(net, (5, 8)) == 2 * cache(shared, (5, 8))


# ---- what runs once ----------------------------------------------------------------------------


def test_an_encoder_does_not_run_once_tokens_are_cached() -> None:
    net = lc.Sequential({"encoder": lc.AtFirst(lc.FeedForward(8, 16)), "head": lc.Linear(8, 3)})
    first, later = (lc.table(net, (5, 8), cached=cached) for cached in (0, 1))
    assert [row.macs for row in first.rows] == [2 * 5 * 8 * 16, 5 * 8 * 3]
    assert [row.macs for row in later.rows] == [0, 5 * 8 * 3]
    assert later.rows[0].layer == "FeedForward(8, 16) (held, not run)"
    assert later.total.parameters == first.total.parameters


# ---- the loops, held against themselves ----------------------------------------------------------

ONE_BY_ONE = [
    lc.Attention(8, 4, 2, causal=True, positions="rotary"),
    lc.Attention(8, 2, causal=True, positions="alibi", sinks=True),
    lc.Attention(8, 2, causal=True, positions="relative", buckets=3, qk_norm="head"),
    lc.Attention(8, 2, causal=True, window=2),
    lc.Attention(8, 2, head_dim=3, v_head_dim=5, causal=True, window=4, qk_norm="all"),
    lc.LatentAttention(8, 2, 3, 4, 2, 5),
    lc.LatentAttention(8, 2, 3, 4, 2, 5, q_lora_rank=3, absorbed=True),
]


class After(Run):
    """A run that finds in its cache what tokens of one's own have left."""

    def __init__(self, before: list[list[Number]]) -> None:
        super().__init__(cached=len(before))
        self.before = before

    def earlier(self, width: int) -> list[list[Number]]:
        return [[self.number(x.value) for x in row] for row in self.before]


def plain(rows: Any) -> Any:
    return np.array(each(lambda number: number.value, rows))


@pytest.mark.parametrize("layer", ONE_BY_ONE, ids=repr)
def test_tokens_one_by_one_give_what_all_together_give(layer: lc.Layer) -> None:
    """A step with a cache is the last row of a pass over all tokens."""
    together = Run()
    tokens = _input([6, 8], together)
    (expected,) = _follow(layer, [tokens], together, "")
    for place in range(6):
        step = After(tokens[:place])
        ((row,),) = _follow(layer, [[tokens[place]]], step, "")
        np.testing.assert_allclose(plain(row), plain(expected[place]), rtol=1e-9)


@pytest.mark.parametrize("rank", [None, 3])
def test_absorbed_maps_give_the_same_numbers(rank: int | None) -> None:
    """Queries that meet the latents, and keys that are made of them: one product, bracketed in two ways."""
    rebuilt, absorbed = (
        lc.LatentAttention(8, 2, 3, 4, 2, 5, q_lora_rank=rank, absorbed=each) for each in (False, True)
    )
    run = Run()
    tokens = _input([5, 8], run)
    (expected,) = _follow(rebuilt, [tokens], run, "")
    again = Run()
    again.kept = {(id(absorbed), name): values for (_, name), values in run.kept.items()}
    (found,) = _follow(absorbed, [tokens], again, "")
    np.testing.assert_allclose(plain(found), plain(expected), rtol=1e-9)
    values = np.random.default_rng(3).standard_normal((2, 5, 8))
    weights = forward.draw_weights(rebuilt)
    assert (forward.run(rebuilt, values, weights) == forward.run(absorbed, values, weights)).all()


def test_the_widths_of_queries_keys_and_values_differ() -> None:
    attention = lc.Attention(12, 6, 2, head_dim=4, v_head_dim=3)
    sizes = attention.query_width, attention.key_width, attention.value_width, attention.context_width
    assert sizes == (24, 8, 6, 18)
