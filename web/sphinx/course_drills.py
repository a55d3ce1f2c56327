"""Sphinx extension: drills, one question with numbers drawn anew, as often as the reader likes.

    ```{drill}
    :id: fc-drill-parameters
    :layer: Linear(inputs, outputs)
    :input: inputs
    :draw: inputs=16..512, outputs=16..256/16
    :ask: parameters

    How many parameters does {layer} have?
    ```

The variants are drawn and vetted when the book is built (`layercost.questions`): in none does a known mistake
give the right number. A variant whose answer the page prints is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from course_calculation import Costed, OutputSize, Part
from course_questions import Asking, step_node
from course_text import Asked, tried
from docutils import nodes
from docutils.parsers.rst import directives
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

import layercost as lc
from layercost.message import spoken as _
from layercost.misconception import Cost
from layercost.questions import Question, QuestionError, Variant, read_question
from layercost.view import tag

DRAWN, KEPT = 16, 8
_SKILL = {"macs": "macs", "flops": "flops", "output_size": "output-size", "activations": "activations"}
NEEDED = ("id", "layer", "input", "draw", "ask")
MODEL = "network"  # in place of a layer: a network, or a family of models with the fields of a configuration


class drill(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes so
    """One question in several variants, of which the reader sees one at a time."""


class variant(nodes.General, nodes.Element):  # noqa: N801
    """The question with one draw of its numbers."""


# ---- what is declared --------------------------------------------------------------------------------


def ranges(text: str) -> dict[str, Any]:
    """What each name is drawn from: ``inputs=16..512, outputs=16..256/16, kernel=3|5|7, bias=True|False``."""
    parts = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): _range(choice.strip()) for name, _sign, choice in parts}


def settings(text: str) -> dict[str, Any]:
    """What is said of training: ``stage=2, devices=devices``."""
    parts = (part.partition("=") for part in text.split(",") if part.strip())
    return {name.strip(): _value(value.strip()) for name, _sign, value in parts}


def _range(text: str) -> Any:
    if ".." in text:
        first, _dots, rest = text.partition("..")
        last, _slash, step = rest.partition("/")
        return {"from": int(first), "to": int(last), "step": int(step or 1)}
    return [_value(one.strip()) for one in text.split("|")]


def _value(text: str) -> int | bool | str:
    if text in ("True", "False"):
        return text == "True"
    return int(text) if text.lstrip("-").isdigit() else text


def question_of(options: Mapping[str, str]) -> Question:
    """The question that a drill declares; its wording is the page's."""
    for needed in NEEDED:
        if needed not in options and not (needed == "layer" and MODEL in options):
            raise QuestionError(f"a drill needs `:{needed}:`; it has {', '.join(options) or 'no options'}")
    sizes = [size.strip() for size in options["input"].strip("()").split(",") if size.strip()]
    kind = MODEL if MODEL in options else "layer"
    subject: dict[str, Any] = {kind: options[kind]}
    if "repeat" in options:
        subject = {"layers": {"block": options["layer"]}, "repeat": {"block": _value(options["repeat"])}}
    stored = {"dtype": options["dtype"]} if "dtype" in options else {}
    return read_question({
        "id": options["id"], "level": 1, "skills": [_SKILL.get(options["ask"], "parameters")],
        "wording": {"en": "{layer}"},
        "draw": ranges(options["draw"]), **subject,
        "input": [int(size) if size.isdigit() else size for size in sizes],
        "convention": options.get("convention", "textbook"), "batch": _value(options.get("batch", "1")),
        "cached": _value(options.get("cached", "0")), "training": settings(options.get("training", "")),
        "without": options.get("without", "").split(),
        "ask": [{"quantity": options["ask"], **stored}],
    })  # fmt: skip


def drawn(question: Question) -> Iterator[tuple[int, Variant]]:
    """Vetted variants, each with its number; no two have the same numbers."""
    seen: list[Mapping[str, Any]] = []
    for place in range(1, 1 + 3 * DRAWN):
        if len(seen) == DRAWN:
            return
        made = question.draw_for_practice(f"{question.id}/{place}")
        if made.numbers not in seen:
            seen.append(made.numbers)
            yield place, made


def asked_of(made: Variant) -> Part:
    """What a variant asks for, as the prose would ask for it."""
    task = made.item().task
    shape = tuple(map(int, made.input_shape))
    if isinstance(task.measure, Cost):
        return Costed(task)
    if not isinstance(task.measure, lc.Quantity):
        return OutputSize(task.layer, shape)
    how: Any = {"dtype": task.dtype, "cached": task.cached}
    return Asked(task.layer, task.measure, shape, task.convention.name, task.batch, **how)


def filled(line: str, known: Mapping[str, Any]) -> str:
    """The line with what is known in place of its ``{name}``; other braces belong to formulas.

    >>> filled("{tokens} tokens of {width}: {layer}", {"tokens": 32000, "width": 64, "layer": "`Linear(1)`"})
    '32,000 tokens of 64: `Linear(1)`'
    """
    return re.sub(r"\{(\w+)\}", lambda found: _shown(known.get(found[1], found[0])), line)


def _shown(value: Any) -> str:
    """A number with its thousands in groups, as the text around it has them."""
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


# ---- how it is written -------------------------------------------------------------------------------


class Drill(SphinxDirective):
    """A question with drawn numbers; the body is its wording, with ``{layer}`` and the drawn names."""

    has_content = True
    option_spec: ClassVar = dict.fromkeys(
        (*NEEDED, MODEL, "convention", "batch", "cached", "dtype", "repeat", "training", "without", "hint"),
        directives.unchanged_required,
    )

    def run(self) -> list[nodes.Node]:
        made = tried(self, self._drill)
        return [made] if made else []

    def _drill(self) -> drill:
        question = question_of(self.options)
        return drill("", *(self._variant(*one) for one in drawn(question)), id=question.id)

    def _variant(self, place: int, made: Variant) -> variant:
        known = {**made.numbers, "layer": f"`{made.layer}`", "input": " × ".join(map(str, made.input_shape))}
        block = variant("")
        lines = [filled(line, known) for line in self.content]
        self.state.nested_parse(StringList(lines, self.options["id"]), self.content_offset, block)
        asking = Asking("", f"{self.options['id']}-{place}", self.options.get("hint", ""))
        last = block[-1] if len(block) and isinstance(block[-1], nodes.paragraph) else nodes.paragraph()
        if last not in block.children:
            block.append(last)
        last += [nodes.Text(" "), step_node(asked_of(made), asking)]
        return block


def _visit_drill(translator: Any, node: drill) -> None:
    label = _("Practice with numbers of your own")
    opening = f'<div class="lc-drill" role="group" aria-label="{label}" data-id="{node["id"]}">'
    translator.body.append(opening)


def _depart_drill(translator: Any, _node: drill) -> None:
    another = tag("button", _("Another one"), type="button", class_="lc-another")
    translator.body.append(f"{another}</div>")


def _visit_variant(translator: Any, node: variant) -> None:
    hidden = "" if node.parent.index(node) == 0 else " hidden"
    translator.body.append(f'<div class="lc-variant"{hidden}>')


def _depart_variant(translator: Any, _node: variant) -> None:
    translator.body.append("</div>")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive and its nodes."""
    app.add_node(drill, html=(_visit_drill, _depart_drill))
    app.add_node(variant, html=(_visit_variant, _depart_variant))
    app.add_directive("drill", Drill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
