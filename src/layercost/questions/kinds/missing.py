"""Name the missing datum: the question has no answer as it stands, and one has to ask back.

`missing` is what the wording leaves open: a drawn name of the layer, or one of ``convention``, ``batch`` and
``dtype``, with two values. The number differs with it. `other` are what else one might ask: each is `given`
in the wording as its own name, or it has two values, with which the number is the same. Both are proven when
the question is drawn, and the solution shows the numbers. `said` is what stands for the two values in a
sentence; without it they stand there as ``name = value``.

    kind = "missing"
    wording.en = "How many parameters has a fully connected layer from {inputs} to {outputs} values?"
    layer = "Linear(inputs, outputs, bias=bias)"
    input = ["inputs"]
    quantity = "parameters"
    draw.inputs = { from = 16, to = 512 }
    draw.outputs = { from = 16, to = 512 }
    missing = { id = "bias", name = "bias", values = [true, false], wording.en = "whether it has biases",
                said.en = ["with biases", "without biases"] }
    other = [
        { id = "inputs", name = "inputs", given = true, wording.en = "how many values arrive" },
        { id = "batch", name = "batch", values = [1, 32], wording.en = "how many inputs there are at once" },
    ]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from layercost.convention import DTYPE_BITS, UnknownNameError, convention_named, unknown
from layercost.layer import LayerError
from layercost.message import Message, Words
from layercost.misconception import Task
from layercost.questions.draw import Drawn, QuestionError, known_keys
from layercost.questions.explain import Diagnosis
from layercost.questions.item import Item
from layercost.questions.kind import Field, Line, Option, Wrong, derived, kind
from layercost.questions.kinds.compute import Question
from layercost.questions.kinds.shared import (
    SUBJECT,
    DrawnTemplate,
    Kept,
    amount,
    chosen,
    inner,
    needs_text,
    opening,
    options_in_order,
    right,
    tables,
    worded,
    written,
)
from layercost.questions.task import derivation, number
from layercost.shape import ShapeError

GIVEN, CHANGES_NOTHING = "is-given", "changes-nothing"
FIELD = "datum"
OF_THE_TASK = ("convention", "batch", "dtype")


@dataclass(frozen=True)
class Datum:
    """Something that one may ask back: two values of it, or none where the wording gives it."""

    id: str
    name: str
    values: tuple[Drawn, ...]
    wording: Mapping[str, str]
    said: Mapping[str, Sequence[str]]

    def in_words(self, place: int) -> str:
        """One of the values as it stands in a sentence."""
        return self.said["en"][place] if self.said else f"{self.name} = {self.values[place]}"


@dataclass(frozen=True)
class Missing(DrawnTemplate):
    """A question that cannot be answered as it stands."""

    kind: ClassVar[str] = "missing"
    subject: Question
    missing: Datum
    others: tuple[Datum, ...]

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The question with these numbers."""
        return Open(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layer as it is written, and what is left open."""
        asked = f"{self.subject.asks[0].measure.value} without {self.missing.id}"
        return ((written(self.subject), asked, self.kind),)

    @property
    def varied(self) -> tuple[Datum, ...]:
        """All that have two values."""
        return tuple(one for one in (self.missing, *self.others) if one.values)


@dataclass(frozen=True)
class Open(Kept):
    """The question with its numbers."""

    drawn: Missing

    def task(self, varied: Mapping[str, Drawn]) -> Task:
        """What is asked, with some of the data set to a value and the others to their first."""
        first = {one.name: one.values[0] for one in self.drawn.varied}
        values = {**first, **varied}
        of_layer = {name: value for name, value in values.items() if name not in OF_THE_TASK}
        task = self.drawn.subject.variant({**self.numbers, **of_layer}).item().task
        if "convention" in values:
            task = replace(task, convention=convention_named(str(values["convention"])))
        if "batch" in values:
            task = replace(task, batch=int(values["batch"]))
        return replace(task, dtype=str(values["dtype"])) if "dtype" in values else task

    def count(self, datum: Datum, value: Drawn) -> Fraction:
        """The number with one value of a datum; raises QuestionError where there is none."""
        try:
            return number(self.task({datum.name: value}))
        except (LayerError, ShapeError) as error:
            raise QuestionError(str(error)) from None

    def counts(self, datum: Datum) -> list[Fraction]:
        """The numbers with each value of a datum."""
        return [self.count(datum, value) for value in datum.values]

    def clashes(self) -> list[str]:
        """A missing datum that changes nothing, or another that changes the number."""
        found = []
        if len(set(self.counts(self.drawn.missing))) < len(self.drawn.missing.values):
            found.append(f"{self.drawn.missing.id!r} changes nothing, so nothing is missing")
        matter = [one for one in self.drawn.others if one.values and len(set(self.counts(one))) > 1]
        return found + [f"{one.id!r} changes the number, too" for one in matter]

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """A choice of what to ask."""
        data = (self.drawn.missing, *self.drawn.others)
        options = [Option(one.id, self._words(one)) for one in data]
        asked = Message("What has to be asked first?")
        return (Field(FIELD, "choice", asked, options=options_in_order(options, self.pick)),)

    def _words(self, datum: Datum) -> str:
        return worded(datum.wording, self.known())

    def known(self) -> dict[str, object]:
        """What is drawn."""
        return dict(self.numbers)

    def besides(self) -> Sequence[Words]:
        """The convention, unless it is what is missing, and what is to be done."""
        ask = Message("As it stands, the question cannot be answered: one thing is missing.")
        if self.drawn.missing.name == "convention" or self._is_the_rule:
            return (ask,)
        return (Item("", self.task({})).stated.convention, ask)

    @property
    def _is_the_rule(self) -> bool:
        """Whether what is missing is by which rule a window slides: then that rule is not told."""
        missing = self.drawn.missing
        layers = [self.task({missing.name: value}).layer for value in missing.values]
        return len({getattr(layer, "size_rule", None) for layer in layers}) > 1

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """Whether this is what is missing."""
        name = chosen(raw, self.field(field).options)
        if isinstance(name, Diagnosis):
            return name
        if name == self.drawn.missing.id:
            return right(self._proof(self.drawn.missing))
        one = next(other for other in self.drawn.others if other.id == name)
        if not one.values:
            return self.judged(GIVEN, Message("This is given: {what}.", what=self._words(one)))
        same = Message(
            "This changes nothing: {first} or {second}, it is {number} all the same.",
            first=one.in_words(0),
            second=one.in_words(1),
            number=self._amount(one, 0),
        )
        return self.judged(CHANGES_NOTHING, same)

    def _amount(self, datum: Datum, place: int) -> Words:
        task = self.task({datum.name: datum.values[place]})
        return amount(number(task), Item("", task).stated.unit)

    def _proof(self, datum: Datum) -> Message:
        return Message(
            "It matters: {first}, it is {one}; {second}, it is {other}.",
            first=datum.in_words(0),
            second=datum.in_words(1),
            one=self._amount(datum, 0),
            other=self._amount(datum, 1),
        )

    def answers(self) -> dict[str, str]:
        """What is missing."""
        return {FIELD: self.drawn.missing.id}

    def wrong(self) -> list[Wrong]:
        """All else that one might ask."""
        return [Wrong(FIELD, one.id, self.diagnose(one.id)) for one in self.drawn.others]

    def hint(self) -> Words:
        """Where to begin."""
        return Message("Begin to count: at which factor or term do you have to guess?")

    def solution(self) -> list[Line]:
        """What is missing, and the numbers with two values of it."""
        missing = self.drawn.missing
        lines = [Line(Message("What is missing: {what}.", what=self._words(missing)))]
        for place, value in enumerate(missing.values):
            task = self.task({missing.name: value})
            lines += derived([(missing.in_words(place), derivation(task), Item("", task).stated.unit)])
        return lines


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("missing")
def read(owner: str, data: Mapping[str, Any]) -> Missing:
    """Reads a question that lacks a datum."""
    keys = (*SUBJECT, "convention", "without", "quantity", "part", "missing", "other")
    kept = opening(owner, data, keys, ("quantity", "missing", "other"), outcomes=(GIVEN, CHANGES_NOTHING))
    if not isinstance(data["missing"], Mapping):
        raise QuestionError(f"{owner}: `missing` is a table, but got {data['missing']!r}")
    missing = _datum(owner, data["missing"], kept)
    if not missing.values:
        raise QuestionError(f"{owner}: what is missing needs two `values`, and is not given")
    others = tuple(_datum(owner, one, kept) for one in tables(owner, data, "other", 2, 6))
    every = (missing, *others)
    if len({one.id for one in every}) < len(every):
        raise QuestionError(f"{owner}: each datum needs an id of its own")
    varied = {one.name: list(one.values) for one in every if one.values and one.name not in OF_THE_TASK}
    ask = {key: data[key] for key in ("quantity", "part") if key in data}
    subject = inner(owner, data, [ask], draw={**data.get("draw", {}), **varied})
    return Missing(**kept, subject=subject, missing=missing, others=others)


_DATUM = ("id", "name", "values", "said", "given", "wording")


def _datum(owner: str, data: Mapping[str, Any], kept: Mapping[str, Any]) -> Datum:
    known_keys(owner, data, _DATUM)
    name, given, values = data.get("name"), data.get("given", False), data.get("values", [])
    texts = needs_text(owner, data.get("wording"), kept["names"])
    if not isinstance(data.get("id"), str) or not isinstance(name, str):
        raise QuestionError(f"{owner}: a datum has an `id` and a `name`, but got {dict(data)!r}")
    if given is True:
        _check_given(owner, name, values, kept)
        return Datum(data["id"], name, (), texts, {})
    if not isinstance(values, list) or len(values) != 2 or values[0] == values[1]:
        raise QuestionError(f"{owner}: datum {data['id']!r} has two different `values`, but got {values!r}")
    if name in kept["names"]:
        raise QuestionError(f"{owner}: datum {data['id']!r} has values of its own, so {name!r} is not drawn")
    for value in values:
        _check_value(owner, name, value)
    return Datum(data["id"], name, tuple(values), texts, _said(owner, data.get("said", {})))


def _said(owner: str, data: object) -> dict[str, Sequence[str]]:
    """Two texts by language, which stand for the values."""
    right = isinstance(data, Mapping) and (not data or "en" in data)
    if not right or not all(isinstance(one, list) and len(one) == 2 for one in data.values()):  # type: ignore[attr-defined]
        raise QuestionError(
            f"{owner}: `said` is a table of two texts by language, with `en`, but got {data!r}"
        )
    assert isinstance(data, Mapping)
    return {language: tuple(map(str, texts)) for language, texts in data.items()}


def _check_given(owner: str, name: str, values: object, kept: Mapping[str, Any]) -> None:
    """What is given stands in every wording by its name; a convention is always told."""
    if values:
        raise QuestionError(f"{owner}: {name!r} is given, so it has no `values`")
    if name == "convention":
        return
    if name not in kept["names"]:
        raise QuestionError(f"{owner}: {unknown(Message('drawn name'), name, kept['names'])} It is `given`.")
    for text in kept["wording"].values():
        if f"{{{name}}}" not in text:
            raise QuestionError(f"{owner}: {name!r} is given, so the wording tells {{{name}}}: {text!r}")


def _check_value(owner: str, name: str, value: object) -> None:
    if name == "convention":
        try:
            convention_named(value)  # type: ignore[arg-type]
        except UnknownNameError as error:
            raise QuestionError(f"{owner}: {error}") from None
    if name == "dtype" and value not in DTYPE_BITS:
        raise QuestionError(f"{owner}: {unknown(Message('number format'), value, DTYPE_BITS)}")
    if name == "batch" and (type(value) is not int or value < 1):
        raise QuestionError(f"{owner}: a batch is a whole number of at least 1, but got {value!r}")
    if not isinstance(value, int | str):
        raise QuestionError(f"{owner}: a value is a number, a truth value or a text, but got {value!r}")
