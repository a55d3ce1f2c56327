"""Formulas and words as typst sets them.

Words reach typst as data and are never read as markup. Formulas are the only text that it evaluates: they are
written here, letter by letter, from the expressions that the layers declare.
"""

from __future__ import annotations

import re

from layercost.expression import Definition, Expression, Notation, defining, equation
from layercost.message import Words
from layercost.questions.kind import Line

Marked = list[tuple[str, str]]  # ("text", ...) and ("code", ...), one after another
_CODE = re.compile(r"(`+)(.+?)\1", re.DOTALL)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _letter(name: str) -> str:
    base, _, subscript = name.partition("_")
    written = base if len(base) == 1 and base.isalpha() else _quoted(base)
    below = subscript if len(subscript) == 1 and subscript.isalpha() else _quoted(subscript)
    return f"{written}_{below}" if subscript else written


TYPST = Notation(
    letter=_letter,
    number=lambda number, _letter: f'"{number:,}"',
    plus=" + ", minus=" - ", dot=" dot.op ", comma=", ", equals=" = ",
    parentheses=lambda inside: f"({inside})",
    fraction=lambda left, right: f"display(frac({left}, {right}))",
    floor=lambda inside: f"lr(floor.l {inside} floor.r)",
    ceil=lambda inside: f"lr(ceil.l {inside} ceil.r)",
    power=lambda base, exponent: f"{base}^({exponent})",
    function=lambda name, inside: f"{name} ({inside})",
    row=lambda inside: inside,
)  # fmt: skip


def written(formula: Expression, notation: Notation) -> str:
    """A line of a derivation: a definition begins with its letter."""
    if isinstance(formula, Definition):
        return defining(formula, notation)
    return equation(formula, notation)


def marked(words: Words) -> Marked:
    """Words with their code set apart: what stands between backticks."""
    text, parts, end = str(words), [], 0
    for found in _CODE.finditer(text):
        parts += [("text", text[end : found.start()]), ("code", found[2].strip())]
        end = found.end()
    return [(kind, part) for kind, part in (*parts, ("text", text[end:])) if part]


def set_line(line: Line) -> dict[str, object]:
    """A line of a worked solution, as the key's template takes it."""
    formula = "" if line.formula is None else written(line.formula, TYPST)
    return {"words": marked(line.words), "formula": formula, "unit": line.unit}
