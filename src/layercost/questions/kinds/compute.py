"""A number about a layer or network, or several of them: the question as data, and its variants.

A variant is the same question with its numbers drawn. What later parts of a question make of earlier ones is
said by `follows`, so that an error is not paid for twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, fields
from fractions import Fraction
from functools import cached_property, partial
from itertools import combinations
from typing import Any, ClassVar

from layercost.convention import (
    Convention,
    UnknownNameError,
    convention_named,
    unit_in_words,
    unit_with_its_size,
    unknown,
)
from layercost.counting import Term
from layercost.expression import TEXT, equation
from layercost.layer import Layer, LayerError
from layercost.layers import Sequential
from layercost.message import Joined, Message, Words, can_say, catalogue, speaking
from layercost.misconception import (
    ACTIVE,
    BELIEVED,
    MISCONCEPTIONS,
    OF_COSTS,
    STORED,
    UNITS,
    Cost,
    Measure,
    Size,
    Task,
    Training,
    fitted,
)
from layercost.questions.carrying import Own, check_follows, follows, names_in, with_carried
from layercost.questions.costs import measured_by
from layercost.questions.draw import (
    Between,
    Drawn,
    OneOf,
    QuestionError,
    Seed,
    choice_from,
    known_keys,
    vetted,
)
from layercost.questions.explain import OUTCOMES, RIGHT, Diagnosis, beliefs, known_wrong, verdict
from layercost.questions.item import Item
from layercost.questions.kind import Field, Line, Posed, Template, Wrong, derived, kind
from layercost.questions.kinds.hints import hint_for
from layercost.questions.reading import Malformed, Parsed
from layercost.questions.task import measure_named, worked
from layercost.questions.template import (
    check_layer,
    check_network,
    check_wording,
    filled,
    filled_layer,
    filled_network,
)
from layercost.shape import Shape, ShapeError, several, shape_of

READ = 16  # how many layers that differ are told one by one; of more, the blocks


@dataclass(frozen=True)
class Ask:
    """One thing that a question asks: a measure of the layer or of one part of it, in a unit.

    `follows` says how it comes from other answers, as ``conv1 + conv2`` with their ids; empty if it does not.
    """

    id: str
    measure: Measure
    part: str
    unit: str
    dtype: str
    decimals: int | None
    wording: Mapping[str, str]
    credit: Mapping[str, Fraction]
    follows: str = ""


@dataclass(frozen=True)
class Question(Template):
    """A question of the bank or of an assignment that asks for numbers.

    `layers` are texts such as ``Conv2d(_, maps, kernel_size=5)``, by name, in which drawn names stand for
    their numbers and ``_`` for the channels or features that arrive; a single layer has the name "".
    `input` are the sizes of the input, numbers or drawn names; a join has a tuple of them for each of its
    inputs. `batch` is how many inputs there are, a number or a drawn name, and `cached` how many tokens of
    each have been read before. `training` says how it is trained or stored, as numbers, words and drawn
    names. `repeat` says of a layer, by its name, how many like it stand one after the other. In place of
    layers there may be a `network`, as ``vgg16(size=size)``.
    """

    kind: ClassVar[str] = "compute"
    id: str
    level: int
    skills: tuple[str, ...]
    wording: Mapping[str, str]
    names: Mapping[str, OneOf | Between]
    layers: Mapping[str, str]
    input: tuple[Any, ...]
    convention: Convention
    without: tuple[str, ...]
    asks: tuple[Ask, ...]
    batch: int | str = 1
    cached: int | str = 0
    network: str = ""
    repeat: Mapping[str, int | str] = field(default_factory=dict)
    training: Mapping[str, Drawn] = field(default_factory=dict)

    def draw(self, seed: Seed) -> Variant:
        """The variant of this seed, for ever; raises QuestionError where none tells right from wrong."""
        return self._vetted(seed, 1, lambda variants: _clashes_of_items(variants[0]))[0]

    def draw_for_practice(self, seed: Seed) -> Variant:
        """A variant in which no misconception gives the right number; two of them may give the same."""
        return self._vetted(seed, 1, lambda variants: _lucky(variants[0]))[0]

    def draw_cases(self, seed: Seed, cases: int) -> tuple[Variant, ...]:
        """Variants that together tell right from wrong, for a function that is tried on all of them."""
        return self._vetted(seed, cases, _clashes_of_cases)

    def clashes(self, cases: tuple[Variant, ...]) -> list[str]:
        """What cases for a function do not tell apart; nothing for those that `draw_cases` gives."""
        return _clashes_of_cases(cases)

    def variant(self, numbers: Mapping[str, Drawn]) -> Variant:
        """The question with these numbers; raises QuestionError where they make no layer."""
        return Variant(self, dict(numbers))

    def posed(self, state: Mapping[str, Any]) -> Variant:
        """The variant that `Variant.state` wrote down."""
        numbers = state.get("numbers")
        if not isinstance(numbers, Mapping) or set(numbers) != set(self.names):
            drawn = ", ".join(self.names)
            raise QuestionError(f"question {self.id!r}: it draws {drawn}, but got {numbers!r}")
        return self.variant(numbers)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layers as they are written, what is asked of them, in which format, and the kind."""
        written = self.network or "; ".join(self.layers.values())
        how = "".join(f" {name}={value}" for name, value in self.training.items())
        return tuple((written, _asked(ask) + how, self.kind) for ask in self.asks)

    def _vetted(
        self, seed: Seed, cases: int, clashes: Callable[[tuple[Variant, ...]], list[str]]
    ) -> tuple[Variant, ...]:
        def attempted(attempt: int) -> tuple[Variant, ...]:
            return tuple(Variant(self, self._numbers(seed, f"{attempt}/{case}")) for case in range(cases))

        advice = "Draw from wider ranges, or name a misconception in `without`."
        return vetted(self.id, attempted, clashes, advice)

    def _numbers(self, seed: Seed, label: str) -> dict[str, Drawn]:
        return {name: choice.draw(seed, f"{self.id}/{label}/{name}") for name, choice in self.names.items()}


