"""Sphinx extension: roles and directives that compute every number of the prose when the book is built.

A page names its layers once in a ``let`` directive; roles and directives then ask for counts of them:

    ```{let}
    layer = lc.Linear(300, 100)
    ```

    The layer has {n}`parameters(layer)` parameters and costs {n}`flops(layer)`.

- ``n`` writes a number; FLOPs come with the chip of their convention and the values under all the others.
- ``derivation`` writes letters = numbers = total; ``count-table`` a network layer by layer;
  ``conventions`` one quantity under every convention.
- ``reading-time`` says how long a page takes.

What asks the reader is in `course_questions`, what settles a source's claims in `course_claims`.

Expressions of the pages are ours and run in the build, like code cells.
A failing one is a warning, so that the strict build stops.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from course_calculation import ASKED_BESIDES, Arithmetic
from docutils import nodes
from docutils.parsers.rst import Directive, directives
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

import layercost as lc
from layercost import witness
from layercost.view import (
    COMPLETE,
    Substitution,
    html_cell,
    html_table,
    not_counted,
    number,
    sentence,
    tag,
)

logger = logging.getLogger(__name__)

WORDS_A_MINUTE = 180  # slow reading of technical prose
MINUTES_A_QUESTION = 0.75


# --- what the prose may ask for ---------------------------------------------------------------------


@dataclass(frozen=True)
class Asked(Arithmetic):
    """One quantity of one layer, under a convention that the reader can switch."""

    layer: lc.Layer
    quantity: lc.Quantity
    shape: tuple[int, ...] | None
    convention: str = "textbook"
    batch: int = 1

    @property
    def count(self) -> lc.Count:
        """The count, with its derivation."""
        return lc.count(self.layer, self.quantity, self.shape, self.convention, batch=self.batch)

    @property
    def total(self) -> int:
        """The number alone."""
        return self.count.total

    def under(self, convention: str) -> Asked:
        """The same quantity by another convention."""
        return replace(self, convention=convention)


def _asker(quantity: lc.Quantity) -> Callable[..., Asked]:
    def ask(
        layer: lc.Layer, shape: tuple[int, ...] | None = None, convention: str = "textbook", batch: int = 1
    ) -> Asked:
        return Asked(layer, quantity, shape or _usual_shape(layer), convention, batch)

    return ask


def _usual_shape(layer: lc.Layer) -> tuple[int, ...] | None:
    """The input that goes without saying: a network's own, a fully connected layer's features."""
    if isinstance(layer, lc.Linear):
        return (layer.in_features,)
    return getattr(layer, "input_shape", None)


def _namespace() -> dict[str, Any]:
    askers = {quantity.value: _asker(quantity) for quantity in lc.Quantity}
    return {"lc": lc, "witness": witness, "math": math, **askers, **ASKED_BESIDES}


def _names_of(env: Any) -> dict[str, Any]:
    """The names of the page that is being read."""
    return env.temp_data.setdefault("course_names", _namespace())


def _evaluate(expression: str, env: Any) -> Any:
    return eval(expression, _names_of(env))  # noqa: S307 - our own pages, run in the build like their cells


# --- numbers ----------------------------------------------------------------------------------------


def written(value: object) -> str:
    """A number as the course writes it: digits in groups of three; text stays as it is."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(
            f"expected a whole number, a count, or a text that is formatted already, but got {value!r}"
        )
    return number(value)


def _count_html(asked: Asked) -> str:
    """A number with the chip of its convention, and what it becomes under the others."""
    counts = {name: asked.under(name).count for name in lc.CONVENTIONS}
    own = asked.count

    def data(value: Callable[[lc.Count], str]) -> str:
        return json.dumps({name: value(count) for name, count in counts.items()}, ensure_ascii=False)

    return tag(
        "span",
        tag("span", _amount(own), class_="lc-number"),
        "&nbsp;",
        tag("button", f"{own.unit} · {own.convention}", type="button", class_="lc-chip"),
        class_="lc-count",
        data_quantity=asked.quantity.value,
        data_convention=own.convention,
        data_values=data(_amount),
        data_units=data(lambda count: count.unit),
        data_notes=data(_note),
    )


def _amount(count: lc.Count) -> str:
    return number(count.total, count.at_least)


def _note(count: lc.Count) -> str:
    """What a count counts, and what it leaves out."""
    left_out = not_counted(missing.layer or "this layer" for missing in count.not_counted)
    return f"Counts {count.counts}. {sentence(left_out) or COMPLETE}"


