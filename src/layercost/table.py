"""Counts and tables: the facts of a layer or a network, priced by a convention, with their derivation."""

from __future__ import annotations

import csv
import html as html_text
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from typing import Any

from layercost.convention import DTYPE_BITS, Convention, Quantity, bytes_of, convention_named, pricing, unknown
from layercost.expression import (
    HTML, LATEX, MATHML, TEXT, Constant, Definition, Expression, Notation, Number, ceil_div,
    definitions, equation, expression,
)  # fmt: skip
from layercost.facts import Facts
from layercost.layer import Call, Layer
from layercost.shape import ShapeError

_STORED = {Quantity.PARAMETERS, Quantity.BUFFERS, Quantity.STORED_VALUES, Quantity.PARAMETER_BYTES}
_WRITTEN = {Quantity.ACTIVATIONS, Quantity.ACTIVATION_BYTES}
_UNITS = {
    Quantity.PARAMETERS: "parameters",
    Quantity.BUFFERS: "buffers",
    Quantity.STORED_VALUES: "values",
    Quantity.PARAMETER_BYTES: "bytes",
    Quantity.ACTIVATIONS: "values",
    Quantity.ACTIVATION_BYTES: "bytes",
}
_COUNTS = {
    Quantity.PARAMETERS: "values that training changes, each once, however often its layer is called",
    Quantity.BUFFERS: "values that are stored and not trained",
    Quantity.STORED_VALUES: "parameters and buffers",
    Quantity.PARAMETER_BYTES: "parameters, each in the bytes of its number format",
    Quantity.ACTIVATIONS: "the values that each layer writes, the input left out; Flatten is a view and writes none",
    Quantity.ACTIVATION_BYTES: "the values that each layer writes, each in the bytes of its number format",
}


@dataclass(frozen=True)
class NotCounted:
    """Operations that a convention leaves out: where they happen, and what they are."""

    path: str
    layer: str
    operations: str


@dataclass(frozen=True)
class Count:
    """A total with what was counted, under which convention, and how it came about."""

    total: int
    quantity: Quantity
    unit: str
    convention: str
    counts: str
    source: str
    not_counted: tuple[NotCounted, ...]
    _derive: Callable[[], Expression]
    _taught: Callable[[], Expression | None]

    @property
    def complete(self) -> bool:
        """Whether the convention prices everything that happens."""
        return not self.not_counted

    @cached_property
    def expression(self) -> Expression:
        """The formula as the layer names its terms; its value is `total`."""
        return self._derive()

    @cached_property
    def taught(self) -> Expression | None:
        """The form in which courses write the formula, where the layer declares one."""
        return self._taught()

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The letters of the formula that stand for formulas of their own, as H_out."""
        return definitions(self.expression)

    def text(self) -> str:
        """Letters = numbers = total, as plain text."""
        return self._rendered(TEXT)

    def latex(self) -> str:
        """Letters = numbers = total, as LaTeX without dollar signs."""
        return self._rendered(LATEX)

    def html(self) -> str:
        """Letters = numbers = total, as HTML whose symbols carry the class of their dimension."""
        return self._rendered(HTML)

    def mathml(self) -> str:
        """Letters = numbers = total, as MathML whose symbols carry the class of their dimension."""
        return self._rendered(MATHML)

    def _rendered(self, notation: Notation) -> str:
        return equation(self.expression, notation)

    def __str__(self) -> str:
        return f"{self.total:,} {self.unit} ({self.convention})"


def count(
    layer: Layer,
    quantity: Quantity,
    input_shape: Iterable[object] | None = None,
    convention: str | Convention = "textbook",
    *,
    batch: int = 1,
    training: bool = False,
    dtype: str = "float32",
) -> Count:
    """Count one quantity of a layer or network, for the whole batch.

    `input_shape` is without the batch; what a layer holds can be counted without it.
    Raises ShapeError for an input that does not fit, ValueError for an unknown convention or number format.
    """
    chosen = convention_named(convention)
    bytes_of(0, dtype)
    if input_shape is None and quantity not in _STORED:
        raise ShapeError(
            f"counting {quantity.value} needs the input's shape without the batch; pass it, as (3, 32, 32)"
        )
    shape = input_shape

    def one(pick: Callable[[Facts], Number], facts: Facts) -> int:
        return int(pick(facts))

    pick = _picker(quantity, chosen)
    if quantity in _STORED:
        total = sum(one(pick, Facts(leaf.parameters(), leaf.buffers(), (), 0)) for leaf in _once(layer))
        missing: tuple[NotCounted, ...] = ()
    else:
        assert shape is not None
        calls = [(call, call.facts(batch, training)) for call in layer.calls(shape)]
        total = sum(one(pick, facts) for _, facts in calls)
        missing = () if quantity in _WRITTEN else tuple(_left_out(calls, pricing(quantity, chosen)))

    def derive() -> Expression:
        return _derivation(layer, quantity, pick, shape, batch, training, dtype)

    def taught() -> Expression | None:
        return _taught_form(layer, quantity, chosen, shape, batch)

    if quantity in (Quantity.PARAMETER_BYTES, Quantity.ACTIVATION_BYTES):
        total = bytes_of(total, dtype)
    priced = None if quantity in _STORED | _WRITTEN else pricing(quantity, chosen)
    return Count(
        total=total,
        quantity=quantity,
        unit=_UNITS[quantity] if priced is None else priced.unit,
        convention=chosen.name,
        counts=_COUNTS[quantity] if priced is None else priced.counts,
        source=chosen.source if priced is None else priced.source,
        not_counted=missing,
        _derive=derive,
        _taught=taught,
    )


def _once(layer: Layer) -> Iterator[Layer]:
    """The leaf layers, each object once: a layer used twice holds its values once."""
    yield from {id(leaf): leaf for _, leaf in layer.leaves()}.values()


def _picker(quantity: Quantity, convention: Convention) -> Callable[[Facts], Number]:
    """What `quantity` adds up of one call's facts, on plain integers and on expressions."""
    match quantity:
        case Quantity.PARAMETERS | Quantity.PARAMETER_BYTES:
            return lambda facts: _add(held.size for held in facts.parameters)
        case Quantity.BUFFERS:
            return lambda facts: _add(held.size for held in facts.buffers)
        case Quantity.STORED_VALUES:
            return lambda facts: _add(held.size for held in (*facts.parameters, *facts.buffers))
        case Quantity.ACTIVATIONS | Quantity.ACTIVATION_BYTES:
            return lambda facts: facts.written
    prices = pricing(quantity, convention)
    return lambda facts: _add(
        price for operation in facts.operations if (price := prices.price(operation)) is not None
    )


