"""How results are written: one grid of cells as text, Markdown, HTML, LaTeX and CSV, and the words around it.

What is known as a number is written as one; what nobody knows is a dash, never a 0; what is known to be too
small is written "at least". HTML carries class names, never colours.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from typing import Any, NamedTuple

from layercost.convention import UnknownNameError, unit_in_words
from layercost.expression import HTML, TEXT, Expression, equation
from layercost.frozen import Frozen, frozen
from layercost.message import Message, Words, listing, spoken

# ---- words and numbers -------------------------------------------------------------------------------

NOT_COUNTED = Message("not counted: {operations}").key
COMPLETE = Message("Complete: every operation is counted.")
UNKNOWN_AMOUNT = "-"
NAMED_AT_MOST = 6  # parts in one sentence; the others are counted


def number(amount: int | None, at_least: bool = False) -> str:
    """A whole number with its digits in groups of three, "at least" where there is more; a dash for None."""
    if amount is None:
        return UNKNOWN_AMOUNT
    return spoken("at least {amount}", amount=f"{amount:,}") if at_least else f"{amount:,}"


def listed(names: Iterable[Words]) -> Words:
    """The distinct `names`, the first few by name and the others by their number."""
    every = list(dict.fromkeys(names))
    if len(every) <= NAMED_AT_MOST + 1:
        return listing(every)
    named, more = listing(every[:NAMED_AT_MOST]), len(every) - NAMED_AT_MOST
    return Message("{names} and {more} more", names=named, more=more)


def not_counted(layers: Iterable[Words], under: str = "", biases: Iterable[Words] = ()) -> Words:
    """``not counted under textbook: the operations of ReLU, Tanh``; nothing where nothing is left out.

    Of `biases`, which are layers too, no more than the addition of the bias is left out.
    """
    whole = list(dict.fromkeys(layers))
    in_part = [one for one in dict.fromkeys(biases) if one not in whole]
    if not whole and not in_part:
        return ""
    operations = Message("the operations of {layers}", layers=listing(whole))
    if in_part:
        added = Message("the biases of {layers}", layers=listing(in_part))
        operations = (
            Message("{operations} and {biases}", operations=operations, biases=added) if whole else added
        )
    if under:
        return Message(
            "not counted under {convention}: {operations}", convention=under, operations=operations
        )
    return Message(NOT_COUNTED, operations=operations)


def not_known(names: Iterable[Words]) -> Words:
    """On the parts of which nobody knows what they add; nothing where there are none."""
    every = listed(names)
    if not every:
        return ""
    return Message("at least that much: nobody knows how much is added by {parts}", parts=every)


def short(written: str, longest: int = 60) -> str:
    """`written`, cut where it is too long for a table."""
    return written if len(written) <= longest else f"{written[: longest - 3]}..."


# ---- markup ------------------------------------------------------------------------------------------


def tag(name: str, *content: str, **attributes: object) -> str:
    """An element with its content; ``class_`` and ``data_sym`` become ``class`` and ``data-sym``.

    Attributes are escaped, content is not; an attribute that is None is left out.
    """
    written = ""
    for key, value in attributes.items():  # a picture has hundreds of them, and is drawn at each move
        if value is not None:
            written += f' {_NAMES[key]}="{_written(value) if isinstance(value, str) else plain(value)}"'
    return f"<{name}{written}>{''.join(content)}</{name}>"


class _Names(dict[str, str]):
    """The names of attributes, by how Python spells them."""

    def __missing__(self, key: str) -> str:
        self[key] = key.rstrip("_").replace("_", "-")
        return self[key]


_NAMES = _Names()
_special = re.compile("[&<>\"']").search


def _written(value: str) -> str:
    return escaped(value) if _special(value) else value  # most are class names: a look is cheaper


def plain(value: object) -> str:
    """A value of an attribute: of a fraction two places at most."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def escaped(text: Words) -> str:
    """`text`, spoken, as HTML shows it."""
    import html  # needed only here, and it brings a long list of names

    return html.escape(str(text))


class Substitution(NamedTuple):
    """The line letters = numbers = total, with its unit and convention."""

    formula: Expression
    unit: str
    by: str = ""

    @property
    def line(self) -> str:
        """The line as HTML."""
        unit = unit_in_words(self.unit)
        said = escaped(f"{unit} · {self.by}" if self.by else unit)
        return f"{equation(self.formula, HTML)} {tag('span', said, class_='lc-unit')}"

    @property
    def copied(self) -> str:
        """The line as the plain text that is copied, without its unit."""
        return equation(self.formula, TEXT)


# ---- cells -------------------------------------------------------------------------------------------


