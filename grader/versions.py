"""The versions of an assignment: what students worked from decides by what their work is marked.

Each release carries its number in the tags of its cells. When a build changes what students work on (their
numbers, an answer cell, code or data that they are given), it makes a new version, and the old one is kept
whole: what was made from it is marked by it. Points, credits, wording and rubrics are no part of this.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grader.protocol import Specification
from grader.release import Release, ReleasedCell

FILE = ".version.json"  # beside the specification
FORMAT = 2
LATER = (re.compile(r"what .* asks"), re.compile(r"the file .*"))  # names that format 1 did not record
TAG = re.compile(r"version-([1-9][0-9]{0,5})")


@dataclass(frozen=True)
class Version:
    """A number, and what students work on, by name, each as a hash; `format` says what was recorded."""

    number: int = 1
    made_of: Mapping[str, str] = field(default_factory=dict)
    format: int = FORMAT

    def after(self, made_of: Mapping[str, str]) -> Version:
        """This version where it is made of the same, else the next one."""
        return Version(self.number + bool(self.differences(made_of)), made_of)

    def differences(self, made_of: Mapping[str, str]) -> list[str]:
        """What is not as in this version, in words."""
        names = dict.fromkeys((*self.made_of, *made_of))
        return [
            f"{name} {_how(self.made_of.get(name), made_of.get(name))}"
            for name in names
            if self.made_of.get(name) != made_of.get(name) and not self._could_not_tell(name)
        ]

    def _could_not_tell(self, name: str) -> bool:
        """Whether this was recorded when nothing of the kind was, so that it is no news that it is there."""
        kinds = [] if self.format >= FORMAT else [kind for kind in LATER if kind.fullmatch(name)]
        return any(not any(map(kind.fullmatch, self.made_of)) for kind in kinds)


def _how(then: str | None, now: str | None) -> str:
    return "is new" if then is None else "is gone" if now is None else "changed"


def made_of(specification: Specification, release: Release) -> dict[str, str]:
    """What students work on: their numbers, what they write into, and what is run and asked."""
    numbers = {
        "the salt" if name == "salt" else f"the numbers of {name!r}": _hash(_numbers(value))
        for name, value in specification.variants().items()
    }
    told = {f"what {name!r} asks": _hash(value) for name, value in specification.asked().items()}
    cells = {f"the cell {cell.grade_id!r}": _hash(_of_cell(cell)) for cell in release.by_grade_id.values()}
    probes = specification.probes("a", b"").items()  # for anybody: only what is asked is looked at
    asked = {
        f"what is asked at {grade_id!r}": _hash(sorted({f"{type(one).__name__} {one.name}" for one in every}))
        for grade_id, every in probes
    }
    data = {f"the file {name!r}": sha256 for name, sha256 in release.data.items()}
    return {"the notebook's name": _hash(specification.notebook), **numbers, **told, **cells, **data, **asked}


def _numbers(value: object) -> object:
    """Rows without the words that are made of them, of which `Specification.asked` has what counts."""
    if not isinstance(value, list):
        return value
    return [{name: one for name, one in row.items() if name != "told"} for row in value]


def _of_cell(cell: ReleasedCell) -> list[object]:
    is_run = cell.cell_type == "code" and not cell.is_marked
    source = cell.source if cell.is_answer or is_run else ""
    return [cell.cell_type, cell.is_answer, cell.is_marked, source]


def _hash(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


# ---- as files -----------------------------------------------------------------------------------


def read_version(folder: Path) -> Version | None:
    """The version of the specification in a folder; None where it was never built."""
    try:
        tree = json.loads((folder / FILE).read_text(encoding="utf-8"))
        return Version(int(tree["number"]), dict(tree["made_of"]), int(tree.get("format", 1)))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_version(folder: Path, version: Version) -> None:
    """Writes it beside the specification."""
    tree = {"format": version.format, "number": version.number, "made_of": dict(version.made_of)}
    (folder / FILE).write_text(json.dumps(tree, indent=1), encoding="utf-8")


def tag(notebook: Path, number: int) -> None:
    """Puts the number of the version on every cell that nbgrader tracks."""
    tree: dict[str, Any] = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in tree["cells"]:
        if "nbgrader" in cell["metadata"]:
            tags = [one for one in cell["metadata"].get("tags", []) if not TAG.fullmatch(one)]
            cell["metadata"]["tags"] = [*tags, f"version-{number}"]
    notebook.write_text(json.dumps(tree, indent=1), encoding="utf-8")


def version_of(cells: Iterable[Mapping[str, Any]]) -> int | None:
    """The version that a notebook of the grader's own was made from, by its cells as JSON."""
    return made_from(tag for cell in cells for tag in cell["metadata"].get("tags", ()))


def made_from(tags: Iterable[str]) -> int | None:
    """The version that the tags of a submission's cells name most often; None where they name none."""
    numbers = Counter(int(found[1]) for one in tags if (found := TAG.fullmatch(one)))
    return numbers.most_common(1)[0][0] if numbers else None
