"""Bars made of pieces are to scale, and what two chapters say of such pieces holds for any size."""

from __future__ import annotations

import re

import pytest
from course_totals import slivers, totals

import layercost as lc

ROWS = {"told": (60, 4, 6), "counted": (60, 32, 8)}
PIECES = {"input": "cin", "state": "cout", "rest": "const"}


def parts(html: str) -> list[float]:
    """How long the pieces are, as parts of the longest bar."""
    return [float(found) for found in re.findall(r"--lc-part: ([\d.]+)", html)]


def test_totals_share_one_scale():
    assert parts(totals(ROWS, PIECES).drawn) == [0.6, 0.04, 0.06, 0.6, 0.32, 0.08]


def test_slivers_are_shares_of_their_own_total():
    found = parts(slivers(ROWS, PIECES).drawn)
    assert found[:3] == pytest.approx([60 / 70, 4 / 70, 6 / 70], abs=1e-6)
    assert sum(found[3:]) == pytest.approx(1)


def test_a_number_that_would_touch_the_one_before_is_left_out():
    """Everywhere, or only on a phone; the table has it."""
    long = {"text": (68_719_476_736, 68_719_476_736, 68_719_476_736 * 4)}
    bar = slivers(long, PIECES)
    assert re.findall(r"<i( class=[^>]*)?>([\d,]+)</i>", bar.drawn) == [
        ("", "68,719,476,736"), (' class="lc-totals-roomy"', "68,719,476,736"), ("", "274,877,906,944"),
    ]  # fmt: skip
    assert bar.rows == [("text", *["68,719,476,736"] * 2, "274,877,906,944", "412,316,860,416")]
    assert "<i" not in slivers({"text": (1, 10**90)}, {"a": "cin", "b": "t"}).drawn.split("lc-totals-key")[0]


def test_the_table_says_what_the_bars_say():
    picture = totals(ROWS, PIECES, "FLOPs")
    assert picture.rows == [("told", "60", "4", "6", "70"), ("counted", "60", "32", "8", "100")]
    assert "told: 70 FLOPs, of which input 60, state 4, rest 6" in picture.drawn


def test_a_total_of_one_piece_needs_no_key():
    assert "lc-totals-key" not in totals({"a": (3,), "b": (4,)}, {"all": "const"}).drawn


@pytest.mark.parametrize(("inputs", "units"), [(128, 64), (1, 9), (3, 50), (700, 5)])
def test_a_step_of_an_lstm_costs_the_matrices_and_32_for_each_unit(inputs: int, units: int):
    """8·d_h·(d_x + d_h) + 32·d_h, where document 001 says 8·d_x·d_h + d_h·(d_h + 20)."""
    lstm = lc.LSTM(inputs, units, bias_vectors=1)
    counted = lc.count(lstm, lc.FLOPS, (1, inputs), "everything").total
    assert counted == 8 * units * (inputs + units) + 32 * units
    lost = counted - (8 * inputs * units + units * (units + 20))
    assert lost == 7 * units * units + 8 * units + 4 * units  # the factor 8, a tanh, products and sum


@pytest.mark.parametrize(("inputs", "outputs"), [(9, 1), (27, 64), (4608, 512)])
def test_beside_a_price_stand_two_flops_for_each_cell_of_the_dot_product(inputs: int, outputs: int):
    """p to 2n: a ReLU is 1, a tanh 8."""
    layer = lc.count(lc.Linear(inputs, outputs), lc.FLOPS, (inputs,)).total
    for function, price in ((lc.ReLU(), 1), (lc.Tanh(), 8)):
        activation = lc.count(function, lc.FLOPS, (outputs,), "everything").total
        assert activation * 2 * inputs == price * layer
