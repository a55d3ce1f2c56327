"""The bank: all questions of the course by id, read once from the TOML files of this folder.

The browser's Python has neither TOML nor a folder: there the build has put all of them into one file of JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from layercost.questions.draw import QuestionError
from layercost.questions.kind import Template, read_question

FOLDER = Path(__file__).parent
WHOLE = "whole.json"

CHECKED_DRAWS = 500  # draws of each question whose right and wrong answers are tried by `nox -s nightly`


@cache
def templates() -> Mapping[str, Template]:
    """Every template by its id, topic after topic; raises QuestionError where two have the same."""
    found: dict[str, Template] = {}
    for data in _questions():
        template = read_question(data)
        if template.id in found:
            raise QuestionError(f"two questions of the bank are called {template.id!r}")
        found[template.id] = template
    return found


def _questions() -> Iterator[Mapping[str, Any]]:
    files = sorted(FOLDER.glob("*.toml"))
    if not files:
        yield from json.loads(__spec__.loader.get_data(str(FOLDER / WHOLE)))  # type: ignore[union-attr]
        return
    import tomllib  # the browser's Python has the bank as JSON, and no TOML

    for file in files:
        yield from tomllib.loads(file.read_text(encoding="utf-8"))["question"]
