"""An ONNX file as it is read: node by node, what is known of each value, and the step that gives it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any, NoReturn

from layercost.facts import Held
from layercost.layer import Layer, LayerError
from layercost.layers.linear import Linear
from layercost.layers.model import Model
from layercost.layers.recurrent import Recurrent
from layercost.models.folded import Joined, folded
from layercost.models.leaves import Applied, Stored, Unknown, Unplaced, Unused
from layercost.models.onnx_file import Graph, Node, Sizes
from layercost.models.onnx_fusions import Fusions
from layercost.models.onnx_holdings import Constant, Holdings
from layercost.models.onnx_inputs import Input, declared
from layercost.models.onnx_operator import (
    SETTINGS,
    Made,
    NotOurs,
    Operator,
    Value,
    arrived,
)
from layercost.models.onnx_operators import OF_MICROSOFT, OPERATORS, moved
from layercost.models.onnx_values import MICROSOFT, STANDARD, Run
from layercost.models.tree import ModelError, Step, Steps, model, shape_after
from layercost.shape import Shape, ShapeError, seen_shape

MOST_PARTS = 32  # of a path, as many containers as stand within each other
PROBE = 3  # a second batch, which shows along which axis each value has it


class _Open(Exception):
    """A value whose shape nobody can tell."""


_OF_SHAPES = frozenset({"Shape", "Size", "EyeLike", "RandomNormalLike", "RandomUniformLike"})
_CANNOT = (
    NotOurs, LayerError, ShapeError, TypeError, LookupError, ValueError, ArithmeticError, AttributeError,
)  # fmt: skip


class Reading:
    """One file as it is read: what is known of its values, and the steps found so far."""

    def __init__(self, graph: Graph, opset: int, inputs: list[Input]) -> None:
        self.graph, self.inputs = graph, inputs
        self._opset = opset
        self.seen = self._run(1)
        self.probe = self._run(PROBE)
        self.holdings = Holdings(graph)
        self.constants = self.holdings.constants
        self.steps: Steps = {}
        self.values: dict[str, Value] = {}
        self.layers: dict[tuple[str, ...], Layer] = {}
        self._named: tuple[Node, str | None] | None = None
        self.absorbed: dict[str, str] = {}  # what an Add gives whose bias went to a product
        self._note_inputs()
        self.fusions = Fusions(graph, self._is_number)
        self._read_all(self.graph)

    @property
    def takes_one(self) -> bool:
        """Whether the file is for one sample and no more."""
        declared_as = {one.name: one.dims or () for one in declared(self.graph)}
        batched = [(declared_as[one.name], one.batch) for one in self.inputs if one.batch is not None]
        return all(axis < len(dims) and dims[axis] == 1 for dims, axis in batched)

    @property
    def unknown(self) -> int:
        """How many operators are not known."""
        return sum(isinstance(step.layer, Unknown) for step in self.steps.values())

    def model(self, name: str, source: str) -> Model:
        """Every node that runs, and every tensor that is held."""
        outputs = [one.name for one in self.graph.output if one.name in self.values]
        if not outputs:
            raise ModelError("none of its outputs depends on an input")
        key = self._note_rest(self.values[outputs[0]])
        shapes = tuple(one.sizes for one in self.inputs)
        return model(
            self.steps,
            key,
            name=name,
            source=source,
            input_shape=shapes if len(shapes) > 1 else shapes[0],
            inputs=tuple(self.values[one.name].key for one in self.inputs),
        )

    # ---- inputs, and the sizes of all values

    def _run(self, batch: int) -> Run:
        return run(self.graph, self._opset, [one._replace(full=one.of(batch)) for one in self.inputs])

    def _note_inputs(self) -> None:
        for place, one in enumerate(self.inputs):
            key = one.name if place else ""
            self.values[one.name] = Value(key, one.sizes, one.full, batch=one.batch)

    def _is_number(self, name: str) -> bool:
        """Whether a value is a constant of a single number."""
        return name in self.constants and prod(self.seen.shapes.get(name, (2,))) == 1

    # ---- what an operator asks

    @property
    def opset(self) -> int:
        return self._opset

    def numbers(self, name: str) -> tuple[Any, ...] | None:
        return self.seen.numbers(name)

    def full(self, name: str) -> Sizes:
        """The sizes that the file has for a batch of one."""
        if name not in self.seen.shapes:
            raise _Open(name)
        return self.seen.shapes[name]

    def sample(self, name: str) -> Sizes:
        return self._sample(name)[0]

    def _sample(self, name: str) -> tuple[Sizes, int | None]:
        """A sample's sizes, and the axis that it lacks: that of the batch."""
        full = self.full(name)
        axis = batch_axis(full, self.probe.shapes.get(name))
        if axis is None or axis is SEVERAL:  # the file names its own batch there, or nobody can tell
            axis = 0
        if axis >= len(full) or full[axis] != 1:  # heads or windows stand in one axis with it
            return full, None
        return (*full[:axis], *full[axis + 1 :]), axis

    def is_weight(self, name: str) -> bool:
        """Whether a value does not depend on the model's input."""
        return name in self.constants or (name in self.values and self.values[name].once)

    def is_code(self, name: str) -> bool:
        """Whether a value is a constant that the model's code has, and no initializer."""
        return name in self.constants and not self.holdings.is_initial(name)

    def is_value(self, name: str) -> bool:
        """Whether an input is a value of the tree: one that depends on the input, or a weight."""
        return name in self.values or self.holdings.is_weight(name)

    def value(self, name: str) -> Value:
        """A value of the tree; a weight becomes a step of its own, which holds it."""
        if name not in self.values:
            full = self.full(name)
            key = f"{name} (stored)"
            if key not in self.steps:
                hold = self.holdings.hold
                held, stored = hold(self.holdings.sources([name])), hold(self.holdings.scales([name]))
                layer = Stored(name, full, held, stored)
                self.steps[key] = Step(_path(name), layer, (), once=True)
            return Value(key, full, full, once=True)
        return self.values[name]

    def note_step(self, node: Node, label: str, layer: Layer, values: list[Value], full: Sizes) -> Value:
        """A step inside of an operator."""
        return self.note(
            node, Made(layer, values, inner=tuple(one.full for one in values)), full, None, label
        )

    # ---- one node after the other

    def _read_all(self, graph: Graph) -> None:
        for node in graph.node:
            branch = self.seen.branch(node)
            if branch is not None:
                self._read_branch(branch, node)
            else:
                self._read(node)

    def _read_branch(self, branch: Graph, node: Node) -> None:
        """The branch that a constant condition takes; what the other one holds is unused."""
        for graph in (*(one for one in node.graphs if one is not branch), branch):
            self.holdings.note(graph)
        self._read_all(branch)
        for inner, outer in zip((one.name for one in branch.output), node.output, strict=True):
            if inner in self.values:
                self.values[outer] = self.values[inner]
            elif inner in self.constants:
                self.constants[outer] = self.constants[inner]

    def _read(self, node: Node) -> None:
        output = next((name for name in node.output if name), "")
        if output in self.constants or output in self.fusions.inner:
            return
        if output not in self.fusions.found and self._is_constant(node, output):
            return
        if output in self.absorbed:
            self.values[output] = self.values[self.absorbed[output]]
            return
        before = len(self.steps), len(self.holdings.held), len(self.absorbed)
        try:
            self._note_outputs(node, self._noted(node, output))
        except _Open as error:
            self._forget(*before)
            self._refuse(node, str(error))
        except ModelError:
            raise
        except _CANNOT:
            self._forget(*before)
            self._note_outputs(node, self._unknown(node, output))

    def _noted(self, node: Node, output: str) -> Value:
        full = self.full(output)
        given, batch = self._sample(output)
        return self.note(node, self._made(node, output), full, (given, batch), "")

    def _forget(self, steps: int, held: int, absorbed: int) -> None:
        """Take back what an operator noted before it turned out that none of our layers has its settings."""
        noted: list[tuple[dict[str, Any], int]] = [
            (self.steps, steps), (self.holdings.held, held), (self.absorbed, absorbed),
        ]  # fmt: skip
        for table, length in noted:
            while len(table) > length:
                table.popitem()

    def _is_constant(self, node: Node, output: str) -> bool:
        """Whether a node gives what follows from sizes and constants of the code alone."""
        names = [name for name in (*node.input, *_captured(node)) if name]
        if output not in self.seen.shapes:
            return False
        nothing = prod(self.seen.shapes[output]) == 0 and not self.holdings.held_by(names)
        if not nothing and node.op_type not in _OF_SHAPES and any(self.is_value(name) for name in names):
            return False
        numbers = () if node.op_type in _OF_SHAPES else tuple(self.holdings.sources(names))
        for name in filter(None, node.output):
            self.constants[name] = Constant(scales=numbers)
        return True

    def _made(self, node: Node, output: str) -> Made:
        fusion = self.fusions.found.get(output)
        if fusion is not None:
            value = self.value(fusion.reads)
            return Made(fusion.layer, [value], inner=(value.full,))
        handlers = OF_MICROSOFT if node.domain == MICROSOFT else OPERATORS
        if node.op_type not in handlers or node.domain not in (*STANDARD, MICROSOFT):
            raise NotOurs
        return handlers[node.op_type](Operator(self, node))

    # ---- steps

    def note(
        self, node: Node, made: Made, full: Sizes, sample: tuple[Sizes, int | None] | None, label: str
    ) -> Value:
        """A step of the tree; what it gives is a value of sizes `full` in the file."""
        output = next(name for name in node.output if name)
        once = all(value.once for value in made.values) and not self.varies(output)
        if sample is None:
            batch = None if once or full[:1] != (1,) else 0
            sample = (full if batch is None else full[1:], batch)
        given, batch = (full, None) if once else sample
        made, names = self._with_bias(made, node, label)
        layer = self._fitting(node.op_type, made, once, given)
        shape = self._shape(layer, made, once)
        layer, computed = self._holding(node, made, names, layer)
        inputs = [*(value.key for value in made.values), *computed]
        key = f"{output} ({label}, {len(self.steps)})" if label else output
        whole = bool(names) or (output in self.fusions.found and not label)
        path = (*self._path(node, names, whole=whole), *([label] if label else []))
        self.steps[key] = Step(path, layer, tuple(inputs), once)
        return Value(key, tuple(map(int, shape)), full, once, batch, shape)

    def varies(self, output: str) -> bool:
        """Whether a value has another shape for another batch."""
        probed = self.probe.shapes.get(output)
        return probed is not None and probed != self.seen.shapes.get(output)

    def _shape(self, layer: Layer, made: Made, once: bool) -> Shape:
        """What the layer gives where it stands in the tree."""
        given = [(value.shape, value.once) for value in made.values]
        return shape_after(layer, given, once)

    def _fitting(self, kind: str, made: Made, once: bool, given: Sizes) -> Layer:
        """The layer where it gives what onnx infers, on the values as they stand or on shapes of its own."""
        try:
            shape = tuple(map(int, self._shape(made.layer, made, once)))
            steps = isinstance(made.layer, Recurrent) and made.inner == (made.values[0].sizes,)
            if steps or (shape == given and not made.rearranged):  # directions stand in an axis of their own
                return made.layer
        except (ShapeError, LayerError, AttributeError):
            pass
        if made.inner is None:
            raise NotOurs
        taken = arrived(made.values, once=once)
        found = folded(kind, made.layer, taken, given, made.inner, made.times)
        if found is None:
            raise NotOurs
        return found

    def _with_bias(self, made: Made, node: Node, label: str) -> tuple[Made, list[str]]:
        """The layer, and the names of its weights; with the bias that the only reader of a product adds."""
        names = [node.input[place] for place in made.weights]
        layer, output = made.layer, node.output[0]
        reader = self.fusions.reader(output) if isinstance(layer, Linear) and not label else None
        if not isinstance(layer, Linear) or layer.bias or reader is None or reader.op_type != "Add":
            return made, names
        others = [name for name in reader.input if name != output]
        if len(others) != 1 or others[0] not in self.constants or not self.is_value(others[0]):
            return made, names
        sizes = self.full(others[0])
        if prod(sizes) != layer.out_features or sizes[-1:] != (layer.out_features,):
            return made, names
        self.absorbed[reader.output[0]] = output
        whole = Linear(layer.in_features, layer.out_features)
        return made._replace(layer=whole), [*names, others[0]]

    def _holding(self, node: Node, made: Made, names: list[str], layer: Layer) -> tuple[Layer, list[str]]:
        """The layer with its weights as the file has them, and the values among these that were computed."""
        beside = [node.input[at] for at in made.buffers if at < len(node.input) and node.input[at]]
        computed = [self.values[name].key for name in (*names, *beside) if name in self.values]
        kept = (node.op_type, *names, *beside)
        if names and not computed and self.layers.get(kept) == layer:
            return self.layers[kept], computed  # the same layer, called once more
        held, stored = self._placed(names, beside)
        own = _total(layer.parameters()), _total(layer.buffers())
        if computed or own != (_total(held), _total(stored)):
            several = len(made.values) > 1
            applied = (
                Joined(layer, held, stored, len(made.values)) if several else Applied(layer, held, stored)
            )
            return applied, computed
        self.layers[kept] = layer
        return layer, computed

    def _placed(self, names: list[str], beside: list[str]) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
        """Weights and what stands beside them, as parameters and buffers: each where it is read first."""
        for name in names:
            if name in self.constants:
                self.holdings.note_filled(name, self.full(name))
        found = self.holdings
        held = found.hold(found.sources(names), weights=True)
        return held, found.hold([*found.scales(names), *found.sources(beside), *found.scales(beside)])

    def _note_outputs(self, node: Node, value: Value) -> None:
        """What a node gives, by name; further outputs that are read are parts of its result."""
        (_, first), *others = [(place, name) for place, name in enumerate(node.output) if name]
        self.values[first] = value
        for place, name in others:
            if not prod(self.seen.shapes.get(name, (1,))):
                self.constants[name] = Constant()
            elif self.fusions.is_read(name) and name in self.seen.shapes:
                self.values[name] = self._part(node, place, value)

    def _part(self, node: Node, place: int, value: Value) -> Value:
        """One of the further outputs of an operator: a part of what is split, or of what it gives."""
        name = node.output[place]
        given, batch = (self.full(name), None) if value.once else self._sample(name)
        whole = self.value(node.input[0]) if node.op_type == "Split" else value
        if given == whole.sizes and node.op_type != "Split":
            return whole._replace(full=self.full(name), batch=batch)
        made = moved(node.op_type, [whole], given)
        path = (*self._path(node), f"output{place}")
        self.steps[name] = Step(path, made.layer, (whole.key,), value.once)
        return Value(name, given, self.full(name), value.once, batch)

    # ---- what is not known

    def _unknown(self, node: Node, output: str) -> Value:
        """An operator that we do not know, with its weights."""
        try:
            full = self.full(output)
            given, batch = self._sample(output)
        except _Open:
            self._refuse(node, output)
        names = [name for name in (*node.input, *_captured(node)) if name]
        values = list(dict.fromkeys(self.values[name] for name in names if name in self.values))
        once = all(value.once for value in values) and not self.varies(output)
        if once:
            given, batch = full, None
        held, stored = self._apart(node, names)
        try:
            seen_shape(given, node.op_type)
            layer = Unknown(node.op_type, arrived(values, once=once), given, held, stored)
        except (ShapeError, LayerError) as error:
            self._refuse(node, output, str(error))
        self.steps[output] = Step(self._path(node), layer, tuple(value.key for value in values), once)
        return Value(output, given, full, once, batch)

    def _apart(self, node: Node, names: list[str]) -> tuple[tuple[Held, ...], tuple[Held, ...]]:
        """Parameters and buffers that an operator reads, those inside of its branches included."""
        for graph in _graphs(node):
            self.holdings.note(graph)
            read = _read_in(graph)
            names = [*names, *(name for name in self.constants if name in read)]
        setting = {node.input[at] for at in SETTINGS.get(node.op_type, ()) if at < len(node.input)}
        kept, found = [name for name in names if name not in setting], self.holdings
        sources = list(found.sources(kept))
        held = found.hold(name for name in sources if found.size(name) != 1)
        return held, found.hold([*(one for one in sources if found.size(one) == 1), *found.scales(kept)])

    def _refuse(self, node: Node, name: str, why: str = "") -> NoReturn:
        """Raise ModelError that names the operator, what is known without it, and what to do."""
        reason = why or self.seen.reasons.get(name, "")
        for graph in (inner for one in self.graph.node for inner in _graphs(one)):
            self.holdings.note(graph)
        known, whole = (self.holdings.total(them) for them in (self.holdings.held, self.holdings.all()))
        at = next((place for place, one in enumerate(self.graph.node) if one is node), 0)
        raise ModelError(
            f"the shape of {name} cannot be told, which {node.op_type} {node.name or node.output[0]} gives "
            f"or reads{f' ({reason})' if reason else ''}; {at} of {len(self.graph.node)} operators were read "
            f"before it, with {known:,} of {whole:,} values held. Give the sizes of all inputs, or cut the "
            "file before it, with onnx.utils.extract_model"
        )

    # ---- what has no place

    def _note_rest(self, output: Value) -> str:
        """Tensors that no node reads are unused; those that are read and stand in no layer have no place.

        Single numbers that went into constants stand beside them.
        """
        found = self.holdings
        rest = [name for name in found.all() if name not in found.held]
        read = {name for node in self.graph.node for name in node.input}
        single = dict.fromkeys(name for name in rest if found.size(name) == 1)
        unread = [name for name in rest if name not in read and name not in single]
        lost = [name for name in rest if name in read and name not in single]
        left = {
            "numbers": Unused((), found.hold(name for name in single if name in read)),
            "unused": Unused(found.hold(unread), found.hold(single)),
            "unplaced": Unplaced(found.hold(lost)),
        }
        key = output.key
        for name, layer in left.items():
            if layer.held or layer.stored:
                self.steps[name] = Step((name,), layer, (key,))
                key = name
        return key

    def _path(self, node: Node, weights: Iterable[str] = (), *, whole: bool = False) -> tuple[str, ...]:
        """The path of a node: of its weight, where that is named in PyTorch's way; else its own.

        The last part names one operation of a module: the `whole` module goes without.
        """
        weight = self._weight_among(weights) if weights else self._weight_of(node)
        if weight is not None and (module := tuple(filter(None, weight.split(".")[:-1]))):
            return module[-MOST_PARTS:]
        parts, before = list[str](), ""
        for part in filter(None, node.name.split("/")):
            parts.append(part.removeprefix(f"{before}.").replace(".", "_"))
            before = part
        kind = node.op_type.lower().replace(".", "_")
        named = tuple(filter(None, parts))[-MOST_PARTS:] or (kind,)
        return named[:-1] if whole and len(named) > 1 else named

    def _weight_of(self, node: Node) -> str | None:
        """The weight that names a node; it is looked for once, however many steps the node has."""
        if self._named is None or self._named[0] is not node:
            self._named = node, self._weight_among(node.input)
        return self._named[1]

    def _weight_among(self, names: Iterable[str]) -> str | None:
        """The first of these that is a weight of PyTorch's by its name."""
        return next((name for name in names if name in self.constants and name.endswith(".weight")), None)


