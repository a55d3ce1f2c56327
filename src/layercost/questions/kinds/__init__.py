"""The kinds of question, one module each."""

from layercost.questions.kinds import (
    compute,
    convention,
    design,
    estimate,
    inverse,
    missing,
    mistake,
    order,
    steps,
    table,
)

__all__ = [
    "compute", "convention", "design", "estimate", "inverse", "missing", "mistake", "order", "steps", "table",
]  # fmt: skip
