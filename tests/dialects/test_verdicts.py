"""One verdict on each tool's number, the same wherever a page shows it."""

from __future__ import annotations

from typing import Any

import pytest

import layercost as lc
from layercost.dialects import DIALECTS, Judged, called, read, verdict

LINEAR = (lc.Linear(300, 100), (300,))
BARE = (lc.Linear(300, 100, bias=False), (300,))
SENTENCE = (lc.Linear(300, 100), (20, 300))
LSTM = (lc.LSTM(128, 64), (10, 128))
LENET = (lc.networks.lenet5(), (1, 32, 32))


@pytest.mark.parametrize(
    ("model", "tool", "judged", "off"),
    [
        pytest.param(LINEAR, "fvcore", Judged.MISNAMED, 0, id="30,000 MACs called flops"),
        pytest.param(LINEAR, "thop", Judged.RIGHT, 0, id="30,000 MACs"),
        pytest.param(LINEAR, "torchinfo", Judged.TOO_LARGE, 100, id="30,100 mult-adds: a bias is none"),
        pytest.param(LINEAR, "torch.FlopCounterMode", Judged.RIGHT, 0, id="60,000 = 30,000 x 2"),
        pytest.param(LINEAR, "tf.profiler", Judged.TOO_LARGE, 100, id="60,100: 100 above what loops count"),
        pytest.param(BARE, "torch.FlopCounterMode", Judged.RIGHT, 0, id="60,000 without bias: MACs doubled"),
        pytest.param(BARE, "torch-flops", Judged.RIGHT, 0, id="59,900 without bias: additions counted"),
        pytest.param(BARE, "torchinfo", Judged.RIGHT, 0, id="30,000 without bias"),
        pytest.param(SENTENCE, "torchinfo", Judged.TOO_SMALL, -569_900, id="20 positions taken for one"),
        pytest.param(LSTM, "ptflops(pytorch)", Judged.TOO_SMALL, 50_304 - 491_520, id="divided by the steps"),
        pytest.param(LENET, "torchinfo", Judged.TOO_LARGE, 6_304 + 214, id="423,038 - 416,520"),
        pytest.param(LENET, "tf.profiler", Judged.TOO_LARGE, 6_304 + 214, id="every bias is counted twice"),
        pytest.param(LENET, "fvcore", Judged.MISNAMED, 0, id="416,520 MACs called flops"),
    ],
)
def test_a_number_is_held_against_what_it_is_called(model: Any, tool: str, judged: Judged, off: int) -> None:
    """Right, right under another name, or off by what the tool added or forgot."""
    found = verdict(read(*model, tool))
    assert (found.judged, found.off) == (judged, off)


@pytest.mark.parametrize("tool", DIALECTS)
def test_every_tool_has_a_verdict_in_words(tool: str) -> None:
    """The words name what the number is called, and by how much it is off."""
    found = verdict(read(*LENET, tool))
    assert str(found.words)
    if found.off:
        assert f"{abs(found.off):,}" in str(found.words)
        assert called(DIALECTS[tool]) in str(found.words)


def test_a_layer_without_dot_products_is_priced_and_not_judged() -> None:
    """What a maximum costs is a convention."""
    assert verdict(read(lc.MaxPool2d(2), (6, 28, 28), "tf.profiler")).judged is Judged.OWN_PRICES


def test_a_tool_that_counts_parameters_is_not_judged() -> None:
    """It gives no number of operations."""
    assert verdict(read(*LINEAR, "keras")).judged is Judged.NOTHING


def test_what_a_number_lacks_is_said_to_lack_in_its_layer() -> None:
    """100 outputs without bias: one addition fewer each, and not 100 layers fewer."""
    reading = read(lc.Linear(300, 100, bias=False), (300,), DIALECTS["torch-flops"])
    assert str(reading.reason) == "2 × 30,000 MACs − 100 in Linear"
