"""Sphinx extension: questions in the prose, which work before the page's scripts are there and know why.

- ``guess`` asks for a number before the text gives it.
- ``step`` leaves a number of an example to the reader. A wrong one is met with what leads to it, worked out
  from what is asked (`course_mistakes`); whoever is stuck climbs a ladder: hint, first line, solution.

      {step}`parameters(layer) | id=fc-layer | hint=One weight for each pair.`

- ``drill`` (`course_drills`) asks for one thing with numbers drawn anew as often as the reader likes.

Progress hangs on ids. A missing id, an id given twice, and an answer that the page prints (`course_printed`)
are warnings, which fail the strict build.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, ClassVar

from course_calculation import OutputSize, total_of
from course_mistakes import wrong_answers
from course_text import Asked, tried, value_of
from course_working import default_hint, first_line, solution, unit_of
from docutils import nodes
from docutils.parsers.rst import directives
from folded import Folding
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxRole

import layercost as lc
from layercost.convention import TEXTBOOK, UNITS_IN_WORDS
from layercost.layer import layer_from_text
from layercost.message import spoken as _
from layercost.questions.grammar import UNITS
from layercost.view import escaped, tag

logger = logging.getLogger(__name__)

# Before the module scripts are there: what the reader wishes stays with the question, and they grant it.
EARLY = """
(function () {
  function wish(event) {
    var target = event.target, question = target.closest && target.closest('.lc-guess, .lc-step');
    if (!question || question.dataset.ready) return;
    var asked = event.type === 'click' ? target.matches('.lc-check, .lc-commit')
      : event.key === 'Enter' && target.matches('input');
    if (asked) question.dataset.wish = '';
  }
  addEventListener('click', wish, true);
  addEventListener('keydown', wish, true);
})();
"""


# ---- what a step is ----------------------------------------------------------------------------------


class step(nodes.Inline, nodes.Element):  # noqa: N801 - docutils names its nodes so
    """Stands where a number is left to the reader, until the page knows what the field is called."""


KEYS = ("id", "hint")
_OPTION = re.compile(rf"\s*[|;]\s*(?=(?:{'|'.join(KEYS)})\s*=|shown\s*(?:[|;]|$))")


@dataclass(frozen=True)
class Asking:
    """What a step's text says: an expression, the id that progress hangs on, a hint.

    `shown` says that a later line of the page shows the number on purpose.
    """

    expression: str
    id: str = ""
    hint: str = ""
    shown: bool = False


def asking(text: str) -> Asking:
    """Reads ``expression | id=fc-weights | hint=One weight for each pair. | shown``.

    In a table, where a bar ends the cell, a semicolon stands for it.
    """
    expression, *options = _OPTION.split(text)
    given = dict(option.partition("=")[::2] for option in options)
    known = {key.strip(): value.strip() for key, value in given.items()}
    return Asking(expression, known.get("id", ""), known.get("hint", ""), "shown" in known)


class StepRole(SphinxRole):
    """``{step}`expression | id=...` ``: a field in which the reader writes the number."""

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        asked = asking(self.text)
        if not asked.id:
            logger.warning(
                "the step %r has no id; write `%s | id=...`, for progress hangs on it",
                self.text, asked.expression, location=self.get_location(),
            )  # fmt: skip
        value = tried(self, lambda: value_of(self, asked.expression))
        made = None if value is None else tried(self, lambda: step_node(value, asked))
        return [made] if made else [], []


def step_node(value: Any, asked: Asking) -> step:
    """A step that asks for a value."""
    wrong = [
        {"answer": str(one.answer), "id": one.id, "text": str(one.message)} for one in wrong_answers(value)
    ]
    rungs = [
        (_("Hint"), _prose(asked.hint) if asked.hint else escaped(str(default_hint(value)))),
        (_("First line"), first_line(value)),
        (_("Solution"), solution(value)),
    ]
    return step(
        "", id=asked.id, answer=total_of(value), unit=unit_of(value), wrong=wrong, task=task_of(value),
        rungs=[rung for rung in rungs if rung[1]], shown=asked.shown, fresh=False,
    )  # fmt: skip


def task_of(value: Any) -> str:
    """What is asked as data, for a page whose Python runs; nothing where it is not one count of one layer.

    A number format of its own, and tokens in a cache, are not told.
    """
    if not isinstance(value, Asked | OutputSize):
        return ""
    if isinstance(value, Asked) and (value.dtype, value.cached) != ("float32", 0):
        return ""
    written = str(value.layer)
    try:
        if layer_from_text(written) != value.layer:
            return ""
    except lc.LayerError:
        return ""
    told = {"layer": written, "shape": value.shape, "convention": TEXTBOOK.name, "batch": 1}
    if isinstance(value, OutputSize):
        return json.dumps({**told, "quantity": "output_size"})
    counted = {"convention": value.convention, "batch": value.batch}
    return json.dumps({**told, **counted, "quantity": value.quantity.value})


def _prose(text: str) -> str:
    """A hint as HTML: its words, and what stands between backticks as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escaped(text))


