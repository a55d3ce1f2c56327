"""Rows of cells as plain text, Markdown and HTML: words to the left, numbers to the right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def padded_lines(rows: Iterable[Sequence[str]], words: int) -> list[str]:
    """Each row as one line of plain text; the first `words` cells of a row are words, the others numbers."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(row, widths, words)).rstrip() for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int], words: int) -> list[str]:
    cells = enumerate(zip(row, widths, strict=True))
    return [cell.ljust(width) if column < words else cell.rjust(width) for column, (cell, width) in cells]


def markdown_lines(heads: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> list[str]:
    """The lines of a Markdown table; a bar in a cell is written so that it ends none."""
    align = ["---"] * words + ["---:"] * (len(heads) - words)
    return [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in (heads, align, *rows)]


def bold(cells: Iterable[str]) -> list[str]:
    """The cells of a Markdown row that sums up others."""
    return [f"**{cell}**" if cell else "" for cell in cells]


def html_cells(cells: Sequence[str], words: int) -> str:
    """The cells of one row of an HTML table; numbers have a class of their own."""
    named = (f"<td>{escaped(cell)}</td>" for cell in cells[:words])
    numbers = (f'<td class="lc-n">{escaped(cell)}</td>' for cell in cells[words:])
    return "".join((*named, *numbers))


def html_table(caption: str, heads: Iterable[str], rows: Iterable[str], totals: Iterable[str]) -> str:
    """A table from its heads and the cells of its rows, in a box of its own that scrolls."""
    head = "".join(f'<th scope="col">{cell}</th>' for cell in heads)
    body = "".join(f"<tr>{cells}</tr>" for cells in rows)
    foot = "".join(f'<tr class="lc-total">{cells}</tr>' for cells in totals)
    return (
        f'<div class="lc-scroll"><table class="lc-table"><caption>{escaped(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody><tfoot>{foot}</tfoot></table></div>"
    )


def escaped(text: str) -> str:
    """`text` as HTML shows it."""
    import html  # needed only here, and it brings a long list of names

    return html.escape(text)
