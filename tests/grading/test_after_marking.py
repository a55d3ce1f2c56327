"""What a teacher does once marks are there: roster, exports, marking by hand, Moodle's zip, explanations."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from nbgrader.api import Gradebook

from grader.command import main
from grader.course import Course, CourseError
from grader.exports import FORMATS, Marks
from grader.moodle import matched, member, participants
from grader.participants import Participant
from grader.report import report
from grader.results import QuestionResult, Result
from grader.roster import Student
from grader.settings import SettingsError, read_settings
from grader.sheets import write_sheet

from .conftest import copy_of_course

pytestmark = pytest.mark.bubblewrap

ROSTER = """\
id,name,email,Canvas
emmy,Emmy Noether,emmy@example.org,7
sofia,=1+1 Kovalevskaya,,8
ada,Ada King,,9
"""


@pytest.fixture
def course(marked_counting: Path, tmp_path: Path) -> Course:
    course = copy_of_course(marked_counting, tmp_path / "course")
    (tmp_path / "list.csv").write_text(ROSTER)
    assert run(course, "roster", str(tmp_path / "list.csv")) == 0
    return course


def lines_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text(), newline="")))


def run(course: Course, *words: str) -> int:
    return main([*words, "--course", str(course.root)])


def table(course: Course, capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, str]]:
    capsys.readouterr()
    assert run(course, "export", "counting", *words) == 0
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def of(rows: list[dict[str, str]], column: str, student: str) -> dict[str, str]:
    return next(row for row in rows if row[column] == student)


# ---- exports ------------------------------------------------------------------------------------------


def test_who_handed_in_nothing_stands_in_every_table(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """With no points, and in our own table with the reason; who is on no list comes last."""
    rows = table(course, capsys)
    assert [row["student"] for row in rows] == ["emmy", "sofia", "ada", "grace"]
    sofia = of(rows, "student", "sofia")
    assert (sofia["total"], sofia["maximum"], sofia["remarks"]) == ("0", "17", "Nothing was handed in.")
    for form, column in (("moodle", "ID number"), ("canvas", "SIS User ID"), ("nbgrader", "student_id")):
        assert of(table(course, capsys, "--as", form), column, "sofia")


def test_a_submission_that_is_not_marked_yet_has_no_points_in_any_table(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither is it said to be missing; who handed it in waits, on the roster or not."""
    for student in ("sofia", "zoe"):
        (course.submitted / student / "counting").mkdir(parents=True)
    rows = table(course, capsys)
    for student in ("sofia", "zoe"):
        line = of(rows, "student", student)
        assert (line["q1"], line["total"], line["maximum"]) == ("", "", "17")
        assert line["remarks"] == "This submission is not marked yet."
    sofia = of(table(course, capsys, "--as", "moodle"), "ID number", "sofia")
    assert sofia["Assignment: counting (Real)"] == ""
    sofia = of(table(course, capsys, "--as", "nbgrader"), "student_id", "sofia")
    assert (sofia["raw_score"], sofia["score"], sofia["max_score"]) == ("", "", "17.0")
    assert run(course, "export", "counting") == 0
    assert "4 students are not marked to the end" in capsys.readouterr().err


def test_a_total_holds_no_work_that_is_not_marked() -> None:
    unmarked = replace(result("ada", 0.0, waits=True), unmarked=True)
    of_each = {"one": {"ada": result("ada", 5.0)}, "two": {"ada": unmarked}}
    marks = Marks((Student("ada", ""),), of_each, {"one": 30.0, "two": 10.0}, MOST)
    assert list(FORMATS["csv"](marks))[1][2:] == ["5", "", ""]


def test_canvas_finds_students_and_points_where_its_import_looks(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """Student and ID first, a Section column before the assignments, a row with the points possible."""
    rows = table(course, capsys, "--as", "canvas")
    assert list(rows[0]) == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "counting"]
    assert (rows[0]["Student"], rows[0]["counting"]) == ("Points Possible", "17")
    assert of(rows, "ID", "7")["Student"] == "Noether, Emmy"


