"""How many parameters of a model take part in one token, in each of the three meanings that are current.

Of experts a token passes a few, so that most of a model is idle at each step. Authors agree on that, and not
on whether the tables of tokens count.
"""

from __future__ import annotations

from enum import Enum

from layercost.by_type import parameters_by_type
from layercost.convention import UnknownNameError
from layercost.expression import Constant, Expression, Number, add, expression, times
from layercost.layer import Layer
from layercost.layers.feed_forward import MixtureOfExperts
from layercost.message import Message


class Active(Enum):
    """What counts as active beside the experts that a token passes; the value is its name."""

    ALL = "with-tables"
    WITHOUT_INPUT = "without-input-table"
    WITHOUT_TABLES = "without-tables"


IN_WORDS = {
    Active.ALL: Message("all tables counted, as Mixtral, Qwen and OLMoE do"),
    Active.WITHOUT_INPUT: Message(
        "without the table of the input, of which a token reads one row, as DeepSeek and gpt-oss do"
    ),
    Active.WITHOUT_TABLES: Message("without the table of the input and without the head"),
}


def has_experts(layer: Layer) -> bool:
    """Whether a token passes some of the parameters and leaves out others."""
    return any(isinstance(leaf, MixtureOfExperts) for _, leaf in layer.leaves())


def active_parameters(layer: Layer, meaning: str | Active = Active.ALL) -> int:
    """The parameters that take part in one token: all but those of the experts that it does not pass.

    `meaning` says which tables count, by the name of an `Active`. Raises UnknownNameError for another.

    >>> from layercost import MixtureOfExperts
    >>> active_parameters(MixtureOfExperts(4096, 14336, num_experts=8, top_k=2))
    352354304
    """
    every, *left_out = _terms(layer, _meaning(meaning))
    return every - sum(left_out)


def expected_experts(experts: int, chosen: int, tokens: int) -> float:
    """How many different experts so many tokens are expected to pass, where each chooses by chance.

    A token leaves out a given one with the chance ``1 - chosen / experts``. Real routers, which have
    favourites, light somewhat fewer.

    >>> expected_experts(8, 2, 1), expected_experts(8, 2, 2)
    (2.0, 3.5)
    """
    return experts * (1 - (1 - chosen / experts) ** tokens)


def read_parameters(layer: Layer, tokens: int) -> float:
    """The parameters that a step of so many tokens is expected to read: of the input's table a row a token.

    >>> from layercost import MixtureOfExperts
    >>> read_parameters(MixtureOfExperts(4096, 14336, num_experts=8, top_k=2), 1)
    352354304.0
    """
    found = float(active_parameters(layer, Active.WITHOUT_INPUT))
    once = {id(leaf): leaf for _, leaf in layer.leaves()}.values()
    for leaf in once:
        if isinstance(leaf, MixtureOfExperts):
            one = sum([int(held.size) for held in leaf.one_expert])
            lit = expected_experts(int(leaf.num_experts), int(leaf.top_k), tokens)
            found += (lit - int(leaf.top_k)) * one
    width = next((int(leaf.embed_dim) for leaf in once if isinstance(leaf, MixtureOfExperts)), 0)
    table = parameters_by_type(layer).get("embedding.token", 0)
    return found + min(tokens * width, table)


def active_in_letters(layer: Layer, meaning: str | Active = Active.ALL) -> Expression:
    """How that number comes about: of one mixture its formula, of a model all but what is left out.

    >>> from layercost import MixtureOfExperts
    >>> active_in_letters(MixtureOfExperts(6, 10, num_experts=8, top_k=2)).value
    408
    """
    if isinstance(layer, MixtureOfExperts):
        return expression(_of_mixture(layer))
    every, *left_out = _terms(layer, _meaning(meaning))
    found = expression(Constant(every))
    for amount in filter(None, left_out):
        found = found - amount
    return found


def _of_mixture(layer: MixtureOfExperts) -> Number:
    """Router, chosen experts and shared expert, in the layer's letters."""
    twin = layer.lettered()
    assert isinstance(twin, MixtureOfExperts)
    total: Number = 0
    for part, held in twin.holds().items():
        for one in twin.one_expert if part == "experts" else held:
            total = add(total, times(twin.top_k, one.size) if part == "experts" else one.size)
    return total


def _terms(layer: Layer, chosen: Active) -> tuple[int, ...]:
    """All parameters, and what is no part of the active ones: idle experts and tables."""
    experts = {id(leaf): leaf for _, leaf in layer.leaves() if isinstance(leaf, MixtureOfExperts)}
    types = parameters_by_type(layer)
    idle = sum([int(leaf.idle()) for leaf in experts.values()])
    table = 0 if chosen is Active.ALL else types.get("embedding.token", 0)
    head = types.get("head", 0) if chosen is Active.WITHOUT_TABLES else 0
    return sum(types.values()), idle, table, head


def _meaning(meaning: str | Active) -> Active:
    names = {each.value: each for each in Active}
    if isinstance(meaning, Active):
        return meaning
    if not isinstance(meaning, str) or meaning not in names:
        raise UnknownNameError(Message("meaning of active"), meaning, names)
    return names[meaning]
