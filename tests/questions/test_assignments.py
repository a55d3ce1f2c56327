"""Every assignment of the course: its model solution earns all there is to earn, its release nothing."""

from __future__ import annotations

import ast
import re
import tomllib
from fractions import Fraction
from pathlib import Path

import pytest

import layercost as lc
from grader.cells import BlanksCell, FunctionCell, ManualCell, NumbersCell
from grader.specification import load
from grader.values import Value
from layercost.questions.kinds.audit import Audit
from tests.conftest import ROOT

from .data import SPECIFICATIONS
from .sitting import SECRET, code_cells, marks, run

STARTER = ROOT / "grader" / "starter"
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


@every_assignment
def test_zero_for_every_number_earns_nothing(path: Path):
    """No known mistake that comes to zero earns credit, as forgotten biases once did."""
    assignment = load(path)
    given = assignment.zeros("ada", SECRET)
    answers = {name: tuple(Value(one) for one in every) for name, every in given.items()}
    found = assignment.score("ada", SECRET, answers)
    assert {name: mark.points for name, mark in found.items() if mark.points} == {}


@every_assignment
def test_every_student_has_numbers_that_tell_right_from_wrong(path: Path):
    """A few students; a question that cannot be drawn for one of a thousand stops the build."""
    assignment = load(path)
    for student in range(8):
        sitting = assignment.sitting(f"student {student}", SECRET)
        for cell in assignment.cells:
            cell.probes(sitting)
            if cell.own is not None:
                sitting.posed(cell.own)


@every_assignment
def test_no_function_of_a_model_solution_calls_another(path: Path):
    """A wrong function would cost the points of each that calls it; each cell has an answer of its own."""
    called = {cell.call for cell in load(path).cells if isinstance(cell, FunctionCell)}
    for cell in code_cells(path.parent):
        tree = ast.parse(cell.source)
        for function in (one for one in tree.body if isinstance(one, ast.FunctionDef)):
            used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
            assert not used & called, function.name


CHAPTERS = (
    "units_and_conventions", "fully_connected", "output_size", "convolution", "pooling",
    "batch_normalization", "lstm", "activations", "lenet", "alexnet", "vgg", "googlenet", "resnet",
    "audit_lab", "attention", "transformer_block", "gpt2", "vision_and_encoders", "kv_cache",
    "mixture_of_experts", "training", "roofline", "audit_lab_two",
)  # fmt: skip


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_has_an_assignment_of_every_kind_of_cell(chapter: str):
    """Functions, numbers of one's own, a table, a derivation, a published figure, and a text for a person."""
    (path,) = (path for path in SPECIFICATIONS if path.parent.name == chapter)
    cells = load(path).cells
    assert sum(isinstance(cell, FunctionCell) for cell in cells) in (2, 3)
    assert any(isinstance(cell, NumbersCell) for cell in cells)
    kinds = {cell.question.kind for cell in cells if isinstance(cell, BlanksCell)}
    assert kinds >= {"table", "audit"}
    assert kinds & {"steps", "mistake"}
    assert sum(isinstance(cell, ManualCell) for cell in cells) == 1


EXAMS = ("exam_on_layers", "exam_on_networks")
every_exam = pytest.mark.parametrize("exam", EXAMS)


def exam_at(exam: str) -> Path:
    (path,) = (path for path in SPECIFICATIONS if path.parent.name == exam)
    return path


@every_exam
def test_an_exam_has_every_kind_of_cell(exam: str):
    cells = load(exam_at(exam)).cells
    assert sum(isinstance(cell, FunctionCell) for cell in cells) == 2
    assert any(isinstance(cell, NumbersCell) for cell in cells)
    kinds = {cell.question.kind for cell in cells if isinstance(cell, BlanksCell)}
    assert kinds >= {"table", "audit"}
    assert kinds & {"steps", "mistake"}
    assert sum(isinstance(cell, ManualCell) for cell in cells) == 1


