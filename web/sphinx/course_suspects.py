"""Sphinx extension: the reader names what a number is, out of several, before the verdict.

    ```{suspects}
    :id: audit-vgg
    A question.

    - [x] Multiply-accumulates, called FLOPs :: There are {n}`macs(net)` of them.
    - [ ] FLOPs, each MAC as two :: That would be twice as many.

    ---

    The verdict.
    ```

Each choice has its own sentence, which shows when it is chosen; the verdict is folded. It works without
scripts. A choice without a sentence, or a question without exactly one right choice, stops the build.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple

from docutils import nodes
from docutils.parsers.rst import directives
from folded import Folding
from sphinx.application import Sphinx
from sphinx.util import logging

from layercost.message import spoken as _
from layercost.view import escaped, tag

logger = logging.getLogger(__name__)

CHOICE = re.compile(r"^- \[(?P<mark>[x ])\] (?P<words>.*?) :: (?P<said>.+)$")


class Choice(NamedTuple):
    """What the number could be, whether it is that, and what is said to whoever chooses it."""

    right: bool
    words: str
    said: str


def choices(lines: list[str]) -> list[Choice]:
    """The choices among the lines of a question; raises ValueError for a question that does not ask well."""
    begun = [line for line in lines if line.startswith("- [")]
    found = [CHOICE.match(line) for line in begun]
    if None in found:
        raise ValueError(f"write `- [x] what it is :: what is said`, not {begun[found.index(None)]!r}")
    made = [Choice(one["mark"] == "x", one["words"], one["said"]) for one in found if one]
    if len(made) < 3 or sum(one.right for one in made) != 1:
        raise ValueError(f"expected three choices or more and one that is right, but got {len(made)} "
                         f"and {sum(one.right for one in made)}")  # fmt: skip
    return made


class Suspects(Folding):
    """A question with choices, each answered in its own words, and a folded verdict."""

    option_spec: ClassVar = {"id": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        lines = list(self.content)
        try:
            asked = choices(lines[: self.split])
        except ValueError as error:
            logger.warning("suspects %r: %s", self.options.get("id"), error, location=self.get_location())
            return []
        first = next(place for place, line in enumerate(lines) if line.startswith("- ["))
        name = escaped(self.options.get("id", ""))
        return [
            _raw(f'<div class="lc-suspects" id="{name}" role="group" aria-label="{_("What is it?")}">'),
            self.block(0, first, "lc-prompt"),
            *self._choices(asked, name),
            *self.fold(_("The verdict"), "lc-audited"),
            _raw("</div>"),
        ]

    def _choices(self, asked: list[Choice], name: str) -> Iterator[nodes.Node]:
        for place, choice in enumerate(asked, start=1):
            its = f"{name}-{place}"
            sign, kind = ("✓", "right") if choice.right else ("✗", "wrong")
            yield _raw(
                f'<div class="lc-suspect"><input type="radio" name="{name}" id="{its}">'
                f'<label for="{its}">{escaped(choice.words)}</label>'
                f'<div class="lc-suspect-said lc-suspect-{kind}" role="status">'
                + tag("span", sign, class_="lc-sign", aria_hidden="true")
            )
            parsed, _messages = self.state.inline_text(choice.said, self.lineno)
            yield nodes.paragraph("", "", *parsed)
            yield _raw("</div></div>")


def _raw(html: str) -> nodes.raw:
    return nodes.raw("", html, format="html")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("suspects", Suspects)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
