"""Work that was made from an older version of an assignment: run with its files, marked by its questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from grader.box import Limits, Sandbox
from grader.course import Assignment
from grader.examination import SandboxExaminer
from grader.job import Examiner, Job, Outcome
from grader.protocol import Mark
from layercost.message import Message

NOT_ASKED = "not-asked"


def in_newest(marks: Mapping[str, Mark], version: int, newest: Assignment) -> dict[str, Mark]:
    """Marks as the newest version counts them, which the gradebook follows.

    Each keeps its share of the points. What only the newest asks is left to a person.
    """
    return {
        grade_id: _scaled(marks[grade_id], cell.points)
        if grade_id in marks
        else not_asked(version, cell.points)
        for grade_id, cell in newest.release.marked.items()
    }


def _scaled(mark: Mark, points: float) -> Mark:
    return replace(mark, points=round(mark.points * points / mark.max_points, 2), max_points=points)


def not_asked(version: int, points: float) -> Mark:
    """The mark of a cell that the student's version does not have."""
    message = Message(
        "Your notebook was made from version {version}, which did not ask this; a person decides.",
        version=version,
    )
    return Mark(0.0, points, NOT_ASKED, message, needs_manual=True)


def remark(version: int) -> Message:
    """What is said of work that was made from an older version."""
    return Message(
        "Your notebook was made from version {version} of the assignment, and was marked by that version.",
        version=version,
    )


class VersionsExaminer(Examiner):
    """Runs each job in a box that shows what was released with the version that it was made from."""

    def __init__(
        self, assignment: Assignment, sandbox: Sandbox, limits: Limits, *, trusted: bool = False
    ) -> None:
        self.assignment, self.limits, self.trusted = assignment, limits, trusted
        self.examiners = {assignment.version: SandboxExaminer(sandbox)}
        self.opened: list[Sandbox] = []

    def run(self, job: Job) -> Outcome:
        """Runs a job; the first of an older version opens a sandbox for all of that version."""
        version = job.version or self.assignment.version
        if version not in self.examiners:
            sandbox = self.assignment.made_from(version).sandbox(self.limits, trusted=self.trusted)
            self.opened.append(sandbox)
            self.examiners[version] = SandboxExaminer(sandbox)
        return self.examiners[version].run(job)

    def close(self) -> None:
        """Closes the sandboxes that were opened here."""
        for sandbox in self.opened:
            sandbox.close()

    def __enter__(self) -> VersionsExaminer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
