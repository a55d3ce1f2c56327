"""Images as tokens: patches, cells that are merged, windows of cells that attend."""

from __future__ import annotations

from typing import Any

import numpy as np

from layercost.forward.activation import softmax_over
from layercost.forward.attention import linear
from layercost.forward.weights import Array, Call, Sizes, computes


@computes("ToTokens")
def to_tokens(layer: Any, values: Array, call: Call) -> Array:  # noqa: ARG001
    """``(N, C, ...)`` to ``(N, T, C)``."""
    return values.reshape(*values.shape[:2], -1).swapaxes(1, 2)


def _keeps_of_patches(layer: Any) -> dict[str, Sizes]:
    d, kept = layer.embed_dim, dict[str, Sizes]()
    kept["patch.weight"] = (d, layer.in_channels, *layer.patch_size)
    if layer.bias:
        kept["patch.bias"] = (d,)
    if layer.class_tokens:
        kept["class.weight"] = (layer.class_tokens, d)
    if layer.image_size is not None:
        across = [n // p for n, p in zip(layer.image_size, layer.patch_size, strict=True)]
        kept["position.weight"] = (across[0] * across[1] + layer.class_tokens, d)
    return kept


@computes("PatchEmbedding", keeps=_keeps_of_patches)
def patch_embedding(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, H, W)`` to ``(N, T, d)``."""
    batch, channels, height, width = values.shape
    tall, wide = layer.patch_size
    down, along = height // tall, width // wide
    cells = values[:, :, : down * tall, : along * wide].reshape(batch, channels, down, tall, along, wide)
    patches = cells.transpose(0, 2, 4, 1, 3, 5).reshape(batch, down * along, -1)
    tokens: Array = patches @ call["patch.weight"].reshape(layer.embed_dim, -1).T
    tokens = tokens + call["patch.bias"] if layer.bias else tokens
    if layer.class_tokens:
        first = np.broadcast_to(call["class.weight"], (batch, layer.class_tokens, layer.embed_dim))
        tokens = np.concatenate([first, tokens], axis=1)
    return tokens if layer.image_size is None else tokens + call["position.weight"]


def _padded(values: Array, side: int) -> Array:
    """Zeros below and to the right, up to whole windows of that side."""
    more = [(0, -size % side) for size in values.shape[2:]]
    return np.pad(values, ((0, 0), (0, 0), *more))


def _merged_width(layer: Any) -> int:
    return 2 * layer.in_channels if layer.out_channels is None else int(layer.out_channels)


@computes(
    "PatchMerging",
    keeps=lambda layer: {
        "norm.weight": (4 * layer.in_channels,),
        "norm.bias": (4 * layer.in_channels,),
        "patch_merging.weight": (_merged_width(layer), 4 * layer.in_channels),
    },
)
def patch_merging(layer: Any, values: Array, call: Call) -> Array:  # noqa: ARG001
    """``(N, C, H, W)`` to ``(N, 2 C, H / 2, W / 2)``."""
    even = _padded(values, 2)
    cells = np.concatenate([even[:, :, row::2, column::2] for column in (0, 1) for row in (0, 1)], axis=1)
    rows = np.moveaxis(cells, 1, -1)
    mean, spread = rows.mean(axis=-1, keepdims=True), rows.var(axis=-1, keepdims=True)
    rows = (rows - mean) / np.sqrt(spread + 1e-5) * call["norm.weight"] + call["norm.bias"]
    return np.moveaxis(rows @ call["patch_merging.weight"].T, -1, 1)


# ---- windows -------------------------------------------------------------------------------------


def _keeps_of_windows(layer: Any) -> dict[str, Sizes]:
    d, side = layer.embed_dim, 2 * layer.window_size - 1
    kept: dict[str, Sizes] = {f"{part}.weight": (d, d) for part in "qkvo"}
    kept.update({f"{part}.bias": (d,) for part in "qkv" if layer.bias})
    if layer.bias if layer.out_bias is None else layer.out_bias:
        kept["o.bias"] = (d,)
    return {**kept, "relative_bias.weight": (side * side, layer.num_heads)}


@computes("WindowAttention", keeps=_keeps_of_windows)
def window_attention(layer: Any, values: Array, call: Call) -> Array:
    """``(N, d, H, W)``: every window alone."""
    _, _, height, width = values.shape
    moves = layer.shifted and min(height, width) > layer.window_size
    shift = layer.window_size // 2 if moves else 0
    canvas = np.roll(_padded(values, layer.window_size), (-shift, -shift), axis=(2, 3))
    mixed = _windows_mixed(layer, canvas, shift, call)
    return np.roll(mixed, (shift, shift), axis=(2, 3))[:, :, :height, :width]


def _windows_mixed(layer: Any, canvas: Array, shift: int, call: Call) -> Array:
    batch, d, height, width = canvas.shape
    h, w = layer.num_heads, layer.window_size
    tokens = _cut(canvas, w)  # (N, windows, w w, d)
    heads = [
        linear(call, part, tokens).reshape(*tokens.shape[:3], h, d // h).swapaxes(2, 3) for part in "qkv"
    ]
    scores = heads[0] @ heads[1].swapaxes(-1, -2) / np.sqrt(d // h)
    scores = scores + call["relative_bias.weight"][_distances(w)].transpose(2, 0, 1)
    if shift:
        scores = np.where(_apart(height, width, w, shift)[None, :, None], -np.inf, scores)
    context = (softmax_over(scores) @ heads[2]).swapaxes(2, 3).reshape(tokens.shape)
    mixed = linear(call, "o", context).reshape(batch, height // w, width // w, w, w, d)
    return mixed.transpose(0, 5, 1, 3, 2, 4).reshape(canvas.shape)


def _cut(canvas: Array, window: int) -> Array:
    """``(N, d, H, W)`` to the tokens of each window."""
    batch, d, height, width = canvas.shape
    cells = canvas.reshape(batch, d, height // window, window, width // window, window)
    return cells.transpose(0, 2, 4, 3, 5, 1).reshape(batch, -1, window * window, d)


def _distances(window: int) -> Array:
    """For each pair of cells of a window the row of the table."""
    places = np.stack(np.meshgrid(np.arange(window), np.arange(window), indexing="ij")).reshape(2, -1)
    far = places[:, :, None] - places[:, None, :] + window - 1
    rows: Array = far[0] * (2 * window - 1) + far[1]
    return rows


def _apart(height: int, width: int, window: int, shift: int) -> Array:
    """For each window the pairs of cells that only meet around the border."""
    beyond = 2 * (np.arange(height) + shift >= height)[:, None] + (np.arange(width) + shift >= width)
    marks = _cut(beyond[None, None].astype(float), window)[0, :, :, 0]
    apart: Array = marks[:, :, None] != marks[:, None, :]
    return apart
