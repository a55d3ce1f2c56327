"""Commands start at once: what takes seconds to import is loaded by the work that needs it, not before."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import copy_of_course

SLOW = ("nbgrader", "nbconvert", "nbformat", "jupytext", "traitlets", "IPython", "numpy", "bleach")
MOST_MODULES = 650  # feedback loads about 500; with nbgrader it was 1,700
RUN = """
import json, sys
from grader.command import main
try:
    code = main(sys.argv[1:])
except SystemExit as end:
    code = end.code
print("\\n" + json.dumps([code, sorted(sys.modules)]))
"""


def loaded(*words: str, cwd: Path, environment: dict[str, str]) -> tuple[int, list[str]]:
    """The exit status of a command, and all that is imported at its end."""
    done = subprocess.run(
        [sys.executable, "-c", RUN, *words],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert not done.returncode, done.stderr
    code, modules = json.loads(done.stdout.splitlines()[-1])
    return code or 0, modules


@pytest.fixture(scope="module")
def prepared(marked_counting: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with marks, a roster, and a folder of repositories to collect from."""
    root = copy_of_course(marked_counting, tmp_path_factory.mktemp("starts") / "course").root
    (root / "roster.csv").write_text("id,name\nada,Ada Lovelace\n")
    (root / "empty").mkdir()
    (root / "repositories" / "counting-ada").mkdir(parents=True)
    (root / "moodle.csv").write_text("Identifier,Full name,ID number\nParticipant 7,Ada Lovelace,ada\n")
    return root


@pytest.mark.parametrize(
    ("words", "status"),
    [
        pytest.param(("--help",), 0, id="help"),
        pytest.param(("new", "another"), 0, id="new"),
        pytest.param(("new-assignment", "written"), 0, id="new-assignment"),
        pytest.param(("check", "empty"), 2, id="check, of what has mistakes"),
        pytest.param(("build", "empty"), 2, id="build, of what has mistakes"),
        pytest.param(("schema",), 0, id="schema"),
        pytest.param(("collect", "counting", "repositories"), 0, id="collect"),
        pytest.param(("autograde", "counting"), 0, id="autograde, from records"),
        pytest.param(("feedback", "counting"), 0, id="feedback"),
        pytest.param(("roster", "roster.csv"), 0, id="roster"),
        pytest.param(("marking", "counting", "q4", "--out", "queue"), 0, id="marking, out"),
        pytest.param(("report", "counting"), 0, id="report"),
        pytest.param(("explain", "counting", "ada", "q1"), 0, id="explain"),
        pytest.param(("export", "counting"), 0, id="export"),
        pytest.param(("return", "counting", "--zip", "back.zip", "-m", "moodle.csv"), 1, id="return"),
        pytest.param(("forget", "emmy", "--yes"), 0, id="forget"),
        pytest.param(("backup", "../copy.tar"), 0, id="backup"),
    ],
)
def test_a_command_loads_neither_nbgrader_nor_jupytext(
    words: tuple[str, ...], status: int, prepared: Path, environment: dict[str, str]
) -> None:
    code, modules = loaded(*words, cwd=prepared, environment=environment)
    assert code == status
    assert not [name for name in SLOW if name in modules]
    assert len(modules) < MOST_MODULES
