"""Models in a memory: what their weights take, what each token leaves, and how many tokens fit.

Of each model the layers that keep anything are found once; a move of a control then takes a few products.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from layercost.caches import Alike, Kept, alike, at_length, cache_in_letters, kv_cache
from layercost.convention import bits_of
from layercost.expression import Expression
from layercost.message import Message, Words
from layercost.models.known import model_named
from layercost.setting import Setting

BILLION = 10**9
_MOST = 1 << 50  # tokens: no text is longer


class Titled(NamedTuple):
    """A model as the explorer calls it, and what it keeps of a token."""

    title: str
    keeps: Words


MODELS: dict[str, Titled] = {
    "llama-2-7b": Titled("Llama-2-7B", Message("every head")),
    "llama-3-8b": Titled("Llama-3-8B", Message("shared heads")),
    "falcon-7b": Titled("Falcon-7B", Message("one head")),
    "deepseek-v2-lite": Titled("DeepSeek-V2-Lite", Message("a latent")),
    "gemma-3-27b": Titled("Gemma-3-27B", Message("windows")),
    "mamba-1.4b": Titled("Mamba-1.4B", Message("a state")),
}


@dataclass(frozen=True)
class Keeper:
    """A model: its parameters, the layers that keep anything, and what each of them does."""

    title: Titled
    parameters: int
    groups: tuple[Alike, ...]
    layers: tuple[Kept, ...]

    @cached_property
    def _growing(self) -> tuple[tuple[int, int | None], ...]:
        """Values a token, and how many tokens at most, for layers that are alike in both."""
        every = dict[int | None, int]()
        for layer in self.layers:
            every[layer.window] = every.get(layer.window, 0) + layer.per_token
        return tuple((each, window) for window, each in every.items() if each)

    @cached_property
    def state(self) -> int:
        """The values that do not grow."""
        return sum([layer.state for layer in self.layers])

    @property
    def per_token(self) -> int:
        """The values that a token leaves as long as no window is full."""
        return sum([each for each, _window in self._growing])

    def values(self, tokens: int) -> int:
        """The values that a text of so many tokens leaves."""
        grown = [each * (tokens if window is None else min(tokens, window)) for each, window in self._growing]
        return sum(grown) + self.state

    @property
    def ends(self) -> bool:
        """Whether the cache stops to grow."""
        return all(window is not None for _each, window in self._growing)

    def longest(self, values: int) -> int | None:
        """The longest text that leaves no more values; None where any does not."""
        if self.ends and self.values(_MOST) <= values:
            return None
        low, high = 0, _MOST
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.values(middle) <= values else (low, middle - 1)
        return low


@lru_cache(maxsize=len(MODELS))
def keeper(name: str) -> Keeper:
    """The model of that name, built once."""
    model = model_named(name)
    parameters = sum([int(held.size) for _path, leaf in model.leaves() for held in leaf.parameters()])
    groups = alike(model.calls((1,)))
    return Keeper(MODELS[name], parameters, groups, kv_cache(model, (1,)).layers)


@dataclass(frozen=True)
class Load:
    """A model in a memory of `memory` bytes: `batch` texts of `tokens` tokens, in two number formats."""

    name: str
    tokens: int
    batch: int
    dtype: str
    stored: str
    memory: int

    @property
    def of(self) -> Keeper:
        """The model."""
        return keeper(self.name)

    @property
    def weights(self) -> int:
        """The bytes of the weights."""
        return -(-self.of.parameters * bits_of(self.stored) // 8)

    @property
    def cache(self) -> int:
        """The bytes of the cache."""
        return self.of.values(self.tokens) * self.batch * self._each

    @property
    def per_token(self) -> int:
        """The bytes that one token more leaves, of one text."""
        return self.of.per_token * self._each

    @property
    def fits(self) -> int | None:
        """How long each text may get; None where any length fits, -1 where the weights alone do not."""
        left = (self.memory - self.weights) // (self.batch * self._each)
        return -1 if left < self.of.state else self.of.longest(left)

    @property
    def _each(self) -> int:
        return bits_of(self.dtype) // 8

    def formula(self) -> Expression:
        """The bytes of the cache in letters."""
        return cache_in_letters(at_length(self.of.groups, self.tokens), Setting(self.batch, dtype=self.dtype))

    def layer_by_layer(self) -> tuple[int, ...]:
        """The bytes that each layer keeps of one text."""
        return tuple([
            (layer.per_token * min(self.tokens, layer.window or self.tokens) + layer.state) * self._each
            for layer in self.of.layers
        ])  # fmt: skip


def in_gigabytes(size: int) -> str:
    """Bytes in GB of 10⁹, or in MB where that is less than a tenth of one."""
    if size < BILLION // 10:
        return f"{size / 10**6:.1f} MB"
    return f"{size / BILLION:.2f} GB" if size < 100 * BILLION else f"{size / BILLION:,.0f} GB"
