"""What was asked of one student, number by number: asked, answered, expected, and what it shows.

For the teacher only: hidden inputs stand in it. It is worked out anew from the record's answers, by the same
specification that marks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import singledispatch
from typing import Protocol, runtime_checkable

from grader.cells import BlanksCell, Cell, FunctionCell, NumbersCell, Sitting
from grader.course import Assignment
from grader.examples import as_said, as_typed
from grader.needs import STOOD_IN
from grader.protocol import Mark
from grader.record import Record
from grader.score import Entry
from grader.values import Answer, Failure
from layercost.message import Words
from layercost.questions import RIGHT, Field, Item, Parsed
from layercost.questions.distance import MAGNITUDE, WRONG_FACTOR, WRONG_POWER
from layercost.questions.explain import REEXPRESSED, SOME_RIGHT, UNKNOWN
from layercost.questions.reading import read_number
from layercost.questions.reexpression import reexpress_answer

UNEXPLAINED = (UNKNOWN, REEXPRESSED, SOME_RIGHT, MAGNITUDE, WRONG_FACTOR, WRONG_POWER)
FUNCTIONS_TRIED = 3  # of a function's wrong answers, to say what re-expresses them all


@dataclass(frozen=True)
class Case:
    """One thing asked: a call or a number, what came back, and what would have been right."""

    asked: str
    given: str
    expected: str
    right: bool
    number: Fraction | None = None  # what came back, where it is a number
    answer: Fraction | None = None


@dataclass(frozen=True)
class Detail:
    """One entry of a cell: a function with the calls that it was tried on, or one number."""

    grade_id: str
    entry: str  # the name of the number; empty where the cell asks for one thing only
    diagnosis: str
    message: Words
    credit: float
    cases: tuple[Case, ...]
    key: str = ""  # the same for all whose unknown wrong answers came about alike

    @property
    def right(self) -> bool:
        return self.diagnosis == RIGHT


@runtime_checkable
class WithCells(Protocol):
    """A specification that says how each of its cells came to its mark."""

    cells: tuple[Cell, ...]

    def sitting(
        self, student: str, secret: bytes, answers: Mapping[str, tuple[Answer, ...]] | None = None
    ) -> Sitting:
        """A student's work, with what came back."""


def details(assignment: Assignment, record: Record) -> tuple[Detail, ...]:
    """Everything that was asked of the student of a record, by the version that it was made from.

    Where the file could not be read, no more than the marks.
    """
    assignment = assignment.made_from(record.version)
    specification = assignment.specification
    if record.reason or not isinstance(specification, WithCells):
        return tuple(_of_mark(grade_id, mark) for grade_id, mark in record.marks.items())
    answers = {grade_id: tuple(answer for _, answer in pairs) for grade_id, pairs in record.asked.items()}
    sitting = specification.sitting(
        record.student, assignment.secret, _asked_now(assignment, record, answers)
    )
    return tuple(
        detail
        for cell in specification.cells
        if (mark := record.marks.get(cell.grade_id)) is not None
        for detail in map(_with_model(mark), _of_cell(cell, sitting, mark))
    )


def _with_model(mark: Mark) -> Callable[[Detail], Detail]:
    """Wrong numbers that came from a wrong function are explained by that, and by nothing else."""

    def explained(detail: Detail) -> Detail:
        unexplained = mark.diagnosis == STOOD_IN and detail.diagnosis in UNEXPLAINED
        return replace(detail, diagnosis=STOOD_IN, key="") if unexplained else detail

    return explained


def _asked_now(
    assignment: Assignment, record: Record, answers: Mapping[str, tuple[Answer, ...]]
) -> Mapping[str, tuple[Answer, ...]]:
    """The answers to what the specification asks today; a record may hold older ones behind them."""
    probes = assignment.specification.probes(record.student, assignment.secret)
    return record.answers_to(probes) or answers


@singledispatch
def _of_cell(cell: Cell, _sitting: Sitting, mark: Mark) -> Iterator[Detail]:
    """A kind of cell that says no more than its mark."""
    yield _of_mark(cell.grade_id, mark)


