"""Exact integers that remember how they were computed.

An `Expression` is a small tree of symbols and numbers that is built by ordinary operators.
It knows its exact value (a Python integer) and renders as text, LaTeX, HTML and MathML,
with letters (``C_out C_in k k``) or with numbers (``6 3 5 5``).

The helpers `ceil_div`, `exact_div`, `maximum`, `minimum` and `define` take plain integers as well,
so one line of a layer counts with plain integers and derives with expressions.
Nothing is simplified: a formula is shown in the order in which its layer wrote it.

>>> k = Symbol("k", 5)
>>> area = 3 * k * k + 1
>>> area.value
76
>>> equation(area, TEXT)
'3·k·k + 1 = 3·5·5 + 1 = 76'
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import reduce
from operator import mul
from typing import NamedTuple, TypeAlias, cast

from layercost.frozen import Frozen, frozen

# How tightly a written piece binds, loosest first. A piece that binds looser than its place asks for
# gets parentheses.
_ANY, _NEGATIVE, _DIFFERENCE, _SUM, _QUOTIENT, _PRODUCT, _POWER, _ATOM = range(8)


class Piece(NamedTuple):
    """A part of a formula as it is written in some notation, and how tightly it binds."""

    text: str
    binding: int


@frozen
class Expression(Frozen):
    """An integer with its derivation; unit and meaning are those of what is counted."""

    @property
    def value(self) -> int:
        """The exact value, a plain integer."""
        raise NotImplementedError

    @property
    def children(self) -> tuple[Expression, ...]:
        """The expressions that this one is made of, in reading order."""
        return ()

    def written(self, pen: Pen) -> Piece:
        """This expression as `pen` writes it."""
        raise NotImplementedError

    def __int__(self) -> int:
        return self.value

    __index__ = __int__

    def __add__(self, other: Number) -> Sum:
        return Sum((*_terms(self), *_terms(other)))

    def __radd__(self, other: int) -> Sum:
        return Sum((*_terms(other), *_terms(self)))

    def __sub__(self, other: Number) -> Difference:
        return Difference(self, expression(other))

    def __rsub__(self, other: int) -> Difference:
        return Difference(expression(other), self)

    def __mul__(self, other: Number) -> Product:
        return Product((*_factors(self), *_factors(other)))

    def __rmul__(self, other: int) -> Product:
        return Product((*_factors(other), *_factors(self)))

    def __floordiv__(self, other: Number) -> FloorQuotient:
        return FloorQuotient(self, expression(other))

    def __rfloordiv__(self, other: int) -> FloorQuotient:
        return FloorQuotient(expression(other), self)

    def __pow__(self, exponent: int) -> Power:
        return Power(self, expression(exponent))

    # a formula branches on plain fields only: an expression is neither true nor false
    def __bool__(self) -> bool:
        raise TypeError(
            f"an Expression ({self.__class__.__name__} worth {self.value}) is neither true nor false; "
            "branch on a plain field of the layer, or on int(expression)"
        )


Number: TypeAlias = int | Expression


@frozen
class Constant(Expression):
    """A number that stands in a formula as itself."""

    number: int

    @property
    def value(self) -> int:
        return self.number

    def written(self, pen: Pen) -> Piece:
        return pen.number(self.number, None)


@frozen
class Symbol(Expression):
    """A letter with its number, as ``Symbol("C_out", 6)``; ``_`` begins the subscript."""

    name: str
    number: int

    @property
    def value(self) -> int:
        return self.number

    def written(self, pen: Pen) -> Piece:
        return pen.letter_or_number(self.name, self.number)


@frozen
class Definition(Expression):
    """A letter that stands for a formula, as ``H_out := (H + 2 p - k) // s + 1``."""

    name: str
    meaning: Expression

    @property
    def value(self) -> int:
        return self.meaning.value

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.meaning,)

    def written(self, pen: Pen) -> Piece:
        return pen.letter_or_number(self.name, self.value)


@frozen
class _Many(Expression):
    """An operation on any number of expressions."""

    parts: tuple[Expression, ...]

    @property
    def children(self) -> tuple[Expression, ...]:
        return self.parts


