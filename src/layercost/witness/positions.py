"""Positions and segments as loops: a row of a table is added to each token."""

from __future__ import annotations

import math
from typing import Any

from layercost.witness.numbers import Number, Tensor, expect
from layercost.witness.recording import Run, loops


def _table(layer: Any, name: str, rows: int, this: Run) -> list[list[Number]]:
    """All rows of a table, which is held whole."""
    weight = this.trained(layer, name)
    return [[weight[row, place] for place in range(layer.embed_dim)] for row in range(rows)]


def _added(layer: Any, tokens: Tensor, rows: list[list[Number]]) -> Tensor:
    """Each token with the row that belongs to it."""
    for token in tokens:
        expect("features a token", layer.embed_dim, len(token))
    return [[x + r for x, r in zip(token, row, strict=True)] for token, row in zip(tokens, rows, strict=True)]


def _of_places(layer: Any, tokens: Tensor, table: list[list[Number]], this: Run) -> list[list[Number]]:
    """The rows of the places at which the tokens stand, after those that are cached."""
    if len(tokens) > layer.num_positions:
        raise ValueError(f"expected at most {layer.num_positions} tokens, but {len(tokens)} arrived")
    last = layer.num_positions - 1
    return [table[min(this.cached + place, last)] for place, _ in enumerate(tokens)]


@loops("LearnedPositions")
def learned_positions(layer: Any, tokens: Tensor, this: Run) -> Tensor:
    """The trained row of its place for each token."""
    table = _table(layer, "position.weight", layer.num_positions + layer.spare_rows, this)
    return _added(layer, tokens, _of_places(layer, tokens, table[layer.spare_rows :], this))


@loops("SinusoidalPositions")
def sinusoidal_positions(layer: Any, tokens: Tensor, this: Run) -> Tensor:
    """Sines of the place in the first half of the features, cosines in the second, over ever longer waves."""
    if layer.stored:
        table = _table(layer, "position.weight", layer.num_positions, this)
    else:
        table = [
            [this.number(wave(place, feature, layer.embed_dim)) for feature in range(layer.embed_dim)]
            for place in range(layer.num_positions)
        ]
    return _added(layer, tokens, _of_places(layer, tokens, table, this))


def wave(place: int, feature: int, features: int) -> float:
    """The value of one feature at one place."""
    half = (features + 1) // 2
    angle = place / 10_000 ** (feature % half / half)
    return math.sin(angle) if feature < half else math.cos(angle)


@loops("Segments")
def segments(layer: Any, tokens: Tensor, this: Run) -> Tensor:
    """The trained row of its segment for each token; here one token after the other is of the next."""
    table = _table(layer, "segment.weight", layer.num_segments, this)
    this.log["lookup_macs"] += len(tokens) * layer.embed_dim * len(table)
    return _added(layer, tokens, [table[place % len(table)] for place, _ in enumerate(tokens)])
