"""What pages tell those who link to them, and what a reader meets at a wrong address or below a path."""

from __future__ import annotations

import html
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import layercost as lc

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "web"))
sys.path.insert(0, str(ROOT / "web" / "sphinx"))

import course_sharing  # noqa: E402
from site_builder.browsing import serving  # noqa: E402
from site_builder.checking import listed  # noqa: E402

from tests.browser.conftest import PATIENCE  # noqa: E402

CHAPTERS = list(listed(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))))


def tags(site: Path, name: str) -> dict[str, str]:
    """The tags of a page's preview by their name."""
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    found = re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)">', text)
    return {key: html.unescape(content) for key, content in found}


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_page_describes_itself_in_a_sentence_of_its_own(site: Path, name: str) -> None:
    said = tags(site, name)
    assert len(said["description"].split()) >= 5
    assert said["description"][-1] in ".?:"
    assert said["og:description"] == said["description"]
    assert said["og:title"]
    assert said["twitter:card"] == "summary_large_image"


def test_no_two_pages_say_the_same_of_themselves(site: Path) -> None:
    said = [tags(site, name)["description"] for name in CHAPTERS]
    assert len(set(said)) == len(said)


def test_the_opening_page_is_called_as_the_course_is_and_others_name_both(site: Path) -> None:
    titles = [
        re.search(r"<title>(.*?)</title>", (site / f"{name}.html").read_text(encoding="utf-8"))[1]
        for name in ("index", "chapters/lenet")
    ]
    assert titles == ["Every FLOP Counts", "LeNet-5 &#8212; Every FLOP Counts"]


def test_without_an_address_the_picture_is_found_from_the_page(site: Path) -> None:
    assert (site / "chapters" / tags(site, "chapters/lenet")["og:image"]).resolve().is_file()
    assert "og:url" not in tags(site, "chapters/lenet")
    assert not (site / "sitemap.xml").exists()


def test_the_picture_has_the_size_that_the_pages_say() -> None:
    head = course_sharing.PICTURE.read_bytes()[:24]
    assert struct.unpack(">II", head[16:24]) == course_sharing.PICTURE_SIZE
    assert course_sharing.PICTURE.stat().st_size < 100_000


def test_the_numbers_in_the_picture_are_counted() -> None:
    """What the drawing script writes is what the library counts today."""
    drawing = load("share_picture")
    count = lc.count(drawing.LAYER, lc.PARAMETERS, drawing.SHAPE)
    assert f"{count.html()} parameters" in drawing.page()


def load(name: str) -> ModuleType:
    return __import__(name)


# ---- the address of the site -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ("", ""),
        ("https://example.org", "https://example.org/"),
        ("https://example.org/course", "https://example.org/course/"),
        ("http://localhost:8000/a/b/", "http://localhost:8000/a/b/"),
    ],
)
def test_the_address_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, given: str, address: str
) -> None:
    monkeypatch.setenv("SITE_URL", given)
    assert course_sharing.site_url() == address


@pytest.mark.parametrize(
    "given", ["example.org", "ftp://example.org/", "/course/", "https://example.org/?a=1"]
)
def test_an_address_that_is_none_is_refused_with_an_example(
    monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    monkeypatch.setenv("SITE_URL", given)
    with pytest.raises(course_sharing.ConfigError, match=r"like https://example\.org/course/"):
        course_sharing.site_url()


def test_the_sitemap_names_every_page_by_its_whole_address() -> None:
    text = course_sharing.sitemap("https://example.org/a&b/", ["index", "chapters/one"])
    assert re.findall("<loc>(.*?)</loc>", text) == [
        "https://example.org/a&amp;b/chapters/one.html",
        "https://example.org/a&amp;b/index.html",
    ]


BOOK = {
    "index.md": "# A course\n\nIt says something, and **more**.\nAnd a second sentence.\n",
    "chapters/one.md": "# One\n\nWhat one is.\n",
    "conf.py": "extensions = ['myst_parser', 'course_sharing']\nhtml_title = 'A course'\n"
    "html_theme = 'sphinx_book_theme'\n",
}


def small_book(folder: Path, address: str) -> Path:
    """A book of two pages, built by Sphinx with our extension alone."""
    for name, text in BOOK.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "index.md").write_text(BOOK["index.md"] + "```{toctree}\nchapters/one\n```\n", encoding="utf-8")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from sphinx.cmd.build import main; main(sys.argv[2:])"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(ROOT / "web" / "sphinx"), "-q", str(folder), str(folder / "out")],
        check=True,
        env={"SITE_URL": address, "PATH": "", "PYTHONPATH": ""},
    )
    return folder / "out"


