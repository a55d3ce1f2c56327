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


# ---- attention, whose arrays torch packs otherwise ------------------------------------------------


def tensors(weights: dict[str, Any]) -> dict[str, Any]:
    import torch

    return {name: torch.from_numpy(np.asarray(array)) for name, array in weights.items()}


def packed(weights: dict[str, Any]) -> dict[str, Any]:
    """The maps of queries, keys and values under the names of torch.nn.MultiheadAttention."""
    import torch

    ours = tensors(weights)
    found = {"out_proj.weight": ours["o.weight"], "out_proj.bias": ours["o.bias"]}
    found["in_proj_bias"] = torch.cat([ours[f"{name}.bias"] for name in "qkv"])
    if ours["q.weight"].shape == ours["k.weight"].shape:
        return {**found, "in_proj_weight": torch.cat([ours[f"{name}.weight"] for name in "qkv"])}
    return {**found, **{f"{name}_proj_weight": ours[f"{name}.weight"] for name in "qkv"}}


@pytest.mark.parametrize("causal", [False, True])
def test_attention_is_multihead_attention(causal: bool) -> None:
    import torch

    layer, values = lc.Attention(12, 3, causal=causal), RANDOM.standard_normal((2, 5, 12))
    weights = forward.draw_weights(layer)
    module = torch.nn.MultiheadAttention(12, 3, batch_first=True).double()
    module.load_state_dict(packed(weights))
    tokens, mask = torch.from_numpy(values), torch.ones(5, 5).triu(1).bool() if causal else None
    expected, _ = module(tokens, tokens, tokens, attn_mask=mask)
    found = forward.run(layer, values, weights)
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-6, atol=1e-12)


def test_attention_across_two_texts_is_multihead_attention() -> None:
    import torch

    layer = lc.CrossAttention(12, 3, kv_dim=7)
    values = [RANDOM.standard_normal((2, 5, 12)), RANDOM.standard_normal((2, 4, 7))]
    weights = forward.draw_weights(layer)
    module = torch.nn.MultiheadAttention(12, 3, kdim=7, vdim=7, batch_first=True).double()
    module.load_state_dict(packed(weights))
    tokens, source = map(torch.from_numpy, values)
    expected, _ = module(tokens, source, source)
    found = forward.run(layer, values, weights)
    np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize(
    "written",
    [
        "Attention(12, 6, 2, causal=True, bias=False)",
        "Attention(12, 6, 1, head_dim=4, v_head_dim=3, causal=True)",
        "Attention(12, 4, 2, causal=True, window=3)",
        "Attention(12, 6, 3, causal=True, qk_norm='head')",
        "Attention(12, 6, 3, causal=True, qk_norm='all')",
        "Attention(12, 4, causal=True, positions='alibi')",
    ],
)
def test_attention_is_scaled_dot_product_attention(written: str) -> None:
    """Grouped heads by enable_gqa, norms by rms_norm, a window and ALiBi by a mask of numbers."""
    import torch
    from torch.nn import functional

    layer = lc.layer_from_text(written)
    assert isinstance(layer, lc.Attention)
    values = RANDOM.standard_normal((2, 7, 12))
    weights = forward.draw_weights(layer)
    own, tokens = tensors(weights), torch.from_numpy(values)

    def heads(name: str, size: int) -> Any:
        rows = functional.linear(tokens, own[f"{name}.weight"], own.get(f"{name}.bias"))
        scale = own.get(f"norm.{name}_weight")
        if layer.qk_norm == "all" and scale is not None:
            rows = functional.rms_norm(rows, scale.shape, scale, 1e-6)
        split = rows.unflatten(-1, (-1, size)).transpose(1, 2)
        one_by_one = layer.qk_norm == "head" and scale is not None
        return functional.rms_norm(split, scale.shape, scale, 1e-6) if one_by_one else split

    query, key = (heads(name, int(layer.key_size)) for name in "qk")
    far = torch.arange(7)[None, :] - torch.arange(7)[:, None]
    mask = torch.zeros(layer.num_heads, 7, 7, dtype=torch.float64)
    if layer.positions == "alibi":
        mask -= far.abs() * (2.0 ** (-8 * torch.arange(1, 5) / 4))[:, None, None]
    hidden = (far > 0) | (far <= -(layer.window or 7))
    context = functional.scaled_dot_product_attention(
        query, key, heads("v", int(layer.value_size)),
        attn_mask=mask.masked_fill(hidden, -torch.inf), enable_gqa=True,
    )  # fmt: skip
    rows = context.transpose(1, 2).flatten(2)
    expected = functional.linear(rows, own["o.weight"], own.get("o.bias"))
    found = forward.run(layer, values, weights)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("gated", [False, True])
def test_a_feed_forward_is_its_linear_maps(gated: bool) -> None:
    import torch
    from torch.nn import functional

    layer = lc.FeedForward(6, 10, gated=gated, activation="SiLU" if gated else "GELU")
    values, weights = RANDOM.standard_normal((2, 4, 6)), forward.draw_weights(layer)
    own, tokens = tensors(weights), torch.from_numpy(values)

    def mapped(name: str, rows: Any) -> Any:
        return functional.linear(rows, own[f"{name}.weight"], own[f"{name}.bias"])

    up = mapped("up", tokens)
    inner = functional.silu(mapped("gate", tokens)) * up if gated else functional.gelu(up)
    expected = mapped("down", inner).numpy()
    np.testing.assert_allclose(forward.run(layer, values, weights), expected, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("router", ["softmax", "chosen", "sigmoid"])
def test_experts_are_chosen_as_by_topk(router: str) -> None:
    import torch
    from torch.nn import functional

    layer = lc.MixtureOfExperts(6, 5, 8, 3, router=router)
    values, weights = RANDOM.standard_normal((2, 4, 6)), forward.draw_weights(layer)
    own, tokens = tensors(weights), torch.from_numpy(values)
    scores = functional.linear(tokens, own["router.weight"])
    weighed = {"softmax": scores.softmax(-1), "chosen": scores, "sigmoid": scores.sigmoid()}[router]
    best, places = weighed.topk(3, dim=-1)
    best = best.softmax(-1) if router == "chosen" else best
    up, gate = (
        torch.einsum("efd,btd->btef", own[f"experts.{name}.weight"], tokens) for name in ("up", "gate")
    )
    every = torch.einsum("edf,btef->bted", own["experts.down.weight"], functional.silu(gate) * up)
    chosen = every.gather(2, places[..., None].expand(-1, -1, -1, 6))
    expected = (best[..., None] * chosen).sum(2).numpy()
    np.testing.assert_allclose(forward.run(layer, values, weights), expected, rtol=1e-6, atol=1e-12)
