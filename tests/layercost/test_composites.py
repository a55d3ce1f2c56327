"""Branches, heads on the side, and folding."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost import witness


def block(stride: int = 1) -> lc.Layer:
    """A residual block of 4 channels that become 8, with a projection shortcut."""
    main = lc.Sequential({
        "conv1": lc.Conv2d(4, 8, 3, stride, 1, bias=False), "bn1": lc.BatchNorm2d(8), "relu1": lc.ReLU(),
        "conv2": lc.Conv2d(8, 8, 3, padding=1, bias=False), "bn2": lc.BatchNorm2d(8),
    })  # fmt: skip
    shortcut = lc.Sequential(lc.Conv2d(4, 8, 1, stride, bias=False), lc.BatchNorm2d(8))
    return lc.Parallel({"main": main, "shortcut": shortcut}, join="add")


# ---- branches ----------------------------------------------------------------------------------


def test_a_sum_of_branches_is_a_call_of_its_own() -> None:
    """One addition an element for each branch after the first."""
    net = lc.Sequential({"block": block(), "relu": lc.ReLU()})
    rows = {row.name: row for row in lc.table(net, (4, 6, 6), convention="everything").rows}
    assert rows["block.add"].flops == (2 - 1) * 8 * 6 * 6
    assert rows["block.add"].activation_bytes == 4 * 8 * 6 * 6
    assert rows["block.add"].output == (8, 6, 6)
    assert [*rows][-2:] == ["block.add", "relu"]


def test_a_concatenation_computes_nothing_and_writes_its_output() -> None:
    """Document 004's inception module: 64 + 128 + 32 + 32 = 256 channels."""
    branches = {str(c): lc.Conv2d(192, c, 1) for c in (64, 128)} | {
        "a": lc.Conv2d(192, 32, 1), "b": lc.Conv2d(192, 32, 1),
    }  # fmt: skip
    module = lc.Parallel(branches, join="concatenate")
    assert module.output_shape((192, 28, 28)) == (256, 28, 28)
    last = lc.table(module, (192, 28, 28), convention="everything").rows[-1]
    assert (last.name, last.flops, last.macs) == ("concatenate", 0, 0)
    assert last.activation_bytes == 4 * 256 * 28 * 28


def test_sequences_are_concatenated_along_features_or_along_steps() -> None:
    both = {"forward": lc.LSTM(3, 4), "backward": lc.LSTM(3, 5)}
    assert lc.Parallel(both, join="concatenate").output_shape((7, 3)) == (7, 9)
    same = {"forward": lc.LSTM(3, 4), "backward": lc.LSTM(3, 4)}
    assert lc.Parallel(same, join="concatenate", axis="T").output_shape((7, 3)) == (14, 4)


MISFITS = {
    "added": (
        lc.Parallel({"main": lc.Conv2d(4, 8, 3), "shortcut": lc.Identity()}, join="add"),
        r"^net.block: branches that are added must give one shape, or sizes of 1, but main gave \(8, 4, 4\)",
    ),
    "concatenated": (
        lc.Parallel({"main": lc.Conv2d(4, 8, 3), "shortcut": lc.Identity()}, join="concatenate"),
        r"concatenated along C must agree along the others, but main gave \(8, 4, 4\) and shortcut gave",
    ),
    "an axis that is not there": (
        lc.Parallel({"main": lc.ReLU()}, join="concatenate", axis="T"),
        r"^net.block: cannot concatenate along T: the axes are \(C, H, W\)$",
    ),
    "inside a branch": (
        lc.Parallel({"main": lc.Sequential({"conv": lc.Conv2d(5, 8, 3)})}, join="add"),
        r"^net.block.main.conv: Conv2d expects 5 input channels but got 4 in shape \(4, 6, 6\)$",
    ),
}


@pytest.mark.parametrize(("branches", "message"), MISFITS.values(), ids=MISFITS)
def test_branches_that_do_not_fit_say_which_gave_what(branches: lc.Layer, message: str) -> None:
    net = lc.Sequential({"net": lc.Sequential({"block": branches})})
    with pytest.raises(lc.ShapeError, match=message):
        net.output_shape((4, 6, 6))
    with pytest.raises(lc.ShapeError):
        witness.run(net, (4, 6, 6))


# ---- heads on the side -------------------------------------------------------------------------


def with_head() -> lc.Layer:
    head = lc.Sequential({"flatten": lc.Flatten(), "fc": lc.Linear(4 * 3 * 3, 10)})
    return lc.Sequential({"conv": lc.Conv2d(1, 4, 3), "aux": lc.Auxiliary(head), "relu": lc.ReLU()})


def test_a_head_on_the_side_is_held_and_not_run_at_inference() -> None:
    rows = {row.name: row for row in lc.table(with_head(), (1, 5, 5)).rows}
    assert rows["aux.fc"].parameters == 36 * 10 + 10
    assert (rows["aux.fc"].macs, rows["aux.fc"].flops, rows["aux.fc"].activation_bytes) == (0, 0, 0)
    assert rows["aux.fc"].layer == "Linear(36, 10) (held, not run)"
    assert rows["relu"].input == (4, 3, 3)


def test_a_head_on_the_side_runs_in_training() -> None:
    rows = {row.name: row for row in lc.table(with_head(), (1, 5, 5), training=True).rows}
    assert rows["aux.fc"].macs == 36 * 10
    assert rows["aux.fc"].layer == "Linear(36, 10)"


# ---- training ----------------------------------------------------------------------------------


