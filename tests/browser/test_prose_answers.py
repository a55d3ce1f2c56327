"""Counts that can be switched, guesses, steps left out: on the built chapters in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from layercost.layer import layer_from_text
from tests.browser.conftest import Held, kept, wait_until

pytestmark = pytest.mark.chromium

CHAPTER = "chapters/fully_connected.html"


@pytest.fixture
def page(visit: Callable[..., Any]) -> Any:
    """The chapter, with its script at work."""
    opened = visit().open(CHAPTER)
    opened.wait_for_selector(".lc-copy-button, .lc-chip[aria-haspopup]", state="attached")
    return opened


def wait_until_kept(page: Any, wanted: str) -> None:
    """Wait until the page has written down this value, or that it is in this section."""
    wait_until(lambda: any(value in (wanted, {"section": wanted}) for value in kept(page).values()))


def counts(page: Any) -> list[dict[str, Any]]:
    """Every switchable count of the page: its values, its own convention, and what it shows."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.lc-count[data-values]')].map(count => ({
            values: JSON.parse(count.dataset.values), own: count.dataset.convention,
            number: count.querySelector('.lc-number').textContent,
            chip: count.querySelector('.lc-chip').textContent}))"""
    )


def choose(page: Any, convention: str) -> None:
    """Open the first chip that offers conventions, and choose one."""
    page.locator(".lc-count[data-values] .lc-chip").first.click()
    page.get_by_role("dialog").locator(f"input[value={convention}]").check()


def expected(count: dict[str, Any], convention: str) -> str:
    return count["values"].get(convention) or count["values"][count["own"]]


def test_choosing_a_convention_switches_every_count_of_the_page(page: Any) -> None:
    """All numbers follow one choice; a count without a value under it keeps its own."""
    before = counts(page)
    assert before
    assert [count["number"] for count in before] == [count["values"][count["own"]] for count in before]
    choose(page, "macs")
    after = counts(page)
    assert [count["number"] for count in after] == [expected(count, "macs") for count in before]
    assert any(a["number"] != b["number"] for a, b in zip(before, after, strict=True))
    assert all("macs" in count["chip"] for count in after if count["values"].get("macs"))


def test_the_chosen_convention_is_remembered(page: Any) -> None:
    """The next page load shows the reader's own choice."""
    choose(page, "macs")
    wanted = expected(counts(page)[0], "macs")
    wait_until_kept(page, "macs")
    page.reload()
    page.wait_for_function(
        "number => document.querySelector('.lc-count[data-values] .lc-number').textContent === number",
        arg=wanted,
    )


def test_the_chip_says_what_is_counted_and_closes_with_escape(page: Any) -> None:
    """The note of the convention in force is shown; Escape closes it and gives the focus back."""
    note = page.evaluate(
        """() => { const count = document.querySelector('.lc-count[data-values]');
                   return JSON.parse(count.dataset.notes)[count.dataset.convention]; }"""
    )
    page.locator(".lc-count[data-values] .lc-chip").first.click()
    dialog = page.get_by_role("dialog")
    assert note in dialog.inner_text()
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert "lc-chip" in page.evaluate("document.activeElement.className")


def test_a_count_that_stays_says_in_its_title_by_which_convention_it_is(page: Any) -> None:
    chip = page.locator(".lc-count-pinned .lc-chip").first
    chip.click()
    title = page.get_by_role("dialog").locator(".lc-title")
    assert title.inner_text() == " ".join(chip.inner_text().split())


# ---- guess first --------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["30100", "30,100", "30'100", "3.01×10⁴", "30.1k", "300*100+100"])
def test_a_guess_is_read_as_people_write_numbers(page: Any, typed: str) -> None:
    """All of these are the number 30,100."""
    form = page.locator(".lc-guess").first
    form.locator("input").fill(typed)
    form.get_by_role("button", name="Commit my guess").click()
    assert "30,100" in form.locator(".lc-verdict-words").inner_text()


def test_a_committed_guess_is_drawn_beside_the_truth_and_the_answer_opens(page: Any) -> None:
    """Guess and truth stand on one line with the factor between them, as a picture and in words."""
    form = page.locator(".lc-guess").first
    truth = int(form.get_attribute("data-answer"))
    form.locator("input").fill(str(truth * 10))
    form.get_by_role("button", name="Commit my guess").click()
    words = form.locator(".lc-verdict-words").inner_text()
    assert "a factor of 10 too high" in words
    assert f"{truth:,}" in words
    assert form.locator("svg.lc-log-line").get_attribute("aria-label") == words
    assert form.locator("details.lc-reveal").evaluate("details => details.open")


