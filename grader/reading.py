"""Reads the questions and cells of a specification.toml, and says of each mistake on which line it stands.

Every mistake that can be found is found at once: whoever mends one should not meet the next one after it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from grader.cells import Cell, NumbersCell, SpecificationError, read_cell
from grader.keys import ASK, CARRIED, CELL, QUESTION, RUBRIC, TOP, misfits
from grader.lines import Lines
from grader.needs import misplaced
from layercost.questions import QuestionError, Template, known_keys, read_question

_AT = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)")
OF_ANY_KIND = {name: QUESTION[name] for name in ("id", "kind", "level", "skills")}
Read = TypeVar("Read")


@dataclass
class Reader:
    """One file: what it holds, and what is wrong with it, each on a line."""

    path: Path
    lines: Lines
    data: Mapping[str, Any] = field(default_factory=dict)
    questions: dict[str, Template] = field(default_factory=dict)
    cells: list[Cell] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path) -> Reader:
        """Reads a file; raises SpecificationError with a line for each mistake."""
        try:
            reader = cls(path, Lines(path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise SpecificationError(f"{path}: cannot be read: {error}") from error
        reader._read()
        if reader.complaints:
            raise SpecificationError("\n".join(reader.complaints))
        return reader

    def complain(self, message: str, block: range) -> None:
        """Notes a mistake."""
        self.complaints.append(f"{self.path}:{self.lines.locate(message, block)}: {message}")

    def block(self, table: str, number: int) -> range:
        """The lines of a question or a cell."""
        return self.lines.block(table, number)

    def _read(self) -> None:
        try:
            self.data = tomllib.loads(self.lines.text)
        except tomllib.TOMLDecodeError as error:
            at = _AT.search(str(error))
            line = at[1] if at and at[1] else len(self.lines.lines)
            self.complaints.append(f"{self.path}:{line}: this is no TOML: {_AT.sub('', str(error))}")
            return
        head = self.lines.head
        self._tell(misfits("", self.data, TOP), head)
        self._try(lambda: known_keys("the specification", self.data, tuple(TOP)), head)
        for number, one in enumerate(_tables(self.data.get("question"))):
            self._read_question(one, self.block("question", number))
        if not self.complaints:  # a cell of a question that could not be read would be complained of as well
            for number, one in enumerate(_tables(self.data.get("cell"))):
                self._read_cell(one, self.block("cell", number))
        if not self.complaints:
            self._check_together()

    def _tell(self, wrong: Sequence[str], block: range) -> bool:
        for message in wrong:
            self.complain(message, block)
        return bool(wrong)

    def _try(self, read: Callable[[], Read], block: range) -> Read | None:
        """What `read` gives; None where it fails, which is noted."""
        try:
            return read()
        except (QuestionError, SpecificationError, ValueError) as error:
            self.complain(str(error), block)
        except (AttributeError, KeyError, TypeError) as error:
            self.complain(f"something here has the wrong form ({type(error).__name__}: {error})", block)
        return None

    def _read_question(self, data: Mapping[str, Any], block: range) -> None:
        owner = f"question {data.get('id', '(without id)')!r}"
        numbers = data.get("kind", "compute") == "compute"
        wrong = misfits(owner, data, QUESTION if numbers else OF_ANY_KIND)
        for ask in _tables(data.get("ask")) if numbers else ():
            wrong += misfits(f"{owner}, {ask.get('id', 'ask')!r}", ask, ASK)
        read = None if self._tell(_slips_first(owner, data, wrong), block) else self._try(
            lambda: read_question(data), block
        )  # fmt: skip
        if read is not None and read.id in self.questions:
            self.complain(f"two questions have the id {read.id!r}", block)
        elif read is not None:
            self.questions[read.id] = read

    def _read_cell(self, data: Mapping[str, Any], block: range) -> None:
        owner = f"cell {data.get('grade_id', '(without grade_id)')!r}"
        wrong = misfits(owner, data, CELL)
        for line in _tables(data.get("rubric")):
            wrong += misfits(f"{owner}, rubric", line, RUBRIC)
        for name, rule in _named_tables(data.get("carried")).items():
            wrong += misfits(f"{owner}, carried {name!r}", rule, CARRIED)
        read = None if self._tell(wrong, block) else self._try(
            lambda: read_cell(data, self.questions), block
        )  # fmt: skip
        if read is not None and any(one.grade_id == read.grade_id for one in self.cells):
            self.complain(f"two cells have the same grade_id {read.grade_id!r}", block)
        elif read is not None:
            self.cells.append(read)

    def _check_together(self) -> None:
        self._check_carried()
        for number, one in enumerate(_tables(self.data.get("cell"))):
            self._tell(list(misplaced(one, self.cells)), self.block("cell", number))

    def _check_carried(self) -> None:
        """What a number is carried from must be asked for somewhere."""
        asked: dict[str, set[str]] = {}
        for cell in self.cells:
            if isinstance(cell, NumbersCell):
                asked.setdefault(cell.question.id, set()).update(cell.asks)
        for number, cell in enumerate(self.cells):
            for name, rule in cell.carried.items() if isinstance(cell, NumbersCell) else ():
                for source in rule.sources:
                    if isinstance(cell, NumbersCell) and source not in asked[cell.question.id]:
                        self.complain(
                            f"cell {cell.grade_id!r}: {name!r} is carried from {source!r}, "
                            f"which no cell asks for",
                            self.block("cell", number),
                        )


def _slips_first(owner: str, data: Mapping[str, Any], wrong: list[str]) -> list[str]:
    """A key that is missing and one that nobody knows are mostly one slip; the nearest name says more."""
    if not wrong or not any(name not in QUESTION for name in data):
        return wrong
    try:
        known_keys(owner, data, tuple(QUESTION))
    except QuestionError as error:
        return [str(error)]
    return wrong


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _named_tables(value: object) -> dict[str, Mapping[str, Any]]:
    found = value.items() if isinstance(value, Mapping) else ()
    return {name: one for name, one in found if isinstance(one, Mapping)}
