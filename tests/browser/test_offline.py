"""What the site keeps on the reader's device, and what works from there when the network is gone."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from site_builder import offline
from site_builder.browsing import Line, serving
from site_builder.node import run_node

from tests.browser.conftest import EXPLORER_PAGE, GOOD, Linear, Visit, wait_until

pytestmark = pytest.mark.chromium

SLOWLY = 100_000  # bytes a second
METERED = {**GOOD, "type": "cellular"}
NAMES_OF_CACHES = "async () => (await caches.keys()).filter(name => name.startsWith('every-flop-counts'))"
KEPT_FILES = """async () => {
    const found = [];
    for (const name of await caches.keys())
        for (const { url } of await (await caches.open(name)).keys()) found.push(new URL(url).pathname);
    return found;
}"""


@pytest.fixture
def listed(site: Path) -> dict[str, Any]:
    """What the service worker knows of the site: {path: [hash, bytes, group]}."""
    files: dict[str, Any] = json.loads(offline.LIST.read_text(encoding="utf-8"))["files"]
    return files


def size_of(listed: dict[str, Any], *groups: str) -> int:
    """The bytes of the files in these groups."""
    return sum(size for _, size, group in listed.values() if group in groups)


def wait_until_kept(visitor: Visit, size: int) -> None:
    """Wait until the page says that so many bytes are kept."""
    visitor.page.wait_for_function(
        "size => Number(document.documentElement.dataset.lcKept) >= size", arg=size
    )


def pages(site: Path) -> list[str]:
    found = (path.relative_to(site) for path in site.rglob("*.html"))
    return sorted(path.as_posix() for path in found if "_static" not in path.parts)


def move_the_first_slider(visitor: Visit) -> None:
    """Press a key on the page's first slider, and wait until the explorer has answered."""
    handle = visitor.page.locator(".lc-live .lc-range:visible").first
    handle.focus()
    before = visitor.page.locator(".lc-live").first.inner_text()
    visitor.page.keyboard.press("ArrowRight")
    visitor.page.keyboard.press("ArrowRight")
    visitor.wait_for("live")
    visitor.page.wait_for_function(
        """before => document.querySelector('.lc-live').innerText !== before
                  && !document.querySelector('.lc-live[aria-busy]')""",
        arg=before,
    )


# Playwright does not always hear the end of what a service worker answers, so the page is asked itself.
NOTHING_MORE_COMES = """() => {
    const [many, now] = [performance.getEntriesByType('resource').length, performance.now()];
    if (many !== window.lastMany) [window.lastMany, window.lastTime] = [many, now];
    return document.readyState === 'complete' && now - window.lastTime > 500;
}"""


def test_after_one_visit_every_page_opens_without_a_network(
    visit: Callable[..., Visit], site: Path, listed: dict[str, Any]
) -> None:
    """Whoever opened the course once can read all of it on the train, formulas and styles included."""
    visitor = visit(keeps=True)
    visitor.open("index.html")
    wait_until_kept(visitor, size_of(listed, "pages"))
    visitor.lose_the_network()
    missed: list[str] = []
    visitor.page.on("requestfailed", lambda request: missed.append(request.url))
    for name in pages(site):
        page = visitor.open(name)
        page.wait_for_function(NOTHING_MORE_COMES)
        assert page.locator("main").first.inner_text().strip(), name
        if page.locator(".lc-live").count():
            visitor.wait_for("drawn")
    assert [url for url in missed if not url.endswith("service-worker.js")] == []


def test_once_python_ran_every_explorer_answers_without_a_network(
    visit: Callable[..., Visit], site: Path, listed: dict[str, Any]
) -> None:
    """Python comes from the device, on pages that were never opened before too."""
    visitor = visit(keeps=True)
    visitor.open(EXPLORER_PAGE)
    visitor.wait_for("drawn")
    Linear(visitor).press("in_features", "ArrowRight")
    visitor.wait_for("live")
    wait_until_kept(visitor, size_of(listed, "pages", "python"))
    visitor.lose_the_network()
    with_explorers = [name for name in pages(site) if "lc-live" in (site / name).read_text(encoding="utf-8")]
    assert len(with_explorers) > 1
    for name in with_explorers:
        visitor.open(name)
        visitor.wait_for("drawn")
        if not visitor.page.locator(".lc-live .lc-range:visible").count():
            visitor.page.get_by_role("button", name="Start Python").first.click()
            visitor.wait_for("live")
        else:
            move_the_first_slider(visitor)
        assert visitor.page.evaluate("document.documentElement.dataset.lcHow") == "snapshot"


