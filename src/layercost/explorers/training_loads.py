"""What lies on one device in training: weights, gradients, states of an optimizer, and activations.

Blocks are alike but for the first, so a model of two and one of three blocks say what any number keeps; what
a text leaves is a polynomial of its length. A move of a control then takes a few products.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from layercost.analysis.activations import Activations, activations
from layercost.analysis.formats import FORMATS
from layercost.analysis.memory import frozen_weights
from layercost.analysis.states import States, optimizer_named, states, trained_and_frozen
from layercost.explorers.loads import BILLION, in_gigabytes
from layercost.expression import Expression, Symbol, add, ceil_div, expression, substituted
from layercost.layer import Layer
from layercost.layers.adapters import with_lora
from layercost.message import Message, Words
from layercost.models.from_config import from_config
from layercost.models.known import KNOWN, model_named
from layercost.shape import ShapeError

RANK, MAPS = 8, ("q", "v")
FOUR_BITS = "nf4-double"
MODELS: dict[str, str] = {
    "gpt2": "GPT-2", "llama-2-7b": "Llama-2-7B", "llama-3-8b": "Llama-3-8B", "llama-2-70b": "Llama-2-70B",
}  # fmt: skip
TRAINED: dict[str, Words] = {"all": Message("all"), "lora": "LoRA", "qlora": "QLoRA"}
MOST = 1 << 30  # tokens, of models without a table of positions
_LENGTHS = (1, 2, 3)
_DEPTH = ("num_hidden_layers", "n_layer")


@lru_cache(maxsize=64)
def _model(name: str, trained: str, blocks: int = 0) -> Layer:
    """A model by its name, with adapters where these are trained; of so many blocks, or of its own."""
    if blocks:
        config = dict(KNOWN[name].config)
        config[next(key for key in _DEPTH if key in config)] = blocks
        model: Layer = from_config(config)
    else:
        model = model_named(name)
    return model if trained == "all" else with_lora(model, RANK, list(MAPS))


def depth(name: str) -> int:
    """How many blocks a model has."""
    config: Mapping[str, Any] = KNOWN[name].config
    return next(int(config[key]) for key in _DEPTH if key in config)


class Held(NamedTuple):
    """The values of a model that are trained, and the bytes of all that is not."""

    trained: int
    frozen: int


@lru_cache(maxsize=32)
def held(name: str, trained: str) -> Held:
    """What a model holds; frozen matrices of blocks are in 4 bits for QLoRA, all else in 16."""
    model = _model(name, trained)
    stored = FORMATS[FOUR_BITS] if trained == "qlora" else "bfloat16"
    return Held(trained_and_frozen(model)[0], frozen_weights(model, stored).bytes if trained != "all" else 0)


class Curve(NamedTuple):
    """``a + b T + c T^2`` bytes for a text of T tokens."""

    a: Fraction
    b: Fraction
    c: Fraction

    def at(self, tokens: int) -> int:
        """The bytes of one text."""
        return int(self.a + self.b * tokens + self.c * tokens**2)


def in_words(size: int) -> str:
    """Bytes in GB or MB, and in kB where these would be nothing."""
    return in_gigabytes(size) if size >= BILLION // 10_000 else f"{size / 1000:.1f} kB"


def _through(first: int, second: int, third: int) -> Curve:
    """The curve through the bytes of one, two and three tokens."""
    c = Fraction(third - 2 * second + first, 2)
    b = second - first - 3 * c
    return Curve(first - b - c, b, c)


class Written(NamedTuple):
    """What one text leaves for the backward pass, and what the block that runs again keeps beside."""

    kept: Curve
    again: Curve


@lru_cache(maxsize=64)
def written(name: str, trained: str, recompute: str, attention: str) -> Written:
    """How the activations of a model grow with the length of a text."""
    adapted = "all" if trained == "all" else "lora"  # activations do not know how weights are stored

    def of(blocks: int, tokens: int) -> Activations:
        model = _model(name, adapted, blocks)
        return activations(model, (tokens,), recompute=recompute, attention=attention)

    kept, again = list[int](), list[int]()
    for tokens in _LENGTHS:
        two, three = of(2, tokens), of(3, tokens)
        kept.append(two.bytes + (depth(name) - 2) * (three.bytes - two.bytes))
        again.append(three.peak - three.bytes)
    return Written(_through(*kept), _through(*again))


@dataclass(frozen=True)
class OnDevice:
    """A model in training on each of some devices: what is trained and how, and the texts of one device."""

    name: str
    trained: str
    optimizer: str
    stage: int
    devices: int
    recompute: str
    attention: str
    tokens: int
    batch: int
    memory: int

    def check(self) -> None:
        """Raise ShapeError for texts that are longer than the model has positions for."""
        most = self.letters["P"]
        if self.tokens > most:
            raise ShapeError(
                Message("{model} has {most:,} positions, but got {tokens:,} tokens a text",
                        model=MODELS[self.name], most=most, tokens=self.tokens)
            )  # fmt: skip

    @cached_property
    def states(self) -> States:
        """Weights, gradients and states, in letters."""
        own = held(self.name, self.trained)
        optimizer = optimizer_named(self.optimizer)
        return states(own.trained, optimizer, stage=self.stage, devices=self.devices, frozen=own.frozen)

    def formula(self) -> Expression:
        """Weights, gradients and states as one sum, in which the devices are a letter wherever they share."""
        own = held(self.name, self.trained)
        several = states(own.trained, self.optimizer, stage=self.stage, devices=max(self.devices, 2))
        formula = substituted(several.formula, {"n": Symbol("n", self.devices)})
        if not own.frozen:
            return formula
        frozen = Symbol("B_f", own.frozen)
        part = ceil_div(frozen, Symbol("n", self.devices)) if self.stage == 3 else frozen
        return expression(add(part, formula))

    @property
    def letters(self) -> dict[str, int]:
        """The letters of `formula` that are the model's, and the most tokens that it has positions for."""
        own = held(self.name, self.trained)
        frozen = {"B_f": own.frozen} if own.frozen else {}
        return {"N": own.trained, **frozen, "P": int(KNOWN[self.name].config.get("n_positions", MOST))}

    @cached_property
    def _written(self) -> tuple[int, int]:
        curves = written(self.name, self.trained, self.recompute, self.attention)
        return curves.kept.at(self.tokens) * self.batch, curves.again.at(self.tokens) * self.batch

    @property
    def activations(self) -> int:
        """What all texts leave until the backward pass has used it."""
        return self._written[0]

    @property
    def again(self) -> int:
        """What the block that runs forward again keeps meanwhile."""
        return self._written[1]

    @property
    def parts(self) -> dict[str, int]:
        """The bytes of each part, in the order in which they are stacked; none where there is nothing."""
        kept = self.states
        every = {
            "frozen": int(kept.frozen), "weights": int(kept.weights), "gradients": int(kept.gradients),
            "states": int(kept.states), "activations": self.activations, "again": self.again,
        }  # fmt: skip
        return {part: size for part, size in every.items() if size}

    @cached_property
    def total(self) -> int:
        """Everything at once, as it is when the backward pass begins."""
        return sum(self.parts.values())

    @property
    def left(self) -> int:
        """What stays free; below 0 where it does not fit."""
        return self.memory - self.total


PARTS: dict[str, Words] = {
    "frozen": Message("frozen weights"),
    "weights": Message("weights"),
    "gradients": Message("gradients"),
    "states": Message("states of the optimizer"),
    "activations": Message("activations"),
    "again": Message("the block that runs again"),
}
