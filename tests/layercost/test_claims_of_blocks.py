"""Numbers that others published of blocks of a Transformer, and of models counted by their blocks."""

from __future__ import annotations

from math import isclose

import pytest

import layercost as lc
from layercost.models.known import model_named


def parameters(*layers: lc.Layer) -> int:
    return sum(lc.count(layer, lc.PARAMETERS).total for layer in layers)


@pytest.mark.parametrize(
    ("width", "inner", "heads", "counted", "printed", "off"),
    [
        pytest.param(512, 2048, 8, 63_045_632, 65e6, 0.031, id="base"),
        pytest.param(1024, 4096, 16, 214_171_648, 213e6, -0.0055, id="big"),
    ],
)
def test_the_transformer_of_2017_is_printed_in_round_numbers(
    width: int, inner: int, heads: int, counted: int, printed: float, off: float
) -> None:
    """Vaswani et al. 2017, table 3: six blocks and six with cross-attention, one table of 37,000 rows.

    Attention without biases, feed-forward layers with: the figures are 3 % above and half a percent below.
    """
    attention, cross = lc.Attention(width, heads, bias=False), lc.CrossAttention(width, heads, bias=False)
    feed, norm = lc.FeedForward(width, inner, activation="ReLU"), lc.LayerNorm(width)
    encoder = parameters(attention, feed, norm, norm)
    decoder = parameters(attention, cross, feed, norm, norm, norm)
    found = 6 * (encoder + decoder) + parameters(lc.Embedding(37_000, width))
    assert found == counted
    assert isclose(printed / found - 1, off, abs_tol=0.0005)


@pytest.mark.parametrize(
    ("blocks", "width", "printed"),
    [(10, 640, 74e6), (20, 1024, 306e6), (24, 1280, 552e6), (26, 1792, 1143e6), (28, 2048, 1593e6),
     (40, 3584, 6796e6)],
)  # fmt: skip
def test_the_family_of_chinchilla_has_thirteen_squares_a_block(
    blocks: int, width: int, printed: float
) -> None:
    """Hoffmann et al. 2022, table A4: 12 d², one map more for relative positions, a table of 32,000 rows."""
    attention = parameters(lc.Attention(width, 8, bias=False), lc.Linear(width, width, bias=False))
    block = attention + parameters(lc.FeedForward(width, 4 * width, bias=False))
    assert block == 13 * width**2
    assert isclose(blocks * block + 32_000 * width, printed, rel_tol=0.004)


def test_gopher_has_thirteen_squares_too() -> None:
    """Rae et al. 2021, table 1: 280B, of which 21.5B are for relative positions."""
    width, blocks = 16_384, 80
    assert isclose(blocks * width**2, 21.5e9, rel_tol=0.002)
    assert isclose(13 * blocks * width**2 + 32_000 * width, 280e9, rel_tol=0.0015)


def test_gpt_j_is_printed_with_the_copies_of_its_shards() -> None:
    """6,053,381,344: on eight devices the norms and output biases of 28 blocks and the last norm stand eight
    times, and eight devices add a bias to the table: 610 · 4,096 more than there are.
    """
    once = lc.count(model_named("gpt-j-6b"), lc.PARAMETERS).total
    assert once == 6_050_882_784
    copied = 28 * (parameters(lc.LayerNorm(4096)) + 4096) + parameters(lc.LayerNorm(4096))
    assert once + 7 * copied + 8 * 4096 == 6_053_381_344


def test_a_calculator_gives_the_norms_of_neox_twice() -> None:
    """EleutherAI's cookbook: 8 L h + 2 h, where the model has 4 L h + 2 h."""
    norms = [leaf for _path, leaf in model_named("gpt-neox-20b").leaves() if isinstance(leaf, lc.LayerNorm)]
    found = parameters(*norms)
    assert found == 1_093_632 == 4 * 44 * 6144 + 2 * 6144
    assert 8 * 44 * 6144 + 2 * 6144 - found == 4 * 44 * 6144


def test_gpt_3_13b_is_5120_wide() -> None:
    """Brown et al. 2020, table 2.1, prints 5,140; 40 heads of 128 are 5,120, and only these give 12.85 B."""
    wide, printed = (12 * 40 * width**2 for width in (40 * 128, 5140))
    tables = (50_257 + 2048) * 5120
    assert isclose(wide + tables, 12.85e9, rel_tol=0.001)
    assert not isclose(printed + tables, 12.85e9, rel_tol=0.005)
