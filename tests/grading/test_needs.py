"""Where a later cell needs a function that is wrong, the model's function steps in, for a deduction."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from grader.again import LEAST_SECONDS, second_job, standing_in
from grader.box import Limits
from grader.build import build
from grader.cells import BlanksCell, FunctionCell
from grader.command import main
from grader.course import Course, CourseError, make_course
from grader.desk import Orders
from grader.job import CellResult, CodeCell, Job, Outcome, broken
from grader.manuscript import check_folder
from grader.marking import examine, prepare
from grader.needs import FILE, STOOD_IN, Needs, better
from grader.protocol import Mark, Model, SecondRun
from grader.record import read_record
from grader.specification import AssignmentSpecification, load
from grader.values import Answer, Failure, Get, Value
from tests.conftest import ROOT

from .conftest import copy_of_course, few_numbers

pytestmark = pytest.mark.bubblewrap
NAME = "convolution"
SOURCE = (
    "groups * kernel_size * kernel_size"  # stands in the model's function, and in nothing that is released
)
FULL = {
    "check-conv2d-parameters": 2.0,
    "check-conv2d-macs": 2.0,
    "check-grouped-weights": 2.0,
    "check-table": 4.0,
    "check-layer": 4.0,
    "check-derivation": 5.0,
    "check-audit": 2.0,
}
WRONG = "def grouped_weights(in_channels, out_channels, kernel_size, groups):\n    return 7"
LEFT = "def grouped_weights(in_channels, out_channels, kernel_size, groups):\n    raise NotImplementedError"
PARTS = ("conv1", "conv2", "fc1", "fc2", "fc3")  # of exercises/fully_connected_and_lenet
CANARY = "CANARY"
# Finds what it can of the function that is called by this name, and carries it out in each way there is.
CARRY_OUT = """
import linecache, os, sys
def seen():
    found = [f'{value!r}' for value in grouped_weights.__code__.co_consts + grouped_weights.__code__.co_names]
    found += [line for entry in linecache.cache.values() for line in entry[2]]
    place = sys._getframe()
    while place:
        found.append(repr(place.f_locals)[:9000])
        place = place.f_back
    return 'CAN' + 'ARY' + ' '.join(found)
stood_in = 'linecache' not in grouped_weights.__globals__
if stood_in:
    print(seen())
    print(seen(), file=sys.stderr)
    for name in ('/tmp/seen', '/dev/shm/seen', 'seen'):
        try:
            open(name, 'w').write(seen())
        except OSError:
            pass
"""


@pytest.fixture(autouse=True)
def _specification_of_the_tests() -> None:
    """Here the project's own specification is read, not that of the other tests."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("needs")
    with pytest.MonkeyPatch.context() as monkeypatch:
        few_numbers(monkeypatch)
        build(make_course(root / "course"), ROOT / "exercises" / NAME, Limits())
    return root / "course"


class Class:
    """Students who hand in the model solution with some cells changed."""

    def __init__(self, course: Course) -> None:
        self.course = course
        self.solved = json.loads((course.source(NAME) / f"{NAME}.ipynb").read_text())

    def hand_in(
        self, student: str, answers: Mapping[str, str], behind: tuple[str, str] | None = None
    ) -> None:
        """`answers` replace the model's, or follow it where they begin with +; `behind` adds a cell."""
        notebook = json.loads(json.dumps(self.solved))
        cells: list[dict[str, Any]] = []
        for cell in notebook["cells"]:
            grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
            if grade_id == "student-id":
                cell["source"] = f"student_id = {student!r}"
            if grade_id in answers:
                new = answers[grade_id]
                cell["source"] = "".join(cell["source"]) + new[1:] if new.startswith("+") else new
            cells.append(cell)
            if behind is not None and grade_id == behind[0]:
                own = {"cell_type": "code", "metadata": {}, "source": behind[1], "outputs": []}
                cells.append({**own, "execution_count": None})
        notebook["cells"] = cells
        path = self.course.submitted / student / NAME / f"{NAME}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(notebook))

    def autograde(self, *options: str) -> None:
        where = ["--course", str(self.course.root)]
        assert main(["autograde", NAME, *where, *options]) == 0

    def lost(self, student: str) -> dict[str, float]:
        """The points that are not all there, by the marked cell."""
        with Gradebook(self.course.database) as gradebook:
            grades = gradebook.find_submission_notebook(NAME, NAME, student).grades
            points = {grade.name: grade.auto_score for grade in grades}
        return {grade_id: points[grade_id] for grade_id, most in FULL.items() if points[grade_id] != most}

    def told(self, student: str) -> str:
        """All that a student gets to see."""
        where = ["--course", str(self.course.root)]
        assert main(["feedback", NAME, *where]) == 0
        return (
            self.course.feedback(student, NAME, NAME).read_text()
            + self.course.autograded(student, NAME, NAME).read_text()
        )


