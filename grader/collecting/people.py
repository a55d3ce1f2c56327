"""Who of the roster a sender is: by a number or login that the roster holds, by id or address, or by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from grader.collecting.handed import Sender
from grader.collecting.moodle import SYSTEM as MOODLE
from grader.collecting.tree import Refused
from grader.roster import Student


def in_this_assignment(students: Sequence[Student], senders: Iterable[Sender]) -> list[Student]:
    """The roster without Moodle's numbers of other assignments, for it gives new ones in each."""
    given = {sender.key for sender in senders if sender.system == MOODLE}
    return [
        one
        if one.further.get(MOODLE, "") in given
        else replace(one, further={name: cell for name, cell in one.further.items() if name != MOODLE})
        for one in students
    ]


def student_of(sender: Sender, students: Sequence[Student]) -> Student:
    """The one student that this is; raises Refused where it is none or could be two."""
    return placed(sender, students)[1]


def placed(sender: Sender, students: Sequence[Student]) -> tuple[int, Student]:
    """The same, with the way by which the student was found: the lower, the surer."""
    for way, found in enumerate(_ways(sender, students)):
        if len(found) == 1:
            return way, found[0]
        if found:
            raise Refused(
                f"could be {' or '.join(student.id for student in found)}; fill the column `{sender.system}` "
                f"of roster.csv with {sender.key} for the right one"
            )
    raise Refused(
        f"is nobody of roster.csv; add a line, or fill its column `{sender.system}` with {sender.key}"
    )


def _ways(sender: Sender, students: Sequence[Student]) -> Iterator[list[Student]]:
    """Who it may be, the surest way first."""
    key = sender.key.casefold()
    numbers = {one.id: one.further.get(sender.system, "").casefold() for one in students}
    yield [one for one in students if key and numbers[one.id] == key]
    students = [one for one in students if not numbers[one.id]]  # the others are known to be somebody else
    yield [one for one in students if sender.id and one.id.casefold() == sender.id.casefold()]
    yield [one for one in students if sender.email and one.email.casefold() == sender.email.casefold()]
    if sender.system == "github":
        yield [one for one in students if one.id.casefold() == key]
        yield [one for one in students if key and one.email.casefold().partition("@")[0] == key]
    if sender.name:
        yield [one for one in students if one.id.casefold() == sender.name.casefold()]
        yield [one for one in students if _is_name(sender.name, one.name)]


def _is_name(given: str, name: str) -> bool:
    """Whether these are the same words in any order, or the same letters as a platform runs them together."""
    words, others = folded(given), folded(name)
    if not words or not others:
        return False
    return sorted(words) == sorted(others) or "".join(words) in run_together(others)


def folded(name: str) -> list[str]:
    """The words of a name without case, accents and what is neither letter nor digit."""
    plain = unicodedata.normalize("NFKD", name)
    letters = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return [word for part in re.split(r"[\s,]+", letters.casefold()) if (word := re.sub(r"[\W_]+", "", part))]


def run_together(words: Sequence[str]) -> Iterable[str]:
    """ "lovelaceada" and the like: some last words before the first ones."""
    return {"".join((*words[place:], *words[:place])) for place in range(len(words))}