@pytest.mark.parametrize("typed", ["many", "1/0", "12,34", "", "-5"])
def test_what_is_no_number_is_met_kindly_and_reveals_nothing(page: Any, typed: str) -> None:
    """Malformed is not wrong: the message says what can be read, and the answer stays closed."""
    form = page.locator(".lc-guess").first
    form.locator("input").fill(typed)
    form.get_by_role("button", name="Commit my guess").click()
    assert "30,100" in form.locator(".lc-message").inner_text()
    assert not form.locator("details.lc-reveal").evaluate("details => details.open")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        pytest.param("0", "You said 0; it is 4,194,560: there is something to count here.", id="nothing"),
        pytest.param("2.1M", "a factor of 1.997 too low", id="nearly half"),
        pytest.param("-5", "A count is never negative", id="negative"),
        pytest.param("4.1M", "within 5 %", id="close"),
        pytest.param("4194560", "Exactly 4,194,560.", id="right"),
    ],
)
def test_a_guess_is_told_exactly_how_far_it_is(page: Any, typed: str, words: str) -> None:
    """No rounding that makes a whole number of what is none, no factor of infinity."""
    guess = page.locator(".lc-guess[data-answer='4194560']")
    guess.locator("input").fill(typed)
    guess.locator("input").press("Enter")
    assert words in "".join(guess.locator(".lc-verdict-words, .lc-message").all_inner_texts())


def test_a_guess_is_remembered(page: Any) -> None:
    """After a reload the guess and its outcome are there again."""
    form = page.locator(".lc-guess").first
    form.locator("input").fill("12345")
    form.get_by_role("button", name="Commit my guess").click()
    form.locator(".lc-outcome").wait_for()
    wait_until_kept(page, "12345")
    page.reload()
    page.locator(".lc-guess .lc-outcome").first.wait_for()
    assert "12,345" in page.locator(".lc-guess .lc-verdict-words").first.inner_text()


def steps_kept(page: Any) -> int:
    """How many steps the page has written down as done."""
    return sum(key.startswith("step:") for key in kept(page))


def test_a_drill_says_when_it_begins_again_and_does_so_with_empty_fields(page: Any) -> None:
    drill = page.locator(".lc-drill").first
    place, another = drill.locator(".lc-place"), drill.locator(".lc-another")
    many = drill.locator(".lc-variant").count()
    for _ in range(many):
        another.click()
    assert place.inner_text() == f"That was the last of {many}: it begins again with the first."
    for at in range(many):
        step = drill.locator(".lc-variant:visible .lc-step")
        assert answer_step(step, step.get_attribute("data-answer"))[0] == "right"
        wait_until(lambda done=at + 1: steps_kept(page) == done)
        another.click()
        assert (f"{at + 2} of {many}" == place.inner_text()) == (at + 1 < many)
    assert place.inner_text() == f"All {many} are done: it begins again with the first."
    step = drill.locator(".lc-variant:visible .lc-step")
    assert (step.locator("input").input_value(), step.get_attribute("data-verdict")) == ("", None)
    wait_until(lambda: steps_kept(page) == 0)
    page.reload()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    assert drill.locator(".lc-step[data-verdict]").count() == 0


def test_without_scripts_the_answer_can_still_be_opened(visit: Callable[..., Any]) -> None:
    """The reveal is the browser's own."""
    page = visit(java_script_enabled=False).open(CHAPTER)
    reveal = page.locator("details.lc-reveal").first
    reveal.locator("summary").click()
    assert reveal.get_attribute("open") is not None


# ---- a step left out ----------------------------------------------------------------------------------


def answer_step(step: Any, text: str) -> tuple[str, str]:
    """Fill in a step and check it; the verdict and the words."""
    step.locator("input").fill(text)
    step.get_by_role("button", name="Check").click()
    return step.get_attribute("data-verdict"), step.locator("output").inner_text()


def test_the_right_step_gets_a_tick_and_a_word(page: Any) -> None:
    """Right is said by sign and word, not by colour alone."""
    step = page.locator(".lc-step").first
    verdict, words = answer_step(step, step.get_attribute("data-answer"))
    assert verdict == "right"
    assert "✓" in words
    assert "Right" in words


def test_a_malformed_step_is_not_wrong(page: Any) -> None:
    """What cannot be read is asked for again."""
    verdict, words = answer_step(page.locator(".lc-step").first, "four hundred")
    assert verdict == "unclear"
    assert "“four hundred” is not read as a number; write a whole number of weights" in words


