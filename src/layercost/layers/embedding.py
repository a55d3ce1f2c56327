"""Embeddings: a table of vectors, one looked up for each token. Many parameters and no arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from layercost.convention import MACS_ONLY, Quantity
from layercost.expression import times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer, keep_whole, register
from layercost.message import Message
from layercost.misconception import (
    PRICED,
    STORED,
    WRITTEN,
    Task,
    belief,
    declare,
    distorted,
    leaves_of,
    seen_as,
)
from layercost.setting import Setting
from layercost.shape import Sequence, Shape, Tokens, values


@register
@frozen
class Embedding(Layer):
    """``(T,)`` tokens to ``(T, embedding_dim)``: the row of the table that each token names.

    Parameters: ``num_embeddings * embedding_dim``. Operations: none; a row is copied, and noted as a lookup.
    Source: arguments as torch.nn.Embedding.
    """

    keeps_places = True

    num_embeddings: int
    embedding_dim: int

    takes = Tokens
    uncounted = ("padding_idx", "max_norm", "norm_type", "scale_grad_by_freq", "sparse", "device", "dtype")
    letters: ClassVar[Mapping[str, str]] = {"num_embeddings": "V", "embedding_dim": "d_x"}

    def __post_init__(self) -> None:
        keep_whole(self, 1, "num_embeddings", "embedding_dim")

    def parameters(self) -> tuple[Held, ...]:
        return (Held("weight", self.num_embeddings * self.embedding_dim),)

    def transform(self, shape: Shape) -> Shape:
        return Sequence((shape[0], self.embedding_dim))

    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = times(setting.batch, values(output))
        return (Operation(Kind.LOOKUP, Role.WEIGHTS, amount, self.num_embeddings),)


# ---- What people believe instead ---------------------------------------------------------------


@belief(
    "embedding-sizes-added",
    Message("You added the two sizes: the table has a row for each token, so they multiply."),
    Embedding, STORED,
)  # fmt: skip
class _EmbeddingSizesAdded(Embedding):
    def parameters(self) -> tuple[Held, ...]:
        return (Held("weight", self.num_embeddings + self.embedding_dim),)


@belief(
    "embedding-bias",
    Message("You added biases: a row of the table is looked up as it stands, and nothing is added to it."),
    Embedding, STORED,
)  # fmt: skip
class _EmbeddingBias(Embedding):
    def parameters(self) -> tuple[Held, ...]:
        return (*super().parameters(), Held("bias", self.embedding_dim))


@belief(
    "one-for-each-token",
    Message("You counted one value for each token that the table knows: each has a whole vector."),
    Embedding, STORED,
)  # fmt: skip
class _OneForEachToken(Embedding):
    def parameters(self) -> tuple[Held, ...]:
        return (Held("weight", self.num_embeddings),)


@belief(
    "looked-up-by-product",
    Message(
        "You multiplied the table with a vector of zeros and a one: the row is looked up, which takes no "
        "arithmetic."
    ),
    Embedding, PRICED,
)  # fmt: skip
class _LookedUpByProduct(Embedding):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        amount = setting.batch * shape[0] * self.embedding_dim
        return (Operation(Kind.DOT, Role.WEIGHTS, amount, self.num_embeddings),)


class _OneOperationAValue(Embedding):
    def operations(self, shape: Shape, output: Shape, setting: Setting) -> tuple[Operation, ...]:
        return (Operation(Kind.DOT, Role.WEIGHTS, setting.batch * shape[0] * self.embedding_dim, 1),)


def _copies_counted(task: Task) -> Task | None:
    """One for each value that is copied; in FLOPs, too, of a table that is asked about alone."""
    if task.measure == Quantity.FLOPS and isinstance(task.layer, Embedding):
        return _copies_counted(replace(task, measure=Quantity.MACS, convention=MACS_ONLY))
    tables = any(isinstance(leaf, Embedding) for leaf in leaves_of(task.layer))
    return distorted(task, _counted) if tables and task.measure == Quantity.MACS else None


def _counted(leaf: Layer) -> Layer:
    return seen_as(_OneOperationAValue, leaf) if isinstance(leaf, Embedding) else leaf


declare(
    "one-operation-a-value",
    Message("You counted an operation for each value that is looked up: values are copied, not computed."),
    _copies_counted, PRICED, Embedding,
)  # fmt: skip


@belief(
    "one-vector-written",
    Message("You counted one vector: each token of the sentence gets one."),
    Embedding, WRITTEN,
)  # fmt: skip
class _OneVectorWritten(Embedding):
    def transform(self, shape: Shape) -> Shape:
        return Sequence((1, self.embedding_dim))


@belief(
    "whole-table-written",
    Message("You counted the whole table: only the rows of the tokens that occur are written."),
    Embedding, WRITTEN,
)  # fmt: skip
class _WholeTableWritten(Embedding):
    def transform(self, shape: Shape) -> Shape:
        return Sequence((self.num_embeddings, self.embedding_dim))
