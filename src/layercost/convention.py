"""What counts as what: quantities, and the named conventions that price the facts of a layer.

A price is linear in the length of an operation, so it is data that can be shown (``2n - 1``),
and the same line prices plain integers and expressions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import NamedTuple, TypeAlias

from layercost.expression import Number, add, times
from layercost.facts import IN_OTHERS, Kind, Operation, Role
from layercost.message import Message, Words, either, listing, spoken
from layercost.shape import shown, whole


class Price(NamedTuple):
    """``each * length + once``: what one operation over `length` values costs."""

    each: int
    once: int = 0

    def of(self, operation: Operation) -> Number:
        """The price of all `operation.amount` operations."""
        amount, length = operation.amount, operation.length
        if isinstance(amount, int) and isinstance(length, int):
            return (self.each * length + self.once) * amount
        return self._derived(amount, length)

    def _derived(self, amount: Number, length: Number) -> Number:
        """The same with letters, where what is 0 and a factor of 1 are not written."""
        one = times(self.each, length) if self.each else 0
        if not self.each or self.once > 0:
            one = add(one, self.once)
        elif self.once < 0:
            one = one - -self.once
        return amount if isinstance(one, int) and one == 1 else times(one, amount)

    def __str__(self) -> str:
        letters = "" if not self.each else "n" if self.each == 1 else f"{self.each}n"
        if not letters:
            return str(self.once)
        return letters + (f" {'+' if self.once > 0 else '-'} {abs(self.once)}" if self.once else "")


Key: TypeAlias = Kind | tuple[Kind, Role]


@dataclass(frozen=True, eq=False)  # compared by identity: equal prices may come from different sources
class Convention:
    """Prices for the facts of a layer, under a name and with a source.

    `prices` is keyed by a kind of operation, or by a kind in one role; the role is looked up first.
    """

    name: str
    unit: str
    counts: Message
    source: Message
    prices: Mapping[Key, Price]

    @cached_property
    def _price_of(self) -> dict[tuple[Kind, Role], Price]:
        """The price of each kind in each role, as far as there is one."""
        pairs = [(kind, role) for kind in Kind for role in Role]
        found = {pair: self.prices.get(pair, self.prices.get(pair[0])) for pair in pairs}
        return {pair: price for pair, price in found.items() if price is not None}

    def price(self, operation: Operation) -> Number | None:
        """The price of `operation`, or None where this convention does not count it."""
        price = self._price_of.get((operation.kind, operation.role))
        return None if price is None else price.of(operation)

    def total(self, operations: Iterable[Operation]) -> Number:
        """The prices of `operations`, added up; what is not counted adds nothing."""
        total: Number = 0
        prices = self._price_of
        for operation in operations:
            price = prices.get(operation[:2])  # by kind and role
            if price is None:
                continue
            amount, length = operation[2:]
            if (
                type(total) is type(amount) is type(length) is int
            ):  # plain integers, as nearly always; else letters
                total += (price[0] * length + price[1]) * amount
            elif price.each < 0 and not price.once:  # what is taken off again
                total = total - Price(-price.each).of(operation)
            else:
                total = add(total, price.of(operation))
        return total

    def left_out(self, operations: Iterable[Operation]) -> Iterator[Operation]:
        """Those of `operations` that this convention does not count."""
        known = self._price_of
        return (one for one in operations if one[:2] not in known and one.kind not in IN_OTHERS)


TEXTBOOK = Convention(
    name="textbook",
    unit="FLOPs",
    counts=Message(
        "dot products with their bias: 2n for a dot product of length n with bias, 2n - 1 without; "
        "nothing else"
    ),
    source=Message("documents 001, 002 and 003: n multiplications, n - 1 additions, and 1 for the bias"),
    prices={Kind.DOT: Price(2, -1), (Kind.ADD, Role.BIAS): Price(0, 1)},
)

MACS_ONLY = Convention(
    name="macs",
    unit="MACs",
    counts=Message("n for a dot product of length n; nothing else, and no bias"),
    source=Message("documents 002 and 003: a multiplication with its addition as one operation"),
    prices={Kind.DOT: Price(1)},
)

TWO_A_MAC = Convention(
    name="two-a-mac",
    unit="FLOPs",
    counts=Message(
        "2n for a dot product of length n, 2 for each multiply-accumulate; nothing else, and no bias"
    ),
    source=Message(
        "Kaplan et al. 2020, Scaling laws for neural language models, section 2.1 and table 1, as in "
        "most papers on language models; PyTorch, torch.utils.flop_counter.FlopCounterMode"
    ),
    prices={Kind.DOT: Price(2)},
)

CAUSAL_HALF = Convention(
    name="causal-half",
    unit="FLOPs",
    counts=Message(
        "2n for a dot product of length n, without the pairs of tokens that a mask hides: of the square "
        "of an attention that looks back, the lower half and its diagonal; nothing else, and no bias"
    ),
    source=Message(
        "Dao 2023, FlashAttention-2, section 4.1: a causal mask leaves about half of the pairs; here the "
        "pairs are counted exactly"
    ),
    prices={Kind.DOT: Price(2), Kind.MASKED: Price(-2)},
)

LOOKUP_AS_PRODUCT = Convention(
    name="lookup-as-product",
    unit="FLOPs",
    counts=Message(
        "2n for a dot product of length n, and for each value of an embedding 2n with the n rows of its "
        "table, as if it were a product; nothing else, and no bias"
    ),
    source=Message(
        "Hoffmann et al. 2022, Training compute-optimal large language models, appendix F: embeddings as "
        "2 x tokens x vocabulary x width"
    ),
    prices={Kind.DOT: Price(2), Kind.LOOKUP: Price(2)},
)

EVERYTHING = Convention(
    name="everything",
    unit="FLOPs",
    counts=Message(
        "textbook, and pooling, normalization, activations and element-wise operations: add, "
        "subtract, multiply, divide, compare, exponential, square root 1 each, and so logarithm, "
        "sine, cosine, absolute value, change of sign, rounding; ReLU 1, sigmoid 4, tanh 8; max "
        "pooling the cells of its windows; softmax 3n - 1"
    ),
    source=Message(
        "document 001: each add, subtract, multiply, divide, exponential, square root is one "
        "operation; it names no logarithm, sine, sign or rounding, which are priced as the "
        "exponential is"
    ),
    prices={
        Kind.DOT: Price(2, -1),
        Kind.SUM: Price(1, -1),
        Kind.MAXIMUM: Price(1),
        Kind.SOFTMAX: Price(3, -1),
        **{kind: Price(0, 1) for kind in (Kind.ADD, Kind.SUBTRACT, Kind.MULTIPLY, Kind.DIVIDE, Kind.COMPARE)},
        **{kind: Price(0, 1) for kind in (Kind.EXPONENTIAL, Kind.SQUARE_ROOT, Kind.POWER, Kind.RELU)},
        **{kind: Price(0, 1) for kind in (Kind.LOGARITHM, Kind.SINE, Kind.COSINE)},
        **{kind: Price(0, 1) for kind in (Kind.ABSOLUTE, Kind.NEGATE, Kind.ROUND)},
        Kind.SIGMOID: Price(0, 4),
        Kind.TANH: Price(0, 8),
    },
)

TWO_A_WEIGHT = Convention(
    name="two-a-weight",
    unit="FLOPs",
    counts=Message(
        "2n for a dot product of length n with weights; nothing else: no bias, and none of the products of "
        "two values, as the scores and the context of an attention"
    ),
    source=Message(
        "Kaplan et al. 2020, Scaling laws for neural language models, section 2.1: 2 N for a token, before "
        "the term of the attention"
    ),
    prices={(Kind.DOT, Role.WEIGHTS): Price(2)},
)

CONVENTIONS: dict[str, Convention] = {
    c.name: c for c in (TEXTBOOK, MACS_ONLY, TWO_A_MAC, CAUSAL_HALF, LOOKUP_AS_PRODUCT, EVERYTHING)
}

SHORTCUTS = {TWO_A_WEIGHT.name: TWO_A_WEIGHT}  # what leaves out on purpose, and is asked for by name alone


class Quantity(Enum):
    """What can be counted; the value is its name in tables and JSON."""

    PARAMETERS = "parameters"
    WEIGHTS = "weights"
    BIASES = "biases"
    BUFFERS = "buffers"
    STORED_VALUES = "stored_values"
    PARAMETER_BYTES = "parameter_bytes"
    MACS = "macs"
    FLOPS = "flops"
    MULTIPLICATIONS = "multiplications"
    ADDITIONS = "additions"
    COMPARISONS = "comparisons"
    EXPONENTIALS = "exponentials"
    ACTIVATIONS = "activations"
    ACTIVATION_BYTES = "activation_bytes"
    KV_CACHE = "kv_cache"
    KV_CACHE_BYTES = "kv_cache_bytes"

    __hash__ = object.__hash__  # each member exists once; Enum's own hash is slow where totals are looked up


# Counts of one kind of operation do not depend on the convention that is asked for: each has its own prices.
_OWN_PRICES: dict[Quantity, Convention] = {
    Quantity.MACS: MACS_ONLY,
    Quantity.MULTIPLICATIONS: Convention(
        name="multiplications",
        unit="multiplications",
        counts=Message("every multiplication: n for a dot product of length n"),
        source=Message("the definition of a dot product"),
        prices={Kind.DOT: Price(1), Kind.MULTIPLY: Price(0, 1)},
    ),
    Quantity.ADDITIONS: Convention(
        name="additions",
        unit="additions",
        counts=Message("every addition: n - 1 for a dot product, a sum or a softmax over n, 1 for a bias"),
        source=Message("the definitions of a dot product, a sum and a softmax"),
        prices={
            **{kind: Price(1, -1) for kind in (Kind.DOT, Kind.SUM, Kind.SOFTMAX)},
            Kind.ADD: Price(0, 1),
        },
    ),
    Quantity.COMPARISONS: Convention(
        name="comparisons",
        unit="comparisons",
        counts=Message("every comparison: n - 1 for the largest of n values"),
        source=Message("the definition of a maximum"),
        prices={Kind.MAXIMUM: Price(1, -1), Kind.COMPARE: Price(0, 1)},
    ),
    Quantity.EXPONENTIALS: Convention(
        name="exponentials",
        unit="exponentials",
        counts=Message(
            "every exponential: n for a softmax over n values; sigmoid, tanh and GELU are not taken apart"
        ),
        source=Message("the definition of a softmax"),
        prices={Kind.SOFTMAX: Price(1), Kind.EXPONENTIAL: Price(0, 1)},
    ),
}

_QUANTITIES_IN_WORDS: dict[Quantity, Words] = {
    Quantity.PARAMETERS: Message("parameters"),
    Quantity.WEIGHTS: Message("weights"),
    Quantity.BIASES: Message("biases"),
    Quantity.BUFFERS: Message("buffers"),
    Quantity.STORED_VALUES: Message("stored values"),
    Quantity.PARAMETER_BYTES: Message("parameter bytes"),
    Quantity.MULTIPLICATIONS: Message("multiplications"),
    Quantity.ADDITIONS: Message("additions"),
    Quantity.COMPARISONS: Message("comparisons"),
    Quantity.EXPONENTIALS: Message("exponentials"),
    Quantity.ACTIVATIONS: Message("activations"),
    Quantity.ACTIVATION_BYTES: Message("activation bytes"),
    Quantity.KV_CACHE: Message("cached values"),
    Quantity.KV_CACHE_BYTES: Message("bytes of the cache"),
    Quantity.MACS: "MACs",
    Quantity.FLOPS: "FLOPs",
}


def quantity_in_words(quantity: Quantity) -> Words:
    """A quantity as people read it."""
    return _QUANTITIES_IN_WORDS[quantity]


# Units are names, the same in every language where data are kept; these are read as words.
UNITS_IN_WORDS: dict[Words, Words] = {
    "parameters": Message("parameters"),
    "weights": Message("weights"),
    "biases": Message("biases"),
    "values": Message("values"),
    "bytes": Message("bytes"),
    "multiplications": Message("multiplications"),
    "additions": Message("additions"),
    "comparisons": Message("comparisons"),
    "exponentials": Message("exponentials"),
    "connections": Message("connections"),
    "percent": Message("percent"),
    "hours": Message("hours"),
    "days": Message("days"),
    "bits a weight": Message("bits a weight"),
    "FLOPs a byte": Message("FLOPs a byte"),
    "milliseconds": Message("milliseconds"),
    "tokens": Message("tokens"),
    "tokens a second": Message("tokens a second"),
    "texts": Message("texts"),
    "blocks": Message("blocks"),
    "devices": Message("devices"),
    "cards": Message("cards"),
    "steps": Message("steps"),
    "dollars": Message("dollars"),
    "multiply-accumulates, called flops": Message("multiply-accumulates, called flops"),
}


def unit_in_words(unit: Words) -> Words:
    """A unit as people read it: FLOPs and KiB are the same everywhere, parameters and bytes are words."""
    return UNITS_IN_WORDS.get(unit, unit)


DTYPE_BITS = {"float64": 64, "float32": 32, "float16": 16, "bfloat16": 16, "int8": 8, "int4": 4}


class Memory(NamedTuple):
    """A size in bytes, written in decimal units (kB = 1,000 bytes) and in binary ones (KiB = 1,024 bytes)."""

    bytes: int
    decimal: str
    binary: str

    def __str__(self) -> str:
        return f"{self.decimal} = {self.binary}" if self.decimal != self.binary else self.decimal


_UNITS = {1000: ("bytes", "kB", "MB", "GB", "TB", "PB"), 1024: ("bytes", "KiB", "MiB", "GiB", "TiB", "PiB")}


_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def unit_with_its_size(unit: Words) -> Words:
    """A unit as people read it, and of bytes how many they are.

    >>> str(unit_with_its_size("GB")), str(unit_with_its_size("KiB"))
    ('GB (10⁹ bytes)', 'KiB (1,024 bytes)')
    """
    for base, names in _UNITS.items():
        if unit in names[1:]:
            power = names.index(str(unit))
            many, raised = (f"{base:,}", power) if base == 1024 or power == 1 else ("10", 3 * power)
            size = many if raised == 1 else many + str(raised).translate(_RAISED)
            return Message("{unit} ({size} bytes)", unit=unit, size=size)
    return unit_in_words(unit)


def memory(size: int) -> Memory:
    """`size` bytes in both kinds of unit, to four places; raises ShapeError for what is no size.

    >>> str(memory(61_706 * 4))
    '246.824 kB = 241.0391 KiB'
    """
    whole("memory", "size", size, 0)
    return Memory(size, _in_units(size, 1000), _in_units(size, 1024))


def in_largest_unit(size: int, step: int = 1024) -> tuple[float, str]:
    """`size` bytes in the largest unit of which there is one: a binary one, or with a step of 1000 a decimal.

    >>> in_largest_unit(16_793_600)
    (16.015625, 'MiB')
    """
    units = _UNITS[step]
    power = 0
    while power + 1 < len(units) and size >= step ** (power + 1):
        power += 1
    return size / step**power, units[power]


def _in_units(size: int, step: int) -> str:
    many, unit = in_largest_unit(size, step)
    number = f"{many:,.4f}".rstrip("0").rstrip(".")
    return f"{number} {unit}" if unit != "bytes" else spoken("{number} bytes", number=number)


def bytes_of(count: int, dtype: str = "float32") -> int:
    """The bytes that `count` values take in `dtype`, rounded up to whole bytes; raises UnknownNameError."""
    return -(-count * bits_of(dtype) // 8)


def bits_of(dtype: str) -> int:
    """The bits that one value takes in `dtype`; raises UnknownNameError with the nearest names."""
    if dtype not in DTYPE_BITS:
        raise UnknownNameError(NUMBER_FORMAT, dtype, DTYPE_BITS)
    return DTYPE_BITS[dtype]


def convention_named(name: str | Convention) -> Convention:
    """The convention of that name; a Convention passes through. Raises UnknownNameError."""
    if isinstance(name, Convention):
        return name
    if isinstance(name, str) and name in SHORTCUTS:
        return SHORTCUTS[name]
    if not isinstance(name, str) or name not in CONVENTIONS:
        raise UnknownNameError(CONVENTION, name, CONVENTIONS)
    return CONVENTIONS[name]


def pricing(quantity: Quantity, convention: Convention) -> Convention:
    """The prices behind `quantity`: `convention`'s for FLOPs; MACs and other operations have their own."""
    return convention if quantity is Quantity.FLOPS else _OWN_PRICES[quantity]


