"""Applies a function to a student's text within a length, a time and a memory, in a process of its own.

Turning Markdown into HTML takes time that grows with the square of some texts, and nothing stops it from
within. So it is done by a process with limits, which is ended where a text takes too long.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import threading
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import IO

from grader.patience import Patience

MAX_TEXT = 20_000  # characters
MAX_RESULT = 400_000
SECONDS = 2.0
START_SECONDS = 30.0
MEMORY_BYTES = 1 << 30


class BoundedProcess:
    """A process that applies one function, `module:name`, from text to text.

    It is started when it is first needed, and again after it was ended. Any thread may ask it.
    """

    def __init__(self, function: str) -> None:
        self.function = function
        self.lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.owner = 0  # a process that was forked from us must not write into our pipes

    def apply(self, text: str, seconds: float = SECONDS) -> str | None:
        """What the function makes of a text; None where text or result is too long, or it takes too long."""
        if len(text) > MAX_TEXT:
            return None
        with self.lock:
            try:
                made = self._ask(text, seconds)
            except (OSError, ValueError, TimeoutError):
                self.close()
                return None
        return made if len(made) <= MAX_RESULT else None

    def _ask(self, text: str, seconds: float) -> str:
        process = self.process
        if process is None or self.owner != os.getpid():
            process = self._start()
        requests = _channel(process.stdin)
        requests.write(json.dumps(text).encode() + b"\n")
        requests.flush()
        return str(json.loads(_line(_channel(process.stdout), Patience(seconds))))

    def _start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "grader.bounded", self.function]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.process, self.owner = process, os.getpid()
        # It says when it is ready, so that no text pays for its start.
        _line(_channel(process.stdout), Patience(START_SECONDS))
        return process

    def close(self) -> None:
        """Ends the process."""
        process, self.process = self.process, None
        if process is None or self.owner != os.getpid():
            return
        process.kill()
        process.wait()
        for channel in (process.stdin, process.stdout):
            _channel(channel).close()


def _channel(channel: IO[bytes] | None) -> IO[bytes]:
    if channel is None:
        raise OSError("the process was started without pipes")
    return channel


def _line(channel: IO[bytes], patience: Patience) -> bytes:
    """One line, or OSError where the process ends, or TimeoutError."""
    data = b""
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        while not data.endswith(b"\n"):
            patience.wait(selector.select)
            more = os.read(channel.fileno(), 65536)
            if not more:
                raise OSError("the process ended")
            data += more
    return data


@cache
def bounded(function: str) -> BoundedProcess:
    """The process of this function, ended with ours."""
    process = BoundedProcess(function)
    atexit.register(process.close)
    return process


def main(function: str) -> None:
    """The process itself: a text a line comes in, what the function makes of it goes out."""
    with suppress(ImportError, OSError, ValueError):  # where a system has no such limit, the time's remains
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    module, _, name = function.partition(":")
    apply = getattr(import_module(module), name)
    apply("ready")
    print(flush=True)
    for line in sys.stdin.buffer:
        print(json.dumps(str(apply(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
