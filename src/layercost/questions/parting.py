"""Where a wrong derivation leaves the right one: terms that it leaves out, adds or has in their place."""

from __future__ import annotations

from layercost.expression import TEXT, Difference, Expression, Sum, definitions, render
from layercost.message import Message, Words, both

MOST = 2  # terms that are named; a derivation that differs in more says nothing that one can take in
_LONGEST = 90  # letters of a term


def parting(right: Expression, wrong: Expression) -> Words:
    """In which terms two derivations of one number differ; nothing where they differ in too many.

    Where the terms are the same, it is the formula of a size among them that differs, or a number.

    >>> from layercost import PARAMETERS, Linear, count
    >>> formulas = [count(Linear(300, 100, bias=bias), PARAMETERS).expression for bias in (True, False)]
    >>> str(parting(*formulas))
    'Your number leaves out d_out = 100.'
    """
    if render(right, TEXT) != render(wrong, TEXT):
        return _differing(_terms(right), _terms(wrong))
    return _of_sizes(right, wrong) or _differing(_terms(right), _terms(wrong))


def _of_sizes(right: Expression, wrong: Expression) -> Words:
    """The first size that is computed otherwise, as H_out."""
    meanings = {one.name: one.meaning for one in definitions(wrong)}
    for one in definitions(right):
        other = meanings.get(one.name)
        if other is not None and render(other, TEXT, numbers=True) != render(one.meaning, TEXT, numbers=True):
            return _instead([f"{one.name} = {_line(one.meaning)}"], [f"{one.name} = {_line(other)}"])
    return ""


def _terms(formula: Expression) -> list[Expression]:
    return list(formula.children) if isinstance(formula, Sum | Difference) else [formula]


def _differing(right: list[Expression], wrong: list[Expression]) -> Words:
    missing, added = _without(right, wrong), _without(wrong, right)
    if not missing and not added:
        return ""
    if max(len(missing), len(added)) > MOST or any(len(line) > _LONGEST for line in (*missing, *added)):
        return ""
    if not added:
        return Message("Your number leaves out {terms}.", terms=both(missing))
    if not missing:
        return Message("Your number adds {terms}.", terms=both(added))
    return _instead(missing, added)


def _instead(missing: list[str], added: list[str]) -> Message:
    return Message("In place of {right} your number has {wrong}.", right=both(missing), wrong=both(added))


def _without(terms: list[Expression], others: list[Expression]) -> list[str]:
    """The terms that are not among others, each as letters = numbers."""
    left = [_line(other) for other in others]
    found = []
    for term in terms:
        line = _line(term)
        if line in left:
            left.remove(line)
        else:
            found.append(line)
    return found


def _line(term: Expression) -> str:
    return " = ".join(dict.fromkeys((render(term, TEXT), render(term, TEXT, numbers=True))))