def test_batch_normalization_in_training_is_not_proportional_to_the_batch() -> None:
    """Statistics of a channel run over the whole batch: some operations come once a channel."""
    norm, shape = lc.BatchNorm2d(3), (3, 4, 4)
    one, two, four = (
        lc.count(norm, lc.FLOPS, shape, "everything", batch=batch, training=True).total for batch in (1, 2, 4)
    )
    assert two < 2 * one
    assert four - two == 2 * (two - one)
    inference = [lc.count(norm, lc.FLOPS, shape, "everything", batch=batch).total for batch in (1, 2)]
    assert inference == [4 * 3 * 4 * 4, 2 * 4 * 3 * 4 * 4]


def test_batch_normalization_does_not_train_on_one_value_a_channel() -> None:
    with pytest.raises(
        lc.ShapeError, match=r"BatchNorm1d needs two values a channel or more in training, but a batch of 1 "
    ):
        lc.count(lc.BatchNorm1d(3), lc.FLOPS, (3,), "everything", training=True)


def test_batch_normalization_by_statistics_of_the_batch_needs_two_values_at_inference_too() -> None:
    """As torch: without kept statistics it computes its own each time."""
    norm = lc.BatchNorm1d(3, track_running_stats=False)
    with pytest.raises(lc.ShapeError, match="needs two values a channel or more for statistics of its own"):
        lc.count(norm, lc.FLOPS, (3,), "everything")
    assert lc.count(norm, lc.FLOPS, (3,), "everything", batch=2).total > 0


def test_dropout_multiplies_in_training_only() -> None:
    drop = lc.Dropout(0.5)
    assert lc.count(drop, lc.MULTIPLICATIONS, (10,)).total == 0
    assert lc.count(drop, lc.MULTIPLICATIONS, (10,), training=True).total == 10
    assert lc.count(drop, lc.ACTIVATIONS, (10,)).total == 0


# ---- folding -----------------------------------------------------------------------------------


def test_folding_leaves_a_bias_where_a_normalization_was() -> None:
    """4 operations an element, 2 C parameters and 2 C buffers go; C biases come, an addition an element."""
    net = lc.Sequential({"block": block(2), "relu": lc.ReLU()})
    folded, shape = lc.fold(net), (4, 6, 6)
    parameters = [lc.count(each, lc.PARAMETERS).total for each in (net, folded)]
    assert parameters[0] - parameters[1] == 3 * (2 * 8) - 3 * 8
    assert lc.count(folded, lc.BUFFERS).total == 0
    flops = [lc.count(each, lc.FLOPS, shape, "everything").total for each in (net, folded)]
    assert flops[0] - flops[1] == 3 * (4 - 1) * 8 * 3 * 3
    assert lc.count(folded, lc.MACS, shape).total == lc.count(net, lc.MACS, shape).total
    assert folded.output_shape(shape) == net.output_shape(shape)
    assert not any(isinstance(leaf, lc.BatchNorm2d) for _, leaf in folded.leaves())


SHARED = lc.Conv2d(3, 3, 3, padding=1)
STAYS = {
    "after a ReLU": lc.Sequential(lc.Conv2d(3, 3, 3, padding=1), lc.ReLU(), lc.BatchNorm2d(3)),
    "before the convolution": lc.Sequential(lc.BatchNorm2d(3), lc.Conv2d(3, 3, 3, padding=1)),
    "by statistics of the batch": lc.Sequential(SHARED, lc.BatchNorm2d(3, track_running_stats=False)),
    "a convolution called twice": lc.Sequential(SHARED, lc.BatchNorm2d(3), SHARED),
    "after a sum": lc.Sequential(lc.Parallel(lc.Identity(), SHARED, join="add"), lc.BatchNorm2d(3)),
    "a convolution that another branch reads": lc.Sequential(
        lc.Conv2d(3, 3, 1), lc.Parallel(lc.BatchNorm2d(3), lc.Identity(), join="add")
    ),
    "a convolution that a head reads": lc.Sequential(
        lc.Conv2d(3, 3, 1), lc.Auxiliary(lc.Identity()), lc.BatchNorm2d(3)
    ),
}


@pytest.mark.parametrize("net", STAYS.values(), ids=STAYS)
def test_a_normalization_stays_where_it_cannot_be_folded(net: lc.Layer) -> None:
    assert lc.fold(net) == net


FOLDS = {
    "a transposed convolution": lc.Sequential(lc.ConvTranspose2d(3, 4, 2), lc.BatchNorm2d(4)),
    "features": lc.Sequential(lc.Flatten(), lc.Linear(75, 6, bias=False), lc.BatchNorm1d(6)),
    "past what does nothing": lc.Sequential(
        lc.Conv2d(3, 3, 1), lc.Identity(), lc.Dropout(), lc.BatchNorm2d(3)
    ),
    "across a Sequential's end": lc.Sequential(lc.Sequential(lc.Conv2d(3, 3, 1)), lc.BatchNorm2d(3)),
    "two in a row": lc.Sequential(lc.Conv2d(3, 3, 1), lc.BatchNorm2d(3), lc.BatchNorm2d(3, affine=False)),
    "on the side": lc.Sequential(lc.Auxiliary(lc.Sequential(lc.Conv2d(3, 3, 1), lc.BatchNorm2d(3)))),
}


@pytest.mark.parametrize("net", FOLDS.values(), ids=FOLDS)
def test_a_normalization_folds_into_what_stands_before(net: lc.Layer) -> None:
    folded = lc.fold(net)
    assert lc.count(folded, lc.BUFFERS).total == 0
    assert folded.output_shape((3, 5, 5)) == net.output_shape((3, 5, 5))
    assert lc.layer_from_text(repr(folded)) == folded


def test_a_folded_network_says_so() -> None:
    net = lc.network_named("resnet18")
    folded = lc.fold(net)
    assert lc.table(folded).version == f"{net.version}, batch normalization folded"
    assert lc.count(net, lc.BUFFERS).total > 0
    assert lc.count(folded, lc.BUFFERS).total == 0
