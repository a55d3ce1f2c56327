"""Every claim of the source documents on these subjects, with its verdict, settled by our own counts.

right: what the document says is what we count. convention: it is so under the convention that is named,
and otherwise under another. wrong: it is not what we count, and this is what we count instead.
unclear: it is right under one reading of its letters.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import Any

import pytest

import layercost as lc

SIZES = [(300, 100), (16, 133), (7, 1)]  # inputs and outputs of fully connected layers
MAPS = [(3, 6, 5, 32), (6, 16, 5, 14), (16, 32, 3, 28)]  # channels in and out, kernel, size of the map


@dataclass(frozen=True)
class Claim:
    """What a document says in numbers; ours is what we count, other what it would be otherwise."""

    id: str
    documents: str
    says: str
    verdict: str
    said: Any
    ours: Any
    other: Any = None


def linear(
    quantity: lc.Quantity, convention: str = "textbook", *, bias: bool = True, batch: int = 1
) -> list[int]:
    return [
        lc.count(lc.Linear(n, m, bias=bias), quantity, (n,), convention, batch=batch).total for n, m in SIZES
    ]


def conv(
    quantity: lc.Quantity, convention: str = "textbook", *, bias: bool = True, batch: int = 1, stride: int = 1
) -> list[int]:
    layers = [(lc.Conv2d(c, k_out, k, stride, bias=bias), (c, n, n)) for c, k_out, k, n in MAPS]
    return [lc.count(layer, quantity, shape, convention, batch=batch).total for layer, shape in layers]


def over_sizes(formula: Callable[[int, int], int]) -> list[int]:
    return [formula(*sizes) for sizes in SIZES]


def over_maps(formula: Callable[[int, int, int, int], int], stride: int = 1) -> list[int]:
    """A formula of channels in and out, kernel and the size of the output map."""
    return [formula(c, k_out, k, (n - k) // stride + 1) for c, k_out, k, n in MAPS]


def out(n: int, k: int, s: int, p: int = 0) -> int:
    """The size of a convolution's output."""
    return int(lc.Conv2d(1, 1, k, s, p).output_shape((1, n, n))[1])


def pooled(n: int, k: int, s: int, p: int = 0, *, ceil_mode: bool = False) -> int:
    return int(lc.MaxPool2d(k, s, p, ceil_mode=ceil_mode).output_shape((1, n, n))[1])


def pool_112(kernel: int, quantity: lc.Quantity = lc.FLOPS, convention: str = "everything") -> int:
    """Pooling with stride 2 on 112 x 112 x 128."""
    return lc.count(lc.MaxPool2d(kernel, 2), quantity, (128, 112, 112), convention).total


def each(layer: lc.Layer, convention: str = "everything") -> int:
    """The FLOPs for each element."""
    return lc.count(layer, lc.FLOPS, (1,), convention).total


def lenet(name: str, version: str = "max-pooling") -> list[int]:
    table = lc.table(lc.networks.lenet5(version))
    return [getattr(row, name) for row in table.rows if getattr(row, name)]


def share(name: str, kind: type[lc.Layer], version: str = "max-pooling") -> float:
    """What part of LeNet's total is in layers of a kind."""
    rows = lc.table(lc.networks.lenet5(version)).rows
    return sum(getattr(row, name) for row in rows if isinstance(row.module, kind)) / sum(lenet(name, version))


def vgg16_share(name: str, kind: type[lc.Layer]) -> float:
    rows = lc.table(lc.networks.vgg16()).rows
    part = sum(getattr(row, name) for row in rows if isinstance(row.module, kind))
    return round(100 * part / sum(getattr(row, name) for row in rows), 1)


def macs_a_parameter(layer: lc.Layer, shape: tuple[int, ...]) -> float:
    return lc.count(layer, lc.MACS, shape).total / lc.count(layer, lc.PARAMETERS, shape).total


