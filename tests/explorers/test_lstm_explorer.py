"""The explorer of LSTM and GRU shows what layercost counts, and what its loops perform."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost import witness
from layercost.explorers import explorer as explorer_named
from layercost.explorers.gates import GATES, WIDTH
from layercost.facts import Kind
from tests.explorers.reading import copied_lines, move, numbers, panes, tree, wheels, with_class, words

SETTINGS = [
    pytest.param({}, lc.LSTM(128, 64, bias_vectors=1), id="as printed"),
    pytest.param({"bias_vectors": 2}, lc.LSTM(128, 64), id="PyTorch's LSTM"),
    pytest.param({"cell": "GRU", "bias_vectors": 2}, lc.GRU(128, 64), id="PyTorch's GRU"),
    pytest.param(
        {"cell": "GRU"}, lc.GRU(128, 64, bias_vectors=1, reset_after=False), id="the GRU of 2014"
    ),
    pytest.param(
        {"input_size": 3, "hidden_size": 4, "num_layers": 2, "bidirectional": True},
        lc.LSTM(3, 4, num_layers=2, bidirectional=True, bias_vectors=1), id="two layers, both ways",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("moved", "layer"), SETTINGS)
def test_its_totals_are_those_of_the_layer(moved: dict[str, object], layer: lc.LSTM) -> None:
    """Parameters and FLOPs of ten steps, as `count` has them."""
    explorer = explorer_named("lstm")
    move(explorer, **moved)
    (said,) = with_class(explorer.pane("total"), "lc-said")
    counts = [lc.count(layer, what, (10, layer.input_size)).total for what in (lc.PARAMETERS, lc.FLOPS)]
    assert said.text == f"{counts[0]:,} parameters; {counts[1]:,} FLOPs by textbook"


@pytest.mark.parametrize(("moved", "layer"), SETTINGS)
def test_the_odometer_ends_where_the_loops_end(moved: dict[str, object], layer: lc.LSTM) -> None:
    """MACs, functions and element-wise operations are those that plain loops perform in five steps."""
    explorer = explorer_named("lstm")
    move(explorer, **{**moved, "input_size": 3, "hidden_size": 4, "steps": 5, "step": 5})
    small = explorer._good.layer
    assert type(small) is type(layer)
    done = witness.run(small, (5, 3)).tally
    dots = sum(one.amount for one in explorer._good.facts[0].operations if one.kind is Kind.DOT)
    biases = 5 * sum(held.size for held in small.parameters() if held.is_bias)
    in_matrices = done.macs + (done.macs - dots) + biases
    performed = done.multiplications + done.additions + done.subtractions
    assert wheels(explorer) == {
        "MACs": (done.macs,) * 2,
        "σ and tanh": (done.sigmoids + done.tanhs,) * 2,
        "× and +": (performed - in_matrices,) * 2,
    }


def test_more_steps_cost_work_and_no_parameters() -> None:
    """The ghost says it: ×2.0 MACs · ×1.0 parameters."""
    explorer = explorer_named("lstm")
    move(explorer, steps=20)
    assert words(with_class(explorer.pane("ghost"), "lc-ratios")[0]) == "×2.0 MACs · ×1.0 parameters"


@pytest.mark.parametrize("step", [0, 1, 7, 10])
def test_a_step_counts_its_share(step: int) -> None:
    """After t of ten steps t tenths are done, and so many squares are filled."""
    explorer = explorer_named("lstm")
    move(explorer, step=step)
    for done, end in wheels(explorer).values():
        assert done * 10 == end * step
    squares = [box for box in with_class(explorer.pane("picture"), "lc-d-t") if box.tag == "rect"]
    assert sum("lc-cell" in box.get("class", "") for box in squares) == step
    assert len(squares) == 10


def boxes_of(explorer: object, gate: int) -> list[dict[str, float]]:
    """The rectangles of a gate's matrix: input part, state part, biases."""
    group = with_class(explorer.pane("picture"), "lc-gate")[gate - 1]  # type: ignore[attr-defined]
    found = [box for box in group.iter("rect") if "lc-touch" not in box.get("class", "")]
    return [{name: float(box.get(name, 0)) for name in ("x", "width", "height")} for box in found]


