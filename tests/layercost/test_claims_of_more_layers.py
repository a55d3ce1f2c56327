"""Numbers that others published or that a definition fixes, for the layers beyond the course's documents."""

from __future__ import annotations

from typing import Any

import pytest

import layercost as lc
from layercost.facts import Kind


def counted(layer: lc.Layer, shape: tuple[int, ...], **setting: Any) -> dict[Kind, int]:
    """How often each kind of operation is performed."""
    found: dict[Kind, int] = {}
    for operation in layer.facts(shape, **setting).operations:
        found[operation.kind] = found.get(operation.kind, 0) + int(operation.amount)
    return found


# ---- networks whose totals are published -------------------------------------------------------


def block(inputs: int, *outputs: int) -> list[lc.Layer]:
    layers: list[lc.Layer] = []
    for channels in outputs:
        layers += [lc.Conv3d(inputs, channels, 3), lc.BatchNorm3d(channels, affine=False), lc.ReLU()]
        inputs = channels
    return layers


def test_the_3d_u_net_has_the_parameters_of_its_paper() -> None:
    """Çiçek et al. 2016, section 2: "The architecture has 19069955 parameters in total".

    It is met where the normalizations hold no weights (as Caffe's) and the up-convolutions no biases: with
    them the same layers hold 5,568 more. MaxPool3d and the cropping of what is concatenated hold nothing.
    """
    down = [block(3, 32, 64), block(64, 64, 128), block(128, 128, 256), block(256, 256, 512)]
    up = [
        [lc.ConvTranspose3d(512, 512, 2, 2, bias=False), *block(256 + 512, 256, 256)],
        [lc.ConvTranspose3d(256, 256, 2, 2, bias=False), *block(128 + 256, 128, 128)],
        [lc.ConvTranspose3d(128, 128, 2, 2, bias=False), *block(64 + 128, 64, 64)],
    ]
    layers = [layer for part in (*down, *up) for layer in part] + [lc.Conv3d(64, 3, 1)]
    total = sum(lc.count(layer, lc.PARAMETERS).total for layer in layers)
    assert total == 19_069_955


def test_the_first_half_of_the_3d_u_net_shrinks_a_tile() -> None:
    """Çiçek et al. 2016, section 2: a tile of 132 x 132 x 116 voxels with three channels."""
    path = block(3, 32, 64)
    for inputs, *outputs in ((64, 64, 128), (128, 128, 256), (256, 256, 512)):
        path += [lc.MaxPool3d(2), *block(inputs, *outputs)]
    # 116 - 4 = 112, 56 - 4 = 52, 26 - 4 = 22, 11 - 4 = 7; and so on
    assert lc.Sequential(*path).output_shape((3, 116, 132, 132)) == (512, 7, 9, 9)


def test_m5_hears_a_word_as_the_tutorial_prints_it() -> None:
    """PyTorch's tutorial Speech command classification: 26,915 parameters; 8,000 samples leave one step.

    Dai et al. 2016 (Very deep convolutional neural networks for raw waveforms), table 1.
    """
    net = lc.Sequential(
        lc.Conv1d(1, 32, 80, stride=16), lc.BatchNorm1d(32), lc.ReLU(), lc.MaxPool1d(4),
        lc.Conv1d(32, 32, 3), lc.BatchNorm1d(32), lc.ReLU(), lc.MaxPool1d(4),
        lc.Conv1d(32, 64, 3), lc.BatchNorm1d(64), lc.ReLU(), lc.MaxPool1d(4),
        lc.Conv1d(64, 64, 3), lc.BatchNorm1d(64), lc.ReLU(), lc.MaxPool1d(4),
        lc.AvgPool1d(1), lc.Flatten(), lc.Linear(64, 35), lc.LogSoftmax(),
    )  # fmt: skip
    assert lc.count(net, lc.PARAMETERS).total == 26_915
    assert net.output_shape((1, 8000)) == (35,)


