"""Whole-number arithmetic in what people type: ``Linear(3*32*32, 10)``, ``--input "3x2*16x32"``.

A few operators on whole numbers are read, and nothing else; no name is looked up and no function is called.
"""

from __future__ import annotations

import ast
import operator
import re
import warnings
from collections.abc import Callable

from layercost.message import Message, Words
from layercost.shape import LARGEST, shown

_OPERATORS: dict[type[ast.operator], tuple[str, Callable[[int, int], int]]] = {
    ast.Add: ("+", operator.add),
    ast.Sub: ("-", operator.sub),
    ast.Mult: ("*", operator.mul),
    ast.FloorDiv: ("//", operator.floordiv),
    ast.Pow: ("**", operator.pow),
}
_HIGHEST_POWER = 64  # enough for every size that a machine holds
_TOO_LONG = re.compile(r"[0-9]{20,}")
_LEADING_ZEROS = re.compile(r"(?<![0-9_])0+(?=[0-9])")


class Unworkable(ValueError):
    """Arithmetic that comes to no whole number; the message says why."""


def is_arithmetic(node: ast.expr) -> bool:
    """Whether an expression is made by an operator, and so has to be worked out."""
    return isinstance(node, ast.BinOp) or (isinstance(node, ast.UnaryOp) and is_arithmetic(node.operand))


def worked_out(node: ast.expr) -> int:
    """The whole number that an expression of + - * // ** comes to; raises Unworkable."""
    match node:
        case ast.Constant(value=int(number)) if not isinstance(number, bool):
            return _kept(number, node)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -worked_out(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return worked_out(operand)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _kept(_applied(op, worked_out(left), worked_out(right)), node)
        case ast.BinOp(op=ast.Div()):
            raise Unworkable(
                Message(
                    "a quotient is written with //, which rounds down, but got {node}", node=written(node)
                )
            )
    raise Unworkable(
        Message("arithmetic is + - * // ** on whole numbers, but got {node}", node=written(node))
    )


def _applied(op: ast.operator, left: int, right: int) -> int:
    sign, function = _OPERATORS[type(op)]
    if sign == "//" and right == 0:
        raise Unworkable(Message("{left} // 0 is a division by zero", left=left))
    if sign == "**" and not 0 <= right <= _HIGHEST_POWER:
        raise Unworkable(
            Message(
                "a power has an exponent from 0 to {most}, but got {exponent}",
                most=_HIGHEST_POWER,
                exponent=right,
            )
        )
    return function(left, right)


def _kept(number: int, node: ast.expr) -> int:
    """The number, if some machine could hold so many values: at each step, so that none becomes enormous."""
    if abs(number) > LARGEST:
        raise Unworkable(Message("{node} comes to more than {most:,}", node=written(node), most=LARGEST))
    return number


def whole_numbers(text: str) -> tuple[int, ...]:
    """The numbers of a text as ``3, 2*16, 32`` or ``(300,)``; raises Unworkable."""
    if long := _TOO_LONG.search(text):  # Python itself reads no number of thousands of digits
        raise Unworkable(
            Message("a number of {count} digits is more than any machine holds", count=len(long[0]))
        )
    node = _parsed(_LEADING_ZEROS.sub("", text))
    parts = node.elts if isinstance(node, (ast.Tuple, ast.List)) else [node]
    try:
        return tuple(map(worked_out, parts))
    except RecursionError:
        raise Unworkable(Message("could not read {text}", text=shown(text))) from None


def _parsed(text: str) -> ast.expr:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the parser warns of odd literals that are refused later
            return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise Unworkable(Message("could not read {text}", text=shown(text))) from None


def written(node: ast.expr) -> Words:
    """An expression as an error shows it."""
    try:
        return shown(ast.unparse(node))
    except (RecursionError, ValueError):  # nested too deep, or a number of too many digits
        return Message("something that is too long to show")
