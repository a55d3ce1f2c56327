"""The marked cells of an assignment: each kind says what to ask a student's code, and marks what comes back.

A kind is one class in a module of its own: the keys that a ``[[cell]]`` of it has, how it is read, its probes
and its marking. All of it runs on the trusted side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from grader.cells.blanks import BlanksCell
from grader.cells.cell import Cell, Own, Sitting, SpecificationError, normalized
from grader.cells.explanation import ManualCell
from grader.cells.function import FunctionCell
from grader.cells.numbers import NumbersCell
from layercost.questions import Template, known_keys

__all__ = [
    "KINDS",
    "BlanksCell",
    "Cell",
    "FunctionCell",
    "ManualCell",
    "NumbersCell",
    "Own",
    "Sitting",
    "SpecificationError",
    "normalized",
    "read_cell",
]

# By the key that only a cell of that kind has.
KINDS: dict[str, type[Cell]] = {
    "call": FunctionCell,
    "get": NumbersCell,
    "fill": BlanksCell,
    "rubric": ManualCell,
}


def read_cell(data: Mapping[str, Any], questions: Mapping[str, Template]) -> Cell:
    """A marked cell of a specification.toml; raises SpecificationError and QuestionError."""
    owner = f"cell {data.get('grade_id', '(without grade_id)')!r}"
    kinds = [kind for name, kind in KINDS.items() if name in data]
    if len(kinds) != 1:
        raise SpecificationError(f"{owner}: give exactly one of {', '.join(map(repr, KINDS))}")
    known_keys(owner, data, kinds[0].keys)
    points = data.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float) or not points > 0:
        raise SpecificationError(f"{owner}: points must be a number above 0, but got {points!r}")
    return kinds[0].read(owner, data, questions)
