"""The totals of a network as many believers see it: most of its layers are the same objects for all of them.

So what a layer holds, and what a call of it does, is counted once for each object. A total is what
`layercost.count` says, which also says why.
"""

from __future__ import annotations

from functools import lru_cache

from layercost.convention import TEXTBOOK, Convention, Quantity
from layercost.counting import call_total_by, total_by
from layercost.layer import Call, Layer
from layercost.message import Message
from layercost.misconception import Arriving, Itself, leaves_of
from layercost.setting import INFERENCE, Setting
from layercost.shape import several, shape_wanted

KEPT = 1 << 14  # layers and calls whose amounts are held in memory
HELD = frozenset(
    {Quantity.PARAMETERS, Quantity.WEIGHTS, Quantity.BIASES, Quantity.BUFFERS, Quantity.STORED_VALUES}
)
IN_BYTES = {
    Quantity.PARAMETER_BYTES: Quantity.PARAMETERS,
    Quantity.ACTIVATION_BYTES: Quantity.ACTIVATIONS,
    Quantity.KV_CACHE_BYTES: Quantity.KV_CACHE,
}


def total(layer: Layer, quantity: Quantity, shape: Arriving, convention: Convention, setting: Setting) -> int:
    """One quantity of a layer or network under a convention; raises ShapeError where it does not fit."""
    if layer.is_leaf or shape is None:
        return total_by(convention, layer, quantity, None if shape is None else several(shape), setting)
    calls, values = calls_of(layer, shape), IN_BYTES.get(quantity, quantity)
    if values in HELD:
        found = sum(_held(Itself(leaf), values) for leaf in leaves_of(layer))
    else:
        plain = Setting(setting.batch, cached=setting.cached)
        found = sum(_done(_Called(call), values, convention, plain) for call in calls)
    return found if values is quantity else setting.bytes(found)


def calls_of(layer: Layer, shape: Arriving) -> tuple[Call, ...]:
    """Every call of a layer that computes, in their order; raises ShapeError where the input does not fit."""
    return _calls(Itself(layer), shape)


@lru_cache(maxsize=1024)
def _calls(key: Itself, shape: Arriving) -> tuple[Call, ...]:
    if shape is None:
        raise shape_wanted(Message("a part of a network"))
    return tuple(key.layer.calls(*several(shape)))


@lru_cache(maxsize=KEPT)
def _held(key: Itself, quantity: Quantity) -> int:
    return total_by(TEXTBOOK, key.layer, quantity, None, INFERENCE)


class _Called:
    """A dictionary's key for a call of this very layer, wherever it stands."""

    __slots__ = ("call", "key")

    def __init__(self, call: Call) -> None:
        self.call, self.key = call, (id(call.layer), *call[2:])

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Called) and self.key == other.key


@lru_cache(maxsize=KEPT)
def _done(called: _Called, quantity: Quantity, convention: Convention, setting: Setting) -> int:
    return call_total_by(convention, called.call, quantity, setting)