SUBMITTED: dict[str, tuple[Mapping[str, str], tuple[str, str] | None]] = {
    "right": ({}, None),
    "empty": ({"grouped-weights": LEFT}, None),
    "wrong": ({"grouped-weights": WRONG}, None),
    "no_python": ({"grouped-weights": "def grouped_weights(:"}, None),
    "ends_the_process": ({"grouped-weights": "import os\nos._exit(3)"}, None),
    "ends_it_when_called": (
        {"grouped-weights": "def grouped_weights(*a):\n    import os\n    os._exit(3)"},
        None,
    ),
    "with_a_helper": (
        {
            "grouped-weights": f"def half(side):\n    return (side + 2 - 3) // 2 + 1\n\n{WRONG}",
            "table": "+\ntable['depthwise/output'] = (channels, half(side), half(side))",
        },
        None,
    ),
    "defines_it_again": ({"grouped-weights": WRONG}, ("check-grouped-weights", WRONG)),
    "wrong_in_the_table_too": (
        {"grouped-weights": WRONG, "table": "+\ntable['depthwise/output'] = (1, 1, 1)"},
        None,
    ),
    "two_functions": (
        {
            "conv2d-parameters": "def conv2d_parameters(*a, **k):\n    return 1",
            "conv2d-macs": "def conv2d_macs(*a, **k):\n    return 1",
        },
        None,
    ),
    "no_worse_without": ({"conv2d-macs": "def conv2d_macs(*a, **k):\n    return 1"}, None),
    "wrote_no_table": ({"grouped-weights": WRONG, "table": "table = None"}, None),
    "takes_for_ever_then": (
        {"grouped-weights": WRONG, "table": "+\nwhile grouped_weights(8, 8, 1, 1) == 64: pass"},
        None,
    ),
}
LOST = {
    "right": {},
    "empty": {"check-grouped-weights": 0.0, "check-table": 3.0},
    "wrong": {"check-grouped-weights": 0.0, "check-table": 3.0},
    "no_python": {"check-grouped-weights": 0.0, "check-table": 3.0},
    "ends_the_process": {"check-grouped-weights": 0.0, "check-table": 3.0},
    "ends_it_when_called": {"check-grouped-weights": 0.0, "check-table": 3.0},
    "with_a_helper": {"check-grouped-weights": 0.0, "check-table": 3.0},
    "defines_it_again": {"check-grouped-weights": 0.0, "check-table": 3.0},
    "wrong_in_the_table_too": {"check-grouped-weights": 0.0, "check-table": round(6 / 7 * 3, 2)},
    "two_functions": {"check-conv2d-parameters": 0.0, "check-conv2d-macs": 0.0, "check-layer": 3.0},
    "no_worse_without": {"check-conv2d-macs": 0.0, "check-layer": 3.0},
    "wrote_no_table": {"check-grouped-weights": 0.0, "check-table": 0.0},
    "takes_for_ever_then": {"check-grouped-weights": 0.0, "check-table": round(4 / 7, 2)},
}
ATTACKS = {
    "says_it": CARRY_OUT,
    "raises_it": f"{CARRY_OUT}\nif stood_in: raise ValueError(seen())",
    "names_an_exception": f"{CARRY_OUT}\nif stood_in: raise type(seen(), (Exception,), {{}})()",
    "answers_it": f"{CARRY_OUT}\nif stood_in: table = dict.fromkeys(table, seen()[:9000])",
    "answers_text": f"{CARRY_OUT}\nif stood_in: table = seen()[:9000]",
    "has_it_in_keys": f"{CARRY_OUT}\nif stood_in: table[seen()[:9000]] = 1",
    "dies_of_it": f"{CARRY_OUT}\nif stood_in: os._exit(ord(seen()[0]))",
}


