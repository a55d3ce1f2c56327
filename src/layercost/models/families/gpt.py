"""GPT-1, GPT-2 and those like them: plain feed-forward, LayerNorm, positions in a table.

Facts: the classes of transformers 5.24.0, each with its defaults.
"""

from __future__ import annotations

from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.feed_forward import FeedForward
from layercost.layers.normalization import LayerNorm
from layercost.message import Message
from layercost.models.families.blocks import (
    activation,
    even_head_size,
    post_norm,
    pre_norm,
    stacked,
    with_positions,
)
from layercost.models.families.family import FUSED, Asked, Built, family, text_input
from layercost.models.families.fields import Derived, Fields
from layercost.models.families.heads import head
from layercost.models.families.llama import Core, Joining, windowed
from layercost.models.families.windows import Windows

USUAL_DEPTH = 24  # layers of GPT-Neo's class, and of its pattern
_TWO = {**FUSED, "c_proj": ("o", "down")}  # attention and the feed-forward layer end in maps of one name
_CROSS = Message("a decoder that reads an encoder has more layers")


def gpt_core(fields: Fields, vocabulary: int, width: int, depth: int, heads: int) -> Core:
    """The sizes of a decoder as GPT-2 calls them; the feed-forward is four times as wide unless told."""
    width = fields.size("n_embd", "hidden_size", default=width)
    return Core(
        fields.size("vocab_size", default=vocabulary),
        width,
        fields.whole("n_inner", default=four_times(width)),
        fields.layers("n_layer", "num_hidden_layers", default=depth),
        fields.size("n_head", "num_attention_heads", default=heads),
    )


def four_times(width: int) -> Derived:
    """The usual width of a feed-forward."""
    return Derived(4 * width, Message("4 x the width"))


def plain(
    fields: Fields, attention: Attention, sizes: Core, *, acts: str, each: Windows | None = None,
    joined: Joining = pre_norm, bias: bool = True, names: tuple[str, ...] = ("activation_function",),
) -> Sequential:  # fmt: skip
    """Blocks of attention and a feed-forward of two maps, LayerNorm around them.

    `names` are those of the activation in the file.
    """
    function = activation(fields, *names, default=acts)
    mlp = FeedForward(sizes.width, sizes.inner, bias=bias, activation=function)
    norm = LayerNorm(sizes.width)
    kinds = each or [None] * sizes.depth
    return stacked(kinds, lambda window: joined(norm, windowed(attention, window), mlp))


def placed(
    fields: Fields, asked: Asked, sizes: Core, positions: int, blocks: Sequential, norm: Layer | None
) -> Built:
    """Tokens and places, blocks, a norm where there is one, and a head, which is tied unless told."""
    tied = fields.flag("tie_word_embeddings", default=True)
    layers: dict[str, Layer] = {
        "embedding": with_positions(Embedding(sizes.vocabulary, sizes.width), positions, sizes.width),
        "layers": blocks,
        **({} if norm is None else {"norm": norm}),
        **head(fields, asked, sizes.width, sizes.vocabulary, tied=tied),
    }
    return Built(layers, text_input(positions))


@family("gpt2", config="GPT2Config", model="GPT2LMHeadModel", modules=_TWO)
def gpt2(fields: Fields, asked: Asked) -> Built:
    """Radford et al. 2019: learned positions, norms before each half, the head tied."""
    sizes = gpt_core(fields, 50257, 768, 12, 12)
    positions = fields.whole("n_positions", "max_position_embeddings", default=1024)
    even_head_size(fields, sizes.width, sizes.heads)
    fields.only(False, "add_cross_attention", why=_CROSS)
    attention = Attention(sizes.width, sizes.heads, causal=True)
    blocks = plain(fields, attention, sizes, acts="gelu_new")
    return placed(fields, asked, sizes, positions, blocks, LayerNorm(sizes.width))


