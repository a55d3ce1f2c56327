"""The networks' totals: parameters, buffers, MACs, each with its arithmetic or with who else found it."""

from __future__ import annotations

from math import prod
from typing import Any

import pytest

import layercost as lc
from layercost.networks import NETWORKS
from layercost.networks.googlenet import TABLE_1

EVERY = [(entry.name, version) for entry in NETWORKS.values() for version in entry.versions]

# parameters, buffers, MACs; torchvision's and Keras's own counters found the same where the name is theirs
TOTALS = {
    ("lenet5", "max-pooling"): (61_706, 0, 416_520),
    ("lenet5", "average-pooling"): (61_706, 0, 416_520),
    ("lenet5", "1998"): (60_000, 840, 325_680),
    ("alexnet", "ungrouped"): (62_378_344, 0, 1_135_256_096),
    ("alexnet", "two-gpu"): (60_965_224, 0, 724_406_816),
    ("alexnet", "torchvision"): (61_100_840, 0, 714_188_480),
    ("vgg11", "paper"): (132_863_336, 0, 7_609_090_048),
    ("vgg11", "lrn"): (132_863_336, 0, 7_609_090_048),
    ("vgg11", "torchvision"): (132_863_336, 0, 7_609_090_048),
    ("vgg11", "batch-norm"): (132_868_840, 5_504, 7_609_090_048),
    ("vgg13", "paper"): (133_047_848, 0, 11_308_466_176),
    ("vgg13", "torchvision"): (133_047_848, 0, 11_308_466_176),
    ("vgg13", "batch-norm"): (133_053_736, 5_888, 11_308_466_176),
    ("vgg16", "paper"): (138_357_544, 0, 15_470_264_320),
    ("vgg16", "torchvision"): (138_357_544, 0, 15_470_264_320),
    ("vgg16", "batch-norm"): (138_365_992, 8_448, 15_470_264_320),
    ("vgg16", "1x1"): (133_638_952, 0, 11_770_888_192),
    ("vgg19", "paper"): (143_667_240, 0, 19_632_062_464),
    ("vgg19", "torchvision"): (143_667_240, 0, 19_632_062_464),
    ("vgg19", "batch-norm"): (143_678_248, 11_008, 19_632_062_464),
    ("googlenet", "paper"): (6_998_552, 0, 1_582_671_872),
    ("googlenet", "paper-aux"): (13_378_280, 0, 1_582_671_872),
    ("googlenet", "torchvision"): (6_624_904, 14_560, 1_498_376_192),
    ("googlenet", "torchvision-aux"): (13_004_888, 15_072, 1_498_376_192),
    ("resnet18", "v1.5"): (11_689_512, 9_600, 1_814_073_344),
    ("resnet18", "v1"): (11_689_512, 9_600, 1_814_073_344),
    ("resnet18", "option-a"): (11_515_688, 7_808, 1_794_805_760),
    ("resnet34", "v1.5"): (21_797_672, 17_024, 3_663_761_408),
    ("resnet34", "v1"): (21_797_672, 17_024, 3_663_761_408),
    ("resnet34", "option-a"): (21_623_848, 15_232, 3_644_493_824),
    ("resnet50", "v1.5"): (25_557_032, 53_120, 4_089_184_256),
    ("resnet50", "v1"): (25_557_032, 53_120, 3_857_973_248),
    ("resnet50", "option-a"): (22_780_456, 45_440, 3_498_311_680),
    ("resnet50", "keras"): (25_583_592, 53_120, 3_857_973_248),
    ("resnet101", "v1.5"): (44_549_160, 105_344, 7_801_405_440),
    ("resnet101", "v1"): (44_549_160, 105_344, 7_570_194_432),
    ("resnet101", "option-a"): (41_772_584, 97_664, 7_210_532_864),
    ("resnet101", "keras"): (44_601_832, 105_344, 7_570_194_432),
    ("resnet152", "v1.5"): (60_192_808, 151_424, 11_513_626_624),
    ("resnet152", "v1"): (60_192_808, 151_424, 11_282_415_616),
    ("resnet152", "option-a"): (57_416_232, 143_744, 10_922_754_048),
    ("resnet152", "keras"): (60_268_520, 151_424, 11_282_415_616),
    ("mobilenet_v1", "paper"): (4_231_976, 21_888, 568_740_352),
    ("mobilenet_v2", "torchvision"): (3_504_872, 34_112, 300_774_272),
}


