"""How long a pass takes at the least: a device computes no faster than its peak, and reads no faster.

``time >= max(FLOPs / peak, bytes / bandwidth)``. FLOPs are 2 a multiply-accumulate. Bytes are those that have
to move once if nothing but the model's weights and its cache lay in memory: every weight that is used is read
once, of a table one row a token, of a mixture as many experts as the tokens can reach; what earlier tokens
left in the cache is read, what the new ones leave is written. Activations are what each layer reads and
writes at its borders; inside of a layer, as in fused attention, nothing goes to memory.
Sources: Williams, Waterman, Patterson 2009 (Roofline); Pope et al. 2022, section 2; Dao et al. 2022.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple, Unpack

from layercost.analysis.accelerators import Accelerator, accelerator_named
from layercost.analysis.formats import OF_A_CACHE, Format, format_named
from layercost.analysis.weights import weights_of
from layercost.convention import TWO_A_MAC, Convention, convention_named
from layercost.counting import usual_input
from layercost.facts import Held
from layercost.layer import Call, Layer
from layercost.layers.adapters import Fixed
from layercost.layers.attention import CrossAttention, LatentAttention
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import MixtureOfExperts
from layercost.layers.positions import LearnedPositions
from layercost.message import Message
from layercost.setting import Given, Setting, setting_of
from layercost.shape import values


class Traffic(NamedTuple):
    """The bytes that move in one pass."""

    weights: int
    cache_read: int
    cache_written: int
    activations: int

    @property
    def floor(self) -> int:
        """What moves whatever else is kept near the processor: weights, and the cache that is read."""
        return self.weights + self.cache_read

    @property
    def bytes(self) -> int:
        """Everything."""
        return sum(self)


class Pass(NamedTuple):
    """The operations of one pass of a model, and the bytes that it moves.

    `absorbed` where attention over latents computes less with its maps up multiplied into others.
    """

    flops: int
    traffic: Traffic
    tokens: int
    cached: int
    batch: int
    convention: str
    format: str
    dtype: str
    cache_dtype: str
    absorbed: bool = False

    @property
    def intensity(self) -> float:
        """Operations for each byte."""
        return self.flops / self.traffic.bytes if self.traffic.bytes else 0.0

    def bound(self, device: str | Accelerator, rate: str | None = None, devices: int = 1) -> Bound:
        """How long it takes at the least on `devices` of a kind that share the work without a loss."""
        chosen = accelerator_named(device)
        return Bound(self, chosen, rate or self.dtype, devices)


class Bound(NamedTuple):
    """The least time that a pass takes on a device: two limits, of which the larger holds."""

    work: Pass
    device: Accelerator
    rate: str
    devices: int

    @property
    def compute_seconds(self) -> float:
        """All operations at the device's peak."""
        return self.work.flops / (self.device.rate(self.rate) * self.devices)

    @property
    def memory_seconds(self) -> float:
        """All bytes at the device's bandwidth."""
        return self.work.traffic.bytes / (self.device.bandwidth * self.devices)

    @property
    def floor_seconds(self) -> float:
        """Weights and cache alone at the device's bandwidth."""
        return self.work.traffic.floor / (self.device.bandwidth * self.devices)

    @property
    def seconds(self) -> float:
        """The larger of the two."""
        return max(self.compute_seconds, self.memory_seconds)

    @property
    def tokens_a_second(self) -> float:
        """New tokens of all texts, at the most."""
        return self.work.batch * self.work.tokens / self.seconds if self.seconds else 0.0

    @property
    def limit(self) -> Message:
        """Which of the two holds."""
        if self.compute_seconds >= self.memory_seconds:
            return Message("computing is the limit")
        return Message("memory is the limit")

    def data(self) -> dict[str, object]:
        """The same as plain data, as JSON has it."""
        work = self.work
        return {
            "device": self.device.name, "devices": self.devices, "rate": self.rate,
            "peak": self.device.rate(self.rate), "bandwidth": self.device.bandwidth,
            "ridge": self.device.ridge(self.rate), "source": self.device.source,
            "batch": work.batch, "tokens": work.tokens, "cached": work.cached,
            "flops": work.flops, "intensity": work.intensity,
            "bytes": {**work.traffic._asdict(), "total": work.traffic.bytes}, "format": work.format,
            "dtype": work.dtype, "cache_dtype": work.cache_dtype, "convention": work.convention,
            "absorbed": work.absorbed,
            "compute_seconds": self.compute_seconds, "memory_seconds": self.memory_seconds,
            "floor_seconds": self.floor_seconds, "seconds": self.seconds,
            "tokens_a_second": self.tokens_a_second,
            "limit": "compute" if self.compute_seconds >= self.memory_seconds else "memory",
        }  # fmt: skip


