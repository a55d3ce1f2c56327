"""The explorer of the convolution shows what layercost computes, with the numbers of the witness's loops."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers.kernel import Moving, bias_of, pixel, weight
from layercost.shape import window_cells
from layercost.witness import LOOPS, Run
from tests.explorers.reading import copied_lines, move, numbers, tree, wheels, with_class, words

LAYERS = [
    pytest.param(lc.Conv2d(4, 4, 3, padding=1), 6, id="as printed"),
    pytest.param(lc.Conv2d(4, 4, 3, stride=2, padding=1), 6, id="stride 2"),
    pytest.param(lc.Conv2d(4, 8, 3, padding=2, groups=2), 5, id="two groups"),
    pytest.param(lc.Conv2d(3, 3, 2, groups=3, bias=False), 4, id="depthwise, no bias"),
    pytest.param(lc.Conv2d(2, 3, 3, dilation=2, padding=1), 7, id="dilated"),
    pytest.param(lc.Conv2d(1, 1, 1, stride=3, padding=2), 1, id="places on padding alone"),
    pytest.param(lc.Conv2d(2, 2, 5, padding=2, stride=4), 8, id="large kernel and stride"),
]
SHOWN = {
    "kernel_size": 3, "stride": 1, "padding": 1, "in_channels": 4, "out_channels": 4, "groups": 1,
    "dilation": 1, "size": 6, "bias": True,
}  # fmt: skip
SETTINGS = [
    pytest.param({}, id="as printed"),
    pytest.param({"kernel_size": 5, "padding": 2}, id="kernel 5"),
    pytest.param({"stride": 2, "groups": 4}, id="depthwise, stride 2"),
    pytest.param({"bias": False, "dilation": 2, "size": 8}, id="dilated, no bias"),
]


def moved(settings: dict[str, Any]) -> tuple[Any, lc.Conv2d, tuple[int, int, int]]:
    """The explorer, and the layer and shape that its settings mean."""
    explorer, meant = explorer_named("convolution"), SHOWN | settings
    move(explorer, **settings)
    size = meant.pop("size")
    layer = lc.Conv2d(**meant)
    return explorer, layer, (layer.in_channels, size, size)


def everything_seen(layer: Any, size: int) -> tuple[Any, Run]:
    """The whole layer through the loops of the witness, on the numbers of the picture."""
    run, parts = Run(), layer.in_channels // layer.groups
    kept = run.trained(layer, "weight")
    for o, c, i, j in product(
        range(layer.out_channels), range(parts), *map(range, layer.kernel_size)
    ):  # every weight
        kept[o, c, i, j] = run.number(weight(o, c, i, j))
    for o in range(layer.out_channels):
        run.trained(layer, "bias")[o,] = run.number(bias_of(o))
    image = [
        [[run.number(pixel(c, i, j)) for j in range(size)] for i in range(size)]
        for c in range(layer.in_channels)
    ]
    [output] = LOOPS["Conv2d"](layer, [image], run)
    return output, run


@pytest.mark.parametrize(("layer", "size"), LAYERS)
def test_every_number_of_the_output_is_what_the_loops_give(layer: lc.Conv2d, size: int) -> None:
    """Map by map and place by place."""
    output, _run = everything_seen(layer, size)
    for kernel in range(1, layer.out_channels + 1):
        seen = [[int(number.value) for number in row] for row in output[kernel - 1]]
        assert Moving(layer, size, kernel, 1, 1).output == seen


@pytest.mark.parametrize(("layer", "size"), LAYERS)
def test_the_loops_at_one_place_agree_with_the_map_and_with_the_slices(layer: lc.Conv2d, size: int) -> None:
    """The sums of all slices and the bias are the value that the output has there."""
    for position in range(1, Moving(layer, size, 1, 1, 1).places + 1):
        moving = Moving(layer, size, layer.out_channels, 1, position)
        row, column = moving.place
        bias = bias_of(layer.out_channels - 1) if layer.bias else 0
        assert moving.seen.value == moving.output[row][column] == sum(moving.sums) + bias


@pytest.mark.parametrize(("layer", "size"), LAYERS)
def test_all_places_of_all_kernels_make_what_the_layer_performs(layer: lc.Conv2d, size: int) -> None:
    """The tally of one place, times the places, times the kernels, is what library and witness count."""
    moving, shape = Moving(layer, size, 1, 1, 1), (layer.in_channels, size, size)
    _output, run = everything_seen(layer, size)
    times = moving.places * layer.out_channels
    assert times * moving.seen.tally.multiplications == run.tally.multiplications
    assert times * moving.seen.tally.multiplications == lc.count(layer, lc.MACS, shape).total
    assert times * moving.seen.tally.additions == lc.count(layer, lc.ADDITIONS, shape).total


@pytest.mark.parametrize(("layer", "size"), LAYERS)
def test_products_with_padding_are_those_that_no_real_cell_lies_under(layer: Any, size: int) -> None:
    """The library's count of real cells under windows leaves exactly the others to the padding."""
    moving = Moving(layer, size, 1, 1, 1)
    (k, _), (s, _), (p, _), (d, _) = layer.kernel_size, layer.stride, layer.padding, layer.dilation
    along = sum(cells * many for cells, many in window_cells(size, k, s, p, d, moving.side))
    every = lc.count(layer, lc.MACS, (layer.in_channels, size, size)).total
    assert moving.on_padding[1] == every - along**2 * moving.parts * layer.out_channels
    last = Moving(layer, size, 1, 1, moving.places)
    assert last.on_padding[0] == last.on_padding[1]


