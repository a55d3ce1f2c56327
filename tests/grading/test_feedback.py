"""The feedback page: what was found stands beside the answer, and nothing in the page acts."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from grader.bounded import BoundedProcess
from grader.feedback import feedback_page
from grader.release import Release, ReleasedCell
from grader.rendering import LONGEST_TEXT, rendered
from grader.results import QuestionResult, Result
from grader.rubric import with_rubrics
from grader.score import Entry, score_numbers
from grader.specification import AssignmentSpecification, load
from grader.titles import titles
from layercost.message import Message

from .conftest import no_thread_left
from .counting import RUBRIC, Counting
from .ten_students import EXERCISE


def cell(kind: str, source: str, **settings: Any) -> dict[str, Any]:
    metadata = {"nbgrader": settings} if settings else {}
    return {"cell_type": kind, "metadata": metadata, "source": source, "outputs": []}


CELLS = [
    cell("markdown", "# Counting\n\nHello."),
    cell("markdown", "## 1. Weights of `conv1`\n\nHow many?"),
    cell("code", "answer = 5", grade_id="q1", solution=True, grade=False),
    cell("code", "assert answer", grade_id="q1-test", grade=True, points=2),
    cell("code", "more = 6", grade_id="q2", solution=True, grade=True, points=1),
    cell("markdown", "## Why?"),
    cell("markdown", "Since $n < 5$.", grade_id="q4", solution=True, grade=True, points=5),
]
RELEASE = Release("", {}, tuple(ReleasedCell(one) for one in CELLS))


def result(*questions: QuestionResult, late: float = 0.0) -> Result:
    return Result("ada", questions, (), late)


def question(grade_id: str = "q1-test", points: float = 2.0, **further: Any) -> QuestionResult:
    told = {"diagnosis": "right", "message": Message("Right."), "title": "1. Weights"} | further
    return QuestionResult(grade_id, points, 2.0, **told)


def page(*questions: QuestionResult, late: float = 0.0) -> str:
    return feedback_page("counting", result(*questions, late=late), {"cells": CELLS}, RELEASE)


def test_what_was_found_stands_right_behind_the_answer() -> None:
    """And before the check cell, which is the same for everybody and is folded."""
    text = page(question(points=0.0, diagnosis="unknown", message=Message("This is not right.")))
    places = [text.index(part) for part in ("answer = 5", "This is not right.", "assert answer", "more = 6")]
    assert places == sorted(places)
    assert "<details><summary>Given code</summary><pre><code>assert answer" in text


def test_right_is_said_once() -> None:
    said = re.sub(r"<[^>]*>|data-\w+=\S+", " ", page(question()).partition("</style>")[2])
    assert re.findall(r"\bright\b", said, re.I) == ["Right"]


def test_a_question_has_a_title_where_it_had_an_id() -> None:
    """That of the specification, or the heading above its answer; where two share one, they are numbered."""
    called = titles(Counting(), RELEASE)
    assert called == {"q1-test": "1. Weights of conv1 (1)", "q2": "1. Weights of conv1 (2)", "q4": "Why?"}
    named = AssignmentSpecification("", "", "", "", (), {"q2": "Once more"})
    assert titles(named, RELEASE)["q2"] == "Once more"
    assert "q1-test" not in re.sub(r"<style>.*</style>", "", page(question()), flags=re.S)


def test_a_specification_may_name_its_cells(tmp_path: Path) -> None:
    text = (EXERCISE / "specification.toml").read_text()
    path = tmp_path / "specification.toml"
    path.write_text(text.replace('grade_id = "explanation"', 'grade_id = "explanation"\ntitle = "In words"'))
    assert load(path).title("explanation") == "In words"


def test_the_sum_says_what_being_late_cost_and_is_never_below_nothing() -> None:
    assert "1.5 of 2 points" in page(question(), late=0.5)
    assert "−0.5" in page(question(), late=0.5)
    assert "0 of 2 points" in page(question(points=0.25), late=0.5)


def test_what_a_person_has_yet_to_mark_is_told_beside_the_sum() -> None:
    assert "2 of them are not marked yet." in page(question(waits=True, points=0.0))


def test_the_rubric_stands_before_the_marker_and_before_the_student() -> None:
    text = page(question("q4", waits=True, diagnosis="manual", rubric=RUBRIC))
    assert "<li><b>2</b>: Says that the kernel is moved.</li>" in text
    shown = with_rubrics({"cells": CELLS, "metadata": {}}, Counting())["cells"]
    (rubric,) = [one["source"] for one in shown if one not in CELLS]
    assert rubric.splitlines()[2:] == [
        "- **2**: Says that the kernel is moved.",
        "- **3**: Says that its weights stay the same.",
    ]
    assert shown[-1] is CELLS[-1]
    again = feedback_page("counting", result(question("q4", rubric=RUBRIC)), {"cells": shown}, RELEASE)
    assert again.count("Says that the kernel is moved.") == 1


def test_each_of_several_numbers_gets_a_line_of_its_own() -> None:
    specification = load(EXERCISE / "specification.toml")
    lenet = next(one for one in specification.cells if one.grade_id == "check-lenet-parameters")
    sitting = specification.sitting("ada", b"")
    given = {
        ask: Entry(sitting.variant(lenet.own).item(ask), found)  # type: ignore[arg-type]
        for ask, found in (("conv1", Fraction(1)), ("fc1", Fraction(10**9)))
    }
    message = score_numbers(2.0, given, {}, {}).message
    text = page(question(points=0.0, diagnosis="unknown", message=message))
    assert text.count("<p>conv1: ") == text.count("<p>fc1: ") == 1


# ---- an example ---------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def specification() -> AssignmentSpecification:
    return load(EXERCISE / "specification.toml")


def test_a_known_mistake_is_shown_by_one_example_on_inputs_that_were_not_hidden(
    specification: AssignmentSpecification,
) -> None:
    """With bias, since without one the mistake does not show; its numbers are what the mistake gives."""
    said = str(specification.example("ada", b"secret", "check-linear-parameters", "forgot-bias"))
    found = re.fullmatch(
        r"For example, `linear_parameters\((\d+), (\d+)\)` is ([\d,]+); this mistake makes it ([\d,]+)\.",
        said,
    )
    assert found
    inputs, outputs, right, wrong = (int(text.replace(",", "")) for text in found.groups())
    assert (right, wrong) == (inputs * outputs + outputs, inputs * outputs)
    hidden = specification.probes("ada", b"secret")["check-linear-parameters"]
    assert (inputs, outputs) not in [probe.args for probe in hidden]  # type: ignore[union-attr]
    assert said == str(specification.example("ada", b"other", "check-linear-parameters", "forgot-bias"))


@pytest.mark.parametrize("diagnosis", ["unknown", "right-on-some", "timeout", "macs-for-flops"])
def test_where_no_mistake_is_known_there_is_no_example(
    diagnosis: str, specification: AssignmentSpecification
) -> None:
    assert specification.example("ada", b"secret", "check-linear-parameters", diagnosis) == ""
    assert specification.example("ada", b"secret", "check-lenet-parameters", "forgot-bias") == ""


# ---- Markdown -----------------------------------------------------------------------------------------


def test_formulas_are_mathml_and_prices_are_not() -> None:
    made = rendered("$\\frac{a}{b} \\le 5$ costs $5 or $6\n\n\\begin{align}a &= b\\end{align}")
    assert "<mfrac><mi>a</mi><mi>b</mi></mfrac><mo>≤</mo>" in made
    assert "costs $5 or $6" in made
    assert made.count("<math") == 2
    assert '<math display="block">' in made


def test_an_answer_whose_signs_were_made_harmless_is_typeset_all_the_same() -> None:
    assert "<mi>a</mi><mo>&lt;</mo><mi>b</mi>" in rendered("$a &lt;b$")


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<b>)",
        "![x](http://example.org/seen.png)",
        r"$\text{<script>alert(1)</script>}$",
        r"$\href{javascript:alert(1)}{x}$",
        "$</math><script>alert(1)</script>$",
        '```"><script>alert(1)</script>\nx\n```',
    ],
)
def test_nothing_in_an_answer_acts(hostile: str) -> None:
    made = rendered(hostile)
    assert not re.search(r"<(script|img|style|svg)|(href|src)=\"(?!https?:)|<[^>]*\son\w+=", made), made


@pytest.mark.parametrize(
    "text",
    [
        *(r"\begin{a}" * 20_000, "$" * 200_000, "[" * 20_000, "*a_ " * 5_000, "$a$ " * 5_000),
        *("$" + "{" * 1_000, "$" + r"\sqrt{" * 300 + "}" * 300 + "$", "$a " * 5_000),
    ],
    ids=lambda text: text[:6],
)
def test_no_text_takes_long(text: str) -> None:
    """What is too long or holds too many formulas is shown as it was typed."""
    assert len(rendered(text)) < 20 * max(len(text), LONGEST_TEXT)


def test_a_text_that_took_too_long_once_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine had other things to do; all who come later would see the text as it was typed."""
    text = "*rendered* again"
    with monkeypatch.context() as busy:
        busy.setattr(BoundedProcess, "apply", lambda *_: None)
        assert rendered(text) == f"<pre>{text}</pre>"
    assert rendered(text) == "<p><em>rendered</em> again</p>\n"


