"""One submission as work to be done, and what came of it: plain data, which can travel to another machine.

A `Job` holds what a worker needs and nothing more: no secret, no expected value, no way to the gradebook.
An `Outcome` is what came out of the box. Both can be written as JSON and read again.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from grader.values import (
    FAILURE_KINDS,
    Answer,
    Failure,
    NotAValue,
    Probe,
    Tree,
    decode,
    encode,
    probe_from_tree,
    probe_to_tree,
)
from layercost.message import from_data, to_data

Probes = Mapping[str, tuple[Probe, ...]]
Answers = Mapping[str, tuple[Answer, ...]]


@dataclass(frozen=True)
class CodeCell:
    """One cell to run. `grade_id` names the released answer cell that it is, empty for the student's own."""

    grade_id: str
    source: str


@dataclass(frozen=True)
class CellResult:
    """What a cell printed, and why it failed where it did."""

    output: str = ""
    failure: Failure | None = None


@dataclass(frozen=True)
class Job:
    """Cells to run in order, and then what to ask, by the `grade_id` of the marked cell.

    `answered_in` maps a marked cell to the answer cell that belongs to it: where that cell failed, a missing
    name is reported as that failure, which says more than "missing". `seconds` is the time for all of it,
    where that is less than the sandbox gives.
    """

    student: str
    cells: tuple[CodeCell, ...]
    probes: Probes
    answered_in: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    version: int = 0  # of the assignment, whose files the box shows; 0 for the newest


@dataclass(frozen=True)
class Outcome:
    """What came out of the box: a result a cell, and the answers by the `grade_id` of the marked cell."""

    cells: tuple[CellResult, ...]
    answers: Answers
    seconds: float = field(default=0.0, compare=False)  # that it took

    @property
    def broke(self) -> bool:
        """Whether something ended its process or took too long: the student's doing, or the machine's."""
        return broken(self.cells, (answer for answers in self.answers.values() for answer in answers))


def broken(cells: Iterable[CellResult], answers: Iterable[Answer]) -> bool:
    """Whether one of these failed in a way that a busy machine can bring about as well."""
    failures = [*(cell.failure for cell in cells), *answers]
    return any(isinstance(one, Failure) and one.kind in ("timeout", "died") for one in failures)


class Examiner(ABC):
    """Whoever runs jobs: in a sandbox of this process, or on another machine. Any thread may ask it."""

    @abstractmethod
    def run(self, job: Job) -> Outcome:
        """Runs a job; whatever the student's code does, an outcome comes back."""


# ---- as JSON ------------------------------------------------------------------------------------


def job_to_tree(job: Job) -> Tree:
    """A job as plain JSON."""
    return {
        "student": job.student,
        "cells": [{"grade_id": cell.grade_id, "source": cell.source} for cell in job.cells],
        "probes": {grade_id: [probe_to_tree(one) for one in asked] for grade_id, asked in job.probes.items()},
        "answered_in": dict(job.answered_in),
        "seconds": job.seconds,
        "version": job.version,
    }


def job_from_tree(tree: Tree) -> Job:
    """Reads a job that `job_to_tree` wrote."""
    return Job(
        tree["student"],
        tuple(CodeCell(**cell) for cell in tree["cells"]),
        {grade_id: tuple(map(probe_from_tree, asked)) for grade_id, asked in tree["probes"].items()},
        tree["answered_in"],
        tree["seconds"],
        tree["version"],
    )


def outcome_to_tree(outcome: Outcome) -> Tree:
    """An outcome as plain JSON."""
    return {
        "cells": [cell_to_tree(cell) for cell in outcome.cells],
        "answers": {
            grade_id: [answer_to_tree(one) for one in found] for grade_id, found in outcome.answers.items()
        },
        "seconds": outcome.seconds,
    }


def outcome_from_tree(tree: Tree) -> Outcome:
    """Reads an outcome; raises KeyError, TypeError, NotAValue or TooLarge for anything else."""
    return Outcome(
        tuple(cell_from_tree(cell) for cell in tree["cells"]),
        {grade_id: tuple(map(answer_from_tree, found)) for grade_id, found in tree["answers"].items()},
        float(tree["seconds"]),
    )


def cell_to_tree(cell: CellResult) -> Tree:
    """What a cell printed, as plain JSON."""
    failure = cell.failure
    told = None if failure is None else {"kind": failure.kind, "text": to_data(failure.text)}
    return {"output": cell.output, "failure": told}


def cell_from_tree(tree: dict[str, Any]) -> CellResult:
    """Reads what `cell_to_tree` wrote."""
    failure = tree["failure"]
    told = Failure(failure["kind"], from_data(failure["text"])) if failure else None
    return CellResult(tree["output"], told)


def answer_to_tree(answer: Answer) -> Tree:
    """An answer as plain JSON."""
    if isinstance(answer, Failure):
        return {"failure": answer.kind, "text": to_data(answer.text)}
    tree = encode(answer.value)
    return {"value": {"numpy": answer.numpy, "value": tree} if answer.numpy else tree}


def answer_from_tree(tree: Tree) -> Answer:
    """Reads an answer; raises NotAValue for anything that `answer_to_tree` did not write."""
    if type(tree) is dict and set(tree) == {"failure", "text"} and tree["failure"] in FAILURE_KINDS:
        return Failure(tree["failure"], from_data(tree["text"]))
    if type(tree) is dict and set(tree) == {"value"}:
        return decode(tree["value"])
    raise NotAValue("an answer that is neither value nor failure")
