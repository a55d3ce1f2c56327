"""The explorer of LeNet-5: where its parameters sit, where its operations happen, and each layer close up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any, NamedTuple

from ipywidgets import VBox

from layercost.convention import CONVENTIONS, Quantity, bytes_of, pricing
from layercost.counters import count
from layercost.counting import Count
from layercost.explorers import parts
from layercost.explorers.explorer import Explorer, choice, convention_switch, slider, travel
from layercost.explorers.maps import Slide, Stage, pipeline, slide_picture
from layercost.explorers.matrix import Product, matrix_picture
from layercost.expression import Expression, Number, add, expression
from layercost.facts import Facts, Operation
from layercost.layer import Call
from layercost.layers import ConnectedConv2d, Conv2d, EuclideanRBF, Linear
from layercost.message import spoken as _
from layercost.networks import lenet5
from layercost.networks.lenet import VERSIONS
from layercost.table import Table, table
from layercost.view import escaped, number, tag

# The seven layers that the paper names; activations and Flatten stand in the table.
STAGES = ("conv1 (C1)", "pool1 (S2)", "conv2 (C3)", "pool2 (S4)", "fc1 (C5)", "fc2 (F6)", "fc3 (output)")
_SMALLEST, _LARGEST = 4, 64
_FIRST_SHOWN = 37  # a position on the way: the printed picture shows what has been and what is to come


class Settings(NamedTuple):
    """What the network is built from."""

    version: str
    size: int
    in_channels: int
    classes: int


class Built:
    """A LeNet-5 with what has been counted of it so far; equal to another of the same settings."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        version, size, in_channels, classes = settings
        self.network = lenet5(version, size=size, in_channels=in_channels, classes=classes)
        self.calls = tuple(self.network.calls(self.network.input_shape))
        self.stages = tuple(call for call in self.calls if _is_stage(call))
        self._tables: dict[str, Table] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Built) and other.settings == self.settings

    def __hash__(self) -> int:
        return hash(self.settings)

    def table(self, convention: str = "textbook") -> Table:
        """The table of the network under a convention, made once."""
        if convention not in self._tables:
            self._tables[convention] = table(self.network, convention=convention)
        return self._tables[convention]

    @cached_property
    def facts(self) -> list[Facts]:
        """What each layer does."""
        return [call.facts() for call in self.calls]


def _is_stage(call: Call) -> bool:
    """Whether a call is one of the layers that the paper names, and no activation and no Flatten."""
    return call.layer.takes is not None or isinstance(call.layer, Linear)


