"""The least time of a pass: operations and bytes, devices, and which limit holds."""

from __future__ import annotations

import dataclasses
from fractions import Fraction

import pytest

import layercost as lc
from layercost.analysis.accelerators import ACCELERATORS, accelerator_named, of_your_own
from layercost.analysis.roofline import one_pass
from layercost.intensity import attention_intensity, map_intensity
from layercost.models.known import model_named
from tests.analysis.models import known


@pytest.mark.parametrize(("name", "ridge"), [
    ("a100-40gb", 201), ("a100-80gb", 153), ("h100-sxm", 295), ("tpu-v5e", 241), ("h200", 206),
])  # fmt: skip
def test_ridge_points(name: str, ridge: int) -> None:
    """Peak over bandwidth in 16 bits: the tokens from which a linear map is no longer bound by memory."""
    assert round(accelerator_named(name).ridge()) == ridge


@pytest.mark.parametrize("name", sorted(ACCELERATORS))
def test_every_device_names_its_document_and_has_plausible_figures(name: str) -> None:
    device = ACCELERATORS[name]
    assert len(device.source) > 20
    assert all(10 < device.ridge(rate) < 1000 or rate == "float32" for rate in device.peak)


def test_a_decode_step_reads_every_weight_but_the_table_of_tokens() -> None:
    """Llama 2 7B: all parameters but a table of 32,000 rows, of which one is read."""
    work = one_pass(known("llama2-7b"), (1,), cached=1)
    assert work.traffic.weights == 2 * (6_738_415_616 - 32_000 * 4096 + 4096)
    assert work.traffic.cache_read == 2 * (2 * 32 * 2 * 4096)
    assert work.traffic.cache_written == 2 * (2 * 32 * 4096)


def test_the_tokens_a_second_of_a_decode_step() -> None:
    bound = one_pass(known("llama2-7b"), (1,), cached=1).bound("a100-80gb")
    assert round(1 / bound.floor_seconds, 1) == 154.3
    assert str(bound.limit) == "memory is the limit"


def test_a_tied_table_is_read_by_the_head() -> None:
    work = one_pass(known("gpt2"), (1,), cached=1)
    position_rows = 2 * 768  # one of tokens, one of places
    assert work.traffic.weights == 2 * (124_439_808 - 1024 * 768 + position_rows)


@pytest.mark.parametrize(("batch", "experts"), [(1, 2), (2, 4), (3, 6), (4, 8), (64, 8)])
def test_a_mixture_reads_as_many_experts_as_its_tokens_can_reach(batch: int, experts: int) -> None:
    model = known("mixtral-8x7b")
    one, every = (one_pass(model, (1,), cached=1, batch=size).traffic.weights for size in (batch, 64))
    table = 2 * 4096 * (64 - batch)  # rows of tokens
    assert every - one == 2 * 32 * (8 - experts) * 3 * 4096 * 14336 + table


@pytest.mark.parametrize("name", ["llama2-7b", "gpt2"])
def test_weights_of_eight_bits_halve_what_is_read(name: str) -> None:
    model = known(name)
    half = one_pass(model, (1,), cached=1, format="int8", which="all").traffic.weights
    assert half == one_pass(model, (1,), cached=1).traffic.weights // 2


def test_a_prefill_reads_no_cache_and_writes_its_own() -> None:
    work = one_pass(known("llama3-8b"), (2048,))
    assert (work.traffic.cache_read, work.traffic.cache_written) == (0, 2048 * 131_072)
    assert str(work.bound("h100-sxm").limit) == "computing is the limit"


def test_a_window_is_read_and_not_the_whole_text() -> None:
    work = one_pass(known("gemma2-2b"), (1,), cached=8191)
    token = 2 * 2 * 4 * 256  # bytes that a layer keeps of one
    assert work.traffic.cache_read == 13 * 8192 * token + 13 * 4096 * token


def test_keys_of_another_text_are_made_once() -> None:
    """A decode step of T5 runs no encoder, and reads no maps of cross attention's keys and values."""
    model = known("t5-small")
    work = one_pass(model, ((128,), (1,)), cached=1)
    head = 32128 * 512
    block = 4 * 512 * 512 + 2 * 512 * 512 + 2 * 512 * 2048 + 3 * 512  # self, cross without k and v, up, down
    assert work.traffic.weights == 2 * (6 * block + 32 * 8 + 512 + 512 + head)


