"""What earns points in an assignment: its questions, and which cell of the notebook answers which.

A `specification.toml` holds questions in the schema of `layercost.questions`, and one `[[cell]]` for each
cell that earns points: a function that is called on hidden inputs, numbers that are read from variables,
or an explanation that a person marks. Everything here runs on the trusted side.
"""

from __future__ import annotations

import hashlib
import hmac
import tomllib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from grader.protocol import Mark
from grader.score import Carried, Entry, by_hand, score_function, score_numbers
from grader.values import Answer, Call, Get, Probe
from layercost.questions import Question, QuestionError, Variant, known_keys, read_question

VARIANTS = 1000  # rows in variants.json
_KEYS = ("name", "notebook", "identity", "salt", "question", "cell")
_CELL_KEYS = {
    "call": ("grade_id", "points", "question", "call", "arguments", "keywords", "defaults", "cases"),
    "get": ("grade_id", "points", "question", "get", "asks", "carried"),
    "rubric": ("grade_id", "points", "rubric"),
}


class SpecificationError(ValueError):
    """A specification that cannot be used; the message says where and what was expected."""


def normalized(student: str) -> str:
    """A student's id as numbers are drawn for it: case, width and spaces around it do not matter."""
    return unicodedata.normalize("NFKC", student).strip().casefold()


@dataclass(frozen=True, eq=False)  # a cell is itself, so that what was drawn for it can be kept
class FunctionCell:
    """A function that is called on hidden inputs; `keywords` at their default are left out of the call."""

    grade_id: str
    points: float
    question: Question
    call: str
    arguments: tuple[str, ...]
    keywords: tuple[str, ...]
    defaults: Mapping[str, object]
    cases: int

    def probe(self, variant: Variant) -> Probe:
        """One call, with the numbers of a variant."""
        numbers = variant.numbers
        given = {
            name: numbers[name]
            for name in self.keywords
            if name not in self.defaults or numbers[name] != self.defaults[name]
        }
        return Call(self.call, tuple(numbers[name] for name in self.arguments), given)


@dataclass(frozen=True)
class NumbersCell:
    """A variable that holds one number, or a dictionary with a number for each of several `asks`."""

    grade_id: str
    points: float
    question: Question
    get: str
    asks: tuple[str, ...]
    carried: Mapping[str, Carried]


@dataclass(frozen=True)
class ManualCell:
    """An explanation that a person marks; the rubric is for her."""

    grade_id: str
    points: float
    rubric: tuple[tuple[float, str], ...]


Cell = FunctionCell | NumbersCell | ManualCell


@dataclass(frozen=True)
class AssignmentSpecification:
    """The `grader.protocol.Specification` that a specification.toml describes."""

    name: str
    notebook: str
    identity: str
    salt: str
    cells: tuple[Cell, ...]

    def same_student(self, typed: object, student: str) -> bool:
        """Whether what stands in the id cell names this student."""
        return isinstance(typed, str) and normalized(typed) == normalized(student)

    def row(self, student: str) -> int:
        """The row of variants.json that belongs to a student, as the setup cell computes it."""
        digest = hashlib.sha256(f"{self.salt}/{normalized(student)}".encode()).hexdigest()
        return int(digest, 16) % VARIANTS

    def variant(self, question: Question, row: int) -> Variant:
        """The numbers of a question in a row."""
        return question.draw(f"{self.salt}/{row}")

    def variants(self) -> dict[str, object]:
        """What variants.json holds: the salt, and all rows of each question about one's own numbers."""
        return {
            question.id: [dict(self.variant(question, row).numbers) for row in range(VARIANTS)]
            for question in self._own.values()
        } | {"salt": self.salt}

    @cached_property
    def _own(self) -> dict[str, Question]:
        return {cell.question.id: cell.question for cell in self.cells if isinstance(cell, NumbersCell)}

    def hidden(self, cell: FunctionCell, student: str, secret: bytes) -> tuple[Variant, ...]:
        """The inputs on which a student's function is tried; nobody without the secret can know them."""
        message = f"{normalized(student)}\0{cell.question.id}".encode()
        return _cases(cell, hmac.new(secret, message, hashlib.sha256).digest())

    def probes(self, student: str, secret: bytes) -> dict[str, tuple[Probe, ...]]:
        """What to ask this student's code, by `grade_id` of the marked cell."""
        return {cell.grade_id: self._probes(cell, student, secret) for cell in self.cells}

    def _probes(self, cell: Cell, student: str, secret: bytes) -> tuple[Probe, ...]:
        match cell:
            case FunctionCell():
                return tuple(cell.probe(variant) for variant in self.hidden(cell, student, secret))
            case NumbersCell():
                return (Get(cell.get),)
            case ManualCell():
                return ()

    def score(
        self, student: str, secret: bytes, answers: Mapping[str, tuple[Answer, ...]]
    ) -> dict[str, Mark]:
        """Marks by `grade_id`; depends on nothing but its arguments."""
        own = self._own_entries(student, answers)
        return {
            cell.grade_id: self._mark(cell, student, secret, answers.get(cell.grade_id, ()), own)
            for cell in self.cells
        }

    def _mark(
        self,
        cell: Cell,
        student: str,
        secret: bytes,
        answers: tuple[Answer, ...],
        own: Mapping[str, Mapping[str, Entry]],
    ) -> Mark:
        match cell:
            case FunctionCell():
                return score_function(cell.points, cell.call, self.hidden(cell, student, secret), answers)
            case NumbersCell():
                return score_numbers(cell.points, cell.asks, own[cell.question.id], cell.carried)
            case ManualCell():
                return by_hand(cell.points)

    def _own_entries(
        self, student: str, answers: Mapping[str, tuple[Answer, ...]]
    ) -> dict[str, dict[str, Entry]]:
        """Everything that a student gave as a number, by question and by what was asked."""
        row = self.row(student)
        variants = {name: self.variant(question, row) for name, question in self._own.items()}
        entries: dict[str, dict[str, Entry]] = {name: {} for name in variants}
        for cell in self.cells:
            if isinstance(cell, NumbersCell):
                given = next(iter(answers.get(cell.grade_id, ())), None)
                read = Entry.read_all(variants[cell.question.id], cell.get, cell.asks, given)
                entries[cell.question.id] |= read
        return entries


