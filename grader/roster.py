"""Who is in a course or sits an exam: a CSV file with the columns `id` and `name`, or first and last name.

A file that nbgrader or a spreadsheet wrote will do. An `email` is read where there is one; further columns
are kept as they stand, for the numbers by which another system knows a student.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from grader.cells import normalized
from grader.course import ROSTER, Course, CourseError
from grader.sheets import delimiter

READ = ("id", "name", "first_name", "last_name", "email")
MOST_CHARACTERS = 200
_ID = re.compile(r"[\w@+-][\w.@+-]{0,63}")  # becomes the name of a file
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # names that Windows keeps for itself


@dataclass(frozen=True)
class Student:
    """One line of the roster; `further` are its other columns, by their heads in small letters."""

    id: str
    name: str
    email: str = field(default="", compare=False)
    further: Mapping[str, str] = field(default_factory=dict, compare=False)
    first_name: str = field(default="", compare=False)
    last_name: str = field(default="", compare=False)


class RosterError(CourseError):
    """A roster that cannot be used; the message names the file and the line."""


def load(path: Path) -> tuple[Student, ...]:
    """Reads a roster; raises RosterError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise RosterError(f"{path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise RosterError(f"{path}: expected UTF-8; save it as `CSV UTF-8`") from None
    try:
        students = tuple(_students(path, text))
    except csv.Error as error:
        raise RosterError(f"{path}: {error}") from None
    if not students:
        raise RosterError(f"{path}: there is no student in it, only heads of columns")
    return students


def of_course(course: Course) -> tuple[Student, ...]:
    """The course's own roster; () where it has none."""
    path = course.root / ROSTER
    return load(path) if path.exists() else ()


def _students(path: Path, text: str) -> Iterator[Student]:
    lines = io.StringIO(text, newline="")
    rows = csv.DictReader(lines, delimiter=delimiter(text), restval="", strict=True)
    columns = {str(name).strip().casefold(): name for name in rows.fieldnames or ()}
    if "id" not in columns or not ({"name"} <= set(columns) or {"first_name", "last_name"} <= set(columns)):
        raise RosterError(
            f"{path}: expected the columns `id` and `name` (or `first_name` and `last_name`) in its first "
            f"line, but found {', '.join(map(repr, columns)) or 'none'}"
        )
    seen: dict[str, int] = {}
    for row in rows:
        if not any(isinstance(value, str) and value.strip() for value in row.values()):
            continue
        student = _student(f"{path}, line {rows.line_num}", row, columns)
        earlier = seen.setdefault(normalized(student.id), rows.line_num)
        if earlier != rows.line_num:
            raise RosterError(f"{path}, line {rows.line_num}: {student.id!r} stands in line {earlier} too")
        yield student


def _student(where: str, row: Mapping[str, str], columns: Mapping[str, str]) -> Student:
    def cell(name: str) -> str:
        return (row[columns[name]] or "").strip()

    first, last = (cell(name) if name in columns else "" for name in ("first_name", "last_name"))
    name = " ".join((cell("name") if "name" in columns else f"{first} {last}").split())
    if "last_name" not in columns:
        first, _, last = name.rpartition(" ")
    email = cell("email") if "email" in columns else ""
    further = {name: cell(name) for name in columns if name not in READ and name != "none"}
    student = Student(cell("id"), name, email, further, first, last)
    if not _ID.fullmatch(student.id) or student.id.endswith(".") or _RESERVED.fullmatch(student.id):
        raise RosterError(
            f"{where}: an id is up to 64 letters, digits and . _ - + @ (it names a file), "
            f"but got {student.id!r:.80}"
        )
    if len(student.name) > MOST_CHARACTERS:
        raise RosterError(f"{where}: a name has up to {MOST_CHARACTERS} characters")
    return student
