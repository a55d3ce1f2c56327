"""A dialect: what one counting tool prints for a layer or network, under the tool's own names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from layercost.convention import UnknownNameError
from layercost.dialects.visit import Run, Visit
from layercost.layer import Layer

Price: TypeAlias = Callable[[Visit], int]
Native: TypeAlias = dict[str, Any]


class Unreadable(Exception):
    """The tool stops at this model with an error of its own; the text says why."""


class PriceList:
    """Prices by the type of a layer; a type without one takes that of the type that it is made from.

    Only spellings that `sees` accepts are priced: a tool that hooks modules does not meet a function.
    """

    def __init__(
        self, prices: Mapping[type[Layer], Price], sees: Callable[[Visit], bool] = lambda _: True
    ) -> None:
        self.prices, self.sees = dict(prices), sees

    def knows(self, kind: type[Layer]) -> bool:
        """Whether the tool has a rule for layers of this type."""
        return any(parent in self.prices for parent in kind.__mro__)

    def __call__(self, visit: Visit) -> int:
        if not self.sees(visit):
            return 0
        for parent in type(visit.layer).__mro__:
            if parent in self.prices:
                return self.prices[parent](visit)
        return 0


# ---- prices that many tools share --------------------------------------------------------------


def macs(visit: Visit) -> int:
    """Multiply-accumulates; the bias is free."""
    return visit.macs


def macs_and_bias(visit: Visit) -> int:
    """Multiply-accumulates, and one for each bias that is added."""
    return visit.macs + visit.bias_adds


def per_input(price: int = 1) -> Price:
    """So many for each value of the input."""
    return lambda visit: price * visit.inputs


def per_output(price: int = 1) -> Price:
    """So many for each value of the output."""
    return lambda visit: price * visit.outputs


def free(_visit: Visit) -> int:
    """The tool has a rule for the layer, and the rule is nothing."""
    return 0


def if_affine(affine: int, plain: int) -> Price:
    """So many for each value of the input of a normalization, with and without trained scales."""
    return lambda visit: visit.inputs * (affine if visit.parameters else plain)


def dot_length(visit: Visit) -> int:
    """The products of one output of a convolution or Linear: weights over output channels."""
    weight = int(visit.layer.parameters()[0].size)
    outputs = getattr(visit.layer, "out_channels", 0) or getattr(visit.layer, "out_features", 1)
    return weight // int(outputs)


def exact_dots(visit: Visit) -> int:
    """n products and n - 1 additions for each output, and one for its bias: 2n - 1 or 2n."""
    return visit.outputs * (2 * dot_length(visit) - 1 + visit.has_bias)


def sum_by(visits: Iterator[Visit] | tuple[Visit, ...], name: Callable[[Visit], str], price: Price) -> Native:
    """What each name adds up to, those left out that come to nothing."""
    totals: Counter[str] = Counter()
    for visit in visits:
        totals[name(visit)] += price(visit)
    return {key: total for key, total in totals.items() if total}


# ---- dialects ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Dialect:
    """How one tool, in one version, reads a model.

    `price` is what a call adds to the number that people quote; `native` gives the whole reading under the
    tool's names, and `main` the way to that number in it. `per_mac` is what the tool takes for one
    multiply-accumulate; `rewrites` is what it does to the tree first; `needs_parent` says which bare layers
    it cannot read; a tool that `keeps_mode` does not switch the model to inference.
    """

    name: str
    version: str
    source: str
    says: str
    unit: str
    price: Price
    native: Callable[[Run], Native]
    main: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    per_mac: int = 1
    rewrites: Callable[[Layer], Layer] = lambda layer: layer
    needs_parent: Callable[[Layer], bool] = lambda _: False
    keeps_mode: bool = False
    counts_operations: bool = True
    joins: tuple[str, ...] = ()  # the dialects whose readings it holds together

    def quoted(self, native: Native) -> int:
        """The number that people quote, out of a reading."""
        value: Any = native
        for key in self.main:
            value = value[key]
        return int(value)


DIALECTS: dict[str, Dialect] = {}
_ALIASES: dict[str, str] = {}


def register(dialect: Dialect) -> Dialect:
    """Make a dialect known under its name and its aliases."""
    DIALECTS[dialect.name] = dialect
    _ALIASES.update(dict.fromkeys(dialect.aliases, dialect.name))
    return dialect


def dialect_named(name: str | Dialect) -> Dialect:
    """The dialect of that name or alias, in upper or lower case; raises UnknownNameError with the nearest."""
    if isinstance(name, Dialect):
        return name
    every = {**{key: key for key in DIALECTS}, **_ALIASES}
    folded = {known.casefold(): target for known, target in every.items()}
    if not isinstance(name, str) or name.casefold() not in folded:
        raise UnknownNameError("dialect", name, every)
    return DIALECTS[folded[name.casefold()]]
