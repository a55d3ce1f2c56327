"""The practice page, used with a keyboard: questions, verdicts, twins, help, what is kept."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from site_builder.node import find_node
from site_builder.places import WEB

from tests.browser.answering import answer_by_keyboard, fill
from tests.browser.conftest import GOOD, Visit, kept, wait_until
from tests.browser.pages import serious

pytestmark = pytest.mark.chromium

PAGE = "practice/practice.html"
FULLY_CONNECTED = (
    "document.querySelector('.lc-question-head')?.textContent.includes('fully connected layers')"
)
SAVING = {**GOOD, "saveData": True}  # Python waits for its button


class Practice:
    """The page with a question on it."""

    def __init__(self, visitor: Visit) -> None:
        self.visit, self.page = visitor, visitor.open(PAGE)
        self.page.wait_for_selector(".lc-question")

    @property
    def card(self) -> Any:
        return self.page.locator(".lc-question")

    @property
    def state(self) -> dict[str, Any]:
        """The numbers of the question in sight."""
        found: dict[str, Any] = json.loads(self.card.get_attribute("data-state"))
        return found

    @property
    def verdicts(self) -> list[str]:
        return [
            mark.get_attribute("data-verdict") for mark in self.page.locator(".lc-verdict .lc-mark").all()
        ]

    @property
    def bars(self) -> dict[str, str]:
        """What is said of each skill."""
        rows = self.page.locator(".lc-mastery").all()
        return {row.locator("a").inner_text(): row.locator(".lc-mastery-share").inner_text() for row in rows}

    def kept(self) -> dict[str, Any]:
        """The file that the page saves."""
        with self.page.expect_download() as saved:
            self.page.get_by_role("button", name="Save as a file").click()
        found: dict[str, Any] = json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))
        return found

    def answer(self, right: bool) -> None:
        """Give an answer, press Enter, and wait for its verdict; that of the answer before stays in sight."""
        answer_by_keyboard(self.page, right=right)
        self.page.wait_for_function("document.querySelector('.lc-primary').textContent !== 'Check'")
        self.page.wait_for_selector(".lc-verdict .lc-and-now")

    def type_first(self, text: str) -> None:
        """Type into the first field, press Enter, and wait for the verdict."""
        self.card.locator("input").first.fill(text)
        self.page.keyboard.press("Enter")
        self.page.wait_for_selector(".lc-verdict .lc-mark")

    def go_on(self, by: Callable[[], None] | None = None) -> None:
        """Press Enter, or do what leads on, and wait for another question."""
        before = self.card.get_attribute("data-state")
        (by or (lambda: self.page.keyboard.press("Enter")))()
        self.page.wait_for_function(
            "before => document.querySelector('.lc-question')?.dataset.state !== before", arg=before
        )

    def button(self, name: str) -> Any:
        return self.page.get_by_role("button", name=name)

    def wake(self) -> None:
        """Let Python run."""
        self.button("Start Python").click()
        self.visit.wait_for("live")


@pytest.fixture
def practice(visit: Callable[..., Visit]) -> Callable[..., Practice]:
    """`practice(**settings)` opens the page with its first question; Python sleeps until it is asked for."""
    return lambda **settings: Practice(visit(**{"connection": SAVING, **settings}))


def test_the_first_question_is_there_and_marked_before_python_runs(
    practice: Callable[..., Practice],
) -> None:
    """Nobody waits for a download to begin."""
    here = practice()
    assert here.page.evaluate("document.documentElement.dataset.lcPython") == "drawn"
    here.answer(right=False)
    assert set(here.verdicts) == {"wrong"}
    here.answer(right=True)
    assert set(here.verdicts) == {"right"}
    assert not [url for url in here.visit.requests if "/python-" in url]


def test_a_known_mistake_is_refuted_before_python_runs(practice: Callable[..., Practice]) -> None:
    """The build has written down what the believers of each misconception answer."""
    here = practice()
    bank = json.loads(here.page.locator("script.lc-bank").text_content())
    question = next(one for one in bank["first"] if one["state"] == here.state)
    wrong = question["known"]["wrong"][0]
    place = [field["id"] for field in question["fields"]].index(wrong["field"])
    for field, answer in {**question["known"]["answers"], wrong["field"]: wrong["answer"]}.items():
        at = [one["id"] for one in question["fields"]].index(field)
        here.card.locator("input").nth(at).fill(answer)
    here.page.keyboard.press("Enter")
    here.page.wait_for_selector(".lc-verdict .lc-mark")
    assert here.verdicts[place] in ("wrong", "partly")
    assert wrong["message"].replace("`", "") in here.page.locator(".lc-verdict").inner_text()


def test_a_practice_run_by_keyboard_alone(practice: Callable[..., Practice]) -> None:
    """Wrong: the same question with other numbers; right: another one. Mastery is shown and said."""
    here = practice(connection=None)
    first = here.state
    here.answer(right=False)  # the first thing that is done starts Python
    here.visit.wait_for("live")
    here.go_on()
    assert here.state["id"] == first["id"]
    assert here.state["drawn"] != first["drawn"]
    assert here.page.evaluate("document.activeElement.closest('.lc-question') !== null")
    here.answer(right=True)
    assert here.page.evaluate("document.activeElement.textContent") == "Another question"
    here.go_on()
    assert "2 answered" in here.page.locator(".lc-session").inner_text()
    assert here.bars
    assert set(here.bars.values()) == {"41 %"}  # of shares 1 and 0, newest first: 1 / (1 + 0.8 + 0.64)
    assert here.visit.errors == []


def test_what_cannot_be_read_is_no_attempt(practice: Callable[..., Practice]) -> None:
    here = practice()
    here.type_first("seven")
    assert set(here.verdicts) == {"unclear"}
    assert here.card.locator("input").first.get_attribute("aria-invalid") == "true"
    assert here.kept()["answers"] == []


def test_a_hint_costs_half_and_the_solution_all_of_the_points(practice: Callable[..., Practice]) -> None:
    here = practice()
    here.wake()
    here.button("Hint (half of the points)").click()
    here.page.wait_for_selector(".lc-hint")
    here.answer(right=True)
    here.go_on()
    here.button("Show the solution (all of the points)").click()
    here.page.locator(".lc-solution-line").first.wait_for()
    shares = [answer["share"] for answer in here.kept()["answers"]]
    assert shares == [0.5, 0]


def test_help_names_a_price_only_while_it_has_one(practice: Callable[..., Practice]) -> None:
    here = practice()
    here.wake()
    assert here.button("Hint (half of the points)").is_visible()
    here.answer(right=False)
    assert here.button("Hint").inner_text() == "Hint"
    assert here.button("Show the solution").inner_text() == "Show the solution"
    here.go_on(here.button("Another question").click)
    here.button("Hint (half of the points)").wait_for()


def test_a_solution_takes_the_place_of_what_could_not_be_read(practice: Callable[..., Practice]) -> None:
    here = practice()
    here.wake()
    here.answer(right=False)
    here.type_first("seven")
    here.page.wait_for_selector(".lc-mark[data-verdict=unclear]")
    here.button("Show the solution").click()
    here.page.wait_for_selector(".lc-solution")
    assert "unclear" not in here.verdicts


def test_only_the_first_attempt_counts_and_only_the_days_first_is_scheduled(
    practice: Callable[..., Practice],
) -> None:
    """Mending an answer is learning, not proof; a twin on the same day moves no date."""
    here = practice()
    here.wake()
    here.answer(right=False)
    here.answer(right=True)
    name = here.state["id"]
    here.go_on(here.button("Same question, other numbers").click)
    here.answer(right=True)
    here.page.wait_for_function("document.querySelector('.lc-session').textContent.includes('2 answered')")
    kept = here.kept()
    assert [answer["share"] for answer in kept["answers"]] == [0, 1]
    assert list(kept["cards"]) == [name]
    assert (
        kept["cards"][name]["memory"]["stability"] < 1
    )  # of the wrong attempt; a right one remembers longer
    assert kept["waiting"] == []


# What is slow is held until the test lets it go.
HOLD = """
    const held = [];
    window.lcHold = (act) => (window.lcHolds ? held.push(act) : act());
    window.lcLetGo = () => { window.lcHolds = false; held.splice(0).forEach((act) => act()); };
