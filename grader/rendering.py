"""Students' Markdown as HTML, within a bounded time, whatever stands in the text.

What turns it into HTML is loaded by the process that does so, and not by those that only ask for it.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache

from markupsafe import Markup

from grader.bounded import bounded

LONGEST_TEXT, MOST_FORMULAS = 20_000, 300  # what goes beyond is shown as typed


class TooLongError(Exception):
    """A text that was not rendered, which another time, on a machine with less to do, may be."""


def rendered(text: str) -> Markup:
    """Markdown as HTML that holds text, lists, tables, formulas and links to pages, and nothing that acts.

    It is made in a process of its own; what is too long, or takes too long, is shown as it was typed.
    """
    if len(text) <= LONGEST_TEXT and text.count("$") <= 2 * MOST_FORMULAS:
        with suppress(TooLongError):
            return _made(text)
    return Markup("<pre>{}</pre>").format(text)


@lru_cache(maxsize=512)  # the assignment's own text is the same for everybody
def _made(text: str) -> Markup:
    made = bounded("grader.markdown:cleaned").apply(text)
    if made is None:
        raise TooLongError
    return Markup(made)  # noqa: S704  (`cleaned` made it)
