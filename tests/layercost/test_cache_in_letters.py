"""The formula of a whole model's cache comes to what its layers keep."""

from __future__ import annotations

import pytest

from layercost.caches import alike, cache_in_letters, kv_cache
from layercost.expression import TEXT, equation
from layercost.models.known import model_named
from layercost.setting import Setting

TOKENS = 5000
MODELS = (
    "gpt2", "llama-2-7b", "llama-3-8b", "falcon-7b", "deepseek-v2-lite", "gemma-2-9b", "gemma-3-27b",
    "gpt-oss-120b",
)  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int8", "int4"])
def test_its_value_is_what_the_layers_keep_one_by_one(name: str, dtype: str) -> None:
    """Layer by layer the values are added up; in letters they stand together."""
    tokens = TOKENS if name != "gpt2" else 700
    setting = Setting(3, dtype=dtype, cached=0)
    model = model_named(name)
    counted = kv_cache(model, (tokens,), setting=setting)
    groups = alike(model.calls((tokens,)))
    assert int(cache_in_letters(groups, setting, in_bytes=False)) == counted.values
    assert int(cache_in_letters(groups, setting)) == setting.bytes(counted.values)
    assert sum(one.layers for one in groups) == len(counted.layers)


def test_layers_with_a_window_have_a_letter_of_their_own() -> None:
    """Gemma 3 27B: 52 of its 62 layers keep no more than 1,024 tokens."""
    groups = alike(model_named("gemma-3-27b").calls((131_072,)))
    said = equation(cache_in_letters(groups, Setting(dtype="bfloat16")), TEXT)
    assert said.startswith("(2·n_w·min(T, w)·g·k + 2·n·T·g·k)·b = (2·52·min(131,072, 1,024)·16·128 + ")
    assert said.endswith(" = 11,173,625,856")


def test_latents_are_kept_once_and_not_for_each_head() -> None:
    """DeepSeek-V2-Lite: 27 layers of 512 + 64 values, two bytes each."""
    groups = alike(model_named("deepseek-v2-lite").calls((1,)))
    assert int(cache_in_letters(groups, Setting(dtype="bfloat16"))) == 27 * (512 + 64) * 2
