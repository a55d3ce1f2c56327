"""A function that is tried on hidden inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.cells.cell import NEEDS, Cell, Own, Sitting, SpecificationError, plain, question_of, zero_for
from grader.protocol import Mark
from grader.score import score_function
from grader.values import Call, Probe
from layercost.questions import Question, Template, Variant
from layercost.questions.explain import beliefs


@dataclass(frozen=True)
class FunctionCell(Cell):
    """A function that is called on hidden inputs; `keywords` at their default are left out of the call."""

    keys = ("grade_id", "points", "question", "call", "arguments", "keywords", "defaults", "cases", *NEEDS)
    grade_id: str
    points: float
    question: Question
    call: str
    arguments: tuple[str, ...]
    keywords: tuple[str, ...]
    defaults: Mapping[str, object]
    cases: int

    def hidden(self, sitting: Sitting) -> tuple[Variant, ...]:
        """The inputs on which the function is tried; nobody without the secret can know them."""
        return sitting.cases(self.question, self.cases)

    @property
    def hidden_from(self) -> tuple[tuple[Question, int], ...]:
        """Its question, on as many inputs as it is tried on."""
        return ((self.question, self.cases),)

    def probe(self, variant: Variant) -> Probe:
        """One call, with the numbers of a variant."""
        numbers = variant.numbers
        given = {
            name: numbers[name]
            for name in self.keywords
            if name not in self.defaults or numbers[name] != self.defaults[name]
        }
        return Call(self.call, tuple(numbers[name] for name in self.arguments), given)

    def probes(self, sitting: Sitting) -> tuple[Probe, ...]:
        """One call for each hidden input."""
        return tuple(self.probe(variant) for variant in self.hidden(sitting))

    def mark(self, sitting: Sitting, own: Own) -> Mark:
        """By what the function gave back on all inputs together."""
        given = sitting.answers.get(self.grade_id, ())
        return score_function(self.points, self.call, self.hidden(sitting), given)

    def mistaken(self, sitting: Sitting) -> tuple[object, ...]:
        """What the first belief gives that has a part in the answers."""
        items = [variant.item() for variant in self.hidden(sitting)]
        right = tuple(item.answer for item in items)
        wrong = next((given for given in beliefs(items).values() if given != right), ())
        return tuple(plain(number) for number in wrong)

    def zeros(self, sitting: Sitting) -> tuple[object, ...]:
        """Zero for all inputs."""
        return tuple(zero_for(variant.item()) for variant in self.hidden(sitting))

    @classmethod
    def read(cls, owner: str, data: Mapping[str, Any], questions: Mapping[str, Template]) -> FunctionCell:
        """Its arguments and keywords are all names that the question draws."""
        question = question_of(owner, data, questions)
        names = (*data.get("arguments", ()), *data.get("keywords", ()))
        if set(names) != set(question.names):
            raise SpecificationError(
                f"{owner}: arguments and keywords must be the names that are drawn "
                f"({', '.join(question.names)}), but got {', '.join(names)}"
            )
        if len(question.asks) != 1:
            raise SpecificationError(f"{owner}: a function answers a question with one [[question.ask]]")
        return cls(
            data["grade_id"],
            float(data["points"]),
            question,
            data["call"],
            tuple(data.get("arguments", ())),
            tuple(data.get("keywords", ())),
            data.get("defaults", {}),
            data.get("cases", 6),
        )
