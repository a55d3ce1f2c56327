"""The kinds of question, one module each."""

from layercost.questions.kinds import compute, steps

__all__ = ["compute", "steps"]
