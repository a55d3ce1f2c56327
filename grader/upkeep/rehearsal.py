"""A class that is made up, so that a teacher sees the whole way before the first student hands in.

Its students answer as the model solution does, but for what their kind leaves out or gets wrong; they are
marked in the sandbox like anyone else.
"""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

from grader.course import Course, CourseError
from grader.record import write_atomically
from grader.release import Release, ReleasedCell, read_release

PREFIX = "rehearsal-"
Answers = dict[str, str]


def hand_in(course: Course, assignment: str, students: int) -> list[str]:
    """Writes so many submissions and gives their students' ids; raises CourseError."""
    names = [f"{PREFIX}{number:0{len(str(students))}}" for number in range(1, students + 1)]
    notebook = course.assignment(assignment).notebook
    for name, filled_in in zip(names, notebooks(course, assignment, names), strict=True):
        path = course.submitted / name / assignment / f"{notebook}.ipynb"
        if not path.exists():
            write_atomically(path, json.dumps(filled_in))
    return names


def notebooks(course: Course, assignment: str, students: Sequence[str]) -> Iterator[dict[str, Any]]:
    """What each of these students would hand in, from the release and its model; raises CourseError."""
    opened = course.assignment(assignment)
    source_path = course.source(assignment) / f"{opened.notebook}.ipynb"
    if not source_path.is_file():
        raise CourseError(f"{source_path} is missing; release the assignment again with `grader build`.")
    release = json.loads((course.release(assignment) / f"{opened.notebook}.ipynb").read_text("utf-8"))
    kept = _identity_cells(opened.release)
    kinds = _kinds(_answers(read_release(source_path)), kept)
    for student, given in zip(students, kinds, strict=False):  # of kinds there is no end
        yield _filled_in(release, given, student, kept)


def _answers(source: Release) -> Answers:
    """The model's answers."""
    return {cell.grade_id: cell.source for cell in source.cells if cell.is_answer}


def _identity_cells(release: Release) -> frozenset[str]:
    """Cells that come filled in, such as the one that holds the student's id."""
    return frozenset(
        cell.grade_id
        for cell in release.cells
        if "prefilled" in cell.cell.get("metadata", {}).get("tags", ())
    )


def _kinds(answers: Answers, kept: frozenset[str]) -> Iterator[Answers]:
    """Endless students: half of them right, the others each with one answer missing, wrong or broken."""
    own = [name for name in answers if name not in kept]
    spoilers = cycle((_left_out, _wrong, _broken))
    for name in cycle(own):
        yield dict(answers)
        spoilt = dict(answers)
        next(spoilers)(spoilt, name)
        yield spoilt


def _left_out(given: Answers, name: str) -> None:
    del given[name]


def _wrong(given: Answers, name: str) -> None:
    """Every function of the cell gives twice what it should, every number is twice as large."""
    functions, variables = _defined(given[name])
    if not functions and not variables:
        return _left_out(given, name)
    given[name] += "".join(
        f"\n\n{each} = (lambda right: lambda *given, **named: 2 * right(*given, **named))({each})"
        for each in functions
    ) + "".join(
        f"\n\n{each} = {{key: 2 * one for key, one in {each}.items()}} "
        f"if isinstance({each}, dict) else 2 * {each}"
        for each in variables
    )
    return None


def _broken(given: Answers, name: str) -> None:
    given[name] += "\nraise ValueError('left from trying')\n"


def _defined(source: str) -> tuple[list[str], list[str]]:
    """The functions and the variables that a cell defines; none where it is no code."""
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return [], []
    functions = [one.name for one in body if isinstance(one, ast.FunctionDef)]
    assigned = [one.targets[0] for one in body if isinstance(one, ast.Assign)]
    return functions, [one.id for one in assigned if isinstance(one, ast.Name)]


def _filled_in(
    release: Mapping[str, Any], given: Answers, student: str, kept: frozenset[str]
) -> dict[str, Any]:
    notebook = copy.deepcopy(dict(release))
    for cell in notebook["cells"]:
        name = ReleasedCell(cell).grade_id
        if name in kept:
            cell["source"] = _with_id(ReleasedCell(cell).source, student)
        elif name in given:
            cell["source"] = given[name]
    return notebook


def _with_id(source: str, student: str) -> str:
    """The id cell as a student fills it in: the variable that it assigns holds the id."""
    lines = source.splitlines()
    assigned = [line.partition("=")[0].strip() for line in lines if "=" in line]
    return "\n".join([*lines, f"{assigned[-1]} = {student!r}"]) if assigned else source
