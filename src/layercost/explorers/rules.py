"""Output-size rules side by side along one axis: where each lets its windows stand, and the picture of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from layercost.compiled import program
from layercost.explorers import telling
from layercost.explorers.markup import box, drawing, rectangles, svg_letter, words
from layercost.expression import Expression, Number, Symbol, expression
from layercost.message import Message
from layercost.message import spoken as _
from layercost.shape import OUTPUT_SIZE_RULES, Ceil, OutputSize, OutputSizeRule, compare_output_sizes, extent
from layercost.view import escaped, number, tag

# Whose rule it is, and what it is called there.
NAMES = {
    "floor": ("PyTorch", "floor"),
    "ceil": ("PyTorch", "ceil_mode"),
    "caffe-pooling": ("Caffe", "pooling"),
    "tensorflow-same": ("TensorFlow", "SAME"),
    "tensorflow-valid": ("TensorFlow", "VALID"),
    "caffe-convolution": ("Caffe", "convolution"),
    "onnx-notset": ("ONNX", "NOTSET"),
    "onnx-ceil": ("ONNX", "ceil_mode"),
    "onnx-same-upper": ("ONNX", "SAME_UPPER"),
    "onnx-same-lower": ("ONNX", "SAME_LOWER"),
    "onnx-valid": ("ONNX", "VALID"),
}
FIVE = ("floor", "ceil", "caffe-pooling", "tensorflow-same", "tensorflow-valid")
FURTHER = tuple(name for name in NAMES if name not in FIVE)
_HALF = Message("PyTorch's pooling takes padding of at most half of the kernel")


@dataclass(frozen=True)
class Axis:
    """One row of `size` cells, and the window that is to slide over it."""

    size: int
    kernel: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1

    @property
    def span(self) -> int:
        """From the first cell of a window to its last one."""
        return int(extent(self.kernel, self.dilation))

    @cached_property
    def stands(self) -> dict[str, Stand]:
        """How each rule answers, by its name."""
        found = compare_output_sizes(self.size, self.kernel, self.stride, self.padding, self.dilation)
        return {said.rule: Stand(self, self._allowed(said)) for said in found}

    def _allowed(self, said: OutputSize) -> OutputSize:
        """PyTorch lets only pooling round up, and that refuses padding of more than half of the kernel."""
        if said.rule == "ceil" and said.size is not None and beside(self.kernel, self.padding) < 0:
            return OutputSize(said.rule, None, refusal=_HALF)
        return said


@dataclass(frozen=True)
class Stand:
    """Where the windows of one rule stand on an axis."""

    axis: Axis
    said: OutputSize

    @property
    def size(self) -> int | None:
        """The size of the output; None where the rule refuses."""
        return self.said.size

    @property
    def starts(self) -> list[int]:
        """The cell at which each window starts; below 0 on padding."""
        return [place * self.axis.stride - self.said.before for place in range(self.size or 0)]

    @property
    def end(self) -> int:
        """One past the last cell under the last window."""
        return self.starts[-1] + self.axis.span if self.starts else 0

    @property
    def beyond(self) -> int:
        """How many cells the last window hangs over the axis and its padding."""
        return max(0, self.end - self.axis.size - self.said.after)

    def taps(self, start: int) -> list[int]:
        """The cells that a window reads."""
        return [start + step * self.axis.dilation for step in range(self.axis.kernel)]

    def bars(self, start: int) -> list[int]:
        """Where bars for a window begin: one for all of its cells, or one for each where they lie apart."""
        return self.taps(start) if self.axis.dilation > 1 else [start]

    @cached_property
    def unread(self) -> list[int]:
        """The cells of the axis that no window reads."""
        read = {cell for start in self.starts for cell in self.taps(start)}
        return [cell for cell in range(self.axis.size) if cell not in read]

    @cached_property
    def formula(self) -> Expression | None:
        """The size in letters; None where the rule refuses."""
        if self.size is None:
            return None
        rule, axis = OUTPUT_SIZE_RULES[self.said.rule], self.axis
        padding = 0 if rule.finds_padding else Symbol("p", axis.padding)
        dilation = Symbol("d", axis.dilation) if axis.dilation > 1 else 1
        given = Symbol("H", axis.size), Symbol("k", axis.kernel), Symbol("s", axis.stride)
        return expression(rule.size(*given, padding, dilation))

    # ---- in words

    @property
    def name(self) -> str:
        """Whose rule it is and what it is called there."""
        return " ".join(NAMES[self.said.rule])

    def sentences(self) -> Iterator[str]:
        """What happens at the end of the axis, and what is never read."""
        if self.size is None:
            yield _("{name} refuses: {reason}.", name=self.name, reason=self.said.refusal)
            return
        yield from self._at_the_end()
        if self.unread:
            alone = len(self.unread) == 1
            yield (
                _("One cell is read by no window.")
                if alone
                else _("{n} cells are read by no window.", n=number(len(self.unread)))
            )

    def _at_the_end(self) -> Iterator[str]:
        rule, said, after = OUTPUT_SIZE_RULES[self.said.rule], self.said, self.axis.size + self.said.after
        further = self.starts[-1] + self.axis.stride
        over = further + self.axis.span - after
        if "same" in said.rule:
            yield _("{name} takes a window at each step of {s} and finds the padding for them: "
                    "{before} before, {after} after.", name=self.name, s=number(self.axis.stride),
                    before=number(said.before), after=number(said.after))  # fmt: skip
        elif self.starts[-1] >= self.axis.size:
            yield _("The last window of {name} starts past the last cell, reads nothing, and is kept.",
                    name=self.name)  # fmt: skip
        elif self.beyond:
            yield _("The last window of {name} hangs over the end by {n}, and counts.",
                    name=self.name, n=_cells(self.beyond))  # fmt: skip
        elif over == self.axis.stride:
            yield _("The windows of {name} end exactly at the edge: there is nothing to round.",
                    name=self.name)  # fmt: skip
        elif _rounds_up(said.rule):
            yield _("A further window of {name} would start past the last cell, and is dropped.",
                    name=self.name)  # fmt: skip
        else:
            yield _("A further window of {name} would hang over the end by {n}, and is left out.",
                    name=self.name, n=_cells(over))  # fmt: skip
        if rule.finds_padding and self.axis.padding and "valid" in said.rule:
            yield _("It takes no padding.")


def _cells(many: int) -> str:
    return _("one cell") if many == 1 else _("{n} cells", n=number(many))


def _rounds_up(rule: str) -> bool:
    return rule in ("ceil", "caffe-pooling", "onnx-ceil")


def beside(kernel: Any, padding: Any) -> Any:
    """What PyTorch's pooling lets no padding take: as much of the kernel is left."""
    return kernel - 2 * padding


