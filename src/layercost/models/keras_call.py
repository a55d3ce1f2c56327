"""One call in a Keras model as its readers see it: what is called, on which sizes, in which order of axes.

Keras's own sizes have the channels last, or first; our convolutions take them first. A value of ours keeps
the *order* in which its axes stand: ``(2, 0, 1)`` is Keras's (H, W, C) as our (C, H, W).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple, TypeAlias

from layercost.facts import Held
from layercost.layer import LAYERS, Layer
from layercost.layers.graph import Graph, Node
from layercost.layers.joins import MatMul
from layercost.models.leaves import Rearranged, Unknown
from layercost.shape import Shape, seen_shape

Sizes: TypeAlias = tuple[int, ...]
Order: TypeAlias = tuple[int, ...]  # for each of our axes the place of Keras's, the batch left out


class NotOurs(Exception):
    """A layer, or a setting of one, that none of ours has."""


def must(holds: bool) -> None:
    """Raise NotOurs unless it holds."""
    if not holds:
        raise NotOurs


def named(name: str, *arguments: Any, **settings: Any) -> Layer:
    """The layer of ours that is registered under a name; raises NotOurs where there is none."""
    must(name in LAYERS)
    return LAYERS[name](*arguments, **settings)


# ---- orders of axes ------------------------------------------------------------------------------


def as_in_keras(rank: int) -> Order:
    """The order of Keras itself."""
    return tuple(range(rank))


def last_first(rank: int) -> Order:
    """The last axis first, as images of Keras's become ours."""
    return (rank - 1, *range(rank - 1)) if rank else ()


def arranged(sizes: Sizes, order: Order) -> Sizes:
    """Keras's sizes in an order of ours."""
    return tuple([sizes[place] for place in order])


def in_front(sizes: Sizes, places: Iterable[int]) -> Order:
    """The order that has these axes of Keras's first and the others behind them."""
    first = tuple(places)
    return (*first, *(place for place in range(len(sizes)) if place not in first))


def outer(order: Order) -> Order:
    """The order of values of which each step has this one."""
    return (0, *(place + 1 for place in order))


# ---- what is called, and what it is ----------------------------------------------------------------


class Found(NamedTuple):
    """A layer of ours, the order in which it takes its inputs, and that in which it gives its output.

    Without an order the inputs stay as the first of them arrives, and the output has the order of the inputs
    where it has as many axes, else Keras's.
    """

    layer: Layer
    taken: Order | None = None
    given: Order | None = None

    def output_order(self, arrived: Order, rank: int) -> Order:
        """The order of the output, of so many axes."""
        if self.given is not None:
            return self.given
        taken = arrived if self.taken is None else self.taken
        return taken if len(taken) == rank else as_in_keras(rank)


@dataclass(frozen=True)
class Called:
    """A call of a layer or an operation of Keras's on values of sizes `taken`, which gives one of `given`.

    Sizes leave the batch out and stand in Keras's order; `order` is that in which the first value arrives.
    """

    keras: Any
    original: Any
    taken: tuple[Sizes, ...]
    given: Sizes
    order: Order
    axes: tuple[str, ...] = ()  # the names that our axes of the first value have
    arguments: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)
    masked: bool = False  # a mask goes along with a value, as from Embedding(mask_zero=True)

    @property
    def kind(self) -> str:
        """The name of the type that is called."""
        return type(self.original).__name__

    @property
    def sizes(self) -> Sizes:
        """The sizes of the first value."""
        return self.taken[0]

    def place(self, axis: int) -> int:
        """The place among `sizes` of an axis that counts the batch, as Keras does; NotOurs for the batch."""
        place = axis - 1 if axis >= 0 else axis + len(self.sizes)
        must(0 <= place < len(self.sizes))
        return place

    def channels(self) -> Order:
        """The order that has the channels first."""
        is_first = getattr(self.original, "data_format", None) == "channels_first"
        return as_in_keras(len(self.sizes)) if is_first else last_first(len(self.sizes))

    def of(self, original: Any, sizes: Sizes | None = None, order: Order | None = None) -> Called:
        """The same call of something else, as of the layer inside of a wrapper."""
        taken = self.taken if sizes is None else (sizes,)
        return Called(self.keras, original, taken, self.given, self.order if order is None else order)

    def unknown(self, what: str | None = None) -> Unknown:
        """Something that works on the first value, as it arrives, and that we do not know."""
        sizes = arranged(self.sizes, self.order)
        return Unknown(what or self.kind, (sizes,), sizes)


