"""Questions as Moodle's XML: known wrong answers earn their share, and each has its explanation as feedback.

One number becomes `numerical`, one choice `multichoice`, an order `matching`; several fields become one
`cloze` question. Moodle knows only certain shares of the points; the nearest is taken, and told.
Format: docs.moodle.org, *Moodle XML format* and *Embedded Answers (Cloze) question type*.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from grader.exchange import html
from grader.exchange.chosen import Drawn, Report, expected, plain, wrong_in
from layercost.convention import unit_in_words
from layercost.expression import LATEX
from layercost.message import Words
from layercost.questions.kind import Field, Wrong

CATEGORY = "$course$/top/Every FLOP Counts"
SHARES = (
    *(
        100,
        90,
        "83.33333",
        80,
        75,
        70,
        "66.66667",
        60,
        50,
        40,
        "33.33333",
        30,
        25,
        20,
        "16.66667",
        "14.28571",
    ),
    *("12.5", "11.11111", 10, 5, 0),
)  # per cent; Moodle refuses others
LOOKS_LIKE_A_BACKSLASH = "\N{REVERSE SOLIDUS OPERATOR}"
FENCE = (r"\(", r"\)")  # Moodle's own filter sets what stands between these


def write_questions(path: Path, every: Iterable[Drawn], report: Report) -> None:
    """Writes one file that Moodle imports as *Moodle XML*."""
    quiz = Element("quiz")
    category = SubElement(quiz, "question", type="category")
    _text(SubElement(category, "category"), CATEGORY)
    for drawn in every:
        made = question(drawn, report)
        if made is not None:
            quiz.append(made)
            report.written += 1
    ElementTree.indent(quiz)
    ElementTree.ElementTree(quiz).write(path, encoding="utf-8", xml_declaration=True)


def question(drawn: Drawn, report: Report) -> Element | None:
    """One question; None, with its name in the report, where Moodle has nothing like it."""
    fields = drawn.posed.fields
    if len(fields) == 1:
        return _SINGLE[fields[0].form](drawn, fields[0], report)
    if any(field.form == "order" for field in fields):
        report.left_out.append(f"{drawn.id}: Moodle has no question with an order among other fields")
        return None
    return _cloze(drawn, report)


def _head(drawn: Drawn, kind: str, told: str) -> Element:
    made = Element("question", type=kind)
    _text(SubElement(made, "name"), drawn.id)
    _html(made, "questiontext", told)
    _html(made, "generalfeedback", html.right(drawn.posed) + html.solution(drawn.posed, LATEX, FENCE))
    for name, value in (("defaultgrade", "1"), ("penalty", "0.3333333"), ("hidden", "0")):
        SubElement(made, name).text = value
    SubElement(made, "idnumber").text = drawn.id[-100:]
    tags = SubElement(made, "tags")
    for skill in drawn.template.skills:
        _text(SubElement(tags, "tag"), skill)
    return made


def _text(parent: Element, text: str) -> None:
    SubElement(parent, "text").text = text


def _html(parent: Element, name: str, text: str) -> Element:
    made = SubElement(parent, name, format="html")
    _text(made, text)
    return made


def _told(drawn: Drawn, field: Field) -> str:
    """The question and what its only field asks for, without the options, which Moodle shows itself."""
    words = f"<p>{html.inline(field.words)}</p>" if field.words else ""
    return html.paragraphs(drawn.posed.told()) + words + _in(field)


def _in(field: Field) -> str:
    unit = f"{unit_in_words(field.unit)}" if field.unit else ""
    return f"<p>({html.inline(unit)})</p>" if unit else ""


# ---- one field ----------------------------------------------------------------------------------


def _numerical(drawn: Drawn, field: Field, report: Report) -> Element:
    made = _head(drawn, "numerical", _told(drawn, field))
    near = plain(expected(drawn.posed, field).tolerance)
    for answer, share, said in _answers(drawn, field, report):
        SubElement(_answer(made, answer, share, said), "tolerance").text = near
    return made


def _shortanswer(drawn: Drawn, field: Field, report: Report) -> Element:
    made = _head(drawn, "shortanswer", _told(drawn, field))
    SubElement(made, "usecase").text = "0"
    for answer, share, said in _answers(drawn, field, report):
        for spelling in spellings(answer):
            _answer(made, spelling.replace("*", r"\*"), share, said)  # a bare * stands for anything
    return made


def _multichoice(drawn: Drawn, field: Field, report: Report) -> Element:
    made = _head(drawn, "multichoice", _told(drawn, field))
    for name, value in (("single", "true"), ("shuffleanswers", "true"), ("answernumbering", "ABCD")):
        SubElement(made, name).text = value
    told = {answer: (share, said) for answer, share, said in _answers(drawn, field, report)}
    for option in field.options:
        share, said = told.get(option.id, ("0", ""))
        _answer(made, html.inline(option.words), share, said, "html")
    return made


def _matching(drawn: Drawn, field: Field, _report: Report) -> Element:
    """Each thing is matched with its place; Moodle gives each right place its share."""
    made = _head(drawn, "matching", _told(drawn, field))
    SubElement(made, "shuffleanswers").text = "true"
    words = {option.id: option.words for option in field.options}
    for place, name in enumerate(drawn.posed.answers()[field.id].split(","), start=1):
        one = _html(made, "subquestion", html.inline(words[name.strip()]))
        _text(SubElement(one, "answer"), str(place))
    return made


_SINGLE = {
    "number": _numerical,
    "shape": _shortanswer,
    "choice": _multichoice,
    "order": _matching,
}


def _answer(parent: Element, text: str, share: str, said: Words, form: str = "moodle_auto_format") -> Element:
    made = SubElement(parent, "answer", fraction=share, format=form)
    _text(made, text)
    _html(made, "feedback", html.inline(said))
    return made


def _answers(drawn: Drawn, field: Field, report: Report) -> list[tuple[str, str, Words]]:
    """The right answer and the wrong ones: what is typed, the share in per cent, the feedback."""
    right = drawn.posed.answers()[field.id]
    known = wrong_in(drawn.posed, field)
    wrong = [(one.answer, share(drawn, one, report), one.diagnosis.message) for one in known]
    said = drawn.posed.diagnose(right, field.id).message
    if field.form == "number":
        right = expected(drawn.posed, field).number
    return [(right, "100", said), *wrong]


def share(drawn: Drawn, wrong: Wrong, report: Report) -> str:
    """A credit as a share that Moodle knows, the nearest one."""
    exact = wrong.diagnosis.credit * 100
    nearest = min(SHARES, key=lambda each: abs(Fraction(str(each)) - exact))
    if abs(Fraction(str(nearest)) - exact) > Fraction(1, 100):
        report.changed.append(
            f"{drawn.id}: {wrong.diagnosis.id} earns {nearest} % in Moodle, not {float(exact):g} %"
        )
    return str(nearest)


def spellings(answer: str) -> list[str]:
    """A shape as people type it: with commas or crosses, with or without parentheses and spaces."""
    sizes = re.split(r"\s*[,x×]\s*", answer.strip("()[] "))
    if not all(size.isdecimal() for size in sizes):
        return [answer]
    listed = [sign.join(sizes) for sign in (", ", ",", " x ", "x", " × ", "×")]
    return list(dict.fromkeys([answer, *listed, f"({listed[0]})", f"({listed[1]})"]))


# ---- several fields -----------------------------------------------------------------------------


def _cloze(drawn: Drawn, report: Report) -> Element:
    told = html.paragraphs(drawn.posed.told())
    for field in drawn.posed.fields:
        parts = field.words, _gap(drawn, field, report), _unit(field)
        told += f"<p>{' '.join(map(html.inline, parts))}</p>"
    return _head(drawn, "cloze", told)


def _unit(field: Field) -> str:
    return str(unit_in_words(field.unit)) if field.unit else ""


def _gap(drawn: Drawn, field: Field, report: Report) -> str:
    """A field as Moodle writes it into a text: ``{1:NUMERICAL:=456:0#Right.~%50%450:0#The biases ...}``."""
    kind = {"number": "NUMERICAL", "shape": "SHORTANSWER", "choice": "MULTICHOICE_V"}[field.form]
    near = f":{plain(expected(drawn.posed, field).tolerance)}" if field.form == "number" else ""
    words = {option.id: str(option.words) for option in field.options}
    told = _answers(drawn, field, report)
    told += [(name, "0", "") for name in words if name not in {answer for answer, _, _ in told}]
    listed = [
        f"{_sign(earned)}{_bare(words.get(spelling, spelling))}{near}#{_bare(said)}"
        for answer, earned, said in told
        for spelling in (spellings(answer) if field.form == "shape" else [answer])
    ]
    return f"{{1:{kind}:{'~'.join(listed)}}}"


def _sign(share: str) -> str:
    return "=" if share == "100" else f"%{share}%"


def _bare(words: Words) -> str:
    """Words without the signs that have a meaning inside of a gap; what guards them has no guard itself."""
    text = str(words).replace("`", "").replace("\\", LOOKS_LIKE_A_BACKSLASH)
    for sign in "}~#":
        text = text.replace(sign, f"\\{sign}")
    return text
