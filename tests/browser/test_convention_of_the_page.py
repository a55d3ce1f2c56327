"""One convention for a page: counts, formulas, tables and explorers follow it, pinned counts stay."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import Held, kept, wait_until

pytestmark = pytest.mark.chromium

CHAPTER = "chapters/fully_connected.html"


@pytest.fixture
def page(visit: Callable[..., Any]) -> Any:
    """The chapter, with its script at work."""
    opened = visit().open(CHAPTER)
    opened.wait_for_selector("html[data-lc-convention]", state="attached")
    return opened


def choose(page: Any, convention: str) -> None:
    """Open the first chip that offers conventions, and choose one."""
    page.locator(".lc-count[data-values] .lc-chip").first.click()
    page.get_by_role("dialog").locator(f"input[value={convention}]").check()


def shown_forms(page: Any) -> set[str]:
    """The conventions of the formulas and tables that are in sight."""
    return set(page.evaluate(
        "[...document.querySelectorAll('.lc-under')].filter(form => form.checkVisibility())"
        ".map(form => form.dataset.under)"
    ))  # fmt: skip


def test_formulas_and_tables_follow_the_choice(page: Any) -> None:
    """What stood under textbook stands under macs after one choice, and nothing stands twice."""
    assert shown_forms(page) == {"textbook"}
    choose(page, "macs")
    assert shown_forms(page) == {"macs"}


def test_a_pinned_count_stays_and_says_why(page: Any) -> None:
    """Its chip explains, offers nothing, and its number is the same after the page has changed."""
    pinned = page.locator(".lc-count-pinned").first
    before = pinned.inner_text()
    choose(page, "macs")
    page.keyboard.press("Escape")
    assert pinned.inner_text() == before
    pinned.locator(".lc-chip").click()
    dialog = page.get_by_role("dialog")
    assert "This number stays" in dialog.inner_text()
    assert dialog.locator("input").count() == 0


def test_another_convention_than_the_texts_own_is_said_with_one_tap_back(page: Any) -> None:
    """The bar is there only while the numbers are not those that the text was written for."""
    bar = page.locator(".lc-convention-bar")
    assert not bar.is_visible()
    choose(page, "everything")
    assert "everything" in bar.inner_text()
    assert "written for “textbook”" in bar.inner_text()
    bar.get_by_role("button", name="Back to").click()
    assert not bar.is_visible()
    assert shown_forms(page) == {"textbook"}


def test_the_bar_can_be_put_away_and_comes_back_with_the_next_choice(page: Any) -> None:
    """It covers a part of a phone's screen; the choice stays."""
    bar = page.locator(".lc-convention-bar")
    choose(page, "everything")
    page.keyboard.press("Escape")
    bar.get_by_role("button", name="Put this note away").click()
    assert not bar.is_visible()
    assert shown_forms(page) == {"everything"}
    assert page.evaluate("document.activeElement !== document.body")
    wait_until(lambda: {"convention", "convention.put-away"} <= kept(page).keys())
    page.reload()
    page.wait_for_selector("html[data-lc-convention=everything]", state="attached")
    page.wait_for_timeout(500)
    bar.wait_for(state="hidden")
    choose(page, "macs")
    assert "macs" in bar.inner_text()


def test_an_explorer_can_wish_for_a_convention_and_hears_of_every_choice(page: Any) -> None:
    """The two events are all that explorers and text know of each other."""
    page.evaluate(
        """() => { window.heard = [];
                   document.addEventListener('lc-convention', ({detail}) => window.heard.push(detail.name));
                   for (const name of ['two-a-mac', 'two-a-mac', 'no such convention'])
                       document.dispatchEvent(new CustomEvent('lc-convention-wished', {detail: {name}})); }"""
    )
    assert page.evaluate("window.heard") == ["two-a-mac"]
    assert shown_forms(page) == {"two-a-mac"}
    choose(page, "macs")
    assert page.evaluate("window.heard") == ["two-a-mac", "macs"]


def test_an_explorer_that_is_drawn_later_follows_what_was_chosen_before(visit: Callable[..., Any]) -> None:
    """In this visit, or in an earlier one: the page knows its convention before its explorers are there."""
    visitor = visit()
    page, explorers = visitor.page, Held(visitor.page, "**/chunk-page-*")
    page.goto(visitor.address + CHAPTER, wait_until="commit")
    page.wait_for_selector(".lc-chip[aria-haspopup]", state="attached")
    choose(page, "macs")
    explorers.let_go()
    page.locator(".lc-live .lc-total", has_text="MACs · macs").first.wait_for()


def test_on_paper_every_count_keeps_its_unit(page: Any) -> None:
    """Print has no chips to touch, and still says what a number is a number of."""
    page.emulate_media(media="print")
    for count in page.locator(".lc-count").all():
        assert count.locator(".lc-chip-unit").is_visible()
    count = page.locator(".lc-count[data-values]").first
    values = json.loads(count.get_attribute("data-values"))
    assert f"{values['textbook']} FLOPs" in count.inner_text().replace("\xa0", " ")
