"""Small edits of a derivation: every slip that somebody makes at one place, what it costs, and its result.

An edit is known in two ways: as what it does to the number of the node where it lies, so that thousands are
tried without building anything, and as a change of the expression, for the few that fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial, reduce
from itertools import chain, combinations
from operator import add, mul
from typing import TypeAlias

from layercost.expression import (
    CeilQuotient,
    Constant,
    Definition,
    Difference,
    ExactQuotient,
    Expression,
    FloorQuotient,
    Maximum,
    Minimum,
    Power,
    Product,
    Sum,
    Symbol,
    expression,
)
from layercost.questions.slip import Kind, Slip

Path: TypeAlias = tuple[int, ...]  # which child, from the root on
Change: TypeAlias = Callable[[Expression], Expression | None]  # None: nothing is left
Changes: TypeAlias = Mapping[Path, Sequence[Change]]

LINEAR = (Sum, Difference, Product)  # the number depends linearly on each part; other nodes are taken whole
QUOTIENTS = (FloorQuotient, CeilQuotient, ExactQuotient)


class Effect(Enum):
    """What an edit does to the number of its node."""

    BECOMES = "becomes"
    TIMES = "times"
    OVER = "over"
    PLUS = "plus"


@dataclass(frozen=True)
class Edit:
    """One slip at one place: a path, or letters wherever they stand. A higher cost is less natural."""

    slip: Slip
    cost: int
    effect: Effect
    amount: int
    change: Change
    path: Path = ()
    letters: tuple[str, ...] = ()  # if any, the edit concerns these letters, and not the path

    def result(self, value: int) -> int | None:
        """The number of the node, after the edit; None where a division leaves a remainder."""
        match self.effect:
            case Effect.BECOMES:
                return self.amount
            case Effect.TIMES:
                return value * self.amount
            case Effect.PLUS:
                return value + self.amount
        return None if value % self.amount else value // self.amount


# ---- costs: the order in which slips are believed ----------------------------------------------

DROP, DROP_FACTOR, ROUND = 10, 10, 10
SIMPLE_FACTOR, SIGN, SWAP_CONSTANT, SQUARE = 14, 16, 16, 16
SWAP, ONE_OFF, FACTOR, EXTRA = 16, 18, 20, 20
SWAP_FURTHER, FACTOR_FURTHER, DIVISOR, FACTORS = 20, 22, 22, 20
RARE = 26
INSIDE = 2  # more for a slip inside of a definition or a quotient

_SIMPLE = (2, 4)
_THOUSANDS = (1000, 1024)
_STANDING_IN = (1, 2, 4, 1000, 1024)
_ONE = Constant(1)


# ---- all edits at one place --------------------------------------------------------------------


@dataclass(frozen=True)
class Pool:
    """The letters that the derivation uses, those that the question has besides, and what defines others."""

    own: tuple[Expression, ...]
    further: tuple[Symbol, ...]

    def others(self, name: str) -> Iterator[tuple[Expression, bool]]:
        """Every other letter, and whether it is one of the derivation's own."""
        for known, is_own in ((self.own, True), (self.further, False)):
            for letter in known:
                if letter.name != name:  # type: ignore[attr-defined]
                    yield letter, is_own


def edits_of(formula: Expression, pool: Pool, *, opaque: bool = True) -> Iterator[Edit]:
    """Every edit of one place of `formula`; the inside of what is not linear is left alone if `opaque`."""
    for node, path, parents in _placed(formula, (), (), opaque):
        yield from _edits_at(node, path, parents, pool)


def _placed(
    node: Expression, path: Path, parents: tuple[Expression, ...], opaque: bool
) -> Iterator[tuple[Expression, Path, tuple[Expression, ...]]]:
    yield node, path, parents
    if isinstance(node, LINEAR) or (not opaque and not isinstance(node, Definition)):
        for place, child in enumerate(node.children):
            yield from _placed(child, (*path, place), (*parents, node), opaque)


def _edits_at(node: Expression, path: Path, parents: tuple[Expression, ...], pool: Pool) -> Iterator[Edit]:
    parent = parents[-1] if parents else None
    atom = isinstance(node, Symbol | Definition | Constant)
    yield from _dropping(node, path, parent)
    if atom:
        yield from _instead(node, path, pool, parent)
    if not isinstance(parent, Product) or not atom:
        yield from _factors(node, path, parent, pool)
    if isinstance(node, QUOTIENTS):
        yield from _of_quotient(node, path)


def _dropping(node: Expression, path: Path, parent: Expression | None) -> Iterator[Edit]:
    """The node is left out, or has the other sign."""
    if isinstance(parent, Product):
        yield Edit(Slip(Kind.DROPPED_FACTOR, node), DROP_FACTOR, Effect.BECOMES, 1, _nothing, path)
    if isinstance(parent, Sum) or (isinstance(parent, Difference) and path[-1] == 1):
        place = path[-1] + 1
        yield Edit(Slip(Kind.DROPPED_TERM, node, place=place), DROP, Effect.BECOMES, 0, _nothing, path)
        yield Edit(Slip(Kind.SIGN, node, place=place), SIGN, Effect.TIMES, -1, negated, path)


