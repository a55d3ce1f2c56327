"""Output sizes by brute force, and shapes that say what they expected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest

import layercost as lc
from layercost.dialects import read
from layercost.expression import TEXT, render
from layercost.questions import diagnoses
from layercost.shape import (
    CEIL,
    FLOOR,
    LARGEST,
    Features,
    Image,
    OutputSizeRule,
    Sequence,
    Shape,
    Volume,
    extent,
    fit,
    shape_of,
    values,
    window_cells,
)  # fmt: skip

SETTINGS = [
    (n, k, s, p, d)
    for n, k, s, p, d in product(range(1, 9), range(1, 5), range(1, 5), range(3), range(1, 4))
    if 2 * p <= k
]


def windows(n: int, k: int, s: int, p: int, d: int, over: int) -> list[int]:
    """Where windows start, tried one cell after the other; the last may hang over by `over` cells."""
    span = 1 + sum(d for _ in range(k - 1))
    starts = [start for start in range(-p, n + p) if (start + p) % s == 0]
    return [start for start in starts if start + span <= n + p + over and (start < n or not over)]


def brute_force(rule: OutputSizeRule, n: int, k: int, s: int, p: int, d: int) -> list[int]:
    return windows(n, k, s, p, d, s - 1 if rule is CEIL else 0)


@pytest.mark.parametrize("rule", [FLOOR, CEIL], ids=lambda rule: rule.name)
def test_an_output_size_is_the_number_of_windows_that_fit(rule: OutputSizeRule) -> None:
    """PyTorch's rules on every small setting; where no window fits, they say so."""
    for setting in SETTINGS:
        expected = len(brute_force(rule, *setting))
        if expected:
            assert rule.size(*setting) == expected, setting
        else:
            with pytest.raises(lc.ShapeError, match="is larger than the padded input"):
                rule.size(*setting)


def test_window_cells_are_the_real_cells_under_each_window() -> None:
    for rule, (n, k, s, p, d) in product((FLOOR, CEIL), SETTINGS):
        starts = brute_force(rule, n, k, s, p, d)
        under = [sum(0 <= start + step * d < n for step in range(k)) for start in starts]
        expected = {cells: many for cells, many in Counter(under).items() if cells}
        if starts:
            assert dict(window_cells(n, k, s, p, d, len(starts))) == expected, (rule.name, n, k, s, p, d)


def test_ceil_drops_a_window_that_would_start_in_the_right_padding() -> None:
    """3 cells, a window of 2, stride 2, padding 1: the third window would start at cell 3."""
    assert CEIL.size(3, 2, 2, 1) == 2
    assert CEIL.size(2, 2, 3, 1) == 1  # starts at -1 and 2: there is no cell 2


def test_a_dropped_window_leaves_no_one_that_is_added_and_taken_away() -> None:
    """The formula is the steps alone."""
    pool = lc.MaxPool2d(2, padding=1, ceil_mode=True)
    (rows, *_) = lc.count(pool, lc.ACTIVATIONS, (1, 3, 3)).definitions
    assert render(rows.meaning, TEXT) == "⌈(H + 2·p - k)/s⌉"


def test_clipped_windows_are_found_without_walking_along_all_of_them() -> None:
    """A billion windows take no longer than ten."""
    assert window_cells(10**9, 3, 1, 1, 1, 10**9) == ((3, 10**9 - 2), (2, 2))


@pytest.mark.parametrize(("kernel", "dilation", "cells"), [(3, 1, 3), (3, 2, 5), (1, 9, 1)])
def test_a_dilated_kernel_spans_more_cells(kernel: int, dilation: int, cells: int) -> None:
    assert extent(kernel, dilation) == cells


@pytest.mark.parametrize(
    ("sizes", "kind"),
    [
        ((300,), Features),
        ((7, 300), Sequence),
        ((3, 32, 32), Image),
        ([3, 32, 32], Image),
        ((1, 2, 3, 4), Volume),
    ],
)
def test_the_number_of_axes_tells_what_a_shape_is(sizes: Any, kind: type[Shape]) -> None:
    shape = shape_of(sizes)
    assert isinstance(shape, kind)
    assert shape == tuple(sizes)
    assert values(shape) == np.prod(sizes)


