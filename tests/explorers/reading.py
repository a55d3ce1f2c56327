"""Reads what an explorer shows, as a person or a browser would."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

from layercost.explorers.explorer import Explorer

_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")


def tree(html: str) -> ElementTree.Element:
    """The elements of a piece of HTML; raises ParseError where a tag is not closed."""
    return ElementTree.fromstring(f"<root>{html}</root>")  # noqa: S314 (our own text)


def panes(explorer: Explorer) -> dict[str, str]:
    """The HTML of every pane that has any."""
    return {pane: explorer.pane(pane) for pane in explorer.panes if explorer.pane(pane)}


def with_class(html: str, name: str) -> list[ElementTree.Element]:
    """The elements that carry a class, in reading order."""
    return [element for element in tree(html).iter() if name in element.get("class", "").split()]


def words(element: ElementTree.Element) -> str:
    """The text of an element, its white space evened out."""
    return " ".join("".join(element.itertext()).split())


def numbers(text: str) -> set[float]:
    """The numbers that a text shows, without their thousands separators."""
    return {float(found.rstrip(",").replace(",", "")) for found in _NUMBER.findall(text)}


def copied_lines(explorer: Explorer, *names: str) -> list[str]:
    """The substitution lines of some panes (of `line` by default) as their copy buttons give them."""
    places = (place for name in names or ("line",) for place in with_class(explorer.pane(name), "lc-copy"))
    return [place.get("data-copy", "") for place in places]


def wheels(explorer: Explorer) -> dict[str, tuple[int, int]]:
    """The odometer: what is counted, how far it is, where it ends."""
    found = {}
    for wheel in with_class(explorer.pane("picture"), "lc-wheel"):
        done, end, name = (words(part) for part in wheel)
        (reached,), (last,) = numbers(done), numbers(end)
        found[name] = (int(reached), int(last))
    return found


def widgets(root: Any) -> Iterator[Any]:
    """Every widget of a tree."""
    yield root
    for child in getattr(root, "children", ()):
        yield from widgets(child)


def move(explorer: Explorer, **values: object) -> None:
    """Set controls one after the other, as a reader does."""
    for field, value in values.items():
        explorer.control(field).value = value