@frozen
class Sum(_Many):
    """Two terms or more, added."""

    @property
    def value(self) -> int:
        return sum(term.value for term in self.children)

    def written(self, pen: Pen) -> Piece:
        first, *others = self.children
        # later differences keep their parentheses, as courses write n + (n - 1) + 1
        terms = [pen.inside(first, _NEGATIVE), *(pen.inside(other, _SUM) for other in others)]
        return Piece(pen.notation.plus.join(terms), _SUM)


@frozen
class Product(_Many):
    """Two factors or more, multiplied."""

    @property
    def value(self) -> int:
        return reduce(lambda product, factor: product * factor.value, self.children, 1)

    def written(self, pen: Pen) -> Piece:
        return Piece(pen.notation.dot.join(pen.inside(f, _PRODUCT) for f in self.children), _PRODUCT)


@frozen
class Maximum(_Many):
    """The largest of its arguments."""

    @property
    def value(self) -> int:
        return max(argument.value for argument in self.children)

    def written(self, pen: Pen) -> Piece:
        return pen.function("max", self.children)


@frozen
class Minimum(_Many):
    """The smallest of its arguments."""

    @property
    def value(self) -> int:
        return min(argument.value for argument in self.children)

    def written(self, pen: Pen) -> Piece:
        return pen.function("min", self.children)


@frozen
class _Two(Expression):
    """An operation on two expressions."""

    left: Expression
    right: Expression

    @property
    def children(self) -> tuple[Expression, ...]:
        return (self.left, self.right)


@frozen
class Difference(_Two):
    """``left - right``."""

    @property
    def value(self) -> int:
        return self.left.value - self.right.value

    def written(self, pen: Pen) -> Piece:
        left, right = pen.inside(self.left, _NEGATIVE), pen.inside(self.right, _QUOTIENT)
        return Piece(f"{left}{pen.notation.minus}{right}", _DIFFERENCE)


@frozen
class FloorQuotient(_Two):
    """The quotient rounded down."""

    @property
    def value(self) -> int:
        return self.left.value // self.right.value

    def written(self, pen: Pen) -> Piece:
        return Piece(pen.notation.floor(pen.fraction(self.left, self.right)), _ATOM)


