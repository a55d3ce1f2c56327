"""The explorer of speed shows what layercost counts, at its place under a roof of two limits."""

from __future__ import annotations

from math import log10

import pytest

from layercost.analysis.accelerators import ACCELERATORS
from layercost.analysis.roofline import one_pass
from layercost.explorers import explorer as explorer_named
from layercost.explorers.explorer import Explorer
from layercost.explorers.roofline import DEVICES, MODELS, STORED, Run
from layercost.models.known import model_named
from tests.explorers.reading import copied_lines, move, numbers, panes, tree, with_class, words


def said(explorer: Explorer) -> str:
    (one,) = with_class(explorer.pane("picture"), "lc-saying")
    return words(one)


def place(explorer: Explorer, kind: str) -> tuple[float, float]:
    """Where the middle of a circle is."""
    (one,) = with_class(explorer.pane("picture"), kind)
    return float(one.get("cx", "")), float(one.get("cy", ""))


@pytest.mark.parametrize("model", MODELS)
def test_a_step_and_a_prefill_are_what_is_counted_layer_by_layer(model: str) -> None:
    """FLOPs exactly; the bound is that of the analysis but for norms, rows of tables and activations."""
    run = Run(model, ACCELERATORS["h100-sxm"], 8, 2000, "bfloat16")
    work = one_pass(model_named(model), (1,), cached=1999, batch=8)
    whole = one_pass(model_named(model), (2000,), batch=8)
    assert (int(run.flops()), run.prefill[0]) == (work.flops, whole.flops)
    assert float(run.step_seconds) == pytest.approx(work.bound("h100-sxm").floor_seconds, rel=0.001)
    assert float(run.prefill_seconds) == pytest.approx(whole.bound("h100-sxm").compute_seconds)


@pytest.mark.parametrize("device", DEVICES)
def test_a_step_of_one_text_is_on_the_slope_of_every_machine(device: str) -> None:
    run = Run("llama-2-7b", ACCELERATORS[device], 1, 100, "bfloat16")
    assert run.intensity() == pytest.approx(1, rel=0.05)
    assert float(run.step_seconds) == pytest.approx(int(run.bytes()) / ACCELERATORS[device].bandwidth)


def test_axes_are_logarithmic() -> None:
    """Sixteen times the texts are as far to the right as another sixteen, and as far up."""
    explorer = explorer_named("roofline", seen=1)
    found = []
    for texts in (1, 16, 256):
        move(explorer, texts=texts)
        found.append(place(explorer, "lc-roof-step"))
    (x1, y1), (x2, y2), (x3, y3) = found
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.4)
    assert y1 - y2 == pytest.approx(y2 - y3, abs=0.4)
    assert (x2 - x1) == pytest.approx((364 - 44) * log10(16) / 6.6, abs=0.4)


def test_no_number_of_texts_passes_the_dashed_line() -> None:
    explorer = explorer_named("roofline", texts=4096, seen=8192)
    (never,) = with_class(explorer.pane("picture"), "lc-never")
    x, _y = place(explorer, "lc-roof-step")
    assert 0 < float(never.get("x1", "")) - x < 1
    run = Run("llama-3-8b", ACCELERATORS["h100-sxm"], 10**9, 8192, "bfloat16")
    assert run.intensity() < run.most
    assert run.intensity() == pytest.approx(run.most, rel=1e-5)


