"""Each answer of the model solution, made wrong alone: it may cost its own points, and nobody else's.

Only an answer that is made from another, as by a function that calls it, may suffer with that one.
Full marks for the model and none for the blank release cannot see that two cells share an answer, that two
read one variable, or that an answer earns its points whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from grader.course import Assignment
from grader.intake import SubmittedCell
from grader.job import Examiner
from grader.marking import mark_cells
from grader.papers.progress import Progress
from grader.protocol import Mark
from grader.values import Call, Probe

_WORD = re.compile(r"[^\W\d]\w*")
NONSENSE, ZERO, KNOWN = "nonsense", "zero", "a known mistake"


@dataclass(frozen=True)
class Mutant:
    """Code that changes what one marked cell asks for."""

    grade_id: str
    how: str
    source: str

    def put_into(self, solved: Sequence[SubmittedCell], assignment: Assignment) -> list[SubmittedCell]:
        """The model solution with it at the end, or where others need the answer, before these use it."""
        at, changed = len(solved), SubmittedCell("", "code", self.source, {})
        if self.grade_id in assignment.specification.needed():
            answer = assignment.release.answered_in[self.grade_id]
            at = 1 + next(number for number, cell in enumerate(solved) if cell.grade_id == answer)
        return [*solved[:at], changed, *solved[at:]]


def mutants(assignment: Assignment, student: str) -> Iterator[Mutant]:
    """For each cell that asks the code nonsense, zero, and a known mistake where there is one.

    Zero is what a blank holds: a known mistake that comes to zero would earn its credit without any work.
    """
    zeros = assignment.specification.zeros(student, assignment.secret)
    mistaken = assignment.specification.mistaken(student, assignment.secret)
    for grade_id, probes in assignment.specification.probes(student, assignment.secret).items():
        if probes:
            yield Mutant(grade_id, NONSENSE, _giving(probes, [NONSENSE] * len(probes)))
        if probes and zeros.get(grade_id):
            yield Mutant(grade_id, ZERO, _giving(probes, zeros[grade_id]))
        if probes and mistaken.get(grade_id):
            yield Mutant(grade_id, KNOWN, _giving(probes, mistaken[grade_id]))


def _giving(probes: Sequence[Probe], values: Sequence[object]) -> str:
    """Code after which these probes give these values."""
    name = probes[0].name
    if not isinstance(probes[0], Call):
        return f"{name} = {values[0]!r}"
    table = {_key(probe): value for probe, value in zip(probes, values, strict=True)}
    return (
        f"def {name}(*args, **kwargs):\n"
        f"    return {table!r}[repr((args, sorted(kwargs.items())))]"
    )  # fmt: skip


def _key(probe: Probe) -> str:
    assert isinstance(probe, Call)
    return repr((tuple(probe.args), sorted(probe.kwargs.items())))


def survivors(
    assignment: Assignment,
    solved: Sequence[SubmittedCell],
    student: str,
    examiner: Examiner,
    progress: Progress,
) -> list[str]:
    """What is wrong with how mutants are marked, in words."""
    every = list(mutants(assignment, student))
    using = _users(assignment, solved, student)
    found: list[str] = []
    with progress("each answer made wrong alone", len(every)) as advance:
        for mutant in every:
            marks = mark_cells(mutant.put_into(solved, assignment), student, assignment, examiner)
            found += _wrong(mutant, marks, using, assignment.specification.least)
            advance()
    return found


def _users(assignment: Assignment, solved: Sequence[SubmittedCell], student: str) -> dict[str, set[str]]:
    """For each marked cell those whose answers are made from its answer, as a function that calls another is.

    Whose answer is the same variable does not use it: it has no answer of its own.
    """
    sources = {cell.grade_id: set(_WORD.findall(cell.source)) for cell in solved}
    probes = assignment.specification.probes(student, assignment.secret)
    names = {grade_id: asked[0].name for grade_id, asked in probes.items() if asked}
    said = {grade_id: sources.get(assignment.release.answered_in[grade_id], set()) for grade_id in names}

    def reached(grade_id: str) -> set[str]:
        found, new = set[str](), {grade_id}
        while new:
            found |= new
            new = {other for other, name in names.items() for one in new if name in said[one]} - found
        return found

    return {
        grade_id: {one for one in names if names[one] != name and grade_id in reached(one)}
        for grade_id, name in names.items()
    }


def _wrong(
    mutant: Mutant,
    marks: Mapping[str, Mark],
    using: Mapping[str, set[str]],
    least: Callable[[str, str], float],
) -> Iterator[str]:
    own = marks[mutant.grade_id]
    if own.points >= own.max_points or (mutant.how != KNOWN and own.points > 0):
        yield (
            f"{mutant.grade_id}: {mutant.how} in place of its answer still earns {own.points:g} of "
            f"{own.max_points:g} points"
        )
    for grade_id, mark in marks.items():
        due = least(grade_id, mutant.grade_id)
        if mark.points < due and grade_id != mutant.grade_id and not mark.needs_manual:
            yield (
                f"{grade_id}: {mutant.how} in place of the answer to {mutant.grade_id!r}, which it needs, "
                f"leaves {mark.points:g} points here, and with the model's function it should be {due:g}"
            )
            continue
        lost = not mark.needs_manual and mark.points < mark.max_points
        if lost and grade_id != mutant.grade_id and grade_id not in using[mutant.grade_id]:
            yield (
                f"{grade_id}: {mutant.how} in place of the answer to {mutant.grade_id!r} takes "
                f"{mark.max_points - mark.points:g} points here; each cell needs an answer of its own"
            )