@dataclass(frozen=True)
class Variant(Posed):
    """A question with its numbers: what is asked, what is right, what an answer shows."""

    question: Question
    numbers: Mapping[str, Drawn]

    @cached_property
    def input_shape(self) -> Shape | tuple[Shape, ...]:
        """The shape of the input, without the batch; of a join, one for each of its inputs."""
        shapes = tuple(map(self._shape, several(self.question.input)))
        return shapes[0] if len(shapes) == 1 else shapes

    def _shape(self, sizes: Iterable[object]) -> Shape:
        return shape_of(tuple(self.numbers[size] if isinstance(size, str) else size for size in sizes))

    @property
    def batch(self) -> int:
        """How many inputs there are."""
        return self._size(self.question.batch)

    @property
    def cached(self) -> int:
        """How many tokens of each have been read before."""
        return self._size(self.question.cached)

    def _size(self, size: int | str) -> int:
        return int(self.numbers[size] if isinstance(size, str) else size)

    @property
    def training(self) -> Training:
        """How it is trained or stored."""
        given = self.question.training.items()
        return Training(**{name: self.numbers.get(str(value), value) for name, value in given})  # type: ignore[arg-type]

    @cached_property
    def layer(self) -> Layer:
        """The layer or network; raises QuestionError where the numbers make none."""
        try:
            layer = fitted(self._built(), self.input_shape)
            layer.output_shape(*several(self.input_shape))
        except (LayerError, ShapeError, UnknownNameError) as error:
            raise QuestionError(f"question {self.question.id!r} with {dict(self.numbers)}: {error}") from None
        return layer

    def _built(self) -> Layer:
        if self.question.network:
            return filled_network(self.question.network, self.numbers)
        layers = {name: filled_layer(text, self.numbers) for name, text in self.question.layers.items()}
        if self.question.repeat:
            return Sequential(dict(self._repeated(layers)))
        return layers[""] if "" in layers else Sequential(layers)

    def _repeated(self, layers: Mapping[str, Layer]) -> Iterator[tuple[str, Layer]]:
        """Each layer as often as it stands there; where it is asked what they hold, each holds its own."""
        held = any(ask.measure in STORED | ACTIVE for ask in self.question.asks)
        for name, layer in layers.items():
            if name not in self.question.repeat:
                yield name, layer
                continue
            for place in range(self._size(self.question.repeat[name])):
                yield f"{name}_{place}", deepcopy(layer) if held else layer

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

    def clashes(self) -> list[str]:
        """What these numbers do not tell apart; nothing for those that `Question.draw` gives."""
        return _clashes_of_items(self)

    # ---- what every kind of question does

    @property
    def template(self) -> Question:
        """The question of the bank."""
        return self.question

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """A number for each thing that is asked."""
        return tuple(self._field(ask) for ask in self.question.asks)

    def _field(self, ask: Ask) -> Field:
        words = self._asked_for(ask) if ask.wording else ""
        return Field(ask.id, "number", words, self.item(ask.id).stated.unit)

    def told(self, language: str = "en") -> str:
        """The question in words, without what `fields` ask for one by one; its conventions are said once."""
        if len(self.question.asks) == 1:
            return self.wording("", language)
        with speaking(catalogue(language)):
            said = self.question.wording.get(language, self.question.wording["en"])
            conventions = dict.fromkeys(item.stated.convention for item in self.items.values())
            return str(Joined([self._worded(said), *conventions]))

    def _asked_for(self, ask: Ask) -> Words:
        """What one field asks for, with its precision."""
        return Joined([self._worded(ask.wording["en"]), *_precision(self.item(ask.id))])

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """What an answer shows, as a value or as text; what is no number gets the id "malformed"."""
        return verdict(self.item(field), raw)

    def mark(self, answers: Mapping[str, object]) -> dict[str, Diagnosis]:
        """Each number by itself, and later ones against what follows from the student's own earlier ones."""
        marks: dict[str, Diagnosis] = {}
        own: dict[str, Own] = {}
        for ask in self.question.asks:
            item, raw = self.item(ask.id), answers.get(ask.id)
            marks[ask.id] = verdict(item, raw)
            given = item.parse(raw)
            if isinstance(given, Malformed) or given.value.denominator != 1:
                continue
            used = {name: own[name] for name in names_in(ask.follows) if name in own}
            if used and len(used) == len(names_in(ask.follows)):
                formula = partial(follows, ask.follows)
                marks[ask.id] = with_carried(marks[ask.id], int(given.value), used, formula)
            own[ask.id] = Own(int(given.value), int(item.answer), self.field(ask.id).words or ask.id)
        return marks

    def answers(self) -> dict[str, str]:
        """The right numbers, as one would type them."""
        return {name: typed(item.answer, item.decimals) for name, item in self.items.items()}

    def wrong(self) -> list[Wrong]:
        """What misconceptions and other conventions give, each number once for each field."""
        return [
            Wrong(name, typed(answer, item.decimals), diagnosis)
            for name, item in self.items.items()
            for answer, diagnosis in known_wrong(item)
        ]

    def hint(self) -> Words:
        """Where to begin, from what is asked first."""
        first, *_others = self.items.values()
        return hint_for(first.task) or super().hint()

    def solution(self) -> list[Line]:
        """For each thing asked: where its letters come from, then letters = numbers = total."""
        lines: dict[str, Line] = {}
        for name, item in self.items.items():
            for line in _worked(item, self.field(name).words):
                lines.setdefault(_read(line), line)
        return list(lines.values())

    def state(self) -> dict[str, Any]:
        """The numbers that were drawn."""
        return {"question": self.question.id, "numbers": dict(self.numbers)}

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
            self.cached,
            self.training,
        )
        return Item(ask.id, task, ask.decimals, ask.credit, self.question.without)