def _add(numbers: Iterable[Number]) -> Number:
    """The sum of `numbers`; terms that are a plain 0 are not written."""
    total: Number = 0
    for number in numbers:
        nothing_yet = isinstance(total, int) and total == 0
        total = number if nothing_yet else total if isinstance(number, int) and number == 0 else total + number
    return total


def _left_out(calls: Iterable[tuple[Call, Facts]], prices: Convention) -> Iterator[NotCounted]:
    for call, facts in calls:
        operations = [o.describe() for o in facts.operations if prices.price(o) is None]
        if operations:
            yield NotCounted(call.path, type(call.layer).__name__, ", ".join(operations))


def _is_leaf(layer: Layer) -> bool:
    return next(iter(layer.leaves()), ("", None))[1] is layer


def _derivation(
    layer: Layer,
    quantity: Quantity,
    pick: Callable[[Facts], Number],
    shape: Iterable[object] | None,
    batch: int,
    training: bool,
    dtype: str,
) -> Expression:
    """One layer: its formula. A network: the sum of its layers' numbers."""
    if not _is_leaf(layer):
        formula = _add(_parts(layer, pick, quantity, shape, batch, training))
    elif shape is None:
        twin = layer.lettered()
        formula = pick(Facts(twin.parameters(), twin.buffers(), (), 0))
    else:
        formula = pick(layer.derive(shape, batch, training))
    if quantity in (Quantity.PARAMETER_BYTES, Quantity.ACTIVATION_BYTES):
        return _in_bytes(expression(formula), dtype)
    return expression(formula)


def _in_bytes(values: Expression, dtype: str) -> Expression:
    whole, part = divmod(DTYPE_BITS[dtype], 8)
    return values * whole if not part else expression(ceil_div(values * part, 8))


def _parts(
    layer: Layer,
    pick: Callable[[Facts], Number],
    quantity: Quantity,
    shape: Iterable[object] | None,
    batch: int,
    training: bool,
) -> Iterator[Number]:
    if quantity in _STORED or shape is None:
        amounts = (int(pick(Facts(leaf.parameters(), leaf.buffers(), (), 0))) for leaf in _once(layer))
    else:
        amounts = (int(pick(call.facts(batch, training))) for call in layer.calls(shape))
    yield from (Constant(amount) for amount in amounts if amount)


def _taught_form(
    layer: Layer, quantity: Quantity, convention: Convention, shape: Iterable[object] | None, batch: int
) -> Expression | None:
    if shape is None or batch != 1 or not _is_leaf(layer):
        return None
    if quantity is Quantity.FLOPS and convention.name != "textbook":
        return None
    twin, lettered, output = layer.symbolic(shape)
    form = twin.taught(lettered, output).get(quantity.value)
    return None if form is None else expression(form)


