"""The explorer of training: one device's memory, part by part, with what makes each part smaller."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

from layercost.analysis.accelerators import accelerator_named
from layercost.explorers import parts, telling
from layercost.explorers.controls import Choice, Size
from layercost.explorers.explorer import Explorer
from layercost.explorers.loads import BILLION
from layercost.explorers.training_loads import MODELS, PARTS, TRAINED, OnDevice, held, in_words
from layercost.explorers.waterfall import waterfall
from layercost.expression import Symbol
from layercost.message import Message, Words
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

STAGES: dict[int, Words] = {0: Message("none"), 1: "1", 2: "2", 3: "3"}
RECOMPUTED: dict[str, Words] = {
    "none": Message("none"), "selective": Message("selective"), "full": Message("full"),
}  # fmt: skip
KEPT: dict[str, Words] = {
    "adam-mixed": Message("Adam, mixed precision"),
    "adam-fp32": Message("Adam, all in 32 bits"),
    "adam-8bit": Message("Adam, moments of 8 bits"),
}
ATTENTION: dict[str, Words] = {
    "eager": Message("writes its scores down"), "fused": Message("is fused, and keeps none"),
}  # fmt: skip
DEVICES = ("rtx-4090", "a100-40gb", "a100-80gb", "h100-sxm", "h200", "b200", "mi300x")
_STATES, _UNIT = "states", "bytes"
_LEFT = Symbol("P", 1) - Symbol("T", 1)  # how many tokens more a text may have


def _options(words: Mapping[Any, Words]) -> tuple[tuple[Words, Any], ...]:
    return tuple((said, value) for value, said in words.items())


class TrainingExplorer(Explorer):
    """A model in training: what is trained, which stage of ZeRO, what is computed again, on which device."""

    name = "training"
    counted = False
    controls = (
        Choice("model", Message("model"), "llama-2-7b",
               tuple((title, name) for name, title in MODELS.items()), main=True),
        Choice("trained", Message("what is trained"), "all", _options(TRAINED), main=True, buttons=True),
        Choice("stage", Message("stage of ZeRO"), 0, _options(STAGES), main=True, buttons=True),
        Choice("recompute", Message("recomputation"), "none", _options(RECOMPUTED), main=True, buttons=True),
        Size("tokens", Message("tokens a text"), 1024, 1, 131_072, letter="T"),
        Size("batch", Message("texts at once on a device"), 1, 1, 1024, letter="N"),
        Size("devices", Message("devices"), 8, 1, 4096),
        Choice("optimizer", Message("optimizer"), "adam-mixed", _options(KEPT)),
        Choice("attention", Message("attention"), "eager", _options(ATTENTION)),
        Choice("device", Message("device"), "a100-80gb", tuple((name.upper(), name) for name in DEVICES)),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> OnDevice:
        named = ("trained", "optimizer", "stage", "devices", "recompute", "attention", "tokens", "batch")
        memory = accelerator_named(settings["device"]).memory
        built = OnDevice(settings["model"], memory=memory, **{field: settings[field] for field in named})
        built.check()
        return built

    def picture(self, built: OnDevice, settings: Mapping[str, Any]) -> str:
        said = tag("p", escaped(_fitting(built)), class_="lc-saying")
        return tag("figure", waterfall(built)) + said

    def describe(self, built: OnDevice) -> str:
        return _(
            "{model}, {trained}, ZeRO {stage} on {devices} devices, recomputation {again}, "
            "{texts} × {tokens} tokens",
            model=MODELS[built.name], trained=str(TRAINED[built.trained]), stage=str(STAGES[built.stage]),
            devices=number(built.devices), again=str(RECOMPUTED[built.recompute]),
            texts=number(built.batch), tokens=number(built.tokens),
        )  # fmt: skip

    def amounts(self, built: OnDevice) -> list[tuple[str, int]]:
        return [
            (_("bytes on a device"), built.total),
            (_("bytes of activations"), built.activations + built.again),
        ]

    def headlines(self, built: OnDevice, settings: Mapping[str, Any]) -> Iterator[str]:
        yield parts.derivation(_("without activations"), built.formula(), _UNIT)

    def lines(self, built: OnDevice, settings: Mapping[str, Any]) -> Iterable[str]:
        yield parts.derivation(_("without activations"), built.formula(), _UNIT)
        for part, size in built.parts.items():
            yield parts.amount_line(str(PARTS[part]), size, str(Message("bytes")))
        yield parts.amount_line(_("together"), built.total, str(Message("bytes")))

    def told(self) -> dict[str, Any]:
        """Weights, gradients and states of each model, however it is trained and shared out."""
        return telling.told([_STATES], list(self._told()), heard=False)

    def _told(self) -> Iterator[dict[str, Any]]:
        """A line for each form of the formula; its letters are those of the model that is chosen."""
        fields = ("trained", "optimizer", "stage")
        for values in product(TRAINED, KEPT, STAGES):
            when = {field: self._label(field, value) for field, value in zip(fields, values, strict=True)}
            of = {
                self._label("model", name): OnDevice(name, *values, 8, "none", "eager", 1, 1, 1)
                for name in MODELS
            }
            some = next(iter(of.values()))
            letters = {"tokens": "T", **({"devices": "n"} if some.stage else {})}
            line = telling.derived(_STATES, some.formula(), _UNIT, letters, when)
            chosen = {
                letter: {name: one.letters[letter] for name, one in of.items()} for letter in some.letters
            }
            yield {**line, "chosen": {"model": chosen}, "needs": telling.needed(_LEFT)}

    def _label(self, field: str, value: object) -> str:
        """An option as a page reads it off its control."""
        control = self._declared[field]
        assert isinstance(control, Choice)
        return control.label(value)

    def tables(self, built: OnDevice, settings: Mapping[str, Any]) -> Iterable[str]:
        rows: list[tuple[str | int, ...]] = [
            (str(PARTS[part]), size, in_words(size)) for part, size in built.parts.items()
        ]
        rows.append((_("together"), built.total, in_words(built.total)))
        free = _("stays free") if built.left >= 0 else _("is lacking")
        rows.append((free, abs(built.left), in_words(abs(built.left))))
        rows.append((_("trained parameters"), held(built.name, built.trained).trained, ""))
        yield parts.plain_table(self.describe(built), [_("what"), _("bytes"), _("size")], rows)
        devices = [accelerator_named(name) for name in DEVICES]
        fitting = [
            (one.title, _("{memory} GB", memory=number(one.memory // BILLION)),
             _("yes") if built.total <= one.memory else _("no"))
            for one in devices
        ]  # fmt: skip
        yield parts.plain_table(
            _("Devices that hold all of it"), [_("device"), _("memory"), _("fits")], fitting
        )
        stages = [
            (str(STAGES[stage]), in_words(replace(built, stage=stage).states.bytes),
             in_words(replace(built, stage=stage).total))
            for stage in STAGES
        ]  # fmt: skip
        heads = [_("stage of ZeRO"), _("without activations"), _("together")]
        yield parts.plain_table(_("Stage by stage, on each device"), heads, stages)


def _fitting(built: OnDevice) -> str:
    """Whether it fits, and what is left or lacking."""
    said = {
        "model": MODELS[built.name], "total": in_words(built.total), "left": in_words(abs(built.left)),
        "memory": number(built.memory // BILLION),
    }  # fmt: skip
    if built.left >= 0:
        return _("{model}: {total} fit into the {memory} GB of one device, and {left} stay free.", **said)
    return _("{model}: {total} do not fit into the {memory} GB of one device; {left} are lacking.", **said)
