"""Makes source and release notebooks by Jupytext and nbgrader, which take two seconds to load."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
from nbgrader.apps.api import NbGraderAPI
from nbgrader.converters import GenerateAssignment
from nbgrader.coursedir import CourseDirectory
from nbgrader.preprocessors import ClearSolutions, SaveCells
from traitlets.config import Config

from grader.course import Course, CourseError
from grader.release import VARIANTS

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


def write_source(source: Path, text: Path, notebook: str, variants: Mapping[str, object]) -> None:
    """The notebook with its solution, where nbgrader looks for it."""
    source.mkdir(parents=True)
    written: Any = jupytext.read(text)
    written.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    for cell in written.cells:
        if "nbgrader" in cell.metadata:
            cell.metadata["nbgrader"].setdefault("schema_version", NBGRADER_SCHEMA)
    jupytext.write(written, source / f"{notebook}.ipynb", fmt="ipynb")
    (source / VARIANTS).write_text(json.dumps(variants), encoding="utf-8")


def generate(course: Course, name: str) -> None:
    """nbgrader's `generate_assignment`, without its gradebook: takes the solutions out, and locks cells."""
    configuration = Config()
    configuration.CourseDirectory.root = str(course.root)
    configuration.Exchange.root = str(course.root)  # not used here, but looked for
    configuration.GenerateAssignment.no_database = True
    configuration.GenerateAssignment.preprocessors = [
        KeepPrefilled if each is ClearSolutions else each
        for each in GenerateAssignment().preprocessors
        if each is not SaveCells
    ]
    api = NbGraderAPI(CourseDirectory(config=configuration), config=configuration)
    api.log.setLevel(logging.INFO)
    api.log.propagate = False
    result = api.generate_assignment(name, force=True, create=True)
    if not result["success"]:
        said = [*result.get("log", "").splitlines(), *result.get("error", "").splitlines()]
        errors = [line for line in said if "ERROR" in line] or said[-1:]
        raise CourseError(f"nbgrader could not release {name}:\n" + "\n".join(errors))
