"""The explorer of LeNet-5: where its parameters sit, where its operations happen, and each layer close up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from layercost.convention import Quantity
from layercost.counters import count
from layercost.explorers import parts
from layercost.explorers.controls import Choice, Size, Travel
from layercost.explorers.explorer import Explorer
from layercost.explorers.maps import Slide, Stage, pipeline, slide_picture
from layercost.explorers.matrix import Product, matrix_picture
from layercost.explorers.subject import Subject
from layercost.facts import Facts, Operation
from layercost.layer import Call
from layercost.layers import ConnectedConv2d, Conv2d, EuclideanRBF, Linear
from layercost.message import Message
from layercost.message import spoken as _
from layercost.networks import lenet5
from layercost.networks.lenet import VERSIONS
from layercost.view import escaped, number, tag

# The seven layers that the paper names; activations and Flatten stand in the table.
STAGES = ("conv1 (C1)", "pool1 (S2)", "conv2 (C3)", "pool2 (S4)", "fc1 (C5)", "fc2 (F6)", "fc3 (output)")


@dataclass(frozen=True, eq=False)
class LeNet(Subject):
    """A LeNet-5 with the calls that the paper names."""

    @cached_property
    def stages(self) -> tuple[Call, ...]:
        """The layers that the paper names: no activations and no Flatten."""
        return tuple(
            call for call in self.calls if call.layer.takes is not None or isinstance(call.layer, Linear)
        )

    def stage(self, name: str) -> Call:
        """One of `STAGES`."""
        return self.stages[STAGES.index(name)]


class LeNetExplorer(Explorer):
    """LeNet-5 in three versions; its image and classes can be moved, and one layer is looked at."""

    name = "lenet"
    alone = (Quantity.PARAMETERS, Quantity.FLOPS)  # how they come about stands in the table, and under *more*
    wide = True
    controls = (
        Choice("layer", Message("layer to look at"), "conv2 (C3)", STAGES, main=True, looks=True),
        # printed on the way: what has been, and what is to come
        Travel("position", Message("position"), 37, 1, 100, letter="k", main=True),
        Choice("version", Message("version"), "max-pooling", tuple(VERSIONS)),
        Size("size", Message("image height and width"), 32, 4, 256, letter="H"),
        Size("in_channels", Message("image channels"), 1, 1, 16, letter="C_in"),
        Size("classes", Message("classes"), 10, 1, 1000, letter="d_out"),
    )

    def build(self, settings: Mapping[str, Any]) -> LeNet:
        size, channels, classes = (settings[field] for field in ("size", "in_channels", "classes"))
        network = lenet5(settings["version"], size=size, in_channels=channels, classes=classes)
        words = _("{version}, image {channels}×{size}×{size}, {classes} classes",
                  version=settings["version"], channels=channels, size=size, classes=classes)  # fmt: skip
        return LeNet(network, (channels, size, size), words)

    def follow(self, built: LeNet) -> None:
        self.bound("position", places_of(built.stage(self.control("layer").value)))

    def picture(self, built: LeNet, settings: Mapping[str, Any]) -> str:
        call = built.stage(settings["layer"])
        before = self._before if isinstance(self._before, LeNet) else None
        return _overview(built, before, STAGES.index(settings["layer"])) + _close(call, settings["position"])

    def odometer(self, built: LeNet, settings: Mapping[str, Any]) -> parts.Odometer:
        call, position = built.stage(settings["layer"]), settings["position"]
        facts, places = call.facts(), places_of(call)
        wheels = parts.wheels(facts, _total(call, Quantity.MULTIPLICATIONS), _total(call, Quantity.ADDITIONS),
                              Fraction(position, places))  # fmt: skip
        said = {"position": number(position), "places": number(places)}
        scope = (
            _("Output {position} of {places}", **said)
            if _is_vector(call)
            else _("Position {position} of {places}", **said)
        )
        return parts.Odometer(scope, wheels, _("At each: {work}.", work=work_at_one_place(facts, places)))

    def detail(self, built: LeNet, settings: Mapping[str, Any]) -> str:
        return _bars(built, STAGES.index(settings["layer"])) + _lines_of_layer(
            built.stage(settings["layer"]), settings["convention"]
        )


# ---- one layer ----------------------------------------------------------------------------------


def places_of(call: Call) -> int:
    """How many positions a layer goes through: places of its window, or outputs if it has none."""
    sizes = _plain(call.output_shape)
    return sizes[1] * sizes[2] if len(sizes) == 3 else sizes[0]


def _plain(shape: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in shape)


def _close(call: Call, position: int) -> str:
    """The layer that is looked at, at one position."""
    declared = f" {call.layer!r}" if len(repr(call.layer)) <= 60 else ""
    return parts.heading(call.path, escaped(declared)) + tag("figure", _drawn(call, position))


def _is_vector(call: Call) -> bool:
    return len(call.output_shape) == 1


def _total(call: Call, quantity: Quantity) -> int:
    return count(call.layer, quantity, call.input_shape).total


def work_at_one_place(facts: Facts, places: int) -> str:
    """The operations at one position, in words."""
    shared = (
        Operation(each.kind, each.role, int(each.amount) // places, int(each.length))
        for each in facts.operations
    )
    return ", ".join(str(operation.describe()) for operation in shared)


def _drawn(call: Call, position: int) -> str:
    layer: Any = call.layer
    if isinstance(layer, Linear | EuclideanRBF):
        bias = isinstance(layer, Linear) and layer.bias
        done = layer.in_features + bias
        return matrix_picture(
            Product(layer.in_features, layer.out_features, bias, position, done), "position"
        )
    each = work_at_one_place(call.facts(), places_of(call))
    shapes = _plain(call.input_shape), _plain(call.output_shape)
    return slide_picture(
        Slide(*shapes, layer.kernel_size, getattr(layer, "stride", (1, 1)), _letters(call), position), each
    )


# ---- the network --------------------------------------------------------------------------------


def _letters(call: Call) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The letters of the axes that go into a layer, and of those that come out."""
    if _is_vector(call):
        return ("d_in",), ("d_out",)
    mixes = isinstance(call.layer, Conv2d | ConnectedConv2d)
    given, gives = ("C_in", "C_out") if mixes else ("C", "C")
    return (given, "H", "W"), (gives, "H_out", "W_out")


