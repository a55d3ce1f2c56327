"""Where a number comes from: under which counter, in which version, unit and part of a model it arises."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import log
from typing import Any, NamedTuple

from layercost.convention import CONVENTIONS, DTYPE_BITS, Quantity, unit_in_words
from layercost.counters import OUR_COUNT, convention_counter, counter_in_words, reading_of
from layercost.counting import usual_input
from layercost.dialects import DIALECTS
from layercost.dialects.dialect import Dialect
from layercost.dialects.reading import Reading, flat
from layercost.dialects.typed import BYTES, OPERATIONS, PARAMETERS, VALUES, Asked, asked
from layercost.layer import Layer
from layercost.message import Message, Words, clauses, either, listing
from layercost.setting import Setting
from layercost.table import Row, table
from layercost.view import Grid, Rendered
from layercost.view import number as in_words

# How plain a source is: what we count, what a tool prints in all, what it prints in part, a part of a model.
OURS, IN_ALL, IN_PART, PART_OF_MODEL = range(4)

# Tools without a release in the two years before the versions that we read (PyPI), and one tool's second
# way of running: what they print is known, and rarely what somebody who asks today has run.
NOT_CURRENT = frozenset({"thop", "fvcore", "torchinfo", "calflops", "onnx-tool(unfused)"})

FIRST = 10  # of all matches so many are shown, unless all are asked for


class Source(NamedTuple):
    """A number that some counter gives: of which versions, counted by whom, and what it is."""

    versions: tuple[str, ...]
    counter: str
    what: Words
    number: int
    kind: str = OPERATIONS
    plainness: int = OURS
    order: int = 0  # of the first version that gives it, among those that were asked about
    at_least: bool = False  # some of what is counted has no known number

    @property
    def words(self) -> Message:
        """In words, as ``fvcore: total = 15,470,289,408 (version torchvision)``."""
        total = in_words(self.number, self.at_least)
        said = Message(
            "{counter}: {what} = {total}",
            counter=counter_in_words(self.counter),
            what=unit_in_words(self.what),
            total=total,
        )
        if not self.versions:
            return said
        return Message("{number} (version {versions})", number=said, versions=either(self.versions))

    @property
    def data(self) -> dict[str, Any]:
        """What was counted, by whom, as JSON's types."""
        names = ("versions", "counter", "what", "number", "at_least")
        plain = {name: getattr(self, name) for name in names}
        return {name: str(value) if isinstance(value, Message) else value for name, value in plain.items()}


class Match(NamedTuple):
    """A source that gives the number, and what was done to it: a unit, a factor; plain ones rank lowest."""

    source: Source
    how: Words
    rank: tuple[float, ...]

    @property
    def words(self) -> Words:
        """In words, with the source's own number."""
        return listing([self.source.words, self.how])