def _worked(item: Item, asked: Words) -> list[Line]:
    counted = "" if item.task.unit.name else item.stated.unit
    terms, whole = worked(item.task, READ)
    lines = derived([*((_named(term), term.formula, "") for term in terms), (asked, whole, counted)])
    if isinstance(item.task.measure, Cost) and (found := measured_by(item.task)) is not None:
        lines.append(Line(*found))
    if item.task.unit.name:
        answer = typed(item.answer, item.decimals)
        said = Message("In {unit}: {answer}.", unit=unit_in_words(item.stated.unit), answer=answer)
        if item.task.unit.name == "times":
            said = Message("That is {answer} times as many.", answer=answer)
        lines.append(Line(said))
    return lines


def _read(line: Line) -> str:
    """A line as text: what reads the same is told once."""
    return f"{line.words} {'' if line.formula is None else equation(line.formula, TEXT)} {line.unit}"


def _named(term: Term) -> Words:
    name = f"{term.layer} {term.path}".lstrip()
    if term.often == 1:
        return f"{name}:"
    return Message("{name} and {others} alike, each:", name=name, others=term.often - 1)


def typed(number: Fraction, decimals: int | None) -> str:
    """A number as one would type it, with the decimals that are asked for."""
    if decimals is None or number.denominator == 1:
        return str(number.numerator) if number.denominator == 1 else str(float(number))
    scaled = round(number * 10**decimals)
    return f"{scaled // 10**decimals}.{scaled % 10**decimals:0{decimals}d}"


def _precision(item: Item) -> list[Message]:
    """Which unit and how many decimals are asked for, where these are not whole numbers."""
    unit = item.stated.unit
    return [] if item.decimals is None else precision("" if unit == "times" else unit, item.decimals)


