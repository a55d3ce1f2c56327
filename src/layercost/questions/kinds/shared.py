"""What several kinds share: drawing until right and wrong differ, answers to choose, carried errors."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from layercost.convention import unknown
from layercost.message import Joined, Message, Words, can_say, catalogue, listing, speaking
from layercost.misconception import MISCONCEPTIONS
from layercost.questions.distance import earned_by, how_far, off
from layercost.questions.draw import (
    Between,
    Drawn,
    OneOf,
    QuestionError,
    Seed,
    chance,
    choice_from,
    known_keys,
    vetted,
)
from layercost.questions.explain import MALFORMED, OUTCOMES, RIGHT, UNKNOWN, Diagnosis, beliefs, explain
from layercost.questions.item import Item
from layercost.questions.kind import Option, Posed, Template, Wrong
from layercost.questions.kinds import compute
from layercost.questions.reading import Malformed, read_number
from layercost.questions.sentences import said
from layercost.questions.task import number, other_conventions
from layercost.questions.template import check_wording, filled
from layercost.view import number as grouped

PICKS = 1 << 30  # what else is drawn comes from one number below this

# What compute reads, and what each kind reads besides `id`, `level`, `skills`, `wording`, `draw`, `credit`.
SUBJECT = ("layer", "layers", "network", "input", "batch", "cached", "repeat", "training")
_OPENING = ("id", "level", "skills", "wording", "draw", "credit")


# ---- templates ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class DrawnTemplate(Template):
    """A template that draws its names, and one number for all else that is left to chance."""

    id: str
    level: int
    skills: tuple[str, ...]
    wording: Mapping[str, str]
    names: Mapping[str, OneOf | Between]
    credit: Mapping[str, Fraction]

    @abstractmethod
    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The question with these numbers; raises QuestionError where they make none."""

    def draw(self, seed: Seed) -> Kept:
        """The question of this seed, for ever; raises QuestionError where none tells right from wrong."""

        def attempted(attempt: int) -> Kept:
            label = f"{self.id}/{attempt}"
            numbers = {name: one.draw(seed, f"{label}/{name}") for name, one in self.names.items()}
            return self.pose(numbers, chance(seed, f"{label}/pick", PICKS))

        advice = "Draw from other ranges, or name a misconception in `without`, where the kind reads it."
        return vetted(self.id, attempted, lambda posed: posed.clashes(), advice)

    def posed(self, state: Mapping[str, Any]) -> Kept:
        """The question that `Kept.state` wrote down."""
        numbers, pick = state.get("numbers"), state.get("pick")
        if not isinstance(numbers, Mapping) or set(numbers) != set(self.names):
            drawn = ", ".join(self.names)
            raise QuestionError(f"question {self.id!r}: it draws {drawn}, but got {numbers!r}")
        if isinstance(pick, bool) or not isinstance(pick, int) or not 0 <= pick < PICKS:
            raise QuestionError(f"question {self.id!r}: `pick` is a number below {PICKS}, but got {pick!r}")
        return self.pose(numbers, pick)


@dataclass(frozen=True)
class Kept(Posed):
    """A question of such a template, with what was drawn."""

    drawn: DrawnTemplate
    numbers: Mapping[str, Drawn]
    pick: int

    @property
    def template(self) -> Template:
        """The question of the bank."""
        return self.drawn

    def state(self) -> dict[str, Any]:
        """The numbers that were drawn, and the one that decides all else."""
        return {"question": self.drawn.id, "numbers": dict(self.numbers), "pick": self.pick}

    def clashes(self) -> list[str]:
        """Why right and wrong cannot be told apart with these numbers; nothing where they can."""
        return []

    def known(self) -> dict[str, object]:
        """What a wording may name between braces."""
        return dict(self.numbers)

    def besides(self) -> Sequence[Words]:
        """What is said behind the question's own text: conventions, how exact an answer has to be."""
        return ()

    def told(self, language: str = "en") -> str:
        """The question's own text and what is said beside it, all in one language."""
        if not self.speaks(language):
            language = "en"
        with speaking(catalogue(language)):
            return self.put_together(filled(self.drawn.wording[language], self.known()), self.besides())

    def speaks(self, language: str) -> bool:
        """Whether all that is told is there in a language."""
        known = catalogue(language)
        words = (*self.besides(), *self.also_told())
        return language in self.drawn.wording and all(can_say(one, known) for one in words)

    def also_told(self) -> Sequence[Words]:
        """What else stands in the text that is told, such as the heads of a table."""
        return ()

    def put_together(self, asked: str, besides: Sequence[Words]) -> str:
        """The text with what is said behind it."""
        return str(Joined([asked, *besides]))

    def judged(self, name: str, message: Words, *others: str) -> Diagnosis:
        """A diagnosis with the share that the template gives for it, or for what it is besides."""
        credit = max(self.drawn.credit.get(one, Fraction(0)) for one in (name, *others))
        return Diagnosis(name, message, credit)

    def off(self, given: Fraction, right: Fraction, advice: Words) -> Diagnosis:
        """How far a number is from the right one that no mistake explains; advice for one that is far."""
        found = off(given, right)
        if found is not None:
            return self.judged(found.of, found.says, *earned_by(found.of, given, right))
        message = Message("This is not right, and fits no mistake that we know; {advice}.", advice=advice)
        return self.judged(UNKNOWN, Joined([message, how_far(given, right)]))


