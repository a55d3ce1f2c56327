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
    r"\\(href|url|require|style|class|cssId|data|html\w*|includegraphics|def|newcommand|let)(?![a-z])"
)

_ANCHOR = re.compile(r'<a class="anchor-link"[^>]*>[^<]*</a>')  # nbconvert's link to each heading
KEPT_TAGS = frozenset((
    "a", "b", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i",
    "li", "ol", "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "th", "thead", "tr",
    "ul",
))  # fmt: skip
KEPT_ATTRIBUTES = {"a": ["href"]}
KEPT_PROTOCOLS = frozenset({"http", "https", "mailto"})


def harmless_markdown(text: str) -> str:
    """Markdown in which no HTML, no link but to a page, and no TeX macro that reaches the page is left.

    What stood there stays readable: `<b>` shows as it was typed, and mathematics still displays.
    """
    text = _ENTITY.sub("&amp;", text)
    text = _TAG.sub("&lt;", text)
    text = _IMAGE.sub("! ", text)
    text = _LINK.sub("] ", text)
    return _TEX.sub(r"\\text{\1}", text)


def markdown_to_html(text: str) -> str:
    """Markdown as HTML that holds text, lists, tables and links to pages; call it by `bounded`."""
    import bleach
    from nbconvert.filters.markdown import markdown2html

    html = _ANCHOR.sub("", markdown2html(text))
    cleaned: str = bleach.clean(
        html, tags=KEPT_TAGS, attributes=KEPT_ATTRIBUTES, protocols=KEPT_PROTOCOLS, strip=True
    )
    return cleaned


def harmless_cell(text: str) -> str:
    """A text for a spreadsheet, where a leading sign would make it a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