# ---- helpers -------------------------------------------------------------------------------------

SEVERAL = -1  # more than one axis changes with the batch, or another number of axes


def run(graph: Graph, opset: int, inputs: list[Input]) -> Run:
    """The shapes of a file's values, node by node, for these inputs."""
    return Run(graph, opset, {one.name: one.full for one in inputs})


def batch_axis(alone: Sizes, probed: Sizes | None) -> int | None:
    """The axis along which a value grows with the batch; None where it does not grow."""
    if probed is None or alone == probed:
        return None
    if len(alone) != len(probed):
        return SEVERAL
    places = [place for place, (one, other) in enumerate(zip(alone, probed, strict=True)) if one != other]
    return places[0] if len(places) == 1 else SEVERAL


def _total(held: Iterable[Held]) -> int:
    return sum(int(one.size) for one in held)


def _path(name: str) -> tuple[str, ...]:
    """The path of a weight that stands alone."""
    parts = [part for part in name.replace("/", ".").replace(":", "_").split(".") if part]
    return tuple(parts[-MOST_PARTS:]) or ("stored",)


def _graphs(node: Node) -> Iterator[Graph]:
    """The graphs inside of a node, and inside of these."""
    for graph in node.graphs:
        yield graph
        for inner in graph.node:
            yield from _graphs(inner)


def _read_in(graph: Graph) -> set[str]:
    """The names that the nodes of a graph read."""
    return {name for node in graph.node for name in node.input}


def _captured(node: Node) -> Iterator[str]:
    """The values from outside that the graphs inside of a node read."""
    for graph in _graphs(node):
        given = {name for one in graph.node for name in one.output} | {one.name for one in graph.input}
        yield from (name for one in graph.node for name in one.input if name and name not in given)
