"""Students' Markdown as HTML, within a bounded time, whatever stands in the text.

What turns it into HTML is loaded by the process that does so, and not by those that only ask for it.
"""

from __future__ import annotations

from functools import lru_cache

from markupsafe import Markup

from grader.bounded import bounded

LONGEST_TEXT, MOST_FORMULAS = 20_000, 300  # what goes beyond is shown as typed


@lru_cache(maxsize=512)  # the assignment's own text is the same for everybody
def rendered(text: str) -> Markup:
    """Markdown as HTML that holds text, lists, tables, formulas and links to pages, and nothing that acts.

    It is made in a process of its own; what is too long, or takes too long, is shown as it was typed.
    """
    made = None
    if len(text) <= LONGEST_TEXT and text.count("$") <= 2 * MOST_FORMULAS:
        made = bounded("grader.markdown:cleaned").apply(text)
    if made is None:
        return Markup("<pre>{}</pre>").format(text)
    return Markup(made)  # noqa: S704  (`cleaned` made it)
