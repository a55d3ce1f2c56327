"""Ten synthetic students of the first assignment: what each hands in, for the tests and a benchmark."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from grader.course import Course

NAME = "fully_connected_and_lenet"
EXERCISE = Path(__file__).resolve().parents[2] / "exercises" / NAME

FORGOT_BIAS = (
    "def linear_parameters(in_features, out_features, bias=True):\n    return in_features * out_features"
)
COUNTED_MACS = (
    "def linear_flops(in_features, out_features, bias=True):\n    return in_features * out_features"
)
ROUNDED_UP = (
    "import math\n\ndef conv2d_output_size(size, kernel_size, stride=1, padding=0):\n"
    "    return math.ceil((size + 2 * padding - kernel_size) / stride) + 1"
)
KERNEL_NOT_SQUARED = (
    "def conv2d_parameters(in_channels, out_channels, kernel_size, bias=True):\n"
    "    return (in_channels * kernel_size + (1 if bias else 0)) * out_channels"
)
EXPLANATION = "The first fully connected layer: it has a weight for every pair of input and output."

# What each student changes in the model solution; None is a file that is no notebook.
STUDENTS: dict[str, Mapping[str, str] | None] = {
    "perfect": {},
    "blank": {},
    "forgot_bias": {"linear-parameters": FORGOT_BIAS},
    "counted_macs": {"linear-flops": COUNTED_MACS},
    "rounded_up": {"conv2d-output-size": ROUNDED_UP},
    "kernel_not_squared": {"conv2d-parameters": KERNEL_NOT_SQUARED},
    "syntax_error": {"conv2d-output-size": "def conv2d_output_size(size, kernel_size)\n    return size"},
    "endless_loop": {"linear-flops": "def linear_flops(*sizes, bias=True):\n    while True:\n        pass"},
    "deleted_cell": {},
    "no_notebook": None,
}


def notebook(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    return content


def grade_id(cell: Mapping[str, Any]) -> str:
    return str(cell["metadata"].get("nbgrader", {}).get("grade_id", ""))


def hand_in(course: Course, student: str, content: str) -> None:
    path = course.submitted / student / NAME / f"{NAME}.ipynb"
    path.parent.mkdir(parents=True)
    path.write_text(content, encoding="utf-8")


def written(course: Course, student: str, changes: Mapping[str, str]) -> str:
    """The release with the model solution's answers, but for what this student wrote otherwise."""
    solved = {grade_id(cell): cell["source"] for cell in notebook(course.source(NAME))["cells"]}
    handed_in = copy.deepcopy(notebook(course.release(NAME)))
    for cell in handed_in["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("solution") and student != "blank":
            cell["source"] = {**solved, "explanation": EXPLANATION, **changes}[grade_id(cell)]
    if student == "deleted_cell":
        handed_in["cells"] = [cell for cell in handed_in["cells"] if grade_id(cell) != "lenet-memory"]
    return json.dumps(handed_in)


def hand_in_all(course: Course) -> None:
    """Every student's file, put among the submissions of a course in which the assignment is built."""
    for student, changes in STUDENTS.items():
        content = "I am no notebook." if changes is None else written(course, student, changes)
        hand_in(course, student, content)
