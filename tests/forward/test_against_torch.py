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
    ("ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2, dilation=2)", (4, 5)),
    ("ConvTranspose3d(4, 2, (1, 2, 3), stride=(2, 1, 3), padding=(0, 1, 1), groups=2)", (4, 2, 3, 2)),
    ("MaxPool1d(3, stride=2, padding=1, dilation=2, ceil_mode=True)", (2, 11)),
    ("MaxPool3d(2, stride=1, padding=1, ceil_mode=True)", (2, 3, 4, 5)),
    ("AvgPool1d(3, stride=2, padding=1, ceil_mode=True)", (2, 8)),
    ("AvgPool1d(3, stride=2, padding=1, count_include_pad=False)", (2, 8)),
    ("AvgPool3d((1, 2, 3), padding=(0, 1, 1), ceil_mode=True)", (2, 3, 4, 5)),
    ("MaxPool2d(3, stride=2, padding=1, dilation=2, ceil_mode=True)", (2, 11, 10)),
    ("AvgPool2d(3, stride=2, padding=1, ceil_mode=True)", (2, 8, 7)),
    ("AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)", (2, 8, 7)),
    ("AdaptiveAvgPool2d((3, 4))", (2, 7, 10)),
    ("AdaptiveAvgPool1d(3)", (2, 7)),
    ("AdaptiveAvgPool3d((None, 2, 3))", (2, 3, 5, 4)),
    ("AdaptiveMaxPool1d(4)", (2, 7)),
    ("AdaptiveMaxPool2d((3, None))", (2, 7, 5)),
    ("AdaptiveMaxPool3d(2)", (2, 3, 5, 4)),
    ("BatchNorm1d(4)", (4, 5)),
    ("BatchNorm3d(4)", (4, 2, 3, 2)),
    ("InstanceNorm1d(4, affine=True, track_running_stats=True)", (4, 5)),
    ("InstanceNorm2d(4)", (4, 3, 2)),
    ("InstanceNorm3d(4, affine=True)", (4, 2, 3, 2)),
    ("RMSNorm((3, 4))", (2, 3, 4)),
    ("RMSNorm(4, eps=0.01, elementwise_affine=False)", (3, 4)),
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
    ("LogSoftmax(dim=-2)", (3, 4)),
    ("GLU(dim=-2)", (4, 3)),
    ("Hardswish()", (3, 40)),
    ("Hardsigmoid()", (3, 40)),
    ("Hardtanh(-0.5, 2)", (3, 40)),
    ("ELU(0.5)", (3, 40)),
    ("CELU(0.5)", (3, 40)),
    ("SELU()", (3, 40)),
    ("Mish()", (3, 40)),
    ("Softplus()", (3, 40)),
    ("Softplus(beta=2, threshold=1)", (3, 40)),
    ("Softsign()", (3, 40)),
    ("LogSigmoid()", (3, 40)),
    ("Flatten()", (3, 4, 2)),
    ("ZeroPad2d((1, 2, 0, 3))", (2, 3, 4)),
    ("PixelShuffle(2)", (12, 3, 4)),
    ("PixelUnshuffle(3)", (2, 3, 6)),
    ("Upsample(scale_factor=2)", (2, 3, 4)),
    ("Upsample(size=(5, 7))", (2, 3, 4)),
    ("Upsample(scale_factor=1.5, mode='nearest-exact')", (2, 5)),
    ("Upsample(scale_factor=(1.7, 0.6), mode='nearest')", (2, 5, 7)),
    ("Upsample(scale_factor=2.3, mode='linear')", (2, 5)),
    ("Upsample(size=9, mode='linear', align_corners=True)", (2, 5)),
    ("Upsample(scale_factor=2, mode='bilinear')", (2, 3, 4)),
    ("Upsample(size=(2, 9), mode='bilinear', align_corners=True)", (2, 3, 4)),
    ("Upsample(scale_factor=(2, 1, 1.5), mode='trilinear')", (2, 2, 3, 4)),
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