def weights(*variables: Any) -> tuple[Held, ...]:
    """Variables of Keras's, those that are there, under their names."""
    return tuple([Held(one.name, prod(one.shape)) for one in variables if one is not None])


# ---- graphs ----------------------------------------------------------------------------------------


class Drawing:
    """A graph while it is drawn: each value under its name, with its shape."""

    def __init__(self, **inputs: Sizes) -> None:
        self.inputs = tuple(inputs)
        self.nodes: list[Node] = []
        self.shapes: dict[str, Shape] = {name: seen_shape(sizes, name) for name, sizes in inputs.items()}

    def sizes(self, name: str) -> Sizes:
        """The sizes of a value."""
        return tuple(map(int, self.shapes[name]))

    def add(self, name: str, layer: Layer, *inputs: str) -> str:
        """Let a layer read values; its name is that of its value."""
        self.shapes[name] = layer.output_shape(*(self.shapes[one] for one in inputs))
        self.nodes.append(Node(name, layer, inputs))
        return name

    def move(self, name: str, value: str, sizes: Sizes) -> str:
        """A value in another order or shape."""
        return self.add(name, Rearranged("Reshape", (self.sizes(value),), sizes), value)

    def einsum(self, name: str, equation: str, first: str, second: str) -> str:
        """The product of two values as an equation says, whose letters have no batch: ``tnd,snd->nts``.

        Raises NotOurs for an equation that sums over a letter of one value alone.
        """
        plan = Product.of(equation, self.sizes(first), self.sizes(second))
        left = self._as(f"{name}_first", first, plan.first)
        right = self._as(f"{name}_second", second, plan.second)
        product = self.add(name, MatMul(), left, right)
        return self._as(f"{name}_moved", product, plan.output)

    def _as(self, name: str, value: str, sizes: Sizes) -> str:
        return value if self.sizes(value) == sizes else self.move(name, value, sizes)

    def graph(self, output: str) -> Graph:
        """The graph, which gives this value."""
        return Graph(tuple(self.nodes), output, self.inputs)


class Product(NamedTuple):
    """An equation of two values as one product of matrices: the sizes of both, and those of the result."""

    first: Sizes
    second: Sizes
    output: Sizes

    @classmethod
    def of(cls, equation: str, first: Sizes, second: Sizes) -> Product:
        """Read an equation without dots; raises NotOurs where it is no product of matrices."""
        left, right, result = letters(equation)
        must((len(left), len(right)) == (len(first), len(second)))
        size = {**dict(zip(left, first, strict=True)), **dict(zip(right, second, strict=True))}
        both = [one for one in left if one in right]
        stacked = [one for one in both if one in result]
        summed = [one for one in both if one not in result]
        rows = [one for one in left if one not in right]
        columns = [one for one in right if one not in left]
        must(bool(summed) and set(rows + columns) <= set(result))
        n, k, m = (prod(size[one] for one in group) for group in (rows, summed, columns))
        front = tuple(size[one] for one in stacked)
        return cls((*front, n, k), (*front, k, m), tuple(size[one] for one in result))


def letters(equation: str) -> tuple[str, str, str]:
    """The letters of the two values and of the result of an equation; raises NotOurs for any other one."""
    left, arrow, result = equation.replace(" ", "").partition("->")
    values = left.split(",")
    must(bool(arrow) and len(values) == 2)
    must(all(one.isalpha() for one in values) and (result.isalpha() or not result))
    must(all(len(set(one)) == len(one) for one in (*values, result)))
    return values[0], values[1], result
