"""Hostile ONNX files: whatever a file says, it is read or refused with a reason, and in bounded time."""

from __future__ import annotations

import itertools
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy
import onnx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

import layercost as lc
from layercost.models import ModelError
from layercost.models.onnx_file import MOST_NODES
from layercost.models.onnx_operators import OF_MICROSOFT
from layercost.models.onnx_shapes import RULES

SHIPPED = Path(onnx.__file__).parent / "backend" / "test" / "data"
SMALL = sorted(SHIPPED.glob("*/*/model.onnx"))
SECONDS = 60  # that the worst file may take on a slow machine


def read_or_refused(content: bytes) -> None:
    """Read a file and count it, where it can be read; raises anything but ModelError."""
    with suppress(ModelError):
        lc.table(lc.from_onnx(content))


def model(
    nodes: list[Any],
    weights: list[Any] | None = None,
    sizes: tuple[int, ...] = (1, 3, 8, 8),
    name: str = "x",
    given: tuple[int, ...] | None = None,
) -> bytes:
    graph = helper.make_graph(
        nodes, "hostile",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, sizes)],
        [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, given)],
        initializer=weights or [],
    )  # fmt: skip
    content: bytes = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 18), helper.make_opsetid("com.microsoft", 1)]
    ).SerializeToString()
    return content


# ---- bytes that were changed ---------------------------------------------------------------------


@pytest.mark.parametrize("path", SMALL[::4], ids=lambda path: path.parent.name)
def test_a_file_with_changed_bytes_is_read_or_refused(path: Path) -> None:
    whole, draw = path.read_bytes(), numpy.random.default_rng(len(path.read_bytes()))
    for _ in range(40):
        content = bytearray(whole)
        for place in draw.integers(len(content), size=3):
            content[place] = draw.integers(256)
        read_or_refused(bytes(content))


# ---- nodes of any kind ---------------------------------------------------------------------------

KINDS = sorted({*RULES, *OF_MICROSOFT} - {"If"})
SETTINGS = (
    "axis", "axes", "perm", "pads", "strides", "dilations", "kernel_shape", "group", "epsilon", "keepdims",
    "to", "split", "num_heads", "q_num_heads", "kv_num_heads", "hidden_size", "direction", "equation",
    "transA", "transB", "alpha", "beta", "blocksize", "mode", "auto_pad", "output_padding", "num_groups",
    "activations", "k", "start", "end", "layout", "size", "num_outputs", "batch_dims", "scales", "value",
)  # fmt: skip
NUMBERS = st.integers(-3, 9) | st.sampled_from([1 << 40, -(1 << 62)])
SETTING = st.one_of(
    NUMBERS, st.lists(NUMBERS, min_size=1, max_size=5), st.floats(width=32), st.binary(max_size=3),
    st.sampled_from([b"SAME_UPPER", b"VALID", b"linear", b"bidirectional", b"ij,jk->ik", b"...a,...a"]),
)  # fmt: skip


@st.composite
def any_nodes(draw: Any) -> list[Any]:
    """Nodes that read what is there, with settings of all kinds."""
    names, nodes = ["x", "w", "m", "s", "i", ""], list[Any]()
    for place in range(draw(st.integers(1, 5))):
        inputs = draw(st.lists(st.sampled_from(names), min_size=1, max_size=5))
        outputs = [f"{place}.{one}" for one in range(draw(st.integers(1, 3)))]
        given_settings = draw(st.dictionaries(st.sampled_from(SETTINGS), SETTING, max_size=4))
        domain = draw(st.sampled_from(["", "", "com.microsoft"]))
        nodes.append(
            helper.make_node(draw(st.sampled_from(KINDS)), inputs, outputs, domain=domain, **given_settings)
        )
        names += outputs
    return nodes


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(any_nodes())
def test_nodes_of_any_kind_with_any_settings_are_read_or_refused(nodes: list[Any]) -> None:
    weights = [
        helper.make_tensor("w", TensorProto.FLOAT, [3, 3, 2, 2], [0.5] * 36),
        helper.make_tensor("m", TensorProto.FLOAT, [8, 8], [1.0] * 64),
        helper.make_tensor("s", TensorProto.INT64, [2], [3, -1]),
        helper.make_tensor("i", TensorProto.INT64, [], [2]),
    ]
    read_or_refused(model(nodes, weights))


@pytest.mark.parametrize("kind", KINDS)
def test_a_node_without_inputs_is_read_or_refused(kind: str) -> None:
    for domain in ("", "com.microsoft"):
        read_or_refused(model([helper.make_node(kind, [], ["z"], domain=domain), relu("x", "y")]))


def test_an_input_without_a_name_is_refused() -> None:
    with pytest.raises(ModelError, match="one of its inputs has no name"):
        lc.from_onnx(model([relu("", "y")], name=""))


def test_an_operator_whose_name_has_a_dot_has_a_place() -> None:
    odd = helper.make_node(".dd", ["x"], ["y"])
    assert [path for path, _ in lc.from_onnx(model([odd], given=(1, 4))).leaves()] == ["_dd"]


