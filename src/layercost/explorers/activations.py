"""The explorer of activations: a price for each of them, and how little or much it moves a whole network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from layercost import networks
from layercost.convention import Quantity
from layercost.counters import count
from layercost.explorers import parts, telling
from layercost.explorers.controls import Choice, Size
from layercost.explorers.explorer import Explorer
from layercost.explorers.price_line import DEAREST, Share, percent, price_picture
from layercost.expression import Expression, Symbol
from layercost.facts import Kind
from layercost.layer import Layer
from layercost.layers import GELU, LSTM, Conv2d, ReLU, Sequential, Sigmoid, SiLU, Tanh
from layercost.message import Message, Words
from layercost.message import spoken as _
from layercost.view import number, tag

FUNCTIONS: Mapping[str, Layer] = {
    "ReLU": ReLU(), "sigmoid": Sigmoid(), "SiLU": SiLU(), "tanh": Tanh(), "GELU": GELU("tanh"),
}  # fmt: skip
_WHOLE = frozenset({Kind.RELU, Kind.SIGMOID, Kind.TANH, Kind.GELU})
_HUNDRED = 100  # no function of the list is as dear

_Made = tuple[Layer, tuple[int, ...]]


def _network(make: Callable[[], Any]) -> Callable[[], _Made]:
    def made() -> _Made:
        network = make()
        return network, tuple(network.input_shape)

    return made


NETWORKS: Mapping[str, Callable[[], _Made]] = {
    "VGG-16": _network(networks.vgg16),
    "AlexNet": _network(networks.alexnet),
    "GoogLeNet": _network(networks.googlenet),
    "ResNet-50": _network(networks.resnet50),
    "LeNet-5": _network(networks.lenet5),
    "MobileNetV2": _network(networks.mobilenet_v2),
    "a step of LSTM(128, 64)": lambda: (LSTM(128, 64, bias_vectors=1), (1, 128)),
    "one depthwise 3×3": lambda: (Sequential(Conv2d(64, 64, 3, padding=1, groups=64), ReLU()), (64, 56, 56)),
}
NETWORKS_SAID: Mapping[str, Words] = {
    **{name: name for name in NETWORKS},
    "a step of LSTM(128, 64)": Message("a step of LSTM(128, 64)"),
    "one depthwise 3×3": Message("one depthwise 3×3"),
}


@cache
def counted(name: str) -> tuple[int, int]:
    """Of one of `NETWORKS`: the FLOPs of its dot products with their biases, and how often it activates."""
    layer, shape = NETWORKS[name]()
    operations = (one for call in layer.calls(shape) for one in call.facts().operations)
    activations = sum(int(one.amount) for one in operations if one.kind in _WHOLE)
    return count(layer, Quantity.FLOPS, shape).total, activations


@cache
def prices() -> Mapping[str, int]:
    """What the convention `everything` asks for one value of each function."""
    return {name: count(layer, Quantity.FLOPS, (1,), "everything").total for name, layer in FUNCTIONS.items()}


@dataclass(frozen=True)
class Priced:
    """A network with a price for each of its activations."""

    network: str
    price: int
    matters: int

    @property
    def words(self) -> Words:
        """The network, as it is called."""
        return NETWORKS_SAID[self.network]

    @property
    def share(self) -> Share:
        """What the picture shows."""
        products, activations = counted(self.network)
        return Share(products, activations, self.price, self.matters, self.matters_from, prices())

    @property
    def matters_from(self) -> int:
        """The least price at which activations are `matters` percent of the total."""
        products, activations = counted(self.network)
        return -(-self.matters * products // ((100 - self.matters) * activations))


def in_all(built: Priced) -> Expression:
    """The FLOPs of the whole network in letters: dot products, and the price of each activation."""
    share = built.share
    return Symbol("D", share.products) + Symbol("A", share.activations) * Symbol("p", share.price)


class ActivationsExplorer(Explorer):
    """A network whose activations cost what the reader says."""

    name = "activations"
    counted = False
    controls = (
        Choice(
            "network",
            Message("network"),
            "VGG-16",
            [(said, name) for name, said in NETWORKS_SAID.items()],
            main=True,
        ),
        Size("price", Message("price, in FLOPs"), 1, 0, DEAREST, main=True),
        Size("matters", Message("percent that matter"), 1, 1, 50, main=True),
    )

    def build(self, settings: Mapping[str, Any]) -> Priced:
        return Priced(settings["network"], settings["price"], settings["matters"])

    def picture(self, built: Priced, settings: Mapping[str, Any]) -> str:
        share = built.share
        return _price_list(built.price) + tag("figure", price_picture(share)) + _in_words(built, share)

    def describe(self, built: Priced) -> str:
        return _(
            "{network} at {price} for one activation",
            network=built.words,
            price=number(built.price),
        )

    def amounts(self, built: Priced) -> list[tuple[str, int]]:
        return [(_("FLOPs in all"), built.share.total)]

    def headlines(self, built: Priced, settings: Mapping[str, Any]) -> Iterator[str]:
        yield parts.derivation(_("in all"), in_all(built), "FLOPs")

    def told(self) -> dict[str, Any]:
        forms = (
            telling.derived("in all", in_all(Priced(name, 1, 1)), "FLOPs",
                            {"price": "p"}, {"network": str(said)})
            for name, said in NETWORKS_SAID.items()
        )  # fmt: skip
        return telling.told(["in all"], forms, heard=False)

    def lines(self, built: Priced, settings: Mapping[str, Any]) -> Iterable[str]:
        share = built.share
        yield parts.derivation(_("dot products"), Symbol("D", share.products) + 0, "FLOPs")
        cost = Symbol("A", share.activations) * Symbol("p", share.price)
        yield parts.derivation(_("activations"), cost, "FLOPs")

    def tables(self, built: Priced, settings: Mapping[str, Any]) -> Iterable[str]:
        share = built.share
        yield parts.plain_table(self.describe(built), [_("what"), _("value"), _("unit")], [
            (_("dot products with their biases D"), share.products, "FLOPs"),
            (_("activations A"), share.activations, ""),
            (_("price of one p"), share.price, "FLOPs"),
            (_("all activations"), share.added, "FLOPs"),
            (_("in all"), share.total, "FLOPs"),
            (_("part of the activations"), percent(share.part), ""),
            (_("the end of the bar is enlarged"), share.enlarged, _("times")),
            (_("they are {matters} % from", matters=built.matters), share.matters_from, "FLOPs"),
        ])  # fmt: skip
        heads = [_("function"), _("price by the convention everything"), _("unit")]
        yield parts.plain_table(
            _("Prices"), heads, [(name, price, "FLOPs") for name, price in prices().items()]
        )


def _price_list(chosen: int) -> str:
    """The known prices, each to be touched."""
    listed = [(price, f"{name} {number(price)}") for name, price in prices().items()]
    offered = parts.pills("price", (*listed, (_HUNDRED, number(_HUNDRED))), chosen)
    return tag("div", offered, class_="lc-pill-rows")


def _in_words(built: Priced, share: Share) -> str:
    part = tag("b", percent(share.part), class_="lc-part")
    said = _("{network}: {activations} activations are {part} of all FLOPs",
             network=built.words, activations=number(share.activations), part=part)  # fmt: skip
    return tag("p", said, class_="lc-saying", role="status")