def _instead(node: Expression, path: Path, pool: Pool, parent: Expression | None) -> Iterator[Edit]:
    """Another letter or number stands where this one belongs."""
    place = path[-1] + 1 if isinstance(parent, Sum) else 0
    kept = partial(Slip, old=node, place=place)
    for new, cost in replacements(node, pool):
        if not (new.value == 1 and isinstance(new, Constant) and isinstance(parent, Product)):
            slip = kept(Kind.REPLACED, new=new)
            yield Edit(slip, cost, Effect.BECOMES, new.value, partial(_always, new), path)
    yield Edit(kept(Kind.ONE_MORE), ONE_OFF, Effect.PLUS, 1, _one_more, path)
    yield Edit(kept(Kind.ONE_LESS), ONE_OFF, Effect.PLUS, -1, _one_less, path)
    if not isinstance(node, Constant):
        yield Edit(kept(Kind.SQUARED), SQUARE, Effect.BECOMES, node.value**2, _squared, path)


def replacements(node: Expression, pool: Pool) -> Iterator[tuple[Expression, int]]:
    """What can stand in the place of a letter or a number, and what it costs."""
    constant = isinstance(node, Constant)
    name = "" if constant else node.name  # type: ignore[attr-defined]
    letters = () if constant else pool.others(name)
    for letter, is_own in letters:
        yield letter, SWAP if is_own else SWAP_FURTHER
    for number in _STANDING_IN:
        if number != node.value:
            yield Constant(number), SWAP_CONSTANT if constant else RARE


def _factors(node: Expression, path: Path, parent: Expression | None, pool: Pool) -> Iterator[Edit]:
    """A further factor or divisor; and a further term, of the whole."""
    for new, cost in _further_factors(parent, path, pool):
        slip = Slip(Kind.EXTRA_FACTOR, node, new)
        yield Edit(slip, cost, Effect.TIMES, new.value, partial(_times, new), path)
    for new in chain(map(Constant, (*_SIMPLE, *_THOUSANDS)), pool.own):
        if new.value > 1:
            cost = DIVISOR if isinstance(new, Constant) else RARE
            slip = Slip(Kind.EXTRA_DIVISOR, node, new)
            yield Edit(slip, cost, Effect.OVER, new.value, partial(_over, new), path)
    if parent is None or (isinstance(node, Sum | Difference) and isinstance(parent, Product)):
        for new, cost in ((*((one, EXTRA) for one in pool.own), *((one, RARE) for one in pool.further))):
            slip = Slip(Kind.EXTRA_TERM, node, new)
            yield Edit(slip, cost, Effect.PLUS, new.value, partial(_plus, new), path)


def _further_factors(parent: Expression | None, path: Path, pool: Pool) -> Iterator[tuple[Expression, int]]:
    for number in _SIMPLE:
        yield Constant(number), SIMPLE_FACTOR
    for letter in pool.own:
        yield letter, FACTOR
    for letter in pool.further:
        yield letter, FACTOR_FURTHER
    for number in _THOUSANDS:
        yield Constant(number), RARE
    if isinstance(parent, Sum):
        for term in parent.children[: path[-1]]:
            yield from ((Product(some), FACTORS) for some in _subsets(term))


def _subsets(term: Expression) -> list[tuple[Expression, ...]]:
    """Two or three factors of a term, as somebody multiplies a bias by them as well."""
    factors = [one for one in term.children if not isinstance(one, Constant)][:5]
    if not isinstance(term, Product):
        return []
    return list(dict.fromkeys(chain(combinations(factors, 2), combinations(factors, 3))))


def _of_quotient(node: Expression, path: Path) -> Iterator[Edit]:
    """A quotient that is rounded the other way, or not taken at all."""
    left, right = node.children
    slip = Slip(Kind.DROPPED_DIVISION, right)
    yield Edit(slip, DROP, Effect.BECOMES, left.value, _undivided, path)
    if not isinstance(node, ExactQuotient) and left.value % right.value:
        rounded = _rounded_otherwise(node)
        yield Edit(Slip(Kind.ROUNDING), ROUND, Effect.BECOMES, rounded.value, _rounded_otherwise, path)


# ---- inside of definitions, and everywhere -----------------------------------------------------


def edits_inside(node: Expression, pool: Pool) -> list[Edit]:
    """Every edit of the formula of a definition, or of a part that is not linear, as an edit of the whole."""
    name = (node.name,) if isinstance(node, Definition) else ()
    formula = node.meaning if isinstance(node, Definition) else node
    found = []
    for edit in edits_of(formula, pool, opaque=False):
        if not name and not edit.path and edit.slip.kind not in (Kind.DROPPED_DIVISION, Kind.ROUNDING):
            continue  # the whole has these edits anyway
        if edit.slip.kind in (Kind.EXTRA_DIVISOR, Kind.EXTRA_FACTOR, Kind.EXTRA_TERM):
            continue
        change = partial(_inside, {edit.path: (edit.change,)})
        if (changed := _value(change, node)) is not None and changed != node.value:
            slip = replace(edit.slip, within=name)
            found.append(Edit(slip, edit.cost + INSIDE, Effect.BECOMES, changed, change, edit.path))
    return found


