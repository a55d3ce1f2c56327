"""What an ONNX file holds: its tensors, which of them are values of the network, and which have a place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import NamedTuple

from layercost.facts import Held
from layercost.models.onnx_file import Graph, Node, Sizes, Tensor
from layercost.models.onnx_operator import SETTINGS
from layercost.models.onnx_values import BYTES, FLOATS, constant

# Another arrangement of a weight's values, or another number format, is still that weight.
_VIEWS = frozenset({
    "Identity", "Cast", "Transpose", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "DequantizeLinear",
    "CastLike",
})  # fmt: skip


class Constant(NamedTuple):
    """A value that no operator computes: the tensors of the file that it consists of, scales beside them."""

    sources: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()


class Holdings:
    """The tensors of a file by name, the values that consist of them, and those that have a place.

    `constants` are the values that do not depend on the input; `held` are the tensors that have a place.
    """

    def __init__(self, graph: Graph) -> None:
        self._sizes: dict[str, Sizes] = {}
        self._kinds: dict[str, int] = {}
        self._initial: set[str] = set()
        self._has_initial = any(one.data_type in FLOATS | BYTES for one in graph.initializer)
        self._settings: set[str] = set()
        self.constants: dict[str, Constant] = {}
        self.held: dict[str, None] = {}
        self.note(graph)

    def note(self, graph: Graph) -> None:
        """What a graph holds: initializers, and constants that stand among the nodes."""
        for tensor in graph.initializer:
            self._keep(tensor.name, tensor)
            self._initial.add(tensor.name)
        for node in graph.node:
            places = SETTINGS.get(node.op_type, ())
            self._settings.update(node.input[place] for place in places if place < len(node.input))
            written = constant(node) if node.op_type == "Constant" else None
            if written is not None:
                self._keep(node.output[0], written)
        for node in graph.node:
            self._note_view(node)

    def _keep(self, name: str, tensor: Tensor) -> None:
        self._sizes[name], self._kinds[name] = tensor.dims, tensor.data_type
        self.constants[name] = Constant((name,))

    def _note_view(self, node: Node) -> None:
        """A weight in another arrangement."""
        if node.op_type in _VIEWS and node.first in self.constants:
            before = self.constants[node.first]
            scales = [name for name in node.input[1:] if name] if node.op_type == "DequantizeLinear" else []
            self.constants[node.output[0]] = before._replace(scales=(*before.scales, *scales))

    def note_filled(self, name: str, sizes: Sizes) -> None:
        """A weight that an operator fills, as a tensor of the file's."""
        if not self.constants[name].sources:
            self._sizes[name], self._kinds[name] = sizes, next(iter(FLOATS))
            self.constants[name] = Constant((name,))

    # ---- what counts

    def is_initial(self, name: str) -> bool:
        """Whether a tensor is an initializer, and no constant among the nodes."""
        return name in self._initial

    def is_weight(self, name: str) -> bool:
        """Whether a constant consists of more than single numbers of the network's."""
        sources = self.constants[name].sources if name in self.constants else ()
        return any(self._belongs(one) and self.size(one) > 1 for one in sources)

    def _belongs(self, name: str) -> bool:
        """Whether a tensor is of the network, whoever reads it, and not of its code."""
        numeric = self._kinds[name] in FLOATS or self._kinds[name] in BYTES
        return numeric and (name in self._initial or not self._has_initial)

    def _counts(self, name: str) -> bool:
        """Whether a tensor is held wherever it is read: no Constant of a single number is."""
        return self._belongs(name) and (name in self._initial or self.size(name) != 1)

    def held_by(self, names: Iterable[str]) -> bool:
        """Whether some of these values hold tensors of the network."""
        return any(self._counts(one) for one in self.sources(names))

    def size(self, name: str) -> int:
        """How many values a tensor has."""
        return prod(self._sizes[name])

    def total(self, names: Iterable[str]) -> int:
        """How many values these tensors have together."""
        return sum(map(self.size, names))

    def all(self) -> Iterator[str]:
        """All tensors that are values of the network, and say nothing of how an operator works."""
        for name in self._sizes:
            if self._counts(name) and name not in self._settings and self.size(name):
                yield name

    # ---- what has a place

    def sources(self, names: Iterable[str]) -> Iterator[str]:
        """The tensors that constants consist of."""
        for name in names:
            yield from self.constants[name].sources if name in self.constants else ()

    def scales(self, names: Iterable[str]) -> Iterator[str]:
        """The tensors that constants are scaled by."""
        for name in names:
            yield from self.constants[name].scales if name in self.constants else ()

    def hold(self, names: Iterable[str], *, weights: bool = False) -> tuple[Held, ...]:
        """Give a place to tensors that have none; what belongs to the code needs one only among `weights`."""
        found = []
        for name in dict.fromkeys(names):
            if name in self._sizes and name not in self.held and (weights or self._counts(name)):
                self.held[name] = None
                found.append(Held(name, self.size(name)))
        return tuple(found)
