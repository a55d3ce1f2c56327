"""How far models from their configuration agree with what was measured of a library's, number by number.

The facts are data (``tests/models/configurations.json``): configurations, the parameters of the models that a
library builds from them, readings of PyTorch's FlopCounterMode, caches. Whatever is not simply our number has
its reason here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

from layercost.active import Active, active_parameters
from layercost.by_type import macs_by_type, parameters_by_type
from layercost.caches import kv_cache
from layercost.message import Message
from layercost.models.from_config import ConfiguredModel, from_config
from layercost.setting import Setting
from layercost.totals import parameter_totals

Facts: TypeAlias = Mapping[str, Any]  # of one model
SOURCE_TOKENS = 128  # that an encoder has read before each measured step

EXPERTS = Message(
    "experts run in one grouped operation, which the counter does not know; all else is read, and is ours"
)
FUSED = Message(
    "on a processor fused attention is one operation, which the counter does not know; all else is read, and "
    "is ours"
)
# Caches of the library that hold something else than keys and values once.
OTHER_CACHES: Mapping[str, Message] = {
    "falcon-40b": Message("the library copies keys and values to all heads before it keeps them"),
    **dict.fromkeys(
        ("gemma3-1b", "gpt-oss-120b"),
        Message("a windowed layer of the library holds one token less: the next one fills the window"),
    ),
}


class Compared(NamedTuple):
    """One number that was measured beside ours; `reason` says why ours is not simply that."""

    model: str
    model_type: str
    what: str  # "parameters", "types", "active parameters", "reading" or "cache"
    measured: object
    ours: object
    reason: Message | None = None

    @property
    def agrees(self) -> bool:
        """Whether ours is the measured one, or is once what its reason says is put aside."""
        return self.measured == self.ours


def model_of(facts: Facts) -> ConfiguredModel:
    """The model of a configuration, of the class that was measured."""
    return from_config({**facts["config"], "architectures": [facts["class"]]}, name=facts["id"])


def inputs_of(model: ConfiguredModel, reading: Facts) -> tuple[tuple[Any, ...], Setting]:
    """The inputs and the setting of a reading."""
    setting = Setting(batch=reading["batch"], cached=reading.get("cached", 0))
    shapes, is_step = model.input_shape, reading["mode"] == "decode_step"
    if not isinstance(shapes[0], tuple):
        tokens = 1 if is_step else reading.get("sequence")
        return ((tokens,) if tokens else shapes,), setting
    if len(shapes[-1]) != 1:  # a text and an image
        return shapes, setting
    source = (reading.get("sequence", SOURCE_TOKENS),) if len(shapes[0]) == 1 else shapes[0]
    return (source, (reading.get("decoder_sequence", 1),)), setting


def macs_of(model: ConfiguredModel, reading: Facts) -> dict[str, int]:
    """Our multiply-accumulates by type for the inputs of a reading."""
    shapes, setting = inputs_of(model, reading)
    return macs_by_type(model, *shapes, setting=setting)


def compared(facts: Facts) -> Iterator[Compared]:
    """Every number that was measured of one model, beside ours."""
    model = model_of(facts)
    named = facts["id"], str(facts["config"]["model_type"])
    yield Compared(*named, "parameters", facts["totals"], [*parameter_totals(model).values()])
    yield Compared(*named, "types", facts["by_type"], parameters_by_type(model))
    if "active" in facts:
        ours = [active_parameters(model, meaning) for meaning in Active]
        yield Compared(*named, "active parameters", facts["active"], ours)
    for reading in facts["readings"]:
        yield _reading(named, model, reading)
    if "dispatched" in facts:
        yield _dispatched(named, model, facts)
    if "per_token" in facts.get("cache", {}):
        yield from _caches(named, model, facts["cache"])


def _reading(named: tuple[str, str], model: ConfiguredModel, reading: Facts) -> Compared:
    """Twice our multiply-accumulates, but for experts where the counter does not see them."""
    macs = macs_of(model, reading)
    unread = macs["experts"] if "experts" in reading else 0
    reason = EXPERTS if unread else None
    return Compared(*named, "reading", reading["flop_counter"], 2 * (sum(macs.values()) - unread), reason)


def _dispatched(named: tuple[str, str], model: ConfiguredModel, facts: Facts) -> Compared:
    """The same with fused attention, of which the counter sees neither product.

    DeepSeek's heads of two sizes are not fused.
    """
    macs = macs_of(model, facts["readings"][0])
    products = [count for kind, count in macs.items() if kind.endswith((".scores", ".context"))]
    hidden = 0 if named[1].startswith("deepseek") else sum(products)
    reason = FUSED if hidden else None
    return Compared(*named, "reading", facts["dispatched"], 2 * (sum(macs.values()) - hidden), reason)


def _caches(named: tuple[str, str], model: ConfiguredModel, facts: Facts) -> Iterator[Compared]:
    """What each token leaves, by definition, and what the library held after a prompt."""
    shapes, _ = inputs_of(model, {"mode": "decode_step", "batch": 1})
    each = kv_cache(model, *shapes)
    measured = (facts["per_token"], facts.get("per_source_token", 0))
    yield Compared(*named, "cache", measured, (each.per_token, each.per_source_token))
    if "after" not in facts:
        return
    held = kv_cache(model, *shapes[:-1], (facts["after"],))
    own = sum([layer.values for layer in held.layers if not layer.per_source_token])
    reason = OTHER_CACHES.get(named[0])
    yield Compared(*named, "cache", facts["elements"] if reason is None else own, own, reason)
