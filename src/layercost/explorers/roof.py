"""The picture of a roofline: what a machine can do at each intensity, and where a step and a prefill stand.

Both axes are logarithmic. Left of the ridge the memory is the limit and the roof rises; right of it the roof
is the peak. Marks under the roof show where the step would stand with other numbers of texts; it never passes
the dashed line, where the caches of all texts are all that counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import NamedTuple

from layercost.explorers.markup import box, drawing, line, words
from layercost.message import spoken as _
from layercost.view import escaped, plain, tag

WIDTH, HEIGHT = 372, 220
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 364, 22, 184
_FIRST, _LAST = -1.0, 5.6  # powers of ten on the axis of intensities
_PREFIXES = ("", "K", "M", "G", "T", "P")
_DOT, _SQUARE = 5.5, 10.0
_NEAR = 62  # names of marks that are nearer than this would touch


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn: a machine, both passes as FLOPs a byte, the way of the step, and where it ends.

    `way` has numbers of texts with their intensities. `before` is the step of the last setting, if there was
    one on the same machine. `most` is what no number of texts passes.
    """

    peak: float
    bandwidth: float
    step: float
    prefill: float
    way: Sequence[tuple[int, float]]
    most: float
    before: float | None

    @property
    def ridge(self) -> float:
        """Where both limits meet."""
        return self.peak / self.bandwidth

    def at(self, intensity: float) -> float:
        """The FLOP/s that are possible there."""
        return min(self.peak, intensity * self.bandwidth)


class Mark(NamedTuple):
    """A named point under a roof: FLOPs a byte, and the FLOP/s that are reached there."""

    name: str
    intensity: float
    rate: float


def marked_roofline(peak: float, bandwidth: float, marks: Sequence[Mark], says: str) -> str:
    """A roof with points under it, for a page that does not move."""
    shown = Shown(peak, bandwidth, 1, 1, (), 1, None)
    drawn = [*_axes(shown), *_roof(shown)]
    for place, mark in enumerate(marks):
        x, y = round(_across(mark.intensity), 1), round(_up(shown, mark.rate), 1)
        drawn.append(tag("circle", class_="lc-roof-step", cx=x, cy=y, r=4))
        if len(marks) < 4 or place in (0, len(marks) - 1):
            drawn.append(words(x + 7, y + 15, escaped(mark.name), "lc-pass-name"))
    return drawing("lc-roofline", WIDTH, HEIGHT, says, *drawn)


def roofline_picture(shown: Shown) -> str:
    """Axes, roof, marks, and the two passes."""
    says = _(
        "A roofline that rises to {peak} FLOP/s at {ridge} FLOPs a byte. A step does {step} FLOPs a byte, "
        "a prefill {prefill}.",
        peak=shortened(shown.peak), ridge=_short(shown.ridge), step=_short(shown.step),
        prefill=_short(shown.prefill),
    )  # fmt: skip
    drawn = (_axes(shown), _roof(shown), _way(shown), _passes(shown))
    return drawing("lc-roofline", WIDTH, HEIGHT, says, *(one for parts in drawn for one in parts))


def shortened(rate: float) -> str:
    """FLOP/s without the unit, in three digits with a prefix."""
    power = min(max(floor(log10(rate) / 3), 0), len(_PREFIXES) - 1)
    return f"{_short(rate / 1000**power)} {_PREFIXES[power]}".strip()


def _short(amount: float) -> str:
    """Three digits, as people say them."""
    if amount >= 1000:
        return f"{round(amount, 2 - floor(log10(amount))):,.0f}"
    return f"{amount:.3g}"


# ---- places ----------------------------------------------------------------------------------------


def _across(intensity: float) -> float:
    power = min(max(log10(intensity), _FIRST), _LAST)
    return _LEFT + (_RIGHT - _LEFT) * (power - _FIRST) / (_LAST - _FIRST)


def _lowest(shown: Shown) -> float:
    """The power of ten at the foot of the picture: a little below the left end of the roof."""
    return log10(shown.at(10**_FIRST)) - 0.35


