"""How quickly a class is marked, beside stock nbgrader on the same submissions.

`python benchmarks/grading.py` prints a Markdown section; `--write` puts it into benchmarks/RESULTS.md.
Both mark the same class on the same machine, one after the other: every student submits the model solution
of the assignment, so that all cells run to their end. Stock is nbgrader's own `autograde`, without our
configuration.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import report

from grader.course import Course

ROOT = Path(__file__).resolve().parents[1]
ASSIGNMENT = ROOT / "exercises" / "fully_connected_and_lenet"
TEN_STUDENTS = ROOT / "tests" / "grading" / "ten_students.py"
STOCK_CONFIGURATION = "c = get_config()\nc.CourseDirectory.root = {root!r}\nc.Exchange.root = {root!r}\n"


@dataclass(frozen=True)
class Row:
    """One measured command."""

    what: str
    seconds: float
    students: int
    compared: bool = False  # whether it does what the stock command does

    @property
    def per_minute(self) -> float:
        return 60 * self.students / self.seconds


@dataclass(frozen=True)
class Bench:
    """A course folder to measure in."""

    root: Path

    @property
    def name(self) -> str:
        return next((self.root / "release").iterdir()).name

    @property
    def notebook(self) -> Path:
        return next((self.root / "release" / self.name).glob("*.ipynb"))

    def submit(self, student: str, data: bytes) -> None:
        folder = self.root / "submitted" / student / self.name
        folder.mkdir(parents=True)
        (folder / self.notebook.name).write_bytes(data)

    def run(self, what: str, students: int, *words: str) -> Row:
        """Runs a command in the course and takes its time; it must succeed."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", *words],
            cwd=self.root,
            env={**os.environ, "PATH": path, "JUPYTERHUB_USER": "student"},
            capture_output=True,
            text=True,
            check=False,
        )
        seconds = time.perf_counter() - started
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return Row(what, seconds, students)


def new_course(folder: Path) -> Bench:
    """A course with the assignment released."""
    bench = Bench(folder)
    Bench(ROOT).run("new", 0, "grader", "new", str(folder))
    bench.run("build", 0, "grader", "build", str(ASSIGNMENT))
    return bench


def solved(bench: Bench) -> bytes:
    """The release with the model solution in its answer cells."""
    release = json.loads(bench.notebook.read_text(encoding="utf-8"))
    source = json.loads(
        (bench.root / "source" / bench.name / bench.notebook.name).read_text(encoding="utf-8")
    )
    answers = {_grade_id(cell): cell["source"] for cell in source["cells"]}
    notebook = copy.deepcopy(release)
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = answers[_grade_id(cell)]
    return json.dumps(notebook).encode()


def _grade_id(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def measure_class(folder: Path, students: int, jobs: int) -> list[Row]:
    """Ours, then stock, on the same class."""
    bench = new_course(folder / "course")
    solution = solved(bench)
    for number in range(students):
        bench.submit(f"student{number:03}", solution)
    autograde = ("grader", "autograde", bench.name)
    first = bench.run(
        f"`grader autograde`, {jobs} boxes at a time", students, *autograde, "--jobs", str(jobs)
    )
    rows = [
        replace(first, compared=True),
        bench.run("`grader autograde` again, from the records", students, *autograde),
        bench.run("`grader feedback`", students, "grader", "feedback", bench.name),
    ]
    (bench.root / "nbgrader_config.py").write_text(STOCK_CONFIGURATION.format(root=str(bench.root)))
    words = ("nbgrader", "autograde", bench.name, "--force")
    rows.append(replace(bench.run("stock `nbgrader autograde`", students, *words), compared=True))
    return rows


def measure_ten(folder: Path) -> list[Row]:
    """The ten synthetic students of the tests, an endless loop among them."""
    specification = importlib.util.spec_from_file_location("ten_students", TEN_STUDENTS)
    if specification is None or specification.loader is None:
        raise SystemExit(f"the ten students are not in {TEN_STUDENTS}")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    bench = new_course(folder / "ten")
    module.hand_in_all(Course(bench.root))
    what = "`grader autograde` of the ten synthetic students (one loops until its time is over)"
    return [bench.run(what, len(module.STUDENTS), "grader", "autograde", bench.name)]


def section(rows: list[Row], load: str) -> str:
    """The table as Markdown."""
    stock = rows[3]
    head = (
        f"`python benchmarks/grading.py`, {report.today()}, {report.processor()}, "
        f"load average before {load}, Python {platform.python_version()}, nbgrader {version('nbgrader')}; "
        "seconds of the whole command, its start included."
    )
    lines = [
        head,
        "",
        "| what | submissions | seconds | a minute | of stock |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        ratio = f"×{row.per_minute / stock.per_minute:.1f}" if row.compared else ""
        cells = f"{row.students} | {row.seconds:.1f} | {row.per_minute:.0f} | {ratio}"
        lines.append(f"| {row.what} | {cells} |")
    return "\n".join(lines)


def main() -> int:
    """Measures, prints, and writes if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    parser.add_argument("--students", type=int, default=50)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    arguments = parser.parse_args()
    load = report.load()
    with tempfile.TemporaryDirectory() as folder:
        rows = measure_class(Path(folder), arguments.students, arguments.jobs)
        rows += measure_ten(Path(folder))
    text = section(rows, load)
    print(text)
    if arguments.write:
        report.write_section("grading", f"## Marking a class\n\n{text}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
