"""A convolution at one place, with small whole numbers in image and kernel, and the picture of it.

What is multiplied and added at that place is done by the loops of the witness, on those numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import product
from typing import NamedTuple

from layercost.explorers.markup import box, dimension_class, drawing, grid, line, svg_letter, words
from layercost.layers import Conv2d
from layercost.message import spoken as _
from layercost.view import number, plain, tag
from layercost.witness import LOOPS, Run, Tally

Grid = list[list[int]]

# ---- numbers ------------------------------------------------------------------------------------


def pixel(channel: int, row: int, column: int) -> int:
    """A number of the image, from 0 to 4; places count from 0."""
    return (7 * channel + 3 * row + 2 * column + row * column) % 5


def weight(kernel: int, part: int, row: int, column: int) -> int:
    """A weight of a slice of a kernel, from -1 to 2."""
    return (kernel + 3 * part + 2 * row + 3 * column + row * column) % 4 - 1


def bias_of(kernel: int) -> int:
    """The bias of a kernel, from 1 to 3."""
    return kernel % 3 + 1


class Cell(NamedTuple):
    """One cell under a slice of the kernel: its number, or None where there is only padding; its weight."""

    pixel: int | None
    weight: int

    @property
    def product(self) -> int:
        """What is added up; padding is multiplied as 0."""
        return (self.pixel or 0) * self.weight


class Seen(NamedTuple):
    """What the loops of the witness gave and did at one place."""

    value: int
    tally: Tally


@dataclass(frozen=True)
class Moving:
    """A layer on a square image of `size` cells; `kernel`, `part` (its slice) and `position` count from 1."""

    layer: Conv2d
    size: int
    kernel: int
    part: int
    position: int

    @cached_property
    def parts(self) -> int:
        """The slices of one kernel: as many as the channels that it reads."""
        return self.layer.in_channels // self.layer.groups

    @cached_property
    def first(self) -> int:
        """The first channel that the kernel looked at reads, from 0."""
        return (self.kernel - 1) // (self.layer.out_channels // self.layer.groups) * self.parts

    @cached_property
    def side(self) -> int:
        """The rows of the output, and its columns."""
        return int(self.layer.output_shape((self.layer.in_channels, self.size, self.size))[1])

    @property
    def places(self) -> int:
        """How many places the kernel takes."""
        return self.side**2

    @property
    def place(self) -> tuple[int, int]:
        """Row and column of the output that is computed, from 0."""
        return divmod(self.position - 1, self.side)

    @cached_property
    def start(self) -> tuple[int, int]:
        """Row and column of the image where the kernel begins, from 0; below 0 on padding."""
        row, column = self.place
        return row * self.stride - self.padding, column * self.stride - self.padding

    @property
    def span(self) -> int:
        """From the first cell of the kernel to its last one."""
        return self.dilation * (self.width - 1) + 1

    @property
    def width(self) -> int:
        """The rows of the kernel, and its columns."""
        return self.layer.kernel_size[0]  # type: ignore[index]

    @property
    def stride(self) -> int:
        """By how many cells the kernel moves."""
        return self.layer.stride[0]  # type: ignore[index]

    @property
    def padding(self) -> int:
        """The cells of padding on each side."""
        return self.layer.padding[0]  # type: ignore[index, return-value]

    @property
    def dilation(self) -> int:
        """From one cell under the kernel to the next."""
        return self.layer.dilation[0]  # type: ignore[index]

    def cells(self, part: int) -> list[list[Cell]]:
        """What lies under a slice of the kernel at this place, row by row."""
        top, left = self.start
        return [
            [
                Cell(
                    self.pixel_at(self.first + part - 1, top + i * self.dilation, left + j * self.dilation),
                    weight(self.kernel - 1, part - 1, i, j),
                )
                for j in range(self.width)
            ]
            for i in range(self.width)
        ]

    def pixel_at(self, channel: int, row: int, column: int) -> int | None:
        """A number of the image; None on the padding."""
        inside = 0 <= row < self.size and 0 <= column < self.size
        return pixel(channel, row, column) if inside else None

    @cached_property
    def sums(self) -> list[int]:
        """What each slice of the kernel adds up to at this place."""
        return [
            sum(cell.product for row in self.cells(part) for cell in row) for part in range(1, self.parts + 1)
        ]

    @cached_property
    def seen(self) -> Seen:
        """The place as loops: the same kernel on the cells that lie under it."""
        run, every = Run(), [self.cells(part) for part in range(1, self.parts + 1)]
        alone = Conv2d(self.parts, 1, self.width, bias=self.layer.bias)
        known = run.trained(alone, "weight")
        for c, i, j in product(range(self.parts), range(self.width), range(self.width)):
            known[0, c, i, j] = run.number(every[c][i][j].weight)
        run.trained(alone, "bias")[0,] = run.number(bias_of(self.kernel - 1))
        window = [[[run.number(cell.pixel or 0) for cell in row] for row in rows] for rows in every]
        [[[[value]]]] = LOOPS["Conv2d"](alone, [window], run)
        return Seen(int(value.value), run.tally)

    @property
    def output(self) -> Grid:
        """The whole map that the kernel looked at gives."""
        return _output(self.layer, self.size, self.kernel, self.first)

    # ---- what is multiplied with padding

    @cached_property
    def on_padding(self) -> tuple[int, int]:
        """The multiplications of all kernels with a cell of padding: so far, and in all."""
        inside = [self._inside(start) for start in range(self.side)]
        outside = [self.width**2 - rows * columns for rows, columns in product(inside, inside)]
        each = self.parts * self.layer.out_channels
        return each * sum(outside[: self.position]), each * sum(outside)

    def _inside(self, place: int) -> int:
        """How many rows of the kernel lie on the image at a row of the output."""
        first = place * self.stride - self.padding
        return sum(0 <= first + i * self.dilation < self.size for i in range(self.width))


@lru_cache(maxsize=32)
def _output(layer: Conv2d, size: int, kernel: int, first: int) -> Grid:
    moving = Moving(layer, size, kernel, 1, 1)
    starts = [place * moving.stride - moving.padding for place in range(moving.side)]
    taps = [
        (first + c, i * moving.dilation, j * moving.dilation, weight(kernel - 1, c, i, j))
        for c, i, j in product(range(moving.parts), range(moving.width), range(moving.width))
    ]
    bias, cells = bias_of(kernel - 1) if layer.bias else 0, range(size)
    return [
        [
            bias
            + sum(
                w * pixel(c, top + i, left + j)
                for c, i, j, w in taps
                if top + i in cells and left + j in cells
            )
            for left in starts
        ]
        for top in starts
    ]


# ---- picture ------------------------------------------------------------------------------------

WIDTH, HEIGHT = 372, 254
_TOP = 28  # of the grids
_ROOM, _MIDDLE, _RIGHT = 160, 62, 104  # for the image, the kernel, the output
_MIDDLE_X, _RIGHT_X = 186, 264
_READABLE = 12.5  # a smaller cell has no room for its number
_STRIP = 204  # where the channels stand


def kernel_picture(moving: Moving) -> str:
    """The image with the kernel on it, its weights and products, the output so far, and the channels."""
    content = (
        *_image(moving), *_weights(moving), *_output_map(moving), _channels(moving), *_group_choice(moving)
    )  # fmt: skip
    return drawing("lc-kernel", WIDTH, HEIGHT, _in_words(moving), *content)


def _in_words(moving: Moving) -> str:
    row, column = moving.place
    says = _(
        "A kernel of {k} by {k} cells over channel {channel} of an image of {size} by {size}, which gives "
        "row {row}, column {column} of an output of {side} by {side}. Slice {part} adds up to {sum}.",
        k=moving.width, channel=moving.first + moving.part, size=moving.size, row=row + 1, column=column + 1,
        side=moving.side, part=moving.part, sum=moving.sums[moving.part - 1],
    )  # fmt: skip
    reads = _("Kernel {kernel} of {kernels} reads channels {first} to {last} of {channels}.",
              kernel=moving.kernel, kernels=moving.layer.out_channels, first=moving.first + 1,
              last=moving.first + moving.parts, channels=moving.layer.in_channels)  # fmt: skip
    return f"{says} {reads}"


def _image(moving: Moving) -> Iterator[str]:
    """One channel with its padding around it, the others behind; the cells under the kernel stand out."""
    whole, cell = moving.size + 2 * moving.padding, _cell(moving.size, moving.padding)
    edge = moving.padding * cell
    yield from _sheets(2, _TOP, whole * cell, moving.layer.in_channels)
    yield box(2, _TOP, whole * cell, whole * cell, "lc-pad")
    yield box(2 + edge, _TOP + edge, moving.size * cell, moving.size * cell, "lc-image lc-d-cin")
    yield grid(2, _TOP, whole, whole, cell)
    read = _read(moving)
    for row, column in sorted(read):
        yield box(2 + column * cell, _TOP + row * cell, cell, cell, "lc-read")
    top, left = (start + moving.padding for start in moving.start)
    span = moving.span * cell
    if cell >= _READABLE:
        yield _pixels(moving.size, moving.padding, moving.first + moving.part - 1)
    yield box(2 + left * cell, _TOP + top * cell, span, span, "lc-frame lc-d-k", data_sym="k")
    yield _label(2, _TOP - 11, "H", moving.size, "W")
    said = _("channel {one} of {all}", one=moving.first + moving.part, all=moving.layer.in_channels)
    yield words(2, _TOP + whole * cell + 15, said, "lc-under")


def _cell(size: int, padding: int) -> float:
    """The side of a cell of the image."""
    return min(_ROOM / (size + 2 * padding), 20.0)


@lru_cache(maxsize=32)  # most moves leave the image as it is
def _pixels(size: int, padding: int, channel: int) -> str:
    """The numbers of a channel, and the zeros of its padding."""
    whole, inside, cell = range(-padding, size + padding), range(size), _cell(size, padding)
    digits = []
    for row, column in product(whole, whole):
        is_real = row in inside and column in inside
        value, kind = (pixel(channel, row, column), "") if is_real else (0, "lc-nothing")
        digits.append(_digit(2 + (column + padding) * cell, _TOP + (row + padding) * cell, cell, value, kind))
    return _digits(cell, digits)


def _read(moving: Moving) -> set[tuple[int, int]]:
    """The cells of the padded image under the kernel, row and column."""
    top, left = (start + moving.padding for start in moving.start)
    steps = [i * moving.dilation for i in range(moving.width)]
    return {(top + i, left + j) for i, j in product(steps, steps)}


def _weights(moving: Moving) -> Iterator[str]:
    """The slice of the kernel, and under it what each of its weights makes of its cell."""
    cells, cell = moving.cells(moving.part), min(_MIDDLE / moving.width, 20.0)
    side, x = moving.width * cell, _MIDDLE_X + (_MIDDLE - moving.width * cell) / 2
    below = _TOP + side + 16
    yield from _grid(x, _TOP, cell, [[one.weight for one in row] for row in cells], "lc-frame lc-d-k", "k")
    yield words(x - 13, _TOP + side / 2 + 5, "×", "lc-sign", text_anchor="middle")
    yield words(x + side / 2, below - 4, "=", "lc-sign", text_anchor="middle")
    yield from _grid(x, below, cell, [[one.product for one in row] for row in cells], "lc-products", None)
    yield words(x + side / 2, _TOP - 11, f"{svg_letter('k')} = {moving.width}", "lc-measure lc-d-k",
                text_anchor="middle", data_sym="k")  # fmt: skip
    said = _("sum {n}", n=_signed(moving.sums[moving.part - 1]))
    yield words(x + side / 2, below + side + 15, said, "lc-under", text_anchor="middle")


def _grid(x: float, y: float, cell: float, values: Grid, kind: str, letter: str | None) -> Iterator[str]:
    many = len(values)
    yield box(x, y, many * cell, many * cell, kind, data_sym=letter)
    yield grid(x, y, many, many, cell)
    if cell >= _READABLE - 0.2:
        places = product(range(many), range(many))
        yield _digits(cell, (_digit(x + j * cell, y + i * cell, cell, values[i][j]) for i, j in places))


def _output_map(moving: Moving) -> Iterator[str]:
    """What the kernel looked at has given so far; a touch on a cell takes the kernel there."""
    cell = min(_RIGHT / moving.side, 20.0)
    whole = moving.side * cell
    yield from _sheets(_RIGHT_X, _TOP, whole, moving.layer.out_channels)
    yield box(_RIGHT_X, _TOP, whole, whole, "lc-image lc-d-cout", data_sym="C_out")
    yield _touched(moving.side, moving.position)
    if cell >= _READABLE:
        yield _digits(cell, _values(moving, cell))
    yield grid(_RIGHT_X, _TOP, moving.side, moving.side, cell)
    yield _label(_RIGHT_X, _TOP - 11, "H_out", moving.side, "W_out")
    said = _("channel {one} of {all}", one=moving.kernel, all=moving.layer.out_channels)
    yield words(_RIGHT_X, _TOP + whole + 15, said, "lc-under")


@lru_cache(maxsize=64)
def _touched(side: int, position: int) -> str:
    """Each place of the output, to be touched; the one that is computed stands out."""
    cell = min(_RIGHT / side, 20.0)
    size, places = plain(cell), []
    for place, (row, column) in enumerate(product(range(side), range(side)), start=1):
        kind = "lc-newest lc-d-cout" if place == position else None
        x, y = plain(_RIGHT_X + column * cell), plain(_TOP + row * cell)
        places.append(
            tag("rect", class_=kind, x=x, y=y, width=size, height=size, data_set=f"position={place}")
        )
    return tag("g", *places, class_="lc-places")


def _values(moving: Moving, cell: float) -> Iterator[str]:
    """The numbers that are known so far."""
    for place in range(moving.position):
        row, column = divmod(place, moving.side)
        x, y = _RIGHT_X + column * cell, _TOP + row * cell
        kind = "lc-on" if place + 1 == moving.position else ""
        yield _digit(x, y, cell, moving.output[row][column], kind)


def _channels(moving: Moving) -> str:
    """Which channels each kernel reads; those of the kernel looked at stand out."""
    layer = moving.layer
    return _wiring(layer.in_channels, layer.out_channels, layer.groups, moving.kernel, moving.part)


@lru_cache(maxsize=32)
def _wiring(given: int, gives: int, groups: int, chosen: int, looked_part: int) -> str:
    return "".join(_wires(given, gives, groups, chosen - 1)) + "".join(
        _chips(given, gives, groups, chosen - 1, looked_part)
    )


def _wires(given: int, gives: int, groups: int, chosen: int) -> Iterator[str]:
    parts, above, below = given // groups, _STRIP, _STRIP + 33
    for kernel in sorted(range(gives), key=lambda one: one == chosen):
        looked, first = kernel == chosen, kernel * groups // gives * parts
        for channel in range(first, first + parts):
            ends = _spread(channel, given) + 8, above + 16, _spread(kernel, gives) + 8, below
            yield line(*ends, "lc-wire lc-active" if looked else "lc-wire")


def _chips(given: int, gives: int, groups: int, chosen: int, looked_part: int) -> Iterator[str]:
    parts, above, below = given // groups, _STRIP, _STRIP + 33
    first = chosen // (gives // groups) * parts
    for channel in range(given):
        part = channel - first + 1
        reads = 1 <= part <= parts
        choice = f"slice={part}" if reads else None
        yield _chip(_spread(channel, given), above, channel + 1, "C_in", part == looked_part, choice, reads)
    for kernel in range(gives):
        looked = kernel == chosen
        yield _chip(
            _spread(kernel, gives), below, kernel + 1, "C_out", looked, f"kernel={kernel + 1}", looked
        )
    yield words(WIDTH - 212, above + 12, svg_letter("C_in"), "lc-measure lc-d-cin", text_anchor="end")
    yield words(WIDTH - 212, below + 12, svg_letter("C_out"), "lc-measure lc-d-cout", text_anchor="end")


def _chip(x: float, y: float, value: int, letter: str, looked: bool, choice: str | None, reads: bool) -> str:
    kind = "lc-chip" + (" lc-on" if looked else "") + (" lc-reads" if reads else "")
    return tag(
        "g",
        box(x, y, 16, 16, f"{kind} {dimension_class(letter)}", data_sym=letter),
        words(
            x + 8, y + 12.5, number(value), "lc-digit" + (" lc-on" if looked else ""), text_anchor="middle"
        ),
        data_set=choice,
    )


def _spread(position: int, count: int) -> float:
    """Where one of `count` channels stands from the left."""
    room = 200
    return WIDTH - room - 6 + room * (position + 0.5) / count - 8


def _group_choice(moving: Moving) -> Iterator[str]:
    """The numbers of groups that are possible with these channels, to be touched."""
    given, gives = moving.layer.in_channels, moving.layer.out_channels
    possible = [groups for groups in range(1, given + 1) if given % groups == 0 and gives % groups == 0]
    yield words(2, _STRIP + 30, _("groups"), "lc-under")
    for place, groups in enumerate(possible):
        x, y, chosen = 48 + 22 * place, _STRIP + 16, groups == moving.layer.groups
        yield tag(
            "g",
            box(x, y, 19, 20, "lc-option" + (" lc-on" if chosen else ""), rx=4),
            words(x + 9.5, y + 14.5, number(groups), "lc-digit" + (" lc-on" if chosen else ""),
                  text_anchor="middle"),
            data_set=f"groups={groups}",
        )  # fmt: skip


# ---- small things -------------------------------------------------------------------------------


def _sheets(x: float, y: float, side: float, channels: int) -> Iterator[str]:
    for sheet in range(min(channels, 4) - 1, 0, -1):
        yield box(x + 2.5 * sheet, y - 2.5 * sheet, side, side, "lc-sheet lc-behind")


def _digit(x: float, y: float, cell: float, value: int, kind: str = "") -> str:
    """A number in the middle of a cell; the group that it stands in says how it looks."""
    place = f'x="{x + cell / 2:.1f}" y="{y + cell / 2 + 4:.1f}"'  # written by hand, for there are many
    class_ = f' class="{kind}"' if kind else ""
    return f"<text{class_} {place}>{_signed(value)}</text>"


def _digits(cell: float, content: Iterable[str]) -> str:
    """Numbers in cells of one size."""
    return tag("g", *content, class_="lc-digits-in" + (" lc-small" if cell < 17 else ""))


def _signed(value: int) -> str:
    return number(value) if value >= 0 else f"−{number(-value)}"


def _label(x: float, y: float, letter: str, size: int, other: str) -> str:
    said = f"{svg_letter(letter)} = {svg_letter(other)} = {number(size)}"
    return words(x, y, said, "lc-measure lc-d-h", data_sym=letter)
