"""Numbers that stand in a variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

from grader.cells.cell import NEEDS, Cell, Own, Sitting, SpecificationError, plain, question_of, zero_for
from grader.protocol import Mark
from grader.score import Carried, Entry, score_numbers
from grader.values import Get, Probe
from layercost.questions import Question, Template, known_keys


@dataclass(frozen=True)
class NumbersCell(Cell):
    """A variable that holds one number, or a dictionary with a number for each of several `asks`."""

    keys = ("grade_id", "points", "question", "get", "asks", "carried", "classic", *NEEDS)
    grade_id: str
    points: float
    question: Question
    get: str
    asks: tuple[str, ...]
    carried: Mapping[str, Carried]
    classic: Mapping[str, object] = field(default_factory=dict)

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
        cells = own[self.question.id]
        others = {
            ask: entry
            for grade_id, given in reversed(cells.items())  # of two that ask the same, the first is believed
            for ask, entry in given.items()
            if grade_id != self.grade_id
        }
        from grader.elsewhere import found_elsewhere  # it needs what every cell has, which needs this

        elsewhere = partial(found_elsewhere, sitting, self.question, self.classic)
        return score_numbers(self.points, cells[self.grade_id], others, self.carried, elsewhere)

    def mistaken(self, sitting: Sitting) -> tuple[object, ...]:
        """The first known wrong number for each thing asked; the right one where none is known."""
        variant = sitting.variant(self.question)
        wrong = {one.field: Fraction(one.answer) for one in reversed(variant.wrong())}
        given = {ask: plain(wrong.get(ask, variant.item(ask).answer)) for ask in self.asks}
        if not wrong.keys() & given.keys():
            return ()
        return (next(iter(given.values())) if len(given) == 1 else given,)

    def zeros(self, sitting: Sitting) -> tuple[object, ...]:
        """Zero for each thing asked."""
        variant = sitting.variant(self.question)
        given = {ask: zero_for(variant.item(ask)) for ask in self.asks}
        return (next(iter(given.values())) if len(given) == 1 else given,)

    @classmethod
    def read(cls, owner: str, data: Mapping[str, Any], questions: Mapping[str, Template]) -> NumbersCell:
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
        return cls(
            data["grade_id"],
            float(data["points"]),
            question,
            data["get"],
            asks,
            carried,
            _classic(owner, data, question),
        )


def _check_asks(owner: str, asks: Sequence[str], known: Sequence[str]) -> None:
    for ask in asks:
        if ask not in known:
            raise SpecificationError(f"{owner}: the question does not ask {ask!r}, only {', '.join(known)}")


def _classic(owner: str, data: Mapping[str, Any], question: Question) -> dict[str, object]:
    """The numbers of a published network, one for each name that is drawn; none where none is named."""
    classic = dict(data.get("classic", {}))
    if classic and set(classic) != set(question.names):
        raise SpecificationError(
            f"{owner}: 'classic' has a number for each name that is drawn ({', '.join(question.names)}), "
            f"but got {', '.join(classic)}"
        )
    return classic
