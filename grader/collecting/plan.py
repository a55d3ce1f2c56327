"""What collecting will do, student by student, and doing it: nothing is written before all was looked at."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from grader.collecting.handed import Batch, Handed, Sender, by_sender
from grader.collecting.people import in_this_assignment, student_of
from grader.collecting.tree import Refused, Tree
from grader.course import Course
from grader.handed_in import TIMESTAMP, submitted_at
from grader.intake import Reason, read_bytes
from grader.names import chosen_notebook
from grader.roster import Student

ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar")
NEW, REPLACED, UNCHANGED, KEPT, REFUSED = "new", "replaced", "unchanged", "kept", "REFUSED"


@dataclass(frozen=True)
class Step:
    """What happens to one submission, and why, in words for the teacher."""

    who: str
    what: str
    why: str = ""
    handed: Handed | None = None
    time: datetime | None = None
    sha256: str = ""
    timed: bool = False  # whether a time is known by which it can be late

    def __str__(self) -> str:
        return f"{self.who}: {self.what}{f' ({self.why})' if self.why else ''}"


class Collector:
    """Takes what a source holds into ``submitted/STUDENT/ASSIGNMENT/NOTEBOOK.ipynb``."""

    def __init__(self, course: Course, assignment: str, notebook: str, tree: Tree, batch: Batch) -> None:
        self.course, self.assignment, self.name = course, assignment, f"{notebook}.ipynb"
        self.tree, self.batch = tree, batch

    def plan(self, students: Sequence[Student]) -> list[Step]:
        """Looks at every file; writes nothing."""
        steps, taken = [], {}
        senders = by_sender(self.batch.handed)
        students = in_this_assignment(students, senders)
        for sender, files in senders.items():
            try:
                taken[sender] = student_of(sender, students).id, _chosen(files, self.name)
            except Refused as refused:
                steps.append(Step(str(sender), REFUSED, str(refused)))
        twice = {student for student, count in Counter(one for one, _ in taken.values()).items() if count > 1}
        for sender, (student, handed) in taken.items():
            if student in twice:
                why = f"{sender} and another one are the same student in roster.csv"
                steps.append(Step(student, REFUSED, why))
            else:
                steps.append(self._step(student, sender, handed))
        return sorted(steps, key=lambda step: step.who)

    def _step(self, student: str, sender: Sender, handed: Handed) -> Step:
        try:
            data = self.tree.read(handed.file)
            here = self._here(student)
        except Refused as refused:
            return Step(student, REFUSED, f"{handed.file} {refused}")
        known = self.batch.time_of(handed)
        said = ", ".join(self._remarks(handed, known))
        sha256 = hashlib.sha256(data).hexdigest()
        if here is None:
            return Step(student, NEW, said, handed, known, sha256, known is not None)
        told = self._told_here(student)
        if here == data:
            timed = known is not None or told is not None
            return Step(student, UNCHANGED, said, handed, known, sha256, timed)
        theirs, ours = known or self.tree.latest(handed.file), told or self._made_here(student)
        if ours > theirs:
            why = f"the one here is of {_shown(ours)}, this one not later than {_shown(theirs)}"
            return Step(student, KEPT, why)
        was = f"was of {_shown(ours)}"
        if told is not None and known is None:
            was += ", and of this one no time is known"
        why = ", ".join(filter(None, [was, said]))
        return Step(student, REPLACED, why, handed, known, sha256, known is not None)

    def _remarks(self, handed: Handed, known: datetime | None) -> Iterable[str]:
        if handed.name != self.name:
            yield f"was called {handed.name!r}"
        if known is not None:
            yield f"handed in {_shown(known)}"
        if handed.late:
            yield "late"

    def _folder(self, student: str) -> Path:
        return self.course.submitted / student / self.assignment

    def _here(self, student: str) -> bytes | None:
        """What is collected already; None where there is nothing. Raises Refused where a link leads away."""
        for folder in (self._folder(student).parent, self._folder(student)):
            if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
                raise Refused(f"is not taken: {folder} is a link or a file, and a folder was expected")
        if not os.path.lexists(self._folder(student) / self.name):
            return None
        try:
            return read_bytes(self.course.submitted, (student, self.assignment, self.name))
        except Reason:
            return b""

    def _told_here(self, student: str) -> datetime | None:
        """When the collected one was handed in; None where nothing tells."""
        told = submitted_at(self.course, student, self.assignment)
        return told and told.replace(tzinfo=UTC)

    def _made_here(self, student: str) -> datetime:
        """When its file was made: it was not handed in later."""
        return datetime.fromtimestamp((self._folder(student) / self.name).lstat().st_mtime, UTC)

    def carry_out(self, steps: Iterable[Step]) -> Iterator[Step]:
        """Writes what the plan says, and gives what became of each; a file that has changed is refused."""
        for step in steps:
            yield self._done(step)

    def _done(self, step: Step) -> Step:
        try:
            self._carry_out(step)
        except Refused as refused:
            return Step(step.who, REFUSED, str(refused))
        return step

    def _carry_out(self, step: Step) -> None:
        if step.handed is None:
            return
        folder = self._folder(step.who)
        if step.what != UNCHANGED:
            data = self.tree.read(step.handed.file)
            if hashlib.sha256(data).hexdigest() != step.sha256:
                raise Refused(f"{step.handed.file} changed while it was collected; type the command again")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / TIMESTAMP).unlink(missing_ok=True)  # it told of the file that is replaced
            _write(folder / self.name, data, step.time or self.tree.latest(step.handed.file))
        if step.time is not None:
            told = f"{step.time.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC\n"
            _write(folder / TIMESTAMP, told.encode("ascii"), step.time)


def _chosen(files: Sequence[Handed], expected: str) -> Handed:
    """The notebook among the files of one sender; raises Refused."""
    roots = sorted({one.root for one in files})
    if len(roots) > 1:
        raise Refused(f"has several folders ({', '.join(map(repr, roots))}); take all but one away")
    best: dict[str, Handed] = {}
    for one in files:
        other = best.get(one.name)
        if other is None or (len(one.path), -one.number) < (len(other.path), -other.number):
            best[one.name] = one
    name = chosen_notebook(best, expected)
    if name is not None:
        return best[name]
    named = ", ".join(sorted(filter(None, best))[:3]) or "a text and no file"
    if any(name.casefold().endswith(ARCHIVES) for name in best):
        raise Refused(f"handed in an archive ({named}); ask for {expected} itself")
    raise Refused(f"handed in {named}; expected {expected}")


def _shown(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _write(path: Path, data: bytes, time: datetime) -> None:
    """Writes a whole file beside the old one, and then takes its place; a link there is not followed."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.utime(temporary, (time.timestamp(), time.timestamp()))
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