# ---- how a step is written ---------------------------------------------------------------------------


def _step_html(node: step, name: str) -> str:
    answer, wrong = node["answer"], json.dumps(node["wrong"], ensure_ascii=False)
    field = (
        f'<input aria-label="{escaped(name)}" inputmode="numeric" autocomplete="off" '
        f'size="{max(4, len(str(answer)) + 2)}">'
    )
    check = tag(
        "button", _("Check"), type="button", class_="lc-check", aria_label=_("Check: {what}", what=name)
    )
    says = tag("output", aria_live="polite")
    inside = field + check + says
    kind = (
        "lc-step lc-fresh" if node["fresh"] else "lc-step"
    )  # a drill is one question, however often it is drawn
    data = {
        "data_id": node["id"],
        "data_answer": answer,
        "data_unit": node["unit"] or None,
        "data_task": node["task"] or None,
    }
    return tag("span", inside, class_=kind, **data, data_diagnoses=wrong)


def _ladder_html(rungs: list[tuple[str, str]], name: str, top: bool = True) -> str:
    """Each rung opens the next: hint, first line, solution."""
    (title, said), *more = rungs
    summary = tag("summary", title, aria_label=_("{rung}: {what}", rung=title, what=name))
    further = _ladder_html(more, name, top=False) if more else ""
    body = tag("div", tag("div", said, class_="lc-rung"), further)
    return tag("details", summary, body, class_="lc-ladder" if top else None)


def _words(node: nodes.Node) -> str:
    """What a reader hears of a node: formulas without LaTeX's signs, nothing of what is raw."""
    if isinstance(node, nodes.raw | step):
        return " "
    if isinstance(node, nodes.math):
        return re.sub(r"\\[a-z]+|[{}\\$]", "", node.astext())
    if isinstance(node, nodes.Text):
        return node.astext()
    return "".join(map(_words, node.children))


def _before(node: step) -> str:
    """The words of the step's own line that lead up to it: from the step before, or from the start."""
    line = node.parent
    place = line.index(node)
    start = max((index for index in range(place) if isinstance(line[index], step)), default=-1) + 1
    lead = _tidy("".join(_words(part) for part in line.children[start:place]))
    return lead or _tidy(_words(line))


def _tidy(words: str) -> str:
    return re.sub(r"\s+", " ", words).strip(" :=,.")


# What a question names: how many of something, or the first word of its last sentence.
_HOW_MANY = re.compile(r"\bhow many ([A-Za-z]+(?: a second)?)", re.IGNORECASE)
_FIRST_WORD = re.compile(r"(?:.*[.:?] )?(?:(?:all|its|the|their|whole) )*([A-Za-z]+)", re.IGNORECASE)
_OTHER_SCALE = re.compile(r"\bin (?:thousands|[mb]illions)\b")
_SPELLINGS = {spelling: unit for unit, every in UNITS.items() for spelling in every}
_SPELLINGS |= {str(unit).lower(): str(unit) for unit in UNITS_IN_WORDS}


def unit_named(words: str) -> str:
    """The unit that the words of a question name, which may then stand behind the answer; "" where none is.

    >>> unit_named("GPT-2 XL is 1,600 wide. At how many tokens are both even?"), unit_named("All MACs")
    ('tokens', 'MACs')
    """
    if _OTHER_SCALE.search(words):
        return ""
    if many := _HOW_MANY.search(words):
        word = many[1].lower()
        return _SPELLINGS.get(word, word if word.split()[0].endswith("s") else "")
    first = _FIRST_WORD.match(words)
    return _SPELLINGS.get(first[1].lower(), "") if first else ""


def _in_table(node: step) -> str:
    """Of a step in a table: the first cell of its row and the head of its column."""
    cell = node.parent
    while cell is not None and not isinstance(cell, nodes.entry):
        cell = cell.parent
    if cell is None:
        return ""
    row = cell.parent
    table = row.parent.parent
    heads = next((head for head in table.findall(nodes.thead)), None)
    head = _words(heads[0][row.index(cell)]) if heads is not None else ""
    return ", ".join(filter(None, (_tidy(_words(row[0])), _tidy(head))))


