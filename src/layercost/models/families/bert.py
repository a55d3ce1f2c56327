"""BERT and its relatives: encoders that read a text from both sides, and the heads behind them.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.graph import Graph
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm
from layercost.layers.positions import LearnedPositions, Segments
from layercost.message import Message
from layercost.models.families.blocks import activation, even_head_size, post_norm, stacked
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Fields
from layercost.models.families.heads import (
    DENSE,
    architecture,
    function,
    labels,
    of_each_token,
    of_first_token,
    of_masked_tokens,
    pooled,
    side_by_side,
)

_CLASSIFIED = {**DENSE, "classifier": ("head_transform", "head")}  # a module of two maps
_MPNET = {**_CLASSIFIED, "dense": ("up", "down", "pooler", "head_transform")}  # its attention has q, k, v, o
_ATTENTION_DENSE = {"dense": ("o", "head_transform")}
_ABSOLUTE = Message("positions relative to each other are no longer in the class")
MPNET_PADDING = 1  # whatever the file says
_DECODING = Message("a decoder beside an encoder has more layers")


class Encoder(NamedTuple):
    """The sizes of an encoder: `embedding` is the width of its tables, `acts` its activation."""

    vocabulary: int
    width: int
    inner: int
    depth: int
    heads: int
    embedding: int
    positions: int
    segments: int
    acts: str

    @property
    def attention(self) -> Attention:
        """Attention that looks to both sides."""
        return Attention(self.width, self.heads)

    @property
    def mlp(self) -> FeedForward:
        """The feed-forward of a block."""
        return FeedForward(self.width, self.inner, activation=self.acts)


def encoder(
    fields: Fields, *, vocabulary: int, width: int, inner: int, depth: int, heads: int, segments: int = 2,
    embedding: int | None = None, acts: str = "gelu",
) -> Encoder:  # fmt: skip
    """The sizes of an encoder; given are the defaults of its class."""
    found = fields.size("hidden_size", default=width)
    sizes = Encoder(
        fields.size("vocab_size", default=vocabulary),
        found,
        fields.size("intermediate_size", default=inner),
        fields.layers("num_hidden_layers", default=depth),
        fields.size("num_attention_heads", default=heads),
        found if embedding is None else fields.whole("embedding_size", default=embedding),
        fields.whole("max_position_embeddings", default=512),
        fields.whole("type_vocab_size", default=segments, least=0),
        activation(fields, "hidden_act", default=acts),
    )
    even_head_size(fields, sizes.width, sizes.heads)
    fields.only("absolute", "position_embedding_type", why=_ABSOLUTE)
    fields.only(False, "add_cross_attention", why=_DECODING)
    return sizes


def embedded(sizes: Encoder, positions: Layer, *, projected: bool = False) -> Sequential:
    """Tokens, segments and positions added up and normalized; narrower tables are mapped to the width."""
    layers: dict[str, Layer] = {"token": Embedding(sizes.vocabulary, sizes.embedding)}
    if sizes.segments:
        layers["segment"] = Segments(sizes.segments, sizes.embedding)
    layers |= {"position": positions, "norm": LayerNorm(sizes.embedding)}
    if projected:
        layers["projection"] = Linear(sizes.embedding, sizes.width)
    return Sequential(layers)


def blocks(sizes: Encoder, *, causal: bool = False) -> Sequential:
    """Blocks of attention and feed-forward, each normalized after it is added."""
    attention = Attention(sizes.width, sizes.heads, causal=causal)
    return stacked(["block"] * sizes.depth, lambda _: post_norm(LayerNorm(sizes.width), attention, sizes.mlp))


# ---- heads: what each class puts behind the encoder ----------------------------------------------


class Behind(NamedTuple):
    """What a head is made for: the file, what is asked, the sizes, and what shares the table of tokens."""

    fields: Fields
    asked: Asked
    sizes: Encoder
    tied: bool


Head = Callable[[Behind], dict[str, Layer]]


def _nothing(_: Behind) -> dict[str, Layer]:
    return {}


def _pooler(behind: Behind) -> dict[str, Layer]:
    return pooled(behind.sizes.width)


def _masked(behind: Behind, *, spare_bias: bool = True) -> dict[str, Layer]:
    fields, asked, sizes, tied = behind
    return of_masked_tokens(
        fields, asked, sizes.width, sizes.embedding, sizes.vocabulary, sizes.acts, tied=tied,
        spare_bias=spare_bias,
    )  # fmt: skip


def _projected(behind: Behind) -> dict[str, Layer]:
    """DistilBERT's masked tokens: its class has one bias."""
    return _masked(behind, spare_bias=False)


