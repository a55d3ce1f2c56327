"""Sphinx extension: totals as bars made of pieces, one bar below the other, for ``{picture}``.

- ``totals`` draws them to one scale, so that one sees where two totals of the same thing part.
- ``slivers`` draws each as long as the other, so that one sees how small a piece of its total is.

The bars are rows of ``name: (amount, ...)``; all have the same pieces, each a name and a dimension's colour.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from course_figures import Picture, figure
from sphinx.application import Sphinx

from layercost.message import spoken as _
from layercost.view import escaped, number, tag

Rows = Mapping[str, Sequence[int]]
Pieces = Mapping[str, str]  # the name of a piece -> the dimension whose colour and pattern it has

_WRITTEN_FROM = 0.14  # of the longest bar: a smaller piece has no room for its number
_NARROW, _WIDE = 300, 600  # pixels that the longest bar has on a phone, and at least elsewhere
_APART = 8  # pixels that two numbers keep between them
_DIGIT, _COMMA = 7.2, 3.6  # pixels


@figure
def totals(rows: Rows, pieces: Pieces, unit: str = "") -> Picture:
    """Each total as a bar of its pieces, all to one scale."""
    longest = max(map(sum, rows.values()))
    return _picture(rows, pieces, dict.fromkeys(rows, longest), unit)


@figure
def slivers(rows: Rows, pieces: Pieces, unit: str = "") -> Picture:
    """Each total as a bar of the same length; its pieces are shares."""
    return _picture(rows, pieces, {name: sum(amounts) for name, amounts in rows.items()}, unit)


def _picture(rows: Rows, pieces: Pieces, lengths: Mapping[str, int], unit: str) -> Picture:
    says = "; ".join(
        _("{name}: {total} {unit}, of which {parts}", name=name, total=number(sum(amounts)), unit=unit,
          parts=", ".join(f"{piece} {number(amount)}" for piece, amount in zip(pieces, amounts, strict=True)))
        for name, amounts in rows.items()
    )  # fmt: skip
    bars = [_bar(name, amounts, pieces, lengths[name], unit) for name, amounts in rows.items()]
    several = len(pieces) > 1
    key = [tag("span", tag("i", class_=f"lc-d-{kind}"), f" {escaped(name)}") for name, kind in pieces.items()]
    legend = tag("p", *key, class_="lc-totals-key") if several else ""
    drawn = tag("div", *bars, legend, class_="lc-totals", role="img", aria_label=says)
    table = [(name, *map(number, amounts), number(sum(amounts))) for name, amounts in rows.items()]
    return Picture(drawn, ("", *pieces, _("together")), table)


def _bar(name: str, amounts: Sequence[int], pieces: Pieces, length: int, unit: str) -> str:
    parts = [amount / length for amount in amounts]
    wide, narrow = (_written(amounts, parts, room) if len(pieces) > 1 else set() for room in (_WIDE, _NARROW))
    drawn = (
        _piece(amount, parts[place], kind, place in narrow, place in wide)
        for place, (amount, kind) in enumerate(zip(amounts, pieces.values(), strict=True))
        if amount
    )
    said = tag("span", tag("b", number(sum(amounts))), f" {escaped(unit)}", class_="lc-totals-sum")
    return tag("div", tag("span", escaped(name)), said, tag("div", *drawn, class_="lc-totals-bar"))


def _written(amounts: Sequence[int], parts: Sequence[float], room: int) -> set[int]:
    """The pieces below which their number has room: it touches neither the one before nor the end."""
    found, start, free = set[int](), 0.0, 0.0
    for place, (amount, part) in enumerate(zip(amounts, parts, strict=True)):
        end = start * room + _long(number(amount))
        if part >= _WRITTEN_FROM and start * room >= free and end <= room:
            found.add(place)
            free = end + _APART
        start += part
    return found


def _long(written: str) -> float:
    return sum(_DIGIT if letter.isdigit() else _COMMA for letter in written)


def _piece(amount: int, part: float, kind: str, in_narrow: bool, in_wide: bool) -> str:
    """A piece of a bar; its number stands below it where there is room, on a phone or only elsewhere."""
    roomy = {} if in_narrow else {"class_": "lc-totals-roomy"}
    said = tag("i", number(amount), **roomy) if in_narrow or in_wide else ""
    return tag("span", said, class_=f"lc-d-{kind}", style=f"--lc-part: {part:.6f}")


def setup(app: Sphinx) -> dict[str, Any]:
    """The figures are known as soon as this module is."""
    app.setup_extension("course_figures")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
