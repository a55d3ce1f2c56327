"""Questions whose numbers are drawn, whose answers are read kindly, and whose wrong answers are understood.

>>> question = read_question({
...     "id": "linear-parameters", "level": 1, "skills": ["parameters", "fully-connected"],
...     "wording": {"en": "How many parameters has {layer}?"},
...     "draw": {"inputs": {"from": 16, "to": 512}, "outputs": {"from": 16, "to": 512}},
...     "layer": "Linear(inputs, outputs)", "input": ["inputs"],
...     "ask": [{"quantity": "parameters", "credit": {"forgot-bias": 0.5}}],
... })
>>> variant = question.draw(seed=1)
>>> variant.wording()  # doctest: +ELLIPSIS
'How many parameters has Linear(145, 292)? Counted: values that training changes, ...'
>>> str(variant.diagnose("1,000 apples").message)
'Only the number is read, not “apples”; write a whole number of parameters, such as 30100 or 30,100.'
>>> variant.diagnose(145 * 292).id
'forgot-bias'
"""

from layercost.questions.bank import templates
from layercost.questions.draw import QuestionError, Seed, known_keys
from layercost.questions.explain import MALFORMED, RIGHT, SOME_RIGHT, Diagnosis, explain
from layercost.questions.item import Item
from layercost.questions.kind import KINDS, Field, Line, Option, Posed, Template, Wrong, read_question
from layercost.questions.kinds.compute import Question, Variant
from layercost.questions.reading import Malformed, Parsed
from layercost.questions.skills import SKILLS, Skill
from layercost.questions.task import WrongAnswer, diagnoses

__all__ = [
    "KINDS", "MALFORMED", "RIGHT", "SKILLS", "SOME_RIGHT",
    "Diagnosis", "Field", "Item", "Line", "Malformed", "Option", "Parsed", "Posed", "Question",
    "QuestionError", "Seed", "Skill", "Template", "Variant", "Wrong", "WrongAnswer",
    "diagnoses", "explain", "known_keys", "read_question", "templates",
]  # fmt: skip
