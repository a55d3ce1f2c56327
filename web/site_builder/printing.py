"""The whole book to take along, as one PDF and as an EPUB, made from the pages of the built site.

Both are the site's own pages with what paper cannot do taken away: fields, buttons, scripts. Explorers stand
as they were printed into the page, folded texts are unfolded, links between pages lead inside of the book.
The PDF is printed by Chromium.
"""

from __future__ import annotations

import html
import posixpath
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import NAMESPACE_URL, uuid5

from .archive import NAME
from .browsing import find_chromium, launch, serving
from .checking import broken_links, names_of_pages, read_page
from .page_tree import Element, read
from .places import SITE, STAMPS, WEB
from .step import WHEN_ALL_ARE_COPIED, BuildError, Step

FOLDER = SITE / "print"
PDF = FOLDER / f"{NAME}.pdf"
EPUB = FOLDER / f"{NAME}.epub"
TITLE = "Every FLOP Counts"
BY = "The Every FLOP Counts authors"
SHEETS = ("course.css", "explorers.css", "pages.css")
LEFT_OUT_TAGS = {"script", "input", "output", "select", "nav", "template", "link", "style"}
LEFT_OUT_CLASSES = {"headerlink", "lc-copy", "lc-field", "lc-notebook", "noprint", "lc-toolbar", "lc-preset",
                    "lc-check", "lc-left-off", "toctree-wrapper", "lc-reading"}  # fmt: skip
BLOCKS = {"details", "div", "dl", "figure", "ol", "p", "pre", "section", "table", "ul"}


@dataclass(frozen=True)
class Chapter:
    """A page of the book: its name in the site, its title, what stands in its article."""

    name: str
    title: str
    article: Element

    @property
    def slug(self) -> str:
        """Its name inside of the printed book."""
        return self.name.replace("/", "-")


Target = Callable[[str, str], str]  # from a page of the book and an anchor to where they stand in print


# ---- pages without what paper cannot do --------------------------------------------------------------


def _is_left_out(part: Element) -> bool:
    return (
        "hidden" in part.attributes
        or part.tag in LEFT_OUT_TAGS
        or bool(part.classes & LEFT_OUT_CLASSES)
        or (part.tag == "button" and "lc-chip" not in part.classes)
    )


def cleared(element: Element) -> Element:
    """The element for paper: nothing to press, folded texts unfolded, chips as words."""
    children = [
        child if isinstance(child, str) else cleared(child)
        for child in element.children
        if isinstance(child, str) or not _is_left_out(child)
    ]
    tag, attributes = element.tag, dict(element.attributes)
    if tag == "button":
        tag = "span"
        attributes.pop("type", None)
    elif tag in ("details", "summary"):
        attributes["class"] = f"{attributes.get('class', '')} lc-printed-{tag}".strip()
        tag = "div"
    elif tag == "p" and any(isinstance(child, Element) and child.tag in BLOCKS for child in children):
        tag = "div"  # a paragraph holds no blocks, and a hint that was folded in it is one
    attributes = {key: value for key, value in attributes.items() if not key.startswith(("on", "data-"))}
    return Element(tag, attributes, children)


def chapters(site: Path, names: list[str]) -> list[Chapter]:
    """The pages of the book in their order, for paper."""
    found = []
    for name in names:
        page = read((site / f"{name}.html").read_text(encoding="utf-8"))
        article = next(part for part in page.all() if part.tag == "article")
        heading = next(part for part in article.all() if part.tag == "h1")
        found.append(Chapter(name, heading.text.strip().removesuffix("#"), cleared(article)))
    return found


def relinked(chapter: Chapter, pages: set[str], target: Target, anchor: Target) -> None:
    """Lead the links of a chapter inside of the book; one to another file of the site becomes plain text."""
    for part in chapter.article.all():
        if "id" in part.attributes:
            part.attributes["id"] = anchor(chapter.name, part.attributes["id"])
        if part.tag != "a":
            continue
        link = urlsplit(part.attributes.pop("href", ""))
        if link.scheme:
            part.attributes["href"] = link.geturl()
            continue
        folder = posixpath.dirname(chapter.name)
        path = posixpath.normpath(posixpath.join(folder, link.path)) if link.path else f"{chapter.name}.html"
        if path.removesuffix(".html") in pages and path.endswith(".html"):
            part.attributes["href"] = target(path.removesuffix(".html"), link.fragment)
        else:
            part.tag = "span"


