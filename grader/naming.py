"""Names that the teacher gives to wrong answers which no misconception explains: `names.toml` in the course.

The class report groups such answers by what re-expresses them, and shows for each the lines to fill in.
The sentence then reaches everybody of the group, in the next report and in the next feedback.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from grader.course import Course, CourseError

FILE = "names.toml"
KEYS = {"key", "question", "title", "says"}


@dataclass(frozen=True)
class Name:
    """What the teacher calls a wrong answer; without a `question`, wherever it turns up."""

    key: str
    title: str
    says: str = ""
    question: str = ""


@dataclass(frozen=True)
class Names:
    """All names of a course."""

    names: tuple[Name, ...] = ()

    def of(self, question: str, key: str) -> Name | None:
        """The name of a wrong answer to a question, if it has one."""
        found = (one for one in self.names if one.key == key and one.question in ("", question))
        return next(found, None) if key else None


def read_names(course: Course) -> Names:
    """Reads names.toml, nothing where there is none; raises CourseError that says what was expected."""
    path = course.root / FILE
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Names()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CourseError(f"{path}: {error}") from None
    entries = data.get("name")
    if set(data) != {"name"} or not isinstance(entries, list):
        raise CourseError(f"{path}: expected [[name]] sections and nothing else, as the report prints them")
    return Names(tuple(_name(f"{path}, [[name]] {number}", one) for number, one in enumerate(entries, 1)))


def _name(where: str, entry: Mapping[str, Any]) -> Name:
    if not isinstance(entry, dict) or not {"key", "title"} <= set(entry) <= KEYS:
        raise CourseError(f"{where}: expected key and title, and if you like says and question")
    for key, value in entry.items():
        if not isinstance(value, str) or not value.strip():
            raise CourseError(f"{where}: {key} must be a text in quotes, but is {value!r}")
    return Name(entry["key"], entry["title"], entry.get("says", ""), entry.get("question", ""))


def section(question: str, key: str) -> str:
    """The lines to fill in for a group that has no name yet."""
    return f'[[name]]\nquestion = "{question}"\nkey = "{key}"\ntitle = ""\nsays = ""\n'