@pytest.mark.parametrize("settings", SETTINGS)
def test_its_lines_are_the_derivations_of_the_layer(settings: dict[str, Any]) -> None:
    """Letters = numbers = total, as `count` gives them; parameters and MACs are in sight."""
    explorer, layer, shape = moved(settings)
    parameters, macs = (lc.count(layer, quantity, shape) for quantity in (lc.PARAMETERS, lc.MACS))
    said = [f"{counted.text()} {counted.unit}" for counted in (parameters, macs)]
    assert copied_lines(explorer, "total") == said
    assert set(said) <= set(copied_lines(explorer))


@pytest.mark.parametrize("settings", SETTINGS)
def test_the_odometer_ends_at_the_counts_of_the_library(settings: dict[str, Any]) -> None:
    """At the last place everything has been counted, and at the first only one place."""
    explorer, layer, shape = moved(settings)
    places = int(explorer.control("position").max)
    ends = {
        "multiplications": lc.count(layer, lc.MULTIPLICATIONS, shape).total,
        "additions": lc.count(layer, lc.ADDITIONS, shape).total,
    }
    explorer.control("position").value = 1
    for name, end in ends.items():
        assert wheels(explorer)[name] == (end // places, end)
    explorer.control("position").value = places
    for name, end in ends.items():
        assert wheels(explorer)[name] == (end, end)
    done, end = wheels(explorer).get("with padding", (0, 0))
    assert done == end


def test_without_padding_no_wheel_counts_zeros() -> None:
    """A wheel that would stay at 0 is left out."""
    explorer, *_ = moved({"padding": 0})
    assert set(wheels(explorer)) == {"multiplications", "additions"}


def test_the_line_under_the_picture_adds_the_slices_up() -> None:
    """The numbers of the line are those of the picture, and its result is the cell of the output."""
    explorer = explorer_named("convolution")
    (said,) = with_class(explorer.pane("picture"), "lc-slices")
    at = (explorer.settings[field] for field in ("kernel", "slice", "position"))
    moving = Moving(lc.Conv2d(4, 4, 3, padding=1), 6, *at)
    signed = [f"(−{-value})" if value < 0 else str(value) for value in (*moving.sums, bias_of(0))]
    assert words(said) == f"Kernel 1: {' + '.join(signed)} (bias) = {moving.seen.value}"


def test_a_kernel_reads_the_channels_of_its_group_and_no_others() -> None:
    """Lines of the kernel looked at, and the channels that can be touched, are those of its group."""
    explorer, *_ = moved({"groups": 2})
    explorer.control("kernel").value = 3
    chosen = [one.get("data-set") for one in tree(explorer.pane("picture")).iter("g") if one.get("data-set")]
    assert [one for one in chosen if one.startswith("slice")] == ["slice=1", "slice=2"]
    assert len(with_class(explorer.pane("picture"), "lc-active")) == 2
    assert "Kernel 3 of 4 reads channels 3 to 4 of 4." in explorer.pane("picture")


def test_groups_that_are_possible_are_offered_to_be_touched() -> None:
    """Those that divide both numbers of channels."""
    explorer, *_ = moved({"in_channels": 6})
    chosen = [one.get("data-set") for one in tree(explorer.pane("picture")).iter("g") if one.get("data-set")]
    assert [one for one in chosen if one.startswith("groups")] == ["groups=1", "groups=2"]


def test_the_arrow_keys_know_how_long_a_row_is() -> None:
    """The picture says which control travels, and how many places make a row."""
    explorer, *_ = moved({"stride": 2})
    (walk,) = with_class(explorer.pane("picture"), "lc-walk")
    assert (walk.get("data-walk"), walk.get("data-row"), walk.get("tabindex")) == ("position", "3", "0")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        pytest.param({"groups": 3}, "groups must divide in_channels", id="groups"),
        pytest.param({"padding": 0, "size": 2}, "a kernel of 3 is larger than the padded input", id="kernel"),
        pytest.param({"dilation": 3, "size": 4}, "it spans 7 cells with dilation 3", id="dilation"),
    ],
)
def test_what_is_impossible_is_said_and_the_last_good_state_stays(
    settings: dict[str, Any], says: str
) -> None:
    """The message has the library's reason; the picture goes on showing what it showed."""
    explorer = explorer_named("convolution")
    before = explorer.pane("picture")
    move(explorer, **settings)
    assert says in explorer.pane("message")
    if len(settings) == 1:
        assert explorer.pane("picture") == before


def test_the_table_twin_holds_the_numbers_of_the_place() -> None:
    """Each product of the slice with the number of the image and the weight that it comes from."""
    explorer = explorer_named("convolution")
    explorer.control("position").value = 14
    moving = Moving(lc.Conv2d(4, 4, 3, padding=1), 6, 1, 1, 14)
    rows = [words(row) for row in tree(explorer.pane("twin")).iter("tr")]
    for i, line in enumerate(moving.cells(1), start=1):
        for j, cell in enumerate(line, start=1):
            assert f"{i}, {j}{cell.pixel}{cell.weight}{cell.product}" in rows
    assert numbers(" ".join(f"{a} {b}" for a, b in wheels(explorer).values())) <= numbers(
        " ".join(tree(explorer.pane("twin")).itertext())
    )