def test_what_tex_does_not_know_is_shown_as_typed() -> None:
    assert rendered(r"$\nosuchthing{x}$") == "<p><code>\\nosuchthing{x}</code></p>\n"


def test_the_page_of_a_file_that_could_not_be_read_links_to_nothing() -> None:
    text = page(question(points=0.0, diagnosis="unreadable", message="There is nothing."))
    assert "<a " not in text
    assert "answer = 5" not in text


@pytest.mark.chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_nothing_stands_out_and_nothing_is_fetched(
    scheme: str, chromium: str, tmp_path: Path
) -> None:
    """Long code scrolls in its own box; formulas are set by the browser itself, in light and in dark."""
    from playwright.sync_api import sync_playwright

    wide = [cell("code", "x = " + "1 + " * 200 + "1", grade_id="q1", solution=True), *CELLS]
    text = feedback_page("counting", result(question("q4", rubric=RUBRIC)), {"cells": wide}, RELEASE)
    (tmp_path / "page.html").write_text(text)
    with no_thread_left(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 360, "height": 780}, color_scheme=scheme)
        said: list[str] = []
        asked: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"file://{tmp_path / 'page.html'}")
        root = page.evaluate(
            "({ over: document.documentElement.scrollWidth - innerWidth,"
            " ground: getComputedStyle(document.body).backgroundColor,"
            " formula: document.querySelector('math').getBoundingClientRect().width })"
        )
        browser.close()
    assert root["over"] <= 0
    assert root["formula"] > 0
    assert root["ground"] == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(18, 22, 25)")
    assert said == []
    assert len(asked) == 1