def _generator(behind: Behind) -> dict[str, Layer]:
    """ELECTRA's masked tokens: the activation is GELU whatever the file says."""
    return _projected(behind._replace(sizes=behind.sizes._replace(acts="GELU")))


def _discriminator(behind: Behind) -> dict[str, Layer]:
    """Whether each token was replaced."""
    width, acts = behind.sizes.width, behind.sizes.acts
    return {
        "head_transform": Linear(width, width), "head_activation": function(acts), "head": Linear(width, 1),
    }  # fmt: skip


def _classes_of_pooled(behind: Behind) -> dict[str, Layer]:
    width = behind.sizes.width
    return {**pooled(width), "head": Linear(width, labels(behind.fields))}


def _one_of_pooled(behind: Behind) -> dict[str, Layer]:
    """A score for each choice; a choice is a sample."""
    return {**pooled(behind.sizes.width), "head": Linear(behind.sizes.width, 1)}


def _next_sentence(behind: Behind) -> dict[str, Layer]:
    return {**pooled(behind.sizes.width), "head": Linear(behind.sizes.width, 2)}


def _pretraining(behind: Behind) -> dict[str, Layer]:
    return side_by_side(masked=_masked(behind), sentence=_next_sentence(behind))


def _pretraining_by_labels(behind: Behind) -> dict[str, Layer]:
    return side_by_side(masked=_masked(behind), sentence=_classes_of_pooled(behind))


def _classes_of_tokens(behind: Behind) -> dict[str, Layer]:
    return of_each_token(behind.sizes.width, labels(behind.fields))


def _classes_of_first(acts: str) -> Head:
    return lambda behind: of_first_token(behind.sizes.width, labels(behind.fields), acts)


def _one_of_first(behind: Behind) -> dict[str, Layer]:
    return of_first_token(behind.sizes.width, 1, "ReLU")


def _built(behind: Behind, name: str, head: Head, layers: dict[str, Layer], positions: int) -> Built:
    return Built({**layers, **head(behind)}, text_input(positions), name)


# ---- the families --------------------------------------------------------------------------------

_OF_TOKENS: dict[str, Head] = {
    "ForTokenClassification": _classes_of_tokens, "ForQuestionAnswering": _classes_of_tokens,
}  # fmt: skip


def _named(prefix: str, **heads: Head) -> dict[str, Head]:
    """The classes of a family by their names: the prefix, and what each puts behind the encoder."""
    return {f"{prefix}{name}": head for name, head in {**_OF_TOKENS, **heads}.items()}


BERT = _named(
    "Bert", Model=_pooler, ForMaskedLM=_masked, LMHeadModel=_masked, ForPreTraining=_pretraining,
    ForNextSentencePrediction=_next_sentence, ForSequenceClassification=_classes_of_pooled,
    ForMultipleChoice=_one_of_pooled,
)  # fmt: skip
ROBERTA = _named(
    "Roberta", Model=_pooler, ForMaskedLM=_masked, ForCausalLM=_masked,
    ForSequenceClassification=_classes_of_first("Tanh"), ForMultipleChoice=_one_of_pooled,
)  # fmt: skip
DISTILBERT = _named(
    "DistilBert", Model=_nothing, ForMaskedLM=_projected,
    ForSequenceClassification=_classes_of_first("ReLU"), ForMultipleChoice=_one_of_first,
)  # fmt: skip
ALBERT = _named(
    "Albert", Model=_pooler, ForMaskedLM=_masked, ForPreTraining=_pretraining_by_labels,
    ForSequenceClassification=_classes_of_pooled, ForMultipleChoice=_one_of_pooled,
)  # fmt: skip
MPNET = _named(
    "MPNet", Model=_pooler, ForMaskedLM=_masked, ForSequenceClassification=_classes_of_first("Tanh"),
    ForMultipleChoice=_one_of_pooled,
)  # fmt: skip
ELECTRA = _named(
    "Electra", Model=_nothing, ForPreTraining=_discriminator, ForMaskedLM=_generator,
    ForCausalLM=_generator, ForSequenceClassification=_classes_of_first("GELU"),
)  # fmt: skip


