"""The last look at the site: every page is there and says something, every link of ours leads somewhere."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from .places import REPOSITORY, SITE, STAMPS, WEB
from .step import BuildError, Step

FEWEST_WORDS = 40  # a page with fewer has lost its text on the way
CONTENTS = REPOSITORY / "_toc.yml"
LINKS = {"a": "href", "link": "href", "area": "href", "img": "src", "script": "src", "form": "action",
         "iframe": "src", "source": "src"}  # fmt: skip
SILENT = ("script", "style", "template")
SHOWN_AT_MOST = 20


@dataclass
class Page:
    """What one HTML file holds: anchors, links, words of its article, headings."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    headings: int = 0
    words: int = 0


class _Reader(HTMLParser):
    """Fills a page from its HTML; words count inside of the article alone, not in menus."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.articles = 0
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.articles += tag == "article"
        self.silent += tag in SILENT
        self.page.headings += tag == "h1"
        self.page.anchors |= {name for name in (values.get("id"), values.get("name")) if name}
        link = values.get(LINKS.get(tag, ""))
        if link:
            self.page.links.append(link)

    def handle_endtag(self, tag: str) -> None:
        self.articles -= tag == "article"
        self.silent -= tag in SILENT

    def handle_data(self, data: str) -> None:
        if self.articles and not self.silent:
            self.page.words += len(data.split())


def read_page(text: str) -> Page:
    """The anchors, links, headings and words of a page."""
    reader = _Reader()
    reader.feed(text)
    return reader.page


def listed(contents: Any) -> Iterator[str]:
    """The documents that a table of contents names, at any depth, without their suffix."""
    if isinstance(contents, dict):
        for key, value in contents.items():
            if key in ("root", "file"):
                yield value.removesuffix(".md")
            else:
                yield from listed(value)
    elif isinstance(contents, list):
        for entry in contents:
            yield from listed(entry)


def poor_pages(names: Iterator[str], pages: dict[str, Page]) -> Iterator[str]:
    """What is wrong with the pages that should be there."""
    for name in names:
        page = pages.get(f"{name}.html")
        if page is None:
            yield f"{name}.html is missing"
        elif not page.headings:
            yield f"{name}.html has no heading"
        elif page.words < FEWEST_WORDS:
            yield f"{name}.html has {page.words} words, fewer than {FEWEST_WORDS}"


def target_of(link: str, source: str) -> tuple[str, str] | None:
    """The file and the anchor that a link leads to, from the site's root; None where it leaves the site."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    if not parts.path:
        return source, unquote(parts.fragment)
    path = posixpath.normpath(posixpath.join(posixpath.dirname(source), unquote(parts.path)))
    if parts.path.endswith("/"):
        path = posixpath.join(path, "index.html")
    return path, unquote(parts.fragment)


def broken_links(pages: dict[str, Page], files: set[str]) -> Iterator[str]:
    """Every link of ours that leads nowhere: page, link, what is missing."""
    for source, page in pages.items():
        for link in page.links:
            target = target_of(link, source)
            if target is None:
                continue
            path, anchor = target
            if path not in files:
                yield f"{source}: {link} leads to no file"
            elif anchor and path in pages and anchor not in pages[path].anchors:
                yield f"{source}: {link} leads to no anchor of {path}"


def pages_of(site: Path) -> dict[str, Page]:
    """The pages of a site by their path; those of JupyterLite are another program's."""
    return {
        path.relative_to(site).as_posix(): read_page(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
        if path.relative_to(site).parts[0] not in ("_static", "lite", "print")
    }


def problems(site: Path, names: Iterator[str]) -> list[str]:
    """All that is wrong with a site that should hold these pages."""
    pages = pages_of(site)
    files = {path.relative_to(site).as_posix() for path in site.rglob("*") if path.is_file()}
    return [*poor_pages(names, pages), *broken_links(pages, files)]


def names_of_pages() -> list[str]:
    """The documents of the book in their order."""
    return list(listed(yaml.safe_load(CONTENTS.read_text(encoding="utf-8"))))


def _check() -> None:
    found = problems(SITE, iter(names_of_pages()))
    if found:
        (STAMPS / "book").unlink(missing_ok=True)  # the next build must not pass over the same pages
        more = [f"and {len(found) - SHOWN_AT_MOST} more"] if len(found) > SHOWN_AT_MOST else []
        raise BuildError("\n  ".join(["The built site is not whole:", *found[:SHOWN_AT_MOST], *more]))


def check() -> Step:
    """The site is whole, or the build fails and says what is missing."""
    return Step(
        name="pages and links",
        inputs=(CONTENTS, STAMPS / "book", WEB / "site_builder" / "checking.py"),
        outputs=(SITE / "index.html",),
        work=_check,
    )
