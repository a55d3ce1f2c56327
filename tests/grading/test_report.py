"""What the class report works out from records: groups of unknown answers, names, likeness, correlation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from grader.cells import BlanksCell
from grader.course import Assignment, Course, CourseError, make_course
from grader.details import Detail, details
from grader.feedback import Pages, _named
from grader.likeness import Likeness, likenesses
from grader.naming import FILE, Name, Names, read_names, section
from grader.protocol import Mark
from grader.record import Record, write_atomically, write_record
from grader.release import Release, ReleasedCell
from grader.report import Report, _beliefs, _groups, correlation, page, rows
from grader.results import QuestionResult, Result
from grader.settings import Settings
from grader.specification import load
from grader.values import Call, Get, Value

from .ten_students import EXERCISE

SECRET = b"secret"
SPECIFICATION = load(EXERCISE / "specification.toml")
TITLES = {cell.grade_id: cell.grade_id for cell in SPECIFICATION.cells}
POINTS = {cell.grade_id: cell.points for cell in SPECIFICATION.cells}
ANSWERED = {grade_id: grade_id.removeprefix("check-") for grade_id in POINTS}


def released(grade_id: str) -> tuple[ReleasedCell, ...]:
    answer = {"solution": True, "grade_id": ANSWERED[grade_id], "grade": ANSWERED[grade_id] == grade_id}
    cells = [answer | {"points": POINTS[grade_id]}]
    if ANSWERED[grade_id] != grade_id:
        cells.append({"grade": True, "grade_id": grade_id, "points": POINTS[grade_id]})
    return tuple(
        ReleasedCell({"cell_type": "code", "source": "", "metadata": {"nbgrader": one}}) for one in cells
    )


RELEASE = Release("", {}, tuple(cell for grade_id in POINTS for cell in released(grade_id)))
ASSIGNMENT = Assignment(SPECIFICATION, RELEASE, (), SECRET, Settings())


def right(name: str, values: Mapping[str, Any]) -> int:
    """The model's functions, for those that a test leaves right."""
    if name == "linear_parameters":
        return int((values["in_features"] + values["bias"]) * values["out_features"])
    if name == "linear_flops":
        return int((2 * values["in_features"] - 1 + values["bias"]) * values["out_features"])
    if name == "conv2d_output_size":
        padded = values["size"] + 2 * values["padding"]
        return int((padded - values["kernel_size"]) // values["stride"] + 1)
    of_one = values["in_channels"] * values["kernel_size"] ** 2 + values["bias"]
    return int(of_one * values["out_channels"])


def record(student: str, numbers: Mapping[str, object], **functions: Any) -> Record:
    """The record of a student whose table holds `numbers`, and whose functions are the model's or these."""
    answers = {}
    for cell in SPECIFICATION.cells:
        found = []
        for probe in cell.probes(SPECIFICATION.sitting(student, SECRET)):
            if isinstance(probe, Call):
                names = (*cell.arguments, *cell.keywords)  # type: ignore[attr-defined]
                given = dict(zip(names, probe.args, strict=False)) | dict(probe.kwargs)
                values = {**cell.defaults, **given}  # type: ignore[attr-defined]
                compute = functions.get(probe.name, lambda name=probe.name, **of: right(name, of))
                found.append((probe, Value(compute(**values))))
            else:
                found.append((probe, Value(dict(numbers) if "parameters" in probe.name else 1.5)))
        answers[cell.grade_id] = tuple(found)
    plain = {grade_id: tuple(answer for _, answer in pairs) for grade_id, pairs in answers.items()}
    marks = SPECIFICATION.score(student, SECRET, plain)
    return Record(student, SPECIFICATION.name, asked=answers, marks=marks)


def expected(student: str) -> dict[str, int]:
    lenet = next(cell for cell in SPECIFICATION.cells if cell.grade_id == "check-lenet-parameters")
    assert lenet.own is not None
    items = SPECIFICATION.sitting(student, SECRET).variant(lenet.own).items
    return {name: int(item.answer) for name, item in items.items() if name != "kib"}


def squared(student: str) -> dict[str, int]:
    """Takes the outputs of fc1 for its inputs too, and forgets no bias."""
    numbers = (
        SPECIFICATION.sitting(student, SECRET)
        .variant(next(cell.own for cell in SPECIFICATION.cells if cell.own is not None))
        .numbers
    )
    hidden = int(numbers["hidden1"])
    return expected(student) | {"fc1": hidden * hidden + hidden}


def detail(every: tuple[Detail, ...], grade_id: str, entry: str = "") -> Detail:
    return next(one for one in every if (one.grade_id, one.entry) == (grade_id, entry))


def test_a_detail_tells_what_was_asked_answered_and_expected() -> None:
    every = details(ASSIGNMENT, record("ada", squared("ada")))
    fc1 = detail(every, "check-lenet-parameters", "fc1")
    (case,) = fc1.cases
    assert case.asked == "lenet_parameters['fc1']"
    assert case.expected == f"{expected('ada')['fc1']:,}"
    assert case.number == Fraction(squared("ada")["fc1"])
    assert detail(every, "check-lenet-parameters", "conv1").right
    calls = detail(every, "check-linear-parameters").cases
    assert len(calls) == 6
    assert all(call.right and call.asked.startswith("linear_parameters(") for call in calls)


def test_each_blank_of_a_table_or_a_derivation_has_a_detail_of_its_own() -> None:
    """What was filled in, what is right, and in which way it is wrong."""
    specification = load(EXERCISE.parent / "fully_connected" / "specification.toml")
    cell = next(one for one in specification.cells if one.grade_id == "check-table")
    assert isinstance(cell, BlanksCell)
    right = specification.sitting("ada", SECRET).posed(cell.question).answers()
    asked = {"check-table": ((Get("table"), Value({**right, "fc1/macs": 123_457, "fc1/parameters": None})),)}
    marks = {"check-table": Mark(3.0, 4.0, "unknown", "")}
    every = details(
        replace(ASSIGNMENT, specification=specification), Record("ada", "", asked=asked, marks=marks)
    )
    assert [one.entry for one in every] == list(right)
    (case,) = detail(every, "check-table", "fc1/macs").cases
    assert (case.asked, case.given, case.expected) == ("table['fc1/macs']", "123457", right["fc1/macs"])
    assert (case.number, case.answer) == (Fraction(123_457), Fraction(right["fc1/macs"].replace(",", "")))
    assert detail(every, "check-table", "fc1/parameters").diagnosis == "no-answer"
    assert detail(every, "check-table", "fc3/parameters").right


def newer() -> Assignment:
    """The next version: other numbers for everybody, one answer cell less, one function asked no more."""
    asked = tuple(one for one in SPECIFICATION.cells if one.grade_id != "check-linear-parameters")
    specification = replace(SPECIFICATION, salt="another", cells=asked)
    release = replace(RELEASE, cells=tuple(one for one in RELEASE.cells if one.grade_id != "lenet-memory"))
    return replace(ASSIGNMENT, specification=specification, release=release, version=2, older=(ASSIGNMENT,))


def test_what_was_made_from_an_older_version_is_told_by_that_one() -> None:
    """Its questions had other numbers: what is right there would be wrong now."""
    old = replace(record("ada", expected("ada")), version=1)
    assert details(newer(), old) == details(ASSIGNMENT, old)


@pytest.mark.parametrize(("version", "examples"), [(1, 1), (2, 0)])
def test_an_example_comes_from_the_version_that_the_work_was_made_from(
    tmp_path: Path, version: int, examples: int
) -> None:
    course, name = make_course(tmp_path / "course"), "check-linear-parameters"
    wrong = QuestionResult(name, 1.0, 2.0, "forgot-bias", "", waits=False, title=name)
    settings = {"nbgrader": {"grade_id": ANSWERED[name]}, "tags": [f"version-{version}"]}
    cell = {"cell_type": "code", "source": "", "metadata": settings}
    write_atomically(
        course.autograded("ada", ASSIGNMENT.name, ASSIGNMENT.notebook), json.dumps({"cells": [cell]})
    )
    assert Pages.of(course, newer()).write(Result("ada", (wrong,), (), 0.0)).trouble == ""
    written = course.feedback("ada", ASSIGNMENT.name, ASSIGNMENT.notebook).read_text()
    assert written.count("For example, ") == examples


def test_unknown_answers_that_came_about_alike_are_one_group_whatever_the_numbers() -> None:
    found = {name: details(ASSIGNMENT, record(name, squared(name))) for name in ("ada", "emmy", "grace")}
    groups = _groups(found, TITLES, Names())
    of_fc1 = [group for group in groups if group.entry == "fc1"]
    assert [group.students for group in of_fc1] == [("ada", "emmy", "grace")]
    assert of_fc1[0].name is None


def test_a_function_is_grouped_by_what_gives_all_its_wrong_answers() -> None:
    def twice(in_features: int, out_features: int, bias: bool) -> int:
        return out_features * out_features + out_features * int(bias)

    found = {
        name: details(ASSIGNMENT, record(name, expected(name), linear_parameters=twice))
        for name in ("ada", "emmy")
    }
    keys = {detail(every, "check-linear-parameters").key for every in found.values()}
    assert keys == {"d_in->d_out"}


def test_a_name_reaches_all_of_a_group_and_only_the_question_that_it_names(tmp_path: Path) -> None:
    course = Course(tmp_path)
    assert read_names(course) == Names()
    text = section("check-lenet-parameters", "a->b").replace('title = ""', 'title = "Twice"')
    (tmp_path / FILE).write_text(text.replace('says = ""', 'says = "Look again."'))
    names = read_names(course)
    name = Name("a->b", "Twice", "Look again.", "check-lenet-parameters")
    assert names.of("check-lenet-parameters", "a->b") == name
    assert names.of("another", "a->b") is None
    assert names.of("check-lenet-parameters", "") is None
    assert Names((replace(name, question=""),)).of("another", "a->b") is not None


def test_the_name_stands_in_the_feedback_of_the_whole_group(tmp_path: Path) -> None:
    """Also where the answer is one of several numbers in a cell."""
    course, said = Course(tmp_path), {}
    key = detail(details(ASSIGNMENT, record("ada", squared("ada"))), "check-lenet-parameters", "fc1").key
    names = Names((Name(key, "Twice", "You took the outputs of fc1 twice."),))
    for student in ("ada", "emmy"):
        write_record(course.record(student, ASSIGNMENT.name), record(student, squared(student)))
        said[student] = _named(course, ASSIGNMENT, Result(student, (), (), 0.0), names)
    assert said["ada"] == said["emmy"] == {"check-lenet-parameters": "You took the outputs of fc1 twice."}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[name]]\nkey = 5\ntitle = 'x'", r"names.toml, \[\[name\]\] 1: key must be a text in quotes"),
        ("[[name]]\nkey = 'a'", "expected key and title"),
        ("[[name]]\nkey = 'a'\ntitle = ''", "title must be a text in quotes, but is ''"),
        ("[names]\n", r"expected \[\[name\]\] sections and nothing else"),
        ("key = ", "names.toml: "),
    ],
)
def test_a_slip_in_names_toml_is_named(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(CourseError, match=message):
        read_names(Course(tmp_path))


def test_a_misconception_is_counted_once_a_student_with_all_its_questions() -> None:
    def without(in_features: int, out_features: int, bias: bool) -> int:
        return in_features * out_features

    found = {"ada": details(ASSIGNMENT, record("ada", expected("ada"), linear_parameters=without))}
    wrong = Detail("check-lenet-parameters", "fc1", "forgot-bias+kernel-not-squared", "", 0.0, ())
    beliefs = _beliefs({"ada": (*found["ada"], wrong), "emmy": (wrong,)}, TITLES)
    assert [(one.id, one.students) for one in beliefs] == [
        ("forgot-bias", ("ada", "emmy")),
        ("kernel-not-squared", ("ada", "emmy")),
    ]
    assert beliefs[0].questions == ("check-lenet-parameters", "check-linear-parameters")


def test_answers_for_anothers_numbers_come_before_the_same_code(tmp_path: Path) -> None:
    course = Course(tmp_path)
    found = {
        "ada": details(ASSIGNMENT, record("ada", expected("ada"))),
        "emmy": details(ASSIGNMENT, record("emmy", expected("ada"))),
        "grace": details(ASSIGNMENT, record("grace", expected("grace"))),
        "sofia": details(ASSIGNMENT, record("sofia", expected("sofia"))),
    }
    code = "answer = " + " + ".join(str(number) for number in range(60))
    for student, source in (("grace", code), ("sofia", f"# mine\n{code}  ")):
        path = course.autograded(student, ASSIGNMENT.name, ASSIGNMENT.notebook)
        path.parent.mkdir(parents=True)
        settings = {"nbgrader": {"grade_id": "lenet-memory", "solution": True}, "tags": ["version-1"]}
        path.write_text(json.dumps({"cells": [{"source": source, "metadata": settings}]}))
    for assignment in (ASSIGNMENT, newer()):
        alike_in(likenesses(course, assignment, found))


def alike_in(every: tuple[Likeness, ...]) -> None:
    first, second = every
    assert (first.student, first.other) == ("emmy", "ada")
    assert {"fc1", "fc2", "total"} <= set(first.others_numbers)
    assert {second.student, second.other} == {"grace", "sofia"}
    assert second.same_cells == ("lenet-memory",)


def test_correlation_is_pearsons() -> None:
    """By hand: deviations (-1, 0, 1) and (-1, 1, 0): 1 / (sqrt 2 · sqrt 2)."""
    assert correlation([0, 1, 2], [1, 3, 2]) == pytest.approx(0.5)
    assert correlation([1, 1, 1], [1, 2, 3]) is None
    assert correlation([0, 1], [0, 1]) is None


def test_the_page_holds_no_script_and_shows_what_was_written_as_text() -> None:
    found = {"<b>eve": details(ASSIGNMENT, record("eve", squared("eve")))}
    groups = _groups(found, TITLES, Names())
    text = page(Report("<i>x", 1, (), (), 18.0, (18.0, 0.0), (), (), groups, 0, ()))
    assert "<script" not in text
    assert "&lt;b&gt;eve" in text
    assert "key = &#34;" in text
    every = Report("x", 2, (), (), 18.0, (18.0, 0.0), (), (), groups, 0, ())
    assert [count for _, _, count in every.bars] == [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert any(row[0] == "unknown" for row in rows(every))
