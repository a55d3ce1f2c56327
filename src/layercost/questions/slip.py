"""Slips: in what a derivation differs from the right one, as data, as a key and in words."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple, TypeAlias

from layercost.expression import TEXT, Constant, Definition, Expression, Symbol, render, symbols
from layercost.message import Message, Words, both, listing

Letter: TypeAlias = Symbol | Definition


class Kind(Enum):
    """What can go wrong at one place; the value is the pattern of the slip's key."""

    DROPPED_TERM = "-{old}"
    DROPPED_FACTOR = "/{old}"
    EXTRA_FACTOR = "*{new}"
    EXTRA_DIVISOR = "*1/{new}"
    EXTRA_TERM = "+{new}"
    REPLACED = "{old}->{new}"
    SQUARED = "{old}^2"
    ONE_MORE = "{old}+1"
    ONE_LESS = "{old}-1"
    SUBTRACTED = "+->-{old}"
    ADDED = "-->+{old}"
    ROUNDED_UP = "ceil"
    ROUNDED_DOWN = "floor"
    DROPPED_DIVISION = "//{old}"
    COMPOSED = "={new}"  # an expression of its own, that is no small change of the right one


_SAID = {
    Kind.DROPPED_TERM: Message("the term {old} is missing"),
    Kind.DROPPED_FACTOR: Message("the factor {old} is missing"),
    Kind.EXTRA_FACTOR: Message("there is a further factor {new}"),
    Kind.EXTRA_DIVISOR: Message("there is a further division by {new}"),
    Kind.EXTRA_TERM: Message("there is a further term {new}"),
    Kind.REPLACED: Message("{new} stands where {old} belongs"),
    Kind.SQUARED: Message("{old} is squared"),
    Kind.ONE_MORE: Message("{old} is taken one larger"),
    Kind.ONE_LESS: Message("{old} is taken one smaller"),
    Kind.SUBTRACTED: Message("{old} is subtracted, not added"),
    Kind.ADDED: Message("{old} is added, not subtracted"),
    Kind.ROUNDED_UP: Message("the quotient is rounded up"),
    Kind.ROUNDED_DOWN: Message("the quotient is rounded down"),
    Kind.DROPPED_DIVISION: Message("the division by {old} is missing"),
}
EVERYWHERE = {
    Kind.DROPPED_FACTOR: Message("the factor {old} is missing everywhere"),
    Kind.REPLACED: Message("{new} stands wherever {old} belongs"),
    Kind.SQUARED: Message("{old} is squared everywhere"),
    Kind.ONE_MORE: Message("{old} is taken one larger everywhere"),
    Kind.ONE_LESS: Message("{old} is taken one smaller everywhere"),
}


OF_THE_WHOLE = {
    Kind.EXTRA_FACTOR: Message("all of it is multiplied by {new}"),
    Kind.EXTRA_DIVISOR: Message("all of it is divided by {new}"),
    Kind.ONE_MORE: Message("one is added at the end"),
    Kind.ONE_LESS: Message("one is subtracted at the end"),
}


class Slip(NamedTuple):
    """One difference from the right derivation: what stood there, and what stands there now.

    `within` names the definitions in whose formula it lies, as ``H_out``; `everywhere` says that it concerns
    a letter wherever it stands; what happens to the whole has no `old`. `place` counts the terms where all
    are mere numbers, as in a network's total.
    """

    kind: Kind
    old: Expression | None = None
    new: Expression | None = None
    everywhere: bool = False
    within: tuple[str, ...] = ()
    place: int = 0

    @property
    def key(self) -> str:
        """The slip in letters: students with other numbers who made it get the same key."""
        old = f"#{self.place}" if self.place else _letters(self.old)
        everywhere = "@all" if self.everywhere else ""
        changed = self.kind.value.format(old=old, new=_letters(self.new)) + everywhere
        return f"{','.join(self.within)}:{changed}" if self.within else changed

    @property
    def message(self) -> Words:
        """The slip as a clause of a sentence, with each letter's number."""
        if self.kind is Kind.COMPOSED and self.old is not None and self.new is not None:
            return _compared(self.old, self.new)
        clause = self._pattern.filled(old=named(self.old), new=named(self.new))
        if not self.within:
            return clause
        return Message("in {letters}, {slip}", letters=", ".join(self.within), slip=clause)

    @property
    def _pattern(self) -> Message:
        if self.everywhere:
            return EVERYWHERE[self.kind]
        if self.old is None and self.kind in OF_THE_WHOLE:
            return OF_THE_WHOLE[self.kind]
        return _SAID[self.kind]


def _compared(right: Expression, composed: Expression) -> Words:
    """The letters that one of two expressions has alone."""
    wanted = {one.name: one for one in letters_of(right)}
    taken = {one.name: one for one in letters_of(composed)}
    inner = {one.name for one in symbols(right)}
    missing = listing(named(wanted[name]) for name in wanted if name not in taken)
    besides = listing(named(taken[name]) for name in taken if name not in wanted | dict.fromkeys(inner))
    said = [
        Message("it is without {letters}", letters=missing) if missing else "",
        Message("it has {letters} besides", letters=besides) if besides else "",
    ]
    return both(said) or Message("its letters are the right ones, put together in another way")


def letters_of(formula: Expression) -> Iterator[Letter]:
    """The letters of a formula, without those inside of definitions."""
    if isinstance(formula, Symbol | Definition):
        yield formula
    else:
        for child in formula.children:
            yield from letters_of(child)


def named(part: Expression | None) -> str:
    """A part of a derivation as a reader is told of it: a letter with its number, as C_out (64)."""
    match part:
        case None:
            return ""
        case Constant(number=number):
            return f"{number:,}"
        case Symbol() | Definition():
            return f"{render(part, TEXT)} ({part.value:,})"
    letters, numbers = render(part, TEXT), render(part, TEXT, numbers=True)
    return letters if letters == numbers else f"{letters} ({numbers})"


def _letters(part: Expression | None) -> str:
    """A part in letters, as keys have it."""
    return "" if part is None else render(part, TEXT).replace(",", "")
