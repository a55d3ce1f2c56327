"""What the prose asks for can be calculated with, and a calculation remembers its parts.

``parameters(first) + parameters(second)`` is a number like any other, and knows of what it is the sum: so a
wrong answer can be traced to the part that was left out. ``7690 // 10 - 1`` is read the same way.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any, TypeAlias

import layercost as lc
from layercost.convention import TWO_A_MAC
from layercost.expression import Definition, Expression
from layercost.misconception import Cost, Size, Task, Training
from layercost.questions.task import derivation, number, stated
from layercost.shape import shape_of


class Arithmetic:
    """A whole number that came about somehow; sums, differences, products and quotients remember how."""

    @property
    def total(self) -> int:
        """The number alone."""
        raise NotImplementedError

    def __add__(self, other: Part) -> Part:
        return calculated("+", self, other)

    def __radd__(self, other: Part) -> Part:
        return calculated("+", other, self)

    def __sub__(self, other: Part) -> Part:
        return calculated("-", self, other)

    def __rsub__(self, other: Part) -> Part:
        return calculated("-", other, self)

    def __mul__(self, other: Part) -> Part:
        return calculated("*", self, other)

    def __rmul__(self, other: Part) -> Part:
        return calculated("*", other, self)

    def __floordiv__(self, other: Part) -> Part:
        return calculated("//", self, other)

    def __rfloordiv__(self, other: Part) -> Part:
        return calculated("//", other, self)


Part: TypeAlias = Arithmetic | int

OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "//": operator.floordiv,
}
_SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//"}


def total_of(part: Part) -> int:
    """The number that a part stands for."""
    return part.total if isinstance(part, Arithmetic) else part


@dataclass(frozen=True)
class Calculated(Arithmetic):
    """A sum or product of all its parts, or the difference or quotient of two."""

    sign: str
    parts: tuple[Part, ...]

    @property
    def total(self) -> int:
        """The number alone."""
        return self.having([total_of(part) for part in self.parts])

    def having(self, numbers: list[int]) -> int:
        """What comes out with these numbers in place of the parts."""
        return reduce(OPERATIONS[self.sign], numbers)


def calculated(sign: str, left: Part, right: Part) -> Part:
    """The result of one operation; sums of sums and products of products are one, and 0 adds nothing."""
    if sign == "+" and 0 in (parts := (left, right)):
        return next((part for part in parts if part != 0), 0)
    own = [part.parts if _same(part, sign) else (part,) for part in (left, right)]
    return Calculated(sign, (*own[0], *own[1]))


def _same(part: Part, sign: str) -> bool:
    return isinstance(part, Calculated) and part.sign == sign and sign in "+*"


@dataclass(frozen=True)
class OutputSize(Arithmetic):
    """The side of a layer's output map."""

    layer: lc.Layer
    shape: tuple[int, ...]

    @property
    def total(self) -> int:
        """The number alone."""
        return int(self.layer.output_shape(self.shape)[-1])

    @property
    def definition(self) -> Definition | None:
        """The letter that stands for the side, as H_out, with what it means; None where there is none."""
        found = lc.count(self.layer, lc.ACTIVATIONS, self.shape).definitions
        return found[0] if found else None

    @property
    def formula(self) -> Expression:
        """How the number comes about, in letters."""
        if self.definition is not None:
            return self.definition.meaning
        return derivation(Task(self.layer, Size.OUTPUT_SIZE, shape_of(self.shape)))


@dataclass(frozen=True)
class Costed(Arithmetic):
    """What training computes or keeps: a measure of `Cost`, with its settings."""

    task: Task

    @property
    def total(self) -> int:
        """The number alone."""
        return int(number(self.task))

    @property
    def formula(self) -> Expression:
        """How the number comes about, in letters."""
        return derivation(self.task)

    @property
    def unit(self) -> str:
        """FLOPs or bytes."""
        return stated(self.task).unit


def _costed(
    measure: Cost, layer: lc.Layer, shape: tuple[int, ...], batch: int, how: dict[str, Any]
) -> Costed:
    return Costed(Task(layer, measure, shape_of(shape), TWO_A_MAC, batch=batch, training=Training(**how)))


def of_size(parameters: int) -> lc.Layer:
    """Something that holds so many parameters, of which nothing else is asked."""
    return lc.Linear(parameters, 1, bias=False)


def step_flops(layer: lc.Layer, shape: tuple[int, ...], batch: int = 1, **how: Any) -> Costed:
    """The FLOPs of one step of training, 2 a multiply-accumulate."""
    return _costed(Cost.STEP_FLOPS, layer, shape, batch, how)


def flops_by_size(parameters: int, tokens: int, **how: Any) -> Costed:
    """The same by the rule for parameters and tokens."""
    return _costed(Cost.SIZE_FLOPS, of_size(parameters), (tokens, parameters), 1, how)


def training_bytes(parameters: int, **how: Any) -> Costed:
    """Weights, gradients and states of the optimizer on one device."""
    return _costed(Cost.STATE_BYTES, of_size(parameters), (parameters,), 1, how)


def kept_bytes(tokens: int, batch: int, width: int, heads: int, blocks: int = 1, **how: Any) -> Costed:
    """The activations of blocks of GPT, by formula."""
    block = lc.Attention(width, heads)
    layer = block if blocks == 1 else lc.Sequential(*[block] * blocks)
    return _costed(Cost.KEPT_BYTES, layer, (tokens, width), batch, how)


def stored_bytes(weights: int, **how: Any) -> Costed:
    """Weights of some bits, with what their groups share."""
    return _costed(Cost.STORED_BYTES, of_size(weights), (weights,), 1, how)


@dataclass(frozen=True)
class Given(Arithmetic):
    """A count that the page states: the reader takes it over, and cannot miscount it."""

    stated: Arithmetic

    @property
    def total(self) -> int:
        """The number alone."""
        return self.stated.total


def evaluated(expression: str, names: dict[str, Any]) -> Any:
    """The value of a page's expression; where it is a calculation, with its parts."""
    return _built(ast.parse(expression.strip(), mode="eval").body, names)


def _built(node: ast.expr, names: dict[str, Any]) -> Any:
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        parts = (_built(node.left, names), _built(node.right, names))
        if all(isinstance(part, Arithmetic | int) for part in parts):
            return calculated(_SIGNS[type(node.op)], *parts)
    code = compile(ast.Expression(node), "<page>", "eval")
    return eval(code, names)  # noqa: S307 - our own pages, run in the build like their cells


ASKED_BESIDES: Mapping[str, Callable[..., Any]] = {
    "output_size": OutputSize, "given": Given, "step_flops": step_flops, "flops_by_size": flops_by_size,
    "training_bytes": training_bytes, "kept_bytes": kept_bytes, "stored_bytes": stored_bytes,
}  # fmt: skip
