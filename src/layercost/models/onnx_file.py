"""An ONNX file as plain records: graphs, nodes, attributes, and tensors whose numbers stay in the file.

The names are those of ONNX's own messages (onnx.proto). Weights are stepped over; the numbers of a tensor are
read when somebody asks for them. Texts of documentation, training, and what says how to run a model are not
read at all.

Source: ONNX, onnx/onnx.proto (the fields and their numbers are the same in every version of the format).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from math import prod
from typing import Any, BinaryIO, NamedTuple, TypeAlias

from layercost.models.onnx_wire import (
    EIGHT_BYTES,
    FOUR_BYTES,
    LENGTH,
    LONGEST_VARINT,
    VARINT,
    Broken,
    Field,
    Fields,
    Source,
    signed,
)
from layercost.models.tree import ModelError
from layercost.shape import LARGEST

Sizes: TypeAlias = tuple[int, ...]
Dims: TypeAlias = tuple["int | str", ...]  # an open size is the name that the file gives it, or ""

MOST_NODES = 100_000  # a file of so many is read in some ten seconds
DEEPEST = 32  # graphs within graphs
MOST_AXES = 64
_FOR_A_FLOAT = 8  # times the bytes that it has in the file: what Python takes for it
LONGEST_BYTES = 1 << 16  # of an attribute; what is longer is a program or a picture, and tells nothing here

# ---- records ---------------------------------------------------------------------------------------


class Tensor(NamedTuple):
    """A tensor: its kind of number and sizes. `content` reads its numbers, where the file has them."""

    name: str
    data_type: int
    dims: Sizes
    content: Callable[[], tuple[Any, ...] | None]


class Reference(NamedTuple):
    """An attribute of a function's node that is whatever the function is called with."""

    name: str


class ValueInfo(NamedTuple):
    """What a value is declared as: `dims` is None where nothing is said; what is no tensor has no kind."""

    name: str
    is_tensor: bool
    elem_type: int
    dims: Dims | None


class Node(NamedTuple):
    """One call of an operator. An attribute that is too large to matter is None."""

    op_type: str
    domain: str
    name: str
    input: tuple[str, ...]
    output: tuple[str, ...]
    attributes: Mapping[str, Any]
    overload: str = ""

    @property
    def first(self) -> str:
        """The first input; an empty name where there is none."""
        return self.input[0] if self.input else ""

    @property
    def graphs(self) -> Iterator[Graph]:
        """The graphs inside of the node: branches, and bodies of loops."""
        for value in self.attributes.values():
            if isinstance(value, Graph):
                yield value
            elif isinstance(value, tuple) and value and isinstance(value[0], Graph):
                yield from value

    @property
    def label(self) -> str:
        """What a person finds the node by."""
        return f"{self.op_type} {self.name or next(filter(None, self.output), '')}".rstrip()


class Graph(NamedTuple):
    """Nodes in the order in which they run, and what they read that no node gives."""

    node: tuple[Node, ...]
    name: str
    initializer: tuple[Tensor, ...]
    input: tuple[ValueInfo, ...]
    output: tuple[ValueInfo, ...]
    value_info: tuple[ValueInfo, ...]


class Function(NamedTuple):
    """An operator that the file defines by nodes; `attributes` are those with a value of their own."""

    name: str
    domain: str
    overload: str
    input: tuple[str, ...]
    output: tuple[str, ...]
    node: tuple[Node, ...]
    attributes: Mapping[str, Any]


class Proto(NamedTuple):
    """A whole file; `opsets` has the version of each domain's operators."""

    graph: Graph
    opsets: Mapping[str, int]
    functions: tuple[Function, ...]


# ---- which fields are read, by their numbers ---------------------------------------------------------

_PIECE, _NUMBER, _NUMBERS = (LENGTH,), (VARINT,), (VARINT, LENGTH)
_FLOAT, _FLOATS, _DOUBLES = (FOUR_BYTES,), (FOUR_BYTES, LENGTH), (EIGHT_BYTES, LENGTH)

