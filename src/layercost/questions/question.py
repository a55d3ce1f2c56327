"""A question as data, and its variants: the same question with its numbers drawn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations

from layercost.convention import Convention, unit_in_words, unknown
from layercost.layer import Layer, LayerError
from layercost.layers import Sequential
from layercost.message import Joined, Message, Words, can_say, catalogue, speaking
from layercost.misconception import MISCONCEPTIONS, UNITS, Measure, Task, fitted
from layercost.questions.draw import Between, Drawn, OneOf, QuestionError, Seed
from layercost.questions.explain import MALFORMED, RIGHT, Diagnosis, beliefs, explain
from layercost.questions.item import Item
from layercost.questions.reading import Malformed, Parsed
from layercost.questions.template import filled, filled_layer
from layercost.shape import Shape, ShapeError, shape_of

ATTEMPTS = 300


@dataclass(frozen=True)
class Ask:
    """One thing that a question asks: a measure of the layer or of one part of the network, in a unit."""

    id: str
    measure: Measure
    part: str
    unit: str
    dtype: str
    decimals: int | None
    wording: Mapping[str, str]
    credit: Mapping[str, Fraction]


@dataclass(frozen=True)
class Question:
    """A question of the bank or of an assignment; `layercost.questions.schema` reads it from TOML or JSON.

    `layers` are texts such as ``Conv2d(_, maps, kernel_size=5)``, by name, in which drawn names stand for
    their numbers and ``_`` for the channels or features that arrive; a single layer has the name "".
    `batch` is how many inputs there are, a number or a drawn name.
    """

    id: str
    level: int
    skills: tuple[str, ...]
    wording: Mapping[str, str]
    names: Mapping[str, OneOf | Between]
    layers: Mapping[str, str]
    input: tuple[int | str, ...]
    convention: Convention
    without: tuple[str, ...]
    asks: tuple[Ask, ...]
    batch: int | str = 1

    def draw(self, seed: Seed) -> Variant:
        """The variant of this seed, for ever; raises QuestionError where none tells right from wrong."""
        return self._vetted(seed, 1, lambda variants: _clashes_of_items(variants[0]))[0]

    def draw_for_practice(self, seed: Seed) -> Variant:
        """A variant in which no misconception gives the right number; two of them may give the same."""
        return self._vetted(seed, 1, lambda variants: _lucky(variants[0]))[0]

    def draw_cases(self, seed: Seed, cases: int) -> tuple[Variant, ...]:
        """Variants that together tell right from wrong, for a function that is tried on all of them."""
        return self._vetted(seed, cases, _clashes_of_cases)

    def variant(self, numbers: Mapping[str, Drawn]) -> Variant:
        """The question with these numbers; raises QuestionError where they make no layer."""
        return Variant(self, dict(numbers))

    def _vetted(
        self, seed: Seed, cases: int, clashes: Callable[[tuple[Variant, ...]], list[str]]
    ) -> tuple[Variant, ...]:
        refused: Counter[str] = Counter()
        for attempt in range(ATTEMPTS):
            variants = tuple(Variant(self, self._numbers(seed, f"{attempt}/{case}")) for case in range(cases))
            try:
                found = clashes(variants)
            except QuestionError as impossible:
                found = [str(impossible)]
            if not found:
                return variants
            refused.update(found)
        ((clash, _),) = refused.most_common(1)
        raise QuestionError(
            f"question {self.id!r}: no draw of {ATTEMPTS} tells right from wrong; most often {clash}. "
            f"Draw from wider ranges, or name a misconception in `without`."
        )

    def _numbers(self, seed: Seed, label: str) -> dict[str, Drawn]:
        return {name: choice.draw(seed, f"{self.id}/{label}/{name}") for name, choice in self.names.items()}


@dataclass(frozen=True)
class Variant:
    """A question with its numbers: what is asked, what is right, what an answer shows."""

    question: Question
    numbers: Mapping[str, Drawn]

    @cached_property
    def input_shape(self) -> Shape:
        """The shape of the input, without the batch."""
        return shape_of(
            tuple(self.numbers[size] if isinstance(size, str) else size for size in self.question.input)
        )

    @property
    def batch(self) -> int:
        """How many inputs there are."""
        batch = self.question.batch
        return int(self.numbers[batch] if isinstance(batch, str) else batch)

    @cached_property
    def layer(self) -> Layer:
        """The layer or network; raises QuestionError where the numbers make none."""
        try:
            layers = {name: filled_layer(text, self.numbers) for name, text in self.question.layers.items()}
            layer = fitted(layers[""] if "" in layers else Sequential(layers), self.input_shape)
            layer.output_shape(self.input_shape)
        except (LayerError, ShapeError) as error:
            raise QuestionError(f"question {self.question.id!r} with {dict(self.numbers)}: {error}") from None
        return layer

    @cached_property
    def items(self) -> dict[str, Item]:
        """Everything that is asked, by id."""
        return {ask.id: self._item(ask) for ask in self.question.asks}

    def item(self, ask: str = "") -> Item:
        """The only thing that is asked, or the one with this id."""
        if not ask and len(self.items) == 1:
            return next(iter(self.items.values()))
        if ask not in self.items:
            raise QuestionError(
                f"question {self.question.id!r}: {unknown(Message('thing asked'), ask, self.items)}"
            )
        return self.items[ask]

    @property
    def answer(self) -> int | Fraction:
        """The right answer to the only thing that is asked."""
        exact = self.item().answer
        return int(exact) if exact.denominator == 1 else exact

    def wording(self, ask: str = "", language: str = "en") -> str:
        """The question in words, with its numbers, its convention, its unit and its precision.

        All of it is English where one part of it is not there in `language`.
        """
        item = self.item(ask)
        texts = [self.question.wording, next(one.wording for one in self.question.asks if one.id == item.id)]
        told = [item.stated.convention, *_precision(item)]
        if not _has_all(language, [text for text in texts if text], told):
            language = "en"
        said = [self._worded(text[language]) for text in texts if text]
        with speaking(catalogue(language)):
            return str(Joined([*said, *told]))

    def parse(self, raw: object, ask: str = "") -> Parsed | Malformed:
        """Reads an answer; malformed is not wrong."""
        return self.item(ask).parse(raw)

    def diagnose(self, raw: object, ask: str = "") -> Diagnosis:
        """What an answer shows, as a value or as text; what is no number gets the id "malformed"."""
        parsed = self.parse(raw, ask)
        if isinstance(parsed, Malformed):
            return Diagnosis(MALFORMED, parsed.message, Fraction(0))
        return explain([self.item(ask)], [parsed.value])

    def _worded(self, text: str) -> str:
        return filled(text, {**self.numbers, "layer": self.layer, "input": self.input_shape})

    def _item(self, ask: Ask) -> Item:
        task = Task(
            self.layer,
            ask.measure,
            self.input_shape,
            self.question.convention,
            ask.part,
            ask.dtype,
            UNITS[ask.unit],
            self.batch,
        )
        return Item(ask.id, task, ask.decimals, ask.credit, self.question.without)


def _precision(item: Item) -> list[Message]:
    """Which unit and how many decimals are asked for, where these are not whole numbers."""
    if item.decimals is None:
        return []
    unit = unit_in_words(item.stated.unit)
    return [Message("Give it in {unit}, to {decimals} decimals.", unit=unit, decimals=item.decimals)]


def _has_all(language: str, texts: Iterable[Mapping[str, str]], told: Iterable[Words]) -> bool:
    """Whether the question's own texts and all that is said beside them are there in a language."""
    if language == "en":
        return True
    known = catalogue(language)
    return all(language in text for text in texts) and all(can_say(words, known) for words in told)


