"""The kinds of question, one module each."""

from layercost.questions.kinds import compute

__all__ = ["compute"]