def test_on_a_good_connection_python_is_kept_before_it_is_used(
    visit: Callable[..., Visit], listed: dict[str, Any]
) -> None:
    """Megabytes that cost nothing are fetched while nothing else is to do."""
    visitor = visit(keeps=True, connection=GOOD)
    visitor.open("index.html")
    wait_until_kept(visitor, size_of(listed, "pages", "python"))


def test_where_bytes_cost_only_what_was_loaded_is_kept(visit: Callable[..., Visit]) -> None:
    """On a phone's connection no page is fetched that nobody opened."""
    visitor = visit(keeps=True, connection=METERED)
    visitor.open("index.html")
    wait_until(lambda: "/index.html" in visitor.page.evaluate(KEPT_FILES))
    kept = visitor.page.evaluate(KEPT_FILES)
    assert not [name for name in kept if name.startswith("/chapters/") or "python-" in name]
    visitor.lose_the_network()
    assert visitor.open("index.html").locator("article h1").first.is_visible()


def test_a_page_that_comes_from_the_device_says_so(
    visit: Callable[..., Visit], listed: dict[str, Any]
) -> None:
    """Nobody takes an old copy for today's page."""
    visitor = visit(keeps=True)
    visitor.open("index.html")
    wait_until_kept(visitor, size_of(listed, "pages"))
    words = visitor.page.locator(".lc-on-device")
    assert re.search(r"Kept on this device.*\d\.\d MB", words.inner_text())
    visitor.lose_the_network()
    visitor.open(EXPLORER_PAGE)
    visitor.page.locator(".lc-on-device", has_text="There is no network").wait_for()


def test_forget_leaves_nothing_behind_until_it_is_asked_to_keep_again(
    visit: Callable[..., Visit], listed: dict[str, Any]
) -> None:
    """One button undoes it, for later visits too; another takes that back."""
    visitor = visit(keeps=True)
    visitor.open("index.html")
    wait_until_kept(visitor, size_of(listed, "pages"))
    visitor.page.get_by_role("button", name="Forget").click()
    visitor.page.locator(".lc-on-device", has_text="Nothing of this course is kept").wait_for()
    assert visitor.page.evaluate(NAMES_OF_CACHES) == []
    visitor.open("index.html")
    visitor.page.locator(".lc-on-device", has_text="Nothing of this course is kept").wait_for()
    registrations = "async () => (await navigator.serviceWorker.getRegistrations()).length"
    assert visitor.page.evaluate(registrations) == 0
    visitor.page.get_by_role("button", name="Keep it").click()
    wait_until_kept(visitor, size_of(listed, "pages"))


def is_quiet(line: Line) -> bool:
    """Whether nothing is on the line for a while."""
    before = line.bytes
    time.sleep(1.5)
    return line.bytes == before


def test_forget_ends_what_is_still_being_kept(browser: Any, site: Path, listed: dict[str, Any]) -> None:
    """On a slow network nobody waits until all is there to say that nothing is wanted."""
    line = Line()
    with serving(site, line=line) as server:
        visitor = Visit(browser, server.address, keeps=True)
        visitor.open("index.html")
        line.bytes_a_second = SLOWLY
        visitor.page.get_by_role("button", name="Forget").click()
        nothing = visitor.page.locator(".lc-on-device", has_text="Nothing of this course is kept")
        nothing.wait_for()
        before, line.bytes_a_second = line.bytes, 0
        wait_until(lambda: is_quiet(line))
        assert line.bytes - before < size_of(listed, "pages") / 20  # what was on its way
        assert nothing.is_visible()
        assert visitor.page.evaluate(NAMES_OF_CACHES) == []
        visitor.context.close()


