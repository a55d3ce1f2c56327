"""An assignment's two files, checked against each other before anything runs.

What nbgrader would trip over later, or would pass over silently, is said here with its file and line: cells
that earn points in one file and not in the other, solutions without an end, code that is no Python, names
that the specification asks for and no cell assigns, questions from whose ranges nothing can be drawn.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from grader.cells import Cell, SpecificationError
from grader.draws import FreshDraws, draw_set
from grader.keys import POINTS
from grader.needs import all_needed, read_needs
from grader.reading import Reader
from grader.release import answered_in
from layercost.questions import QuestionError

TEXT, SPECIFICATION = "assignment.md", "specification.toml"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
SETTINGS = ("grade", "grade_id", "locked", "points", "solution", "schema_version", "cell_type", "task")
GOOD_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
NO_LAYER = re.compile(
    r"(question '[^']*'): no draw of .*? with \{(.*?)\}: (.*?)\.? Draw from wider.*", re.DOTALL
)
FENCE = re.compile(r"(`{3,})\{code-cell\}.*")


@dataclass(frozen=True)
class TextCell:
    """A cell of assignment.md: where it begins, its metadata, and its text with its first line."""

    line: int
    is_code: bool
    metadata: Mapping[str, Any]
    source: str = ""
    source_line: int = 0
    trouble: str = ""

    @property
    def settings(self) -> Mapping[str, Any]:
        found = self.metadata.get("nbgrader")
        return found if isinstance(found, Mapping) else {}

    @property
    def grade_id(self) -> str:
        return str(self.settings.get("grade_id", ""))

    @property
    def is_answer(self) -> bool:
        return self.settings.get("solution") is True

    @property
    def is_marked(self) -> bool:
        return self.settings.get("grade") is True

    @property
    def is_prefilled(self) -> bool:
        return "prefilled" in (self.metadata.get("tags") or ())


# ---- reading the text ---------------------------------------------------------------------------


def text_cells(text: str) -> Iterator[TextCell]:
    """The cells of a MyST text that hold code or have metadata, as jupytext reads them."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        fence = FENCE.fullmatch(lines[at].rstrip())
        if fence:
            end = next((i for i in range(at + 1, len(lines)) if lines[i].rstrip() == fence[1]), len(lines))
            yield _code_cell(lines, at, end)
            at = end
        elif lines[at].startswith("+++"):
            end = next((i for i in range(at + 1, len(lines)) if _begins(lines[i])), len(lines))
            yield _block(lines, at, end)
            at = end - 1
        at += 1


def _begins(line: str) -> bool:
    return line.startswith("+++") or bool(FENCE.fullmatch(line.rstrip()))


def _code_cell(lines: Sequence[str], start: int, end: int) -> TextCell:
    first, header = start + 1, ""
    if first < end and lines[first].strip() == "---":
        close = next((i for i in range(first + 1, end) if lines[i].strip() == "---"), end)
        header, first = "\n".join(lines[start + 2 : close]), close + 1
    source = "\n".join(lines[first:end])
    if end == len(lines):
        return TextCell(start + 1, True, {}, source, first + 1, "this cell has no end: close it with ```")
    try:
        metadata = yaml.safe_load(header) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = start + 3 + (mark.line if mark else 0)
        said = getattr(error, "problem", None) or str(error)
        return TextCell(line, True, {}, source, first + 1, f"the header of this cell is no YAML: {said}")
    if not isinstance(metadata, Mapping):
        return TextCell(start + 2, True, {}, source, first + 1, "the header of a cell is a table in YAML")
    return TextCell(start + 1, True, metadata, source, first + 1)


def _block(lines: Sequence[str], start: int, end: int) -> TextCell:
    header, source = lines[start][3:].strip(), "\n".join(lines[start + 1 : end])
    try:
        metadata = json.loads(header) if header else {}
    except ValueError as error:
        return TextCell(
            start + 1, False, {}, source, start + 2, f"what stands behind +++ is no JSON: {error}"
        )
    return TextCell(start + 1, False, metadata if isinstance(metadata, Mapping) else {}, source, start + 2)


# ---- checking -----------------------------------------------------------------------------------