_MODEL = Fields("a model", {
    7: ("graph", _PIECE), 8: ("opset_import", _PIECE), 25: ("functions", _PIECE),
})  # fmt: skip
_OPSET = Fields("an opset", {1: ("domain", _PIECE), 2: ("version", _NUMBER)})
_GRAPH = Fields("a graph", {
    1: ("node", _PIECE), 2: ("name", _PIECE), 5: ("initializer", _PIECE), 11: ("input", _PIECE),
    12: ("output", _PIECE), 13: ("value_info", _PIECE), 15: ("sparse_initializer", _PIECE),
})  # fmt: skip
_FUNCTION = Fields("a function", {
    1: ("name", _PIECE), 4: ("input", _PIECE), 5: ("output", _PIECE), 7: ("node", _PIECE),
    10: ("domain", _PIECE), 11: ("attribute_proto", _PIECE), 13: ("overload", _PIECE),
})  # fmt: skip
_NODE = Fields("a node", {
    1: ("input", _PIECE), 2: ("output", _PIECE), 3: ("name", _PIECE), 4: ("op_type", _PIECE),
    5: ("attribute", _PIECE), 7: ("domain", _PIECE), 8: ("overload", _PIECE),
})  # fmt: skip
_ATTRIBUTE = Fields("an attribute", {
    1: ("name", _PIECE), 2: ("f", _FLOAT), 3: ("i", _NUMBER), 4: ("s", _PIECE), 5: ("t", _PIECE),
    6: ("g", _PIECE), 7: ("floats", _FLOATS), 8: ("ints", _NUMBERS), 9: ("strings", _PIECE),
    10: ("tensors", _PIECE), 11: ("graphs", _PIECE), 20: ("type", _NUMBER), 21: ("ref_attr_name", _PIECE),
})  # fmt: skip
_TENSOR = Fields("a tensor", {
    1: ("dims", _NUMBERS), 2: ("data_type", _NUMBER), 4: ("float_data", _FLOATS),
    5: ("int32_data", _NUMBERS), 7: ("int64_data", _NUMBERS), 8: ("name", _PIECE), 9: ("raw_data", _PIECE),
    10: ("double_data", _DOUBLES), 11: ("uint64_data", _NUMBERS), 14: ("data_location", _NUMBER),
})  # fmt: skip
_VALUE_INFO = Fields("a value", {1: ("name", _PIECE), 2: ("type", _PIECE)})
_TYPE = Fields("a type", {1: ("tensor_type", _PIECE)})
_TENSOR_TYPE = Fields("a tensor's type", {1: ("elem_type", _NUMBER), 2: ("shape", _PIECE)})
_SHAPE = Fields("a shape", {1: ("dim", _PIECE)})
_DIM = Fields("a size", {1: ("dim_value", _NUMBER), 2: ("dim_param", _PIECE)})

_BY_TYPE: Mapping[int, tuple[str, Any]] = {
    1: ("f", 0.0), 2: ("i", 0), 3: ("s", b""), 4: ("t", None), 5: ("g", None), 6: ("floats", ()),
    7: ("ints", ()), 8: ("strings", ()), 9: ("tensors", ()), 10: ("graphs", ()),
}  # fmt: skip
"""What an attribute's `type` says: the field that has its value, and the value where it is missing."""

_KINDS = 28  # of elements; 0 is none
_BITS: Mapping[int, int] = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128,
    16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
_LETTERS: Mapping[int, str] = {
    1: "f", 2: "B", 3: "b", 4: "H", 5: "h", 6: "i", 7: "q", 9: "?", 10: "e", 11: "d", 12: "I", 13: "Q",
    16: "H",
}  # fmt: skip
"""Kinds of elements whose numbers can be read, as `struct` calls them; bfloat16 is the half of a float32."""


# ---- reading -----------------------------------------------------------------------------------------


def read(file: BinaryIO) -> Proto:
    """The model in a file that can be read at any place; raises Broken, or ModelError for too much of it."""
    return _Reader(Source(file)).proto()


