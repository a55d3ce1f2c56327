"""ONNX files turned into our tree: operators, padding, shared weights, what is not known, broken files."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import onnx
import pytest
from onnx import TensorProto, helper

import layercost as lc
from layercost.command import main
from layercost.models import Applied, Graph, ModelError, Rearranged, Unknown

Make = Callable[..., Path]


@pytest.fixture
def file(tmp_path: Path) -> Make:
    """Write a file of these nodes; weights are given by their sizes alone and lie outside of the file."""

    def write(
        nodes: list[Any],
        weights: dict[str, tuple[int, ...]] | None = None,
        *,
        input: tuple[Any, ...] = ("N", 3, 8, 8),
        constants: dict[str, list[int] | list[float]] | None = None,
        kind: int = TensorProto.FLOAT,
    ) -> Path:
        arrays = [outside(name, sizes) for name, sizes in (weights or {}).items()]
        for name, values in (constants or {}).items():
            number = TensorProto.INT64 if all(isinstance(one, int) for one in values) else TensorProto.FLOAT
            arrays.append(helper.make_tensor(name, number, [len(values)], values))
        graph = helper.make_graph(
            nodes,
            "test",
            [helper.make_tensor_value_info("x", kind, input)],
            [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
            initializer=arrays,
        )
        path = tmp_path / "model.onnx"
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        path.write_bytes(model.SerializeToString())
        return path

    return write


def outside(name: str, sizes: tuple[int, ...]) -> Any:
    """A tensor whose data stands in another file, which does not exist."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=sizes)
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.append(onnx.StringStringEntryProto(key="location", value="nowhere.bin"))
    return tensor


def node(kind: str, inputs: str, output: str, **settings: Any) -> Any:
    names = [name.strip() for name in inputs.split(",")]
    return helper.make_node(kind, names, output.split(","), name=settings.pop("name", ""), **settings)


def layers_of(tree: lc.Layer, shape: tuple[int, ...]) -> list[lc.Layer]:
    return [call.layer for call in tree.calls(shape)]


IMAGE, WORDS = (3, 8, 8), (5, 4)
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
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_an_operator_becomes_the_layer_that_it_is(name: str, file: Make) -> None:
    """Nothing of the weights is read: their data does not exist."""
    made, weights, shape, expected = CASES[name]
    tree = lc.from_onnx(file([made], weights, input=("N", *shape)))
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


def test_without_onnx_the_message_says_how_to_get_it() -> None:
    program = (
        "import sys; sys.modules['onnx'] = None\n"
        "import layercost as lc\n"
        "try: lc.from_onnx('a.onnx')\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert 'install it with: python -m pip install "layercost[onnx]"' in done.stdout


# ---- the command ---------------------------------------------------------------------------------


def test_the_command_shows_a_file(file: Make, capsys: pytest.CaptureFixture[str]) -> None:
    path = file([node("Conv", "x,w", "y")], {"w": (6, 3, 3, 3)})
    assert main(["show", str(path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["macs"] == 6 * 36 * 27
    assert main(["show", str(path), "--input", "3x4x4"]) == 0
    assert "model" in capsys.readouterr().out


def test_the_command_names_a_file_that_it_cannot_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", str(tmp_path / "my.onnx")]) == 2
    assert "my.onnx: there is no such file" in capsys.readouterr().err
