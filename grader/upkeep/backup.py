"""A copy of a whole course in one file, taken while others may be marking."""

from __future__ import annotations

import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Container
from contextlib import closing, suppress
from pathlib import Path

from grader.course import Course, CourseError

GRADEBOOK = "gradebook.db"


def back_up(course: Course, target: Path) -> None:
    """Writes the course folder into a .tar.gz that only its owner can read; raises CourseError.

    The gradebook is copied by SQLite itself, so that a copy taken in the middle of a batch is whole.
    """
    target = target.resolve()
    if target.exists():
        raise CourseError(f"{target} exists; name a new file.")
    if course.root in target.parents:
        raise CourseError(f"{target} lies in the course itself; a copy belongs on another disk.")
    partial = target.with_name(f".{target.name}.part")
    try:
        _write(course, partial)
        partial.replace(target)
    except OSError as error:
        raise CourseError(f"{target} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)


def _write(course: Course, path: Path) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with (
        os.fdopen(descriptor, "wb") as file,
        tarfile.open(fileobj=file, mode="w:gz") as archive,
        tempfile.TemporaryDirectory() as folder,
    ):
        left_out = {f"{course.root.name}/{GRADEBOOK}{ending}" for ending in ("", "-wal", "-shm")}
        _add(archive, course.root, course.root.name, left_out)
        if (course.root / GRADEBOOK).exists():
            copy = Path(folder) / GRADEBOOK
            _copy_database(course.root / GRADEBOOK, copy)
            archive.add(copy, arcname=f"{course.root.name}/{GRADEBOOK}")


def _add(archive: tarfile.TarFile, path: Path, name: str, left_out: Container[str]) -> None:
    """A file, or a folder with all that is in it.

    A file that is replaced meanwhile is either the old or the new one, and whole; one that is gone by now was
    a temporary one of somebody who writes.
    """
    if name in left_out:
        return
    with suppress(FileNotFoundError):
        entry = archive.gettarinfo(path, name)
        if entry is None:
            return  # a socket
        if entry.isreg():
            with path.open("rb") as file:
                archive.addfile(archive.gettarinfo(arcname=name, fileobj=file), file)
        else:
            archive.addfile(entry)
            for inner in sorted(path.iterdir()) if entry.isdir() else ():
                _add(archive, inner, f"{name}/{inner.name}", left_out)


def _copy_database(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
