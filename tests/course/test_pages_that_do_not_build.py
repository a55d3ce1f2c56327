"""What a page must not do is a warning, which fails the strict build; here such pages are built."""

from __future__ import annotations

import re
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

EXTENSIONS = [
    "myst_parser", "course_text", "course_questions", "course_drills", "course_printed", "course_claims",
]  # fmt: skip
STEP = "{step}`parameters(layer) | id=a`"
SHOWN = "{step}`parameters(layer) | id=a | shown`"
LET = "# Page\n\n```{let}\nlayer = lc.Linear(300, 100)\n```\n\n"
DRILL = """```{drill}
:id: drill
:layer: Linear(inputs, 100)
:input: inputs
:draw: inputs=DRAW
:ask: parameters

How many has {layer}?
```
"""


class Page:
    """A page of its own, built in a folder of its own."""

    def __init__(self, folder: Path, name: str, text: str) -> None:
        (folder / "chapters").mkdir()
        (folder / "chapters" / f"{name}.md").write_text(LET + text, encoding="utf-8")
        (folder / "index.md").write_text(
            f"# Book\n\n```{{toctree}}\nchapters/{name}\n```\n", encoding="utf-8"
        )
        said = StringIO()
        with docutils_namespace():
            settings = {"extensions": EXTENSIONS, "myst_enable_extensions": ["dollarmath"]}
            app = Sphinx(folder, None, folder / "out", folder / "trees", "html", settings, StringIO(), said)
            app.build()
        self.warnings = re.sub(r"\x1b\[[0-9;]*m", "", said.getvalue())
        self.html = (folder / "out" / "chapters" / f"{name}.html").read_text(encoding="utf-8")


@pytest.fixture
def built(tmp_path: Path) -> Callable[..., Page]:
    """`built(text)` gives the page, with what the build complained of."""
    return lambda text, name="page": Page(tmp_path, name, text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("Parameters: {step}`parameters(layer)`", "has no id", id="no id"),
        pytest.param(
            STEP + " and " + STEP, "have the id 'a'", id="an id twice"
        ),
        pytest.param(
            "It has {n}`parameters(layer)`.\n\nAgain: " + STEP,
            "its answer 30,100 is printed on this page", id="an answer that stands before",
        ),
        pytest.param(
            STEP + "\n\nIt has 30100.",
            "its answer 30,100 is printed on this page", id="an answer that stands after",
        ),
        pytest.param(
            "It has {n}`parameters(layer)`.\n\nAgain: " + SHOWN,
            "printed before the step", id="an example that is given away",
        ),
        pytest.param("Parameters: {step}`parameter(layer) | id=a`", "name 'parameter'", id="no such count"),
        pytest.param("{n}`parameters(layer) // 0`", "ZeroDivisionError", id="a calculation that fails"),
        pytest.param(DRILL.replace("DRAW", "300"), "the page prints the answers", id="one variant"),
        pytest.param(DRILL.replace(":ask: parameters\n", ""), "a drill needs `:ask:`", id="no quantity"),
        pytest.param("```{claim} fc-unheard-of\n```", "'fc-unheard-of'", id="a claim that nobody makes"),
    ],
)  # fmt: skip
def test_a_page_with_this_does_not_build(built: Callable[..., Page], text: str, words: str):
    assert words in built(text).warnings


@pytest.mark.parametrize(
    "text", ["{n}`missing`", "```{derivation} missing\n```", "```{conventions} missing\n```"]
)  # fmt: skip
def test_a_defect_is_told_once(built: Callable[..., Page], text: str):
    assert built(text).warnings.count("cannot compute") == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SHOWN + "\n\nSo it has 30,100.", id="an example"),
        pytest.param(
            STEP + "\n\n```{guess} parameters(layer)\n:id: g\n\nHow many?\n\n---\n\n30,100.\n```",
            id="an answer to open",
        ),
        pytest.param("It takes 30,100.5 ms.\n\n" + STEP, id="another number"),
        pytest.param("10 rows.\n\nRows: {step}`12 - 2 | id=a`", id="a small number"),
        pytest.param(DRILL.replace("DRAW", "16..512"), id="a drill"),
    ],
)  # fmt: skip
def test_a_page_with_this_builds(built: Callable[..., Page], text: str):
    assert built(text).warnings == ""


def test_a_drill_leaves_out_what_the_page_prints(built: Callable[..., Page]):
    """Of the sixteen draws those whose answers stand on the page are left out; eight others are kept."""
    printed = " ".join(f"{(inputs + 1) * 100:,}" for inputs in range(16, 40))
    page = built(f"{printed}\n\n{DRILL.replace('DRAW', '16..64')}")
    answers = [int(found) for found in re.findall(r'data-answer="(\d+)"', page.html)]
    assert page.warnings == ""
    assert 3 <= len(answers) <= 8
    assert min(answers) > 40 * 100


def test_a_page_without_questions_loads_nothing_for_them(built: Callable[..., Page]):
    assert "lc-commit" not in built("Nothing is asked.").html


def test_the_names_of_fields_come_from_their_lines_and_cells(built: Callable[..., Page]):
    """With words, not with what the page prints in between; two of one name are told apart by their place."""
    page = built(
        "1. Weights, $d_{\\mathrm{in}}$ of them each: {step}`weights(layer) | id=a`\n"
        "2. Weights, $d_{\\mathrm{in}}$ of them each: {step}`macs(layer) | id=b`\n\n"
        "| layer | parameters |\n|---|---|\n| `fc1` | {step}`parameters(layer) ; id=c` |\n"
    )
    names = re.findall(r'<input aria-label="([^"]*)"', page.html)
    assert names == [
        "Weights, d_in of them each, question 1", "Weights, d_in of them each, question 2", "fc1, parameters",
    ]  # fmt: skip


def test_the_unit_that_a_line_names_stands_with_its_field(built: Callable[..., Page]):
    """What is worked out without a unit has the one that its own line, or part of a line, asks for."""
    page = built("Tokens: {step}`12 - 2 | id=a`, and how many pairs are left? {step}`7 * 3 | id=b`")
    assert re.findall(r'data-unit="([^"]*)"', page.html) == ["tokens", "pairs"]


def test_a_claim_shows_who_says_what_and_both_numbers(built: Callable[..., Page]):
    card = built("```{claim} fc-params-16-133\n```", name="fully_connected").html
    text = re.sub(r"<.*?>|\s+", " ", card.partition("lc-claim")[2])
    for words in (
        "133 outputs",
        "right",
        "document",
        "003",
        "by the claim",
        "2,261",
        "counted",
        "2,261 parameters",
    ):
        assert words in re.sub(r" +", " ", text)


def test_a_claim_without_a_reason_of_the_page_gives_its_own(built: Callable[..., Page]):
    page = built("```{claim} fc-params-nobias\n```", name="fully_connected")
    assert page.warnings == ""
    assert "One weight for each pair of an input and an output." in page.html
