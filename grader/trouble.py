"""One line for what went wrong outside of us: a full disk, a locked gradebook, a file that cannot be written.

Only what a teacher can mend is explained; an error of our own keeps its traceback, which is worth reporting.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Iterable, Iterator

from grader.course import Course
from grader.names import UnusableName, without_control_characters
from grader.record import record_trouble

_HINTS = {
    errno.EACCES: "you have no right to do that; look at its owner and mode",
    errno.EPERM: "you have no right to do that; look at its owner and mode",
    errno.ENOENT: "there is no such file or folder",
    errno.EISDIR: "it is a folder, and a file was expected",
    errno.ENOTDIR: "a part of the way is a file, and a folder was expected",
    errno.EROFS: "it lies on a file system that cannot be written",
    errno.ENOSPC: "the disk is full; make room and type the same command again",
    errno.EDQUOT: "your share of the disk is full; make room and type the same command again",
    errno.ENAMETOOLONG: "the name is longer than the file system takes",
}


def explained(error: BaseException) -> str | None:
    """What a teacher reads about an error; None where it is none of these."""
    if isinstance(error, UnusableName):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {_HINTS.get(error.errno or 0, error.strerror)}"
    if isinstance(error, OSError) and error.errno in _HINTS:
        return _HINTS[error.errno]
    package = type(error).__module__.partition(".")[0]
    if package == "sqlalchemy" and hasattr(error, "orig"):
        said = str(error.orig).strip()
        return database_advice(said) or f"the gradebook: {said}"
    if package == "yaml" and hasattr(error, "problem_mark"):
        return _of_yaml(error)
    return None


def damaged_records(course: Course, assignment: str, students: Iterable[str]) -> Iterator[str]:
    """A line for each student whose record cannot be read: points are in the gradebook, diagnoses are not."""
    for student in students:
        path = course.record(student, assignment)
        trouble = record_trouble(path)
        if trouble:
            yield (
                f"{student}: {path} cannot be read, {trouble}. The points come from the gradebook; the "
                f"diagnoses are missing until you type: grader autograde {assignment} --student {student}"
            )


def database_advice(said: str) -> str:
    """What to do about what SQLite or PostgreSQL said; empty where nobody knows."""
    if "locked" in said:
        return (
            "the gradebook is in use by another program; close it, or wait for it, and type the same command "
            "again: what was written stays"
        )
    if "not a database" in said or "malformed" in said:
        return (
            "the gradebook is damaged; put a copy back, or move it away: `grader build` and `grader "
            "autograde` then fill a new one from the records (marks that a person gave are in the copy only)"
        )
    return ""


def _of_yaml(error: BaseException) -> str:
    """A slip in a header: the line, and what is wrong there."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    where = f", line {mark.line + 1} of it" if mark is not None else ""
    return f"the header in YAML{where}: {problem or error}"


def tell_damaged_records(course: Course, assignment: str, students: Iterable[str]) -> bool:
    """Names the records that cannot be read on standard error; gives whether there are any."""
    lines = list(damaged_records(course, assignment, students))
    for line in lines:
        print(without_control_characters(f"grader: {line}"), file=sys.stderr)
    return bool(lines)
