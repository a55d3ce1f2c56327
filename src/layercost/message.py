"""Words as data: what people are told, with its values kept apart; it is spoken only where somebody reads it.

A `Message` is an English text with ``{name}`` in place of each value. The text is the key under which a
catalogue has it in another language. Records keep keys and values; `str` speaks in the language of the
moment, and so do the messages among its values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

Catalogue = Mapping[str, str]  # English text -> the text in another language, with the same names in it

_SPOKEN: ContextVar[Catalogue] = ContextVar("spoken")
_ENGLISH: Catalogue = {}
_FIELD = re.compile(r"\{\w*[^{}]*\}")  # a value's place in a text


class Message:
    """What people are told: an English text, and a value for each ``{name}`` in it.

    >>> str(Message("{layer} takes {size:,} values", layer="Linear", size=25088))
    'Linear takes 25,088 values'
    """

    __slots__ = ("key", "values")

    def __init__(self, key: str, /, **values: Any) -> None:
        self.key = key
        self.values = values

    def __str__(self) -> str:
        text = _SPOKEN.get(_ENGLISH).get(self.key, self.key)
        return text.format(**self.values) if self.values else text

    def filled(self, **values: Any) -> Message:
        """The same text with these values."""
        return Message(self.key, **{**self.values, **values})

    def __format__(self, specification: str) -> str:
        return format(str(self), specification)

    def __repr__(self) -> str:
        values = "".join(f", {name}={value!r}" for name, value in self.values.items())
        return f"Message({self.key!r}{values})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.key, self.values) == (other.key, other.values)

    def __hash__(self) -> int:
        return hash((self.key, tuple(self.values)))


Words: TypeAlias = "Message | str"  # a plain text says the same in every language: a name, a number, code


class Joined(Message):
    """Messages one after another, with `between` them; empty ones are left out.

    >>> str(Joined([Message("One."), "", Message("Two.")]))
    'One. Two.'
    """

    __slots__ = ()

    def __init__(self, parts: Iterable[Words], between: Words = " ") -> None:
        said = [part for part in parts if not isinstance(part, str) or part]
        names = {f"part{place}": part for place, part in enumerate(said)}
        betweens = {"between": between} if len(said) > 1 else {}
        super().__init__("{between}".join(f"{{{name}}}" for name in names), **names, **betweens)


def listing(parts: Iterable[Words]) -> Words:
    """Messages with a comma between them, as the language writes it: ``conv1, conv2, fc1``."""
    return _with(Message(", "), parts)


def either(parts: Iterable[Words]) -> Words:
    """Messages with *or* between them, as the language writes it."""
    return _with(Message(" or "), parts)


def both(parts: Iterable[Words]) -> Words:
    """Messages with *and* between them, as the language writes it."""
    return _with(Message(" and "), parts)


def clauses(parts: Iterable[Words]) -> Words:
    """Parts of one sentence, with a semicolon between them."""
    return _with(Message("; "), parts)


def _with(between: Message, parts: Iterable[Words]) -> Words:
    """The parts with `between` them: empty ones are left out, and one alone stays itself."""
    every = [part for part in parts if part]
    return every[0] if len(every) == 1 else Joined(every, between) if every else ""


def sentence(words: Words) -> Words:
    """Words as a sentence of their own, with a capital and a full stop; nothing for nothing."""
    return Sentence(words) if words else ""


class Sentence(Message):
    """A message that is spoken with a capital at its beginning, and a full stop at its end.

    >>> str(Sentence(Message("not known")))
    'Not known.'
    """

    __slots__ = ()

    def __init__(self, words: Words) -> None:
        super().__init__(_WITH_A_FULL_STOP.key, words=words)

    def __str__(self) -> str:
        said = super().__str__()
        return said[:1].upper() + said[1:]


_WITH_A_FULL_STOP = Message("{words}.")


def message_of(told: Message | str | BaseException) -> Words:
    """What was told: of an error the message that it carries, so that it can be a part of another."""
    if not isinstance(told, BaseException):
        return told
    carried = told.args[0] if len(told.args) == 1 else None
    return carried if isinstance(carried, Message) else str(told)


# ---- as plain data -----------------------------------------------------------------------------


def to_data(words: Words) -> Any:
    """Words as JSON has them: a plain text as itself, a message as its key and its values.

    >>> to_data(Message("{n} are left", n=2))
    {'key': '{n} are left', 'values': {'n': 2}}
    """
    if isinstance(words, str):
        return words
    values = {name: _value_to_data(value) for name, value in words.values.items()}
    kind = {"is": "sentence"} if isinstance(words, Sentence) else {}
    return {"key": words.key, "values": values, **kind}


def _value_to_data(value: object) -> Any:
    if isinstance(value, Message):
        return to_data(value)
    return value if type(value) in (str, int, float, bool, type(None)) else str(value)


def from_data(data: Any) -> Words:
    """Words from JSON, as `to_data` wrote them; raises ValueError for anything else."""
    if isinstance(data, str):
        return data
    kept = data if isinstance(data, Mapping) else {}
    if not isinstance(kept.get("key"), str) or not isinstance(kept.get("values"), Mapping):
        raise ValueError(f"neither a text nor a message: {data!r}")
    values = {name: from_data(value) if isinstance(value, Mapping) else value
              for name, value in data["values"].items()}  # fmt: skip
    return Sentence(values["words"]) if data.get("is") == "sentence" else Message(data["key"], **values)


# ---- speaking ----------------------------------------------------------------------------------


@cache
def catalogue(language: str) -> Catalogue:
    """The catalogue of a language such as ``zh``; an empty one for English and where there is none."""
    import json  # needed only by those who speak another language

    path = Path(__file__).parent / "locale" / f"{language}.json"
    if not language.isidentifier() or not path.exists():
        return _ENGLISH
    found: Catalogue = json.loads(path.read_text(encoding="utf-8"))
    return found


def can_say(words: Words, known: Catalogue) -> bool:
    """Whether a catalogue holds a message, and all messages among its values."""
    if isinstance(words, str):
        return True
    own = words.key in known or not any(map(str.isalpha, _FIELD.sub("", words.key)))
    return own and all(can_say(value, known) for value in words.values.values() if isinstance(value, Message))


@contextmanager
def speaking(catalogue: Catalogue) -> Iterator[None]:
    """Within this block messages are spoken from `catalogue`; what it does not hold stays English."""
    token = _SPOKEN.set(catalogue)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def spoken(key: str, /, **values: Any) -> str:
    """A message said at once, for what is drawn for the reader of the moment and not kept."""
    return str(Message(key, **values))
