"""The explorer of the fully connected layer shows what layercost computes, and nothing else."""

from __future__ import annotations

from itertools import pairwise

import pytest
from ipywidgets import Button

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers.matrix import visible
from tests.explorers.reading import (
    copied_lines,
    move,
    numbers,
    panes,
    tree,
    wheels,
    widgets,
    with_class,
    words,
)

SETTINGS = [
    pytest.param({}, id="as printed"),
    pytest.param({"in_features": 16, "out_features": 133}, id="16 to 133"),
    pytest.param({"in_features": 784, "out_features": 128, "batch": 32}, id="a batch"),
    pytest.param({"bias": False}, id="no bias"),
    pytest.param({"in_features": 1, "out_features": 1}, id="one weight"),
    pytest.param({"convention": "macs"}, id="macs"),
    pytest.param({"convention": "everything", "bias": False}, id="everything"),
]


@pytest.mark.parametrize("moved", SETTINGS)
def test_its_lines_are_the_derivations_of_the_layer(moved: dict[str, object]) -> None:
    """Letters = numbers = total, as `count` gives them for the same layer, batch and convention."""
    explorer = explorer_named("linear")
    move(explorer, **moved)
    wanted = {
        "in_features": 300,
        "out_features": 100,
        "bias": True,
        "batch": 1,
        "convention": "textbook",
        **moved,
    }
    layer = lc.Linear(wanted["in_features"], wanted["out_features"], bias=wanted["bias"])
    counts = [
        lc.count(layer, quantity, (layer.in_features,), wanted["convention"], batch=wanted["batch"])
        for quantity in (lc.PARAMETERS, lc.PARAMETER_BYTES, lc.MACS, lc.FLOPS)
    ]
    assert copied_lines(explorer) == [f"{counted.text()} {counted.unit}" for counted in counts]
    for line, counted in zip(with_class(explorer.pane("line"), "lc-sub"), counts, strict=True):
        assert f"{counted.total:,} {counted.unit}" in words(line)


def test_it_begins_with_the_example_of_the_sources() -> None:
    """300 inputs to 100 outputs: (300 + 1)·100 = 30,100 parameters (document 001), 60,000 FLOPs."""
    explorer = explorer_named("linear")
    assert "d_out·d_in + d_out = 100·300 + 100 = 30,100 parameters" in copied_lines(explorer)
    assert any(line.endswith("= 60,000 FLOPs") for line in copied_lines(explorer))


@pytest.mark.parametrize(
    ("step", "multiplications", "additions", "bias"),
    [
        pytest.param(0, 0, 0, 0, id="nothing yet"),
        pytest.param(1, 1, 0, 0, id="one product, nothing to add it to"),
        pytest.param(2, 2, 1, 0, id="two products, one addition"),
        pytest.param(299, 299, 298, 0, id="one product is left"),
        pytest.param(300, 300, 299, 0, id="n products, n - 1 additions"),
        pytest.param(301, 300, 299, 1, id="and one for the bias"),
    ],
)
def test_the_odometer_counts_n_products_and_n_minus_one_additions(
    step: int, multiplications: int, additions: int, bias: int
) -> None:
    """A dot product of 300 values, product by product."""
    explorer = explorer_named("linear")
    explorer.control("step").value = step
    assert wheels(explorer) == {
        "multiplications": (multiplications, 300),
        "additions of products": (additions, 299),
        "addition of the bias": (bias, 1),
    }


def test_the_odometers_of_all_outputs_make_the_layers_operations() -> None:
    """Outputs times what one of them takes is what the layer takes."""
    explorer = explorer_named("linear")
    move(explorer, in_features=17, out_features=9, batch=4, step=18)
    layer = lc.Linear(17, 9)
    done = {name: reached for name, (reached, _) in wheels(explorer).items()}
    assert 4 * 9 * done["multiplications"] == lc.count(layer, lc.MULTIPLICATIONS, (17,), batch=4).total
    both = done["additions of products"] + done["addition of the bias"]
    assert 4 * 9 * both == lc.count(layer, lc.ADDITIONS, (17,), batch=4).total


def test_every_number_of_the_picture_is_a_computed_one() -> None:
    """Sizes, the place in them, and counts; no number was typed."""
    explorer = explorer_named("linear")
    move(explorer, in_features=250, out_features=40, row=31, step=77)
    layer = lc.Linear(250, 40)
    computed = {250, 40, 31, 77, 76, 249, 0, 1}
    computed |= {lc.count(layer, quantity, (250,)).total for quantity in (lc.MULTIPLICATIONS, lc.ADDITIONS)}
    shown = numbers(" ".join(tree(explorer.pane("picture")).itertext()))
    stated_limit = {6}  # up to so many inputs and outputs connections are drawn
    assert shown <= computed | stated_limit
    assert {250, 40, 31, 77} <= shown


