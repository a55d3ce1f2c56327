"""A released notebook, as the grader sees it: which cells are answers, earn points, are locked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

VARIANTS = "variants.json"


@dataclass(frozen=True)
class ReleasedCell:
    """One cell of the release. `cell` is its JSON; the rest is read from nbgrader's metadata."""

    cell: dict[str, Any]

    @cached_property
    def settings(self) -> dict[str, Any]:
        settings = self.cell.get("metadata", {}).get("nbgrader")
        return settings if isinstance(settings, dict) else {}

    @property
    def grade_id(self) -> str:
        return str(self.settings.get("grade_id", ""))

    @property
    def cell_type(self) -> str:
        return str(self.cell["cell_type"])

    @property
    def is_answer(self) -> bool:
        """Whether the student writes here."""
        return bool(self.settings.get("solution"))

    @property
    def is_marked(self) -> bool:
        """Whether the gradebook holds points for this cell."""
        return bool(self.settings.get("grade"))

    @property
    def is_check(self) -> bool:
        """Whether it only tries what stands in an answer cell."""
        return self.is_marked and not self.is_answer

    @property
    def is_locked(self) -> bool:
        return bool(self.grade_id) and not self.is_answer

    @property
    def points(self) -> float:
        return float(self.settings.get("points", 0)) if self.is_marked else 0.0

    @property
    def source(self) -> str:
        source = self.cell["source"]
        return "".join(source) if isinstance(source, list) else str(source)


@dataclass(frozen=True)
class Release:
    """The notebook that students were given. `sha256` is that of its code: no points, and no wording.

    The data that lies beside it, which the code may read, is in that too; `data` has the hash of each file.
    """

    sha256: str
    metadata: dict[str, Any]
    cells: tuple[ReleasedCell, ...]
    data: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_grade_id(self) -> dict[str, ReleasedCell]:
        return {cell.grade_id: cell for cell in self.cells if cell.grade_id}

    @cached_property
    def marked(self) -> dict[str, ReleasedCell]:
        """The cells that earn points, by grade_id, in the order of the notebook."""
        return {grade_id: cell for grade_id, cell in self.by_grade_id.items() if cell.is_marked}

    @property
    def points(self) -> float:
        """What all of these are worth together."""
        return sum(cell.points for cell in self.marked.values())

    @cached_property
    def answered_in(self) -> dict[str, str]:
        """For each marked cell the answer cell that belongs to it."""
        return answered_in(self.cells)


class OfText(Protocol):
    """A cell of an assignment, released or as it is written."""

    @property
    def grade_id(self) -> str:
        """The name that nbgrader knows it by."""

    @property
    def is_answer(self) -> bool:
        """Whether students write into it."""

    @property
    def is_marked(self) -> bool:
        """Whether it has points."""


def answered_in(cells: Iterable[OfText]) -> dict[str, str]:
    """For each marked cell the answer cell that belongs to it: itself, or the nearest one before it."""
    nearest, found = "", {}
    for cell in cells:
        nearest = cell.grade_id if cell.is_answer else nearest
        if cell.is_marked:
            found[cell.grade_id] = nearest
    return found


def read_release(path: Path) -> Release:
    """Reads a notebook that `grader build` made; it is ours, so anything odd in it is an error."""
    notebook = json.loads(path.read_bytes())
    cells = tuple(ReleasedCell(cell) for cell in notebook["cells"])
    data = {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in _data_beside(path)}
    return Release(_sha256(cells, data), notebook["metadata"], cells, data)


def files_beside(folder: Path) -> Iterator[Path]:
    """What was released beside the notebooks, such as variants.json; hidden files are left by a system."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix != ".ipynb" and not path.name.startswith("."):
            yield path


def _data_beside(notebook: Path) -> Iterator[Path]:
    """Without the numbers, which are a part of the version: with them lies the wording of questions."""
    return (one for one in files_beside(notebook.parent) if one.name != VARIANTS)


def _sha256(cells: Iterable[ReleasedCell], data: Mapping[str, str]) -> str:
    """Of all that an answer can come from, so that answers on record hold while it stays the same.

    Checks that students see are no part of it: they only say something.
    """
    run: list[object] = [
        (cell.grade_id, cell.cell_type, cell.is_answer, "" if cell.is_check else cell.source)
        for cell in cells
        if cell.cell_type == "code" or cell.is_answer
    ]
    if data:
        run.append(dict(data))
    return hashlib.sha256(json.dumps(run).encode()).hexdigest()
