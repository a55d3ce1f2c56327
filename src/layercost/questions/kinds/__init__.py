"""The kinds of question, one module each."""

from layercost.questions.kinds import compute, convention, mistake, steps

__all__ = ["compute", "convention", "mistake", "steps"]
