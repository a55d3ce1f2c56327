"""What others have published about Transformers, as data: the claims, and what we count for each.

``chapters/published/claims.toml`` says of each claim who makes it, what it says in our words, the figures as
they were printed, how each is counted here, and our verdict. The tests hold every verdict against the
figures; the pages show them; so what is said and what is tested is one declaration.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from published_names import names

from layercost.message import Message

PUBLISHED = Path(__file__).resolve().parents[2] / "chapters" / "published"

VERDICTS = {
    "right": ("✓", Message("right")),
    "convention": ("≈", Message("right under a convention")),
    "rounded": ("~", Message("roughly right")),
    "wrong": ("✗", Message("wrong")),
    "unclear": ("?", Message("not reproduced")),
}
TOPICS = {
    "parameters": Message("Parameters"),
    "experts": Message("Mixture of experts"),
    "operations": Message("Operations of a forward pass"),
    "training": Message("Training"),
    "cache": Message("The KV cache"),
    "memory": Message("Memory, formats and adapters"),
    "speed": Message("Speed"),
}
COARSE = 0.06  # how far a size may be from its name and still be called rounded

SCALES = {
    "": 1, "K": 10**3, "M": 10**6, "G": 10**9, "B": 10**9, "T": 10**12, "%": 0.01,
    "kB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30,
}  # fmt: skip
UNDER = "under "
_PRINTED = re.compile(
    r"(?P<digits>\d[\d,]*)(?:\.(?P<places>\d+))?(?:e(?P<power>\d+))?(?: ?(?P<unit>[A-Za-z%]+))?"
)


class Printed(NamedTuple):
    """A number as somebody printed it: its value, how much one in its last digit is, and its unit.

    `under` where it says that something fits into it.
    """

    text: str
    value: float
    last: float
    unit: str
    under: bool = False

    def agrees(self, counted: float, within: float = 0.0) -> bool:
        """Whether a count gives this number when it is rounded to its last digit, or cut there.

        `within` is a part of it by which it may be off where inputs were rounded too.
        """
        if self.under:
            return counted < self.value
        slack = 1e-9 * max(abs(counted), self.last)
        cut = -slack <= counted - self.value < self.last - slack
        return cut or self.rounds(counted) or abs(counted - self.value) <= within * self.value

    def rounds(self, counted: float) -> bool:
        """Whether a count gives this number when it is rounded to its last digit."""
        if self.under:
            return counted < self.value
        return abs(counted - self.value) <= self.last / 2 + 1e-9 * max(abs(counted), self.last)

    def differs(self, counted: float) -> float:
        """By which part of the count the printed number is larger."""
        return self.value / counted - 1 if counted else float("inf")


def printed(text: str) -> Printed:
    """A printed number, read; raises ValueError for what is none.

    >>> printed("46.2 %").agrees(0.4623)
    True
    """
    found = _PRINTED.fullmatch(text.removeprefix(UNDER))
    if not found or (found["unit"] or "") not in SCALES:
        raise ValueError(f"{text!r} is no number with a unit of {', '.join(filter(None, SCALES))}")
    unit, places = found["unit"] or "", found["places"] or ""
    scale = SCALES[unit] * 10 ** int(found["power"] or 0)
    whole = int(found["digits"].replace(",", "") + places)
    last = scale / 10 ** len(places)
    return Printed(text, whole * scale / 10 ** len(places), last, unit, text.startswith(UNDER))


class Figure(NamedTuple):
    """One number of a claim: of what, as printed, and how it is counted here."""

    of: str
    printed: Printed
    expression: str

    @property
    def counted(self) -> Any:
        """What we count."""
        return value_of(self.expression)

    def agrees(self, within: float = 0.0) -> bool:
        """Whether the printed number is what we count."""
        return self.printed.agrees(float(self.counted), within)


class Otherwise(NamedTuple):
    """Another way of counting, what it gives, and its unit where that is another."""

    how: str
    expression: str
    unit: str = ""

    @property
    def counted(self) -> Any:
        """What it gives."""
        return value_of(self.expression)


@dataclass(frozen=True)
class Claim:
    """What somebody published, and our verdict.

    `chapter` treats it at length, `belief` is the mistake by its name. What is right is derived in `letters`,
    or by the count that `derive` asks for.
    """

    id: str
    topic: str
    source: str
    says: str
    verdict: str
    figures: tuple[Figure, ...]
    otherwise: tuple[Otherwise, ...] = ()
    why: str = ""
    letters: str = ""
    derive: str = ""
    belief: str = ""
    within: float = 0.0
    chapter: str = ""

    @property
    def agrees(self) -> bool:
        """Whether every figure is what we count."""
        return all(figure.agrees(self.within) for figure in self.figures)

    def excludes(self, other: Otherwise) -> bool:
        """Whether no figure is what another way of counting gives."""
        counted = float(other.counted)
        return not any(_in_unit(figure.printed, other.unit).rounds(counted) for figure in self.figures)


def _in_unit(number: Printed, unit: str) -> Printed:
    """The same digits with another unit."""
    if not unit:
        return number
    ratio = SCALES[unit] / SCALES[number.unit]
    return number._replace(value=number.value * ratio, last=number.last * ratio, unit=unit)


@cache
def value_of(expression: str) -> Any:
    """What an expression of the declarations comes to."""
    return eval(expression, dict(names()))  # noqa: S307 - our own declarations


def _read(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads((PUBLISHED / name).read_text(encoding="utf-8"))["claim"]
    return found


def _made(data: Mapping[str, Any]) -> Claim:
    figures = tuple(Figure(of, printed(text), how) for of, text, how in data["figures"])
    otherwise = tuple(Otherwise(*one) for one in data.get("otherwise", ()))
    return Claim(**{**data, "figures": figures, "otherwise": otherwise})


@cache
def claims(name: str = "claims") -> dict[str, Claim]:
    """Every claim of a file, by its name: of papers and tools, or of answers in interviews."""
    return {claim.id: claim for claim in map(_made, _read(f"{name}.toml"))}
