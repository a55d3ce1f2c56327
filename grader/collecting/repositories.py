"""A folder of cloned repositories, one a student, as they come of a template repository.

    FOLDER/
      fully_connected_and_lenet-ada/   the assignment, a hyphen, the login; or the login alone
        fully_connected_and_lenet.ipynb    anywhere in it; where it is there twice, the one that lies highest
      fully_connected_and_lenet-emmy/

The time of a submission is that of the commit that is checked out, as the student's machine told it, for git
knows no other.
"""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from grader.collecting.handed import Batch, Handed, Sender
from grader.collecting.tree import Folder

SYSTEM = "github"
GIT_SECONDS = 20
# A repository's own configuration can name programs to run; none of these may.
_NO_PROGRAMS = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.sshCommand=false",
    "log.showSignature=false",
    "safe.bareRepository=explicit",  # among the files of a student, who wrote that configuration too
)


def read_repositories(tree: Folder, assignment: str) -> Batch:
    """What lies in each repository; one more folder may be around those that git cloned."""
    handed, others = [], []
    clones = tree.clones()
    around = len(clones[0].relative_to(tree.path).parts) - 1 if clones else 0
    for file in tree.files():
        if len(file.parts) < around + 2:
            others.append(str(file))
            continue
        root, *path, name = file.parts[around:]
        sender = Sender(SYSTEM, root.removeprefix(f"{assignment}-"))
        handed.append(Handed(sender, file, name, tuple(path), root=root))
    return Batch(
        tuple(handed),
        tuple(others),
        lambda one: committed(tree.path.joinpath(*one.file.parts[: around + 1])),
    )


@cache
def committed(repository: Path) -> datetime | None:
    """When the commit that is checked out was made; None where it is no repository, or git is not here."""
    settings = [word for setting in _NO_PROGRAMS for word in ("-c", setting)]
    command = ["git", "-C", str(repository), *settings, "--no-pager", "log", "-1", "--format=%ct"]
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CEILING_DIRECTORIES": str(repository.parent.resolve()),
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "none",  # for a git that does not know the line above
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
    }
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=GIT_SECONDS, check=True
        )
        return datetime.fromtimestamp(int(done.stdout), UTC)
    except (OSError, subprocess.SubprocessError, ValueError, OverflowError):
        return None
