"""Chapters as notebooks: they read well, they run, and they run inside the site without another host."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.browser.conftest import ROOT, Visit

sys.path.insert(0, str(ROOT / "web"))
sys.path.insert(0, str(ROOT / "web" / "sphinx"))

import course_notebooks
from notebook_text import Code, blocks_of
from site_builder import notebooks
from site_builder.browsing import serving

CHAPTERS = sorted(
    path.stem for path in (ROOT / "chapters").glob("*.md") if "kernelspec" in path.read_text(encoding="utf-8")
)


# ---- how a page reads as a notebook ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "markdown"),
    [
        ("<h2>Why<a class='headerlink' href='#why'>#</a></h2>", "## Why"),
        ("<p>An <em>old</em> <strong>rule</strong> of <code>a_b</code>.</p>", "An *old* **rule** of `a_b`."),
        ("<p>5 * 3 and a_b and $</p>", r"5 \* 3 and a\_b and \$"),
        ("<p>Width <math alttext='d_{in}'><mi>d</mi></math>.</p>", "Width $d_{in}$."),
        ("<div class='lc-math'><math alttext='y = x'><mi>y</mi></math></div>", "$$\ny = x\n$$"),
        ("<ul><li><p>one</p></li><li><p>two</p></li></ul>", "- one\n- two"),
        ("<ol start='3'><li>three</li></ol>", "3. three"),
        ("<details><summary>Hint</summary><div>Count.</div></details>",
         "<details><summary>Hint</summary>\n\nCount.\n\n</details>"),
        ("<table><thead><tr><th>a</th><th>b</th></tr></thead><tr><td>1 | 2</td><td>3</td></tr></table>",
         "| a | b |\n|---|---|\n| 1 \\| 2 | 3 |"),
        ("<p>MACs: <span class='lc-step'><input><button>Check</button></span></p>", r"MACs: \_\_\_\_"),
        ("<p>456&nbsp;<button class='lc-chip'>FLOPs · textbook</button></p>", "456 FLOPs, textbook"),
        ("<div class='lc-claim'><p>It is.</p><p>No.</p></div>", "> It is.\n>\n> No."),
        ("<p>Go to <a href='other.html'>another</a>.</p>", "Go to [another](there)."),
        ("<p hidden>not</p><svg><text>seen</text></svg><script>at all</script>", None),
    ],
)  # fmt: skip
def test_a_part_of_a_page_is_written_as_markdown(page: str, markdown: str | None) -> None:
    assert blocks_of(page, lambda href: "there") == ([] if markdown is None else [markdown])


def test_a_formula_of_the_page_is_latex_in_the_notebook() -> None:
    """Letters with their indices, fractions, floors, products and large numbers."""
    import layercost as lc

    conv = lc.Conv2d(30, 60, 5, groups=2)
    count = lc.count(conv, lc.PARAMETERS, (30, 320, 320))
    (line,) = blocks_of(f"<p>{count.html()}</p>", str)
    assert line == (
        r"$C_{\mathrm{out}} \cdot \frac{C_{\mathrm{in}}}{g} \cdot k \cdot k + C_{\mathrm{out}} = "
        r"60 \cdot \frac{30}{2} \cdot 5 \cdot 5 + 60 = 22{,}560$"
    )
    size = lc.count(conv, lc.FLOPS, (30, 320, 320)).where("html")[0]
    assert r"\left\lfloor \frac{H + 2 \cdot p - k}{s} \right\rfloor" in str(blocks_of(size, str)[0])


def test_an_explorer_is_the_code_that_shows_it() -> None:
    page = (
        "<div class='cell tag_explorer'><div class='lc-live' data-source='explorer(&quot;linear&quot;)'>"
        "<div class='lc-static'>drawn</div></div></div>"
    )
    assert blocks_of(page, str) == [Code('explorer("linear")')]


# ---- the notebooks of the chapters -------------------------------------------------------------------


def notebook(site: Path, name: str) -> Any:
    return nbformat.read(site / "notebooks" / f"{name}.ipynb", as_version=4)


def texts(written: Any) -> list[str]:
    return [cell["source"] for cell in written.cells if cell["cell_type"] == "markdown"]


def outside_of_code(text: str) -> str:
    """The text without what stands in fences and between backticks."""
    return re.sub(r"`[^`\n]*`", "", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_is_a_valid_notebook_without_a_role_or_directive_left(site: Path, name: str) -> None:
    written = notebook(site, name)
    nbformat.validate(written)
    assert written.cells[0]["source"].startswith("# ")
    for text in map(outside_of_code, texts(written)):
        assert not re.search(r"\{[\w-]+\}`|^:::|^```\{|\bdata-[a-z]+=|class=\"", text, re.M), text
        assert not re.search(r"<(?!/?details>|/?summary>|summary>|br)[a-z/]", text), text


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_keeps_its_headings_and_its_code(site: Path, name: str) -> None:
    source = (ROOT / "chapters" / f"{name}.md").read_text(encoding="utf-8")
    written = notebook(site, name)
    headings = re.findall(r"^##? (.*)$", re.sub(r"^(`{3,}).*?^\1", "", source, flags=re.M | re.S), re.M)
    together = "\n".join(texts(written))
    assert len(re.findall(r"^##? ", together, re.M)) >= len(headings)
    cells = source.count("```{code-cell}")
    codes = [cell for cell in written.cells if cell["cell_type"] == "code"]
    assert len(codes) == cells + ("tags: [explorer]" in source)


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_runs_as_a_notebook(site: Path, name: str, tmp_path: Path) -> None:
    written = notebook(site, name)
    written.metadata["kernelspec"]["name"] = "python3"
    NotebookClient(written, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()


def test_two_builds_give_the_same_notebook(site: Path) -> None:
    """Ids of cells are no dice."""
    ids = [cell["id"] for cell in notebook(site, CHAPTERS[0]).cells]
    assert len(set(ids)) == len(ids)
    assert ids[0] == course_notebooks.sha256(f"chapters/{CHAPTERS[0]} 0".encode()).hexdigest()[:8]


def test_the_style_of_explorers_touches_nothing_but_what_is_ours() -> None:
    """No rule for the page, none of its fonts; colours are there, in light and in dark."""
    style = course_notebooks.style_of_explorers()
    selectors = re.findall(r"^([^{]+)\{", style, re.M)
    assert [one for one in selectors if ".lc-" not in one and not one.startswith(":root")] == []
    assert set(re.findall(r'url\("(.)', style)) == {"#"}, "patterns of the same cell, and no file"
    assert "--lc-cin: #0067a5" in style


# ---- the links on the page ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_can_be_downloaded_as_a_notebook(site: Path, name: str) -> None:
    page = (site / "chapters" / f"{name}.html").read_text(encoding="utf-8")
    assert f'href="../notebooks/{name}.ipynb" download' in page
    assert "lite/" not in page, "a plain build has no JupyterLite to lead to"


def test_a_chapter_can_be_opened_where_the_site_has_jupyterlite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(course_notebooks.OFFERS, "notebooks print")
    line = course_notebooks.offer("chapters/lenet", lambda path, _: f"../{path}")
    assert 'href="../lite/notebooks/index.html?path=lenet.ipynb"' in line


# ---- JupyterLite -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def lite(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site that has nothing but JupyterLite with the chapters."""
    folder = tmp_path_factory.mktemp("lite")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(notebooks, "OUTPUT", folder / "lite")
        patch.setattr(notebooks, "DRAFT", folder / "draft")
        notebooks._build()
    return folder


