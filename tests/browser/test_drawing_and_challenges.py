"""A digit is drawn with the mouse and with keys; a challenge says how far it is, and gives a link."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from layercost.explorers import reader
from tests.browser.conftest import copied_by, wait_until

pytestmark = pytest.mark.chromium

LENET, LINEAR = "chapters/lenet.html", "chapters/fully_connected.html"
EMPTY = "0" * reader.SPELLED
PAINTED = """pad => {
    const canvas = pad.querySelector('canvas');
    const shown = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return shown.filter((_value, place) => place % 4 === 3 && shown[place]).length;
}"""


def _reads(visit: Callable[..., Any], query: str = "", **settings: Any) -> Any:
    visitor = visit(**settings)
    visitor.open(LENET + query)
    visitor.wait_for("live" if query else "drawn")
    return visitor


def _explorer(visitor: Any) -> Any:
    return visitor.page.locator(".lc-live:has(.lc-explorer-lenet_reads)")


def _drawn(visitor: Any) -> str:
    """The drawing that the address carries."""
    visitor.page.wait_for_function("location.search.includes('lenet_reads.pixels')")
    return parse_qs(visitor.page.evaluate("location.search.slice(1)"))["lenet_reads.pixels"][0]


def test_a_digit_is_drawn_with_the_mouse_and_read(visit: Callable[..., Any]) -> None:
    """A stroke inks cells at once, Python reads them, and the address carries them."""
    visitor = _reads(visit)
    shown = _explorer(visitor)
    shown.get_by_role("button", name="Clear").click()
    visitor.wait_for("live")
    shown.get_by_role("button", name="End", exact=True).click()
    shown.locator(".lc-ten .lc-output-bar").nth(9).wait_for()
    assert shown.locator(".lc-pad").evaluate(PAINTED) == 0
    box = shown.locator(".lc-pad").bounding_box()
    middle = box["x"] + box["width"] / 2
    visitor.page.mouse.move(middle, box["y"] + 0.15 * box["height"])
    visitor.page.mouse.down()
    visitor.page.mouse.move(middle, box["y"] + 0.85 * box["height"], steps=8)
    visitor.page.mouse.up()
    assert shown.locator(".lc-pad").evaluate(PAINTED) > 0
    shown.locator(".lc-ten[aria-label*='read as 1']").wait_for()
    wait_until(lambda: reader.read(_drawn(visitor)).says == 1)
    assert visitor.errors == []
    assert visitor.foreign == []


def test_a_digit_is_drawn_with_keys_and_heard(visit: Callable[..., Any]) -> None:
    """Arrows move, space puts the pen down, Delete takes ink away; each step says where it is."""
    visitor = _reads(visit, "?lenet_reads.pixels=" + EMPTY)
    shown = _explorer(visitor)
    pad = shown.get_by_role("application", name="draw a digit")
    pad.focus()
    press = visitor.page.keyboard.press
    press("ArrowUp")
    heard = shown.locator(".lc-sketch .lc-said")
    assert heard.inner_text() == "Row 14, column 15, empty"
    press("Space")
    assert heard.inner_text() == "Row 14, column 15, the pen is down"
    for _ in range(5):
        press("ArrowDown")
    press("Space")
    assert heard.inner_text() == "Row 19, column 15, ink"
    wait_until(lambda: all(reader.cells_of(_drawn(visitor))[row * 28 + 14] for row in range(13, 19)))
    press("Delete")
    assert heard.inner_text() == "Row 19, column 15, empty"


def test_a_finger_draws_and_does_not_scroll(visit: Callable[..., Any]) -> None:
    """The field keeps touches for itself, and fits a phone."""
    visitor = _reads(visit, viewport={"width": 360, "height": 760}, has_touch=True)
    pad = _explorer(visitor).locator(".lc-pad")
    assert pad.evaluate("pad => getComputedStyle(pad).touchAction") == "none"
    before = pad.evaluate(PAINTED)
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    visitor.page.touchscreen.tap(box["x"] + 8, box["y"] + box["height"] - 8)
    assert pad.evaluate(PAINTED) > before


def test_a_wrong_drawing_in_the_address_is_said(visit: Callable[..., Any]) -> None:
    """The printed digit stays, and the page says what it would take."""
    visitor = visit()
    visitor.open(LENET + "?lenet_reads.pixels=scribble")
    visitor.wait_for("drawn")
    notice = _explorer(visitor).locator(".lc-notice")
    assert "pixels = scribble" in notice.inner_text()
    assert "a drawing: 196 digits, 0 to 9 and a to f" in notice.inner_text()


def test_without_scripts_a_digit_stands_there(visit: Callable[..., Any]) -> None:
    """The printed page shows the image, the maps so far and whose the weights are; no dead buttons."""
    visitor = visit(java_script_enabled=False)
    visitor.open(LENET)
    shown = _explorer(visitor)
    assert shown.locator("img").first.evaluate("image => image.naturalWidth") == 32
    assert not shown.locator(".lc-sketches").is_visible()
    assert "Weights of our own" in shown.inner_text()


def _challenge(visitor: Any) -> Any:
    return visitor.page.locator("#challenge-fc-half")


def test_a_challenge_says_how_far_it_is_and_when_it_is_met(visit: Callable[..., Any], site: Path) -> None:
    """Each goal with what the explorer counts; the region says it; the link opens the page as met."""
    visitor = visit(permissions=["clipboard-read", "clipboard-write"])
    visitor.open(LINEAR)
    visitor.wait_for("drawn")
    challenge, said = _challenge(visitor), _challenge(visitor).locator(".lc-quest-said")
    assert said.get_attribute("role") == "status"
    said.filter(has_text="1 of 2 reached. 15,050 parameters too many (×2.0).").wait_for()
    assert not challenge.locator(".lc-quest-link").is_visible()
    explorer = visitor.page.locator(".lc-live:has(.lc-explorer-linear)").first
    explorer.locator(".lc-more-toggle").click()
    for field, value in (("out_features", "50"), ("batch", "2")):
        typed = explorer.locator(f".lc-name-{field} .lc-typed")
        typed.fill(value)
        typed.press("Enter")
    visitor.page.locator("#challenge-fc-half[data-met]").wait_for()
    visitor.page.wait_for_function(
        "() => document.querySelector('.lc-quest-said').textContent.startsWith('Reached')"
    )
    assert said.inner_text() == "Reached: 30,000 MACs, 15,050 parameters."
    visitor.page.wait_for_function("location.search.includes('linear.batch=2')")
    link = copied_by(challenge.locator(".lc-quest-link"))
    assert link.endswith("linear.out_features=50&linear.batch=2#challenge-fc-half")
    visitor.page.goto("about:blank")
    visitor.page.goto(link)
    visitor.page.locator("#challenge-fc-half[data-met]").wait_for()
    assert visitor.errors == []


def test_a_challenge_sets_its_explorer_to_the_start(visit: Callable[..., Any]) -> None:
    """However far the reader has gone."""
    visitor = visit()
    visitor.open(LINEAR + "?linear.in_features=8&linear.bias=false")
    visitor.wait_for("live")
    challenge = _challenge(visitor)
    challenge.locator(".lc-quest-begin").click()
    challenge.locator("output", has_text="✓ now 30,000").wait_for()
    challenge.locator("output", has_text="✗ now 30,100").wait_for()


def test_without_scripts_a_challenge_is_read(visit: Callable[..., Any]) -> None:
    """Its goals and its answer stand there; what needs the page's script does not."""
    visitor = visit(java_script_enabled=False)
    visitor.open(LINEAR)
    challenge = _challenge(visitor)
    assert "parameters: at most 15,050" in challenge.inner_text()
    assert not challenge.locator(".lc-quest-begin").is_visible()
