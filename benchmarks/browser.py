"""How quick a chapter is in a browser: readable, first live answer, every further move.

`python benchmarks/browser.py` prints a Markdown table; with `--write` it goes into benchmarks/RESULTS.md.
The site must be built (`python web/build.py`), and a Chromium must be on PATH.

- readable: from opening the page to the first paint of its text, cold (nothing cached)
- drawn: until the controls are in place, still without Python
- first answer: from the first key on a slider, with nothing started in advance, to the first number that
  Python computed; cold (a fresh browser profile) and warm (files in the browser's cache)
- move: from the key event to the changed number, in the page's own clock
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from pathlib import Path
from typing import Any

import report

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "web"))

from site_builder.browsing import launch, serving  # noqa: E402
from site_builder.places import SITE  # noqa: E402

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
EXPLORERS = {
    "Fully connected layers": ("chapters/fully_connected.html", "in_features"),
    "LeNet-5": ("chapters/lenet.html", "size"),
}
MOVES = 60
TRIALS = 5
PATIENCE = 120_000

# Press an arrow key on the focused slider; give the milliseconds until the substitution lines have changed.
PRESS_AND_WAIT = """key => new Promise(resolve => {
    const line = document.activeElement.closest('.lc-explorer').querySelector('.lc-total');
    const before = line.textContent;
    let began;
    const watcher = new MutationObserver(() => {
        if (line.textContent === before) return;
        watcher.disconnect();
        resolve(performance.now() - began);
    });
    watcher.observe(line, {subtree: true, childList: true, characterData: true});
    began = performance.now();
    const press = new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true});
    document.activeElement.dispatchEvent(press);
})"""
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
DRAWN = "performance.getEntriesByName('lc-drawn')[0].startTime"


def percentile(values: list[float], part: float) -> float:
    """The value below which this part of the values lies."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def open_chapter(context: Any, address: str, field: str) -> tuple[Any, float, float]:
    """Open a chapter and focus a slider; the page, and when it was readable and drawn (ms)."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address)
    page.wait_for_selector("html[data-lc-python=drawn]", state="attached")
    page.wait_for_function(f"() => {FIRST_PAINT}")
    page.locator(f".lc-explorer .lc-name-{field} .lc-range").first.focus()
    return page, page.evaluate(FIRST_PAINT), page.evaluate(DRAWN)


def moves(page: Any) -> list[float]:
    """Milliseconds of each of many moves of the focused slider, up and down by turns of ten."""
    keys = ["ArrowRight" if step // 10 % 2 == 0 else "ArrowLeft" for step in range(MOVES)]
    return [page.evaluate(PRESS_AND_WAIT, key) for key in keys]


def measure(browser: Any, address: str, field: str) -> dict[str, float]:
    """All times of one chapter, in milliseconds: medians of the trials, percentiles of the moves."""
    times: dict[str, list[float]] = {name: [] for name in ("readable", "drawn", "cold", "warm", "moves")}
    for _ in range(TRIALS):
        context = browser.new_context(viewport={"width": 1200, "height": 900})
        page, readable, drawn = open_chapter(context, address, field)
        times["readable"].append(readable)
        times["drawn"].append(drawn)
        times["cold"].append(page.evaluate(PRESS_AND_WAIT, "ArrowRight"))
        times["moves"] += moves(page)
        page.close()
        page, _, _ = open_chapter(context, address, field)
        times["warm"].append(page.evaluate(PRESS_AND_WAIT, "ArrowRight"))
        context.close()
    medians = {name: statistics.median(times[name]) for name in ("readable", "drawn", "cold", "warm")}
    return {**medians, "p50": percentile(times["moves"], 0.5), "p95": percentile(times["moves"], 0.95)}


COLUMNS = {
    "readable": "readable",
    "drawn": "drawn",
    "cold": "first answer, cold",
    "warm": "first answer, warm",
    "p50": "move p50",
    "p95": "move p95",
}


def section(results: dict[str, dict[str, float]], browser_version: str, load_before: str) -> str:
    """The results as Markdown."""
    how = (
        f"`python benchmarks/browser.py`, {report.today()}, {report.processor()}, load average before "
        f"{load_before}, headless Chromium {browser_version}; "
        f"milliseconds, medians of {TRIALS} trials, percentiles of {TRIALS * MOVES} moves."
    )
    rows = [[chapter, *(f"{found[name]:,.0f}" for name in COLUMNS)] for chapter, found in results.items()]
    table = report.table(["chapter", *COLUMNS.values()], rows)
    return "\n".join(["## Explorers in the browser", "", how, "", *table])


def main() -> int:
    """Measure, print, and write if asked."""
    from playwright.sync_api import sync_playwright

    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    chromium = next((path for path in map(shutil.which, CHROMIUMS) if path), None)
    if chromium is None:
        print("No Chromium is on PATH; on Debian: apt install chromium", file=sys.stderr)
        return 1
    if not (SITE / "index.html").exists():
        print("There is no site yet; build it first: python web/build.py", file=sys.stderr)
        return 1
    load_before = report.load()
    with serving(SITE) as server, sync_playwright() as playwright:
        browser = launch(playwright, chromium)
        results = {
            name: measure(browser, server.address + path, field) for name, (path, field) in EXPLORERS.items()
        }
        text = section(results, browser.version, load_before)
        browser.close()
    print(text)
    if arguments.write:
        report.write_section("browser", text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