def one_pass(
    model: Layer,
    input_shape: Iterable[object] | None = None,
    *,
    format: str | Format = "bfloat16",
    which: str = "blocks",
    convention: str | Convention = TWO_A_MAC,
    cache: str | Format | None = None,
    **setting: Unpack[Given],
) -> Pass:
    """The operations and bytes of one pass: a prefill of `input_shape` tokens, or with `cached` a step more.

    Weights are in `format` (`which` of them and the rest as in `weights`), activations in the setting's
    number format (bfloat16), and so is the cache unless `cache` is another format. Raises ShapeError and
    UnknownNameError.
    """
    given: Given = {"dtype": "bfloat16", **setting} if "setting" not in setting else setting
    plain, chosen = setting_of(given), convention_named(convention)
    kept_in = format_named(cache or plain.dtype, OF_A_CACHE)
    shapes = usual_input(model, input_shape, Message("a pass"))
    found = [call for call in model.calls(*shapes) if call.runs(plain)]
    calls = [_cheaper(call, chosen, plain) for call in found]
    works = [(call, *call.work(plain)) for call in calls]
    return Pass(
        sum(int(chosen.total(operations)) for _, operations, _ in works),
        Traffic(
            _weights_read(found, format_named(format), which, plain),
            *_cache_moved(calls, plain, kept_in),
            plain.bytes(sum(_moved(call, int(written), plain) for call, _, written in works if int(written))),
        ),
        new_tokens(calls), int(plain.cached), int(plain.batch), chosen.name, format_named(format).name,
        plain.dtype, kept_in.name, any(now is not before for now, before in zip(calls, found, strict=True)),
    )  # fmt: skip


def _cheaper(call: Call, convention: Convention, setting: Setting) -> Call:
    """A call as it is, or with the maps up of its attention over latents absorbed where that is less.

    In a step most work would be to make keys and values of all earlier tokens again; in a prefill the maps
    up are cheaper than longer products with the latents.
    """
    layer = call.layer
    inner = layer.layer if type(layer) is Fixed else layer
    if not isinstance(inner, LatentAttention) or inner.absorbed:
        return call
    absorbed: Layer = replace(inner, absorbed=True)
    other = call._replace(layer=Fixed(absorbed) if inner is not layer else absorbed)
    mine, less = (int(convention.total(one.work(setting)[0])) for one in (call, other))
    return other if less < mine else call


def new_tokens(calls: list[Call]) -> int:
    """How many tokens of each text are read: as many as the last table is asked for, or one sample."""
    looked_up = [call for call in calls if isinstance(call.layer.at_work, Embedding)]
    return int(looked_up[-1].inputs[0][0]) if looked_up else 1


# ---- weights -------------------------------------------------------------------------------------


def _weights_read(calls: list[Call], format: Format, which: str, setting: Setting) -> int:
    """The bytes of the weights that a pass uses, each once however often its layer is called."""
    once = {id(call.layer): call for call in calls}

    def size(leaf: Layer, part: str, held: Held) -> int:
        read, of = _share(once[id(leaf)], part, setting)
        return int(held.size) * read // of

    used = weights_of(((call.path, call.layer) for call in once.values()), format, which, size=size)
    tied = sum(map(_tied, once.values()))
    if used.which in ("all", "matrices"):  # as the table that it shares
        return used._replace(quantised=used.quantised + tied).bytes
    return used._replace(others=used.others + tied).bytes


def _share(call: Call, part: str, setting: Setting) -> tuple[int, int]:
    """Which share of what a part holds is read: a row a token, the experts that can be reached, what runs."""
    layer = call.layer.at_work
    if isinstance(layer, Embedding):
        rows = int(layer.num_embeddings)
        return min(rows, int(setting.batch) * int(values(call.inputs[0]))), rows
    if isinstance(layer, CrossAttention) and int(setting.cached) and part in ("k", "v"):
        return 0, 1  # keys and values of the other text are there already
    if isinstance(layer, LearnedPositions):  # the same places in every text
        return int(call.inputs[0][0]), int(layer.rows())
    if isinstance(layer, MixtureOfExperts) and part == "experts":
        tokens, experts = int(setting.batch) * int(call.inputs[0][0]), int(layer.num_experts)
        return min(experts, tokens * int(layer.top_k)), experts
    return 1, 1


def _tied(call: Call) -> int:
    """The values of a table that a head uses and another layer holds: it is read all the same."""
    works = call.layer.at_work
    if works is call.layer or isinstance(works, Embedding):
        return 0
    own = sum(int(held.size) for held in (*call.layer.parameters(), *call.layer.buffers()))
    return max(0, sum(int(held.size) for held in works.parameters()) - own)


# ---- cache and activations -----------------------------------------------------------------------


def _cache_moved(calls: list[Call], setting: Setting, format: Format) -> tuple[int, int]:
    """The bytes of the cache that are read, and those that are written.

    A prefill reads nothing: its keys and values are there as it makes them. A step reads all that is kept,
    its own token too.
    """
    empty = Setting(setting.batch)
    read = written = 0
    for call in calls:
        kept = sum(int(held.size) for held in call.kept(setting))
        new = sum(int(held.size) for held in call.kept(empty))
        if int(setting.cached):
            read += kept
            made_before = isinstance(call.layer.at_work, CrossAttention)
            written += 0 if made_before else min(new, kept)
        else:
            written += kept
    return int(format.bytes_of(read)), int(format.bytes_of(written))


def _moved(call: Call, written: int, setting: Setting) -> int:
    """What a call reads at its borders, and writes."""
    return written + (1 if call.once else int(setting.batch)) * int(call.read)
