"""The rubric, shown to whoever marks by hand: a cell of the autograded notebook beside the answer."""

from __future__ import annotations

from typing import Any

from grader.protocol import Specification
from grader.rebuild import REMARKS
from grader.sanitize import harmless_markdown
from layercost.message import Message


def with_rubrics(notebook: dict[str, Any], specification: Specification) -> dict[str, Any]:
    """The notebook with a rubric before each answer that a person marks; nothing else of it changes."""
    cells: list[dict[str, Any]] = []
    for cell in notebook["cells"]:
        grade_id = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        lines = specification.rubric(grade_id)
        if lines:
            cells.append(_cell(lines))
        cells.append(cell)
    return {**notebook, "cells": cells}


def _cell(lines: tuple[tuple[float, str], ...]) -> dict[str, Any]:
    """A cell that is the grader's own: feedback, which says the same in its own place, leaves it out."""
    head = f"**{Message('What earns points in the next answer')}**"
    rows = (f"- **{points:g}**: {harmless_markdown(text)}" for points, text in lines)
    return {
        "cell_type": "markdown",
        "metadata": {REMARKS: True},
        "source": "\n".join([head, "", *rows]),
    }
