"""The explorer of VGG shows what layercost computes, and knows when its challenge is reached."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers.vgg import (
    CEILING,
    DEEP,
    FLOOR,
    FRAME,
    LAYERS,
    PER_CENT,
    SCALE,
    VERSIONS,
    percent,
    sides,
)
from tests.explorers.reading import copied_lines, move, tree, with_class, words

PARAMETERS, MACS = 138_357_544, 15_470_264_320  # VGG-16, document 004 and torchvision

STATES = [
    pytest.param({}, id="as printed"),
    pytest.param({"version": "A", "size": 320}, id="A on a larger image"),
    pytest.param({"version": "E", "size": 512}, id="E on the largest"),
    pytest.param({"version": "B", "hidden": 1000}, id="narrow dense layers"),
    pytest.param({"size": 512, "hidden": 8192}, id="the largest dense layers"),
    pytest.param({"pooled": True, "size": 32}, id="a mean of each map"),
]


def _network(moved: dict[str, object]) -> lc.Model:
    size, hidden, pooled = moved.get("size", 224), moved.get("hidden", 4096), moved.get("pooled", False)
    return VERSIONS[str(moved.get("version", "D"))](size=size, hidden=hidden, global_pooling=pooled)


@pytest.mark.parametrize("moved", STATES)
def test_its_bars_are_the_shares_of_vgg16s_totals(moved: dict[str, object]) -> None:
    """Parameters above the axis, MACs below, one scale for both and for every setting."""
    explorer = explorer_named("vgg")
    move(explorer, **moved)
    rows = {row.name: row for row in lc.table(_network(moved)).rows if row.parameters}
    hills = with_class(explorer.pane("picture"), "lc-hill")
    assert [hill.get("data-set") for hill in hills] == [f"layer={name}" for name in LAYERS if name in rows]
    for hill, row in zip(hills, rows.values(), strict=True):
        _touch, up, down = hill.iter("rect")
        held, done = 100 * row.parameters / PARAMETERS, 100 * row.macs / MACS
        expected = max(min(held, CEILING) * PER_CENT, 0.5), max(min(done, FLOOR) * PER_CENT, 0.5)
        heights = float(up.get("height", 0)), float(down.get("height", 0))
        assert heights == pytest.approx(expected, abs=0.006)
        if held > CEILING:
            assert f"{held:,.0f} % ↑" in words(hill)
        assert (f"← {done:.0f} %" in words(hill)) == (done > FLOOR)


@pytest.mark.parametrize("moved", STATES)
def test_its_matrices_are_to_scale(moved: dict[str, object]) -> None:
    """One unit is as many weights for every layer; fc6 ends at the frame, and says how much wider it is."""
    explorer = explorer_named("vgg")
    move(explorer, **moved)
    shown = {
        str(each.get("data-set")).partition("=")[2]: each
        for each in with_class(explorer.pane("picture"), "lc-matrix")
    }
    expected = sides(explorer._good)
    assert set(shown) == set(expected)
    for name, (across, down) in expected.items():
        width, height = float(shown[name].get("width", 0)), float(shown[name].get("height", 0))
        assert height == pytest.approx(max(min(down, DEEP) / SCALE, 1), abs=0.006)
        assert width == pytest.approx(max(min(across, FRAME) / SCALE, 1), abs=0.006)
        layer = next(leaf for path, leaf in explorer._good.layer.leaves() if path == name)
        assert across * down == lc.count(layer, lc.WEIGHTS).total


def test_fc6_leaves_the_picture_with_a_larger_image() -> None:
    """512 · 16 · 16 inputs are 4.4 frames of 29,760."""
    explorer = explorer_named("vgg", size=512)
    (said,) = (words(each) for each in with_class(explorer.pane("picture"), "lc-spilled")
               if "fc6" in words(each))  # fmt: skip
    assert said == "fc6: 131,072 × 4,096, 4.4 times as wide as the picture →"


@pytest.mark.parametrize(
    ("size", "said"),
    [
        pytest.param(512, "fc6: 131,072 × 8,192, 4.4 → and 1.8 ↓ times what is drawn", id="on both sides"),
        pytest.param(32, "fc6: 512 × 8,192, 1.8 times as high as what is drawn ↓", id="at its lower end"),
    ],
)
def test_a_matrix_that_is_cut_at_its_lower_end_says_how_much_higher_it_is(size: int, said: str) -> None:
    """8,192 outputs are 1.8 times 4,480; fc7 has as many."""
    explorer = explorer_named("vgg", size=size, hidden=8192)
    spilled = [words(each) for each in with_class(explorer.pane("picture"), "lc-spilled")]
    assert {said, "8,192 ↓"} <= set(spilled)


def test_only_fc6_grows_with_the_image() -> None:
    """Every other layer holds at 448 what it holds at 224."""
    small, large = (explorer_named("vgg", size=size)._good.weighed for size in (224, 448))
    grown = {name for name in small if small[name][1] != large[name][1]}
    assert grown == {"fc6"}
    assert large["fc6"][1] - 4096 == 4 * (small["fc6"][1] - 4096)


def test_the_challenge_is_open_at_first_and_says_how_far_it_is() -> None:
    explorer = explorer_named("vgg")
    (challenge,) = with_class(explorer.pane("picture"), "lc-challenge")
    goals = [words(goal) for goal in with_class(explorer.pane("picture"), "lc-goal")]
    assert goals == [
        "✓ the MACs of VGG-16, within 1 %: 100.0 %",
        "○ half of its parameters at most: 100.0 %",
    ]
    assert "lc-won" not in challenge.get("class", "")


@pytest.mark.parametrize(
    ("moved", "won"),
    [
        pytest.param({"pooled": True}, True, id="a mean of each map"),
        pytest.param({"hidden": 1900}, True, id="narrower dense layers"),
        pytest.param({"hidden": 2000}, False, id="a little too wide"),
        pytest.param({"version": "A", "size": 320}, False, id="the work of A on a larger image, with fc6"),
        pytest.param({"version": "A", "size": 324, "pooled": True}, True, id="the fewest parameters"),
        pytest.param({"version": "A", "size": 330, "pooled": True}, False, id="too large an image"),
        pytest.param({"version": "E", "pooled": True}, False, id="too deep"),
    ],
)
def test_the_challenge_is_reached_where_the_numbers_say_so(moved: dict[str, object], won: bool) -> None:
    """The MACs of VGG-16 within 1 %, and at most half of its parameters."""
    explorer = explorer_named("vgg", **moved)
    total = lc.table(_network(moved)).total
    assert won == (abs(total.macs - MACS) <= MACS / 100 and total.parameters <= PARAMETERS / 2)
    (challenge,) = with_class(explorer.pane("picture"), "lc-challenge")
    assert ("lc-won" in challenge.get("class", "")) == won
    assert words(challenge).startswith("Challenge reached. Copy the link to send it." if won else "Challenge")
    assert f"within 1 %: {percent(total.macs, MACS)} %" in words(challenge)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["conv3_4", "fc6", "fc8"])
def test_a_layer_is_derived_or_said_to_be_missing(version: str, name: str) -> None:
    explorer = explorer_named("vgg", version=version, layer=name)
    net = VERSIONS[version]()
    call = next((call for call in net.calls(net.input_shape) if call.path == name), None)
    if call is None:
        assert "This network has no such layer." in words(tree(explorer.pane("detail")))
        return
    for quantity in (lc.PARAMETERS, lc.MACS):
        counted = lc.count(call.layer, quantity, call.input_shape)
        assert f"{counted.text()} {counted.unit}" in copied_lines(explorer, "detail")


@pytest.mark.parametrize("moved", STATES)
def test_its_twin_is_the_table_of_the_network_and_its_shares(moved: dict[str, object]) -> None:
    explorer = explorer_named("vgg")
    move(explorer, **moved, convention="macs")
    net = _network(moved)
    assert lc.table(net, convention="macs").html() in explorer.pane("twin")
    said = words(tree(explorer.pane("twin")))
    total = lc.table(net).total
    assert f"parameters, of VGG-16's{percent(total.parameters, PARAMETERS)}%" in said
    assert f"MACs, of VGG-16's{percent(total.macs, MACS)}%" in said


def test_its_words_for_those_who_listen_have_the_shares() -> None:
    explorer = explorer_named("vgg", pooled=True)
    (hills,) = with_class(explorer.pane("picture"), "lc-hills")
    assert "In all 11.0 % of the parameters and 99.2 % of the MACs." in hills.get("aria-label", "")
