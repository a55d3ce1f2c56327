"""Totals of a network as formulas of the sizes that can be moved, for a page that computes them itself.

Each layer's count is a formula of its own letters. How a letter follows a control is found by building the
network at some values: it stays, grows in proportion, is divided and rounded down, or is the square of such
a size. What was found is tried on other settings, all sizes moved at once; where it fails, Python answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, reduce
from math import gcd, isqrt
from typing import Any, TypeAlias

from layercost.convention import Quantity
from layercost.counters import count
from layercost.explorers.controls import Size
from layercost.explorers.polynomial import Polynomial, Unfitted, added, multiplied, tree_of, trials, valued
from layercost.explorers.subject import Subject
from layercost.expression import (
    Constant,
    Definition,
    Difference,
    ExactQuotient,
    Expression,
    Power,
    Product,
    Sum,
    Symbol,
    Tree,
    walk,
)
from layercost.layer import Call, Layer, LayerError
from layercost.shape import Shape, ShapeError

Build: TypeAlias = Callable[[Mapping[str, Any]], Subject]
Asked: TypeAlias = tuple[Quantity, str]
Moved: TypeAlias = tuple[tuple[str, int], ...]  # controls with their values
Floors: TypeAlias = dict[str, Tree]  # a letter of its own for each size that is rounded down

TRIALS = 8  # settings at which the formula is held against the count
_LARGEST_STEP = 64


def programs(
    build: Build, settings: Mapping[str, Any], sizes: Mapping[str, Size], wanted: Iterable[Asked]
) -> dict[Asked, dict[str, Any]]:
    """How a page computes a network's totals from its sizes, as `layercost.compiled.program` writes it.

    `wanted` are quantities, each with a convention. Raises Unfitted where no formula was found that holds for
    all settings that were tried.
    """
    sampled = {
        name: dict(_built(build, settings, [{name: value} for value in _samples(size, settings[name])]))
        for name, size in sizes.items()
    }
    tried = list(_built(build, settings, trials(sizes, TRIALS)))
    calls = build(settings).calls
    found = {}
    for asked in wanted:
        fit = _Fit(calls, sampled, *asked)
        total = fit.total()
        for moved, subject in tried:
            fit.check(total, dict(moved), subject)
        found[asked] = {
            "letters": {name: settings[name] for name in sizes},
            "definitions": [[name, tree] for name, tree in fit.floors.items()],
            "tree": tree_of(total),
        }
    return found


def _built(
    build: Build, settings: Mapping[str, Any], moves: Iterable[Mapping[str, int]]
) -> Iterator[tuple[Moved, Subject]]:
    """What is built after each move; what cannot be is left out."""
    for moved in moves:
        with suppress(LayerError, ShapeError):
            yield tuple(moved.items()), build({**settings, **moved})


@lru_cache(maxsize=4096)
def _formula(layer: Layer, shapes: tuple[Shape, ...], quantity: Quantity, convention: str) -> Expression:
    """The formula of a call; a network calls many layers that are alike, on inputs that are alike."""
    return count(layer, quantity, shapes if len(shapes) > 1 else shapes[0], convention).expression


class _Fit:
    """One quantity of one network, as a function of its sizes."""

    def __init__(
        self, calls: Sequence[Call], sampled: Mapping[str, Mapping[Moved, Subject]], quantity: Quantity,
        convention: str,
    ) -> None:  # fmt: skip
        self.quantity, self.convention = quantity, convention
        every = [_formula(call.layer, call.inputs, quantity, convention) for call in calls]
        self.base = {place: formula for place, formula in enumerate(every) if formula.value}
        self.numbers = {
            name: {moved[0][1]: self._letters(subject) for moved, subject in built.items()}
            for name, built in sampled.items()
        }
        self.floors: Floors = {}

    def _letters(self, subject: Subject) -> dict[int, dict[str, int]]:
        """The numbers of all letters, layer by layer."""
        calls = subject.calls
        return {
            place: _letters(_formula(calls[place].layer, calls[place].inputs, self.quantity, self.convention))
            for place in self.base
        }

    def total(self) -> Polynomial:
        """The sum over all layers."""
        found: Polynomial = defaultdict(int)
        for place, formula in self.base.items():
            for factors, times in self._polynomial(formula, place).items():
                found[factors] += times
        return {factors: times for factors, times in found.items() if times}

    def _polynomial(self, formula: Expression, place: int) -> Polynomial:
        match formula:
            case Constant(number=number):
                return {(): number}
            case Symbol(name=name) | Definition(name=name):
                return self._letter(name, formula.value, place)
            case Sum():
                return added([self._polynomial(part, place) for part in formula.children])
            case Difference(left=left, right=right):
                return added(
                    [self._polynomial(left, place), multiplied({(): -1}, self._polynomial(right, place))]
                )
            case Product():
                return reduce(multiplied, (self._polynomial(part, place) for part in formula.children))
            case Power(left=left, right=right):
                return reduce(multiplied, [self._polynomial(left, place)] * right.value)
            case ExactQuotient(left=left, right=right):
                return self._quotient(self._polynomial(left, place), self._polynomial(right, place))
        raise Unfitted

    def _quotient(self, left: Polynomial, right: Polynomial) -> Polynomial:
        if set(right) != {()} or any(times % right[()] for times in left.values()):
            raise Unfitted
        return {factors: times // right[()] for factors, times in left.items()}

    def _letter(self, name: str, number: int, place: int) -> Polynomial:
        """A letter of one layer by the controls that it follows; several of them are multiplied."""
        found: Polynomial = {(): 1}
        follows = False
        for control, by_value in self.numbers.items():
            series = {value: letters[place].get(name, number) for value, letters in by_value.items()}
            if len(set(series.values())) == 1:
                continue
            if follows:
                raise Unfitted
            found, follows = self._fitted(control, series), True
        return found if follows else {(): number}

    def _fitted(self, control: str, series: Mapping[int, int]) -> Polynomial:
        linear = _linear(control, series)
        if linear is not None:
            return linear
        floor = self._rounded(control, series)
        if floor is not None:
            return floor
        whole = reduce(gcd, series.values())
        roots = {value: isqrt(number // whole) for value, number in series.items()}
        if any(roots[value] ** 2 * whole != number for value, number in series.items()):
            raise Unfitted
        side = _linear(control, roots) or self._rounded(control, roots)
        if side is None:
            raise Unfitted
        return multiplied({(): whole}, multiplied(side, side))

    def _rounded(self, control: str, series: Mapping[int, int]) -> Polynomial | None:
        """``(control + more) // step + beyond``, as a letter of its own."""
        first, start = min(series), series[min(series)]
        for step in range(2, _LARGEST_STEP + 1):
            for more in range(step):
                beyond = start - (first + more) // step
                if all((value + more) // step + beyond == number for value, number in series.items()):
                    shifted: Tree = ["+", control, more] if more else control
                    name = f"{control}_{step}_{more}_{beyond}".replace("-", "m")
                    divided: Tree = ["floor", shifted, step]
                    self.floors[name] = ["+", divided, beyond] if beyond else divided
                    return {(name,): 1}
        return None

    def check(self, total: Polynomial, moved: Mapping[str, int], subject: Subject) -> None:
        """Hold the formula against a count at other sizes."""
        values = {**moved, **{name: _computed(tree, moved) for name, tree in self.floors.items()}}
        if valued(total, values) != subject.count(self.quantity, self.convention).total:
            raise Unfitted


# ---- sizes -----------------------------------------------------------------------------------------


def _computed(tree: Tree, values: Mapping[str, int]) -> int:
    """The number of a size: a control, a number, a sum or a quotient that is rounded down."""
    if isinstance(tree, list):
        left, right = (_computed(part, values) for part in tree[1:])
        return left // right if tree[0] == "floor" else left + right
    return values[tree] if isinstance(tree, str) else tree


# ---- how a letter follows --------------------------------------------------------------------------


def _linear(control: str, series: Mapping[int, int]) -> Polynomial | None:
    (first, start), (second, following), *_more = sorted(series.items())
    slope, rest = divmod(following - start, second - first)
    beyond = start - slope * first
    if rest or any(slope * value + beyond != number for value, number in series.items()):
        return None
    return {(control,): slope, **({(): beyond} if beyond else {})}


def _letters(formula: Expression) -> dict[str, int]:
    return {node.name: node.value for node in walk(formula) if isinstance(node, Symbol | Definition)}


def _samples(size: Size, usual: int) -> list[int]:
    """Some values of a control: neighbours at its usual value, others between, and its upper end."""
    low, high = size.low, size.high
    values = {usual + more for more in range(-1, 3)} | {
        low + (high - low) * part // 4 for part in range(1, 5)
    }
    return sorted(value for value in values | {high - 1} if low <= value <= high)
