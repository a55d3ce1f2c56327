"""Hundreds of malformed layers and shapes: a message names layer, field, value, and what would be right."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

import layercost as lc
from layercost.shape import OutputSizeRule

# A layer of each kind, as text; from each, one field after the other is spoiled.
LAYERS = [
    "AdaptiveAvgPool2d(3)",
    "Attention(6, 3)",
    "AvgPool2d(2)",
    "BatchNorm1d(4)",
    "BatchNorm2d(4)",
    "Conv1d(4, 6, 3)",
    "Conv2d(4, 6, 3)",
    "Conv3d(4, 6, 3)",
    "ConvTranspose2d(4, 6, 3)",
    "CrossAttention(6, 3)",
    "Dropout(0.5)",
    "Embedding(10, 4)",
    "EuclideanRBF(4, 6)",
    "FeedForward(4, 6)",
    "GELU()",
    "GRU(4, 6)",
    "GroupNorm(2, 4)",
    "LSTM(4, 6)",
    "LatentAttention(8, 2, 3, 4, 2, 5)",
    "LayerNorm(4)",
    "LeakyReLU(0.1)",
    "LearnedPositions(10, 4)",
    "Linear(4, 6)",
    "LocalResponseNorm(5)",
    "MambaBlock(4)",
    "MaxPool2d(2)",
    "MixtureOfExperts(4, 6, 8, 2)",
    "PReLU(4)",
    "PatchEmbedding(3, 4, 6)",
    "PatchMerging(4)",
    "RNN(4, 6)",
    "Segments(2, 4)",
    "SinusoidalPositions(10, 4)",
    "Softmax(-1)",
    "Subsampling2d(2, channels=4)",
    "WindowAttention(6, 3, 2)",
    "ZeroPaddedShortcut(4, 6, 2)",
]
MAY_BE_NONE = {
    "momentum", "rule", "output_size",
    "stride of AvgPool2d", "stride of MaxPool2d", "stride of Subsampling2d",
}  # fmt: skip


def spoiled(value: object, field: str) -> list[object]:
    """What cannot stand in a field that holds `value`: another type, another sign, too much."""
    if isinstance(value, bool):
        return [1, "yes", None]
    if isinstance(value, int):
        return [-(10**6), 1.5, "3", True, None, [2], 10**19] if field != "dim" else [0, 1.5, "3", True, None]
    if isinstance(value, float):
        return [-0.5, "x", True, [0.5]]
    if isinstance(value, str):
        return ["other", 3, None]
    if isinstance(value, tuple):
        return [-1, 1.5, "x", True, (1, 2, 3, 4), (1, "2")]
    return ["nobody's", 3]


WHOLE = {
    "num_kv_heads", "head_dim", "v_head_dim", "window", "rotary_dim", "kv_dim", "q_lora_rank",
    "out_channels", "time_step_rank", "image_size",
}  # fmt: skip


def is_right(name: str, field: str, value: object) -> bool:
    """Whether a value of another kind can stand there all the same."""
    if field == "normalized_shape":
        return value == (1, 2, 3, 4)
    if field in WHOLE and value == 3:  # a number is right there, if all else fits
        return True
    return value is None and bool({field, f"{field} of {name}"} & MAY_BE_NONE)


def cases() -> list[tuple[str, str, object]]:
    found = []
    for text in LAYERS:
        layer = lc.layer_from_text(text)
        for field in fields(layer):
            values = spoiled(getattr(layer, field.name), field.name)
            bad = (value for value in values if not is_right(type(layer).__name__, field.name, value))
            found += [(text, field.name, value) for value in bad]
    return found


def given(layer: lc.Layer, field: str, bad: object) -> dict[str, Any]:
    """The arguments of the layer, one of them spoiled."""
    arguments = {each.name: getattr(layer, each.name) for each in fields(layer)}
    written = {k: v.name if isinstance(v, OutputSizeRule) else v for k, v in arguments.items()}
    return {**written, field: bad}


def test_there_are_hundreds() -> None:
    assert len(cases()) + len(SHAPES) > 400


@pytest.mark.parametrize(("text", "field", "bad"), cases(), ids=repr)
def test_a_spoiled_field_is_named_with_its_value(text: str, field: str, bad: object) -> None:
    """The layer, the field, what would be right, and the value that came."""
    layer = lc.layer_from_text(text)
    with pytest.raises(lc.LayerError) as built:
        type(layer)(**given(layer, field, bad))
    message = str(built.value)
    assert message.startswith(f"{type(layer).__name__}: ")
    assert field in message
    assert any(word in message for word in ("must", "did you mean", "there are"))
    shown = [repr(bad), *(repr(part) for part in (bad if isinstance(bad, tuple) else ()))]
    assert any(part in message for part in shown), message
    writable = ", ".join(f"{key}={value!r}" for key, value in given(layer, field, bad).items())
    with pytest.raises(lc.LayerError) as read:
        lc.layer_from_text(f"{type(layer).__name__}({writable})")
    assert str(read.value) == message.replace(repr([2]), repr((2,))).replace(repr([0.5]), repr((0.5,)))


SHAPES = [
    (text, shape)
    for text, axes in [
        ("Conv1d(4, 6, 3)", 2), ("Conv2d(4, 6, 3)", 3), ("Conv3d(4, 6, 3)", 4),
        ("ConvTranspose2d(4, 6, 3)", 3),
        ("MaxPool2d(2)", 3), ("AdaptiveAvgPool2d(2)", 3), ("BatchNorm2d(4)", 3), ("LSTM(4, 6)", 2),
        ("GRU(4, 6)", 2), ("Attention(6, 3)", 2), ("LatentAttention(8, 2, 3, 4, 2, 5)", 2),
        ("FeedForward(6, 10)", 2), ("MixtureOfExperts(6, 10, 8, 2)", 2),
        ("PatchEmbedding(3, 4, 6)", 3), ("PatchMerging(3)", 3), ("WindowAttention(6, 3, 2)", 3),
        ("LearnedPositions(10, 6)", 2), ("Segments(2, 6)", 2), ("MambaBlock(6)", 2),
        ("Embedding(10, 4)", 1), ("EuclideanRBF(4, 6)", 1), ("LocalResponseNorm(5)", 3),
    ]
    for shape in [
        (4,) * (axes + 1), (4,) * (axes - 1), (0,) * axes, (-4,) * axes, (4.5,) * axes, ("4",) * axes, "4", 4,
    ]
]  # fmt: skip


@pytest.mark.parametrize(("text", "shape"), SHAPES, ids=repr)
def test_a_spoiled_shape_is_named(text: str, shape: Any) -> None:
    """The layer, and what arrived."""
    layer = lc.layer_from_text(text)
    with pytest.raises(lc.ShapeError) as refused:
        layer.output_shape(shape)
    message = str(refused.value)
    assert message.startswith(type(layer).__name__)
    assert "shape" in message
    assert repr(shape) in message or repr(shape[0]) in message, message
