"""Submissions that ask for more than their share, and a process that marks one and says what it cost."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .conftest import QUICK, RIGHT, Submissions, use_counting

if TYPE_CHECKING:
    from grader.box import Sandbox
    from grader.course import Assignment, Course

MEGABYTE = 1 << 20
LIMIT = 20 * MEGABYTE - 1000  # just below the size at which a file is not read
EMOJI = "\N{GRINNING FACE}"


def own(source: str, **more: Any) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": {}, "source": source, **more}


def with_cells(cells: list[dict[str, Any]]) -> Callable[[Submissions], str]:
    def content(submissions: Submissions) -> str:
        notebook = submissions.notebook(RIGHT)
        notebook["cells"] += cells
        return json.dumps(notebook)

    return content


def with_answers(**answers: str) -> Callable[[Submissions], str]:
    return lambda submissions: json.dumps(submissions.notebook(RIGHT | answers))


def repeated(start: str, part: str, end: str) -> Callable[[Submissions], str]:
    count = (LIMIT - len(start) - len(end)) // len(part.encode())
    return lambda submissions: start + part * count + end


# Each gives the text of a file.
HEAVY: dict[str, Callable[[Submissions], str]] = {
    "prints": with_cells([own(f"print('{EMOJI}' * 20_000)")] * 2000),
    "raises": with_cells([own(f"raise ValueError('{EMOJI}' * 500)")] * 2000),
    "braces": repeated('{"cells": [', "{},", "{}]}"),
    "strings": repeated('{"cells": ["', 'ā", "', '"]}'),
    "wide_text": repeated('{"cells": [{"cell_type": "code", "source": "', "ā" * 1000, EMOJI + '"}]}'),
    "lines": repeated('{"cells": [{"source": ["', 'x\\n", "', '"]}]}'),
    "numbers": repeated('{"cells": [], "metadata": [', "1.5,", "1]}"),
    "nested": repeated('{"cells": ' + "[" * 90, "[],", "1" + "]" * 91 + "}"),
    "quotes": with_cells([own('"' * 9_900)] * 900),
    "control": with_cells([own("#" + "\x01" * 3_000)] * 1000),
    "long_answers": with_answers(
        q1="answer_q1 = ['\\x01' * 5000] * 12",
        q2="def conv_params(*a, **k):\n    return [['\\x01' * 5000] * 12] * 1",
        q3="def conv_flops(*a, **k):\n    return [[{1: 1.5}] * 600]",
    ),
    "slow_markdown": with_answers(q4=r"\begin{a}" * 8000),
    "slower_markdown": with_answers(q4=r"\\(" * 6000),
    "entities": with_answers(q4="&a" * 90_000),
}


def main(root: str, *students: str) -> None:
    """Marks submissions one by one; prints this process's own seconds and peak of memory for each."""
    import pytest

    from grader.course import Course

    use_counting(pytest.MonkeyPatch())
    course = Course(Path(root))
    assignment = course.assignment("counting")
    costs = {}
    with assignment.sandbox(QUICK) as sandbox:
        for student in students:
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # forgets the peak so far
            before = time.process_time()
            mark_one(course, assignment, sandbox, student)
            costs[student] = {"seconds": time.process_time() - before, "peak": peak()}
    print(json.dumps(costs))


def mark_one(course: Course, assignment: Assignment, sandbox: Sandbox, student: str) -> None:
    """What autograde does for a student, but for the gradebook."""
    from grader.examination import SandboxExaminer
    from grader.marking import mark
    from grader.record import write_record

    marked = mark(course.submitted, student, assignment, SandboxExaminer(sandbox))
    write_record(course.root / "record.json", marked.record)
    (course.root / "notebook.json").write_text(json.dumps(marked.notebook))


def peak() -> int:
    """The largest memory of this process in bytes; getrusage would tell its parent's, if that was larger."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
