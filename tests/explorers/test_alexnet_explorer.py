"""The explorer of AlexNet shows what layercost computes for each of its networks, published or not."""

from __future__ import annotations

import re

import pytest

import layercost as lc
from layercost import witness
from layercost.explorers import explorer as explorer_named
from layercost.explorers.alexnet import GROUPS, IMAGES, STAGES, WIDTH
from layercost.networks.alexnet import VERSIONS
from tests.explorers.reading import copied_lines, move, panes, tree, with_class, words

STATES = [(version, groups, image) for version in VERSIONS for groups in GROUPS for image in IMAGES]


def _network(version: str, groups: str, image: str) -> lc.Model:
    size, padding = IMAGES[image]
    return lc.networks.alexnet(version, size=size, padding=padding, groups=GROUPS[groups])


def _heading(explorer: object) -> str:
    return words(with_class(explorer.pane("picture"), "lc-heading")[0])  # type: ignore[attr-defined]


@pytest.mark.parametrize(("version", "groups", "image"), STATES)
def test_its_totals_bars_and_maps_are_those_of_the_network(version: str, groups: str, image: str) -> None:
    """Every network that the switches can build."""
    explorer = explorer_named("alexnet")
    move(explorer, version=version, groups=groups, image=image)
    net = _network(version, groups, image)
    total = lc.table(net).total
    assert _heading(explorer).startswith(f"{total.parameters:,} parameters")
    bars = [words(each) for each in with_class(explorer.pane("picture"), "lc-bar-total")]
    assert bars == [f"{total.parameters:,} parameters", f"{total.macs:,} MACs"]
    kinds = (lc.Conv2d, lc.MaxPool2d, lc.Linear)
    shapes = [call.output_shape for call in net.calls(net.input_shape) if isinstance(call.layer, kinds)]
    sizes = [words(each) for each in with_class(explorer.pane("picture"), "lc-stage-size")]
    assert sizes == ["×".join(f"{int(size):,}" for size in shape) for shape in shapes]


@pytest.mark.parametrize(
    ("version", "groups", "image", "said"),
    [
        ("ungrouped", "as published", "as published",
         "62,378,344 parameters: the network of most courses, both halves in one"),
        ("ungrouped", "2", "as published",
         "60,965,224 parameters: the network of the paper, on two graphics cards"),
        ("two-gpu", "as published", "224, padding 2",
         "60,965,224 parameters: the network of the paper, on two graphics cards"),
        ("torchvision", "as published", "as published",
         "61,100,840 parameters: the network that torchvision loads"),
        ("torchvision", "1", "224, no padding",
         "61,100,840 parameters: the network that torchvision loads, with other MACs"),
        ("ungrouped", "1", "224, no padding", "50,844,008 parameters: a total that nobody published"),
    ],
)  # fmt: skip
def test_it_says_whose_total_it_is(version: str, groups: str, image: str, said: str) -> None:
    """A total is named where a published network has it, whatever leads to it."""
    explorer = explorer_named("alexnet", version=version, groups=groups, image=image)
    size = 224 if version == "torchvision" or image.startswith("224") else 227
    assert _heading(explorer) == f"{said}. Image 3×{size}×{size}."


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("groups", GROUPS)
def test_its_cells_are_the_kernel_slices_that_a_kernel_has(version: str, groups: str) -> None:
    """A block for each group; areas in proportion to the slices, whose weights are those of the layer."""
    explorer = explorer_named("alexnet", version=version, groups=groups)
    net = _network(version, groups, "as published")
    convolutions = [layer for _path, layer in net.leaves() if isinstance(layer, lc.Conv2d)]
    drawn = with_class(explorer.pane("picture"), "lc-wiring")
    cells = []
    for layer, matrix in zip(convolutions, drawn, strict=True):
        blocks = [each for each in matrix.iter("rect") if "lc-wired" in each.get("class", "")]
        assert len(blocks) == layer.groups
        assert (len([each for each in matrix.iter("rect") if each.get("class") == "lc-cut"]) == 1) == (
            layer.groups > 1
        )
        area = sum(float(each.get("width", 0)) * float(each.get("height", 0)) for each in blocks)
        slices = lc.count(layer, lc.WEIGHTS).total // layer.window.area
        cells.append((area, slices))
    wide = cells[1:]  # the first is widened to be seen
    assert {round(slices / area) for area, slices in wide} == {19}  # slices in a square unit
    twin = words(tree(explorer.pane("twin")))
    for place, (_area, slices) in enumerate(cells, start=1):
        assert f"slices of conv{place}{slices:,}kernel slices" in twin


