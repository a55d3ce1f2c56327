"""Works out what was typed: numbers and calculations, exactly and within limits, by recursive descent.

    sum      = product { ("+" | "-") product }
    product  = factor { ("*" | "×" | "·" | "x" | "/" | "÷") factor }
    factor   = [ "+" | "-" ] power
    power    = (number | "(" sum ")") [ superscript ] [ scale ] [ ("^" | "**") factor [ scale ] ]

So -2^2 is -4, 2^3^2 is 2^9, and 2^10 k is 1,024,000: a suffix never belongs to an exponent.
"""

from __future__ import annotations

from fractions import Fraction
from string import ascii_letters, digits

from layercost.questions.grammar import (
    BYTE,
    DIVIDED,
    EXPONENT,
    GROUP,
    IDEOGRAPHS,
    MAX_BITS,
    MAX_DEPTH,
    MAX_DIGITS_OF_AN_EXPONENT,
    MAX_EXPONENT,
    OF_BYTES,
    POINT,
    POWER,
    SCALES,
    SEPARATORS,
    SIGNS,
    SUPERSCRIPT_SIGNS,
    SUPERSCRIPTS,
    TIMES,
)
from layercost.questions.typed import Typed

DIGITS, LETTERS = frozenset(digits), frozenset(ascii_letters)


