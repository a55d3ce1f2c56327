"""What lies in a device's memory: of training, weights to activations; of running, weights and cache.

What is not counted: the loss and its scores, the buffers of communication, what an allocator leaves unused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, Unpack

from layercost.analysis.activations import Activations, activations
from layercost.analysis.formats import OF_A_CACHE, Format, format_named
from layercost.analysis.states import States, optimizer_named, states, trained_and_frozen
from layercost.analysis.weights import Weights, is_trained, once, weights, weights_of
from layercost.caches import Cache as KeptByLayers
from layercost.caches import cache_of_calls
from layercost.convention import UnknownNameError
from layercost.counting import usual_input
from layercost.expression import Expression, Symbol
from layercost.facts import Held
from layercost.layer import Call, Layer
from layercost.layers.positions import LearnedPositions, SinusoidalPositions
from layercost.message import Message
from layercost.setting import Given, Setting
from layercost.shape import ShapeError, whole


class TrainingMemory(NamedTuple):
    """What a device holds in a step of training."""

    states: States
    activations: Activations
    optimizer: str
    stage: int
    devices: int
    trained: int
    frozen: int

    @property
    def bytes(self) -> int:
        """Everything at once, as it is when the backward pass begins."""
        return self.states.bytes + self.activations.peak

    @property
    def rows(self) -> list[tuple[Message, int]]:
        """Each part in words, and its bytes."""
        kept = self.states
        return [
            (Message("frozen weights"), int(kept.frozen)),
            (Message("weights"), int(kept.weights)),
            (Message("gradients"), int(kept.gradients)),
            (Message("states of the optimizer"), int(kept.states)),
            (Message("activations"), self.activations.bytes),
            (Message("activations of the block that runs again"),
             self.activations.peak - self.activations.bytes),
        ]  # fmt: skip

    def data(self) -> dict[str, object]:
        """The same as plain data, as JSON has it."""
        kept = self.states
        return {
            "frozen_weights": int(kept.frozen), "weights": int(kept.weights),
            "gradients": int(kept.gradients), "optimizer_states": int(kept.states),
            "activations": self.activations.bytes, "activations_peak": self.activations.peak,
            "total": self.bytes, "optimizer": self.optimizer, "zero_stage": self.stage,
            "devices": self.devices, "trained": self.trained, "frozen": self.frozen,
            "recompute": self.activations.recompute, "attention": self.activations.attention,
            "dropout": self.activations.dropout,
        }  # fmt: skip


def training_memory(
    model: Layer,
    input_shape: Iterable[object] | None = None,
    *,
    optimizer: str = "adam-mixed",
    stage: int = 0,
    devices: int = 1,
    recompute: str = "none",
    attention: str = "eager",
    dropout: bool = False,
    frozen: str | Format = "bfloat16",
    **setting: Unpack[Given],
) -> TrainingMemory:
    """What one of `devices` holds in a step of training, in bytes; the batch is that of one device.

    `optimizer` and the `stage` of ZeRO as in `states`, the rest as in `activations`. What is not trained is
    kept in the format `frozen`: its matrices, where that is one with groups, and everything else in 16 bits.
    Raises ShapeError and UnknownNameError.
    """
    whole("training_memory", "devices", devices)
    trained, beside = trained_and_frozen(model)
    held = frozen_weights(model, frozen).bytes if beside else 0
    kept = states(trained, optimizer, stage=stage, devices=devices, frozen=held)
    written = activations(
        model, input_shape, recompute=recompute, attention=attention, dropout=dropout, **setting
    )
    return TrainingMemory(kept, written, optimizer_named(optimizer).name, stage, devices, trained, beside)


def frozen_weights(model: Layer, format: str | Format) -> Weights:
    """The weights of `model` that are not trained, in a format."""
    return weights_of(once(model), format, "blocks", size=_not_trained)


def _not_trained(leaf: Layer, part: str, held: Held) -> int:
    """How many values of a part training leaves as they are: all or none."""
    return 0 if is_trained(leaf, part, held) else int(held.size)


# ---- running a model -----------------------------------------------------------------------------


class Room(NamedTuple):
    """What fits: a batch of texts of so many tokens each, and the bytes of weights and of their cache."""

    batch: int
    tokens: int
    weights: int
    cache: int
    memory: int

    @property
    def bytes(self) -> int:
        """Weights and cache."""
        return self.weights + self.cache

    @property
    def left(self) -> int:
        """What stays free; below 0 where the weights alone do not fit."""
        return self.memory - self.bytes

    def data(self) -> dict[str, int]:
        """The same as plain data, as JSON has it."""
        return {**self._asdict(), "total": self.bytes, "left": self.left}


MOST_TOKENS = 2**40
ANY_NUMBER = Message("any number of tokens fits: nothing that this model keeps grows with them")
TABLES = (LearnedPositions, SinusoidalPositions)


class Cache:
    """The bytes of a model's cache at any number of tokens, without following the model again each time.

    It is kept in the format `dtype`. `positions` are the most tokens that the model has rows of a table for.
    """

    def __init__(
        self,
        model: Layer,
        input_shape: Iterable[object] | None = None,
        dtype: str | Format = "bfloat16",
    ):
        self.format = format_named(dtype, OF_A_CACHE)
        shapes = usual_input(model, input_shape, Message("the cache"))
        every = [call for call in model.calls(*one_token(shapes)) if not call.only_at_first]
        tables = [call.layer.at_work for call in every]
        self.calls: list[Call] = (
            [call for call in every if call.kept(Setting())] if is_text(shapes[-1]) else []
        )
        self.positions = min(
            [int(table.num_positions) for table in tables if isinstance(table, TABLES)],
            default=MOST_TOKENS,
        )

    def check(self, tokens: int) -> None:
        """Raise ShapeError for more tokens than the model has positions for."""
        if tokens > self.positions:
            raise ShapeError(
                Message("this model has {most:,} positions, but got {tokens:,} tokens of a text",
                        most=self.positions, tokens=tokens)
            )  # fmt: skip

    def bytes(self, tokens: int, batch: int = 1) -> int:
        """The cache after `tokens` tokens of each of `batch` texts."""
        if not tokens:
            return 0
        setting = Setting(batch=batch, cached=tokens - 1)
        kept = (held for call in self.calls for held in call.kept(setting))
        return self.bytes_of(sum(int(held.size) for held in kept))

    def bytes_of(self, values: int) -> int:
        """The bytes of so many values in the cache's format."""
        return int(self.format.bytes_of(values))

    def layer_by_layer(self, tokens: int, batch: int = 1) -> KeptByLayers:
        """What each layer keeps after `tokens` tokens of each of `batch` texts, one at the least."""
        return cache_of_calls(self.calls, Setting(batch=batch, cached=tokens - 1))


