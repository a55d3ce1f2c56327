"""Marks and diagnoses of an assignment as CSV, one line a student."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TextIO

from grader.names import without_control_characters
from grader.release import Release
from grader.results import Result
from grader.sanitize import harmless_cell


def write_csv(file: TextIO | Terminal, results: Iterable[Result], release: Release) -> int:
    """Writes the table and gives the number of students.

    Columns: student, the points of each question, total, maximum, the diagnosis of each question, remarks.
    """
    grade_ids = list(release.marked)
    writer = csv.writer(file, lineterminator="\n")
    diagnoses = [f"{grade_id} diagnosis" for grade_id in grade_ids]
    writer.writerow(["student", *grade_ids, "total", "maximum", *diagnoses, "remarks"])
    rows = [_row(result, grade_ids) for result in results]
    writer.writerows([harmless_cell(str(item)) for item in row] for row in rows)
    return len(rows)


class Terminal:
    """A terminal as a file in which no student's name moves the cursor or clears the screen."""

    def __init__(self, terminal: TextIO) -> None:
        self.terminal = terminal

    def write(self, text: str) -> int:
        """Writes printable characters as they are, and question marks for all others."""
        lines = text.split("\n")
        return self.terminal.write("\n".join(map(without_control_characters, lines)))


def _row(result: Result, grade_ids: list[str]) -> list[object]:
    questions = {question.grade_id: question for question in result.questions}
    found = [questions[grade_id] for grade_id in grade_ids if grade_id in questions]
    points = ["" if question.waits else f"{question.points:g}" for question in found]
    diagnoses = [question.diagnosis for question in found]
    total = [f"{result.points:g}", f"{result.max_points:g}"]
    return [result.student, *points, *total, *diagnoses, " ".join(map(str, result.remarks))]
