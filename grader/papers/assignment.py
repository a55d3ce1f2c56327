"""The same exam as an assignment for nbgrader: what `grader build` takes, with each student's own numbers.

Only questions of the kind `compute` go in: what they ask for can be read from variables. The notebook holds
no library: a question is a text with places for the numbers, which the setup cell fills.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import layercost.questions.bank
from grader.build import TRIED_STUDENTS
from grader.course import CourseError
from grader.papers.blueprint import Place
from grader.papers.exam import Exam
from grader.papers.sheet import plain
from grader.specification import AssignmentSpecification, load
from layercost.questions import Question, Variant

_REFERENCE = re.compile(r"\{(\w+)\}")
SAMPLE = 5  # draws in which a convention or a slip is looked for
FRONT = """---
jupytext:
  text_representation:
    extension: .md
    format_name: myst
    format_version: 0.13
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---
"""
IDENTITY = """import os

student_id = os.environ.get("JUPYTERHUB_USER", "")
"""
SETUP = """import hashlib
import json
import unicodedata

with open("variants.json", encoding="utf-8") as file:
    variants = json.load(file)

normalized_id = unicodedata.normalize("NFKC", student_id).strip().casefold()
digest = hashlib.sha256(f"{variants['salt']}/{normalized_id}".encode()).hexdigest()
row = int(digest, 16) % 1000


def show(question, text):
    \"\"\"Prints a question with your numbers in it.\"\"\"
    if normalized_id:
        print(text.format(**variants[question][row]))
    else:
        print("Write your student id into the cell above and run all cells again.")
"""


@dataclass(frozen=True)
class Numbered:
    """A question of the exam that a notebook can ask."""

    place: Place
    question: Question
    data: Mapping[str, Any]

    @property
    def variable(self) -> str:
        return f"answer_{self.place.number}"

    @property
    def asks(self) -> tuple[str, ...]:
        """What the variable's dictionary holds; nothing where it is one number."""
        ids = tuple(ask.id for ask in self.question.asks)
        return ids if len(ids) > 1 else ()


def write_assignment(exam: Exam, folder: Path) -> list[str]:
    """Writes assignment.md and specification.toml into a folder; gives the questions that are left out.

    Raises CourseError where the folder has files, or where no question can go in.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CourseError(f"{folder} exists and is not empty; name a new folder.")
    raw = dict(_raw(exam))
    every = [
        Numbered(place, place.template, _with_credit(exam, place.template, raw[place.template.id]))
        for place in exam.places
        if isinstance(place.template, Question)
    ]
    if not every:
        raise CourseError(f"{exam.name}: no question asks for numbers, so there is nothing for a notebook")
    folder.mkdir(parents=True, exist_ok=True)
    specification = folder / "specification.toml"
    specification.write_text(_specification(exam, folder.resolve().name, every), encoding="utf-8")
    text = _text(exam, every, load(specification))
    (folder / "assignment.md").write_text(text, encoding="utf-8")
    there = {one.place.number for one in every}
    return [
        f"{place.template.id} ({place.template.kind})" for place in exam.places if place.number not in there
    ]


def _raw(exam: Exam) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every question as it was written, by id."""
    bank = (file.read_text(encoding="utf-8") for file in files(layercost.questions.bank).iterdir()
            if file.name.endswith(".toml"))  # fmt: skip
    for text in (*bank, exam.text):
        yield from ((one["id"], one) for one in tomllib.loads(text).get("question", []))


