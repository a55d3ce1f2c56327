"""The course is read by light and by dark: its text says of a drawing only what holds in both."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.prose.pages import PAGES

TURNED_AROUND = re.compile(r"\b(dark|darker|bright|brighter|pale|paler|black|white)\b", re.IGNORECASE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_no_line_calls_a_drawing_dark_or_pale(page: Path) -> None:
    """What is dark by day is bright by night: an upright line, a stronger tint, a rim are so in both."""
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [f"{place}: {line}" for place, line in enumerate(lines, 1) if TURNED_AROUND.search(line)] == []
