"""Jobs on a Dask cluster: workers run them in sandboxes of their own, and send outcomes back as plain data.

A worker gets jobs, and once for each release the files that were released with it, named by their hash. It
holds no secret, no expected value and no way to the gradebook. What it sends back is bytes of JSON, read as
strictly as the reply of a box; nothing that it sends as a result is unpickled here.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from distributed import Client, KilledWorker, WorkerPlugin

from grader.box import BoxDied, BoxTimeout, Limits, Sandbox, SandboxUnavailable
from grader.desk import Orders
from grader.engines import open_sandbox
from grader.examination import SandboxExaminer
from grader.job import (
    CellResult,
    Examiner,
    Job,
    Outcome,
    job_from_tree,
    job_to_tree,
    outcome_from_tree,
    outcome_to_tree,
)
from grader.values import Failure, NotAValue, TooLarge, valid_text

PLAIN = ["msgpack", "dask"]  # how results may be written; not pickle
MAX_BYTES = 16 << 20  # of one outcome
MAX_FAILURE = 1_000  # characters
WORKERS_SECONDS = 30.0  # to wait for the first worker
EXTRA_SECONDS = 60.0  # beyond what a job may take: its way there and back, a sandbox that opens

# ---- on a worker --------------------------------------------------------------------------------

_materials: dict[str, Material] = {}
_opening = threading.Lock()


class Material(WorkerPlugin):  # type: ignore[misc]
    """What a worker needs to open a sandbox; every worker has it, also one that comes later."""

    idempotent = True  # clerks say the same, and a sandbox that is open stays open

    def __init__(self, files: Mapping[str, bytes], engine: str, limits: Limits, *, trusted: bool) -> None:
        self.files, self.engine, self.limits, self.trusted = dict(files), engine, limits, trusted
        self.name = f"grader-{self.fingerprint()}"
        self.folder: Path | None = None
        self.sandbox: Sandbox | None = None

    def fingerprint(self) -> str:
        """The hash of all that it holds."""
        hashes = {name: hashlib.sha256(data).hexdigest() for name, data in sorted(self.files.items())}
        said = [hashes, self.engine, asdict(self.limits), self.trusted, version("layercost")]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    def setup(self, worker: object) -> None:
        _materials[self.name] = self

    def teardown(self, worker: object) -> None:
        _materials.pop(self.name, None)
        if self.sandbox is not None:
            self.sandbox.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def opened(self) -> Sandbox:
        """The sandbox, opened by the first job that needs it, and seen to work."""
        with _opening:
            if self.sandbox is None:
                self.folder = Path(tempfile.mkdtemp(prefix="grader-files-"))
                for name, data in self.files.items():
                    (self.folder / name).write_bytes(data)
                files = [self.folder / name for name in self.files]
                sandbox = open_sandbox(self.engine, self.limits, files, trusted=self.trusted)
                sandbox.probe()
                self.sandbox = sandbox
        return self.sandbox


def run_job(material: str, fingerprint: str, job: bytes) -> bytes:
    """Runs on a worker: a job in, an outcome out, or the reason why there is none."""
    try:
        there = _materials.get(material)
        if there is None or there.fingerprint() != fingerprint:
            return _refusal("this worker has another version of grader, or not the files of the release")
        outcome = SandboxExaminer(there.opened()).run(job_from_tree(json.loads(job)))
        return json.dumps({"outcome": outcome_to_tree(outcome)}).encode()
    except (BoxDied, BoxTimeout) as error:
        return json.dumps({"died": str(error)}).encode()
    except Exception as error:
        return _refusal(f"{type(error).__name__}: {error}")


def _refusal(reason: str) -> bytes:
    return json.dumps({"refused": reason}).encode()


# ---- on the teacher's machine -------------------------------------------------------------------


class ClusterExaminer(Examiner):
    """Sends jobs to the workers of a scheduler."""

    def __init__(self, orders: Orders) -> None:
        self.limits, self.trusted, self.assignment = orders.limits, orders.trusted, orders.assignment
        self.materials: dict[int, Material] = {}  # by the version of the assignment
        self.registering = threading.Lock()
        self.client = self._client(orders.scheduler)
        threads = sum(self.client.nthreads().values())
        self.boxes = -(-threads // orders.clerks) + 1  # one more waits, so that no worker does

    def _client(self, scheduler: str) -> Any:
        try:
            client = Client(
                scheduler,
                timeout=WORKERS_SECONDS,
                serializers=PLAIN,
                deserializers=PLAIN,
                set_as_default=False,
            )
        except (OSError, ValueError) as error:
            raise SandboxUnavailable(f"no Dask scheduler answers at {scheduler}: {error}") from error
        try:
            client.wait_for_workers(1, timeout=WORKERS_SECONDS)
        except TimeoutError as error:
            client.close()
            raise SandboxUnavailable(
                f"the scheduler at {scheduler} has no worker; start one with: dask worker {scheduler}"
            ) from error
        return client

    def __enter__(self) -> ClusterExaminer:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            self.client.close(timeout=2)

    def _material(self, version: int) -> Material:
        """What workers need for this version; they are told once."""
        with self.registering:
            if version not in self.materials:
                assignment = self.assignment.made_from(version) if version else self.assignment
                files = {path.name: path.read_bytes() for path in assignment.files}
                engine = assignment.settings.sandbox.engine
                material = Material(files, engine, self.limits, trusted=self.trusted)
                self.client.register_plugin(material)
                self.materials[version] = material
        return self.materials[version]

    def run(self, job: Job) -> Outcome:
        """Sends a job and waits; raises BoxDied or BoxTimeout where the worker was lost."""
        sent = json.dumps(job_to_tree(job)).encode()
        material = self._material(job.version)
        future = self.client.submit(
            run_job, material.name, material.fingerprint(), sent, pure=False, retries=0
        )
        try:
            reply = future.result(timeout=self.limits.total_seconds + EXTRA_SECONDS)
        except KilledWorker as error:
            raise BoxDied("the workers that ran it were lost") from error
        except TimeoutError as error:
            raise BoxTimeout("no worker answered in time") from error
        finally:
            with suppress(Exception):
                future.cancel()
        return read_reply(reply, job, self.limits)


def read_reply(reply: object, job: Job, limits: Limits) -> Outcome:
    """The outcome that a worker sent, held against the job; raises BoxDied for anything else."""
    if type(reply) is not bytes or len(reply) > MAX_BYTES:
        raise BoxDied("a worker sent what is no outcome")
    try:
        tree = json.loads(reply)
        if "died" in tree:
            raise BoxDied(str(tree["died"])[:MAX_FAILURE])
        if "refused" in tree:
            raise SandboxUnavailable(f"a worker refused: {str(tree['refused'])[:MAX_FAILURE]}")
        return _held_against(outcome_from_tree(tree["outcome"]), job, limits)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, NotAValue, TooLarge) as error:
        raise BoxDied("a worker sent what is no outcome") from error


def _held_against(outcome: Outcome, job: Job, limits: Limits) -> Outcome:
    """A result for each cell and an answer for each question, none of them longer than a box may send."""
    asked = {grade_id: len(probes) for grade_id, probes in job.probes.items()}
    answered = {grade_id: len(answers) for grade_id, answers in outcome.answers.items()}
    if asked != answered or len(outcome.cells) != len(job.cells):
        raise ValueError("an outcome of another job")
    for failure in (
        *(cell.failure for cell in outcome.cells),
        *(answer for answers in outcome.answers.values() for answer in answers),
    ):
        if isinstance(failure, Failure) and len(str(failure.text)) > MAX_FAILURE:
            raise ValueError("a failure that says too much")
    most = limits.output_characters + 100
    cells = tuple(CellResult(valid_text(cell.output[:most]), cell.failure) for cell in outcome.cells)
    return Outcome(cells, outcome.answers, max(0.0, min(limits.total_seconds, outcome.seconds)))
