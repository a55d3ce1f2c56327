"""The pages as their authors write them: lines of prose, and the counts in them that follow the reader."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "web" / "sphinx"))

import course_pulled  # noqa: E402
import course_text  # noqa: E402
import following  # noqa: E402
from following import COUNT  # noqa: E402

PAGES = (ROOT / "index.md", *sorted((ROOT / "chapters").glob("*.md")))
NUMBER = re.compile(r"\{(?:n|live)\}`([^`]+)`")
STEP = re.compile(r"\{step\}`([^`]+)`(?:\{[^}]*\})?")
LET = re.compile(r"```\{let\}\n(.*?)```", re.S)
PULLED_LET = re.compile(r"^:let: (.+)$", re.M)
DERIVATION = re.compile(r"`{3,}\{(?:derivation|count-table)\} (.+)")


class Line(NamedTuple):
    """A line of prose: `said` with `COUNT` for each count that follows, which are `counts`."""

    place: str
    said: str
    counts: tuple[Any, ...]

    def under(self, convention: str) -> str:
        """The line as a reader sees it under a convention."""
        said = self.said
        for asked in self.counts:
            count = asked.under(convention).count
            said = said.replace(COUNT, f"{count.total:,} {count.unit} · {count.convention}", 1)
        return said


def names_of(text: str) -> dict[str, Any]:
    """What the roles and directives of a page may use; what is pulled, as it stands at first."""
    names = course_text.namespace()
    decimals = {"ratio": _decimal, "percent": _decimal, "mib": _decimal}
    group = course_pulled.Group.read(text, "", {})
    names |= {**group.start, **group.forms[0], **decimals}
    for source in (*LET.findall(text), *(let.replace("; ", "\n") for let in PULLED_LET.findall(text))):
        exec(source, names)  # noqa: S102 - our own pages
    return names


def _decimal(*_: Any) -> str:
    return "0.0"


def lines_of(page: Path) -> Iterator[Line]:
    """The lines of a page that show a count, formula or table that follows; one in a table has its head."""
    text = page.read_text(encoding="utf-8")
    return _lines(page.name, text.splitlines(), names_of(text))


def _lines(name: str, lines: list[str], names: dict[str, Any]) -> Iterator[Line]:
    head = before = ""
    for place, line in enumerate(lines, start=1):
        if not line.startswith("|"):
            head = ""
        head = head or (line if line.startswith("|") else "")
        directive = DERIVATION.match(line)
        if directive and follows(eval(directive[1], names)):  # noqa: S307 - our own pages
            yield Line(f"{name}:{place}", before, ())
        found = one_line(line, names)
        if found.counts:
            said = f"{head} {found.said}" if head and head != line else found.said
            yield Line(f"{name}:{place}", said, found.counts)
        before = found.said if line.strip() else before


def one_line(line: str, names: dict[str, Any]) -> Line:
    """A line with its numbers written, and a sign for each that follows."""
    counts: list[Any] = []

    def shown(found: re.Match[str]) -> str:
        value = eval(found[1], names)  # noqa: S307 - our own pages
        if follows(value) and isinstance(value, course_text.Asked):
            counts.append(value)
            return COUNT
        return course_text.written(value.total if isinstance(value, course_text.Arithmetic) else value)

    return Line("", STEP.sub("_", NUMBER.sub(shown, line)) if NUMBER.search(line) else line, tuple(counts))


def follows(value: Any) -> bool:
    """Whether what a page shows changes with the reader's convention."""
    return value.follows if isinstance(value, course_text.Asked) else isinstance(value, course_text.lc.Layer)


__all__ = ["COUNT", "PAGES", "Line", "course_text", "following", "lines_of", "names_of", "one_line"]
