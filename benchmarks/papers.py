"""How long exam papers take, and how much memory: one command for a whole class.

Each row is one run of the command, its start included. Memory is that of the largest of its processes.

    python benchmarks/papers.py             # prints the table
    python benchmarks/papers.py --write     # and puts it into benchmarks/RESULTS.md
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import report
from report import ROOT

BLUEPRINT = ROOT / "exercises" / "exams" / "final_on_networks.toml"


@dataclass(frozen=True)
class Row:
    """One command, measured."""

    what: str
    seconds: float
    megabytes: float


def measure(what: str, *words: str) -> Row:
    """Runs the command and takes its time and memory; it must succeed."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "grader", *words], cwd=ROOT, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"grader {' '.join(words)} failed")
    return Row(what, seconds, used.ru_maxrss / 1000)


def roster(path: Path, students: int) -> Path:
    """A class of this size."""
    lines = [f"s{number:04},Student Number {number}" for number in range(students)]
    path.write_text("\n".join(["id,name", *lines]), encoding="utf-8")
    return path


def measure_all(folder: Path, students: int, workers: int) -> list[Row]:
    """Papers, papers again, and a check alone."""
    exam = ["exam", str(BLUEPRINT), "--students", str(roster(folder / "roster.csv", students))]
    exam += ["--seed", "benchmark", "--workers", str(workers)]
    out = ["--out", str(folder / "out")]
    return [
        measure(f"{students} papers and {students} keys, {workers} processes", *exam, *out),
        measure("the same command again: all are there", *exam, *out),
        measure("`--check`: everything drawn, nothing written", *exam, "--check"),
    ]


def pages(folder: Path) -> int:
    """How many pages were set."""
    return sum(path.read_bytes().count(b"/Type/Page/") for path in (folder / "out").rglob("*.pdf"))


def section(rows: list[Row], printed: int, load: str) -> str:
    """The table as Markdown."""
    head = (
        f"`python benchmarks/papers.py`, {report.today()}, {report.processor()}, shared with other work, "
        f"load average before {load}, Python {platform.python_version()}, typst {version('typst')}; "
        f"`exercises/exams/{BLUEPRINT.name}`, {printed:,} pages in all."
    )
    cells = [[row.what, f"{row.seconds:.1f}", f"{row.megabytes:.0f}"] for row in rows]
    return "\n".join([head, "", *report.table(["what", "seconds", "MB, largest process"], cells)])


def main() -> int:
    """Measures, prints, and writes if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    parser.add_argument("--students", type=int, default=200)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    load = report.load()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure_all(Path(folder), arguments.students, arguments.workers)
        printed = pages(Path(folder))
    text = section(rows, printed, load)
    print(text)
    if arguments.write:
        report.write_section("papers", f"## Exam papers for a class\n\n{text}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
