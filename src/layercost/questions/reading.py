"""Reading what a student wrote. Malformed is not wrong: it is said what is expected instead.

The rules are data in `grammar`; numbers and calculations are worked out in `calculation`.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

from layercost.convention import unit_in_words
from layercost.message import Message, Words
from layercost.questions.calculation import LETTERS, Calculation
from layercost.questions.grammar import (
    APPROXIMATELY,
    BYTE,
    OF_BYTES,
    PERCENT,
    PERCENTAGES,
    PREFIXED,
    PREFIXES,
    RATE,
    SHORT,
    UNITS,
)
from layercost.questions.outcome import Malformed, Parsed, ParsedShape
from layercost.questions.sentences import expected_number, said
from layercost.questions.shapes import read_shape
from layercost.questions.typed import Stopped, Typed, typed

__all__ = ["Malformed", "Parsed", "ParsedShape", "read_number", "read_quantity", "read_shape"]


def read_number(raw: object, unit: str, *, whole: bool) -> Parsed | Malformed:
    """The number that a student gave as a value or as text; `unit` is the word that may stand behind it.

    The unit that was written can only be the one that is asked for. Never raises, whatever was written.

    >>> written = (30100, "30,100", "30'100", "3.01e4", "30.1k", "300*100 + 100", "3.01 × 10⁴ parameters")
    >>> {str(read_number(raw, "parameters", whole=True).value) for raw in written}
    {'30100'}
    """
    found = _read(raw, unit, whole=whole, any_unit=False)
    if isinstance(found, Parsed) and whole and found.value.denominator != 1:
        return Malformed(said("whole", expected=expected_number(unit, whole)))
    return found


def read_quantity(raw: object, unit: str = "", *, whole: bool = False) -> Parsed | Malformed:
    """As `read_number`, with any unit that is known behind the number, and told in what is given.

    `unit` is the unit asked for: its own spellings are read too, and it says whether B are bytes.
    `whole` only decides what is said to be expected.

    >>> found = read_quantity("about 4.09 GMACs")
    >>> float(found.value), found.unit, found.approximate
    (4090000000.0, 'MACs', True)
    >>> str(read_quantity("3 * ").message)
    'A number is missing at the end of “3 *”; write a number, such as 241.04.'
    """
    return _read(raw, unit, whole=whole, any_unit=True)


def _read(raw: object, unit: str, *, whole: bool, any_unit: bool) -> Parsed | Malformed:
    if raw is None:
        return Malformed(said("empty"), is_empty=True)
    expected = expected_number(unit, whole)
    return _from_text(raw, unit, expected, any_unit) if isinstance(raw, str) else _from_value(raw, expected)


# ---- values --------------------------------------------------------------------------------------------


def _from_value(raw: object, expected: Message) -> Parsed | Malformed:
    if isinstance(raw, bool):
        return Malformed(Message("{raw} is no number; {expected}.", raw=str(raw), expected=expected))
    if isinstance(raw, int) or (isinstance(raw, float) and math.isfinite(raw)):
        return Parsed(Fraction(raw))
    kinds: tuple[tuple[type, Words], ...] = (
        (list, Message("a list")),
        (tuple, Message("a tuple")),
        (dict, Message("a dictionary")),
        (float, str(raw) if isinstance(raw, float) else ""),
    )
    given = next((name for kind, name in kinds if isinstance(raw, kind)), Message("something else"))
    return Malformed(Message("This is {given} and not a number; {expected}.", given=given, expected=expected))


# ---- texts ---------------------------------------------------------------------------------------------


def _from_text(raw: str, unit: str, expected: Message, any_unit: bool) -> Parsed | Malformed:
    text = typed(raw)
    if text.is_empty:
        return Malformed(said("empty"), is_empty=True)
    if text.is_too_long:
        return Malformed(said("too-long", expected=expected))
    try:
        return _quantity(text, unit, any_unit)
    except Stopped as stopped:
        sentence = said(stopped.why, **stopped.values, expected=expected)
        return Malformed(sentence, position=text.places[stopped.at])


def _quantity(text: Typed, asked: str, any_unit: bool) -> Parsed:
    start = _past_approximately(text.text)
    calculation = Calculation(text, start, asked)
    value = calculation.sum()
    unit, factor = _unit_behind(text, calculation.at, asked)
    if unit not in ("", asked) and not any_unit:
        raise _another_unit(text, calculation.at, unit, asked)
    return Parsed(value * factor, unit, approximate=start > 0)


def _another_unit(text: Typed, at: int, given: str, asked: str) -> Stopped:
    if not asked:
        return text.stopped("left-over", at)
    return text.stopped("other-unit", at, unit=unit_in_words(asked), other=unit_in_words(given))


def _past_approximately(text: str) -> int:
    """Where the number begins: behind a sign that says that it is not exact."""
    lower = text.lower()
    for sign in APPROXIMATELY:
        behind = text[len(sign) : len(sign) + 1]
        if lower.startswith(sign) and not (sign[-1] in LETTERS and behind in LETTERS):
            return len(sign)
    return 0


def _unit_behind(text: Typed, at: int, asked: str) -> tuple[str, int]:
    """The unit that stands from here on, and what its prefix multiplies; raises Stopped for others."""
    word = text.text[at:].removesuffix(".").rstrip(" ").lower()
    if not word:
        return "", 1
    known = _spellings() | _asked_for(asked)
    if word in known:
        return known[word]
    raise text.stopped(_why_not(word, known), at)


def _why_not(rest: str, known: dict[str, tuple[str, int]]) -> str:
    """Why what stands behind the number cannot stand there."""
    if rest.startswith(PERCENT):
        return "percent"
    if rest.startswith(")"):
        return "not-opened"
    end = next((place for place, character in enumerate(rest) if character not in LETTERS), len(rest))
    return "unit-inside" if end < len(rest) and rest[:end] in known else "left-over"


@cache
def _spellings() -> dict[str, tuple[str, int]]:
    """Each spelling with its unit, and what its prefix multiplies by."""
    plain = {spelling: (unit, 1) for unit, spellings in UNITS.items() for spelling in spellings}
    prefixed = {
        prefix + spelling: (unit, factor)
        for prefix, factor in PREFIXES.items()
        for unit in PREFIXED
        for spelling in UNITS[unit]
    }
    return prefixed | plain


def _asked_for(unit: str) -> dict[str, tuple[str, int]]:
    """How the unit asked for may be written besides: in the language of the moment, in one or in many."""
    words = [unit.lower(), str(unit_in_words(unit)).lower()] if unit else []
    own = {spelling: (unit, 1) for word in words for spelling in _ways(word)}
    bare = (BYTE,) if unit in OF_BYTES else PERCENTAGES if unit in PERCENTAGES else ()
    return dict.fromkeys(bare, ("bytes" if bare == (BYTE,) else unit, 1)) | own


def _ways(word: str) -> list[str]:
    """A unit in many or in one, and one that is told for another: tokens a second, token/s."""
    counted, _, each = word.partition(RATE[0])
    behind = [sign + per for sign in RATE for per in (each, SHORT.get(each, each))] if each else [""]
    return [one + per for one in (counted, counted.removesuffix("s")) for per in behind]
