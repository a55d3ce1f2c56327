"""Sphinx extension: still figures of whole networks, for `picture` as those of `course_figures` are.

- ``wirings(net, other, ...)`` draws which maps each kernel of AlexNet's convolutions reads, a row a network.
- ``one_pixel_a_weight(net)`` is a plane to scroll in, in which every weight of a network has a pixel.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from course_figures import Picture, figure
from sphinx.application import Sphinx

import layercost as lc
from layercost.explorers.markup import drawing
from layercost.explorers.wiring import Wired, height_of, width_of, wiring
from layercost.message import spoken as _
from layercost.view import escaped, number, tag


@figure
def wirings(*nets: lc.Model) -> Picture:
    """One cell for each kernel slice of the convolutions, all networks at one scale, each with its total."""
    shown = [(net, _wired(net)) for net in nets]
    widest = max(width_of(layers) for _net, layers in shown)
    drawn = tag("div", *(_row(net, layers, widest) for net, layers in shown), class_="lc-wirings")
    heads = (_("network"), _("convolution"), _("maps that a kernel reads"), _("kernels"), _("slices"))
    rows = [
        (net.version, one.name, number(_reads(one)), number(one.layer.out_channels), number(one.slices))
        for net, layers in shown
        for one in layers
    ]
    return Picture(drawn, heads, rows)


def _row(net: lc.Model, layers: list[Wired], widest: float) -> str:
    total = lc.table(net).total
    slices = ", ".join(f"{one.name} {number(one.slices)}" for one in layers)
    says = _("{name}, kernel slices of each convolution: {slices}.", name=net.version, slices=slices)
    tallest = max(one.layer.out_channels for one in layers)
    said = tag(
        "p", tag("b", number(total.parameters)), f" {_('parameters')}<br>",
        tag("b", number(total.macs)), f" {_('MACs')}<br>", tag("code", escaped(net.version)),
    )  # fmt: skip
    return tag("div", said, drawing("lc-wiring-row", widest, height_of(tallest), says, *wiring(layers)))


def _wired(net: lc.Model) -> list[Wired]:
    convolutions = (leaf for _path, leaf in net.leaves() if isinstance(leaf, lc.Conv2d))
    return [Wired(f"conv{place}", layer) for place, layer in enumerate(convolutions, start=1)]


def _reads(one: Wired) -> int:
    return one.layer.in_channels // one.layer.groups


# ---- one pixel a weight ------------------------------------------------------------------------------

TALL = 4096  # weights in a column of the plane
_MARK, _RULE = 1000, 100  # columns between two words, and between two lines


@figure
def one_pixel_a_weight(net: lc.Model) -> Picture:
    """All weights of a network as one plane of `TALL` rows, in the order of its layers, a pixel each.

    The convolutions of a stage stand together, as long as their names begin alike.
    """
    parts = _parts_of(net)
    ends, end = [], 0
    for name, amount, dense in parts:
        end += amount
        ends.append((name, end / TALL, dense))
    width = math.ceil(end / TALL)
    says = _("Every weight of {name} as a pixel, {rows} in a column: {columns} columns.",
             name=net.name, rows=number(TALL), columns=number(width))  # fmt: skip
    svg = tag("svg", *_plane(ends, width), width=width, height=TALL, aria_hidden="true")
    drawn = tag("div", svg, class_="lc-plane", tabindex=0, role="region", aria_label=says)
    rows = [(name, number(amount), f"{amount / TALL:,.1f}") for name, amount, _dense in parts]
    return Picture(drawn, (_("part"), _("weights"), _("columns of {rows}", rows=number(TALL))), rows)


def _parts_of(net: lc.Model) -> list[tuple[str, int, bool]]:
    """Weights of each stage of convolutions and of each dense layer, in order: name, weights, dense."""
    found: dict[str, tuple[int, bool]] = {}
    for path, leaf in net.leaves():
        if isinstance(leaf, lc.Conv2d | lc.Linear):
            dense = isinstance(leaf, lc.Linear)
            name = path if dense else path.partition("_")[0]
            weights = sum(int(held.size) for held in leaf.parameters() if not held.is_bias)
            found[name] = (found.get(name, (0, dense))[0] + weights, dense)
    return [(name, amount, dense) for name, (amount, dense) in found.items()]


def _plane(ends: list[tuple[str, float, bool]], width: int) -> Iterator[str]:
    start = 0.0
    for _name, end, dense in ends:
        kind = "lc-weights-dense" if dense else "lc-weights-conv"
        yield tag("rect", class_=kind, x=start, y=0, width=end - start, height=TALL)
        start = end
    rules = "".join(f"M{x} 0v{TALL}" for x in range(_RULE, width, _RULE))
    yield tag("path", class_="lc-plane-rule", d=rules)
    for _name, end, _dense in ends:
        yield tag("path", class_="lc-plane-end", d=f"M{end:.2f} 0v{TALL}")
    for place, ((name, end, _dense), after) in enumerate(pairwise(ends)):
        words = escaped(_("{part} ends here", part=name))
        yield tag("text", words, class_=_on(after), x=end + 8, y=40 + 40 * (place % 5))
    for column in range(_MARK, width, _MARK):
        part = next(part for part in ends if column <= part[1])
        said = _("{part}, column {column} of {all}",
                 part=part[0], column=number(column), all=number(width))  # fmt: skip
        yield tag("text", escaped(said), class_=f"lc-plane-mark {_on(part)}", x=column + 4, y=252)


def _on(part: tuple[str, float, bool]) -> str:
    """The class of words that stand on a part's colour."""
    return "lc-on-dense" if part[2] else "lc-on-conv"


def setup(_app: Sphinx) -> dict[str, Any]:
    """The figures are there once this module is imported."""
    return {"parallel_read_safe": True, "parallel_write_safe": True}
