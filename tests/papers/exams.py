"""An exam for tests, whose questions are its own, and a question with a field of every form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from layercost.questions import RIGHT, Diagnosis, QuestionError, Seed
from layercost.questions.draw import chance
from layercost.questions.kind import Field, Line, Option, Posed, Template, Wrong

SKILL = "fully-connected"  # a part of the bank: all of it takes minutes
OWN = """
[[question]]
id = "own-linear"
level = 1
skills = ["parameters", "fully-connected"]
wording.en = "How many parameters has `{layer}`?"
layer = "Linear(inputs, outputs)"
input = ["inputs"]
draw.inputs = { from = 16, to = 4096 }
draw.outputs = { from = 10, to = 1024 }
ask = [{ quantity = "parameters", credit = { forgot-bias = 0.5 } }]

[[question]]
id = "own-size"
level = 2
skills = ["output-size", "convolution"]
wording.en = "How wide is the output of `{layer}` for {size} by {size}?"
layer = "Conv2d(1, 1, kernel_size=kernel, stride=stride)"
input = [1, "size", "size"]
draw.size = { from = 24, to = 96 }
draw.kernel = [3, 5, 7]
draw.stride = [2, 3]
credit.rounded-up = 0.6
ask = [{ quantity = "output_size" }]

[[question]]
id = "own-network"
level = 2
skills = ["lenet", "parameters"]
wording.en = "A network with {units} units."
input = [8]
layers = { fc1 = "Linear(_, units)", fc2 = "Linear(_, 10)" }
draw.units = { from = 20, to = 900 }
credit.forgot-bias = 0.5

[[question.ask]]
id = "first"
part = "fc1"
quantity = "parameters"
wording.en = "How many parameters has its first layer?"

[[question.ask]]
id = "memory"
quantity = "parameter_bytes"
unit = "KiB"
decimals = 3
wording.en = "How much memory do all take?"
"""
HEAD = """
title = "A test of layers"
minutes = 45
instructions = "Show how you got there."
"""
NAMED = """
[[section]]
title = "All of it"
points = 3
questions = ["own-linear", "own-size", "own-network"]
"""
EXAM = HEAD + NAMED + OWN


@dataclass(frozen=True)
class EveryForm(Template):
    """A question with a number, a shape, a choice and an order, or with one of them alone."""

    kind: ClassVar[str] = "every-form"
    forms: tuple[str, ...] = ("number", "shape", "choice", "order")
    id: str = "every-form"
    level: int = 1
    skills: tuple[str, ...] = ("comparing",)

    def draw(self, seed: Seed) -> Posed:
        """The question with one number."""
        return EveryPosed(self, 2 + chance(seed, "number", 1000))

    def posed(self, state: Mapping[str, Any]) -> Posed:
        """The question again."""
        return EveryPosed(self, state["number"])


OPTIONS = (Option("a<b", "`a < b`, as #if"), Option("b=c", "b = c } ~ or"), Option("c", "neither & none"))
FIELDS = {
    "number": Field("number", "number", "The number", "MACs"),
    "shape": Field("shape", "shape", "The shape"),
    "choice": Field("choice", "choice", "Which?", options=OPTIONS),
    "order": Field("order", "order", "In which order?", options=OPTIONS),
}


@dataclass(frozen=True)
class EveryPosed(Posed):
    """The question as posed."""

    drawn: EveryForm
    number: int

    @property
    def template(self) -> EveryForm:
        """The question of the bank."""
        return self.drawn

    @property
    def fields(self) -> tuple[Field, ...]:
        """The places for answers."""
        return tuple(FIELDS[form] for form in self.drawn.forms)

    def told(self, language: str = "en") -> str:
        """Two paragraphs with signs that mean something elsewhere."""
        return f"Take `x < {self.number}` & <b>think</b>.\n\nThen answer #1 {{}} ~ $x$ _here_."

    def answers(self) -> dict[str, str]:
        """What is right."""
        right = {
            "number": str(self.number),
            "shape": f"{self.number} x 10 x 10",
            "choice": "b=c",
            "order": "c, a<b, b=c",
        }
        return {form: right[form] for form in self.drawn.forms}

    def diagnose(self, raw: object, field: str = "") -> Diagnosis:
        """Right, half right, or wrong."""
        name = self.field(field).id
        if str(raw) == self.answers()[name]:
            return Diagnosis(RIGHT, "Right.", Fraction(1))
        found = (one.diagnosis for one in self.wrong() if (one.field, one.answer) == (name, raw))
        return next(found, Diagnosis("unknown", "Wrong.", Fraction(0)))

    def wrong(self) -> list[Wrong]:
        """One of each."""
        half = Diagnosis("half-way", "You stopped half way: #2 } ~ `a < b`.", Fraction(1, 3))
        wrong = {
            "number": str(self.number - 1),
            "shape": f"{self.number} x 11 x 11",
            "choice": "a<b",
            "order": "a<b, b=c, c",
        }
        return [Wrong(form, wrong[form], half) for form in self.drawn.forms]

    def solution(self) -> list[Line]:
        """Words alone."""
        return [Line("Look at `x < 3` and count.")]

    def state(self) -> dict[str, Any]:
        """The number."""
        return {"question": self.template.id, "number": self.number}


@dataclass(frozen=True)
class Undrawable(EveryForm):
    """A question that no seed can draw."""

    id: str = "undrawable"

    def draw(self, seed: Seed) -> Posed:
        """Nothing."""
        raise QuestionError("question 'undrawable': no draw tells right from wrong")
