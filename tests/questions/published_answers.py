"""Questions that were asked and answered in public, each with the template of the bank that asks the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import pytest

from layercost.questions import templates


class Asked(NamedTuple):
    """A question: a template with numbers set, what is right, wrong answers with the diagnosis of each.

    `ask` names what is asked for where the template asks for several numbers.
    """

    name: str
    template: str
    numbers: dict[str, Any]
    right: str | int
    wrong: Mapping[Any, str] = {}
    ask: str = ""

    @property
    def found(self) -> tuple[str, dict[Any, str]]:
        """What the bank's own question with these numbers takes for right, and what it says of the others."""
        posed = templates()[self.template].posed({"numbers": self.numbers, "pick": 0})
        answers = posed.answers()
        (ask,) = [self.ask] if self.ask else answers
        return answers[ask], {answer: posed.diagnose(str(answer), ask).id for answer in self.wrong}

    @property
    def expected(self) -> tuple[str, Mapping[Any, str]]:
        """What it has to be."""
        return str(self.right), self.wrong


def published(rows: Iterable[Asked]) -> pytest.MarkDecorator:
    """A test of each row, which it takes as `asked`."""
    return pytest.mark.parametrize("asked", rows, ids=lambda asked: asked.name)