def test_a_cell_that_is_not_drawn_has_no_weight_in_the_loops() -> None:
    """On a small layer the loops multiply with half of the weights when there are two groups."""
    whole, cut = (witness.run(lc.Conv2d(4, 6, 3, groups=groups), (4, 5, 5)) for groups in (1, 2))
    assert (whole.multiplications, cut.multiplications) == (4 * 6 * 9 * 9, 2 * 6 * 9 * 9)


def test_the_pieces_of_a_bar_are_the_shares_of_the_layers() -> None:
    """Parameters and MACs of the chosen network, on the scale of the largest published one."""
    explorer = explorer_named("alexnet", version="two-gpu")
    net = lc.networks.alexnet("two-gpu")
    rows = {row.name: row for row in lc.table(net).rows if row.parameters}
    pieces = with_class(explorer.pane("picture"), "lc-piece")
    for start, attribute, largest in ((0, "parameters", 62_378_344), (8, "macs", 1_135_256_096)):
        for piece, name in zip(pieces[start : start + 8], rows, strict=True):
            share = getattr(rows[name], attribute) / largest
            assert piece.get("data-set") == f"layer={name}"
            assert float(piece.get("width", 0)) == pytest.approx(WIDTH * share, abs=0.006)


def test_cutting_the_wires_hardly_moves_the_parameters_and_a_third_of_the_work() -> None:
    """The lesson of the picture, as the ghost says it."""
    explorer = explorer_named("alexnet")
    move(explorer, groups="2")
    said = words(tree(explorer.pane("ghost")))
    assert "×0.638 MACs" in said
    assert "×0.977 parameters" in said
    assert with_class(explorer.pane("picture"), "lc-ghost-outline")


@pytest.mark.parametrize("stage", STAGES)
def test_the_layer_that_is_looked_at_is_derived(stage: str) -> None:
    """Its own lines stand under More, and it is marked in the picture."""
    explorer = explorer_named("alexnet", layer=stage, groups="2")
    net = _network("ungrouped", "2", "as published")
    call = next(call for call in net.calls(net.input_shape) if call.path == stage)
    for quantity in (lc.PARAMETERS, lc.MACS):
        counted = lc.count(call.layer, quantity, call.input_shape)
        assert f"{counted.text()} {counted.unit}" in copied_lines(explorer, "detail")
    chosen = {each.get("data-set") for each in with_class(explorer.pane("picture"), "lc-chosen")}
    assert chosen == {f"layer={stage}"}


@pytest.mark.parametrize("against", VERSIONS)
def test_its_difference_is_the_librarys(against: str) -> None:
    """Layer by layer, under the convention that is chosen."""
    explorer = explorer_named("alexnet", version="torchvision", against=against, convention="everything")
    first, second = lc.networks.alexnet(against), lc.networks.alexnet("torchvision")
    assert lc.difference(first, second, convention="everything").html() in explorer.pane("detail")


def test_its_twin_is_the_table_of_the_network() -> None:
    explorer = explorer_named("alexnet", version="two-gpu", convention="macs")
    table = lc.table(lc.networks.alexnet("two-gpu"), convention="macs")
    assert table.html() in explorer.pane("twin")


def test_every_state_can_be_built_and_is_drawn_without_a_message() -> None:
    """No combination of the switches is impossible: an image of 224 rows is large enough."""
    explorer = explorer_named("alexnet")
    for version, groups, image in STATES:
        move(explorer, version=version, groups=groups, image=image)
        assert "message" not in panes(explorer)


def test_its_words_for_those_who_listen_have_the_numbers_of_the_picture() -> None:
    explorer = explorer_named("alexnet", groups="2")
    (drawing,) = with_class(explorer.pane("picture"), "lc-alexnet")
    said = drawing.get("aria-label", "")
    assert re.findall(r"conv\d ([\d,]*\d)", said) == ["288", "12,288", "98,304", "73,728", "49,152"]
    assert "60,965,224 parameters, 724,406,816 MACs" in said
