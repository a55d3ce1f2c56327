"""The verdicts of the audit lab reproduce what was published; what is called a mistake is found nowhere."""

from __future__ import annotations

from typing import Any

import pytest

import layercost as lc
from layercost.dialects import read
from layercost.networks import NETWORKS
from tests.course.pages import names_of


def cut_short(amount: float, unit: float, places: int = 0) -> float:
    return int(amount / unit * 10**places) / 10**places


PAGE = names_of("audit_lab")


def macs(net: Any) -> int:
    return lc.count(net, lc.MACS, net.input_shape).total


@pytest.mark.parametrize(
    ("computed", "published"),
    [
        pytest.param(round(macs(lc.networks.vgg16()) / 1e9, 2), 15.47, id="torchvision's GFLOPS of VGG-16"),
        pytest.param(read(lc.networks.vgg16("torchvision"), dialect="torchinfo").main, 15_483_821_032,
                     id="torchinfo's mult-adds of VGG-16"),
        pytest.param(round(PAGE["vgg_conv"] / 1e9, 1), 15.3, id="He et al., table 1: VGG-16, convolutions"),
        pytest.param(round(macs(lc.networks.vgg19()) / 1e9, 1), 19.6, id="He et al., table 1: VGG-19, all"),
        pytest.param(cut_short(lc.count(lc.networks.alexnet("two-gpu"), lc.PARAMETERS).total, 1e6), 60,
                     id="Krizhevsky et al.: 60 million"),
        pytest.param(round(lc.count(lc.networks.alexnet(), lc.PARAMETER_BYTES).total / 2**20, 4), 237.9545,
                     id="document 004: MB"),
        pytest.param(round(macs(lc.networks.mobilenet_v1()) / 1e6), 569, id="Howard et al., table 4"),
        pytest.param(cut_short(macs(lc.networks.resnet50("v1")), 1e9, 1), 3.8, id="He et al., table 1"),
        pytest.param(round(macs(lc.networks.resnet50("v1.5")) / 1e9, 2), 4.09, id="torchvision's GFLOPS"),
        pytest.param(read(lc.networks.resnet50("keras"), dialect="keras").main
                     or read(lc.networks.resnet50("keras"), dialect="keras").native["count_params"],
                     25_636_712, id="Keras's count_params"),
        pytest.param(round(PAGE["separable"] / 1e3, 1), 2.7, id="Szegedy et al., table 1: parameters"),
        pytest.param(round(PAGE["separable_macs"] / 1e6), 34, id="Szegedy et al., table 1: operations"),
    ],
)  # fmt: skip
def test_a_verdict_reproduces_the_published_number(computed: float, published: float) -> None:
    """By the network, convention and unit that the verdict names; sources stand on the page."""
    assert computed == published


def test_no_sum_of_maps_gives_24_million() -> None:
    """150,528 + 14 convolutions' and poolings' maps + 9,192: 15,237,608 (convnet-burden has 58 MB)."""
    assert PAGE["kept"] == 15_237_608
    assert round(4 * PAGE["kept"] / 2**20) == 58
    assert round(PAGE["with_copies"] / 1e6) == 29


def test_no_version_of_googlenet_holds_5_million() -> None:
    """Rounded to millions, none does; the classifier alone has one."""
    held = [
        lc.count(lc.networks.googlenet(version), lc.PARAMETERS).total
        for version in NETWORKS["googlenet"].versions
    ]
    assert 5 not in {round(one / 1e6) for one in held}
    assert 5 not in {round((one - PAGE["goog_head"]) / 1e6) for one in held}


def test_each_published_number_stands_on_the_page_once() -> None:
    """Eleven, of which the text says so."""
    assert len(PAGE["published"]) == 11
    assert set(PAGE["mistakes"]) == {"GoogLeNet, 5 M", "VGG-16's maps, 93 MB"}
