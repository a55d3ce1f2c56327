"""The picture of a block: its parts as boxes in their arrangement, and two curves that cross below.

The boxes of attention and feed-forward are as long as their weights are many. The curves are the shares that
linear maps and pairs of tokens have of all MACs, over the length of the text; they cross where both are even.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import log2

from layercost.explorers.markup import box, drawing, line, svg_letter, words
from layercost.message import spoken as _
from layercost.view import escaped, number, plain, tag

WIDTH, HEIGHT = 372, 276
SHORTEST, LONGEST = 16, 1 << 20  # the tokens at both ends of the axis
_STREAM, _MIDDLE, _BOX, _NORM = 14, 56, 26, 15  # where tokens go around, and the boxes below
_FIRST, _SECOND = 46, 84  # the rows of attention and feed-forward where both stand side by side
_LEFT, _RIGHT, _TOP, _BOTTOM = 40, 362, 134, 254
_TICKS = (100, 1000, 10_000, 100_000)  # with their numbers; one more at the end would touch the last
_PARTS = ("attention", "feed-forward")
_KEY = 200  # where the key of the pairs stands
_APART, _SIGN = 14, 7  # of the length where the curves cross: from them, and how long a sign of it is


@dataclass(frozen=True, slots=True)
class Costs:
    """What decides the curves: the weights of all maps, what a pair costs, and which pairs are counted."""

    maps: int
    pair: int  # MACs for a pair of tokens, of all heads together, in one of the two products
    halved: bool = False  # whether pairs that a causal mask hides are left out

    @property
    def even(self) -> int:
        """The longest text whose pairs cost no more than its maps."""
        return self.maps // self.pair - 1 if self.halved else self.maps // (2 * self.pair)

    def share(self, tokens: float) -> float:
        """The share of all MACs that pairs of tokens have."""
        pairs = self.pair * (tokens + 1 if self.halved else 2 * tokens)
        return pairs / (pairs + self.maps)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A block as it is drawn: how its parts stand, their weights, what is looked at, the text, the costs.

    `arranged` says in words how they stand; `weights` are those of attention and of the feed-forward, and
    `before` the costs of the last setting.
    """

    joined: str
    arranged: str
    norm: str
    weights: tuple[int, int]
    looked: str
    tokens: int
    costs: Costs
    before: Costs | None = None


def block_picture(shown: Drawn) -> str:
    """The block above, the curves below."""
    share = 100 * shown.costs.share(shown.tokens)
    says = _(
        "A block, {arranged}: attention has {attention} weights, the feed-forward layer {feed}. Pairs of "
        "tokens overtake the linear maps at {even} tokens; with {tokens} they have {share} % of the MACs.",
        arranged=shown.arranged, attention=number(shown.weights[0]), feed=number(shown.weights[1]),
        even=number(shown.costs.even), tokens=number(shown.tokens), share=f"{share:.1f}",
    )  # fmt: skip
    return drawing("lc-block", WIDTH, HEIGHT, says, *_block(shown), *_curves(shown))


# ---- the block ---------------------------------------------------------------------------------------


def _block(shown: Drawn) -> Iterator[str]:
    yield words(WIDTH - 4, 106, f"N: {escaped(shown.norm)}", "lc-part-value", text_anchor="end")
    yield from ARRANGEMENTS[shown.joined](shown)


def _wire(*places: tuple[float, float]) -> str:
    """The way of the tokens through some places, one after the other."""
    (x, y), *rest = places
    steps = "".join(f"L{plain(a)} {plain(b)}" for a, b in rest)
    return tag("path", class_="lc-wire", d=f"M{plain(x)} {plain(y)}{steps}")


def _sum(x: float) -> str:
    """The addition at the end of a half."""
    return tag("circle", class_="lc-sum", cx=x, cy=_STREAM, r=6) + tag(
        "path", class_="lc-sum-sign", d=f"M{plain(x - 3.5)} {_STREAM}h7M{plain(x)} {plain(_STREAM - 3.5)}v7"
    )


def _norm(x: float, middle: float) -> str:
    inside = words(x + _NORM / 2, middle + 4, "N", "lc-part-value", text_anchor="middle")
    drawn = box(x, middle - _BOX / 2, _NORM, _BOX, "lc-norm-box")
    return tag("g", drawn, inside, class_="lc-block-part", data_set="part=norm")


