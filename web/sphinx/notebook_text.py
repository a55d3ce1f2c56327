"""A page of the book as the cells of a notebook: what Sphinx wrote as HTML, read back as Markdown and code.

Directives and roles do not run in a notebook, so the page is taken as they left it: numbers stand as text, a
formula as LaTeX, a question with its hints folded under it, an explorer as the code that shows it. What only
the page's script can do (fields, buttons, pictures that follow a pull) is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from site_builder.page_tree import Element, read

BLOCKS = {"article", "aside", "blockquote", "details", "div", "dl", "figcaption", "figure", "form", "h1",
          "h2", "h3", "h4", "h5", "h6", "li", "ol", "p", "pre", "section", "table", "ul"}  # fmt: skip
LEFT_OUT_TAGS = {"script", "style", "svg", "input", "output", "label", "nav", "template", "select"}
LEFT_OUT_CLASSES = {"headerlink", "lc-copy", "lc-reading", "lc-area", "lc-preset", "lc-check",
                    "lc-left-off", "cell_output", "toctree-wrapper", "lc-notebook", "lc-opening", "lc-blocks",
                    "lc-pulled-data"}  # fmt: skip
BLANK = r"\_\_\_\_"  # where the page has a field


class Code(NamedTuple):
    """A code cell."""

    source: str


Block = str | Code  # Markdown, or a code cell
Links = Callable[[str], str]  # from a page's link to a notebook's; empty where it has none


def is_left_out(part: Element) -> bool:
    """Whether a notebook has no use for an element."""
    return (
        "hidden" in part.attributes
        or part.tag in LEFT_OUT_TAGS
        or bool(part.classes & LEFT_OUT_CLASSES)
        or (part.tag == "button" and "lc-chip" not in part.classes)
    )


# ---- formulas ----------------------------------------------------------------------------------------

SIGNS = {"·": r" \cdot ", "−": "-", "×": r" \times ", "⌊": r"\left\lfloor ", "⌋": r" \right\rfloor ",
         "⌈": r"\left\lceil ", "⌉": r" \right\rceil ", "%": r"\%"}  # fmt: skip
NAMED = re.compile(r"\b(max|min)\(")


def latex(element: Element | str) -> str:
    """A formula of ours, which the page writes as HTML, as LaTeX."""
    if isinstance(element, str):
        text = re.sub(r"(?<=\d),(?=\d)", "{,}", element)
        return NAMED.sub(r"\\\1(", "".join(SIGNS.get(sign, sign) for sign in text))
    if "lc-fraction" in element.classes:
        over, under = (latex(child) for child in element.children if isinstance(child, Element))
        return rf"\frac{{{over}}}{{{under}}}"
    inside = "".join(map(latex, element.children))
    if element.tag == "sub":
        return rf"_{{\mathrm{{{inside}}}}}"
    return rf"^{{{inside}}}" if element.tag == "sup" else inside


# ---- inline ------------------------------------------------------------------------------------------


class Writer:
    """Writes elements as Markdown; `links` says where links lead from a notebook."""

    def __init__(self, links: Links) -> None:
        self.links = links

    def inline(self, part: Element | str) -> str:
        """A part of a line."""
        if isinstance(part, str):
            return re.sub(r"([\\`*_$<])", r"\\\1", re.sub(r"\s+", " ", part))
        if is_left_out(part):
            return ""
        return self._special(part) if self._is_special(part) else self._marked(part)

    @staticmethod
    def _is_special(part: Element) -> bool:
        named = {"lc-formula", "lc-step", "lc-chip"}
        return bool(part.classes & named) or part.tag in ("math", "code", "img", "br", "a")

    def _special(self, part: Element) -> str:
        if "lc-step" in part.classes:
            return BLANK
        if "lc-formula" in part.classes:
            return f"${latex(part).strip()}$"
        if part.tag == "math":
            return f"${part.attributes.get('alttext', '').strip()}$"
        if "lc-chip" in part.classes:
            return f" {part.text.replace(' · ', ', ')}"
        if part.tag == "a":
            return self._link(part)
        return {"code": f"`{part.text}`", "br": "  \n"}.get(part.tag, part.attributes.get("alt", ""))

    def _link(self, part: Element) -> str:
        text = self.line(part.children)
        target = self.links(part.attributes.get("href", ""))
        return f"[{text}]({target})" if target and text else text

    def _marked(self, part: Element) -> str:
        inside = self.line(part.children, strip=False)
        mark = {"strong": "**", "b": "**", "em": "*", "i": "*", "cite": "*"}.get(part.tag, "")
        core = inside.strip()
        if not core or not mark:
            return f" {inside}" if part.tag in ("dd", "li") else inside
        return inside.replace(core, f"{mark}{core}{mark}", 1)

    def line(self, parts: list[Element | str], strip: bool = True) -> str:
        """Inline parts as one line."""
        text = re.sub(r" {2,}(?!\n)", " ", "".join(map(self.inline, parts)))
        return text.strip() if strip else text

    # ---- blocks

    def blocks(self, element: Element) -> Iterator[Block]:
        """The blocks of an element's children; inline parts between blocks are a paragraph."""
        waiting: list[Element | str] = []
        for child in element.children:
            if not isinstance(child, Element) or not _holds_blocks(child):
                waiting.append(child)
                continue
            yield from self._paragraph(waiting)
            waiting = []
            if not is_left_out(child):
                yield from self.block(child)
        yield from self._paragraph(waiting)

    def _paragraph(self, parts: list[Element | str]) -> Iterator[Block]:
        if text := self.line(parts):
            yield re.sub(r"^([#+>-]|\d+(?=[.)]))(?=\S*\s)", r"\\\1", text) if text[0] in "#+>-" else text

    def block(self, element: Element) -> Iterator[Block]:
        """One element as blocks."""
        write = self._by_class(element) or _BY_TAG.get(element.tag, Writer.blocks)
        yield from write(self, element)

    @staticmethod
    def _by_class(element: Element) -> Callable[[Writer, Element], Iterator[Block]] | None:
        return next((write for name, write in _BY_CLASS if name in element.classes), None)

    def heading(self, element: Element) -> Iterator[Block]:
        """A heading with its signs."""
        yield f"{'#' * int(element.tag[1])} {self.line(element.children)}"

    def math(self, element: Element) -> Iterator[Block]:
        """A formula in a block of its own."""
        for part in element.all():
            if part.tag == "math":
                yield f"$$\n{part.attributes.get('alttext', '').strip()}\n$$"

    def derivation(self, element: Element) -> Iterator[Block]:
        """Letters = numbers = total: one formula with its unit, and what its letters stand for."""
        for line in element.all():
            if "lc-line" in line.classes or "lc-where" in line.classes:
                yield self.line(line.children)

    def cell(self, element: Element) -> Iterator[Block]:
        """A cell of the chapter: its code, or the code that shows its explorer."""
        live = next((part for part in element.all() if "lc-live" in part.classes), None)
        if live is not None:
            yield Code(live.attributes["data-source"].strip())
            return
        source = next((part for part in element.all() if "cell_input" in part.classes), None)
        if source is not None:
            yield Code(source.text.strip())

    def fence(self, element: Element) -> Iterator[Block]:
        """Text that stands as it is typed."""
        yield f"```text\n{element.text.rstrip()}\n```"

    def items(self, element: Element) -> Iterator[Block]:
        """A list; what belongs to an item is indented under it."""
        lines = []
        start = int(element.attributes.get("start") or 1)
        items = [child for child in element.children if isinstance(child, Element) and child.tag == "li"]
        for place, item in enumerate(items, start):
            mark = f"{place}. " if element.tag == "ol" else "- "
            lines.append(self._item(mark, list(self.blocks(item))))
        yield ("\n\n" if any("\n" in line for line in lines) else "\n").join(filter(None, lines))

    @staticmethod
    def _item(mark: str, blocks: list[Block]) -> str:
        text = "\n\n".join(_as_text(block) for block in blocks)
        return mark + text.replace("\n", "\n" + " " * len(mark)) if text else ""

    def quote(self, element: Element) -> Iterator[Block]:
        """A card, as what somebody said."""
        text = "\n\n".join(_as_text(block) for block in self.blocks(element))
        yield "\n".join(f"> {line}".rstrip() for line in text.splitlines())

    def field(self, element: Element) -> Iterator[Block]:
        """Where the page asks for a guess: a line to write on."""
        asked = next((part.text.strip() for part in element.all() if part.tag == "label"), "")
        yield " ".join(filter(None, [f"{asked}:", BLANK, self.line(element.children)]))

    def title(self, element: Element) -> Iterator[Block]:
        """What a box is called."""
        yield f"**{self.line(element.children)}**"

    def folded(self, element: Element) -> Iterator[Block]:
        """What opens at a touch; Markdown stands in it between empty lines."""
        summary = next((part for part in element.all() if part.tag == "summary"), None)
        title = summary.text.strip() if summary else "More"
        rest = Element("div", {})
        rest.children = [child for child in element.children if child is not summary]
        text = "\n\n".join(_as_text(block) for block in self.blocks(rest))
        yield f"<details><summary>{title}</summary>\n\n{text}\n\n</details>"

    def table(self, element: Element) -> Iterator[Block]:
        """A table; its caption goes above it."""
        parts = list(element.all())
        caption = next((self.line(part.children) for part in parts if part.tag == "caption"), "")
        rows = [self._row(part) for part in parts if part.tag == "tr"]
        if caption:
            yield f"**{caption}**"
        if rows:
            head, *others = rows
            rule = "|".join(["---"] * (head.count("|") - head.count(r"\|") - 1))
            yield "\n".join([head, f"|{rule}|", *others])

    def _row(self, element: Element) -> str:
        cells = (child for child in element.children if isinstance(child, Element))
        return f"| {' | '.join(self._cell_text(cell) for cell in cells)} |"

    def _cell_text(self, cell: Element) -> str:
        """The inline text of a cell: a bar would end it, and it has one line."""
        return " ".join(self.line(cell.children).split()).replace("|", r"\|")

    def terms(self, element: Element) -> Iterator[Block]:
        """Terms and what they mean, a line each."""
        lines, term = [], ""
        for part in element.all():
            if part.tag == "dt":
                term = f"**{self.line(part.children)}**"
            elif part.tag == "dd":
                lines.append(f"- {term}: {' '.join(_as_text(block) for block in self.blocks(part))}")
        yield "\n".join(lines)


