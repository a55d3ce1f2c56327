"""Puts a student's answers into a fresh copy of the release.

Of the submission only two things are taken: the text of answer cells, and the student's own extra code cells.
Locked cells and all metadata come from the release. What a student writes there has one effect only: the tags
say from which version the work was made, so whose release it is (grader/versions.py).
Whatever was missing, copied or changed is said in words.
"""

from __future__ import annotations

import copy
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from grader.intake import MAX_SOURCE, SubmittedCell
from grader.job import CellResult, CodeCell
from grader.release import Release, ReleasedCell
from grader.sanitize import harmless_markdown
from layercost.message import Message, Words

MAX_WRITTEN = 1_500_000  # bytes of all that a student wrote, as JSON writes it
REMARKS = "grader-remarks"  # the key in the metadata of the cell that says what was odd
COMPARED_SETTINGS = ("grade", "solution", "locked", "points", "task", "cell_type", "schema_version")
REFUSED_TAGS = {"skip-execution", "raises-exception", "remove-output", "remove-cell", "remove-input"}


@dataclass(frozen=True)
class RebuiltCell:
    """A cell to run and to show: a released one with the student's text, or one of the student's own."""

    cell_type: str
    source: str
    released: ReleasedCell | None = None

    @property
    def grade_id(self) -> str:
        return self.released.grade_id if self.released else ""


@dataclass
class Rebuilt:
    """The notebook that is run and marked, and what there is to say about the one that came."""

    metadata: dict[str, Any]
    cells: list[RebuiltCell] = field(default_factory=list)
    remarks: list[Words] = field(default_factory=list)

    @property
    def code(self) -> list[CodeCell]:
        """What is run, in order."""
        return [CodeCell(cell.grade_id, cell.source) for cell in self.cells if cell.cell_type == "code"]

    @property
    def has_own_code(self) -> bool:
        """Whether the student added code cells."""
        return any(cell.released is None and cell.cell_type == "code" for cell in self.cells)

    def unchanged(self, grade_id: str) -> bool:
        """Whether an answer cell is empty or still as it was released."""
        for cell in self.cells:
            if cell.released is not None and cell.grade_id == grade_id:
                return cell.source.strip() in ("", cell.released.source.strip())
        return True


def rebuild(release: Release, submitted: Sequence[SubmittedCell]) -> Rebuilt:
    """The release with the student's answers and extra cells; each extra cell stays behind its neighbour."""
    room = Room()
    answers = _answers(release, submitted, room)
    extras = _extras(release, submitted, room)
    rebuilt = Rebuilt(release.metadata, remarks=_remarks(release, submitted))
    if room.refused:
        rebuilt.remarks.append(
            Message(
                "Your cells hold more text than can be marked; {count} of them were left out.",
                count=room.refused,
            )
        )
    rebuilt.cells = _assemble(release, answers, extras)
    return rebuilt


@dataclass
class Room:
    """How much text of one student is still taken: whatever comes, what is written of it stays small."""

    left: int = MAX_WRITTEN
    refused: int = 0

    def takes(self, text: str) -> bool:
        """Whether a text fits; if so, its room is gone."""
        size = len(json.dumps(text))
        if size > self.left:
            self.refused += 1
            return False
        self.left -= size
        return True


def _answers(release: Release, submitted: Sequence[SubmittedCell], room: Room) -> dict[str, str]:
    """The text of each answer cell, by its first copy; one that is too long counts as it was released."""
    answers: dict[str, str] = {}
    for cell in submitted:
        released = release.by_grade_id.get(cell.grade_id)
        if released is None or cell.grade_id in answers:
            continue
        fits = not released.is_answer or (len(cell.source) <= MAX_SOURCE and room.takes(cell.source))
        answers[cell.grade_id] = cell.source if fits else released.source
    return answers


def _extras(release: Release, submitted: Sequence[SubmittedCell], room: Room) -> dict[str, list[str]]:
    """The student's own code, by the released cell that it stands behind."""
    extras: dict[str, list[str]] = defaultdict(list)
    last, seen, demonstrations = "", set(), _demonstrations(release)
    for cell in submitted:
        released = release.by_grade_id.get(cell.grade_id)
        if released is not None and cell.grade_id not in seen:
            seen.add(cell.grade_id)
            last = cell.grade_id
            continue
        extra = _is_extra(cell, released) and cell.source.strip() not in demonstrations
        if extra and room.takes(cell.source):
            extras[last].append(cell.source)
    return extras


def _is_extra(cell: SubmittedCell, released: ReleasedCell | None) -> bool:
    """The student's own code, among it second copies of answer cells; copies of locked cells are dropped."""
    own = released is None or released.is_answer
    return own and cell.cell_type == "code" and bool(cell.source.strip()) and len(cell.source) <= MAX_SOURCE


def _demonstrations(release: Release) -> set[str]:
    """Released code that nbgrader does not track: it comes from the release, so it need not run twice."""
    return {cell.source.strip() for cell in release.cells if not cell.grade_id and cell.cell_type == "code"}


def _assemble(
    release: Release, answers: Mapping[str, str], extras: Mapping[str, Sequence[str]]
) -> list[RebuiltCell]:
    cells = [RebuiltCell("code", source) for source in extras.get("", ())]
    for released in release.cells:
        source = answers.get(released.grade_id, "") if released.is_answer else released.source
        cells.append(RebuiltCell(released.cell_type, source, released))
        if released.grade_id:
            cells += [RebuiltCell("code", source) for source in extras.get(released.grade_id, ())]
    return cells


