"""Sphinx extension: formulas as MathML in the page itself, typeset by MathJax when the book is built.

The browser lays them out; a page needs no script and no font for them, and a screen reader reads them.
"""

from __future__ import annotations

import html
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging

WEB = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(WEB))

from site_builder.node import find_node  # noqa: E402

logger = logging.getLogger(__name__)


@cache
def _typesetter() -> subprocess.Popen[str]:
    """One node process for the whole build."""
    return subprocess.Popen(
        [find_node(), str(WEB / "typeset.mjs")],
        cwd=WEB, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8",
    )  # fmt: skip


@cache
def mathml(tex: str, display: bool = False) -> str:
    """A formula as MathML; one that TeX does not understand is a ValueError."""
    running = _typesetter()
    assert running.stdin
    assert running.stdout
    running.stdin.write(json.dumps({"tex": tex, "display": display}) + "\n")
    running.stdin.flush()
    written = str(json.loads(running.stdout.readline()))
    if "<merror" in written:
        raise ValueError(f"TeX does not understand {tex!r}")
    return written


def _written(node: nodes.Element, display: bool) -> str:
    """The formula with its TeX beside it, from which a notebook is written."""
    tex = node.astext()
    try:
        return mathml(tex, display).replace("<math", f'<math alttext="{html.escape(tex)}"', 1)
    except ValueError as error:
        logger.warning("%s", error, location=node)
        return ""


def _inline(self: Any, node: nodes.math) -> None:
    self.body.append(_written(node, display=False))
    raise nodes.SkipNode


def _block(self: Any, node: nodes.math_block) -> None:
    self.body.append(f'<div class="lc-math">{_written(node, display=True)}</div>\n')
    raise nodes.SkipNode


def _stop(_app: Sphinx, _error: Exception | None) -> None:
    if _typesetter.cache_info().currsize:
        running = _typesetter()
        assert running.stdin
        assert running.stdout
        running.stdin.close()
        running.wait(timeout=30)
        running.stdout.close()
        _typesetter.cache_clear()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the renderer; `html_math_renderer` in the configuration chooses it."""
    app.add_html_math_renderer("mathml", (_inline, None), (_block, None))
    app.connect("build-finished", _stop)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
