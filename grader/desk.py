"""What a clerk does with one submission: reads it, has it run, scores it, writes its record and its notebook.

The gradebook is not a clerk's: what it is told comes back in a `Report`, as plain data.
"""

from __future__ import annotations

import json
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from grader.box import BoxDied, BoxTimeout, Limits
from grader.course import Assignment, Course, CourseError
from grader.entries import Entry, entry_of
from grader.job import Examiner
from grader.marking import Examined, Marked, Prepared, examine, finish, prepare
from grader.older import VersionsExaminer
from grader.record import read_record, write_atomically, write_record
from grader.trouble import explained


class Ending(Enum):
    """How it went with a submission."""

    RAN = "ran"
    RECORDED = "from the record"
    UNREADABLE = "unreadable"
    SLOW = "to be run alone"
    UNTRIED = "without its time"
    FAILED = "not marked"


@dataclass(frozen=True)
class Report:
    """What came of one submission; `entry` is what the gradebook is to be told, where it was marked."""

    student: str
    ending: Ending
    text: str = ""
    entry: Entry | None = None
    waits: bool = False  # a person has yet to mark something
    broke: bool = False  # something did not end in time, or ended its process
    older: bool = False  # it was made from a version of the assignment that is not the newest


@dataclass(frozen=True)
class Orders:
    """How a class is to be marked: plain data; a process that gets it opens the assignment for itself."""

    root: Path
    name: str
    limits: Limits = field(default_factory=Limits)
    patience: float = 4.0  # seconds; who needs more is told to come back when all others are done
    run_again: bool = False
    trusted: bool = False
    scheduler: str = ""
    clerks: int = 1  # who share the workers of a cluster

    @cached_property
    def course(self) -> Course:
        return Course(self.root)

    @cached_property
    def assignment(self) -> Assignment:
        return self.course.assignment(self.name)

    @property
    def longest(self) -> float:
        """The seconds that boxes may take for one submission that is marked alone, second runs included."""
        each = self.limits.total_seconds + 2 * self.limits.start_seconds
        return self.assignment.specification.runs() * each

    def with_opened(self, course: Course, assignment: Assignment) -> Orders:
        """The same, with what is open already; a process that is forked from this one has it too."""
        self.__dict__.update(course=course, assignment=assignment)
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


class Desk:
    """Where submissions of one assignment are marked, one after the other."""

    def __init__(self, orders: Orders) -> None:
        self.orders, self.course, self.assignment = orders, orders.course, orders.assignment
        with ExitStack() as opened:  # closes a sandbox that does not work
            self.opened = opened
            self.examiner = self._examiner()
            self.opened = opened.pop_all()

    def __enter__(self) -> Desk:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.opened.close()

    def _examiner(self) -> Examiner:
        """Warmed before the first submission: a sandbox that has been seen to work."""
        if self.orders.scheduler:
            try:
                from grader.cluster import ClusterExaminer
            except ImportError as error:
                raise CourseError(
                    f"--scheduler needs Dask, and {error}; type: pip install 'layercost[cluster]'"
                ) from error
            return self.opened.enter_context(ClusterExaminer(self.orders))
        sandbox = self.assignment.sandbox(self.orders.limits, trusted=self.orders.trusted)
        self.opened.enter_context(sandbox)
        sandbox.probe()
        limits, trusted = self.orders.limits, self.orders.trusted
        return self.opened.enter_context(VersionsExaminer(self.assignment, sandbox, limits, trusted=trusted))

    @property
    def boxes(self) -> int:
        """How many submissions may be marked at a time here."""
        return int(getattr(self.examiner, "boxes", 1))

    def mark(self, student: str, *, alone: bool) -> Report:
        """Marks one submission; an error of ours is the teacher's to read, and earlier marks stay."""
        try:
            return self._mark(student, alone=alone)
        except (BoxDied, BoxTimeout) as error:
            if not alone:
                return Report(student, Ending.SLOW)
            return not_marked(student, f"its box did not start: {error}")
        except Exception as error:
            return not_marked(student, explained(error) or f"{type(error).__name__}: {error}")

    def _mark(self, student: str, *, alone: bool) -> Report:
        earlier = None
        if not self.orders.run_again:
            earlier = read_record(self.course.record(student, self.assignment.name))
        prepared = prepare(self.course.submitted, student, self.assignment, earlier)
        seconds = self.orders.limits.total_seconds if alone else self.orders.patience
        examined = examine(prepared, self.assignment, self.examiner.run, seconds, alone=alone)
        if examined.broke and not alone:
            return Report(student, Ending.SLOW)
        marked = finish(prepared, self.assignment, examined, alone=alone)
        self._write(marked)
        return self._report(prepared, marked, examined)

    def _write(self, marked: Marked) -> None:
        """The record and the formgrader's notebook, each replaced as a whole."""
        student, assignment = marked.record.student, self.assignment
        write_record(self.course.record(student, assignment.name), marked.record)
        path = self.course.autograded(student, assignment.name, assignment.notebook)
        write_atomically(path, json.dumps(marked.notebook))

    def _report(self, prepared: Prepared, marked: Marked, examined: Examined) -> Report:
        marks = marked.record.marks.values()
        if prepared.reason:
            ending = Ending.UNREADABLE
        else:
            ran = prepared.job is not None or examined.again.ran
            ending = Ending.RAN if ran else Ending.RECORDED
        return Report(
            marked.record.student,
            ending,
            points(marked),
            entry_of(self.course, self.assignment, marked),
            waits=any(mark.needs_manual for mark in marks),
            broke=any(mark.diagnosis in ("timeout", "died") for mark in marks),
            older=prepared.version != self.assignment.version,
        )


def points(marked: Marked) -> str:
    """What a teacher reads about a submission."""
    marks = marked.record.marks.values()
    earned = sum(mark.points for mark in marks if not mark.needs_manual)
    most = sum(mark.max_points for mark in marks)
    waits = sum(mark.max_points for mark in marks if mark.needs_manual)
    manual = f", {waits:g} by hand" if waits else ""
    return f"{earned:g} of {most:g}{manual} ({marked.note})"


def not_marked(student: str, reason: str) -> Report:
    """A submission that could not be marked."""
    return Report(student, Ending.FAILED, f"NOT MARKED, earlier marks are kept: {reason}")
