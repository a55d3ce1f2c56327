"""Embeddings as loops."""

from __future__ import annotations

from typing import Any

from layercost.witness.numbers import Tensor
from layercost.witness.recording import Run, loops


@loops("Embedding")
def embedding(layer: Any, tokens: Tensor, this: Run) -> Tensor:
    """For each token its row of the table, which is held whole."""
    weight = this.trained(layer, "weight")
    table = [[weight[v, d] for d in range(layer.embedding_dim)] for v in range(layer.num_embeddings)]
    this.log["lookup_macs"] += len(tokens) * layer.embedding_dim * len(table)
    return [table[position % layer.num_embeddings] for position, _ in enumerate(tokens)]
