"""What an explorer shows: a layer or network on an input, with its counts made once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from layercost.convention import CONVENTIONS, Quantity, bytes_of, pricing, quantity_in_words, unit_in_words
from layercost.counters import count
from layercost.counting import Count
from layercost.explorers import parts
from layercost.expression import Definition
from layercost.facts import Facts
from layercost.layer import Call, Layer
from layercost.layers.composite import Composite
from layercost.message import spoken as _
from layercost.setting import Setting
from layercost.table import Table, table

IN_LINES = (Quantity.PARAMETERS, Quantity.PARAMETER_BYTES, Quantity.MACS, Quantity.FLOPS)
_MOST_TERMS, _MOST_LETTERS = 8, 55  # a longer sum is no line that one can take in


@dataclass(frozen=True, eq=False)
class Subject:
    """A layer or network, the shape that enters it, the batch, and whether it trains.

    `words` say it in a few words. It is equal to another that was built alike.
    Raises LayerError or ShapeError where it is impossible: when it is built, not when it is drawn.
    """

    layer: Layer
    shape: tuple[int, ...]
    words: str
    batch: int = 1
    training: bool = False

    @classmethod
    def of(cls, call: Call) -> Subject:
        """A call of a network, as a layer by itself."""
        return Subject(call.layer, tuple(int(size) for size in call.input_shape), call.path)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subject) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @cached_property
    def _key(self) -> tuple[object, ...]:
        return self.words, repr(self.layer), self.shape, self.setting

    def __post_init__(self) -> None:
        _possible = self.setting, self.calls

    @cached_property
    def setting(self) -> Setting:
        """Batch and training as the library takes them."""
        return Setting(batch=self.batch, training=self.training)

    @property
    def is_network(self) -> bool:
        """Whether it has layers inside."""
        return isinstance(self.layer, Composite)

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """Each call of a layer, in order; of a single layer the one."""
        return tuple(self.layer.calls(self.shape))

    @cached_property
    def facts(self) -> tuple[Facts, ...]:
        """What happens in each call, for the whole batch."""
        return tuple(call.facts(self.setting) for call in self.calls)

    @cached_property
    def _counts(self) -> dict[tuple[Quantity, str], Count]:
        return {}

    def count(self, quantity: Quantity, convention: str = "textbook") -> Count:
        """One quantity for the whole batch, counted once: totals, lines, ghost and table ask for the same."""
        asked = quantity, convention
        if asked not in self._counts:
            self._counts[asked] = count(self.layer, quantity, self.shape, convention, setting=self.setting)
        return self._counts[asked]

    @cached_property
    def _tables(self) -> dict[str, Table]:
        return {}

    def table(self, convention: str = "textbook") -> Table:
        """Layer by layer under a convention, made once."""
        if convention not in self._tables:
            self._tables[convention] = table(self.layer, self.shape, convention, setting=self.setting)
        return self._tables[convention]

    @cached_property
    def parameters(self) -> int:
        """The number of parameters."""
        return self.count(Quantity.PARAMETERS).total

    @cached_property
    def macs(self) -> int:
        """The multiply-accumulates for the whole batch."""
        return self.count(Quantity.MACS).total

    def cost(self, convention: str) -> int:
        """The operations for the whole batch under a convention, as a number alone."""
        return self.count(Quantity.FLOPS, convention).total

    # ---- as lines

    def lines(self, convention: str) -> Iterator[str]:
        """Letters = numbers = total for parameters, bytes, MACs and FLOPs, with what is not counted."""
        yield from (self.line(quantity, convention) for quantity in IN_LINES)
        yield from map(parts.definition, self.definitions(convention))

    def line(self, quantity: Quantity, convention: str = "textbook", *, brief: bool = False) -> str:
        """One quantity as a line; a brief one has no notes, and of a long sum only the total."""
        counted = self.count(quantity, convention)
        if brief and is_long(counted):
            return self.total_line(quantity, convention)
        notes = () if brief else self._notes(quantity, convention)
        return parts.substitution(_name(quantity, convention), counted, *notes, brief=brief)

    def line_or_total(self, quantity: Quantity, convention: str = "textbook", *, most: int) -> str:
        """One quantity as a brief line, or its total alone where that has more than `most` letters."""
        if len(self.count(quantity, convention).text()) > most:
            return self.total_line(quantity, convention)
        return self.line(quantity, convention, brief=True)

    def total_line(self, quantity: Quantity, convention: str = "textbook") -> str:
        """One quantity as a line with its total alone."""
        return parts.total_line(_name(quantity, convention), self.count(quantity, convention))

    def _notes(self, quantity: Quantity, convention: str) -> tuple[str, ...]:
        if quantity is Quantity.PARAMETER_BYTES:
            return (parts.in_float32(self.parameters * bytes_of(1)),)
        if quantity in (Quantity.MACS, Quantity.FLOPS):
            return (parts.left_out(self.facts, pricing(quantity, CONVENTIONS[convention])),)
        return ()

    def definitions(self, convention: str) -> list[Definition]:
        """The letters that stand for formulas of their own, as H_out, each once."""
        counts = (self.count(quantity, convention) for quantity in (Quantity.MACS, Quantity.FLOPS))
        return list({letter.name: letter for counted in counts for letter in counted.definitions}.values())


def is_long(counted: Count) -> bool:
    """Whether the formula of a count is a sum that one cannot take in at a glance.

    Its letters decide, and not their numbers: all sizes of a layer are shown alike.
    """
    letters = counted.text().partition(" = ")[0]
    return len(counted.expression.children) > _MOST_TERMS or len(letters) > _MOST_LETTERS


def _name(quantity: Quantity, convention: str) -> str:
    """What is counted, which for a cost is the unit of its convention."""
    if quantity is Quantity.FLOPS:
        return str(unit_in_words(CONVENTIONS[convention].unit))
    names = {
        Quantity.PARAMETERS: _("parameters"),
        Quantity.PARAMETER_BYTES: _("bytes"),
        Quantity.MACS: _("MACs"),
    }
    return names.get(quantity) or str(quantity_in_words(quantity))
