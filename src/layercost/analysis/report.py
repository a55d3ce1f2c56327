"""What the commands say: rows of a name, a figure and a remark, as text, as Markdown, or as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from layercost.convention import memory
from layercost.message import Message, Words
from layercost.view import json_of

FORMATS = ("text", "md", "json")


class Line(NamedTuple):
    """A figure under its name, with what it is made of or what it leaves out."""

    name: Words
    figure: Words
    remark: Words = ""


class Section(NamedTuple):
    """Lines under a title."""

    title: Words
    lines: tuple[Line, ...]


class Report(NamedTuple):
    """Sections, the notes below them, and the same figures as plain data."""

    title: Words
    sections: tuple[Section, ...]
    notes: tuple[Words, ...]
    data: Mapping[str, Any]

    def render(self, form: str) -> str:
        """The report in one of `FORMATS`."""
        if form == "json":
            return json_of({**self.data, "notes": [str(note) for note in self.notes]})
        return self.markdown() if form == "md" else self.text()

    def text(self) -> str:
        """Columns that stand below each other."""
        every = [line for section in self.sections for line in section.lines]
        names, figures = (max([len(str(line[at])) for line in every], default=0) for at in (0, 1))
        found = [str(self.title)]
        for title, lines in self.sections:
            found += ["", str(title)]
            for name, figure, remark in lines:
                written = f"  {name!s:<{names}}  {figure!s:>{figures}}  {remark}"
                found.append(written.rstrip())
        return "\n".join([*found, "", *map(str, self.notes)])

    def markdown(self) -> str:
        """A table a section."""
        found = [f"# {self.title}"]
        for title, lines in self.sections:
            found += ["", f"## {title}", "", "| | | |", "| --- | ---: | --- |"]
            found += [f"| {name} | {figure} | {remark} |" for name, figure, remark in lines]
        return "\n".join([*found, "", *[f"- {note}" for note in self.notes]])


def lines(rows: Iterable[Line | None]) -> tuple[Line, ...]:
    """The lines that there are."""
    return tuple([row for row in rows if row is not None])


def bytes_in_words(count: int) -> Message:
    """A number of bytes as it is, and in a larger unit."""
    if count < 1000:
        return Message("{count:,} bytes", count=count)
    return Message("{count:,} bytes ({size})", count=count, size=memory(count).decimal)


def seconds_in_words(seconds: float) -> str:
    """A time to four places in a unit that fits it."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        if seconds * factor >= 1 or unit == "µs":
            return f"{seconds * factor:,.4g} {unit}"
    return "0 s"


def percent(part: float) -> str:
    """A part of a whole with its sign."""
    return f"{100 * part:+.2f} %"