"""
HELD_ANSWERS = f"""{HOLD}
    const {{ set }} = Object.getOwnPropertyDescriptor(Worker.prototype, 'onmessage');
    Object.defineProperty(Worker.prototype, 'onmessage', {{ set(hear) {{
        set.call(this, (event) => (event.data.type === 'answer' ? lcHold(() => hear(event)) : hear(event)));
    }} }});
"""
HELD_WRITING = f"""{HOLD}
    const {{ set }} = Object.getOwnPropertyDescriptor(IDBTransaction.prototype, 'oncomplete');
    Object.defineProperty(IDBTransaction.prototype, 'oncomplete', {{ set(hear) {{
        set.call(this, (event) => (this.mode === 'readwrite' ? lcHold(() => hear(event)) : hear(event)));
    }} }});
"""


@pytest.fixture
def held(visit: Callable[..., Visit]) -> Callable[[str], Practice]:
    """`held(script)` opens the page; what that script can hold comes at once until it is held."""

    def opened(script: str) -> Practice:
        visitor = visit(connection=SAVING)
        visitor.page.add_init_script(f"{{ {script} }}")
        return Practice(visitor)

    return opened


def test_a_slow_device_is_said_to_be_at_work(held: Callable[[str], Practice]) -> None:
    """Python runs already, so nobody is told to wait until it does; a question stays until the next comes."""
    here = held(HELD_ANSWERS)
    here.wake()
    waiting = here.page.locator(".lc-verdict .lc-wait")
    here.page.evaluate("window.lcHolds = true")
    answer_by_keyboard(here.page, right=True)
    waiting.wait_for()
    assert waiting.inner_text() == "Python is at work on it."
    here.page.evaluate("lcLetGo()")
    here.page.wait_for_selector(".lc-verdict .lc-and-now")
    before = here.state
    here.page.evaluate("window.lcHolds = true")
    here.page.keyboard.press("Enter")
    waiting.wait_for()
    assert (waiting.inner_text(), here.state) == ("Python is at work on it.", before)
    here.page.evaluate("lcLetGo()")
    waiting.wait_for(state="detached")
    assert here.state != before


def test_a_verdict_of_what_was_changed_meanwhile_is_not_shown(held: Callable[[str], Practice]) -> None:
    """The attempt counts, but what stands in the field now is neither right nor wrong yet."""
    here = held(HELD_ANSWERS)
    here.wake()
    here.page.evaluate("window.lcHolds = true")
    answer_by_keyboard(here.page, right=True)
    here.page.locator(".lc-verdict .lc-wait").wait_for()
    here.page.keyboard.type("7")
    here.page.evaluate("lcLetGo()")
    here.page.locator(".lc-session", has_text="1 answered").wait_for()
    assert here.verdicts == []
    assert here.page.locator(".lc-verdict .lc-wait").count() == 0
    here.page.keyboard.press("Enter")
    here.page.wait_for_selector(".lc-verdict .lc-and-now")
    assert set(here.verdicts) == {"wrong"}
    assert [answer["share"] for answer in here.kept()["answers"]] == [1]


def test_who_goes_on_at_once_has_a_fresh_question_and_the_answer_before_is_kept(
    held: Callable[[str], Practice],
) -> None:
    """What is written down slowly belongs to the question that was answered."""
    here = held(HELD_WRITING)
    name = here.state["id"]
    here.page.evaluate("window.lcHolds = true")
    answer_by_keyboard(here.page, right=False)
    here.page.wait_for_selector(".lc-verdict .lc-mark")
    here.go_on(here.button("Another question").click)
    here.page.evaluate("lcLetGo()")
    here.page.locator(".lc-session", has_text="1 answered").wait_for()
    here.answer(right=True)
    waiting = kept(here.page)["practice"]["waiting"]
    assert [(one["id"], one["share"]) for one in waiting] == [(name, 0), (here.state["id"], 1)]
    assert here.page.locator(".lc-and-now").count() == 1


def test_what_python_schedules_late_does_not_bring_back_what_was_deleted(
    held: Callable[[str], Practice],
) -> None:
    here = held(HELD_ANSWERS)
    here.answer(right=False)
    here.page.evaluate("window.lcHolds = true")
    here.wake()
    here.button("Delete everything").click()
    here.button("Delete it for good").click()
    here.page.locator(".lc-kept-said", has_text="Everything is deleted").wait_for()
    assert "practice" not in kept(here.page)
    here.page.evaluate("lcLetGo()")
    wait_until(lambda: "practice" in kept(here.page))
    assert kept(here.page)["practice"]["cards"] == here.kept()["cards"] == {}


def test_what_is_due_comes_first(practice: Callable[..., Practice]) -> None:
    here = practice(connection=SAVING)
    here.page.clock.install()
    here.wake()
    here.answer(right=False)
    name = here.state["id"]
    wait_until(lambda: name in kept(here.page)["practice"]["cards"])
    here.page.clock.fast_forward(72 * 3600 * 1000)
    here.page.reload()
    here.page.wait_for_selector(".lc-question")
    assert "1 due again" in here.page.locator(".lc-session").inner_text()
    assert here.state["id"] == name


def test_progress_survives_a_reload_and_travels_as_a_file(practice: Callable[..., Practice]) -> None:
    here = practice()
    here.answer(right=True)
    bars = here.bars
    assert bars
    kept = here.kept()
    here.page.reload()
    here.page.wait_for_selector(".lc-mastery")
    assert here.bars == bars
    other = practice()
    assert other.bars == {}
    text = json.dumps(kept).encode()
    chosen = {"name": "progress.json", "mimeType": "application/json", "buffer": text}
    for _twice in range(2):
        other.page.evaluate("document.querySelector('.lc-kept-said').textContent = ''")
        other.page.locator("#lc-progress-file").set_input_files(chosen)
        other.page.locator(".lc-kept-said", has_text="Read: 1 answers").wait_for()
    assert other.bars == bars
    assert other.kept()["answers"] == kept["answers"]


def test_two_tabs_lose_none_of_each_others_answers(practice: Callable[..., Practice]) -> None:
    here = practice()
    other = here.visit.context.new_page()
    other.goto(here.page.url)
    other.wait_for_selector(".lc-question")
    here.answer(right=True)
    answer_by_keyboard(other, right=True)
    other.wait_for_selector(".lc-verdict .lc-and-now")
    here.page.reload()
    here.page.wait_for_selector(".lc-mastery")
    assert len(here.kept()["answers"]) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("no json", "does not hold progress", id="no JSON"),
        pytest.param('{"format": "something"}', "does not hold progress", id="another format"),
        pytest.param(
            '{"format": "every-flop-counts-progress", "version": 99}', "version 99", id="a later version"
        ),
    ],
)
def test_a_file_that_cannot_be_read_changes_nothing(
    practice: Callable[..., Practice], text: str, said: str
) -> None:
    here = practice()
    chosen = {"name": "x.json", "mimeType": "application/json", "buffer": text.encode()}
    here.page.locator("#lc-progress-file").set_input_files(chosen)
    here.page.locator(".lc-kept-said", has_text=said).wait_for()


def test_progress_is_deleted_after_a_second_press_only(practice: Callable[..., Practice]) -> None:
    here = practice()
    here.answer(right=True)
    here.button("Delete everything").click()
    assert here.bars
    here.button("Keep it").last.click()
    here.button("Delete everything").click()
    here.button("Delete it for good").click()
    here.page.locator(".lc-kept-said", has_text="Everything is deleted").wait_for()
    assert here.bars == {}
    here.page.reload()
    here.page.wait_for_selector(".lc-question")
    assert here.bars == {}


def test_what_is_deleted_is_no_longer_chosen(practice: Callable[..., Practice]) -> None:
    here = practice()
    here.page.locator("summary", has_text="Choose what to practise").click()
    topic = here.page.get_by_label("fully connected layers")
    topic.check()
    wait_until(lambda: here.kept()["wishes"] != {})
    here.button("Delete everything").click()
    here.button("Delete it for good").click()
    here.page.locator(".lc-kept-said", has_text="Everything is deleted").wait_for()
    assert not topic.is_checked()
    found, _of, every, *_ = here.page.locator(".lc-wished").inner_text().split()
    assert found == every


def test_topics_can_be_chosen_and_are_kept(practice: Callable[..., Practice]) -> None:
    here = practice()
    here.page.locator("summary", has_text="Choose what to practise").click()
    here.page.get_by_label("fully connected layers").check()
    wait_until(lambda: kept(here.page).get("practice", {}).get("wishes", {}) != {})
    here.page.wait_for_function(FULLY_CONNECTED)
    here.page.reload()
    here.page.wait_for_function(FULLY_CONNECTED)


def test_an_answer_and_a_wish_of_the_same_moment_are_both_kept(practice: Callable[..., Practice]) -> None:
    """Each is written upon what the other one wrote."""
    here = practice()
    here.answer(right=True)
    here.go_on()
    fill(here.page, right=False)
    here.page.evaluate(
        """() => {
            document.querySelector('.lc-wish input').click();
            document.querySelector('.lc-practice-card').requestSubmit();
        }"""
    )
    wait_until(lambda: len(here.kept()["answers"]) == 2 and here.kept()["wishes"] != {})


def test_what_is_said_to_be_kept_outlives_the_page(practice: Callable[..., Practice]) -> None:
    """A request that succeeded may still be undone with its transaction: one waits for its end."""
    here = practice()
    here.page.evaluate(
        """() => {
            window.going = 0;
            const transaction = IDBDatabase.prototype.transaction;
            IDBDatabase.prototype.transaction = function (...given) {
                const begun = transaction.apply(this, given);
                window.going += 1;
                begun.addEventListener('complete', () => { window.going -= 1; });
                return begun;
            };
            window.shown = new Promise((resolve) => {
                new MutationObserver(() => resolve(window.going))
                    .observe(document.querySelector('.lc-wished'), { childList: true, characterData: true });
            });
            document.querySelector('.lc-wish input').click();
        }"""
    )
    assert here.page.evaluate("window.shown") == 0


def test_axe_finds_nothing_serious_in_a_question_with_its_verdict(practice: Callable[..., Practice]) -> None:
    for scheme in ("light", "dark"):
        here = practice(color_scheme=scheme, bypass_csp=True)
        here.wake()
        here.answer(right=False)
        here.button("Hint").click()
        here.page.wait_for_selector(".lc-hint")
        here.page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        assert serious(here.page) == []


def test_on_a_phone_nothing_scrolls_sideways(practice: Callable[..., Practice]) -> None:
    here = practice(viewport={"width": 360, "height": 740})
    here.wake()
    here.answer(right=False)
    here.button("Show the solution").click()
    here.page.wait_for_selector(".lc-solution")
    assert here.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_on_a_phone_a_question_is_shown_from_its_beginning_and_nothing_lies_over_its_buttons(
    practice: Callable[..., Practice],
) -> None:
    """The window is so low that no question fits; coming from further down, its head stands below the bar."""
    here = practice(viewport={"width": 360, "height": 420})
    for _ in range(3):
        here.page.evaluate("window.scrollTo({top: 700, behavior: 'instant'})")
        another = here.button("Another question")
        here.go_on(lambda button=another: button.evaluate("button => button.click()"))
        here.page.wait_for_function(
            """() => {
                const { bottom } = document.querySelector('.bd-header-article').getBoundingClientRect();
                const { top } = document.querySelector('.lc-question-head').getBoundingClientRect();
                return top >= bottom && top < bottom + 120;
            }"""
        )
    assert not here.page.locator("#pst-back-to-top").is_visible()


# ---- rules of the page, asked in node ----------------------------------------------------------------


def asked(expression: str) -> Any:
    """What a function of web/src/practice/progress.mjs says."""
    head = (
        "globalThis.document = {documentElement: {dataset: {}}}; globalThis.location = {href: 'http://x/'};"
    )
    rules = "const it = await import('./src/practice/progress.mjs')"
    program = f"{head} {rules}; console.log(JSON.stringify(it.{expression}))"
    done = subprocess.run(
        [find_node(), "--input-type=module", "-e", program],
        cwd=WEB,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("shares", "mastered"),
    [
        pytest.param([1], 1 / 1.8, id="one right answer is not yet mastery"),
        pytest.param([0, 1], 1 / 2.44, id="the newest weighs most"),
        pytest.param([1, 0], 0.8 / 2.44, id="and the older one less"),
        pytest.param([0], 0, id="nothing is nothing"),
    ],
)
def test_mastery_is_a_fading_mean_with_a_wrong_answer_before_the_first(
    shares: list[int], mastered: float
) -> None:
    assert asked(f"mastery({shares})") == pytest.approx(mastered)


def test_mastery_looks_at_the_last_answers_only() -> None:
    assert asked(f"mastery({[0] * 50 + [1] * 12})") == asked(f"mastery({[1] * 12})")