def answers(axis: Axis, names: Sequence[str] = FIVE) -> list[int]:
    """The distinct sizes that these rules give, the least first."""
    return sorted({stand.size for name in names if (stand := axis.stands[name]).size is not None})


# ---- as a page computes them --------------------------------------------------------------------------

LETTERS = {"size": "H", "kernel": "k", "stride": "s", "padding": "p", "dilation": "d"}
_KEPT, _DROPPED = (8, 3, 2, 1, 1), (2, 2, 3, 1, 1)  # an axis whose last window is kept, and one that drops it


def sizes_told(names: Sequence[str] = FIVE) -> list[list[dict[str, Any]]]:
    """Of each rule the formulas of its size, each with what may not be negative for it to hold.

    Of those that hold, the first one counts; where none does, or the size is none, the rule refuses.
    """
    return [[*formulas(name)] for name in names]


def formulas(name: str) -> Iterator[dict[str, Any]]:
    """The formulas of one rule's size, each with what it needs."""
    rule = OUTPUT_SIZE_RULES[name]
    if not isinstance(rule, Ceil):
        yield _formula(rule, _KEPT)
        return
    _n, k, _s, p, d = given = _lettered(_KEPT)
    refused = [rule.spare(k, p, d) - 1, *([beside(k, p)] if name == "ceil" else [])]
    clipped = [rule.past(*given), *([] if rule.clips(0) else [p - 1])]
    yield _formula(rule, _DROPPED, *refused, *clipped)
    yield _formula(rule, _KEPT, *refused)


def _lettered(axis: Sequence[int]) -> list[Symbol]:
    return [Symbol(letter, number) for letter, number in zip(LETTERS.values(), axis, strict=True)]


def _formula(rule: OutputSizeRule, axis: Sequence[int], *needs: Number) -> dict[str, Any]:
    n, k, s, p, d = _lettered(axis)
    size = expression(rule.size(n, k, s, 0 if rule.finds_padding else p, d))
    return {**program(size), "needs": telling.needed(*map(expression, needs))}


# ---- picture ------------------------------------------------------------------------------------

WIDTH = 372
_LEFT, _RIGHT = 78, 330  # where the cells may stand
_ROW, _HEAD = 43, 20
_CELL_HEIGHT = 15
_LANES = 3  # so many windows beside each other before they share a line
_WIDEST = 26.0


