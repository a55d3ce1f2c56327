"""A function that a model's code called, as what it becomes in the tree is found out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, Protocol, TypeAlias

from layercost.facts import Held
from layercost.layer import Layer
from layercost.models.leaves import Applied
from layercost.shape import Shape, ShapeError

Sizes: TypeAlias = tuple[int, ...]


class Value(NamedTuple):
    """What a tensor is in the tree: the step that gives it, a sample's shape, and where the batch stands.

    `batch_axis` is None for what does not depend on the input; the batch may be `folded` into an axis with
    something else, as windows or heads.
    """

    key: str
    shape: Shape
    batch_axis: int | None = 0
    folded: bool = False

    @property
    def once(self) -> bool:
        """Whether it does not depend on the input."""
        return self.batch_axis is None

    @property
    def sizes(self) -> Sizes:
        """A sample's sizes."""
        return tuple(map(int, self.shape))

    def axis(self, dim: int) -> int | None:
        """The place in a sample's shape of an axis of the tensor's; None for the batch's own."""
        axes = len(self.shape) + (self.batch_axis is not None and not self.folded)
        dim = dim % axes if axes else dim
        if self.batch_axis is None or (self.folded and dim != self.batch_axis):
            return dim
        if dim == self.batch_axis:
            return None
        return dim - (dim > self.batch_axis)


class Made(NamedTuple):
    """What a call becomes: a layer and the values that it reads; or nothing but a value that is there."""

    layer: Layer
    values: list[Value]
    same_as: Value | None = None
    shape: Shape | None = None  # of what it gives, with the names of its axes


class Noting(Protocol):
    """What a call asks of the reading that it belongs to."""

    def value(self, tensor: Any) -> Value: ...
    def matters(self, tensor: Any) -> bool: ...
    def is_computed(self, tensor: Any) -> bool: ...
    def sample(self, tensor: Any) -> tuple[Sizes, int | None, bool]: ...
    def fitting(self, layer: Layer, values: list[Value], sizes: Sizes) -> tuple[Layer, Shape] | None: ...
    def take(self, tensors: Iterable[Any]) -> tuple[tuple[Held, ...], tuple[Held, ...]]: ...
    def note_step(self, path: tuple[str, ...], layer: Layer, values: list[Value]) -> Value: ...


class FunctionCall:
    """A function that was called: its arguments, what it gave, and the reading that it belongs to."""

    def __init__(
        self,
        reading: Noting,
        name: str,
        args: Any,
        kwargs: dict[str, Any],
        outs: list[Any],
        path: tuple[str, ...],
    ) -> None:
        self.reading, self.name, self.args, self.kwargs = reading, name, tuple(args), kwargs
        self.outs, self.path = outs, path

    def get(self, place: int, name: str, usual: Any = None) -> Any:
        """An argument by its place or its name."""
        if name in self.kwargs:
            return self.kwargs[name]
        return self.args[place] if len(self.args) > place else usual

    @property
    def tensors(self) -> list[Any]:
        """All tensors among the arguments."""
        return list(tensors((self.args, self.kwargs)))

    @property
    def operands(self) -> list[Value]:
        """The values of all tensors among the arguments, those of single numbers left out."""
        return [
            self.value(one)
            for one in self.tensors
            if one.numel() > 1 or (one.numel() and self.reading.matters(one))
        ]

    @property
    def given(self) -> Sizes:
        """A sample's sizes of the first tensor that the function gave."""
        return self.reading.sample(self.outs[0])[0]

    @property
    def once(self) -> bool:
        """Whether what it gave does not depend on the input."""
        return self.reading.sample(self.outs[0])[1] is None

    def value(self, tensor: Any) -> Value:
        """The value of a tensor."""
        return self.reading.value(tensor)

    @property
    def first(self) -> Value:
        """The value of the first tensor among the arguments."""
        return self.value(self.tensors[0])

    def step(self, name: str, layer: Layer, *values: Value) -> Value:
        """A step of its own inside of this call."""
        return self.reading.note_step((*self.path, name), layer, list(values))

    def weighted(self, layer: Layer, x: Any, *weights: Any) -> Made:
        """A layer whose weights, and buffers, are these tensors: the model's own, or computed ones."""
        fitting = self.reading.fitting(layer, [self.value(x)], self.given)
        if fitting is None:
            raise ShapeError(f"{layer!r} does not give {self.given}")  # nothing is taken for it
        given = [one for one in weights if one is not None]
        computed = [self.value(one) for one in given if self.reading.is_computed(one)]
        held, stored = self.reading.take(given)
        whole = sizes_of(held) == sizes_of(layer.parameters()) and sizes_of(stored) == sizes_of(
            layer.buffers()
        )
        inner = fitting[0] if whole and not computed else Applied(fitting[0], held, stored)
        return Made(inner, [self.value(x), *computed])


def sizes_of(held: Iterable[Held]) -> int:
    """How many values there are in all."""
    return sum(int(one.size) for one in held)


def tensors(given: Iterable[Any]) -> Iterator[Any]:
    """Every tensor in nested lists, tuples, dictionaries and objects that are dictionaries."""
    for one in given:
        kind = type(one)
        if kind in _PLAIN:
            continue
        if kind in (list, tuple) or isinstance(one, (list, tuple)):
            yield from tensors(one)
        elif isinstance(one, Mapping):
            yield from tensors(one.values())
        elif hasattr(one, "numel") and hasattr(one, "device"):
            yield one
        elif hasattr(one, "__dataclass_fields__"):
            yield from tensors(vars(one).values())


_PLAIN = frozenset({int, float, bool, str, type(None), slice, type(Ellipsis)})
