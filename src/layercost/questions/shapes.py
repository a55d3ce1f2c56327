"""Reading shapes: 28x28x6, 28 × 28 × 6, (6, 28, 28), [6,28,28], 28 28 6, or a list of whole numbers.

A comma parts sizes here and never thousands: 30,100 is a shape of two axes.
"""

from __future__ import annotations

from layercost.questions.calculation import DIGITS
from layercost.questions.grammar import BRACKETS, MAX_AXES, MAX_DIGITS_OF_A_SIZE, SHOWN, SIZE_SEPARATORS
from layercost.questions.outcome import Malformed, ParsedShape
from layercost.questions.sentences import EXPECTED, said
from layercost.questions.typed import Stopped, Typed, quoted, typed


def read_shape(raw: object) -> ParsedShape | Malformed:
    """The shape that a student gave as text, as a whole number, or as a list or tuple of them.

    >>> {read_shape(raw).sizes for raw in ("6x28x28", "6 × 28 × 28", "(6, 28, 28)", "6 28 28", [6, 28, 28])}
    {(6, 28, 28)}
    """
    if raw is None:
        return Malformed(said("empty"), is_empty=True)
    if isinstance(raw, str):
        return _from_text(raw)
    sizes = tuple(raw) if isinstance(raw, list | tuple) else (raw,)
    return _checked(sizes) if sizes else _malformed("no-shape", text=quoted("()"))


def _malformed(why: str, position: int | None = None, **values: object) -> Malformed:
    return Malformed(said(why, **values, expected=EXPECTED["shape"]), position=position)


def _checked(sizes: tuple[object, ...]) -> ParsedShape | Malformed:
    if len(sizes) > MAX_AXES:
        return _malformed("axes", most=MAX_AXES)
    wrong = next((size for size in sizes if not _is_size(size)), None)
    if wrong is None:
        return ParsedShape(tuple(size for size in sizes if isinstance(size, int)))
    return _malformed("size", rest=quoted(_short(wrong)))


def _is_size(size: object) -> bool:
    if not isinstance(size, int) or isinstance(size, bool):
        return False
    return bool(1 <= size < 10**MAX_DIGITS_OF_A_SIZE)


def _short(value: object) -> str:
    """A value as a sentence repeats it; of one that may be long only its type."""
    short = isinstance(value, bool | float) or (isinstance(value, int) and abs(value) < 10**SHOWN)
    return str(value) if short else type(value).__name__


def _from_text(raw: str) -> ParsedShape | Malformed:
    text = typed(raw)
    if text.is_empty:
        return Malformed(said("empty"), is_empty=True)
    if text.is_too_long:
        return _malformed("too-long")
    try:
        return ParsedShape(_sizes(text, *_inside(text)))
    except Stopped as stopped:
        return _malformed(stopped.why, text.places[stopped.at], most=MAX_AXES, **stopped.values)


def _inside(text: Typed) -> tuple[int, int]:
    """Where the sizes begin and end, without the brackets around them, a comma behind them or a full stop."""
    end = len(text.text.removesuffix(".").rstrip(" "))
    first, last = text.text[:1], text.text[end - 1 : end]
    opened, closed = first in BRACKETS, last in BRACKETS.values()
    if not opened and not closed:
        return 0, end
    if not opened or not closed or BRACKETS[first] != last:
        raise text.stopped("not-closed-shape", 0)
    inside = text.text[1 : end - 1].rstrip(" ")
    return 1, 1 + len(inside.removesuffix(",").rstrip(" "))


def _sizes(text: Typed, at: int, end: int) -> tuple[int, ...]:
    found: list[int] = []
    sign = ""
    while True:
        at = _past_spaces(text.text, at)
        size, at = _size(text, at, end)
        found.append(size)
        if len(found) > MAX_AXES:
            raise text.stopped("axes", at)
        behind, after = _separator(text.text, at, end)
        if not behind:
            return tuple(found)
        if sign and behind != sign:
            raise text.stopped("mixed-shape", at)
        sign, at = behind, after


def _size(text: Typed, at: int, end: int) -> tuple[int, int]:
    stop = at
    while stop < end and text.text[stop] in DIGITS:
        stop += 1
    found = text.text[at:stop]
    if not found:
        raise text.stopped("no-size" if at > 0 and at < end else "no-shape", at)
    if len(found) > MAX_DIGITS_OF_A_SIZE or not int(found):
        raise text.stopped("size", at)
    return int(found), stop


def _separator(text: str, at: int, end: int) -> tuple[str, int]:
    """What parts two sizes, and where the next one begins; "" at the end."""
    place = _past_spaces(text, at)
    if place >= end:
        return "", place
    sign = SIZE_SEPARATORS.get(text[place], "")
    if sign:
        return sign, place + 1
    return (" ", place) if place > at else ("?", place)


def _past_spaces(text: str, at: int) -> int:
    while text[at : at + 1] == " ":
        at += 1
    return at
