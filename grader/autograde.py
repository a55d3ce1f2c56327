"""The command `grader autograde`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from grader.box import Limits, SandboxUnavailable
from grader.course import Assignment, Course, CourseError, find_course

FAILED = 1
TRUSTED = "--no-sandbox-i-trust-these-files"


def add_autograde(commands: Any) -> argparse.ArgumentParser:
    """Adds the command; what other commands have too is the caller's to add."""
    parser: argparse.ArgumentParser = commands.add_parser("autograde", help="mark submissions")
    add_workers(parser, "processes that mark")
    parser.add_argument("--run-again", action="store_true", help="run everything, even what is on record")
    parser.add_argument(
        "--cell-seconds", type=_seconds, default=Limits.step_seconds, help="time for one cell or call (10)"
    )
    parser.add_argument(
        "--total-seconds", type=_seconds, default=Limits.total_seconds, help="time for one submission (60)"
    )
    parser.add_argument(
        "--slow-minutes",
        type=_seconds,
        metavar="MINUTES",
        help="time for all slow submissions together, which run alone at the end (default: course.toml)",
    )
    parser.add_argument(
        "--scheduler",
        default="",
        metavar="ADDRESS",
        help="run submissions on a Dask cluster: tcp://HOST:PORT",
    )
    parser.add_argument(
        TRUSTED, dest="trusted", action="store_true",
        help="run submissions WITHOUT protection, with all rights that you have",
    )  # fmt: skip
    parser.add_argument(
        "--verbose", action="store_true", help="say first how submissions are run, as on a terminal"
    )
    parser.set_defaults(action=run_autograde)
    return parser


def add_workers(parser: argparse.ArgumentParser, what: str) -> None:
    """Adds the option that says how many processes share the work."""
    parser.add_argument(
        *("--workers", "--jobs"),
        type=_count,
        default=os.cpu_count() or 1,
        metavar="N",
        help=f"{what} (default: one for each processor)",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of processes, 1 or more, but got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(
            f"expected a time, more than 0 and less than 86400, but got {text!r}"
        )
    return seconds


def run_autograde(options: argparse.Namespace) -> int:
    """Marks submissions; exit status 1 where one of them could not be marked."""
    course = find_course(options.course)
    assignment, students = submissions(course, options)
    how = _probe(assignment, options)
    if options.verbose or sys.stdout.isatty():
        print(f"Submissions run in {how}.")
    from grader.batch import mark_class
    from grader.desk import Orders
    from grader.progress import Progress

    time = course.settings.time
    orders = Orders(
        course.root,
        assignment.name,
        _limits(options),
        patience=time.patience_seconds,
        run_again=options.run_again,
        trusted=options.trusted,
        scheduler=options.scheduler,
        clerks=min(options.workers, len(students)),
    ).with_opened(course, assignment)
    progress = Progress(len(students))
    slow = 60 * (options.slow_minutes or time.slow_minutes)
    for line in mark_class(orders, students, workers=options.workers, slow_seconds=slow):
        progress.add(line)
    progress.end()
    if progress.failed:
        print(
            f"grader: {progress.failed} of {len(students)} submissions could not be marked, see above",
            file=sys.stderr,
        )
    return FAILED if progress.failed else 0


def _limits(options: argparse.Namespace) -> Limits:
    return Limits(step_seconds=options.cell_seconds, total_seconds=options.total_seconds)


def _probe(assignment: Assignment, options: argparse.Namespace) -> str:
    """Sees a sandbox work before anything else begins, and says what bounds the boxes in it.

    On a cluster each worker does so for itself.
    """
    if options.scheduler:
        return f"{assignment.settings.sandbox.engine}, by the workers of {options.scheduler}"
    try:
        with assignment.sandbox(_limits(options), trusted=options.trusted) as sandbox:
            sandbox.probe()
            return sandbox.describe()
    except SandboxUnavailable as error:
        raise SandboxUnavailable(
            f"{error}\nSubmissions are not run without protection. If you wrote all of these files yourself, "
            f"{TRUSTED} runs them with all rights that you have."
        ) from error


def submissions(course: Course, options: argparse.Namespace) -> tuple[Assignment, list[str]]:
    """The assignment that a command names, and who of the named students submitted it; raises CourseError."""
    assignment = course.assignment(options.assignment)
    patterns = tuple(options.student or ("*",))
    students = course.students(assignment.name, patterns)
    if not students:
        expected = course.submitted / "STUDENT" / assignment.name / f"{assignment.notebook}.ipynb"
        asked = "" if patterns == ("*",) else f" by {', '.join(patterns)}"
        raise CourseError(f"There is no submission of {assignment.name}{asked}; expected {expected}.")
    return assignment, students
