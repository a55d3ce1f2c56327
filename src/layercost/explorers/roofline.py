"""The explorer of speed: a machine's roofline, with a step and a prefill of a language model on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from layercost.analysis.accelerators import ACCELERATORS, Accelerator, of_your_own
from layercost.analysis.decoding import Writer, ridge_of, writer_named
from layercost.explorers import parts, telling
from layercost.explorers.answers import total_alone
from layercost.explorers.controls import Choice, Size
from layercost.explorers.explorer import Explorer
from layercost.explorers.loads import in_gigabytes
from layercost.explorers.passport import lasting
from layercost.explorers.roof import Shown, roofline_picture, shortened
from layercost.expression import Expression
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped, number, tag

MODELS = {
    "llama-3.2-3b": "Llama-3.2-3B",
    "falcon-7b": "Falcon-7B",
    "llama-2-7b": "Llama-2-7B",
    "llama-3-8b": "Llama-3-8B",
    "llama-3-70b": "Llama-3-70B",
}
DEVICES = {
    "a100-80gb": "A100-80GB",
    "h100-sxm": "H100-SXM",
    "h200": "H200",
    "b200": "B200",
    "mi300x": "MI300X",
    "tpu-v5e": "TPU-v5e",
    "l4": "L4",
    "rtx-4090": "RTX-4090",
}
OWN = "your-own"
STORED = ("bfloat16", "int8", "int4")
GIGA = 10**9
_WAY = tuple(4**power for power in range(7))  # texts: 1 to 4,096
_STEP = {"texts": "N", "seen": "S"}
MEMORY, COMPUTING = Message("memory is the limit"), Message("computing is the limit")
_FLOPS, _BYTES = "step_flops", "step_bytes"


@dataclass(frozen=True)
class Run:
    """A model on a machine: so many texts at once, of so many tokens each, weights in a number format."""

    model: str
    device: Accelerator
    texts: int
    seen: int
    stored: str

    @property
    def writer(self) -> Writer:
        """The model."""
        return writer_named(self.model)

    def flops(self, texts: int | None = None) -> Expression:
        """Of a step, with this number of texts or another one."""
        return self.writer.step_flops(texts or self.texts, self.seen)

    def bytes(self, texts: int | None = None) -> Expression:
        """That the step reads."""
        return self.writer.step_bytes(texts or self.texts, self.seen, self.stored)

    def intensity(self, texts: int | None = None) -> float:
        """The FLOPs a byte of a step."""
        return int(self.flops(texts)) / int(self.bytes(texts))

    @property
    def prefill(self) -> tuple[int, int]:
        """The FLOPs and bytes of reading all texts at once."""
        writer = self.writer
        return (
            int(writer.prefill_flops(self.texts, self.seen)),
            int(writer.prefill_bytes(self.texts, self.seen, self.stored)),
        )

    @property
    def most(self) -> float:
        """The FLOPs a byte that no number of texts passes: those of one more text alone."""
        flops = int(self.flops(2)) - int(self.flops(1))
        return flops / (int(self.bytes(2)) - int(self.bytes(1)))

    @property
    def even(self) -> Fraction | None:
        """With how many texts computing becomes the limit of a step; None where it never does."""
        return self.writer.even_texts(ridge_of(self.device), self.seen, self.stored)

    def seconds(self, flops: int, moved: int) -> Fraction:
        """The least time of so many FLOPs and bytes."""
        return max(
            Fraction(flops) / Fraction(self.device.rate()), Fraction(moved) / Fraction(self.device.bandwidth)
        )

    @property
    def step_seconds(self) -> Fraction:
        """The least time of a step."""
        return self.seconds(int(self.flops()), int(self.bytes()))

    @property
    def prefill_seconds(self) -> Fraction:
        """The least time of the prefill."""
        return self.seconds(*self.prefill)


class RooflineExplorer(Explorer):
    """A model on a machine that is named or the reader's own, with texts and their length to be moved."""

    name = "roofline"
    counted = False
    controls = (
        Choice("model", Message("model"), "llama-3-8b",
               tuple((title, name) for name, title in MODELS.items()), main=True),
        Choice("device", Message("machine"), "h100-sxm",
               (*((title, name) for name, title in DEVICES.items()), (Message("your own"), OWN)),
               main=True),
        Size("texts", Message("texts at once"), 1, 1, 4096, letter="N", main=True),
        Size("seen", Message("tokens a text"), 1024, 1, 1_048_576, letter="S", main=True),
        Choice("stored", Message("format of the weights"), "bfloat16", STORED, buttons=True),
        Size("peak", Message("your own machine: GFLOP/s"), 165, 1, 10_000_000),
        Size("bandwidth", Message("your own machine: GB/s"), 15, 1, 20_000),
    )  # fmt: skip

    def build(self, settings: Mapping[str, Any]) -> Run:
        name = settings["device"]
        device = (
            of_your_own(settings["peak"] * GIGA, settings["bandwidth"] * GIGA)
            if name == OWN
            else ACCELERATORS[name]
        )
        return Run(settings["model"], device, settings["texts"], settings["seen"], settings["stored"])

    def picture(self, built: Run, settings: Mapping[str, Any]) -> str:
        before = self._before if isinstance(self._before, Run) else None
        flops, moved = built.prefill
        shown = Shown(
            built.device.rate(), built.device.bandwidth, built.intensity(), flops / moved,
            [(texts, built.intensity(texts)) for texts in _WAY], built.most,
            before.intensity() if before is not None and before.device == built.device else None,
        )  # fmt: skip
        said = tag("p", escaped(" ".join(_verdict(built))), class_="lc-saying")
        return tag("figure", roofline_picture(shown)) + said

    def describe(self, built: Run) -> str:
        said = {
            "model": MODELS[built.model], "device": _machine(built), "tokens": number(built.seen),
            "dtype": built.stored,
        }  # fmt: skip
        if built.texts == 1:
            return _("{model} in {dtype} on {device}, one text of {tokens} tokens", **said)
        return _("{model} in {dtype} on {device}, {texts} texts of {tokens} tokens",
                 texts=number(built.texts), **said)  # fmt: skip

    def amounts(self, built: Run) -> list[tuple[str, int]]:
        return [(_("FLOPs of a step"), int(built.flops())), (_("bytes of a step"), int(built.bytes()))]

    def headlines(self, built: Run, settings: Mapping[str, Any]) -> Iterator[str]:
        yield parts.amount_line(_("FLOPs of a step"), int(built.flops()), "FLOPs")
        yield parts.derivation(_("bytes of a step"), built.bytes(), "bytes")

    def lines(self, built: Run, settings: Mapping[str, Any]) -> Iterable[str]:
        yield parts.derivation(_("FLOPs of a step"), built.flops(), "FLOPs")
        yield parts.derivation(_("bytes of a step"), built.bytes(), "bytes")
        writer = built.writer
        prefill = writer.prefill_flops(built.texts, built.seen)
        moved = writer.prefill_bytes(built.texts, built.seen, built.stored)
        yield parts.derivation(_("FLOPs of the prefill"), prefill, "FLOPs")
        yield parts.derivation(_("bytes of the prefill"), moved, "bytes")

    def told(self) -> dict[str, Any]:
        """Both lines of a step of each model, with its weights in each format."""
        return telling.told([_FLOPS, _BYTES], list(self._told()), heard=False)

    def _told(self) -> Iterator[dict[str, Any]]:
        for model, stored in product(MODELS, STORED):
            run = Run(model, ACCELERATORS["h100-sxm"], 2, 3, stored)
            when = {"model": MODELS[model], "stored": stored}
            line = telling.derived(_FLOPS, run.flops(), "FLOPs", _STEP, when)
            yield {**line, **total_alone(0, line)}
            yield telling.derived(_BYTES, run.bytes(), "bytes", _STEP, when)

    def tables(self, built: Run, settings: Mapping[str, Any]) -> Iterable[str]:
        device, (flops, moved) = built.device, built.prefill
        heads = [_("what"), _("FLOPs"), _("bytes"), _("FLOPs a byte"), _("at least")]
        yield parts.plain_table(self.describe(built), heads, [
            (_("step"), int(built.flops()), int(built.bytes()), _three(built.intensity()),
             _long(built.step_seconds)),
            (_("prefill"), flops, moved, _three(flops / moved), _long(built.prefill_seconds)),
        ])  # fmt: skip
        ridge = _three(float(ridge_of(device)))
        yield parts.plain_table(_machine(built), [_("what"), _("value"), _("unit")], [
            (_("peak"), shortened(device.rate()), _("FLOP/s")),
            (_("bandwidth"), number(round(device.bandwidth / GIGA)), _("GB/s")),
            (_("ridge"), ridge, _("FLOPs a byte")),
            (_("no number of texts passes"), _three(built.most), _("FLOPs a byte")),
        ])  # fmt: skip
        rows = [(number(texts), _three(built.intensity(texts))) for texts in _WAY]
        yield parts.plain_table(_("The marks under the roof"), [_("texts"), _("FLOPs a byte")], rows)


