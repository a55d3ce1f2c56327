"""Images as tokens: ViT and DeiT, whose tokens all look at each other, and Swin, whose tokens look around.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Sequential
from layercost.layers.convolution import Conv2d
from layercost.layers.feed_forward import FeedForward
from layercost.layers.graph import Graph, Node
from layercost.layers.joins import Add, Elementwise
from layercost.layers.linear import Linear
from layercost.layers.normalization import LayerNorm
from layercost.layers.patches import EachCell, PatchEmbedding, PatchMerging
from layercost.layers.pooling import AdaptiveAvgPool2d
from layercost.layers.reshaping import Flatten
from layercost.layers.windows import WindowAttention
from layercost.message import Message
from layercost.models.families.blocks import activation, another, even_head_size, pre_norm, stacked
from layercost.models.families.family import Asked, Built, family
from layercost.models.families.fields import Fields
from layercost.models.families.heads import DENSE, IMAGENET, LABELS, architecture, labels, pooled
from layercost.models.leaves import AtPlace

_SUM = Add(2)


def image_labels(fields: Fields) -> int:
    """How many classes an image classifier tells apart; a file that leaves them out means ImageNet's.

    The library leaves out two, which are its own, where it writes a file.
    """
    saved = "transformers_version" in fields.values
    return labels(fields, LABELS if saved or fields.is_class_alone else IMAGENET)


def image_of(fields: Fields, asked: Asked, sizes: tuple[int, int], channels: int) -> tuple[int, int, int]:
    """The usual input: an image of the file's size, which is the only one that there are positions for."""
    if asked.size not in (None, sizes):
        fields.refuse(
            "image_size",
            Message("the positions are those of an image of {size}", size=f"{sizes[0]}x{sizes[1]}"),
            Message("for another size change image_size in the file, which changes the parameters too"),
        )
    return (channels, *sizes)


# ---- ViT and DeiT --------------------------------------------------------------------------------


class Patches(NamedTuple):
    """The sizes of an encoder of patches."""

    width: int
    channels: int
    image: tuple[int, int]
    blocks: Sequential
    embedding: PatchEmbedding


def patches(fields: Fields, class_tokens: int) -> Patches:
    """An encoder of patches by the fields that ViT and DeiT share."""
    width = fields.size("hidden_size", default=768)
    inner = fields.size("intermediate_size", default=3072)
    depth = fields.layers("num_hidden_layers", default=12)
    heads = fields.size("num_attention_heads", default=12)
    image, patch = fields.sides("image_size", default=224), fields.sides("patch_size", default=16)
    channels = fields.whole("num_channels", default=3)
    even_head_size(fields, width, heads)
    bias = fields.flag("qkv_bias", default=True)
    acts = activation(fields, "hidden_act", default="gelu")
    attention = Attention(width, heads, bias=bias, out_bias=None if bias else True)
    mlp = FeedForward(width, inner, activation=acts)
    blocks = stacked(["block"] * depth, lambda _: pre_norm(LayerNorm(width), attention, mlp))
    embedding = PatchEmbedding(channels, patch, width, class_tokens=class_tokens, image_size=image)
    return Patches(width, channels, image, blocks, embedding)


def _on_patches(fields: Fields, asked: Asked, name: str, sizes: Patches, behind: dict[str, Layer]) -> Built:
    layers: dict[str, Layer] = {
        "embedding": sizes.embedding, "layers": sizes.blocks, "norm": LayerNorm(sizes.width), **behind,
    }  # fmt: skip
    return Built(layers, image_of(fields, asked, sizes.image, sizes.channels), name)


def _pooler(fields: Fields, width: int) -> dict[str, Layer]:
    """The first token, mapped."""
    outputs = fields.values.get("pooler_output_size")
    wide = width if not outputs else fields.whole("pooler_output_size", default=width)
    acts = "Tanh" if "pooler_act" not in fields.values else activation(fields, "pooler_act", default="tanh")
    return pooled(width, wide, acts)


@family("vit", config="ViTConfig", model="ViTForImageClassification", modules=DENSE)
def vit(fields: Fields, asked: Asked) -> Built:
    """Dosovitskiy et al. 2020: patches, a class token, learned positions, norms before each half."""
    known = {"ViTForImageClassification": True, "ViTModel": False}
    name, classifies = architecture(fields, known, "ViTForImageClassification")
    sizes = patches(fields, class_tokens=1)
    if not classifies:
        return _on_patches(fields, asked, name, sizes, _pooler(fields, sizes.width))
    head: dict[str, Layer] = {"first": AtPlace(0), "head": Linear(sizes.width, image_labels(fields))}
    return _on_patches(fields, asked, name, sizes, head)


DEIT = ("DeiTForImageClassification", "DeiTForImageClassificationWithTeacher", "DeiTModel")


