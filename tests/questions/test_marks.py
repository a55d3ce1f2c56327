"""The assignment's specification and its marks, with values in place of a student's process."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import jupytext
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import layercost as lc
from grader import draws, specification
from grader.cells import FunctionCell, Sitting, SpecificationError, read_cell
from grader.protocol import Mark
from grader.specification import AssignmentSpecification, load
from grader.values import Answer, Call, Failure, Get, Value
from layercost.misconception import MISCONCEPTIONS
from layercost.questions import read_question
from tests.conftest import ROOT

from .data import SPECIFICATIONS

FOLDER = ROOT / "exercises" / "fully_connected_and_lenet"
SECRET = b"known to the teacher alone"
STUDENT = "ada"
FUNCTIONS: dict[str, Callable[..., object]] = {
    "linear_parameters": lambda n, m, bias=True: n * m + (m if bias else 0),
    "linear_flops": lambda n, m, bias=True: (2 * n - 1 + bool(bias)) * m,
    "conv2d_output_size": lambda n, k, stride=1, padding=0: (n + 2 * padding - k) // stride + 1,
    "conv2d_parameters": lambda c, m, k, bias=True: (c * k * k + bool(bias)) * m,
}


LOADED = load(FOLDER / "specification.toml")


@pytest.fixture
def assignment() -> AssignmentSpecification:
    return LOADED


def own_numbers(assignment: AssignmentSpecification, student: str = STUDENT) -> dict[str, Any]:
    """The right numbers of a student: counted by the library from the network that is theirs."""
    mine = assignment.variant(lenet(assignment), assignment.row(student)).numbers
    side = (((mine["size"] - 4) // 2) - 4) // 2
    layers = {
        "conv1": lc.Conv2d(mine["channels"], mine["maps1"], 5),
        "conv2": lc.Conv2d(mine["maps1"], mine["maps2"], 5),
        "fc1": lc.Linear(mine["maps2"] * side**2, mine["hidden1"]),
        "fc2": lc.Linear(mine["hidden1"], mine["hidden2"]),
        "fc3": lc.Linear(mine["hidden2"], mine["classes"]),
    }
    parameters = {name: lc.count(layer, lc.PARAMETERS).total for name, layer in layers.items()}
    total = sum(parameters.values())
    return {"lenet_parameters": {**parameters, "total": total}, "lenet_kib": total * 4 / 1024}


def lenet(assignment: AssignmentSpecification):
    return next(cell.question for cell in assignment.cells if cell.grade_id == "check-lenet-parameters")


def marks(
    assignment: AssignmentSpecification,
    functions: Mapping[str, Callable[..., object]] | None = None,
    numbers: Mapping[str, object] | None = None,
    student: str = STUDENT,
) -> dict[str, Mark]:
    """The marks of a student whose functions and numbers are right but for what is given."""
    functions = {**FUNCTIONS, **(functions or {})}
    numbers = {**own_numbers(assignment, student), **(numbers or {})}

    def answer(probe: Get | Call) -> Answer:
        given = (
            numbers[probe.name]
            if isinstance(probe, Get)
            else functions[probe.name](*probe.args, **probe.kwargs)
        )
        return given if isinstance(given, Failure) else Value(given)

    probes = assignment.probes(student, SECRET)
    answers = {grade_id: tuple(map(answer, asked)) for grade_id, asked in probes.items()}
    return assignment.score(student, SECRET, answers)


def earned(mark: Mark) -> tuple[str, float]:
    return mark.diagnosis, mark.points


# ---- answers belong to cells ---------------------------------------------------------------------


def test_two_cells_that_ask_the_same_are_marked_each_by_its_own_answer(tmp_path: Path):
    """A wrong answer in one cell neither costs nor earns a point in the other, whichever comes first."""
    text = (FOLDER / "specification.toml").read_text()
    again = next(part for part in text.split("[[cell]]") if '"check-lenet-memory"' in part)
    again = again.replace("check-lenet-memory", "once-more").replace('"lenet_kib"', '"kib_again"')
    (tmp_path / "specification.toml").write_text(f"{text}\n[[cell]]{again}")
    assignment = load(tmp_path / "specification.toml")
    right = own_numbers(assignment)["lenet_kib"]
    for first, second in ((right, 1), (1, right)):
        found = marks(assignment, numbers={"lenet_kib": first, "kib_again": second})
        earned_by = {name: found[name].points for name in ("check-lenet-memory", "once-more")}
        assert earned_by == {"check-lenet-memory": float(first == right), "once-more": float(second == right)}


# ---- the assignment fits together ---------------------------------------------------------------


def test_right_answers_earn_everything_that_needs_no_person(assignment: AssignmentSpecification):
    found = marks(assignment)
    assert {name: earned(mark) for name, mark in found.items()} == {
        "check-linear-parameters": ("right", 2.0),
        "check-linear-flops": ("right", 2.0),
        "check-conv2d-output-size": ("right", 2.0),
        "check-conv2d-parameters": ("right", 2.0),
        "check-lenet-parameters": ("right", 6.0),
        "check-lenet-memory": ("right", 1.0),
        "explanation": ("manual", 0.0),
    }
    assert [name for name, mark in found.items() if mark.needs_manual] == ["explanation"]


@pytest.mark.parametrize("path", SPECIFICATIONS, ids=lambda path: path.parent.name)
def test_points_and_cells_are_those_of_the_notebook(path: Path):
    """What the specification gives points for is what the notebook says that it earns points."""
    cells = jupytext.read(path.parent / "assignment.md").cells
    settings = [cell.metadata["nbgrader"] for cell in cells if "nbgrader" in cell.metadata]
    points = {one["grade_id"]: one["points"] for one in settings if one["grade"]}
    assert {cell.grade_id: cell.points for cell in load(path).cells} == points


def run_setup(assignment: AssignmentSpecification, student: str, folder: Path, monkeypatch) -> dict[str, Any]:
    """Runs the notebook's own setup cell, as a student does."""
    rows = [{"row": row} for row in range(specification.ROWS)]
    (folder / "variants.json").write_text(json.dumps({"salt": assignment.salt, "lenet": rows}))
    monkeypatch.chdir(folder)
    cells = jupytext.read(FOLDER / "assignment.md").cells
    (setup,) = (cell for cell in cells if cell.metadata.get("nbgrader", {}).get("grade_id") == "setup")
    names: dict[str, Any] = {"student_id": student}
    exec(setup.source, names)  # noqa: S102  (our own notebook's cell)
    return names