class _Reader:
    """The records of one file, in the order in which they stand there."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._nodes = self._depth = 0

    def proto(self) -> Proto:
        graph: Graph | None = None
        opsets, functions = dict[str, int](), list[Function]()
        for field in self._source.fields(_MODEL, 0, self._source.size):
            if field.name == "opset_import":
                opsets.update([self._opset(field)])
            elif field.name == "functions":
                functions.append(self._function(field, len(functions)))
            elif graph is None:
                graph = self._graph(field, "the graph")
            else:
                raise Broken(f"a second graph begins at byte {field.start:,}")
        if graph is None:
            raise Broken("it has no graph")
        return Proto(graph, opsets, tuple(functions))

    def _opset(self, field: Field) -> tuple[str, int]:
        domain, version = "", 0
        for inner in self._source.fields(_OPSET, field.start, field.end):
            if inner.name == "domain":
                domain = self._source.text(inner)
            else:
                version = signed(inner.start)
        return domain, version

    # ---- graphs and nodes

    def _graph(self, field: Field, what: str) -> Graph:
        name, nodes, tensors = "", list[Node](), list[Tensor]()
        values: dict[str, list[ValueInfo]] = {"input": [], "output": [], "value_info": []}
        self._enter(field)
        place = ""
        try:
            for inner in self._source.fields(_GRAPH, field.start, field.end):
                place = ""
                if inner.name == "name":
                    name = self._source.text(inner)
                elif inner.name == "node":
                    place = f"node {len(nodes)}"
                    nodes.append(self._node(inner))
                elif inner.name == "initializer":
                    place = f"initializer {len(tensors)}"
                    tensors.append(self._tensor(inner))
                elif inner.name == "sparse_initializer":
                    raise ModelError("an initializer of it is sparse, and only dense ones are read")
                else:
                    place = f"{inner.name} {len(values[inner.name])}"
                    values[inner.name].append(self._value_info(inner))
                place = ""
        except Broken as error:
            raise error.within(f"{what}, {place}" if place else what) from None
        self._depth -= 1
        found = {key: tuple(some) for key, some in values.items()}
        return Graph(tuple(nodes), name, tuple(tensors), **found)

    def _enter(self, field: Field) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ModelError(
                f"a graph at byte {field.start:,} stands within {DEEPEST} others, which is too deep"
            )

    def _node(self, field: Field) -> Node:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise ModelError(f"it has more than {MOST_NODES:,} operators, which is the most that is read")
        source = self._source
        source.keep(_OF_A_NODE)
        texts = {"op_type": "", "domain": "", "name": "", "overload": ""}
        inputs, outputs, attributes = list[str](), list[str](), dict[str, Any]()
        for inner in source.fields(_NODE, field.start, field.end):
            if inner.name == "input":
                inputs.append(source.text(inner))
            elif inner.name == "output":
                outputs.append(source.text(inner))
            elif inner.name == "attribute":
                name, value = self._attribute(inner)
                attributes[name] = value
            else:
                texts[inner.name] = source.text(inner)
        if not texts["op_type"]:
            raise Broken("it names no operator")
        return Node(input=tuple(inputs), output=tuple(outputs), attributes=attributes, **texts)

    def _function(self, field: Field, index: int) -> Function:
        source = self._source
        texts = {"name": "", "domain": "", "overload": ""}
        inputs, outputs, nodes, attributes = list[str](), list[str](), list[Node](), dict[str, Any]()
        try:
            for inner in source.fields(_FUNCTION, field.start, field.end):
                if inner.name == "node":
                    nodes.append(self._node(inner))
                elif inner.name == "attribute_proto":
                    name, value = self._attribute(inner)
                    attributes[name] = value
                elif inner.name in texts:
                    texts[inner.name] = source.text(inner)
                else:
                    (inputs if inner.name == "input" else outputs).append(source.text(inner))
        except Broken as error:
            raise error.within(f"function {index} ({texts['name']}), node {len(nodes)}") from None
        return Function(
            input=tuple(inputs), output=tuple(outputs), node=tuple(nodes), attributes=attributes, **texts
        )

    # ---- attributes

    def _attribute(self, field: Field) -> tuple[str, Any]:
        """An attribute's name and its value."""
        name, reference, kind, found = "", "", 0, dict[str, Any]()
        try:
            for inner in self._source.fields(_ATTRIBUTE, field.start, field.end):
                if inner.name == "name":
                    name = self._source.text(inner)
                elif inner.name == "ref_attr_name":
                    reference = self._source.text(inner)
                elif inner.name == "type":
                    kind = inner.start
                else:
                    self._note_value(found, inner)
        except Broken as error:
            raise error.within(f"attribute {name!r}" if name else "an attribute") from None
        self._source.keep(0)
        if reference:
            return name, Reference(reference)
        known, usual = _BY_TYPE.get(kind, ("", None))
        value = found.get(known, usual) if known else next(iter(found.values()), None)
        return name, tuple(value) if isinstance(value, list) else value

    def _note_value(self, found: dict[str, Any], field: Field) -> None:
        """The content of an attribute, by the name of its field."""
        source, name = self._source, field.name
        if name == "f":
            (found[name],) = struct.unpack("<f", source.piece(field.start, field.end))
        elif name == "i":
            found[name] = signed(field.start)
        elif name == "s":
            found[name] = self._bytes(field)
        elif name == "t":
            found[name] = self._tensor(field)
        elif name == "g":
            found[name] = self._graph(field, "its graph")
        else:
            self._note_values(found.setdefault(name, []), field)

    def _note_values(self, values: list[Any], field: Field) -> None:
        source, name = self._source, field.name
        if name == "ints":
            for value in source.integers(field):
                source.keep(0)
                values.append(value)
        elif name == "floats":
            source.keep(_FOR_A_FLOAT * (field.end - field.start))
            values.extend(source.floats(field))
        elif name == "strings":
            values.append(self._bytes(field))
        elif name == "tensors":
            values.append(self._tensor(field))
        else:
            values.append(self._graph(field, f"its graph {len(values)}"))

    def _bytes(self, field: Field) -> bytes | None:
        if field.end - field.start > LONGEST_BYTES:
            return None
        self._source.keep(field.end - field.start)
        return self._source.piece(field.start, field.end)

    # ---- tensors

    def _tensor(self, field: Field) -> Tensor:
        source = self._source
        name, kind, outside, dims, data = "", 0, False, list[int](), list[Field]()
        for inner in source.fields(_TENSOR, field.start, field.end):
            if inner.name == "name":
                name = source.text(inner)
            elif inner.name == "data_type":
                kind = signed(inner.start)
            elif inner.name == "data_location":
                outside = inner.start == 1
            elif inner.name == "dims":
                _extend_dims(dims, source.integers(inner))
            else:
                _extend_data(data, inner)
        sizes = _checked(name, kind, dims)
        source.keep(_OF_A_TENSOR)
        raw = next((one for one in data if one.name == "raw_data"), None)
        if raw is not None and not outside:
            _check_length(name, kind, sizes, raw.end - raw.start)
        content = _nothing if outside else partial(_numbers, source, name, kind, sizes, data)
        return Tensor(name, kind, sizes, content)

    # ---- what values are declared as

    def _value_info(self, field: Field) -> ValueInfo:
        source = self._source
        name, tensor = "", None  # type: str, Field | None
        for inner in source.fields(_VALUE_INFO, field.start, field.end):
            if inner.name == "name":
                name = source.text(inner)
            else:
                for one in source.fields(_TYPE, inner.start, inner.end):
                    tensor = one
        source.keep(_OF_A_TENSOR)
        if tensor is None:
            return ValueInfo(name, False, 0, None)
        return ValueInfo(name, True, *self._tensor_type(tensor))

    def _tensor_type(self, field: Field) -> tuple[int, Dims | None]:
        kind, dims = 0, None
        for inner in self._source.fields(_TENSOR_TYPE, field.start, field.end):
            if inner.name == "elem_type":
                kind = signed(inner.start)
            else:
                dims = self._shape(inner)
        return kind, dims

    def _shape(self, field: Field) -> Dims:
        dims = list[int | str]()
        for inner in self._source.fields(_SHAPE, field.start, field.end):
            size: int | str = ""
            for one in self._source.fields(_DIM, inner.start, inner.end):
                size = signed(one.start) if one.name == "dim_value" else self._source.text(one)
            dims.append(size)
            if len(dims) > MOST_AXES:
                raise Broken(f"its shape has more than {MOST_AXES} sizes")
        return tuple(dims)


