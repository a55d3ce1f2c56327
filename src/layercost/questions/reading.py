"""Reading what a student wrote. Malformed is not wrong: it is said what is expected instead."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from layercost.convention import unit_in_words
from layercost.message import Message, Words

WORDS = ("parameters", "FLOPs", "MACs", "values", "bytes", "kB", "KiB", "MB", "MiB")
MAX_CHARACTERS = 80
MAX_EXPONENT = 40

_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:[, _'’]\d{3})+(?!\d)|\d+)?(?:\.\d*)?(?:[eE](?P<exponent>[+-]?\d+))?")
_SPACES = dict.fromkeys(map(ord, "\u00a0\u2007\u2008\u2009\u202f"), " ")  # thousands stand apart by these


@dataclass(frozen=True)
class Parsed:
    """A number that was understood, exactly as it was written."""

    value: Fraction


@dataclass(frozen=True)
class Malformed:
    """Something that is no number of the kind asked for; the message is one sentence for the student."""

    message: Message
    is_empty: bool = False


def read_number(raw: object, unit: str, *, whole: bool) -> Parsed | Malformed:
    """The number that a student gave as a value or as text; `unit` is the word that may stand behind it.

    >>> written = (30100, "30,100", "30 100", "3.01e4", 30100.0, "30100 parameters")
    >>> {str(read_number(raw, "parameters", whole=True).value) for raw in written}
    {'30100'}
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return Malformed(Message("There is no answer here yet."), is_empty=True)
    if isinstance(raw, bool):
        expected = _expected(unit, whole)
        return Malformed(Message("{raw} is no number; {expected}.", raw=str(raw), expected=expected))
    value = _from_text(raw, unit, whole) if isinstance(raw, str) else _from_value(raw, unit, whole)
    if isinstance(value, Malformed):
        return value
    if whole and value.denominator != 1:
        expected = _expected(unit, whole)
        return Malformed(
            Message("What is counted here comes in whole numbers; {expected}.", expected=expected)
        )
    return Parsed(value)


def _expected(unit: str, whole: bool) -> Message:
    """What is to be written, as the end of a sentence."""
    said = unit_in_words(unit)
    if whole and unit:
        return Message("write a whole number of {unit}, such as 30100 or 30,100", unit=said)
    if whole:
        return Message("write a whole number, such as 30100 or 30,100")
    return (
        Message("write a number of {unit}, such as 241.04", unit=said)
        if unit
        else Message("write a number, such as 241.04")
    )


def _from_value(raw: object, unit: str, whole: bool) -> Fraction | Malformed:
    if isinstance(raw, int):
        return Fraction(raw)
    if isinstance(raw, float) and math.isfinite(raw):
        return Fraction(raw)
    kinds: tuple[tuple[type, Words], ...] = (
        (list, Message("a list")),
        (tuple, Message("a tuple")),
        (dict, Message("a dictionary")),
        (float, str(raw)),
    )
    given = next((name for kind, name in kinds if isinstance(raw, kind)), Message("something else"))
    expected = _expected(unit, whole)
    return Malformed(Message("This is {given} and not a number; {expected}.", given=given, expected=expected))


def _from_text(raw: str, unit: str, whole: bool) -> Fraction | Malformed:
    text = unicodedata.normalize("NFKC", raw.translate(_SPACES)).strip().replace("\u2212", "-")
    expected = _expected(unit, whole)
    if len(text) > MAX_CHARACTERS:
        return Malformed(Message("This is too long for a number; {expected}.", expected=expected))
    found = _NUMBER.match(text)
    written, rest = (found.group(), text[found.end() :].strip()) if found else ("", text)
    if not found or not re.match(r"[+-]?\.?\d", written) or rest[:1] in {",", ".", "'"} or rest[:1].isdigit():
        return Malformed(
            Message("{text!r} is not read as a number; {expected}.", text=text, expected=expected)
        )
    if rest:
        refused = _refused(rest, unit, expected)
        if refused:
            return refused
    if abs(int(found["exponent"] or 0)) > MAX_EXPONENT:
        return Malformed(Message("This number is too large to be an answer; {expected}.", expected=expected))
    return Fraction(re.sub(r"[, _'’]", "", written))


def _refused(rest: str, unit: str, expected: Message) -> Malformed | None:
    """Why what follows the number cannot stand there; None where it is the unit that was asked for."""
    word = rest.casefold().rstrip(".")
    if unit and word in _spellings(unit):
        return None
    other = next((known for known in WORDS if word in _spellings(known)), "")
    if other and unit:
        asked, given = unit_in_words(unit), unit_in_words(other)
        return Malformed(
            Message(
                "The answer is asked for in {unit}, not in {other}; {expected}.",
                unit=asked,
                other=given,
                expected=expected,
            )
        )
    if rest[:1] in {"*", "/", "+", "-", "×", "(", "^"}:
        return Malformed(Message("This is a calculation; work it out and {expected}.", expected=expected))
    return Malformed(
        Message("Only the number is read, not {rest!r}; {expected}.", rest=rest, expected=expected)
    )


def _spellings(unit: str) -> set[str]:
    """How a unit may be written: in English, and in the language of the moment."""
    folded = (unit.casefold(), str(unit_in_words(unit)).casefold())
    return {spelling for word in folded for spelling in (word, word.removesuffix("s"))}
