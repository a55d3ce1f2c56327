"""The commands for who writes assignments: ``grader new-assignment``, ``grader check``, ``grader schema``."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from grader.box import Limits


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declares them."""
    new = commands.add_parser(
        "new-assignment",
        help="write the folder of a new assignment",
        description="Writes a folder with assignment.md and specification.toml that build as they are: a "
        "function, a number of each student's own, and a text that a person marks.",
    )
    new.add_argument("folder", type=Path, metavar="DIR", help="a new folder; its name is the assignment's")
    new.set_defaults(action=run_new_assignment)
    check = commands.add_parser(
        "check",
        help="say what is wrong with an assignment, before it is released",
        description="Reads both files and says each mistake with its line. Then the model solution must earn "
        "all points, the empty release none, and each answer, made wrong alone, lose its own points only.",
    )
    check.add_argument(
        "folder", type=Path, metavar="FOLDER", help="holds assignment.md and specification.toml"
    )
    check.set_defaults(action=run_check)
    words = commands.add_parser(
        "words",
        help="print the check word of each student's id",
        description="Prints the word that the setup cell of an assignment prints for each id, as CSV to hand "
        "out: whoever sees another word has mistyped the id.",
    )
    words.add_argument("folder", type=Path, metavar="FOLDER", help="holds the specification.toml")
    words.add_argument("ids", nargs="+", metavar="ID", help="students' ids; - reads them from standard input")
    words.set_defaults(action=run_words)
    schema = commands.add_parser(
        "schema",
        help="print all that may stand in a specification.toml",
        description="Prints the reference of specification.toml as Markdown: keys, cells, draw rules, "
        "quantities, units, layers, misconceptions.",
    )
    schema.set_defaults(action=run_schema)


def run_new_assignment(options: argparse.Namespace) -> int:
    """Writes the folder."""
    from grader.starter import write_starter

    folder = options.folder.resolve()
    write_starter(folder)
    print(f"Wrote {folder}: change assignment.md and specification.toml as you like.")
    print(f"Next: grader check {options.folder}")
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Checks a folder."""
    from grader.course import check_manuscript

    check_manuscript(options.folder)  # before anything that takes time, the imports among it
    from grader.build import check
    from grader.papers.progress import progress

    assignment = check(options.folder.resolve(), Limits(), progress=progress)
    print(
        f"{assignment.name} is ready: the model solution earns all points that a program gives, the empty "
        "release none, and each wrong answer costs its own points only."
    )
    print(f"Next: grader build {options.folder}")
    return 0


def run_schema(_options: argparse.Namespace) -> int:
    """Prints the reference."""
    from grader.schema import schema

    print(schema(), end="")
    return 0


def run_words(options: argparse.Namespace) -> int:
    """Prints an id and its word on each line."""
    from grader.course import SPECIFICATION, load_specification

    specification = load_specification(options.folder / SPECIFICATION)
    table = csv.writer(sys.stdout)
    table.writerow(("id", "word"))
    read = (line.strip() for line in sys.stdin) if options.ids == ["-"] else options.ids
    table.writerows((student, specification.check_word(student)) for student in read if student)
    return 0
