"""Counts and tables: the facts of a layer or a network, priced by a convention, with their derivation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from typing import Any, NamedTuple, Unpack

from layercost.convention import (
    CONVENTIONS,
    Convention,
    Quantity,
    UnknownNameError,
    convention_named,
    pricing,
)  # fmt: skip
from layercost.expression import (
    HTML,
    LATEX,
    MATHML,
    NOTATIONS,
    TEXT,
    Constant,
    Definition,
    Expression,
    Notation,
    Number,
    add,
    ceil_div,
    defining,
    definitions,
    equation,
    expression,
)  # fmt: skip
from layercost.facts import Facts, Held, Operation
from layercost.layer import Call, Layer
from layercost.rendering import bold, escaped, html_cells, html_table, markdown_lines, padded_lines
from layercost.setting import Given, Setting, setting_of
from layercost.shape import Shape, ShapeError, checked_sizes, several


class _Amount(NamedTuple):
    """What a quantity that has no price adds up, in which unit, and in words."""

    of: Callable[[Facts], Number]
    unit: str
    counts: str
    is_held: bool  # held by a layer, whether it runs or not; needs no input


def _sizes(held: Iterable[Held]) -> Number:
    total: Number = 0
    for one in held:
        total = add(total, one.size)
    return total


_AMOUNTS = {
    Quantity.PARAMETERS: _Amount(
        lambda facts: _sizes(facts.parameters),
        "parameters",
        "values that training changes, each once, however often its layer is called",
        is_held=True,
    ),
    Quantity.WEIGHTS: _Amount(
        lambda facts: _sizes(held for held in facts.parameters if not held.is_bias),
        "weights",
        "parameters that are no biases; the scales of a normalization are among them",
        is_held=True,
    ),
    Quantity.BIASES: _Amount(
        lambda facts: _sizes(held for held in facts.parameters if held.is_bias),
        "biases",
        "parameters that are added, by their names; the shifts of a normalization are among them",
        is_held=True,
    ),
    Quantity.BUFFERS: _Amount(
        lambda facts: _sizes(facts.buffers), "values", "values that are stored and not trained", is_held=True
    ),
    Quantity.STORED_VALUES: _Amount(
        lambda facts: _sizes((*facts.parameters, *facts.buffers)),
        "values",
        "parameters and buffers",
        is_held=True,
    ),
    Quantity.ACTIVATIONS: _Amount(
        lambda facts: facts.written,
        "values",
        "the values that each layer writes, the input left out; Flatten is a view and writes none",
        is_held=False,
    ),
}
_IN_BYTES = {
    Quantity.PARAMETER_BYTES: Quantity.PARAMETERS,
    Quantity.ACTIVATION_BYTES: Quantity.ACTIVATIONS,
}
_WHAT_IT_IS = "the definition of the quantity; no convention enters"


@dataclass(frozen=True)
class NotCounted:
    """Operations that a convention leaves out: where they happen, and what they are."""

    path: str
    layer: str
    operations: str


@dataclass(frozen=True, eq=False)
class _Question:
    """What is asked for: a quantity of a layer or network, on an input, under a convention."""

    layer: Layer
    quantity: Quantity
    convention: Convention
    input_shapes: tuple[Iterable[object], ...] | None
    setting: Setting

    @property
    def amount(self) -> _Amount | None:
        """What is added up, or None for operations, which have a price."""
        return _AMOUNTS.get(_IN_BYTES.get(self.quantity, self.quantity))

    @property
    def prices(self) -> Convention:
        """The prices of the operations that are counted."""
        return pricing(self.quantity, self.convention)

    @property
    def in_bytes(self) -> bool:
        """Whether the values are counted in bytes."""
        return self.quantity in _IN_BYTES

    def pick(self, facts: Facts) -> Number:
        """What one call's facts add to the count, on plain integers and on expressions."""
        return self.prices.total(facts.operations) if self.amount is None else self.amount.of(facts)

    @cached_property
    def parts(self) -> tuple[tuple[Call | None, Facts], ...]:
        """The facts that are added up: of each layer that holds values, or of each call."""
        if self.amount is not None and self.amount.is_held:
            return tuple((None, _held_by(leaf)) for leaf in _once(self.layer))
        if self.input_shapes is None:
            raise ShapeError(
                f"counting {self.quantity.value} needs the input's shape without the batch; "
                "pass it, as (3, 32, 32)"
            )
        calls = self.layer.calls(*self.input_shapes)
        return tuple((call, call.facts(self.setting)) for call in calls)

    def total(self) -> int:
        """The count."""
        values = sum(int(self.pick(facts)) for _, facts in self.parts)
        return self.setting.bytes(values) if self.in_bytes else values

    def not_counted(self) -> tuple[NotCounted, ...]:
        """What the prices leave out; a quantity without prices leaves out nothing."""
        return () if self.amount is not None else tuple(_left_out(self.parts, self.prices))

    def derivation(self) -> Expression:
        """One layer: its formula. A network: the sum of its layers' numbers."""
        formula = expression(self._formula() if self.layer.is_leaf else self._sum())
        return _in_bytes(formula, self.setting) if self.in_bytes else formula

    def _formula(self) -> Number:
        if self.input_shapes is None:
            return self.pick(_held_by(self.layer.lettered()))
        return self.pick(self.layer.derive(*self.input_shapes, setting=self.setting))

    def _sum(self) -> Number:
        total: Number = 0
        for _, facts in self.parts:
            if amount := int(self.pick(facts)):
                total = add(total, Constant(amount))
        return total

    def taught(self) -> Expression | None:
        """The form in which courses write the formula, where the layer declares one for this question."""
        priced_otherwise = self.quantity is Quantity.FLOPS and self.convention.name != "textbook"
        if self.input_shapes is None or self.setting.batch != 1 or priced_otherwise or not self.layer.is_leaf:
            return None
        twin, shapes, output = self.layer.symbolic(*self.input_shapes)
        form = twin.taught(shapes[0], output).get(self.quantity.value)
        return None if form is None else expression(form)