_OF_A_NODE, _OF_A_TENSOR = 512, 256  # bytes that Python needs for one, beside its names


def _extend_dims(dims: list[int], more: Iterator[int]) -> None:
    for size in more:
        dims.append(size)
        if len(dims) > MOST_AXES:
            raise Broken(f"a tensor has more than {MOST_AXES} sizes")


def _extend_data(data: list[Field], field: Field) -> None:
    """Where the numbers of a tensor stand; those that stand one by one are as many as small tensors have."""
    data.append(field)
    if len(data) > MOST_ALONE:
        raise Broken(f"a tensor writes more than {MOST_ALONE:,} numbers one by one, and not packed")


def _checked(name: str, kind: int, dims: list[int]) -> Sizes:
    """The sizes of a tensor; raises Broken where no tensor can have them, or its kind is none."""
    if not 0 < kind <= _KINDS:
        raise Broken(f"the elements of tensor {name} are of kind {kind}; ONNX has kinds 1 to {_KINDS}")
    if min(dims, default=0) < 0:
        raise Broken(f"tensor {name} has the size {min(dims)}; sizes are not negative")
    if max(*dims, prod(dims), 0) > LARGEST:
        raise Broken(f"tensor {name} would have {' x '.join(map(str, dims))} values, which is too many")
    return tuple(dims)


