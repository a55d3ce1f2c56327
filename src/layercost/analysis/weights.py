"""How many bytes a model's weights take, where matrices are in one format and the rest in another.

Tables, norms, heads and biases often stay in 16 bits while the matrices of the blocks are quantised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from layercost.analysis.formats import Format, format_named
from layercost.analysis.training import block_of
from layercost.convention import UnknownNameError
from layercost.facts import Held
from layercost.layer import Layer
from layercost.layers.adapters import Adapted, Fixed, LoRA
from layercost.layers.embedding import Embedding
from layercost.layers.linear import Linear
from layercost.layers.parted import Parted
from layercost.layers.quantized import QuantizedLinear
from layercost.message import Message, Words

WHICH: dict[str, Words] = {
    "all": Message("every value in the one format"),
    "matrices": Message("every matrix, tables and head too; vectors and router stay as they are"),
    "blocks": Message("the matrices of blocks; tables, norms, biases, router and head stay as they are"),
    "experts": Message("the matrices of the experts of mixtures; everything else stays as it is"),
    "experts-with-biases": Message(
        "the experts of mixtures and their biases; everything else stays as it is"
    ),
}
KEPT = ("norm", "router", "sinks", "relative_bias")


class Weights(NamedTuple):
    """The values in each of two formats, and the bytes of both."""

    quantised: int
    others: int
    format: Format
    rest: Format
    which: str
    own: int = 0  # bytes of layers that say themselves how their weights are quantised

    @property
    def bytes(self) -> int:
        """All bytes."""
        by_format = int(self.format.bytes_of(self.quantised)) + int(self.rest.bytes_of(self.others))
        return by_format + self.own


def weights(
    model: Layer, format: str | Format = "bfloat16", which: str = "blocks", rest: str | Format = "bfloat16"
) -> Weights:
    """What a model holds, `which` of it in `format` and the `rest` in another; raises UnknownNameError.

    A plain number format, as float16, is for all: ``which`` says what a format with groups is used for.

    >>> from layercost import FeedForward, Sequential
    >>> weights(Sequential(Sequential(FeedForward(64, 256))), "q4_0").bytes
    19072
    """
    return weights_of(once(model), format, which, rest)


Size = Callable[[Layer, str, Held], int]


def weights_of(
    leaves: Iterable[tuple[str, Layer]],
    format: str | Format,
    which: str,
    rest: str | Format = "bfloat16",
    size: Size | None = None,
) -> Weights:
    """What the leaves of a model hold, each under its path; `size` says how much of a value counts."""
    if which not in WHICH:
        raise UnknownNameError(Message("choice of weights"), which, WHICH)
    chosen = format_named(format)
    if not chosen.group and chosen.bits >= 16:
        which, rest = "all", chosen
    quantised = others = own = 0
    for path, leaf in leaves:
        layer = leaf.layer if type(leaf) is Fixed else leaf  # held fixed, as the layer that it was
        if isinstance(layer, QuantizedLinear):
            own += int(layer.stored_bytes())
            continue
        for part, held in parts_held(layer):
            counted = size(leaf, part, held) if size else int(held.size)
            if is_quantised(which, path, layer, part, held):
                quantised += counted
            else:
                others += counted
    return Weights(quantised, others, chosen, format_named(rest), which, own)


def once(model: Layer) -> Iterator[tuple[str, Layer]]:
    """Each leaf with its first path, once."""
    seen = set[int]()
    for path, leaf in model.leaves():
        if id(leaf) not in seen:
            seen.add(id(leaf))
            yield path, leaf


def is_trained(leaf: Layer, part: str, held: Held) -> bool:
    """Whether training changes a value that a leaf of a model holds in a part of it (see `parts_held`)."""
    if isinstance(leaf, Fixed):
        return part == "adapter"
    return part != "buffer" and held.trained


def parts_held(leaf: Layer) -> list[tuple[str, Held]]:
    """Everything that a layer holds, part by part."""
    inner = leaf.layer if isinstance(leaf, Adapted) else leaf
    adapters = [("adapter", held) for held in leaf.parameters()] if isinstance(leaf, Adapted) else []
    if isinstance(inner, Parted):
        parts = [(part, one) for part, held in inner.holds().items() for one in held]
    else:
        parts = [("", one) for one in inner.parameters()]
    return [*adapters, *parts, *[("buffer", one) for one in inner.buffers()]]


def is_quantised(which: str, path: str, leaf: Layer, part: str, held: Held) -> bool:
    """Whether a value is among those that are quantised."""
    if which == "all":
        return True
    if which.startswith("experts"):
        return part == "experts" and not (which == "experts" and held.is_bias)
    if isinstance(leaf, Parted):
        is_matrix = part not in (*KEPT, "adapter", "buffer") and not held.is_bias
    else:
        maps = (Linear, LoRA) if which == "blocks" else (Linear, LoRA, Embedding)
        is_matrix = isinstance(leaf.at_work, maps) and held.name == "weight"
    return is_matrix and (which == "matrices" or bool(block_of(path)))
