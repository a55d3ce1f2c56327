"""Moodle's *Download all submissions*.

Moodle names each student by ``Full name_NUMBER_assignsubmission_file``, in one of two forms: a folder of that
name with the student's files in it (the default since 3.1; older versions end it with ``_``), or, where
*download in folders* is off, flat files ``Full name_NUMBER_assignsubmission_file_p1.ipynb``. The number is
the participant's within this one assignment, and the same as in the grading worksheet; group work has the
group's name and number there. A text typed into Moodle is ``..._assignsubmission_onlinetext``. Source:
Moodle's `mod/assign/classes/downloader.php`. No time is told: the zip's own dates are those of the download.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from grader.collecting.handed import Batch, Handed, Sender
from grader.collecting.tree import File, SourceError, Tree

SYSTEM = "moodle"
_SENDER = re.compile(r"(?P<name>[^_]+)_(?P<number>\d+)_assignsubmission_(?P<plugin>[a-z]+)(_(?P<flat>.*))?")
_IDENTIFIER = re.compile(r"\D*(\d+)")
_TIMES = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%A, %B %d, %Y, %I:%M %p", "%Y-%m-%d %H:%M:%S")
MAX_WORKSHEET_BYTES = 20_000_000


def is_moodle(files: list[File]) -> bool:
    """Whether a file in it is named as Moodle names them."""
    return any(_place(file) is not None for file in files)


def read_moodle(tree: Tree, worksheet: Path | None = None) -> Batch:
    """What was handed in; the worksheet, where there is one, tells ids, addresses and times."""
    known = dict(_participants(worksheet)) if worksheet is not None else {}
    files, handed, others = list(tree.files()), [], []
    places = [place for file in files if (place := _place(file)) is not None]
    for file in files:
        one = _handed(file, min(places, default=0))
        if one is None:
            others.append(str(file))
        else:
            sender = known.get(one.sender.key, (one.sender, None))[0]
            handed.append(replace(one, sender=sender))
    return Batch(tuple(handed), tuple(others), lambda one: known.get(one.sender.key, (None, None))[1])


def _place(file: File) -> int | None:
    """At which of a path's parts the student is named: the first, or below a folder that was packed too."""
    found = (place for place, part in enumerate(file.parts[:3]) if _SENDER.fullmatch(part))
    return next(found, None)


def _handed(file: File, place: int) -> Handed | None:
    """Moodle names students at one depth only; below it, a student may have named a folder alike."""
    match = _SENDER.fullmatch(file.parts[place]) if len(file.parts) > place else None
    if match is None:
        return None
    sender = Sender(SYSTEM, match["number"], match["name"])
    rest = (*filter(None, [match["flat"]]), *file.parts[place + 1 :])
    if match["plugin"] != "file" or not rest:
        return Handed(sender, file, "")
    return Handed(sender, file, rest[-1], rest[:-1])


# ---- the grading worksheet ----------------------------------------------------------------------


def _participants(path: Path) -> Iterator[tuple[str, tuple[Sender, datetime | None]]]:
    """Each participant's number, with id and address, and the time of the submission."""
    if path.stat().st_size > MAX_WORKSHEET_BYTES:
        raise SourceError(f"{path} is too large for a grading worksheet.")
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise SourceError(f"{path} cannot be read as CSV: {error}") from error
    if not rows or "Identifier" not in rows[0]:
        raise SourceError(
            f"{path} is no grading worksheet of Moodle in English: expected a column `Identifier`, with "
            "`Full name`, `Email address` or `ID number` beside it."
        )
    for row in rows:
        match = _IDENTIFIER.fullmatch((row["Identifier"] or "").strip())
        if match:
            yield match[1], (_sender(match[1], row), _time(row.get("Last modified (submission)") or ""))


def _sender(number: str, row: Mapping[str, str | None]) -> Sender:
    def cell(name: str) -> str:
        return (row.get(name) or "").strip()

    return Sender(SYSTEM, number, cell("Full name"), cell("Email address"), cell("ID number"))


def _time(text: str) -> datetime | None:
    """As Moodle prints it, by this machine's time zone; None for "-" and for other languages."""
    for form in _TIMES:
        with suppress(ValueError):
            return datetime.strptime(text.strip(), form).astimezone()
    return None
