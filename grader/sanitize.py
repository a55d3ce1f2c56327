"""Makes a student's text harmless to show: to the teacher in the formgrader, to the student in the feedback.

The formgrader's page can change marks, and it turns Markdown into HTML without cleaning it; so Markdown
is made harmless before it is written where the formgrader reads it, and HTML that we make ourselves is
cleaned again.
"""

from __future__ import annotations

import re

_ENTITY = re.compile(r"&(?=#|[A-Za-z])")
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_IMAGE = re.compile(r"!(?=\[)")
_LINK = re.compile(r"\](?=\((?!https?://|mailto:|#)|:(?!\s*https?://))")  # [text](target) and [name]: target
_TEX = re.compile(
    r"\\(href|url|require|style|class|cssId|data|html\w*|mmlToken|bbox|includegraphics"
    r"|[egx]?def|(?:re)?newcommand|(?:re)?newenvironment|let)(?![A-Za-z])"
)
# A sign where a cell may begin: at the start, or behind what another separator of cells or lines would be.
_FORMULA = re.compile(r"(?:\A|(?<=[;\t\r\n]))(\"*)(?=[=+@\uff1d\uff0b\uff0d\uff20-])")


def harmless_markdown(text: str) -> str:
    """Markdown in which no HTML, no link but to a page, and no TeX macro that reaches the page is left.

    What stood there stays readable: `<b>` shows as it was typed, and mathematics still displays.
    """
    text = _ENTITY.sub("&amp;", text)
    text = _TAG.sub("&lt;", text)
    text = _IMAGE.sub("! ", text)
    text = _LINK.sub("] ", text)
    return _TEX.sub(r"\\text{\1}", text)


def harmless_cell(text: str) -> str:
    """A text for a spreadsheet, where a leading sign would make it a formula.

    A spreadsheet that takes semicolons or tabs for what parts the cells, as in much of Europe, sees the marks
    around a text as a part of it, and begins cells and lines within it.
    """
    return _FORMULA.sub(r"\1'", text)
