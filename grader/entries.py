"""What the gradebook is told about one submission: plain data, which a clerk makes and the writer writes."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from grader.course import Assignment, Course
from grader.handed_in import submitted_at
from grader.marking import Marked
from grader.protocol import Mark
from grader.sanitize import harmless_markdown


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
