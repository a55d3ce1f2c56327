"""Receptive fields, arithmetic intensity, memory in both kinds of unit, exponentials."""

from __future__ import annotations

import random
from itertools import pairwise

import numpy
import pytest

import layercost as lc
from layercost.convention import DTYPE_BITS, bytes_of
from layercost.facts import Held
from layercost.forward import draw_weights, run
from layercost.layers.graph import Graph, Node
from layercost.models.leaves import Applied, Stored, Unknown, Unused

# ---- receptive fields --------------------------------------------------------------------------


def seen_by_each(layers: list[lc.Layer], n: int) -> list[set[int]]:
    """Along one axis: the cells that each value of the output sees; values that see padding are left out."""
    seen: list[set[int] | None] = [{cell} for cell in range(n)]
    for layer in layers:
        (k, *_), (s, *_), (p, *_), (d, *_) = layer.window  # type: ignore[attr-defined]
        padded = [None] * int(p) + seen + [None] * int(p)
        rows = range(0, len(padded) - d * (k - 1), s)
        read = [[padded[start + step * d] for step in range(k)] for start in rows]
        seen = [None if None in row else set().union(*row) for row in read]  # type: ignore[arg-type]
    return [cells for cells in seen if cells is not None]


@pytest.mark.parametrize("seed", range(40))
def test_a_receptive_field_is_what_a_value_far_from_the_border_sees(seed: int) -> None:
    """Random chains of convolutions and poolings, cell by cell."""
    draw = random.Random(seed)  # noqa: S311 - any numbers will do
    layers: list[lc.Layer] = []
    for _ in range(draw.randint(1, 4)):
        k, s, d = draw.randint(1, 3), draw.randint(1, 2), draw.randint(1, 2)
        pool = draw.random() < 0.4
        layers.append(
            lc.MaxPool2d(k, s, dilation=d) if pool else lc.Conv2d(1, 1, k, s, draw.randint(0, 1), d)
        )
    seen = seen_by_each(layers, 200)
    field = lc.receptive_field(lc.Sequential(*layers), (1, 200, 200))
    assert {max(cells) - min(cells) + 1 for cells in seen} == {field.size[0]}
    assert field.stride is not None
    assert {min(b) - min(a) for a, b in pairwise(seen)} == {field.stride[0]}


@pytest.mark.parametrize(
    ("name", "until", "size", "stride"),
    [
        pytest.param("alexnet", "pool5", 195, 32, id="AlexNet"),
        pytest.param("vgg16", "pool5", 212, 32, id="VGG-16"),
        pytest.param("mobilenet_v1", "pointwise13", 315, 32, id="MobileNet v1"),
    ],
)
def test_published_receptive_fields(name: str, until: str, size: int, stride: int) -> None:
    """Araujo, Norris, Sim 2019."""
    children = dict(lc.network_named(name).children)
    names = [*children]
    features = lc.Sequential({child: children[child] for child in names[: names.index(until) + 1]})
    assert lc.receptive_field(features, lc.network_named(name).input_shape) == (
        (size, size),
        (stride, stride),
    )


def test_after_a_fully_connected_layer_everything_is_seen() -> None:
    net = lc.networks.lenet5()
    assert lc.receptive_field(net, net.input_shape) == ((32, 32), None)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (lc.AdaptiveAvgPool2d(5), r"AdaptiveAvgPool2d\(5\) spreads 5 windows of different sizes over 8"),
        (lc.ConvTranspose2d(3, 3, 2, 2), r"values behind ConvTranspose2d\(3, 3, .* see different numbers"),
        (lc.Sequential({"up": lc.ConvTranspose2d(3, 3, 2, 2)}), "^up: the values behind"),
        (lc.Linear(8, 4), r"values behind Linear\(8, 4\) see different numbers .* or how many is not known"),
    ],
)  # fmt: skip
def test_where_values_see_differently_there_is_no_one_field(layer: lc.Layer, message: str) -> None:
    with pytest.raises(lc.ShapeError, match=message):
        lc.receptive_field(layer, (3, 8, 8))


