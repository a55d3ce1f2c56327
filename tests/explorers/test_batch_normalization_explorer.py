"""The explorer of batch normalization computes what torch's formula, numpy and the library say."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

import layercost as lc
from layercost.explorers import explorer as explorer_named
from layercost.explorers.batch_normalization import INFERENCE, TRAINING, WEIGHTS, counts
from layercost.forward import fold_weights
from tests.explorers.reading import move, panes, tree, with_class, words

MOVES = [
    pytest.param({}, id="as printed"),
    pytest.param({"gamma": -3, "beta": 4, "bias": -8}, id="a negative scale"),
    pytest.param({"gamma": 0}, id="a scale of nothing"),
    pytest.param({"kept_variance": 1, "kept_mean": -8, "moved": 4}, id="other statistics"),
    pytest.param({"eps": "1e-3", "in_features": 6, "batch": 12}, id="larger, with the epsilon of Keras"),
    pytest.param({"in_features": 1, "batch": 2}, id="one weight"),
]
MODES = pytest.mark.parametrize("mode", [INFERENCE, TRAINING])


@MODES
@pytest.mark.parametrize("moved", MOVES)
def test_the_values_are_those_of_the_formula(mode: str, moved: dict[str, object]):
    explorer = explorer_named("batch_normalization", mode=mode)
    move(explorer, **moved)
    built, at = explorer._good, explorer.settings
    weights = WEIGHTS[: at["in_features"]]
    y = [sum(w * x for w, x in zip(weights, xs, strict=True)) + at["bias"] for xs in built.inputs]
    mean = statistics.fmean(y) if mode == TRAINING else at["kept_mean"]
    variance = statistics.pvariance(y) if mode == TRAINING else at["kept_variance"]
    root = math.sqrt(variance + float(at["eps"]))
    assert built.before == y
    assert built.after == pytest.approx([at["gamma"] * (v - mean) / root + at["beta"] for v in y])


@pytest.mark.parametrize("moved", MOVES)
def test_folded_weights_are_those_of_the_library_and_give_the_same_values(moved: dict[str, object]):
    explorer = explorer_named("batch_normalization", channels=1)
    move(explorer, **moved)
    built, at = explorer._good, explorer.settings
    folded = fold_weights(
        built.layer,
        {
            "0.weight": np.array([built.weights], float), "0.bias": np.array([at["bias"]], float),
            "1.weight": np.array([at["gamma"]], float), "1.bias": np.array([at["beta"]], float),
            "1.running_mean": np.array([at["kept_mean"]], float),
            "1.running_var": np.array([at["kept_variance"]], float),
        },
    )  # fmt: skip
    assert list(built.folded_weights) == pytest.approx(folded["0.weight"][0].tolist())
    assert built.folded_bias == pytest.approx(folded["0.bias"][0])
    assert built.apart < 1e-12


@pytest.mark.parametrize("bias", range(-8, 9, 4))
def test_in_training_the_bias_before_a_normalization_changes_nothing(bias: int):
    explorer = explorer_named("batch_normalization", mode=TRAINING)
    before = explorer._good.after
    move(explorer, bias=bias)
    assert explorer._good.after == pytest.approx(before)
    explorer = explorer_named("batch_normalization")
    before = explorer._good.after
    move(explorer, bias=bias)
    assert (explorer._good.after == before) == (bias == 3)


def test_one_sample_moves_all_values_in_training_and_only_its_own_at_inference():
    for mode, changed in ((TRAINING, 6), (INFERENCE, 1)):
        explorer = explorer_named("batch_normalization", mode=mode)
        before = explorer._good.after
        move(explorer, moved=-4)
        pairs = zip(before, explorer._good.after, strict=True)
        assert sum(one != other for one, other in pairs) == changed


@pytest.mark.parametrize("batch", [2, 6, 12])
def test_the_table_counts_as_the_library_does(batch: int):
    explorer = explorer_named("batch_normalization", channels=64, in_features=5, batch=batch)
    pair = lc.Sequential(lc.Linear(5, 64), lc.BatchNorm1d(64))
    alone = lc.fold(pair)
    asked = ((pair, True), (pair, False), (alone, False))
    expected = [
        (
            lc.count(layer, lc.PARAMETERS, (5,)).total,
            lc.count(layer, lc.STORED_VALUES, (5,)).total,
            lc.count(layer, lc.FLOPS, (5,), "everything", batch=batch, training=training).total,
        )
        for layer, training in asked
    ]
    assert [*counts(explorer._good).values()] == expected
    shown = [words(cell).replace(",", "") for cell in with_class(explorer.pane("total"), "lc-n")]
    assert shown == [str(amount) for row in expected for amount in row]


def test_the_row_of_the_mode_is_marked():
    for mode, name in ((INFERENCE, "at inference"), (TRAINING, "in training")):
        explorer = explorer_named("batch_normalization", mode=mode)
        bold = [words(cell) for cell in tree(explorer.pane("total")).iter("b")]
        assert bold == [name]


def test_what_lies_beyond_the_lines_end_is_an_arrowhead_there():
    explorer = explorer_named("batch_normalization", gamma=4, kept_variance=1)
    assert len(with_class(explorer.pane("picture"), "lc-beyond")) == 2 * sum(
        abs(value) > 20 for value in explorer._good.after
    )


def test_a_batch_of_one_cannot_be_trained_on_and_the_last_picture_stays():
    explorer = explorer_named("batch_normalization", mode=TRAINING)
    good = panes(explorer)
    move(explorer, batch=1)
    assert "needs two values a channel or more in training" in words(tree(explorer.pane("message")))
    assert {pane: html for pane, html in panes(explorer).items() if pane != "message"} == good


def test_the_twin_holds_every_value_that_the_picture_shows():
    explorer = explorer_named("batch_normalization")
    twin = words(tree(explorer.pane("twin")))
    for boxed in with_class(explorer.pane("picture"), "lc-held")[-4:]:
        assert words(boxed).split()[-1] in twin
    assert len([row for row in explorer.rows(explorer._good, explorer.settings) if "sample" in row[0]]) == 6
