"""Every claim of document 004 on networks, with its verdict, settled by our own counts."""

from __future__ import annotations

from typing import Any

import pytest

import layercost as lc
from layercost.networks.googlenet import TABLE_1
from tests.layercost.test_claims import Claim


def column(name: str, network: str, version: str | None = None, **options: Any) -> list[int]:
    """One column of a table, without what is zero."""
    table = lc.table(lc.network_named(network, version), **options)
    return [getattr(row, name) for row in table.rows if getattr(row, name)]


def total(name: str, network: str, version: str | None = None, **options: Any) -> Any:
    return getattr(lc.table(lc.network_named(network, version), **options).total, name)


def shapes(network: str, *names: str) -> list[tuple[int, ...]]:
    rows = {row.name: row for row in lc.table(lc.network_named(network)).rows}
    return [tuple(map(int, rows[name].output)) for name in names]


def mebibytes(network: str) -> float:
    return float(total("parameter_bytes", network) / 2**20)


def inception_3a() -> dict[str, lc.table.Row]:
    rows = lc.table(lc.networks.googlenet()).rows
    return {row.name.removeprefix("inception3a."): row for row in rows if row.name.startswith("inception3a.")}


def identity_block() -> dict[str, lc.table.Row]:
    """A block of ResNet-50 whose shortcut is the identity."""
    rows = lc.table(lc.networks.resnet50(), convention="everything").rows
    return {
        row.name.removeprefix("layer1.1.block."): row
        for row in rows
        if row.name.startswith("layer1.1.block.")
    }


GOOGLENETS_MAPS = (
    "conv1.conv", "maxpool1", "conv3.conv", "maxpool2", "inception3b.concatenate", "maxpool3",
    "inception4e.concatenate", "maxpool4", "inception5b.concatenate",
)  # fmt: skip

