"""The picture of a decoder: two bars for each of its parts, and two lines that cross as the text grows.

Above, each part has its share of all parameters and of all MACs, on one axis. Below is what one token costs
in one block: its maps always the same, its pairs the more the longer the text is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layercost.explorers.markup import box, drawing, line, svg_letter, words
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

WIDTH, HEIGHT = 372, 312
_NAME, _LONGEST = 86, 190  # where bars begin, and how long one of all is
_ROW, _BAR = 27, 11
_TOP, _BOTTOM = 212, 294  # of the lines
_LEFT, _RIGHT = 8, 364
_LEVEL = (_TOP + _BOTTOM) / 2  # of the maps, which are even with the pairs half of the way up


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn: of each part its name, what a touch asks for, whether it is looked at, and its amounts.

    `before` has the amounts of the last setting. `positions` is how long a text can be, `most` how far the
    axis goes.
    """

    rows: Sequence[tuple[str, str, bool, int, int]]
    before: Sequence[tuple[int, int]] | None
    width: int
    tokens: int
    positions: int
    most: int

    @property
    def even(self) -> int:
        """At how many tokens the pairs cost as much as the maps and the feed-forward: 2 d T = 12 d²."""
        return 6 * self.width


def bars_and_curves(shown: Shown) -> str:
    """The bars above, the lines below."""
    says = _(
        "Shares of all parameters and of all MACs: {rows}. Below, what one token costs in one block: pairs "
        "overtake maps at {even} tokens; the text has {tokens}.",
        rows="; ".join(_said(*row) for row in _shares(shown)), even=number(shown.even),
        tokens=number(shown.tokens),
    )  # fmt: skip
    return drawing("lc-block-bars", WIDTH, HEIGHT, says, *_bars(shown), *_key(), *_lines(shown))


def _said(name: str, held: float, done: float) -> str:
    return f"{name} {100 * held:.1f} %, {100 * done:.1f} %"


# ---- bars ------------------------------------------------------------------------------------------


def _totals(amounts: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return sum(held for held, _done in amounts), sum(done for _held, done in amounts)


def _shares(shown: Shown) -> Iterator[tuple[str, float, float]]:
    held, done = _totals([row[3:] for row in shown.rows])
    for name, _choice, _looked, *amounts in shown.rows:
        yield name, amounts[0] / held, amounts[1] / done


def _bars(shown: Shown) -> Iterator[str]:
    then = None if shown.before is None else _totals(shown.before)
    for place, ((name, held, done), row) in enumerate(zip(_shares(shown), shown.rows, strict=True)):
        y = 2 + place * _ROW
        ghosts = [] if then is None or shown.before is None else _parts_of(shown.before[place], then)
        far = ghosts or (0.0, 0.0)
        drawn = [
            box(0, y - 1, WIDTH, _ROW - 1, "lc-touch"),
            words(0, y + 16, escaped(name), "lc-part-name"),
            *_bar(y, held, row[3], "lc-bar-parameters", far[0]),
            *_bar(y + _BAR + 1, done, row[4], "lc-bar-macs", far[1]),
            *(box(_NAME, y + line_of * (_BAR + 1), _LONGEST * share, _BAR, "lc-ghost-outline")
              for line_of, share in enumerate(ghosts)),
        ]  # fmt: skip
        picked = " lc-chosen" if row[2] else ""
        yield tag("g", *drawn, class_=f"lc-part-row{picked}", data_set=row[1])


def _parts_of(amounts: tuple[int, int], totals: tuple[int, int]) -> list[float]:
    return [amount / total for amount, total in zip(amounts, totals, strict=True)]


def _bar(y: float, share: float, amount: int, kind: str, ghost: float) -> Iterator[str]:
    """A bar with its amount, which stands right of the bar and of the ghost of the setting before."""
    yield box(_NAME, y, max(_LONGEST * share, 0.5 if amount else 0), _BAR, f"lc-share {kind}")
    yield words(
        _NAME + _LONGEST * max(share, ghost) + 5, y + 9.5, number(amount) if amount else "0", "lc-part-value"
    )


def _key() -> Iterator[str]:
    """What the two bars of a part are; beside the positions, which are never many."""
    for place, (kind, said) in enumerate(
        (("lc-bar-parameters", _("parameters")), ("lc-bar-macs", _("MACs")))
    ):
        y = 2 + _ROW + place * (_BAR + 3)
        yield box(280, y, 14, _BAR - 1, f"lc-share {kind} lc-key-of")
        yield words(299, y + 9, escaped(said), "lc-part-value")


# ---- two lines -------------------------------------------------------------------------------------


def _across(shown: Shown, tokens: float) -> float:
    return _LEFT + (_RIGHT - _LEFT) * tokens / shown.most


def _up(shown: Shown, tokens: float) -> float:
    """How high the pairs of a text stand; the picture ends at twice the maps."""
    return _BOTTOM - (_BOTTOM - _LEVEL) * tokens / shown.even


def _lines(shown: Shown) -> Iterator[str]:
    end = min(shown.most, 2 * shown.even)
    known = min(shown.positions, end)
    yield line(_LEFT, _BOTTOM, _RIGHT, _BOTTOM, "lc-axis-line")
    yield line(_LEFT, _LEVEL, _RIGHT, _LEVEL, "lc-level-maps")
    yield line(_LEFT, _BOTTOM, _across(shown, known), _up(shown, known), "lc-level-pairs")
    if known < end:
        yield line(
            _across(shown, known), _up(shown, known), _across(shown, end), _up(shown, end),
            "lc-level-pairs lc-beyond",
        )  # fmt: skip
    yield from _marks(shown, end)
    yield words(_RIGHT, _LEVEL + 13, escaped(_("maps, feed-forward")), "lc-part-value", text_anchor="end")
    far = _across(shown, end)
    beside = {"text_anchor": "end"} if far > WIDTH - 60 else {}
    yield words(
        far - 34 if beside else far + 6,
        _up(shown, end) + (2 if beside else 8),
        escaped(_("pairs")),
        "lc-part-value",
        **beside,
    )
    yield words(0, _TOP - 2, escaped(_("MACs of one token in one block")), "lc-part-name")


def _marks(shown: Shown, end: int) -> Iterator[str]:
    """Where both are even, and where the text stands."""
    even, now = _across(shown, shown.even), _across(shown, shown.tokens)
    yield line(even, _LEVEL, even, _BOTTOM, "lc-even-mark")
    said = f"{svg_letter('T')} = 6 {svg_letter('d')} = {number(shown.even)}"
    yield words(even, _BOTTOM + 14, said, "lc-measure lc-d-t", text_anchor="middle")
    inside = min(shown.tokens, end)
    yield line(now, _up(shown, inside), now, _BOTTOM, "lc-now-mark")
    yield tag("circle", class_="lc-now", cx=now, cy=_LEVEL, r=3.5)
    yield tag("circle", class_="lc-now lc-of-pairs", cx=now, cy=_up(shown, inside), r=4)
