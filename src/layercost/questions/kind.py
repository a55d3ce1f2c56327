"""What every kind of question is: a template that is drawn, and a question as posed, which marks answers.

A kind is one module of `layercost.questions.kinds`. It declares a `Template` (a question of the bank, as
data) and the `Posed` that it draws, and registers with `kind` how the one is read from TOML or JSON. Page,
papers, exports and the classroom know no more of a question than what stands here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, ClassVar, Literal, NamedTuple, TypeAlias

from layercost.convention import unknown
from layercost.expression import TEXT, Expression, defining, definitions
from layercost.message import Message, Words
from layercost.questions.draw import QuestionError, Seed
from layercost.questions.explain import Diagnosis
from layercost.questions.skills import SKILLS

Form: TypeAlias = Literal["number", "shape", "choice", "order"]
LEVELS = (1, 2, 3)


class Option(NamedTuple):
    """One of several answers to choose from, or to put in order."""

    id: str
    words: Words


@dataclass(frozen=True)
class Field:
    """A place for an answer. `words` ask for it where a question asks for several things.

    A `number` or a `shape` is typed, of a `choice` one option's id is given, of an `order` all ids, from the
    first to the last, as a list or with commas between them.
    """

    id: str
    form: Form
    words: Words = ""
    unit: str = ""
    options: tuple[Option, ...] = ()


class Line(NamedTuple):
    """A line of a worked solution: words, a formula with its numbers and its total, or both."""

    words: Words
    formula: Expression | None = None
    unit: str = ""


def derived(steps: Iterable[tuple[Words, Expression, str]]) -> list[Line]:
    """Lines of a solution: before each formula what its letters stand for, where that was not said before."""
    lines: list[Line] = []
    told: dict[str, str] = {}
    for words, formula, unit in steps:
        for each in definitions(formula):
            says = defining(each, TEXT)
            if each is not formula and told.get(each.name) != says:
                lines.append(Line(Message("where"), each))
                told[each.name] = says
        lines.append(Line(words, formula, unit))
    return lines


class Wrong(NamedTuple):
    """A wrong answer that is understood: the field, the answer as one would type it, and its diagnosis."""

    field: str
    answer: str
    diagnosis: Diagnosis


class Posed(ABC):
    """A question with its numbers: what is asked, what is right, what an answer shows."""

    @property
    @abstractmethod
    def template(self) -> Template:
        """The question of the bank that was drawn."""

    @property
    @abstractmethod
    def fields(self) -> tuple[Field, ...]:
        """The places for answers, in order."""

    @abstractmethod
    def told(self, language: str = "en") -> str:
        """The whole question in words, with its convention; what stands between backticks is code."""

    @abstractmethod
    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """What an answer in one field shows; malformed is not wrong."""

    @abstractmethod
    def answers(self) -> dict[str, str]:
        """The right answer of each field, as one would type it; one of several where many are right."""

    @abstractmethod
    def wrong(self) -> list[Wrong]:
        """The wrong answers that are known beforehand, none of them right."""

    @abstractmethod
    def solution(self) -> list[Line]:
        """How the answers come about."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What was drawn, as plain data from which the template poses the same question again."""

    @property
    def sought(self) -> frozenset[str]:
        """The names among `state`'s numbers that are the answer, which nobody may see who is asked."""
        return frozenset()

    def hint(self) -> Words:
        """Where to begin."""
        return Message("Take it apart: what is counted, and how often does it occur?")

    def mark(self, answers: Mapping[str, object]) -> dict[str, Diagnosis]:
        """What the answers show, field by field; one that is not there is malformed."""
        return {field.id: self.diagnose(answers.get(field.id), field.id) for field in self.fields}

    def share(self, answers: Mapping[str, object]) -> Fraction:
        """The share of the points that the answers earn: each field as much as any other."""
        marks = self.mark(answers)
        return sum((one.credit for one in marks.values()), Fraction(0)) / len(marks)

    def field(self, name: str = "") -> Field:
        """The only field, or the one with this id; raises QuestionError where there is none."""
        if not name and len(self.fields) == 1:
            return self.fields[0]
        for one in self.fields:
            if one.id == name:
                return one
        known = [one.id for one in self.fields]
        raise QuestionError(f"question {self.template.id!r}: {unknown(Message('field'), name, known)}")


class Template(ABC):
    """A question of the bank, whose numbers are not drawn yet."""

    kind: ClassVar[str] = ""
    id: str
    level: int
    skills: tuple[str, ...]

    @abstractmethod
    def draw(self, seed: Seed) -> Posed:
        """The question of this seed, for ever; raises QuestionError where none tells right from wrong."""

    @abstractmethod
    def posed(self, state: Mapping[str, Any]) -> Posed:
        """The question that `Posed.state` wrote down; raises QuestionError for what it cannot be."""

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """What the template is about: layer or network, quantity, kind; no two templates share all of it."""
        return ()


Read: TypeAlias = Callable[[str, Mapping[str, Any]], Template]
KINDS: dict[str, Read] = {}


def kind(name: str) -> Callable[[Read], Read]:
    """Register how a kind is read: a function of the question's name in messages, and its data."""

    def registered(read: Read) -> Read:
        KINDS[name] = read
        return read

    return registered


def read_question(data: Mapping[str, Any]) -> Template:
    """Reads one question from TOML or JSON; raises QuestionError that names it and says what was expected."""
    owner = f"question {data.get('id', '(without id)')!r}"
    name = data.get("kind", "compute")
    if name not in KINDS:
        raise QuestionError(f"{owner}: {unknown(Message('kind'), name, KINDS)}")
    for key in ("id", "level", "skills"):
        if key not in data:
            near = get_close_matches(key, [one for one in data if one not in ("id", "level", "skills")], 1)
            meant = f"; did you mean it by {near[0]!r}?" if near else ""
            raise QuestionError(f"{owner}: {key!r} is missing{meant}")
    check_level_and_skills(owner, data["level"], data["skills"])
    return KINDS[name](owner, {key: value for key, value in data.items() if key != "kind"})


def check_level_and_skills(owner: str, level: object, skills: Sequence[str]) -> None:
    """Raise QuestionError for a level that is not there, and for a skill that is not in the closed set."""
    if level not in LEVELS or isinstance(level, bool):
        raise QuestionError(f"{owner}: a level is 1, 2 or 3, but got {level!r}")
    for skill in skills:
        if skill not in SKILLS:
            raise QuestionError(f"{owner}: {unknown(Message('skill'), skill, SKILLS)}")
    if not skills:
        raise QuestionError(f"{owner}: it trains no skill; there are {', '.join(SKILLS)}")


def choices(posed: Posed) -> Iterator[tuple[Field, Option]]:
    """Every option of every field."""
    return ((field, option) for field in posed.fields for option in field.options)
