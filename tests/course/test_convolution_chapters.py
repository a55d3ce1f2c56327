"""What the chapters on convolutions and output sizes say, worked out apart from them."""

from __future__ import annotations

import re

import pytest
from course_calculation import OutputSize
from course_figures import rules_side_by_side, uses
from course_text import _size_line
from course_working import named

import layercost as lc
from tests.course.pages import names_of

CEIL = "⌈H + 2·p − ks⌉ + 1 = ⌈8 + 2·0 − 32⌉ + 1 = 4"
VGG = lc.networks.vgg16()


def plain(html: str) -> str:
    """The text of HTML."""
    return re.sub(r"<[^>]+>", "", html)


def test_every_point_of_the_figure_is_a_layer_whose_weights_times_uses_are_its_macs() -> None:
    """Held against the table of VGG-16, and against the sizes of its maps."""
    picture = uses(VGG, "conv1_1")
    rows = {row.name: row for row in lc.table(VGG).rows if row.macs}
    assert [name for name, *_ in picture.rows] == list(rows)
    for name, held, often, macs in picture.rows:
        weights, used = int(held.replace(",", "")), int(often.replace(",", ""))
        assert weights * used == int(macs.replace(",", "")) == rows[name].macs
        side = rows[name].output[-1] if name.startswith("conv") else 1
        assert used == side**2
    assert picture.drawn.count("<circle") == len(rows)


def test_the_previous_map_gives_the_same_count_for_every_convolution_of_vgg() -> None:
    """So whoever tries document 001's reading there finds nothing wrong."""
    convolutions = [call for call in VGG.calls(VGG.input_shape) if isinstance(call.layer, lc.Conv2d)]
    assert len(convolutions) == 13
    for call in convolutions:
        layer, (_, height, width) = call.layer, call.input_shape
        k, _ = layer.kernel_size
        by_input = layer.out_channels * layer.in_channels * k * k * height * width
        assert by_input == lc.count(layer, lc.MACS, call.input_shape).total


def test_the_previous_map_is_seventeen_times_too_much_for_alexnet() -> None:
    """227 · 227 in place of 55 · 55."""
    names = names_of("convolution")
    assert names["by_input"] == 96 * 363 * 227**2
    assert names["by_input"] / (96 * 363 * 55**2) == pytest.approx(17.03, abs=0.01)


def test_a_depthwise_separable_pair_costs_one_part_in_128_and_one_in_9() -> None:
    """9 · 64 · 3136 and 64 · 128 · 3136 in place of 9 · 64 · 128 · 3136."""
    names = names_of("convolution")
    assert names["pair"] == 9 * 64 * 3136 + 64 * 128 * 3136
    full = 9 * 64 * 128 * 3136
    assert names["pair"] / full == pytest.approx(1 / 128 + 1 / 9)


def test_the_row_that_alexnet_loses_costs_what_the_issue_of_mxnet_lists() -> None:
    """50,844,008 parameters: the sum of the shapes that its author printed."""
    names = names_of("output_size")
    assert lc.count(names["low"], lc.PARAMETERS, names["paper"]).total == 50_844_008
    assert names["lost"].total == 4096 * 256 * (6 * 6 - 5 * 5)
    assert (names["sides"]["conv1"], names["low_sides"]["conv1"]) == (55, (224 - 11) // 4 + 1)


def test_the_figure_of_the_rules_has_three_answers() -> None:
    """4 and 3 rounded down, 5 rounded up, 4 by the stride alone."""
    picture = rules_side_by_side(8, 3, 2, 1)
    assert [size for _name, size, *_rest in picture.rows] == ["4", "5", "5", "4", "3"]


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        pytest.param(lc.Conv2d(1, 1, 3, 2), "⌊H + 2·p − ks⌋ + 1 = ⌊8 + 2·0 − 32⌋ + 1 = 3", id="floor"),
        pytest.param(lc.MaxPool2d(3, 2, ceil_mode=True), CEIL, id="ceil"),
        pytest.param(lc.Conv2d(1, 1, 3, 2, rule="tensorflow-same"), "⌈Hs⌉ = ⌈82⌉ = 4", id="SAME"),
    ],
)  # fmt: skip
def test_the_size_of_an_output_is_derived_in_letters_and_numbers(layer: lc.Layer, line: str) -> None:
    """As a page writes it; fractions lose their bar when the markup is taken away."""
    assert re.sub(r"\s+", " ", plain(_size_line(OutputSize(layer, (1, 8, 8))))).strip() == f"Hout = {line}"


def test_what_has_no_window_has_no_size_to_derive() -> None:
    """The build says so instead of writing something else."""
    with pytest.raises(ValueError, match="has no window"):
        _size_line(OutputSize(lc.Linear(3, 4), (3,)))


def test_a_layer_of_many_arguments_is_named_and_not_called_a_network() -> None:
    """Only what consists of layers is one."""
    layer = lc.Conv2d(32, 32, kernel_size=3, padding=1, groups=32, bias=False)
    assert named(layer) == str(layer)
    assert named(lc.Sequential(*[lc.Linear(300, 300)] * 5)) == "the network"
