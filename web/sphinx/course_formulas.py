"""Sphinx extension: the formula sheet, one row a layer, written from what the layers declare.

    ```{formula-sheet}
    Fully connected: lc.Linear(300, 100), (300,)
    ```

Each line names a layer and gives one with an input; what is written are its letters, so the numbers only say
which letters there are. FLOPs stand under `textbook`; what `textbook` leaves out stands under `everything`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from course_text import raw, tried, value_of
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import layercost as lc
from layercost.expression import HTML, Definition, Expression, render
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import html_table, tag

HEADS = (
    Message("layer"), Message("parameters"), Message("MACs"), Message("FLOPs and their convention"),
)  # fmt: skip


def letters(formula: Expression) -> str:
    """A formula in letters, as HTML."""
    return tag("span", render(formula, HTML), class_="lc-formula")


def cell(count: lc.Count, convention: str = "") -> str:
    """One count: the formula with its convention, and below it the taught form; a dash for nothing."""
    if not count.total:
        return "–"
    said = f" {tag('span', convention, class_='lc-unit')}" if convention else ""
    return tag("div", letters(count.expression), said) + _taught(count)


def _taught(count: lc.Count) -> str:
    if count.taught is None or letters(count.taught) == letters(count.expression):
        return ""
    equals = tag("span", HTML.equals, class_="lc-equals")
    return tag("div", f"{equals} {letters(count.taught)}", class_="lc-taught")


def flops(layer: lc.Layer, shape: tuple[int, ...]) -> str:
    """FLOPs under `textbook`, and under `everything` where that counts what `textbook` leaves out."""
    plain, whole = (lc.count(layer, lc.FLOPS, shape, name) for name in ("textbook", "everything"))
    told = [plain] if plain.total else []
    if whole.total != plain.total:
        told.append(whole)
    return "".join(cell(count, count.convention) for count in told) or "–"


def row(name: str, layer: lc.Layer, shape: tuple[int, ...]) -> str:
    """The cells of a layer."""
    held, macs = (lc.count(layer, quantity, shape) for quantity in (lc.PARAMETERS, lc.MACS))
    return tag("th", name, scope="row") + "".join(tag("td", text) for text in (
        cell(held), cell(macs), flops(layer, shape)))  # fmt: skip


def meanings(rows: Iterable[tuple[str, lc.Layer, tuple[int, ...]]]) -> Iterator[str]:
    """The letters that stand for a formula, each once, with that formula in letters."""
    found: dict[str, Definition] = {}
    for _name, layer, shape in rows:
        for definition in lc.count(layer, lc.FLOPS, shape, "everything").definitions:
            found.setdefault(definition.name, definition)
    for name, definition in found.items():
        yield tag("span", f"{HTML.row(HTML.letter(name))} {HTML.equals} {render(definition.meaning, HTML)}")


class FormulaSheet(SphinxDirective):
    """The sheet: a table of layers, and what its letters stand for."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        rows = [found for line in self.content if (found := tried(self, lambda line=line: self._read(line)))]
        return raw(self, lambda: self._html(rows))

    def _read(self, line: str) -> tuple[str, lc.Layer, tuple[int, ...]]:
        name, _colon, asked = line.partition(":")
        layer, shape = value_of(self, asked)
        return name.strip(), layer, shape

    def _html(self, rows: list[tuple[str, lc.Layer, tuple[int, ...]]]) -> str:
        table = html_table("", map(str, HEADS), [row(*one) for one in rows])
        where = tag("p", f"{_('where')} ", ", ".join(meanings(rows)), class_="lc-where")
        return tag("div", table, where, class_="lc-sheet-of-formulas")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("formula-sheet", FormulaSheet)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