def test_even_shares_are_windows() -> None:
    assert lc.receptive_field(lc.AdaptiveAvgPool2d(4), (3, 8, 8)) == ((2, 2), (2, 2))
    assert lc.receptive_field(lc.AdaptiveAvgPool2d(1), (3, 8, 8)) == ((8, 8), None)


@pytest.mark.parametrize(
    ("name", "upto", "size", "stride"),
    [
        pytest.param("vgg16", "pool5", 212, 32, id="VGG-16: Araujo, Norris, Sim 2019"),
        pytest.param("alexnet", "conv2", 51, 8, id="AlexNet"),
        pytest.param("lenet5", "conv1", 5, 1, id="a first layer sees its kernel"),
        pytest.param("lenet5", "relu1", 5, 1, id="an activation sees what its input sees"),
        pytest.param("resnet18", "layer1.0", 7 + 2 * 2 + 2 * 8, 4, id="a block"),
        pytest.param("resnet18", "layer1.0.block.add", 7 + 2 * 2 + 2 * 8, 4, id="its sum"),
    ],
)
def test_a_receptive_field_up_to_a_layer(name: str, upto: str, size: int, stride: int) -> None:
    net = lc.network_named(name)
    found = lc.receptive_field(net, net.input_shape, upto=upto)
    assert found == ((size, size), (stride, stride))


def test_what_comes_after_the_layer_that_is_asked_for_may_be_anything() -> None:
    net = lc.Sequential({"conv": lc.Conv2d(3, 4, 3), "up": lc.ConvTranspose2d(4, 3, 2, 2)})
    assert lc.receptive_field(net, (3, 8, 8), upto="conv") == ((3, 3), (1, 1))


def test_a_receptive_field_up_to_a_layer_that_is_not_there_names_the_nearest() -> None:
    net = lc.networks.lenet5()
    with pytest.raises(
        lc.UnknownNameError, match="no layer of the network is called 'conv3'; did you mean 'conv"
    ):
        lc.receptive_field(net, net.input_shape, upto="conv3")


def test_an_auxiliary_head_has_a_receptive_field_too() -> None:
    net = lc.network_named("googlenet", "paper-aux")
    assert lc.receptive_field(net, net.input_shape, upto="aux1.pool").stride == (16 * 3, 16 * 3)


def test_a_graph_is_seen_through() -> None:
    """A sum of two paths sees what the wider path sees; a value that is no input sees nothing."""
    nodes = (
        Node("wide", lc.Conv2d(3, 3, 5, padding=2), ("",)),
        Node("narrow", lc.Conv2d(3, 3, 3, padding=1), ("",)),
        Node("constant", Stored("position", (3, 8, 8)), (), once=True),
        Node("sum", lc.Add(3), ("wide", "narrow", "constant")),
    )
    graph = Graph(nodes, "sum")
    assert lc.receptive_field(graph, (3, 8, 8)) == ((5, 5), (1, 1))
    assert lc.receptive_field(graph, (3, 8, 8), upto="narrow") == ((3, 3), (1, 1))


def test_models_that_were_read_are_seen_through() -> None:
    """Weights from elsewhere, values that are only held, and a graph without a name of its own."""
    conv = Applied(lc.Conv2d(3, 3, 5, padding=2), (Held("shared", 225),))
    inner = Graph((Node("conv", conv, ("",)), Node("sum", lc.Add(), ("conv", ""))), "sum")
    net = lc.Sequential({"stem": lc.Sequential({"unused": Unused((Held("mask", 3),)), "inner": inner})})
    assert lc.receptive_field(net, (3, 8, 8), upto="stem.unused") == ((1, 1), (1, 1))
    assert lc.receptive_field(net, (3, 8, 8), upto="stem.inner.conv") == ((5, 5), (1, 1))
    assert lc.receptive_field(net, (3, 8, 8)) == ((5, 5), (1, 1))
    unknown = lc.Sequential({"conv": conv, "what": Unknown("hardswish", ((3, 8, 8),), (3, 8, 8))})
    with pytest.raises(lc.ShapeError, match=r"^what: the values behind Unknown\('hardswish'\) see different"):
        lc.receptive_field(unknown, (3, 8, 8))
    assert lc.receptive_field(unknown, (3, 8, 8), upto="conv") == ((5, 5), (1, 1))