# ---- tables ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """One layer of a table; all numbers are plain integers, for the whole batch."""

    name: str
    layer: str
    input: tuple[int, ...]
    output: tuple[int, ...]
    parameters: int
    parameter_bytes: int
    macs: int
    flops: int
    activation_bytes: int


@dataclass(frozen=True)
class Total:
    """The sums of a table's columns; `parameter_kib` are units of 1,024 bytes."""

    parameters: int
    parameter_bytes: int
    parameter_kib: float
    macs: int
    flops: int
    activation_bytes: int


@dataclass(frozen=True)
class Table:
    """A network layer by layer, under one convention; renders as text, Markdown, HTML, LaTeX, CSV and JSON."""

    title: str
    rows: tuple[Row, ...]
    total: Total
    convention: Convention
    version: str | None
    dtype: str
    batch: int
    not_counted: tuple[NotCounted, ...]

    @property
    def complete(self) -> bool:
        """Whether the convention prices everything that happens."""
        return not self.not_counted

    @property
    def caption(self) -> str:
        """What the numbers are: title, convention, unit, number format, batch."""
        version = f", version {self.version}" if self.version else ""
        return (
            f"{self.title}{version}. FLOPs by the convention {self.convention.name} (in {self.convention.unit}): "
            f"{self.convention.counts}. MACs: n for a dot product of length n. "
            f"Bytes in {self.dtype}; batch {self.batch}."
        )

    @property
    def remark(self) -> str:
        """Whether the total is complete, and if not, what is left out."""
        if self.complete:
            return "Complete: every operation is counted."
        kinds = ", ".join(dict.fromkeys(missing.layer for missing in self.not_counted))
        return f"Not counted under {self.convention.name}: the operations of {kinds}."

    def text(self) -> str:
        """A plain table with a caption above and what is not counted below."""
        rows = [HEADS, *(_cells(row) for row in self.rows), self._total_cells()]
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
        lines = [
            "  ".join(
                cell.ljust(width) if column < _WORDS else cell.rjust(width)
                for column, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        rule = "-" * max(map(len, lines))
        return "\n".join([self.caption, "", lines[0], rule, *lines[1:-1], rule, lines[-1], "", *self._notes()])

    def markdown(self) -> str:
        """A Markdown table with a caption above and what is not counted below."""
        align = ["---"] * _WORDS + ["---:"] * (len(HEADS) - _WORDS)
        rows = [HEADS, align, *(_cells(row) for row in self.rows), [f"**{cell}**" if cell else "" for cell in
                self._total_cells()]]  # fmt: skip
        return "\n".join([self.caption, "", *(f"| {' | '.join(row)} |" for row in rows), "", *self._notes()])

    def html(self) -> str:
        """An HTML table with class names; it stands in a box of its own that scrolls."""
        escape = html_text.escape

        def row(cells: Iterable[str], tag: str = "td") -> str:
            marked = (
                f'<{tag} class="lc-word">{escape(cell)}</{tag}>'
                if column < _WORDS
                else f'<{tag} class="lc-number">{escape(cell)}</{tag}>'
                for column, cell in enumerate(cells)
            )
            return f"<tr>{''.join(marked)}</tr>"

        body = "".join(row(_cells(each)) for each in self.rows)
        return (
            f'<div class="lc-table-box"><table class="lc-table"><caption>{escape(self.caption)}</caption>'
            f'<thead>{row(HEADS, "th")}</thead><tbody>{body}</tbody>'
            f"<tfoot>{row(self._total_cells())}</tfoot></table></div>"
            f'<p class="lc-remark">{escape(self.remark)}</p>'
        )

    def latex(self) -> str:
        """A LaTeX table (package booktabs) with a caption."""
        def row(cells: Iterable[str]) -> str:
            return " & ".join(_latex_text(cell) for cell in cells) + r" \\"

        return "\n".join([
            r"\begin{table}", rf"\caption{{{_latex_text(self.caption)} {_latex_text(self.remark)}}}",
            rf"\begin{{tabular}}{{{'l' * _WORDS}{'r' * (len(HEADS) - _WORDS)}}}", r"\toprule",
            row(HEADS), r"\midrule", *(row(_cells(each)) for each in self.rows), r"\midrule",
            row(self._total_cells()), r"\bottomrule", r"\end{tabular}", r"\end{table}",
        ])  # fmt: skip

    def csv(self) -> str:
        """Comma-separated values with a head and plain numbers; the last line is the total."""
        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        names = [field.name for field in fields(Row)]
        writer.writerow([*names, "convention"])
        for each in self.rows:
            cells = ("x".join(map(str, v)) if isinstance(v, tuple) else v for v in asdict(each).values())
            writer.writerow([*cells, self.convention.name])
        totals = asdict(self.total)
        writer.writerow(["total", "", "", "", *(totals[name] for name in names[4:]), self.convention.name])
        return stream.getvalue()

    def data(self) -> dict[str, Any]:
        """The table as plain data, as its JSON has it."""
        return {
            "title": self.title,
            "version": self.version,
            "convention": self.convention.name,
            "counts": self.convention.counts,
            "unit": self.convention.unit,
            "source": self.convention.source,
            "dtype": self.dtype,
            "batch": self.batch,
            "rows": [asdict(row) for row in self.rows],
            "total": asdict(self.total),
            "complete": self.complete,
            "not_counted": [asdict(missing) for missing in self.not_counted],
        }

    def json(self) -> str:
        """The table as JSON; a total says whether it is complete, and what it leaves out."""
        return json.dumps(self.data(), indent=2, ensure_ascii=False)

    def render(self, format: str) -> str:
        """The table in one of `FORMATS`; raises ValueError with the nearest names."""
        if format not in FORMATS:
            raise ValueError(unknown("format", format, FORMATS))
        return FORMATS[format](self)

    def _total_cells(self) -> list[str]:
        t = self.total
        amounts = (t.parameters, t.parameter_bytes, t.macs, t.flops, t.activation_bytes)
        return ["total", "", "", "", *(f"{amount:,}" for amount in amounts)]

    def _notes(self) -> list[str]:
        memory = (
            f"Parameters in {self.dtype}: {self.total.parameter_kib:,} KiB of 1,024 bytes "
            f"({self.total.parameter_bytes / 1000:,} kB of 1,000)."
        )
        return [self.remark, memory]


HEADS = [
    "name", "layer", "input", "output", "parameters", "parameter bytes", "MACs", "FLOPs", "activation bytes",
]  # fmt: skip
_WORDS = 4

FORMATS: dict[str, Callable[[Table], str]] = {
    "text": Table.text,
    "json": Table.json,
    "md": Table.markdown,
    "html": Table.html,
    "latex": Table.latex,
    "csv": Table.csv,
}


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _cells(row: Row) -> list[str]:
    amounts = (row.parameters, row.parameter_bytes, row.macs, row.flops, row.activation_bytes)
    return [row.name, row.layer, _size(row.input), _size(row.output), *(f"{amount:,}" for amount in amounts)]


def _latex_text(text: str) -> str:
    for sign, written in {"\\": r"\textbackslash{}", "_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "{": r"\{",
                          "}": r"\}", "×": r"$\times$"}.items():  # fmt: skip
        text = text.replace(sign, written)
    return text


def table(
    layer: Layer,
    input: Iterable[object] | None = None,
    convention: str | Convention = "textbook",
    *,
    batch: int = 1,
    training: bool = False,
    dtype: str = "float32",
) -> Table:
    """The whole table of a layer or network; `input` is the shape without the batch (a network has a usual one).

    A layer called twice shows its parameters in the row of its first call.
    Raises ShapeError that names the layer that does not fit, ValueError for an unknown convention or format.
    """
    chosen = convention_named(convention)
    shape = input if input is not None else getattr(layer, "input_shape", None)
    if shape is None:
        raise ShapeError("a table needs the input's shape without the batch; pass it, as input=(3, 32, 32)")
    calls = [(call, call.facts(batch, training)) for call in layer.calls(shape)]
    flops_of, macs_of = _picker(Quantity.FLOPS, chosen), _picker(Quantity.MACS, chosen)
    seen: set[int] = set()
    rows = []
    for call, facts in calls:
        parameters = 0 if id(call.layer) in seen else sum(int(held.size) for held in facts.parameters)
        seen.add(id(call.layer))
        rows.append(
            Row(
                name=call.path or type(call.layer).__name__,
                layer=repr(call.layer) if len(repr(call.layer)) <= 60 else type(call.layer).__name__,
                input=tuple(int(size) for size in call.input_shape),
                output=tuple(int(size) for size in call.output_shape),
                parameters=parameters,
                parameter_bytes=bytes_of(parameters, dtype),
                macs=int(macs_of(facts)),
                flops=int(flops_of(facts)),
                activation_bytes=bytes_of(int(facts.written), dtype),
            )
        )
    return Table(
        title=getattr(layer, "name", None) or repr(layer),
        rows=tuple(rows),
        total=_total(rows, dtype),
        convention=chosen,
        version=getattr(layer, "version", None),
        dtype=dtype,
        batch=batch,
        not_counted=tuple(_left_out(calls, chosen)),
    )


def _total(rows: list[Row], dtype: str) -> Total:
    parameters = sum(row.parameters for row in rows)
    size = bytes_of(parameters, dtype)
    return Total(
        parameters=parameters,
        parameter_bytes=size,
        parameter_kib=size / 1024,
        macs=sum(row.macs for row in rows),
        flops=sum(row.flops for row in rows),
        activation_bytes=sum(row.activation_bytes for row in rows),
    )

