"""An error is paid for once: a later part is marked by what follows from the own earlier results."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from layercost.arithmetic import Unworkable, worked_out
from layercost.convention import unknown
from layercost.message import Joined, Message, Words, listing
from layercost.questions.draw import QuestionError
from layercost.questions.explain import MALFORMED, RIGHT, Diagnosis
from layercost.questions.grammar import SAME_MAGNITUDE
from layercost.view import number

CARRIED = "carried-forward"


class Own(NamedTuple):
    """What a student has in an earlier field, and what is right there."""

    given: int
    right: int
    words: Words


class NotCarried(NamedTuple):
    """An own earlier result from which nothing follows, and why."""

    reason: Words


def check_follows(owner: str, text: str, known: Iterable[str]) -> None:
    """Raise QuestionError where a formula of other answers cannot be read, or names what is not there."""
    allowed = list(known)
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise QuestionError(
            f"{owner}: `follows` is arithmetic such as height*width, but got {text!r}"
        ) from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in allowed:
            raise QuestionError(
                f"{owner}: {unknown(Message('earlier step'), node.id, allowed)} It is in {text!r}."
            )


def follows(text: str, values: Mapping[str, int]) -> int:
    """What a formula of other answers comes to; raises Unworkable.

    >>> follows("height*width - 1", {"height": 4, "width": 5})
    19
    """

    class Filled(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            return ast.Constant(int(values[node.id]))

    return worked_out(Filled().visit(ast.parse(text.strip(), mode="eval").body))


def carried(own: Mapping[str, Own], formula: Callable[[Mapping[str, int]], int]) -> int | NotCarried | None:
    """What follows from own earlier results; None where these are right, or nothing can follow at all."""
    changed = {name: one for name, one in own.items() if one.given != one.right}
    if not changed:
        return None
    for one in changed.values():
        reason = _unusable(one)
        if reason:
            return NotCarried(reason)
    try:
        found = formula({name: one.given for name, one in own.items()})
    except Unworkable:
        found = 0
    if found < 1:
        return NotCarried(Message("From your own earlier results nothing can follow here."))
    return found


def _unusable(one: Own) -> Words:
    """Why nothing is carried on from an own result; empty where it is."""
    if one.given <= 1:
        return Message(
            "Your own result ({what}: {given}) is not carried on: with it the part is trivial or impossible.",
            what=one.words,
            given=number(one.given),
        )
    if one.given > SAME_MAGNITUDE * one.right or one.right > SAME_MAGNITUDE * one.given:
        return Message(
            "Your own result ({what}: {given}) is not carried on: it is off by more than {factor} times.",
            what=one.words,
            given=number(one.given),
            factor=SAME_MAGNITUDE,
        )
    return ""


def with_carried(
    alone: Diagnosis, given: int, own: Mapping[str, Own], formula: Callable[[Mapping[str, int]], int]
) -> Diagnosis:
    """A part's diagnosis in the light of the student's own earlier results."""
    if alone.id in (RIGHT, MALFORMED):
        return alone
    found = carried(own, formula)
    if isinstance(found, NotCarried):
        return Diagnosis(alone.id, Joined([alone.message, found.reason]), alone.credit)
    if found != given:
        return alone
    earlier = listing(one.words for one in own.values() if one.given != one.right)
    message = Message(
        "This follows rightly from your own results ({earlier}); the error there is not counted again.",
        earlier=earlier,
    )
    return Diagnosis(CARRIED, message, Fraction(1))


def names_in(text: str) -> set[str]:
    """The names that a formula of other answers uses."""
    return {
        node.id
        for node in ast.walk(ast.parse(text.strip() or "0", mode="eval"))
        if isinstance(node, ast.Name)
    }
