"""ONNX files as records: each field that is read is what the onnx package wrote; broken files are refused."""

from __future__ import annotations

import io
import struct
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import AttributeProto, TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

from layercost.models import ModelError, onnx_file, onnx_wire
from layercost.models.onnx_file import Graph, Node, Proto, Reference, Tensor, ValueInfo
from layercost.models.onnx_wire import Broken

SHIPPED = sorted((Path(onnx.__file__).parent / "backend" / "test" / "data").rglob("*.onnx"))


def read(content: bytes) -> Proto:
    return onnx_file.read(io.BytesIO(content))


# ---- every field that is read --------------------------------------------------------------------


def assert_same_model(found: Proto, written: Any) -> None:
    assert dict(found.opsets) == {one.domain: one.version for one in written.opset_import}
    assert_same_graph(found.graph, written.graph)
    for function, other in zip(found.functions, written.functions, strict=True):
        names = ("name", "domain", "overload", "input", "output")
        assert [plain(getattr(function, name)) for name in names] == [
            plain(getattr(other, name)) for name in names
        ]
        for node, own in zip(function.node, other.node, strict=True):
            assert_same_node(node, own)
        assert_same_attributes(function.attributes, other.attribute_proto)


def plain(value: Any) -> Any:
    return value if isinstance(value, str) else list(value)


def assert_same_graph(found: Graph, written: Any) -> None:
    assert found.name == written.name
    for node, other in zip(found.node, written.node, strict=True):
        assert_same_node(node, other)
    for tensor, own in zip(found.initializer, written.initializer, strict=True):
        assert_same_tensor(tensor, own)
    for name in ("input", "output", "value_info"):
        for value, declared in zip(getattr(found, name), getattr(written, name), strict=True):
            assert_same_value(value, declared)


def assert_same_node(found: Node, written: Any) -> None:
    for name in ("op_type", "domain", "name", "overload", "input", "output"):
        assert plain(getattr(found, name)) == plain(getattr(written, name))
    assert_same_attributes(found.attributes, written.attribute)


def assert_same_attributes(found: Any, written: Any) -> None:
    assert list(found) == [one.name for one in written]
    for attribute in written:
        assert_same_attribute(found[attribute.name], attribute)


def assert_same_attribute(found: Any, written: Any) -> None:
    if written.ref_attr_name:
        assert found == Reference(written.ref_attr_name)
    elif written.type in NOT_READ:
        assert found is None
    else:
        assert_same_content(found, helper.get_attribute_value(written))


def assert_same_content(found: Any, written: Any) -> None:
    if isinstance(found, Graph):
        assert_same_graph(found, written)
    elif isinstance(found, Tensor):
        assert_same_tensor(found, written)
    elif isinstance(found, tuple):
        for one, other in zip(found, written, strict=True):
            assert_same_content(one, other)
    else:
        assert found == written


NOT_READ = (
    AttributeProto.SPARSE_TENSOR, AttributeProto.SPARSE_TENSORS, AttributeProto.TYPE_PROTO,
    AttributeProto.TYPE_PROTOS,
)  # fmt: skip


def assert_same_tensor(found: Tensor, written: Any) -> None:
    assert (found.name, found.data_type, list(found.dims)) == (
        written.name,
        written.data_type,
        list(written.dims),
    )
    numbers = found.content()
    if written.data_location == TensorProto.EXTERNAL:
        assert numbers is None
    elif numbers is not None:
        expected = numpy_helper.to_array(written)
        own = numpy.array(numbers, expected.dtype).reshape(expected.shape)
        assert own.tobytes() == expected.tobytes()
    else:
        assert written.data_type not in onnx_file._LETTERS


