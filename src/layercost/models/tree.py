"""From what reads what to a tree: chains become Sequential, forks that meet again become Parallel."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any, NamedTuple

from layercost.frozen import frozen
from layercost.layer import Call, Layer, keep
from layercost.layers.composite import Add, Concatenate, Parallel, Sequential, _Composite
from layercost.layers.reshaping import Identity
from layercost.shape import Shape, ShapeError, shape_of


class ModelError(ValueError):
    """A model or a file that cannot be read: the message says why, and what to try."""


class Node(NamedTuple):
    """One call in a model: the path of its name, the layer, and the values that it reads."""

    name: tuple[str, ...]
    layer: Layer
    inputs: tuple[str, ...]


Nodes = dict[str, Node]  # by the value that each gives, in an order in which they can run
Item = tuple[tuple[str, ...], Layer]  # a layer under the path of its name


@frozen
class Graph(_Composite):
    """Any shape to any shape: calls whose values are read in no order of forks that meet again.

    `nodes` hold for each call its name, its layer and the names of what it reads; "" is the input.
    The last one's value is the output.
    """

    nodes: tuple[tuple[str, Layer, tuple[str, ...]], ...]

    def follow(self, input_shape: Iterable[object], path: str, calls: list[Call]) -> Shape:
        prefix = f"{path}." if path else ""
        shapes = {"": shape_of(input_shape, "Graph")}
        last = shapes[""]
        for name, layer, inputs in self.nodes:
            try:
                last = shapes[name] = _call(layer, [shapes[key] for key in inputs], prefix + name, calls)
            except ShapeError as error:
                raise error.within(name) from None
        return last

    def leaves(self, path: str = "") -> Iterator[tuple[str, Layer]]:
        for name, layer, _ in self.nodes:
            yield from layer.leaves(f"{path}.{name}" if path else name)

    def rebuilt(self, change: Callable[[Layer, Shape | None], Layer], input_shape: Shape | None) -> Layer:
        return Graph(tuple((name, change(layer, None), inputs) for name, layer, inputs in self.nodes))

    def __repr__(self) -> str:
        return f"<graph of {len(self.nodes)} layers>"


def _call(layer: Layer, shapes: list[Shape], path: str, calls: list[Call]) -> Shape:
    """One call inside a graph; what reads several values is a join."""
    if len(shapes) == 1 and not isinstance(layer, (Add, Concatenate)):
        return layer.follow(shapes[0], path, calls)
    joined: Shape = layer.joined(dict(zip(map(str, range(len(shapes))), shapes, strict=True)))  # type: ignore[attr-defined]
    calls.append(Call(path, layer, joined, joined))
    return joined


@frozen(init=False)
class Model(Sequential):
    """A `Sequential` that was read from a model: its name, where it comes from, its usual input shape.

    `places` says for the path of a layer how the model calls it, so that arrays of the model fit.
    """

    name: str
    version: str
    source: str
    input_shape: tuple[int, ...]
    places: Mapping[str, str] = field(compare=False)

    def __init__(
        self,
        layers: dict[str, Layer],
        *,
        name: str,
        version: str,
        source: str,
        input_shape: tuple[int, ...],
        places: Mapping[str, str],
    ) -> None:
        super().__init__(layers)
        keep(self, name=name, version=version, source=source, input_shape=input_shape, places=dict(places))

    def __repr__(self) -> str:
        return f"<{self.name}, from {self.source}>"


def model(nodes: Nodes, output: str, name: str, source: str, input_shape: tuple[int, ...]) -> Model:
    """The tree of `nodes`, which begin with the value "" and end with `output`."""
    items = _between(nodes, "", output)
    layers = dict(_named(items).children)
    tree = Model(layers, name=name, version="as read", source=source, input_shape=input_shape, places={})
    called = {id(node.layer): ".".join(node.name) for node in reversed(nodes.values())}
    places = {path: called[id(leaf)] for path, leaf in tree.leaves() if id(leaf) in called}
    keep(tree, places=places)
    return tree


def shape_after(layer: Layer, shapes: list[Shape]) -> Shape:
    """The shape that a layer, or a join of several values, gives; raises ShapeError."""
    return _call(layer, shapes, "", [])


def needed(name: str, function: str, install: str) -> Any:
    """Import a package that a reader of models needs; raises ModelError that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ModelError(
            f"{function} needs {name}, which is not installed ({error}); "
            f"install it with: python -m pip install {install}"
        ) from None


# ---- forks that meet again -----------------------------------------------------------------------


