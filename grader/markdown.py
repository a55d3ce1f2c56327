"""Markdown as HTML for a page that runs nothing, with mathematics as MathML, which a browser sets by itself.

HTML that stands in the text is shown as it was typed, pictures are left out, and links lead to pages only;
what comes out is cleaned once more. `grader.rendering` has it done in a bounded time.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from functools import cache

import bleach
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererProtocol
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from mdit_py_plugins.amsmath import amsmath_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin

TEXT_TAGS = re.findall(
    r"\w+",
    "a b blockquote br code del em h1 h2 h3 h4 h5 h6 hr i li ol p pre s span strong sub sup "
    "table tbody td th thead tr ul div",
)
MATH_TAGS = re.findall(
    r"\w+",
    "math menclose mfrac mi mmultiscripts mn mo mover mpadded mphantom mroot mrow mspace msqrt mstyle msub "
    "msubsup msup mtable mtd mtext mtr munder munderover",
)
MATH_ATTRIBUTES = re.findall(
    r"\w+",
    "accent columnalign columnspacing display displaystyle fence form height largeop linethickness lspace "
    "mathvariant maxsize minsize movablelimits notation rowspacing rspace scriptlevel separator stretchy "
    "width",
)
ATTRIBUTES = {"a": ["href"], "div": ["class"], "td": ["class"], "th": ["class"]} | dict.fromkeys(
    MATH_TAGS, MATH_ATTRIBUTES
)
PROTOCOLS = frozenset({"http", "https", "mailto"})
LONGEST_FORMULA = 2_000  # a longer one is shown as typed
_ALIGNED = re.compile(r"\\(begin|end)\{(?:align|equation|gather|eqnarray)\*?\}")
_DOLLARS = re.compile(r"\$\$(?P<display>[^$]+)\$\$|\$(?!\s)(?P<inline>(?:[^$\\]|\\.)+)(?<!\s)\$(?!\d)", re.S)
_LINK = re.compile(r"(https?://|mailto:|#)", re.I)


def cleaned(text: str) -> str:
    """HTML of a Markdown text, made here and now; its time is not bounded."""
    made = _reader().render(text).replace(' style="text-align:right"', ' class="number"')
    return bleach.clean(  # type: ignore[no-any-return]  # bleach brings no types
        made, tags=frozenset((*TEXT_TAGS, *MATH_TAGS)), attributes=ATTRIBUTES, protocols=PROTOCOLS, strip=True
    )


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    reader.use(dollarmath_plugin)
    reader.inline.ruler.at("math_inline", _between_dollars)
    reader.use(amsmath_plugin)
    for rule in ("math_inline", "math_inline_double"):
        reader.add_render_rule(rule, _inline)
    for rule in ("math_block", "math_block_label", "amsmath"):
        reader.add_render_rule(rule, _block)
    reader.validateLink = lambda url: bool(_LINK.match(url))  # type: ignore[method-assign]
    return reader


def _between_dollars(state: StateInline, silent: bool) -> bool:
    """A formula within a line; prices, as in *$5 or $6*, are none."""
    found = _DOLLARS.match(state.src, state.pos)
    if found is None:
        return False
    if not silent:
        kind = "math_inline" if found["inline"] else "math_inline_double"
        state.push(kind, "math", 0).content = found["inline"] or found["display"]
    state.pos = found.end()
    return True


def _inline(_: RendererProtocol, tokens: Sequence[Token], index: int, *_rest: object) -> str:
    return mathml(tokens[index].content, display=tokens[index].type == "math_inline_double")


def _block(_: RendererProtocol, tokens: Sequence[Token], index: int, *_rest: object) -> str:
    return f'<div class="formula">{mathml(tokens[index].content, display=True)}</div>\n'


def mathml(tex: str, *, display: bool = False) -> str:
    """A formula as MathML; TeX that is not understood is shown as it was typed."""
    tex = html.unescape(tex.strip())  # answers are kept with their `<` and `&` made harmless
    understood = _ALIGNED.sub(r"\\\1{aligned}", tex)
    try:
        if len(tex) > LONGEST_FORMULA:
            raise MathError("too long")
        made = tex2mathml(understood, as_block=display)
    except (MathError, RecursionError, ValueError, IndexError, KeyError, AttributeError, TypeError):
        return f"<code>{html.escape(tex)}</code>"
    return re.sub(r">\s+<", "><", made).strip()
