"""Tells the gradebook which cells an assignment has, in one transaction: all of it, or nothing.

nbgrader's own way commits step by step, and refuses to add or remove cells once something was handed in.
A new version may: what was handed in gets an empty mark for a cell that is new, and the marks of a cell that
is gone go with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from nbgrader import api
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from grader.course import Course, CourseError
from grader.gradebook import open_gradebook
from grader.release import Release, ReleasedCell


@contextmanager
def registered(course: Course, name: str, notebook: str, release: Release) -> Iterator[Callable[[], None]]:
    """The gradebook holds this release's cells and points once the block has called what it gets.

    Until then nobody else can write into it; where the block ends without that call, nothing was changed.
    """
    gradebook = open_gradebook(course)
    try:
        with Session(gradebook.engine) as session:
            found = _notebook(session, course, name, notebook)
            found.kernelspec = json.dumps(release.metadata.get("kernelspec", {}))
            _write_cells(session, found, release)
            session.flush()
            yield session.commit
    finally:
        gradebook.close()


def _notebook(session: Session, course: Course, name: str, notebook: str) -> Any:
    """The row of the only notebook, made where it is not there yet."""
    assignment = session.scalars(select(api.Assignment).where(api.Assignment.name == name)).one_or_none()
    if assignment is None:
        assignment = api.Assignment(name=name, course_id=course.root.name)
        session.add(assignment)
    for other in [one for one in assignment.notebooks if one.name != notebook]:
        if other.submissions:
            raise CourseError(
                f"{name} was handed in as {other.name}.ipynb, and the specification now calls the notebook "
                f"{notebook!r}. Keep the name, or make an assignment of another name."
            )
        _clear(session, other)
        assignment.notebooks.remove(other)
        session.delete(other)
    session.flush()
    found = next((one for one in assignment.notebooks if one.name == notebook), None)
    if found is None:
        found = api.Notebook(name=notebook, assignment=assignment)
        session.add(found)
        session.flush()
    return found


def _clear(session: Session, notebook: Any) -> None:
    for cell in (*notebook.grade_cells, *notebook.solution_cells, *notebook.task_cells):
        _remove(session, cell)
    for cell in notebook.source_cells:
        session.delete(cell)


def _remove(session: Session, cell: Any) -> None:
    """A cell with all marks and comments on it."""
    session.execute(delete(api.Grade).where(api.Grade.cell_id == cell.id))
    session.execute(delete(api.Comment).where(api.Comment.cell_id == cell.id))
    session.delete(cell)


def _write_cells(session: Session, notebook: Any, release: Release) -> None:
    cells = release.by_grade_id
    graded = {name: cell for name, cell in cells.items() if cell.is_marked}
    written = {name: cell for name, cell in cells.items() if cell.is_answer}
    for cell in _kept(session, notebook, notebook.grade_cells, graded, api.GradeCell, api.Grade):
        cell.max_score = graded[cell.name].points
        cell.cell_type = graded[cell.name].cell_type
    for _ in _kept(session, notebook, notebook.solution_cells, written, api.SolutionCell, api.Comment):
        pass
    for cell in notebook.task_cells:
        _remove(session, cell)
    _write_sources(session, notebook, cells)


def _kept(
    session: Session,
    notebook: Any,
    present: list[Any],
    wanted: Mapping[str, ReleasedCell],
    kind: Any,
    of_submission: Any,
) -> Iterator[Any]:
    """The rows of all wanted cells; those of others are removed, and new ones are added to what came in."""
    known = {cell.name: cell for cell in present}
    for name, cell in known.items():
        if name not in wanted:
            _remove(session, cell)
    for name, released in wanted.items():
        cell = known.get(name)
        if cell is None:
            cell = kind(name=name, notebook=notebook)
            if kind is api.GradeCell:
                cell.max_score, cell.cell_type = released.points, released.cell_type
            session.add(cell)
            session.flush()
            for submitted in notebook.submissions:
                session.add(of_submission(cell_id=cell.id, notebook=submitted))
        yield cell


def _write_sources(session: Session, notebook: Any, cells: Mapping[str, ReleasedCell]) -> None:
    known = {cell.name: cell for cell in notebook.source_cells}
    for name, cell in known.items():
        if name not in cells:
            session.delete(cell)
    for name, released in cells.items():
        cell = known.get(name)
        if cell is None:
            cell = api.SourceCell(name=name, notebook=notebook, cell_type=released.cell_type)
            session.add(cell)
        cell.cell_type, cell.source = released.cell_type, released.source
        cell.locked = bool(released.settings.get("locked"))
        cell.checksum = released.settings.get("checksum")
