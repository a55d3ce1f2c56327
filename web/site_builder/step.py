"""A step of the build, which is skipped while its inputs are what they were when it last ran."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from .places import REPOSITORY, STAMPS

IGNORED = {"__pycache__", "node_modules", ".DS_Store"}
WHEN_ALL_ARE_COPIED = (1980, 1, 1, 0, 0, 0)  # the date in archives, so that equal contents give equal bytes


class BuildError(Exception):
    """The site cannot be built; the message says what is missing and what to try."""


def files_in(*roots: Path) -> list[Path]:
    """All files under these files and folders, in a fixed order, caches left out."""
    found: set[Path] = set()
    for root in roots:
        candidates = root.rglob("*") if root.is_dir() else [root]
        found |= {path for path in candidates if path.is_file() and not IGNORED & set(path.parts)}
    return sorted(found)


def fingerprint(roots: Iterable[Path], *words: str) -> str:
    """A hash of the names and contents of the files under `roots`, and of `words`."""
    digest = hashlib.sha256()
    for path in files_in(*roots):
        name = path.relative_to(REPOSITORY) if path.is_relative_to(REPOSITORY) else path
        digest.update(f"{name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    for word in words:
        digest.update(f"{word}\0".encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Step:
    """One step: what it is called, what it reads, what it leaves, and how it is done.

    `inputs` are files and folders whose contents decide whether it must run again; `words` are other
    things that decide it (versions, names). `outputs` must exist for it to be skipped.
    """

    name: str
    inputs: tuple[Path, ...]
    outputs: tuple[Path, ...]
    work: Callable[[], None]
    words: tuple[str, ...] = ()

    def run(self, force: bool = False) -> bool:
        """Do the step unless it is up to date; True if it was done."""
        stamp = STAMPS / self.name.replace(" ", "-")
        wanted = fingerprint(self.inputs, *self.words)
        if not force and self._is_done(stamp, wanted):
            print(f"  {self.name}: up to date", flush=True)
            return False
        print(f"  {self.name} ...", flush=True)
        began = time.perf_counter()
        stamp.unlink(missing_ok=True)
        self.work()
        stamp.parent.mkdir(parents=True, exist_ok=True)
        stamp.write_text(wanted, encoding="utf-8")
        print(f"  {self.name}: {time.perf_counter() - began:.1f} s", flush=True)
        return True

    def _is_done(self, stamp: Path, wanted: str) -> bool:
        if not stamp.exists() or not all(path.exists() for path in self.outputs):
            return False
        return stamp.read_text(encoding="utf-8") == wanted


def copy_files(source: Path, names: Iterable[str], target: Path) -> None:
    """Copy these files or folders of `source` to the same names under `target`."""
    for name in names:
        here, there = source / name, target / name
        if not here.exists():
            raise BuildError(f"{here} is missing; remove {source.name} and build again")
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.is_dir():
            shutil.copytree(here, there, dirs_exist_ok=True)
        else:
            shutil.copy2(here, there)
