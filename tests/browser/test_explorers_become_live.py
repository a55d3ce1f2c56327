"""From the printed explorer to the live one, on the built site in a real browser."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from site_builder.browser_python import NEEDED

import layercost as lc
from tests.browser.conftest import EXPLORER_PAGE, GOOD, NOTE_WORDS, Linear, Visit, copied_by

pytestmark = pytest.mark.chromium


def parameters(in_features: int, out_features: int) -> int:
    """What the explorer must say."""
    layer = lc.Linear(in_features, out_features)
    return lc.count(layer, lc.PARAMETERS, (in_features,)).total


def shown_sizes(explorer: Any) -> tuple[int, int]:
    return explorer.value("in_features"), explorer.value("out_features")


def test_the_explorer_is_readable_without_scripts(linear: Callable[..., Any]) -> None:
    """A reader whose browser runs no scripts sees controls' values, picture and substitution line."""
    explorer = linear(java_script_enabled=False, wait_for="")
    printed = explorer.root.locator(".lc-static")
    assert printed.is_visible()
    sizes = shown_sizes(explorer)
    assert f"{parameters(*sizes):,}" in explorer.line
    assert printed.locator(".lc-picture svg, .lc-picture table").first.is_visible()


def test_the_explorer_is_complete_before_any_python(linear: Callable[..., Any]) -> None:
    """The drawn snapshot says the numbers, and nothing of Python was fetched for it."""
    explorer = linear()
    assert f"{parameters(*shown_sizes(explorer)):,}" in explorer.line
    assert explorer.visit.workers == []
    assert not [url for url in explorer.visit.requests if "/python-" in url]
    assert explorer.badge.inner_text().startswith("Snapshot")


def test_the_badge_states_the_size_of_what_will_be_downloaded(linear: Callable[..., Any], site: Any) -> None:
    """The megabytes in the badge are those of the files that the worker fetches."""
    explorer = linear()
    folder = next((site / "_static" / "course").glob("python-*"))
    size = sum((folder / name).stat().st_size for name in NEEDED)
    assert f"{size / 1e6:.1f} MB" in explorer.badge.inner_text()


def test_a_key_on_a_slider_starts_python_and_computes_the_value_moved_to(linear: Callable[..., Any]) -> None:
    """What the reader moved while Python was starting is computed when it runs, as the library does."""
    explorer = linear()
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight", "ArrowRight")
    explorer.visit.wait_for("live")
    explorer.wait_for_number(parameters(inputs + 2, outputs))
    assert explorer.value("in_features") == inputs + 2
    assert explorer.visit.page.evaluate("document.documentElement.dataset.lcHow") == "snapshot"
    assert explorer.badge.inner_text().startswith("Live")


def test_focus_stays_where_it_was_and_every_further_move_answers(linear: Callable[..., Any]) -> None:
    """No view is replaced when Python takes over: the next key goes to the same handle."""
    explorer = linear()
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight")
    explorer.visit.wait_for("live")
    explorer.wait_for_number(parameters(inputs + 1, outputs))
    for step in range(2, 6):
        explorer.visit.page.keyboard.press("ArrowRight")
        explorer.wait_for_number(parameters(inputs + step, outputs))
    assert "lc-range" in explorer.visit.page.evaluate("document.activeElement.className")


def test_a_typed_value_is_computed(linear: Callable[..., Any]) -> None:
    """A value can be typed into the readout instead of being dragged to."""
    explorer = linear()
    _, outputs = shown_sizes(explorer)
    typed = explorer.control("in_features").locator(".lc-typed")
    for text, value in (("421", 421), ("1e3", 1000), ("2k", 2000), ("25,088", 25088)):
        typed.fill(text)
        typed.press("Enter")
        explorer.wait_for_number(parameters(value, outputs))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("70000", "a whole number from 0 to 65,536, not 70,000", id="too large"),
        pytest.param("-3", "a whole number from 0 to 65,536, not -3", id="negative"),
        pytest.param("many", "“many” is not read as a number", id="no number"),
    ],
)
def test_a_typed_value_that_cannot_be_taken_is_answered_and_changes_nothing(
    linear: Callable[..., Any], text: str, words: str
) -> None:
    """What was typed stays to be mended; the setting stays as it was."""
    explorer = linear()
    before = explorer.line
    typed = explorer.control("in_features").locator(".lc-typed")
    typed.fill(text)
    typed.press("Enter")
    explorer.control("in_features").locator(".lc-problem", has_text=words).wait_for()
    assert typed.input_value() == text
    assert explorer.line == before


