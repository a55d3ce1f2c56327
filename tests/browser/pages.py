"""Every page of the built site, found by being there, and what axe finds on one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

AXE = Path(__file__).resolve().parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"
FOUND = """async () => {
    const {violations} = await axe.run(document, {resultTypes: ['violations']});
    return violations.filter(({impact}) => ['serious', 'critical'].includes(impact))
        .flatMap(({id, nodes}) => nodes.map(({html}) => `${id}: ${html.slice(0, 200)}`));
}"""
OTHERS = ("_static", "lite")  # what is no page of the course


def pages(site: Path) -> list[str]:
    """The HTML pages, as addresses below the site."""
    found = (path.relative_to(site) for path in site.rglob("*.html"))
    return sorted(path.as_posix() for path in found if not set(OTHERS) & set(path.parts))


def serious(page: Any) -> list[str]:
    """What axe finds on a page, as it stands, of impact serious or critical."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(FOUND)
    return found
