"""How quickly a class is marked, beside stock nbgrader on the same submissions.

`python benchmarks/grading.py` prints a Markdown section; `--write` puts it into benchmarks/RESULTS.md.
All ways mark the same class on the same machine, in turn, as many rounds as asked; each figure is the
median. Stock is nbgrader's own `autograde`, without our configuration. A gradebook in PostgreSQL is measured
where its programs are, in a server of our own, or in the server that `--postgresql ADDRESS` names; Dask is
measured where it is installed. `--ten-thousand` marks ten thousand submissions instead, and holds every mark
against what its answers are worth.
"""

from __future__ import annotations

import argparse
import copy
import importlib.util
import json
import os
import platform
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import report
from report import ROOT
from sqlalchemy import make_url
from usage import Usage, used

sys.path.insert(0, str(ROOT / "src"))
sys.path.insert(0, str(ROOT))

from grader.configuration import configuration
from grader.course import Course
from grader.gradebook import open_engine
from grader.registration import registered
from tests.conftest import postgresql_programs
from tests.grading.postgresql import Server, own_server

ASSIGNMENT = ROOT / "benchmarks" / "ten_cells"
STOCK_CONFIGURATION = "c = get_config()\nc.CourseDirectory.root = {root!r}\nc.Exchange.root = {root!r}\n"

# What students change in the model solution, and what that is worth.
COUNTED_MACS = (
    "def linear_flops(in_features, out_features, bias=True):\n    return in_features * out_features"
)
ROUNDED_UP = (
    "import math\n\ndef conv2d_output_size(size, kernel_size, stride=1, padding=0):\n"
    "    return math.ceil((size + 2 * padding - kernel_size) / stride) + 1"
)
RIGHT: dict[str, str] = {}
KINDS: tuple[tuple[dict[str, str] | None, float], ...] = (
    *((RIGHT, 14.0),) * 6,
    (None, 0.0),  # nothing written
    ({"linear-flops": COUNTED_MACS}, 13.0),  # half of 2 is lost
    ({"conv2d-output-size": ROUNDED_UP}, 13.2),  # 0.4 of 2; LeNet-5 strides by 1
    ({"fc2": "fc2 = None"}, 12.0),  # and no total
)


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

    def run(self, *words: str, beside: Sequence[int] = ()) -> Usage:
        """Runs a command in the course and measures it; it must succeed."""
        return used([sys.executable, "-m", *words], self.root, environment(), beside)


