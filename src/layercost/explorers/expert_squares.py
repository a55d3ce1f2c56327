"""The pictures of routed tokens: a square for each expert, a bar of all weights, and the expected number.

A square that serves tokens is filled, and holds another one, the larger the more tokens there are; those that
the last token passes have a frame. The bar has all weights of the model, and hatches what is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from layercost.explorers.loads import in_gigabytes
from layercost.explorers.markup import box, drawing, line, squares, words
from layercost.explorers.routing import MOST_TOKENS, Routed
from layercost.message import spoken as _
from layercost.view import escaped, number, plain, tag

WIDTH, HEIGHT = 372, 172
_ACROSS, _TALL = 32, 104  # of the squares: how many stand in a row at most, and how tall all rows are
_LARGEST, _GAP = 38.0, 0.14
_LEVELS = ((1, 0.3), (2, 0.45), (4, 0.6), (8, 0.78))  # up to so many tokens, so wide a square within
_FULL = 1.0
_BAR_TOP, _BAR = 132, 16


def experts_picture(routed: Routed) -> str:
    """The experts of a layer above, the weights of the model below."""
    return drawing("lc-experts", WIDTH, HEIGHT, in_words(routed), *_squares(routed), *_bar(routed))


def in_words(routed: Routed) -> str:
    """What the picture shows."""
    read = _("Of all weights, {held}, a step reads {read}.",
             held=in_gigabytes(sum(routed.in_bytes)), read=in_gigabytes(routed.read))  # fmt: skip
    return f"{lit_in_words(routed)} {read}"


def lit_in_words(routed: Routed) -> str:
    """How many experts are at work, and how many were to be expected."""
    said = {"lit": number(routed.lit), "experts": number(routed.of.experts)}
    if routed.tokens == 1:
        return _("One token lights {lit} of {experts} experts in this layer.", **said)
    return _("{tokens} tokens light {lit} of {experts} experts in this layer; {expected} are expected.",
             tokens=number(routed.tokens), expected=f"{routed.expected:,.1f}", **said)  # fmt: skip


# ---- squares -------------------------------------------------------------------------------------


def _grid(experts: int) -> tuple[int, float]:
    """How many squares stand in a row, and how far they are apart."""
    for across in range(4, _ACROSS + 1):
        pitch = min(WIDTH / across, _LARGEST)
        if ceil(experts / across) * pitch <= _TALL:
            return across, pitch
    return _ACROSS, WIDTH / _ACROSS


def _squares(routed: Routed) -> Iterator[str]:
    experts, loads = routed.of.experts, routed.loads
    across, pitch = _grid(experts)
    gap = pitch * _GAP
    side = round(pitch - gap, 2)
    places = [
        (round(number_ % across * pitch + gap / 2, 2), round(number_ // across * pitch + gap / 2, 2))
        for number_ in range(experts)
    ]
    yield squares((at for one, at in enumerate(places) if one not in loads), side, "lc-expert lc-idle")
    yield squares((places[one] for one in sorted(loads)), side, "lc-expert lc-works lc-d-cout")
    by_level = dict[float, list[tuple[float, float]]]()
    for one, tokens in sorted(loads.items()):
        share = next((share for most, share in _LEVELS if tokens <= most), _FULL)
        inset = side * (1 - share) / 2
        x, y = places[one]
        by_level.setdefault(share, []).append((round(x + inset, 2), round(y + inset, 2)))
    for share, corners in sorted(by_level.items()):
        yield squares(corners, round(side * share, 2), "lc-expert-load lc-d-cout")
    yield squares((places[one] for one in sorted(routed.last)), side, "lc-expert-last")


# ---- the weights ---------------------------------------------------------------------------------


def _bar(routed: Routed) -> Iterator[str]:
    """All weights to scale: what is in no expert, experts that are read, experts that are not."""
    pieces, whole = routed.in_bytes, sum(routed.in_bytes)
    kinds = ("lc-expert-rest", "lc-expert-read lc-d-cout", "lc-expert-unread")
    read = _("read: {bytes}", bytes=in_gigabytes(routed.read))
    yield words(0, _BAR_TOP - 6, escaped(read), "lc-measure")
    held = _("of {bytes}", bytes=in_gigabytes(whole))
    yield words(WIDTH, _BAR_TOP - 6, escaped(held), "lc-measure lc-quiet", text_anchor="end")
    start = 0.0
    for size, kind in zip(pieces, kinds, strict=True):
        wide = WIDTH * size / whole
        yield box(round(start, 2), _BAR_TOP, round(wide, 2), _BAR, kind)
        start += wide
    ends = (("start", 0, _("all else")), ("middle", WIDTH / 2, _("experts at work")),
            ("end", WIDTH, _("experts at rest")))  # fmt: skip
    for (anchor, x, said), kind in zip(ends, kinds, strict=True):
        wide = 6.4 * len(said)
        left = {"start": 0.0, "middle": x - wide / 2 - 8, "end": x - wide - 14}[anchor]
        yield box(round(left, 1), _BAR_TOP + _BAR + 9, 10, 10, kind)
        yield words(round(left + 14, 1), _BAR_TOP + _BAR + 18, escaped(said), "lc-measure lc-quiet")


# ---- how many are expected -----------------------------------------------------------------------

_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 364, 12, 96


def expected_picture(routed: Routed) -> str:
    """How many experts are expected to serve any token, from one token on, and how many do here."""
    experts, chosen = routed.of.experts, routed.of.chosen

    def at(tokens: float, lit: float) -> tuple[float, float]:
        across = (tokens - 1) / (MOST_TOKENS - 1)
        return _LEFT + (_RIGHT - _LEFT) * across, _BOTTOM - (_BOTTOM - _TOP) * lit / experts

    steps = (at(tokens, experts * (1 - (1 - chosen / experts) ** tokens)) for tokens in _STEPS)
    path = "M" + "L".join(f"{plain(round(x, 1))} {plain(round(y, 1))}" for x, y in steps)
    x, y = at(routed.tokens, routed.lit)
    rises = _("The expected number of experts at work rises from {chosen} for one token towards {experts}.",
              chosen=number(chosen), experts=number(experts))  # fmt: skip
    says = f"{rises} {lit_in_words(routed)}"
    return drawing(
        "lc-expected", WIDTH, 118, says,
        line(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, "lc-axis-line"),
        line(_LEFT, _TOP, _RIGHT, _TOP, "lc-expected-all"),
        tag("path", class_="lc-expected-curve lc-d-cout", d=path),
        tag("circle", class_="lc-expected-now", cx=round(x, 1), cy=round(y, 1), r=4),
        words(_LEFT - 6, _TOP + 4, number(experts), "lc-measure", text_anchor="end"),
        words(_LEFT - 6, _BOTTOM + 4, "0", "lc-measure", text_anchor="end"),
        words(_LEFT, _BOTTOM + 16, "1", "lc-measure"),
        words(_RIGHT, _BOTTOM + 16, escaped(_("{tokens} tokens", tokens=number(MOST_TOKENS))), "lc-measure",
              text_anchor="end"),
    )  # fmt: skip


_STEPS = (*range(1, 17), *range(20, 65, 4), *range(72, 129, 8), *range(144, MOST_TOKENS + 1, 16))
