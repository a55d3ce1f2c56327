"""The weights of a folded network: what becomes of a convolution when a normalization disappears into it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layercost.forward.weights import Array, arrays_of, leaves_that_keep, named
from layercost.layer import Layer
from layercost.layers.folding import folded_pairs
from layercost.layers.transposed import TransposedConvolution


def fold_weights(layer: Layer, weights: Mapping[str, Any]) -> dict[str, Array]:
    """The arrays of ``fold(layer)``, for which it computes what `layer` computes with `weights`.

    ``W' = W weight / sqrt(var + eps)`` and ``b' = (b - mean) weight / sqrt(var + eps) + bias``.
    Raises WeightError for weights that do not fit. Source: Jacob et al. 2018, section 3.2.
    """
    paths = {id(leaf): path for path, leaf in leaves_that_keep(layer)}
    folded = _by_our_names(layer, weights)
    for before, norm in folded_pairs(layer):
        path, of_norm = paths[id(before)], paths[id(norm)]
        weight, statistics = arrays_of(before, (path,), folded)["weight"], arrays_of(norm, (of_norm,), folded)
        scale = statistics.get("weight", 1.0) / np.sqrt(statistics["running_var"] + _eps(norm))
        bias = folded.get(named(path, "bias"), 0.0) - statistics["running_mean"]
        folded[named(path, "weight")] = weight * _along_outputs(before, weight, scale)
        folded[named(path, "bias")] = bias * scale + statistics.get("bias", 0.0)
        for name in statistics:
            del folded[named(of_norm, name)]
    return folded


def _by_our_names(layer: Layer, weights: Mapping[str, Any]) -> dict[str, Array]:
    """The arrays under the paths of the tree, also where they come under those of the model that was read."""
    folded = {name: np.asarray(array) for name, array in weights.items()}
    for path, place in getattr(layer, "places", {}).items():
        for name in [name for name in folded if name.rpartition(".")[0] == place != path]:
            folded.setdefault(named(path, name.rpartition(".")[2]), folded.pop(name))
    return folded


def _eps(norm: Any) -> float:
    return float(norm.eps)


def _along_outputs(before: Any, weight: Array, scale: Array) -> Array:
    """`scale`, one number an output channel, in the shape in which it multiplies the weights."""
    if not isinstance(before, TransposedConvolution):
        return scale.reshape(-1, *(1,) * (weight.ndim - 1))
    by_group = scale.reshape(before.groups, 1, -1)  # the weight's first axis is the input's channels
    rows = np.repeat(by_group, before.in_channels // before.groups, axis=1)
    return rows.reshape(before.in_channels, -1, *(1,) * (weight.ndim - 2))
