"""Leaves that only models read from elsewhere have: unknown layers, moved values, values held apart."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import prod
from typing import TypeAlias

from layercost.expression import Number, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, Shapes
from layercost.layers.joins import Join
from layercost.setting import Setting
from layercost.shape import Features, Shape, ShapeError, seen_shape, values

Sizes: TypeAlias = tuple[int, ...]


@frozen
class _Holding(Join):
    """A leaf that holds values, under their names in the model, in its fields `held` and `stored`."""

    def parameters(self) -> tuple[Held, ...]:
        return self.held  # type: ignore[attr-defined,no-any-return]

    def buffers(self) -> tuple[Held, ...]:
        return self.stored  # type: ignore[attr-defined,no-any-return]

    def _taken(self, input_shapes: tuple[Iterable[object], ...]) -> Shapes:
        return tuple(
            [
                shape if isinstance(shape, Shape) else seen_shape(tuple(shape), type(self).__name__)  # type: ignore[arg-type]
                for shape in input_shapes
            ]
        )


@frozen
class Seen(Join):
    """A layer whose output shape was seen in the model, on inputs of known shapes."""

    what: str
    taken: tuple[Sizes, ...]
    given: Sizes

    def _taken(self, input_shapes: tuple[Iterable[object], ...]) -> Shapes:
        arrived = tuple([tuple(shape) for shape in input_shapes])
        if arrived != self.taken:
            seen, came = (" and ".join(map(str, shapes)) or "nothing" for shapes in (self.taken, arrived))
            raise ShapeError(
                f"{self.what} was seen on shape {seen} and may give anything on {came}; "
                "read the model again with the other input shape"
            )
        kept = zip(input_shapes, self.taken, strict=True)
        return tuple([s if isinstance(s, Shape) else seen_shape(sizes, self.what) for s, sizes in kept])

    def transform(self, *shapes: Shape) -> Shape:
        """The shape seen; that of an input keeps the names of its axes."""
        same = (shape for shape in shapes if tuple(shape) == self.given)
        return next(same, None) or seen_shape(self.given, self.what)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.what!r})"


@frozen
class Unknown(Seen):
    """Something that we do not know: `what` says what it is in the model.

    It takes shapes `taken` and gives `given`. What it holds is counted; what it does is not, and every count
    of operations says so.
    """

    held: tuple[Held, ...] = ()
    stored: tuple[Held, ...] = ()

    def parameters(self) -> tuple[Held, ...]:
        return self.held

    def buffers(self) -> tuple[Held, ...]:
        return self.stored

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return (Operation(Kind.UNKNOWN, Role.ELEMENTWISE, 1),)


@frozen
class Rearranged(Seen):
    """Values of shapes `taken` in another order or shape, or some of them (`given`): nothing is computed.

    Where there are more values than before (zeros around, copies), they are written.
    """

    def written(self, output: Shape, setting: Setting) -> Number:
        grows = prod(self.given) > sum(map(prod, self.taken))
        return times(setting.batch, values(output)) if grows else 0


@frozen
class Stored(_Holding):
    """Values of shape `given` that do not depend on the input: parameters, buffers, constants of the code.

    It reads nothing, does nothing and writes nothing; what it holds is read by what uses it.
    """

    what: str
    given: Sizes
    held: tuple[Held, ...] = ()
    stored: tuple[Held, ...] = ()

    def transform(self, *shapes: Shape) -> Shape:
        return seen_shape(self.given, self.what)

    def written(self, output: Shape, setting: Setting) -> Number:
        return 0

    def __repr__(self) -> str:
        return f"Stored({self.what!r}, {self.given})"


@frozen
class Applied(_Holding):
    """A layer whose weights are not, or not all, its own: it does what `layer` does and holds `held`.

    The first value is what it works on; further ones are weights that were computed (as by weight_norm).
    Where two layers share a weight (as an embedding and the last Linear), the second holds what is left.
    """

    layer: Layer
    held: tuple[Held, ...] = ()
    stored: tuple[Held, ...] = ()

    def _taken(self, input_shapes: tuple[Iterable[object], ...]) -> Shapes:
        shapes, _ = self.layer.fitted(input_shapes[0])
        return (*shapes, *super()._taken(input_shapes[1:]))

    @property
    def at_work(self) -> Layer:
        return self.layer

    def transform(self, *shapes: Shape) -> Shape:
        return self.layer.transform(shapes[0])

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return self.layer.operations(shapes[0], output=output, setting=setting)

    def written(self, output: Shape, setting: Setting) -> Number:
        return self.layer.written(output, setting)

    def kept(self, *shapes: Shape, setting: Setting) -> tuple[Held, ...]:
        return self.layer.kept(shapes[0], setting=setting)

    def __repr__(self) -> str:
        return repr(self.layer)


@frozen
class LastPosition(Layer):
    """``(T, F)`` to ``(1, F)``: the last position alone, as a text is continued. It computes nothing."""

    def transform(self, shape: Shape) -> Shape:
        return type(shape)((1, *shape[1:]))

    def written(self, output: Shape, setting: Setting) -> Number:
        return 0


@frozen
class AtPlace(Layer):
    """``(T, F)`` to ``(F,)``: one token alone, as the first of an encoder. It computes nothing."""

    place: int = 0

    def transform(self, shape: Shape) -> Shape:
        return Features(shape[-1:])

    def written(self, output: Shape, setting: Setting) -> Number:
        return 0


@frozen
class Each(Join):
    """``(steps, ...)`` to ``(steps, ...)``: a layer on every step alone, as if the steps were samples."""

    layer: Layer
    steps: int

    def parameters(self) -> tuple[Held, ...]:
        return self.layer.parameters()

    def buffers(self) -> tuple[Held, ...]:
        return self.layer.buffers()

    def _taken(self, input_shapes: tuple[Iterable[object], ...]) -> Shapes:
        shapes = tuple([seen_shape(tuple(shape), repr(self)) for shape in input_shapes])  # type: ignore[arg-type]
        for shape in shapes:
            if not shape or shape[0] != self.steps:
                raise ShapeError(f"{self!r} takes {self.steps} steps, but got shape {shape}")
        return shapes

    def _inside(self, shapes: Shapes) -> tuple[Shapes, Shape]:
        """The shapes of one step."""
        one = (seen_shape(tuple(map(int, shape[1:])), repr(self)) for shape in shapes)
        return self.layer.fitted(*one)

    def _all(self, setting: Setting) -> Setting:
        return replace(setting, batch=times(setting.batch, self.steps))

    def transform(self, *shapes: Shape) -> Shape:
        _, output = self._inside(shapes)
        return seen_shape((self.steps, *map(int, output)), repr(self))

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        inner, one = self._inside(shapes)
        return self.layer.operations(*inner, output=one, setting=self._all(setting))

    def written(self, output: Shape, setting: Setting) -> Number:
        one = seen_shape(tuple(map(int, output[1:])), repr(self))
        return self.layer.written(one, self._all(setting))

    def kept(self, *shapes: Shape, setting: Setting) -> tuple[Held, ...]:
        inner, _ = self._inside(shapes)
        return self.layer.kept(*inner, setting=self._all(setting))

    def __repr__(self) -> str:
        return f"Each({self.layer!r}, steps={self.steps})"


@frozen
class Unused(_Holding):
    """Any shape to the same shape: values that the model holds and does not use at inference."""

    keeps_places = True
    held: tuple[Held, ...] = ()
    stored: tuple[Held, ...] = ()

    def written(self, output: Shape, setting: Setting) -> Number:
        return 0

    def __repr__(self) -> str:
        return f"Unused({len(self.held) + len(self.stored)} arrays)"


@frozen
class Unplaced(Unused):
    """Any shape to the same shape: values of the model that the reader found no place for.

    They are counted, and what is done with them is not: every count of operations says so.
    """

    keeps_places = False

    def operations(self, *shapes: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return (Operation(Kind.UNKNOWN, Role.ELEMENTWISE, 1),)

    def __repr__(self) -> str:
        return f"Unplaced({', '.join(one.name for one in (*self.held, *self.stored))})"