def opening(
    owner: str,
    data: Mapping[str, Any],
    keys: Sequence[str],
    needed: Sequence[str],
    sayable: Sequence[str] = (),
    outcomes: Sequence[str] = (),
) -> dict[str, Any]:
    """What every template of these kinds begins with; raises QuestionError that says what was expected."""
    known_keys(owner, data, (*_OPENING, *keys))
    for key in ("wording", *needed):
        if key not in data:
            raise QuestionError(f"{owner}: {key!r} is missing")
    names = drawn_names(owner, data)
    return {
        "id": data["id"],
        "level": data["level"],
        "skills": tuple(data["skills"]),
        "wording": check_wording(owner, data["wording"], {**names, **dict.fromkeys(sayable)}, needed=True),
        "names": names,
        "credit": shares(owner, data.get("credit", {}), (*MISCONCEPTIONS, *OUTCOMES, *outcomes)),
    }


def drawn_names(owner: str, data: Mapping[str, Any]) -> dict[str, OneOf | Between]:
    """What is drawn, by its name."""
    table = data.get("draw", {})
    if not isinstance(table, Mapping):
        raise QuestionError(f"{owner}: `draw` is a table of names and what they are drawn from")
    return {name: choice_from(owner, name, choice) for name, choice in table.items()}


def values_of(owner: str, name: str, drawn: OneOf | Between) -> tuple[int, ...]:
    """All whole numbers that a name is drawn from; raises QuestionError where there are other values."""
    if isinstance(drawn, Between):
        return tuple(range(drawn.first, drawn.last + 1, drawn.step))
    if not all(type(value) is int for value in drawn.values):
        raise QuestionError(f"{owner}: {name!r} is a whole number, but got {list(drawn.values)!r}")
    return tuple(int(value) for value in drawn.values)


def shares(owner: str, data: object, known: Sequence[str]) -> dict[str, Fraction]:
    """The share of the points that each diagnosis earns: from 0 to less than 1."""
    if not isinstance(data, Mapping):
        raise QuestionError(f"{owner}: `credit` is a table of diagnoses and shares, but got {data!r}")
    for name, share in data.items():
        if name not in known:
            raise QuestionError(f"{owner}: {unknown(Message('diagnosis'), name, known)}")
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
            raise QuestionError(
                f"{owner}: credit is a share from 0 to less than 1, but {name!r} has {share!r}"
            )
    return {name: Fraction(str(share)) for name, share in data.items()}


def inner(
    owner: str, data: Mapping[str, Any], ask: Sequence[Mapping[str, Any]], **more: Any
) -> compute.Question:
    """The same layers as a question that asks for numbers: it reads names, layers, input and convention."""
    keys = (*SUBJECT, "convention", "draw", "id", "level", "skills", "without")
    plain = {key: data[key] for key in keys if key in data}
    plain = {"draw": {}, **plain, "wording": {"en": "?"}, "ask": list(ask), **more}
    try:
        question = compute.read(owner, plain)
    except QuestionError:
        raise
    except ValueError as error:  # an unknown quantity or convention, or a layer that cannot be read
        raise QuestionError(f"{owner}: {error}") from None
    assert isinstance(question, compute.Question)
    return question


def written(question: compute.Question) -> str:
    """The layers or the network as they are written."""
    return question.network or "; ".join(question.layers.values())


def needs_text(
    owner: str, data: object, names: Mapping[str, object], sayable: Iterable[str] = ()
) -> dict[str, str]:
    """Texts by language, with English among them."""
    return check_wording(owner, data, {**names, **dict.fromkeys(sayable)}, needed=True)


def known_misconceptions(owner: str, names: object) -> tuple[str, ...]:
    """Names of misconceptions; raises QuestionError with the nearest for one that nobody has."""
    for name in names if isinstance(names, list) else [names]:
        if name not in MISCONCEPTIONS:
            raise QuestionError(f"{owner}: {unknown(Message('misconception'), name, MISCONCEPTIONS)}")
    return tuple(names)  # type: ignore[arg-type]


