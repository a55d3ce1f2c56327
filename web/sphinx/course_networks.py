"""Sphinx extension: still figures of whole networks, for `picture` as those of `course_figures` are.

- ``wirings(net, other, ...)`` draws which maps each kernel of AlexNet's convolutions reads, a row a network.
"""

from __future__ import annotations

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


def setup(app: Sphinx) -> dict[str, Any]:
    """The figures are there once this module is imported."""
    return {"parallel_read_safe": True, "parallel_write_safe": True}