def test_a_known_mistake_gets_its_own_sentence(page: Any) -> None:
    """The number that a misconception gives is answered with that misconception's sentence."""
    steps = page.locator(".lc-step").all()
    known = [(step, json.loads(step.get_attribute("data-diagnoses") or "[]")) for step in steps]
    step, diagnoses = next((step, found) for step, found in known if found)
    verdict, words = answer_step(step, diagnoses[0]["answer"])
    assert verdict == "wrong"
    assert diagnoses[0]["text"] in words


@pytest.mark.parametrize(
    ("factor", "words"),
    [
        pytest.param(1000, "the digits are right", id="another power of ten"),
        pytest.param(123, "at least 100 times too large", id="far too large"),
        pytest.param(0, "there is something to count", id="nothing"),
        pytest.param(-1, "never negative", id="negative"),
    ],
)
def test_another_wrong_number_gets_what_can_be_said_of_it(page: Any, factor: int, words: str) -> None:
    """A wrong number that nobody foresaw still gets a hint that is true of it."""
    step = page.locator(".lc-step").first
    verdict, said = answer_step(step, str(factor * int(step.get_attribute("data-answer"))))
    assert verdict == "wrong"
    assert words in said


def test_where_python_runs_a_wrong_number_without_a_name_is_looked_at_closer(
    visit: Callable[..., Any],
) -> None:
    """The same verdict as in practice: the number in the question's own letters."""
    visitor = visit()
    page = visitor.open("chapters/fully_connected.html")
    step = page.locator(".lc-step[data-ready][data-task*='parameters']").first
    asked = json.loads(step.get_attribute("data-task"))
    layer = layer_from_text(asked["layer"])
    slip = layer.in_features * 1000 + layer.out_features
    assert "stands where" not in answer_step(step, str(slip))[1]
    page.get_by_role("button", name="Start Python").first.click()
    visitor.wait_for("live")
    answer_step(step, str(slip))
    step.locator("output", has_text="1,000 stands where d_out").wait_for()
    assert step.get_attribute("data-verdict") == "wrong"


def test_a_right_answer_of_nothing_is_not_called_a_hundred_times_too_small(visit: Callable[..., Any]) -> None:
    """Where nothing is to be counted, no number is a factor away."""
    page = visit().open("chapters/lenet.html")
    step = page.locator(".lc-step[data-ready][data-answer='0']").first
    verdict, said = answer_step(step, "77")
    assert (verdict, "too many" in said) == ("wrong", True)


def test_every_field_and_button_has_a_name_of_its_own(page: Any) -> None:
    """The name says what is asked, and verdicts are announced."""
    for part in ("input", ".lc-check"):
        names = [one.get_attribute("aria-label") for one in page.locator(f".lc-step {part}").all()]
        assert len(set(names)) == len(names) > 5
    assert page.locator(".lc-step output:not([aria-live=polite])").count() == 0


def test_the_ladder_opens_rung_by_rung_without_scripts(visit: Callable[..., Any]) -> None:
    """Hint, first line, solution: each stands in the page, and opens the next."""
    page = visit(java_script_enabled=False).open(CHAPTER)
    ladder = page.locator("details.lc-ladder").first
    for rung in ("Hint", "First line", "Solution"):
        summary = ladder.locator("summary", has_text=rung)
        assert summary.is_visible()
        summary.click()
    answer = int(page.locator(".lc-step").first.get_attribute("data-answer"))
    assert f"= {answer:,}" in ladder.inner_text().replace("\n", " ")


def test_the_progress_of_a_step_hangs_on_its_id(page: Any) -> None:
    """A right answer is there again, wherever on the page the step then stands."""
    step = page.locator(".lc-step").first
    name, answer = step.get_attribute("data-id"), step.get_attribute("data-answer")
    answer_step(step, answer)
    wait_until_kept(page, answer)
    page.reload()
    page.locator(f".lc-step[data-id={name}][data-verdict=right]").wait_for()


# ---- before the page's scripts are there --------------------------------------------------------------


@pytest.fixture
def early(visit: Callable[..., Any]) -> Any:
    """The chapter, whose scripts come only when the test lets them."""
    visitor = visit()
    script = Held(visitor.page, "**/course.mjs")
    visitor.page.goto(visitor.address + CHAPTER, wait_until="commit")
    visitor.page.locator("details.lc-ladder").last.wait_for(state="attached")
    visitor.arrive = script.let_go
    return visitor


def test_a_guess_that_is_committed_early_is_answered_when_the_script_arrives(early: Any) -> None:
    """Enter does not leave the page; what was typed stays, and is judged as soon as it can be."""
    page = early.page
    page.locator(".lc-guess input").first.fill("12345")
    page.locator(".lc-guess input").first.press("Enter")
    assert page.url == early.address + CHAPTER
    early.arrive()
    assert "12,345" in page.locator(".lc-guess .lc-verdict-words").first.inner_text()


