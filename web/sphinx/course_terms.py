"""Sphinx extension: the glossary, from ``chapters/terms.toml``: each term in one sentence, in two languages.

``{terms}`` writes Sphinx's own glossary, so that ``{term}`MAC` `` leads to it from any page, and so does the
Chinese word.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from docutils.statemachine import StringList
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

TERMS = Path(__file__).resolve().parents[2] / "chapters" / "terms.toml"


class Term(NamedTuple):
    """A term, the same in Chinese, and what it means."""

    name: str
    chinese: str
    says: str


def terms() -> list[Term]:
    """All terms, in the order of the alphabet."""
    declared = tomllib.loads(TERMS.read_text(encoding="utf-8"))
    made = (Term(name, one["zh"], one["says"]) for name, one in declared.items())
    return sorted(made, key=lambda term: term.name.casefold())


def glossary(every: list[Term]) -> Iterator[str]:
    """The lines of a glossary as Sphinx reads it."""
    yield "````{glossary}"
    for term in every:
        yield from (term.name, term.chinese, f"  {term.says}", "")
    yield "````"


class Terms(SphinxDirective):
    """The glossary of the course."""

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(TERMS))
        every = terms()
        section = nodes.section()
        self.state.nested_parse(StringList(list(glossary(every)), str(TERMS)), 0, section)
        chinese = {term.chinese for term in every}
        for node in section.findall(nodes.term):
            if _said(node) in chinese:
                node["classes"].append("lc-chinese")
        return section.children


def _said(node: nodes.term) -> str:
    return "".join(part.astext() for part in node.children if not isinstance(part, addnodes.index)).strip()


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("terms", Terms)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
