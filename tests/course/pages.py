"""The chapters as their authors write them, read without a build: names, questions, claims."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import course_text

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = ROOT / "chapters"


def chapters() -> list[str]:
    """The chapters that are written, by name."""
    return sorted(path.stem for path in CHAPTERS.glob("*.md"))


@cache
def text_of(chapter: str) -> str:
    """A chapter's source."""
    return (CHAPTERS / f"{chapter}.md").read_text(encoding="utf-8")


def names_of(chapter: str) -> dict[str, Any]:
    """The names that a chapter's `let` directives make; those of every page where it is not written yet."""
    names = course_text.namespace()
    if chapter in chapters():
        for block in re.findall(r"^```\{let\}\n(.*?)^```", text_of(chapter), re.M | re.S):
            exec(block, names)  # noqa: S102 - our own pages
    return names
