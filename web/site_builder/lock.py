"""One build at a time in a checkout: a second one waits until the first is done."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from .places import BUILD


def _try_to_lock(file: IO[str]) -> bool:
    """Lock the file unless another process holds it; the lock goes with the process, however that ends."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def only_one_build() -> Iterator[None]:
    """Hold the checkout's build lock."""
    path = BUILD / "web" / "lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        if not _try_to_lock(file):
            print("  another build is at work here; waiting for it ...", flush=True)
            while not _try_to_lock(file):
                time.sleep(0.2)
        yield
