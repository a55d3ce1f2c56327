"""What the backward pass needs and the forward pass therefore keeps: the activations of training.

Two ways to count them. The formula of Korthikanti et al. 2022, section 4.1, is for a block of GPT in 16 bits:
masks of dropout take one byte, the statistics of norms nothing. And what torch keeps in eager mode, each
tensor once: the input of each map and of each norm, what is multiplied, the result of a softmax, masks in 16
bits, two statistics of a LayerNorm in 32. With flash attention (Dao et al. 2022) scores are never kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple, Unpack

from layercost.analysis.flow import places
from layercost.analysis.tensors import SCORES, Rules
from layercost.analysis.training import RECOMPUTE, block_of
from layercost.convention import UnknownNameError
from layercost.counting import usual_input
from layercost.expression import Expression, Symbol, add, ceil_div, expression, times
from layercost.layer import Layer
from layercost.message import Message
from layercost.setting import Given, setting_of

ATTENTION = {
    "eager": Message("scores are written down, and keys and values repeated for each head of queries"),
    "fused": Message("scores are never written down; one statistic of 32 bits a row of them is kept"),
}

WHOLE_BLOCKS = ("full", "until-needed")

# ---- one block of GPT, by formula ----------------------------------------------------------------


def korthikanti(
    tokens: int, batch: int, width: int, heads: int, *, recompute: str = "none", tensor: int = 1,
    sequence: bool = True,
) -> Expression:  # fmt: skip
    """The bytes that a block of GPT keeps in 16 bits: ``s b d (34 + 5 h s / d)``, written ``34sbd + 5hssb``.

    On `tensor` devices that share out each product, with `sequence` all else too (equation 4; without it
    10 sbd stay on each, equation 2). "selective" keeps no scores, "full" the input alone.

    >>> korthikanti(2048, 1, 12288, 96).value
    2868903936
    """
    if recompute not in RECOMPUTE:
        raise UnknownNameError(Message("recomputation"), recompute, RECOMPUTE)
    s, b, d = Symbol("s", tokens), Symbol("b", batch), Symbol("d", width)
    row = times(s, times(b, d))
    if recompute in WHOLE_BLOCKS:
        return expression(times(2, row))
    alone, shared = (0, 34) if sequence else (10, 24)
    if tensor == 1:
        alone, shared = 0, 34
    part = times(shared, row)
    if recompute == "none":
        part = add(part, times(5, times(Symbol("h", heads), times(s, times(s, b)))))
    if tensor > 1:
        part = ceil_div(part, Symbol("t", tensor))
    return expression(add(times(alone, row), part) if alone else part)


def eager_block(tokens: int, batch: int, width: int, heads: int, *, dropout: bool = True) -> Expression:
    """The bytes that torch keeps of a plain block in eager mode: ``36sbd + 6hssb + 16sb``, with dropout.

    Without it ``32sbd + 2hssb + 16sb``. Measured with torch 2.13 on blocks of six shapes.

    >>> eager_block(1024, 8, 768, 12).value
    830603264
    """
    s, b, d = Symbol("s", tokens), Symbol("b", batch), Symbol("d", width)
    rows, scores = (36, 6) if dropout else (32, 2)
    squares = times(scores, times(Symbol("h", heads), times(s, times(s, b))))
    return expression(add(add(times(rows, times(s, times(b, d))), squares), times(16, times(s, b))))


# ---- any model, tensor by tensor -----------------------------------------------------------------


class Kept(NamedTuple):
    """One tensor that is kept: in which call, as what, and its bytes."""

    path: str
    block: str
    what: str
    bytes: int


class Activations(NamedTuple):
    """What the forward pass keeps, tensor by tensor; each once, however often it is read."""

    tensors: tuple[Kept, ...]
    recompute: str
    attention: str
    dropout: bool
    largest_block: int

    @property
    def bytes(self) -> int:
        """Everything that is kept from the forward to the backward pass."""
        return sum(one.bytes for one in self.tensors)

    @property
    def peak(self) -> int:
        """The same, and where blocks are recomputed what one of them keeps while it is worked on."""
        return self.bytes + (self.largest_block if self.recompute in WHOLE_BLOCKS else 0)

    @property
    def by_block(self) -> dict[str, int]:
        """The bytes of each block; what stands outside of blocks under an empty name."""
        found: dict[str, int] = {}
        for one in self.tensors:
            found[one.block] = found.get(one.block, 0) + one.bytes
        return found


def activations(
    model: Layer,
    input_shape: Iterable[object] | None = None,
    *,
    recompute: str = "none",
    attention: str = "eager",
    dropout: bool = False,
    **setting: Unpack[Given],
) -> Activations:
    """What torch keeps for the backward pass, each value in the setting's number format (16 bits by default).

    `attention` is "eager" or "fused"; with `dropout` there are masks after attention's softmax and after each
    half of a block. `recompute` is "none", "selective" (no scores) or "full" (of a block its input alone).
    The loss and the scores of tokens that it reads are not counted. Raises ShapeError, UnknownNameError.
    """
    for asked, value, known in (
        (Message("recomputation"), recompute, RECOMPUTE), (Message("way of attention"), attention, ATTENTION),
    ):  # fmt: skip
        if value not in known:
            raise UnknownNameError(asked, value, known)
    if recompute == "fused-attention":
        attention = "fused"
    given: Given = {"dtype": "bfloat16", **setting} if "setting" not in setting else setting
    plain = setting_of(given)
    shapes = usual_input(model, input_shape, Message("activations"))
    kept = dict[object, Kept]()
    for call, place in zip(model.calls(*shapes), places(model, len(shapes)), strict=True):
        if place.reaches and call.runs(plain):
            for key, what, size in Rules(call, place, plain, attention, dropout).kept():
                kept.setdefault(key, Kept(call.path, block_of(call.path), what, size))
    every = tuple(kept.values())
    blocks: dict[str, int] = {}
    for one in every:
        blocks[one.block] = blocks.get(one.block, 0) + one.bytes * bool(one.block)
    return Activations(
        tuple(_left(every, recompute)), recompute, attention, dropout, max(blocks.values(), default=0)
    )


def _left(tensors: tuple[Kept, ...], recompute: str) -> Iterator[Kept]:
    """What is still kept where the rest is computed again."""
    begun = set[str]()
    for one in tensors:
        if recompute == "selective" and one.what in SCORES:
            continue
        if recompute in WHOLE_BLOCKS and one.block:
            if one.block in begun:
                continue
            begun.add(one.block)  # the first tensor of a block is what comes in
        yield one
