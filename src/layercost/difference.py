"""Where two networks part: layers that only one has, layers that changed, counts that differ.

The calls of both are laid side by side, by their names or by their order, whichever leaves fewer differences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, NamedTuple, TypeAlias, Unpack

from layercost.convention import Convention, UnknownNameError
from layercost.layer import Layer
from layercost.rendering import bold, escaped, html_cells, html_table, markdown_lines, padded_lines
from layercost.setting import Given
from layercost.table import Row, Table, Total, table

Pair: TypeAlias = tuple[Row | None, Row | None]
Key: TypeAlias = Callable[[Row], object]

COUNTS = ("parameters", "macs", "flops", "activation_bytes")


class Change(NamedTuple):
    """What differs in a layer that both networks have: a field, its place, or a shape, with both values."""

    name: str
    first: str
    second: str

    def __str__(self) -> str:
        return f"{self.name} {self.first} → {self.second}"


class Part(NamedTuple):
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
    def words(self) -> str:
        """The difference in words."""
        row = self.second if self.first is None else self.first
        if self.first is None or self.second is None:
            assert row is not None
            return f"{self.kind}: {row.layer}"
        said = "; ".join(map(str, self.changes))
        return f"moved: {said}" if self.kind == "moved" and said else said or self.kind

    def more(self, count: str) -> int:
        """How much more of a count the second network has here; negative where it has less."""
        return _count(self.second, count) - _count(self.first, count)

    def data(self) -> dict[str, Any]:
        """The part as plain data, as JSON has it."""
        return {
            "kind": self.kind,
            "first": None if self.first is None else self.first.data(),
            "second": None if self.second is None else self.second.data(),
            "changes": [change._asdict() for change in self.changes],
            "more": {count: self.more(count) for count in COUNTS},
        }


def _count(row: Row | None, count: str) -> int:
    return 0 if row is None else int(getattr(row, count))


@dataclass(frozen=True, eq=False)
class Difference:
    """Two networks under one convention, and where they part; renders in each of `DIFFERENCE_FORMATS`.

    `first` and `second` are their tables. All counts are plain integers for the whole batch.
    """

    first: Table
    second: Table
    pairs: tuple[Pair, ...]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """The places where they part, in the order of running."""
        return tuple(_moved([part for pair in self.pairs if (part := _part(*pair)) is not None]))

    @property
    def same(self) -> bool:
        """Whether nothing differs but names."""
        return not self.parts

    def more(self, count: str) -> int:
        """How much more of one of `COUNTS` the second network has in all; negative where it has less."""
        if count not in COUNTS:
            raise UnknownNameError("count", count, COUNTS)
        return int(getattr(self.second.total, count)) - int(getattr(self.first.total, count))

    @property
    def caption(self) -> str:
        """What is compared, under which convention."""
        convention = self.first.convention
        return (
            f"From {_named(self.first)} to {_named(self.second)}. FLOPs by the convention {convention.name} "
            f"(in {convention.unit}): {convention.counts}. Numbers of a place: the second less the first."
        )

    @property
    def remark(self) -> str:
        """How many layers differ, and how."""
        if self.same:
            return f"No layer differs: all {len(self.pairs)} are the same."
        kinds = [part.kind for part in self.parts]
        said = (f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
        alike = sum(_part(*pair) is None for pair in self.pairs)
        return f"{', '.join(said)}; the other {alike} are the same."

    def text(self) -> str:
        """A plain table of the places where they part, and of the totals."""
        head, *rows = padded_lines([HEADS, *self._cells(), *self._totals()], _WORDS)
        parts, totals = rows[: len(self.parts)], rows[len(self.parts) :]
        rule = "-" * max(map(len, (head, *rows)))
        return "\n".join([self.caption, "", head, rule, *parts, rule, *totals, "", self.remark])

    def markdown(self) -> str:
        """A Markdown table of the places where they part, and of the totals."""
        lines = markdown_lines(HEADS, [*self._cells(), *map(bold, self._totals())], _WORDS)
        return "\n".join([self.caption, "", *lines, "", self.remark])

    def html(self) -> str:
        """An HTML table with class names; it stands in a box of its own that scrolls."""
        body, foot = ([html_cells(row, _WORDS) for row in rows] for rows in (self._cells(), self._totals()))
        return f'{html_table(self.caption, HEADS, body, foot)}<p class="lc-remark">{escaped(self.remark)}</p>'

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

    def json(self) -> str:
        """The difference as JSON."""
        import json

        return json.dumps(self.data(), indent=2, ensure_ascii=False)

    def render(self, form: str) -> str:
        """The difference in one of `DIFFERENCE_FORMATS`; raises UnknownNameError with the nearest names."""
        if form not in DIFFERENCE_FORMATS:
            raise UnknownNameError("format", form, DIFFERENCE_FORMATS)
        return DIFFERENCE_FORMATS[form](self)

    def _cells(self) -> list[list[str]]:
        return [
            [part.name, part.words, *(_signed(part.more(count)) for count in COUNTS)] for part in self.parts
        ]

    def _totals(self) -> list[list[str]]:
        each = ([_named(one), "total", *_amounts(one.total)] for one in (self.first, self.second))
        return [*each, ["difference", "", *(_signed(self.more(count)) for count in COUNTS)]]


HEADS = ["name", "difference", "parameters", "MACs", "FLOPs", "activation bytes"]
_WORDS = 2

DIFFERENCE_FORMATS: dict[str, Callable[[Difference], str]] = {
    "text": Difference.text,
    "json": Difference.json,
    "md": Difference.markdown,
    "html": Difference.html,
}


def _named(shown: Table) -> str:
    return f"{shown.title}:{shown.version}" if shown.version else shown.title


def _signed(more: int) -> str:
    return f"{more:+,}" if more else "0"


def _amounts(total: Total) -> list[str]:
    return [f"{getattr(total, count):,}" for count in COUNTS]


def _table_data(shown: Table) -> dict[str, Any]:
    return {"title": shown.title, "version": shown.version, "total": shown.total._asdict()}


def difference(
    first: Layer,
    second: Layer,
    input: Iterable[object] | None = None,
    convention: str | Convention = "textbook",
    **setting: Unpack[Given],
) -> Difference:
    """Show where two networks part, each on the shape `input` without the batch, or on its usual one.

    Raises ShapeError for an input that does not fit one of them, UnknownNameError for a convention or format.

    >>> from layercost import networks
    >>> difference(networks.resnet50("v1"), networks.resnet50("v1.5")).more("macs")
    231211008
    """
    shape = None if input is None else tuple(input)
    before, after = (
        table(layer, shape, convention, **setting)
        for layer in (first, second)
    )
    return Difference(before, after, tuple(_aligned(before.rows, after.rows)))


# ---- one row beside the other ------------------------------------------------------------------------


def _part(first: Row | None, second: Row | None) -> Part | None:
    """How a pair of rows differs; None where only names do."""
    if first is None or second is None:
        return Part("only in the second" if first is None else "only in the first", first, second)
    changes = tuple(_changes(first, second))
    return Part("changed", first, second, changes) if changes or _counts(first) != _counts(second) else None


def _moved(parts: list[Part]) -> Iterator[Part]:
    """The same parts, where a layer that stands elsewhere in the second network is one that moved."""
    second = {_name(part.second): part.second for part in parts if part.second and not part.first}
    first = {_name(part.first) for part in parts if part.first and not part.second}
    for part in parts:
        if part.first and not part.second and _name(part.first) in second:
            other = second[_name(part.first)]
            yield Part("moved", part.first, other, tuple(_changes(part.first, other)))
        elif part.first or part.second is None or _name(part.second) not in first:
            yield part


def _counts(row: Row) -> tuple[int, ...]:
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
        yield Change("run", *("no" if row.held_only else "yes" for row in (first, second)))


def _field_changes(first: Layer, second: Layer) -> Iterator[Change]:
    for field in fields(first):
        before, after = getattr(first, field.name), getattr(second, field.name)
        if before != after:
            yield Change(field.name, _short(before), _short(after))


def _short(value: object) -> str:
    """A field as it is written: one number for equal sizes of all axes."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        value = value[0]
    written = str(value)
    return written if len(written) <= 40 else f"{written[:37]}..."


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


