"""Numbers that follow sizes as polynomials, found by counting."""

from __future__ import annotations

from typing import Any

import pytest

from layercost.explorers.controls import Size
from layercost.explorers.polynomial import Polynomial, Unfitted, interpolated, tree_of, valued
from layercost.message import Message

SIZES = {
    "a": Size("a", Message("a"), 3, 1, 512),
    "b": Size("b", Message("b"), 3, 8, 256),
    "c": Size("c", Message("c"), 3, 0, 9),
}
FOUND = [
    pytest.param({(): 7}, id="a number alone"),
    pytest.param({("a",): 3, ("b",): -2, (): 5}, id="a sum"),
    pytest.param({("a", "b", "b"): 9, ("b",): 1, ("a", "c"): 4, ("a", "b", "b", "c"): 2}, id="products"),
]


@pytest.mark.parametrize("polynomial", FOUND)
def test_a_polynomial_is_found_from_its_values(polynomial: Polynomial) -> None:
    """Whatever its terms, as long as no size occurs more often than was said."""
    found = interpolated(lambda at: valued(polynomial, at), SIZES, {"a": 1, "b": 2, "c": 1})
    assert found == polynomial


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(lambda at: at["a"] ** 3, id="of a higher degree"),
        pytest.param(lambda at: at["a"] // 2, id="rounded"),
        pytest.param(lambda at: max(at["a"], 100), id="with a branch"),
    ],
)
def test_what_is_no_such_polynomial_is_refused(count: Any) -> None:
    with pytest.raises(Unfitted):
        interpolated(count, SIZES, {"a": 2})


def test_a_page_is_told_its_terms() -> None:
    """Its tree has the factors of each term, and what JSON does not carry exactly as text."""
    found = interpolated(lambda at: 3 * at["a"] * at["b"] ** 2 + 10**17, SIZES, {"a": 1, "b": 2})
    assert tree_of(found) == ["+", ["whole", str(10**17)], ["*", 3, "a", "b", "b"]]


def test_a_polynomial_without_terms_is_nothing() -> None:
    found = interpolated(lambda _at: 0, SIZES, {"a": 1})
    assert tree_of(found) == 0
    assert valued(found, {"a": 4}) == 0
