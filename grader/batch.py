"""Marks a whole class: clerks mark, and only this process writes into the gradebook what they marked.

A submission that cannot be marked never stops the others, whatever the cause; it is named at the end. What
needs more than a few seconds waits until all others are done, and then runs alone: so a timeout is never the
machine's, and nobody waits for a sleeper.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from grader.clerks import Lost, Office, Task
from grader.desk import Ending, Orders, Report, not_marked
from grader.entries import Entry

if TYPE_CHECKING:
    from grader.writer import Writer

WRITE_TOGETHER = 64  # submissions in one transaction
WRITE_AFTER = 0.25  # seconds that a marked submission waits for others to be written with it


@dataclass(frozen=True)
class Line:
    """What to say about one submission: its marks, or why there are none."""

    student: str
    text: str
    ending: Ending
    waits: bool = False
    broke: bool = False
    older: bool = False

    @property
    def failed(self) -> bool:
        return self.ending in (Ending.FAILED, Ending.UNTRIED)


def mark_class(
    orders: Orders, students: Sequence[str], *, workers: int, slow_seconds: float = 900.0
) -> Iterator[Line]:
    """Marks these students' submissions and gives a line for each as it is written."""
    assignment = orders.assignment  # opened before the clerks, who share it
    with Office(orders, min(workers, len(students))) as office:
        from grader.writer import Writer  # SQLAlchemy is loaded while clerks are at work already

        course, name, release = orders.course, assignment.name, assignment.release
        with Writer(course, name, assignment.notebook, release) as writer:
            yield from _Class(office, writer, students, slow_seconds).lines()


class _Class:
    """One run over a class: who is waiting, who is slow, and what is to be written."""

    def __init__(self, office: Office, writer: Writer, students: Sequence[str], slow_seconds: float) -> None:
        self.office, self.writer = office, writer
        self.waiting = deque(Task(student) for student in students)
        self.slow: deque[Task] = deque()
        self.slow_seconds = slow_seconds
        self.slow_since: float | None = None
        self.reports: list[Report] = []
        self.oldest = 0.0

    def lines(self) -> Iterator[Line]:
        while self.waiting or not self.office.idle or self._may_run_alone():
            self._hand_out()
            for said in self.office.hear(self._patience()):
                self._take(said)
            if self.reports and (len(self.reports) >= WRITE_TOGETHER or self._patience() <= 0):
                yield from self._write()
        yield from self._write()
        for task in self.slow:
            yield Line(
                task.student,
                "NOT MARKED, earlier marks are kept: it needs more time than was left for the slow ones; "
                "the same command tries it again ([time] slow_minutes in course.toml)",
                Ending.UNTRIED,
            )

    def _patience(self) -> float:
        """How long to listen before what is marked must be written."""
        if not self.reports:
            return 1.0
        return max(0.0, self.oldest + WRITE_AFTER - time.monotonic())

    def _may_run_alone(self) -> bool:
        since = self.slow_since if self.slow_since is not None else time.monotonic()
        return bool(self.slow) and time.monotonic() - since < self.slow_seconds

    def _hand_out(self) -> None:
        while self.waiting and self.office.has_room:
            self.office.give(self.waiting.popleft())
        if self.office.idle and self._may_run_alone():
            if self.slow_since is None:
                self.slow_since = time.monotonic()
            self.office.give(self.slow.popleft())

    def _take(self, said: Report | Lost | Task) -> None:
        if isinstance(said, Task):
            (self.slow if said.alone else self.waiting).appendleft(said)
        elif isinstance(said, Lost):
            self._lose(said)
        elif said.ending is Ending.SLOW:
            self.slow.append(Task(said.student, alone=True))
        else:
            if not self.reports:
                self.oldest = time.monotonic()
            self.reports.append(said)

    def _lose(self, lost: Lost) -> None:
        """A submission that took its clerk with it is tried once more, alone."""
        if lost.task.alone:
            self._take(not_marked(lost.task.student, f"the process that marked it ended ({lost.how})"))
        else:
            self.slow.append(Task(lost.task.student, alone=True))

    def _write(self) -> Iterator[Line]:
        """Writes what is marked, all in one transaction; where that fails, one by one, to find the reason."""
        from sqlalchemy.exc import OperationalError

        reports, self.reports = self.reports, []
        entries = [report.entry for report in reports if report.entry is not None]
        try:
            if entries:
                self.writer.write(entries)
        except OperationalError as error:  # locked, or gone: that is so for every one of them
            reports = [_not_written(report, error) for report in reports]
        except Exception:
            reports = [self._written(report) for report in reports]
        for report in reports:
            yield Line(report.student, report.text, report.ending, report.waits, report.broke, report.older)

    def _written(self, report: Report) -> Report:
        entries: list[Entry] = [report.entry] if report.entry is not None else []
        try:
            self.writer.write(entries)
        except Exception as error:
            return _not_written(report, error)
        return report


def _not_written(report: Report, error: Exception) -> Report:
    """What is on record stays there, and the next run writes it."""
    if report.entry is None:
        return report
    reason = str(getattr(error, "orig", None) or error)
    return not_marked(report.student, f"the gradebook did not take it: {reason}")