def _with_credit(exam: Exam, question: Question, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """A question with what known slips earn, where it says nothing of its own."""
    partial = exam.blueprint.partial
    wrong = [one for posed in _sample(question) for one in posed.wrong()]
    if not partial or any(one.diagnosis.credit for one in wrong):
        return data
    known = {one.diagnosis.id for one in wrong if "+" not in one.diagnosis.id}
    return {**data, "credit": dict.fromkeys(sorted(known), float(partial))}


def _sample(question: Question) -> list[Variant]:
    return [question.draw(f"sample/{number}") for number in range(SAMPLE)]


# ---- specification.toml -------------------------------------------------------------------------


def _specification(exam: Exam, name: str, every: Sequence[Numbered]) -> str:
    digest = hashlib.sha256(
        f"assignment\0{exam.seed}".encode()
    ).hexdigest()  # the salt is public, not the seed
    salt = f"{name}-{digest[:16]}"
    head = {"name": name, "notebook": name, "identity": "student_id", "salt": salt}
    tables = [("question", one.data) for one in every] + [("cell", _cell(one)) for one in every]
    lines = ["# Written from a blueprint by `grader exam --assignment`.", "", *_entries(head)]
    for kind, table in tables:
        lines += ["", f"[[{kind}]]", *_entries(table)]
    return "\n".join([*lines, ""])


def _cell(one: Numbered) -> dict[str, Any]:
    points = float(one.place.section.points)
    cell = {"grade_id": f"check-{one.place.number}", "points": points, "question": one.question.id}
    return {**cell, "get": one.variable}


def _entries(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _value(value: object) -> str:
    """A value as TOML writes it, tables inline."""
    if isinstance(value, Mapping):
        return f"{{ {', '.join(_entries(value))} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _value(key)


# ---- assignment.md ------------------------------------------------------------------------------


def _text(exam: Exam, every: Sequence[Numbered], specification: AssignmentSpecification) -> str:
    blueprint = exam.blueprint
    parts = [FRONT, f"# {_plain(blueprint.title)}", _plain(blueprint.instructions)]
    parts += ["## Who you are", "Write your student id between the quotation marks, and run all cells."]
    parts += [_code(IDENTITY, "student-id", locked=False, solution=True, tags="tags: [prefilled]\n")]
    parts += [_code(SETUP, "setup")]
    section = ""
    for one in every:
        if one.place.section.title != section:
            section = one.place.section.title
            parts += [f"## {_plain(section)}", _plain(one.place.section.note)]
        parts += _asked(one, specification)
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def _asked(one: Numbered, specification: AssignmentSpecification) -> list[str]:
    number = one.place.number
    points = plain(one.place.section.points)
    show = f"show({json.dumps(one.question.id)}, {json.dumps(wording(one), ensure_ascii=False)})"
    return [
        f"### {number}. ({points} {'point' if points == '1' else 'points'})",
        _code(show, f"question-{number}"),
        _code(_answer(one, specification), f"answer-{number}", locked=False, solution=True),
        _code(_check(one), f"check-{number}", points=points),
    ]


def _answer(one: Numbered, specification: AssignmentSpecification) -> str:
    """The cell for an answer; its solution knows the students that the build tries."""
    empty = "{" + ", ".join(f"{ask!r}: None" for ask in one.asks) + "}" if one.asks else "None"
    rows = {specification.row(student): student for student in TRIED_STUDENTS}
    known = {row: _solved(one, specification, row) for row in rows}
    solution = f"{one.variable} = {known!r}.get(row)  # the students for whom the build tries it"
    return f"{one.variable} = {empty}\n### BEGIN SOLUTION\n{solution}\n### END SOLUTION"


def _solved(one: Numbered, specification: AssignmentSpecification, row: int) -> object:
    answers = specification.variant(one.question, row).answers()
    values = {ask: json.loads(answer) for ask, answer in answers.items()}
    return values if one.asks else next(iter(values.values()))


def _check(one: Numbered) -> str:
    """What the student sees checked: the form of the answer alone."""
    if one.asks:
        return "\n".join(f"assert {one.variable}[{ask!r}] is not None, {ask!r}" for ask in one.asks)
    return f"assert isinstance({one.variable}, (int, float)), 'give a number'"


def _code(
    source: str,
    grade_id: str,
    *,
    locked: bool = True,
    solution: bool = False,
    points: str = "",
    tags: str = "",
) -> str:
    marks = f"points: {points}, " if points else ""
    settings = (
        f"nbgrader: {{grade: {'true' if points else 'false'}, grade_id: {grade_id}, "
        f"locked: {'true' if locked else 'false'}, {marks}solution: {'true' if solution else 'false'}}}\n"
    )
    return f"```{{code-cell}} ipython3\n---\n{settings}{tags}---\n{source.strip()}\n```"


def _plain(text: str) -> str:
    """A teacher's text as one paragraph of the notebook, which begins no cell of its own."""
    return " ".join(text.split()).replace("```", "'''").replace("+++", "+ + +")


# ---- a question with places for its numbers -----------------------------------------------------


def wording(one: Numbered) -> str:
    """The whole question, with ``{name}`` for each drawn number; other braces are doubled."""
    question = one.question
    drawn = {name: f"{{{name}}}" for name in question.names}
    known = {**drawn, "layer": _layer(question), "input": _shape(question)}
    parts = [_filled(question.wording["en"], known)]
    parts += dict.fromkeys(_escaped(str(item.stated.convention)) for item in _items(question))
    for ask in question.asks:
        named = f"{ask.id}: " if one.asks else ""
        parts += [f"\n{named}{_filled(ask.wording['en'], known)}"] if ask.wording else []
        parts += [_precision(question, ask.id)]
    return " ".join(part for part in parts if part)


def _items(question: Question) -> list[Any]:
    return [item for posed in _sample(question) for item in posed.items.values()]


def _precision(question: Question, ask: str) -> str:
    """Unit and decimals, where an answer is not a whole number."""
    item = _sample(question)[0].item(ask)
    if item.decimals is None:
        return ""
    return _escaped(f"Give it in {item.stated.unit}, to {item.decimals} decimals.")


def _filled(text: str, known: Mapping[str, str]) -> str:
    pieces = _REFERENCE.split(text)
    return "".join(known[piece] if place % 2 else _escaped(piece) for place, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def _layer(question: Question) -> str:
    """The layer as it is written, with places for drawn numbers and what arrives in place of ``_``."""
    written = question.network or "; ".join(question.layers.values())
    arriving = str(question.input[0])
    named = re.compile(rf"\b({'|'.join(map(re.escape, question.names)) or '(?!)'})\b(?!\s*=[^=])")
    written = re.sub(r"\(_(?=[,)])", f"({arriving}", _escaped(written))
    return named.sub(r"{\1}", written)


def _shape(question: Question) -> str:
    sizes = [f"{{{size}}}" if isinstance(size, str) else str(size) for size in question.input]
    return f"({', '.join(sizes)}{',' if len(sizes) == 1 else ''})"
