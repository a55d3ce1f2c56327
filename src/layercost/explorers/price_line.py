"""The picture of what activations add to a network: a bar to scale, its end enlarged, a line of prices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import log10

from layercost.explorers.markup import box, drawing, line, words
from layercost.message import spoken as _
from layercost.view import number, tag

WIDTH, HEIGHT = 372, 214
_LEFT, _LONG = 8, 356  # the bars
_BAR, _CLOSE, _TALL = 22, 74, 24  # where the bar and its enlarged end stand
_LINE, _ZERO, _ONE, _DECADE = (
    168,
    12,
    46,
    62,
)  # the line of prices: where 0 and 1 stand, and ten times as much
_ENLARGED = (10_000, 1000, 100, 10)
DEAREST = 100_000
_LEAST_ROOM = 12  # the last price reaches no further beyond its tick


@dataclass(frozen=True, slots=True)
class Share:
    """`activations` at `price` beside `products`, the FLOPs of dot products; `marks` are known prices.

    From the price `matters_from` on they are `matters` percent of the total or more.
    """

    products: int
    activations: int
    price: int
    matters: int
    matters_from: int
    marks: Mapping[str, int]

    @property
    def added(self) -> int:
        """What the activations cost."""
        return self.activations * self.price

    @property
    def total(self) -> int:
        """Products and activations."""
        return self.products + self.added

    @property
    def part(self) -> float:
        """The activations' part of the total."""
        return self.added / self.total

    @property
    def enlarged(self) -> int:
        """How many times as wide the end of the bar is drawn, so that it can be seen; 1 where it can be."""
        return next((times for times in _ENLARGED if self.part * times <= 1), 1)


def percent(part: float) -> str:
    """A part in a hundred, with three digits."""
    return f"{100 * part:.3g} %"


def price_picture(share: Share) -> str:
    """The whole to scale, its end enlarged, and where the price stands on the line of prices."""
    says = _(
        "At a price of {price} FLOPs the activations are {part} of the total. "
        "From a price of {from_price} on they are {matters} %.",
        price=number(share.price), part=percent(share.part), from_price=number(share.matters_from),
        matters=share.matters,
    )  # fmt: skip
    return drawing("lc-price-line", WIDTH, HEIGHT, says, *_bars(share), *_line(share))


# ---- the bars ------------------------------------------------------------------------------------


def _bars(share: Share) -> Iterator[str]:
    yield words(_LEFT, _BAR - 7, _("dot products"), "lc-words")
    yield words(_LEFT + _LONG, _BAR - 7, _("activations"), "lc-words lc-of-activations", text_anchor="end")
    yield from _bar(_BAR, share.part)
    times = share.enlarged
    end = _LEFT + _LONG
    if times > 1:
        left = end - _LONG / times
        yield tag(
            "path", class_="lc-beam",
            d=f"M{left:.2f} {_BAR + _TALL}L{_LEFT} {_CLOSE}H{end}V{_BAR + _TALL}Z",
        )  # fmt: skip
    yield from _bar(_CLOSE, share.part * times)
    said = (
        _("the last {part} of the bar, {times} times as wide", part=percent(1 / times), times=number(times))
        if times > 1
        else _("the whole bar again: nothing needs to be enlarged")
    )
    yield words(_LEFT, _CLOSE + _TALL + 15, said, "lc-quiet")


def _bar(y: float, part: float) -> Iterator[str]:
    width = _LONG * min(part, 1)
    yield box(_LEFT, y, _LONG, _TALL, "lc-share lc-of-products")
    if width:
        yield box(_LEFT + _LONG - width, y, round(width, 3), _TALL, "lc-share lc-of-activations")


# ---- the line of prices ----------------------------------------------------------------------------


def place(price: int) -> float:
    """Where a price stands on the line, which is logarithmic from 1 on."""
    return _ZERO if price < 1 else _ONE + _DECADE * log10(price)


def _line(share: Share) -> Iterator[str]:
    right = place(DEAREST)
    if share.matters_from <= DEAREST:
        start = place(share.matters_from)
        yield box(start, _LINE - 14, right - start, 14, "lc-matters")
        said = _("{matters} % from {price} on", matters=share.matters, price=number(share.matters_from))
        near_end = start > WIDTH / 2
        yield words(start, _LINE - 19, said, "lc-matters-name", text_anchor="end" if near_end else "start")
    yield line(_ZERO, _LINE, right, _LINE, "lc-axis-line")
    for price in (0, 1, 10, 100, 1000, 10_000, DEAREST):
        yield line(place(price), _LINE, place(price), _LINE + 5, "lc-axis-line")
        anchor = "end" if price == DEAREST else "middle"
        at = place(price) + (_LEAST_ROOM if price == DEAREST else 0)
        yield words(at, _LINE + 19, number(price), "lc-quiet", text_anchor=anchor)
    for name, price in share.marks.items():
        mark = tag("title", f"{name}: {number(price)}")
        yield tag("circle", mark, class_="lc-mark", cx=round(place(price), 2), cy=_LINE, r=3)
    x = place(share.price)
    yield tag("path", class_="lc-price", d=f"M{x:.1f} {_LINE + 1}l-6.5 -12h13z")
    yield words(WIDTH / 2, HEIGHT - 8, _("FLOPs for one activation"), "lc-quiet", text_anchor="middle")