def test_a_weight_whose_module_has_no_name_is_named_by_its_node() -> None:
    weights = [
        helper.make_tensor(name, TensorProto.FLOAT, [8, 8], [0.0] * 64) for name in (".weight", "..a.weight")
    ]
    nodes = [helper.make_node("MatMul", ["x", ".weight"], ["v"]),
             helper.make_node("MatMul", ["v", "..a.weight"], ["y"])]  # fmt: skip
    names = [path for path, _ in lc.from_onnx(model(nodes, weights)).leaves()]
    assert names == ["matmul", "a"]


# ---- as large as can be --------------------------------------------------------------------------


def relu(given: str, made: str) -> Any:
    return helper.make_node("Relu", [given], [made])


def chain(kind: str, count: int) -> list[Any]:
    return [helper.make_node(kind, [f"v{at}" if at else "x"], [f"v{at + 1}"]) for at in range(count)]


def grown(count: int, axis: int = 1) -> list[Any]:
    """Each value is twice the one before, side by side."""
    names = ["x", *(f"v{at}" for at in range(count + 1))]
    return [
        helper.make_node("Concat", [before] * 2, [after], axis=axis)
        for before, after in itertools.pairwise(names)
    ]


def nested(count: int) -> list[Any]:
    """Each value is added to what is made of it, in the wrong order: branches within branches."""
    down = chain("Relu", count)
    up = [
        helper.make_node("Add", [f"v{count - at}", f"u{at}" if at else f"v{count}"], [f"u{at + 1}"])
        for at in range(count)
    ]
    return down + up


LARGE: dict[str, list[Any]] = {
    "a chain": chain("Relu", 20_000),
    "numbers that every node looks at": [
        helper.make_node("Constant", [], ["sizes"], value_ints=[1] * 60_000),
        *(helper.make_node("Reshape", ["x", "sizes"], [f"v{at}"]) for at in range(5_000)),
    ],
    "operators that are not known": chain("Hardmax", 20_000),
    "sizes that double": grown(2_000),
    "branches within branches": nested(2_000),
    "a node of many inputs": [helper.make_node("Max", ["x"] * 20_000, ["y"])],
    "a node of many outputs": [
        *grown(9, axis=3),
        helper.make_node("Split", ["v9"], [f"y{at}" for at in range(4_096)], axis=3),
        helper.make_node("Sum", [f"y{at}" for at in range(4_096)], ["y"]),
    ],
    "a name of many parts": [helper.make_node("Relu", ["x"], ["y"], name="a/" * 4_000)],
    "a power without end": [
        helper.make_node("Constant", [], ["a"], value_ints=[3]),
        helper.make_node("Constant", [], ["b"], value_ints=[(1 << 63) - 1]),
        helper.make_node("Pow", ["a", "b"], ["c"]),
        helper.make_node("Reshape", ["x", "c"], ["y"]),
    ],
    "a range without end": [
        helper.make_node("Constant", [], ["a"], value_int=0),
        helper.make_node("Constant", [], ["b"], value_int=(1 << 63) - 1),
        helper.make_node("Constant", [], ["c"], value_int=1),
        helper.make_node("Range", ["a", "b", "c"], ["d"]),
        helper.make_node("Reshape", ["x", "d"], ["y"]),
    ],
    "windows of which each is another": [
        helper.make_node("AveragePool", ["x"], ["y"], kernel_shape=[1 << 22] * 2, pads=[1 << 21] * 4),
    ],
    "constants that are computed for ever": [
        helper.make_node("Constant", [], ["v0"], value_ints=list(range(200))),
        *(helper.make_node("Mul", [f"v{at}"] * 2, [f"v{at + 1}"]) for at in range(5_000)),
        helper.make_node("Reshape", ["x", "v5000"], ["y"]),
    ],
}


def test_kernels_that_meet_their_input_in_millions_of_ways_are_not_known() -> None:
    start = time.process_time()
    wide = [helper.make_node("ConvTranspose", ["x", "x"], ["y"])]
    assert lc.table(lc.from_onnx(model(wide, sizes=(1, 1, 1 << 20, 1 << 20)))).counted.unknown
    far = [helper.make_node("ConvTranspose", ["x", "x"], ["y"], strides=[10], dilations=[10])]
    tree = lc.from_onnx(model(far, sizes=(1, 1, 4_000)))
    assert lc.count(tree, lc.MACS, (1, 4_000)).total == 4_000**2
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize("name", LARGE)
def test_a_large_file_is_read_or_refused_in_bounded_time(name: str) -> None:
    content = model(LARGE[name])
    start = time.process_time()
    with suppress(ModelError):
        lc.table(lc.from_onnx(content))
    assert time.process_time() - start < SECONDS


def test_branches_within_hundreds_of_branches_are_all_counted() -> None:
    tree = lc.from_onnx(model(nested(200)))
    assert lc.count(tree, lc.FLOPS, (3, 8, 8), "everything").total == 2 * 200 * 192


def test_a_million_nodes_are_refused_by_their_number() -> None:
    one = relu("x", "y").SerializeToString()
    field = b"\x0a" + bytes([len(one)]) + one
    graph = field * 1_000_000
    size, head = len(graph), bytearray(b"\x3a")
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    start = time.process_time()
    with pytest.raises(ModelError, match=f"more than {MOST_NODES:,} operators"):
        lc.from_onnx(bytes([*head, size]) + graph)
    assert time.process_time() - start < SECONDS
