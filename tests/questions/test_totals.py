"""What believers are counted by is what `count` says."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost.convention import CONVENTIONS, Quantity
from layercost.layer import Layer
from layercost.questions.totals import total
from layercost.setting import Setting
from layercost.shape import shape_of

SHARED = lc.Linear(12, 12)
NETWORKS: dict[str, tuple[Layer, tuple[int, ...]]] = {
    "twice the same layer": (lc.Sequential(SHARED, lc.ReLU(), SHARED), (12,)),
    "LeNet": (
        lc.Sequential(lc.Conv2d(1, 6, 5), lc.MaxPool2d(2), lc.Flatten(), lc.Linear(864, 10)),
        (1, 28, 28),
    ),
    "one layer": (lc.BatchNorm2d(8), (8, 6, 6)),
    "attention and a feed-forward": (
        lc.Sequential(lc.Attention(8, 4, 2, causal=True), lc.FeedForward(8, 16)),
        (5, 8),
    ),
}


@pytest.mark.parametrize("quantity", Quantity, ids=lambda quantity: quantity.value)
@pytest.mark.parametrize(("layer", "shape"), NETWORKS.values(), ids=NETWORKS)
def test_a_total_is_that_of_a_count(layer: Layer, shape: tuple[int, ...], quantity: Quantity):
    """Under every convention, for a batch, in any number format; a layer that is called twice holds once."""
    for convention in CONVENTIONS.values():
        for batch, dtype in ((1, "float32"), (3, "float16")):
            right = lc.count(layer, quantity, shape, convention, batch=batch, dtype=dtype).total
            setting = Setting(batch, dtype=dtype)
            assert total(layer, quantity, shape_of(shape), convention, setting) == right


def test_a_network_that_does_not_fit_has_no_total():
    """Not even of what it holds."""
    shape, convention = shape_of((1, 30, 30)), CONVENTIONS["textbook"]
    with pytest.raises(lc.ShapeError):
        total(NETWORKS["LeNet"][0], Quantity.PARAMETERS, shape, convention, Setting())
