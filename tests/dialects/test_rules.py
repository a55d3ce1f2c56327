"""Rules of tools, on layers that are not among the measured ones: the arithmetic stands beside the number."""

from __future__ import annotations

import subprocess
import sys

import pytest

import layercost as lc
from layercost import LayerError, ShapeError, UnknownNameError
from layercost.dialects import DIALECTS, Spelling, dialect_named, printed, read

CASES = [
    # batch
    pytest.param("ptflops(pytorch)", "ReLU()", (64, 8, 8), {"batch": 4}, 4096 + 4 * 4096,
                 id="ptflops averages hooks over the batch and not functions"),
    pytest.param("ptflops(pytorch)", "MaxPool2d(2)", (4, 8, 8), {"batch": 2}, 256 + 512,
                 id="ptflops counts a pool twice, once a sample and once a batch"),
    pytest.param("ptflops(aten)", "Conv2d(3, 4, 3)", (3, 8, 8), {"batch": 2}, 2 * (27 * 144 + 144),
                 id="ptflops's aten backend does not average"),
    pytest.param("torchmeter", "Linear(30, 10)", (30,), {"batch": 8}, 10 * (2 * 30 - 1 + 1),
                 id="torchmeter counts one sample of a Linear"),
    pytest.param("torchinfo", "Linear(30, 10)", (5, 30), {"batch": 2}, 2 * 310,
                 id="torchinfo counts a Linear once a sample, whatever the positions"),
    # layout
    pytest.param("ptflops(pytorch)", "LSTM(8, 4, batch_first=True)", (5, 8), {}, 5 * (16 * 12 + 10 * 4 + 32),
                 id="ptflops divides by the batch where it comes first"),
    pytest.param("ptflops(pytorch)", "LSTM(8, 4)", (5, 8), {}, 16 * 12 + 10 * 4 + 32,
                 id="ptflops divides by the steps where they come first"),
    # spelling
    pytest.param("calflops", "Parallel(Identity(), Identity(), join='add')", (4, 2, 2),
                 {"spelling": {"Add": "function"}}, 16, id="calflops counts torch.add"),
    pytest.param("calflops", "Parallel(Identity(), Identity(), join='add')", (4, 2, 2),
                 {"spelling": {"Add": "operator"}}, 0, id="calflops does not count an operator"),
    pytest.param("thop", "Linear(30, 10)", (30,), {"spelling": "function"}, 0, id="thop sees modules only"),
    pytest.param("ultralytics-thop", "Linear(30, 10)", (30,), {"spelling": "function"}, 300,
                 id="ultralytics-thop sees F.linear"),
    pytest.param("ptflops(pytorch)", "SiLU()", (4, 2, 2), {}, 16,
                 id="ptflops replaces F.silu and hooks no SiLU"),
    pytest.param("deepspeed", "ReLU6()", (4, 2, 2), {}, 0,
                 id="a module ReLU6 calls hardtanh, which is not counted"),
    pytest.param("deepspeed", "ReLU6()", (4, 2, 2), {"spelling": "function"}, 16, id="F.relu6 is counted"),
    pytest.param("ptflops(aten)", "GRU(8, 4, batch_first=True)", (5, 8), {"batch": 2},
                 2 * 5 * (12 * 12 + 12), id="a product with a strided input adds its bias apart"),
    pytest.param("onnx-tool", "Sequential(Linear(6, 4), BatchNorm1d(4))", (6,), {}, 24 + 4 + 31 * 4,
                 id="an exporter folds into convolutions alone"),
    pytest.param("calflops", "Conv2d(4, 6, 4, padding='same')", (4, 9, 9), {}, 6 * 64 * (2 * 64 + 1),
                 id="calflops takes an even kernel's output for one cell less"),
    # bare or inside
    pytest.param("torch-flops", "Conv2d(3, 4, 3)", (3, 8, 8), {}, 144 * (2 * 27 - 1),
                 id="torch-flops overlooks the bias of a bare convolution"),
    pytest.param("torch-flops", "Conv2d(3, 4, 3)", (3, 8, 8), {"bare": False}, 144 * 2 * 27,
                 id="torch-flops sees the bias of a module's convolution"),
    pytest.param("torch-flops", "GroupNorm(2, 4)", (4, 2, 2), {"bare": False}, 4 * 16,
                 id="torch-flops counts a GroupNorm inside a module"),
    pytest.param("torch-flops", "MaxPool2d((3, 2))", (4, 9, 8), {}, (6 - 1) * 4 * 3 * 4,
                 id="torch-flops multiplies the sides of a kernel that is a pair"),
    # quirks
    pytest.param("thop", "ConvTranspose2d(4, 6, 2, stride=2)", (4, 5, 5), {}, 6 * 100 * 4 * 4,
                 id="thop takes a transposed convolution by its output"),
    pytest.param("ultralytics-thop", "ConvTranspose2d(4, 6, 2, stride=2)", (4, 5, 5), {}, 4 * 25 * 6 * 4,
                 id="ultralytics-thop takes it by its input"),
    pytest.param("torchprofile", "ConvTranspose2d(4, 6, 2, stride=2)", (4, 5, 5), {}, 6 * 100 * 4 * 4,
                 id="torchprofile takes it by its output"),
    pytest.param("thop", "AdaptiveAvgPool2d(5)", (2, 7, 7), {}, int((49 / 25 + 1) * 50),
                 id="thop cuts the float ratio of an adaptive pooling"),
    pytest.param("ultralytics-thop", "AdaptiveAvgPool2d(5)", (2, 7, 7), {}, 2 * 11 * 11 + 50,
                 id="ultralytics-thop adds every cell of every window: 2+3+2+2+2 a side"),
    pytest.param("ultralytics-thop", "AvgPool2d(3, stride=2, padding=1, count_include_pad=False)", (1, 4, 4),
                 {}, (2 + 3) ** 2 + 4, id="ultralytics-thop leaves out cells that are not divided by"),
    pytest.param("fvcore", "Conv2d(4, 4, 3, padding='same')", (4, 8, 8), {}, 0,
                 id="fvcore traces padding='same' under a name that it has no rule for"),
    pytest.param("fvcore", "BatchNorm2d(4)", (4, 2, 2), {"training": True, "batch": 2}, 5 * 32,
                 id="fvcore counts 5 a value of a BatchNorm in training"),
    pytest.param("thop", "BatchNorm2d(4)", (4, 2, 2), {"training": True, "batch": 2}, 4 * 32,
                 id="thop switches to inference first"),
    pytest.param("torchmeter", "Conv2d(4, 8, 3, groups=4)", (4, 6, 6), {}, 8 * 16 * 2 * 36,
                 id="torchmeter overlooks groups"),
    pytest.param("torch.FlopCounterMode", "LSTM(8, 4, proj_size=2)", (5, 8), {}, 2 * 5 * (16 * 10 + 8),
                 id="a projecting LSTM is not one fused operator"),
    pytest.param("torchprofile", "LSTM(8, 4, proj_size=2)", (5, 8), {}, 5 * 4 * 2 * 10,
                 id="torchprofile takes the projection for the hidden size"),
    pytest.param("onnx-tool", "LSTM(8, 4, bidirectional=True)", (3, 8), {},
                 3 * (2 * (16 * 12 + 32) + 4 * (4 + 96 + 76 + 4)),
                 id="onnx-tool counts the element-wise part of one direction"),
    pytest.param("onnx-tool", "Sequential(Conv2d(3, 4, 3, bias=False), BatchNorm2d(4))", (3, 8, 8), {},
                 144 * 27 + 144, id="onnx-tool folds a BatchNorm into the bias of the convolution"),
    pytest.param("onnx-tool(unfused)", "Sequential(Conv2d(3, 4, 3, bias=False), BatchNorm2d(4))", (3, 8, 8),
                 {}, 144 * 27 + 31 * 144, id="and 31 a value where the export keeps it"),
    pytest.param("tf.profiler", "Conv2d(4, 8, 3, groups=2)", (4, 6, 6), {}, 8 * 16,
                 id="TensorFlow does not count a grouped convolution on the CPU"),
    pytest.param("keras", "LSTM(8, 4)", (5, 8), {}, 16 * 12 + 16, id="Keras has one bias vector"),
    pytest.param("keras", "BatchNorm2d(4)", (4, 2, 2), {}, 16,
                 id="Keras counts moving averages as parameters"),
    pytest.param("deepspeed", "Linear(30, 10)", (30,), {}, 600, id="deepspeed never adds a Linear's bias"),
]  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "shape", "context", "number"), CASES)
def test_the_rule_gives_the_number_beside_it(
    dialect: str, text: str, shape: tuple[int, ...], context: dict[str, object], number: int
) -> None:
    """Each rule, on a layer small enough to count by hand."""
    assert read(lc.layer_from_text(text), shape, dialect, **context).main == number  # type: ignore[arg-type]


