"""How fast a language model may write and read, in letters: what a step computes, and what it must read.

A step writes one token of each of N texts. It multiplies with every matrix once a text, and with the keys and
values of the S tokens of its own; the matrices are read once for all texts, the cache is read text by text.
A prefill reads N texts of T tokens at once. FLOPs are 2 a multiply-accumulate, full square; bytes are those
of the floor in `layercost.analysis.roofline`: matrices and cache, but neither norms nor activations.
Sources: Pope et al. 2022, section 2; Austin et al. 2025, How to Scale Your Model.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from layercost.analysis.accelerators import Accelerator
from layercost.analysis.sizes import attentions, widths
from layercost.convention import Quantity, bits_of
from layercost.counters import count
from layercost.expression import Expression, Number, Symbol, ceil_div, expression
from layercost.layer import Layer
from layercost.layers.attention import Attention
from layercost.message import Message
from layercost.models.known import model_named
from layercost.shape import ShapeError


class Writer(NamedTuple):
    """A decoder whose layers are alike and see the whole text: n of them, h query heads on g, of size k.

    `matrices` is the number of weights that each token is multiplied with: all but tables that are looked up
    in, norms and biases; a head counts even where it is tied to a table.
    """

    matrices: int
    layers: int
    heads: int
    kv_heads: int
    size: int

    @property
    def cached(self) -> int:
        """The values that a token leaves in the cache."""
        return 2 * self.layers * self.kv_heads * self.size

    @property
    def shared(self) -> Fraction:
        """How many query heads one head of keys and values serves."""
        return Fraction(self.heads, self.kv_heads)

    def step_flops(self, texts: int, seen: int) -> Expression:
        """Of one token more of each text, which sees `seen` keys, its own among them."""
        n, h, k = Symbol("n", self.layers), Symbol("h", self.heads), Symbol("k", self.size)
        return expression(
            2 * Symbol("N", texts) * (Symbol("P", self.matrices) + 2 * n * h * k * Symbol("S", seen))
        )

    def step_bytes(
        self, texts: int, seen: int, weights: str = "bfloat16", cache: str = "bfloat16"
    ) -> Expression:
        """That the step reads: the matrices once, and the cache of every text."""
        kept = 2 * Symbol("n", self.layers) * Symbol("g", self.kv_heads) * Symbol("k", self.size)
        tokens = Symbol("N", texts) * Symbol("S", seen)
        return expression(self.weight_bytes(weights) + tokens * kept * (bits_of(cache) // 8))

    def weight_bytes(self, weights: str = "bfloat16") -> Number:
        """The bytes of the matrices in a number format."""
        bits, held = bits_of(weights), Symbol("P", self.matrices)
        if bits == 8:
            return held
        return held * (bits // 8) if bits % 8 == 0 else ceil_div(held * bits, 8)

    def prefill_flops(self, texts: int, tokens: int) -> Expression:
        """Of texts that are read at once, full square, the head on every token."""
        n, h, k = Symbol("n", self.layers), Symbol("h", self.heads), Symbol("k", self.size)
        read = Symbol("N", texts) * Symbol("T", tokens)
        return expression(2 * read * (Symbol("P", self.matrices) + 2 * n * h * k * Symbol("T", tokens)))

    def prefill_bytes(
        self, texts: int, tokens: int, weights: str = "bfloat16", cache: str = "bfloat16"
    ) -> Expression:
        """That move at the least: the matrices are read once, the cache is written."""
        kept = 2 * Symbol("n", self.layers) * Symbol("g", self.kv_heads) * Symbol("k", self.size)
        read = Symbol("N", texts) * Symbol("T", tokens)
        return expression(self.weight_bytes(weights) + read * kept * (bits_of(cache) // 8))

    def even_texts(
        self, ridge: Fraction, seen: int, weights: str = "bfloat16", cache: str = "bfloat16"
    ) -> Fraction | None:
        """With how many texts a step takes as long to compute as to read; None where it never does.

        ``N = R w P / (2 (P + 2 n h k S) - R S c)``: each text brings its own cache along, and with it bytes.
        """
        each = ridge * seen * self.cached * bits_of(cache) / 8
        computed = 2 * (self.matrices + 2 * self.layers * self.heads * self.size * seen)
        if computed <= each:
            return None
        return ridge * Fraction(bits_of(weights), 8) * self.matrices / (computed - each)

    def longest_even(self, ridge: Fraction, cache: str = "bfloat16") -> Fraction | None:
        """The length from which on no number of texts is enough; None where any length may do.

        ``S = 2 P / (R c - 4 n h k)``.
        """
        each = ridge * self.cached * bits_of(cache) / 8 - 4 * self.layers * self.heads * self.size
        return Fraction(2 * self.matrices) / each if each > 0 else None


@lru_cache(maxsize=32)
def writer_named(name: str) -> Writer:
    """The model of that name; raises ShapeError for one whose layers are not alike, or see only a window.

    >>> writer_named("llama-3-8b").matrices
    7504658432
    """
    return writer(model_named(name))


def writer(model: Layer) -> Writer:
    """A model as what a step of it computes and reads; raises ShapeError where no formula tells it."""
    first, second, third = (count(model, Quantity.MACS, (1,), cached=cached).total for cached in (0, 1, 2))
    alike, every = widths(model), [one for one in attentions(model) if isinstance(one, Attention)]
    shared = {(int(one.kv_heads), one.window) for one in every}
    each = 2 * alike.layers * alike.heads * alike.head_size if alike else 0
    if alike is None or len(shared) != 1 or not each == second - first == third - second:
        raise ShapeError(
            Message("the layers of this model are not alike: one formula does not hold for all of them")
        )
    ((kv_heads, window),) = shared
    if window is not None:
        raise ShapeError(Message("the layers of this model see a window only, which no formula here has"))
    return Writer(first - each, alike.layers, alike.heads, kv_heads, alike.head_size)


def ridge_of(device: Accelerator, rate: str = "bfloat16") -> Fraction:
    """The operations a byte from which computing is the limit, exactly.

    >>> from layercost.analysis.accelerators import accelerator_named
    >>> round(float(ridge_of(accelerator_named("h100-sxm"))), 1)
    295.3
    """
    return Fraction(device.rate(rate)) / Fraction(device.bandwidth)
