"""The command ``grader collect``."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from grader.autograde import FAILED
from grader.course import ROSTER, CourseError, find_course
from grader.names import without_control_characters

SHOWN = 10  # files that are no submissions
SOURCES = ("moodle", "canvas", "repositories")

DESCRIPTION = """Takes submissions into submitted/STUDENT/NAME/ of the course.

SOURCE is one of
  the zip of Moodle's "Download all submissions", in folders or flat, or what it was unpacked to
  the zip of Canvas's "Download submissions"
  a folder of cloned repositories, one a student: NAME-LOGIN/ or LOGIN/

Who is who is told by roster.csv in the course folder, with the columns id and name, and where they help
email, canvas (numbers), github (logins) and moodle. An earlier submission is replaced; a newer one is kept.
"""


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declares the command."""
    collect = commands.add_parser(
        "collect",
        help="take submissions from Moodle, Canvas or repositories",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    collect.add_argument("assignment", metavar="NAME", help="the assignment's name")
    collect.add_argument("source", type=Path, metavar="SOURCE", help="a zip or a folder")
    collect.add_argument(
        "--from", dest="system", choices=SOURCES, help="what SOURCE is (default: seen from it)"
    )
    collect.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")
    collect.add_argument("--roster", type=Path, metavar="CSV", help=f"default: {ROSTER} in the course folder")
    collect.add_argument(
        "--worksheet", type=Path, metavar="CSV", help="Moodle's grading worksheet: ids, addresses and times"
    )
    collect.add_argument(
        "--course", type=Path, default=Path(), metavar="DIR", help="the course folder (default: here)"
    )
    collect.set_defaults(action=run_collect)


def run_collect(options: argparse.Namespace) -> int:
    """Takes submissions in; exit status 1 where one of them was refused."""
    from grader.collecting.plan import REFUSED, Collector
    from grader.collecting.sources import read_source
    from grader.collecting.tree import open_tree
    from grader.roster import load

    course = find_course(options.course)
    assignment = course.assignment(options.assignment)
    students = load(options.roster or _roster(course.root))
    tree = open_tree(options.source)
    batch = read_source(tree, options.system, assignment.name, options.worksheet)
    collector = Collector(course, assignment.name, assignment.notebook, tree, batch)
    steps = collector.plan(students)
    for line in batch.others[:SHOWN]:
        print(without_control_characters(f"not a submission: {line}"))
    if len(batch.others) > SHOWN:
        print(f"not submissions: {len(batch.others) - SHOWN} more files")
    counts, untimed = Counter[str](), 0
    for step in steps if options.dry_run else collector.carry_out(steps):
        print(without_control_characters(str(step)))
        counts[step.what] += 1
        untimed += step.handed is not None and not step.timed
    told = ", ".join(f"{count} {what}" for what, count in counts.items()) or "no submission found"
    missing = len({student.id for student in students} - {step.who for step in steps})
    rest = f"; {missing} of the roster are not in it" if missing else ""
    print(f"{'Would collect' if options.dry_run else 'Collected'}: {told}{rest}")
    if untimed:
        tell = "" if options.worksheet else "; for Moodle, --worksheet tells them"
        print(f"Of {untimed} submissions no time is known: none of these counts as late{tell}")
    if counts[REFUSED]:
        print(f"grader: {counts[REFUSED]} submissions were not taken, see above", file=sys.stderr)
    return FAILED if counts[REFUSED] else 0


def _roster(root: Path) -> Path:
    path = root / ROSTER
    if not path.is_file():
        raise CourseError(
            f"{path} is missing: a CSV file with the columns id and name tells whose submission is whose."
        )
    return path
