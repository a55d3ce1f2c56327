"""What one student is asked: the exam's questions with numbers of their own, and what earns points there.

Numbers follow from the seed, the student's id and the question's id alone, so that a paper can be printed
again, and so that a question moved to another place keeps its numbers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from grader.cells import normalized
from grader.course import CourseError
from grader.papers.blueprint import Blueprint, Place
from grader.papers.formulas import marked, set_line
from grader.roster import Student
from layercost.convention import unit_in_words
from layercost.questions import QuestionError
from layercost.questions.kind import Field, Line, Posed, Wrong

Credited: TypeAlias = tuple[Fraction, Wrong]  # the share of the points that a wrong answer earns


class DrawError(CourseError):
    """A question that cannot be drawn for a student; the message names both."""


@dataclass(frozen=True)
class Asked:
    """One question on one student's paper."""

    place: Place
    posed: Posed

    @property
    def points(self) -> Fraction:
        return self.place.section.points


@dataclass(frozen=True)
class Sheet:
    """All questions of one student."""

    blueprint: Blueprint
    student: Student
    asked: tuple[Asked, ...]

    @property
    def points(self) -> Fraction:
        """What all right answers earn together."""
        return sum((one.points for one in self.asked), Fraction(0))


def draw(blueprint: Blueprint, every: Sequence[Place], student: Student, seed: str) -> Sheet:
    """A student's sheet, the same for ever; raises DrawError."""
    return Sheet(blueprint, student, tuple(Asked(place, _posed(place, student, seed)) for place in every))


def _posed(place: Place, student: Student, seed: str) -> Posed:
    named = f"{seed}\0{normalized(student.id)}\0{place.template.id}"
    try:
        return place.template.draw(hashlib.sha256(named.encode()).hexdigest())
    except QuestionError as error:
        raise DrawError(f"question {place.number} for student {student.id!r}: {error}") from None


# ---- as the templates take it -------------------------------------------------------------------


def paper(sheet: Sheet, size: str) -> dict[str, Any]:
    """What stands on the paper: nothing of the answers."""
    return _frame(sheet, size, [_question(one) for one in sheet.asked])


def key(sheet: Sheet, size: str) -> dict[str, Any]:
    """What stands on the key: the answers, how they come about, and what wrong ones earn."""
    return _frame(sheet, size, [_solved(one, sheet.blueprint.partial) for one in sheet.asked])


def _frame(sheet: Sheet, size: str, questions: list[dict[str, Any]]) -> dict[str, Any]:
    blueprint = sheet.blueprint
    return {
        "size": size,
        "title": blueprint.title,
        "minutes": blueprint.minutes,
        "instructions": blueprint.instructions,
        "student": {"id": sheet.student.id, "name": sheet.student.name},
        "points": plain(sheet.points),
        "questions": questions,
    }


def _question(one: Asked) -> dict[str, Any]:
    section = one.place.section
    return {
        "number": one.place.number,
        "section": section.title,
        "note": marked(section.note),
        "points": plain(one.points),
        "space": section.space,
        "told": [marked(part) for part in one.posed.told().split("\n\n")],
        "fields": [_field(field) for field in one.posed.fields],
    }


def _field(field: Field) -> dict[str, Any]:
    options = [marked(option.words) for option in field.options]
    unit = str(unit_in_words(field.unit)) if field.unit else ""
    return {"form": field.form, "words": marked(field.words), "unit": unit, "options": options}


def _solved(one: Asked, partial: Fraction) -> dict[str, Any]:
    known = credited(one.posed, partial)
    return {
        **_question(one),
        "answers": [_answer(one, field, known) for field in one.posed.fields],
        "solution": [set_line(line) for line in derived(one.posed.solution())],
    }


def derived(solution: Sequence[Line]) -> list[Line]:
    """The lines of a solution, without a formula that a later line says again."""
    formulas = [line.formula for line in solution]
    return [
        line
        for place, line in enumerate(solution)
        if line.formula is None or line.formula not in formulas[place + 1 :]
    ]


def _answer(one: Asked, field: Field, known: Sequence[Credited]) -> dict[str, Any]:
    """The right answer of a field, and the wrong ones that are known, those that earn most first."""
    points = one.points / len(one.posed.fields)
    wrong = [(share * points, each) for share, each in known if each.field == field.id]
    wrong.sort(key=lambda each: -each[0])
    return {
        "words": marked(field.words),
        "right": marked(shown(field, one.posed.answers()[field.id])),
        "unit": str(unit_in_words(field.unit)) if field.unit else "",
        "points": plain(points),
        "wrong": [_wrong(field, each, earned) for earned, each in wrong],
    }


def credited(posed: Posed, partial: Fraction) -> list[Credited]:
    """The known wrong answers with their shares: the question's own, or `partial` where it gives none."""
    known = posed.wrong()
    gives = any(each.diagnosis.credit for each in known)
    return [(each.diagnosis.credit if gives else partial, each) for each in known]


def _wrong(field: Field, each: Wrong, earned: Fraction) -> dict[str, Any]:
    return {
        "answer": marked(shown(field, each.answer)),
        "points": plain(earned),
        "why": marked(each.diagnosis.message),
    }


def shown(field: Field, answer: str) -> str:
    """An answer as a person reads it: digits in groups, options by their letters on the paper."""
    if field.form == "number":
        return grouped(answer)
    if field.options:
        return ", ".join(lettered(field, name.strip()) for name in answer.split(","))
    return answer


def grouped(answer: str) -> str:
    """A typed number with its digits in groups; what is none stays as it is."""
    whole, point, decimals = answer.partition(".")
    return f"{int(whole):,}{point}{decimals}" if whole.removeprefix("-").isdecimal() else answer


def lettered(field: Field, name: str) -> str:
    """An option's letter on the paper: A for the first."""
    places = {option.id: place for place, option in enumerate(field.options)}
    return chr(ord("A") + places[name]) if name in places and places[name] < 26 else name


def plain(points: Fraction) -> str:
    """Points as a person writes them, to two decimals."""
    return f"{float(points):.2f}".rstrip("0").rstrip(".")
