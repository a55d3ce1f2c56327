"""A decoder beside an encoder: two inputs, and between them attention across.

The encoder reads its input once. Where tokens are cached it does not run, and the keys and values that the
decoder takes from it are at hand.
"""

from __future__ import annotations

from collections.abc import Iterable

from layercost.layer import Layer
from layercost.layers.attention import CrossAttention
from layercost.layers.composite import AtFirst
from layercost.layers.graph import Graph, Node
from layercost.layers.joins import Add
from layercost.models.families.blocks import another

SOURCE, TOKENS = "source", "tokens"  # what the encoder reads, and the decoder
_SUM = Add(2)


def across_pre_norm(norm: Layer, attention: Layer, across: CrossAttention, mlp: Layer) -> Graph:
    """Each third of a block reads what is normalized, and is added to what came in."""
    return Graph(
        (
            Node("attention_norm", norm, ("",)),
            Node("attention", attention, ("attention_norm",)),
            Node("attention_residual", _SUM, ("", "attention")),
            Node("cross_norm", another(norm), ("attention_residual",)),
            Node("cross_attention", across, ("cross_norm", SOURCE)),
            Node("cross_residual", _SUM, ("attention_residual", "cross_attention")),
            Node("mlp_norm", another(norm), ("cross_residual",)),
            Node("mlp", mlp, ("mlp_norm",)),
            Node("mlp_residual", _SUM, ("cross_residual", "mlp")),
        ),
        "mlp_residual",
        ("", SOURCE),
    )


def across_post_norm(norm: Layer, attention: Layer, across: CrossAttention, mlp: Layer) -> Graph:
    """Each third of a block is added to what came in, and the sum is normalized, as in 2017."""
    return Graph(
        (
            Node("attention", attention, ("",)),
            Node("attention_residual", _SUM, ("", "attention")),
            Node("attention_norm", norm, ("attention_residual",)),
            Node("cross_attention", across, ("attention_norm", SOURCE)),
            Node("cross_residual", _SUM, ("attention_norm", "cross_attention")),
            Node("cross_norm", another(norm), ("cross_residual",)),
            Node("mlp", mlp, ("cross_norm",)),
            Node("mlp_residual", _SUM, ("cross_norm", "mlp")),
            Node("mlp_norm", another(norm), ("mlp_residual",)),
        ),
        "mlp_norm",
        ("", SOURCE),
    )


def copied(block: Graph) -> Graph:
    """A block of the same sizes, whose weights are its own."""
    nodes = [Node(name, another(layer), inputs, once) for name, layer, inputs, once in block.nodes]
    return Graph(tuple(nodes), block.output, block.inputs)


def _stacked(blocks: Iterable[Graph]) -> Graph:
    """Blocks one after the other, each of which reads what the encoder gave as well."""
    nodes, last = list[Node](), ""
    for place, block in enumerate(blocks):
        nodes.append(Node(str(place), block, (last, SOURCE)))
        last = str(place)
    return Graph(tuple(nodes), last, ("", SOURCE))


def beside(
    encoder: Layer, before: dict[str, Layer], blocks: Iterable[Graph], after: dict[str, Layer]
) -> dict[str, Layer]:
    """An encoder, and a decoder of layers `before` and `after` its blocks; it reads two inputs."""
    nodes, last = list[Node](), TOKENS
    for name, layer in before.items():
        nodes.append(Node(name, layer, (last,)))
        last = name
    nodes.append(Node("layers", _stacked(blocks), (last, SOURCE)))
    last = "layers"
    for name, layer in after.items():
        nodes.append(Node(name, layer, (last,)))
        last = name
    decoder = Graph(tuple(nodes), last, (TOKENS, SOURCE))
    both = (
        Node("encoder", AtFirst(encoder), (SOURCE,)),
        Node("decoder", decoder, (TOKENS, "encoder")),
    )
    return {"~": Graph(both, "decoder", (SOURCE, TOKENS))}
