"""Layers that read several values: sums, products, values side by side, products of two matrices."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import TypeGuard

from layercost.expression import Number, add, times
from layercost.facts import Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, LayerError, Shapes, keep_whole, register
from layercost.message import Message, both, listing
from layercost.setting import Setting
from layercost.shape import Shape, ShapeError, several, shape_of, shown, values


@frozen
class Join(Layer):
    """What reads several values and gives one. `reads` says how many, where the layer does not tell."""

    reads_several = True
    reads = 0  # as many as arrive

    def _taken(self, input_shapes: tuple[Iterable[object], ...]) -> Shapes:
        wanted = self.reads
        if len(input_shapes) == wanted and _are_shapes(input_shapes):  # as nearly always inside a network
            return input_shapes
        if len(input_shapes) == 1:  # all of them in one tuple
            input_shapes = several(input_shapes[0])
        if not input_shapes or (wanted and len(input_shapes) != wanted):
            raise ShapeError(
                Message(
                    "{layer!r} reads {wanted} values, but got {count}",
                    layer=self,
                    wanted=wanted or Message("one or more"),
                    count=len(input_shapes),
                )
            )
        return tuple([shape_of(shape, type(self).__name__) for shape in input_shapes])


def _are_shapes(input_shapes: tuple[Iterable[object], ...]) -> TypeGuard[Shapes]:
    return not [shape for shape in input_shapes if not isinstance(shape, Shape)]


def broadcast(*shapes: Shape) -> Shape:
    """The shape of several values element by element: an axis of 1, or one that is missing in front, repeats.

    Raises ShapeError where two sizes along an axis differ and neither is 1.
    """
    if shapes.count(shapes[0]) == len(shapes):  # as nearly always
        return shapes[0]
    widest = max(shapes, key=lambda shape: (len(shape), prod(map(int, shape))))
    sizes = list(widest)
    for shape in shapes:
        for back, size in enumerate(reversed(shape), start=1):
            if int(size) not in (1, int(sizes[-back])):
                if int(sizes[-back]) != 1:
                    arrived = both(map(str, shapes))
                    raise ShapeError(
                        Message(
                            "expected shapes that agree or are 1 along each axis, but got {arrived}",
                            arrived=arrived,
                        )
                    )
                sizes[-back] = size
    return type(widest)(sizes)


@frozen
class _Repeated(Join):
    """What the sum and the product of several values share: `branches - 1` operations an element."""

    keeps_places = True

    branches: int = 2

    def __post_init__(self) -> None:
        keep_whole(self, 1, "branches")

    @property
    def reads(self) -> int:  # type: ignore[override]
        """How many values are read."""
        return self.branches

    def transform(self, *shapes: Shape) -> Shape:
        return broadcast(*shapes)

    def _each(self, kind: Kind, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(self.branches - 1, times(setting.batch, values(output)))
        return (Operation(kind, Role.ELEMENTWISE, amount),) if self.branches > 1 else ()


@register
@frozen
class Add(_Repeated):
    """`branches` values of one shape to that shape: their sum, ``branches - 1`` additions an element.

    Sizes of 1 repeat, as everywhere in PyTorch. The end of ``Parallel(..., join="add")``.
    Source: He et al. 2015 (Deep residual learning), equation 1; torch.add.
    """

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return self._each(Kind.ADD, output, setting)


@register
@frozen
class Multiply(_Repeated):
    """`branches` values of one shape to that shape: their product, ``branches - 1`` operations an element.

    Sizes of 1 repeat: the gates of a squeeze-excitation, ``(C, 1, 1)``, scale a map ``(C, H, W)``.
    The end of ``Parallel(..., join="multiply")``. Source: Hu et al. 2018, equation 4; torch.mul.
    """

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return self._each(Kind.MULTIPLY, output, setting)


@register
@frozen
class Concatenate(Join):
    """``(C_1, ...)``, ``(C_2, ...)``, ... to ``(C_1 + C_2 + ..., ...)``: `branches` values side by side.

    They are written one after the other along `axis`, an axis by its name; without it, the channels C, else
    the last. It copies and computes nothing. The end of ``Parallel(..., join="concatenate")``.
    Source: Szegedy et al. 2014, section 4; torch.cat.
    """

    keeps_places = True

    branches: int = 2
    axis: str | None = None

    def __post_init__(self) -> None:
        keep_whole(self, 1, "branches")
        if self.axis is not None and not isinstance(self.axis, str):
            raise LayerError(
                Message("Concatenate: axis is a name, as 'C', but got {axis}", axis=shown(self.axis))
            )

    @property
    def reads(self) -> int:  # type: ignore[override]
        """How many values are read."""
        return self.branches

    def transform(self, *shapes: Shape) -> Shape:
        first = shapes[0]
        at = self.place(first)
        apart = any(
            len(other) != len(first) or _without(at, other) != _without(at, first) for other in shapes
        )
        if apart:
            raise ShapeError(
                Message(
                    "what is concatenated along {axis} must agree along the others, but got {shapes}",
                    axis=first.axes[at],
                    shapes=both(map(str, shapes)),
                )
            )
        length: Number = 0
        for shape in shapes:
            length = add(length, shape[at])
        return type(first)((*first[:at], length, *first[at + 1 :]))

    def place(self, shape: Shape) -> int:
        """The place of the axis in a shape; raises ShapeError where it has none of that name."""
        axis = self.axis or ("C" if "C" in shape.axes else shape.axes[-1])
        if axis not in shape.axes:
            raise ShapeError(
                Message(
                    "cannot concatenate along {axis}: the axes are ({axes})",
                    axis=axis,
                    axes=", ".join(shape.axes),
                )
            )
        return shape.axes.index(axis)


def _without(at: int, shape: Shape) -> list[int]:
    """The sizes along the other axes."""
    return [int(size) for place, size in enumerate(shape) if place != at]


def _lettered_as_they_are(sizes: tuple[Number, ...]) -> Shape:
    """A shape whose axes are guessed from how many there are; letters stay letters."""
    return type(shape_of(map(int, sizes)))(sizes)


@register
@frozen
class MatMul(Join):
    """``(..., n, k)`` and ``(..., k, m)`` to ``(..., n, m)``: the product of two values, as in attention.

    n m dot products of length k for each matrix; it holds no weights. The first may be a row, ``(k,)``. With
    `transpose` the second is ``(..., m, k)``: scores are ``MatMul(transpose=True)`` of queries and keys. Axes
    of 1 in front repeat. Source: Vaswani et al. 2017, equation 1; torch.matmul.
    """

    transpose: bool = False
    reads = 2

    def __post_init__(self) -> None:
        if not isinstance(self.transpose, bool):
            raise LayerError(
                Message(
                    "MatMul: transpose must be True or False, but got {transpose}",
                    transpose=shown(self.transpose),
                )
            )

    def check(self, *shapes: Shape) -> None:
        first, second = shapes
        if len(second) < 2 or not first or int(first[-1]) != int(self._second(second)[0]):
            wanted = "(..., m, k)" if self.transpose else "(..., k, m)"
            raise ShapeError(
                Message(
                    "MatMul takes shapes (..., n, k) and {wanted}, but got {first} and {second}",
                    wanted=wanted,
                    first=first,
                    second=second,
                )
            )

    def _second(self, shape: Shape) -> tuple[Number, Number]:
        """k and m of the second value."""
        return (shape[-1], shape[-2]) if self.transpose else (shape[-2], shape[-1])

    def transform(self, *shapes: Shape) -> Shape:
        first, second = shapes
        _, columns = self._second(second)
        longer = first if len(first) >= len(second) else second
        if len(first) == 1:
            return _lettered_as_they_are((*second[:-2], columns))
        in_front: tuple[Number, ...] = ()
        if len(longer) > 2:
            stacks = [shape_of(map(int, shape[:-2])) for shape in shapes if len(shape) > 2]
            both = broadcast(*stacks)
            in_front = tuple(longer[:-2]) if both == stacks[0] == stacks[-1] else tuple(both)
        return _lettered_as_they_are((*in_front, *first[-2:-1], columns))

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        return (Operation(Kind.DOT, Role.PRODUCT, amount, shapes[0][-1]),)


_OPERATIONS = {
    "add": Kind.ADD,
    "subtract": Kind.SUBTRACT,
    "multiply": Kind.MULTIPLY,
    "divide": Kind.DIVIDE,
    "compare": Kind.COMPARE,
    "exponential": Kind.EXPONENTIAL,
    "square root": Kind.SQUARE_ROOT,
    "power": Kind.POWER,
    "maximum": Kind.COMPARE,
    "minimum": Kind.COMPARE,
    "logarithm": Kind.LOGARITHM,
    "sine": Kind.SINE,
    "cosine": Kind.COSINE,
    "absolute": Kind.ABSOLUTE,
    "negate": Kind.NEGATE,
    "round": Kind.ROUND,
    "sigmoid": Kind.SIGMOID,
    "tanh": Kind.TANH,
    "relu": Kind.RELU,
    "error function": Kind.ERROR_FUNCTION,
}
_OF_ONE = set(_OPERATIONS) - {
    "add", "subtract", "multiply", "divide", "compare", "power", "maximum", "minimum"
}  # fmt: skip


@register
@frozen
class Elementwise(Join):
    """`reads` values of one shape to that shape: one `operation` an element; sizes of 1 repeat.

    `operation` is "add", "subtract", "multiply", "divide", "power", "compare", "maximum" or "minimum" of two
    values, or of one and a constant of the model's code (``x * 0.125``); or, of one value alone,
    "exponential", "logarithm", "square root", "sine", "cosine", "absolute", "negate", "round", "sigmoid",
    "tanh", "relu" or "error function". Source: document 001, each of them is one operation.
    """

    keeps_places = True

    operation: str
    reads: int = 1

    def __post_init__(self) -> None:
        keep_whole(self, 1, "reads")
        if not isinstance(self.operation, str) or self.operation not in _OPERATIONS:
            raise LayerError(
                Message(
                    "Elementwise: operation must be one of {names}, but got {operation}",
                    names=listing(map(repr, _OPERATIONS)),
                    operation=shown(self.operation),
                )
            )
        most = 1 if self.operation in _OF_ONE else 2
        if self.reads > most:
            wanted = Message("one value") if most == 1 else Message("at most two values")
            raise LayerError(
                Message(
                    "Elementwise: {operation!r} reads {wanted}, but got reads={reads}",
                    operation=self.operation,
                    wanted=wanted,
                    reads=self.reads,
                )
            )

    def transform(self, *shapes: Shape) -> Shape:
        return broadcast(*shapes)

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        return (Operation(_OPERATIONS[self.operation], Role.ELEMENTWISE, amount),)
