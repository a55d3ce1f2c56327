"""The explorer of LeNet-5 shows what layercost computes for the same network."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers import parts
from layercost.explorers.lenet import STAGES
from layercost.networks.lenet import VERSIONS
from tests.explorers.reading import copied_lines, move, numbers, panes, tree, wheels, with_class, words

NETWORKS = [
    pytest.param({}, id="as printed"),
    pytest.param({"version": "average-pooling", "size": 40}, id="average pooling, 40 x 40"),
    pytest.param({"version": "1998"}, id="1998"),
    pytest.param({"size": 28, "in_channels": 3, "classes": 100, "convention": "everything"}, id="28 x 28"),
    pytest.param({"convention": "macs"}, id="macs"),
]


def _network(moved: dict[str, object]) -> lc.Model:
    fields = {
        name: value for name, value in moved.items() if name in {"version", "size", "in_channels", "classes"}
    }
    return lc.networks.lenet5(**fields)


@pytest.mark.parametrize("moved", NETWORKS)
def test_its_lines_are_those_of_the_layer_and_of_the_network(moved: dict[str, object]) -> None:
    """First the layer that is looked at, then the whole, under the convention that is chosen."""
    explorer = explorer_named("lenet")
    move(explorer, **moved)
    convention, network = moved.get("convention", "textbook"), _network(moved)
    layer = next(call for call in network.calls(network.input_shape) if call.path in {"conv2", "c3"})
    lines = copied_lines(explorer, "line", "detail")
    for owner, shape, quantities in (
        (layer.layer, layer.input_shape, (lc.PARAMETERS, lc.MACS, lc.FLOPS)),
        (network, network.input_shape, (lc.PARAMETERS, lc.PARAMETER_BYTES, lc.MACS, lc.FLOPS)),
    ):
        for quantity in quantities:
            counted = lc.count(owner, quantity, shape, convention)
            assert f"{counted.text()} {counted.unit}" in lines


def test_it_shows_the_famous_totals() -> None:
    """61,706 parameters, 241.0 KiB in float32, 416,520 MACs, 833,040 textbook FLOPs."""
    explorer = explorer_named("lenet")
    said = words(tree(explorer.pane("line")))
    for total in ("61,706 parameters", "241.0 KiB", "416,520 MACs", "833,040 FLOPs · textbook"):
        assert total in said


def test_it_says_what_a_total_leaves_out() -> None:
    """Never a silent zero: activations and pooling are named with their number."""
    line = words(tree(explorer_named("lenet").pane("line")))
    assert "not counted: 6,508 × ReLU (activation), 1,576 × maximum (pooling)" in line


@pytest.mark.parametrize("moved", NETWORKS)
def test_its_bars_are_the_shares_of_each_layer(moved: dict[str, object]) -> None:
    """Parameters and MACs of each layer with their share of the total, at the ends of the bars."""
    explorer = explorer_named("lenet")
    move(explorer, **moved)
    table = lc.table(_network(moved))
    rows = {row.name: row for row in table.rows}
    pairs = with_class(explorer.pane("detail"), "lc-pair")
    assert len(pairs) == len(STAGES)
    for pair in pairs:
        row = rows[words(pair[0])]
        amounts = ((row.parameters, table.total.parameters), (row.macs, table.total.macs))
        expected = [f"{part:,} ({100 * part / whole:.1f} %)" if part else "0" for part, whole in amounts]
        assert [words(value) for value in pair.iter("text")] == expected
        for bar, (part, whole) in zip(pair.iter("rect"), amounts, strict=True):
            assert bar.get("width") == f"{100 * part / whole:.2f}%"


def test_parameters_sit_in_fc1_and_macs_in_conv2() -> None:
    """The lesson of the picture: 78.0 % of the parameters, 57.6 % of the MACs."""
    bars = {words(pair): pair for pair in with_class(explorer_named("lenet").pane("detail"), "lc-pair")}
    assert any(said.startswith("fc1") and "48,120 (78.0 %)" in said for said in bars)
    assert any(said.startswith("conv2") and "240,000 (57.6 %)" in said for said in bars)


@pytest.mark.parametrize("moved", NETWORKS)
def test_its_twin_is_the_table_of_the_network(moved: dict[str, object]) -> None:
    """The same table that `layercost.table` gives, under the same convention."""
    explorer = explorer_named("lenet")
    move(explorer, **moved)
    table = lc.table(_network(moved), convention=moved.get("convention", "textbook"))
    assert table.html() in explorer.pane("twin")


@pytest.mark.parametrize("moved", NETWORKS)
def test_its_pipeline_shows_the_shape_that_each_layer_gives(moved: dict[str, object]) -> None:
    """From the image to the classes."""
    explorer = explorer_named("lenet")
    move(explorer, **moved)
    network = _network(moved)
    shapes = {call.path: call.output_shape for call in network.calls(network.input_shape)}
    stages = [words(stage) for stage in with_class(explorer.pane("picture"), "lc-stage-name")]
    sizes = [words(stage) for stage in with_class(explorer.pane("picture"), "lc-stage-size")]
    assert sizes[0] == "×".join(map(str, network.input_shape))
    assert sizes[1:] == ["×".join(str(int(size)) for size in shapes[name]) for name in stages[1:]]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("stage", range(len(STAGES)))
def test_the_odometer_ends_at_what_the_layer_takes(version: str, stage: int) -> None:
    """At the last position every multiplication and addition of the layer has been counted."""
    explorer = explorer_named("lenet", version=version, layer=STAGES[stage])
    position = explorer.control("position")
    position.value = position.max
    network = lc.networks.lenet5(version)
    name = words(with_class(explorer.pane("picture"), "lc-heading")[0]).split()[0]
    call = next(call for call in network.calls(network.input_shape) if call.path == name)
    shown = wheels(explorer)
    assert all(done == end for done, end in shown.values())
    for what, quantity in (("multiplications", lc.MULTIPLICATIONS), ("additions", lc.ADDITIONS)):
        assert shown.get(what, (0, 0))[1] == lc.count(call.layer, quantity, call.input_shape).total


def test_each_position_of_conv2_takes_sixteen_dot_products_of_150() -> None:
    """16 kernels over 6·5·5 cells: 2,400 multiplications at each of 100 positions."""
    explorer = explorer_named("lenet")
    for position in (1, 37, 100):
        explorer.control("position").value = position
        assert wheels(explorer)["multiplications"] == (position * 2400, 240000)
    assert "16 × dot product over 150 (weights), 16 × addition (bias)" in words(
        tree(explorer.pane("picture"))
    )


def test_the_numbers_of_a_sliding_window_are_computed() -> None:
    """Sizes of the maps, the place of the window, counts so far; nothing else."""
    explorer = explorer_named("lenet")
    explorer.control("position").value = 64  # row 7, column 4
    html = explorer.pane("picture").partition("</ol>")[2]  # after the network, the layer
    said = " ".join(tree(html).itertext()).replace("conv2", "").replace("Conv2d", "")
    shown = numbers(said)
    computed = {6, 16, 5, 14, 10, 64, 100, 7, 4, 150, 64 * 2400, 240000}
    assert shown == computed


@pytest.mark.parametrize(
    ("version", "size", "layer"),
    [
        pytest.param("max-pooling", 15, "pool2", id="one cell is too few for the second pooling"),
        pytest.param("max-pooling", 12, "conv2", id="the second kernel is larger than its input"),
        pytest.param("max-pooling", 4, "conv1", id="the first kernel is larger than the image"),
        pytest.param("average-pooling", 28, "c5", id="C5 as a convolution needs 5 x 5"),
        pytest.param("1998", 31, "c5", id="1998 needs 32 x 32"),
    ],
)
def test_an_image_that_is_too_small_is_said_in_the_words_of_the_error(
    version: str, size: int, layer: str
) -> None:
    """Which layer, what it needs and what came; the last network that worked stays."""
    explorer = explorer_named("lenet", version=version)
    good = panes(explorer)
    explorer.control("size").value = size
    with pytest.raises(lc.ShapeError) as refused:
        lc.networks.lenet5(version, size=size)
    said = words(tree(explorer.pane("message")))
    assert str(refused.value) in said
    assert str(refused.value).startswith(f"{layer}: ")
    assert "image 1×32×32" in said
    assert {pane: html for pane, html in panes(explorer).items() if pane != "message"} == good


def test_c5_as_a_convolution_equals_fc1_only_at_32_by_32() -> None:
    """At 32 x 32 both hold 48,120 parameters; at 36 x 36 the fully connected one has grown."""
    totals = {}
    for version in ("max-pooling", "average-pooling"):
        explorer = explorer_named("lenet", version=version, layer="fc1 (C5)")
        for size in (32, 36):
            explorer.control("size").value = size
            totals[version, size] = copied_lines(explorer, "detail")[0].rpartition("= ")[2]
    assert totals["max-pooling", 32] == totals["average-pooling", 32] == "48,120 parameters"
    assert totals["average-pooling", 36] == "48,120 parameters"
    assert totals["max-pooling", 36] == "69,240 parameters"  # 16·6·6·120 + 120


def test_its_ghost_compares_whole_networks_and_outlines_the_old_maps() -> None:
    """Doubling the side of the image: the ratio of MACs, and dashed outlines in the pipeline."""
    explorer = explorer_named("lenet")
    assert with_class(explorer.pane("picture"), "lc-ghost-outline") == []
    explorer.control("size").value = 64
    old, new = lc.table(lc.networks.lenet5()).total, lc.table(lc.networks.lenet5(size=64)).total
    ratios = [words(ratio) for ratio in with_class(explorer.pane("ghost"), "lc-ratio")]
    pairs = ((new.macs, old.macs), (new.parameters, old.parameters))
    assert ratios == [parts.ratio(*pair) for pair in pairs]
    assert f"{new.macs / old.macs:.3g}" == "6"  # more digits are said: it is not six times
    assert ratios[0] == "×5.997"
    assert with_class(explorer.pane("picture"), "lc-ghost-outline")


def test_the_bound_of_the_position_follows_the_layer() -> None:
    """As many positions as the layer has places or outputs."""
    explorer = explorer_named("lenet")
    explorer.control("position").value = 100
    move(explorer, layer="pool2 (S4)")
    assert (explorer.control("position").max, explorer.control("position").value) == (25, 25)
    move(explorer, layer="conv1 (C1)")
    assert explorer.control("position").max == 28 * 28
    move(explorer, layer="fc3 (output)", classes=7)
    assert explorer.control("position").max == 7