def test_a_layer_in_two_places_is_seen_in_each() -> None:
    """A ReLU that is called twice, as in a residual block, reads other values each time."""
    relu, conv = lc.ReLU(), lc.Conv2d(3, 3, 3)
    net = lc.Sequential({"a": conv, "b": relu, "c": conv, "d": relu})
    seen = [lc.receptive_field(net, (3, 8, 8), upto=path).size for path in "abcd"]
    assert seen == [(3, 3), (3, 3), (5, 5), (5, 5)]


def test_steps_see_their_own_features() -> None:
    """A Linear layer on steps of features looks at one step, and so does the sum of its features."""
    net = lc.Sequential(lc.Linear(16, 4), lc.LayerNorm(4), lc.Softmax())
    assert lc.receptive_field(net, (10, 16)) == ((1,), (1,))
    assert lc.receptive_field(lc.Sequential(net, lc.Flatten(), lc.Linear(40, 2)), (10, 16)) == ((10,), None)
    with pytest.raises(lc.ShapeError, match=r"values behind LSTM\(16, 4"):
        lc.receptive_field(lc.LSTM(16, 4), (10, 16))


def touched(layer: lc.Layer, shape: tuple[int, ...], cell: tuple[int, int]) -> set[tuple[int, int]]:
    """The places of the output that change when one cell of the input does, in all channels; by numpy."""
    weights = draw_weights(layer)
    before = numpy.random.default_rng(1).normal(size=(1, *shape))
    after = before.copy()
    after[(0, slice(None), *cell)] += 1.5
    first, second = (run(layer, values, weights) for values in (before, after))
    places = numpy.argwhere(numpy.any(first[0] != second[0], axis=0))
    return {(int(row), int(column)) for row, column in places}