class NumberRole(SphinxRole):
    """``{n}`expression` ``: a computed number."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        value = _tried(self, lambda: _evaluate(self.text, self.env))
        if isinstance(value, Asked) and value.quantity is lc.FLOPS:
            return [nodes.raw("", _count_html(value), format="html")], []
        amount = value.total if isinstance(value, Arithmetic) else value
        text = _tried(self, lambda: written(amount))
        return [nodes.inline("", str(text), classes=["lc-number"])], []


def _tried(owner: Any, compute: Callable[[], Any]) -> Any:
    """The result, or a warning at this place of the page, which fails the strict build."""
    try:
        return compute()
    except Exception as error:  # whatever a page's expression raises is a defect of the page
        text = getattr(owner, "text", None) or " ".join(getattr(owner, "arguments", []) or [])
        logger.warning(
            "cannot compute %r: %s: %s", text, type(error).__name__, error, location=owner.get_location()
        )
        return None


# --- directives -------------------------------------------------------------------------------------


class Let(SphinxDirective):
    """Names for the page: assignments that the roles and directives below may use."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        source = "\n".join(self.content)
        _tried(self, lambda: exec(source, _names_of(self.env)))  # noqa: S102 - our own pages, run in the build
        return []


class Derivation(SphinxDirective):
    """Letters = numbers = total, with a line for each letter that stands for a formula."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"taught": directives.flag}

    def run(self) -> list[nodes.Node]:
        asked = _tried(self, lambda: _evaluate(self.arguments[0], self.env))
        body = _tried(self, lambda: self._html(asked))
        return [nodes.raw("", body or "", format="html")]

    def _html(self, asked: Asked) -> str:
        count = asked.count
        formula = count.taught if "taught" in self.options else count.expression
        if formula is None:
            raise ValueError(f"{asked.layer!r} declares no taught form of {asked.quantity.value}")
        shown = Substitution(formula, count.unit, count.convention if asked.quantity is lc.FLOPS else "")
        return tag(
            "div",
            tag("div", shown.line, class_="lc-line"),
            *(tag("div", f"where {line}", class_="lc-where") for line in count.where("html")),
            tag("div", class_="lc-copy", data_copy=shown.copied),
            class_="lc-derivation lc-substitution",
        )


class CountTable(SphinxDirective):
    """A network or layer as a table; the argument is a `layercost.Table`."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"columns": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        columns = self.options.get("columns", "").split() or None
        body = _tried(self, lambda: _evaluate(self.arguments[0], self.env).html(columns=columns))
        return [nodes.raw("", body or "", format="html")]


class Conventions(SphinxDirective):
    """One quantity under every named convention, as a table."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        asked = _tried(self, lambda: _evaluate(self.arguments[0], self.env))
        return [nodes.raw("", _tried(self, lambda: self._html(asked)) or "", format="html")]

    @staticmethod
    def _html(asked: Asked) -> str:
        counts = (asked.under(name).count for name in lc.CONVENTIONS)
        rows = (
            tag("td", tag("code", count.convention))
            + html_cell(_amount(count), "lc-n")
            + html_cell(count.unit)
            + html_cell(count.counts, "lc-prose")
            for count in counts
        )
        return html_table("", ("convention", "number", "unit", "what it counts"), rows)


class reading_time(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes so
    """Stands where the page will say how long it takes."""


class ReadingTime(Directive):
    """How many minutes the page takes, reckoned from its words and its questions."""

    def run(self) -> list[nodes.Node]:
        return [reading_time()]


def tell_reading_time(_app: Sphinx, doctree: nodes.document) -> None:
    """Put the minutes in place once the whole page is known."""
    words = sum(len(node.astext().split()) for node in doctree.findall(nodes.paragraph))
    questions = sum(
        len(re.findall(r'class="lc-(?:step|guess)"', raw.astext())) for raw in doctree.findall(nodes.raw)
    )
    minutes = math.ceil((words / WORDS_A_MINUTE + questions * MINUTES_A_QUESTION) / 5) * 5
    for node in list(doctree.findall(reading_time)):
        text = f"About {minutes} minutes, with {questions} questions to answer on the way."
        body = f'<p class="lc-reading" data-minutes="{minutes}">{text}</p>'
        node.replace_self(nodes.raw("", body, format="html"))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the roles and directives."""
    app.add_role("n", NumberRole())
    for name, directive in {
        "let": Let, "derivation": Derivation, "count-table": CountTable, "conventions": Conventions,
        "reading-time": ReadingTime,
    }.items():  # fmt: skip
        app.add_directive(name, directive)
    app.connect("doctree-read", tell_reading_time)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
