"""The bank: all questions of the course by id, read once from the TOML files of this folder.

Where the browser's Python has no TOML, the build has put each file beside itself as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from layercost.questions.draw import QuestionError
from layercost.questions.kind import Template, read_question


@cache
def templates() -> Mapping[str, Template]:
    """Every template by its id, topic after topic; raises QuestionError where two have the same."""
    found: dict[str, Template] = {}
    for data in _tables():
        template = read_question(data)
        if template.id in found:
            raise QuestionError(f"two questions of the bank are called {template.id!r}")
        found[template.id] = template
    return found


def _tables() -> Iterator[Mapping[str, Any]]:
    for file in sorted(files(__package__).iterdir(), key=lambda file: file.name):
        if file.name.endswith((".toml", ".json")):
            yield from _read(file.name, file.read_text(encoding="utf-8"))["question"]


def _read(name: str, text: str) -> Mapping[str, Any]:
    if name.endswith(".json"):
        read: Mapping[str, Any] = json.loads(text)
        return read
    import tomllib  # the browser's Python has the bank as JSON, and no TOML

    return tomllib.loads(text)
