"""The files of a zip or a folder, looked at and not unpacked; whatever an honest one never holds is refused.

Only what is asked for is ever read, up to a size, so an archive that unpacks to a terabyte costs nothing.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from grader.course import CourseError
from grader.intake import MAX_FILE_BYTES, Reason, read_bytes
from grader.names import without_control_characters

MAX_ENTRIES = 100_000
MAX_OF_ONE, MAX_LEVELS = 5_000, 12  # of one student's folder
MEGABYTE = 1 << 20
_ODD = re.compile(r"\\|\0|^[A-Za-z]:")  # a separator of Windows, a name's end in C, a drive
SKIPPED = ("__MACOSX", ".git", ".ipynb_checkpoints")


class Refused(Exception):
    """Why one student's file is not taken; the others are."""


class SourceError(CourseError):
    """A zip or folder that is not what it should be: nothing of it is taken."""


@dataclass(frozen=True)
class File:
    """One file: the folders and the name that lead to it, and its size as the source has it."""

    parts: tuple[str, ...]
    size: int

    def __str__(self) -> str:
        return without_control_characters("/".join(self.parts))


class Tree(ABC):
    """Files by their paths."""

    @abstractmethod
    def files(self) -> Iterator[File]:
        """All regular files; raises SourceError for what an honest source never holds."""

    @abstractmethod
    def latest(self, file: File) -> datetime:
        """A time at which the file was there already, so that it is not newer than that."""

    @abstractmethod
    def read(self, file: File) -> bytes:
        """What a file holds; raises Refused."""


def open_tree(source: Path) -> Tree:
    """A zip or a folder; raises SourceError."""
    if source.is_dir():
        return Folder(source)
    if not source.exists():
        raise SourceError(f"{source} is not there; expected a zip or a folder.")
    if not zipfile.is_zipfile(source):
        raise SourceError(f"{source} is no zip archive; download it again, or name a folder.")
    return Archive(source)


class Archive(Tree):
    """A zip that a learning platform made."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, NotImplementedError) as error:
            raise SourceError(f"{path} cannot be opened ({error}); download it again.") from error
        self.entries = {info.filename: info for info in self.zip.infolist()}
        if len(self.zip.infolist()) > MAX_ENTRIES:
            raise SourceError(f"{path} holds more than {MAX_ENTRIES:,} files; nothing was taken.")
        self.packed = self._packed()

    def _packed(self) -> datetime:
        """When the latest file was put in, by this machine's clock; the zip's own time where none is told."""
        times = []
        for info in self.entries.values():
            try:
                times.append(datetime(*info.date_time).astimezone(UTC))
            except (ValueError, OverflowError, OSError):
                continue
        known = [time for time in times if time.year > 1980]
        return max(known, default=datetime.fromtimestamp(self.path.stat().st_mtime, UTC))

    def files(self) -> Iterator[File]:
        seen: set[str] = set()
        for info in self.zip.infolist():
            self._check(info)
            if info.filename in seen:
                raise self._refusal(info, "is there twice")
            seen.add(info.filename)
            parts = tuple(info.filename.split("/"))
            if not info.is_dir() and not set(parts) & set(SKIPPED):
                yield File(parts, info.file_size)

    def latest(self, file: File) -> datetime:
        return self.packed

    def _check(self, info: zipfile.ZipInfo) -> None:
        """Refuses the whole archive for what no learning platform ever writes."""
        mode = info.external_attr >> 16
        if info.flag_bits & 1:
            raise self._refusal(info, "is encrypted")
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise self._refusal(info, "is a link or a device")
        if not is_safe(info.filename):
            raise self._refusal(info, "leads out of the folder that it is unpacked in")

    def _refusal(self, info: zipfile.ZipInfo, why: str) -> SourceError:
        name = without_control_characters(info.filename)
        return SourceError(
            f"{self.path}: {name!r} {why}; no learning platform writes that. Nothing was taken."
        )

    def read(self, file: File) -> bytes:
        check_size(file)
        try:
            with self.zip.open(self.entries["/".join(file.parts)]) as opened:
                data = opened.read(MAX_FILE_BYTES + 1)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, KeyError) as error:
            raise Refused(f"cannot be unpacked ({error})") from error
        if len(data) > MAX_FILE_BYTES:
            raise Refused(too_large(len(data)))
        return data


def is_safe(name: str) -> bool:
    """Whether a path stays in the folder in which it is unpacked, on any system."""
    parts = name.removesuffix("/").split("/")
    return not _ODD.search(name) and not any(part in ("", ".", "..") for part in parts)


def too_large(size: int) -> str:
    """The words for a notebook that nobody would read to its end."""
    return f"unpacks to {size / MEGABYTE:,.0f} MB, and a notebook has at most {MAX_FILE_BYTES // MEGABYTE} MB"


def check_size(file: File) -> None:
    """Raises Refused before anything is read."""
    if file.size > MAX_FILE_BYTES:
        raise Refused(too_large(file.size))


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """The folders and the files in a folder, as far as they may be read; a link is a file."""
    folders: list[Path] = []
    files: list[Path] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda one: one.name):
            is_folder = entry.is_dir(follow_symlinks=False)
            if not (is_folder and entry.name in SKIPPED):
                (folders if is_folder else files).append(folder / entry.name)
    return folders, files


def _within(folder: Path) -> Path:
    """The folder that holds something: an unpacking program may have put one more around."""
    folders, files = _listed(folder)
    return folders[0] if len(folders) == 1 and not files else folder


class Folder(Tree):
    """A folder on this machine: what was cloned, or unpacked by hand."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def files(self) -> Iterator[File]:
        """Of a folder within that holds very many, those that lie highest: nobody's stops the class."""
        top = _within(self.path)
        folders, files = _listed(top)
        yield from map(self._file, files)
        for folder in folders:
            yield from islice(self._highest(folder), MAX_OF_ONE)

    def clones(self) -> list[Path]:
        """The folders that git cloned, here or in the one folder that is around them."""
        for top in (self.path, _within(self.path)):
            if found := [one for one in _listed(top)[0] if os.path.lexists(one / ".git")]:
                return found
        return []

    def _highest(self, folder: Path) -> Iterator[File]:
        """The files below a folder, level by level, down to a depth."""
        level = [folder]
        for _ in range(MAX_LEVELS):
            listed = [_listed(one) for one in level]
            yield from (self._file(path) for _, files in listed for path in files)
            level = [one for folders, _ in listed for one in folders][:MAX_OF_ONE]

    def _file(self, path: Path) -> File:
        return File(path.relative_to(self.path).parts, path.lstat().st_size)

    def latest(self, file: File) -> datetime:
        return datetime.fromtimestamp(self.path.joinpath(*file.parts).lstat().st_mtime, UTC)

    def read(self, file: File) -> bytes:
        check_size(file)
        try:
            return read_bytes(self.path, file.parts)
        except Reason as reason:
            raise Refused(str(reason)) from reason
