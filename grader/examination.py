"""Runs one student's cells in a box, then asks the questions; a box that dies is started again.

All cells run before the first question is asked, so nothing that a cell prints can repeat a hidden input; and
all variables are read before the first function is called, since a message may repeat what a variable holds.
A cell or a call that ends or blocks its process costs itself only: a new box is started, the cells that
had run are run again (what they print the second time is dropped), and the examination goes on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from grader.box import Box, BoxDied, BoxTimeout, Sandbox
from grader.job import CellResult, Examiner, Job, Outcome, Probes
from grader.patience import awake
from grader.values import (
    Answer,
    Call,
    Failure,
    Get,
    NotAValue,
    Probe,
    TooLarge,
    decode,
    probe_to_tree,
    valid_text,
)
from layercost.message import Message, Words

OUTPUT_BYTES = 300_000  # of all that one submission prints or says in errors, as JSON writes it
ANSWER_BYTES = 200_000  # of all values that one submission gives back


class SandboxExaminer(Examiner):
    """Runs jobs in boxes of a sandbox of this machine."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def run(self, job: Job) -> Outcome:
        """Runs the cells in order, then asks every probe."""
        began = awake()
        with Examination(self.sandbox, job.student, job.seconds) as examination:
            results = tuple(examination.run(cell.source) for cell in job.cells)
            failed = {
                cell.grade_id: result.failure
                for cell, result in zip(job.cells, results, strict=True)
                if cell.grade_id and result.failure is not None
            }
            found = _ask_all(examination, job.probes)
        answers = {
            grade_id: tuple(
                _explain_missing(answer, failed.get(job.answered_in.get(grade_id, ""))) for answer in every
            )
            for grade_id, every in found.items()
        }
        return Outcome(results, answers, awake() - began)


def _ask_all(examination: Examination, probes: Probes) -> dict[str, list[Answer]]:
    """Every answer in its place: variables are read first, for what was called could put its inputs there."""
    places = [(grade_id, place) for grade_id, asked in probes.items() for place in range(len(asked))]
    places.sort(key=lambda one: isinstance(probes[one[0]][one[1]], Call))
    answers = {(grade_id, place): examination.ask(probes[grade_id][place]) for grade_id, place in places}
    return {
        grade_id: [answers[grade_id, place] for place in range(len(asked))]
        for grade_id, asked in probes.items()
    }


def _explain_missing(answer: Answer, failure: Failure | None) -> Answer:
    missing = isinstance(answer, Failure) and answer.kind == "missing"
    return failure if missing and failure is not None else answer


