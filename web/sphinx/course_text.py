"""Sphinx extension: roles and directives that compute every number of the prose when the book is built.

A page names its layers once in a ``let`` directive; roles and directives then ask for counts of them:

    ```{let}
    layer = lc.Linear(300, 100)
    ```

    The layer has {n}`parameters(layer)` parameters and costs {n}`flops(layer)`.

- ``n`` writes a number; FLOPs come with the chip of their convention and follow the reader's choice, unless
  the expression names a convention: then they are pinned, because their sentence depends on it.
- ``derivation`` writes letters = numbers = total, ``count-table`` a network layer by layer, and both follow
  in the same way; ``conventions`` writes one quantity under every convention.
- ``derivation`` of ``output_size(layer, shape)`` writes how many rows there are.

What asks the reader is in `course_questions`, what settles a source's claims in `course_claims`.

Expressions of the pages are ours and run in the build, like code cells.
A failing one is a warning, so that the strict build stops.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias

from course_calculation import ASKED_BESIDES, Arithmetic, Costed, OutputSize, evaluated, total_of
from docutils import nodes
from docutils.parsers.rst import directives
from following import OWN, amount, as_line, derivation, following_count, pinned_count, under_each
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

import layercost as lc
from layercost import witness
from layercost.convention import unit_in_words
from layercost.expression import HTML, TEXT, Expression, defining, equation
from layercost.view import Substitution, html_cell, html_table, number, tag

logger = logging.getLogger(__name__)

Owner: TypeAlias = SphinxRole | SphinxDirective


# --- what the prose may ask for ---------------------------------------------------------------------


@dataclass(frozen=True)
class Asked(Arithmetic):
    """One quantity of one layer: under a convention that the reader can switch, or pinned to one."""

    layer: lc.Layer
    quantity: lc.Quantity
    shape: tuple[int, ...] | None
    convention: str = OWN
    batch: int = 1
    pinned: bool = False
    dtype: str = "float32"
    cached: int = 0

    @property
    def count(self) -> lc.Count:
        """The count, with its derivation."""
        setting = lc.Setting(self.batch, dtype=self.dtype, cached=self.cached)
        return lc.count(self.layer, self.quantity, self.shape, self.convention, setting=setting)

    @property
    def total(self) -> int:
        """The number alone."""
        return self.count.total

    def under(self, convention: str) -> Asked:
        """The same quantity by another convention."""
        return replace(self, convention=convention)

    @property
    def follows(self) -> bool:
        """Whether the number changes with the reader's convention."""
        return self.quantity is lc.FLOPS and not self.pinned


def _asker(quantity: lc.Quantity) -> Callable[..., Asked]:
    def ask(
        layer: lc.Layer,
        shape: tuple[int, ...] | None = None,
        convention: str | None = None,
        batch: int = 1,
        dtype: str = "float32",
        cached: int = 0,
    ) -> Asked:
        usual, pinned = shape or usual_shape(layer), convention is not None
        return Asked(layer, quantity, usual, convention or OWN, batch, pinned, dtype, cached)

    return ask


def usual_shape(layer: lc.Layer) -> tuple[int, ...] | None:
    """The input that goes without saying: a network's own, a fully connected layer's features."""
    if isinstance(layer, lc.Linear):
        return (layer.in_features,)
    return getattr(layer, "input_shape", None)


def namespace() -> dict[str, Any]:
    """The names that every page has: the library, and what can be asked for."""
    askers = {quantity.value: _asker(quantity) for quantity in lc.Quantity}
    return {"lc": lc, "witness": witness, "math": math, **askers, **ASKED_BESIDES}


# --- the page on which a role or directive stands -----------------------------------------------------


def names_of(owner: Owner) -> dict[str, Any]:
    """The names of the page; whoever adds one, adds it for what stands below."""
    names: dict[str, Any] = owner.env.temp_data.setdefault("course_names", namespace())
    return names


def value_of(owner: Owner, expression: str) -> Any:
    """What an expression of the page comes to; where it is a calculation, with its parts."""
    return evaluated(expression, names_of(owner))


def tried(owner: Owner, compute: Callable[[], Any]) -> Any:
    """The result, or a warning at this place of the page, which fails the strict build."""
    try:
        return compute()
    except Exception as error:  # whatever a page's expression raises is a defect of the page
        text = owner.text if isinstance(owner, SphinxRole) else " ".join(owner.arguments or [])
        logger.warning(
            "cannot compute %r: %s: %s", text, type(error).__name__, error, location=owner.get_location()
        )
        return None


def raw(owner: Owner, compute: Callable[[], str]) -> list[nodes.Node]:
    """The HTML that comes out, or a warning at this place of the page."""
    html = tried(owner, compute)
    return [] if html is None else [nodes.raw("", html, format="html")]


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
    """A number that follows the reader's convention, or one that is pinned."""
    if asked.pinned:
        return pinned_count(asked.count)
    return following_count(lambda name: asked.under(name).count)


