"""Mock exams: written against the clock, marked at the end, kept and compared."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from site_builder import offline

from tests.browser.answering import answer_by_keyboard, posed_on
from tests.browser.conftest import PATIENCE, Visit, kept, wait_until
from tests.browser.pages import serious
from tests.browser.test_offline import size_of, wait_until_kept

pytestmark = pytest.mark.chromium

PAGE = "practice/mock_exam.html"


class Exam:
    """The page of the mock exams."""

    def __init__(self, visitor: Visit, clock: bool = True) -> None:
        self.visit, self.page = visitor, visitor.page
        if clock:
            self.page.clock.install()
        visitor.open(PAGE)

    def begin(self, title: str = "Interview") -> None:
        """Choose an exam and wait for its first question."""
        self.page.get_by_label(title).check()
        self.page.get_by_role("button", name="Begin").click()
        self.page.wait_for_selector(".lc-exam-bar")
        self.page.wait_for_selector(".lc-question")

    @property
    def heading(self) -> str:
        found: str = self.page.locator(".lc-exam-body h2").first.inner_text()
        return found

    def typed(self) -> list[str]:
        """What the fields of the question in sight hold."""
        found: list[str] = self.page.locator(".lc-answer-field").evaluate_all(
            """fields => fields.map(field => field.querySelector('.lc-order')
                ? [...field.querySelectorAll('li')].map(item => item.dataset.id).join(', ')
                : field.querySelector('input[type=text], input:checked').value)"""
        )
        return found

    def write_all(self, right: Callable[[int], bool]) -> int:
        """Answer every question by keyboard, and hand in; how many there are."""
        count = self.page.locator(".lc-overview button").count()
        for place in range(count):
            assert self.heading == f"Question {place + 1} of {count}"
            answer_by_keyboard(self.page, right=right(place))
        self.page.keyboard.press("Enter")  # on the button that hands in
        ended = self.page.locator(".lc-result, .lc-exam-said:has-text('could not'), [data-sure]")
        ended.first.wait_for(timeout=3 * PATIENCE)  # Python marks every question, and a machine may be slow
        assert self.page.locator(".lc-result").count() == 1, ended.first.inner_text()
        return count


@pytest.fixture
def exam(visit: Callable[..., Visit]) -> Callable[..., Exam]:
    """`exam(**settings)` opens the page."""
    return lambda clock=True, **settings: Exam(visit(**settings), clock)


def test_an_exam_is_written_by_keyboard_and_marked_at_the_end(exam: Callable[..., Exam]) -> None:
    """Right, wrong and the rest: points, marks by skill, a solution for each question, what to read."""
    here = exam()
    here.begin()
    assert here.page.locator(".lc-mark").count() == 0
    count = here.write_all(right=lambda place: place != 0)
    assert here.heading == f"Interview: {count - 1} of {count} points"
    assert here.page.locator(".lc-skills tbody tr").count() >= 1
    assert here.page.locator(".lc-marked").count() == count
    first = here.page.locator(".lc-marked").first
    assert first.get_attribute("data-verdict") == "wrong"
    assert first.locator(".lc-mark").first.is_visible()
    assert first.locator(".lc-solution").is_visible()
    assert here.page.locator(".lc-to-read a").first.get_attribute("href").endswith(".html")
    assert here.page.evaluate("document.activeElement.tagName") == "H2"
    assert here.visit.errors == []


def test_a_reload_in_the_middle_loses_nothing_but_the_time_that_passed(exam: Callable[..., Exam]) -> None:
    here = exam()
    begun = time.monotonic()
    here.begin("Midterm: layers")
    answers = list(posed_on(here.page).answers().values())
    answer_by_keyboard(here.page, right=True)
    wait_until(lambda: kept(here.page).get("exam", {}).get("at") == 1)
    here.page.clock.fast_forward("10:00")
    here.page.reload()
    here.page.wait_for_selector(".lc-exam-bar")
    assert here.heading == "Question 2 of 12"
    minutes, seconds = map(int, here.page.locator(".lc-clock").inner_text().removesuffix(" left").split(":"))
    since = time.monotonic() - begun  # at most, on a machine of any speed
    assert (45 - 10) * 60 - since - 1 <= 60 * minutes + seconds <= (45 - 10) * 60
    here.page.get_by_role("button", name="Back").click()
    assert here.typed() == answers
    assert here.page.locator(".lc-overview button[data-answered]").count() == 1


def test_when_the_time_is_over_the_exam_is_marked_as_it_stands(exam: Callable[..., Exam]) -> None:
    here = exam()
    here.begin("Midterm: layers")
    answer_by_keyboard(here.page, right=True)
    here.page.clock.fast_forward("46:00")
    here.page.wait_for_selector(".lc-result")
    assert here.heading == "Midterm: layers: 1 of 12 points"
    assert "in 45 min" in here.page.locator(".lc-result .lc-facts").first.inner_text()


TOO_LATE = """() => {
    const { now } = Date;
    Date.now = () => now() + 24 * 3600 * 1000;
    document.querySelector('.lc-overview li:last-child button').click();
}"""


def test_who_goes_on_after_the_end_finds_the_exam_marked(exam: Callable[..., Exam]) -> None:
    """A window that was hidden hears late that the time is over."""
    here = exam(clock=False)
    here.begin("Midterm: layers")
    here.page.evaluate(TOO_LATE)
    here.page.wait_for_selector(".lc-result")
    assert here.visit.errors == []


def test_time_that_ran_out_while_the_page_was_closed_ends_the_exam(exam: Callable[..., Exam]) -> None:
    here = exam()
    here.begin("Midterm: layers")
    here.page.goto("about:blank")
    here.page.clock.fast_forward("01:00:00")
    here.visit.open(PAGE)
    here.page.wait_for_selector(".lc-result")
    assert here.heading == "Midterm: layers: 0 of 12 points"


def test_on_a_napkin_each_question_has_its_share_of_the_time(exam: Callable[..., Exam]) -> None:
    """When it is over, the next question comes, and the first cannot be changed any more."""
    here = exam()
    here.begin("Interview")
    here.page.clock.fast_forward("02:01")
    here.page.locator(".lc-question-number", has_text="Question 2").wait_for()
    here.page.get_by_role("button", name="Question 1: its time is over").click()
    assert here.page.locator(".lc-question input").first.is_disabled()


def test_handing_in_with_gaps_asks_once_more(exam: Callable[..., Exam]) -> None:
    """An order is an answer as it is shown, so that a first question which asks for one is no gap."""
    here = exam()
    here.begin("Midterm: layers")
    gaps = 12 - here.page.locator(".lc-order").count()
    here.page.get_by_role("button", name="Hand in").click()
    assert f"Questions without an answer: {gaps}." in here.page.locator(".lc-aloud").inner_text()
    here.page.get_by_role("button", name="Hand in all the same").click()
    here.page.wait_for_selector(".lc-result")


def test_results_are_saved_printed_kept_and_compared(exam: Callable[..., Exam]) -> None:
    here = exam()
    here.begin()
    count = here.write_all(right=lambda place: place % 2 == 0)
    with here.page.expect_download() as saved:
        here.page.get_by_role("button", name="Save as a file").click()
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    assert f"Interview: {count // 2} of {count} points" in text
    assert "<script" not in text
    assert "Not yet" not in text  # nothing is asked again
    assert 'name="viewport"' in text
    here.page.emulate_media(media="print")
    assert here.page.locator(".lc-result h2").is_visible()
    assert not here.page.locator(".lc-result .lc-actions").is_visible()
    assert not here.page.locator("#napkin").is_visible()
    here.page.emulate_media(media="screen")
    here.page.get_by_role("button", name="Back to the exams").click()
    assert here.page.evaluate("document.activeElement.closest('.lc-blueprint') !== null")
    here.begin()
    here.write_all(right=lambda _place: True)
    here.page.reload()
    here.page.wait_for_selector(".lc-results")
    assert here.page.locator(".lc-results button").count() == 2
    assert "→ 100 %" in here.page.locator(".lc-trends").inner_text()
    here.page.locator(".lc-results button").last.click()
    assert here.heading == f"Interview: {count // 2} of {count} points"


def test_a_saved_fraction_stands_with_a_line_between_its_parts(exam: Callable[..., Exam]) -> None:
    """Without the site's style the parts would read as a product."""
    here = exam()
    here.begin()
    here.write_all(right=lambda _place: True)
    with here.page.expect_download() as saved:
        here.page.get_by_role("button", name="Save as a file").click()
    text = Path(saved.value.path()).read_text(encoding="utf-8")
    fraction = '<span class="lc-fraction"><span>H</span><span>s</span></span></body>'
    page = here.visit.context.new_page()
    page.set_content(text.replace("</body>", fraction))
    top, bottom = (page.locator(".lc-fraction > span").nth(place).bounding_box() for place in (-2, -1))
    assert bottom["y"] >= top["y"] + top["height"] - 1


