"""Embeddings: a table of vectors, one looked up for each token. Many parameters and no arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from layercost.facts import Held
from layercost.frozen import frozen
from layercost.layer import Layer, keep_whole, register
from layercost.shape import Sequence, Shape, Tokens


@register
@frozen
class Embedding(Layer):
    """``(T,)`` tokens to ``(T, embedding_dim)``: the row of the table that each token names.

    Parameters: ``num_embeddings * embedding_dim``. Operations: none; a row is copied.
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
