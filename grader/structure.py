"""How much a JSON text would build, told before anything is built.

A parser makes objects from every brace and comma: 20 MB of ``{}`` become two gigabytes. So the signs that
make objects are counted first, in one pass over the text that keeps nothing.
"""

from __future__ import annotations

import re

MAX_PARTS = 1_000_000  # strings, and signs outside of strings: at most about 50 MB once built
MAX_NESTING = 100  # brackets in brackets

# A string runs to its end, or to the end of the text where it has none, so that no place is looked at twice.
_PART = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[\[\]{},:]', re.DOTALL)
_STEP = {"[": 1, "{": 1, "]": -1, "}": -1}


class TooMuch(ValueError):
    """A text from which a parser would build more than a notebook ever holds."""


class TooDeep(ValueError):
    """A text with more brackets in brackets than a notebook ever has."""


def check_structure(text: str, parts: int = MAX_PARTS, nesting: int = MAX_NESTING) -> None:
    """Raises TooMuch or TooDeep as soon as it is certain; says nothing about whether the text is JSON."""
    depth = 0
    for number, part in enumerate(_PART.finditer(text)):
        depth += _STEP.get(text[part.start()], 0)
        if depth > nesting:
            raise TooDeep(f"more than {nesting} brackets in brackets")
        if number >= parts:
            raise TooMuch(f"more than {parts} parts")
