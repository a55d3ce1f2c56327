"""What one heavy submission costs the trusted side, and what eighty kinds of odd input earn.

`python benchmarks/intake.py` marks each heavy submission of the tests in one process, in turns, and writes
what `grader autograde` and `grader feedback` write; `--write` puts the tables into benchmarks/RESULTS.md.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import report

sys.path.insert(0, str(report.ROOT))

import pytest

from grader import build as building
from grader import course as courses
from grader.command import main as grader
from tests.grading import conftest, heavy, kinds

MEGABYTE = 1_000_000


def course_with_heavy(root: Path) -> courses.Course:
    """The tests' assignment, and the heavy submissions beside a usual one."""
    course = courses.make_course(root)
    building.build(course, conftest.ASSIGNMENT, conftest.QUICK)
    submissions = conftest.Submissions(course)
    submissions.add("usual", conftest.RIGHT)
    for name, content in heavy.HEAVY.items():
        submissions.path(name).write_text(content(submissions), encoding="utf-8")
    return course


def costs(course: courses.Course) -> dict[str, dict[str, float]]:
    """Seconds and peak of memory of each, as a process of its own sees them."""
    command = [sys.executable, "-m", "tests.grading.heavy", str(course.root), "usual", *heavy.HEAVY]
    path = os.pathsep.join([str(report.ROOT), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


def disk(course: courses.Course, name: str) -> int:
    """Bytes of record, notebook and page."""
    paths = (
        course.record(name, "counting"),
        course.autograded(name, "counting", "convolution"),
        course.feedback(name, "counting", "convolution"),
    )
    return sum(path.stat().st_size for path in paths)


def measured() -> str:
    """The section of RESULTS.md."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as monkeypatch:
        conftest.use_counting(monkeypatch)
        course = course_with_heavy(Path(folder) / "course")
        found = costs(course)
        for command in ("autograde", "feedback"):
            grader([command, "counting", "--course", str(course.root)])
        rows = [
            [
                f"`{name}`",
                f"{cost['seconds']:.1f}",
                f"{cost['peak'] / MEGABYTE:.0f}",
                f"{disk(course, name) / MEGABYTE:.2f}",
            ]
            for name, cost in found.items()
        ]
    heads = ["submission", "CPU seconds", "peak MB", "MB on disk"]
    how = (
        f"`python benchmarks/intake.py`, {report.today()}, {report.processor()}; load average at the end "
        f"{report.load()}. The process that reads and scores; boxes are limited by themselves. What each "
        "submission is stands in `tests/grading/heavy.py`."
    )
    return "\n".join(
        [
            "## What may come in",
            "",
            how,
            "",
            *report.table(heads, rows),
            "",
            f"{len(kinds.KINDS)} kinds of odd input, as `tests/grading/test_kinds.py` holds them:",
            "",
            kinds.table(),
        ]
    )


if __name__ == "__main__":
    text = measured()
    print(text)
    if "--write" in sys.argv:
        report.write_section("intake", text)
