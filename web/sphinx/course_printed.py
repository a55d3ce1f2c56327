"""Sphinx extension: no page gives an answer away.

The rule: the answer of a step may not be printed on its page. A step of an example that says ``| shown`` is
checked by a later line of the page, so only what stands before it counts. What opens first (an answer, a
solution, a dropdown) does not count, nor do numbers below 100, which are everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from course_drills import KEPT, drill, variant
from course_questions import step
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)

SMALLEST = 100
ENOUGH = 3  # variants that a drill must have left
_NUMBER = re.compile(r"(?<![\d.,])(?:\d{1,3}(?:,\d{3})+|\d+)(?!\d|[.,]\d)")
_UNSEEN = re.compile(r"<(details|script|style)\b.*?</\1>|<[^>]*>", re.S)


def numbers_in(text: str) -> set[int]:
    """The whole numbers in a text, however their digits are grouped.

    >>> sorted(numbers_in("30,100 of 1.5 and 784·128"))
    [128, 784, 30100]
    """
    return {int(found.replace(",", "")) for found in _NUMBER.findall(text)}


def is_closed(node: nodes.Node) -> bool:
    """Whether a reader sees what is inside only after opening it, or after drawing it."""
    if isinstance(node, drill | nodes.comment):
        return True
    classes = node.get("classes", []) if isinstance(node, nodes.Element) else []
    return "lc-answer" in classes or (
        isinstance(node, nodes.Element) and node.get("design_component") == "dropdown"
    )


def seen(node: nodes.Node) -> Iterator[nodes.Node]:
    """Everything of a page that a reader sees as it stands, in order."""
    if is_closed(node):
        return
    yield node
    for child in node.children:
        yield from seen(child)


def numbers_of(node: nodes.Node) -> set[int]:
    """The numbers that one piece of text shows."""
    if isinstance(node, nodes.raw):
        return numbers_in(_UNSEEN.sub(" ", node.astext()))
    inside_raw = isinstance(node.parent, nodes.raw)
    return numbers_in(node.astext()) if isinstance(node, nodes.Text) and not inside_raw else set()


def check(doctree: nodes.document) -> None:
    """Warn of each step whose answer the page prints, and keep of the drills what it does not print."""
    printed: set[int] = set()
    open_steps: list[tuple[step, bool]] = []
    for node in list(seen(doctree)):
        if isinstance(node, step):
            open_steps.append((node, node["answer"] in printed))
        printed |= {number for number in numbers_of(node) if number >= SMALLEST}
    for node, before in open_steps:
        if before if node["shown"] else node["answer"] in printed:
            _warn(node)
    for node in list(doctree.findall(drill)):
        _keep_unseen(node, printed)


def _warn(node: step) -> None:
    answer, where = f"{node['answer']:,}", "before the step" if node["shown"] else "on this page"
    advice = "" if node["shown"] else ", or write `| shown` in an example"
    said = "step %r: its answer %s is printed %s; ask for another number%s"
    logger.warning(said, node["id"], answer, where, advice, location=node.parent)


def _keep_unseen(node: drill, printed: set[int]) -> None:
    kept = [one for one in node.findall(variant) if _step_of(one)["answer"] not in printed][:KEPT]
    node.children = kept
    for place, one in enumerate(kept):
        _step_of(one)["fresh"] = place > 0  # however often it is drawn, it is one question
    if len(kept) < ENOUGH:
        said = "drill %r: the page prints the answers of all variants but %d; draw from wider ranges"
        logger.warning(said, node["id"], len(kept), location=node)


def _step_of(node: variant) -> step:
    return next(iter(node.findall(step)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Look at each page before its steps are written."""
    app.connect("doctree-read", lambda _app, doctree: check(doctree), priority=390)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
