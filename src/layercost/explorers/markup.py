"""SVG as text. It carries class names, never colours: the style sheet decides how it looks."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from layercost.expression import dimension
from layercost.view import escaped, plain, tag

Amount = int | float
Place = Amount | str  # or a share of the width, as "12.5%"


def drawing(name: str, width: Amount, height: Amount, says: str, *content: str) -> str:
    """An SVG picture that scales with its place; `says` is read aloud to those who do not see it."""
    return tag(
        "svg", tag("title", escaped(says)), *content,
        class_=f"lc-drawing {name}", viewBox=f"0 0 {plain(width)} {plain(height)}",
        role="img", aria_label=says,
    )  # fmt: skip


def box(x: Place, y: Amount, width: Place, height: Amount, class_: str, **attributes: object) -> str:
    """A rectangle of an SVG picture."""
    return tag("rect", class_=class_, x=x, y=y, width=width, height=height, **attributes)


def line(x1: Place, y1: Amount, x2: Place, y2: Amount, class_: str, **attributes: object) -> str:
    """A straight line of an SVG picture."""
    return tag("line", class_=class_, x1=x1, y1=y1, x2=x2, y2=y2, **attributes)


def words(x: Place, y: Amount, content: str, class_: str = "lc-words", **attributes: object) -> str:
    """A text in an SVG picture, at its baseline; `content` is markup already."""
    return tag("text", content, class_=class_, x=x, y=y, **attributes)


def rectangles(
    corners: Iterable[tuple[Amount, Amount]], width: Amount, height: Amount, class_: str, **attributes: object
) -> str:
    """Many rectangles of one kind as a single path; nothing if there are none."""
    side = f"h{plain(width)}v{plain(height)}h-{plain(width)}z"
    steps = "".join(f"M{plain(x)} {plain(y)}{side}" for x, y in corners)
    return tag("path", class_=class_, d=steps, **attributes) if steps else ""


def squares(corners: Iterable[tuple[Amount, Amount]], size: Amount, class_: str, **attributes: object) -> str:
    """Many squares of one kind as a single path; nothing if there are none."""
    return rectangles(corners, size, size, class_, **attributes)


@lru_cache(maxsize=64)
def grid(x: float, y: float, columns: int, rows: int, cell: float) -> str:
    """The lines between the cells of a map."""
    across = "".join(f"M{x:.1f} {y + cell * row:.1f}h{cell * columns:.1f}" for row in range(1, rows))
    down = "".join(f"M{x + cell * column:.1f} {y:.1f}v{cell * rows:.1f}" for column in range(1, columns))
    return tag("path", class_="lc-rules", d=across + down)


def svg_letter(name: str) -> str:
    """A letter with its subscript, inside an SVG text."""
    base, _, subscript = name.partition("_")
    lowered = f'<tspan class="lc-subscript" dy="3">{subscript}</tspan><tspan dy="-3">\u200b</tspan>'
    return f'<tspan class="lc-letter">{base}</tspan>' + (lowered if subscript else "")


def dimension_class(name: str) -> str:
    """The class of the dimension that a letter belongs to, as ``lc-d-cout`` for ``d_out``."""
    return f"lc-d-{dimension(name)}"
