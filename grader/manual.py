"""Marking by hand as a queue: one question, all students, in random order and without their names.

`write_queue` writes a page to read and a table to fill in; `read_queue` takes the filled table back. The
label of an answer is drawn from the student, the question and the text itself, so that an answer that has
changed since is not given a mark that was meant for another. Who gave each mark is kept with the records.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from grader.course import MARKED_BY_HAND, Assignment, Course, CourseError
from grader.feedback import template
from grader.record import write_atomically
from grader.rendering import rendered
from grader.results import read_results
from grader.sheets import read_sheet, write_sheet
from grader.titles import titles

COLUMNS = ("label", "answer", "points", "comment")
LETTER = "m"  # in front of a label: a spreadsheet would take 12345e6789 for a number; once it was not there
KEPT = ("time", "marker", "student", "question", "label", "points", "comment")


@dataclass(frozen=True)
class Waiting:
    """One answer to mark."""

    label: str
    student: str
    text: str
    marked: bool  # by a person already


@dataclass(frozen=True)
class Given:
    """One line of a filled table."""

    label: str
    points: float
    comment: str


def queue(course: Course, assignment: Assignment, question: str) -> list[Waiting]:
    """The answers to a question that a person marks, in an order that says nothing."""
    if not assignment.specification.rubric(question):
        asked = [name for name in assignment.release.marked if assignment.specification.rubric(name)]
        raise CourseError(
            f"A person does not mark {question!r}; in {assignment.name} a person marks: "
            f"{', '.join(asked) or 'nothing'}"
        )
    waiting = []
    for result in read_results(course, assignment):
        mark = next((one for one in result.questions if one.grade_id == question), None)
        if mark is not None and (mark.waits or mark.diagnosis == "manual"):
            text = _answer(course, assignment, result.student, question)
            label = _label(course, assignment.name, result.student, question, text)
            waiting.append(Waiting(label, result.student, text, marked=not mark.waits))
    return sorted(waiting, key=lambda one: one.label)


def _label(course: Course, assignment: str, student: str, question: str, text: str) -> str:
    message = "\0".join(("marking", assignment, student, question, text)).encode()
    return LETTER + hmac.new(course.secret(), message, hashlib.sha256).hexdigest()[:10]


def _answer(course: Course, assignment: Assignment, student: str, question: str) -> str:
    path = course.autograded(student, assignment.name, assignment.notebook)
    cells: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["cells"]
    answered_in = assignment.release.answered_in[question]
    settings = ((cell, cell["metadata"].get("nbgrader", {})) for cell in cells)
    return next((str(cell["source"]) for cell, of in settings if of.get("grade_id") == answered_in), "")


# ---- out -------------------------------------------------------------------------------------------------


def write_queue(
    course: Course, assignment: Assignment, question: str, folder: Path, share: tuple[int, int] = (1, 1)
) -> int:
    """Writes QUESTION.html and QUESTION.csv for a part of those who wait; gives their number."""
    part, parts = share
    waiting = [one for one in queue(course, assignment, question) if not one.marked]
    chosen = [one for one in waiting if int(one.label.removeprefix(LETTER), 16) % parts == part - 1]
    page = template("queue.html.j2").render(
        title=titles(assignment.specification, assignment.release)[question],
        rubric=assignment.specification.rubric(question),
        answers=[(one.label, rendered(one.text)) for one in chosen],
    )
    write_atomically(folder / f"{question}.html", page)
    with (folder / f"{question}.csv").open("w", encoding="utf-8", newline="") as file:
        write_sheet(file, [COLUMNS, *((one.label, one.text, "", "") for one in chosen)])
    return len(chosen)


# ---- in --------------------------------------------------------------------------------------------------


def read_queue(
    course: Course, assignment: Assignment, question: str, path: Path, marker: str, *, replace: bool = False
) -> Iterator[str]:
    """Writes the marks of a filled table into the gradebook, and says what it did not take."""
    answers = {one.label: one for one in queue(course, assignment, question)}
    most = assignment.release.marked[question].points
    taken = []
    for given in _filled(path, most):
        waiting = answers.get(given.label) or answers.get(LETTER + given.label)
        if waiting is None:
            yield f"{given.label}: not taken, since this answer has changed or is gone; write the queue again"
        elif waiting.marked and not replace:
            yield f"{given.label}: not taken, since it is marked already; --replace takes it all the same"
        else:
            taken.append((waiting, given))
    _write(course, assignment, question, taken)
    _keep(course, assignment, question, taken, marker)
    left = (
        len(answers) - sum(one.marked for one in answers.values()) - sum(not one.marked for one, _ in taken)
    )
    yield f"Took {len(taken)} marks by {marker}; {left} answers to {question} wait."


def _filled(path: Path, most: float) -> list[Given]:
    """The lines that have points; raises CourseError with the line of the first that cannot be meant."""
    rows = read_sheet(path)
    if rows and not {"label", "points", "comment"} <= set(rows[0]):
        raise CourseError(f"{path}: expected the columns {', '.join(COLUMNS)} in its first line")
    return [
        Given(
            row["label"].strip(),
            _points(f"{path}, answer {row['label']}", row["points"], most),
            row["comment"],
        )
        for row in rows
        if row["points"].strip()
    ]


def _points(where: str, text: str, most: float) -> float:
    try:
        points = float(text.replace(",", "."))
    except ValueError:
        points = math.nan
    if not 0 <= points <= most:
        raise CourseError(
            f"{where}: expected points from 0 to {most:g}, but got {text!r:.40}; nothing was taken"
        )
    return points


def _write(
    course: Course, assignment: Assignment, question: str, taken: Sequence[tuple[Waiting, Given]]
) -> None:
    """Into nbgrader's own columns for marks and comments by a person, as its formgrader does."""
    from sqlalchemy import update

    from grader import tables
    from grader.gradebook import transaction
    from grader.rows import ids_of

    grades, comments = tables.grades, tables.comments
    with transaction(course) as connection:
        graded = ids_of(connection, grades, assignment.name, assignment.notebook, question)
        answer = assignment.release.answered_in[question]
        commented = ids_of(connection, comments, assignment.name, assignment.notebook, answer)
        for waiting, given in taken:
            mark = {"manual_score": given.points, "needs_manual_grade": False}
            connection.execute(update(grades).where(grades.c.id == graded[waiting.student]).values(mark))
            if said := given.comment.strip():
                row = comments.c.id == commented[waiting.student]
                connection.execute(update(comments).where(row).values(manual_comment=said))


def _keep(
    course: Course, assignment: Assignment, question: str, taken: Sequence[tuple[Waiting, Given]], marker: str
) -> None:
    """Who gave which mark when, one line a mark, never written over."""
    path = course.root / "records" / assignment.name / MARKED_BY_HAND
    path.parent.mkdir(parents=True, exist_ok=True)
    heads = [] if path.exists() else [KEPT]
    now = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
    with path.open("a", encoding="utf-8", newline="") as file:
        lines = [
            (now, marker, waiting.student, question, waiting.label, f"{given.points:g}", given.comment)
            for waiting, given in taken
        ]
        write_sheet(file, [*heads, *lines])