def test_jupyterlite_is_no_larger_than_it_was_measured(lite: Path) -> None:
    """37 MB: a front end of 20, Pyodide of 13, packages of 4."""
    size = sum(path.stat().st_size for path in lite.rglob("*") if path.is_file())
    assert size < 45_000_000


def test_every_package_in_jupyterlite_has_the_hash_that_its_lock_says(lite: Path) -> None:
    folder = lite / "lite" / "static" / "pyodide"
    packages = json.loads((folder / "pyodide-lock.json").read_text(encoding="utf-8"))["packages"]
    assert {"layercost", "ipython", "ipywidgets", "piplite"} <= set(packages)
    for entry in packages.values():
        content = (folder / entry["file_name"]).read_bytes()
        assert notebooks.hashlib.sha256(content).hexdigest() == entry["sha256"]


def test_no_package_in_jupyterlite_is_compiled_for_another_machine(lite: Path) -> None:
    for wheel in (lite / "lite" / "static" / "pyodide").glob("*.whl"):
        names = notebooks.zipfile.ZipFile(wheel).namelist()
        assert [name for name in names if Path(name).suffix in notebooks.COMPILED] == []


@pytest.mark.chromium
def test_a_chapter_opens_and_runs_in_jupyterlite_without_another_host(browser: Any, lite: Path) -> None:
    """The explorer appears, and its control answers: a whole Python, from this site alone."""
    with serving(lite) as server:
        visitor = Visit(browser, server.address)
        page = visitor.page
        page.set_default_timeout(180_000)
        page.goto(f"{server.address}lite/notebooks/index.html?path=fully_connected.ipynb")
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for()
        page.get_by_role("menuitem", name="Run").first.click()
        page.get_by_text("Run All Cells", exact=True).click()
        page.locator(".jp-OutputArea-output", has_text="30,100 parameters").first.wait_for()
        page.locator(".jp-OutputArea-output .lc-explorer .lc-total").first.wait_for()
        assert visitor.foreign == []
        visitor.context.close()
