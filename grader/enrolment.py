"""Takes a roster into a course, as `roster.csv` and into nbgrader's gradebook with the names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from grader.course import ROSTER, Course
from grader.record import write_atomically
from grader.roster import Student, load


def enrol(course: Course, path: Path) -> str:
    """Reads, keeps and enters a roster; nobody leaves the gradebook by it. Raises RosterError."""
    students = load(path)
    kept = course.root / ROSTER
    if path.resolve() != kept.resolve():
        write_atomically(kept, path.read_text(encoding="utf-8-sig"), mode=0o600)
    _enter(course, students)
    return f"{len(students)} students stand in {kept} and in the gradebook."


def _enter(course: Course, students: Sequence[Student]) -> None:
    """Names for all of them; an address that the gradebook knows stays where the roster has none."""
    from sqlalchemy import insert, select, update

    from grader import tables
    from grader.gradebook import transaction

    people = tables.students
    with transaction(course) as connection:
        known = set(connection.scalars(select(people.c.id)))
        for student in students:
            names = {"first_name": student.first_name, "last_name": student.last_name}
            told = names | ({"email": student.email} if student.email else {})
            if student.id in known:
                connection.execute(update(people).where(people.c.id == student.id).values(told))
            else:
                connection.execute(insert(people).values(id=student.id, **told))
