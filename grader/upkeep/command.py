"""The commands ``grader rehearse``, ``extend``, ``forget`` and ``backup``."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path

from grader.course import find_course


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declares the commands."""
    rehearse = commands.add_parser(
        "rehearse",
        help="hand in for students that are made up",
        description="Hands in for made-up students, some right and some wrong, so that marking, feedback and "
        "tables can be tried before a class is there. `grader forget 'rehearsal-*'` takes them away.",
    )
    rehearse.add_argument("assignment", metavar="NAME", help="the assignment's name")
    rehearse.add_argument("--students", type=_count, default=12, metavar="N", help="how many (12)")
    rehearse.set_defaults(action=run_rehearse)
    more = commands.add_parser(
        "extend",
        help="give one student more time",
        description="Says how much later the work of one student is due. What was given before is replaced; "
        "with --days 0 it is taken back. `grader autograde` then reckons what being late costs anew.",
    )
    more.add_argument("assignment", metavar="NAME", help="the assignment's name")
    more.add_argument("student", metavar="ID")
    more.add_argument("--days", type=_amount, default=0.0, metavar="N")
    more.add_argument("--hours", type=_amount, default=0.0, metavar="N")
    more.set_defaults(action=run_extend)
    forget = commands.add_parser(
        "forget",
        help="remove all that the course holds of a student",
        description="Removes a student's submissions, marks, records and pages from the course folder and "
        "the gradebook.",
    )
    forget.add_argument("student", nargs="+", metavar="ID", help="a student; * and ? stand for others")
    forget.add_argument("--yes", action="store_true", help="remove; without it, only say what would be")
    forget.set_defaults(action=run_forget)
    backup = commands.add_parser(
        "backup",
        help="copy the course into one file",
        description="Copies the course folder into a .tar.gz, also while submissions are being marked. It "
        "holds the secret and all work of students: keep it where others cannot read it.",
    )
    backup.add_argument("to", type=Path, metavar="FILE", help="a new file, outside of the course")
    backup.set_defaults(action=run_backup)
    for command in (rehearse, more, forget, backup):
        command.add_argument("--course", type=Path, default=Path(), metavar="DIR", help="the course folder")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError(f"expected a number of students, 1 to 100000, but got {text!r}")
    return int(text)


def _amount(text: str) -> float:
    try:
        amount = float(text)
    except ValueError:
        amount = -1.0
    if not 0 <= amount <= 1000:
        raise argparse.ArgumentTypeError(f"expected a number from 0 to 1000, but got {text!r}")
    return amount


def run_extend(options: argparse.Namespace) -> int:
    """Gives one student more time."""
    from grader.upkeep.extension import extend

    course = find_course(options.course)
    more = timedelta(days=options.days, hours=options.hours)
    extend(course, course.assignment(options.assignment).name, options.student, more)
    later = f"{more} later than that of the others" if more else "the same as that of the others"
    print(f"The due date of {options.student} for {options.assignment} is {later}.")
    return 0


def run_rehearse(options: argparse.Namespace) -> int:
    """Hands in for a class that is made up."""
    from grader.upkeep.rehearsal import hand_in

    names = hand_in(find_course(options.course), options.assignment, options.students)
    print(f"Handed in for {len(names)} students that do not exist, {names[0]} to {names[-1]}.")
    print(f"Next: grader autograde {options.assignment}")
    return 0


def run_forget(options: argparse.Namespace) -> int:
    """Removes students, once the teacher has said yes."""
    from grader.upkeep.forgetting import forget, students_like

    course = find_course(options.course)
    students = students_like(course, options.student)
    if not options.yes:
        print(f"Would remove all that is held of: {', '.join(map(repr, students))}. To do it, add --yes.")
        return 0
    forget(course, students)
    print(f"Removed {len(students)} students from {course.root} and its gradebook.")
    print("Not in reach: backups, tables that were exported, and feedback that was handed out.")
    return 0


def run_backup(options: argparse.Namespace) -> int:
    """Copies the course."""
    from grader.upkeep.backup import back_up

    course = find_course(options.course)
    back_up(course, options.to)
    print(f"Copied {course.root} to {options.to} ({options.to.stat().st_size / 1e6:.1f} MB).")
    if course.settings.gradebook.database:
        print("The gradebook lies in another database; copy it with that database's own tools.")
    return 0
