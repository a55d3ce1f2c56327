"""What the gradebook and the records together say about an assignment: read only, for feedback and export."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from nbgrader import api
from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.course import Course
from grader.gradebook import open_gradebook
from grader.protocol import Mark
from grader.record import Record, read_record
from grader.release import Release
from layercost.message import Words


@dataclass(frozen=True)
class QuestionResult:
    """One marked cell: the points that count, whoever gave them, and what was found."""

    grade_id: str
    points: float
    max_points: float
    diagnosis: str
    message: Words
    by_person: str = ""  # what a person wrote about it
    waits: bool = False  # a person has yet to mark it


@dataclass(frozen=True)
class Result:
    """One student's assignment."""

    student: str
    questions: tuple[QuestionResult, ...]
    remarks: tuple[Words, ...]
    late_penalty: float

    @property
    def points(self) -> float:
        return sum(question.points for question in self.questions) - self.late_penalty

    @property
    def max_points(self) -> float:
        return sum(question.max_points for question in self.questions)


def read_results(course: Course, assignment: str, notebook: str, release: Release) -> Iterator[Result]:
    """All students whose submission is in the gradebook, by their id."""
    gradebook = open_gradebook(course)
    query = select(api.SubmittedNotebook).join(api.Notebook).join(api.Assignment)
    query = query.where(api.Assignment.name == assignment, api.Notebook.name == notebook)
    try:
        with Session(gradebook.engine) as session:
            rows = list(session.scalars(query))
            for row in sorted(rows, key=lambda row: str(row.student.id)):
                record = read_record(course.record(row.student.id, assignment))
                yield _result(row, record, release)
    finally:
        gradebook.close()


def _result(row: Any, record: Record | None, release: Release) -> Result:
    grades = {grade.cell.name: grade for grade in row.grades}
    comments = {comment.cell.name: comment.manual_comment or "" for comment in row.comments}
    marks = record.marks if record is not None else {}
    questions = tuple(
        _question(
            grade_id, grades[grade_id], marks.get(grade_id), comments.get(release.answered_in[grade_id], "")
        )
        for grade_id in release.marked
        if grade_id in grades
    )
    remarks = record.remarks if record is not None else ()
    return Result(row.student.id, questions, remarks, float(row.late_submission_penalty or 0.0))


def _question(grade_id: str, grade: Any, mark: Mark | None, by_person: str) -> QuestionResult:
    return QuestionResult(
        grade_id=grade_id,
        points=float(grade.score or 0.0),
        max_points=float(grade.max_score),
        diagnosis=mark.diagnosis if mark is not None else "",
        message=mark.message if mark is not None else "",
        by_person=by_person,
        waits=bool(grade.needs_manual_grade),
    )
