"""The fields of a configuration file, read one at a time: each default that is taken is noted.

A file leaves out what its authors' code has a default for, and what that is changes from class to class. A
reader that fills gaps in silence counts another model than the one in the file; so every value that is not in
the file is kept with the place that it comes from. Sizes without which there is no model (`Fields.size`) have
to be there: only a file without any of them means the class as it is, and a part within another file is
written without what equals its class.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from layercost.convention import unknown
from layercost.message import Message, Words, clauses
from layercost.models.tree import ModelError
from layercost.shape import shown

VERSION = "transformers 5.24.0"  # whose classes have the defaults
LONGEST = 80  # characters of a value in an error
MOST = 2**40  # no size in a model is larger
MOST_LAYERS = 10_000  # each of them is an object of its own here
SIZES = frozenset({
    "hidden_size", "n_embd", "n_embed", "d_model", "dim", "embed_dim",
    "num_hidden_layers", "n_layer", "n_layers", "num_layers", "encoder_layers", "depths",
    "num_attention_heads", "n_head", "n_heads", "num_heads", "encoder_attention_heads",
    "vocab_size", "intermediate_size", "ffn_dim", "d_ff", "hidden_dim", "encoder_ffn_dim",
})  # fmt: skip


class Default(NamedTuple):
    """A value that the file does not have: which field, what was taken, and on whose word."""

    field: str
    value: object
    source: Words

    def data(self) -> dict[str, object]:
        """The same as plain data, as JSON has it."""
        return {"field": self.field, "value": self.value, "source": str(self.source)}


class Derived(NamedTuple):
    """A default that follows from another field: its value, and from which."""

    value: Any
    source: Words


def same_as(field: str, value: Any) -> Derived:
    """The value of another field."""
    return Derived(value, Message("as {field}", field=field))


_WITH_HEAD = re.compile(r"LMHead|(CausalLM|ForConditionalGeneration)$")
_OF_ANOTHER_TASK = re.compile(r"For[A-Z]|Heads")  # as in Qwen2ForRewardModel and GPT2DoubleHeadsModel
_OF_LABELS = re.compile(r"For(SequenceClassification|TokenClassification|QuestionAnswering)$")
AN_OBJECT = Message("an object of fields in braces")
_NEVER = object()  # no default: a null is refused


class Fields:
    """The fields of one configuration; `file` and `within` name it in errors, `of` is its class.

    Methods take a name and its aliases, and give a value that has been checked. Each raises ModelError that
    names the file, the field, what was expected and what arrived.
    """

    def __init__(self, values: Mapping[str, Any], *, file: str, of: str, within: str = "") -> None:
        self.values = values
        self.file = file
        self.of = of
        self.within = within
        self.defaults: list[Default] = []
        self.notes: list[Message] = []
        self.asked: dict[str, tuple[str, ...]] = {}  # each name that was asked for, with all of its field
        self.parts: list[Fields] = []
        self._may_lack_sizes = bool(within) or SIZES.isdisjoint(values)

    # ---- what a family asks

    def size(self, *names: str, default: int, least: int = 1) -> int:
        """A size without which there is no model; it may be missing only where all of them are."""
        if not self._may_lack_sizes and self._given(names) is None:
            self.refuse(
                names[0],
                Message("it is missing; {of} has {default}, which other sizes in the file may not fit",
                        of=self.of, default=default),
                Message("add it, or leave out every size to get the class as it is"),
            )  # fmt: skip
        return self.whole(*names, default=default, least=least)

    def layers(self, *names: str, default: int) -> int:
        """How many layers there are."""
        return self.few_layers(names[0], self.size(*names, default=default))

    def few_layers(self, name: str, count: int) -> int:
        """The same number of layers, which a field leads to; raises ModelError for one without end."""
        if count > MOST_LAYERS:
            self.expected(name, Message("at most {most:,} layers", most=MOST_LAYERS), count)
        return count

    def whole(self, *names: str, default: int | Derived, null: Any = _NEVER, least: int = 1) -> int:
        """A whole number; `null` is what a null in the file stands for (of what is derived, the same)."""
        name, value = self._value(names, default, null)
        return self._checked_whole(name, value, least, Message("a whole number"))

    def _checked_whole(self, name: str, value: object, least: int, what: Message) -> int:
        """A whole number within bounds; `what` says what else might stand there."""
        if type(value) is not int or value < least:
            self.expected(name, Message("{what} of at least {least}", what=what, least=least), value)
        if value > MOST:
            self.expected(name, Message("{what} of at most {most:,}", what=what, most=MOST), value)
        return value

    def whole_or_none(self, *names: str, default: int | Derived | None, least: int = 1) -> int | None:
        """A whole number, or none, which is a null in the file."""
        name, value = self._value(names, default, None)
        if value is None:
            return None
        return self._checked_whole(name, value, least, Message("null or a whole number"))

    def announced(self, *names: str) -> int:
        """A whole number that is 0 where the file does not have it: what is said beside, and not counted."""
        return 0 if self._given(names) is None else self.whole(*names, default=0, null=0, least=0)

    def flag(self, *names: str, default: bool | Derived, null: Any = _NEVER) -> bool:
        """True or false."""
        name, value = self._value(names, default, null)
        if not isinstance(value, bool):
            self.expected(name, Message("true or false"), value)
        return bool(value)

    def share(self, *names: str, default: float) -> float:
        """A number above 0 and at most 1."""
        return self.checked_share(*self._value(names, default, _NEVER))

    def checked_share(self, name: str, value: object) -> float:
        """A number above 0 and at most 1 that stands elsewhere in the file."""
        if type(value) not in (int, float) or not 0 < value <= 1:  # type: ignore[operator]
            self.expected(name, Message("a number above 0 and at most 1"), value)
        return float(value)  # type: ignore[arg-type]

    def choice(self, *names: str, known: Mapping[str, Any], default: str, what: Message) -> Any:
        """What a name stands for in `known`; of another name, the nearest ones are told."""
        name, value = self._value(names, default, _NEVER)
        if value is None:
            self.expected(name, Message("the name of the {what}", what=what), value)
        if not isinstance(value, str) or value not in known:
            self.refuse(name, unknown(what, value, known))
        return known[value]

    def whole_numbers(self, *names: str, default: Sequence[int] | Derived, least: int = 0) -> tuple[int, ...]:
        """A list of whole numbers; a null is an empty one where the default is."""
        name, value = self._value(names, default, _NEVER if default else ())
        if not isinstance(value, (list, tuple)) or not all(
            type(one) is int and least <= one <= MOST for one in value
        ):
            self.expected(name, Message("a list of whole numbers"), value)
        return tuple(value)

    def sides(self, *names: str, default: int) -> tuple[int, int]:
        """Height and width: one whole number for both, or one for each."""
        name, value = self._value(names, default, _NEVER)
        several = value if isinstance(value, (list, tuple)) else (value, value)
        if len(several) != 2 or not all(type(one) is int and 1 <= one <= MOST for one in several):
            self.expected(name, Message("a whole number of at least 1, or two of them"), value)
        return several[0], several[1]

    def real(self, *names: str, default: float) -> float:
        """A number above 0 that is finite."""
        name, value = self._value(names, default, _NEVER)
        if type(value) not in (int, float) or not 0 < value < MOST:
            self.expected(name, Message("a number above 0"), value)
        return float(value)

    @property
    def is_class_alone(self) -> bool:
        """Whether the file has no size at all, and so means the class as it is."""
        return SIZES.isdisjoint(self.values)

    def part(self, name: str, of: str, inherits: Iterable[str] = ()) -> Fields:
        """The configuration of a part, which stands in this one; it may leave out what equals its class.

        Fields that it `inherits` are those of this one, whatever it says itself, which is noted.
        """
        value = self.values.get(name)
        if not isinstance(value, Mapping):
            self.expected(name, AN_OBJECT, value)
        from_here = {field: self.values[field] for field in inherits if self.values.get(field) is not None}
        inner = Fields({**value, **from_here}, file=self.file, of=of, within=self.place(name))
        self.parts.append(inner)
        inner.defaults, inner.notes = self.defaults, self.notes
        for field, here in from_here.items():
            if value.get(field) not in (None, here):
                self.note(
                    Message("The file's {inner} is {said}, and its {field} is {here}, which counts.",
                            inner=inner.place(field), said=written(value[field]), field=self.place(field),
                            here=written(here))
                )  # fmt: skip
        return inner

    def missing_part(self, name: str, of: str) -> Fields:
        """The configuration of a part that the file leaves out, which is then its class as it is."""
        inner = Fields({}, file=self.file, of=of, within=name)
        inner.defaults, inner.notes = self.defaults, self.notes
        return inner

    def named_class(self) -> str | None:
        """The class that ``architectures`` names, the first of several; none where it is left out."""
        named = self.values.get("architectures")
        if not named:
            return None
        name = named[0] if isinstance(named, (list, tuple)) else named
        if not isinstance(name, str):
            self.expected("architectures", Message('a list of names, as ["LlamaForCausalLM"]'), named)
        return name

    def task(self) -> str | None:
        """What ``architectures`` names a class for that gives scores of labels, as SequenceClassification."""
        found = _OF_LABELS.search(self.named_class() or "")
        return found[1] if found else None

    def has_head(self) -> bool:
        """Whether ``architectures`` names a class that gives scores; without it, it does, of tokens.

        A bare class, as ``LlamaModel``, has no head; a class with another head is refused.
        """
        name = self.named_class()
        if name is None or _WITH_HEAD.search(name) or self.task():
            return True
        if not name.endswith("Model") or _OF_ANOTHER_TASK.search(name):
            self.refuse(
                "architectures",
                Message("the head of {name} is not counted here", name=name),
                Message("leave the field out to count the language model"),
            )
        return False

    # ---- what is not counted, and what is said beside

    def only(self, value: object, *names: str, why: Words) -> None:
        """Refuse a field of another value than the one that is counted here; missing and null are that."""
        name = self._given(names)
        if name is not None and self.values[name] not in (None, value):
            self.refuse(
                name,
                Message("{got} is not counted here: {why}", got=written(self.values[name]), why=why),
                Message("expected {value}", value=written(value)),
            )

    def took(self, name: str, value: object) -> None:
        """Note a default of the class that a family has worked out itself."""
        self._taken(name, value)

    def note(self, words: Message) -> None:
        """Say something of the model that its table does not show."""
        self.notes.append(words)

    def refuse(self, field: str, problem: Words, advice: Words = "") -> NoReturn:
        """Raise ModelError that names the file and the field, as the file spells it."""
        name = self.place(self.spelled(field))
        said = clauses([problem, advice])
        raise ModelError(Message("{file}: {field}: {said}", file=self.file, field=name, said=said))

    def expected(self, field: str, what: Words, got: object) -> NoReturn:
        """Raise ModelError for a value of the wrong kind or size; a null may be left out."""
        advice = Message("leave the field out to get the default") if got is None else ""
        problem = Message("expected {what}, but got {got}", what=what, got=written(got))
        self.refuse(field, problem, "" if field in SIZES else advice)

    def contradicts(self, name: str, other: str) -> NoReturn:
        """Raise ModelError for two names of one field that have two values."""
        first, second = written(self.values[name]), written(self.values[other])
        self.refuse(
            name,
            Message("{first} contradicts {other}: {value}", first=first, other=other, value=second),
            Message("both are names of one field; leave one of them out"),
        )

    # ---- which value it is

    def place(self, name: str) -> str:
        """A field as errors call it, with the part in which it stands."""
        return f"{self.within}.{name}" if self.within else name

    def spelled(self, name: str) -> str:
        """A field's name in the file, of the several that it has; `name` where the file has none of them."""
        names = self.asked.get(name, ())
        return next((one for one in names if self.values.get(one) is not None), name)

    def missing(self) -> list[str]:
        """Each name that was asked for of a field that the file does not have under any of them."""
        return [name for name, names in self.asked.items() if not any(one in self.values for one in names)]

    def _given(self, names: Iterable[str]) -> str | None:
        """The name under which the file has a field; raises ModelError where two names disagree.

        A null beside another name's value says nothing.
        """
        names = tuple(names)
        self.asked.update(dict.fromkeys(names, names))
        there = [name for name in names if name in self.values]
        found = [name for name in there if self.values[name] is not None] or there
        for other in found[1:]:
            if self.values[other] != self.values[found[0]]:
                self.contradicts(found[0], other)
        return found[0] if found else None

    def _value(self, names: tuple[str, ...], default: Any, null: Any) -> tuple[str, Any]:
        """The field's name in the file and its value; what is taken instead is noted."""
        name = self._given(names)
        if name is None:
            return names[0], self._taken(names[0], default)
        value = self.values[name]
        if value is not None:
            return name, value
        if null is not _NEVER:
            return name, self._taken(name, null) if isinstance(null, Derived) else null
        return name, self._taken(name, default) if isinstance(default, Derived) else None

    def _taken(self, name: str, default: Any) -> Any:
        """A default's value, which is noted with its source."""
        source: Words = Message("{of} of {version}", of=self.of, version=VERSION)
        value = default
        if isinstance(default, Derived):
            value, source = default
        self.asked.setdefault(name, (name,))
        place = self.place(name)
        if all(one.field != place for one in self.defaults):
            self.defaults.append(Default(place, value, source))
        return value


def written(value: object) -> Words:
    """A value as the file has it, cut where it is long."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):  # it is from no file
        return shown(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
