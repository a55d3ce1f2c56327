"""How long we wait for a process: by the clock, but for moments in which the machine stood still.

A machine that is paused, moved or out of memory stops us and the process that we wait for, while its clock
goes on. Nobody has taken that time: counted, it would make a program that needs milliseconds too slow.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TypeVar

GLANCE = 0.1  # seconds after which we look at the clock again
LONGEST = 1.0  # that is counted of a glance: whoever keeps the machine busy makes us wait, but not that long
Found = TypeVar("Found")
_this_thread = threading.local()


def awake() -> float:
    """Seconds by a clock of this thread's, which stops where the machine was seen to stand still."""
    return time.monotonic() - getattr(_this_thread, "stood_still", 0.0)


def _stand_still(seconds: float) -> None:
    _this_thread.stood_still = getattr(_this_thread, "stood_still", 0.0) + seconds


class Patience:
    """So many seconds of waiting, or what is left of them."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def wait(self, ask: Callable[[float], Found]) -> Found:
        """What `ask` finds in a time that it is given, asked until it finds something; or TimeoutError."""
        while True:
            began = awake()
            found = ask(max(0.0, min(GLANCE, self.left)))
            _stand_still(max(0.0, awake() - began - LONGEST))
            self.left -= awake() - began
            if found:
                return found
            if self.left <= 0:
                raise TimeoutError
