"""The commands on marks once they are there: roster, marking, report, explain, export, return."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from grader.autograde import FAILED
from grader.course import Course, CourseError, find_course

FORMATS = ("csv", "moodle", "canvas", "nbgrader")


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declares all of them."""

    def command(name: str, says: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=says, description=f"{says[0].upper()}{says[1:]}.")
        added.set_defaults(action=run)
        added.add_argument(
            "--course", type=Path, default=Path(), metavar="DIR", help="the course folder (default: here)"
        )
        return added

    roster = command("roster", "take a list of students into the course and its gradebook", run_roster)
    roster.add_argument(
        "file", type=Path, metavar="CSV", help="columns id and name, and email if you have it"
    )

    marking = command("marking", "mark by hand: a queue without names, out and in", run_marking)
    _named(marking)
    marking.add_argument("question", metavar="QUESTION", help="the cell that a person marks")
    way = marking.add_mutually_exclusive_group(required=True)
    way.add_argument("--out", type=Path, metavar="DIR", help="write a page to read and a table to fill in")
    way.add_argument("--take", type=Path, metavar="CSV", help="take the filled table")
    marking.add_argument("--marker", metavar="WHO", help="who marked; needed with --take")
    marking.add_argument("--share", type=_share, default=(1, 1), metavar="1/3", help="a part of the queue")
    marking.add_argument("--replace", action="store_true", help="in place of marks that a person gave before")

    report = command("report", "write what the class has understood, as a page and as CSV", run_report)
    _named(report)
    report.add_argument("--out", type=Path, metavar="DIR", help="default: reports/ in the course")

    explain = command("explain", "say why an answer got its points", run_explain)
    _named(explain)
    explain.add_argument("student", metavar="STUDENT")
    explain.add_argument("question", metavar="QUESTION", help="its id, or its title")

    export = command("export", "write marks as CSV", run_export)
    export.add_argument("assignments", nargs="+", metavar="NAME", help="one assignment, or several")
    export.add_argument("--as", dest="form", choices=FORMATS, default="csv", help="for whom (csv)")
    export.add_argument("--to", type=Path, metavar="FILE", help="default: standard output")

    back = command("return", "write feedback pages for Moodle to hand back", run_return)
    _named(back)
    back.add_argument("--zip", type=Path, required=True, metavar="FILE", help="the zip to write")
    back.add_argument(
        *("--moodle", "-m"), type=Path, required=True, metavar="FILE",
        help="Moodle's zip of all submissions, or its grading worksheet",
    )  # fmt: skip


def _named(command: argparse.ArgumentParser) -> None:
    command.add_argument("assignment", metavar="NAME", help="the assignment's name")


def _share(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise argparse.ArgumentTypeError(f"expected a part such as 1/3, but got {text!r}")
    return int(part), int(parts)


def run_roster(options: argparse.Namespace) -> int:
    """Copies the roster into the course, and its names into the gradebook."""
    from grader.enrolment import enrol

    print(enrol(find_course(options.course), options.file))
    return 0


def run_marking(options: argparse.Namespace) -> int:
    """Writes a queue, or takes one back."""
    from grader.manual import read_queue, write_queue

    course = find_course(options.course)
    assignment = course.assignment(options.assignment)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
        count = write_queue(course, assignment, options.question, options.out, options.share)
        print(f"Wrote {count} answers without names to {options.out / options.question}.html and .csv")
        return 0
    if not options.marker:
        raise CourseError("Who marked? It is kept beside each mark: --marker WHO")
    for line in read_queue(
        course, assignment, options.question, options.take, options.marker, replace=options.replace
    ):
        print(line)
    return 0


def run_report(options: argparse.Namespace) -> int:
    """Writes NAME.html and NAME.csv."""
    from grader.report import page, report, rows
    from grader.sheets import write_sheet

    course = find_course(options.course)
    found = report(course, course.assignment(options.assignment))
    if not found.handed_in:
        raise CourseError(f"Nobody is marked yet; type: grader autograde {options.assignment}")
    folder = options.out or course.root / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{options.assignment}.html").write_text(page(found), encoding="utf-8")
    with (folder / f"{options.assignment}.csv").open("w", encoding="utf-8", newline="") as file:
        write_sheet(file, rows(found))
    print(f"Wrote {folder / options.assignment}.html and .csv")
    return 0


def run_explain(options: argparse.Namespace) -> int:
    """Prints what was asked, answered, expected, found and credited."""
    from grader.explanation import explained
    from grader.names import without_control_characters

    course = find_course(options.course)
    assignment = course.assignment(options.assignment)
    for line in explained(course, assignment, options.student, options.question):
        print(without_control_characters(line))
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Writes marks: our own table of one assignment, or what another system reads."""
    from grader.exports import FORMATS, collect
    from grader.sheets import Terminal, write_sheet

    course = find_course(options.course)
    marks = collect(course, [course.assignment(name) for name in options.assignments])
    rows = FORMATS[options.form](marks)
    if options.to is None:
        write_sheet(Terminal(sys.stdout) if sys.stdout.isatty() else sys.stdout, rows)
        return _told(course, marks, options.form)
    with options.to.open("w", encoding="utf-8", newline="") as file:
        write_sheet(file, rows)
    print(f"Wrote {len(marks.students)} students to {options.to}")
    return _told(course, marks, options.form)


def _told(course: Course, marks: Any, form: str) -> int:
    """Says whose marks are not the last word; exit status 1 where a record cannot be read."""
    from grader.trouble import tell_damaged_records

    if marks.waiting:
        left = " and have no points in it" if form in ("moodle", "canvas") else ""
        print(f"grader: {len(marks.waiting)} students are not marked to the end{left}", file=sys.stderr)
    damaged = [tell_damaged_records(course, name, found) for name, found in marks.assignments.items()]
    return FAILED if any(damaged) else 0


def run_return(options: argparse.Namespace) -> int:
    """Writes the zip that Moodle takes back; exit status 1 where somebody is left out."""
    from grader.moodle import matched, participants, write_zip
    from grader.roster import Student, of_course

    course = find_course(options.course)
    assignment = course.assignment(options.assignment)
    known = {student.id: student for student in of_course(course)}
    paths = {
        student: course.feedback(student, assignment.name, assignment.notebook)
        for student in course.students(assignment.name)
    }
    pages = {student: path for student, path in paths.items() if path.is_file()}
    if not pages:
        raise CourseError(f"There is no feedback page yet; type: grader feedback {assignment.name}")
    others = [Student(student, "") for student in paths if student not in known]
    found, missing = matched([*known.values(), *others], participants(options.moodle))
    missing = [student for student in missing if student in pages]
    count = write_zip(options.zip, pages, found)
    print(f"Wrote {count} of {len(paths)} feedback pages to {options.zip}")
    for student in missing:
        print(
            f"grader: {student} is no one participant of {options.moodle.name}; put Moodle's number into a "
            "column `moodle` of roster.csv",
            file=sys.stderr,
        )
    return 1 if missing or len(pages) < len(paths) else 0
