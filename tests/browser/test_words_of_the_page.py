"""In a language of marks, nothing that a script writes into a page is left in English."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import EXPLORER_PAGE, Visit
from tests.words.marking import catalogue, left_in_english

pytestmark = pytest.mark.chromium

# All that is read or heard: texts, labels. What the build put into data and a widget's state is no script's.
READ = """html => {
    const found = new Set();
    const labels = ['aria-label', 'aria-roledescription', 'title', 'placeholder'];
    const read = root => {
        const nodes = document.createNodeIterator(root, NodeFilter.SHOW_TEXT);
        for (let node = nodes.nextNode(); node; node = nodes.nextNode())
            if (!node.parentElement?.closest('script, style, math')) found.add(node.data.trim());
        for (const name of labels)
            for (const part of root.querySelectorAll(`[${name}]`)) found.add(part.getAttribute(name).trim());
    };
    const parse = text => {
        const { body } = new DOMParser().parseFromString(text, 'text/html');
        read(body);
        return body;
    };
    const strings = value => typeof value === 'string' ? parse(value)
        : Object.values(value ?? {}).forEach(strings);
    const data = text => { try { strings(JSON.parse(text)); } catch { found.add(text); } };
    if (html) {
        for (const code of document.querySelectorAll('pre'))
            code.textContent.split('\\n').forEach(line => found.add(line.trim()));
        for (const part of parse(html).querySelectorAll('*')) Object.values(part.dataset ?? {}).forEach(data);
        strings(JSON.parse(document.querySelector('script.lc-widget-state').textContent));
    } else read(document.body);
    return [...found].filter(text => text);
}"""
NOT_OURS = {
    "Copy to clipboard",
    "null",
}  # what a script of the theme says; ipywidgets, of labels that nobody sees
TYPED = ("much", "many", "perhaps", "mine")


class Marked:
    """A page whose scripts speak in marks, and what it said at any time."""

    def __init__(self, visitor: Visit, path: str) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.served = ""
        self.page.route("**/*.html*", self._translate)
        visitor.open(path)
        visitor.wait_for("drawn")
        self.printed = set(self.page.evaluate(READ, self.served))
        self.said: set[str] = set()

    def _translate(self, route: Any) -> None:
        answer = route.fetch()
        words = json.dumps(catalogue()).replace("</", "<\\/")
        self.served = answer.text()
        script = f'<script type="application/json" id="lc-words">{words}</script></head>'
        route.fulfill(response=answer, body=self.served.replace("</head>", script, 1))

    def listen(self) -> None:
        """Note what the page says now that was not printed."""
        self.said |= set(self.page.evaluate(READ, "")) - self.printed

    def in_english(self) -> dict[str, set[str]]:
        """What was said with English outside of marks: values that are words of the page are no English."""
        values = sorted((text for text in self.printed if len(text) > 3), key=len, reverse=True)
        found = {}
        for text in self.said - NOT_OURS:
            rest = text
            for value in values:
                rest = rest.replace(value, " ")
            if left := left_in_english(rest, *TYPED):
                found[text] = left
        return found

    def press(self, name: str) -> None:
        """Press the first button in sight that says this."""
        self.page.locator("button:visible", has_text=f"⟦{name}").first.click()
        self.listen()


@pytest.fixture
def marked(visit: Callable[..., Visit]) -> Callable[..., Marked]:
    """`marked(path, **settings)` opens a page that speaks in marks."""
    return lambda path=EXPLORER_PAGE, **settings: Marked(visit(**settings), path)


def test_what_a_reader_is_told_without_python_is_translated(marked: Callable[..., Marked]) -> None:
    """Guesses, steps, a drill, chips, what is copied, pulled and drawn, and an address that asks wrongly."""
    asked = "linear.in_features=many&linear.bias=perhaps&linear.convention=mine"
    shown = marked(f"{EXPLORER_PAGE}?{asked}", connection={"saveData": True}, permissions=["clipboard-write"])
    page = shown.page
    shown.listen()
    assert any("in_features⟦ = ⟧many" in said for said in shown.said)
    for guess in ("", "much", "-5", "12345", "99999999999", "0"):
        form = page.locator(".lc-guess").first
        form.locator("input").fill(guess)
        form.locator("input").press("Enter")
        shown.listen()
        if form.locator(".lc-again").count():
            shown.press("Guess again")
    step = page.locator(".lc-step").first
    right = int(step.get_attribute("data-answer"))
    for answer in ("much", "-1", "0", *(f"{right * factor}" for factor in (1, 2, 10, 3, 30, 333))):
        step.locator("input").fill(answer)
        step.locator(".lc-check").click()
        shown.listen()
    page.locator(".lc-another").first.click()
    for chip in (".lc-count-pinned .lc-chip", ".lc-count[data-values] .lc-chip"):
        page.locator(chip).first.click()
        shown.listen()
    page.get_by_role("dialog").locator("input[value=macs]").check()
    page.keyboard.press("Escape")
    shown.press("Back to ")
    shown.press("Copy")
    shown.press("More")
    typed = page.locator(".lc-live .lc-typed").first
    for text in ("many", "-3", "12"):
        typed.fill(text)
        typed.press("Enter")
        shown.listen()
    shown.press("Play")
    shown.press("Copy link")
    shown.press("Reset")
    shown.listen()
    assert len(shown.said) > 40
    assert shown.in_english() == {}


def test_what_the_badge_says_of_python_is_translated(marked: Callable[..., Marked]) -> None:
    """While it starts, when it runs, and why it does not."""
    shown = marked()
    shown.press("Start Python")
    shown.visitor.wait_for("live")
    badges = shown.page.locator(".lc-badge").all_inner_texts()
    shown = marked(missing=("runtime.xz",))
    shown.press("Start Python")
    shown.visitor.wait_for("failed")
    badges += shown.page.locator(".lc-badge").all_inner_texts()
    assert [left_in_english(said, "runtime.xz") for said in badges] == [set()] * len(badges)


def test_what_the_footer_says_of_this_device_is_translated(visit: Callable[..., Visit]) -> None:
    """What is kept, and that nothing is any more."""
    visitor = visit(keeps=True, connection={"saveData": True})
    shown = Marked(visitor, EXPLORER_PAGE)
    footer = shown.page.locator(".lc-on-device")
    footer.locator("button").wait_for()
    said = [footer.inner_text()]
    footer.locator("button").click()
    footer.locator("button", has_text="⟦Keep").wait_for()
    said.append(footer.inner_text())
    assert [left_in_english(words) for words in said] == [set(), set()]
