"""The only one that touches the gradebook: nbgrader's own, with nbgrader's own models.

One transaction a submission, and the same submission written twice changes nothing. Marks and comments that a
person gave are kept; where ours changed beneath a person's mark, nbgrader's flag asks to look again.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nbgrader import api
from nbgrader.utils import parse_utc
from sqlalchemy import select
from sqlalchemy.orm import Session

from grader.course import Course, CourseError
from grader.gradebook import open_gradebook
from grader.intake import Reason, read_bytes
from grader.marking import Marked
from grader.protocol import Mark
from grader.record import write_atomically, write_record
from grader.release import Release
from grader.sanitize import harmless_markdown


class Writer:
    """Writes marked submissions of one assignment: record, notebook for the formgrader, gradebook."""

    def __init__(self, course: Course, assignment: str, notebook: str, release: Release) -> None:
        self.course, self.assignment, self.notebook, self.release = course, assignment, notebook, release
        self.gradebook = open_gradebook(course)
        self._check_release()

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        self.gradebook.close()

    def _check_release(self) -> None:
        with Session(self.gradebook.engine) as session:
            notebook = _notebook(session, self.assignment, self.notebook)
            points = {cell.name: cell.max_score for cell in notebook.grade_cells}
        expected = {grade_id: cell.points for grade_id, cell in self.release.marked.items()}
        if points != expected:
            raise CourseError(
                f"The gradebook and the released notebook of {self.assignment} do not hold the same cells "
                "and points; release the assignment again with `grader build`."
            )

    def write(self, marked: Marked) -> None:
        """Writes one submission; whenever this is interrupted, doing it again completes it."""
        student = marked.record.student
        write_record(self.course.record(student, self.assignment), marked.record)
        path = self.course.autograded(student, self.assignment, self.notebook)
        write_atomically(path, json.dumps(marked.notebook, indent=1))
        with Session(self.gradebook.engine) as session, session.begin():
            notebook = self._submitted_notebook(session, student)
            _write_grades(notebook, marked.record.marks)
            _write_comments(notebook, self._comments(marked))

    def _submitted_notebook(self, session: Session, student: str) -> Any:
        """nbgrader's rows for this submission, made where they are not there yet."""
        if session.get(api.Student, student) is None:
            session.add(api.Student(id=student))
        query = select(api.SubmittedAssignment).join(api.Assignment)
        query = query.where(
            api.Assignment.name == self.assignment, api.SubmittedAssignment.student_id == student
        )
        submission = session.scalars(query).one_or_none()
        if submission is None:
            notebook = _notebook(session, self.assignment, self.notebook)
            submission = api.SubmittedAssignment(assignment=notebook.assignment, student_id=student)
            session.add(submission)
            for each in notebook.assignment.notebooks:
                _add_notebook(session, submission, each)
            session.flush()
        submission.timestamp = self._timestamp(student) or submission.timestamp
        return next(each for each in submission.notebooks if each.notebook.name == self.notebook)

    def _timestamp(self, student: str) -> datetime | None:
        """When it was submitted, from the file that nbgrader's collect writes; None where there is none."""
        try:
            data = read_bytes(self.course.submitted, (student, self.assignment, "timestamp.txt"), limit=200)
            parsed: datetime = parse_utc(data.decode().strip())
        except (Reason, ValueError, OverflowError):
            return None
        return parsed

    def _comments(self, marked: Marked) -> dict[str, str]:
        """A comment for each answer cell: what was found in the marked cells that belong to it."""
        lines: dict[str, list[str]] = defaultdict(list)
        for grade_id, mark in marked.record.marks.items():
            lines[self.release.answered_in[grade_id]].append(comment(mark))
        return {grade_id: harmless_markdown("\n\n".join(texts)) for grade_id, texts in lines.items()}


def comment(mark: Mark) -> str:
    """What the gradebook says beside the points: the sentence, and the diagnosis by its name."""
    return f"{mark.message} [{mark.diagnosis}]"


def _notebook(session: Session, assignment: str, notebook: str) -> Any:
    query = select(api.Notebook).join(api.Assignment)
    found = session.scalars(
        query.where(api.Assignment.name == assignment, api.Notebook.name == notebook)
    ).one_or_none()
    if found is None:
        raise CourseError(f"{assignment} is not in the gradebook; release it with `grader build`.")
    return found


def _add_notebook(session: Session, submission: Any, notebook: Any) -> None:
    """An empty grade and comment for every cell that can have one, as nbgrader makes them."""
    submitted = api.SubmittedNotebook(notebook=notebook, assignment=submission)
    session.add(submitted)
    for cell in [*notebook.grade_cells, *notebook.task_cells]:
        session.add(api.Grade(cell_id=cell.id, notebook=submitted))
    for cell in [*notebook.solution_cells, *notebook.task_cells]:
        session.add(api.Comment(cell_id=cell.id, notebook=submitted))


def _write_grades(notebook: Any, marks: Mapping[str, Mark]) -> None:
    for grade in notebook.grades:
        mark = marks.get(grade.cell.name)
        if mark is None:
            continue
        score = None if mark.needs_manual else mark.points
        by_person = grade.manual_score is not None
        if by_person:
            grade.needs_manual_grade = grade.needs_manual_grade or grade.auto_score != score
        else:
            grade.needs_manual_grade = mark.needs_manual
        grade.auto_score = score


def _write_comments(notebook: Any, comments: Mapping[str, str]) -> None:
    """Only nbgrader's auto_comment: what a person wrote is another column, and is shown instead."""
    for each in notebook.comments:
        each.auto_comment = comments.get(each.cell.name)
