"""The commands ``grader cards`` and ``grader questions``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from grader.papers.command import count, extra

if TYPE_CHECKING:
    from grader.exchange.chosen import Report

DRAWS, SEED = 3, "1"


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declares both commands."""
    cards = commands.add_parser(
        "cards",
        help="make a deck of cards for Anki",
        description="Makes a deck for Anki. A deck that is imported again keeps what was learned.",
    )
    cards.set_defaults(action=run_cards)
    questions = commands.add_parser(
        "questions",
        help="write questions for Moodle, or as QTI",
        description="Writes questions for another system: right answers, known wrong ones with their share "
        "of the points, and an explanation for each.",
    )
    questions.add_argument(
        "--to", choices=("moodle", "qti"), required=True, help="Moodle XML, or QTI 2.1 as zip"
    )
    questions.add_argument("--seed", default=SEED, help="another one gives other numbers (1)")
    questions.set_defaults(action=run_questions)
    for command in (cards, questions):
        command.add_argument("--out", type=Path, required=True, metavar="FILE")
        command.add_argument("--skills", nargs="+", default=[], metavar="SKILL", help="only these (all)")
        command.add_argument("--draws", type=count, default=DRAWS, metavar="N", help="of each question (3)")


def run_cards(options: argparse.Namespace) -> int:
    """Writes a deck."""
    with extra():
        from grader.exchange.cards import SEED, write_deck
    from grader.exchange.chosen import Report, chosen, draws

    report = Report()
    write_deck(options.out, draws(chosen(options.skills), SEED, options.draws, report), report)
    return _told(report, f"cards in {options.out}")


def run_questions(options: argparse.Namespace) -> int:
    """Writes a file for another system."""
    from grader.exchange import moodle, qti
    from grader.exchange.chosen import Report, chosen, draws

    report = Report()
    write = moodle.write_questions if options.to == "moodle" else qti.write_package
    every = draws(chosen(options.skills), f"questions/{options.seed}", options.draws, report)
    write(options.out, every, report)
    return _told(report, f"questions in {options.out}")


def _told(report: Report, what: str) -> int:
    """Says what went out, and names what did not; exit status 1 where something was left out."""
    for line in report.changed:
        print(f"changed: {line}", file=sys.stderr)
    for line in report.left_out:
        print(f"left out: {line}", file=sys.stderr)
    rest = f", {len(report.left_out)} left out" if report.left_out else ""
    print(f"Wrote {report.written} {what}{rest}")
    return 1 if report.left_out else 0
