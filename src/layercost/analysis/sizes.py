"""Which N: the ways in which the parameters of a language model are counted, and the sizes of its blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from layercost.active import IN_WORDS as TOLD
from layercost.active import Active, active_parameters
from layercost.by_type import parameters_by_type
from layercost.layer import Layer
from layercost.layers.adapters import without_lora
from layercost.layers.attention import Attention, CrossAttention, LatentAttention
from layercost.layers.embedding import Embedding
from layercost.layers.linear import Linear
from layercost.message import Message

TABLES = ("embedding.token", "embedding.position", "embedding.segment")
HEADS = ("head",)

WAYS = {
    "all": Message("every parameter, a tied table once"),
    "non-embedding": Message("without tables that are looked up in, and without the head's matrix"),
    "with-head": Message("without tables that are looked up in; the head's matrix counted, tied or not"),
    "active": Message("without the experts that a token does not pass; {tables}", tables=TOLD[Active.ALL]),
    "active-without-input": Message(
        "without the experts that a token does not pass; {tables}", tables=TOLD[Active.WITHOUT_INPUT]
    ),
    "active-without-tables": Message(
        "without the experts that a token does not pass; {tables}", tables=TOLD[Active.WITHOUT_TABLES]
    ),
}


def counted(model: Layer) -> dict[str, int]:
    """The parameters of a model in each of `WAYS`, adapters left out and what they stand beside counted."""
    model = without_lora(model)
    types = parameters_by_type(model)
    every, tables = sum(types.values()), sum(types.get(name, 0) for name in TABLES)
    heads, matrix = sum(types.get(name, 0) for name in HEADS), head_matrix(model)
    own_head = matrix if heads >= matrix else 0  # a tied one is the table
    return {
        "all": every,
        "non-embedding": every - tables - own_head,
        "with-head": every - tables - own_head + matrix,
        "active": active_parameters(model),
        "active-without-input": active_parameters(model, Active.WITHOUT_INPUT),
        "active-without-tables": active_parameters(model, Active.WITHOUT_TABLES),
    }


def head_matrix(model: Layer) -> int:
    """The values of the matrix that gives a score for each token, whether it is tied to a table or not."""
    return next((int(head.in_features) * int(head.out_features) for head in _heads(model)), 0)


def vocabulary(model: Layer) -> int:
    """How many tokens the head tells apart; without a head, the rows of the first table."""
    for head in _heads(model):
        return int(head.out_features)
    tables = (leaf.at_work for _, leaf in model.leaves())
    return next((int(table.num_embeddings) for table in tables if isinstance(table, Embedding)), 0)


def _heads(model: Layer) -> Iterator[Linear]:
    for path, leaf in model.leaves():
        works = leaf.at_work
        if path.rpartition(".")[2] == "head" and isinstance(works, Linear):
            yield works


class Widths(NamedTuple):
    """The sizes that shortcuts name: blocks, width, query heads and their size (of all of them alike)."""

    layers: int
    width: int
    heads: int
    head_size: int


def attentions(model: Layer) -> list[Attention | CrossAttention | LatentAttention]:
    """Every attention of a model, in order, a shared one each time that it runs."""
    kinds = (Attention, CrossAttention, LatentAttention)
    found = [getattr(leaf, "layer", leaf) for _, leaf in model.leaves()]
    return [leaf for leaf in found if isinstance(leaf, kinds)]


def widths(model: Layer) -> Widths | None:
    """The sizes of the blocks, where all are alike; None where they are not, or where there are none."""
    found = {(int(a.embed_dim), int(a.num_heads), int(a.key_size)) for a in attentions(model)}
    if len(found) != 1:
        return None
    ((width, heads, size),) = found
    return Widths(len(attentions(model)), width, heads, size)
