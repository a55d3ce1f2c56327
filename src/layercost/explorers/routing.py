"""Which experts a few tokens pass, drawn by chance and for ever the same, in models summed up in numbers.

A model is read once and kept as a handful of numbers; a move of a control then takes a few products, and a
draw for each token that was not drawn before.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

from layercost.active import Active, expected_experts
from layercost.by_type import parameters_by_type
from layercost.convention import bits_of
from layercost.expression import Expression, Number, Symbol, expression
from layercost.layers.feed_forward import MixtureOfExperts
from layercost.models.known import model_named

TITLES = {
    "mixtral-8x7b": "Mixtral-8x7B",
    "olmoe-1b-7b": "OLMoE-1B-7B",
    "qwen1.5-moe-a2.7b": "Qwen1.5-MoE-A2.7B",
    "qwen3-30b-a3b": "Qwen3-30B-A3B",
    "gpt-oss-20b": "gpt-oss-20b",
    "gpt-oss-120b": "gpt-oss-120b",
    "deepseek-v3": "DeepSeek-V3",
}
MOST_TOKENS = 256


class Sparse(NamedTuple):
    """A model in a few numbers: its layers with experts, one of these, all else, and the two tables."""

    layers: int
    mixture: MixtureOfExperts
    expert: int  # parameters of one
    rest: int  # parameters that are in no expert, tables among them
    table: int
    head: int

    @property
    def experts(self) -> int:
        """How many there are in a layer."""
        return int(self.mixture.num_experts)

    @property
    def chosen(self) -> int:
        """How many of them a token passes."""
        return int(self.mixture.top_k)

    @property
    def total(self) -> int:
        """All parameters."""
        return self.layers * self.experts * self.expert + self.rest


@lru_cache(maxsize=len(TITLES))
def sparse(name: str) -> Sparse:
    """The model of that name."""
    model = model_named(name)
    mixtures = [leaf for _path, leaf in model.leaves() if isinstance(leaf, MixtureOfExperts)]
    types, one = parameters_by_type(model), mixtures[0]
    expert = sum([int(held.size) for held in one.one_expert])
    return Sparse(
        types["experts"] // (expert * int(one.num_experts)), one, expert,
        sum(types.values()) - types["experts"], types["embedding.token"], types["head"],
    )  # fmt: skip


# ---- drawing -------------------------------------------------------------------------------------

_STEP, _LAST = 0x9E3779B97F4A7C15, (1 << 64) - 1


def _mixed(state: int) -> int:
    """A number that looks like chance: SplitMix64 (Steele and others, 2014), the same on every machine."""
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 & _LAST
    state = (state ^ state >> 27) * 0x94D049BB133111EB & _LAST
    return state ^ state >> 31


@lru_cache(maxsize=1 << 14)
def chosen_by(draw: int, token: int, experts: int, chosen: int) -> tuple[int, ...]:
    """The experts that a token passes, each set of them as likely as any other."""
    state = _mixed(draw << 32 | token)
    moved, found = dict[int, int](), list[int]()  # the first cards of a pack that is being shuffled
    for place in range(chosen):
        state = state + _STEP & _LAST
        other = place + _mixed(state) % (experts - place)
        found.append(moved.get(other, other))
        moved[other] = moved.get(place, place)
    return tuple(found)


# ---- a batch -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Routed:
    """Some tokens in one layer of a model; `stored` is the number format of its weights."""

    name: str
    tokens: int
    draw: int
    meaning: Active
    stored: str

    @property
    def of(self) -> Sparse:
        """The model."""
        return sparse(self.name)

    @property
    def title(self) -> str:
        """What it is called."""
        return TITLES[self.name]

    @cached_property
    def last(self) -> tuple[int, ...]:
        """The experts of the last token."""
        return chosen_by(self.draw, self.tokens, self.of.experts, self.of.chosen)

    @cached_property
    def loads(self) -> Counter[int]:
        """How many tokens each expert serves that is lit."""
        each, chosen = self.of.experts, self.of.chosen
        found = Counter[int]()
        for token in range(1, self.tokens + 1):
            found.update(chosen_by(self.draw, token, each, chosen))
        return found

    @property
    def lit(self) -> int:
        """How many experts serve any."""
        return len(self.loads)

    @property
    def expected(self) -> float:
        """How many are expected to."""
        return expected_experts(self.of.experts, self.of.chosen, self.tokens)

    @property
    def left_out(self) -> int:
        """The parameters of the tables that do not count as active."""
        return {
            Active.ALL: 0, Active.WITHOUT_INPUT: self.of.table,
            Active.WITHOUT_TABLES: self.of.table + self.of.head,
        }[self.meaning]  # fmt: skip

    @property
    def active(self) -> int:
        """The parameters that take part in one token."""
        of = self.of
        return of.layers * of.chosen * of.expert + of.rest - self.left_out

    def bytes(self, parameters: int) -> int:
        """The bytes of so many parameters."""
        return -(-parameters * bits_of(self.stored) // 8)

    @property
    def read(self) -> int:
        """The bytes that a step reads, if each layer lights as many experts; of the table a row a token."""
        return self.bytes(self._besides + self.of.layers * self.lit * self.of.expert)

    @property
    def _besides(self) -> int:
        """The parameters in no expert that a step reads."""
        of = self.of
        return of.rest - of.table + min(self.tokens * int(of.mixture.embed_dim), of.table)

    @property
    def in_bytes(self) -> tuple[int, int, int]:
        """The bytes of what is in no expert, of the experts that are lit, and of all others."""
        of = self.of
        every, lit = (self.bytes(of.layers * each * of.expert) for each in (of.experts, self.lit))
        return self.bytes(of.rest), lit, every - lit

    # ---- in letters

    def _letters(self, each: Number) -> Expression:
        of = self.of
        found = Symbol("n", of.layers) * each * Symbol("x", of.expert) + Symbol("r", of.rest)
        return expression(found)

    def total_in_letters(self) -> Expression:
        """All parameters: layers, experts, an expert, and what is in none."""
        return self._letters(Symbol("E", self.of.experts))

    def active_in_letters(self) -> Expression:
        """The active ones: the experts that a token passes, and what is in none, without some tables."""
        found = self._letters(Symbol("e", self.of.chosen))
        width = int(self.of.mixture.embed_dim)
        table = Symbol("V", self.of.table // width) * Symbol("d", width)
        if self.meaning is Active.ALL:
            return found
        return found - table if self.meaning is Active.WITHOUT_INPUT else found - 2 * table
