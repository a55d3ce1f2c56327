"""What earns points in an assignment: its questions, and which cell of the notebook answers which.

A `specification.toml` holds questions in the schema of `layercost.questions`, and one `[[cell]]` for each
cell that earns points (`grader.cells`): a function that is called on hidden inputs, numbers that are read
from variables, or an explanation that a person marks. Everything here runs on the trusted side.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TypeGuard

from grader.cells import (
    Cell,
    FunctionCell,
    ManualCell,
    Own,
    Sitting,
    SpecificationError,
    normalized,
)
from grader.cells.blanks import told
from grader.draws import (
    FILE as DRAWS,
)
from grader.draws import (
    ROWS,
    Drawing,
    Draws,
    FreshDraws,
    StoredDraws,
    from_text,
    rows_of,
    to_text,
)
from grader.examples import failing_example
from grader.needs import FILE as MODELS
from grader.needs import Needs, all_needed, better, key_of, less_deduction, read_models, read_needs
from grader.papers.progress import Progress
from grader.protocol import Mark, Model, SecondRun
from grader.reading import Reader
from grader.values import Answer, Probe
from layercost.message import Words
from layercost.questions import Posed, Question, Template

NOTHING: Mapping[str, tuple[Answer, ...]] = {}
_TOLD = re.compile(r"`[^`]*`|\d(?:[\d.,]*\d)?")  # code, and numbers
CONSONANTS, VOWELS = "bdfgklmnprstvz", "aeiou"


@dataclass(frozen=True)
class AssignmentSpecification:
    """The `grader.protocol.Specification` that a specification.toml describes."""

    name: str
    notebook: str
    identity: str
    salt: str
    cells: tuple[Cell, ...]
    titles: Mapping[str, str] = field(default_factory=dict)  # of cells that have one, by grade_id
    needs: Mapping[str, Needs] = field(default_factory=dict)  # of cells that need functions, by grade_id
    stored: StoredDraws | None = None  # what was drawn when it was built
    models: Mapping[str, Model] = field(default_factory=dict)  # which a build took from the solution

    def same_student(self, typed: object, student: str) -> bool:
        """Whether what stands in the id cell names this student."""
        return isinstance(typed, str) and normalized(typed) == normalized(student)

    def row(self, student: str) -> int:
        """The row of variants.json that belongs to a student, as the setup cell computes it."""
        digest = hashlib.sha256(f"{self.salt}/{normalized(student)}".encode()).hexdigest()
        return int(digest, 16) % ROWS

    def check_word(self, student: str) -> str:
        """A word that belongs to a student's id: the setup cell prints it, and so does `grader words`.

        Another word shows a typing mistake at once. It is three syllables, which many ids share, so it tells
        nobody which ids there are.
        """
        letters = hashlib.sha256(f"{self.salt}/word/{normalized(student)}".encode()).digest()
        pairs = zip(letters[0:6:2], letters[1:6:2], strict=True)
        return "".join(CONSONANTS[one % 14] + VOWELS[other % 5] for one, other in pairs)

    @property
    def draws(self) -> Draws:
        """Where numbers come from: what was drawn when it was built, or else drawn and vetted now."""
        return self.stored or FreshDraws(self.salt)

    def variant(self, question: Template, row: int) -> Posed:
        """A question with the numbers of a row."""
        return self.draws.own(question, row)

    def draw(self, secret: bytes, earlier: str, *, in_use: bool, progress: Progress) -> str:
        """All numbers, drawn and vetted, as the text of a file; of `earlier` is kept what is as good as new.

        `in_use` says that students work on the earlier numbers, which then stay while their ranges do.
        """
        known = from_text(earlier) if earlier else StoredDraws({}, {})
        drawing = Drawing(self.salt, secret, known, in_use, progress)
        return to_text(
            drawing.all(self._own.values(), (one for cell in self.cells for one in cell.hidden_from))
        )

    def variants(self) -> dict[str, object]:
        """What variants.json holds: the salt, and all rows of each question about one's own numbers."""
        return {
            name: [released(self.variant(question, row)) for row in range(rows_of(question))]
            for name, question in self._own.items()
        } | {"salt": self.salt}

    def asked(self) -> dict[str, object]:
        """What each question that the release tells asks for, row by row, without the words of its text."""
        return {
            name: [_asked(self.variant(question, row)) for row in range(rows_of(question))]
            for name, question in self._own.items()
            if not isinstance(question, Question)
        }

    @cached_property
    def _own(self) -> dict[str, Template]:
        return {cell.own.id: cell.own for cell in self.cells if cell.own is not None}

    def sitting(
        self, student: str, secret: bytes, answers: Mapping[str, tuple[Answer, ...]] | None = None
    ) -> Sitting:
        """A student's work, before and after the code was asked."""
        return Sitting(student, secret, self.row(student), self.draws, answers or {})

    def probes(self, student: str, secret: bytes) -> dict[str, tuple[Probe, ...]]:
        """What to ask this student's code, by `grade_id` of the marked cell."""
        sitting = self.sitting(student, secret)
        return {cell.grade_id: cell.probes(sitting) for cell in self.cells}

    def mistaken(self, student: str, secret: bytes) -> dict[str, tuple[object, ...]]:
        """What somebody with a known misconception answers to each probe, by `grade_id` of the cell."""
        sitting = self.sitting(student, secret)
        return {cell.grade_id: cell.mistaken(sitting) for cell in self.cells}

    def zeros(self, student: str, secret: bytes) -> dict[str, tuple[object, ...]]:
        """What somebody gives who writes zero everywhere, but nothing where zero is right."""
        sitting = self.sitting(student, secret)
        return {cell.grade_id: cell.zeros(sitting) for cell in self.cells}

    def score(
        self,
        student: str,
        secret: bytes,
        answers: Mapping[str, tuple[Answer, ...]],
        again: Mapping[str, tuple[Answer, ...]] = NOTHING,
    ) -> dict[str, Mark]:
        """Marks by `grade_id`; depends on nothing but its arguments."""
        sitting = self.sitting(student, secret, answers)
        own = self._entries(sitting)
        marks = {cell.grade_id: cell.mark(sitting, own) for cell in self.cells}
        then = replace(sitting, answers={**answers, **again})  # one run as a whole: cells carry on from cells
        own = self._entries(then)
        with_models = {
            cell.grade_id: self._better(cell.grade_id, marks, cell.mark(then, own))
            for cell in self._short(marks)
            if cell.grade_id in again
        }
        return marks | with_models

    def _entries(self, sitting: Sitting) -> Own:
        """All that the student gave as numbers."""
        own: Own = {name: {} for name in self._own}
        for cell in self.cells:
            if cell.own is not None:
                own[cell.own.id][cell.grade_id] = cell.entries(sitting)
        return own

    # ---- what needs a function that is wrong

    def needed(self) -> dict[str, str]:
        """The names of the functions that cells need, by the `grade_id` of the cells that try them."""
        names = {other for name in self.needs for other in all_needed(name, self.needs)}
        return {
            one.grade_id: one.call
            for one in self.cells
            if isinstance(one, FunctionCell) and one.grade_id in names
        }

    def runs(self) -> int:
        """How often one submission may have to run: once, and again for each set of needed functions."""
        return 1 + len({all_needed(name, self.needs) for name in self.needs})

    def least(self, grade_id: str, wrong: str) -> float:
        """What a right answer earns where only that to the cell `wrong` is not: all but the deduction."""
        if wrong not in all_needed(grade_id, self.needs):
            return 0.0
        points = next(cell.points for cell in self.cells if cell.grade_id == grade_id)
        return less_deduction(points, points, self.needs[grade_id].deduction)

    def second_runs(self, student: str, secret: bytes, marks: Mapping[str, Mark]) -> tuple[SecondRun, ...]:
        """What to ask once more with the model's functions in place; () for who can gain nothing by it."""
        sitting = self.sitting(student, secret)
        together: dict[tuple[str, ...], dict[str, tuple[Probe, ...]]] = {}
        for cell in self._short(marks):
            needed = all_needed(cell.grade_id, self.needs)
            if all(other in self.models for other in needed):
                together.setdefault(needed, {})[cell.grade_id] = cell.probes(sitting)
        runs = ((tuple(self.models[one] for one in needed), probes) for needed, probes in together.items())
        return tuple(SecondRun(key_of(models), models, probes) for models, probes in runs)

    def _short(self, marks: Mapping[str, Mark]) -> list[Cell]:
        """The cells that lack points and need a function that lacks some too."""
        lacking = {grade_id for grade_id, mark in marks.items() if mark.points < mark.max_points}
        return [
            cell
            for cell in self.cells
            if cell.grade_id in lacking and lacking & set(all_needed(cell.grade_id, self.needs))
        ]

    def _better(self, name: str, marks: Mapping[str, Mark], second: Mark) -> Mark:
        """The mark of a cell, or that of its second answers less the deduction."""
        functions = [
            function
            for other, function in self.needed().items()
            if other in all_needed(name, self.needs) and marks[other].points < marks[other].max_points
        ]
        return better(marks[name], second, self.needs[name].deduction, functions)

    # ---- what people are told about a marked cell

    def title(self, grade_id: str) -> str:
        """What the specification calls a cell; empty where the heading above it says enough."""
        return self.titles.get(grade_id, "")

    def rubric(self, grade_id: str) -> tuple[tuple[float, str], ...]:
        """For what a person gives how many points."""
        return next((cell.rubric for cell in self.cells if _by_hand(cell, grade_id)), ())

    def example(self, student: str, secret: bytes, grade_id: str, diagnosis: str) -> Words:
        """A call on published inputs that shows what was found; empty where none does."""
        sitting = self.sitting(student, secret)
        cell = next((one for one in self.cells if one.grade_id == grade_id), None)
        return failing_example(cell, sitting, diagnosis) if isinstance(cell, FunctionCell) else ""