def _held_by(layer: Layer) -> Facts:
    return Facts(layer.parameters(), layer.buffers(), (), 0)


def _once(layer: Layer) -> Iterable[Layer]:
    """The leaf layers, each object once: a layer used twice holds its values once."""
    return {id(leaf): leaf for _, leaf in layer.leaves()}.values()


def _in_bytes(values: Expression, setting: Setting) -> Expression:
    each, part = divmod(setting.bits, 8)
    return values * each if not part else expression(ceil_div(values * part, 8))


def _left_out(parts: Iterable[tuple[Call | None, Facts]], prices: Convention) -> Iterator[NotCounted]:
    for call, facts in parts:
        operations = list(map(Operation.describe, prices.left_out(facts.operations)))
        if call is not None and operations:
            yield NotCounted(call.path, type(call.layer).__name__, ", ".join(operations))


@dataclass(frozen=True)
class Count:
    """A total with what was counted, under which convention, and how it came about.

    `total` is a plain integer in `unit`; `counts` says in words what it counts, `source` on whose word.
    """

    total: int
    quantity: Quantity
    unit: str
    convention: str
    counts: str
    source: str
    not_counted: tuple[NotCounted, ...]
    _question: _Question = field(repr=False, compare=False)

    @property
    def complete(self) -> bool:
        """Whether everything that happens is counted."""
        return not self.not_counted

    @cached_property
    def expression(self) -> Expression:
        """The formula as the layer names its terms; its value is `total`."""
        return self._question.derivation()

    @cached_property
    def taught(self) -> Expression | None:
        """The form in which courses write the formula, where the layer declares one."""
        return self._question.taught()

    @property
    def definitions(self) -> tuple[Definition, ...]:
        """The letters of the formula that stand for formulas of their own, as H_out."""
        return definitions(self.expression)

    def where(self, notation: str = "text") -> tuple[str, ...]:
        """Each of `definitions` as letter = formula = numbers = value, in one of `NOTATIONS`.

        Raises UnknownNameError for another notation.
        """
        if notation not in NOTATIONS:
            raise UnknownNameError("notation", notation, NOTATIONS)
        return tuple(defining(definition, NOTATIONS[notation]) for definition in self.definitions)

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
    **setting: Unpack[Given],
) -> Count:
    """Count one quantity of a layer or network, for the whole batch.

    `input_shape` is without the batch, as (3, 32, 32), or one shape for each value that the layer reads; what
    a layer holds can be counted without it. A setting is batch=, training= and dtype=, or setting=.
    Raises ShapeError for an input that does not fit, UnknownNameError for a convention or number format.

    >>> from layercost import FLOPS, Linear
    >>> count(Linear(300, 100), FLOPS, (300,)).total
    60000
    """
    chosen = convention_named(convention)
    shapes = None if input_shape is None else tuple(map(checked_sizes, several(input_shape)))
    question = _Question(layer, quantity, chosen, shapes, setting_of(setting))
    total, amount = question.total(), question.amount
    if shapes is not None and amount is not None and amount.is_held:
        layer.output_shape(*shapes)  # nothing else has looked whether it fits
    return Count(
        total=total,
        quantity=quantity,
        unit=question.prices.unit if amount is None else "bytes" if question.in_bytes else amount.unit,
        convention=chosen.name,
        counts=question.prices.counts if amount is None else amount.counts,
        source=question.prices.source if amount is None else _WHAT_IT_IS,
        not_counted=question.not_counted(),
        _question=question,
    )