def precision(unit: str, decimals: int) -> list[Message]:
    """In which unit a number is given, if in any, and to how many decimals."""
    if not unit:
        one, more = Message("Give it to one decimal."), Message("Give it to {decimals} decimals.")
        return [one if decimals == 1 else more.filled(decimals=decimals)]
    shown = unit_with_its_size(unit)
    if decimals == 1:
        return [Message("Give it in {unit}, to one decimal.", unit=shown)]
    return [Message("Give it in {unit}, to {decimals} decimals.", unit=shown, decimals=decimals)]


def _has_all(language: str, texts: Iterable[Mapping[str, str]], told: Iterable[Words]) -> bool:
    """Whether the question's own texts and all that is said beside them are there in a language."""
    if language == "en":
        return True
    known = catalogue(language)
    return all(language in text for text in texts) and all(can_say(words, known) for words in told)


def _asked(ask: Ask) -> str:
    """What is asked, in a word: bytes in another format are another question, as they are in another unit."""
    return f"{ask.measure.value} {ask.part} {ask.unit} {ask.dtype}"


# ---- vetting: right and wrong answers must be told apart ----------------------------------------


def _lucky(variant: Variant) -> list[str]:
    return [
        f"{name!r} gives the right number"
        for item in variant.items.values()
        for name, (answer,) in beliefs([item]).items()
        if item.accepts(answer, item.answer)
    ]


def _clashes_of_items(variant: Variant) -> list[str]:
    _check_carried(variant)
    return [clash for item in variant.items.values() for clash in _clashes([item])]


def _check_carried(variant: Variant) -> None:
    """Raise QuestionError where a number does not follow from the others as the question says."""
    right = {name: int(item.answer) for name, item in variant.items.items()}
    for ask in variant.question.asks:
        if ask.follows and follows(ask.follows, right) != right[ask.id]:
            raise QuestionError(f"{ask.id!r} does not come from {ask.follows!r}: it is {right[ask.id]}")


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


# ---- reading from TOML or JSON -------------------------------------------------------------------

_NEEDED = ("id", "level", "skills", "wording", "draw", "input", "ask")
_THINGS = ("layer", "layers", "network")
_QUESTION_KEYS = (
    *_NEEDED,
    *_THINGS,
    "convention",
    "without",
    "credit",
    "batch",
    "cached",
    "repeat",
    "training",
)
_ASK_KEYS = ("id", "quantity", "part", "unit", "dtype", "decimals", "wording", "credit", "follows")


@kind("compute")
def read(owner: str, data: Mapping[str, Any]) -> Question:
    """Reads a question that asks for numbers."""
    known_keys(owner, data, _QUESTION_KEYS)
    for key in _NEEDED:
        if key not in data:
            raise QuestionError(f"{owner}: {key!r} is missing")
    if sum(thing in data for thing in _THINGS) != 1:
        raise QuestionError(
            f"{owner}: give one of `layer`, `layers` by name for a network, or `network` for one of ours"
        )
    names = {name: choice_from(owner, name, choice) for name, choice in data["draw"].items()}
    network = data.get("network", "")
    layers = {} if network else dict(data.get("layers", {"": data.get("layer", "")}))
    if network:
        check_network(owner, network, names)
    for text in layers.values():
        check_layer(owner, text, names)
    batch, cached = data.get("batch", 1), data.get("cached", 0)
    repeat = _repeat(owner, data.get("repeat", {}), layers)
    sizes = [size for shape in several(_input(data["input"])) for size in shape]
    counted = (("batch", batch), ("cached", cached), *(("repeat", size) for size in repeat.values()))
    for place, size in (*(("input", size) for size in sizes), *counted):
        if isinstance(size, str) and size not in names:
            raise QuestionError(
                f"{owner}: {unknown(Message('drawn name'), size, names)} It is used in `{place}`."
            )
    credit = _credit(owner, data.get("credit", {}))
    return Question(
        id=data["id"],
        level=data["level"],
        skills=tuple(data["skills"]),
        wording=check_wording(owner, data["wording"], names, needed=True),
        names=names,
        layers=layers,
        input=_input(data["input"]),
        convention=convention_named(data.get("convention", "textbook")),
        without=_known_misconceptions(owner, data.get("without", [])),
        asks=_asks(owner, data["ask"], credit, names),
        batch=batch,
        cached=cached,
        network=network,
        repeat=repeat,
        training=_training(owner, data.get("training", {}), names),
    )


