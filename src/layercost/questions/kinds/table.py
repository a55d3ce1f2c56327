"""Complete the table of a network: a row for each layer, the totals below, and some cells left blank.

`columns` are ``output`` (the shape, without the batch) and quantities; `blank` names the cells that are left
out, as ``conv2/parameters`` or ``total/macs``. A total is marked against the student's own cells, too.

    kind = "table"
    wording.en = "A small network reads images of {input}. Complete its table."
    layers = { conv = "Conv2d(_, maps, kernel_size=5)", flatten = "Flatten()", fc = "Linear(_, 10)" }
    input = [1, 28, 28]
    draw.maps = [4, 6, 8]
    columns = ["output", "parameters", "macs"]
    blank = ["conv/output", "conv/parameters", "fc/parameters", "total/parameters"]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

from layercost.convention import Quantity, quantity_in_words, unknown
from layercost.expression import Expression, definitions
from layercost.layer import Call, Layer
from layercost.message import Joined, Message, Words
from layercost.misconception import MISCONCEPTIONS, Misconception, Size, Task
from layercost.questions.carrying import Own, with_carried
from layercost.questions.draw import Drawn, QuestionError
from layercost.questions.explain import UNKNOWN, Diagnosis
from layercost.questions.item import Item
from layercost.questions.kind import Field, Line, Wrong, derived, kind
from layercost.questions.kinds.compute import Question, Variant
from layercost.questions.kinds.shared import (
    RIGHT_ANSWER,
    SUBJECT,
    DrawnTemplate,
    Kept,
    inner,
    malformed,
    number_diagnosis,
    opening,
    shape_text,
    unseen,
    whole_answer,
    written,
    wrong_numbers,
)
from layercost.questions.reading import Malformed, read_shape
from layercost.questions.task import MEASURES, believed, derivation
from layercost.shape import FLOOR, Shape
from layercost.view import markdown_lines
from layercost.view import number as grouped

OUTPUT, TOTAL, BLANK = "output", "total", "?"
WRONG_AXES = "wrong-axes"
_HEADS, _TOTAL = (Message("name"), Message("layer")), Message("total")


@dataclass(frozen=True)
class Incomplete(DrawnTemplate):
    """A network's table with cells left out."""

    kind: ClassVar[str] = "table"
    subject: Question
    columns: tuple[str, ...]
    blank: tuple[str, ...]

    def pose(self, numbers: Mapping[str, Drawn], pick: int) -> Kept:
        """The table with these numbers."""
        return Completed(self, numbers, pick)

    @property
    def subjects(self) -> tuple[tuple[str, str, str], ...]:
        """The layers as they are written, and what is left out."""
        return ((written(self.subject), ", ".join(self.blank), self.kind),)


