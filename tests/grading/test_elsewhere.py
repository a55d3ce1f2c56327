"""Wrong numbers that are right elsewhere are told so; nobody is accused by chance."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from grader import draws, specification
from grader.cells import NumbersCell
from grader.papers.progress import silent
from grader.protocol import Mark
from grader.specification import AssignmentSpecification, load
from grader.values import Value

EXERCISE = Path(__file__).resolve().parents[2] / "exercises" / "fully_connected_and_lenet"
TABLE, MEMORY = "check-lenet-parameters", "check-lenet-memory"
OF_LENET_5 = {"conv1": 156, "conv2": 2416, "fc1": 48_120, "fc2": 10_164, "fc3": 850, "total": 61_706}


@pytest.fixture(scope="module")
def assignment(tmp_path_factory: pytest.TempPathFactory) -> AssignmentSpecification:
    """The LeNet of one's own as it is when it was built, with 12 rows of numbers."""
    path = tmp_path_factory.mktemp("built") / "specification.toml"
    path.write_text((EXERCISE / "specification.toml").read_text())
    with pytest.MonkeyPatch.context() as monkeypatch:
        for module in (draws, specification):
            monkeypatch.setattr(module, "ROWS", 12)
        monkeypatch.setattr(draws, "SETS", 1)
        drawn = load(path).draw(b"secret", "", in_use=False, progress=silent)
    path.with_name(draws.FILE).write_text(drawn)
    return load(path)


def right(assignment: AssignmentSpecification, row: int) -> dict[str, float]:
    """The answers of a row."""
    question = next(cell.own for cell in assignment.cells if cell.own is not None)
    return {name: float(text) for name, text in assignment.variant(question, row).answers().items()}


def mark(
    assignment: AssignmentSpecification, table: Mapping[str, object], kib: object = None
) -> dict[str, Mark]:
    """The marks of ada's numbers."""
    answers = dict.fromkeys(assignment.probes("ada", b""), ())
    return assignment.score("ada", b"", answers | {TABLE: (Value(dict(table)),), MEMORY: (Value(kib),)})


def row_of_ada(assignment: AssignmentSpecification) -> int:
    return assignment.row("ada") % 12


def table_of(assignment: AssignmentSpecification, row: int) -> dict[str, object]:
    return {name: int(number) for name, number in right(assignment, row).items() if name != "kib"}


def test_the_right_numbers_of_another_student_are_told_so(assignment: AssignmentSpecification) -> None:
    """The diagnosis is the teacher's to see, and the student is asked about the id; no row is named."""
    other = (row_of_ada(assignment) + 1) % 12
    found = mark(assignment, table_of(assignment, other))[TABLE]
    assert "another-students-numbers" in found.diagnosis
    assert "does the id cell hold your student id" in str(found.message)
    assert found.points < found.max_points
    assert mark(assignment, table_of(assignment, row_of_ada(assignment)))[TABLE].diagnosis == "right"


def test_the_numbers_of_the_published_network_are_told_so(assignment: AssignmentSpecification) -> None:
    """Who copies the worked example has not used the numbers that are printed."""
    found = mark(assignment, OF_LENET_5)[TABLE]
    assert "classic-numbers" in found.diagnosis
    assert "right for the published network" in str(found.message)


def test_a_number_that_is_wrong_everywhere_is_nobody_elses(assignment: AssignmentSpecification) -> None:
    """Nothing is said where no row has all of them, nor of what is partly right."""
    own = table_of(assignment, row_of_ada(assignment))
    for wrong in ({"fc1": 7}, {"total": 123_457}, {"conv1": 11, "fc3": 13}):
        assert "another" not in mark(assignment, {**own, **wrong})[TABLE].diagnosis


def test_what_is_drawn_now_knows_nobody_else() -> None:
    """A specification that was not built yet marks as before."""
    fresh = load(EXERCISE / "specification.toml")
    assert "another" not in mark(fresh, OF_LENET_5)[TABLE].diagnosis


PUBLISHED = {  # by exercise: what is asked, and what it is in the network as it was published
    "lenet": ("parameters", 61_706),
    "fully_connected_and_lenet": ("total", 61_706),
    "alexnet": ("total", (256 * 6 * 6 + 1) * 4096 + (4096 + 1) * 4096 + (4096 + 1) * 1000),
    "vgg": ("total", 138_357_544),
    "googlenet": ("total", (192 + 1) * 64 + (192 * 9 + 1) * 128 + (192 * 25 + 1) * 32),  # inception 3a
    "resnet": ("total", 256 * 512 + 2 * 512),  # of ResNet-50, from the first stage to the second
}


@pytest.mark.parametrize("exercise", PUBLISHED)
def test_the_classic_numbers_are_those_of_the_published_network(exercise: str) -> None:
    """Each cell about numbers of such a chapter knows them, and they can be counted."""
    cells = load(EXERCISE.with_name(exercise) / "specification.toml").cells
    known = [cell for cell in cells if isinstance(cell, NumbersCell)]
    ask, right = PUBLISHED[exercise]
    assert known
    assert [cell.question.variant(cell.classic).item(ask).answer for cell in known] == [right] * len(known)
