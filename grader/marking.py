"""From a submitted file to marks: `prepare` reads it into a job, an examiner runs that, `finish` scores.

Touches no gradebook. What it gives depends on the file, the release, the specification and the secret only,
so that it can run in any number of threads or processes, and again at any time. The secret and the expected
values stay on this side: of all that `prepare` gives, only the job goes to the examiner.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from grader.again import NEVER_AGAIN, Again, Run, run_again, time_left
from grader.course import Assignment
from grader.intake import Reason, Submission, SubmittedCell, read_submission
from grader.job import Answers, CellResult, Examiner, Job, Outcome, Probes
from grader.older import in_newest, remark
from grader.protocol import Mark, SecondRun
from grader.rebuild import Rebuilt, autograded_notebook, rebuild, unreadable_notebook
from grader.record import Record
from grader.release import Release
from grader.rubric import with_rubrics
from grader.values import Answer, Failure, Get, Probe, Value
from grader.versions import made_from
from layercost.message import Message, Words, message_of

IDENTITY = "(identity)"  # where the answer about the id cell is kept; no grade_id holds brackets
NO_ANSWER = Message("There is no answer here yet.")
BY_HAND = Message("A person reads and marks this answer.")
UNREADABLE = "unreadable"
NOTHING_TO_MARK = Message("Your file could not be read, so there is nothing to mark.")


class SpecificationError(Exception):
    """A specification that does not fit its notebook, or gives impossible marks."""


@dataclass(frozen=True)
class Marked:
    """One submission, marked. `note` tells the teacher how the answers were come by."""

    record: Record
    notebook: dict[str, Any]
    note: Words
    answers: Mapping[str, str] = field(default_factory=dict)  # what stands in each answer cell


@dataclass(frozen=True)
class Prepared:
    """A submission that was read: what is asked of it, what is known already, and the job that is left.

    `job` is None where nothing is left to ask: all is on record, or the file could not be read, for the
    `reason` given.
    """

    student: str
    rebuilt: Rebuilt
    probes: Probes
    submission_sha256: str = ""
    earlier: Record | None = None
    job: Job | None = None
    reason: Words = ""
    version: int = 1


def mark(
    submitted: Path,
    student: str,
    assignment: Assignment,
    examiner: Examiner,
    earlier: Record | None = None,
) -> Marked:
    """Marks one submission; answers that `earlier` holds for the same file are not asked for again."""
    prepared = prepare(submitted, student, assignment, earlier)
    return finish(prepared, assignment, examine(prepared, assignment, examiner.run), alone=True)


def prepare(submitted: Path, student: str, assignment: Assignment, earlier: Record | None = None) -> Prepared:
    """Reads a submission and says what is left to be asked of it."""
    try:
        submission = read_submission(submitted, student, assignment.name, assignment.notebook)
    except Reason as reason:
        return Prepared(student, Rebuilt(assignment.release.metadata), {}, reason=message_of(reason))
    newest = assignment.version
    assignment = assignment.made_from(made_from(tag for cell in submission.cells for tag in cell.tags))
    rebuilt = rebuild(assignment.release, submission.cells)
    rebuilt.remarks[:0] = submission.remarks
    if assignment.version != newest:
        rebuilt.remarks.insert(0, remark(assignment.version))
    if earlier is not None and not _same(earlier, submission, assignment.release):
        earlier = None
    return _prepared(student, assignment, rebuilt, submission.sha256, earlier)


def _prepared(
    student: str, assignment: Assignment, rebuilt: Rebuilt, sha256: str = "", earlier: Record | None = None
) -> Prepared:
    probes = _probes(assignment, student)
    unknown = {
        grade_id: tuple(probe for probe in asked if earlier is None or earlier.known(probe) is None)
        for grade_id, asked in probes.items()
    }
    job = None
    if earlier is None or any(unknown.values()):
        job = _job(student, assignment, rebuilt, unknown)
    return Prepared(student, rebuilt, probes, sha256, earlier, job, version=assignment.version)


def _job(student: str, assignment: Assignment, rebuilt: Rebuilt, probes: Probes) -> Job:
    version, answered_in = assignment.version, assignment.release.answered_in
    return Job(student, tuple(rebuilt.code), probes, answered_in, version=version)


@dataclass(frozen=True)
class Examined:
    """What came of the job, None where there was none, the first answers and their marks, and second runs."""

    outcome: Outcome | None = None
    answers: Answers = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    again: Again = NEVER_AGAIN

    @property
    def broke(self) -> bool:
        """Whether something ended its process or took too long, which a busy machine can bring about too."""
        return (self.outcome is not None and self.outcome.broke) or self.again.broke


def examine(
    prepared: Prepared,
    assignment: Assignment,
    run: Run,
    seconds: float | None = None,
    *,
    alone: bool = True,
) -> Examined:
    """Has the job run, and then, where a wrong function costs others, once more with the model's in place.

    `seconds` is the time for all of it. Unless it is `alone`, a job that breaks is run again, so that nothing
    more is asked of it now. Where it is, each run has all that time: one that hangs takes it from no other.
    """
    if prepared.reason:
        return Examined()
    assignment = assignment.made_from(prepared.version)
    outcome = None
    if prepared.job is not None:
        outcome = run(replace(prepared.job, seconds=seconds))
        seconds = seconds if alone else time_left(seconds, outcome.seconds)
    first = Examined(outcome, _answers(prepared, assignment.release, outcome))
    if first.broke and not alone:
        return first
    first = replace(first, marks=_scored(assignment, prepared.student, first))
    wanted = _second_runs(prepared, assignment, first.marks)
    if not wanted:
        return first
    job = replace(_job(prepared.student, assignment, prepared.rebuilt, {}), seconds=seconds)
    again = run_again(wanted, job, _cells(prepared, outcome), prepared.earlier, run, alone=alone)
    return replace(first, again=again)


def _scored(assignment: Assignment, student: str, examined: Examined) -> Mapping[str, Mark]:
    """Marks of what the specification asks, by all that came back."""
    asked = {grade_id: found for grade_id, found in examined.answers.items() if grade_id != IDENTITY}
    return assignment.specification.score(student, assignment.secret, asked, examined.again.answers)


def _second_runs(prepared: Prepared, assignment: Assignment, marks: Mapping[str, Mark]) -> list[SecondRun]:
    """What to ask once more; whoever wrote nothing there can gain nothing."""
    wanted = assignment.specification.second_runs(prepared.student, assignment.secret, marks)
    answered_in = assignment.release.answered_in
    written = {
        grade_id
        for one in wanted
        for grade_id, asked in one.probes.items()
        if _may_answer(prepared.rebuilt, answered_in[grade_id], asked)
    }
    kept = [
        replace(one, probes={name: one.probes[name] for name in one.probes if name in written})
        for one in wanted
    ]
    return [one for one in kept if one.probes]


def _may_answer(rebuilt: Rebuilt, answer_cell: str, asked: Iterable[Probe]) -> bool:
    """Whether something was written into the cell that belongs to it, or elsewhere by the answer's name."""
    names = {probe.name for probe in asked}
    return rebuilt.has_own_code or any(
        cell.grade_id == answer_cell or any(name in cell.source for name in names)
        for cell in rebuilt.cells
        if cell.released is not None and cell.released.is_answer and not rebuilt.unchanged(cell.grade_id)
    )


