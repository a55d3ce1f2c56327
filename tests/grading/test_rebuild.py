"""From a submission only answers are taken; what else was missing, copied or changed is said."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from grader.course import Assignment
from grader.intake import SubmittedCell
from grader.rebuild import Rebuilt, rebuild
from grader.sanitize import harmless_cell, harmless_markdown

Cells = list[SubmittedCell]


def submitted(assignment: Assignment) -> Cells:
    """The release as it comes back when nothing was done."""
    return [
        SubmittedCell(cell.grade_id, cell.cell_type, cell.source, dict(cell.settings))
        for cell in assignment.release.cells
    ]


def changed(cells: Cells, grade_id: str, **changes: Any) -> Cells:
    from dataclasses import replace

    return [replace(cell, **changes) if cell.grade_id == grade_id else cell for cell in cells]


def source(rebuilt: Rebuilt, grade_id: str) -> str:
    return next(cell.source for cell in rebuilt.cells if cell.grade_id == grade_id)


def test_an_untouched_release_comes_back_as_it_is(assignment: Assignment) -> None:
    """Nothing is remarked, nothing is run twice."""
    rebuilt = rebuild(assignment.release, submitted(assignment))
    assert rebuilt.remarks == []
    assert [cell.source for cell in rebuilt.cells] == [cell.source for cell in assignment.release.cells]
    assert rebuilt.unchanged("q1")


@pytest.mark.parametrize(
    ("change", "remark"),
    [
        pytest.param(
            lambda cells: [cell for cell in cells if cell.grade_id != "q2"],
            "The answer cell `q2` is missing; what it asks for counts as not answered.",
            id="missing answer",
        ),
        pytest.param(
            lambda cells: [cell for cell in cells if cell.grade_id != "setup"],
            "The locked cell `setup` is missing; the original was put back.",
            id="missing setup",
        ),
        pytest.param(
            lambda cells: cells + [cell for cell in cells if cell.grade_id == "q1"],
            "The answer cell `q1` is there 2 times; all ran in the order of your notebook.",
            id="copied answer",
        ),
        pytest.param(
            lambda cells: cells + [cell for cell in cells if cell.grade_id == "q4"],
            "The cell `q4` is there 2 times; only the first counts.",
            id="copied text",
        ),
        pytest.param(
            lambda cells: changed(cells, "setup", source="channels = 1"),
            "The locked cell `setup` was changed; the original was used.",
            id="tampered setup",
        ),
        pytest.param(
            lambda cells: changed(cells, "q3-test", settings={"points": 1000}),
            "The settings of the cell `q3-test` were changed; the original ones were used.",
            id="tampered points",
        ),
        pytest.param(
            lambda cells: changed(cells, "q1", cell_type="raw"),
            "The settings of the cell `q1` were changed; the original ones were used.",
            id="raw answer",
        ),
        pytest.param(
            lambda cells: changed(cells, "q1", tags=("skip-execution",)),
            "The settings of the cell `q1` were changed; the original ones were used.",
            id="tag",
        ),
        pytest.param(
            lambda cells: changed(cells, "q1", source="#" * 200_001),
            "A cell `q1` holds more than 200000 characters and was left out.",
            id="endless cell",
        ),
    ],
)
def test_what_is_wrong_with_a_cell_is_said(
    assignment: Assignment, change: Callable[[Cells], Cells], remark: str
) -> None:
    """The student reads it in words; the locked cells that run are the release's."""
    rebuilt = rebuild(assignment.release, change(submitted(assignment)))
    assert list(map(str, rebuilt.remarks)) == [remark]
    for name in ("setup", "q3-test"):
        assert source(rebuilt, name) == assignment.release.by_grade_id[name].source


def test_a_notebook_without_any_of_the_cells_gets_one_remark_that_says_so(assignment: Assignment) -> None:
    """Another course's notebook is not told that each cell of ours is missing."""
    rebuilt = rebuild(assignment.release, [SubmittedCell("theirs", "code", "x = 1", {})])
    (remark,) = rebuilt.remarks
    assert "None of this assignment's cells is in your notebook" in str(remark)
    assert [cell.source for cell in rebuilt.cells if cell.released is None] == ["x = 1"]


def test_what_one_student_wrote_has_a_limit_and_answers_come_first(assignment: Assignment) -> None:
    """Two thousand long cells do not make a notebook of a hundred megabytes."""
    own = [SubmittedCell("", "code", "#" * 190_000, {})] * 12
    cells = own + changed(submitted(assignment), "q1", source="answer_q1 = 1")
    rebuilt = rebuild(assignment.release, cells)
    assert source(rebuilt, "q1") == "answer_q1 = 1"
    assert sum(cell.released is None for cell in rebuilt.cells) == 7
    assert list(map(str, rebuilt.remarks)) == [
        "Your cells hold more text than can be marked; 5 of them were left out."
    ]


def test_a_students_own_cells_run_behind_their_neighbours(assignment: Assignment) -> None:
    """An extra cell stays behind the answer cell that it followed; a copy runs after its original."""
    cells = submitted(assignment)
    at = next(index for index, cell in enumerate(cells) if cell.grade_id == "q1")
    cells.insert(at + 1, SubmittedCell("", "code", "own = 1", {}))
    rebuilt = rebuild(assignment.release, cells)
    names = [cell.grade_id or cell.source for cell in rebuilt.cells]
    assert names.index("own = 1") == names.index("q1") + 1


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("a < b and $x_1 < y$", "a < b and $x_1 < y$"),
        ("<script>x</script>", "&lt;script>x&lt;/script>"),
        ("&#106;avascript", "&amp;#106;avascript"),
        ("[a](https://x.org) [b](javascript:x)", "[a](https://x.org) [b] (javascript:x)"),
        ("[c](java&#115;cript:x)", "[c] (java&amp;#115;cript:x)"),
        ("[e]: data:x", "[e] : data:x"),
        ("![p](https://x.org/p.png)", "! [p](https://x.org/p.png)"),
        (r"$\href{javascript:x}{y} \frac{1}{2}$", r"$\text{href}{javascript:x}{y} \frac{1}{2}$"),
        (r"$\mmlToken{mi}[href='javascript:x']{y}$", r"$\text{mmlToken}{mi}[href='javascript:x']{y}$"),
        (r"$\bbox[position:fixed]{x}$", r"$\text{bbox}[position:fixed]{x}$"),
        (r"$\renewcommand{\a}{x} \left( \defeq$", r"$\text{renewcommand}{\a}{x} \left( \defeq$"),
    ],
)
def test_a_students_text_is_made_harmless_and_stays_readable(text: str, harmless: str) -> None:
    """HTML shows as it was typed, links lead to pages only, mathematics stays."""
    assert harmless_markdown(text) == harmless


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\uff1d1"])
def test_a_spreadsheet_runs_no_text(text: str) -> None:
    """A leading sign would make a formula of it, also where the spreadsheet lets cells begin elsewhere."""
    assert harmless_cell(text) == f"'{text}"
    for before in ("x;", "x\n", "\t", '3;"'):
        assert harmless_cell(f"{before}{text}") == f"{before}'{text}"
    assert harmless_cell("ada; a = 1 - 2") == "ada; a = 1 - 2"
