"""What people mean by the parameters of a model: each once, a tied head again, without tables.

Kaplan's N has no tables of tokens and places and no head; many tools count the matrix of a tied head again,
because it has two names.
"""

from __future__ import annotations

from enum import Enum

from layercost.by_type import parameters_by_type
from layercost.layer import Layer
from layercost.message import Message


class Parameters(Enum):
    """Which parameters are meant; the value is its name."""

    UNIQUE = "unique"
    TIED_TWICE = "tied-twice"
    WITHOUT_INPUT = "without-input-table"
    WITHOUT_TABLES = "without-tables-and-head"


IN_WORDS = {
    Parameters.UNIQUE: Message("each once, however many layers use it"),
    Parameters.TIED_TWICE: Message("each once, and the matrix of a tied head again"),
    Parameters.WITHOUT_INPUT: Message("without the table of tokens"),
    Parameters.WITHOUT_TABLES: Message("without the tables of tokens, places and segments, and without head"),
}
_TABLES = ("embedding.token", "embedding.position", "embedding.segment")
_HEAD = ("head", "head.transform")


def parameter_totals(layer: Layer) -> dict[Parameters, int]:
    """The parameters of a model in each meaning.

    >>> from layercost.models.known import model_named
    >>> [*parameter_totals(model_named("gpt2")).values()]
    [124439808, 163037184, 85842432, 85056000]
    """
    types = parameters_by_type(layer)
    unique = sum(types.values())
    without = unique - sum([types.get(name, 0) for name in (*_TABLES, *_HEAD)])
    return {
        Parameters.UNIQUE: unique,
        Parameters.TIED_TWICE: unique + _of_tied_heads(layer),
        Parameters.WITHOUT_INPUT: unique - types.get("embedding.token", 0),
        Parameters.WITHOUT_TABLES: without,
    }


def _of_tied_heads(layer: Layer) -> int:
    """What heads work with that is another layer's."""
    heads = [leaf for path, leaf in layer.leaves() if path.rpartition(".")[2] == "head"]
    return sum([_size(leaf.at_work) - _size(leaf) for leaf in heads])


def _size(layer: Layer) -> int:
    return sum([int(held.size) for held in layer.parameters()])
