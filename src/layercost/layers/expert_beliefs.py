"""What people believe of models with experts: what their names multiply, and which parameters are active."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from layercost.convention import Quantity
from layercost.layer import Layer
from layercost.layers.composite import Composite
from layercost.layers.feed_forward import FeedForward, MixtureOfExperts
from layercost.message import Message
from layercost.misconception import (
    ACTIVE,
    CACHED,
    ONE,
    Measure,
    Size,
    Task,
    Unit,
    belief,
    declare,
    distorted,
    having,
    leaves_of,
)

_BILLION = 10**9


def _mixtures(task: Task) -> list[MixtureOfExperts]:
    """The mixtures of a whole model; none where a part of it or a layer alone is asked about."""
    if task.part or not isinstance(task.layer, Composite):
        return []
    return [leaf for leaf in leaves_of(task.layer) if isinstance(leaf, MixtureOfExperts)]


def _as_one(leaf: Layer) -> Layer:
    """A mixture as the dense layer that one of its experts is."""
    if not isinstance(leaf, MixtureOfExperts):
        return leaf
    return FeedForward(leaf.embed_dim, leaf.hidden_dim, leaf.gated, leaf.bias, leaf.activation)


def _times(task: Task, factor: Fraction) -> Task:
    """The same question, whose answer is so many times as large."""
    return replace(task, unit=Unit(task.unit.name, Fraction(task.unit.size) / factor))


def _held(layer: Layer) -> int:
    return sum(int(held.size) for leaf in leaves_of(layer) for held in leaf.parameters())


# ---- what a name multiplies ----------------------------------------------------------------------


def _copies(how_many: Callable[[MixtureOfExperts], int]) -> Callable[[Task], Task | None]:
    """The belief that the model is so many copies of one without experts."""

    def distort(task: Task) -> Task | None:
        mixtures = _mixtures(task)
        dense = distorted(task, _as_one) if mixtures else None
        if dense is None:
            return None
        return _times(replace(dense, measure=Quantity.PARAMETERS), Fraction(int(how_many(mixtures[0]))))

    return distort


def _name_multiplied(task: Task) -> Task | None:
    """Experts times the billions of one copy, as they stand in a name: 8x7B."""
    mixtures = _mixtures(task)
    dense = distorted(task, _as_one) if mixtures and task.unit == ONE else None
    held = 0 if dense is None else _held(dense.layer)
    billions = held // _BILLION
    if dense is None or not billions:
        return None
    return _times(dense, Fraction(int(mixtures[0].num_experts) * billions * _BILLION, held))


declare(
    "whole-model-repeated",
    Message("You repeated the whole model: only its feed-forward layers are there once for each expert."),
    _copies(lambda one: int(one.num_experts)),
    {Quantity.PARAMETERS},
)
declare(
    "name-multiplied",
    Message("You multiplied the name: the experts share attention, tables and norms, which are there once."),
    _name_multiplied,
    {Quantity.PARAMETERS},
)
declare(
    "whole-models-active",
    Message("You counted a whole model for each expert that a token passes: all else it passes once."),
    _copies(lambda one: int(one.top_k)),
    ACTIVE,
)


# ---- which are active ----------------------------------------------------------------------------


def _meaning(wanted: Measure) -> Callable[[Task], Task | None]:
    """The belief that another measure is asked for; of a mixture alone, which has no tables, the same."""
    return lambda task: replace(task, measure=wanted) if _mixtures(task) else None


def _share_of_everything(task: Task) -> Task | None:
    mixtures = _mixtures(task)
    if not mixtures:
        return None
    share = Fraction(int(mixtures[0].top_k), int(mixtures[0].num_experts))
    return _times(replace(task, measure=Quantity.PARAMETERS), share)


declare(
    "all-experts-active",
    Message("You counted every expert: active are those alone that a token passes."),
    lambda task: replace(task, measure=Quantity.PARAMETERS),
    ACTIVE,
)
declare(
    "total-divided",
    Message("You took that share of everything: attention, tables and norms work for every token."),
    _share_of_everything,
    ACTIVE,
)
belief(
    "one-expert-active",
    Message("You counted one expert in each layer: a token passes several of them."),
    MixtureOfExperts, ACTIVE, lambda layer: int(getattr(layer, "top_k", 1)) > 1,
)(having(top_k=1))  # fmt: skip
declare(
    "input-table-counted",
    Message("You counted the table of the input: here it is left out, for a token reads one row of it."),
    _meaning(Size.ACTIVE),
    {Size.ACTIVE_WITHOUT_INPUT, Size.ACTIVE_WITHOUT_TABLES},
)
declare(
    "input-table-not-counted",
    Message("You left out the table of the input: here all tables count as active."),
    _meaning(Size.ACTIVE_WITHOUT_INPUT),
    {Size.ACTIVE},
)
declare(
    "head-not-counted",
    Message("You left out table and head: here the head counts as active."),
    _meaning(Size.ACTIVE_WITHOUT_TABLES),
    {Size.ACTIVE, Size.ACTIVE_WITHOUT_INPUT},
)
declare(
    "head-counted",
    Message("You left out the table of the input alone: here the head is left out as well."),
    _meaning(Size.ACTIVE_WITHOUT_INPUT),
    {Size.ACTIVE_WITHOUT_TABLES},
)


# ---- the cache -----------------------------------------------------------------------------------


def _cached(how_many: Callable[[MixtureOfExperts], int]) -> Callable[[Task], Task | None]:
    """The belief that so many experts of a layer have a cache of their own."""

    def distort(task: Task) -> Task | None:
        mixtures = _mixtures(task)
        return _times(task, Fraction(int(how_many(mixtures[0])))) if mixtures else None

    return distort


declare(
    "cache-for-each-expert",
    Message("You gave each expert a cache: keys and values are the attention's, and experts keep nothing."),
    _cached(lambda one: int(one.num_experts)),
    CACHED,
)
declare(
    "cache-for-each-chosen-expert",
    Message(
        "You gave each chosen expert a cache: keys and values are the attention's, of which there is one."
    ),
    _cached(lambda one: int(one.top_k)),
    CACHED,
)


# ---- what one token costs ------------------------------------------------------------------------


def _twice(measure: Measure) -> Callable[[Task], Task | None]:
    """The belief that a token costs two FLOPs for each of these parameters."""

    def distort(task: Task) -> Task | None:
        if not _mixtures(task) or task.batch != 1 or task.input_shape is None:
            return None
        if task.input_shape != (1,):
            return None
        return _times(replace(task, measure=measure), Fraction(2))

    return distort


declare(
    "two-for-each-parameter",
    Message(
        "You took two FLOPs for every parameter: of the experts a token passes a few, of the table a row."
    ),
    _twice(Quantity.PARAMETERS),
    {Quantity.FLOPS},
)
declare(
    "two-for-each-active-parameter",
    Message("You took two FLOPs for each active parameter: the table and the norms multiply no matrix."),
    _twice(Size.ACTIVE),
    {Quantity.FLOPS},
)
