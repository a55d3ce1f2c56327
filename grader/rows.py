"""Reads what the gradebook holds of an assignment: plain rows, without nbgrader's classes.

Scores are those that count, by nbgrader's rule: a person's before ours, and extra credit beside either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, Table, or_, select

from grader import tables
from grader.course import Course
from grader.gradebook import transaction


@dataclass(frozen=True)
class GradeRow:
    """One marked cell of one student."""

    score: float
    max_score: float
    needs_manual_grade: bool
    auto_score: float | None = None
    manual_score: float | None = None


@dataclass(frozen=True)
class SubmissionRow:
    """One student's notebook; grades by the marked cell, what a person wrote by the answer cell."""

    student: str
    timestamp: datetime | None
    due: datetime | None  # with the student's extension
    grades: Mapping[str, GradeRow] = field(default_factory=dict)
    comments: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_marks(self) -> bool:
        """Whether anyone, grader or person, has marked something of it."""
        given = ((grade.auto_score, grade.manual_score) for grade in self.grades.values())
        return any(score is not None for scores in given for score in scores)


def read_rows(course: Course, assignment: str, notebook: str) -> list[SubmissionRow]:
    """All submissions of a notebook, by student."""
    with transaction(course) as connection:
        return _rows(connection, assignment, notebook)


def ids_of(connection: Connection, table: Table, assignment: str, notebook: str, cell: str) -> dict[str, str]:
    """The ids of the rows that grades or comments have for one cell, by student."""
    query = (
        select(tables.submissions.c.student_id, table.c.id)
        .select_from(tables.submitted_notebooks)
        .join(table, table.c.notebook_id == tables.submitted_notebooks.c.id)
        .join(tables.cells, tables.cells.c.id == table.c.cell_id)
        .where(tables.cells.c.name == cell)
    )
    return {row.student_id: row.id for row in connection.execute(_of(query, assignment, notebook))}


def _rows(connection: Connection, assignment: str, notebook: str) -> list[SubmissionRow]:
    grades: dict[str, dict[str, GradeRow]] = {}
    for row in connection.execute(_of(_grades(), assignment, notebook)):
        grades.setdefault(row.notebook_id, {})[row.name] = _grade(row)
    comments: dict[str, dict[str, str]] = {}
    for row in connection.execute(_of(_comments(), assignment, notebook)):
        comments.setdefault(row.notebook_id, {})[row.name] = row.manual_comment or ""
    found = [
        SubmissionRow(
            row.student_id,
            row.timestamp,
            row.duedate if row.extension is None or row.duedate is None else row.duedate + row.extension,
            grades.get(row.id, {}),
            comments.get(row.id, {}),
        )
        for row in connection.execute(_of(_submissions(), assignment, notebook))
    ]
    return sorted(found, key=lambda row: row.student)


def _submissions() -> Select[Any]:
    submitted, notebooks = tables.submissions, tables.submitted_notebooks
    return select(
        submitted.c.student_id,
        submitted.c.timestamp,
        submitted.c.extension,
        tables.assignments.c.duedate,
        notebooks.c.id,
    ).select_from(notebooks)


def _grades() -> Select[Any]:
    grades, notebooks = tables.grades, tables.submitted_notebooks
    most = tables.grade_cells.alias("of_grade"), tables.task_cells.alias("of_task")
    return (
        select(grades, tables.cells.c.name, most[0].c.max_score, most[1].c.max_score.label("of_task"))
        .select_from(notebooks)
        .join(grades, grades.c.notebook_id == notebooks.c.id)
        .join(tables.cells, tables.cells.c.id == grades.c.cell_id)
        .outerjoin(most[0], most[0].c.id == grades.c.cell_id)
        .outerjoin(most[1], most[1].c.id == grades.c.cell_id)
    )


def _comments() -> Select[Any]:
    comments, notebooks = tables.comments, tables.submitted_notebooks
    return (
        select(comments.c.notebook_id, comments.c.manual_comment, tables.cells.c.name)
        .select_from(notebooks)
        .join(comments, comments.c.notebook_id == notebooks.c.id)
        .join(tables.cells, tables.cells.c.id == comments.c.cell_id)
        .where(or_(comments.c.manual_comment.is_not(None), comments.c.auto_comment.is_not(None)))
    )


def _of(query: Select[Any], assignment: str, notebook: str) -> Select[Any]:
    """Only what belongs to this notebook of this assignment."""
    submitted, notebooks = tables.submissions, tables.submitted_notebooks
    return (
        query.join(submitted, submitted.c.id == notebooks.c.assignment_id)
        .join(tables.assignments, tables.assignments.c.id == submitted.c.assignment_id)
        .join(tables.notebooks, tables.notebooks.c.id == notebooks.c.notebook_id)
        .where(tables.assignments.c.name == assignment, tables.notebooks.c.name == notebook)
    )


def _grade(row: Any) -> GradeRow:
    given = row.manual_score if row.manual_score is not None else row.auto_score
    score = 0.0 if given is None else given + (row.extra_credit or 0.0)
    most = row.max_score if row.max_score is not None else row.of_task
    return GradeRow(score, float(most or 0.0), bool(row.needs_manual_grade), row.auto_score, row.manual_score)
