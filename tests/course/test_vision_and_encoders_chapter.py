"""What the chapter on vision and encoders says, worked out apart from it and held against what is printed."""

from __future__ import annotations

from math import floor

import pytest

import layercost as lc
from tests.course.pages import names_of, text_of

NAMES = names_of("vision_and_encoders")
WIDTH, BLOCKS, TOKENS = 768, 12, 197

# Read on one picture of 224 by 224 with ViTForImageClassification of transformers 5.24.0 and torch 2.13.0.
PRINTED = {
    "deepspeed": 17_563_828_224,
    "fvcore": 17_582_740_224,
    "ptflops, operators": 17_580_319_720,
    "ptflops, modules": 17_589_690_616,
    "fvcore, fused": 16_867_412_736,
    "thop": 16_863_630_336,
    "FlopCounterMode": 35_127_656_448,
    "FlopCounterMode, fused on a CPU": 33_697_001_472,
    "torchinfo": 201_581_032,
}


def held(name: str) -> int:
    """The parameters of one of the chapter's models."""
    return lc.count(NAMES[name], lc.PARAMETERS).total


def done(name: str) -> int:
    """The MACs of one of them on its own picture."""
    return lc.count(NAMES[name], lc.MACS, NAMES[name].input_shape).total


def test_the_rows_of_the_tools_are_what_they_print() -> None:
    """Each formula of the table against a reading."""
    total, pairs, normed = NAMES["total"], NAMES["pairs"], NAMES["normed"]
    assert {
        "deepspeed": total,
        "fvcore": total + 5 * normed,
        "ptflops, operators": total + NAMES["biases"],
        "ptflops, modules": total + NAMES["biases"] + normed + NAMES["exponentials"],
        "fvcore, fused": total - pairs + 5 * normed,
        "thop": total - pairs + 4 * normed,
        "FlopCounterMode": 2 * total,
        "FlopCounterMode, fused on a CPU": 2 * (total - pairs),
        "torchinfo": NAMES["once"],
    } == PRINTED
    for formula in ("total - pairs + 5 * normed", "total + biases + normed + exponentials", "`once`"):
        assert formula in text_of("vision_and_encoders")


@pytest.mark.parametrize(("printed", "reading"), [
    ("17.58", "fvcore"), ("17.59", "ptflops, modules"), ("16.87", "fvcore, fused"), ("16.86", "thop"),
    ("17.56", "deepspeed"),
])  # fmt: skip
def test_the_figures_that_others_print_are_these_readings(printed: str, reading: str) -> None:
    """In thousand millions, rounded to two digits."""
    assert f"{PRINTED[reading] / 10**9:.2f}" == printed
    assert printed in text_of("vision_and_encoders")


def test_four_parts_are_all_of_the_work() -> None:
    """Patches, maps of the blocks, pairs of tokens, head."""
    maps, pairs = BLOCKS * 12 * WIDTH**2 * TOKENS, 2 * BLOCKS * WIDTH * TOKENS**2
    assert (NAMES["maps"], NAMES["pairs"]) == (maps, pairs)
    assert NAMES["total"] == 196 * 768 * WIDTH + maps + pairs + 1000 * WIDTH


def test_the_open_pair_of_figures_fits_two_explanations() -> None:
    """17.5 and 55.4: cut off, or without the class token and rounded."""
    with_class = NAMES["total"], done("wide_image")
    without = tuple(NAMES["without_class_token"](side) for side in (224, 384))
    assert [floor(count / 10**8) / 10 for count in with_class] == [17.5, 55.4]
    assert [round(count / 10**9, 1) for count in without] == [17.5, 55.4]
    for side, count in zip((224, 384), without, strict=True):
        model = NAMES["vit"](image=side)
        rows = (side // 16) ** 2
        every = lc.count(model, lc.MACS, model.input_shape).total
        one_token = BLOCKS * (12 * WIDTH**2 + 2 * WIDTH * (2 * rows + 1))
        assert every - count == one_token


def test_even_sides_are_the_first_with_more_pairs_than_maps() -> None:
    """T = 6 d, in whole patches."""
    for patch, width in ((16, 768), (8, 768), (16, 384)):
        side = NAMES["even_side"](patch, width)
        assert side % patch == 0
        assert (side // patch - 1) ** 2 + 1 <= 6 * width < (side // patch) ** 2 + 1


def test_what_others_said_of_sizes() -> None:
    """307M for L/16 is 1 % high, and the distilled DeiT has two tokens and two heads."""
    assert (held("base"), held("large"), held("huge")) == (86_567_656, 304_326_632, 632_045_800)
    assert held("taught") - held("base") == 2 * WIDTH + 769_000 == 770_536
    assert held("taught") == 87_338_192


def test_windows_over_all_cells_are_full_attentions() -> None:
    """The last column of Swin's table, stage by stage."""
    for side in (224, 448):
        stages = ((96, 4, 2), (192, 8, 2), (384, 16, 6), (768, 32, 2))
        count = 0
        for width, scale, blocks in stages:
            tokens = (side // scale) ** 2
            whole = lc.count(lc.Attention(width, 3), lc.MACS, (tokens, width)).total
            count += blocks * (whole - 4 * tokens * width**2)
        assert NAMES["everywhere"](side) == count
    assert NAMES["swin_at"](448) == pytest.approx(4 * NAMES["swin_at"](224), rel=0.001)


def test_albert_shares_its_weights_and_not_its_work() -> None:
    """One block of BERT base; the MACs exceed BERT's by the map of the narrow table."""
    bert, albert = (lc.count(NAMES[name], lc.MACS, (128,)).total for name in ("bert", "albert"))
    assert albert - bert == 128 * 128 * WIDTH
    assert held("huge_albert") == 222_595_584 < held("bert_large")


def test_t5_and_whisper_hold_what_is_said_of_them() -> None:
    """Two tables of 32 distances for 8 heads, and a table of sines."""
    by = NAMES["parameters_by_type"](NAMES["t5"])
    assert by["attention.relative_bias"] == 2 * NAMES["relative"] == 512
    whisper = NAMES["whisper"]
    assert lc.count(whisper, lc.PARAMETERS).total - NAMES["whisper_fixed"] == 37_184_640