@pytest.mark.parametrize("name", sorted(lc.networks.NETWORKS))
@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_every_dialect_reads_every_network(dialect: str, name: str) -> None:
    """No network stops a dialect but by its tool's own error; the number is made of the parts named."""
    net = lc.network_named(name)
    reading = read(net, dialect=dialect)
    if any(isinstance(leaf, lc.LocalResponseNorm) for _, leaf in net.leaves()) and "onnx" in dialect:
        assert "LocalResponseNorm" in str(reading.failure)
        return
    assert reading.failure is None
    assert reading.main is not None
    assert reading.main > 0
    if reading.per_mac:
        parts = sum(part.extra for part in reading.parts)
        assert reading.per_mac * reading.macs + parts + reading.remainder == reading.main
        assert reading.remainder == 0  # nobody divides a batch of one


def test_a_shared_layer_is_called_twice_and_held_once() -> None:
    """One Linear in two places: its products twice, its parameters once."""
    linear = lc.Linear(10, 10)
    native = read(lc.Sequential(linear, linear), (10,), "thop").native
    assert native == {"macs (return value 1)": 200, "params (return value 2)": 110}


def test_a_bare_layer_has_no_parameters_for_thop_if_it_is_handed_over_so() -> None:
    """thop was measured with a module around each layer; without one it returns parameters 0."""
    inside = read(lc.Linear(3, 2), (3,), "thop")
    assert inside.native["params (return value 2)"] == 8


