"""How far a long run has come: a bar in a terminal, a line now and then everywhere else."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TypeAlias

from layercost.terminal import shows_colours

STEPS = 10  # lines at most, where there is no terminal
Progress: TypeAlias = Callable[[str, int], AbstractContextManager[Callable[[], None]]]


@contextmanager
def silent(_what: str, _total: int) -> Iterator[Callable[[], None]]:
    """Says nothing of how far it has come."""
    yield lambda: None


@contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Gives a function to call after each of `total` steps; it draws on standard error."""
    if shows_colours(sys.stderr, os.environ):
        with _bar(what, total) as advance:
            yield advance
    else:
        yield _lines(what, total)


@contextmanager
def _bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def _lines(what: str, total: int) -> Callable[[], None]:
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        if done * STEPS // total > (done - 1) * STEPS // total:
            print(f"{what}: {done} of {total}", file=sys.stderr, flush=True)

    return advance
