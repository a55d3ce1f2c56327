"""What reads what: for each call of a model, where its inputs come from and whether a gradient goes back.

A product of a matrix with a value has two products in the backward pass: one for the matrix, where it is
trained, and one for the value, where something before it is. So a frozen map has one, the first map of a
network that is fed with data has one, and what no loss depends on has none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from layercost.convention import Convention
from layercost.facts import Kind, Operation, Role
from layercost.layer import Call, Layer
from layercost.layers.adapters import Adapted, Fixed, LoRA
from layercost.layers.composite import Auxiliary, Composite, Parallel, Sequential
from layercost.layers.graph import Graph
from layercost.layers.parted import FIRST, SECOND, Parted, Sources
from layercost.setting import Setting

PRODUCTS = frozenset({Kind.DOT, Kind.MASKED, Kind.LOOKUP})


class Value(NamedTuple):
    """A value on its way through a model: which one it is, and whether something before it is trained."""

    name: int
    needs: bool


class Place(NamedTuple):
    """A call of a leaf, what it reads, what it gives, and whether the model's output depends on it."""

    leaf: Layer
    inputs: tuple[Value, ...]
    output: Value
    reaches: bool


@dataclass
class _Walk:
    """A walk through a tree of layers in the order in which they run."""

    places: list[Place] = field(default_factory=list)
    names: Iterator[int] = field(default_factory=count)
    unused: frozenset[str] = frozenset()

    def through(self, layer: Layer, inputs: tuple[Value, ...], reaches: bool) -> Value:
        """The value that `layer` gives; each leaf in it is noted."""
        match layer:
            case Sequential():
                for name, child in layer.children:
                    inputs = (self.through(child, inputs, reaches and name not in self.unused),)
                return inputs[0]
            case Parallel():
                branches = tuple([self.through(child, inputs, reaches) for _, child in layer.children])
                return self.leaf(layer.end, branches, reaches)
            case Auxiliary():
                self.through(layer.layer, inputs, reaches)
                return inputs[0]
            case Graph():
                return self.graph(layer, inputs, reaches)
            case Composite(layer=Layer() as inner):  # type: ignore[misc]  # what reads cells as tokens
                return self.through(inner, inputs, reaches)
        if not layer.is_leaf:  # made of layers in a way that we do not know: everything in it may be reached
            for _, leaf in layer.leaves():
                inputs = (self.leaf(leaf, inputs, reaches),)
            return inputs[0]
        return self.leaf(layer, inputs, reaches)

    def graph(self, graph: Graph, inputs: tuple[Value, ...], reaches: bool) -> Value:
        """Each node reads values that are there; what the output does not depend on is not reached."""
        given = inputs if len(inputs) == len(graph.inputs) else inputs[:1] * len(graph.inputs)
        found = dict(zip(graph.inputs, given, strict=True))
        wanted = _wanted(graph)
        for name, layer, reads, _ in graph.nodes:
            found[name] = self.through(
                layer, tuple([found[key] for key in reads]), reaches and name in wanted
            )
        return found[graph.output]

    def leaf(self, layer: Layer, inputs: tuple[Value, ...], reaches: bool) -> Value:
        """A layer's result is a value of its own, unless it hands on what it reads."""
        needs = any(value.needs for value in inputs) or is_trained(layer)
        same = type(layer).__name__ in _HANDS_ON and len(inputs) == 1
        output = inputs[0] if same else Value(next(self.names), needs)
        self.places.append(Place(layer, inputs, output, reaches))
        return output


_HANDS_ON = ("Identity", "Flatten")


def _wanted(graph: Graph) -> set[str]:
    """The nodes that the output of a graph depends on."""
    reads = {node.name: node.inputs for node in graph.nodes}
    wanted, todo = set[str](), [graph.output]
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo.extend(reads.get(name, ()))
    return wanted


def is_trained(layer: Layer) -> bool:
    """Whether training changes what a layer holds, or the weights that it uses of another."""
    held = any(one.trained for one in layer.parameters())
    return held or (layer.at_work is not layer and not isinstance(layer, Fixed))


def places(model: Layer, inputs: int = 1, unused: Iterable[str] = ()) -> list[Place]:
    """Each call of a leaf of `model`, in the order of its calls; what comes in is data and needs nothing.

    `unused` are names of layers on whose results no loss depends, as ``pooler``.
    """
    walk = _Walk(unused=frozenset(unused))
    given = tuple([Value(next(walk.names), needs=False) for _ in range(inputs)])
    walk.through(model, given, reaches=True)
    return walk.places


