"""The explorer of AlexNet: three published networks of one name, and what groups and the image do to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any

from layercost.difference import Difference, difference
from layercost.explorers import parts
from layercost.explorers.controls import Choice
from layercost.explorers.explorer import Explorer
from layercost.explorers.maps import Stage, pipeline
from layercost.explorers.markup import box, drawing, words
from layercost.explorers.subject import Subject
from layercost.explorers.wiring import Wired, height_of, wiring
from layercost.layer import Call
from layercost.layers import Conv2d, Linear, MaxPool2d
from layercost.layers.model import Model
from layercost.message import Message
from layercost.message import spoken as _
from layercost.networks import alexnet
from layercost.networks.alexnet import VERSIONS
from layercost.view import escaped, number, tag

STAGES = ("conv1", "pool1", "conv2", "pool2", "conv3", "conv4", "conv5", "pool5", "fc6", "fc7", "fc8")
IMAGES: dict[str, tuple[int | None, int | None]] = {
    "as published": (None, None),
    "227, no padding": (227, 0),
    "224, padding 2": (224, 2),
    "224, no padding": (224, 0),
}
IMAGES_SAID = {
    image: Message("as published")
    if size is None
    else Message("{size}, padding {padding}", size=size, padding=padding)
    if padding
    else Message("{size}, no padding", size=size)
    for image, (size, padding) in IMAGES.items()
}
GROUPS = {"as published": None, "1": 1, "2": 2}
KNOWN = {
    "ungrouped": Message("the network of most courses, both halves in one"),
    "two-gpu": Message("the network of the paper, on two graphics cards"),
    "torchvision": Message("the network that torchvision loads"),
}


@cache
def published(version: str) -> tuple[int, int]:
    """Parameters and MACs of a version as it is published."""
    total = Subject(alexnet(version), _shape(alexnet(version)), version).table().total
    return int(total.parameters), int(total.macs or 0)


def _shape(net: Model) -> tuple[int, ...]:
    return tuple(int(str(size)) for size in net.input_shape)


@dataclass(frozen=True, eq=False)
class AlexNet(Subject):
    """An AlexNet with the eleven calls that change shapes or hold weights."""

    @cached_property
    def stages(self) -> dict[str, Call]:
        """The convolutions, poolings and fully connected layers, by the names of the paper's figure."""
        kinds = Conv2d, MaxPool2d, Linear
        return dict(zip(STAGES, (call for call in self.calls if isinstance(call.layer, kinds)), strict=True))

    @property
    def model(self) -> Model:
        """The network itself."""
        assert isinstance(self.layer, Model)
        return self.layer

    @property
    def verdict(self) -> str:
        """Which published network has this total."""
        for version, name in KNOWN.items():
            parameters, macs = published(version)
            if parameters == self.parameters:
                return str(name) if macs == self.macs else _("{name}, with other MACs", name=name)
        return _("a total that nobody published")