def test_what_fits_no_screen_waits_under_more(linear: Callable[..., Any]) -> None:
    """Further controls, every line and the table open with one button; the browser's search finds them."""
    explorer = linear()
    more = explorer.root.locator(".lc-more")
    assert more.get_attribute("hidden") == "until-found"
    explorer.root.get_by_role("button", name="More").click()
    assert explorer.control("batch").is_visible()
    assert more.get_attribute("hidden") is None


def test_play_goes_on_until_the_end_and_the_page_moves_it_itself(linear: Callable[..., Any]) -> None:
    """The dot product is played through; Start goes back without waiting for anything."""
    explorer = linear()
    explorer.root.get_by_role("button", name="End", exact=True).click()
    end = explorer.value("step")
    assert end == shown_sizes(explorer)[0] + 1
    play = explorer.root.locator(".lc-play").element_handle()
    play.evaluate(NOTE_WORDS)
    play.click()
    explorer.visit.page.wait_for_function("play => play.lcSaid.join() === 'Pause,Play'", arg=play)
    assert explorer.value("step") == end
    explorer.root.get_by_role("button", name="Start", exact=True).click()
    assert explorer.value("step") == 0


def test_a_move_is_answered_without_python(linear: Callable[..., Any]) -> None:
    """With data saver on nothing is downloaded, and the lines in sight answer all the same, in each form."""
    saving = "Object.defineProperty(navigator, 'connection', {value: {saveData: true}})"
    explorer = linear(before=saving)
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight")
    explorer.wait_for_number(parameters(inputs + 1, outputs))
    explorer.control("bias").locator("input").click()
    bare = lc.Linear(inputs + 1, outputs, bias=False)
    for quantity in (lc.PARAMETERS, lc.FLOPS):
        counted = lc.count(bare, quantity, (inputs + 1,))
        explorer.wait_for_number(counted.total)
        assert counted.text() in explorer.copied
    explorer.root.get_by_role("button", name="More").click()
    typed = explorer.control("batch").locator(".lc-typed")
    typed.fill("32")
    typed.press("Enter")
    explorer.wait_for_number(lc.count(bare, lc.FLOPS, (inputs + 1,), batch=32).total)
    said = explorer.root.locator(".lc-said").inner_text()
    held, cost = (inputs + 1) * outputs, lc.count(bare, lc.FLOPS, (inputs + 1,), batch=32).total
    assert said == f"{held:,} parameters; {cost:,} FLOPs by textbook"
    assert explorer.visit.workers == []
    explorer.root.locator(".lc-notice", has_text="picture follows when Python runs").wait_for()


def test_one_worker_serves_the_page(linear: Callable[..., Any]) -> None:
    """However often the explorers are touched, Python starts once."""
    explorer = linear()
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight")
    explorer.press("out_features", "ArrowRight")
    explorer.root.locator(".lc-picture").first.click()
    explorer.wait_for_number(parameters(inputs + 1, outputs + 1))
    assert explorer.visit.page.evaluate("performance.getEntriesByName('lc-start').length") == 1


def test_keys_pressed_faster_than_answers_come_end_in_the_last_value(linear: Callable[..., Any]) -> None:
    """Only the newest value is computed when moves outrun Python; the last one always is."""
    explorer = linear()
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", *["ArrowRight"] * 40)
    explorer.wait_for_number(parameters(inputs + 40, outputs))


def test_an_opened_table_twin_stays_open_while_a_slider_moves(linear: Callable[..., Any]) -> None:
    """A move changes the page in place: what the reader has opened stays open."""
    explorer = linear()
    inputs, outputs = shown_sizes(explorer)
    explorer.root.get_by_role("button", name="More").click()
    twin = explorer.root.locator("details").first
    twin.locator("summary").first.click()
    explorer.press("in_features", "ArrowRight")
    explorer.wait_for_number(parameters(inputs + 1, outputs))
    assert twin.evaluate("twin => twin.open")


