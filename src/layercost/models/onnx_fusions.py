"""Functions that a file spells with several nodes: a SiLU as a product, a GELU with the error function."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from layercost import layers as ours
from layercost.layer import Layer
from layercost.models.onnx_file import Graph, Node


class Fusion(NamedTuple):
    """A layer on the value `reads`, in place of the nodes that give the values `inner` and the last one."""

    layer: Layer
    reads: str
    inner: frozenset[str]


class Fusions:
    """The fusions of a graph, by the name of the value that each gives."""

    def __init__(self, graph: Graph, is_number: Callable[[str], bool]) -> None:
        self._is_number = is_number
        self._readers: dict[str, list[Node | None]] = defaultdict(list)
        for node in graph.node:
            for name in node.input:
                self._readers[name].append(node)
        for value in graph.output:
            self._readers[value.name].append(None)
        self._givers = {name: node for node in graph.node for name in node.output}
        self.found = dict(self._all(graph))
        self.inner = frozenset().union(*(fusion.inner for fusion in self.found.values()))

    def reader(self, name: str) -> Node | None:
        """The only node that reads a value; None where there are several, or the model gives it away."""
        readers = self._readers[name]
        return readers[0] if len(readers) == 1 else None

    def is_read(self, name: str) -> bool:
        """Whether anything reads a value."""
        return bool(self._readers.get(name))

    def _all(self, graph: Graph) -> Iterator[tuple[str, Fusion]]:
        for node in graph.node:
            if node.op_type == "Sigmoid":
                yield from self._silu(node)
            elif node.op_type == "Erf":
                yield from self._gelu(node)

    def _silu(self, gate: Node) -> Iterator[tuple[str, Fusion]]:
        """A value times its own sigmoid."""
        product = self.reader(gate.output[0])
        value = gate.first
        if product is not None and product.op_type == "Mul" and set(product.input) == {value, gate.output[0]}:
            yield product.output[0], Fusion(ours.SiLU(), value, frozenset(gate.output))

    def _gelu(self, erf: Node) -> Iterator[tuple[str, Fusion]]:
        """``x / 2 (1 + erf(x / sqrt 2))``, in the orders in which exporters write its products."""
        scaled = self._givers.get(erf.first)
        plus = self.reader(erf.output[0])
        value = self._value_beside_number(scaled, ("Div", "Mul"))
        if scaled is None or plus is None or value is None:
            return
        if self._value_beside_number(plus, ("Add",)) != erf.output[0]:
            return
        if self.reader(scaled.output[0]) is not erf:
            return
        end = self._products(value, plus.output[0])
        if end is not None:
            last, between = end
            inner = {scaled.output[0], erf.output[0], plus.output[0], *between}
            yield last, Fusion(ours.GELU(), value, frozenset(inner))

    def _products(self, value: str, name: str) -> tuple[str, tuple[str, ...]] | None:
        """The last of the products with x and a half, and the values before it."""
        first = self.reader(name)
        if first is None or first.op_type != "Mul" or len(first.input) != 2:
            return None
        (other,) = [one for one in first.input if one != name] or (name,)
        half = self._givers.get(other)
        if self._value_beside_number(half, ("Mul", "Div")) == value and self.reader(other) is first:
            return first.output[0], (other,)
        second = self.reader(first.output[0])
        if second is None or second.op_type != "Mul" or len(second.input) != 2:
            return None
        (last,) = [one for one in second.input if one != first.output[0]] or (name,)
        others = {other, last}
        if value in others and any(self._is_number(one) for one in others):
            return second.output[0], (first.output[0],)
        return None

    def _value_beside_number(self, node: Node | None, kinds: tuple[str, ...]) -> str | None:
        """What a node of two inputs reads beside a single number."""
        if node is None or node.op_type not in kinds or len(node.input) != 2:
            return None
        values = [name for name in node.input if not self._is_number(name)]
        return values[0] if len(values) == 1 else None
