"""All counters on one model, side by side: the number of each, and why it is not another's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Unpack

from layercost.convention import CONVENTIONS, Convention, Quantity, unit_in_words
from layercost.counters import convention_counter, counter_in_words, reading_of
from layercost.counting import Counted, count_by, counted_by, usual_input
from layercost.dialects import DIALECTS, Reading
from layercost.layer import Layer
from layercost.layers.model import Spelling
from layercost.message import Message, Words, clauses
from layercost.setting import Given, setting_of
from layercost.view import Grid, Rendered, number

HEADS = (Message("counted by"), Message("its name for it"), Message("number"), Message("parameters"))
_WORDS = 2


class Answer(NamedTuple):
    """One counter's number: its name for it, the parameters that it finds, and what the number is made of."""

    counter: str
    name: str
    number: int | None
    unit: str
    parameters: int | None
    reason: Words
    is_tool: bool
    at_least: bool = False
    failure: Words | None = None

    @property
    def cells(self) -> tuple[str, ...]:
        """The answer as texts, in the order of `HEADS`."""
        parameters = "" if self.parameters is None else number(self.parameters)
        return (
            str(counter_in_words(self.counter)),
            str(unit_in_words(self.name)),
            number(self.number, self.at_least),
            parameters,
        )

    def data(self) -> dict[str, Any]:
        """The answer as plain data, as JSON has it."""
        return {
            name: str(value) if isinstance(value, Message) else value
            for name, value in self._asdict().items()
        }


@dataclass(frozen=True)
class Comparison(Rendered):
    """The matrix of all counters on one model; renders in each of `layercost.table.FORMATS`."""

    title: str
    batch: int
    rows: tuple[Answer, ...]

    @property
    def caption(self) -> Message:
        """What is compared."""
        return Message(
            "{title}, batch {batch}: what each convention and each tool counts.",
            title=self.title,
            batch=self.batch,
        )

    def grid(self) -> Grid:
        """A row a counter, and below it what its number is made of."""
        cells, reasons = [row.cells for row in self.rows], [row.reason for row in self.rows]
        return Grid.of(self.caption, HEADS, cells, _WORDS, under=reasons)

    def records(self) -> Iterator[Sequence[object]]:
        """A line a counter; a counter that failed has no number, and its failure."""
        yield Answer._fields
        yield from self.rows

    def data(self) -> dict[str, Any]:
        """The matrix as plain data, as its JSON has it."""
        return {"of": self.title, "batch": self.batch, "rows": [row.data() for row in self.rows]}


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
    shapes, plain = usual_input(layer, input_shape, Message("a comparison")), setting_of(setting)
    tools = (dialect for dialect in DIALECTS.values() if not dialect.joins)
    readings = [reading_of(layer, shapes, dialect, plain, spelling) for dialect in tools]
    parameters = count_by(CONVENTIONS["textbook"], layer, Quantity.PARAMETERS, None, plain).total
    ours = [_ours(counted_by(own, layer, shapes, plain), own, parameters) for own in CONVENTIONS.values()]
    return Comparison(readings[0].title, int(plain.batch), (*ours, *map(_of_tool, readings)))


def _ours(counted: Counted, convention: Convention, parameters: int) -> Answer:
    reason = clauses([convention.counts, counted.reason])
    unit = convention.unit
    return Answer(
        convention_counter(convention.name), unit, counted.headline, unit, parameters, reason, is_tool=False,
        at_least=counted.at_least,
    )  # fmt: skip


def _of_tool(reading: Reading) -> Answer:
    counter, parameters = f"{reading.dialect} {reading.version}", reading.gives(Quantity.PARAMETERS)
    return Answer(
        counter, reading.main_name, reading.main, reading.tool.unit, parameters, reading.reason, is_tool=True,
        at_least=reading.counted.at_least, failure=reading.failure,
    )  # fmt: skip
