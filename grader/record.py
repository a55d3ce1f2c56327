"""What happened to one submission, as JSON: enough to mark it again without running it again.

What people were told is kept as its key and its values, and is spoken when it is read; a record from before
messages were kept so holds plain sentences, which are read too.
A record holds the hash of the file, every question asked with the answer that came back, what each cell
printed, and with which versions. Marks can thus be given anew after a specification has changed; only a
question that was never asked makes the submission run again, or a timeout that had not been tried twice.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from grader.job import (
    Answers,
    CellResult,
    answer_from_tree,
    answer_to_tree,
    broken,
    cell_from_tree,
    cell_to_tree,
)
from grader.protocol import Mark
from grader.values import Answer, NotAValue, Probe, TooLarge, Tree, probe_from_tree, probe_to_tree
from layercost.message import Words, from_data, to_data

FORMAT = 1
Asked = Mapping[str, tuple[tuple[Probe, Answer], ...]]  # questions with their answers, by the marked cell
DAMAGES = (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, NotAValue, TooLarge)


@dataclass(frozen=True)
class Record:
    """One submission, examined and marked; where the file was unreadable, `reason` instead of answers."""

    student: str
    assignment: str
    submission_sha256: str = ""
    release_sha256: str = ""
    reason: Words = ""
    remarks: tuple[Words, ...] = ()
    cells: tuple[CellResult, ...] = ()
    asked: Asked = field(default_factory=dict)
    marks: Mapping[str, Mark] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False  # while it ran, this machine ran nothing else
    # With the model's functions in place, by which these were, see `grader.again`.
    again: Mapping[str, Asked] = field(default_factory=dict)
    version: int = 0  # of the assignment, which it was made from; 0 where nobody wrote it down

    @property
    def settled(self) -> bool:
        """Whether what is recorded can be an answer: a timeout counts where nothing else ran."""
        every = (self.asked, *self.again.values())
        answers = (answer for asked in every for pairs in asked.values() for _, answer in pairs)
        return self.alone or not broken(self.cells, answers)

    def known(self, probe: Probe) -> Answer | None:
        """The answer to this question, where it has been asked before."""
        return self._answers.get(_key(probe))

    @cached_property
    def _answers(self) -> dict[str, Answer]:
        return {_key(probe): answer for pairs in self.asked.values() for probe, answer in pairs}

    def answers_again(self, key: str, probes: Mapping[str, Sequence[Probe]]) -> Answers | None:
        """Answers to these questions while these models stood in; None where one of them is not recorded."""
        return replace(self, asked=self.again.get(key, {})).answers_to(probes)

    def answers_to(self, probes: Mapping[str, Sequence[Probe]]) -> dict[str, tuple[Answer, ...]] | None:
        """Answers for all of these questions, or None where one of them is not recorded."""
        known, answers = self._answers, {}
        for grade_id, asked in probes.items():
            found = [known.get(_key(probe)) for probe in asked]
            answers[grade_id] = tuple(answer for answer in found if answer is not None)
            if len(answers[grade_id]) < len(asked):
                return None
        return answers


def _key(probe: Probe) -> str:
    return json.dumps(probe_to_tree(probe), sort_keys=True)


def write_record(path: Path, record: Record) -> None:
    """Writes a record so that a reader sees the old one or the new one, never a half."""
    tree = {
        "format": FORMAT,
        "student": record.student,
        "assignment": record.assignment,
        "submission_sha256": record.submission_sha256,
        "release_sha256": record.release_sha256,
        "reason": to_data(record.reason),
        "remarks": [to_data(remark) for remark in record.remarks],
        "cells": [cell_to_tree(cell) for cell in record.cells],
        "asked": _asked_to_tree(record.asked),
        "again": {key: _asked_to_tree(asked) for key, asked in record.again.items()},
        "marks": {grade_id: _mark_to_tree(mark) for grade_id, mark in record.marks.items()},
        "versions": dict(record.versions),
        "alone": record.alone,
        "version": record.version,
    }
    write_atomically(path, json.dumps(tree))


def read_record(path: Path) -> Record | None:
    """Reads a record; None where there is none, or where it cannot be read, see `record_trouble`."""
    try:
        return _load(path)
    except DAMAGES:
        return None


def record_trouble(path: Path) -> str:
    """Why the record that lies here cannot be read; empty where it can, or where there is none."""
    try:
        _load(path)
    except FileNotFoundError:
        return ""
    except OSError as error:
        return error.strerror or str(error)
    except DAMAGES as error:
        return f"it is damaged ({type(error).__name__}: {error})"
    return ""


def _load(path: Path) -> Record:
    tree = json.loads(path.read_text(encoding="utf-8"))
    if tree["format"] != FORMAT:
        raise ValueError(f"format {tree['format']!r}, and not {FORMAT}")
    record = _record(tree)
    for words in (record.reason, *record.remarks, *(mark.message for mark in record.marks.values())):
        str(words)  # a message whose values are lost cannot be spoken
    return record


def _record(tree: dict[str, Any]) -> Record:
    return Record(
        student=tree["student"],
        assignment=tree["assignment"],
        submission_sha256=tree["submission_sha256"],
        release_sha256=tree["release_sha256"],
        reason=from_data(tree["reason"]),
        remarks=tuple(map(from_data, tree["remarks"])),
        cells=tuple(cell_from_tree(cell) for cell in tree["cells"]),
        asked=_asked(tree["asked"]),
        again={key: _asked(asked) for key, asked in tree.get("again", {}).items()},
        marks={grade_id: _mark(mark) for grade_id, mark in tree["marks"].items()},
        versions=tree["versions"],
        alone=tree.get("alone") is True,
        version=int(tree.get("version", 0)),
    )


def _asked(tree: Mapping[str, list[Tree]]) -> Asked:
    return {
        grade_id: tuple((probe_from_tree(pair["probe"]), answer_from_tree(pair["answer"])) for pair in pairs)
        for grade_id, pairs in tree.items()
    }


def _asked_to_tree(asked: Asked) -> Tree:
    return {
        grade_id: [
            {"probe": probe_to_tree(probe), "answer": answer_to_tree(answer)} for probe, answer in pairs
        ]
        for grade_id, pairs in asked.items()
    }


def _mark(tree: dict[str, Any]) -> Mark:
    return Mark(**{**tree, "message": from_data(tree["message"])})


def _mark_to_tree(mark: Mark) -> Tree:
    return {**vars(mark), "message": to_data(mark.message)}


def write_atomically(path: Path, text: str, mode: int = 0o644) -> None:
    """Writes a whole file beside the old one and then takes its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
