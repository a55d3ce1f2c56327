"""Shapes with named axes, and the rules that give the size of an output.

A shape is a tuple without the batch, as in ``(3, 32, 32)``; its class names the axes.
An output-size rule is an object of its own, used by convolution and pooling alike.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import ClassVar, SupportsIndex, cast

from layercost.expression import Number, ceil_div, exact_div


class ShapeError(ValueError):
    """A shape does not fit a layer; `path` names the layer inside its network."""

    def __init__(self, message: str, path: str = "") -> None:
        self.message, self.path = message, path
        super().__init__(f"{path}: {message}" if path else message)

    def within(self, name: str) -> ShapeError:
        """The same error, seen from the network in which the layer is called `name`."""
        return ShapeError(self.message, f"{name}.{self.path}" if self.path else name)


class Shape(tuple[Number, ...]):
    """Sizes along named axes; equal to the plain tuple of its sizes."""

    axes: ClassVar[tuple[str, ...]] = ()
    letters: ClassVar[tuple[str, ...]] = ()
    __slots__ = ()

    def x(self, between: str = "x") -> str:
        """The sizes in one word, as ``3x32x32``."""
        return between.join(str(int(size)) for size in self)

    def __str__(self) -> str:
        return f"({', '.join(str(int(size)) for size in self)}{',' if len(self) == 1 else ''})"


class Features(Shape):
    """A vector of F features."""

    axes, letters = ("F",), ("F",)
    __slots__ = ()


class Tokens(Shape):
    """T tokens."""

    axes, letters = ("T",), ("T",)
    __slots__ = ()


class Sequence(Shape):
    """T steps of F features."""

    axes, letters = ("T", "F"), ("T", "F")
    __slots__ = ()


class Signal(Shape):
    """C channels of L cells."""

    axes, letters = ("C", "L"), ("C", "L")
    __slots__ = ()


class Image(Shape):
    """C channels of H by W."""

    axes, letters = ("C", "H", "W"), ("C", "H", "W")
    __slots__ = ()


class Volume(Shape):
    """C channels of D by H by W."""

    axes, letters = ("C", "D", "H", "W"), ("C", "D", "H", "W")
    __slots__ = ()


class _OneAxis(Features):
    """Plain sizes of one axis: features, until a layer takes them as something else."""

    __slots__ = ()


class _TwoAxes(Sequence):
    """Plain sizes of two axes: steps of features, until a layer takes them as something else."""

    __slots__ = ()


_BY_LENGTH: dict[int, type[Shape]] = {1: _OneAxis, 2: _TwoAxes, 3: Image, 4: Volume}
_GUESSED = frozenset({_OneAxis, _TwoAxes})


LARGEST = 10**18  # more than any machine holds; what is larger is a slip, and would not even print


def whole(owner: str, field: str, value: object, at_least: int = 1) -> int:
    """`value` as a plain integer from `at_least` to `LARGEST`; the error names `owner` and `field`."""
    if type(value) is int and at_least <= value <= LARGEST:
        return value
    number = _plain(value)
    if number is None or number < at_least:
        wanted = f"at least {at_least}"
    elif number > LARGEST:
        wanted = f"at most {LARGEST:,}"
    else:
        return number
    raise ShapeError(f"{owner}: {field} must be a whole number of {wanted}, but got {shown(value)}")


def _plain(value: object) -> int | None:
    """A plain integer for an integer of any kind (numpy's are welcome), None for anything else."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return operator.index(value)
    except TypeError:  # numpy's booleans and arrays have the method and refuse
        return None


def shown(value: object) -> str:
    """`value` as an error shows it: its repr, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python prints
        text = "a number of thousands of digits"
    return text if len(text) <= 80 else f"{text[:60]}... ({len(text):,} characters)"


def checked_sizes(sizes: Iterable[object], owner: str = "input") -> tuple[Number, ...]:
    """A shape as it is, anything else as a tuple of plain sizes; raises ShapeError for what is no shape."""
    if isinstance(sizes, Shape):
        return sizes
    if isinstance(sizes, (str, bytes, Mapping, Set)) or not isinstance(sizes, Iterable):
        raise ShapeError(
            f"{owner}: a shape is a tuple without the batch, as (3, 32, 32) or (300,), but got {shown(sizes)}"
        )
    return tuple(whole(owner, f"axis {place} of the shape", size) for place, size in enumerate(sizes))


def shape_of(sizes: Iterable[object], owner: str = "input") -> Shape:
    """A shape from plain sizes, its axes guessed: (F), (T, F), (C, H, W) or (C, D, H, W).

    A guess of one or two axes gives way to what a layer takes, as (T) of tokens or (C, L).
    Raises ShapeError for sizes that are not positive whole numbers.
    """
    plain = checked_sizes(sizes, owner)
    if isinstance(plain, Shape):
        return plain
    if len(plain) not in _BY_LENGTH:
        raise ShapeError(
            f"{owner}: expected a shape of 1 to 4 axes without the batch, as (3, 32, 32), "
            f"but got {len(plain)} axes: {shown(plain)}"
        )
    return _BY_LENGTH[len(plain)](plain)


def fit(owner: str, sizes: Iterable[object], *expected: type[Shape]) -> Shape:
    """`sizes` as a shape that `owner` takes; raises ShapeError that says what it takes and what came."""
    if type(sizes) in expected:
        return cast(Shape, sizes)
    shape = shape_of(sizes, owner)
    guessed = type(shape) in _GUESSED or not isinstance(sizes, Shape)
    for kind in expected:
        if len(shape) == len(kind.axes) and (guessed or shape.axes == kind.axes):
            return kind(shape)
    named = " or ".join(f"({', '.join(kind.axes)})" for kind in expected)
    if any(len(shape) == len(kind.axes) for kind in expected):
        raise ShapeError(
            f"{owner} takes a shape {named}, but got {shape} with axes ({', '.join(shape.axes)})"
        )
    raise ShapeError(
        f"{owner} takes a shape {named} without the batch, but got {shape}{_hint(shape, expected)}"
    )


def _hint(shape: Shape, expected: tuple[type[Shape], ...]) -> str:
    if len(shape) == max(len(kind.axes) for kind in expected) + 1:
        return "; leave the batch out and pass it as batch=..."
    if expected == (Image,) and len(shape) == 2:
        return f"; a grey image of one channel is (1, {', '.join(str(int(size)) for size in shape)})"
    return ""


def values(shape: Shape) -> Number:
    """How many values a shape holds."""
    total = shape[0]
    for size in shape[1:]:
        total = total * size
    return total


# ---- output sizes ------------------------------------------------------------------------------


def extent(kernel: Number, dilation: Number) -> Number:
    """The cells that a kernel spans: ``dilation (kernel - 1) + 1``."""
    return kernel if isinstance(dilation, int) and dilation == 1 else dilation * (kernel - 1) + 1


@dataclass(frozen=True, slots=True)
class OutputSizeRule:
    """How many windows fit along one axis; `padding` is what is added on each side.

    `source` names where the rule is written down.
    """

    name: str
    source: str

    def size(
        self, n: Number, kernel: Number, stride: Number, padding: Number, dilation: Number = 1
    ) -> Number:
        """The output size along an axis of `n` cells; raises ShapeError where no window fits."""
        raise NotImplementedError


class _Floor(OutputSizeRule):
    __slots__ = ()

    def size(
        self, n: Number, kernel: Number, stride: Number, padding: Number, dilation: Number = 1
    ) -> Number:
        room = n + 2 * padding - extent(kernel, dilation)
        if int(room) < 0:
            raise _too_large(n, kernel, padding, dilation)
        return room // stride + 1


class _Ceil(OutputSizeRule):
    __slots__ = ()

    def size(
        self, n: Number, kernel: Number, stride: Number, padding: Number, dilation: Number = 1
    ) -> Number:
        windows = ceil_div(n + 2 * padding - extent(kernel, dilation), stride) + 1
        if int(windows) < 1:
            raise _too_large(n, kernel, padding, dilation)
        starts_in_right_padding = (int(windows) - 1) * int(stride) >= int(n) + int(padding)
        return windows - 1 if starts_in_right_padding else windows


def _too_large(n: Number, kernel: Number, padding: Number, dilation: Number) -> ShapeError:
    padded, spanned = int(n) + 2 * int(padding), int(extent(kernel, dilation))
    spans = f" (it spans {spanned} cells with dilation {int(dilation)})" if spanned != int(kernel) else ""
    return ShapeError(
        f"a kernel of {int(kernel)}{spans} is larger than the padded input of {padded} cells "
        f"({int(n)} and {int(padding)} on each side); use a smaller kernel or more padding"
    )


FLOOR = _Floor("floor", "PyTorch, torch.nn.Conv2d and MaxPool2d: floor((n + 2p - d(k - 1) - 1) / s + 1)")
CEIL = _Ceil(
    "ceil",
    "PyTorch, ceil_mode=True: the last window may hang over the end by less than a stride, "
    "and is dropped where it would start in the right padding",
)


def window_cells(
    n: Number, kernel: Number, stride: Number, padding: Number, dilation: Number, windows: Number
) -> tuple[tuple[Number, Number], ...]:
    """How many real cells the windows along one axis cover, as pairs of (cells, windows with so many).

    A window that hangs over the border covers fewer than `kernel` cells: padding is not a cell.
    """
    span = int(extent(kernel, dilation))
    first = min(-(-int(padding) // int(stride)), int(windows))  # the first window that starts on a real cell
    end = max(
        first, min((int(n) + int(padding) - span) // int(stride) + 1, int(windows))
    )  # past the last whole one
    if first == 0 and end == int(windows):
        return ((kernel, windows),)
    starts = (index * int(stride) - int(padding) for index in (*range(first), *range(end, int(windows))))
    found = Counter(_cells_from(start, int(n), int(kernel), int(dilation)) for start in starts)
    found[int(kernel)] += end - first
    pairs = sorted(found.items(), reverse=True)  # a window on padding alone reads no cell and is left out
    return tuple((kernel if cells == int(kernel) else cells, many) for cells, many in pairs if cells and many)


def adaptive_cells(n: Number, windows: Number) -> tuple[tuple[Number, Number], ...]:
    """The same for windows spread over `n` cells, which may overlap (PyTorch's adaptive pooling).

    Window j covers the cells from ``floor(j n / windows)`` up to ``ceil((j + 1) n / windows)``.
    """
    cells, many = int(n), int(windows)
    if cells % many == 0:
        return ((exact_div(n, windows), windows),)
    starts = ((j * cells // many, -(-(j + 1) * cells // many)) for j in range(many))
    found = Counter(past - start for start, past in starts)
    return tuple(sorted(found.items(), reverse=True))


def _cells_from(start: int, n: int, kernel: int, dilation: int) -> int:
    """The real cells under a window that begins at `start`: those from 0 to n - 1."""
    first = max(0, -(start // dilation))
    past = min(kernel, -((start - n) // dilation))
    return max(0, past - first)
