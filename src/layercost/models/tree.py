"""From what reads what to a tree of layers.

Chains become Sequential, forks that meet again become Parallel, and all else becomes a Graph.
"""

from __future__ import annotations

import importlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from layercost.layer import Layer, keep
from layercost.layers.composite import UNNAMED, Parallel, Sequential
from layercost.layers.graph import Graph, Node, as_samples
from layercost.layers.joins import Add, Concatenate, Multiply
from layercost.layers.model import Model, Spelling
from layercost.layers.reshaping import Identity
from layercost.shape import Shape


class ModelError(ValueError):
    """A model or a file that cannot be read: the message says why, and what to try."""


class Step(NamedTuple):
    """One call in a model: the path of its name, the layer, the values that it reads, how it is written."""

    name: tuple[str, ...]
    layer: Layer
    inputs: tuple[str, ...]
    once: bool = False  # it reads nothing that depends on the input
    spelling: Spelling | None = None


Steps = dict[str, Step]  # by the value that each gives, in an order in which they can run
Item = tuple[tuple[str, ...], Layer]  # a layer under the path of its name

_GRAPH = f"{UNNAMED}graph"
JOINS: Mapping[type[Layer], str] = {Add: "add", Concatenate: "concatenate", Multiply: "multiply"}


def model(
    steps: Steps,
    output: str,
    *,
    name: str,
    source: str,
    input_shape: tuple[int, ...] | tuple[tuple[int, ...], ...],
    inputs: tuple[str, ...] = ("",),
) -> Model:
    """The tree of all `steps`, which read the values `inputs` and of which `output` is the model's own.

    A step that `output` does not depend on runs in the model, and so it stands in the tree.
    """
    items = _all(steps, inputs[0], output) if len(inputs) == 1 else [_whole(steps, output, inputs)]
    layers = dict(_named(items).children)
    tree = Model(layers, name=name, version="as read", source=source, input_shape=input_shape)
    keep(tree, **_told(tree, steps))
    return tree


def _told(tree: Model, steps: Steps) -> dict[str, Any]:
    """How the model calls each path of the tree, and how its code writes the call."""
    called: dict[int, list[Step]] = defaultdict(list)
    for step in steps.values():
        for _, leaf in step.layer.leaves():
            called[id(leaf)].append(step)
    places, spelling = dict[str, str](), dict[str, Spelling]()
    for path, leaf in tree.leaves():
        if id(leaf) in called:
            these = called[id(leaf)]
            step = these.pop(0) if len(these) > 1 else these[0]
            places[path] = ".".join(step.name)
            if step.spelling is not None:
                spelling[path] = step.spelling
    return {"places": places, "spelling": spelling}


def shape_after(layer: Layer, shapes: Iterable[tuple[Shape, bool]], once: bool = False) -> Shape:
    """The shape that a layer gives on values of these shapes, each with whether it has no batch.

    Raises ShapeError.
    """
    return layer.output_shape(*as_samples(list(shapes), once))


