"""Blanks to fill: a table, a derivation, a choice, in short a question of any kind that the library poses.

The variable that `fill` names holds the answers: a dictionary by the ids of the question's fields, such as
``{"conv1/parameters": 456}``, or the answer itself where there is one field. What follows from the student's
own earlier answers is said by the question, and is marked as it is in practice and on paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.cells.cell import NEEDS, Cell, Own, Sitting, template_of
from grader.protocol import Mark
from grader.score import diagnoses, filled_in, score_blanks
from grader.values import Answer, Get, Probe
from layercost.questions import RIGHT, Diagnosis, Option, Posed, Template


@dataclass(frozen=True)
class BlanksCell(Cell):
    """A variable that holds what a student puts into the blanks of a question."""

    keys = ("grade_id", "points", "question", "fill", *NEEDS)
    grade_id: str
    points: float
    question: Template
    fill: str

    @property
    def own(self) -> Template:
        """The question is posed with the student's own numbers."""
        return self.question

    def probes(self, sitting: Sitting) -> tuple[Probe, ...]:
        """The variable's value."""
        return (Get(self.fill),)

    def mark(self, sitting: Sitting, own: Own) -> Mark:
        """Each blank by itself, and by what follows from the student's own."""
        return score_blanks(self.points, self.fill, sitting.posed(self.question), self._given(sitting))

    def _given(self, sitting: Sitting) -> Answer | None:
        return next(iter(sitting.answers.get(self.grade_id, ())), None)

    def found(self, sitting: Sitting) -> dict[str, tuple[object, Diagnosis]]:
        """What stands in each blank and what it shows; nothing where the variable could not be read."""
        posed = sitting.posed(self.question)
        given = filled_in(self.fill, posed, self._given(sitting))
        if isinstance(given, Diagnosis):
            return {}
        shown = diagnoses(self.fill, posed, given)
        return {name: (given.get(name), one) for name, one in shown.items()}

    def mistaken(self, sitting: Sitting) -> tuple[object, ...]:
        """The first known wrong answer in each blank; the right one where none is known."""
        posed = sitting.posed(self.question)
        wrong = {one.field: one.answer for one in reversed(posed.wrong())}
        return ({**posed.answers(), **wrong},) if wrong else ()

    def zeros(self, sitting: Sitting) -> tuple[object, ...]:
        """Zero in each blank."""
        posed = sitting.posed(self.question)
        right = {one.id: posed.diagnose("0", one.id).id == RIGHT for one in posed.fields}
        return ({name: None if is_zero else 0 for name, is_zero in right.items()},)

    @classmethod
    def read(cls, owner: str, data: Mapping[str, Any], questions: Mapping[str, Template]) -> BlanksCell:
        """A question of any kind will do."""
        return cls(data["grade_id"], float(data["points"]), template_of(owner, data, questions), data["fill"])


def told(posed: Posed) -> str:
    """The whole question in words, as the release shows it: what is asked, and the words to choose from.

    Some kinds list their options in what is asked; these are not said twice.
    """
    asked = posed.told()
    options = [
        line
        for field in posed.fields
        for option in field.options
        if not option.id.isdecimal()  # the numbers of lines, which stand before them
        if (line := _as_a_choice(option)) not in asked
    ]
    return "\n".join([asked, *([""] if options else []), *options])


def _as_a_choice(option: Option) -> str:
    """The word to write, and what it stands for."""
    return f"{option.id}: {option.words}" if option.words != option.id else option.id
