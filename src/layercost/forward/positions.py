"""Positions and segments: a row of a table is added to each token."""

from __future__ import annotations

from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, computes


@computes(
    "LearnedPositions",
    keeps=lambda layer: {"position.weight": (layer.num_positions + layer.spare_rows, layer.embed_dim)},
)
def learned_positions(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d)``: the rows of the first places."""
    first = layer.spare_rows
    placed: Array = values + call["position.weight"][first : first + values.shape[1]]
    return placed


@computes(
    "SinusoidalPositions",
    keeps=lambda layer: {"position.weight": (layer.num_positions, layer.embed_dim)} if layer.stored else {},
)
def sinusoidal_positions(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d)``: the table that is kept, or sines and cosines."""
    tokens, width = values.shape[1:]
    if layer.stored:
        table: Array = values + call["position.weight"][:tokens]
        return table
    half = (width + 1) // 2
    angles = np.arange(tokens)[:, None] / 10_000 ** (np.arange(half) / half)
    placed: Array = values + np.concatenate([np.sin(angles), np.cos(angles)], axis=1)[:, :width]
    return placed


@computes("Segments", keeps=lambda layer: {"segment.weight": (layer.num_segments, layer.embed_dim)})
def segments(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T, d)``: one token after the other is of the next segment."""
    told: Array = values + call["segment.weight"][np.arange(values.shape[1]) % layer.num_segments]
    return told
