"""All tools on one model, side by side: the number of each, and why it is not another's."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Unpack

from layercost.convention import CONVENTIONS, Quantity
from layercost.dialects.dialect import DIALECTS, Native
from layercost.dialects.reading import Reading, read
from layercost.layer import Layer
from layercost.layers.model import Spelling
from layercost.rendering import escaped, html_cells, html_table, markdown_lines, padded_lines
from layercost.setting import Given, Setting, setting_of
from layercost.table import count

FORMATS = ("text", "md", "html", "json")
HEADS = ("counted by", "its name for it", "number", "parameters", "is")
_PARAMETERS = (
    "params",
    "params (return value 2)",
    "total_params",
    "count_params",
    "graph.params",
    "parameters",
)


class Row(NamedTuple):
    """One counter's number: its name for it, the parameters that it finds, and what the number is made of."""

    counter: str
    name: str
    number: int | None
    unit: str
    parameters: int | None
    reason: str
    is_tool: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """The row as texts, in the order of `HEADS`."""
        number = "-" if self.number is None else f"{self.number:,}"
        parameters = "" if self.parameters is None else f"{self.parameters:,}"
        return (self.counter, self.name, number, parameters, self.reason)


@dataclass(frozen=True)
class Comparison:
    """The matrix of all counters on one model; renders in each of `FORMATS`."""

    title: str
    batch: int
    rows: tuple[Row, ...]

    @property
    def caption(self) -> str:
        """What is compared."""
        return f"{self.title}, batch {self.batch}: what each convention and each tool counts."

    def text(self) -> str:
        """Two lines a counter: its number, and what that is made of."""
        head, *lines = padded_lines([HEADS[:-1], *(row.cells[:-1] for row in self.rows)], words=2)
        reasons = (f"    {row.reason}" for row in self.rows)
        pairs = (line for pair in zip(lines, reasons, strict=True) for line in pair)
        return "\n".join([self.caption, "", head, "-" * len(head), *pairs])

    def markdown(self) -> str:
        """A Markdown table."""
        rows = (_reason_third(row.cells) for row in self.rows)
        return "\n".join([self.caption, "", *markdown_lines(_reason_third(HEADS), rows, words=3)])

    def html(self) -> str:
        """An HTML table with class names."""
        heads = HEADS[:-1]
        rows = []
        for row in self.rows:  # the reason stands under its numbers, where there is room for it
            rows.append(html_cells(row.cells[:-1], words=2))
            rows.append(f'<td class="lc-why" colspan="{len(heads)}">{escaped(row.reason)}</td>')
        return html_table(self.caption, heads, rows, ())

    @property
    def data(self) -> dict[str, Any]:
        """The matrix as JSON's types."""
        return {"of": self.title, "batch": self.batch, "rows": [row._asdict() for row in self.rows]}

    def json(self) -> str:
        """The matrix as JSON."""
        return json.dumps(self.data, indent=2, ensure_ascii=False)

    def render(self, form: str) -> str:
        """In one of `FORMATS`."""
        return {"text": self.text, "md": self.markdown, "html": self.html, "json": self.json}[form]()


def _reason_third(cells: Sequence[str]) -> list[str]:
    """Words before numbers, as tables are drawn."""
    counter, name, number, parameters, reason = cells
    return [counter, name, reason, number, parameters]


def compare(
    layer: Layer,
    input_shape: Iterable[object] | None = None,
    *,
    spelling: Mapping[str, str | Spelling] | str | None = None,
    **setting: Unpack[Given],
) -> Comparison:
    """What every convention and every tool counts for `layer` on `input_shape`, without the batch.

    Raises ShapeError for an input that does not fit.

    >>> from layercost import Linear
    >>> [row.number for row in compare(Linear(300, 100), (300,)).rows if row.counter.startswith("torchinfo")]
    [30100]
    """
    shape = input_shape if input_shape is not None else getattr(layer, "input_shape", None)
    readings = [
        read(layer, shape, dialect, spelling=spelling, **setting)
        for dialect in DIALECTS.values()
        if not dialect.joins
    ]
    plain = setting_of(setting)
    ours = [_convention_row(layer, shape, name, plain) for name in CONVENTIONS]
    return Comparison(readings[0].title, int(plain.batch), (*ours, *map(_tool_row, readings)))


def _convention_row(
    layer: Layer, shape: Iterable[object] | None, name: str, setting: Setting
) -> Row:
    counted = count(layer, Quantity.FLOPS, shape, name, setting=setting)
    parameters = count(layer, Quantity.PARAMETERS, shape).total
    missing = dict.fromkeys(left.layer.partition("(")[0] for left in counted.not_counted)
    reason = CONVENTIONS[name].counts + (f"; not counted: {', '.join(missing)}" if missing else "")
    return Row(f"convention {name}", counted.unit, counted.total, counted.unit, parameters, reason, False)


def _tool_row(reading: Reading) -> Row:
    counter = f"{reading.dialect} {reading.version}"
    parameters = parameters_in(reading.native)
    return Row(counter, reading.main_name, reading.main, reading.unit, parameters, reading.reason, True)


def parameters_in(native: Native) -> int | None:
    """The parameters that a reading names; None where the tool does not count them."""
    for name in _PARAMETERS:
        if name in native:
            value = native[name]
            return int(value["known_value"] if isinstance(value, Mapping) else value)
    return None
