"""The explorer of residual networks shows what layercost computes for the same network."""

from __future__ import annotations

from itertools import pairwise, product

import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers.pieces import Mark, named
from layercost.explorers.resnet import BLOCKS, PLACES, PUBLISHED, STRIDES, plan_of, published
from layercost.networks.resnet import planned
from tests.explorers.reading import copied_lines, move, numbers, tree, with_class, words

PUBLISHED_STATES = [
    pytest.param(depth, blocks, bottleneck, stride, id=f"ResNet-{depth} {stride}")
    for ((blocks, bottleneck), depth), stride in product(PUBLISHED.items(), tuple(STRIDES))
]


def shown(**settings: object) -> object:
    made = explorer_named("resnet")
    move(made, **settings)
    return made


@pytest.mark.parametrize(("depth", "blocks", "bottleneck", "stride"), PUBLISHED_STATES)
def test_a_published_network_is_named_and_has_the_librarys_totals(
    depth: int, blocks: str, bottleneck: bool, stride: str
) -> None:
    """The name, the parameters, the MACs, and the FLOPs under each convention."""
    made = shown(blocks=blocks, block="bottleneck" if bottleneck else "basic", stride=stride)
    network = lc.network_named(f"resnet{depth}", STRIDES[stride])
    assert f"ResNet-{depth}" in words(with_class(made.pane("picture"), "lc-heading")[0])
    for convention in lc.CONVENTIONS:
        move(made, convention=convention)
        counted = lc.count(network, lc.FLOPS, network.input_shape, convention)
        held = lc.count(network, lc.PARAMETERS).total
        assert copied_lines(made, "total") == [f"{held:,} parameters", f"{counted.total:,} {counted.unit}"]
    assert f"{lc.count(network, lc.MACS, network.input_shape).total:,} MACs" in copied_lines(made, "line")


@pytest.mark.parametrize("depth", [50, 101])
def test_a_waist_of_128_gives_the_wide_networks(depth: int) -> None:
    """Published by torchvision: 68,883,240 and 126,886,696 parameters."""
    blocks = {50: "3-4-6-3", 101: "3-4-23-3"}[depth]
    made = shown(blocks=blocks, block="bottleneck", inner=128)
    assert f"Wide ResNet-{depth}-2" in words(with_class(made.pane("picture"), "lc-heading")[0])
    expected = {50: "68,883,240", 101: "126,886,696"}[depth]
    assert copied_lines(made, "total")[0] == f"{expected} parameters"


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
@pytest.mark.parametrize("blocks", list(BLOCKS))
def test_the_pieces_of_a_bar_sum_to_the_whole_and_stand_to_scale(blocks: str, block: str) -> None:
    """As many pieces as blocks, each as wide as its share; the bars end with the totals."""
    made = shown(blocks=blocks, block=block)
    network = planned(plan_of(made.settings))
    total = lc.table(network).total
    for drawn, whole in zip(
        with_class(made.pane("picture"), "lc-sum"), (total.macs, total.parameters), strict=True
    ):
        said = words(next(iter(drawn)))
        assert numbers(said) == {whole}
        pieces = [one for one in drawn.iter("rect") if one.get("data-set")]
        assert len(pieces) == sum(BLOCKS[blocks])
        ends = [float(one.get("x", "")[:-1]) + float(one.get("width", "")[:-1]) for one in drawn.iter("rect")]
        assert all(later >= one - 0.02 for one, later in pairwise(ends))  # rounded to hundredths
        assert ends[-1] <= 100


@pytest.mark.parametrize("stride", list(STRIDES))
def test_the_marks_are_the_networks_of_the_paper(stride: str) -> None:
    """Each at the amount that the library counts of the whole network."""
    style = plan_of(shown(stride=stride).settings).style
    for depth, marked in published(style).items():
        total = lc.table(lc.network_named(f"resnet{depth}", STRIDES[stride])).total
        assert marked == {"macs": total.macs, "parameters": total.parameters}


def test_each_further_basic_block_takes_the_same_macs_in_every_stage() -> None:
    """Twice the channels on half the height and width: 2·9·C·C·H·W stays, and the weights are four times."""
    made = explorer_named("resnet")
    found = {}
    for stage in "1234":
        move(made, looked=f"stage {stage}, later blocks")
        found[stage] = words(with_class(made.pane("picture"), "lc-heading")[1])
    assert all("231,211,008 MACs" in said for said in found.values())


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
@pytest.mark.parametrize("looked", list(PLACES))
def test_the_block_that_is_drawn_has_the_numbers_of_the_network(looked: str, block: str) -> None:
    """Weights and MACs of each convolution, and of its projection."""
    made = shown(block=block, looked=looked)
    network = planned(plan_of(made.settings))
    stage, first = PLACES[looked]
    rows = [row for row in lc.table(network).rows if row.name.startswith(f"layer{stage}.{int(not first)}.")]
    said = numbers(" ".join(with_class(made.pane("picture"), "lc-residual-block")[0].itertext()))
    for row in rows:
        if isinstance(row.module, lc.Conv2d):
            assert {row.parameters, row.macs} <= said
    heading = numbers(words(with_class(made.pane("picture"), "lc-heading")[1]))
    assert {sum(row.parameters for row in rows), sum(row.macs for row in rows)} <= heading


def test_three_layers_cost_no_more_than_two() -> None:
    """The surprise of the chapter: a further bottleneck takes fewer MACs than a further basic block."""
    made = shown(looked="stage 3, later blocks")
    basic = words(with_class(made.pane("picture"), "lc-heading")[1])
    move(made, block="bottleneck")
    bottleneck = words(with_class(made.pane("picture"), "lc-heading")[1])
    assert "231,211,008 MACs" in basic
    assert "218,365,952 MACs" in bottleneck


def test_zeros_in_place_of_a_projection_have_nothing_to_count() -> None:
    """Option A holds no weights on the shortcut."""
    made = shown(shortcut="zeros", looked="stage 2, first block")
    (aside,) = with_class(made.pane("picture"), "lc-aside")
    assert "nothing to count" in words(aside)
    network = lc.networks.resnet34("option-a")
    assert copied_lines(made, "total")[0] == f"{lc.count(network, lc.PARAMETERS).total:,} parameters"


def test_a_touch_on_a_block_looks_at_its_kind() -> None:
    """First blocks and further ones differ; every piece asks for one of the two of its stage."""
    made = explorer_named("resnet")
    asked = {one.get("data-set") for one in tree(made.pane("picture")).iter("rect") if one.get("data-set")}
    assert asked == {f"looked={place}" for place in PLACES}


def test_names_of_crowded_marks_do_not_cover_each_other() -> None:
    """Five networks within a tenth of the bar: the one that is reached and the largest are named."""
    marks = [
        Mark(str(depth), amount, depth == 34)
        for depth, amount in zip((18, 34, 50, 101, 152), range(2, 7), strict=True)
    ]
    shown = named(marks, 60)
    assert {mark.name for mark in shown} >= {"34", "152"}
    assert len(shown) < len(marks)


def test_marks_with_room_are_all_named() -> None:
    marks = [Mark(str(amount), amount) for amount in (100, 300, 500, 700, 990)]
    assert set(named(marks, 1000)) == set(marks)
