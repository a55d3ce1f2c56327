"""Leaves that only models from elsewhere have: not known, moving values alone, or never run."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from layercost.expression import Number, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer
from layercost.shape import Shape, ShapeError, shape_of, values

if TYPE_CHECKING:
    from layercost.layers.composite import Outputs


@frozen
class _Seen(Layer):
    """A layer whose output shape was seen in the model, on one input shape."""

    what: str
    taken: tuple[int, ...]
    given: tuple[int, ...]

    def check(self, shape: Shape) -> None:
        if tuple(shape) != self.taken:
            raise ShapeError(
                f"{self.what} was seen on shape {shape_of(self.taken, self.what)} and may give anything on "
                f"{shape}; read the model again with the other input shape"
            )

    def transform(self, shape: Shape) -> Shape:
        return shape if self.given == self.taken else shape_of(self.given, self.what)

    def joined(self, outputs: Outputs) -> Shape:
        """The shape seen, where several values are read at once."""
        return shape_of(self.given, self.what)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.what!r})"


@frozen
class Unknown(_Seen):
    """Something that we do not know: `what` says what it is in the model.

    It takes shape `taken` and gives `given`. Its parameters are counted; what it does is not, and every count
    of operations says so.
    """

    held: tuple[Held, ...] = ()
    stored: tuple[Held, ...] = ()

    def parameters(self) -> tuple[Held, ...]:
        return self.held

    def buffers(self) -> tuple[Held, ...]:
        return self.stored

    def operations(self, shape: Shape, output: Shape, batch: Number, training: bool) -> tuple[Operation, ...]:
        return (Operation(Kind.UNKNOWN, Role.ELEMENTWISE, 1),)


@frozen
class Rearranged(_Seen):
    """Values of shape `taken` in another order or shape, or some of them (`given`): nothing is computed.

    Where there are more values than before (zeros around, copies), they are written.
    """

    def written(self, output: Shape, batch: Number, training: bool) -> Number:
        return times(batch, values(output)) if prod(self.given) > prod(self.taken) else 0


@frozen
class Unused(Layer):
    """Any shape to the same shape: parameters that the model holds and does not use at inference."""

    held: tuple[Held, ...] = ()
    stored: tuple[Held, ...] = ()

    def parameters(self) -> tuple[Held, ...]:
        return self.held

    def buffers(self) -> tuple[Held, ...]:
        return self.stored

    def written(self, output: Shape, batch: Number, training: bool) -> Number:
        return 0

    def __repr__(self) -> str:
        return f"Unused({len(self.held) + len(self.stored)} arrays)"