def _tied(fields: Fields, head: Head) -> bool:
    """Whether a head shares the table of tokens; asked of classes that have one alone."""
    of_vocabulary = (_masked, _projected, _generator, _pretraining, _pretraining_by_labels)
    return head in of_vocabulary and fields.flag("tie_word_embeddings", default=True)


def _looks_back(fields: Fields) -> bool:
    return fields.flag("is_decoder", default=False)


@family("bert", config="BertConfig", model="BertModel", modules=DENSE)
def bert(fields: Fields, asked: Asked) -> Built:
    """Devlin et al. 2018: learned positions, two segments, norms after each half."""
    name, head = architecture(fields, BERT, "BertModel")
    sizes = encoder(fields, vocabulary=30522, width=768, inner=3072, depth=12, heads=12)
    layers: dict[str, Layer] = {
        "embedding": embedded(sizes, LearnedPositions(sizes.positions, sizes.width)),
        "layers": blocks(sizes, causal=_looks_back(fields)),
    }
    return _built(Behind(fields, asked, sizes, _tied(fields, head)), name, head, layers, sizes.positions)


@family("roberta", config="RobertaConfig", model="RobertaForMaskedLM", modules=_CLASSIFIED)
@family("xlm-roberta", config="XLMRobertaConfig", model="XLMRobertaForMaskedLM", modules=_CLASSIFIED)
def roberta(fields: Fields, asked: Asked) -> Built:
    """Liu et al. 2019: as BERT; places are counted from behind the row of the padding."""
    other = fields.values.get("model_type") == "xlm-roberta"
    prefix, vocabulary = ("XLM", 30522) if other else ("", 50265)
    known = {f"{prefix}{name}": head for name, head in ROBERTA.items()}
    name, head = architecture(fields, known, f"{prefix}RobertaForMaskedLM")
    sizes = encoder(fields, vocabulary=vocabulary, width=768, inner=3072, depth=12, heads=12)
    padding = fields.whole("pad_token_id", default=1, least=0)
    places = _behind_the_padding(fields, sizes, padding)
    layers: dict[str, Layer] = {
        "embedding": embedded(sizes, LearnedPositions(places, sizes.width, padding + 1)),
        "layers": blocks(sizes, causal=_looks_back(fields)),
    }
    return _built(Behind(fields, asked, sizes, _tied(fields, head)), name, head, layers, places)


def _behind_the_padding(fields: Fields, sizes: Encoder, padding: int) -> int:
    """How many places there are rows for, where they are counted from behind the padding's."""
    spare = padding + 1
    if sizes.positions <= spare:
        fields.expected(
            "max_position_embeddings",
            Message("more than the {spare} rows up to the padding", spare=spare),
            sizes.positions,
        )
    return sizes.positions - spare


@family("mpnet", config="MPNetConfig", model="MPNetForMaskedLM", modules=_MPNET)
def mpnet(fields: Fields, asked: Asked) -> Built:
    """Song et al. 2020: as RoBERTa without segments; all layers share one table of distances."""
    name, head = architecture(fields, MPNET, "MPNetForMaskedLM")
    sizes = encoder(fields, vocabulary=30527, width=768, inner=3072, depth=12, heads=12, segments=0)
    buckets = fields.whole("relative_attention_num_buckets", default=32)

    def block(of: int) -> Graph:
        attention = Attention(sizes.width, sizes.heads, positions="relative", buckets=of)
        return post_norm(LayerNorm(sizes.width), attention, sizes.mlp)

    places = _behind_the_padding(fields, sizes, MPNET_PADDING)
    layers: dict[str, Layer] = {
        "embedding": embedded(sizes, LearnedPositions(places, sizes.width, MPNET_PADDING + 1)),
        "layers": stacked([buckets, *[0] * (sizes.depth - 1)], block),  # the first holds it for all
    }
    return _built(Behind(fields, asked, sizes, _tied(fields, head)), name, head, layers, places)


