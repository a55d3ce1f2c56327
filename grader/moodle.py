"""Feedback pages in the zip that Moodle takes back: *Upload multiple feedback files in a zip*.

Moodle finds the student of a file by its name, ``Full name_PARTICIPANT_assignfeedback_file_page.html``. The
participant's number is another one in each assignment; Moodle writes it into the names in *Download all
submissions* and into the grading worksheet, and from either of these it is read here.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from grader.course import CourseError
from grader.roster import Student

MOST_BYTES = 50_000_000  # of a grading worksheet
PLUGIN = "assignfeedback_file"
_MEMBER = re.compile(r"(?P<name>[^/_]+)_(?P<number>\d+)_assignsubmission_")
_IDENTIFIER = re.compile(r"\D*(?P<number>\d+)")
_HEADS = {"identifier": "Identifier", "name": "Full name", "email": "Email address", "id": "ID number"}


@dataclass(frozen=True)
class Participant:
    """One student as Moodle knows them within one assignment; what is not known is empty."""

    number: str
    name: str
    email: str = ""
    id: str = ""


def participants(path: Path) -> list[Participant]:
    """Reads a zip of all submissions or a grading worksheet; raises CourseError."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                found = [_MEMBER.match(name) for name in archive.namelist()]
            named = {(one["number"], one["name"]) for one in found if one}
            read = [Participant(number, name) for number, name in sorted(named)]
        else:
            read = list(_of_worksheet(path))
    except (OSError, UnicodeDecodeError, csv.Error, zipfile.BadZipFile) as error:
        raise CourseError(f"{path} cannot be read: {error}") from None
    if not read:
        raise CourseError(
            f"{path} names no participant of Moodle; expected the zip of *Download all submissions*, or the "
            "grading worksheet, a CSV with the columns Identifier and Full name."
        )
    return read


def _of_worksheet(path: Path) -> Iterable[Participant]:
    if path.stat().st_size > MOST_BYTES:
        raise CourseError(f"{path} is too large for a grading worksheet")
    text = path.read_text(encoding="utf-8-sig")
    for row in csv.DictReader(io.StringIO(text, newline=""), restval=""):
        cells = {name: str(row.get(head) or "").strip() for name, head in _HEADS.items()}
        if found := _IDENTIFIER.fullmatch(cells["identifier"]):
            yield Participant(found["number"], cells["name"], cells["email"], cells["id"])


def matched(
    students: Sequence[Student], known: Iterable[Participant]
) -> tuple[dict[str, Participant], list[str]]:
    """The participant that each student is, and who was not found or could be several.

    A column `moodle` of the roster decides; then an id number, an address, or a full name that is not twice
    there.
    """
    every = list(known)
    by_key: dict[tuple[str, str], list[Participant]] = {}
    for one in every:
        for kind, value in (("id", one.id), ("email", one.email), ("name", one.name), ("moodle", one.number)):
            if value:
                by_key.setdefault((kind, _plain(value)), []).append(one)
    found, missing = {}, []
    for student in students:
        keys = (
            *(("moodle", student.further.get("moodle", "")), ("id", student.id), ("email", student.email)),
            *(("name", student.name), ("name", student.id)),
        )
        candidates = next(
            (by_key[kind, _plain(value)] for kind, value in keys if (kind, _plain(value)) in by_key), []
        )
        if len(candidates) == 1:
            found[student.id] = candidates[0]
        else:
            missing.append(student.id)
    return found, missing


def _plain(value: str) -> str:
    return " ".join(value.split()).casefold()


def write_zip(path: Path, pages: Mapping[str, Path], found: Mapping[str, Participant]) -> int:
    """Writes the pages of those whose participant is known; gives their number."""
    chosen = {student: page for student, page in pages.items() if student in found}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for student, page in sorted(chosen.items()):
            archive.writestr(member(found[student], page.name), page.read_bytes())
    return len(chosen)


def member(participant: Participant, page: str) -> str:
    """The name of a page in the zip: Moodle parts it at the first four underscores."""
    name = re.sub(r"[^\w .-]|_", " ", participant.name).strip() or "participant"
    return f"{name}_{participant.number}_{PLUGIN}_{page}"
