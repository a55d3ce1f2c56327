"""The picture of an LSTM or GRU: its steps in a row, and the one cell that all of them share.

Each gate is drawn as the matrix that it is, to scale: the part that reads the input, the part that reads the
state, and one column of biases or two. From the matrices wires lead to what the cell does with their outputs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layercost.explorers.markup import box, drawing, line, svg_letter, words
from layercost.explorers.matrix import visible
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import number, tag

GATES = {
    "LSTM": (Message("forget"), Message("input"), Message("candidate"), Message("output")),
    "GRU": (Message("reset"), Message("update"), Message("candidate")),
}
WIDTH = 372
_LEFT, _ROOM = 68, 140  # where matrices begin, and how wide they may be
_ROW, _TALLEST = 39, 34  # from gate to gate, and how high a matrix may be
_LANE, _SQUARE, _PITCH = 19, 15, 22  # from lane to lane of steps, and their squares
_CLOSE = 4, 11  # how much closer lanes and gates stand where there are more than two lanes
_PLACES = 13  # the most steps that are drawn in a lane
_NODE, _SPINE, _END = 246, 320, 346  # functions, the line of the state, what leaves the cell
_BIAS = 5


@dataclass(frozen=True, slots=True)
class Lane:
    """One direction of one layer, which goes over all steps."""

    layer: int
    backward: bool
    inputs: int


@dataclass(frozen=True, slots=True)
class Unrolled:
    """A recurrent layer after `step` of its `steps`; `lane` and `gate` are looked at and count from 1.

    Without a gate (0) all of them are lit.
    """

    kind: str
    hidden: int
    bias_vectors: int
    lanes: tuple[Lane, ...]
    steps: int
    step: int
    lane: int = 1
    gate: int = 0

    @property
    def cell(self) -> Lane:
        """The lane that is looked at."""
        return self.lanes[self.lane - 1]


def cell_picture(unrolled: Unrolled, *, touch: bool = True) -> str:
    """The steps in lanes above, the cell that is looked at below; parts ask for themselves where touched."""
    picture = _Cell(unrolled, touch)
    return drawing("lc-gates", WIDTH, picture.height, _in_words(unrolled), *picture.content())


def _in_words(unrolled: Unrolled) -> str:
    gates = ", ".join(str(name) for name in GATES[unrolled.kind])
    return _(
        "One cell of {kind} at step {step} of {steps}. Its gates are {gates}: each a matrix of {hidden} rows "
        "that reads {inputs} inputs and {hidden} values of the state.",
        kind=unrolled.kind, step=number(unrolled.step), steps=number(unrolled.steps), gates=gates,
        hidden=number(unrolled.hidden), inputs=number(unrolled.cell.inputs),
    )  # fmt: skip


class _Cell:
    """Where everything stands."""

    def __init__(self, unrolled: Unrolled, touch: bool) -> None:
        self.of, self.touch = unrolled, touch
        self.gates = len(GATES[unrolled.kind])
        inputs, hidden = unrolled.cell.inputs, unrolled.hidden
        lanes, gates = _CLOSE if len(unrolled.lanes) > 2 else (0, 0)
        self.lane, self.square, self.row = _LANE - lanes, _SQUARE - lanes, _ROW - gates
        self.scale = min(_ROOM / (inputs + hidden), (_TALLEST - gates) / hidden)
        self.input_width, self.state_width = inputs * self.scale, hidden * self.scale
        self.matrix_height = max(hidden * self.scale, 1.2)
        self.top = len(unrolled.lanes) * self.lane + 46
        self.height = self.top + self.gates * self.row + 2

    def centre(self, gate: float) -> float:
        """The middle of a gate's row; gates count from 0."""
        return self.top + self.row * (gate + 0.5)

    def content(self) -> Iterator[str]:
        for place, lane in enumerate(self.of.lanes):
            yield from self._lane(place, lane)
        yield from self._read()
        for gate in range(self.gates):
            yield self._gate(gate)
        yield from (self._lstm() if self.of.kind == "LSTM" else self._gru())

    # ---- the steps

    def _lane(self, place: int, lane: Lane) -> Iterator[str]:
        y = 4 + place * self.lane
        arrow = "←" if lane.backward else "→"
        name = _("steps {arrow}", arrow=arrow)
        if self.of.lanes[-1].layer > 1:
            name = _("layer {layer} {arrow}", layer=lane.layer, arrow=arrow)
        asks = {"data_set": f"lane={place + 1}"} if self.touch else {}
        chosen = " lc-chosen" if place + 1 == self.of.lane and len(self.of.lanes) > 1 else ""
        yield words(_LEFT - 8, y + self.square - 3, name, f"lc-lane{chosen}", text_anchor="end", **asks)
        for position, step in enumerate(visible(self.of.steps, max(self.of.step, 1), _PLACES)):
            column = _PLACES - 1 - position if lane.backward else position
            yield self._step(_LEFT + _PITCH * column, y, step)

    def _step(self, x: float, y: float, step: int) -> str:
        if not step:
            return words(x + _SQUARE / 2, y + self.square - 3, "⋯", "lc-gap", text_anchor="middle")
        kind = "lc-cell" if step <= self.of.step else "lc-open"
        now = " lc-this-step" if step == self.of.step else ""
        asks = {"data_set": f"step={step}"} if self.touch else {}
        return box(x, y, _SQUARE, self.square, f"{kind} lc-d-t{now}", rx=2, data_sym="T", **asks)

    # ---- what is read, and the matrices

    def _read(self) -> Iterator[str]:
        y = self.top - 8
        cell = self.of.cell
        reads = (
            f"{svg_letter('x')}: {svg_letter('d_x')} = {number(cell.inputs)}"
            if cell.layer == 1
            else _("below: {inputs}", inputs=number(cell.inputs))
        )
        state = f"{svg_letter('h')}: {svg_letter('d_h')} = {number(self.of.hidden)}"
        yield words(_LEFT, y - 10, reads, "lc-measure lc-d-cin", data_sym="d_x")
        yield words(_LEFT + 88, y - 10, state, "lc-measure lc-d-cout", data_sym="d_h")
        yield box(_LEFT, y - 4, self.input_width, 6, "lc-cell lc-d-cin", data_sym="d_x")
        yield box(
            _LEFT + self.input_width + 3, y - 4, self.state_width, 6, "lc-cell lc-d-cout", data_sym="d_h"
        )

    def _gate(self, gate: int) -> str:
        y = self.centre(gate) - self.matrix_height / 2
        lit = self.of.gate in (0, gate + 1)
        kind, done = ("lc-cell", " lc-done") if lit else ("lc-open", "")
        x = _LEFT + self.input_width + 3
        bias = x + self.state_width + 3
        parts = [
            box(0, self.centre(gate) - self.row / 2, _NODE + 20, self.row, "lc-touch"),
            words(_LEFT - 8, self.centre(gate) + 5, str(GATES[self.of.kind][gate]), "lc-gate-name",
                  text_anchor="end"),
            box(_LEFT, y, self.input_width, self.matrix_height, f"{kind} lc-d-cin", data_sym="d_x"),
            box(x, y, self.state_width, self.matrix_height, f"{kind} lc-d-cout", data_sym="d_h"),
            *(box(bias + (_BIAS + 2) * vector, y, _BIAS, self.matrix_height, f"lc-bias lc-d-const{done}")
              for vector in range(self.of.bias_vectors)),
        ]  # fmt: skip
        asks = {"data_set": f"gate={gate + 1}"} if self.touch else {}
        return tag("g", *parts, class_="lc-gate" + (" lc-lit-gate" if lit else ""), **asks)

    # ---- what is done with them

    def _wire(self, *points: tuple[float, float]) -> str:
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        return tag("path", class_="lc-flow", d=f"M{path}")

    def _from_matrix(self, gate: int, to: float = _NODE - 11) -> str:
        y = self.centre(gate)
        ends = _LEFT + self.input_width + self.state_width + 8 + (_BIAS + 2) * self.of.bias_vectors
        return line(ends, y, to, y, "lc-flow")

    def _node(self, x: float, y: float, said: str, kind: str = "lc-function") -> str:
        half = 17 if len(said) > 1 else 10 if kind == "lc-function" else 8
        tall = min(half, 10)
        ring = box(x - half, y - tall, 2 * half, 2 * tall, kind, rx=tall)
        return ring + words(x, y + 4.5, said, "lc-node-name", text_anchor="middle")

    def _leaves(self, y: float, letter: str) -> Iterator[str]:
        yield self._wire((_SPINE, y), (_END - 3, y))
        yield words(_END, y + 5, svg_letter(f"{letter}_t"), "lc-state")

    def _arrives(self, letter: str) -> Iterator[str]:
        """The state of the step before, from above."""
        y = self.top - 14
        yield words(_SPINE, y - 4, svg_letter(f"{letter}_t−1"), "lc-state", text_anchor="middle")

    def _lstm(self) -> Iterator[str]:
        forget, enter, candidate, leave = (self.centre(gate) for gate in range(4))
        adds, mixes = (enter + candidate) / 2, 284
        yield from self._arrives("c")
        yield self._wire((_SPINE, self.top - 12), (_SPINE, leave))
        yield from (self._from_matrix(gate) for gate in range(4))
        yield self._wire((_NODE, forget), (_SPINE, forget))
        yield self._wire((_NODE, enter), (mixes, enter), (mixes, candidate), (_NODE, candidate))
        yield self._wire((mixes, adds), (_SPINE, adds))
        yield self._wire((_NODE, leave), (_SPINE, leave))
        yield from self._leaves(adds, "c")
        yield from self._leaves(leave, "h")
        for gate, function in enumerate(("σ", "σ", "tanh", "σ")):
            yield self._node(_NODE, self.centre(gate), function)
        yield self._node(_SPINE, (adds + leave) / 2, "tanh")
        for x, y, sign in (
            (_SPINE, forget, "×"),
            (mixes, adds, "×"),
            (_SPINE, adds, "+"),
            (_SPINE, leave, "×"),
        ):
            yield self._node(x, y, sign, "lc-each")

    def _gru(self) -> Iterator[str]:
        reset, update, candidate = (self.centre(gate) for gate in range(3))
        adds, gated, squashed = (update + candidate) / 2, 242, 278
        yield from self._arrives("h")
        yield self._wire((_SPINE, self.top - 12), (_SPINE, candidate))
        yield from (self._from_matrix(gate) for gate in range(2))
        yield self._from_matrix(2, gated)
        yield self._wire((_NODE, reset), (266, reset), (266, (update + candidate) / 2), (gated, adds),
                         (gated, candidate))  # fmt: skip
        yield self._wire((_NODE, update), (_SPINE, update))
        yield self._wire((gated, candidate), (_SPINE, candidate))
        yield from self._leaves(adds, "h")
        yield self._node(_NODE, reset, "σ")
        yield self._node(_NODE, update, "σ")
        yield self._node(squashed, candidate, "tanh")
        yield words(_END - 14, candidate + 5, f"1 − {svg_letter('z')}", "lc-state")
        yield words(_NODE + 40, update - 5, svg_letter("z"), "lc-state")
        for x, y, sign in (
            (gated, candidate, "×"),
            (_SPINE, update, "×"),
            (_SPINE, adds, "+"),
            (_SPINE, candidate, "×"),
        ):
            yield self._node(x, y, sign, "lc-each")