def name_of(node: step) -> str:
    """What the field of a step is called: the text of its line, or of its row and column."""
    return _in_table(node) or _before(node) or _("your number")


def _distinct(names: list[str]) -> list[str]:
    """The names, with the place on the page where two would be the same."""
    return [
        _("{what}, question {place}", what=name, place=place) if names.count(name) > 1 else name
        for place, name in enumerate(names, start=1)
    ]


def _block_of(node: nodes.Node) -> nodes.Element:
    """The paragraph (or cell) in which a step stands: its ladder comes after it."""
    while not isinstance(node, nodes.paragraph | nodes.entry | nodes.term):
        node = node.parent
    return node


def place_steps(app: Sphinx, doctree: nodes.document) -> None:
    """Write every step of the page, each with a name of its own, and its ladder below its line."""
    found = list(doctree.findall(step))
    _check_ids(found)
    for node in found:
        node["unit"] = node["unit"] or unit_named(_before(node))
    if found or any("lc-guess" in raw.astext() for raw in doctree.findall(nodes.raw)):
        app.env.metadata[app.env.docname]["course_questions"] = len(found)
    names = _distinct([name_of(node) for node in found])
    ladders: dict[nodes.Element, list[str]] = {}
    for node, name in zip(found, names, strict=True):
        ladders.setdefault(_block_of(node), []).append(_ladder_html(node["rungs"], name))
    for node, name in zip(found, names, strict=True):
        node.replace_self(nodes.raw("", _step_html(node, name), format="html"))
    for block, rungs in ladders.items():
        _put_below(block, nodes.raw("", "".join(rungs), format="html"))


def _put_below(block: nodes.Element, ladder: nodes.raw) -> None:
    if isinstance(block, nodes.paragraph):
        block.parent.insert(block.parent.index(block) + 1, ladder)
    else:
        block.append(ladder)


def _check_ids(found: list[step]) -> None:
    ids = [node["id"] for node in found if node["id"]]
    for node in found:
        if ids.count(node["id"]) > 1:
            logger.warning("two steps of this page have the id %r", node["id"], location=_block_of(node))


# ---- guesses -----------------------------------------------------------------------------------------


class Guess(Folding):
    """The reader commits to a number before the text gives it.

    The argument is the answer; the body is the question, then a line ``---``, then what is revealed.
    """

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar = {"id": directives.unchanged_required, "unit": directives.unchanged_required}

    def run(self) -> list[nodes.Node]:
        answer = tried(self, lambda: total_of(value_of(self, self.arguments[0])))
        return [
            nodes.raw("", self._opening(answer), format="html"),
            self.block(0, self.split, "lc-prompt"),
            nodes.raw("", self._field(), format="html"),
            *self.fold(_("Show the answer"), "lc-answer"),
            nodes.raw("", "</div>", format="html"),
        ]

    def _opening(self, answer: int | None) -> str:
        unit, name = escaped(self.options.get("unit", "")), escaped(self.options.get("id", ""))
        return (
            f'<div class="lc-guess" role="group" aria-label="{_("Guess first")}" data-id="{name}" '
            f'data-answer="{answer}" data-unit="{unit}">'
        )

    def _field(self) -> str:
        field = tag("label", f'{_("Your guess")} <input inputmode="decimal" autocomplete="off">')
        commit = tag("button", _("Commit my guess"), type="button", class_="lc-commit")
        return tag("p", f"{field} {escaped(self.options.get('unit', ''))} {commit}", class_="lc-field")


# ---- what a page with questions loads ----------------------------------------------------------------


def keep_early_wishes(
    app: Sphinx, pagename: str, _template: str, context: dict[str, Any], _doctree: Any
) -> None:
    """Put the small script into the head of a page that asks something."""
    if "course_questions" in app.env.metadata.get(pagename, {}):
        script = tag("script", re.sub(r"\s+", " ", EARLY).strip())
        context["metatags"] = context.get("metatags", "") + script


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the role, the directives, and what comes once the whole page is known."""
    app.add_role("step", StepRole())
    app.add_directive("guess", Guess)
    app.connect("doctree-read", place_steps, priority=400)  # before the questions of the page are counted
    app.connect("html-page-context", keep_early_wishes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