def _by_hand(cell: Cell, grade_id: str) -> TypeGuard[ManualCell]:
    return isinstance(cell, ManualCell) and cell.grade_id == grade_id


def released(posed: Posed) -> dict[str, object]:
    """What a student may see of a question: its numbers, and the text where blanks are to be filled."""
    numbers = {name: one for name, one in posed.state()["numbers"].items() if name not in posed.sought}
    return numbers if isinstance(posed.template, Question) else {**numbers, "told": told(posed)}


def _asked(posed: Posed) -> list[object]:
    """The numbers and the code that are told, the places for answers, and what is right in them.

    Another wording asks for the same, as long as it tells the same numbers.
    """
    fields = [(one.id, one.form, one.unit, [option.id for option in one.options]) for one in posed.fields]
    return [_TOLD.findall(posed.told()), fields, posed.answers()]


# ---- reading ------------------------------------------------------------------------------------


def load(path: Path) -> AssignmentSpecification:
    """Reads a specification.toml, and what was drawn for it where that lies beside it.

    Raises SpecificationError that says where and what was expected.
    """
    read = _read(path)
    drawn = path.with_name(DRAWS)
    try:
        read = replace(read, models=read_models(path.parent))
    except (OSError, ValueError) as error:
        models = path.with_name(MODELS)
        raise SpecificationError(f"{models}: {error}; make it again with `grader build`") from error
    try:
        return replace(read, stored=from_text(drawn.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return read  # it was not built yet
    except (OSError, ValueError) as error:
        raise SpecificationError(f"{drawn}: {error}; make it again with `grader build`") from error


def _read(path: Path) -> AssignmentSpecification:
    read = Reader.of(path)
    data = read.data
    titles = {one["grade_id"]: str(one["title"]) for one in data["cell"] if "title" in one}
    return AssignmentSpecification(
        data["name"],
        data["notebook"],
        data.get("identity", ""),
        data["salt"],
        tuple(read.cells),
        titles,
        read_needs(data["cell"]),
    )
