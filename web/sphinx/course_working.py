"""How a number is worked out, in rungs: a hint, the first line, the solution."""

from __future__ import annotations

from course_calculation import Calculated, Costed, Given, OutputSize, Part, total_of
from course_text import Asked

import layercost as lc
from layercost.convention import quantity_in_words
from layercost.expression import HTML, Expression, equation, render
from layercost.message import Message
from layercost.misconception import Cost, Size
from layercost.questions.costs import COSTS
from layercost.questions.kinds.hints import HINTS
from layercost.view import escaped, number, tag

OTHERWISE = Message("Take it apart: what is counted, and how often does it occur?")

ROUNDED_DOWN = Message("(⌊ ⌋: what stands behind the point is left out.)")

NAMES = {quantity: quantity_in_words(quantity) for quantity in lc.Quantity} | {
    lc.PARAMETER_BYTES: Message("bytes of the parameters"),
    lc.ACTIVATIONS: Message("values that are written"),
}


def default_hint(value: Part) -> Message:
    """Where to begin, from what is asked."""
    match value:
        case Asked(quantity=quantity):
            return HINTS.get(quantity, OTHERWISE)
        case OutputSize():
            return HINTS[Size.OUTPUT_SIZE]
        case Costed(task=task):
            return HINTS[task.measure]
        case Calculated(sign="+"):
            return Message("Work out the parts one by one, and add them.")
        case Calculated(sign="*"):
            return Message("Find the factors one by one, and multiply them.")
    return OTHERWISE


def unit_of(value: Part) -> str:
    """The unit that may stand behind the answer; "" where it is a plain number."""
    match value:
        case Asked():
            return value.count.unit
        case Costed():
            return value.unit
        case Given(stated=stated):
            return unit_of(stated)
        case Calculated(sign="+", parts=parts):
            units = {unit_of(part) for part in parts}
            return units.pop() if len(units) == 1 else ""
    return ""


def named(layer: lc.Layer) -> str:
    """A layer as prose calls it: as it is written in code, a network as such."""
    said = str(layer)
    too_long = len(said) > 60 and isinstance(layer, lc.Sequential | lc.Parallel)
    return str(Message("the network")) if said.startswith("<") or too_long else said


def said(part: Part) -> Message | str:
    """A part of a calculation in words: what is counted, or the number."""
    match part:
        case Asked(layer=layer, quantity=quantity):
            return Message("the {quantity} of {layer}", quantity=NAMES[quantity], layer=named(layer))
        case Given(stated=stated):
            return said(stated)
        case OutputSize(layer=layer):
            return Message("the output side of {layer}", layer=named(layer))
        case Costed(task=task) if isinstance(task.measure, Cost):
            return Message("the {amount}", amount=COSTS[task.measure].words)
        case Calculated():
            return _figures(part)
    return number(total_of(part))


# ---- lines -------------------------------------------------------------------------------------------

EQUALS = f" {tag('span', '=', class_='lc-equals')} "


def formula_of(value: Part) -> Expression | None:
    """The formula behind a number, where one layer has it."""
    match value:
        case Asked():
            return value.count.expression
        case OutputSize() | Costed():
            return value.formula
    return None


def first_line(value: Part) -> str:
    """The working without its result, as HTML: letters = numbers, or the parts in words."""
    if isinstance(value, Calculated):
        return escaped(_joined(value, [str(said(part)) for part in value.parts]))
    formula = formula_of(value)
    if formula is None:
        return ""
    letters, numbers = render(formula, HTML), render(formula, HTML, numbers=True)
    result = HTML.row(HTML.number(total_of(value), None))
    return EQUALS.join(dict.fromkeys(step for step in (letters, numbers) if step != result))


def solution(value: Part) -> str:
    """The whole working as HTML."""
    if isinstance(value, Calculated):
        worked = _figures(value)
        line = f"{worked}{EQUALS}<b>{number(value.total)}</b>"
        return line + tag("div", escaped(str(ROUNDED_DOWN)), class_="lc-where") if "⌊" in worked else line
    formula = formula_of(value)
    if formula is None:
        return f"<b>{number(total_of(value))}</b>"
    where = value.count.where("html") if isinstance(value, Asked) else []
    return equation(formula, HTML) + "".join(tag("div", line, class_="lc-where") for line in where)


def _figures(value: Part) -> str:
    """A calculation in numbers: ``7,690 ÷ 10 − 1``."""
    if not isinstance(value, Calculated):
        return number(total_of(value))
    return _joined(value, [_bracketed(part, value) for part in value.parts])


def _bracketed(part: Part, whole: Calculated) -> str:
    """A part in numbers; a sum or difference in brackets, but for the first of another."""
    loose = isinstance(part, Calculated) and part.sign in "+-"
    first = part is whole.parts[0] and whole.sign in "+-"
    return f"({_figures(part)})" if loose and not first else _figures(part)


def _joined(value: Calculated, parts: list[str]) -> str:
    if value.sign == "//":
        exact = total_of(value.parts[0]) % total_of(value.parts[1]) == 0
        return " ÷ ".join(parts) if exact else f"⌊{' ÷ '.join(parts)}⌋"
    return {"+": " + ", "-": " − ", "*": " · "}[value.sign].join(parts)
