"""The kinds of question, one module each."""

from layercost.questions.kinds import compute, convention, inverse, mistake, order, steps

__all__ = ["compute", "convention", "inverse", "mistake", "order", "steps"]
