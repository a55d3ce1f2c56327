"""The catalogues of other languages: what is said is found in the source, and translations become JSON.

A translation is `locale/LANGUAGE.po`, in which each English text has its own of that language. `nox -s words`
takes all English texts into `_build/words.pot`, brings each translation up to date with it, and writes what
Python speaks from into `src/layercost/locale/LANGUAGE.json`; a page's words are read when it is built.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from string import Formatter
from typing import Any, NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from layercost.dialects.verdict import Judged
from layercost.facts import Kind, Role
from layercost.questions.exported import said_of_answers
from site_builder.places import BUILD, LIBRARY, REPOSITORY, WEB

TEMPLATE = BUILD / "words.pot"
TRANSLATIONS = REPOSITORY / "locale"
SPOKEN = LIBRARY / "locale"
IN_PYTHON = ("Message", "_", "spoken")  # what is called with a key
IN_SCRIPTS = "say"
NAMED_BY_ENUMS = (Kind, Role, Judged)  # what data call so, and people read


class Key(NamedTuple):
    """A place where something is said, and its English text: None where no literal text stands there."""

    path: Path
    line: int
    text: str | None


# ---- what is said --------------------------------------------------------------------------------------


@cache
def said() -> tuple[Key, ...]:
    """Everything that is said, in Python, in the feedback's template and in page scripts."""
    return tuple(_said())


def _said() -> Iterator[Key]:
    for root in (LIBRARY, REPOSITORY / "grader", WEB / "sphinx", WEB / "worker"):
        for path in sorted(root.rglob("*.py")):
            yield from python_keys(path)
    for path in sorted((REPOSITORY / "grader").glob("*.j2")):
        yield from _extracted(path, "jinja2.ext:babel_extract", "_")
    for path in sorted((WEB / "src").rglob("*.mjs")):
        yield from _extracted(path, "javascript", IN_SCRIPTS)


def python_keys(path: Path) -> Iterator[Key]:
    """The keys in one file of Python, in the order in which they stand."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and _name(node.func) in IN_PYTHON:
            first = node.args[0]
            text = first.value if isinstance(first, ast.Constant) else None
            yield Key(path, node.lineno, text if isinstance(text, str) else None)


def _name(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else ""


def _extracted(path: Path, method: str, name: str) -> Iterator[Key]:
    with path.open("rb") as file:
        for line, text, *_ in extract(method, file, keywords={name: None}):
            yield Key(path, line, str(text))


def template() -> Catalog:
    """Every English text, with the places where it is said."""
    catalog = Catalog(project="Every FLOP Counts", fuzzy=False)
    for key in said():
        if key.text is not None and _has_words(key.text):
            catalog.add(key.text, locations=[(key.path.relative_to(REPOSITORY).as_posix(), key.line)])
    for member in (member for kind in NAMED_BY_ENUMS for member in kind):
        place = f"src/{type(member).__module__.replace('.', '/')}.py"
        catalog.add(member.value, locations=[(place, 0)])
    return catalog


def _has_words(text: str) -> bool:
    """Whether there is anything in a text beside the places of its values."""
    return bool(literals(text))


def literals(text: str) -> str:
    """What stands in a text between the places of its values."""
    return "".join(literal for literal, *_ in Formatter().parse(text)) if _FIELD.search(text) else text


def names(text: str) -> set[str]:
    """The names of the values in a text."""
    return {name for _, name, *_ in Formatter().parse(text) if name} if _FIELD.search(text) else set()


_FIELD = re.compile(r"\{\w")


# ---- translations --------------------------------------------------------------------------------------


def translation(path: Path) -> dict[str, str]:
    """The finished entries of a PO file; raises ValueError where one names other values than the English."""
    found = {entry.id: entry.string for entry in _entries(path) if entry.string and not entry.fuzzy}
    for english, other in found.items():
        if names(english) != names(other):
            raise ValueError(f"{path}: {other!r} does not name the same values as {english!r}")
    return found


def _entries(path: Path) -> Iterable[Any]:
    with path.open("rb") as file:
        return [entry for entry in read_po(file) if entry.id]


def page_words(language: str) -> dict[str, str]:
    """What the scripts of a page say in a language; empty for English, and where nobody has translated it."""
    path = TRANSLATIONS / f"{language}.po"
    if not path.exists():
        return {}
    of_both = said_of_answers()
    on_pages = {
        entry.id
        for entry in _entries(path)
        if entry.id in of_both or any(place.endswith(".mjs") for place, _ in entry.locations)
    }
    return {english: other for english, other in translation(path).items() if english in on_pages}


def update(path: Path, english: Catalog) -> None:
    """Bring a translation up to date: new texts are added, those that nobody says any more are put last."""
    with path.open("rb") as file:
        catalog = read_po(file, locale=path.stem)
    catalog.update(english, no_fuzzy_matching=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=0, sort_by_file=True)


def compiled(path: Path) -> str:
    """A translation as Python reads it."""
    return json.dumps(translation(path), ensure_ascii=False, indent=0, sort_keys=True) + "\n"


def main() -> None:
    """Write the template, bring all translations up to date, and compile them."""
    english = template()
    TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
    with TEMPLATE.open("wb") as file:
        write_po(file, english, width=0, sort_by_file=True)
    print(f"{len(english)} texts in {TEMPLATE.relative_to(REPOSITORY)}")
    for path in sorted(TRANSLATIONS.glob("*.po")):
        update(path, english)
        SPOKEN.mkdir(exist_ok=True)
        (SPOKEN / f"{path.stem}.json").write_text(compiled(path), encoding="utf-8")
        print(f"{len(translation(path))} of them in {path.stem}")


if __name__ == "__main__":
    main()
