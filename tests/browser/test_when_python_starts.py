"""What starts Python, and what does not: the rules by themselves, and browsers told of their connection."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from site_builder.node import find_node
from site_builder.places import WEB

from tests.browser.conftest import GOOD

SLOW = {**GOOD, "effectiveType": "3g", "downlink": 0.7}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 800}, "has_touch": True, "is_mobile": True}
LONG_ENOUGH = 1500  # ms: longer than a mouse rests, or an explorer is looked at, before it counts


# ---- the rules ---------------------------------------------------------------------------------------


def rule(expression: str) -> Any:
    """What a rule of web/src/python/policy.mjs says, asked in node."""
    rules = "import * as rules from './src/python/policy.mjs'"
    program = f"{rules}; console.log(JSON.stringify(rules.{expression}))"
    command = [find_node(), "--input-type=module", "-e", program]
    done = subprocess.run(command, cwd=WEB, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    ("connection", "good"),
    [
        pytest.param(GOOD, True, id="4g with 10 Mbit/s"),
        pytest.param(None, False, id="unknown"),
        pytest.param({**GOOD, "effectiveType": "3g"}, False, id="3g"),
        pytest.param({**GOOD, "downlink": 1.6}, False, id="4g with 1.6 Mbit/s"),
        pytest.param({**GOOD, "saveData": True}, False, id="data saver"),
        pytest.param({**GOOD, "type": "cellular"}, False, id="a phone's contract"),
        pytest.param({"effectiveType": "4g"}, False, id="no speed told"),
    ],
)
def test_only_a_connection_that_is_known_to_be_good_is_used_in_advance(connection: Any, good: bool) -> None:
    """Unknown is not good; metered is not either."""
    told = json.dumps(connection) if connection else "undefined"
    assert rule(f"startsInAdvance({told}, false)") is good


def test_on_a_touch_screen_nothing_starts_in_advance() -> None:
    """A thumb that scrolls past an explorer says nothing of its reader's wishes."""
    assert rule(f"startsInAdvance({json.dumps(GOOD)}, true)") is False


@pytest.mark.parametrize(("saving", "waits"), [(True, True), (False, False)])
def test_only_a_data_saver_waits_for_the_button(saving: bool, waits: bool) -> None:
    """Whoever asked for it decides about each download."""
    assert rule(f"waitsForButton({json.dumps({**GOOD, 'saveData': saving})})") is waits


# ---- in a browser ------------------------------------------------------------------------------------


def wipe(session: Any, x: float, y: float) -> None:
    """A finger comes down, goes up the screen, and leaves."""
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for moved in range(10, 150, 10):
        session.send(
            "Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y - moved}]}
        )
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def bring_into_view(explorer: Any) -> None:
    explorer.root.locator(".lc-picture").first.scroll_into_view_if_needed()
    explorer.visit.page.wait_for_timeout(LONG_ENOUGH)


@pytest.mark.chromium
def test_on_a_good_connection_python_starts_when_an_explorer_is_looked_at(linear: Callable[..., Any]) -> None:
    """The first answer is there before the first question."""
    explorer = linear(connection=GOOD, wait_for="")
    explorer.root.scroll_into_view_if_needed()
    explorer.visit.wait_for("live")


@pytest.mark.chromium
@pytest.mark.parametrize("connection", [None, SLOW], ids=["unknown", "slow"])
def test_elsewhere_neither_a_look_nor_a_resting_mouse_starts_it(
    linear: Callable[..., Any], connection: Any
) -> None:
    """No megabytes for somebody who only reads."""
    explorer = linear(connection=connection)
    bring_into_view(explorer)
    explorer.root.locator(".lc-picture").first.hover()
    explorer.visit.page.wait_for_timeout(LONG_ENOUGH)
    assert explorer.visit.workers == []
    explorer.press("in_features", "ArrowRight")
    explorer.visit.wait_for("live")


@pytest.mark.chromium
@pytest.mark.parametrize("connection", [None, GOOD], ids=["unknown", "good"])
def test_a_thumb_that_scrolls_over_an_explorer_does_not_start_it(
    linear: Callable[..., Any], connection: Any
) -> None:
    """A touch becomes a tap only if it was no scroll."""
    explorer = linear(connection=connection, **PHONE)
    bring_into_view(explorer)
    page = explorer.visit.page
    session = explorer.visit.context.new_cdp_session(page)
    for part in (".lc-host button:visible", ".lc-picture:visible", ".widget-label:visible"):
        place = explorer.root.locator(part).first
        place.evaluate("place => place.scrollIntoView({block: 'center', behavior: 'instant'})")
        before, box = page.evaluate("scrollY"), place.bounding_box()
        wipe(session, box["x"] + min(box["width"] / 2, 100), box["y"] + box["height"] / 2)
        page.wait_for_function("before => scrollY > before", arg=before)
    page.wait_for_timeout(LONG_ENOUGH)
    assert explorer.visit.workers == []


@pytest.mark.chromium
def test_a_tap_on_a_control_starts_it(linear: Callable[..., Any]) -> None:
    """The size was said before, in the toolbar."""
    explorer = linear(**PHONE)
    assert " MB, once" in explorer.badge.inner_text()
    explorer.root.locator(".lc-host .widget-checkbox input, .lc-host button").first.tap()
    explorer.visit.wait_for("live")


@pytest.mark.chromium
def test_a_tap_beside_the_controls_does_not(linear: Callable[..., Any]) -> None:
    """Reading a picture with a finger is reading."""
    explorer = linear(**PHONE)
    explorer.root.locator(".lc-picture:visible").first.tap(position={"x": 2, "y": 2})
    explorer.visit.page.wait_for_timeout(LONG_ENOUGH)
    assert explorer.visit.workers == []


@pytest.mark.chromium
def test_no_explorer_imports_what_the_snapshot_lacks(visit: Callable[..., Any], site: Any) -> None:
    """The standard library's archive is a fallback: no explorer, moved or pressed, has it fetched."""
    names = [path for path in site.rglob("*.html") if 'class="lc-live"' in path.read_text(encoding="utf-8")]
    assert names
    for path in names:
        visitor = visit()
        page = visitor.open(path.relative_to(site).as_posix())
        visitor.wait_for("drawn")
        page.get_by_role("button", name="Start Python").first.click()
        visitor.wait_for("live")
        for control in page.locator(".lc-live .lc-range:visible").all():
            control.press("ArrowRight")
        for button in page.locator(".lc-host button:visible:enabled").element_handles():
            button.evaluate("button => button.click()")  # an answer may have taken it away
        page.wait_for_function("() => !document.querySelector('[aria-busy]')")
        assert [url for url in visitor.requests if url.endswith(".zip")] == [], path.name
        assert visitor.errors == []


@pytest.mark.chromium
def test_what_is_imported_late_all_the_same_is_fetched_then(visit: Callable[..., Any]) -> None:
    """An explorer that imports a module which nobody foresaw still answers."""
    visitor = visit()
    source = (
        "import ipywidgets, colorsys, traitlets.config; ipywidgets.HTML(str(colorsys.rgb_to_hsv(1, 1, 1)))"
    )
    visitor.page.route(
        "**/fully_connected.html",
        lambda route: route.fulfill(
            response=(answer := route.fetch()),
            body=answer.text().replace('data-source="', f'data-source="{source}&#10;', 1),
        ),
    )
    page = visitor.open("chapters/fully_connected.html")
    visitor.wait_for("drawn")
    page.get_by_role("button", name="Start Python").first.click()
    visitor.wait_for("live")
    assert len([url for url in visitor.requests if url.endswith(".zip")]) == 2
    assert visitor.errors == []
