"""The marked cells of an assignment: each kind says what to ask a student's code, and marks what comes back.

A kind is one class: the keys that a ``[[cell]]`` of it has, how it is read, its probes and its marking. All
of it runs on the trusted side.
"""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias

from grader.protocol import Mark
from grader.score import Carried, Entry, by_hand, score_function, score_numbers
from grader.values import Answer, Call, Get, Probe
from layercost.questions import Question, Variant, known_keys


class SpecificationError(ValueError):
    """A specification that cannot be used; the message says where and what was expected."""


def normalized(student: str) -> str:
    """A student's id as numbers are drawn for it: case, width and spaces around it do not matter."""
    return unicodedata.normalize("NFKC", student).strip().casefold()


@dataclass(frozen=True)
class Sitting:
    """One student's work on an assignment: whose numbers they are, and what came back for each cell.

    `drawn_by` begins the seed of the student's own numbers; `secret` is for inputs that nobody may know.
    """

    student: str
    secret: bytes
    drawn_by: str
    answers: Mapping[str, tuple[Answer, ...]]
    _drawn: dict[str, Variant] = field(default_factory=dict)

    def variant(self, question: Question) -> Variant:
        """A question with the student's own numbers, drawn once for all of its cells."""
        if question.id not in self._drawn:
            self._drawn[question.id] = question.draw(self.drawn_by)
        return self._drawn[question.id]

    def hidden_key(self, question: Question) -> bytes:
        """From this the inputs are drawn on which a function is tried."""
        message = f"{normalized(self.student)}\0{question.id}".encode()
        return hmac.new(self.secret, message, hashlib.sha256).digest()


# Everything that a student gave as a number, by question and by what was asked.
Own: TypeAlias = dict[str, dict[str, Entry]]


class Cell(ABC):
    """A cell that earns points."""

    keys: ClassVar[tuple[str, ...]]  # what a [[cell]] of this kind may say
    grade_id: str
    points: float

    @property
    def own(self) -> Question | None:
        """The question whose numbers are the student's own, which the release carries."""
        return None

    @abstractmethod
    def probes(self, sitting: Sitting) -> tuple[Probe, ...]:
        """What to ask the student's code; () where no code is asked."""

    def entries(self, sitting: Sitting) -> dict[str, Entry]:
        """The numbers that the student gave here, which later cells may follow from."""
        return {}

    @abstractmethod
    def mark(self, sitting: Sitting, own: Own) -> Mark:
        """What the answers of a sitting earn."""

    @classmethod
    @abstractmethod
    def read(cls, owner: str, data: Mapping[str, Any], questions: Mapping[str, Question]) -> Cell:
        """A cell from TOML; raises SpecificationError that says what was expected."""


def question_of(owner: str, data: Mapping[str, Any], questions: Mapping[str, Question]) -> Question:
    """The question that a cell asks."""
    if data.get("question") not in questions:
        raise SpecificationError(f"{owner}: there is no question {data.get('question')!r}")
    return questions[data["question"]]


# ---- functions ----------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)  # a cell is itself, so that what was drawn for it can be kept
class FunctionCell(Cell):
    """A function that is called on hidden inputs; `keywords` at their default are left out of the call."""

    keys = ("grade_id", "points", "question", "call", "arguments", "keywords", "defaults", "cases")
    grade_id: str
    points: float
    question: Question
    call: str
    arguments: tuple[str, ...]
    keywords: tuple[str, ...]
    defaults: Mapping[str, object]
    cases: int

    def hidden(self, sitting: Sitting) -> tuple[Variant, ...]:
        """The inputs on which the function is tried; nobody without the secret can know them."""
        return _cases(self, sitting.hidden_key(self.question))

    def probe(self, variant: Variant) -> Probe:
        """One call, with the numbers of a variant."""
        numbers = variant.numbers
        given = {
            name: numbers[name]
            for name in self.keywords
            if name not in self.defaults or numbers[name] != self.defaults[name]
        }
        return Call(self.call, tuple(numbers[name] for name in self.arguments), given)

    def probes(self, sitting: Sitting) -> tuple[Probe, ...]:
        """One call for each hidden input."""
        return tuple(self.probe(variant) for variant in self.hidden(sitting))

    def mark(self, sitting: Sitting, own: Own) -> Mark:
        """By what the function gave back on all inputs together."""
        given = sitting.answers.get(self.grade_id, ())
        return score_function(self.points, self.call, self.hidden(sitting), given)

    @classmethod
    def read(cls, owner: str, data: Mapping[str, Any], questions: Mapping[str, Question]) -> FunctionCell:
        """Its arguments and keywords are all names that the question draws."""
        question = question_of(owner, data, questions)
        names = (*data.get("arguments", ()), *data.get("keywords", ()))
        if set(names) != set(question.names):
            raise SpecificationError(
                f"{owner}: arguments and keywords must be the names that are drawn "
                f"({', '.join(question.names)}), but got {', '.join(names)}"
            )
        if len(question.asks) != 1:
            raise SpecificationError(f"{owner}: a function answers a question with one [[question.ask]]")
        return cls(
            data["grade_id"],
            float(data["points"]),
            question,
            data["call"],
            tuple(data.get("arguments", ())),
            tuple(data.get("keywords", ())),
            data.get("defaults", {}),
            data.get("cases", 6),
        )


