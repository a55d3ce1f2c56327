"""Shapes with named axes, and the rules that give the size of an output.

A shape is a tuple without the batch, as in ``(3, 32, 32)``; its class names the axes.
An output-size rule is an object of its own, used by convolution and pooling alike.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from typing import ClassVar, NamedTuple, SupportsIndex, TypeAlias, cast

from layercost.expression import Expression, Number, add, ceil_div, exact_div, maximum
from layercost.message import Message, Words, clauses, either


class ShapeError(ValueError):
    """A shape does not fit a layer; `path` names the layer inside its network."""

    def __init__(self, message: Words, path: str = "") -> None:
        self.message, self.path = message, path
        super().__init__(Message("{path}: {message}", path=path, message=message) if path else message)

    def __reduce__(self) -> tuple[type[ShapeError], tuple[Words, str]]:
        return type(self), (self.message, self.path)

    def within(self, name: str) -> ShapeError:
        """The same error, seen from the network in which the layer is called `name`."""
        if name.startswith("~"):  # a graph inside of a model, which has no name of its own
            return self
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


class Scalar(Shape):
    """One single value for each sample; only models that were read from elsewhere have such shapes."""

    __slots__ = ()


MOST_AXES = 12  # no model that we have met has more


def _unnamed(length: int) -> type[Shape]:
    """A shape of so many axes that have no names of their own: A1, A2, ..."""
    names = tuple(f"A{place}" for place in range(1, length + 1))
    return type(f"Axes{length}", (Shape,), {"axes": names, "letters": names, "__slots__": ()})


_BY_LENGTH: dict[int, type[Shape]] = {
    1: _OneAxis,
    2: _TwoAxes,
    3: Image,
    4: Volume,
    **{length: _unnamed(length) for length in range(5, MOST_AXES + 1)},
}
_GUESSED = frozenset({_OneAxis, _TwoAxes})


INPUT = Message("input")
LARGEST = 10**18  # more than any machine holds: a larger number is a slip, and may be too long to print


def whole(owner: Words, field: Words, value: object, at_least: int = 1) -> int:
    """`value` as a plain integer from `at_least` to `LARGEST`; the error names `owner` and `field`."""
    if type(value) is int and at_least <= value <= LARGEST:
        return value
    number = _plain(value)
    said = {"owner": owner, "field": field, "value": shown(value)}
    if number is None or number < at_least:
        raise ShapeError(
            Message(
                "{owner}: {field} must be a whole number of at least {least}, but got {value}",
                least=at_least,
                **said,
            )
        )
    if number > LARGEST:
        raise ShapeError(
            Message(
                "{owner}: {field} must be a whole number of at most {most:,}, but got {value}",
                most=LARGEST,
                **said,
            )
        )
    return number


def _plain(value: object) -> int | None:
    """A plain integer for an integer of any kind (numpy's are welcome), None for anything else."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        return None
    try:
        return operator.index(value)
    except TypeError:  # numpy's booleans and arrays have __index__, which raises
        return None


def shown(value: object) -> Words:
    """`value` as an error shows it: its repr, cut where it is long."""
    try:
        text = repr(value)
    except ValueError:  # an integer of more digits than Python prints
        return Message("a number of thousands of digits")
    if len(text) <= 80:
        return text
    return Message("{beginning}... ({length:,} characters)", beginning=text[:60], length=len(text))


def checked_sizes(sizes: Iterable[object], owner: Words = INPUT) -> tuple[Number, ...]:
    """A shape as it is, anything else as a tuple of plain sizes; raises ShapeError for what is no shape."""
    if isinstance(sizes, Shape):
        return sizes
    if isinstance(sizes, (str, bytes, Mapping, Set)) or not isinstance(sizes, Iterable):
        raise ShapeError(
            Message(
                "{owner}: a shape is a tuple without the batch, as (3, 32, 32) or (300,), but got {sizes}",
                owner=owner,
                sizes=shown(sizes),
            )
        )
    return tuple(
        whole(owner, Message("axis {place} of the shape", place=place), size)
        for place, size in enumerate(sizes)
    )


def seen_shape(sizes: tuple[int, ...], owner: str) -> Shape:
    """A shape that was seen in a model, where a sample may be a single value: ``()``."""
    return shape_of(sizes, owner) if sizes else Scalar()


def shape_wanted(who: Message) -> ShapeError:
    """The error of whoever needs the input's shape and was given none."""
    return ShapeError(
        Message("{who} needs the input's shape without the batch; pass it, as (3, 32, 32)", who=who)
    )


def several(given: Iterable[object]) -> tuple[Iterable[object], ...]:
    """One shape as the only one, several shapes as they are: ``(3, 32, 32)`` or ``((12, 64), (64, 12))``."""
    if isinstance(given, (tuple, list)) and given and all(isinstance(one, (tuple, list)) for one in given):
        return tuple(cast("Iterable[Iterable[object]]", given))
    return (given,)


def shape_of(sizes: Iterable[object], owner: Words = INPUT) -> Shape:
    """A shape from plain sizes, its axes guessed: (F), (T, F), (C, H, W) or (C, D, H, W); more have no names.

    A guess of one or two axes gives way to what a layer takes, as (T) of tokens or (C, L).
    Raises ShapeError for sizes that are not positive whole numbers.
    """
    plain = checked_sizes(sizes, owner)
    if isinstance(plain, Shape):
        return plain
    if len(plain) not in _BY_LENGTH:
        raise ShapeError(
            Message(
                "{owner}: expected a shape of 1 to {most} axes without the batch, as (3, 32, 32), "
                "but got {count} axes: {plain}",
                owner=owner,
                most=MOST_AXES,
                count=len(plain),
                plain=shown(plain),
            )
        )
    return _BY_LENGTH[len(plain)](plain)


Inputs: TypeAlias = "Shape | tuple[Shape, ...]"  # what a layer reads: one shape, or a join's several


def inputs_of(given: Iterable[object]) -> Inputs:
    """One shape from ``(3, 32, 32)``, or several from ``((12, 64), (64, 12))``; raises ShapeError."""
    shapes = tuple(map(shape_of, several(given)))
    return shapes[0] if len(shapes) == 1 else shapes


def fit(owner: str, sizes: Iterable[object], *expected: type[Shape]) -> Shape:
    """`sizes` as a shape that `owner` takes; raises ShapeError that says what it takes and what came."""
    if type(sizes) in expected:
        return cast(Shape, sizes)
    shape = shape_of(sizes, owner)
    guessed = type(shape) in _GUESSED or not isinstance(sizes, Shape)
    for kind in expected:
        if len(shape) == len(kind.axes) and (guessed or shape.axes == kind.axes):
            return kind(shape)
    said = {"owner": owner, "expected": either(f"({', '.join(kind.axes)})" for kind in expected)}
    if any(len(shape) == len(kind.axes) for kind in expected):
        raise ShapeError(
            Message(
                "{owner} takes a shape {expected}, but got {shape} with axes ({axes})",
                shape=str(shape), axes=", ".join(shape.axes), **said,
            )
        )  # fmt: skip
    refused = Message(
        "{owner} takes a shape {expected} without the batch, but got {shape}", shape=str(shape), **said
    )
    raise ShapeError(clauses([refused, _hint(shape, expected)]))


def _hint(shape: Shape, expected: tuple[type[Shape], ...]) -> Words:
    if len(shape) == max(len(kind.axes) for kind in expected) + 1:
        return Message("leave the batch out and pass it as batch=...")
    if expected == (Image,) and len(shape) == 2:
        sizes = ", ".join(str(int(size)) for size in shape)
        return Message("a grey image of one channel is (1, {sizes})", sizes=sizes)
    return ""


def values(shape: Shape) -> Number:
    """How many values a shape holds."""
    if len(shape) == 3:  # most shapes have three axes
        return shape[0] * shape[1] * shape[2]
    if not shape:  # one value a sample
        return 1
    total = shape[0]
    for size in shape[1:]:
        total = total * size
    return total


# ---- output sizes ------------------------------------------------------------------------------


def extent(kernel: Number, dilation: Number) -> Number:
    """The cells that a kernel spans: ``dilation (kernel - 1) + 1``."""
    return kernel if isinstance(dilation, int) and dilation == 1 else dilation * (kernel - 1) + 1


Padding: TypeAlias = "Number | tuple[Number, Number]"  # as much on each side, or before and after


def both(padding: Padding) -> Number:
    """The cells of padding on both sides together."""
    return padding[0] + padding[1] if isinstance(padding, tuple) else 2 * padding


def each_side(padding: Padding) -> tuple[Number, Number]:
    """The cells of padding before and after."""
    return padding if isinstance(padding, tuple) else (padding, padding)


@dataclass(frozen=True, slots=True)
class OutputSizeRule:
    """How many windows stand along one axis, and how much padding they find on each side of it.

    `source` names where the rule is written down. A rule that `finds_padding` is given none.
    """

    name: str
    source: Message

    finds_padding: ClassVar[bool] = False

    def size(
        self, n: Number, kernel: Number, stride: Number, padding: Padding = 0, dilation: Number = 1
    ) -> Number:
        """The output size along an axis of `n` cells; raises ShapeError where no window fits."""
        raise NotImplementedError

    def sides(
        self, n: Number, kernel: Number, stride: Number, padding: Padding = 0, dilation: Number = 1
    ) -> tuple[Number, Number]:
        """The cells of padding before and after the axis."""
        return each_side(padding)

    def _refuse(self, padding: Padding) -> None:
        if int(both(padding)):
            raise ShapeError(Message("{name} finds its padding itself; leave padding at 0", name=self.name))


class _Floor(OutputSizeRule):
    __slots__ = ()

    def size(
        self, n: Number, kernel: Number, stride: Number, padding: Padding = 0, dilation: Number = 1
    ) -> Number:
        room = n + both(padding) - extent(kernel, dilation)
        if int(room) < 0:
            raise _too_large(n, kernel, padding, dilation)
        return room // stride + 1


class Ceil(OutputSizeRule):
    """Rounds up: a last window may hang over the end, but one that would read no cell is dropped."""

    __slots__ = ()

    def size(
        self, n: Number, kernel: Number, stride: Number, padding: Padding = 0, dilation: Number = 1
    ) -> Number:
        if int(self.spare(kernel, padding, dilation)) < 1:
            raise ShapeError(
                Message(
                    "{name} needs less padding than the {spanned} cells that the kernel spans, but got "
                    "{each_side}",
                    name=self.name,
                    spanned=int(extent(kernel, dilation)),
                    each_side=int(each_side(padding)[1]),
                )
            )
        steps = self._steps(n, kernel, stride, padding, dilation)
        if int(steps) < 0:
            raise _too_large(n, kernel, padding, dilation)
        past = int(self.past(n, kernel, stride, padding, dilation))
        return steps if past >= 0 and self.clips(padding) else steps + 1

    def spare(self, kernel: Number, padding: Padding, dilation: Number = 1) -> Number:
        """How many more cells the kernel spans than there are of padding after the axis: one at least."""
        return extent(kernel, dilation) - each_side(padding)[1]

    def past(
        self, n: Number, kernel: Number, stride: Number, padding: Padding = 0, dilation: Number = 1
    ) -> Number:
        """How far behind the axis the last window would start; from 0 on it reads no cell."""
        return self._steps(n, kernel, stride, padding, dilation) * stride - each_side(padding)[0] - n

    def clips(self, padding: Padding) -> bool:
        """Whether a last window that would start past the last cell is dropped."""
        return True

    def _steps(self, n: Number, kernel: Number, stride: Number, padding: Padding, dilation: Number) -> Number:
        return ceil_div(n + both(padding) - extent(kernel, dilation), stride)


class _CaffePooling(Ceil):
    __slots__ = ()

    def clips(self, padding: Padding) -> bool:
        return int(both(padding)) > 0


class _Same(OutputSizeRule):
    __slots__ = ()

    finds_padding = True

    def size(
        self, n: Number, kernel: Number, stride: Number, padding: Padding = 0, dilation: Number = 1
    ) -> Number:
        self._refuse(padding)
        return ceil_div(n, stride)

    def sides(
        self, n: Number, kernel: Number, stride: Number, padding: Padding = 0, dilation: Number = 1
    ) -> tuple[Number, Number]:
        windows = self.size(n, kernel, stride, padding, dilation)
        missing = max((int(windows) - 1) * int(stride) + int(extent(kernel, dilation)) - int(n), 0)
        return self._split(missing // 2, missing - missing // 2)

    def _split(self, less: int, more: int) -> tuple[int, int]:
        """The padding before and after; the odd cell goes to the end."""
        return less, more


class _SameLower(_Same):
    __slots__ = ()

    def _split(self, less: int, more: int) -> tuple[int, int]:
        return more, less


class _Valid(OutputSizeRule):
    __slots__ = ()

    finds_padding = True

    def size(
        self, n: Number, kernel: Number, stride: Number, padding: Padding = 0, dilation: Number = 1
    ) -> Number:
        self._refuse(padding)
        room = n - extent(kernel, dilation) + 1
        if int(room) < 1:
            raise _too_large(n, kernel, padding, dilation)
        return ceil_div(room, stride)


def _too_large(n: Number, kernel: Number, padding: Padding, dilation: Number) -> ShapeError:
    padded, spanned = int(n) + int(both(padding)), int(extent(kernel, dilation))
    before, after = map(int, each_side(padding))
    if before == after:
        beside = Message("{before} on each side", before=before)
    else:
        beside = Message("{before} before and {after} after", before=before, after=after)
    said = {"kernel": int(kernel), "padded": padded, "cells": int(n), "beside": beside}
    if spanned == int(kernel):
        return ShapeError(
            Message(
                "a kernel of {kernel} is larger than the padded input, {padded} (input: {cells}; "
                "padding: {beside}); use a smaller kernel or more padding",
                **said,
            )
        )
    return ShapeError(
        Message(
            "a kernel of {kernel} (it spans {spanned} cells with dilation {dilation}) is larger than the "
            "padded input, {padded} (input: {cells}; padding: {beside}); use a smaller kernel or more "
            "padding",
            spanned=spanned, dilation=int(dilation), **said,
        )
    )  # fmt: skip


FLOOR = _Floor(
    "floor", Message("PyTorch, torch.nn.Conv2d and MaxPool2d: floor((n + 2p - d(k - 1) - 1) / s + 1)")
)
CEIL = Ceil(
    "ceil",
    Message(
        "PyTorch, ceil_mode=True: the last window may hang over the end by less than a stride, and is "
        "dropped where it would start in the right padding"
    ),
)
CAFFE_CONVOLUTION = _Floor(
    "caffe-convolution", Message("Caffe, conv_layer.cpp: integer division, which rounds down")
)
CAFFE_POOLING = _CaffePooling(
    "caffe-pooling",
    Message(
        "Caffe, pooling_layer.cpp: rounded up; a last window that would start past the input is dropped "
        "where there is padding, and kept, empty, where there is none"
    ),
)
TF_SAME = _Same(
    "tensorflow-same",
    Message(
        "TensorFlow, padding SAME: ceil(n / s); the padding that this takes is split, the odd cell at the end"
    ),
)
TF_VALID = _Valid(
    "tensorflow-valid", Message("TensorFlow, padding VALID: ceil((n - d(k - 1)) / s), no padding")
)
ONNX_NOTSET = _Floor("onnx-notset", Message("ONNX, auto_pad NOTSET: the padding is given; floor, as PyTorch"))
ONNX_CEIL = Ceil("onnx-ceil", Message("ONNX, auto_pad NOTSET with ceil_mode=1: as PyTorch's ceil_mode"))
ONNX_SAME_UPPER = _Same(
    "onnx-same-upper", Message("ONNX, auto_pad SAME_UPPER: ceil(n / s), the odd cell at the end")
)
ONNX_SAME_LOWER = _SameLower(
    "onnx-same-lower", Message("ONNX, auto_pad SAME_LOWER: ceil(n / s), the odd cell at the beginning")
)
ONNX_VALID = _Valid("onnx-valid", Message("ONNX, auto_pad VALID: ceil((n - d(k - 1)) / s), no padding"))

OUTPUT_SIZE_RULES: dict[str, OutputSizeRule] = {
    rule.name: rule
    for rule in (
        FLOOR, CEIL, CAFFE_CONVOLUTION, CAFFE_POOLING, TF_SAME, TF_VALID,
        ONNX_NOTSET, ONNX_CEIL, ONNX_SAME_UPPER, ONNX_SAME_LOWER, ONNX_VALID,
    )
}  # fmt: skip


class OutputSize(NamedTuple):
    """What one rule says of one axis: the output's size, the padding, the cells at the end that nobody reads.

    `size` is None where no window fits, and `refusal` then says why.
    """

    rule: str
    size: int | None
    before: int = 0
    after: int = 0
    unread: int = 0
    refusal: Words = ""


def compare_output_sizes(
    n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> tuple[OutputSize, ...]:
    """What each of `OUTPUT_SIZE_RULES` makes of an axis of `n` cells, side by side.

    `padding` is given to the rules that do not find it themselves. Raises ShapeError for what is no size.

    >>> {row.rule: row.size for row in compare_output_sizes(112, 3, stride=2)}["caffe-pooling"]
    56
    """
    _check_sizes("compare_output_sizes", padding, n=n, kernel=kernel, stride=stride, dilation=dilation)
    return tuple(
        _output_size(rule, n, kernel, stride, 0 if rule.finds_padding else padding, dilation)
        for rule in OUTPUT_SIZE_RULES.values()
    )


def _check_sizes(owner: str, padding: int, **sizes: int) -> None:
    for name, value in sizes.items():
        whole(owner, name, value)
    whole(owner, "padding", padding, 0)


def _output_size(
    rule: OutputSizeRule, n: int, kernel: int, stride: int, padding: int, dilation: int
) -> OutputSize:
    try:
        size = int(rule.size(n, kernel, stride, padding, dilation))
    except ShapeError as error:
        return OutputSize(rule.name, None, refusal=error.message)
    before, after = map(int, rule.sides(n, kernel, stride, padding, dilation))
    end = (size - 1) * stride + int(extent(kernel, dilation)) - before
    return OutputSize(rule.name, size, before, after, max(0, n - end))


# ---- sizes of transposed convolutions ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TransposedSizeRule:
    """The output size of a transposed convolution along one axis; `source` says where that is written."""

    name: str
    source: Message

    def size(
        self,
        n: Number,
        kernel: Number,
        stride: Number,
        padding: Number = 0,
        dilation: Number = 1,
        output_padding: Number = 0,
    ) -> Number:
        """The output size for `n` cells; raises ShapeError where nothing would be left."""
        raise NotImplementedError


class _Transposed(TransposedSizeRule):
    __slots__ = ()

    def size(
        self,
        n: Number,
        kernel: Number,
        stride: Number,
        padding: Number = 0,
        dilation: Number = 1,
        output_padding: Number = 0,
    ) -> Number:
        canvas = (n - 1) * stride + extent(kernel, dilation)
        padded = isinstance(padding, Expression) or padding > 0
        size = add(canvas - 2 * padding if padded else canvas, output_padding)
        if int(size) < 1:
            raise ShapeError(
                Message(
                    "a padding of {padding} on each side crops all of the {canvas} cells that a kernel "
                    "of {kernel} makes of {n}; use less padding",
                    padding=int(padding),
                    canvas=int(canvas),
                    kernel=int(kernel),
                    n=int(n),
                )
            )
        return size


class _TransposedSame(TransposedSizeRule):
    __slots__ = ()

    def size(
        self,
        n: Number,
        kernel: Number,
        stride: Number,
        padding: Number = 0,
        dilation: Number = 1,
        output_padding: Number = 0,
    ) -> Number:
        return n * stride


class _TransposedValid(TransposedSizeRule):
    __slots__ = ()

    def size(
        self,
        n: Number,
        kernel: Number,
        stride: Number,
        padding: Number = 0,
        dilation: Number = 1,
        output_padding: Number = 0,
    ) -> Number:
        return n * stride + maximum(extent(kernel, dilation) - stride, 0)


class _TransposedRuntime(TransposedSizeRule):
    __slots__ = ()

    def size(
        self,
        n: Number,
        kernel: Number,
        stride: Number,
        padding: Number = 0,
        dilation: Number = 1,
        output_padding: Number = 0,
    ) -> Number:
        spanned = extent(kernel, dilation)
        return n * stride if int(spanned) >= int(stride) else (n - 1) * stride + spanned


TRANSPOSED = _Transposed(
    "transposed", Message("PyTorch, torch.nn.ConvTranspose2d: (n - 1) s - 2p + d(k - 1) + output_padding + 1")
)
KERAS_TRANSPOSED_SAME = _TransposedSame("keras-transposed-same", Message("Keras, Conv2DTranspose, same: n s"))
KERAS_TRANSPOSED_VALID = _TransposedValid(
    "keras-transposed-valid", Message("Keras, Conv2DTranspose, valid: n s + max(k - s, 0)")
)
ONNX_TRANSPOSED_SAME = _TransposedRuntime(
    "onnx-transposed-same",
    Message("onnxruntime, ConvTranspose with auto_pad SAME: n s, or (n - 1) s + k where k < s"),
)

TRANSPOSED_SIZE_RULES: dict[str, TransposedSizeRule] = {
    rule.name: rule
    for rule in (TRANSPOSED, KERAS_TRANSPOSED_SAME, KERAS_TRANSPOSED_VALID, ONNX_TRANSPOSED_SAME)
}


def compare_transposed_sizes(
    n: int, kernel: int, stride: int = 1, padding: int = 0, dilation: int = 1
) -> tuple[OutputSize, ...]:
    """What each of `TRANSPOSED_SIZE_RULES` makes of an axis of `n` cells; `padding` is PyTorch's alone.

    Raises ShapeError for what is no size.

    >>> [row.size for row in compare_transposed_sizes(5, 1, stride=2)]
    [9, 10, 10, 9]
    """
    _check_sizes("compare_transposed_sizes", padding, n=n, kernel=kernel, stride=stride, dilation=dilation)
    return tuple(
        _transposed_size(rule, n, kernel, stride, padding, dilation)
        for rule in TRANSPOSED_SIZE_RULES.values()
    )


def _transposed_size(
    rule: TransposedSizeRule, n: int, kernel: int, stride: int, padding: int, dilation: int
) -> OutputSize:
    try:
        size = int(rule.size(n, kernel, stride, padding, dilation))
    except ShapeError as error:
        return OutputSize(rule.name, None, refusal=error.message)
    return OutputSize(rule.name, size)


# ---- the cells under windows -------------------------------------------------------------------


def window_cells(
    n: Number, kernel: Number, stride: Number, before: Number, dilation: Number, windows: Number
) -> tuple[tuple[Number, Number], ...]:
    """How many real cells the windows along one axis cover, as pairs of (cells, windows with so many).

    The first window starts `before` cells ahead of the axis. A window that hangs over the border covers fewer
    than `kernel` cells: padding is not a cell.
    """
    span = int(extent(kernel, dilation))
    first = min(-(-int(before) // int(stride)), int(windows))  # the first window that starts on a real cell
    past = min((int(n) + int(before) - span) // int(stride) + 1, int(windows))  # past the last whole one
    end = max(first, past)
    if first == 0 and end == int(windows):
        return ((kernel, windows),)
    starts = (index * int(stride) - int(before) for index in (*range(first), *range(end, int(windows))))
    found = Counter(_cells_from(start, int(n), int(kernel), int(dilation)) for start in starts)
    found[int(kernel)] += end - first
    pairs = sorted(found.items(), reverse=True)  # a window on padding alone reads no cell and is left out
    return tuple((kernel if cells == int(kernel) else cells, many) for cells, many in pairs if cells and many)


def adaptive_windows(n: int, windows: int) -> tuple[tuple[int, int], ...]:
    """The first cell and the one past the last of windows spread over `n` cells, as in adaptive pooling.

    Window j goes from ``floor(j n / windows)`` to ``ceil((j + 1) n / windows)``; neighbours may overlap.
    Source: PyTorch, torch.nn.AdaptiveAvgPool2d.

    >>> adaptive_windows(13, 6)
    ((0, 3), (2, 5), (4, 7), (6, 9), (8, 11), (10, 13))
    """
    return tuple((j * n // windows, -(-(j + 1) * n // windows)) for j in range(windows))


def adaptive_cells(n: Number, windows: Number) -> tuple[tuple[Number, Number], ...]:
    """How many cells the adaptive windows along one axis cover, as pairs of (cells, windows with so many)."""
    if int(n) % int(windows) == 0:
        return ((exact_div(n, windows), windows),)
    found = Counter(past - start for start, past in adaptive_windows(int(n), int(windows)))
    return tuple(sorted(found.items(), reverse=True))


def _cells_from(start: int, n: int, kernel: int, dilation: int) -> int:
    """The real cells under a window that begins at `start`: those from 0 to n - 1."""
    first = max(0, -(start // dilation))
    past = min(kernel, -((start - n) // dilation))
    return max(0, past - first)