# What two rows must share to stand side by side: the first key decides, the next what it leaves open.
_WAYS: tuple[tuple[Key, ...], ...] = (
    (_name, _whole, _type, _output),
    (_whole, _type, _output),
    (_whole, _type_and_output, _output, _type),
)


def _aligned(first: Sequence[Row], second: Sequence[Row]) -> list[Pair]:
    """All rows of both, in order, in pairs or alone, in the way that leaves the fewest differences."""
    ways = (list(_matched(first, second, keys)) for keys in _WAYS)
    return min(ways, key=lambda pairs: sum(_part(*pair) is not None for pair in pairs))


def _matched(first: Sequence[Row], second: Sequence[Row], keys: Sequence[Key]) -> Iterator[Pair]:
    """Rows whose first key agrees are paired, in order; what is left between them, by the next keys."""
    if not (first and second and keys):
        yield from ((row, None) for row in first)
        yield from ((None, row) for row in second)
        return
    from difflib import SequenceMatcher  # slow to import, and needed only here

    key, *others = keys
    matcher = SequenceMatcher(None, [key(row) for row in first], [key(row) for row in second], autojunk=False)
    i = j = 0
    for start, other_start, size in matcher.get_matching_blocks():
        yield from _matched(first[i:start], second[j:other_start], others)
        i, j = start + size, other_start + size
        yield from zip(first[start:i], second[other_start:j], strict=True)
