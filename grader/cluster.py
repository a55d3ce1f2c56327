"""Jobs on a Dask cluster: workers run them in sandboxes of their own, and send outcomes back as plain data.

A worker gets jobs, and once for each release the files that were released with it, named by their hash. It
holds no secret, no expected value and no way to the gradebook. What it sends back is bytes of JSON, read as
strictly as the reply of a box; neither results nor errors of its tasks are unpickled here. That is no wall:
Dask's own messages may hold pickles, so scheduler and workers are machines that are trusted with this one.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from distributed import Client, WorkerPlugin
from distributed.protocol import pickle

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
from grader.values import FAILURE_KINDS, Failure, valid_text
from layercost.message import Message, Words

PLAIN = ["msgpack", "dask"]  # how results may be written; not pickle
MAX_BYTES = 16 << 20  # of one outcome
MAX_FAILURE = 1_000  # characters
PLACE = re.compile(r"\{[A-Za-z_]\w*\}")  # of a value in a text
WORKERS_SECONDS = 30.0  # to wait for the first worker
CLOSING_SECONDS = 2.0  # to take leave, for which nobody waits longer
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
                try:
                    sandbox.probe()
                except BaseException:
                    sandbox.close()
                    shutil.rmtree(self.folder, ignore_errors=True)
                    raise
                self.sandbox = sandbox
        return self.sandbox


def run_job(material: str, fingerprint: str, job: bytes) -> bytes:
    """Runs on a worker: a job in, an outcome out, or the reason why there is none."""
    there = _materials.get(material)
    if there is None or there.fingerprint() != fingerprint:
        return _said("refused", "this worker has another version of grader, or not the files of the release")
    try:
        sandbox = there.opened()
    except (BoxDied, BoxTimeout) as error:
        return _said("died", str(error))
    except Exception as error:
        return _said("refused", f"{type(error).__name__}: {error}")
    try:
        outcome = SandboxExaminer(sandbox).run(job_from_tree(json.loads(job)))
        return json.dumps({"outcome": outcome_to_tree(outcome)}).encode()
    except (BoxDied, BoxTimeout) as error:
        return _said("died", str(error))
    except Exception as error:  # of this job, and no reason to send other jobs elsewhere
        return _said("died", f"{type(error).__name__}: {error}")


def _said(how: str, reason: str) -> bytes:
    return json.dumps({how: reason}).encode()


# ---- on the teacher's machine -------------------------------------------------------------------


class PlainClient(Client):  # type: ignore[misc]
    """A client that takes no object of a worker's making: no error, no type of a result, no warning."""

    def _handle_task_erred(self, key: str, exception: object = None, traceback: object = None) -> None:
        super()._handle_task_erred(key, "the task failed", None)

    def _handle_key_in_memory(self, key: str, type: object = None, workers: object = None) -> None:
        super()._handle_key_in_memory(key, None, workers)

    def _handle_event(self, topic: object = None, event: object = None) -> None:
        """What a worker prints or warns of is not written to our terminal."""

    async def _register_worker_plugin(self, plugin: WorkerPlugin, name: str, idempotent: bool) -> object:
        """A worker that could not take it refuses the first job."""
        return await self.scheduler.register_worker_plugin(
            plugin=pickle.dumps(plugin), name=name, idempotent=idempotent
        )


class Refused(SandboxUnavailable):
    """A worker that can run no job of this assignment."""


