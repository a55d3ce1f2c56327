"""The feedback page of each student: marks, what was found, the notebook as it was marked.

Nothing that a student wrote can run in it: Markdown becomes HTML of which only plain text formatting is kept,
all else is shown as text, and the page's own policy forbids every script.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import bleach
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup
from nbconvert.filters.markdown import markdown2html

from grader.course import Assignment, Course
from grader.marking import UNREADABLE
from grader.rebuild import is_remarks
from grader.record import write_atomically
from grader.release import Release
from grader.results import Result, read_results
from layercost.message import spoken

KEPT_TAGS = frozenset(
    (
        *(
            "a",
            "b",
            "blockquote",
            "br",
            "code",
            "del",
            "em",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
            "hr",
            "i",
            "li",
        ),
        *(
            "ol",
            "p",
            "pre",
            "s",
            "span",
            "strong",
            "sub",
            "sup",
            "table",
            "tbody",
            "td",
            "th",
            "thead",
            "tr",
            "ul",
        ),
    )
)
_ANCHOR = re.compile(r'<a class="anchor-link"[^>]*>[^<]*</a>')  # nbconvert's link to each heading
KEPT_ATTRIBUTES = {"a": ["href"]}
KEPT_PROTOCOLS = frozenset({"http", "https", "mailto"})


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
        html=clean_markdown(cell["source"]) if is_text else Markup(),
        source="" if is_text else cell["source"],
        output="".join(output["text"] for output in cell.get("outputs", ())),
    )


def clean_markdown(text: str) -> Markup:
    """Markdown as HTML that holds text, lists, tables and links to pages, and nothing that acts."""
    html = _ANCHOR.sub("", markdown2html(text))
    kept = bleach.clean(
        html, tags=KEPT_TAGS, attributes=KEPT_ATTRIBUTES, protocols=KEPT_PROTOCOLS, strip=True
    )
    return Markup(kept)  # noqa: S704  (cleaned in the line above)
