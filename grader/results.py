"""What the gradebook and the records together say about an assignment: read only, for feedback and export."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from grader.course import Assignment, Course
from grader.late import Penalty, lost, penalty_of, seconds_late
from grader.protocol import Mark
from grader.record import Record, read_record
from grader.rows import GradeRow, SubmissionRow, read_rows
from grader.titles import titles
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
    title: str = ""  # what it is called where people read
    rubric: tuple[tuple[float, str], ...] = ()  # for what a person gives points
    example: Words = ""  # a call that shows what was found
    named: str = ""  # what the teacher says of a wrong answer that no misconception explains

    @property
    def right(self) -> bool:
        """Whether it earned all that it could."""
        return not self.waits and self.points >= self.max_points


@dataclass(frozen=True)
class Result:
    """One student's assignment."""

    student: str
    questions: tuple[QuestionResult, ...]
    remarks: tuple[Words, ...]
    late_penalty: float  # of the points as they are now: a person may have given some since it was marked
    handed_in: str = ""  # when
    due: str = ""  # until when
    unmarked: bool = False  # handed in, and waits for `grader autograde`

    @property
    def earned(self) -> float:
        """The points of all questions."""
        return sum(question.points for question in self.questions)

    @property
    def points(self) -> float:
        """What counts: less what being late costs, and never below nothing."""
        return max(0.0, self.earned - self.late_penalty)

    @property
    def waiting(self) -> float:
        """The points that a person has yet to give."""
        return sum(question.max_points for question in self.questions if question.waits)

    @property
    def max_points(self) -> float:
        return sum(question.max_points for question in self.questions)


def read_results(course: Course, assignment: Assignment) -> Iterator[Result]:
    """All students whose submission is in the gradebook, by their id."""
    called = titles(assignment.specification, assignment.release)
    penalty = penalty_of(course)
    for row in read_rows(course, assignment.name, assignment.notebook):
        record = read_record(course.record(row.student, assignment.name))
        if record is None and not row.has_marks:
            continue  # a row that holds more time for a student, and no submission yet
        yield _result(row, record, assignment, called, penalty)


def _result(
    row: SubmissionRow,
    record: Record | None,
    assignment: Assignment,
    called: Mapping[str, str],
    penalty: Penalty,
) -> Result:
    marks = record.marks if record is not None else {}
    release = assignment.release
    questions = tuple(
        replace(
            _question(grade_id, row.grades[grade_id], marks.get(grade_id)),
            by_person=row.comments.get(release.answered_in[grade_id], ""),
            title=called[grade_id],
            rubric=assignment.specification.rubric(grade_id),
        )
        for grade_id in release.marked
        if grade_id in row.grades
    )
    remarks = record.remarks if record is not None else ()
    score = sum(grade.score for grade in row.grades.values())
    late = seconds_late(row.timestamp, row.due, None)
    return Result(
        row.student,
        questions,
        remarks,
        lost(penalty, row.student, score, late) or 0.0,
        str(row.timestamp or ""),
        str(row.due or ""),
    )


def _question(grade_id: str, grade: GradeRow, mark: Mark | None) -> QuestionResult:
    return QuestionResult(
        grade_id=grade_id,
        points=grade.score,
        max_points=grade.max_score,
        diagnosis=mark.diagnosis if mark is not None else "",
        message=mark.message if mark is not None else "",
        waits=grade.needs_manual_grade,
    )