def _machine(built: Run) -> str:
    return _("a machine of your own") if built.device.name == OWN else DEVICES[built.device.name]


def _long(seconds: Fraction) -> str:
    """A time, in hours or days where seconds would be many."""
    for each, said in ((86_400, Message("{amount} days")), (3600, Message("{amount} hours"))):
        if seconds >= 2 * each:
            return str(said.filled(amount=_three(float(seconds / each))))
    return lasting(seconds)


def _three(amount: float) -> str:
    return f"{amount:,.0f}" if amount >= 1000 else f"{amount:.3g}"


def _verdict(built: Run) -> Iterator[str]:
    """How fast the step and the prefill may be, how many texts it takes, and whether they fit."""
    step = built.step_seconds
    rate = Fraction(built.texts) / step
    yield _("{intensity} FLOPs a byte: {limit}, at most {rate} tokens a second.",
            intensity=_three(built.intensity()), rate=_three(float(rate)),
            limit=MEMORY if built.intensity() < ridge_of(built.device) else COMPUTING)  # fmt: skip
    yield _("Prefill: {time} or more.", time=_long(built.prefill_seconds))
    yield _when(built.even)
    yield from _fitting(built)


def _when(even: Fraction | None) -> str:
    if even is None:
        return _("No number of such texts makes computing the limit.")
    if even <= 1:
        return _("With any number of texts computing is the limit.")
    return _("From {texts} texts on computing is the limit.", texts=number(-(-even // 1)))


def _fitting(built: Run) -> Iterator[str]:
    memory = built.device.memory
    held = int(built.bytes())
    if not memory:
        return
    said = {"held": in_gigabytes(held), "memory": number(memory // GIGA)}
    if held > memory:
        yield _("{held} do not fit into {memory} GB.", **said)
    else:
        yield _("{held} of {memory} GB are taken.", **said)
