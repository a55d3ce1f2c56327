"""What people believe instead of a whole language model: its tables, norms, head, blocks, what is shared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import replace
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
from layercost.layers.positions import LearnedPositions, Segments
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


def of_models(changes: Changes, *, of_parts: bool = False) -> Callable[[Task], Task | None]:
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


def leaving_out(leaves: Iterable[Layer]) -> Change | None:
    """The same model without what these layers hold and do; None where there are none."""
    left_out = frozenset(map(id, leaves))
    return (lambda leaf: uncounted(leaf) if id(leaf) in left_out else leaf) if left_out else None


def of_kind(*kinds: type[Layer]) -> Changes:
    """The belief of somebody who leaves out all layers of some kinds."""

    @lru_cache(maxsize=256)
    def found(key: Itself) -> Change | None:
        return leaving_out(leaf for leaf in leaves_of(key.layer) if isinstance(leaf, kinds))

    return lambda model: found(Itself(model))


# ---- the tables, and the head that shares one ----------------------------------------------------


def _borrows(leaf: Layer) -> bool:
    """Whether it is a map that uses weights which another layer holds."""
    return isinstance(leaf.at_work, Linear) and not any(not held.is_bias for held in leaf.parameters())


def _with_own_weights(leaf: Layer) -> Layer:
    return leaf.at_work if _borrows(leaf) else leaf


@lru_cache(maxsize=256)
def _without_head(key: Itself) -> Change | None:
    return leaving_out(leaf for leaf in leaves_of(key.layer) if _borrows(leaf))


declare(
    "tied-head-counted-twice",
    Message("You counted the table of tokens twice: the head uses it again, and holds nothing of its own."),
    of_models(lambda _model: _with_own_weights),
    STORED,
)
declare(
    "tied-head-works-nothing",
    Message("You left out the head: it holds no weights of its own, and multiplies with the table's."),
    of_models(lambda model: _without_head(Itself(model))),
    PRICED,
)
declare(
    "token-table-left-out",
    Message("You left out the table of tokens: its rows are trained, so they are parameters, too."),
    of_models(of_kind(Embedding)),
    STORED,
)
declare(
    "both-tables-left-out",
    Message("You left out the tables of tokens and of positions: what is asked for are all parameters."),
    of_models(of_kind(Embedding, LearnedPositions)),
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
    of_models(lambda model: _positions_in_blocks(Itself(model)), of_parts=True),
    STORED,
)


# ---- norms, biases, masks ------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _without_last_norm(key: Itself) -> Change | None:
    children = getattr(key.layer, "children", ())
    return leaving_out(layer for _name, layer in children if isinstance(layer, _NORMS))


declare(
    "norm-at-the-end-forgotten",
    Message("You left out the norm at the end: one more stands between the last block and the head."),
    of_models(lambda model: _without_last_norm(Itself(model))),
    STORED,
)
declare(
    "norms-left-out",
    Message("You left out the norms: each has trained values for every feature of a token."),
    of_models(of_kind(*_NORMS), of_parts=True),
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
    of_models(lambda _model: _matrices, of_parts=True),
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
    of_models(lambda model: _with_masks(Itself(model))),
    STORED,
)


# ---- blocks --------------------------------------------------------------------------------------


@lru_cache(maxsize=256)
def _one_block(key: Itself) -> Change | None:
    stacks = [
        layer for _name, layer in getattr(key.layer, "children", ())
        if isinstance(layer, Sequential) and all(isinstance(block, Composite) for _, block in layer.children)
    ]  # fmt: skip
    first = {id(leaf) for stack in stacks for leaf in leaves_of(stack.children[0][1])}
    later = [block for stack in stacks for _, block in stack.children[1:]]
    return leaving_out(leaf for block in later for leaf in leaves_of(block) if id(leaf) not in first)


declare(
    "one-block-counted",
    Message("You counted one block: the model has several, each with weights of its own."),
    of_models(lambda model: _one_block(Itself(model))),
    STORED | PRICED,
)


# ---- encoders: what stands around the blocks, and blocks that share their weights ----------------


@lru_cache(maxsize=256)
def _without_pooler(key: Itself) -> Change | None:
    children = dict(getattr(key.layer, "children", ()))
    return leaving_out([children["pooler"]] if "pooler" in children else [])


declare(
    "pooler-forgotten",
    Message("You left out the pooler: a map on the first token stands behind the blocks."),
    of_models(lambda model: _without_pooler(Itself(model))),
    STORED,
)
declare(
    "segments-forgotten",
    Message("You left out the segments: the trained row of its segment is added to each token, too."),
    of_models(of_kind(Segments)),
    STORED,
)


@lru_cache(maxsize=256)
def _uses(key: Itself) -> dict[int, int]:
    """How often each leaf is used that is used more than once."""
    often = Counter(id(leaf) for _path, leaf in key.layer.leaves())
    return {leaf: uses for leaf, uses in often.items() if uses > 1}


def _held_at_each_use(model: Layer) -> Change | None:
    uses = _uses(Itself(model))
    return (
        (lambda leaf: seen_as(_as_often(uses[id(leaf)]), leaf) if id(leaf) in uses else leaf)
        if uses
        else None
    )


declare(
    "shared-layers-multiplied",
    Message("You counted the shared weights at each use: they are held once, and used by every layer."),
    of_models(_held_at_each_use, of_parts=True),
    STORED,
)


def _worked_once(task: Task) -> Task | None:
    """The model with one block in place of those that share their weights."""
    children = dict(getattr(task.layer, "children", ()))
    stacks = {
        name: Sequential({"0": stack.children[0][1]})
        for name, stack in children.items()
        if isinstance(stack, Sequential) and len(stack.children) > 1
        and len({tuple([id(leaf) for _, leaf in block.leaves()]) for _, block in stack.children}) == 1
    }  # fmt: skip
    return replace(task, layer=Sequential({**children, **stacks})) if stacks else None


declare(
    "shared-layers-work-once",
    Message("You counted the work of one layer: what is shared is the weights, and each layer runs."),
    _worked_once,
    PRICED,
)


def _as_wide(task: Task) -> Task | None:
    """A table and the map behind it, as one table of the map's width."""
    if task.part or not isinstance(task.layer, Sequential):
        return None
    match [layer for _name, layer in task.layer.children]:
        case [Embedding(num_embeddings=words), Linear(out_features=width)]:
            return replace(task, layer=Sequential(Embedding(words, width)))
    return None


declare(
    "table-as-wide-as-the-model",
    Message("You took the table to be as wide as the model: here it is narrow, and a map makes it wide."),
    _as_wide,
    STORED,
)
