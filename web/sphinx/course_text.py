"""Sphinx extension: roles and directives whose numbers are computed when the book is built."""

from __future__ import annotations

from typing import Any

from sphinx.application import Sphinx


def setup(_app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