def rules_picture(axis: Axis, names: Sequence[str] = FIVE, chosen: str = "") -> str:
    """A row for each rule: the cells with their padding, the windows under them, the size at the right."""
    ruler = _Ruler.of([axis.stands[name] for name in names])
    rows = (
        _row(axis.stands[name], _HEAD + _ROW * place, ruler, name == chosen, axis.stands[names[0]].size)
        for place, name in enumerate(names)
    )
    head = (
        words(_LEFT, 11, f"{svg_letter('H')} = {number(axis.size)}", "lc-measure lc-d-h", data_sym="H"),
        words(WIDTH - 2, 11, svg_letter("H_out"), "lc-measure lc-d-h", text_anchor="end", data_sym="H_out"),
    )
    return drawing("lc-rules-picture", WIDTH, _HEAD + _ROW * len(names), _in_words(axis, names), *head, *rows)


def _in_words(axis: Axis, names: Sequence[str]) -> str:
    said = ", ".join(
        _("{rule} {size}", rule=axis.stands[name].name,
          size=_("none") if (size := axis.stands[name].size) is None else number(size))
        for name in names
    )  # fmt: skip
    return _("A window of {k} in steps of {s} over {n} cells with a padding of {p}: {said}.",
             k=number(axis.kernel), s=number(axis.stride), n=number(axis.size), p=number(axis.padding),
             said=said)  # fmt: skip


@dataclass(frozen=True)
class _Ruler:
    """Where a cell stands in the picture; all rows have the same."""

    first: int
    cell: float

    @classmethod
    def of(cls, stands: Sequence[Stand]) -> _Ruler:
        axis = stands[0].axis
        first = min(-stand.said.before for stand in stands)
        end = max(max(axis.size + stand.said.after, stand.end) for stand in stands)
        return cls(first, min((_RIGHT - _LEFT) / (end - first), _WIDEST))

    def x(self, cell: int) -> float:
        return _LEFT + (cell - self.first) * self.cell


def _row(stand: Stand, y: float, ruler: _Ruler, chosen: bool, usual: int | None) -> str:
    whose, called = NAMES[stand.said.rule]
    size = "–" if stand.size is None else number(stand.size)
    differs = " lc-differs" if stand.size != usual else ""
    return tag(
        "g",
        box(0, y - 3, WIDTH, _ROW - 2, "lc-row-back" + (" lc-on" if chosen else ""), rx=5),
        words(4, y + 11, escaped(whose), "lc-whose"),
        words(4, y + 26, escaped(called), "lc-called"),
        *_axis(stand, y, ruler),
        *_windows(stand, y + _CELL_HEIGHT + 3, ruler),
        words(WIDTH - 6, y + 18, size, f"lc-answer-size{differs}", text_anchor="end"),
        class_="lc-rule-row", data_set=f"rule={stand.said.rule}",
    )  # fmt: skip


def _axis(stand: Stand, y: float, ruler: _Ruler) -> Iterator[str]:
    """Cells that are read and unread, padding, and what the last window finds beyond both."""
    if stand.size is None:
        return
    n, said, unread = stand.axis.size, stand.said, set(stand.unread)
    kinds = (
        ("lc-padded", (*range(-said.before, 0), *range(n, n + said.after))),
        ("lc-outside", range(n + said.after, stand.end)),
        ("lc-seen lc-d-h", (cell for cell in range(n) if cell not in unread)),
        ("lc-unseen", sorted(unread)),
    )
    for kind, cells in kinds:
        corners = [(ruler.x(cell), y) for cell in cells]
        yield rectangles(corners, ruler.cell, _CELL_HEIGHT, kind)
    crosses = "".join(
        f"M{ruler.x(cell):.1f} {y:.1f}l{ruler.cell:.1f} {_CELL_HEIGHT}" for cell in sorted(unread)
    )
    yield tag("path", class_="lc-crossed", d=crosses) if crosses else ""


def _windows(stand: Stand, y: float, ruler: _Ruler) -> Iterator[str]:
    """Each window as a bar under the cells that it reads; the last one stands out."""
    axis = stand.axis
    lanes = min(-(-axis.span // axis.stride), _LANES)
    tops = [(start, y + 6 * (place % lanes)) for place, start in enumerate(stand.starts)]
    if axis.dilation > 1:
        through = [(ruler.x(start), top + 1.5) for start, top in tops]
        yield rectangles(through, ruler.cell * axis.span, 1, "lc-between")
    bars = [[(ruler.x(cell) + 0.8, top) for cell in stand.bars(start)] for start, top in tops]
    wide = ruler.cell * (1 if axis.dilation > 1 else axis.span) - 1.6
    yield rectangles([corner for bar in bars[:-1] for corner in bar], wide, 4, "lc-bar lc-d-k")
    yield rectangles([corner for bar in bars[-1:] for corner in bar], wide, 4, "lc-bar-last lc-d-k")


__all__ = [
    "FIVE",
    "FURTHER",
    "LETTERS",
    "NAMES",
    "Axis",
    "Stand",
    "answers",
    "beside",
    "formulas",
    "rules_picture",
    "sizes_told",
]
