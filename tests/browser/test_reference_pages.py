"""The pages to look things up in: formula sheet, contradictions, glossary, bibliography, index and search."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import layercost as lc
from layercost import dialects

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "web" / "sphinx"))

import course_terms  # noqa: E402


def text_of(site: Path, name: str) -> str:
    return (site / "chapters" / f"{name}.html").read_text(encoding="utf-8")


# ---- the formula sheet -------------------------------------------------------------------------------

SHEET = (ROOT / "chapters" / "formula_sheet.md").read_text(encoding="utf-8")
LISTED = set(re.findall(r": lc\.(\w+)\(", SHEET))
# The formula of a normalization across channels is cut at the first and last ones: numbers, and no letters.
LEFT_OUT = {"LocalResponseNorm"}


@pytest.mark.parametrize("network", ["lenet5", "alexnet", "vgg16", "googlenet", "resnet50"])
def test_the_sheet_has_every_layer_that_costs_something_in_the_networks_of_the_course(network: str) -> None:
    """A layer that holds or computes something is on the sheet; sums of branches have nothing to learn."""
    net = lc.network_named(network)
    costs = {
        type(call.layer).__name__
        for call in net.calls(net.input_shape)
        if call.layer.parameters() or (len(call.inputs) == 1 and call.work()[0])
    }
    assert costs - LISTED <= LEFT_OUT


def test_the_sheet_says_the_convention_of_every_formula_of_operations(site: Path) -> None:
    page = text_of(site, "formula_sheet")
    sheet = page[page.index("lc-sheet-of-formulas") :]
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', sheet, re.S)
    assert len(rows) == len(re.findall(r"^.+: lc\.", SHEET, re.M))
    for row in rows:
        *_, costs = re.findall(r"<td>(.*?)</td>", row, re.S)
        assert re.search("textbook|everything", costs) or costs == "–"


def pages_of_pdf(data: bytes) -> int:
    """How many pages a PDF of Chromium's has."""
    return len(re.findall(rb"/Type /Page\b", data))


@pytest.mark.chromium
def test_the_sheet_prints_on_one_page_of_a4(visit: Callable[..., Any]) -> None:
    page = visit().open("chapters/formula_sheet.html")
    page.wait_for_load_state("networkidle")
    printed = page.pdf(prefer_css_page_size=True)
    assert pages_of_pdf(printed) == 1
    assert b"/MediaBox [0 0 594.95996 841.91998]" in printed


# ---- the glossary ------------------------------------------------------------------------------------

TERMS = course_terms.terms()


def test_every_term_is_explained_in_one_plain_sentence() -> None:
    assert len(TERMS) >= 60
    for term in TERMS:
        assert term.says.endswith("."), term.name
        assert not re.search(r"[.!?] [A-Z]", term.says), term.name
        assert len(term.says.split()) <= 25, term.name


def test_every_term_has_a_chinese_word_of_its_own() -> None:
    words = [term.chinese for term in TERMS]
    assert len(set(words)) == len(words)
    assert all(re.search("[一-鿿]", word) for word in words)


def test_every_term_can_be_linked_to_and_stands_in_the_index(site: Path) -> None:
    index = (site / "genindex.html").read_text(encoding="utf-8")
    page = text_of(site, "glossary")
    for term in TERMS:
        anchor = re.search(rf'href="chapters/glossary.html#([^"]+)"><strong>{re.escape(term.name)}<', index)
        assert anchor, term.name
        assert f'id="{anchor[1]}"' in page
        assert f">{term.chinese}<" in index
    assert 'href="../genindex.html"' in page


# ---- the bibliography --------------------------------------------------------------------------------

BIB = (ROOT / "chapters" / "references.bib").read_text(encoding="utf-8")
CITED = re.compile(r"([A-Z]\w+)(?:(?:, [A-Z]\w+)+| et al\.| and [A-Z]\w+)? (\d{4})(?!\d)")
NO_PAPERS = {"CUDA", "NeurIPS", "RTX"}  # a version, where a paper appeared, a device


def first_authors() -> set[tuple[str, str]]:
    """The first author and the year of every paper; of an organisation the last word of its name."""
    papers = re.split(r"^@", BIB, flags=re.M)[1:]
    named = r"author = \{(?:\{(?:[^}]*\W)?(?=\w+\}))?(\w[^,}]*)[,}]"
    found = ((re.search(named, one), re.search(r"year = \{(\d+)\}", one)) for one in papers)
    return {(author[1], year[1]) for author, year in found if author and year}


def test_every_paper_that_the_library_names_as_a_source_is_in_the_bibliography() -> None:
    cited = set()
    for path in (ROOT / "src" / "layercost").rglob("*.py"):
        cited |= set(CITED.findall(" ".join(path.read_text(encoding="utf-8").split())))
    missing = {(name, year) for name, year in cited - first_authors() if name not in NO_PAPERS}
    assert missing == set()


def test_every_tool_whose_numbers_are_explained_is_in_the_bibliography() -> None:
    tools = {re.split(r"[(+]", name)[0] for name in dialects.DIALECTS}
    titles = " ".join(re.findall(r"title = \{\{(.*?)\}\}", BIB)).casefold()
    assert {tool for tool in tools if tool.casefold() not in titles} == set()


