"""Formats of weights and of caches: how many bits a value takes, with the scales that its group shares.

A group of G weights of b bits has a scale of s bits, and perhaps a zero point of z bits: ``b + (s + z) / G``
bits a weight. Where scales are quantised in turn, theirs are shared by a larger group.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from layercost.convention import DTYPE_BITS, UnknownNameError
from layercost.expression import Expression, Number, Symbol, add, ceil_div, expression, times
from layercost.message import Message, Words


@dataclass(frozen=True)
class Format:
    """How weights are stored: `bits` each, and for each `group` a scale and a zero point.

    With `scale_group`, so many scales share one constant of `constant_bits`. A group of 0 has no scale.
    """

    name: str
    bits: int
    group: int = 0
    scale_bits: int = 0
    zero_bits: int = 0
    scale_group: int = 0
    constant_bits: int = 0
    source: Words = ""

    @property
    def bits_a_weight(self) -> Fraction:
        """The bits of one weight with its part of scales and zero points, exactly."""
        each = Fraction(self.bits)
        if self.group:
            each += Fraction(self.scale_bits + self.zero_bits, self.group)
        if self.scale_group:
            each += Fraction(self.constant_bits, self.group * self.scale_group)
        return each

    def bits_of(self, count: Number, *, lettered: bool = False) -> Number:
        """The bits of `count` weights; the last group may be smaller, and has a scale all the same."""

        def letter(name: str, number: int) -> Number:
            return Symbol(name, number) if lettered else number

        total = times(letter("b", self.bits), count)
        if self.group:
            groups = ceil_div(count, letter("G", self.group))
            each: Number = letter("s", self.scale_bits)
            if self.zero_bits:
                each = add(each, letter("z", self.zero_bits))
            total = add(total, times(each, groups))
            if self.scale_group:
                constants = ceil_div(groups, letter("G_2", self.scale_group))
                total = add(total, times(letter("s_2", self.constant_bits), constants))
        return total

    def bytes_of(self, count: Number) -> Number:
        """The bytes of `count` weights, rounded up to whole ones.

        >>> FORMATS["q4_0"].bytes_of(4096 * 4096)
        9437184
        """
        return ceil_div(self.bits_of(count), 8)

    def derived(self, count: int) -> Expression:
        """The bytes of `count` weights as a formula: n of b bits, each G of them with a scale of s bits."""
        return expression(ceil_div(self.bits_of(Symbol("n", count), lettered=True), 8))


FORMATS: dict[str, Format] = {
    one.name: one
    for one in (
        Format("float8", 8, source=Message("Micikevicius et al. 2022, FP8 formats for deep learning")),
        Format("int4-g128", 4, 128, 16, source=Message(
            "Frantar et al. 2022, GPTQ: groups of 128 with a 16-bit scale, symmetric")),
        Format("int4-g128-zero", 4, 128, 16, 4, source=Message(
            "Frantar et al. 2022, GPTQ, and Lin et al. 2023, AWQ: groups of 128, a 16-bit scale, a 4-bit "
            "zero point")),
        Format("int4-g32", 4, 32, 16, source=Message("groups of 32 with a 16-bit scale")),
        Format("int4-g64-bias", 4, 64, 16, 16, source=Message(
            "MLX, mlx.core.quantize: groups of 64, a 16-bit scale and a 16-bit bias")),
        Format("nf4", 4, 64, 32, source=Message(
            "Dettmers et al. 2023, QLoRA, section 3: blocks of 64 with a 32-bit constant")),
        Format("nf4-double", 4, 64, 8, 0, 256, 32, source=Message(
            "Dettmers et al. 2023, QLoRA, section 3: constants in 8 bits, 256 of them with a 32-bit one")),
        Format("mxfp4", 4, 32, 8, source=Message(
            "Open Compute Project 2023, Microscaling Formats (MX) 1.0, section 5.2: blocks of 32 with an "
            "8-bit scale")),
        Format("mxfp8", 8, 32, 8, source=Message(
            "Open Compute Project 2023, Microscaling Formats (MX) 1.0, section 5.2")),
        Format("q4_0", 4, 32, 16, source=Message("ggml, block_q4_0: 32 weights and a 16-bit scale")),
        Format("q4_1", 4, 32, 16, 16, source=Message(
            "ggml, block_q4_1: 32 weights, a 16-bit scale and a 16-bit minimum")),
        Format("q5_0", 5, 32, 16, source=Message("ggml, block_q5_0: 32 weights and a 16-bit scale")),
        Format("q5_1", 5, 32, 16, 16, source=Message(
            "ggml, block_q5_1: 32 weights, a 16-bit scale and a 16-bit minimum")),
        Format("q8_0", 8, 32, 16, source=Message("ggml, block_q8_0: 32 weights and a 16-bit scale")),
        Format("q2_K", 2, 16, 4, 4, 16, 32, source=Message(
            "ggml, block_q2_K: 16 groups of 16, each with a 4-bit scale and a 4-bit minimum; 16 bits for "
            "scales and 16 for minima")),
        Format("q3_K", 3, 16, 6, 0, 16, 16, source=Message(
            "ggml, block_q3_K: 16 groups of 16, each with a 6-bit scale; 16 bits for all scales")),
        Format("q4_K", 4, 32, 6, 6, 8, 32, source=Message(
            "ggml, block_q4_K: 8 groups of 32, each with a 6-bit scale and a 6-bit minimum; 16 bits for "
            "scales and 16 for minima")),
        Format("q5_K", 5, 32, 6, 6, 8, 32, source=Message("ggml, block_q5_K: as q4_K")),
        Format("q6_K", 6, 16, 8, 0, 16, 16, source=Message(
            "ggml, block_q6_K: 16 groups of 16, each with an 8-bit scale; 16 bits for all scales")),
    )
}  # fmt: skip


OF_WEIGHTS = Message("format of weights")
OF_A_CACHE = Message("format of a cache")


def format_named(name: str | Format, what: Message = OF_WEIGHTS) -> Format:
    """A format by its name, or a plain number format as float16; raises UnknownNameError."""
    if isinstance(name, Format):
        return name
    if name in FORMATS:
        return FORMATS[name]
    if name in DTYPE_BITS:
        return Format(name, DTYPE_BITS[name], source=Message("the number format alone, without scales"))
    raise UnknownNameError(what, name, [*DTYPE_BITS, *FORMATS])
