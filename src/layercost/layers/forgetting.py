"""What people leave out of a whole network: some of its layers. Beliefs that belong to no single layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from layercost.layer import Layer
from layercost.layers.composite import Composite
from layercost.layers.convolution import ConnectedConv2d, Convolution
from layercost.layers.linear import Linear
from layercost.layers.normalization import BatchNorm
from layercost.layers.transposed import TransposedConvolution
from layercost.message import Message
from layercost.misconception import (
    PRICED,
    STORED,
    Change,
    Itself,
    Task,
    Uncounted,
    declare,
    distorted,
    having,
    uncounted,
)

CONVOLUTIONS = (Convolution, ConnectedConv2d, TransposedConvolution)
Has = Callable[[Layer], bool]


def _is_total(task: Task) -> bool:
    """Whether a total over a whole network is asked for."""
    return not task.part and isinstance(task.layer, Composite)


def _without(kinds: tuple[type[Layer], ...], has: Has) -> Callable[[Task], Task | None]:
    """The belief of somebody who leaves out layers of these kinds, of networks that `has` them and others."""

    def change(leaf: Layer) -> Layer:
        return uncounted(leaf) if isinstance(leaf, kinds) else leaf

    return lambda task: distorted(task, change) if _is_total(task) and has(task.layer) else None


def _mixes(*kinds: tuple[type[Layer], ...]) -> Has:
    """Whether a network has layers of all these kinds that nobody has left out yet."""

    def has(network: Layer) -> bool:
        counted = [leaf for _, leaf in network.leaves() if not isinstance(leaf, Uncounted)]
        return all(any(isinstance(leaf, kind) for leaf in counted) for kind in kinds)

    return has


declare(
    "connected-layers-alone",
    Message("You counted the fully connected layers alone: the convolutions belong to the total, too."),
    _without(CONVOLUTIONS, _mixes(CONVOLUTIONS, (Linear,))),
    STORED | PRICED,
)
declare(
    "convolutions-alone",
    Message("You counted the convolutions alone: the fully connected layers belong to the total, too."),
    _without((Linear,), _mixes(CONVOLUTIONS, (Linear,))),
    STORED | PRICED,
)
declare(
    "without-normalization",
    Message("You left out the batch normalization: it has a scale and a shift for each channel."),
    _without((BatchNorm,), _mixes((BatchNorm,), (*CONVOLUTIONS, Linear))),
    STORED | PRICED,
)


def _without_bias(leaf: Layer) -> Layer:
    return having(bias=False)(leaf) if isinstance(leaf, Convolution) and leaf.bias else leaf


_has_normalized = _mixes((Convolution,), (BatchNorm,))
declare(
    "idle-bias-left-out",
    Message("You left out the bias before a normalization: it is idle there, but this layer stores it."),
    lambda task: distorted(task, _without_bias) if _is_total(task) and _has_normalized(task.layer) else None,
    STORED,
)


# ---- one layer that is left out ------------------------------------------------------------------


def _holders(network: Layer) -> list[Layer]:
    """The layers that hold something, each once."""
    return list({id(leaf): leaf for _, leaf in network.leaves() if leaf.parameters()}.values())


@lru_cache(maxsize=256)
def _all_but(key: Itself) -> Change:
    return lambda leaf: uncounted(leaf) if leaf is key.layer else leaf


def _without_one(place: int) -> Callable[[Task], Task | None]:
    def distort(task: Task) -> Task | None:
        held = _holders(task.layer) if _is_total(task) else []
        return distorted(task, _all_but(Itself(held[place]))) if len(held) > 2 else None

    return distort


declare(
    "forgot-first-layer",
    Message("You left out the first layer: it belongs to the total, too."),
    _without_one(0),
    STORED | PRICED,
)
declare(
    "forgot-last-layer",
    Message("You left out the last layer: it belongs to the total, too."),
    _without_one(-1),
    STORED | PRICED,
)


# ---- the whole for a part ------------------------------------------------------------------------


def _whole(task: Task) -> Task | None:
    return replace(task, part="") if task.part else None


declare(
    "whole-for-part",
    Message("You counted the whole network: the question asks for one part of it."),
    _whole,
    STORED | PRICED,
)
