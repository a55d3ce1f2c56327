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
_CLOSE = 0.07  # of the width: marks that are nearer have their names on their outer sides


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
    places = [mark.amount / end for mark in marks]
    for position, (mark, place) in enumerate(zip(marks, places, strict=True)):
        look = "lc-sum-mark lc-reached" if mark.reached else "lc-sum-mark"
        x = f"{100 * place:.2f}%"
        yield line(x, BAR, x, BAR + 5, look)
        yield words(x, MARKED - 3, escaped(mark.name), look, text_anchor=_anchor(places, position))


def _anchor(places: Sequence[float], position: int) -> str:
    place = places[position]
    if any(0 <= other - place < _CLOSE for other in places[position + 1 :]):
        return "end"
    return "start" if any(0 <= place - other < _CLOSE for other in places[:position]) else "middle"