class LeNetExplorer(Explorer):
    """LeNet-5 in three versions; its image and classes can be moved, and one layer is looked at."""

    name = "lenet"
    panes = ("overview", "controls", "picture", "message", "ghost", "line", "bars", "twin")
    shaping = frozenset(Settings._fields)

    def __init__(self, version: str = "max-pooling", layer: str = "conv2 (C3)") -> None:
        position = slider("position", _("position"), _FIRST_SHOWN, 1, _FIRST_SHOWN, "lc-follows", "lc-d-k")
        controls = {
            "version": choice("version", _("version"), list(VERSIONS), version),
            "size": slider("size", _("image height and width"), 32, _SMALLEST, _LARGEST, "lc-d-h"),
            "in_channels": slider("in_channels", _("image channels"), 1, 1, 4, "lc-d-cin"),
            "classes": slider("classes", _("classes"), 10, 1, 100, "lc-d-cout"),
            "convention": convention_switch(),
            "layer": choice("layer", _("layer to look at"), list(STAGES), layer, "lc-begins"),
            "position": position,
        }
        super().__init__(controls, VBox([*controls.values(), travel(position)]))

    def build(self, settings: Mapping[str, Any]) -> Built:
        wanted = Settings(*(settings[field] for field in Settings._fields))
        return self._good if self._good is not None and self._good.settings == wanted else Built(wanted)

    def follow(self, built: Built) -> None:
        self.bound("position", _places(self._looked_at(built)))

    def _looked_at(self, built: Built) -> Call:
        return built.stages[STAGES.index(self.control("layer").value)]

    def describe(self, built: Built) -> str:
        version, size, channels, classes = built.settings
        return _("{version}, image {channels}×{size}×{size}, {classes} classes",
                 version=version, channels=channels, size=size, classes=classes)  # fmt: skip

    def draw(self, built: Built, before: Built | None, settings: Mapping[str, Any]) -> None:
        stage, position, convention = (
            STAGES.index(settings["layer"]),
            settings["position"],
            settings["convention"],
        )
        self.show("overview", (built, before, stage), _overview, built, before, stage)
        self.show("picture", (built, stage, position), _picture, built.stages[stage], position)
        self.show("line", (built, stage, convention), _lines, built, built.stages[stage], convention)
        self.show("bars", (built, stage), _bars, built, stage)
        self.show("ghost", (built, before), self._ghost, built, before)
        self.show("twin", (built, convention), _twin, built, convention)

    def _ghost(self, built: Built, before: Built | None) -> str:
        if before is None:
            return ""
        now, then = built.table().total, before.table().total
        amounts = [(_("MACs"), now.macs, then.macs), (_("parameters"), now.parameters, then.parameters)]
        change = _("since {before}; now {now}", before=self.describe(before), now=self.describe(built))
        return parts.ghost("", amounts, change)


# ---- one layer ----------------------------------------------------------------------------------


def _places(call: Call) -> int:
    """How many positions a layer goes through: places of its window, or outputs if it has none."""
    sizes = [int(size) for size in call.output_shape]
    return sizes[1] * sizes[2] if len(sizes) == 3 else sizes[0]


def _plain(shape: Any) -> tuple[int, ...]:
    return tuple(int(size) for size in shape)


def _picture(call: Call, position: int) -> str:
    facts, places = call.facts(), _places(call)
    each = _at_one_place(facts, places)
    drawn = _drawn(call, position, each)
    wheels = parts.wheels(facts, _total(call, Quantity.MULTIPLICATIONS), _total(call, Quantity.ADDITIONS),
                            Fraction(position, places))  # fmt: skip
    what = _("Output") if _is_vector(call) else _("Position")
    scope = _("{what} {position} of {places}", what=what, position=number(position), places=number(places))
    heading = tag(
        "p", tag("b", call.path), f" {call.layer!r}" if _is_short(call) else "", class_="lc-heading"
    )
    return heading + tag("figure", drawn) + parts.odometer(scope, wheels, _("At each: {work}.", work=each))


def _is_short(call: Call) -> bool:
    return len(repr(call.layer)) <= 60


def _is_vector(call: Call) -> bool:
    return len(call.output_shape) == 1


def _total(call: Call, quantity: Quantity) -> int:
    return count(call.layer, quantity, call.input_shape).total