def assert_same_value(found: ValueInfo, written: Any) -> None:
    assert (found.name, found.is_tensor) == (written.name, written.type.HasField("tensor_type"))
    tensor = written.type.tensor_type
    assert found.elem_type == tensor.elem_type
    dims = [one.dim_value if one.HasField("dim_value") else one.dim_param for one in tensor.shape.dim]
    assert found.dims == (tuple(dims) if tensor.HasField("shape") else None)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_of_onnx_itself_is_read_as_onnx_reads_it(path: Path) -> None:
    written = onnx.load(str(path), load_external_data=False)
    with path.open("rb") as file:
        assert_same_model(onnx_file.read(file), written)


@pytest.mark.filterwarnings("ignore")  # onnx divides by zero while it makes some of these
def test_every_model_of_a_single_operator_is_read_as_onnx_wrote_it() -> None:
    written = [case.model for case in collect_testcases(None) if case.model is not None]
    assert len(written) > 1000
    for model in written:
        if not model.graph.sparse_initializer:
            assert_same_model(read(model.SerializeToString()), model)


# ---- models of any content -----------------------------------------------------------------------

NAMES = st.text(max_size=20)
INTEGERS = st.integers(-(1 << 63), (1 << 63) - 1)
NUMBER_FORMATS = {
    TensorProto.FLOAT: numpy.float32,
    TensorProto.DOUBLE: numpy.float64,
    TensorProto.FLOAT16: numpy.float16,
    TensorProto.INT64: numpy.int64,
    TensorProto.INT32: numpy.int32,
    TensorProto.INT8: numpy.int8,
    TensorProto.UINT8: numpy.uint8,
    TensorProto.UINT16: numpy.uint16,
    TensorProto.UINT64: numpy.uint64,
    TensorProto.BOOL: numpy.bool_,
}


@st.composite
def tensors(draw: Any) -> Any:
    """A tensor of few values, with its numbers in a field of their own or raw."""
    sizes = draw(st.lists(st.integers(0, 3), max_size=3))
    kind = draw(st.sampled_from(sorted(NUMBER_FORMATS)))
    content = draw(st.binary(min_size=8 * prod(sizes), max_size=8 * prod(sizes)))
    array = numpy.frombuffer(content, NUMBER_FORMATS[kind])[: prod(sizes)]
    if kind in (TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16):
        array = numpy.nan_to_num(array)
    if kind == TensorProto.BOOL:
        array = array.view(numpy.uint8) % 2 == 1
    if draw(st.booleans()):
        return numpy_helper.from_array(array.reshape(sizes), draw(NAMES))
    return helper.make_tensor(draw(NAMES), kind, sizes, array)


FLOATS = st.floats(width=32, allow_nan=False)
VALUES = {
    "f": (AttributeProto.FLOAT, FLOATS),
    "i": (AttributeProto.INT, INTEGERS),
    "s": (AttributeProto.STRING, st.binary(max_size=9)),
    "t": (AttributeProto.TENSOR, tensors()),
    "floats": (AttributeProto.FLOATS, st.lists(FLOATS, max_size=4)),
    "ints": (AttributeProto.INTS, st.lists(INTEGERS, max_size=4)),
    "strings": (AttributeProto.STRINGS, st.lists(st.binary(max_size=9), max_size=4)),
    "tensors": (AttributeProto.TENSORS, st.lists(tensors(), max_size=2)),
}


@st.composite
def attributes(draw: Any, name: str, depth: int) -> Any:
    field = draw(st.sampled_from([*VALUES, "g", "ref"] if depth else [*VALUES]))
    if field == "ref":
        return AttributeProto(name=name, ref_attr_name=draw(NAMES.filter(bool)), type=AttributeProto.INT)
    if field == "g":
        return AttributeProto(name=name, type=AttributeProto.GRAPH, g=draw(graphs(depth - 1)))
    kind, values = VALUES[field]
    return AttributeProto(name=name, type=kind, doc_string="of no use", **{field: draw(values)})