def test_every_entry_can_be_found_by_a_reader() -> None:
    """An address, a number of arXiv, a DOI, or where it was printed."""
    for entry in re.split(r"^@", BIB, flags=re.M)[1:]:
        assert re.search(r"\b(url|eprint|doi|booktitle|journal|institution|school) = ", entry), entry
    numbers = re.findall(r"eprint = \{(.*?)\}", BIB)
    assert all(re.fullmatch(r"\d{4}\.\d{4,5}", number) for number in numbers)
    assert len(set(numbers)) == len(numbers)


def test_the_page_lists_every_entry(site: Path) -> None:
    keys = re.findall(r"^@\w+\{(\w+),", BIB, re.M)
    shown = re.findall(r'class="citation"', text_of(site, "bibliography"))
    assert len(shown) == len(keys)


# ---- contradictions ----------------------------------------------------------------------------------

CLAIMS = """
[[claim]]
id = "a-right"
source = []
says = ""
verdict = "right"

[[claim]]
id = "a-wrong"
source = []
says = ""
verdict = "wrong"

[[claim]]
id = "a-convention"
source = []
says = ""
verdict = "convention"
"""
LATER = """
[[claim]]
id = "b-unclear"
source = []
says = ""
verdict = "unclear"
"""
CONF = """
import sys
from pathlib import Path
import course_claims
from docutils import nodes
from docutils.parsers.rst import Directive

course_claims.CLAIMS = Path(__file__).parent / "chapters" / "claims"
extensions = ["myst_parser", "course_contradictions"]

class Card(Directive):
    required_arguments = 1
    has_content = True
    def run(self):
        card = nodes.container(classes=["lc-claim"], ids=["claim-" + self.arguments[0]])
        self.state.nested_parse(self.content, self.content_offset, card)
        return [card]

def setup(app):
    app.add_directive("claim", Card)
"""
CHAPTER = """# Layers

```{claim} a-right
All is well.
```

```{claim} a-wrong
Not *so*, see [the start](../index.md).
```

```{claim} a-convention
It depends.
```
"""


def small_book(folder: Path) -> str:
    """A book with one chapter of claims; another chapter is still to be written."""
    files = {
        "conf.py": CONF, "chapters/layers.md": CHAPTER, "chapters/claims/layers.toml": CLAIMS,
        "chapters/claims/later.toml": LATER, "chapters/claims/register.toml": "[documents]\n",
        "index.md": "# A course\n\n```{toctree}\nchapters/layers\nchapters/disagree\n```\n",
        "chapters/disagree.md": "# They disagree\n\n```{contradictions}\n```\n",
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text, encoding="utf-8")
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); from sphinx.cmd.build import main; "
        "sys.exit(main(sys.argv[2:]))"
    )
    command = [sys.executable, "-c", program, str(ROOT / "web" / "sphinx"), "-q", "-W"]
    subprocess.run([*command, str(folder), str(folder / "out")], check=True)
    return (folder / "out" / "chapters" / "disagree.html").read_text(encoding="utf-8")


def test_contradictions_show_what_is_not_simply_right_as_its_chapter_does(tmp_path: Path) -> None:
    """The ruling, its links and its markup are those of the chapter, with the way back to it."""
    page = small_book(tmp_path)
    assert "All is well" not in page
    assert "Not <em>so</em>" in page
    assert 'href="../index.html"' in page
    assert 'href="layers.html#claim-a-wrong"' in page
    assert 'href="layers.html#claim-a-convention"' in page
    assert '<section id="claims-layers">' in page


def test_contradictions_count_each_verdict_and_what_is_still_to_be_written(tmp_path: Path) -> None:
    """A claim of a chapter that is not there yet is not passed over in silence."""
    page = small_book(tmp_path)
    rows = re.findall(r"<tr><td>(.*?)</td><td class=\"lc-n\">(\d+)</td></tr>", page)
    assert rows == [("wrong", "1"), ("right under a convention", "1"), ("unclear", "0")]
    assert "1 more belong to chapters that are not written yet." in page


def test_the_contradictions_are_those_that_are_declared(site: Path) -> None:
    """Each claim that is not right and stands in its chapter stands here as well."""
    page = text_of(site, "contradictions")
    for path in (ROOT / "chapters" / "claims").glob("*.toml"):
        chapter = site / "chapters" / f"{path.stem}.html"
        claims = tomllib.loads(path.read_text(encoding="utf-8")).get("claim", [])
        if chapter.exists():
            placed = chapter.read_text(encoding="utf-8")
            for claim in claims:
                here = f'id="claim-{claim["id"]}"'
                assert (here in page) == (here in placed and claim["verdict"] != "right"), claim["id"]


# ---- search ------------------------------------------------------------------------------------------


@pytest.mark.chromium
@pytest.mark.parametrize(("wanted", "found"), [("roofline", "Glossary"), ("backwards", "Glossary")])
def test_search_finds_words_of_the_pages_without_another_host(
    visit: Callable[..., Any], wanted: str, found: str
) -> None:
    visitor = visit()
    page = visitor.open(f"search.html?q={wanted}")
    page.locator("#search-results li", has_text=found).first.wait_for()
    assert visitor.foreign == []


@pytest.mark.chromium
def test_a_search_can_be_asked_for_on_any_page(visit: Callable[..., Any]) -> None:
    """By the theme's keys, without its scripts for results while one types."""
    visitor = visit()
    page = visitor.open("chapters/fully_connected.html")
    page.wait_for_load_state("load")
    page.keyboard.press("Control+k")
    page.locator("dialog input[type=search]").fill("roofline")
    page.keyboard.press("Enter")
    page.locator("#search-results li", has_text="Glossary").first.wait_for()
