"""More time for one student, kept where nbgrader keeps it: in the gradebook, beside the due date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from grader.course import Course, CourseError


def extend(course: Course, assignment: str, student: str, more: timedelta) -> None:
    """Sets how much later a student's work is due, in place of what was given before; raises CourseError."""
    from nbgrader.api import MissingEntry

    from grader.gradebook import open_gradebook

    gradebook = open_gradebook(course)
    try:
        _known(gradebook, student)
        with gradebook.db.no_autoflush:  # nbgrader adds rows one after the other, and would be warned
            submission = gradebook.update_or_create_submission(assignment, student)
        submission.extension = more or None
        gradebook.db.commit()
    except MissingEntry as error:
        raise CourseError(f"{assignment} is not in the gradebook; release it with `grader build`.") from error
    finally:
        gradebook.close()


def _known(gradebook: Any, student: str) -> None:
    """Refuses an id that nobody has: a slip would give the time to no one."""
    from nbgrader.api import MissingEntry

    try:
        gradebook.find_student(student)
    except MissingEntry as error:
        known = ", ".join(sorted(one.id for one in gradebook.students)[:20])
        raise CourseError(
            f"There is no student {student!r} in the gradebook; there are: {known or 'none'}. "
            "`grader roster CSV` adds those of a list."
        ) from error
