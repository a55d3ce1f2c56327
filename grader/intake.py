"""Reads a submitted file, and trusts nothing about it.

What comes out is a list of cells, or a `Reason`: one sentence that tells the student what is wrong with
the file.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from grader.values import valid_text
from layercost.message import Message, Words

MAX_FILE_BYTES = 20 << 20
MAX_CELLS = 2_000
MAX_SOURCE = 200_000  # characters in one cell
MAX_NESTING = 100  # brackets in brackets


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
    """Reads `submitted/student/assignment/notebook.ipynb`; raises Reason."""
    data = read_bytes(submitted, (student, assignment, f"{notebook}.ipynb"))
    cells = tuple(_cells(_parse(data)))
    remarks = []
    if len(cells) > MAX_CELLS:
        remarks.append(
            Message(
                "Your notebook has {count} cells; only the first {most} were looked at.",
                count=len(cells),
                most=MAX_CELLS,
            )
        )
    return Submission(hashlib.sha256(data).hexdigest(), cells[:MAX_CELLS], tuple(remarks))


def read_bytes(root: Path, parts: tuple[str, ...], limit: int = MAX_FILE_BYTES) -> bytes:
    """Reads a regular file below `root`, following no link on the way; raises Reason."""
    name = parts[-1]
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            folder = _enter(folder, part)
        return _read_file(folder, name, limit)
    finally:
        os.close(folder)


def _enter(folder: int, part: str) -> int:
    """Opens a folder in a folder, and closes the outer one."""
    try:
        inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
    except OSError as error:
        raise Reason(
            Message("The folder {part!r} is not there, or is a link; links are not followed.", part=part)
        ) from error
    os.close(folder)
    return inner


def _read_file(folder: int, name: str, limit: int) -> bytes:
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # a pipe must not make us wait
        descriptor = os.open(name, flags, dir_fd=folder)
    except FileNotFoundError as error:
        raise Reason(_missing_file(folder, name)) from error
    except OSError as error:
        raise Reason(
            Message("{name} is a link or cannot be opened; submit the file itself.", name=name)
        ) from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Reason(
                Message("{name} is not a file; submit the notebook that you downloaded or saved.", name=name)
            )
        data = file.read(limit + 1)
    if len(data) > limit:
        megabytes = limit >> 20
        raise Reason(
            Message(
                "{name} is larger than {megabytes} MB; clear the outputs of its cells and submit it again.",
                name=name,
                megabytes=megabytes,
            )
        )
    return data


def _missing_file(folder: int, name: str) -> Message:
    others = sorted(other for other in os.listdir(folder) if other.endswith(".ipynb"))
    if not others:
        return Message("There is no notebook in what you submitted; {name} was expected.", name=name)
    return Message(
        "There is no {name} in what you submitted, only {other!r}; rename it and submit it again.",
        name=name,
        other=others[0],
    )


def _parse(data: bytes) -> dict[str, Any]:
    if not data.strip():
        raise Reason(Message("The file is empty; save your notebook and submit it again."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Reason(
            Message("The file is not UTF-8 text, so it is no notebook; submit the .ipynb file itself.")
        ) from error
    try:
        notebook = json.loads(text)
    except RecursionError as error:
        raise Reason(Message("The file is nested too deeply to be a notebook.")) from error
    except ValueError as error:
        raise Reason(
            Message(
                "The file is not JSON, so it is no notebook or only a part of one; save it in Jupyter "
                "and submit it again."
            )
        ) from error
    if not isinstance(notebook, dict):
        raise Reason(Message("The file is JSON but no notebook; submit the .ipynb file that you worked in."))
    if _too_deep(notebook):
        raise Reason(Message("The file is nested too deeply to be a notebook."))
    return notebook


def _too_deep(tree: object) -> bool:
    """Walks level by level, so that depth costs no stack."""
    level: list[Any] = [tree]
    for _ in range(MAX_NESTING):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return False
    return True


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
    if isinstance(source, list):
        source = "".join(line for line in source if isinstance(line, str))
    text = source if isinstance(source, str) else ""
    return valid_text(text)[: MAX_SOURCE + 1]
