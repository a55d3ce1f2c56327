"""Sphinx extension: all that may stand in a specification.toml, written from the code that reads it.

A block ``{specification-reference}`` in a page of the teacher's guide becomes what `grader schema` prints,
its headings one level down.
"""

from __future__ import annotations

from pathlib import Path

from sphinx.application import Sphinx

from grader import keys, schema

BLOCK = "```{specification-reference}\n```"


def reference() -> str:
    """The reference without its title, ready to stand below a heading of a page."""
    _, _, text = schema.schema().partition("\n")
    return "\n".join(f"#{line}" if line.startswith("#") else line for line in text.splitlines())


def write_reference(app: Sphinx, _: str, source: list[str]) -> None:
    """Put the reference into a page that asks for it."""
    if BLOCK in source[0]:
        source[0] = source[0].replace(BLOCK, reference())
        for module in (keys, schema):
            app.env.note_dependency(str(Path(module.__file__ or "")))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("source-read", write_reference)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
