"""ONNX files turned into our tree: operators, padding, shared weights, what is not known, broken files."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from math import prod
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

import layercost as lc
from layercost.command import main
from layercost.models import Applied, Graph, ModelError, Rearranged, Stored, Unknown, Unused

Make = Callable[..., Path]


@pytest.fixture
def file(tmp_path: Path) -> Make:
    """Write a file of these nodes; weights are given by their sizes alone and lie outside of the file."""

    def write(
        nodes: list[Any],
        weights: dict[str, tuple[int, ...]] | None = None,
        *,
        input: tuple[Any, ...] = ("N", 3, 8, 8),
        inputs: dict[str, tuple[Any, ...]] | None = None,
        outputs: tuple[str, ...] = ("y",),
        constants: dict[str, list[int] | list[float]] | None = None,
        kind: int = TensorProto.FLOAT,
        held_as: int = TensorProto.FLOAT,
        opset: int = 20,
        functions: tuple[Any, ...] = (),
    ) -> Path:
        arrays = [outside(name, sizes, held_as) for name, sizes in (weights or {}).items()]
        for name, values in (constants or {}).items():
            number = TensorProto.INT64 if all(isinstance(one, int) for one in values) else TensorProto.FLOAT
            arrays.append(helper.make_tensor(name, number, [len(values)], values))
        graph = helper.make_graph(
            nodes,
            "test",
            [helper.make_tensor_value_info(n, kind, sizes) for n, sizes in (inputs or {"x": input}).items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs],
            initializer=arrays,
        )
        path = tmp_path / "model.onnx"
        domains = {"": opset, "com.microsoft": 1, "local": 1}
        opsets = [helper.make_opsetid(domain, version) for domain, version in domains.items()]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=9, functions=list(functions))
        path.write_bytes(model.SerializeToString())
        return path

    return write


def outside(name: str, sizes: tuple[int, ...], kind: int = TensorProto.FLOAT) -> Any:
    """A tensor whose data stands in another file, which does not exist."""
    tensor = TensorProto(name=name, data_type=kind, dims=sizes)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.append(onnx.StringStringEntryProto(key="location", value="nowhere.bin"))
    return tensor


def node(kind: str, inputs: str, output: str, **settings: Any) -> Any:
    names = [name.strip() for name in inputs.split(",")]
    return helper.make_node(kind, names, output.split(","), name=settings.pop("name", ""), **settings)


def layers_of(tree: lc.Layer, shape: tuple[int, ...]) -> list[lc.Layer]:
    return [call.layer for call in tree.calls(shape)]


IMAGE, WORDS, CUBE = (3, 8, 8), (5, 4), (2, 4, 4, 4)
CASES: dict[str, tuple[Any, dict[str, tuple[int, ...]], tuple[int, ...], lc.Layer]] = {
    "Conv": (node("Conv", "x,w,b", "y", strides=[2, 2], pads=[1, 1, 1, 1]), {"w": (6, 3, 3, 3), "b": (6,)},
             IMAGE, lc.Conv2d(3, 6, 3, stride=2, padding=1)),
    "Conv, uneven padding": (node("Conv", "x,w", "y", pads=[0, 1, 1, 2]), {"w": (6, 3, 3, 3)},
                             IMAGE, lc.Conv2d(3, 6, 3, padding=((0, 1), (1, 2)), bias=False)),
    "Conv, SAME_UPPER": (node("Conv", "x,w", "y", strides=[2, 2], auto_pad="SAME_UPPER"), {"w": (6, 3, 3, 3)},
                         IMAGE, lc.Conv2d(3, 6, 3, stride=2, bias=False, rule="onnx-same-upper")),
    "Conv, grouped, dilated": (node("Conv", "x,w", "y", group=3, dilations=[2, 2]), {"w": (3, 1, 3, 3)},
                               IMAGE, lc.Conv2d(3, 3, 3, groups=3, dilation=2, bias=False)),
    "Conv over one axis": (node("Conv", "x,w", "y"), {"w": (6, 5, 3)}, WORDS, lc.Conv1d(5, 6, 3, bias=False)),
    "ConvTranspose": (node("ConvTranspose", "x,w,b", "y", strides=[2, 2], output_padding=[1, 1]),
                      {"w": (3, 4, 3, 3), "b": (4,)}, IMAGE,
                      lc.ConvTranspose2d(3, 4, 3, stride=2, output_padding=1)),
    "Gemm": (node("Gemm", "x,w,b", "y", transB=1), {"w": (7, 4), "b": (7,)}, (4,), lc.Linear(4, 7)),
    "MatMul": (node("MatMul", "x,w", "y"), {"w": (4, 7)}, WORDS, lc.Linear(4, 7, bias=False)),
    "BatchNormalization": (node("BatchNormalization", "x,s,b,m,v", "y", epsilon=0.001),
                           dict.fromkeys("sbmv", (3,)), IMAGE, lc.BatchNorm2d(3, eps=0.001)),
    "LayerNormalization": (node("LayerNormalization", "x,s,b", "y"), dict.fromkeys("sb", (4,)), WORDS,
                           lc.LayerNorm(4)),
    "MaxPool": (node("MaxPool", "x", "y", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1), {}, IMAGE,
                lc.MaxPool2d(3, stride=2, ceil_mode=True)),
    "AveragePool": (node("AveragePool", "x", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1]), {}, IMAGE,
                    lc.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)),
    "GlobalAveragePool": (node("GlobalAveragePool", "x", "y"), {}, IMAGE, lc.AdaptiveAvgPool2d(1)),
    "LRN": (node("LRN", "x", "y", size=5), {}, IMAGE, lc.LocalResponseNorm(5)),
    "Relu": (node("Relu", "x", "y"), {}, IMAGE, lc.ReLU()),
    "LeakyRelu": (node("LeakyRelu", "x", "y", alpha=0.2), {}, IMAGE, lc.LeakyReLU(0.2)),
    "PRelu": (node("PRelu", "x,w", "y"), {"w": (3, 1, 1)}, IMAGE, lc.PReLU(3)),
    "Gelu": (node("Gelu", "x", "y", approximate="tanh"), {}, IMAGE, lc.GELU("tanh")),
    "Softmax": (node("Softmax", "x", "y", axis=1), {}, IMAGE, lc.Softmax(-3)),
    "Flatten": (node("Flatten", "x", "y"), {}, IMAGE, lc.Flatten()),
    "ConvTranspose over one axis": (node("ConvTranspose", "x,w", "y", strides=[2]), {"w": (5, 6, 3)}, WORDS,
                                    lc.ConvTranspose1d(5, 6, 3, stride=2, bias=False)),
    "ConvTranspose, SAME_UPPER": (node("ConvTranspose", "x,w", "y", strides=[2, 2], auto_pad="SAME_UPPER"),
                                  {"w": (3, 4, 4, 4)}, IMAGE,
                                  lc.ConvTranspose2d(3, 4, 4, stride=2, padding=1, bias=False)),
    "ConvTranspose, SAME_UPPER, an odd kernel": (
        node("ConvTranspose", "x,w", "y", strides=[2, 2], auto_pad="SAME_UPPER"), {"w": (3, 4, 3, 3)}, IMAGE,
        lc.ConvTranspose2d(3, 4, 3, stride=2, padding=1, output_padding=1, bias=False),
    ),
    "ConvTranspose over three axes": (node("ConvTranspose", "x,w", "y"), {"w": (2, 3, 2, 2, 2)}, CUBE,
                                      lc.ConvTranspose3d(2, 3, 2, bias=False)),
    "BatchNormalization over three axes": (node("BatchNormalization", "x,s,b,m,v", "y"),
                                           dict.fromkeys("sbmv", (2,)), CUBE, lc.BatchNorm3d(2)),
    "InstanceNormalization": (node("InstanceNormalization", "x,s,b", "y"), dict.fromkeys("sb", (3,)), IMAGE,
                              lc.InstanceNorm2d(3, affine=True)),
    "MaxPool over one axis": (node("MaxPool", "x", "y", kernel_shape=[2], strides=[2]), {}, WORDS,
                              lc.MaxPool1d(2, stride=2)),
    "AveragePool over three axes": (
        node("AveragePool", "x", "y", kernel_shape=[2] * 3, count_include_pad=1), {}, CUBE,
        lc.AvgPool3d(2, stride=1),
    ),
    "GlobalMaxPool": (node("GlobalMaxPool", "x", "y"), {}, IMAGE, lc.AdaptiveMaxPool2d(1)),
    "ReduceMax": (node("ReduceMax", "x", "y", keepdims=0), {}, IMAGE, lc.Reduce("max", (-3, -2, -1))),
    "HardSwish": (node("HardSwish", "x", "y"), {}, IMAGE, lc.Hardswish()),
    "HardSigmoid": (node("HardSigmoid", "x", "y", alpha=1 / 6), {}, IMAGE, lc.Hardsigmoid()),
    "Mish": (node("Mish", "x", "y"), {}, IMAGE, lc.Mish()),
    "Elu": (node("Elu", "x", "y", alpha=0.5), {}, IMAGE, lc.ELU(0.5)),
    "Selu": (node("Selu", "x", "y"), {}, IMAGE, lc.SELU()),
    "Softplus": (node("Softplus", "x", "y"), {}, IMAGE, lc.Softplus()),
    "LogSoftmax": (node("LogSoftmax", "x", "y", axis=-1), {}, WORDS, lc.LogSoftmax(-1)),
    "Pow": (node("Pow", "x,x", "y"), {}, IMAGE, lc.Elementwise("power", 2)),
    "Erf": (node("Erf", "x", "y"), {}, IMAGE, lc.Elementwise("error function")),
    "Transpose": (node("Transpose", "x", "y", perm=[0, 2, 1]), {}, WORDS,
                  Rearranged("Transpose", (WORDS,), (4, 5))),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_operator_becomes_the_layer_that_it_is(name: str, file: Make) -> None:
    """Nothing of the weights is read: their data does not exist."""
    made, weights, shape, expected = CASES[name]
    mixes = name == "ReduceMax"  # with all axes goes the batch
    tree = lc.from_onnx(file([made], weights, input=(1 if mixes else "N", *shape)))
    assert layers_of(tree, shape) == [expected]
    assert tree.input_shape == shape


@pytest.mark.parametrize(
    ("kind", "gates", "layer"), [("LSTM", 4, lc.LSTM), ("GRU", 3, lc.GRU), ("RNN", 1, lc.RNN)]
)
def test_recurrent_operators_are_read_with_their_directions(
    kind: str, gates: int, layer: type[lc.Layer], file: Make
) -> None:
    weights = {"w": (2, gates * 6, 4), "r": (2, gates * 6, 6), "b": (2, gates * 12)}
    settings = {"linear_before_reset": 1} if kind == "GRU" else {}
    nodes = [
        node("Transpose", "x", "steps", perm=[1, 0, 2]),
        node(kind, "steps,w,r,b", "all", hidden_size=6, direction="bidirectional", **settings),
        node("Transpose", "all", "moved", perm=[2, 0, 1, 3]),
        node("Reshape", "moved,shape", "y"),
    ]
    path = file(nodes, weights, input=("N", 5, 4), constants={"shape": [0, 0, -1]})
    tree = lc.from_onnx(path)
    found = layers_of(tree, (5, 4))
    assert layer(4, 6, bidirectional=True) in found  # type: ignore[call-arg]
    assert tree.output_shape((5, 4)) == (5, 12)
    assert {type(one) for one in found} <= {layer, Rearranged, lc.Identity}


def test_a_product_and_an_addition_of_weights_are_one_linear_layer(file: Make) -> None:
    nodes = [node("MatMul", "x,w", "h"), node("Add", "h,b", "y")]
    tree = lc.from_onnx(file(nodes, {"w": (4, 7), "b": (7,)}, input=("N", 4)))
    assert layers_of(tree, (4,)) == [lc.Linear(4, 7)]


def test_a_value_times_its_own_sigmoid_is_a_silu(file: Make) -> None:
    tree = lc.from_onnx(file([node("Sigmoid", "x", "s"), node("Mul", "x,s", "y")]))
    assert layers_of(tree, IMAGE) == [lc.SiLU()]


def test_states_to_begin_with_are_buffers_of_a_recurrent_layer(file: Make) -> None:
    weights = {"w": (1, 24, 4), "r": (1, 24, 6), "b": (1, 48), "h": (1, 1, 6), "c": (1, 1, 6)}
    nodes = [
        node("Transpose", "x", "steps", perm=[1, 0, 2]),
        node("LSTM", "steps,w,r,b,,h,c", ",y", hidden_size=6),
    ]
    tree = lc.from_onnx(file(nodes, weights, input=("N", 5, 4)))
    last = layers_of(tree, (5, 4))[-1]
    assert isinstance(last, Applied)
    assert last.layer == lc.LSTM(4, 6, return_sequences=False)
    assert lc.table(tree).total.parameters == lc.count(last.layer, lc.PARAMETERS).total
    assert [held.name for held in last.buffers()] == ["h", "c"]


def test_heads_in_one_axis_with_the_batch_are_read(file: Make) -> None:
    nodes = [node("Reshape", "x,shape", "h"), node("Softmax", "h", "y", axis=2)]
    path = file(nodes, input=("N", 2, 5, 4), constants={"shape": [-1, 5, 4]})
    tree = lc.from_onnx(path)
    assert layers_of(tree, (2, 5, 4)) == [lc.Identity(), lc.Softmax(-1)]


def test_branches_are_added_and_concatenated(file: Make) -> None:
    nodes = [
        node("Conv", "x,layer1.a.weight", "a"),
        node("Add", "a,x", "sum"),
        node("Relu", "sum", "b"),
        node("Concat", "b,sum", "y", axis=1),
    ]
    tree = lc.from_onnx(file(nodes, {"layer1.a.weight": (3, 3, 1, 1)}))
    assert tree.output_shape(IMAGE) == (6, 8, 8)
    names = [call.path for call in tree.calls(IMAGE)]
    assert names[0] == "add.layer1.a"
    assert lc.table(tree).total.parameters == 9


@pytest.mark.parametrize(("axis", "shape"), [(1, (12, 6)), (2, (6, 12))])
def test_maps_of_one_axis_are_concatenated(axis: int, shape: tuple[int, ...], file: Make) -> None:
    tree = lc.from_onnx(
        file(
            [node("Conv", "x,w", "a"), node("Conv", "x,v", "b"), node("Concat", "a,b", "y", axis=axis)],
            {"w": (6, 3, 3), "v": (6, 3, 3)}, input=("N", 3, 8),
        )
    )  # fmt: skip
    assert tree.output_shape((3, 8)) == shape
    assert any(isinstance(layer, lc.Concatenate) for layer in layers_of(tree, (3, 8)))


def test_weights_that_two_operators_read_count_once(file: Make) -> None:
    nodes = [node("Gemm", "x,w,b", "h"), node("Gemm", "h,w,b", "y")]
    tree = lc.from_onnx(file(nodes, {"w": (4, 4), "b": (4,)}, input=("N", 4)))
    assert lc.table(tree).total.parameters == 20
    assert lc.table(tree).total.macs == 32


def test_values_read_here_and_there_become_a_graph(file: Make) -> None:
    nodes = [
        node("Relu", "x", "a"), node("Sigmoid", "a", "b"), node("Add", "a,x", "c"),
        node("Add", "b,c", "d"), node("Add", "d,a", "y"),
    ]  # fmt: skip
    tree = lc.from_onnx(file(nodes))
    assert any(isinstance(layer, Graph) for _, layer in tree.children)
    assert [type(layer) for layer in layers_of(tree, IMAGE)].count(lc.Sigmoid) == 1


def test_tokens_are_looked_up(file: Make) -> None:
    path = file([node("Gather", "table,x", "y")], {"table": (10, 4)}, input=("N", 6), kind=TensorProto.INT64)
    assert layers_of(lc.from_onnx(path), (6,)) == [lc.Embedding(10, 4)]


def test_a_file_for_a_batch_of_one_is_read_too(file: Make) -> None:
    nodes = [node("Reshape", "x,shape", "h"), node("Gemm", "h,w", "y")]
    path = file(nodes, {"w": (192, 5)}, input=(1, 3, 8, 8), constants={"shape": [1, 192]})
    assert layers_of(lc.from_onnx(path), IMAGE)[-1] == lc.Linear(192, 5, bias=False)


def test_limits_from_0_to_6_are_relu6_and_others_two_comparisons(file: Make) -> None:
    clip = [node("Clip", "x,low,high", "y")]
    six = file(clip, constants={"low": [0.0], "high": [6.0]})
    assert layers_of(lc.from_onnx(six), IMAGE) == [lc.ReLU6()]
    seven = file(clip, constants={"low": [0.0], "high": [7.0]})
    assert layers_of(lc.from_onnx(seven), IMAGE) == [lc.Elementwise("compare")] * 2


def test_an_operator_that_is_not_known_is_named_and_the_count_is_incomplete(file: Make) -> None:
    nodes = [node("GridSample", "x,grid", "h", name="strange"), node("Relu", "h", "y")]
    tree = lc.from_onnx(file(nodes, {"grid": (1, 8, 8, 2)}))
    unknown, _ = layers_of(tree, IMAGE)
    assert repr(unknown) == "Unknown('GridSample')"
    assert lc.count(tree, lc.PARAMETERS).total == 128
    counted = lc.count(tree, lc.FLOPS, IMAGE, "everything")
    assert [missing.path for missing in counted.not_counted] == ["strange"]


# ---- what is held --------------------------------------------------------------------------------


def held(tree: lc.Layer) -> dict[str, int]:
    """Parameters and buffers of all leaves, each leaf once."""
    leaves = {id(layer): layer for _, layer in tree.leaves()}.values()
    found = [one for leaf in leaves for one in (*leaf.parameters(), *leaf.buffers())]
    assert len({one.name for one in found}) == len(found)
    return {one.name: int(one.size) for one in found}


def test_initializers_that_nobody_reads_are_held_as_unused(file: Make) -> None:
    nodes = [node("Relu", "x", "y")]
    tree = lc.from_onnx(file(nodes, {"left over": (4, 8), "scalar": ()}))
    (unused,) = (layer for layer in layers_of(tree, IMAGE) if isinstance(layer, Unused))
    assert [(one.name, one.size) for one in unused.parameters()] == [("left over", 32)]
    assert lc.table(tree).total.parameters == 32


def test_a_table_that_is_looked_up_and_multiplied_by_is_held_once(file: Make) -> None:
    nodes = [
        node("Gather", "table,x", "h"),
        node("Transpose", "table", "turned", perm=[1, 0]),
        node("MatMul", "h,turned", "y"),
    ]
    path = file(nodes, {"table": (50, 8)}, input=("N", 6), kind=TensorProto.INT64)
    tree = lc.from_onnx(path)
    total = lc.table(tree).total
    assert (total.parameters, total.macs) == (50 * 8, 6 * 8 * 50)
    embedding, head = layers_of(tree, (6,))
    assert embedding == lc.Embedding(50, 8)
    assert isinstance(head, Applied)
    assert head.layer == lc.Linear(8, 50, bias=False)
    assert head.parameters() == ()


def test_a_weight_that_is_added_or_multiplied_is_stored_and_read(file: Make) -> None:
    nodes = [node("Mul", "x,scale", "h"), node("Add", "h,shift", "y")]
    tree = lc.from_onnx(file(nodes, {"scale": (3, 1, 1), "shift": (1, 3, 8, 8)}))
    assert held(tree) == {"scale": 3, "shift": 192}
    kinds = [type(layer) for layer in layers_of(tree, IMAGE)]
    assert kinds == [Stored, lc.Multiply, Stored, lc.Add]
    assert all(call.once == (type(call.layer) is Stored) for call in tree.calls(IMAGE))
    assert lc.count(tree, lc.FLOPS, IMAGE, "everything", batch=5).total == 5 * 2 * 192


def test_a_weight_that_is_computed_is_computed_once_whatever_the_batch(file: Make) -> None:
    nodes = [node("Mul", "v,g", "w"), node("Conv", "x,w,b", "y")]
    tree = lc.from_onnx(file(nodes, {"v": (6, 3, 3, 3), "g": (6, 1, 1, 1), "b": (6,)}))
    assert held(tree) == {"v": 162, "g": 6, "b": 6}
    one, five = (lc.count(tree, lc.FLOPS, IMAGE, "everything", batch=batch).total for batch in (1, 5))
    conv = lc.count(lc.Conv2d(3, 6, 3), lc.FLOPS, IMAGE, "everything").total
    assert (one, five) == (conv + 162, 5 * conv + 162)


@pytest.mark.parametrize(
    "kind", ["Identity", "Cast", "Transpose", "Unsqueeze", "Reshape", "DequantizeLinear"]
)
def test_a_weight_in_another_arrangement_is_the_same_weight(kind: str, file: Make) -> None:
    views = {
        "Identity": (node("Identity", "v", "w"), (4, 7)),
        "Cast": (node("Cast", "v", "w", to=TensorProto.FLOAT), (4, 7)),
        "Transpose": (node("Transpose", "v", "w", perm=[1, 0]), (7, 4)),
        "Unsqueeze": (node("Unsqueeze", "v,at", "w"), (4,)),
        "Reshape": (node("Reshape", "v,sizes", "w"), (28,)),
        "DequantizeLinear": (node("DequantizeLinear", "v,scale", "w"), (4, 7)),
    }
    view, sizes = views[kind]
    kept = TensorProto.INT8 if kind == "DequantizeLinear" else TensorProto.FLOAT
    constants = {"at": [1], "sizes": [4, 7], "scale": [0.5]}
    used = {name: numbers for name, numbers in constants.items() if name in view.input}
    path = file(
        [view, node("MatMul", "x,w", "y")], {"v": sizes}, input=("N", 4), constants=used, held_as=kept
    )
    tree = lc.from_onnx(path)
    columns = 1 if kind == "Unsqueeze" else 7
    assert lc.table(tree).total.macs == 4 * columns
    assert lc.table(tree).total.parameters == 4 * columns
    assert [one.size for one in layers_of(tree, (4,))[-1].buffers()] == ([1] if "scale" in used else [])


def test_weights_may_be_constants_among_the_nodes(file: Make) -> None:
    array = helper.make_tensor("", TensorProto.FLOAT, [4, 7], [0.0] * 28)
    nodes = [helper.make_node("Constant", [], ["w"], value=array), node("MatMul", "x,w", "y")]
    assert layers_of(lc.from_onnx(file(nodes, input=("N", 4))), (4,)) == [lc.Linear(4, 7, bias=False)]


def test_every_output_and_every_node_that_runs_is_counted(file: Make) -> None:
    nodes = [
        node("Gemm", "x,w", "y"), node("Gemm", "x,v", "z"), node("Relu", "z", "nobody reads it"),
    ]  # fmt: skip
    tree = lc.from_onnx(file(nodes, {"w": (4, 3), "v": (4, 5)}, input=("N", 4), outputs=("y", "z")))
    assert tree.output_shape((4,)) == (3,)
    assert lc.table(tree).total.macs == 12 + 20
    assert lc.ReLU() in layers_of(tree, (4,))


def test_one_part_of_a_split_is_a_part_of_what_is_split(file: Make) -> None:
    nodes = [node("Split", "x", "a,b", axis=1, num_outputs=2), node("Relu", "b", "y")]
    tree = lc.from_onnx(file(nodes, input=("N", 6, 5)))
    assert tree.output_shape((6, 5)) == (3, 5)


def test_functions_of_a_file_are_read_as_what_they_do(file: Make) -> None:
    opsets = [helper.make_opsetid("", 20)]
    body = [node("MatMul", "a,b", "c"), node("Relu", "c", "d")]
    function = helper.make_function("local", "Dense", ["a", "b"], ["d"], body, opsets)
    called = helper.make_node("Dense", ["x", "w"], ["y"], domain="local")
    tree = lc.from_onnx(file([called], {"w": (4, 7)}, input=("N", 4), functions=(function,)))
    assert layers_of(tree, (4,)) == [lc.Linear(4, 7, bias=False), lc.ReLU()]


# ---- products of two values ----------------------------------------------------------------------


def test_a_product_of_two_values_counts_for_every_head(file: Make) -> None:
    tree = lc.from_onnx(file([node("MatMul", "q,k", "y")], inputs={"q": ("N", 3, 5, 4), "k": ("N", 3, 4, 6)}))
    assert lc.table(tree, batch=2).total.macs == 2 * 3 * 5 * 6 * 4


def test_a_gemm_of_two_values_is_their_product(file: Make) -> None:
    gemm = node("Gemm", "x,z,c", "y", transB=1, alpha=0.5)
    path = file([gemm], {"c": (3,)}, inputs={"x": ("N", 4), "z": (3, 4)})
    tree = lc.from_onnx(path)
    assert lc.table(tree).total.macs == 12
    counted = lc.count(tree, lc.FLOPS, tree.input_shape, "everything")
    assert counted.total == 3 * (2 * 4 - 1) + 3 + 3
    assert held(tree) == {"c": 3}


@pytest.mark.parametrize(
    ("equation", "first", "second", "macs"),
    [
        ("nhid,nhjd->nhij", ("N", 2, 5, 4), ("N", 2, 6, 4), 2 * 5 * 6 * 4),
        ("nij,njc->nic", ("N", 5, 6), ("N", 6, 3), 5 * 6 * 3),
        ("nc,nc->n", ("N", 7), ("N", 7), 7),
        ("nij,jc", ("N", 5, 6), (6, 3), 3 * 5 * 6),  # what is left out is all that stands there once
        ("...ij,...jc", ("N", 5, 6), ("N", 6, 3), 5 * 6 * 3),
    ],
)
def test_einsum_of_two_values_is_a_stack_of_products(
    equation: str, first: tuple[Any, ...], second: tuple[Any, ...], macs: int, file: Make
) -> None:
    path = file([node("Einsum", "a,b", "y", equation=equation)], inputs={"a": first, "b": second})
    assert lc.table(lc.from_onnx(path)).total.macs == macs


def test_attention_in_one_operator_counts_its_two_products(file: Make) -> None:
    attention = node("Attention", "q,k,v", "y", q_num_heads=4, kv_num_heads=2)
    inputs = {"q": ("N", 5, 16), "k": ("N", 7, 8), "v": ("N", 7, 8)}
    tree = lc.from_onnx(file([attention], inputs=inputs, opset=23))
    assert tree.output_shape(*tree.input_shape) == (5, 16)
    assert lc.table(tree).total.macs == 2 * 4 * 5 * 7 * 4
    assert not any(isinstance(layer, Unknown) for _, layer in tree.leaves())


def test_attention_of_onnxruntime_counts_its_weights_and_products(file: Make) -> None:
    attention = node("Attention", "x,w,b", "y", num_heads=4, domain="com.microsoft")
    tree = lc.from_onnx(file([attention], {"w": (16, 48), "b": (48,)}, input=("N", 5, 16)))
    assert tree.output_shape((5, 16)) == (5, 16)
    total = lc.table(tree).total
    assert (total.parameters, total.macs) == (16 * 48 + 48, 5 * 16 * 48 + 2 * 4 * 5 * 5 * 4)


# ---- quantised -----------------------------------------------------------------------------------


def test_a_quantised_convolution_multiplies_what_the_plain_one_does(file: Make) -> None:
    convolution = node("QLinearConv", "x,xs,xz,w,ws,wz,ys,yz,b", "y", pads=[1, 1, 1, 1])
    scales = {name: [0.5] for name in ("xs", "ws", "ys")}
    nodes = [
        *(
            helper.make_node("Constant", [], [name], value=helper.make_tensor("", 2, [], [0]))
            for name in ("xz", "yz")
        ),
        helper.make_node("Constant", [], ["wz"], value=helper.make_tensor("", 3, [], [0])),
        helper.make_node("Constant", [], ["b"], value=helper.make_tensor("", 6, [6], [0] * 6)),
        convolution,
    ]
    path = file(
        nodes, {"w": (6, 3, 3, 3)}, constants=scales, kind=TensorProto.UINT8, held_as=TensorProto.INT8
    )
    tree, plain = lc.from_onnx(path), lc.Conv2d(3, 6, 3, padding=1)
    assert lc.table(tree).total.macs == lc.count(plain, lc.MACS, IMAGE).total
    assert held(tree) == {"w": 162, "b": 6, "xs": 1, "ws": 1, "ys": 1}


@pytest.mark.parametrize(
    ("kind", "sizes", "shape", "macs"),
    [("ConvInteger", (6, 3, 3, 3), IMAGE, 36 * 6 * 27), ("MatMulInteger", (4, 7), (5, 4), 5 * 4 * 7)],
)
def test_products_of_whole_numbers_are_products(
    kind: str, sizes: tuple[int, ...], shape: tuple[int, ...], macs: int, file: Make
) -> None:
    path = file([node(kind, "x,w", "y")], {"w": sizes}, input=("N", *shape), kind=2, held_as=TensorProto.INT8)
    total = lc.table(lc.from_onnx(path)).total
    assert (total.macs, total.parameters) == (macs, prod(sizes))


# ---- branches and loops --------------------------------------------------------------------------


def branches(**sizes: int) -> dict[str, Any]:
    """The branches of an If: a product with a weight of so many columns in each."""
    made = {}
    for name, columns in sizes.items():
        weight = outside(f"{name}.w", (4, columns))
        value = helper.make_tensor_value_info(f"{name}.y", TensorProto.FLOAT, None)
        product = node("MatMul", f"x,{name}.w", f"{name}.y")
        made[name] = helper.make_graph([product], name, [], [value], initializer=[weight])
    return made


def test_a_condition_that_is_a_constant_takes_its_branch(file: Make) -> None:
    truth = helper.make_tensor("", TensorProto.BOOL, [], [False])
    choice = node("If", "c", "y", **branches(then_branch=7, else_branch=3))
    nodes = [helper.make_node("Constant", [], ["c"], value=truth), choice]
    tree = lc.from_onnx(file(nodes, input=("N", 4)))
    taken, unused = layers_of(tree, (4,))
    assert taken == lc.Linear(4, 3, bias=False)
    assert [(one.name, one.size) for one in unused.parameters()] == [("then_branch.w", 28)]
    assert lc.table(tree).total.parameters == 40


def test_a_condition_that_depends_on_the_input_is_not_known_and_both_branches_are_held(file: Make) -> None:
    nodes = [
        node("ReduceSum", "x", "sum", keepdims=0),
        node("Cast", "sum", "c", to=TensorProto.BOOL),
        node("If", "c", "y", **branches(then_branch=3, else_branch=3)),
    ]
    tree = lc.from_onnx(file(nodes, input=("N", 4)))
    assert held(tree) == {"then_branch.w": 12, "else_branch.w": 12}
    assert repr(layers_of(tree, (4,))[-1]) == "Unknown('If')"


def test_branches_of_different_shapes_are_refused_by_name(file: Make) -> None:
    nodes = [
        node("ReduceSum", "x", "sum", keepdims=0),
        node("Cast", "sum", "c", to=TensorProto.BOOL),
        node("If", "c", "y", name="choice", **branches(then_branch=7, else_branch=3)),
    ]
    with pytest.raises(ModelError, match=r"If choice .*its branches differ.* 0 of 40 values held"):
        lc.from_onnx(file(nodes, input=("N", 4)))


def test_a_loop_is_not_known_or_refused_by_name(file: Make) -> None:
    times, go = helper.make_tensor("m", 7, [], [3]), helper.make_tensor("go", 9, [], [True])
    kinds = (("i", 7, []), ("c", 9, []), ("h", 1, [None, 4]))
    inner = [helper.make_tensor_value_info(*one) for one in kinds]
    given = [helper.make_tensor_value_info("d", 9, []), helper.make_tensor_value_info("g", 1, None)]
    body = helper.make_graph(
        [node("Identity", "c", "d"), node("MatMul", "h,w", "g")], "body", inner, given,
        initializer=[outside("w", (4, 4))],
    )  # fmt: skip
    nodes = [
        helper.make_node("Constant", [], ["m"], value=times),
        helper.make_node("Constant", [], ["go"], value=go),
        node("Loop", "m,go,x", "y", name="again", body=body),
    ]
    with pytest.raises(ModelError, match=r"Loop again .* of 16 values held"):
        lc.from_onnx(file(nodes, input=("N", 4)))


def test_a_shape_that_depends_on_values_is_refused_and_says_what_is_known(file: Make) -> None:
    nodes = [
        node("Gemm", "x,w", "h"),
        node("NonZero", "h", "at", name="where"),
        node("Cast", "at", "y", to=1),
    ]
    with pytest.raises(
        ModelError,
        match=r"NonZero where .*1 of 3 operators were read before it, with 28 of 28 values held.*cut",
    ):
        lc.from_onnx(file(nodes, {"w": (4, 7)}, input=("N", 4)))


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (node("Reshape", "x,five", "y"), "1 x 3 x 8 x 8 values do not fill -1 x 5"),
        (
            node("Reshape", "x,ones", "y"),
            r"reshapes .* to \(1, 1\), as the file was made for another batch",
        ),
        (node("Concat", "x,w", "y", axis=1), "1 x 3 x 8 x 8 and 2 x 3 differ along other axes than 1"),
        (node("MatMul", "x,w", "y"), "rows of 8 cannot be multiplied with columns of 2"),
        (node("Add", "x,w", "y"), "1 x 3 x 8 x 8 and 2 x 3 cannot be spread over each other"),
        (node("Tile", "x,ones", "y"), "it repeats 1 x 3 x 8 x 8 along 2 axes"),
        (node("Split", "x", "y,z,u", axis=2, num_outputs=3), None),
        (node("Split", "x,ones", "y,z", axis=1), "2 parts of 2 in all do not make 3"),
        (node("Squeeze", "x,ones", "y"), "it leaves out axes of 1 x 3 x 8 x 8 that are not 1"),
        (node("Transpose", "x", "y", perm=[0, 1, 1, 2]), "are not those of 1 x 3 x 8 x 8"),
        (node("MaxPool", "x", "y", kernel_shape=[9, 9]), "a window over 9 cells does not fit into 8"),
        (node("Conv", "x,w", "y"), "w should have 3 axes or more, and has 2"),
        (node("Softmax", "gone,x", "y"), "Softmax y reads gone, which no node"),
        (node("Expand", "x,x", "y"), "the numbers of x are no constants that are known"),
        (node("Gather", "x,w", "y", axis=7), "it names axis 7 of 4"),
        (node("Transpose", "x", "y", perm=1.5), "its settings are none that it can have"),
        (node("Nonsense", "x", "y"), "no operator that is known here, and the file does not declare"),
    ],
    ids=lambda given: None if isinstance(given, str) else given and given.op_type,
)
def test_sizes_that_cannot_be_told_say_why(made: Any, reason: str | None, file: Make) -> None:
    path = file([made], {"w": (2, 3)}, input=(1, *IMAGE), constants={"five": [-1, 5], "ones": [1, 1]})
    if reason is None:
        assert lc.from_onnx(path).output_shape(IMAGE) == (3, 3, 8)
        return
    with pytest.raises(ModelError, match=reason):
        lc.from_onnx(path)


# ---- several inputs ------------------------------------------------------------------------------

TWO = {"ids": ("batch", "steps"), "state": (2, "batch", 4)}


def two_inputs(file: Make) -> Path:
    nodes = [
        node("Unsqueeze", "ids,last", "h"), node("Expand", "h,sizes", "wide"),
        node("Transpose", "wide", "steps", perm=[1, 0, 2]),
        node("GRU", "steps,w,r,,,state", ",y", hidden_size=4, direction="bidirectional"),
    ]  # fmt: skip
    weights = {"w": (2, 12, 3), "r": (2, 12, 4)}
    return file(nodes, weights, inputs=TWO, constants={"last": [2], "sizes": [1, 1, 3]})


@pytest.mark.parametrize(
    "given",
    [
        {"ids": (5,)},
        {"ids": (1, 5)},
        {"ids": (5,), "state": (2, 4)},
        {"ids": (1, 5), "state": (2, 1, 4)},
        (5,),
    ],
    ids=["by name", "in full", "both", "both in full", "the only open one"],
)
def test_several_inputs_are_given_by_name_with_or_without_the_batch(given: Any, file: Make) -> None:
    tree = lc.from_onnx(two_inputs(file), given)
    assert tree.input_shape == ((5,), (2, 4))
    assert lc.table(tree).total.macs == 2 * 5 * 12 * (3 + 4)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            None,
            r"its input ids leaves its sizes open \(steps\); give .* --input ids=128, .* --input ids=1x128",
        ),
        ({"words": (5,)}, "no input is called 'words'; the inputs are ids, state"),
        ({"ids": (5, 5, 5)}, r"its input ids has 2 sizes \(batch, steps\), and 3 were given"),
        ({"ids": (4, 5)}, "its input ids was given for a batch of 4; give the sizes of one sample"),
    ],
)
def test_inputs_that_do_not_fit_are_named(given: Any, message: str, file: Make) -> None:
    with pytest.raises(ModelError, match=message):
        lc.from_onnx(two_inputs(file), given)


def test_an_input_of_a_single_value_is_read(file: Make) -> None:
    tree = lc.from_onnx(file([node("Mul", "x,rate", "y")], inputs={"x": ("N", 4), "rate": ()}))
    assert tree.input_shape == ((4,), ())
    assert lc.count(tree, lc.FLOPS, tree.input_shape, "everything").total == 4


def test_an_axis_that_is_called_a_length_is_no_batch(file: Make) -> None:
    path = file([node("MatMul", "x,w", "y")], {"w": (4, 7)}, input=("seq_len", 4))
    with pytest.raises(ModelError, match=r"open \(seq_len, 4\); give them as .* --input x=128x4"):
        lc.from_onnx(path)
    assert lc.table(lc.from_onnx(path, (9, 4))).total.macs == 9 * 28


def test_an_axis_that_is_called_the_batch_is_one_wherever_it_stands(file: Make) -> None:
    path = file([node("LSTM", "x,w,r", "y", hidden_size=3)], {"w": (1, 12, 4), "r": (1, 12, 3)},
                input=("time", "batch_size", 4))  # fmt: skip
    tree = lc.from_onnx(path, (9, 4))
    assert tree.input_shape == (9, 4)
    assert lc.table(tree, batch=2).total.macs == 2 * 9 * 12 * (4 + 3)


@pytest.mark.parametrize("name", ["N", "batch"])
def test_an_input_of_one_axis_is_one_sample(name: str, file: Make) -> None:
    path = file([node("Relu", "x", "y")], input=(name,))
    with pytest.raises(
        ModelError, match=rf"open \({name}\); give them as the file has them, as --input x=128"
    ):
        lc.from_onnx(path)
    assert lc.from_onnx(path, (5,)).output_shape((5,)) == (5,)


def test_a_model_of_a_single_number_alone_is_refused(file: Make) -> None:
    with pytest.raises(ModelError, match="its only input x is a single number, and a layer takes more"):
        lc.from_onnx(file([node("Relu", "x", "y")], input=()))


def test_what_mixes_the_samples_of_a_batch_is_not_known(file: Make) -> None:
    path = file([node("ReduceSum", "x", "y", keepdims=0)], input=("N", *IMAGE))
    assert [repr(layer) for layer in layers_of(lc.from_onnx(path), IMAGE)] == ["Unknown('ReduceSum')"]


# ---- the batch -----------------------------------------------------------------------------------


def test_a_batch_that_the_file_names_in_its_sizes_is_part_of_the_sample(file: Make) -> None:
    nodes = [node("Reshape", "x,shape", "h"), node("Gemm", "h,w", "y")]
    path = file(nodes, {"w": (192, 5)}, input=(2, 3, 8, 8), constants={"shape": [2, -1]})
    tree = lc.from_onnx(path)
    assert tree.input_shape == (2, 3, 8, 8)
    assert lc.table(tree).total.macs == 2 * 192 * 5


def test_a_batch_that_the_file_fixes_and_does_not_need_is_left_out(file: Make) -> None:
    nodes = [node("Conv", "x,w", "h"), node("GlobalAveragePool", "h", "y")]
    tree = lc.from_onnx(file(nodes, {"w": (6, 3, 3, 3)}, input=(2, *IMAGE)))
    assert tree.input_shape == IMAGE
    assert lc.table(tree).total.macs == 36 * 6 * 27


def test_windows_in_one_axis_with_the_batch_are_each_convolved(file: Make) -> None:
    nodes = [node("Reshape", "x,shape", "h"), node("Conv", "h,w", "y")]
    path = file(nodes, {"w": (6, 3, 3, 3)}, input=("N", 4, *IMAGE), constants={"shape": [-1, *IMAGE]})
    tree = lc.from_onnx(path)
    assert lc.table(tree, batch=2).total.macs == 2 * 4 * 36 * 6 * 27
    assert lc.table(tree).total.parameters == 162
    assert tree.output_shape((4, *IMAGE)) == (4, 6, 6, 6)


def test_softmax_before_opset_13_goes_over_all_axes_from_its_own_on(file: Make) -> None:
    tree = lc.from_onnx(file([node("Softmax", "x", "y", axis=1)], input=("N", 5, 4), opset=12))
    long = lc.count(lc.Softmax(-1), lc.FLOPS, (20,), "everything").total
    assert lc.count(tree, lc.FLOPS, (5, 4), "everything").total == long


@pytest.mark.parametrize("order", range(3))
def test_a_gelu_in_several_nodes_is_one(order: int, file: Make) -> None:
    before = [node("Div", "x,root", "a"), node("Erf", "a", "b"), node("Add", "b,one", "c")]
    products = [
        [node("Mul", "x,c", "d"), node("Mul", "d,half", "y")],
        [node("Mul", "c,half", "d"), node("Mul", "x,d", "y")],
        [node("Mul", "x,half", "d"), node("Mul", "d,c", "y")],
    ]
    constants = {"root": [1.4142135], "one": [1.0], "half": [0.5]}
    tree = lc.from_onnx(file([*before, *products[order]], constants=constants))
    assert [layer for layer in layers_of(tree, IMAGE) if not isinstance(layer, Unused)] == [lc.GELU()]


# ---- what is refused -----------------------------------------------------------------------------


def test_a_file_that_is_missing_broken_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"gone\.onnx: there is no such file"):
        lc.from_onnx(tmp_path / "gone.onnx")
    for content in (b"", b"no ONNX at all", b"\x08\x07\x12"):
        (tmp_path / "odd.onnx").write_bytes(content)
        with pytest.raises(ModelError, match=r"odd\.onnx is not an ONNX file"):
            lc.from_onnx(tmp_path / "odd.onnx")


def test_an_input_whose_sizes_are_open_must_be_given(file: Make) -> None:
    path = file([node("Relu", "x", "y")], input=("N", 3, "H", "W"))
    with pytest.raises(ModelError, match=r"leaves its sizes open \(3, H, W\); give them"):
        lc.from_onnx(path)
    assert lc.from_onnx(path, (3, 4, 4)).output_shape((3, 4, 4)) == (3, 4, 4)


def test_neither_onnx_nor_numpy_is_needed(file: Make) -> None:
    path = file([node("MatMul", "x,w", "y")], {"w": (4, 7)}, input=("N", 4))
    program = (
        "import sys; sys.modules.update(onnx=None, numpy=None, google=None)\n"
        "import layercost as lc\n"
        f"print(lc.table(lc.from_onnx({str(path)!r})).total.macs)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "28\n"


def test_a_file_may_be_given_as_a_path_as_bytes_or_open(file: Make) -> None:
    path = file([node("MatMul", "x,w", "y")], {"w": (4, 7)}, input=("N", 4))
    read = [lc.from_onnx(path), lc.from_onnx(str(path)), lc.from_onnx(path.read_bytes())]
    with path.open("rb") as opened:
        read.append(lc.from_onnx(opened))
        assert not opened.closed
    read.append(lc.from_onnx(io.BytesIO(path.read_bytes())))
    assert [layers_of(tree, (4,)) for tree in read] == [[lc.Linear(4, 7, bias=False)]] * 5
    assert [tree.name for tree in read] == ["model"] * 5


def test_what_cannot_be_read_at_any_place_is_refused(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        pass

    with pytest.raises(ModelError, match="takes a path, bytes, or a binary file that can be read at any"):
        lc.from_onnx(Pipe())  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=r"the file is not an ONNX file, or a broken one: it has no graph"):
        lc.from_onnx(b"")


@pytest.mark.parametrize(
    ("begins", "message"),
    [
        (b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS.*git lfs pull"),
        (b"PK\x03\x04", "a ZIP archive, as PyTorch writes; export"),
        (b"\x89HDF\r\n", "an HDF5 file, as Keras writes"),
        (b"<!DOCTYPE html>", "a page of HTML"),
    ],
)
def test_what_people_take_for_an_onnx_file_is_told_by_its_beginning(begins: bytes, message: str) -> None:
    with pytest.raises(ModelError, match=rf"is not an ONNX file, or a broken one: .*{message}"):
        lc.from_onnx(begins + bytes(100))


# ---- nodes that cannot run, and functions without an end -----------------------------------------


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([node("Add", "x,b", "a"), node("Relu", "a", "b")], "Add a reads b, which Relu b gives behind it"),
        ([node("Add", "x,y", "y", name="own")], "Add own reads y, which it gives itself"),
        ([node("Add", "x,z", "y")], "Add y reads z, which no node, input or initializer gives"),
        ([node("Relu", "x", "y"), node("Sigmoid", "x", "y")], "Sigmoid y gives y, which is given before it"),
        ([node("Relu", "x", "x")], "Relu x gives x, which is given before it"),
        ([node("Relu", "x", "z")], "nothing gives its output y"),
        ([helper.make_node("Relu", [], ["y"])], "Relu y reads nothing"),
        ([node("Relu", "x", "")], "Relu gives nothing"),
        ([node("If", "x", "y", name="no")], "If no should have two branches that give 1 values"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_nodes_that_cannot_run_are_refused_by_name(nodes: list[Any], message: str, file: Make) -> None:
    with pytest.raises(ModelError, match=message):
        lc.from_onnx(file(nodes))


def function(name: str, *body: Any) -> Any:
    return helper.make_function("local", name, ["a"], ["b"], list(body), [helper.make_opsetid("", 20)])


def call(name: str, given: str, made: str) -> Any:
    return helper.make_node(name, [given], [made], domain="local")


def test_functions_that_call_themselves_are_refused(file: Make) -> None:
    functions = (function("Ping", call("Pong", "a", "b")), function("Pong", call("Ping", "a", "b")))
    with pytest.raises(ModelError, match="function Ping never ends: Ping calls Pong calls Ping"):
        lc.from_onnx(file([call("Ping", "x", "y")], functions=functions))


def test_functions_that_grow_beyond_all_limits_are_refused(file: Make) -> None:
    """Each of thirty calls the next one twice: 2^30 nodes."""
    functions = [
        function(f"f{level}", call(f"f{level + 1}", "a", "c"), call(f"f{level + 1}", "c", "b"))
        for level in range(30)
    ]
    last = function("f30", node("Relu", "a", "b"))
    with pytest.raises(ModelError, match="its functions, written out, are more than 100,000 operators"):
        lc.from_onnx(file([call("f0", "x", "y")], functions=(*functions, last)))


def test_a_function_within_a_branch_and_its_attributes_are_written_out(file: Make) -> None:
    leaky = helper.make_node("LeakyRelu", ["a"], ["b"])
    leaky.attribute.append(onnx.AttributeProto(name="alpha", ref_attr_name="slope", type=1))
    made = helper.make_function(
        "local", "Leaky", ["a"], ["b"], [leaky], [helper.make_opsetid("", 20)],
        attribute_protos=[helper.make_attribute("slope", 0.2)],
    )  # fmt: skip
    nodes = [
        helper.make_node("Leaky", ["x"], ["h"], domain="local", name="first", slope=0.5),
        helper.make_node("Leaky", ["h"], ["y"], domain="local", name="second"),
    ]
    tree = lc.from_onnx(file(nodes, functions=(made,)))
    assert layers_of(tree, IMAGE) == [lc.LeakyReLU(0.5), lc.LeakyReLU(0.2)]
    assert [path.split(".")[0] for path, _ in tree.leaves()] == ["first", "second"]


# ---- the command ---------------------------------------------------------------------------------


def test_the_command_shows_a_file(file: Make, capsys: pytest.CaptureFixture[str]) -> None:
    path = file([node("Conv", "x,w", "y")], {"w": (6, 3, 3, 3)})
    assert main(["show", str(path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["macs"] == 6 * 36 * 27
    assert main(["show", str(path), "--input", "3x4x4"]) == 0
    assert "model" in capsys.readouterr().out
    assert main(["show", str(path), "--input", "x=1x3x4x4", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["macs"] == 6 * 4 * 27


def test_the_command_takes_a_shape_for_each_input(file: Make, capsys: pytest.CaptureFixture[str]) -> None:
    path = file([node("MatMul", "q,k", "y")], inputs={"q": ("N", "S", 4), "k": ("N", 4, "T")})
    assert main(["show", str(path), "--input", "q=5x4", "--input", "k=1x4x6", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["macs"] == 5 * 4 * 6
    assert main(["show", str(path), "--input", "5x4", "--input", "k=4x6"]) == 2
    assert "once for each input, as --input NAME=1x3x224x224" in capsys.readouterr().err
    assert main(["show", "lenet5", "--input", "x=1x32x32"]) == 2
    assert "--input NAME=SHAPE is for files" in capsys.readouterr().err


def test_the_command_names_a_file_that_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(tmp_path / "my.onnx")]) == 2
    assert "my.onnx: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize(("reduction", "known"), [("none", True), ("add", False)])
def test_a_scatter_that_adds_does_not_pass_for_one_that_writes(
    file: Make, reduction: str, known: bool
) -> None:
    path = file(
        [node("Cast", "x", "i", to=7), node("ScatterElements", "x,i,x", "y", axis=1, reduction=reduction)],
        input=(1, 4),
        opset=18,
    )
    tree = lc.from_onnx(path)
    assert lc.count(tree, lc.ADDITIONS, (4,)).at_least is not known
