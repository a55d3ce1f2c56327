"""What a page asks of the questions, as plain data: each function takes and gives what JSON can say.

`pose` gives a question with its `state`, from which `mark`, `hint` and `solve` know it again. A page calls
the functions by name (`FUNCTIONS`) in its own Python; a build calls them to write questions into a page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeAlias

from layercost.convention import convention_named, unit_in_words, unknown
from layercost.expression import HTML, Definition, Expression, defining, equation
from layercost.layer import layer_from_text
from layercost.message import Joined, Message
from layercost.misconception import MISCONCEPTIONS, Task
from layercost.questions.bank import templates
from layercost.questions.carrying import CARRIED
from layercost.questions.draw import QuestionError
from layercost.questions.explain import MALFORMED, RIGHT, Diagnosis, verdict
from layercost.questions.item import Item
from layercost.questions.kind import Field, Line, Posed, Template
from layercost.questions.reading import Parsed, read_number
from layercost.questions.repetition import review
from layercost.questions.skills import SKILLS
from layercost.questions.task import measure_named
from layercost.shape import shape_of

Data: TypeAlias = dict[str, Any]
ROUNDED, FROM = "compute", 100  # numbers below are known and not estimated
TWINS = 20  # how many seeds are tried for other numbers


# ---- what there is -----------------------------------------------------------------------------


def catalogue() -> list[Data]:
    """Every question of the bank, without its numbers."""
    return [
        {"id": one.id, "kind": one.kind, "level": one.level, "skills": list(one.skills)}
        for one in templates().values()
    ]


def skills() -> list[Data]:
    """The skills in words, each with the page that teaches it."""
    return [{"id": name, "words": str(skill.words), "page": skill.page} for name, skill in SKILLS.items()]


def misconceptions() -> dict[str, str]:
    """The sentence that refutes each misconception."""
    return {name: str(one.message) for name, one in MISCONCEPTIONS.items()}


# ---- posing ------------------------------------------------------------------------------------


def pose(name: str, seed: str) -> Data:
    """The question of the bank with this id, with the numbers of this seed."""
    return _posed_data(_template(name).draw(seed))


def twin(state: Mapping[str, Any], seed: str) -> Data:
    """The same question with other numbers; with the same ones only where there are no others."""
    template = _template(state["id"])
    for place in range(TWINS):
        found = template.draw(f"{seed}/twin/{place}")
        if found.state() != state["drawn"]:
            break
    return _posed_data(found)


def _template(name: str) -> Template:
    known = templates()
    if name not in known:
        raise QuestionError(str(unknown(Message("question"), name, known)))
    return known[name]


def _again(state: Mapping[str, Any]) -> Posed:
    return _template(state["id"]).posed(state["drawn"])


def _posed_data(posed: Posed) -> Data:
    template = posed.template
    return {
        "state": {"id": template.id, "drawn": posed.state()},
        "id": template.id,
        "kind": template.kind,
        "level": template.level,
        "skills": list(template.skills),
        "told": posed.told(),
        "fields": [_field_data(field) for field in posed.fields],
    }


def _field_data(field: Field) -> Data:
    return {
        "id": field.id,
        "form": field.form,
        "words": str(field.words),
        "unit": str(unit_in_words(field.unit)) if field.unit else "",
        "counted": field.unit,
        "options": [{"id": option.id, "words": str(option.words)} for option in field.options],
    }


# ---- marking -----------------------------------------------------------------------------------


def mark(state: Mapping[str, Any], answers: Mapping[str, object], factor: float = 1) -> Data:
    """What the answers show, field by field, and the share of the points that they earn.

    With a `factor` above 1, a number is right that is at most so much too large or too small, where what is
    asked for is a count of at least `FROM`. Estimates have a factor of their own.
    """
    posed = _again(state)
    shown = posed.mark(answers)
    marks = {
        field.id: _rounded(posed, field, answers.get(field.id), shown[field.id], factor)
        for field in posed.fields
    }
    share = sum((one.credit for one in marks.values()), Fraction(0)) / len(marks)
    return {
        "fields": [_mark_data(name, one) for name, one in marks.items()],
        "share": float(share),
        "malformed": any(one.id == MALFORMED for one in marks.values()),
    }


def _rounded(posed: Posed, field: Field, raw: object, shown: Diagnosis, factor: float) -> Diagnosis:
    """What an answer shows where a number need only be near."""
    rounded = factor > 1 and field.form == "number" and posed.template.kind == ROUNDED
    if not rounded or shown.id in (RIGHT, MALFORMED):
        return shown
    exact, given = (read_number(one, "", whole=False) for one in (posed.answers()[field.id], raw))
    if isinstance(exact, Parsed) and isinstance(given, Parsed) and _near(given.value, exact.value, factor):
        message = Message("Near enough: it is {exact}.", exact=_grouped(exact.value))
        return replace(shown, id=RIGHT, message=message, credit=Fraction(1))
    return shown


def _near(given: Fraction, exact: Fraction, factor: float) -> bool:
    most = Fraction(str(factor))
    return exact >= FROM and given <= most * exact and exact <= most * given


def _grouped(value: Fraction) -> str:
    return f"{int(value):,}" if value.denominator == 1 else f"{float(value):,}"


def _mark_data(name: str, shown: Diagnosis) -> Data:
    return {
        "field": name,
        "id": shown.id,
        "message": str(Joined([shown.message, shown.parting])),
        "credit": float(shown.credit),
        "right": shown.id in (RIGHT, CARRIED),
    }


def judge(asked: Mapping[str, Any], answer: str) -> Data:
    """What an answer shows to a count of a layer that the text of the course asks for.

    `asked` has the layer as it is written in code, the quantity, the shape of the input, the convention and
    the batch.
    """
    shape = None if asked["shape"] is None else shape_of(tuple(asked["shape"]))
    task = Task(
        layer_from_text(asked["layer"]), measure_named(asked["quantity"]), shape,
        convention_named(asked["convention"]), batch=asked["batch"],
    )  # fmt: skip
    return _mark_data("step", verdict(Item("step", task), answer))


# ---- help --------------------------------------------------------------------------------------


def hint(state: Mapping[str, Any]) -> str:
    """Where to begin."""
    return str(_again(state).hint())


def solve(state: Mapping[str, Any]) -> Data:
    """The worked solution with its formulas as HTML, and the right answers as one would type them."""
    posed = _again(state)
    return {"lines": [_line_data(line) for line in posed.solution()], "answers": posed.answers()}


def _line_data(line: Line) -> Data:
    unit = str(unit_in_words(line.unit)) if line.unit else ""
    return {"words": str(line.words), "html": _formula_html(line.formula), "unit": unit}


def _formula_html(formula: Expression | None) -> str:
    if formula is None:
        return ""
    return defining(formula, HTML) if isinstance(formula, Definition) else equation(formula, HTML)


def known(name: str, seed: str) -> Data:
    """A question with all that a page can know of it before its Python runs.

    Its answers, the wrong answers that are understood, and its hint.
    """
    posed = _template(name).draw(seed)
    wrong = [{"answer": one.answer, **_mark_data(one.field, one.diagnosis)} for one in posed.wrong()]
    known = {"answers": posed.answers(), "wrong": wrong, "hint": str(posed.hint())}
    return {**_posed_data(posed), "known": known}


# ---- by name -----------------------------------------------------------------------------------

FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function
    for function in (catalogue, skills, misconceptions, pose, twin, mark, judge, hint, solve, review)
}