@family("deit", config="DeiTConfig", model="DeiTForImageClassificationWithTeacher", modules=DENSE)
def deit(fields: Fields, asked: Asked) -> Built:
    """Touvron et al. 2020: as ViT, with a second token that learns from a teacher."""
    name, _ = architecture(fields, dict.fromkeys(DEIT), "DeiTForImageClassificationWithTeacher")
    sizes = patches(fields, class_tokens=2)
    if name == "DeiTModel":
        return _on_patches(fields, asked, name, sizes, _pooler(fields, sizes.width))
    count = image_labels(fields)
    head: dict[str, Layer] = {"first": AtPlace(0), "head": Linear(sizes.width, count)}
    if name.endswith("WithTeacher"):
        head = {"~heads": _two_heads(sizes.width, count)}
    return _on_patches(fields, asked, name, sizes, head)


def _two_heads(width: int, count: int) -> Graph:
    """The scores of the class token and those of the distillation token: their mean."""
    nodes = [
        Node(name, Sequential({"token": AtPlace(place), "head": Linear(width, count)}), ("",))
        for place, name in enumerate(("class", "distillation"))
    ]
    both = Node("sum", _SUM, ("class", "distillation"))
    return Graph((*nodes, both, Node("mean", Elementwise("divide"), ("sum",))), "mean")


# ---- Swin ----------------------------------------------------------------------------------------


@family("swin", config="SwinConfig", model="SwinForImageClassification", modules=DENSE)
def swin(fields: Fields, asked: Asked) -> Built:
    """Liu et al. 2021: windows of cells, moved in every second layer; between stages cells are merged."""
    known = {"SwinForImageClassification": True, "SwinModel": False}
    name, classifies = architecture(fields, known, "SwinForImageClassification")
    width = fields.size("embed_dim", default=96)
    depths = fields.whole_numbers("depths", default=(2, 2, 6, 2), least=1)
    fields.few_layers("depths", sum(depths))
    stages = _stages(fields, width, depths)
    channels, patch = fields.whole("num_channels", default=3), fields.sides("patch_size", default=4)
    image = fields.sides("image_size", default=224)
    fields.only(False, "use_absolute_embeddings", why=Message("released models have none"))
    fields.only(len(depths), "num_layers", why=Message("depths has {count} stages", count=len(depths)))
    last = width * 2 ** (len(depths) - 1)
    fields.only(last, "hidden_size", why=Message("the last stage has {width} channels", width=last))
    layers: dict[str, Layer] = {
        "embedding": Sequential({
            "patch": Conv2d(channels, width, patch, patch, rule="ceil"),
            "norm": EachCell(LayerNorm(width)),
        }),
        "layers": stages,
        "norm": EachCell(LayerNorm(last)),
        "pool": AdaptiveAvgPool2d(1),
        "features": Flatten(),
    }  # fmt: skip
    if classifies:
        layers["head"] = Linear(last, image_labels(fields))
    return Built(layers, (channels, *(asked.size or image)), name)


def _stages(fields: Fields, width: int, depths: tuple[int, ...]) -> Sequential:
    """Stages of blocks; behind each but the last, cells are merged."""
    heads = fields.whole_numbers("num_heads", default=(3, 6, 12, 24), least=1)
    if len(heads) != len(depths):
        fields.refuse(
            "num_heads",
            Message(
                "{heads} stages have heads, and depths has {stages}", heads=len(heads), stages=len(depths)
            ),
            Message("expected one number for each stage"),
        )
    window = fields.whole("window_size", default=7)
    ratio = fields.real("mlp_ratio", default=4.0)
    bias = fields.flag("qkv_bias", default=True)
    out_bias = None if bias else True
    acts = activation(fields, "hidden_act", default="gelu")
    stages = dict[str, Layer]()
    for place, (depth, many) in enumerate(zip(depths, heads, strict=True)):
        wide = width * 2**place
        if wide % many:
            fields.refuse(
                "num_heads",
                Message("{heads} heads do not divide a width of {width}", heads=many, width=wide),
                Message("expected a divisor of the width"),
            )
        kinds = [
            WindowAttention(wide, many, window, shifted=bool(block % 2), bias=bias, out_bias=out_bias)
            for block in range(depth)
        ]
        if int(ratio * wide) < 1:
            fields.refuse(
                "mlp_ratio",
                Message("{ratio} times a width of {width} is less than one value", ratio=ratio, width=wide),
            )
        mlp = FeedForward(wide, int(ratio * wide), activation=acts)
        stage = dict(_blocks(kinds, LayerNorm(wide), mlp))
        if place + 1 < len(depths):
            stage["merging"] = PatchMerging(wide)
        stages[str(place)] = Sequential(stage)
    return Sequential(stages)


def _blocks(kinds: list[WindowAttention], norm: Layer, mlp: Layer) -> Iterator[tuple[str, Layer]]:
    """Blocks on images: what works on tokens reads each cell."""
    for place, attention in enumerate(kinds):
        block = pre_norm(EachCell(another(norm)), attention, EachCell(another(mlp)))
        nodes = [
            node._replace(layer=EachCell(another(norm))) if node.name == "mlp_norm" else node
            for node in block.nodes
        ]
        yield str(place), Graph(tuple(nodes), block.output)
