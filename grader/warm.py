"""Sandboxes that stay: one warm process inside, which bears a box for each submission.

The grader's end of `nursery.py`. Where the machine does not let the process inside make namespaces of its
own, each box is a sandbox of its own, started by the same program; it costs more and is as safe.

What boxes that are open together can still tell each other is time: how busy the machine is, and which file
has been read lately, shows in how long a thing takes.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import threading
from abc import abstractmethod
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from grader.box import BoxDied, BoxTimeout, Life, Limits, PipeBox, Sandbox, wait_for
from grader.controls import ControlGroups
from grader.furniture import PYTHON, furniture
from grader.patience import Patience
from grader.seccomp import filter_program
from grader.stage import Stage

WORD = 2000  # bytes of a message from the nursery


class Descriptor(Life):
    """A process that we know by a descriptor: it is mistaken for no other, and no client stands between.

    It is process 1 of its namespace, so all that it started ends with it.
    """

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def kill(self) -> None:
        if self.descriptor >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.descriptor, signal.SIGKILL)

    def wait(self) -> None:
        if self.descriptor >= 0:
            ended = select.poll()
            ended.register(self.descriptor, select.POLLIN)
            ended.poll()
            os.close(self.descriptor)
            self.descriptor = -1


class Enclosed(Life):
    """A process in a control group, which is free again when the process is gone."""

    def __init__(self, life: Life, descriptor: int, groups: ControlGroups) -> None:
        self.life, self.groups = life, groups
        self.group = groups.enclose(descriptor)

    def kill(self) -> None:
        self.life.kill()

    def wait(self) -> None:
        self.life.wait()
        self.groups.release(self.group)
        self.group = None


class Nursery(Life):
    """A sandbox that runs: the program that holds it, and our line to the process inside."""

    def __init__(self, client: subprocess.Popen[bytes], line: socket.socket, seconds: float) -> None:
        self.client, self.line, self.seconds = client, line, seconds
        self.inner = Descriptor(-1)
        try:
            self._introduce()
        except BaseException:
            self.kill()
            self.wait()
            raise

    def _introduce(self) -> None:
        """Tells the process inside whose end is its own, and hears who it is and what it can do."""
        ourselves = os.pidfd_open(os.getpid())
        try:
            socket.send_fds(self.line, [b"grader"], [ourselves])
        except OSError as error:
            raise BoxDied("the sandbox ended before it began") from error
        finally:
            os.close(ourselves)
        word, descriptor = self._hear()
        self.inner = Descriptor(descriptor)
        self.reason = str(json.loads(word)["reason"])

    def _hear(self) -> tuple[bytes, int]:
        """A word and the descriptor that comes with it."""
        self._wait()
        try:
            word, descriptors, _, _ = socket.recv_fds(self.line, WORD, 1)
        except OSError as error:
            raise BoxDied("the sandbox has ended") from error
        if not descriptors:
            raise BoxDied(word.decode(errors="replace") or "the sandbox has ended")
        return word, descriptors[0]

    def _wait(self) -> None:
        """Waits for a word, as long as there is someone to say it: a client may hold the line open."""
        waiting = select.poll()
        waiting.register(self.line, select.POLLIN)
        if self.inner.descriptor >= 0:
            waiting.register(self.inner.descriptor, select.POLLIN)
        try:
            ready = [descriptor for descriptor, _ in wait_for(waiting, Patience(self.seconds))]
        except TimeoutError as error:
            raise BoxTimeout("the sandbox did not start in time") from error
        if self.line.fileno() not in ready:
            raise BoxDied("the sandbox has ended")

    def order(self) -> tuple[int, int]:
        """Hands in the pipes of a new box; gives our ends of them."""
        theirs, requests = os.pipe()
        replies, answers = os.pipe()
        try:
            socket.send_fds(self.line, [b"box"], [theirs, answers])
        except OSError as error:
            os.close(requests)
            os.close(replies)
            raise BoxDied("the sandbox has ended") from error
        finally:
            os.close(theirs)
            os.close(answers)
        return requests, replies

    def bear(self) -> tuple[int, int, Descriptor]:
        """A new box: our ends of its pipes, and its process."""
        requests, replies = self.order()
        try:
            _, descriptor = self._hear()
        except BaseException:
            os.close(requests)
            os.close(replies)
            raise
        return requests, replies, Descriptor(descriptor)

    def kill(self) -> None:
        self.inner.kill()
        if self.inner.descriptor < 0:  # it never came to life; its client ends with the line, or by this
            self.client.kill()

    def wait(self) -> None:
        self.line.close()
        self.inner.wait()
        self.client.wait()


def in_the_sandbox(plan: str) -> list[str]:
    """The command whose process bears boxes."""
    return [PYTHON, "-I", "-S", "-B", "/box/grader/nursery.py", plan]


class WarmSandbox(Sandbox):
    """Opens boxes through a nursery; a subclass says how the program that holds it is started."""

    def __init__(self, limits: Limits | None = None, files: Iterable[Path] = ()) -> None:
        super().__init__(limits or Limits())
        self.stage = Stage()
        self.furniture = furniture(self.stage, files)
        self.filter = filter_program(processes=self.limits.processes > 0)
        self.groups = ControlGroups(self.limits)
        self.errors = self.stage.folder / "errors"
        self.lock = threading.Lock()
        self.nursery: Nursery | None = None
        self.owner = 0  # the process that started the nursery
        self.reason: str | None = None  # why no nursery can be had, once that is known

    can_be_alone = True  # whether a sandbox of its own is as safe for a box
    line = 0  # the number under which the process inside finds its end of the line
    hidden: Sequence[str] = ("/proc",)  # what the sandbox shows and a box may not see

    @abstractmethod
    def launch(self, plan: str, errors: int, *, alone: bool) -> tuple[subprocess.Popen[bytes], socket.socket]:
        """Starts `in_the_sandbox(plan)` in a sandbox; gives its process and our end of the line."""

    def open(self, student: str) -> PipeBox:
        requests, replies, life = self._bear()
        return PipeBox(self.limits, student, requests, replies, life)

    def _bear(self) -> tuple[int, int, Life]:
        with self.lock:
            if self._running() is not None:
                return self._bear_warm()
        if not self.can_be_alone:
            raise BoxDied(f"the process inside cannot make boxes: {self.reason}")
        alone = self._start(alone=True)
        try:
            return *alone.order(), Enclosed(alone, alone.inner.descriptor, self.groups)
        except BaseException:
            alone.kill()
            alone.wait()
            raise

    def _bear_warm(self) -> tuple[int, int, Life]:
        """A box of the nursery, or of a second one where the first has died meanwhile."""
        for last in (False, True):
            nursery = self._running()
            try:
                if nursery is None:
                    raise BoxDied(f"the sandbox lost what it could do: {self.reason}")
                requests, replies, child = nursery.bear()
            except (BoxDied, BoxTimeout):
                self._end()
                if last:
                    raise
            else:
                return requests, replies, Enclosed(child, child.descriptor, self.groups)
        raise AssertionError("the second attempt returns or raises")

    def _running(self) -> Nursery | None:
        """The nursery of this process; a process that was forked from ours needs one of its own."""
        if self.reason:
            return None
        if self.owner != os.getpid():
            self._start_afresh()
        if self.nursery is None:
            self.nursery = self._start(alone=False)
            self.reason = self.nursery.reason
            if self.reason:
                self._end()
        return self.nursery

    def _start_afresh(self) -> None:
        """Leaves to the process that we were forked from what is its own."""
        if self.nursery is not None:
            self.nursery.client.returncode = 0  # no child of ours, so nobody to wait for
            self.nursery, self.groups = None, ControlGroups(self.limits)
        self.owner = os.getpid()

    def _start(self, *, alone: bool) -> Nursery:
        with self.errors.open("wb") as errors:
            client, line = self.launch(self._plan(alone=alone), errors.fileno(), alone=alone)
        return Nursery(client, line, self.limits.start_seconds)

    def _plan(self, *, alone: bool) -> str:
        """What the process inside is told once, for all boxes."""
        plan = {
            "alone": alone,
            "line": self.line,
            "hidden": () if alone else self.hidden,
            "filter": (self.filter or b"").hex(),
            "temporary_bytes": self.limits.temporary_bytes,
            "files": self.limits.temporary_files,
        }
        return json.dumps(plan)

    def _end(self) -> None:
        if self.nursery is not None and self.owner == os.getpid():
            self.nursery.kill()
            self.nursery.wait()
        self.nursery = None

    def describe(self) -> str:
        with self.lock:
            warm = self._running() is not None
        ways = "boxes forked from one warm process" if warm else f"one sandbox a box ({self.reason})"
        filtered = "system calls filtered" if self.filter else "no filter on system calls for this machine"
        offered = ", ".join(self.groups.offered)
        bound = (
            f"a control group ({offered}) bounds each" if offered else "no control group bounds a whole box"
        )
        return f"{self.name}: {ways}; {filtered}; {bound}"

    def complaint(self) -> str:
        return self.errors.read_text(errors="replace").strip()[-300:] if self.errors.exists() else ""

    def close(self) -> None:
        with self.lock:
            self._end()
        self.groups.close()
        self.stage.close()
