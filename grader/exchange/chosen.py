"""Which questions go out, each with some draws of its numbers that stay the same for ever."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from grader.course import CourseError
from layercost.convention import unknown
from layercost.message import Message
from layercost.questions import QuestionError, Variant
from layercost.questions.bank import templates
from layercost.questions.kind import Field, Posed, Template, Wrong
from layercost.questions.skills import SKILLS


@dataclass(frozen=True)
class Drawn:
    """A question with its numbers, and which draw of its template it is, from 1 on."""

    posed: Posed
    number: int

    @property
    def template(self) -> Template:
        return self.posed.template

    @property
    def id(self) -> str:
        """Stable: another export with the same seed has the same question under it."""
        return f"{self.template.id}-{self.number}"


@dataclass
class Report:
    """What went out, and what did not, by name and with the reason."""

    written: int = 0
    left_out: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


def chosen(skills: Sequence[str]) -> list[Template]:
    """The questions of the bank that train one of these skills, or all of them; raises CourseError."""
    for skill in skills:
        if skill not in SKILLS:
            raise CourseError(str(unknown(Message("skill"), skill, SKILLS)))
    every = templates().values()
    found = [one for one in every if not skills or not set(skills).isdisjoint(one.skills)]
    if not found:
        raise CourseError(f"The bank has no question yet for {', '.join(skills)}.")
    return found


def draws(every: Iterable[Template], seed: str, count: int, report: Report) -> Iterator[Drawn]:
    """Each template `count` times, without draws that repeat an earlier one."""
    for template in every:
        seen: set[str] = set()
        for number in range(1, count + 1):
            try:
                posed = template.draw(f"{seed}/{number}")
            except QuestionError as error:
                report.left_out.append(str(error))
                break
            state = json.dumps(posed.state(), sort_keys=True)
            if state not in seen:
                seen.add(state)
                yield Drawn(posed, number)


def wrong_in(posed: Posed, asked: Field) -> list[Wrong]:
    """The known wrong answers of one field, each answer once, those that earn most first."""
    found: dict[str, Wrong] = {}
    for one in posed.wrong():
        if one.field == asked.id:
            found.setdefault(one.answer, one)
    return sorted(found.values(), key=lambda one: -one.diagnosis.credit)


class Expected(NamedTuple):
    """A right number as text, and how far from it an answer may be."""

    number: str
    tolerance: Fraction


def expected(posed: Posed, asked: Field) -> Expected:
    """The right number of a field, exactly where the question knows it, and what is taken for it."""
    if isinstance(posed, Variant):
        item = posed.item(asked.id)
        return Expected(plain(item.answer), item.tolerance)
    typed = posed.answers()[asked.id]
    unit = Fraction(1, 10 ** len(typed.partition(".")[2]))
    tries = [unit, unit / 2, *(abs(Fraction(typed)) * share for share in _SHARES)]
    taken = [distance for distance in tries if _takes(posed, asked, Fraction(typed), distance)]
    return Expected(typed, max(taken, default=Fraction(0)))


_SHARES = [Fraction(share, 100) for share in (1, 2, 5, 10, 20, 25, 50)]  # how far an estimate may be off


def _takes(posed: Posed, asked: Field, right: Fraction, distance: Fraction) -> bool:
    """Whether a question takes numbers that are so far off, above and below."""
    near = (right - distance, right + distance)
    return all(posed.diagnose(plain(number), asked.id).credit == 1 for number in near)


def plain(number: Fraction) -> str:
    """An exact number in decimals, to twelve of them."""
    whole = round(number * 10**12)
    sign, digits = "-" if whole < 0 else "", f"{abs(whole):013}"
    return f"{sign}{digits[:-12]}.{digits[-12:]}".rstrip("0").rstrip(".")