@family("gpt_bigcode", config="GPTBigCodeConfig", model="GPTBigCodeForCausalLM", modules=_TWO)
def gpt_bigcode(fields: Fields, asked: Asked) -> Built:
    """Allal et al. 2023 (SantaCoder, StarCoder): GPT-2 whose queries share one head of keys and values."""
    sizes = gpt_core(fields, 50257, 768, 12, 12)
    positions = fields.whole("n_positions", "max_position_embeddings", default=1024)
    even_head_size(fields, sizes.width, sizes.heads)
    fields.only(False, "add_cross_attention", why=_CROSS)
    groups = 1 if fields.flag("multi_query", default=True) else sizes.heads
    attention = Attention(sizes.width, sizes.heads, groups, causal=True)
    blocks = plain(fields, attention, sizes, acts="gelu_pytorch_tanh")
    return placed(fields, asked, sizes, positions, blocks, LayerNorm(sizes.width))


@family("openai-gpt", config="OpenAIGPTConfig", model="OpenAIGPTLMHeadModel", modules=_TWO)
def gpt1(fields: Fields, asked: Asked) -> Built:
    """Radford et al. 2018: norms after each half, and none at the end."""
    width = fields.size("n_embd", "hidden_size", default=768)
    sizes = Core(
        fields.size("vocab_size", default=40478), width, 4 * width,
        fields.layers("n_layer", "num_hidden_layers", default=12),
        fields.size("n_head", "num_attention_heads", default=12),
    )  # fmt: skip
    positions = fields.whole("n_positions", "max_position_embeddings", default=512)
    even_head_size(fields, width, sizes.heads)
    attention = Attention(width, sizes.heads, causal=True)
    blocks = plain(fields, attention, sizes, acts="gelu", names=("afn",), joined=post_norm)
    return placed(fields, asked, sizes, positions, blocks, None)


@family("gpt_neo", config="GPTNeoConfig", model="GPTNeoForCausalLM")
def gpt_neo(fields: Fields, asked: Asked) -> Built:
    """Black et al. 2021: a window in every other layer; of attention only the output has a bias."""
    width = fields.size("hidden_size", default=2048)
    sizes = Core(
        fields.size("vocab_size", default=50257), width,
        fields.whole("intermediate_size", default=four_times(width)),
        fields.layers("num_layers", "num_hidden_layers", default=USUAL_DEPTH),
        fields.size("num_heads", "num_attention_heads", default=16),
    )  # fmt: skip
    positions = fields.whole("max_position_embeddings", default=2048)
    even_head_size(fields, width, sizes.heads)
    window = fields.whole("window_size", default=256)
    each = [window if local else None for local in _local_layers(fields, sizes.depth)]
    attention = Attention(width, sizes.heads, bias=False, out_bias=True, causal=True)
    blocks = plain(fields, attention, sizes, acts="gelu_new", each=each)
    return placed(fields, asked, sizes, positions, blocks, LayerNorm(width))


def _local_layers(fields: Fields, depth: int) -> list[bool]:
    """Which layers are local: ``attention_types`` has patterns, each with how often it comes."""
    types = fields.values.get("attention_types")
    if types is None:
        return _usual_layers(fields, depth)
    names = _spread(types, depth)
    if not names or not all(name in ("global", "local") for name in names):
        fields.expected("attention_types", Message('patterns, as [[["global", "local"], 12]]'), types)
    if len(names) != depth:
        fields.refuse(
            "attention_types",
            Message("{count} layers contradict num_layers, {depth}", count=len(names), depth=depth),
        )
    return [name == "local" for name in names]


def _usual_layers(fields: Fields, depth: int) -> list[bool]:
    """The pattern of the class, which is one of 24 layers, whatever the file says of their number."""
    usual = [[["global", "local"], 12]]
    if depth != USUAL_DEPTH:
        fields.refuse(
            "attention_types",
            Message("it is missing; the pattern of {of} has {usual} layers, and num_layers is {depth}",
                    of=fields.of, usual=USUAL_DEPTH, depth=depth),
            Message("add it"),
        )  # fmt: skip
    fields.took("attention_types", usual)
    return [bool(place % 2) for place in range(depth)]


def _spread(types: object, most: int) -> list[object]:
    """The names of all layers, one after the other, up to `most` and one; none of what is no pattern."""
    names: list[object] = []
    try:
        for pattern, often in types:  # type: ignore[attr-defined]
            while often > 0 and len(names) <= most and pattern:
                names.extend(pattern[: most + 1])
                often -= 1  # noqa: PLW2901 - how often the pattern is still to come
    except (TypeError, ValueError, KeyError):
        return []
    return names[: most + 1]
