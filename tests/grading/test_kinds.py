"""Whatever comes in, the class is marked: each odd kind earns its points, and its student reads why."""

from __future__ import annotations

import csv
import html
import io
from pathlib import Path

import pytest

from grader.command import main
from grader.course import Course

from .conftest import RIGHT, Submissions, copy_of_course, use_counting
from .kinds import KINDS, hand_in_kinds

pytestmark = pytest.mark.bubblewrap

QUICK = ["--cell-seconds=3", "--total-seconds=30"]


@pytest.fixture(scope="module")
def course(built_course: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    """A class in which everybody hands in something odd, but for one."""
    course = copy_of_course(built_course, tmp_path_factory.mktemp("kinds") / "course")
    submissions = Submissions(course)
    submissions.add("usual", RIGHT)
    hand_in_kinds(submissions)
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_counting(monkeypatch)
        here = ["--course", str(course.root)]
        assert main(["autograde", "counting", *here, *QUICK]) == 0
        assert main(["feedback", "counting", *here]) == 0
    return course


@pytest.fixture(scope="module")
def rows(course: Course, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    path = tmp_path_factory.mktemp("marks") / "marks.csv"
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_counting(monkeypatch)
        assert main(["export", "counting", "--course", str(course.root), "--to", str(path)]) == 0
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")))
    return {row["student"].removeprefix("'"): row for row in reader}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_of_odd_input_earns_what_it_earns(name: str, rows: dict[str, dict[str, str]]) -> None:
    assert float(rows[name]["total"]) == KINDS[name].earned


@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.said])
def test_its_student_reads_why(name: str, course: Course) -> None:
    page = course.feedback(name, "counting", "convolution").read_text(encoding="utf-8")
    assert KINDS[name].said in html.unescape(page.replace("<code>", "`").replace("</code>", "`"))


@pytest.mark.parametrize("name", ["usual", *(name for name, kind in KINDS.items() if not kind.said)])
def test_who_has_nothing_to_be_told_is_told_nothing(name: str, rows: dict[str, dict[str, str]]) -> None:
    """Old formats and odd ends of lines are no student's business."""
    assert rows[name]["remarks"] == ""


def test_nobody_is_left_out_and_the_usual_one_gets_all(rows: dict[str, dict[str, str]]) -> None:
    assert set(rows) == {"usual", *KINDS}
    assert float(rows["usual"]["total"]) == 12.0
    assert len(KINDS) == 80
