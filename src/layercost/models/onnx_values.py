"""What an ONNX file's values are before anything is counted: their sizes, and small constants' numbers.

Sizes are followed node by node. What follows from sizes and constants alone (the sizes of a Reshape, say) is
computed where a rule asks for it, so that sizes that need it are not left in the dark.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import prod
from typing import Any, NamedTuple, TypeAlias

from layercost.models.onnx_call import Call, Rule, Untold
from layercost.models.onnx_file import MOST_AXES, Dims, Graph, Node, Sizes, Tensor
from layercost.models.onnx_numbers import CANNOT, EVALUATORS, INT64, Given, Numbers, evaluated
from layercost.models.onnx_shapes import RULES
from layercost.models.onnx_shapes_of_products import OF_MICROSOFT
from layercost.models.tree import ModelError
from layercost.shape import LARGEST

FLOATS = frozenset(
    {1, 10, 11, 16, 17, 18, 19, 20, 23, 24, 27, 28}
)  # float32, float16, float64, bfloat16, smaller ones
BYTES = frozenset({2, 3, 21, 22, 25, 26})  # whole numbers of at most 8 bits: weights of a quantised model
MOST_VALUES = 1 << 16  # of a constant that is computed with; of a larger one the shape is enough
MOST_WORK = 1 << 21  # numbers that are computed and looked at in all: a second or two
STANDARD = ("", "ai.onnx")  # the standard's operators have two names
MICROSOFT = "com.microsoft"


class _Later(NamedTuple):
    """A node whose numbers nobody has asked for yet."""

    node: Node
    sizes: tuple[Sizes, ...]


_Known: TypeAlias = "Numbers | Tensor | _Later"


class Run:
    """One pass over the nodes for inputs of known sizes: `shapes` by name, small constants' `numbers`.

    A value whose sizes cannot be told is missing from `shapes`; `reasons` says why.
    """

    def __init__(self, graph: Graph, opset: int, inputs: Mapping[str, Sizes]) -> None:
        self._opset = opset
        self.shapes: dict[str, Sizes] = dict(inputs)
        self.reasons: dict[str, str] = {}
        self._known: dict[str, _Known] = {}
        self._work = 0
        self._declared = {one.name: one.dims for one in (*graph.value_info, *graph.output)}
        self.read(graph)

    def read(self, graph: Graph) -> None:
        """All initializers and nodes of a graph, or of a branch."""
        for tensor in graph.initializer:
            self._hold(tensor.name, tensor)
        for node in graph.node:
            self._follow(node)

    def branch(self, node: Node) -> Graph | None:
        """The branch of an If that is taken, where its condition is a constant; else None."""
        condition = self.numbers(node.first) if node.op_type == "If" else None
        if not condition:
            return None
        taken: Graph = node.attributes["then_branch" if condition[0] else "else_branch"]
        return taken

    # ---- numbers

    def numbers(self, name: str) -> tuple[Any, ...] | None:
        """The numbers of a small constant in a row; None of anything else."""
        found = self.constant(name)
        return None if found is None else found.values

    def constant(self, name: str) -> Numbers | None:
        """A small constant; None of anything else."""
        waiting = [name] if name in self._known else []
        while waiting:
            found = self._known.get(waiting[-1])
            names = [one for one in found.node.input if one] if isinstance(found, _Later) else []
            still = [one for one in names if isinstance(self._known.get(one), (_Later, Tensor))]
            if still:
                waiting.extend(still)
                continue
            self._settle(waiting.pop(), found)
        settled = self._known.get(name)
        if not isinstance(settled, Numbers):
            return None
        self._work += len(settled.values)
        return settled if self._work <= MOST_WORK else None

    def _settle(self, name: str, found: _Known | None) -> None:
        """Read or compute a constant; it is forgotten where that cannot be done."""
        if isinstance(found, Tensor):
            values = found.content()
            del self._known[name]
            if values is not None:
                self._known[name] = Numbers(found.data_type, found.dims, values)
        elif isinstance(found, _Later):
            for output in found.node.output:
                self._known.pop(output, None)
            for output, numbers in zip(found.node.output, self._computed(found), strict=False):
                self._known[output] = numbers

    def _computed(self, later: _Later) -> list[Numbers]:
        inputs = [self._known.get(name) for name in later.node.input]
        known = [one if isinstance(one, Numbers) else None for one in inputs]
        self._work += sum(map(prod, later.sizes)) + sum(len(one.values) for one in known if one is not None)
        missing = any(one is None and name for one, name in zip(known, later.node.input, strict=True))
        if missing or self._work > MOST_WORK:
            return []
        return evaluated(Given(later.node, known, later.sizes, self._opset))

    # ---- one node

    def _follow(self, node: Node) -> None:
        branch = self.branch(node)
        if branch is not None:
            self._take(branch, node)
        elif node.op_type == "If":
            self._agree(node)
        elif node.op_type == "Constant":
            self._hold(node.output[0], constant(node))
        else:
            self._infer(node)
            self._note_numbers(node)

    def _take(self, branch: Graph, node: Node) -> None:
        """The branch that is taken, and its values as the node's own."""
        self.read(branch)
        for inner, outer in zip((one.name for one in branch.output), node.output, strict=True):
            if inner in self.shapes:
                self.shapes[outer] = self.shapes[inner]
            numbers = self.constant(inner)
            if numbers is not None:
                self._known[outer] = numbers

    def _agree(self, node: Node) -> None:
        """The shapes that both branches of an If give, where these are the same."""
        given = []
        for branch in (node.attributes[name] for name in ("then_branch", "else_branch")):
            self.read(branch)
            given.append([self.shapes.get(one.name) for one in branch.output])
        for name, first, second in zip(node.output, *given, strict=True):
            if first == second and first is not None:
                self.shapes[name] = first
            else:
                self.reasons[name] = "its branches differ, and its condition depends on the input"

    def _hold(self, name: str, tensor: Tensor | None) -> None:
        if tensor is not None:
            self.shapes[name] = tensor.dims
            if prod(tensor.dims) <= MOST_VALUES:
                self._known[name] = tensor

    # ---- sizes

    def _infer(self, node: Node) -> None:
        """The sizes of what a node gives: by its rule, or as they are declared."""
        found: list[Sizes | None] = []
        try:
            found = self._said(node)
        except Untold as error:
            self.reasons[node.output[0]] = str(error)
        except ModelError:
            raise
        except (*CANNOT, AttributeError):
            self.reasons[node.output[0]] = "its settings are none that it can have"
        for place, name in enumerate(node.output):
            sizes = found[place] if place < len(found) else None
            sizes = _whole(self._declared.get(name)) if sizes is None else sizes
            if name and sizes is not None and self._is_possible(node, sizes):
                self.shapes[name] = sizes

    def _said(self, node: Node) -> list[Sizes | None]:
        """What the rule of an operator says; raises Untold."""
        rules: Mapping[str, Rule] = RULES if node.domain in STANDARD else {}
        rule = (OF_MICROSOFT if node.domain == MICROSOFT else rules).get(node.op_type)
        if rule is None:
            raise Untold("it is no operator that is known here, and the file does not declare what it gives")
        given = rule(Call(node, self._opset, self.shapes.get, self.constant))
        found: list[Sizes | None] = [*given] if isinstance(given, list) else [given]
        for sizes in found:
            if sizes is not None and not _is_shape(sizes):
                raise Untold("no value can have the sizes that it would give")
        return found

    def _is_possible(self, node: Node, sizes: Sizes) -> bool:
        """Whether a Reshape keeps as many values as there are: a file may name a batch of its own."""
        before = self.shapes.get(node.first) if node.op_type == "Reshape" else None
        if before is None or prod(before) == prod(sizes):
            return True
        self.reasons[node.output[0]] = (
            f"it reshapes {before} to {sizes}, as the file was made for another batch"
        )
        return False

    def _note_numbers(self, node: Node) -> None:
        """What a node gives can be computed, where all that it reads is known and small."""
        if node.op_type == "Shape" and node.first in self.shapes and node.output[0] in self.shapes:
            sizes = self.shapes[node.first][node.attributes.get("start") : node.attributes.get("end")]
            self._known[node.output[0]] = Numbers(INT64, (len(sizes),), sizes)
        elif node.op_type == "Size" and node.first in self.shapes:
            self._known[node.output[0]] = Numbers(INT64, (), (prod(self.shapes[node.first]),))
        elif node.op_type in EVALUATORS and node.domain in STANDARD and self._is_small(node):
            later = _Later(node, tuple(self.shapes[name] for name in node.output))
            self._known.update(dict.fromkeys(node.output, later))

    def _is_small(self, node: Node) -> bool:
        """Whether all that a node reads is known, and all that it gives is small."""
        known = all(name in self._known for name in node.input if name)
        given = [self.shapes.get(name) for name in node.output]
        return known and all(sizes is not None and prod(sizes) <= MOST_VALUES for sizes in given)


# ---- helpers -----------------------------------------------------------------------------------------


def constant(node: Node) -> Tensor | None:
    """What a Constant gives, as a tensor; None for texts and sparse ones."""
    for name, value in node.attributes.items():
        if name == "value" and isinstance(value, Tensor):
            return value
        if name in _WRITTEN:
            several = name.endswith("s")
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(isinstance(one, (int, float)) for one in numbers):
                return None
            sizes = (len(numbers),) if several else ()
            return Tensor("", _WRITTEN[name], sizes, partial(tuple, numbers))
    return None


_WRITTEN = {"value_float": 1, "value_floats": 1, "value_int": 7, "value_ints": 7}


def _whole(dims: Dims | None) -> Sizes | None:
    """Declared sizes, where all are known."""
    sizes = () if dims is None else tuple(size for size in dims if isinstance(size, int) and size >= 0)
    return None if dims is None or len(sizes) < len(dims) else sizes


def _is_shape(sizes: Sizes) -> bool:
    return len(sizes) <= MOST_AXES and all(0 <= size <= LARGEST for size in (*sizes, prod(sizes)))
