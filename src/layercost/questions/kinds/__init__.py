"""The kinds of question, one module each."""

from layercost.questions.kinds import compute, convention, steps

__all__ = ["compute", "convention", "steps"]
