"""A class on a Dask cluster: the same marks, and workers that are believed no more than a box."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from distributed import get_worker
from nbgrader.api import Gradebook

from grader import cluster
from grader.box import BoxDied, Limits, SandboxUnavailable
from grader.cluster import MAX_BYTES, ClusterExaminer, Material, read_reply, run_job
from grader.course import Course
from grader.desk import Orders
from grader.job import CellResult, CodeCell, Job, Outcome, job_to_tree, outcome_to_tree
from grader.values import Call, Failure, Get, Value
from layercost.message import Message

from .conftest import QUICK, RIGHT, ROOT, Submissions, no_thread_left

JOB = Job("ada", (CodeCell("q1", "x = 1"), CodeCell("", "print(x)")), {"q1": (Get("x"), Call("f", (1,)))})
OUTCOME = Outcome((CellResult(), CellResult("1\n")), {"q1": (Value(1), Failure("missing", "There is no f."))})
LOST = replace(OUTCOME, cells=(CellResult(failure=Failure("died", "It died.")), CellResult()))


def replied(outcome: Outcome) -> bytes:
    return json.dumps({"outcome": outcome_to_tree(outcome)}).encode()


def with_seconds(written: str) -> bytes:
    return replied(OUTCOME).replace(b'"seconds": 0.0', f'"seconds": {written}'.encode())


def with_text(key: str, **values: object) -> bytes:
    """A failure that is told like this."""
    return replied(OUTCOME).replace(b'"There is no f."', json.dumps({"key": key, "values": values}).encode())


def test_an_honest_reply_is_read() -> None:
    assert read_reply(replied(OUTCOME), JOB, Limits()) == OUTCOME
    told = read_reply(with_text("There is no `{name}`.", name="f"), JOB, Limits()).answers["q1"][1]
    assert told == Failure("missing", Message("There is no `{name}`.", name="f"))


@pytest.mark.parametrize("written", ["Infinity", "1e999", "NaN", "-Infinity", "1e308"])
def test_a_time_that_is_none_is_cut_to_what_there_was(written: str) -> None:
    """It is how long the job took, which is counted off the time that is left."""
    assert 0 <= read_reply(with_seconds(written), JOB, Limits()).seconds <= Limits.total_seconds


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(None, id="nothing"),
        pytest.param("{}", id="a text"),
        pytest.param(b"{", id="no JSON"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"{}", id="nothing in it"),
        pytest.param(b" " * (MAX_BYTES + 1), id="too much"),
        pytest.param(b'{"died": "of old age"}', id="died"),
        pytest.param(pickle.dumps(OUTCOME), id="a pickle"),
        pytest.param(replied(replace(OUTCOME, cells=())), id="cells missing"),
        pytest.param(replied(replace(OUTCOME, answers={})), id="answers missing"),
        pytest.param(replied(replace(OUTCOME, answers={"q1": OUTCOME.answers["q1"][:1]})), id="too few"),
        pytest.param(replied(replace(OUTCOME, answers={**OUTCOME.answers, "q2": ()})), id="too many"),
        pytest.param(
            replied(replace(OUTCOME, cells=(CellResult(failure=Failure("error", "x" * 2000)),) * 2)),
            id="talks",
        ),
        pytest.param(replied(OUTCOME).replace(b'{"int": "1"}', b'{"int": "one"}'), id="no integer"),
        pytest.param(with_seconds("1" + "0" * 400), id="no float is so large"),
        pytest.param(with_seconds("1" + "0" * 5000), id="no integer is read that is so large"),
        pytest.param(with_seconds('"long"'), id="no time"),
        pytest.param(with_text("\ud800"), id="what no file can hold"),
        pytest.param(replied(LOST).replace(b'"died"', b'"lost"'), id="no kind of failure"),
        pytest.param(with_text("{0}", name="x"), id="a value without a name"),
        pytest.param(with_text("{other}", name="x"), id="a value that is not there"),
        pytest.param(with_text("{name:c}", name=10**10), id="no character"),
        pytest.param(with_text("{name:>9}", name="x"), id="a width"),
        pytest.param(with_text("{name}{name}", name="x"), id="a value many times"),
        pytest.param(with_text("{name.__class__}", name="x"), id="the inside of a value"),
        pytest.param(with_text("{name}", name={"key": "{n[0]}", "values": {"n": "x"}}), id="within a value"),
    ],
)
def test_anything_else_is_a_lost_worker(reply: object) -> None:
    """It stops nobody else: the submission is tried once more."""
    with pytest.raises(BoxDied):
        read_reply(reply, JOB, Limits())


def test_what_a_cell_printed_is_cut_here_too() -> None:
    long = replace(OUTCOME, cells=(CellResult("x" * 100_000), CellResult()))
    assert len(read_reply(replied(long), JOB, Limits()).cells[0].output) == Limits.output_characters + 100


def test_a_worker_without_the_files_refuses() -> None:
    """One that has another version of grader says so instead of giving other answers."""
    sent = json.dumps(job_to_tree(JOB)).encode()
    with pytest.raises(SandboxUnavailable, match="another version of grader"):
        read_reply(run_job("grader-unknown", "0", sent), JOB, Limits())


def test_files_are_named_by_what_they_hold(tmp_path: Path) -> None:
    """Another byte or another limit is another sandbox."""
    names = {
        Material({"variants.json": data}, "bubblewrap", limits, trusted=False).name
        for data in (b"{}", b"[]")
        for limits in (Limits(), QUICK)
    }
    assert len(names) == 4


@pytest.mark.bubblewrap
def test_a_worker_runs_a_job_with_the_released_files() -> None:
    material = Material({"variants.json": b'{"n": 7}'}, "bubblewrap", QUICK, trusted=False)
    job = Job(
        "ada", (CodeCell("", "import json; x = json.load(open('variants.json'))['n']"),), {"q1": (Get("x"),)}
    )
    material.setup(None)
    try:
        sent = json.dumps(job_to_tree(job)).encode()
        outcome = read_reply(run_job(material.name, material.fingerprint(), sent), job, QUICK)
    finally:
        material.teardown(None)
    assert outcome.answers == {"q1": (Value(7),)}


BOTH_ARE_THERE = """
import sys
from distributed import Client
with Client(sys.argv[1], timeout=300) as client:
    client.wait_for_workers(2, timeout=300)