def _remarks(release: Release, submitted: Sequence[SubmittedCell]) -> list[Words]:
    """What the student is told about cells that are missing, copied, too long or wrongly changed."""
    copies = Counter(cell.grade_id for cell in submitted if cell.grade_id)
    if not copies.keys() & release.by_grade_id.keys():
        return [
            Message(
                "None of this assignment's cells is in your notebook: it is another one, or they were copied "
                "into a new file. Submit the notebook that you were given, with your answers in it."
            )
        ]
    remarks: list[Words] = []
    for grade_id, released in release.by_grade_id.items():
        if copies[grade_id] == 0:
            remarks.append(_missing_remark(released))
        elif copies[grade_id] > 1:
            remarks.append(_copied_remark(released, copies[grade_id]))
    for cell in submitted:
        released_cell = release.by_grade_id.get(cell.grade_id)
        if released_cell is not None:
            remarks += _tampered_remarks(released_cell, cell)
        if len(cell.source) > MAX_SOURCE:
            remarks.append(_too_long_remark(released_cell))
    return list(dict.fromkeys(remarks))


def _too_long_remark(released: ReleasedCell | None) -> Message:
    if released is None:
        return Message(
            "A cell of your own holds more than {most} characters and was left out.", most=MAX_SOURCE
        )
    return Message(
        "A cell `{name}` holds more than {most} characters and was left out.",
        name=released.grade_id, most=MAX_SOURCE,
    )  # fmt: skip


def _missing_remark(released: ReleasedCell) -> Message:
    if released.is_answer:
        return Message(
            "The answer cell `{grade_id}` is missing; what it asks for counts as not answered.",
            grade_id=released.grade_id,
        )
    return Message(
        "The locked cell `{grade_id}` is missing; the original was put back.", grade_id=released.grade_id
    )


def _copied_remark(released: ReleasedCell, times: int) -> Message:
    name = released.grade_id
    if released.is_answer and released.cell_type == "code":
        return Message(
            "The answer cell `{name}` is there {times} times; all ran in the order of your notebook.",
            name=name,
            times=times,
        )
    return Message("The cell `{name}` is there {times} times; only the first counts.", name=name, times=times)


def _tampered_remarks(released: ReleasedCell, cell: SubmittedCell) -> list[Message]:
    name = released.grade_id
    remarks = []
    if released.is_locked and cell.source.strip() != released.source.strip():
        remarks.append(Message("The locked cell `{name}` was changed; the original was used.", name=name))
    changed = [
        key
        for key in COMPARED_SETTINGS
        if key in cell.settings and cell.settings[key] != released.settings.get(key)
    ]
    if changed or cell.cell_type != released.cell_type or REFUSED_TAGS & set(cell.tags):
        remarks.append(
            Message("The settings of the cell `{name}` were changed; the original ones were used.", name=name)
        )
    return remarks


def autograded_notebook(rebuilt: Rebuilt, results: Sequence[CellResult]) -> dict[str, Any]:
    """The notebook for the formgrader: the student's text, made harmless, and its printed output as text."""
    waiting = iter(results)
    cells = []
    for cell in rebuilt.cells:
        result = next(waiting) if cell.cell_type == "code" and results else CellResult()
        cells.append(_notebook_cell(cell, result))
    if rebuilt.remarks:
        lines = "\n".join(f"- {remark}" for remark in rebuilt.remarks)
        cells.insert(0, _remarks_cell(f"**{Message('About this file')}**\n\n{lines}"))
    return {"cells": cells, "metadata": copy.deepcopy(rebuilt.metadata), "nbformat": 4, "nbformat_minor": 4}


def is_remarks(cell: Mapping[str, Any]) -> bool:
    """Whether a cell of an autograded notebook is the one that we put before the student's."""
    return REMARKS in cell["metadata"]


def unreadable_notebook(release: Release, reason: Words) -> dict[str, Any]:
    """What the formgrader shows for a file that could not be read: the reason, and the release."""
    rebuilt = Rebuilt(
        release.metadata, [RebuiltCell(cell.cell_type, cell.source, cell) for cell in release.cells]
    )
    rebuilt.remarks.append(reason)
    return autograded_notebook(rebuilt, ())


def _notebook_cell(cell: RebuiltCell, result: CellResult) -> dict[str, Any]:
    metadata = copy.deepcopy(cell.released.cell.get("metadata", {})) if cell.released else {}
    if cell.cell_type != "code":
        answered = cell.released is not None and cell.released.is_answer
        source = harmless_markdown(cell.source) if answered else cell.source
        return {"cell_type": cell.cell_type, "metadata": metadata, "source": source}
    outputs = [_stream("stdout", result.output)] if result.output else []
    if result.failure is not None:
        outputs.append(_stream("stderr", f"{result.failure.text}\n"))
    return {
        "cell_type": "code",
        "metadata": metadata,
        "source": cell.source,
        "outputs": outputs,
        "execution_count": None,
    }


def _remarks_cell(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {REMARKS: True}, "source": harmless_markdown(text)}


def _stream(name: str, text: str) -> dict[str, Any]:
    return {"output_type": "stream", "name": name, "text": text}