def _at_one_place(facts: Facts, places: int) -> str:
    """The operations at one position, in words."""
    shared = (
        Operation(each.kind, each.role, int(each.amount) // places, int(each.length))
        for each in facts.operations
    )
    return ", ".join(operation.describe() for operation in shared)


def _drawn(call: Call, position: int, each: str) -> str:
    layer: Any = call.layer
    if isinstance(layer, Linear | EuclideanRBF):
        bias = isinstance(layer, Linear) and layer.bias
        done = layer.in_features + bias
        return matrix_picture(
            Product(layer.in_features, layer.out_features, bias, position, done), "position"
        )
    shapes = _plain(call.input_shape), _plain(call.output_shape)
    return slide_picture(
        Slide(*shapes, layer.kernel_size, getattr(layer, "stride", (1, 1)), _letters(call), position), each
    )


# ---- the other panes ----------------------------------------------------------------------------


def _letters(call: Call) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The letters of the axes that go into a layer, and of those that come out."""
    if _is_vector(call):
        return ("d_in",), ("d_out",)
    mixes = isinstance(call.layer, Conv2d | ConnectedConv2d)
    given, gives = ("C_in", "C_out") if mixes else ("C", "C")
    return (given, "H", "W"), (gives, "H_out", "W_out")


def _overview(built: Built, before: Built | None, chosen: int) -> str:
    shapes = [_plain(built.network.input_shape), *(_plain(call.output_shape) for call in built.stages)]
    past: list[Any] = [None] * len(shapes)
    if before is not None:
        past = [_plain(before.network.input_shape), *(_plain(call.output_shape) for call in before.stages)]
    names = [_("image"), *(call.path for call in built.stages)]
    choices = ["", *(f"layer={stage}" for stage in STAGES)]
    letters = dict(zip((chosen, chosen + 1), _letters(built.stages[chosen]), strict=True))
    return pipeline([
        Stage(*described, letters.get(position, ()), position == chosen + 1)
        for position, described in enumerate(zip(names, shapes, past, choices, strict=True))
    ])  # fmt: skip


def _lines(built: Built, call: Call, convention: str) -> str:
    return _lines_of_layer(call, convention) + _lines_of_network(built, convention)


def _lines_of_layer(call: Call, convention: str) -> str:
    def of(quantity: Quantity) -> Count:
        return count(call.layer, quantity, call.input_shape, convention)

    macs, flops = of(Quantity.MACS), of(Quantity.FLOPS)
    letters = {letter.name: letter for counted in (macs, flops) for letter in counted.definitions}
    return "".join([
        _heading(call.path),
        parts.substitution(_("parameters"), of(Quantity.PARAMETERS)),
        parts.substitution(_("MACs"), macs, _left_out([call.facts()], Quantity.MACS, convention)),
        parts.substitution(_("FLOPs"), flops, _left_out([call.facts()], Quantity.FLOPS, convention)),
        *(parts.definition(letter) for letter in letters.values()),
    ])  # fmt: skip


def _lines_of_network(built: Built, convention: str) -> str:
    shown, chosen = built.table(convention), CONVENTIONS[convention]
    rows = shown.rows
    parameters = _sum_of(row.parameters for row in rows)
    macs, flops = _sum_of(row.macs for row in rows), _sum_of(filter(None, shown.counted.amounts))
    no_macs, no_flops = (
        _left_out(built.facts, which, convention) for which in (Quantity.MACS, Quantity.FLOPS)
    )
    size = parameters * bytes_of(1)
    return "".join([
        _heading(_("the whole network")),
        parts.derivation(_("parameters"), parameters, "parameters"),
        parts.derivation(_("bytes"), size, "bytes", "", parts.in_float32(size.value)),
        parts.derivation(_("MACs"), macs, "MACs", "", no_macs),
        parts.derivation(_("FLOPs"), flops, chosen.unit, chosen.name, no_flops),
    ])  # fmt: skip


def _sum_of(amounts: Iterable[int]) -> Expression:
    """The amounts as one sum that remembers its terms; layers that add nothing are not written."""
    nothing: Number = 0
    return expression(reduce(add, map(expression, filter(None, amounts)), nothing))


def _heading(words: str) -> str:
    return tag("p", tag("b", escaped(words)), class_="lc-heading")


def _left_out(facts: list[Facts], quantity: Quantity, convention: str) -> str:
    return parts.left_out(facts, pricing(quantity, CONVENTIONS[convention]))


def _bars(built: Built, chosen: int) -> str:
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


def _twin(built: Built, convention: str) -> str:
    return parts.twin(_("The network as a table"), built.table(convention).html())


def lenet_explorer(version: str = "max-pooling", layer: str = "conv2 (C3)") -> LeNetExplorer:
    """The explorer of LeNet-5, beginning with this version and one of `STAGES` to look at."""
    return LeNetExplorer(version, layer)
