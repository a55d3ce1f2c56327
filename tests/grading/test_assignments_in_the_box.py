"""One of the chapters' assignments, built as a teacher does: its solution and its release run in the box."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from grader.command import main
from grader.course import Course
from tests.conftest import ROOT

NAME = "activations"

pytestmark = pytest.mark.bubblewrap


@pytest.fixture(autouse=True)
def _specification_of_the_tests() -> None:
    """Here the project's own specification is read, not that of the other tests."""


def test_an_assignment_with_blanks_is_built(tmp_path: Path):
    """The build itself holds the model solution to all points, and the empty release to none."""
    root = tmp_path / "course"
    assert main(["new", str(root)]) == 0
    assert main(["build", str(ROOT / "exercises" / NAME), "--course", str(root)]) == 0
    variants = json.loads((Course(root).release(NAME) / "variants.json").read_text(encoding="utf-8"))
    assert set(variants) == {"salt", "table", "layer", "derivation", "audit"}
    assert "told" in variants["derivation"][0]
    assert len(variants["audit"]) == 1  # it draws no numbers, and so is the same for everybody