@lru_cache(maxsize=256)
def _cases(cell: FunctionCell, key: bytes) -> tuple[Variant, ...]:
    """Kept between asking and marking, since drawing takes longer than marking."""
    return cell.question.draw_cases(key, cell.cases)


# ---- reading ------------------------------------------------------------------------------------


def load(path: Path) -> AssignmentSpecification:
    """Reads a specification.toml; raises SpecificationError that says where and what was expected."""
    try:
        return _specification(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, QuestionError, SpecificationError, ValueError) as error:
        raise SpecificationError(f"{path}: {error}") from error


def _specification(data: Mapping[str, Any]) -> AssignmentSpecification:
    known_keys("the specification", data, _KEYS)
    for key in ("name", "notebook", "salt", "question", "cell"):
        if key not in data:
            raise SpecificationError(f"{key!r} is missing")
    questions = {one["id"]: _question(one) for one in data["question"]}
    cells = tuple(_cell(one, questions) for one in data["cell"])
    names = [cell.grade_id for cell in cells]
    if len(set(names)) < len(names):
        raise SpecificationError(f"two cells have the same grade_id; there are: {', '.join(names)}")
    return AssignmentSpecification(
        data["name"], data["notebook"], data.get("identity", ""), data["salt"], cells
    )


def _question(data: Mapping[str, Any]) -> Question:
    """A question whose answers are numbers: those of variables, or those that a function gives back."""
    read = read_question(data)
    if not isinstance(read, Question):
        raise SpecificationError(f"question {read.id!r}: a cell asks for numbers, not for {read.kind!r}")
    return read


def _cell(data: Mapping[str, Any], questions: Mapping[str, Question]) -> Cell:
    owner = f"cell {data.get('grade_id', '(without grade_id)')!r}"
    kinds = [kind for kind in _CELL_KEYS if kind in data]
    if len(kinds) != 1:
        raise SpecificationError(f"{owner}: give exactly one of {', '.join(map(repr, _CELL_KEYS))}")
    known_keys(owner, data, _CELL_KEYS[kinds[0]])
    points = data.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float) or not points > 0:
        raise SpecificationError(f"{owner}: points must be a number above 0, but got {points!r}")
    if kinds[0] == "rubric":
        return _manual_cell(owner, data)
    if data.get("question") not in questions:
        raise SpecificationError(f"{owner}: there is no question {data.get('question')!r}")
    build: Callable[[str, Mapping[str, Any], Question], Cell] = (
        _function_cell if kinds[0] == "call" else _numbers_cell
    )
    return build(owner, data, questions[data["question"]])


def _function_cell(owner: str, data: Mapping[str, Any], question: Question) -> Cell:
    names = (*data.get("arguments", ()), *data.get("keywords", ()))
    if set(names) != set(question.names):
        raise SpecificationError(
            f"{owner}: arguments and keywords must be the names that are drawn "
            f"({', '.join(question.names)}), but got {', '.join(names)}"
        )
    if len(question.asks) != 1:
        raise SpecificationError(f"{owner}: a function answers a question with one [[question.ask]]")
    return FunctionCell(
        data["grade_id"],
        float(data["points"]),
        question,
        data["call"],
        tuple(data.get("arguments", ())),
        tuple(data.get("keywords", ())),
        data.get("defaults", {}),
        data.get("cases", 6),
    )


def _numbers_cell(owner: str, data: Mapping[str, Any], question: Question) -> Cell:
    known = [ask.id for ask in question.asks]
    asks = tuple(data.get("asks", known))
    _check_asks(owner, asks, known)
    carried = {}
    for name, rule in data.get("carried", {}).items():
        known_keys(owner, rule, ("from", "credit"))
        _check_asks(owner, (name, *rule["from"]), known)
        carried[name] = Carried(tuple(rule["from"]), rule["credit"])
    return NumbersCell(data["grade_id"], float(data["points"]), question, data["get"], asks, carried)


def _check_asks(owner: str, asks: Sequence[str], known: Sequence[str]) -> None:
    for ask in asks:
        if ask not in known:
            raise SpecificationError(f"{owner}: the question does not ask {ask!r}, only {', '.join(known)}")


def _manual_cell(owner: str, data: Mapping[str, Any]) -> Cell:
    rubric = tuple((float(line["points"]), str(line["text"])) for line in data["rubric"])
    if sum(points for points, _ in rubric) != data["points"]:
        raise SpecificationError(f"{owner}: the points of the rubric must add up to {data['points']}")
    return ManualCell(data["grade_id"], float(data["points"]), rubric)
