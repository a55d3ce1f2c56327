"""The tool matrix shows what the dialects read, sorted by number, and bars that add up to it."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost.dialects import DIALECTS, read
from layercost.explorers import explorer
from layercost.explorers.explorer import Explorer
from layercost.explorers.tool_matrix import KINDS, answers
from tests.explorers.reading import move, numbers, with_class, words

COUNTING = [name for name, tool in DIALECTS.items() if tool.counts_operations and not tool.joins]
LAYERS = {
    "linear": (lc.Linear(3, 64), (3,)),
    "convolution": (lc.Conv2d(3, 64, 3, padding=1), (3, 32, 32)),
    "depthwise": (lc.Conv2d(3, 3, 3, padding=1, groups=3), (3, 32, 32)),
    "pooling": (lc.MaxPool2d(2), (3, 32, 32)),
    "normalization": (lc.BatchNorm2d(3), (3, 32, 32)),
    "relu": (lc.ReLU(), (3, 32, 32)),
    "lstm": (lc.LSTM(3, 64), (32, 3)),
}


def shown_numbers(shown: Explorer) -> list[int]:
    """The numbers of the rows, from above."""
    rows = with_class(shown.pane("picture"), "lc-tool")
    return [int(words(row[0]).replace(",", "")) for row in rows]


@pytest.mark.parametrize("kind", KINDS)
def test_every_tool_stands_in_the_row_of_its_number(kind: str) -> None:
    """Sixteen tools, each once, with the number that its dialect reads for the same layer."""
    shown = explorer("tool_matrix", kind=kind)
    layer, shape = LAYERS[kind]
    placed: dict[str, int] = {}
    for row in with_class(shown.pane("picture"), "lc-tool"):
        for names in (words(opinion[0]) for opinion in row if "lc-tool-names" in opinion.get("class", "")):
            placed.update({name: int(words(row[0]).replace(",", "")) for name in names.split(", ")})
    assert placed == {name: read(layer, shape, name).main for name in COUNTING}
    assert len(placed) == 16
    assert shown_numbers(shown) == sorted(set(placed.values()))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [1, 8])
def test_the_blocks_of_a_bar_add_up_to_its_number(kind: str, batch: int) -> None:
    """Whatever is left out stands beside the number and not in it."""
    shown = explorer("tool_matrix", kind=kind, batch=batch)
    for answer in answers(shown._good)[0]:
        held = [block.amount for block in answer.blocks if block.kind != "missing"]
        assert sum(held) == answer.number
        assert all(block.amount >= 0 for block in answer.blocks)


def test_all_bars_have_one_scale() -> None:
    """The blue block is as long in every row: the same multiplications."""
    shown = explorer("tool_matrix")
    blue = {block.get("width") for block in with_class(shown.pane("picture"), "lc-part-multiply")}
    ends = [answer.number for answer in answers(shown._good)[0]]
    assert blue == {"100.00%", f"{100 * ends[0] / ends[-1]:.2f}%"}  # of the key, and of the rows


def test_without_a_bias_mac_counters_agree() -> None:
    """nine tools count the MACs, three the exact additions, four double them."""
    shown = explorer("tool_matrix", kind="linear", bias=False)
    macs = 3 * 64
    assert shown_numbers(shown) == [macs, 2 * macs - 64, 2 * macs]


def test_a_depthwise_convolution_is_dense_to_torchmeter() -> None:
    """It takes no notice of groups: 64 channels, 64 times the multiplications, less one addition each."""
    shown = explorer("tool_matrix", kind="depthwise", inputs=64)
    (last,) = [answer for answer in answers(shown._good)[0] if answer.number == max(shown_numbers(shown))]
    assert [opinion.tools for opinion in last.opinions] == [("torchmeter",)]
    assert last.number == 2 * 64 * 64 * 9 * 32 * 32


def test_the_number_by_the_convention_of_the_page_stands_above_the_rows() -> None:
    """It follows the switch."""
    shown = explorer("tool_matrix")
    layer, shape = LAYERS["convolution"]
    for convention in lc.CONVENTIONS:
        move(shown, convention=convention)
        (ours,) = with_class(shown.pane("picture"), "lc-ours")
        assert lc.count(layer, lc.FLOPS, shape, convention).total in numbers(words(ours[0]))
        assert convention in words(ours)


def test_its_table_has_a_row_for_every_verdict() -> None:
    """Tools, number, what it is made of, and what is to be said."""
    shown = explorer("tool_matrix")
    table = words(with_class(shown.pane("twin"), "lc-twin")[0])
    for answer in answers(shown._good)[0]:
        assert f"{answer.number:,}" in table
        assert all(str(opinion.words) in table for opinion in answer.opinions)


def test_an_image_of_one_cell_has_nothing_to_pool() -> None:
    """It is said in words, and the last good state stays."""
    shown = explorer("tool_matrix", kind="pooling")
    before = shown_numbers(shown)
    move(shown, side=1)
    assert "This cannot be built" in words(with_class(shown.pane("message"), "lc-failure")[0])
    assert shown_numbers(shown) == before
