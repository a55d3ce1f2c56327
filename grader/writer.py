"""The only one that writes marks into the gradebook: nbgrader's own, with rows as nbgrader makes them.

Many submissions in one transaction, and the same submission written twice changes nothing. Marks and comments
that a person gave are kept; where the answer changed since, or our own mark beneath a person's, nbgrader's
flag asks to look again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, text, update

from grader import tables
from grader.course import Course, CourseError
from grader.entries import Entry
from grader.gradebook import open_engine
from grader.late import lost, penalty_of, seconds_late
from grader.release import Release

Values = dict[str, Any]


@dataclass(frozen=True)
class Cells:
    """The cells of one released notebook: their ids in the gradebook, by grade_id."""

    notebook_id: str
    name: str
    graded: Mapping[str, str]
    commented: Mapping[str, str]


@dataclass(frozen=True)
class Submitted:
    """The rows that a submission has already."""

    submission: Row[Any]
    notebook: Row[Any]


class Writer:
    """Writes marked submissions of one assignment into the gradebook."""

    def __init__(self, course: Course, assignment: str, notebook: str, release: Release) -> None:
        self.assignment = assignment
        self.penalty = penalty_of(course)
        self.engine = open_engine(course)
        with self.engine.begin() as connection:
            self.assignment_id, self.due = _assignment(connection, assignment)
            self.all_cells = _cells(connection, self.assignment_id)
            self.cells = next(
                (cells for cells in self.all_cells if cells.name == notebook), None
            ) or _missing(assignment)
            self._check_release(connection, release)
            _forget_the_gone(connection)

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    def _check_release(self, connection: Connection, release: Release) -> None:
        query = select(tables.grade_cells.c.id, tables.grade_cells.c.max_score)
        points = {row.id: row.max_score for row in connection.execute(query)}
        found = {name: points[cell] for name, cell in self.cells.graded.items() if cell in points}
        if found != {grade_id: cell.points for grade_id, cell in release.marked.items()}:
            raise CourseError(
                f"The gradebook and the released notebook of {self.assignment} do not hold the same cells "
                "and points; release the assignment again with `grader build`."
            )

    def write(self, entries: Sequence[Entry]) -> None:
        """Writes these submissions in one transaction; all of them are written, or none is."""
        wanted = {entry.student: entry for entry in entries}
        with self.engine.begin() as connection:
            self._alone(connection)
            there = self._submitted(connection, list(wanted))
            self._add([entry for student, entry in wanted.items() if student not in there], connection)
            self._change([(wanted[student], rows) for student, rows in there.items()], connection)

    def _alone(self, connection: Connection) -> None:
        """One writer at a time; SQLite's transaction begins with that already."""
        if connection.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE submitted_assignment IN SHARE ROW EXCLUSIVE MODE"))

    def _submitted(self, connection: Connection, students: list[str]) -> dict[str, Submitted]:
        """The rows of those students who have some, by student."""
        submissions, notebooks = tables.submissions, tables.submitted_notebooks
        query = select(submissions).where(
            submissions.c.assignment_id == self.assignment_id, submissions.c.student_id.in_(students)
        )
        found = {row.id: row for row in connection.execute(query)}
        query = select(notebooks).where(
            notebooks.c.assignment_id.in_(list(found)), notebooks.c.notebook_id == self.cells.notebook_id
        )
        rows = connection.execute(query) if found else ()
        return {found[row.assignment_id].student_id: Submitted(found[row.assignment_id], row) for row in rows}

    # ---- submissions that the gradebook does not know yet -----------------------------------------

    def _add(self, entries: Sequence[Entry], connection: Connection) -> None:
        if not entries:
            return
        names = [entry.student for entry in entries]
        query = select(tables.students.c.id).where(tables.students.c.id.in_(names))
        known = set(connection.scalars(query))
        rows: dict[str, list[Values]] = defaultdict(list)
        rows["students"] = [{"id": name} for name in names if name not in known]
        for entry in entries:
            self._new_rows(entry, rows)
        for name in ("students", "submissions", "submitted_notebooks", "grades", "comments", "answers_read"):
            if rows[name]:
                connection.execute(insert(getattr(tables, name)), rows[name])

    def _new_rows(self, entry: Entry, rows: dict[str, list[Values]]) -> None:
        """An assignment, its notebooks, and a grade and a comment for every cell that can have one."""
        submission = tables.new_id()
        rows["submissions"].append(
            {
                "id": submission,
                "assignment_id": self.assignment_id,
                "student_id": entry.student,
                "timestamp": entry.timestamp,
                "extension": None,
            }
        )
        for cells in self.all_cells:
            notebook, ours = tables.new_id(), cells is self.cells
            scores, comments = (entry.scores, entry.comments) if ours else ({}, {})
            late = seconds_late(entry.timestamp, self.due, None) if ours else 0.0
            total = sum(score or 0.0 for score in scores.values())
            rows["submitted_notebooks"].append(
                {
                    "id": notebook,
                    "assignment_id": submission,
                    "notebook_id": cells.notebook_id,
                    "flagged": False,
                    "late_submission_penalty": lost(self.penalty, entry.student, total, late),
                }
            )
            rows["grades"] += [
                _grade(notebook, cells.graded[name], scores.get(name)) for name in cells.graded
            ]
            rows["comments"] += [
                _comment(notebook, cells.commented[name], comments.get(name)) for name in cells.commented
            ]
            if ours:
                rows["answers_read"].append({"notebook_id": notebook, "answers": _hashes(entry)})

    # ---- submissions that it knows -----------------------------------------------------------------

    def _change(self, pairs: Sequence[tuple[Entry, Submitted]], connection: Connection) -> None:
        if not pairs:
            return
        ids = [rows.notebook.id for _, rows in pairs]
        grades = _by_notebook(connection, tables.grades, ids)
        comments = _by_notebook(connection, tables.comments, ids)
        read = {
            row.notebook_id: json.loads(row.answers)
            for row in _by_notebook(connection, tables.answers_read, ids, flat=True)
        }
        changes = _Changes(connection)
        for entry, rows in pairs:
            notebook = rows.notebook.id
            found = {row.cell_id: row for row in grades[notebook]}
            before = read.get(notebook)
            changed = {
                name: before is not None and before.get(name) != hashed
                for name, hashed in entry.answers.items()
            }
            total = self._change_grades(entry, notebook, found, changed, changes)
            self._change_comments(entry, notebook, comments[notebook], changes)
            self._change_submission(entry, rows, total, changes)
            if before is None:
                changes.add(tables.answers_read, {"notebook_id": notebook, "answers": _hashes(entry)})
            elif before != entry.answers:
                changes.change(tables.answers_read, "notebook_id", notebook, {"answers": _hashes(entry)})
        changes.write()

    def _change_grades(
        self,
        entry: Entry,
        notebook: str,
        found: Mapping[str, Row[Any]],
        changed: Mapping[str, bool],
        changes: _Changes,
    ) -> float:
        """Our scores beside those that a person gave; gives the sum of those that count."""
        total = 0.0
        for name, cell in self.cells.graded.items():
            score, row = entry.scores.get(name), found.get(cell)
            if row is None:
                changes.add(tables.grades, _grade(notebook, cell, score))
                total += score or 0.0
                continue
            if name in entry.scores:
                new = {"auto_score": score, "needs_manual_grade": _look(row, score, changed[name])}
                if new != {key: getattr(row, key) for key in new}:
                    changes.change(tables.grades, "id", row.id, new)
            else:
                score = row.auto_score
            given = row.manual_score if row.manual_score is not None else score
            total += 0.0 if given is None else given + (row.extra_credit or 0.0)
        return total

    def _change_comments(
        self, entry: Entry, notebook: str, rows: Iterable[Row[Any]], changes: _Changes
    ) -> None:
        """Only nbgrader's auto_comment: what a person wrote is another column, and is shown instead."""
        found = {row.cell_id: row for row in rows}
        for name, cell in self.cells.commented.items():
            said, row = entry.comments.get(name), found.get(cell)
            if row is None:
                changes.add(tables.comments, _comment(notebook, cell, said))
            elif row.auto_comment != said:
                changes.change(tables.comments, "id", row.id, {"auto_comment": said})

    def _change_submission(self, entry: Entry, rows: Submitted, total: float, changes: _Changes) -> None:
        timestamp = entry.timestamp or rows.submission.timestamp
        if timestamp != rows.submission.timestamp:
            changes.change(tables.submissions, "id", rows.submission.id, {"timestamp": timestamp})
        late = seconds_late(timestamp, self.due, rows.submission.extension)
        penalty = lost(self.penalty, entry.student, total, late)
        if penalty != rows.notebook.late_submission_penalty:
            changes.change(
                tables.submitted_notebooks, "id", rows.notebook.id, {"late_submission_penalty": penalty}
            )


