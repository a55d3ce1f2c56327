"""Counts that can be switched, guesses, steps left out: on the built chapters in a real browser."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.chromium

CHAPTER = "chapters/fully_connected.html"


@pytest.fixture
def page(visit: Callable[..., Any]) -> Any:
    """The chapter, with its script at work."""
    opened = visit().open(CHAPTER)
    opened.wait_for_selector(".lc-copy-button, .lc-chip[aria-haspopup]", state="attached")
    return opened


KEPT = """async wanted => {
    const root = new URL(document.documentElement.dataset.content_root, location.href).pathname;
    const answer = request => new Promise(resolve => { request.onsuccess = () => resolve(request.result); });
    const database = await answer(indexedDB.open('every-flop-counts:' + root));
    for (;;) {
        const kept = await answer(database.transaction('kept').objectStore('kept').getAll());
        if (kept.some(value => value === wanted || value?.section === wanted)) break;
        await new Promise(requestAnimationFrame);
    }
    database.close();
}"""


def wait_until_kept(page: Any, wanted: str) -> None:
    """Wait until the page has written down this value, or that it is in this section."""
    page.evaluate(KEPT, wanted)


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


# ---- guess first --------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["30100", "30,100", "30 100", "3.01e4", "30.1k"])
def test_a_guess_is_read_as_people_write_numbers(page: Any, typed: str) -> None:
    """All of these are the number 30,100."""
    form = page.locator("form.lc-guess").first
    form.locator("input").fill(typed)
    form.get_by_role("button", name="Commit my guess").click()
    assert "30,100" in form.locator(".lc-verdict-words").inner_text()


def test_a_committed_guess_is_drawn_beside_the_truth_and_the_answer_opens(page: Any) -> None:
    """Guess and truth stand on one line with the factor between them, as a picture and in words."""
    form = page.locator("form.lc-guess").first
    truth = int(form.get_attribute("data-answer"))
    form.locator("input").fill(str(truth * 10))
    form.get_by_role("button", name="Commit my guess").click()
    words = form.locator(".lc-verdict-words").inner_text()
    assert "a factor of 10 too high" in words
    assert f"{truth:,}" in words
    assert form.locator("svg.lc-log-line").get_attribute("aria-label") == words
    assert form.locator("details.lc-reveal").evaluate("details => details.open")


@pytest.mark.parametrize("typed", ["many", "1/2", "12,34", ""])
def test_what_is_no_number_is_met_kindly_and_reveals_nothing(page: Any, typed: str) -> None:
    """Malformed is not wrong: the message says what can be read, and the answer stays closed."""
    form = page.locator("form.lc-guess").first
    form.locator("input").fill(typed)
    form.get_by_role("button", name="Commit my guess").click()
    assert "30,100" in form.locator(".lc-message").inner_text()
    assert not form.locator("details.lc-reveal").evaluate("details => details.open")


def test_a_guess_is_remembered(page: Any) -> None:
    """After a reload the guess and its outcome are there again."""
    form = page.locator("form.lc-guess").first
    form.locator("input").fill("12345")
    form.get_by_role("button", name="Commit my guess").click()
    form.locator(".lc-outcome").wait_for()
    wait_until_kept(page, "12345")
    page.reload()
    page.locator("form.lc-guess .lc-outcome").first.wait_for()
    assert "12,345" in page.locator("form.lc-guess .lc-verdict-words").first.inner_text()


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
    assert "a number like" in words


def test_a_known_mistake_gets_its_own_sentence(page: Any) -> None:
    """The number that a misconception gives is answered with that misconception's sentence."""
    steps = page.locator(".lc-step").all()
    known = [(step, json.loads(step.get_attribute("data-diagnoses") or "[]")) for step in steps]
    step, diagnoses = next((step, found) for step, found in known if found)
    verdict, words = answer_step(step, diagnoses[0]["answer"])
    assert verdict == "wrong"
    assert diagnoses[0]["text"] in words


def test_another_wrong_number_gets_its_order_of_magnitude(page: Any) -> None:
    """A wrong number that nobody foresaw still gets a hint."""
    step = page.locator(".lc-step").first
    far = int(float(step.get_attribute("data-answer")) * 1000) + 7
    verdict, words = answer_step(step, str(far))
    assert verdict == "wrong"
    assert "more than a hundred times too large" in words


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
    assert "minutes" in page.locator(".lc-reading").inner_text()
    heading = page.locator(".bd-article section section[id] > h2").nth(2)
    section = heading.evaluate("heading => heading.parentElement.id")
    heading.evaluate("heading => scrollTo(0, heading.getBoundingClientRect().top + scrollY - 100)")
    wait_until_kept(page, section)
    page.reload()
    link = page.locator(".lc-reading a.lc-continue")
    link.wait_for()
    assert link.get_attribute("href") == f"#{section}"
