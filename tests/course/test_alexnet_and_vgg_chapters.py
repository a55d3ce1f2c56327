"""What the chapters on AlexNet and VGG draw and say holds of the networks that they name."""

from __future__ import annotations

import math
import re

import course_networks
import pytest

import layercost as lc
from tests.course.pages import names_of, text_of

ALEXNET, VGG = names_of("alexnet"), names_of("vgg")


def _number(cell: str) -> float:
    return float(cell.replace(",", ""))


def test_the_first_figure_of_alexnet_has_a_cell_for_each_kernel_slice() -> None:
    """Slices times the cells of a slice are the weights of the convolutions; three networks, three totals."""
    nets = [ALEXNET["net"], ALEXNET["paper"], ALEXNET["tv"]]
    picture = course_networks.wirings(*nets)
    for net in nets:
        own = [row for row in picture.rows if row[0] == net.version]
        layers = [leaf for _path, leaf in net.leaves() if isinstance(leaf, lc.Conv2d)]
        slices = [_number(row[-1]) for row in own]
        assert slices == [lc.count(layer, lc.WEIGHTS).total / layer.window.area for layer in layers]
        assert f"<b>{lc.table(net).total.parameters:,}</b>" in picture.drawn
    assert picture.drawn.count("lc-cut") == 3  # conv2, conv4 and conv5 of the paper's


def test_the_plane_of_vgg_has_a_pixel_for_each_weight() -> None:
    """Areas of its pieces are the weights of the layers; nothing is left out."""
    picture = course_networks.one_pixel_a_weight(VGG["net"])
    widths = [float(width) for width in re.findall(r'<rect[^>]* width="([\d.]+)"', picture.drawn)]
    assert [row[0] for row in picture.rows] == [
        "conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "fc8",
    ]  # fmt: skip
    total = lc.count(VGG["net"], lc.WEIGHTS).total
    assert sum(_number(row[1]) for row in picture.rows) == total
    assert sum(widths) * course_networks.TALL == pytest.approx(total, rel=1e-5)
    assert f'width="{math.ceil(total / 4096)}" height="4096"' in picture.drawn
    assert 'tabindex="0"' in picture.drawn  # what scrolls can be reached by keys


def test_every_weight_of_the_papers_second_layer_is_in_torchvisions_too() -> None:
    """256 kernels of 48 slices, 192 of 64: the same number."""
    cut, narrow = ALEXNET["cut2"], ALEXNET["narrow2"]
    assert 256 * 48 * 25 == 192 * 64 * 25
    assert lc.count(cut, lc.WEIGHTS).total == lc.count(narrow, lc.WEIGHTS).total == 307_200


def test_two_small_layers_are_a_layer_in_two_groups() -> None:
    half, cut = ALEXNET["half"], ALEXNET["cut2"]
    for quantity in (lc.PARAMETERS, lc.MACS, lc.FLOPS):
        small = lc.count(half, quantity, (48, 27, 27)).total
        assert 2 * small == lc.count(cut, quantity, (96, 27, 27)).total


def test_the_neurons_of_the_paper_add_up_with_one_slip() -> None:
    """48 for 55 in the first layer; with 55 the sum is nearer to 650,000."""
    assert ALEXNET["neurons"] - ALEXNET["printed_neurons"] == 55 * 96 * (55 - 48)
    assert abs(ALEXNET["neurons"] - 650_000) < abs(ALEXNET["printed_neurons"] - 650_000)


@pytest.mark.parametrize("name", ["conv2_2", "conv3_2", "conv4_2"])
def test_half_the_side_and_twice_the_maps_take_the_same_macs(name: str) -> None:
    """As conv1_2: 64·64·9 at 224 x 224 positions; the last stage takes a quarter."""
    layer, shape = VGG["layer"], VGG["shape"]
    level = 64 * 64 * 9 * 224 * 224
    assert lc.count(layer(name), lc.MACS, shape(name)).total == level
    assert 4 * lc.count(layer("conv5_2"), lc.MACS, shape("conv5_2")).total == level


def test_the_values_that_vgg_gives_for_one_image_are_those_of_the_audit() -> None:
    """15.2 million with the image, not 24; 28.8 million with a copy for each ReLU."""
    assert VGG["values"] == 15_237_608
    assert VGG["copies"] == 28_793_320
    assert round(4 * VGG["values"] / 2**20) == 58


@pytest.mark.parametrize("chapter", ["alexnet", "vgg"])
def test_its_figure_stands_before_the_fourth_paragraph(chapter: str) -> None:
    body = text_of(chapter).partition("\n# ")[2]
    start = re.sub(r"```\{(?:let|reading-time)\}\n.*?```", "", body, flags=re.S)
    before = start.partition("```{picture}")[0]
    paragraphs = [part for part in before.split("\n\n")[1:] if part.strip()]
    assert len(paragraphs) <= 3