# ---- what Python has unpacked, kept for its next start -------------------------------------------------

UNPACKED = """async () => {
    const found = [];
    for (const name of await caches.keys()) {
        if (!name.includes(' unpacked ')) continue;
        for (const { url } of await (await caches.open(name)).keys()) found.push(url.split('/').at(-1));
    }
    return found.sort();
}"""
ALL_UNPACKED = [f"{name}.xz.unpacked" for name in ("runtime", "script", "snapshot")]


def for_each_unpacked(visitor: Visit, act: str) -> None:
    """Do something with every unpacked file that is kept: an expression of `cache`, `request` and `url`."""
    visitor.page.evaluate(
        """async () => {
            const name = (await caches.keys()).find(name => name.includes(' unpacked '));
            const cache = await caches.open(name);
            for (const request of await cache.keys()) { const { url } = request; await (ACT); }
        }""".replace("ACT", act)
    )


def start_python(visitor: Visit) -> Linear:
    """Open the explorer's page, move a control, and wait for Python's answer."""
    visitor.open(EXPLORER_PAGE)
    visitor.wait_for("drawn")
    explorer = Linear(visitor)
    explorer.press("in_features", "ArrowRight")
    visitor.wait_for("live")
    return explorer


def unpacked(visitor: Visit) -> list[str]:
    """The files that are kept unpacked."""
    found: list[str] = visitor.page.evaluate(UNPACKED)
    return found


def start_and_keep(visitor: Visit) -> None:
    start_python(visitor)
    wait_until(lambda: unpacked(visitor) == ALL_UNPACKED)


def test_the_next_start_reads_what_the_first_one_unpacked(visit: Callable[..., Visit]) -> None:
    """Unpacking takes most of a start: what was unpacked once is neither asked for nor unpacked again."""
    visitor = visit()
    start_and_keep(visitor)
    visitor.requests.clear()
    start_python(visitor)
    assert visitor.page.evaluate("document.documentElement.dataset.lcHow") == "snapshot"
    assert [url for url in visitor.requests if url.endswith(".xz")] == []


def test_unpacked_files_of_an_older_version_go_when_newer_ones_are_kept(visit: Callable[..., Visit]) -> None:
    """A course that is published every week does not fill the device.

    To look into a cache makes it: so nobody looks before the older one is gone.
    """
    visitor = visit()
    visitor.open("index.html")
    older = "every-flop-counts / unpacked python-older"
    visitor.page.evaluate("name => caches.open(name)", older)
    start_python(visitor)
    wait_until(lambda: older not in visitor.page.evaluate(NAMES_OF_CACHES))
    assert unpacked(visitor) == ALL_UNPACKED


def test_unpacked_files_that_are_spoiled_are_forgotten_and_python_starts_all_the_same(
    visit: Callable[..., Visit],
) -> None:
    """What is kept is a shortcut, not a need."""
    visitor = visit()
    start_and_keep(visitor)
    for_each_unpacked(visitor, "url.includes('snapshot') && cache.put(request, new Response('spoiled'))")
    start_python(visitor)
    assert visitor.page.evaluate("document.documentElement.dataset.lcHow") == "plain"
    assert unpacked(visitor) == []


def test_forget_takes_what_python_unpacked_along_and_nothing_is_unpacked_for_later(
    visit: Callable[..., Visit],
) -> None:
    """The reader's one button is for all that the course keeps; until asked again it keeps nothing more."""
    visitor = visit(keeps=True, connection=METERED)
    start_and_keep(visitor)
    wait_until_kept(visitor, 1)
    visitor.page.get_by_role("button", name="Forget").click()
    visitor.page.locator(".lc-on-device", has_text="Nothing of this course is kept").wait_for()
    assert visitor.page.evaluate(NAMES_OF_CACHES) == []
    start_python(visitor)
    visitor.page.wait_for_timeout(1500)
    assert visitor.page.evaluate(NAMES_OF_CACHES) == []