@pytest.mark.parametrize(
    "layer",
    [
        lc.BatchNorm2d(4), lc.InstanceNorm2d(4), lc.GroupNorm(2, 4), lc.ReLU(), lc.Mish(), lc.Hardswish(),
        lc.LocalResponseNorm(3), lc.PReLU(4), lc.LeakyReLU(), lc.GELU(), lc.ZeroPad2d((2, 0, 1, 0)),
        lc.Softmax(-3), lc.GLU(-3), lc.LayerNorm((4, 8, 8)), lc.RMSNorm((4, 8, 8)),
        lc.Conv2d(4, 2, 3, padding=2), lc.AdaptiveMaxPool2d(4), lc.MaxPool2d(3, 1, 1),
        lc.AvgPool2d(2), lc.Identity(),
        lc.Parallel(lc.Conv2d(4, 4, 3, padding=1), lc.Identity(), join="multiply"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_receptive_field_is_what_numpy_changes(layer: lc.Layer) -> None:
    """One cell is seen by as many values as one value sees cells, or by all of them."""
    shape = (4, 8, 8)
    field, seen = lc.receptive_field(layer, shape), touched(layer, shape, (4, 4))
    if field.stride is None:
        height, width = layer.output_shape(shape)[1:]
        assert len(seen) == height * width
    else:
        sides = [max(axis) - min(axis) + 1 for axis in zip(*seen, strict=True)]
        assert [-(-size // step) for size, step in zip(*field, strict=True)] == sides


@pytest.mark.parametrize(
    "layer",
    [lc.Softmax(-1), lc.GLU(-1), lc.Reduce("sum", -1)],
)
def test_where_it_is_not_known_what_a_value_sees_nobody_says_so(layer: lc.Layer) -> None:
    with pytest.raises(lc.ShapeError, match="or how many is not known"):
        lc.receptive_field(layer, (4, 8, 8))


# ---- arithmetic intensity ----------------------------------------------------------------------


def test_intensity_is_operations_over_the_bytes_that_move() -> None:
    """300 to 100: 60,000 FLOPs; 30,100 parameters, 300 inputs and 100 outputs of 4 bytes each."""
    one = lc.arithmetic_intensity(lc.Linear(300, 100), (300,))
    assert (one.flops, one.bytes_held, one.bytes_read, one.bytes_written) == (60000, 120400, 1200, 400)
    assert one.flops_per_byte == 60000 / (120400 + 1200 + 400)


def test_a_batch_reads_the_weights_once() -> None:
    """Which is why batches help a fully connected layer."""
    one, many = (lc.arithmetic_intensity(lc.Linear(300, 100), (300,), batch=batch) for batch in (1, 64))
    assert many.bytes_held == one.bytes_held
    assert many.bytes_read == 64 * one.bytes_read
    assert many.flops_per_byte > 30 * one.flops_per_byte


def test_halves_of_the_bytes_double_the_intensity() -> None:
    net = lc.networks.lenet5()
    full, half = (lc.arithmetic_intensity(net, net.input_shape, dtype=d) for d in ("float32", "float16"))
    assert half.flops_per_byte == 2 * full.flops_per_byte


def test_a_sum_reads_each_branch_and_a_view_nothing() -> None:
    twice = lc.Parallel(lc.ReLU(), lc.ReLU(), join="add")
    assert lc.arithmetic_intensity(twice, (8,)).bytes_read == 4 * (8 + 8 + 2 * 8)
    assert lc.arithmetic_intensity(lc.Flatten(), (2, 2, 2)).bytes == 0
    assert lc.arithmetic_intensity(lc.Flatten(), (2, 2, 2)).flops_per_byte == 0


# ---- memory ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "decimal", "binary"),
    [
        pytest.param(61_706, "246.824 kB", "241.0391 KiB", id="LeNet-5, document 004: 241.039 KB"),
        pytest.param(62_378_344, "249.5134 MB", "237.9545 MiB", id="AlexNet, document 004: 237.9545 MB"),
        pytest.param(138_357_544, "553.4302 MB", "527.7921 MiB", id="VGG-16, document 004: 527.7921 MB"),
        pytest.param(0, "0 bytes", "0 bytes", id="nothing"),
    ],
)
def test_memory_is_written_in_thousands_and_in_1024s(parameters: int, decimal: str, binary: str) -> None:
    memory = lc.memory(bytes_of(parameters))
    assert (memory.bytes, memory.decimal, memory.binary) == (4 * parameters, decimal, binary)


def test_memory_in_every_number_format() -> None:
    sizes = {dtype: bytes_of(1001, dtype) for dtype in DTYPE_BITS}
    assert sizes == {
        "float64": 8008, "float32": 4004, "float16": 2002, "bfloat16": 2002, "int8": 1001, "int4": 501,
    }  # fmt: skip


def test_memory_refuses_what_is_no_size() -> None:
    with pytest.raises(lc.ShapeError, match="memory: size must be a whole number of at least 0, but got -1"):
        lc.memory(-1)


@pytest.mark.parametrize("step", [1000, 1024])
@pytest.mark.parametrize("power", range(1, 6))
def test_a_unit_begins_where_it_is_full(power: int, step: int) -> None:
    units = (("kB", "MB", "GB", "TB", "PB"), ("KiB", "MiB", "GiB", "TiB", "PiB"))[step == 1024]
    memory = lc.memory(step**power)
    assert (memory.binary if step == 1024 else memory.decimal) == f"1 {units[power - 1]}"


# ---- exponentials ------------------------------------------------------------------------------


def test_exponentials_are_counted_apart() -> None:
    """A softmax takes one a value; a sigmoid is not taken apart, and is listed."""
    net = lc.Sequential(lc.Sigmoid(), lc.Softmax())
    counted = lc.count(net, lc.EXPONENTIALS, (10,))
    assert (counted.total, counted.unit, counted.complete) == (10, "exponentials", False)
    assert [(missing.layer, str(missing.operations)) for missing in counted.not_counted] == [
        ("Sigmoid", "10 × sigmoid (activation)")
    ]


# ---- what is priced, and what is listed --------------------------------------------------------


def test_what_no_rule_prices_is_listed() -> None:
    """Document 001 has no price for a GELU: it is listed, and its approximation by a tanh is counted."""
    exact = lc.count(lc.GELU(), lc.FLOPS, (10,), "everything")
    assert (exact.total, exact.complete) == (0, False)
    assert str(exact.not_counted[0].operations) == "10 × GELU (activation)"
    close = lc.count(lc.GELU("tanh"), lc.FLOPS, (10,), "everything")
    assert (close.total, close.complete) == (10 * (6 + 2 + 8), True)


@pytest.mark.parametrize(
    ("layer", "shape", "each"),
    [
        pytest.param(lc.ReLU6(), (4, 2, 2), 1 + 1, id="ReLU6: a ReLU and a comparison"),
        pytest.param(lc.LeakyReLU(0.1), (4, 2, 2), 1 + 1, id="LeakyReLU: times the slope, and a comparison"),
        pytest.param(lc.PReLU(4), (4, 2, 2), 1 + 1, id="PReLU: the same"),
        pytest.param(lc.SiLU(), (4, 2, 2), 4 + 1, id="SiLU: a sigmoid and a multiplication"),
        pytest.param(lc.BatchNorm2d(4), (4, 2, 2), 4, id="BatchNorm2d"),
        pytest.param(lc.BatchNorm2d(4, affine=False), (4, 2, 2), 2, id="BatchNorm2d without weights"),
        pytest.param(lc.Dropout(), (4, 2, 2), 0, id="Dropout"),
        pytest.param(lc.Identity(), (4, 2, 2), 0, id="Identity"),
        pytest.param(
            lc.LocalResponseNorm(1), (4, 2, 2), 1 + 0 + 4, id="LocalResponseNorm of one channel: no sum"
        ),
    ],
)
def test_an_element_costs_what_everything_says(layer: lc.Layer, shape: tuple[int, ...], each: int) -> None:
    assert lc.count(layer, lc.FLOPS, shape, "everything").total == each * 4 * 2 * 2


@pytest.mark.parametrize(
    ("slopes", "kept"), [(1, "one for all"), (64, "one a channel"), (200_704, "one a value, as Keras")]
)
def test_a_prelu_keeps_as_many_slopes_as_it_is_given(slopes: int, kept: str) -> None:
    """56 x 56 x 64 values: Keras's default is 200,704 parameters."""
    assert lc.count(lc.PReLU(slopes), lc.PARAMETERS, (64, 56, 56)).total == slopes, kept


def test_a_transposed_convolution_meets_each_weight_at_each_input() -> None:
    """64 to 32 channels, kernel 4, stride 2, padding 1 on 16 x 16: half of what PyTorch counts as FLOPs."""
    up = lc.ConvTranspose2d(64, 32, 4, stride=2, padding=1)
    assert up.output_shape((64, 16, 16)) == (32, 32, 32)
    macs = lc.count(up, lc.MACS, (64, 16, 16))
    assert macs.total == 64 * 16 * 16 * 32 * 4 * 4 == 8_388_608
    assert macs.taught is not None
    assert macs.taught.value == macs.total
    canvas = (2 * 15 + 4) ** 2 * 32  # cells on which products fall, before the border is cropped
    bias = 32 * 32 * 32
    assert lc.count(up, lc.ADDITIONS, (64, 16, 16)).total == macs.total - canvas + bias
