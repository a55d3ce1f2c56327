"""What numpy computes, held against PyTorch in float64, with the same weights under the same names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layercost as lc
from layercost import forward

pytestmark = pytest.mark.torch
RANDOM = np.random.default_rng(11)

CASES: list[tuple[str, tuple[int, ...]]] = [
    ("Linear(7, 5)", (7,)),
    ("Linear(7, 5, bias=False)", (3, 7)),
    ("Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2)", (4, 11)),
    ("Conv2d(4, 6, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), groups=2)", (4, 9, 8)),
    ("Conv2d(3, 4, 3, padding='same', bias=False)", (3, 6, 6)),
    ("Conv2d(6, 6, 5, groups=6, padding=2)", (6, 8, 8)),
    ("Conv3d(2, 3, 2, stride=2)", (2, 5, 5, 5)),
    ("ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, dilation=2)", (4, 5, 4)),
    ("MaxPool2d(3, stride=2, padding=1, dilation=2, ceil_mode=True)", (2, 11, 10)),
    ("AvgPool2d(3, stride=2, padding=1, ceil_mode=True)", (2, 8, 7)),
    ("AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)", (2, 8, 7)),
    ("AdaptiveAvgPool2d((3, 4))", (2, 7, 10)),
    ("BatchNorm1d(4)", (4, 5)),
    ("BatchNorm2d(4, affine=False)", (4, 3, 3)),
    ("BatchNorm2d(4, track_running_stats=False)", (4, 3, 3)),
    ("LayerNorm((3, 4))", (2, 3, 4)),
    ("LayerNorm(4, bias=False)", (3, 4)),
    ("GroupNorm(2, 6)", (6, 3, 3)),
    ("LocalResponseNorm(5, alpha=0.5, beta=0.75, k=2.0)", (7, 3, 3)),
    ("LocalResponseNorm(4, alpha=0.5)", (7, 3, 3)),
    ("LSTM(4, 5, num_layers=2, batch_first=True, bidirectional=True)", (6, 4)),
    ("LSTM(4, 5, proj_size=3, batch_first=True)", (6, 4)),
    ("GRU(4, 5, num_layers=2, batch_first=True, bidirectional=True)", (6, 4)),
    ("GRU(4, 5, bias=False, batch_first=True)", (6, 4)),
    ("RNN(4, 5, nonlinearity='relu', batch_first=True)", (6, 4)),
    ("RNN(4, 5, num_layers=3, batch_first=True)", (6, 4)),
    ("PReLU(3)", (3, 4, 4)),
    ("GELU()", (3, 4)),
    ("GELU(approximate='tanh')", (3, 4)),
    ("SiLU()", (3, 4)),
    ("Sigmoid()", (3, 4)),
    ("Tanh()", (5,)),
    ("ReLU6()", (3, 4)),
    ("LeakyReLU(0.2)", (3, 4)),
    ("Softmax(dim=-2)", (3, 4)),
    ("Flatten()", (3, 4, 2)),
]


@pytest.mark.parametrize("training", [False, True], ids=["inference", "training"])
@pytest.mark.parametrize(("written", "shape"), CASES, ids=[written for written, _ in CASES])
def test_numpy_computes_what_torch_computes(written: str, shape: tuple[int, ...], training: bool) -> None:
    """To 1e-6, and mostly to the last places; weights go over by their names alone."""
    import torch

    layer = lc.layer_from_text(written)
    module = eval(f"torch.nn.{written}", {"torch": torch}).double().train(training)  # noqa: S307
    weights = forward.draw_weights(layer, seed=2)
    loaded = {name: torch.from_numpy(array) for name, array in weights.items()}
    missing, unexpected = module.load_state_dict(loaded, strict=False)
    assert not unexpected
    assert {name for name in missing if not name.endswith("num_batches_tracked")} == set()
    values = RANDOM.standard_normal((3, *shape))
    expected: Any = module(torch.from_numpy(values))
    expected = expected[0] if isinstance(expected, tuple) else expected
    found = forward.run(layer, values, weights, training=training)
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-6, atol=1e-12)


def test_embedding_looks_up_what_torch_looks_up() -> None:
    import torch

    layer, tokens = lc.Embedding(10, 4), RANDOM.integers(0, 10, (3, 5))
    weights = forward.draw_weights(layer)
    module = torch.nn.Embedding.from_pretrained(torch.from_numpy(weights["weight"]))
    np.testing.assert_array_equal(
        forward.run(layer, tokens, weights), module(torch.from_numpy(tokens)).numpy()
    )