CLAIMS = [
    Claim(
        "alexnet-layers",
        "004",
        "34944, 614656, 885120, 1327488, 884992, 37752832, 16781312, 4097000",
        "convention",
        [34944, 614656, 885120, 1327488, 884992, 37752832, 16781312, 4097000],
        column("parameters", "alexnet"),
        column("parameters", "alexnet", "two-gpu"),
    ),
    Claim(
        "alexnet-total",
        "004",
        "62378344 parameters",
        "convention",
        62378344,
        total("parameters", "alexnet"),
        [total("parameters", "alexnet", version) for version in ("two-gpu", "torchvision")],
    ),
    Claim(
        "alexnet-memory",
        "004",
        "237.9545 MB",
        "convention",
        237.9545,
        round(mebibytes("alexnet"), 4),
        round(total("parameter_bytes", "alexnet") / 10**6, 4),
    ),
    Claim(
        "alexnet-shapes",
        "004",
        "55x55x96, 27x27x96, 27x27x256, 13x13x256, 13x13x384, 13x13x384, 13x13x256, 6x6x256, 4096, 1000",
        "right",
        [
            (96, 55, 55),
            (96, 27, 27),
            (256, 27, 27),
            (256, 13, 13),
            (384, 13, 13),
            (384, 13, 13),
            (256, 13, 13),
            (256, 6, 6),
            (4096,),
            (4096,),
            (1000,),
        ],
        shapes(
            "alexnet",
            "conv1",
            "pool1",
            "conv2",
            "pool2",
            "conv3",
            "conv4",
            "conv5",
            "pool5",
            "fc6",
            "fc7",
            "fc8",
        ),
    ),
    Claim(
        "alexnet-order",
        "004",
        "pooling comes before normalization",
        "convention",
        ["pool1", "norm1"],
        [name for name in dict(lc.networks.alexnet().children) if name in ("pool1", "norm1")],
        [name for name in dict(lc.networks.alexnet("two-gpu").children) if name in ("pool1", "norm1")],
    ),
    Claim(
        "alexnet-lrn",
        "004",
        "normalization keeps the shape and holds no parameters",
        "right",
        [((96, 27, 27), 0), ((256, 13, 13), 0)],
        [
            (tuple(row.output), row.parameters)
            for row in lc.table(lc.networks.alexnet()).rows
            if row.name in ("norm1", "norm2") and row.input == row.output
        ],
    ),
    Claim(
        "vgg16-layers",
        "004",
        "1792, 36928, 73856, 147584, 295168, 590080 x2, 1180160, 2359808 x5, 102764544, 16781312, 4097000",
        "right",
        [
            1792,
            36928,
            73856,
            147584,
            295168,
            590080,
            590080,
            1180160,
            *[2359808] * 5,
            102764544,
            16781312,
            4097000,
        ],
        column("parameters", "vgg16"),
    ),
    Claim("vgg16-total", "004", "138357544 parameters", "right", 138357544, total("parameters", "vgg16")),
    Claim(
        "vgg16-memory",
        "004",
        "527.7921 MB",
        "convention",
        527.7921,
        round(mebibytes("vgg16"), 4),
        round(total("parameter_bytes", "vgg16") / 10**6, 4),
    ),
    Claim(
        "vgg-19",
        "004",
        "VGG comes in 16 and 19 layers (here: those with weights)",
        "right",
        [16, 19],
        [len(column("parameters", name)) for name in ("vgg16", "vgg19")],
    ),
    Claim(
        "googlenet-input",
        "004",
        "SAME padding throughout: each map is the one before, divided by the stride and rounded up",
        "convention",
        [112, 56, 56, 28, 28, 14, 14, 7, 7],
        [shape[1] for shape in shapes("googlenet", *GOOGLENETS_MAPS)],
        [shape[1] for shape in shapes("googlenet", *GOOGLENETS_MAPS, "avgpool")],  # VALID: 7 to 1 at stride 1
    ),
    Claim(
        "googlenet-concat",
        "004",
        "28x28x64, x128, x32, x32 concatenate to 28x28x(63 + 128 + 32 + 32)",
        "wrong",
        (63 + 128 + 32 + 32, 28, 28),
        shapes("googlenet", "inception3a.concatenate")[0],
    ),
    Claim(
        "googlenet-pool-pad",
        "004",
        "max pooling inside a module: padding 2, stride 1",
        "wrong",
        [(2, 2), (1, 1)],
        [getattr(inception_3a()["branch4.0"].module, name) for name in ("padding", "stride")],
    ),
    Claim(
        "googlenet-aux",
        "004",
        "three classifiers, two of them auxiliary",
        "right",
        ["aux1.fc2", "aux2.fc2", "fc"],
        [
            row.name
            for row in lc.table(lc.networks.googlenet("paper-aux")).rows
            if row.output == (1000,) and isinstance(row.module, lc.Linear)
        ],
    ),
    Claim(
        "googlenet-small",
        "004",
        "far fewer parameters than VGG (a nineteenth)",
        "right",
        19,
        total("parameters", "vgg16") // total("parameters", "googlenet"),
    ),
    Claim(
        "resnet-same-rules",
        "004",
        "counted by the same rules: the sum over its layers",
        "right",
        [sum(column("parameters", f"resnet{depth}")) for depth in (18, 34, 50, 101, 152)],
        [11689512, 21797672, 25557032, 44549160, 60192808],
    ),
    Claim(
        "resnet-shortcut",
        "004",
        "an identity shortcut: no parameters, one addition an element",
        "right",
        [0, 0, 256 * 56 * 56],
        [
            identity_block()["downsample"].parameters,
            identity_block()["downsample"].flops,
            identity_block()["add"].flops,
        ],
    ),
]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_has_its_verdict(claim: Claim) -> None:
    assert claim.verdict in ("right", "wrong", "convention")
    assert (claim.said == claim.ours) == (claim.verdict != "wrong")
    if claim.verdict == "convention":
        assert claim.other is not None
        assert claim.said != claim.other


def test_no_claim_is_settled_twice() -> None:
    assert len({claim.id for claim in CLAIMS}) == len(CLAIMS) == 17


def test_64_and_not_63_channels_make_256() -> None:
    """The slip in googlenet-concat, and what is right."""
    row = TABLE_1["3a"]
    assert (row.one, row.three, row.five, row.pool) == (64, 128, 32, 32)
    assert shapes("googlenet", "inception3a.concatenate") == [(256, 28, 28)]


def test_padding_1_keeps_the_size_under_a_window_of_3_at_stride_1() -> None:
    """The slip in googlenet-pool-pad: 2 is the padding of the 5x5 convolution."""
    rows = inception_3a()
    pool, convolution = rows["branch4.0"].module, rows["branch3.1.conv"].module
    assert isinstance(pool, lc.MaxPool2d)
    assert isinstance(convolution, lc.Conv2d)
    assert (pool.kernel_size, pool.stride, pool.padding) == ((3, 3), (1, 1), (1, 1))
    assert rows["branch4.0"].output == (192, 28, 28)
    assert (convolution.kernel_size, convolution.padding) == ((5, 5), (2, 2))


def test_padding_2_is_refused_for_a_window_of_3() -> None:
    """More than half of the window: some windows would hold nothing but padding."""
    with pytest.raises(lc.LayerError, match="padding must be at most half of the kernel"):
        lc.MaxPool2d(3, 1, padding=2)