def net(name: str, version: str | None = None) -> lc.Model:
    return lc.network_named(name, version)


def rows(name: str, version: str | None = None, **options: Any) -> dict[str, lc.table.Row]:
    return {row.name: row for row in lc.table(net(name, version), **options).rows}


def of_kind(quantity: str, kind: type[lc.Layer], name: str, version: str | None = None) -> int:
    found = rows(name, version).values()
    return sum(getattr(row, quantity) for row in found if isinstance(row.module, kind))


def share(quantity: str, kind: type[lc.Layer], name: str, version: str | None = None) -> float:
    """The percentage of a total that is in layers of a kind."""
    whole = getattr(lc.table(net(name, version)).total, quantity)
    return round(100 * of_kind(quantity, kind, name, version) / whole, 1)


def test_every_version_of_every_network_has_its_totals_here() -> None:
    assert set(TOTALS) == set(EVERY)


@pytest.mark.parametrize(("name", "version"), EVERY)
def test_a_network_has_its_totals(name: str, version: str) -> None:
    found = net(name, version)
    total = lc.table(found).total
    buffers = lc.count(found, lc.BUFFERS).total
    assert (total.parameters, buffers, total.macs) == TOTALS[name, version]
    assert lc.count(found, lc.PARAMETERS).total == total.parameters


# ---- the same from the papers' tables, without our layers ----------------------------------------


def conv(c_in: int, c_out: int, k: int, size: int, bias: int = 1, groups: int = 1) -> tuple[int, int]:
    """Parameters and MACs of a convolution whose output has this size."""
    weights = c_in // groups * k * k * c_out
    return weights + bias * c_out, weights * size * size


def dense(n: int, m: int) -> tuple[int, int]:
    return n * m + m, n * m


def added(*pairs: tuple[int, int]) -> tuple[int, int]:
    return sum(p for p, _ in pairs), sum(m for _, m in pairs)


def in_columns(name: str, version: str) -> tuple[int, int]:
    total = lc.table(net(name, version)).total
    return total.parameters, total.macs


HEAD = (dense(4096, 4096), dense(4096, 1000))


def test_alexnet_from_its_figure_2() -> None:
    """55 = (227 - 11) / 4 + 1; 27 = (55 - 3) / 2 + 1; 13; 6."""
    for version, groups in (("ungrouped", 1), ("two-gpu", 2)):
        convolutions = (
            conv(3, 96, 11, 55), conv(96, 256, 5, 27, groups=groups), conv(256, 384, 3, 13),
            conv(384, 384, 3, 13, groups=groups), conv(384, 256, 3, 13, groups=groups),
        )  # fmt: skip
        assert in_columns("alexnet", version) == added(*convolutions, dense(6 * 6 * 256, 4096), *HEAD)
    one_tower = (
        conv(3, 64, 11, 55), conv(64, 192, 5, 27), conv(192, 384, 3, 13), conv(384, 256, 3, 13),
        conv(256, 256, 3, 13), dense(6 * 6 * 256, 4096), *HEAD,
    )  # fmt: skip
    assert in_columns("alexnet", "torchvision") == added(*one_tower)


VGG = {11: "1 1 2 2 2", 13: "2 2 2 2 2", 16: "2 2 3 3 3", 19: "2 2 4 4 4"}  # convolutions in each stage