@dataclass(frozen=True)
class Identification(Rendered):
    """What was asked for, where it arises, and, where nowhere, what comes nearest.

    Text and tables show the ten plainest matches, or `every` one; JSON and CSV have them all.
    """

    asked: str
    title: str
    matches: tuple[Match, ...]
    nearest: tuple[tuple[Source, float], ...]
    every: bool = False

    @property
    def caption(self) -> Message:
        """Whether the number arises."""
        if self.matches:
            return Message("{number} of {title} is", number=self.asked, title=self.title)
        return Message(
            "{number} arises nowhere for {title}. The nearest:", number=self.asked, title=self.title
        )

    @property
    def remark(self) -> Words:
        """How many matches are not shown; empty where all are."""
        left = 0 if self.every else len(self.matches) - FIRST
        return Message("and {left} more, less plain; --all shows them", left=left) if left > 0 else ""

    @property
    def _found(self) -> list[tuple[Source, Words]]:
        """Each source with how it gives the number, or how near it comes."""
        if self.matches:
            return [(match.source, match.how) for match in self.matches]
        return [
            (source, Message("yours is {ratio:.5g} times that", ratio=ratio))
            for source, ratio in self.nearest
        ]

    @property
    def _shown(self) -> list[tuple[Source, Words]]:
        return self._found if self.every else self._found[:FIRST]

    def text(self) -> str:
        """The plainest matches; or the nearest numbers with their ratio."""
        joined = listing if self.matches else clauses
        found = (f"  {joined([source.words, how])}" for source, how in self._shown)
        return "\n".join([str(self.caption), *found, *filter(None, [str(self.remark)])])

    def grid(self) -> Grid:
        """A row for each source that is shown."""
        heads = (Message("counter"), Message("what"), Message("version"), Message("how"), Message("number"))
        rows = [
            (
                counter_in_words(source.counter),
                unit_in_words(source.what),
                either(source.versions),
                how,
                in_words(source.number, source.at_least),
            )
            for source, how in self._shown
        ]
        return Grid.of(self.caption, heads, rows, len(heads) - 1, remark=self.remark)

    def records(self) -> Iterator[Sequence[object]]:
        """A line for each source; one that is no match but near is not `found`."""
        yield "counter", "what", "versions", "number", "at_least", "how", "found"
        for source, how in self._found:
            versions = " ".join(source.versions)
            found = bool(self.matches)
            yield source.counter, source.what, versions, source.number, source.at_least, how, found

    def data(self) -> dict[str, Any]:
        """The same as plain data, with every match, the plainest first."""
        return {
            "asked": self.asked,
            "of": self.title,
            "found": bool(self.matches),
            "matches": [{**match.source.data, "how": str(match.how)} for match in self.matches],
            "nearest": [{**source.data, "ratio": ratio} for source, ratio in self.nearest],
        }


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
    alone, without the classifier, ...). Matches are ranked: what is exact before what is rounded, units of
    1000 before units of 1024, what is counted in all before its parts, current tools before others, the
    first versions before the next, and then what is closest. Raises ShapeError for what is not a number.

    >>> from layercost import networks
    >>> found = identify(15483821032, [networks.vgg16()])
    >>> sorted({match.source.counter for match in found.matches if not match.how})
    ['ptflops(aten)', 'torchinfo']
    """
    typed = in_words(number) if isinstance(number, int) else str(number)
    meanings = asked(str(number))
    sources: list[Source] = []
    title = ""
    for order, model in enumerate(models):
        title = getattr(model, "name", "") or repr(model)
        sources += (source._replace(order=order) for source in _sources(model, input_shape, batch))
    plain = _merged(source for source in sources if source.number)
    matches = [match for source in plain for match in _matching(source, meanings)]
    matches.sort(key=lambda match: match.rank)
    return Identification(typed, title, tuple(matches), () if matches else _nearest(plain, meanings[0]))


def _merged(sources: Iterable[Source]) -> list[Source]:
    """Sources that differ in the version alone, as one that names them all."""
    merged: dict[Source, Source] = {}
    for source in sources:
        key = source._replace(versions=(), order=0)
        known = merged.get(key, source)
        merged[key] = known._replace(versions=tuple(dict.fromkeys(known.versions + source.versions)))
    return list(merged.values())


def _sources(model: Layer, input_shape: Iterable[object] | None, batch: int) -> Iterator[Source]:
    version = (model.version,) if hasattr(model, "version") else ()
    shapes, setting = usual_input(model, input_shape, Message("a search")), Setting(batch)
    for name, convention in CONVENTIONS.items():
        counted = table(model, shapes, name, setting=setting)
        total = counted.total.flops or 0
        whole = Source(version, convention_counter(name), convention.unit, total, at_least=counted.at_least)
        yield whole
        yield from _parts(whole, counted.rows, _flops)
    whole = Source(version, OUR_COUNT, "parameters", counted.total.parameters, PARAMETERS)
    yield whole
    yield from _parts(whole, counted.rows, _parameters)
    size = counted.total.activation_bytes
    yield Source(version, OUR_COUNT, Message("bytes of activations (float32)"), size, BYTES)
    yield Source(version, OUR_COUNT, Message("values of activations"), size // 4, VALUES)
    for dialect in DIALECTS.values():
        if not dialect.joins:
            yield from _printed(version, dialect, reading_of(model, shapes, dialect, setting))


def _printed(version: tuple[str, ...], dialect: Dialect, reading: Reading) -> Iterator[Source]:
    """Every whole number of a reading, under the tool's own names."""
    exact = ".".join(dialect.ways.get(Quantity.PARAMETERS, ()))  # what is held is known
    for name, value in flat(reading.native):
        if isinstance(value, int):
            plainness = IN_PART if any(word in name for word in _IN_PART) else IN_ALL
            at_least = reading.counted.at_least and name != exact
            yield Source(version, dialect.name, name, value, _kind(name), plainness, at_least=at_least)


