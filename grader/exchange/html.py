"""Words and worked solutions as HTML that other programs show: well-formed, without scripts or classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape

from grader.papers.formulas import marked, written
from grader.papers.sheet import derived, shown
from layercost.convention import unit_in_words
from layercost.expression import MATHML, Expression, Notation
from layercost.message import Words
from layercost.questions.kind import Field, Line, Posed, Wrong

_MARKS = re.compile(r' (class|data-sym)="[^"]*"')  # for our own pages
NEW_LINE = "\n"
EQUALS = MATHML.equals


def mathml(formula: Expression) -> str:
    """A derivation as plain MathML, each step by itself: a line breaks between formulas, never within one."""
    bare = _MARKS.sub("", written(formula, MATHML))
    steps = bare.replace(EQUALS, f"</mrow></math> <math><mrow>{EQUALS}")
    return steps.replace("<math>", '<math xmlns="http://www.w3.org/1998/Math/MathML">')


def inline(words: Words) -> str:
    """Words with their code set apart; quotes stay, since no text becomes an attribute."""
    tags = {"text": "{}", "code": "<code>{}</code>"}
    return "".join(tags[kind].format(escape(part, quote=False)) for kind, part in marked(words))


def paragraphs(text: str) -> str:
    """A text in paragraphs, as empty lines part it; its other lines end where they end."""
    parts = (part.strip() for part in text.split("\n\n"))
    return "".join(f"<p>{inline(part).replace(NEW_LINE, '<br />')}</p>" for part in parts if part)


def asked(posed: Posed) -> str:
    """A question as a person reads it, with what its fields ask for."""
    return paragraphs(posed.told()) + "".join(map(_asked, posed.fields))


def _asked(field: Field) -> str:
    words = f"<p>{inline(field.words)}</p>" if field.words else ""
    options = "".join(f"<li>{inline(option.words)}</li>" for option in field.options)
    return words + (f'<ol type="A">{options}</ol>' if options else "")


def solution(posed: Posed, notation: Notation | None = None, fence: tuple[str, str] = ("", "")) -> str:
    """How the answers come about: formulas as MathML, or in another notation between two signs."""

    def formula(of: Expression | None) -> str:
        if of is None:
            return ""
        return mathml(of) if notation is None else escape(f"{fence[0]}{written(of, notation)}{fence[1]}")

    return "".join(_line(line, formula(line.formula)) for line in derived(posed.solution()))


def _line(line: Line, formula: str) -> str:
    unit = escape(str(unit_in_words(line.unit))) if line.unit else ""
    return f"<p>{' '.join(part for part in (inline(line.words), formula, unit) if part)}</p>"


def right(posed: Posed) -> str:
    """The right answers, each with what asks for it."""
    return "".join(f"<p>{_right(field, answer)}</p>" for field, answer in _answers(posed))


def _answers(posed: Posed) -> list[tuple[Field, str]]:
    answers = posed.answers()
    return [(field, answers[field.id]) for field in posed.fields]


def _right(field: Field, answer: str) -> str:
    unit = f" {escape(str(unit_in_words(field.unit)))}" if field.unit else ""
    return f"{inline(field.words)} <b>{inline(in_words(field, answer))}</b>{unit}".strip()


def in_words(field: Field, answer: str) -> Words:
    """An answer as it is said: an option's own words, a number with its digits in groups."""
    words = {option.id: option.words for option in field.options}
    if not words:
        return shown(field, answer)
    return " → ".join(str(words.get(name.strip(), name)) for name in answer.split(","))


def wrongs(field: Field, known: Sequence[Wrong]) -> str:
    """What the usual mistakes give."""
    rows = (
        f"<tr><td>{inline(in_words(field, one.answer))}</td><td>{inline(one.diagnosis.message)}</td></tr>"
        for one in known
    )
    return f"<table><tbody>{''.join(rows)}</tbody></table>" if known else ""
