"""A figure to work out that no layer has: FLOPs a byte, tokens a second, a share, what training holds.

`figure` is one of those in `layercost.analysis` (`figures`, `shares`, `estimates`, `runs`, `serving`), which
say what they take; `given` has a number or a drawn name for each. What is not given is as usual there. An
answer is right to `decimals`, or exactly where the figure is a whole number (`decimals` is 0 then); the
beliefs that distort the figure are known by themselves, but for those in `without`.

    kind = "figure"
    wording.en = "A card does {peak} TFLOP/s and reads {bandwidth} GB/s. Where is its ridge point?"
    figure = "ridge"
    given = { peak = "peak", bandwidth = "bandwidth" }
    draw.peak = [120, 240, 312]
    draw.bandwidth = [300, 900, 1555]
    decimals = 1
    credit.ridge-upside-down = 0.25
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from fractions import Fraction
from functools import cached_property
from itertools import combinations
from typing import Any, ClassVar

import layercost.analysis.estimates
import layercost.analysis.runs
import layercost.analysis.serving
import layercost.analysis.shares  # noqa: F401 - all of them make their figures known
from layercost.analysis.figures import BELIEFS, FIGURES, Figure, taken
from layercost.convention import unknown
from layercost.message import Message, Words
from layercost.questions.distance import WRONG_POWER, earned_by
from layercost.questions.draw import Drawn, QuestionError
from layercost.questions.explain import BYTES_IN, RIGHT, Diagnosis, in_another_unit
from layercost.questions.kind import Field, Line, Wrong, kind
from layercost.questions.kinds.compute import precision, typed
from layercost.questions.kinds.shared import RIGHT_ANSWER, DrawnTemplate, Kept, malformed, opening
from layercost.questions.reading import Malformed, read_number, read_quantity
from layercost.questions.rounding import is_near, nearly, rounded
from layercost.view import number


@dataclass(frozen=True)
class Sized(DrawnTemplate):
    """A figure to be worked out."""

    kind: ClassVar[str] = "figure"
    figure: str
    given: Mapping[str, int | str]
    decimals: int
    without: tuple[str, ...]

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The question with these numbers."""
        return Worked(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The figure, and what is given for it."""
        return ((self.figure, ", ".join(f"{name}={value}" for name, value in self.given.items()), self.kind),)


@dataclass(frozen=True)
class Worked(Kept):
    """The question with its numbers."""

    drawn: Sized

    @cached_property
    def figure(self) -> Figure:
        """The figure with its numbers."""
        given = {
            name: int(self.numbers[value]) if isinstance(value, str) else value
            for name, value in self.drawn.given.items()
        }
        return FIGURES[self.drawn.figure](**given)

    @property
    def tolerance(self) -> Fraction:
        """How far an answer may be from the exact number: one unit of the last decimal, no bit if whole."""
        return Fraction(0) if self.figure.whole else Fraction(1, 10**self.drawn.decimals)

    @cached_property
    def believers(self) -> dict[str, tuple[Fraction, Words]]:
        """What each believer answers, with the sentence about it."""
        found: dict[str, tuple[Fraction, Words]] = {}
        for belief in BELIEFS:
            seen = None if belief.id in self.drawn.without else belief.see(self.figure)
            if seen is not None:
                found[belief.id] = seen.value, belief.message
        return found

    @property
    def fields(self) -> tuple[Field, ...]:
        """The figure."""
        return (Field("answer", "number", unit=self.figure.unit),)

    def besides(self) -> Sequence[Words]:
        """In what it is given, and how exactly."""
        return [] if self.figure.whole else precision(self.figure.unit, self.drawn.decimals)

    def clashes(self) -> list[str]:
        """Answers, right or from a belief, that one given number could stand for alike."""
        answers = {RIGHT: self.figure.value, **{name: value for name, (value, _) in self.believers.items()}}
        return [
            f"{one!r} and {other!r} give the same number"
            for one, other in combinations(answers, 2)
            if abs(answers[one] - answers[other]) <= 2 * self.tolerance
        ]

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """Whether the number is right to its decimals, and whose it is otherwise."""
        self.field(field)
        unit = self.figure.unit
        parsed = read_number(raw, unit, whole=self.figure.whole)
        if isinstance(parsed, Malformed):
            found = in_another_unit(read_quantity(raw, unit), unit, self._is_right)
            if found is None or unit not in BYTES_IN:
                return malformed(parsed.message)
            return found if found.id == RIGHT else self.judged(found.id, found.message)
        if self._is_right(parsed.value):
            return RIGHT_ANSWER
        for name, (value, message) in self.believers.items():
            if abs(parsed.value - value) <= min(self.tolerance, value / 10):
                return self.judged(name, message)
        return self._stands(parsed.value) or self._off(parsed.value)

    def _is_right(self, given: Fraction) -> bool:
        return abs(given - self.figure.value) <= self.tolerance

    def _stands(self, given: Fraction) -> Diagnosis | None:
        """Rounded, or near: the figure, or what one believer alone answers."""
        right, answers = self.figure.value, {name: value for name, (value, _) in self.believers.items()}
        found = rounded(given, right, answers, self.tolerance) or nearly(given, right, answers)
        if found is None:
            return None
        if found.of not in self.believers:
            return self.judged(found.of, found.says(""), *earned_by(found.of, given, right))
        _, says = self.believers[found.of]
        return self.judged(found.of, found.says(says))

    def _off(self, given: Fraction) -> Diagnosis:
        right = self.figure.value
        if self.figure.unit == "percent" and is_near(given * 100, right):
            message = Message("This is right, or nearly, as a part of one: it is asked for in percent.")
            return self.judged(WRONG_POWER, message)
        return self.off(given, right, Message("work it out line by line"))

    def answers(self) -> dict[str, str]:
        """The figure to its decimals."""
        return {"answer": typed(self.figure.value, self.drawn.decimals)}

    def wrong(self) -> list[Wrong]:
        """What believers answer."""
        return [
            Wrong("answer", typed(value, self._decimals(value)), self.judged(name, message))
            for name, (value, message) in self.believers.items()
        ]

    def _decimals(self, value: Fraction) -> int:
        """As many decimals as are asked for, more where a number is so small that none would be left."""
        decimals = self.drawn.decimals
        while value * 10**decimals < 100 and value < 1:
            decimals += 1
        return decimals

    def hint(self) -> Words:
        """Where to begin."""
        return self.figure.hint

    def solution(self) -> list[Line]:
        """How it comes about, line by line, and the answer as it is asked for where no line ends in it."""
        lines = [Line(*line) for line in self.figure.worked()]
        whole, point, decimals = self.answers()["answer"].partition(".")
        answer = f"{number(int(whole))}{point}{decimals}"
        short = re.escape(answer.rstrip("0").rstrip(".") if point else answer)
        if not self.figure.whole and not re.search(rf"(?<![\d.,]){short}(?![\d,])", str(lines[-1].words)):
            lines.append(Line(_to_decimals(self.drawn.decimals, answer)))
        return lines


def _to_decimals(decimals: int, answer: str) -> Message:
    if decimals == 1:
        return Message("To one decimal: {answer}.", answer=answer)
    return Message("To {decimals} decimals: {answer}.", decimals=decimals, answer=answer)


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("figure")
def read(owner: str, data: Mapping[str, Any]) -> Sized:
    """Reads a question for a figure."""
    known = sorted({belief.id for belief in BELIEFS})
    kept = opening(
        owner, data, ("figure", "given", "decimals", "without"), ("figure", "given", "decimals"), (), known
    )
    name, decimals = data["figure"], data["decimals"]
    if name not in FIGURES:
        raise QuestionError(f"{owner}: {unknown(Message('figure'), name, FIGURES)}")
    for problem in _problems(FIGURES[name], data["given"], kept["names"]):
        raise QuestionError(f"{owner}: {problem}")
    if FIGURES[name].whole and decimals:
        raise QuestionError(f"{owner}: this figure is a whole number: `decimals` is 0, but got {decimals!r}")
    if isinstance(decimals, bool) or not isinstance(decimals, int) or not 0 <= decimals <= 9:
        raise QuestionError(f"{owner}: `decimals` is a whole number from 0 to 9, but got {decimals!r}")
    for one in data.get("without", []):
        if one not in known:
            raise QuestionError(f"{owner}: {unknown(Message('misconception'), one, known)}")
    return Sized(
        **kept,
        figure=name,
        given=dict(data["given"]),
        decimals=decimals,
        without=tuple(data.get("without", [])),
    )


def _problems(figure: type[Figure], given: object, names: Mapping[str, object]) -> Iterator[str]:
    """What is amiss with the numbers that are given for a figure."""
    if not isinstance(given, Mapping):
        yield f"`given` is a table of numbers and drawn names, but got {given!r}"
        return
    for name, value in given.items():
        if name not in taken(figure):
            yield str(unknown(Message("number of the figure"), name, taken(figure)))
        if isinstance(value, str) and value not in names:
            yield f"{unknown(Message('drawn name'), value, names)} It is given for `{name}`."
        elif isinstance(value, bool) or not isinstance(value, int | str):
            yield f"`given` has a whole number or a drawn name for {name!r}, but got {value!r}"
    for one in fields(figure):
        if one.default is MISSING and one.name not in given:
            yield f"the figure takes `{one.name}`, which is not in `given`"
