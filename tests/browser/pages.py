"""Every page of the built site, found by being there."""

from __future__ import annotations

from pathlib import Path

OTHERS = ("_static", "lite")  # what is no page of the course


def pages(site: Path) -> list[str]:
    """The HTML pages, as addresses below the site."""
    found = (path.relative_to(site) for path in site.rglob("*.html"))
    return sorted(path.as_posix() for path in found if not set(OTHERS) & set(path.parts))
