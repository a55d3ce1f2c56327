"""A dialect: what one counting tool prints for a layer or network, under the tool's own names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

from layercost.convention import Quantity, UnknownNameError
from layercost.dialects.visit import Run, Visit
from layercost.layer import Layer
from layercost.layers import (
    GELU,
    GRU,
    LSTM,
    RNN,
    AdaptiveAvgPool2d,
    Add,
    BatchNorm1d,
    BatchNorm2d,
    Concatenate,
    Conv1d,
    Conv2d,
    Conv3d,
    ConvTranspose2d,
    Dropout,
    Embedding,
    Flatten,
    GroupNorm,
    Identity,
    LeakyReLU,
    Linear,
    MatMul,
    MaxPool2d,
    Multiply,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Tanh,
)
from layercost.layers.convolution import Convolution
from layercost.layers.normalization import BatchNorm
from layercost.layers.parted import Parted
from layercost.message import Message
from layercost.models.leaves import Rearranged, Stored, Unused

T = TypeVar("T")
Price: TypeAlias = Callable[[Visit], int]
Native: TypeAlias = dict[str, Any]


class Unreadable(Exception):
    """The tool stops at this model with an error of its own; the text says why."""


# ---- which types a tool's rules know -----------------------------------------------------------

_FAMILIES: dict[type[Layer], tuple[type[Layer], ...]] = {  # the members that the tools were measured on
    Convolution: (Conv1d, Conv2d, Conv3d),
    BatchNorm: (BatchNorm1d, BatchNorm2d),
}

# Each of the tools for PyTorch was measured on all of these; those without a price are free there.
MEASURED: frozenset[type[Layer]] = frozenset({
    Linear, Conv1d, Conv2d, Conv3d, ConvTranspose2d, MaxPool2d, AdaptiveAvgPool2d, BatchNorm2d, GroupNorm,
    ReLU, ReLU6, LeakyReLU, Sigmoid, Tanh, GELU, SiLU, Softmax, LSTM, GRU, RNN, Embedding, Add, Multiply,
    MatMul, Concatenate, Dropout, Flatten, Identity,
})  # fmt: skip
_NOTHING_HAPPENS: frozenset[type[Layer]] = frozenset({Rearranged, Stored, Unused})


def by_type(rules: Mapping[type[Layer], T]) -> dict[type[Layer], T]:
    """Rules by the exact type of a layer: a family's rule is that of each of its measured members.

    A type that is made from a known one is another type: nobody has seen what a tool makes of it.
    """
    return {member: rule for kind, rule in rules.items() for member in _FAMILIES.get(kind, (kind,))}


def known(*rules: Iterable[type[Layer]]) -> frozenset[type[Layer]]:
    """The types that a tool's rules know: those that it prices, and those that were measured to be free."""
    return frozenset(by_type(dict.fromkeys((kind for each in rules for kind in each), True))) | MEASURED


class PriceList:
    """Prices by the exact type of a layer; a type without one is free.

    Only spellings that `sees` accepts are priced: a tool that hooks modules does not meet a function.
    """

    def __init__(
        self, prices: Mapping[type[Layer], Price], sees: Callable[[Visit], bool] = lambda _: True
    ) -> None:
        self.prices, self.sees = by_type(prices), sees

    def knows(self, kind: type[Layer]) -> bool:
        """Whether the tool has a rule for layers of this type."""
        return kind in self.prices

    def __call__(self, visit: Visit) -> int:
        price = self.prices.get(type(visit.layer))
        return price(visit) if price is not None and self.sees(visit) else 0


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
    tool's names, and `main` the way to that number in it, which is a `quantity`: FLOPS stands for operations
    at the tool's prices. `gives` has the ways to other numbers. `per_mac` is what the tool takes for one
    multiply-accumulate; `rewrites` is what it does to the tree first; `needs_parent` says which bare layers
    it cannot read; a tool that `keeps_mode` does not switch the model to inference.

    `knows` are the types of layers that its rules cover, priced or measured to be free: None for a tool with
    one rule for all types. Calls that it does not see (`sees`) are free, whatever their type.
    """

    name: str
    version: str
    source: str
    says: Message
    unit: str
    price: Price
    native: Callable[[Run], Native]
    main: tuple[str, ...]
    knows: frozenset[type[Layer]] | None
    sees: Callable[[Visit], bool] = lambda _: True
    quantity: Quantity = Quantity.FLOPS
    gives: Mapping[Quantity, tuple[str, ...]] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    per_mac: int = 1
    rewrites: Callable[[Layer], Layer] = lambda layer: layer
    needs_parent: Callable[[Layer], bool] = lambda _: False
    keeps_mode: bool = False
    fused_is_free: bool = False  # attention that runs as one operator adds nothing, and that was measured
    joins: tuple[str, ...] = ()  # the dialects whose readings it holds together

    @property
    def counts(self) -> Message:
        """What its number counts, in words."""
        return self.says

    @property
    def counts_operations(self) -> bool:
        """Whether its number is one of operations."""
        return self.quantity is Quantity.FLOPS

    @property
    def ways(self) -> Mapping[Quantity, tuple[str, ...]]:
        """For each quantity that the tool gives, the way to its number in a reading."""
        return {self.quantity: self.main, **self.gives}

    def quoted(self, native: Native) -> int:
        """The number that people quote, out of a reading."""
        return number_at(native, self.main)

    def measured(self, visit: Visit) -> bool:
        """Whether it is known what the tool makes of a call."""
        if not self.counts_operations:
            return True  # what is held is known of what we do not know, too
        if visit.is_unknown:
            return False
        if visit.is_fused and self.sees(visit):
            return self.fused_is_free
        kind = type(visit.layer)
        if self.knows is None:
            return not isinstance(visit.layer, Parted)  # which is several modules, and nobody looked at them
        return kind in self.knows or kind in _NOTHING_HAPPENS or not self.sees(visit)


def number_at(native: Native, way: tuple[str, ...]) -> int:
    """The number at the end of a way through a reading."""
    value: Any = native
    for key in way:
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
        raise UnknownNameError(Message("dialect"), name, every)
    return DIALECTS[folded[name.casefold()]]
