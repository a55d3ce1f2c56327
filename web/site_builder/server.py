"""A static server for the built site, on this machine only."""

from __future__ import annotations

import errno
import functools
import gzip
import http.server
import io
import os
import sys
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

HOST = "127.0.0.1"
WORTH_PACKING = {".html", ".css", ".js", ".mjs", ".json", ".svg", ".txt", ".map", ".xml"}
TYPES = {
    ".wasm": "application/wasm",
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".json": "application/json",
    ".woff2": "font/woff2",
    ".bin": "application/octet-stream",
    ".zip": "application/zip",
}


@functools.lru_cache(maxsize=256)
def _packed(path: str, _modified: int) -> bytes:
    """A file's bytes, packed; kept until the file changes."""
    return gzip.compress(Path(path).read_bytes(), compresslevel=6, mtime=0)


class SiteHandler(http.server.SimpleHTTPRequestHandler):
    """Files with the types that browsers insist on, packed where that saves much."""

    protocol_version = "HTTP/1.1"
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, **TYPES}

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Answer with a packed body where the browser takes one; otherwise as the standard library does."""
        path = Path(self.translate_path(self.path))
        if path.is_dir() and self.path.split("?")[0].endswith("/"):
            path = path / "index.html"
        takes_gzip = "gzip" in self.headers.get("Accept-Encoding", "")
        unconditional = "If-Modified-Since" not in self.headers
        if not (takes_gzip and unconditional and path.suffix in WORTH_PACKING and path.is_file()):
            return super().send_head()
        state = path.stat()
        body = _packed(str(path), state.st_mtime_ns)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Last-Modified", self.date_time_string(int(state.st_mtime)))
        self.end_headers()
        return io.BytesIO(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer a wrong address with the site's own page for that, where it has one."""
        page = Path(self.directory) / "404.html"
        if code != HTTPStatus.NOT_FOUND or not page.is_file():
            super().send_error(code, message, explain)
            return
        body = page.read_bytes()
        self.send_response(code)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def end_headers(self) -> None:
        """Let the browser keep files but ask whether they changed; only named versions never change."""
        lasting = "/python-" in self.path or "/chunk-" in self.path
        self.send_header("Cache-Control", "max-age=31536000, immutable" if lasting else "no-cache")
        super().end_headers()

    def log_message(self, _format: str, *_arguments: object) -> None:
        """Say nothing for each file; errors still reach the page."""


class SiteServer(http.server.ThreadingHTTPServer):
    """A server that takes many requests at once and does not complain of readers who leave."""

    daemon_threads = True
    gone = False  # for tests: answer nobody any more
    request_queue_size = 128

    @property
    def address(self) -> str:
        """Where the site is, with a slash at the end."""
        return f"http://{HOST}:{self.server_address[1]}/"

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that closes a connection is no error of ours."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def make_server(site: Path, port: int) -> SiteServer:
    """A server on `port`, or on a free one if that is taken (0 takes a free one at once)."""
    handler = functools.partial(SiteHandler, directory=os.fspath(site))
    try:
        return SiteServer((HOST, port), handler)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            raise
        return SiteServer((HOST, 0), handler)
