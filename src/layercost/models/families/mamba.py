"""Mamba: blocks with a state in place of attention.

Facts: the class of transformers 5.24.0 with its defaults.
"""

from __future__ import annotations

from layercost.layer import Layer
from layercost.layers.composite import Sequential
from layercost.layers.embedding import Embedding
from layercost.layers.graph import Graph, Node
from layercost.layers.joins import Add
from layercost.layers.normalization import RMSNorm
from layercost.layers.state_space import MambaBlock
from layercost.message import Message
from layercost.models.families.blocks import activation, another, scores
from layercost.models.families.family import Asked, Built, family, text_input
from layercost.models.families.fields import Derived, Fields
from layercost.models.families.heads import architecture

_SUM = Add(2)
AUTO = "auto"  # the rank of the steps: the width by 16, rounded up


@family("mamba", config="MambaConfig", model="MambaForCausalLM")
def mamba(fields: Fields, asked: Asked) -> Built:
    """Gu, Dao 2023: a norm and a block with a state in each layer; the head tied."""
    known = {"MambaForCausalLM": True, "MambaModel": False}
    name, continues = architecture(fields, known, "MambaForCausalLM")
    vocabulary = fields.size("vocab_size", default=50280)
    width = fields.size("hidden_size", default=768)
    depth = fields.layers("num_hidden_layers", default=32)
    block = _block(fields, width)
    layers: dict[str, Layer] = {
        "embedding": Sequential({"token": Embedding(vocabulary, width)}),
        "layers": Sequential({str(place): _layer(width, another(block)) for place in range(depth)}),
        "norm": RMSNorm(width),
    }
    if continues:
        layers |= scores(
            fields, asked, width, vocabulary, tied=fields.flag("tie_word_embeddings", default=True)
        )
    return Built(layers, text_input(), name)


def _block(fields: Fields, width: int) -> MambaBlock:
    expand = fields.whole("expand", default=2)
    inner = expand * width
    why = Message("this class makes it expand x hidden_size, {inner}", inner=inner)
    fields.only(inner, "intermediate_size", why=why)
    return MambaBlock(
        width,
        expand,
        fields.whole("state_size", default=16),
        fields.whole("conv_kernel", default=4),
        _rank(fields, width),
        fields.flag("use_bias", default=False),
        fields.flag("use_conv_bias", default=True),
        activation(fields, "hidden_act", default="silu"),
    )


def _rank(fields: Fields, width: int) -> int:
    """The values that the steps are made of: a number, or ``"auto"``."""
    usual = Derived(-(-width // 16), Message("hidden_size / 16, rounded up"))
    if fields.values.get("time_step_rank") == AUTO:
        return int(usual.value)
    return fields.whole("time_step_rank", default=usual)


def _layer(width: int, block: Layer) -> Graph:
    """A norm and a block, added to what came in."""
    nodes = (
        Node("norm", RMSNorm(width), ("",)),
        Node("ssm", block, ("norm",)),
        Node("residual", _SUM, ("", "ssm")),
    )
    return Graph(nodes, "residual")