@dataclass
class Manuscript:
    """Both files of an assignment, and what is wrong with them."""

    folder: Path
    read: Reader
    complaints: list[str] = field(default_factory=list)

    @cached_property
    def text(self) -> str:
        return (self.folder / TEXT).read_text(encoding="utf-8-sig")

    @cached_property
    def cells(self) -> list[TextCell]:
        return list(text_cells(self.text))

    @cached_property
    def by_grade_id(self) -> dict[str, TextCell]:
        return {cell.grade_id: cell for cell in self.cells if cell.grade_id}

    def in_text(self, line: int, message: str) -> None:
        """Notes a mistake in assignment.md."""
        self.complaints.append(f"{self.folder / TEXT}:{line}: {message}")

    def in_specification(self, number: int, message: str) -> None:
        """Notes a mistake in a cell of specification.toml."""
        block = self.read.block("cell", number)
        line = self.read.lines.locate(message, block)
        self.complaints.append(f"{self.read.path}:{line}: {message}")

    def check(self) -> list[str]:
        """All complaints, each with its file and line."""
        for cell in self.cells:
            if cell.trouble:
                self.in_text(cell.line, cell.trouble)
        if not self.complaints:
            self._check_text()
            self._check_match()
            self._check_names()
        if not self.complaints:
            self._check_draws()
        return self.complaints

    # ---- assignment.md by itself

    def _check_text(self) -> None:
        seen: dict[str, int] = {}
        for cell in self.cells:
            for message in _of_settings(cell):
                self.in_text(cell.line, message)
            if cell.grade_id in seen:
                self.in_text(
                    cell.line,
                    f"the grade_id {cell.grade_id!r} is that of the cell on line {seen[cell.grade_id]}",
                )
            elif cell.grade_id:
                seen[cell.grade_id] = cell.line
            for line, message in (*_of_solution(cell), *_of_code(cell)):
                self.in_text(line, message)
        if not seen:
            self.in_text(1, "no cell has nbgrader's settings, so there is nothing to hand in")

    # ---- both together

    def _check_match(self) -> None:
        marked = {name: cell for name, cell in self.by_grade_id.items() if cell.is_marked}
        known = {cell.grade_id for cell in self.read.cells}
        for number, cell in enumerate(self.read.cells):
            if cell.grade_id not in marked:
                self.in_specification(number, _not_marked(cell.grade_id, self.by_grade_id, marked))
            elif float(marked[cell.grade_id].settings.get("points", 0)) != cell.points:
                there = marked[cell.grade_id]
                self.in_specification(
                    number,
                    f"cell {cell.grade_id!r}: it has {cell.points:g} points here, and "
                    f"{there.settings['points']:g} in {TEXT}, line {there.line}",
                )
            self._check_needed(number, cell.grade_id)
        for name, one in marked.items():
            if name not in known and not one.is_answer:
                near = _near(name, known)
                self.in_text(
                    one.line, f"the cell {name!r} earns points, but {SPECIFICATION} has no such cell{near}"
                )

    def _check_needed(self, number: int, name: str) -> None:
        """What a cell needs stands before it in the notebook as well."""
        order = list(self.by_grade_id)
        for other in self.read.data["cell"][number].get("needs", ()):
            if name in order and other in order and order.index(other) > order.index(name):
                self.in_specification(
                    number, f"cell {name!r}: it needs {other!r}, which stands behind it in {TEXT}"
                )
        if name not in order or hasattr(self.read.cells[number], "call"):  # a function is called later
            return
        for other in all_needed(name, read_needs(self.read.data["cell"])):
            if self._answered_in.get(other) == self._answered_in[name]:
                self.in_specification(
                    number,
                    f"cell {name!r}: it needs {other!r}, and both are answered in the cell "
                    f"{self._answered_in[name]!r} of {TEXT}, so that the model's function comes too late; "
                    "give the function an answer cell of its own before this one",
                )

    @cached_property
    def _answered_in(self) -> dict[str, str]:
        return answered_in(self.cells)

    def _check_names(self) -> None:
        assigned = set(_assigned(cell.source for cell in self.cells if cell.is_code))
        identity = self.read.data.get("identity", "")
        if identity and identity not in assigned:
            line = self.read.lines.locate(f"`{identity}`", self.read.lines.head)
            self.complaints.append(f"{self.read.path}:{line}: no cell of {TEXT} assigns {identity!r}")
        for number, cell in enumerate(self.read.cells):
            for name in _asked_of(cell):
                if name not in assigned:
                    near = _near(name, assigned)
                    self.in_specification(
                        number, f"cell {cell.grade_id!r}: no cell of {TEXT} assigns or defines {name!r}{near}"
                    )

    # ---- what is drawn

    def _check_draws(self) -> None:
        """Each question once, as the first student and as the first hidden set."""
        fresh = FreshDraws(str(self.read.data["salt"]))
        tried: set[tuple[str, str]] = set()
        for cell in self.read.cells:
            for number, question in enumerate(self.read.questions.values()):
                try:
                    if cell.own is question and ("own", question.id) not in tried:
                        tried.add(("own", question.id))
                        fresh.own(question, 0)
                    for hidden, count in cell.hidden_from:
                        if hidden is question and (str(count), question.id) not in tried:
                            tried.add((str(count), question.id))
                            draw_set(hidden, count, b"", 0)
                except (QuestionError, ValueError) as error:
                    message = _why_not_drawn(str(error))
                    line = self.read.lines.locate(message, self.read.block("question", number))
                    self.complaints.append(f"{self.read.path}:{line}: {message}")


