"""A headless Chromium on the built site, for tests and benchmarks; it can reach nothing but this machine."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .server import HOST, SiteHandler, SiteServer
from .step import BuildError

# The first is the same engine without a window of its own, whose pages take two fifths of the time.
CHROMIUMS = (
    "chromium-headless-shell", "chromium", "chromium-browser",
    "google-chrome", "google-chrome-stable", "chrome",
)  # fmt: skip

PIECE = 8192  # bytes
CHROMIUM_FLAGS = [
    "--no-sandbox",  # it also runs as root, in containers; it sees only our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE {HOST}",
]


def find_chromium() -> str:
    """The Chromium on PATH; an error that says what it is needed for, if there is none."""
    found = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if found is None:
        raise BuildError(
            "No Chromium is on PATH, which draws and prints pages; on Debian: apt install chromium, "
            "elsewhere: install Chromium or Google Chrome"
        )
    return found


def launch(playwright: Any, chromium: str) -> Any:
    """Start the Chromium at this path through Playwright."""
    return playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_FLAGS)


class Line:
    """What a server's answers pass through: counts their bytes, lets them pass no faster than a network."""

    def __init__(self, bytes_a_second: float = 0, latency: float = 0) -> None:
        self.bytes = 0
        self.latency = latency
        self.bytes_a_second = bytes_a_second
        self._one_at_a_time = threading.Lock()

    def write(self, target: Any, data: bytes) -> int:
        """Write all data in pieces; everything on the line waits for everything else."""
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            piece = view[start : start + PIECE]
            with self._one_at_a_time:
                if self.bytes_a_second:
                    time.sleep(len(piece) / self.bytes_a_second)
                self.bytes += len(piece)
            target.write(piece)
        return len(view)


class _Paced:
    """A connection's writer whose bytes pass through a line."""

    def __init__(self, target: Any, line: Line) -> None:
        self._target, self._line = target, line

    def write(self, data: bytes) -> int:
        return self._line.write(self._target, data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._target, name)


@contextmanager
def serving(
    site: Path,
    missing: tuple[str, ...] = (),
    headers: dict[str, str] | None = None,
    line: Line | None = None,
) -> Iterator[SiteServer]:
    """Serve the site on a free port, in a thread; paths that contain a word of `missing` are not found.

    When the server's `gone` is set, it closes every connection without a word, as if the network were cut.
    """

    class Handler(SiteHandler):
        def setup(self) -> None:
            super().setup()
            if line:
                self.wfile = _Paced(self.wfile, line)

        def parse_request(self) -> bool:
            understood = super().parse_request()
            if line:
                time.sleep(line.latency)
            self.close_connection = self.close_connection or server.gone
            return understood and not server.gone

        def send_head(self) -> Any:
            if any(part in self.path for part in missing):
                self.send_error(404)
                return None
            return super().send_head()

        def end_headers(self) -> None:
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            super().end_headers()

        def __init__(self, *arguments: Any, **keywords: Any) -> None:
            super().__init__(*arguments, directory=str(site), **keywords)

    with SiteServer((HOST, 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