def bias_free(layer: lc.Layer) -> list[int]:
    """Parameters, buffers, stored values."""
    return [lc.count(layer, q).total for q in (lc.PARAMETERS, lc.BUFFERS, lc.STORED_VALUES)]


DEFINITIONS = [
    Claim(
        "def-flops-rate",
        "001",
        "FLOPS is a rate of hardware; what a network takes is an amount",
        "right",
        {"FLOPs", "MACs"},
        {convention.unit for convention in lc.CONVENTIONS.values()},
    ),
    Claim(
        "def-macc",
        "001",
        "a MACC is a multiplication with its accumulation",
        "right",
        over_sizes(lambda n, m: n * m),
        linear(lc.MACS),
    ),
    Claim(
        "def-params",
        "002",
        "parameters are what is trained, not all that is stored",
        "right",
        [0, 840, 840],
        bias_free(lc.EuclideanRBF(84, 10)),
    ),
    Claim(
        "def-each-op-one",
        "001, 002",
        "add, divide and exponential count 1 each: softmax over 10 is 10 + 9 + 10",
        "convention",
        29,
        lc.count(lc.Softmax(), lc.FLOPS, (10,), "everything").total,
        lc.count(lc.Softmax(), lc.FLOPS, (10,), "textbook").total,
    ),
    Claim(
        "def-flops-not-speed",
        "002",
        "FLOPs alone do not tell the time: a weight of conv2 serves 100 positions "
        "of LeNet, one of fc1 a single one",
        "right",
        [99, 0],
        [
            int(macs_a_parameter(lc.Conv2d(6, 16, 5), (6, 14, 14))),
            int(macs_a_parameter(lc.Linear(400, 120), (400,))),
        ],
    ),
    Claim(
        "def-where-to-save",
        "002",
        "FC layers hold the parameters (VGG-16: 89.4 %), convolutions take the MACs (99.2 %)",
        "right",
        [89.4, 99.2],
        [vgg16_share("parameters", lc.Linear), vgg16_share("macs", lc.Conv2d)],
    ),
]

FULLY_CONNECTED = [
    Claim(
        "fc-params-bias",
        "000, 001, 002, 003",
        "(d_in + 1) d_out",
        "right",
        over_sizes(lambda n, m: (n + 1) * m),
        linear(lc.PARAMETERS),
    ),
    Claim(
        "fc-params-nobias",
        "000, 002",
        "d_in d_out",
        "right",
        over_sizes(lambda n, m: n * m),
        linear(lc.PARAMETERS, bias=False),
    ),
    Claim(
        "fc-params-300-100", "001", "300 to 100 with bias: 30100", "right", 30100, linear(lc.PARAMETERS)[0]
    ),
    Claim("fc-params-16-133", "003", "16 to 133 with bias: 2261", "right", 2261, linear(lc.PARAMETERS)[1]),
    Claim(
        "fc-flops-bias",
        "000, 001, 002, 003",
        "[d_in + (d_in - 1) + 1] d_out = 2 d_in d_out",
        "convention",
        over_sizes(lambda n, m: (n + (n - 1) + 1) * m),
        linear(lc.FLOPS),
        linear(lc.FLOPS, "macs"),
    ),
    Claim(
        "fc-macs",
        "003",
        "N_in N_out with a multiply-add pair as one operation",
        "convention",
        over_sizes(lambda n, m: n * m),
        linear(lc.FLOPS, "macs"),
        linear(lc.FLOPS),
    ),
    Claim(
        "fc-batch",
        "002",
        "a multi-dimensional input multiplies directly",
        "right",
        [8 * flops for flops in linear(lc.FLOPS)],
        linear(lc.FLOPS, batch=8),
    ),
]