# ---- one page, and its PDF ---------------------------------------------------------------------------


def _in_one(name: str, anchor: str) -> str:
    return f"{name.replace('/', '-')}--{anchor}" if anchor else name.replace("/", "-")


def one_page(site: Path, names: list[str]) -> str:
    """The whole book as one page, with a title and a table of contents."""
    made = chapters(site, names)
    for chapter in made:
        relinked(chapter, set(names), lambda name, anchor: f"#{_in_one(name, anchor)}", _in_one)
    contents = "".join(f'<li><a href="#{one.slug}">{html.escape(one.title)}</a></li>' for one in made[1:])
    body = "".join(f'<div class="lc-chapter" id="{one.slug}">{one.article.xhtml()}</div>' for one in made)
    return f"""<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{TITLE}</title>
{"".join(_styles(site))}
</head>
<body class="lc-book"><main class="bd-main"><div class="bd-content"><div class="bd-article-container">
<div class="lc-cover"><p class="lc-cover-title">{TITLE}</p><p>{BY}</p></div>
<ol class="lc-contents">{contents}</ol>{body}</div></div></main></body></html>
"""


def _styles(site: Path) -> Iterator[str]:
    """The style sheets that the pages of the site load."""
    seen: dict[str, None] = {}
    for page in [site / "index.html", *(site / "chapters").glob("*.html")]:
        for part in read(page.read_text(encoding="utf-8")).all():
            if part.tag == "link" and part.attributes.get("rel") == "stylesheet":
                folder = page.parent.relative_to(site).as_posix()
                seen.setdefault(posixpath.normpath(posixpath.join(folder, part.attributes["href"])))
    ours = [path for path in seen if "/course/" in path]
    for path in [*(path for path in seen if path not in ours), *sorted(ours, key=_place)]:
        yield f'<link rel="stylesheet" href="/{html.escape(path)}">'


def _place(path: str) -> int:
    """Widgets' own style first, then ours in the order of the pages."""
    order = ("widgets.css", *SHEETS)
    name = path.rpartition("/")[2].partition("?")[0]
    return order.index(name) if name in order else len(order)


def _checked(pages: dict[str, str]) -> None:
    """An error if a link of the printed book leads nowhere."""
    read_pages = {name: read_page(text) for name, text in pages.items()}
    every = broken_links(read_pages, {*pages, *SHEETS})
    found = [problem for problem in every if "/_static/" not in problem]  # those are the site's
    if found:
        raise BuildError("\n  ".join(["The printed book has links that lead nowhere:", *found[:20]]))


FOOTER = (
    '<div style="width:100%; font: 8px sans-serif; color: #666; text-align: center">'
    '<span class="pageNumber"></span></div>'
)


def print_pdf(browser: Any, site: Path, page: str, target: Path) -> None:
    """Let Chromium print the page; it stands in the site while it is printed, for its styles and fonts."""
    draft = target.parent / "book.html"
    draft.write_text(page, encoding="utf-8")
    with serving(site) as server:
        opened = browser.new_page()
        opened.goto(f"{server.address}{draft.relative_to(site).as_posix()}")
        opened.evaluate("document.fonts.ready.then(() => true)")
        opened.pdf(
            path=target, prefer_css_page_size=True, print_background=True, outline=True, tagged=True,
            display_header_footer=True, header_template="<span></span>", footer_template=FOOTER,
        )  # fmt: skip
        opened.close()
    draft.unlink()


# ---- EPUB --------------------------------------------------------------------------------------------


def _with_names(article: Element) -> None:
    """SVG says that it is SVG, as XML must."""
    for part in article.all():
        if part.tag == "svg":
            part.attributes["xmlns"] = "http://www.w3.org/2000/svg"


def _document(title: str, body: str) -> str:
    styles = "".join(f'<link rel="stylesheet" type="text/css" href="{sheet}"/>' for sheet in SHEETS)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n'
        '<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" '
        f'data-theme="light"><head><title>{html.escape(title)}</title>{styles}</head>'
        f'<body class="lc-book">{body}</body></html>\n'
    )


