"""Where a number comes from: under which counter, in which version, unit and part of a model it arises."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Any, NamedTuple

from layercost.convention import CONVENTIONS, DTYPE_BITS, Quantity
from layercost.counters import reading_of, usual_input
from layercost.dialects import DIALECTS
from layercost.dialects.reading import flat
from layercost.layer import Layer
from layercost.setting import Setting
from layercost.shape import ShapeError, shown
from layercost.table import Row, table
from layercost.view import Grid, Rendered
from layercost.view import number as in_words


class Source(NamedTuple):
    """A number that some counter gives: of which version, counted by whom, and what it is."""

    versions: tuple[str, ...]
    counter: str
    what: str
    number: int
    at_least: bool = False

    @property
    def words(self) -> str:
        """In words, as ``fvcore: total = 15,470,289,408 (version torchvision)``."""
        versions = f" (version {' or '.join(self.versions)})" if self.versions else ""
        return f"{self.counter}: {self.what} = {in_words(self.number, self.at_least)}{versions}"


class Match(NamedTuple):
    """A source that gives the number, and what was done to it: a unit, a factor."""

    source: Source
    how: str
    rank: int

    @property
    def words(self) -> str:
        """In words, with the source's own number."""
        return self.source.words + (f", {self.how}" if self.how else "")


@dataclass(frozen=True)
class Identification(Rendered):
    """What was asked for, where it arises, and, where nowhere, what comes nearest."""

    asked: str
    title: str
    matches: tuple[Match, ...]
    nearest: tuple[tuple[Source, float], ...]

    @property
    def caption(self) -> str:
        """Whether the number arises."""
        if self.matches:
            return f"{self.asked} of {self.title} is"
        return f"{self.asked} arises nowhere for {self.title}. The nearest:"

    @property
    def _found(self) -> list[tuple[Source, str]]:
        """Each source with how it gives the number, or how near it comes."""
        if self.matches:
            return [(match.source, match.how) for match in self.matches]
        return [(source, f"yours is {ratio:.5g} times that") for source, ratio in self.nearest]

    def text(self) -> str:
        """The matches, the plainest first; or the nearest numbers with their ratio."""
        found = [f"  {match.words}" for match in self.matches]
        near = [f"  {source.words}; yours is {ratio:.5g} times that" for source, ratio in self.nearest]
        return "\n".join([self.caption, *found, *near])

    def grid(self) -> Grid:
        """A row for each source."""
        heads = ("counter", "what", "version", "how", "number")
        rows = [
            (
                source.counter,
                source.what,
                " or ".join(source.versions),
                how,
                in_words(source.number, source.at_least),
            )
            for source, how in self._found
        ]
        return Grid(self.caption, heads, rows, len(heads) - 1)

    def records(self) -> Iterator[Sequence[object]]:
        """A line for each source; one that is no match but near is not `found`."""
        yield "counter", "what", "versions", "number", "at_least", "how", "found"
        for source, how in self._found:
            versions = " ".join(source.versions)
            found = bool(self.matches)
            yield source.counter, source.what, versions, source.number, source.at_least, how, found

    def data(self) -> dict[str, Any]:
        """The same as plain data."""
        return {
            "asked": self.asked,
            "of": self.title,
            "found": bool(self.matches),
            "matches": [{**match.source._asdict(), "how": match.how} for match in self.matches],
            "nearest": [{**source._asdict(), "ratio": ratio} for source, ratio in self.nearest],
        }


# ---- what was asked ----------------------------------------------------------------------------

_NUMBER = re.compile(
    r"([0-9][0-9_,' ]*)(\.[0-9]+)?(?:[eE]\+?([0-9]{1,2}))?\s*([kKMGTB]?)(i?)([bB]?)(?:[A-Za-z/]*)"
)
_POWERS = {"K": 1, "M": 2, "G": 3, "B": 3, "T": 4}


class Asked(NamedTuple):
    """A reading of what was typed: the numbers from `low` to `high` round to it, in the unit `how`."""

    low: float
    high: float
    how: str
    rank: int


def asked(text: str) -> tuple[Asked, ...]:
    """What a typed number can mean: ``15.48G`` is a rounded number in units of 1000**3 or 1024**3.

    Raises ShapeError that says how to type one.
    """
    match = _NUMBER.fullmatch(text.strip())
    if match is None or len(text) > 40:
        raise ShapeError(f"expected a number, as 15483821032, 15.48G, 528MiB or 4.1e9, but got {shown(text)}")
    whole, fraction, exponent, prefix, binary, byte = match.groups()
    if prefix.upper() == "B" and not byte and not fraction and not exponent:
        prefix, byte = "", "B"  # 553430176B: bytes, not billions
    value = float(re.sub(r"[_,' ]", "", whole) + (fraction or "")) * 10 ** int(exponent or 0)
    digits = len(fraction or ".") - 1
    rounded = 0.5 * 10 ** (int(exponent or 0) - digits) if fraction or exponent else 0.0
    if not prefix:
        return tuple(_unprefixed(value, rounded, bool(fraction)))
    power = _POWERS[prefix.upper()]
    margin = rounded or 0.5
    units = [(1024**power, f"in units of 1024^{power}")]
    if not binary:
        units.insert(0, (1000**power, f"in units of 1000^{power}"))
    return tuple(
        Asked((value - margin) * unit, (value + margin) * unit, how, 1 + place)
        for place, (unit, how) in enumerate(units)
    )


