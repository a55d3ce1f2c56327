"""The explorer of output sizes shows where windows stand, as the library says and as they do when slid."""

from __future__ import annotations

from itertools import product
from types import SimpleNamespace

import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers.rules import FIVE, FURTHER, NAMES, Axis, answers
from layercost.witness.windows import sliding
from tests.explorers.reading import copied_lines, move, tree, with_class, words

AXES = [
    Axis(*sizes) for sizes in product(range(1, 12), range(1, 6), range(1, 5), range(3), range(1, 3))
]  # cells, window, stride, padding, dilation


def slid(axis: Axis, rule: str) -> list[int] | None:
    """Where the loops of the witness let the window stand; None where they find no place for it."""
    found = lc.OUTPUT_SIZE_RULES[rule]
    padding = 0 if found.finds_padding else axis.padding
    layer = SimpleNamespace(
        kernel_size=(axis.kernel,), stride=(axis.stride,), padding=(padding,), dilation=(axis.dilation,),
        rule=found,
    )  # fmt: skip
    try:
        return sliding(layer, [[0] * axis.size]).starts[0]
    except ValueError:
        return None


def test_every_rule_of_the_library_has_a_row() -> None:
    """Five in the picture, the others under *more*."""
    assert set(NAMES) == set(lc.OUTPUT_SIZE_RULES) == {*FIVE, *FURTHER}


@pytest.mark.parametrize("rule", NAMES)
def test_windows_stand_where_the_loops_let_them(rule: str) -> None:
    """The witness knows no formula: it slides while the window fits, or may hang over."""
    for axis in AXES:
        stand = axis.stands[rule]
        if stand.size is not None:
            assert stand.starts == slid(axis, rule), axis
            assert stand.size == len(stand.starts)


@pytest.mark.parametrize("rule", NAMES)
def test_its_formula_gives_the_size_that_it_shows(rule: str) -> None:
    """Letters = numbers = total."""
    for axis in AXES:
        stand = axis.stands[rule]
        assert stand.formula is None if stand.size is None else int(stand.formula) == stand.size


@pytest.mark.parametrize("rule", NAMES)
def test_cells_that_are_crossed_out_lie_under_no_window(rule: str) -> None:
    """At the end, and between windows where the stride is larger than the window."""
    for axis in AXES:
        stand = axis.stands[rule]
        if stand.size is None:
            continue
        read = {start + axis.dilation * tap for start in stand.starts for tap in range(axis.kernel)}
        assert sorted({*range(axis.size)} - read) == stand.unread
        at_the_end = [cell for cell in stand.unread if cell >= stand.end]
        assert len(at_the_end) == stand.said.unread


def test_pytorch_refuses_padding_of_more_than_half_of_a_pooling_window() -> None:
    """As the layer does; its convolution takes any padding."""
    with pytest.raises(lc.LayerError, match="at most half"):
        lc.MaxPool2d(3, 2, padding=2, ceil_mode=True)
    assert Axis(8, 3, 2, 2).stands["ceil"].size is None
    assert Axis(8, 3, 2, 2).stands["floor"].size == lc.Conv2d(1, 1, 3, 2, 2).output_shape((1, 8, 8))[1]


@pytest.mark.parametrize(
    ("axis", "rule", "says"),
    [
        pytest.param(Axis(8, 3, 2, 1), "floor", "would hang over the end by one cell", id="left out"),
        pytest.param(Axis(8, 3, 2, 1), "ceil", "hangs over the end by one cell, and counts", id="hangs over"),
        pytest.param(Axis(3, 2, 2, 1), "ceil", "would start past the last cell", id="dropped"),
        pytest.param(Axis(3, 1, 3), "caffe-pooling", "reads nothing, and is kept", id="reads nothing"),
        pytest.param(Axis(7, 3, 2, 1), "floor", "end exactly at the edge", id="nothing to round"),
        pytest.param(Axis(8, 3, 2, 1), "tensorflow-same", "0 before, 1 after", id="SAME pads the end"),
        pytest.param(Axis(8, 3, 2, 1), "onnx-same-lower", "1 before, 0 after", id="lower pads the beginning"),
        pytest.param(Axis(8, 3, 2, 1), "tensorflow-valid", "It takes no padding", id="VALID takes none"),
        pytest.param(Axis(8, 3, 4), "floor", "2 cells are read by no window", id="between windows"),
        pytest.param(Axis(2, 5), "floor", "refuses: a kernel of 5 is larger", id="too large"),
    ],
)  # fmt: skip
def test_what_happens_at_the_end_is_said(axis: Axis, rule: str, says: str) -> None:
    """Each way in which a row can end has a sentence of its own."""
    assert says in " ".join(axis.stands[rule].sentences())


def test_it_begins_with_three_answers() -> None:
    """8 cells, window 3, stride 2, padding 1: Caffe's pooling gives 5 where its convolution gives 4."""
    explorer = explorer_named("output_size")
    sizes = [words(size) for size in with_class(explorer.pane("picture"), "lc-answer-size")]
    assert sizes == ["4", "5", "5", "4", "3"]
    assert "The five rules give 3 answers: 3, 4, 5." in explorer.pane("total")
    assert answers(Axis(8, 3, 2, 1)) == [3, 4, 5]


def test_answers_that_differ_from_the_first_rule_stand_out() -> None:
    """Not by colour alone: they are underlined."""
    explorer = explorer_named("output_size")
    assert [words(size) for size in with_class(explorer.pane("picture"), "lc-differs")] == ["5", "5", "3"]


@pytest.mark.parametrize("rule", NAMES)
def test_the_rule_that_is_touched_is_explained_and_derived(rule: str) -> None:
    """Its sentence stands under the picture, its line under that."""
    explorer = explorer_named("output_size")
    explorer.control("rule").value = rule
    stand = Axis(8, 3, 2, 1).stands[rule]
    (said,) = with_class(explorer.pane("picture"), "lc-rule-said")
    assert words(said) == " ".join(stand.sentences())
    (line,) = copied_lines(explorer, "picture")
    assert line.strip().endswith(f"= {stand.size}")


def test_its_table_holds_every_rule() -> None:
    """Sizes, padding, what hangs over, what is never read."""
    explorer = explorer_named("output_size")
    move(explorer, size=12, kernel=7, padding=1)
    rows = [words(row) for row in tree(explorer.pane("twin")).iter("tr")][1:]
    axis = Axis(12, 7, 2, 1)
    for row, rule in zip(rows, NAMES, strict=True):
        stand = axis.stands[rule]
        before, after = stand.said.before, stand.said.after
        assert row == f"{stand.name}{stand.size}{before}{after}{stand.beyond}{len(stand.unread)}"


def test_a_rule_that_refuses_has_a_dash_and_a_reason() -> None:
    """The others answer on."""
    explorer = explorer_named("output_size")
    move(explorer, padding=0, size=2, kernel=5)
    sizes = [words(size) for size in with_class(explorer.pane("picture"), "lc-answer-size")]
    assert sizes == ["–", "–", "–", "1", "–"]
    assert "use a smaller kernel or more padding" in explorer.pane("picture")