def tables(owner: str, data: Mapping[str, Any], key: str, least: int, most: int) -> list[Mapping[str, Any]]:
    """A list of tables of a template; raises QuestionError for anything else, too few and too many."""
    given = data[key]
    right = isinstance(given, list) and all(isinstance(one, Mapping) for one in given)
    if not right or not least <= len(given) <= most:
        raise QuestionError(f"{owner}: `{key}` is a list of {least} to {most} tables, but got {given!r}")
    return list(given)


def worded(texts: Mapping[str, str], known: Mapping[str, object]) -> str:
    """The English text of a field or an option, with its numbers."""
    return filled(texts["en"], known)


# ---- answers ------------------------------------------------------------------------------------

RIGHT_ANSWER = Diagnosis(RIGHT, Message("Right."), Fraction(1))


def right(message: Words) -> Diagnosis:
    """A right answer, with what there is to say about it."""
    return Diagnosis(RIGHT, Joined([RIGHT_ANSWER.message, message]), Fraction(1))


def malformed(message: Words) -> Diagnosis:
    """An answer that is not wrong, as it is none."""
    return Diagnosis(MALFORMED, message, Fraction(0))


def whole_answer(raw: object, unit: str = "") -> int | Diagnosis:
    """A whole number, or why there is none."""
    parsed = read_number(raw, unit, whole=True)
    return malformed(parsed.message) if isinstance(parsed, Malformed) else int(parsed.value)


def chosen(raw: object, options: Sequence[Option]) -> str | Diagnosis:
    """The id of the option that was chosen, by its id or in its words; or why there is none."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return malformed(said("empty"))
    text = str(raw).strip().casefold() if isinstance(raw, str | int) and not isinstance(raw, bool) else ""
    for option in options:
        if text in (option.id.casefold(), str(option.words).casefold()):
            return option.id
    return malformed(Message("Choose one of these: {options}.", options=listing(one.id for one in options)))


def ordered(raw: object, options: Sequence[Option]) -> tuple[str, ...] | Diagnosis:
    """All options' ids in the order that was given, as a list or with commas; or why there is none."""
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        return malformed(said("empty"))
    parts = re.split(r"[,;<\s]+", raw.strip()) if isinstance(raw, str) else raw
    every = listing(one.id for one in options)
    if isinstance(parts, Sequence) and all(isinstance(part, str) for part in parts):
        known = {one.id.casefold(): one.id for one in options}
        given = tuple(known.get(part.strip().casefold(), "") for part in parts)
        if sorted(given) == sorted(known.values()):
            return given
    return malformed(Message("Give each of these once, with commas between them: {options}.", options=every))


def shape_text(sizes: Iterable[object]) -> str:
    """A shape as one reads and types it."""
    return " x ".join(str(int(size)) for size in sizes)  # type: ignore[call-overload]


def options_in_order(options: Sequence[Option], pick: int) -> tuple[Option, ...]:
    """The options, shuffled by what was drawn."""
    left, given = list(options), []
    while left:
        given.append(left.pop(chance(pick, f"option {len(left)}", len(left))))
    return tuple(given)


def amount(number: int | Fraction, unit: str = "") -> Words:
    """A number with its digits in groups, and its unit."""
    from layercost.convention import unit_in_words  # units are words, too

    exact = Fraction(number)
    text = grouped(exact.numerator) if exact.denominator == 1 else f"{float(exact):,.3f}"
    return Message("{number} {unit}", number=text, unit=unit_in_words(unit)) if unit else text


def wrong_numbers(field: str, item: Item) -> list[Wrong]:
    """What misconceptions and other conventions give, each number once."""
    found: dict[Fraction, Diagnosis] = {item.answer: RIGHT_ANSWER}
    for name, (one,) in beliefs([item]).items():
        found.setdefault(one, Diagnosis(name, MISCONCEPTIONS[name].message, item.credit_of(name)))
    for _, task in other_conventions(item.task):
        if number(task) not in found:
            found[number(task)] = explain([item], [number(task)])
    del found[item.answer]
    return [Wrong(field, compute.typed(one, item.decimals), diagnosis) for one, diagnosis in found.items()]


def number_diagnosis(item: Item, known: Iterable[Wrong], given: int) -> Diagnosis:
    """What a number shows: one of the wrong answers that are known of a field, or what `explain` finds."""
    for wrong in known:
        if wrong.answer == str(given):
            return wrong.diagnosis
    return explain([item], [Fraction(given)])


def unseen(items: Iterable[Item]) -> list[str]:
    """The beliefs that have a part in what is asked and change none of the numbers: nobody could see them."""
    changes: dict[str, bool] = {}
    for item in items:
        for name, (one,) in beliefs([item]).items():
            changes[name] = changes.get(name, False) or not item.accepts(one, item.answer)
    return [f"{name!r} gives the right number" for name, seen in changes.items() if not seen]
