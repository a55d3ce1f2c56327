"""Processes of our own: how they are started, and that they end with the one that started them."""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from typing import Any

PR_SET_PDEATHSIG = 1


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
