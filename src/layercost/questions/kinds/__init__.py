"""The kinds of question, one module each."""

from layercost.questions.kinds import (
    audit,
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
    "audit", "compute", "convention", "design", "estimate", "inverse", "missing", "mistake", "order", "steps",
    "table",
]  # fmt: skip
