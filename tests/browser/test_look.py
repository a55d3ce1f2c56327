"""What can be measured of the look: contrast, the narrow page, print."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.chromium

DIMENSIONS = ("cin", "cout", "k", "h", "w", "t", "const")
COLOURS = (*(f"--lc-{name}" for name in DIMENSIONS), "--lc-right", "--lc-wrong")
ENOUGH = 4.5  # to 1, for text (WCAG 2.2, level AA)


def luminance(colour: tuple[int, int, int]) -> float:
    """Relative luminance of an sRGB colour (WCAG 2.2)."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """Contrast of two colours, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def computed(page: Any, name: str) -> tuple[int, int, int]:
    """A custom property of the page, as the browser resolves it."""
    text = page.evaluate(
        """name => { const probe = document.body.appendChild(document.createElement('i'));
                     probe.style.color = `var(${name})`; const found = getComputedStyle(probe).color;
                     probe.remove(); return found; }""",
        name,
    )
    red, green, blue = (int(part) for part in text.removeprefix("rgb(").removesuffix(")").split(","))
    return red, green, blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_dimension_stands_out_from_paper_and_cards(visit: Callable[..., Any], scheme: str) -> None:
    """Colours of dimensions and verdicts can be read as text on every ground of the page."""
    page = visit(color_scheme=scheme).open("chapters/fully_connected.html")
    page.wait_for_selector(f"html[data-theme={scheme}]", state="attached")
    for ground in ("--lc-paper", "--lc-warm"):
        for colour in (*COLOURS, "--lc-ink", "--lc-quiet", "--lc-accent"):
            assert contrast(computed(page, colour), computed(page, ground)) >= ENOUGH, (colour, ground)


def test_the_dark_page_is_drawn_on_the_dark_paper(visit: Callable[..., Any]) -> None:
    """The contrasts above are those of the ground that is really there."""
    page = visit(color_scheme="dark").open("index.html")
    page.wait_for_selector("html[data-theme=dark]", state="attached")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == f"rgb{computed(page, '--lc-paper')}"


def test_on_a_phone_the_picture_comes_before_the_controls(visit: Callable[..., Any]) -> None:
    """The reader sees what the controls will change."""
    visitor = visit(viewport={"width": 360, "height": 740})
    page = visitor.open("chapters/fully_connected.html")
    visitor.wait_for("drawn")
    picture = page.locator(".lc-explorer .lc-picture").first.bounding_box()
    controls = page.locator(".lc-explorer .lc-controls").first.bounding_box()
    assert picture["y"] < controls["y"]


def test_print_shows_the_numbers_and_no_controls(visit: Callable[..., Any]) -> None:
    """Paper gets the state and the table twin, without what cannot be touched."""
    visitor = visit()
    page = visitor.open("chapters/fully_connected.html")
    visitor.wait_for("drawn")
    page.emulate_media(media="print")
    assert page.locator(".lc-explorer .lc-total").first.is_visible()
    assert not page.locator(".lc-toolbar").first.is_visible()
    assert not page.locator(".lc-explorer .lc-range").first.is_visible()
    assert page.locator(".lc-explorer details table").first.is_visible()
