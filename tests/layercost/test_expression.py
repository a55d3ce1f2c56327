"""Expressions know their value, keep their order, and are written so that what is read is what was meant."""

from __future__ import annotations

import ast
import html
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import ceil, floor
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layercost.expression import (
    HTML,
    LATEX,
    MATHML,
    NOTATIONS,
    TEXT,
    Definition,
    Expression,
    Number,
    Symbol,
    add,
    ceil_div,
    define,
    defining,
    definitions,
    dimension,
    equation,
    exact_div,
    expression,
    maximum,
    minimum,
    product,
    render,
    symbols,
    times,
)  # fmt: skip

LETTERS = {"k": 5, "s": 2, "p": 1, "C_in": 3, "C_out": 1200, "d": 1, "n": -4, "z": 0}

leaves = st.one_of(
    st.integers(-3, 2000).map(expression), st.sampled_from([Symbol(*pair) for pair in LETTERS.items()])
)


def _named(meaning: Expression) -> Number:
    """A definition whose name tells its value, so that no name has two values."""
    value = meaning.value
    return define(f"P_{value}" if value >= 0 else f"M_{-value}", meaning)


def _quotient(left: Expression, right: Expression) -> Number:
    return left // right if right.value else left


def _rounded_up(left: Expression, right: Expression) -> Number:
    return ceil_div(left, right) if right.value else right


def _exact(left: Expression, right: Expression) -> Number:
    return exact_div(left * right, right) if right.value else left


def _power(left: Expression, right: Expression) -> Number:
    return left ** (right.value % 4) if abs(left.value) < 1000 else left


COMBINATIONS: list[Callable[[Expression, Expression], Number]] = [
    operator.add, operator.sub, operator.mul, _quotient, _rounded_up, _exact, _power, maximum, minimum,
    lambda left, _: _named(left),
]  # fmt: skip