class AlexNetExplorer(Explorer):
    """AlexNet in three versions; its groups and its image can be changed, and one layer is looked at."""

    name = "alexnet"
    wide = True
    alone = Explorer.headlined
    controls = (
        Choice("version", Message("version"), "ungrouped", tuple(VERSIONS), main=True, buttons=True),
        Choice("groups", Message("groups"), "as published",
               [(Message("as published"), "as published"), ("1", "1"), ("2", "2")], main=True, buttons=True),
        Choice("image", Message("image"), "as published",
               [(said, image) for image, said in IMAGES_SAID.items()], main=True),
        Choice("layer", Message("layer to look at"), "conv2", STAGES, looks=True),
        Choice("against", Message("compare with"), "two-gpu", tuple(VERSIONS), looks=True),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> AlexNet:
        version, groups, image = (settings[field] for field in ("version", "groups", "image"))
        said = [version]
        if groups != "as published":
            said.append(_("groups {groups}", groups=groups))
        if image != "as published":
            said.append(_("image {image}", image=IMAGES_SAID[image]))
        return _built(version, groups, image, ", ".join(said))

    def picture(self, built: AlexNet, settings: Mapping[str, Any]) -> str:
        before = self._before if isinstance(self._before, AlexNet) else None
        chosen = settings["layer"]
        total = tag("b", f"{number(built.parameters)} {_('parameters')}")
        image = _("Image {shape}.", shape="×".join(map(str, built.shape)))
        heading = tag("p", total, f": {escaped(built.verdict)}. {image}", class_="lc-heading")
        return heading + _pipeline(built, before, chosen) + _drawn(built, before, chosen)

    def detail(self, built: AlexNet, settings: Mapping[str, Any]) -> str:
        call = built.stages[settings["layer"]]
        name = parts.heading(settings["layer"], f" {escaped(repr(call.layer))}")
        convention = settings["convention"]
        parted = _parted(settings["against"], built, convention).html()
        return name + "".join(Subject.of(call).lines(convention)) + parted

    def rows(self, built: AlexNet, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        return [
            (_("slices of {layer}", layer=one.name), one.slices, _("kernel slices"))
            for one in wired(built, settings["layer"])
        ]


@cache
def _built(version: str, groups: str, image: str, said: str) -> AlexNet:
    size, padding = IMAGES[image]
    net = alexnet(version, size=size, padding=padding, groups=GROUPS[groups])
    return AlexNet(net, _shape(net), said)


@lru_cache(maxsize=128)
def _parted(against: str, built: AlexNet, convention: str) -> Difference:
    """Where a published version and this network part, layer by layer."""
    return difference(alexnet(against), built.model, convention=convention)


def wired(built: AlexNet, chosen: str = "") -> list[Wired]:
    """The five convolutions of the picture."""
    return [
        Wired(name, call.layer, f"layer={name}", name == chosen)
        for name, call in built.stages.items()
        if isinstance(call.layer, Conv2d)
    ]


# ---- the maps ------------------------------------------------------------------------------------


def _pipeline(built: AlexNet, before: AlexNet | None, chosen: str) -> str:
    past = dict.fromkeys(STAGES) if before is None else _shapes(before)
    return pipeline([
        Stage(name, shape, past[name], f"layer={name}", chosen=name == chosen)
        for name, shape in _shapes(built).items()
    ])  # fmt: skip


def _shapes(built: AlexNet) -> dict[str, tuple[int, ...]]:
    return {name: tuple(int(size) for size in call.output_shape) for name, call in built.stages.items()}


# ---- wires, and where the totals go ---------------------------------------------------------------

WIDTH, TALLEST = 372, 384
BAR = 13
_TOP = height_of(TALLEST)
_ROW = 34


def _drawn(built: AlexNet, before: AlexNet | None, chosen: str) -> str:
    """The kernel slices of every convolution, and two bars as long as the totals."""
    convolutions = wired(built, chosen)
    bars = [*_bars(built, before, chosen)]
    slices = ", ".join(f"{one.name} {number(one.slices)}" for one in convolutions)
    says = _(
        "One cell for each kernel slice: {slices}. Below, two bars: {parameters} parameters, {macs} MACs.",
        slices=slices, parameters=number(built.parameters), macs=number(built.macs),
    )  # fmt: skip
    height = _TOP + 2 * _ROW + 2
    return drawing("lc-alexnet", WIDTH, height, says, *wiring(convolutions), *bars)


def _bars(built: AlexNet, before: AlexNet | None, chosen: str) -> Iterator[str]:
    rows = {row.name: row for row in built.table().rows}
    for place, (what, largest, own) in enumerate(_amounts(built)):
        y = _TOP + _ROW * place
        shares = {
            name: (rows[call.path].parameters if place == 0 else rows[call.path].macs) or 0
            for name, call in built.stages.items()
        }
        yield words(0, y + 11, f"{number(own)} {what}", "lc-bar-total")
        yield from _pieces(shares, y + 16, largest, chosen)
        if before is not None:
            then = _amounts(before)[place][2]
            yield box(0, y + 16, WIDTH * then / largest, BAR, "lc-ghost-outline")


def _amounts(built: AlexNet) -> list[tuple[str, int, int]]:
    """What each bar shows, what its whole width stands for (the largest published total), and its amount."""
    every = [published(version) for version in VERSIONS]
    return [
        (_("parameters"), max(one[0] for one in every), built.parameters),
        (_("MACs"), max(one[1] for one in every), built.macs),
    ]


def _pieces(shares: Mapping[str, int], y: float, largest: int, chosen: str) -> Iterator[str]:
    x = 0.0
    for name, amount in shares.items():
        width = WIDTH * amount / largest
        if amount:
            kind = "lc-d-k" if name.startswith("conv") else "lc-d-cout"
            picked = " lc-chosen" if name == chosen else ""
            yield box(x, y, width, BAR, f"lc-cell lc-piece {kind}{picked}", data_set=f"layer={name}")
        x += width
