"""Drawn numbers are the same for ever, on every Python and in the browser's."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.questions.golden import KEPT, digests

ROOT = Path(__file__).resolve().parents[2]
LIBRARY, PROGRAM = ROOT / "src", ROOT / "tests" / "questions" / "golden.py"


def kept() -> dict[str, str]:
    found: dict[str, str] = json.loads(KEPT.read_text(encoding="utf-8"))
    return found


def test_what_is_drawn_stays_what_it_was():
    """Where this fails on purpose: `python tests/questions/golden.py --write`, and a line in the changes."""
    found = digests()
    assert {name: one for name, one in found.items() if kept().get(name) != one} == {}
    assert set(kept()) == set(found)


def interpreter(version: str) -> str | None:
    """A Python of that version on this machine that runs; pyenv's own names run only where it was told so."""
    named = shutil.which(f"python{version}")
    of_pyenv = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python"))
    for candidate in filter(None, (named, *map(str, of_pyenv))):
        done = subprocess.run([candidate, "-c", ""], capture_output=True, check=False)
        if done.returncode == 0:
            return candidate
    return None


def test_every_python_of_this_machine_draws_the_same():
    """In a process of its own each: this one, and whichever others there are."""
    others = filter(None, map(interpreter, ("3.11", "3.12", "3.13", "3.14")))
    for python in (sys.executable, *others):
        done = subprocess.run(
            [python, str(PROGRAM)], capture_output=True, text=True, check=False,
            env={"PYTHONPATH": str(LIBRARY), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert done.returncode == 0, f"{python}: {done.stderr}"
        assert json.loads(done.stdout) == kept(), python