def _check_length(name: str, kind: int, dims: Sizes, size: int) -> None:
    """Raise Broken where the bytes of a tensor are not those of its sizes."""
    bits = _BITS.get(kind)
    expected = None if bits is None else (prod(dims) * bits + 7) // 8
    if size and expected not in (None, size):
        raise Broken(
            f"tensor {name} of {' x '.join(map(str, dims)) or 'one'} values of {bits} bits should have "
            f"{expected:,} bytes, and has {size:,}"
        )


# ---- the numbers of a tensor ---------------------------------------------------------------------------

MOST_ALONE = 1 << 16


def _nothing() -> None:
    """The numbers of a tensor that keeps them elsewhere."""
    return


def _numbers(source: Source, name: str, kind: int, dims: Sizes, data: list[Field]) -> tuple[Any, ...] | None:
    """The numbers of a tensor; None of kinds that no size is ever computed from."""
    letter = _LETTERS.get(kind)
    if letter is None:
        return None
    found = list[Any]()
    count = prod(dims)
    for field in data:
        if field.written == LENGTH and field.end - field.start > LONGEST_VARINT * count:
            raise Broken(f"tensor {name} has more numbers than its sizes say, which are {count:,}")
        found.extend(_of_field(source, field, kind, letter))
    if not found and count:
        return None
    if len(found) != count:
        raise Broken(f"tensor {name} has {len(found):,} numbers, and its sizes say {count:,}")
    return tuple(found)


def _of_field(source: Source, field: Field, kind: int, letter: str) -> Iterator[Any]:
    if field.name == "raw_data":
        content = source.piece(field.start, field.end)
        numbers: Iterator[Any] = (one for (one,) in struct.iter_unpack(f"<{letter}", content))
        return map(_brain, numbers) if kind == _BRAIN else numbers
    if field.name in ("float_data", "double_data"):
        return iter(source.floats(field))
    return (_typed(value, kind) for value in source.integers(field))


_HALF, _BRAIN, _BOOL, _UNSIGNED = 10, 16, 9, (12, 13)


def _typed(value: int, kind: int) -> Any:
    """A number of a field of integers, as the kind of the tensor has it: halves are written as their bits."""
    if kind == _HALF:
        return struct.unpack("<e", struct.pack("<H", value & 0xFFFF))[0]
    if kind == _BRAIN:
        return _brain(value)
    if kind == _BOOL:
        return bool(value)
    return value % (1 << 64) if kind in _UNSIGNED else value


def _brain(bits: int) -> float:
    """A bfloat16: the first half of a float32."""
    value: float = struct.unpack("<f", struct.pack("<I", (bits & 0xFFFF) << 16))[0]
    return value
