"""No page of the site names another host to load from, and pages load only what they use."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser.pages import pages

pytestmark = pytest.mark.chromium

LOADED = re.compile(r"""<(?:script|link|img|iframe|source)\b[^>]*\b(?:src|href)=["']((?:https?:)?//[^"']+)""")


def test_no_page_names_a_file_of_another_host(site: Path) -> None:
    """Nothing to load stands in the HTML with another host's address, not even for later."""
    for name in pages(site):
        text = (site / name).read_text(encoding="utf-8")
        assert LOADED.findall(text) == [], name
        assert "unpkg.com" not in text, name
        assert "cdn.jsdelivr" not in text, name


def test_a_page_without_explorers_loads_neither_widgets_nor_python(visit: Callable[..., Any]) -> None:
    """What only explorers need is not loaded where there is none."""
    visitor = visit()
    page = visitor.open("index.html")
    page.wait_for_load_state("networkidle")
    assert page.locator(".lc-live").count() == 0, "this test wants a page without explorers; name another"
    heavy = [url for url in visitor.requests if re.search(r"chunk-page|widgets\.css|python-", url)]
    assert heavy == []
    assert visitor.workers == []


def test_formulas_stand_in_the_page_without_scripts(visit: Callable[..., Any], site: Path) -> None:
    """They are MathML, laid out by the browser; nobody meets TeX, and no page loads a typesetter."""
    visitor = visit(java_script_enabled=False)
    page = visitor.open("chapters/fully_connected.html")
    assert page.locator("math").first.is_visible()
    for name in pages(site):
        text = (site / name).read_text(encoding="utf-8")
        assert "\\(" not in text, name
        assert not re.search(r"src=[^>]*mathjax", text, re.IGNORECASE), name
