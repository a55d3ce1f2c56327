"""Removes all that a course holds of a student: submissions, marks, records, pages, rows of the gradebook.

What was handed out already (feedback in the exchange, exported tables, backups) is not in the course folder
any more; the command says so.
"""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import Path

from grader.course import MARKED_BY_HAND, ROSTER, Course, CourseError
from grader.record import write_atomically
from grader.sanitize import harmless_cell
from grader.sheets import delimiter

OF_STUDENTS = ("submitted", "autograded", "feedback")  # a folder for each student in them


def students_like(course: Course, patterns: Iterable[str]) -> list[str]:
    """All students of whom the course holds anything, of those whom a pattern names; raises CourseError."""
    known = sorted({*_with_folders(course), *_with_records(course), *_in_gradebook(course)})
    found = []
    for pattern in patterns:
        matching = [student for student in known if fnmatchcase(student, pattern)]
        if not matching:
            raise CourseError(
                f"The course holds nothing of a student {pattern!r}; ids are those of the folders in "
                f"{course.submitted}, and * and ? stand for others."
            )
        found += matching
    return sorted(set(found))


def _with_folders(course: Course) -> Iterator[str]:
    for name in OF_STUDENTS:
        folder = course.root / name
        if folder.is_dir():
            yield from (path.name for path in folder.iterdir() if path.is_dir() or path.is_symlink())


def _with_records(course: Course) -> Iterator[str]:
    return (path.stem for path in (course.root / "records").glob("*/*.json"))


def _in_gradebook(course: Course) -> list[str]:
    from sqlalchemy import select

    from grader import tables
    from grader.gradebook import transaction

    with transaction(course) as connection:
        return list(connection.scalars(select(tables.students.c.id)))


def forget(course: Course, students: Iterable[str]) -> None:
    """Removes these students; whenever this is interrupted, doing it again completes it.

    Raises CourseError for an id that names no folder of a student's own: with it went those of everybody.
    """
    students = list(students)
    for student in students:
        if student in ("", ".", "..") or "/" in student or "\0" in student:
            raise CourseError(f"{student!r} cannot be the id of a student; nothing was removed.")
    for student in students:
        for path in _paths(course, student):
            _remove(path)
    _remove_lines(course, frozenset(students))
    _remove_rows(course, students)


def _paths(course: Course, student: str) -> Iterator[Path]:
    yield from (course.root / name / student for name in OF_STUDENTS)
    yield from (course.root / "records").glob(f"*/{_literal(student)}.json")


def _remove_lines(course: Course, students: frozenset[str]) -> None:
    """From the lists that name students; reports, which do too, are gone until they are written again."""
    lists = [(course.root / ROSTER, "id")]
    lists += [(path, "student") for path in (course.root / "records").glob(f"*/{MARKED_BY_HAND}")]
    for path, column in lists:
        if path.is_file():
            text = path.read_text(encoding="utf-8-sig")
            write_atomically(path, _without(text, column, students), mode=0o600)
    _remove(course.root / "reports")


def _without(text: str, column: str, students: frozenset[str]) -> str:
    """A table without the lines of these students, whose ids may stand there as `write_sheet` writes them."""
    sign = delimiter(text)
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=sign))
    names = [name.strip().casefold() for name in rows[0]] if rows else []
    place = names.index(column) if column in names else -1
    gone = students | set(map(harmless_cell, students))
    kept = [row for row in rows if not (0 <= place < len(row) and row[place].strip() in gone)]
    written = io.StringIO(newline="")
    csv.writer(written, delimiter=sign, lineterminator="\n").writerows(kept)
    return written.getvalue()


def _literal(name: str) -> str:
    """A name in which no sign stands for others."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in name)


def _remove(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def _remove_rows(course: Course, students: list[str]) -> None:
    """The students with all that hangs on them, from the leaves up."""
    from sqlalchemy import delete, select

    from grader import tables
    from grader.gradebook import transaction

    submissions, notebooks = tables.submissions, tables.submitted_notebooks
    with transaction(course) as connection:
        for student in students:
            handed_in = select(submissions.c.id).where(submissions.c.student_id == student)
            theirs = select(notebooks.c.id).where(notebooks.c.assignment_id.in_(handed_in))
            for table in (tables.grades, tables.comments, tables.answers_read):
                connection.execute(delete(table).where(table.c.notebook_id.in_(theirs)))
            connection.execute(delete(notebooks).where(notebooks.c.assignment_id.in_(handed_in)))
            connection.execute(delete(submissions).where(submissions.c.student_id == student))
            connection.execute(delete(tables.students).where(tables.students.c.id == student))
