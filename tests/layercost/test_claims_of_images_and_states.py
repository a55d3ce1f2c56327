"""Numbers that others published, or that a definition fixes, for patches, windows, positions and states."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layercost as lc
from layercost import forward

RANDOM = np.random.default_rng(5)


def parameters(layer: lc.Layer) -> int:
    return lc.count(layer, lc.PARAMETERS).total


def macs(layer: lc.Layer, *shape: int, **setting: Any) -> int:
    return lc.count(layer, lc.MACS, shape, **setting).total


# ---- patches -------------------------------------------------------------------------------------


def test_the_patches_of_vit_b_16_hold_what_is_left_of_its_total() -> None:
    """torchvision: 86,567,656 parameters; 12 blocks of 12 d^2 + 13 d, a norm, a head of 1,000 classes."""
    width = 768
    blocks = 12 * (12 * width**2 + 13 * width)
    patches = lc.PatchEmbedding(3, 16, width, image_size=224)
    assert parameters(patches) == 86_567_656 - blocks - 2 * width - (1000 * width + 1000)
    assert patches.output_shape((3, 224, 224)) == (14 * 14 + 1, width)
    assert macs(patches, 3, 224, 224) == 14 * 14 * 3 * 16 * 16 * width == 115_605_504


def test_a_patch_embedding_is_a_convolution_whose_kernel_moves_by_its_size() -> None:
    """Of an image that the patches do not divide, too."""
    patches, conv = lc.PatchEmbedding(3, (4, 5), 6, class_tokens=0), lc.Conv2d(3, 6, (4, 5), (4, 5))
    chain = lc.Sequential(conv, lc.ToTokens())
    weights = forward.draw_weights(patches)
    same = {f"0.{name.removeprefix('patch.')}": array for name, array in weights.items()}
    image = RANDOM.standard_normal((2, 3, 11, 17))
    np.testing.assert_allclose(forward.run(patches, image, weights), forward.run(chain, image, same))
    for quantity in (lc.PARAMETERS, lc.MACS, lc.FLOPS):
        both = [lc.count(layer, quantity, (3, 11, 17)).total for layer in (patches, chain)]
        assert both[0] == both[1]


def test_an_image_of_another_size_than_the_positions_is_refused() -> None:
    patches = lc.PatchEmbedding(3, 16, 8, image_size=224)
    with pytest.raises(lc.ShapeError, match=r"positions for images of 224x224 and got shape \(3, 256, 256\)"):
        patches.output_shape((3, 256, 256))
    with pytest.raises(lc.ShapeError, match="no patch of 16x16 fits into an image of shape"):
        lc.PatchEmbedding(3, 16, 8).output_shape((3, 15, 40))


def test_merging_halves_an_image_and_doubles_its_channels() -> None:
    """Swin-T's three: 8 C^2 weights and a norm of 8 C, for C = 96, 192, 384."""
    held = [parameters(lc.PatchMerging(c)) for c in (96, 192, 384)]
    assert held == [8 * c * c + 8 * c for c in (96, 192, 384)]
    assert lc.PatchMerging(96).output_shape((96, 55, 56)) == (192, 28, 28)


def test_what_is_done_to_each_cell_is_done_to_tokens_row_after_row() -> None:
    layer = lc.Sequential(lc.LayerNorm(4), lc.Linear(4, 3))
    image, weights = RANDOM.standard_normal((2, 4, 3, 5)), forward.draw_weights(layer)
    tokens = forward.run(
        lc.Sequential(lc.ToTokens(), layer), image, {f"1.{k}": v for k, v in weights.items()}
    )
    cells = forward.run(lc.EachCell(layer), image, weights)
    np.testing.assert_allclose(cells.reshape(2, 3, -1).swapaxes(1, 2), tokens)
    with pytest.raises(lc.ShapeError, match="EachCell takes a layer that gives a token for each of 15 cells"):
        lc.EachCell(lc.Flatten()).output_shape((4, 3, 5))


# ---- windows -------------------------------------------------------------------------------------


def test_a_window_attention_of_swin_t_holds_four_maps_and_a_table() -> None:
    """Liu et al. 2021, section 3.2: a table of (2 M - 1)^2 for each head; 4 d^2 + 4 d, M = 7."""
    assert parameters(lc.WindowAttention(96, 3, 7)) == 4 * 96**2 + 4 * 96 + 13 * 13 * 3


def test_windows_cost_what_equation_2_of_the_paper_says() -> None:
    """Liu et al. 2021, equations 1 and 2: 4 h w C^2 + 2 M^2 h w C in place of 4 h w C^2 + 2 (h w)^2 C."""
    height, width, c, m = 56, 56, 96, 7
    cells = height * width
    assert macs(lc.WindowAttention(c, 3, m), c, height, width) == 4 * cells * c**2 + 2 * m**2 * cells * c
    assert macs(lc.Attention(c, 3), cells, c) == 4 * cells * c**2 + 2 * cells**2 * c


