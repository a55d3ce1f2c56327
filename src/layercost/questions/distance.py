"""How far a number that no mistake explains is from the right one."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple

from layercost.message import Joined, Message, Words
from layercost.questions.grammar import SAME_MAGNITUDE

WRONG_POWER, WRONG_FACTOR, MAGNITUDE = "wrong-power-of-ten", "wrong-factor", "right-magnitude"

POWERS, OF_A_POWER = (10, 100, 1000, 10**6, 10**9), Fraction(103, 100)  # of ten, and how nearly
OF_A_PREFIX = 1000  # from where on it is prefixes that are mixed up
FACTORS, OF_A_FACTOR = range(2, 10), Fraction(101, 100)
MUCH = (100, 10, SAME_MAGNITUDE)  # what a wrong number is told to be off by, the largest first


class Off(NamedTuple):
    """By what a number is off: WRONG_POWER, WRONG_FACTOR or MAGNITUDE, and what is said of it."""

    of: str
    says: Words


def off(given: Fraction, right: Fraction) -> Off | None:
    """By what a number is off; None where it is not even of the right order of magnitude."""
    if given <= 0 or right <= 0:
        return None
    return _power(given, right) or _factor(given, right) or _magnitude(given, right)


def is_close(given: Fraction, right: Fraction) -> bool:
    """Whether a number has the right order of magnitude."""
    return given < SAME_MAGNITUDE * right and right < SAME_MAGNITUDE * given


def earned_by(outcome: str, given: Fraction, right: Fraction) -> tuple[str, ...]:
    """The outcomes for which a number may earn its share: what is close earns no less for being more."""
    return (outcome, MAGNITUDE) if is_close(given, right) else (outcome,)


def how_far(given: Fraction, right: Fraction) -> Words:
    """Of a number that is far from the right one: its sign, or by how much at least it is off."""
    if given <= 0 < right:
        return Message("What is asked for is more than nothing.")
    if right <= 0:
        return ""
    for factor in MUCH:
        if given >= factor * right:
            return Message("It is at least {factor} times too large.", factor=factor)
        if given * factor <= right:
            return Message("It is at least {factor} times too small.", factor=factor)
    return ""


def _power(given: Fraction, right: Fraction) -> Off | None:
    """The digits are right, or nearly so, and the point stands elsewhere."""
    power = _times(given, right, POWERS, OF_A_POWER)
    if power is None:
        return None
    if given > right:
        says = Message(
            "The digits are right, or nearly, but it is {times} times too large.", times=f"{power:,}"
        )
    else:
        says = Message(
            "The digits are right, or nearly, but it is {times} times too small.", times=f"{power:,}"
        )
    prefixes = Message("Look at the prefixes: kilo, mega, giga.") if power >= OF_A_PREFIX else ""
    return Off(WRONG_POWER, Joined([says, prefixes]))


def _factor(given: Fraction, right: Fraction) -> Off | None:
    factor = _times(given, right, FACTORS, OF_A_FACTOR)
    if factor is None:
        return None
    if given > right:
        says = Message("It is {times} times too large, or nearly: which factor is too much?", times=factor)
    else:
        says = Message("It is {times} times too small, or nearly: which factor is missing?", times=factor)
    return Off(WRONG_FACTOR, says)


def _times(given: Fraction, right: Fraction, factors: Iterable[int], nearly: Fraction) -> int | None:
    """By which of some factors a number is too large or too small; None where it is none of them."""
    ratio = max(given / right, right / given)
    return next((one for one in factors if one <= ratio * nearly and ratio <= one * nearly), None)


def _magnitude(given: Fraction, right: Fraction) -> Off | None:
    if not is_close(given, right):
        return None
    if given > right:
        says = Message("This has the right order of magnitude, but is too large; look for what is too much.")
    else:
        says = Message("This has the right order of magnitude, but is too small; look for what is missing.")
    return Off(MAGNITUDE, says)
