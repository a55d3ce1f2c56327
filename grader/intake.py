"""Reads a submitted file, and trusts nothing about it.

What comes out is a list of cells, or a `Reason`: one sentence that tells the student what is wrong with
the file. However odd the file, reading it takes a bounded memory and time.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import stat
import threading
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from grader.names import check_student, chosen_notebook, unusable
from grader.structure import TooDeep, TooMuch, check_structure
from grader.values import valid_text
from layercost.message import Message, Words, listing

MAX_FILE_BYTES = 20 << 20
MAX_CELLS = 2_000
MAX_SOURCE = 200_000  # characters in one cell
LARGE_BYTES = 2 << 20  # files above this are read one at a time, whatever the number of workers

_LARGE_FILE = threading.Lock()


class Reason(Exception):
    """Why a file cannot be marked, in words for its student."""


@dataclass(frozen=True)
class SubmittedCell:
    """A cell as it came: `grade_id` is what its metadata claims, empty where they claim nothing."""

    grade_id: str
    cell_type: str
    source: str
    settings: dict[str, Any]
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Submission:
    """A file that is a notebook. `sha256` is of the file's bytes; `remarks` are for the student."""

    sha256: str
    cells: tuple[SubmittedCell, ...]
    remarks: tuple[Words, ...] = ()


def read_submission(submitted: Path, student: str, assignment: str, notebook: str) -> Submission:
    """Reads `submitted/student/assignment/notebook.ipynb`, or what came in its place; raises Reason.

    Raises UnusableName where the student's folder bears a name that nothing can be written under.
    """
    check_student(student)
    folder = _open_folder(submitted, (student, assignment))
    try:
        name, remarks = _choose(folder, f"{notebook}.ipynb")
        data = _read_file(folder, name, MAX_FILE_BYTES)
    finally:
        os.close(folder)
    sha256 = hashlib.sha256(data).hexdigest()
    with _LARGE_FILE if len(data) > LARGE_BYTES else nullcontext():
        text, odd = _decode(data)
        del data
        cells = tuple(islice(_cells(_parse(text)), MAX_CELLS + 1))
    remarks += odd
    if len(cells) > MAX_CELLS:
        remarks.append(
            Message("Your notebook has many cells; only the first {most} were looked at.", most=MAX_CELLS)
        )
    return Submission(sha256, cells[:MAX_CELLS], tuple(remarks))


def _choose(folder: int, name: str) -> tuple[str, list[Words]]:
    """The file to read, which may bear another name than the expected one, and what to say about that."""
    others = [other for other in sorted(os.listdir(folder)) if not unusable(other)]
    found = chosen_notebook(others, name)
    if found is None:
        raise Reason(_missing_file(others, name))
    if found != name:
        return found, [
            Message("Your file is called {found!r}; it was taken for {name}.", found=found, name=name)
        ]
    again = chosen_notebook([other for other in others if other != name], name)
    if again is not None:
        return found, [Message("{name} was marked, and not {again!r}.", name=name, again=again)]
    return found, []


def read_bytes(root: Path, parts: tuple[str, ...], limit: int = MAX_FILE_BYTES) -> bytes:
    """Reads a regular file below `root`, following no link on the way; raises Reason."""
    folder = _open_folder(root, parts[:-1])
    try:
        return _read_file(folder, parts[-1], limit)
    finally:
        os.close(folder)


def _open_folder(root: Path, parts: tuple[str, ...]) -> int:
    """Opens a folder below `root`, following no link on the way."""
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts:
            folder = _enter(folder, part)
    except BaseException:
        os.close(folder)
        raise
    return folder


def _enter(folder: int, part: str) -> int:
    """Opens a folder in a folder, and closes the outer one."""
    try:
        inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    except PermissionError as error:
        raise Reason(
            Message("The folder {part!r} may not be read; give others the right to read it.", part=part)
        ) from error
    except OSError as error:
        raise Reason(
            Message("{part!r} is no folder, or a link to one; links are not followed.", part=part)
        ) from error
    os.close(folder)
    return inner


def _read_file(folder: int, name: str, limit: int) -> bytes:
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe must not make us wait
        descriptor = os.open(name, flags, dir_fd=folder)
    except OSError as error:
        raise Reason(_closed_file(name, error)) from error
    try:
        _check_file(name, os.fstat(descriptor))
        data = _read_up_to(descriptor, limit + 1)
    finally:
        os.close(descriptor)
    if len(data) > limit:
        raise Reason(_too_large(name, limit))
    return data


def _read_up_to(descriptor: int, limit: int) -> bytes:
    parts = []
    while limit and (part := os.read(descriptor, min(limit, 1 << 20))):
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _closed_file(name: str, error: OSError) -> Message:
    """Why a file could not even be opened."""
    if isinstance(error, FileNotFoundError):
        return Message("There is no {name} in what you submitted.", name=name)
    if isinstance(error, PermissionError):
        return Message("{name} may not be read; give others the right to read it.", name=name)
    if error.errno == errno.ELOOP:
        return Message("{name} is a link; submit the file itself.", name=name)
    return Message("{name} cannot be opened; submit the notebook that you downloaded or saved.", name=name)