class ClusterExaminer(Examiner):
    """Sends jobs to the workers of a scheduler; one that refuses a job is sent no other."""

    def __init__(self, orders: Orders) -> None:
        self.limits, self.trusted, self.assignment = orders.limits, orders.trusted, orders.assignment
        self.materials: dict[int, Material] = {}  # by the version of the assignment
        self.registering = threading.Lock()
        self.refusing: set[str] = set()  # addresses of workers
        self.client = self._client(orders.scheduler)
        threads = sum(self.client.nthreads().values())
        self.boxes = -(-threads // orders.clerks) + 1  # one more waits, so that no worker does

    def _client(self, scheduler: str) -> Any:
        try:
            client = PlainClient(
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
            self.client.close(timeout=CLOSING_SECONDS)

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
        while True:
            try:
                return self._ask(job, self._willing())
            except Refused:
                if not self._willing():
                    raise

    def _willing(self) -> list[str]:
        """The workers that have not refused, where one has."""
        if not self.refusing:
            return []
        return [address for address in self.client.nthreads() if address not in self.refusing]

    def _ask(self, job: Job, workers: list[str]) -> Outcome:
        sent = json.dumps(job_to_tree(job)).encode()
        material = self._material(job.version)
        future = self.client.submit(
            *(run_job, material.name, material.fingerprint(), sent),
            pure=False,
            retries=0,
            workers=workers or None,  # any of them
        )
        try:
            return read_reply(self._reply(future), job, self.limits)
        except Refused as error:
            if not (where := {*chain(*self.client.who_has([future]).values())}):
                raise BoxDied(str(error)) from error  # and its worker is gone
            self.refusing |= where
            raise
        finally:
            with suppress(Exception):
                future.cancel()

    def _reply(self, future: Any) -> object:
        """What the worker sent; raises BoxDied where it failed, whatever its error was."""

        async def gathered() -> Any:
            return await self.client.gather([future], errors="skip", asynchronous=True)

        try:
            replies = self.client.sync(gathered, callback_timeout=self.limits.total_seconds + EXTRA_SECONDS)
        except TimeoutError as error:
            raise BoxTimeout("no worker answered in time") from error
        except TypeError as error:
            raise BoxDied("a worker sent what is no outcome") from error
        if not replies:
            raise BoxDied("the workers that ran it were lost, or failed")
        return replies[0]


def read_reply(reply: object, job: Job, limits: Limits) -> Outcome:
    """The outcome that a worker sent, held against the job; raises BoxDied for anything else."""
    if type(reply) is not bytes or len(reply) > MAX_BYTES:
        raise BoxDied("a worker sent what is no outcome")
    try:
        tree = json.loads(reply)
        if "died" in tree:
            raise BoxDied(str(tree["died"])[:MAX_FAILURE])
        if "refused" in tree:
            raise Refused(f"a worker refused: {str(tree['refused'])[:MAX_FAILURE]}")
        return _held_against(outcome_from_tree(tree["outcome"]), job, limits)
    except (BoxDied, Refused):
        raise
    except Exception as error:  # whatever it can bring about: a number too large, a text that fits no value
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
        if isinstance(failure, Failure):
            _look_at(failure)
    most = limits.output_characters + 100
    cells = tuple(CellResult(valid_text(cell.output[:most]), cell.failure) for cell in outcome.cells)
    return Outcome(cells, outcome.answers, max(0.0, min(limits.total_seconds, outcome.seconds)))


def _look_at(failure: Failure) -> None:
    """Raises ValueError for one that no examiner tells."""
    if failure.kind not in FAILURE_KINDS or not _is_plain(failure.text):
        raise ValueError("a failure of no kind, or told in a way of its own")
    said = str(failure.text)
    if len(said) > MAX_FAILURE or said != valid_text(said):
        raise ValueError("a failure that says too much, or what no file can hold")


def _is_plain(words: Words) -> bool:
    """Whether a text holds its values as they are, each once, so that it is no longer than what was sent.

    Not ``{name.inside}``, which reads what is here, nor ``{name:>999999999}``.
    """
    if isinstance(words, str):
        return True
    places = PLACE.findall(words.key)
    rest = PLACE.sub("", words.key)
    within = (value for value in words.values.values() if isinstance(value, Message))
    return len({*places}) == len(places) and not {"{", "}"} & {*rest} and all(map(_is_plain, within))
