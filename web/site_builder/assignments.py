"""A teacher's released assignments, for JupyterLite: what `grader build` made for students, and nothing else.

A release is known by its cells: nbgrader wrote a checksum into each of them, and each still has it. So the
source, which holds the solutions, and what students handed in are refused, wherever they lie.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat

from .step import BuildError

FOLDER = "assignments"  # in JupyterLite
KERNEL = {"name": "python", "display_name": "Python 3", "language": "python"}  # JupyterLite's own
VERSION = re.compile(r"version-(\d+)")  # a tag that `grader build` puts on cells
EXPECTED = "expected the folder `release` of a course, with a folder in it for each assignment"


@dataclass(frozen=True)
class Released:
    """One assignment: its notebook, and all files that students get, the notebook among them."""

    notebook: Path
    files: tuple[Path, ...]
    title: str
    version: int

    @property
    def place(self) -> str:
        """Its folder in JupyterLite.

        Each version has one of its own: a notebook that a browser has kept must never find the numbers
        of another version beside it.
        """
        name = self.notebook.parent.name
        return f"{FOLDER}/{name}" if self.version == 1 else f"{FOLDER}/{name}-version-{self.version}"

    @property
    def address(self) -> str:
        """What opens it, from the site's root."""
        return f"lite/notebooks/index.html?path={quote(f'{self.place}/{self.notebook.name}')}"


# ---- reading a release -------------------------------------------------------------------------------


def released_in(folder: Path) -> tuple[Released, ...]:
    """The assignments of a release; an error that says what was expected, what arrived and what to try."""
    if not folder.is_dir():
        raise BuildError(f"--release: {EXPECTED}; {folder} is no folder. Try --release COURSE/release.")
    if (folder / "release").is_dir():
        raise BuildError(
            f"--release: {EXPECTED}; {folder} is a whole course, which holds solutions and marks. "
            f"Try --release {folder / 'release'}."
        )
    found = tuple(_released(one) for one in _entries(folder))
    if not found:
        raise BuildError(f"--release: {EXPECTED}; {folder} is empty. `grader build` releases an assignment.")
    return found


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder, but for what hides, such as a notebook's checkpoints."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _released(folder: Path) -> Released:
    if folder.is_symlink() or not folder.is_dir():
        raise BuildError(
            f"--release: {EXPECTED}; {folder} is {_kind(folder)}. Take it away, or name another folder."
        )
    files = _entries(folder)
    for path in files:
        if path.is_symlink() or not path.is_file():
            raise BuildError(
                f"--release: expected files in {folder}; {path.name} is {_kind(path)}. "
                "Take it away, or name the folder `release` of a course."
            )
    notebooks = [path for path in files if path.suffix == ".ipynb"]
    if len(notebooks) != 1:
        raise BuildError(
            f"--release: expected one notebook in {folder}; there are {len(notebooks)}. "
            "Release the assignment again with `grader build`, or name the folder `release` of a course."
        )
    return _checked(notebooks[0], tuple(files))


def _kind(path: Path) -> str:
    return "a link" if path.is_symlink() else "a folder" if path.is_dir() else "no folder and no plain file"


def _checked(notebook: Path, files: tuple[Path, ...]) -> Released:
    """The assignment, if its notebook is as it was released."""
    try:
        cells = nbformat.read(notebook, as_version=4).cells
        tracked = [cell for cell in cells if "nbgrader" in cell.metadata]
        changed = [cell.metadata.nbgrader.grade_id for cell in tracked if not _is_as_released(cell)]
    except (OSError, ValueError, AttributeError, LookupError, TypeError) as error:
        raise BuildError(
            f"--release: expected a notebook; {notebook} cannot be read as one ({error}). "
            "Release the assignment again with `grader build`."
        ) from error
    if changed or not any(cell.metadata.nbgrader.get("grade") for cell in tracked):
        what = f"its cell {changed[0]!r} is not" if changed else "no cell of it earns points, so it is not"
        raise BuildError(
            f"--release: expected a notebook as `grader build` releases it; {notebook}: {what}. "
            "Sources hold solutions, and submissions are students' own: name the folder `release` of a "
            "course, or release the assignment again."
        )
    return Released(notebook, files, _title(cells) or notebook.parent.name, _version(tracked))


def _is_as_released(cell: Any) -> bool:
    from nbgrader.utils import compute_checksum  # takes a second, for those who ask for it

    return bool(cell.metadata.nbgrader.get("checksum") == compute_checksum(cell))


def _title(cells: Iterable[Any]) -> str:
    """The first heading."""
    texts = (cell.source for cell in cells if cell.cell_type == "markdown")
    found = (re.search(r"^# +(.+?) *$", text, re.M) for text in texts)
    return next((heading[1] for heading in found if heading), "")


def _version(cells: Iterable[Any]) -> int:
    tags = (VERSION.fullmatch(tag) for cell in cells for tag in cell.metadata.get("tags", ()))
    return max((int(tag[1]) for tag in tags if tag), default=1)


def files_of(released: Iterable[Released]) -> list[Path]:
    """All files of these assignments."""
    return [path for one in released for path in one.files]


def as_text(released: Iterable[Released]) -> str:
    """Titles and addresses as JSON, for the page that lists them; nothing where there are none."""
    listed = [[one.title, one.address] for one in released]
    return json.dumps(listed) if listed else ""


# ---- writing it --------------------------------------------------------------------------------------


def write_assignments(released: Iterable[Released], contents: Path) -> None:
    """Copy each assignment's files to where JupyterLite takes its contents from."""
    for one in released:
        target = contents / one.place
        target.mkdir(parents=True)
        for path in one.files:
            shutil.copyfile(path, target / path.name, follow_symlinks=False)
        _name_the_kernel(target / one.notebook.name)


def _name_the_kernel(notebook: Path) -> None:
    """Name JupyterLite's kernel, which would ask for one otherwise."""
    tree = json.loads(notebook.read_text(encoding="utf-8"))
    tree["metadata"]["kernelspec"] = KERNEL
    notebook.write_text(json.dumps(tree, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def left_behind(released: Iterable[Released], served: Path) -> Iterator[str]:
    """Files that JupyterLite did not take: it passes over some names, such as folders called `build`."""
    for one in released:
        names = (f"{one.place}/{path.name}" for path in one.files)
        yield from (name for name in names if not (served / name).is_file())
