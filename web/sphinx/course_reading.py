"""Sphinx extension: how long a page takes, its core and its practice apart, and the loops that prove a count.

- ``reading-time`` says both. The core is what stands before the heading *Practice*; the practice is what
  stands under it. What the sources say is folded and counts for neither.
- ``loops`` shows the plain loops of a layer, as the library runs them.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from course_drills import variant
from docutils import nodes
from docutils.parsers.rst import Directive
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from layercost import witness
from layercost.message import spoken as _

WORDS_A_MINUTE = 180  # slow reading of technical prose
MINUTES_A_QUESTION = 1.5  # read, work out, type: with a calculator at hand
PRACTICE, SOURCES = "Practice", "What the sources say"
QUESTION = re.compile(r'class="lc-(?:step|guess|suspects)"')


class Time(NamedTuple):
    """Words to read and questions to answer."""

    words: int = 0
    questions: int = 0

    @property
    def minutes(self) -> int:
        """Rounded up to five."""
        return math.ceil((self.words / WORDS_A_MINUTE + self.questions * MINUTES_A_QUESTION) / 5) * 5

    def and_then(self, other: Time) -> Time:
        """Both together."""
        return Time(self.words + other.words, self.questions + other.questions)


class reading_time(nodes.General, nodes.Element):  # noqa: N801 - docutils names its nodes so
    """Stands where the page will say how long it takes."""


class ReadingTime(Directive):
    """How many minutes the page takes, reckoned from its words and its questions."""

    def run(self) -> list[nodes.Node]:
        return [reading_time()]


def part_of(node: nodes.Node) -> str:
    """The title of the section in which a node stands, where it is one of the two that count apart."""
    while node.parent is not None:
        if isinstance(node, nodes.section) and node[0].astext() in (PRACTICE, SOURCES):
            return str(node[0].astext())
        node = node.parent
    return ""


def drawn_again(node: nodes.Node) -> bool:
    """Whether a node stands in a drill's second or later drawing, which few readers ask for."""
    while node.parent is not None:
        if isinstance(node, variant):
            return bool(node.parent.index(node) > 0)
        node = node.parent
    return False


def times(doctree: nodes.document) -> dict[str, Time]:
    """What each part of the page takes."""
    found = {"": Time(), PRACTICE: Time(), SOURCES: Time()}
    for node in doctree.findall(lambda node: isinstance(node, nodes.paragraph | nodes.raw)):
        if drawn_again(node):
            continue
        raw = isinstance(node, nodes.raw)
        words = 0 if raw else _words(node)
        questions = len(QUESTION.findall(node.astext())) if raw else 0
        found[part_of(node)] = found[part_of(node)].and_then(Time(words, questions))
    return found


def _words(node: nodes.Node) -> int:
    """The words of a paragraph, without the HTML in it, which holds what is said to wrong answers as well."""
    texts = (text for text in node.findall(nodes.Text) if not isinstance(text.parent, nodes.raw))
    return len(" ".join(texts).split())


def tell_reading_time(_app: Sphinx, doctree: nodes.document) -> None:
    """Put the minutes in place once the whole page is known: at its head, and under *Practice*."""
    every = times(doctree)
    core, practice = every[""], every[PRACTICE]
    for node in list(doctree.findall(reading_time)):
        node.replace_self(_line("lc-reading", _in_all(core, practice), core, practice))
    for section in doctree.findall(nodes.section):
        if section[0].astext() == PRACTICE:
            section.insert(1, _line("lc-practice-time", _of_practice(practice), core, practice))


def _line(name: str, words: str, core: Time, practice: Time) -> nodes.raw:
    data = f'data-minutes="{core.minutes}" data-practice="{practice.minutes}"'
    return nodes.raw(
        "", f'<p class="{name}" {data}><span class="lc-minutes">{words}</span></p>', format="html"
    )


def _in_all(core: Time, practice: Time) -> str:
    if not practice.minutes:
        return _("About {minutes} minutes", minutes=core.minutes)
    return _(
        "About {minutes} minutes to read, and about {practice} more to practise",
        minutes=core.minutes, practice=practice.minutes,
    )  # fmt: skip


def _of_practice(practice: Time) -> str:
    return _(
        "About {minutes} minutes, with {questions} questions. Nothing later depends on it.",
        minutes=practice.minutes, questions=practice.questions,
    )  # fmt: skip


class Loops(SphinxDirective):
    """The loops of a layer: ``{loops} Linear``."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        return [nodes.literal_block(text=witness.written(self.arguments[0]), language="python")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("reading-time", ReadingTime)
    app.add_directive("loops", Loops)
    app.connect("doctree-read", tell_reading_time, priority=700)  # when every question stands in its place
    return {"parallel_read_safe": True, "parallel_write_safe": True}
