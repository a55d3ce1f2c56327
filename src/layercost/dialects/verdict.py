"""The verdict on a tool's number: whether it is right as what it is called, and else by how much it is off.

A number that is called MACs or mult-adds is held against the multiply-accumulates. One that is called FLOPs
is held, call by call and where there are dot products, against their multiplications and additions, or
against two for each multiply-accumulate; how a tool prices pooling or a sigmoid is its own affair.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from layercost.convention import MACS_ONLY, TEXTBOOK, TWO_A_MAC
from layercost.dialects.dialect import Dialect
from layercost.dialects.reading import Reading
from layercost.message import Message


class Judged(Enum):
    """How a number comes out."""

    RIGHT = "right"
    MISNAMED = "misnamed"
    TOO_LARGE = "too large"
    TOO_SMALL = "too small"
    OWN_PRICES = "own prices"
    UNKNOWN = "unknown"
    NOTHING = "nothing"


class Verdict(NamedTuple):
    """How a number comes out, by how much it is off, and both in words.

    `doubled` says that the number is right only where a MAC is taken for two, and is not the exact one.
    """

    judged: Judged
    off: int
    words: Message
    doubled: bool = False


class _Dots(NamedTuple):
    """A call with dot products: what the tool makes of it, and what they are in three ways of counting."""

    amount: int
    macs: int
    exact: int
    doubled: int


def called(dialect: Dialect) -> str:
    """What a tool calls its number: MACs, mult-adds or FLOPs."""
    return dialect.unit if dialect.unit in ("MACs", "mult-adds") else "FLOPs"


def verdict(reading: Reading) -> Verdict:
    """What is to be said of the number that a tool prints; of a tool that counts no operations, nothing.

    >>> from layercost import Linear
    >>> from layercost.dialects import read
    >>> str(verdict(read(Linear(300, 100), (300,), "torchinfo")).words)
    'too large as mult-adds, by 100'
    >>> str(verdict(read(Linear(300, 100), (300,), "fvcore")).words)
    'right as MACs, but called FLOPs'
    """
    if reading.failure is not None or not reading.tool.counts_operations:
        return Verdict(Judged.NOTHING, 0, Message("gives no number of operations"))
    if None in reading.counted.amounts:
        return Verdict(Judged.UNKNOWN, 0, Message("nobody has measured the tool on all of its layers"))
    name = called(reading.tool)
    return _of_macs(reading, name) if name != "FLOPs" else _of_flops(list(_dots(reading)))


def _of_macs(reading: Reading, name: str) -> Verdict:
    """The number held against the multiply-accumulates: a bias or a maximum is none.

    What a tool does to the sum counts too, as where it divides by what it takes for the batch.
    """
    macs = sum(int(MACS_ONLY.total(operations)) for operations, _ in reading.counted.works)
    return _off(name, (reading.main or 0) - macs)


def _dots(reading: Reading) -> Iterator[_Dots]:
    for (operations, _), amount in zip(reading.counted.works, reading.counted.amounts, strict=True):
        macs, exact, doubled = (
            int(convention.total(operations)) for convention in (MACS_ONLY, TEXTBOOK, TWO_A_MAC)
        )
        if macs:
            yield _Dots(amount or 0, macs, exact, doubled)


def _of_flops(dots: list[_Dots]) -> Verdict:
    if not dots:
        return Verdict(Judged.OWN_PRICES, 0, Message("there are no dot products; it has a price of its own"))
    if all(one.amount == one.macs for one in dots):
        return Verdict(Judged.MISNAMED, 0, Message("right as MACs, but called FLOPs"))
    if all(one.amount == one.exact for one in dots):
        return _off("FLOPs", 0)
    if all(one.amount == one.doubled for one in dots):
        return Verdict(Judged.RIGHT, 0, Message("right as FLOPs where a MAC is taken for two"), doubled=True)
    above = sum(one.amount - max(one.exact, one.doubled) for one in dots)
    below = sum(one.amount - min(one.exact, one.doubled) for one in dots)
    return _off("FLOPs", above if above > 0 else min(below, 0))


def _off(name: str, off: int) -> Verdict:
    if off > 0:
        return Verdict(Judged.TOO_LARGE, off, Message("too large as {name}, by {off:,}", name=name, off=off))
    if off < 0:
        return Verdict(Judged.TOO_SMALL, off, Message("too small as {name}, by {off:,}", name=name, off=-off))
    return Verdict(Judged.RIGHT, 0, Message("right as {name}", name=name))
