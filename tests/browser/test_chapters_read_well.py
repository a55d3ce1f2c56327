"""What readers stumbled over in the chapters, so that nobody does again."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.chromium

CHAPTERS = ("chapters/fully_connected.html", "chapters/lenet.html")
BUILT_ALIKE = (
    *CHAPTERS, "chapters/output_size.html", "chapters/convolution.html", "chapters/alexnet.html",
    "chapters/vgg.html",
)  # fmt: skip


@pytest.mark.parametrize("chapter", BUILT_ALIKE)
def test_a_figure_stands_on_the_first_screen_before_the_fourth_paragraph(
    visit: Callable[..., Any], chapter: str
) -> None:
    """The surprise is seen before it is talked about."""
    page = visit(viewport={"width": 1280, "height": 900}).open(chapter)
    figure = page.locator("figure.lc-still").first
    assert figure.bounding_box()["y"] < 450
    before = figure.evaluate(
        """figure => [...document.querySelectorAll('.bd-article section > p:not(.lc-reading)')]
            .filter(p => p.compareDocumentPosition(figure) & Node.DOCUMENT_POSITION_FOLLOWING).length"""
    )
    assert before < 4


@pytest.mark.parametrize("chapter", BUILT_ALIKE)
def test_practice_and_sources_stand_apart_from_the_core(visit: Callable[..., Any], chapter: str) -> None:
    """The head says both times, what the sources say is folded, practice has minutes of its own."""
    page = visit().open(chapter)
    assert "more to practise" in page.locator(".lc-reading").inner_text()
    assert "questions" in page.locator("#practice > .lc-practice-time").inner_text()
    assert page.locator("#what-the-sources-say details .lc-claim").count()
    assert not page.locator("#what-the-sources-say .lc-claim").first.is_visible()
    headings = page.locator(".bd-article section > h2").all_inner_texts()
    order = [next(i for i, said in enumerate(headings) if said.startswith(name)) for name in ORDER]
    assert order == sorted(order)


ORDER = ("Guess first", "Take away", "What the sources say", "Practice")


@pytest.mark.parametrize("chapter", BUILT_ALIKE)
def test_questions_under_an_explorer_have_a_folded_answer(visit: Callable[..., Any], chapter: str) -> None:
    """Who has tried can look."""
    page = visit().open(chapter)
    answer = page.locator("details", has_text="What you should have found").first
    assert answer.locator("li").count() >= 3
    assert not answer.locator("li").first.is_visible()


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("width", [360, 1280])
def test_no_printed_line_is_cut(visit: Callable[..., Any], chapter: str, width: int) -> None:
    """What a cell prints breaks at the edge; the loops stand before it."""
    page = visit(viewport={"width": width, "height": 740}).open(chapter)
    outputs = page.locator(".cell_output pre")
    assert outputs.count()
    for output in outputs.all():
        assert output.evaluate("pre => pre.scrollWidth <= pre.clientWidth + 1")
    assert "def " in page.locator("div.highlight pre", has_text="def ").first.inner_text()


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_kibibyte_has_one_decimal_in_the_text(visit: Callable[..., Any], chapter: str) -> None:
    """117.6 KiB, and not 117.578125."""
    page = visit().open(chapter)
    said = page.locator(".bd-article section").first.inner_text()
    sizes = re.findall(r"([\d.,]+) (?:KiB|MiB)", said)
    assert sizes
    assert [size for size in sizes if not re.fullmatch(r"[\d,]+\.\d", size)] == []


def test_the_table_of_tools_gives_each_answer_a_verdict(visit: Callable[..., Any]) -> None:
    """torchinfo and TensorFlow's profiler are off by the biases, in the table as in the audit."""
    page = visit().open("chapters/lenet.html")
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    rows = page.locator("#practice tr", has_text="too large")
    said = " ".join(rows.all_inner_texts())
    assert "torchinfo" in said
    assert "tf.profiler" in said
    assert "by 6,518" in said
