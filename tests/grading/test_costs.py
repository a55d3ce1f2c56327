"""Whatever one student hands in, it takes little disk, and of the trusted side little memory and time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from grader.box import Sandbox
from grader.command import main
from grader.course import Course
from grader.examination import OUTPUT_BYTES, SandboxExaminer
from grader.job import CodeCell, Job
from grader.values import Call, Failure, Value

from .conftest import RIGHT, Submissions, copy_of_course, use_counting
from .heavy import EMOJI, HEAVY, MEGABYTE

pytestmark = pytest.mark.bubblewrap

DISK, MEMORY, SECONDS = 10 * MEGABYTE, 300 * MEGABYTE, 10.0


@pytest.fixture(scope="module")
def heavy(built_course: Path, tmp_path_factory: pytest.TempPathFactory) -> Course:
    course = copy_of_course(built_course, tmp_path_factory.mktemp("heavy") / "course")
    submissions = Submissions(course)
    submissions.add("usual", RIGHT)
    for name, content in HEAVY.items():
        submissions.path(name).write_text(content(submissions), encoding="utf-8")
    return course


@pytest.fixture(scope="module")
def costs(heavy: Course, environment: dict[str, str]) -> dict[str, dict[str, float]]:
    """What each of them costs the process that reads and scores it, which marks one after another."""
    command = [sys.executable, "-m", "tests.grading.heavy", str(heavy.root), "usual", *HEAVY]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=1800, check=True)
    found: dict[str, dict[str, float]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("name", ["usual", *HEAVY])
def test_one_submission_takes_little_memory_and_time(name: str, costs: dict[str, dict[str, float]]) -> None:
    """Of the trusted side; what the box may take is another test's."""
    assert costs[name]["peak"] < MEMORY
    assert costs[name]["seconds"] < SECONDS


def test_one_submission_takes_little_disk(heavy: Course, tmp_path: Path) -> None:
    """Record, notebook and page together, after the commands that write them."""
    course = copy_of_course(heavy.root, tmp_path / "course")
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_counting(monkeypatch)
        for command in ("autograde", "feedback"):
            assert main([command, "counting", "--course", str(course.root)]) == 0
    for name in ("usual", *HEAVY):
        files = [
            course.record(name, "counting"),
            course.autograded(name, "counting", "convolution"),
            course.feedback(name, "counting", "convolution"),
        ]
        assert sum(path.stat().st_size for path in files) < DISK, name


def test_what_one_submission_prints_and_gives_back_has_a_limit(sandbox: Sandbox) -> None:
    """The limit of a cell is not enough where there are two thousand of them."""
    cells = [CodeCell("", f"print('{EMOJI}' * 20_000)")] * 5
    cells.append(CodeCell("", "raise ValueError('x' * 400)"))
    cells.append(CodeCell("", "def f(x): return ['x' * 9_000] * 10"))
    calls = tuple(Call("f", (number,)) for number in range(4))
    outcome = SandboxExaminer(sandbox).run(Job("ada", tuple(cells), {"q": calls}))
    printed = [len(json.dumps(cell.output)) for cell in outcome.cells]
    assert printed[0] > 200_000
    assert sum(printed) < OUTPUT_BYTES + 1000
    failure = outcome.cells[5].failure
    assert failure is not None
    assert str(failure.text) == "This cell raised an exception."
    assert [isinstance(answer, Value) for answer in outcome.answers["q"]] == [True, True, False, False]
    assert {answer.kind for answer in outcome.answers["q"] if isinstance(answer, Failure)} == {"too-large"}
