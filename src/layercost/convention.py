"""What counts as what: quantities, and the named conventions that price the facts of a layer.

A price is linear in the length of an operation, so it is data that can be shown (``2n - 1``),
and the same line prices plain integers and expressions.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from layercost.expression import Number, times
from layercost.facts import Kind, Operation, Role


class Price(NamedTuple):
    """``each * length + once``: what one operation over `length` values costs."""

    each: int
    once: int = 0

    def of(self, operation: Operation) -> Number:
        """The price of all `operation.count` operations."""
        if self.each == 0:
            return times(operation.count, self.once) if self.once != 1 else operation.count
        one = times(self.each, operation.length)
        if self.once:
            one = one + self.once if self.once > 0 else one - -self.once
        return times(one, operation.count) if not isinstance(one, int) else one * operation.count

    def __str__(self) -> str:
        letters = "" if not self.each else "n" if self.each == 1 else f"{self.each}n"
        if not letters:
            return str(self.once)
        return letters + (f" {'+' if self.once > 0 else '-'} {abs(self.once)}" if self.once else "")


Key = Kind | tuple[Kind, Role]


@dataclass(frozen=True)
class Convention:
    """Prices for the facts of a layer, under a name and with a source.

    `prices` is keyed by a kind of operation, or by a kind in one role, which goes first.
    `fused` tells that a multiplication and the addition of its product are one operation.
    """

    name: str
    unit: str
    counts: str
    source: str
    prices: Mapping[Key, Price]

    def price(self, operation: Operation) -> Number | None:
        """The price of `operation`, or None where this convention does not count it."""
        price = self.prices.get((operation.kind, operation.role)) or self.prices.get(operation.kind)
        return None if price is None else price.of(operation)


TEXTBOOK = Convention(
    name="textbook",
    unit="FLOPs",
    counts="dot products with their bias: 2n for a dot product of length n with bias, 2n - 1 without; nothing else",
    source="documents 001, 002 and 003: n multiplications, n - 1 additions, and 1 for the bias",
    prices={Kind.DOT: Price(2, -1), (Kind.ADD, Role.BIAS): Price(0, 1)},
)

MACS_ONLY = Convention(
    name="macs",
    unit="MACs",
    counts="n for a dot product of length n; nothing else, and no bias",
    source="documents 002 and 003: a multiplication with its addition as one operation",
    prices={Kind.DOT: Price(1)},
)

EVERYTHING = Convention(
    name="everything",
    unit="FLOPs",
    counts=(
        "textbook, and pooling, normalization, activations and element-wise operations: add, subtract, multiply, "
        "divide, compare, exponential, square root 1 each; ReLU 1, sigmoid 4, tanh 8; max pooling the cells of its "
        "windows; softmax 3n - 1"
    ),
    source="document 001: each add, subtract, multiply, divide, exponential, square root is one operation",
    prices={
        Kind.DOT: Price(2, -1),
        Kind.SUM: Price(1, -1),
        Kind.MAXIMUM: Price(1),
        Kind.SOFTMAX: Price(3, -1),
        **{kind: Price(0, 1) for kind in (Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY, Kind.DIVIDE, Kind.COMPARE)},
        **{kind: Price(0, 1) for kind in (Kind.EXPONENTIAL, Kind.SQUARE_ROOT, Kind.POWER, Kind.RELU)},
        Kind.SIGMOID: Price(0, 4),
        Kind.TANH: Price(0, 8),
    },
)

CONVENTIONS: dict[str, Convention] = {c.name: c for c in (TEXTBOOK, MACS_ONLY, EVERYTHING)}


class Quantity(Enum):
    """What can be counted; the value is its name in tables and JSON."""

    PARAMETERS = "parameters"
    BUFFERS = "buffers"
    STORED_VALUES = "stored_values"
    PARAMETER_BYTES = "parameter_bytes"
    MACS = "macs"
    FLOPS = "flops"
    MULTIPLICATIONS = "multiplications"
    ADDITIONS = "additions"
    ACTIVATIONS = "activations"
    ACTIVATION_BYTES = "activation_bytes"


# Counts of one kind of operation do not depend on the convention that was asked for: they are their own.
_OWN_PRICES: dict[Quantity, Convention] = {
    Quantity.MACS: MACS_ONLY,
    Quantity.MULTIPLICATIONS: Convention(
        "multiplications", "multiplications", "every multiplication: n for a dot product of length n", "",
        {Kind.DOT: Price(1), Kind.MULTIPLY: Price(0, 1)},
    ),
    Quantity.ADDITIONS: Convention(
        "additions", "additions", "every addition: n - 1 for a dot product or a sum over n, 1 for a bias", "",
        {Kind.DOT: Price(1, -1), Kind.SUM: Price(1, -1), Kind.ADD: Price(0, 1)},
    ),
}  # fmt: skip

DTYPE_BITS = {"float64": 64, "float32": 32, "float16": 16, "bfloat16": 16, "int8": 8, "int4": 4}


def bytes_of(count: int, dtype: str = "float32") -> int:
    """The bytes that `count` values take in `dtype`, rounded up to whole bytes."""
    if dtype not in DTYPE_BITS:
        raise ValueError(unknown("number format", dtype, DTYPE_BITS))
    return -(-count * DTYPE_BITS[dtype] // 8)


def convention_named(name: str | Convention) -> Convention:
    """The convention of that name (a Convention passes through); raises ValueError with the nearest names."""
    if isinstance(name, Convention):
        return name
    if name not in CONVENTIONS:
        raise ValueError(unknown("convention", name, CONVENTIONS))
    return CONVENTIONS[name]


def pricing(quantity: Quantity, convention: Convention) -> Convention:
    """The prices behind `quantity`: those of `convention` for FLOPs, its own for MACs and other operations."""
    return convention if quantity is Quantity.FLOPS else _OWN_PRICES[quantity]


def unknown(what: str, name: object, known: Iterable[str]) -> str:
    """The message for a name that nobody has: the nearest right ones, or all of them."""
    names = list(known)
    folded = {candidate.casefold(): candidate for candidate in names}
    near = [folded[match] for match in difflib.get_close_matches(str(name).casefold(), folded, n=3, cutoff=0.5)]
    tail = f"did you mean {' or '.join(map(repr, near))}?" if near else f"there are: {', '.join(names)}"
    return f"no {what} is called {name!r}; {tail}"
