"""Each hostile submission in a course of its own, between a victim and a control; judged from outside.

`python benchmarks/attacks.py` prints a table of verdicts, and ends with status 1 where an attack gained a
point, showed something hidden, changed or left anything behind; `--write` puts it into benchmarks/RESULTS.md.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import report

sys.path.insert(0, str(report.ROOT))

from nbgrader.api import Gradebook

from grader.course import Course
from tests.grading.attacks import ATTACKS, LAZY
from tests.grading.conftest import ASSIGNMENT, RIGHT, STUB, Submissions, copy_of_course
from tests.grading.judging import (
    ENVIRONMENT_CANARY,
    HOME_CANARY,
    VICTIM_CANARY,
    boxes_left,
    bytes_written,
    hashes,
    leaks,
    listening,
    submit_attack,
)

VICTIM, ATTACKER, CONTROL = "a_victim", "m_attacker", "z_control"
HONEST = {VICTIM: 12.0, CONTROL: 3.0}


@dataclass(frozen=True)
class Verdict:
    """What one attack gained, and what it cost."""

    name: str
    kind: str
    gained: float
    leaked: tuple[str, ...]
    damaged: tuple[str, ...]
    seconds: float
    kilobytes: float
    megabytes: float

    @property
    def repelled(self) -> bool:
        return not (self.gained or self.leaked or self.damaged)


def environment(folder: Path) -> dict[str, str]:
    """That of a teacher, in which every Python finds the assignment that the attacks were written for."""
    site, home = folder / "site", folder / "home"
    site.mkdir()
    (site / "sitecustomize.py").write_text(STUB)
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_canary").write_text(HOME_CANARY)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    python = f"{site}{os.pathsep}{report.ROOT}{os.pathsep}{report.ROOT / 'src'}"
    return {
        **os.environ, "PATH": path, "PYTHONPATH": python, "HOME": str(home), "GRADER_TEST": ENVIRONMENT_CANARY
    }  # fmt: skip


def grader(words: Sequence[str], given: dict[str, str]) -> float:
    """Runs a command of the grader, which must succeed; gives the most memory that it took, in MB."""
    process = subprocess.Popen(
        [sys.executable, "-m", "grader", *words],
        env=given,
        cwd=report.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with process:
        said = process.stdout.read() if process.stdout is not None else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"grader {' '.join(words)} failed:\n{said}")
    return float(usage.ru_maxrss) / 1024


def replay(name: str, built: Path, folder: Path, given: dict[str, str]) -> Verdict:
    """One attack in a fresh course with two honest students."""
    course = copy_of_course(built, folder / "course")
    drop = folder / "drop"
    drop.mkdir()
    drop.chmod(0o1777)
    submissions = Submissions(course)
    submissions.add(VICTIM, {**RIGHT, "q4": VICTIM_CANARY})
    submissions.add(CONTROL, {**LAZY, "q1": RIGHT["q1"]})
    with listening(course, drop, Path(given["HOME"])) as (places, received):
        submit_attack(submissions, ATTACKER, places, name)
        before, started = hashes(course), time.perf_counter()
        where = ("counting", "--course", str(course.root))
        memory = grader(("autograde", *where, "--cell-seconds=5", "--total-seconds=60"), given)
        memory = max(memory, grader(("feedback", *where), given))
        seconds = time.perf_counter() - started
    marks = scores(course)
    damaged = damage(course, before, marks)
    damaged += ["the drop folder"] if list(drop.iterdir()) else []
    damaged += ["the network"] if received else []
    return Verdict(
        name,
        ATTACKS[name].kind,
        marks.get(ATTACKER, 0.0) - ATTACKS[name].points,
        tuple(leaks(course, ATTACKER, name)),
        tuple(damaged),
        seconds,
        bytes_written(course, ATTACKER, "counting") / 1000,
        memory,
    )


def scores(course: Course) -> dict[str, float]:
    with Gradebook(course.database) as gradebook:
        return {each.student.id: each.score for each in gradebook.assignment_submissions("counting")}


def damage(course: Course, before: dict[str, str], marks: dict[str, float]) -> list[str]:
    """Whose marks are not what they are without the attack, which files changed, what still runs."""
    found = [f"marks of {student}" for student, honest in HONEST.items() if marks.get(student) != honest]
    found += [] if hashes(course) == before else ["files of the course"]
    return found + (["processes left"] if boxes_left() else [])


def build(folder: Path, given: dict[str, str]) -> Path:
    """A course with the assignment released, of which each attack gets a copy."""
    grader(("new", str(folder / "built")), given)
    grader(("build", str(ASSIGNMENT), "--course", str(folder / "built")), given)
    return folder / "built"


def replay_all(names: Iterable[str]) -> Iterator[Verdict]:
    with tempfile.TemporaryDirectory(prefix="attacks-") as place:
        folder = Path(place)
        given = environment(folder)
        built = build(folder, given)
        for name in names:
            own = folder / name
            own.mkdir()
            yield replay(name, built, own, given)
            shutil.rmtree(own)


def section(verdicts: Sequence[Verdict]) -> str:
    """The table, and the sums above it."""
    rows = [
        [
            f"{one.name.replace('_', ' ')} ({one.kind})",
            f"{one.gained:g}",
            ", ".join(one.leaked) or "none",
            ", ".join(one.damaged) or "none",
            f"{one.seconds:.1f}",
            f"{one.kilobytes:.0f}",
            f"{one.megabytes:.0f}",
        ]
        for one in verdicts
    ]
    repelled = sum(one.repelled for one in verdicts)
    head = (
        f"`python benchmarks/attacks.py`, {report.today()}, {report.processor()}. {repelled} of "
        f"{len(verdicts)} hostile submissions gained nothing, saw nothing and harmed nobody: each was marked "
        "in a course of its own, between a victim and a control whose marks must be those that they get "
        "without it. "
        "Seconds are those of marking and feedback for all three; kilobytes are what the attacker's "
        "submission left on the disk, megabytes the most that one process took."
    )
    heads = ["attack", "points gained", "leaks", "damage", "seconds", "kB on disk", "MB of memory"]
    return "\n".join([head, "", *report.table(heads, rows)])


def main() -> int:
    """Replays, prints, and writes if asked; status 1 where an attack got through."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="ATTACK", help="only these")
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    arguments = parser.parse_args()
    verdicts = []
    for verdict in replay_all(arguments.names or ATTACKS):
        verdicts.append(verdict)
        print(f"[{len(verdicts)}] {verdict}", file=sys.stderr, flush=True)
    text = section(verdicts)
    print(text)
    if arguments.write:
        report.write_section("attacks", f"## Hostile submissions\n\n{text}")
    return 0 if all(verdict.repelled for verdict in verdicts) else 1


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    raise SystemExit(main())