class _Changes:
    """Rows to add and to change, gathered so that each kind is one statement."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.added: dict[Any, list[Values]] = defaultdict(list)
        self.changed: dict[tuple[Any, str, tuple[str, ...]], list[Values]] = defaultdict(list)

    def add(self, table: Any, values: Values) -> None:
        self.added[table].append(values)

    def change(self, table: Any, key: str, value: str, new: Values) -> None:
        self.changed[table, key, tuple(new)].append({"key": value, **new})

    def write(self) -> None:
        for table, rows in self.added.items():
            self.connection.execute(insert(table), rows)
        for (table, key, _), rows in self.changed.items():
            self.connection.execute(update(table).where(table.c[key] == bindparam("key")), rows)


def _look(row: Row[Any], score: float | None, answer_changed: bool) -> bool:
    """Whether a person is asked to look: for a first time, or again at what changed beneath a given mark."""
    if row.manual_score is None:
        return score is None
    return bool(row.needs_manual_grade) or row.auto_score != score or answer_changed


def _grade(notebook: str, cell: str, score: float | None) -> Values:
    return {
        "id": tables.new_id(),
        "notebook_id": notebook,
        "cell_id": cell,
        "auto_score": score,
        "manual_score": None,
        "extra_credit": None,
        "needs_manual_grade": score is None,
    }


def _comment(notebook: str, cell: str, said: str | None) -> Values:
    return {
        "id": tables.new_id(),
        "notebook_id": notebook,
        "cell_id": cell,
        "auto_comment": said,
        "manual_comment": None,
    }


def _hashes(entry: Entry) -> str:
    return json.dumps(dict(entry.answers))


def _missing(assignment: str) -> Any:
    raise CourseError(f"{assignment} is not in the gradebook; release it with `grader build`.")


def _assignment(connection: Connection, name: str) -> tuple[str, Any]:
    query = select(tables.assignments).where(tables.assignments.c.name == name)
    row = connection.execute(query).one_or_none() or _missing(name)
    return row.id, row.duedate


def _cells(connection: Connection, assignment_id: str) -> tuple[Cells, ...]:
    """The cells of every notebook of the assignment."""
    notebooks, cells = tables.notebooks, tables.cells
    query = select(notebooks).where(notebooks.c.assignment_id == assignment_id)
    found = []
    for row in connection.execute(query).all():
        of_notebook = connection.execute(select(cells).where(cells.c.notebook_id == row.id)).all()
        graded = {cell.name: cell.id for cell in of_notebook if cell.type in ("GradeCell", "TaskCell")}
        commented = {cell.name: cell.id for cell in of_notebook if cell.type in ("SolutionCell", "TaskCell")}
        found.append(Cells(row.id, row.name, graded, commented))
    return tuple(found)


def _forget_the_gone(connection: Connection) -> None:
    """What is remembered of submissions that nbgrader has removed since."""
    left = select(tables.submitted_notebooks.c.id)
    connection.execute(delete(tables.answers_read).where(tables.answers_read.c.notebook_id.not_in(left)))


def _by_notebook(connection: Connection, table: Any, ids: list[str], *, flat: bool = False) -> Any:
    """The rows of these submitted notebooks, by notebook."""
    rows = connection.execute(select(table).where(table.c.notebook_id.in_(ids))).all()
    if flat:
        return rows
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.notebook_id].append(row)
    return found
