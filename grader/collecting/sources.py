"""Which of the known sources a zip or folder is, and what was handed in there."""

from __future__ import annotations

from pathlib import Path

from grader.collecting.canvas import is_canvas, read_canvas
from grader.collecting.handed import Batch
from grader.collecting.moodle import is_moodle, read_moodle
from grader.collecting.repositories import read_repositories
from grader.collecting.tree import Folder, SourceError, Tree
from grader.participants import NAMED


def read_source(tree: Tree, system: str | None, assignment: str, worksheet: Path | None = None) -> Batch:
    """What was handed in; `system` is seen from the names of the files where it is None."""
    system = system or _seen(tree)
    if system == "moodle":
        return read_moodle(tree, worksheet)
    if worksheet is not None:
        raise SourceError(f"--worksheet belongs to Moodle, but this is {system}.")
    if system == "canvas":
        return read_canvas(tree)
    if not isinstance(tree, Folder):
        raise SourceError(
            "Repositories are collected from a folder, one in it for each student; unpack the zip."
        )
    return read_repositories(tree, assignment)


def _seen(tree: Tree) -> str:
    if isinstance(tree, Folder) and any(not NAMED.fullmatch(one.name) for one in tree.clones()):
        return "repositories"
    files = list(tree.files())
    if is_moodle(files):
        return "moodle"
    if is_canvas(files):
        return "canvas"
    if isinstance(tree, Folder):
        return "repositories"
    example = f" such as {str(files[0])!r}" if files else ""
    raise SourceError(
        f"The zip holds {len(files)} files{example}, named neither as Moodle nor as Canvas names them; "
        "say which it is with --from."
    )