def _why_not_drawn(message: str) -> str:
    """What is wrong with every draw, where no layer can be made of any; the ranges are not to blame."""
    found = NO_LAYER.fullmatch(message)
    if found is None:
        return message
    owner, numbers, why = found.groups()
    return f"{owner}: {why} (with {numbers.replace(chr(39), '')})"


def _of_settings(cell: TextCell) -> Iterator[str]:
    """What is wrong with nbgrader's settings of a cell."""
    if "nbgrader" not in cell.metadata:
        return
    if not cell.settings:
        yield "nbgrader's settings are a table: {grade: false, grade_id: a, locked: true, solution: false}"
        return
    for name in cell.settings:
        if name not in SETTINGS:
            yield f"nbgrader has no setting {name!r}{_near(name, SETTINGS)}"
    if not GOOD_ID.fullmatch(cell.grade_id):
        yield f"a grade_id is letters, digits, _ and -, but this cell has {cell.grade_id!r}"
    for name in ("grade", "locked", "solution"):
        value = cell.settings.get(name)
        if not isinstance(value, bool):
            yield f"{name!r} of the cell {cell.grade_id!r} must be true or false, but got {value!r}"
    points = cell.settings.get("points")
    if cell.is_marked and not POINTS.fits(points):
        yield f"'points' of the cell {cell.grade_id!r} must be {POINTS.words}, but got {points!r}"
    if not cell.is_marked and points:
        yield f"the cell {cell.grade_id!r} has points, but 'grade' is not true"


def _of_solution(cell: TextCell) -> Iterator[tuple[int, str]]:
    """Every solution has an end, and stands where students write."""
    open_at = 0
    for at, line in enumerate(cell.source.splitlines(), start=cell.source_line):
        if line.strip() == BEGIN and open_at:
            yield at, f"a solution begins here within the one of line {open_at}; end that with {END}"
        if line.strip() == BEGIN:
            open_at = at
            if not cell.is_answer:
                yield at, "a solution stands in a cell that is no answer: give it nbgrader's `solution: true`"
        elif line.strip() == END and not open_at:
            yield at, f"a solution ends here that did not begin; begin it with {BEGIN}"
        elif line.strip() == END:
            open_at = 0
    if open_at:
        yield open_at, f"the solution that begins here has no end; end it with {END}"


def _of_code(cell: TextCell) -> Iterator[tuple[int, str]]:
    """Code is Python."""
    if not cell.is_code:
        return
    try:
        ast.parse(cell.source)
    except SyntaxError as error:
        yield cell.source_line + (error.lineno or 1) - 1, f"this is no Python: {error.msg}"
    except ValueError as error:
        yield cell.source_line, f"this is no Python: {error}"


def _not_marked(name: str, known: Mapping[str, TextCell], marked: Mapping[str, TextCell]) -> str:
    if name in known:
        return (
            f"cell {name!r}: it earns points here, but in {TEXT}, line {known[name].line}, it has not "
            "`grade: true`"
        )
    return f"cell {name!r}: {TEXT} has no cell with this grade_id{_near(name, marked)}"


def _near(name: str, known: Iterable[str]) -> str:
    near = get_close_matches(name, sorted(known), 1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _asked_of(cell: Cell) -> Iterator[str]:
    """The names that a cell's code is asked for."""
    for key in ("call", "get", "fill"):
        name = getattr(cell, key, "")
        if name:
            yield name


def _assigned(sources: Iterable[str]) -> Iterator[str]:
    """All names that some code assigns or defines."""
    for source in sources:
        for node in ast.walk(ast.parse(source)) if _is_python(source) else ():
            match node:
                case ast.Name(id=name, ctx=ast.Store()):
                    yield name
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    yield name
                case ast.alias(name=name, asname=other):
                    yield other or name.split(".")[0]


def _is_python(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return True


def check_folder(folder: Path) -> Reader:
    """Reads and checks an assignment's folder; raises SpecificationError with a line for each mistake."""
    read = Reader.of(folder / SPECIFICATION)
    complaints = Manuscript(folder, read).check()
    if complaints:
        raise SpecificationError("\n".join(complaints))
    return read
