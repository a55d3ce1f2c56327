"""Quantised weights with numpy: made small, made large again, and multiplied."""

from __future__ import annotations

from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, Sizes, computes


def _kept(layer: Any) -> dict[str, Sizes]:
    groups = -(-layer.in_features // layer.group_size)
    shared = (layer.out_features, groups)
    zero = {"zero": shared} if layer.zero_point else {}
    bias = {"bias": (layer.out_features,)} if layer.bias else {}
    return {"weight": (layer.out_features, layer.in_features), "scale": shared, **zero, **bias}


def quantized(weights: Array, bits: int, group_size: int) -> dict[str, Array]:
    """Weights ``(out, in)`` as whole numbers from 0 to 2^bits - 1, with a scale and a zero point a group.

    The smallest value of a group becomes 0 and the largest 2^bits - 1, so that no weight moves by more than
    half a scale.
    """
    inputs = weights.shape[1]
    starts = np.arange(0, inputs, group_size)
    lowest = np.minimum.reduceat(weights, starts, axis=1)
    highest = np.maximum.reduceat(weights, starts, axis=1)
    span = highest - lowest
    scale = np.where(span > 0, span / (2**bits - 1), 1.0)
    zero = -lowest / scale
    place = np.arange(inputs) // group_size
    small = np.rint(weights / scale[:, place] + zero[:, place])
    return {"weight": np.clip(small, 0, 2**bits - 1), "scale": scale, "zero": zero}


def large(arrays: Any, group_size: int) -> Array:
    """Weights as they multiply: the zero point taken off, and what is left scaled."""
    weight: Array = arrays["weight"]
    place = np.arange(weight.shape[1]) // group_size
    moved = weight - arrays["zero"][:, place] if "zero" in arrays else weight
    return np.asarray(moved * arrays["scale"][:, place])


@computes("QuantizedLinear", keeps=_kept)
def quantized_linear(layer: Any, values: Array, call: Call) -> Array:
    """``(N, ..., in_features)``: a product with the weights made large, and the bias."""
    mapped: Array = values @ large(call, layer.group_size).T
    return np.add(mapped, call["bias"]) if layer.bias else mapped
