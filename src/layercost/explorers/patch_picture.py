"""The picture of a ViT: an image under its grid of patches, four bars of work, and shares against tokens.

The image fills its square whatever its side; so a patch is as large as its share of it. What no patch reads
is hatched. Below, the shares of the work stand above one another for every number of tokens, the axis
logarithmic, with a mark where the tokens are and one where maps and pairs are even.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

from layercost.explorers.markup import box, drawing, line, svg_letter, words
from layercost.message import spoken as _
from layercost.view import escaped, number, plain, tag

WIDTH, HEIGHT = 372, 302
_SIDE = 146  # of the image
_NAME, _LONGEST = 164, 206  # where bars begin, and how long one of all is
_PITCH, _BAR = 37, 12
_FINEST = 3  # lines of a grid stand no nearer
_TOP, _BOTTOM = 182, 268  # of the shares
_LEAST, _MOST = 2, 65_537  # tokens on the axis
_STEPS = 32


@dataclass(frozen=True, slots=True)
class Seen:
    """What is drawn: of each part its name, what a touch asks for, whether it is looked at, and its MACs.

    `before` has the MACs of the last setting; `side` and `patch` are in pixels.
    """

    rows: Sequence[tuple[str, str, bool, int]]
    before: Sequence[int] | None
    side: int
    patch: int
    width: int
    depth: int

    @property
    def across(self) -> int:
        """The patches in a row."""
        return self.side // self.patch

    @property
    def tokens(self) -> int:
        """The patches, and the class token."""
        return self.across**2 + 1

    @property
    def even(self) -> int:
        """At how many tokens the pairs cost as much as the maps: 2 d T = 12 d²."""
        return 6 * self.width


def patches_and_shares(seen: Seen) -> str:
    """The image and its bars above, the shares below."""
    total = sum(row[3] for row in seen.rows)
    shares = "; ".join(f"{row[0]} {100 * row[3] / total:.1f} %" for row in seen.rows)
    says = _(
        "An image under a grid of {across} by {across} patches. Shares of the work: {shares}. Below, how "
        "maps and pairs share the work as tokens grow: even at {even}; here are {tokens}.",
        across=number(seen.across), shares=shares, even=number(seen.even), tokens=number(seen.tokens),
    )  # fmt: skip
    return drawing("lc-patches", WIDTH, HEIGHT, says, *_image(seen), *_bars(seen, total), *_shares(seen))


# ---- the image -------------------------------------------------------------------------------------


def _image(seen: Seen) -> Iterator[str]:
    """The image, the same at all sizes; its grid, and strokes where no patch reads it."""
    read = round(_SIDE * seen.across * seen.patch / seen.side, 1)
    yield box(0, 0, _SIDE, _SIDE, "lc-sky")
    yield tag("circle", class_="lc-sun", cx=104, cy=40, r=19)
    yield tag("path", class_="lc-hill", d=f"M0 104L42 60 78 98 100 76 {_SIDE} 118V{_SIDE}H0z")
    yield tag("path", class_="lc-field", d=f"M0 {_SIDE}V120Q56 104 {_SIDE} 132V{_SIDE}z")
    if read < _SIDE:
        strokes = _hatched(read, _SIDE, 0, _SIDE) + _hatched(0, read, read, _SIDE)
        yield tag("path", class_="lc-not-read", d=strokes)
    yield from _grid(seen, read)
    yield box(0, 0, read, read, "lc-read")


def _hatched(left: float, right: float, top: float, bottom: float) -> str:
    """Strokes across a rectangle, from its lower left to its upper right."""
    strokes = ""
    for ends in range(2, 2 * _SIDE, 6):  # along a stroke, x and y add up to this
        start, end = max(left, ends - bottom), min(right, ends - top)
        if start < end:
            strokes += f"M{start:.1f} {ends - start:.1f}L{end:.1f} {ends - end:.1f}"
    return strokes


def _grid(seen: Seen, read: float) -> Iterator[str]:
    """The lines between patches; where they would touch, every second, fourth, ... of them, which is said."""
    every = 1
    while read * every / seen.across < _FINEST:
        every *= 2
    places = [plain(round(read * at / seen.across, 1)) for at in range(every, seen.across, every)]
    steps = "".join(f"M0 {at}h{plain(read)}M{at} 0v{plain(read)}" for at in places)
    if steps:
        yield tag("path", class_="lc-rules", d=steps)
    if every > 1:
        said = _("a square is {many} × {many} patches", many=number(every))
        yield words(0, _SIDE + 13, escaped(said), "lc-measure lc-quiet")


# ---- bars ------------------------------------------------------------------------------------------


def _bars(seen: Seen, total: int) -> Iterator[str]:
    for place, (name, choice, looked, amount) in enumerate(seen.rows):
        top = place * _PITCH
        drawn = [
            box(_NAME - 4, top, WIDTH - _NAME + 4, _PITCH - 2, "lc-touch"),
            words(_NAME, top + 12, escaped(name), "lc-part-name"),
            words(WIDTH, top + 12, number(amount), "lc-part-value", text_anchor="end"),
            box(_NAME, top + 16, max(_LONGEST * amount / total, 0.5), _BAR, f"lc-share lc-work-{place}"),
        ]
        if seen.before:
            was = _LONGEST * seen.before[place] / sum(seen.before)
            drawn.append(box(_NAME, top + 16, was, _BAR, "lc-ghost-outline"))
        picked = " lc-chosen" if looked else ""
        yield tag("g", *drawn, class_=f"lc-part-row{picked}", data_set=choice)


# ---- shares against tokens -------------------------------------------------------------------------


def _across(tokens: float) -> float:
    return WIDTH * (log(tokens) - log(_LEAST)) / (log(_MOST) - log(_LEAST))


def _levels(seen: Seen, tokens: float) -> tuple[float, float]:
    """How high the maps reach at so many tokens, and how high maps and pairs together."""
    d, blocks = seen.width, seen.depth
    maps, pairs = 12 * blocks * d * d * tokens, 2 * blocks * d * tokens**2
    rest = 3 * seen.patch**2 * d * (tokens - 1) + 1000 * d
    total = maps + pairs + rest
    high = _BOTTOM - _TOP
    return _BOTTOM - high * maps / total, _BOTTOM - high * (maps + pairs) / total


def _shares(seen: Seen) -> Iterator[str]:
    ratio = (_MOST / _LEAST) ** (1 / _STEPS)
    at = [_LEAST * ratio**step for step in range(_STEPS + 1)]
    levels = [(_across(tokens), *_levels(seen, tokens)) for tokens in at]
    maps = "L".join(f"{x:.1f} {y:.1f}" for x, y, _both in levels)
    both = "L".join(f"{x:.1f} {y:.1f}" for x, _maps, y in levels)
    back = "L".join(f"{x:.1f} {y:.1f}" for x, y, _both in reversed(levels))
    yield box(0, _TOP, WIDTH, _BOTTOM - _TOP, "lc-work-0")
    yield tag("path", class_="lc-work-1", d=f"M0 {_BOTTOM}L{maps}L{WIDTH} {_BOTTOM}z")
    yield tag("path", class_="lc-work-2", d=f"M{both}L{back}z")
    yield words(0, _TOP - 7, escaped(_("Shares of the work, by tokens")), "lc-part-name")
    yield words(10, _BOTTOM - 8, escaped(_("maps")), "lc-inside")
    yield words(WIDTH - 8, _TOP + 18, escaped(_("pairs")), "lc-inside", text_anchor="end")
    yield from _marks(seen)


def _marks(seen: Seen) -> Iterator[str]:
    """Where maps and pairs are even, and where the tokens stand."""
    even, now = _across(seen.even), _across(seen.tokens)
    yield line(even, _TOP, even, _BOTTOM, "lc-even-mark")
    said = f"6 {svg_letter('d')} = {number(seen.even)}"
    yield words(even, _BOTTOM + 29, said, "lc-measure lc-quiet", text_anchor="middle")
    yield line(now, _TOP - 3, now, _BOTTOM + 3, "lc-now-mark")
    anchor = "start" if now < 40 else "end" if now > WIDTH - 40 else "middle"
    beside = {"start": 0, "middle": now, "end": WIDTH}[anchor]
    here = f"{svg_letter('T')} = {number(seen.tokens)}"
    yield words(beside, _BOTTOM + 13, here, "lc-measure lc-d-t", text_anchor=anchor)
