"""Networks computed with numpy: shared layers, folding, weights by name, what is refused."""

from __future__ import annotations

import doctest
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

import layercost as lc
from layercost import forward
from layercost.forward import follow

RANDOM = np.random.default_rng(7)


def images(*shape: int, batch: int = 2) -> np.ndarray:
    return RANDOM.standard_normal((batch, *shape))


@pytest.mark.parametrize("module", [forward, follow], ids=lambda module: module.__name__)
def test_the_examples_of_forward_run(module: ModuleType) -> None:
    tried = doctest.testmod(module)
    assert tried.attempted
    assert not tried.failed


@pytest.mark.parametrize("version", ["max-pooling", "average-pooling", "1998"])
def test_lenet5_gives_what_its_table_says(version: str) -> None:
    net = lc.networks.lenet5(version)
    assert forward.run(net, images(1, 32, 32)).shape == (2, 10)


def test_branches_are_concatenated_along_their_channels() -> None:
    net = lc.Parallel({"a": lc.Identity(), "b": lc.ReLU()}, join="concatenate")
    values = images(2, 3, 3)
    np.testing.assert_array_equal(
        forward.run(net, values), np.concatenate([values, np.maximum(values, 0)], axis=1)
    )


def test_a_layer_called_twice_has_one_array_and_computes_twice() -> None:
    double = lc.Linear(1, 1, bias=False)
    net = lc.Sequential({"first": double, "again": double})
    assert forward.run(net, [[1.0]], {"first.weight": [[3.0]]}).tolist() == [[9.0]]
    drawn = forward.draw_weights(net)
    assert drawn["first.weight"] is drawn["again.weight"]


def test_the_head_on_the_side_leaves_the_values_alone() -> None:
    net = lc.Sequential({"aux": lc.Auxiliary(lc.Linear(2, 5)), "end": lc.ReLU()})
    assert forward.run(net, [[1.0, -1.0]], training=True).tolist() == [[1.0, 0.0]]


def test_weights_are_the_same_for_the_same_seed_and_others_for_another() -> None:
    net = lc.networks.lenet5()
    first, same, other = (forward.draw_weights(net, seed) for seed in (1, 1, 2))
    assert all(np.array_equal(first[name], same[name]) for name in first)
    assert not any(np.array_equal(first[name], other[name]) for name in first)
    assert sum(array.size for array in first.values()) == lc.count(net, lc.PARAMETERS).total


def test_the_seed_of_a_weight_is_written_down() -> None:
    """Drawn numbers do not change from one machine or version to the next."""
    weight = forward.draw_weights(lc.Linear(2, 1, bias=False))["weight"]
    np.testing.assert_allclose(weight, [[-0.6433745313761242, -0.5188147620026362]], rtol=0, atol=1e-15)


def test_dropout_sets_some_values_to_zero_in_training_and_scales_the_others() -> None:
    ones = np.ones((4, 1000))
    dropped = forward.run(lc.Dropout(0.25), ones, training=True)
    assert set(np.unique(dropped)) == {0.0, 1 / 0.75}
    assert 0.2 < (dropped == 0).mean() < 0.3
    np.testing.assert_array_equal(dropped, forward.run(lc.Dropout(0.25), ones, training=True))
    np.testing.assert_array_equal(ones, forward.run(lc.Dropout(0.25), ones))
    assert not forward.run(lc.Dropout(1), ones, training=True).any()


def test_single_precision_stays_single() -> None:
    net = lc.Sequential(lc.Conv2d(1, 2, 3), lc.GELU(), lc.AvgPool2d(2), lc.AdaptiveAvgPool2d(1))
    weights = {name: array.astype(np.float32) for name, array in forward.draw_weights(net).items()}
    assert forward.run(net, images(1, 6, 6).astype(np.float32), weights).dtype == np.float32


# ---- folding -------------------------------------------------------------------------------------