@pytest.fixture(scope="module")
def marked(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Class:
    """All of them marked in one class."""
    one = Class(copy_of_course(built, tmp_path_factory.mktemp("marked") / "course"))
    for student, (answers, behind) in SUBMITTED.items():
        one.hand_in(student, answers, behind)
    for student, code in ATTACKS.items():
        one.hand_in(student, {"grouped-weights": WRONG, "table": f"+\n{code}"})
    one.autograde("--cell-seconds=3")
    return one


@pytest.mark.parametrize("student", SUBMITTED)
def test_an_error_in_one_function_does_not_take_the_rest_down(marked: Class, student: str) -> None:
    """What is right in a later cell keeps three quarters of its points; all else is as it was."""
    assert marked.lost(student) == LOST[student]


def test_whose_functions_are_right_runs_once(marked: Class) -> None:
    """A second run is for those who can gain by it."""
    again = {
        student: record.again
        for student in SUBMITTED
        if (record := read_record(marked.course.record(student, NAME))) is not None
    }
    assert len(again) == len(SUBMITTED)
    assert again["right"] == {}
    assert [len(asked) for asked in again["empty"].values()] == [1]


def test_the_student_is_told(marked: Class) -> None:
    """Which function it was, what the answer earned with the right one, and what is taken off."""
    assert (
        "This answer needs what is not right yet: <code>grouped_weights</code>. With the right function in "
        "its place your answer earns 100 % of its points, of which 25 % are taken off."
        in marked.told("wrong")
    )
    assert f'data-diagnosis="{STOOD_IN}"' in marked.told("wrong")
    assert "25 %" not in marked.told("right")


def test_what_is_told_holds_for_a_version_with_other_points() -> None:
    """The mark is scaled to the newest version's points, and its words go with it."""
    told = [
        better(Mark(0.0, most, "unknown", ""), Mark(most / 2, most, "unknown", ""), 0.25, ["f"]).message
        for most in (4.0, 10.0)
    ]
    assert told[0] == told[1]
    assert "your answer earns 50 % of its points, of which 25 % are taken off" in str(told[0])


def test_it_is_explained_to_the_teacher(marked: Class, capsys: pytest.CaptureFixture[str]) -> None:
    """For regrade requests."""
    where = ["--course", str(marked.course.root)]
    assert main(["explain", NAME, "two_functions", "check-layer", *where]) == 0
    said = capsys.readouterr().out
    assert "points: 3 of 4" in said
    assert (
        f"found: {STOOD_IN}: This answer needs what is not right yet: `conv2d_parameters`, `conv2d_macs`."
        in said
    )
    assert f"macs: {STOOD_IN}, 0 % of its share" in said


@pytest.mark.parametrize("student", ATTACKS)
def test_nothing_of_a_second_run_is_shown(
    marked: Class, student: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The student's code can read the model's function there; neither it nor anything else comes out."""
    where = ["--course", str(marked.course.root)]
    assert main(["explain", NAME, student, "check-table", *where]) == 0
    for said in (marked.told(student), capsys.readouterr().out):
        assert SOURCE not in said
        assert CANARY not in said


def test_the_attackers_did_see_it(marked: Class) -> None:
    """So the test before this one is not blind: the record, which only the teacher reads, has it."""
    record = marked.course.record("answers_it", NAME).read_text()
    assert CANARY in record
    assert SOURCE in record


def test_a_second_run_that_breaks_changes_nothing_of_the_first(marked: Class) -> None:
    """Its marks are what they would have been without."""
    assert marked.lost("dies_of_it") == LOST["takes_for_ever_then"]
    record = read_record(marked.course.record("takes_for_ever_then", NAME))
    assert record is not None
    assert not broken(record.cells, ())
    assert record.marks["check-table"].diagnosis not in ("timeout", "died", STOOD_IN)


# ---- the record, versions, builds ---------------------------------------------------------------


@pytest.fixture
def one(built: Path, tmp_path: Path) -> Class:
    """A course in which one student's function is wrong."""
    single = Class(copy_of_course(built, tmp_path / "course"))
    single.hand_in("wrong", {"grouped-weights": WRONG})
    return single


def change(course: Course, old: str, new: str) -> None:
    """Changes the specification that is in force."""
    path = course.specification(NAME)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_another_deduction_is_scored_from_the_record(one: Class, capsys: pytest.CaptureFixture[str]) -> None:
    """The answers of the second run are on record, so nothing runs again."""
    one.autograde()
    change(one.course, "deduction = 0.25", "deduction = 0.5")
    capsys.readouterr()
    one.autograde()
    assert "(from the record)" in capsys.readouterr().out
    assert one.lost("wrong") == {"check-grouped-weights": 0.0, "check-table": 2.0}


def test_a_record_from_before_is_read_and_gets_its_second_run(
    one: Class, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what is not on record is run, and it says so."""
    one.autograde()
    path = one.course.record("wrong", NAME)
    tree = json.loads(path.read_text())
    del tree["again"]
    path.write_text(json.dumps(tree))
    capsys.readouterr()
    one.autograde()
    assert "from the record, and ran once more with the model's functions" in capsys.readouterr().out
    assert one.lost("wrong") == LOST["wrong"]


def test_the_models_functions_lie_where_only_the_teacher_reads(one: Class) -> None:
    """Beside the specification, never in the release."""
    path = one.course.specification(NAME).with_name(FILE)
    assert SOURCE in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    for released in one.course.release(NAME).rglob("*"):
        assert SOURCE not in released.read_text()


def test_a_version_keeps_its_own_model(one: Class, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was made from it is marked with that."""
    few_numbers(monkeypatch)
    folder = tmp_path / NAME
    shutil.copytree(ROOT / "exercises" / NAME, folder)
    for file, old, new in (
        ("specification.toml", 'salt = "convolution" ', 'salt = "another" '),
        ("assignment.md", f"// {SOURCE}", f"/ {SOURCE}"),
    ):
        text = (folder / file).read_text()
        assert old in text
        (folder / file).write_text(text.replace(old, new))
    build(one.course, folder, Limits(), new_version=True)
    newest = one.course.assignment(NAME)
    sources = []
    for made in (newest, newest.made_from(1)):
        assert isinstance(made.specification, AssignmentSpecification)
        sources.append(f"// {SOURCE}" in made.specification.models["check-grouped-weights"].source)
    assert sources == [False, True]
    one.autograde()
    assert one.lost("wrong") == LOST["wrong"]


def test_a_build_sees_that_the_model_steps_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With each function made wrong alone, what needs it must keep all but the deduction."""
    few_numbers(monkeypatch)
    monkeypatch.setattr(AssignmentSpecification, "second_runs", lambda *_: ())
    with pytest.raises(CourseError, match="with the model's function it should be 3") as caught:
        build(make_course(tmp_path / "course"), ROOT / "exercises" / NAME, Limits())
    assert "in place of the answer to 'check-grouped-weights', which it needs, leaves" in str(caught.value)


def test_a_build_expects_what_marking_gives() -> None:
    """All but the deduction is computed in one way: 65 % of 1.5 points lie between two hundredths."""
    specification = load(ROOT / "exercises" / NAME / "specification.toml")
    cells = [
        replace(cell, points=1.5)
        for cell in specification.cells
        if isinstance(cell, FunctionCell | BlanksCell)
    ]
    needs = {"check-table": Needs(("check-grouped-weights",), 0.35)}
    full = Mark(1.5, 1.5, "right", "")
    given = better(replace(full, points=0.0), full, 0.35, ()).points
    changed = replace(specification, cells=tuple(cells), needs=needs)
    assert changed.least("check-table", "check-grouped-weights") == given


def test_what_is_needed_stands_before_in_the_notebook_too(tmp_path: Path) -> None:
    """Else the student could not have used it."""
    shutil.copytree(ROOT / "exercises" / NAME, tmp_path / NAME)
    path = tmp_path / NAME / "assignment.md"
    parts = path.read_text().split("\n## ")
    heads = {part.partition(".")[0]: at for at, part in enumerate(parts)}
    parts[heads["3"]], parts[heads["4"]] = parts[heads["4"]], parts[heads["3"]]
    path.write_text("\n## ".join(parts))
    with pytest.raises(ValueError, match="it needs 'check-grouped-weights', which stands behind it in assig"):
        check_folder(tmp_path / NAME)


def test_what_is_carried_from_another_cell_is_carried_within_the_second_run() -> None:
    """A slip of one's own in the total is carried on as it was made with the model's functions in place."""
    specification = load(ROOT / "exercises" / "fully_connected_and_lenet" / "specification.toml")
    question = next(cell.own for cell in specification.cells if cell.grade_id == "check-lenet-memory")
    assert question is not None
    answered = specification.variant(question, specification.row("ada")).answers()
    given = {name: int(answered[name]) for name in PARTS}
    given["total"] = sum(given.values()) + 7  # the slip
    again: dict[str, tuple[Answer, ...]] = {
        "check-lenet-parameters": (Value(given),),
        "check-lenet-memory": (Value(given["total"] * 4 / 1024),),
    }
    nothing: dict[str, tuple[Answer, ...]] = {
        name: (Failure("error", "It raised."),) * len(asked)
        for name, asked in specification.probes("ada", b"").items()
    }
    marks = specification.score("ada", b"", nothing, again)
    assert (marks["check-lenet-parameters"].points, marks["check-lenet-memory"].points) == (3.75, 0.75)


@pytest.mark.parametrize(("alone", "given"), [(True, [10.0] * 3), (False, [10.0, 1.0, LEAST_SECONDS])])
def test_a_function_that_hangs_takes_no_time_from_the_second_runs(
    one: Class, given: list[float], *, alone: bool
) -> None:
    """Where nothing else is run meanwhile, each has all the time, and who waits for a clerk counts it."""
    assignment = one.course.assignment(NAME)
    seconds: list[float | None] = []

    def run(job: Job) -> Outcome:
        seconds.append(job.seconds)
        failed = Failure("error", "It raised.")
        answers = {name: (failed,) * len(probes) for name, probes in job.probes.items()}
        return Outcome(tuple(CellResult() for _ in job.cells), answers, seconds=9.0)

    examine(prepare(one.course.submitted, "wrong", assignment), assignment, run, 10.0, alone=alone)
    assert seconds == given
    limits = Limits(total_seconds=10.0, start_seconds=2.0)
    assert Orders(one.course.root, NAME, limits).longest == 3 * 14.0


def test_who_answers_in_another_cell_gets_a_second_run_too(one: Class) -> None:
    """A question may be answered in the earlier of two cells, and a student may write into a later one."""
    answer = next(
        "".join(cell["source"])
        for cell in one.solved["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "table"
    )
    assignment = one.course.assignment(NAME)
    released = assignment.release.by_grade_id["table"].source
    one.hand_in("elsewhere", {"grouped-weights": WRONG, "table": released, "layer": f"+\n{answer}"})
    one.autograde()
    assert one.lost("elsewhere") == {"check-grouped-weights": 0.0, "check-table": 3.0}


# ---- the second job -----------------------------------------------------------------------------

MODEL = Model("check-f", "f", "def helper():\n    return 3\ndef f():\n    return helper()")
CELLS = (
    CodeCell("setup", "a = 1"),
    CodeCell("f", "def f(): ..."),
    CodeCell("", "b = 2"),
    CodeCell("", "def f(): return 4"),
    CodeCell("g", "g = f()"),
)


def test_the_model_stands_behind_the_function_and_whatever_names_it_again() -> None:
    """Also where the answer cell itself ended its process and is left out."""
    first = Job("ada", CELLS, {}, {"check-f": "f", "check-g": "g"}, 4.0, 2)
    wanted = SecondRun("key", (MODEL,), {"check-g": (Get("g"),)})
    died = CellResult(failure=Failure("died", "It died."))
    job = second_job(wanted, first, (CellResult(), died, *[CellResult()] * 3))
    model = CodeCell("", standing_in(MODEL))
    assert job.cells == (CELLS[0], model, CELLS[2], CELLS[3], model, CELLS[4], model)
    assert (job.probes, job.seconds, job.version) == (wanted.probes, 4.0, 2)


def test_the_models_helpers_replace_none_of_the_students() -> None:
    """It lives among names of its own."""
    names: dict[str, Any] = {"helper": "mine"}
    exec(standing_in(MODEL), names)  # noqa: S102  (our own code)
    assert names["f"]() == 3
    assert names["helper"] == "mine"
