"""What every page owes to every reader: nothing serious for axe, nothing sideways, nothing from elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import TimeoutError as NeverTrue

from tests.browser.conftest import ONLY_ITSELF, Visit, serving
from tests.browser.pages import pages, serious
from tests.conftest import NIGHTLY

pytestmark = pytest.mark.chromium

TOLD_APART = """() => {
    const names = [...document.querySelectorAll('.lc-copy-button, button.copybtn')]
        .filter(button => button.checkVisibility()).map(button => button.ariaLabel);
    return new Set(names).size === names.length;
}"""
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1200, "height": 900}
SCHEMES = ("light", "dark")


@dataclass(frozen=True)
class Seen:
    """What a page did on a narrow screen; on a wide one its buttons that copy and what axe found, and later.

    `requests` are those before Python started; `errors` and `foreign` are those of the whole visit.
    """

    width: int
    errors: list[str]
    requests: list[str]
    copies: list[str | None]
    serious: list[str]
    foreign: list[str]


def opened(visitor: Visit, name: str) -> Any:
    """A page with its scripts at work and its explorers drawn."""
    page = visitor.open(name)
    page.wait_for_load_state("networkidle")
    if page.locator(".lc-live").count():
        visitor.wait_for("drawn")
    return page


@pytest.fixture(scope="module")
def seen(browser: Any, site: Path) -> dict[str, Seen]:
    """Every page, visited once for all that is asked; by turns in light and dark, by night in both."""
    found = {}
    with serving(site, (), {"Content-Security-Policy": ONLY_ITSELF}) as server:
        for place, name in enumerate(pages(site)):
            for scheme in SCHEMES if NIGHTLY else SCHEMES[place % 2 :][:1]:
                visitor = Visit(browser, server.address, color_scheme=scheme, viewport=NARROW)
                found[f"{name} ({scheme})"] = _look_over(visitor, name)
                visitor.context.close()
    return found


def _look_over(visitor: Visit, name: str) -> Seen:
    page = opened(visitor, name)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(WIDE)
    page.wait_for_function("width => innerWidth === width", arg=WIDE["width"])
    with suppress(NeverTrue):  # then the buttons of this page are what a test finds
        page.wait_for_function(TOLD_APART)
    buttons = page.locator(".lc-copy-button:visible, button.copybtn").all()
    copies = [button.get_attribute("aria-label") for button in buttons]
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    errors, requests, foreign = list(visitor.errors), list(visitor.requests), visitor.foreign
    found = serious(page)
    visitor.said.clear()  # what axe says is not the page's
    if page.locator(".lc-live").count():
        page.get_by_role("button", name="Start Python").first.click()
        visitor.wait_for("live")
    return Seen(width, errors + visitor.errors, requests, copies, found, foreign + visitor.foreign)


def test_axe_finds_nothing_serious_on_any_page(seen: dict[str, Seen]) -> None:
    """No finding of impact serious or critical with every fold open."""
    assert {name: one.serious for name, one in seen.items() if one.serious} == {}


def test_no_page_scrolls_sideways(seen: dict[str, Seen]) -> None:
    """On a narrow screen wide things scroll in boxes of their own."""
    assert {name: one.width for name, one in seen.items() if one.width > NARROW["width"]} == {}


def test_no_page_complains(seen: dict[str, Seen]) -> None:
    """The console stays quiet."""
    assert {name: one.errors for name, one in seen.items() if one.errors} == {}


def test_no_page_loads_a_font_of_icons_or_a_typesetter(seen: dict[str, Seen]) -> None:
    """What was the larger part of a page's bytes drew eleven icons."""
    for name, one in seen.items():
        assert not [url for url in one.requests if "fontawesome" in url or "mathjax" in url.lower()], name


def test_no_request_leaves_this_machine_on_any_page(seen: dict[str, Seen]) -> None:
    """With its formulas set, its explorers drawn and Python started, a page asks this site only."""
    assert len(seen) >= 5
    assert {name: one.foreign for name, one in seen.items() if one.foreign} == {}


def test_buttons_that_copy_have_names_of_their_own(seen: dict[str, Seen]) -> None:
    """Who hears the buttons one after another can tell them apart."""
    for name, one in seen.items():
        names = Counter(one.copies)
        assert None not in names, name
        assert [said for said, times in names.items() if times > 1] == [], name


def test_a_formula_is_one_stop_and_arrows_move_between_its_symbols(visit: Callable[..., Any]) -> None:
    """Seventy symbols are not seventy presses of Tab."""
    page = opened(visit(), "chapters/fully_connected.html")
    formula = page.locator(".lc-derivation:visible .lc-formula").first
    stops = formula.locator(".lc-sym[tabindex='0']")
    assert stops.count() == 1
    first = stops.element_handle()
    stops.focus()
    page.keyboard.press("ArrowRight")
    assert not first.evaluate("symbol => symbol === document.activeElement")
    assert formula.locator(".lc-sym[tabindex='0']").count() == 1
    assert page.evaluate("document.activeElement.getAttribute('role')") == "button"
