"""Where two networks part: layers that only one has, layers that changed, counts that differ.

The calls of both are laid side by side, by their names or by their order, whichever leaves fewer differences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias, Unpack

from layercost.convention import UnknownNameError, unit_in_words
from layercost.counters import Named
from layercost.layer import Layer
from layercost.message import Joined, Message, Words, clauses, listing, spoken
from layercost.setting import Given
from layercost.table import Row, Table, table
from layercost.view import Grid, Rendered, number, short

Pair: TypeAlias = tuple[Row | None, Row | None]
Trait: TypeAlias = Callable[[Row], object]

COUNTS = ("parameters", "macs", "flops", "activation_bytes")
_OF_OPERATIONS = ("macs", "flops")


_CHANGES_IN_WORDS = {
    "layer": Message("layer"), "input": Message("input"), "output": Message("output"), "run": Message("run"),
}  # fmt: skip
_KINDS_IN_WORDS = {
    "only in the first": Message("only in the first"),
    "only in the second": Message("only in the second"),
    "moved": Message("moved"),
    "changed": Message("changed"),
}


class Change(NamedTuple):
    """What differs in a layer that both networks have: a field, its place, or a shape, with both values."""

    name: str
    first: str
    second: str

    @property
    def words(self) -> Message:
        """In words, as ``stride 1 → 2``."""
        name = _CHANGES_IN_WORDS.get(self.name, self.name)  # any other is a field of the layer
        return Message("{name} {first} → {second}", name=name, first=self.first, second=self.second)

    def __str__(self) -> str:
        return str(self.words)


class Place(NamedTuple):
    """A place where the networks part: the row of either, and how they differ.

    `kind` is "only in the first", "only in the second", "moved" or "changed".
    """

    kind: str
    first: Row | None
    second: Row | None
    changes: tuple[Change, ...] = ()

    @property
    def name(self) -> str:
        """The layer's name, or both names where they differ."""
        names = dict.fromkeys(row.name for row in (self.first, self.second) if row is not None)
        return " → ".join(names)

    @property
    def words(self) -> Words:
        """The difference in words."""
        row, kind = self.second if self.first is None else self.first, _KINDS_IN_WORDS[self.kind]
        if self.first is None or self.second is None:
            assert row is not None
            return Message("{kind}: {what}", kind=kind, what=row.layer)
        said = clauses(change.words for change in self.changes)
        return (
            Message("{kind}: {what}", kind=kind, what=said) if self.kind == "moved" and said else said or kind
        )

    def more(self, count: str) -> int | None:
        """How much more of a count the second network has here; None where nobody knows."""
        return _less(_count(self.second, count), _count(self.first, count))

    def data(self) -> dict[str, Any]:
        """The part as plain data, as JSON has it."""
        return {
            "kind": self.kind,
            "first": None if self.first is None else self.first.data(),
            "second": None if self.second is None else self.second.data(),
            "changes": [change._asdict() for change in self.changes],
            "more": {count: self.more(count) for count in COUNTS},
        }


def _count(row: Row | None, count: str) -> int | None:
    return 0 if row is None else getattr(row, count)


def _less(second: int | None, first: int | None) -> int | None:
    return None if first is None or second is None else second - first


