"""The command `grader`: new, build, autograde, feedback, export, exam, cards, questions."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from grader import authoring
from grader.box import Limits, Sandbox, SandboxUnavailable
from grader.course import Assignment, Course, CourseError, find_course, make_course
from grader.exchange.command import add_commands
from grader.papers.command import add_exam
from grader.upkeep import command as upkeep

DESCRIPTION = """Classroom of the course: releases assignments, marks what comes back, writes feedback.

  grader new DIR           make a course folder (outside the repository)
  grader new-assignment DIR  write the folder of a new assignment
  grader check FOLDER      say what is wrong with an assignment, before it is released
  grader schema            print all that may stand in its specification.toml
  grader build FOLDER      release an assignment, after its model solution has earned full marks
  grader autograde NAME    mark the submissions in submitted/STUDENT/NAME/
  grader feedback NAME     write a page for each student into feedback/
  grader export NAME       marks and diagnoses as CSV

  grader rehearse NAME     hand in for students that are made up, to try all this
  grader forget ID         remove all that the course holds of a student
  grader backup FILE       copy the course into one file

  grader exam BLUEPRINT    exam papers and keys as PDF, with numbers of each student's own
  grader cards             a deck of cards for Anki
  grader questions         questions for Moodle, or as QTI
"""
FAILED, WRONG_USE = 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; what the user can mend is one message on standard error, and exit status 2."""
    options = _parser().parse_args(arguments)
    action: Callable[[argparse.Namespace], int] = options.action
    try:
        return action(options)
    except (CourseError, SandboxUnavailable) as error:
        print(f"grader: {error}", file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print(
            "grader: stopped; what was written stays, and the same command goes on from here", file=sys.stderr
        )
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="grader", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    new = commands.add_parser("new", help="make a course folder")
    new.add_argument("folder", type=Path, metavar="DIR", help="a new folder, outside the repository")
    new.set_defaults(action=run_new)
    build = commands.add_parser("build", help="release an assignment")
    build.add_argument(
        "folder", type=Path, metavar="FOLDER", help="holds assignment.md and specification.toml"
    )
    build.add_argument(
        "--new-version",
        action="store_true",
        help="change what students work on; what was handed in is marked by the version it was made from",
    )
    build.set_defaults(action=run_build)
    autograde = commands.add_parser("autograde", help="mark submissions")
    autograde.set_defaults(action=run_autograde)
    _add_autograde_options(autograde)
    feedback = commands.add_parser("feedback", help="write the feedback pages")
    feedback.set_defaults(action=run_feedback)
    export = commands.add_parser("export", help="write marks and diagnoses as CSV")
    export.add_argument("--to", type=Path, metavar="FILE", help="default: standard output")
    export.set_defaults(action=run_export)
    for command in (autograde, feedback, export):
        command.add_argument("assignment", metavar="NAME", help="the assignment's name")
    for command in (autograde, feedback):
        command.add_argument(
            "--student", action="append", metavar="ID", help="only this student; * and ? stand for others"
        )
    for command in (build, autograde, feedback, export):
        command.add_argument(
            "--course", type=Path, default=Path(), metavar="DIR", help="the course folder (default: here)"
        )
    add_exam(commands)
    add_commands(commands)
    upkeep.add_commands(commands)
    authoring.add_commands(commands)
    return parser


def _add_autograde_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--jobs", type=_count, default=os.cpu_count() or 1, help="boxes at a time")
    parser.add_argument("--run-again", action="store_true", help="run everything, even what is on record")
    parser.add_argument(
        "--cell-seconds", type=_seconds, default=Limits.step_seconds, help="time for one cell or call (10)"
    )
    parser.add_argument(
        "--total-seconds", type=_seconds, default=Limits.total_seconds, help="time for one submission (60)"
    )
    parser.add_argument(
        "--no-sandbox-i-trust-these-files",
        action="store_true",
        help="run submissions WITHOUT protection, with all rights that you have",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of boxes, 1 or more, but got {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(
            f"expected seconds, more than 0 and less than a day, but got {text!r}"
        )
    return seconds


def run_new(options: argparse.Namespace) -> int:
    """Makes a course folder."""
    course = make_course(options.folder)
    print(f"Made {course.root}. Keep a copy of its file `secret` in a safe place: re-marking needs it.")
    print(f"Next: cd {course.root} && grader build FOLDER-OF-AN-ASSIGNMENT")
    return 0


def run_build(options: argparse.Namespace) -> int:
    """Releases an assignment."""
    from grader.build import build
    from grader.papers.progress import progress

    course = find_course(options.course)
    assignment = build(
        course, options.folder.resolve(), Limits(), new_version=options.new_version, progress=progress
    )
    points = sum(cell.points for cell in assignment.release.marked.values())
    print(
        f"Released {assignment.name}, version {assignment.version}: {points:g} points, "
        f"in {course.release(assignment.name)}"
    )
    return 0


def run_autograde(options: argparse.Namespace) -> int:
    """Marks submissions; exit status 1 where one of them could not be marked."""
    from grader.batch import mark_class, without_control_characters
    from grader.older import VersionsExaminer

    course = find_course(options.course)
    assignment, students = _submissions(course, options)
    failed = 0
    with (
        _sandbox(assignment, options) as sandbox,
        VersionsExaminer(
            assignment, sandbox, sandbox.limits, trusted=options.no_sandbox_i_trust_these_files
        ) as examiner,
    ):
        lines = mark_class(
            course,
            assignment,
            examiner,
            students,
            jobs=options.jobs,
            run_again=options.run_again,
        )
        for number, line in enumerate(lines, start=1):
            failed += line.failed
            print(
                without_control_characters(f"[{number}/{len(students)}] {line.student}: {line.text}"),
                flush=True,
            )
    if failed:
        print(
            f"grader: {failed} of {len(students)} submissions could not be marked, see above", file=sys.stderr
        )
    return FAILED if failed else 0


def _sandbox(assignment: Assignment, options: argparse.Namespace) -> Sandbox:
    """A sandbox that has been seen to work, or none at all where the teacher asked for that."""
    limits = Limits(step_seconds=options.cell_seconds, total_seconds=options.total_seconds)
    trusted = options.no_sandbox_i_trust_these_files
    try:
        sandbox = assignment.sandbox(limits, trusted=trusted)
        try:
            sandbox.probe()
        except SandboxUnavailable:
            sandbox.close()
            raise
    except SandboxUnavailable as error:
        raise SandboxUnavailable(
            f"{error}\nSubmissions are not run without protection. If you wrote all of these files yourself, "
            "--no-sandbox-i-trust-these-files runs them with all rights that you have."
        ) from error
    return sandbox


def _submissions(course: Course, options: argparse.Namespace) -> tuple[Assignment, list[str]]:
    assignment = course.assignment(options.assignment)
    patterns = tuple(options.student or ("*",))
    students = course.students(assignment.name, patterns)
    if not students:
        expected = course.submitted / "STUDENT" / assignment.name / f"{assignment.notebook}.ipynb"
        asked = "" if patterns == ("*",) else f" by {', '.join(patterns)}"
        raise CourseError(f"There is no submission of {assignment.name}{asked}; expected {expected}.")
    return assignment, students


def run_feedback(options: argparse.Namespace) -> int:
    """Writes feedback pages."""
    from grader.batch import without_control_characters
    from grader.feedback import write_feedback

    course = find_course(options.course)
    assignment, students = _submissions(course, options)
    written = list(write_feedback(course, assignment, frozenset(students)))
    if not written:
        raise CourseError(f"Nobody is marked yet; type: grader autograde {assignment.name}")
    failed = [(student, trouble) for student, trouble in written if trouble]
    for student, trouble in failed:
        print(without_control_characters(f"NO PAGE for {student}: {trouble}"), file=sys.stderr)
    done = len(written) - len(failed)
    print(f"Wrote {done} of {len(students)} feedback pages into {course.root / 'feedback'}")
    return FAILED if failed else 0


def run_export(options: argparse.Namespace) -> int:
    """Writes the table of marks."""
    from grader.export import write_csv
    from grader.results import read_results

    course = find_course(options.course)
    assignment = course.assignment(options.assignment)
    results = list(read_results(course, assignment.name, assignment.notebook, assignment.release))
    if options.to is None:
        write_csv(sys.stdout, results, assignment.release)
        return 0
    with options.to.open("w", encoding="utf-8", newline="") as file:
        students = write_csv(file, results, assignment.release)
    print(f"Wrote {students} students to {options.to}")
    return 0