# ---- one call, part by part ----------------------------------------------------------------------


class Passes(NamedTuple):
    """What the products of a part cost: forward, for the gradient of its weights, and of its inputs."""

    part: str
    forward: int
    weights: int
    inputs: int

    @property
    def backward(self) -> int:
        """Both products of the backward pass."""
        return self.weights + self.inputs


def passes(call: Call, place: Place, convention: Convention, setting: Setting) -> list[Passes]:
    """The products of one call, part by part; a layer without parts is one part of an empty name."""
    if not call.runs(setting):
        return []
    used = setting.alone if call.once else setting
    layer = call.layer.layer if type(call.layer) is Fixed else call.layer
    parts: Mapping[str, tuple[Operation, ...]]
    if isinstance(layer, Parted):
        parts = layer.does(*call.inputs, output=call.output_shape, setting=used)
    else:
        parts = {"": layer.operations(*call.inputs, output=call.output_shape, setting=used)}
    reading = Reading(call.layer, place)
    found = ((part, [one for one in done if one.kind in PRODUCTS]) for part, done in parts.items())
    return [_of_part(part, multiplied, reading, convention) for part, multiplied in found if multiplied]


@dataclass(frozen=True)
class Reading:
    """What the parts of a layer read at one place, and whether a gradient is wanted of it."""

    layer: Layer
    place: Place

    def operands(self, part: str) -> list[bool]:
        """For each value that a part multiplies, whether something before it is trained."""
        inputs = [value.needs for value in self.place.inputs]
        if not part:
            return inputs if self.place.leaf.reads_several and len(inputs) > 1 else [any(inputs)]
        sources = self._sources.get(part)
        unknown = any(inputs) or bool(self.layer.parameters())
        return [unknown, unknown] if sources is None else [self._needs(one) for one in sources]

    @property
    def _sources(self) -> Sources:
        layer = self.layer.layer if type(self.layer) is Fixed else self.layer
        return layer.sources() if isinstance(layer, Parted) else {}

    def _needs(self, name: str) -> bool:
        """Whether a gradient is wanted of what a part gives, or of what comes in."""
        if name in (FIRST, SECOND):
            place = int(name)
            return place < len(self.place.inputs) and self.place.inputs[place].needs
        return self.trains(name) or any(map(self._needs, self._sources.get(name, ())))

    def trains(self, part: str) -> bool:
        """Whether the weights of a part are trained, or those of an adapter beside it."""
        if isinstance(self.layer, Adapted):
            return is_adapter(part) or part in self.layer.named()
        return is_trained(self.layer)


def is_adapter(part: str) -> bool:
    """Whether a part is one of the two matrices of an adapter."""
    return part.endswith((".lora_A", ".lora_B"))


def _of_part(part: str, multiplied: list[Operation], reading: Reading, convention: Convention) -> Passes:
    """Forward; then one product for what is trained, and one for each operand that wants a gradient."""
    if isinstance(reading.layer, LoRA):
        return _of_lora(multiplied, reading, convention)
    cost = int(convention.total(multiplied))
    if not reading.place.reaches:
        return Passes(part, cost, 0, 0)
    wanted = sum(reading.operands(part)) if _is_of_two(multiplied) else int(any(reading.operands(part)))
    trained = is_trained(reading.layer) if not isinstance(reading.layer, Adapted) else is_adapter(part)
    has_weights = any(one.role is Role.WEIGHTS for one in multiplied)
    looked_up = all(one.kind is Kind.LOOKUP for one in multiplied)
    return Passes(part, cost, cost * (trained and has_weights), 0 if looked_up else cost * wanted)


def _is_of_two(multiplied: list[Operation]) -> bool:
    """Whether two values that depend on the input are multiplied."""
    return any(one.role is Role.PRODUCT for one in multiplied)


def _of_lora(multiplied: list[Operation], reading: Reading, convention: Convention) -> Passes:
    """A map that stays, and two beside it that are trained: B's input comes from A and wants a gradient."""
    base, down, up = (int(convention.total([one])) for one in multiplied)
    forward = base + down + up
    if not reading.place.reaches:
        return Passes("", forward, 0, 0)
    before = base + down if any(reading.operands("")) else 0
    return Passes("", forward, down + up, before + up)