CONVOLUTION = [
    Claim(
        "conv-params-bias",
        "000, 001, 002, 004",
        "(k_w k_h C_in + 1) C_out",
        "right",
        over_maps(lambda c, m, k, _: (k * k * c + 1) * m),
        conv(lc.PARAMETERS),
    ),
    Claim(
        "conv-params-nobias",
        "000, 002",
        "k_w k_h C_in C_out",
        "right",
        over_maps(lambda c, m, k, _: k * k * c * m),
        conv(lc.PARAMETERS, bias=False),
    ),
    Claim(
        "conv-bn-params",
        "000",
        "k k M N + 3 N: the convolution's bias, and two values a channel of BN",
        "right",
        over_maps(lambda c, m, k, _: k * k * c * m + 3 * m - 2 * m),
        conv(lc.PARAMETERS),
    ),
    Claim("conv-params-5x5x3x6", "004", "5x5x3, 6 filters: 456", "right", 456, conv(lc.PARAMETERS)[0]),
    Claim(
        "conv-params-2x2x3x16",
        "003",
        "2x2x3: 12; 16 of them 192; with bias 208",
        "right",
        [12, 192, 208],
        [
            lc.count(layer, lc.PARAMETERS).total
            for layer in (
                lc.Conv2d(3, 1, 2, bias=False),
                lc.Conv2d(3, 16, 2, bias=False),
                lc.Conv2d(3, 16, 2),
            )
        ],
    ),
    Claim(
        "conv-out-32-5",
        "004",
        "32x32x3 by 6 filters 5x5x3: 28x28x6",
        "right",
        (6, 28, 28),
        lc.Conv2d(3, 6, 5).output_shape((3, 32, 32)),
    ),
    Claim(
        "conv-flops",
        "001, 002, 003",
        "[k k C_in + (k k C_in - 1) + 1] H2 W2 C_out",
        "convention",
        over_maps(lambda c, m, k, n: (k * k * c + (k * k * c - 1) + 1) * n * n * m),
        conv(lc.FLOPS),
        conv(lc.FLOPS, "macs"),
    ),
    Claim(
        "conv-flops-input-map",
        "001",
        "w and h are those of the previous layer's map",
        "wrong",
        [2 * k * k * c * n * n * m for c, m, k, n in MAPS],
        conv(lc.FLOPS),
    ),
    Claim(
        "conv-flops-nobias",
        "000",
        "N [(C - 1) H2 W2 + (2 K K - 1) H2 W2 C]",
        "right",
        over_maps(lambda c, m, k, n: m * ((c - 1) * n * n + (2 * k * k - 1) * n * n * c)),
        conv(lc.FLOPS, bias=False),
    ),
    Claim(
        "conv-macs",
        "002, 003",
        "k k C_in H2 W2 C_out",
        "convention",
        over_maps(lambda c, m, k, n: k * k * c * n * n * m),
        conv(lc.FLOPS, "macs"),
        conv(lc.FLOPS),
    ),
    Claim(
        "conv-flops-parts",
        "003",
        "k k C_in multiplications, one addition fewer, H2 W2 K for biases",
        "right",
        [
            over_maps(lambda c, m, k, n: k * k * c * n * n * m),
            over_maps(lambda c, m, k, n: (k * k * c - 1) * n * n * m + n * n * m),
        ],
        [conv(lc.MULTIPLICATIONS), conv(lc.ADDITIONS)],
    ),
    Claim(
        "conv-batch",
        "000",
        "a batch multiplies by B",
        "right",
        [8 * n for n in conv(lc.FLOPS)],
        conv(lc.FLOPS, batch=8),
    ),
]

HALF = [(n, k, 2) for n in range(5, 40) for k in (1, 2, 3, 5)]  # sizes and kernels at stride 2