def _lengths(shown: Drawn, room: float) -> tuple[float, float]:
    """How long both boxes are in this room, to scale; a small one can still be seen and touched."""
    attention = room * shown.weights[0] / sum(shown.weights)
    attention = min(max(attention, 16), room - 16)
    return attention, room - attention


def _layer(shown: Drawn, place: int, x: float, middle: float, long: float, *, beside: bool) -> str:
    """The box of attention or feed-forward with its name and share, below the box or at its side."""
    part = _PARTS[place]
    share = 100 * shown.weights[place] / sum(shown.weights)
    name = _("attention") if part == "attention" else _("feed-forward")
    said = f"{escaped(name)} {share:.0f} %"
    picked = " lc-chosen" if shown.looked == part else ""
    drawn = box(x, middle - _BOX / 2, long, _BOX, f"lc-layer-box lc-is-{'maps' if place == 0 else 'feed'}")
    if beside:
        text = words(x + long + 6, middle - 5, said, "lc-part-value")
    else:
        at, anchor = (x, "start") if place == 0 else (x + long, "end")
        text = words(at, middle + _BOX / 2 + 14, said, "lc-part-value", text_anchor=anchor)
    return tag("g", drawn, text, class_=f"lc-block-part{picked}", data_set=f"part={part}")


def _in_a_row(before: int, after: int, on_stream: bool) -> Callable[[Drawn], Iterator[str]]:
    """Two halves one after the other, with so many norms before and after each layer, or on the stream."""
    beside = _NORM + 5
    taken = 2 * (12 + (before + after) * beside + 5 + 14 + (beside if on_stream else 0))

    def drawn(shown: Drawn) -> Iterator[str]:
        lengths = _lengths(shown, WIDTH - 14 - taken)
        middle, x = _MIDDLE, 4.0
        yield _wire((x, _STREAM), (WIDTH - 4, _STREAM))
        for place, long in enumerate(lengths):
            start, at = x + 6, x + 12
            end = at + (before + after) * beside + long + 5
            yield _wire((start, _STREAM), (start, middle), (end + 7, middle), (end + 7, _STREAM))
            for _norm_before in range(before):
                yield _norm(at, middle)
                at += beside
            yield _layer(shown, place, at, middle, long, beside=False)
            if after:
                yield _norm(at + long + 5, middle)
            x = end + 14
            yield _sum(end + 7)
            if on_stream:
                yield _norm(x + 2, _STREAM)
                x += beside

    return drawn


def _side_by_side(norms: int) -> Callable[[Drawn], Iterator[str]]:
    """Attention above the feed-forward, both between one branching and one addition; names above the way."""

    def drawn(shown: Drawn) -> Iterator[str]:
        first, second = _FIRST, _SECOND
        split, begin = (40, 52) if norms == 1 else (14, 52)
        end, room = WIDTH - 20, 190.0
        yield _wire((4, _STREAM), (WIDTH - 4, _STREAM))
        for middle in (first, second):
            yield _wire((split, first), (split, middle), (end, middle), (end, _STREAM))
        yield _wire((14, _STREAM), (14, first), (split, first))
        if norms == 1:
            yield _norm(20, first)
        else:
            yield from (_norm(24, middle) for middle in (first, second))
        for place, (long, middle) in enumerate(zip(_lengths(shown, room), (first, second), strict=True)):
            yield _layer(shown, place, begin, middle, long, beside=True)
        yield _sum(end)

    return drawn


ARRANGEMENTS: dict[str, Callable[[Drawn], Iterator[str]]] = {
    "pre-norm": _in_a_row(1, 0, on_stream=False),
    "post-norm": _in_a_row(0, 0, on_stream=True),
    "four norms": _in_a_row(1, 1, on_stream=False),
    "parallel": _side_by_side(1),
    "parallel, two norms": _side_by_side(2),
}


# ---- the curves --------------------------------------------------------------------------------------


def _across(tokens: float) -> float:
    """Where a length stands on the axis, on which each doubling is as long."""
    inside = min(max(tokens, SHORTEST), LONGEST)
    return _LEFT + (_RIGHT - _LEFT) * log2(inside / SHORTEST) / log2(LONGEST / SHORTEST)