# ---- tables ------------------------------------------------------------------------------------


class Row(NamedTuple):
    """One call of a layer; sizes without the batch, counts as plain integers for the whole batch."""

    name: str
    module: Layer
    inputs: tuple[Shape, ...]
    output: Shape
    parameters: int
    parameter_bytes: int
    macs: int
    flops: int
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
        written = _short(self.module, type(self.module).__name__)
        return f"{written} (held, not run)" if self.held_only else written

    def data(self) -> dict[str, Any]:
        """The row as plain data, as JSON has it."""
        plain = {**self._asdict(), "layer": self.layer, "input": self.input}
        return {name: plain[name] for name in COLUMNS}


COLUMNS = (
    "name", "layer", "input", "output", "parameters", "parameter_bytes", "macs", "flops", "activation_bytes",
)  # fmt: skip


class Total(NamedTuple):
    """The sums of a table's columns; `parameter_kib` is in units of 1,024 bytes."""

    parameters: int
    parameter_bytes: int
    parameter_kib: float
    macs: int
    flops: int
    activation_bytes: int


@dataclass(frozen=True, eq=False)
class Table:
    """A network layer by layer, under one convention; renders in each of `FORMATS`."""

    title: str
    rows: tuple[Row, ...]
    total: Total
    convention: Convention
    version: str | None
    setting: Setting
    _calls: tuple[Call, ...]
    reading: Mapping[str, Any] | None = None  # under a tool's dialect: what it prints, by its own names

    @cached_property
    def not_counted(self) -> tuple[NotCounted, ...]:
        """What the convention leaves out, call by call; of a tool, the calls that add nothing."""
        calls = [
            call
            for row, call in zip(self.rows, self._calls, strict=True)
            if self.reading is None or not row.flops
        ]
        parts = ((call, call.facts(self.setting)) for call in calls)
        return tuple(_left_out(parts, self.convention))

    @property
    def complete(self) -> bool:
        """Whether the convention prices everything that happens."""
        return not self.not_counted

    @property
    def caption(self) -> str:
        """What the numbers are: title, convention, unit, number format, batch."""
        version = f", version {self.version}" if self.version else ""
        return (
            f"{self.title}{version}. FLOPs by the convention {self.convention.name} "
            f"(in {self.convention.unit}): {self.convention.counts}. MACs: n for a dot product of length n. "
            f"Bytes in {self.setting.dtype}; batch {self.setting.batch}."
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
        head, *rows, total = padded_lines([self.heads, *self.row_cells(), self.total_cells()], _WORDS)
        rule = "-" * max(map(len, (head, *rows, total)))
        return "\n".join([self.caption, "", head, rule, *rows, rule, total, "", *self.notes()])

    def markdown(self) -> str:
        """A Markdown table with a caption above and what is not counted below."""
        rows = [*self.row_cells(), bold(self.total_cells())]
        lines = markdown_lines(self.heads, rows, _WORDS)
        return "\n".join([self.caption, "", *lines, "", *self.notes()])

    def html(self, columns: Iterable[str] | None = None) -> str:
        """An HTML table with class names; it stands in a box of its own that scrolls.

        `columns` picks some of `COLUMNS`, in their order; raises UnknownNameError for another name.
        """
        shown = _chosen(COLUMNS if columns is None else tuple(columns))
        words = sum(column < _WORDS for column in shown)

        def cells(row: list[str]) -> str:
            return html_cells([row[column] for column in shown], words)

        heads = (_html_head(self.heads[column]) for column in shown)
        rows = map(cells, self.row_cells())
        body = html_table(self.caption, heads, rows, [cells(self.total_cells())])
        return f'{body}<p class="lc-remark">{escaped(self.remark)}</p>'

    def latex(self) -> str:
        """A LaTeX table (package booktabs) with a caption."""
        return "\n".join([
            r"\begin{table}", rf"\caption{{{_latex_text(self.caption)} {_latex_text(self.remark)}}}",
            rf"\begin{{tabular}}{{{'l' * _WORDS}{'r' * (len(HEADS) - _WORDS)}}}", r"\toprule",
            _latex_row(self.heads), r"\midrule", *(_latex_row(_cells(row)) for row in self.rows), r"\midrule",
            _latex_row(self.total_cells()), r"\bottomrule", r"\end{tabular}", r"\end{table}",
        ])  # fmt: skip

    def csv(self) -> str:
        """Comma-separated values with a head and plain numbers; the last line is the total."""
        import csv
        import io

        stream = io.StringIO()
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*COLUMNS, "convention"])
        for row in self.rows:
            cells = map(_plain_cell, row.data().values())
            writer.writerow([*cells, self.convention.name])
        sums = self.total._asdict()
        totals = [sums[name] for name in COLUMNS[_WORDS:]]
        writer.writerow(["total", "", "", "", *totals, self.convention.name])
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
            "dtype": self.setting.dtype,
            "batch": self.setting.batch,
            "rows": [row.data() for row in self.rows],
            "total": self.total._asdict(),
            "complete": self.complete,
            "not_counted": [vars(missing) for missing in self.not_counted],
        }

    def json(self) -> str:
        """The table as JSON; a total says whether it is complete, and what it leaves out."""
        import json

        return json.dumps(self.data(), indent=2, ensure_ascii=False)

    def render(self, form: str) -> str:
        """The table in one of `FORMATS`; raises UnknownNameError with the nearest names."""
        if form not in FORMATS:
            raise UnknownNameError("format", form, FORMATS)
        return FORMATS[form](self)

    @property
    def heads(self) -> list[str]:
        """The heads of the columns; that of the FLOPs names the convention."""
        return [f"{head} ({self.convention.name})" if head == "FLOPs" else head for head in HEADS]

    def row_cells(self) -> list[list[str]]:
        """What stands in the rows, as text, under `heads`."""
        return [_cells(row) for row in self.rows]

    def total_cells(self) -> list[str]:
        """What stands in the last line, as text."""
        t = self.total
        amounts = (t.parameters, t.parameter_bytes, t.macs, t.flops, t.activation_bytes)
        return ["total", "", "", "", *(f"{amount:,}" for amount in amounts)]

    def notes(self) -> list[str]:
        """What stands below: what is not counted, and the memory in both kinds of unit."""
        memory = (
            f"Parameters in {self.setting.dtype}: {self.total.parameter_kib:,} KiB of 1,024 bytes "
            f"({self.total.parameter_bytes / 1000:,} kB of 1,000)."
        )
        return [self.remark, memory]