def test_a_mouse_that_rests_on_an_explorer_starts_python_in_advance(linear: Callable[..., Any]) -> None:
    """The wait is hidden: when the reader then moves a control, Python already runs."""
    explorer = linear(connection=GOOD)
    explorer.root.locator(".lc-picture").first.hover()
    explorer.visit.wait_for("live")
    assert explorer.visit.page.evaluate("performance.getEntriesByName('lc-start').length") == 1


# The page's messages to its worker, as they go out, with the line that stood there; and the worker's answers.
NOTE_MESSAGES = """
    window.sent = []; window.answers = 0;
    const send = Worker.prototype.postMessage;
    Worker.prototype.postMessage = function (message, ...rest) {
        if (message.type === 'start')
            this.addEventListener('message', ({ data }) => { window.answers += data.type === 'answer' });
        else
            sent.push([message.type, document.querySelector('.lc-live .lc-total').innerText]);
        send.call(this, message, ...rest);
    };
"""


def test_python_works_at_a_move_while_the_page_answers_it(linear: Callable[..., Any]) -> None:
    """The move is on its way to the worker before the page writes its own numbers."""
    explorer = linear(connection=GOOD, before=NOTE_MESSAGES)
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight")
    explorer.visit.wait_for("live")
    explorer.wait_for_number(parameters(inputs + 1, outputs))
    # ipywidgets keeps a move back while the one before it is not answered yet.
    explorer.visit.page.wait_for_function("sent.length > 0 && sent.length === answers")
    before, sent = explorer.line, explorer.visit.page.evaluate("sent.length")
    explorer.press("in_features", "ArrowRight")
    explorer.wait_for_number(parameters(inputs + 2, outputs))
    moves = [line for kind, line in explorer.visit.page.evaluate("sent")[sent:] if kind == "update"]
    assert moves == [before]


def test_a_move_leaves_the_words_of_the_badge_alone(linear: Callable[..., Any]) -> None:
    """That Python lives is written once, not at each move: nothing to lay out anew, nothing to read aloud."""
    explorer = linear(connection=GOOD)
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight")
    explorer.visit.wait_for("live")
    explorer.wait_for_number(parameters(inputs + 1, outputs))
    explorer.visit.page.evaluate(
        """() => new Promise(done => setTimeout(() => {
            window.written = 0;
            const watcher = new MutationObserver(records => { window.written += records.length; });
            const badge = document.querySelector('.lc-live .lc-badge');
            watcher.observe(badge, { subtree: true, childList: true, characterData: true });
            done();
        }, 500))"""
    )
    explorer.press("in_features", "ArrowRight")
    explorer.wait_for_number(parameters(inputs + 2, outputs))
    explorer.visit.page.wait_for_timeout(500)
    assert explorer.visit.page.evaluate("window.written") == 0


# ---- when something is missing ----------------------------------------------------------------------


def test_without_the_snapshot_python_starts_plainly(linear: Callable[..., Any]) -> None:
    """The memory snapshot is a shortcut, not a need."""
    explorer = linear(missing=("snapshot.xz",))
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight")
    explorer.visit.wait_for("live")
    explorer.wait_for_number(parameters(inputs + 1, outputs))
    assert explorer.visit.page.evaluate("document.documentElement.dataset.lcHow") == "plain"


@pytest.mark.parametrize(
    ("missing", "named"),
    [
        pytest.param("/python-", "worker.mjs", id="all of Python"),
        pytest.param("runtime.xz", "runtime.xz", id="Python itself"),
        pytest.param(("snapshot.xz", "packages.zip"), "packages.zip", id="the library"),
    ],
)
def test_if_python_cannot_start_the_printed_explorer_stays_and_the_badge_says_why(
    linear: Callable[..., Any], missing: str | tuple[str, ...], named: str
) -> None:
    """The lines answer without it, the picture stays, the reader hears the reason and can try again."""
    explorer = linear(missing=(missing,) if isinstance(missing, str) else missing)
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight")
    explorer.visit.wait_for("failed")
    words = explorer.badge.inner_text()
    assert words.startswith("Python did not start")
    assert named in words
    explorer.wait_for_number(parameters(inputs + 1, outputs))
    assert explorer.root.locator(".lc-picture svg").first.is_visible()
    assert explorer.root.get_by_role("button", name="Try again").is_visible()


