"""The commands ``train``, ``memory`` and ``roofline``: what a model costs to train, to hold and to run."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from typing import Any

from layercost.analysis import report
from layercost.analysis.accelerators import ACCELERATORS, Accelerator, accelerator_named
from layercost.analysis.activations import ATTENTION
from layercost.analysis.formats import FORMATS as WEIGHT_FORMATS
from layercost.analysis.formats import OF_A_CACHE, OF_WEIGHTS, format_named
from layercost.analysis.memory import (
    Cache,
    Room,
    TrainingMemory,
    is_text,
    largest_batch,
    largest_context,
    memory_bytes,
    training_memory,
)
from layercost.analysis.report import Line, Report, Section, bytes_in_words, lines, percent, seconds_in_words
from layercost.analysis.roofline import Bound, Pass, one_pass
from layercost.analysis.shortcuts import Shortcut, shortcuts
from layercost.analysis.states import OPTIMIZERS, ZERO, optimizer_named
from layercost.analysis.training import RECOMPUTE, Step, training_step
from layercost.analysis.weights import WHICH, weights
from layercost.configured import said_of, windows_in_words
from layercost.convention import CONVENTIONS, DTYPE_BITS
from layercost.layer import Layer
from layercost.layers.adapters import with_lora
from layercost.message import Message, Words, message_of, sentence
from layercost.models.families.family import LOGITS, USUAL_TOKENS
from layercost.models.from_config import ConfiguredModel
from layercost.models.known import configured_model, is_configured
from layercost.options import by_name, check_text, count_of, names_of, one_of
from layercost.shape import ShapeError

PRODUCTS = ("two-a-mac", "causal-half", "macs")
TARGETS = ("q", "v")
EXAMPLES = """\
  layercost train gpt2 --tokens 1024 --batch 4
  layercost train llama-2-7b --tokens 2048 --lora 8 --targets q,v --recompute full --format json
  layercost train llama-3-8b --optimizer adam-8bit --zero 2 --devices 8
  layercost memory llama-3-8b --in 80GB --weights int4-g128 --tokens 8192
  layercost roofline llama-3-8b --on h100-sxm --tokens 2048 --batch 16
  layercost roofline
