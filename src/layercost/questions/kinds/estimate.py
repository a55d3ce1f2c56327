"""Estimate a count within a factor, against the clock, without a calculator.

An answer is right within the `factor`, which the question states; a misconception whose number lies within it
is no mistake here: who drops the biases estimates well. For FLOPs and MACs the factor is below 2, so that
whoever takes the one for the other is told so, and first of all. `seconds` is how long one may think: data
for a page.

    kind = "estimate"
    wording.en = "About how many MACs does `{layer}` take on an image of {input}?"
    layer = "Conv2d(_, maps, kernel_size=3)"
    input = [3, 224, 224]
    draw.maps = [32, 64, 96]
    quantity = "macs"
    factor = 1.25
    seconds = 60
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from layercost.expression import Definition, Difference, Expression, Power, Product, Sum
from layercost.message import Message, Words
from layercost.misconception import MISCONCEPTIONS, PRICED
from layercost.questions.draw import Drawn, QuestionError
from layercost.questions.explain import UNKNOWN, Diagnosis, beliefs
from layercost.questions.item import Item
from layercost.questions.kind import Field, Line, Wrong, derived, kind
from layercost.questions.kinds.compute import Question, Variant, typed
from layercost.questions.kinds.shared import (
    SUBJECT,
    DrawnTemplate,
    Kept,
    amount,
    inner,
    malformed,
    opening,
    right,
    written,
)
from layercost.questions.reading import Malformed, read_number
from layercost.questions.task import derivation

TOO_LARGE, TOO_SMALL, THOUSANDS = "too-large", "too-small", "off-by-thousands"
OFF = (TOO_LARGE, TOO_SMALL, THOUSANDS)
FIRST = ("macs-for-flops", "flops-for-macs")  # exactly, or nearly, a factor of two
CLOSE = Fraction(11, 10)  # so near to a believer's number, an estimate is taken for the believer's
SMALL = 20  # what is this many times smaller is left out of a difference
PRECISE = Fraction(101, 100)  # and so near for beliefs that are rarely estimated


@dataclass(frozen=True)
class Estimate(DrawnTemplate):
    """A count to be estimated."""

    kind: ClassVar[str] = "estimate"
    subject: Question
    factor: Fraction
    seconds: int

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The question with these numbers."""
        return Estimated(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layers as they are written, and what is estimated."""
        ask = self.subject.asks[0]
        return ((written(self.subject), f"{ask.measure.value} {ask.unit}", self.kind),)


@dataclass(frozen=True)
class Estimated(Kept):
    """The question with its numbers."""

    drawn: Estimate

    @cached_property
    def variant(self) -> Variant:
        """The layer and its input."""
        return self.drawn.subject.variant(self.numbers)

    @cached_property
    def item(self) -> Item:
        """What is counted."""
        return self.variant.item()

    @property
    def seconds(self) -> int:
        """How long one may think."""
        return self.drawn.seconds

    @property
    def fields(self) -> tuple[Field, ...]:
        """The estimate."""
        return (Field("estimate", "number", unit=self.item.stated.unit),)

    def known(self) -> dict[str, object]:
        """What is drawn, the layer and its input."""
        return {**self.numbers, "layer": self.variant.layer, "input": self.variant.input_shape}

    def besides(self) -> Sequence[Words]:
        """The convention, within which factor an answer is right, and how long one may think."""
        factor = Message(
            "An answer within a factor of {factor} is right.", factor=f"{float(self.drawn.factor):g}"
        )
        time = Message("Take at most {seconds} seconds, and no calculator.", seconds=self.drawn.seconds)
        return (self.item.stated.convention, factor, time)

    def _within(self, given: Fraction, number: Fraction, factor: Fraction) -> bool:
        return number <= factor * given and given <= factor * number

    @cached_property
    def believers(self) -> dict[str, Fraction]:
        """What each believer's exact number is, where it is no good estimate; factors of two come first."""
        found = {name: one for name, (one,) in beliefs([self.item]).items()}
        names = sorted(found, key=lambda name: name not in FIRST)
        wrong = {name: found[name] for name in names}
        return {
            name: one
            for name, one in wrong.items()
            if one > 0 and not self._within(one, self.item.answer, self.drawn.factor)
        }

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """Whether the estimate is near enough, and whose number it is near to otherwise."""
        self.field(field)
        parsed = read_number(raw, self.item.stated.unit, whole=False)
        if isinstance(parsed, Malformed):
            return malformed(parsed.message)
        return self._judged(parsed.value)

    def _judged(self, given: Fraction) -> Diagnosis:
        exact = Message(
            "The exact number is {number}.", number=amount(self.item.answer, self.item.stated.unit)
        )
        if self._within(given, self.item.answer, self.drawn.factor):
            return right(exact)
        name = self._believed(given)
        if name:
            return self.judged(name, MISCONCEPTIONS[name].message)
        for power in (-2, -1, 1, 2):
            if self._within(given, self.item.answer * Fraction(1000) ** power, self.drawn.factor):
                message = Message("The digits are right, but thousands, millions or billions are mixed up.")
                return self.judged(THOUSANDS, message)
        return self._far(given)

    def _believed(self, given: Fraction) -> str:
        """The belief that explains an estimate: of one that is near to several, the nearest."""
        near = {
            name: max(given / one, one / given) if given > 0 else Fraction(0)
            for name, one in self.believers.items()
            if self._within(given, one, CLOSE if name in FIRST else PRECISE)
        }
        first = [name for name in FIRST if name in near]
        return first[0] if first else min(near, key=lambda name: near[name], default="")

    def _far(self, given: Fraction) -> Diagnosis:
        answer = self.item.answer
        if given <= 0:
            return self.judged(UNKNOWN, Message("What is counted here is more than nothing."))
        off = given / answer if given > answer else answer / given
        about = f"{float(off):,.1f}" if off < 10 else f"{round(off):,}"
        if given > answer:
            return self.judged(
                TOO_LARGE, Message("This is too large, by a factor of about {off}.", off=about)
            )
        return self.judged(TOO_SMALL, Message("This is too small, by a factor of about {off}.", off=about))

    def answers(self) -> dict[str, str]:
        """The exact number."""
        return {"estimate": typed(self.item.answer, self.item.decimals)}

    def wrong(self) -> list[Wrong]:
        """What misconceptions give, where that is no good estimate, each number once; and a thousandth."""
        numbers = dict.fromkeys([*self.believers.values(), self.item.answer / 1000])
        found = [(one, self._judged(one)) for one in numbers]
        return [Wrong("estimate", _typed(one), diagnosis) for one, diagnosis in found]

    def hint(self) -> Words:
        """Where to begin."""
        return Message("Keep what is largest, round each factor to one digit, and count the zeros apart.")

    def solution(self) -> list[Line]:
        """The working on a napkin, and the exact count."""
        formula = derivation(self.item.task)
        kept, left_out = _large_terms(formula, self.drawn.factor)
        lines = [Line(_dropped(left_out))] if left_out else []
        lines += [Line(line) for line in _napkin(kept, formula.value, self.drawn.factor)]
        exact = derived([(Message("Exactly"), formula, self._counted)])
        if self.item.task.unit.name:
            unit, answer = self.item.stated.unit, amount(self.item.answer)
            exact.append(Line(Message("In {unit}: {answer}.", unit=unit, answer=answer)))
        return [*lines, *exact]

    @property
    def _counted(self) -> str:
        return "" if self.item.task.unit.name else self.item.stated.unit


def _typed(number: Fraction) -> str:
    """A number as one types it, with as many decimals as keep it what it is."""
    return str(number.numerator) if number.denominator == 1 else f"{float(number):.9f}".rstrip("0")


# ---- the working on a napkin --------------------------------------------------------------------


def _terms(formula: Expression) -> list[Expression]:
    """What is added up, products of sums multiplied out."""
    if isinstance(formula, Definition):
        return _terms(formula.meaning)
    if isinstance(formula, Sum):
        return [term for part in formula.children for term in _terms(part)]
    if isinstance(formula, Product):
        for place, part in enumerate(formula.children):
            if isinstance(part, Sum):
                others = (*formula.children[:place], *formula.children[place + 1 :])
                return [each for term in part.children for each in _terms(Product((term, *others)))]
    return [formula]


def _large_terms(formula: Expression, factor: Fraction) -> tuple[list[Expression], list[Expression]]:
    """The terms that make the number, and those that may be dropped for an estimate."""
    kept: list[Expression] = []
    terms = sorted(_terms(formula), key=lambda term: -term.value)
    for term in terms:
        if sum(one.value for one in kept) * (1 + (factor - 1) / 2) >= formula.value:
            break
        kept.append(term)
    return kept, terms[len(kept) :]


def _dropped(terms: Sequence[Expression]) -> Message:
    total = amount(sum(term.value for term in terms))
    return Message("Drop what is small: together it is only {number}.", number=total)


class _Rounded(NamedTuple):
    """A factor as often as it stands in a product, and what it is about: ``14·14 ≈ 200``."""

    factor: int
    often: int
    about: int

    @property
    def text(self) -> str:
        """The factor as often as it stands there."""
        text = "·".join([f"{self.factor:,}"] * self.often)
        return f"({text})" if self.often > 1 else text


def _napkin(terms: Sequence[Expression], exact: int, factor: Fraction) -> list[Words]:
    """The product of rounded factors, with as many digits as it takes to stay within the factor."""
    for digits in (1, 2, 3):
        products = [_rounded_factors(term, digits) for term in terms]
        total = sum(map(_times, products))
        if exact <= factor * total and total <= factor * exact:
            break
    lines: list[Words] = [_product(rounded) for rounded in products]
    lines += [line for line in map(_power_of_two, products) if line]
    if len(terms) > 1:
        lines.append(Message("Together about {total}.", total=f"{total:,}"))
    return lines


def _product(rounded: Sequence[_Rounded]) -> str:
    """A product, what it is about, and what that comes to."""
    exact, about = "·".join(one.text for one in rounded), "·".join(f"{one.about:,}" for one in rounded)
    total = f"{_times(rounded):,}"
    return " ≈ ".join(dict.fromkeys([exact, about])) + (f" = {total}" if total != about else "")


def _factors(term: Expression) -> list[int]:
    """The numbers that are multiplied; a 1 that is taken off something large does not count."""
    if isinstance(term, Product):
        return [factor for part in term.children for factor in _factors(part)]
    if isinstance(term, Power):
        return [term.left.value] * term.right.value
    if isinstance(term, Difference) and SMALL * term.right.value <= term.left.value:
        return _factors(term.left)
    return [term.value]


def _rounded_factors(term: Expression, digits: int) -> list[_Rounded]:
    often = Counter(factor for factor in _factors(term) if factor != 1) or {1: 1}
    return [_Rounded(one, times, _rounded(one**times, digits)) for one, times in often.items()]


def _rounded(number: int, digits: int) -> int:
    """To so many digits; what is below 10 stays."""
    places = max(0, len(str(abs(number))) - digits)
    return number if number < 10 else round(number, -places)


def _times(rounded: Sequence[_Rounded]) -> int:
    total = 1
    for one in rounded:
        total *= one.about
    return total


def _power_of_two(rounded: Sequence[_Rounded]) -> Words:
    """Powers of two are counted by their exponents, as 2^10 is about 1,000."""
    powers = [one for one in rounded if one.factor > 1 and one.factor & (one.factor - 1) == 0]
    exponent = sum((one.factor.bit_length() - 1) * one.often for one in powers)
    if sum(one.often for one in powers) < 2 or exponent < 10:
        return ""
    tens, rest = divmod(exponent, 10)
    return Message(
        "Or by powers of two: {factors} = 2^{exponent} ≈ {about}, as 2^10 ≈ 1,000.",
        factors="·".join(one.text for one in powers),
        exponent=exponent,
        about=f"{2**rest}·{1000**tens:,}" if rest else f"{1000**tens:,}",
    )


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("estimate")
def read(owner: str, data: Mapping[str, Any]) -> Estimate:
    """Reads a question that asks for an estimate."""
    keys = (*SUBJECT, "convention", "without", "quantity", "part", "unit", "dtype", "factor", "seconds")
    kept = opening(owner, data, keys, ("quantity", "factor", "seconds"), ("layer", "input"), OFF)
    ask = {key: data[key] for key in ("quantity", "part", "unit", "dtype") if key in data}
    if ask.get("unit"):
        ask["decimals"] = 3
    subject = inner(owner, data, [ask])
    factor, seconds = data["factor"], data["seconds"]
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not 1 < factor <= 10:
        raise QuestionError(f"{owner}: `factor` is more than 1 and at most 10, but got {factor!r}")
    if subject.asks[0].measure in PRICED and factor >= 2:
        raise QuestionError(
            f"{owner}: FLOPs are about twice the MACs, so a factor of {factor} tells them not apart; "
            f"give one below 2"
        )
    if isinstance(seconds, bool) or not isinstance(seconds, int) or not 5 <= seconds <= 600:
        raise QuestionError(f"{owner}: `seconds` is a whole number from 5 to 600, but got {seconds!r}")
    return Estimate(**kept, subject=subject, factor=Fraction(str(factor)), seconds=seconds)
