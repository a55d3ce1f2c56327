"""Moodle's *Download all submissions*.

Moodle names each student by ``Full name_NUMBER_assignsubmission_file``, in one of two forms: a folder of that
name with the student's files in it (the default since 3.1; older versions end it with ``_``), or, where
*download in folders* is off, flat files ``Full name_NUMBER_assignsubmission_file_p1.ipynb``. The number is
the participant's within this one assignment, and the same as in the grading worksheet; group work has the
group's name and number there. A text typed into Moodle is ``..._assignsubmission_onlinetext``. Source:
Moodle's `mod/assign/classes/downloader.php`. No time is told: the zip's own dates are those of the download.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from grader.collecting.handed import Batch, Handed, Sender
from grader.collecting.tree import File, SourceError, Tree
from grader.participants import NAMED, SUBMISSION, Participant, of_worksheet

SYSTEM = "moodle"
_TIMES = ("%A, %d %B %Y, %I:%M %p", "%A, %d %B %Y, %H:%M", "%A, %B %d, %Y, %I:%M %p", "%Y-%m-%d %H:%M:%S")


def is_moodle(files: list[File]) -> bool:
    """Whether most of what lies at one depth, all of it in one folder, is named as Moodle names it.

    In a folder of clones, no student can bring that about from within a clone.
    """
    place = _depth(files)
    if place is None:
        return False
    entries = {file.parts[: place + 1] for file in files if len(file.parts) > place}
    around = {file.parts[:-1][:place] for file in files}
    named = sum(bool(NAMED.fullmatch(entry[place])) for entry in entries)
    longest = max(around, key=len)
    return all(longest[: len(one)] == one for one in around) and 2 * named >= len(entries)


def read_moodle(tree: Tree, worksheet: Path | None = None) -> Batch:
    """What was handed in; the worksheet, where there is one, tells ids, addresses and times."""
    known = {one.number: one for one in _listed(worksheet)} if worksheet is not None else {}
    files, handed, others = list(tree.files()), [], []
    place = _depth(files) or 0
    for file in files:
        one = _handed(file, place)
        if one is None:
            others.append(str(file))
        else:
            listed = known.get(one.sender.key)
            handed.append(one if listed is None else replace(one, sender=sender_of(listed)))

    def time_of(one: Handed) -> datetime | None:
        return _time(known[one.sender.key].handed_in) if one.sender.key in known else None

    return Batch(tuple(handed), tuple(others), time_of)


def _depth(files: Iterable[File]) -> int | None:
    """At which part of the paths students are named: the smallest at which one is, None where nobody is.

    Moodle names students at one depth only; below it, a student may have named a folder alike.
    """
    return min((place for file in files if (place := _place(file)) is not None), default=None)


def _place(file: File) -> int | None:
    """At which of a path's parts the student is named: the first, or below a folder that was packed too.

    Below a name that is almost Moodle's, all is a student's.
    """
    found = (place for place, part in enumerate(file.parts[:3]) if SUBMISSION in part)
    place = next(found, None)
    return place if place is not None and NAMED.fullmatch(file.parts[place]) else None


def _handed(file: File, place: int) -> Handed | None:
    match = NAMED.fullmatch(file.parts[place]) if len(file.parts) > place else None
    if match is None:
        return None
    sender = Sender(SYSTEM, match["number"], match["name"])
    rest = (*filter(None, [match["flat"]]), *file.parts[place + 1 :])
    if match["plugin"] != "file" or not rest:
        return Handed(sender, file, "")
    return Handed(sender, file, rest[-1], rest[:-1])


# ---- the grading worksheet ----------------------------------------------------------------------


def _listed(path: Path) -> list[Participant]:
    """Those of the grading worksheet; raises SourceError where it names nobody."""
    found = list(of_worksheet(path))
    if not found:
        raise SourceError(
            f"{path} is no grading worksheet of Moodle in English: expected a column `Identifier`, with "
            "`Full name`, `Email address` or `ID number` beside it."
        )
    return found


def sender_of(participant: Participant) -> Sender:
    """A participant as one of those who hand in."""
    return Sender(SYSTEM, participant.number, participant.name, participant.email, participant.id)


def _time(text: str) -> datetime | None:
    """As Moodle prints it, by this machine's time zone; None for "-" and for other languages."""
    for form in _TIMES:
        with suppress(ValueError):
            return datetime.strptime(text.strip(), form).astimezone()
    return None