@st.composite
def formulas(draw: Callable[[st.SearchStrategy[Any]], Any], depth: int = 4) -> Expression:
    """A random tree of every kind of node."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(leaves)  # type: ignore[no-any-return]
    combine = draw(st.sampled_from(COMBINATIONS))
    return expression(combine(draw(formulas(depth - 1)), draw(formulas(depth - 1))))


thorough = settings(max_examples=400)


# ---- reading what was written --------------------------------------------------------------------

OPERATORS: dict[type[ast.AST], Callable[..., Fraction]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.USub: operator.neg,
}  # fmt: skip
FUNCTIONS: dict[str, Callable[..., int | Fraction]] = {"floor": floor, "ceil": ceil, "max": max, "min": min}


def read(text: str, letters: Mapping[str, int] | None = None) -> Fraction:
    """What somebody who knows the usual rules gets out of a formula written as text."""
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text).replace("·", "*").replace("^", "**")
    for bracket, function in {"⌊": "floor(", "⌋": ")", "⌈": "ceil(", "⌉": ")"}.items():
        text = text.replace(bracket, function)
    return _evaluated(ast.parse(text, mode="eval").body, letters or {})


def _evaluated(node: ast.expr, letters: Mapping[str, int]) -> Fraction:
    match node:
        case ast.Constant(value=int(number)):
            return Fraction(number)
        case ast.Name(id=name):
            return Fraction(letters[name])
        case ast.UnaryOp(op=op, operand=operand):
            return OPERATORS[type(op)](_evaluated(operand, letters))
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_evaluated(left, letters), _evaluated(right, letters))
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return Fraction(FUNCTIONS[name](*(_evaluated(argument, letters) for argument in arguments)))
    raise AssertionError(f"nobody writes a formula like this: {ast.unparse(node)}")


@thorough
@given(formulas())
def test_what_is_written_reads_as_its_value(formula: Expression) -> None:
    """With numbers and with letters: no parenthesis is missing."""
    letters = LETTERS | {definition.name: definition.value for definition in definitions(formula)}
    assert read(render(formula, TEXT, numbers=True)) == formula.value
    assert read(render(formula, TEXT), letters) == formula.value


@thorough
@given(formulas())
def test_every_part_of_an_equation_reads_as_the_total(formula: Expression) -> None:
    letters = LETTERS | {definition.name: definition.value for definition in definitions(formula)}
    for part in equation(formula, TEXT).split(" = "):
        assert read(part, letters) == formula.value


@thorough
@given(formulas())
def test_html_and_mathml_are_well_formed(formula: Expression) -> None:
    for notation in (HTML, MATHML):
        for text in (render(formula, notation), equation(formula, notation)):
            ElementTree.fromstring(text)  # noqa: S314 - our own output


@thorough
@given(formulas())
def test_latex_closes_what_it_opens(formula: Expression) -> None:
    text = equation(formula, LATEX)
    for opened, closed in (
        (r"\left", r"\right"),
        (r"\lfloor", r"\rfloor"),
        (r"\lceil", r"\rceil"),
        ("{", "}"),
    ):
        ends = r"(?![a-z])" if opened.startswith("\\") else ""
        assert len(re.findall(re.escape(opened) + ends, text)) == len(
            re.findall(re.escape(closed) + ends, text)
        )


def test_equality_is_of_structure_not_of_value() -> None:
    assert Symbol("k", 5) * 3 + 1 == Symbol("k", 5) * 3 + 1
    assert hash(Symbol("k", 5) * 3) == hash(Symbol("k", 5) * 3)
    assert Symbol("k", 5) * 3 != 3 * Symbol("k", 5)
    assert Symbol("k", 5) != Symbol("s", 5)


# ---- the forms that courses write ----------------------------------------------------------------

d_in, d_out = Symbol("d_in", 300), Symbol("d_out", 100)
k, s, p = Symbol("k", 5), Symbol("s", 2), Symbol("p", 0)


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        pytest.param((d_in + (d_in - 1) + 1) * d_out, "(d_in + (d_in - 1) + 1)·d_out", id="taught FLOPs"),
        pytest.param((d_in - 1) + d_in, "d_in - 1 + d_in", id="a difference that stands first"),
        pytest.param(d_in - (d_in - 1), "d_in - (d_in - 1)", id="a difference taken away"),
        pytest.param(d_in - (d_in + 1), "d_in - (d_in + 1)", id="a sum taken away"),
        pytest.param((d_in - 1) - 1, "d_in - 1 - 1", id="one after the other"),
        pytest.param((d_in + 2 * p - k) // s + 1, "⌊(d_in + 2·p - k)/s⌋ + 1", id="output size"),
        pytest.param((k // s + 1) // 2, "⌊(⌊k/s⌋ + 1)/2⌋", id="a quotient of more than a quotient"),
        pytest.param(3 * exact_div(d_in, s) * k, "3·(d_in/s)·k", id="a quotient as a factor"),
        pytest.param(exact_div(d_in, s) + 1, "d_in/s + 1", id="a quotient as a term"),
        pytest.param(expression(ceil_div(k, s)), "⌈k/s⌉", id="rounded up"),
        pytest.param((k + 1) ** 2, "(k + 1)^2", id="the power of a sum"),
        pytest.param((k**2) ** 3, "(k^2)^3", id="the power of a power"),
        pytest.param(expression(maximum(k - s, 0)), "max(k - s, 0)", id="the larger"),
        pytest.param(expression(minimum(k, s)), "min(k, s)", id="the smaller"),
        pytest.param(k * expression(-3), "k·(-3)", id="a negative factor"),
    ],
)
def test_a_formula_is_written_as_courses_write_it(formula: Expression, text: str) -> None:
    assert render(formula, TEXT) == text


def test_an_equation_goes_from_letters_over_numbers_to_the_total() -> None:
    formula = d_out * d_in + d_out
    assert equation(formula, TEXT) == "d_out·d_in + d_out = 100·300 + 100 = 30,100"
    assert equation(formula, LATEX) == (
        r"d_{\mathrm{out}} \cdot d_{\mathrm{in}} + d_{\mathrm{out}} = 100 \cdot 300 + 100 = 30{,}100"
    )


def test_an_equation_repeats_nothing() -> None:
    assert equation(d_in, TEXT) == "d_in = 300"
    assert equation(expression(7), TEXT) == "7"


def test_a_definition_stands_for_its_formula_and_can_be_looked_up() -> None:
    height = Definition("H_out", (d_in - k) // s + 1)
    assert equation(height * d_out, TEXT) == "H_out·d_out = 148·100 = 14,800"
    assert defining(height, TEXT) == "H_out = ⌊(d_in - k)/s⌋ + 1 = ⌊(300 - 5)/2⌋ + 1 = 148"
    assert definitions(height * height) == (height,)
    assert [letter.name for letter in symbols(height * d_out)] == ["d_in", "k", "s", "d_out"]


def test_a_symbol_carries_the_class_of_its_dimension() -> None:
    """In HTML and MathML, the letter and its number alike; never a colour."""
    for notation in (HTML, MATHML):
        text = equation(Symbol("C_in", 3) * Symbol("k", 5), notation)
        assert text.count('lc-d-cin" data-sym="C_in"') == 2
        assert text.count('lc-d-k" data-sym="k"') == 2
        assert "color" not in text


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("C_in", "cin"), ("C", "cin"), ("d_in", "cin"), ("F", "cin"), ("d_x", "cin"),
        ("C_out", "cout"), ("d_out", "cout"), ("d_h", "cout"),
        ("k", "k"), ("k_h", "k"), ("k_w", "k"), ("H", "h"), ("H_out", "h"), ("W", "w"),
        ("W_out", "w"), ("T", "t"),
        ("s", "const"), ("p", "const"), ("d", "const"), ("g", "const"), ("N", "const"),
    ],
)  # fmt: skip
def test_a_letter_belongs_to_a_dimension(name: str, expected: str) -> None:
    assert dimension(name) == expected


# ---- plain integers ------------------------------------------------------------------------------


def test_the_helpers_work_on_plain_integers_as_on_expressions() -> None:
    """One line of a layer counts with the first and derives with the second."""
    seven, two = Symbol("a", 7), Symbol("b", 2)
    for plain, derived in [
        (ceil_div(7, 2), ceil_div(seven, two)),
        (exact_div(14, 7), exact_div(seven * two, 7)),
        (maximum(7, 2), maximum(seven, 2)),
        (minimum(7, 2), minimum(7, two)),
        (product((7, 2)), product((seven, two))),
        (times(1, 7), times(1, seven)),
        (add(0, 7), add(0, seven)),
        (define("x", 7), define("x", seven)),
    ]:
        assert type(plain) is int
        assert isinstance(derived, Expression)
        assert derived.value == plain


def test_an_exact_quotient_refuses_a_remainder() -> None:
    with pytest.raises(ValueError, match="expected 2 to divide 7, but 1 remains"):
        exact_div(7, 2)
    with pytest.raises(ValueError, match="expected 2 to divide 7, but 1 remains"):
        int(exact_div(Symbol("a", 7), 2))


def test_a_formula_cannot_branch_on_an_expression() -> None:
    with pytest.raises(TypeError, match=r"\(Symbol worth 5\) is neither true nor false; branch on"):
        bool(k)


def test_an_expression_can_stand_where_an_integer_is_wanted() -> None:
    assert [10, 11, 12][Symbol("i", 1)] == 11
    assert int(k * 1000) == 5000


def test_every_notation_is_known_by_its_name() -> None:
    assert {"text": TEXT, "latex": LATEX, "html": HTML, "mathml": MATHML} == NOTATIONS
    assert html.unescape(render(k, HTML)) == render(k, HTML)