_IN_PART = ("by_op", "by op", "unsupported", "non_trainable")


def _kind(name: str) -> str:
    """What a number of a reading counts, by its name."""
    if "bytes" in name:
        return BYTES
    return PARAMETERS if "param" in name or "trainable" in name else OPERATIONS


def _flops(row: Row) -> int:
    return row.flops or 0


def _parameters(row: Row) -> int:
    return row.parameters


def _parts(whole: Source, rows: Iterable[Row], amount: Callable[[Row], int]) -> Iterator[Source]:
    """Parts of a model that are quoted in place of the whole."""
    every = [(type(row.module).__name__, amount(row)) for row in rows]
    convolutions = sum(value for kind, value in every if kind.startswith("Conv"))
    connected = sum(value for kind, value in every if kind == "Linear")
    total = sum(value for _, value in every)
    last = next((value for kind, value in reversed(every) if kind == "Linear"), 0)
    if not 0 < convolutions < total:
        return

    def part(name: Message, number: int) -> Source:
        what = listing([unit_in_words(whole.what), name])
        return whole._replace(what=what, number=number, plainness=PART_OF_MODEL)

    yield part(Message("convolutions only"), convolutions)._replace(at_least=False)
    if connected:
        yield part(Message("fully connected layers only"), connected)._replace(at_least=False)
        yield part(Message("without the classifier (all Linear)"), total - connected)
    if 0 < last < connected:
        yield part(Message("without the last Linear"), total - last)


# ---- comparing ---------------------------------------------------------------------------------


def _matching(source: Source, meanings: Iterable[Asked]) -> Iterator[Match]:
    """Ways in which a source gives the number: as it is, in a unit, doubled, halved, as bytes."""
    for place, (factor, how, kind) in enumerate(_factors(source)):
        number = source.number * factor
        fits = (m for m in meanings if m.kind in ("", kind) and m.low <= number <= m.high)
        if meaning := next(fits, None):  # the plainest comes first
            said = listing([how, meaning.how])
            yield Match(source, said, _rank(source, place, meaning, float(number)))


def _rank(source: Source, place: int, meaning: Asked, number: float) -> tuple[float, ...]:
    not_current, distance = source.counter in NOT_CURRENT, abs(number - meaning.middle)
    return place, meaning.rank, source.plainness, not_current, source.order, distance


def _factors(source: Source) -> Iterator[tuple[Fraction, Words, str]]:
    """What a number may be multiplied with, in words, and what it then counts; the plainest first."""
    yield Fraction(1), "", source.kind
    if source.kind == OPERATIONS:
        yield Fraction(2), Message("doubled"), source.kind
        yield Fraction(1, 2), Message("halved"), source.kind
    elif source.kind == PARAMETERS and source.plainness != IN_ALL:
        for dtype, bits in sorted(DTYPE_BITS.items(), key=lambda pair: pair[0] != "float32"):
            yield Fraction(bits, 8), Message("in bytes of {dtype}", dtype=dtype), BYTES


def _nearest(sources: Iterable[Source], meaning: Asked) -> tuple[tuple[Source, float], ...]:
    """The five sources whose ratio to the number is nearest to 1, each with the ratio.

    Where it was typed what the number counts, only sources that count the same are near.
    """
    number = meaning.middle
    if number <= 0:
        return ()
    alike = [source for source in sources if meaning.kind in ("", source.kind)]
    ordered = sorted(alike, key=lambda source: abs(log(number / source.number)))
    return tuple((source, number / source.number) for source in ordered[:5])
