"""The explorer of pooling shows what layercost and its loops count, and what tools print."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost import dialects, witness
from layercost.explorers import explorer as explorer_named
from layercost.explorers.pooling import MAX, MEAN, digit
from tests.explorers.reading import copied_lines, move, numbers, tree, wheels, with_class, words

SETTINGS = [
    pytest.param({}, id="as printed"),
    pytest.param({"kernel_size": 3}, id="windows that overlap"),
    pytest.param({"kernel_size": 3, "padding": 1}, id="clipped by padding"),
    pytest.param({"kernel_size": 3, "ceil_mode": True}, id="a last window that hangs over"),
    pytest.param({"kernel_size": 2, "stride": 3, "channels": 5}, id="cells that nobody reads"),
    pytest.param({"kernel_size": 1, "stride": 1}, id="a window of one cell"),
    pytest.param({"kernel_size": 7, "stride": 1, "size": 7, "channels": 3}, id="the whole map"),
]
KINDS = pytest.mark.parametrize("kind", [MAX, MEAN])


def shown(kind: str, moved: dict[str, object]):
    """The explorer at its end, with the layer and shape that it should show."""
    explorer = explorer_named("pooling", kind=kind)
    move(explorer, **moved)
    travel = explorer.control("position")
    travel.value = travel.max
    set_to = explorer.settings
    sizes = (set_to["kernel_size"], set_to["stride"], set_to["padding"])
    up = set_to["ceil_mode"]
    layer = (
        lc.MaxPool2d(*sizes, ceil_mode=up)
        if kind == MAX
        else lc.AvgPool2d(*sizes, ceil_mode=up, count_include_pad=False)
    )
    return explorer, layer, (set_to["channels"], set_to["size"], set_to["size"])


@KINDS
@pytest.mark.parametrize("moved", SETTINGS)
def test_the_odometer_ends_with_what_the_library_and_the_loops_count(kind: str, moved: dict[str, object]):
    explorer, layer, shape = shown(kind, moved)
    ends = wheels(explorer)
    assert all(done == end for done, end in ends.values())
    seen = witness.run(layer, shape)
    outputs = lc.count(layer, lc.ACTIVATIONS, shape).total
    done = "comparisons" if kind == MAX else "additions"
    expected = lc.count(layer, lc.COMPARISONS if kind == MAX else lc.ADDITIONS, shape).total
    assert ends[done][1] == expected == getattr(seen.tally, done)
    assert ends["cells read"][1] == expected + outputs
    if kind == MEAN:
        assert ends["divisions"][1] == outputs


@KINDS
@pytest.mark.parametrize("moved", SETTINGS)
def test_each_bar_is_what_a_convention_gives_and_what_its_tools_print(kind: str, moved: dict[str, object]):
    explorer, layer, shape = shown(kind, moved)
    named = set()
    for answer in explorer._good.answers:
        for name in answer.who:
            counted = (
                lc.count(layer, lc.FLOPS, shape, name).total
                if name in lc.CONVENTIONS
                else dialects.read(layer, shape, name).main
            )
            assert counted == answer.amount
        named |= set(answer.who)
    assert named >= {*lc.CONVENTIONS, "fvcore", "torchmeter", "tf.profiler", "ptflops(pytorch)"}
    written = [words(bar) for bar in with_class(explorer.pane("total"), "lc-answer-number")]
    assert written == [f"{answer.amount:,}" for answer in explorer._good.answers]


def test_two_ways_of_counting_meet_where_windows_stand_side_by_side_and_part_where_they_overlap():
    explorer = explorer_named("pooling", size=112, channels=128)
    labels = {answer.amount: tuple(map(str, answer.counts)) for answer in explorer._good.answers}
    assert labels[1_605_632] == ("cells of windows", "values in")
    move(explorer, kernel_size=3)
    labels = {answer.amount: tuple(map(str, answer.counts)) for answer in explorer._good.answers}
    assert labels[1_605_632] == ("values in",)
    assert labels[3_484_800] == ("cells of windows",)


def test_the_row_of_the_chosen_convention_is_marked():
    explorer = explorer_named("pooling")
    move(explorer, convention="everything")
    (chosen,) = with_class(explorer.pane("total"), "lc-chosen")
    assert words(chosen).startswith("cells of windows = values in64everything, ")


@pytest.mark.parametrize(("kernel", "position"), [(2, 1), (2, 6), (3, 4), (5, 3), (7, 1)], ids=str)
def test_the_tree_has_a_join_for_each_comparison_and_its_winner_is_the_largest_cell(kernel, position):
    explorer = explorer_named("pooling", kernel_size=kernel)
    explorer.control("position").value = position
    picture = explorer.pane("picture")
    assert len(with_class(picture, "lc-join")) == kernel * kernel - 1
    row, column = divmod(position - 1, explorer._good.side)
    cells = [digit(2 * row + i, 2 * column + j) for i in range(kernel) for j in range(kernel)]
    assert words(with_class(picture, "lc-outcome")[0]) == str(max(cells))


def test_the_mean_of_a_clipped_window_is_that_of_its_real_cells():
    explorer = explorer_named("pooling", kind=MEAN, kernel_size=3, padding=1)
    explorer.control("position").value = 1
    corner = [digit(i, j) for i in range(2) for j in range(2)]
    assert words(with_class(explorer.pane("picture"), "lc-outcome")[0]) == f"{sum(corner) / 4:.2f}"
    assert "÷ 4" in words(tree(explorer.pane("picture")))


def test_its_line_is_the_derivation_of_the_library():
    explorer = explorer_named("pooling", size=112, channels=128)
    line = lc.count(lc.MaxPool2d(2), lc.COMPARISONS, (128, 112, 112)).text()
    assert f"{line} comparisons" in copied_lines(explorer, "total")
    assert "1,204,224" in line


def test_the_twin_holds_the_numbers_of_the_bars_and_names_all_who_give_them():
    explorer = explorer_named("pooling", kernel_size=3, padding=1)
    twin = words(tree(explorer.pane("twin")))
    for answer in explorer._good.answers:
        assert answer.amount in numbers(twin)
        assert ", ".join(answer.who) in twin


def test_padding_of_more_than_half_a_window_is_said_and_the_last_picture_stays():
    explorer = explorer_named("pooling")
    before = explorer.pane("picture")
    move(explorer, padding=2)
    assert "padding must be at most half of the kernel" in words(tree(explorer.pane("message")))
    assert explorer.pane("picture") == before


def test_a_place_of_the_output_can_be_touched():
    explorer = explorer_named("pooling")
    places = [element.get("data-set") for element in with_class(explorer.pane("picture"), "lc-touch")]
    assert places == [f"position={place}" for place in range(1, 17)]