def test_with_an_address_previews_and_sitemap_hold_whole_addresses(tmp_path: Path) -> None:
    built = small_book(tmp_path, "https://example.org/course")
    said = tags(built, "chapters/one")
    assert said["og:url"] == "https://example.org/course/chapters/one.html"
    assert said["og:image"] == "https://example.org/course/_static/share.png"
    assert said["description"] == "What one is."
    assert tags(built, "index")["description"] == "It says something, and more."
    assert "https://example.org/course/chapters/one.html" in (built / "sitemap.xml").read_text(
        encoding="utf-8"
    )
    assert '<base href="/course/">' in (built / "404.html").read_text(encoding="utf-8")


def test_a_page_whose_source_is_gone_goes_too(tmp_path: Path) -> None:
    """Nor does the sitemap of an earlier build outlive its address."""
    built = small_book(tmp_path, "https://example.org/")
    (built / "_sources" / "chapters" / "old.md").write_text("# Old\n", encoding="utf-8")
    (built / "chapters" / "old.html").write_text("<a href='gone.html'>", encoding="utf-8")
    small_book(tmp_path, "")
    assert not (built / "chapters" / "old.html").exists()
    assert (built / "chapters" / "one.html").exists()
    assert not (built / "sitemap.xml").exists()


# ---- below a path, and at a wrong address ------------------------------------------------------------


@contextmanager
def served_below_a_path(site: Path, tmp_path: Path) -> Iterator[str]:
    """The site below /course/, by a server that shows its 404.html for what it does not find."""
    (tmp_path / "course").symlink_to(site, target_is_directory=True)
    (tmp_path / "404.html").symlink_to(site / "404.html")
    with serving(tmp_path) as server:
        yield f"{server.address}course/"


def watched(browser: Any, service_workers: str = "block") -> tuple[Any, list[str]]:
    """A page, and what it asked for that was not there.

    Of a request that a service worker answers, Playwright does not always hear the end: a page is then never
    idle for it.
    """
    page, missing = browser.new_page(service_workers=service_workers), []
    page.set_default_timeout(PATIENCE)
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    page.on("pageerror", lambda error: missing.append(str(error)))
    return page, missing


@pytest.mark.chromium
def test_every_page_works_below_a_path(browser: Any, site: Path, tmp_path: Path) -> None:
    """Every page is opened; links, scripts, styles and pictures are found below /course/."""
    with served_below_a_path(site, tmp_path) as address:
        page, missing = watched(browser)
        for name in CHAPTERS:
            page.goto(f"{address}{name}.html")
            page.wait_for_load_state("networkidle")
        assert missing == []
        page.close()


@pytest.mark.chromium
def test_an_explorer_becomes_live_below_a_path(browser: Any, site: Path, tmp_path: Path) -> None:
    with served_below_a_path(site, tmp_path) as address:
        page, missing = watched(browser, service_workers="allow")
        page.goto(f"{address}chapters/fully_connected.html")
        page.wait_for_selector("html[data-lc-python=drawn]", state="attached")
        page.get_by_role("button", name="Start Python").first.click()
        page.wait_for_selector("html[data-lc-python=live]", state="attached")
        assert missing == []
        page.close()


@pytest.mark.chromium
@pytest.mark.parametrize("wrong", ["typo.html", "chapters/typo.html", "chapters/deeper/still/typo.html"])
def test_a_wrong_address_gives_the_search_and_the_chapters(
    browser: Any, site: Path, tmp_path: Path, wrong: str
) -> None:
    """The page that helps finds its own style and links, at whatever depth and below whatever path."""
    with served_below_a_path(site, tmp_path) as address:
        page, missing = watched(browser)
        answer = page.goto(address + wrong)
        page.wait_for_load_state("networkidle")
        assert answer.status == 404
        assert "Source Serif" in page.evaluate("getComputedStyle(document.body).fontFamily")
        assert [said for said in missing if not said.startswith("http")] == []
        page.locator(".bd-article").get_by_role("link", name="LeNet-5").click()
        page.wait_for_url(f"{address}chapters/lenet.html")
        page.goto(address + wrong)
        page.get_by_label("Search the course").fill("convolution")
        page.locator(".lc-find button").click()
        page.wait_for_url(f"{address}search.html?q=convolution")
        page.locator("#search-results li").first.wait_for()
        page.close()