@st.composite
def nodes(draw: Any, depth: int) -> Any:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    return onnx.NodeProto(
        op_type=draw(NAMES.filter(bool)), domain=draw(NAMES), name=draw(NAMES), doc_string=draw(NAMES),
        input=draw(st.lists(NAMES, max_size=4)), output=draw(st.lists(NAMES, max_size=3)),
        attribute=[draw(attributes(name, depth)) for name in names],
    )  # fmt: skip


SIZES = st.one_of(st.none(), NAMES, st.integers(-3, 1 << 40))


@st.composite
def declared(draw: Any) -> Any:
    sizes = draw(st.one_of(st.none(), st.lists(SIZES, max_size=4)))
    return helper.make_tensor_value_info(draw(NAMES), draw(st.integers(1, 16)), sizes)


@st.composite
def graphs(draw: Any, depth: int) -> Any:
    several = st.lists(declared(), max_size=2)
    return onnx.GraphProto(
        name=draw(NAMES), node=draw(st.lists(nodes(depth), max_size=3)), doc_string=draw(NAMES),
        initializer=draw(st.lists(tensors(), max_size=3)),
        input=draw(several), output=draw(several), value_info=draw(several),
    )  # fmt: skip


@st.composite
def models(draw: Any) -> Any:
    opsets = draw(st.dictionaries(NAMES, st.integers(-3, 1 << 40), max_size=3))
    functions = draw(st.lists(nodes(1), max_size=2))
    return onnx.ModelProto(
        ir_version=9, producer_name=draw(NAMES), graph=draw(graphs(2)),
        opset_import=[onnx.OperatorSetIdProto(domain=key, version=value) for key, value in opsets.items()],
        functions=[
            onnx.FunctionProto(
                name=node.op_type, domain=node.domain, input=node.input, output=node.output, node=[node],
                attribute_proto=node.attribute, overload=node.name,
            )
            for node in functions
        ],
    )  # fmt: skip


@given(models())
def test_a_model_of_any_content_is_read_as_onnx_wrote_it(model: Any) -> None:
    assert_same_model(read(model.SerializeToString()), model)


# ---- broken and hostile files --------------------------------------------------------------------


def varint(value: int) -> bytes:
    value %= 1 << 64
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def piece(field: int, *content: bytes | str) -> bytes:
    whole = b"".join(one.encode() if isinstance(one, str) else one for one in content)
    return varint(field << 3 | 2) + varint(len(whole)) + whole


def model(*content: bytes) -> bytes:
    """A model whose graph has this content."""
    return piece(7, *content)


def node(*content: bytes, kind: str = "Relu") -> bytes:
    return piece(1, piece(4, kind), piece(1, "x"), piece(2, "y"), *content)


def tensor(*content: bytes) -> bytes:
    return piece(5, piece(8, "w"), *content)


ENDLESS = b"\xff" * 12
NESTED = node(piece(5, piece(1, "body"), number(20, 5), piece(6)))
for _ in range(40):
    NESTED = node(piece(5, piece(1, "body"), number(20, 5), piece(6, NESTED)))