def test_numpy_sizes_become_plain_integers() -> None:
    shape = shape_of(np.array([3, 32, 32]))
    assert [type(size) for size in shape] == [int, int, int]
    total = lc.count(lc.Linear(np.int64(3), np.uint8(200)), lc.MACS, [np.int32(3)]).total
    assert (type(total), total) == (int, 600)


@pytest.mark.parametrize("how", [list, tuple, iter, np.array], ids=["list", "tuple", "iterator", "array"])
def test_a_shape_is_taken_in_any_form(how: Callable[[list[int]], Any]) -> None:
    conv = lc.Conv2d(3, 6, 5)
    assert lc.count(conv, lc.FLOPS, how([3, 32, 32])).total == 705600
    assert lc.count(conv, lc.PARAMETERS, how([3, 32, 32])).total == 456
    assert lc.table(conv, how([3, 32, 32])).total.macs == 352800
    assert conv.output_shape(how([3, 32, 32])) == (6, 28, 28)


ODD_SHAPES = {
    "a number": (32, "input: a shape is a tuple without the batch, as (3, 32, 32) or (300,), but got 32"),
    "a text": ("3x32x32", "without the batch, as (3, 32, 32) or (300,), but got '3x32x32'"),
    "a dictionary": ({"C": 3}, "without the batch, as (3, 32, 32) or (300,), but got {'C': 3}"),
    "a set": ({3}, "without the batch, as (3, 32, 32) or (300,), but got {3}"),
    "nothing": ((), "a shape of 1 to 12 axes without the batch, as (3, 32, 32), but got 0 axes: ()"),
    "too many axes": ((1,) * 13, "a shape of 1 to 12 axes without the batch, as (3, 32, 32), but got 13"),
    "a zero": ((3, 0, 32), "axis 1 of the shape must be a whole number of at least 1, but got 0"),
    "a negative": ((3, 32, -1), "axis 2 of the shape must be a whole number of at least 1, but got -1"),
    "a fraction": ((3, 32.0, 32), "axis 1 of the shape must be a whole number of at least 1, but got 32.0"),
    "a truth": ((True, 3, 3), "axis 0 of the shape must be a whole number of at least 1, but got True"),
    "numpy's truth": ((np.True_, 3, 3), "must be a whole number of at least 1, but got np.True_"),
    "a text inside": (("3", 3, 3), "axis 0 of the shape must be a whole number of at least 1, but got '3'"),
    "None inside": ((None, 3, 3), "axis 0 of the shape must be a whole number of at least 1, but got None"),
    "too large": ((LARGEST + 1,), "must be a whole number of at most 1,000,000,000,000,000,000"),
    "unprintable": ((10**5000,), "but got a number of thousands of digits"),
}


@pytest.mark.parametrize(("sizes", "message"), ODD_SHAPES.values(), ids=ODD_SHAPES)
def test_an_odd_shape_is_refused_in_words(sizes: Any, message: str) -> None:
    with pytest.raises(lc.ShapeError) as caught:
        shape_of(sizes)
    assert message in str(caught.value)


