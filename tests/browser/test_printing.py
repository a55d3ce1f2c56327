"""The whole book on paper and in a reader: complete, unfolded, with links that lead inside of it."""

from __future__ import annotations

import re
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.browser.conftest import ROOT

sys.path.insert(0, str(ROOT / "web"))

from site_builder import browsing, printing
from site_builder.checking import names_of_pages, read_page
from site_builder.page_tree import read
from site_builder.step import BuildError

NAMES = names_of_pages()


# ---- what paper cannot do ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "printed"),
    [
        ("<p>a<button>Check</button><input></p>", "<p>a</p>"),
        ('<p>60 <button class="lc-chip" type="button">FLOPs</button></p>',
         '<p>60 <span class="lc-chip">FLOPs</span></p>'),
        ("<details><summary>Hint</summary>Count.</details>",
         '<div class="lc-printed-details"><div class="lc-printed-summary">Hint</div>Count.</div>'),
        ("<p>a<details><summary>b</summary></details></p>",
         '<div>a<div class="lc-printed-details"><div class="lc-printed-summary">b</div></div></div>'),
        ('<p data-answer="3">one</p><p hidden>two</p><script>three</script>', "<p>one</p>"),
        ("<p>1 &lt; 2 &amp; 3<br></p>", "<p>1 &lt; 2 &amp; 3<br/></p>"),
        ('<svg viewBox="0 0 1 1"><linearGradient/></svg>',
         '<svg viewBox="0 0 1 1"><linearGradient></linearGradient></svg>'),
    ],
)  # fmt: skip
def test_a_part_of_a_page_is_cleared_for_paper(page: str, printed: str) -> None:
    assert printing.cleared(read(page)).xhtml() == printed


# ---- one page ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def one_page(site: Path) -> str:
    return printing.one_page(site, NAMES)


def test_the_one_page_holds_every_page_of_the_book(one_page: str) -> None:
    slugs = re.findall(r'<div class="lc-chapter" id="([^"]+)">', one_page)
    assert slugs == [name.replace("/", "-") for name in NAMES]
    assert len(re.findall("<h1", one_page)) >= len(NAMES)


def test_no_two_places_of_the_one_page_have_the_same_name(one_page: str) -> None:
    """Pages have sections of equal names; in one page each carries its chapter's."""
    sections = re.findall(r'<section[^>]* id="([^"]+)"', one_page)
    assert len(set(sections)) == len(sections)


def test_every_link_of_the_one_page_leads_inside_of_it_or_to_another_host(one_page: str) -> None:
    page = read_page(one_page)
    inside = [link for link in page.links if not re.match(r"[a-z]+:|/_static/", link)]
    assert inside
    assert [link for link in inside if link.removeprefix("#") not in page.anchors] == []


def test_explorers_are_printed_and_nothing_is_left_to_press(one_page: str) -> None:
    assert one_page.count('class="lc-static"') >= 2
    assert not re.search("<(button|input|details|form)", one_page)


def test_a_link_that_leads_nowhere_stops_the_print() -> None:
    with pytest.raises(BuildError, match="#gone leads to no anchor"):
        printing._checked({"book.html": "<a href='#gone'>gone</a>"})


def test_without_a_browser_the_print_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is made or thrown away."""
    monkeypatch.setattr(browsing.shutil, "which", lambda name: None)
    with pytest.raises(BuildError, match=r"No Chromium is on PATH.*apt install chromium"):
        printing._print()


# ---- EPUB --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def epub(site: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    path = tmp_path_factory.mktemp("epub") / "book.epub"
    pages = printing.epub_pages(site, NAMES)
    printing._checked(pages)
    printing.write_epub(pages, path)
    return zipfile.ZipFile(path)


def test_the_epub_begins_with_what_it_is(epub: zipfile.ZipFile) -> None:
    first = epub.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
    assert epub.read("mimetype") == b"application/epub+zip"


def test_every_file_of_the_epub_is_well_formed_and_listed(epub: zipfile.ZipFile) -> None:
    package = epub.read("book/package.opf").decode()
    for name in epub.namelist():
        if name.endswith((".xhtml", ".opf", ".xml")):
            ElementTree.fromstring(epub.read(name))  # noqa: S314 - we wrote it a moment ago
        if name.startswith("book/") and not name.endswith(".opf"):
            assert f'href="{name.removeprefix("book/")}"' in package
    assert package.count("<itemref") == len(NAMES)


def test_formulas_of_the_epub_are_mathml(epub: zipfile.ZipFile) -> None:
    """A reader of EPUB runs no MathJax."""
    chapter = epub.read("book/chapters-fully_connected.xhtml").decode()
    assert "<math" in chapter
    assert "<script" not in chapter


def test_the_epub_loads_nothing_from_elsewhere(epub: zipfile.ZipFile) -> None:
    for name in epub.namelist():
        text = epub.read(name).decode()
        assert not re.search(r'<(script|img|iframe|link)[^>]*"(https?:)?//', text), name
        assert "@font-face" not in text


# ---- PDF ---------------------------------------------------------------------------------------------


@pytest.mark.chromium
def test_the_pdf_has_every_chapter_on_pages_of_a4(
    browser: Any, site: Path, one_page: str, tmp_path: Path
) -> None:
    """Chromium writes an outline from the headings, and formulas are set before it prints."""
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "_static").symlink_to(site / "_static", target_is_directory=True)
    (folder / "print").mkdir()
    target = folder / "print" / "book.pdf"
    printing.print_pdf(browser, folder, one_page, target)
    data = target.read_bytes()
    assert len(re.findall(rb"/Type /Page\b", data)) >= len(NAMES)
    assert set(re.findall(rb"/MediaBox \[([^\]]*)\]", data)) == {b"0 0 594.95996 841.91998"}
    assert b"/Outlines" in data
    assert not (folder / "print" / "book.html").exists()