class Calculation:
    """A place in a typed text, which moves on as numbers and signs are read.

    `unit` is the unit asked for: where it is one of bytes, a bare B is no billion.
    """

    def __init__(self, typed: Typed, at: int, unit: str) -> None:
        self.typed, self.text, self.at = typed, typed.text, at
        self.counts_bytes = unit in OF_BYTES
        self.numbers = 0
        self.depth = 0

    # ---- sums, products, powers ------------------------------------------------------------------------

    def sum(self) -> Fraction:
        """A sum, from here on; raises Stopped where it cannot be read."""
        value = self._product()
        while self._here_past_spaces() in SIGNS:
            place, sign = self.at, self._take(1)
            other = self._product()
            value = self._bounded(value + other if sign == "+" else value - other, place)
        return value

    def _product(self) -> Fraction:
        value = self._factor(scaled=True)
        while sign := self._sign_of_product():
            place = self._spaces()
            other = self._factor(scaled=True)
            if sign in TIMES:
                value = self._bounded(value * other, place)
            elif other:
                value = self._bounded(value / other, place)
            else:
                raise self.typed.stopped("zero", place)
        return value

    def _sign_of_product(self) -> str:
        self._spaces()
        sign = self._word().lower() or self._here()
        if sign not in TIMES and sign not in DIVIDED:
            return ""
        self._take(1)
        return sign

    def _factor(self, *, scaled: bool) -> Fraction:
        self._spaces()
        sign = self._take(1) if self._here() in SIGNS else ""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.typed.stopped("too-deep", self.at)
        value = self._power(scaled=scaled)
        self.depth -= 1
        return -value if sign == "-" else value

    def _power(self, *, scaled: bool) -> Fraction:
        value = self._bracket() if self._here_past_spaces() == "(" else self._number()
        value = self._superscript(value)
        value = self._scaled(value) if scaled else value
        self._spaces()
        sign = next((sign for sign in POWER if self.text.startswith(sign, self.at)), "")
        if not sign:
            return value
        self._take(len(sign))
        place = self._spaces()
        value = self._raised(value, self._factor(scaled=False), place)
        return self._scaled(value) if scaled else value

    def _bracket(self) -> Fraction:
        opened = self.at
        self._take(1)
        value = self.sum()
        if self._here() != ")":
            why = "not-closed" if self.at == len(self.text) else "left-over"
            raise self.typed.stopped(why, opened if why == "not-closed" else self.at)
        self._take(1)
        return value

    def _superscript(self, value: Fraction) -> Fraction:
        place, sign = self.at, SUPERSCRIPT_SIGNS.get(self._here(), 0)
        self.at += abs(sign)
        found = self._run(frozenset(SUPERSCRIPTS))
        if not found:
            self.at = place
            return value
        exponent = "".join(str(SUPERSCRIPTS.index(each)) for each in found)
        return self._raised(value, self._exponent(exponent, place) * (sign or 1), place)

    def _raised(self, value: Fraction, exponent: Fraction | int, place: int) -> Fraction:
        if exponent.denominator != 1:
            raise self.typed.stopped("power", place)
        if not value and exponent < 0:
            raise self.typed.stopped("zero", place)
        power = int(exponent)
        if abs(power) > MAX_EXPONENT or (_bits(value) - 1) * abs(power) > MAX_BITS:
            raise self.typed.stopped("too-large", place)
        return self._bounded(value**power, place)

    def _bounded(self, value: Fraction, place: int) -> Fraction:
        if _bits(value) > MAX_BITS:
            raise self.typed.stopped("too-large", place)
        return value

    # ---- numbers ---------------------------------------------------------------------------------------

    def _number(self) -> Fraction:
        start = self.at
        whole, part = self._grouped(), ""
        if self._here() == POINT and (whole or self._here(1) in DIGITS):
            self._take(1)
            part = self._run(DIGITS)
            self._check_what_follows()
        if not whole and not part:
            raise self._nothing_to_read(start)
        if whole == "0" and self._here() in "xX" and self._here(1) in DIGITS:
            raise self.typed.stopped("left-over", self.at)  # 0x10 is no product
        self.numbers += 1
        exponent = self._exponent_behind() - len(part)
        return self._bounded(Fraction(int(whole + part)) * Fraction(10) ** exponent, start)

    def _nothing_to_read(self, at: int) -> Exception:
        if not self.numbers:
            return self.typed.stopped("no-number", at)
        return self.typed.stopped("ends-early" if at == len(self.text) else "no-operand", at)

    def _grouped(self) -> str:
        """The digits before the point, with their thousands parted or not."""
        first = found = self._run(DIGITS)
        sign = ""
        while found and self._here() in SEPARATORS and self._here(1) in DIGITS:
            self._check_separator(first, sign)
            sign, place = self._here(), self.at
            self._take(1)
            group = self._run(DIGITS)
            if len(group) != GROUP:
                raise self.typed.stopped("group", place)
            found += group
        return found

    def _check_separator(self, first: str, sign: str) -> None:
        here = self._here()
        if sign and here != sign:
            raise self.typed.stopped("mixed", self.at)
        if len(first) > GROUP:
            raise self.typed.stopped(
                "group" if here == " " else "first-group", self.at, sign=f"“{here}”", digits=f"{len(first)}"
            )
        if first.startswith("0"):
            raise self.typed.stopped("leading-zero", self.at)

    def _check_what_follows(self) -> None:
        """Behind a decimal point and its digits stand no point and no further group."""
        here = self._here()
        if self._here(1) not in DIGITS:
            return
        if here == POINT:
            raise self.typed.stopped("points", self.at)
        if here in SEPARATORS:
            raise self.typed.stopped("after-point", self.at)

    def _exponent_behind(self) -> int:
        """The power of ten in 3e4 and 3E+4; 0 where there is none."""
        place = self.at
        if self._here().lower() != EXPONENT:
            return 0
        self._take(1)
        sign = self._take(1) if self._here() in SIGNS else ""
        found = self._run(DIGITS)
        if not found:
            self.at = place
            return 0
        exponent = self._exponent(found, place)
        return -exponent if sign == "-" else exponent

    def _exponent(self, found: str, place: int) -> int:
        if len(found) > MAX_DIGITS_OF_AN_EXPONENT or int(found) > MAX_EXPONENT:
            raise self.typed.stopped("too-large", place)
        return int(found)

    def _scaled(self, value: Fraction) -> Fraction:
        """The value times its suffix: 30k, 1.2 million, 3万."""
        place = self.at
        self._spaces()
        for suffix, factor in IDEOGRAPHS.items():
            if self.text.startswith(suffix, self.at):
                self._take(len(suffix))
                return self._bounded(value * factor, place)
        word = self._word()
        scale = word.lower()
        if scale not in SCALES or (scale == BYTE and self.counts_bytes):
            self.at = place
            return value
        self._take(len(word))
        return self._bounded(value * SCALES[scale], place)

    # ---- moving on -------------------------------------------------------------------------------------

    def _here(self, ahead: int = 0) -> str:
        """The character here, or that many further on; a mark of the end behind the last."""
        return self.text[self.at + ahead : self.at + ahead + 1] or "\0"

    def _take(self, many: int) -> str:
        self.at += many
        return self.text[self.at - many : self.at]

    def _run(self, characters: frozenset[str]) -> str:
        start = self.at
        while self._here() in characters:
            self.at += 1
        return self.text[start : self.at]

    def _word(self) -> str:
        """The letters from here on, without moving on."""
        start = self.at
        word = self._run(LETTERS)
        self.at = start
        return word

    def _spaces(self) -> int:
        while self._here() == " ":
            self.at += 1
        return self.at

    def _here_past_spaces(self) -> str:
        self._spaces()
        return self._here()


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())