def test_what_an_earlier_visit_did_not_come_to_keep_is_kept_by_the_next(
    visit: Callable[..., Visit],
) -> None:
    """A page that is closed in the middle leaves a part; the rest is not unpacked at every later start."""
    visitor = visit()
    start_and_keep(visitor)
    for_each_unpacked(visitor, "url.includes('snapshot') || cache.delete(request)")
    assert unpacked(visitor) == ["snapshot.xz.unpacked"]
    start_and_keep(visitor)


def test_files_that_were_kept_while_all_was_forgotten_go_with_the_next_page(
    visit: Callable[..., Visit],
) -> None:
    """Python may have been starting when the button was pressed."""
    visitor = visit(keeps=True, connection=METERED)
    visitor.open("index.html")
    wait_until_kept(visitor, 1)
    visitor.page.get_by_role("button", name="Forget").click()
    visitor.page.locator(".lc-on-device", has_text="Nothing of this course is kept").wait_for()
    visitor.page.evaluate("name => caches.open(name)", "every-flop-counts / unpacked python-late")
    visitor.page.evaluate("name => caches.open(name)", "every-flop-counts /elsewhere/ site")
    visitor.open("index.html")
    wait_until(lambda: visitor.page.evaluate(NAMES_OF_CACHES) == ["every-flop-counts /elsewhere/ site"])


# ---- where the site lies, and which build it is ---------------------------------------------------------


@pytest.fixture
def deployed(site: Path, tmp_path: Path, browser: Any) -> Iterator[tuple[Path, Visit]]:
    """A copy of the site in a folder of a server, and a visitor of it."""
    copy = tmp_path / "schools" / "course"
    shutil.copytree(site, copy)
    with ExitStack() as stack:
        server = stack.enter_context(serving(tmp_path))
        visitor = Visit(browser, f"{server.address}schools/course/", keeps=True)
        visitor.server = server
        stack.callback(visitor.context.close)
        yield copy, visitor


def deploy(site: Path, old: str, new: str) -> None:
    """Make another build of it: other words in a page, and the service worker that knows them."""
    page = site / "index.html"
    page.write_text(page.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    needed = frozenset(json.loads((offline.FOLDER / "manifest.json").read_text(encoding="utf-8"))["needed"])
    files = offline.site_files(site, needed)
    files["files"].pop("service-worker.js", None)
    listing = site.parent / "files.json"
    listing.write_text(json.dumps(files), encoding="utf-8")
    script = site / "service-worker.js"
    run_node(
        "bundle_one.mjs", str(offline.SOURCES / "service_worker.mjs"), str(script), "SITE_FILES", str(listing)
    )


def test_it_keeps_a_site_that_lies_in_a_folder(deployed: tuple[Path, Visit], listed: dict[str, Any]) -> None:
    """A school's server may hold the course anywhere; nothing outside of its folder is touched."""
    _, visitor = deployed
    visitor.open("")
    wait_until_kept(visitor, size_of(listed, "pages"))
    visitor.lose_the_network()
    assert visitor.open(EXPLORER_PAGE).locator("article h1").first.is_visible()
    assert all(name.startswith("/schools/course/") for name in visitor.page.evaluate(KEPT_FILES))


def test_a_new_build_is_seen_at_once_and_replaces_what_was_kept(
    deployed: tuple[Path, Visit], listed: dict[str, Any]
) -> None:
    """With a network the newest page is shown; without one, too, and nothing of the older build is left."""
    copy, visitor = deployed
    visitor.open("index.html")
    wait_until_kept(visitor, size_of(listed, "pages"))
    (before,) = visitor.page.evaluate(NAMES_OF_CACHES)
    heading = visitor.page.locator("article h1").first.inner_text().split("\n")[0].rstrip("#")
    deploy(copy, heading, "Counted Anew")
    assert "Counted Anew" in visitor.open("index.html").locator("article h1").first.inner_text()
    wait_until(lambda: [name != before for name in visitor.page.evaluate(NAMES_OF_CACHES)] == [True])
    visitor.lose_the_network()
    assert "Counted Anew" in visitor.open("index.html").locator("article h1").first.inner_text()
    assert visitor.open(EXPLORER_PAGE).locator("article h1").first.is_visible()
