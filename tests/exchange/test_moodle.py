"""What Moodle imports earns there what it earns here, and says why."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ElementTree
from fractions import Fraction
from pathlib import Path
from xml.etree.ElementTree import Element

import pytest

from grader.command import main
from grader.exchange import moodle
from grader.exchange.chosen import Drawn, Report, chosen
from layercost.questions import read_question
from layercost.questions.kind import Posed
from tests.papers.exams import EXAM, SKILL, EveryForm

FORMS = ("number", "shape", "choice", "order")
# How Moodle reads a gap (question/type/multianswer): a share, an answer, a feedback; \ guards a sign.
GAP = re.compile(r"\{([0-9]*):([A-Z_]+):((?:\\.|[^}\\])*)\}")
ALTERNATIVE = re.compile(r"(=|%-?[0-9]+(?:[.,][0-9]*)?%)?(.+?(?<!\\|&)(?=[~#}]|$))(#(.*?(?<!\\)(?=[~}]|$)))?")
NUMBER = re.compile(r"^(-?[0-9]+\.?[0-9]*)(:([0-9]+\.?[0-9]*))?$")


def exported(*forms: str) -> tuple[Posed, Element, Report]:
    """One question, as posed and as it goes out."""
    posed, report = EveryForm(forms).draw("1"), Report()
    made = moodle.question(Drawn(posed, 1), report)
    assert made is not None
    return posed, ElementTree.fromstring(ElementTree.tostring(made)), report  # noqa: S314 - our own output


def text(element: Element | None) -> str:
    """What stands in an element's <text>."""
    assert element is not None
    return element.findtext("text") or ""


def alternative(written: str) -> tuple[str, str, str]:
    """The share, the answer and the feedback of one alternative."""
    found = ALTERNATIVE.fullmatch(written)
    assert found is not None
    return found[1] or "", found[2].replace("\\", ""), found[4]


def own(name: str) -> Posed:
    """A question of the tests' exam."""
    from grader.papers.blueprint import read

    return read("exam.toml", EXAM).own[name].draw("1")


def test_a_number_earns_here_what_it_earns_there() -> None:
    posed = own("own-linear")
    made = moodle.question(Drawn(posed, 1), Report())
    assert made is not None
    assert made.get("type") == "numerical"
    for answer in made.findall("answer"):
        diagnosis = posed.diagnose(text(answer))
        assert Fraction(answer.get("fraction", "")) == 100 * diagnosis.credit
        assert text(answer.find("feedback")) == html.escape(str(diagnosis.message), quote=False)
    assert len(made.findall("answer")) == 1 + len(posed.wrong())


def test_a_number_with_decimals_has_their_tolerance() -> None:
    data = {
        "id": "memory", "level": 1, "skills": ["bytes"], "wording": {"en": "How much?"},
        "draw": {"n": {"from": 130, "to": 900}}, "layer": "Linear(n, n)", "input": ["n"],
        "without": ["bias-per-input"],
        "ask": [{"quantity": "parameter_bytes", "unit": "KiB", "decimals": 4}],
    }  # fmt: skip
    made = moodle.question(Drawn(read_question(data).draw("1"), 1), Report())
    assert made is not None
    assert {answer.findtext("tolerance") for answer in made.findall("answer")} == {"0.0001"}


def test_a_choice_has_one_right_option_and_feedback_for_a_known_mistake() -> None:
    _posed, made, report = exported("choice")
    shares = {text(answer): answer.get("fraction") for answer in made.findall("answer")}
    assert shares == {
        "<code>a &lt; b</code>, as #if": "33.33333",
        "b = c } ~ or": "100",
        "neither &amp; none": "0",
    }
    assert "You stopped half way" in text(made.find("answer/feedback"))
    assert not report.changed


def test_an_order_is_matched_place_by_place() -> None:
    _posed, made, _report = exported("order")
    pairs = {text(one): text(one.find("answer")) for one in made.findall("subquestion")}
    assert pairs == {
        "neither &amp; none": "1",
        "<code>a &lt; b</code>, as #if": "2",
        "b = c } ~ or": "3",
    }


def test_a_shape_is_taken_as_people_type_it() -> None:
    posed, made, _report = exported("shape")
    right = {text(answer) for answer in made.findall("answer") if answer.get("fraction") == "100"}
    number = posed.state()["number"]
    assert {f"{number} x 10 x 10", f"({number}, 10, 10)", f"{number}x10x10", f"{number},10,10"} <= right


def test_several_fields_become_gaps_that_moodle_reads() -> None:
    posed, made, _report = exported("number", "shape", "choice")
    assert made.get("type") == "cloze"
    gaps = GAP.findall(html.unescape(text(made.find("questiontext"))))
    assert [kind for _weight, kind, _listed in gaps] == ["NUMERICAL", "SHORTANSWER", "MULTICHOICE_V"]
    for (_weight, _kind, listed), field in zip(gaps, posed.fields, strict=True):
        read = [alternative(one) for one in re.split(r"(?<!\\)~", listed)]
        right = next(answer for sign, answer, _said in read if sign == "=")
        earned = {"number": right.partition(":")[0], "choice": "b=c"}.get(field.id, right)
        assert posed.diagnose(earned, field.id).credit == 1
        assert any(sign.startswith("%33.33333") and "half way" in said for sign, _answer, said in read)
    assert NUMBER.match(gaps[0][2].partition("#")[0].removeprefix("="))


def test_signs_of_a_gap_are_guarded() -> None:
    _posed, made, _report = exported("number", "choice")
    told = html.unescape(text(made.find("questiontext")))
    assert r"You stopped half way: \#2 \} \~ a < b." in told
    assert r"b = c \} \~ or" in told


def test_what_moodle_has_not_is_named_and_left_out() -> None:
    report = Report()
    assert moodle.question(Drawn(EveryForm(FORMS).draw("1"), 1), report) is None
    assert report.left_out == ["every-form-1: Moodle has no question with an order among other fields"]


@pytest.mark.parametrize(("credit", "there"), [("0.33", "33.33333"), ("0.43", "40"), ("0.5", "50")])
def test_a_share_that_moodle_has_not_becomes_the_nearest_and_is_told(credit: str, there: str) -> None:
    data = {
        "id": "linear", "level": 1, "skills": ["parameters"], "wording": {"en": "How many?"},
        "draw": {"n": {"from": 30, "to": 90}}, "layer": "Linear(n, 10)", "input": ["n"],
        "credit": {"forgot-bias": float(credit)}, "ask": [{"quantity": "parameters"}],
    }  # fmt: skip
    report = Report()
    made = moodle.question(Drawn(read_question(data).draw("1"), 1), report)
    assert made is not None
    assert there in {answer.get("fraction") for answer in made.findall("answer")}
    assert bool(report.changed) == (credit != "0.5")


def test_questions_of_the_bank_go_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "questions.xml"
    status = main(["questions", "--to", "moodle", "--out", str(out), "--draws", "1", "--skills", SKILL])
    quiz = ElementTree.parse(out).getroot()  # noqa: S314 - our own output
    names = [text(one.find("name")) for one in quiz.findall("question") if one.get("type") != "category"]
    left = capsys.readouterr().err.count("left out:")
    assert len(set(names)) == len(names) == len(chosen([SKILL])) - left
    assert status == (1 if left else 0)
    shares = {str(share) for share in moodle.SHARES}
    assert {answer.get("fraction") for answer in quiz.findall("question/answer")} <= shares
