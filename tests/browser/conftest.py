"""The built site, served on this machine, and a Chromium that can reach nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "web"))

from site_builder.browsing import launch, serving  # noqa: E402
from site_builder.places import SITE  # noqa: E402

PATIENCE = 120_000  # ms: a shared, slow machine may need long; a wait ends as soon as its condition holds

# What the site may load: itself. A page that asks for anything else is told off, and the test hears of it.
ONLY_ITSELF = (
    "default-src 'self' data: blob:; "
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'"
)


def wait_until(holds: Callable[[], bool]) -> None:
    """Ask again and again; for what the page must be asked asynchronously, which its own waiting cannot."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not holds():
        assert time.monotonic() < deadline, "what was waited for did not come"
        time.sleep(0.1)


KEPT = """async () => {
    const asked = (request) => new Promise((done) => { request.onsuccess = () => done(request.result); });
    const [found] = await indexedDB.databases();
    if (!found) return [];
    const database = await asked(indexedDB.open(found.name));
    const table = database.transaction('kept').objectStore('kept');
    const entries = await Promise.all([table.getAllKeys(), table.getAll()].map(asked));
    database.close();
    return entries[0].map((key, place) => [key, entries[1][place]]);
}"""


def kept(page: Any) -> dict[str, Any]:
    """What the site has written down in this browser, by its key."""
    return dict(page.evaluate(KEPT))


NOTE_WORDS = """button => {
    button.lcSaid = [];
    new MutationObserver(() => button.lcSaid.push(button.textContent)).observe(button, { childList: true });
}"""


def copied_by(button: Any) -> str:
    """What a button copies, when it has said so; it says it for a moment that a slow machine may miss."""
    pressed = button.element_handle()
    page = pressed.owner_frame().page
    pressed.evaluate(NOTE_WORDS)
    pressed.click()
    page.wait_for_function("button => button.lcSaid.includes('Copied')", arg=pressed)
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


class Held:
    """Requests of a page that get no answer until they are let go."""

    def __init__(self, page: Any, pattern: str) -> None:
        self.waiting: list[Any] | None = []
        page.route(pattern, self._hold)

    def _hold(self, route: Any) -> None:
        if self.waiting is None:
            route.continue_()
        else:
            self.waiting.append(route)

    def let_go(self) -> None:
        """Those that wait, and those that come."""
        waiting, self.waiting = self.waiting or [], None
        for route in waiting:
            route.continue_()