def _cells(prepared: Prepared, outcome: Outcome | None) -> tuple[CellResult, ...]:
    """What came of each cell, now or when it ran."""
    if outcome is not None:
        return outcome.cells
    return prepared.earlier.cells if prepared.earlier is not None else ()


def finish(prepared: Prepared, assignment: Assignment, examined: Examined, *, alone: bool = False) -> Marked:
    """Scores what came back, together with what was known.

    `alone` says that no other submission of the run was run, so that a timeout is the student's own.
    """
    if prepared.reason:
        return _unreadable(prepared.student, assignment, prepared.reason)
    student, rebuilt, earlier = prepared.student, prepared.rebuilt, prepared.earlier
    newest, assignment = assignment, assignment.made_from(prepared.version)
    answers, cells = examined.answers, _cells(prepared, examined.outcome)
    rebuilt.remarks += _identity_remarks(assignment, student, answers.get(IDENTITY, ()))
    marks = _marks(assignment, student, examined, rebuilt)
    if assignment is not newest:
        marks = in_newest(marks, assignment.version, newest)
    record = Record(
        student=student,
        assignment=assignment.name,
        submission_sha256=prepared.submission_sha256,
        release_sha256=assignment.release.sha256,
        remarks=tuple(rebuilt.remarks),
        cells=cells,
        asked=_asked(prepared.probes, answers, earlier),
        marks=marks,
        versions=versions(),
        alone=alone or (earlier is not None and earlier.alone),
        again={**(earlier.again if earlier is not None else {}), **examined.again.asked},
        version=assignment.version,
    )
    written = {cell.grade_id: cell.source for cell in rebuilt.cells if cell.grade_id}
    notebook = with_rubrics(autograded_notebook(rebuilt, cells), newest.specification)
    return Marked(record, notebook, _note(prepared, examined.again), written)


def _note(prepared: Prepared, again: Again) -> Words:
    """How the answers were come by."""
    if prepared.job is None and again.ran:
        return Message("from the record, and ran once more with the model's functions")
    if prepared.job is None:
        return Message("from the record")
    if prepared.earlier is None:
        return Message("ran")
    questions = sum(map(len, prepared.job.probes.values()))
    return Message("ran again for {questions} questions that were not recorded", questions=questions)


def mark_cells(
    cells: Sequence[SubmittedCell], student: str, assignment: Assignment, examiner: Examiner
) -> dict[str, Mark]:
    """Marks cells that come from no file, such as the model solution."""
    prepared = _prepared(student, assignment, rebuild(assignment.release, cells))
    examined = examine(prepared, assignment, examiner.run)
    return _marks(assignment, student, examined, prepared.rebuilt)