FOLDABLE: dict[str, tuple[lc.Layer, tuple[int, ...]]] = {
    "Conv2d": (lc.Sequential(lc.Conv2d(4, 6, 3, groups=2, bias=False), lc.BatchNorm2d(6)), (4, 5, 5)),
    "Conv2d with bias": (lc.Sequential(lc.Conv2d(3, 4, 3), lc.BatchNorm2d(4, affine=False)), (3, 5, 5)),
    "Conv1d": (lc.Sequential(lc.Conv1d(3, 4, 3), lc.BatchNorm1d(4)), (3, 5)),
    "ConvTranspose2d": (
        lc.Sequential(lc.ConvTranspose2d(4, 6, 3, stride=2, groups=2), lc.BatchNorm2d(6)),
        (4, 3, 3),
    ),
    "Linear": (lc.Sequential(lc.Linear(3, 4), lc.BatchNorm1d(4), lc.ReLU()), (3,)),
    "two in a row": (
        lc.Sequential(lc.Conv2d(3, 4, 1, bias=False), lc.BatchNorm2d(4), lc.BatchNorm2d(4)),
        (3, 4, 4),
    ),
    "past a dropout": (lc.Sequential(lc.Linear(3, 4), lc.Dropout(), lc.BatchNorm1d(4)), (3,)),
    "on no convolution": (lc.Sequential(lc.ReLU(), lc.BatchNorm2d(3)), (3, 4, 4)),
    "in branches": (
        lc.Parallel(
            {"main": lc.Sequential(lc.Conv2d(3, 3, 1), lc.BatchNorm2d(3)), "shortcut": lc.Identity()},
            join="add",
        ),
        (3, 4, 4),
    ),
}


@pytest.mark.parametrize("name", FOLDABLE)
def test_a_folded_network_computes_what_it_did_before(name: str) -> None:
    net, shape = FOLDABLE[name]
    weights, values = forward.draw_weights(net, seed=3), images(*shape)
    folded = forward.fold_weights(net, weights)
    assert set(folded) == set(forward.draw_weights(lc.fold(net)))
    np.testing.assert_allclose(
        forward.run(lc.fold(net), values, folded), forward.run(net, values, weights), rtol=1e-9, atol=1e-12
    )


def test_a_whole_resnet_computes_the_same_when_it_is_folded() -> None:
    net = lc.networks.resnet18()
    weights, values = forward.draw_weights(net, seed=5), images(3, 32, 32, batch=1)
    folded = forward.fold_weights(net, weights)
    assert not any("running_mean" in name for name in folded)
    np.testing.assert_allclose(
        forward.run(lc.fold(net), values, folded), forward.run(net, values, weights), rtol=1e-6
    )


# ---- what is refused -----------------------------------------------------------------------------

CONV = lc.Conv2d(3, 6, 5)


@pytest.mark.parametrize(
    ("attempt", "said"),
    [
        (lambda: forward.run(CONV, images(4, 8, 8)), "Conv2d expects 3 input channels but got 4"),
        (lambda: forward.run(CONV, np.float64(3)), r"takes a batch of inputs of shape \(N, ...\)"),
        (lambda: forward.run(CONV, np.zeros((0, 3, 8, 8))), r"got values of shape \(0, 3, 8, 8\)"),
        (lambda: forward.run(CONV, np.array([["a"]])), "takes numbers, but got values of type"),
        (
            lambda: forward.run(CONV, images(3, 8, 8), {}),
            r"needs 'weight' of shape \(6, 3, 5, 5\); no arrays were passed",
        ),
        (
            lambda: forward.run(lc.Sequential({"conv1": CONV}), images(3, 8, 8), {"conv.weight": 0}),
            r"needs 'conv1.weight' of shape .*did you mean 'conv.weight'",
        ),
        (
            lambda: forward.run(CONV, images(3, 8, 8), {"weight": np.zeros((6, 3, 3, 3))}),
            r"expects 'weight' of shape \(6, 3, 5, 5\), but got shape \(6, 3, 3, 3\)",
        ),
        (lambda: forward.run(lc.Embedding(5, 2), [[0, 5]]), "takes tokens from 0 to 4, but got some"),
        (lambda: forward.run(lc.Embedding(5, 2), [[0.5]]), "takes whole numbers as tokens"),
    ],
)  # fmt: skip
def test_what_cannot_be_computed_is_refused_in_words(attempt: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        attempt()


def test_a_layer_that_nobody_computes_is_named() -> None:
    class Strange(lc.Layer):
        pass

    with pytest.raises(TypeError, match=r"expected a layer that can be computed .* but got Strange\(\)"):
        forward.run(Strange(), [[1.0]])
