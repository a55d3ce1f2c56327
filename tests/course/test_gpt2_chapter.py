"""What the chapter on GPT-2 says, worked out apart from it and held against what tools print."""

from __future__ import annotations

from math import isclose

import pytest

import layercost as lc
from tests.course.pages import names_of, text_of

NAMES = names_of("gpt2")

# Read on 128 tokens of GPT2LMHeadModel of transformers 5.24.0 and torch 2.13.0, eager where nothing is said.
PRINTED = {
    "FlopCounterMode": 32_228_179_968,
    "FlopCounterMode, fused on a CPU": 31_624_200_192,
    "deepspeed": 16_114_089_984,
    "fvcore": 16_126_377_984,
    "ptflops aten": 16_124_706_816,
    "thop": 4_950_294_528,
}


def held(name: str) -> int:
    """The parameters of one of the chapter's models."""
    return lc.count(NAMES[name], lc.PARAMETERS, (1024,)).total


def done(tokens: int) -> int:
    """The MACs of GPT-2 small."""
    return lc.count(NAMES["small"], lc.MACS, (tokens,)).total


@pytest.mark.parametrize(
    ("name", "blocks", "width", "released"),
    [
        pytest.param("small", 12, 768, 124_439_808, id="small"),
        pytest.param("medium", 24, 1024, 354_823_168, id="medium"),
        pytest.param("large", 36, 1280, 774_030_080, id="large"),
        pytest.param("xl", 48, 1600, 1_557_611_200, id="XL"),
    ],
)
def test_the_four_sizes_follow_the_formula_of_the_table(
    name: str, blocks: int, width: int, released: int
) -> None:
    """Blocks, two tables, one norm."""
    assert held(name) == released
    assert released == blocks * (12 * width**2 + 13 * width) + (50257 + 1024) * width + 2 * width


def test_the_four_numbers_for_one_model() -> None:
    """Once, the table twice, and with twelve masks."""
    assert held("untied") == 163_037_184 == NAMES["released"] + NAMES["table"]
    assert NAMES["released"] + NAMES["masks"] == 137_022_720


def test_gpt_3_is_what_its_paper_prints() -> None:
    """Table 2.1 says 175 billion, table D.1 174,600 million; 13B only fits a width of 5,120."""
    assert held("gpt3") == 174_604_259_328
    assert isclose(held("thirteen"), 12_850e6, rel_tol=0.001)


def test_twelve_times_the_square_is_a_seventh_of_a_percent_low() -> None:
    """What it leaves out of the blocks is 13 d in each."""
    assert NAMES["blocks"] - NAMES["rule"] == 12 * 13 * 768
    assert isclose(1 - NAMES["rule"] / NAMES["blocks"], 0.0014, abs_tol=0.00005)


def test_maps_pairs_and_head_are_all_of_the_macs() -> None:
    """On 1,024 tokens, and for each of the lengths that are drawn."""
    assert NAMES["maps"] + NAMES["pairs"] + NAMES["head"] == done(1024) == 145_824_153_600
    for tokens in (128, 1024):
        assert sum(NAMES["parts_of"](tokens)) * tokens == done(tokens)


def test_the_rows_of_the_tools_are_what_they_print() -> None:
    """Each formula of the table against a reading."""
    macs, pairs, normed = done(128), NAMES["short_pairs"], NAMES["normed"]
    assert {
        "FlopCounterMode": 2 * macs,
        "FlopCounterMode, fused on a CPU": 2 * (macs - pairs),
        "deepspeed": macs,
        "fvcore": macs + 5 * normed,
        "ptflops aten": macs + NAMES["short_biases"],
        "thop": 128 * NAMES["table"] + 4 * normed,
    } == PRINTED
    for formula in ("2 * macs(small, short).total", "128 * table + 4 * normed", "short_biases", "5 * normed"):
        assert formula in text_of("gpt2")


def test_the_notebook_that_is_audited_counts_three_forward_passes() -> None:
    """nanoGPT's transformer_sizing: 291,648,307,200 forward, 874,944,921,600 with the way back."""
    assert 2 * done(1024) == 291_648_307_200
    assert 6 * done(1024) == 874_944_921_600