def test_a_step_over_latents_takes_the_form_that_computes_less() -> None:
    """DeepSeek-V3 with 100,000 tokens: a step absorbs its maps up, a prefill makes keys and values."""
    model, attention = model_named("deepseek-v3"), lc.LatentAttention(7168, 128, 512, 128, 64, 128, 1536)
    step, prefill = one_pass(model, (1,), cached=100_000), one_pass(model, (1024,))
    assert (step.absorbed, prefill.absorbed) == (True, False)
    rebuilt, absorbed = (
        int(lc.count(layer, lc.MACS, (1, 7168), cached=100_000).total)
        for layer in (attention, dataclasses.replace(attention, absorbed=True))
    )
    assert absorbed < rebuilt / 50
    every = int(lc.count(model, lc.MACS, (1,), cached=100_000).total)
    assert step.flops == 2 * (every - 61 * (rebuilt - absorbed))
    assert step.bound("h100-sxm").data()["absorbed"]


def test_a_step_over_latents_reads_the_same_weights_in_either_form() -> None:
    model = model_named("deepseek-v2-lite")
    forms = [one_pass(model, (1,), cached=cached) for cached in (0, 1000)]
    assert [form.absorbed for form in forms] == [False, True]
    assert forms[0].traffic.weights == forms[1].traffic.weights


def test_devices_share_the_work() -> None:
    work = one_pass(known("llama3-8b"), (1,), cached=10)
    one, eight = (work.bound("h100-sxm", devices=count).seconds for count in (1, 8))
    assert one == pytest.approx(8 * eight)


def test_the_bound_is_the_larger_of_two() -> None:
    work = one_pass(known("gpt2"), (64,))
    slow, narrow = of_your_own(1e9, 1e15), of_your_own(1e18, 1e6)
    assert work.bound(slow).seconds == work.flops / 1e9
    assert work.bound(narrow).seconds == work.traffic.bytes / 1e6


def test_a_format_that_a_device_lacks_is_refused() -> None:
    with pytest.raises(lc.UnknownNameError, match="no number format of NVIDIA T4 is called 'bfloat16'"):
        one_pass(known("gpt2"), (1,), cached=1).bound("t4").seconds  # noqa: B018


def test_an_unknown_device_is_refused_with_the_nearest() -> None:
    with pytest.raises(lc.UnknownNameError, match="did you mean 'h100-sxm'"):
        accelerator_named("h100")


# ---- intensities by formula ----------------------------------------------------------------------


def test_the_intensity_of_a_map_is_about_its_tokens() -> None:
    assert [round(float(map_intensity(n, 8192, 8192)), 1) for n in (1, 16, 64)] == [1.0, 15.9, 63.0]
    assert round(float(map_intensity(8, 8192, 8192, weight_bits=8)), 1) == 15.9


@pytest.mark.parametrize(("heads", "kv_heads"), [(32, 32), (32, 8), (64, 8), (8, 1)])
def test_the_intensity_of_attention_by_the_queries_that_share_a_key(heads: int, kv_heads: int) -> None:
    shared, tokens = heads // kv_heads, 2048
    whole = attention_intensity(tokens, tokens, heads=heads, kv_heads=kv_heads)
    assert whole == Fraction(tokens * shared, shared + 1)
    step = attention_intensity(1, 10**6, heads=heads, kv_heads=kv_heads)
    assert round(float(step), 2) == shared


def test_a_step_reads_its_cache_in_the_format_of_the_cache() -> None:
    model = lc.model_named("llama-3-8b")
    plain, small = (one_pass(model, (1,), cached=1024, cache=cache) for cache in (None, "q8_0"))
    assert plain.traffic.cache_read == 1025 * 131_072
    assert small.traffic.cache_read * 16 == plain.traffic.cache_read * Fraction(17, 2)
    assert (plain.cache_dtype, small.cache_dtype) == ("bfloat16", "q8_0")
    assert plain.traffic.weights == small.traffic.weights