def _between(nodes: Nodes, start: str, end: str) -> list[Item]:
    """What happens to the value `start` until it is the value `end`, one thing after the other."""
    inner = _needed(nodes, start, end)
    readers = {key: {one for one in inner if key in nodes[one].inputs} for key in (start, *inner)}
    items, before, waiting = list[Item](), start, list[str]()
    live = {start: set(readers[start])}
    for key in inner:
        waiting.append(key)
        for given in nodes[key].inputs:
            live.get(given, set()).discard(key)
        live = {given: those for given, those in live.items() if those}
        live[key] = set(readers[key])
        if set(live) <= {key}:  # all that comes later reads this value alone
            items.append(_step(nodes, before, waiting))
            before, waiting = key, []
    return items


def _needed(nodes: Nodes, start: str, end: str) -> list[str]:
    """The values between `start` and `end`, `end` included, in the order of running."""
    found, asked = set[str](), [end]
    while asked:
        key = asked.pop()
        if key != start and key not in found:
            found.add(key)
            asked.extend(nodes[key].inputs)
    return [key for key in nodes if key in found]


def _step(nodes: Nodes, start: str, keys: list[str]) -> Item:
    """One layer, or branches and their join, or a graph."""
    end = nodes[keys[-1]]
    if len(keys) == 1 and len(end.inputs) == 1:
        return end.name, end.layer
    branches = [_needed(nodes, start, given) for given in end.inputs]
    apart = len({key for branch in branches for key in branch}) == sum(map(len, branches))
    if apart and isinstance(end.layer, (Add, Concatenate)):
        return _parallel(nodes, start, end)
    return _common([nodes[key].name for key in keys]) + end.name[-1:], _graph(nodes, start, keys)


def _parallel(nodes: Nodes, start: str, end: Node) -> Item:
    branches = [_between(nodes, start, given) for given in end.inputs]
    prefix = _common([end.name, *(name for branch in branches for name, _ in branch)])
    join = "add" if isinstance(end.layer, Add) else "concatenate"
    layers: dict[str, Layer] = {}
    for position, branch in enumerate(branches):
        inner = [(name[len(prefix) :], layer) for name, layer in branch]
        name, items = _branch(inner, position)
        layers[_unique(name, (*layers, join))] = _named(items) if items else Identity()
    axis = getattr(end.layer, "axis", None)
    return end.name, Parallel(layers, join=join, axis=axis)


def _branch(items: list[Item], position: int) -> tuple[str, list[Item]]:
    """The name of a branch, and what is in it: the container's own name where all is in one."""
    first = {name[0] for name, _ in items}
    if len(first) == 1 and all(len(name) > 1 for name, _ in items):
        return first.pop(), [(name[1:], layer) for name, layer in items]
    return ("identity" if not items else f"branch{position + 1}"), items


def _graph(nodes: Nodes, start: str, keys: list[str]) -> Graph:
    names = {start: ""}
    for key in keys:
        names[key] = _unique("_".join(nodes[key].name), names.values())
    calls = ((names[key], nodes[key].layer, tuple(names[one] for one in nodes[key].inputs)) for key in keys)
    return Graph(tuple(calls))


# ---- names ---------------------------------------------------------------------------------------


def _common(names: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The containers that hold all of these layers."""
    shared: list[str] = []
    for parts in zip(*(name[:-1] for name in names), strict=False):
        if len(set(parts)) > 1:
            break
        shared.append(parts[0])
    return tuple(shared)


def _named(items: list[Item]) -> Sequential:
    """Layers in containers, as their names say."""
    layers: dict[str, Layer] = {}
    for name, group in _grouped(items):
        if name == "" or len(group[0][0]) == 1:
            (path, layer) = group[0]
            layers[_unique(path[0], layers)] = layer
        else:
            layers[_unique(name, layers)] = _named([(path[1:], layer) for path, layer in group])
    return Sequential(layers)


def _grouped(items: list[Item]) -> Iterator[tuple[str, list[Item]]]:
    """Neighbours in one container together; a layer that is in none alone."""
    group: list[Item] = []
    for item in items:
        if group and (len(item[0]) == 1 or len(group[0][0]) == 1 or item[0][0] != group[0][0][0]):
            yield group[0][0][0], group
            group = []
        group.append(item)
    if group:
        yield group[0][0][0], group


def _unique(name: str, taken: Iterable[str]) -> str:
    names = set(taken)
    numbered = (f"{name}_{number}" for number in range(1, len(names) + 2))
    return next(one for one in (name, *numbered) if one not in names)