def _as_text(block: Block) -> str:
    return f"```python\n{block.source}\n```" if isinstance(block, Code) else block


def _holds_blocks(element: Element) -> bool:
    """Whether an element is a block, or has one in it, as a span around a folded hint has."""
    return any(part.tag in BLOCKS for part in element.all()) and "lc-formula" not in element.classes


_BY_CLASS: tuple[tuple[str, Callable[[Writer, Element], Iterator[Block]]], ...] = (
    ("cell", Writer.cell),
    ("lc-math", Writer.math),
    ("lc-derivation", Writer.derivation),
    ("lc-field", Writer.field),
    ("lc-claim", Writer.quote),
    ("admonition-title", Writer.title),
    ("admonition", Writer.quote),
)
_BY_TAG: dict[str, Callable[[Writer, Element], Iterator[Block]]] = {
    **{f"h{level}": Writer.heading for level in range(1, 7)},
    "pre": Writer.fence,
    "ul": Writer.items,
    "ol": Writer.items,
    "details": Writer.folded,
    "table": Writer.table,
    "dl": Writer.terms,
    "blockquote": Writer.quote,
}


def blocks_of(page: str, links: Links) -> list[Block]:
    """The page as Markdown and code, in its order."""
    return [block for block in Writer(links).blocks(read(page)) if _as_text(block).strip()]