def one_token(shapes: tuple[Iterable[object], ...]) -> tuple[Iterable[object], ...]:
    """The same input with one token in place of the last text; an image stays as it is."""
    *others, last = shapes
    return (*others, (1,)) if is_text(last) else shapes


def is_text(shape: Iterable[object]) -> bool:
    """Whether an input is one of tokens, and not an image."""
    return len(tuple(shape)) == 1


def largest_context(
    model: Layer, memory: int, *, batch: int = 1, format: str | Format = "bfloat16",
    dtype: str | Format = "bfloat16", which: str = "blocks", input_shape: Iterable[object] | None = None,
) -> Room:  # fmt: skip
    """The longest text that fits beside the weights in `memory` bytes, with `batch` of them at once.

    The cache grows with each token, so the largest number is searched for by halves; where layers stop
    growing (windows, states) the formula has no single inverse. No text is longer than the model has
    positions for. What activations take is not counted.
    """
    cache, held = Cache(model, input_shape, dtype), weights(model, format, which).bytes
    if not cache.calls:
        raise ShapeError(_any_number(cache.positions))
    tokens = _most(lambda count: held + cache.bytes(count, batch) <= memory, cache.positions)
    return Room(batch, tokens, held, cache.bytes(tokens, batch), memory)


def _any_number(positions: int) -> Message:
    """That no length is the longest but that of a table of positions, where there is one."""
    if positions == MOST_TOKENS:
        return ANY_NUMBER
    return Message(
        "any number of tokens fits, up to the {most:,} that this model has positions for: nothing that it "
        "keeps grows with them",
        most=positions,
    )


def tokens_that_fit(memory: int, held: int, each: int, batch: int = 1) -> Expression:
    """The longest text by division, for a cache of `each` bytes a token: ``(M - W) / (B c)``, rounded down.

    M bytes of memory, W of them held by weights. Where layers stop growing, `largest_context` searches.

    >>> tokens_that_fit(80 * 10**9, 16_060_522_496, 131_072).value
    487819
    """
    free = Symbol("M", memory) - Symbol("W", held)
    return free // (Symbol("B", batch) * Symbol("c", each))


def largest_batch(
    model: Layer, memory: int, tokens: int, *, format: str | Format = "bfloat16",
    dtype: str | Format = "bfloat16", which: str = "blocks", input_shape: Iterable[object] | None = None,
) -> Room:  # fmt: skip
    """How many texts of `tokens` tokens fit beside the weights in `memory` bytes.

    Raises ShapeError for texts that are longer than the model has positions for.
    """
    cache, held = Cache(model, input_shape, dtype), weights(model, format, which).bytes
    cache.check(tokens)
    batch = max(0, memory - held) // max(1, cache.bytes(tokens))
    return Room(batch, tokens, held, batch * cache.bytes(tokens), memory)


def _most(fits: Callable[[int], bool], most: int) -> int:
    """The largest number up to `most` that fits, where all smaller ones do; 0 where none does."""
    if most < MOST_TOKENS and fits(most):
        return most
    if not fits(1):
        return 0
    low, high = 1, 2
    while fits(high):
        low, high = high, 2 * high
        if high > MOST_TOKENS:
            raise ShapeError(ANY_NUMBER)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def memory_bytes(text: str) -> int:
    """The bytes of a size as it is typed: 80GB, 24GiB, 40e9; raises UnknownNameError for another unit."""
    units = {"": 1, "b": 1, **{f"{p}b": 1000**n for n, p in enumerate("kmgt", 1)}}
    units |= {f"{p}ib": 1024**n for n, p in enumerate("kmgt", 1)}
    plain = text.strip().lower().replace(",", "").replace("_", "")
    number = plain.rstrip("bikmgt ")
    unit = plain[len(number) :].strip()
    if unit not in units:
        raise UnknownNameError(Message("unit of memory"), unit, ["GB", "GiB", "MB", "MiB", "TB", "TiB"])
    try:
        return int(float(number) * units[unit])
    except (ValueError, OverflowError):
        raise ShapeError(
            Message("a size of memory is written as 80GB or 24GiB, but got {text}", text=text)
        ) from None