def _up(share: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * share


def _curve(share: Callable[[float], float], kind: str) -> str:
    """A share over all lengths; eight points for three doublings are smooth enough."""
    places = [2 ** (4 + step * 3 / 8) for step in range(43)]
    points = [f"{_across(tokens):.1f} {_up(share(tokens)):.1f}" for tokens in places if tokens <= LONGEST]
    return tag("path", class_=f"lc-curve {kind}", d="M" + "L".join(points))


def _curves(shown: Drawn) -> Iterator[str]:
    yield from _axes()
    if shown.before is not None:
        yield _curve(shown.before.share, "lc-curve-before")
    yield _curve(lambda tokens: 1 - shown.costs.share(tokens), "lc-curve-maps")
    yield _curve(shown.costs.share, "lc-curve-pairs")
    yield from _even(shown.costs.even, _across(shown.tokens))
    yield from _now(shown)
    yield from _touched()


def _axes() -> Iterator[str]:
    for share in (0, 50, 100):
        y = _up(share / 100)
        kind = "lc-axis-line" if share == 0 else "lc-axis-faint"
        yield line(_LEFT, y, _RIGHT, y, kind)
        yield words(_LEFT - 4, y + 4, f"{share} %", "lc-part-value", text_anchor="end")
    for tokens in _TICKS:
        x = round(_across(tokens), 1)
        yield line(x, _BOTTOM, x, _BOTTOM + 4, "lc-axis-line")
        yield words(x, _BOTTOM + 17, number(tokens), "lc-part-value", text_anchor="middle")


def _even(tokens: int, now: float) -> Iterator[str]:
    """Where the curves cross, with the length in the room that they leave open, at a side of the stroke.

    A crossing beyond an end of the axis is written there, and has no mark.
    """
    x, y = round(_across(tokens), 1), _up(0.5)
    if SHORTEST <= tokens <= LONGEST:
        yield tag("circle", class_="lc-crossing", cx=x, cy=y, r=3.5)
    long = _SIGN * len(f"T = {number(tokens)}")
    right, left = (x + _APART, x + _APART + long), (x - _APART - long, x - _APART)
    free = [(at, anchor) for at, anchor, (begin, end) in ((right[0], "start", right), (left[1], "end", left))
            if begin >= _LEFT and end <= _RIGHT and not begin - 10 < now < end + 10]  # fmt: skip
    at, anchor = free[0] if free else (now - 6, "end") if now - 6 - long > _LEFT else (now + 6, "start")
    said = f"{svg_letter('T')} = {number(tokens)}"
    yield words(round(at, 1), y + 4, said, "lc-measure lc-d-t", text_anchor=anchor)


def _now(shown: Drawn) -> Iterator[str]:
    """The text as it is: a stroke, a dot on each curve, and the shares above."""
    x, share = round(_across(shown.tokens), 1), shown.costs.share(shown.tokens)
    yield line(x, _TOP, x, _BOTTOM, "lc-now-mark")
    yield tag("circle", class_="lc-now", cx=x, cy=round(_up(1 - share), 1), r=4)
    yield tag("circle", class_="lc-now lc-of-pairs", cx=x, cy=round(_up(share), 1), r=4)
    y = _TOP - 12
    maps, pairs = f"{100 * (1 - share):.1f} %", f"{100 * share:.1f} %"
    yield line(_LEFT, y - 4, _LEFT + 18, y - 4, "lc-curve lc-curve-maps")
    yield words(_LEFT + 23, y, f"{escaped(_('linear maps'))} {maps}", "lc-part-value")
    yield line(_KEY, y - 4, _KEY + 18, y - 4, "lc-curve lc-curve-pairs")
    yield words(_KEY + 23, y, f"{escaped(_('pairs of tokens'))} {pairs}", "lc-part-value")


def _touched() -> Iterator[str]:
    """A strip for each doubling: a touch asks for a text of that length."""
    wide = (_RIGHT - _LEFT) / 16
    for power in range(4, 21):
        x = _across(2**power)
        yield box(round(max(x - wide / 2, _LEFT), 1), _TOP, round(wide, 1), _BOTTOM - _TOP, "lc-touch",
                  data_set=f"tokens={2**power}")  # fmt: skip
