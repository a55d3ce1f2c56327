"""Bars that are cut into the parts that they sum up, all on one scale, with marks to hold them against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from layercost.explorers.markup import box, line, words
from layercost.view import escaped, number, tag


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a bar: what it is, how much, how it looks, and what a touch on it asks for."""

    name: str
    amount: int
    look: str
    choice: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A number of somebody else on the scale of a bar."""

    name: str
    amount: int
    reached: bool = False


BAR, MARKED = 20, 37  # heights in pixels: of a bar, and of a bar with its marks
_LETTER = 0.028  # of the width, on a narrow bar: what one letter of a mark's name takes
_OVER = 0.04  # of the width: so far a name may stand beyond the end of its bar
_BEGINS = {"middle": 0.5, "start": 0.0, "end": 1.0}  # an anchor, and the share of the name before its mark


def bar(what: str, pieces: Sequence[Piece], end: int, marks: Sequence[Mark] = ()) -> str:
    """A bar named and summed up, `end` being the amount at which the full width ends."""
    total = sum(piece.amount for piece in pieces)
    drawn = [*_pieces(pieces, end), *_marks(marks, end)]
    said = f"{what}: {number(total)}. " + "; ".join(f"{mark.name}: {number(mark.amount)}" for mark in marks)
    return tag(
        "div",
        tag("p", tag("b", number(total)), f" {escaped(what)}", class_="lc-bar-of"),
        tag(
            "svg", *drawn, class_="lc-sum-parts", height=MARKED if marks else BAR, role="img", aria_label=said
        ),
        class_="lc-sum",
    )


def _pieces(pieces: Iterable[Piece], end: int) -> Iterable[str]:
    begun = 0
    for piece in pieces:
        yield box(
            f"{100 * begun / end:.2f}%", 1, f"{100 * piece.amount / end:.2f}%", BAR - 2, piece.look,
            data_set=piece.choice or None,
        )  # fmt: skip
        begun += piece.amount


def _marks(marks: Sequence[Mark], end: int) -> Iterable[str]:
    anchors = named(marks, end)
    for mark in marks:
        look = "lc-sum-mark lc-reached" if mark.reached else "lc-sum-mark"
        x = f"{100 * mark.amount / end:.2f}%"
        yield line(x, BAR, x, BAR + 5, look)
        if mark in anchors:
            yield words(x, MARKED - 3, escaped(mark.name), look, text_anchor=anchors[mark])


def named(marks: Sequence[Mark], end: int) -> dict[Mark, str]:
    """The marks that have room for their names, each with the side on which its name stands.

    Where they crowd, the one that is reached comes first, then the larger; the bar's label says all of them.
    """
    taken: list[tuple[float, float]] = []
    found: dict[Mark, str] = {}
    for mark in sorted(marks, key=lambda mark: (not mark.reached, -mark.amount)):
        width = (len(mark.name) + 1) * _LETTER
        for anchor, before in _BEGINS.items():
            begin = mark.amount / end - before * width
            room = begin >= -_OVER and begin + width <= 1 + _OVER
            if room and all(begin + width <= low or high <= begin for low, high in taken):
                taken.append((begin, begin + width))
                found[mark] = anchor
                break
    return found
