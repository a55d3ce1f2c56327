"""T5 and mT5: an encoder and a decoder of like blocks, distances in the scores, no biases.

Facts: the classes of transformers 5.24.0, each with its defaults; where that library ties the head whatever
the file says, the released weights are followed.
"""

from __future__ import annotations

from typing import NamedTuple

from layercost.layers.attention import Attention, CrossAttention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.graph import Graph
from layercost.layers.normalization import RMSNorm
from layercost.message import Message
from layercost.models.families.beside import across_pre_norm, beside
from layercost.models.families.blocks import ACTIVATIONS, activation, pre_norm, scores
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Fields, same_as
from layercost.models.families.heads import architecture, labels, of_each_token, of_last_token

WITH_HEAD = ("ForConditionalGeneration", "WithLMHeadModel")  # the second is what older files call it
OF_LABELS = ("ForSequenceClassification", "ForQuestionAnswering")
WITHOUT_DECODER = ("EncoderModel", "ForTokenClassification")
CLASSES = {**dict.fromkeys((*WITH_HEAD, *OF_LABELS, "Model"), True), **dict.fromkeys(WITHOUT_DECODER, False)}
READ = text_input(512)  # tokens at once in training; there is no limit


class Defaults(NamedTuple):
    """What differs from class to class: its name, and the sizes of a file that has none."""

    name: str
    vocabulary: int
    inner: int
    depth: int
    heads: int
    feed_forward: str


T5 = Defaults("T5", 32128, 2048, 6, 8, "relu")
MT5 = Defaults("MT5", 250112, 1024, 8, 6, "gated-gelu")


class Sizes(NamedTuple):
    """What encoder and decoder share."""

    width: int
    heads: int
    head_size: int
    inner: int
    buckets: int
    gated: bool
    acts: str

    def attention(self, place: int, *, causal: bool) -> Attention:
        """Attention with distances in its scores; the first layer holds the table for all."""
        return Attention(
            self.width, self.heads, head_dim=self.head_size, bias=False, causal=causal,
            positions="relative", buckets=0 if place else self.buckets,
        )  # fmt: skip

    @property
    def across(self) -> CrossAttention:
        """Attention of the decoder to the encoder."""
        return CrossAttention(self.width, self.heads, head_dim=self.head_size, bias=False)

    @property
    def mlp(self) -> FeedForward:
        """The feed-forward of a block."""
        return FeedForward(self.width, self.inner, gated=self.gated, bias=False, activation=self.acts)

    def block(self, place: int) -> Graph:
        """A block of the encoder."""
        return pre_norm(RMSNorm(self.width), self.attention(place, causal=False), self.mlp)

    def block_beside(self, place: int) -> Graph:
        """A block of the decoder."""
        causal = self.attention(place, causal=True)
        return across_pre_norm(RMSNorm(self.width), causal, self.across, self.mlp)


@family("t5", config="T5Config", model="T5ForConditionalGeneration")
def t5(fields: Fields, asked: Asked) -> Built:
    """Raffel et al. 2019, and FLAN: RMSNorm before each part, one table of tokens for both sides."""
    return _built(fields, asked, T5)


@family("mt5", config="MT5Config", model="MT5ForConditionalGeneration")
def mt5(fields: Fields, asked: Asked) -> Built:
    """Xue et al. 2020: T5 v1.1 of many languages."""
    return _built(fields, asked, MT5)


def _built(fields: Fields, asked: Asked, of: Defaults) -> Built:
    known = {f"{of.name}{name}": decodes for name, decodes in CLASSES.items()}
    name, decodes = architecture(fields, known, f"{of.name}ForConditionalGeneration")
    vocabulary = fields.size("vocab_size", default=of.vocabulary)
    width = fields.size("d_model", "hidden_size", default=512)
    depth = fields.layers("num_layers", "num_hidden_layers", default=of.depth)
    gated, acts = _feed_forward(fields, of.feed_forward)
    sizes = Sizes(
        width,
        fields.size("num_heads", "num_attention_heads", default=of.heads),
        fields.whole("d_kv", "head_dim", default=64),
        fields.size("d_ff", default=of.inner),
        fields.whole("relative_attention_num_buckets", default=32),
        gated,
        acts,
    )
    table = Embedding(vocabulary, width)
    encoder = Sequential({
        "embedding": Sequential({"token": table}),
        "layers": Sequential({str(place): sizes.block(place) for place in range(depth)}),
        "norm": RMSNorm(width),
    })  # fmt: skip
    if not decodes:
        fields.only(False, "is_decoder", why=Message("an encoder that looks at another one has more layers"))
        tokens = of_each_token(width, labels(fields)) if name.endswith("ForTokenClassification") else {}
        return Built({"encoder": encoder, **tokens}, READ, name)
    steps = fields.whole("num_decoder_layers", default=same_as("num_layers", depth))
    fields.few_layers("num_decoder_layers", steps)
    layers = beside(
        encoder,
        {"embedding": Sequential({"token": table})},
        [sizes.block_beside(place) for place in range(steps)],
        {"norm": RMSNorm(width)},
    )
    if name.endswith(WITH_HEAD):
        layers |= scores(fields, asked, width, vocabulary, tied=_tied(fields))
    elif name.endswith(OF_LABELS):
        behind = of_last_token if name.endswith(OF_LABELS[0]) else of_each_token
        layers |= behind(width, labels(fields))
    return Built(layers, (READ, READ), name)


def _feed_forward(fields: Fields, default: str) -> tuple[bool, str]:
    """Whether the feed-forward is gated, and its activation, from ``feed_forward_proj`` or its parts."""
    written = fields.values.get("feed_forward_proj")
    if written is None and "is_gated_act" in fields.values:
        gated = fields.flag("is_gated_act", default=False)
        return gated, activation(fields, "dense_act_fn", default="gelu_new" if gated else "relu")
    known = {
        f"{gate}{name}": (bool(gate), acts) for name, acts in ACTIVATIONS.items() for gate in ("", "gated-")
    }
    what = Message("feed-forward")
    gated, acts = fields.choice("feed_forward_proj", known=known, default=default, what=what)
    fields.only(gated, "is_gated_act", why=Message("feed_forward_proj says otherwise"))
    return gated, acts


def _tied(fields: Fields) -> bool:
    """Whether the head shares the table: not in v1.1 and FLAN, whose files say so in one of two ways."""
    scaled = fields.values.get("scale_decoder_outputs")
    tied = fields.flag("tie_word_embeddings", default=True)
    if tied and scaled is False:
        fields.note(
            Message(
                "scale_decoder_outputs is false, as in T5 v1.1 and FLAN: the head has a matrix of its own, "
                "as in the released weights."
            )
        )
    return tied and scaled is not False


__all__ = ["mt5", "t5"]