@dataclass(frozen=True, eq=False)
class Difference(Rendered):
    """Two networks by one counter, and where they part; renders in each of `layercost.table.FORMATS`.

    `first` and `second` are their tables. All counts are plain integers for the whole batch.
    """

    first: Table
    second: Table
    pairs: tuple[Pair, ...]

    @cached_property
    def parts(self) -> tuple[Place, ...]:
        """The places where they part, in the order of running."""
        return tuple(_moved([part for pair in self.pairs if (part := _part(*pair)) is not None]))

    @property
    def same(self) -> bool:
        """Whether nothing differs but names."""
        return not self.parts

    def more(self, count: str) -> int | None:
        """How much more of one of `COUNTS` the second network has in all; negative where it has less.

        None where a counter failed.
        """
        if count not in COUNTS:
            raise UnknownNameError(Message("count"), count, COUNTS)
        return _less(getattr(self.second.total, count), getattr(self.first.total, count))

    @property
    def caption(self) -> Message:
        """What is compared, under which convention."""
        return Joined([
            Message("From {first} to {second}.", first=_named(self.first), second=_named(self.second)),
            self.first.counter_in_words,
            Message("Numbers of a place: the second less the first."),
        ])  # fmt: skip

    @property
    def remark(self) -> Message:
        """How many layers differ, and how."""
        return Joined([self._said(), *self._caveats()])

    def _caveats(self) -> Iterator[Message]:
        """What failed, and what nobody knows: the difference is then one of what is known."""
        for one in (self.first, self.second):
            if one.failure is not None or one.at_least:
                yield Message("{network}: {remark}", network=_named(one), remark=one.remark)

    def _said(self) -> Message:
        if self.same:
            return Message("No layer differs: all {count} are the same.", count=len(self.pairs))
        kinds = [part.kind for part in self.parts]
        said = listing(
            Message("{count} {kind}", count=kinds.count(kind), kind=_KINDS_IN_WORDS[kind])
            for kind in dict.fromkeys(kinds)
        )
        alike = sum(_part(*pair) is None for pair in self.pairs)
        return Message("{differing}; the other {alike} are the same.", differing=said, alike=alike)

    def grid(self) -> Grid:
        """The places where they part, and the totals."""
        return Grid.of(self.caption, self.heads, self._cells(), _WORDS, self._totals(), remark=self.remark)

    @property
    def heads(self) -> list[str]:
        """The heads of the columns; that of the counter is its unit."""
        own = unit_in_words(self.first.convention.unit)
        return [str(own if head == "FLOPs" else head) for head in HEADS]

    def records(self) -> Iterator[Sequence[object]]:
        """A line for each place, with what the second has more; the last line is the whole."""
        yield "name", "kind", "difference", *COUNTS, "convention", "at_least"
        name, at_least = self.first.convention.name, self.first.at_least or self.second.at_least
        for part in self.parts:
            more = (part.more(count) for count in COUNTS)
            yield part.name, part.kind, part.words, *more, name, at_least
        yield "total", "", "", *(self.more(count) for count in COUNTS), name, at_least

    def data(self) -> dict[str, Any]:
        """The difference as plain data, as its JSON has it."""
        return {
            "convention": self.first.convention.name,
            "first": _table_data(self.first),
            "second": _table_data(self.second),
            "more": {count: self.more(count) for count in COUNTS},
            "same": self.same,
            "parts": [part.data() for part in self.parts],
        }

    def _cells(self) -> list[list[Words]]:
        return [[part.name, part.words, *self._more_in_words(part)] for part in self.parts]

    def _more_in_words(self, part: Place) -> Iterator[str]:
        """How much more of each count there is at a place; a dash where nobody knows."""
        hidden = any(id(row) in self._hidden for row in (part.first, part.second))
        for count in COUNTS:
            yield _signed(None if hidden and count in _OF_OPERATIONS else part.more(count))

    @cached_property
    def _hidden(self) -> frozenset[int]:
        """The rows that do something that we do not know."""
        tables = (self.first, self.second)
        return frozenset(id(one.rows[place]) for one in tables for place in one.counted.unknown)

    def _totals(self) -> list[list[str]]:
        each = ([_named(one), spoken("total"), *_amounts(one)] for one in (self.first, self.second))
        return [*each, [spoken("difference"), "", *map(self._difference_in_words, COUNTS)]]

    def _difference_in_words(self, count: str) -> str:
        """The difference of two totals; at least or at most that where one of them is at least its number."""
        first, second = (_is_at_least(one, count) for one in (self.first, self.second))
        if first and second:
            return number(None)
        more = _signed(self.more(count))
        if first:
            return spoken("at most {amount}", amount=more)
        return spoken("at least {amount}", amount=more) if second else more


HEADS: list[Words] = [
    Message("name"), Message("difference"), Message("parameters"), "MACs", "FLOPs",
    Message("activation bytes"),
]  # fmt: skip
_WORDS = 2


def _named(shown: Table) -> str:
    return f"{shown.title}:{shown.version}" if shown.version else shown.title


def _signed(more: int | None) -> str:
    return f"{more:+,}" if more else number(more)


def _amounts(shown: Table) -> list[str]:
    """The totals of a network; of operations, at least so many where nobody knows them all."""
    return [number(getattr(shown.total, count), _is_at_least(shown, count)) for count in COUNTS]


def _is_at_least(shown: Table, count: str) -> bool:
    known = {"macs": not shown.counted.unknown, "flops": not shown.counted.at_least}
    return not known.get(count, True)


def _table_data(shown: Table) -> dict[str, Any]:
    return {
        "title": shown.title, "version": shown.version, "total": shown.total._asdict(),
        "complete": shown.complete, "at_least": shown.at_least,
        "failure": None if shown.failure is None else str(shown.failure),
    }  # fmt: skip