BROKEN: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "no graph"),
    "text": (b"no ONNX at all", "field of kind 6"),
    "HTML": (b"<!DOCTYPE html><html></html>", "field of kind 4"),
    "zeros": (bytes(100), "no field 0, as byte 0 says"),
    "a group": (varint(7 << 3 | 3), "a field of kind 3"),
    "a field of a number that is none": (varint(1 << 32 << 3) + b"\0", "no field 4,294,967,296"),
    "a tag that does not end": (ENDLESS, "number at byte 0 does not end after 10 bytes"),
    "a number that does not end": (model(node(piece(5, varint(3 << 3) + ENDLESS))), "does not end after 10"),
    "a length that does not end": (varint(7 << 3 | 2) + ENDLESS, "does not end after 10 bytes"),
    "a file that ends in a number": (varint(1 << 3) + b"\x80", "does not end before byte 2"),
    "a file that ends in a length": (varint(7 << 3 | 2), "does not end before byte 1"),
    "a file that ends in its graph": (model(node(), tensor())[:-3], "should be 19 bytes long, and 16 are"),
    "a length of 8 EiB": (varint(7 << 3 | 2) + varint(1 << 63), "should be 9,223,372,036,854,775,808 bytes"),
    "a length that is negative": (varint(7 << 3 | 2) + varint(-1), "18,446,744,073,709,551,615 bytes long"),
    "a node longer than its graph": (model(varint(1 << 3 | 2) + varint(9), b"1"), "the graph: .* 9 bytes"),
    "an attribute longer than its node": (
        model(node(), node(varint(5 << 3 | 2) + varint(99))), "graph, node 1: .* should be 99 bytes long",
    ),
    "eight bytes of which four are there": (varint(99 << 3 | 1) + b"1234", "should be 8 bytes long, and 4"),
    "a graph that is a number": (number(7, 3), "its graph at byte 0 should be a length with bytes, and is"),
    "a node that is a number": (model(number(1, 3)), "its node at byte 2 should be a length"),
    "a name that is a number": (model(node(number(3, 3))), "its name at byte .* should be a length"),
    "two graphs": (model(node()) + model(node()), "a second graph begins at byte"),
    "a node without an operator": (model(piece(1, piece(3, "n"))), "node 0: it names no operator"),
    "a name of megabytes": (
        model(node(), node(piece(3, "n" * 3_000_000))), "node 1: its name .* has 3,000,000 bytes; a name has",
    ),
    "graphs within graphs": (model(NESTED), "within 32 others, which is too deep"),
    "a size below zero": (model(tensor(number(1, -4), number(2, 1))), "initializer 0: tensor w has .* -4"),
    "sizes beyond all numbers": (
        model(tensor(piece(1, varint(1 << 62) * 3), number(2, 1))), "4611686018427387904 .* is too many",
    ),
    "a tensor of 65 axes": (model(tensor(piece(1, b"\1" * 65), number(2, 1))), "more than 64 sizes"),
    "a shape of 65 axes": (
        model(piece(11, piece(1, "x"), piece(2, piece(1, number(1, 1), piece(2, *[piece(1)] * 65))))),
        "input 0: its shape has more than 64 sizes",
    ),
    "a kind of element that does not exist": (model(tensor(number(2, 99))), "of kind 99; ONNX has kinds 1"),
    "no kind of element": (model(tensor(number(1, 3))), "tensor w are of kind 0"),
    "too few bytes of a weight": (
        model(tensor(number(1, 3), number(2, 1), piece(9, "1234"))), "3 values of 32 bits should have 12",
    ),
    "numbers one by one": (
        model(tensor(number(2, 7), number(7, 1) * 70_000)), "more than 65,536 numbers one by one",
    ),
    "floats of a wrong length": (
        model(node(piece(5, piece(1, "f"), piece(7, b"12345")))), "attribute 'f': .* 1 bytes too many",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_refused_with_what_was_expected_and_where(name: str) -> None:
    content, message = BROKEN[name]
    with pytest.raises(ModelError, match=message):
        read(content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (piece(7, varint(1) * 2), "w has 2 numbers, and its sizes say 3"),
        (piece(7, varint(1) * 99), "w has more numbers than its sizes say, which are 3"),
    ],
    ids=["too few", "too many"],
)
def test_numbers_that_do_not_fit_their_sizes_are_refused_when_they_are_read(
    content: bytes, message: str
) -> None:
    (found,) = read(model(tensor(number(1, 3), number(2, 7), content))).graph.initializer
    with pytest.raises(Broken, match=message):
        found.content()


def test_numbers_may_stand_packed_or_one_by_one() -> None:
    packed = node(piece(5, piece(1, "a"), piece(8, varint(3), varint(-2))))
    alone = node(piece(5, piece(1, "a"), number(8, 3), number(8, -2)))
    first, second = read(model(packed, alone)).graph.node
    assert first.attributes == second.attributes == {"a": (3, -2)}


