"""nbgrader's tables, as far as marks need them, and one of our own: to read and write rows by the hundred.

nbgrader's classes of the same tables cost two seconds to import and a dozen milliseconds a submission; a test
holds every column here against them. nbgrader alone makes its tables, ours is made beside them.
"""

from __future__ import annotations

from uuid import uuid4

from sqlalchemy import Boolean, Column, DateTime, Float, Interval, MetaData, String, Table, Text

nbgraders, ours = MetaData(), MetaData()


def new_id() -> str:
    """An id as nbgrader makes them."""
    return uuid4().hex


def _id(name: str = "id") -> Column[str]:
    return Column(name, String(32), primary_key=name == "id")


assignments = Table(
    "assignment", nbgraders, _id(), Column("name", String(128), nullable=False), Column("duedate", DateTime())
)
notebooks = Table(
    "notebook", nbgraders, _id(), Column("name", String(128), nullable=False), _id("assignment_id")
)
cells = Table(
    "base_cell",
    nbgraders,
    _id(),
    Column("name", String(128), nullable=False),
    Column("notebook_id", String(32), nullable=False),
    Column("type", String(50)),
)
grade_cells = Table("grade_cells", nbgraders, _id(), Column("max_score", Float(), nullable=False))
task_cells = Table("task_cells", nbgraders, _id(), Column("max_score", Float(), nullable=False))
students = Table(
    "student",
    nbgraders,
    Column("id", String(128), primary_key=True, nullable=False),
    Column("first_name", String(128)),
    Column("last_name", String(128)),
    Column("email", String(128)),
)
submissions = Table(
    "submitted_assignment",
    nbgraders,
    _id(),
    _id("assignment_id"),
    Column("student_id", String(128)),
    Column("timestamp", DateTime()),
    Column("extension", Interval()),
)
submitted_notebooks = Table(
    "submitted_notebook",
    nbgraders,
    _id(),
    _id("assignment_id"),
    _id("notebook_id"),
    Column("flagged", Boolean, default=False),
    Column("late_submission_penalty", Float(0)),
)
grades = Table(
    "grade",
    nbgraders,
    _id(),
    _id("notebook_id"),
    _id("cell_id"),
    Column("auto_score", Float()),
    Column("manual_score", Float()),
    Column("extra_credit", Float()),
    Column("needs_manual_grade", Boolean, default=True, nullable=False),
)
comments = Table(
    "comment",
    nbgraders,
    _id(),
    _id("notebook_id"),
    _id("cell_id"),
    Column("auto_comment", Text()),
    Column("manual_comment", Text()),
)

# Which answers a submitted notebook held when its marks were last written: hashes by grade_id, as JSON.
# A person who gave a mark since then has read these answers.
answers_read = Table(
    "grader_answers",
    ours,
    Column("notebook_id", String(32), primary_key=True),
    Column("answers", Text(), nullable=False),
)
