"""What a command takes: seconds, processor seconds and memory, of itself and of all that it starts.

Boxes are buried by the sandbox that bore them, which does not wait for them: the kernel adds their processor
time to nobody's. Only a control group counts it, where this user may make one; elsewhere it is left out, and
whoever shows the number says so.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
EVERY_SECONDS = 0.25  # between two looks at the memory
ACCOUNTS = Path("/sys/fs/cgroup/cpuacct")


@dataclass(frozen=True)
class Usage:
    """What a command took; memory that processes share is counted once, and was looked at now and then."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int  # the most that was seen
    output: str
    whole: bool  # whether the processor seconds are also those of boxes


@dataclass(frozen=True)
class Account:
    """A control group that counts what processes in it take, and all that they start from then on."""

    folder: Path

    def take(self, pid: int) -> None:
        (self.folder / "cgroup.procs").write_text(str(pid))

    def seconds(self) -> float:
        return int((self.folder / "cpuacct.usage").read_text()) / 1e9


@contextmanager
def account() -> Iterator[Account | None]:
    """A new account for the block; None where this user may make none."""
    folder = ACCOUNTS / f"grader-benchmark-{os.getpid()}"
    try:
        folder.mkdir(exist_ok=True)
        (folder / "cgroup.procs").write_text("")
    except OSError:
        yield None
        return
    try:
        yield Account(folder)
    finally:
        with suppress(OSError):
            for pid in (folder / "cgroup.procs").read_text().split():
                (ACCOUNTS / "cgroup.procs").write_text(pid)
            folder.rmdir()


def used(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], beside: Iterable[int] = ()
) -> Usage:
    """Runs a command, which must succeed; processes `beside` it, such as workers, are counted with it."""
    beside = list(beside)
    with account() as counted:
        join = None
        if counted is not None:
            for pid in descendants(beside):
                with suppress(ProcessLookupError):  # it has ended since
                    counted.take(pid)
            join = partial(counted.take, 0)  # whoever writes 0 moves itself
        before = sum(map(cpu_of, beside))
        started = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            preexec_fn=join,  # noqa: PLW1509  (no other thread runs yet)
        )  # fmt: skip
        memory = _Memory([process.pid, *beside])
        output = process.stdout.read() if process.stdout is not None else ""
        _, status, resources = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        seconds = time.perf_counter() - started
        peak = memory.end()
        if counted is not None:
            cpu = counted.seconds()
        else:
            cpu = resources.ru_utime + resources.ru_stime + sum(map(cpu_of, beside)) - before
    if process.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed:\n{output}")
    return Usage(seconds, cpu, peak, output, whole=counted is not None)


class _Memory:
    """Looks at the memory of processes and of their children until it is told to end."""

    def __init__(self, roots: Sequence[int]) -> None:
        self.roots, self.peak, self.over = roots, 0, threading.Event()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    def _watch(self) -> None:
        while not self.over.wait(EVERY_SECONDS):
            self.peak = max(self.peak, sum(_proportional_bytes(pid) for pid in descendants(self.roots)))

    def end(self) -> int:
        self.over.set()
        self.thread.join()
        return self.peak


def descendants(roots: Iterable[int]) -> list[int]:
    """These processes and all that they started."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, ValueError, IndexError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(folder.name))
    found = list(roots)
    for pid in found:
        found += children.get(pid, [])
    return found


def _proportional_bytes(pid: int) -> int:
    with suppress(OSError, ValueError, StopIteration):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return 1024 * int(next(line for line in lines if line.startswith("Pss:")).split()[1])
    return 0


def cpu_of(root: int) -> float:
    """Processor seconds of a process, of all that it started, and of those that have ended."""
    total = 0.0
    for pid in descendants([root]):
        with suppress(OSError, IndexError, ValueError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(map(int, fields[11:15])) / TICK
    return total
