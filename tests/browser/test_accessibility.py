"""What every page owes to every reader: nothing serious for axe, nothing sideways, names told apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import pages
from tests.conftest import NIGHTLY

pytestmark = pytest.mark.chromium

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
FOUND = """async () => {
    const {violations} = await axe.run(document, {resultTypes: ['violations']});
    return violations.filter(({impact}) => ['serious', 'critical'].includes(impact))
        .flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 200)}`));
}"""


def opened(visit: Callable[..., Any], name: str, **settings: Any) -> Any:
    """A page with its scripts at work and its explorers drawn."""
    visitor = visit(**settings)
    page = visitor.open(name)
    page.wait_for_load_state("networkidle")
    if page.locator(".lc-live").count():
        visitor.wait_for("drawn")
    return visitor


SCHEMES = ("light", "dark")


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_serious_on_any_page(visit: Callable[..., Any], site: Path, scheme: str) -> None:
    """No finding of impact serious or critical with every fold open; by night each page in both schemes."""
    findings = {}
    every = list(pages(site))
    for name in every if NIGHTLY else every[SCHEMES.index(scheme) :: len(SCHEMES)]:
        visitor = opened(visit, name, color_scheme=scheme, bypass_csp=True)
        visitor.page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
        visitor.page.add_script_tag(path=AXE)
        if found := visitor.page.evaluate(FOUND):
            findings[name] = found
        visitor.context.close()
    assert findings == {}


@pytest.mark.parametrize("width", [360, 768] if NIGHTLY else [360])
def test_no_page_scrolls_sideways_or_complains(visit: Callable[..., Any], site: Path, width: int) -> None:
    """On a narrow screen wide things scroll in boxes of their own; the console stays quiet.

    No page loads a font of icons or a typesetter: what was the larger part of its bytes drew eleven icons.
    """
    for name in pages(site):
        visitor = opened(visit, name, viewport={"width": width, "height": 740})
        assert visitor.page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert visitor.errors == [], name
        assert not [url for url in visitor.requests if "fontawesome" in url or "mathjax" in url.lower()], name
        visitor.context.close()


def test_buttons_that_copy_have_names_of_their_own(visit: Callable[..., Any], site: Path) -> None:
    """Who hears the buttons one after another can tell them apart."""
    for name in pages(site):
        visitor = opened(visit, name)
        buttons = visitor.page.locator(".lc-copy-button:visible, button.copybtn").all()
        names = Counter(button.get_attribute("aria-label") for button in buttons)
        assert None not in names, name
        assert [said for said, times in names.items() if times > 1] == [], name
        visitor.context.close()


def test_a_formula_is_one_stop_and_arrows_move_between_its_symbols(visit: Callable[..., Any]) -> None:
    """Seventy symbols are not seventy presses of Tab."""
    page = opened(visit, "chapters/fully_connected.html").page
    formula = page.locator(".lc-derivation:visible .lc-formula").first
    stops = formula.locator(".lc-sym[tabindex='0']")
    assert stops.count() == 1
    first = stops.element_handle()
    stops.focus()
    page.keyboard.press("ArrowRight")
    assert not first.evaluate("symbol => symbol === document.activeElement")
    assert formula.locator(".lc-sym[tabindex='0']").count() == 1
    assert page.evaluate("document.activeElement.getAttribute('role')") == "button"