class Allowance:
    """How many bytes of one submission are still kept; what is kept is written several times."""

    def __init__(self, left: int) -> None:
        self.left = left

    def takes(self, tree: object) -> bool:
        """Whether something fits, as JSON; if so, its room is gone."""
        size = len(json.dumps(tree))
        if size > self.left:
            return False
        self.left -= size
        return True

    def cut(self, text: str) -> str:
        """The text, or its beginning where the whole does not fit."""
        if not text or self.takes(text):
            return text
        kept = text[: self.left // 12]  # no character takes more as JSON
        self.left = 0
        return f"{kept}\n..." if kept else ""


class Examination:
    """A student's program that survives its own crashes."""

    def __init__(self, sandbox: Sandbox, student: str, seconds: float | None = None) -> None:
        self.sandbox, self.student, self.limits = sandbox, student, sandbox.limits
        self.seconds = min(seconds or self.limits.total_seconds, self.limits.total_seconds)
        self.deadline = awake() + self.seconds
        self.box: Box | None = None
        self.ran: list[str] = []  # cells to run again in a new box
        self.blocked: set[str] = set()  # functions that ended or blocked their process
        self.hopeless: Failure | None = None  # why nothing can be asked any more
        self.output, self.answers = Allowance(OUTPUT_BYTES), Allowance(ANSWER_BYTES)

    def __enter__(self) -> Examination:
        return self

    def __exit__(self, *_: object) -> None:
        self._drop_box()

    def run(self, source: str) -> CellResult:
        """Runs one cell."""
        if not source.strip():
            return CellResult()
        reply = self._request({"operation": "run", "source": source}, Message("This cell"))
        if isinstance(reply, Failure):
            return CellResult(failure=reply)
        self.ran.append(source)
        output = self.output.cut(_text(reply.get("output"), self.limits.output_characters + 100))
        if reply.get("ok") is True:
            return CellResult(output)
        message = self.output.cut(_text(reply.get("message"), 600))
        return CellResult(output, Failure("error", message or Message("This cell raised an exception.")))

    def ask(self, probe: Probe) -> Answer:
        """Asks for a variable or calls a function; never raises."""
        if isinstance(probe, Call) and probe.name in self.blocked:
            return Failure(
                "not-run",
                Message("`{name}` was not called again after it had stopped working.", name=probe.name),
            )
        reply = self._request(probe_to_tree(probe), f"`{probe.name}`")
        if isinstance(reply, Failure):
            self.blocked.add(probe.name)
            return reply
        if not self.answers.takes(reply.get("value")):
            reply = {"kind": "too-large"}
        return _answer(probe, reply)

    def _request(self, request: Mapping[str, Any], subject: Words) -> dict[str, Any] | Failure:
        """One request, in a box that works; a Failure where none does, or where this request broke it."""
        box = self._open_box()
        if isinstance(box, Failure):
            return box
        try:
            return box.ask(request, self._seconds())
        except BoxTimeout:
            self._drop_box()
            return Failure(
                "timeout", Message("{subject} did not finish in time and was stopped.", subject=subject)
            )
        except BoxDied:
            self._drop_box()
            return Failure(
                "died",
                Message(
                    "{subject} ended the Python process, or took more memory than there is.", subject=subject
                ),
            )

    def _open_box(self) -> Box | Failure:
        self.hopeless = self.hopeless or self._out_of_time()
        if self.hopeless is not None:
            return self.hopeless
        if self.box is None:
            self.box = self.sandbox.open(self.student)
            self._replay(self.box)
        return self.hopeless or self.box

    def _replay(self, box: Box) -> None:
        try:
            for source in self.ran:
                box.ask({"operation": "run", "source": source}, self._seconds())
        except (BoxDied, BoxTimeout):
            self._drop_box()
            self.hopeless = self._out_of_time() or Failure(
                "died", Message("Your cells ran once, but did not run a second time.")
            )

    def _out_of_time(self) -> Failure | None:
        if self._seconds() > 0:
            return None
        total = f"{self.seconds:g}"
        return Failure("timeout", Message("The whole notebook took more than {total} seconds.", total=total))

    def _seconds(self) -> float:
        return min(self.limits.step_seconds, self.deadline - awake())

    def _drop_box(self) -> None:
        if self.box is not None:
            self.box.close()
            self.box = None


def _answer(probe: Probe, reply: Mapping[str, Any]) -> Answer:
    """The answer in a reply, or a Failure where it cannot be decoded."""
    if reply.get("ok") is True:
        try:
            return decode(reply.get("value"))
        except TooLarge:
            return _failure(probe, {"kind": "too-large"})
        except NotAValue:
            return _failure(probe, {"kind": "not-a-value"})
    return _failure(probe, reply)


def _failure(probe: Probe, reply: Mapping[str, Any]) -> Failure:
    """A sentence of our own: an exception's message could carry out hidden inputs, and so could its kind.

    About seventy exceptions are builtin, so the choice of one would be six bits of an input.
    """
    name, kind = probe.name, reply.get("kind")
    is_variable = isinstance(probe, Get)
    if kind == "missing":
        return Failure("missing", Message("There is no `{name}` in your notebook.", name=name))
    if kind == "too-large":
        if is_variable:
            return Failure("too-large", Message("`{name}` is a value too large to be an answer.", name=name))
        return Failure(
            "too-large", Message("`{name}` gave back a value too large to be an answer.", name=name)
        )
    if kind == "error":
        if reply.get("error") == "NotImplementedError":
            return Failure("missing", Message("`{name}` is not written yet.", name=name))
        return Failure(
            "error",
            Message("`{name}` raised an exception for one of the inputs that it was tried on.", name=name),
        )
    if is_variable:
        said = Message("`{name}` is an object that is neither a number nor a text.", name=name)
    else:
        said = Message("`{name}` gave back an object that is neither a number nor a text.", name=name)
    return Failure("not-a-value", said)


def _text(value: object, limit: int) -> str:
    return valid_text(value[:limit]) if isinstance(value, str) else ""