def test_another_system_gets_no_points_that_a_person_has_yet_to_complete(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = table(course, capsys, "--as", "moodle")
    assert of(rows, "ID number", "ada")["Assignment: counting (Real)"] == ""
    assert of(rows, "ID number", "sofia")["Assignment: counting (Real)"] == "0"
    assert run(course, "export", "counting", "--as", "moodle") == 0
    assert "2 students are not marked to the end and have no points in it" in capsys.readouterr().err


def test_nbgraders_columns_are_nbgraders(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(course, capsys, "--as", "nbgrader")
    with Gradebook(course.database) as gradebook:
        submission = gradebook.find_submission("counting", "emmy")
        emmy = of(rows, "student_id", "emmy")
        assert float(emmy["score"]) == submission.score
        assert float(emmy["max_score"]) == submission.max_score
        assert (emmy["last_name"], emmy["first_name"], emmy["email"]) == (
            *("Noether", "Emmy"), submission.student.email,
        )  # fmt: skip


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_no_cell_of_an_export_starts_a_formula(
    form: str, course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(course, "export", "counting", "--as", form) == 0
    cells = [cell for row in csv.reader(io.StringIO(capsys.readouterr().out)) for cell in row]
    assert [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")] == []


def test_a_number_below_zero_stays_a_number() -> None:
    """Such as a discrimination; what a student typed with the same sign does not."""
    file = io.StringIO()
    write_sheet(file, [(-0.25, "-0.25", "-2+3")])
    assert file.getvalue() == "-0.25,'-0.25,'-2+3\n"


MOST = {"one": 10.0, "two": 4.0}


def result(student: str, points: float, most: float = 10.0, *, waits: bool = False) -> Result:
    return Result(student, (QuestionResult("q", points, most, "", "", waits=waits),), (), 0.0)


def test_several_assignments_are_weighed_as_the_course_says() -> None:
    """Half of the points of what weighs 30, and all of what weighs 10, are 25 of 40."""
    students = (Student("ada", ""), Student("emmy", ""))
    of_each = {
        "one": {"ada": result("ada", 5.0), "emmy": result("emmy", 0.0)},
        "two": {"ada": result("ada", 4.0, 4.0), "emmy": result("emmy", 1.0, 4.0, waits=True)},
    }
    marks = Marks(students, of_each, {"one": 30.0, "two": 10.0, "three": 99.0}, MOST)
    head, ada, emmy = (list(map(str, row)) for row in FORMATS["csv"](marks))
    assert head == ["student", "name", "one", "two", "Weighted total"]
    assert ada == ["ada", "", "5", "4", "62.5"]
    assert list(FORMATS["moodle"](marks))[2][4:] == ["0", "", ""]
    assert emmy[-1] == "6.25"
    without = Marks(students, of_each, {"one": 30.0}, MOST)
    assert list(map(str, list(FORMATS["csv"](without))[1])) == ["ada", "", "5", "4"]
    assert "Weighted total" not in next(iter(FORMATS["canvas"](without)))


def test_the_points_of_several_assignments_add_up_where_none_has_a_weight() -> None:
    of_each = {"one": {"ada": result("ada", 5.0)}, "two": {"ada": result("ada", 1.5, 4.0)}}
    marks = Marks((Student("ada", ""),), of_each, {"three": 1.0}, MOST)
    head, ada = (list(map(str, row)) for row in FORMATS["csv"](marks))
    assert head == ["student", "name", "one", "two", "Total"]
    assert ada == ["ada", "", "5", "1.5", "6.5"]


def test_the_maximum_is_that_of_the_assignment_and_not_the_first_students(
    course: Course, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whose marks may lack a question."""
    with sqlite3.connect(course.root / "gradebook.db") as gradebook:
        gradebook.execute("delete from grade where cell_id in (select id from base_cell where name = 'q1')")
    assert of(table(course, capsys, "--as", "canvas"), "Student", "Points Possible")["counting"] == "17"
    assert report(course, course.assignment("counting")).most == 17


def test_a_weight_is_a_number_above_zero(tmp_path: Path) -> None:
    path = tmp_path / "course.toml"
    path.write_text("[weights]\none = 30\ntwo = 2.5\n")
    assert read_settings(path).weights == {"one": 30.0, "two": 2.5}
    path.write_text('[weights]\none = "much"\n')
    with pytest.raises(SettingsError, match=r"weights\.one must be a number above 0, but is 'much'"):
        read_settings(path)


def test_a_roster_gives_the_gradebook_its_names(course: Course) -> None:
    with Gradebook(course.database) as gradebook:
        emmy = gradebook.find_student("emmy")
        assert (emmy.first_name, emmy.last_name, emmy.email) == ("Emmy", "Noether", "emmy@example.org")
    assert (course.root / "roster.csv").stat().st_mode & 0o077 == 0


# ---- marking by hand ----------------------------------------------------------------------------------


def out(course: Course, folder: Path, *words: str) -> list[dict[str, str]]:
    assert run(course, "marking", "counting", "q4", "--out", str(folder), *words) == 0
    return lines_of(folder / "q4.csv")


def take(course: Course, path: Path, rows: list[dict[str, str]], *words: str) -> int:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ("label", "answer", "points", "comment"))
        writer.writeheader()
        writer.writerows(rows)
    return run(course, "marking", "counting", "q4", "--take", str(path), *words)


def manual(course: Course, student: str) -> tuple[Any, ...]:
    with Gradebook(course.database) as gradebook:
        grade = gradebook.find_grade("q4", "convolution", "counting", student)
        comment = gradebook.find_comment("q4", "convolution", "counting", student)
        return grade.manual_score, grade.needs_manual_grade, comment.manual_comment


def test_a_queue_goes_out_without_names_and_comes_back_with_marks(course: Course, tmp_path: Path) -> None:
    rows = out(course, tmp_path)
    assert len(rows) == 2
    page = (tmp_path / "q4.html").read_text()
    assert "Says that its weights stay the same." in page
    assert "The kernel is the same everywhere." in page
    assert not re.search(r"\b(ada|emmy|King|Noether)\b", page)  # a label may hold the letters of a name
    rows[0] |= {"points": "2,5", "comment": "Why?"}
    assert take(course, tmp_path / "filled.csv", rows, "--marker", "anna") == 0
    given = [manual(course, student) for student in ("ada", "emmy")]
    assert sorted(given, key=str) == [(2.5, False, "Why?"), (None, True, None)]
    kept = lines_of(course.root / "records" / "counting" / "marked_by_hand.csv")
    assert [(line["marker"], line["question"], line["points"]) for line in kept] == [("anna", "q4", "2.5")]
    assert len(out(course, tmp_path)) == 1


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_a_table_that_a_spreadsheet_saved_is_taken(delimiter: str, course: Course, tmp_path: Path) -> None:
    """No label is a number to it, whatever its digits; what parts the cells is its own choice."""
    rows = out(course, tmp_path)
    assert all(row["label"][0] == "m" for row in rows)
    with (tmp_path / "saved.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(row | {"points": "2,5"} for row in rows)
    words = ("--take", str(tmp_path / "saved.csv"), "--marker", "anna")
    assert run(course, "marking", "counting", "q4", *words) == 0
    assert [manual(course, student)[0] for student in ("ada", "emmy")] == [2.5, 2.5]


def test_a_table_from_before_labels_began_with_a_letter_is_taken(course: Course, tmp_path: Path) -> None:
    """It may have been out with a marker when the grader was renewed."""
    rows = [row | {"label": row["label"][1:], "points": "2"} for row in out(course, tmp_path)]
    assert take(course, tmp_path / "filled.csv", rows, "--marker", "anna") == 0
    assert [manual(course, student)[0] for student in ("ada", "emmy")] == [2.0, 2.0]
    kept = lines_of(course.root / "records" / "counting" / "marked_by_hand.csv")
    assert {line["label"] for line in kept} == {f"m{row['label']}" for row in rows}


def test_several_markers_share_a_queue_and_do_not_write_over_each_other(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    every = out(course, tmp_path)
    parts = [out(course, tmp_path, "--share", share) for share in ("1/2", "2/2")]
    assert sorted(row["label"] for part in parts for row in part) == sorted(row["label"] for row in every)
    filled = [row | {"points": "3"} for row in every]
    assert take(course, tmp_path / "anna.csv", filled, "--marker", "anna") == 0
    capsys.readouterr()
    others = [row | {"points": "1"} for row in every]
    assert take(course, tmp_path / "ben.csv", others, "--marker", "ben") == 0
    assert capsys.readouterr().out.count("not taken, since it is marked already") == 2
    assert manual(course, "ada")[0] == 3.0
    assert take(course, tmp_path / "ben.csv", others, "--marker", "ben", "--replace") == 0
    assert manual(course, "ada")[0] == 1.0


def test_a_mark_is_not_given_to_an_answer_that_has_changed_since(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [row | {"points": "5"} for row in out(course, tmp_path)]
    path = course.autograded("ada", "counting", "convolution")
    path.write_text(path.read_text().replace("The kernel is the same", "The same kernel is moved"))
    capsys.readouterr()
    assert take(course, tmp_path / "filled.csv", rows, "--marker", "anna") == 0
    assert "this answer has changed" in capsys.readouterr().out
    assert manual(course, "ada")[:2] == (None, True)
    assert manual(course, "emmy")[0] == 5.0


@pytest.mark.parametrize("points", ["6", "-1", "nan", "inf", "five"])
def test_points_that_cannot_be_meant_stop_the_whole_table(
    points: str, course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = out(course, tmp_path)
    rows[0]["points"], rows[1]["points"] = "1", points
    assert take(course, tmp_path / "filled.csv", rows, "--marker", "anna") == 2
    assert f"expected points from 0 to 5, but got '{points}'; nothing was taken" in capsys.readouterr().err
    assert manual(course, "ada")[0] is None
    assert manual(course, "emmy")[0] is None


def test_a_question_that_no_person_marks_is_named(
    course: Course, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for question in ("q1", "q9"):
        for words in (("--out", str(tmp_path)), ("--take", str(tmp_path / "t.csv"), "--marker", "anna")):
            assert run(course, "marking", "counting", question, *words) == 2
            assert "in counting a person marks: q4" in capsys.readouterr().err


# ---- Moodle -------------------------------------------------------------------------------------------

WORKSHEET = """\
Identifier,Full name,Email address,Status,Grade
Participant 101,Ada King,ada@example.org,,
Participant 102,Emmy Noether,emmy@example.org,,
Participant 103,Grace Hopper,g@example.org,,
"""


def test_moodle_gets_pages_by_the_names_it_knows(course: Course, tmp_path: Path) -> None:
    """Name, participant, plugin and file, parted by underscores; the notebook's name may hold one."""
    (tmp_path / "sheet.csv").write_text(WORKSHEET)
    assert run(course, "feedback", "counting") == 0
    path = tmp_path / "back.zip"
    words = ("return", "counting", "--zip", str(path), "--moodle", str(tmp_path / "sheet.csv"))
    assert run(course, *words) == 1  # grace stands on no roster, and her id is not her name
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == [
            "Ada King_101_assignfeedback_file_convolution.html",
            "Emmy Noether_102_assignfeedback_file_convolution.html",
        ]
        assert b"Content-Security-Policy" in archive.read(archive.namelist()[0])


def test_a_name_with_an_underscore_keeps_its_file(tmp_path: Path) -> None:
    name, number, subtype, plugin, page = member(Participant("7", "A_b/../c"), "a_b.html").split("_", 4)
    assert (number, subtype, plugin, page) == ("7", "assignfeedback", "file", "a_b.html")
    assert "/" not in name


def test_participants_are_read_from_the_submissions_too(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Ada King_101_assignsubmission_file/a.ipynb", "")
        archive.writestr("Emmy Noether_102_assignsubmission_file_a.ipynb", "")
    assert [(one.number, one.name) for one in participants(path)] == [
        ("101", "Ada King"),
        ("102", "Emmy Noether"),
    ]


def test_a_folder_within_a_submission_is_no_participant(tmp_path: Path) -> None:
    """A student may name one like somebody else's, with a number of their own."""
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Eve_101_assignsubmission_file/Emmy Noether_101_assignsubmission_file/a.ipynb", "")
        archive.writestr("Emmy Noether_102_assignsubmission_file/a.ipynb", "")
    assert participants(path) == [Participant("101", "Eve"), Participant("102", "Emmy Noether")]


def test_a_number_that_two_claim_is_nobodys() -> None:
    """Moodle hands a page back by its number; a line that stands there twice is one."""
    two = [Participant("1", "Ada King"), Participant("1", "Emmy Noether"), Participant("2", "Grace Hopper")]
    students = [Student("ada", "Ada King"), Student("emmy", "Emmy Noether"), Student("grace", "Grace Hopper")]
    assert matched(students, [*two, two[2]]) == ({"grace": two[2]}, ["ada", "emmy"])


def test_a_namesake_without_a_page_counts_too(course: Course, tmp_path: Path) -> None:
    """Else the one who has a page is taken for the only one of the name."""
    with (course.root / "roster.csv").open("a") as file:
        file.write("king2,Ada King,,\n")
    (tmp_path / "sheet.csv").write_text("Identifier,Full name\nParticipant 101,Ada King\n")
    assert run(course, "feedback", "counting") == 0
    path = tmp_path / "back.zip"
    assert run(course, "return", "counting", "--zip", str(path), "-m", str(tmp_path / "sheet.csv")) == 1
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == []


def test_two_of_one_name_are_not_guessed() -> None:
    twins = [Participant("1", "Ada King"), Participant("2", "Ada King")]
    assert matched([Student("ada", "Ada King")], twins) == ({}, ["ada"])
    decided = Student("ada", "Ada King", further={"moodle": "2"})
    assert matched([decided], twins) == ({"ada": twins[1]}, [])


def test_the_surest_way_decides_and_a_name_is_the_same_in_any_order_and_accent() -> None:
    """As where submissions are collected: a number, then an id, then an address, then a name."""
    two = [Participant("1", "Nobody", id="ada"), Participant("2", "Ada King")]
    assert matched([Student("ada", "Ada King")], two) == ({"ada": two[0]}, [])
    one = Participant("3", "Poincar\u00e9 Henri")
    assert matched([Student("h", "Henri Poincare")], [one]) == ({"h": one}, [])


def test_a_question_that_one_student_has_no_mark_in_shifts_nothing() -> None:
    """Each point stands in the column of its question."""

    def result(student: str, *asked: str) -> Result:
        questions = tuple(QuestionResult(name, 1.0, 2.0, f"of {name}", "") for name in asked)
        return Result(student, questions, (), 0.0)

    students = (Student("ada", ""), Student("emmy", ""))
    both = {"ada": result("ada", "q1", "q2"), "emmy": result("emmy", "q2")}
    heads, _, last = FORMATS["csv"](Marks(students, {"one": both}, {}, {"one": 4.0}))
    row = dict(zip(heads, last, strict=True))
    assert (row["q1"], row["q2"]) == ("", "1")
    assert (row["q1 diagnosis"], row["q2 diagnosis"]) == ("", "of q2")


def test_a_file_without_participants_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(CourseError, match="names no participant of Moodle"):
        participants(path)


# ---- explanations and the report of this class ----------------------------------------------------------


def test_an_answer_is_explained(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(course, "explain", "counting", "emmy", "q2") == 0
    said = capsys.readouterr().out
    assert "points: 2 of 4" in said
    assert "found: forgot-bias: You left out the bias" in said


def test_what_there_is_to_ask_for_is_named(course: Course, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(course, "explain", "counting", "emmy", "q9") == 2
    assert "there are: q1, q2, q3-test, q4" in capsys.readouterr().err
    assert run(course, "explain", "counting", "sofia", "q2") == 2
    assert "grader autograde counting --student sofia" in capsys.readouterr().err


def test_the_class_report_says_what_to_explain_again(course: Course) -> None:
    assert run(course, "report", "counting") == 0
    page = (course.root / "reports" / "counting.html").read_text()
    assert "3 handed in" in page
    assert "<b>forgot bias</b>" in page
    assert "counted in nothing below: grace" in page
    rows = lines_of(course.root / "reports" / "counting.csv")
    assert ("misconception", "forgot-bias", "1", "emmy") in [
        (row["about"], row["id"], row["number"], row["students"]) for row in rows
    ]


def test_who_is_forgotten_stands_on_no_list_any_more(course: Course, tmp_path: Path) -> None:
    """Neither on the roster, nor among the marks given by hand, nor in a report."""
    rows = [row | {"points": "3"} for row in out(course, tmp_path)]
    assert take(course, tmp_path / "filled.csv", rows, "--marker", "anna") == 0
    assert run(course, "report", "counting") == 0
    assert run(course, "forget", "emmy", "--yes") == 0
    assert [row["id"] for row in lines_of(course.root / "roster.csv")] == ["sofia", "ada"]
    kept = lines_of(course.root / "records" / "counting" / "marked_by_hand.csv")
    assert [row["student"] for row in kept] == ["ada"]
    texts = [path.read_bytes() for path in course.root.rglob("*") if path.is_file()]
    assert not any(b"Emmy Noether" in text for text in texts)
