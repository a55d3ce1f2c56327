"""The commands on papers, cards and questions for other systems, as `grader` offers them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from grader.course import CourseError

if TYPE_CHECKING:  # typst and the questions are needed by those who run one of these, not for the help
    from grader.papers.exam import Exam, Folder
    from grader.roster import Student

SUCCESS, FAILED = 0, 1


def add_exam(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declares ``grader exam``."""
    exam = commands.add_parser(
        "exam",
        help="set exam papers with numbers of each student's own",
        description="Sets one PDF and one key for each student. The same seed gives the same papers.",
    )
    exam.add_argument("blueprint", type=Path, metavar="BLUEPRINT", help="a TOML file, see exercises/exams")
    exam.add_argument("--students", type=Path, metavar="CSV", help="columns id and name")
    exam.add_argument(
        "--seed",
        required=True,
        metavar="TEXT",
        help="what all is drawn from; keep it to yourself, since whoever knows it can print the papers",
    )
    exam.add_argument("--out", type=Path, metavar="DIR", help="where papers, keys and marks.csv go")
    exam.add_argument("--paper", choices=("a4", "letter"), default="a4", help="size of the pages (a4)")
    exam.add_argument("--workers", type=count, default=os.cpu_count() or 1, metavar="N", help="processes")
    exam.add_argument("--again", action="store_true", help="make papers anew that are there already")
    exam.add_argument(
        "--assignment",
        type=Path,
        metavar="DIR",
        help="write the exam as an assignment for `grader build`, and no papers",
    )
    exam.add_argument("--check", action="store_true", help="draw everything, tell problems, write nothing")
    exam.set_defaults(action=run_exam)


@contextmanager
def extra() -> Iterator[None]:
    """Says what to install where typst or genanki is not there."""
    try:
        yield
    except ModuleNotFoundError as missing:
        raise CourseError(f'{missing.name} is not installed; type: pip install "layercost[papers]"') from None


def count(text: str) -> int:
    """A whole number from 1 on, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number, 1 or more, but got {text!r}")
    return int(text)


def run_exam(options: argparse.Namespace) -> int:
    """Makes papers, or only looks whether they can be made; exit status 1 where one cannot."""
    with extra():
        from grader import roster
        from grader.papers import exam as exams

    exam = exams.exam_of(options.blueprint, options.seed, options.paper)
    if options.assignment is not None:
        return _write_assignment(exam, options.assignment)
    if options.students is None:
        raise CourseError(
            "Who sits the exam? Name a file with the columns id and name: --students roster.csv"
        )
    students = roster.load(options.students)
    if options.check:
        return _check(exam, students, options.workers)
    if options.out is None:
        raise CourseError("Where shall the papers go? Name a folder: --out DIR")
    return _make(exam, exams.Folder(options.out), students, options)


def _write_assignment(exam: Exam, folder: Path) -> int:
    from grader.papers.assignment import write_assignment

    left_out = write_assignment(exam, folder)
    for name in left_out:
        print(f"left out: {name}; a notebook asks for numbers", file=sys.stderr)
    print(f"Wrote {len(exam.places) - len(left_out)} questions. Next: grader build {folder}")
    return SUCCESS


def _check(exam: Exam, students: tuple[Student, ...], workers: int) -> int:
    from grader.papers.exam import check
    from grader.papers.progress import progress

    with progress("Drawn", len(students)) as advance:
        problems, remarks = check(exam, students, workers, lambda _done: advance())
    for remark in remarks:
        print(remark)
    for problem in problems:
        print(f"grader: {problem}", file=sys.stderr)
    points = sum(float(place.section.points) for place in exam.places)
    said = "can be set" if not problems else "cannot be set for all"
    print(f"{len(exam.places)} questions, {points:g} points, {len(students)} students: {said}")
    return FAILED if problems else SUCCESS


def _make(exam: Exam, folder: Folder, students: tuple[Student, ...], options: argparse.Namespace) -> int:
    from grader.papers.exam import make, waiting, write_marks
    from grader.papers.progress import progress

    todo = waiting(exam, folder, students, again=options.again)
    problems = []
    with progress("Set", len(todo)) as advance:
        for done in make(exam, folder, todo, options.workers):
            problems += [done.problem] if done.problem else []
            advance()
    marks, lines = write_marks(folder, students)
    for problem in problems:
        print(f"grader: {problem}", file=sys.stderr)
    made, kept = len(todo) - len(problems), len(students) - len(todo)
    there = f"; {kept} were there already" if kept else ""
    print(f"Set {made} papers and keys in {folder.root}{there}. {marks.name} has {lines} students.")
    return FAILED if problems else SUCCESS
