"""A whole exam: papers, keys and records of all students, made by several processes, and the sheet of marks.

A student's record is written last, after the paper and the key. So a run that was stopped leaves whole files
only, and the next one goes on with the students who have no record.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import multiprocessing
import os
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import layercost.questions.bank
from grader.course import CourseError
from grader.papers import sheet
from grader.papers.blueprint import Blueprint, Place, places, read, text_of
from grader.papers.press import TEMPLATES, Press, nowhere, template
from grader.papers.sheet import DrawError, Sheet
from grader.roster import Student
from grader.sanitize import harmless_cell
from layercost import __version__

MARKS, TOTAL = "marks", "total"  # columns of the sheet that are for the teacher
PART = ".part-"  # begins the name of a file that is not whole yet
Result = TypeVar("Result")


@dataclass(frozen=True)
class Exam:
    """An exam's blueprint as text, and what its numbers are drawn from; it can be sent to other processes.

    Whoever knows blueprint and seed can print every paper, so the seed is as secret as the papers are.
    """

    name: str
    text: str
    seed: str
    size: str = "a4"

    @cached_property
    def blueprint(self) -> Blueprint:
        return read(self.name, self.text)

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """The questions in order; raises BlueprintError."""
        blueprint = self.blueprint  # whose own errors name the file already
        try:
            return places(blueprint, self.seed)
        except CourseError as error:
            raise type(error)(f"{self.name}: {error}") from None

    @cached_property
    def made_from(self) -> str:
        """A fingerprint of all that a paper depends on, besides the student."""
        bank = sorted(files(layercost.questions.bank).iterdir(), key=lambda file: file.name)
        parts = [__version__, self.text, self.seed, self.size, *map(template, TEMPLATES)]
        parts += [file.read_text(encoding="utf-8") for file in bank if file.name.endswith((".toml", ".json"))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def sheet(self, student: Student) -> Sheet:
        """What a student is asked; raises DrawError."""
        return sheet.draw(self.blueprint, self.places, student, self.seed)


def exam_of(path: Path, seed: str, size: str) -> Exam:
    """The exam of a blueprint; raises BlueprintError where it cannot be used."""
    exam = Exam(str(path), text_of(path), seed, size)
    assert exam.places
    return exam


@dataclass(frozen=True)
class Folder:
    """Where an exam's files lie."""

    root: Path

    def paper(self, student: Student) -> Path:
        return self.root / "papers" / f"{student.id}.pdf"

    def key(self, student: Student) -> Path:
        return self.root / "keys" / f"{student.id}.pdf"

    def record(self, student: Student) -> Path:
        return self.root / "records" / f"{student.id}.json"

    @property
    def marks(self) -> Path:
        return self.root / "marks.csv"

    @property
    def new_marks(self) -> Path:
        return self.root / "marks.new.csv"

    def prepare(self) -> None:
        """Makes what is missing, and clears away what a run that was cut off left unfinished."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)  # keys are nobody else's business
        for name in ("papers", "keys", "records"):
            (self.root / name).mkdir(exist_ok=True)
            for path in (self.root / name).glob(f"{PART}*"):
                path.unlink(missing_ok=True)


@dataclass(frozen=True)
class Done:
    """What became of one student's paper: nothing to say, or why there is none."""

    student: Student
    problem: str = ""


# ---- making papers ------------------------------------------------------------------------------


def waiting(exam: Exam, folder: Folder, students: Sequence[Student], *, again: bool) -> list[Student]:
    """The students who have no paper yet; raises CourseError where the folder holds another exam's papers."""
    if again:
        return list(students)
    records = {student: _read_record(folder.record(student)) for student in students}
    for student, record in records.items():
        if record and record.get("made_from") != exam.made_from:
            raise CourseError(
                f"{folder.root} holds papers of another exam, seed or paper size; one is {student.id!r}'s. "
                "Name another folder with --out, or make all papers anew with --again."
            )
    return [student for student, record in records.items() if not _is_done(folder, student, record)]


def _is_done(folder: Folder, student: Student, record: dict[str, Any]) -> bool:
    named = record.get("student") == [student.id, student.name]
    return named and folder.paper(student).is_file() and folder.key(student).is_file()


def _read_record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}


def make(exam: Exam, folder: Folder, students: Sequence[Student], workers: int) -> Iterator[Done]:
    """Writes these students' papers, keys and records, and tells of each as it is done."""
    folder.prepare()
    yield from _all(partial(_made, folder), exam, students, workers)


def _made(folder: Folder, student: Student, at: Workplace) -> Done:
    """One student's files; whatever goes wrong with them does not stop the others."""
    try:
        drawn, size = at.exam.sheet(student), at.exam.size
        _write(folder.paper(student), at.press.pdf("paper", sheet.paper(drawn, size)))
        _write(folder.key(student), at.press.pdf("key", sheet.key(drawn, size)))
        _write(folder.record(student), json.dumps(_record(at.exam, drawn), indent=1).encode())
    except DrawError as error:
        return Done(student, str(error))
    except Exception as error:
        return Done(student, f"student {student.id!r}: {type(error).__name__}: {error}")
    return Done(student)


def _record(exam: Exam, drawn: Sheet) -> dict[str, Any]:
    """What was asked and what is right: enough to pose the same questions again."""
    questions = [
        {
            "question": one.place.template.id,
            "points": sheet.plain(one.points),
            "state": one.posed.state(),
            "answers": one.posed.answers(),
        }
        for one in drawn.asked
    ]
    student = [drawn.student.id, drawn.student.name]
    return {"made_from": exam.made_from, "seed": exam.seed, "student": student, "questions": questions}


