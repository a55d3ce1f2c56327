"""Names of files and folders as they come: which of them is the notebook, and which nobody can work with."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress

MAX_NAME_BYTES = 200  # records and pages add to a name, and a file system takes 255
NOTEBOOK = ".ipynb"

# What browsers, file managers and learning platforms add to a second copy: "name(1)", "name (1)", "name-1",
# "name_1", "name - Copy", "Copy of name"; and what browsers put behind a name whose ending they do not know.
_COPY_OF = re.compile(r"copy of[ _]+", re.IGNORECASE)
_COPY = re.compile(r"([ _-]*\((?P<a>\d{1,3})\)|[-_](?P<b>\d{1,3})|[ _-]+copy(?P<c>\d{0,3}))$", re.IGNORECASE)
_ENDINGS = (NOTEBOOK, ".ipynb.json", ".ipynb.txt", ".json")


def without_control_characters(text: str) -> str:
    """A student's folder may be named so as to write over the terminal."""
    with suppress(UnicodeError):
        text = text.encode("utf-8", "replace").decode()
    return "".join(character if character.isprintable() else "?" for character in text)


class UnusableName(ValueError):
    """A student's folder that cannot be marked under its name; the message says why and what to do."""


def check_student(name: str) -> None:
    """Raises UnusableName for a folder that neither gradebook nor file system can take."""
    why = unusable(name)
    if why:
        raise UnusableName(f"{why}; rename the folder in submitted/ to the student's id")


def unusable(name: str) -> str:
    """Why a file or folder of this name cannot be worked with; empty where it can."""
    try:
        data = name.encode("utf-8")
    except UnicodeEncodeError:
        return "its name is not UTF-8"
    if len(data) > MAX_NAME_BYTES:
        return f"its name is {len(data)} bytes long, and at most {MAX_NAME_BYTES} can be used"
    return ""


def chosen_notebook(names: Iterable[str], expected: str) -> str | None:
    """Which of these files is the expected notebook, whatever was done to its name; None where none is.

    The expected name comes first, then the latest download of it, then a notebook that is the only one.
    """
    names = list(names)
    if expected in names:
        return expected
    stem = expected.removesuffix(NOTEBOOK).casefold()
    copies = [(number, name) for name in names if (number := _copy_number(name, stem)) is not None]
    if copies:
        return max(copies)[1]
    notebooks = [name for name in names if name.casefold().endswith(NOTEBOOK)]
    return notebooks[0] if len(notebooks) == 1 else None


def _copy_number(name: str, stem: str) -> int | None:
    """0 for the expected name in other case or with another ending, 2 for "name (2)", None for others."""
    folded = name.casefold()
    ending = next((ending for ending in _ENDINGS if folded.endswith(ending)), None)
    if ending is None:
        return None
    core = _COPY_OF.sub("", folded.removesuffix(ending), count=1).strip()
    if core == stem:
        return 0 if core == folded.removesuffix(ending) else 1
    match = _COPY.search(core)
    if match is None or core[: match.start()].strip() != stem:
        return None
    digits = match["a"] or match["b"] or match["c"]
    return int(digits) if digits else 1
