"""What explorers of models of blocks share: the blocks are alike, so one is counted for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from layercost.convention import CONVENTIONS, MACS_ONLY, Quantity, bytes_of
from layercost.counting import NotCounted, left_out_in_words
from layercost.explorers import parts
from layercost.explorers.explorer import Explorer
from layercost.explorers.subject import Subject
from layercost.expression import Expression
from layercost.layer import Call
from layercost.layers.parted import Parted
from layercost.message import Message
from layercost.message import spoken as _
from layercost.view import escaped

PAIRS = "pairs"
_PRODUCTS = ("scores", "context")


@dataclass(frozen=True, eq=False, kw_only=True)
class Stack(Subject):
    """A model of `depth` blocks; `one` is the same model with a single block, which stands for all of them.

    `places` has the parts that stand at a place of the model, by the last name of its path; those of an
    attention are its maps, and `PAIRS`.
    """

    one: Subject
    depth: int
    places: ClassVar[Mapping[str, tuple[str, ...]]]

    @property
    def held_in_letters(self) -> Expression:
        """The parameters as a formula."""
        raise NotImplementedError

    @property
    def done_in_letters(self) -> Expression:
        """The MACs as a formula."""
        raise NotImplementedError

    @cached_property
    def parameters(self) -> int:
        return sum(row.parameters * self.often(row.name) for row in self.one.table().rows)

    @cached_property
    def macs(self) -> int:
        return sum(row.macs * self.often(row.name) for row in self.one.table().rows)

    def cost(self, convention: str) -> int:
        return sum((row.flops or 0) * self.often(row.name) for row in self.one.table(convention).rows)

    @cached_property
    def amounts(self) -> dict[str, tuple[int, int]]:
        """Parameters and MACs of each part, all blocks together."""
        found = {part: (0, 0) for named in self.places.values() for part in named}
        for row in self.one.table().rows:
            named, often = self._parts_at(row.name), self.often(row.name)
            if named:
                (held, done), pairs = found[named[0]], self._pairs if PAIRS in named else 0
                found[named[0]] = held + row.parameters * often, done + (row.macs - pairs) * often
        return {**found, PAIRS: (0, self._pairs * self.depth)}

    @cached_property
    def _pairs(self) -> int:
        """The MACs of scores and context in one block."""
        call = self.call(PAIRS)
        layer = call.layer
        assert isinstance(layer, Parted)
        does = layer.does(*call.inputs, output=call.output_shape, setting=self.setting)
        return sum(int(MACS_ONLY.total(does[part])) for part in _PRODUCTS)

    def call(self, part: str) -> Call:
        """The call in which a part stands; of several the first."""
        return next(call for call in self.one.calls if part in self._parts_at(call.path))

    def often(self, path: str) -> int:
        """How often what stands at a path of the model is there."""
        return self.depth if path.startswith("layers.") else 1

    def _parts_at(self, path: str) -> tuple[str, ...]:
        return self.places.get(path.rpartition(".")[2], ())


class StackExplorer(Explorer):
    """A model of blocks that are alike, with its totals in letters, and one of its parts to look at."""

    alone = (Quantity.FLOPS,)
    parts_said: ClassVar[Mapping[str, Message]]

    def detail(self, built: Any, settings: Mapping[str, Any]) -> str:
        part = settings["part"]
        call = built.call(part)
        return part_in_detail(self.parts_said[part], call, built.often(call.path), settings["convention"])

    def headlines(self, built: Any, settings: Mapping[str, Any]) -> Iterator[str]:
        yield parts.derivation(_("parameters"), built.held_in_letters, "parameters")
        yield cost_line(built, settings["convention"])

    def lines(self, built: Any, settings: Mapping[str, Any]) -> Iterable[str]:
        convention = settings["convention"]
        both = built.held_in_letters, built.done_in_letters
        return lines_in_letters(built, *both, convention, built.one.table(convention).not_counted)


def part_in_detail(said: Message, call: Call, often: int, convention: str) -> str:
    """A part by its name, with its layer, how often that is there, and its lines."""
    more = f" × {often}" if often > 1 else ""
    heading = parts.heading(str(said), f" {escaped(repr(call.layer))}{more}")
    return heading + "".join(Subject.of(call).lines(convention))


def lines_in_letters(
    built: Subject, held: Expression, done: Expression, convention: str, missing: Iterable[NotCounted]
) -> Iterator[str]:
    """Parameters, bytes, MACs and the cost of what has formulas of its own, shorter than its layers' sums."""
    yield parts.derivation(_("parameters"), held, "parameters")
    size = built.parameters * bytes_of(1)
    yield parts.amount_line(_("bytes"), size, _("bytes"), "", parts.in_float32(size))
    yield parts.derivation(_("MACs"), done, "MACs")
    yield cost_line(built, convention, str(left_out_in_words(missing)))


def cost_line(built: Subject, convention: str, *notes: str) -> str:
    """The operations under a convention, as a line with their number alone."""
    unit = str(CONVENTIONS[convention].unit)
    return parts.amount_line(unit, built.cost(convention), unit, convention, *notes)