def test_a_step_that_is_checked_early_gets_its_verdict_when_the_script_arrives(early: Any) -> None:
    """By its button as by Enter; a step that nobody asked about stays as it was typed."""
    page = early.page
    first, second, third = (page.locator(".lc-step").nth(place) for place in range(3))
    for step in (first, second, third):
        step.locator("input").fill(step.get_attribute("data-answer"))
    first.locator(".lc-check").click()
    second.locator("input").press("Enter")
    early.arrive()
    third.and_(page.locator("[data-ready]")).wait_for()
    assert [step.get_attribute("data-verdict") for step in (first, second, third)] == ["right", "right", None]
    assert third.locator("input").input_value() == third.get_attribute("data-answer")


def test_without_scripts_enter_loses_nothing(visit: Callable[..., Any]) -> None:
    """A guess is no form: there is nothing to submit."""
    page = visit(java_script_enabled=False).open(CHAPTER)
    field = page.locator(".lc-guess input").first
    field.fill("12345")
    field.press("Enter")
    assert field.input_value() == "12345"
    assert page.locator("form:has(.lc-guess), .lc-guess form").count() == 0


@pytest.mark.parametrize("chapter", ["fully_connected", "lenet"])
def test_what_a_source_says_can_be_read_at_every_width(visit: Callable[..., Any], chapter: str) -> None:
    """The words of each claim are in sight, and no page is wider than a phone."""
    page = visit(viewport={"width": 360, "height": 800}).open(f"chapters/{chapter}.html")
    page.locator("#what-the-sources-say details > summary").first.click()
    said = page.locator(".lc-claim .lc-claimed")
    assert said.count() == page.locator(".lc-claim").count() == 7
    assert all(one.bounding_box()["height"] > 16 for one in said.all())
    page.locator(".lc-step[data-ready]").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") == 360


# ---- drills -------------------------------------------------------------------------------------------


def test_a_drill_shows_one_variant_after_the_other(page: Any) -> None:
    """Each with numbers and an answer of its own; the focus goes to the new field."""
    drill = page.locator(".lc-drill").first
    shown = drill.locator(".lc-variant:not([hidden])")
    seen = set()
    for _ in range(drill.locator(".lc-variant").count()):
        assert shown.count() == 1
        seen.add(shown.inner_text())
        drill.get_by_role("button", name="Another one").click()
    assert len(seen) == 8
    assert shown.locator("input").evaluate("field => field === document.activeElement")


# ---- symbols, reading position ------------------------------------------------------------------------


def test_focus_on_a_symbol_lights_all_that_bears_its_name(page: Any) -> None:
    """Formula, numbers and picture of one explorer light together; Escape puts them out."""
    page.wait_for_selector("html[data-lc-python=drawn]", state="attached")
    symbol = page.locator(".lc-explorer [data-sym][tabindex='0']").first
    name = symbol.get_attribute("data-sym")
    symbol.focus()
    lit = page.locator(".lc-explorer [data-sym].lc-lit")
    assert lit.count() > 1
    assert {part.get_attribute("data-sym") for part in lit.all()} == {name}
    page.keyboard.press("Escape")
    assert lit.count() == 0


def test_the_chapter_says_its_minutes_and_where_the_reader_left_off(page: Any) -> None:
    """After a reload, a link leads back to the section that was being read."""
    page.wait_for_selector("html[data-lc-python=drawn]", state="attached")  # then nothing moves any more
    assert "minutes" in page.locator(".lc-reading").inner_text()
    heading = page.locator(".bd-article section section[id] > h2").nth(2)
    section = heading.evaluate("heading => heading.parentElement.id")
    heading.evaluate("heading => scrollTo(0, heading.getBoundingClientRect().top + scrollY - 100)")
    wait_until_kept(page, section)
    page.reload()
    link = page.locator(".lc-reading a.lc-continue")
    link.wait_for()
    assert link.get_attribute("href") == f"#{section}"


NEVER_READ = """
    Object.defineProperty(IDBTransaction.prototype, 'oncomplete', { set(hear) {
        this.addEventListener('complete', (event) => this.mode === 'readonly' || hear(event));
    } });
"""


def test_a_section_is_noted_while_the_page_waits_for_what_it_had_noted_before(
    visit: Callable[..., Any],
) -> None:
    """On a slow device a reader is past the first section by then."""
    visitor = visit()
    visitor.page.add_init_script(NEVER_READ)
    page = visitor.open(CHAPTER)
    heading = page.locator(".bd-article section section[id] > h2").nth(2)
    heading.evaluate("heading => heading.scrollIntoView()")
    wait_until(lambda: kept(page).get(f"reading:{CHAPTER}", {}).get("section"))