def _plain_cell(value: Any) -> Any:
    """Shapes in one word, as 3x32x32; those of several inputs with a + between."""
    if isinstance(value, Shape):
        return value.x()
    return " + ".join(shape.x() for shape in value) if isinstance(value, tuple) else value


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


def _cells(row: Row) -> list[str]:
    amounts = (row.parameters, row.parameter_bytes, row.macs, row.flops, row.activation_bytes)
    return [row.name, row.layer, row.reads, row.output.x("×"), *(f"{amount:,}" for amount in amounts)]


def _short(layer: Layer, otherwise: str) -> str:
    """The layer as it is written, or `otherwise` where that is too long for a table."""
    if not layer.is_leaf:
        return otherwise
    written = repr(layer)
    return written if len(written) <= _LONGEST else otherwise


_LONGEST = 60


def _chosen(columns: tuple[str, ...]) -> tuple[int, ...]:
    """The places of some of `COLUMNS`."""
    for name in columns:
        if name not in COLUMNS:
            raise UnknownNameError("column", name, COLUMNS)
    return tuple(place for place, name in enumerate(COLUMNS) if name in columns)


def _html_head(head: str) -> str:
    name, _, unit = escaped(head).partition(" (")
    return f'{name} <span class="lc-unit">{unit.removesuffix(")")}</span>' if unit else name


def _latex_row(cells: Iterable[str]) -> str:
    return " & ".join(map(_latex_text, cells)) + r" \\"


def _latex_text(text: str) -> str:
    return text.translate(_LATEX_SIGNS)