class UnknownNameError(ValueError):
    """A name that nobody has: the message gives the nearest right ones, or all of them."""

    def __init__(self, what: Message, name: object, known: Iterable[str]) -> None:
        super().__init__(unknown(what, name, known))


CONVENTION, NUMBER_FORMAT = Message("convention"), Message("number format")


def unknown(what: Message, name: object, known: Iterable[str]) -> Message:
    """The message for a name that nobody has: the nearest right ones, or all of them."""
    if what == CONVENTION and (unit := _unit_meant(name)):
        return _unit_for_convention(name, unit)
    names = list(known)
    near = _near(str(name).casefold()[:100], {candidate.casefold(): candidate for candidate in names})
    if near:
        nearest = either(map(repr, near))
        return Message(
            "no {what} is called {name}; did you mean {nearest}?",
            what=what,
            name=shown(name),
            nearest=nearest,
        )
    if not names:
        return Message("no {what} is called {name}, and there is none", what=what, name=shown(name))
    there, more = listing(names[:40]), len(names) - 40
    if more > 0:
        there = Message("{names} and {more} more", names=there, more=more)
    return Message("no {what} is called {name}; there are: {names}", what=what, name=shown(name), names=there)


def _near(asked: str, known: Mapping[str, str]) -> list[str]:
    """The three of `known`, by their folded names, that are nearest to what was asked for."""
    import difflib  # slow to import, and needed only here

    asked = re.sub(r"^fp(?=\d)", "float", asked)  # fp8, as float8 is called elsewhere
    holding = [candidate for candidate in known if len(asked) > 1 and asked in candidate]
    close = difflib.get_close_matches(asked, known, n=3, cutoff=0.5)
    holding.sort(key=lambda candidate: not candidate.startswith(asked))
    return [known[match] for match in list(dict.fromkeys([*holding, *close]))[:3]]


def _unit_meant(name: object) -> str:
    """FLOPs or MACs, where somebody gives the unit in place of a convention; otherwise nothing."""
    plain = re.sub(r"[^a-z0-9]", "", str(name)[:100].casefold()).removesuffix("s")
    if plain in ("flop", "gflop", "mflop", "operation", "op"):
        return "FLOPs"
    return "MACs" if plain in ("mac", "gmac", "mmac", "madd", "multadd", "multiplyadd") else ""


def _unit_for_convention(name: object, unit: str) -> Message:
    """The message for a unit that is given as a convention."""
    giving = [repr(convention.name) for convention in CONVENTIONS.values() if convention.unit == unit]
    one = giving[0] if len(giving) == 1 else Message("one of {names}", names=listing(giving))
    return Message(
        "no convention is called {name}: a convention says which operations count, and how much each; "
        "for {unit} choose {one} (layercost conventions lists them)",
        name=shown(name), unit=unit, one=one,
    )  # fmt: skip
