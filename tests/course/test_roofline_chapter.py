"""What the chapter on speed says, worked out apart from it."""

from __future__ import annotations

from fractions import Fraction
from math import isclose

import course_measured
import course_text
import pytest

from layercost.analysis.roofline import one_pass
from layercost.explorers.roofline import RooflineExplorer
from layercost.intensity import attention_intensity
from layercost.models.known import model_named
from tests.course.pages import names_of

NAMES = names_of("roofline")


def test_a_division_by_flops_promises_three_hundred_times_as_much() -> None:
    """989.4e12 over 2 (7.5e9 + 2^18 · 1,024), against 3.35e12 over 2 · 7.5e9 and 2^17 · 1,024 bytes."""
    flops = 2 * (7_504_658_432 + 2**18 * 1024)
    moved = 2 * 7_504_658_432 + 2**17 * 1024
    assert int(NAMES["by_flops"]) == int(989.4e12 / flops) == 63_642
    assert int(NAMES["by_bytes"]) == int(3.35e12 / moved) == 221


def test_an_a100_writes_154_tokens_a_second() -> None:
    """2.039e12 bytes a second over 2 · 6,607,077,376; the operations would allow 23,610."""
    step = NAMES["seven"].step_bytes(1, 1)
    assert int(1 / NAMES["reading"](step, NAMES["a100"])) == 154
    assert isclose(1 / NAMES["computing"](2 * 6_607_077_376, NAMES["a100"]), 23_611, rel_tol=1e-4)


@pytest.mark.parametrize("name", ["llama-2-7b", "llama-3-8b", "llama-3-70b", "falcon-7b", "llama-3.2-3b"])
@pytest.mark.parametrize(("texts", "seen"), [(1, 1024), (16, 200), (64, 8192)])
def test_the_formulas_are_what_is_counted_layer_by_layer(name: str, texts: int, seen: int) -> None:
    """FLOPs exactly; bytes but for norms and one row of the table for each text, below a thousandth."""
    writer = NAMES["writer_named"](name)
    work = one_pass(model_named(name), (1,), cached=seen - 1, batch=texts)
    assert int(writer.step_flops(texts, seen)) == work.flops
    read = int(writer.step_bytes(texts, seen))
    assert 0 <= work.traffic.floor - read < 0.001 * read
    whole = one_pass(model_named(name), (seen,), batch=texts)
    assert int(writer.prefill_flops(texts, seen)) == whole.flops


def test_the_prefill_is_bound_by_computing_and_the_step_by_memory() -> None:
    computing, reading = NAMES["computing"], NAMES["reading"]
    assert computing(NAMES["step_flops"]) < reading(NAMES["step_bytes"]) / 100
    assert computing(NAMES["read_flops"]) > reading(NAMES["read_bytes"])


def test_from_so_many_texts_on_computing_is_the_limit() -> None:
    """One text fewer, and memory is; with texts longer than the longest, always."""
    llama, ridge = NAMES["llama"], NAMES["ridge"]
    enough = int(NAMES["even"]) + 1
    for texts, more in ((enough - 1, False), (enough, True)):
        assert (NAMES["intensity"](llama, texts, 128) >= ridge) is more
    longest = int(NAMES["longest"])
    assert llama.even_texts(ridge, longest) is not None
    assert llama.even_texts(ridge, longest + 1) is None
    assert isclose(longest, 2 * 7_504_658_432 / (float(ridge) * 2**17 - 4 * 32 * 32 * 128), rel_tol=0.01)


def test_the_cache_has_as_many_flops_a_byte_as_queries_share_a_key() -> None:
    for name, shared in (("seven", 1), ("llama", 4), ("seventy", 8)):
        writer = NAMES[name]
        assert writer.shared == shared
        one = attention_intensity(1, 10**7, heads=writer.heads, kv_heads=writer.kv_heads)
        assert isclose(one, shared, rel_tol=1e-5)


def test_two_cards_the_faster_one_is_twice_as_fast_while_all_fits() -> None:
    """16 GB at 2 TB/s against 32 GB at 1 TB/s, whatever is read."""
    fast, slow = (NAMES["of_your_own"](1e15, bandwidth) for bandwidth in (2e12, 1e12))
    assert NAMES["reading"](15 * 10**9, slow) == 2 * NAMES["reading"](15 * 10**9, fast)


def test_eight_devices_write_a_step_of_70b_in_five_milliseconds() -> None:
    """139.0 GB over 26.8 TB/s."""
    held = 2 * NAMES["seventy"].matrices
    assert round(held / 1e9, 1) == 139.0
    assert round(1000 * float(NAMES["reading"](held)) / 8, 2) == 5.19


def test_a_microcontroller_has_its_ridge_at_a_quarter() -> None:
    """One operation a cycle at 168 MHz, four bytes a cycle."""
    assert Fraction(168_000_000, 4 * 168_000_000) == Fraction(1, 4)


@pytest.mark.parametrize(("name", "tokens"), [("gpu", 128), ("cpu", 1)])
def test_a_measured_point_is_what_its_row_says(name: str, tokens: int) -> None:
    """FLOPs over seconds; the part of the bound is what the limits allow there."""
    found = NAMES[name]
    point = found.point(tokens)
    bound = min(found.peak, point.intensity * found.bandwidth)
    assert isclose(100 * point.rate / bound, point.of_the_bound, abs_tol=2)


def test_your_own_machine_begins_as_the_cpu_that_was_measured() -> None:
    """In whole GFLOP/s and GB/s, as the explorer takes them."""
    first = {control.field: control.value for control in RooflineExplorer.controls}
    assert NAMES["own"].rate() == first["peak"] * 10**9
    assert NAMES["own"].bandwidth == first["bandwidth"] * 10**9


def test_a_machine_is_named_without_what_it_was_busy_with() -> None:
    for name in ("gpu", "cpu"):
        assert "load" not in NAMES[name].machine


def test_a_section_that_is_not_there_is_named() -> None:
    with pytest.raises(ValueError, match="no section 'roofline, abacus'"):
        course_measured.measured_roofline("abacus")


def test_the_formulas_of_the_page_can_be_shown_as_letters_numbers_and_total() -> None:
    """A formula that belongs to no layer has no convention to follow."""
    shown = course_text.Derivation._html(None, NAMES["step_bytes"])
    assert "15,143,534,592" in shown
    assert 'data-copy="P·2 + N·S·2·n·g·k·2 = 7,504,658,432·2 + ' in shown
