"""The explorer of pooling: one window, what is done in it, and what each way of counting makes of the map."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate, product
from typing import Any

from layercost.convention import CONVENTIONS, Quantity
from layercost.explorers import parts, telling
from layercost.explorers.answers import SAID, as_known
from layercost.explorers.controls import Choice, Size, Tick, Travel
from layercost.explorers.explorer import Explorer
from layercost.explorers.markup import box, drawing, grid, line, squares, svg_letter, words
from layercost.explorers.rules import beside, formulas
from layercost.explorers.subject import Subject
from layercost.expression import Symbol, Tree, maximum, minimum, tree
from layercost.layers import AvgPool2d, MaxPool2d
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

MAX, MEAN = "max", "mean"
DONE = {MAX: Quantity.COMPARISONS, MEAN: Quantity.ADDITIONS}  # what is done with the cells of a window
LONGEST = 60  # letters of a line in sight; of a longer one the total is shown
_ALWAYS = (Message("comparisons"), Message("additions"))  # shown although nobody may print them


def digit(row: int, column: int) -> int:
    """What stands in a cell of the map that is drawn: digits that look drawn at random, always the same."""
    return (3 * row * row + 5 * column + 7 * row * column + 2) % 10


def covered(place: Any, k: Any, s: Any, p: Any, n: Any) -> tuple[Any, Any]:
    """The first real cell of a window along an axis of n cells, and the one past its last."""
    start = place * s - p
    return maximum(start, 0), minimum(start + k, n)


# ---- what is built -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Answer:
    """A number that is given for the layer: what it counts, and the conventions and tools that give it."""

    amount: int
    counts: tuple[Message, ...]
    who: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Pooled(Subject):
    """A pooling layer on square maps, with the cells that each of its windows really has."""

    @property
    def pool(self) -> Any:
        """The layer, whose windows are square here."""
        return self.layer

    @property
    def keeps(self) -> str:
        """`MAX` or `MEAN`."""
        return MAX if isinstance(self.layer, MaxPool2d) else MEAN

    @cached_property
    def side(self) -> int:
        """The output has so many rows, and as many columns."""
        return int(self.layer.output_shape(self.shape)[-1])

    @cached_property
    def along(self) -> tuple[range, ...]:
        """The real cells that each window covers along one axis."""
        (k, _), (s, _), p = self.pool.kernel_size, self.pool.stride, _padding(self.pool)
        return tuple(range(*covered(place, k, s, p, self.shape[-1])) for place in range(self.side))

    def cells(self, position: int) -> list[tuple[int, int]]:
        """The real cells of the window at a position, counted from 1, row by row."""
        row, column = divmod(position - 1, self.side)
        return list(product(self.along[row], self.along[column]))

    @cached_property
    def _lengths(self) -> list[int]:
        """How many cells the windows have together, up to each position; 0 before the first."""
        sizes = [len(cells) for cells in self.along]
        return [0, *accumulate(rows * columns for rows in sizes for columns in sizes)]

    @cached_property
    def clipped(self) -> int:
        """How many windows of a channel have fewer cells than the others, because the map ends."""
        whole = sum(len(cells) == int(self.pool.kernel_size[0]) for cells in self.along)
        return int(self.side**2 - whole**2)

    def read_until(self, position: int) -> int:
        """The cells that the windows up to a position have, in all channels."""
        return self.shape[0] * self._lengths[position]

    def reads(self, position: int) -> Mapping[tuple[int, int], int]:
        """How often each cell of a map has been read when the window has come to a position."""
        found: dict[tuple[int, int], int] = {}
        for place in range(1, position + 1):
            for cell in self.cells(place):
                found[cell] = found.get(cell, 0) + 1
        return found

    @cached_property
    def answers(self) -> tuple[Answer, ...]:
        """What conventions and tools say of the layer, the smallest number first."""
        counts: dict[int, list[Message]] = {}
        for said, amount in self._amounts():
            counts.setdefault(amount, []).append(said)
        for said, each in self._prices_of_tools():
            counts.setdefault(each * self.outputs, [said])
        who: dict[int, list[str]] = {}
        for name in CONVENTIONS:
            who.setdefault(self.count(Quantity.FLOPS, name).total, []).append(name)
        for name, amount in self._printed():
            who.setdefault(amount, []).append(name)
        shown = sorted({*who, *(amount for amount, said in counts.items() if said[0] in _ALWAYS)})
        return tuple(Answer(one, tuple(counts.get(one, ())), tuple(who.get(one, ()))) for one in shown)

    @cached_property
    def outputs(self) -> int:
        """The values that come out; there is a window for each."""
        return self.count(Quantity.ACTIVATIONS).total

    def _prices_of_tools(self) -> Iterator[tuple[Message, int]]:
        """What tools take for a window, whatever cells it really has; shown where it is not one of ours."""
        k = self.pool.kernel_size[0]
        if self.keeps == MAX:
            yield Message("k − 1 for a window"), k - 1
            yield Message("comparisons with padding"), k * k - 1
        else:
            yield Message("k for a window"), k
            yield Message("k + 1 for a window"), k + 1
            yield Message("additions of padding too"), k * k - 1
            yield Message("as a dot product, 2n − 1"), 2 * k * k - 1
            yield Message("n + 1 for a window"), k * k + 1
        yield Message("cells and padding"), k * k

    def _amounts(self) -> Iterator[tuple[Message, int]]:
        yield Message("multiplications"), self.count(Quantity.MULTIPLICATIONS).total
        yield Message("values out"), self.outputs
        if self.keeps == MAX:
            yield Message("comparisons"), self.count(Quantity.COMPARISONS).total
            yield Message("cells of windows"), self.read_until(self.side**2)
        else:
            yield Message("additions"), self.count(Quantity.ADDITIONS).total
            yield Message("additions and divisions"), self.read_until(self.side**2)
        values = self.shape[0] * self.shape[1] * self.shape[2]
        yield Message("values in"), values
        yield Message("values in, twice"), 2 * values

    def _printed(self) -> Iterator[tuple[str, int]]:
        from layercost import dialects  # a browser that shows another page needs none of it

        for tool in dialects.DIALECTS.values():
            if tool.counts_operations and not tool.joins:
                printed = dialects.printed(self.layer, self.shape, tool)
                if printed is not None:
                    yield tool.name, printed


def _padding(pool: Any) -> int:
    """The padding of a square window; one number on every side."""
    padding = pool.padding
    while isinstance(padding, tuple):
        padding = padding[0]
    return int(padding)


# ---- the explorer --------------------------------------------------------------------------------------


class PoolingExplorer(Explorer):
    """A pooling layer whose window moves; what is done in the window, and the totals that people give."""

    name = "pooling"
    controls = (
        Choice(
            "kind", Message("keeps"), MAX, ((Message("the largest"), MAX), (Message("the mean"), MEAN)),
            main=True, buttons=True,
        ),
        Size("kernel_size", Message("window"), 2, 1, 7, letter="k", main=True),
        Size("stride", Message("stride"), 2, 1, 7, letter="s", main=True),
        Travel("position", Message("at window"), 6, 1, 16, letter="k", main=True),
        Size("padding", Message("padding"), 0, 0, 3, letter="p"),
        Tick("ceil_mode", Message("round the output size up"), False),
        Size("size", Message("map height and width"), 8, 1, 224, letter="H"),
        Size("channels", Message("channels"), 1, 1, 1024, letter="C"),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Pooled:
        k, s, p = (settings[field] for field in ("kernel_size", "stride", "padding"))
        up, shape = settings["ceil_mode"], (settings["channels"], settings["size"], settings["size"])
        layer = (
            MaxPool2d(k, s, p, ceil_mode=up)
            if settings["kind"] == MAX
            else AvgPool2d(k, s, p, ceil_mode=up, count_include_pad=False)
        )
        return Pooled(layer, shape, _words(layer, shape))

    def follow(self, built: Pooled) -> None:
        self.bound("position", built.side**2)

    def picture(self, built: Pooled, settings: Mapping[str, Any]) -> str:
        return _Picture(built, settings["position"]).html

    def odometer(self, built: Pooled, settings: Mapping[str, Any]) -> parts.Odometer:
        position, places, (channels, *_sides) = settings["position"], built.side**2, built.shape
        scope = _("Window {position} of {places}, in each of {channels} channels",
                  position=number(position), places=number(places), channels=number(channels))  # fmt: skip
        if channels == 1:
            scope = _("Window {position} of {places}", position=number(position), places=number(places))
        return parts.Odometer(scope, list(_wheels(built, position)))

    def headlines(self, built: Pooled, settings: Mapping[str, Any]) -> Iterator[str]:
        done = built.count(DONE[built.keeps])
        long = built.clipped or len(done.text()) > LONGEST
        brief = parts.total_line if long else parts.substitution
        yield brief(done_said(built.keeps), done)
        yield _answers(built, settings["convention"])

    def told(self) -> dict[str, Any]:
        kinds = {kind: as_known(self._declared["kind"], kind) for kind in (MAX, MEAN)}
        return telling.told(["done"], pooling_told(lambda at: self.build({**self._printed, **at}), kinds))

    def lines(self, built: Pooled, settings: Mapping[str, Any]) -> Iterator[str]:
        yield built.line(DONE[built.keeps])
        yield from built.lines(settings["convention"])

    def amounts(self, built: Pooled) -> list[tuple[str, int]]:
        return [(_("cells read"), built.read_until(built.side**2)), (_("values out"), built.outputs)]

    def rows(self, built: Pooled, settings: Mapping[str, Any]) -> list[tuple[str, int | str, str]]:
        answers = [(_called(answer), answer.amount, ", ".join(answer.who)) for answer in built.answers]
        return [
            (_("window k"), built.pool.kernel_size[0], ""),
            (_("stride s"), built.pool.stride[0], ""),
            (_("padding p"), _padding(built.pool), ""),
            (_("windows a channel"), built.side**2, ""),
            (_("clipped windows a channel"), built.clipped, ""),
            (_("cells of a map that no window reads"), _unread(built), ""),
            *answers,
        ]


def _words(layer: Any, shape: tuple[int, ...]) -> str:
    said = {
        "k": layer.kernel_size[0], "s": layer.stride[0], "p": _padding(layer),
        "shape": "×".join(map(number, shape)), "up": _(", rounded up") if layer.ceil_mode else "",
    }  # fmt: skip
    if isinstance(layer, MaxPool2d):
        return _("max {k}×{k}, stride {s}, padding {p}{up}, on {shape}", **said)
    return _("mean {k}×{k}, stride {s}, padding {p}{up}, on {shape}", **said)


def done_said(keeps: str) -> str:
    """What is done with the cells of a window."""
    return _("comparisons") if keeps == MAX else _("additions")


def _unread(built: Pooled) -> int:
    read = len({cell for cells in built.along for cell in cells})
    return built.shape[1] ** 2 - read**2


def _wheels(built: Pooled, position: int) -> Iterator[parts.Wheel]:
    """The cells that were read, and what was done with them: one comparison or addition fewer a window."""
    channels, places = built.shape[0], built.side**2
    read, every = built.read_until(position), built.read_until(places)
    windows, all_windows = channels * position, channels * places
    yield parts.Wheel(_("cells read"), read, every)
    yield parts.Wheel(done_said(built.keeps), read - windows, every - all_windows)
    if built.keeps == MEAN:
        yield parts.Wheel(_("divisions"), windows, all_windows)


# ---- what a page says without Python -------------------------------------------------------------------

_LETTERS = {
    "C": "channels", "H": "size", "W": "size", "k": "kernel_size", "s": "stride", "p": "padding",
}  # fmt: skip
_CELLS, _WINDOWS = "cells", "windows"  # letters of their own: of a map along one axis, and on it
Build = Callable[[Mapping[str, Any]], Pooled]


def pooling_told(build: Build, kinds: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """What is done in all windows, as its formula where they are whole and else alone; and what is heard."""
    for (kind, said), up in product(kinds.items(), (False, True)):
        whole = build({"kind": kind, "ceil_mode": up}).count(DONE[kind])
        for size in formulas("ceil" if up else "floor"):
            held: dict[str, Any] = {
                "when": {"kind": said, "ceil_mode": up},
                "follows": _LETTERS,
                "name": done_said(kind),
            }
            line = telling.of(whole, DONE[kind], most=LONGEST)
            sides = _sides(size)
            yield telling.held("done", {}, **held, **{**line, **sides, "needs": [*sides["needs"], *_WHOLE]})
            clipped = {**sides, "tree": _priced(build, kind, DONE[kind], "textbook")}
            yield telling.held("done", {}, **held, **{**line, **clipped, **line["alone"]})
            yield from _heard(build, kind, held, sides)


def _heard(
    build: Build, kind: str, held: Mapping[str, Any], sides: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    for quantity in SAID:
        for convention in CONVENTIONS if quantity is Quantity.FLOPS else ("textbook",):
            unit = CONVENTIONS[convention].unit
            by: dict[str, Any] = {"convention": convention} if quantity is Quantity.FLOPS else {}
            priced = _priced(build, kind, quantity, convention)
            yield telling.held(quantity.value, {}, **held, **by, unit=str(unit), **sides, tree=priced)


def _sides(size: Mapping[str, Any]) -> dict[str, Any]:
    """The windows along an axis by a formula of their number, and the cells that they cover together."""
    n, k, s, p, place = (Symbol(letter, 1) for letter in ("H", "k", "s", "p", "place"))
    first, past = covered(place, k, s, p, n)
    names = [["H_out", size["tree"]], ["W_out", "H_out"], [_WINDOWS, ["*", "C", "H_out", "W_out"]]]
    along = ["sum", "place", "H_out", tree(past - first)]
    needs = [*size["needs"], *telling.needed(beside(k, p))]
    return {"letters": size["letters"], "definitions": [*names, [_CELLS, along]], "needs": needs}


def _last_fits() -> list[Tree]:
    """What may not be negative where all windows are whole: no padding, and the last ends within the map."""
    n, k, s, p, out = (Symbol(letter, 1) for letter in ("H", "k", "s", "p", "H_out"))
    return telling.needed(0 - p, n - ((out - 1) * s + k))


_WHOLE = _last_fits()


def _priced(build: Build, kind: str, quantity: Quantity, convention: str) -> Tree:
    """A total as so many for each cell of a window, and so many for each window: found at two of them."""
    alone, of_four = (
        build({"kind": kind, "size": k, "kernel_size": k, "stride": k}).count(quantity, convention).total
        for k in (1, 2)
    )
    a_cell = (of_four - alone) // 3
    return ["+", ["*", a_cell, "C", _CELLS, _CELLS], ["*", alone - a_cell, _WINDOWS]]


# ---- the picture: map, tournament, output --------------------------------------------------------------

WIDTH, HEIGHT = 372, 178
_LEFT, _TOP, _ROOM = 8, 30, 142
_TREE_LEFT, _TREE_RIGHT = 194, 246
_OUT_ROOM = 84
_DIGITS_FROM, _CELLS_FROM = 10.5, 4  # the least width of a cell that has a digit in it, or a line around it
_LEAVES_FROM = 13  # the least distance of leaves that have digits


class _Picture:
    """The map with the window at one place, the cells of the window as a tree, and the output so far."""

    def __init__(self, built: Pooled, position: int) -> None:
        self.built, self.position = built, min(position, built.side**2)
        self.size, self.side = built.shape[-1], built.side
        self.k, self.s, self.p = built.pool.kernel_size[0], built.pool.stride[0], _padding(built.pool)
        self.row, self.column = divmod(self.position - 1, self.side)
        beyond = max(self.p, (self.side - 1) * self.s + self.k - self.p - self.size)
        self.cell = min(_ROOM / (self.p + self.size + beyond), 24)
        self.out_cell = min(self.cell, _OUT_ROOM / self.side)
        self.out_left = WIDTH - 4 - self.side * self.out_cell
        self.cells = built.cells(self.position)
        self.values = [digit(*cell) for cell in self.cells]

    @property
    def html(self) -> str:
        """The figure."""
        content = (*self._map(), *self._window(), *self._tree(), *self._output())
        return tag("figure", drawing("lc-pooling", WIDTH, HEIGHT, self._in_words(), *content))

    @property
    def result(self) -> Fraction:
        """What the window gives."""
        if self.built.keeps == MAX:
            return Fraction(max(self.values))
        return Fraction(sum(self.values), len(self.values))

    def _in_words(self) -> str:
        said = {
            "k": self.k, "row": self.row + 1, "column": self.column + 1, "cells": len(self.cells),
            "less": len(self.cells) - 1, "result": _decimal(self.result),
        }  # fmt: skip
        if self.built.keeps == MAX:
            return _("A window of {k} by {k} at row {row} and column {column} of the output has {cells} real "
                     "cells. {less} comparisons find their largest, {result}.", **said)  # fmt: skip
        return _("A window of {k} by {k} at row {row} and column {column} of the output has {cells} real "
                 "cells. {less} additions and a division give their mean, {result}.", **said)  # fmt: skip

    def _at(self, row: float, column: float) -> tuple[float, float]:
        return _LEFT + (self.p + column) * self.cell, _TOP + (self.p + row) * self.cell

    # ---- the map

    def _map(self) -> Iterator[str]:
        x, y = self._at(0, 0)
        across = self.size * self.cell
        said = f"{svg_letter('H')} = {number(self.size)}"
        yield words(_LEFT, 16, said, "lc-measure lc-d-h", data_sym="H")
        if self.p:
            whole = (self.size + 2 * self.p) * self.cell
            yield box(_LEFT, _TOP, whole, whole, "lc-pad")
        yield box(x, y, across, across, "lc-sheet")
        yield from self._read()
        if self.cell >= _CELLS_FROM:
            yield grid(x, y, self.size, self.size, self.cell)
        if self.cell >= _DIGITS_FROM:
            yield from map(self._digits, range(self.size))

    def _digits(self, row: int) -> str:
        y = self._at(row + 0.5, 0)[1] + 4
        xs = " ".join(f"{self._at(0, column + 0.5)[0]:.1f}" for column in range(self.size))
        said = "".join(str(digit(row, column)) for column in range(self.size))
        return words(xs, f"{y:.1f}", said, "lc-cell-digit", text_anchor="middle")  # type: ignore[arg-type]

    def _read(self) -> Iterator[str]:
        """The cells that were read, with a tint for each time; of a large map the part that was covered."""
        if self.cell < _CELLS_FROM:
            yield from self._covered()
            return
        times = self.built.reads(self.position)
        for often in range(1, 5):
            read = [cell for cell, count in times.items() if min(count, 4) == often]
            yield squares([self._corner(*cell) for cell in read], self.cell, f"lc-reads lc-reads-{often}")

    def _corner(self, row: int, column: int) -> tuple[float, float]:
        x, y = self._at(row, column)
        return round(x, 1), round(y, 1)

    def _covered(self) -> Iterator[str]:
        x, y = self._at(0, 0)
        bottom = self._at(self.built.along[self.row].stop, 0)[1]
        yield box(x, y, self.size * self.cell, round(bottom - y, 1), "lc-reads lc-reads-1")

    def _window(self) -> Iterator[str]:
        x, y = self._at(self.row * self.s - self.p, self.column * self.s - self.p)
        side = self.k * self.cell
        yield box(round(x, 1), round(y, 1), round(side, 1), round(side, 1), "lc-frame lc-d-k", data_sym="k")

    # ---- the tree: each join is one comparison, or one addition

    def _tree(self) -> Iterator[str]:
        count = len(self.cells)
        pitch = min(24.0, _ROOM / count)
        middle = _TOP + _ROOM / 2
        top = middle - pitch * (count - 1) / 2
        places = [top + pitch * leaf for leaf in range(count)]
        yield from self._leaves(places, pitch)
        joins, ways, root = self._joined(places)
        yield from ways
        size = max(1.4, min(4.0, pitch / 3.2))
        for x, y in joins:
            yield tag("circle", class_="lc-join", cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{size:.1f}")
        yield from self._outcome(root, count)

    def _leaves(self, places: list[float], pitch: float) -> Iterator[str]:
        side = min(16.0, pitch - 1)
        corners = [(round(_TREE_LEFT - side, 1), round(y - side / 2, 1)) for y in places]
        yield squares(corners, round(side, 1), "lc-leaf lc-d-k")
        if pitch >= _LEAVES_FROM:
            for y, value in zip(places, self.values, strict=True):
                yield words(
                    _TREE_LEFT - side / 2, round(y + 4, 1), str(value), "lc-cell-digit", text_anchor="middle"
                )
        x, y = self._at(self.row * self.s - self.p + self.k / 2, self.column * self.s - self.p + self.k)
        for end in (places[0], places[-1]):
            yield line(round(x, 1), round(y, 1), round(_TREE_LEFT - side - 2, 1), round(end, 1), "lc-ray")

    def _joined(self, places: list[float]) -> tuple[list[tuple[float, float]], list[str], float]:
        """Neighbours meet, round after round: where they do, the lines, and the height of the last one."""
        best = self.values.index(max(self.values)) if self.built.keeps == MAX else -1
        standing = [(height, leaf == best) for leaf, height in enumerate(places)]
        rounds = max((len(places) - 1).bit_length(), 1)
        step, paths, joins = (_TREE_RIGHT - _TREE_LEFT) / rounds, {False: "", True: ""}, []
        for turn in range(rounds):
            x, after = _TREE_LEFT + turn * step, []
            for pair in (standing[place : place + 2] for place in range(0, len(standing), 2)):
                y = sum(height for height, _wins in pair) / len(pair)
                for height, wins in pair:
                    paths[wins] += f"M{x:.1f} {height:.1f}H{x + step:.1f}V{y:.1f}"
                joins += [(x + step, y)] if len(pair) == 2 else []
                after.append((y, any(wins for _height, wins in pair)))
            standing = after
        ways = [tag("path", class_="lc-way", d=paths[False])]
        if paths[True]:
            ways.append(tag("path", class_="lc-way lc-way-best", d=paths[True]))
        return joins, ways, standing[0][0]

    def _outcome(self, height: float, count: int) -> Iterator[str]:
        said, y = _decimal(self.result), round(height + 5, 1)
        if self.built.keeps == MEAN:
            yield words(_TREE_RIGHT + 7, y - 17, f"÷ {count}", "lc-divided")
        yield words(_TREE_RIGHT + 7, y, said, "lc-outcome")
        sign = (
            _("{n} comparisons", n=number(count - 1))
            if self.built.keeps == MAX
            else _("{n} additions, 1 division", n=number(count - 1))
        )
        yield words((_TREE_LEFT + _TREE_RIGHT) / 2 - 8, 16, sign, "lc-done-here", text_anchor="middle")

    # ---- the output

    def _output(self) -> Iterator[str]:
        side, x, y, cell = self.side, self.out_left, _TOP, self.out_cell
        across = side * cell
        said = f"{svg_letter('H_out')} = {number(side)}"
        yield words(WIDTH - 4, 16, said, "lc-measure lc-d-h", data_sym="H_out", text_anchor="end")
        yield box(x, y, across, across, "lc-sheet")
        if self.row:
            yield box(x, y, across, self.row * cell, "lc-known")
        if self.column:
            yield box(x, y + self.row * cell, self.column * cell, cell, "lc-known")
        if cell >= _CELLS_FROM:
            yield grid(x, y, side, side, cell)
        yield self._out_box(self.position, "lc-newest lc-d-cout")
        if cell >= _DIGITS_FROM:  # large enough to be touched: the window goes there
            for place in range(1, side**2 + 1):
                yield self._out_box(place, "lc-touch", data_set=f"position={place}")

    def _out_box(self, position: int, name: str, **attributes: object) -> str:
        row, column = divmod(position - 1, self.side)
        x, y = self.out_left + column * self.out_cell, _TOP + row * self.out_cell
        size = round(self.out_cell, 1)
        return box(round(x, 1), round(y, 1), size, size, name, **attributes)


def _decimal(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.2f}"


# ---- who gives which number ----------------------------------------------------------------------------

_NAMED = 2  # of those who give a number, so many are named beside its bar; the table names all


def _answers(built: Pooled, convention: str) -> str:
    """A bar for each number that somebody gives for the whole layer, with what it counts."""
    most = max(answer.amount for answer in built.answers)
    rows = (_answer(answer, most, convention) for answer in built.answers)
    return tag("ul", *rows, class_="lc-answer-rows")


def _answer(answer: Answer, most: int, convention: str) -> str:
    share = f"{100 * answer.amount / most:.2f}%"
    bar = tag(
        "svg", tag("rect", class_="lc-share lc-bar-answer", x="0", y="1", width=share, height="10"),
        class_="lc-answer-line", aria_hidden="true",
    )  # fmt: skip
    return tag(
        "li",
        tag("span", escaped(_called(answer)), class_="lc-answer-what"),
        bar,
        tag("b", number(answer.amount), class_="lc-answer-number"),
        tag("span", escaped(_who(answer.who, convention)), class_="lc-answer-who"),
        class_="lc-answer-row" + (" lc-chosen" if convention in answer.who else ""),
    )


def _called(answer: Answer) -> str:
    """What the number counts, where it is known; else that it is a tool's own."""
    return " = ".join(map(str, answer.counts)) if answer.counts else _("a count of its own")


def _who(names: tuple[str, ...], convention: str) -> str:
    """Those who give a number, the convention that the reader has chosen first."""
    ordered = sorted(names, key=lambda name: name != convention)
    said, rest = ", ".join(ordered[:_NAMED]), len(names) - _NAMED
    return _("{names} and {n} more", names=said, n=rest) if rest > 0 else said
