"""Sphinx extension: the practice page and the mock exams, as data from which the page script makes them.

    ```{practice}
    ```

    ```{mock-exams} practice/exams
    ```

The first questions of a practice session are posed when the book is built, with all that the page has to know
to judge them: nobody waits for Python. Which exams there are is declared in the folder, a TOML file each.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from course_text import tried
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from layercost.message import spoken as _
from layercost.questions import SKILLS, Posed, QuestionError, known_keys, templates
from layercost.questions.service import catalogue, known, skills
from layercost.view import tag

ROOT = Path(__file__).resolve().parents[2]
FIRST = 40  # questions in the page
SEED = "first"
MODES = ("calculator", "napkin")
WANTS_PYTHON = "course_python"  # in a page's metadata


# ---- the first questions -------------------------------------------------------------------------


def judged_by_the_page(posed: Posed) -> bool:
    """Whether the page can mark a question alone: choices, and whole numbers without a tolerance."""
    answers = posed.answers()
    return all(
        field.form == "choice" or (field.form == "number" and answers[field.id].isdigit())
        for field in posed.fields
    )


def first_questions(most: int = FIRST) -> list[dict[str, Any]]:
    """Posed questions that the page can mark alone, of as many skills as possible."""
    fitting = [
        one for one in templates().values() if one.kind == "compute" and judged_by_the_page(one.draw(SEED))
    ]
    return [known(name, SEED) for name in _mixed({one.id: one.skills for one in fitting}, most)]


def _mixed(trained: Mapping[str, tuple[str, ...]], most: int) -> Iterator[str]:
    """The ids of at most so many questions, the next always of the skills that came least often so far."""
    times = dict.fromkeys(SKILLS, 0)
    left = dict(trained)
    for _place in range(min(most, len(left))):
        name = min(left, key=lambda one: (max(times[skill] for skill in left[one]), len(left[one])))
        for skill in left.pop(name):
            times[skill] += 1
        yield name


# ---- exams ---------------------------------------------------------------------------------------


def exam_of(path: Path) -> dict[str, Any]:
    """An exam as its file declares it; raises QuestionError that says what is wrong with it."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    known_keys(path.name, data, ("title", "words", "minutes", "mode", "factor", "part"))
    if data["mode"] not in MODES:
        raise QuestionError(f"{path.name}: a mode is {' or '.join(MODES)}, not {data['mode']!r}")
    for part in data["part"]:
        known_keys(path.name, part, ("skills", "levels", "kinds", "count"))
        if strange := [skill for skill in part["skills"] if skill not in SKILLS]:
            raise QuestionError(f"{path.name}: no skill is called {', '.join(strange)}")
    return {"id": path.stem, "factor": 1, **data}


def exams(folder: Path) -> list[dict[str, Any]]:
    """All exams of a folder, the shortest first."""
    return sorted(map(exam_of, folder.glob("*.toml")), key=lambda exam: exam["minutes"])


# ---- what is written -----------------------------------------------------------------------------


def _host(name: str, data: dict[str, Any]) -> str:
    """A place for the page script, with its data; without scripts it says what it needs."""
    body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    needs = _("Questions are posed and marked in this page, by its scripts; this browser runs none.")
    return (
        tag("div", tag("noscript", tag("p", needs), class_="noprint"), class_=f"lc-practice-host lc-{name}")
        + f'<script type="application/json" class="lc-bank">{body}</script>'
    )


class Practice(SphinxDirective):
    """The place of the practice page."""

    def run(self) -> list[nodes.Node]:
        self.env.metadata[self.env.docname][WANTS_PYTHON] = "practice"
        data = {"skills": skills(), "catalogue": catalogue(), "first": first_questions()}
        return [nodes.raw("", _host("practice", data), format="html")]


class MockExams(SphinxDirective):
    """The place of the mock exams that a folder declares."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        folder = ROOT / self.arguments[0]
        for path in folder.glob("*.toml"):
            self.env.note_dependency(str(path))
        found = tried(self, lambda: exams(folder))
        if found is None:
            return []
        self.env.metadata[self.env.docname][WANTS_PYTHON] = "exam"
        data = {"skills": skills(), "catalogue": catalogue(), "exams": found}
        return [nodes.raw("", _host("exam", data), format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("practice", Practice)
    app.add_directive("mock-exams", MockExams)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
