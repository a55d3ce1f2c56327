"""Arithmetic intensity: how many operations there are for each byte that is moved.

Of a layer or network as it is, and by formula for the two things that a Transformer is made of.

A machine that can do more operations a byte than this waits for its memory (the roofline model).
Source: Williams, Waterman, Patterson 2009 (Roofline).
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from typing import NamedTuple, Unpack

from layercost.convention import Convention, convention_named
from layercost.counting import is_unknown
from layercost.facts import Facts
from layercost.layer import Call, Layer
from layercost.setting import Given, Setting, setting_of
from layercost.shape import several


class Intensity(NamedTuple):
    """Operations and the bytes that they move: held values and inputs are read, outputs are written.

    There are `at_least` so many operations where something happens that we do not know.
    """

    flops: int
    bytes_held: int
    bytes_read: int
    bytes_written: int
    convention: str
    at_least: bool = False

    @property
    def bytes(self) -> int:
        """All bytes that are moved."""
        return self.bytes_held + self.bytes_read + self.bytes_written

    @property
    def flops_per_byte(self) -> float:
        """The arithmetic intensity; 0 where nothing is moved."""
        return self.flops / self.bytes if self.bytes else 0.0


def arithmetic_intensity(
    layer: Layer,
    input_shape: Iterable[object],
    convention: str | Convention = "textbook",
    **setting: Unpack[Given],
) -> Intensity:
    """The operations of a layer or network at inference, and the bytes that they move.

    Every call reads what its layer holds and its input once, and writes its output once; nothing stays near
    the processor from one call to the next, and no two layers are fused. What writes nothing (Flatten,
    Dropout at inference) moves nothing. Raises ShapeError and UnknownNameError as `layercost.count` does.

    >>> from layercost import Linear
    >>> round(arithmetic_intensity(Linear(300, 100), (300,)).flops_per_byte, 3)
    0.492
    """
    chosen, plain = convention_named(convention), setting_of(setting)
    parts = [(call, call.facts(plain)) for call in layer.calls(*several(input_shape))]
    running = [(call, facts) for call, facts in parts if int(facts.written)]
    return Intensity(
        flops=sum(int(chosen.total(facts.operations)) for _, facts in parts),
        bytes_held=plain.bytes(sum(_held(facts) for _, facts in running)),
        bytes_read=plain.bytes(sum(_read(call, plain) for call, _ in running)),
        bytes_written=plain.bytes(sum(int(facts.written) for _, facts in running)),
        convention=chosen.name,
        at_least=any(is_unknown(facts.operations) for _, facts in parts),
    )


def _held(facts: Facts) -> int:
    return sum(int(held.size) for held in (*facts.parameters, *facts.buffers))


def _read(call: Call, setting: Setting) -> int:
    """The values of all inputs: a sum reads one from each branch."""
    return (1 if call.once else int(setting.batch)) * int(call.read)


# ---- by formula ----------------------------------------------------------------------------------


def map_intensity(
    rows: int, inputs: int, outputs: int, *, weight_bits: int = 16, value_bits: int = 16
) -> Fraction:
    """Of a linear map on `rows` tokens: its matrix is read once, tokens are read and written.

    ``2 n i o / (i o w + n (i + o) v)`` with w and v bytes a weight and a value: about n for few tokens in 16
    bits, and twice that for weights of 8. FLOPs are 2 a multiply-accumulate.

    >>> round(float(map_intensity(1, 4096, 4096)), 3)
    1.0
    """
    bits = inputs * outputs * weight_bits + rows * (inputs + outputs) * value_bits
    return Fraction(2 * rows * inputs * outputs * 8, bits)


def attention_intensity(
    queries: int, keys: int, *, heads: int, kv_heads: int, value_bits: int = 16
) -> Fraction:
    """Of the two products of attention, fused: queries, keys and values are read once, the result written.

    ``2 h T S / ((h T + g S) v)`` with v bytes a value: of a whole text T g' / (g' + 1) in 16 bits, with
    g' = h / g queries a key; of one new token over a long text g', whatever the batch.

    >>> attention_intensity(2048, 2048, heads=32, kv_heads=32)
    Fraction(1024, 1)
    """
    bits = (heads * queries + kv_heads * keys) * value_bits
    return Fraction(2 * heads * queries * keys * 8, bits)