def _unprefixed(value: float, rounded: float, has_fraction: bool) -> Iterator[Asked]:
    """A number without a unit is itself; one with a fraction may be in any unit."""
    yield Asked(value - rounded, value + rounded, "rounded" if rounded else "", 0)
    if has_fraction:
        for power in (1, 2, 3, 4):
            for place, base in enumerate((1000, 1024)):
                unit = base**power
                low, high = (value - rounded) * unit, (value + rounded) * unit
                yield Asked(low, high, f"in units of {base}^{power}", 2 + place)


# ---- where numbers come from -------------------------------------------------------------------


def identify(
    number: str | int | float,
    models: Iterable[Layer],
    input_shape: Iterable[object] | None = None,
    *,
    batch: int = 1,
) -> Identification:
    """Where `number` arises among `models` (the versions of one network, or one layer), in every dialect,
    convention, unit (1000 and 1024, doubled or halved, bytes of a number format) and part (convolutions
    alone, without the classifier, ...). Raises ShapeError for what is not a number.

    >>> from layercost import networks
    >>> found = identify(15483821032, [networks.vgg16()])
    >>> sorted({match.source.counter for match in found.matches if not match.how})
    ['ptflops(aten)', 'torchinfo']
    """
    typed = in_words(number) if isinstance(number, int) else str(number)
    meanings = asked(str(number))
    sources: list[Source] = []
    title = ""
    for model in models:
        title = getattr(model, "name", "") or repr(model)
        sources += _sources(model, input_shape, batch)
    plain = _merged(source for source in sources if source.number)
    matches = [match for source in plain for match in _matching(source, meanings)]
    matches.sort(key=lambda match: match.rank)
    return Identification(typed, title, tuple(matches), () if matches else _nearest(plain, meanings[0]))


def _merged(sources: Iterable[Source]) -> list[Source]:
    """Sources that differ in the version alone, as one that names them all."""
    versions: dict[Source, tuple[str, ...]] = {}
    for source in sources:
        key = source._replace(versions=())
        known = versions.get(key, ())
        versions[key] = known + tuple(version for version in source.versions if version not in known)
    return [source._replace(versions=named) for source, named in versions.items()]


def _sources(model: Layer, input_shape: Iterable[object] | None, batch: int) -> Iterator[Source]:
    version = (model.version,) if hasattr(model, "version") else ()
    shapes, setting = usual_input(model, input_shape, "a search"), Setting(batch)
    for name in CONVENTIONS:
        counted = table(model, shapes, name, setting=setting)
        total, unit = counted.total.flops or 0, CONVENTIONS[name].unit
        yield Source(version, f"convention {name}", unit, total, counted.at_least)
        yield from _parts(version, f"convention {name}", CONVENTIONS[name].unit, counted.rows, _flops)
    rows = counted.rows
    yield Source(version, "our count", "parameters", counted.total.parameters)
    yield Source(version, "our count", "bytes of activations (float32)", counted.total.activation_bytes)
    yield Source(version, "our count", "values of activations", counted.total.activation_bytes // 4)
    yield from _parts(version, "our count", "parameters", rows, _parameters)
    for dialect in DIALECTS.values():
        if dialect.joins:
            continue
        reading = reading_of(model, shapes, dialect, setting)
        exact = ".".join(dialect.ways.get(Quantity.PARAMETERS, ()))  # what is held is known
        for name, value in flat(reading.native):
            if isinstance(value, int):
                yield Source(version, dialect.name, name, value, reading.counted.at_least and name != exact)


def _flops(row: Row) -> int:
    return row.flops or 0


def _parameters(row: Row) -> int:
    return row.parameters


def _parts(
    version: tuple[str, ...], counter: str, what: str, rows: Iterable[Row], amount: Callable[[Row], int]
) -> Iterator[Source]:
    """Parts of a model that are quoted in place of the whole."""
    every = [(type(row.module).__name__, amount(row)) for row in rows]
    convolutions = sum(value for kind, value in every if kind.startswith("Conv"))
    connected = sum(value for kind, value in every if kind == "Linear")
    total = sum(value for _, value in every)
    last = next((value for kind, value in reversed(every) if kind == "Linear"), 0)
    if not 0 < convolutions < total:
        return
    yield Source(version, counter, f"{what}, convolutions only", convolutions)
    if connected:
        yield Source(version, counter, f"{what}, fully connected layers only", connected)
        yield Source(version, counter, f"{what}, without the classifier (all Linear)", total - connected)
    if 0 < last < connected:
        yield Source(version, counter, f"{what}, without the last Linear", total - last)


# ---- comparing ---------------------------------------------------------------------------------


def _matching(source: Source, meanings: Iterable[Asked]) -> Iterator[Match]:
    """Ways in which a source gives the number: as it is, in a unit, doubled, halved, as bytes."""
    for meaning in meanings:
        for factor, how, rank in _factors(source):
            if meaning.low <= source.number * factor <= meaning.high:
                said = ", ".join(word for word in (how, meaning.how) if word)
                yield Match(source, said, 10 * rank + meaning.rank + 5 * (", " in source.what))


def _factors(source: Source) -> Iterator[tuple[float, str, int]]:
    yield 1, "", 0
    if source.what.split(",")[0] == "parameters":
        for dtype, bits in DTYPE_BITS.items():
            yield bits / 8, f"in bytes of {dtype}", 2
    else:
        yield 2, "doubled", 3
        yield 0.5, "halved", 3


def _nearest(sources: Iterable[Source], meaning: Asked) -> tuple[tuple[Source, float], ...]:
    """The five sources whose ratio to the number is nearest to 1, each with the ratio."""
    wanted = (meaning.low + meaning.high) / 2
    if wanted <= 0:
        return ()
    ordered = sorted(sources, key=lambda source: abs(log(wanted / source.number)))
    return tuple((source, wanted / source.number) for source in ordered[:5])
