"""Reading what a student wrote. Malformed is not wrong: it is said what is expected instead."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

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

    message: str
    is_empty: bool = False


def read_number(raw: object, unit: str, *, whole: bool) -> Parsed | Malformed:
    """The number that a student gave as a value or as text; `unit` is the word that may stand behind it.

    >>> written = (30100, "30,100", "30 100", "3.01e4", 30100.0, "30100 parameters")
    >>> {str(read_number(raw, "parameters", whole=True).value) for raw in written}
    {'30100'}
    """
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return Malformed("There is no answer here yet.", is_empty=True)
    if isinstance(raw, bool):
        return Malformed(f"{raw} is no number; {_expected(unit, whole)}.")
    value = _from_text(raw, unit, whole) if isinstance(raw, str) else _from_value(raw, unit, whole)
    if isinstance(value, Malformed):
        return value
    if whole and value.denominator != 1:
        return Malformed(f"What is counted here comes in whole numbers; {_expected(unit, whole)}.")
    return Parsed(value)


def _expected(unit: str, whole: bool) -> str:
    example = "30100 or 30,100" if whole else "241.04"
    kind = "a whole number" if whole else "a number"
    return f"write {kind}{f' of {unit}' if unit else ''}, such as {example}"


def _from_value(raw: object, unit: str, whole: bool) -> Fraction | Malformed:
    if isinstance(raw, int):
        return Fraction(raw)
    if isinstance(raw, float) and math.isfinite(raw):
        return Fraction(raw)
    kinds = ((list, "a list"), (tuple, "a tuple"), (dict, "a dictionary"), (float, str(raw)))
    given = next((name for kind, name in kinds if isinstance(raw, kind)), "something else")
    return Malformed(f"This is {given} and not a number; {_expected(unit, whole)}.")


def _from_text(raw: str, unit: str, whole: bool) -> Fraction | Malformed:
    text = unicodedata.normalize("NFKC", raw.translate(_SPACES)).strip().replace("\u2212", "-")
    if len(text) > MAX_CHARACTERS:
        return Malformed(f"This is too long for a number; {_expected(unit, whole)}.")
    found = _NUMBER.match(text)
    written, rest = (found.group(), text[found.end() :].strip()) if found else ("", text)
    if not found or not re.match(r"[+-]?\.?\d", written) or rest[:1] in {",", ".", "'"} or rest[:1].isdigit():
        return Malformed(f"{text!r} is not read as a number; {_expected(unit, whole)}.")
    if rest:
        refused = _refused(rest, unit, whole)
        if refused:
            return refused
    if abs(int(found["exponent"] or 0)) > MAX_EXPONENT:
        return Malformed(f"This number is too large to be an answer; {_expected(unit, whole)}.")
    return Fraction(re.sub(r"[, _'’]", "", written))


def _refused(rest: str, unit: str, whole: bool) -> Malformed | None:
    """Why what follows the number cannot stand there; None where it is the unit that was asked for."""
    word = rest.casefold().rstrip(".")
    if unit and word in _spellings(unit):
        return None
    other = next((known for known in WORDS if word in _spellings(known)), "")
    if other and unit:
        return Malformed(f"The answer is asked for in {unit}, not in {other}; {_expected(unit, whole)}.")
    if rest[:1] in {"*", "/", "+", "-", "×", "(", "^"}:
        return Malformed(f"This is a calculation; work it out and {_expected(unit, whole)}.")
    return Malformed(f"Only the number is read, not {rest!r}; {_expected(unit, whole)}.")


def _spellings(unit: str) -> set[str]:
    return {unit.casefold(), unit.casefold().removesuffix("s")}
