"""The feedback page of each student: marks, and the notebook with what was found beside each answer.

Nothing that a student wrote can run in it: Markdown becomes HTML of which only plain text formatting and
formulas are kept, all else is shown as text, and the page's own policy forbids scripts and requests.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from grader.course import Assignment, Course
from grader.details import details
from grader.handback import write_for_the_exchange
from grader.marking import UNREADABLE
from grader.naming import Names, read_names
from grader.rebuild import is_remarks
from grader.record import read_record, write_atomically
from grader.release import Release
from grader.rendering import rendered
from grader.results import QuestionResult, Result
from grader.score import OF_ENTRIES
from grader.titles import assignment_title
from grader.versions import version_of
from layercost.message import Message, Words, spoken

HERE = Path(__file__).parent
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True)
class ShownCell:
    """A cell as the page shows it; `html` where it is text, `source` where it is code.

    `folded` is code that everybody was given; `found` is what stands beside an answer.
    """

    html: Markup
    source: str
    output: str
    folded: bool
    found: tuple[QuestionResult, ...]


@dataclass(frozen=True)
class Written:
    """What came of one student's page: the trouble, if any, and whether the exchange reaches the student."""

    student: str
    trouble: str = ""
    through_exchange: bool = False


@dataclass(frozen=True)
class Pages:
    """All that the pages of one assignment have in common."""

    course: Course
    assignment: Assignment
    names: Names

    @classmethod
    def of(cls, course: Course, assignment: Assignment) -> Pages:
        return cls(course, assignment, read_names(course))

    def write(self, result: Result) -> Written:
        """Writes one student's page; an error never stops the others."""
        try:
            reached = _write_page(self.course, self.assignment, result, self.names)
            return Written(result.student, through_exchange=reached)
        except Exception as error:
            return Written(result.student, f"{type(error).__name__}: {error}")


def _write_page(course: Course, assignment: Assignment, result: Result, names: Names) -> bool:
    notebook = course.autograded(result.student, assignment.name, assignment.notebook)
    path = course.feedback(result.student, assignment.name, assignment.notebook)
    written = json.loads(notebook.read_text("utf-8"))
    asked = assignment.made_from(version_of(written["cells"]))
    named = _named(course, assignment, result, names) if names.names else {}
    questions = tuple(
        replace(_with_example(asked, result, one), named=named.get(one.grade_id, ""))
        for one in result.questions
    )
    shown = replace(result, questions=questions)
    write_atomically(path, feedback_page(assignment.name, shown, written, assignment.release))
    return write_for_the_exchange(course, result.student, assignment.name, assignment.notebook)


def _named(course: Course, assignment: Assignment, result: Result, names: Names) -> dict[str, str]:
    """What the teacher says of this student's unknown wrong answers, by the marked cell."""
    record = read_record(course.record(result.student, assignment.name))
    said: dict[str, dict[str, None]] = defaultdict(dict)
    for detail in details(assignment, record) if record is not None else ():
        if name := names.of(detail.grade_id, detail.key):
            said[detail.grade_id][name.says or name.title] = None
    return {grade_id: " ".join(sentences) for grade_id, sentences in said.items()}


def _with_example(assignment: Assignment, result: Result, question: QuestionResult) -> QuestionResult:
    if question.right or question.waits:
        return question
    example = assignment.specification.example(
        result.student, assignment.secret, question.grade_id, question.diagnosis
    )
    return replace(question, example=example)


def feedback_page(assignment: str, result: Result, notebook: Mapping[str, Any], release: Release) -> str:
    """The page as HTML, from the marks and the autograded notebook."""
    anchors = {question.grade_id: f"found-{number}" for number, question in enumerate(result.questions, 1)}
    found = defaultdict(list)
    for question in result.questions:
        found[release.answered_in[question.grade_id] or question.grade_id].append(question)
    return template("feedback.html.j2").render(
        title=assignment_title(release, assignment),
        result=result,
        anchors=anchors,
        cells=[_shown(cell, found) for cell in _without_title(notebook["cells"]) if not is_remarks(cell)],
        unreadable=any(question.diagnosis == UNREADABLE for question in result.questions),
    )


def _without_title(cells: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The cells without the heading that has become the page's own."""
    first = True
    for cell in cells:
        given = (
            cell["cell_type"] == "markdown" and not cell["metadata"].get("nbgrader") and not is_remarks(cell)
        )
        if first and given and cell["source"].startswith("# "):
            yield {**cell, "source": cell["source"].partition("\n")[2]}
            first = False
        else:
            yield cell


def _shown(cell: Mapping[str, Any], found: Mapping[str, list[QuestionResult]]) -> ShownCell:
    settings = cell["metadata"].get("nbgrader", {})
    is_text = cell["cell_type"] == "markdown"
    return ShownCell(
        html=rendered(cell["source"]) if is_text else Markup(),
        source="" if is_text else cell["source"],
        output="".join(output["text"] for output in cell.get("outputs", ())),
        folded=bool(settings) and not settings.get("solution"),
        found=tuple(found.get(settings.get("grade_id", ""), ())),
    )


# ---- pages, whatever they say ---------------------------------------------------------------------


@cache
def template(name: str) -> Template:
    """A page's template, which escapes what it is given, and holds the style of all pages."""
    environment = Environment(
        loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    style = Markup((HERE / "page.css").read_text("utf-8"))  # noqa: S704  (our own file)
    environment.globals.update(_=spoken, style=style)
    environment.filters.update(number=lambda points: f"{round(points, 2):g}", coded=coded, lines=lines)
    return environment.get_template(name)


def lines(words: Words) -> list[Words]:
    """What is said of several numbers, one by one; anything else is one line."""
    parts = list(words.values.values()) if isinstance(words, Message) else []
    said: list[Words] = [part for part in parts if isinstance(part, Message) and part.key == OF_ENTRIES.key]
    return said if len(said) > 1 else [words]


def coded(words: Words) -> Markup:
    """Words as HTML, with what stands between backticks set as code."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(str(words)))))  # noqa: S704  (escaped before)
