"""A number as people type it, ``4.1G``, ``138 million``, ``528 MB`` or ``1.8e9``, and what it can mean."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

from layercost.message import Message, Words, listing
from layercost.shape import ShapeError, shown

OPERATIONS, PARAMETERS, BYTES, VALUES = "operations", "parameters", "bytes", "values"


class Asked(NamedTuple):
    """One meaning of what was typed: the numbers from `low` to `high` are written like that, `how` says why.

    The lower the `rank`, the plainer the meaning. `kind` is what the number counts, where that was typed.
    """

    low: Fraction
    high: Fraction
    how: Words
    rank: int
    kind: str = ""

    @property
    def middle(self) -> float:
        """The number in the middle."""
        return float((self.low + self.high) / 2)


_NUMBER = re.compile(
    r"(?:about |[~≈]\s*)?([0-9](?:[0-9_,' ]*[0-9])?)(\.[0-9]+)?"  # 15,483 or 15 483, and .48
    r"(?:[eE]\+?([0-9]{1,2})|\s*[x×*]\s*10\s*(?:\^|\*\*)\s*([0-9]{1,2}))?"  # e9 or × 10^9
    r"\s*(.*)"
)
_UNIT = re.compile(
    r"(thousands?|millions?|mio|mn|billions?|bn|trillions?|tn|kilo|mega|giga|tera|peta|[kmgtp]i?|b)?[\s-]*"
    r"(?:(b|bytes?)|(params?|parameters?|weights)"
    r"|(flops?|macs?|m?adds?|mult-?adds?|multiply-?adds?|multiply-accumulates?|ops|operations))?",
    re.IGNORECASE,
)
_GROUPS = re.compile(r"[0-9]{1,3}(,[0-9]{3})+|[0-9_' ]+")
_POWERS = {"k": 1, "t": 4, "m": 2, "g": 3, "b": 3, "p": 5, "th": 1, "tn": 4}  # by the first letters
_NAMES: tuple[Words, ...] = (
    "",
    Message("thousands"),
    Message("millions"),
    Message("billions"),
    Message("trillions"),
    Message("quadrillions"),
)
_LONGEST = 40
_AS_TYPED, _IN_THOUSANDS, _ROUNDED_MORE, _CUT_SHORT, _BINARY = 0, 1, 2, 3, 4  # ranks, the plainest first


class _Typed(NamedTuple):
    """The digits of a number: its value, the size of its last digit, and that of its last digit but zeros."""

    value: Fraction
    last: Fraction
    last_but_zeros: Fraction
    is_whole: bool
    is_short: bool  # of so few digits that a unit may be left out, as in a column headed "M"


def asked(text: str) -> tuple[Asked, ...]:
    """What a typed number can mean, the plainest first; raises ShapeError that says how to type one.

    A number with a fraction, an exponent or a unit is rounded to its last digit. Zeros at the end of a whole
    number may be digits or rounding (300M: 299.5 to 300.5 million, or 295 to 305), and the last digit may be
    cut short instead of rounded (25.5M for 25,557,032). A prefix stands for a power of 1000 or of 1024, and
    a number of few digits without a unit for any of them.
    """
    match = _NUMBER.fullmatch(text.strip())
    unit = _UNIT.fullmatch(match.group(5).strip()) if match else None
    if match is None or unit is None or len(text) > _LONGEST:
        raise _no_number(text)
    typed = _digits(text, match)
    prefix, byte, parameters, operations = (part or "" for part in unit.groups())
    if prefix in ("b", "B") and typed.is_whole and not typed.is_short:
        prefix, byte = "", "B"  # 553430176B: bytes, not billions
    kind = BYTES if byte else PARAMETERS if parameters else OPERATIONS if operations else ""
    meanings = [meaning._replace(kind=kind) for meaning in _meanings(typed, prefix)]
    return tuple(sorted(meanings, key=lambda meaning: meaning.rank))


def _no_number(text: str) -> ShapeError:
    return ShapeError(
        "expected a number, as 15483821032, 15.48G, 528MiB or 4.1e9, or one in words, as 138 million, "
        f"but got {shown(text)}"
    )


def _digits(text: str, match: re.Match[str]) -> _Typed:
    whole, fraction, exponent = match.group(1), match.group(2) or "", match.group(3) or match.group(4)
    if _GROUPS.fullmatch(whole) is None:  # no groups of thousands: 1,5 is one and a half
        whole, comma, decimals = whole.partition(",")
        if not comma or fraction or not (whole + decimals).isdigit():
            raise _no_number(text)
        fraction = f".{decimals}"
    digits = re.sub(r"[_,' ]", "", whole)
    unit = Fraction(10) ** int(exponent or 0)
    last = unit / 10 ** max(len(fraction) - 1, 0)
    zeros = len(digits) - max(len(digits.rstrip("0")), 2)  # two digits are always meant
    return _Typed(
        Fraction(digits + fraction) * unit,
        last,
        last if fraction else unit * 10 ** max(zeros, 0),
        is_whole=not fraction and not exponent,
        is_short=len(digits) <= 4 and not exponent,
    )


def _meanings(typed: _Typed, prefix: str) -> Iterator[Asked]:
    powers: tuple[int, ...] = (1, 2, 3, 4) if typed.is_short else ()
    if prefix:
        powers = (_POWERS.get(prefix[:2].lower()) or _POWERS[prefix[0].lower()],)
    else:
        yield from _rounded(typed, Fraction(1), "", _AS_TYPED)
    for power in powers:
        if not prefix.lower().endswith("i"):
            in_thousands = Message("in {name} (1000^{power})", name=_NAMES[power], power=power)
            yield from _rounded(typed, Fraction(1000**power), in_thousands, _IN_THOUSANDS)
        if len(prefix) <= 2 and prefix.lower() not in ("mn", "bn", "tn"):  # a million is never 1024^2
            yield _within(
                typed,
                typed.last,
                Fraction(1024**power),
                Message("in units of 1024^{power}", power=power),
                _BINARY,
            )


def _rounded(typed: _Typed, unit: Fraction, how: Words, rank: int) -> Iterator[Asked]:
    """The number to its last digit, to its last digit but zeros, and with what follows cut off."""
    if unit == 1 and typed.is_whole:
        yield Asked(typed.value, typed.value, how, rank)
    else:
        yield _within(typed, typed.last, unit, how or Message("rounded"), rank)
        low, high = typed.value + typed.last / 2, typed.value + typed.last
        yield Asked(low * unit, high * unit, listing([how, Message("cut short")]), _CUT_SHORT)
    if typed.last_but_zeros > typed.last:
        said = Message("rounded to {size:,}", size=int(typed.last_but_zeros * unit))
        yield _within(typed, typed.last_but_zeros, unit, said, _ROUNDED_MORE)


def _within(typed: _Typed, digit: Fraction, unit: Fraction, how: Words, rank: int) -> Asked:
    """What rounds to the typed number when `digit` is the last that is kept."""
    return Asked((typed.value - digit / 2) * unit, (typed.value + digit / 2) * unit, how, rank)
