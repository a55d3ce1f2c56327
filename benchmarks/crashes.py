"""Marking that is killed at random moments and started again ends with the marks of an undisturbed run.

`python benchmarks/crashes.py` kills `grader autograde` fifty times (SIGKILL, no warning), lets it finish, and
compares the table of marks with that of a course in which nothing happened; `--write` puts the figures into
benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import report
from grading import Bench, new_course, solved

from grader.stage import YOUNG_SECONDS


@dataclass(frozen=True)
class Crashes:
    """What fifty kills did."""

    kills: int
    finished_first: int  # runs that were over before the moment came
    students: int
    seconds: float
    equal: bool
    left: int  # folders in the temporary directory that outlived the last run


def autograde(bench: Bench, temporary: Path, said: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.Popen(
        [sys.executable, "-m", "grader", "autograde", bench.name],
        cwd=bench.root,
        env={**os.environ, "PATH": path, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=said,
        start_new_session=True,
    )


def kill_after(bench: Bench, temporary: Path, seconds: float) -> bool:
    """Starts marking and kills the grader itself after so long; False where it was done before."""
    process = autograde(bench, temporary)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.wait()
        return True
    return False


def table_of_marks(bench: Bench) -> str:
    bench.run("grader", "export", bench.name, "--to", "marks.csv")
    return (bench.root / "marks.csv").read_text(encoding="utf-8")


def class_of(folder: Path, students: int, chance: random.Random) -> tuple[Bench, Bench]:
    """The same class in two courses: half of the students leave out an answer."""
    disturbed = new_course(folder / "disturbed")
    solution = solved(disturbed)
    blank = disturbed.notebook.read_bytes()
    for number in range(students):
        disturbed.submit(f"student{number:03}", solution if chance.random() < 0.5 else blank)
    quiet = Bench(folder / "quiet")
    shutil.copytree(disturbed.root, quiet.root)  # its commands name the course by where they run
    return disturbed, quiet


def measure(folder: Path, kills: int, students: int, seed: int) -> Crashes:
    """Disturbs one course, leaves the other alone, and compares."""
    chance = random.Random(seed)  # noqa: S311  (moments, not secrets)
    temporary = folder / "temporary"
    temporary.mkdir()
    disturbed, quiet = class_of(folder, students, chance)
    started = time.perf_counter()
    quiet.run("grader", "autograde", quiet.name)
    longest = time.perf_counter() - started
    done, finished = 0, 0
    while done < kills:
        if kill_after(disturbed, temporary, chance.uniform(0.1, longest)):
            done += 1
        else:
            finished += 1
            shutil.rmtree(disturbed.root / "records", ignore_errors=True)  # so that there is work again
            (disturbed.root / "records").mkdir()
        print(f"{done} of {kills} kills", file=sys.stderr, end="\r", flush=True)
    time.sleep(YOUNG_SECONDS)  # a folder younger than that may be somebody's who has not locked it yet
    last = autograde(disturbed, temporary, subprocess.PIPE)
    _, said = last.communicate(timeout=600)
    if last.returncode != 0:
        raise SystemExit(f"the last run did not succeed:\n{said.decode()}")
    left = len(list(temporary.iterdir()))
    equal = table_of_marks(disturbed) == table_of_marks(quiet)
    return Crashes(done, finished, students, time.perf_counter() - started, equal, left)


def section(found: Crashes, seed: int) -> str:
    """The figures as a paragraph."""
    equal = "equal to" if found.equal else "NOT equal to"
    return (
        f"`python benchmarks/crashes.py --seed {seed}`, {report.today()}, {report.processor()}: "
        f"`grader autograde` of {found.students} submissions was killed {found.kills} times at random "
        f"moments and each time started again ({found.finished_first} further runs were over before their "
        f"moment came). The marks of the last run, a minute later, are {equal} those of a course that was "
        f"left alone; {found.left} temporary folders were left."
    )


def main() -> int:
    """Measures, prints, and writes if asked; status 1 where marks differ or something is left."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--students", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="put the figures into benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crashes-") as folder:
        Path(folder).chmod(0o755)  # boxes of root run as nobody, and must reach what they are shown
        found = measure(Path(folder), arguments.kills, arguments.students, arguments.seed)
    text = section(found, arguments.seed)
    print(text)
    if arguments.write:
        report.write_section("crashes", f"## Marking that is killed\n\n{text}")
    return 0 if found.equal and not found.left else 1


if __name__ == "__main__":
    raise SystemExit(main())