@pytest.mark.parametrize(("inputs", "units"), [(128, 64), (16, 512), (1000, 20), (1, 9)])
def test_the_matrices_are_to_scale_and_inside_of_the_picture(inputs: int, units: int) -> None:
    """As wide as inputs and units, as high as units."""
    explorer = explorer_named("lstm", input_size=inputs, hidden_size=units)
    on_input, on_state, bias = boxes_of(explorer, 1)
    assert on_input["width"] / on_state["width"] == pytest.approx(inputs / units, rel=0.02)
    if on_state["height"] > 1.2:
        assert on_state["height"] == pytest.approx(on_state["width"], rel=0.02)
    assert bias["x"] + bias["width"] < WIDTH


@pytest.mark.parametrize(("cell", "gates"), [("LSTM", 4), ("GRU", 3)])
def test_a_touched_gate_is_lit_with_its_own_count(cell: str, gates: int) -> None:
    """Each gate holds its share of all parameters; the sum is written part by part."""
    explorer = explorer_named("lstm", cell=cell)
    for gate in range(1, gates + 1):
        explorer.control("gate").value = gate
        (lit,) = with_class(explorer.pane("picture"), "lc-lit-gate")
        assert lit.get("data-set") == f"gate={gate}"
        (caption,) = with_class(explorer.pane("picture"), "lc-saying")
        share = explorer._good.parameters // gates
        assert words(caption) == f"{GATES[cell][gate - 1]}: 64·128 + 64·64 + 64 = {share:,} parameters"


def test_a_second_bias_vector_is_a_second_column() -> None:
    """Four biases more a unit, and nothing else."""
    explorer = explorer_named("lstm")
    assert len(boxes_of(explorer, 2)) == 3
    move(explorer, bias_vectors=2)
    assert len(boxes_of(explorer, 2)) == 4
    assert "49,664 parameters" in copied_lines(explorer)[0]


def test_a_gru_loses_its_fourth_gate_and_what_was_looked_at_stays_possible() -> None:
    """The gate that is looked at comes along."""
    explorer = explorer_named("lstm", gate=4)
    move(explorer, cell="GRU")
    assert (explorer.control("gate").max, explorer.control("gate").value) == (3, 3)
    assert len(with_class(explorer.pane("picture"), "lc-gate")) == 3


def test_the_second_layer_reads_both_directions_of_the_first() -> None:
    """Its matrix is wider: twice the units in place of the input."""
    explorer = explorer_named("lstm", num_layers=2, bidirectional=True)
    move(explorer, lane=3)
    assert "below: 128" in words(tree(explorer.pane("picture")))
    assert "64·128 + 64·64" in words(with_class(explorer.pane("picture"), "lc-saying")[0])
    move(explorer, hidden_size=100)
    assert "100·200 + 100·100" in words(with_class(explorer.pane("picture"), "lc-saying")[0])


@pytest.mark.parametrize("field", ["input_size", "hidden_size", "steps"])
def test_an_impossible_size_is_said_and_the_last_good_state_stays(field: str) -> None:
    """At 0 the explorer says why, and still shows what was."""
    explorer = explorer_named("lstm")
    good = panes(explorer)
    explorer.control(field).value = 0
    assert "This cannot be built." in words(tree(explorer.pane("message")))
    assert {pane: html for pane, html in panes(explorer).items() if pane != "message"} == good


def test_the_table_twin_holds_the_numbers_of_the_picture() -> None:
    """Whoever reads the table misses nothing."""
    explorer = explorer_named("lstm")
    shown = numbers(" ".join(tree(explorer.pane("twin")).itertext()))
    picture = numbers(" ".join(tree(explorer.pane("picture")).itertext()))
    assert picture - {1.0} <= shown  # the 1 of h at t - 1