def difference(
    first: Layer,
    second: Layer,
    input: Iterable[object] | None = None,
    convention: Named = "textbook",
    **setting: Unpack[Given],
) -> Difference:
    """Show where two networks part, each on the shape `input` without the batch, or on its usual one.

    Raises ShapeError for an input that does not fit one of them, UnknownNameError for a convention or format.

    >>> from layercost import networks
    >>> difference(networks.resnet50("v1"), networks.resnet50("v1.5")).more("macs")
    231211008
    """
    shape = None if input is None else tuple(input)
    before, after = (table(layer, shape, convention, **setting) for layer in (first, second))
    return Difference(before, after, tuple(_aligned(before.rows, after.rows)))


# ---- one row beside the other ------------------------------------------------------------------------


def _part(first: Row | None, second: Row | None) -> Place | None:
    """How a pair of rows differs; None where only names do."""
    if first is None or second is None:
        return Place("only in the second" if first is None else "only in the first", first, second)
    changes = tuple(_changes(first, second))
    return Place("changed", first, second, changes) if changes or _counts(first) != _counts(second) else None


def _moved(parts: list[Place]) -> Iterator[Place]:
    """The same parts, where a layer that stands elsewhere in the second network is one that moved."""
    second = {_name(part.second): part.second for part in parts if part.second and not part.first}
    first = {_name(part.first) for part in parts if part.first and not part.second}
    for part in parts:
        if part.first and not part.second and _name(part.first) in second:
            other = second[_name(part.first)]
            yield Place("moved", part.first, other, tuple(_changes(part.first, other)))
        elif part.first or part.second is None or _name(part.second) not in first:
            yield part


def _counts(row: Row) -> tuple[int | None, ...]:
    return tuple(_count(row, count) for count in COUNTS)


def _changes(first: Row, second: Row) -> Iterator[Change]:
    """What differs in the layer, then in what it reads, writes and whether it runs."""
    if type(first.module) is not type(second.module):
        yield Change("layer", first.layer, second.layer)
    else:
        yield from _field_changes(first.module, second.module)
    if first.inputs != second.inputs:
        yield Change("input", first.reads, second.reads)
    if first.output != second.output:
        yield Change("output", first.output.x("×"), second.output.x("×"))
    if first.held_only != second.held_only:
        yield Change("run", *(spoken("no") if row.held_only else spoken("yes") for row in (first, second)))


def _field_changes(first: Layer, second: Layer) -> Iterator[Change]:
    for field in fields(first):
        before, after = getattr(first, field.name), getattr(second, field.name)
        if before != after:
            yield Change(field.name, _short(before), _short(after))


def _short(value: object) -> str:
    """A field as it is written: one number for equal sizes of all axes."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        value = value[0]
    return short(str(value), 40)


# ---- which row stands beside which -------------------------------------------------------------------


def _name(row: Row) -> object:
    return row.name, type(row.module)


def _whole(row: Row) -> object:
    return row.layer, row.inputs, row.output


def _type(row: Row) -> object:
    return type(row.module)


def _output(row: Row) -> object:
    return row.output


def _type_and_output(row: Row) -> object:
    return type(row.module), row.output


# What two rows must share to stand side by side: the first trait decides, the next what it leaves open.
_WAYS: tuple[tuple[Trait, ...], ...] = (
    (_name, _whole, _type, _output),
    (_whole, _type, _output),
    (_whole, _type_and_output, _output, _type),
)


def _aligned(first: Sequence[Row], second: Sequence[Row]) -> list[Pair]:
    """All rows of both, in order, in pairs or alone, in the way that leaves the fewest differences."""
    ways = (list(_matched(first, second, traits)) for traits in _WAYS)
    return min(ways, key=lambda pairs: sum(_part(*pair) is not None for pair in pairs))


def _matched(first: Sequence[Row], second: Sequence[Row], traits: Sequence[Trait]) -> Iterator[Pair]:
    """Rows whose first trait agrees are paired, in order; what is left between them, by the next ones."""
    if not (first and second and traits):
        yield from ((row, None) for row in first)
        yield from ((None, row) for row in second)
        return
    from difflib import SequenceMatcher  # slow to import, and needed only here

    trait, *others = traits
    matcher = SequenceMatcher(
        None, [trait(row) for row in first], [trait(row) for row in second], autojunk=False
    )
    i = j = 0
    for start, other_start, size in matcher.get_matching_blocks():
        yield from _matched(first[i:start], second[j:other_start], others)
        i, j = start + size, other_start + size
        yield from zip(first[start:i], second[other_start:j], strict=True)
