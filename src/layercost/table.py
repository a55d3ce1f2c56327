"""The table of a layer or network, layer by layer, as one counter has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Unpack

from layercost.convention import MACS_ONLY, UnknownNameError, unit_in_words
from layercost.counters import Named, counted, counter_named
from layercost.counting import Counted, Counter, NotCounted, usual_input
from layercost.layer import Layer
from layercost.message import Joined, Message, Words, spoken
from layercost.setting import Given, Setting, setting_of
from layercost.shape import Shape
from layercost.view import (
    FORMATS,
    Grid,
    Rendered,
    escaped,
    headed,
    html_cells,
    html_table,
    number,
    short,
    tag,
)

__all__ = ["COLUMNS", "FORMATS", "HEADS", "Row", "Table", "Total", "table"]


class Row(NamedTuple):
    """One call of a layer; sizes without the batch, counts as plain integers for the whole batch.

    `flops` is None where nobody knows what the counter makes of the layer, or where it counts no operations.
    """

    name: str
    module: Layer
    inputs: tuple[Shape, ...]
    output: Shape
    parameters: int
    parameter_bytes: int
    macs: int
    flops: int | None
    activation_bytes: int
    held_only: bool = False  # an auxiliary classifier at inference

    @property
    def input(self) -> Shape | tuple[Shape, ...]:
        """The shape that is read; of a join, one for each value."""
        return self.inputs[0] if len(self.inputs) == 1 else self.inputs

    @property
    def reads(self) -> str:
        """The shapes that are read, in words."""
        return " + ".join(shape.x("×") for shape in self.inputs)

    @property
    def layer(self) -> str:
        """The layer as it is written, or its type alone where that is long; marked where it is not run."""
        written = _layer_in_words(self.module)
        return spoken("{layer} (held, not run)", layer=written) if self.held_only else written

    def data(self) -> dict[str, Any]:
        """The row as plain data, as JSON has it."""
        plain = {**self._asdict(), "layer": self.layer, "input": self.input}
        return {name: plain[name] for name in COLUMNS}


COLUMNS = (
    "name", "layer", "input", "output", "parameters", "parameter_bytes", "macs", "flops", "activation_bytes",
)  # fmt: skip
HEADS: list[Words] = [
    Message("name"), Message("layer"), Message("input"), Message("output"), Message("parameters"),
    Message("parameter bytes"), "MACs", "FLOPs", Message("activation bytes"),
]  # fmt: skip
_WORDS = 4


class Total(NamedTuple):
    """The sums of a table's columns; `parameter_kib` is in units of 1,024 bytes.

    `flops` is the counter's number: None where it stops, or where it counts no operations.
    """

    parameters: int
    parameter_bytes: int
    parameter_kib: float
    macs: int
    flops: int | None
    activation_bytes: int


@dataclass(frozen=True, eq=False)
class Table(Rendered):
    """A network layer by layer, as one counter has it; renders in each of `FORMATS`.

    `counted` is what the counter gives: its unit, what it leaves out, and why it failed, if it did.
    """

    title: str
    rows: tuple[Row, ...]
    total: Total
    counted: Counted
    version: str | None
    setting: Setting
    reading: Mapping[str, Any] | None = None  # of a tool: what it prints, by its own names

    @property
    def convention(self) -> Counter:
        """Who counts: a convention, or a tool's dialect."""
        return self.counted.counter

    @property
    def not_counted(self) -> tuple[NotCounted, ...]:
        """What the counter leaves out, call by call; of a tool, the calls that add nothing."""
        return self.counted.not_counted

    @property
    def complete(self) -> bool:
        """Whether the counter counts everything that happens."""
        return self.counted.complete

    @property
    def at_least(self) -> bool:
        """Whether there are more operations than the totals say, and nobody knows how many."""
        return self.counted.at_least or bool(self.counted.unknown)

    @property
    def failure(self) -> Words | None:
        """Why the counter gives no number; None where it gives one."""
        return self.counted.failure

    @property
    def caption(self) -> Message:
        """What the numbers are: title, convention, unit, number format, batch."""
        setting = Message(
            "MACs: n for a dot product of length n. Bytes in {dtype}; batch {batch}.",
            dtype=self.setting.dtype,
            batch=int(self.setting.batch),
        )
        return Joined([self._named, self.counter_in_words, setting])

    @property
    def _named(self) -> Message:
        if self.version:
            return Message("{title}, version {version}.", title=self.title, version=self.version)
        return Message("{title}.", title=self.title)

    @property
    def counter_in_words(self) -> Message:
        """Who counts what, as a sentence."""
        counter = self.convention
        said = {"name": counter.name, "unit": unit_in_words(counter.unit), "counts": counter.counts}
        if not self.counted.by_tool:
            return Message("FLOPs by the convention {name} (in {unit}): {counts}.", **said)
        return Message("As the tool {name} counts (in {unit}): {counts}.", **said)

    @property
    def remark(self) -> Message:
        """Whether the number is complete, and if not, what is left out, what is not known, or what failed."""
        return self.counted.remark

    def grid(self) -> Grid:
        """Rows and total, with what is not counted below."""
        remark, *notes = self.notes()
        rows, totals = self.row_cells(), [self.total_cells()]
        return Grid.of(self.caption, self.heads, rows, _WORDS, totals, remark=remark, notes=notes)

    def html(self, columns: Iterable[str] | None = None) -> str:
        """An HTML table with class names; it stands in a box of its own that scrolls.

        `columns` picks some of `COLUMNS`, in their order; raises UnknownNameError for another name.
        """
        shown = _chosen(COLUMNS if columns is None else tuple(columns))
        words = sum(column < _WORDS for column in shown)

        def cells(row: Sequence[str]) -> str:
            return html_cells([row[column] for column in shown], words)

        heads = (headed(self.heads[column]) for column in shown)
        body = html_table(self.caption, heads, map(cells, self.row_cells()), [cells(self.total_cells())])
        return body + tag("p", escaped(self.remark), class_="lc-remark")

    def records(self) -> Iterator[Sequence[object]]:
        """Plain numbers; the last line is the total."""
        yield [*self._columns(), "convention", "at_least"]
        for row, at_least in self._rows_of_data():
            yield [*map(_plain_cell, row.values()), self.convention.name, at_least]
        sums = self._total_of_data()
        totals = [sums[name] for name in self._columns()[_WORDS:]]
        yield ["total", "", "", "", *totals, self.convention.name, self.at_least]

    def data(self) -> dict[str, Any]:
        """The table as plain data, as its JSON has it."""
        return {
            "title": self.title,
            "version": self.version,
            "convention": self.convention.name,
            "counts": str(self.convention.counts),
            "unit": self.convention.unit,
            "source": str(self.convention.source),
            "dtype": self.setting.dtype,
            "batch": self.setting.batch,
            "rows": [row | ({"at_least": True} if more else {}) for row, more in self._rows_of_data()],
            "total": self._total_of_data(),
            "complete": self.complete,
            "at_least": self.at_least,
            "failure": None if self.failure is None else str(self.failure),
            "not_counted": [missing.data() for missing in self.not_counted],
            "not_known": [] if self.failure else [one._asdict() for one in self.counted.unmeasured],
        }

    @property
    def _column(self) -> str:
        """The counter's column: "flops" for operations, else what its unit says."""
        return "flops" if self.counted.counts_operations else f"{self.convention.name}_{self.convention.unit}"

    def _columns(self) -> list[str]:
        return [self._column if name == "flops" else name for name in COLUMNS]

    def _rows_of_data(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """Each row with the counter's own amount under the counter's own name, and whether there is more."""
        every = zip(self.rows, self.counted.amounts, self.counted.known, strict=True)
        for row, amount, known in every:
            plain = {**row.data(), "flops": amount}
            named = dict(zip(self._columns(), plain.values(), strict=True))
            yield named, not known and self.failure is None

    def _total_of_data(self) -> dict[str, Any]:
        plain = {**self.total._asdict(), "flops": self.counted.headline}
        return {self._column if name == "flops" else name: value for name, value in plain.items()}

    @property
    def heads(self) -> list[str]:
        """The heads of the columns; that of the counter is its unit, with its name."""
        unit, name = unit_in_words(self.convention.unit), self.convention.name
        own = Message("{unit} ({convention})", unit=unit, convention=name)
        return [str(own if head == "FLOPs" else head) for head in HEADS]

    def row_cells(self) -> list[list[str]]:
        """What stands in the rows, as text, under `heads`."""
        every = enumerate(zip(self.rows, self.counted.amounts, strict=True))
        return [self._cells(row, amount, place in self.counted.unknown) for place, (row, amount) in every]

    def _cells(self, row: Row, amount: int | None, unknown: bool) -> list[str]:
        return [
            row.name, row.layer, row.reads, row.output.x("×"), number(row.parameters),
            number(row.parameter_bytes), number(row.macs, unknown),
            number(amount, unknown and self.counted.counts_operations), number(row.activation_bytes),
        ]  # fmt: skip

    def total_cells(self) -> list[str]:
        """What stands in the last line, as text."""
        t, counted = self.total, self.counted
        macs, own = number(t.macs, bool(counted.unknown)), number(counted.headline, counted.at_least)
        return [
            spoken("total"), "", "", "", number(t.parameters), number(t.parameter_bytes), macs, own,
            number(t.activation_bytes),
        ]  # fmt: skip

    def notes(self) -> list[Message]:
        """What stands below: what is not counted, and the memory in both kinds of unit."""
        memory = Message(
            "Parameters in {dtype}: {binary:,} KiB of 1,024 bytes ({decimal:,} kB of 1,000).",
            dtype=self.setting.dtype,
            binary=self.total.parameter_kib,
            decimal=self.total.parameter_bytes / 1000,
        )
        return [self.remark, memory]


def _plain_cell(value: Any) -> Any:
    """Shapes in one word, as 3x32x32; those of several inputs with a + between."""
    if isinstance(value, Shape):
        return value.x()
    return " + ".join(shape.x() for shape in value) if isinstance(value, tuple) else value


def _layer_in_words(layer: Layer) -> str:
    """The layer as it is written, or its type alone where that is too long for a table."""
    name = type(layer).__name__
    if not layer.is_leaf:
        return name
    written = repr(layer)
    return written if short(written) == written else name


def _chosen(columns: tuple[str, ...]) -> tuple[int, ...]:
    """The places of some of `COLUMNS`."""
    for name in columns:
        if name not in COLUMNS:
            raise UnknownNameError(Message("column"), name, COLUMNS)
    return tuple(place for place, name in enumerate(COLUMNS) if name in columns)


def table(
    layer: Layer,
    input: Iterable[object] | None = None,
    convention: Named = "textbook",
    **setting: Unpack[Given],
) -> Table:
    """The table of a layer or network on the shape `input`, without the batch (a network has a usual one).

    A layer called twice shows its parameters in the row of its first call.
    `convention` may be the name of a tool's dialect: the column of FLOPs then is what the tool adds for each
    call, in its own unit, and ``.reading`` is what it prints, by its own names.
    Raises ShapeError that names the layer that does not fit, UnknownNameError for a convention or format.

    >>> from layercost import networks
    >>> table(networks.lenet5(), input=(1, 32, 32)).total.parameters
    61706
    >>> table(networks.lenet5(), convention="fvcore").reading["total"]
    416520
    """
    plain, counter = setting_of(setting), counter_named(convention)
    found, reading = counted(layer, usual_input(layer, input, Message("a table")), counter, plain)
    rows = tuple(_rows(found))
    return Table(
        title=getattr(layer, "name", None) or _layer_in_words(layer),
        rows=rows,
        total=_total(rows, found, plain),
        counted=found,
        version=getattr(layer, "version", None),
        setting=plain,
        reading=None if reading is None else reading.native,
    )


def _rows(counted: Counted) -> Iterator[Row]:
    """One row a call; every number here is a plain integer."""
    seen: set[int] = set()
    macs, setting, is_flops = MACS_ONLY.total, counted.setting, counted.counts_operations
    bits = setting.bits
    for call, (operations, values), amount in zip(counted.calls, counted.works, counted.amounts, strict=True):
        path, layer, inputs, output, *_ = call
        parameters = 0 if id(layer) in seen else sum([int(held.size) for held in layer.parameters()])
        seen.add(id(layer))
        parameter_bytes, activation_bytes = -(-parameters * bits // 8), -(-int(values) * bits // 8)
        name, held_only = path or type(layer).__name__, not call.runs(setting)
        yield Row(  # by place: there are many, and names would take twice as long
            name, layer, inputs, output, parameters, parameter_bytes, int(macs(operations)),
            amount if is_flops else None, activation_bytes, held_only,
        )  # fmt: skip


def _total(rows: Iterable[Row], counted: Counted, setting: Setting) -> Total:
    parameters = sum([row.parameters for row in rows])
    size = setting.bytes(parameters)
    return Total(
        parameters=parameters,
        parameter_bytes=size,
        parameter_kib=size / 1024,
        macs=sum([row.macs for row in rows]),
        flops=counted.headline if counted.counts_operations else None,
        activation_bytes=sum([row.activation_bytes for row in rows]),
    )