def test_the_page_says_that_its_marks_do_not_count(exam: Callable[..., Exam]) -> None:
    here = exam(clock=False)
    text = here.page.locator("article").inner_text()
    assert "cannot be kept secret" in text
    assert "grader" in text


def test_axe_finds_nothing_serious_in_an_exam_and_its_result(exam: Callable[..., Exam]) -> None:
    for scheme in ("light", "dark"):
        here = exam(color_scheme=scheme, bypass_csp=True)
        here.begin()
        assert serious(here.page) == []
        here.write_all(right=lambda place: place != 0)
        assert serious(here.page) == []


def test_on_a_phone_neither_exam_nor_result_scrolls_sideways(exam: Callable[..., Exam]) -> None:
    here = exam(viewport={"width": 360, "height": 740})
    here.begin()
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 360
    here.write_all(right=lambda place: place != 0)
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_an_exam_is_written_and_marked_without_a_network(visit: Callable[..., Visit], site: Path) -> None:
    """After one visit, with Python kept, all of it comes from the device."""
    listed = json.loads(offline.LIST.read_text(encoding="utf-8"))["files"]
    visitor = visit(keeps=True)
    here = Exam(visitor, clock=False)
    here.page.get_by_role("button", name="Start Python").click()
    visitor.wait_for("live")
    wait_until_kept(visitor, size_of(listed, "pages", "python", "questions"))
    visitor.lose_the_network()
    visitor.open(PAGE)
    here.begin()
    count = here.write_all(right=lambda _place: True)
    assert here.heading == f"Interview: {count} of {count} points"
