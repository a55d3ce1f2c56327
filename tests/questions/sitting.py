"""A student who sits an assignment without a box: the notebook's own cells, run here, since they are ours."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import jupytext

from grader.protocol import Mark
from grader.specification import AssignmentSpecification, released
from grader.values import Answer, Call, Failure, Get, Value

SECRET = b"known to the teacher alone"
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.DOTALL | re.MULTILINE)


def code_cells(folder: Path) -> list[Any]:
    """The code cells of an assignment's text, with their solutions."""
    return [cell for cell in jupytext.read(folder / "assignment.md").cells if cell.cell_type == "code"]


def without_solution(source: str) -> str:
    """A cell as nbgrader releases it."""
    return SOLUTION.sub(r"\1raise NotImplementedError()", source)


def run(
    assignment: AssignmentSpecification, folder: Path, student: str, place: Path, *, blank: bool = False
) -> dict[str, Any]:
    """The names that the notebook's cells leave, run as this student in an empty folder.

    The variants are the student's own row alone. Where `blank`, the release is run; what fails is skipped.
    """
    row = assignment.row(student)
    own = {cell.own.id: cell.own for cell in assignment.cells if cell.own is not None}
    variants = {name: [released(assignment.variant(one, row))] for name, one in own.items()}
    (place / "variants.json").write_text(json.dumps({"salt": assignment.salt, **variants}))
    names: dict[str, Any] = {}
    with chdir(place):
        for cell in code_cells(folder):
            source = without_solution(cell.source) if blank else cell.source
            if "prefilled" in cell.metadata.get("tags", ()):
                source = f"student_id = {student!r}"
            try:
                exec(source, names)  # noqa: S102  (our own notebook's cell)
            except Exception:
                if not blank:
                    raise
    return names


def marks(assignment: AssignmentSpecification, student: str, names: dict[str, Any]) -> dict[str, Mark]:
    """What the answers among these names earn."""
    probes = assignment.probes(student, SECRET)
    answers = {grade_id: tuple(_answers(asked, names)) for grade_id, asked in probes.items()}
    return assignment.score(student, SECRET, answers)


def _answers(asked: tuple[Get | Call, ...], names: dict[str, Any]) -> Iterator[Answer]:
    for probe in asked:
        if probe.name not in names:
            yield Failure("missing", "There is none.")
        elif isinstance(probe, Get):
            yield Value(names[probe.name])
        else:
            yield _called(names[probe.name], probe)


def _called(function: Any, probe: Call) -> Answer:
    try:
        return Value(function(*probe.args, **probe.kwargs))
    except NotImplementedError:
        return Failure("error", "It raised NotImplementedError.")
