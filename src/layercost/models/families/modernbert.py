"""ModernBERT: an encoder with turned positions, gated feed-forwards and no biases, most of whose layers look
around themselves alone.

Facts: the class of transformers 5.24.0 with its defaults.
"""

from __future__ import annotations

from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.graph import Graph, Node
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm
from layercost.message import Message
from layercost.models.families.blocks import (
    activation,
    another,
    even_head_size,
    pre_norm,
    scores,
    stacked,
)
from layercost.models.families.family import Asked, Built, Modules, family, text_input
from layercost.models.families.fields import Fields
from layercost.models.families.heads import architecture, function, labels
from layercost.models.leaves import AtPlace

MODULES: Modules = {
    "Wi": ("gate+up",), "Wo": ("o", "down"), "dense": ("head_transform",),
    "all-linear": ("q+k+v", "o", "gate+up", "down", "head_transform"),
}  # fmt: skip
CLASSES = (
    "ModernBertModel", "ModernBertForMaskedLM", "ModernBertForSequenceClassification",
    "ModernBertForTokenClassification", "ModernBertForQuestionAnswering",
)  # fmt: skip
_LOCAL = Message(
    "In the layers that look around themselves alone all pairs of tokens are counted, as the library's plain "
    "attention computes them before it hides those that are too far apart."
)
_FIRST_TOKEN = Message("the class of a text is read off its first token")


@family("modernbert", config="ModernBertConfig", model="ModernBertForMaskedLM", modules=MODULES)
def modernbert(fields: Fields, asked: Asked) -> Built:
    """Warner et al. 2024: norms before each half, but for the first attention, and one behind the table."""
    name, _ = architecture(fields, dict.fromkeys(CLASSES), "ModernBertForMaskedLM")
    vocabulary = fields.size("vocab_size", default=50368)
    width = fields.size("hidden_size", default=768)
    inner = fields.size("intermediate_size", default=1152)
    depth = fields.layers("num_hidden_layers", default=22)
    heads = fields.size("num_attention_heads", default=12)
    even_head_size(fields, width, heads)
    norm = LayerNorm(width, bias=fields.flag("norm_bias", default=False))
    acts = activation(fields, "hidden_activation", default="gelu")
    biased = fields.flag("attention_bias", default=False), fields.flag("mlp_bias", default=False)
    attention = Attention(width, heads, bias=biased[0], positions="rotary")
    mlp = FeedForward(width, inner, gated=True, bias=biased[1], activation=acts)

    def block(is_first: bool) -> Graph:
        whole = pre_norm(norm, attention, mlp)
        return _without_its_first_norm(whole) if is_first else whole

    fields.note(_LOCAL)
    layers: dict[str, Layer] = {
        "embedding": Sequential({"token": Embedding(vocabulary, width), "norm": another(norm)}),
        "layers": stacked([place == 0 for place in range(depth)], block),
        "norm": another(norm),
        **_head(fields, asked, name.removeprefix("ModernBert"), width, vocabulary),
    }
    return Built(layers, text_input(fields.whole("max_position_embeddings", default=8192)), name)


def _without_its_first_norm(block: Graph) -> Graph:
    first, attention, *others = block.nodes
    return Graph((Node(attention.name, attention.layer, first.inputs), *others), block.output)


def _head(fields: Fields, asked: Asked, ending: str, width: int, vocabulary: int) -> dict[str, Layer]:
    """What each class puts behind the encoder: a map, an activation and a norm, and then its scores."""
    if ending == "Model":
        return {}
    acts = activation(fields, "classifier_activation", default="gelu")
    found: dict[str, Layer] = {
        "head_transform": Linear(width, width, bias=fields.flag("classifier_bias", default=False)),
        "head_activation": function(acts),
        "head_norm": LayerNorm(width, bias=fields.flag("norm_bias", default=False)),
    }
    if ending == "ForMaskedLM":
        tied = fields.flag("tie_word_embeddings", default=True)
        bias = fields.flag("decoder_bias", default=True)
        return {**found, **scores(fields, asked, width, vocabulary, tied=tied, bias=bias)}
    found["head"] = Linear(width, labels(fields))
    if ending == "ForSequenceClassification":
        fields.only("cls", "classifier_pooling", why=_FIRST_TOKEN)
        return {"first": AtPlace(0), **found}
    return found