@pytest.fixture(scope="session")
def site() -> Path:
    """The site as `web/build.py` makes it; up to date parts are not made again."""
    done = subprocess.run(
        [sys.executable, "web/build.py"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return SITE


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Any]:
    """One Chromium for all tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = launch(playwright, chromium)
        yield running
        running.close()


# A connection of which nothing is known, as in many browsers, is what most tests want: there, only what the
# reader does starts Python.
CONNECTION = "Object.defineProperty(Navigator.prototype, 'connection', {get: () => (%s), configurable: true})"
GOOD = {"effectiveType": "4g", "downlink": 10, "saveData": False}


DRAWN = """() => document.documentElement.dataset.lcPython
    && (!document.querySelector('.lc-live') || performance.getEntriesByName('lc-drawn').length)"""


class Visit:
    """A page of the site, with all that it asked for and said.

    `connection` is what the page is told of its network; `keeps` lets the site keep itself on the device.
    """

    def __init__(
        self,
        browser: Any,
        address: str,
        connection: dict[str, Any] | None = None,
        keeps: bool = False,
        **settings: Any,
    ) -> None:
        self.address = address
        self.server: Any = None
        settings["service_workers"] = "allow" if keeps else "block"
        self.requests: list[str] = []
        self.said: list[str] = []
        self.workers: list[Any] = []
        self.context = browser.new_context(**{"viewport": {"width": 1200, "height": 900}, **settings})
        self.context.set_default_timeout(PATIENCE)
        self.context.on("request", lambda request: self.requests.append(request.url))
        self.context.add_init_script(
            CONNECTION % ("undefined" if connection is None else json.dumps(connection))
        )
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"pageerror: {error}"))
        self.page.on("worker", self._note_worker)

    def _note_worker(self, worker: Any) -> None:
        self.workers.append(worker)

    def open(self, path: str) -> Any:
        """Go to a page of the site; it is returned as soon as its own files have arrived."""
        self.page.goto(self.address + path)
        return self.page

    def wait_for(self, state: str) -> None:
        """Wait until the page's explorers are `drawn` (Python may start at once), `live` or `failed`."""
        if state == "drawn":
            self.page.wait_for_function(DRAWN)
        else:
            self.page.wait_for_selector(f"html[data-lc-python={state}]", state="attached")

    def lose_the_network(self) -> None:
        """From now on nobody answers."""
        self.server.gone = True

    @property
    def foreign(self) -> list[str]:
        """Requests that left this site, and complaints that one was tried."""
        asked = [url for url in self.requests if not url.startswith((self.address, "data:", "blob:"))]
        return asked + [line for line in self.said if "Content Security Policy" in line]

    @property
    def errors(self) -> list[str]:
        """What the page complained of."""
        return [line for line in self.said if line.startswith(("error", "pageerror"))]


@pytest.fixture
def visit(browser: Any, site: Path) -> Iterator[Callable[..., Visit]]:
    """`visit(missing=(...), **settings)` gives a fresh visitor of a site without the `missing` files."""
    with ExitStack() as stack:

        def make(missing: tuple[str, ...] = (), **settings: Any) -> Visit:
            server = stack.enter_context(serving(site, missing, {"Content-Security-Policy": ONLY_ITSELF}))
            made = Visit(browser, server.address, **settings)
            made.server = server
            stack.callback(made.context.close)
            return made

        yield make


EXPLORER_PAGE = "chapters/fully_connected.html"


class Linear:
    """The explorer of the fully connected layer on its page, as a reader meets it."""

    def __init__(self, visit: Visit) -> None:
        self.visit = visit
        self.root = visit.page.locator(".lc-live:has(.lc-explorer-linear)").first

    def control(self, field: str) -> Any:
        """The control of a field."""
        return self.root.locator(f".lc-name-{field}")

    def handle(self, field: str) -> Any:
        """What is dragged, or moved with the arrow keys."""
        return self.control(field).locator(".lc-range")

    def value(self, field: str) -> int:
        """The value that a slider shows."""
        control = self.control(field)
        typed = control.locator(".lc-typed")
        shown = typed.input_value() if typed.count() else control.locator(".widget-readout").inner_text()
        return int(shown.replace(",", ""))

    def press(self, field: str, *keys: str) -> None:
        """Press keys on a slider."""
        self.handle(field).focus()
        for key in keys:
            self.visit.page.keyboard.press(key)

    @property
    def line(self) -> str:
        """The lines that are always in sight, as text."""
        return self.root.locator(".lc-total").first.inner_text()

    @property
    def copied(self) -> str:
        """The lines in sight as their buttons copy them."""
        places = self.root.locator(".lc-total .lc-copy")
        return "\n".join(places.evaluate_all("places => places.map(place => place.dataset.copy)"))

    def wait_for_number(self, number: int) -> None:
        """Wait until the lines in sight say this number."""
        self.root.locator(".lc-total", has_text=f"{number:,}").first.wait_for()

    @property
    def badge(self) -> Any:
        """What says whether Python runs."""
        return self.root.locator(".lc-badge")


@pytest.fixture
def linear(visit: Callable[..., Visit]) -> Callable[..., Linear]:
    """`linear(query, missing=(...), **settings)` opens the page and gives its explorer, drawn, not live."""

    def open_page(query: str = "", wait_for: str = "drawn", before: str = "", **settings: Any) -> Linear:
        visitor = visit(**settings)
        if before:
            visitor.page.add_init_script(before)
        visitor.open(EXPLORER_PAGE + query)
        if wait_for:
            visitor.wait_for(wait_for)
        return Linear(visitor)

    return open_page