@pytest.mark.parametrize("depth", VGG)
def test_vgg_from_its_table_1(depth: int) -> None:
    channels, convolutions, normalized = 3, [], 0
    for stage, repeats in enumerate(map(int, VGG[depth].split())):
        for _ in range(repeats):
            width = (64, 128, 256, 512, 512)[stage]
            convolutions.append(conv(channels, width, 3, 224 // 2**stage))
            channels, normalized = width, normalized + width
    expected = added(*convolutions, dense(7 * 7 * 512, 4096), *HEAD)
    assert len(convolutions) + 3 == depth
    assert in_columns(f"vgg{depth}", "paper") == in_columns(f"vgg{depth}", "torchvision") == expected
    assert in_columns(f"vgg{depth}", "batch-norm") == (expected[0] + 2 * normalized, expected[1])
    assert lc.count(net(f"vgg{depth}", "batch-norm"), lc.BUFFERS).total == 2 * normalized


def test_googlenet_from_its_table_1() -> None:
    """The paper's 5x5 branches; each branch that widens first has a 1x1 reduction."""
    parts = [conv(3, 64, 7, 112), conv(64, 64, 1, 56), conv(64, 192, 3, 56)]
    channels = 192
    for name, row in TABLE_1.items():
        size = {"3": 28, "4": 14, "5": 7}[name[0]]
        parts += [
            conv(channels, row.one, 1, size),
            conv(channels, row.three_reduce, 1, size), conv(row.three_reduce, row.three, 3, size),
            conv(channels, row.five_reduce, 1, size), conv(row.five_reduce, row.five, 5, size),
            conv(channels, row.pool, 1, size),
        ]  # fmt: skip
        channels = row.out
    assert channels == 1024
    expected = added(*parts, dense(1024, 1000))
    assert in_columns("googlenet", "paper") == expected == (6_998_552, 1_582_671_872)
    heads = [(conv(c, 128, 1, 4), dense(2048, 1024), dense(1024, 1000)) for c in (512, 528)]
    with_heads = added(expected, *(part for head in heads for part in head))
    assert with_heads == (13_378_280, 1_591_044_096)
    assert in_columns("googlenet", "paper-aux") == (with_heads[0], expected[1])
    assert lc.table(net("googlenet", "paper-aux"), training=True).total.macs == with_heads[1]


@pytest.mark.parametrize(("depth", "counts"), [(50, "3 4 6 3"), (101, "3 4 23 3"), (152, "3 8 36 3")])
@pytest.mark.parametrize("version", ["v1", "v1.5"])
def test_a_resnet_of_bottlenecks_from_table_1(depth: int, counts: str, version: str) -> None:
    """In the first block of stages 2 to 4 the image halves: before the 3x3 (v1), or in it (v1.5)."""
    parts, normalized, channels = [conv(3, 64, 7, 112, bias=0)], 64, 64
    for stage, blocks in enumerate(map(int, counts.split())):
        width, size = 64 * 2**stage, 56 // 2**stage
        for block in range(blocks):
            halves = stage > 0 and block == 0
            before = 2 * size if halves and version == "v1.5" else size
            parts += [
                conv(channels, width, 1, before, bias=0),
                conv(width, width, 3, size, bias=0),
                conv(width, 4 * width, 1, size, bias=0),
            ]
            normalized += 6 * width
            if block == 0:
                parts.append(conv(channels, 4 * width, 1, size, bias=0))
                normalized += 4 * width
            channels = 4 * width
    parameters, macs = added(*parts, dense(2048, 1000))
    assert len(parts) - 4 == depth - 1  # but for its four projections
    assert in_columns(f"resnet{depth}", version) == (parameters + 2 * normalized, macs)
    assert lc.count(net(f"resnet{depth}", version), lc.BUFFERS).total == 2 * normalized


@pytest.mark.parametrize(("depth", "counts"), [(18, "2 2 2 2"), (34, "3 4 6 3")])
@pytest.mark.parametrize("version", ["v1", "v1.5", "option-a"])
def test_a_resnet_of_basic_blocks_from_table_1(depth: int, counts: str, version: str) -> None:
    parts, normalized, channels = [conv(3, 64, 7, 112, bias=0)], 64, 64
    for stage, blocks in enumerate(map(int, counts.split())):
        width, size = 64 * 2**stage, 56 // 2**stage
        for _ in range(blocks):
            parts += [conv(channels, width, 3, size, bias=0), conv(width, width, 3, size, bias=0)]
            normalized += 2 * width
            if channels != width and version != "option-a":
                parts.append(conv(channels, width, 1, size, bias=0))
                normalized += width
            channels = width
    parameters, macs = added(*parts, dense(512, 1000))
    assert in_columns(f"resnet{depth}", version) == (parameters + 2 * normalized, macs)


def test_mobilenet_from_its_table_1() -> None:
    """A separable convolution is one kernel a channel, and 1x1 across channels."""
    parts, normalized, channels, size = [conv(3, 32, 3, 112, bias=0)], 32, 32, 112
    for width, stride in zip(
        (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024),
        (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1),
        strict=True,
    ):
        size //= stride
        parts += [
            conv(channels, channels, 3, size, bias=0, groups=channels),
            conv(channels, width, 1, size, bias=0),
        ]
        normalized += channels + width
        channels = width
    parameters, macs = added(*parts, dense(1024, 1000))
    assert in_columns("mobilenet_v1", "paper") == (parameters + 2 * normalized, macs)


# ---- where the parameters are, and where the work is ---------------------------------------------


def test_fully_connected_layers_hold_the_parameters_and_convolutions_take_the_macs() -> None:
    assert share("parameters", lc.Linear, "alexnet") == 94.0
    assert share("parameters", lc.Linear, "vgg16") == 89.4
    assert share("macs", lc.Conv2d, "vgg16") == 99.2
    assert share("macs", lc.Conv2d, "alexnet") == 94.8


def test_in_a_resnet_they_do_not() -> None:
    """Its one fully connected layer holds 8 % of the parameters, and the convolutions take all but 0.1 %."""
    assert share("parameters", lc.Linear, "resnet50") == 8.0
    assert share("macs", lc.Conv2d, "resnet50") == 99.9


@pytest.mark.parametrize(
    ("name", "convolutions", "all_layers"),
    [
        pytest.param("vgg16", 15_346_630_656, 15_470_264_320, id="VGG-16"),
        pytest.param("vgg19", 19_508_428_800, 19_632_062_464, id="VGG-19"),
    ],
)
def test_macs_of_convolutions_alone_are_another_number(name: str, convolutions: int, all_layers: int) -> None:
    """The difference is the head: 25,088 x 4,096 + 4,096 x 4,096 + 4,096 x 1,000 = 123,633,664."""
    head = 25_088 * 4_096 + 4_096 * 4_096 + 4_096 * 1_000
    assert of_kind("macs", lc.Conv2d, name) == convolutions == all_layers - head


@pytest.mark.parametrize(
    ("name", "mebibytes", "megabytes"),
    [
        pytest.param("alexnet", 237.9545, 249.513, id="AlexNet"),
        pytest.param("vgg16", 527.7921, 553.430, id="VGG-16"),
    ],
)
def test_the_documents_megabytes_are_mebibytes(name: str, mebibytes: float, megabytes: float) -> None:
    total = lc.table(net(name)).total
    assert round(total.parameter_bytes / 2**20, 4) == round(total.parameter_kib / 2**10, 4) == mebibytes
    assert round(total.parameter_bytes / 10**6, 3) == megabytes


# ---- versions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["resnet18", "resnet34"])
def test_v1_and_v1_5_are_the_same_where_blocks_are_basic(name: str) -> None:
    """Nothing differs: layers, shapes, counts."""
    assert net(name, "v1").children == net(name, "v1.5").children


@pytest.mark.parametrize("name", ["resnet50", "resnet101", "resnet152"])
def test_v1_and_v1_5_differ_in_six_strides_and_in_macs(name: str) -> None:
    """Three first blocks; in each, one convolution strides and another does not. 231,211,008 MACs more."""
    pairs = zip(net(name, "v1").leaves(), net(name, "v1.5").leaves(), strict=True)
    differing = [(path, first, second) for (path, first), (_, second) in pairs if first != second]
    assert len(differing) == 6
    assert {path.split(".")[-1] for path, _, _ in differing} == {"conv1", "conv2"}
    # the 1x1 convolutions on four times as many positions: three of 4 - 1 times 56 x 56 x 64 x 256 / 2, ...
    more = sum(3 * (56 // 2**stage // 2) ** 2 * (256 * 2**stage) * (128 * 2**stage) for stage in range(3))
    assert in_columns(name, "v1.5")[1] - in_columns(name, "v1")[1] == more == 231_211_008


def test_two_gpus_halve_three_convolutions() -> None:
    whole, halved = rows("alexnet", "ungrouped"), rows("alexnet", "two-gpu")
    for name in ("conv2", "conv4", "conv5"):
        assert halved[name].macs * 2 == whole[name].macs
    assert all(halved[name].macs == whole[name].macs for name in ("conv1", "conv3", "fc6", "fc7", "fc8"))


def test_pooling_before_normalization_makes_it_cheaper() -> None:
    """The courses' order normalizes 27 x 27 and 13 x 13 cells a channel, the paper's 55 x 55 and 27 x 27."""
    for version, cells in (("ungrouped", (27, 13)), ("two-gpu", (55, 27))):
        found = rows("alexnet", version)
        assert [found[f"norm{n}"].input[1] for n in (1, 2)] == list(cells)
    priced = [
        lc.table(net("alexnet", v), convention="everything").total.flops for v in ("ungrouped", "two-gpu")
    ]
    norms = [
        sum(row.flops for row in rows("alexnet", v, convention="everything").values() if "norm" in row.name)
        for v in ("ungrouped", "two-gpu")
    ]
    assert norms[1] > 4 * norms[0]
    assert priced[0] > priced[1]  # and yet the groups save more


def test_alexnets_shapes_are_those_of_document_004() -> None:
    found = rows("alexnet")
    shapes = [tuple(found[name].output) for name in ("conv1", "pool1", "norm1", "conv2", "pool2", "conv3")]
    assert shapes == [(96, 55, 55), (96, 27, 27), (96, 27, 27), (256, 27, 27), (256, 13, 13), (384, 13, 13)]
    later = [tuple(found[name].output) for name in ("conv4", "conv5", "pool5", "flatten", "fc6", "fc8")]
    assert later == [(384, 13, 13), (256, 13, 13), (256, 6, 6), (9216,), (4096,), (1000,)]


def test_from_224_alexnets_own_sizes_do_not_follow() -> None:
    """(224 - 11) / 4 + 1 = 54 and not 55, and 5x5 are left in place of 6x6."""
    with pytest.raises(lc.ShapeError, match="fc6: Linear expects 9216 input features but got shape"):
        lc.table(net("alexnet"), (3, 224, 224))


@pytest.mark.parametrize(
    ("family", "parameters"),
    [
        # two heads: 1x1 to 128 channels, 2,048 to 1,024, 1,024 to 1,000
        pytest.param(
            "paper", (512 + 528) * 128 + 2 * (128 + 2048 * 1024 + 1024 + 1024 * 1000 + 1000), id="paper"
        ),
        # two values a channel of normalization in place of a bias
        pytest.param(
            "torchvision",
            (512 + 528) * 128 + 2 * (2 * 128 + 2048 * 1024 + 1024 + 1024 * 1000 + 1000),
            id="torchvision",
        ),
    ],
)
def test_auxiliary_classifiers_are_held_and_not_run(family: str, parameters: int) -> None:
    network = net("googlenet", f"{family}-aux")
    bare, held, trained = (
        lc.table(net("googlenet", family)),
        lc.table(network),
        lc.table(network, training=True),
    )
    heads = [row for row in held.rows if row.held_only]
    assert {row.name.split(".")[0] for row in heads} == {"aux1", "aux2"}
    assert all(row.macs == row.flops == row.activation_bytes == 0 for row in heads)
    assert sum(row.parameters for row in heads) == held.total.parameters - bare.total.parameters == parameters
    assert (held.total.macs, held.total.flops) == (bare.total.macs, bare.total.flops)
    assert not any(row.held_only for row in trained.rows)
    assert trained.total.macs > held.total.macs
    assert trained.total.parameters == held.total.parameters


def test_what_is_not_run_is_marked_in_every_format() -> None:
    table = lc.table(net("googlenet", "paper-aux"))
    for form in ("text", "md", "html", "csv", "json", "latex"):
        assert table.render(form).count("(held, not run)") == sum(row.held_only for row in table.rows) == 16


def test_what_is_not_run_is_not_missing_from_a_total() -> None:
    """A head that does not run does nothing that could be left out."""
    table = lc.table(net("googlenet", "torchvision-aux"), convention="everything")
    assert table.complete
    textbook = lc.table(net("googlenet", "torchvision-aux"))
    assert not textbook.complete
    assert not [missing for missing in textbook.not_counted if missing.path.startswith("aux")]


# ---- what holds for all --------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "version"), EVERY)
def test_every_network_says_what_it_is(name: str, version: str) -> None:
    found = net(name, version)
    assert (found.name, found.version, found.source) == (name, version, NETWORKS[name].versions[version])
    assert found.output_shape(found.input_shape) in [(1000,), (10,)]
    assert lc.table(found, convention="everything").complete
    paths = [call.path for call in found.calls(found.input_shape)]
    assert len(set(paths)) == len(paths)


def test_networks_are_functions_that_read_like_pytorchs() -> None:
    for name, entry in NETWORKS.items():
        build = getattr(lc.networks, name)
        assert name in lc.networks.__all__
        assert build().version == entry.default
        assert build.__doc__
        assert "Raises UnknownNameError" in build.__doc__
        with pytest.raises(lc.UnknownNameError, match=f"no version of {name} is called 'v0'"):
            build("v0")


def test_a_larger_image_keeps_the_parameters_where_pooling_adapts() -> None:
    """torchvision's VGG-16 takes any size from 32 up; MACs grow with the area, but for the head's."""
    small, large = (lc.table(net("vgg16", "torchvision"), (3, size, size)).total for size in (224, 448))
    assert small.parameters == large.parameters
    head = of_kind("macs", lc.Linear, "vgg16")
    assert large.macs - head == 4 * (small.macs - head)


def test_a_batch_multiplies_the_work_and_not_the_parameters() -> None:
    one, eight = (lc.table(net("resnet50"), batch=batch).total for batch in (1, 8))
    assert (eight.macs, eight.parameters) == (8 * one.macs, one.parameters)
    assert prod((8, one.activation_bytes)) == eight.activation_bytes


@pytest.mark.parametrize(
    ("version", "asked", "parameters", "macs"),
    [
        pytest.param("ungrouped", {"groups": 2}, 60_965_224, 724_406_816, id="the halves that courses merge"),
        pytest.param("two-gpu", {"groups": 1}, 62_378_344, 1_135_256_096, id="the paper's, merged"),
        # 5·5 cells in place of 6·6: 11·256 fewer inputs of 4,096 outputs
        pytest.param("ungrouped", {"size": 224}, 62_378_344 - 11 * 256 * 4096, None, id="224, no padding"),
        pytest.param("ungrouped", {"size": 224, "padding": 2}, 62_378_344, 1_135_256_096, id="224 and 2"),
        pytest.param("torchvision", {"padding": 0}, 61_100_840, None, id="torchvision pools to 6 x 6 always"),
        # half of 64·192·5·5, 384·256·3·3 and 256·256·3·3
        pytest.param("torchvision", {"groups": 2}, 61_100_840 - 153_600 - 442_368 - 294_912, None,
                     id="torchvision's in two groups"),
    ],
)  # fmt: skip
def test_alexnet_follows_what_is_asked_of_it(
    version: str, asked: dict[str, int], parameters: int, macs: int | None
) -> None:
    """Groups cut their three layers, a lost row cuts the first fully connected one."""
    total = lc.table(lc.networks.alexnet(version, **asked)).total
    assert total.parameters == parameters
    assert macs is None or total.macs == macs


@pytest.mark.parametrize("version", ["ungrouped", "two-gpu", "torchvision"])
@pytest.mark.parametrize("asked", ["size", "groups"])
def test_nothing_is_not_taken_for_what_alexnet_usually_has(version: str, asked: str) -> None:
    with pytest.raises((lc.LayerError, lc.ShapeError), match="at least 1, but got 0"):
        lc.table(lc.networks.alexnet(version, **{asked: 0}))


def test_what_no_vgg_has_is_refused() -> None:
    with pytest.raises(TypeError, match="side"):
        lc.network_named("vgg16", side=256)


def test_a_larger_image_makes_only_the_first_dense_layer_of_vgg_larger() -> None:
    """Each pixel of the last map brings 512·4,096 weights: 8·8 in place of 7·7 at 256."""
    usual, large = (lc.table(lc.networks.vgg16(size=size)).total for size in (224, 256))
    assert large.parameters - usual.parameters == (64 - 49) * 512 * 4096
    published = lc.networks.vgg16("torchvision", size=256)
    assert lc.table(published).total.parameters == usual.parameters  # pooled to 7 x 7


def test_a_mean_of_each_map_leaves_vgg_a_tenth_of_its_parameters() -> None:
    """The convolutions' 14,714,688 and 512·1,000 + 1,000; torchvision's spelling holds the same."""
    for version in ("paper", "torchvision"):
        net = lc.networks.vgg16(version, global_pooling=True)
        assert lc.table(net).total.parameters == 14_714_688 + 513_000


def test_the_hidden_layers_of_vgg_may_be_narrower() -> None:
    """25,088 to 100 to 100 to 1,000, each with biases."""
    net = lc.networks.vgg16(hidden=100)
    assert lc.table(net).total.parameters == 14_714_688 + 25_089 * 100 + 101 * 100 + 101 * 1000
