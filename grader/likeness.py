"""Submissions that are alike: answers that are right for another student's numbers first, then the same code.

Everybody has numbers of their own: a wrong answer that is another's right one hardly comes about by chance.
Neither proves anything: the report gives the teacher a reason to ask.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from grader.course import Assignment, Course
from grader.details import Detail
from grader.rebuild import is_remarks
from grader.versions import version_of

SMALLEST, FEWEST = 1_000, 2  # a smaller number, or a single one, is met by chance
SHORTEST = 80  # characters of code; shorter code is alike because there is little choice
FEW = 3  # what more students share comes from the chapter


@dataclass(frozen=True)
class Likeness:
    """Two students: how many answers of the first are right for the second, and which cells are the same."""

    student: str
    other: str
    others_numbers: tuple[str, ...]
    same_cells: tuple[str, ...]


def likenesses(
    course: Course, assignment: Assignment, found: Mapping[str, Sequence[Detail]]
) -> tuple[Likeness, ...]:
    """Pairs with something in common, those with most of another's numbers first."""
    taken = _others_numbers(found)
    same = _same_code(course, assignment, sorted(found))
    pairs = set(taken) | {pair for pair in same if pair[::-1] not in taken}
    every = [
        Likeness(*pair, tuple(taken.get(pair, ())), tuple(same.get(pair) or same.get(pair[::-1]) or ()))
        for pair in pairs
    ]
    every.sort(key=lambda one: (-len(one.others_numbers), -len(one.same_cells), one.student, one.other))
    return tuple(every)


def _others_numbers(found: Mapping[str, Sequence[Detail]]) -> dict[tuple[str, str], list[str]]:
    right_for: dict[tuple[str, str, object], list[str]] = defaultdict(list)
    for student, every in found.items():
        for detail in every:
            for case in detail.cases if len(detail.cases) == 1 else ():
                right_for[detail.grade_id, detail.entry, case.answer].append(student)
    taken: dict[tuple[str, str], list[str]] = defaultdict(list)
    for student, every in found.items():
        for detail in every:
            for case in detail.cases if len(detail.cases) == 1 else ():
                if case.right or case.number is None or case.number < SMALLEST:
                    continue
                whose = right_for.get((detail.grade_id, detail.entry, case.number), ())
                for other in whose if len(whose) <= FEW else ():
                    taken[student, other].append(detail.entry or detail.grade_id)
    return {pair: names for pair, names in taken.items() if len(names) >= FEWEST}


def _same_code(
    course: Course, assignment: Assignment, students: Sequence[str]
) -> dict[tuple[str, str], list[str]]:
    written: dict[tuple[str, str], list[str]] = defaultdict(list)
    for student in students:
        for grade_id, source in _answers(course, assignment, student).items():
            if len(source) >= SHORTEST:
                written[grade_id, source].append(student)
    same: dict[tuple[str, str], list[str]] = defaultdict(list)
    for (grade_id, _source), those in written.items():
        for pair in combinations(those, 2) if len(those) <= FEW else ():
            same[pair].append(grade_id)
    return same


def _answers(course: Course, assignment: Assignment, student: str) -> dict[str, str]:
    """What a student wrote into each answer cell, without spaces and comments; not what was released."""
    path = course.autograded(student, assignment.name, assignment.notebook)
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return {}
    settings = [(cell, cell["metadata"].get("nbgrader", {})) for cell in cells if not is_remarks(cell)]
    released = assignment.made_from(version_of(cells)).release.by_grade_id
    written = {of["grade_id"]: _bare(cell["source"]) for cell, of in settings if of.get("solution")}
    return {
        name: source
        for name, source in written.items()
        if name not in released or source != _bare(released[name].source)
    }


def _bare(source: str) -> str:
    return re.sub(r"#.*|\s+", "", source)
