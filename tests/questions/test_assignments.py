"""Every assignment of the course: its model solution earns all there is to earn, its release nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from grader.specification import load

from .data import SPECIFICATIONS
from .sitting import code_cells, marks, run

every_assignment = pytest.mark.parametrize("path", SPECIFICATIONS, ids=lambda path: path.parent.name)


def setup_cell(folder: Path) -> str:
    (setup,) = (
        cell.source
        for cell in code_cells(folder)
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "setup"
    )
    return setup


@every_assignment
@pytest.mark.parametrize("student", ["ada", "emmy"])
def test_the_model_solution_earns_everything_that_needs_no_person(
    path: Path, student: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assignment = load(path)
    found = marks(assignment, student, run(assignment, path.parent, student, tmp_path))
    lost = {
        name: (mark.diagnosis, mark.points, str(mark.message))
        for name, mark in found.items()
        if not mark.needs_manual and mark.points < mark.max_points
    }
    assert lost == {}
    assert any(mark.needs_manual for mark in found.values())


@every_assignment
def test_the_release_without_an_answer_earns_nothing(
    path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assignment = load(path)
    found = marks(assignment, "ada", run(assignment, path.parent, "ada", tmp_path, blank=True))
    assert {name: mark.points for name, mark in found.items() if mark.points} == {}


def test_all_assignments_begin_with_the_same_setup_cell():
    assert len({setup_cell(path.parent) for path in SPECIFICATIONS}) == 1
