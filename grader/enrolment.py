"""Takes a roster into a course, as `roster.csv` and into nbgrader's gradebook with the names."""

from __future__ import annotations

from pathlib import Path

from nbgrader import api
from sqlalchemy.orm import Session

from grader.course import ROSTER, Course
from grader.gradebook import open_gradebook
from grader.record import write_atomically
from grader.roster import load


def enrol(course: Course, path: Path) -> str:
    """Reads, keeps and enters a roster; nobody leaves the gradebook by it. Raises RosterError."""
    students = load(path)
    kept = course.root / ROSTER
    if path.resolve() != kept.resolve():
        write_atomically(kept, path.read_text(encoding="utf-8-sig"), mode=0o600)
    gradebook = open_gradebook(course)
    try:
        with Session(gradebook.engine) as session, session.begin():
            for student in students:
                row = session.get(api.Student, student.id) or api.Student(id=student.id)
                row.first_name, row.last_name = student.first_name, student.last_name
                row.email = student.email or row.email
                session.add(row)
    finally:
        gradebook.close()
    return f"{len(students)} students stand in {kept} and in the gradebook."
