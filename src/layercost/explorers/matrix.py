"""The picture of a fully connected layer: ``y = W x + b`` as squares, and its connections if few."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layercost.explorers.markup import box, drawing, line, squares, svg_letter, words
from layercost.message import spoken as _
from layercost.view import number, tag

WIDTH, HEIGHT = 372, 272
_LEFT, _TOP = 54, 72  # where W begins: left of it the outputs' bracket, above it the inputs
_COLUMNS, _ROWS = 12, 9  # the most squares that are drawn along an axis
_FEW = 6  # up to so many inputs and outputs, the connections are drawn as well
_ROOM_FOR_CONNECTIONS = 132
_GAP = 0  # stands for the squares that are left out


@dataclass(frozen=True, slots=True)
class Product:
    """One layer, and how far the dot product of its output `row` has come.

    `row` counts from 1; `step` is the number of products taken, and one more when the bias is added.
    """

    in_features: int
    out_features: int
    bias: bool
    row: int
    step: int

    @property
    def finished(self) -> bool:
        """Whether the output of this row is known."""
        return self.step >= self.in_features + self.bias

    @property
    def column(self) -> int:
        """The input that is being multiplied, from 1."""
        return min(max(self.step, 1), self.in_features)

    @property
    def few(self) -> bool:
        """Whether the connections can be drawn one by one."""
        return max(self.in_features, self.out_features) <= _FEW


def visible(total: int, focus: int, most: int) -> list[int]:
    """At most `most` of the places 1 to `total`: first, around `focus`, last; 0 stands for a gap."""
    if total <= most:
        return list(range(1, total + 1))
    if focus <= most - 3:
        return [*range(1, most - 1), _GAP, total]
    if focus > total - (most - 3):
        return [1, _GAP, *range(total - most + 3, total + 1)]
    start = focus - (most - 4) // 2
    return [1, _GAP, *range(start, start + most - 4), _GAP, total]


def matrix_picture(product: Product, row_field: str) -> str:
    """Inputs above, weights as squares, biases and outputs at the right; of a large layer a part is left out.

    A touch on a row of weights asks for it as `row_field`.
    """
    picture = _Matrix(product, row_field)
    return drawing("lc-matrix", WIDTH, HEIGHT, _in_words(product), *picture.content(), *_connections(product))


def _in_words(product: Product) -> str:
    biases = (
        _(" and {count} biases", count=number(product.out_features)) if product.bias else _(" and no bias")
    )
    return _(
        "The weights as {rows} rows of {columns} squares{biases}. "
        "In row {row}, {done} of {columns} inputs are multiplied.",
        rows=number(product.out_features), columns=number(product.in_features), biases=biases,
        row=number(product.row), done=number(min(product.step, product.in_features)),
    )  # fmt: skip


class _Matrix:
    """Where everything stands in the picture of one product."""

    def __init__(self, product: Product, row_field: str) -> None:
        self.product, self.row_field = product, row_field
        self.columns = visible(product.in_features, product.column, _COLUMNS)
        self.rows = visible(product.out_features, product.row, _ROWS)
        room = WIDTH - _LEFT - 40 - (_ROOM_FOR_CONNECTIONS if product.few else 0)
        self.pitch = min(28 if product.few else 20, room / (len(self.columns) + 2))
        self.side = self.pitch - 2
        self.right = _LEFT + self.pitch * len(self.columns)
        self.bottom = _TOP + self.pitch * len(self.rows)
        self.bias_x = self.right + 8
        self.output_x = self.bias_x + self.pitch + 22
        self.input_y = _TOP - 16 - self.pitch
        self.active_y = self._y(self.rows.index(product.row))

    def _x(self, position: int) -> float:
        return _LEFT + self.pitch * position

    def _y(self, position: int) -> float:
        return _TOP + self.pitch * position

    def content(self) -> Iterator[str]:
        yield from self._brackets()
        yield from self._inputs()
        yield from self._weights()
        yield from self._gaps()
        yield from self._biases_and_outputs()
        yield from self._names()

    def _brackets(self) -> Iterator[str]:
        p = self.product
        across = f"{svg_letter('d_in')} = {number(p.in_features)}"
        down = f"{svg_letter('d_out')} = {number(p.out_features)}"
        middle_x, middle_y = (_LEFT + self.right) / 2, (_TOP + self.bottom) / 2
        marks = {"class_": "lc-bracket lc-d-cin", "data_sym": "d_in"}
        yield tag("g", words(middle_x, 11, across, "lc-measure", text_anchor="middle"),
                  tag("path", d=f"M{_LEFT:.1f} 21v-4h{self.right - _LEFT - 2:.1f}v4"), **marks)  # fmt: skip
        marks = {"class_": "lc-bracket lc-d-cout", "data_sym": "d_out"}
        turned = f"rotate(-90 11 {middle_y:.1f})"
        yield tag("g", words(11, middle_y, down, "lc-measure", text_anchor="middle", transform=turned),
                  tag("path", d=f"M21 {_TOP}h-4v{self.bottom - _TOP - 2:.1f}h4"), **marks)  # fmt: skip

    def _inputs(self) -> Iterator[str]:
        read: list[tuple[float, float]] = []
        unread: list[tuple[float, float]] = []
        for position, column in enumerate(self.columns):
            if column != _GAP:
                (read if column <= self.product.step else unread).append((self._x(position), self.input_y))
        yield squares(unread, self.side, "lc-open lc-d-cin", data_sym="d_in")
        yield squares(read, self.side, "lc-cell lc-d-cin", data_sym="d_in")
        column = self.product.column
        middle = self._x(self.columns.index(column)) + self.side / 2
        yield words(middle, self.input_y - 4, number(column), "lc-index lc-d-cin", text_anchor="middle")

    def _weights(self) -> Iterator[str]:
        places = [(position, column) for position, column in enumerate(self.columns) if column != _GAP]
        for position, row in enumerate(self.rows):
            if row == _GAP:
                continue
            y = self._y(position)
            step = self.product.step if row == self.product.row else 0
            corners = [(self._x(place), y, column <= step) for place, column in places]
            yield tag(
                "g",
                box(_LEFT, y - 1, self.right - _LEFT, self.pitch, "lc-touch"),
                squares([(x, y) for x, y, done in corners if not done], self.side, "lc-weight"),
                squares([(x, y) for x, y, done in corners if done], self.side, "lc-weight lc-done"),
                class_="lc-row" + (" lc-active" if row == self.product.row else ""),
                data_set=f"{self.row_field}={row}",
            )
        yield from self._outlines()

    def _outlines(self) -> Iterator[str]:
        """The row that is one output's, the column that is one input's, and the weight where they meet."""
        x = self._x(self.columns.index(self.product.column))
        width, height = self.right - _LEFT + 2, self.bottom - _TOP + 2
        yield box(
            _LEFT - 2, self.active_y - 2, width, self.side + 4, "lc-reach lc-active lc-d-cin", data_sym="d_in"
        )
        yield box(x - 2, _TOP - 2, self.side + 4, height, "lc-reach lc-d-cout", data_sym="d_out")
        if 0 < self.product.step <= self.product.in_features:
            yield box(x - 1, self.active_y - 1, self.side + 2, self.side + 2, "lc-now")
        label = {"class_": "lc-index lc-d-cout", "text_anchor": "end"}
        yield words(_LEFT - 6, self.active_y + self.side / 2 + 4, number(self.product.row), **label)

    def _gaps(self) -> Iterator[str]:
        middle_x = (_LEFT + self.right) / 2
        for position, column in enumerate(self.columns):
            if column == _GAP:
                x = self._x(position) + self.side / 2
                for y in (self.input_y + self.side / 2, self.active_y + self.side / 2):
                    yield words(x, y + 4, "⋯", "lc-gap", text_anchor="middle")
        for position, row in enumerate(self.rows):
            if row == _GAP:
                y = self._y(position) + self.side / 2 + 5
                for x in (middle_x, self.bias_x + self.side / 2, self.output_x + self.side / 2):
                    if x != self.bias_x + self.side / 2 or self.product.bias:
                        yield words(x, y, "⋮", "lc-gap", text_anchor="middle")

    def _biases_and_outputs(self) -> Iterator[str]:
        done = self.active_y if self.product.finished else None
        places = [self._y(position) for position, row in enumerate(self.rows) if row != _GAP]
        open_places = [y for y in places if y != done]
        if self.product.bias:
            yield squares(
                [(self.bias_x, y) for y in open_places], self.side, "lc-bias lc-d-const", data_sym="d_out"
            )
        yield squares(
            [(self.output_x, y) for y in open_places], self.side, "lc-open lc-d-cout", data_sym="d_out"
        )
        if done is None:
            return
        if self.product.bias:
            yield squares([(self.bias_x, done)], self.side, "lc-bias lc-d-const lc-done", data_sym="d_out")
        yield squares([(self.output_x, done)], self.side, "lc-cell lc-d-cout", data_sym="d_out")

    def _names(self) -> Iterator[str]:
        middle = self.side / 2
        yield words(_LEFT - 6, self.input_y + middle + 4, svg_letter("x"), "lc-name", text_anchor="end")
        yield words(
            (_LEFT + self.right) / 2, self.bottom + 14, svg_letter("W"), "lc-name", text_anchor="middle"
        )
        if self.product.bias:
            yield words(
                self.bias_x + middle, self.bottom + 14, svg_letter("b"), "lc-name", text_anchor="middle"
            )
        yield words(
            self.output_x + middle, self.bottom + 14, svg_letter("y"), "lc-name", text_anchor="middle"
        )
        equals = (self.bias_x if not self.product.bias else self.bias_x + self.pitch) + 10
        yield words(equals, self.active_y + middle + 5, "=", "lc-sign", text_anchor="middle")


def _connections(product: Product) -> Iterator[str]:
    """Each weight as a line from its input to its output; those of the present output stand out."""
    if not product.few:
        return
    left, right = WIDTH - 96, WIDTH - 16
    inputs = [_spread(position, product.in_features) for position in range(product.in_features)]
    outputs = [_spread(position, product.out_features) for position in range(product.out_features)]
    for row, down in enumerate(outputs, start=1):
        for column, up in enumerate(inputs, start=1):
            done = row == product.row and column <= product.step
            active = " lc-active" if row == product.row else ""
            yield line(left, up, right, down, f"lc-connection{active}{' lc-done' if done else ''}")
    for column, y in enumerate(inputs, start=1):
        kind = "lc-cell" if column <= product.step else "lc-open"
        yield tag("circle", class_=f"{kind} lc-d-cin", cx=left, cy=y, r=8, data_sym="d_in")
    for row, y in enumerate(outputs, start=1):
        kind = "lc-cell" if row == product.row and product.finished else "lc-open"
        yield tag("circle", class_=f"{kind} lc-d-cout", cx=right, cy=y, r=8, data_sym="d_out")


def _spread(position: int, count: int) -> float:
    """Where the node at `position` stands, `count` of them being spread over the height."""
    return 20 + (HEIGHT - 60) * (position + 0.5) / count
