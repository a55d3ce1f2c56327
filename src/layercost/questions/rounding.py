"""Numbers that are rounded: after the sum, so that their first digits are left, or on the way to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import NamedTuple

from layercost.message import Message, Words
from layercost.questions.grammar import WITHIN

ROUNDED, NEARLY = "rounded", "nearly"  # what a number is of the right one
LARGE, TELLING = 10_000, 3  # from where on people round; the digits that tell one mistake from others
FARTHER, MUCH_FARTHER = 2, 5  # times as far as the nearest
NEXT_TO, NO_FURTHER = Fraction(1, WITHIN), Fraction(1, 20)  # how far, of a number, what is near it may be


class Stands(NamedTuple):
    """Whose number one stands for: ROUNDED or NEARLY of the right one, or a belief; and what is said of it.

    `says` takes the sentence of the belief.
    """

    of: str
    says: Callable[[Words], Words]


def _cut_off(says: Words) -> Message:
    return Message("Rounded, this is what one mistake that we know gives. {says}", says=says)


def _roughly(says: Words) -> Message:
    return Message(
        "Roughly, this is what one mistake that we know gives; see whether it is yours. {says}", says=says
    )


_RIGHT_ROUNDED = Stands(
    ROUNDED,
    lambda _: Message("This is the right number, rounded or cut off: more of its digits are asked for."),
)
_RIGHT_NEARLY = Stands(
    NEARLY,
    lambda _: Message(
        "This is within one percent of the right number: you rounded on the way, or a small part is missing "
        "or too much."
    ),
)


def rounded(
    given: Fraction, right: Fraction, answers: Mapping[str, Fraction], tolerance: Fraction
) -> Stands | None:
    """Of which number only the first digits are given: the right one, or that of one belief alone.

    A single digit, where decimals are wanted, stands for what is not far from it.
    """
    written = _digits(given)
    if written is None or written.step <= (tolerance or 1) or (not tolerance and given < LARGE):
        return None
    if written.begin(right) and (written.many > 1 or not tolerance or _not_far(given, right)):
        return _RIGHT_ROUNDED
    held = [name for name, answer in answers.items() if written.begin(answer)]
    return Stands(held[0], _cut_off) if len(held) == 1 and written.many >= TELLING else None


def nearly(given: Fraction, right: Fraction, answers: Mapping[str, Fraction]) -> Stands | None:
    """Which number one is near, as if rounded on the way: the right one, or that of one belief alone."""
    if is_near(given, right):
        return _RIGHT_NEARLY
    name = _whose(given, right, answers)
    return Stands(name, _roughly) if name else None


class Digits(NamedTuple):
    """The first digits of a number: how many they are, and what one more of the last would be."""

    given: Fraction
    many: int
    step: Fraction

    def begin(self, exact: Fraction) -> bool:
        """Whether an exact number begins with them, rounded, or cut off where there are several."""
        above = self.step if self.many > 1 else self.step / 2
        return self.given - self.step / 2 <= exact < self.given + above


def _digits(given: Fraction) -> Digits | None:
    """The digits of a number as they are written, without the zeros at the end of a whole one."""
    places = next((places for places in range(10) if 10**places % given.denominator == 0), None)
    if given <= 0 or places is None:
        return None
    written = str(given * 10**places)
    digits = len(written) if places else len(written.rstrip("0"))
    return Digits(given, digits, Fraction(10) ** (len(written) - digits - places))


def is_near(given: Fraction, exact: Fraction) -> bool:
    """Whether a number is within one percent of an exact one."""
    return exact > 0 and abs(given - exact) <= NEXT_TO * exact


def _not_far(given: Fraction, exact: Fraction) -> bool:
    return abs(given - exact) <= NO_FURTHER * exact


def _whose(given: Fraction, right: Fraction, answers: Mapping[str, Fraction]) -> str:
    """Whose wrong answer a number is near, or roughly stands for; empty where it is nobody's, or several's.

    A number that is written to few digits stands for those that begin with them, unless they are far: for
    nobody's if the right one does. Of several, it is that of the nearest if the others are much farther;
    the right one has to be farther, too.
    """
    written = _digits(given)
    if written is not None and written.begin(right):
        return ""

    def stands_for(exact: Fraction) -> bool:
        begins = written is not None and written.begin(exact)
        return is_near(given, exact) or (begins and _not_far(given, exact))

    found = sorted((abs(given - answer), name) for name, answer in answers.items() if stands_for(answer))
    alone = len(found) == 1 or (len(found) > 1 and found[1][0] > MUCH_FARTHER * found[0][0])
    return found[0][1] if alone and abs(given - right) > FARTHER * found[0][0] else ""