_LATEX_SIGNS = str.maketrans({
    "\\": r"\textbackslash{}", "_": r"\_", "&": r"\&", "%": r"\%", "#": r"\#", "$": r"\$",
    "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "×": r"$\times$",
})  # fmt: skip


def table(
    layer: Layer,
    input: Iterable[object] | None = None,
    convention: str | Convention = "textbook",
    **setting: Unpack[Given],
) -> Table:
    """The table of a layer or network on the shape `input`, without the batch (a network has a usual one).

    A layer called twice shows its parameters in the row of its first call.
    `convention` may be the name of a tool's dialect: FLOPs then are what the tool adds for each call, and
    ``.reading`` is what it prints, by its own names.
    Raises ShapeError that names the layer that does not fit, UnknownNameError for a convention or format.

    >>> from layercost import networks
    >>> table(networks.lenet5(), input=(1, 32, 32)).total.parameters
    61706
    >>> table(networks.lenet5(), convention="fvcore").reading["total"]
    416520
    """
    if isinstance(convention, str) and convention not in CONVENTIONS:
        return _tool_table(layer, input, convention, setting_of(setting))
    chosen, plain = convention_named(convention), setting_of(setting)
    shape = input if input is not None else getattr(layer, "input_shape", None)
    if shape is None:
        raise ShapeError("a table needs the input's shape without the batch; pass it, as input=(3, 32, 32)")
    calls = tuple(layer.calls(*several(shape)))
    rows = tuple(_rows(calls, chosen, plain))
    return Table(
        title=getattr(layer, "name", None) or _short(layer, type(layer).__name__),
        rows=rows,
        total=_total(rows, plain),
        convention=chosen,
        version=getattr(layer, "version", None),
        setting=plain,
        _calls=calls,
    )


def _tool_table(
    layer: Layer, input: Iterable[object] | None, name: str, setting: Setting
) -> Table:
    """The table as a tool prices the calls that it meets; raises UnknownNameError for a tool nobody reads."""
    # dialects stand on this module, so that they are looked up by name, and only when one is asked for
    dialects = import_module("layercost.dialects")
    try:
        dialect = dialects.dialect_named(name)
    except UnknownNameError:
        raise UnknownNameError("convention", name, [*CONVENTIONS, *dialects.DIALECTS]) from None
    reading = dialects.read(layer, input, dialect, setting=setting)
    priced = Convention(reading.dialect, reading.unit, reading.says, reading.source, {})
    calls = tuple([call for call, _ in reading.calls])
    prices = (price for _, price in reading.calls)
    plain = _rows(calls, priced, setting)
    rows = tuple([row._replace(flops=price) for row, price in zip(plain, prices, strict=True)])
    return Table(
        title=getattr(layer, "name", None) or _short(layer, type(layer).__name__),
        rows=rows,
        total=_total(rows, setting)._replace(flops=reading.main or 0),
        convention=priced,
        version=getattr(layer, "version", None),
        setting=setting,
        _calls=calls,
        reading=reading.native,
    )


def _rows(calls: Iterable[Call], convention: Convention, setting: Setting) -> Iterator[Row]:
    """One row a call; every number here is a plain integer."""
    seen: set[int] = set()
    macs, bits = pricing(Quantity.MACS, convention), setting.bits
    for call in calls:
        path, layer, inputs, output, only_in_training, _ = call
        operations, written = call.work(setting)
        parameters = 0 if id(layer) in seen else sum([int(held.size) for held in layer.parameters()])
        seen.add(id(layer))
        parameter_bytes, activation_bytes = -(-parameters * bits // 8), -(-int(written) * bits // 8)
        plain_macs, flops = int(macs.total(operations)), int(convention.total(operations))
        name, held_only = path or type(layer).__name__, only_in_training and not setting.training
        yield Row(  # by place: there are many, and names would take twice as long
            name, layer, inputs, output, parameters, parameter_bytes, plain_macs, flops, activation_bytes,
            held_only,
        )  # fmt: skip


def _total(rows: Iterable[Row], setting: Setting) -> Total:
    parameters = sum([row.parameters for row in rows])
    size = setting.bytes(parameters)
    return Total(
        parameters=parameters,
        parameter_bytes=size,
        parameter_kib=size / 1024,
        macs=sum([row.macs for row in rows]),
        flops=sum([row.flops for row in rows]),
        activation_bytes=sum([row.activation_bytes for row in rows]),
    )
