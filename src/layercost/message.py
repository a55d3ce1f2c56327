"""Words as data: what people are told, with its values kept apart; it is spoken only where somebody reads it.

A `Message` is an English text with ``{name}`` in place of each value. The text is the key under which a
catalogue has it in another language. Records keep keys and values; `str` speaks in the language of the
moment, and so do the messages among its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

Catalogue = Mapping[str, str]  # English text -> the text in another language, with the same names in it

_SPOKEN: ContextVar[Catalogue] = ContextVar("spoken")
_ENGLISH: Catalogue = {}


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

    def __format__(self, specification: str) -> str:
        return format(str(self), specification)

    def __repr__(self) -> str:
        values = "".join(f", {name}={value!r}" for name, value in self.values.items())
        return f"Message({self.key!r}{values})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and (self.key, self.values) == (other.key, other.values)

    def __hash__(self) -> int:
        return hash((self.key, tuple(self.values)))


class Joined(Message):
    """Messages one after another, with `between` them; empty ones are left out.

    >>> str(Joined([Message("One."), "", Message("Two.")]))
    'One. Two.'
    """

    __slots__ = ()

    def __init__(self, parts: Iterable[Message | str], between: str = " ") -> None:
        said = [part for part in parts if not isinstance(part, str) or part]
        names = {f"part{place}": part for place, part in enumerate(said)}
        super().__init__(
            between.replace("{", "{{").replace("}", "}}").join(f"{{{name}}}" for name in names), **names
        )


@contextmanager
def speaking(catalogue: Catalogue) -> Iterator[None]:
    """Within this block messages are spoken from `catalogue`; what it does not hold stays English."""
    token = _SPOKEN.set(catalogue)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def speak_from_now_on(catalogue: Catalogue) -> None:
    """Speak from `catalogue` until told otherwise, as a page in another language does."""
    _SPOKEN.set(catalogue)


def spoken(key: str, /, **values: Any) -> str:
    """A message said at once, for what is drawn for the reader of the moment and not kept."""
    return str(Message(key, **values))
