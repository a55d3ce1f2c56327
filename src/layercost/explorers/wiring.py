"""Which maps each kernel of a convolution reads: one cell for each slice, all layers to one scale.

Across stand the maps that come in, down the kernels; groups leave the cells between the halves empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from layercost.explorers.markup import box, words
from layercost.layers import Conv2d
from layercost.view import escaped, tag

SCALE = 0.23  # units of the drawing for a channel
_GAP = 9
_NARROWEST = 50  # a layer has room for its name
_LABELS = 17  # above the matrices


@dataclass(frozen=True, slots=True)
class Wired:
    """A convolution of the picture: its name, and what a touch on it asks for, as ``layer=conv2``."""

    name: str
    layer: Conv2d
    choice: str = ""
    chosen: bool = False

    @property
    def slices(self) -> int:
        """The slices of all its kernels."""
        return self.layer.out_channels * (self.layer.in_channels // self.layer.groups)


def wiring(layers: Iterable[Wired]) -> Iterator[str]:
    """The matrices of some convolutions in a row, with their names above and their kernels below."""
    left = 0.0
    for one in layers:
        across, down = one.layer.in_channels * SCALE, one.layer.out_channels * SCALE
        room = max(across, _NARROWEST)
        yield _matrix(one, left + (room - across) / 2, room, left, down)
        left += room + _GAP


def height_of(tallest: int) -> float:
    """How high a row is whose tallest matrix has so many kernels."""
    return _LABELS + tallest * SCALE + 17


def width_of(layers: Sequence[Wired]) -> float:
    """How wide a row is."""
    return sum(max(one.layer.in_channels * SCALE, _NARROWEST) + _GAP for one in layers) - _GAP


def _matrix(one: Wired, x: float, room: float, left: float, down: float) -> str:
    layer = one.layer
    across = max(layer.in_channels * SCALE, 1.5)
    groups = layer.groups
    blocks = (
        box(x + across * group / groups, _LABELS + down * group / groups, across / groups, down / groups,
            "lc-cell lc-wired lc-d-k")
        for group in range(groups)
    )  # fmt: skip
    cut = box(x, _LABELS, across, down, "lc-cut") if groups > 1 else ""
    kernel = "×".join(map(str, layer.window.kernel))
    middle = left + room / 2
    reach = box(left, 0, room, _LABELS + down + 17, "lc-touch")
    return tag(
        "g", reach, cut, *blocks,
        words(middle, 12, escaped(one.name), "lc-wired-name", text_anchor="middle"),
        words(middle, _LABELS + down + 13, kernel, "lc-wired-kernel", text_anchor="middle"),
        class_="lc-wiring" + (" lc-chosen" if one.chosen else ""), data_set=one.choice or None,
    )  # fmt: skip
