"""The command `grader`: new, build, autograde, feedback, what follows from marks, exam, cards, questions."""

from __future__ import annotations

import argparse
import os
import select
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from grader import authoring, marks_command
from grader.autograde import FAILED, add_autograde, add_workers, submissions
from grader.box import Limits, SandboxUnavailable
from grader.collecting.command import add_commands as add_collecting
from grader.course import CourseError, find_course, make_course
from grader.exchange.command import add_commands
from grader.names import without_control_characters
from grader.papers.command import add_exam
from grader.upkeep import command as upkeep

DESCRIPTION = """Classroom of the course: releases assignments, marks what comes back, writes feedback.

  grader new DIR           make a course folder (outside the repository)
  grader new-assignment DIR  write the folder of a new assignment
  grader check FOLDER      say what is wrong with an assignment, before it is released
  grader schema            print all that may stand in its specification.toml
  grader build FOLDER      release an assignment, after its model solution has earned full marks
  grader collect NAME ZIP  take submissions from Moodle, Canvas or a folder of repositories
  grader autograde NAME    mark the submissions in submitted/STUDENT/NAME/
  grader feedback NAME     write a page for each student into feedback/
  grader roster CSV        take a list of students into the course
  grader marking NAME ...  mark by hand: a queue without names, out and in
  grader report NAME       what the class has understood
  grader explain NAME STUDENT QUESTION
                           why an answer got its points
  grader export NAME ...   marks as CSV, for Moodle, Canvas or nbgrader too
  grader return NAME ...   feedback pages as a zip that Moodle takes back

  grader rehearse NAME     hand in for students that are made up, to try all this
  grader extend NAME ID    give one student more time
  grader forget ID         remove all that the course holds of a student
  grader backup FILE       copy the course into one file

  grader exam BLUEPRINT    exam papers and keys as PDF, with numbers of each student's own
  grader cards             a deck of cards for Anki
  grader questions         questions for Moodle, or as QTI
"""
WRONG_USE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; what the user can mend is one message on standard error, and exit status 2."""
    options = _parser().parse_args(arguments)
    action: Callable[[argparse.Namespace], int] = options.action
    try:
        status = action(options)
        sys.stdout.flush()
        return status
    except (CourseError, SandboxUnavailable) as error:
        print(f"grader: {error}", file=sys.stderr)
        return WRONG_USE
    except BrokenPipeError:
        if not _nobody_listens():
            raise
        return FAILED
    except Exception as error:
        from grader.trouble import explained

        line = explained(error)
        if line is None:
            raise
        print(without_control_characters(f"grader: {line}"), file=sys.stderr)
        return WRONG_USE
    except KeyboardInterrupt:
        print(
            "grader: stopped; what was written stays, and the same command goes on from here", file=sys.stderr
        )
        return FAILED


def _nobody_listens() -> bool:
    """Whether our output has been closed, as `| head` does; then what is left to say is said to nobody."""
    poll = select.poll()
    poll.register(sys.stdout, 0)
    closed = any(event & select.POLLERR for _, event in poll.poll(0))
    if closed:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return closed


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
    autograde = add_autograde(commands)
    feedback = commands.add_parser("feedback", help="write the feedback pages")
    add_workers(feedback, "processes that write pages")
    feedback.set_defaults(action=run_feedback)
    for command in (autograde, feedback):
        command.add_argument("assignment", metavar="NAME", help="the assignment's name")
    for command in (autograde, feedback):
        command.add_argument(
            "--student", action="append", metavar="ID", help="only this student; * and ? stand for others"
        )
    for command in (build, autograde, feedback):
        command.add_argument(
            "--course", type=Path, default=Path(), metavar="DIR", help="the course folder (default: here)"
        )
    add_collecting(commands)
    add_exam(commands)
    add_commands(commands)
    upkeep.add_commands(commands)
    marks_command.add_commands(commands)
    authoring.add_commands(commands)
    return parser


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
        course,
        options.folder.resolve(),
        Limits(),
        new_version=options.new_version,
        progress=progress,
        warn=lambda risen: print(risen, file=sys.stderr),
    )
    print(
        f"Released {assignment.name}, version {assignment.version}: {assignment.release.points:g} points, "
        f"in {course.release(assignment.name)}"
    )
    return 0


def run_feedback(options: argparse.Namespace) -> int:
    """Writes feedback pages."""
    course = find_course(options.course)
    assignment, students = submissions(course, options)
    from grader.pages import write_feedback
    from grader.trouble import tell_damaged_records

    written = list(write_feedback(course, assignment, frozenset(students), options.workers))
    if not written:
        raise CourseError(f"Nobody is marked yet; type: grader autograde {assignment.name}")
    failed = [one for one in written if one.trouble]
    for one in failed:
        print(without_control_characters(f"NO PAGE for {one.student}: {one.trouble}"), file=sys.stderr)
    done = len(written) - len(failed)
    damaged = tell_damaged_records(course, assignment.name, students)
    print(f"Wrote {done} of {len(students)} feedback pages into {course.root / 'feedback'}")
    other_ways = sum(not one.through_exchange for one in written if not one.trouble)
    if 0 < other_ways < done:
        print(f"{other_ways} of them were not handed in through the exchange, and are not found in it.")
    return FAILED if failed or damaged else 0
