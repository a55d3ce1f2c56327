"""Marks a whole class: many submissions at a time in boxes, written to the gradebook one by one.

A submission that cannot be marked never stops the others, whatever the cause; it is named at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from grader.course import Assignment, Course
from grader.job import Examiner
from grader.marking import Marked, mark
from grader.record import read_record
from grader.trouble import explained
from grader.writer import Writer


@dataclass(frozen=True)
class Line:
    """What to say about one submission: its marks, or why there are none."""

    student: str
    text: str
    failed: bool = False


def mark_class(
    course: Course,
    assignment: Assignment,
    examiner: Examiner,
    students: Sequence[str],
    *,
    jobs: int,
    run_again: bool = False,
) -> Iterator[Line]:
    """Marks these students' submissions and gives a line for each as it is done."""

    def work(student: str) -> Marked:
        path = course.record(student, assignment.name)
        earlier = None if run_again else read_record(path)
        return mark(course.submitted, student, assignment, examiner, earlier)

    with Writer(course, assignment.name, assignment.notebook, assignment.release) as writer:
        pool = ThreadPoolExecutor(jobs)
        try:
            waiting = {pool.submit(work, student): student for student in students}
            for future in as_completed(list(waiting)):
                yield _finish(future, waiting.pop(future), writer.write)
        finally:
            pool.shutdown(cancel_futures=True)  # whoever stops waits for the boxes that run, not for the rest


def _finish(future: Future[Marked], student: str, write: Callable[[Marked], None]) -> Line:
    """Writes one result; an error of ours is the teacher's to read, and leaves earlier marks as they were."""
    try:
        marked = future.result()
        write(marked)
    except Exception as error:
        why = explained(error) or f"{type(error).__name__}: {error}"
        reason = f"NOT MARKED, earlier marks are kept: {why}"
        return Line(student, reason, failed=True)
    marks = marked.record.marks.values()
    points = sum(each.points for each in marks if not each.needs_manual)
    most = sum(each.max_points for each in marks)
    waits = sum(each.max_points for each in marks if each.needs_manual)
    manual = f", {waits:g} by hand" if waits else ""
    return Line(student, f"{points:g} of {most:g}{manual} ({marked.note})")