@dataclass(frozen=True)
class Completed(Kept):
    """The table with its numbers."""

    drawn: Incomplete

    @cached_property
    def variant(self) -> Variant:
        """The network and its input."""
        return self.drawn.subject.variant(self.numbers)

    @cached_property
    def calls(self) -> dict[str, Call]:
        """The rows: each layer at its path."""
        found = {call.path: call for call in self.variant.layer.calls(self.variant.input_shape)}
        rows = [cell.rpartition("/")[0] for cell in self.drawn.blank]
        for row in rows:
            if row != TOTAL and row not in found:
                raise QuestionError(
                    f"question {self.drawn.id!r}: {unknown(Message('layer of the network'), row, found)}"
                )
        return found

    @cached_property
    def items(self) -> dict[str, Item]:
        """What is counted in each cell but those of shapes."""
        variant = self.variant
        task = Task(
            variant.layer,
            Quantity.PARAMETERS,
            variant.input_shape,
            self.drawn.subject.convention,
            batch=variant.batch,
            cached=variant.cached,
        )
        without = self.drawn.subject.without
        return {
            f"{row}/{column}": Item(
                f"{row}/{column}",
                replace(task, measure=MEASURES[column], part="" if row == TOTAL else row),
                credit=self.drawn.credit,
                without=without,
            )
            for row in (*self.calls, TOTAL)
            for column in self.drawn.columns
            if column != OUTPUT
        }

    @cached_property
    def fields(self) -> tuple[Field, ...]:
        """A field for each blank cell."""
        return tuple(self._field(cell) for cell in self.drawn.blank)

    def _field(self, cell: str) -> Field:
        row, _, column = cell.rpartition("/")
        name = Message("the total") if row == TOTAL else row
        words = Message("{row}: {column}", row=name, column=_head(column))
        if column == OUTPUT:
            return Field(cell, "shape", words)
        return Field(cell, "number", words, self.items[cell].stated.unit)

    def known(self) -> dict[str, object]:
        """What is drawn and the input."""
        return {**self.numbers, "layer": self.variant.layer, "input": self.variant.input_shape}

    def besides(self) -> Sequence[Words]:
        """How each column is counted."""
        row = next(iter(self.calls))
        said: list[Words] = []
        for column in self.drawn.columns:
            if column == OUTPUT and not any(hasattr(call.layer, "size_rule") for call in self.calls.values()):
                continue  # nothing slides
            if column == OUTPUT:
                said.append(Message("Sizes follow {source}.", source=FLOOR.source))
            else:
                said.append(self.items[f"{row}/{column}"].stated.convention)
        return list(dict.fromkeys(said))

    def also_told(self) -> Sequence[Words]:
        """The heads of the columns, and the name of the last row."""
        return (*_HEADS, *map(_head, self.drawn.columns), _TOTAL)

    def put_together(self, asked: str, besides: Sequence[Words]) -> str:
        """The question, the table with its blanks, and the conventions."""
        heads = [str(one) for one in (*_HEADS, *map(_head, self.drawn.columns))]
        rows = [[path, f"`{call.layer!r}`", *self._cells(path)] for path, call in self.calls.items()]
        rows.append([str(_TOTAL), "", *self._cells(TOTAL)])
        lines = markdown_lines(heads, rows, 2)
        return "\n\n".join([asked, "\n".join(lines), str(Joined(besides))])

    def _cells(self, row: str) -> list[str]:
        return [self._cell(f"{row}/{column}") for column in self.drawn.columns]

    def _cell(self, cell: str) -> str:
        """What stands in a cell; nothing where a total of shapes would be."""
        row, _, column = cell.rpartition("/")
        if cell in self.drawn.blank:
            return BLANK
        if column == OUTPUT:
            return "" if row == TOTAL else shape_text(self.calls[row].output_shape)
        return grouped(int(self.items[cell].answer))

    def clashes(self) -> list[str]:
        """Beliefs that change none of the blank cells in which they have a part."""
        return unseen(self.items[cell] for cell in self.drawn.blank if cell in self.items)

    # ---- what answers show

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """What an answer in one cell shows, by itself."""
        cell = self.field(field).id
        if cell.endswith(f"/{OUTPUT}"):
            read = read_shape(raw)
            return (
                malformed(read.message) if isinstance(read, Malformed) else self._of_shape(cell, read.sizes)
            )
        given = whole_answer(raw, self.items[cell].stated.unit)
        return given if isinstance(given, Diagnosis) else self._of_number(cell, given)

    def _of_number(self, cell: str, given: int) -> Diagnosis:
        return number_diagnosis(self.items[cell], self._known_wrong[cell], given)

    def _of_shape(self, cell: str, sizes: tuple[int, ...]) -> Diagnosis:
        right = self._output(cell)
        if sizes == right:
            return RIGHT_ANSWER
        for name, seen in self._believed_shapes[cell].items():
            if sizes == seen:
                return self.judged(name, MISCONCEPTIONS[name].message)
        if len(sizes) != len(right):
            message = Message("The shape has {axes} axes, without the batch.", axes=len(right))
            return self.judged(WRONG_AXES, message)
        wrong = [
            place for place, (one, other) in enumerate(zip(sizes, right, strict=True), 1) if one != other
        ]
        message = Message("Axis {place} has another size; go through the layer once more.", place=wrong[0])
        return self.judged(UNKNOWN, message)

    def _output(self, cell: str) -> tuple[int, ...]:
        return tuple(map(int, self.calls[cell.rpartition("/")[0]].output_shape))

    @cached_property
    def _believed_shapes(self) -> dict[str, dict[str, tuple[int, ...]]]:
        """The wrong shapes of each blank cell."""
        cells = [cell for cell in self.drawn.blank if cell.endswith(f"/{OUTPUT}")]
        return {cell: self._shapes_of_believers(cell) for cell in cells}

    def _shapes_of_believers(self, cell: str) -> dict[str, tuple[int, ...]]:
        """The wrong shapes that misconceptions give, each with the first that does."""
        path, found = cell.rpartition("/")[0], dict[str, tuple[int, ...]]()
        for name, one in MISCONCEPTIONS.items():
            seen = None if name in self.drawn.subject.without else self._seen(one, path)
            if seen is None:
                continue
            shape = next(tuple(map(int, call.output_shape)) for call in seen if call.path == path)
            if shape != self._output(cell) and shape not in found.values():
                found[name] = shape
        return found

    def _seen(self, one: Misconception, path: str) -> list[Call] | None:
        """The network's calls as a believer sees them; None where the belief changes nothing."""
        task = Task(self.variant.layer, Size.OUTPUT_SIZE, self.variant.input_shape, part=path)
        seen = believed(task, one)
        return None if seen is None else list(seen.layer.calls(self.variant.input_shape))

    def mark(self, answers: Mapping[str, object]) -> dict[str, Diagnosis]:
        """Each cell by itself, and totals against the student's own cells, too."""
        marks = super().mark(answers)
        for cell in self.drawn.blank:
            row, _, column = cell.rpartition("/")
            given = whole_answer(answers.get(cell), self.fields[self.drawn.blank.index(cell)].unit)
            if row == TOTAL and not isinstance(given, Diagnosis):
                own = self._own(column, answers)
                if own is not None:
                    marks[cell] = with_carried(marks[cell], given, own, lambda values: sum(values.values()))
        return marks

    def _own(self, column: str, answers: Mapping[str, object]) -> dict[str, Own] | None:
        """The student's own column, with the given cells; None where one of it is not filled in."""
        own = {}
        for row in self.calls:
            cell = f"{row}/{column}"
            right = int(self.items[cell].answer)
            given: int | Diagnosis = right
            if cell in self.drawn.blank:
                given = whole_answer(answers.get(cell), self.items[cell].stated.unit)
            if isinstance(given, Diagnosis):
                return None
            own[cell] = Own(given, right, Message("{row}: {column}", row=row, column=_head(column)))
        return own

    def answers(self) -> dict[str, str]:
        """What stands in each blank cell."""
        return {cell: self._right(cell) for cell in self.drawn.blank}

    def _right(self, cell: str) -> str:
        if cell.endswith(f"/{OUTPUT}"):
            return shape_text(self._output(cell))
        return str(int(self.items[cell].answer))

    def wrong(self) -> list[Wrong]:
        """What misconceptions give in each blank cell."""
        return [one for found in self._known_wrong.values() for one in found]

    @cached_property
    def _known_wrong(self) -> dict[str, list[Wrong]]:
        """The same, cell by cell."""
        return {cell: self._wrong_in(cell) for cell in self.drawn.blank}

    def _wrong_in(self, cell: str) -> list[Wrong]:
        if cell.endswith(f"/{OUTPUT}"):
            found = self._believed_shapes[cell].items()
            return [
                Wrong(cell, shape_text(one), self.judged(name, MISCONCEPTIONS[name].message))
                for name, one in found
            ]
        return wrong_numbers(cell, self.items[cell])

    def hint(self) -> Words:
        """Where to begin."""
        return Message("Go from the top: the output of each layer is what arrives at the next.")

    def solution(self) -> list[Line]:
        """Each blank cell with its derivation."""
        lines: list[Line] = []
        said: set[tuple[str, object]] = set()  # the letters of each layer, once
        for field in self.fields:
            row = field.id.rpartition("/")[0]
            for line in self._worked(field):
                if (row, line.formula) not in said:
                    lines.append(line)
                if line.formula is not None and not line.unit:
                    said.add((row, line.formula))
        return lines

    def _worked(self, field: Field) -> list[Line]:
        if field.form == "number":
            return derived([(field.words, derivation(self.items[field.id].task), field.unit)])
        call = self.calls[field.id.rpartition("/")[0]]
        said = Message("{cell}: {shape}", cell=field.words, shape=self._right(field.id))
        return [*_sides(call.layer, call.input_shape), Line(said)]


