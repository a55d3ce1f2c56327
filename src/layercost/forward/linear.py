"""Fully connected layers and embeddings: products with a matrix, rows of a table."""

# ruff: noqa: ARG001 - each layer's computation is given the layer, the values and the call, needed or not

from __future__ import annotations

from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, Sizes, computes
from layercost.shape import ShapeError


def _keeps(layer: Any) -> dict[str, Sizes]:
    weight = (layer.out_features, layer.in_features)
    return {"weight": weight, "bias": (layer.out_features,)} if layer.bias else {"weight": weight}


@computes("Linear", keeps=_keeps)
def linear(layer: Any, values: Array, call: Call) -> Array:
    """``(N, ..., d_in)`` to ``(N, ..., d_out)``."""
    products = values @ call["weight"].T
    return np.add(products, call["bias"]) if layer.bias else products


@computes("EuclideanRBF", keeps=lambda layer: {"codes": (layer.out_features, layer.in_features)})
def euclidean_rbf(layer: Any, values: Array, call: Call) -> Array:
    """``(N, d_in)`` to ``(N, d_out)``: squared distances to fixed codes."""
    squares: Array = np.square(values[:, None, :] - call["codes"])
    return np.asarray(squares.sum(axis=-1))


@computes("Embedding", keeps=lambda layer: {"weight": (layer.num_embeddings, layer.embedding_dim)})
def embedding(layer: Any, values: Array, call: Call) -> Array:
    """``(N, T)`` whole numbers to ``(N, T, d)``; raises ShapeError for what is no token."""
    if not np.issubdtype(values.dtype, np.integer):
        raise ShapeError(f"{layer!r} takes whole numbers as tokens, but got values of type {values.dtype}")
    if values.min() < 0 or values.max() >= layer.num_embeddings:
        raise ShapeError(
            f"{layer!r} takes tokens from 0 to {layer.num_embeddings - 1}, "
            f"but got some from {values.min()} to {values.max()}"
        )
    return call["weight"][values]