@frozen
class CeilQuotient(_Two):
    """The quotient rounded up."""

    @property
    def value(self) -> int:
        return -(-self.left.value // self.right.value)

    def written(self, pen: Pen) -> Piece:
        return Piece(pen.notation.ceil(pen.fraction(self.left, self.right)), _ATOM)


@frozen
class ExactQuotient(_Two):
    """A quotient that leaves no remainder."""

    @property
    def value(self) -> int:
        return _divide_exactly(self.left.value, self.right.value)

    def written(self, pen: Pen) -> Piece:
        # on one line, a product puts parentheses around it: C_out·(C_in/g)·k·k
        return Piece(pen.fraction(self.left, self.right), _QUOTIENT if pen.notation.on_one_line else _PRODUCT)


@frozen
class Power(_Two):
    """``left`` to the power of ``right``."""

    @property
    def value(self) -> int:
        return cast(int, self.left.value**self.right.value)

    def written(self, pen: Pen) -> Piece:
        exponent = pen.inside(self.right, _ATOM if pen.notation.on_one_line else _ANY)
        return Piece(pen.notation.power(pen.inside(self.left, _ATOM), exponent), _POWER)


def expression(number: Number) -> Expression:
    """`number` as an expression: a plain integer becomes a constant."""
    return number if isinstance(number, Expression) else Constant(number)


def ceil_div(left: Number, right: Number) -> Number:
    """`left / right` rounded up."""
    if isinstance(left, Expression) or isinstance(right, Expression):
        return CeilQuotient(expression(left), expression(right))
    return -(-left // right)


def exact_div(left: Number, right: Number) -> Number:
    """`left / right` where nothing may remain; raises ValueError if something does."""
    if right == 1:  # a plain 1 only: a formula does not show a division that does nothing
        return left
    if isinstance(left, Expression) or isinstance(right, Expression):
        return ExactQuotient(expression(left), expression(right))
    return _divide_exactly(left, right)


def maximum(*arguments: Number) -> Number:
    """The largest argument."""
    if any(isinstance(argument, Expression) for argument in arguments):
        return Maximum(tuple(map(expression, arguments)))
    return max(cast(tuple[int, ...], arguments))


def minimum(*arguments: Number) -> Number:
    """The smallest argument."""
    if any(isinstance(argument, Expression) for argument in arguments):
        return Minimum(tuple(map(expression, arguments)))
    return min(cast(tuple[int, ...], arguments))


def define(name: str, meaning: Number) -> Number:
    """Give a formula a letter of its own; a plain integer stays as it is."""
    return Definition(name, meaning) if isinstance(meaning, Expression) else meaning


def product(numbers: tuple[Number, ...]) -> Number:
    """All of `numbers` multiplied, from left to right; 1 if there are none."""
    if not numbers:
        return 1
    return reduce(mul, numbers)


def times(count: Number, number: Number) -> Number:
    """`count * number`, where a plain 1 is not written."""
    if isinstance(count, int) and count == 1:
        return number
    return number if isinstance(number, int) and number == 0 else count * number


def add(left: Number, right: Number) -> Number:
    """`left + right`, where a plain 0 is not written."""
    if isinstance(left, int) and left == 0:
        return right
    return left if isinstance(right, int) and right == 0 else left + right


def definitions(formula: Expression) -> tuple[Definition, ...]:
    """The definitions that `formula` uses, each once, inner ones first."""
    found: dict[str, Definition] = {}
    for node in walk(formula):
        if isinstance(node, Definition):
            found.setdefault(node.name, node)
    return tuple(found.values())


def symbols(formula: Expression) -> tuple[Symbol, ...]:
    """The letters with a number of their own in `formula`, each once, in reading order."""
    return tuple({node.name: node for node in walk(formula) if isinstance(node, Symbol)}.values())


def walk(formula: Expression) -> Iterator[Expression]:
    """Every node of `formula`, children before their parent."""
    for child in formula.children:
        yield from walk(child)
    yield formula


def substituted(formula: Expression, meanings: Mapping[str, Number]) -> Expression:
    """`formula` with other numbers or formulas in the place of letters; definitions keep their names.

    >>> k = Symbol("k", 5)
    >>> equation(substituted(3 * k * k, {"k": Symbol("n", 2) + 1}), TEXT)
    '3·(n + 1)·(n + 1) = 3·(2 + 1)·(2 + 1) = 27'
    """
    match formula:
        case Symbol(name=name):
            return expression(meanings.get(name, formula))
        case Definition(name=name, meaning=meaning):
            return Definition(name, substituted(meaning, meanings))
        case _Many(parts=parts):
            return type(formula)(tuple([substituted(part, meanings) for part in parts]))
        case _Two(left=left, right=right):
            return type(formula)(substituted(left, meanings), substituted(right, meanings))
    return formula


# ---- plain data --------------------------------------------------------------------------------


Tree: TypeAlias = "str | int | list[Tree]"

_SIGNS: dict[type[Expression], str] = {
    Sum: "+", Difference: "-", Product: "*", FloorQuotient: "floor", CeilQuotient: "ceil",
    ExactQuotient: "exact", Power: "**", Maximum: "max", Minimum: "min",
}  # fmt: skip
_LARGEST_IN_JSON = 2**53  # what a page reads from JSON is a double


def tree(formula: Expression) -> Tree:
    """`formula` as plain data that a page can compute: a letter, a number, or a sign and its operands.

    A definition stands as its name; its meaning is a tree of its own (`definitions`). A number that JSON
    does not carry exactly is ``["whole", "9007199254740993"]``. web/src/live/compiled.mjs computes trees.

    >>> k = Symbol("k", 5)
    >>> tree(3 * k * k + 1)
    ['+', ['*', 3, 'k', 'k'], 1]
    """
    match formula:
        case Symbol(name=name) | Definition(name=name):
            return name
        case Constant(number=number):
            return number if abs(number) < _LARGEST_IN_JSON else ["whole", str(number)]
    return [_SIGNS[type(formula)], *map(tree, formula.children)]


def dimension(name: str) -> str:
    """The dimension that a letter belongs to, which decides its colour and pattern on a page.

    One of ``cin``, ``cout``, ``k``, ``h``, ``w``, ``t`` and ``const``.
    """
    return _DIMENSIONS.get(name) or _DIMENSIONS.get(name.partition("_")[0]) or "const"


_DIMENSIONS = {
    "C": "cin", "C_in": "cin", "d_in": "cin", "d_x": "cin", "F": "cin",
    "C_out": "cout", "d_out": "cout", "d_h": "cout",
    "k": "k", "H": "h", "W": "w", "L": "w", "T": "t",
}  # fmt: skip


def _divide_exactly(left: int, right: int) -> int:
    quotient, remainder = divmod(left, right)
    if remainder:
        raise ValueError(f"expected {right} to divide {left}, but {remainder} remains")
    return quotient


def _terms(number: Number) -> tuple[Expression, ...]:
    return number.children if isinstance(number, Sum) else (expression(number),)


def _factors(number: Number) -> tuple[Expression, ...]:
    return number.children if isinstance(number, Product) else (expression(number),)


# ---- rendering -------------------------------------------------------------------------------


@frozen
class Notation(Frozen):
    """How one output format writes the pieces of a formula; each piece is text."""

    letter: Callable[[str], str]
    number: Callable[[int, str | None], str]  # the number, and the letter that it stands for, if any
    plus: str
    minus: str
    dot: str
    parentheses: Callable[[str], str]
    fraction: Callable[[str, str], str]
    floor: Callable[[str], str]
    ceil: Callable[[str], str]
    power: Callable[[str, str], str]
    function: Callable[[str, str], str]
    comma: str
    equals: str
    row: Callable[[str], str]
    on_one_line: bool = False  # fractions and exponents stand beside their neighbours and need parentheses


@frozen
class Pen(Frozen):
    """Writes expressions in one notation: with their letters, or with the numbers in their place."""

    notation: Notation
    numbers: bool = False

    def inside(self, part: Expression, at_least: int) -> str:
        """`part` as text, in parentheses where it binds looser than `at_least`."""
        text, binding = part.written(self)
        return text if binding >= at_least else self.notation.parentheses(text)

    def number(self, number: int, letter: str | None) -> Piece:
        """A number, which stands for `letter` if there is one."""
        return Piece(self.notation.number(number, letter), _ATOM if number >= 0 else _NEGATIVE)

    def letter_or_number(self, letter: str, number: int) -> Piece:
        """What this pen writes for a letter that is worth `number`."""
        return self.number(number, letter) if self.numbers else Piece(self.notation.letter(letter), _ATOM)

    def fraction(self, left: Expression, right: Expression) -> str:
        """One part over or beside another."""
        at_least = _ATOM if self.notation.on_one_line else _ANY
        return self.notation.fraction(self.inside(left, at_least), self.inside(right, at_least))

    def function(self, name: str, arguments: tuple[Expression, ...]) -> Piece:
        """A named function of its arguments."""
        listed = self.notation.comma.join(self.inside(argument, _ANY) for argument in arguments)
        return Piece(self.notation.function(name, listed), _ATOM)


def render(formula: Expression, notation: Notation, *, numbers: bool = False) -> str:
    """`formula` in `notation`: with its letters, or with the numbers in their place."""
    return notation.row(formula.written(Pen(notation, numbers)).text)


def equation(formula: Expression, notation: Notation, *, total: int | None = None) -> str:
    """Letters = numbers = total, as one line; parts that would repeat the one before are left out."""
    value = formula.value if total is None else total
    return notation.row(notation.equals.join(_steps(formula, notation, value)))


def defining(definition: Definition, notation: Notation) -> str:
    """A letter with what it stands for: letter = formula = numbers = value, as one line."""
    steps = _steps(definition.meaning, notation, definition.value)
    return notation.row(notation.equals.join([notation.letter(definition.name), *steps]))


def _steps(formula: Expression, notation: Notation, value: int) -> list[str]:
    """The formula with letters, with numbers, and its value; what would read the same again is left out."""
    pens = Pen(notation), Pen(notation, numbers=True)
    steps = [*(formula.written(pen).text for pen in pens), notation.number(value, None)]
    read = [*(formula.written(Pen(TEXT, pen.numbers)).text for pen in pens), TEXT.number(value, None)]
    return [step for place, step in enumerate(steps) if read[place] not in read[:place]]


def _subscripted(name: str) -> tuple[str, str]:
    base, _, subscript = name.partition("_")
    return base, subscript


TEXT = Notation(
    letter=lambda name: name,
    number=lambda number, _letter: f"{number:,}",
    plus=" + ", minus=" - ", dot="·", comma=", ", equals=" = ",
    parentheses=lambda inside: f"({inside})",
    fraction=lambda left, right: f"{left}/{right}",
    floor=lambda inside: f"⌊{inside}⌋",
    ceil=lambda inside: f"⌈{inside}⌉",
    power=lambda base, exponent: f"{base}^{exponent}",
    function=lambda name, inside: f"{name}({inside})",
    row=lambda inside: inside,
    on_one_line=True,
)  # fmt: skip


def _latex_letter(name: str) -> str:
    base, subscript = _subscripted(name)
    if len(subscript) > 1:
        subscript = rf"\mathrm{{{subscript}}}"
    return f"{base}_{{{subscript}}}" if subscript else base


LATEX = Notation(
    letter=_latex_letter,
    number=lambda number, _letter: f"{number:,}".replace(",", "{,}"),
    plus=" + ", minus=" - ", dot=r" \cdot ", comma=", ", equals=" = ",
    parentheses=lambda inside: rf"\left({inside}\right)",
    fraction=lambda left, right: rf"\frac{{{left}}}{{{right}}}",
    floor=lambda inside: rf"\left\lfloor {inside} \right\rfloor",
    ceil=lambda inside: rf"\left\lceil {inside} \right\rceil",
    power=lambda base, exponent: f"{{{base}}}^{{{exponent}}}",
    function=lambda name, inside: rf"\{name}\left({inside}\right)",
    row=lambda inside: inside,
)  # fmt: skip


def _html_letter(name: str) -> str:
    base, subscript = _subscripted(name)
    written = f"<i>{base}</i>" + (f"<sub>{subscript}</sub>" if subscript else "")
    return f'<span class="lc-sym lc-d-{dimension(name)}" data-sym="{name}">{written}</span>'


def _html_number(number: int, letter: str | None) -> str:
    if letter is None:
        return f'<span class="lc-num">{number:,}</span>'
    return f'<span class="lc-num lc-d-{dimension(letter)}" data-sym="{letter}">{number:,}</span>'


HTML = Notation(
    letter=_html_letter,
    number=_html_number,
    plus=" + ", minus=" − ", dot="·", comma=", ", equals=' <span class="lc-equals">=</span> ',
    parentheses=lambda inside: f"({inside})",
    fraction=lambda left, right: f'<span class="lc-fraction"><span>{left}</span><span>{right}</span></span>',
    floor=lambda inside: f'<span class="lc-rounded">⌊{inside}⌋</span>',
    ceil=lambda inside: f'<span class="lc-rounded">⌈{inside}⌉</span>',
    power=lambda base, exponent: f"{base}<sup>{exponent}</sup>",
    function=lambda name, inside: f"{name}({inside})",
    row=lambda inside: f'<span class="lc-formula">{inside}</span>',
)  # fmt: skip


def _operator(sign: str) -> str:
    return f"<mo>{sign}</mo>"


def _fenced(left: str, right: str) -> Callable[[str], str]:
    return lambda inside: f"<mrow>{_operator(left)}{inside}{_operator(right)}</mrow>"


def _mathml_letter(name: str) -> str:
    base, subscript = _subscripted(name)
    marks = f'class="lc-sym lc-d-{dimension(name)}" data-sym="{name}"'
    if not subscript:
        return f"<mi {marks}>{base}</mi>"
    return f"<msub {marks}><mi>{base}</mi><mi>{subscript}</mi></msub>"


def _mathml_number(number: int, letter: str | None) -> str:
    marks = f' class="lc-num lc-d-{dimension(letter)}" data-sym="{letter}"' if letter else ""
    return f"<mn{marks}>{number:,}</mn>"


MATHML = Notation(
    letter=_mathml_letter,
    number=_mathml_number,
    plus=_operator("+"), minus=_operator("−"), dot=_operator("·"), comma=_operator(","),
    equals=_operator("="),
    parentheses=_fenced("(", ")"),
    fraction=lambda left, right: f"<mfrac><mrow>{left}</mrow><mrow>{right}</mrow></mfrac>",
    floor=_fenced("⌊", "⌋"),
    ceil=_fenced("⌈", "⌉"),
    power=lambda base, exponent: f"<msup><mrow>{base}</mrow><mrow>{exponent}</mrow></msup>",
    function=lambda name, inside: f"<mrow><mi>{name}</mi>{_fenced('(', ')')(inside)}</mrow>",
    row=lambda inside: f"<math><mrow>{inside}</mrow></math>",
)  # fmt: skip

NOTATIONS = {"text": TEXT, "latex": LATEX, "html": HTML, "mathml": MATHML}