def _value(change: Change, node: Expression) -> int | None:
    try:
        changed = change(node)
        return None if changed is None else changed.value
    except (ValueError, ZeroDivisionError):
        return None  # a division that leaves a remainder, or by 0


def _inside(changes: Changes, node: Expression) -> Expression | None:
    if isinstance(node, Definition):
        return defined(node, edited(node.meaning, changes))
    return edited(node, changes)


def defined(definition: Definition, meaning: Expression | None) -> Definition:
    """The same letter with another meaning."""
    return Definition(definition.name, Constant(0) if meaning is None else meaning)


def edits_everywhere(letter: Symbol | Definition, pool: Pool) -> Iterator[Edit]:
    """Every edit of a letter wherever it stands; its amount is the letter's new number."""
    made = partial(Slip, old=letter, everywhere=True)
    letters = (letter.name,)
    value = letter.value
    change = partial(_always, _ONE)  # a product leaves it out, and a term of its own stays
    yield Edit(made(Kind.DROPPED_FACTOR), DROP, Effect.BECOMES, 1, change, letters=letters)
    for new, cost in replacements(letter, pool):
        if not (isinstance(new, Constant) and new.value == 1):
            change = partial(_always, new)
            yield Edit(made(Kind.REPLACED, new=new), cost, Effect.BECOMES, new.value, change, letters=letters)
    for kind, amount, change in (
        (Kind.SQUARED, value**2, _squared),
        (Kind.ONE_MORE, value + 1, _one_more),
        (Kind.ONE_LESS, value - 1, _one_less),
    ):
        cost = SQUARE if kind is Kind.SQUARED else ONE_OFF
        yield Edit(made(kind), cost, Effect.BECOMES, amount, change, letters=letters)


# ---- the changes themselves --------------------------------------------------------------------


def _nothing(_node: Expression) -> None:
    return None


def _always(new: Expression, _node: Expression) -> Expression:
    return new


def negated(node: Expression) -> Expression:
    """The node with the other sign; the sum around it subtracts it."""
    return Difference(Constant(0), node)


def _one_more(node: Expression) -> Expression:
    return Constant(node.value + 1) if isinstance(node, Constant) else node + 1


def _one_less(node: Expression) -> Expression:
    return Constant(node.value - 1) if isinstance(node, Constant) else node - 1


def _squared(node: Expression) -> Expression:
    return node * node


def _times(new: Expression, node: Expression) -> Expression:
    return node * new


def _over(new: Expression, node: Expression) -> Expression:
    return ExactQuotient(node, new)


def _plus(new: Expression, node: Expression) -> Expression:
    return node + new


def _undivided(node: Expression) -> Expression:
    return node.children[0]


def _rounded_otherwise(node: Expression) -> Expression:
    left, right = node.children
    return CeilQuotient(left, right) if isinstance(node, FloorQuotient) else FloorQuotient(left, right)


# ---- an expression with its edits --------------------------------------------------------------


def edited(
    node: Expression, changes: Changes, letters: Mapping[str, Change] | None = None, path: Path = ()
) -> Expression | None:
    """`node` with changes at some paths, and of some letters wherever they stand; None: nothing is left."""
    made: Expression | None = node
    letters = letters or {}
    if isinstance(node, Symbol | Definition):
        if node.name in letters:
            made = letters[node.name](node)
    elif node.children:
        parts = [edited(child, changes, letters, (*path, at)) for at, child in enumerate(node.children)]
        made = node if all(map(_is, parts, node.children)) else _assembled(node, parts)
    for change in changes.get(path, ()):
        made = None if made is None else change(made)
    return made


def _is(one: object, other: object) -> bool:
    return one is other


def _assembled(node: Expression, parts: Sequence[Expression | None]) -> Expression | None:
    left = [part for part in parts if part is not None]
    match node:
        case Sum():
            return _sum(left)
        case Product():
            return _product(part for part in left if part != _ONE or part in node.children)
        case Difference():
            return _difference(*parts)
        case Maximum(parts=_) | Minimum(parts=_):
            return type(node)(tuple(left))
    first, second = parts
    if first is None or second is None:
        return first
    assert isinstance(node, QUOTIENTS) or isinstance(node, Power)
    return type(node)(first, second)


def _product(factors: Iterable[Expression]) -> Expression:
    every = list(factors)
    return reduce(mul, every) if every else _ONE


def _sum(terms: Iterable[Expression]) -> Expression | None:
    every = list(terms)
    positive = [term for term in every if not _is_negated(term)]
    total: Expression = reduce(add, positive) if positive else Constant(0)
    for term in every:
        if _is_negated(term):
            total = total - term.children[1]
    return total if every else None


def _difference(left: Expression | None, right: Expression | None) -> Expression | None:
    if right is None:
        return left
    if _is_negated(right):
        return right.children[1] if left is None else left + right.children[1]
    return negated(right) if left is None else left - right


def _is_negated(term: Expression) -> bool:
    return isinstance(term, Difference) and term.children[0] == expression(0)
