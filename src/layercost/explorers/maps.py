"""The pictures of a convolutional network: its maps in a row, and one layer's window sliding over a map."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layercost.explorers.markup import box, dimension_class, drawing, grid, squares, svg_letter, words
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

Size = tuple[int, ...]

# ---- the whole network --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of the pipeline: a layer's name and the shape that it gives, now and in the last setting."""

    name: str
    shape: Size
    before: Size | None
    choice: str  # what a touch on it asks for, as "layer=conv1 (C1)"; empty for the input
    letters: tuple[str, ...] = ()  # of its axes, where it goes into or comes out of the layer looked at
    chosen: bool = False  # whether it comes out of the layer looked at


_TILE = 64
_MOST_SHEETS = 6


def pipeline(stages: Sequence[Stage]) -> str:
    """Every stage with its maps drawn to one scale, its name and its size."""
    sides = [size for stage in stages for shape in (stage.shape, stage.before) if shape and len(shape) == 3
             for size in shape[1:]]  # fmt: skip
    scale = (_TILE - 2 * _MOST_SHEETS - 4) / max(sides)
    items = "".join(_stage(stage, scale) for stage in stages)
    return tag("ol", items, class_="lc-pipeline", aria_label=_("the network, from its input to its output"))


def _stage(stage: Stage, scale: float) -> str:
    drawn = (
        _sheets(stage.shape, stage.before, scale)
        if len(stage.shape) == 3
        else _strip(stage.shape, stage.before)
    )
    classes = "lc-stage" + (" lc-chosen" if stage.chosen else "")
    return tag(
        "li",
        tag("svg", *drawn, class_="lc-stage-maps", viewBox=f"0 0 {_TILE} {_TILE}", aria_hidden="true"),
        tag("span", escaped(stage.name), class_="lc-stage-name"),
        tag("span", _sizes(stage.shape, stage.letters), class_="lc-stage-size"),
        class_=classes, data_set=stage.choice or None,
        aria_current="true" if stage.chosen else None,
    )  # fmt: skip


def _sheets(shape: Size, before: Size | None, scale: float) -> Iterator[str]:
    """Maps behind each other: as many sheets as there are channels, up to a few."""
    channels, height, width = shape
    sheets = min(channels, _MOST_SHEETS)
    across, down = max(width * scale, 3), max(height * scale, 3)
    left = (_TILE - across - 2 * (sheets - 1)) / 2
    top = (_TILE - down + 2 * (sheets - 1)) / 2
    for sheet in range(sheets - 1, -1, -1):
        yield box(left + 2 * sheet, top - 2 * sheet, across, down, "lc-sheet")
    if before is not None and len(before) == 3 and before[1:] != shape[1:]:
        yield box(
            left, top + down - before[1] * scale, before[2] * scale, before[1] * scale, "lc-ghost-outline"
        )


def _strip(shape: Size, before: Size | None) -> Iterator[str]:
    """A vector as a narrow strip; longer vectors are taller, not to scale."""
    height = _strip_height(shape[-1])
    yield box(_TILE / 2 - 4, (_TILE - height) / 2, 8, height, "lc-sheet")
    if before is not None and len(before) == 1 and before != shape:
        height = _strip_height(before[-1])
        yield box(_TILE / 2 - 6, (_TILE - height) / 2, 12, height, "lc-ghost-outline")


def _strip_height(size: int) -> float:
    return min(12 + 6 * size.bit_length(), _TILE - 4)


def _sizes(shape: Size, letters: tuple[str, ...]) -> str:
    if len(letters) != len(shape):
        return "×".join(map(number, shape))
    return "×".join(
        tag("span", number(size), class_=f"lc-num {dimension_class(letter)}", data_sym=letter)
        for size, letter in zip(shape, letters, strict=True)
    )


# ---- one layer: a window slides -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slide:
    """A window over maps of `input_shape`, giving maps of `output_shape`; `position` counts places from 1.

    `letters` are those of the axes of input and output.
    """

    input_shape: Size
    output_shape: Size
    kernel: tuple[int, int]
    stride: tuple[int, int]
    letters: tuple[tuple[str, ...], tuple[str, ...]]
    position: int

    @property
    def places(self) -> int:
        """How many places the window takes."""
        return self.output_shape[1] * self.output_shape[2]

    @property
    def place(self) -> tuple[int, int]:
        """Row and column of the output that is being computed, from 0."""
        return divmod(self.position - 1, self.output_shape[2])


WIDTH, HEIGHT = 392, 216
_LEFT, _TOP = 34, 42
_ROOM = 144  # for the height and width of a map