def test_the_table_twin_holds_the_same_values_as_the_picture() -> None:
    """Whoever reads the table misses nothing."""
    explorer = explorer_named("linear")
    move(explorer, in_features=250, out_features=40, row=31, step=77)
    shown = numbers(" ".join(tree(explorer.pane("twin")).itertext()))
    assert numbers(" ".join(f"{reached} {end}" for reached, end in wheels(explorer).values())) <= shown
    assert {250, 40, 31, 250 * 40, 250 * 40 + 40, (250 * 40 + 40) * 4, 2 * 250 * 40} <= shown


@pytest.mark.parametrize(
    "field",
    ["in_features", "out_features", "batch"],
)
def test_an_impossible_setting_is_said_and_the_last_good_state_stays(field: str) -> None:
    """At 0 the explorer says which field, what it takes and what came; the pictures stay."""
    explorer = explorer_named("linear")
    good = panes(explorer)
    explorer.control(field).value = 0
    said = words(tree(explorer.pane("message")))
    assert f"{field} must be a whole number of at least 1, but got 0" in said
    assert "300 inputs to 100 outputs with a bias" in said
    assert {pane: html for pane, html in panes(explorer).items() if pane != "message"} == good


def test_a_possible_setting_takes_the_message_away() -> None:
    """The way back from an impossible setting is an ordinary move."""
    explorer = explorer_named("linear")
    move(explorer, in_features=0)
    move(explorer, in_features=5)
    assert explorer.pane("message") == ""
    assert any(line.startswith("d_in·d_out = 5·100 = 500") for line in copied_lines(explorer))


def test_the_ghost_is_what_stood_before_the_control_was_taken() -> None:
    """Dragging passes many values; all are compared with the one before the drag."""
    explorer = explorer_named("linear")
    for value in range(310, 601, 10):
        explorer.control("in_features").value = value
    explorer.control("step").value = 40  # looking closer changes no layer
    ratios = [words(ratio) for ratio in with_class(explorer.pane("ghost"), "lc-ratio")]
    assert ratios == ["×2.0", "×1.997"]  # 60,000 : 30,000 and 60,100 : 30,100
    assert "since 300 inputs to 100 outputs" in words(tree(explorer.pane("ghost")))


def test_a_batch_multiplies_the_work_and_not_the_parameters() -> None:
    """×4.0 MACs · ×1.0 parameters."""
    explorer = explorer_named("linear")
    explorer.control("batch").value = 4
    assert words(with_class(explorer.pane("ghost"), "lc-ratios")[0]) == "×4.0 MACs · ×1.0 parameters"


def test_the_next_control_has_a_ghost_of_its_own() -> None:
    """After the inputs the outputs: compared with the layer between the two moves."""
    explorer = explorer_named("linear")
    move(explorer, in_features=600)
    move(explorer, out_features=50)
    assert "since 600 inputs to 100 outputs" in words(tree(explorer.pane("ghost")))
    assert words(with_class(explorer.pane("ghost"), "lc-ratio")[0]) == "×0.5"


def test_the_bounds_of_row_and_step_follow_the_layer() -> None:
    """One cannot look at an output that is not there; the step counts the bias if there is one."""
    explorer = explorer_named("linear")
    move(explorer, row=100, step=301)
    move(explorer, in_features=8, out_features=3)
    assert (explorer.control("row").max, explorer.control("row").value) == (3, 3)
    assert (explorer.control("step").max, explorer.control("step").value) == (9, 9)
    move(explorer, bias=False)
    assert explorer.control("step").max == 8


def test_few_inputs_and_outputs_show_each_connection() -> None:
    """4 inputs and 3 outputs are joined by 12 lines, one for each weight."""
    explorer = explorer_named("linear", in_features=4, out_features=3)
    assert len(with_class(explorer.pane("picture"), "lc-connection")) == 4 * 3
    explorer.control("in_features").value = 7
    assert with_class(explorer.pane("picture"), "lc-connection") == []


def test_buttons_step_and_jump() -> None:
    """Start, Step and End move the slider of the dot product."""
    explorer = explorer_named("linear")
    start, step, end = (one for one in widgets(explorer) if isinstance(one, Button))
    end.click()
    assert explorer.control("step").value == 301
    step.click()  # there is nothing beyond the end
    assert explorer.control("step").value == 301
    start.click()
    step.click()
    assert explorer.control("step").value == 1


@pytest.mark.parametrize("total", [1, 2, 11, 12, 13, 14, 40, 1024])
def test_what_is_left_out_of_a_large_layer_is_never_what_is_looked_at(total: int) -> None:
    """First, last and the place looked at are drawn; the rest in order, with a gap where some are missing."""
    for focus in range(1, total + 1):
        shown = visible(total, focus, 12)
        assert len(shown) <= 12
        assert {1, focus, total} <= set(shown)
        for left, right in pairwise(shown):
            assert right == left + 1 or 0 in (left, right)
        places = [place for place in shown if place]
        assert places == sorted(set(places))