@pytest.mark.parametrize("student", ["ada", "  Ada\n", "ＡＤＡ", "Åsa Öberg", "2021-0457", "李明"])
def test_the_notebook_shows_the_numbers_that_the_grader_expects(
    student: str, assignment: AssignmentSpecification, tmp_path: Path, monkeypatch, capsys
):
    """The setup cell and the grader pick the same row, however the id is written."""
    assert run_setup(assignment, student, tmp_path, monkeypatch)["mine"]["lenet"]["row"] == assignment.row(
        student
    )
    assert 'mine["lenet"]["row"] = ' in capsys.readouterr().out


def test_without_an_id_the_notebook_asks_for_it(
    assignment: AssignmentSpecification, tmp_path: Path, monkeypatch, capsys
):
    run_setup(assignment, "", tmp_path, monkeypatch)
    assert "Write your student id" in capsys.readouterr().out


def test_the_same_student_is_known_in_any_spelling(assignment: AssignmentSpecification):
    assert assignment.same_student(" ADA ", "ada")
    assert not assignment.same_student("adam", "ada")
    assert not assignment.same_student(None, "ada")


def test_students_have_different_numbers(assignment: AssignmentSpecification):
    rows = {assignment.row(f"student {number}") for number in range(200)}
    assert len(rows) > 150


