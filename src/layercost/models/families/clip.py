"""CLIP: a text and an image, each through an encoder of its own, and how alike they are.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from collections.abc import Mapping

from layercost.expression import Number, times
from layercost.facts import Held, Kind, Operation, Role
from layercost.frozen import frozen
from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.graph import Graph, Node
from layercost.layers.joins import Join
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm
from layercost.layers.parted import FIRST, SECOND, Does, Holds, Parted, Sources
from layercost.layers.patches import PatchEmbedding
from layercost.layers.positions import LearnedPositions
from layercost.message import Message
from layercost.models.families.blocks import activation, even_head_size, pre_norm, stacked
from layercost.models.families.family import Asked, Built, family
from layercost.models.families.fields import Fields
from layercost.models.families.heads import architecture
from layercost.models.families.vision import image_of
from layercost.models.leaves import AtPlace
from layercost.setting import Setting
from layercost.shape import Features, Shape, ShapeError


@frozen
class Similarity(Join, Parted):
    """Two vectors ``(F,)`` to ``(1,)``: each text with each image of the batch, a product times a scale.

    Both are divided by their lengths before. With one sample there is one pair, with N there are N times N;
    the shape is that of one sample, and the values written are those of all.
    Source: Radford et al. 2021, Learning transferable visual models, figure 3.
    """

    reads = 2

    def check(self, *shapes: Shape) -> None:
        if tuple(map(int, shapes[0])) != tuple(map(int, shapes[1])):
            raise ShapeError(
                Message(
                    "Similarity compares vectors of one length, but got shapes {first} and {second}",
                    first=shapes[0], second=shapes[1],
                )
            )  # fmt: skip

    def transform(self, *shapes: Shape) -> Shape:
        return Features((1,))

    def holds(self) -> Holds:
        return {"logit_scale": (Held("weight", 1),)}

    def sources(self) -> Sources:
        return {"similarity": (FIRST, SECOND)}

    def does(self, *shapes: Shape, output: Shape, setting: Setting) -> Does:
        length, pairs = shapes[0][0], times(setting.batch, setting.batch)
        vectors = times(2, setting.batch)
        return {
            "normalized": (
                Operation(Kind.MULTIPLY, Role.ELEMENTWISE, times(vectors, length)),
                Operation(Kind.SUM, Role.ELEMENTWISE, vectors, length),
                Operation(Kind.SQUARE_ROOT, Role.ELEMENTWISE, vectors),
                Operation(Kind.DIVIDE, Role.ELEMENTWISE, times(vectors, length)),
            ),
            "similarity": (Operation(Kind.DOT, Role.PRODUCT, pairs, length),),
            "logit_scale": (
                Operation(Kind.EXPONENTIAL, Role.ELEMENTWISE, 1),
                Operation(Kind.MULTIPLY, Role.ELEMENTWISE, pairs),
            ),
        }

    def written(self, output: Shape, setting: Setting) -> Number:
        return times(setting.batch, setting.batch)


@family("clip", config="CLIPConfig", model="CLIPModel")
def clip(fields: Fields, asked: Asked) -> Built:
    """Radford et al. 2021: tokens that look back and an image of patches, projected to one width."""
    name, _ = architecture(fields, {"CLIPModel": None}, "CLIPModel")
    text = _part(fields, "text_config", "CLIPTextConfig")
    image = _part(fields, "vision_config", "CLIPVisionConfig")
    projected = fields.whole("projection_dim", default=512)
    reads, tokens = _text(text, projected)
    sees, shape = _image(image, asked, projected)
    nodes = (
        Node("text", reads, ("tokens",)),
        Node("image", sees, ("pixels",)),
        Node("pairs", Similarity(), ("text", "image")),
    )
    return Built({"~": Graph(nodes, "pairs", ("tokens", "pixels"))}, (tokens, shape), name)


@family("clip_text_model", config="CLIPTextConfig", model="CLIPTextModel")
def clip_text(fields: Fields, _: Asked) -> Built:
    """The encoder of texts alone, as in front of models that draw."""
    known = {"CLIPTextModel": False, "CLIPTextModelWithProjection": True}
    name, projects = architecture(fields, known, "CLIPTextModel")
    reads, tokens = _text(fields, fields.whole("projection_dim", default=512) if projects else None)
    return Built(dict(reads.children), tokens, name)


@family("clip_vision_model", config="CLIPVisionConfig", model="CLIPVisionModel")
def clip_vision(fields: Fields, asked: Asked) -> Built:
    """The encoder of images alone."""
    known = {"CLIPVisionModel": False, "CLIPVisionModelWithProjection": True}
    name, projects = architecture(fields, known, "CLIPVisionModel")
    sees, shape = _image(fields, asked, fields.whole("projection_dim", default=512) if projects else None)
    return Built(dict(sees.children), shape, name)


def _part(fields: Fields, name: str, of: str) -> Fields:
    """The configuration of one encoder; older files have it under another name, which comes first."""
    older = f"{name}_dict"
    for place in (older, name):
        if isinstance(fields.values.get(place), Mapping):
            return fields.part(place, of)
    return fields.missing_part(name, of)


def _blocks(fields: Fields, width: int, inner: int, heads: int, depth: int, *, causal: bool) -> Sequential:
    acts = activation(fields, "hidden_act", default="quick_gelu")
    even_head_size(fields, width, heads)
    attention, mlp = Attention(width, heads, causal=causal), FeedForward(width, inner, activation=acts)
    return stacked(["block"] * depth, lambda _: pre_norm(LayerNorm(width), attention, mlp))


def _text(fields: Fields, projected: int | None) -> tuple[Sequential, tuple[int, ...]]:
    """The encoder of texts, and its usual input: the last token stands for all."""
    width = fields.size("hidden_size", default=512)
    inner = fields.size("intermediate_size", default=2048)
    depth, heads = (
        fields.layers("num_hidden_layers", default=12),
        fields.size("num_attention_heads", default=8),
    )
    vocabulary = fields.size("vocab_size", default=49408)
    places = fields.whole("max_position_embeddings", default=77)
    encoder = Sequential({
        "embedding": Sequential({
            "token": Embedding(vocabulary, width), "position": LearnedPositions(places, width),
        }),
        "layers": _blocks(fields, width, inner, heads, depth, causal=True),
        "norm": LayerNorm(width),
        "last": AtPlace(-1),
        **_projection(width, projected),
    })  # fmt: skip
    return encoder, (places,)


def _image(fields: Fields, asked: Asked, projected: int | None) -> tuple[Sequential, tuple[int, ...]]:
    """The encoder of images, and its usual input: the class token stands for all, and is normalized alone."""
    width = fields.size("hidden_size", default=768)
    inner = fields.size("intermediate_size", default=3072)
    depth, heads = (
        fields.layers("num_hidden_layers", default=12),
        fields.size("num_attention_heads", default=12),
    )
    channels = fields.whole("num_channels", default=3)
    image, patch = fields.sides("image_size", default=224), fields.sides("patch_size", default=32)
    encoder = Sequential({
        "embedding": PatchEmbedding(channels, patch, width, bias=False, image_size=image),
        "norm_before": LayerNorm(width),
        "layers": _blocks(fields, width, inner, heads, depth, causal=False),
        "first": AtPlace(0),
        "norm": LayerNorm(width),
        **_projection(width, projected),
    })  # fmt: skip
    return encoder, image_of(fields, asked, image, channels)


def _projection(width: int, projected: int | None) -> dict[str, Layer]:
    """The map to the width that texts and images share, where there is one."""
    return {} if projected is None else {"projection": Linear(width, projected, bias=False)}
