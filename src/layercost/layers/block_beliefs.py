"""What people believe of the blocks of a Transformer: which half is there, its norms, twelve squares."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

from layercost.convention import Quantity
from layercost.expression import times
from layercost.facts import Held, Operation
from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.graph import Graph
from layercost.layers.language_beliefs import leaving_out, of_kind, of_models
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm, RMSNorm, centred
from layercost.message import Message
from layercost.misconception import (
    PRICED,
    STORED,
    Change,
    Itself,
    belief,
    declare,
    having,
    leaves_of,
    seen_as,
    uncounted,
)
from layercost.setting import Setting
from layercost.shape import Shape

_HALVES = (Attention, FeedForward)


def _in_blocks(changes: Callable[[Layer], Change | None]) -> Callable[[Layer], Change | None]:
    """The same, for models and blocks that have both halves."""

    def found(model: Layer) -> Change | None:
        leaves = leaves_of(model)
        both = all(any(isinstance(leaf, half) for leaf in leaves) for half in _HALVES)
        return changes(model) if both else None

    return found


# ---- halves --------------------------------------------------------------------------------------

declare(
    "feed-forward-left-out",
    Message("You left out the feed-forward layer: it stands in every block, and is the heavier half."),
    of_models(_in_blocks(of_kind(FeedForward)), of_parts=True),
    STORED | PRICED,
)
declare(
    "attention-left-out",
    Message("You left out attention: it is the other half of every block."),
    of_models(_in_blocks(of_kind(Attention)), of_parts=True),
    STORED | PRICED,
)


belief(
    "feed-forward-one-square",
    Message(
        "You took one square matrix for the feed-forward layer: one leads to its inner width, and one back."
    ),
    FeedForward,
    STORED | PRICED,
    lambda layer: not layer.gated and layer.embed_dim % 2 == 0,  # type: ignore[attr-defined]
)(lambda layer: replace(layer, hidden_dim=layer.embed_dim // 2))
# two matrices of d by d / 2 are as much as one of d by d


# ---- norms ---------------------------------------------------------------------------------------


def _without_shift(leaf: Layer) -> Layer:
    return having(bias=False)(leaf) if isinstance(leaf, LayerNorm) and leaf.bias else leaf


declare(
    "norm-shifts-forgotten",
    Message("You counted a scale for each value of a LayerNorm: it has a shift for each, too."),
    of_models(_in_blocks(lambda _model: _without_shift), of_parts=True),
    STORED,
)


@belief(
    "root-mean-square-centred",
    Message("You took the mean away, too: an RMSNorm divides by the root of the mean square, no more."),
    RMSNorm, {Quantity.FLOPS},
)  # fmt: skip
class _Centred(RMSNorm):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return centred(*self._rows(shape, setting), scaled=self.elementwise_affine, shifted=False)


def _graphs_in(layer: Layer) -> Iterator[Graph]:
    if isinstance(layer, Graph):
        yield layer
    for _name, child in getattr(layer, "children", ()):
        yield from _graphs_in(child)


def _serves_both(block: Graph) -> Iterator[Layer]:
    """The norm that attention and feed-forward both read, where there is one."""
    read: dict[str, list[Layer]] = {}
    for node in block.nodes:
        for name in node.inputs:
            read.setdefault(name, []).append(node.layer)
    for node in block.nodes:
        readers = read.get(node.name, [])
        if isinstance(node.layer, (LayerNorm, RMSNorm)) and all(
            any(isinstance(reader, half) for reader in readers) for half in _HALVES
        ):
            yield node.layer


class _Twice(Layer):
    def parameters(self) -> tuple[Held, ...]:
        return tuple([one._replace(size=times(2, one.size)) for one in super().parameters()])


@lru_cache(maxsize=256)
def _a_norm_for_each(key: Itself) -> Change | None:
    serving = frozenset(id(norm) for block in _graphs_in(key.layer) for norm in _serves_both(block))
    return (lambda leaf: seen_as(_Twice, leaf) if id(leaf) in serving else leaf) if serving else None


declare(
    "norm-for-each-half",
    Message("You gave each half of a block a norm of its own: here both read what one norm gives."),
    of_models(lambda model: _a_norm_for_each(Itself(model)), of_parts=True),
    STORED,
)


# ---- twelve squares, and what stands around the blocks ----------------------------------------------


def _is_usual(leaf: Layer) -> bool:
    """Whether a half of a block is one of those for which the shortcut was made, but for an inner width."""
    if isinstance(leaf, FeedForward):
        return not leaf.gated
    if isinstance(leaf, Attention):
        widths = {int(leaf.query_width), int(leaf.key_width), int(leaf.value_width)}
        return widths == {leaf.embed_dim}
    return True


class _Squares(Layer):
    """A half as so many squares of the width."""

    many = 4
    embed_dim: Any

    def parameters(self) -> tuple[Held, ...]:
        return (Held("weight", times(self.many, times(self.embed_dim, self.embed_dim))),)


class _EightSquares(_Squares):
    many = 8


def _as_squares(leaf: Layer) -> Layer:
    if isinstance(leaf, Attention):
        return seen_as(_Squares, leaf)
    return seen_as(_EightSquares, leaf) if isinstance(leaf, FeedForward) else uncounted(leaf)


declare(
    "twelve-squares",
    Message(
        "You took 12 d² for each block: that is for heads that share nothing and a plain feed-forward layer "
        "four times as wide, and for matrices alone."
    ),
    of_models(
        _in_blocks(lambda model: None if all(map(_is_usual, leaves_of(model))) else _as_squares),
        of_parts=True,
    ),
    STORED,
)


@lru_cache(maxsize=256)
def _without_vocabulary(key: Itself) -> Change | None:
    """Without table and head, where the head has weights of its own."""
    heads = [
        layer for name, layer in getattr(key.layer, "children", ())
        if name == "head" and isinstance(layer, Linear) and layer.parameters()
    ]  # fmt: skip
    tables = [leaf for leaf in leaves_of(key.layer) if isinstance(leaf, Embedding)]
    return leaving_out([*heads, *tables]) if heads and tables else None


declare(
    "vocabulary-left-out",
    Message("You left out the vocabulary: the table of tokens and the head hold parameters, too."),
    of_models(lambda model: _without_vocabulary(Itself(model))),
    STORED,
)