"""


# ---- train ---------------------------------------------------------------------------------------


def _train(options: argparse.Namespace) -> str:
    model = _adapted(options)
    _check_tokens(model, options.tokens)
    shape = _shape(model, options.tokens)
    step = training_step(model, shape, options.convention, recompute=options.recompute, batch=options.batch)
    held = training_memory(
        model, shape, optimizer=options.optimizer, stage=options.zero, devices=options.devices,
        recompute=options.recompute, attention=options.attention, dropout=options.dropout,
        frozen=options.frozen, batch=options.batch,
    )  # fmt: skip
    short = shortcuts(model, step) if step.convention == "two-a-mac" else []
    return _of_training(model, step, held, short).render(options.format)


def _adapted(options: argparse.Namespace) -> Layer:
    """The model, with adapters where some are asked for."""
    model = _model(options.model)
    if options.lora is not None:
        return with_lora(model, options.lora, options.targets or TARGETS, options.whole or ())
    for name in ("targets", "whole"):
        if getattr(options, name) is not None:
            raise ValueError(f"--{name} is for adapters; give --lora RANK as well")
    return model


def _of_training(model: Layer, step: Step, held: TrainingMemory, short: list[Shortcut]) -> Report:
    title = Message(
        "One step of training of {name}: {batch:,} x {length:,} tokens",
        name=_name(model), batch=step.batch, length=step.length,
    )  # fmt: skip
    operations = Section(
        Message("Operations, in {unit} ({convention})", unit=step.unit, convention=step.convention),
        lines([
            Line(Message("forward"), f"{step.forward:,}"),
            Line(Message("backward"), f"{step.backward:,}", Message(
                "two products for each, as far as somebody wants them")),
            Line(Message("forward again"), f"{step.recomputed:,}", RECOMPUTE[step.recompute]),
            Line(Message("total"), f"{step.total:,}"),
        ]),
    )  # fmt: skip
    said = [operations, _of_shortcuts(short), _of_memory(held)]
    data = {
        "model": _name(model), "operations": step.data(), "shortcuts": [one.data() for one in short],
        "memory": held.data(),
    }  # fmt: skip
    notes = (
        Message("Products alone have a price; softmax, norms and activations have none here."),
        Message("Memory leaves out the loss with its scores, and what an allocator does not use."),
    )
    return _report(model, title, [section for section in said if section.lines], notes, data)


def _of_shortcuts(short: list[Shortcut]) -> Section:
    rows = [
        Line(one.name, f"{one.flops:,}", Message("{error} of {of}; {counts}", error=percent(one.error),
                                                of=one.of, counts=one.counts))
        for one in short
    ]  # fmt: skip
    return Section(Message("Shortcuts, each with its error on this model"), tuple(rows))


def _of_memory(held: TrainingMemory) -> Section:
    title = Message(
        "Memory of a device, of {devices:,} ({optimizer}; ZeRO stage {stage}: {says})",
        devices=held.devices, optimizer=optimizer_named(held.optimizer).says, stage=held.stage,
        says=ZERO[held.stage],
    )  # fmt: skip
    rows = [Line(name, bytes_in_words(size)) for name, size in held.rows if size]
    return Section(title, (*rows, Line(Message("total"), bytes_in_words(held.bytes))))


# ---- memory --------------------------------------------------------------------------------------


def _memory(options: argparse.Namespace) -> str:
    model = _model(options.model)
    held = weights(model, options.weights, options.which)
    _check_tokens(model, options.tokens)
    cache = Cache(model, dtype=options.cache)
    tokens = _tokens(cache, options)
    lacking = max(0, held.bytes - options.room) if options.room is not None else 0
    rooms, said = _rooms(model, options) if options.room is not None and not lacking else ([], "")
    size = cache.bytes(tokens, options.batch)
    title = Message(
        "{name} at rest and running: {batch:,} x {tokens:,} tokens",
        name=_name(model), batch=options.batch, tokens=tokens,
    )  # fmt: skip
    kept = cache.layer_by_layer(tokens, options.batch)
    cut = windows_in_words(kept, cache.bytes_of)
    bits = float(format_named(options.weights).bits_a_weight)
    rows = [
        Line(Message("weights"), bytes_in_words(held.bytes), Message(
            "{count:,} values at {bits:.4g} bits ({which}), {others:,} at {rest} bits", count=held.quantised,
            bits=bits, which=WHICH[held.which], others=held.others, rest=held.rest.bits)),
        Line(Message("cache"), bytes_in_words(size), Message(
            "{each} a token, {dtype}", each=bytes_in_words(cache.bytes(2) - cache.bytes(1)),
            dtype=options.cache)),
        Line(Message("both"), bytes_in_words(held.bytes + size)),
    ]  # fmt: skip
    sections = [Section(Message("Bytes"), tuple(rows)), *_of_rooms(rooms)]
    if lacking:
        sections.append(_of_too_little(options.room, held.bytes))
    data = {
        "model": _name(model), "batch": options.batch, "tokens": tokens, "weights": held.bytes,
        "weights_format": options.weights, "bits_a_weight": bits, "cache": size,
        "cache_dtype": options.cache, "cache_a_token": cache.bytes(2) - cache.bytes(1),
        "cache_without_windows": cache.bytes_of(kept.unwindowed), "fits": [room.data() for room in rooms],
        "lacking": lacking,
    }  # fmt: skip
    note = Message("Activations and what a runtime needs for itself are not counted.")
    notes = [*([sentence(said)] if said else []), *([cut] if cut else []), note]
    return _report(model, title, sections, notes, data).render(options.format)


def _rooms(model: Layer, options: argparse.Namespace) -> tuple[list[Room], Words]:
    """The longest text for the batch, and the largest batch for the length, where one is given.

    Of a model whose cache does not grow there is neither, and words say so.
    """
    given = {"format": options.weights, "dtype": options.cache, "which": options.which}
    try:
        found = [largest_context(model, options.room, batch=options.batch, **given)]
    except ShapeError as error:
        return [], message_of(error)
    if options.tokens:
        found.append(largest_batch(model, options.room, options.tokens, **given))
    return found, ""


def _of_rooms(rooms: list[Room]) -> list[Section]:
    if not rooms:
        return []
    rows = [
        Line(Message("{batch:,} x {tokens:,} tokens", batch=room.batch, tokens=room.tokens),
             bytes_in_words(room.bytes), Message("{left} left", left=bytes_in_words(room.left)))
        for room in rooms
    ]  # fmt: skip
    return [Section(Message("What fits into {size}", size=bytes_in_words(rooms[0].memory)), tuple(rows))]


def _of_too_little(room: int, needed: int) -> Section:
    """That the weights do not fit, whatever runs beside them."""
    lacks = Message("the weights alone need so much, {more} more than there is",
                    more=bytes_in_words(needed - room))  # fmt: skip
    return Section(
        Message("What fits into {size}", size=bytes_in_words(room)),
        (Line(Message("nothing"), bytes_in_words(needed), lacks),),
    )


# ---- roofline ------------------------------------------------------------------------------------


def _roofline(options: argparse.Namespace) -> str:
    if options.model is None:
        return _devices().render(options.format)
    model, device = _model(options.model, options.logits), accelerator_named(options.on)
    rate = options.rate or next(name for name in ("bfloat16", *device.peak) if name in device.peak)
    _check_tokens(model, options.tokens)
    cache = Cache(model)
    tokens = _tokens(cache, options)
    given = {
        "format": options.weights, "which": options.which, "convention": options.convention,
        "batch": options.batch, "cache": options.cache,
    }  # fmt: skip
    prefill = one_pass(model, _shape(model, tokens), **given).bound(device, rate, options.devices)
    title = Message(
        "{name} on {devices:,} x {device}, {batch:,} at once", name=_name(model),
        devices=options.devices, device=device.title, batch=options.batch,
    )  # fmt: skip
    data: dict[str, Any] = {"model": _name(model), "prefill": prefill.data()}
    absorbed = prefill.work.absorbed
    if cache.calls:
        before = min(tokens, cache.positions - 1)  # the step's own token has a position, too
        step = one_pass(model, _shape(model, 1), cached=before, **given).bound(device, rate, options.devices)
        sections = [
            _of_bound(Message("Prefill of {tokens:,} tokens", tokens=tokens), prefill),
            _of_bound(Message("One step more, with {tokens:,} tokens in the cache", tokens=before), step),
        ]
        data["decode"] = step.data()
        absorbed = absorbed or step.work.absorbed
    else:
        sections = [_of_bound(Message("One pass; this model keeps nothing for a next token"), prefill)]
    notes = (
        Message("{device}: {peak:.4g} FLOP/s in {rate}, {bandwidth:.4g} bytes/s; ridge at {ridge:.1f} FLOPs "
                "a byte. Source: {source}.", device=device.title, peak=device.rate(rate), rate=rate,
                bandwidth=device.bandwidth, ridge=device.ridge(rate), source=device.source),
        Message("Each weight that is used is read once, of a table one row a token, of a mixture as many "
                "experts as its tokens can reach; layers read and write at their borders, and nothing is "
                "exchanged between devices."),
        *([ABSORBED] if absorbed else []),
    )  # fmt: skip
    return _report(model, title, sections, notes, data).render(options.format)


ABSORBED = Message(
    "In a step attention works on the latents that are kept: the maps that make keys and values of them are "
    "multiplied into those of queries and output, which computes less than to make all keys and values again."
)


def _of_bound(title: Words, bound: Bound) -> Section:
    work: Pass = bound.work
    moved = work.traffic
    return Section(title, lines([
        Line("FLOPs", f"{work.flops:,}", Message("{convention}", convention=work.convention)),
        Line(Message("bytes"), f"{moved.bytes:,}", Message(
            "weights {weights:,}, cache read {read:,} and written {written:,}, activations {activations:,}",
            weights=moved.weights, read=moved.cache_read, written=moved.cache_written,
            activations=moved.activations)),
        Line(Message("FLOPs a byte"), f"{work.intensity:.4g}"),
        Line(Message("at the least"), seconds_in_words(bound.seconds), Message(
            "computing {computing}, memory {memory}: {limit}",
            computing=seconds_in_words(bound.compute_seconds),
            memory=seconds_in_words(bound.memory_seconds), limit=bound.limit)),
        Line(Message("tokens a second"), f"{bound.tokens_a_second:,.4g}", Message("at the most")),
    ]))  # fmt: skip


def _devices() -> Report:
    """Every device of the table, with its ridge in each number format."""
    sections = [
        Section(Message("{name}: {title}", name=one.name, title=one.title), tuple(_of_device(one)))
        for one in ACCELERATORS.values()
    ]
    data = {
        "accelerators": [
            {"name": one.name, "title": one.title, "peak": dict(one.peak), "bandwidth": one.bandwidth,
             "memory": one.memory, "source": one.source,
             "ridge": {name: one.ridge(name) for name in one.peak}}
            for one in ACCELERATORS.values()
        ]
    }  # fmt: skip
    note = Message("Rates are for dense matrices. A model and --on NAME give the least time of its passes.")
    return Report(Message("Devices"), tuple(sections), (note,), data)


def _of_device(device: Accelerator) -> Iterable[Line]:
    for name, rate in device.peak.items():
        ridge = Message("ridge at {ridge:.1f} FLOPs a byte", ridge=device.ridge(name))
        yield Line(name, f"{rate / 1e12:,.4g} TFLOP/s", ridge)
    yield Line(Message("memory"), f"{device.bandwidth / 1e9:,.4g} GB/s", bytes_in_words(device.memory))
    yield Line(Message("source"), "", device.source)


# ---- models and options --------------------------------------------------------------------------


def _model(name: str, logits: str = "all") -> Layer:
    """A model by its name, the path of its configuration, of its folder or of an ONNX file, or a network."""
    if is_configured(name):
        return configured_model(name, logits=logits)
    if name.lower().endswith(".onnx"):
        from layercost.models.from_onnx import from_onnx  # slow to import, and needed only here

        return from_onnx(name)
    return by_name(name)


def _report(
    model: Layer, title: Words, sections: Iterable[Section], notes: Iterable[Words], data: dict[str, Any]
) -> Report:
    """A report on a model, which says also what its configuration did not."""
    if isinstance(model, ConfiguredModel):
        data["defaults"] = [default.data() for default in model.defaults]
    return Report(title, tuple(sections), (*notes, *said_of(model)), data)


def _name(model: Layer) -> str:
    return str(getattr(model, "name", "") or type(model).__name__)


def _shape(model: Layer, tokens: int | None) -> tuple[Any, ...] | None:
    """The model's usual input with this many tokens; of several texts the last is the one that grows."""
    usual: Any = getattr(model, "input_shape", None)
    if tokens is None or usual is None:
        return None if usual is None else tuple(usual)
    if usual and isinstance(usual[0], tuple):
        return (*usual[:-1], (tokens,)) if is_text(usual[-1]) else tuple(usual)
    return (tokens,) if is_text(usual) else tuple(usual)