def test_a_brain_float_is_the_half_of_a_float() -> None:
    raw = struct.pack("<f", 1.5)[2:]
    (found,) = read(model(tensor(number(1, 1), number(2, 16), piece(9, raw)))).graph.initializer
    assert found.content() == (1.5,)


def test_an_attribute_as_large_as_a_program_is_left_out() -> None:
    (found,) = read(model(node(piece(5, piece(1, "code"), number(20, 3), piece(4, "c" * 70_000))))).graph.node
    assert found.attributes == {"code": None}


def test_a_name_that_is_no_unicode_stays_apart_from_others() -> None:
    (found,) = read(model(node(piece(1, b"\xff"), piece(1, b"\xfe")))).graph.node
    assert found.input == ("x", "\\xff", "\\xfe")


def test_any_cut_of_a_file_is_refused_or_read_and_nothing_else_is_raised() -> None:
    whole = onnx.load(str(SHIPPED[0]), load_external_data=False).SerializeToString()[:3000]
    for end in range(0, len(whole), 7):
        try:
            read(whole[:end])
        except ModelError:
            continue


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_or_read_and_nothing_else_is_raised(content: bytes) -> None:
    for whole in (content, model(content), model(node(content))):
        try:
            read(whole)
        except ModelError:
            continue


class Watched(io.BytesIO):
    """A file of zeros behind its beginning, as large as one likes, that notes how much was read of it."""

    def __init__(self, head: bytes, size: int, tail: bytes) -> None:
        super().__init__(head)
        self.head, self.whole, self.tail, self.at, self.taken = head, len(head) + size + len(tail), tail, 0, 0

    def seek(self, place: int, whence: int = 0) -> int:
        self.at = place if whence == 0 else self.whole + place
        return self.at

    def read(self, size: int | None = -1) -> bytes:
        assert size is not None
        assert size >= 0
        end = min(self.at + size, self.whole)
        self.taken += end - self.at
        found = bytes(self._byte(at) for at in range(self.at, end)) if end > self.at else b""
        self.at = end
        return found

    def _byte(self, at: int) -> int:
        if at < len(self.head):
            return self.head[at]
        behind = at - (self.whole - len(self.tail))
        return self.tail[behind] if behind >= 0 else 0


def test_weights_of_two_gigabytes_are_stepped_over() -> None:
    size = 1 << 31
    start = piece(8, "w") + number(1, size // 4) + number(2, 1) + varint(9 << 3 | 2) + varint(size)
    head = varint(5 << 3 | 2) + varint(len(start) + size) + start
    tail = node()
    head = varint(7 << 3 | 2) + varint(len(head) + size + len(tail)) + head
    file: BinaryIO = Watched(head, size, tail)
    found = onnx_file.read(file)
    assert [one.op_type for one in found.graph.node] == ["Relu"]
    assert found.graph.initializer[0].dims == (size // 4,)
    assert file.taken <= 4 * onnx_wire.WINDOW  # type: ignore[attr-defined]


def test_a_file_that_ends_sooner_than_it_said_is_refused() -> None:
    file = Watched(model(node(piece(3, "n" * 200))), 0, b"")
    file.whole += 10
    file.head = file.head[:50]
    with pytest.raises(ModelError):
        onnx_file.read(file)


@pytest.mark.parametrize(
    ("limit", "most", "message"),
    [
        ("onnx_file.MOST_NODES", 5, "more than 5 operators"),
        ("onnx_wire.MOST_FIELDS", 20, "more than 20 fields"),
        ("onnx_wire.MOST_KEPT", 2000, "names and numbers alone take more than"),
    ],
)
def test_what_no_model_needs_that_much_of_is_refused(
    limit: str, most: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"layercost.models.{limit}", most)
    with pytest.raises(ModelError, match=message):
        read(model(*(node(piece(3, f"n{place}")) for place in range(9))))