def test_variants_are_vetted_rows_in_json(
    assignment: AssignmentSpecification, monkeypatch: pytest.MonkeyPatch
):
    """A sample of the rows; each student's row is drawn alike when it is marked."""
    monkeypatch.setattr(draws, "ROWS", 20)
    variants = json.loads(json.dumps(assignment.variants()))
    assert variants["salt"] == assignment.salt
    assert len(variants["lenet"]) == 20
    assert variants["lenet"][7] == assignment.variant(lenet(assignment), 7).numbers


# ---- hidden inputs ------------------------------------------------------------------------------


def test_hidden_inputs_depend_on_the_secret_the_student_and_the_question(assignment: AssignmentSpecification):
    one = assignment.probes("ada", SECRET)
    assert one == assignment.probes("ada", SECRET) == assignment.probes(" ADA", SECRET)
    for other in (assignment.probes("ada", b"another secret"), assignment.probes("emmy", SECRET)):
        for cell in assignment.cells:
            if isinstance(cell, FunctionCell):
                assert one[cell.grade_id] != other[cell.grade_id]
    sizes = [call.args[0] for call in one["check-linear-parameters"]]
    assert sizes != [call.args[0] for call in one["check-linear-flops"]]


def test_arguments_at_their_default_are_left_out(assignment: AssignmentSpecification):
    """So a function that forgot its defaults is found out, and one that has them is not called with more."""
    calls = assignment.probes(STUDENT, SECRET)["check-linear-parameters"]
    assert {tuple(call.kwargs.items()) for call in calls} == {(), (("bias", False),)}


def test_no_hidden_input_stands_in_what_is_released(assignment: AssignmentSpecification):
    """The salt is public; what functions are tried on comes from the secret alone."""
    public = hashlib.sha256(assignment.salt.encode()).digest()
    assert assignment.probes(STUDENT, SECRET) != assignment.probes(STUDENT, public)


# ---- functions ----------------------------------------------------------------------------------

