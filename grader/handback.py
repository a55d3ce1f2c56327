"""What nbgrader's `release_feedback` looks for beside a feedback page: when it was handed in, and its secret.

The exchange gives each submission a secret, by which only its student finds the page again. A submission
that came another way has none; it gets one that nobody is told, so that the others' pages are released.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

from grader.course import Course
from grader.handed_in import TIMESTAMP
from grader.intake import Reason, read_bytes
from grader.record import write_atomically

SUBMISSION_SECRET = "submission_secret.txt"  # noqa: S105 - the name of a file
LONGEST = 300  # bytes; the exchange's own secret has 128


def write_for_the_exchange(course: Course, student: str, assignment: str, notebook: str) -> bool:
    """Writes both files beside a feedback page; whether the submission came through the exchange."""
    folder = course.feedback(student, assignment, notebook).parent
    written = _handed_in(course, student, assignment, TIMESTAMP)
    write_atomically(folder / TIMESTAMP, written or f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S %Z}")
    secret = _handed_in(course, student, assignment, SUBMISSION_SECRET)
    write_atomically(folder / SUBMISSION_SECRET, secret or _own_secret(course, student, assignment))
    return bool(secret)


def _handed_in(course: Course, student: str, assignment: str, name: str) -> str:
    """One of the small files that the exchange put beside a submission; empty where there is none."""
    try:
        text = read_bytes(course.submitted, (student, assignment, name), limit=LONGEST).decode("ascii")
    except (Reason, UnicodeDecodeError):
        return ""
    return text if text.strip().isprintable() else ""


def _own_secret(course: Course, student: str, assignment: str) -> str:
    message = f"feedback\0{student}\0{assignment}".encode()
    return hmac.new(course.secret(), message, hashlib.sha256).hexdigest()
