"""Which class a configuration means, and the heads of classes that do not continue a text.

A file's ``architectures`` names the class; without it the one is taken that the family registers, and noted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from layercost.convention import unknown
from layercost.facts import Held
from layercost.layer import LAYERS, Layer
from layercost.layers.composite import Sequential
from layercost.layers.graph import Graph, Node
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm
from layercost.message import Message
from layercost.models.families.blocks import scores
from layercost.models.families.family import Asked, Modules
from layercost.models.families.fields import Derived, Fields
from layercost.models.leaves import Applied, AtPlace

K = TypeVar("K")
# Encoders that call every map of a block but the first three dense, and those of pooler and head.
DENSE: Modules = {"dense": ("o", "up", "down", "pooler", "head_transform")}
LABELS = 2  # of every class of the library, where the file says nothing
IMAGENET = Derived(1000, Message("the classes of ImageNet, on which image classifiers are published"))


def architecture(fields: Fields, known: Mapping[str, K], default: str) -> tuple[str, K]:
    """The class that ``architectures`` names, and what `known` has for it; a default is noted."""
    named = fields.values.get("architectures")
    if not named:
        fields.took("architectures", Derived([default], Message("the usual class of the family")))
        return default, known[default]
    name = named[0] if isinstance(named, (list, tuple)) else named
    if not isinstance(name, str):
        fields.expected("architectures", Message('a list of names, as ["BertModel"]'), named)
    if name not in known:
        fields.refuse("architectures", unknown(Message("class that is counted here"), name, known))
    return name, known[name]


def labels(fields: Fields, default: int | Derived = LABELS) -> int:
    """How many classes are told apart: ``num_labels``, or the entries of ``id2label``."""
    named = fields.values.get("id2label")
    if named is None:
        return fields.whole("num_labels", default=default)
    if not isinstance(named, Mapping) or not named:
        fields.expected("id2label", Message("an object with a name for each class"), named)
    fields.only(len(named), "num_labels", why=Message("id2label names {count} classes", count=len(named)))
    fields.asked["num_labels"] = ("num_labels", "id2label")  # either says it: num_labels is not missing
    return len(named)


def function(name: str) -> Layer:
    """An activation by the name of its layer."""
    return LAYERS[name]()


# ---- heads of decoders ---------------------------------------------------------------------------

ENDS = 2  # of an answer in a text: where it begins, and where it ends


def head(
    fields: Fields, asked: Asked, width: int, vocabulary: int, *, tied: bool, bias: bool = False
) -> dict[str, Layer]:
    """A score for each token of the vocabulary, on every position or the last; a bare class has none.

    A class for labels has one for each label instead: whole texts without a bias, tokens and answers with it.
    """
    if not fields.has_head():
        fields.note(Message("The file names a class without a head: no scores of tokens are counted."))
        return {}
    task = fields.task()
    if task is None:
        return scores(fields, asked, width, vocabulary, tied=tied, bias=bias)
    count = ENDS if task == "QuestionAnswering" else labels(fields)
    return scores(fields, asked, width, count, tied=False, bias=task != "SequenceClassification")


# ---- heads of encoders ---------------------------------------------------------------------------


def pooled(width: int, outputs: int | None = None, acts: str = "Tanh") -> dict[str, Layer]:
    """The first token, mapped and activated."""
    mapped = Linear(width, width if outputs is None else outputs)
    return {"first": AtPlace(0), "pooler": mapped, "pooler_activation": function(acts)}


def of_each_token(width: int, count: int) -> dict[str, Layer]:
    """A score for each class of each token."""
    return {"head": Linear(width, count)}


def of_first_token(width: int, count: int, acts: str) -> dict[str, Layer]:
    """A score for each class of the first token, which is mapped and activated before."""
    return {
        "first": AtPlace(0), "head_transform": Linear(width, width), "head_activation": function(acts),
        "head": Linear(width, count),
    }  # fmt: skip


def of_last_token(width: int, count: int) -> dict[str, Layer]:
    """A score for each class of the last token, behind which a text ends; it is mapped before."""
    return {
        "last": AtPlace(-1), "head_transform": Linear(width, width), "head_activation": function("Tanh"),
        "head": Linear(width, count),
    }  # fmt: skip


def of_masked_tokens(
    fields: Fields, asked: Asked, width: int, inner: int, vocabulary: int, acts: str, *,
    tied: bool, spare_bias: bool,
) -> dict[str, Layer]:  # fmt: skip
    """A score for each token of the vocabulary: a map, an activation, a norm, and the table with a bias.

    `spare_bias`: what is not tied has a second bias in its class, which nothing reads.
    """
    found = {
        "head_transform": Linear(width, inner), "head_activation": function(acts),
        "head_norm": LayerNorm(inner), **scores(fields, asked, inner, vocabulary, tied=tied, bias=True),
    }  # fmt: skip
    if spare_bias and not tied:
        held = (*found["head"].parameters(), Held("spare_bias", vocabulary))
        found["head"] = Applied(found["head"], held)
        fields.note(
            Message("The head is not tied: its class holds a second bias of {count:,} values, which nothing "
                    "reads.", count=vocabulary)
        )  # fmt: skip
    return found


def side_by_side(**chains: dict[str, Layer]) -> dict[str, Layer]:
    """Heads that read the same tokens, each for itself; the first one's scores go on."""
    nodes = [Node(name, Sequential(chain), ("",)) for name, chain in chains.items()]
    return {"~heads": Graph(tuple(nodes), nodes[0].name)}