@family("distilbert", config="DistilBertConfig", model="DistilBertModel")
def distilbert(fields: Fields, asked: Asked) -> Built:
    """Sanh et al. 2019: half of BERT's layers, no segments, no pooler.

    ``sinusoidal_pos_embds`` is how its table of positions begins; it is trained as any other.
    """
    name, head = architecture(fields, DISTILBERT, "DistilBertModel")
    width = fields.size("dim", "hidden_size", default=768)
    sizes = Encoder(
        fields.size("vocab_size", default=30522),
        width,
        fields.size("hidden_dim", default=3072),
        fields.layers("n_layers", "num_hidden_layers", default=6),
        fields.size("n_heads", "num_attention_heads", default=12),
        width,
        fields.whole("max_position_embeddings", default=512),
        0,
        activation(fields, "activation", default="gelu"),
    )
    even_head_size(fields, sizes.width, sizes.heads)
    layers: dict[str, Layer] = {
        "embedding": embedded(sizes, LearnedPositions(sizes.positions, width)),
        "layers": blocks(sizes),
    }
    return _built(Behind(fields, asked, sizes, _tied(fields, head)), name, head, layers, sizes.positions)


@family("electra", config="ElectraConfig", model="ElectraModel", modules=_CLASSIFIED)
def electra(fields: Fields, asked: Asked) -> Built:
    """Clark et al. 2020: as BERT, with narrower tables where the model is small, and no pooler."""
    name, head = architecture(fields, ELECTRA, "ElectraModel")
    sizes = encoder(fields, vocabulary=30522, width=256, inner=1024, depth=12, heads=4, embedding=128)
    positions = LearnedPositions(sizes.positions, sizes.embedding)
    layers: dict[str, Layer] = {
        "embedding": embedded(sizes, positions, projected=sizes.embedding != sizes.width),
        "layers": blocks(sizes, causal=_looks_back(fields)),
    }
    return _built(Behind(fields, asked, sizes, _tied(fields, head)), name, head, layers, sizes.positions)


@family("albert", config="AlbertConfig", model="AlbertModel", modules=_ATTENTION_DENSE)
def albert(fields: Fields, asked: Asked) -> Built:
    """Lan et al. 2019: narrow tables, and one layer whose weights all places share."""
    name, head = architecture(fields, ALBERT, "AlbertModel")
    sizes = encoder(
        fields, vocabulary=30000, width=4096, inner=16384, depth=12, heads=64, embedding=128,
        acts="gelu_new",
    )  # fmt: skip
    positions = LearnedPositions(sizes.positions, sizes.embedding)
    layers: dict[str, Layer] = {
        "embedding": embedded(sizes, positions, projected=True),
        "layers": _shared(fields, sizes),
    }
    return _built(Behind(fields, asked, sizes, _tied(fields, head)), name, head, layers, sizes.positions)


def _shared(fields: Fields, sizes: Encoder) -> Sequential:
    """Layers of which whole groups share their weights."""
    groups = fields.whole("num_hidden_groups", default=1)
    inner = fields.whole("inner_group_num", default=1)
    fields.few_layers("inner_group_num", inner * sizes.depth)
    if groups > sizes.depth:
        fields.expected(
            "num_hidden_groups",
            Message("at most {layers} groups, one a layer", layers=sizes.depth),
            groups,
        )
    made = [_group(sizes, inner) for _ in range(groups)]
    return Sequential({str(place): made[place * groups // sizes.depth] for place in range(sizes.depth)})


def _group(sizes: Encoder, inner: int) -> Layer:
    def block() -> Graph:
        return post_norm(LayerNorm(sizes.width), sizes.attention, sizes.mlp)

    return block() if inner == 1 else Sequential(*(block() for _ in range(inner)))