def _write(path: Path, content: bytes) -> None:
    """All of a file, or nothing of it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=PART)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


# ---- the sheet of marks -------------------------------------------------------------------------


def write_marks(folder: Folder, students: Sequence[Student]) -> tuple[Path, int]:
    """Writes one line a student: right answers, and a column for the marks of each question.

    Gives the file and the number of its students; one without a record is left out. A sheet that somebody
    has begun to fill in is left alone, and a new one written beside it.
    """
    path = folder.new_marks if _holds_marks(folder.marks) else folder.marks
    records = [record for student in students if (record := _read_record(folder.record(student)))]
    if records:
        rows = [[harmless_cell(str(cell)) for cell in _row(record)] for record in records]
        text = io.StringIO(newline="")
        csv.writer(text, lineterminator="\r\n").writerows([_heads(records[0]), *rows])
        _write(path, text.getvalue().encode("utf-8-sig"))  # a spreadsheet knows UTF-8 by its first bytes
    return path, len(records)


def _holds_marks(path: Path) -> bool:
    """Whether somebody has written into a sheet of marks; one that cannot be read counts as written into."""
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    except FileNotFoundError:
        return False
    except (OSError, ValueError, csv.Error):
        return True
    heads = [head for head in (rows[0] if rows else ()) if str(head).endswith(MARKS) or head == TOTAL]
    return not heads or any(row[head] for row in rows for head in heads)


def _heads(record: dict[str, Any]) -> list[str]:
    heads = ["id", "name"]
    for number, question in enumerate(record["questions"], start=1):
        heads += [f"{number} right ({question['question']})", f"{number} (of {question['points']}) {MARKS}"]
    return [*heads, TOTAL, "maximum"]


def _row(record: dict[str, Any]) -> list[object]:
    cells: list[object] = list(record["student"])
    for question in record["questions"]:
        cells += ["; ".join(question["answers"].values()), ""]
    total = sum(float(question["points"]) for question in record["questions"])
    return [*cells, "", f"{total:g}"]


# ---- a look at all of it, without writing -------------------------------------------------------


def check(
    exam: Exam, students: Sequence[Student], workers: int, told: Callable[[Done], None]
) -> tuple[list[str], list[str]]:
    """Draws everything and sets the first student's paper: gives what is wrong, and how numbers vary."""
    problems, seen = [], [Counter[str]() for _ in exam.places]
    for done, states in _all(_checked, exam, students, workers):
        told(done)
        problems += [done.problem] if done.problem else []
        for counter, state in zip(seen, states, strict=False):
            counter[state] += 1
    if not problems:
        _set_both(exam, students[0])
    remarks = [_variety(place, counter) for place, counter in zip(exam.places, seen, strict=True)]
    return problems, remarks


def _set_both(exam: Exam, student: Student) -> None:
    with nowhere() as folder:
        drawn, press = exam.sheet(student), Press(folder)
        press.pdf("paper", sheet.paper(drawn, exam.size))
        press.pdf("key", sheet.key(drawn, exam.size))


def _checked(student: Student, at: Workplace) -> tuple[Done, list[str]]:
    try:
        drawn = at.exam.sheet(student)
    except DrawError as error:
        return Done(student, str(error)), []
    return Done(student), [json.dumps(one.posed.state(), sort_keys=True) for one in drawn.asked]


def _variety(place: Place, counter: Counter[str]) -> str:
    students = sum(counter.values())
    return (
        f"question {place.number} ({place.template.id}): "
        f"{len(counter)} different sets of numbers among {students} students"
    )


# ---- many processes -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Workplace:
    """What a process keeps from one student to the next."""

    exam: Exam
    press: Press


_WORKPLACE: list[Workplace] = []  # of this process


@contextmanager
def _ctrl_c_ignored() -> Iterator[None]:
    """Within this block Ctrl-C does nothing, and never will to processes that are started in it."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say so
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _start(exam: Exam, folder: str) -> None:
    """Sets up a worker, which leaves it to the command to stop when somebody presses Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Windows hands nothing down
    _WORKPLACE[:] = [Workplace(exam, Press(folder))]


def _work(task: Callable[[Student, Workplace], Result], student: Student) -> Result:
    return task(student, _WORKPLACE[0])


def _all(
    task: Callable[[Student, Workplace], Result], exam: Exam, students: Iterable[Student], workers: int
) -> Iterator[Result]:
    """A task for every student, in this process where one is enough, each result as it comes."""
    every = list(students)
    with nowhere() as folder:
        if workers == 1 or len(every) <= 1:
            at = Workplace(exam, Press(folder))
            yield from (task(student, at) for student in every)
        else:
            yield from _in_processes(task, exam, every, workers, folder)


def _in_processes(
    task: Callable[[Student, Workplace], Result],
    exam: Exam,
    every: Sequence[Student],
    workers: int,
    folder: str,
) -> Iterator[Result]:
    fresh = multiprocessing.get_context("spawn")  # typst has threads, which a fork would lose
    bare = Exam(exam.name, exam.text, exam.seed, exam.size)  # without what was read from it
    pool = ProcessPoolExecutor(min(workers, len(every)), fresh, _start, (bare, folder))
    try:
        with _ctrl_c_ignored():  # by the processes that begin here, from their first moment on
            futures: list[Future[Result]] = [pool.submit(_work, task, student) for student in every]
        for future in as_completed(futures):
            yield future.result()
    except BrokenExecutor:
        raise CourseError(
            "A process was ended from outside; too little memory is the usual cause. What was written stays: "
            "the same command goes on from here, and takes less memory with fewer --workers."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)  # whoever stops waits for the papers at hand, not for the rest
