"""What the chapters on ResNet and GoogLeNet say of blocks and modules, worked out apart from the library."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost import witness
from layercost.networks.googlenet import TABLE_1, inception
from layercost.networks.resnet import Plan, planned


def macs_of(network: lc.Layer, path: str) -> int:
    return sum(
        row.macs for row in lc.table(network, input=(3, 224, 224)).rows if row.name.startswith(f"{path}.")
    )


@pytest.mark.parametrize("stage", [1, 2, 3, 4])
def test_a_further_block_is_the_same_amount_of_work_in_every_stage(stage: int) -> None:
    """Basic: 2·9·C·C places; bottleneck: (4 + 9 + 4)·C·C places; C·C·H·W is 64·64·56·56 everywhere."""
    cells = 64 * 64 * 56 * 56
    assert macs_of(lc.networks.resnet34(), f"layer{stage}.1") == 18 * cells
    assert macs_of(lc.networks.resnet50(), f"layer{stage}.1") == 17 * cells


@pytest.mark.parametrize("depth", [50, 101, 152])
def test_the_place_of_the_stride_moves_exactly_one_basic_block(depth: int) -> None:
    """Three stages, each 3/4 of 8·C·C weights at H·W places: 18·C·C·H·W."""
    later = lc.table(lc.network_named(f"resnet{depth}")).total
    first = lc.table(lc.network_named(f"resnet{depth}", "v1")).total
    assert later.macs - first.macs == 18 * 64 * 64 * 56 * 56
    assert later.parameters == first.parameters


@pytest.mark.parametrize(
    ("blocks", "parameters"),
    [
        pytest.param((3, 4, 6, 3), 68_883_240, id="Wide ResNet-50-2"),
        pytest.param((3, 4, 23, 3), 126_886_696, id="Wide ResNet-101-2"),
    ],
)
def test_a_waist_of_128_gives_the_wide_networks_of_torchvision(
    blocks: tuple[int, ...], parameters: int
) -> None:
    """Both numbers are those that torchvision prints for its weights."""
    assert lc.table(planned(Plan(blocks, True, inner=128))).total.parameters == parameters


@pytest.mark.parametrize(("bottleneck", "depth"), [(False, 18), (True, 26)])
def test_a_plan_knows_its_depth(bottleneck: bool, depth: int) -> None:
    """One convolution, two or three a block, one fully connected layer."""
    plan = Plan((2, 2, 2, 2), bottleneck)
    assert plan.depth == depth
    assert planned(plan).name == f"resnet{depth}"


@pytest.mark.parametrize("blocks", [(), (2, 2), (2, 2, 2, 0), (0, 2, 2, 2)], ids=str)
def test_a_plan_with_a_stage_that_is_not_there_is_refused(blocks: tuple[int, ...]) -> None:
    with pytest.raises(lc.LayerError, match="has 4 stages of one block or more, but got"):
        planned(Plan(blocks, bottleneck=False))


@pytest.mark.parametrize("bottleneck", [False, True])
def test_a_narrow_block_multiplies_as_often_as_loops_do(bottleneck: bool) -> None:
    """The second block of a narrow network on maps of 3 x 3, run one number at a time."""
    network = planned(Plan((2, 2, 2, 2), bottleneck, inner=2))
    block = dict(dict(network.children)["layer1"].children)["1"]
    shape = (256 if bottleneck else 64, 3, 3)
    run = witness.run(lc.Sequential(dict(dict(block.children)["block"].children)["main"]), shape)
    convolutions = sum(row.macs for row in lc.table(block, input=shape).rows)
    normalizations = sum(
        lc.count(row.module, lc.MULTIPLICATIONS, tuple(map(int, row.inputs[0]))).total
        for row in lc.table(block, input=shape).rows
        if isinstance(row.module, lc.BatchNorm2d)
    )
    assert run.tally.multiplications == convolutions + normalizations


def test_googlenet_without_reductions_takes_eight_times_the_macs() -> None:
    """Worked out from table 1 alone: pooling hands on every channel, so the channels pile up."""
    sides = {"3": 28, "4": 14, "5": 7}
    channels, work = 192, 0
    for name, row in TABLE_1.items():
        work += sides[name[0]] ** 2 * channels * (row.one + 9 * row.three + 25 * row.five)
        module = inception(channels, row, reduced=False)
        side = sides[name[0]]
        assert lc.count(module, lc.MACS, (channels, side, side)).total == sides[name[0]] ** 2 * channels * (
            row.one + 9 * row.three + 25 * row.five
        )
        channels += row.one + row.three + row.five
    stem = 118_013_952 + 359_661_568
    assert channels == 4944
    assert work + stem + channels * 1000 == 12_568_061_056
