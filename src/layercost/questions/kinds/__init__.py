"""The kinds of question, one module each."""

from layercost.questions.kinds import (
    compute,
    convention,
    estimate,
    inverse,
    mistake,
    order,
    steps,
    table,
)

__all__ = ["compute", "convention", "estimate", "inverse", "mistake", "order", "steps", "table"]