def padded_lines(rows: Iterable[Sequence[str]], words: int) -> list[str]:
    """Each row as one line of plain text; the first `words` cells of a row are words, the others numbers."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(_padded(row, widths, words)).rstrip() for row in rows]


def _padded(row: Sequence[str], widths: Sequence[int], words: int) -> list[str]:
    cells = enumerate(zip(row, widths, strict=True))
    return [cell.ljust(width) if column < words else cell.rjust(width) for column, (cell, width) in cells]


def markdown_lines(heads: Sequence[str], rows: Iterable[Sequence[str]], words: int) -> list[str]:
    """The lines of a Markdown table; a bar in a cell, which is Markdown, is written so that it ends none."""
    align = ["---"] * words + ["---:"] * (len(heads) - words)
    return [f"| {' | '.join(cell.replace('|', '&#124;') for cell in row)} |" for row in (heads, align, *rows)]


def markdown_text(text: Words) -> str:
    """`text` as Markdown shows it, on one line: names in a file may hold markup, or links."""
    return " ".join(str(text).translate(_MARKDOWN_SIGNS).split("\n"))


_MARKDOWN_SIGNS = str.maketrans({
    **{sign: f"&#{ord(sign)};" for sign in "|<>`[]\\"}, "\r": "\n", "\v": "\n", "\f": "\n", "\x85": "\n",
    "\u2028": "\n", "\u2029": "\n",
})  # fmt: skip


def bold(cells: Iterable[str]) -> list[str]:
    """The cells of a Markdown row that sums up others."""
    return [f"**{cell}**" if cell else "" for cell in cells]


def html_cell(text: Words, kind: str | None = None, head: str | None = None) -> str:
    """One cell of an HTML table, with a class where it has one: ``lc-n`` for numbers, ``lc-prose``.

    `head` is said beside the cell where rows are stacked and the column's own head is out of sight.
    """
    return tag("td", escaped(text), class_=kind, data_head=head)


def html_cells(cells: Sequence[str], words: int) -> str:
    """The cells of one row of an HTML table; numbers have a class of their own."""
    return "".join([html_cell(cell, None if place < words else "lc-n") for place, cell in enumerate(cells)])


def html_table(caption: Words, heads: Iterable[str], rows: Iterable[str], totals: Iterable[str] = ()) -> str:
    """A table from its heads and the cells of its rows, all markup, in a box of its own that scrolls.

    Rows that hold prose are stacked where the page is narrow.
    """
    rows = list(rows)
    parts = [tag("caption", escaped(caption))] if caption else []
    parts.append(tag("thead", tag("tr", *(tag("th", head, scope="col") for head in heads))))
    parts.append(tag("tbody", *(tag("tr", cells) for cells in rows)))
    if feet := [tag("tr", cells, class_="lc-total") for cells in totals]:
        parts.append(tag("tfoot", *feet))
    stacked = any('class="lc-prose"' in row for row in rows)
    table = tag("table", *parts, class_="lc-table lc-stacked" if stacked else "lc-table")
    return tag("div", table, class_="lc-scroll")


def headed(head: Words) -> str:
    """The head of a column as HTML: what stands in brackets at its end is a unit."""
    name, _, unit = escaped(head).partition(" (")
    return f"{name} {tag('span', unit.removesuffix(')'), class_='lc-unit')}" if unit else name


# ---- grids -------------------------------------------------------------------------------------------


@frozen
class Grid(Frozen):
    """What a table says, before it is written in any format.

    The first `words` columns are words, the others numbers. `under` has a sentence for each row, which stands
    below it, or in a column named `why` where a format has no room below. `remark` is what must be said with
    the numbers, `notes` what may be.
    """

    caption: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    words: int
    totals: Sequence[Sequence[str]] = ()
    under: Sequence[str] = ()
    why: str = "is"
    remark: str = ""
    notes: Sequence[str] = ()

    @classmethod
    def of(
        cls,
        caption: Words,
        heads: Iterable[Words],
        rows: Iterable[Iterable[Words]],
        words: int,
        totals: Iterable[Iterable[Words]] = (),
        *,
        under: Iterable[Words] = (),
        remark: Words = "",
        notes: Iterable[Words] = (),
    ) -> Grid:
        """The grid of these words, spoken in the language of the moment."""
        said = [[[*map(str, row)] for row in some] for some in (rows, totals)]
        return cls(
            str(caption), [*map(str, heads)], said[0], words, said[1], under=[*map(str, under)],
            why=spoken("is"), remark=str(remark), notes=[*map(str, notes)],
        )  # fmt: skip

    def text(self) -> str:
        """Plain text, with the caption above and the remark below."""
        head, *lines = padded_lines([self.heads, *self.rows, *self.totals], self.words)
        rule = "-" * max(map(len, (head, *lines)))
        rows, totals = lines[: len(self.rows)], lines[len(self.rows) :]
        reasons = [f"    {reason}" for reason in self.under]
        body = [line for pair in zip_longest(rows, reasons) for line in pair if line is not None]
        feet = [rule, *totals] if totals else []
        return "\n".join([self.caption, "", head, rule, *body, *feet, *self._below()])

    def markdown(self) -> str:
        """A Markdown table, with the caption above and the remark below."""
        rows = [*self._spread(self.rows, self.under), *map(bold, self._spread(self.totals, ()))]
        heads, *cells = ([markdown_text(cell) for cell in row] for row in (self._heads(), *rows))
        lines = markdown_lines(heads, cells, self.words + bool(self.under))
        return "\n".join([markdown_text(self.caption), "", *lines, *map(markdown_text, self._below())])

    def html(self) -> str:
        """An HTML table with class names, and the remark below it."""
        rows = [html_cells(row, self.words) for row in self.rows]
        why = [tag("td", escaped(said), class_="lc-why", colspan=len(self.heads)) for said in self.under]
        body = chain.from_iterable(zip(rows, why, strict=True)) if why else iter(rows)
        totals = (html_cells(row, self.words) for row in self.totals)
        table = html_table(self.caption, map(headed, self.heads), body, totals)
        return table + (tag("p", escaped(self.remark), class_="lc-remark") if self.remark else "")

    def latex(self) -> str:
        """A LaTeX table (package booktabs) whose caption ends with the remark."""
        caption = " ".join(filter(None, [self.caption, self.remark]))
        words = self.words + bool(self.under)
        rows = map(_latex_row, self._spread(self.rows, self.under))
        totals = list(map(_latex_row, self._spread(self.totals, ())))
        return "\n".join([
            r"\begin{table}", rf"\caption{{{latex_text(caption)}}}",
            rf"\begin{{tabular}}{{{'l' * words}{'r' * (len(self._heads()) - words)}}}", r"\toprule",
            _latex_row(self._heads()), r"\midrule",
            *rows, *([r"\midrule", *totals] if totals else []),
            r"\bottomrule", r"\end{tabular}", r"\end{table}",
        ])  # fmt: skip

    def _heads(self) -> Sequence[str]:
        return next(self._spread([self.heads], [self.why] if self.under else []))

    def _spread(self, rows: Iterable[Sequence[str]], reasons: Sequence[str]) -> Iterator[Sequence[str]]:
        """Rows with the sentence below each as a column of its own, after the words."""
        for row, reason in zip_longest(rows, reasons, fillvalue=""):
            yield [*row[: self.words], reason, *row[self.words :]] if self.under else row

    def _below(self) -> list[str]:
        said = [said for said in (self.remark, *self.notes) if said]
        return ["", *said] if said else []


def _latex_row(cells: Iterable[str]) -> str:
    return " & ".join(map(latex_text, cells)) + r" \\"


def latex_text(text: Words) -> str:
    """`text` as LaTeX shows it."""
    return str(text).translate(_LATEX_SIGNS)


_LATEX_SIGNS = str.maketrans({
    "\\": r"\textbackslash{}", "_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "×": r"$\times$",
})  # fmt: skip


# ---- what can be written -----------------------------------------------------------------------------


class Rendered(ABC):
    """A result that is written in each of `FORMATS`: it gives its grid, its data, and its records."""

    @abstractmethod
    def grid(self) -> Grid:
        """What its table says."""

    @abstractmethod
    def data(self) -> dict[str, Any]:
        """The result as plain data, as its JSON has it."""

    @abstractmethod
    def records(self) -> Iterator[Sequence[object]]:
        """The lines of its comma-separated values, plain, the head first."""

    def text(self) -> str:
        """As plain text."""
        return self.grid().text()

    def markdown(self) -> str:
        """As Markdown."""
        return self.grid().markdown()

    def html(self) -> str:
        """As HTML with class names; a table stands in a box of its own that scrolls."""
        return self.grid().html()

    def latex(self) -> str:
        """As LaTeX (package booktabs)."""
        return self.grid().latex()

    def csv(self) -> str:
        """As comma-separated values with a head and plain numbers; what nobody knows is empty."""
        import csv
        import io

        stream = io.StringIO()
        csv.writer(stream, lineterminator="\n").writerows(map(_plain_cells, self.records()))
        return stream.getvalue()

    def json(self) -> str:
        """As JSON."""
        return json_of(self.data())

    def render(self, form: str) -> str:
        """In one of `FORMATS`; raises UnknownNameError with the nearest names."""
        if form not in FORMATS:
            raise UnknownNameError(Message("format"), form, FORMATS)
        return FORMATS[form](self)


FORMATS: dict[str, Callable[[Any], str]] = {
    "text": lambda shown: shown.text(),
    "json": lambda shown: shown.json(),
    "md": lambda shown: shown.markdown(),
    "html": lambda shown: shown.html(),
    "latex": lambda shown: shown.latex(),
    "csv": lambda shown: shown.csv(),
}


def json_of(data: object) -> str:
    """Plain data as JSON."""
    import json

    return json.dumps(data, indent=2, ensure_ascii=False, default=str)


def _plain_cells(record: Iterable[object]) -> list[object]:
    return [str(cell).lower() if isinstance(cell, bool) else _no_formula(cell) for cell in record]


def _no_formula(cell: object) -> object:
    """A cell that no spreadsheet works out: a text that begins as a formula does gets a ' before it."""
    return f"'{cell}" if isinstance(cell, (str, Message)) and str(cell)[:1] in _FORMULAS else cell


_FORMULAS = tuple("=+-@\t\r\n")  # what a spreadsheet takes for the beginning of one
