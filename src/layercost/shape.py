"""Shapes with named axes, and the rules that give the size of an output.

A shape is a tuple without the batch, as in ``(3, 32, 32)``; its class names the axes.
An output-size rule is an object of its own, used by convolution and pooling alike.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, TypeVar

from layercost.expression import Number, ceil_div


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

    def __str__(self) -> str:
        return f"({', '.join(str(int(size)) for size in self)}{',' if len(self) == 1 else ''})"


class Features(Shape):
    """A vector of F features."""

    axes, letters = ("F",), ("d",)
    __slots__ = ()


class Sequence(Shape):
    """T steps of F features."""

    axes, letters = ("T", "F"), ("T", "d")
    __slots__ = ()


class Image(Shape):
    """C channels of H by W."""

    axes, letters = ("C", "H", "W"), ("C", "H", "W")
    __slots__ = ()


class Volume(Shape):
    """C channels of D by H by W."""

    axes, letters = ("C", "D", "H", "W"), ("C", "D", "H", "W")
    __slots__ = ()


_BY_LENGTH: dict[int, type[Shape]] = {1: Features, 2: Sequence, 3: Image, 4: Volume}
S = TypeVar("S", bound=Shape)


def whole(owner: str, field: str, value: object, at_least: int = 1) -> int:
    """`value` as a plain integer of at least `at_least`; the error names `owner` and `field`."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= at_least:
        return value
    index = getattr(type(value), "__index__", None)  # numpy's integers are welcome, and become plain
    if index is not None and not isinstance(value, bool) and (number := int(index(value))) >= at_least:
        return number
    raise ShapeError(f"{owner}: {field} must be a whole number of at least {at_least}, but got {value!r}")


def shape_of(sizes: Iterable[object], owner: str = "input") -> Shape:
    """A shape from plain sizes, its axes guessed from how many there are: (F), (T, F), (C, H, W), (C, D, H, W).

    Raises ShapeError for sizes that are not positive whole numbers.
    """
    if isinstance(sizes, Shape):
        return sizes
    if isinstance(sizes, (int, str)) or not isinstance(sizes, Iterable):
        raise ShapeError(
            f"{owner}: a shape is a tuple without the batch, as (3, 32, 32) or (300,), but got {sizes!r}"
        )
    plain = tuple(whole(owner, f"axis {position} of the shape", size) for position, size in enumerate(sizes))
    if len(plain) not in _BY_LENGTH:
        raise ShapeError(
            f"{owner}: expected a shape of 1 to 4 axes without the batch, as (3, 32, 32), "
            f"but got {len(plain)} axes: {plain}"
        )
    return _BY_LENGTH[len(plain)](plain)


def fit(owner: str, sizes: Iterable[object], expected: type[S]) -> S:
    """`sizes` as the shape that `owner` takes; raises ShapeError that says what it takes and what came."""
    if type(sizes) is expected:
        return sizes
    shape = shape_of(sizes, owner)
    named = f"({', '.join(expected.axes)})"
    if len(shape) != len(expected.axes):
        raise ShapeError(f"{owner} takes a shape {named} without the batch, but got {shape}{_hint(shape, expected)}")
    if isinstance(sizes, Shape) and shape.axes != expected.axes:
        raise ShapeError(f"{owner} takes a shape {named}, but got {shape} with axes ({', '.join(shape.axes)})")
    return expected(shape)


def _hint(shape: Shape, expected: type[Shape]) -> str:
    if len(shape) == len(expected.axes) + 1:
        return "; leave the batch out and pass it as batch=..."
    if expected is Image and len(shape) == 2:
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

    def size(self, n: Number, kernel: Number, stride: Number, padding: Number, dilation: Number = 1) -> Number:
        """The output size along an axis of `n` cells; raises ShapeError where no window fits."""
        raise NotImplementedError

    def _room(self, n: Number, kernel: Number, padding: Number, dilation: Number) -> Number:
        room = n + 2 * padding - extent(kernel, dilation)
        if int(room) < 0:
            padded, needed = int(n) + 2 * int(padding), int(extent(kernel, dilation))
            spans = f" (it spans {needed} cells with dilation {int(dilation)})" if needed != int(kernel) else ""
            raise ShapeError(
                f"a kernel of {int(kernel)}{spans} is larger than the padded input of {padded} cells "
                f"({int(n)} and {int(padding)} on each side); use a smaller kernel or more padding"
            )
        return room


class _Floor(OutputSizeRule):
    __slots__ = ()

    def size(self, n: Number, kernel: Number, stride: Number, padding: Number, dilation: Number = 1) -> Number:
        return self._room(n, kernel, padding, dilation) // stride + 1


class _Ceil(OutputSizeRule):
    __slots__ = ()

    def size(self, n: Number, kernel: Number, stride: Number, padding: Number, dilation: Number = 1) -> Number:
        windows = ceil_div(self._room(n, kernel, padding, dilation), stride) + 1
        starts_in_right_padding = (int(windows) - 1) * int(stride) >= int(n) + int(padding)
        return windows - 1 if starts_in_right_padding else windows


FLOOR = _Floor("floor", "PyTorch, torch.nn.Conv2d and MaxPool2d: floor((n + 2p - d(k - 1) - 1) / s + 1)")
CEIL = _Ceil("ceil", "PyTorch, ceil_mode=True: a last window that would start in the right padding is dropped")


def window_cells(
    n: Number, kernel: Number, stride: Number, padding: Number, dilation: Number, windows: Number
) -> tuple[tuple[Number, Number], ...]:
    """How many real cells the windows along one axis cover, as pairs of (cells, windows with so many).

    A window that hangs over the border covers fewer than `kernel` cells: padding is not a cell.
    """
    last_end = (int(windows) - 1) * int(stride) + int(extent(kernel, dilation))
    if int(padding) == 0 and last_end <= int(n):
        return ((kernel, windows),)
    starts = range(-int(padding), int(windows) * int(stride) - int(padding), int(stride))
    found = Counter(_cells_from(start, int(n), int(kernel), int(dilation)) for start in starts)
    return tuple(sorted(found.items(), reverse=True))


def _cells_from(start: int, n: int, kernel: int, dilation: int) -> int:
    if start >= 0 and start + dilation * (kernel - 1) < n:
        return kernel
    return sum(0 <= start + step * dilation < n for step in range(kernel))
