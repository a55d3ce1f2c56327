"""Whole numbers that follow sizes as a polynomial: their arithmetic, and how one is found by counting."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from itertools import chain
from typing import TypeAlias

from layercost.explorers.controls import Size
from layercost.expression import Tree

Factors: TypeAlias = tuple[str, ...]  # the sizes that are multiplied, sorted
Polynomial: TypeAlias = dict[Factors, int]  # to how often their product is taken


class Unfitted(Exception):
    """A number that follows the sizes in another way."""


# ---- arithmetic ---------------------------------------------------------------------------------------


def added(every: Sequence[Polynomial]) -> Polynomial:
    """The sum of several."""
    found: Polynomial = defaultdict(int)
    for factors, often in chain.from_iterable(one.items() for one in every):
        found[factors] += often
    return dict(found)


def multiplied(left: Polynomial, right: Polynomial) -> Polynomial:
    """The product of two."""
    found: Polynomial = defaultdict(int)
    for one, often in left.items():
        for other, again in right.items():
            found[tuple(sorted((*one, *other)))] += often * again
    return dict(found)


def tree_of(total: Polynomial) -> Tree:
    """The sum as a page computes it; numbers are below what JSON carries exactly, or their own text."""
    terms: list[Tree] = []
    for factors, times in sorted(total.items()):
        number: Tree = times if abs(times) < 2**53 else ["whole", str(times)]
        terms.append(["*", number, *factors] if factors else number)
    return ["+", *terms] if len(terms) > 1 else terms[0] if terms else 0


def valued(total: Polynomial, values: Mapping[str, int]) -> int:
    """Its number for some sizes."""
    return sum(times * reduce(lambda product, name: product * values[name], factors, 1)
               for factors, times in total.items())  # fmt: skip


# ---- found by counting ----------------------------------------------------------------------------------

Counting: TypeAlias = Callable[[Mapping[str, int]], int]
_TRIALS = 4


def interpolated(count: Counting, sizes: Mapping[str, Size], degrees: Mapping[str, int]) -> Polynomial:
    """What `count` gives for each setting of the sizes, if it is a polynomial of such degrees.

    It is found at the smallest sizes, and held against the count at others. Raises Unfitted where it fails.
    """
    found = _along(count, {}, [(name, sizes[name].low, degree) for name, degree in degrees.items()])
    if any(times.denominator != 1 for times in found.values()):
        raise Unfitted
    total = {factors: int(times) for factors, times in found.items() if times}
    for values in trials({name: sizes[name] for name in degrees}, _TRIALS):
        if valued(total, values) != count(values):
            raise Unfitted
    return total


def trials(sizes: Mapping[str, Size], many: int) -> list[dict[str, int]]:
    """Settings to try, all sizes moved at once: spread over their ranges, in another order for each."""
    return [
        {
            name: size.low + (trial * (7919 + 104729 * place) + 31 * place) % (size.high - size.low + 1)
            for place, (name, size) in enumerate(sizes.items())
        }
        for trial in range(many)
    ]


def _along(
    count: Counting, at: Mapping[str, int], sizes: Sequence[tuple[str, int, int]]
) -> dict[Factors, Fraction]:
    """One size after the other: the polynomials at a few of its values, joined by Lagrange's formula."""
    if not sizes:
        return {(): Fraction(count(at))}
    (name, low, degree), *rest = sizes
    values = range(low, low + degree + 1)
    found: dict[Factors, Fraction] = defaultdict(Fraction)
    for value in values:
        others = _along(count, {**at, name: value}, rest)
        for power, share in enumerate(_one_at(value, values)):
            for factors, times in others.items():
                found[tuple(sorted((*(name,) * power, *factors)))] += share * times
    return found


def _one_at(value: int, values: Sequence[int]) -> list[Fraction]:
    """The coefficients of the polynomial that is 1 at one of some values and 0 at the others."""
    found = [Fraction(1)]
    for other in values:
        if other != value:
            raised = [Fraction(0), *found]
            lowered = [*(other * times for times in found), Fraction(0)]
            found = [(more - less) / (value - other) for more, less in zip(raised, lowered, strict=True)]
    return found
