"""From an assignment's text to what students get: source and release notebooks, by nbgrader's own machinery.

An assignment is a folder with `assignment.md` (MyST text with its solution) and `specification.toml`.
Before anything is released, the model solution runs in the box as several students and must earn full marks,
and the release itself, untouched, must earn none.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearSolutions
from traitlets.config import Config

from grader.box import Limits, SandboxUnavailable
from grader.course import Assignment, Course, CourseError, load_specification
from grader.examination import SandboxExaminer
from grader.gradebook import environment_on_path
from grader.intake import SubmittedCell
from grader.marking import mark_cells
from grader.protocol import Mark
from grader.release import Release, read_release

TRIED_STUDENTS = ("ada", "emmy", "grace", "sofia")  # each has numbers of their own
NOT_RELEASED = {"assignment.md", "specification.toml"}
NBGRADER_SCHEMA = 3
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


class KeepPrefilled(ClearSolutions):  # type: ignore[misc]  # nbgrader brings no types
    """nbgrader's removal of solutions, which leaves an answer cell with the tag `prefilled` as it is.

    The id cell is one: students write there, but it comes filled in where the server knows who they are.
    """

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> tuple[Any, Any]:
        if "prefilled" in cell.metadata.get("tags", ()):
            return cell, resources
        done: tuple[Any, Any] = super().preprocess_cell(cell, resources, cell_index)
        return done


def build(course: Course, folder: Path, limits: Limits) -> Assignment:
    """Makes source/ and release/ of the assignment in this folder, and registers it; raises CourseError."""
    text, specification_path = folder / "assignment.md", folder / "specification.toml"
    for path in (text, specification_path):
        if not path.is_file():
            raise CourseError(
                f"{path} is missing; an assignment is a folder with assignment.md and specification.toml."
            )
    specification = load_specification(specification_path)
    source = course.source(specification.name)
    _write_source(source, text, specification.notebook, specification.variants())
    _copy_others(folder, source)
    _generate(course, specification.name)
    kept = course.specification(specification.name).parent
    if folder.resolve() != kept.resolve():
        shutil.rmtree(kept, ignore_errors=True)
        shutil.copytree(folder, kept, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    assignment = course.assignment(specification.name)
    try:
        check_solution(assignment, read_release(source / f"{specification.notebook}.ipynb"), limits)
    except (CourseError, SandboxUnavailable):
        shutil.rmtree(course.release(specification.name))
        raise
    return assignment


def _write_source(source: Path, text: Path, notebook: str, variants: Mapping[str, object]) -> None:
    """The notebook with its solution, where nbgrader looks for it."""
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    written: Any = jupytext.read(text)
    written.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in written.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"].setdefault("schema_version", NBGRADER_SCHEMA)
    jupytext.write(written, source / f"{notebook}.ipynb", fmt="ipynb")
    (source / "variants.json").write_text(json.dumps(variants), encoding="utf-8")


def _copy_others(folder: Path, source: Path) -> None:
    """Pictures and data that belong to the text; never the specification."""
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name not in NOT_RELEASED and not path.name.startswith("."):
            shutil.copy2(path, source / path.name)


def _generate(course: Course, name: str) -> None:
    """nbgrader's `generate_assignment`: takes the solutions out, locks cells, fills the gradebook."""
    configuration = Config()
    configuration.CourseDirectory.root = str(course.root)
    configuration.CourseDirectory.course_id = course.root.name
    configuration.CourseDirectory.db_url = course.database
    configuration.Exchange.root = str(course.root)  # not used here, but looked for
    configuration.GenerateAssignment.preprocessors = [
        KeepPrefilled if each is ClearSolutions else each for each in GenerateAssignment().preprocessors
    ]
    api = NbGraderAPI(CourseDirectory(config=configuration), config=configuration)
    api.log.setLevel(logging.INFO)
    api.log.propagate = False
    with environment_on_path():
        result = api.generate_assignment(name, force=True, create=True)
    if not result["success"]:
        said = [*result.get("log", "").splitlines(), *result.get("error", "").splitlines()]
        errors = [line for line in said if "ERROR" in line] or said[-1:]
        raise CourseError(f"nbgrader could not release {name}:\n" + "\n".join(errors))


def check_solution(assignment: Assignment, source: Release, limits: Limits) -> None:
    """Marks the model solution and the empty release as several students; raises CourseError."""
    with assignment.sandbox(limits) as sandbox:
        sandbox.probe()
        examiner = SandboxExaminer(sandbox)
        for student in TRIED_STUDENTS:
            solved = mark_cells(submitted_cells(source), student, assignment, examiner)
            _refuse(assignment, student, "the model solution", _lost(solved))
            empty = mark_cells(submitted_cells(assignment.release), student, assignment, examiner)
            _refuse(assignment, student, "the release without any answer", _earned(empty))


def submitted_cells(notebook: Release) -> tuple[SubmittedCell, ...]:
    """One of our own notebooks as if a student had submitted it."""
    return tuple(
        SubmittedCell(cell.grade_id, cell.cell_type, cell.source, dict(cell.settings))
        for cell in notebook.cells
    )


def _lost(marks: Mapping[str, Mark]) -> list[str]:
    return [
        f"{grade_id}: {mark.points:g} of {mark.max_points:g} ({mark.diagnosis}: {mark.message})"
        for grade_id, mark in marks.items()
        if not mark.needs_manual and mark.points < mark.max_points
    ]


def _earned(marks: Mapping[str, Mark]) -> list[str]:
    return [f"{grade_id}: {mark.points:g} points" for grade_id, mark in marks.items() if mark.points > 0]


def _refuse(assignment: Assignment, student: str, what: str, wrong: list[str]) -> None:
    if wrong:
        lines = "\n  ".join(wrong)
        raise CourseError(
            f"{assignment.name} is not released: as student {student!r}, {what} does not get "
            f"the marks it should:\n  {lines}"
        )