WRONG_FUNCTIONS = {
    "forgot-bias": ("check-linear-parameters", "linear_parameters", lambda n, m, bias=True: n * m, 1.0),
    "bias-not-asked-for": (
        "check-linear-parameters", "linear_parameters", lambda n, m, bias=True: n * m + m, 1.0,
    ),
    "one-bias": (
        "check-linear-parameters", "linear_parameters", lambda n, m, bias=True: n * m + bool(bias), 1.0,
    ),
    "bias-per-input": (
        "check-linear-parameters", "linear_parameters", lambda n, m, bias=True: n * m + n * bool(bias), 1.0,
    ),
    "macs-for-flops": ("check-linear-flops", "linear_flops", lambda n, m, bias=True: n * m, 1.0),
    "one-addition-too-many": (
        "check-linear-flops", "linear_flops", lambda n, m, bias=True: (2 * n + bool(bias)) * m, 1.2,
    ),
    "counted-parameters": (
        "check-linear-flops", "linear_flops", lambda n, m, bias=True: n * m + m * bool(bias), 0.5,
    ),
    "rounded-up": (
        "check-conv2d-output-size", "conv2d_output_size",
        lambda n, k, stride=1, padding=0: -(-(n + 2 * padding - k) // stride) + 1, 1.2,
    ),
    "padding-once": (
        "check-conv2d-output-size", "conv2d_output_size",
        lambda n, k, stride=1, padding=0: (n + padding - k) // stride + 1, 1.0,
    ),
    "forgot-padding": (
        "check-conv2d-output-size", "conv2d_output_size",
        lambda n, k, stride=1, padding=0: (n - k) // stride + 1, 0.8,
    ),
    "forgot-first-position": (
        "check-conv2d-output-size", "conv2d_output_size",
        lambda n, k, stride=1, padding=0: (n + 2 * padding - k) // stride, 0.8,
    ),
    "forgot-stride": (
        "check-conv2d-output-size", "conv2d_output_size",
        lambda n, k, stride=1, padding=0: n + 2 * padding - k + 1, 0.5,
    ),
    "bias-per-input-channel": (
        "check-conv2d-parameters", "conv2d_parameters",
        lambda c, m, k, bias=True: c * m * k * k + c * bool(bias), 1.0,
    ),
    "kernel-not-squared": (
        "check-conv2d-parameters", "conv2d_parameters",
        lambda c, m, k, bias=True: (c * k + bool(bias)) * m, 0.5,
    ),
    "forgot-input-channels": (
        "check-conv2d-parameters", "conv2d_parameters",
        lambda c, m, k, bias=True: (k * k + bool(bias)) * m, 0.5,
    ),
    "forgot-bias+kernel-not-squared": (
        "check-conv2d-parameters", "conv2d_parameters", lambda c, m, k, bias=True: c * k * m, 0.25,
    ),
}  # fmt: skip


@pytest.mark.parametrize("diagnosis", WRONG_FUNCTIONS)
@pytest.mark.parametrize("student", ["ada", "emmy"])
def test_a_wrong_function_gets_the_name_of_its_mistake(
    diagnosis: str, student: str, assignment: AssignmentSpecification
):
    cell, name, function, points = WRONG_FUNCTIONS[diagnosis]
    mark = marks(assignment, {name: function}, student=student)[cell]
    assert earned(mark) == (diagnosis, points)
    assert all(str(MISCONCEPTIONS[one].message) in str(mark.message) for one in diagnosis.split("+"))


STILL_TO_DO = Failure(
    "error", "`linear_flops` raised NotImplementedError for one of the inputs that it was tried on."
)
RETURNED: dict[str, tuple[object, str, str]] = {
    "nothing": (None, "no-answer", "`linear_flops` gave back nothing; let it end with `return`."),
    "a text": ("60000", "malformed", "`linear_flops` gave back a text; return the number itself."),
    "a truth value": (True, "malformed", "`linear_flops` gave back something other than a whole number."),
    "a list": ([1], "malformed", "`linear_flops` gave back something other than a whole number."),
    "not a number": (
        float("nan"),
        "malformed",
        "`linear_flops` gave back something other than a whole number.",
    ),
    "infinity": (float("inf"), "malformed", "`linear_flops` gave back something other than a whole number."),
    "what is not written": (STILL_TO_DO, "no-answer", "There is no answer here yet."),
    "nothing in time": (Failure("timeout", "It did not finish."), "timeout", "It did not finish."),
    "no process": (Failure("died", "It ended the process."), "died", "It ended the process."),
    "no such name": (Failure("missing", "There is none."), "no-answer", "There is none."),
    "an error": (Failure("error", "It raised TypeError."), "error", "It raised TypeError."),
    "an object": (Failure("not-a-value", "It is an object."), "not-a-value", "It is an object."),
    "a giant": (Failure("too-large", "It is too large."), "too-large", "It is too large."),
    "a constant": (17, "unknown", "This is not right, and fits no mistake that we know"),
    "a huge number": (10**400, "unknown", "This is not right, and fits no mistake that we know"),
    "a negative number": (-5, "unknown", "This is not right, and fits no mistake that we know"),
}


@pytest.mark.parametrize("returned", RETURNED)
def test_whatever_else_a_function_gives_earns_nothing_and_a_sentence(
    returned: str, assignment: AssignmentSpecification
):
    value, diagnosis, message = RETURNED[returned]
    mark = marks(assignment, {"linear_flops": lambda *_, **__: value})["check-linear-flops"]
    assert earned(mark) == (diagnosis, 0.0)
    assert str(mark.message).startswith(message)


def test_a_float_that_is_whole_counts_as_the_whole_number(assignment: AssignmentSpecification):
    found = marks(assignment, {"linear_flops": lambda *a, **k: float(FUNCTIONS["linear_flops"](*a, **k))})
    assert found["check-linear-flops"].diagnosis == "right"


def test_a_function_that_fails_now_and_then_earns_a_share_and_says_why(assignment: AssignmentSpecification):
    """Without bias it raises; with bias, at the default, it is right."""

    def only_with_bias(n: int, m: int, bias: bool = True) -> object:
        return n * m + m if bias else Failure("error", "It raised ValueError.")

    mark = marks(assignment, {"linear_parameters": only_with_bias})["check-linear-parameters"]
    calls = assignment.probes(STUDENT, SECRET)["check-linear-parameters"]
    right = sum("bias" not in call.kwargs for call in calls)
    assert earned(mark) == ("error", round(2 * 0.4 * right / len(calls), 2))
    assert f"right for {right} of the 6 inputs" in str(mark.message)


def test_answers_that_never_came_are_no_answers(assignment: AssignmentSpecification):
    found = assignment.score(STUDENT, SECRET, {})
    assert {mark.diagnosis for name, mark in found.items() if name != "explanation"} == {"no-answer"}
    assert sum(mark.points for mark in found.values()) == 0


def test_no_message_holds_a_hidden_input_or_what_it_gave(assignment: AssignmentSpecification):
    """Whoever reads feedback learns nothing that helps another student's function."""
    for cell, name, function, _ in WRONG_FUNCTIONS.values():
        mark = marks(assignment, {name: function})[cell]
        secret = {str(word) for call in assignment.probes(STUDENT, SECRET)[cell] for word in call.args}
        secret |= {
            str(function(*call.args, **call.kwargs)) for call in assignment.probes(STUDENT, SECRET)[cell]
        }
        assert not {word for word in secret if len(word) > 2} & set(re.findall(r"\d+", str(mark.message)))


# ---- numbers ------------------------------------------------------------------------------------

ROWS = ("conv1", "conv2", "fc1", "fc2", "fc3")


def without_bias(assignment: AssignmentSpecification) -> dict[str, int]:
    mine = assignment.variant(lenet(assignment), assignment.row(STUDENT)).numbers
    outputs = dict(zip(ROWS, ("maps1", "maps2", "hidden1", "hidden2", "classes"), strict=True))
    right = own_numbers(assignment)["lenet_parameters"]
    return {row: right[row] - mine[outputs[row]] for row in ROWS}


def table(assignment: AssignmentSpecification, **changes: object) -> dict[str, Mark]:
    right = own_numbers(assignment)["lenet_parameters"]
    return marks(assignment, numbers={"lenet_parameters": {**right, **changes}})


def test_a_mistake_in_every_row_is_named_once_and_the_total_that_follows_costs_nothing(
    assignment: AssignmentSpecification,
):
    rows = without_bias(assignment)
    total = sum(rows.values())
    numbers = {"lenet_parameters": {**rows, "total": total}, "lenet_kib": total * 4 / 1024}
    found = marks(assignment, numbers=numbers)
    assert earned(found["check-lenet-parameters"]) == ("forgot-bias", 3.5)  # five halves and the total
    assert str(found["check-lenet-parameters"].message) == (
        f"conv1, conv2, fc1, fc2, fc3: {MISCONCEPTIONS['forgot-bias'].message} "
        "total: This follows from your own numbers, so it costs nothing more."
    )
    assert earned(found["check-lenet-memory"]) == ("carried-forward", 1.0)


WRITTEN = read_question({
    "id": "q", "level": 1, "skills": ["bytes"], "wording": {"en": "What a convolution writes."},
    "layer": "Conv2d(3, maps, 3)", "input": [3, 34, 34], "draw": {"maps": [10]},
    "ask": [
        {"id": "values", "quantity": "activations"},
        {"id": "KiB", "quantity": "activation_bytes", "dtype": "float16", "unit": "KiB", "decimals": 3},
    ],
})  # fmt: skip


def test_bytes_of_what_is_written_follow_from_ones_own_values():
    """10,250 in place of 10·32·32 values: as float16 they are 20,500 bytes."""
    data = {"grade_id": "check", "points": 2, "question": "q", "get": "memory",
            "carried": {"KiB": {"from": ["values"], "credit": 1}}}  # fmt: skip
    cell = read_cell(data, {"q": WRITTEN})
    given = {"check": (Value({"values": 10250, "KiB": 20500 / 1024}),)}
    sitting = Sitting("ada", SECRET, 0, draws.FreshDraws("seed"), given)
    mark = cell.mark(sitting, {"q": {"check": cell.entries(sitting)}})
    assert "KiB: This follows from your own numbers" in str(mark.message)
    assert mark.points == 1.0


def test_one_wrong_row_costs_one_row(assignment: AssignmentSpecification):
    right = own_numbers(assignment)["lenet_parameters"]
    fc1 = right["fc1"] - 1000
    mark = table(assignment, fc1=fc1, total=right["total"] - 1000)["check-lenet-parameters"]
    assert earned(mark) == ("nearly", 5.0)
    assert "conv1, conv2, fc2, fc3: Right." in str(mark.message)


def test_nothing_follows_from_zeros(assignment: AssignmentSpecification):
    """Rows of zeros do not make a total of zero an answer."""
    zeros = dict.fromkeys((*ROWS, "total"), 0)
    found = marks(assignment, numbers={"lenet_parameters": zeros, "lenet_kib": 0})
    assert earned(found["check-lenet-parameters"]) == ("unknown", 0.0)
    assert earned(found["check-lenet-memory"]) == ("unknown", 0.0)


def test_a_row_that_is_missing_or_no_number_is_named(assignment: AssignmentSpecification):
    right = own_numbers(assignment)["lenet_parameters"]
    given = {**right, "fc2": "many", "fc3": None}
    del given["conv2"]
    mark = marks(assignment, numbers={"lenet_parameters": given})["check-lenet-parameters"]
    assert earned(mark) == ("no-answer malformed", 3.0)
    assert "conv2: `lenet_parameters` has no entry 'conv2'." in str(mark.message)
    assert "fc2: “many” is not read as a number; write a whole number of parameters" in str(mark.message)
    assert "fc3: There is no answer here yet." in str(mark.message)


@pytest.mark.parametrize("given", [[1, 2, 3], 61706, "61706", None, True, float("nan")], ids=repr)
def test_a_table_that_is_no_dictionary_says_so_once(given: object, assignment: AssignmentSpecification):
    mark = marks(assignment, numbers={"lenet_parameters": given})["check-lenet-parameters"]
    assert earned(mark) == ("malformed", 0.0)
    assert str(mark.message) == "`lenet_parameters` is no dictionary; keep the form that it came in."


def test_a_cell_that_was_left_as_it_came_has_no_answer(assignment: AssignmentSpecification):
    blank = dict.fromkeys((*ROWS, "total"))
    found = marks(assignment, numbers={"lenet_parameters": blank, "lenet_kib": None})
    for cell in ("check-lenet-parameters", "check-lenet-memory"):
        assert earned(found[cell]) == ("no-answer", 0.0)
        assert str(found[cell].message) == "There is no answer here yet."


@pytest.mark.parametrize(
    ("factor", "diagnosis", "points"),
    [
        (Fraction(4, 1000), "thousand-for-1024", 0.5),
        (Fraction(1, 1024), "one-byte-a-value", 0.25),
        (Fraction(8, 1024), "eight-bytes-a-value", 0.25),
        (Fraction(4), "bytes-for-kib", 0.0),
    ],
)
def test_a_mistake_in_bytes_is_named(
    factor: Fraction, diagnosis: str, points: float, assignment: AssignmentSpecification
):
    total = own_numbers(assignment)["lenet_parameters"]["total"]
    found = marks(assignment, numbers={"lenet_kib": float(total * factor)})["check-lenet-memory"]
    assert earned(found) == (diagnosis, points)
    assert str(found.message) == str(MISCONCEPTIONS[diagnosis].message)


def test_another_students_numbers_are_not_right(assignment: AssignmentSpecification):
    """Copying a neighbour's table earns next to nothing: the numbers are one's own."""
    found = marks(assignment, numbers=own_numbers(assignment, "emmy"))
    assert found["check-lenet-parameters"].points < 3


VALUES = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(max_size=20),
    lambda inner: (
        some.lists(inner, max_size=4) | some.dictionaries(some.sampled_from([*ROWS, "total"]), inner)
    ),
    max_leaves=8,
)