def test_try_again_starts_a_new_worker(linear: Callable[..., Any]) -> None:
    """After a failure the button asks for Python anew."""
    explorer = linear(missing=("/worker.mjs",))
    explorer.press("in_features", "ArrowRight")
    explorer.visit.wait_for("failed")
    asked = len([url for url in explorer.visit.requests if "worker.mjs" in url])
    explorer.root.get_by_role("button", name="Try again").click()
    explorer.visit.page.wait_for_function(
        "count => performance.getEntriesByName('lc-start').length > count", arg=1
    )
    explorer.visit.wait_for("failed")
    assert asked <= len([url for url in explorer.visit.requests if "worker.mjs" in url])


def test_with_data_saver_python_waits_for_its_button(linear: Callable[..., Any]) -> None:
    """A touch does not spend a saver's megabytes; the button does, and then the moved value is computed."""
    explorer = linear(connection={"saveData": True})
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight")
    explorer.root.locator(".lc-notice", has_text="picture follows when Python runs").wait_for()
    assert explorer.visit.workers == []
    explorer.root.get_by_role("button", name="Start Python").click()
    explorer.wait_for_number(parameters(inputs + 1, outputs))


# ---- the state in the address -----------------------------------------------------------------------


def test_the_address_follows_the_controls(linear: Callable[..., Any]) -> None:
    """Only what differs from the printed state stands in the address."""
    explorer = linear()
    inputs, _ = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight")
    explorer.visit.page.wait_for_url(f"**/fully_connected.html?linear.in_features={inputs + 1}")
    explorer.press("in_features", "ArrowLeft")
    explorer.visit.page.wait_for_url("**/fully_connected.html")


def test_an_address_with_a_state_starts_python_and_shows_that_state(linear: Callable[..., Any]) -> None:
    """Who opens a copied link sees what was copied."""
    explorer = linear("?linear.in_features=412&linear.bias=false", wait_for="live")
    _, outputs = shown_sizes(explorer)
    assert explorer.value("in_features") == 412
    layer = lc.Linear(412, outputs, bias=False)
    explorer.wait_for_number(lc.count(layer, lc.PARAMETERS, (412,)).total)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        pytest.param("linear.in_features=many", "in_features = many", id="no number"),
        pytest.param("linear.in_features=10.5", "a whole number from", id="not whole"),
        pytest.param("linear.in_features=99999999", "a whole number from", id="too large"),
        pytest.param("linear.bias=perhaps", "true or false", id="neither true nor false"),
    ],
)
def test_an_address_that_asks_for_the_impossible_is_told_so(
    linear: Callable[..., Any], query: str, words: str
) -> None:
    """The printed state stays, a sentence says what the control takes, and Python is not started for it."""
    explorer = linear(f"?{query}")
    notice = explorer.root.locator(".lc-notice", has_text=words)
    notice.wait_for()
    assert f"{parameters(*shown_sizes(explorer)):,}" in explorer.line
    assert explorer.visit.workers == []


def test_reset_goes_back_to_the_printed_state(linear: Callable[..., Any]) -> None:
    """One button undoes all moves, in the controls, the numbers and the address."""
    explorer = linear()
    inputs, outputs = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight", "ArrowRight", "ArrowRight")
    explorer.wait_for_number(parameters(inputs + 3, outputs))
    explorer.root.get_by_role("button", name="Reset").click()
    explorer.wait_for_number(parameters(inputs, outputs))
    assert shown_sizes(explorer) == (inputs, outputs)
    explorer.visit.page.wait_for_url("**/fully_connected.html")