def needed(name: str, function: str, install: str) -> Any:
    """Import a package that a reader of models needs; raises ModelError that says how to get it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ModelError(
            f"{function} needs {name}, which is not installed ({error}); "
            f"install it with: python -m pip install {install}"
        ) from None


# ---- one thing after the other -------------------------------------------------------------------


DEEPEST = 48  # branches within branches; what stands deeper is a graph


def _all(steps: Steps, start: str, end: str, depth: int = 0) -> list[Item]:
    """Everything that happens, cut where all that comes later reads one value alone."""
    order = {key: position for position, key in enumerate(steps)}
    last_reader = {given: position for key, position in order.items() for given in steps[key].inputs}
    items, before, waiting = list[Item](), start, list[str]()
    live_until = last_reader.get(start, -1)  # where the last of the earlier values is read
    seen_end = end == start
    for key, position in order.items():
        waiting.append(key)
        seen_end |= key == end
        is_read = last_reader.get(key, -1) > position
        if live_until <= position and (is_read or key == end) and not (seen_end and key != end):
            items.append(_step(_Part(steps, order, depth), before, waiting))
            before, waiting, live_until = key, [], -1
        live_until = max(live_until, last_reader.get(key, -1))
    if waiting:
        items.append(_rest(steps, before, waiting, end))
    return items


class _Part(NamedTuple):
    """Steps with their places in the order of running, and within how many branches they stand."""

    steps: Steps
    order: Mapping[str, int]
    depth: int


def _between(part: _Part, start: str, end: str) -> list[Item]:
    """What happens to the value `start` until it is the value `end`, and nothing else."""
    inner = {key: part.steps[key] for key in _needed(part, start, end)}
    return _all(inner, start, end, part.depth + 1)


def _needed(part: _Part, start: str, end: str) -> list[str]:
    """The values between `start` and `end`, `end` included, in the order of running."""
    steps = part.steps
    found, asked = set[str](), [end]
    while asked:
        key = asked.pop()
        if key != start and key not in found and key in steps:
            found.add(key)
            asked.extend(steps[key].inputs)
    return sorted(found, key=part.order.__getitem__)


def _step(part: _Part, start: str, keys: list[str]) -> Item:
    """One layer, or branches and their join, or a graph."""
    steps, end = part.steps, part.steps[keys[-1]]
    if len(keys) == 1 and end.inputs == (start,):
        return end.name, end.layer
    joins = type(end.layer) in JOINS and part.depth < DEEPEST
    if joins and not any(steps[key].once for key in keys):
        branches = [_needed(part, start, given) if given != start else [] for given in end.inputs]
        if sum(map(len, branches)) == len({key for branch in branches for key in branch}) == len(keys) - 1:
            return _parallel(part, start, end)
    return _rest(steps, start, keys, keys[-1])


def _rest(steps: Steps, start: str, keys: list[str], end: str) -> Item:
    """A graph of what is neither a chain nor a fork that meets again."""
    shared = _common([steps[key].name for key in keys])
    return (*shared, _GRAPH), _graph(steps, (start,), keys, end, len(shared))


def _whole(steps: Steps, output: str, inputs: tuple[str, ...]) -> Item:
    """A model of several inputs is one graph."""
    return (_GRAPH,), _graph(steps, inputs, list(steps), output, 0)


def _parallel(part: _Part, start: str, end: Step) -> Item:
    branches = [_between(part, start, given) if given != start else [] for given in end.inputs]
    prefix = _common([end.name, *(name for branch in branches for name, _ in branch)])
    join = JOINS[type(end.layer)]
    layers, names = dict[str, Layer](), _Names(join)
    for position, branch in enumerate(branches):
        inner = [(name[len(prefix) :], layer) for name, layer in branch]
        name, items = _branch(inner, position)
        layers[names.unique(name)] = _named(items) if items else Identity()
    axis = getattr(end.layer, "axis", None)
    return end.name, Parallel(layers, join=join, axis=axis)


def _branch(items: list[Item], position: int) -> tuple[str, list[Item]]:
    """The name of a branch, and what is in it: the container's own name where all is in one."""
    first = {name[0] for name, _ in items}
    if len(first) == 1 and all(len(name) > 1 for name, _ in items):
        return first.pop(), [(name[1:], layer) for name, layer in items]
    return ("identity" if not items else f"branch{position + 1}"), items


def _graph(steps: Steps, inputs: tuple[str, ...], keys: list[str], output: str, prefix: int) -> Graph:
    """A graph of these steps; each is named by what is left of its path behind `prefix` parts."""
    names = {key: f"input{place}" if place else "" for place, key in enumerate(inputs)}
    taken = dict[str, int]()
    for key in keys:
        written = ".".join(steps[key].name[prefix:])
        taken[written] = taken.get(written, 0) + 1
        names[key] = written if taken[written] == 1 else f"{written}_{taken[written] - 1}"
    nodes = [
        Node(names[key], steps[key].layer, tuple([names[one] for one in steps[key].inputs]), steps[key].once)
        for key in keys
    ]
    return Graph(tuple(nodes), names[output], tuple(names[key] for key in inputs))


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
    layers, names = dict[str, Layer](), _Names()
    for name, group in _grouped(items):
        if name == "" or len(group[0][0]) == 1:
            (path, layer) = group[0]
            layers[names.unique(path[0])] = layer
        else:
            layers[names.unique(name)] = _named([(path[1:], layer) for path, layer in group])
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


class _Names:
    """The names in one container, each of which stands there once."""

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """The name, or with the first number behind it that is free."""
        number, found = self._numbers.get(name, 0), name
        while found in self._taken:
            number += 1
            found = f"{name}_{number}"
        self._numbers[name] = max(number - 1, 0)
        self._taken.add(found)
        return found
