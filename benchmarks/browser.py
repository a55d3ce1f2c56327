"""How quick the course is in a browser: readable, first live answer, every further move; what it downloads.

`python benchmarks/browser.py` prints Markdown tables; with `--write` they go into benchmarks/RESULTS.md.
The site must be built (`python web/build.py`), and a Chromium must be on PATH.
Pages and explorers are found in the site by themselves.
`--only fully_connected --trials 3` measures some pages, quickly; `--as phone` on one device.

Each is measured as on this machine, and as on a phone of the middle class: Chromium's page processes run a
quarter of the time (their workers too, which Chromium's own throttling leaves out), and the server sends
1.6 Mbit/s, 150 ms late. The site is served packed (gzip); bytes are counted where they leave the server.
On its line Python takes half a minute to come, always alike: that is measured once for each page. In the
other trials Python comes at full speed, and its start from the browser's cache and the moves are measured.

- readable: from opening the page to the first paint of its text, with nothing cached; and the bytes so far
- first answer: from the first key on a slider, with nothing started in advance, to the first change
  of its explorer, which the page's script makes where it can
- live: from that key until Python has answered, cold (a fresh browser profile, with the bytes from that key
  on) and warm (files in the browser's cache)
- move: from the key event to Python's answer, in the page's own clock, of a reader who has looked at the
  first answer for two seconds (meanwhile Python practises); at once: of one who goes on, ten moves
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import signal
import statistics
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import report

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "web"))

from site_builder.browsing import Line, find_chromium, launch, serving  # noqa: E402
from site_builder.places import SITE  # noqa: E402

MOVES, MOVES_AT_ONCE = 20, 10
REST = 2_000  # milliseconds for which a reader looks at the first answer
RUNS = 0.005  # seconds that a slowed process runs at a time
LOOKS = 0.1  # seconds between looks for new processes
PATIENCE = 180_000


@dataclass(frozen=True)
class Device:
    """How much slower than this machine it computes, and what its line lets pass (0: all of it)."""

    slowness: int = 1
    bytes_a_second: float = 0
    latency: float = 0
    at_once: int = 1  # so many are measured at the same time
    called: str = "this machine"


DEVICES = {
    "this machine": Device(),
    "phone": Device(4, 1.6e6 / 8, 0.15, at_once=3, called="a phone of the middle class"),
}

# A connection of which nothing is known: there, nothing starts in advance.
UNKNOWN = "Object.defineProperty(Navigator.prototype, 'connection', {get: () => undefined})"

# Press an arrow key on the focused slider; give the milliseconds until its explorer first changed, and until
# it was told that Python has answered (the numbers that the page's script fills in come earlier).
PRESS_AND_WAIT = """key => new Promise((resolve, reject) => {
    const handle = document.activeElement;
    const [place, explorer] = [handle.closest('.lc-live'), handle.closest('.lc-explorer')];
    const html = document.documentElement;
    let began, changed = null;
    const finish = () => {
        watcher.disconnect();
        clearTimeout(late);
        place.removeEventListener('lc-explorer-changed', answered);
    };
    const late = setTimeout(() => { finish(); reject(new Error('no answer')); }, 120000);
    const watcher = new MutationObserver(records => {
        const drawn = records.some(({target}) => (target.closest ? target : target.parentElement)
            ?.closest('.widget-html'));
        if (drawn) changed ??= performance.now() - began;
    });
    const answered = ({detail}) => {
        if (detail !== 'python' || html.dataset.lcPython === 'failed') return;
        setTimeout(() => {
            finish();
            const live = performance.now() - began;
            resolve([changed ?? live, live]);
        });
    };
    watcher.observe(explorer, {subtree: true, childList: true, characterData: true});
    place.addEventListener('lc-explorer-changed', answered);
    began = performance.now();
    handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
})"""
# The id of each explorer, its first slider that can move up twice, marked so that it is found again.
FIND_SLIDERS = """() => [...document.querySelectorAll('.lc-live')].map((place, index) => {
    const explorer = place.querySelector('.lc-explorer');
    const ranges = [...explorer?.querySelectorAll('.lc-range') ?? []];
    const handle = ranges.find(range => range.checkVisibility() && Number(range.value) < Number(range.max));
    handle?.setAttribute('data-measured', index);
    const name = [...explorer?.classList ?? []].find(name => /^lc-explorer-/.test(name)) ?? `${index}`;
    return {name: name.replace('lc-explorer-', ''), index, found: Boolean(handle)};
})"""
BY_THE_PAGE = ".lc-live script.lc-compiled-data"  # there the first answer needs no Python
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"


def percentile(values: list[float], part: float) -> float:
    """The value below which this part of the values lies."""
    return sorted(values)[min(len(values) - 1, int(part * len(values)))]


def renderers_under(root: int) -> list[int]:
    """The page processes of the browser with this id."""
    parents, renderers = dict[int, int](), list[int]()
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if b"--type=renderer" in (place / "cmdline").read_bytes():
                renderers.append(int(place.name))
    return [process for process in renderers if root in _line_of(process, parents)]


def _line_of(process: int, parents: dict[int, int]) -> Iterator[int]:
    """The process from which this one comes, the one from which that comes, and so on."""
    while process := parents.get(process, 0):
        yield process


@contextmanager
def slowed(browser: Any, slowness: int) -> Iterator[None]:
    """Let Chromium's page processes, workers included, run a part of the time only: some ms of every few."""
    if slowness == 1:
        yield
        return
    session, over = browser.new_browser_cdp_session(), threading.Event()
    found = session.send("SystemInfo.getProcessInfo")["processInfo"]
    (root,) = (process["id"] for process in found if process["type"] == "browser")

    def signal_all(number: int, processes: list[int]) -> None:
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, number)

    def alternate() -> None:
        looked, processes = 0.0, list[int]()
        while not over.wait(RUNS):
            if time.monotonic() - looked > LOOKS:  # a page that was just opened has a process of its own
                looked, processes = time.monotonic(), renderers_under(root)
            signal_all(signal.SIGSTOP, processes)
            time.sleep(RUNS * (slowness - 1))
            signal_all(signal.SIGCONT, processes)

    thread = threading.Thread(target=alternate, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@dataclass
class Times:
    """What was measured of one page on one device, trial by trial."""

    readable: list[float] = field(default_factory=list)
    readable_bytes: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    live_bytes: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    moves: dict[str, list[float]] = field(default_factory=dict)
    at_once: dict[str, list[float]] = field(default_factory=dict)


def open_page(context: Any, address: str) -> Any:
    """Open a page; it is returned when its text is painted and its explorers are drawn."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(address, wait_until="commit")
    page.wait_for_function(f"() => {FIRST_PAINT}")
    return page


def sliders(page: Any) -> dict[str, int]:
    """Where each explorer is on its page, by its name; those without a slider that can move are left out."""
    page.wait_for_selector("html[data-lc-python=drawn]", state="attached")
    return {found["name"]: found["index"] for found in page.evaluate(FIND_SLIDERS) if found["found"]}


def press(page: Any, index: int, key: str) -> tuple[float, float]:
    """Press a key on an explorer's measured slider; the milliseconds until it changed, and was live."""
    page.locator(f"[data-measured='{index}']").focus()
    changed, live = page.evaluate(PRESS_AND_WAIT, key)
    return changed, live


def move_all(page: Any, found: dict[str, int], moves: int, into: dict[str, list[float]]) -> None:
    """Move each explorer's slider up and down many times."""
    for name, index in found.items():
        keys = ["ArrowRight" if step % 2 == 0 else "ArrowLeft" for step in range(moves)]
        into.setdefault(name, []).extend(press(page, index, key)[1] for key in keys)


def trial(browser: Any, address: str, device: Device, line: Line, times: Times) -> None:
    """One cold visit, with moves, and one warm visit after it."""
    context = browser.new_context(viewport={"width": 1200, "height": 900}, service_workers="block")
    context.add_init_script(UNKNOWN)
    context.new_page().goto("about:blank")  # so that there is a process to slow down
    before = line.bytes
    with slowed(browser, device.slowness):
        page = open_page(context, address)
        times.readable.append(page.evaluate(FIRST_PAINT))
        times.readable_bytes.append(line.bytes - before)
        page.wait_for_load_state("domcontentloaded")
        if page.locator(".lc-live").count():
            found = sliders(page)
            measure_explorers(context, page, found, line, times)
    context.close()


def start_python(page: Any, first: int, line: Line, times: Times) -> None:
    """The first answer, and Python's; from the second time on, a slow line lets Python pass at full speed."""
    pace, before, by_the_page = line.bytes_a_second, line.bytes, page.locator(BY_THE_PAGE).count()
    shortened = bool(pace and times.cold)
    line.bytes_a_second = 0 if shortened else pace
    changed, live = press(page, first, "ArrowRight")
    page.wait_for_selector("html[data-lc-python=live]", state="attached")
    line.bytes_a_second = pace
    if by_the_page or not shortened:
        times.first.append(changed)
    if not shortened:
        times.cold.append(live)
        times.live_bytes.append(line.bytes - before)


def measure_explorers(context: Any, page: Any, found: dict[str, int], line: Line, times: Times) -> None:
    """The first answer, the moves, and the first answer of a second visit."""
    if not found:
        return
    page.wait_for_load_state("networkidle")
    first = next(iter(found.values()))
    start_python(page, first, line, times)
    press(page, first, "ArrowLeft")
    page.wait_for_timeout(REST)
    move_all(page, found, MOVES, times.moves)
    address = page.url.partition("?")[0]  # without the state that the moves have left
    page.close()
    again = open_page(context, address)
    sliders(again)
    times.warm.append(press(again, first, "ArrowRight")[1])
    press(again, first, "ArrowLeft")
    move_all(again, found, MOVES_AT_ONCE, times.at_once)


def pages(only: str) -> list[str]:
    """Every page of the book whose name has this part."""
    found = (
        path.relative_to(SITE).as_posix()
        for path in SITE.rglob("*.html")
        if not {"_static", "lite", "print"} & set(path.parts)
    )
    return sorted(name for name in found if only in name and name not in ("genindex.html", "search.html"))


def measure(name: str, device: Device, trials: int) -> tuple[Times, str]:
    """All trials of one page on one device, in a browser of its own, and the browser's version."""
    from playwright.sync_api import sync_playwright

    times, line = Times(), Line(device.bytes_a_second, device.latency)
    with sync_playwright() as playwright, serving(SITE, line=line) as server:
        browser = launch(playwright, find_chromium())
        for _ in range(trials):
            trial(browser, server.address + name, device, line, times)
        version = browser.version
        browser.close()
    print(f"{name}: {median(times.readable)} ms until readable", file=sys.stderr, flush=True)
    return times, version


def measure_all(names: list[str], device: Device, trials: int) -> tuple[dict[str, Times], str]:
    """Every page on one device, as many at once as it allows; and the browser's version."""
    jobs = [(name, device, trials) for name in names]
    if device.at_once == 1:
        found = [measure(*job) for job in jobs]
    else:
        with multiprocessing.get_context("spawn").Pool(device.at_once) as pool:
            found = pool.starmap(measure, jobs, chunksize=1)
    return {name: times for name, (times, _) in zip(names, found, strict=True)}, found[0][1]


# ---- tables ------------------------------------------------------------------------------------------

PAGE_HEADS = [
    "page",
    "readable, ms",
    "kB until then",
    "first answer, ms",
    "live, cold, ms",
    "MB until live",
    "live, warm, ms",
]
MOVE_HEADS = ["explorer", "move p50, ms", "move p95, ms", "at once p50, ms", "at once p95, ms"]


def median(values: list[float], scale: float = 1, digits: int = 0) -> str:
    return f"{statistics.median(values) / scale:,.{digits}f}" if values else ""


def page_row(name: str, times: Times) -> list[str]:
    return [
        name.removesuffix(".html"),
        median(times.readable),
        median(times.readable_bytes, 1e3),
        median(times.first),
        median(times.cold),
        median(times.live_bytes, 1e6, 2),
        median(times.warm),
    ]


def move_rows(results: dict[str, Times]) -> list[list[str]]:
    """One row for each explorer; one that stands on several pages is measured on all of them."""
    kinds = [
        together(times.moves for times in results.values()),
        together(times.at_once for times in results.values()),
    ]
    return [
        [name, *(f"{percentile(kind[name], part):,.0f}" for kind in kinds for part in (0.5, 0.95))]
        for name in kinds[0]
    ]


def together(measured: Iterable[dict[str, list[float]]]) -> dict[str, list[float]]:
    """Of each explorer, what was measured on all pages."""
    found: dict[str, list[float]] = {}
    for one in measured:
        for name, values in one.items():
            found.setdefault(name, []).extend(values)
    return found


def section(device: str, found: dict[str, Times], version: str, load_before: str, trials: int) -> str:
    """What was measured on one device, as Markdown."""
    at_once, pace = DEVICES[device].at_once, DEVICES[device].bytes_a_second
    remarks = [f"{at_once} pages at once"] if at_once > 1 else []
    remarks += ["of Python's download one"] if pace else []
    beside = f" ({'; '.join(remarks)})" if remarks else ""
    how = (
        f'`python benchmarks/browser.py --as "{device}"`, {report.today()}, {report.processor()}, load '
        f"average before {load_before}, headless Chromium {version}; medians of {trials} trials{beside}, "
        f"percentiles of {MOVES} moves in each, after two seconds of rest, and of {MOVES_AT_ONCE} at once."
    )
    rows = [page_row(name, times) for name, times in found.items()]
    lines = [f"## In the browser, on {DEVICES[device].called}", "", how, "", *report.table(PAGE_HEADS, rows)]
    return "\n".join([*lines, "", *report.table(MOVE_HEADS, move_rows(found))])


def arguments() -> argparse.Namespace:
    plain = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=plain)
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/RESULTS.md")
    parser.add_argument("--only", default="", help="only pages whose name has this part")
    parser.add_argument("--as", dest="device", choices=DEVICES, help="only on this device")
    parser.add_argument("--trials", type=int, default=10)
    return parser.parse_args()


def main() -> int:
    """Measure, print, and write if asked."""
    asked = arguments()
    if not (SITE / "index.html").exists():
        print("There is no site yet; build it first: python web/build.py", file=sys.stderr)
        return 1
    for name, device in DEVICES.items():
        if asked.device in (None, name):
            load_before = report.load()
            found, version = measure_all(pages(asked.only), device, asked.trials)
            text = section(name, found, version, load_before, asked.trials)
            print(text)
            if asked.write:
                report.write_section(f"browser, {name}", text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
