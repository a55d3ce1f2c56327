"""Arithmetic intensity: how many operations there are for each byte that is moved.

A machine that can do more operations a byte than this waits for its memory (the roofline model).
Source: Williams, Waterman, Patterson 2009 (Roofline).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from layercost.convention import Convention, bytes_of, convention_named
from layercost.facts import Facts
from layercost.layer import Call, Layer
from layercost.layers import Add
from layercost.shape import values, whole


class Intensity(NamedTuple):
    """Operations and the bytes that they move: held values and inputs are read, outputs are written."""

    flops: int
    bytes_held: int
    bytes_read: int
    bytes_written: int
    convention: str

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
    *,
    batch: int = 1,
    dtype: str = "float32",
) -> Intensity:
    """The operations of a layer or network at inference, and the bytes that they move.

    Every call reads what its layer holds and its input once, and writes its output once; nothing stays near
    the processor from one call to the next, and no two layers are fused. What writes nothing (Flatten,
    Dropout at inference) moves nothing. Raises ShapeError and UnknownNameError as `layercost.count` does.

    >>> from layercost import Linear
    >>> round(arithmetic_intensity(Linear(300, 100), (300,)).flops_per_byte, 3)
    0.492
    """
    chosen, plain = convention_named(convention), whole("arithmetic_intensity", "batch", batch)
    parts = [(call, call.facts(plain)) for call in layer.calls(input_shape)]
    running = [(call, facts) for call, facts in parts if int(facts.written)]
    return Intensity(
        flops=sum(int(chosen.total(facts.operations)) for _, facts in parts),
        bytes_held=bytes_of(sum(_held(facts) for _, facts in running), dtype),
        bytes_read=bytes_of(sum(_read(call, plain) for call, _ in running), dtype),
        bytes_written=bytes_of(sum(int(facts.written) for _, facts in running), dtype),
        convention=chosen.name,
    )


def _held(facts: Facts) -> int:
    return sum(int(held.size) for held in (*facts.parameters, *facts.buffers))


def _read(call: Call, batch: int) -> int:
    """The values of all inputs: a sum reads one from each branch."""
    branches = call.layer.branches if isinstance(call.layer, Add) else 1
    return branches * batch * int(values(call.input_shape))