def test_copy_link_copies_the_address_of_the_present_state(linear: Callable[..., Any]) -> None:
    """The copied link opens what is shown."""
    explorer = linear(permissions=["clipboard-read", "clipboard-write"])
    inputs, _ = shown_sizes(explorer)
    explorer.press("in_features", "ArrowRight")
    copied = copied_by(explorer.root.get_by_role("button", name="Copy link"))
    assert copied.endswith(f"fully_connected.html?linear.in_features={inputs + 1}")


# ---- names ------------------------------------------------------------------------------------------


def test_every_control_has_an_accessible_name(linear: Callable[..., Any]) -> None:
    """Whoever hears the page instead of seeing it is told what each control is."""
    explorer = linear()
    nameless = explorer.root.evaluate(
        """root => [...root.querySelectorAll('[role=slider], input, select, button, [contenteditable=true]')]
            .filter(control => control.checkVisibility())
            .filter(control => ![control.getAttribute('aria-label'), control.labels?.[0]?.textContent,
                                 control.closest('label')?.textContent, control.textContent]
                               .some(name => name?.trim()))
            .map(control => control.outerHTML)"""
    )
    assert nameless == []


def test_sliders_are_named_by_their_label(linear: Callable[..., Any]) -> None:
    """The slider's name is the words beside it."""
    explorer = linear()
    label = explorer.control("in_features").locator(".widget-label").inner_text()
    assert label
    assert explorer.handle("in_features").get_attribute("aria-label") == label


# ---- an explorer with a fault -----------------------------------------------------------------------

FAULTY = """from layercost.explorers import explorer

def faulty(change):
    {fault}

shown = explorer("linear")
shown.control("in_features").observe(faulty, "value")
shown"""


@pytest.fixture
def faulty(visit: Callable[..., Visit]) -> Callable[[str], Visit]:
    """The explorer's page, opened, where a move of the input's size runs `fault`, a statement of Python."""

    def opened(fault: str) -> Visit:
        visitor = visit()
        source = f'data-source="{html.escape(FAULTY.format(fault=fault))}"'

        def put_in(route: Any) -> None:
            answer = route.fetch()
            body = re.sub(r'data-source="[^"]*"', lambda _: source, answer.text(), count=1)
            route.fulfill(response=answer, body=body)

        visitor.page.route(re.compile(r"/fully_connected\.html"), put_in)
        visitor.open(EXPLORER_PAGE)
        visitor.wait_for("drawn")
        return visitor

    return opened


def test_an_error_of_a_move_stays_in_sight_when_the_rest_has_been_drawn(
    faulty: Callable[[str], Visit],
) -> None:
    """What stands under More follows after a pause, and that it could be drawn mends nothing."""
    visitor = faulty("""raise ValueError(f"{change['new']} brings bad luck")""")
    page = visitor.page
    line = page.locator(".lc-more .lc-line").first
    before = line.text_content()
    page.locator(".lc-live .lc-range").first.press("ArrowRight")
    said = page.locator(".lc-badge", has_text="brings bad luck")
    said.wait_for()
    page.wait_for_function(
        "before => document.querySelector('.lc-more .lc-line').textContent !== before", arg=before
    )
    assert said.is_visible()


def test_python_that_breaks_down_is_told_and_starts_anew_at_the_same_place(
    faulty: Callable[[str], Visit],
) -> None:
    """The badge says why; the numbers go on without Python; the button opens the page where the reader is."""
    explorer = Linear(
        faulty("""__import__("js").eval("setTimeout(() => {{ throw new Error('no memory left') }})")""")
    )
    explorer.press("in_features", "ArrowRight")
    explorer.root.locator(".lc-badge", has_text="no memory left").wait_for()
    explorer.press("in_features", "ArrowRight")
    inputs, outputs = shown_sizes(explorer)
    explorer.wait_for_number(parameters(inputs, outputs))
    explorer.visit.page.wait_for_url(f"**/fully_connected.html?linear.in_features={inputs}")
    explorer.visit.page.unroute_all()  # without the fault
    explorer.root.get_by_role("button", name="Try again").click()
    explorer.root.locator(".lc-badge", has_text="Live").wait_for()
    assert shown_sizes(explorer) == (inputs, outputs)
