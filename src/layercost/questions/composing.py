"""Small expressions put together from the question's letters: a product, and at most one term besides.

They explain an answer that is no small edit of the right derivation.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from itertools import combinations_with_replacement
from operator import mul

from layercost.expression import Constant, Expression
from layercost.questions.edits import SIMPLE, Pool

FACTORS = 4
LETTERS = 10  # of a question with more, the first ones in reading order


def composed(answer: int, pool: Pool, allowed: int) -> Expression | None:
    """The shortest product that gives the answer, alone or with one more term; None where chance may give it.

    At most `allowed` of the numbers between half and twice the answer may be values of expressions as short.
    """
    letters = _letters(pool)
    terms = {_value(term): term for term in (*_products(letters, 2), *_products(letters, 1))}
    near: set[int] = set()
    for count in range(1, FACTORS + 1):
        products = {_value(product): product for product in _products(letters, count)}
        near.update(value for value in products if answer // 2 <= value <= 2 * answer)
        if len(near) > allowed:
            return None
        if answer in products:
            return _product(products[answer])
    return _with_a_term(answer, letters, terms) if len(near) * (1 + len(terms)) <= allowed else None


def _with_a_term(
    answer: int, letters: list[Expression], terms: dict[int, tuple[Expression, ...]]
) -> Expression | None:
    for count in range(1, FACTORS + 1):
        for product in _products(letters, count):
            term = terms.get(answer - _value(product))
            if term is not None:
                return _product(product) + _product(term)
    return None


def _letters(pool: Pool) -> list[Expression]:
    """The letters and the smallest numbers, the first of those with the same value."""
    found: dict[int, Expression] = {}
    for letter in (*pool.own, *pool.further)[:LETTERS]:
        if letter.value > 1:
            found.setdefault(letter.value, letter)
    for number in SIMPLE:
        found.setdefault(number, Constant(number))
    return list(found.values())


def _products(letters: Iterable[Expression], count: int) -> Iterator[tuple[Expression, ...]]:
    return combinations_with_replacement(letters, count)


def _value(factors: tuple[Expression, ...]) -> int:
    product = 1
    for factor in factors:
        product *= factor.value
    return product


def _product(factors: tuple[Expression, ...]) -> Expression:
    return reduce(mul, factors)