def _style(sheet: str) -> str:
    """A sheet without the fonts, which a reader of EPUB has of its own."""
    text = (WEB / "style" / sheet).read_text(encoding="utf-8")
    return re.sub(r"@font-face \{[^}]*\}", "", text)


def epub_pages(site: Path, names: list[str]) -> dict[str, str]:
    """The pages of the EPUB by their name, the table of contents among them."""
    made = chapters(site, names)
    for chapter in made:
        relinked(chapter, set(names), _in_file, lambda _name, anchor: anchor)
        _with_names(chapter.article)
    entries = "".join(f'<li><a href="{one.slug}.xhtml">{html.escape(one.title)}</a></li>' for one in made)
    contents = f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{entries}</ol></nav>'
    pages = {f"{one.slug}.xhtml": _document(one.title, one.article.xhtml()) for one in made}
    return {"nav.xhtml": _document("Contents", contents), **pages}


def _in_file(name: str, anchor: str) -> str:
    return f"{name.replace('/', '-')}.xhtml{f'#{anchor}' if anchor else ''}"


def _package(pages: dict[str, str]) -> str:
    """What the EPUB holds, and in which order it is read."""
    items = "".join(
        f'<item id="{name.removesuffix(".xhtml")}" href="{name}" media-type="application/xhtml+xml"'
        f"{_properties(name, text)}/>"
        for name, text in pages.items()
    )
    sheets = "".join(f'<item id="{name[:-4]}-css" href="{name}" media-type="text/css"/>' for name in SHEETS)
    spine = "".join(
        f'<itemref idref="{name.removesuffix(".xhtml")}"/>' for name in pages if name != "nav.xhtml"
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{uuid5(NAMESPACE_URL, NAME)}</dc:identifier>
<dc:title>{TITLE}</dc:title><dc:creator>{BY}</dc:creator><dc:language>en</dc:language>
<dc:rights>CC BY 4.0</dc:rights><meta property="dcterms:modified">{MODIFIED}</meta></metadata>
<manifest>{items}{sheets}</manifest><spine>{spine}</spine></package>
"""


MODIFIED = "2026-01-01T00:00:00Z"  # one date for all, so that equal books give equal bytes
CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="book/package.opf" media-type="application/oebps-package+xml"/></rootfiles></container>
"""


def _properties(name: str, text: str) -> str:
    found = [word for word, sign in (("mathml", "<math"), ("svg", "<svg")) if sign in text]
    words = ["nav", *found] if name == "nav.xhtml" else found
    return f' properties="{" ".join(words)}"' if words else ""


def write_epub(pages: dict[str, str], target: Path) -> None:
    """The EPUB: a zip whose first file says what it is."""
    files = {
        "META-INF/container.xml": CONTAINER,
        "book/package.opf": _package(pages),
        **{f"book/{name}": text for name, text in pages.items()},
        **{f"book/{sheet}": _style(sheet) for sheet in SHEETS},
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        first = zipfile.ZipInfo("mimetype", date_time=WHEN_ALL_ARE_COPIED)
        archive.writestr(first, "application/epub+zip", compress_type=zipfile.ZIP_STORED)
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, date_time=WHEN_ALL_ARE_COPIED)
            archive.writestr(entry, text, compress_type=zipfile.ZIP_DEFLATED)


# ---- both --------------------------------------------------------------------------------------------


def _print() -> None:
    from playwright.sync_api import sync_playwright

    chromium = find_chromium()  # without one, say so before anything is made
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    names = names_of_pages()
    pages = epub_pages(SITE, names)
    _checked(pages)
    write_epub(pages, EPUB)
    page = one_page(SITE, names)
    _checked({"book.html": page})
    with sync_playwright() as playwright:
        browser = launch(playwright, chromium)
        print_pdf(browser, SITE, page, PDF)
        browser.close()
    for path in (EPUB, PDF):
        print(f"  {path.name}: {path.stat().st_size / 10**6:.1f} MB", flush=True)


def printed_book() -> Step:
    """The book as PDF and EPUB in the site's folder `print`."""
    return Step(
        name="PDF and EPUB",
        inputs=(STAMPS / "book", Path(__file__)),
        outputs=(PDF, EPUB),
        work=_print,
    )