OUTPUT_SIZE = [
    Claim(
        "out-floor",
        "000, 003",
        "convolution: floor((H - k + 2p)/s) + 1",
        "right",
        [(n - k + 2 * 1) // s + 1 for n, k, s in HALF],
        [out(n, k, s, 1) for n, k, s in HALF],
    ),
    Claim(
        "out-total-padding",
        "000",
        "(H - k + P)/S + 1, if P is both sides together",
        "unclear",
        (32 - 5 + (2 + 2)) // 1 + 1,
        out(32, 5, 1, 2),
        (32 - 5 + 2) // 1 + 1,
    ),
    Claim(
        "out-conv-ceil",
        "002",
        "convolution rounds up, pooling rounds down",
        "wrong",
        ceil((32 - 5) / 2) + 1,
        out(32, 5, 2),
    ),
    Claim(
        "out-pool-ceil",
        "003",
        "convolution rounds down, pooling usually rounds up",
        "convention",
        ceil((32 - 3) / 2) + 1,
        pooled(32, 3, 2, ceil_mode=True),
        pooled(32, 3, 2),
    ),
    Claim(
        "out-pool-nopad",
        "002",
        "pooling: (H - k)/s + 1",
        "right",
        [(n - k) // s + 1 for n, k, s in HALF],
        [pooled(n, k, s) for n, k, s in HALF],
    ),
    Claim(
        "out-pad-if-indivisible",
        "004",
        "where the stride does not divide, padding must be added first",
        "convention",
        (32 + 1 - 5) // 2 + 1,
        out(33, 5, 2),
        out(32, 5, 2),
    ),
    Claim(
        "out-same",
        "004",
        "SAME padding gives ceil(size / kernel_size)",
        "wrong",
        ceil(28 / 5),
        out(28, 5, 1, 2),
    ),
]

POOLING = [
    Claim(
        "pool-no-params",
        "002, 003, 004",
        "no parameters",
        "right",
        [0, 0],
        [lc.count(pool, lc.PARAMETERS).total for pool in (lc.MaxPool2d(2), lc.AvgPool2d(2))],
    ),
    Claim(
        "pool-flops-112",
        "001",
        "2x2 stride 2 on 112x112x128: 112 x 112 x 128 = 1,605,632 FLOPs",
        "convention",
        112 * 112 * 128,
        pool_112(2),
        pool_112(2, lc.COMPARISONS),
    ),
    Claim(
        "pool-filters-depth",
        "003",
        "K filters of k x k x n_c give K channels",
        "wrong",
        (16, 14, 14),
        lc.MaxPool2d(2).output_shape((6, 28, 28)),
    ),
    Claim(
        "pool-3x3-slightly",
        "001",
        "with a 3x3 window the figure changes slightly (within a tenth)",
        "wrong",
        True,
        abs(pool_112(3) - pool_112(2)) < pool_112(2) / 10,
    ),
    Claim(
        "pool-not-macc",
        "001, 002",
        "no dot products, so not measured in MACs; usually ignored",
        "convention",
        [0, 0],
        [pool_112(2, lc.MACS), pool_112(2, convention="textbook")],
        [0, pool_112(2)],
    ),
]

ACTIVATION = [
    Claim(
        "act-relu",
        "001",
        "ReLU: 1 FLOP an element",
        "convention",
        1,
        each(lc.ReLU()),
        each(lc.ReLU(), "textbook"),
    ),
    Claim(
        "act-sigmoid",
        "001",
        "sigmoid: 4 FLOPs an element",
        "convention",
        4,
        each(lc.Sigmoid()),
        each(lc.Sigmoid(), "textbook"),
    ),
    Claim(
        "act-tanh",
        "001",
        "tanh: 8 FLOPs an element",
        "convention",
        8,
        each(lc.Tanh()),
        each(lc.Tanh(), "macs"),
    ),
    Claim(
        "act-no-params",
        "001, 002",
        "no parameters",
        "right",
        [0, 0, 0, 0],
        [lc.count(a(), lc.PARAMETERS).total for a in (lc.ReLU, lc.Sigmoid, lc.Tanh, lc.Softmax)],
    ),
]

LENET = [
    Claim(
        "lenet-shapes",
        "003, 004",
        "32x32x1, 28x28x6, 14x14x6, 10x10x16, 5x5x16, 120, 84, 10",
        "right",
        [(1, 32, 32), (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (400,), (120,), (84,), (10,)],
        list(
            dict.fromkeys(
                tuple(shape)
                for row in lc.table(lc.networks.lenet5()).rows
                for shape in (row.input, row.output)
            )
        ),
    ),
    Claim(
        "lenet-layers",
        "004",
        "156, 2416, 48120, 10164, 850",
        "right",
        [156, 2416, 48120, 10164, 850],
        lenet("parameters"),
    ),
    Claim("lenet-total", "003, 004", "61706 parameters", "right", 61706, sum(lenet("parameters"))),
    Claim(
        "lenet-weights",
        "003",
        "weights alone: 61470",
        "right",
        61470,
        sum(
            held.size
            for _, leaf in lc.networks.lenet5().leaves()
            for held in leaf.parameters()
            if held.name == "weight"
        ),
    ),
    Claim(
        "lenet-memory",
        "004",
        "241.039 KB",
        "convention",
        241.039,
        round(lc.table(lc.networks.lenet5()).total.parameter_kib, 3),
        lc.table(lc.networks.lenet5()).total.parameter_bytes / 1000,
    ),
    Claim(
        "lenet-c5-fc",
        "003, 004",
        "C5 as a convolution or as FC 400 to 120: the same parameters and MACs",
        "right",
        [48120, 48000],
        [lenet("parameters", "average-pooling")[2], lenet("macs", "average-pooling")[2]],
    ),
    Claim(
        "lenet-pool-kind",
        "003, 004",
        "max or average pooling: 61706 parameters",
        "convention",
        [61706, 61706],
        [sum(lenet("parameters", v)) for v in ("max-pooling", "average-pooling")],
        [sum(lenet("parameters", "1998"))] * 2,
    ),
]

CLAIMS = [*DEFINITIONS, *FULLY_CONNECTED, *CONVOLUTION, *OUTPUT_SIZE, *POOLING, *ACTIVATION, *LENET]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_has_its_verdict(claim: Claim) -> None:
    assert claim.verdict in ("right", "wrong", "convention", "unclear")
    assert (claim.said == claim.ours) == (claim.verdict != "wrong")
    if claim.verdict in ("convention", "unclear"):
        assert claim.other is not None
        assert claim.said != claim.other


def test_no_claim_is_settled_twice() -> None:
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS) == 48


@pytest.mark.parametrize(
    ("ours", "arithmetic"),
    [
        pytest.param(pool_112(2, lc.COMPARISONS), 3 * 56 * 56 * 128, id="pool-flops-112: comparisons"),
        pytest.param(pool_112(3), 9 * 55 * 55 * 128, id="pool-3x3-slightly: 3,484,800, 2.17 times as many"),
        pytest.param(conv(lc.MACS), over_maps(lambda c, m, k, n: k * k * c * n * n * m), id="the output map"),
        pytest.param(out(28, 5, 1, 2), ceil(28 / 1), id="out-same: size / stride"),
        pytest.param(out(32, 5, 2), (32 - 5) // 2 + 1, id="out-conv-ceil: down"),
        pytest.param(tuple(lc.MaxPool2d(2).output_shape((6, 28, 28))), (6, 14, 14), id="pool: channels stay"),
        pytest.param(sum(lenet("parameters", "1998")), 60000, id="lenet-pool-kind: 1998"),
    ],
)  # fmt: skip
def test_what_is_so_instead(ours: Any, arithmetic: Any) -> None:
    """Beside each wrong claim and each other convention stands what is right."""
    assert ours == arithmetic


def test_the_input_map_gives_the_same_only_with_same_padding_and_stride_1() -> None:
    """Why the slip in document 001 is easily missed."""
    same = lc.Conv2d(64, 128, 3, padding=1)
    assert lc.count(same, lc.FLOPS, (64, 56, 56)).total == 2 * 9 * 64 * 56 * 56 * 128
