"""Sphinx extension: what a page says about itself to those who link to it, and the page for a wrong address.

- Each page has a description, its own first sentence, and the tags from which others draw a preview.
- With the environment variable ``SITE_URL`` (``https://example.org/course/``) the site knows where it will
  stand: previews, canonical links and a sitemap then hold whole addresses. Without it, all is relative.
- ``404.html`` offers the search and the chapters, at whatever depth a server shows it.
"""

from __future__ import annotations

import html
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ConfigError

PICTURE = Path(__file__).resolve().parents[1] / "images" / "share.png"
PICTURE_SIZE = (1200, 630)
PICTURE_SAYS = "Every FLOP Counts: a convolution's formula in letters, in numbers, and its total"
PICTURE_PLACE = f"_static/{PICTURE.name}"
MISSING = "404"
NO_PREVIEW = {MISSING, "search", "genindex"}


def site_url() -> str:
    """The address under which the site will stand, with a slash at its end; empty where nobody said it."""
    given = os.environ.get("SITE_URL", "").strip()
    if not given:
        return ""
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise ConfigError(f"SITE_URL must be an address like https://example.org/course/, but is {given!r}")
    return given.rstrip("/") + "/"


def know_the_address(_app: Sphinx, config: Any) -> None:
    """Let Sphinx and the theme know the address as well: they write the canonical link."""
    config.html_baseurl = site_url()


# --- what a page says about itself ------------------------------------------------------------------


def plain_text(node: nodes.Node) -> str:
    """The text of a node, that of our own HTML in it included."""
    if isinstance(node, nodes.raw):
        return html.unescape(re.sub(r"<[^>]*>", "", node.astext()))
    if isinstance(node, nodes.Text):
        return node.astext()
    return "".join(plain_text(child) for child in node.children)


def first_sentence(doctree: nodes.document) -> str:
    """The first sentence of the page's prose; our sources hold one sentence a line."""
    for paragraph in doctree.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            return " ".join(plain_text(paragraph).strip().splitlines()[0].split())
    return ""


def preview(title: str, said: str, site: str, picture: str, address: str) -> list[tuple[str, str, str]]:
    """The tags from which a preview is drawn: attribute, name, content; `address` is empty where unknown."""
    width, height = PICTURE_SIZE
    tags = [
        ("name", "description", said),
        ("property", "og:title", title),
        ("property", "og:description", said),
        ("property", "og:type", "website" if title == site else "article"),
        ("property", "og:site_name", site),
        ("property", "og:url", address),
        ("property", "og:image", picture),
        ("property", "og:image:width", str(width)),
        ("property", "og:image:height", str(height)),
        ("property", "og:image:alt", PICTURE_SAYS),
        ("name", "twitter:card", "summary_large_image"),
    ]
    return [(attribute, name, content) for attribute, name, content in tags if content]


def describe_page(app: Sphinx, pagename: str, _template: str, context: dict[str, Any], doctree: Any) -> None:
    """Give a page its title, its description and the tags of its preview."""
    site = app.config.html_title
    app.add_css_file("course/pages.css", priority=905)
    if pagename == app.config.root_doc:
        context["docstitle"] = ""  # the opening page is called as the course is, once
    if pagename == MISSING:
        context["metatags"] = _base_tag(site_url()) + context.get("metatags", "")
    if pagename in NO_PREVIEW or doctree is None:
        return
    title = html.unescape(re.sub(r"<[^>]*>", "", context.get("title") or site))
    base = site_url()
    picture = base + PICTURE_PLACE if base else context["pathto"](PICTURE_PLACE, 1)
    tags = preview(title, first_sentence(doctree), site, picture, base and base + pagename + ".html")
    context["metatags"] = context.get("metatags", "") + "".join(
        f'<meta {attribute}="{name}" content="{html.escape(content)}">\n' for attribute, name, content in tags
    )


# --- the page for a wrong address -------------------------------------------------------------------

# A server shows 404.html in place of whatever was asked for, so links must not depend on the address.
# Where the site stands is known from SITE_URL; else it is what stands before a folder of ours, or the folder
# asked for.
FIND_ROOT = (
    "{ const path = location.pathname.match(/^(.*?\\/)(?:FOLDERS)\\//)?.[1] ?? "
    "location.pathname.replace(/[^/]*$/, '');"
    'document.write(`<base href="${path}">`); }'
)
FOLDERS = ("chapters", "_static", "_sources", "lite", "notebooks", "print")


def _base_tag(base: str) -> str:
    if base:
        return f'<base href="{html.escape(urlsplit(base).path)}">\n'
    return f"<script>{FIND_ROOT.replace('FOLDERS', '|'.join(FOLDERS))}</script>\n"


def _chapters(app: Sphinx) -> Iterator[tuple[str, str]]:
    """The pages that the opening page lists, in their order: address and title."""
    for name in app.env.toctree_includes.get(app.config.root_doc, []):
        yield f"{name}.html", app.env.titles[name].astext()


def page_for_a_wrong_address(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """404.html: what happened, the search, the chapters."""
    links = "".join(
        f'<li><a href="{html.escape(address)}">{html.escape(title)}</a></li>'
        for address, title in _chapters(app)
    )
    body = f"""<h1>There is no such page</h1>
<p>The address may be mistyped, or the page may have moved. Nothing of what you have answered is lost.</p>
<form action="search.html" role="search" class="lc-find">
<label>Search the course <input type="search" name="q"></label> <button>Search</button>
</form>
<h2>Chapters</h2>
<ul><li><a href="index.html">{html.escape(app.config.html_title)}</a></li>{links}</ul>"""
    yield MISSING, {"title": "There is no such page", "body": body}, "page.html"


# --- beside the pages -------------------------------------------------------------------------------


def sitemap(base: str, names: list[str]) -> str:
    """The sitemap of these pages (https://www.sitemaps.org/protocol.html)."""
    entries = "".join(f"  <url><loc>{escape(f'{base}{name}.html')}</loc></url>\n" for name in sorted(names))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{entries}</urlset>\n'
    )


def drop_pages_of_old_sources(app: Sphinx, site: Path) -> None:
    """Take away the pages whose source is gone: they would be published and searched for links otherwise."""
    for source in (site / "_sources").rglob("*.*"):
        name = source.relative_to(site / "_sources").with_suffix("").as_posix()
        if name not in app.env.found_docs:
            source.unlink()
            (site / f"{name}.html").unlink(missing_ok=True)


def write_beside_the_pages(app: Sphinx, failed: Exception | None) -> None:
    """The picture of the previews, and the sitemap where the address is known."""
    if failed or app.builder.name != "html":
        return
    site, base = Path(app.outdir), site_url()
    drop_pages_of_old_sources(app, site)
    shutil.copy2(PICTURE, site / PICTURE_PLACE)
    (site / "sitemap.xml").unlink(missing_ok=True)
    if base:
        (site / "sitemap.xml").write_text(sitemap(base, list(app.env.found_docs)), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the extension."""
    # Not for anyone to set: a configuration value whose change makes Sphinx write the pages anew.
    app.add_config_value("course_address", site_url(), "html")
    app.connect("config-inited", know_the_address)
    app.connect("html-page-context", describe_page, priority=850)  # before foreign files are dropped
    app.connect("html-collect-pages", page_for_a_wrong_address)
    app.connect("build-finished", write_beside_the_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