@pytest.mark.parametrize("stored", ["bfloat16", "int8", "int4"])
def test_from_the_texts_that_it_names_computing_is_the_limit(stored: str) -> None:
    run = Run("llama-3-8b", ACCELERATORS["h100-sxm"], 1, 128, stored)
    assert run.even is not None
    enough = -(-run.even // 1)
    ridge = ACCELERATORS["h100-sxm"].ridge()
    assert run.intensity(enough - 1) < ridge <= run.intensity(enough)
    explorer = explorer_named("roofline", seen=128, stored=stored)
    assert f"From {enough:,} texts on computing is the limit" in said(explorer)


def test_both_limits_are_told() -> None:
    explorer = explorer_named("roofline", seen=128)
    assert "FLOPs a byte: memory is the limit" in said(explorer)
    move(explorer, texts=1024)
    assert "FLOPs a byte: computing is the limit" in said(explorer)
    move(explorer, seen=2048)
    assert "No number of such texts makes computing the limit" in said(explorer)
    assert "do not fit into 80 GB" in said(explorer)


def test_a_machine_of_ones_own_has_the_ridge_that_is_set() -> None:
    """165 GFLOP/s over 15 GB/s, and no memory that anything could not fit into."""
    explorer = explorer_named("roofline", device="your-own", texts=4096)
    assert "ridge 11" in explorer.pane("picture")
    assert "fit" not in said(explorer)
    move(explorer, peak=30)
    assert "ridge 2" in explorer.pane("picture")
    assert "a machine of your own" in explorer.pane("twin")


def test_a_machine_without_a_slope_in_sight_has_no_ridge_there() -> None:
    """One GFLOP/s with 20,000 GB/s: computing is the limit everywhere."""
    explorer = explorer_named("roofline", device="your-own", peak=1, bandwidth=20_000)
    assert not with_class(explorer.pane("picture"), "lc-ridge-mark")
    assert "computing is the limit" in said(explorer)
    assert "With any number of texts computing is the limit." in said(explorer)
    assert "1 texts" not in said(explorer)


@pytest.mark.parametrize("texts", [1, 2, 3, 300, 4096])
@pytest.mark.parametrize("stored", STORED)
def test_names_of_step_and_prefill_do_not_touch(texts: int, stored: str) -> None:
    """One text of one token is a prefill, too; a name is at most 46 wide and 14 high."""
    for seen in (1, 2, 4, 8, 4096):
        explorer = explorer_named("roofline", seen=seen, texts=texts, stored=stored)
        prefill, step = with_class(explorer.pane("picture"), "lc-pass-name")
        wide, moved = 46, {"end": 1.0, "middle": 0.5}.get(prefill.get("text-anchor", ""), 0.0)
        x, y = float(prefill.get("x", "")) - wide * moved, float(prefill.get("y", ""))
        aside = float(step.get("x", ""))
        assert x + wide <= aside or aside + wide <= x or abs(float(step.get("y", "")) - y) >= 14


def test_the_lines_say_letters_numbers_and_totals() -> None:
    explorer = explorer_named("roofline", texts=2, stored="int8")
    (total, again), (flops, moved, *_more) = (copied_lines(explorer, pane) for pane in ("total", "line"))
    assert total == "31,092,375,552 FLOPs"
    assert again == moved
    assert flops.startswith("2·N·(P + 2·n·h·k·S) = 2·2·(7,504,658,432 + 2·32·32·128·1,024) = 31,09")
    assert moved.startswith("P + N·S·2·n·g·k·2 = 7,504,658,432 + 2·1,024·2·32·8·128·2 = 7,773,093,888")
    assert len(copied_lines(explorer)) == 4


def test_the_ghost_stays_where_the_step_was_on_the_same_machine() -> None:
    explorer = explorer_named("roofline")
    before = place(explorer, "lc-roof-step")
    move(explorer, texts=64)
    assert place(explorer, "lc-roof-ghost") == before
    move(explorer, device="l4")
    assert not with_class(explorer.pane("picture"), "lc-roof-ghost")


def test_the_table_twin_holds_the_numbers_of_the_picture() -> None:
    """Whoever reads the table misses nothing but ticks, and what is worked out in the sentence."""
    explorer = explorer_named("roofline", seen=128)
    shown = numbers(" ".join(tree(explorer.pane("twin")).itertext()))
    assert {295, 989} <= shown
    marks = with_class(explorer.pane("picture"), "lc-way-mark")
    assert len(marks) == 7
    assert "1 texts" not in "".join(panes(explorer).values())


def test_a_long_time_is_told_in_hours_or_days() -> None:
    explorer = explorer_named("roofline", device="your-own", texts=1024)
    assert "hours or more" in said(explorer)
    move(explorer, seen=100_000)
    assert "days or more" in said(explorer)
