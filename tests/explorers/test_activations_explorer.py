"""The explorer of activations shows what they add to a network at any price, to scale."""

from __future__ import annotations

import re

import pytest

import layercost as lc
from layercost import witness
from layercost.explorers import explorer as explorer_named
from layercost.explorers.activations import NETWORKS, Priced, counted, prices
from layercost.explorers.price_line import DEAREST, Share, place
from tests.explorers.reading import copied_lines, move, numbers, tree, with_class, words

WHOLE = {
    "LeNet-5": lc.networks.lenet5(),
    "VGG-16": lc.networks.vgg16(),
    "AlexNet": lc.networks.alexnet(),
    "GoogLeNet": lc.networks.googlenet(),
    "ResNet-50": lc.networks.resnet50(),
    "MobileNetV2": lc.networks.mobilenet_v2(),
}


@pytest.mark.parametrize("name", WHOLE)
def test_the_products_of_a_network_are_its_textbook_flops(name: str) -> None:
    """What the price is added to is the number that the other chapters show."""
    products, _ = counted(name)
    assert products == lc.table(WHOLE[name]).total.flops


def test_lenet_activates_as_often_as_its_loops_do() -> None:
    """6·28·28 + 16·10·10 + 120 + 84 = 6,508."""
    net = WHOLE["LeNet-5"]
    assert counted("LeNet-5") == (833_040, witness.run(net, net.input_shape).tally.relus)
    assert counted("LeNet-5")[1] == 6 * 28 * 28 + 16 * 10 * 10 + 120 + 84


def test_vgg_activates_once_for_each_value_of_all_layers_but_the_last() -> None:
    """13 convolutions and 2 fully connected layers."""
    maps = 2 * 64 * 224**2 + 2 * 128 * 112**2 + 3 * 256 * 56**2 + 3 * 512 * 28**2 + 3 * 512 * 14**2
    assert counted("VGG-16")[1] == maps + 2 * 4096


def test_a_step_of_an_lstm_activates_five_times_a_unit() -> None:
    """Three sigmoids and two tanhs."""
    assert counted("a step of LSTM(128, 64)") == (98_304, 5 * 64)


def test_beside_a_depthwise_window_of_nine_cells_an_activation_is_one_in_nineteen() -> None:
    """p to 2n, with p = 1 and n = 9."""
    products, activations = counted("one depthwise 3×3")
    assert products == 2 * 9 * activations


def test_prices_are_those_of_the_convention() -> None:
    """ReLU 1, sigmoid 4, tanh 8 (document 001), and what follows from them."""
    assert dict(prices()) == {"ReLU": 1, "sigmoid": 4, "SiLU": 5, "tanh": 8, "GELU": 16}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("matters", [1, 10, 50])
def test_from_the_price_that_is_named_on_they_matter(name: str, matters: int) -> None:
    """At that price the share is reached, at one less it is not."""
    price = Priced(name, 1, matters).matters_from
    assert Priced(name, price, matters).share.part >= matters / 100
    assert Priced(name, price - 1, matters).share.part < matters / 100


@pytest.mark.parametrize("price", [0, 1, 8, 100, 5000, DEAREST])
@pytest.mark.parametrize("name", ["VGG-16", "MobileNetV2"])
def test_the_bars_are_to_scale(name: str, price: int) -> None:
    """The sliver is as wide as the share; below, the end of the bar so many times as wide."""
    explorer = explorer_named("activations", network=name, price=price)
    share = explorer._good.share
    whole, *_ = with_class(explorer.pane("picture"), "lc-of-products")
    slivers = [
        float(box.get("width", 0))
        for box in with_class(explorer.pane("picture"), "lc-of-activations")
        if box.tag == "rect"
    ]
    long = float(whole.get("width", 0))
    expected = [long * share.part, long * share.part * share.enlarged] if price else []
    assert slivers == pytest.approx(expected, abs=0.006)
    assert all(width <= long for width in slivers)


def test_even_at_a_hundred_flops_vgg_hardly_moves_and_mobilenet_doubles() -> None:
    """4.2 % of the one, half of the other."""
    explorer = explorer_named("activations", price=100)
    assert "4.2 % of all FLOPs" in words(tree(explorer.pane("picture")))
    move(explorer, network="MobileNetV2")
    assert "50.7 % of all FLOPs" in words(tree(explorer.pane("picture")))


def test_its_line_is_products_and_priced_activations() -> None:
    """D + A·p."""
    explorer = explorer_named("activations", price=8)
    (line,) = copied_lines(explorer, "total")
    total = 30_940_528_640 + 13_555_712 * 8
    assert line == f"D + A·p = 30,940,528,640 + 13,555,712·8 = {total:,} FLOPs"


def test_a_price_of_the_list_is_touched_and_then_chosen() -> None:
    """Each price asks for itself; the one that stands is pressed."""
    explorer = explorer_named("activations")
    for name, price in prices().items():
        explorer.control("price").value = price
        (chosen,) = with_class(explorer.pane("picture"), "lc-chosen")
        assert words(chosen) == f"{name} {price}"
        assert chosen.get("aria-pressed") == "true"


def test_the_price_stands_on_the_line_where_it_belongs() -> None:
    """Ten times as dear is one decade to the right; 0 stands before 1."""
    assert place(0) < place(1)
    assert place(1000) - place(100) == pytest.approx(place(10) - place(1))
    explorer = explorer_named("activations", price=100)
    (knob,) = with_class(explorer.pane("picture"), "lc-price")
    assert float(re.findall(r"M([\d.]+)", knob.get("d", ""))[0]) == pytest.approx(place(100), abs=0.1)


def test_the_table_twin_holds_the_numbers_of_the_picture() -> None:
    """Whoever reads the table misses nothing."""
    explorer = explorer_named("activations", price=100)
    shown = numbers(" ".join(tree(explorer.pane("twin")).itertext()))
    share: Share = explorer._good.share
    assert {share.products, share.activations, share.added, share.total, 4.2, 24, 10} <= shown