def test_the_generator_of_dcgan_has_the_parameters_that_are_printed_of_it() -> None:
    """Radford, Metz, Chintala 2015, figure 1, as in PyTorch's DCGAN tutorial: 3,576,704."""
    layers: list[lc.Layer] = []
    for inputs, outputs in ((100, 512), (512, 256), (256, 128), (128, 64)):
        stride, padding = (1, 0) if inputs == 100 else (2, 1)
        layers += [
            lc.ConvTranspose2d(inputs, outputs, 4, stride, padding, bias=False),
            lc.BatchNorm2d(outputs),
            lc.ReLU(),
        ]
    net = lc.Sequential(*layers, lc.ConvTranspose2d(64, 3, 4, 2, 1, bias=False), lc.Tanh())
    assert lc.count(net, lc.PARAMETERS).total == 3_576_704
    assert net.output_shape((100, 1, 1)) == (3, 64, 64)


def test_fast_neural_style_has_the_parameters_of_its_example() -> None:
    """PyTorch's example fast_neural_style, TransformerNet: 1,679,235.

    Convolutions behind reflected borders (which hold nothing), instance normalization with weights,
    nearest upsampling. Johnson, Alahi, Li 2016; Ulyanov et al. 2016 for the normalization.
    """

    def conv(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[lc.Layer]:
        return [lc.Conv2d(inputs, outputs, kernel, stride, padding=kernel // 2)]

    def norm(inputs: int, outputs: int, kernel: int, stride: int = 1) -> list[lc.Layer]:
        return [*conv(inputs, outputs, kernel, stride), lc.InstanceNorm2d(outputs, affine=True)]

    def residual() -> lc.Layer:
        main = lc.Sequential(*norm(128, 128, 3), lc.ReLU(), *norm(128, 128, 3))
        return lc.Parallel({"main": main, "shortcut": lc.Identity()}, join="add")

    net = lc.Sequential(
        *norm(3, 32, 9), lc.ReLU(), *norm(32, 64, 3, 2), lc.ReLU(), *norm(64, 128, 3, 2), lc.ReLU(),
        *(residual() for _ in range(5)),
        lc.Upsample(scale_factor=2), *norm(128, 64, 3), lc.ReLU(),
        lc.Upsample(scale_factor=2), *norm(64, 32, 3), lc.ReLU(), *conv(32, 3, 9),
    )  # fmt: skip
    assert lc.count(net, lc.PARAMETERS).total == 1_679_235
    assert net.output_shape((3, 256, 256)) == (3, 256, 256)


def test_llama_7b_has_the_parameters_that_are_published_with_its_weights() -> None:
    """Touvron et al. 2023: 6,738,415,616 values, 65 RMSNorms of 4,096 among them."""
    width, inner, tokens = 4096, 11008, 32000

    def held(layer: lc.Layer) -> int:
        return lc.count(layer, lc.PARAMETERS).total

    norm = held(lc.RMSNorm(width))
    attention = 4 * held(lc.Linear(width, width, bias=False))
    gated = 2 * held(lc.Linear(width, inner, bias=False)) + held(lc.Linear(inner, width, bias=False))
    ends = held(lc.Embedding(tokens, width)) + held(lc.Linear(width, tokens, bias=False))
    assert ends + 32 * (attention + gated + 2 * norm) + norm == 6_738_415_616


def test_espcn_makes_an_image_three_times_as_large() -> None:
    """Shi et al. 2016, section 3: kernels 5, 3, 3 with 64 and 32 maps, then r r channels become cells."""
    net = lc.Sequential(
        lc.Conv2d(1, 64, 5, padding=2), lc.Tanh(), lc.Conv2d(64, 32, 3, padding=1), lc.Tanh(),
        lc.Conv2d(32, 1 * 3 * 3, 3, padding=1), lc.PixelShuffle(3),
    )  # fmt: skip
    assert net.output_shape((1, 17, 17)) == (1, 51, 51)
    assert lc.Sequential(net, lc.PixelUnshuffle(3)).output_shape((1, 17, 17)) == (9, 17, 17)
    assert lc.count(net, lc.PARAMETERS).total == (25 + 1) * 64 + (9 * 64 + 1) * 32 + (9 * 32 + 1) * 9


# ---- operations by their definition --------------------------------------------------------------

PER_ELEMENT = {
    "ReLU6(x + 3) / 6": (lc.Hardsigmoid(), {Kind.ADD: 1, Kind.RELU: 1, Kind.COMPARE: 1, Kind.DIVIDE: 1}),
    "x ReLU6(x + 3) / 6": (
        lc.Hardswish(),
        {Kind.ADD: 1, Kind.RELU: 1, Kind.COMPARE: 1, Kind.DIVIDE: 1, Kind.MULTIPLY: 1},
    ),
    "min(max(x, -1), 1)": (lc.Hardtanh(), {Kind.COMPARE: 2}),
    "alpha (exp(x) - 1)": (
        lc.ELU(),
        {Kind.EXPONENTIAL: 1, Kind.SUBTRACT: 1, Kind.MULTIPLY: 1, Kind.COMPARE: 1},
    ),
    "alpha (exp(x / alpha) - 1)": (
        lc.CELU(),
        {Kind.DIVIDE: 1, Kind.EXPONENTIAL: 1, Kind.SUBTRACT: 1, Kind.MULTIPLY: 1, Kind.COMPARE: 1},
    ),
    "scale ELU(x)": (
        lc.SELU(),
        {Kind.EXPONENTIAL: 1, Kind.SUBTRACT: 1, Kind.MULTIPLY: 2, Kind.COMPARE: 1},
    ),
    "x tanh(log(1 + exp(x)))": (
        lc.Mish(),
        {Kind.EXPONENTIAL: 1, Kind.ADD: 1, Kind.LOGARITHM: 1, Kind.TANH: 1, Kind.MULTIPLY: 1},
    ),
    "log(1 + exp(beta x)) / beta": (
        lc.Softplus(),
        {
            Kind.MULTIPLY: 1, Kind.EXPONENTIAL: 1, Kind.ADD: 1, Kind.LOGARITHM: 1, Kind.DIVIDE: 1,
            Kind.COMPARE: 1,  # of beta x with the threshold
        },
    ),
    "x / (1 + |x|)": (lc.Softsign(), {Kind.ABSOLUTE: 1, Kind.ADD: 1, Kind.DIVIDE: 1}),
    "log(sigmoid(x))": (lc.LogSigmoid(), {Kind.SIGMOID: 1, Kind.LOGARITHM: 1}),
}  # fmt: skip


@pytest.mark.parametrize(("layer", "each"), PER_ELEMENT.values(), ids=PER_ELEMENT)
def test_an_activation_does_what_its_equation_says_to_each_element(
    layer: lc.Layer, each: dict[Kind, int]
) -> None:
    assert counted(layer, (2, 3, 5), batch=2) == {kind: 60 * often for kind, often in each.items()}


def test_a_log_softmax_of_ten_costs_thirty() -> None:
    """10 exponentials, 9 additions, 1 logarithm, 10 subtractions."""
    assert lc.count(lc.LogSoftmax(), lc.FLOPS, (10,), "everything").total == 10 + 9 + 1 + 10


def test_a_gated_linear_unit_halves_its_axis() -> None:
    """Dauphin et al. 2017, equation 1: a sigmoid (4) and a multiplication for each value that is left."""
    assert lc.GLU(-3).output_shape((8, 5, 5)) == (4, 5, 5)
    assert lc.count(lc.GLU(-3), lc.FLOPS, (8, 5, 5), "everything").total == 4 * 25 * (4 + 1)


@pytest.mark.parametrize(
    ("mode", "shape", "multiplications", "additions"),
    [("linear", (3, 4), 2, 1), ("bilinear", (3, 4, 4), 6, 3), ("trilinear", (3, 4, 4, 4), 14, 7)],
)
def test_interpolation_weighs_two_neighbours_along_each_axis(
    mode: str, shape: tuple[int, ...], multiplications: int, additions: int
) -> None:
    """UpSampleKernel.cpp: ``h0 (w0 a + w1 b) + h1 (w0 c + w1 d)`` is 6 multiplications and 3 additions."""
    layer, values = lc.Upsample(scale_factor=2, mode=mode), 3 * 8 ** (len(shape) - 1)
    assert counted(layer, shape) == {
        Kind.MULTIPLY: multiplications * values, Kind.ADD: additions * values
    }  # fmt: skip
    nearest = lc.Upsample(scale_factor=2).facts(shape)
    assert (nearest.operations, nearest.written) == ((), values)


def test_a_mean_over_a_map_is_global_average_pooling() -> None:
    shape = (512, 7, 7)
    mean, pooled = lc.Reduce("mean", (-2, -1)), lc.AdaptiveAvgPool2d(1)
    assert mean.facts(shape).operations == pooled.facts(shape).operations
    assert mean.output_shape(shape) == (512,)
    assert lc.Reduce("mean", (-2, -1), keepdim=True).output_shape(shape) == pooled.output_shape(shape)
    assert lc.count(mean, lc.FLOPS, shape, "everything").total == 512 * (48 + 1)
    assert lc.Reduce("max", -3).output_shape(shape) == (7, 7)
    assert lc.Reduce("sum", (-3, -2, -1)).output_shape(shape) == ()


@pytest.mark.parametrize(
    "layer", [lc.BatchNorm2d(6, bias=False), lc.InstanceNorm2d(6, affine=True, bias=False),
              lc.GroupNorm(2, 6, bias=False)],
    ids=repr,
)  # fmt: skip
def test_a_normalization_may_have_a_weight_without_a_bias(layer: lc.Layer) -> None:
    """PyTorch 2.13: the argument `bias` of BatchNorm, InstanceNorm and GroupNorm."""
    assert lc.count(layer, lc.PARAMETERS).total == 6
    added = counted(layer, (6, 3, 3)).get(Kind.ADD, 0)
    assert lc.count(layer, lc.FLOPS, (6, 3, 3), "everything").total > 0
    assert added < 6 * 9  # eps alone


def test_an_rms_norm_does_not_centre() -> None:
    """Zhang, Sennrich 2019, equation 4: n squares, n - 1 additions, a mean, eps, a root,
    n quotients, n products.

    A LayerNorm takes a mean besides (n), subtracts it (n) and adds a bias (n).
    """
    assert lc.count(lc.RMSNorm(8), lc.FLOPS, (8,), "everything").total == 8 + 7 + 3 + 8 + 8 == 4 * 8 + 2
    layer_norm = lc.count(lc.LayerNorm(8), lc.FLOPS, (8,), "everything").total
    assert layer_norm - (4 * 8 + 2) == 3 * 8


def test_instance_normalization_is_proportional_to_the_batch_even_without_kept_statistics() -> None:
    norm, shape = lc.InstanceNorm2d(3), (3, 4, 4)
    one, two = (
        lc.count(norm, lc.FLOPS, shape, "everything", batch=batch, training=True).total for batch in (1, 2)
    )
    assert two == 2 * one
    assert lc.count(norm, lc.PARAMETERS).total == lc.count(norm, lc.BUFFERS).total == 0


def test_no_tools_rule_for_batch_normalization_is_taken_for_instance_normalization() -> None:
    """Nobody has looked what the tools print of it: the reading says that it is not complete."""
    net = lc.Sequential(lc.InstanceNorm2d(3, affine=True))
    for tool in ("fvcore", "thop", "ptflops(pytorch)"):
        assert not lc.table(net, (3, 8, 8), convention=tool).complete


def test_instance_normalization_needs_two_cells_a_channel() -> None:
    """As torch: with its own statistics, one cell is its own mean."""
    with pytest.raises(lc.ShapeError, match="InstanceNorm2d needs two values a channel or more"):
        lc.InstanceNorm2d(3).output_shape((3, 1, 1))


@pytest.mark.parametrize("operation", ["sine", "cosine", "logarithm", "absolute", "negate", "round"])
def test_everything_prices_a_function_of_one_value(operation: str) -> None:
    layer = lc.Elementwise(operation)
    assert lc.count(layer, lc.FLOPS, (3, 5), "everything").total == 15
    assert not lc.count(layer, lc.FLOPS, (3, 5), "textbook").complete


def test_what_has_no_price_is_listed_as_not_counted() -> None:
    counted = lc.count(lc.Elementwise("error function"), lc.FLOPS, (3, 5), "everything")
    assert (counted.total, counted.complete) == (0, False)
    assert "error function" in str(counted.not_counted)
