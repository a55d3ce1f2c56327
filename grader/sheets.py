"""Tables as CSV, for and from spreadsheets: what is written starts no formula, what is read has a bound."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from grader.course import CourseError
from grader.names import without_control_characters
from grader.sanitize import harmless_cell

MOST_BYTES = 50_000_000


def write_sheet(file: TextIO | Terminal, rows: Iterable[Iterable[object]]) -> None:
    """Writes CSV in which no cell starts a formula; a number stays one, with its sign."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerows([_cell(item) for item in row] for row in rows)


def _cell(item: object) -> str:
    return str(item) if isinstance(item, int | float) else harmless_cell(str(item))


def read_sheet(path: Path) -> list[dict[str, str]]:
    """The lines by the heads of their columns, missing cells empty; raises CourseError."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise CourseError(f"{path} is too large for a table")
        text = path.read_bytes().decode("utf-8-sig")
        rows = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter(text), restval="")
        return [{head: cell for head, cell in row.items() if head is not None} for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read as CSV: {error}") from None


def delimiter(text: str) -> str:
    """What parts the cells of a table, by its first line: spreadsheets in much of Europe write semicolons."""
    head = text.partition("\n")[0]
    return max(",;\t", key=head.count)


class Terminal:
    """A terminal as a file in which no student's name moves the cursor or clears the screen."""

    def __init__(self, terminal: TextIO) -> None:
        self.terminal = terminal

    def write(self, text: str) -> int:
        """Writes printable characters as they are, and question marks for all others."""
        lines = text.split("\n")
        return self.terminal.write("\n".join(map(without_control_characters, lines)))
