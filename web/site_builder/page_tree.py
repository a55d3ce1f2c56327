"""A page's HTML as a tree of elements, to be read back, taken apart and written again."""

from __future__ import annotations

import html
from collections.abc import Iterator
from html.parser import HTMLParser

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
# The parser writes all names small; those of SVG have capitals in them.
CAPITALS = {
    name.casefold(): name
    for name in ("viewBox", "preserveAspectRatio", "patternUnits", "patternTransform", "patternContentUnits",
                 "clipPath", "linearGradient", "gradientUnits", "textLength", "lengthAdjust", "markerWidth",
                 "markerHeight", "refX", "refY", "foreignObject")
}  # fmt: skip


class Element:
    """An element of the page; `children` are elements and texts."""

    def __init__(
        self, tag: str, attributes: dict[str, str], children: list[Element | str] | None = None
    ) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children = children or []

    @property
    def classes(self) -> set[str]:
        """The names of its classes."""
        return set(self.attributes.get("class", "").split())

    @property
    def text(self) -> str:
        """All its text, as it stands."""
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    def all(self) -> Iterator[Element]:
        """The element and every element in it."""
        yield self
        for child in self.children:
            if isinstance(child, Element):
                yield from child.all()

    def xhtml(self) -> str:
        """The element as XHTML, which is good HTML as well."""
        inside = "".join(
            child.xhtml() if isinstance(child, Element) else html.escape(child, quote=False)
            for child in self.children
        )
        if not self.tag:
            return inside
        name = CAPITALS.get(self.tag, self.tag)
        attributes = "".join(
            f' {CAPITALS.get(key, key)}="{html.escape(value)}"' for key, value in self.attributes.items()
        )
        return f"<{name}{attributes}/>" if self.tag in VOID else f"<{name}{attributes}>{inside}</{name}>"


class _Tree(HTMLParser):
    """Builds elements; an end tag closes what was left open inside of it."""

    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        names = [element.tag for element in self.open]
        if tag in names[1:]:
            del self.open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(page: str) -> Element:
    """The elements of a page's HTML."""
    tree = _Tree()
    tree.feed(page)
    return tree.open[0]
