"""Papers hold a student's own numbers, keys what is right, and nobody's name is more than a name."""

from __future__ import annotations

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from grader.papers import formulas, sheet
from grader.papers.blueprint import Place, Section, places, read
from grader.papers.press import Press, nowhere
from grader.papers.sheet import Sheet
from grader.roster import Student
from layercost.expression import Symbol, ceil_div, define, exact_div, expression, maximum
from tests.papers.exams import EXAM, EveryForm
from tests.papers.pdf import pages_of, text_of

ADA = Student("ada", "Ada Lovelace")
HOSTILE = [
    '#read("/etc/passwd")',
    '"); panic("out',
    "\\u{41} *bold* _low_ `code` $x^2$ @ref <label> // gone? /* gone? */",
    "= Heading",
    "[]{}()#[x]",
]


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    """One press for all tests: typst keeps what it has learned."""
    with nowhere() as folder:
        yield Press(folder)


def drawn(student: Student = ADA, seed: str = "7") -> Sheet:
    """The tests' exam for one student."""
    blueprint = read("exam.toml", EXAM)
    return sheet.draw(blueprint, places(blueprint, seed), student, seed)


def bare(text: str) -> str:
    """A text as `text_of` gives it."""
    return "".join(text.replace("`", "").split())


def every_form(*forms: str) -> Sheet:
    """A sheet with one question that has these fields."""
    template = EveryForm(forms) if forms else EveryForm()
    section = Section("Forms", "", Fraction(2), 2.0, (), 1, (), (1,), ())
    blueprint = read("exam.toml", EXAM)
    return sheet.draw(blueprint, [Place(1, section, template)], ADA, "1")


def test_a_paper_holds_the_questions_with_the_students_own_numbers(press: Press) -> None:
    exam = drawn()
    said = text_of(press.pdf("paper", sheet.paper(exam, "a4")))
    for one in exam.asked:
        assert bare(one.posed.told()) in said
    assert bare("Ada Lovelace") in said
    assert "9points" in said


def test_a_paper_holds_no_answer(press: Press) -> None:
    exam = drawn()
    said = text_of(press.pdf("paper", sheet.paper(exam, "a4")))
    for one in exam.asked:
        for field in one.posed.fields:
            answer = sheet.shown(field, one.posed.answers()[field.id])
            assert len(answer) < 3 or answer not in said


def test_a_key_holds_the_answers_that_the_questions_call_right(press: Press) -> None:
    exam = drawn()
    said = text_of(press.pdf("key", sheet.key(exam, "a4")))
    for one in exam.asked:
        for field in one.posed.fields:
            typed = one.posed.answers()[field.id]
            assert one.posed.diagnose(typed, field.id).credit == 1
            assert sheet.shown(field, typed) in said


def test_a_key_says_what_known_wrong_answers_earn(press: Press) -> None:
    exam = drawn()
    (answer,) = sheet.key(exam, "a4")["questions"][0]["answers"]
    wrong = {one["answer"][0][1]: one["points"] for one in answer["wrong"]}
    linear = exam.asked[0].posed
    forgot = next(one for one in linear.wrong() if one.diagnosis.id == "forgot-bias")
    assert wrong[f"{int(forgot.answer):,}"] == "1.5"  # half of 3 points
    assert f"{int(forgot.answer):,}" in text_of(press.pdf("key", sheet.key(exam, "a4")))


def test_a_blueprint_gives_a_share_where_a_question_gives_none() -> None:
    blueprint = read("exam.toml", f"partial = 0.25\n{EXAM.replace('credit.rounded-up = 0.6', '')}")
    exam = sheet.draw(blueprint, places(blueprint, "7"), ADA, "7")
    linear, size, _ = sheet.key(exam, "a4")["questions"]
    assert {one["points"] for one in size["answers"][0]["wrong"]} == {"0.75"}
    assert {one["points"] for one in linear["answers"][0]["wrong"]} == {"1.5", "0"}


def test_numbers_follow_from_seed_and_student_alone() -> None:
    def states(exam: Sheet) -> list[Any]:
        return [one.posed.state() for one in exam.asked]

    assert states(drawn()) == states(drawn(Student("ADA ", "somebody else")))
    assert states(drawn()) != states(drawn(seed="8"))
    assert states(drawn()) != states(drawn(Student("emmy", "Emmy Noether")))


def test_the_questions_stand_in_the_same_order_for_all() -> None:
    ids = [[one.place.template.id for one in drawn(Student(name, "")).asked] for name in ("a", "b")]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_is_printed_as_it_is_written(press: Press, name: str) -> None:
    exam = drawn(Student("eve", name))
    for template, data in (("paper", sheet.paper(exam, "a4")), ("key", sheet.key(exam, "a4"))):
        said = text_of(press.pdf(template, data))
        assert bare(name) in said or bare(name.replace("`", "")) in said.replace("`", "")
        assert "root:" not in said


def test_hostile_words_of_a_question_are_printed_as_they_are_written(press: Press) -> None:
    said = text_of(press.pdf("paper", sheet.paper(every_form(), "a4")))
    assert bare("Then answer #1 {} ~ $x$ _here_.") in said
    assert bare("a < b, as #if") in said


@pytest.mark.parametrize("form", ["number", "shape", "choice", "order"])
def test_every_form_of_field_can_be_set(press: Press, form: str) -> None:
    exam = every_form(form)
    assert pages_of(press.pdf("paper", sheet.paper(exam, "letter"))) == 1
    key = text_of(press.pdf("key", sheet.key(exam, "letter")))
    assert {"choice": "B2points", "order": "C,A,B"}.get(
        form, str(exam.asked[0].posed.state()["number"])
    ) in key


def test_the_same_sheet_gives_the_same_bytes(press: Press) -> None:
    data = sheet.paper(drawn(), "a4")
    with nowhere() as folder:
        assert Press(folder).pdf("paper", json.loads(json.dumps(data))) == press.pdf("paper", data)


def test_the_templates_see_no_file(tmp_path: Path, press: Press) -> None:
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(RuntimeError, match=r"file not found|access denied|escape"):
        press._compiler.compile(input=f'#read("{tmp_path}/secret")'.encode())


def test_pages_are_pictures_too(press: Press) -> None:
    pages = press.pages("paper", sheet.paper(drawn(), "a4"))
    assert all(page.startswith(b"\x89PNG") and len(page) > 2000 for page in pages)


H, k, s, C = Symbol("H", 32), Symbol("k", 5), Symbol("s", 2), Symbol("C_out", 1024)


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        pytest.param(C * k * k + C, "𝐶out⋅𝑘⋅𝑘+𝐶out=1,024⋅5⋅5+1,024=26,624", id="product"),
        pytest.param((H - k) // s + 1, "⌊", id="floor"),
        pytest.param(ceil_div(H, s), "⌈", id="ceiling"),
        pytest.param(exact_div(C, s) * (H + 1), "(𝐻+1)", id="parentheses"),
        pytest.param(maximum(H, k) + k**2, "max(𝐻,𝑘)", id="function and power"),
        pytest.param(define("H_out", H - k), "𝐻out=𝐻−𝑘=32−5=27", id="definition"),
        pytest.param(Symbol("groups", 3) * H, "groups⋅𝐻", id="a word as letter"),
    ],
)
def test_formulas_are_set(press: Press, formula: object, said: str) -> None:
    assert isinstance(formula, int) is False
    written = formulas.written(expression(formula), formulas.TYPST)  # type: ignore[arg-type]
    document = press._compiler.compile(input=f"${written}$".encode())
    assert isinstance(document, bytes)
    assert said in text_of(document)