@lru_cache(maxsize=256)
def _cases(cell: FunctionCell, key: bytes) -> tuple[Variant, ...]:
    """Kept between asking and marking, since drawing takes longer than marking."""
    return cell.question.draw_cases(key, cell.cases)


# ---- numbers ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NumbersCell(Cell):
    """A variable that holds one number, or a dictionary with a number for each of several `asks`."""

    keys = ("grade_id", "points", "question", "get", "asks", "carried")
    grade_id: str
    points: float
    question: Question
    get: str
    asks: tuple[str, ...]
    carried: Mapping[str, Carried]

    @property
    def own(self) -> Question:
        """The question is about the student's own numbers."""
        return self.question

    def probes(self, sitting: Sitting) -> tuple[Probe, ...]:
        """The variable's value."""
        return (Get(self.get),)

    def entries(self, sitting: Sitting) -> dict[str, Entry]:
        """The number given for each thing asked, or why there is none."""
        given = next(iter(sitting.answers.get(self.grade_id, ())), None)
        return Entry.read_all(sitting.variant(self.question), self.get, self.asks, given)

    def mark(self, sitting: Sitting, own: Own) -> Mark:
        """Each number by itself, and by what follows from the student's others."""
        return score_numbers(self.points, self.asks, own[self.question.id], self.carried)

    @classmethod
    def read(cls, owner: str, data: Mapping[str, Any], questions: Mapping[str, Question]) -> NumbersCell:
        """Its asks are some of the question's, all where none are named."""
        question = question_of(owner, data, questions)
        known = [ask.id for ask in question.asks]
        asks = tuple(data.get("asks", known))
        _check_asks(owner, asks, known)
        carried = {}
        for name, rule in data.get("carried", {}).items():
            known_keys(owner, rule, ("from", "credit"))
            _check_asks(owner, (name, *rule["from"]), known)
            carried[name] = Carried(tuple(rule["from"]), rule["credit"])
        return cls(data["grade_id"], float(data["points"]), question, data["get"], asks, carried)


def _check_asks(owner: str, asks: Sequence[str], known: Sequence[str]) -> None:
    for ask in asks:
        if ask not in known:
            raise SpecificationError(f"{owner}: the question does not ask {ask!r}, only {', '.join(known)}")


# ---- explanations -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ManualCell(Cell):
    """An explanation that a person marks; the rubric is for her."""

    keys = ("grade_id", "points", "rubric")
    grade_id: str
    points: float
    rubric: tuple[tuple[float, str], ...]

    def probes(self, sitting: Sitting) -> tuple[Probe, ...]:
        """No code is asked."""
        return ()

    def mark(self, sitting: Sitting, own: Own) -> Mark:
        """A person gives the points."""
        return by_hand(self.points)

    @classmethod
    def read(cls, owner: str, data: Mapping[str, Any], _questions: Mapping[str, Question]) -> ManualCell:
        """The points of its rubric add up."""
        rubric = tuple((float(line["points"]), str(line["text"])) for line in data["rubric"])
        if sum(points for points, _ in rubric) != data["points"]:
            raise SpecificationError(f"{owner}: the points of the rubric must add up to {data['points']}")
        return cls(data["grade_id"], float(data["points"]), rubric)


# By the key that only a cell of that kind has.
KINDS: dict[str, type[Cell]] = {"call": FunctionCell, "get": NumbersCell, "rubric": ManualCell}


def read_cell(data: Mapping[str, Any], questions: Mapping[str, Question]) -> Cell:
    """A marked cell of a specification.toml; raises SpecificationError and QuestionError."""
    owner = f"cell {data.get('grade_id', '(without grade_id)')!r}"
    kinds = [kind for name, kind in KINDS.items() if name in data]
    if len(kinds) != 1:
        raise SpecificationError(f"{owner}: give exactly one of {', '.join(map(repr, KINDS))}")
    known_keys(owner, data, kinds[0].keys)
    points = data.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float) or not points > 0:
        raise SpecificationError(f"{owner}: points must be a number above 0, but got {points!r}")
    return kinds[0].read(owner, data, questions)
