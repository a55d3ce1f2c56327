"""Students as Moodle knows them within one assignment.

Each has a number there, another one in every assignment, which Moodle writes into the names of *Download all
submissions* (``Full name_NUMBER_assignsubmission_file``) and into the grading worksheet, with ids and
addresses. Source: Moodle's `mod/assign/classes/downloader.php`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from grader.sheets import read_sheet

SUBMISSION = "_assignsubmission_"
NAMED = re.compile(rf"(?P<name>[^/_]+)_(?P<number>\d+){SUBMISSION}(?P<plugin>[a-z]+)(_(?P<flat>.*))?")
_IDENTIFIER = re.compile(r"\D*(?P<number>\d+)")
_HEADS = {
    "name": "Full name",
    "email": "Email address",
    "id": "ID number",
    "handed_in": "Last modified (submission)",
}


@dataclass(frozen=True)
class Participant:
    """One of them; what is not known is empty."""

    number: str
    name: str
    email: str = ""
    id: str = ""
    handed_in: str = field(default="", compare=False)  # as Moodle prints a time


def of_worksheet(path: Path) -> Iterator[Participant]:
    """Those of a grading worksheet in English, nobody where it is another table; raises CourseError."""
    for row in read_sheet(path):
        if found := _IDENTIFIER.fullmatch(row.get("Identifier", "").strip()):
            yield Participant(
                found["number"], **{name: row.get(head, "").strip() for name, head in _HEADS.items()}
            )