@settings(max_examples=50)
@given(number=VALUES, rows=VALUES, kib=VALUES)
def test_whatever_comes_back_earns_points_between_none_and_all(number: object, rows: object, kib: object):
    """A mark never leaves its bounds, no value breaks the marking, and a guess earns next to nothing."""
    assignment = LOADED
    functions = {name: lambda *_, **__: number for name in FUNCTIONS}
    found = marks(assignment, functions, {"lenet_parameters": rows, "lenet_kib": kib})
    assert all(0 <= mark.points <= mark.max_points and mark.message for mark in found.values())
    assert all(
        found[cell.grade_id].points < 0.5 for cell in assignment.cells if isinstance(cell, FunctionCell)
    )


# ---- specifications that cannot be used ---------------------------------------------------------

HEAD = 'name = "a"\nnotebook = "a"\nsalt = "a"\n'
QUESTION = """
[[question]]
id = "q"
level = 1
skills = ["parameters"]
wording.en = "?"
layer = "Linear(n, m)"
input = ["n"]
draw.n = { from = 2, to = 9 }
draw.m = { from = 2, to = 9 }
[[question.ask]]
quantity = "parameters"
"""
CELL = '[[cell]]\ngrade_id = "c"\npoints = 1\n'
BAD = {
    "not TOML": ("name = ", "Invalid value"),
    "no salt": ('name = "a"\nnotebook = "a"\n', "'salt' is missing"),
    "an unknown key": (HEAD + "cells = 1\n", "no key is called 'cells'; did you mean 'cell'"),
    "a cell of no kind": (
        HEAD + QUESTION + CELL, "cell 'c': give exactly one of 'call', 'get', 'fill', 'rubric'",
    ),
    "a cell of an unknown question": (
        HEAD + QUESTION + CELL + 'get = "x"\nquestion = "p"\n', "cell 'c': there is no question 'p'",
    ),
    "arguments that are not drawn": (
        HEAD + QUESTION + CELL + 'question = "q"\ncall = "f"\narguments = ["n", "k"]\n',
        r"must be the names that are drawn \(n, m\), but got n, k",
    ),
    "something that is not asked": (
        HEAD + QUESTION + CELL + 'question = "q"\nget = "x"\nasks = ["total"]\n',
        "the question does not ask 'total', only answer",
    ),
    "no points": (
        HEAD + QUESTION + CELL.replace("1", "0") + "rubric = []\n",
        "'points' must be a number above 0, but got 0",
    ),
    "a rubric that does not add up": (
        HEAD + QUESTION + CELL + '[[cell.rubric]]\npoints = 2\ntext = "all"\n', "must add up to 1",
    ),
    "two cells of one name": (
        HEAD + QUESTION + (CELL + 'question = "q"\nget = "x"\n') * 2, "two cells have the same grade_id",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_specification_that_cannot_be_used_says_where_and_why(text: str, message: str, tmp_path: Path):
    path = tmp_path / "specification.toml"
    path.write_text(text)
    with pytest.raises(SpecificationError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)
