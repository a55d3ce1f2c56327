"""Numbers from a seed: SHA-256 of a counter, so that every Python and the browser draw the same."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from layercost.convention import unknown
from layercost.layer import LayerError
from layercost.message import Message
from layercost.shape import ShapeError, whole

Seed: TypeAlias = int | str | bytes
Drawn: TypeAlias = int | bool | str


class QuestionError(ValueError):
    """A question that is badly written or cannot tell right from wrong; the message says what to change."""


def chance(seed: Seed, label: str, below: int) -> int:
    """A number from 0 to `below` - 1, the same for the same seed and label, for ever.

    >>> [chance(7, f"example/{counter}", 100) for counter in range(5)]
    [6, 35, 29, 72, 24]
    """
    start = seed if isinstance(seed, bytes) else str(seed).encode()
    digest = hashlib.sha256(len(start).to_bytes(4, "big") + start + label.encode()).digest()
    return int.from_bytes(digest, "big") % below


@dataclass(frozen=True)
class OneOf:
    """One of some values."""

    values: tuple[Drawn, ...]

    def draw(self, seed: Seed, label: str) -> Drawn:
        """One of the values."""
        return self.values[chance(seed, label, len(self.values))]


@dataclass(frozen=True)
class Between:
    """A whole number from `first` to `last`, both included, in steps."""

    first: int
    last: int
    step: int = 1

    def draw(self, seed: Seed, label: str) -> Drawn:
        """One of the numbers."""
        return self.first + self.step * chance(seed, label, (self.last - self.first) // self.step + 1)


def choice_from(owner: str, name: str, data: object) -> OneOf | Between:
    """What a name is drawn from: a list of values, or ``{from = 16, to = 512}`` with an optional ``step``."""
    if isinstance(data, list) and data and all(isinstance(value, int | str) for value in data):
        return OneOf(tuple(data))
    if isinstance(data, Mapping) and {"from", "to"} <= set(data) <= {"from", "to", "step"}:
        return _between(owner, name, data)
    raise QuestionError(
        f"{owner}: {name!r} is drawn from a list of values or from {{from = 16, to = 512}}, but got {data!r}"
    )


def _between(owner: str, name: str, data: Mapping[str, object]) -> Between:
    try:
        first, last, step = (
            whole(owner, f"{name}.{key}", data.get(key, 1), 1 if key == "step" else 0)
            for key in ("from", "to", "step")
        )
    except ShapeError as error:
        raise QuestionError(str(error)) from None
    if last < first:
        raise QuestionError(f"{owner}: {name!r} goes from {first} to {last}; write the smaller number first")
    return Between(first, last, step)


def known_keys(owner: str, data: Mapping[str, object], known: tuple[str, ...]) -> None:
    """Raise QuestionError with the nearest right keys where `data` has one that nobody reads."""
    for key in data:
        if key not in known:
            raise QuestionError(f"{owner}: {unknown(Message('key'), key, known)}")


ATTEMPTS = 300
Posed = TypeVar("Posed")


def vetted(
    name: str, pose: Callable[[int], Posed], clashes: Callable[[Posed], list[str]], advice: str
) -> Posed:
    """The first of many attempts at a question in which right and wrong answers are told apart.

    `pose` makes an attempt by its number, or raises an error of layers, shapes or questions where its numbers
    make none. Raises QuestionError with what was most often in the way, and the advice.
    """
    refused: Counter[str] = Counter()
    for attempt in range(ATTEMPTS):
        try:
            posed = pose(attempt)
            found = clashes(posed)
        except (QuestionError, LayerError, ShapeError) as impossible:
            found = [str(impossible)]
        if not found:
            return posed
        refused.update(found)
    ((clash, _),) = refused.most_common(1)
    raise QuestionError(
        f"question {name!r}: no draw of {ATTEMPTS} tells right from wrong; most often {clash}. {advice}"
    )