# ---- vetting: right and wrong answers must be told apart ----------------------------------------


def _lucky(variant: Variant) -> list[str]:
    return [
        f"{name!r} gives the right number"
        for item in variant.items.values()
        for name, (answer,) in beliefs([item]).items()
        if item.accepts(answer, item.answer)
    ]


def _clashes_of_items(variant: Variant) -> list[str]:
    return [clash for item in variant.items.values() for clash in _clashes([item])]


def _clashes_of_cases(variants: tuple[Variant, ...]) -> list[str]:
    """Besides, the cases must show each misconception that the question gives credit for."""
    items = [variant.item() for variant in variants]
    shown = beliefs(items)
    unseen = [name for name in items[0].credit if name in MISCONCEPTIONS and name not in shown]
    return [f"{name!r} changes no answer" for name in unseen] or _clashes(items)


def _clashes(items: Sequence[Item]) -> list[str]:
    """The answers, right or from a misconception, that one given answer could stand for alike."""
    answers = {RIGHT: tuple(item.answer for item in items), **beliefs(items)}
    tolerances = [2 * item.tolerance for item in items]
    if not any(tolerances) and len(set(answers.values())) == len(answers):
        return []
    return [
        f"{one!r} and {other!r} give the same number"
        for one, other in combinations(answers, 2)
        if all(abs(a - b) <= t for a, b, t in zip(answers[one], answers[other], tolerances, strict=True))
    ]
