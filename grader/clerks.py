"""Clerks: processes of our own that mark submissions, and the office that hands them out.

A clerk takes submissions from its pipe, one after the other, and reports each. Whatever becomes of a clerk,
the office notices: one that is killed is replaced and its submission given back, one that says nothing for
longer than any submission may take is ended, and clerks end when the office does, however that ends.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from types import FrameType
from typing import NoReturn

from grader.box import SandboxUnavailable
from grader.course import CourseError
from grader.desk import Desk, Orders, Report
from grader.processes import context, end_with

EXTRA_SECONDS = 60.0  # for reading, scoring and writing, beyond all that a box may take
STILLBORN = 3  # clerks in a row that ended, or could not mark, before they began


@dataclass(frozen=True)
class Task:
    """A submission to mark. `alone`: no other of this run is marked meanwhile, and it has its whole time."""

    student: str
    alone: bool = False


@dataclass(frozen=True)
class Lost:
    """A task whose clerk ended in the middle of it."""

    task: Task
    how: str


# ---- the clerk's side ---------------------------------------------------------------------------


def work(connection: Connection, orders: Orders, office: int, inherited: Sequence[Connection]) -> None:
    """Marks what comes through the pipe until it is closed; the first word says whether all is ready."""
    for other in inherited:  # another clerk's pipe, which must end with the office and not with us
        other.close()
    signal.signal(signal.SIGTERM, _leave)  # closes what is open
    end_with(office)
    try:
        desk = Desk(orders)
    except (SandboxUnavailable, CourseError) as error:
        connection.send(error)
        return
    except Exception as error:
        connection.send(CourseError(f"{type(error).__name__}: {error}"))
        return
    with desk, suppress(EOFError, BrokenPipeError, ConnectionResetError):
        connection.send(desk.boxes)
        if orders.scheduler:
            _mark_many(connection, desk)
        else:
            _mark_one_by_one(connection, desk)


def _leave(_: int, __: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once: the second would interrupt the closing
    raise SystemExit(1)


def _mark_one_by_one(connection: Connection, desk: Desk) -> None:
    while True:
        task = connection.recv()
        connection.send(desk.mark(task.student, alone=task.alone))


def _mark_many(connection: Connection, desk: Desk) -> NoReturn:
    """Many at a time, where the boxes are elsewhere and a clerk would only wait for them."""
    sending = threading.Lock()

    def mark(task: Task) -> None:
        report = desk.mark(task.student, alone=task.alone)
        with sending, suppress(BrokenPipeError):
            connection.send(report)

    pool = ThreadPoolExecutor(desk.boxes)
    try:
        while True:
            pool.submit(mark, connection.recv())
    finally:  # threads that wait for a worker would keep the process
        os._exit(1)


# ---- the office's side --------------------------------------------------------------------------


class Clerk:
    """One clerk as the office sees it."""

    def __init__(self, orders: Orders, others: Sequence[Connection]) -> None:
        processes = context()
        self.connection, theirs = processes.Pipe()
        inherited = [*others, self.connection] if processes.get_start_method() == "fork" else []
        self.process = processes.Process(
            target=work, args=(theirs, orders, os.getpid(), inherited), name="grader clerk"
        )
        self.process.start()
        theirs.close()
        self.boxes = 0  # none before it is ready
        self.hands: deque[Task] = deque()
        self.heard = time.monotonic()

    def give(self, task: Task) -> None:
        if not self.hands:
            self.heard = time.monotonic()
        self.hands.append(task)
        with suppress(OSError):  # it has ended, which is seen when it is asked
            self.connection.send(task)

    @property
    def has_room(self) -> bool:
        """Whether it can take a task: those that it can do, and the next."""
        return len(self.hands) <= self.boxes

    def hear(self) -> Report | Exception | int:
        """What it says next; raises EOFError where it has ended."""
        try:
            said: Report | Exception | int = self.connection.recv()
        except OSError as error:
            raise EOFError from error
        self.heard = time.monotonic()
        return said

    def end(self, how: int = signal.SIGTERM) -> str:
        """Ends the process; says how it ended."""
        if self.process.pid is not None and self.process.exitcode is None:
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, how)
        self.process.join(10)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        self.connection.close()
        code = self.process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit status {code}"


class Office:
    """Hands tasks to clerks, and hears from them."""

    def __init__(self, orders: Orders, clerks: int) -> None:
        self.orders = orders
        self.stillborn = 0
        self.begun = False  # whether any clerk could mark; else the first that cannot says why nobody can
        self.clerks: list[Clerk] = []
        for _ in range(clerks):
            self._hire()

    def __enter__(self) -> Office:
        return self

    def __exit__(self, *_: object) -> None:
        for clerk in self.clerks:  # all at once, then wait for each
            if clerk.process.exitcode is None:
                clerk.process.terminate()
        for clerk in self.clerks:
            clerk.end()

    def _hire(self) -> None:
        self.clerks.append(Clerk(self.orders, [clerk.connection for clerk in self.clerks]))

    @property
    def idle(self) -> bool:
        """Whether nobody has anything to do."""
        return not any(clerk.hands for clerk in self.clerks)

    @property
    def has_room(self) -> bool:
        return any(clerk.has_room for clerk in self.clerks)

    def give(self, task: Task) -> None:
        """Gives a task to the clerk with the least to do for its boxes."""
        min(self.clerks, key=lambda clerk: len(clerk.hands) - clerk.boxes).give(task)

    def hear(self, seconds: float) -> Iterator[Report | Lost | Task]:
        """What clerks say within this time: reports, what was lost with a clerk, what it had not begun.

        Only then is it asked who is silent: if we were stopped for a while, what they said waits in the pipe.
        """
        for ready in wait([clerk.connection for clerk in self.clerks], seconds):
            clerk = next(clerk for clerk in self.clerks if clerk.connection is ready)
            try:
                said = clerk.hear()
            except EOFError:
                yield from self._replace(clerk)
                continue
            if isinstance(said, Exception):
                if not self.begun or self.stillborn + 1 >= STILLBORN:
                    raise said
                yield from self._replace(clerk)
            elif isinstance(said, int):
                clerk.boxes, self.stillborn, self.begun = said, 0, True
            else:
                clerk.hands.remove(next(task for task in clerk.hands if task.student == said.student))
                yield said
        self._end_the_silent()

    def _end_the_silent(self) -> None:
        """A clerk that says nothing for longer than any submission takes is ended; then it is replaced."""
        now, most = time.monotonic(), self.orders.longest + EXTRA_SECONDS
        for clerk in self.clerks:
            if clerk.hands and now - clerk.heard > most:
                clerk.process.kill()

    def _replace(self, clerk: Clerk) -> Iterator[Lost | Task]:
        how = clerk.end()
        self.clerks.remove(clerk)
        self.stillborn += not clerk.boxes
        if self.stillborn >= STILLBORN:
            raise CourseError(f"The processes that mark submissions end before they begin ({how}).")
        self._hire()
        for number, task in enumerate(clerk.hands):
            yield Lost(task, how) if number < clerk.boxes else task