def _probes(assignment: Assignment, student: str) -> Probes:
    """The specification's questions, and the one after the student's id."""
    specification = assignment.specification
    probes = dict(specification.probes(student, assignment.secret))
    unknown = sorted(set(probes) - set(assignment.release.marked))
    if unknown:
        raise SpecificationError(
            f"the specification asks about cells that earn no points: {', '.join(unknown)}"
        )
    if specification.identity:
        probes[IDENTITY] = (Get(specification.identity),)
    return probes


def _same(earlier: Record, submission: Submission, release: Release) -> bool:
    hashes = (earlier.submission_sha256, earlier.release_sha256)
    return hashes == (submission.sha256, release.sha256) and not earlier.reason and earlier.settled


def _answers(prepared: Prepared, release: Release, outcome: Outcome | None) -> Answers:
    """An answer to each probe: that of the outcome where it was asked now, that of the record otherwise."""
    fresh = {
        grade_id: iter(_not_answered(found, prepared.rebuilt, release.answered_in.get(grade_id, "")))
        for grade_id, found in (outcome.answers if outcome is not None else {}).items()
    }
    earlier = prepared.earlier
    return {
        grade_id: tuple((earlier and earlier.known(probe)) or next(fresh[grade_id]) for probe in asked)
        for grade_id, asked in prepared.probes.items()
    }


def _not_answered(answers: tuple[Answer, ...], rebuilt: Rebuilt, answer_cell: str) -> tuple[Answer, ...]:
    """An answer cell left as it was raises NotImplementedError, which is not the student's error."""
    if not answer_cell or not rebuilt.unchanged(answer_cell):
        return answers
    empty = Failure("missing", NO_ANSWER)
    return tuple(
        empty if isinstance(answer, Failure) and answer.kind in ("missing", "error") else answer
        for answer in answers
    )


def _asked(
    probes: Probes, answers: Answers, earlier: Record | None
) -> dict[str, tuple[tuple[Probe, Answer], ...]]:
    """What goes into the record: these questions, and whatever was asked before."""
    asked = {
        grade_id: tuple(zip(asked, answers[grade_id], strict=True)) for grade_id, asked in probes.items()
    }
    for grade_id, pairs in (earlier.asked if earlier is not None else {}).items():
        current = asked.get(grade_id, ())
        older = tuple(pair for pair in pairs if pair[0] not in [probe for probe, _ in current])
        asked[grade_id] = current + older
    return asked


def _identity_remarks(assignment: Assignment, student: str, answers: tuple[Answer, ...]) -> list[Words]:
    """The id of the roster counts; an id cell that says otherwise had shown the student other numbers."""
    if not answers or assignment.specification.same_student(
        answers[0].value if isinstance(answers[0], Value) else None, student
    ):
        return []
    name = assignment.specification.identity
    return [
        Message(
            "The id cell does not give your id: `{name}` should be {student!r}. Your work was marked with "
            "the numbers that belong to that id, so answers for other numbers count as wrong.",
            name=name,
            student=student,
        )
    ]


def _marks(assignment: Assignment, student: str, examined: Examined, rebuilt: Rebuilt) -> dict[str, Mark]:
    """A mark for each cell that earns points, checked against the release."""
    scored = _scored(assignment, student, examined) if examined.again.asked else examined.marks
    marks = {}
    for grade_id, cell in assignment.release.marked.items():
        scored_mark = scored.get(grade_id) or by_hand(cell.points, written=cell.is_answer, grade_id=grade_id)
        marks[grade_id] = _checked(grade_id, scored_mark, cell.points)
        if marks[grade_id].needs_manual and rebuilt.unchanged(assignment.release.answered_in[grade_id]):
            marks[grade_id] = Mark(0.0, cell.points, "no-answer", NO_ANSWER)
    return marks


def by_hand(points: float, *, written: bool, grade_id: str) -> Mark:
    """The mark of a cell that the specification leaves to a person, as nbgrader's manual answers are."""
    if not written:
        raise SpecificationError(f"the cell {grade_id} earns points, but the specification does not say how")
    return Mark(0.0, points, "manual", BY_HAND, needs_manual=True)


def _checked(grade_id: str, mark: Mark, points: float) -> Mark:
    if mark.max_points != points:
        raise SpecificationError(
            f"the specification gives at most {mark.max_points} points for {grade_id}, the notebook {points}"
        )
    if not math.isfinite(mark.points) or not 0 <= mark.points <= points:
        raise SpecificationError(f"the specification gave {mark.points} of {points} points for {grade_id}")
    return replace(mark, points=float(mark.points))


def _unreadable(student: str, assignment: Assignment, reason: Words) -> Marked:
    """No points, and the reason, for a file that is no notebook."""
    marks = {
        grade_id: Mark(0.0, cell.points, UNREADABLE, NOTHING_TO_MARK)
        for grade_id, cell in assignment.release.marked.items()
    }
    release = assignment.release
    record = Record(
        student,
        assignment.name,
        release_sha256=release.sha256,
        reason=reason,
        remarks=(reason,),
        marks=marks,
        versions=versions(),
    )
    return Marked(
        record, unreadable_notebook(release, reason), Message("unreadable: {reason}", reason=reason)
    )


@cache
def versions() -> Mapping[str, str]:
    """With what the marks were made."""
    return {"layercost": version("layercost"), "python": sys.version.split()[0]}