TRAINING = tuple(one.name for one in fields(Training) if one.name not in BELIEVED)
_SETTINGS = {int: "a whole number", str: "a word", bool: "true or false"}


def _training(owner: str, data: object, names: Mapping[str, object]) -> dict[str, Drawn]:
    """How something is trained or stored: numbers, words of the analysis, and drawn names."""
    if not isinstance(data, Mapping):
        raise QuestionError(f"{owner}: `training` is a table, but got {data!r}")
    kinds = {one.name: type(one.default) for one in fields(Training)}
    for name, value in data.items():
        if name not in TRAINING:
            raise QuestionError(f"{owner}: {unknown(Message('setting of training'), name, TRAINING)}")
        if type(value) is kinds[name] or (isinstance(value, str) and value in names):
            continue
        if isinstance(value, str):
            raise QuestionError(
                f"{owner}: {unknown(Message('drawn name'), value, names)} It is used in `training.{name}`."
            )
        raise QuestionError(
            f"{owner}: `training.{name}` is {_SETTINGS[kinds[name]]} or a drawn name, but got {value!r}"
        )
    return dict(data)


def _repeat(owner: str, data: object, layers: Mapping[str, str]) -> dict[str, int | str]:
    """How many layers like it stand one after the other, by the name of a layer."""
    if not isinstance(data, Mapping):
        raise QuestionError(
            f"{owner}: `repeat` is a table of numbers by the names of `layers`, but got {data!r}"
        )
    repeat = dict(data)
    for name in repeat:
        if name not in layers:
            raise QuestionError(f"{owner}: {unknown(Message('layer'), name, layers)} It is in `repeat`.")
    return repeat


def _input(data: Sequence[Any]) -> tuple[Any, ...]:
    """The sizes of the input; lists of them, one for each input of a join, as tuples."""
    return tuple(tuple(one) if isinstance(one, list) else one for one in data)


def _asks(
    owner: str, data: Sequence[Mapping[str, Any]], credit: Mapping[str, Fraction], names: Mapping[str, object]
) -> tuple[Ask, ...]:
    asks = tuple(_ask(owner, one, credit, names) for one in data)
    for place, ask in enumerate(asks):
        if ask.follows:
            check_follows(owner, ask.follows, [earlier.id for earlier in asks[:place]])
    if not asks or len({ask.id for ask in asks}) < len(asks):
        raise QuestionError(
            f"{owner}: each [[question.ask]] needs an id of its own, and there must be at least one"
        )
    return asks


def _ask(
    owner: str, data: Mapping[str, Any], credit: Mapping[str, Fraction], names: Mapping[str, object]
) -> Ask:
    known_keys(owner, data, _ASK_KEYS)
    unit = data.get("unit", "")
    if unit not in UNITS:
        raise QuestionError(f"{owner}: {unknown(Message('unit'), unit, UNITS)}")
    measure = measure_named(data.get("quantity", ""))
    if unit and isinstance(measure, Size):
        raise QuestionError(f"{owner}: {measure.value!r} is a plain number without a unit, but got {unit!r}")
    if unit in OF_COSTS and not isinstance(measure, Cost):
        raise QuestionError(f"{owner}: {measure.value!r} is not counted in {unit}")
    return Ask(
        id=data.get("id", "answer"),
        measure=measure,
        part=data.get("part", ""),
        unit=unit,
        dtype=data.get("dtype", "float32"),
        decimals=data.get("decimals"),
        wording=check_wording(owner, data.get("wording", {}), names, needed=False),
        credit={**credit, **_credit(owner, data.get("credit", {}))},
        follows=data.get("follows", ""),
    )


def _credit(owner: str, data: Mapping[str, Any]) -> dict[str, Fraction]:
    """The share of the points that each diagnosis earns: from 0 to less than 1."""
    for name, share in data.items():
        if name not in MISCONCEPTIONS and name not in OUTCOMES:
            raise QuestionError(
                f"{owner}: {unknown(Message('misconception'), name, (*MISCONCEPTIONS, *OUTCOMES))}"
            )
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
            raise QuestionError(
                f"{owner}: credit is a share from 0 to less than 1, but {name!r} has {share!r}"
            )
    return {name: Fraction(str(share)) for name, share in data.items()}


def _known_misconceptions(owner: str, names: Sequence[str]) -> tuple[str, ...]:
    for name in names:
        if name not in MISCONCEPTIONS:
            raise QuestionError(f"{owner}: {unknown(Message('misconception'), name, MISCONCEPTIONS)}")
    return tuple(names)
