"""What others print about training and memory, beyond the claims that ``chapters/published`` declares."""

from __future__ import annotations

import pytest

import layercost as lc
from layercost.analysis.states import states
from layercost.analysis.training import training_step
from layercost.analysis.weights import weights


@pytest.mark.parametrize(("name", "factor"), [
    ("gpt-3", 6.165), ("llama-3.1-405b", 6.094), ("gemma-2b", 6.361), ("llama-2-7b", 6.361),
])  # fmt: skip
def test_six_is_the_factor_of_large_models_and_short_texts(name: str, factor: float) -> None:
    """C = 6 N D: forward and backward over N D at 2,048 tokens, full square."""
    model = lc.model_named(name)
    one = training_step(model, (2048,))
    assert round(one.model / one.tokens / lc.count(model, lc.PARAMETERS).total, 3) == factor


def test_fused_attention_runs_seven_products() -> None:
    """Dao et al. 2022, figure 2: two forward, four on the way back, and the scores once more."""
    product = 2 * 64 * 16 * 1024 * 1024 * 64
    attention = lc.Sequential(lc.Embedding(7, 1024), lc.Attention(1024, 16))
    step = training_step(attention, (1024,), recompute="fused-attention", batch=64)
    products = [part for part in step.calls[1].parts if part.part in ("scores", "context")]
    assert sum(part.forward + part.backward for part in products) + step.recomputed == 7 * product


def test_sharing_out_over_eight_devices() -> None:
    """A course: 38.5, 26.25 and 14 GB a device for 7B parameters, stages 1 to 3."""
    found = [states(7 * 10**9, stage=stage, devices=8).bytes / 1e9 for stage in (1, 2, 3)]
    assert found == [38.5, 26.25, 14.0]


@pytest.mark.parametrize(("name", "total", "gibibytes"), [
    ("gpt-oss-120b", 65_190_340_224, 60.77), ("gpt-oss-20b", 13_751_518_848, 12.82),
])  # fmt: skip
def test_experts_in_mxfp4_fit_a_device(name: str, total: int, gibibytes: float) -> None:
    """gpt-oss's README and card: 80 GB and 16 GB; 60.8 and 12.8 GiB. Biases are priced as weights there."""
    held = weights(lc.model_named(name), "mxfp4", which="experts-with-biases")
    assert held.bytes == total
    matrices = weights(lc.model_named(name), "mxfp4", which="experts")
    assert round(matrices.bytes / 2**30, 2) == gibibytes
    assert 0.0005 < matrices.bytes / total - 1 < 0.0012
