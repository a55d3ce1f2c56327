"""The kinds of question, one module each."""

from layercost.questions.kinds import (
    audit,
    compute,
    convention,
    design,
    estimate,
    figure,
    inverse,
    missing,
    mistake,
    order,
    steps,
    table,
)

__all__ = [
    "audit", "compute", "convention", "design", "estimate", "figure", "inverse", "missing", "mistake",
    "order", "steps", "table",
]  # fmt: skip