def _check_file(name: str, found: os.stat_result) -> None:
    """Refuses folders, pipes and devices, and a file that has a second name: it may be somebody else's."""
    if stat.S_ISDIR(found.st_mode):
        raise Reason(
            Message("{name} is a folder; submit the notebook that you downloaded or saved.", name=name)
        )
    if not stat.S_ISREG(found.st_mode):
        raise Reason(
            Message("{name} is not a file; submit the notebook that you downloaded or saved.", name=name)
        )
    if found.st_nlink > 1:
        raise Reason(
            Message("{name} is a hard link, the same file under a second name; submit a copy.", name=name)
        )
    if found.st_size > MAX_FILE_BYTES:
        raise Reason(_too_large(name, MAX_FILE_BYTES))


def _too_large(name: str, limit: int) -> Message:
    return Message(
        "{name} is larger than {megabytes} MB; clear the outputs of its cells and submit it again.",
        name=name,
        megabytes=limit >> 20,
    )


def _missing_file(others: list[str], name: str) -> Message:
    notebooks = [other for other in others if other.endswith(".ipynb")]
    if notebooks:
        return Message(
            "There is no {name} in what you submitted, but {names}; submit one file, named {name}.",
            name=name,
            names=listing([repr(other) for other in notebooks[:3]]),
        )
    if others:
        return Message(
            "There is no notebook in what you submitted, only {other!r}; {name} was expected.",
            name=name,
            other=others[0],
        )
    return Message("There is no notebook in what you submitted; {name} was expected.", name=name)


# ---- the text -----------------------------------------------------------------------------------


def _decode(data: bytes) -> tuple[str, list[Words]]:
    """The text of a file: UTF-8, or UTF-16 where a byte-order mark says so."""
    if not data.strip(b" \t\r\n\0"):
        raise Reason(Message("The file is empty; save your notebook and submit it again."))
    if data[:2] in (b"PK", b"\x1f\x8b"):
        raise Reason(
            Message("The file is an archive under a notebook's name; submit the .ipynb file that is in it.")
        )
    wide = data[:2] in (BOM_UTF16_LE, BOM_UTF16_BE)
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise Reason(
            Message("The file is not UTF-8 text, so it is no notebook; submit the .ipynb file itself.")
        ) from error
    if wide:
        return text, [
            Message("Your file was saved as UTF-16; notebooks are UTF-8. It was read all the same.")
        ]
    return text, []


def _parse(text: str) -> dict[str, Any]:
    try:
        check_structure(text)
        notebook = json.loads(text)
    except TooDeep as error:
        raise Reason(Message("The file is nested too deeply to be a notebook.")) from error
    except TooMuch as error:
        raise Reason(
            Message(
                "The file holds more parts than a notebook has; clear the outputs of its cells and submit "
                "it again."
            )
        ) from error
    except (ValueError, RecursionError) as error:
        raise Reason(_not_json(text)) from error
    if not isinstance(notebook, dict):
        raise Reason(Message("The file is JSON but no notebook; submit the .ipynb file that you worked in."))
    return notebook


def _not_json(text: str) -> Message:
    """What the file is instead, where its beginning tells."""
    start = text[:200].lstrip().casefold()
    if start.startswith(("<!doctype html", "<html")):
        return Message(
            "The file is a web page, not the notebook; download the .ipynb file itself and submit that."
        )
    return Message(
        "The file is not JSON, so it is no notebook or only a part of one; save it in Jupyter "
        "and submit it again."
    )


def _cells(notebook: dict[str, Any]) -> Iterator[SubmittedCell]:
    """Cells of nbformat 4 and, in worksheets, of nbformat 3; what is no cell is passed over."""
    found = notebook.get("cells")
    if found is None and isinstance(notebook.get("worksheets"), list):
        sheets = [sheet for sheet in notebook["worksheets"] if isinstance(sheet, dict)]
        lists = [sheet.get("cells") for sheet in sheets]
        found = [cell for cells in lists if isinstance(cells, list) for cell in cells]
    if not isinstance(found, list):
        raise Reason(
            Message("The file is JSON but has no cells, so it is no notebook; submit the .ipynb file.")
        )
    for cell in found:
        if isinstance(cell, dict):
            yield _cell(cell)


def _cell(cell: dict[str, Any]) -> SubmittedCell:
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    settings = metadata.get("nbgrader")
    settings = settings if isinstance(settings, dict) else {}
    grade_id, kind, tags = settings.get("grade_id"), cell.get("cell_type"), metadata.get("tags")
    return SubmittedCell(
        grade_id=grade_id if isinstance(grade_id, str) else "",
        cell_type=kind if isinstance(kind, str) else "",
        source=_source(cell.get("source", cell.get("input"))),
        settings=settings,
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
    )


def _source(source: object) -> str:
    """The text of a cell: one string, or a list of lines; lone surrogates become question marks."""
    lines = source if isinstance(source, list) else [source]
    kept, room = [], MAX_SOURCE + 1
    for line in lines:
        if room <= 0:
            break
        if isinstance(line, str):
            kept.append(line[:room])
            room -= len(line)
    return valid_text("".join(kept))