MISFITS = {
    "a batch that slipped in": (
        lambda: lc.Conv2d(3, 6, 5).output_shape((1, 3, 32, 32)),
        "but got (1, 3, 32, 32); leave the batch out and pass it as batch=...",
    ),
    "a grey image": (
        lambda: lc.Conv2d(1, 6, 5).output_shape((28, 28)),
        "a shape (C, H, W) without the batch, but got (28, 28); a grey image of one channel is (1, 28, 28)",
    ),
    "other channels": (
        lambda: lc.Conv2d(3, 6, 5).output_shape((4, 32, 32)),
        "Conv2d expects 3 input channels but got 4 in shape (4, 32, 32)",
    ),
    "other channels, connected": (
        lambda: lc.ConnectedConv2d(3, ((0, 1),), 5).output_shape((4, 32, 32)),
        "ConnectedConv2d expects 3 input channels but got 4 in shape (4, 32, 32)",
    ),
    "other channels, subsampled": (
        lambda: lc.Subsampling2d(2, channels=6).output_shape((4, 32, 32)),
        "Subsampling2d expects 6 input channels but got 4 in shape (4, 32, 32)",
    ),
    "other features": (
        lambda: lc.Linear(300, 100).output_shape((200,)),
        "Linear expects 300 input features but got shape (200,)",
    ),
    "Flatten forgotten": (
        lambda: lc.Linear(400, 120).output_shape((16, 5, 5)),
        "Linear expects 400 input features but got shape (16, 5, 5); put Flatten() before it?",
    ),
    "other features of codes": (
        lambda: lc.EuclideanRBF(84, 10).output_shape((83,)),
        "EuclideanRBF expects 84 input features but got shape (83,)",
    ),
    "a kernel that is too large": (
        lambda: lc.Conv2d(1, 1, 5, padding=1).output_shape((1, 8, 2)),
        "along W, a kernel of 5 is larger than the padded input, 4 (input: 2; padding: 1 on each side); use",
    ),
    "a dilated kernel that is too large": (
        lambda: lc.Conv2d(1, 1, 3, dilation=4).output_shape((1, 8, 9)),
        "a kernel of 3 (it spans 9 cells with dilation 4) is larger than the padded input, 8 (input: ",
    ),
    "a window that is too large": (
        lambda: lc.MaxPool2d(3).output_shape((1, 2, 9)),
        "MaxPool2d(3) on (1, 2, 9): along H, a kernel of 3 is larger than the padded input, 2 (input: 2; ",
    ),
    "an axis that is not there": (
        lambda: lc.Softmax(dim=-2).output_shape((10,)),
        "Softmax(dim=-2) needs 2 axes but got shape (10,)",
    ),
    "a layer inside a network": (
        lambda: lc.networks.lenet5().output_shape((1, 28, 28)),
        "fc1: Linear expects 400 input features but got shape (256,)",
    ),
    "a layer inside a layer inside a network": (
        lambda: lc.table(lc.Sequential({"body": lc.Sequential({"fc": lc.Linear(3, 4)})}), (5,)),
        "body.fc: Linear expects 3 input features but got shape (5,)",
    ),
    "no shape": (
        lambda: lc.count(lc.Linear(3, 4), lc.FLOPS),
        "counting FLOPs needs the input's shape without the batch; pass it, as (3, 32, 32)",
    ),
    "no shape for a table": (
        lambda: lc.table(lc.Linear(3, 4)),
        "a table needs the input's shape without the batch; pass it, as (3, 32, 32)",
    ),
    "no shape for a reading": (
        lambda: read(lc.Linear(3, 4), dialect="fvcore"),
        "a reading needs the input's shape without the batch; pass it, as (3, 32, 32)",
    ),
    "no shape for an output's size": (
        lambda: diagnoses(lc.Linear(3, 4), "output_size"),
        "an output's size needs the input's shape without the batch; pass it, as (3, 32, 32)",
    ),
    "no batch": (
        lambda: lc.count(lc.Linear(3, 4), lc.FLOPS, (3,), batch=0),
        "setting: batch must be a whole number of at least 1, but got 0",
    ),
    "half a batch": (
        lambda: lc.table(lc.Linear(3, 4), (3,), batch=0.5),  # type: ignore[arg-type]
        "setting: batch must be a whole number of at least 1, but got 0.5",
    ),
    "parameters on a shape that does not fit": (
        lambda: lc.count(lc.Linear(3, 4), lc.PARAMETERS, (5,)),
        "Linear expects 3 input features but got shape (5,)",
    ),
}


@pytest.mark.parametrize(("action", "message"), MISFITS.values(), ids=MISFITS)
def test_a_misfit_says_who_expected_what_and_what_came(action: Callable[[], object], message: str) -> None:
    with pytest.raises(lc.ShapeError) as caught:
        action()
    assert message in str(caught.value)


def test_a_shape_with_other_axes_is_refused() -> None:
    class Rows(Shape):
        axes, letters = ("R", "L"), ("R", "L")

    with pytest.raises(lc.ShapeError, match=r"takes a shape \(R, L\), but got \(2, 3\) with axes \(T, F\)"):
        fit("Reader", Sequence((2, 3)), Rows)


def test_an_error_names_a_layer_that_takes_many_numbers_by_its_kind() -> None:
    """The 60 connections of LeNet-5's third layer, written out, would bury what is wrong."""
    with pytest.raises(lc.ShapeError) as refused:
        lc.table(lc.networks.lenet5("1998", size=13))
    assert str(refused.value).startswith("c3: ConnectedConv2d on (6, 4, 4): along H, a kernel of 5")
