"""Layers in any order of reading: several may read one value, and one may read several values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from layercost.frozen import frozen
from layercost.layer import Call, Layer
from layercost.layers.composite import Composite
from layercost.message import Message
from layercost.shape import Scalar, Shape, ShapeError, checked_sizes, several, shape_of


class Node(NamedTuple):
    """A layer in a graph: its name, and the names of the values that it reads, in their order.

    What happens `once` reads nothing that depends on the input, and has one result for the whole batch.
    """

    name: str
    layer: Layer
    inputs: tuple[str, ...]
    once: bool = False


@frozen
class Graph(Composite):
    """Any shapes to any shape: `nodes` in an order in which they can run, each under the name of its value.

    `inputs` names what comes in, in its order; `output` is the value that comes out. Every node runs, whether
    `output` depends on it or not.
    """

    nodes: tuple[Node, ...]
    output: str
    inputs: tuple[str, ...] = ("",)

    def __post_init__(self) -> None:
        self.keep_depth([node.layer for node in self.nodes])

    def follow(self, input_shapes: tuple[Iterable[object], ...], path: str, calls: list[Call]) -> Shape:
        if len(self.inputs) > 1 == len(input_shapes):  # all of them in one tuple
            input_shapes = several(input_shapes[0])
        if len(input_shapes) != len(self.inputs):
            raise ShapeError(
                Message(
                    "{layer!r} reads {count} values, but got {given} shapes",
                    layer=self,
                    count=len(self.inputs),
                    given=len(input_shapes),
                )
            )
        prefix = f"{path}." if path else ""
        shapes = {name: _arriving(shape) for name, shape in zip(self.inputs, input_shapes, strict=True)}
        once = set[str]()
        for name, layer, inputs, happens_once in self.nodes:
            given = as_samples([(shapes[key], key in once) for key in inputs], happens_once)
            start = len(calls)
            try:
                shapes[name] = layer.follow(given, prefix + name, calls)
            except ShapeError as error:
                raise error.within(name) from None
            if happens_once:
                once.add(name)
                calls[start:] = [call._replace(once=True) for call in calls[start:]]
        return shapes[self.output]

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        for node in self.nodes:
            yield from node.layer.leaves(f"{path}.{node.name}" if path else node.name)

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        shapes = {self.inputs[0]: input_shape} if len(self.inputs) == 1 and input_shape is not None else {}
        nodes = []
        for name, layer, inputs, once in self.nodes:
            arriving = [shapes[key] for key in inputs if key in shapes]
            known = bool(inputs) and len(arriving) == len(inputs) and not once
            rebuilt = layer.rebuilt(change, arriving[0] if known and len(inputs) == 1 else None)
            nodes.append(Node(name, rebuilt, inputs, once))
            if known:
                try:
                    shapes[name] = rebuilt.output_shape(*arriving)
                except ShapeError as error:
                    raise error.within(name) from None
        return Graph(tuple(nodes), self.output, self.inputs)

    def __repr__(self) -> str:
        return f"<graph of {len(self.nodes)} layers>"


def _arriving(sizes: Iterable[object]) -> Shape:
    """The shape of an input; of a model that was read, it may be a single value."""
    plain = checked_sizes(sizes)
    return shape_of(plain) if plain else Scalar()


def as_samples(given: list[tuple[Shape, bool]], happens_once: bool) -> tuple[Shape, ...]:
    """The shapes that a node reads, as one sample sees them.

    A value that does not depend on the input has no batch: it may have an axis of 1 where the others have
    theirs, which a sample does not have.
    """
    if happens_once:
        return tuple([shape for shape, _ in given])
    longest = max((len(shape) for shape, once in given if not once), default=0)
    return tuple(
        [
            shape_of(shape[1:]) if once and len(shape) == longest + 1 and shape[0] == 1 and longest else shape
            for shape, once in given
        ]
    )
