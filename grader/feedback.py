"""The feedback page of each student: marks, what was found, the notebook as it was marked.

Nothing that a student wrote can run in it: Markdown becomes HTML of which only plain text formatting is kept,
all else is shown as text, and the page's own policy forbids every script.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from grader.bounded import bounded
from grader.course import Assignment, Course
from grader.marking import UNREADABLE
from grader.rebuild import is_remarks
from grader.record import write_atomically
from grader.release import Release
from grader.results import Result, read_results
from layercost.message import spoken


@dataclass(frozen=True)
class ShownCell:
    """A cell as the page shows it; `html` where it is text, `source` where it is code."""

    grade_id: str
    anchor: str
    answer: bool
    html: Markup
    source: str
    output: str


def write_feedback(
    course: Course, assignment: Assignment, students: frozenset[str]
) -> Iterator[tuple[str, str]]:
    """Writes a page for each of these students who is in the gradebook; gives student and trouble, if any."""
    for result in read_results(course, assignment.name, assignment.notebook, assignment.release):
        if result.student in students:
            try:
                _write_page(course, assignment, result)
            except Exception as error:  # one page never stops the others
                yield result.student, f"{type(error).__name__}: {error}"
            else:
                yield result.student, ""


def _write_page(course: Course, assignment: Assignment, result: Result) -> None:
    notebook = course.autograded(result.student, assignment.name, assignment.notebook)
    path = course.feedback(result.student, assignment.name, assignment.notebook)
    cells = json.loads(notebook.read_text("utf-8"))
    write_atomically(path, feedback_page(assignment.name, result, cells, assignment.release))


def feedback_page(assignment: str, result: Result, notebook: dict[str, Any], release: Release) -> str:
    """The page as HTML, from the marks and the autograded notebook."""
    anchors = {grade_id: f"cell-{number}" for number, grade_id in enumerate(release.by_grade_id)}
    return _template().render(
        assignment=assignment,
        result=result,
        anchors=anchors,
        names={grade_id: answer or grade_id for grade_id, answer in release.answered_in.items()},
        cells=[_shown(cell, anchors) for cell in notebook["cells"] if not is_remarks(cell)],
        unreadable=any(question.diagnosis == UNREADABLE for question in result.questions),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.globals["_"] = spoken
    environment.filters["number"] = lambda points: f"{round(points, 2):g}"
    return environment.get_template("feedback.html.j2")


def _shown(cell: dict[str, Any], anchors: dict[str, str]) -> ShownCell:
    settings = cell["metadata"].get("nbgrader", {})
    grade_id = settings.get("grade_id", "")
    is_text = cell["cell_type"] == "markdown"
    return ShownCell(
        grade_id=grade_id,
        anchor=anchors.get(grade_id, ""),
        answer=bool(settings.get("solution")),
        html=Markup(clean_markdown(cell["source"])) if is_text else Markup(),  # noqa: S704  (it was cleaned)
        source="" if is_text else cell["source"],
        output="".join(output["text"] for output in cell.get("outputs", ())),
    )


@lru_cache(maxsize=512)  # the assignment's own text is the same on every page
def clean_markdown(text: str) -> Markup:
    """Markdown as HTML in which nothing acts; what is too long or takes too long is shown as it was typed."""
    html = bounded("grader.sanitize:markdown_to_html").apply(text)
    if html is None:
        return Markup("<pre>{}</pre>").format(text)
    return Markup(html)  # noqa: S704  (it was cleaned)