def environment() -> dict[str, str]:
    """That of a teacher's terminal, in which Python finds this checkout first."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    python = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PATH": path, "PYTHONPATH": python, "JUPYTERHUB_USER": "student"}


def new_course(folder: Path) -> Bench:
    """A course with the assignment released."""
    bench = Bench(folder)
    Bench(ROOT).run("grader", "new", str(folder))
    bench.run("grader", "build", str(ASSIGNMENT))
    return bench


def solved(bench: Bench, changes: dict[str, str] | None = None) -> bytes:
    """The release with the model solution in its answer cells, but for what is changed."""
    release = json.loads(bench.notebook.read_text(encoding="utf-8"))
    source = json.loads(
        (bench.root / "source" / bench.name / bench.notebook.name).read_text(encoding="utf-8")
    )
    answers = {_grade_id(cell): cell["source"] for cell in source["cells"]} | (changes or {})
    notebook = copy.deepcopy(release)
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution"):
            cell["source"] = answers[_grade_id(cell)]
    return json.dumps(notebook).encode()


def _grade_id(cell: dict[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def fill(bench: Bench, students: int) -> None:
    """A class of all kinds of students."""
    blank = bench.notebook.read_bytes()
    files = [blank if changes is None else solved(bench, changes) for changes, _ in KINDS]
    for number in range(students):
        bench.submit(f"s{number:05}", files[number % len(files)])


def wrong_marks(bench: Bench) -> list[str]:
    """Who has another mark than the answers are worth."""
    from sqlalchemy import func, select

    from grader.tables import grades, submissions, submitted_notebooks

    query = (
        select(submissions.c.student_id, func.sum(grades.c.auto_score))
        .join_from(submissions, submitted_notebooks, submitted_notebooks.c.assignment_id == submissions.c.id)
        .join(grades, grades.c.notebook_id == submitted_notebooks.c.id)
        .group_by(submissions.c.student_id)
    )
    engine = open_engine(Course(bench.root))
    with engine.connect() as connection:
        found: dict[str, float] = {row[0]: row[1] for row in connection.execute(query)}
    engine.dispose()
    students = [folder.name for folder in (bench.root / "submitted").iterdir()]
    return [
        f"{student}: {found.get(student)}"
        for student in sorted(students)
        if abs(found.get(student, -1.0) - KINDS[int(student[1:]) % len(KINDS)][1]) > 1e-6
    ]


# ---- ways to mark -------------------------------------------------------------------------------


@dataclass
class Way:
    """One way to mark a class, and what it took in each round."""

    what: str
    words: tuple[str, ...] = ()
    server: Server | None = None
    dask_workers: int = 0
    stock: bool = False
    rounds: list[Usage] = field(default_factory=list)

    def median(self, name: str) -> float:
        return float(statistics.median(getattr(usage, name) for usage in self.rounds))


@contextmanager
def postgresql(address: str) -> Iterator[Server | None]:
    """The server that is named, such as postgresql+psycopg://me:secret@localhost, else one of our own.

    One of our own writes as safely as any; None where this machine has no PostgreSQL.
    """
    if address:
        yield Server(make_url(address).set(database="postgres"))
    elif programs := postgresql_programs():
        with own_server(programs) as server:
            yield server
    else:
        yield None


def ways(server: Server | None, *, stock: bool) -> list[Way]:
    """Those that this machine can measure."""
    found = [Way(f"ours, {n} worker{'s' * (n > 1)}", (f"--workers={n}",)) for n in (1, 2)]
    if server is not None:
        apart = "" if server.process is not None else ", the server not counted"
        found += [
            Way(f"ours, {n} worker{'s' * (n > 1)}, PostgreSQL{apart}", (f"--workers={n}",), server)
            for n in (1, 2)
        ]
    if importlib.util.find_spec("distributed") is not None:
        found += [
            Way(f"ours, Dask with {n} worker{'s' * (n > 1)}", ("--workers=1",), dask_workers=n)
            for n in (1, 2)
        ]
    return [*found, Way("stock `nbgrader autograde`", stock=True)] if stock else found


def measure(folder: Path, chosen: list[Way], students: int, rounds: int) -> None:
    """All ways in turn, round by round, each on a fresh copy of the same class."""
    pristine = new_course(folder / "pristine")
    fill(pristine, students)
    for number in range(rounds):
        for way in chosen[number % len(chosen) :] + chosen[: number % len(chosen)]:
            way.rounds.append(measure_one(folder, pristine, way))
            print(f"{way.what}: {way.rounds[-1].seconds:.1f} s", file=sys.stderr, flush=True)


def measure_one(folder: Path, pristine: Bench, way: Way) -> Usage:
    bench = Bench(folder / "course")
    shutil.rmtree(bench.root, ignore_errors=True)
    beside: list[int] = []
    shutil.copytree(pristine.root, bench.root)
    text = STOCK_CONFIGURATION.format(root=str(bench.root)) if way.stock else configuration(bench.root)
    (bench.root / "nbgrader_config.py").write_text(text, encoding="utf-8")
    with ExitStack() as stack:
        if way.server is not None:
            address = stack.enter_context(way.server.database(f"grader_bench_{os.getpid()}"))
            beside += [way.server.process] if way.server.process is not None else []
            keep_marks_in(address, bench)
        if way.stock:
            return bench.run("nbgrader", "autograde", bench.name, "--force")
        words = list(way.words)
        if way.dask_workers:
            scheduler, started = stack.enter_context(cluster(folder, way.dask_workers))
            words += ["--scheduler", scheduler]
            beside += started
        usage = bench.run("grader", "autograde", bench.name, *words, beside=beside)
        wrong = wrong_marks(bench)
    if wrong:
        raise SystemExit(f"{way.what} gave other marks: {', '.join(wrong[:10])}")
    return usage


def keep_marks_in(address: str, bench: Bench) -> None:
    """Moves the gradebook of a course in which nobody is marked into a database, as a build would fill it."""
    (bench.root / "course.toml").write_text(f'[gradebook]\ndatabase = "{address}"\n', encoding="utf-8")
    assignment = Course(bench.root).assignment(bench.name)
    with registered(Course(bench.root), bench.name, assignment.notebook, assignment.release) as commit:
        commit()


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[int]]]:
    """A scheduler and workers of one thread each, which all stand: the address and the processes."""
    file = folder / "scheduler.json"
    file.unlink(missing_ok=True)
    parts = [("dask_scheduler", "--port", "0", "--host", "127.0.0.1")]
    parts += [
        ("dask_worker", "--nthreads", "1", "--local-directory", str(folder / f"worker{number}"))
        for number in range(workers)
    ]
    with ExitStack() as stack:
        started = []
        for name, *words in parts:
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{name}", *words, "--no-dashboard",
                 "--scheduler-file", str(file)],
                env=environment(), stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(_end, process)
            started.append(process.pid)
            _until_written(file, process)
        address = json.loads(file.read_text())["address"]
        wait = f"Client({address!r}, timeout=60).wait_for_workers({workers}, timeout=60)"
        subprocess.run(  # in a process of its own, since a client's threads would stay in this one
            [sys.executable, "-c", f"from distributed import Client; {wait}"], env=environment(), check=True
        )
        yield address, started


def _until_written(file: Path, process: subprocess.Popen[bytes]) -> None:
    """Waits for the scheduler's address; raises SystemExit where what is to write it has ended."""
    while not file.exists() or not file.read_text():
        if process.poll() is not None:
            raise SystemExit(f"{process.args} ended with {process.returncode} before its scheduler stood")
        time.sleep(0.1)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def section(chosen: list[Way], students: int, rounds: int, load: str) -> str:
    """The table as Markdown."""
    head = (
        f"`python benchmarks/grading.py --students {students} --rounds {rounds}`, {report.today()}, "
        f"{report.processor()}, load average before {load}, Python {platform.python_version()}, nbgrader "
        f"{version('nbgrader')}; {students} submissions of ten marked cells, four functions and six numbers, "
        f"six in ten all right; seconds of the whole command, its start included; the median of {rounds}."
    )
    stock = next((way for way in chosen if way.stock), None)
    rows = []
    for way in chosen:
        seconds = way.median("seconds")
        times = f"×{stock.median('seconds') / seconds:.1f}" if stock is not None else ""
        rows.append(
            [
                way.what,
                f"{seconds:.1f}",
                f"{60 * students / seconds:.0f}",
                times,
                f"{1000 * way.median('cpu_seconds') / students:.0f}",
                f"{way.median('peak_bytes') / (1 << 20):.0f}",
            ]
        )
    cpu = f"CPU ms a submission{'' if all_counted(chosen) else ', without the boxes'}"
    heads = ["what", "seconds", "a minute", "of stock", cpu, "most memory seen, MiB"]
    return "\n".join([head, "", *report.table(heads, rows)])