def _check_tokens(model: Layer, tokens: int | None) -> None:
    """Raise ValueError for tokens that are asked of a model which reads an image last."""
    usual: Any = getattr(model, "input_shape", None)
    if tokens is not None and usual:
        check_text("tokens", _name(model), usual[-1] if isinstance(usual[0], tuple) else usual)


def _tokens(cache: Cache, options: argparse.Namespace) -> int:
    """How many tokens a text has: as many as were asked for, or the usual number, where there are so many."""
    if options.tokens is None:
        return min(USUAL_TOKENS, cache.positions)
    cache.check(options.tokens)
    return int(options.tokens)


CHOSEN = {
    "attention": Message("way of attention"), "cache": OF_A_CACHE,
    "convention": Message("convention"), "format": Message("format"), "frozen": OF_WEIGHTS,
    "logits": Message("choice of logits"), "on": Message("accelerator"), "optimizer": Message("optimizer"),
    "recompute": Message("recomputation"), "weights": OF_WEIGHTS,
    "which": Message("choice of weights"),
}  # fmt: skip


def _choice(
    command: argparse.ArgumentParser, name: str, what: Words, known: Iterable[str], default: str
) -> None:
    """An option with one of some names."""
    command.add_argument(
        f"--{name}", type=one_of(CHOSEN[name], known), default=default, metavar=name.upper(),
        help=f"{what}: {', '.join(known)} (default: {default})",
    )  # fmt: skip


