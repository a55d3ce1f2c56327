"""What the chapter on the cache says, worked out apart from it."""

from __future__ import annotations

from math import isclose

import pytest

import layercost as lc
from tests.course.pages import names_of

NAMES = names_of("kv_cache")


def in_bfloat16(name: str, tokens: int, width: int, batch: int = 1) -> int:
    """The bytes that a stack of the chapter keeps."""
    setting = lc.Setting(batch, dtype="bfloat16")
    return lc.count(NAMES[name], lc.KV_CACHE_BYTES, (tokens, width), setting=setting).total


def test_the_story_took_the_width_and_is_eight_times_too_large() -> None:
    """64 heads of queries on 8 of keys and values; 6,500 tokens as it tells, nearly 52 thousand in truth."""
    assert (NAMES["story"], NAMES["seventy_token"]) == (2_621_440, 327_680)
    assert NAMES["story"] / NAMES["seventy_token"] == 64 / 8
    assert isclose(NAMES["left"] / 2.6e6, 6500, rel_tol=0.01)
    assert NAMES["left"] // NAMES["seventy_token"] == 51_879


@pytest.mark.parametrize(
    ("model", "factor"),
    [("llama-2-7b", 1), ("llama-3-8b", 32 / 8), ("qwen2.5-7b", 28 / 4), ("gpt-oss-120b", 2880 / (8 * 64)),
     ("deepseek-v3", 2 * 7168 / 576)],
)  # fmt: skip
def test_the_usual_formula_is_too_large_by_what_shares(model: str, factor: float) -> None:
    """h / g where heads are as wide as the model together; the width by what is kept elsewhere."""
    assert NAMES["too_much"](model) == f"{factor:.1f}"


def test_llama_3_keeps_128_kib_a_token_and_16_gib_of_a_long_text() -> None:
    """2 · 32 · 8 · 128 · 2, and 2^17 tokens of it."""
    assert in_bfloat16("llama", 1, 4096) == NAMES["token"] == 2**17
    assert in_bfloat16("llama", 131_072, 4096) == 2**34 > NAMES["llama_weights"]
    assert NAMES["fits"] == (80 * 10**9 - 2 * 8_030_261_248) // 2**17


def test_latents_windows_and_states_are_those_of_the_models_by_name() -> None:
    """The stacks of the chapter keep what the whole models keep."""
    of = NAMES["of"]
    assert in_bfloat16("deepseek", 1, 7168) == of("deepseek-v3", 1).total == 61 * 576 * 2
    assert in_bfloat16("gemma", 131_072, 5376) == of("gemma-3-27b", 131_072).total == 11_173_625_856
    assert in_bfloat16("mamba", 1, 2048) == in_bfloat16("mamba", 10**6, 2048) == of("mamba-1.4b", 9).total
    assert in_bfloat16("oss", 20_000, 2880) == of("gpt-oss-120b", 20_000).total
    assert in_bfloat16("qwen", 7, 4096) == of("qwen3-8b", 7).total
    assert in_bfloat16("lite", 7, 2048) == of("deepseek-v2-lite", 7).total


def test_a_decode_step_costs_a_token_of_the_prefill_and_expanding_latents_far_more() -> None:
    """Full square: each of 8,192 tokens meets all; the head runs on each."""
    assert NAMES["prefill"].total == 8192 * NAMES["step_macs"].total
    expanded, absorbed = (
        lc.count(NAMES[name], lc.MACS, (1, 7168), cached=1023).total for name in ("latent", "absorbed")
    )
    assert expanded - absorbed > 0.95 * 1024 * 512 * 128 * 256


def test_the_table_of_the_scaling_book_has_decimal_gigabytes() -> None:
    """6.7 GB are 6.25 GiB: 2 · 40 · 40 · 128 · 8,192 · 2."""
    assert NAMES["thirteen_cache"] == 2 * 40 * 5120 * 8192 * 2
    assert f"{NAMES['thirteen_cache'] / 10**9:.1f}" == "6.7"
    assert NAMES["thirteen_cache"] / 2**30 == 6.25