def all_counted(chosen: Sequence[Way]) -> bool:
    """Whether the processor time of boxes is in the numbers; that of stock's kernels always is."""
    return all(usage.whole for way in chosen for usage in way.rounds)


def ten_thousand(folder: Path, students: int, workers: int) -> str:
    """Marks a large class, checks every mark, and says what it took."""
    load = report.load()
    bench = new_course(folder / "large")
    fill(bench, students)
    usage = bench.run("grader", "autograde", bench.name, f"--workers={workers}")
    wrong = wrong_marks(bench)
    again = bench.run("grader", "autograde", bench.name, f"--workers={workers}")
    if wrong:
        raise SystemExit(f"{len(wrong)} marks are wrong: {', '.join(wrong[:10])}")
    megabytes = (bench.root / "gradebook.db").stat().st_size / (1 << 20)
    return (
        f"`python benchmarks/grading.py --ten-thousand --students {students}`, {report.today()}, "
        f"{report.processor()}, load average before {load}: {students:,} submissions of ten marked cells "
        f"with {workers} workers took {usage.seconds:.0f} s ({60 * students / usage.seconds:.0f} a minute), "
        f"{1000 * usage.cpu_seconds / students:.0f} ms of CPU a submission"
        f"{'' if usage.whole else ' without what ran in the boxes'}, and the most memory seen was "
        f"{usage.peak_bytes / (1 << 20):.0f} MiB; the gradebook takes {megabytes:.0f} MiB. All "
        f"marks are right. Marking again from the records took {again.seconds:.0f} s."
    )


def main() -> int:
    """Measures, prints, and writes if asked."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    parser.add_argument("--students", type=int, help="default: 200, or 10000 with --ten-thousand")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="with --ten-thousand")
    parser.add_argument("--postgresql", default="", metavar="ADDRESS", help="a server that may be written to")
    parser.add_argument("--without-stock", action="store_true", help="leave out what takes longest")
    parser.add_argument("--ten-thousand", action="store_true")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what was started
    load = report.load()
    with tempfile.TemporaryDirectory(prefix="grading-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # boxes of root run as nobody, and must reach what they are shown
        if arguments.ten_thousand:
            text = ten_thousand(folder, arguments.students or 10_000, arguments.workers)
            key, title = "grading-large", "Marking ten thousand"
        else:
            students = arguments.students or 200
            with postgresql(arguments.postgresql) as server:
                chosen = ways(server, stock=not arguments.without_stock)
                measure(folder, chosen, students, arguments.rounds)
            text = section(chosen, students, arguments.rounds, load)
            key, title = "grading", "Marking a class"
    print(text)
    if arguments.write:
        report.write_section(key, f"## {title}\n\n{text}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
