"""Normalization: by channel over the batch, by sample, by group, by neighbours."""

# ruff: noqa: ARG001 - each layer's computation is given the layer, the values and the call, needed or not

from __future__ import annotations

from typing import Any

import numpy as np

from layercost.forward.weights import Array, Call, Sizes, computes


def standard(values: Array, axes: tuple[int, ...], eps: float) -> Array:
    """Centred and divided by the standard deviation, over `axes` together."""
    mean, variance = values.mean(axis=axes, keepdims=True), values.var(axis=axes, keepdims=True)
    normal: Array = (values - mean) / np.sqrt(variance + eps)
    return normal


def _scaled(values: Array, call: Call) -> Array:
    """Each channel times its weight, plus its bias, where there are any."""
    if "weight" not in call:
        return values
    scaled: Array = values * _over_channels(call["weight"], values)
    return scaled + _over_channels(call["bias"], values) if "bias" in call else scaled


def _over_channels(array: Array, values: Array) -> Array:
    return array.reshape(-1, *(1,) * (values.ndim - 2))


def _keeps(layer: Any) -> dict[str, Sizes]:
    names = ("weight", "bias")[: 1 + layer.bias] if layer.affine else ()
    statistics = ("running_mean", "running_var") if layer.track_running_stats else ()
    return dict.fromkeys((*names, *statistics), (layer.num_features,))


@computes("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", keeps=_keeps)
def batch_norm(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, ...)``: by the statistics that training kept, or by the batch's own."""
    if not layer.track_running_stats or call.training:
        return _scaled(standard(values, (0, *range(2, values.ndim)), layer.eps), call)
    mean, variance = (_over_channels(call[name], values) for name in ("running_mean", "running_var"))
    return _scaled((values - mean) / np.sqrt(variance + layer.eps), call)


@computes("InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", keeps=_keeps)
def instance_norm(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, ...)``: by the statistics that training kept, or by those of each sample."""
    if layer.track_running_stats and not call.training:
        return batch_norm(layer, values, call)
    return _scaled(standard(values, tuple(range(2, values.ndim)), layer.eps), call)


def _keeps_of_layer_norm(layer: Any) -> dict[str, Sizes]:
    names = ("weight", "bias") if layer.bias else ("weight",)
    return dict.fromkeys(names, layer.sizes) if layer.elementwise_affine else {}


@computes("LayerNorm", keeps=_keeps_of_layer_norm)
def layer_norm(layer: Any, values: Array, call: Call) -> Array:
    """The last axes together."""
    normal = standard(values, tuple(range(-len(layer.sizes), 0)), layer.eps)
    normal = normal * call["weight"] if "weight" in call else normal
    return normal + call["bias"] if "bias" in call else normal


@computes("RMSNorm", keeps=lambda layer: {"weight": layer.sizes} if layer.elementwise_affine else {})
def rms_norm(layer: Any, values: Array, call: Call) -> Array:
    """The last axes together, over the root of their mean square."""
    axes = tuple(range(-len(layer.sizes), 0))
    eps = np.finfo(values.dtype).eps if layer.eps is None else layer.eps
    normal: Array = values / np.sqrt(np.square(values).mean(axis=axes, keepdims=True) + eps)
    return normal * call["weight"] if "weight" in call else normal


def _keeps_of_group_norm(layer: Any) -> dict[str, Sizes]:
    names = ("weight", "bias")[: 1 + layer.bias] if layer.affine else ()
    return dict.fromkeys(names, (layer.num_channels,))


@computes("GroupNorm", keeps=_keeps_of_group_norm)
def group_norm(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, ...)``: the channels of each group together."""
    groups = values.reshape(len(values), layer.num_groups, -1)
    return _scaled(standard(groups, (2,), layer.eps).reshape(values.shape), call)


@computes("LocalResponseNorm")
def local_response_norm(layer: Any, values: Array, call: Call) -> Array:
    """``(N, C, H, W)``: divided by a power of the squares in the channels around."""
    around = (layer.size // 2, (layer.size - 1) // 2)
    squares = np.pad(values**2, ((0, 0), around, (0, 0), (0, 0)))
    near = np.lib.stride_tricks.sliding_window_view(squares, layer.size, axis=1).sum(axis=-1)
    quotient: Array = values / (layer.k + layer.alpha / layer.size * near) ** layer.beta
    return quotient