def test_a_head_that_runs_in_training_only_is_read_so() -> None:
    """fvcore keeps the model's mode: in training GoogLeNet's auxiliary heads are counted."""
    net = lc.networks.googlenet("torchvision-aux")
    resting, running = (read(net, dialect="fvcore", training=mode, batch=2).macs for mode in (False, True))
    assert running > resting


def test_a_tool_that_stops_says_so_and_prints_nothing() -> None:
    """An RNN stops onnx-tool: the reading has no number, and its text says why."""
    reading = read(lc.RNN(8, 4), (5, 8), "onnx-tool")
    assert reading.main is None
    assert reading.native == {}
    assert "onnx-tool stops at a plain RNN" in reading.text()


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        pytest.param(lc.MaxPool2d(3, 2, 1), (2, 8, 8), id="pooling"),
        pytest.param(lc.Linear(30, 10), (30,), id="fully connected"),
        pytest.param(lc.RNN(8, 4), (5, 8), id="one at which a tool stops"),
    ],
)
@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_the_number_alone_is_that_of_the_whole_reading(
    dialect: str, layer: lc.Layer, shape: tuple[int, ...]
) -> None:
    """Where only the number is shown, nothing else is worked out, and it is the same."""
    assert printed(layer, shape, dialect_named(dialect)) == read(layer, shape, dialect).main


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_each_dialect_says_in_one_sentence_what_its_number_is(dialect: str) -> None:
    """A sentence without a full stop, a version, a source file."""
    known = DIALECTS[dialect]
    said = str(known.says)
    assert 20 < len(said) < 260
    assert not said.endswith(".")
    assert any(letter.isdigit() for letter in known.version)
    assert known.source


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("FVCORE", "fvcore"),
        ("flopcounter", "torch.FlopCounterMode"),
        ("ptflops", "ptflops(aten)"),
        ("ptflops-pytorch", "ptflops(pytorch)"),
        ("tensorflow", "tf.profiler"),
    ],
)
def test_a_friendly_name_finds_its_dialect(alias: str, name: str) -> None:
    """Names are found by alias and in any case."""
    assert dialect_named(alias).name == name


def test_names_that_nobody_has_are_refused_with_the_nearest() -> None:
    """A dialect and a spelling that do not exist name the nearest that do."""
    with pytest.raises(UnknownNameError, match="no dialect is called 'thob'; did you mean 'thop'"):
        dialect_named("thob")
    with pytest.raises(UnknownNameError, match="no spelling is called 'functional'; did you mean 'function'"):
        read(lc.ReLU(), (3,), "thop", spelling="functional")
    with pytest.raises(ShapeError, match="a reading needs the input's shape"):
        read(lc.ReLU(), None, "thop")
    with pytest.raises(LayerError):
        lc.layer_from_text("Linear(3)")


def test_what_is_not_counted_is_named() -> None:
    """A tool's silent zeros are listed by type."""
    assert read(lc.networks.resnet50(), dialect="torchinfo").not_counted == (
        "ReLU", "MaxPool2d", "Add", "AdaptiveAvgPool2d",
    )  # fmt: skip


def test_spellings_are_known_by_their_words() -> None:
    """A spelling may be given as the enum too."""
    words = read(lc.ReLU(), (3,), "torchscan", spelling="function")
    assert words == read(lc.ReLU(), (3,), "torchscan", spelling={"ReLU": Spelling.FUNCTION})


def test_a_table_by_a_tool_adds_up_to_what_it_prints() -> None:
    """`lc.table(..., convention="fvcore")` prices each call, and has the reading."""
    table = lc.table(lc.networks.resnet50(), convention="fvcore")
    assert table.reading is not None
    assert table.reading["total"] == table.total.flops == sum(row.flops for row in table.rows) == 4111512576
    assert not table.complete
    assert "ReLU" in str(table.remark)
    assert lc.table(lc.networks.resnet50()).reading is None


def test_dialects_are_there_when_they_are_first_asked_for() -> None:
    """`lc.dialects` works without an import of its own, and `import layercost` does not load it."""
    code = "import sys, layercost as lc; assert 'layercost.dialects' not in sys.modules; lc.dialects.read"
    subprocess.run([sys.executable, "-c", code], check=True)
