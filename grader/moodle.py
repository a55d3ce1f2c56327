"""Feedback pages in the zip that Moodle takes back: *Upload multiple feedback files in a zip*.

Moodle finds the student of a file by its name, ``Full name_PARTICIPANT_assignfeedback_file_page.html``, with
the number that *Download all submissions* or the grading worksheet tells.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from grader.collecting.moodle import read_moodle, sender_of
from grader.collecting.people import in_this_assignment, placed
from grader.collecting.tree import Archive, Refused
from grader.course import CourseError
from grader.participants import Participant, of_worksheet
from grader.roster import Student

PLUGIN = "assignfeedback_file"


def participants(path: Path) -> list[Participant]:
    """Reads a zip of all submissions or a grading worksheet; raises CourseError."""
    try:
        if zipfile.is_zipfile(path):
            named = {(one.sender.key, one.sender.name) for one in read_moodle(Archive(path)).handed}
            read = [Participant(number, name) for number, name in sorted(named)]
        else:
            read = list(of_worksheet(path))
    except (OSError, zipfile.BadZipFile) as error:
        raise CourseError(f"{path} cannot be read: {error}") from None
    if not read:
        raise CourseError(
            f"{path} names no participant of Moodle; expected the zip of *Download all submissions*, or the "
            "grading worksheet, a CSV with the columns Identifier and Full name."
        )
    return read


def matched(
    students: Sequence[Student], known: Iterable[Participant]
) -> tuple[dict[str, Participant], list[str]]:
    """The participant that each student is, and who was not found or could be several.

    It takes everybody of the course: whom a name fits beside another one is neither. A number under which the
    file has two is nobody's, for Moodle hands back by the number alone.
    """
    candidates: dict[str, list[tuple[int, Participant]]] = {student.id: [] for student in students}
    known = dict.fromkeys(known)
    students = in_this_assignment(students, map(sender_of, known))
    times = Counter(one.number for one in known)
    for one in (one for one in known if times[one.number] == 1):
        with suppress(Refused):
            way, student = placed(sender_of(one), students)
            candidates[student.id].append((way, one))
    found, missing = {}, []
    for name, ways in candidates.items():
        surest = [one for way, one in ways if way == min(way for way, _ in ways)]
        if len(surest) == 1:
            found[name] = surest[0]
        else:
            missing.append(name)
    return found, missing


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