class NumberRole(SphinxRole):
    """``{n}`expression` ``: a computed number."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        made = tried(self, self._number)
        return [made] if made else [], []

    def _number(self) -> nodes.Node:
        value = value_of(self, self.text)
        if isinstance(value, Asked) and value.quantity is lc.FLOPS:
            return nodes.raw("", _count_html(value), format="html")
        return nodes.inline("", written(total_of(value)), classes=["lc-number"])


# --- directives -------------------------------------------------------------------------------------


class Let(SphinxDirective):
    """Names for the page: assignments that the roles and directives below may use."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        source = "\n".join(self.content)
        tried(self, lambda: exec(source, names_of(self)))  # noqa: S102 - our own pages, run in the build
        return []


class Derivation(SphinxDirective):
    """Letters = numbers = total, with a line for each letter that stands for a formula.

    Of a count, of an output size, or of a formula of `layercost.analysis`.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"taught": directives.flag}

    def run(self) -> list[nodes.Node]:
        return raw(self, lambda: self._html(value_of(self, self.arguments[0])))

    def _html(self, asked: Asked | OutputSize | Costed | Expression) -> str:
        if isinstance(asked, OutputSize):
            return _size_line(asked)
        if isinstance(asked, Costed):
            shown = Substitution(asked.formula, asked.unit, "")
            return as_line(shown.line, shown.copied)
        if isinstance(asked, Expression):
            return as_line(equation(asked, HTML), equation(asked, TEXT))
        taught = "taught" in self.options
        if taught and asked.count.taught is None:
            raise ValueError(f"{asked.layer!r} declares no taught form of {asked.quantity.value}")
        if not asked.follows:
            return derivation(asked.count, taught)
        return under_each(lambda name: derivation(asked.under(name).count, taught))


def _size_line(asked: OutputSize) -> str:
    """The output size of a layer as letter = letters = numbers = value."""
    if asked.definition is None:
        raise ValueError(f"{asked.layer!r} has no window whose places could be counted")
    return as_line(defining(asked.definition, HTML), defining(asked.definition, TEXT))


class CountTable(SphinxDirective):
    """A network layer by layer: `net` follows the reader's convention, a `layercost.Table` stays as it is."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"columns": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        return raw(self, lambda: self._html(value_of(self, self.arguments[0])))

    def _html(self, asked: Any) -> str:
        columns = self.options.get("columns", "").split() or None
        if isinstance(asked, lc.Table):
            return asked.html(columns=columns)
        return under_each(lambda name: lc.table(asked, convention=name).html(columns=columns))


class Conventions(SphinxDirective):
    """One quantity under every named convention, as a table."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        return raw(self, lambda: self._html(value_of(self, self.arguments[0])))

    @staticmethod
    def _html(asked: Asked) -> str:
        counts = (asked.under(name).count for name in lc.CONVENTIONS)
        rows = (
            tag("td", tag("code", count.convention))
            + html_cell(amount(count), "lc-n")
            + html_cell(unit_in_words(count.unit))
            + html_cell(count.counts, "lc-prose")
            for count in counts
        )
        return html_table("", ("convention", "number", "unit", "what it counts"), rows)


# --- lines --------------------------------------------------------------------------------------------

_UNIT = re.compile(r"%|[kMGT]i?B\b|[kMGT]?FLOPs?\b|[mµn]s\b")
_BEFORE_UNIT = re.compile(rf"(?<=\d) (?={_UNIT.pattern})")
_AS_IT_IS = (nodes.raw, nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.comment)


def keep_units(_app: Sphinx, doctree: nodes.document) -> None:
    """A number and its unit stay on one line, also where the number alone is computed."""
    for text in list(doctree.findall(nodes.Text)):
        if not isinstance(text.parent, _AS_IT_IS):
            kept = _BEFORE_UNIT.sub("\u00a0", text)
            if kept.startswith(" ") and _UNIT.match(kept, 1) and _ends_in_a_digit(text):
                kept = "\u00a0" + kept[1:]
            if kept != text:
                text.parent.replace(text, nodes.Text(kept))


def _ends_in_a_digit(text: nodes.Text) -> bool:
    """Whether what stands before a text is a number."""
    place = text.parent.index(text)
    return place > 0 and text.parent[place - 1].astext()[-1:].isdigit()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the roles and directives."""
    app.connect("doctree-read", keep_units)
    app.add_role("n", NumberRole())
    for name, directive in {
        "let": Let, "derivation": Derivation, "count-table": CountTable, "conventions": Conventions,
    }.items():  # fmt: skip
        app.add_directive(name, directive)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
