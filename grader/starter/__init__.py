"""A new assignment's folder: a function, a number and a text, which build as they are.

The two files beside this module are the folder, with NAME and TITLE to fill in.
"""

from __future__ import annotations

import re
from pathlib import Path

from grader.course import CourseError
from grader.keys import GOOD_NAME

FILES = ("assignment.md", "specification.toml")


def write_starter(folder: Path) -> None:
    """Writes the folder, whose name is the assignment's; raises CourseError."""
    name = folder.name
    if not GOOD_NAME.fullmatch(name):
        raise CourseError(
            f"An assignment's name is a folder's: letters, digits, _ and -, such as pooling_1; got {name!r}."
        )
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CourseError(f"{folder} exists and is not empty; name a new folder.")
    folder.mkdir(parents=True, exist_ok=True)
    title = name.replace("_", " ").replace("-", " ").capitalize()
    for file in FILES:
        text = (Path(__file__).parent / file).read_text(encoding="utf-8")
        filled = re.sub(r"\bTITLE\b", title, re.sub(r"\bNAME\b", name, text))
        (folder / file).write_text(filled, encoding="utf-8")
