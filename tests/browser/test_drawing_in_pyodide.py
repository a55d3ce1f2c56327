"""The browser's Python draws the numbers that every other Python draws."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from site_builder.node import find_node
from site_builder.places import NODE_MODULES

from tests.questions.golden import KEPT

pytestmark = pytest.mark.chromium

ROOT = Path(__file__).resolve().parents[2]

# Pyodide from npm runs the very sources, with the program above as its only argument.
IN_THE_BROWSERS_PYTHON = """
import fs from 'node:fs';
import path from 'node:path';
const [pyodide, library, program] = process.argv.slice(1);
const { loadPyodide } = await import(path.join(pyodide, 'pyodide.mjs'));
const py = await loadPyodide({ indexURL: pyodide + path.sep });
py.FS.mkdirTree('/library');
py.FS.mount(py.FS.filesystems.NODEFS, { root: library }, '/library');
py.FS.writeFile('/golden.py', fs.readFileSync(program));
console.log(py.runPython(`
import sys
sys.path[:0] = ["/library", "/"]
import golden, json
json.dumps(golden.digests())
`));
"""


def test_the_browsers_python_draws_the_same(site: Path) -> None:
    """Numbers, words and answers of every question of the bank."""
    arguments = (NODE_MODULES / "pyodide", ROOT / "src", ROOT / "tests" / "questions" / "golden.py")
    done = subprocess.run(
        [find_node(), "--input-type=module", "-e", IN_THE_BROWSERS_PYTHON, *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == json.loads(KEPT.read_text(encoding="utf-8"))