@every_exam
def test_the_points_in_the_headings_of_an_exam_are_those_of_its_cells(exam: str):
    """45 points in 90 minutes, as its first paragraph says; a heading above two cells has their sum."""
    path = exam_at(exam)
    text = (path.parent / "assignment.md").read_text(encoding="utf-8")
    points = {cell.grade_id: cell.points for cell in load(path).cells}
    for section in text.split("\n## ")[2:]:
        asked = sum(points[name] for name in re.findall(r'grade_id"?: "?([\w-]+)', section) if name in points)
        assert section.splitlines()[0].endswith(f"({asked:g} points)")
    assert sum(points.values()) == 45
    assert "Ninety minutes and 45 points" in text


@every_exam
def test_an_exam_shows_one_example_of_a_function_at_the_most(exam: str):
    functions = [cell for cell in load(exam_at(exam)).cells if isinstance(cell, FunctionCell)]
    sources = "\n".join(cell.source for cell in code_cells(exam_at(exam).parent))
    for cell in functions:
        assert len(re.findall(rf"assert {cell.call}\(", sources)) == 1


def test_the_two_reports_of_an_exam_give_what_is_counted():
    """3.8 billion MACs, cut off; 8.2 billion FLOPs; 25.6 million values, which are 97.5 MiB."""
    text = (exam_at("exam_on_networks").parent / "assignment.md").read_text(encoding="utf-8")
    assert "3.8 billion operations and 25.6 million values" in text
    assert "8.2 billion operations and 97.5 megabytes" in text
    paper, later = lc.networks.resnet50("v1"), lc.networks.resnet50("v1.5")
    values = lc.count(later, lc.PARAMETERS).total
    assert lc.count(paper, lc.MACS, (3, 224, 224)).total // 10**8 == 38
    assert round(lc.count(later, lc.FLOPS, (3, 224, 224)).total / 10**9, 1) == 8.2
    assert round(values / 10**6, 1) == 25.6
    assert round(4 * values / 2**20, 1) == 97.5


# The claim of a document whose figure a chapter's assignment has audited, by its id in chapters/claims.
CLAIMS = {
    "fully_connected": "fc-macs",
    "output_size": "out-conv-ceil",
    "convolution": "conv-flops-input-map",
    "pooling": "pool-flops-112",
    "batch_normalization": "bn-4c",
    "lstm": "lstm-params-128-64",
    "activations": "def-each-op-one",
    "lenet": "lenet-memory",
    "alexnet": "alexnet-total",
    "vgg": "vgg16-memory",
    "exam_on_layers": "conv-flops-nobias",
}


def claimed(claim: str) -> Fraction:
    """What a document states, as its chapter has it: a number, or arithmetic of numbers."""
    files = (ROOT / "chapters" / "claims").glob("*.toml")
    data = [one for file in files for one in tomllib.loads(file.read_text(encoding="utf-8")).get("claim", [])]
    (found,) = (one["claimed"] for one in data if one["id"] == claim)
    value = eval(found, {"__builtins__": {}}) if isinstance(found, str) else found  # noqa: S307  (our own file)
    return Fraction(str(value))


@pytest.mark.parametrize("chapter", CLAIMS)
def test_the_figure_that_is_audited_is_the_one_that_the_chapter_quotes(chapter: str):
    (path,) = (path for path in SPECIFICATIONS if path.parent.name == chapter)
    (audit,) = (
        cell.question
        for cell in load(path).cells
        if isinstance(cell, BlanksCell) and isinstance(cell.question, Audit) and cell.question.published
    )
    assert Fraction(audit.published) * audit.scale == claimed(CLAIMS[chapter])


def test_all_assignments_and_the_starter_begin_with_the_same_setup_cell():
    folders = [path.parent for path in SPECIFICATIONS]
    assert len({setup_cell(folder) for folder in (*folders, STARTER)}) == 1


@every_assignment
def test_the_setup_cell_prints_the_check_word(path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assignment = load(path)
    run(assignment, path.parent, " ADA ", tmp_path, blank=True)
    assert f"is {assignment.check_word('ada')}: if yours is another" in capsys.readouterr().out
