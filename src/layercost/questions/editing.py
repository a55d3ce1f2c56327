"""An edit of a derivation: what it does to the number of a node, and what it makes of the expression.

So thousands of edits are tried on numbers alone, and an expression is built only for those that fit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from functools import reduce
from math import prod
from operator import add, mul
from typing import NamedTuple, TypeAlias

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
)
from layercost.questions.slip import Slip

Path: TypeAlias = tuple[int, ...]  # which child, from the root on
Change: TypeAlias = Callable[[Expression], Expression | None]  # None: nothing is left
Changes: TypeAlias = Mapping[Path, Sequence[Change]]

ONE = Constant(1)
QUOTIENTS = (FloorQuotient, CeilQuotient, ExactQuotient)


class Effect(Enum):
    """What an edit does to the number of its node."""

    BECOMES = "becomes"
    TIMES = "times"
    OVER = "over"
    PLUS = "plus"


class Edit(NamedTuple):
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
        if self.effect is Effect.BECOMES:
            return self.amount
        if self.effect is Effect.TIMES:
            return value * self.amount
        if self.effect is Effect.PLUS:
            return value + self.amount
        return None if value % self.amount else value // self.amount


# ---- changes -----------------------------------------------------------------------------------


def nothing(_node: Expression) -> None:
    """Leaves the node out."""
    return


def always(new: Expression, _node: Expression) -> Expression:
    """Puts something else in the place of the node."""
    return new


def negated(node: Expression) -> Expression:
    """The node with the other sign; the sum around it subtracts it."""
    return Difference(Constant(0), node)


def one_more(node: Expression) -> Expression:
    """One is added; a number is written as the next one."""
    return Constant(node.value + 1) if isinstance(node, Constant) else node + 1


def one_less(node: Expression) -> Expression:
    """One is subtracted; a number is written as the one before."""
    return Constant(node.value - 1) if isinstance(node, Constant) else node - 1


def squared(node: Expression) -> Expression:
    """The node times itself, as the course writes k·k."""
    return node * node


def times(new: Expression, node: Expression) -> Expression:
    """The node with a further factor."""
    return node * new


def over(new: Expression, node: Expression) -> Expression:
    """The node divided."""
    return ExactQuotient(node, new)


def plus(new: Expression, node: Expression) -> Expression:
    """The node with a further term."""
    return node + new


def undivided(node: Expression) -> Expression:
    """A quotient's dividend."""
    return node.children[0]


def rounded_otherwise(node: Expression) -> Expression:
    """A quotient rounded up for down, or down for up."""
    left, right = node.children
    return CeilQuotient(left, right) if isinstance(node, FloorQuotient) else FloorQuotient(left, right)


def inside(changes: Changes, node: Expression) -> Expression | None:
    """The changes within a definition's formula, or within an expression."""
    return (
        defined(node, edited(node.meaning, changes))
        if isinstance(node, Definition)
        else edited(node, changes)
    )


def through(name: str, change: Change, node: Expression) -> Expression | None:
    """A letter changed, or another definition with the letter changed in its formula."""
    if isinstance(node, Definition) and node.name != name:
        return defined(node, edited(node.meaning, {}, {name: change}))
    return change(node)


def defined(definition: Definition, meaning: Expression | None) -> Definition:
    """The same letter with another meaning."""
    return Definition(definition.name, Constant(0) if meaning is None else meaning)


def value_with(node: Expression, path: Path, value: int) -> int | None:
    """The number of `node` if the part at `path` has this one; None where it has none, as a division by 0."""
    if not path:
        return value
    part = value_with(node.children[path[0]], path[1:], value)
    if part is None:
        return None
    values = [part if at == path[0] else child.value for at, child in enumerate(node.children)]
    try:
        return _combined(node, values)
    except ZeroDivisionError:
        return None


def _combined(node: Expression, values: Sequence[int]) -> int | None:
    match node:
        case Sum():
            return sum(values)
        case Product():
            return prod(values)
        case Maximum():
            return max(values)
        case Minimum():
            return min(values)
    left, right = values
    match node:
        case Difference():
            return left - right
        case FloorQuotient():
            return left // right
        case CeilQuotient():
            return -(-left // right)
        case ExactQuotient():
            return None if left % right else left // right
    return None


# ---- an expression with its changes ------------------------------------------------------------


def edited(
    node: Expression, changes: Changes, letters: Mapping[str, Change] | None = None
) -> Expression | None:
    """`node` with changes at some paths, and of some letters wherever they stand; None: nothing is left."""
    made: Expression | None = node
    if isinstance(node, Symbol | Definition):
        if letters and node.name in letters:
            made = letters[node.name](node)
    elif node.children and (letters or any(changes)):
        parts = [edited(child, _below(at, changes), letters) for at, child in enumerate(node.children)]
        if any(part is not child for part, child in zip(parts, node.children, strict=True)):
            made = _assembled(node, parts)
    for change in changes.get((), ()):
        made = None if made is None else change(made)
    return made


def _below(child: int, changes: Changes) -> Changes:
    """The changes that lie in one child, by their paths from there."""
    return {path[1:]: change for path, change in changes.items() if path and path[0] == child}


def _assembled(node: Expression, parts: Sequence[Expression | None]) -> Expression | None:
    left = [part for part in parts if part is not None]
    match node:
        case Sum():
            return _sum(left)
        case Product():
            return _product(part for part in left if part != ONE or ONE in node.children)
        case Difference():
            return _difference(*parts)
        case Maximum() | Minimum():
            return type(node)(tuple(left)) if left else None
    first, second = parts
    if first is None or second is None:
        return first
    assert isinstance(node, (*QUOTIENTS, Power))
    return type(node)(first, second)


def _product(factors: Iterable[Expression]) -> Expression:
    every = list(factors)
    return reduce(mul, every) if every else ONE


def _sum(terms: Sequence[Expression]) -> Expression | None:
    positive = [term for term in terms if not _is_negated(term)]
    total: Expression = reduce(add, positive) if positive else Constant(0)
    for term in terms:
        if _is_negated(term):
            total = total - term.children[1]
    return total if terms else None


def _difference(left: Expression | None, right: Expression | None) -> Expression | None:
    if right is None:
        return left
    if _is_negated(right):
        return right.children[1] if left is None else left + right.children[1]
    return negated(right) if left is None else left - right


def _is_negated(term: Expression) -> bool:
    return isinstance(term, Difference) and term.children[0] == Constant(0)
