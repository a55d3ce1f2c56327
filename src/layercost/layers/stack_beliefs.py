"""What people believe of a stack: what its layers cache, states that stay, tables that layers share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from layercost.expression import Number, times
from layercost.facts import Held
from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Sequential
from layercost.layers.state_space import MambaBlock
from layercost.message import Message
from layercost.misconception import CACHED, STORED, Task, belief, declare
from layercost.setting import Setting
from layercost.shape import Shape

Pick = Callable[[tuple[Layer, ...]], tuple[Layer, ...] | None]


def _stacked(pick: Pick) -> Callable[[Task], Task | None]:
    """The belief that a stack has other layers: those that `pick` gives, or None where it changes nothing."""

    def distort(task: Task) -> Task | None:
        if task.part or not isinstance(task.layer, Sequential) or len(task.layer.children) < 2:
            return None
        picked = pick(tuple([layer for _name, layer in task.layer.children]))
        return None if picked is None else replace(task, layer=Sequential(*picked))

    return distort


def _windowed(layer: Layer) -> bool:
    return isinstance(layer, Attention) and layer.window is not None


def _mixed(pick: Pick) -> Pick:
    """The same, for stacks of which some layers have a window and others see everything."""
    return lambda layers: pick(layers) if 0 < sum(map(_windowed, layers)) < len(layers) else None


def _kind_of(layers: tuple[Layer, ...], *, windowed: bool) -> Layer:
    return next(layer for layer in layers if _windowed(layer) is windowed)


declare(
    "one-layer-cached",
    Message("You counted one layer: each layer of the model keeps keys and values of its own."),
    _stacked(lambda layers: None if _mixed(lambda some: some)(layers) else layers[:1]),
    CACHED,
)
declare(
    "windows-everywhere",
    Message("You gave every layer the window: some layers see everything, and keep everything."),
    _stacked(_mixed(lambda layers: (_kind_of(layers, windowed=True),) * len(layers))),
    CACHED,
)
declare(
    "windowed-layers-left-out",
    Message("You left out the layers with a window: each of them keeps the tokens that are in it."),
    _stacked(_mixed(lambda layers: tuple([layer for layer in layers if not _windowed(layer)]))),
    CACHED,
)
declare(
    "full-layers-left-out",
    Message("You left out the layers without a window: they keep all tokens, and in a long text the most."),
    _stacked(_mixed(lambda layers: tuple([layer for layer in layers if _windowed(layer)]))),
    CACHED,
)


# ---- states --------------------------------------------------------------------------------------


@belief(
    "state-for-each-token",
    Message("You kept a state for each token: there is one for the whole text, and each token changes it."),
    MambaBlock, CACHED,
)  # fmt: skip
class _StateForEachToken(MambaBlock):
    def kept(self, shape: Shape, setting: Setting) -> tuple[Held, ...]:
        every = super().kept(shape, setting)
        return tuple([one._replace(size=times(shape[0], one.size)) for one in every])


@belief(
    "convolved-inputs-forgotten",
    Message("You left out the convolution: its last inputs are kept beside the state."),
    MambaBlock, CACHED,
)  # fmt: skip
class _ConvolvedInputsForgotten(MambaBlock):
    def kept(self, *shapes: Any, **call: Any) -> tuple[Held, ...]:
        return super().kept(*shapes, **call)[:1]


@belief(
    "state-of-the-width",
    Message("You gave the state the width of a token: the channels inside are more, by the expansion."),
    MambaBlock, CACHED, lambda layer: int(getattr(layer, "expand", 1)) > 1,
)  # fmt: skip
class _StateOfTheWidth(MambaBlock):
    @property
    def channels(self) -> Number:
        return self.embed_dim


@belief(
    "cached-state-of-one-channel",
    Message("You kept the state of one channel: each channel has a state of its own."),
    MambaBlock, CACHED,
)  # fmt: skip
class _StateOfOneChannel(MambaBlock):
    @property
    def channels(self) -> Number:
        return 1


# ---- tables of distances that layers share -------------------------------------------------------


def _tables(change: Callable[[list[Attention]], list[Attention]]) -> Callable[[Task], Task | None]:
    """A belief about the layers of a stack that add distances to their scores, of which some hold a table."""

    def distort(task: Task) -> Task | None:
        if not isinstance(task.layer, Sequential):
            return None
        layers = [layer for _name, layer in task.layer.children]
        relative = [
            layer for layer in layers if isinstance(layer, Attention) and layer.positions == "relative"
        ]
        if len(relative) < len(layers) or not any(layer.buckets for layer in relative):
            return None
        seen = change(relative)
        return None if seen == relative else replace(task, layer=Sequential(*seen))

    return distort


def _in_each(layers: list[Attention]) -> list[Attention]:
    buckets = max(layer.buckets for layer in layers)
    return [replace(layer, buckets=buckets) for layer in layers]


def _in_the_first(layers: list[Attention]) -> list[Attention]:
    first = next(place for place, layer in enumerate(layers) if layer.buckets)
    return [layer if place == first else replace(layer, buckets=0) for place, layer in enumerate(layers)]


declare(
    "table-in-each-layer",
    Message("You gave each layer a table of distances: the first of a stack holds one, and all use it."),
    _tables(_in_each),
    STORED,
)
declare(
    "one-table-of-distances",
    Message("You counted one table of distances: the encoder has one, and the decoder has its own."),
    _tables(_in_the_first),
    STORED,
)