def _sides(layer: Layer, shape: Shape) -> list[Line]:
    """How the sizes of an output come about that have a formula."""
    sizes = [size for size in layer.symbolic(shape)[2] if isinstance(size, Expression)]
    found = {each.name: each for size in sizes for each in definitions(size)}
    return [Line(Message("where"), each) for each in found.values()]


def _head(column: str) -> Words:
    """A column's head."""
    measure = MEASURES.get(column)
    return quantity_in_words(measure) if isinstance(measure, Quantity) else Message("output")


# ---- reading from TOML or JSON -------------------------------------------------------------------


@kind("table")
def read(owner: str, data: Mapping[str, Any]) -> Incomplete:
    """Reads a table to be completed."""
    keys = (*SUBJECT, "convention", "without", "columns", "blank")
    kept = opening(owner, data, keys, ("columns", "blank"), ("layer", "input"), (WRONG_AXES,))
    quantities = [quantity.value for quantity in Quantity]
    columns, blank = data["columns"], data["blank"]
    if not isinstance(columns, list) or not columns:
        raise QuestionError(f"{owner}: `columns` is a list of 'output' and quantities, but got {columns!r}")
    for column in columns:
        if column != OUTPUT and column not in quantities:
            raise QuestionError(f"{owner}: {unknown(Message('column'), column, [OUTPUT, *quantities])}")
    if not isinstance(blank, list) or not blank or len(set(map(str, blank))) < len(blank):
        raise QuestionError(
            f"{owner}: `blank` is a list of cells such as 'conv2/parameters', but got {blank!r}"
        )
    for cell in blank:
        row, _, column = str(cell).rpartition("/")
        if not row or column not in columns or cell == f"{TOTAL}/{OUTPUT}":
            raise QuestionError(
                f"{owner}: a blank cell is a layer and one of {', '.join(columns)}, such as "
                f"'conv2/{columns[0]}', but got {cell!r}"
            )
    subject = inner(owner, data, [{"quantity": "parameters"}])
    return Incomplete(**kept, subject=subject, columns=tuple(columns), blank=tuple(blank))