def _overview(built: LeNet, before: LeNet | None, chosen: int) -> str:
    shapes = [built.shape, *(_plain(call.output_shape) for call in built.stages)]
    past: list[Any] = [None] * len(shapes)
    if before is not None:
        past = [before.shape, *(_plain(call.output_shape) for call in before.stages)]
    names = [_("image"), *(call.path for call in built.stages)]
    choices = ["", *(f"layer={stage}" for stage in STAGES)]
    letters = dict(zip((chosen, chosen + 1), _letters(built.stages[chosen]), strict=True))
    return pipeline([
        Stage(*described, letters.get(position, ()), position == chosen + 1)
        for position, described in enumerate(zip(names, shapes, past, choices, strict=True))
    ])  # fmt: skip


def _lines_of_layer(call: Call, convention: str) -> str:
    return parts.heading(call.path) + "".join(Subject.of(call).lines(convention))


def _bars(built: LeNet, chosen: int) -> str:
    rows = {row.name: row for row in built.table().rows}
    total = built.table().total
    pairs = [
        parts.Pair(
            call.path,
            (rows[call.path].parameters, rows[call.path].macs),
            f"layer={stage}",
            position == chosen,
        )
        for position, (call, stage) in enumerate(zip(built.stages, STAGES, strict=True))
    ]
    title = _("Where the parameters sit, and where the MACs happen")
    return parts.paired_bars(title, (_("parameters"), _("MACs")), (total.parameters, total.macs), pairs)
