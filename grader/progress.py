"""How far a class is: on a terminal one line that changes, elsewhere a line for each submission."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import TextIO

from grader.batch import Line
from grader.desk import Ending
from grader.names import without_control_characters

EVERY_SECONDS = 10.0  # between two lines with the rate, where there is no terminal
AT_MOST_EVERY = 0.1  # seconds, on a terminal


class Progress:
    """Says what is done, how quickly, and how long the rest will take; at the end, how it all went."""

    def __init__(self, total: int, file: TextIO | None = None) -> None:
        self.total = total
        self.file = file or sys.stdout
        self.terminal = self.file.isatty()
        self.started = time.monotonic()
        self.said = self.started
        self.done = 0
        self.endings: Counter[Ending] = Counter()
        self.waits = self.broke = self.older = 0

    @property
    def failed(self) -> int:
        return self.endings[Ending.FAILED] + self.endings[Ending.UNTRIED]

    def add(self, line: Line) -> None:
        """Counts a line, and says it: everywhere but on a terminal, and there where it is bad news."""
        self.done += 1
        self.endings[line.ending] += 1
        self.waits += line.waits
        self.broke += line.broke
        self.older += line.older
        if not self.terminal or line.failed:
            self._print(f"[{self.done}/{self.total}] {line.student}: {line.text}")
        self._tell()

    def _tell(self) -> None:
        now = time.monotonic()
        if now - self.said < (AT_MOST_EVERY if self.terminal else EVERY_SECONDS) or self.done == self.total:
            return
        self.said = now
        if self.terminal:
            print(f"\r\x1b[K{self.rate()}", end="", file=self.file, flush=True)
        else:
            self._print(self.rate())

    def rate(self) -> str:
        """Such as `120 of 400 marked, 12.3 a second, about 23 s left`."""
        seconds = max(time.monotonic() - self.started, 1e-3)
        left = seconds / self.done * (self.total - self.done) if self.done else 0.0
        return (
            f"{self.done} of {self.total} marked, {self.done / seconds:.1f} a second, "
            f"about {duration(left)} left"
        )

    def summary(self) -> str:
        """Such as `Marked 40 of 40 in 12 s: 38 ran, 2 unreadable; 12 wait for a person`."""
        kinds = [
            f"{self.endings[ending]} {ending.value}"
            for ending in (Ending.RAN, Ending.RECORDED, Ending.UNREADABLE)
            if self.endings[ending]
        ]
        marked = self.done - self.failed
        text = f"Marked {marked} of {self.total} in {duration(time.monotonic() - self.started)}"
        text += f": {', '.join(kinds)}" if kinds else ""
        more = [
            (self.waits, "with something for a person to mark"),
            (
                self.broke,
                "with a cell or call that was stopped or ended its process (--run-again tries it once more)",
            ),
            (self.older, "made from an older version, and marked by that one"),
            (self.endings[Ending.FAILED], "NOT MARKED"),
            (self.endings[Ending.UNTRIED], "left for the next run, for want of time"),
        ]
        return "; ".join([text, *(f"{number} {what}" for number, what in more if number)]) + "."

    def end(self) -> None:
        """Says the summary."""
        self._print(self.summary())

    def _print(self, text: str) -> None:
        clear = "\r\x1b[K" if self.terminal else ""
        print(clear + without_control_characters(text), file=self.file, flush=True)


def duration(seconds: float) -> str:
    """A length of time for people."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