def _running(command: argparse.ArgumentParser, *, needed: bool) -> None:
    """What all three commands take: the model, the batch, the tokens, the format."""
    command.add_argument(
        "model", metavar="MODEL", nargs=None if needed else "?",
        help="a model, as gpt2, a configuration, as config.json, an ONNX file, or a network, as resnet50",
    )  # fmt: skip
    command.add_argument("--batch", type=count_of("batch"), default=1, metavar="N", help="texts at once")
    command.add_argument("--tokens", type=count_of("tokens"), metavar="T", help="tokens of each text")
    _choice(command, "format", "how to write it", report.FORMATS, "text")


def _storing(command: argparse.ArgumentParser) -> None:
    """In which formats weights and cache are kept."""
    known = [*DTYPE_BITS, *WEIGHT_FORMATS]
    _choice(command, "weights", "the format of weights", known, "bfloat16")
    _choice(command, "which", "which weights are in a format with groups", WHICH, "blocks")
    _choice(command, "cache", "the format of the cache", known, "bfloat16")


def _train_options(command: argparse.ArgumentParser) -> None:
    _running(command, needed=True)
    _choice(command, "convention", "what an operation is", PRODUCTS, "two-a-mac")
    _choice(command, "recompute", "what runs forward again", RECOMPUTE, "none")
    _choice(command, "optimizer", "what is kept for each parameter", OPTIMIZERS, "adam-mixed")
    _choice(command, "attention", "how attention is computed", ATTENTION, "eager")
    command.add_argument("--dropout", action="store_true", help="with dropout, whose masks are kept")
    command.add_argument(
        "--zero", type=int, choices=sorted(ZERO), default=0, help="the stage of ZeRO (default: 0)"
    )
    command.add_argument("--devices", type=count_of("devices"), default=1, metavar="N", help="how many share")
    command.add_argument(
        "--lora", type=count_of("lora"), metavar="RANK", help="train adapters of this rank alone"
    )
    command.add_argument(
        "--targets",
        type=names_of("targets", "q,v"),
        metavar="MAPS",
        help=f"with --lora: beside which maps, as q,v, c_attn or all-linear (default: {','.join(TARGETS)})",
    )
    command.add_argument(
        "--whole",
        type=names_of("whole", "head"),
        metavar="LAYERS",
        help="with --lora: what is trained whole beside them, as classifier or embed_tokens,lm_head",
    )
    _choice(
        command, "frozen", "the format of what is not trained", [*DTYPE_BITS, *WEIGHT_FORMATS], "bfloat16"
    )


