"""What every cell that earns points has, whatever its kind."""

from __future__ import annotations

import hashlib
import hmac
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, ClassVar, TypeAlias

from grader.draws import Draws
from grader.protocol import Mark
from grader.score import NOTHING, Entry
from grader.values import Answer, Probe
from layercost.questions import Item, Posed, Question, Template, Variant

NEEDS = ("needs", "deduction")  # keys of a cell whose answer may use the student's functions: `grader.needs`


class SpecificationError(ValueError):
    """A specification that cannot be used; the message says where and what was expected."""


def normalized(student: str) -> str:
    """A student's id as numbers are drawn for it: case, width and spaces around it do not matter."""
    return unicodedata.normalize("NFKC", student).strip().casefold()


@dataclass(frozen=True)
class Sitting:
    """One student's work on an assignment: whose numbers they are, and what came back for each cell.

    `row` is that of the student's own numbers in `draws`; `secret` is for inputs that nobody may know.
    """

    student: str
    secret: bytes
    row: int
    draws: Draws
    answers: Mapping[str, tuple[Answer, ...]]
    _drawn: dict[str, Posed] = field(default_factory=dict)

    def posed(self, question: Template) -> Posed:
        """A question of any kind with the student's own numbers, the same for all of its cells."""
        if question.id not in self._drawn:
            self._drawn[question.id] = self.draws.own(question, self.row)
        return self._drawn[question.id]

    def variant(self, question: Question) -> Variant:
        """A question about numbers, with the student's own."""
        posed = self.posed(question)
        assert isinstance(posed, Variant)
        return posed

    def cases(self, question: Question, count: int) -> tuple[Variant, ...]:
        """A question with hidden inputs, on which a function is tried."""
        return self.draws.cases(question, count, self.hidden_key(question))

    def hidden_key(self, question: Question) -> bytes:
        """What hidden inputs come from: nobody without the secret can know it."""
        message = f"{normalized(self.student)}\0{question.id}".encode()
        return hmac.new(self.secret, message, hashlib.sha256).digest()


# Everything that a student gave as a number: by question, by the cell it was given in, by what was asked.
Own: TypeAlias = dict[str, dict[str, dict[str, Entry]]]


class Cell(ABC):
    """A cell that earns points."""

    keys: ClassVar[tuple[str, ...]]  # what a [[cell]] of this kind may say
    grade_id: str
    points: float

    @property
    def own(self) -> Template | None:
        """The question whose numbers are the student's own, which the release carries."""
        return None

    @property
    def hidden_from(self) -> tuple[tuple[Question, int], ...]:
        """The questions whose numbers are hidden inputs, each with how many make a set."""
        return ()

    @abstractmethod
    def probes(self, sitting: Sitting) -> tuple[Probe, ...]:
        """What to ask the student's code; () where no code is asked."""

    def entries(self, sitting: Sitting) -> dict[str, Entry]:
        """The numbers that the student gave here, which later cells may follow from."""
        return {}

    @abstractmethod
    def mark(self, sitting: Sitting, own: Own) -> Mark:
        """What the answers of a sitting earn."""

    def mistaken(self, sitting: Sitting) -> tuple[object, ...]:
        """What somebody with a known misconception answers to each probe; () where none is known."""
        return ()

    def zeros(self, sitting: Sitting) -> tuple[object, ...]:
        """Zero as the answer to each probe, for each number in it; None where zero is right."""
        return ()

    @classmethod
    @abstractmethod
    def read(cls, owner: str, data: Mapping[str, Any], questions: Mapping[str, Template]) -> Cell:
        """A cell from TOML; raises SpecificationError that says what was expected."""


def template_of(owner: str, data: Mapping[str, Any], questions: Mapping[str, Template]) -> Template:
    """The question that a cell asks, of any kind."""
    if data.get("question") not in questions:
        raise SpecificationError(f"{owner}: there is no question {data.get('question')!r}")
    return questions[data["question"]]


def question_of(owner: str, data: Mapping[str, Any], questions: Mapping[str, Template]) -> Question:
    """The question that a cell asks whose answers are numbers: those of variables or of a function."""
    found = template_of(owner, data, questions)
    if not isinstance(found, Question):
        raise SpecificationError(
            f"{owner}: it asks for numbers, and question {found.id!r} is of the kind {found.kind!r}; "
            "a cell with `fill` takes it"
        )
    return found


def zero_for(item: Item) -> int | None:
    """A wrong answer that nobody has counted, where it is wrong."""
    return None if item.accepts(NOTHING, item.answer) else 0


def plain(number: Fraction) -> int | float:
    """A number as a student's code gives it."""
    return int(number) if number.denominator == 1 else float(number)