def _up(shown: Shown, rate: float) -> float:
    low, high = _lowest(shown), log10(shown.peak) + 0.3
    return _BOTTOM - (_BOTTOM - _TOP) * (log10(rate) - low) / (high - low)


# ---- parts -----------------------------------------------------------------------------------------


def _axes(shown: Shown) -> Iterator[str]:
    yield line(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, "lc-axis-line")
    yield line(_LEFT, _TOP, _LEFT, _BOTTOM, "lc-axis-line")
    for power in range(ceil(_FIRST), floor(_LAST) + 1):
        x = _across(10.0**power)
        yield line(x, _BOTTOM, x, _BOTTOM + 4, "lc-axis-line")
        yield words(x, _BOTTOM + 15, _short(10.0**power), "lc-tick", text_anchor="middle")
    for power in range(ceil(_lowest(shown)), floor(log10(shown.peak) + 0.25) + 1):
        y = _up(shown, 10.0**power)
        yield line(_LEFT - 4, y, _LEFT, y, "lc-axis-line")
        yield words(_LEFT - 6, y + 4, shortened(10.0**power), "lc-tick", text_anchor="end")
    yield words(_RIGHT, HEIGHT - 4, escaped(_("FLOPs a byte")), "lc-tick lc-quiet", text_anchor="end")
    yield words(0, 11, escaped(_("FLOP/s")), "lc-tick lc-quiet")


def _roof(shown: Shown) -> Iterator[str]:
    ends = [10**_FIRST, min(max(shown.ridge, 10**_FIRST), 10**_LAST), 10**_LAST]
    corners = "L".join(f"{plain(x)} {plain(y)}" for x, y in _points(shown, ends))
    yield tag("path", class_="lc-roof", d=f"M{corners}")
    if 10**_FIRST < shown.ridge < 10**_LAST:
        x, y = _across(shown.ridge), _up(shown, shown.peak)
        yield line(x, y, x, _BOTTOM, "lc-ridge-mark")
        said = _("ridge {ridge}", ridge=_short(shown.ridge))
        yield words(min(x, _RIGHT - 36), y - 6, said, "lc-tick", text_anchor="middle")


def _points(shown: Shown, intensities: Sequence[float]) -> list[tuple[float, float]]:
    return [(round(_across(at), 1), round(_up(shown, shown.at(at)), 1)) for at in intensities]


def _way(shown: Shown) -> Iterator[str]:
    """Marks where the step would stand with other numbers of texts, and the line that it never passes."""
    x = _across(shown.most)
    yield line(x, _up(shown, shown.at(shown.most)), x, _BOTTOM, "lc-never")
    for _texts, intensity in shown.way:
        ((across, up),) = _points(shown, [intensity])
        yield line(across, up, across, up + 7, "lc-way-mark")


def _passes(shown: Shown) -> Iterator[str]:
    if shown.before is not None:
        ((x, y),) = _points(shown, [shown.before])
        yield tag("circle", class_="lc-roof-ghost", cx=x, cy=y, r=_DOT)
    (prefill, (x, y)) = _points(shown, [shown.prefill, shown.step])
    yield box(prefill[0] - _SQUARE / 2, prefill[1] - _SQUARE / 2, _SQUARE, _SQUARE, "lc-roof-prefill")
    yield _prefill_name(
        shown, prefill, near=abs(prefill[0] - x) < _NEAR and abs(prefill[1] - y) < _SQUARE * 2
    )
    yield tag("circle", class_="lc-roof-step", cx=x, cy=y, r=_DOT)
    yield words(min(x + 9, _RIGHT - 24), y + 19, escaped(_("step")), "lc-pass-name")


def _prefill_name(shown: Shown, place: tuple[float, float], *, near: bool) -> str:
    """Below the square; above the roof where the step is near, whose name stands below."""
    (x, y), name = place, escaped(_("prefill"))
    if not near:
        return words(min(x, _RIGHT - 20), y + 20, name, "lc-pass-name", text_anchor="middle")
    if shown.prefill < shown.ridge:
        return words(x - 6, y - 8, name, "lc-pass-name", text_anchor="end")
    return words(min(x + 4, _RIGHT - 44), y - 8, name, "lc-pass-name")
