"""Folders that are made beside the ones in force, and take their place all at once or not at all."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PREFIX = ".building-"
ABANDONED_SECONDS = 3600.0


@contextmanager
def workplace(root: Path) -> Iterator[Path]:
    """A folder in `root`, on the same disk as what it will replace; what a killed run left is taken away."""
    for left in root.glob(f"{PREFIX}*"):
        if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=root) as place:
        yield Path(place)


@contextmanager
def replaced(places: Mapping[Path, Path], aside: Path) -> Iterator[None]:
    """Each new folder (the value) in the place of the old one (the key), which goes into `aside`.

    Where the block fails, all is put back as it was.
    """
    aside.mkdir(parents=True, exist_ok=True)
    done: list[tuple[Path, Path]] = []
    try:
        for number, (place, new) in enumerate(places.items()):
            old = aside / str(number)
            if place.exists():
                place.rename(old)
            done.append((place, old))
            place.parent.mkdir(parents=True, exist_ok=True)
            new.rename(place)
        yield
    except BaseException:
        for place, old in reversed(done):
            shutil.rmtree(place, ignore_errors=True)
            if old.exists():
                old.rename(place)
        raise
