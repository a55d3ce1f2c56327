"""The picture of an attention: who serves whom, the scores of one head to scale, and what all of it costs.

Above, each head of queries has the colour of the keys and values that it reads. Below, the scores of one head
stand between the queries and the keys that they are made of, all three at one scale; what a mask hides is
hatched. Beside them two bars compare the four maps with the two products.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layercost.explorers.markup import Amount, box, drawing, rectangles, svg_letter, words
from layercost.message import spoken as _
from layercost.view import number, plain, tag

WIDTH, HEIGHT = 372, 246
GROUPS = ("cin", "cout", "h", "w")  # the colours of key/value heads, over and over
_HEADS, _ROOM = 66, 302  # where heads begin, and how wide all of them may be
_LARGEST_HEAD = 22
_UPRIGHT = 24  # half of a measure that stands upright
_LEFT, _TOP, _EXTENT = 20, 64, 177  # the corner of queries and keys, and how far both reach
_BARS, _BAR, _TALLEST = (252, 318), 44, 140


@dataclass(frozen=True, slots=True)
class Scores:
    """One attention, and the token that asks; `first` to `last` are the keys that it sees, counted from 1.

    `window` is None where there is none. `maps`, `products` and `hidden` are MACs; the last are a part of the
    products.
    """

    tokens: int
    heads: int
    kv_heads: int
    head_dim: int
    causal: bool
    window: int | None
    query: int
    first: int
    last: int
    maps: int
    products: int
    hidden: int


def scores_picture(scores: Scores) -> str:
    """Heads above, the scores of one head below, the two bars at the right."""
    return drawing(
        "lc-scores", WIDTH, HEIGHT, _in_words(scores), *_heads(scores), *_Square(scores).content(),
        *_bars(scores),
    )  # fmt: skip


def _in_words(scores: Scores) -> str:
    return _(
        "{heads} heads of queries share {kv_heads} heads of keys and values. The scores of one head are a "
        "square of {tokens} by {tokens}; token {query} sees the keys {first} to {last}. The maps cost {maps} "
        "MACs, the products {products}.",
        heads=number(scores.heads), kv_heads=number(scores.kv_heads), tokens=number(scores.tokens),
        query=number(scores.query), first=number(scores.first), last=number(scores.last),
        maps=number(scores.maps), products=number(scores.products),
    )  # fmt: skip


# ---- heads -----------------------------------------------------------------------------------------


def _heads(scores: Scores) -> Iterator[str]:
    """Each head of queries, and below those of keys and values, as wide as the heads that they serve."""
    pitch = min(_LARGEST_HEAD, _ROOM / scores.heads)
    side, served = pitch * 0.86, scores.heads // scores.kv_heads
    for place, kind in enumerate(GROUPS[: scores.kv_heads]):
        groups = range(place, scores.kv_heads, len(GROUPS))
        heads = [(_HEADS + pitch * (group * served + one), 4) for group in groups for one in range(served)]
        serving = [(_HEADS + pitch * group * served, 28) for group in groups]
        yield rectangles(heads, side, 16, f"lc-cell lc-d-{kind}")
        yield rectangles(serving, pitch * served - pitch + side, 12, f"lc-cell lc-d-{kind}")
    yield _named(16, "h", scores.heads, _("query heads"))
    yield _named(38, "g", scores.kv_heads, _("key/value heads"))


def _named(y: Amount, letter: str, amount: int, title: str) -> str:
    said = f"{tag('title', title)}{svg_letter(letter)} = {number(amount)}"
    return words(0, y, said, "lc-measure lc-d-const", data_sym=letter)


# ---- scores ----------------------------------------------------------------------------------------


class _Square:
    """The scores of one head: a row for each query, a column for each key."""

    def __init__(self, scores: Scores) -> None:
        self.of = scores
        self.scale = _EXTENT / (scores.tokens + scores.head_dim)
        self.strip = max(scores.head_dim * self.scale, 1.5)
        self.side = _EXTENT - self.strip
        self.cell = self.side / scores.tokens
        self.x, self.y = _LEFT + self.strip + 3, _TOP + self.strip + 3

    def content(self) -> Iterator[str]:
        yield from self._strips()
        yield box(self.x, self.y, self.side, self.side, "lc-sheet lc-d-t")
        yield tag("path", class_="lc-masked", d=self._hidden()) if self.of.causal else ""
        yield from self._asking()
        yield box(self.x, self.y, self.side, self.side, "lc-frame lc-d-t", data_sym="T")
        yield from self._measures()

    def _strips(self) -> Iterator[str]:
        """The queries at the left, a row each; the keys above, a column each."""
        yield box(_LEFT, self.y, self.strip, self.side, "lc-cell lc-d-k", data_sym="k")
        yield box(self.x, _TOP, self.side, self.strip, "lc-cell lc-d-k", data_sym="k")

    def _hidden(self) -> str:
        """What the mask hides: the keys after each query, and those that a window has left behind."""
        x, y, side, cell = self.x, self.y, self.side, self.cell
        path = f"M{plain(x + cell)} {plain(y)}H{plain(x + side)}V{plain(y + side - cell)}"
        path += self._stairs(cell, 0) if self.of.tokens <= _STEPS else "Z"
        window = self.of.window
        if window is None or window >= self.of.tokens:
            return path
        left = side - cell * window
        path += f"M{plain(x)} {plain(y + cell * window)}V{plain(y + side)}H{plain(x + left)}"
        return path + (self._stairs(cell, window) if self.of.tokens <= _STEPS else "Z")

    def _stairs(self, cell: float, window: int) -> str:
        """From the lower right end of an edge back to its upper left one, cell by cell."""
        steps = self.of.tokens - window - (0 if window else 1)
        one = f"v-{plain(cell)}h-{plain(cell)}" if window else f"h-{plain(cell)}v-{plain(cell)}"
        return one * steps + "Z"

    def _asking(self) -> Iterator[str]:
        """The token that asks: its query, the keys that it sees, and their scores."""
        scores, tall = self.of, max(self.cell, 2)
        y = self.y + self.cell * (scores.query - 1) - (tall - self.cell) / 2
        x = self.x + self.cell * (scores.first - 1)
        wide = max(self.cell * (scores.last - scores.first + 1), 2)
        yield box(_LEFT, y, self.strip, tall, "lc-asks")
        yield box(x, _TOP, wide, self.strip, "lc-seen")
        yield box(x, y, wide, tall, "lc-asks")

    def _measures(self) -> Iterator[str]:
        tokens = f"{svg_letter('T')} = {number(self.of.tokens)}"
        size = f"{svg_letter('k')} = {number(self.of.head_dim)}"
        down = min(self.y + self.side / 2, HEIGHT - _UPRIGHT)
        yield words(self.x + self.side / 2, _TOP - 5, tokens, "lc-measure lc-d-t", text_anchor="middle",
                    data_sym="T")  # fmt: skip
        yield words(14, down, tokens, "lc-measure lc-d-t", text_anchor="middle", data_sym="T",
                    transform=f"rotate(-90 14 {plain(down)})")  # fmt: skip
        yield words(_LEFT - 2, _TOP - 5, size, "lc-measure lc-d-k", data_sym="k")


_STEPS = 48  # up to so many tokens the edge of a mask is drawn cell by cell


# ---- bars ------------------------------------------------------------------------------------------


def _bars(scores: Scores) -> Iterator[str]:
    """The maps, and the products with what is hidden in them, to one scale."""
    most, bottom = max(scores.maps, scores.products), _TOP + 20 + _TALLEST
    maps, products, hidden = (
        _TALLEST * amount / most for amount in (scores.maps, scores.products, scores.hidden)
    )
    left, right = _BARS
    yield box(left, bottom - maps, _BAR, maps, "lc-cell lc-bar-maps")
    yield box(right, bottom - products, _BAR, products - hidden, "lc-cell lc-d-t")
    yield box(right, bottom - hidden, _BAR, hidden, "lc-masked") if scores.hidden else ""
    yield box(right, bottom - products, _BAR, products, "lc-frame lc-d-t")
    together = scores.maps + scores.products
    for x, amount, tall, said in (
        (left, scores.maps, maps, "q k v o"),
        (right, scores.products, products, _("products")),
    ):
        middle = x + _BAR / 2
        share = f"{100 * amount / together:.1f} %"
        yield words(middle, bottom - tall - 5, share, "lc-measure", text_anchor="middle")
        yield words(middle, bottom + 16, said, "lc-measure", text_anchor="middle")