def _memory_options(command: argparse.ArgumentParser) -> None:
    _running(command, needed=True)
    _storing(command)
    command.add_argument(
        "--in", dest="room", type=memory_bytes, metavar="SIZE", help="what fits into it, as 80GB or 24GiB"
    )


def _roofline_options(command: argparse.ArgumentParser) -> None:
    _running(command, needed=False)
    _storing(command)
    _choice(command, "convention", "what an operation is", CONVENTIONS, "two-a-mac")
    _choice(command, "logits", "of which positions the head gives scores", LOGITS, "all")
    _choice(command, "on", "the device", ACCELERATORS, "a100-80gb")
    command.add_argument("--rate", metavar="FORMAT", help="the number format of its peak (default: bfloat16)")
    command.add_argument("--devices", type=count_of("devices"), default=1, metavar="N", help="how many share")


# The words that a shell may offer for an argument, by the argument's name.
COMPLETIONS: dict[str, Iterable[str]] = {
    "on": ACCELERATORS, "optimizer": OPTIMIZERS, "recompute": RECOMPUTE, "attention": ATTENTION,
    "weights": [*DTYPE_BITS, *WEIGHT_FORMATS], "frozen": [*DTYPE_BITS, *WEIGHT_FORMATS], "which": WHICH,
    "cache": [*DTYPE_BITS, *WEIGHT_FORMATS], "logits": LOGITS,
}  # fmt: skip

COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None], Callable[[Any], str]]] = {
    "train": ("what a step of training computes and keeps", _train_options, _train),
    "memory": ("weights and cache of a model, and what fits beside them", _memory_options, _memory),
    "roofline": ("the least time of a pass on a device; without a model, the devices", _roofline_options,
                 _roofline),
}  # fmt: skip
