"""What the source documents say of batch normalization and of LSTMs, with verdicts; and the exact figures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pytest

import layercost as lc
from layercost.convention import Convention, Key, Price
from layercost.facts import Kind, Role
from tests.layercost.test_claims import Claim, test_a_claim_has_its_verdict

X, H = 128, 64  # the inputs and the units of document 001's example
KERAS = lc.LSTM(X, H, bias_vectors=1)
TORCH = lc.LSTM(X, H)
STEP = (1, X)


def held(layer: lc.Layer, quantity: lc.Quantity) -> int:
    return lc.count(layer, quantity).total


def priced(prices: Mapping[Key, Price], layer: lc.Layer = KERAS) -> int:
    """One step, under these prices alone."""
    own = Convention("own", "own", "own", "this test", prices)
    return lc.count(layer, lc.FLOPS, STEP, own).total


SIGMOIDS, TANHS = {Kind.SIGMOID: Price(0, 4)}, {Kind.TANH: Price(0, 8)}
PRODUCTS_AND_SUMS = {
    (Kind.MULTIPLY, Role.ELEMENTWISE): Price(0, 1),
    (Kind.ADD, Role.ELEMENTWISE): Price(0, 1),
}
WITH_BIAS_AS_MAC = {Kind.DOT: Price(1), (Kind.ADD, Role.BIAS): Price(0, 1)}

NORMALIZED = lc.Sequential(lc.Conv2d(3, 16, 3, padding=1, bias=False), lc.BatchNorm2d(16))
IMAGE = (3, 8, 8)

NORMALIZATION = [
    Claim(
        "bn-formula",
        "001",
        "gamma (y - mean) / deviation + beta: four operations an element",
        "right",
        ["subtraction", "division", "multiplication", "addition"],
        [operation.kind.value for operation in lc.BatchNorm2d(16).facts((16, 8, 8)).operations],
    ),
    Claim(
        "bn-eps",
        "001",
        "eps is usually 0.001 (Keras; PyTorch 0.00001)",
        "convention",
        0.001,
        lc.BatchNorm2d(16, eps=0.001).eps,
        lc.BatchNorm2d(16).eps,
    ),
    Claim(
        "bn-4c", "001", "it learns 4 C", "wrong", 4 * 16, lc.count(lc.BatchNorm2d(16), lc.PARAMETERS).total
    ),
    Claim(
        "bn-2n",
        "002",
        "2 n parameters, after a convolution or a fully connected layer",
        "right",
        [2 * 16, 2 * 100],
        [lc.count(layer, lc.PARAMETERS).total for layer in (lc.BatchNorm2d(16), lc.BatchNorm1d(100))],
    ),
    Claim(
        "bn-fold",
        "001, 002",
        "at inference it folds into the layer before and costs nothing",
        "right",
        [3 * 3 * 3 * 16 + 16, 2 * 27 * 16 * 8 * 8],
        [
            lc.count(lc.fold(NORMALIZED), quantity, IMAGE, "everything").total
            for quantity in (lc.PARAMETERS, lc.FLOPS)
        ],
    ),
]

RECURRENT = [
    Claim(
        "lstm-params",
        "000, 001",
        "4 [(x + h) h + h]: one bias vector a gate",
        "convention",
        [4 * ((x + h) * h + h) for x, h in ((X, H), (3, 5))],
        [lc.count(lc.LSTM(x, h, bias_vectors=1), lc.PARAMETERS).total for x, h in ((X, H), (3, 5))],
        [lc.count(lc.LSTM(x, h), lc.PARAMETERS).total for x, h in ((X, H), (3, 5))],
    ),
    Claim(
        "lstm-params-128-64", "001", "128, 64: 49408", "right", 49408, lc.count(KERAS, lc.PARAMETERS).total
    ),
    Claim(
        "lstm-macs",
        "001",
        "[(x + h) + 1] h 4 MACs a step: the bias as one more input",
        "convention",
        (X + H + 1) * H * 4,
        priced(WITH_BIAS_AS_MAC),
        lc.count(KERAS, lc.MACS, STEP).total,
    ),
    Claim("lstm-sigmoid-flops", "001", "(x + h) h 4 3", "wrong", (X + H) * H * 4 * 3, priced(SIGMOIDS)),
    Claim("lstm-tanh-flops", "001", "(x + h) h 8", "wrong", (X + H) * H * 8, priced(TANHS) // 2),
    Claim(
        "lstm-elementwise",
        "001",
        "three products, a sum and a tanh: h 12 + h 8",
        "wrong",
        H * 12 + H * 8,
        priced(PRODUCTS_AND_SUMS) + priced(TANHS) // 2,
    ),
    Claim(
        "lstm-total",
        "001",
        "x h 8 + h (h + 20) = 70,912",
        "wrong",
        X * H * 8 + H * (H + 20),
        lc.count(KERAS, lc.FLOPS, STEP, "everything").total,
    ),
    Claim(
        "lstm-output-step",
        "000",
        "the output gate is multiplied with the cell state: one tanh a unit, the candidate's",
        "wrong",
        H,
        priced({Kind.TANH: Price(0, 1)}),
    ),
]


@pytest.mark.parametrize("claim", [*NORMALIZATION, *RECURRENT], ids=lambda claim: claim.id)
def test_a_claim_of_normalization_or_lstm_has_its_verdict(claim: Claim) -> None:
    test_a_claim_has_its_verdict(claim)


@pytest.mark.parametrize(
    ("ours", "arithmetic"),
    [
        pytest.param(lc.count(lc.BatchNorm2d(16), lc.BUFFERS).total, 2 * 16, id="bn-4c: 2 C are not trained"),
        pytest.param(
            lc.count(lc.BatchNorm2d(16), lc.STORED_VALUES).total, 4 * 16, id="bn-4c: 4 C are stored"
        ),
        pytest.param(priced(SIGMOIDS), 3 * 4 * H, id="lstm-sigmoid-flops: once for each output"),
        pytest.param(priced(TANHS), 2 * 8 * H, id="lstm-tanh-flops: once for each output, twice"),
        pytest.param(priced(PRODUCTS_AND_SUMS), (3 + 1) * H, id="lstm-elementwise: products and sum"),
        pytest.param(
            lc.count(KERAS, lc.FLOPS, STEP, "everything").total,
            8 * H * (X + H) + 32 * H,
            id="lstm-total: 100,352",
        ),
        pytest.param(priced({Kind.TANH: Price(0, 1)}), 2 * H, id="lstm-output-step: o tanh(c)"),
    ],
)
def test_what_is_so_instead(ours: int, arithmetic: int) -> None:
    assert ours == arithmetic


# ---- exact figures, 128 inputs and 64 units, one step --------------------------------------------


@pytest.mark.parametrize(
    ("layer", "parameters", "macs"),
    [
        pytest.param(KERAS, 49_408, 49_152, id="LSTM, one bias vector: 4h(x+h) + 4h"),
        pytest.param(TORCH, 49_664, 49_152, id="LSTM, two: + 4h"),
        pytest.param(lc.LSTM(X, H, bias=False), 49_152, 49_152, id="LSTM, none: 4h(x+h)"),
        pytest.param(lc.LSTM(X, H, proj_size=32), 43_520, 43_008, id="LSTM to 32: 4h(x+r) + 8h + hr"),
        pytest.param(lc.GRU(X, H), 37_248, 36_864, id="GRU, PyTorch and Keras: 3h(x+h) + 6h"),
        pytest.param(
            lc.GRU(X, H, reset_after=False, bias_vectors=1), 37_056, 36_864, id="GRU, reset before: + 3h"
        ),
        pytest.param(lc.RNN(X, H), H * (X + H) + 2 * H, H * (X + H), id="RNN: h(x+h) + 2h"),
        pytest.param(
            lc.LSTM(X, H, num_layers=2, bidirectional=True),
            2 * (4 * H * (X + H) + 8 * H) + 2 * (4 * H * (2 * H + H) + 8 * H),
            2 * 4 * H * (X + H) + 2 * 4 * H * (2 * H + H),
            id="LSTM, two layers, both ways: the second reads 2h",
        ),
    ],
)  # fmt: skip
def test_a_recurrent_layer_has_its_published_figures(layer: lc.Layer, parameters: int, macs: int) -> None:
    assert lc.count(layer, lc.PARAMETERS).total == parameters
    assert [lc.count(layer, lc.MACS, (steps, X)).total for steps in (1, 10)] == [macs, 10 * macs]


def test_a_second_bias_vector_costs_4h_more_operations() -> None:
    """8h(x+h) with one bias vector: twice the MACs already pay for it."""
    one, two = (lc.count(layer, lc.FLOPS, STEP).total for layer in (KERAS, TORCH))
    assert (one, two - one) == (8 * H * (X + H), 4 * H)


def test_a_gru_multiplies_by_its_reset_gate_once() -> None:
    """Element-wise r (.), 1 - z, (1 - z) n, z h and their sum: 5h; with the reset after, h more to join."""
    kinds = {
        Kind.MULTIPLY: Price(0, 1),
        Kind.SUBTRACT: Price(0, 1),
        (Kind.ADD, Role.ELEMENTWISE): Price(0, 1),
    }
    before = lc.GRU(X, H, reset_after=False, bias_vectors=1)
    assert (priced(kinds, before), priced(kinds, lc.GRU(X, H))) == (5 * H, 5 * H + H)


def test_an_lstm_gives_all_steps_or_the_last() -> None:
    both = {"hidden_size": 4, "bidirectional": True}
    assert lc.LSTM(3, **both).output_shape((7, 3)) == (7, 8)  # type: ignore[arg-type]
    assert lc.LSTM(3, **both, return_sequences=False).output_shape((7, 3)) == (8,)  # type: ignore[arg-type]


def test_an_embedding_holds_much_and_computes_nothing() -> None:
    table = lc.Embedding(30_522, 768)
    counted: list[Any] = [lc.count(table, q, (128,)).total for q in (lc.PARAMETERS, lc.MACS, lc.FLOPS)]
    assert counted == [30_522 * 768, 0, 0]
    assert table.output_shape((128,)) == (128, 768)
    assert lc.Sequential(table, lc.LSTM(768, 4)).output_shape((128,)) == (128, 4)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (lc.Conv1d(3, 4, 3), lc.Sequence((3, 8)), "takes a shape (C, L), but got (3, 8) with axes (T, F)"),
        (lc.LSTM(3, 4), lc.Signal((7, 3)), "LSTM takes a shape (T, F), but got (7, 3) with axes (C, L)"),
        (lc.LSTM(3, 4), (7, 5), "LSTM expects 3 features a step but got 5 in shape (7, 5)"),
        (lc.BatchNorm1d(4), (4, 5, 5), "BatchNorm1d takes a shape (F) or (C, L) without the batch"),
        (lc.Conv1d(3, 4, 3), (3, 8, 8), "takes a shape (C, L) without the batch, but got (3, 8, 8); leave"),
        (lc.PReLU(3), (4, 2, 2), "but 3 do not fit shape (4, 2, 2)"),
        (lc.LayerNorm((4, 4)), (4, 5), "LayerNorm expects last axes of 4, 4 values but got shape (4, 5)"),
        (lc.GroupNorm(2, 4), (6, 2, 2), "GroupNorm expects 4 input channels but got 6"),
    ],
)  # fmt: skip
def test_a_shape_that_does_not_fit_is_named(layer: lc.Layer, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(lc.ShapeError, match=re.escape(message)):
        layer.output_shape(shape)
