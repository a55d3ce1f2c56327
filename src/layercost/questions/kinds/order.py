"""Order layers or networks by what they cost, without computing it.

`candidate` has 3 to 5 of them, which share the drawn names. Each has its own layer or network and input, and
words. They are put in order from the least to the most; no two of a draw may be nearer to one another than
the `factor`. `mistakes` are the misconceptions that an order is taken for, by default only that parameters
were compared where operations are asked for: one order alone shows few beliefs.

    kind = "order"
    wording.en = "Order these by their MACs, from the least to the most."
    quantity = "macs"
    factor = 1.5
    draw.maps = [16, 32, 64]
    candidate = [
        { id = "a", layer = "Conv2d(_, maps, 3)", input = [3, 32, 32], wording.en = "`{layer}`" },
        { id = "b", layer = "Conv2d(_, maps, 5)", input = [3, 32, 32], wording.en = "`{layer}`" },
        { id = "c", layer = "Conv2d(_, maps, 1)", input = [3, 32, 32], wording.en = "`{layer}`" },
    ]
    credit.reversed = 0.5
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

from layercost.message import Joined, Message, Words
from layercost.misconception import MISCONCEPTIONS, Misconception
from layercost.questions.draw import Drawn, QuestionError, known_keys
from layercost.questions.explain import Diagnosis
from layercost.questions.item import Item
from layercost.questions.kind import Field, Line, Option, Wrong, kind
from layercost.questions.kinds.compute import Question, Variant
from layercost.questions.kinds.shared import (
    RIGHT_ANSWER,
    SUBJECT,
    DrawnTemplate,
    Kept,
    amount,
    inner,
    known_misconceptions,
    needs_text,
    opening,
    options_in_order,
    ordered,
    tables,
    worded,
    written,
)
from layercost.questions.task import believed, derivation, number

WRONG_ORDER, REVERSED = "wrong-order", "reversed"
FIELD = "order"


@dataclass(frozen=True)
class Candidate:
    """One of those that are put in order."""

    id: str
    wording: Mapping[str, str]
    subject: Question


@dataclass(frozen=True)
class Order(DrawnTemplate):
    """Layers or networks to put in order."""

    kind: ClassVar[str] = "order"
    candidates: tuple[Candidate, ...]
    factor: Fraction
    mistakes: tuple[str, ...]

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The question with these numbers."""
        return Ordered(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """All layers as they are written, and by what they are put in order."""
        every = "; ".join(written(one.subject) for one in self.candidates)
        return ((every, self.candidates[0].subject.asks[0].measure.value, self.kind),)


@dataclass(frozen=True)
class Ordered(Kept):
    """The candidates with their numbers."""

    drawn: Order

    @cached_property
    def variants(self) -> dict[str, Variant]:
        """Each candidate with its numbers."""
        return {one.id: one.subject.variant(self.numbers) for one in self.drawn.candidates}

    @cached_property
    def items(self) -> dict[str, Item]:
        """What is counted of each."""
        return {name: variant.item() for name, variant in self.variants.items()}

    @cached_property
    def right(self) -> tuple[str, ...]:
        """The candidates from the least to the most."""
        return tuple(sorted(self.items, key=lambda name: self.items[name].answer))

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """The order."""
        asked = Message("From the least to the most")
        return (Field(FIELD, "order", asked, options=options_in_order(self._options(), self.pick)),)

    def _options(self) -> list[Option]:
        return [Option(one.id, worded(one.wording, self._said(one.id))) for one in self.drawn.candidates]

    def _said(self, name: str) -> dict[str, object]:
        variant = self.variants[name]
        return {**self.numbers, "layer": variant.layer, "input": variant.input_shape}

    def besides(self) -> Sequence[Words]:
        """How each is counted."""
        return list(dict.fromkeys(item.stated.convention for item in self.items.values()))

    def speaks(self, language: str) -> bool:
        """English alone, as the candidates are told in their author's English."""
        return language == "en"

    def put_together(self, asked: str, besides: Sequence[Words]) -> str:
        """The question, the candidates as a list, and the convention."""
        lines = [f"- {one.id}: {one.words}" for one in self.fields[0].options]
        return "\n\n".join([asked, "\n".join(lines), str(Joined(besides))])

    def clashes(self) -> list[str]:
        """Two that are too near to one another."""
        numbers = [self.items[name].answer for name in self.right]
        near = any(more < self.drawn.factor * less for less, more in pairwise(numbers))
        return [f"two candidates are nearer than a factor of {float(self.drawn.factor):g}"] if near else []

    @cached_property
    def believers(self) -> dict[tuple[str, ...], str]:
        """The wrong orders that a misconception gives, each with the first that does."""
        found: dict[tuple[str, ...], str] = {}
        for name in self.drawn.mistakes:
            seen = self._seen(MISCONCEPTIONS[name])
            if seen is not None and seen != self.right:
                found.setdefault(seen, name)
        return found

    def _seen(self, one: Misconception) -> tuple[str, ...] | None:
        """The order that a believer gives; None where two come to the same."""
        numbers = {name: number(believed(item.task, one) or item.task) for name, item in self.items.items()}
        if len(set(numbers.values())) < len(numbers):
            return None
        return tuple(sorted(numbers, key=lambda name: numbers[name]))

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """Whether the order is right; otherwise the first pair that is the wrong way round."""
        given = ordered(raw, self.field(field).options)
        return given if isinstance(given, Diagnosis) else self._judged(given)

    def _judged(self, given: tuple[str, ...]) -> Diagnosis:
        if given == self.right:
            return RIGHT_ANSWER
        pair = self._wrong_pair(given)
        if given == self.right[::-1]:
            message = Message("This begins with the most; the least comes first.")
            return self.judged(REVERSED, Joined([message, pair]))
        if given in self.believers:
            name = self.believers[given]
            return self.judged(name, Joined([pair, MISCONCEPTIONS[name].message]))
        return self.judged(WRONG_ORDER, pair)

    def _wrong_pair(self, given: Sequence[str]) -> Message:
        pairs = pairwise(given)
        first, second = next((a, b) for a, b in pairs if self.items[a].answer > self.items[b].answer)
        return Message(
            "{first} has {more} and {second} has {less}: these two are the wrong way round.",
            first=first,
            second=second,
            more=self._amount(first),
            less=self._amount(second),
        )

    def _amount(self, name: str) -> Words:
        return amount(self.items[name].answer, self.items[name].stated.unit)

    def answers(self) -> dict[str, str]:
        """The order, with commas."""
        return {FIELD: ", ".join(self.right)}

    def wrong(self) -> list[Wrong]:
        """The order the other way round, and those of misconceptions."""
        orders = dict.fromkeys([self.right[::-1], *self.believers])
        return [Wrong(FIELD, ", ".join(one), self._judged(one)) for one in orders]

    def hint(self) -> Words:
        """Where to begin."""
        return Message("Compare two at a time: cross out the factors that they share.")

    def solution(self) -> list[Line]:
        """Each with its derivation, from the least to the most."""
        items = ((name, self.items[name]) for name in self.right)
        return [Line(name, derivation(item.task), item.stated.unit) for name, item in items]


# ---- reading from TOML or JSON -------------------------------------------------------------------

_CANDIDATE = ("id", "wording", *SUBJECT)


@kind("order")
def read(owner: str, data: Mapping[str, Any]) -> Order:
    """Reads a question that puts layers or networks in order."""
    kept = opening(
        owner,
        data,
        ("convention", "quantity", "factor", "mistakes", "candidate"),
        ("quantity", "candidate"),
        outcomes=(WRONG_ORDER, REVERSED),
    )
    factor = data.get("factor", 1.5)
    if isinstance(factor, bool) or not isinstance(factor, int | float) or not factor > 1:
        raise QuestionError(f"{owner}: `factor` is more than 1, such as 1.5, but got {factor!r}")
    found = [_candidate(owner, data, one, kept["names"]) for one in tables(owner, data, "candidate", 3, 5)]
    if len({one.id for one in found}) < len(found):
        raise QuestionError(f"{owner}: each candidate needs an id of its own")
    mistakes = known_misconceptions(owner, data.get("mistakes", ["counted-parameters"]))
    return Order(**kept, candidates=tuple(found), factor=Fraction(str(factor)), mistakes=mistakes)


def _candidate(
    owner: str, data: Mapping[str, Any], one: Mapping[str, Any], names: Mapping[str, object]
) -> Candidate:
    known_keys(owner, one, _CANDIDATE)
    name = one.get("id")
    if not isinstance(name, str) or not name.replace("-", "").isalnum():
        raise QuestionError(f"{owner}: a candidate needs an `id` of letters and digits, but got {name!r}")
    if "input" not in one and "network" not in one:
        raise QuestionError(f"{owner}: candidate {name!r} needs an `input`")
    texts = needs_text(owner, one.get("wording"), names, ("layer", "input"))
    plain = {key: data[key] for key in ("convention", "draw", "id", "level", "skills") if key in data}
    subject = {**plain, **{key: value for key, value in one.items() if key in SUBJECT}}
    return Candidate(name, texts, inner(owner, subject, [{"quantity": data["quantity"]}]))
