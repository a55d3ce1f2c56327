"""Processes of our own: how they are started, and that they end with the one that started them."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, ProcessPoolExecutor
from typing import Any, TypeVar

PR_SET_PDEATHSIG = 1
FEWEST = 50  # pieces of work for which a process is worth its start
SHARES = 16  # in which each process takes its pieces, so that all end at about the same time
Made = TypeVar("Made")


def context() -> Any:
    """A fork shares what is loaded and starts at once, but must not copy another thread's locks."""
    can_fork = sys.platform == "linux" and threading.active_count() == 1
    return multiprocessing.get_context("fork" if can_fork else "spawn")


def end_with(parent: int) -> None:
    """Said in a child: Ctrl-C and Ctrl-Z are the parent's to hear, and as that ends, SIGTERM comes.

    A child that stopped in the middle of a submission would take the pause for the submission's time.
    """
    for typed in (signal.SIGINT, signal.SIGTSTP):
        signal.signal(typed, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before we asked
            sys.exit(1)


def in_order(work: Callable[[int], Made], count: int, workers: int) -> Iterator[Made]:
    """`work(0)`, `work(1)`, ... in their order, by several processes where these are worth their start.

    What a piece of work raises is raised here; should one of the processes be ended from outside, the rest
    is done here. `work` and what it gives can be pickled.
    """
    workers = min(workers, count // FEWEST)
    if workers < 2:
        yield from map(work, range(count))
        return
    yield work(0)  # what cannot be done at all says so at once
    done = 1
    pool = ProcessPoolExecutor(workers, context(), end_with, (os.getpid(),))
    try:
        for made in pool.map(work, range(1, count), chunksize=max(1, count // (workers * SHARES))):
            yield made
            done += 1
    except BrokenExecutor:
        yield from map(work, range(done, count))
    finally:
        pool.shutdown(cancel_futures=True)
