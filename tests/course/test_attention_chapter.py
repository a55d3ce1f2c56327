"""What the chapter on attention says, worked out apart from it."""

from __future__ import annotations

from math import isclose

import layercost as lc
from tests.course.pages import names_of

NAMES = names_of("attention")


def macs(layer: lc.Attention, tokens: int) -> int:
    """The MACs of an attention on a text."""
    return lc.count(layer, lc.MACS, (tokens, layer.embed_dim)).total


def test_the_usual_formula_is_three_fifths_too_large_for_llama_3() -> None:
    """Keys and values of 8 heads of 128 in place of 32: 2 d² + 2 d g k."""
    held = lc.count(NAMES["llama"], lc.PARAMETERS).total
    assert held == 2 * 4096**2 + 2 * 4096 * 8 * 128 == 41_943_040
    assert isclose(4 * 4096**2 / held, 1.6)
    assert 2 * (NAMES["square"] + NAMES["narrow"]) == held


def test_the_head_count_is_in_no_formula_of_gpt_2() -> None:
    """4 · 768² + 4 · 768, with 12 heads as with 24."""
    for name in ("gpt2", "twice"):
        assert lc.count(NAMES[name], lc.PARAMETERS).total == 4 * 768**2 + 4 * 768


def test_maps_and_products_are_even_where_the_chapter_says() -> None:
    """Twice the width for GPT-2 small; 4,096 · 40 / 32 for Llama 3 8B; 768 · 16 / 12 in the explorer."""
    for name, tokens in (("gpt2", 1536), ("llama", NAMES["even"]), ("printed", NAMES["printed_even"])):
        layer = NAMES[name]
        weights = lc.count(layer, lc.WEIGHTS).total
        assert macs(layer, tokens) == 2 * tokens * weights
    assert (NAMES["even"], NAMES["printed_even"]) == (5120, 1024)


def test_maps_and_products_of_gpt_2_are_its_macs() -> None:
    """4 · 768² · 1,024 and 2 · 768 · 1,024²."""
    assert (NAMES["maps"], NAMES["products"]) == (4 * 768**2 * 1024, 2 * 768 * 1024**2)
    assert NAMES["maps"] + NAMES["products"] == macs(NAMES["gpt2"], 1024)


def test_the_causal_half_leaves_out_what_is_hidden_and_nothing_of_the_maps() -> None:
    """1,024 · 1,023 / 2 pairs, 12 heads, two products of 64, two FLOPs each."""
    full, half = (
        lc.count(NAMES["gpt2"], lc.FLOPS, (1024, 768), name).total for name in ("two-a-mac", "causal-half")
    )
    assert full - half == 1024 * 1023 // 2 * 12 * 2 * 64 * 2
    assert half == 2 * NAMES["maps"] + NAMES["pairs"] * 12 * 2 * 64 * 2
    assert full == 8_053_063_680  # as nanoGPT's notebook transformer_sizing prints it


def test_the_bars_of_llama_are_maps_seen_and_hidden_pairs() -> None:
    """Three parts that make the MACs of the layer; all but the maps is 2 h k T²."""
    for tokens in (1024, 8192, 131072):
        of_maps, seen, hidden = NAMES["of_llama"](tokens)
        assert of_maps + seen + hidden == macs(NAMES["llama"], tokens)
        half = lc.count(NAMES["llama"], lc.FLOPS, (tokens, 4096), "causal-half").total
        assert 2 * (of_maps + seen) == half


def test_a_window_of_mistral_is_counted_pair_by_pair() -> None:
    """w (w + 1) / 2 pairs while it fills, then w for each token; 32 heads, two products of 128."""
    tokens, window = 32768, 4096
    pairs = window * (window + 1) // 2 + (tokens - window) * window
    maps = tokens * 41_943_040
    counted = lc.count(NAMES["mistral"], lc.FLOPS, (tokens, 4096), "causal-half").total
    assert counted == 2 * (maps + 32 * 2 * 128 * pairs)
    assert lc.count(NAMES["mistral"], lc.KV_CACHE, (tokens, 4096)).total == 2 * 8 * 128 * window


def test_whisper_hears_1500_places_once() -> None:
    """Queries and output over 20 tokens, keys and values over 1,500 places, two products of 384."""
    counted = lc.count(NAMES["whisper"], lc.MACS, NAMES["heard"]).total
    assert counted == 2 * 384**2 * 20 + 2 * 384**2 * 1500 + 2 * 384 * 20 * 1500


def test_kaplans_row_is_the_causal_half_but_for_the_token_itself() -> None:
    """2 n d a token: half of the 4 n d that the full square takes."""
    alone = lc.Attention(768, 12, bias=False, causal=True)
    maps = 1024 * 2 * lc.count(alone, lc.WEIGHTS).total
    half = lc.count(alone, lc.FLOPS, (1024, 768), "causal-half").total - maps
    assert half == 1024 * 2 * 1025 * 768
    assert isclose(half / 1024, 2 * 1024 * 768, rel_tol=0.001)