@pytest.mark.parametrize("shifted", [False, True])
def test_windows_are_attention_to_all_cells_where_all_but_those_of_the_window_are_hidden(
    shifted: bool,
) -> None:
    """Distances in the table, windows and the border as one mask over all pairs of a 6 by 9 image."""
    heads, window, height, width = 2, 3, 6, 9
    layer = lc.WindowAttention(4, heads, window, shifted)
    weights = forward.draw_weights(layer)
    image = RANDOM.standard_normal((1, 4, height, width))
    shift = window // 2 if shifted else 0
    cells = [(i, j) for i in range(height) for j in range(width)]

    def home(cell: tuple[int, int]) -> tuple[int, ...]:
        """The window of a cell; those cut off at the border are apart from what they are joined with."""
        return tuple((place - shift) // window for place in cell)

    tokens = image[0].reshape(4, -1).T
    q, k, v = (tokens @ weights[f"{part}.weight"].T + weights[f"{part}.bias"] for part in "qkv")
    mixed = np.zeros_like(tokens)
    for head in range(heads):
        own = slice(2 * head, 2 * head + 2)
        scores = q[:, own] @ k[:, own].T / np.sqrt(2)
        for a, one in enumerate(cells):
            for b, other in enumerate(cells):
                row = (one[0] - other[0] + window - 1) * (2 * window - 1) + one[1] - other[1] + window - 1
                near = home(one) == home(other)
                scores[a, b] = scores[a, b] + weights["relative_bias.weight"][row, head] if near else -np.inf
        share = np.exp(scores - scores.max(axis=1, keepdims=True))
        mixed[:, own] = share / share.sum(axis=1, keepdims=True) @ v[:, own]
    expected = mixed @ weights["o.weight"].T + weights["o.bias"]
    found = forward.run(layer, image, weights)[0].reshape(4, -1).T
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize(("height", "width"), [(7, 7), (8, 8), (9, 14), (1, 1), (15, 8)])
def test_pairs_that_only_meet_around_the_border_are_noted_as_masked(height: int, width: int) -> None:
    """Counted one by one: cells of the moved image that came around the border and cells that did not."""
    window, shift = 7, 3
    layer = lc.WindowAttention(4, 2, window, shifted=True)
    full = lc.count(layer, lc.FLOPS, (4, height, width), "two-a-mac").total
    seen = lc.count(layer, lc.FLOPS, (4, height, width), "causal-half").total
    rows, columns = (-(-side // window) * window for side in (height, width))
    hidden = 0
    if min(height, width) > window:
        beyond = [[(i + shift >= rows, j + shift >= columns) for j in range(columns)] for i in range(rows)]
        for top in range(0, rows, window):
            for left in range(0, columns, window):
                inside = [beyond[top + i][left + j] for i in range(window) for j in range(window)]
                hidden += sum(one != other for one in inside for other in inside)
    assert full - seen == 2 * 2 * hidden * 4


# ---- positions -----------------------------------------------------------------------------------


def test_the_positions_of_opt_and_of_bert_hold_a_row_each_and_two_that_belong_to_none() -> None:
    """Devlin et al. 2018: 512 places of 768; OPT-125M keeps 2,050 rows for 2,048 places."""
    assert parameters(lc.LearnedPositions(512, 768)) == 393_216
    assert parameters(lc.LearnedPositions(2048, 768, spare_rows=2)) == 2050 * 768


def test_sines_are_stored_or_worked_out_and_never_trained() -> None:
    """Whisper tiny: 1,500 places of 384 features, 576,000 values."""
    stored = lc.SinusoidalPositions(1500, 384)
    assert parameters(stored) == 576_000
    assert [held.trained for held in stored.parameters()] == [False]
    assert parameters(lc.SinusoidalPositions(1500, 384, stored=False)) == 0


# ---- states --------------------------------------------------------------------------------------


def test_a_block_of_mamba_130m_holds_what_its_sizes_say() -> None:
    """Gu, Dao 2023: D = 2 d, 16 states, kernels of 4, steps of rank d / 16."""
    d, inner, n, c, rank = 768, 1536, 16, 4, 48
    held = d * 2 * inner + inner * c + inner + inner * (rank + 2 * n) + rank * inner + inner
    assert parameters(lc.MambaBlock(d)) == held + inner * n + inner + inner * d == 3_770_880


def test_a_token_costs_a_state_the_same_however_many_came_before() -> None:
    block = lc.MambaBlock(8)
    assert len({macs(block, 1, 8, cached=cached) for cached in (1, 10, 10_000)}) == 1
    kept = {lc.count(block, lc.KV_CACHE, (1, 8), cached=cached).total for cached in (0, 1, 10_000)}
    assert kept == {16 * (16 + 4)}


def test_the_places_that_the_plain_convolution_computes_for_nothing_are_noted() -> None:
    """c - 1 of them behind the last token; one where tokens are cached."""
    block = lc.MambaBlock(8, conv_kernel=4)
    for cached, unread in ((0, 3), (7, 1)):
        full, read = (
            lc.count(block, lc.FLOPS, (5, 8), name, cached=cached).total
            for name in ("two-a-mac", "causal-half")
        )
        assert full - read == 2 * unread * 16 * 4


def test_a_state_sees_what_came_before_and_nothing_that_comes() -> None:
    block = lc.MambaBlock(4, state_size=3)
    weights, text = forward.draw_weights(block), RANDOM.standard_normal((1, 6, 4))
    other = text.copy()
    other[:, 4:] += 1
    before, after = (forward.run(block, values, weights) for values in (text, other))
    np.testing.assert_array_equal(before[:, :4], after[:, :4])
    assert not np.allclose(before[:, 4:], after[:, 4:])
