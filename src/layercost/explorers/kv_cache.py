"""The explorer of the cache: several models in one memory, weights below and cache above, token by token."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from layercost.explorers import parts, telling
from layercost.explorers.controls import Choice, Size
from layercost.explorers.explorer import Explorer
from layercost.explorers.loads import BILLION, MODELS, Load, in_gigabytes
from layercost.explorers.memory_bars import layers_picture, memory_picture
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

FORMATS = ("float32", "bfloat16", "int8")
STORED = ("float32", "bfloat16", "int8", "int4")
_QUANTITY, _UNIT = "cache", "bytes"
_FIELDS = {"context": "T", "batch": "N"}


@dataclass(frozen=True)
class Loaded:
    """The model that is looked at, and all of them in the same memory."""

    looked: Load

    @cached_property
    def every(self) -> tuple[Load, ...]:
        """All models, in their order."""
        return tuple([replace(self.looked, name=name) for name in MODELS])


class KVCacheExplorer(Explorer):
    """Six models in the memory of an accelerator: the model, texts, tokens and the format of the cache."""

    name = "kv_cache"
    counted = False
    controls = (
        Choice("model", Message("model"), "llama-3-8b",
               tuple((one.title, name) for name, one in MODELS.items()), main=True),
        Size("context", Message("tokens a text"), 16_384, 1, 1_048_576, letter="T", main=True),
        Size("batch", Message("texts at once"), 8, 1, 1024, letter="N", main=True),
        Choice("dtype", Message("format of the cache"), "bfloat16", FORMATS, main=True, buttons=True),
        Size("memory", Message("memory in GB"), 80, 1, 1536),
        Choice("stored", Message("format of the weights"), "bfloat16", STORED, buttons=True),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Loaded:
        return Loaded(
            Load(settings["model"], settings["context"], settings["batch"], settings["dtype"],
                 settings["stored"], settings["memory"] * BILLION)
        )  # fmt: skip

    def picture(self, built: Loaded, settings: Mapping[str, Any]) -> str:
        said = tag("p", escaped(_fitting(built.looked)), class_="lc-saying")
        return tag("figure", memory_picture(built.every, built.looked)) + said

    def detail(self, built: Loaded, settings: Mapping[str, Any]) -> str:
        title = MODELS[built.looked.name].title
        heading = parts.heading(_("{model}, layer by layer", model=title))
        return heading + tag("figure", layers_picture(built.looked))

    def describe(self, built: Loaded) -> str:
        load = built.looked
        said = {"model": MODELS[load.name].title, "tokens": number(load.tokens), "dtype": load.dtype}
        if load.batch == 1:
            return _("{model}, one text of {tokens} tokens, cache in {dtype}", **said)
        return _("{model}, {texts} texts of {tokens} tokens, cache in {dtype}", texts=number(load.batch),
                 **said)  # fmt: skip

    def amounts(self, built: Loaded) -> list[tuple[str, int]]:
        load = built.looked
        return [(_("bytes of the cache"), load.cache), (_("bytes a token more"), load.per_token)]

    def headlines(self, built: Loaded, settings: Mapping[str, Any]) -> Iterator[str]:
        yield parts.derivation(_("cache"), built.looked.formula(), _UNIT)

    def lines(self, built: Loaded, settings: Mapping[str, Any]) -> Iterable[str]:
        load = built.looked
        yield parts.derivation(_("cache"), load.formula(), _UNIT)
        one = replace(load, tokens=1, batch=1)
        yield parts.derivation(_("of one token"), one.formula(), _UNIT)
        yield parts.amount_line(_("weights"), load.weights, str(Message("bytes")))
        yield parts.amount_line(_("together"), load.weights + load.cache, str(Message("bytes")))

    def told(self) -> dict[str, Any]:
        """The cache of each model in each format, for one text and for several."""
        return telling.told([_QUANTITY], list(self._told()), heard=False)

    def _told(self) -> Iterator[dict[str, Any]]:
        control = self._declared["model"]
        assert isinstance(control, Choice)
        for name in MODELS:
            for dtype in FORMATS:
                when = {"model": control.label(name), "dtype": dtype}
                for batch in (1, 2):
                    load = Load(name, 2, batch, dtype, "bfloat16", BILLION)
                    line = telling.derived(_QUANTITY, load.formula(), _UNIT, _fields(batch), when)
                    held = {"when": {**when, "batch": 1}} if batch == 1 else {"unless": {"batch": 1}}
                    yield {**line, **held}

    def tables(self, built: Loaded, settings: Mapping[str, Any]) -> Iterable[str]:
        heads = [
            _("model"), _("keeps"), _("bytes a token"), _("cache"), _("bytes of the cache"), _("weights"),
            _("together"), _("tokens that fit"),
        ]  # fmt: skip
        yield parts.plain_table(_caption(built.looked), heads, map(_row, built.every))
        load, each = built.looked, built.looked.layer_by_layer()
        rows = [
            (_("layers that keep as much"), number(each.count(size)), number(size))
            for size in dict.fromkeys(each)
        ]
        title = _("{model}, layer by layer", model=MODELS[load.name].title)
        yield parts.plain_table(title, [_("what"), _("layers"), _("bytes of one text")], rows)


def _fields(batch: int) -> dict[str, str]:
    return _FIELDS if batch > 1 else {"context": "T"}


def _caption(load: Load) -> str:
    said = {"tokens": number(load.tokens), "memory": number(load.memory // BILLION)}
    if load.batch == 1:
        return _("One text of {tokens} tokens in {memory} GB", **said)
    return _("{texts} texts of {tokens} tokens in {memory} GB", texts=number(load.batch), **said)


def _row(load: Load) -> tuple[str | int, ...]:
    titled = MODELS[load.name]
    return (
        titled.title, str(titled.keeps), load.per_token, in_gigabytes(load.cache), load.cache,
        in_gigabytes(load.weights), in_gigabytes(load.weights + load.cache), _tokens(load),
    )  # fmt: skip


def _tokens(load: Load) -> str | int:
    """How long each text may get, in a cell."""
    if load.fits is None:
        return _("any number")
    return max(load.fits, 0)


def _fitting(load: Load) -> str:
    """How long the texts may get beside the weights."""
    said = {
        "model": MODELS[load.name].title, "weights": in_gigabytes(load.weights),
        "memory": number(load.memory // BILLION), "texts": number(load.batch),
    }  # fmt: skip
    fits = load.fits
    if fits == -1:
        return _("{model} does not fit: its weights alone take {weights} of {memory} GB.", **said)
    if fits is None:
        return _("{model} keeps as much of a text of any length: each fits beside the weights.", **said)
    if load.batch == 1:
        return _("{model}: beside its weights, a text of {tokens} tokens fits into {memory} GB.",
                 tokens=number(fits), **said)  # fmt: skip
    return _("{model}: beside its weights, {texts} texts of {tokens} tokens each fit into {memory} GB.",
             tokens=number(fits), **said)  # fmt: skip