"""


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler and two workers, as a teacher starts them."""
    folder = tmp_path_factory.mktemp("cluster")
    file = folder / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path[1:], str(ROOT)])}
    dask = [sys.executable, "-m", "distributed.cli"]
    words = ["--scheduler-file", str(file), "--no-dashboard"]
    with ExitStack() as stack:

        def start(*command: str) -> None:
            process = subprocess.Popen(
                [*dask[:2], *command], env=environment, cwd=folder, stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait)
            stack.callback(process.terminate)

        start("distributed.cli.dask_scheduler", "--port", "0", "--host", "127.0.0.1", *words)
        deadline = time.monotonic() + 300
        while not file.exists() or not file.read_text():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        for number in range(2):
            local = ["--nthreads", "1", "--local-directory", str(folder / str(number))]
            start("distributed.cli.dask_worker", *local, *words)
        address = json.loads(file.read_text())["address"]
        subprocess.run([sys.executable, "-c", BOTH_ARE_THERE, address], env=environment, check=True)
        yield address


@pytest.mark.bubblewrap
def test_a_class_on_a_cluster_gets_the_same_marks(
    course: Course, submissions: Submissions, environment: dict[str, str], scheduler: str
) -> None:
    """A sleeper among them; the second run needs no worker."""
    for number in range(12):
        submissions.add(f"s{number}", RIGHT)
    submissions.add("blank", {})
    submissions.add("sleeper", RIGHT | {"q3": "while True: pass"})
    path = os.pathsep.join([environment["PYTHONPATH"], *sys.path[1:]])
    command = [sys.executable, "-m", "grader", "autograde", "counting", "--workers=1", "--cell-seconds=5"]
    for words in (["--scheduler", scheduler], []):
        done = subprocess.run(
            [*command, *words], cwd=course.root, env={**environment, "PYTHONPATH": path},
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    assert "14 from the record" in done.stdout
    with Gradebook(course.database) as gradebook:
        scores = {each.student.id: each.score for each in gradebook.assignment_submissions("counting")}
    assert scores == {**{f"s{number}": 12.0 for number in range(12)}, "blank": 0.0, "sleeper": 7.0}


@pytest.fixture
def examiner(course: Course, scheduler: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClusterExaminer]:
    monkeypatch.setattr(cluster, "CLOSING_SECONDS", 300.0)
    orders = Orders(course.root, "counting", QUICK, scheduler=scheduler)
    orders.with_opened(course, course.assignment("counting"))
    with no_thread_left(), ClusterExaminer(orders) as examiner:
        yield examiner


@pytest.mark.bubblewrap
def test_a_worker_that_refuses_gets_no_other_job(
    examiner: ClusterExaminer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refusing is quick: it would get most of the class. Where all refuse, that is said."""
    one, other = examiner.client.nthreads()
    refusing = {one}

    def run(material: str, fingerprint: str, sent: bytes) -> bytes:
        if get_worker().address in refusing:
            return b'{"refused": "no sandbox opens here"}'
        from grader.cluster import run_job  # the worker's own, which knows its files

        return run_job(material, fingerprint, sent)

    monkeypatch.setattr(cluster, "run_job", run)
    for number in range(6):
        job = Job("ada", (CodeCell("", f"x = {number}"),), {"q1": (Get("x"),)})
        assert examiner.run(job).answers == {"q1": (Value(number),)}
    assert examiner.refusing <= {one}
    refusing.add(other)
    for _ in range(2):
        with pytest.raises(SandboxUnavailable, match="a worker refused: no sandbox opens here"):
            examiner.run(JOB)
    assert examiner.refusing == {one, other}


@pytest.mark.bubblewrap
def test_an_error_of_a_worker_is_a_lost_worker_and_is_not_unpickled(
    examiner: ClusterExaminer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its pickle would run here whatever the worker likes, with the teacher's rights."""
    note = tmp_path / "note"
    told = f"print(__import__('os').getpid(), file=open({str(note)!r}, 'a')) or Exception()"

    class Hostile(Exception):
        def __reduce__(self) -> Any:
            return eval, (told,)

    def fail(*_: object) -> bytes:
        raise Hostile

    monkeypatch.setattr(cluster, "run_job", fail)
    with pytest.raises(BoxDied, match="lost, or failed"):
        examiner.run(JOB)
    where = note.read_text().split()  # the worker tried it before it sent it
    assert where
    assert str(os.getpid()) not in where


def test_no_scheduler_is_said(
    course: Course,
    submissions: Submissions,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from grader.command import main

    submissions.add("ada", RIGHT)
    monkeypatch.setattr(cluster, "WORKERS_SECONDS", 1.0)
    where = ["--course", str(course.root), "--scheduler", "tcp://127.0.0.1:9"]
    assert main(["autograde", "counting", *where]) == 2
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in capsys.readouterr().err
