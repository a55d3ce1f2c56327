"""The explorer of VGG: where its parameters sit, where work is done, and how large the first dense layer is.

Both bars of a layer stand on one axis, in percent of VGG-16's totals: parameters above it, MACs below.
The matrices under them have one scale for every setting, so that a larger one leaves the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

from layercost.explorers import parts
from layercost.explorers.controls import Choice, Size, Tick
from layercost.explorers.explorer import Explorer
from layercost.explorers.markup import box, drawing, line, words
from layercost.explorers.subject import Subject
from layercost.layer import Call
from layercost.layers import Conv2d, Linear
from layercost.message import Message
from layercost.message import spoken as _
from layercost.networks import vgg11, vgg13, vgg16, vgg19
from layercost.view import escaped, number, tag

VERSIONS = {"A": vgg11, "B": vgg13, "D": vgg16, "E": vgg19}
LAYERS = (
    *(f"conv{stage}_{place}" for stage, most in enumerate((2, 2, 4, 4, 4), start=1)
      for place in range(1, most + 1)),
    "fc6", "fc7", "fc8",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class VGG(Subject):
    """A VGG with the layers that hold weights."""

    @cached_property
    def weighed(self) -> dict[str, tuple[Call, int, int]]:
        """Each layer with weights: its call, its parameters, its MACs."""
        rows = {row.name: row for row in self.table().rows if row.parameters}
        return {
            call.path: (call, rows[call.path].parameters, rows[call.path].macs or 0)
            for call in self.calls
            if call.path in rows
        }


@cache
def sixteen() -> tuple[int, int]:
    """Parameters and MACs of VGG-16 as in the paper, which everything is measured by."""
    net = Subject(vgg16(), (3, 224, 224), "VGG-16")
    return net.parameters, net.macs


def reached(built: Subject) -> tuple[bool, bool]:
    """Whether the MACs are those of VGG-16 within 1 %, and whether half of its parameters are enough."""
    parameters, macs = sixteen()
    return abs(built.macs - macs) * 100 <= macs, 2 * built.parameters <= parameters


class VGGExplorer(Explorer):
    """A VGG of four depths, its image and its dense layers moved, or a mean of each map in their place."""

    name = "vgg"
    controls = (
        Choice("version", Message("version"), "D", tuple(VERSIONS), main=True, buttons=True),
        Size("size", Message("image size"), 224, 32, 512, letter="H", main=True),
        Size("hidden", Message("fc6, fc7 outputs"), 4096, 64, 8192, letter="d_out", main=True),
        Tick("pooled", Message("global average pooling"), False, main=True),
        Choice("layer", Message("layer to look at"), "fc6", LAYERS, looks=True),
    )

    def build(self, settings: Mapping[str, Any]) -> VGG:
        version, size, hidden, pooled = (settings[name] for name in ("version", "size", "hidden", "pooled"))
        net = VERSIONS[version](size=size, hidden=hidden, global_pooling=pooled)
        head = _("one dense layer") if pooled else _("dense layers of {hidden}", hidden=number(hidden))
        said = _("VGG {version}, image {size}×{size}, {head}", version=version, size=size, head=head)
        return VGG(net, (3, size, size), said)

    def picture(self, built: VGG, settings: Mapping[str, Any]) -> str:
        return _bars(built, settings["layer"]) + _matrices(built, settings["layer"]) + _challenge(built)

    def detail(self, built: VGG, settings: Mapping[str, Any]) -> str:
        name = settings["layer"]
        heading = parts.heading(name)
        if name not in built.weighed:
            return heading + tag("p", _("This network has no such layer."))
        layer = Subject.of(built.weighed[name][0])
        return heading + "".join(layer.lines(settings["convention"]))

    def rows(self, built: VGG, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        parameters, macs = sixteen()
        return [
            (_("parameters, of VGG-16's"), percent(built.parameters, parameters), "%"),
            (_("MACs, of VGG-16's"), percent(built.macs, macs), "%"),
            *((_("matrix of {layer}", layer=name), f"{down:,} × {across:,}", _("outputs × inputs of each"))
              for name, (across, down) in sides(built).items()),
        ]  # fmt: skip


def percent(part: int, whole: int) -> str:
    """A share with as many digits as tell 1 % from a little more."""
    return f"{float(Fraction(100 * part, whole)):,.1f}"


# ---- two bars a layer, on one axis ------------------------------------------------------------------

WIDTH = 372
PER_CENT = 1.5  # units of the drawing
CEILING, FLOOR = 82, 30  # percent above and below the axis; a taller bar is cut, and its share written
_LEFT, _TOP = 4, 18
_AXIS = _TOP + CEILING * PER_CENT


def _bars(built: VGG, chosen: str) -> str:
    every, low = built.weighed, _lowest(built)
    column = (WIDTH - 2 * _LEFT) / len(LAYERS)
    drawn: list[str] = []
    for place, name in enumerate(LAYERS):
        if name in every:
            _call, parameters, macs = every[name]
            x = _LEFT + place * column
            drawn += _column(name, x, column, parameters, macs, chosen)
    parameters, macs = built.parameters, built.macs
    says = _(
        "Bars of each layer in percent of VGG-16's totals: parameters above the axis, MACs below. "
        "In all {parameters} % of the parameters and {macs} % of the MACs.",
        parameters=percent(parameters, sixteen()[0]), macs=percent(macs, sixteen()[1]),
    )  # fmt: skip
    axis = line(0, _AXIS, WIDTH, _AXIS, "lc-base")
    stages = _stage_names(column, _AXIS + low + 13)
    above = words(_LEFT, _TOP + 10, f"{percent(parameters, sixteen()[0])} % {_('of the parameters')}",
                  "lc-side-name")  # fmt: skip
    below = words(_LEFT, _AXIS + low + 29, f"{percent(macs, sixteen()[1])} % {_('of the MACs')}",
                  "lc-side-name")  # fmt: skip
    height = _AXIS + low + 34
    return drawing("lc-hills", WIDTH, height, says, *drawn, axis, *stages, above, below)


def _stage_names(column: float, y: float) -> Iterator[str]:
    """Under the columns of each stage its name."""
    stages: dict[str, list[int]] = {}
    for place, name in enumerate(LAYERS):
        stages.setdefault(name.partition("_")[0] if name.startswith("conv") else "fc6–8", []).append(place)
    for name, places in stages.items():
        middle = _LEFT + column * (places[0] + places[-1] + 1) / 2
        yield words(middle, y, name, "lc-stage-mark", text_anchor="middle")


def _lowest(built: VGG) -> float:
    """How far the longest bar of MACs reaches down."""
    longest = max(macs for _call, _parameters, macs in built.weighed.values())
    return min(max(100 * longest / sixteen()[1], 12.5), FLOOR) * PER_CENT


def _column(name: str, x: float, column: float, parameters: int, macs: int, chosen: str) -> Iterator[str]:
    held, done = 100 * parameters / sixteen()[0], 100 * macs / sixteen()[1]
    up, down = min(held, CEILING) * PER_CENT, min(done, FLOOR) * PER_CENT
    picked = " lc-chosen" if name == chosen else ""
    kind = "lc-d-k" if name.startswith("conv") else "lc-d-cout"
    touch = box(x, _TOP, column, _AXIS - _TOP + max(down, 18), "lc-touch")
    inside = [
        box(x + 1.5, _AXIS - up, column - 3, max(up, 0.5), f"lc-cell {kind}"),
        box(x + 1.5, _AXIS, column - 3, max(down, 0.5), f"lc-work {kind}"),
    ]
    if held > CEILING:
        inside.append(words(x - 3, _TOP + 10, f"{held:,.0f} % ↑", "lc-spilled", text_anchor="end"))
    elif held >= 20:
        inside.append(words(x - 3, _AXIS - up + 11, f"{name} {held:.0f} %", "lc-bar-name", text_anchor="end"))
    if done > FLOOR:
        inside.append(_upright(x + column / 2 + 4.5, _AXIS + down - 3, f"← {done:.0f} %"))
    yield tag("g", touch, *inside, class_=f"lc-hill{picked}", data_set=f"layer={name}")


def _upright(x: float, y: float, said: str) -> str:
    """Words that are read from below, in a bar that is cut at its lower end."""
    return words(x, y, said, "lc-bar-name", transform=f"rotate(-90 {x:.1f} {y:.1f})")


# ---- weight matrices, all at one scale --------------------------------------------------------------

SCALE = 80  # weights along one unit of the drawing
FRAME = WIDTH * SCALE
DEEP = 56 * SCALE  # outputs; a taller matrix is cut at its lower end, and it is said


def sides(built: VGG) -> dict[str, tuple[int, int]]:
    """Of the matrix of each layer: the inputs of one output, and the outputs."""
    return {name: _sides(call.layer) for name, (call, _parameters, _macs) in built.weighed.items()}


def _sides(layer: Any) -> tuple[int, int]:
    if isinstance(layer, Linear):
        return layer.in_features, layer.out_features
    assert isinstance(layer, Conv2d)
    return layer.in_channels * int(layer.window.area), layer.out_channels


def _matrices(built: VGG, chosen: str) -> str:
    matrices = sides(built)
    first, top = matrices.get("fc6"), 14.0
    drawn: list[str] = []
    if first is not None:
        drawn += _spilling(first, top, chosen)
        top += _tall(first[1]) + 5
    drawn += _placed(matrices, top, chosen)
    dense = [_tall(matrices[name][1]) for name in ("fc7", "fc8") if name in matrices]
    height = top + max([37.0, *dense]) + 2
    says = _("The weight matrices of all layers at one scale: {sizes}.",
             sizes=", ".join(f"{name} {down:,} × {across:,}" for name, (across, down) in matrices.items()
                             if name in ("fc6", "fc7", "fc8", "conv5_1")))  # fmt: skip
    return drawing("lc-matrices", WIDTH, height, says, *drawn)


def _spilling(first: tuple[int, int], top: float, chosen: str) -> Iterator[str]:
    """fc6, as far as it goes into the frame."""
    across, down = first
    picked = " lc-chosen" if chosen == "fc6" else ""
    shown = min(across / SCALE, WIDTH)
    yield box(0, top, shown, _tall(down), f"lc-matrix lc-dense{picked}", data_set="layer=fc6")
    cut = across > FRAME or down > DEEP
    yield words(0, top - 4, _how_far(across, down), "lc-spilled" if cut else "lc-matrix-name")


def _tall(outputs: int) -> float:
    """How high a matrix is drawn."""
    return min(outputs, DEEP) / SCALE


def _how_far(across: int, down: int) -> str:
    """The size of fc6, and how much larger it is than what is drawn of it."""
    said = {
        "matrix": f"fc6: {number(across)} × {number(down)}",
        "times": f"{across / FRAME:.1f}",
        "high": f"{down / DEEP:.1f}",
    }
    if across > FRAME and down > DEEP:
        return _("{matrix}, {times} → and {high} ↓ times what is drawn", **said)
    if down > DEEP:
        return _("{matrix}, {high} times as high as what is drawn ↓", **said)
    return _("{matrix}, {times} times as wide as the picture →", **said) if across > FRAME else said["matrix"]


def _placed(matrices: Mapping[str, tuple[int, int]], top: float, chosen: str) -> Iterator[str]:
    """The other dense layers, then the convolutions in rows of four."""
    x = 0.0
    for name in ("fc7", "fc8"):
        if name in matrices:
            across, down = matrices[name][0] / SCALE, _tall(matrices[name][1])
            picked = " lc-chosen" if name == chosen else ""
            yield box(x, top, across, down, f"lc-matrix lc-dense{picked}", data_set=f"layer={name}")
            if matrices[name][1] > DEEP:
                yield words(
                    x + 5, top + down - 6, f"{number(matrices[name][1])} ↓", "lc-spilled lc-in-matrix"
                )
            x += across + 5
    convolutions = [name for name in matrices if name.startswith("conv")]
    start = min(x + 6, WIDTH - 4 * 61)
    for place, name in enumerate(convolutions):
        across, down = (side / SCALE for side in matrices[name])
        column, row = divmod(place, 4)
        picked = " lc-chosen" if name == chosen else ""
        yield box(start + 61 * column, top + 9 * row, max(across, 1), max(down, 1),
                  f"lc-matrix lc-conv{picked}", data_set=f"layer={name}")  # fmt: skip


# ---- the challenge ----------------------------------------------------------------------------------


def _challenge(built: VGG) -> str:
    """How near one is to the same MACs with half of the parameters."""
    parameters, macs = sixteen()
    marks = zip(
        reached(built),
        (_("the MACs of VGG-16, within 1 %: {share} %", share=percent(built.macs, macs)),
         _("half of its parameters at most: {share} %", share=percent(built.parameters, parameters))),
        strict=True,
    )  # fmt: skip
    goals = "".join(
        tag("li", tag("span", "✓" if done else "○", aria_hidden="true"), f" {escaped(goal)}",
            class_="lc-goal" + (" lc-met" if done else ""))
        for done, goal in marks
    )  # fmt: skip
    won = all(reached(built))
    said = _("Challenge reached. Copy the link to send it.") if won else _("Challenge")
    return tag("div", tag("b", said), tag("ul", goals), class_="lc-challenge" + (" lc-won" if won else ""))
