"""What the gradebook is told about one submission: plain data, which a clerk makes and the writer writes."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from grader.course import Assignment, Course
from grader.intake import Reason, read_bytes
from grader.marking import Marked
from grader.protocol import Mark
from grader.sanitize import harmless_markdown

STAMP = "timestamp.txt"  # what nbgrader's collect writes beside the files


@dataclass(frozen=True)
class Entry:
    """One submission's rows: scores and answers by the marked cell, comments by the answer cell.

    A score of None is for a person to give. `answers` are hashes of the text that was marked.
    """

    student: str
    timestamp: datetime | None
    scores: Mapping[str, float | None]
    comments: Mapping[str, str]
    answers: Mapping[str, str]


def entry_of(course: Course, assignment: Assignment, marked: Marked) -> Entry:
    """What the gradebook is told about a submission that was marked."""
    marks = marked.record.marks
    return Entry(
        student=marked.record.student,
        timestamp=submitted_at(course, marked.record.student, assignment.name),
        scores={grade_id: None if mark.needs_manual else mark.points for grade_id, mark in marks.items()},
        comments=_comments(marks, assignment.release.answered_in),
        answers={
            grade_id: fingerprint(marked.answers.get(answer, ""))
            for grade_id, answer in assignment.release.answered_in.items()
        },
    )


def fingerprint(text: str) -> str:
    """Tells one answer from another; blank lines around it are no other answer."""
    return hashlib.sha256(text.strip().encode("utf-8", "replace")).hexdigest()[:32]


def _comments(marks: Mapping[str, Mark], answered_in: Mapping[str, str]) -> dict[str, str]:
    """A comment for each answer cell: what was found in the marked cells that belong to it."""
    lines: dict[str, list[str]] = defaultdict(list)
    for grade_id, mark in marks.items():
        lines[answered_in[grade_id]].append(comment(mark))
    return {grade_id: harmless_markdown("\n\n".join(texts)) for grade_id, texts in lines.items()}


def comment(mark: Mark) -> str:
    """What the gradebook says beside the points: the sentence, and the diagnosis by its name."""
    return f"{mark.message} [{mark.diagnosis}]"


def submitted_at(course: Course, student: str, assignment: str) -> datetime | None:
    """When it was submitted, in UTC, from the file that nbgrader's collect writes; None without one."""
    try:
        data = read_bytes(course.submitted, (student, assignment, STAMP), limit=200)
        return parse_utc(data.decode().strip())
    except (Reason, ValueError, OverflowError):
        return None


def parse_utc(text: str) -> datetime:
    """A time as nbgrader reads it: without a zone it is UTC; raises ValueError."""
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f UTC")  # noqa: DTZ007  (nbgrader keeps no zones)
    except ValueError:
        pass
    from dateutil import parser, tz

    words = text.split(" ")
    if len(words) == 3:  # the third is a zone by its name, or seconds east of Greenwich
        zone = words[2]
        offset = int(zone) if zone.lstrip("+-").isdigit() else tz.gettz(zone)
        parsed = parser.parse(f"{words[0]} {words[1]} TZ", tzinfos={"TZ": offset})
    else:
        parsed = parser.parse(text)
    shift = parsed.utcoffset()
    utc: datetime = parsed if shift is None else (parsed - shift).replace(tzinfo=None)
    return utc
