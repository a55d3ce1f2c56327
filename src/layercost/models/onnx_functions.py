"""The nodes of an ONNX file in the order in which they run: functions written out, and nothing read too soon.

A file may define operators by nodes of its own. Each call of one becomes these nodes, whose values and names
get the call's in front of theirs. A file whose functions call themselves, or would become more nodes than are
read, is refused; so is one whose nodes stand in a circle or read what nothing gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, TypeAlias

from layercost.models.onnx_file import DEEPEST, MOST_NODES, Function, Graph, Node, Proto, Reference, Tensor
from layercost.models.onnx_wire import MOST_KEPT
from layercost.models.tree import ModelError

Key: TypeAlias = tuple[str, str, str]  # domain, name and overload of an operator


def in_order(proto: Proto) -> Graph:
    """The graph of a file without functions of its own; raises ModelError where its nodes cannot run."""
    graph = proto.graph
    if proto.functions:
        graph = graph._replace(node=tuple(_Writer(proto.functions).nodes(graph.node, _Scope())))
    _check_order(graph, ())
    return graph


# ---- functions ---------------------------------------------------------------------------------------


class _Scope(NamedTuple):
    """Where a node stands: what its values are called outside, how its function was called, and by which."""

    names: Mapping[str, str] = {}
    prefix: str = ""
    path: str = ""
    attributes: Mapping[str, Any] = {}
    callers: tuple[Key, ...] = ()
    depth: int = 0

    def value(self, name: str) -> str:
        """What a value is called in the file as it is written out."""
        return self.names.get(name, f"{self.prefix}{name}" if name else "")


class _Writer:
    """Writes functions out where they are called."""

    def __init__(self, functions: Sequence[Function]) -> None:
        self._functions = {(_domain(one.domain), one.name, one.overload): one for one in functions}
        self._visited = self._calls = self._letters = 0

    def nodes(self, nodes: Sequence[Node], scope: _Scope) -> Iterator[Node]:
        """The nodes as they stand in no function."""
        if scope.depth > DEEPEST:
            raise ModelError(
                f"its functions and graphs stand within more than {DEEPEST} others, which is too deep"
            )
        for node in nodes:
            moved = self._moved(node, scope)
            self._count(moved)
            key = (_domain(node.domain), node.op_type, node.overload)
            if key in self._functions:
                yield from self._called(key, moved, scope)
            else:
                yield moved

    def _count(self, node: Node) -> None:
        self._visited += 1
        self._letters += len(node.name) + sum(map(len, (*node.input, *node.output)))
        if self._visited > MOST_NODES:
            raise ModelError(f"its functions, written out, are more than {MOST_NODES:,} operators")
        if self._letters > MOST_KEPT:
            raise ModelError("the names in its functions, written out, are longer than any model needs")

    def _called(self, key: Key, call: Node, scope: _Scope) -> Iterator[Node]:
        """The nodes of a function where it is called."""
        if key in scope.callers:
            chain = " calls ".join(name for _, name, _ in (*scope.callers, key))
            raise ModelError(f"its function {key[1]} never ends: {chain}")
        function, prefix = self._functions[key], f"{call.op_type}_{self._calls}/"
        self._calls += 1
        names = dict(zip(function.input, call.input, strict=False))
        names.update((name, "") for name in function.input[len(call.input) :])
        names.update(
            (inner, outer) for inner, outer in zip(function.output, call.output, strict=False) if outer
        )
        yield from self.nodes(
            function.node,
            _Scope(
                names, prefix, call.name or call.op_type, {**function.attributes, **call.attributes},
                (*scope.callers, key), scope.depth + 1,
            ),
        )  # fmt: skip

    def _moved(self, node: Node, scope: _Scope) -> Node:
        """A node with the names and attributes that its values have outside of the function."""
        attributes = {name: self._given(value, scope) for name, value in node.attributes.items()}
        return node._replace(
            name=f"{scope.path}/{node.name or node.op_type}" if scope.path else node.name,
            input=tuple(map(scope.value, node.input)),
            output=tuple(map(scope.value, node.output)),
            attributes={name: value for name, value in attributes.items() if value is not _ABSENT},
        )

    def _given(self, value: Any, scope: _Scope) -> Any:
        """What an attribute is: the call's own, where the function leaves it to the call."""
        if isinstance(value, Reference):
            return scope.attributes.get(value.name, _ABSENT)
        if isinstance(value, Graph):
            return self._inside(value, scope)
        if isinstance(value, tuple) and value and isinstance(value[0], Graph):
            return tuple(self._inside(one, scope) for one in value)
        return value

    def _inside(self, graph: Graph, scope: _Scope) -> Graph:
        """A branch or the body of a loop, whose values stand in the function too."""
        return Graph(
            tuple(self.nodes(graph.node, scope._replace(depth=scope.depth + 1))),
            graph.name,
            tuple(_renamed(one, scope) for one in graph.initializer),
            *(
                tuple(one._replace(name=scope.value(one.name)) for one in values)
                for values in (graph.input, graph.output, graph.value_info)
            ),
        )


_ABSENT = object()


def _renamed(tensor: Tensor, scope: _Scope) -> Tensor:
    return tensor._replace(name=scope.value(tensor.name))


def _domain(name: str) -> str:
    """The standard's operators have two names."""
    return "" if name == "ai.onnx" else name


# ---- order -------------------------------------------------------------------------------------------


def _check_order(graph: Graph, outer: tuple[set[str], ...]) -> None:
    """Raise ModelError for a node that reads what no node before it gives, or gives what is there already."""
    known = {one.name for one in graph.input} | {one.name for one in graph.initializer}
    scopes = (*outer, known)
    for node in graph.node:
        _check_node(node)
        for name in node.input:
            if name and not any(name in scope for scope in scopes):
                _refuse(graph, node, name)
        for inner in node.graphs:
            _check_order(inner, scopes)
        for name in filter(None, node.output):
            if any(name in scope for scope in scopes):
                raise ModelError(
                    f"{node.label} gives {name}, which is given before it; each value has one giver"
                )
            known.add(name)
    missing = (one.name for one in graph.output if not any(one.name in scope for scope in scopes))
    for name in missing:
        raise ModelError(f"nothing gives its output {name}")


_FROM_NOTHING = frozenset(
    {
        "Constant",
        "RandomNormal",
        "RandomUniform",
        "SequenceEmpty",
        "Optional",
        "OptionalHasElement",
    }
)


def _check_node(node: Node) -> None:
    """Raise ModelError for a node without what every node has."""
    if not any(node.output):
        raise ModelError(f"{node.label} gives nothing")
    if not node.input and _domain(node.domain) == "" and node.op_type not in _FROM_NOTHING:
        raise ModelError(f"{node.label} reads nothing")
    if node.op_type != "If":
        return
    branches = [node.attributes.get(name) for name in ("then_branch", "else_branch")]
    for branch in branches:
        if not isinstance(branch, Graph) or len(branch.output) != len(node.output):
            raise ModelError(
                f"{node.label} should have two branches that give {len(node.output)} values each"
            )


def _refuse(graph: Graph, node: Node, name: str) -> NoReturn:
    giver = next((one for one in graph.node if name in one.output), None)
    if giver is None:
        raise ModelError(f"{node.label} reads {name}, which no node, input or initializer gives")
    if giver is node:
        raise ModelError(f"{node.label} reads {name}, which it gives itself")
    raise ModelError(
        f"{node.label} reads {name}, which {giver.label} gives behind it; nodes should stand in the order in "
        "which they run, and these stand in another, or in a circle"
    )