def _of_mark(grade_id: str, mark: Mark) -> Detail:
    share = mark.points / mark.max_points if mark.max_points else 0.0
    return Detail(grade_id, "", mark.diagnosis, mark.message, share, ())


@_of_cell.register
def _of_function(cell: FunctionCell, sitting: Sitting, mark: Mark) -> Iterator[Detail]:
    answers = sitting.answers.get(cell.grade_id, ())
    variants = cell.hidden(sitting)
    items = [variant.item() for variant in variants]
    cases = tuple(
        _case(as_typed(cell.probe(variant)), item, answer)
        for variant, item, answer in zip(variants, items, answers, strict=False)
    )
    key = _common_key(items, cases) if mark.diagnosis in UNEXPLAINED else ""
    yield replace(_of_mark(cell.grade_id, mark), cases=cases, key=key)


def _case(asked: str, item: Item, answer: Answer) -> Case:
    expected = as_said(item.answer, item.decimals)
    if isinstance(answer, Failure):
        return Case(asked, str(answer.text), expected, right=False)
    parsed = item.parse(answer.value)
    number = parsed.value if isinstance(parsed, Parsed) else None
    right = number is not None and item.accepts(number, item.answer)
    return Case(asked, repr(answer.value)[:200], expected, right, number, item.answer)


def _common_key(items: Sequence[Item], cases: Sequence[Case]) -> str:
    """What re-expresses some wrong answers of a function alike; empty where nothing does."""
    wrong = [(item, case.number) for item, case in zip(items, cases, strict=False) if not case.right]
    numbers = [(item, number) for item, number in wrong if number is not None]
    if not numbers or len(numbers) < len(wrong):
        return ""
    found = (
        reexpress_answer(item.task, number, item.tolerance) for item, number in numbers[:FUNCTIONS_TRIED]
    )
    keys = {one.key if one else "" for one in found}
    return keys.pop() if len(keys) == 1 else ""


@_of_cell.register
def _of_numbers(cell: NumbersCell, sitting: Sitting, mark: Mark) -> Iterator[Detail]:
    entries = cell.entries(sitting)
    for name, entry in entries.items():
        yield _of_entry(cell, name if len(entries) > 1 else "", entry, mark, alone=len(entries) == 1)


@_of_cell.register
def _of_blanks(cell: BlanksCell, sitting: Sitting, mark: Mark) -> Iterator[Detail]:
    found, right = cell.found(sitting), sitting.posed(cell.question).answers()
    if not found:
        yield _of_mark(cell.grade_id, mark)
    for field in sitting.posed(cell.question).fields if found else ():
        given, one = found[field.id]
        name = field.id if len(found) > 1 else ""
        case = Case(
            *(f"{cell.fill}[{name!r}]" if name else cell.fill, repr(given)[:200], right.get(field.id, "")),
            right=one.id == RIGHT,
            number=_in_blank(field, given),
            answer=_in_blank(field, right.get(field.id)),
        )
        yield Detail(cell.grade_id, name, one.id, one.message, float(one.credit), (case,), one.key)


def _in_blank(field: Field, given: object) -> Fraction | None:
    """The number that stands in a blank, where one is asked for."""
    parsed = read_number(given, field.unit, whole=False) if field.form == "number" else None
    return parsed.value if isinstance(parsed, Parsed) else None


def _of_entry(cell: NumbersCell, name: str, entry: Entry, mark: Mark, *, alone: bool) -> Detail:
    item, found = entry.item, entry.diagnosis
    given = entry.value
    number = given if isinstance(given, Fraction) else None
    said = as_said(given, item.decimals) if isinstance(given, Fraction) else str(given.message)
    case = Case(
        *(f"{cell.get}[{name!r}]" if name else cell.get, said, as_said(item.answer, item.decimals)),
        right=found.id == RIGHT,
        number=number,
        answer=item.answer,
    )
    if alone:  # the mark knows what follows from the student's other numbers
        return replace(_of_mark(cell.grade_id, mark), cases=(case,), key=found.key)
    return Detail(cell.grade_id, name, found.id, found.message, float(found.credit), (case,), found.key)
