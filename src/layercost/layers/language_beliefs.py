"""What people believe instead of a whole language model: its tables, its norms, its head, how many blocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache

from layercost.expression import times
from layercost.facts import Held
from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Composite, Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm, RMSNorm
from layercost.layers.parted import Parted
from layercost.layers.positions import LearnedPositions
from layercost.message import Message
from layercost.misconception import (
    PRICED,
    STORED,
    Change,
    Itself,
    Task,
    declare,
    distorted,
    having,
    leaves_of,
    seen_as,
    uncounted,
)

_NORMS = (LayerNorm, RMSNorm)
Changes = Callable[[Layer], Change | None]  # of a model, what a believer changes in its layers


def _of_models(changes: Changes, *, of_parts: bool = False) -> Callable[[Task], Task | None]:
    """A belief about whole models that have attention, and where it is held `of_parts` about these, too."""

    def distort(task: Task) -> Task | None:
        if not isinstance(task.layer, Composite) or (task.part and not of_parts):
            return None
        kinds = [type(leaf.at_work) for leaf in leaves_of(task.layer)]
        if not any(issubclass(kind, Attention) for kind in kinds):
            return None
        change = changes(task.layer)
        return None if change is None else distorted(task, change)

    return distort


def _leaving_out(leaves: Iterable[Layer]) -> Change | None:
    """The same model without what these layers hold and do; None where there are none."""
    left_out = frozenset(map(id, leaves))
    return (lambda leaf: uncounted(leaf) if id(leaf) in left_out else leaf) if left_out else None


def _of_kind(*kinds: type[Layer]) -> Changes:
    """The belief of somebody who leaves out all layers of some kinds."""

    @lru_cache(maxsize=256)
    def found(key: Itself) -> Change | None:
        return _leaving_out(leaf for leaf in leaves_of(key.layer) if isinstance(leaf, kinds))

    return lambda model: found(Itself(model))


# ---- the tables, and the head that shares one ----------------------------------------------------


def _borrows(leaf: Layer) -> bool:
    """Whether it is a map that uses weights which another layer holds."""
    return isinstance(leaf.at_work, Linear) and not any(not held.is_bias for held in leaf.parameters())


def _with_own_weights(leaf: Layer) -> Layer:
    return leaf.at_work if _borrows(leaf) else leaf


@lru_cache(maxsize=256)
def _without_head(key: Itself) -> Change | None:
    return _leaving_out(leaf for leaf in leaves_of(key.layer) if _borrows(leaf))


declare(
    "tied-head-counted-twice",
    Message("You counted the table of tokens twice: the head uses it again, and holds nothing of its own."),
    _of_models(lambda _model: _with_own_weights),
    STORED,
)
declare(
    "tied-head-works-nothing",
    Message("You left out the head: it holds no weights of its own, and multiplies with the table's."),
    _of_models(lambda model: _without_head(Itself(model))),
    PRICED,
)
declare(
    "token-table-left-out",
    Message("You left out the table of tokens: its rows are trained, so they are parameters, too."),
    _of_models(_of_kind(Embedding)),
    STORED,
)
declare(
    "both-tables-left-out",
    Message("You left out the tables of tokens and of positions: what is asked for are all parameters."),
    _of_models(_of_kind(Embedding, LearnedPositions)),
    STORED,
)


@lru_cache(maxsize=64)
def _as_often(blocks: int) -> type[Layer]:
    class InEachBlock(Layer):
        def parameters(self) -> tuple[Held, ...]:
            return tuple([one._replace(size=times(blocks, one.size)) for one in super().parameters()])

    return InEachBlock


@lru_cache(maxsize=256)
def _positions_in_blocks(key: Itself) -> Change | None:
    blocks = sum(isinstance(leaf, Attention) for leaf in leaves_of(key.layer))
    seen = _as_often(blocks)
    return lambda leaf: seen_as(seen, leaf) if isinstance(leaf, LearnedPositions) else leaf


declare(
    "positions-in-each-block",
    Message("You gave each block a table of positions: there is one, added before the first block."),
    _of_models(lambda model: _positions_in_blocks(Itself(model)), of_parts=True),
    STORED,
)


# ---- norms, biases, masks ------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _without_last_norm(key: Itself) -> Change | None:
    children = getattr(key.layer, "children", ())
    return _leaving_out(layer for _name, layer in children if isinstance(layer, _NORMS))


declare(
    "norm-at-the-end-forgotten",
    Message("You left out the norm at the end: one more stands between the last block and the head."),
    _of_models(lambda model: _without_last_norm(Itself(model))),
    STORED,
)
declare(
    "norms-left-out",
    Message("You left out the norms: each has trained values for every feature of a token."),
    _of_models(_of_kind(*_NORMS), of_parts=True),
    STORED,
)


def _matrices(leaf: Layer) -> Layer:
    if isinstance(leaf, _NORMS):
        return uncounted(leaf)
    has_bias = isinstance(leaf, Parted) and getattr(leaf, "bias", None) is True
    return having(bias=False)(leaf) if has_bias else leaf


declare(
    "matrices-alone",
    Message("You counted matrices alone: the blocks hold biases and norms, too."),
    _of_models(lambda _model: _matrices, of_parts=True),
    STORED,
)


@lru_cache(maxsize=64)
def _masked(places: int) -> type[Layer]:
    class WithMask(Layer):
        def parameters(self) -> tuple[Held, ...]:
            return (*super().parameters(), Held("mask", places * places))

    return WithMask


@lru_cache(maxsize=256)
def _with_masks(key: Itself) -> Change | None:
    places = [leaf.num_positions for leaf in leaves_of(key.layer) if isinstance(leaf, LearnedPositions)]
    if len(places) != 1:
        return None
    seen = _masked(places[0])
    return lambda leaf: seen_as(seen, leaf) if isinstance(leaf, Attention) and leaf.causal else leaf


declare(
    "masks-counted",
    Message("You counted the causal masks: some files store them, but training changes no value of them."),
    _of_models(lambda model: _with_masks(Itself(model))),
    STORED,
)


# ---- blocks --------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _one_block(key: Itself) -> Change | None:
    stacks = [
        layer for _name, layer in getattr(key.layer, "children", ())
        if isinstance(layer, Sequential) and all(isinstance(block, Composite) for _, block in layer.children)
    ]  # fmt: skip
    later = [block for stack in stacks for _, block in stack.children[1:]]
    return _leaving_out(leaf for block in later for leaf in leaves_of(block))


declare(
    "one-block-counted",
    Message("You counted one block: the model has several, each with weights of its own."),
    _of_models(lambda model: _one_block(Itself(model))),
    STORED | PRICED,
)
