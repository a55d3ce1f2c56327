"""The build's last look at the site: pages that are missing or empty, links that lead nowhere."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "web"))

from site_builder import checking  # noqa: E402
from site_builder.step import BuildError  # noqa: E402

from tests.browser.pages import pages  # noqa: E402

TEXT = "word " * checking.FEWEST_WORDS


def page(inside: str, article: str = TEXT, heading: str = "<h1 id='top'>A heading</h1>") -> str:
    return f"<html><nav><a href='#'>menu</a></nav><article>{heading}{article}</article>{inside}</html>"


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A site of two pages that is whole."""
    (tmp_path / "chapters").mkdir()
    (tmp_path / "index.html").write_text(page("<a href='chapters/one.html#top'>One</a>"), encoding="utf-8")
    (tmp_path / "chapters/one.html").write_text(page("<a href='../index.html'>Back</a>"), encoding="utf-8")
    return tmp_path


def problems(site: Path, *names: str) -> list[str]:
    return checking.problems(site, iter(names or ("index", "chapters/one")))


def test_a_whole_site_has_no_problem(small: Path) -> None:
    assert problems(small) == []


def test_a_page_that_the_contents_list_and_nobody_wrote_is_missing(small: Path) -> None:
    assert problems(small, "chapters/two") == ["chapters/two.html is missing"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(page("", article="few words"), "has 4 words, fewer than", id="empty"),
        pytest.param(page("", heading=""), "has no heading", id="no heading"),
        pytest.param(page(TEXT, article=f"<script>{TEXT}</script>"), "has 2 words", id="menus and scripts"),
    ],
)
def test_a_page_without_heading_or_text_is_named(small: Path, content: str, said: str) -> None:
    """What stands in menus, footers and scripts is no text of the page."""
    (small / "chapters/one.html").write_text(content, encoding="utf-8")
    assert any(said in problem for problem in problems(small, "chapters/one"))


@pytest.mark.parametrize(
    ("link", "said"),
    [
        pytest.param("<a href='gone.html'>", "gone.html leads to no file", id="no page"),
        pytest.param("<img src='_static/gone.png'>", "_static/gone.png leads to no file", id="no picture"),
        pytest.param(
            "<a href='chapters/one.html#gone'>", "leads to no anchor of chapters/one.html", id="anchor"
        ),
        pytest.param("<a href='#gone'>", "leads to no anchor of index.html", id="anchor of the same page"),
        pytest.param("<form action='find.html'>", "find.html leads to no file", id="form"),
        pytest.param("<a href='../index.html'>", "../index.html leads to no file", id="above the site"),
    ],
)
def test_a_link_that_leads_nowhere_is_named_with_its_page(small: Path, link: str, said: str) -> None:
    (small / "index.html").write_text(page(link), encoding="utf-8")
    (problem,) = problems(small)
    assert problem.startswith("index.html: ")
    assert said in problem


@pytest.mark.parametrize(
    "link", ["https://example.org/x", "mailto:a@example.org", "chapters/one.html?q=1#top", "#"]
)
def test_links_that_leave_the_site_or_carry_a_question_are_fine(small: Path, link: str) -> None:
    (small / "index.html").write_text(page(f"<a href='{link}'>"), encoding="utf-8")
    assert problems(small) == []


def test_every_page_of_the_contents_is_looked_for_at_any_depth() -> None:
    contents = {"root": "index", "parts": [{"caption": "One", "chapters": [
        {"file": "chapters/one", "sections": [{"file": "chapters/inside.md"}]}]}]}  # fmt: skip
    assert list(checking.listed(contents)) == ["index", "chapters/one", "chapters/inside"]


def test_a_site_that_is_not_whole_fails_the_build_and_is_made_anew(
    small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The message lists what is wrong, and the stamp of the book goes, or a second build would pass."""
    (small / "index.html").write_text(page("<a href='gone.html'>"), encoding="utf-8")
    (tmp_path / "_toc.yml").write_text("root: index\n", encoding="utf-8")
    stamp = tmp_path / "book"
    stamp.write_text("done", encoding="utf-8")
    monkeypatch.setattr(checking, "SITE", small)
    monkeypatch.setattr(checking, "CONTENTS", tmp_path / "_toc.yml")
    monkeypatch.setattr(checking, "STAMPS", tmp_path)
    with pytest.raises(BuildError, match=r"not whole:\n  index.html: gone.html leads to no file"):
        checking._check()
    assert not stamp.exists()


def test_a_page_is_painted_before_its_scripts_are_there(site: Path) -> None:
    """A script in a file that does not wait for the page keeps a slow connection's reader from the text."""
    for name in pages(site):
        if name == "search.html":  # there the scripts are what one has come for
            continue
        head = (site / name).read_text(encoding="utf-8").partition("</head>")[0]
        scripts = re.findall(r"<script[^>]* src=[^>]*>", head)
        waits = [script for script in scripts if not re.search(r"\bdefer\b|type=\"module\"", script)]
        assert len(scripts) > 5, name
        assert [re.search(r"(\w+)\.js", script)[1] for script in waits] == ["documentation_options"], name
