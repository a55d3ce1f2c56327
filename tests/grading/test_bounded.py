"""What is done with a student's text costs a bounded time and memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader.bounded import MAX_TEXT, SECONDS, BoundedProcess
from grader.patience import awake
from grader.rendering import LONGEST_TEXT, rendered


@pytest.fixture
def process() -> Iterator[BoundedProcess]:
    process = BoundedProcess("tests.grading.shouting:shout")
    yield process
    process.close()


def test_a_function_is_applied_by_a_process_that_stays(process: BoundedProcess) -> None:
    assert process.apply("one\ntwo") == "ONE\nTWO"
    first = process.process
    assert process.apply("zoë") == "ZOË"
    assert process.process is first


@pytest.mark.parametrize("text", ["slow", "greedy", "large", "x" * (MAX_TEXT + 1)])
def test_what_takes_too_much_gives_none_and_the_next_text_is_done(process: BoundedProcess, text: str) -> None:
    """One such text costs itself only."""
    assert process.apply(text, seconds=0.5) is None
    assert process.apply("next") == "NEXT"


def test_markdown_becomes_html_that_does_nothing() -> None:
    """Formatting stays; scripts, images and headings' own links do not."""
    html = rendered("# Title\n\n**bold** <script>x</script> ![p](https://x.org/p.png)")
    assert "<h1>Title</h1>" in html
    assert "<strong>bold</strong>" in html
    for gone in ("<script", "<img", "anchor-link"):
        assert gone not in html


@pytest.mark.parametrize("part", [r"\\(", r"\begin{a}", "a\n=", "[a]("])
def test_markdown_that_takes_quadratic_time_takes_seconds_at_most(part: str) -> None:
    """Every page is done in time, whatever its longest cell repeats."""
    rendered(f"so that the process has started before {part}")
    start = awake()
    assert part[0] in rendered(part * (LONGEST_TEXT // len(part)))
    assert awake() - start < SECONDS + 1


def test_markdown_that_is_longer_is_shown_as_it_was_typed() -> None:
    """8,000 times `\\begin{a}` took six seconds; none of it is rendered now."""
    assert rendered(r"\begin{a}<b>" * 8000) == "<pre>" + r"\begin{a}&lt;b&gt;" * 8000 + "</pre>"
