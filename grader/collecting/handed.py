"""What was handed in, as a source has it: who handed in which file, and when, where that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from grader.collecting.tree import File


@dataclass(frozen=True)
class Sender:
    """Whom a source names: by a number or a login of its own, and by a name, which may be empty."""

    system: str  # "moodle", "canvas" or "github"; a roster may have a column of this name
    key: str
    name: str = ""
    email: str = ""
    id: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.system} {self.key})" if self.name else f"{self.system} {self.key}"


@dataclass(frozen=True)
class Handed:
    """One file of one sender. `name` is what the student called it; `path` are the folders before that."""

    sender: Sender
    file: File
    name: str
    path: tuple[str, ...] = ()
    late: bool = False
    number: int = 0  # of several files, the higher was handed in later
    root: str = ""  # the folder that is this sender's alone, where a source has such


def _unknown(_: Handed) -> datetime | None:
    return None


@dataclass(frozen=True)
class Batch:
    """All that a source holds; `others` are files of which it does not say who handed them in."""

    handed: tuple[Handed, ...]
    others: tuple[str, ...] = ()
    time_of: Callable[[Handed], datetime | None] = _unknown


def by_sender(handed: Iterable[Handed]) -> dict[Sender, list[Handed]]:
    """The files of each sender, in the order of the source."""
    found: dict[Sender, list[Handed]] = {}
    for one in handed:
        found.setdefault(one.sender, []).append(one)
    return found
