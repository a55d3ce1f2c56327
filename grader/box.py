"""A box: what runs one student's code, and the narrow line on which we talk with it.

A `Box` answers requests, each within a time and a size, until it is closed. A `Sandbox` opens boxes;
bubblewrap is one way, a container another. `PipeBox` is a box at the other end of two pipes. It believes
nothing: a late, long or malformed reply ends the process.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import Any, NoReturn

from grader.patience import Patience

MEGABYTE = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What one box may take. Bytes and seconds, for one process; `processes` are those besides the first."""

    memory_bytes: int = 1024 * MEGABYTE
    file_bytes: int = 16 * MEGABYTE
    temporary_bytes: int = 32 * MEGABYTE
    temporary_files: int = 1000
    open_files: int = 64
    processes: int = 0
    cpu_seconds: int = 60
    step_seconds: float = 10.0  # one cell, or one call
    total_seconds: float = 60.0  # everything, replays included
    start_seconds: float = 20.0
    output_characters: int = 20_000
    reply_bytes: int = 400_000

    def for_runner(self) -> dict[str, int]:
        """The limits that the runner puts on itself before it runs a cell."""
        kept = ("memory_bytes", "file_bytes", "open_files", "cpu_seconds")
        limits = {name: value for name, value in asdict(self).items() if name in kept}
        return {**limits, "processes": self.processes + 1}


class SandboxUnavailable(RuntimeError):
    """This machine cannot run a student's code safely; the message says why and what to do."""


class BoxDied(RuntimeError):
    """The process in the box ended, or sent what is no reply."""


class BoxTimeout(RuntimeError):
    """No reply came in time; the process was ended."""


class Box(ABC):
    """Runs one student's program. Use it with `with`: leaving it ends all that the program started."""

    @abstractmethod
    def ask(self, request: Mapping[str, Any], seconds: float | None = None) -> dict[str, Any]:
        """Sends one request and gives its reply; after BoxDied or BoxTimeout the box is gone."""

    @abstractmethod
    def close(self) -> None:
        """Ends the program and everything that it started."""

    def __enter__(self) -> Box:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Sandbox(ABC):
    """A way to run a student's program where it can reach nothing but its own line to us."""

    name: str

    def __init__(self, limits: Limits) -> None:
        self.limits = limits

    @abstractmethod
    def open(self, student: str) -> Box:
        """A fresh box that waits for its first request; raises BoxDied or BoxTimeout where none starts."""

    def describe(self) -> str:
        """One line for the teacher: what protects here, and what of it this machine does not offer."""
        return f"{self.name}, started anew for each submission"

    def complaint(self) -> str:
        """What the sandbox's own program says when a box does not start; empty where it says nothing."""
        return ""

    def close(self) -> None:
        """Removes what the sandbox made on disk; no box may be open any more."""

    def __enter__(self) -> Sandbox:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def probe(self) -> None:
        """Runs a box for real; raises SandboxUnavailable where that does not work."""
        try:
            with self.open("probe") as box:
                box.ask({"operation": "run", "source": "answer = 6 * 7"})
                reply = box.ask({"operation": "get", "name": "answer"})
        except (OSError, BoxDied, BoxTimeout) as error:
            reason = self.complaint() or str(error)
            raise SandboxUnavailable(f"the sandbox {self.name} does not work here: {reason}") from error
        if reply.get("value") != {"int": "42"}:
            raise SandboxUnavailable(f"the sandbox {self.name} runs, but gives wrong answers")


class Life(ABC):
    """The process of a box, as far as ending it goes."""

    @abstractmethod
    def kill(self) -> None:
        """Ends the process and all that it started; harmless where it has ended."""

    @abstractmethod
    def wait(self) -> None:
        """Waits until all of it is gone, and gives back what was needed to know it."""


class ProcessLife(Life):
    """A child of ours in a group of its own."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.kill()

    def wait(self) -> None:
        self.process.wait()


class PipeBox(Box):
    """A box whose runner.py reads requests from one pipe and writes replies to another."""

    def __init__(self, limits: Limits, student: str, requests: int, replies: int, life: Life) -> None:
        self.limits = limits
        self.number = 0
        self.buffer = b""
        self.alive, self.closed = True, False
        self.life = life
        self.requests, self.replies = requests, replies
        self.writable, self.readable = poll_for(requests, select.POLLOUT), poll_for(replies, select.POLLIN)
        first = {
            "student": student,
            "limits": self.limits.for_runner(),
            "output_characters": self.limits.output_characters,
        }
        try:
            self.ask(first, self.limits.start_seconds)
        except BaseException:
            self.close()
            raise

    def ask(self, request: Mapping[str, Any], seconds: float | None = None) -> dict[str, Any]:
        if not self.alive:
            raise BoxDied("the process has ended")
        self.number += 1
        seconds = self.limits.step_seconds if seconds is None else seconds
        patience = Patience(seconds)
        try:
            self._send(json.dumps({**request, "number": self.number}).encode() + b"\n", patience)
            return self._understand(self._receive(patience))
        except TimeoutError:
            self._fail(BoxTimeout(f"no answer within {seconds:g} seconds"))
        except OSError:
            self._fail(BoxDied("the process has ended"))

    def _send(self, data: bytes, patience: Patience) -> None:
        """Writes without ever waiting for a reader that has stopped reading."""
        while data:
            wait_for(self.writable, patience)
            data = data[os.write(self.requests, data) :]

    def _receive(self, patience: Patience) -> bytes:
        while b"\n" not in self.buffer:
            wait_for(self.readable, patience)
            data = os.read(self.replies, 65536)
            if not data:
                self._fail(BoxDied("the process has ended"))
            self.buffer += data
            if len(self.buffer) > self.limits.reply_bytes:
                self._fail(BoxDied("the process sent more than an answer may hold"))
        line, _, self.buffer = self.buffer.partition(b"\n")
        return line

    def _understand(self, line: bytes) -> dict[str, Any]:
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            self._fail(BoxDied("the process sent what is no answer"))
        if type(reply) is not dict or reply.get("number") != self.number or self.buffer:
            self._fail(BoxDied("the process sent what is no answer"))
        return reply

    def _fail(self, error: Exception) -> NoReturn:
        self.kill()
        raise error

    def kill(self) -> None:
        """Ends the process and all that it started."""
        self.alive = False
        self.life.kill()

    def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        self.kill()
        self.life.wait()
        os.close(self.requests)
        os.close(self.replies)


def poll_for(descriptor: int, event: int) -> select.poll:
    """Makes a pipe one that never blocks, and gives what waits for it."""
    os.set_blocking(descriptor, False)
    waiting = select.poll()
    waiting.register(descriptor, event)
    return waiting


def wait_for(waiting: select.poll, patience: Patience) -> list[tuple[int, int]]:
    """Waits for descriptors and gives those that are ready; raises TimeoutError."""
    return patience.wait(lambda seconds: waiting.poll(seconds * 1000))
