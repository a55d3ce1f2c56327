"""Wrong numbers that are right elsewhere: for another student's numbers, or for the published network.

It is asked only of numbers that nothing else explains, since a coincidence would accuse; one number alone is
believed only where chance would hardly have found it among those of all students.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from grader.cells.cell import Sitting
from grader.score import Entry
from layercost.message import Message
from layercost.questions import Diagnosis, Question, QuestionError

ANOTHER, CLASSIC = "another-students-numbers", "classic-numbers"
CHANCE = Fraction(3, 100)  # the share of numbers of a size that may be right for somebody
FOR_ANOTHER = Message(
    "This is right for other numbers than yours: does the id cell hold your student id, letter by letter, "
    "and was every cell run again after it?"
)
FOR_THE_CLASSIC = Message(
    "This is right for the published network; yours has the numbers that the notebook prints."
)


def found_elsewhere(
    sitting: Sitting, question: Question, classic: Mapping[str, object], numbers: Mapping[str, Entry]
) -> Diagnosis | None:
    """Where all of these wrong numbers are right; None where that is nowhere, or may be chance."""
    values = {ask: entry.value for ask, entry in numbers.items() if isinstance(entry.value, Fraction)}
    if not values:
        return None
    if classic and _are_right(question, classic, numbers):
        return Diagnosis(CLASSIC, FOR_THE_CLASSIC, Fraction(0))
    rows = set.intersection(
        *(_rows(sitting, question, ask, numbers[ask], value) for ask, value in values.items())
    )
    if not rows - {sitting.row}:
        return None
    if len(values) == 1 and _by_chance(sitting, question, *next(iter(numbers.items()))):
        return None
    return Diagnosis(ANOTHER, FOR_ANOTHER, Fraction(0))


def _are_right(question: Question, classic: Mapping[str, object], numbers: Mapping[str, Entry]) -> bool:
    try:
        variant = question.variant(classic)  # type: ignore[arg-type]
        right = {ask: variant.item(ask).answer for ask in numbers}
    except (QuestionError, KeyError):
        return False
    return all(
        isinstance(entry.value, Fraction) and entry.item.accepts(entry.value, right[ask])
        for ask, entry in numbers.items()
    )


def _rows(sitting: Sitting, question: Question, ask: str, entry: Entry, value: Fraction) -> set[int]:
    answers = sitting.draws.answers(question, ask)
    return {row for row, answer in enumerate(answers) if entry.item.accepts(value, answer)}


def _by_chance(sitting: Sitting, question: Question, ask: str, entry: Entry) -> bool:
    """Whether so many numbers of this size are right for somebody that one of them says nothing."""
    assert isinstance(entry.value, Fraction)
    near = {one for one in sitting.draws.answers(question, ask) if entry.value / 2 <= one <= 2 * entry.value}
    width = 2 * entry.item.tolerance or Fraction(1)
    return len(near) * width > CHANCE * entry.value * Fraction(3, 2)