def slide_picture(slide: Slide, texts: str) -> str:
    """Input maps at the left with the window on them; output maps at the right, filled so far."""
    cell = min(_ROOM / max(slide.input_shape[1:]), 24.0)
    row, column = slide.place
    says = _(
        "A window of {k} by {k2} cells at row {row}, column {column} of a map of {h} by {w}; "
        "{done} of {places} places. {texts}",
        k=slide.kernel[0], k2=slide.kernel[1],
        row=row * slide.stride[0] + 1, column=column * slide.stride[1] + 1,
        h=slide.input_shape[1], w=slide.input_shape[2], done=slide.position, places=slide.places, texts=texts,
    )  # fmt: skip
    given = _Maps(slide.input_shape, _LEFT, _TOP, cell, slide.letters[0])
    gives = _Maps(slide.output_shape, WIDTH - _ROOM - 40, _TOP, cell, slide.letters[1], height_at_right=True)
    return drawing("lc-slide", WIDTH, HEIGHT, says, *given.content(), *_window(slide, given),
                   *gives.content(), *_filled(slide, gives), *_rays(slide, given, gives))  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Maps:
    """Where a stack of maps stands, with the size of a cell and the letters of its axes."""

    shape: Size
    left: float
    top: float
    cell: float
    letters: tuple[str, ...]
    height_at_right: bool = False

    @property
    def width(self) -> float:
        return self.shape[2] * self.cell

    @property
    def height(self) -> float:
        return self.shape[1] * self.cell

    def at(self, row: float, column: float) -> tuple[float, float]:
        return self.left + column * self.cell, self.top + row * self.cell

    def content(self) -> Iterator[str]:
        for sheet in range(min(self.shape[0], 4) - 1, 0, -1):
            yield box(
                self.left + 3 * sheet, self.top - 3 * sheet, self.width, self.height, "lc-sheet lc-behind"
            )
        yield box(self.left, self.top, self.width, self.height, "lc-sheet")
        yield grid(self.left, self.top, self.shape[2], self.shape[1], self.cell)
        yield from self._brackets()

    def _brackets(self) -> Iterator[str]:
        channels, height, width = self.letters
        y, side = self.top + self.height / 2, 1 if self.height_at_right else -1
        edge = (
            self.left
            + (self.width + 3 * (min(self.shape[0], 4) - 1) if self.height_at_right else 0)
            + 3 * side
        )
        text_x = edge + (20 if self.height_at_right else -10)
        said = f"{svg_letter(height)} = {number(self.shape[1])}"
        yield tag("g", words(text_x, y, said, "lc-measure", text_anchor="middle",
                             transform=f"rotate(-90 {text_x:.1f} {y:.1f})"),
                  tag("path", d=f"M{edge:.1f} {self.top:.1f}h{4 * side}v{self.height:.1f}h{-4 * side}"),
                  class_="lc-bracket lc-d-h", data_sym=height)  # fmt: skip
        x, y = self.left + self.width / 2, self.top + self.height
        said = f"{svg_letter(width)} = {number(self.shape[2])}"
        yield tag("g", words(x, y + 22, said, "lc-measure", text_anchor="middle"),
                  tag("path", d=f"M{self.left:.1f} {y + 3:.1f}v4h{self.width:.1f}v-4"),
                  class_="lc-bracket lc-d-w", data_sym=width)  # fmt: skip
        said = f"{svg_letter(channels)} = {number(self.shape[0])}"
        yield words(
            self.left, self.top - 18, said, f"lc-measure {dimension_class(channels)}", data_sym=channels
        )


def _window(slide: Slide, maps: _Maps) -> Iterator[str]:
    row, column = slide.place
    x, y = maps.at(row * slide.stride[0], column * slide.stride[1])
    height, width = (size * maps.cell for size in slide.kernel)
    yield box(x, y, width, height, "lc-cell lc-d-k lc-window", data_sym="k")


def _filled(slide: Slide, maps: _Maps) -> Iterator[str]:
    """The places that are known: whole rows, the begun row, and the newest cell."""
    row, column = slide.place
    x, y = maps.at(0, 0)
    if row:
        yield box(x, y, maps.width, row * maps.cell, "lc-known")
    if column:
        yield box(x, y + row * maps.cell, column * maps.cell, maps.cell, "lc-known")
    newest = maps.at(row, column)
    yield squares([newest], maps.cell, f"lc-newest {dimension_class(maps.letters[0])}")


def _rays(slide: Slide, given: _Maps, gives: _Maps) -> Iterator[str]:
    """From the window to the one cell that it gives."""
    row, column = slide.place
    top, left = row * slide.stride[0], column * slide.stride[1]
    target_x, target_y = gives.at(row + 0.5, column)
    for corner in (top, top + slide.kernel[0]):
        x, y = given.at(corner, left + slide.kernel[1])
        yield tag("path", class_="lc-ray", d=f"M{x:.1f} {y:.1f}L{target_x:.1f} {target_y:.1f}")
