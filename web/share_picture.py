"""Draw web/images/share.png, which stands beside a link to the course: `python web/share_picture.py`.

It is drawn by Chromium from the course's own logo, letters and colours, and its numbers are counted.
The picture is committed, since not every machine that builds the site has a browser.
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright
from site_builder.browsing import find_chromium, launch
from site_builder.places import ASSETS, WEB

import layercost as lc

PICTURE = WEB / "images" / "share.png"
WIDTH, HEIGHT = 1200, 630
LAYER, SHAPE = lc.Conv2d(3, 6, kernel_size=5), (3, 32, 32)
STYLE = """
body { margin: 0; width: 1200px; height: 630px; box-sizing: border-box; padding: 76px 84px;
       background: var(--lc-warm); color: var(--lc-ink); display: flex; flex-direction: column; }
header { display: flex; align-items: center; gap: 28px; }
header svg { width: 96px; }
h1 { font: 650 76px/1.1 var(--lc-serif); letter-spacing: -.01em; margin: 0; }
p { font: 400 38px/1.35 var(--lc-serif); margin: 34px 0 0; max-width: 1000px; }
.line { font: 400 42px/1.4 var(--lc-sans); margin-top: auto; padding-top: 30px;
        border-top: 3px solid var(--lc-accent); }
"""


def page() -> str:
    """The picture as a page of its own; the fonts are those that the site serves."""
    style = (WEB / "style" / "course.css").read_text(encoding="utf-8")
    style = style.replace('url("fonts/', f'url("{(ASSETS / "fonts").as_uri()}/')
    logo = (WEB / "style" / "logo.svg").read_text(encoding="utf-8")
    line = lc.count(LAYER, lc.PARAMETERS, SHAPE)
    return (
        f'<!doctype html><html lang="en" data-theme="light"><meta charset="utf-8">'
        f"<style>{style}{STYLE}</style><header>{logo}<h1>Every FLOP Counts</h1></header>"
        "<p>How many parameters, MACs, FLOPs and bytes a neural network has, and why.</p>"
        f'<div class="line">{line.html()} parameters</div></html>'
    )


def draw(target: Path) -> None:
    """Let Chromium draw the page into a PNG file."""
    draft = ASSETS.parent / "share.html"
    draft.write_text(page(), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = launch(playwright, find_chromium())
        opened = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        opened.goto(draft.as_uri())
        opened.evaluate("document.fonts.ready")
        opened.screenshot(path=target)
        browser.close()
    draft.unlink()


if __name__ == "__main__":
    sys.exit(draw(PICTURE))
