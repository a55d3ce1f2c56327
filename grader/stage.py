"""What lies on disk for a sandbox: copies of what an unprivileged user could not reach where it is.

A grader that is killed cannot clean up. So each folder is locked by the process that uses it, a lock that
the kernel releases with the process, and the next grader removes what nobody holds any more. What all
sandboxes need, Python itself, is copied once for all graders that run at the same time.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from grader.box import SandboxUnavailable

PREFIX, SHARED_PREFIX = "grader-box-", "grader-python-"
YOUNG_SECONDS = 60.0  # a folder may not be locked yet
NOT_NEEDED = (
    "site-packages",
    "dist-packages",
    "test",
    "idlelib",
    "tkinter",
    "turtledemo",
    "ensurepip",
    "lib2to3",
)


def readable_by_anyone(path: Path) -> bool:
    """Whether an unprivileged user can reach this file or folder."""
    if not path.stat().st_mode & 0o004:
        return False
    return all(parent.stat().st_mode & 0o001 for parent in path.resolve().parents)


def reachable(path: Path) -> bool:
    """Whether a box can be shown the path itself: boxes of an ordinary user are that user's."""
    return os.getuid() != 0 or readable_by_anyone(path)


def lock(descriptor: int, *, shared: bool = False, wait: bool = True) -> None:
    """Locks what is open; raises BlockingIOError where another holds it and we do not wait."""
    import fcntl  # not there on Windows, where no sandbox is

    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    fcntl.flock(descriptor, kind if wait else kind | fcntl.LOCK_NB)


class Stage:
    """A temporary folder of one sandbox, locked while it is in use."""

    def __init__(self) -> None:
        sweep(PREFIX)
        self.folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        self.folder.chmod(0o755)
        self.lock = os.open(self.folder, os.O_RDONLY)
        lock(self.lock)
        self.numbers = itertools.count()
        self.owner = os.getpid()

    def copy(self, path: Path) -> Path:
        """A copy that anyone may read, under the same name."""
        return copy_for_all(path, self.folder / str(next(self.numbers)) / path.name)

    def close(self) -> None:
        if os.getpid() == self.owner:  # a process that was forked from ours leaves it to us
            shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            os.close(self.lock)


def copy_for_all(path: Path, target: Path) -> Path:
    target.parent.mkdir(exist_ok=True)
    target.parent.chmod(0o755)  # whatever the umask
    if path.is_dir():
        shutil.copytree(path, target, ignore=shutil.ignore_patterns(*NOT_NEEDED))
    else:
        shutil.copy2(path, target)
    open_to_all(target)
    return target


def open_to_all(target: Path) -> None:
    """Lets anyone read it: a copy keeps the mode of what it copies, and a umask may make all private."""
    for folder, _, names in os.walk(target):
        Path(folder).chmod(0o755)
        for name in names:
            path = Path(folder, name)
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | 0o444)
    if target.is_file():
        target.chmod(target.stat().st_mode | 0o444)


def sweep(prefix: str) -> None:
    """Removes the folders of graders that are gone: ours, not new, and held by nobody."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with suppress(OSError):
            _remove_if_left(folder)


def _remove_if_left(folder: Path) -> None:
    found = folder.lstat()
    if found.st_uid != os.getuid() or time.time() - found.st_mtime < YOUNG_SECONDS:
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        lock(descriptor, wait=False)
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(descriptor)


class SharedCopies:
    """Copies that all graders of this user share; whoever is the last to use them removes them."""

    def __init__(self) -> None:
        name = hashlib.sha256(f"{sys.version} {sys.prefix} {sys.base_prefix}".encode()).hexdigest()[:16]
        self.folder = Path(tempfile.gettempdir(), f"{SHARED_PREFIX}{os.getuid()}-{name}")
        self.lock = self._lock()
        sweep(SHARED_PREFIX)
        self.owner = os.getpid()

    def _lock(self) -> int:
        """Holds the folder, which the last of its users may remove while we wait for it."""
        while True:
            with suppress(FileExistsError, FileNotFoundError):
                self.folder.mkdir()
                self.folder.chmod(0o755)
            with suppress(FileNotFoundError):
                descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
                lock(descriptor, shared=True)
                held = os.fstat(descriptor)
                if held.st_uid != os.getuid() or held.st_mode & 0o022:
                    os.close(descriptor)
                    raise SandboxUnavailable(f"{self.folder} is someone else's, or open to others; remove it")
                if os.path.lexists(self.folder) and os.path.samestat(held, self.folder.lstat()):
                    return descriptor
                os.close(descriptor)

    def reachable(self, path: Path) -> Path:
        """The path itself where a box can be shown it, else the copy."""
        if reachable(path):
            return path
        stat = path.stat()
        key = hashlib.sha256(f"{path} {stat.st_ino} {stat.st_mtime_ns}".encode()).hexdigest()[:16]
        target = self.folder / key / path.name
        with self._alone():
            if not target.exists():
                self._copy(path, target)
        return target

    @staticmethod
    def _copy(path: Path, target: Path) -> None:
        """Whole or not at all: a grader may be killed while it copies."""
        unfinished = target.parent.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        copy_for_all(path, unfinished / path.name)
        shutil.rmtree(target.parent, ignore_errors=True)
        unfinished.rename(target.parent)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keeps other graders from copying the same at the same time."""
        descriptor = os.open(self.folder / "copying", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            lock(descriptor)
            yield
        finally:
            os.close(descriptor)

    def close(self) -> None:
        """Removes the copies where nobody else holds them."""
        if os.getpid() != self.owner:
            return
        with suppress(OSError):
            lock(self.lock, wait=False)
            shutil.rmtree(self.folder, ignore_errors=True)
        os.close(self.lock)


@functools.cache
def shared_copies() -> SharedCopies:
    """Those of this process, held until it ends."""
    copies = SharedCopies()
    atexit.register(copies.close)
    return copies
